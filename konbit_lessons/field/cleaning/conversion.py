"""One [[source]] → typed rows by the codebook, each with the place it comes from.

Its files are read as text under the table's column names; what does not convert is set aside, value by value or as a
row.
"""

import re
import unicodedata
from collections.abc import Iterator
from fnmatch import filter as matching
from math import inf
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.errors import ProgrammeError, SourceError
from konbit_lessons.field import values as by_codebook
from konbit_lessons.field.cleaning import by_hand, versions
from konbit_lessons.field.cleaning.corrections import corrected
from konbit_lessons.field.cleaning.record import ROW, TYPED, WHEN, Record
from konbit_lessons.field.days import Writing, alike, half_turned
from konbit_lessons.field.declared import nearest
from konbit_lessons.field.messages import message
from konbit_lessons.field.programme import Programme, Source
from konbit_lessons.field.sources import Raw, read
from konbit_lessons.field.values import as_text, constant, counted, encoded, kept, looked_up, nothing, stacked, way_out

SUBMITTED = tables.codebook()["submitted"]  # where an exporter says when a row was submitted
ABOVE = "@above"  # what a blank cell stands for, where cells were merged over rows
FILLED_IN = ("end", "today", "start")  # when a form was filled in, by the device's clock; the first there is counts


class Conversion:
    """The way of one source from files to typed rows.

    Parameters
    ----------
    programme : Programme
    source : Source
    schema : DataFrameSchema
        Of the table it feeds.
    record : Record
    """

    def __init__(self, programme: Programme, source: Source, schema: pa.DataFrameSchema, record: Record) -> None:
        self.programme, self.source, self.schema, self.record = programme, source, schema, record

    def rows(self, corrections: pd.DataFrame, events: pd.DataFrame | None) -> pd.DataFrame:
        """Typed rows, with the place and the quarter of each.

        Parameters
        ----------
        corrections : DataFrame
            Every line of ``corrections.csv``.
        events : DataFrame, optional
            Cleaned; they say the quarter of a row that has no day of its own.
        """
        text = self._read()
        text[WHEN] = self._quarters(text, events)
        lines = corrections[corrections["source"].isin(self.programme.places_of(self.source))]
        text, removed, blanked = corrected(text, lines, self)
        if len(lines):  # a day may be another now
            text[WHEN] = self._quarters(text, events)
        read = counted(text[["source", "_kind", WHEN]], "rows").assign(table=self.schema.name)
        same = {"_kind": "", "table": self.schema.name, WHEN: "", "rows": 0}  # of a header and nothing under it
        empty = sorted({*self.programme.places_of(self.source)} - {*read["source"]})
        self.record.read += [read, pd.DataFrame({"source": empty} | same)] if empty else [read]
        text = versions.readable(kept(text, ~removed), self.schema, self.record)
        text = by_hand.set_apart(text, self.schema.name, self.record)
        text = by_hand.with_marks(text, self.source, self.schema.name, self.record)
        self._note_arrivals(text)
        beside = [name for name in text if name.startswith((versions.ID, versions.REVIEW, versions.EDITS))]
        values, wrong = text[[*ROW, "record_id", WHEN, *beside]].copy(deep=False), {}
        values[versions.CAME] = self._days(text, "_submitted") if "_submitted" in text else pd.NaT
        for name in self.schema.columns:
            values[name], wrong[name] = self._column(text, name, blanked.get(name))
            if self.schema.name == "survey" and name == tables.day_of(self.schema):  # its hour tells which is later
                values[TYPED + name] = text[name] if name in text else nothing(text)
        values = self._with_what_is_needed(self._within_checks(values, text), text, wrong)
        self._note_after_cut(values)
        return values

    def _note_after_cut(self, values: pd.DataFrame) -> None:
        """A notice for each file with rows about days after the one on which the records were pulled."""
        day, cut = tables.day_of(self.schema), self.programme.data_cut_on
        after = values[values[day] > pd.Timestamp(cut)] if day and cut else values[:0]
        for source, rows in after.groupby("source", observed=True):
            first = f"{rows['row'].iloc[0]} ({rows[day].iloc[0]:%Y-%m-%d})"
            told = f"{len(rows)} rows with {day} after {cut}, the first in row {first}; no report tells of them"
            self.record.notices.append(f"{source}: {told}. Correct the day, or data_cut_on")

    def _read(self) -> pd.DataFrame:
        """The rows as text, each with its id."""
        text, notices = read_source(self.programme, self.source, self.schema)
        self.record.notices += notices
        self.record.given.setdefault(self.schema.name, set()).update(text)
        key, about = self.schema.metadata["key"], self.schema.columns
        of_record = [name for name in about if about[name].metadata.get("of_record") and name in text]
        filled = {name: _above(text[name], text) for name, means in self.source.blank.items() if means == ABOVE}
        blank = {name: text[name].isna() & cells.notna() for name, cells in filled.items()}
        text = text.assign(**filled)
        text["_raw_id"] = text[[*of_record, *key][0]] if len(key) == 1 else nothing(text)
        text["record_id"] = text["_raw_id"] if len(key) == 1 and not of_record else self._ids(text, of_record)
        for name, found in blank.items():
            about = {"check": "blank cell", "reason": message("blank_is_above")}
            self.record.changed(text[found], self.schema.name, name, "", text[name], **about)
        return text

    def _ids(self, text: pd.DataFrame, of_record: list[str]) -> pd.Series:
        """A number for each record without a code, of what tells it apart: whom it is about, and when; names no one."""
        about = [name for name, one in self.schema.columns.items() if one.metadata.get("refers_to")]
        told = of_record or [*self.schema.metadata["key"], *about, tables.day_of(self.schema)]
        ids = pd.util.hash_pandas_object(text[[name for name in dict.fromkeys(told) if name in text]], index=False)
        alike = ids.groupby([text["source"], ids]).cumcount()  # in their order
        return (ids + alike.astype("uint64")).astype("UInt64")

    def _quarters(self, text: pd.DataFrame, events: pd.DataFrame | None) -> pd.Series:
        """Fiscal quarter of each row's own day, or of its event; "" where there is none."""
        day, calendar = tables.day_of(self.schema), self.programme.calendar
        quarters = pd.Series("", index=text.index, dtype="str")
        if day in text:
            quarters = calendar.names(self._days(text, day))
        elif events is not None and "event_id" in text:
            held = dict(zip(events["event_id"], calendar.names(events["held_on"]), strict=True))
            quarters = looked_up(text["event_id"], held, "str")
        elif self.schema.name == "learning" and "quarter" in text:
            quarters = text["quarter"].astype("str")
        return encoded(quarters.fillna(""))

    def _note_arrivals(self, text: pd.DataFrame) -> None:
        """Days between a fact and its submission, where the export tells both; before the first nobody asked."""
        day = tables.day_of(self.schema)
        of_day = "_filled_in" if self.source.columns.get(day) in SUBMITTED.values() else day
        if "_submitted" in text and of_day in text:
            came, was = self._days(text, "_submitted"), self._days(text, of_day)
            places = as_text(text[["source", WHEN]]).assign(table=self.schema.name, days=(came - was).dt.days)
            self.record.arrivals.append(places[was >= came.min()])

    def _days(self, text: pd.DataFrame, name: str) -> pd.Series:
        return by_codebook.convert(text[name], {"kind": "day"}, self._writing(name), "datetime64[us]")[0]

    def _writing(self, name: str) -> Writing:
        source, timezone = self.source, self.programme.timezone
        in_utc = name == "_submitted" or source.columns.get(name) == "_submission_time"
        levels, languages = source.levels.get(name, {}), tuple(self.programme.languages)
        return Writing(tuple(source.dates), source.decimal, levels, timezone, in_utc, languages)

    def meaning(self, name: str, texts: list[str]) -> list:
        """What texts of a column mean: the text itself where it has no other meaning."""
        cells, dtype = pd.Series(texts, dtype="str"), tables.dtype_of(self.schema.columns[name])
        values, _ = by_codebook.convert(cells, self.schema.columns[name].metadata, self._writing(name), dtype)
        return values.astype("object").where(values.notna(), cells).tolist()

    def _column(self, text: pd.DataFrame, name: str, blanked: pd.Series | None) -> tuple[pd.Series, pd.Series]:
        """Typed values of one column, and for the texts that did not convert, why."""
        about, dtype = self.schema.columns[name], tables.dtype_of(self.schema.columns[name])
        dtype = "category" if dtype == tables.TEXT else dtype  # while cleaning
        if name not in text:
            none = nothing(text) if dtype == "category" else pd.Series(pd.NA, index=text.index, dtype=dtype)
            return none, pd.Series(dtype="str")
        cells = self._with_blanks(text, name, blanked)
        values, wrong = by_codebook.convert(cells, about.metadata, self._writing(name), dtype)
        most = tables.is_day(about) and 2 * len(wrong) > cells.notna().sum() > 2
        order = "correct the order, dates, in its [[source]], or " if most else ""
        ways = cells[wrong.index].astype("str").map(lambda one: way_out(one, name))
        wrong += f"; or {order}say what it means: " + ways
        of_value = {"scope": "value", "check": "conversion", "reason": wrong}
        self.record.set_aside(text.loc[wrong.index], self.schema.name, name, cells, **of_value)
        if tables.is_day(about):
            self._note_several_days(text, name, cells, values)
        return values, wrong

    def _note_several_days(self, text: pd.DataFrame, name: str, cells: pd.Series, values: pd.Series) -> None:
        """A line of the log for each cell of several days, of which one is taken."""
        several = by_codebook.of_several_days(cells, self._writing(name)).fillna(False)
        which = "last" if self.schema.columns[name].metadata.get("ends") else "first"
        about = {"check": "several days", "reason": f"several days stand in the cell: the {which} is taken"}
        self.record.changed(text[several], self.schema.name, name, cells, values.dt.strftime("%Y-%m-%d"), **about)

    def _with_blanks(self, text: pd.DataFrame, name: str, blanked: pd.Series | None) -> pd.Series:
        """Cells of a column: codes for no answer are blank, and blank cells are what they mean in this source."""
        cells, table = text[name], self.schema.name
        missing, coded = self.source.missing, self.schema.columns[name].metadata["coded"]
        codes = missing.get(name, missing.get("*", []) if coded else [])
        # .0 as programs write a column of numbers with blanks
        found = [one for one in cells.cat.categories if one.strip().removesuffix(".0") in codes or one.strip() in codes]
        blank = cells.isna() if blanked is None else cells.isna() & ~blanked
        if found:
            coded, reason = cells.isin(found), "programme.toml says this code means no answer"
            about = {"change_type": "blank_response", "check": "missing code", "reason": reason}
            self.record.changed(text[coded], table, name, cells, "", **about)
            cells = cells.mask(coded)
        if (meaning := self.source.blank.get(name, ABOVE)) != ABOVE and blank.any():
            reason = f'programme.toml says a blank cell means "{meaning}"'
            self.record.changed_alike(text[blank], table, name, "", {"": meaning}, check="blank cell", reason=reason)
            cells = encoded(cells.astype(tables.TEXT).mask(blank, meaning))
        return cells

    def _within_checks(self, values: pd.DataFrame, text: pd.DataFrame) -> pd.DataFrame:
        """Blank the values that the codebook's checks refuse (a negative amount, a day before another), and say so."""
        for name, column in self.schema.columns.items():
            refused = []
            for check in column.checks if name in text and not column.metadata["levels"] else ():
                least, most = (check.statistics.get(limit) for limit in ("min_value", "max_value"))
                outside = ~values[name].between(least, inf if most is None else most).fillna(True).astype("bool")
                reason = f"expected {least} or more" if most is None else f"expected {least} to {most}"
                refused.append((outside, reason))
            if (since := column.metadata.get("after")) and name in text:
                refused.append((values[name] < values[since], f"it is before {since}; correct the one that is wrong"))
            for these, reason in refused:
                about = {"scope": "value", "check": "codebook", "reason": reason}
                self.record.set_aside(values[these], self.schema.name, name, text[name], **about)
                values = values.assign(**{name: values[name].mask(these)})
        return values

    def _with_what_is_needed(self, values: pd.DataFrame, text: pd.DataFrame, wrong: dict) -> pd.DataFrame:
        """Set aside the rows that lack a value without which they say nothing."""
        for name in [name for name, column in self.schema.columns.items() if not column.nullable]:
            lacking = values[values[name].isna()]
            written = text[name].astype("str").fillna("") if name in text else ""
            why = ("; " + wrong[name].reindex(lacking.index)).fillna("")
            if self.schema.columns[name].metadata.get("refers_to") and name in text:
                below = text[name].isna() & _above(text[name], text).notna()
                why = why.mask(below.reindex(lacking.index), message("blank_below", column=name))
            about = {"check": "needed value", "reason": f"the row cannot be used without {name}" + why}
            self.record.set_aside(lacking, self.schema.name, name, written, **about)
            if self.schema.name == "sign_in" and name == "event_id":
                self.record.eventless.append(as_text(lacking).dropna(subset="organization_id"))
            values = kept(values, values[name].notna())
        return values


