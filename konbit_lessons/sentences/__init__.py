"""Sentences about what predicts participation, each built from one row of ``result.table`` and nothing else.

Takes the `Estimates` of ``predict_participation`` and a language; returns strings in which ``**…**`` marks what is
bold. Nothing is fitted again. Strength has one rule, printed in the annex by `strength_rule`, and the words say what
goes together, not what brings about what.

`units` says what a row and a group are called: None for invitations to events, else a mapping (see `Units`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from konbit_lessons.tables import codebook
from konbit_lessons.words import MINUS, Words, mark, pair

ANSWERS = {
    "clear": mark("clear"),
    "likely": mark("likely"),
    "uncertain": mark("uncertain"),
    "no sign of": mark("no sign"),
    "cannot tell": mark("cannot tell"),
}
TAKEN_UP = {  # (kind, more) → the clause, with one invitation and with several
    ("offered", True): pair(
        "of 100 invitations, about {points} more was taken up where it was offered",
        "of 100 invitations, about {points} more were taken up where it was offered",
    ),
    ("offered", False): pair(
        "of 100 invitations, about {points} fewer was taken up where it was offered",
        "of 100 invitations, about {points} fewer were taken up where it was offered",
    ),
    ("amount", True): pair(
        "with each {step} more of it, of 100 invitations about {points} more was taken up",
        "with each {step} more of it, of 100 invitations about {points} more were taken up",
    ),
    ("amount", False): pair(
        "with each {step} more of it, of 100 invitations about {points} fewer was taken up",
        "with each {step} more of it, of 100 invitations about {points} fewer were taken up",
    ),
    ("against", True): pair(  # of an incentive of several kinds: one kind with another
        "of 100 invitations, about {points} more was taken up with it than with “{against}”",
        "of 100 invitations, about {points} more were taken up with it than with “{against}”",
    ),
    ("against", False): pair(
        "of 100 invitations, about {points} fewer was taken up with it than with “{against}”",
        "of 100 invitations, about {points} fewer were taken up with it than with “{against}”",
    ),
}
IN_A_STUDY = {
    ("offered", True): mark("of 100 {rows}, about {points} more {outcome} with it than without it"),
    ("offered", False): mark("of 100 {rows}, about {points} fewer {outcome} with it than without it"),
    ("amount", True): mark("with each {step} more of it, of 100 {rows} about {points} more {outcome}"),
    ("amount", False): mark("with each {step} more of it, of 100 {rows} about {points} fewer {outcome}"),
    ("against", True): mark("of 100 {rows}, about {points} more {outcome} with it than with “{against}”"),
    ("against", False): mark("of 100 {rows}, about {points} fewer {outcome} with it than with “{against}”"),
}
SEEN = {
    "without": mark("With it, {k} of {n} invitations were taken up; without it, {k_other} of {n_other}."),
    "against": mark("With it, {k} of {n} invitations were taken up; with “{against}”, {k_other} of {n_other}."),
    "constant": mark("In all, {k} of {n} invitations were taken up."),
}
SEEN_IN_A_STUDY = {
    "without": mark("With it, {k} of {n} {rows} {yes}; without it, {k_other} of {n_other}."),
    "against": mark("With it, {k} of {n} {rows} {yes}; with “{against}”, {k_other} of {n_other}."),
    "constant": mark("In all, {k} of {n} {rows} {yes}."),
}
NAMES = {name: label["en"] for name, label in codebook()["panel"].items()} | {
    "attended": mark("Whether they took part"),
    "organization_id": mark("Organization"),
    "event_id": mark("Event"),
}


@dataclass(frozen=True)
class Units:
    """What the rows of a study are called, in the programme's own words: 45 more of 100 `rows` `outcome`."""

    row: str = mark("row")
    rows: str = mark("rows")
    group: str = mark("group")
    groups: str = mark("groups")
    outcome: str = ""

    @classmethod
    def of(cls, units, outcome, language="en"):
        """Return None for invitations, else Units from a mapping or an object with the same attributes.

        What the programme calls them stays as it is; "rows" and the like, where it says nothing, are translated.
        """
        if isinstance(units, cls) or (units is None and outcome == "attended"):
            return units
        given = units if isinstance(units, Mapping) else {k: getattr(units, k, None) for k in cls.__match_args__}
        words = Words.of(language)
        given = {name: given.get(name) or getattr(cls, name) for name in cls.__match_args__}
        outcome = given.pop("outcome") or words.text("had “{outcome}”", outcome=outcome)
        return cls(**{name: words.text(value) for name, value in given.items()}, outcome=outcome)


