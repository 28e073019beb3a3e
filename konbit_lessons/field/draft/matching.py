"""Which column of a table each column of a unit is, and which table a unit is: the best whole assignment, or open.

A column is placed when header and values together are sure enough, and when no other column, no other place and nothing
that is known to be no column comes near. Of the rest, what the values say is the programme's own; what is neither stays
open, with its candidates.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from operator import attrgetter

import pandas as pd
from scipy.optimize import linear_sum_assignment

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.draft import evidence
from konbit_lessons.field.draft.evidence import SCHEMAS, SURE, Column, Known, currency_in, vocabulary
from konbit_lessons.field.draft.folder import Unit
from konbit_lessons.field.draft.ways import Own, own_columns
from konbit_lessons.field.sources.raw import WORDS, is_metadata


@dataclass(frozen=True)
class Candidate:
    """How sure it is that the raw column ``header`` is ``target``, by its header and by its values."""

    header: str
    target: str
    confidence: float
    by_header: float
    by_values: float
    against: str = ""

    @property
    def score(self) -> float:
        """Orders candidates that are equally sure by their values: the header decides."""
        return 0.7 * self.confidence + 0.3 * self.by_header if self.confidence else 0.0


NO_CANDIDATE = Candidate("", "", 0.0, 0.0, 0.0)


@dataclass
class Match:
    """A unit read as one table."""

    table: str
    placed: dict[str, Candidate] = field(default_factory=dict)  # by target
    own: list[Own] = field(default_factory=list)  # what the programme declares of its own
    open: dict[str, tuple[list[Candidate], str]] = field(default_factory=dict)  # header → candidates, best first; why
    left_out: dict[str, str] = field(default_factory=dict)  # header → what it is
    likely: dict[str, tuple[str, float]] = field(default_factory=dict)  # target → header, confidence, however small
    score: float = 0.0

    @property
    def needed(self) -> list[str]:
        """Columns the table cannot be without and that are not placed."""
        columns = SCHEMAS[self.table].columns
        needed = [name for name in columns if name in ("org_type", "event_type") or not columns[name].nullable]
        return [name for name in needed if name not in self.placed]


def matches(unit: Unit, known: Known) -> list[Match]:
    """The unit read as each table, best first."""
    twice = _said_twice(unit, known)
    return sorted((_match(unit, table, known, twice) for table in tables.TABLES), key=lambda match: -match.score)


def _match(unit: Unit, table: str, known: Known, twice: dict[str, str]) -> Match:
    match, exported = Match(table), {}
    for name in ("submission_id", "submitted_on") if table == "survey" and unit.kind != "sheet" else ():
        # the exporter's columns that are the submission's id and day: the first there of each list
        exported[next(filter(unit.columns.__contains__, WORDS["metadata"][name]), None)] = name
    candidates: dict[str, dict[str, Candidate]] = {}
    for header, column in unit.columns.items():
        if header in exported:
            candidates[header] = {exported[header]: Candidate(header, exported[header], 0.97, 1.0, 0.0)}
            continue
        found = {name: one for name in SCHEMAS[table].columns if (one := _candidate(column, table, name, known))}
        if what := _no_column(column, unit, found, twice if table != "organizations" else {}):
            match.left_out[header] = what
        else:
            candidates[header] = found
    _assign(match, candidates, unit)
    _open_if_out_of_order(match, unit)
    match.own = own_columns(unit, table, list(match.open))
    _leave_out_what_is_said_twice(match, unit)
    match.score = _score(match, unit)
    return match


def _no_column(column: Column, unit: Unit, candidates: dict[str, Candidate], twice: dict[str, str]) -> str:
    """Why a column is none of the table's; "" where it may be one."""
    if is_metadata(column.header, unit.kind) or (column.share("moment") > 0.9 and column.header in ("start", "end")):
        return "written by the exporter"
    what = next((what for test, what in vocabulary()["personal"].items() if column.share(test) >= 0.7), "")
    if what and not column.given and not column.blank:
        return what
    if column.header in twice:
        return f'the organizations of "{twice[column.header]}" once more'
    degree, what = column.beside  # a header about a person that is no column by its header or its values
    by_header = max((one.by_header for one in candidates.values() if one.confidence), default=0.0)
    by_values = max((one.by_values for one in candidates.values()), default=0.0)
    personal = what in vocabulary()["identifiers"] and degree >= 0.8
    return what if personal and by_values < 0.6 and by_header < degree - SURE["margin"] / 2 else ""