def _above(cells: pd.Series, rows: pd.DataFrame) -> pd.Series:
    """Cells of a column, a blank one filled with what stands above it on its sheet."""
    return cells.groupby([rows["source"], rows["sheet"]], observed=True, sort=False).ffill()


def read_source(programme: Programme, source: Source, schema: pa.DataFrameSchema) -> tuple[pd.DataFrame, list[str]]:
    """Read the files of a source and put their columns under the names of the table.

    Parameters
    ----------
    programme : Programme
    source : Source
    schema : DataFrameSchema
        Of the table that the source feeds.

    Returns
    -------
    rows : DataFrame of category
        :data:`~konbit_lessons.field.cleaning.record.ROW`, ``_kind`` of export, ``_submitted`` and ``_filled_in`` where
        the export says so, then the table's columns that the source has.
    notices : list of str

    Raises
    ------
    ProgrammeError
        No file matches, or no form.
    SourceError
        A file cannot be read, or a column that programme.toml names is not in it.
    """
    parts, notices = [], []
    for name, raw in _raws(programme, source, source.expected or tuple(schema.columns)):
        notices += [f"{name}: {notice}" for notice in raw.notices]
        parts += [_part(raw, table, name, source, schema, notices) for table in _wanted(raw, source, name)]
    rows = stacked(parts)
    order = {column: at for at, column in enumerate(schema.columns, start=1)}  # after what stands beside them
    return rows[sorted(rows, key=lambda column: order.get(column, 0))], notices


