"""The page that lists the reports of a quarter with what each found, and the one above it that lists the quarters.

Takes what the manifest says of the reports, and the CSV files beside them: the small figure of a report is drawn from
numbers that were published anyway, so that it cannot say more than the report does.
"""

import csv
import math
from contextlib import suppress

from markupsafe import Markup

from konbit_lessons.field.programme import AUDIENCES
from konbit_lessons.figures.markup import marked, plain
from konbit_lessons.reports.manifest import earlier, manifest_name, source_of
from konbit_lessons.reports.notebooks import in_order
from konbit_lessons.reports.page import Setting, document
from konbit_lessons.say import Say
from konbit_lessons.words import mark

ROWS = 3
SAID = {"share": mark("{share:percent} ({range})"), "estimate": mark("{estimate:signed} of 100 ({range})")}


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
        "language": _other(report["parameters"].get("language"), words),
        "word": next((file for file in report.get("files", ()) if file.endswith(".docx")), ""),
        "bars": _bars(report["tables"], folder / "tables", Say(words)),
        "earlier": report["inputs"] != source_of(made["inputs"]),
    }


def _other(language, words):
    """The language, where it is not the page's own."""
    return "" if language in (None, words.language) else language


def _answer(report, page):
    """The answer as HTML; where it links to a section, the section of that page."""
    return Markup(marked(report["answer"]).replace('href="#', f'href="{page}#'))


def _quarter(name, of, setting):
    words, (audience, first) = setting.words, next(iter(of.items()))
    report = next((first["reports"][one] for one in in_order(first["reports"])), None)
    period = setting.programme.calendar.named(name) if first.get("quarter") else None
    return {
        "name": name if period else words.text("Study"),
        "period": _days(period, words) if period else "",
        "pages": {audience: f"{name}/{audience}/index.html" for audience in of},
        "answer": _answer(report, f"{name}/{audience}/{report['page']}") if report else "",
        "language": _other(report["parameters"].get("language") if report else None, words),
        "made": {audience: len(made["reports"]) for audience, made in of.items()},
        "failed": {audience: len(made["failed"]) for audience, made in of.items()},
    }


def _days(period, words):
    return words.text("From {first} to {last}", first=words.date(period.first_day), last=words.date(period.last_day))


# ---- the small figures


def _bars(tables, folder, say):
    """The first rows of the first table with labels, and shares or differences with their intervals.

    A bar is a text, and where its dot and its interval lie, from 0 to 100; of a difference, zero is at 50.
    """
    for table in tables:
        with suppress(FileNotFoundError), (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            rows = [_numbers(row) for row in csv.DictReader(file)]
            for column, said in SAID.items():
                ends = (column, "conf_low", "conf_high")
                known = [row for row in rows if {"label", *ends} <= row.keys()][:ROWS]
                if known:
                    widest = max(abs(row[end]) for row in known for end in ends) or 1
                    zero, step = (0, 100) if column == "share" else (50, 50 / widest)
                    return [_bar(row, [zero + step * row[end] for end in ends], str(say(said, **row))) for row in known]
    return []


def _bar(row, places, said):
    at, low, high = (round(place, 1) for place in places)
    return {"label": row["label"], "said": said, "at": at, "low": low, "high": high, "centred": "estimate" in row}


def _numbers(row):
    """The label of a row and its finite numbers; what is blank or hidden is left out."""
    found = {"label": row["label"]} if row.get("label") else {}
    for name in {*SAID, "conf_low", "conf_high"} & row.keys():
        with suppress(ValueError):
            found |= {name: number} if math.isfinite(number := float(row[name])) else {}
    return found
