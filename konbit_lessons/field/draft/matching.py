"""Which column of a table each column of a unit is, and which table a unit is: the best whole assignment, or open.

A column is placed when header and values together are sure enough, and when no other column, no other place and nothing
that is known to be no column comes near. Everything else stays open, with its candidates.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.draft.evidence import ORDERS, Column, Fit, Known, fit
from konbit_lessons.field.draft.folder import Unit, is_metadata
from konbit_lessons.field.draft.vocabulary import alike, content_words, folded, likeness, vocabulary
from konbit_lessons.field.values import Writing, convert

PLACED = 0.80  # confidence below which nothing is placed
MARGIN = 0.10  # by which the second best must be worse
MENTIONED = 0.40  # confidence from which a candidate is named
HEADER_ALONE = 0.97  # what an exact header is worth
GIVEN_BY_NAME = 0.75  # how strongly names of sheets or files must speak for themselves
TABLE_FITS, TABLE_MARGIN = 0.40, 0.04
IN_ORDER = (
    ("started_on", "ended_on"),
    ("joined_on", "left_on"),
    ("pledged_on", "delivered_on"),
    ("held_on", "follow_up_due_on"),
)
SIGNATURE = {  # a table that has none of these columns is probably another
    "sign_in": {"delegate", "senior_delegate"},
    "survey": set(tables.QUESTIONS),
    "learning": {"expectation", "finding", "adaptation"},
}
EXPECTS = "expects_"


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
        if self.by_values < 0.28:
            return "header"
        return "values" if self.by_header < 0.5 else "header and values"


@dataclass
class Match:
    """A unit read as one table."""

    table: str
    placed: dict[str, tuple[str, Candidate]] = field(default_factory=dict)  # target → header, candidate
    open: dict[str, list[Candidate]] = field(default_factory=dict)  # header → candidates, best first
    why_open: dict[str, str] = field(default_factory=dict)
    unused: dict[str, str] = field(default_factory=dict)  # header → what says the same
    identifiers: dict[str, str] = field(default_factory=dict)  # header → what it is
    metadata: list[str] = field(default_factory=list)
    likely: dict[str, tuple[str, float]] = field(default_factory=dict)  # target → header, confidence, however small
    score: float = 0.0

    @property
    def needed(self) -> list[str]:
        """Columns the table cannot be without and that are not placed."""
        about = tables.TABLES[self.table].columns
        return [name for name, column in about.items() if not column.nullable and name not in self.placed]

    @property
    def headers(self) -> dict[str, str]:
        return {target: header for target, (header, _) in self.placed.items()}


def matches(unit: Unit, known: Known) -> list[Match]:
    """The unit read as each table, best first."""
    twice = _said_twice(unit, known)
    return sorted((_match(unit, table, known, twice) for table in tables.TABLES), key=lambda match: -match.score)


def _match(unit: Unit, table: str, known: Known, twice: dict[str, str]) -> Match:
    match = Match(table)
    if table == "organizations":
        twice = {}
    targets = list(tables.TABLES[table].columns)
    beside: dict[str, tuple[float, str]] = {}
    candidates: dict[str, dict[str, Candidate]] = {}
    exported = _exported(unit, table)
    for header, column in unit.columns.items():
        if header in exported:
            candidates[header] = {exported[header]: Candidate(exported[header], 0.97, 1.0, 0.0)}
        elif is_metadata(header, unit.kind) or (column.share("moment") > 0.9 and header in ("start", "end")):
            match.metadata.append(header)
        elif what := _identifier_by_values(column):
            match.identifiers[header] = what
        elif header in twice:
            match.unused[header] = f'the organizations of "{twice[header]}" once more'
        else:
            found = {name: _candidate(column, table, name, unit, known) for name in targets}
            candidates[header] = {name: one for name, one in found.items() if one}
            what, likeness_beside = _beside(column)
            best = max((one.by_header for one in candidates[header].values() if one.confidence), default=0.0)
            by_values = max((one.by_values for one in candidates[header].values()), default=0.0)
            person = what[0] == "identifiers" and likeness_beside >= 0.8 and by_values < 0.6
            if person and best < likeness_beside - MARGIN / 2:
                match.identifiers[header] = what[1]
                del candidates[header]
            elif likeness_beside:
                beside[header] = (likeness_beside, what[1])
    _assign(match, candidates, targets, beside, unit)
    _open_if_out_of_order(match, unit)
    _leave_out_what_is_said_twice(match, unit)
    match.score = _score(match, unit)
    return match


def _candidate(column: Column, table: str, name: str, unit: Unit, known: Known) -> Candidate | None:
    by_header = _expects(column, name, unit) if name.startswith(EXPECTS) else alike(column.says, (table, name))
    if column.header == name:
        by_header = 1.0
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
    about = tables.TABLES[table].columns[name].metadata
    return bool(about.get("refers_to") or about.get("levels") or name == "quarter")


def _other_unit(column: Column, table: str, name: str) -> bool:
    unit = str(tables.TABLES[table].columns[name].metadata.get("unit", ""))
    own = next((own for own in ("hours", "HTG") if own in unit), None)
    words = set(identity.words(column.header))
    known = vocabulary()["units"]
    others = set(known["other"]) | set(known["HTG"] if own == "hours" else known["hours"])
    return bool(own and words & others and not words & set(known[own]))


def _expects(column: Column, name: str, unit: Unit) -> float:
    """How sure it is that a column says whether one thing is expected: ``question/choice``, or a header of both."""
    what = name.removeprefix(EXPECTS)
    leads, known = folded("expects", "leads"), folded("expects", "what", what) | {what}
    spellings = {identity.fold(one) for one in vocabulary()["expects"]["what"][what]} | known
    best = 0.0
    for said in column.says:
        question, slash, choice = said.rpartition("/")
        if slash and identity.fold(choice) in spellings:
            asked = set(identity.words(question)) & leads
            best = max(best, 1.0 if asked or _siblings(column.header, unit) >= 3 else 0.6)
        words = identity.words(said)
        if not slash and set(words) & leads:
            rest = content_words(" ".join(word for word in words if word not in leads))
            best = max(best, 0.95 * any(rest == content_words(one) for one in spellings))
    return best


def _siblings(header: str, unit: Unit) -> int:
    """How many choices of the same question are things a partner can expect."""
    question = header.rpartition("/")[0]
    known = {identity.fold(one) for listed in vocabulary()["expects"]["what"].values() for one in listed}
    choices = [other.rpartition("/")[2] for other in unit.columns if other.rpartition("/")[0] == question]
    return sum(identity.fold(choice) in known for choice in choices)


def _exported(unit: Unit, table: str) -> dict[str, str]:
    """The exporter's columns that are the submission's id and day: the first there of each list."""
    if table != "survey" or unit.kind == "sheet":
        return {}
    listed = vocabulary()["metadata"]
    first = {
        name: next((one for one in listed[name] if one in unit.columns), None)
        for name in ("submission_id", "submitted_on")
    }
    return {header: name for name, header in first.items() if header}


def _identifier_by_values(column: Column) -> str:
    if column.given or column.blank:
        return ""
    sure = {"phone": "a phone number", "email": "an e-mail address", "gps": "a location (GPS)"}
    return next((what for test, what in sure.items() if column.share(test) >= 0.7), "")


def _beside(column: Column) -> tuple[tuple[str, str], float]:
    """What the header resembles that is no column of any table, and how much."""
    found = {
        concept: degree
        for said in column.says
        for concept, degree in likeness(said).items()
        if concept[0] in ("identifiers", "others")
    }
    if not column.blank and column.share("person") < 0.4:
        found.pop(("identifiers", "a person's name"), None)
    return max(found.items(), key=lambda item: item[1], default=(("", ""), 0.0))


def _said_twice(unit: Unit, known: Known) -> dict[str, str]:
    """Columns that name the same organizations row by row as a better one: header → the better one."""
    if not known.roster:
        return {}
    found = {}
    for header, column in unit.columns.items():
        if not column.blank and not column.given:
            matches = column.organizations(known)
            codes = {value: match.organization_id for value, match in matches.items() if match.organization_id}
            if codes and len(codes) >= 0.4 * len(matches):
                by_code = sum(match.how == "code" for match in matches.values()) / len(matches)
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
    match: Match,
    candidates: dict[str, dict[str, Candidate]],
    targets: list[str],
    beside: dict[str, tuple[float, str]],
    unit: Unit,
) -> None:
    headers = list(candidates)
    score = np.array([[candidates[h][t].score if t in candidates[h] else 0.0 for t in targets] for h in headers])
    score = score.reshape(len(headers), len(targets))
    sure = np.array(
        [[t in candidates[h] and candidates[h][t].confidence >= PLACED for t in targets] for h in headers], dtype=bool
    ).reshape(score.shape)
    confidence = np.array(
        [[candidates[h][t].confidence if t in candidates[h] else 0.0 for t in targets] for h in headers]
    )
    confidence = confidence.reshape(score.shape)
    match.likely = {
        targets[t]: (headers[h], float(confidence[h, t]))
        for h, t in zip(*linear_sum_assignment(confidence, maximize=True), strict=True)
        if confidence[h, t] >= MENTIONED
    }
    picked = {
        h: t for h, t in zip(*linear_sum_assignment(np.where(sure, score, 0), maximize=True), strict=True) if sure[h, t]
    }
    for row, header in enumerate(headers):
        ranked = sorted(candidates[header].values(), key=lambda one: (-one.score, -one.by_header))
        named = [one for one in ranked if one.confidence >= MENTIONED or one.against]
        column = picked.get(row)
        why = "" if column is None else _rival(score, picked, row, column, headers, targets)
        if column is not None and not why and header in beside and header != targets[column]:
            degree, what = beside[header]
            by_header = candidates[header][targets[column]].by_header
            if (
                by_header < 0.98
                and degree >= by_header - MARGIN / 2
                and candidates[header][targets[column]].by_values < 0.6
            ):
                why = f"it can also be {what}"
        if column is not None and not why:
            match.placed[targets[column]] = (header, candidates[header][targets[column]])
        elif not unit.columns[header].given:
            match.open[header] = named
            degree, what = beside.get(header, (0, ""))
            match.why_open[header] = why or (f"probably {what}" if degree >= 0.7 and not named else "")


def _rival(
    score: np.ndarray, picked: dict[int, int], row: int, column: int, headers: list[str], targets: list[str]
) -> str:
    """The other column or the other place that is about as good, in words; "" when there is none."""
    own = score[row, column]
    taken = {target: header for header, target in picked.items()}
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
            days = [_days(unit.columns[match.placed[name][0]]) for name in (first, last)]
            both = pd.concat(days, axis=1).dropna()
            if len(both) and (both.iloc[:, 0] > both.iloc[:, 1]).mean() > 0.5:
                for name in (first, last):
                    header, candidate = match.placed.pop(name)
                    match.open[header] = [candidate]
                    match.why_open[header] = f"{first} would be after {last} in most rows"


def _leave_out_what_is_said_twice(match: Match, unit: Unit) -> None:
    """A question and its choices say the same: where one of the two is placed, the other is not open."""
    placed = set(match.headers.values())
    for header in list(match.open):
        question = header.rpartition("/")[0]
        if question in placed:
            match.unused[header] = f'a choice of "{question}"'
        elif any(other.startswith(f"{header}/") for other in placed):
            match.unused[header] = "its choices are placed"
    for header in match.unused:
        match.open.pop(header, None)


def _days(column: Column) -> pd.Series:
    writing = Writing(dates=ORDERS)
    return convert(column.cells, kind="day", dtype="datetime64[us]", levels=None, writing=writing)[0]


def _score(match: Match, unit: Unit) -> float:
    """How well the unit is explained by the table, and the table filled by the unit, 0 to 1; open columns count too."""
    about = tables.TABLES[match.table]
    worth = {name: _worth(match.table, name) for name in about.columns}
    filled = sum(worth[name] * confidence for name, (_, confidence) in match.likely.items()) / sum(worth.values())
    beside = {*match.metadata, *match.identifiers, *match.unused}
    own = [header for header, column in unit.columns.items() if not column.given and header not in beside]
    used = sum(confidence for header, confidence in match.likely.values() if not header.startswith("@"))
    score = 0.5 * filled + 0.5 * used / max(len(own), 1)
    if match.table in SIGNATURE and not SIGNATURE[match.table] & set(match.likely):
        score -= 0.3
    key = [match.headers.get(name) for name in about.metadata["key"]]
    if key and all(header and not header.startswith("@") for header in key):
        rows = pd.concat([unit.columns[header].cells.str.strip() for header in key], axis=1)
        score -= 0.3 * float(rows.duplicated().mean() > 0.3)
    return score - 0.1 * sum(not column.nullable and name not in match.likely for name, column in about.columns.items())


def _worth(table: str, name: str) -> float:
    if not tables.TABLES[table].columns[name].nullable or name == "delegate":
        return 1.0
    return 0.06 if name.startswith(EXPECTS) else 0.3
