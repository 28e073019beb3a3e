"""A timeline: days as marks on lanes, one lane for each kind of event, so that a history is seen at a glance.

Takes lanes of days; returns the bytes of a PNG. Beside ``charts`` in the flow.
"""

import pandas as pd

from konbit_lessons.figures.drawing import (
    BLUE,
    GREY,
    INK,
    LINE,
    MARGIN,
    ORANGE,
    PALE,
    WIDTH,
    drawable,
    page,
    palette_png,
    points,
    wrapped,
)
from konbit_lessons.periods import Quarter

APART = 10  # pixels between marks of one lane; nearer ones are drawn one above the other
MOST_NAMED = 6  # quarters whose names fit beside each other on a phone


def timeline_png(lanes, *, key, first, last):
    """Draw the days of each lane as marks, filled where attended, empty where absent, "?" where unknown.

    Parameters
    ----------
    lanes : list of (label, list of (day, state)), none empty, days in order; a state is attended, absent or unknown
    key : dict, state → its word, of the states that occur
    first, last : days at which the time axis begins and ends
    """
    left, right = MARGIN + 8, WIDTH - MARGIN - 8
    span = max((last - first).days, 1)

    def x(day):
        return left + (right - left) * (day - first).days / span

    drawn = [(wrapped(label, 11, WIDTH - 2 * MARGIN), _stacked([(x(d), s) for d, s in days])) for label, days in lanes]
    heights = [LINE * len(label) + 13 * (1 + max(level for _, _, level in marks)) + 6 for label, marks in drawn]
    top = 48
    with page(top + sum(heights) + 8) as axes:
        _key(axes, key)
        _quarters(axes, x, first, last, bottom=top + sum(heights))
        for (label, marks), height in zip(drawn, heights, strict=True):
            for i, line in enumerate(label):
                at = top + LINE * i + LINE / 2
                axes.text(MARGIN, at, line, va="center", color=INK, fontsize=points(11), zorder=4, bbox=_GROUND)
            for at, state, level in marks:
                _mark(axes, at, top + height - 10 - 13 * level, state)
            top += height
        return palette_png(axes.figure)


_GROUND = {"facecolor": "white", "edgecolor": "none", "pad": 1}


def _stacked(marks):
    """Give each mark the lowest level at which it does not touch another."""
    ends, placed = [], []
    for at, state in marks:
        level = next((i for i, end in enumerate(ends) if at - end >= APART), len(ends))
        ends[level : level + 1] = [at]
        placed.append((at, state, level))
    return placed


def _key(axes, key):
    at = MARGIN + 6
    for state, word in key.items():
        _mark(axes, at, 12, state)
        axes.text(at + 10, 12, drawable(word), va="center", color=INK, fontsize=points(11))
        at += (WIDTH - 2 * MARGIN) / 3


def _quarters(axes, x, first, last, *, bottom):
    """A line where each quarter begins, named above where there is room."""
    quarters = [Quarter.of(first)]
    while pd.Timestamp(quarters[-1].last_day) < last:
        quarters.append(Quarter.of(pd.Timestamp(quarters[-1].last_day) + pd.Timedelta(days=1)))
    step = -(-len(quarters) // MOST_NAMED)
    for i, quarter in enumerate(quarters):
        begins, ends = max(pd.Timestamp(quarter.first_day), first), min(pd.Timestamp(quarter.last_day), last)
        axes.plot([x(begins)] * 2, [40, bottom], color=PALE, linewidth=0.6, zorder=1)
        if i % step == 0 and x(ends) - x(begins) > 26:
            name = str(quarter).removeprefix("FY20")
            axes.text((x(begins) + x(ends)) / 2, 33, name, ha="center", va="center", color=GREY, fontsize=points(11))
    axes.plot([x(last)] * 2, [40, bottom], color=PALE, linewidth=0.6, zorder=1)


def _mark(axes, at, y, state):
    if state == "unknown":
        axes.text(at, y, "?", ha="center", va="center", color=INK, fontsize=points(12), fontweight="bold", zorder=5)
    elif state == "attended":
        axes.plot([at], [y], marker="o", markersize=6, color=BLUE, zorder=5)
    else:
        axes.plot([at], [y], marker="o", markersize=5.5, markerfacecolor="white", markeredgecolor=ORANGE, zorder=5)
