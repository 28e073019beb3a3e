"""Which column of a table each column of a unit is, and which table a unit is: the best whole assignment, or open.

A column is placed when header and values together are sure enough, and when no other column, no other place and nothing
that is known to be no column comes near. Of the rest, what the values say is the programme's own; what is neither stays
open, with its candidates.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pandera.pandas as pa
from scipy.optimize import linear_sum_assignment

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.draft.evidence import ORDERS, SCHEMAS, Column, Fit, Known, fit
from konbit_lessons.field.draft.folder import Unit, is_metadata
from konbit_lessons.field.draft.own import PROBABLY_OTHER, Own, own_columns
from konbit_lessons.field.draft.vocabulary import alike, currency_in, likeness, vocabulary
from konbit_lessons.field.values import Writing, convert

PLACED = 0.80  # confidence below which nothing is placed
MARGIN = 0.10  # by which the second best must be worse
MENTIONED = 0.40  # confidence from which a candidate is named
HEADER_ALONE = 0.97  # what an exact header is worth
GIVEN_BY_NAME = 0.75  # how strongly names of sheets or files must speak for themselves
IN_ORDER = (
    ("started_on", "ended_on"),
    ("joined_on", "left_on"),
    ("pledged_on", "delivered_on"),
    ("held_on", "follow_up_due_on"),
)
SIGNATURE = {  # a table that has none of these columns is probably another
    "sign_in": {"delegate", "senior_delegate"},
    "learning": {"expectation", "finding", "adaptation"},
}


@dataclass(frozen=True)
class Candidate:
    """How sure it is that a raw column is ``target``, by its header and by its values."""

    target: str
    confidence: float
    by_header: float
    by_values: float
    against: str = ""

    @property
    def score(self) -> float:
        """Orders candidates that are equally sure by their values: the header decides."""
        return 0.7 * self.confidence + 0.3 * self.by_header if self.confidence else 0.0

    @property
    def reason(self) -> str:
        """What speaks for it."""
        if self.by_values < 0.28:
            return "header"
        return "values" if self.by_header < 0.5 else "header and values"


@dataclass
class Match:
    """A unit read as one table."""

    table: str
    placed: dict[str, tuple[str, Candidate]] = field(default_factory=dict)  # target → header, candidate
    own: list[Own] = field(default_factory=list)  # what the programme declares of its own
    open: dict[str, list[Candidate]] = field(default_factory=dict)  # header → candidates, best first
    why_open: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)  # header → what it is
    likely: dict[str, tuple[str, float]] = field(default_factory=dict)  # target → header, confidence, however small
    score: float = 0.0

    @property
    def needed(self) -> list[str]:
        """Columns the table cannot be without and that are not placed."""
        declared = [name for name in ("org_type", "event_type") if name in SCHEMAS[self.table].columns]
        needed = [name for name, about in SCHEMAS[self.table].columns.items() if not about.nullable or name in declared]
        return [name for name in needed if name not in self.placed]

    @property
    def headers(self) -> dict[str, str]:
        """Column of the table → header, of those placed."""
        return {target: header for target, (header, _) in self.placed.items()}


def matches(unit: Unit, known: Known) -> list[Match]:
    """The unit read as each table, best first."""
    twice = _said_twice(unit, known)
    return sorted((_match(unit, table, known, twice) for table in tables.TABLES), key=lambda match: -match.score)


def _match(unit: Unit, table: str, known: Known, twice: dict[str, str]) -> Match:
    match = Match(table)
    beside: dict[str, tuple[float, str]] = {}
    candidates: dict[str, dict[str, Candidate]] = {}
    exported = _exported(unit, table)
    for header, column in unit.columns.items():
        if header in exported:
            candidates[header] = {exported[header]: Candidate(exported[header], 0.97, 1.0, 0.0)}
        elif why := _no_column(column, unit, twice if table != "organizations" else {}):
            match.left_out[header] = why
        else:
            found = {name: _candidate(column, table, name, known) for name in SCHEMAS[table].columns}
            candidates[header] = {name: one for name, one in found.items() if one}
            beside[header] = _beside(column)
            if _of_a_person(beside[header], candidates[header]):
                match.left_out[header] = beside[header][1]
                del candidates[header]
    _assign(match, candidates, beside, unit)
    _open_if_out_of_order(match, unit)
    placed = set(match.headers.values())
    told = {header: one for header, one in beside.items() if one[0] >= PROBABLY_OTHER}
    match.own = own_columns(unit, table, [header for header in match.open if header not in placed], {*told})
    _leave_out_what_is_said_twice(match, told)
    match.score = _score(match, unit)
    return match


def _no_column(column: Column, unit: Unit, twice: dict[str, str]) -> str:
    """Why a column is none of the table's, whatever the table."""
    if is_metadata(column.header, unit.kind) or (column.share("moment") > 0.9 and column.header in ("start", "end")):
        return "written by the exporter"
    sure = {"phone": "a phone number", "email": "an e-mail address", "gps": "a location (GPS)"}
    what = next((what for test, what in sure.items() if column.share(test) >= 0.7), "")
    if what and not column.given and not column.blank:
        return what
    return f'the organizations of "{twice[column.header]}" once more' if column.header in twice else ""


