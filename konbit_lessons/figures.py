"""Figures that a phone can show: a PNG as wide as its column, with heading, caption, alt text and its numbers.

Takes the `Estimates` of ``predict_participation``, or a frame of shares, and a language; returns a `Figure`, which
notebooks and reports show as HTML. The only module that imports matplotlib. Everything is laid out in pixels as shown
on a phone, one row under the other, so that text stays 11 to 12 pixels high there; the file holds twice as many. The
same numbers give the same bytes.
"""

import io
from dataclasses import dataclass, field

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextToPath
from matplotlib.ticker import MaxNLocator
from PIL import Image

from konbit_lessons import parts
from konbit_lessons.sentences import ANSWERS, Units, counts, in_order, label_of, reason, signed, step
from konbit_lessons.words import Words, mark

WIDTH, MARGIN, LINE = 328, 10, 16  # pixels as shown on a phone 360 wide, less the margins of the page
BLUE, ORANGE, INK, GREY, PALE = "#0072B2", "#D55E00", "#1b1b1b", "#5f6368", "#d9dce0"  # Okabe and Ito, and greys
MARKS = {  # strength → how its dot and bar look; shape and filling differ, not colour alone
    "clear": {"marker": "o", "face": BLUE, "edge": BLUE, "width": 4},
    "likely": {"marker": "D", "face": BLUE, "edge": BLUE, "width": 2},
    "uncertain": {"marker": "o", "face": "white", "edge": ORANGE, "width": 2},
    "no sign of": {"marker": "s", "face": "white", "edge": GREY, "width": 2},
}


@dataclass(frozen=True)
class Figure(parts.Part):
    """A figure and all that must stand with it.

    Attributes
    ----------
    png : bytes
    heading : str, its main point in one line
    subtitle : str, what is shown, of whom, when, in which unit
    caption : str, source, n, what was left out
    alt : str, the finding, for who cannot see it
    table : DataFrame of str, the same numbers
    language : str or Words
    name, numbers : the name of the CSV written beside the report, and the frame in it; no CSV without them
    """

    png: bytes = field(repr=False)
    heading: str
    subtitle: str
    caption: str
    alt: str
    table: pd.DataFrame = field(repr=False)
    language: object = "en"
    name: str = ""
    numbers: pd.DataFrame | None = field(default=None, repr=False)

    def _repr_html_(self):
        return parts.figure_html(self, WIDTH, Words.of(self.language))

    def _carried(self):
        return parts.carried_csv(self)


@dataclass(frozen=True)
class Row:
    """One row of a figure: texts above, mark below; `low` and `high` are NaN where there is no interval."""

    label: str
    note: str
    at: float
    low: float
    high: float
    tag: str = ""
    look: str = "clear"


def incentive_figure(result, language="en", units=None):
    """Return the coefficient plot: percentage points with intervals and counts, one row per incentive.

    Parameters
    ----------
    result : Estimates
    language : str or Words
    units : mapping or None, as in `konbit_lessons.sentences.Units`
    """
    words = Words.of(language)
    units = Units.of(units, result.outcome)
    ordered = in_order(result.table)
    rows = [_incentive_row(row, words, units) for row in ordered]
    per_hundred = {
        "rows": words.text("invitations") if units is None else units.rows,
        "percent": words.percent(result.confidence),
    }
    return Figure(
        png=_drawn(rows, words, axis=words.text("fewer of 100 {rows} ← 0 → more", **per_hundred), signs=True),
        heading=_heading(ordered[0], words, units),
        subtitle=words.text(
            "Difference for each 100 {rows} where the incentive was offered, other things equal: dot, best "
            "guess; bar, {percent} interval.",
            **per_hundred,
        ),
        caption=words.text(
            "{n} {rows}. Filled round: clear. Diamond: likely. Empty round: uncertain. Square: no sign of "
            "a difference that would matter. Grey text: the data cannot tell.",
            n=words.number(result.n),
            **per_hundred,
        ),
        alt=words.text(
            "Dot plot of {n} incentives. {readings}",
            n=words.number(len(rows)),
            readings=" ".join(_spoken(row) for row in rows),
        ),
        table=_numbers(ordered, words, units),
        language=language,
        name="incentives",
        numbers=result.table,
    )


def dots(shares, *, heading, subtitle, caption, language="en", name=""):
    """Return a figure of shares with their intervals.

    Parameters
    ----------
    shares : DataFrame with columns label, estimate, low, high (proportions) and n (str or number), one row per dot
    heading, subtitle, caption : str
    name : str, of the CSV beside the report
    """
    words = Words.of(language)
    rows = [
        Row(
            row["label"],
            words.text(
                "{percent} ({low} to {high}), n = {n}",
                percent=words.percent(row["estimate"]),
                low=words.points(row["low"]),
                high=words.points(row["high"]),
                n=words.number(row["n"]),
            ),
            row["estimate"],
            row["low"],
            row["high"],
        )
        for _, row in shares.iterrows()
    ]
    heads = [words.text(head) for head in (mark("Group"), mark("Percent"), mark("Low"), mark("High"), mark("n"))]
    table = pd.DataFrame(
        [
            [row["label"], *(words.points(row[c]) for c in ("estimate", "low", "high")), words.number(row["n"])]
            for _, row in shares.iterrows()
        ],
        columns=heads,
    )
    png = _drawn(rows, words, axis=words.text("percent"), limits=(0, 1))
    alt = " ".join([heading, *(_spoken(row) for row in rows)])
    return Figure(png, heading, subtitle, caption, alt, table, language, name, shares)


