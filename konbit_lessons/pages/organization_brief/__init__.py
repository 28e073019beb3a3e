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
from konbit_lessons.pages.organization_brief.given import given_sentences
from konbit_lessons.pages.organization_brief.topics import topic_rule, topic_sentences
from konbit_lessons.pages.organization_brief.wording import days_named, literal, named
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import capital, interval_of_share, joined
from konbit_lessons.tables import EVENT_TYPES, EXPECTATIONS, LEVELS
from konbit_lessons.words import Words, mark

__all__ = ["given_sentences", "record", "topic_rule", "topic_sentences"]
STATES = {"attended": mark("came"), "absent": mark("did not come"), "unknown": mark("unknown")}


def notice(language: str = "en") -> Prose:
    """The banner: for whom this is."""
    words = Words.of(language)
    return Prose(words.text("**Internal: about one organization.** Not for sharing outside the team."), caveat=True)


def title(one: Record) -> str:
    """The name of the organization."""
    return one.about["name"]


def headline(one: Record, language: str = "en") -> str:
    """To how many events it came, when one last talked with it, and whether anything promised is overdue."""
    words = Words.of(language)
    due = measures.follow_ups(one)
    overdue = int((due["state"] == "overdue").sum())
    late = words.plural("**{n} follow-up is overdue.**", "**{n} follow-ups are overdue.**", overdue)
    return joined(
        _came(one, words), _last_talk(one, words), late if overdue else words.text("No follow-up is overdue.")
    )


def history_sentence(one: Record, language: str = "en") -> str:
    """What kind of organization it is, since when it is a partner, and what it brought with it."""
    words, about = Words.of(language), one.about
    kind = capital(words.text(LEVELS[about["org_type"]]))
    if pd.notna(about["department"]):
        kind = words.text("{kind}, {department}", kind=kind, department=literal(about["department"]))
    staff = (
        words.plural("{n} person works there.", "{n} people work there.", int(about["staff"]))
        if pd.notna(about["staff"])
        else ""
    )
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


def timeline_figure(one: Record, language: str = "en") -> Part:
    """Every invitation as a mark on a time line, by kind of event."""
    words, rows = Words.of(language), one.invitations
    if rows.empty:
        return Prose(joined(_came(one, words), _walk_ins(one, words)))
    state = rows["attended"].map({True: "attended", False: "absent"}).fillna("unknown").astype(str)
    lanes, readings = [], []
    for kind in (each for each in EVENT_TYPES if (rows["event_type"] == each).any()):
        of_kind = rows["event_type"] == kind
        label = capital(words.text(LEVELS[kind]))
        lanes.append((label, list(zip(rows.loc[of_kind, "held_on"], state[of_kind], strict=True))))
        counts = state[of_kind].value_counts()
        found = words.list(
            words.text("{column} ({n})", column=words.text(said), n=words.number(counts[s]))
            for s, said in STATES.items()
            if s in counts
        )
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
        caption=joined(
            _spent(one, words), _walk_ins(one, words), words.text("Source: invitation lists and sign-in sheets.")
        ),
        alt=" ".join([f"{heading}.", *readings]),
        table=pd.DataFrame(
            {
                words.text("Event"): [capital(words.text(LEVELS[kind])) for kind in rows["event_type"]],
                words.text("Day"): rows["held_on"].map(words.date),
                words.text("Attendance"): [words.text(STATES[each]) for each in state],
            }
        ),
        language=words,
    )


def offered_table(one: Record, language: str = "en") -> Part:
    """With which incentives it was invited, how often it came then, and what they go with."""
    words, known = Words.of(language), one.known
    terms = [name for name in _incentives(one) if name in known]
    cells = []
    for name in terms:
        with_it = known[_some(known[name])]
        came = words.text("{k} of {n}", k=words.number(with_it["attended"].sum()), n=words.number(len(with_it)))
        adds = signed(one.adds[name], words) if len(with_it) and name in one.adds else "–"
        cells.append([words.text(one.programme.labels.get(name, name)), came if len(with_it) else "–", adds])
    if known.empty or not cells:
        return Prose(words.text("What it was offered cannot be set beside its attendance: none is known."))
    heads = [words.text(head) for head in (mark("Incentive"), mark("Came, of those with it"), mark("Adds, of 100"))]
    caption = words.text(
        "Invitations whose attendance is known. Adds: how many more of 100 of its invitations are expected to be taken "
        "up with what it was offered, from what holds for all organizations. It predicts, and does not say why."
    )
    return Table(pd.DataFrame(cells, columns=heads), caption)


def expectation_table(one: Record, language: str = "en") -> Part:
    """What it expected in each wave and in the last conversation, beside the events that meet it."""
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
        met = words.number(invited[what]) if what in invited else met
        cells.append([words.text(label), *said, *talked, met])
    heads = [words.text("Wave {wave}", wave=words.number(wave)) for wave in waves]
    heads += [words.text("Last talk")] * len(talks)
    caption = words.text(
        "–: not asked or no answer. It expects what any of its people named. Last column: events with it that it was "
        "invited to."
    )
    columns = [words.text("Expectation"), *heads, words.text("Invited, with it")]
    return Table(pd.DataFrame(cells, columns=columns), caption)


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
        "Follow-ups: {n} promised, {done} done.",
        done=words.number((due["state"] == "done").sum()),
        n=words.number(len(due)),
    )
    overdue, later = (days_named(due.loc[due["state"] == state, "due_on"], words) for state in ("overdue", "later"))
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
            "Reliability {reliability}: its own record counts for about {own} of 100, what organizations have in "
            "common for the rest.",
            reliability=words.number(line["reliability"], 2),
            own=words.points(line["reliability"]),
        ),
        words.plural(
            "It rests on {n} invitation whose attendance is known. This is no ranking.",
            "It rests on {n} invitations whose attendance is known. This is no ranking.",
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
        words.text("Beyond what the project offers: **{what}**.", what=named(limits, words))
        if limits
        else words.text("Nothing that partners can expect is declared beyond the offer.")
    ]
    if limits:
        said.append(
            words.text("It expects {what} all the same.", what=named(expected, words))
            if expected
            else words.text("By its latest word it expects none of it.")
        )
    if undecided:
        said.append(words.text("Not decided in programme.toml: {what}.", what=named(undecided, words)))
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
