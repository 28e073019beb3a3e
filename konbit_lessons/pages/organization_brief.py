"""The brief on one organization: what is on record of it, and what to talk about with it next.

Takes the record of an organization and a language; returns the sentences, figures and tables that
``notebooks/organization_brief.ipynb`` shows. Numbers come from measures/organization.py. The organization could read
it: it states what is on record and what we owe, and neither blames nor ranks. What respondents wrote is never quoted.
"""

import pandas as pd

from konbit_lessons import parts
from konbit_lessons.figures import Figure
from konbit_lessons.figures.timeline import timeline_png
from konbit_lessons.measures import organization as measures
from konbit_lessons.measures.organization import Record, record
from konbit_lessons.panel import RECENT_DAYS
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import capital, interval_of_share, joined, small
from konbit_lessons.tables import EXPECTATIONS, LEVELS
from konbit_lessons.words import Words, mark

__all__ = ["record"]
MOST_NAMED = 3  # open pledges, projects and overdue follow-ups that are named one by one
STATES = {"attended": mark("came"), "absent": mark("did not come"), "unknown": mark("unknown")}


def notice(language: str = "en") -> Prose:
    """The banner: for whom this is."""
    words = Words.of(language)
    return Prose(
        words.text("**Internal: about one organization.** Not for sharing outside the team."), caveat=True
    )


def title(one: Record) -> str:
    """The name of the organization."""
    return one.about["name"]


def headline(one: Record, language: str = "en") -> str:
    """To how many events it came, when one last talked with it, and whether anything promised is overdue."""
    words = Words.of(language)
    due = measures.follow_ups(one)
    overdue = int((due["state"] == "overdue").sum())
    late = words.plural("**{n} follow-up is overdue.**", "**{n} follow-ups are overdue.**", overdue)
    return joined(_came(one, words), _last_talk(one, words), late if overdue else words.text("No follow-up is overdue."))


def history_sentence(one: Record, language: str = "en") -> str:
    """What kind of organization it is, since when it is a partner, and what it brought with it."""
    words, about = Words.of(language), one.about
    kind = capital(words.text(LEVELS[about["org_type"]]))
    if pd.notna(about["department"]):
        kind = words.text("{kind}, {department}", kind=kind, department=_literal(about["department"]))
    staff = words.plural("{n} person works there.", "{n} people work there.", int(about["staff"])) if pd.notna(
        about["staff"]
    ) else ""
    consulted = {
        True: words.text("It was consulted when the project was designed."),
        False: words.text("It was not consulted when the project was designed."),
    }
    donor = {
        True: words.text("It had support from a donor before."),
        False: words.text("It had no support from a donor before."),
    }
    return joined(
        f"{kind}.",
        _partner(one, words),
        staff,
        _of_yes_no(consulted, about["consulted_at_design"]),
        _of_yes_no(donor, about["earlier_donor_support"]),
    )


def topic_sentences(one: Record, language: str = "en") -> list[str]:
    """What to talk about next, each with its reason; at most five."""
    words = Words.of(language)
    said = [_TOPICS[topic.rule](topic.facts, words) for topic in measures.topics(one)]
    if said:
        return said
    if one.left:
        return [words.text("It has ceased to be a partner, and nothing promised to it is overdue.")]
    return [words.text("By the rule below there is nothing: ask how it is, and what it expects now.")]


def topic_rule(language: str = "en") -> str:
    """The rule that makes and orders what to talk about."""
    words = Words.of(language)
    return words.text(
        "Made by a fixed rule, at most {most}, in this order: a follow-up overdue, no conversation for more than "
        "{days} days, an expectation beyond the offer, one never offered, one that changed, a pledge open, support "
        "from another project, a lead without evidence.",
        most=words.number(measures.MOST_TOPICS),
        days=words.number(RECENT_DAYS),
    )


