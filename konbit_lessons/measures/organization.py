"""One organization: what is on record of it up to the end of a quarter, and what there is to talk about with it.

Takes a programme, a quarter and the code of an organization; returns a ``Record`` for the notebook organization_brief.
Internal: every figure here is about a single organization.
"""

from dataclasses import dataclass, replace
from difflib import get_close_matches

import pandas as pd
from threadpoolctl import threadpool_limits

from konbit_lessons.errors import ModelError, ProgrammeError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.cleaning.history import left_by
from konbit_lessons.field.programme import Programme
from konbit_lessons.field.store import cleaned, digest, fingerprint
from konbit_lessons.incentives.mixed import Profiles, organization_profiles
from konbit_lessons.measures import answers, expectations, quality, shared_counts
from konbit_lessons.panel import RECENT_DAYS, invitations
from konbit_lessons.tables import day_of

MOST_TOPICS = 5
DATED = ("conversations", "other_support", "business_leads", "contributions")  # of which each has its day
_kept: dict[tuple, tuple] = {}  # what the last record was taken from; it never leaves, a record is a selection of it
_unchanged: dict[str, str] = {}


@dataclass(frozen=True, repr=False)
class Record:
    """What is on record of one organization up to the last day of a quarter; frames are in the order of days.

    Attributes
    ----------
    programme : Programme
    quarter : str
    provisional : bool, whether records of the quarter may still come
    about : Series, its row of the table of organizations
    invitations : DataFrame, its rows of the panel
    walk_ins : int, events at which it signed in without an invitation on record
    waves : list of int, the waves of the survey, whether or not it answered
    answers : DataFrame, one row per wave it answered: ``wave``, ``said_on``, yes or no to each ``expects_*``; from
        :func:`konbit_lessons.measures.answers.answers`
    conversations, other_support, business_leads, contributions : DataFrame
    profile : dict, its line of :class:`konbit_lessons.incentives.mixed.Profiles`; empty where there is none
    adds : dict, incentive → by how much it raises the expected share
    """

    programme: Programme
    quarter: str
    provisional: bool
    about: pd.Series
    invitations: pd.DataFrame
    walk_ins: int
    waves: list[int]
    answers: pd.DataFrame
    conversations: pd.DataFrame
    other_support: pd.DataFrame
    business_leads: pd.DataFrame
    contributions: pd.DataFrame
    profile: dict[str, float]
    adds: dict[str, float]

    @property
    def kept_as(self) -> list:
        """What tells it from every other; see :func:`konbit_lessons.kept.told_by`."""
        said = {name: one for name, one in vars(self).items() if name not in ("programme", "about")}
        return [said, self.about.to_frame()]

    @property
    def last_day(self) -> pd.Timestamp:
        """The last day of the quarter."""
        return shared_counts.last_day(self, self.quarter)

    @property
    def left_on(self) -> pd.Timestamp | None:
        """The day on which it ceased to be a partner, where it was none any more on the last day."""
        return left_by(self.about, self.last_day)

    @property
    def known(self) -> pd.DataFrame:
        """The invitations whose attendance is known."""
        return self.invitations.dropna(subset="attended")


def record(programme: Programme, organization: str = "", *, quarter: str = "") -> Record:
    """What is on record of one organization.

    The cleaned tables are read, and profiles fitted, once for as long as the raw files stay as they are, and kept in
    this process. What is returned is selected from them, so that nothing done to it changes what is kept.

    Parameters
    ----------
    programme : Programme
        For the internal audience.
    organization : str
        Its code; the first on the roster unless told.
    quarter : str
        Last fiscal quarter to look at; the last with an event unless told.

    Returns
    -------
    Record

    Raises
    ------
    ProgrammeError
        The programme is a study, the audience is not internal, or no organization has that code.
    """
    refuse(programme)
    path = str(programme.path)
    key = (path, quarter, _unchanged.get(path) or digest(repr(fingerprint(programme))))
    if key not in _kept:
        data = cleaned(programme)
        rows = invitations(data, until=quarter)
        _kept.clear()
        _kept[key] = (data, rows, _profiles(programme, rows))
    data, rows, profiles = _kept[key]
    organization = organization or data.organizations["organization_id"].min()
    return replace(_record_of(data, rows, profiles, organization, quarter or data.quarter), programme=programme)