def _of_a_person(beside: tuple[float, str], candidates: dict[str, Candidate]) -> bool:
    """A header about a person that is no column by its header or its values."""
    degree, what = beside
    best = max((one.by_header for one in candidates.values() if one.confidence), default=0.0)
    by_values = max((one.by_values for one in candidates.values()), default=0.0)
    return what in vocabulary()["identifiers"] and degree >= 0.8 and by_values < 0.6 and best < degree - MARGIN / 2


def _candidate(column: Column, table: str, name: str, known: Known) -> Candidate | None:
    by_header = 1.0 if column.header == name else alike(column.says, (table, name))
    fits = fit(column, table, name, known)
    if column.given:
        by_header = 0.0
        if fits.strength < GIVEN_BY_NAME or not _names_can_be(table, name):
            return None
    if not fits.against and by_header < 1 and _other_unit(column, table, name):
        fits = Fit(against="it is in another unit")
    if fits.against:
        return Candidate(name, 0.0, by_header, 0.0, fits.against) if by_header >= 0.6 else None
    if by_header < 0.35:
        by_header = 0.0
        if fits.strength < GIVEN_BY_NAME:
            return None
    return Candidate(name, 1 - (1 - HEADER_ALONE * by_header) * (1 - fits.strength), by_header, fits.strength)


def _names_can_be(table: str, name: str) -> bool:
    about = SCHEMAS[table].columns[name].metadata
    return bool(about.get("refers_to") or about.get("levels") or name == "quarter")


def _other_unit(column: Column, table: str, name: str) -> bool:
    """Whether the header counts in something else than the column does."""
    unit = tables.codebook()["tables"][table]["columns"].get(name, {}).get("unit")
    words, known = set(identity.words(column.header)), vocabulary()["units"]
    hours, other = words & {*known["hours"]}, words & {*known["other"]}
    if unit == "hours":
        return bool((other or currency_in(column.header)) and not hours)
    return bool(unit == "currency" and (other or hours))


def _exported(unit: Unit, table: str) -> dict[str, str]:
    """The exporter's columns that are the submission's id and day: the first there of each list."""
    if table != "survey" or unit.kind == "sheet":
        return {}
    listed = {name: vocabulary()["metadata"][name] for name in ("submission_id", "submitted_on")}
    first = {name: next((one for one in headers if one in unit.columns), None) for name, headers in listed.items()}
    return {header: name for name, header in first.items() if header}


def _beside(column: Column) -> tuple[float, str]:
    """What the header resembles that is no column of any table, and how much."""
    found = [
        (degree, what)
        for said in column.says
        for (group, what), degree in likeness(said).items()
        if group in ("identifiers", "others")
        and (what != "a person's name" or column.blank or column.share("person") >= 0.4)
    ]
    return max(found, default=(0.0, ""))


def _said_twice(unit: Unit, known: Known) -> dict[str, str]:
    """Columns that name the same organizations row by row as a better one: header → the better one."""
    found = {}
    for header, column in unit.columns.items():
        said = column.organizations(known) if not column.blank and not column.given else {}
        codes = {value: one.organization_id for value, one in said.items() if one.organization_id}
        if codes and len(codes) >= 0.4 * len(said):
            by_code = sum(one.how == "code" for one in said.values()) / len(said)
            found[header] = (by_code, column.cells.str.strip().map(codes))
    better = sorted(found, key=lambda header: -found[header][0])
    twice = {}
    for at, header in enumerate(better):
        for other in better[:at]:
            both = pd.concat([found[header][1], found[other][1]], axis=1).dropna()
            if other not in twice and len(both) and (both.iloc[:, 0] == both.iloc[:, 1]).mean() > 0.95:
                twice[header] = other
    return twice


def _assign(
    match: Match, candidates: dict[str, dict[str, Candidate]], beside: dict[str, tuple[float, str]], unit: Unit
) -> None:
    """Place what is sure and has no rival; open the rest."""
    headers, targets = list(candidates), list(SCHEMAS[match.table].columns)

    def grid(worth):
        cells = [[worth(candidates[h][t]) if t in candidates[h] else 0.0 for t in targets] for h in headers]
        return np.array(cells).reshape(len(headers), len(targets))

    score, confidence = grid(lambda one: one.score), grid(lambda one: one.confidence)
    sure = confidence >= PLACED
    likely = zip(*linear_sum_assignment(confidence, maximize=True), strict=True)
    match.likely = {
        targets[t]: (headers[h], float(confidence[h, t])) for h, t in likely if confidence[h, t] >= MENTIONED
    }
    best = zip(*linear_sum_assignment(np.where(sure, score, 0), maximize=True), strict=True)
    picked = {h: t for h, t in best if sure[h, t]}
    for row, header in enumerate(headers):
        ranked = sorted(candidates[header].values(), key=lambda one: (-one.score, -one.by_header))
        column, why = picked.get(row), ""
        if column is not None:
            chosen = candidates[header][targets[column]]
            why = _rival(score, picked, row, headers, targets) or _mistaken(header, chosen, beside.get(header, (0, "")))
        if column is not None and not why:
            match.placed[targets[column]] = (header, chosen)
        elif not unit.columns[header].given:
            named = [one for one in ranked if one.confidence >= MENTIONED or one.against]
            match.open[header], match.why_open[header] = named, why


