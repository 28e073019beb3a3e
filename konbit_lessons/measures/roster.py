"""Who is a partner, and when: known to everybody, and the base of what is counted; and a programme's kinds and days."""

from datetime import date

import pandas as pd

from konbit_lessons.field.cleaning import Data


def partners(organizations: pd.DataFrame, day: date | pd.Timestamp) -> pd.Series:
    """Codes of the organizations that were partners on a day: joined by then, or on a day unknown, and not left."""
    day, joined, left = pd.Timestamp(day), organizations["joined_on"], organizations["left_on"]
    return organizations.loc[(joined.isna() | (joined <= day)) & (left.isna() | (left > day)), "organization_id"]


def partners_at_end(data: Data, quarter: str) -> pd.Series:
    """The type of each organization that is a partner on the last day of a quarter."""
    each = data.organizations.set_index("organization_id")["org_type"]
    return each[each.index.isin(partners(data.organizations, last_day(data, quarter)))]


def first_day(data: Data, quarter: str) -> pd.Timestamp:
    """The first day of a quarter."""
    return pd.Timestamp(data.programme.calendar.named(quarter).first_day)


def last_day(data: Data, quarter: str) -> pd.Timestamp:
    """The last day of a quarter."""
    return pd.Timestamp(data.programme.calendar.named(quarter).last_day)


def quarters_of(data: Data, days: pd.Series) -> pd.Series:
    """The name of the quarter of each day."""
    return data.programme.calendar.names(days)


def reports(data: Data, until: str) -> list[str]:
    """The quarters up to one of which there is a report: those with an event, and this one."""
    return sorted({until, *(one for one in data.quarters if one <= until)})


def quarters_since(data: Data, day: pd.Timestamp, until: str) -> list[str]:
    """The quarters from that of a day to a last one; the last alone where the day is unknown or later."""
    quarters = [data.programme.calendar.named(until)]
    while pd.Timestamp(quarters[0].first_day) > day:
        quarters.insert(0, quarters[0].previous)
    return [str(one) for one in quarters]


def places(data: Data) -> pd.Series:
    """Where each organization is, by its code; "" where that is not on record, or no places are declared."""
    each, declared = data.organizations.set_index("organization_id"), data.programme.places
    return each[declared.column].fillna("") if declared else pd.Series("", each.index)


def in_order(data: Data, table: pd.DataFrame) -> pd.DataFrame:
    """A table with a column ``group`` in the order of groups: all, the types as programme.toml has them, yes, no."""
    order = ["total", *data.programme.levels("org_type"), "True", "False"]
    return table.sort_values("group", key=lambda one: one.map(order.index), kind="stable", ignore_index=True)
