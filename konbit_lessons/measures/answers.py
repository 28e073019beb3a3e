"""What organizations answered in the survey, wave by wave, and how many say yes, in all and by group.

Takes a cleaned programme; returns frames that hold nothing about few organizations, but for :func:`answers`, which is
of each. What reports of earlier quarters said of a wave is public for the later ones.
"""

import pandas as pd

from konbit_lessons.disclosure import TOTAL, Before, Gate
from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.intervals import with_shares
from konbit_lessons.measures.roster import expectations, quarters_of, quarters_since
from konbit_lessons.measures.shared_counts import once

AGREES = 3.5  # of 1 to 5: the least average of an organization that agrees
SCALES = ("motivation", "belief_money", "perceived_value")
BESIDE_LEADS = ("perceived_value", "knows_benefits")  # questions that stand beside the business leads on record
LATE_ENOUGH = 4  # times the smallest cell: so many late answers are mostly no few who say yes, or no


@once
def waves(data: Data, *, until: str) -> pd.DataFrame:
    """The answers of each wave of the survey up to a quarter, as reports show them.

    Where few organizations answer a wave after it was last reported, fewer than :data:`LATE_ENOUGH` smallest cells,
    they wait until they are more: the numbers of the wave, before and with them, would tell what they said.

    Parameters
    ----------
    data : Data
    until : str, the quarter

    Returns
    -------
    DataFrame
        Rows of ``data.survey`` with a wave.
    """
    survey = data.survey.dropna(subset="wave")
    quarters, smallest = quarters_of(data, survey["submitted_on"]), data.programme.smallest_cell
    enough = LATE_ENOUGH * smallest if smallest > 1 else 1
    parts = [survey[:0]]
    for _, some in survey[quarters <= until].groupby("wave"):
        when, as_of, known = quarters[some.index], "", set()
        for quarter in sorted(set(when)):
            new = {*some.loc[when <= quarter, "organization_id"]} - known
            if not as_of or not new or len(new) >= enough:
                as_of, known = quarter, known | new
        parts.append(some[when <= as_of])
    return pd.concat(parts)


@once
def answers(data: Data, *, until: str) -> pd.DataFrame:
    """What each organization said in each wave up to the end of a quarter.

    Returns
    -------
    DataFrame, one row per organization and wave
        ``organization_id``, ``wave``; yes or no to each ``expects_*`` and ``knows_benefits`` (any respondent said so),
        and to each of :data:`SCALES` (the average of its respondents is :data:`AGREES` or more), ``org_type``,
        ``consulted_at_design``, and ``has_lead``: a business lead was on record on the day of its answer.
    """
    groups = waves(data, until=until).groupby(["organization_id", "wave"])
    named = groups[[*(f"expects_{what}" for what in expectations(data)), "knows_benefits"]].max()
    agrees = groups[list(SCALES)].mean() >= AGREES
    said = pd.concat([named, agrees, groups["submitted_on"].max()], axis=1).reset_index()
    about = data.organizations[["organization_id", "org_type", "consulted_at_design"]]
    first_lead = data.business_leads.groupby("organization_id")["date"].min().reindex(said["organization_id"])
    said["has_lead"] = (first_lead.to_numpy() <= said["submitted_on"]).astype("boolean")
    return said.merge(about, on="organization_id", how="left", validate="many_to_one")


def reports_of(data: Data, question: str, *, quarter: str, wave: int | None = None) -> dict[str, pd.DataFrame]:
    """Quarter → the answers to a question in a wave, as the report of each quarter up to this one counts them."""
    first = waves(data, until=quarter)["submitted_on"].min()
    known = {one: answers(data, until=one).dropna(subset=question) for one in quarters_since(data, first, quarter)}
    return {one: some for one, said in known.items() if len(some := said[said["wave"] == wave])}


def counted(reports: dict[str, pd.DataFrame], *, by: list[str], smallest: int, also: tuple = ()) -> pd.DataFrame:
    """How many organizations say yes, in all and in each group, as the last of several reports may show it.

    Parameters
    ----------
    reports : dict of quarter to DataFrame
        One row per organization that answered, and whether it says ``yes``.
    by : columns that form groups; one whose value is missing belongs to none that is returned
    smallest : int
    also : further columns of yes and no, counted in all; ``unmet`` is among ``yes``

    Returns
    -------
    DataFrame, one row per column of ``by`` and group, after ``total``
        ``by``, ``group``, ``yes``, the columns of `also`, ``n``, ``share`` (of yes), ``conf_low``, ``conf_high``
        (Wilson's). Missing where hidden.
    """
    gate, report = Gate(), ""
    for report, some in reports.items():
        gate.report(report)
        gate.count(some.assign(no=~some["yes"], n=True), ["yes", "no", "n"], by=by)
        gate.count(some, also, by=[name for name in by if name == "both_waves"])
    gate.partition("n", ["yes", "no"])
    gate.nested("unmet", "yes")
    for figure in also:
        gate.nested(figure, "n")
    for figure in ("yes", "no", "n"):
        gate.nested(Before(figure), figure)
    known = gate.decide(smallest)["n"].loc[report].reset_index()[["by", "group", "yes", *also, "n"]]
    known = known[known["group"] != ""].sort_values("by", key=lambda one: one.map([TOTAL, *by].index), kind="stable")
    return with_shares(known.reset_index(drop=True), "yes")


@once
def opinions(data: Data, *, question: str, quarter: str) -> pd.DataFrame:
    """Who says yes to a question, in each wave, by type, and to some by whether it had a business lead on record.

    Returns
    -------
    DataFrame
        The columns of :func:`counted`, and ``wave``.
    """
    smallest, by = data.programme.smallest_cell, ["org_type", *(["has_lead"] if question in BESIDE_LEADS else [])]
    tables = [pd.DataFrame(columns=["by", "group", "yes", "n", "share", "conf_low", "conf_high", "wave"])]
    for wave in sorted(waves(data, until=quarter)["wave"].unique()):
        reports = reports_of(data, question, quarter=quarter, wave=wave)
        reports = {one: some.assign(yes=some[question].astype(bool)) for one, some in reports.items()}
        tables += [counted(reports, by=by, smallest=smallest).assign(wave=int(wave))] if reports else []
    return pd.concat(tables[1:] or tables, ignore_index=True)
