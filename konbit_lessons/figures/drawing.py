"""Draw a picture in pixels as a phone shows them, and return it as a small PNG.

Takes rows of text with a mark below each; returns the bytes of the PNG. Between ``words`` and ``figures`` in the flow.
The only module that imports matplotlib. Everything is laid out in pixels as shown on a phone, one row under the other,
so that text stays 11 to 12 pixels high there; the file holds twice as many. The same rows give the same bytes.
"""

import struct
import zlib
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextToPath
from matplotlib.ticker import MaxNLocator
from PIL import Image

from konbit_lessons import parts
from konbit_lessons.sentences import signed

WIDTH, MARGIN, LINE = 328, 10, 16  # pixels as shown on a phone 360 wide, less the margins of the page
BLUE, ORANGE, INK, GREY, PALE = "#0072B2", "#D55E00", "#1b1b1b", "#5f6368", "#d9dce0"  # Okabe and Ito, and greys
MARKS = {  # strength → how its dot and bar look; shape and filling differ, not colour alone
    "clear": {"marker": "o", "face": BLUE, "edge": BLUE, "width": 4},
    "likely": {"marker": "D", "face": BLUE, "edge": BLUE, "width": 2},
    "uncertain": {"marker": "o", "face": "white", "edge": ORANGE, "width": 2},
    "no sign of": {"marker": "s", "face": "white", "edge": GREY, "width": 2},
}


@dataclass(frozen=True)
class Row:
    """One row of a figure: texts above, mark below; `low` and `high` are NaN where there is no interval.

    `other` is what the dot is set beside, such as an offer beside an expectation: a diamond, joined to it.
    """

    label: str
    note: str
    at: float
    low: float
    high: float
    tag: str = ""
    look: str = "clear"
    other: float = float("nan")


def rows_png(rows, words, *, axis, limits=None, signs=False, scale=100):
    """Draw the rows one under the other and return the PNG; positions are pixels, y runs downward."""
    low, high = limits or limits_of(rows)
    blocks = [_block(row) for row in rows]
    height = 46 + sum(block["height"] for block in blocks) + 6
    with page(height) as axes:

        def x(value):
            return MARGIN + 10 + (value - low) / (high - low) * (WIDTH - 2 * MARGIN - 20)

        ticks = ticks_of(low, high, scale)
        axis_texts(axes, x, ticks, words, axis=axis, signs=signs, scale=scale)
        top = 46
        for row, block in zip(rows, blocks, strict=True):
            _draw_row(axes, x, row, block, top, ticks)
            top += block["height"]
        return palette_png(axes.figure)


@contextmanager
def page(height):
    """Give axes of `WIDTH` × height pixels to draw on, y downward."""
    with mpl.rc_context({"font.family": "DejaVu Sans", "text.parse_math": False}):
        canvas = Canvas(figsize=(WIDTH / 100, height / 100), dpi=200, facecolor="white")
        axes = canvas.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        axes.set_axis_off()
        yield axes


def ticks_of(low, high, scale=100, *, most=5):
    """Return round values between low and high, whole when multiplied by `scale`."""
    located = MaxNLocator(nbins=most, integer=True, steps=[1, 2, 5, 10]).tick_values(low * scale, high * scale) / scale
    return [tick for tick in located if low <= tick <= high]


def limits_of(rows):
    """Return the ends of the axis: zero and every interval in it, with a margin."""
    ends = [0.0, *(end for row in rows for end in (row.low, row.high) if not np.isnan(end))]
    low, high = max(min(ends), -1), min(max(ends), 1)
    pad = 0.06 * max(high - low, 0.1)
    return low - pad, high + pad


def axis_texts(axes, x, ticks, words, *, axis, signs, scale):
    """Write what the axis shows and its values at the top."""
    axes.text(WIDTH / 2, 12, axis, ha="center", va="center", color=GREY, fontsize=points(11))
    for tick in ticks:
        shown = signed(tick, words) if signs else words.number(tick * scale)
        axes.text(x(tick), 30, shown, ha="center", va="center", color=INK, fontsize=points(11))


