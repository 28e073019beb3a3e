"""How a row of a frame is read out: in the alt text, beside its mark, along its axis, in the table under a figure."""

import string

import pandas as pd
from matplotlib.dates import date2num, num2date

from konbit_lessons.say import OF_NO_NUMBER, PAIRS
from konbit_lessons.tables import codebook
from konbit_lessons.words.label import Label


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
        known = ", ".join(map(str, frame.columns))
        raise ValueError(f'found "{{{unknown[0]}}}" in what is said of a row; expected a column of the frame: {known}.')


def formats(frame, template, say):
    """Column → whether its values are whole, or where they are, and how those of its axis are written."""
    write = {"signed": say.signed, "percent": say.points, "points": say.points, "": say.number}
    found = {}
    for name, kind in ({"share": "percent", "estimate": "signed"} | dict(fields(template))).items():
        if kind == "month":
            ticks = sorted(date2num(frame[name].dropna().unique()))
            found[name] = ticks, lambda day: say.formatted(num2date(day), "month").replace(" ", "\n")
        elif kind in write and name in frame and pd.api.types.is_numeric_dtype(frame[name]):
            found[name] = not kind, write[kind]
    return found


def reading(template, row, say):
    """A row as it is read out; where its number is not there, what it is at the least or, of a column ``why``, why."""
    numbers = [name for name, spec in fields(template) if spec and spec not in OF_NO_NUMBER and name in row]
    if numbers and pd.isna(row[numbers[0]]):
        label = say(template.partition(": ")[0], **row)
        if row.get("at_least"):
            return say("{label}: at least {at_least}.", label=label, at_least=row["at_least"])
        return say("{label}: {why}.", label=label, why=row.get("why") or say.words.text("not shown"))
    return say(template, **row)


def note(row, reading):
    """The name of a row, what is read out of it after its name, to stand beside its mark, and its values."""
    label = str(row["label"])
    told = str(reading).partition(label)[2] or str(reading)
    return label, told.lstrip(" :\u00a0\u202f").removesuffix("."), {str(one) for one in row.values()}


def cells(template, rows, say):
    """The table under a figure: a column for each value that is read out, of an interval one for each end."""
    ends = [("conf_low", "points"), ("conf_high", "points")]
    columns = [one for name, spec in fields(template) for one in (ends if name in PAIRS else [(name, spec)])]
    words = {name: Label.of(head).text(say.language) for name, head in codebook()["figures"].items()}
    heads = {name: words.get(name) or say.name(name) for name, _ in columns}
    columns = {heads[name]: (name, spec.replace("percent", "points")) for name, spec in columns}
    return pd.DataFrame(
        {head: [say.formatted(row[name], spec) for row in rows] for head, (name, spec) in columns.items()}
    )
