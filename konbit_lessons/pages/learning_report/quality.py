"""The data and their quality, in short: what was read and could not be used."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.quality import by_table, without_few
from konbit_lessons.parts import Table
from konbit_lessons.sentences.phrases import count
from konbit_lessons.tables import TABLE_LABELS
from konbit_lessons.words import Words, mark


def quality_sentence(data: Data, rows: pd.DataFrame, *, language: str = "en") -> str:
    """How many rows were read, how many could not be used, and whose attendance is unknown."""
    words = Words.of(language)
    quality, unknown = without_few(data, by_table(data)), int(rows["attended"].isna().sum())
    aside = words.plural("{n} row was set aside", "{n} rows were set aside", int(quality["set_aside"].sum()))
    attendance = words.plural(
        "attendance is unknown for {n} invitation", "attendance is unknown for {n} invitations", unknown
    )
    return words.text(
        "Of {read} rows read, **{aside}** with the reason on record; {attendance}.",
        read=words.number(quality["read"].sum()),
        aside=aside,
        attendance=attendance if unknown else words.text("attendance is known for every invitation"),
    )


def quality_table(data: Data, *, language: str = "en") -> Table:
    """Rows read, kept and set aside, and values changed or set aside, by table."""
    words = Words.of(language)
    heads = [
        mark("Records"),
        mark("Read"),
        mark("Kept"),
        mark("Set aside"),
        mark("Values that do not fit"),
        mark("Values changed"),
    ]
    quality = without_few(data, by_table(data))
    cells = [
        [words.text(TABLE_LABELS[line[0]]), *(count(n, words) for n in line[1:])]
        for line in quality.itertuples(index=False)
    ]
    caption = words.text(
        "Rows, by kind of record: kept and set aside add up to read. A value that does not fit is set aside, whether "
        "or not its row is; one is changed where a name, a code or a blank is replaced by what it means, or corrected."
    )
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    return Table(frame, caption, name="records", numbers=quality)
