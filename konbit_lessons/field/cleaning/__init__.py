"""Raw files → typed tables, with a log of every change and a list of what was set aside and why.

The recipe: read each source as text, put its columns under the table's names, apply the corrections, convert by the
codebook, find the event and the organization that each row is about, drop what repeats and whoever is named, and work
out who attended. A row that cannot be used is set aside, never dropped in silence: kept + set aside = read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import pandas as pd
import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import corrections, decisions, known, lines, reconciling, versions
from konbit_lessons.field.cleaning.conversion import Conversion
from konbit_lessons.field.cleaning.history import History
from konbit_lessons.field.cleaning.record import LISTS, Record, as_list
from konbit_lessons.field.declared import AMOUNT, EXPECTS
from konbit_lessons.field.messages import message
from konbit_lessons.field.programme import Programme
from konbit_lessons.field.values import as_text, ordered, stacked
from konbit_lessons.kept import told_by


@dataclass(frozen=True)
class Data:
    """A cleaned programme: ``data.organizations``, ``data.events``, … and what cleaning did.

    Attributes
    ----------
    programme : Programme
    tables : mapping of str to DataFrame
        One typed frame per table of the codebook, sorted by its key; empty where no source feeds it.
    lists : mapping of str to DataFrame
        What cleaning wrote down, each an attribute as well: ``cleaning_log``, one row per change in the field's columns
        (``record.LOG``); ``set_aside``, one row per row or value that could not be used (``record.ASIDE``; ``scope``
        says which of the two); ``counts``, rows read, kept and set aside, by file, table and fiscal quarter
        (``record.COUNTS``); ``checks``, lines of the log by file, table, quarter and check (``record.CHECKS``);
        ``arrivals``, days from a fact to its submission, by file, table and quarter (``record.ARRIVALS``);
        ``agreement``, two records of one fact (``reconciling.AGREEMENT``); ``questions``, what only an evaluator can
        answer (``decisions.QUESTIONS``).
    notices : tuple of str
        What a reader assumed or left out.
    """

    programme: Programme
    tables: Mapping[str, pd.DataFrame]
    lists: Mapping[str, pd.DataFrame]
    notices: tuple[str, ...] = ()

    @property
    def quarters(self) -> list[str]:
        """Quarters in which an event was held by the day on which the records were pulled, in order."""
        held, cut = self.events["held_on"], self.programme.data_cut_on
        return sorted(self.programme.calendar.names(held[held <= pd.Timestamp(cut or date.max)]).dropna().unique())

    @property
    def quarter(self) -> str:
        """The last quarter in which an event was held."""
        return self.quarters[-1]

    @cached_property
    def kept_as(self) -> object:
        """What tells it from every other; see :func:`konbit_lessons.kept.kept`."""
        said = self.programme.path.name, repr(self.programme.said), self.programme.smallest_cell
        told = told_by((*said, *(getattr(one, "frames", one) for one in (self.tables, self.lists))))
        return told or object()  # which nothing tells

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name in tables.TABLES:
            return self.tables[name]
        if name in LISTS:
            return self.lists[name]
        raise AttributeError(f"no table {name}; there are {', '.join(tables.TABLES)}")


def clean(programme: Programme) -> Data:
    """Read and clean every source of a programme.

    Parameters
    ----------
    programme : Programme

    Returns
    -------
    Data

    Raises
    ------
    ProgrammeError, SourceError
        A file or a column that programme.toml names is not there, or a file cannot be read.
    DataError
        Organizations, events or invitations are empty: nothing can be said. Or a correction or a decision does not fit
        the data.
    """
    work = _Work(programme)
    for table in _reading_order(programme):
        work.take(table)
    record, counts = work.record, work.record.row_counts(work.cleaned)
    work.attend()
    agreement = pd.concat([pd.DataFrame(columns=list(reconciling.AGREEMENT)), *work.agreement], ignore_index=True)
    codes = as_list(pd.DataFrame(work.codes), decisions.QUESTIONS)
    questions = pd.concat([work.organizations.questions(), work.events.questions(), codes], ignore_index=True)
    done = record.cleaning_log(), record.all_set_aside(), counts, record.check_counts(), record.arrival_counts()
    lists = dict(zip(LISTS, [*done, agreement, questions], strict=True))
    finished = {name: _finished(work.cleaned.get(name), schema) for name, schema in programme.tables.items()}
    data = Data(programme, finished, lists, (*record.notices, *_never_given(programme, record.given)))
    return replace(data, notices=(*data.notices, *_not_in_force_yet(data)))


class _Work:
    """What is cleaned so far: later tables refer to the events and organizations of earlier ones."""

    def __init__(self, programme: Programme) -> None:
        self.programme, self.record = programme, Record()
        self.cleaned, self.agreement, self.codes = {}, [], []
        self.events = self.organizations = None
        self._corrected, self._decided = corrections.load(programme), decisions.load(programme)

    def take(self, table: str) -> None:
        """Read, convert and resolve the rows of one table."""
        schema, record = self.programme.tables[table], self.record
        sources = [source for source in self.programme.sources if source.table == table]
        ways = [Conversion(self.programme, source, schema, record) for source in sources]
        rows = stacked([way.rows(self._corrected, self.cleaned.get("events")) for way in ways])
        rows = versions.that_count(rows, schema, record)
        if any("wave" in source.by_file or source.waves for source in sources):
            given, since = [step for source in sources for step in source.waves], self.programme.calendar.since
            rows = reconciling.with_waves(rows, {since(told): wave for told, wave in given}, record)
        for things in filter(None, (self.events, self.organizations)):
            rows = things.resolve(rows, schema, record)
        if table in lines.KEYS:
            rows, twice, asked = lines.one_each(rows, table, self._decided, record)
            self.codes += asked
        rows = reconciling.once_each(rows, schema, record)
        if table == "survey":
            rows, twice = reconciling.one_answer_each(rows, schema, sources[0].twice, record)
            self.agreement.append(twice)
        elif table == "events":
            self.events = self.organizations.events = known.Events(rows, self._decided, twice)
            rows = self.events.without_the_same(record)
        elif table == "organizations":
            self.organizations = known.Organizations(rows, self._decided, History(rows, twice, sources))
        self.cleaned[table] = rows
        if table in needed(self.programme) and rows.empty:
            _refuse_empty(table, self.programme, record)

    def attend(self) -> None:
        """Who was invited where no list says so, and who came; what was decided wrongly is said together, before."""
        things = filter(None, (self.events, self.organizations))
        if wrong := [*self._decided.twice, *(one for each in things for one in each.wrong)]:
            raise DataError("\n".join(wrong))
        cleaned, record = self.cleaned, self.record
        if "invitations" not in cleaned:
            cleaned["invitations"] = reconciling.invited(self.programme.invitations, cleaned)
        if "sign_in" in cleaned:
            names = self.organizations.signed_open()
            self.organizations.suppose(reconciling.maybe_renamed(cleaned["invitations"], cleaned["sign_in"], names))
            unsure, few = self.organizations.unsure(self.events), self.programme.said.invitations.unplaced_names
            rows = cleaned["invitations"], cleaned["sign_in"], unsure, few, record
            cleaned["invitations"], agreement = reconciling.with_attendance(*rows)
            self.agreement += [agreement] if self.programme.invitations == "listed" else []


def needed(programme: Programme) -> tuple[str, ...]:
    """The tables without which nothing can be said: where no list of invitations is kept, the sign-in sheets."""
    listed = programme.invitations == "listed"
    return tuple(name if listed or name != "invitations" else "sign_in" for name in tables.NEEDED_TABLES)


def _refuse_empty(table: str, programme: Programme, record: Record) -> None:
    files = [place for source in programme.sources if source.table == table for place in programme.places_of(source)]
    aside = record.all_set_aside().query("table == @table and scope == 'row'").itertuples()
    why = (f"Row {one.row} was set aside: {one.reason}." for one in aside)
    why = next(why, "There is a header and nothing under it.")
    raise DataError(message("empty_table", files=", ".join(files), table=table, why=why))


def _reading_order(programme: Programme) -> list[str]:
    """Organizations and events first, since the other tables refer to them."""
    used = {source.table for source in programme.sources}
    if lacking := [table for table in needed(programme) if table not in used]:
        hint = message("everybody") if lacking[0] == "invitations" else ""
        raise DataError(f'{programme.path.name}: no [[source]] feeds the table "{lacking[0]}"; add one{hint}.')
    return [name for name in tables.TABLES if name in used]


def _finished(rows: pd.DataFrame | None, schema: pa.DataFrameSchema) -> pd.DataFrame:
    """The table as it is kept: codebook columns in order, nobody named, sorted, validated."""
    about = {name: column.metadata for name, column in schema.columns.items()}
    keep = [name for name in about if not about[name].get("direct_identifier")]
    if rows is None:  # no source feeds it
        return pd.DataFrame({name: pd.array([], dtype=tables.dtype_of(schema.columns[name])) for name in keep})
    of_record = [name for name in keep if about[name].get("of_record")]
    key = [name for name in schema.metadata["key"] if name not in of_record]
    by = key or sorted(keep, key=lambda name: name in of_record)  # a key has no ties
    rows = as_text(ordered(rows[keep], by)).reset_index(drop=True)
    for name in of_record:  # the id of a record is a direct identifier: its number in the order of the content stands
        rows[name] = pd.array([f"S{number:06d}" for number in range(1, len(rows) + 1)], dtype=tables.TEXT)
    return schema.remove_columns([name for name in about if name not in keep]).validate(rows)


def _not_in_force_yet(data: Data) -> Iterator[str]:
    """A notice for each target from a day on that comes after the last quarter with an event."""
    programme, last = data.programme, [data.programme.last_day(one) for one in data.quarters[-1:]]
    every = [(name, *step) for name, steps in programme.targets.items() for step in steps] if last else []
    for name, since, value in every:
        if (day := programme.calendar.since(since)) > last[0]:
            yield message("target_later", file=programme.path.name, name=name, value=value, day=day, last=last[0])


def _never_given(programme: Programme, given: dict[str, set[str]]) -> Iterator[str]:
    """A notice for each thing that programme.toml declares and no column of a file is for: ``given`` by table."""
    amounts = {name: name + AMOUNT * (one.kind == "amount") for name, one in programme.incentives.items()}
    declared = [("[incentives]", name, column, "events") for name, column in amounts.items()]
    declared += [("[questions]", name, name, "survey") for name in programme.questions]
    declared += [("[expectations]", name, EXPECTS + name, "survey", "conversations") for name in programme.expectations]
    place = programme.places.column if programme.places else ""
    declared += [("[places]", place, place, "organizations")] if place else []
    for section, name, column, *feeds in declared:  # and the tables of which one should have it
        fed = [table for table in feeds if table in given]
        if any(column in given[table] for table in fed):
            continue
        where = f'no file of the table "{fed[0]}" has it' if fed else f'no [[source]] feeds the table "{feeds[0]}"'
        yield message("never_given", file=programme.path.name, section=section, name=name, where=where, column=column)