def timeline_figure(one: Record, language: str = "en") -> Part:
    """Every invitation as a mark on a time line, by kind of event."""
    words, rows = Words.of(language), one.invitations
    if rows.empty:
        return Prose(joined(_came(one, words), _walk_ins(one, words)))
    state = rows["attended"].map({True: "attended", False: "absent"}).fillna("unknown").astype(str)
    lanes, readings = [], []
    for kind in dict.fromkeys(rows["event_type"]):
        of_kind = rows["event_type"] == kind
        label = capital(words.text(LEVELS[kind]))
        lanes.append((label, list(zip(rows.loc[of_kind, "held_on"], state[of_kind], strict=True))))
        counts = state[of_kind].value_counts()
        found = words.list(f"{words.number(counts[s])} {words.text(said)}" for s, said in STATES.items() if s in counts)
        readings.append(words.text("{label}: {note}.", label=label, note=found))
    heading = parts.unmarked(_came(one, words)).rstrip(".")
    return Figure(
        png=timeline_png(
            lanes,
            key={s: words.text(said) for s, said in STATES.items() if (state == s).any()},
            first=rows["held_on"].iloc[0].to_period("M").start_time,
            last=one.last_day,
        ),
        heading=heading,
        subtitle=words.text("Each mark is an event it was invited to, until {quarter}.", quarter=one.quarter),
        caption=joined(_spent(one, words), _walk_ins(one, words)),
        alt=" ".join([f"{heading}.", *readings]),
        table=pd.DataFrame(
            {
                words.text("Event"): [capital(words.text(LEVELS[kind])) for kind in rows["event_type"]],
                words.text("Day"): rows["held_on"].map(words.date),
                words.text("Attendance"): [words.text(STATES[one]) for one in state],
            }
        ),
        language=words,
    )


def offered_table(one: Record, language: str = "en") -> Part:
    """With which incentives it was invited, how often it came then, and what they go with."""
    words, known = Words.of(language), one.known
    named = [name for name in _incentives(one) if name in known]
    cells = []
    for name in named:
        with_it = known[_some(known[name])]
        came = words.text("{k} of {n}", k=words.number(with_it["attended"].sum()), n=words.number(len(with_it)))
        adds = signed(one.adds[name], words) if len(with_it) and name in one.adds else "–"
        cells.append([words.text(one.programme.labels.get(name, name)), came if len(with_it) else "–", adds])
    if known.empty or not cells:
        return Prose(words.text("What it was offered cannot be set beside its attendance: none is known."))
    heads = [words.text(head) for head in (mark("Incentive"), mark("Came, of those with it"), mark("Adds, of 100"))]
    caption = words.text(
        "Invitations whose attendance is known. Adds: how many more of 100 of its invitations are expected to be taken "
        "up with what it was offered, from what holds for all organizations; it predicts, it is no cause."
    )
    return Table(pd.DataFrame(cells, columns=heads), caption)


def expectation_table(one: Record, language: str = "en") -> Part:
    """What it expected in each wave and in the last conversation, and to how many events that meet it it was invited."""
    words, waves = Words.of(language), measures.waves_shown(one)
    talks = one.conversations.tail(1)
    if not waves and talks.empty:
        return Prose(words.text("What it expects is not on record: no survey wave and no conversation until then."))
    answers, invited = one.answers.set_index("wave"), measures.invited_with(one)
    limits = measures.beyond(one)
    cells = []
    for what, label in EXPECTATIONS.items():
        said = [_yes_no(answers[f"expects_{what}"].get(wave), words) for wave in waves]
        talked = [_yes_no(value, words) for value in talks[f"expects_{what}"]]
        met = words.text("beyond the offer") if what in limits else words.text("not decided")
        met = words.plural("{n} event", "{n} events", invited[what]) if what in invited else met
        cells.append([words.text(label), *said, *talked, met])
    heads = [words.text("Wave {wave}", wave=words.number(wave)) for wave in waves]
    heads += [words.text("Last talk")] * len(talks)
    caption = words.text("–: not asked or no answer. It expects what any of its people named.")
    columns = [words.text("Expectation"), *heads, words.text("Invited to, with it")]
    return Table(pd.DataFrame(cells, columns=columns), caption)