def _raws(programme: Programme, source: Source, expect: tuple[str, ...]) -> Iterator[tuple[str, Raw]]:
    """What each file of a source, or its query, gives; and what the place is called."""
    forms = programme.forms_of(source)
    if gone := [form for form in forms if not form.is_file()]:
        raise ProgrammeError(message("no_form", programme=programme, source=source, form=gone[0]))
    if source.query:
        yield from answers(programme, source)
        return
    asked = {"form": forms, "kind": source.kind, "expect": () if forms else expect, "options": source.options}
    for path in programme.files_of(source):
        yield programme.place_of(path), read(path, **asked)


def answers(programme: Programme, source: Source) -> Iterator[tuple[str, Raw]]:
    """What the query of a source gives from each of its databases; and what the database is called."""
    from konbit_lessons.field.sources.sql import read_query  # not before it is needed: SQLAlchemy takes a while

    databases = [source.database] if source.database else [path.as_posix() for path in programme.files_of(source)]
    for name, database in zip(programme.places_of(source), databases, strict=True):
        yield name, read_query(database, source.query, folder=programme.raw)


def _wanted(raw: Raw, source: Source, name: str) -> list[str]:
    """The sheets to read: those programme.toml names; else all of a hand-made workbook, the main one of an export."""
    if not source.sheets:
        return list(raw.tables) if raw.kind == "sheet" else ["main"]
    names, asked = {one: [alike(title), one] for one, title in raw.sheets.items()}, [*map(alike, source.sheets)]
    found = [one for one, called in names.items() if any(matching(called, each) for each in asked)]
    if not found:
        there = ", ".join(raw.sheets.values())
        raise SourceError(message("no_sheet", name=name, asked=", ".join(source.sheets), has=there))
    return found


