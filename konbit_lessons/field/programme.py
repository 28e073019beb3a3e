"""programme.toml → Programme: which files feed which table and how, the targets, the question and the contact.

Everything that differs between programmes stands in that file, so that another programme needs another programme.toml
and no code. It is checked whole before anything is read: each error names the file, the key, what was found, and what
is allowed.
"""

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from fnmatch import fnmatch
from glob import escape
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from konbit_lessons import tables
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.field.sources import KINDS
from konbit_lessons.field.values import DATE_ORDERS

Filled = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
TableName = Literal[tuple(tables.TABLES)]
Kind = Literal[tuple(KINDS)]
Expectation = Literal[tuple(tables.EXPECTATIONS)]

AUDIENCES = ("shared", "internal")
CORRECTIONS, LEDGER = "corrections.csv", "identity_ledger.csv"  # an evaluator's own, beside the raw files


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class About(_Section):
    name: Filled
    point_of_contact: Filled
    simulated: bool = False
    started_on: date | None = None
    new_approach_on: date | None = None
    data_cut_on: date | None = None
    timezone: str = "UTC"
    raw: str = "data/raw"
    processed: str = "data/processed"

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError(f'found "{name}"; expected a time zone such as "America/Port-au-Prince"')
        return name


class Privacy(_Section):
    smallest_cell: int = Field(5, ge=1)


class Meaningful(_Section):
    """What an organization must have done at the least, from the first day on, to take part meaningfully."""

    hours: float = Field(8, ge=0)  # at events
    senior_delegates: int = Field(1, ge=0)  # events to which it sent a director
    contributions: int = Field(0, ge=0)  # pledges that it delivered


class Participation(_Section):
    meaningful: Meaningful = Meaningful()


class Analysis(_Section):
    incentives: list[Filled] = Field(min_length=1)
    adjust_for: list[Filled] = []
    cluster: list[Filled] = Field(["organization_id", "event_id"], min_length=1, max_length=2)
    by: Filled | None = None
    smallest_effect_that_matters: float = Field(0.10, gt=0, lt=1)


class Units(_Section):
    """How the sentences of a study call its rows, its groups and its outcome."""

    row: Filled = "row"
    rows: Filled = "rows"
    group: Filled = "group"
    groups: Filled = "groups"
    outcome: Filled | None = None


class Study(_Section):
    """One tidy table that is ready to analyse."""

    title: Filled
    table: Filled
    outcome: Filled
    incentives: list[Filled] = Field(min_length=1)
    adjust_for: list[Filled] = []
    cluster: list[Filled] = Field(min_length=1, max_length=2)
    labels: dict[str, Filled] = {}
    units: Units = Units()
    smallest_effect_that_matters: float = Field(0.10, gt=0, lt=1)


class Source(_Section):
    """One [[source]] of programme.toml: files of one shape, or a query to a database, that feed one table."""

    table: TableName
    files: Filled | list[Filled] = []
    database: Filled | None = None
    query: Filled | None = None
    kind: Kind | None = None
    form: Filled | None = None
    sheets: list[Filled] | None = None
    columns: dict[str, Filled] = {}
    dates: list[str] = []
    decimal: Literal[".", ","] = "."
    levels: dict[str, dict[str, str]] = {}
    missing: dict[str, list[str]] = {}
    blank: dict[str, str] = {}
    set: dict[str, str | int | float | bool | date] = {}
    by_file: dict[str, dict[str, str | int]] = {}
    twice: Literal["all", "latest", "first", "mean", "ask"] = "all"
    options: dict[str, list[Filled]] = {}

    @field_validator("dates")
    @classmethod
    def _known_orders(cls, orders: list[str]) -> list[str]:
        for order in orders:
            if order not in DATE_ORDERS:
                raise ValueError(f'found "{order}"; expected one of {", ".join(DATE_ORDERS)}')
        return orders

    @model_validator(mode="after")
    def _one_place(self) -> "Source":
        if bool(self.files) == bool(self.database):
            raise ValueError("expected either files or database: say where the rows come from")
        if self.database and not self.query:
            raise ValueError("there is a database and no query: say which rows to take from it")
        return self

    @property
    def patterns(self) -> list[str]:
        return [self.files] if isinstance(self.files, str) else self.files

    @property
    def place(self) -> str:
        """Where the rows come from, as people read it: without what a database's URL says of its user."""
        return re.sub("://[^/]*@", "://", self.database) if self.database else ", ".join(self.patterns)

    def constants(self, file_name: str) -> dict[str, str]:
        """Values this source gives to every row of a file: ``set``, then what ``by_file`` says of its name."""
        constants = {column: str(value) for column, value in self.set.items()}
        for column, by_pattern in self.by_file.items():
            matching = [str(value) for pattern, value in by_pattern.items() if fnmatch(file_name, pattern)]
            constants |= dict(zip([column], matching, strict=False))
        return constants


