"""One [[source]] → typed rows by the codebook; what does not convert is set aside, value by value or as a row."""

from math import inf

import pandas as pd
import pandera.pandas as pa

from konbit_lessons import tables
from konbit_lessons.field.cleaning.corrections import corrected
from konbit_lessons.field.cleaning.reading import SUBMITTED, read_source
from konbit_lessons.field.cleaning.record import ROW, TYPED, WHEN, Record
from konbit_lessons.field.programme import Programme, Source
from konbit_lessons.field.texts import as_text, counted, distinct_of, encoded, kept, looked_up, nothing
from konbit_lessons.field.values import Writing, convert


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
        text, removed, blanked = corrected(text, lines, self.source, self.schema, self.record)
        if len(lines):  # a day may be another now
            text[WHEN] = self._quarters(text, events)
        read = counted(text[["source", "_kind", WHEN]], "rows").assign(table=self.schema.name)
        same = {"_kind": "", "table": self.schema.name, WHEN: "", "rows": 0}  # of a header and nothing under it
        empty = {*self.programme.places_of(self.source)} - {*read["source"]}
        self.record.read += [read, *(pd.DataFrame([{"source": file} | same]) for file in sorted(empty))]
        text = kept(text, ~removed)
        self._note_arrivals(text)
        values, wrong = text[[*ROW, "record_id", WHEN]].copy(deep=False), {}
        for name in self.schema.columns:
            values[name], wrong[name] = self._column(text, name, blanked.get(name))
            if self.schema.name == "survey" and values[name].dtype != "category":  # a mean may take its place
                values[TYPED + name] = text[name] if name in text else nothing(text)
        return self._with_what_is_needed(self._within_checks(values, text), text, wrong)

    def _read(self) -> pd.DataFrame:
        """The rows as text, each with its id."""
        text, notices = read_source(self.programme, self.source, self.schema)
        self.record.notices += notices
        self.record.given.setdefault(self.schema.name, set()).update(text)
        key, about = self.schema.metadata["key"], self.schema.columns
        of_record = [name for name in about if about[name].metadata.get("of_record") and name in text]
        text["_raw_id"] = text[[*of_record, *key][0]] if len(key) == 1 else nothing(text)
        text["record_id"] = nothing(text) if of_record else text["_raw_id"]
        return text

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
        """Days between a fact and its submission, where the export tells both."""
        day = tables.day_of(self.schema)
        of_day = "_filled_in" if self.source.columns.get(day) in SUBMITTED.values() else day
        if "_submitted" in text and of_day in text:
            days = (self._days(text, "_submitted") - self._days(text, of_day)).dt.days
            places = as_text(text[["source", WHEN]]).assign(table=self.schema.name, days=days)
            self.record.arrivals.append(places[days.notna()])

    def _days(self, text: pd.DataFrame, name: str) -> pd.Series:
        writing = self._writing(name)
        return convert(text[name], kind="day", dtype="datetime64[us]", levels=None, writing=writing)[0]

    def _writing(self, name: str) -> Writing:
        about = self.schema.columns[name].metadata if name in self.schema.columns else {}
        return Writing(
            dates=tuple(self.source.dates),
            decimal=self.source.decimal,
            levels=self.source.levels.get(name, {}),
            timezone=self.programme.timezone,
            utc=name == "_submitted" or self.source.columns.get(name) == "_submission_time",
            unit=about["unit"].text() if about.get("unit") else "",
            marks=about.get("marks", frozenset()),
            spellings=about.get("spellings", {}),
            scale=about.get("scale"),
        )

    def _column(self, text: pd.DataFrame, name: str, blanked: pd.Series | None) -> tuple[pd.Series, pd.Series]:
        """Typed values of one column, and for the texts that did not convert, why."""
        about, table = self.schema.columns[name], self.schema.name
        dtype = tables.dtype_of(about)
        dtype = "category" if dtype == tables.TEXT else dtype  # while cleaning
        if name not in text:
            none = nothing(text) if dtype == "category" else pd.Series(pd.NA, index=text.index, dtype=dtype)
            return none, pd.Series(dtype="str")
        cells = self._with_blanks(text, name, blanked)
        kind, levels = about.metadata["kind"], about.metadata["levels"]
        values, wrong = convert(cells, kind=kind, dtype=dtype, levels=levels, writing=self._writing(name))
        rows = text.loc[wrong.index]
        self.record.set_aside(rows, table, name, cells, scope="value", check="conversion", reason=wrong)
        return values, wrong

    def _with_blanks(self, text: pd.DataFrame, name: str, blanked: pd.Series | None) -> pd.Series:
        """Cells of a column: codes for no answer are blank, and blank cells are what they mean in this source."""
        cells, table = text[name], self.schema.name
        for_all = self.source.missing.get("*", []) if self.schema.columns[name].metadata["coded"] else []
        codes = self.source.missing.get(name, for_all)
        codes = {*codes, *(f"{code}.0" for code in codes)}  # as programs write a column of numbers with blanks
        found = [one for one in distinct_of(cells)[1] if one.strip() in codes]
        blank = cells.isna() if blanked is None else cells.isna() & ~blanked
        if found:
            coded, reason = cells.isin(found), "programme.toml says this code means no answer"
            about = {"change_type": "blank_response", "check": "missing code", "reason": reason}
            self.record.changed(text[coded], table, name, cells, "", **about)
            cells = cells.mask(coded)
        if name in self.source.blank and blank.any():
            meaning = self.source.blank[name]
            reason = f'programme.toml says a blank cell means "{meaning}"'
            self.record.changed_alike(text[blank], table, name, "", {"": meaning}, check="blank cell", reason=reason)
            cells = encoded(cells.astype(tables.TEXT).mask(blank, meaning))
        return cells

    def _within_checks(self, values: pd.DataFrame, text: pd.DataFrame) -> pd.DataFrame:
        """Blank the values that the codebook's checks refuse (a negative amount, a 7 on a scale of 5), and say so."""
        for name, column in self.schema.columns.items():
            for check in column.checks if name in text and not column.metadata["levels"] else ():
                least, most = (check.statistics.get(limit) for limit in ("min_value", "max_value"))
                inside = values[name].between(least, inf if most is None else most)
                refused = ~inside.fillna(True).astype("bool")
                reason = f"expected {least} or more" if most is None else f"expected {least} to {most}"
                about = {"scope": "value", "check": "codebook", "reason": reason}
                self.record.set_aside(values[refused], self.schema.name, name, text[name], **about)
                values = values.assign(**{name: values[name].mask(refused)})
        return values

    def _with_what_is_needed(self, values: pd.DataFrame, text: pd.DataFrame, wrong: dict) -> pd.DataFrame:
        """Set aside the rows that lack a value without which they say nothing."""
        for name in [name for name, column in self.schema.columns.items() if not column.nullable]:
            lacking = values[values[name].isna()]
            written = text[name].astype("str").fillna("") if name in text else ""
            why = "; " + wrong[name].reindex(lacking.index)
            reason = f"the row cannot be used without {name}" + why.fillna("")
            about = {"check": "needed value", "reason": reason}
            self.record.set_aside(lacking, self.schema.name, name, written, **about)
            values = kept(values, values[name].notna())
        return values
