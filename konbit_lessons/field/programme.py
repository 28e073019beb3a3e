"""programme.toml → Programme: what a programme is about, what it calls its own, and which files feed which table.

Everything that differs between programmes stands in that file, so that another programme needs another programme.toml
and no code. It is checked whole before anything is read: each error names the file, the key, what was found, and what
is allowed. ``sections`` has the keys, ``declared`` the columns that come of them and how they fit together.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from glob import escape
from pathlib import Path
from typing import Any

import pandera.pandas as pa
from pydantic import BaseModel, ValidationError

from konbit_lessons import tables
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.field.declared import AMOUNT, EXPECTS, SPENT, declared, missing_words, nearest, problems, types_of
from konbit_lessons.field.messages import message
from konbit_lessons.field.place import content_of, programme_file
from konbit_lessons.field.sections import About, Analysis, Meaningful, Sections, Source, Study, Units
from konbit_lessons.names import quoted
from konbit_lessons.words.label import Label

AUDIENCES = ("shared", "internal")
# an evaluator's own, beside the raw files
CORRECTIONS, LEDGER, ANSWERED = "corrections.csv", "identity_ledger.csv", "set_aside_ledger.csv"
IGNORED = "# rows about organizations and people; what people decided is kept\n/data/*\n!/data/raw/\n/data/raw/*\n"
IGNORED += "".join(f"!/data/raw/{name}\n" for name in (CORRECTIONS, LEDGER, ANSWERED)) + "/reports/\n"  # .gitignore


@dataclass(frozen=True)
class Programme:
    """A checked programme.toml; what it says is an attribute, by the key of [programme] or the name of another section.

    Attributes
    ----------
    path, folder, raw, processed : Path
        The file, the folder that its paths are relative to, and the two data folders.
    said : Sections
        The file as it was checked.
    audience : "shared" or "internal"
        Who reads what is made from it.
    smallest_cell : int
        No figure is about fewer organizations: what programme.toml says for shared reports, 1 for internal ones.
    undone : frozenset of str
        Decisions and corrections that are as if nobody had made them, see ``field.cleaning.record.mark_of``.
    timezone : ZoneInfo
        Of dates in the records.
    calendar : Calendar
        When its year begins, and what its quarters are called.
    name, point_of_contact, currency : str
    simulated : bool
        Whether its data are invented.
    data_cut_on, new_approach_on : date or None
        When the records were pulled; when the way of working changed, None where there is no before and after.
    languages : list of str
        In which it has words for what it declares.
    places : Places or None
        The column that says where an organization is, and its map of tiles.
    incentives, questions, expectations, actions : dict of str to Incentive, Question, Expectation, Action
        By name. An incentive is a column of events, a question one of the survey, an expectation ``expects_<name>`` of
        survey and conversations.
    targets : dict of str to tuple
        Organizations to reach, by type: pairs of from when on and how many.
    analysis : Analysis or None
    study : Study or None
    """

    path: Path
    said: Sections
    audience: str
    smallest_cell: int
    undone: frozenset[str] = frozenset()

    def __getattr__(self, key: str) -> Any:
        if key not in {*About.model_fields, *Sections.model_fields, "calendar"}:
            raise AttributeError(f"a programme has no {key!r}")
        return getattr(self.said if key in Sections.model_fields else self.said.programme, key)

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.path.parent

    @property
    def raw(self) -> Path:
        """The folder of the raw files."""
        return self.folder / self.said.programme.raw

    @property
    def processed(self) -> Path:
        """The folder of the cleaned tables."""
        return self.folder / self.said.programme.processed

    @cached_property
    def types(self) -> dict[str, dict[str, Label]]:
        """Column → level → what it is called, in the order declared."""
        return types_of(self.said)

    @property
    def invitations(self) -> str:
        """Where it is known who was invited: "listed", "everybody" or "count only"."""
        return {True: "everybody", False: "listed"}.get(self.said.invitations.everybody, "count only")

    @property
    def meaningful(self) -> Meaningful:
        """What counts as taking part meaningfully."""
        return self.said.participation.meaningful

    @property
    def sources(self) -> list[Source]:
        """Which files feed which table."""
        return self.said.source

    @property
    def units(self) -> Units | None:
        """How sentences name rows and groups; None where they are invitations, organizations and events."""
        return self.study.units if self.study else None

    @cached_property
    def tables(self) -> dict[str, pa.DataFrameSchema]:
        """The schema of each table: the columns of codebook.toml and those declared."""
        return tables.schemas(declared(self.said), languages=tuple(self.languages), currency=self.currency)

    @property
    def amounts(self) -> dict[str, tuple[str, str]]:
        """Incentive that is an amount → the columns of the rows with what was offered of it, and what was paid."""
        amounts = [name for name, one in self.incentives.items() if one.kind == "amount"]
        return {name: (name + AMOUNT, name + SPENT) for name in amounts}

    @property
    def question(self) -> dict[str, Any]:
        """The programme's question as keyword arguments of :func:`konbit_lessons.predict_participation`."""
        asked = self._asked
        found = {name: list(getattr(asked, name)) for name in ("incentives", "adjust_for", "cluster")}
        found["labels"] = {name: label.text(self.languages[0]) for name, label in self._labels.items()}
        found |= {"outcome": asked.outcome, "smallest_effect": asked.smallest_effect_that_matters}
        if study := self.study:
            found["adjust_for"] += study.strata
            told = {"steps": study.step, "method": study.method, "trials": study.trials, "weights": study.weights}
            found |= {name: one for name, one in told.items() if one and one != "firth"}
            found |= {"drawn_within": study.strata} if study.randomized else {}
            found |= {"exploratory": True} if study.correction != "Holm" else {}
        return found | ({"by": asked.by} if asked.by else {})

    @property
    def options(self) -> dict[str, Any]:
        """What :func:`konbit_lessons.estimate` takes of the question beside its formula and the rows."""
        return {name: one for name, one in self.question.items() if name not in ("outcome", "adjust_for", "labels")}

    @property
    def formula(self) -> str:
        """The programme's question as a formula of statsmodels."""
        asked = self._asked
        named = [*asked.incentives, *self.question["adjust_for"]]
        return asked.formula or f"{quoted(asked.outcome)} ~ {' + '.join(map(quoted, named))}"

    @property
    def _asked(self) -> Analysis | Study:
        if asked := self.study or self.analysis:
            return asked
        raise ProgrammeError(f"{self.path.name}: there is no [analysis]; name the incentives to look at in it.")

    @cached_property
    def _labels(self) -> dict[str, Label]:
        """Label of every column, by its name alone: what the programme says goes before what codebook.toml says."""
        labels = {}
        for schema in reversed(self.tables.values()):
            labels |= {name: one.metadata["label"] for name, one in schema.columns.items()}
        labels |= {name: Label.of(text) for name, text in tables.codebook()["panel"].items()}
        labels |= {f"{EXPECTS}{name}": one.label for name, one in self.expectations.items()}
        labels |= {name: one.label for name, one in (self.actions | self.questions | self.incentives).items()}
        return labels | self.said.labels | (self.study.labels if self.study else {})

    def label(self, term: str) -> Label:
        """What a column, incentive, question, expectation or action is called; itself where it has no label."""
        return self._labels.get(term) or Label.of(term)

    def levels(self, column: str) -> list[str]:
        """The levels of a column in the order declared; none where it has none."""
        return list(self._levels_of(column))

    def level(self, column: str, level: str) -> Label:
        """What a level of a column is called; itself where it is not declared."""
        return self._levels_of(column).get(level) or Label.of(str(level))

    def _levels_of(self, column: str) -> dict[str, Label]:
        if self.study and column in self.study.levels:
            return self.study.levels[column]
        if column in self.types or column in self.questions:
            return self.types[column] if column in self.types else self.questions[column].levels
        found = (one.columns[column].metadata["levels"] for one in self.tables.values() if column in one.columns)
        return next(filter(None, found), {})

    def last_day(self, quarter: str) -> date:
        """The last day of a quarter that the records cover: its end, or the day on which they were pulled before it."""
        end, cut = self.calendar.named(quarter).last_day, self.data_cut_on
        return min(end, cut) if cut else end

    def targets_of(self, quarter: str) -> dict[str, int]:
        """Organizations to reach, by type, as is in force on the last day of a quarter that the records cover."""
        day, since = self.last_day(quarter), self.calendar.since
        each = {name: sorted((since(told), value) for told, value in steps) for name, steps in self.targets.items()}
        return {name: value for name, steps in each.items() for start, value in steps if start <= day}

    def check_language(self, language: str) -> None:
        """Check that everything the programme names has words in a language.

        Raises
        ------
        ProgrammeError
            Some have none, and all are listed; or ``languages`` is written without it.
        """
        about = self.said.programme
        if "languages" in about.model_fields_set and language not in about.languages:
            raise ProgrammeError(message("not_among", file=self.path.name, found=about.languages, language=language))
        if lacking := missing_words(self.said, language):
            raise ProgrammeError("\n".join(f"{self.path.name}, {one}." for one in lacking))

    def files_of(self, source: Source) -> list[Path]:
        """The files of one source, sorted by name.

        Raises
        ------
        ProgrammeError
            A pattern matches no file.
        """
        found = []
        for pattern in source.patterns:
            paths = {path for one in _spellings(pattern) for path in self.raw.glob(one)}
            matches = sorted(path for path in paths if is_raw(path))
            if not matches:
                there = _files_there(self.raw)
                raise ProgrammeError(message("no_file", programme=self, source=source, pattern=pattern, there=there))
            found += matches
        return found

    def forms_of(self, source: Source) -> list[Path]:
        """The files of the form behind a source, one for each version."""
        spelt = [[self.raw / one for one in _spellings(form)] for form in source.forms]
        return [next((path for path in paths if path.is_file()), paths[0]) for paths in spelt]

    def place_of(self, path: Path) -> str:
        """What a file is called below the raw folder, its accents composed."""
        return unicodedata.normalize("NFC", path.relative_to(self.raw).as_posix())

    def places_of(self, source: Source) -> list[str]:
        """What the column ``source`` says of rows of this source: a file below the raw folder, or the database."""
        return [self.place_of(path) for path in self.files_of(source)] or [source.place]

    def input_files(self) -> list[Path]:
        """Every file an analysis of this programme reads, programme.toml first."""
        if self.study:
            return [self.path, self.folder / self.study.table]
        data = [path for source in self.sources for path in self.files_of(source)]
        forms = [form for source in self.sources for form in self.forms_of(source)]
        with_sheets = [path for source in self.sources if source.sheets for path in self.files_of(source)]
        repeats = [one for path in with_sheets for one in path.parent.glob(f"{escape(path.stem)}-*.csv")]
        corrections = [path for path in [self.raw / CORRECTIONS] if path.is_file()]
        return [self.path, *sorted({*data, *repeats, *forms, *corrections})]


