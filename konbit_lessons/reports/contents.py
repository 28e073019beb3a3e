"""The page that lists the reports of a quarter with what each found, and the one above it that lists the quarters.

Takes what the manifest says of the reports, and the CSV files beside them: the small figure of a report is drawn from
numbers that were published anyway, so that it cannot say more than the report does.
"""

from datetime import date

import numpy as np
import pandas as pd

from konbit_lessons.field import identity
from konbit_lessons.field.programme import AUDIENCES
from konbit_lessons.field.store import cleaned
from konbit_lessons.figures.markup import plain
from konbit_lessons.reports import editions
from konbit_lessons.reports.document import Setting, document, in_each
from konbit_lessons.reports.manifest import earlier, in_language, languages_of, manifest_name, source_of
from konbit_lessons.reports.notebooks import in_order
from konbit_lessons.say import Say
from konbit_lessons.sentences.common import texts
from konbit_lessons.sentences.learning import own

ROWS = 3
SAID = texts("contents")  # by the column that is drawn


def indexes(setting, made, folder, *, alone=False):
    """Return file → HTML of the page that lists the reports of a quarter or a study, in each language they are in.

    Parameters
    ----------
    setting : Setting
    made : dict, the manifest
    folder : Path of the reports, with their CSV files in tables/
    alone : bool, the folder will be read without the other quarters beside it
    """
    return in_each(setting, languages_of(made["reports"]), "index", lambda one: _index(one, made, folder, alone))


def _index(setting, made, folder, alone):
    programme, words = setting.programme, setting.words
    reports = in_language(made["reports"], words.language)
    each = [reports[name] for name in in_order(reports)]
    figures = [_figure(one.get("figures", {}), folder / "tables", Say(words)) for one in each]
    told = {"reports": zip(each, figures, strict=True), "failed": made["failed"], "source": source_of(made["inputs"])}
    about = programme.study.title.text(words.language) if programme.study else programme.name
    title = words.text("Reports: {title}", title=plain(about))
    return document("contents.html.j2", setting, title, alone=alone, **told)


def quarters(setting, reports):
    """Return file → HTML of the page that lists the quarters with their reports and editions, and what was asked.

    Parameters
    ----------
    setting : Setting
    reports : Path, the folder with one of each quarter
    """
    shared, listed = editions.shared(setting.programme), {}
    for folder in sorted((one for one in reports.iterdir() if one.is_dir()), reverse=True):
        of = {one: earlier(folder / manifest_name(one)) for one in AUDIENCES if (folder / one / "index.html").is_file()}
        listed |= {folder.name: of} if of or folder.name in shared else {}
    listed = {name: listed.get(name, {}) for name in sorted({*listed, *shared}, reverse=True)}
    made = [one for of in listed.values() for one in of.values()]
    spoken = languages_of({(at, page): one for at, of in enumerate(made) for page, one in of["reports"].items()})
    told = {"quarters": listed, "editions": shared, "zips": {path.name for path in reports.glob("*/*.zip")}}
    return in_each(Setting(setting.programme, None, setting.words), spoken, "index", lambda one: _quarters(one, told))


def _quarters(setting, told):
    used = {"in_order": in_order, "in_language": in_language, "languages_of": languages_of, "day": date.fromisoformat}
    title = setting.words.text("Reports by quarter")
    return document("quarters.html.j2", setting, title, asked=_asked(setting), **used, **told)


def _asked(setting):
    """Each learning question, however it was typed: its words, and quarter → its findings."""
    say, found = Say(setting.words, setting.programme), {}
    lines = pd.DataFrame() if setting.programme.study else cleaned(setting.programme).learning.sort_values("quarter")
    for row in lines.to_dict("records"):
        _, by = found.setdefault(" ".join(identity.words(row["question"])), (own(say, row, "question"), {}))
        by.setdefault(row["quarter"], []).append(own(say, row, "finding"))
    return found.values()


# ---- the small figures


def _figure(figures, folder, say):
    """The finding and the first rows of the first figure of rows with shares or differences and their intervals.

    A bar is a text, and where its dot and its interval lie, from 0 to 100; of a difference, zero is at 50.
    """
    for name, finding in figures.items():
        path = folder / f"{name}.csv"
        rows = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""]) if path.is_file() else []
        for column, said in SAID.items():
            ends = [column, "conf_low", "conf_high"]
            if not {"label", *ends} <= {*rows}:
                continue
            numbers = rows[ends].apply(pd.to_numeric, errors="coerce").replace([np.inf, -np.inf], np.nan)
            known = rows[["label"]].join(numbers).dropna().head(ROWS)
            if len(known) and known["label"].is_unique:
                step = 50 / (known[ends].abs().max(axis=None) or 1) if column == "estimate" else 100
                bars = [_bar(row, ends, step, str(say(said, **row))) for row in known.to_dict("records")]
                return {"finding": finding, "bars": bars}
    return {}


def _bar(row, ends, step, said):
    centred = "estimate" in row
    at, low, high = (round(50 * centred + step * row[end], 1) for end in ends)
    return {"label": row["label"], "said": said, "at": at, "low": low, "high": high, "centred": centred}
