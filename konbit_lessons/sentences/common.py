"""What several pages say: why numbers are missing, which way a difference goes, which group is higher, what changed.

A heading states an order only where intervals do not overlap, and a change over time from the first to the last that is
shown. A difference of two shares that stand beside it is that of the shares as printed.
"""

import pandas as pd

from konbit_lessons.say import PAIRS, small, texts

TEXTS = texts("common")
FOUND = ("clear", "likely")  # strengths of what is said to be so


def answer(say, strength):
    """Return the word for how strong the evidence for a difference is."""
    return say.words.text(TEXTS["answers"][strength])


def say_known(say, texts, found=(), **values):
    """Return the first of several texts whose values are all known; None where there is no such text.

    What is known decides so what is said: the texts that say less, or why nothing can be said, stand below.

    Parameters
    ----------
    texts : a text, a pair of singular and plural, or a table of texts.toml with the fullest first
    found : a row, or a frame of which the first row is told; of one without rows nothing is known
    values : go before those of the row
    """
    if isinstance(found, pd.DataFrame):
        found = found.iloc[0] if len(found) else dict.fromkeys(found)
    known = dict(found) | values
    for text in texts.values() if isinstance(texts, dict) else [texts]:
        named = {name for _, name, _, _ in say.parse(text if isinstance(text, str) else text[1]) if name}
        if all(_is_known(known[name]) for name in named - PAIRS.keys()):
            return say(text, **known)
    return None


def _is_known(value):
    return len(value) > 0 if isinstance(value, str | list) else not (pd.api.types.is_scalar(value) and pd.isna(value))


def why_missing(say, *shown):
    """Return why numbers are missing, where some are; once a page.

    Parameters
    ----------
    shown : Series or DataFrames of the counts on the page, missing where hidden
    """
    hidden = any(one.isna().to_numpy().any() for one in shown)
    return say(TEXTS["why_missing"], smallest=say.programme.smallest_cell) if hidden else None


def by_direction(say, gap, *, more, fewer, unclear, **values):
    """Return what a difference is: more or fewer where its interval leaves out none, else that it cannot be told.

    Parameters
    ----------
    gap : DataFrame of one row with ``estimate``, ``conf_low``, ``conf_high``, or none where it is not shown; with both
        shares, ``before`` and ``now``, the estimate that is said is that of the shares as printed
    more, fewer, unclear : texts or pairs with ``{points:points}`` (without a sign), ``{estimate:signed}``,
        ``{difference}`` and the other columns and `values`
    """
    if not len(gap) or pd.isna(gap["estimate"].iloc[0]):
        return None
    line = gap.iloc[0].to_dict()
    if {"before", "now"} <= line.keys():
        line["estimate"] = apart(line["before"], line["now"])
    return say({1: more, -1: fewer, 0: unclear}[sign(line)], **{"points": abs(line["estimate"])} | line | values)


def sign(line):
    """Return 1 or −1 where the interval of a difference lies on one side of none, else 0, also where there is none."""
    return int(round(line["conf_low"], 6) > 0) - int(round(line["conf_high"], 6) < 0)


def highest_and_lowest(say, frame, gap=None, *, apart, alike, one="", form="one"):
    """Return how the group with the highest share stands to that with the lowest, where their intervals leave a gap.

    Parameters
    ----------
    frame : DataFrame, one row per group: the column of groups first, ``label``, ``share``, ``conf_low``, ``conf_high``
    gap : DataFrame of one row, how much higher the highest is than the lowest, which tells where there are two groups
    apart : text with ``{most}``, ``{high:percent}``, ``{least}`` (within the sentence), ``{low:percent}``
    alike : text, where a difference cannot be told, with ``{low:percent}`` and ``{high:percent}`` at most
    one : text, where a single share is shown, with ``{most}`` and ``{high:percent}``
    form : "one" or "many", of the words for a group
    """
    shown = frame.dropna(subset="share").sort_values("share", kind="stable")
    if shown.empty:
        return None
    least, most = shown.iloc[0], shown.iloc[-1]
    values = {"most": most["label"], "high": most["share"], "low": least["share"]}
    values["least"] = within(say, frame.columns[0], least, form)
    if len(shown) == 1:
        return say(one, **values) if one else None
    told = sign(gap.iloc[0]) > 0 if len(shown) == 2 and gap is not None else most["conf_low"] > least["conf_high"]
    return say(apart if told else alike, **values)


def within(say, column, row, form="one"):
    """Return what the group of a row is called within a sentence."""
    known = row[column] in say.programme.levels(column)
    return say.level(column, row[column], form) if known else small(row["label"])


def first_and_last(say, frame, *, changed, one="", **values):
    """Return where a share stood first and last, and the change.

    Parameters
    ----------
    frame : DataFrame in the order of time, with ``share`` and ``fiscal_quarter`` or another column that `changed` names
    changed : text with ``{first:percent}``, ``{last:percent}``, ``{change:signed}``, and of each other column of the
        frame its first as ``{first_<column>}`` and its last as ``{last_<column>}``
    one : text, where only the last is shown
    """
    shown = frame.dropna(subset="share")
    text = changed if len(shown) > 1 else one
    if shown.empty or not text:
        return None
    first, last = shown.iloc[0].add_prefix("first_"), shown.iloc[-1].add_prefix("last_")
    ends = {"first": first["first_share"], "last": last["last_share"]}
    return say(text, change=apart(**ends), **ends, **first, **last, **values)


def apart(first, last):
    """Return the difference of two shares as they are printed.

    >>> round(apart(0.0655, 0.0445), 9)  # 7 % and 4 %
    -0.03
    """
    return as_printed(last) - as_printed(first)


def as_printed(share):
    """Return a share as it is printed: in whole points of 100, below one in tenths."""
    of_100 = 100 * share
    return round(of_100, 1 if abs(of_100) < 0.95 else 0) / 100
