"""The specification curve in words and as a figure: does the answer change with the way of looking?

Takes the ``Robustness`` of ``specification_curve`` and a language; returns sentences, or a `Figure` as those of
``figures``. Nothing is fitted here.
"""

import numpy as np
import pandas as pd

from konbit_lessons.figures import Figure
from konbit_lessons.figures.drawing import (
    BLUE,
    GREY,
    INK,
    LINE,
    MARGIN,
    PALE,
    WIDTH,
    page,
    palette_png,
    points,
    ticks_of,
    width_of,
    wrapped,
)
from konbit_lessons.incentives.robustness import LABELS, REASONS
from konbit_lessons.sentences import Units, in_order, label_of, signed, step
from konbit_lessons.words import Words, mark

MOST_PANELS = 4
LEFT, ROW = 168, 17  # where the marks begin, and how high a row is, in pixels


def curve_sentences(robustness, language="en", units=None):
    """Return one sentence per incentive: in how many ways of looking it keeps its direction, and the range.

    Ways of looking are the main answer and the specifications with an estimate of their own.
    """
    words = Words.of(language)
    units = Units.of(units, robustness.outcome, words)
    return [_sentence(row, ways_of(robustness, row), words, units) for row in in_order(robustness.main)]


def curve_figure(robustness, language="en", units=None):
    """Return the specification curve: a panel for each incentive, a row for each way of looking, in words beside it."""
    words = Words.of(language)
    units = Units.of(units, robustness.outcome, words)
    panels, every = panels_of(robustness)
    percent = words.percent(robustness.confidence)
    rows = words.text("invitations") if units is None else units.rows
    said = [sentence.replace("**", "") for sentence in curve_sentences(robustness, words, units)]
    return Figure(
        png=_drawn(panels, words, units, words.text("fewer of 100 {rows} ← 0 → more", rows=rows)),
        heading=_heading(robustness, words),
        subtitle=words.text(
            "The same question asked in other ways, one choice changed at a time: dot, best guess; bar, {percent} "
            "interval; the dashed line is the answer of the report.",
            percent=percent,
        ),
        caption=" ".join(filter(None, [_left_out(every, panels, words), _caption(robustness, words, units)])),
        alt=words.plural(
            "Dots with bars for {n} incentive, in several ways of looking. {readings}",
            "Dots with bars for {n} incentives, each in several ways of looking. {readings}",
            len(panels),
            readings=" ".join(said),
        ),
        table=_numbers(panels, words, units),
        language=language,
        name="specifications",
        numbers=robustness.table,
    )


def panels_of(robustness):
    """Return the incentives that are drawn, and all of them, each with its specifications.

    Drawn are those with a finding, at most four, so that the picture stays one that a phone can load and an eye take
    in.
    """
    every = [(row, _of(robustness, row)) for row in in_order(robustness.main)]
    found = [panel for panel in every if panel[0]["strength"] in ("clear", "likely")]
    return (found or every)[:MOST_PANELS], every


def _left_out(every, panels, words):
    if len(panels) == len(every):
        return ""
    return words.text(
        "Shown are {n} of {all} incentives, those with a clear or likely answer first; the others stand in the "
        "sentences and in the file of numbers.",
        n=words.number(len(panels)),
        all=words.number(len(every)),
    )


def _of(robustness, row):
    """The specifications of one incentive, without its main answer where the data cannot tell."""
    table = robustness.table
    return table[(table["term"] == row["term"]) & ((table["specification"] != "main") | table["estimate"].notna())]


def ways_of(robustness, row):
    """The estimates of one incentive that differ by more than their interval, the main one first."""
    own = _of(robustness, row)
    return own.loc[own["own_estimate"] & own["estimate"].notna(), "estimate"].to_numpy() * step(row)


def as_the_first(ways):
    """How many of the estimates have the sign of the first."""
    return int((np.sign(ways) == np.sign(ways[0])).sum())


def told_of(robustness):
    """The incentives of which any way of looking can tell, each with its estimates."""
    return [(row, ways) for row in in_order(robustness.main) if len(ways := ways_of(robustness, row))]


def keeping(told):
    """How many incentives have the same sign in every way of looking."""
    return sum(as_the_first(ways) == len(ways) for _, ways in told)


