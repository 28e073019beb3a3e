"""What cleaning writes down as it goes: every change, every row and value set aside, and how many rows were read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd
import pandera.pandas as pa

from konbit_lessons.field.texts import as_text, constant, counted, looked_up, ordered
from konbit_lessons.tables import TEXT

ROW = ("source", "sheet", "row")  # where a row comes from: file, sheet, row in the file
WHEN = "_quarter"  # fiscal quarter of the row's own day, beside ROW while cleaning
LOG = (
    *ROW,
    "record_id",
    "column",
    "old_value",
    "new_value",
    "change_type",
    "check",
    "reason",
    "initials",
    "notes",
)
ASIDE = (*ROW, "table", "scope", "column", "value", "reason")
COUNTS = ("source", "kind", "table", "quarter", "read", "kept", "set_aside")
CHECKS = ("source", "table", "quarter", "check", "column", "change_type", "rows")
ARRIVALS = ("source", "table", "quarter", "rows", "median_days", "p90_days", "most_days")
ON_ROSTER = "organization on the roster"  # the check that sets aside a row whose organization is not sure
TYPED = "_typed_"  # before a column's name: what stands in the file, where a value took its place


ALL = "all columns"  # as the column of a line about a whole row


def shown(column: str, schema: pa.DataFrameSchema) -> list[str]:
    """The columns whose texts stand for a row in a line about ``column``: no person, no record's id."""
    about = {name: one.metadata for name, one in schema.columns.items()}
    needed = [name for name, one in schema.columns.items() if about[name].get("refers_to") and not one.nullable]
    names = needed if column == ALL else column.split(" + ")
    hidden = {name for name in about if about[name].get("direct_identifier") or about[name].get("of_record")}
    return [name for name in names if name not in hidden]


@dataclass
class Record:
    """What cleaning writes down as it goes.

    Attributes
    ----------
    log, aside, read : list of DataFrame
        Lines of the cleaning log, of what was set aside, and the place of every row read.
    arrivals : list of DataFrame
        Days between a fact and its submission.
    notices : list of str
    given : dict of str to set of str
        Table → the columns that its files have.
    unsure : list of DataFrame
        Rows that corrections took out because nobody knows which organization they are about: its name is open still.
    """

    log: list[pd.DataFrame] = field(default_factory=list)
    aside: list[pd.DataFrame] = field(default_factory=list)
    read: list[pd.DataFrame] = field(default_factory=list)
    arrivals: list[pd.DataFrame] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    given: dict[str, set[str]] = field(default_factory=dict)
    unsure: list[pd.DataFrame] = field(default_factory=list)

    def changed(self, rows: pd.DataFrame, *, table: str, **line) -> None:
        """One line of the log for each of these rows."""
        places = as_text(rows.reindex(columns=[*ROW, "record_id", WHEN]))
        self.log.append(places.assign(table=table, lines=1, **line))

    def set_aside(self, rows: pd.DataFrame, *, check: str, initials: str = "", notes: str = "", **line) -> None:
        """Rows (``scope="row"``) or values of them (``"value"``) that could not be used."""
        self.aside.append(as_text(rows[list(ROW)]).assign(**line))
        self.changed(
            rows,
            table=line["table"],
            column=line["column"],
            old_value=line["value"],
            change_type="remove_survey" if line["scope"] == "row" else "blank_response",
            check=check,
            reason=line["reason"],
            initials=initials,
            notes=notes,
        )

    def changed_alike(
        self,
        rows: pd.DataFrame,
        where: pd.Series,
        *,
        table: str,
        old_value: pd.Series | str,
        new_value: Mapping,
        **line,
    ) -> None:
        """A change made wherever a text stands in a file: one line for each file and text, without a row."""
        same = rows.loc[where, ["source", WHEN]]
        same = same.assign(old_value=constant(old_value, same) if isinstance(old_value, str) else old_value[where])
        lines = counted(same, "lines")
        new = looked_up(lines["old_value"], new_value, TEXT)
        self.log.append(lines.assign(new_value=new, table=table, sheet="", **line))

    def cleaning_log(self) -> pd.DataFrame:
        """Every change in the field's columns; where no row is given, it was made wherever the old value stands."""
        lines = _stacked(self.log, (*LOG, "table", "lines"))
        alike = lines["row"].isna() & (lines["change_type"] != "add_survey")
        if alike.any():  # quarters do not show in the log
            by = [name for name in lines if name != "lines"]
            once = lines[alike].groupby(by, dropna=False, sort=False, as_index=False)["lines"].sum()
            once["notes"] = [f"{count} cells" for count in once["lines"]]
            lines = pd.concat([once, lines[~alike]], ignore_index=True)
        return _sorted(lines[list(LOG)], [*ROW, "column", "old_value", "check"])

    def all_set_aside(self) -> pd.DataFrame:
        """Rows and values; a value is not listed beside its own row, the log holds both."""
        aside = _sorted(_stacked(self.aside, ASIDE), [*ROW, "column"])
        rows = aside[aside["scope"] == "row"]
        inside = pd.MultiIndex.from_frame(aside[list(ROW)]).isin(pd.MultiIndex.from_frame(rows[list(ROW)]))
        return aside[~inside | (aside["scope"] == "row")].reset_index(drop=True)

    def row_counts(self, cleaned: dict[str, pd.DataFrame]) -> pd.DataFrame:
        """Rows read, kept and set aside, by file, table and quarter: kept + set aside = read."""
        by = ["source", "table", WHEN]
        read = pd.concat(self.read, ignore_index=True).groupby([*by, "_kind"])["rows"].sum().reset_index()
        kept = pd.concat(
            [counted(rows[["source", WHEN]], "kept").assign(table=table) for table, rows in cleaned.items()]
        )
        read["kept"] = kept.set_index(by)["kept"].reindex(pd.MultiIndex.from_frame(read[by]), fill_value=0).to_numpy()
        read["set_aside"] = read["rows"] - read["kept"]
        return read.rename(columns={WHEN: "quarter", "_kind": "kind", "rows": "read"})[list(COUNTS)]

    def check_counts(self) -> pd.DataFrame:
        """How many lines of the log each check wrote, by file, table and quarter."""
        lines = _stacked(self.log, ("source", "table", WHEN, "check", "column", "change_type", "lines"))
        lines = lines.rename(columns={WHEN: "quarter", "lines": "rows"})
        return lines.groupby(list(CHECKS[:-1]), sort=True)["rows"].sum().reset_index()

    def arrival_counts(self) -> pd.DataFrame:
        """Days from a fact to its submission, by file, table and quarter."""
        if not self.arrivals:
            return pd.DataFrame(columns=list(ARRIVALS))
        days = pd.concat(self.arrivals, ignore_index=True).groupby(["source", "table", WHEN], sort=True)["days"]
        parts = {
            "rows": days.size(),
            "median_days": days.median(),
            "p90_days": days.quantile(0.9),
            "most_days": days.max(),
        }
        return pd.DataFrame(parts).reset_index().rename(columns={WHEN: "quarter"})[list(ARRIVALS)]


def _sorted(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return ordered(rows, by).reset_index(drop=True)


def _stacked(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    numbers = {"row": "Int64", "lines": "int64"}
    if not parts:
        return pd.DataFrame({name: pd.array([], dtype=numbers.get(name, "str")) for name in columns})
    lines = pd.concat(parts, ignore_index=True).reindex(columns=list(columns))
    for name in columns:
        lines[name] = lines[name].astype(numbers[name]) if name in numbers else lines[name].astype("str").fillna("")
    return lines
