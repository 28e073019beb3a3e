"""What cleaning writes down as it goes: every change, every row and value set aside, and how many rows were read."""

from dataclasses import dataclass, field

import pandas as pd

from konbit_lessons.reading import ROW

LOG = (
    "source",
    "sheet",
    "row",
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
ASIDE = ("source", "sheet", "row", "table", "scope", "column", "value", "reason")
COUNTS = ("source", "table", "read", "kept", "set_aside")


@dataclass
class Record:
    """What cleaning writes down as it goes."""

    log: list[pd.DataFrame] = field(default_factory=list)
    aside: list[pd.DataFrame] = field(default_factory=list)
    counts: list[dict] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def changed(self, rows: pd.DataFrame, **line) -> None:
        self.log.append(rows[list(ROW)].assign(**line))

    def set_aside(self, rows: pd.DataFrame, **line) -> None:
        self.aside.append(rows[list(ROW)].assign(**line))
        kind = "remove_survey" if line["scope"] == "row" else "blank_response"
        self.changed(
            rows,
            column=line["column"],
            old_value=line["value"],
            change_type=kind,
            check=line.get("check", ""),
            reason=line["reason"],
        )

    def one_line(self, *, source: str, change_type: str, check: str, reason: str, column: str = "") -> None:
        """A change that is the same for a whole file."""
        self.log.append(
            pd.DataFrame(
                [{"source": source, "column": column, "change_type": change_type, "check": check, "reason": reason}]
            )
        )

    def cleaning_log(self) -> pd.DataFrame:
        return _stacked(self.log, LOG)

    def all_set_aside(self) -> pd.DataFrame:
        """Rows and values; a value is not listed beside its own row, the log holds both."""
        aside = _stacked(self.aside, ASIDE)
        rows = aside[aside["scope"] == "row"]
        inside = pd.MultiIndex.from_frame(aside[list(ROW)]).isin(pd.MultiIndex.from_frame(rows[list(ROW)]))
        return aside[~inside | (aside["scope"] == "row")].reset_index(drop=True)

    def row_counts(self, cleaned: dict[str, pd.DataFrame]) -> pd.DataFrame:
        """Rows read, kept and set aside, by file: kept + set aside = read."""
        for count in self.counts:
            count["kept"] = int((cleaned[count["table"]]["source"] == count["source"]).sum())
            count["set_aside"] = count["read"] - count["kept"]
        return pd.DataFrame(self.counts, columns=list(COUNTS))


def _stacked(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=list(columns))
    lines = pd.concat(parts, ignore_index=True).reindex(columns=list(columns))
    lines["row"] = lines["row"].astype("Int64")
    text = [column for column in columns if column != "row"]
    lines[text] = lines[text].astype("str").fillna("")
    return lines.sort_values(["source", "sheet", "row", "column"], kind="stable").reset_index(drop=True)