def sentences(result, language="en", units=None):
    """Return one sentence per incentive, the largest estimate first, those that cannot be told last."""
    words = Words.of(language)
    units = Units.of(units, result.outcome, words)
    return [sentence(row, words, units, confidence=result.confidence) for row in in_order(result.table)]


def sentence(row, language="en", units=None, *, confidence=0.95, link=""):
    """Return the sentence of one incentive.

    Parameters
    ----------
    row : Series or mapping, one row of ``result.table``
    language : str or Words
    units : Units or None; None for invitations to events
    confidence : float, of the interval
    link : str, as "#one-by-one": the section of the page that the incentive's name leads to

    Returns
    -------
    str, as "**Business showcase:** of 100 invitations, about 11 more were taken up where it was offered (95 % interval
    4 to 18; 612 invitations at 14 events)."
    """
    words = Words.of(language)
    label = f"[{label_of(row, words)}]({link})" if link else label_of(row, words)
    if row["strength"] == "cannot tell":
        return words.text(
            "**{label}:** the data cannot tell, because {reason}. {counts}",
            label=label,
            reason=reason(row, words, units),
            counts=_seen(row, words, units),
        ).strip()
    frame = {
        "clear": mark("**{label}:** {difference} ({evidence})."),
        "likely": mark("**{label}:** likely; {difference} ({evidence})."),
        "uncertain": mark("**{label}:** uncertain; {difference}, as a best guess ({evidence})."),
        "no sign of": mark("**{label}:** no sign of a difference that would matter; {difference} ({evidence})."),
    }[row["strength"]]
    return words.text(
        frame,
        label=label,
        difference=_difference(row, words, units),
        evidence=words.text(
            "{percent} interval {range}; {counts}",
            percent=words.percent(confidence),
            range=span(row, words),
            counts=counts(row, words, units),
        ),
    )


def label_of(row, words):
    """Return the label of a row in this language; a label somebody wrote in programme.toml stays as it is."""
    return name_of(row["term"], words, row.get("label"))


def name_of(term, words, label=None):
    """Return what `term` is called: its label, else its known name, else the term itself with spaces.

    >>> name_of("per_diem", Words("en")), name_of("any", Words("en"), "Cash offer"), name_of("x_y", Words("en"))
    ('Per diem', 'Cash offer', 'X y')
    """
    spaced = str(term).replace("_", " ")
    return words.text(str(label) if _chosen(term, label) else NAMES.get(term, spaced[:1].upper() + spaced[1:]))


def inside(term, words, label=None):
    """Return `name_of` as it stands inside a sentence; a label somebody chose may be a name, and keeps its capital."""
    name = name_of(term, words, label)
    return name if _chosen(term, label) else name[:1].lower() + name[1:]


def _chosen(term, label):
    spaced = str(term).replace("_", " ")
    return label is not None and str(label) not in (str(term), spaced, spaced.capitalize(), NAMES.get(term))


def in_order(table):
    """Return the rows as they are shown: by estimate, the largest first, those that cannot be told last."""
    unknown = table["strength"].eq("cannot tell")
    ordered = table.assign(_unknown=unknown, _estimate=table["estimate"] * [step(row) for _, row in table.iterrows()])
    ordered = ordered.sort_values(["_unknown", "_estimate"], ascending=[True, False], kind="stable")
    return [row for _, row in ordered.drop(columns=["_unknown", "_estimate"]).iterrows()]


def step(row):
    """Return the difference in the incentive that a sentence speaks of: 1 where it is offered or not; for an amount the
    smallest of 1, 10, 100 … that goes with at least one percentage point."""
    size = abs(row["estimate"])
    if row["kind"] == "offered" or not size > 0:
        return 1
    return int(10 ** np.clip(np.ceil(np.log10(0.01 / size)), 0, 6))


def signed(x, words):
    """Return "+11", "−3" or "0": percentage points with their sign."""
    shown = words.points(x)
    return shown if shown in ("0", "–") or shown.startswith(MINUS) else f"+{shown}"


def span(row, words):
    """Return the interval in words: "4 to 18", or "from 3 fewer to 12 more" where it holds zero."""
    low, high = row["conf_low"] * step(row), row["conf_high"] * step(row)
    return _between(low, high, words, fewer=row["estimate"] < 0)


def _between(low, high, words, *, fewer=False):
    if low < 0 < high:
        return words.text("from {low} fewer to {high} more", low=words.points(-low), high=words.points(high))
    if fewer or high <= 0:
        return words.text("{low} to {high} fewer", low=words.points(-high), high=words.points(-low))
    return words.text("{low} to {high}", low=words.points(low), high=words.points(high))


