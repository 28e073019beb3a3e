"""Pictures that rows cannot give: columns by quarter against a target, a curve with its band, a map of tiles,
waves side by side, a calendar.

Takes numbers; returns the bytes of a PNG, drawn in pixels as ``drawing`` does. Between ``drawing`` and the parts of a
page in the flow.
"""

import numpy as np
import pandas as pd

from konbit_lessons.figures.drawing import (
    BLUE,
    GREY,
    INK,
    LINE,
    MARGIN,
    ORANGE,
    PALE,
    SHADES,
    WIDTH,
    Rectangle,
    drawable,
    page,
    palette_png,
    points,
    width_of,
    wrapped,
)
from konbit_lessons.measures.haiti import TILES

MOST_WAVES = 4  # beside each other in a panel on a phone
MOST_QUARTERS = 10  # of which the numbers still fit beside each other on a phone
PANEL, CURVE, TILE = 118, 190, 75  # heights, in pixels


def quarters_png(panels, words):
    """Draw a panel for each type: columns reached in the quarter, a line of those so far, a dashed one at the target.

    Parameters
    ----------
    panels : list of (label, DataFrame)
        The frame has ``fiscal_quarter``, ``reached``, ``so_far``, ``attendances``, ``target``.
    """
    each = PANEL + 6 * LINE + 26
    with page(4 + each * len(panels)) as axes:
        for i, (label, frame) in enumerate(panels):
            _panel(axes, 4 + each * i, label, frame.tail(MOST_QUARTERS), words)
        return palette_png(axes.figure)


def curve_png(curve, words, *, axis):
    """Draw the steps of a curve of shares with its band.

    Parameters
    ----------
    curve : DataFrame with ``quarter``, ``share``, ``low``, ``high`` and ``at_risk``
    axis : dict of ``x`` and ``at_risk``, the words under it
    """
    left, right = MARGIN + 40, WIDTH - MARGIN - 12
    with page(CURVE + 90) as axes:

        def x(quarter):
            return left + (right - left) * quarter / max(curve["quarter"].max(), 1)

        def y(share):
            return 14 + CURVE * (1 - share)

        for share in (0, 0.25, 0.5, 0.75, 1):
            axes.plot([left, right], [y(share)] * 2, color=INK if share == 0 else PALE, linewidth=0.6, zorder=1)
            _text(axes, left - 6, y(share), words.percent(share), ha="right")
        band = curve.dropna(subset=["low", "high"])
        ends = np.append(curve["quarter"].to_numpy(float), curve["quarter"].max() + 0.08)
        for line in band.itertuples():
            until = ends[np.searchsorted(ends, line.quarter, side="right")]
            box = Rectangle((x(line.quarter), y(line.high)), x(until) - x(line.quarter), y(line.low) - y(line.high))
            box.set(facecolor=SHADES[BLUE, 1], edgecolor="none", zorder=2)
            axes.add_patch(box)
        shares = curve["share"].to_numpy(float)
        axes.step(x(ends), y(np.append(shares, shares[-1])), where="post", color=BLUE, linewidth=1.6, zorder=3)
        for line in curve.itertuples():
            axes.plot([x(line.quarter)], [y(line.share)], marker="o", markersize=4.5, color=BLUE, zorder=4)
            if line.quarter:
                below = y(line.low if pd.notna(line.low) else line.share) + 12
                _text(axes, x(line.quarter), below, words.percent(line.share), ha="center", bold=True)
            _text(axes, x(line.quarter), 14 + CURVE + 14, words.number(line.quarter), ha="center")
            _text(axes, x(line.quarter), 14 + CURVE + 14 + 3 * LINE, words.number(line.at_risk), ha="center")
        _text(axes, WIDTH / 2, 14 + CURVE + 14 + LINE, axis["x"], ha="center", color=GREY)
        _text(axes, MARGIN, 14 + CURVE + 14 + 2 * LINE, axis["at_risk"], color=GREY)
        return palette_png(axes.figure)


