"""The page that lists the reports of a quarter with what each found, and the one above it that lists the quarters.

Takes what the manifest says of the reports, and the CSV files beside them: the small figure of a report is drawn from
numbers that were published anyway, so that it cannot say more than the report does.
"""

import numpy as np
import pandas as pd
from markupsafe import Markup

from konbit_lessons.field.programme import AUDIENCES
from konbit_lessons.figures.markup import marked, plain
from konbit_lessons.reports.manifest import earlier, manifest_name, source_of
from konbit_lessons.reports.notebooks import in_order
from konbit_lessons.reports.page import Setting, document
from konbit_lessons.say import Say
from konbit_lessons.words import mark

ROWS = 3
SAID = {
    "share": mark("{share:percent} ({range})"),
    "value": mark("{value:percent} ({range})"),
    "estimate": mark("{estimate:signed} of 100 ({range})"),
}


def index(setting, made, folder, *, alone=False):
    """Return the HTML of the page that lists the reports of a quarter or a study.

    Parameters
    ----------
    setting : Setting
    made : dict, the manifest
    folder : Path of the reports, with their CSV files in tables/
    alone : bool, the folder will be read without the other quarters beside it
    """
    programme, words = setting.programme, setting.words
    reports = [_shown(made["reports"][name], made, folder, words) for name in in_order(made["reports"])]
    failed = {name: plain(why) for name, why in made["failed"].items()}
    title = words.text("Reports: {title}", title=plain(programme.study.title if programme.study else programme.name))
    return document("contents.html.j2", setting, title, reports=reports, failed=failed, alone=alone)


def quarters(setting, reports):
    """Return the HTML of the page that lists every quarter there are reports of, the newest first."""
    listed = []
    for folder in sorted((one for one in reports.iterdir() if one.is_dir()), reverse=True):
        of = {one: earlier(folder / manifest_name(one)) for one in AUDIENCES if (folder / one / "index.html").is_file()}
        if of:
            listed.append(_quarter(folder.name, of, setting))
    above = Setting(setting.programme, None, setting.words)
    return document("quarters.html.j2", above, setting.words.text("Reports by quarter"), quarters=listed)


def _shown(report, made, folder, words):
    return report | {
        "answer": _answer(report, report["page"]),
        "figure": _figure(report.get("figures", {}), folder / "tables", Say(words)),
        "earlier": report["inputs"] != source_of(made["inputs"]),
    }


def _answer(report, page):
    """The answer as HTML; where it links to a section, the section of that page."""
    return Markup(marked(report["answer"]).replace('href="#', f'href="{page}#'))


def _quarter(name, of, setting):
    words, (audience, first) = setting.words, next(iter(of.items()))
    shown = {"name": words.text("Study"), "period": "", "folder": name, "of": of}
    if first.get("quarter"):
        days = setting.programme.calendar.named(name)
        ends = {"first": words.date(days.first_day), "last": words.date(days.last_day)}
        shown |= {"name": name, "period": words.text("From {first} to {last}", **ends)}
    if report := next((first["reports"][one] for one in in_order(first["reports"])), None):
        shown |= {"report": report, "answer": _answer(report, f"{name}/{audience}/{report['page']}")}
    return shown


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