def given_sentences(one: Record, language: str = "en") -> list[str]:
    """What it pledged and delivered, the leads and contracts on record, and who else supports it."""
    words = Words.of(language)
    return [_pledges(one, words), _leads(one, words), _support(one, words)]


def conversation_sentences(one: Record, language: str = "en") -> list[str]:
    """When one talked with it, and which follow-ups were promised, are overdue, or fall due."""
    words, due = Words.of(language), measures.follow_ups(one)
    if one.conversations.empty:
        return [_last_talk(one, words)]
    talks = words.plural("{n} conversation is on record.", "{n} conversations are on record.", len(one.conversations))
    said = [joined(talks, _last_talk(one, words))]
    if due.empty:
        return [*said, words.text("No follow-up was promised.")]
    done = words.text(
        "{done} of {n} follow-ups promised are done.",
        done=words.number((due["state"] == "done").sum()),
        n=words.number(len(due)),
    )
    overdue, later = (_days(due.loc[due["state"] == state, "due_on"], words) for state in ("overdue", "later"))
    return [
        *said,
        done,
        *([words.text("**Overdue:** {days}.", days=overdue)] if overdue else []),
        *([words.text("Falls due: {days}.", days=later)] if later else []),
    ]


def profile_sentences(one: Record, language: str = "en") -> list[str]:
    """Its shrunken level of taking part with its interval, its reliability, and how much it rests on."""
    words, line = Words.of(language), one.profile
    if not line:
        if one.known.empty:
            return [words.text("It has no profile yet: attendance is known for none of its invitations.")]
        return [
            words.text(
                "It has no profile: the records of all organizations do not allow one, or they differ by no more than "
                "chance."
            )
        ]
    return [
        words.text(
            "Of 100 invitations like its own, about **{share}** are taken up{interval}; by an organization like any "
            "other about {expected}.",
            share=words.points(line["share"]),
            interval=interval_of_share(line["share_low"], line["share_high"], words),
            expected=words.points(line["expected"]),
        ),
        words.text(
            "Reliability {reliability}: its own record counts for about {own} of 100, what organizations have in common "
            "for the rest.",
            reliability=words.number(line["reliability"], 2),
            own=words.points(line["reliability"]),
        ),
        words.plural(
            "It rests on {n} invitation whose attendance is known. It ranks nobody.",
            "It rests on {n} invitations whose attendance is known. It ranks nobody.",
            int(line["invitations"]),
        ),
    ]


def limit_sentences(one: Record, language: str = "en") -> list[str]:
    """What the project cannot offer, and what of that the organization expects."""
    words, offers = Words.of(language), one.programme.offers
    if not offers:
        return [words.text("programme.toml does not say what the project can offer: add the section offers.")]
    limits, undecided = measures.beyond(one), [what for what in EXPECTATIONS if what not in offers]
    expected = [what for what in limits if measures.expects(one).get(what)]
    said = [
        words.text("Beyond what the project offers: **{what}**.", what=_named(limits, words))
        if limits
        else words.text("Nothing that partners can expect is declared beyond the offer.")
    ]
    if limits:
        said.append(
            words.text("It expects {what} all the same.", what=_named(expected, words))
            if expected
            else words.text("By its latest word it expects none of it.")
        )
    if undecided:
        said.append(words.text("Not decided in programme.toml: {what}.", what=_named(undecided, words)))
    return [joined(*said)]


def _came(one, words):
    invited, known = len(one.invitations), one.known
    if not invited:
        return words.text("It was not invited to any event until {quarter}.", quarter=one.quarter)
    missing = invited - len(known)
    if known.empty:
        return words.plural(
            "It was invited to {n} event; whether it came is unknown.",
            "It was invited to {n} events; whether it came is unknown for all of them.",
            invited,
        )
    came = words.plural(
        "It came to **{k} of {n}** event it was invited to.",
        "It came to **{k} of {n}** events it was invited to.",
        len(known),
        k=words.number(known["attended"].sum()),
    )
    unknown = words.plural("Of {n} more it is unknown.", "Of {n} more it is unknown.", missing) if missing else ""
    return joined(came, unknown)


