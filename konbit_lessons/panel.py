"""Cleaned tables → one row per invitation, with only what was known before the event; or the rows of a study.

Nothing looks ahead: a survey answer, a conversation or a lead counts when it is dated before the day of the event;
support from another project counts when it covers that day. Columns are of plain dtypes, which statsmodels, formulas
and seaborn take: yes and no are 1, 0 and NaN.
"""

from datetime import date

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.cleaning.history import partner_on
from konbit_lessons.field.declared import EXPECTS
from konbit_lessons.field.programme import Programme
from konbit_lessons.field.store import cleaned
from konbit_lessons.field.study import table_of
from konbit_lessons.kept import READ
from konbit_lessons.periods import Quarter

RECENT_DAYS = 90
BEFORE = {"by": "organization_id", "allow_exact_matches": False}  # the last record of an organization before a day
NAMES = ("name", "acronym", "former_names", "former_acronyms")
NOT_KNOWN = (*NAMES, "left_on", "away", "merged_into", "merged_on")  # of organizations: says nothing of an invitation


def rows(programme: Programme, *, quarter: str | Quarter | None = None, answers: bool = True) -> pd.DataFrame:
    """One row per invitation up to a quarter's end; for a study, the rows of its table.

    Parameters
    ----------
    programme : Programme
    quarter : str or Quarter, optional
        Last quarter to look at. A study has none.
    answers : bool
        With the answers of the survey; a page that needs none of them stays as it is when one changes.

    Returns
    -------
    DataFrame

    Raises
    ------
    ProgrammeError
        The study's table is not there, or has no column of a name in programme.toml.
    DataError
        There are no rows, or no event until that quarter.
    """
    if programme.study:
        READ.add(programme.study.table)
        return table_of(programme)
    return invitations(cleaned(programme), until=quarter, answers=answers)


def invitations(data: Data, *, until: str | Quarter | None = None, answers: bool = True) -> pd.DataFrame:
    """One row per invitation: whether it was taken up, what was offered, and what was known before the event.

    Parameters
    ----------
    data : Data
        A cleaned programme.
    until : str or Quarter, optional
        Last quarter to look at, such as ``"FY2017Q3"``; all of them when not given.
    answers : bool
        With the answers of the survey.

    Returns
    -------
    DataFrame, one row per invitation, sorted by event and organization
        The invitation (``attended`` is missing where unknown), its event and what it offered (of an incentive that is
        an amount, whether there was any, and ``<incentive>_spent``, what was paid), its organization, the
        organization's latest answer to each question of the survey, ``conversations_90_days`` and
        ``recent_conversation``, ``other_support_now``, and ``leads_so_far``.

    Raises
    ------
    DataError
        There was no event until then.
    """
    organizations = data.organizations.drop(columns=list(NOT_KNOWN))
    offered = data.invitations.merge(_events(data, until), on="event_id", how="inner", validate="many_to_one")
    offered = offered.merge(organizations, on="organization_id", how="left", validate="many_to_one")
    answered = _with_answers(offered, data, answers)
    return answered.assign(**_known_before(answered, data), **_spent(answered, data.programme)).apply(_plain)


def _spent(rows: pd.DataFrame, programme: Programme) -> dict[str, pd.Series]:
    """What was paid for each row: the amount for each delegate; where unknown, for as many as usual, or one."""
    came = rows["attended"].astype("float64")
    sent = rows["delegates"].astype("float64").where((came == 1) & (rows["delegates"] > 0))
    delegates = came * sent.fillna(sent.mean()).fillna(1.0)
    return {spent: rows[amount].astype("float64") * delegates for amount, spent in programme.amounts.values()}


def _events(data: Data, until: str | Quarter | None) -> pd.DataFrame:
    """The events up to the end of a quarter, and to the day of the data cut, with what each offered."""
    cut, calendar = data.programme.data_cut_on or date.max, data.programme.calendar
    last = calendar.named(str(until)) if until else None
    if last and cut < last.first_day:
        raise DataError(f"{last}: it begins after {cut}, the day on which the records were pulled (data_cut_on).")
    events = data.events[data.events["held_on"] <= pd.Timestamp(min(cut, last.last_day) if last else cut)]
    if events.empty:
        raise DataError(f"{last}: no event was held until then; there are events in {', '.join(data.quarters)}.")
    any_of = {name: (events[of] > 0).astype("boolean") for name, (of, _) in data.programme.amounts.items()}
    return events.assign(fiscal_quarter=calendar.names(events["held_on"]), **any_of)


def _with_answers(rows: pd.DataFrame, data: Data, answers: bool) -> pd.DataFrame:
    """The latest answer to each question that was sent before the day of the event, where answers are wanted."""
    asked, programme = rows.sort_values("held_on", kind="stable"), data.programme
    predict = [name for name, one in programme.questions.items() if one.predicts]
    for question in [*predict, *(EXPECTS + name for name in programme.expectations)] if answers else ():
        own = data.survey.dropna(subset=question).sort_values(["submitted_on", "submission_id"], kind="stable")
        own = own[["organization_id", "submitted_on", question]]
        asked = pd.merge_asof(asked, own, left_on="held_on", right_on="submitted_on", **BEFORE)
        asked = asked.drop(columns="submitted_on")
    return asked.sort_values(["event_id", "organization_id"], kind="stable").reset_index(drop=True)


def _known_before(rows: pd.DataFrame, data: Data) -> dict[str, pd.Series]:
    """Conversations, support and leads that each organization had when the event was held."""
    day = pd.Timedelta(days=1)
    at = rows.assign(start=rows["held_on"] - RECENT_DAYS * day, tomorrow=rows["held_on"] + day)
    ended = data.other_support.dropna(subset="ended_on").assign(after=lambda one: one["ended_on"] + day)
    talked = _count(at, data.conversations, "held_on", before="held_on")
    recent = talked - _count(at, data.conversations, "held_on", before="start")
    begun = _count(at, data.other_support, "started_on", before="tomorrow")
    each = data.organizations.set_index("organization_id").loc[rows["organization_id"]].set_axis(rows.index)
    return {
        "partner": partner_on(each, rows["held_on"]),
        "conversations_90_days": recent,
        "recent_conversation": recent > 0,
        "other_support_now": begun > _count(at, ended, "after", before="tomorrow"),
        "leads_so_far": _count(at, data.business_leads, "date", before="held_on"),
    }


def _count(rows: pd.DataFrame, records: pd.DataFrame, dated: str, *, before: str) -> pd.Series:
    """How many records each row's organization has with ``records[dated] < rows[before]``."""
    records = records[["organization_id", dated]].rename(columns={dated: "_on"}).sort_values("_on", kind="stable")
    records = records.assign(_number=records.groupby("organization_id").cumcount() + 1)
    asked = rows[["organization_id", before]].rename(columns={before: "_at"}).reset_index(names="_row")
    asked = asked.sort_values("_at", kind="stable")
    found = pd.merge_asof(asked, records, left_on="_at", right_on="_on", **BEFORE)
    return found.set_index("_row")["_number"].reindex(rows.index).fillna(0)


def _plain(column: pd.Series) -> pd.Series:
    """The same values in a dtype of NumPy: yes, no and numbers as float64, text as it is."""
    numbers = pd.api.types.is_any_real_numeric_dtype(column) or column.dtype in ("bool", "boolean")
    return column.astype("float64") if numbers else column
