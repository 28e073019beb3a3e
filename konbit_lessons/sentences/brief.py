"""The brief on one organization, in sentences: what is on record of it, and what to talk about with it next.

Each takes the ``Record`` of ``measures.organization``. The organization could read it: it states what is on record and
what we owe, and neither blames nor ranks. What respondents wrote is never quoted.
"""

import pandas as pd

from konbit_lessons.measures import organization as measures
from konbit_lessons.say import capital, small
from konbit_lessons.sentences.common import say_known, texts
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
    return came(say, one) + last_talk(say, one) + say_known(say, TEXTS["overdue"], n=overdue or None)


def came(say, one):
    """Return to how many of the events it was invited to it came."""
    invited, known = len(one.invitations), one.known
    if known.empty:
        return say_known(say, TEXTS["came_unknown"], n=invited or None, quarter=one.quarter)
    missing = say_known(say, mark("Of {n} more it is unknown."), n=invited - len(known) or None)
    return say(TEXTS["came"], n=len(known), k=known["attended"].sum()) + missing


def last_talk(say, one):
    """Return when one last talked with it."""
    return say_known(say, TEXTS["last_talk"], n=measures.days_since_talk(one), day=one.conversations["held_on"].max())


def history(say, one):
    """Return what kind of organization it is, since when it is a partner, and what it brought with it."""
    about, places = one.about, one.programme.places
    kind = capital(say.level("org_type", about["org_type"]))
    where = about.get(places.column) if places else None
    where = literal(say.level(places.column, where)) if pd.notna(where) else ""
    kind = say_known(say, mark("{kind}, {where}"), kind=kind, where=where) or kind
    joined = about["joined_on"]
    days = {"later": joined if joined > one.last_day else None, "first": joined, "last": one.left_on}
    said = say("{kind}.", kind=kind) + say_known(say, TEXTS["partner"], days)
    said += say_known(say, pair("{n} person works there.", "{n} people work there."), n=about["staff"])
    for column in ("consulted_at_design", "earlier_donor_support"):
        said += say(TEXTS["before"][f"{column}={bool(about[column])}"]) if pd.notna(about[column]) else None
    return said


def conversations_and_follow_ups(say, one):
    """Return when one talked with it, and which follow-ups were promised, are overdue, or fall due."""
    if one.conversations.empty:
        return [last_talk(say, one)]
    forms, due = pair("{n} conversation is on record.", "{n} conversations are on record."), measures.follow_ups(one)
    said = [say(forms, n=len(one.conversations)) + last_talk(say, one)]
    said += [say_known(say, TEXTS["follow_ups"], n=len(due) or None, done=(due["state"] == "done").sum())]
    for state, text in {"overdue": mark("**Overdue:** {days}."), "open": mark("Falls due: {days}.")}.items():
        days = due.loc[due["state"] == state, "due_on"].map(say.words.date).to_list()
        said += [say_known(say, text, days=_some_of(say, days))]
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
    hours = say_known(say, pair("{n} hour", "{n} hours"), n=there["hours"].sum() or None)
    senior = say(("{n} event", "{n} events"), n=int(there["senior_delegate"].sum()))
    spent = say_known(say, mark("It spent {hours} there, with a director at {senior}."), hours=hours, senior=senior)
    uninvited = say_known(say, TEXTS["uninvited"], n=one.walk_ins or None)
    return say("") + spent + uninvited + say("Source: invitation lists and sign-in sheets.")


def profile(say, one):
    """Return its shrunken level of taking part with its interval, its reliability, and how much it rests on."""
    line = one.profile
    if not line:
        return [say(TEXTS["no_profile"]["known" if len(one.known) else "unknown"])]
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
    return "–" if pd.isna(value) else say.words.text("yes" if value else "no")


def limits_of_offer(say, one):
    """Return what the project cannot offer, and what of that the organization expects."""
    if not one.programme.expectations:
        return None
    limits = measures.beyond(one)
    expected = [what for what in measures.expects(one) if what in limits]
    limits, expected = (_expectations(say, one, names) for names in (limits, expected))
    said = say_known(say, TEXTS["beyond_the_offer"], what=limits)
    return said + (say_known(say, TEXTS["expected"], what=expected) if limits else None)


def _expectations(say, one, names):
    return say.list(small(one.programme.expectations[what].label.text(say.language)) for what in names)


def topics(say, one):
    """Return what to talk about next, each with its reason; at most five."""
    found = measures.topics(one).items()
    told = [(topic, {name: _fact(say, one, name, value) for name, value in facts.items()}) for topic, facts in found]
    said = [say(TEXTS["topics"][topic], **facts) for topic, facts in told]
    return said or [say(TEXTS["no_topic"]["left" if one.left_on is not None else "partner"])]


def _fact(say, one, name, value):
    """A fact of a topic in words: projects and kinds as they stand on record, expectations by what they are called."""
    if name == "projects":
        return _some_of(say, [literal(project) for project in value])
    if isinstance(value, list):
        return _expectations(say, one, value)
    return literal(value) if isinstance(value, str) else value


def given(say, one):
    """Return what it pledged and delivered, the leads and contracts on record, and who else supports it."""
    still, n = measures.open_pledges(one), len(one.contributions)
    named = [say("{what} ({day:date})", what=literal(row.kind), day=row.pledged_on) for row in still.itertuples()]
    pledged = say_known(say, TEXTS["pledged"], n=n or None, done=n - len(still))
    pledged += say_known(say, mark("Open: {what}."), what=_some_of(say, named))
    return [pledged, _leads(say, one), _support(say, one)]


def _leads(say, one):
    leads = one.business_leads
    if leads.empty:
        return say("No business lead is on record.")
    contracts = int((leads["kind"] == "contract").sum())
    bare_leads = say(("{n} business lead", "{n} business leads"), n=len(leads) - contracts)
    signed = say(("{n} signed contract", "{n} signed contracts"), n=contracts)
    said = say("On record: {leads} and {contracts}.", leads=bare_leads, contracts=signed)
    worth = {"value": leads["value"].sum() or None, "currency": one.programme.currency}
    said += say_known(say, mark("Worth {value} {currency} where a value is known."), worth)
    return said + say_known(say, mark("Evidence is missing for {n}."), n=leads["evidence"].isna().sum() or None)


def _support(say, one):
    now = measures.support_now(one)
    named = [say("{project} since {day:date}", project=_project(row), day=row.started_on) for row in now.itertuples()]
    said = say("") + say_known(say, mark("Supported by other projects: {what}."), what=_some_of(say, named))
    ended = len(one.other_support) - len(now)
    said += say_known(say, pair("{n} support has ended.", "{n} supports have ended."), n=ended or None)
    return said or say("No support from another project is on record.")


def _project(row):
    return f"{literal(row.project)} ({literal(row.topic)})" if pd.notna(row.topic) else literal(row.project)