def refuse(programme: Programme) -> None:
    """Raise a ProgrammeError where there can be no brief: for a study, or a brief that would be shared."""
    if programme.study:
        found = "it describes a study, which has no organizations; a brief is about one of a programme"
        raise ProgrammeError(f"{programme.path.name}: {found}. Use konbit report.")
    if programme.audience != "internal":
        found = f'found the audience "{programme.audience}"; a brief is about one organization and is internal'
        instead = 'Load the programme with audience="internal", or use konbit briefs'
        raise ProgrammeError(f"organization_brief: {found}. {instead}.")


def take_as_unchanged(programme_file: str, state: str) -> None:
    """Do not look again, in this process, whether the raw files of a programme have changed, until told ""."""
    _unchanged[str(programme_file)] = state


@threadpool_limits.wrap(limits=1, user_api="blas")
def _profiles(programme: Programme, rows: pd.DataFrame) -> Profiles | None:
    """The profiles of all organizations; None where programme.toml asks nothing or the rows do not allow them."""
    if programme.analysis is None:
        return None
    asked = {name: programme.question[name] for name in ("outcome", "incentives", "adjust_for")}
    try:
        return organization_profiles(rows, **asked)
    except ModelError:
        return None


def _record_of(data: Data, rows: pd.DataFrame, profiles: Profiles | None, organization: str, quarter: str) -> Record:
    """Select what is on record of one organization from a cleaned programme, its panel and its profiles."""
    tables = {name: table for name, table in data.tables.items() if "organization_id" in table}
    own = {name: table[table["organization_id"] == organization] for name, table in tables.items()}
    if own["organizations"].empty:
        raise ProgrammeError(unknown(data, organization))
    last = shared_counts.last_day(data, quarter)
    days = {name: day_of(data.programme.tables[name]) for name in DATED}
    by_day = {name: own[name][own[name][day] <= last].sort_values(day, kind="stable") for name, day in days.items()}
    invited = rows[rows["organization_id"] == organization].sort_values(["held_on", "event_id"], ignore_index=True)
    said = answers.answers(data, until=quarter).rename(columns={"submitted_on": "said_on"})
    held = data.events.loc[data.events["held_on"] <= last, "event_id"]
    signed = own["sign_in"].loc[own["sign_in"]["attended"].fillna(False), "event_id"].drop_duplicates()
    return Record(
        programme=data.programme,
        quarter=quarter,
        provisional=quality.provisional(data, quarter) is not None,
        about=own["organizations"].iloc[0],
        invitations=invited,
        walk_ins=int((signed.isin(held) & ~signed.isin(invited["event_id"])).sum()),
        waves=sorted(said["wave"].unique().astype(int)),
        answers=said[said["organization_id"] == organization].reset_index(drop=True),
        profile=_line(profiles and profiles.table, organization),
        adds=_line(profiles and profiles.contributions, organization),
        **{name: table.reset_index(drop=True) for name, table in by_day.items()},
    )


def unknown(data: Data, organization: str) -> str:
    """Say that no organization has a code, and which codes are near it."""
    codes = {code.casefold(): code for code in data.organizations["organization_id"]}
    near = [codes[one] for one in get_close_matches(str(organization).casefold(), codes, n=3, cutoff=0.5)]
    some = ", ".join(near or [*codes.values()][:3])
    expected = f"near it are {some}" if near else f"there are {len(data.organizations)}, such as {some}"
    return f'organization: found "{organization}", a code that no organization has; {expected}.'


def expects(record: Record) -> list[str]:
    """What it expects by its latest word on each: in the survey or in a conversation."""
    talks = record.conversations.rename(columns={"held_on": "said_on"})
    said = pd.concat([record.answers, talks]).sort_values("said_on", kind="stable")
    return [what for what in record.programme.expectations if said[f"expects_{what}"].dropna().tail(1).any()]


def invited_with(record: Record) -> dict[str, int]:
    """Of each expectation that the project can meet, to how many events that meet it the organization was invited."""
    offers = {what: one.met_by for what, one in record.programme.expectations.items() if one.met_by}
    return {what: int(answers.with_offer(record.invitations, offers[what]).sum()) for what in offers}


def beyond(record: Record) -> list[str]:
    """The expectations that programme.toml declares beyond what the project offers."""
    return [what for what, one in record.programme.expectations.items() if one.met_by == []]


