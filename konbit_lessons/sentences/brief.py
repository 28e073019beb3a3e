"""The brief on one organization, in sentences: what is on record of it, and what to talk about with it next.

Each takes the ``Record`` of ``measures.organization``. The organization could read it: it states what is on record and
what we owe, and neither blames nor ranks. What respondents wrote is never quoted.
"""

import pandas as pd

from konbit_lessons.measures import organization as measures
from konbit_lessons.say import capital, small
from konbit_lessons.sentences.common import texts
from konbit_lessons.words import mark, pair

MOST_NAMED = 3  # pledges, projects and follow-ups that are named one by one
MOST_ROUNDS = 3  # of the survey, in the table of expectations
LONGEST = 60  # letters of a text of the records
TEXTS = texts("brief")


def literal(text):
    """Return a text of the records as it stands: no longer than a line, and without effect as markup."""
    shown = str(text) if len(str(text)) <= LONGEST else str(text)[: LONGEST - 1] + "…"
    return shown.replace("*", "∗").replace("](", "] (")


def brief_headline(say, one):
    """Return to how many events it came, when one last talked with it, and whether anything promised is overdue."""
    overdue = int((measures.follow_ups(one)["state"] == "overdue").sum())
    late = say(("**{n} follow-up is overdue.**", "**{n} follow-ups are overdue.**"), n=overdue)
    return came(say, one) + last_talk(say, one) + (late if overdue else say("No follow-up is overdue."))


def came(say, one):
    """Return to how many of the events it was invited to it came."""
    invited, known = len(one.invitations), one.known
    if not invited:
        return say("It was not invited to any event until the end of {quarter:period}.", quarter=one.quarter)
    if known.empty:
        return say(TEXTS["came_unknown"], n=invited)
    said, missing = say(TEXTS["came"], n=len(known), k=known["attended"].sum()), invited - len(known)
    return said + (say("Of {n} more it is unknown.", n=missing) if missing else None)


def last_talk(say, one):
    """Return when one last talked with it."""
    if (days := measures.days_since_talk(one)) is None:
        return say("No conversation with it is on record.")
    return say(TEXTS["last_talk"], n=days, day=one.conversations["held_on"].iloc[-1])


def history(say, one):
    """Return what kind of organization it is, since when it is a partner, and what it brought with it."""
    about, places = one.about, one.programme.places
    kind = capital(say.level("org_type", about["org_type"]))
    where = about.get(places.column) if places else None
    if pd.notna(where):
        kind = say("{kind}, {where}", kind=kind, where=literal(say.level(places.column, where)))
    said = say("{kind}.", kind=kind) + _partner(say, one)
    if pd.notna(about["staff"]):
        said += say(("{n} person works there.", "{n} people work there."), n=about["staff"])
    for column in ("consulted_at_design", "earlier_donor_support"):
        said += say(TEXTS["before"][f"{column}={bool(about[column])}"]) if pd.notna(about[column]) else None
    return said


def _partner(say, one):
    first, last = one.about["joined_on"], one.about["left_on"]
    if pd.notna(first) and first > one.last_day:
        return say("It becomes a partner on {day:date}.", day=first)
    if one.left and pd.isna(first):
        return say("It ceased to be a partner on {day:date}.", day=last)
    if one.left:
        return say("It was a partner from {first:date} to {last:date}.", first=first, last=last)
    if pd.isna(first):
        return say("Since when it is a partner is not on record.")
    return say("Partner since {day:date}.", day=first)


def conversations_and_follow_ups(say, one):
    """Return when one talked with it, and which follow-ups were promised, are overdue, or fall due."""
    due, talk = measures.follow_ups(one), last_talk(say, one)
    if one.conversations.empty:
        return [talk]
    forms = pair("{n} conversation is on record.", "{n} conversations are on record.")
    said = [say(forms, n=len(one.conversations)) + talk]
    if due.empty:
        return [*said, say("No follow-up was promised.")]
    said += [say("Follow-ups: {n} promised, {done} done.", n=len(due), done=(due["state"] == "done").sum())]
    for state, text in {"overdue": mark("**Overdue:** {days}."), "later": mark("Falls due: {days}.")}.items():
        days = due.loc[due["state"] == state, "due_on"].map(say.words.date).to_list()
        said += [say(text, days=_some_of(say, days))] if days else []
    return said