def _sentence(row, ways, words, units):
    label = label_of(row, words)
    if step(row) > 1:
        label = words.text("{label}, each {step} more", label=label, step=words.number(step(row)))
    if not len(ways):
        return words.text("**{label}:** the data cannot tell in any way of looking.", label=label)
    kept, n = as_the_first(ways), len(ways)
    how_many = words.text("{kept} of {n} ways of looking", kept=words.number(kept), n=words.number(n))
    if kept == n:
        how_many = words.plural("the {n} way of looking", "all {n} ways of looking", n)
    values = {"label": label, "ways": how_many, "range": _range(ways, words)}
    if units is not None:
        more = mark("**{label}:** more {rows} {outcome} in {ways}, {range}.")
        fewer = mark("**{label}:** fewer {rows} {outcome} in {ways}, {range}.")
        return words.text(more if ways[0] >= 0 else fewer, rows=units.rows, outcome=units.outcome, **values)
    more = mark("**{label}:** more participation in {ways}, {range}.")
    less = mark("**{label}:** less participation in {ways}, {range}.")
    return words.text(more if ways[0] >= 0 else less, **values)


def _range(ways, words):
    low, high = ways.min(), ways.max()
    if low < 0 < high and words.points(low) != words.points(high):
        fewer, more = words.points(-low), words.points(high)
        return words.text("from {low} fewer to {high} more of 100", low=fewer, high=more)
    low, high = sorted(abs(ways[[ways.argmin(), ways.argmax()]]))
    if words.points(low) == words.points(high):
        return words.text("by about {points} of 100", points=words.points(low))
    return words.text("between {low} and {high} of 100", low=words.points(low), high=words.points(high))


def _heading(robustness, words):
    told = told_of(robustness)
    if not told:
        return words.text("The data cannot tell of any incentive, in any way of looking")
    kept = keeping(told)
    if len(told) == 1:
        row, ways = told[0]
        values = {"label": label_of(row, words), "kept": words.number(as_the_first(ways)), "n": words.number(len(ways))}
        return words.text("{label}: the same direction in {kept} of {n} ways of looking", **values)
    if kept == len(told):
        return words.text("All {n} incentives keep their direction in every way of looking", n=words.number(kept))
    return words.plural(
        "{n} of {all} incentives keeps its direction in every way of looking",
        "{n} of {all} incentives keep their direction in every way of looking",
        kept,
        all=words.number(len(told)),
    )


def _caption(robustness, words, units):
    n = robustness.table["n"]
    used = words.number(n.max())
    if n[n > 0].min() < n.max():
        used = words.text("{low} to {high}", low=words.number(n[n > 0].min()), high=used)
    about = words.text(
        "{n} rows. Lines that begin with – have the estimate of the linear model and another interval. Within each "
        "{group}: every {group} is compared with itself only. This describes how much the answer moves; it is no "
        "further test.",
        n=used,
        group=words.text("organization") if units is None else units.group,
    )
    keys = set(robustness.table["specification"])
    scale = words.text("With a senior delegate, or by the number of delegates, what is counted differs too.")
    return f"{about} {scale}" if keys & {"senior", "delegates"} else about


def _numbers(panels, words, units):
    heads = [mark("Incentive"), mark("Way of looking"), mark("Difference of 100"), mark("Low"), mark("High"), mark("n")]
    lines = []
    for row, own in panels:
        for _, one in own.iterrows():
            known = not np.isnan(one["estimate"])
            ends = ("estimate", "conf_low", "conf_high")
            values = [*(signed(one[end] * step(row), words) for end in ends), words.number(one["n"])]
            lines.append([label_of(row, words), _name(one, words, units), *(values if known else ["–"] * 4)])
    return pd.DataFrame(lines, columns=[words.text(head) for head in heads])


def _name(one, words, units):
    if one["specification"] == "fixed" and units is not None:
        return words.text("Within each {group}", group=units.group)
    return words.text(LABELS.get(one["specification"], one["specification"]))


