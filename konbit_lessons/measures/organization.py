"""One organization: what is on record of it up to the end of a quarter, and what there is to talk about with it.

Takes a programme, a quarter and the code of an organization; returns a ``Record`` for ``pages.organization_brief``.
Internal: every figure here is about a single organization.
"""

from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import pandas as pd

from konbit_lessons.errors import ModelError, ProgrammeError
from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.programme import Programme
from konbit_lessons.field.store import cleaned, digest, fingerprint
from konbit_lessons.incentives.profiles import Profiles, organization_profiles
from konbit_lessons.measures.answers import with_offer
from konbit_lessons.measures.roster import last_day
from konbit_lessons.panel import RECENT_DAYS, invitations

MOST_TOPICS = 5
RULES = (  # what to talk about, in this order
    "follow_up_overdue",
    "no_conversation",
    "beyond_the_offer",
    "never_offered",
    "expectation_changed",
    "pledge_open",
    "other_support",
    "lead_without_evidence",
)
_DATED = {"conversations": "held_on", "other_support": "started_on", "business_leads": "date"}
_kept: dict[tuple, tuple] = {}  # what the last record was taken from; it never leaves, a record is a selection of it
_unchanged: dict[str, str] = {}


@dataclass(frozen=True)
class Record:
    """What is on record of one organization up to the last day of a quarter; frames are in the order of days.

    Attributes
    ----------
    programme : Programme
    quarter : str
    about : Series, its row of the table of organizations
    invitations : DataFrame, its rows of the panel
    walk_ins : int, events at which it signed in without an invitation on record
    waves : list of int, the waves of the survey, whether or not it answered
    answers : DataFrame, one row per wave it answered: ``wave``, ``said_on``, yes or no to each ``expects_*``
    conversations, other_support, business_leads, contributions : DataFrame
    profile : dict, its line of :class:`konbit_lessons.incentives.profiles.Profiles`; empty where there is none
    adds : dict, incentive → by how much it raises the expected share
    """

    programme: Programme
    quarter: str
    about: pd.Series = field(repr=False)
    invitations: pd.DataFrame = field(repr=False)
    walk_ins: int
    waves: list[int]
    answers: pd.DataFrame = field(repr=False)
    conversations: pd.DataFrame = field(repr=False)
    other_support: pd.DataFrame = field(repr=False)
    business_leads: pd.DataFrame = field(repr=False)
    contributions: pd.DataFrame = field(repr=False)
    profile: dict[str, float] = field(repr=False)
    adds: dict[str, float] = field(repr=False)

    @property
    def last_day(self) -> pd.Timestamp:
        """The last day of the quarter."""
        return last_day(self, self.quarter)

    @property
    def expects(self) -> list[str]:
        """The columns that say what it expects."""
        return [f"expects_{what}" for what in self.programme.expectations]

    @property
    def left(self) -> bool:
        """Whether it had ceased to be a partner."""
        return bool(pd.notna(self.about["left_on"]) and self.about["left_on"] <= self.last_day)

    @property
    def known(self) -> pd.DataFrame:
        """The invitations whose attendance is known."""
        return self.invitations.dropna(subset="attended")


@dataclass(frozen=True)
class Topic:
    """One thing to talk about: the rule of :data:`RULES` that named it, and the facts it rests on."""

    rule: str
    facts: dict[str, object]


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
    state = _unchanged.get(str(programme.path)) or digest(repr(fingerprint(programme)))
    key = (str(programme.path), quarter, state)
    if key not in _kept:
        data = cleaned(programme)
        rows = invitations(data, until=quarter)
        _kept.clear()
        _kept[key] = (data, rows, profiles(programme, rows))
    data, rows, levels = _kept[key]
    organization = organization or data.organizations["organization_id"].min()
    found = record_of(data, rows, levels, organization, quarter=quarter or data.quarter)
    return replace(found, programme=programme)


def refuse(programme: Programme) -> None:
    """Raise a ProgrammeError where there can be no brief: for a study, or a brief that would be shared."""
    if programme.study:
        raise ProgrammeError(
            f"{programme.path.name}: it describes a study, which has no organizations; a brief is about one of a "
            "programme. Use konbit report."
        )
    if programme.audience != "internal":
        raise ProgrammeError(
            f'organization_brief: found the audience "{programme.audience}"; a brief is about one organization and is '
            'internal. Load the programme with audience="internal", or use konbit briefs.'
        )


def take_as_unchanged(programme_file: str, state: str) -> None:
    """Do not look again, in this process, whether the raw files of a programme have changed: a run has one state."""
    _unchanged[str(programme_file)] = state


