"""The sections of a programme.toml, each with its keys, what they may hold, and what they are unless told.

Takes what TOML reads; whether the sections fit one another is looked at in :mod:`konbit_lessons.field.declared`.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PlainValidator, model_validator
from pydantic.types import StringConstraints

from konbit_lessons import tables
from konbit_lessons.field.days import DATE_ORDERS
from konbit_lessons.field.messages import message
from konbit_lessons.field.sources import KINDS
from konbit_lessons.periods import NAMED_BY, Calendar, dated
from konbit_lessons.words import languages
from konbit_lessons.words.label import Label


def _where(allowed: Callable[[str], Any], expected: str) -> AfterValidator:
    """The check of a text, or of each in a list; it says what was found and what is expected."""

    def check(said: str | list[str]) -> str | list[str]:
        if other := [one for one in ([said] if isinstance(said, str) else said) if not allowed(one)]:
            raise ValueError(f'found "{other[0]}"; expected {expected}')
        return said

    return AfterValidator(check)


Filled = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
KEPT = ("struck through", "totals")
TableName = Literal[tables.TABLES]
Text = Annotated[Label, PlainValidator(Label.of)]
A_NAME, A_DAY = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])")
AsWritten = Annotated[str, BeforeValidator(str)]  # as a table has it: also a number
Name = Annotated[str, _where(A_NAME.fullmatch, "a name of small letters, digits and _, such as seeds_voucher")]
Day = Annotated[str, _where(A_DAY.fullmatch, 'a month and a day up to 28, such as "10-01"')]
Zone = Annotated[str, _where(lambda one: one in available_timezones(), 'a time zone such as "Africa/Dakar"')]
Zone = Annotated[Zone, AfterValidator(ZoneInfo)]
Languages = Annotated[list[str], _where(languages().__contains__, f"some of {', '.join(languages())}")]
Rules = Iterator[tuple[Any, str]]  # whether something is wrong, and what is to be said then
Made = Annotated[dict[Filled, Literal["more", "less"]], Field(min_length=2)]
Orders = Annotated[list[str], _where(DATE_ORDERS.__contains__, f"one of {', '.join(DATE_ORDERS)}")]


class _Section(BaseModel, extra="forbid", frozen=True):
    """A section takes no key but its own, and stays as it was read; of each kind ``_rules`` says what is wrong."""

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> "_Section":
        for wrong, why in self._rules():
            if wrong:
                raise ValueError(why)
        return self

    def _rules(self) -> Rules:
        return iter(())


class _Labelled(_Section):
    """A thing of the programme: its label alone, or its label beside what else is to be said of it."""

    label: Text

    @model_validator(mode="before")
    @classmethod
    def _label_alone(cls, said: Any) -> Any:
        return said if isinstance(said, dict) and {*said} & {*cls.model_fields} else {"label": said}


class About(_Section):
    """[programme]: name, contact, calendar, currency, languages and folders."""

    name: Filled
    point_of_contact: Filled
    simulated: bool = False
    started_on: date | None = None
    new_approach_on: date | None = None
    data_cut_on: date | None = None
    timezone: Zone = ZoneInfo("UTC")
    raw: str = "data/raw"
    processed: str = "data/processed"
    languages: Languages = Field(["en"], min_length=1)
    currency: str = ""
    fiscal_year_starts: Day | None = None
    fiscal_year_named_by: Literal[NAMED_BY] = "end"
    paper: Literal["A4", "letter"] = "A4"
    outside: bool = False  # whether raw, processed and files may lie elsewhere than below this file

    def _rules(self) -> Rules:
        other = self.fiscal_year_named_by == "calendar" and self.fiscal_year_starts not in (None, "01-01")
        yield other, message("calendar_starts")

    @property
    def calendar(self) -> Calendar:
        """When the year begins, and what quarters are called."""
        month, day = (int(part) for part in (self.fiscal_year_starts or "10-01").split("-"))
        return Calendar(month, day, self.fiscal_year_named_by)


class Privacy(_Section):
    """[privacy]: how few organizations a shared figure may be about."""

    smallest_cell: int = Field(5, ge=1)


class Meaningful(_Section):
    """What an organization must have done at the least, from the first day on, to take part meaningfully."""

    hours: float = Field(8, ge=0)  # at events
    senior_delegates: int = Field(1, ge=0)  # events to which it sent a director
    contributions: int = Field(0, ge=0)  # pledges that it delivered


class Participation(_Section):
    """[participation]: what counts as taking part meaningfully."""

    meaningful: Meaningful = Meaningful()


class Places(_Section):
    """[places]: the column of organizations that says where, how people write it, and a map of tiles."""

    column: Name
    label: Text = Label.of(tables.codebook()["declared"]["place"])
    tiles: dict[Filled, tuple[int, int]] = {}
    spellings: dict[Filled, list[Filled]] = {}


class Incentive(_Labelled):
    """One of [incentives]: offered at an event or not, or an amount."""

    kind: Literal["yes_no", "amount"] = "yes_no"


class Question(_Labelled):
    """One of [questions] of the survey."""

    statement: Text | None = None  # what was asked, in its own words
    kind: Literal["scale", "yes_no", "choice", "number"] = "scale"
    scale: tuple[int, int] = (1, 5)
    levels: dict[Filled, Text] = {}
    agree_from: int | None = None
    good: Literal["high", "low"] = "high"
    predicts: bool = True
    beside: TableName | Literal[""] = ""
    about: str = ""  # the expectation that it is a belief about
    unit: Text | None = None

    def _rules(self) -> Rules:
        for key, kind in {"scale": "scale", "agree_from": "scale", "levels": "choice"}.items():
            other = key in self.model_fields_set and self.kind != kind
            yield other, f'{key}: found it with kind = "{self.kind}"; it is for kind = "{kind}"'
        (low, high), few = self.scale, self.kind == "choice" and len(self.levels) < 2
        yield few, 'levels: expected two or more of a question of kind = "choice", with their labels'
        yield low >= high, f"scale: found [{low}, {high}]; expected the lower end first, such as [1, 5]"
        yield not low < self.agrees <= high, message("agree_from", found=self.agree_from, low=low, high=high)

    @property
    def agrees(self) -> int:
        """The least point of the scale that says yes: ``agree_from``, or the first above the middle."""
        return self.agree_from if self.agree_from is not None else sum(self.scale) // 2 + 1


class Expectation(_Labelled):
    """One of [expectations]: what partners may expect, and what meets it."""

    met_by: list[Filled] | None = None  # [] is beyond the offer; None is not said


class Action(_Labelled):
    """One of [actions]: a strategic action, and the measure that goes with it."""

    measure: Literal["conversations", "contributions", "leads", "joint", ""] = ""
    events: list[Filled] = []  # kinds, or incentives: those that should bring leads, or that are joint


class Invitations(_Section):
    """[invitations]: who was invited where there is no list."""

    everybody: bool | Literal["count only"] = False
    unplaced_names: int = Field(2, ge=0)  # on a sheet, near nobody; with more, who is not on it is unknown


class Evaluation(_Section):
    """[evaluation]: what the learning report says of itself; each is left out where it is not written."""

    commissioned_by: Text | None = None
    kind: Text | None = None
    carried_out_by: Text | None = None
    limits: Text | None = None
    commented_by: Text | None = None
    consent: Text | None = None


class _Asked(_Section):
    """A question that is asked of rows."""

    incentives: list[Filled] = Field(min_length=1)
    adjust_for: list[Filled] = []
    formula: Filled | None = None
    smallest_effect_that_matters: float = Field(0.10, gt=0, lt=1)
    by: Filled | None = None


class Analysis(_Asked):
    """[analysis]: the question that is asked of the invitations."""

    outcome: ClassVar[str] = "attended"
    cluster: list[Filled] = Field(["organization_id", "event_id"], min_length=1, max_length=2)


class Units(_Section):
    """How the sentences of a study call its rows, its groups and its outcome."""

    row: Text | None = None
    rows: Text | None = None
    group: Text | None = None
    groups: Text | None = None
    outcome: Text | None = None
    unit: Text | None = None  # of an outcome that is a number
    incentive: Text | None = None
    incentives: Text | None = None


class Study(_Asked):
    """[study]: one tidy table that is ready to analyse."""

    title: Text
    table: Filled
    outcome: Filled
    further_outcomes: list[Filled] = []  # in the same unit; their p-values are adjusted over them
    index: dict[Filled, Made] = {}  # outcome that is the mean of others → which, and whether more of each is better
    correction: Literal["Holm", "Benjamini-Hochberg"] = "Holm"  # of p-values, over incentives and further outcomes
    cluster: list[Filled] = Field(min_length=1, max_length=2)
    smallest_effect_that_matters: float | None = Field(None, gt=0)
    method: Literal["firth", "logit", "linear", "poisson", "fractional", "binomial"] = "firth"
    trials: Filled | None = None  # column with how many the outcome is so many of
    weights: Filled | None = None
    strata: list[Filled] = []  # columns within which the incentives were dealt out, each level apart
    randomized: bool = False
    treated: Filled | None = None  # column of those who had what the incentive offers
    reference: dict[str, AsWritten] = {}  # incentive of several kinds → the one that the others are compared with
    yes: dict[str, list[AsWritten]] = {}  # column → its texts that count as yes
    kinds: list[Filled] = []  # columns whose numbers are names
    step: dict[str, Annotated[float, Field(gt=0)]] = {}  # amount → the difference in it that is told of
    # texts for nothing: of all columns, or by column, "*" any
    missing: list[AsWritten] | dict[str, list[AsWritten]] | None = None
    decimal: Literal[".", ","] | None = None
    labels: dict[str, Text] = {}
    levels: dict[str, dict[AsWritten, Text]] = {}  # column → kind as the table has it → its words
    units: Units = Units()

    @property
    def columns(self) -> list[str]:
        """Every column that it names."""
        by_column = [*self.reference, *self.yes, *self.kinds, *self.levels, *self.step, *self.strata]
        by_column += filter(None, [self.by, self.trials, self.weights, self.treated])
        by_column += [one for one in self.missing if one != "*"] if isinstance(self.missing, dict) else []
        by_column += [*self.further_outcomes, *(one for made in self.index.values() for one in made)]
        named = [self.outcome, *self.incentives, *self.adjust_for, *self.cluster, *by_column]
        return [name for name in named if name not in self.index]

    def _rules(self) -> Rules:
        yield (self.method == "binomial") != bool(self.trials), message("trials", found=self.trials)
        large = self.smallest_effect_that_matters and self.smallest_effect_that_matters >= 1 and not self.units.unit
        yield large, "smallest_effect_that_matters: expected a share below 1, such as 0.10 for 10 of 100"
        number = self.units.unit and self.method not in ("linear", "poisson")
        yield number, 'units, unit: it is of an outcome that is a number: write method = "linear" or "poisson"'

    def missing_in(self, column: str) -> list[str] | None:
        """The texts that say nothing in a column; None where that is not declared."""
        return self.missing.get(column, self.missing.get("*")) if isinstance(self.missing, dict) else self.missing


class Source(_Section):
    """One [[source]]: files of one shape, or a query to a database, that feed one table."""

    table: TableName
    files: Filled | list[Filled] = []
    database: Filled | None = None
    query: Filled | None = None
    kind: Literal[tuple(KINDS)] | None = None
    form: Filled | list[Filled] = []
    sheets: list[Filled] | None = None
    columns: dict[str, Filled | Annotated[list[Filled], Field(min_length=1)]] = {}  # several: a name in parts, days
    several: dict[str, Annotated[str, Field(min_length=1)]] = {}  # what stands between the names in one cell
    keep: list[Literal[KEPT]] = []  # rows that are set aside unless told
    dates: Orders = []
    decimal: Literal[".", ","] = "."
    levels: dict[str, dict[str, str]] = {}
    missing: dict[str, list[str]] = {}
    blank: dict[str, str] = {}
    set: dict[str, str | int | float | bool | date] = {}
    by_file: dict[str, dict[str, str | int]] = {}
    waves: Annotated[tuple, BeforeValidator(dated)] = ()  # of the survey, by the day; where nothing else says it
    twice: Literal["all", "latest", "first", "ask"] = "all"
    options: dict[str, list[Filled]] = {}
    name: Filled | None = None
    rejected_count: bool = False  # what a reviewer rejected on the server

    def _rules(self) -> Rules:
        yield bool(self.files) == bool(self.database), message("files_or_database")
        yield self.database and not self.query, "there is a database and no query: say which rows to take from it"
        yield self.waves and (self.table != "survey" or None not in dict(self.waves)), message("waves", of=self)

    @property
    def patterns(self) -> list[str]:
        """The patterns of its files."""
        return [self.files] if isinstance(self.files, str) else self.files

    @property
    def forms(self) -> list[str]:
        """The files of its form, one for each version."""
        return [self.form] if isinstance(self.form, str) else self.form

    @property
    def place(self) -> str:
        """Where the rows come from, as people read it: of a database no more than its kind, which hides no secret."""
        database = self.database or ""
        kind, is_url, _ = database.partition("://")
        shown = f"{kind}: {self.table}" if is_url else Path(database).name
        return self.name or shown or ", ".join(self.patterns)

    @property
    def parts(self) -> dict[str, list[str]]:
        """Column → its headers in the file."""
        return {name: [said] if isinstance(said, str) else said for name, said in self.columns.items()}

    @property
    def headers(self) -> dict[str, str]:
        """Column → its header in the file; of several, joined as they are read."""
        return {name: " + ".join(said) for name, said in self.parts.items()}

    @property
    def expected(self) -> tuple[str, ...]:
        """The headers that a file must have."""
        return tuple(one for said in self.parts.values() for one in said if not one.startswith("@"))

    def constants(self, file_name: str) -> dict[str, str]:
        """Values this source gives to every row of a file: ``set``, then what ``by_file`` says of its name."""
        known = {column: str(value) for column, value in self.set.items()}
        named = ((column, *one) for column, by_file in self.by_file.items() for one in reversed(by_file.items()))
        return known | {column: str(value) for column, pattern, value in named if fnmatch(file_name, pattern)}

    def gives(self, column: str) -> bool:
        """Whether a column of the table is named here, by itself or with ``*``."""
        return any(fnmatch(column, one) for one in (*self.columns, *self.set, *self.by_file))


class Sections(_Section):
    """A whole programme.toml."""

    programme: About
    targets: dict[str, Annotated[tuple, BeforeValidator(dated)]] = {}
    privacy: Privacy = Privacy()
    participation: Participation = Participation()
    types: dict[Name, dict[Filled, Text]] = {}
    places: Places | None = None
    incentives: dict[Name, Incentive] = {}
    questions: dict[Name, Question] = {}
    expectations: dict[Name, Expectation] = {}
    actions: dict[Filled, Action] = {}
    invitations: Invitations = Invitations()
    evaluation: Evaluation = Evaluation()
    analysis: Analysis | None = None
    labels: dict[str, Text] = {}
    study: Study | None = None
    source: list[Source] = []

    def _rules(self) -> Rules:
        two, none = self.study and (self.source or self.analysis), not self.study and not self.source
        yield two, "[study] is for one tidy table: take out [analysis] and [[source]], or [study]"
        yield none, message("nothing_to_read")
        found = ", ".join(sorted({one.twice for one in self.source if one.table == "survey"}))
        yield "," in found, f"twice: found {found}; expected one rule in every [[source]] of the survey"
        elsewhere = any(one.twice != "all" and one.table != "survey" for one in self.source)
        yield elsewhere, 'twice: it is a rule for the table "survey" only; take it out elsewhere'
