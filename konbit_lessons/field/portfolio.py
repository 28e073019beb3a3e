"""portfolio.toml → Portfolio: many programmes, and the estimates that the shared incentives report of each wrote.

    [portfolio]                  # name, point_of_contact, languages
    [incentives.transport]       # a common name: its label; of an amount each = [5, "USD"]
    [[programme]]                # folder = "north"; what it calls each: incentives = { transport = "bus_fare" }

No row of a programme is read: only ``tables/incentives.csv`` of its shared reports, or of an unzipped bundle of them.
"""

import json
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, BeforeValidator, Field
from scipy.special import stdtrit

from konbit_lessons.errors import DataError, ProgrammeError
from konbit_lessons.field.messages import message
from konbit_lessons.field.programme import said_in
from konbit_lessons.field.sections import Filled, Languages, Name, Text
from konbit_lessons.field.store import digest
from konbit_lessons.words.label import Label

REPORT, KIND = "incentives", "portfolio"
NUMBERS = ["estimate", "std_error", "df", "n_offered", "step", "e_value"]
AGAIN = "Make it again: konbit report incentives"


class About(BaseModel, extra="forbid"):
    """[portfolio]: what the page is called, whom to ask, its languages, what would matter, paper of Word files."""

    name: Text
    point_of_contact: Filled
    languages: Languages = Field(["en"], min_length=1)
    smallest_effect_that_matters: float | None = Field(None, gt=0, lt=1)
    paper: Literal["A4", "letter"] = "A4"


class Common(BaseModel, extra="forbid"):
    """[incentives.…]: what it is called; ``each`` of an amount, as [5, "USD"]; ``against`` what kinds are compared."""

    label: Text
    each: tuple[Annotated[float, Field(gt=0)], Filled] | None = None
    against: list[Filled] = [""]


class Own(BaseModel, extra="forbid"):
    """What a programme calls an incentive; of an amount, how much of the common unit one of its own is."""

    term: Filled
    one_is: float | None = Field(None, gt=0)


def _one(said: Any) -> Any:
    if isinstance(said, list):
        raise ValueError(f"found {said!r}; expected one incentive: two of one programme share its organizations")
    return {"term": said} if isinstance(said, str) else said


class Member(BaseModel, extra="forbid"):
    """[[programme]]: its folder, what to call it, which report of it, and its own names of the common incentives."""

    folder: Filled
    name: Text | None = None
    period: Filled | None = None
    incentives: dict[Name, Annotated[Own, BeforeValidator(_one)]] = Field(min_length=1)


class Said(BaseModel, extra="forbid"):
    """All that a portfolio.toml says."""

    portfolio: About
    incentives: dict[Name, Common] = Field(min_length=1)
    programme: list[Member] = Field(min_length=1)


class Told(NamedTuple):
    """What a programme's report told: its files, its name, its period, whether its data are invented, its table."""

    member: Member
    files: tuple[Path, ...]
    name: Label
    period: str
    simulated: bool
    table: pd.DataFrame


@dataclass(frozen=True)
class Portfolio:
    """A checked portfolio.toml with what the reports told; pages treat it as a programme that has no quarters.

    Attributes
    ----------
    path : Path
    said : Said
    told : tuple of Told
    """

    path: Path
    said: Said
    told: tuple[Told, ...]
    # of a programme; what is read has passed each one's own smallest cell
    audience, kind, smallest_cell, sources, units, data_cut_on = "shared", KIND, 1, (), None, None

    def __getattr__(self, key: str) -> Any:
        about = self.said.portfolio
        own = {"title": about.name, "name": about.name.text(about.languages[0]), "study": self}
        own |= {"folder": self.path.parent, "processed": self.path.parent / KIND, "simulated": self.told[0].simulated}
        return own[key] if key in own else getattr(about, key)

    def label(self, term: str) -> Label:
        """What a common name is called; itself where it is none."""
        return self.said.incentives[term].label if term in self.said.incentives else Label.of(term)

    def input_files(self) -> list[Path]:
        """Every file that the page is made from, portfolio.toml first."""
        return [self.path, *(path for one in self.told for path in one.files)]

    def check_language(self, language: str) -> None:
        """Raise a ProgrammeError where something that it names has no words in a language."""
        labels = [self.title, *(one.label for one in self.said.incentives.values()), *(one.name for one in self.told)]
        if lacking := "; ".join(label.text() for label in labels if label.lacks(language)):
            raise ProgrammeError(f"{self.path.name}: found no words in {language!r} for {lacking}. Write them there.")


def load(path: str | Path = "portfolio.toml") -> Portfolio:
    """Read and check a portfolio.toml, and read what the report on incentives of each programme told.

    Raises
    ------
    ProgrammeError
        The file is missing or wrong, a folder or a report is not there, a programme stands there twice, or what one
        common name joins is not of one kind.
    DataError
        A report is not as it was made, or an earlier version made it.
    """
    path = Path(path).resolve()
    if not path.is_file() or path.with_name("programme.toml").is_file():  # whose reports would share an index with it
        raise ProgrammeError(f"{path.name}: found none, or beside a programme.toml; expected one above the programmes.")
    said = said_in(path, Said)
    told = tuple(_told(path, one) for one in said.programme)
    if wrong := [*_twice(told), *_not_joined(said, told)]:
        raise ProgrammeError("\n".join(f"{path.name}, {one}." for one in wrong))
    return Portfolio(path, said, told)