class _File(_Section):
    programme: About
    targets: dict[str, Annotated[int, Field(ge=0)]] = {}
    privacy: Privacy = Privacy()
    participation: Participation = Participation()
    offers: dict[Expectation, list[Filled]] = {}
    analysis: Analysis | None = None
    incentives: dict[str, Filled] = {}
    labels: dict[str, Filled] = {}
    study: Study | None = None
    source: list[Source] = []

    @model_validator(mode="after")
    def _one_kind_of_programme(self) -> "_File":
        if self.study and (self.source or self.analysis):
            raise ValueError("[study] is for one tidy table: take out [analysis] and [[source]], or [study]")
        if not self.study and not self.source:
            raise ValueError("there is neither a [[source]] nor a [study]: say which files feed which table")
        rules = {one.twice for one in self.source if one.table == "survey"}
        if len(rules) > 1:
            raise ValueError(
                f"twice: found {', '.join(sorted(rules))}; expected one rule in every [[source]] of the survey"
            )
        if any(one.twice != "all" and one.table != "survey" for one in self.source):
            raise ValueError('twice: it is a rule for the table "survey" only; take it out elsewhere')
        return self


@dataclass(frozen=True)
class Programme:
    """A checked programme.toml.

    Attributes
    ----------
    path, folder, raw, processed : Path
        The file, the folder that its paths are relative to, and the two data folders.
    about : About
        Name, contact, calendar.
    targets : dict of str to int
        Organizations to reach, by type.
    audience : "shared" or "internal"
        Who reads what is made from it.
    smallest_cell : int
        No figure is about fewer organizations: what programme.toml says for shared reports, 1 for internal ones.
    analysis : Analysis or None
    study : Study or None
    sources : tuple of Source
    incentives : dict of str to str
        Yes/no incentives of this programme beyond those every programme knows: column → label.
    labels : dict of str to str
        Label of every column an analysis can name.
    meaningful : Meaningful
        What counts as taking part meaningfully.
    offers : dict of str to list of str
        What meets an expectation: kinds of events, and incentives offered at events. Nothing is beyond the project.
    """

    path: Path
    about: About
    targets: dict[str, int]
    smallest_cell: int
    analysis: Analysis | None
    study: Study | None
    sources: tuple[Source, ...]
    incentives: dict[str, str]
    labels: dict[str, str]
    meaningful: Meaningful
    offers: dict[str, list[str]]
    audience: str = "shared"

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def raw(self) -> Path:
        return self.folder / self.about.raw

    @property
    def processed(self) -> Path:
        return self.folder / self.about.processed

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def simulated(self) -> bool:
        return self.about.simulated

    @property
    def point_of_contact(self) -> str:
        return self.about.point_of_contact

    @property
    def data_cut_on(self) -> date | None:
        return self.about.data_cut_on

    @property
    def timezone(self) -> ZoneInfo:
        return ZoneInfo(self.about.timezone)

    @property
    def units(self) -> Units | None:
        """How sentences name rows and groups; None where they are invitations, organizations and events."""
        return self.study.units if self.study else None

    @property
    def question(self) -> dict[str, Any]:
        """The programme's question as keyword arguments of :func:`konbit_lessons.predict_participation`."""
        asked = self.study or self.analysis
        if asked is None:
            raise ProgrammeError(f"{self.path.name}: there is no [analysis]; name the incentives to look at in it.")
        by = {"by": self.analysis.by} if self.analysis and self.analysis.by else {}
        return by | {
            "outcome": self.study.outcome if self.study else "attended",
            "incentives": list(asked.incentives),
            "adjust_for": list(asked.adjust_for),
            "cluster": list(asked.cluster),
            "labels": self.labels,
            "smallest_effect": asked.smallest_effect_that_matters,
        }

    def files_of(self, source: Source) -> list[Path]:
        """The files of one source, sorted by name.

        Raises
        ------
        ProgrammeError
            A pattern matches no file.
        """
        found = []
        for pattern in source.patterns:
            matches = sorted(path for path in self.raw.glob(pattern) if is_raw(path))
            if not matches:
                raise ProgrammeError(
                    f'{self.path.name}, [[source]] of table "{source.table}": no file matches "{pattern}" '
                    f"in {self.about.raw}. {_files_there(self.raw)} Put the file there, or correct files."
                )
            found += matches
        return found

    def places_of(self, source: Source) -> list[str]:
        """What the column ``source`` says of rows of this source: a file below the raw folder, or the database."""
        files = [path.relative_to(self.raw).as_posix() for path in self.files_of(source)]
        return files or [source.place]

    def input_files(self) -> list[Path]:
        """Every file an analysis of this programme reads, programme.toml first."""
        if self.study:
            return [self.path, self.folder / self.study.table]
        data = [path for source in self.sources for path in self.files_of(source)]
        forms = [self.raw / source.form for source in self.sources if source.form]
        with_sheets = [path for source in self.sources if source.sheets for path in self.files_of(source)]
        repeats = [one for path in with_sheets for one in path.parent.glob(f"{escape(path.stem)}-*.csv")]
        corrections = [path for path in [self.raw / CORRECTIONS] if path.is_file()]
        return [self.path, *sorted({*data, *repeats, *forms, *corrections})]