def _spent(one, words):
    there = one.known[one.known["attended"].astype(bool)]
    hours = there["hours"].sum()
    if not hours:
        return ""
    senior = int(there["senior_delegate"].fillna(False).sum())
    return words.text(
        "It spent {hours} there, with a director at {senior}.",
        hours=words.plural("{n} hour", "{n} hours", hours),
        senior=words.plural("{n} event", "{n} events", senior),
    )


def _walk_ins(one, words):
    if not one.walk_ins:
        return ""
    return words.plural(
        "It also signed in at {n} event without an invitation on record.",
        "It also signed in at {n} events without an invitation on record.",
        one.walk_ins,
    )


def _partner(one, words):
    joined_on, left_on = one.about["joined_on"], one.about["left_on"]
    if pd.notna(joined_on) and joined_on > one.last_day:
        return words.text("It becomes a partner on {day}.", day=words.date(joined_on))
    if one.left:
        if pd.isna(joined_on):
            return words.text("It ceased to be a partner on {day}.", day=words.date(left_on))
        return words.text(
            "It was a partner from {first} to {last}.", first=words.date(joined_on), last=words.date(left_on)
        )
    if pd.isna(joined_on):
        return words.text("Since when it is a partner is not on record.")
    return words.text("Partner since {day}.", day=words.date(joined_on))


def _last_talk(one, words):
    if (days := measures.days_since_talk(one)) is None:
        return words.text("No conversation with it is on record.")
    return words.plural(
        "The last conversation was on {day}, {n} day before the quarter ended.",
        "The last conversation was on {day}, {n} days before the quarter ended.",
        days,
        day=words.date(one.conversations["held_on"].iloc[-1]),
    )


def _pledges(one, words):
    if one.contributions.empty:
        return words.text("No contribution was pledged.")
    still = measures.open_pledges(one)
    said = words.text(
        "Contributions: {n} pledged, {done} delivered.",
        n=words.number(len(one.contributions)),
        done=words.number(len(one.contributions) - len(still)),
    )
    if still.empty:
        return said
    named = [
        words.text("{what} ({day})", what=_literal(line.kind), day=words.date(line.pledged_on))
        for line in still.head(MOST_NAMED).itertuples()
    ]
    return joined(said, words.text("Open: {what}.", what=_some_of(named, len(still), words)))


def _leads(one, words):
    leads = one.business_leads
    if leads.empty:
        return words.text("No business lead is on record.")
    contracts = int((leads["kind"] == "contract").sum())
    said = words.text(
        "{leads} and {contracts} are on record.",
        leads=words.plural("{n} business lead", "{n} business leads", len(leads) - contracts),
        contracts=words.plural("{n} signed contract", "{n} signed contracts", contracts),
    )
    value = leads["value_htg"].sum()
    worth = words.text("Worth {value} HTG where a value is known.", value=words.number(value)) if value else ""
    bare = len(measures.without_evidence(one))
    lacking = words.plural("Evidence is missing for {n}.", "Evidence is missing for {n}.", bare) if bare else ""
    return joined(said, worth, lacking)


def _support(one, words):
    if one.other_support.empty:
        return words.text("No support from another project is on record.")
    now = measures.support_now(one)
    named = [
        words.text("{project} since {day}", project=_about(line), day=words.date(line.started_on))
        for line in now.head(MOST_NAMED).itertuples()
    ]
    ended = len(one.other_support) - len(now)
    return joined(
        words.text("Supported by other projects: {what}.", what=_some_of(named, len(now), words)) if named else "",
        words.plural("{n} support has ended.", "{n} supports have ended.", ended) if ended else "",
    )


def _about(line):
    return f"{_literal(line.project)} ({_literal(line.topic)})" if pd.notna(line.topic) else _literal(line.project)


def _overdue_topic(facts, words):
    return words.plural(
        "**Our promise:** a follow-up due on {day} is {days} days late. Say what was done and when the rest will be.",
        "**Our promises:** {n} follow-ups are late, the oldest since {day}. Say what was done and when the rest will be.",
        facts["n"],
        day=words.date(facts["due_on"]),
        days=words.number(facts["days"]),
    )


