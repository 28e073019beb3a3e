"""What partners expect of the project, beside what it offers; and how sure a difference is.

Takes a cleaned programme; returns frames of numbers for the page on expectations. The unit is the organization. Figures
about few of them are hidden here, with those they could be worked out from.
"""

import numpy as np
import pandas as pd
from scipy import stats

from konbit_lessons.disclosure import TOTAL
from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.incentives.result import decided
from konbit_lessons.measures.answers import answers, counted, reports_of, waves
from konbit_lessons.measures.intervals import CONFIDENCE, Interval
from konbit_lessons.measures.roster import expectations, quarters_of
from konbit_lessons.measures.shared_counts import once, panel

COLUMNS = ["what", "organizations", "n", "share", "conf_low", "conf_high", "wave"]


def expected(data: Data, *, wave: int | None = None, until: str | None = None) -> pd.DataFrame:
    """Share of organizations that expect each thing of the project.

    An organization expects it when any of its respondents named it. The interval is Wilson's, since each organization
    counts once.

    Parameters
    ----------
    data : Data
    wave : int, optional
        The latest when not given.
    until : str, optional
        Last fiscal quarter whose answers count, such as ``"FY2017Q3"``.

    Returns
    -------
    DataFrame, one row per expectation, most expected first
        ``what``, ``organizations`` (that named it), ``n`` (that answered), ``share``, ``conf_low``, ``conf_high``,
        ``wave``. Missing where hidden, as in :func:`met_or_not`.

    Raises
    ------
    DataError
        There is no such wave.
    """
    last = quarters_of(data, data.survey["submitted_on"]).max() if until is None else until
    there = sorted(waves(data, until=last)["wave"].unique()) if isinstance(last, str) else []
    if not there or (wave is not None and wave not in there):
        listed = ", ".join(map(str, there)) or "none"
        raise DataError(
            f"survey: found no answers of wave {wave if wave is not None else '(any)'}; waves with answers: {listed}."
        )
    chosen = int(there[-1] if wave is None else wave)
    known = met_or_not(data, quarter=last, wave=chosen)
    known = known[known["by"] == TOTAL].rename(columns={"expects": "organizations"})
    every = pd.DataFrame({"what": list(expectations(data))}).merge(known, how="left").assign(wave=chosen)
    return every[COLUMNS].sort_values(by=["share", "what"], ascending=[False, True], ignore_index=True)


@once
def met_or_not(data: Data, *, quarter: str, wave: int | None = None) -> pd.DataFrame:
    """Who expects what, by type and by consulted or not; what was offered; what those who answered before expected.

    An organization was offered what it was invited to in the quarter, as programme.toml has it.

    Parameters
    ----------
    data : Data
    quarter : str
    wave : int, optional
        The latest unless told.

    Returns
    -------
    DataFrame, one row per expectation and group of :func:`konbit_lessons.measures.answers.counted`, those named by most
    first
        ``what``, ``wave``, ``by``, ``group`` (the group ``both_waves``, ``True`` answered in the wave before as well),
        ``expects``, ``n``, ``share``, ``conf_low``, ``conf_high``; in all also ``offered``, ``unmet`` (expect it and
        were not offered it), ``before`` (expected it in the wave before), ``events`` with it of ``events_held`` in the
        quarter.
    """
    there, smallest = waves(data, until=quarter)["wave"], data.programme.smallest_cell
    latest, rows = there.max() if wave is None else wave, panel(data, quarter=quarter)
    by, also = ["org_type", "consulted_at_design", "both_waves"], ("offered", "unmet", "before")
    tables = [
        pd.DataFrame(columns=["what", "wave", "by", "group", "yes", *also, "n", "share", "conf_low", "conf_high"])
    ]
    in_quarter = rows[rows["fiscal_quarter"] == quarter]
    held = in_quarter["event_id"].nunique()
    for what, offers in expectations(data).items():
        reports = reports_of(data, f"expects_{what}", quarter=quarter, wave=latest)
        reports = {
            one: _expecting(data, rows, some, what, one) for one, some in reports.items() if len(some) >= smallest
        }
        if reports:
            with_it = in_quarter.loc[with_offer(in_quarter, offers or []), "event_id"].nunique()
            table = counted(reports, by=by, smallest=smallest, also=also)
            tables.append(table.assign(what=what, wave=int(latest), events=with_it, events_held=held))
    table = pd.concat(tables[1:] or tables, ignore_index=True).rename(columns={"yes": "expects"})
    rank = table[table["by"] == TOTAL].sort_values(["share", "what"], ascending=[False, True])["what"].to_list()
    return table.sort_values("what", key=lambda one: one.map(rank.index), kind="stable", ignore_index=True)


def _expecting(data: Data, rows: pd.DataFrame, some: pd.DataFrame, what: str, quarter: str) -> pd.DataFrame:
    """Of those that answered in a wave, who expects it, was offered it in a quarter, and expected it before."""
    said, name = answers(data, until=quarter), f"expects_{what}"
    then = said[(said["wave"] == said.loc[said["wave"] < some["wave"].iloc[0], "wave"].max()) & said[name].notna()]
    offers = expectations(data)[what] or []
    with_it = rows[(rows["fiscal_quarter"] == quarter) & with_offer(rows, offers)]
    yes, ids = some[name].astype(bool), some["organization_id"]
    offered = ids.isin(with_it["organization_id"])
    return some.assign(
        yes=yes,
        offered=offered,
        unmet=yes & ~offered,
        before=ids.isin(then.loc[then[name].astype(bool), "organization_id"]),
        both_waves=ids.isin(then["organization_id"]),
    )


def with_offer(rows: pd.DataFrame, offers: list[str]) -> pd.Series:
    """The invitations to an event of a kind, or with an incentive, that is among `offers`."""
    columns = [name for name in offers if name in rows]
    return rows["event_type"].isin(offers) | rows[columns].fillna(False).astype(bool).any(axis=1)


def compared(intervals: dict[object, Interval | None], *, matters: float) -> pd.DataFrame:
    """Differences with the strength of each by the rule of :func:`konbit_lessons.incentives.result.decided`.

    Parameters
    ----------
    intervals : dict of term to Interval, or to None where there is nothing to compare
    matters : float, the smallest difference that would matter

    Returns
    -------
    DataFrame, one row per term
        ``term``, ``estimate``, ``conf_low``, ``conf_high``, ``n``, ``p_value``, ``p_adjusted`` (Holm's), ``strength``.
    """
    lines = []
    for term, one in intervals.items():
        told = one is not None and one.std_error > 0 and one.df > 0
        found = {name: getattr(one, name) for name in ("estimate", "conf_low", "conf_high", "n")} if told else {}
        p = 2 * float(stats.t.sf(abs(one.estimate) / one.std_error, one.df)) if told else np.nan
        lines.append({"term": term, **found, "p_value": p, "reason": "" if told else "few_groups", "matters": matters})
    columns = ["term", "estimate", "conf_low", "conf_high", "n", "p_value", "reason", "matters"]
    return decided(pd.DataFrame(lines, columns=columns), CONFIDENCE, exploratory=False)
