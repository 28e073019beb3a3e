"""The page that lists the reports of a quarter with what each found, and the one above it that lists the quarters.

Takes what the manifest says of the reports, and the CSV files beside them: the small figure of a report is drawn from
numbers that were published anyway, so that it cannot say more than the report does.
"""

import csv
import math
from dataclasses import dataclass

from markupsafe import Markup

from konbit_lessons import parts
from konbit_lessons.field.programme import AUDIENCES
from konbit_lessons.periods import Quarter
from konbit_lessons.reports.manifest import earlier, manifest_name, source_of
from konbit_lessons.reports.page import document
from konbit_lessons.sentences import label_of, signed
from konbit_lessons.tables import EXPECTATIONS, LABELS

ORDER = ("learning_report", "participation", "expectations", "incentives", "data_quality")
ROWS = 3


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
    title = parts.plain(programme.study.title if programme.study else programme.name)
    return document(
        "contents.html.j2",
        programme,
        quarter,
        words,
        title=words.text("Reports: {title}", title=title),
        reports=[_shown(name, made, folder, words) for name in in_order(made["reports"])],
        failed={name: parts.plain(why) for name, why in made["failed"].items()},
        smallest=programme.smallest_cell,
        alone=alone,
        audience=made["audience"],
        plural=words.plural,
    )


def quarters(programme, words, reports):
    """Return the HTML of the page that lists every quarter there are reports of, the newest first."""
    listed = {}
    for folder in sorted((one for one in reports.iterdir() if one.is_dir()), reverse=True):
        of = {audience: earlier(folder / manifest_name(audience)) for audience in AUDIENCES}
        if of := {audience: made for audience, made in of.items() if (folder / audience / "index.html").is_file()}:
            listed[folder.name] = of
    return document(
        "quarters.html.j2",
        programme,
        None,
        words,
        title=words.text("Reports by quarter"),
        quarters=[_quarter(name, of, words) for name, of in listed.items()],
        plural=words.plural,
    )


def in_order(made):
    return [*(name for name in ORDER if name in made), *sorted(set(made) - set(ORDER))]


def _shown(name, made, folder, words):
    report = made["reports"][name]
    return report | {
        "answer": _answer(report, report["page"]),
        "language": _other(report["parameters"].get("language"), words),
        "word": next((file for file in report.get("files", ()) if file.endswith(".docx")), ""),
        "bars": _bars(name, folder / "tables", words),
        "earlier": report["inputs"] != source_of(made["inputs"]),
    }


def _other(language, words):
    """The language, where it is not the page's own."""
    return "" if language in (None, words.language) else language


def _answer(report, page):
    """The answer as HTML; where it links to a section, the section of that page."""
    return Markup(parts.marked(report["answer"]).replace('href="#', f'href="{page}#'))


def _quarter(name, of, words):
    audience, first = next((audience, of[audience]) for audience in AUDIENCES if audience in of)
    report = next((first["reports"][one] for one in in_order(first["reports"])), None)
    period = Quarter.named(name) if first.get("quarter") else None
    return {
        "name": name if period else words.text("Study"),
        "period": _days(period, words) if period else "",
        "pages": {audience: f"{name}/{audience}/index.html" for audience in AUDIENCES if audience in of},
        "answer": _answer(report, f"{name}/{audience}/{report['page']}") if report else "",
        "language": _other(report["parameters"].get("language") if report else None, words),
        "made": {audience: len(made["reports"]) for audience, made in of.items()},
        "failed": {audience: len(made["failed"]) for audience, made in of.items()},
    }


def _days(period, words):
    return words.text("From {first} to {last}", first=words.date(period.first_day), last=words.date(period.last_day))


# ---- the small figures


def _bars(name, tables, words):
    table, rows = SMALL.get(name, ("", None))
    try:
        with (tables / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            return [bar for bar in rows(list(csv.DictReader(file)), words) if bar][:ROWS]
    except (FileNotFoundError, KeyError):  # a programme's own notebook may have no such table, or another of that name
        return []


def _uptake(rows, words):
    """The last quarters, oldest first."""
    return [_share(row["label"], row, "estimate", words) for row in rows[-ROWS:]]


def _reached(rows, words):
    """Reached so far against the target, by type of organization."""
    last = {row["org_type"]: row for row in rows}
    for kind, row in last.items():
        reached, target = _number(row["so_far"]), _number(row["target"])
        if reached is not None and target:
            share = 100 * min(reached / target, 1)
            said = words.text("{k} of {n}", k=words.number(reached), n=words.number(target))
            yield Bar(words.text(LABELS.get(kind, kind)), said, round(share, 1), 0, round(share, 1))


def _expected(rows, words):
    """What most organizations expect."""
    return [
        _share(words.text(EXPECTATIONS.get(row["what"], row["what"])), row, "share", words)
        for row in sorted(rows, key=lambda row: -(_number(row["share"]) or 0))
    ]


def _predicts(rows, words):
    """The largest differences that can be told, zero in the middle."""
    known = [row for row in rows if row["kind"] == "offered" and row["strength"] != "cannot tell"]
    known = sorted(known, key=lambda row: -abs(_number(row["estimate"])))[:ROWS]
    ends = [abs(_number(row[end])) for row in known for end in ("conf_low", "conf_high")]
    for row in known:
        estimate, low, high = (_number(row[name]) for name in ("estimate", "conf_low", "conf_high"))
        at = [round(50 + 50 * x / max(ends), 1) for x in (estimate, low, high)]
        said = words.text(
            "{estimate} of 100 ({low} to {high})",
            estimate=signed(estimate, words),
            low=signed(low, words),
            high=signed(high, words),
        )
        yield Bar(label_of(row, words), said, *at, centred=True)


def _quality(rows, words):
    """What was counted for the standards, as shares."""
    for row in rows:
        share = _number(row["figure"])
        if share is not None and row["n"] and 0 <= share <= 1:
            yield Bar(words.text(row["said"]), words.percent(share), round(100 * share, 1), 0, round(100 * share, 1))


def _share(label, row, column, words):
    share, low, high = (_number(row[name]) for name in (column, "low", "high"))
    if share is None or low is None or high is None:
        return None
    said = words.text(
        "{share} ({low} to {high})", share=words.percent(share), low=words.points(low), high=words.points(high)
    )
    return Bar(words.text(label), said, *(round(100 * x, 1) for x in (share, low, high)))


def _number(text):
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


SMALL = {
    "learning_report": ("uptake", _uptake),
    "participation": ("reached_by_quarter", _reached),
    "expectations": ("expected_and_offered", _expected),
    "incentives": ("incentives", _predicts),
    "data_quality": ("quality_changed", _quality),
}