def _drawn(panels, words, units, axis):
    """Draw the panels one under the other on one scale; positions are pixels, y runs downward."""
    low, high = _limits(panels)
    ticks = _ticks(low, high, words)
    blocks = [_Panel(row, own, words, units) for row, own in panels]

    def x(value):
        return LEFT + 8 + (np.clip(value, low, high) - low) / (high - low) * (WIDTH - MARGIN - LEFT - 16)

    with page(20 + sum(block.height for block in blocks)) as axes:
        axes.text(WIDTH - MARGIN, 12, axis, ha="right", va="center", color=GREY, fontsize=points(11))
        top = 22
        for block in blocks:
            block.draw(axes, x, ticks, top)
            top += block.height
        return palette_png(axes.figure)


def _limits(panels):
    ends = [0.0]
    for row, own in panels:
        ends += [*np.ravel(own[["estimate", "conf_low", "conf_high"]].dropna()) * step(row)]
    low, high = max(min(ends), -1.0), min(max(ends), 1.0)
    pad = 0.04 * max(high - low, 0.1)
    return low - pad, high + pad


def _ticks(low, high, words):
    """Values of the axis, so many that they stand apart from each other."""
    for most in (6, 5, 4, 3):
        ticks = ticks_of(low, high, most=most)
        if sum(width_of(signed(tick, words), 11) + 5 for tick in ticks) < WIDTH - MARGIN - LEFT:
            break
    return ticks


class _Panel:
    """One incentive: its name, the values of the axis, and a row for each way of looking."""

    def __init__(self, row, own, words, units):
        self.words, self.step = words, step(row)
        name = label_of(row, words)
        if self.step > 1:
            name = words.text("{label}, each {step} more", label=name, step=words.number(self.step))
        self.label = wrapped(name, 12, WIDTH - 2 * MARGIN, bold=True)
        self.rows = [(one, wrapped(_name(one, words, units), 11, LEFT - MARGIN)) for _, one in own.iterrows()]
        under = LINE + sum(ROW * len(lines) for _, lines in self.rows) if self.rows else LINE
        self.height = LINE * len(self.label) + under + 12

    def draw(self, axes, x, ticks, top):
        color = INK if self.rows else GREY
        for i, line in enumerate(self.label):
            place = (MARGIN, top + 8 + LINE * i)
            axes.text(*place, line, va="center", fontweight="bold", fontsize=points(12), color=color)
        y = top + LINE * len(self.label) + 8
        if not self.rows:
            why = self.words.text("the data cannot tell")
            axes.text(MARGIN, y, why, va="center", fontsize=points(11), color=GREY)
            return
        for tick in ticks:
            shown = signed(tick, self.words)
            axes.text(x(tick), y, shown, ha="center", va="center", color=INK, fontsize=points(11))
        self._grid(axes, x, ticks, y + 8, top + self.height - 12)
        for one, lines in self.rows:
            self._row(axes, x, one, lines, y + LINE)
            y += ROW * len(lines)

    def _grid(self, axes, x, ticks, high, low):
        for tick in ticks:
            zero = abs(tick) < 1e-12
            look = {"color": INK if zero else PALE, "linewidth": 0.8 if zero else 0.5, "zorder": 1}
            axes.plot([x(tick)] * 2, [high, low], **look)
        main = self.rows[0][0]["estimate"] * self.step
        axes.plot([x(main)] * 2, [high, low], color=BLUE, linewidth=0.8, linestyle=(0, (3, 3)), zorder=2)

    def _row(self, axes, x, one, lines, y):
        main = one["specification"] == "main"
        ink = {"va": "center", "fontsize": points(11), "color": INK if main else GREY}
        for i, line in enumerate(lines):
            axes.text(MARGIN, y + ROW * i, line, fontweight="bold" if main else "normal", **ink)
        if one["reason"]:
            why = self.words.text(REASONS[one["reason"]])
            axes.text(WIDTH - MARGIN, y, why, ha="right", bbox={"color": "white", "pad": 1}, zorder=3, **ink)
            return
        at, low, high = (x(one[end] * self.step) for end in ("estimate", "conf_low", "conf_high"))
        color, wide = (BLUE, 3.0) if main else (GREY, 1.2)
        axes.plot([low, high], [y, y], color=color, linewidth=wide, solid_capstyle="butt", zorder=4)
        face = color if one["own_estimate"] else "white"
        axes.plot(
            [at], [y], marker="o", markersize=6 if main else 4.5, markerfacecolor=face, markeredgecolor=color, zorder=5
        )