def estimates(portfolio: Portfolio) -> pd.DataFrame:
    """What each programme tells of each common incentive.

    Returns
    -------
    DataFrame, one row per common incentive and programme that names it
        ``incentive``, ``programme`` (its folder), ``estimate`` and ``std_error`` (differences of shares, over the step
        of an amount), ``df``, ``conf_low``, ``conf_high``, and ``reason`` where it has no estimate to pool.
    """
    lines, numbers = [], ["estimate", "std_error", "df"]
    for common, declared in portfolio.said.incentives.items():
        for one in (one for one in portfolio.told if common in one.member.incentives):
            own = one.member.incentives[common]
            row, factor = one.table.loc[own.term], declared.each[0] / own.one_is if declared.each else 1
            # what a standard error may have lost where it was rounded so that it tells no count
            rounded = 0.005 if row["kind"] == "offered" and np.isnan(row["n_offered"]) else 0
            error, effect = (row["std_error"] + rounded) * factor, row["estimate"] / row["step"] * factor
            line = {"incentive": common, "programme": one.member.folder, "estimate": effect, "std_error": error}
            is_exact = row["std_error"] > 0 and abs(row["estimate"]) < 1  # beyond, it was cut off
            lines.append(line | {"df": row["df"], "reason": row["reason"] or "coarse" * (not is_exact)})
    found = pd.DataFrame(lines)
    found[numbers] = found[numbers].where(found["reason"] == "")
    half = stdtrit(found["df"], 0.975) * found["std_error"]
    return found.assign(conf_low=found["estimate"] - half, conf_high=found["estimate"] + half)


def _told(path: Path, member: Member) -> Told:
    """What the last report on incentives of a programme told, or that of the period that is named."""
    where, folder = f'{path.name}, [[programme]] (folder "{member.folder}")', path.parent / member.folder
    if not folder.resolve().is_relative_to(path.parent) or not folder.is_dir():
        raise ProgrammeError(f"{where}: there is no such folder below {path.parent.name}. Put the programme there.")
    made = {one.parent.name: one for one in folder.glob("reports/*/manifest.json") if one.parent.name != KIND}
    period = member.period or max(made, default="")
    shared = made[period].parent / "shared" if period in made else folder / (member.period or "")
    pages = sorted(shared.glob(f"{REPORT}.html")) + sorted(shared.glob(f"{REPORT}.??.html"))
    if not pages:
        raise ProgrammeError(f"{where}: found no report to share, of {', '.join(sorted(made)) or 'none'}. {AGAIN}.")
    table = shared / "tables" / f"{pages[0].stem}.csv"
    try:
        text, about = table.read_bytes(), json.loads(made[period].read_text("utf-8")) if period in made else {}
        simulated = about["simulated"] if about else 'class="simulated"' in pages[0].read_text("utf-8")
        if about and about["reports"][table.stem]["files"][f"tables/{table.name}"] != digest(text):
            raise ValueError("changed")
        rows = _table(text)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{where}: {table.name} is not as this version of konbit report writes it. {AGAIN}.") from error
    if (rows["estimate"].notna() & rows["e_value"].isna() & (rows["reason"] == "")).any():  # only shares have E-values
        raise DataError(f"{where}: its outcome is a number with a unit; expected a share, which is told of 100.")
    name = Label.of(member.name or about.get("programme") or member.folder)
    return Told(member, (table, made[period] if about else pages[0]), name, period, bool(simulated), rows)


def _table(text: bytes) -> pd.DataFrame:
    """The table of a report by term; a KeyError or a ValueError where it is none."""
    columns = ["term", *NUMBERS, "kind", "against", "reason"]
    table = pd.read_csv(BytesIO(text), dtype="str", keep_default_na=False)[columns]
    table = table.assign(**{name: pd.to_numeric(table[name]).astype("float64") for name in NUMBERS})
    if not (table["step"] > 0).all() or table["term"].duplicated().any():
        raise ValueError("no table of estimates")
    return table.set_index("term")


def _twice(told):
    """A programme counts once, by its folder, its name and its table of estimates; what is invented is not mixed in."""
    of = {"folder": [one.files[0].parent.resolve() for one in told], "name": [one.name for one in told]}
    of["table of estimates"] = [digest(one.files[0].read_bytes()) for one in told]
    for what, each in of.items():
        for one, first in ((told[at], told[each.index(key)]) for at, key in enumerate(each) if key in each[:at]):
            yield message("portfolio_names_twice", folder=one.member.folder, what=what, first=first.member.folder)
    if invented := [one.member.folder for one in told if one.simulated != told[0].simulated]:
        yield f"[[programme]]: found simulated data beside real ones ({', '.join(invented)}); expected one or the other"


def _not_joined(said, told):
    """What keeps an incentive of a programme from being joined under a common name."""
    for one, name, own in ((of, *each) for of in told for each in of.member.incentives.items()):
        where = f'[[programme]] (folder "{one.member.folder}"), incentives, {name}'
        declared, terms = said.incentives.get(name), one.table.index
        if not declared or own.term not in terms:
            known = f'"{own.term}"; its report tells of {", ".join(terms)}' if declared else ", ".join(said.incentives)
            yield f"{where}: {'found' if declared else 'expected one of'} {known}"
            continue
        row, kind = one.table.loc[own.term], "amount" if declared.each else "offered"
        if sum(other.term == own.term for other in one.member.incentives.values()) > 1:
            yield f'{where}: found "{own.term}" under two names; expected it under one'
        if row["kind"] != kind or bool(own.one_is) != (kind == "amount"):
            yield message("other_kind", where=where, row=row, kind=kind, one_is=own.one_is or "not given", name=name)
        if row["against"] not in declared.against:
            yield f'{where}: compared with "{row["against"]}"; expected against = ["{row["against"]}"] declared for it'