def _block(row):
    """Wrap the texts of a row and measure how high it becomes."""
    tag = width_of(row.tag, 11) + 10 if row.tag else 0
    label = wrapped(row.label, 12, WIDTH - 2 * MARGIN - tag, bold=True)
    note = wrapped(row.note, 11, WIDTH - 2 * MARGIN)
    mark_height = 6 if np.isnan(row.at) else 22
    return {"label": label, "note": note, "height": 10 + LINE * (len(label) + len(note)) + mark_height}


def _draw_row(axes, x, row, block, top, ticks):
    grey = row.look == "cannot tell"
    texts = {"va": "center"}
    if row.tag:
        axes.text(
            WIDTH - MARGIN,
            top + 14,
            drawable(row.tag),
            ha="right",
            fontsize=points(11),
            color=GREY if grey else INK,
            **texts,
        )
    for i, line in enumerate(block["label"]):
        axes.text(
            MARGIN,
            top + 14 + LINE * i,
            line,
            fontweight="bold",
            fontsize=points(12),
            color=GREY if grey else INK,
            **texts,
        )
    for i, line in enumerate(block["note"], start=len(block["label"])):
        axes.text(MARGIN, top + 14 + LINE * i, line, fontsize=points(11), color=GREY, **texts)
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
        if not np.isnan(row.other):
            axes.plot(x(np.array([row.at, row.other])), [y, y], color=GREY, linewidth=0.9, zorder=3)
            axes.plot([x(row.other)], [y], marker="D", markersize=6.5, color=ORANGE, zorder=5)
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


def wrapped(text, size, width, *, bold=False):
    """Return the lines of a text of this size, none wider than `width`; at most four."""
    lines = [""]
    for word in drawable(parts.plain(text)).split(" "):  # not at the no-break space of "1 828" or "45 %"
        longer = f"{lines[-1]} {word}".strip()
        if width_of(longer, size, bold=bold) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > 4:
        lines = [*lines[:3], lines[3] + " …"]
    return [_cut(line, size, width, bold) for line in lines]


def drawable(text):
    """Put a box where the font has no letter, so that no text, however odd, stops a figure."""
    font = get_font(findfont("DejaVu Sans"))
    return "".join(letter if letter.isspace() or font.get_char_index(ord(letter)) else "□" for letter in text)


def _cut(line, size, width, bold):
    while width_of(line, size, bold=bold) > width and len(line) > 2:
        line = line[:-2] + "…"
    return line


def width_of(text, size, *, bold=False):
    """Return how many pixels wide a text is."""
    font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal", size=size)
    return TextToPath().get_text_width_height_descent(text, font, ismath=False)[0]


def points(pixels):
    """Return the size of type that is so many pixels high."""
    return pixels * 0.72  # the canvas has 100 pixels to the inch, type has 72 points


def palette_png(canvas):
    """Return the canvas as a PNG of the colours below, without the name of the software or any date.

    Each pixel takes half a byte, and rows are packed as they are: letters that come again on a line are then found
    again by the packing, which the filters that Pillow puts before it prevent. This saves a quarter.
    """
    FigureCanvasAgg(canvas).draw()
    pixels = np.asarray(canvas.canvas.buffer_rgba())[..., :3]
    colours = bytes(part for colour in PALETTE for part in _parts(colour))
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours)
    indexes = np.asarray(Image.fromarray(pixels).quantize(palette=palette, dither=Image.Dither.NONE))
    height, width = indexes.shape
    pairs = np.pad(indexes, ((0, 0), (0, width % 2)))
    rows = np.insert(pairs[:, ::2] << 4 | pairs[:, 1::2], 0, 0, axis=1)  # 0: no filter
    head = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"PLTE", colours), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _parts(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def _shade(colour, quarters):
    """A colour so many quarters of the way from white to it."""
    return "#" + "".join(f"{round(255 + (part - 255) * quarters / 4):02x}" for part in _parts(colour))


SHADES = {(BLUE, n): _shade(BLUE, n) for n in (1, 2, 3, 4)}  # of tiles; the first is that of bands too
PALETTE = ("#ffffff", PALE, "#9b9ea2", GREY, INK, *SHADES.values(), ORANGE, _shade(ORANGE, 2))  # at most 16