def _some_of(say, names):
    """The first of them, and how many more there are."""
    more = len(names) - MOST_NAMED
    return say.list([*names[:MOST_NAMED], say(("{n} more", "{n} more"), n=more)] if more > 0 else names)


def attendance_states(say, one):
    """Return the invitations as a figure shows them, with ``label`` (kind of event), ``state`` and ``attendance``."""
    rows = one.invitations
    state = rows["attended"].map({1.0: "attended", 0.0: "absent"}).fillna("unknown")
    said = state.map(TEXTS["states"]).map(say.words.text)
    return rows.assign(label=say.labels(rows["event_type"]), state=state, attendance=said, day=rows["held_on"])


def time_spent(say, one):
    """Return how long it was at events and with whom, and where it came without an invitation."""
    there = one.known[one.known["attended"] == 1]
    said = say("Source: invitation lists and sign-in sheets.")
    if one.walk_ins:
        said = say(TEXTS["time_spent"], n=one.walk_ins) + said
    if hours := there["hours"].sum():
        spent = say(("{n} hour", "{n} hours"), n=hours)
        senior = say(("{n} event", "{n} events"), n=int(there["senior_delegate"].sum()))
        said = say("It spent {hours} there, with a director at {senior}.", hours=spent, senior=senior) + said
    return said


def profile(say, one):
    """Return its shrunken level of taking part with its interval, its reliability, and how much it rests on."""
    line = one.profile
    if not line and one.known.empty:
        return [say("It has no profile yet: attendance is known for none of its invitations.")]
    if not line:
        return [say(TEXTS["no_profile"])]
    about = {"interval": (line["share_low"], line["share_high"]), "own": line["reliability"]}
    return [say(text, n=int(line["invitations"]), **about, **line) for text in TEXTS["profile"].values()]


def offered_to(say, one):
    """Return with which incentives it was invited, how often it came then, and what they go with, as a frame.

    Returns
    -------
    DataFrame, one row per incentive
        ``label``, ``came`` ("3 of 4"), ``adds`` (a proportion; missing where it was not invited with it).
    """
    known, analysis, rows = one.known, one.programme.analysis, []
    for name in [each for each in (analysis.incentives if analysis and len(known) else ()) if each in known]:
        attended = known.loc[known[name] > 0, "attended"]
        told = {"came": str(say("{k} of {n}", k=attended.sum(), n=len(attended))), "adds": one.adds.get(name)}
        rows.append({"label": say.name(name)} | (told if len(attended) else {"came": "–", "adds": None}))
    return pd.DataFrame(rows)


def expected_of(say, one):
    """Return what it expected in each round of the survey and in the last conversation, beside the events that meet it.

    Returns
    -------
    DataFrame, one row per expectation
        ``label``; a column for each of the last rounds; ``talk``, where there was one; ``met``.
    """
    rounds, talks = one.waves[-MOST_ROUNDS:], one.conversations.tail(1)
    answers, invited = one.answers.set_index("wave"), measures.invited_with(one)
    rows = []
    for what, about in one.programme.expectations.items() if rounds or len(talks) else ():
        said = {f"round_{at}": _yes_no(say, answers[f"expects_{what}"].get(at)) for at in rounds}
        said |= {"talk": _yes_no(say, talks[f"expects_{what}"].iloc[0])} if len(talks) else {}
        met = say.words.text(mark("beyond the offer") if about.met_by == [] else mark("not decided"))
        met = say.number(invited[what]) if what in invited else met
        rows.append({"label": about.label.text(say.language), **said, "met": met})
    return pd.DataFrame(rows)


