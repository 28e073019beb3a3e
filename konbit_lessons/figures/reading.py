"""How a row of a frame is read out: in the alt text, beside its mark, along its axis, in the table under a figure."""

import string

import pandas as pd
from matplotlib.dates import date2num, num2date

from konbit_lessons.say import OF_NO_NUMBER, PAIRS
from konbit_lessons.words import mark

HEADS = {  # what the columns of a frame are called in a table
    "label": mark("Group"),
    "share": mark("Percent"),
    "value": mark("Of 100"),
    "estimate": mark("Difference of 100"),
    "conf_low": mark("Low"),
    "conf_high": mark("High"),
    "n": mark("n"),
    "other": mark("The others"),
    "offer": mark("Offer"),
    "asked": mark("Asked"),
    "before": mark("Before"),
    "now": mark("Now"),
    "answer": mark("Answer"),
    "month": mark("Month"),
    "organizations": mark("Organizations"),
    "conversations": mark("Conversations"),
    "at_least": mark("At least"),
    "reached": mark("Came"),
    "so_far": mark("So far"),
    "target": mark("Target"),
    "attendances": mark("Attendances"),
    "of": mark("Of them"),
    "quarters": mark("Quarters"),
    "at_risk": mark("At risk of leaving"),
    "left": mark("Left since"),
}
KINDS = {"share": "percent", "conf_low": "points", "conf_high": "points", "estimate": "signed"}


def usual(frame):
    """How a row is read out by the columns it has."""
    said = "{label}: {share:percent}" if "share" in frame else "{label}: {estimate:signed}"
    said += " ({range})" if "conf_low" in frame else ""
    return said + (", n = {n}." if "n" in frame else ".")


def fields(template):
    """The columns that a template names, with how each is written."""
    return [(name, spec) for _, name, spec, _ in string.Formatter().parse(template) if name]


def refuse_unknown(frame, template):
    """Raise ValueError where a template names a column that the frame does not have."""
    given = {name for name, _ in fields(template)} - PAIRS.keys()
    if unknown := sorted(given - set(frame.columns)):
        raise ValueError(
            f'found "{{{unknown[0]}}}" in what is said of a row; expected a column of the frame: '
            f"{', '.join(map(str, frame.columns))}."
        )


def formats(frame, template, say):
    """Column → whether its values are whole, or where they are, and how those of its axis are written."""
    kinds = {name: KINDS[name] for name in ("share", "estimate")} | dict(fields(template))
    write = {"signed": say.signed, "percent": say.points, "points": say.points, "": say.number}
    numbers = {
        name: kind for name, kind in kinds.items() if name in frame and pd.api.types.is_numeric_dtype(frame[name])
    }
    days = {name: sorted(date2num(frame[name].dropna().unique())) for name, kind in kinds.items() if kind == "month"}
    formats = {
        name: (ticks, lambda day: say.formatted(num2date(day), "month").replace(" ", "\n"))
        for name, ticks in days.items()
    }
    return formats | {name: (not kind, write[kind]) for name, kind in numbers.items() if kind in write}


def reading(template, row, say):
    """A row as it is read out; where its number is not there, what it is at the least or, of a column ``why``, why."""
    numbers = [name for name, spec in fields(template) if spec and spec not in OF_NO_NUMBER and name in row]
    if numbers and pd.isna(row[numbers[0]]):
        label = say(template.partition(": ")[0], **row)
        if row.get("at_least"):
            return say("{label}: at least {at_least}.", label=label, at_least=row["at_least"])
        return say("{label}: {why}.", label=label, why=row.get("why") or say.words.text("not shown"))
    return say(template, **row)


def note(label, reading):
    """The name of a row, and what is read out of it, to stand beside its mark."""
    return str(label), str(reading).removeprefix(str(label)).lstrip(" :\u00a0\u202f").removesuffix(".")


def cells(template, rows, say):
    """The table under a figure: a column for each value that is read out, of an interval one for each end."""
    ends = [("conf_low", "points"), ("conf_high", "points")]
    columns = [one for name, spec in fields(template) for one in (ends if name in PAIRS else [(name, spec)])]
    heads = {name: say.words.text(HEADS[name]) if name in HEADS else say.name(name) for name, _ in columns}
    return pd.DataFrame(
        {
            heads[name]: [say.formatted(row[name], spec.replace("percent", "points")) for row in rows]
            for name, spec in columns
        }
    )
