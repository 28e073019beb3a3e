"""Cleaned tables → one row per invitation, with only what was known before the event.

Nothing looks ahead: a survey answer, a conversation or a lead counts when it is dated before the day of the event;
support from another project counts when it covers that day.
"""

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.periods import Quarter, fiscal_quarter
from konbit_lessons.tables import EXPECTATIONS, QUESTIONS

RECENT_DAYS = 90
ABOUT_ORGANIZATION = (
    "organization_id",
    "org_type",
    "department",
    "consulted_at_design",
    "earlier_donor_support",
    "staff",
    "joined_on",
)


def invitations(data: Data, *, until: str | Quarter | None = None) -> pd.DataFrame:
    """One row per invitation: whether it was taken up, what was offered, and what was known before the event.

    Parameters
    ----------
    data : Data
        A cleaned programme.
    until : str or Quarter, optional
        Last fiscal quarter to look at, such as ``"FY2017Q3"``; all of them when not given.

    Returns
    -------
    DataFrame, one row per invitation, sorted by event and organization
        The invitation (``attended`` is missing where unknown), its event and what it offered (``per_diem`` is whether
        there was any), its organization, the organization's latest answer to each question of the survey,
        ``conversations_90_days`` and ``recent_conversation``, ``other_support_now``, and ``leads_so_far``.

    Raises
    ------
    DataError
        There was no event until then.
    """
    events = data.events.assign(
        fiscal_quarter=fiscal_quarter(data.events["held_on"]),
        per_diem=(data.events["per_diem_htg"] > 0).astype("boolean"),
    )
    if until is not None:
        last = until if isinstance(until, Quarter) else Quarter.named(until)
        events = events[events["held_on"] <= pd.Timestamp(last.last_day)]
        if events.empty:
            raise DataError(f"{last}: no event was held until then; {quarters_in_words(data)}")
    rows = data.invitations.merge(events, on="event_id", how="inner", validate="many_to_one")
    rows = rows.merge(
        data.organizations[list(ABOUT_ORGANIZATION)], on="organization_id", how="left", validate="many_to_one"
    )
    rows = _with_answers(rows, data.survey)
    talked = data.conversations[["organization_id", "held_on"]]
    before = _count(rows, talked, "held_on", before="held_on")
    earlier = _count(
        rows.assign(start=rows["held_on"] - pd.Timedelta(days=RECENT_DAYS)), talked, "held_on", before="start"
    )
    support = data.other_support
    ended = support.dropna(subset="ended_on").assign(after=lambda one: one["ended_on"] + pd.Timedelta(days=1))
    tomorrow = rows.assign(tomorrow=rows["held_on"] + pd.Timedelta(days=1))
    going_on = _count(tomorrow, support, "started_on", before="tomorrow") - _count(
        tomorrow, ended, "after", before="tomorrow"
    )
    return rows.assign(
        conversations_90_days=before - earlier,
        recent_conversation=(before - earlier > 0).astype("boolean"),
        other_support_now=(going_on > 0).astype("boolean"),
        leads_so_far=_count(rows, data.business_leads, "date", before="held_on"),
    )


def quarters(data: Data) -> list[str]:
    """Fiscal quarters in which an event was held, in order."""
    return sorted(fiscal_quarter(data.events["held_on"]).unique())


def quarters_in_words(data: Data) -> str:
    """For messages: which quarters have events."""
    return f"there are events in {', '.join(quarters(data))}."


def _with_answers(rows: pd.DataFrame, survey: pd.DataFrame) -> pd.DataFrame:
    """The latest answer to each question that was sent before the day of the event."""
    asked = rows.sort_values("held_on", kind="stable")
    for question in [*QUESTIONS, *(f"expects_{what}" for what in EXPECTATIONS)]:
        answers = survey.dropna(subset=question).sort_values(["submitted_on", "submission_id"], kind="stable")
        asked = pd.merge_asof(
            asked,
            answers[["organization_id", "submitted_on", question]],
            left_on="held_on",
            right_on="submitted_on",
            by="organization_id",
            allow_exact_matches=False,
        ).drop(columns="submitted_on")
    return asked.sort_values(["event_id", "organization_id"], kind="stable").reset_index(drop=True)


def _count(rows: pd.DataFrame, records: pd.DataFrame, dated: str, *, before: str) -> pd.Series:
    """How many records each row's organization has with ``records[dated] < rows[before]``."""
    records = records[["organization_id", dated]].rename(columns={dated: "_on"}).sort_values("_on", kind="stable")
    records = records.assign(_number=records.groupby("organization_id").cumcount() + 1)
    asked = (
        rows[["organization_id", before]]
        .rename(columns={before: "_at"})
        .reset_index(names="_row")
        .sort_values("_at", kind="stable")
    )
    found = pd.merge_asof(
        asked, records, left_on="_at", right_on="_on", by="organization_id", allow_exact_matches=False
    )
    return found.set_index("_row")["_number"].reindex(rows.index).fillna(0).astype("Int64")