def tiles_png(tiles, words, *, few, none):
    """Draw Haiti's departments as tiles, the darker the higher the share.

    Parameters
    ----------
    tiles : DataFrame with ``department``, ``share``, ``reached`` and ``organizations``
    few, none : str, in tiles whose figure is not shown, and in which there is no organization
    """
    by, side = tiles.set_index("department"), (WIDTH - 2 * MARGIN) / 4
    with page(2 * MARGIN + 4 * TILE) as axes:
        for name, (column, row) in TILES.items():
            line = by.loc[name] if name in by.index else None
            share = by["share"].get(name, float("nan"))
            left, top = MARGIN + column * side + 1.5, MARGIN + row * TILE + 1.5
            ground, ink = _shade(share)
            box = Rectangle((left, top), side - 3, TILE - 3, facecolor=ground, edgecolor=GREY, linewidth=0.6)
            box.set_linestyle("-" if line is not None else (0, (3, 3)))
            axes.add_patch(box)
            said = (
                [none] if line is None else [few] if np.isnan(share) else [words.percent(share), _k_of_n(line, words)]
            )
            lines = [
                (one, text == said[0]) for text in (words.text(name), *said) for one in wrapped(text, 11, side - 6)
            ]
            middle = top + TILE / 2 - 1.5
            for i, (text, bold) in enumerate(lines):
                at = middle + LINE * (i - (len(lines) - 1) / 2)
                _text(axes, left + side / 2 - 1.5, at, text, ha="center", bold=bold, color=ink)
        return palette_png(axes.figure)


def waves_png(panels, words):
    """Draw a panel for each group, side by side: a share with its interval in each wave, and n under it.

    Parameters
    ----------
    panels : list of (label, DataFrame)
        The frame has ``wave``, ``share``, ``low``, ``high`` and ``n``.
    """
    left, waves = MARGIN + 40, sorted({wave for _, frame in panels for wave in frame["wave"]})[-MOST_WAVES:]
    width = (WIDTH - left - MARGIN) / len(panels)
    labels = [wrapped(label, 11, width - 6, bold=True) for label, _ in panels]
    top = 10 + LINE * max(map(len, labels))
    with page(top + PANEL + 2 * LINE + 26) as axes:

        def y(share):
            return top + 10 + PANEL * (1 - share)

        for share in (0, 0.25, 0.5, 0.75, 1):
            axes.plot(
                [left, WIDTH - MARGIN], [y(share)] * 2, color=INK if share == 0 else PALE, linewidth=0.6, zorder=1
            )
            _text(axes, left - 6, y(share), words.percent(share), ha="right")
        _text(axes, left - 6, y(0) + 14, words.text("wave"), ha="right", color=GREY)
        _text(axes, left - 6, y(0) + 14 + LINE, "n", ha="right", color=GREY)
        for at, (_, frame) in enumerate(panels):
            for row, line in enumerate(labels[at]):
                lowest = top - 2 - LINE * (len(labels[at]) - 1 - row)
                _text(axes, left + width * (at + 0.5), lowest - 2, line, ha="center", bold=True)
            shown = frame[frame["wave"].isin(waves)]
            xs = [left + width * (at + (waves.index(wave) + 0.5) / len(waves)) for wave in shown["wave"]]
            axes.plot(xs, [y(share) for share in shown["share"]], color=BLUE, linewidth=0.8, marker="o", markersize=5)
            for x, line in zip(xs, shown.itertuples(), strict=True):
                axes.plot([x, x], [y(line.low), y(line.high)], color=BLUE, linewidth=2.2, solid_capstyle="butt")
                _text(axes, x, y(line.high) - 9, words.points(line.share), ha="center", bold=True, on="white")
                _text(axes, x, y(0) + 14, words.number(line.wave), ha="center")
                _text(axes, x, y(0) + 14 + LINE, words.number(line.n), ha="center")
        return palette_png(axes.figure)


def calendar_png(quarters, words, *, few):
    """Draw a line of three months for each quarter, the darker a month the more conversations it had.

    Parameters
    ----------
    quarters : list of (label, list of (month, number)), the number missing where it is not shown
    few : str, in months whose number is not shown
    """
    side = (WIDTH - 2 * MARGIN) / 3
    labels = [wrapped(label, 11, WIDTH - 2 * MARGIN, bold=True) for label, _ in quarters]
    numbers = [number for _, months in quarters for _, number in months if pd.notna(number)]
    top = 4
    with page(8 + sum(LINE * len(lines) + 56 for lines in labels)) as axes:
        for lines, (_, months) in zip(labels, quarters, strict=True):
            for row, line in enumerate(lines):
                _text(axes, MARGIN, top + 12 + LINE * row, line, bold=True)
            top += LINE * len(lines) + 6
            for at, (month, number) in enumerate(months):
                left = MARGIN + at * side
                ground, ink = _shade(float("nan") if pd.isna(number) else 0.999 * number / max(1, *numbers))
                axes.add_patch(
                    Rectangle((left + 1, top), side - 2, 38, facecolor=ground, edgecolor=GREY, linewidth=0.6)
                )
                _text(axes, left + side / 2, top + 12, month, ha="center", color=ink)
                said = few if pd.isna(number) else words.number(number)
                _text(axes, left + side / 2, top + 12 + LINE, said, ha="center", color=ink, bold=True)
            top += 50
        return palette_png(axes.figure)