def targets(reached, *, heading, subtitle, caption, language="en", name=""):
    """Return a figure of what was reached against its target: a bar, and a line where the target stands.

    Parameters
    ----------
    reached : DataFrame with columns label, reached and target (counts), one row per bar
    """
    words = Words.of(language)
    rows = [
        Row(
            row["label"],
            words.text(
                "{reached} of {target}", reached=words.number(row["reached"]), target=words.number(row["target"])
            ),
            float(row["reached"]),
            np.nan,
            float(row["target"]),
            look="bar",
        )
        for _, row in reached.iterrows()
    ]
    table = pd.DataFrame(
        [[row["label"], words.number(row["reached"]), words.number(row["target"])] for _, row in reached.iterrows()],
        columns=[words.text("Group"), words.text("Reached"), words.text("Target")],
    )
    top = 1.05 * max([1.0, *(row.at for row in rows), *(row.high for row in rows)])
    png = _drawn(rows, words, axis=words.text("organizations; the line is the target"), limits=(0, top), scale=1)
    alt = " ".join([heading, *(_spoken(row) for row in rows)])
    return Figure(png, heading, subtitle, caption, alt, table, language, name, reached)


def _incentive_row(row, words, units):
    by = step(row)
    label = label_of(row, words)
    if by > 1:
        label = words.text("{label}, each {step} more", label=label, step=words.number(by))
    if row["strength"] == "cannot tell":
        note = reason(row, words, units)
        if row["n_offered"]:
            note = words.text(
                "{reason}: {k} of {n}, otherwise {k_other} of {n_other}", reason=note, **_k_of_n(row, words)
            )
        return Row(label, note, np.nan, np.nan, np.nan, words.text(ANSWERS["cannot tell"]), "cannot tell")
    note = words.text(
        "{points} ({range}) · {counts}",
        points=signed(row["estimate"] * by, words),
        range=_range(row, words),
        counts=counts(row, words, units),
    )
    return Row(
        label,
        note,
        row["estimate"] * by,
        row["conf_low"] * by,
        row["conf_high"] * by,
        words.text(ANSWERS[row["strength"]]),
        row["strength"],
    )


def _range(row, words):
    low, high = (signed(row[end] * step(row), words) for end in ("conf_low", "conf_high"))
    return words.text("{low} to {high}", low=low, high=high)


def _k_of_n(row, words):
    ends = {"k": "k_offered", "n": "n_offered", "k_other": "k_not_offered", "n_other": "n_not_offered"}
    return {name: words.number(row[column]) for name, column in ends.items()}


def _heading(row, words, units):
    values = {"label": label_of(row, words), "points": words.points(abs(row["estimate"] * step(row)))}
    values["rows"] = words.text("invitations") if units is None else units.rows
    if row["strength"] not in ("clear", "likely") or not row["estimate"] > 0:
        return words.text("The data show no incentive that goes with more participation")
    if units is not None:
        return words.text("{label}: about {points} more of 100 {rows} {outcome}", outcome=units.outcome, **values)
    return words.text("{label} goes with {points} more of 100 {rows} taken up", **values)


def _spoken(row):
    return f"{row.label}: {row.note}{f', {row.tag}' if row.tag else ''}."


def _numbers(ordered, words, units):
    heads = [mark("Incentive"), mark("Difference of 100"), mark("Low"), mark("High"), mark("Rests on"), mark("Answer")]
    lines = []
    for row in ordered:
        known = row["strength"] != "cannot tell"
        values = [signed(row[c] * step(row), words) if known else "–" for c in ("estimate", "conf_low", "conf_high")]
        lines.append([label_of(row, words), *values, counts(row, words, units), words.text(ANSWERS[row["strength"]])])
    return pd.DataFrame(lines, columns=[words.text(head) for head in heads])


def _drawn(rows, words, *, axis, limits=None, signs=False, scale=100):
    """Draw the rows one under the other and return the PNG; positions are pixels, y runs downward."""
    low, high = limits or _limits(rows)
    blocks = [_block(row) for row in rows]
    height = 46 + sum(block["height"] for block in blocks) + 6
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.parse_math": False}):
        canvas = Canvas(figsize=(WIDTH / 100, height / 100), dpi=200, facecolor="white")
        axes = canvas.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        axes.set_axis_off()

        def x(value):
            return MARGIN + 10 + (value - low) / (high - low) * (WIDTH - 2 * MARGIN - 20)

        located = MaxNLocator(nbins=5, integer=True, steps=[1, 2, 5, 10]).tick_values(low * scale, high * scale) / scale
        ticks = [tick for tick in located if low <= tick <= high]
        _axis(axes, x, ticks, words, axis=axis, signs=signs, scale=scale)
        top = 46
        for row, block in zip(rows, blocks, strict=True):
            _draw_row(axes, x, row, block, top, ticks)
            top += block["height"]
        return _palette_png(canvas)