def expected_columns(say, expected):
    """Return the headings of ``expected_of`` with what stands under each, as `kl.table` takes them."""
    heads = {say("Expectation"): "{label}"}
    rounds = [name for name in expected if name.startswith("round_")]
    heads |= {say("Survey {round}", round=name.removeprefix("round_")): f"{{{name}}}" for name in rounds}
    heads |= {say("Last talk"): "{talk}"} if "talk" in expected else {}
    return heads | {say("Invited, with it"): "{met}"}


def _yes_no(say, value):
    if value is None or pd.isna(value):
        return "–"
    return say.words.text("yes") if value else say.words.text("no")


def limits_of_offer(say, one):
    """Return what the project cannot offer, and what of that the organization expects."""
    if not one.programme.expectations:
        return None
    limits = measures.beyond(one)
    if not limits:
        return say("Nothing that partners can expect is declared beyond the offer.")
    said = say("Beyond what the project offers: **{what}**.", what=_expectations(say, one, limits))
    expected = [what for what in measures.expects(one) if what in limits]
    if not expected:
        return said + say("By its latest word it expects none of it.")
    return said + say("It expects {what} all the same.", what=_expectations(say, one, expected))


def _expectations(say, one, names):
    return say.list(small(one.programme.expectations[what].label.text(say.language)) for what in names)


def topics(say, one):
    """Return what to talk about next, each with its reason; at most five."""
    said = []
    for topic, facts in measures.topics(one).items():
        facts = {name: _fact(say, one, name, value) for name, value in facts.items()}
        said.append(say(TEXTS["topics"][topic], **facts))
    if said:
        return said
    if one.left:
        return [say("It has ceased to be a partner, and nothing promised to it is overdue.")]
    return [say("By the rule below there is nothing: ask how it is, and what it expects now.")]


def _fact(say, one, name, value):
    """A fact of a topic in words: projects and kinds as they stand on record, expectations by what they are called."""
    if name == "projects":
        return _some_of(say, [literal(project) for project in value])
    if isinstance(value, list):
        return _expectations(say, one, value)
    return literal(value) if isinstance(value, str) else value


def given(say, one):
    """Return what it pledged and delivered, the leads and contracts on record, and who else supports it."""
    return [_pledges(say, one), _leads(say, one), _support(say, one)]


def _pledges(say, one):
    if one.contributions.empty:
        return say("No contribution was pledged.")
    still, n = measures.open_pledges(one), len(one.contributions)
    said = say("Contributions: {n} pledged, {done} delivered.", n=n, done=n - len(still))
    named = [say("{what} ({day:date})", what=literal(row.kind), day=row.pledged_on) for row in still.itertuples()]
    return said + (say("Open: {what}.", what=_some_of(say, named)) if named else None)


def _leads(say, one):
    leads = one.business_leads
    if leads.empty:
        return say("No business lead is on record.")
    contracts = int((leads["kind"] == "contract").sum())
    bare_leads = say(("{n} business lead", "{n} business leads"), n=len(leads) - contracts)
    signed = say(("{n} signed contract", "{n} signed contracts"), n=contracts)
    said = say("On record: {leads} and {contracts}.", leads=bare_leads, contracts=signed)
    if value := leads["value"].sum():
        said += say("Worth {value} {currency} where a value is known.", value=value, currency=one.programme.currency)
    bare = int(leads["evidence"].isna().sum())
    return said + (say("Evidence is missing for {n}.", n=bare) if bare else None)


def _support(say, one):
    if one.other_support.empty:
        return say("No support from another project is on record.")
    now = measures.support_now(one)
    named = [say("{project} since {day:date}", project=_project(row), day=row.started_on) for row in now.itertuples()]
    ended = len(one.other_support) - len(now)
    past = say(("{n} support has ended.", "{n} supports have ended."), n=ended) if ended else None
    return say("Supported by other projects: {what}.", what=_some_of(say, named)) + past if named else past


def _project(row):
    return f"{literal(row.project)} ({literal(row.topic)})" if pd.notna(row.topic) else literal(row.project)
