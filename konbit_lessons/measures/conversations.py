"""When one talked with partners, in the last quarters and how long ago; and what was promised to them.

Takes a cleaned programme; returns frames that hold nothing about few organizations.
"""

import pandas as pd

from konbit_lessons.disclosure import TOTAL, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.intervals import with_shares
from konbit_lessons.measures.roster import first_day, last_day, partners_at_end, reports
from konbit_lessons.measures.shared_counts import BANDS, conversations, in_groups

MOST_QUARTERS = 4  # of the calendar


def calendar(data: Data, *, quarter: str) -> pd.DataFrame:
    """Conversations in each month of the last quarters, and the share of partners with one in each quarter.

    Returns
    -------
    DataFrame, one row per quarter and month
        ``fiscal_quarter``, ``month`` (its first day), ``organizations`` (partners at the end of the quarter that had
        one), ``conversations``; and of the quarter ``talked_with``, ``n`` (partners), ``share``, ``conf_low``,
        ``conf_high`` (Wilson's). Missing where hidden; no row where no conversation is on record.
    """
    known = conversations(data, quarter=quarter)["n"].xs((TOTAL, TOTAL), level=("by", "group"))
    lines, known = [], known if len(data.conversations) else known[:0]
    for one in known.index[-MOST_QUARTERS:]:
        here, talks = partners_at_end(data, one), data.conversations
        held = talks[talks["organization_id"].isin(here.index)]["held_on"].dt.to_period("M").value_counts()
        for month in pd.date_range(first_day(data, one), last_day(data, one), freq="MS"):
            organizations = known.loc[one, str(month.date())]
            talked = pd.NA if pd.isna(organizations) else held.get(month.to_period("M"), 0)
            lines.append([one, month, organizations, talked, known.loc[one, "talked"], known.loc[one, "partners"]])
    columns = ["fiscal_quarter", "month", "organizations", "conversations", "talked_with", "n"]
    table = pd.DataFrame(lines, columns=columns).astype(dict.fromkeys(columns[2:], "Int64"))
    return with_shares(table, "talked_with")


def last_talked(data: Data, *, quarter: str) -> pd.DataFrame:
    """When partners had their last conversation, as of the last day of a quarter.

    Returns
    -------
    DataFrame, one row per ``talked`` (in the quarter), ``quarter_before``, ``earlier`` and ``never``, and group
        ``last``, ``by``, ``group``, ``organizations``, ``n`` (partners of the group), ``share``, ``conf_low``,
        ``conf_high`` (Wilson's). Missing where hidden; no row where no conversation is on record.
    """
    known = conversations(data, quarter=quarter)["n"].loc[quarter]
    return in_groups(data, known, BANDS if len(data.conversations) else [], named="last", whole="partners")


def days_since(data: Data, *, quarter: str) -> list[float]:
    """Quartiles of the days since the last conversation of partners that had one; none where they are too few."""
    talks = data.conversations[data.conversations["held_on"] <= last_day(data, quarter)]
    talks = talks[talks["organization_id"].isin(partners_at_end(data, quarter).index)]
    days = (last_day(data, quarter) - talks.groupby("organization_id")["held_on"].max()).dt.days
    return days.quantile([0.25, 0.5, 0.75]).to_list() if len(days) >= 4 * data.programme.smallest_cell else []


def follow_ups(data: Data, *, quarter: str) -> pd.DataFrame:
    """Follow-ups promised up to the end of a quarter, by how they stand on its last day.

    Returns
    -------
    DataFrame, one row per ``overdue``, ``open`` (not yet due), ``done`` and ``total``; none where none was promised
        ``state``, ``follow_ups`` (Int64). Missing where hidden.
    """
    gate, states = Gate(), ["overdue", "open", "done"]
    for one in gate.reports(reports(data, quarter)):
        last = last_day(data, one)
        some = promised(data.conversations[data.conversations["held_on"] <= last], last)
        held = some.assign(total=True, **{state: some["state"] == state for state in states})
        gate.count(held, [*states, TOTAL], records=True)
    gate.partition(TOTAL, states)
    gate.lasting("done", TOTAL)
    known = gate.decide(data.programme.smallest_cell)["n"].loc[(quarter, TOTAL, TOTAL), [*states, TOTAL]]
    return known.rename("follow_ups").rename_axis("state").reset_index()[: None if len(some) else 0]


def promised(talks: pd.DataFrame, last: pd.Timestamp) -> pd.DataFrame:
    """The conversations in which a follow-up was promised, by the day it is due, with its ``state`` on a day."""
    due, done = talks["follow_up_due_on"], talks["follow_up_done_on"] <= last
    state = pd.Series("open", talks.index).mask(due <= last, "overdue").mask(done, "done")
    some = talks.assign(due_on=due, state=state).dropna(subset="due_on")
    return some.sort_values("due_on", kind="stable", ignore_index=True)
