"""How a brief writes lists, and texts that come from the records."""

from konbit_lessons import parts
from konbit_lessons.sentences.phrases import small
from konbit_lessons.tables import EXPECTATIONS

MOST_NAMED = 3  # pledges, projects and follow-ups that are named one by one


def named(expectations, words):
    return words.list(small(words.text(EXPECTATIONS[what])) for what in expectations)


def days_named(days, words):
    return some_of([words.date(day) for day in days.head(MOST_NAMED)], len(days), words) if len(days) else ""


def some_of(named, n, words):
    """The first of them by name, and how many more there are."""
    more = n - len(named)
    return words.list([*named, words.plural("{n} more", "{n} more", more)]) if more else words.list(named)


def literal(text, most=60):
    """A text of the records as it stands: no longer than a line, and without effect as markup."""
    shown = parts.plain(text)
    shown = shown if len(shown) <= most else shown[: most - 1] + "…"
    return shown.replace("*", "∗").replace("](", "] (")