def _candidate(column: Column, table: str, name: str, known: Known) -> Candidate | None:
    about = SCHEMAS[table].columns[name].metadata
    if column.given and not (about.get("refers_to") or about["levels"] or name in ("quarter", "attended")):
        return None
    by_header = max((evidence.likeness(said).get((table, name), 0.0) for said in column.says), default=0.0)
    by_header = 1.0 if column.header == name else by_header
    values = evidence.fit(column, table, name, known)
    if not isinstance(values, str) and by_header < 1 and _other_unit(column, table, name):
        values = "it is in another unit"
    if isinstance(values, str):
        return Candidate(column.header, name, 0.0, by_header, 0.0, values) if by_header >= 0.6 else None
    by_header = by_header if by_header >= 0.35 else 0.0
    if not by_header and values < SURE["given_by_name"]:
        return None
    confidence = 1 - (1 - SURE["header_alone"] * by_header) * (1 - values)
    return Candidate(column.header, name, confidence, by_header, values)


def _other_unit(column: Column, table: str, name: str) -> bool:
    """Whether the header counts in something else than the column does."""
    unit = tables.codebook()["tables"][table]["columns"].get(name, {}).get("unit")
    words = set(identity.words(column.header))
    hours, other = (not words.isdisjoint(vocabulary()["units"][one]) for one in ("hours", "other"))
    if unit == "hours":
        return bool(other or currency_in(column.header)) and not hours
    return unit == "currency" and (other or hours)


def _said_twice(unit: Unit, known: Known) -> dict[str, str]:
    """Columns that name the same organizations row by row as a better one: header → the better one."""
    named, by_code, twice = {}, {}, {}
    for header, column in unit.columns.items():
        said = {} if column.given else column.organizations(known)
        codes = {value: one.organization_id for value, one in said.items() if one.organization_id}
        if codes and len(codes) >= 0.4 * len(said):
            by_code[header] = sum(one.how == "code" for one in said.values()) / len(said)
            named[header] = column.cells.str.strip().map(codes)
    for other, header in combinations(sorted(named, key=by_code.get, reverse=True), 2):
        both = named[other].notna() & named[header].notna()
        if other not in twice and named[other].eq(named[header])[both].mean() > 0.95:
            twice[header] = other
    return twice


def _assign(match: Match, candidates: dict[str, dict[str, Candidate]], unit: Unit) -> None:
    """Place what is sure and has no rival; open the rest."""
    targets = list(SCHEMAS[match.table].columns)
    found = [[of_one.get(target, NO_CANDIDATE) for target in targets] for of_one in candidates.values()]
    found = pd.DataFrame(found, list(candidates), targets)
    score, confidence = (found.map(attrgetter(worth)).astype(float) for worth in ("score", "confidence"))
    likely = {target: (header, float(confidence.loc[header, target])) for header, target in _best(confidence)}
    match.likely = {target: one for target, one in likely.items() if one[1] >= SURE["mentioned"]}
    sure = confidence >= SURE["placed"]
    picked = {header: target for header, target in _best(score.where(sure, 0)) if sure.loc[header, target]}
    for header, of_one in candidates.items():
        chosen = of_one.get(picked.get(header))
        why = _doubt(unit.columns[header], chosen, score, picked) if chosen else ""
        if chosen and not why:
            match.placed[chosen.target] = chosen
        elif not unit.columns[header].given:
            ranked = sorted(of_one.values(), key=lambda one: (-one.score, -one.by_header))
            match.open[header] = [one for one in ranked if one.confidence >= SURE["mentioned"] or one.against], why


