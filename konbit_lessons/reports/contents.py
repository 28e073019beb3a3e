"""The page that lists the reports of a quarter with what each found, and the one above it that lists the quarters.

Takes what the manifest says of the reports, and the CSV files beside them: the small figure of a report is drawn from
numbers that were published anyway, so that it cannot say more than the report does.
"""

import csv
import math
from dataclasses import dataclass

from markupsafe import Markup

from konbit_lessons.field.programme import AUDIENCES
from konbit_lessons.figures.markup import marked, plain
from konbit_lessons.reports.manifest import earlier, manifest_name, source_of
from konbit_lessons.reports.notebooks import in_order
from konbit_lessons.reports.page import document
from konbit_lessons.say import Say
from konbit_lessons.words import mark

ROWS = 3
SHARE, DIFFERENCE = mark("{share:percent} ({range})"), mark("{estimate:signed} of 100 ({range})")


@dataclass(frozen=True)
class Bar:
    """One row of a small figure: a text, and where its dot and its interval lie, from 0 to 100; zero may be at 50."""

    label: str
    said: str
    at: float
    low: float
    high: float
    centred: bool = False


def index(programme, quarter, words, made, folder, *, alone=False):
    """Return the HTML of the page that lists the reports of a quarter or a study.

    Parameters
    ----------
    made : dict, the manifest
    folder : Path of the reports, with their CSV files in tables/
    alone : bool, the folder will be read without the other quarters beside it
    """
    title = plain(programme.study.title if programme.study else programme.name)
    return document(
        "contents.html.j2",
        programme,
        quarter,
        words,
        title=words.text("Reports: {title}", title=title),
        reports=[_shown(made["reports"][name], made, folder, words) for name in in_order(made["reports"])],
        failed={name: plain(why) for name, why in made["failed"].items()},
        alone=alone,
        audience=made["audience"],
    )


def quarters(programme, words, reports):
    """Return the HTML of the page that lists every quarter there are reports of, the newest first."""
    listed = []
    for folder in sorted((one for one in reports.iterdir() if one.is_dir()), reverse=True):
        of = {one: earlier(folder / manifest_name(one)) for one in AUDIENCES if (folder / one / "index.html").is_file()}
        if of:
            listed.append(_quarter(folder.name, of, programme, words))
    return document("quarters.html.j2", programme, None, words, title=words.text("Reports by quarter"), quarters=listed)


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


def _quarter(name, of, programme, words):
    audience, first = next(iter(of.items()))
    report = next((first["reports"][one] for one in in_order(first["reports"])), None)
    period = programme.calendar.named(name) if first.get("quarter") else None
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
    """The first rows of the first table that has labels and shares or differences, with their intervals."""
    for table in tables:
        try:
            with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
                rows = [_numbers(row) for row in csv.DictReader(file)]
        except FileNotFoundError:
            continue
        for column, bar in (("share", _share), ("estimate", _difference)):
            known = [row for row in rows if {"label", column, "conf_low", "conf_high"} <= row.keys()]
            if known:
                return bar(known[:ROWS], say)
    return []


def _share(rows, say):
    ends = ("share", "conf_low", "conf_high")
    return [Bar(row["label"], str(say(SHARE, **row)), *(round(100 * row[end], 1) for end in ends)) for row in rows]


def _difference(rows, say):
    """Zero stands in the middle, the widest interval reaches to an end."""
    widest = max(abs(row[end]) for row in rows for end in ("conf_low", "conf_high")) or 1
    ends = ("estimate", "conf_low", "conf_high")
    at = [[round(50 + 50 * row[end] / widest, 1) for end in ends] for row in rows]
    return [
        Bar(row["label"], str(say(DIFFERENCE, **row)), *places, centred=True)
        for row, places in zip(rows, at, strict=True)
    ]


def _numbers(row):
    """The label of a row and its finite numbers; what is blank or hidden is left out."""
    found = {"label": row["label"]} if row.get("label") else {}
    for name in {"share", "estimate", "conf_low", "conf_high"} & row.keys():
        try:
            number = float(row[name])
        except ValueError:
            continue
        found |= {name: number} if math.isfinite(number) else {}
    return found
