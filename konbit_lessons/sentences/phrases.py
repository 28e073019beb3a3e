"""Small pieces of what a page says: links to its sections, joined sentences, ranges, and why a number is missing."""

import pandas as pd

from konbit_lessons.sentences import signed
from konbit_lessons.words import mark

KINDS = {  # types of organization within a sentence
    "cdsp": mark("service providers (CDSPs)"),
    "awardee": mark("awardees"),
    "total": mark("all types"),
}


def linked(text, section, link=True):
    """The text as a link to a section of its page, where one is wanted."""
    return f"[{text}](#{section})" if link else text


def joined(*sentences):
    """The sentences there are, one after the other."""
    return " ".join(filter(None, sentences))


def capital(text):
    """The text with a capital first letter."""
    return text[:1].upper() + text[1:]


def small(text):
    """The text with a small first letter, to stand within a sentence."""
    return text[:1].lower() + text[1:]


def count(n, words):
    """A whole number; a dash where it is not known or not shown."""
    return "–" if n is None or pd.isna(n) else words.number(n)


def share_and_interval(line, words):
    """A share with its interval, of a line with ``share``, ``low`` and ``high``; a dash where it is not shown.

    There is no interval where all that was counted goes together.
    """
    share, low, high = (
        line[one] if isinstance(line, pd.Series) else getattr(line, one) for one in ("share", "low", "high")
    )
    if pd.isna(share):
        return "–"
    if pd.isna(low):
        return words.percent(share)
    return words.text(
        "{share} ({low} to {high})", share=words.percent(share), low=words.points(low), high=words.points(high)
    )


def interval_of_share(low, high, words):
    """The interval behind a share, with its space; nothing where there is none."""
    if pd.isna(low) or pd.isna(high):
        return ""
    return " " + words.text("(95 % interval {low} to {high})", low=words.points(low), high=words.points(high))


def interval_of_difference(low, high, words):
    """The interval behind a difference, with its space; nothing where there is none."""
    if pd.isna(low) or pd.isna(high):
        return ""
    return " " + words.text("(95 % interval {low} to {high})", low=signed(low, words), high=signed(high, words))


def why_missing(hidden, data, words):
    """Why numbers are missing, where some are."""
    if not hidden:
        return ""
    return words.text(
        "Where a number is missing, it is about fewer than {smallest} organizations, or such a number could be worked "
        "out from it.",
        smallest=words.number(data.programme.smallest_cell),
    )