def follow_ups(record: Record) -> pd.DataFrame:
    """Follow-ups promised: ``due_on``, and ``state``: done, overdue, or open, which is not yet due."""
    return expectations.promised(record.conversations, record.last_day)


def contacts(data: Data, *, quarter: str) -> pd.DataFrame:
    """Each organization's last conversation and open follow-ups at the end of a quarter.

    Returns
    -------
    DataFrame, one row per organization on the roster
        ``organization_id``, ``name``, ``org_type``, ``joined_on``, ``last_talk``, ``overdue``, ``later``.
    """
    last = shared_counts.last_day(data, quarter)
    talks = data.conversations[data.conversations["held_on"] <= last]
    due = expectations.promised(talks, last)
    found = data.organizations.set_index("organization_id")[["name", "org_type", "joined_on"]]
    found["last_talk"] = talks.groupby("organization_id")["held_on"].max()
    for name, state in {"overdue": "overdue", "later": "open"}.items():
        own = due.loc[due["state"] == state, "organization_id"].value_counts()
        found[name] = own.reindex(found.index, fill_value=0)
    return found.reset_index()


def days_since_talk(record: Record) -> int | None:
    """Days from the last conversation to the end of the quarter; None where there was none."""
    return int((record.last_day - record.conversations["held_on"].iloc[-1]).days) if len(record.conversations) else None


def open_pledges(record: Record) -> pd.DataFrame:
    """Contributions pledged and not on record as delivered by the end of the quarter, the oldest first."""
    return record.contributions[~(record.contributions["delivered_on"] <= record.last_day).fillna(False)]


def support_now(record: Record) -> pd.DataFrame:
    """Support from other projects that goes on at the end of the quarter."""
    return record.other_support[~(record.other_support["ended_on"] < record.last_day).fillna(False)]


def topics(record: Record) -> dict[str, dict]:
    """What to talk about next → the facts it rests on: at most :data:`MOST_TOPICS`, in the order of the rule.

    With an organization that has ceased to be a partner, only what was promised to it.
    """
    found = {topic: facts for topic, facts in _topics(record) if record.left_on is None or topic == "follow_up_overdue"}
    return dict(list(found.items())[:MOST_TOPICS])


def _topics(record):
    due = follow_ups(record)
    if len(overdue := due[due["state"] == "overdue"]):
        yield "follow_up_overdue", {"n": len(overdue), "day": overdue["due_on"].iloc[0]}
    days = days_since_talk(record)
    if days is None or days > RECENT_DAYS:
        yield "first_conversation" if days is None else "no_conversation", {"days": days}
    now, invited, limits = expects(record), invited_with(record), beyond(record)
    if limits := [what for what in now if what in limits]:
        yield "beyond_the_offer", {"what": limits}
    if waiting := [what for what in now if invited.get(what) == 0]:
        yield "never_offered", {"what": waiting}
    yield from _changed(record)
    if len(pledges := open_pledges(record)):
        oldest = pledges.iloc[0]
        yield "pledge_open", {"n": len(pledges), "what": oldest["kind"], "day": oldest["pledged_on"]}
    if len(support := support_now(record)):
        yield "other_support", {"projects": list(dict.fromkeys(support["project"]))}
    leads = record.business_leads
    if len(bare := leads[leads["evidence"].isna()]):
        yield "lead_without_evidence", {"n": len(bare), "day": bare["date"].iloc[0]}


def _changed(record):
    """What it named newly, and no longer, in the last wave it answered, beside the wave before."""
    if len(record.answers) < 2:
        return
    both = record.answers.tail(2)
    said = both[[f"expects_{what}" for what in record.programme.expectations]].dropna(axis="columns").astype(int)
    change = said.iloc[1] - said.iloc[0]
    newly, gone = ([name.removeprefix("expects_") for name in change.index[change == by]] for by in (1, -1))
    if newly or gone:
        topic = "expects_other_things" if newly and gone else "expects_more" if newly else "expects_less"
        yield topic, {"newly": newly, "gone": gone, "day": both["said_on"].iloc[0]}


def _line(frame, organization):
    own = frame[frame["organization_id"] == organization] if frame is not None else ()
    return own.drop(columns="organization_id").iloc[0].to_dict() if len(own) else {}