def _spellings(name: str) -> list[str]:
    """A name as people type it, and as a Mac may have written it: each accent behind its letter."""
    return [unicodedata.normalize(form, name) for form in ("NFC", "NFD")]


def is_raw(path: Path) -> bool:
    """Whether a file in the folder of raw data is data, not the lock of an open one nor an evaluator's own."""
    return not path.name.startswith("~$") and path.name not in (CORRECTIONS, LEDGER, ANSWERED)


def load(path: str | Path = "programme.toml", *, audience: str = "shared") -> Programme:
    """Read and check a programme.toml.

    Parameters
    ----------
    path : str or Path
        The file; where it is not there, one of that name in a folder above the working directory, or the one that the
        environment variable ``KONBIT_PROGRAMME`` names.
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
    path = programme_file(path)
    said = said_in(path, Sections)
    about = {"languages": tuple(said.programme.languages), "currency": said.programme.currency}
    if wrong := list(dict.fromkeys(problems(said, tables.schemas(declared(said), **about)))):
        raise ProgrammeError("\n".join(f"{path.name}, {one}." for one in wrong))
    return Programme(path, said, audience, said.privacy.smallest_cell if audience == "shared" else 1)


def said_in(path: Path, model: type[BaseModel]) -> Any:
    """What a TOML file says, checked by a model.

    Raises
    ------
    ProgrammeError
        It is missing, is not TOML, or a key is unknown, missing or holds what is not allowed; all are listed.
    """
    content = content_of(path)
    try:
        return model.model_validate(content)
    except ValidationError as error:
        raise ProgrammeError(_explained(error, path.name, content, model)) from error


def _explained(error: ValidationError, file_name: str, content: dict, model: type[BaseModel]) -> str:
    """What is wrong in a file that a model has checked: for each key what was found and what is allowed."""
    lines = []
    for problem in error.errors():
        place, key, found = problem["loc"], _key(problem["loc"], content), problem["input"]
        if problem["type"] == "missing":
            lines.append(f"{file_name}, {key}: this is missing; it is needed.")
        elif problem["type"] == "extra_forbidden":
            lines.append(f'{file_name}, {key}: the key "{place[-1]}" is not known. {_allowed_keys(place, model)}')
        elif problem["type"] == "value_error":
            lines.append(f"{', '.join(filter(None, [file_name, key]))}: {problem['ctx']['error']}.")
        else:
            lines.append(f"{file_name}, {key}: found {found!r}; {problem['msg'][0].lower()}{problem['msg'][1:]}.")
    return "\n".join(dict.fromkeys(lines))


def _key(location: tuple, content: dict) -> str:
    """A place in the file as its reader sees it: ``[[source]] 3 (table "survey"), dates``."""
    parts = [part for part in location if part != "[key]"]
    if len(parts) > 1 and isinstance(parts[1], int):
        named = "folder" if "folder" in content[parts[0]][parts[1]] else "table"
        about = f'({named} "{content[parts[0]][parts[1]].get(named, "?")}")'
        return ", ".join([f"[[{parts[0]}]] {parts[1] + 1} {about}", *(str(part) for part in parts[2:])])
    return ", ".join([f"[{part}]" if at == 0 else str(part) for at, part in enumerate(parts)])


def _allowed_keys(location: tuple, model: Any) -> str:
    for part in location[:-1]:
        field = model.model_fields.get(part) if isinstance(part, str) else None
        kinds = [field.annotation, *getattr(field.annotation, "__args__", ())] if field else [model]
        model = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), model)
    return f"{nearest(str(location[-1]), model.model_fields)}Allowed: {', '.join(model.model_fields)}."


def _files_there(folder: Path) -> str:
    if not folder.is_dir():
        return f"The folder {folder.name} does not exist."
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return f"It holds {', '.join(names[:12])}{' …' if len(names) > 12 else ''}." if names else "It is empty."