def counts(row, words, units):
    """Return on how many rows and groups the row rests: "612 invitations at 14 events"."""
    if np.isnan(row["n_offered"]):
        return words.text("on how many it rests is not shown")
    n = int(row["n_offered"])
    if np.isnan(row["groups_offered"]):
        return row_count(n, words, units)
    g = int(row["groups_offered"])
    if units is not None:
        return words.text(
            "{with_it} of {rows} with it, in {groups}",
            with_it=words.number(n),
            rows=row_count(int(row["n"]), words, units),
            groups=f"{words.number(g)} {_groups(g, units)}",
        )
    if row["varies_by"] == "event_id":
        return words.text(
            "{invitations} at {events}",
            invitations=row_count(n, words),
            events=words.plural("{n} event", "{n} events", g),
        )
    return words.text(
        "{invitations} of {organizations}",
        invitations=row_count(n, words),
        organizations=words.plural("{n} organization", "{n} organizations", g),
    )


def reason(row, words, units=None):
    """Return why the data cannot tell, as a clause: "it was offered at only 3 events"."""
    if row["reason"] == "few_groups":
        return _too_few(row, words, units)
    if row["reason"] == "constant" and row["kind"] == "amount":
        return words.text("it was the same everywhere")
    if row["reason"] == "constant":
        return words.text("it was always offered") if row["n_offered"] else words.text("it was never offered")
    return words.text(
        {
            "collinear": mark("it always came together with something else that is compared"),
            "separated": mark("where it was offered, or where it was not, all gave the same answer"),
            "low_df": mark("the comparison rests on too few that differ in it"),
            "rare_outcome": mark("nearly all gave the same answer"),
            "not_shown": mark("its numbers are about too few to be shown"),
        }[row["reason"]]
    )


def _too_few(row, words, units):
    """Too few groups had it, or too few were without it; 10 are needed, 5 of a further clustering such as events."""
    first = str(row["clusters"]).split(", ")[0].partition(" ")[2]
    n, enough = int(row["groups_offered"]), 10 if row["varies_by"] in ("row", first) else 5
    if row["kind"] == "amount" or n >= enough:
        return words.text("it hardly ever differed") if row["kind"] == "amount" else words.text("almost all had it")
    if units is not None:
        return words.text("only {n} {groups} had it", n=words.number(n), groups=_groups(n, units))
    if row["varies_by"] == "event_id":
        return words.plural("it was offered at only {n} event", "it was offered at only {n} events", n)
    return words.plural("only {n} organization had it", "only {n} organizations had it", n)


def _difference(row, words, units):
    size = round(100 * abs(row["estimate"] * step(row)), 1)
    which = ("against" if row.get("against") else row["kind"], bool(row["estimate"] >= 0))
    values = {"points": words.points(size / 100), "step": words.number(step(row)), "against": row.get("against")}
    if units is not None:
        return words.text(IN_A_STUDY[which], rows=units.rows, outcome=units.outcome, **values)
    return words.plural(*TAKEN_UP[which], size if size < 1 else round(size), **values)


def _seen(row, words, units):
    """k of n on both sides and, where there is one, the rough interval: what is known when the data cannot tell."""
    if np.isnan(row["n_offered"]) or not row["n_offered"]:
        return ""
    compared = "constant" if row["reason"] == "constant" else "against" if row.get("against") else "without"
    said = words.text(
        (SEEN if units is None else SEEN_IN_A_STUDY)[compared],
        k=words.number(row["k_offered"]),
        n=words.number(row["n_offered"]),
        k_other=words.number(row["k_not_offered"]),
        n_other=words.number(row["n_not_offered"]),
        rows=units and units.rows,
        yes=units and units.outcome,
        against=row.get("against"),
    )
    if np.isnan(row["penalized_low"]):
        return said
    rough = words.text(
        "An interval that ignores clustering: {range} of 100.",
        range=_between(row["penalized_low"] * step(row), row["penalized_high"] * step(row), words),
    )
    if np.isnan(row["permutation_p"]):
        return f"{said} {rough}"
    shuffled = words.text(
        "Dealt out at random, it would show a difference this large in {percent} of tries.",
        percent=words.percent(row["permutation_p"]),
    )
    return f"{said} {rough} {shuffled}"


def row_count(n, words, units=None):
    """Return how many rows, as "1,800 invitations"."""
    if units is None:
        return words.plural("{n} invitation", "{n} invitations", n)
    return f"{words.number(n)} {units.row if n == 1 else units.rows}"


def _groups(n, units):
    return units.group if n == 1 else units.groups