def _panel(axes, top, label, frame, words):
    """One type: its name, the columns, and under them the quarters and the attendances."""
    known = frame[["reached", "so_far", "target"]].astype("Float64")
    most = max(1.0, known.max().max())
    ground = top + LINE + 30 + PANEL
    width = (WIDTH - 2 * MARGIN) / len(frame)

    def y(count):
        return ground - PANEL * count / most

    target = frame["target"].iloc[0]
    said = words.text("target {n}", n=words.number(target)) if pd.notna(target) else ""
    room = WIDTH - 2 * MARGIN - (width_of(said, 11) + 40 if said else 0)
    _text(axes, MARGIN, top + 14, wrapped(label, 12, room, bold=True)[0], size=12, bold=True)
    if said:
        key = MARGIN + room + 10, WIDTH - MARGIN - width_of(said, 11) - 6
        for ends, at in (((MARGIN, WIDTH - MARGIN), y(target)), (key, top + 14)):
            axes.plot(ends, [at] * 2, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=3)
        _text(axes, WIDTH - MARGIN, top + 14, said, ha="right")
    axes.plot([MARGIN, WIDTH - MARGIN], [ground] * 2, color=INK, linewidth=0.8, zorder=3)
    middles = [MARGIN + width * (i + 0.5) for i in range(len(frame))]
    so_far = [(x, float(n)) for x, n in zip(middles, frame["so_far"], strict=True) if pd.notna(n)]
    if so_far:
        xs, ns = zip(*so_far, strict=True)
        axes.plot(xs, [y(n) for n in ns], color=ORANGE, linewidth=1.4, marker="D", markersize=5, zorder=4)
    half = min(width * 0.32, 16)
    for x, (at, line) in zip(middles, enumerate(frame.itertuples()), strict=True):
        if pd.notna(line.reached):
            axes.add_patch(Rectangle((x - half, y(line.reached)), 2 * half, ground - y(line.reached), color=BLUE))
            if ground - y(line.reached) > 14:
                _text(axes, x, ground - 8, words.number(line.reached), ha="center", color="white", bold=True)
            else:
                _text(axes, x, y(line.reached) - 8, words.number(line.reached), ha="center", color=BLUE, bold=True)
        if pd.notna(line.so_far):
            above = y(line.so_far) - 12
            if said and abs(above - y(target)) < 9:  # it would lie on the line of the target
                above = y(target) - 9
            _text(axes, x, above, words.number(line.so_far), ha="center", color=ORANGE, bold=True, on="white")
        year, number = line.fiscal_quarter[:6], line.fiscal_quarter[6:]
        _text(axes, x, ground + 12, number, ha="center")
        if at == 0 or number == "Q1":
            _text(axes, x, ground + 12 + LINE, year, ha="center", color=GREY)
        _text(axes, x, ground + 12 + 3 * LINE, _or_dash(line.attendances, words), ha="center")
    _text(axes, MARGIN, ground + 12 + 2 * LINE, words.text("Attendances in the quarter:"), color=GREY)


def _text(axes, x, y, text, *, ha="left", color=INK, size=11, bold=False, on=None):
    """Write one line; `on` is the ground put behind it where it would lie on a line."""
    weight, box = "bold" if bold else "normal", {"facecolor": on, "edgecolor": "none", "pad": 0.5} if on else None
    look = {"va": "center", "color": color, "fontsize": points(size), "fontweight": weight, "bbox": box, "zorder": 6}
    axes.text(x, y, drawable(text), ha=ha, **look)


def _or_dash(count, words):
    return "–" if pd.isna(count) else words.number(count)


def _k_of_n(line, words):
    return words.text("{k} of {n}", k=words.number(line["reached"]), n=words.number(line["organizations"]))


def _shade(share):
    """The ground and the ink of a tile: four steps of blue."""
    if np.isnan(share):
        return "white", GREY
    quarters = min(int(share * 4) + 1, 4)
    return SHADES[BLUE, quarters], "white" if quarters > 3 else INK
