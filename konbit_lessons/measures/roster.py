"""Who is a partner, and when: known to everybody, and the base of what is counted."""

from datetime import date

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.periods import Quarter


def partners(organizations: pd.DataFrame, day: date | pd.Timestamp) -> pd.Series:
    """Codes of the organizations that were partners on a day: joined by then, or on a day unknown, and not left."""
    day, joined, left = pd.Timestamp(day), organizations["joined_on"], organizations["left_on"]
    return organizations.loc[(joined.isna() | (joined <= day)) & (left.isna() | (left > day)), "organization_id"]


def partners_at_end(data: Data, quarter: str) -> pd.Series:
    """The type of each organization that is a partner on the last day of a quarter."""
    each = data.organizations.set_index("organization_id")["org_type"]
    return each[each.index.isin(partners(data.organizations, last_day(quarter)))]


def on_roster(data: Data, rows: pd.DataFrame, until: str) -> pd.Series:
    """The type of each organization that had joined by the quarter's end, or was invited."""
    each = data.organizations.set_index("organization_id")
    joined = each["joined_on"].isna() | (each["joined_on"] <= last_day(until))
    return each.loc[joined | each.index.isin(rows["organization_id"]), "org_type"]


def last_day(quarter: str) -> pd.Timestamp:
    """The last day of a quarter."""
    return pd.Timestamp(Quarter.named(quarter).last_day)
