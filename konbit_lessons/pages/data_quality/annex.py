"""Everything that was counted, by the five standards."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.quality import STANDARDS, data_quality, in_sum, shown
from konbit_lessons.parts import Table
from konbit_lessons.words import Words


def standards_table(data: Data, *, quarter: str, language: str = "en") -> Table:
    """Figures by the five standards of data quality, of the quarter and of all quarters, over all files."""
    words = Words.of(language)
    quality = data_quality(data)
    with_n = quality[quality["of"].notna()]
    of_quarter = in_sum(with_n, quarter=quarter).set_index("measure")
    cells = [
        [
            f"{words.text(STANDARDS[line['standard']])} · {words.text(line['measure'])}",
            _quality_cell(of_quarter.loc[line["measure"]], words) if line["measure"] in of_quarter.index else "–",
            _quality_cell(line, words),
        ]
        for _, line in in_sum(with_n).iterrows()
    ]
    heads = [words.text("What was counted"), quarter, words.text("All quarters")]
    caption = words.text(
        "Data quality by five standards, k of n. Days are those of the slowest file; organizations count once in each "
        "wave or quarter."
    )
    return Table(
        pd.DataFrame(cells, columns=heads), caption, name="data_quality", numbers=shown(data, quality, quarter=quarter)
    )


def _quality_cell(line: pd.Series, words: Words) -> str:
    if pd.isna(line["value"]):
        return "–"
    value = words.number(line["value"], int(line["value"] % 1 > 0))
    if pd.isna(line["share"]):
        return value
    return words.text("{k} of {n} ({share})", k=value, n=words.number(line["of"]), share=words.percent(line["share"]))