def _mistaken(header: str, chosen: Candidate, beside: tuple[float, str]) -> str:
    """What a header can be as well that is no column; "" where it is the column's own name or its values decide."""
    degree, what = beside
    doubtful = header != chosen.target and chosen.by_header < 0.98 and chosen.by_values < 0.6
    return f"it can also be {what}" if what and doubtful and degree >= chosen.by_header - MARGIN / 2 else ""


def _rival(score: np.ndarray, picked: dict[int, int], row: int, headers: list[str], targets: list[str]) -> str:
    """The other column or the other place that is about as good, in words; "" when there is none."""
    column, taken = picked[row], {target: header for header, target in picked.items()}
    own = score[row, column]
    for other in range(len(headers)):
        home = score[other, picked[other]] if other in picked else 0.0
        if other != row and score[other, column] >= max(own - MARGIN, home, 0.01):
            return f'"{headers[other]}" comes as near to {targets[column]}'
    for other in range(len(targets)):
        if other == column or score[row, other] < max(own - MARGIN, 0.01):
            continue
        rival = taken.get(other)
        if rival is None:
            return f"it is as near to {targets[other]}"
        if score[row, other] + score[rival, column] >= own + score[rival, other] - MARGIN:
            return f'it and "{headers[rival]}" can be exchanged'
    return ""


def _open_if_out_of_order(match: Match, unit: Unit) -> None:
    """Two dates whose values contradict the order their headers claim are both open."""
    for first, last in IN_ORDER:
        if first in match.placed and last in match.placed:
            both = pd.concat([_days(unit.columns[match.placed[name][0]]) for name in (first, last)], axis=1).dropna()
            if len(both) and (both.iloc[:, 0] > both.iloc[:, 1]).mean() > 0.5:
                for name in (first, last):
                    header, candidate = match.placed.pop(name)
                    match.open[header] = [candidate]
                    match.why_open[header] = f"{first} would be after {last} in most rows"


def _leave_out_what_is_said_twice(match: Match, told: dict[str, tuple[float, str]]) -> None:
    """Leave out what says the same as a used column, as a question and its choices do, and what is no column."""
    used = {*match.headers.values(), *(one.header for one in match.own)}
    for header, near in match.open.items():
        question = header.rpartition("/")[0]
        if question in used:
            match.left_out[header] = f'a choice of "{question}"'
        elif any(other.startswith(f"{header}/") for other in used):
            match.left_out[header] = "its choices are placed"
        elif header in told and told[header][1] in vocabulary()["never"]["asked"]:
            match.left_out[header] = told[header][1]
        elif header in told and not near and not match.why_open[header]:
            match.why_open[header] = f"probably {told[header][1]}"
    match.open = {header: near for header, near in match.open.items() if header not in used | {*match.left_out}}


def _days(column: Column) -> pd.Series:
    writing = Writing(dates=ORDERS)
    return convert(column.cells, kind="day", dtype="datetime64[us]", levels=None, writing=writing)[0]


def _score(match: Match, unit: Unit) -> float:
    """How well the unit is explained by the table, and the table filled by the unit, 0 to 1; open columns count too."""
    about = SCHEMAS[match.table]
    worth = {name: _worth(name, one) for name, one in about.columns.items()}
    filled = sum(worth[name] * confidence for name, (_, confidence) in match.likely.items()) / sum(worth.values())
    lacking = sum(not column.nullable and name not in match.likely for name, column in about.columns.items())
    headers = [header for header, column in unit.columns.items() if not column.given and header not in match.left_out]
    used = {header: sure for header, sure in match.likely.values() if not header.startswith("@")}
    used |= {one.header: 0.8 / (1 + lacking) for one in match.own}
    score = 0.5 * filled + 0.5 * sum(used.values()) / max(len(headers), 1)
    if match.table in SIGNATURE and not SIGNATURE[match.table] & set(match.likely):
        score -= 0.3
    if match.table == "survey" and not match.own:
        score -= 0.3
    key = [match.headers.get(name) for name in about.metadata["key"]]
    if key and all(header and not header.startswith("@") for header in key):
        rows = pd.concat([unit.columns[header].cells.str.strip() for header in key], axis=1)
        score -= 0.3 * float(rows.duplicated().mean() > 0.3)
    return score - 0.1 * lacking


def _worth(name: str, column: pa.Column) -> float:
    """How much a column counts for a table: one that it needs most, one of another language hardly."""
    if "language" in column.metadata:
        return 0.02
    return 1.0 if not column.nullable or name == "delegate" else 0.3