def _part(raw: Raw, table: str, name: str, source: Source, schema: pa.DataFrameSchema, notices: list) -> pd.DataFrame:
    """The rows of one sheet under the names of the table, each with its place; what is noticed is added."""
    sheet = raw.sheets[table]
    where = f"{name}, sheet {sheet}" if sheet else name
    frame, source = by_hand.shaped(raw, table, source, schema, where, notices)
    numbers, frame = frame.index.to_numpy(), frame.reset_index(drop=True)
    wanted = _columns(frame, source, schema, where, notices)
    clock = {one: one for one in by_hand.BESIDE if one in frame}
    if SUBMITTED.get(raw.kind) in frame:  # the export says when a row was submitted, and when it was filled in
        filled_in = [("_filled_in", header) for header in FILLED_IN if header in frame]
        clock |= {"_submitted": SUBMITTED[raw.kind], **dict(filled_in[:1])}
    clock |= versions.columns_of(frame, raw.kind, source.rejected_count)
    if frame.empty:
        notices.append(f"{where}: there is a header but no rows")
    file = Path(unicodedata.normalize("NFC", raw.path.name))
    cells = as_written(frame).assign(**{"@sheet": sheet, "@file": file.stem})
    part = pd.DataFrame({column: cells[header] for column, header in (wanted | clock).items()}, index=frame.index)
    for column in [column for column in wanted if schema.columns[column].metadata["kind"] == "identifier"]:
        if cut := by_codebook.cut_short(part[column]):
            raise SourceError(message("cut_short", where=where, column=wanted[column], cut=cut))
    for column in [column for column in wanted if raw.epoch and tables.is_day(schema.columns[column])]:
        if turned := half_turned(part[column].dropna().tolist()):
            told = message("half_turned", where=where, column=wanted[column], turned=turned)
            if turned == "probably":
                raise SourceError(told)
            notices.append(told)
        part[column], count = by_codebook.days_of_serials(part[column], raw.epoch)
        if count:
            notices.append(message("serials", where=where, column=column, count=count, epoch=raw.epoch))
    notices += [f"{where}: {one}" for one in by_hand.left_over(frame, raw.kind, {*wanted.values(), *clock.values()})]
    same = source.constants(file.name) | {"source": name, "sheet": sheet, "_kind": raw.kind}
    part = part.assign(**{column: encoded(part[column]) for column in part})
    return part.assign(**{column: constant(text, part) for column, text in same.items()}, row=numbers)


