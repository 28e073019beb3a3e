"""What to talk about next: each rule of ``measures.organization`` as a sentence that gives its reason."""

from konbit_lessons.measures import organization as measures
from konbit_lessons.measures.organization import Record
from konbit_lessons.pages.organization_brief.wording import MOST_NAMED, literal, named, some_of
from konbit_lessons.panel import RECENT_DAYS
from konbit_lessons.words import Words


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


def _overdue_topic(facts, words):
    return words.plural(
        "**Our promise:** the follow-up promised for {day} is overdue. Say what was done, and when the rest will be.",
        "**Our promises:** {n} follow-ups are overdue, the oldest promised for {day}. Say what was done, and when the "
        "rest will be.",
        facts["n"],
        day=words.date(facts["due_on"]),
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
        what=named(facts["what"], words),
    )


def _never_topic(facts, words):
    return words.text(
        "**What it waits for:** it expects {what} and was never invited to an event that offers it. Say when there "
        "will be one.",
        what=named(facts["what"], words),
    )


def _changed_topic(facts, words):
    newly, gone, wave = named(facts["newly"], words), named(facts["no_longer"], words), words.number(facts["wave"])
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
        what=literal(facts["kind"]),
        day=words.date(facts["pledged_on"]),
    )


def _support_topic(facts, words):
    projects = [literal(project) for project in facts["projects"]]
    named = some_of(projects[:MOST_NAMED], len(projects), words)
    return words.text(
        "**Other projects:** it also has support from {projects}. Agree on who does what.", projects=named
    )


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