def _limits(rows):
    ends = [0.0, *(end for row in rows for end in (row.low, row.high) if not np.isnan(end))]
    low, high = max(min(ends), -1), min(max(ends), 1)
    pad = 0.06 * max(high - low, 0.1)
    return low - pad, high + pad


def _axis(axes, x, ticks, words, *, axis, signs, scale):
    axes.text(WIDTH / 2, 12, axis, ha="center", va="center", color=GREY, fontsize=_points(11))
    for tick in ticks:
        shown = signed(tick, words) if signs else words.number(tick * scale)
        axes.text(x(tick), 30, shown, ha="center", va="center", color=INK, fontsize=_points(11))


def _block(row):
    """Wrap the texts of a row and measure how high it becomes."""
    tag = _width(row.tag, 11) + 10 if row.tag else 0
    label = _wrapped(row.label, 12, WIDTH - 2 * MARGIN - tag, bold=True)
    note = _wrapped(row.note, 11, WIDTH - 2 * MARGIN)
    mark_height = 6 if np.isnan(row.at) else 22
    return {"label": label, "note": note, "height": 10 + LINE * (len(label) + len(note)) + mark_height}


def _draw_row(axes, x, row, block, top, ticks):
    grey = row.look == "cannot tell"
    texts = {"va": "center"}
    if row.tag:
        axes.text(
            WIDTH - MARGIN,
            top + 14,
            _drawable(row.tag),
            ha="right",
            fontsize=_points(11),
            color=GREY if grey else INK,
            **texts,
        )
    for i, line in enumerate(block["label"]):
        axes.text(
            MARGIN,
            top + 14 + LINE * i,
            line,
            fontweight="bold",
            fontsize=_points(12),
            color=GREY if grey else INK,
            **texts,
        )
    for i, line in enumerate(block["note"], start=len(block["label"])):
        axes.text(MARGIN, top + 14 + LINE * i, line, fontsize=_points(11), color=GREY, **texts)
    if grey:
        return
    y = top + block["height"] - 14
    for tick in ticks:  # beside the mark only: lines through the text would make it hard to read
        zero = abs(tick) < 1e-12
        axes.plot(
            [x(tick)] * 2, [y - 13, y + 13], color=INK if zero else PALE, linewidth=0.8 if zero else 0.5, zorder=1
        )
    if row.look == "bar":
        axes.add_patch(Rectangle((x(0), y - 5), x(row.at) - x(0), 10, color=BLUE, zorder=2))
        axes.plot([x(row.high)] * 2, [y - 9, y + 9], color=INK, linewidth=1.5, zorder=4)
    else:
        look = MARKS[row.look]
        ends = np.clip([row.low, row.high], -1, 1)
        axes.plot(x(ends), [y, y], color=look["edge"], linewidth=look["width"] * 0.72, solid_capstyle="butt", zorder=4)
        axes.plot(
            [x(row.at)],
            [y],
            marker=look["marker"],
            markersize=7,
            markerfacecolor=look["face"],
            markeredgecolor=look["edge"],
            markeredgewidth=1.4,
            zorder=5,
        )


def _wrapped(text, size, width, *, bold=False):
    lines = [""]
    for word in _drawable(parts.plain(text)).split():
        longer = f"{lines[-1]} {word}".strip()
        if _width(longer, size, bold=bold) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > 4:
        lines = [*lines[:3], lines[3] + " …"]
    return [_cut(line, size, width, bold) for line in lines]


def _drawable(text):
    """Put a box where the font has no letter, so that no text, however odd, stops a figure."""
    font = get_font(findfont("DejaVu Sans"))
    return "".join(letter if letter.isspace() or font.get_char_index(ord(letter)) else "□" for letter in text)


def _cut(line, size, width, bold):
    while _width(line, size, bold=bold) > width and len(line) > 2:
        line = line[:-2] + "…"
    return line


def _width(text, size, *, bold=False):
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=size)
    return TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]


def _points(pixels):
    return pixels * 0.72  # the canvas has 100 pixels to the inch, type has 72 points


def _palette_png(canvas):
    """Return the canvas as a PNG of 64 colours, without the name of the software or any date."""
    FigureCanvasAgg(canvas).draw()
    pixels = np.asarray(canvas.canvas.buffer_rgba())[..., :3]
    file = io.BytesIO()
    Image.fromarray(pixels).quantize(64, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        file, format="PNG", optimize=True
    )
    return file.getvalue()