def profiles(programme: Programme, rows: pd.DataFrame) -> Profiles | None:
    """The profiles of all organizations; None where programme.toml asks nothing or the rows do not allow them."""
    if programme.analysis is None:
        return None
    asked = programme.question
    try:
        return organization_profiles(
            rows, outcome=asked["outcome"], incentives=asked["incentives"], adjust_for=asked["adjust_for"]
        )
    except ModelError:
        return None


def record_of(data: Data, rows: pd.DataFrame, levels: Profiles | None, organization: str, *, quarter: str) -> Record:
    """Select what is on record of one organization from a cleaned programme, its panel and its profiles."""
    last = last_day(data, quarter)
    about = data.organizations[data.organizations["organization_id"] == organization]
    if about.empty:
        raise ProgrammeError(unknown(data, organization))
    own = {name: _own(data.tables[name], organization, day, last) for name, day in _DATED.items()}
    invited = rows[rows["organization_id"] == organization].sort_values(["held_on", "event_id"], ignore_index=True)
    survey = data.survey[data.survey["submitted_on"] <= last]
    held = data.events.loc[data.events["held_on"] <= last, "event_id"]
    signed = data.sign_in.loc[data.sign_in["organization_id"] == organization, "event_id"].drop_duplicates()
    return Record(
        programme=data.programme,
        quarter=quarter,
        about=about.iloc[0],
        invitations=invited,
        walk_ins=int((signed.isin(held) & ~signed.isin(invited["event_id"])).sum()),
        waves=[int(wave) for wave in sorted(survey["wave"].dropna().unique())],
        answers=_answers(survey[survey["organization_id"] == organization], data.programme),
        contributions=_own(data.contributions, organization, "pledged_on", last),
        profile=_line(levels.table if levels else None, organization),
        adds=_line(levels.contributions if levels else None, organization),
        **own,
    )


def unknown(data: Data, organization: str) -> str:
    """Say that no organization has a code, and which codes are near it."""
    codes = data.organizations["organization_id"].tolist()
    folded = {code.casefold(): code for code in codes}
    near = [folded[one] for one in get_close_matches(str(organization).casefold(), folded, n=3, cutoff=0.5)]
    expected = f"near it are {', '.join(near)}" if near else f"there are {len(codes)}, such as {', '.join(codes[:3])}"
    return f'organization: found "{organization}", a code that no organization has; {expected}.'


def waves_shown(record: Record, most: int = 3) -> list[int]:
    """The last waves of the survey."""
    return record.waves[-most:]


def expects(record: Record) -> dict[str, bool]:
    """What it expects by its latest word on each: in the survey or in a conversation."""
    said = [
        record.answers.drop(columns="wave"),
        record.conversations[["held_on", *record.expects]].rename(columns={"held_on": "said_on"}),
    ]
    latest = pd.concat(said).sort_values("said_on", kind="stable")[record.expects].ffill().tail(1)
    return {
        what: bool(latest[f"expects_{what}"].iloc[0])
        for what in record.programme.expectations
        if len(latest) and pd.notna(latest[f"expects_{what}"].iloc[0])
    }


def invited_with(record: Record) -> dict[str, int]:
    """Of each expectation that the project can meet, to how many events that meet it the organization was invited."""
    offers = {what: one.met_by for what, one in record.programme.expectations.items() if one.met_by}
    return {what: int(with_offer(record.invitations, offers[what]).sum()) for what in offers}


def beyond(record: Record) -> list[str]:
    """The expectations that programme.toml declares beyond what the project offers."""
    return [what for what, one in record.programme.expectations.items() if one.met_by == []]


def changed(record: Record) -> tuple[list[str], list[str], int] | None:
    """What it named newly, and no longer, in the last wave it answered, and the wave before; None after one wave."""
    if len(record.answers) < 2:
        return None
    before, now = record.answers.iloc[-2], record.answers.iloc[-1]
    newly = [what for what in record.programme.expectations if _yes(now, what) and _no(before, what)]
    no_longer = [what for what in record.programme.expectations if _yes(before, what) and _no(now, what)]
    return newly, no_longer, int(before["wave"])


def follow_ups(record: Record) -> pd.DataFrame:
    """Follow-ups promised: ``due_on``, and ``state``: done, overdue, or due later."""
    return _promised(record.conversations, record.last_day).drop(columns="organization_id")