def as_written(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows whose choices of a form are text, 1 and 0, as everything else is."""
    flags = rows.columns[rows.dtypes == "boolean"]
    return rows.assign(**{header: rows[header].map({True: "1", False: "0"}).astype("str") for header in flags})


def _columns(frame: pd.DataFrame, source: Source, schema: pa.DataFrameSchema, where: str, notices: list) -> dict:
    """Table column → header in the file. A header that is a column of the table needs no line in programme.toml."""
    by_words = {alike(header): header for header in reversed([*frame])} | {header: header for header in frame}
    wanted = {column: by_words[column] for column in schema.columns if column in by_words}
    for column, header in source.columns.items():
        if header.startswith("@"):
            wanted[column] = header
            continue
        named = {column: header}
        if column.endswith("*"):
            stem, prefix = column.removesuffix("*"), header.removesuffix("*")
            named = {name: prefix + name.removeprefix(stem) for name in schema.columns if name.startswith(stem)}
        found = {name: by_words[alike(one)] for name, one in named.items() if alike(one) in by_words}
        lacking = {name: one for name, one in named.items() if name not in found}
        by_label = _by_label(lacking, frame, schema)
        notices += [f"{where}: {one} is read as {name}, by its label" for name, one in by_label.items()]
        found |= by_label
        told = [one for name, one in lacking.items() if found and name not in found]
        notices += [f"{where}: there is no column {', '.join(told)}: blank in its rows"] if told else []
        if not found:
            raise SourceError(f"{where}: {_no_column(header, frame)}. Correct columns in programme.toml, or the file.")
        wanted |= found
    for column, about in schema.columns.items():
        original = column.removesuffix(f"_{about.metadata.get('language')}")
        if column in wanted and original in schema.columns:  # a text may be there in another language alone
            wanted.setdefault(original, wanted[column])
    for column, about in schema.columns.items():
        if not about.nullable and column not in wanted and column not in {*source.set, *source.by_file}:
            there = ", ".join(frame)
            raise SourceError(message("no_column_given", where=where, column=column, table=schema.name, headers=there))
    return wanted


def _by_label(lacking: dict[str, str], frame: pd.DataFrame, schema: pa.DataFrameSchema) -> dict[str, str]:
    """Choices that a file has under a label, as it has those of another version of the form: column → header."""
    found = {}
    for column, header in lacking.items():
        question, slash, _ = header.rpartition("/")
        called = {f"{question}/{label}".casefold() for label in schema.columns[column].metadata["label"].every()}
        same = [one for one in frame if slash and " ".join(one.split()).casefold() in called]
        found |= {column: same[0]} if len(same) == 1 else {}
    return found


def _no_column(header: str, frame: pd.DataFrame) -> str:
    """That a header is not there, and what is: two questions of that name in groups, or one that is spelt alike."""
    named = [one for one in frame if re.split("[/.-]", one)[-1] == header]
    hint = f'{len(named)} columns end in "{header}", {" and ".join(named)}: name the one that is meant. '
    hint = hint if len(named) > 1 else nearest(header, frame, 0.5)
    return f'there is no column "{header}". {hint}It has {", ".join(frame)}'