def is_raw(path: Path) -> bool:
    """Whether a file in the folder of raw data is data, not the lock of an open one nor an evaluator's own."""
    return not path.name.startswith("~$") and path.name not in (CORRECTIONS, LEDGER)


def load(path: str | Path = "programme.toml", *, audience: str = "shared") -> Programme:
    """Read and check a programme.toml.

    Parameters
    ----------
    path : str or Path
        The file.
    audience : "shared" or "internal"
        Who will read what is made from it. Shared figures are about no fewer organizations than
        ``privacy.smallest_cell``; internal ones may be about each.

    Raises
    ------
    ProgrammeError
        The audience is another; the file is missing, is not TOML, or a key is unknown, missing or holds what is not
        allowed; all are listed.
    """
    if audience not in AUDIENCES:
        raise ProgrammeError(f"audience: found {audience!r}; expected {' or '.join(AUDIENCES)}.")
    path = Path(path).resolve()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise ProgrammeError(
            f"{path.name}: there is no such file in {path.parent.name or path.parent}. "
            "Give the path with --programme, or start with `konbit example`."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProgrammeError(f"{path.name}: this is not TOML: {error}. Correct that line.") from error
    try:
        checked = _File.model_validate(content)
    except ValidationError as error:
        raise ProgrammeError(_explain(error, path.name, content)) from error
    _check_columns(checked, path.name)
    return Programme(
        path=path,
        about=checked.programme,
        targets=checked.targets,
        audience=audience,
        smallest_cell=checked.privacy.smallest_cell if audience == "shared" else 1,
        analysis=checked.analysis,
        study=checked.study,
        sources=tuple(checked.source),
        incentives=checked.incentives,
        labels=tables.LABELS | checked.incentives | checked.labels | (checked.study.labels if checked.study else {}),
        meaningful=checked.participation.meaningful,
        offers=checked.offers,
    )


def _check_columns(checked: _File, file_name: str) -> None:
    """Every column that is named must be one, so that a slip of the pen is found before any data is read."""
    for key in ("incentives", "adjust_for", "cluster", "by") if checked.analysis else ():
        known = tables.analysable(checked.incentives)
        named = getattr(checked.analysis, key) or []
        for name in [named] if isinstance(named, str) else named:
            if name not in known:
                raise ProgrammeError(
                    f'{file_name}, [analysis], {key}: found "{name}", which is nothing known of an invitation. '
                    f"{_nearest(name, known)}Allowed: {', '.join(known)}; a yes/no column of your own in the table "
                    "of events is made known under [incentives]."
                )
    known = [*tables.EVENT_TYPES, "per_diem", *tables.OFFERED, *checked.incentives]
    for what, named in checked.offers.items():
        if other := [name for name in named if name not in known]:
            raise ProgrammeError(
                f'{file_name}, [offers], {what}: found "{other[0]}", which is no kind of event and no incentive of an '
                f"event. {_nearest(other[0], known)}Allowed: {', '.join(known)}."
            )
    for source in checked.source:
        known = list(tables.schema(source.table, checked.incentives).columns)
        for key in ("columns", "levels", "missing", "blank", "set", "by_file"):
            for column in getattr(source, key):
                if column != "*" and not any(fnmatch(name, column) for name in known):
                    raise ProgrammeError(
                        f'{file_name}, [[source]] of table "{source.table}", {key}: '
                        f'found "{column}", which is no column of that table. '
                        f"{_nearest(column, known)}Allowed: {', '.join(known)}."
                    )


def _explain(error: ValidationError, file_name: str, content: dict) -> str:
    lines = []
    for problem in error.errors():
        where = [str(part) for part in problem["loc"] if not str(part).startswith("function-")]
        key = _key(problem["loc"], content)
        found = problem["input"]
        if problem["type"] == "missing":
            lines.append(f"{file_name}, {key}: this is missing; it is needed.")
        elif problem["type"] == "extra_forbidden":
            lines.append(f'{file_name}, {key}: the key "{where[-1]}" is not known. {_allowed_keys(problem["loc"])}')
        elif problem["type"] == "value_error":
            lines.append(f"{', '.join(filter(None, [file_name, key]))}: {problem['ctx']['error']}.")
        else:
            lines.append(f"{file_name}, {key}: found {found!r}; {problem['msg'][0].lower()}{problem['msg'][1:]}.")
    return "\n".join(dict.fromkeys(lines))


def _key(location: tuple, content: dict) -> str:
    """A place in the file as its reader sees it: ``[[source]] 3 (table "survey"), dates``."""
    parts = list(location)
    if parts[:1] == ["source"] and len(parts) > 1:
        table = content["source"][parts[1]].get("table", "?")
        return ", ".join([f'[[source]] {parts[1] + 1} (table "{table}")', *(str(part) for part in parts[2:])])
    return ", ".join([f"[{part}]" if at == 0 else str(part) for at, part in enumerate(parts)])


def _allowed_keys(location: tuple) -> str:
    model: Any = _File
    for part in location[:-1]:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else [model]
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    known = list(model.model_fields)
    return f"{_nearest(str(location[-1]), known)}Allowed: {', '.join(known)}."


def _nearest(found: str, known: list[str]) -> str:
    near = get_close_matches(found, known, n=1)
    return f'Did you mean "{near[0]}"? ' if near else ""


def _files_there(folder: Path) -> str:
    if not folder.is_dir():
        return f"The folder {folder.name} does not exist."
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return f"It holds {', '.join(names[:12])}{' …' if len(names) > 12 else ''}." if names else "It is empty."