def _best(worth: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Header and target of each pair of the best whole assignment."""
    headers, targets = linear_sum_assignment(worth.to_numpy(), maximize=True)
    return zip(worth.index[headers], worth.columns[targets], strict=True)


def _doubt(column: Column, chosen: Candidate, score: pd.DataFrame, picked: dict[str, str]) -> str:
    """What is about as good, in words: another column, another place, or what is no column; "" when nothing is.

    A header that is the column's own name is no other thing, nor is one whose values decide.
    """
    header, target, taken = chosen.header, chosen.target, {target: header for header, target in picked.items()}
    near = max(chosen.score - SURE["margin"], 0.01)
    for other in score.index[score[target] >= near].drop(header):
        if score.loc[other, target] >= score.loc[other, picked.get(other, target)]:
            return f'"{other}" comes as near to {target}'
    for other in score.columns[score.loc[header] >= near].drop(target):
        rival = taken.get(other)
        if rival is None:
            return f"it is as near to {other}"
        changed, kept = score.loc[header, other] + score.loc[rival, target], chosen.score + score.loc[rival, other]
        if changed >= kept - SURE["margin"]:
            return f'it and "{rival}" can be exchanged'
    degree, what = column.beside
    doubtful = header != target and chosen.by_header < 0.98 and chosen.by_values < 0.6
    return f"it can also be {what}" if what and doubtful and degree >= chosen.by_header - SURE["margin"] / 2 else ""


def _open_if_out_of_order(match: Match, unit: Unit) -> None:
    """Two dates whose values contradict the order their headers claim are both open."""
    for first, last in vocabulary()["in_order"].items():
        if first in match.placed and last in match.placed:
            both = [match.placed[first], match.placed[last]]
            days = [evidence.days_in(unit.columns[one.header].cells, evidence.ORDERS) for one in both]
            for one in both if (days[0] - days[1]).dropna().gt(pd.Timedelta(0)).mean() > 0.5 else ():
                del match.placed[one.target]
                match.open[one.header] = [one], f"{first} would be after {last} in most rows"


def _leave_out_what_is_said_twice(match: Match, unit: Unit) -> None:
    """Leave out what says the same as a used column, as a question and its choices do, and what is no column."""
    used = {one.header for one in (*match.placed.values(), *match.own)}
    for header, (near, why) in match.open.items():
        question, (degree, what) = header.rpartition("/")[0], unit.columns[header].beside
        if question in used:
            match.left_out[header] = f'a choice of "{question}"'
        elif any(other.startswith(f"{header}/") for other in used):
            match.left_out[header] = "its choices are placed"
        elif degree >= SURE["other"] and what in vocabulary()["never"]["asked"]:
            match.left_out[header] = what
        elif degree >= SURE["other"] and not near and not why:
            match.open[header] = near, f"probably {what}"
    match.open = {header: one for header, one in match.open.items() if header not in used | {*match.left_out}}


def _score(match: Match, unit: Unit) -> float:
    """How well the unit is explained by the table, and the table filled by the unit, 0 to 1; open columns count too."""
    about = SCHEMAS[match.table]
    worth = {name: 0.3 if one.nullable and name != "delegate" else 1.0 for name, one in about.columns.items()}
    worth |= {name: 0.02 for name, one in about.columns.items() if "language" in one.metadata}
    filled = sum(worth[name] * confidence for name, (_, confidence) in match.likely.items()) / sum(worth.values())
    lacking = sum(not column.nullable and name not in match.likely for name, column in about.columns.items())
    headers = [header for header, column in unit.columns.items() if not column.given and header not in match.left_out]
    used = {header: sure for header, sure in match.likely.values() if not header.startswith("@")}
    used |= {one.header: 0.8 / (1 + lacking) for one in match.own}
    score = 0.5 * filled + 0.5 * sum(used.values()) / max(len(headers), 1)
    signature = {*vocabulary()["signature"].get(match.table, ())}
    if (signature and signature.isdisjoint(match.likely)) or (match.table == "survey" and not match.own):
        score -= 0.3
    key = [unit.columns[match.placed[name].header] for name in about.metadata["key"] if name in match.placed]
    if key and len(key) == len(about.metadata["key"]) and not any(column.given for column in key):
        rows = pd.concat([column.cells.str.strip() for column in key], axis=1)
        score -= 0.3 * float(rows.duplicated().mean() > 0.3)
    return score - 0.1 * lacking