def contacts(data: Data, *, quarter: str) -> pd.DataFrame:
    """Each organization's last conversation and open follow-ups at the end of a quarter.

    Returns
    -------
    DataFrame, one row per organization on the roster
        ``organization_id``, ``name``, ``org_type``, ``joined_on``, ``last_talk``, ``overdue``, ``later``.
    """
    last = last_day(data, quarter)
    talks = data.conversations[data.conversations["held_on"] <= last]
    promised = _promised(talks, last)
    found = data.organizations.set_index("organization_id")[["name", "org_type", "joined_on"]]
    found["last_talk"] = talks.groupby("organization_id")["held_on"].max()
    for state in ("overdue", "later"):
        found[state] = promised[promised["state"] == state].groupby("organization_id").size()
    return found.fillna({"overdue": 0, "later": 0}).astype({"overdue": int, "later": int}).reset_index()


def days_since_talk(record: Record) -> int | None:
    """Days from the last conversation to the end of the quarter; None where there was none."""
    return int((record.last_day - record.conversations["held_on"].iloc[-1]).days) if len(record.conversations) else None


def open_pledges(record: Record) -> pd.DataFrame:
    """Contributions pledged and not on record as delivered by the end of the quarter, the oldest first."""
    delivered = (record.contributions["delivered_on"] <= record.last_day).fillna(False)
    return record.contributions[~delivered]


def support_now(record: Record) -> pd.DataFrame:
    """Support from other projects that goes on at the end of the quarter."""
    ended = (record.other_support["ended_on"] < record.last_day).fillna(False)
    return record.other_support[~ended]


def without_evidence(record: Record) -> pd.DataFrame:
    """Leads and contracts that nothing on record shows."""
    return record.business_leads[record.business_leads["evidence"].isna()]


def topics(record: Record) -> list[Topic]:
    """What to talk about next: at most :data:`MOST_TOPICS`, in the order of :data:`RULES`.

    With an organization that has ceased to be a partner, only what was promised to it.
    """
    found = {topic.rule: topic for topic in _topics(record)}
    rules = RULES[:1] if record.left else RULES
    return [found[rule] for rule in rules if rule in found][:MOST_TOPICS]


def _topics(record):
    due = follow_ups(record)
    overdue = due[due["state"] == "overdue"]
    if len(overdue):
        oldest = overdue.iloc[0]
        yield Topic("follow_up_overdue", {"n": len(overdue), "due_on": oldest["due_on"]})
    days = days_since_talk(record)
    if days is None or days > RECENT_DAYS:
        yield Topic("no_conversation", {"days": days})
    now, invited = [what for what, yes in expects(record).items() if yes], invited_with(record)
    if limits := [what for what in now if what in beyond(record)]:
        yield Topic("beyond_the_offer", {"what": limits})
    if waiting := [what for what in now if invited.get(what) == 0]:
        yield Topic("never_offered", {"what": waiting})
    if (moved := changed(record)) and (moved[0] or moved[1]):
        yield Topic("expectation_changed", {"newly": moved[0], "no_longer": moved[1], "wave": moved[2]})
    if len(pledges := open_pledges(record)):
        oldest = pledges.iloc[0]
        yield Topic("pledge_open", {"n": len(pledges), "kind": oldest["kind"], "pledged_on": oldest["pledged_on"]})
    if len(support := support_now(record)):
        yield Topic("other_support", {"projects": list(dict.fromkeys(support["project"]))})
    if len(leads := without_evidence(record)):
        yield Topic("lead_without_evidence", {"n": len(leads), "date": leads["date"].iloc[0]})


def _promised(conversations, last):
    some = conversations.dropna(subset="follow_up_due_on")
    due, done = some["follow_up_due_on"], (some["follow_up_done_on"] <= last).fillna(False)
    state = pd.Series("later", some.index).mask(due <= last, "overdue").mask(done, "done")
    found = some[["organization_id"]].assign(due_on=due, state=state)
    return found.sort_values("due_on", kind="stable", ignore_index=True)


def _own(rows, organization, day, last):
    own = rows[(rows["organization_id"] == organization) & (rows[day] <= last)]
    return own.sort_values(day, kind="stable", ignore_index=True)


def _answers(survey, programme):
    """One row per wave: an organization expects what any of its respondents named."""
    expects = [f"expects_{what}" for what in programme.expectations]
    groups = survey.dropna(subset="wave").groupby("wave")
    said = groups[expects].max().assign(said_on=groups["submitted_on"].max())
    return said.reset_index()[["wave", "said_on", *expects]]


def _line(frame, organization):
    own = frame[frame["organization_id"] == organization] if frame is not None else ()
    return own.drop(columns="organization_id").iloc[0].to_dict() if len(own) else {}


def _yes(answer, what):
    return pd.notna(answer[f"expects_{what}"]) and bool(answer[f"expects_{what}"])


def _no(answer, what):
    return pd.notna(answer[f"expects_{what}"]) and not bool(answer[f"expects_{what}"])