def _silence_topic(facts, words):
    if facts["days"] is None:
        return words.text("**A first conversation:** none is on record. Ask what it expects.")
    return words.text(
        "**How it is:** the last conversation was {days} days before the quarter ended. Ask what changed.",
        days=words.number(facts["days"]),
    )


def _beyond_topic(facts, words):
    return words.text(
        "**What we cannot offer:** it expects {what}. Say plainly that this is beyond the project, and what is not.",
        what=_named(facts["what"], words),
    )


def _never_topic(facts, words):
    return words.text(
        "**What it waits for:** it expects {what} and was never invited to an event that offers it. Say when it will be.",
        what=_named(facts["what"], words),
    )


def _changed_topic(facts, words):
    newly, gone, wave = _named(facts["newly"], words), _named(facts["no_longer"], words), words.number(facts["wave"])
    if newly and gone:
        return words.text(
            "**What changed:** since wave {wave} it newly expects {newly}, and no longer {gone}. Ask why.",
            wave=wave,
            newly=newly,
            gone=gone,
        )
    if newly:
        return words.text(
            "**What changed:** since wave {wave} it newly expects {newly}. Ask why.", wave=wave, newly=newly
        )
    return words.text("**What changed:** since wave {wave} it no longer expects {gone}. Ask why.", wave=wave, gone=gone)


def _pledge_topic(facts, words):
    return words.plural(
        "**Its contribution:** {what}, pledged on {day}, is not on record as delivered. Ask what would help.",
        "**Its contributions:** {n} are not on record as delivered, the oldest ({what}) pledged on {day}. Ask what "
        "would help.",
        facts["n"],
        what=_literal(facts["kind"]),
        day=words.date(facts["pledged_on"]),
    )


def _support_topic(facts, words):
    projects = [_literal(project) for project in facts["projects"]]
    named = _some_of(projects[:MOST_NAMED], len(projects), words)
    return words.text("**Other projects:** {projects} supports it too. Agree on who does what.", projects=named)


def _lead_topic(facts, words):
    return words.plural(
        "**Its business leads:** for the one of {day} nothing on record shows it. Ask what does.",
        "**Its business leads:** for {n} of them, the first of {day}, nothing on record shows it. Ask what does.",
        facts["n"],
        day=words.date(facts["date"]),
    )


_TOPICS = {
    "follow_up_overdue": _overdue_topic,
    "no_conversation": _silence_topic,
    "beyond_the_offer": _beyond_topic,
    "never_offered": _never_topic,
    "expectation_changed": _changed_topic,
    "pledge_open": _pledge_topic,
    "other_support": _support_topic,
    "lead_without_evidence": _lead_topic,
}


def _incentives(one):
    analysis = one.programme.analysis
    return analysis.incentives if analysis else ["per_diem"]


def _some(column):
    """Where there was any of an incentive: yes, or an amount above nothing."""
    numbers = pd.to_numeric(column, errors="coerce")
    return (numbers.astype("Float64") > 0).fillna(False).astype(bool)


def _yes_no(value, words):
    if value is None or pd.isna(value):
        return "–"
    return words.text("yes") if value else words.text("no")


def _of_yes_no(said, value):
    return "" if pd.isna(value) else said[bool(value)]


def _named(expectations, words):
    return words.list(small(words.text(EXPECTATIONS[what])) for what in expectations)


def _days(days, words):
    return _some_of([words.date(day) for day in days.head(MOST_NAMED)], len(days), words) if len(days) else ""


def _some_of(named, n, words):
    """The first of them by name, and how many more there are."""
    more = n - len(named)
    return words.list([*named, words.plural("{n} more", "{n} more", more)]) if more else words.list(named)


def _literal(text, most=60):
    """A text of the records as it stands: no longer than a line, and without effect as markup."""
    shown = parts.plain(text)
    shown = shown if len(shown) <= most else shown[: most - 1] + "…"
    return shown.replace("*", "∗").replace("](", "] (")
