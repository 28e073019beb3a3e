"""Draw a plot of seaborn or matplotlib at the width of a phone, or of a page, as a small SVG, or else a PNG.

Takes a plot and the frame it shows; returns pictures. On a phone the name of each row and its numbers stand above its
mark, from the left edge; on a wide page the name stands before it and the numbers behind. The same plot gives the same
bytes.
"""

import base64
import io
import textwrap
import warnings
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.category import StrCategoryFormatter
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from PIL import Image

from konbit_lessons.errors import PlotError
from konbit_lessons.figures.vector import Vector, shortened

NARROW, WIDE = 328, 640  # pixels: a phone 360 wide less the margins of the page; the column of a wide page
BLUE, ORANGE, GREEN, INK, GREY, PALE = "#0072B2", "#D55E00", "#009E73", "#1b1b1b", "#5f6368", "#d9dce0"  # Okabe and Ito
LINE, MARK = 15, 26  # height of a line of text and of a row's mark
LETTER = 6  # width of a letter
ABOVE = {False: 7, True: 12}  # points from the middle of a row to what stands above its mark; above a bar
BESIDE = (30, 24)  # letters of a name before its mark, on a wide page and on a phone
MOST_TICKS = 7, 5  # of an axis on a wide page, and on a phone
COLOURS_KEPT = 12  # of a PNG: half a byte each
LONGEST = 40_000  # letters of an SVG that is left as it is
INCH = 100  # pixels
LONG = 1.6  # times as high as wide, a picture cannot be read on a sheet: its table says it there
# for seaborn: ``sns.set_theme(style="whitegrid", rc=kl.THEME)``
THEME = dict(mpl.rc_params_from_file(Path(__file__).with_name("theme.mplstyle"), use_default_template=False))
MARKS = so.Nominal({"clear": "o", "likely": "D", "uncertain": "X", "no sign of": "s", "cannot tell": "."})
COLOURS = so.Nominal({"clear": BLUE, "likely": BLUE, "uncertain": ORANGE, "no sign of": GREY, "cannot tell": PALE})


@dataclass(frozen=True)
class Drawing:
    """A plot that can be drawn at any width.

    Attributes
    ----------
    plot : seaborn.objects.Plot, matplotlib Axes or Figure, or what has a ``figure``, such as a FacetGrid
    notes : list of (label, note, values), for each row of a categorical axis its name, what is read out of it, and what
        stands in its frame, by which a facet knows its rows
    axis : str, what stands under the horizontal axis
    formats : mapping of a column of the frame to whether its values are whole, or where they are, and how one is
        written
    height : int or None, pixels; by the number of rows unless told
    """

    plot: object = field(repr=False)
    notes: tuple = field(default=(), repr=False)
    axis: str = ""
    formats: dict[str, tuple[bool | Sequence, Callable]] = field(default_factory=dict, repr=False)
    height: int | None = None

    @cached_property
    def axes(self):
        """The matplotlib axes, drawn as on a wide page, to change before it is saved elsewhere."""
        self._name(canvas := self._drawn(), WIDE)
        return canvas.axes

    def picture(self, width, name):
        """Return the picture at a width in pixels, as an element of HTML of a class of this name; of "long" too."""
        with self._ready(width) as canvas:
            canvas.set_dpi(INCH)
            name += " long" * bool(width >= WIDE and canvas.get_figheight() > LONG * canvas.get_figwidth())
            svg = ""
            with suppress(NotImplementedError):  # it holds an image
                if len(svg := Vector(canvas).svg(name)) <= LONGEST:
                    return svg
            png = f'<img class="{name}" src="data:image/png;base64,{_png(canvas)}" alt="">'
            return min(filter(None, (shortened(svg), png)), key=len)

    def png(self, width=WIDE):
        """Return the picture at a width in pixels as a PNG in base64, for where no SVG can be shown."""
        with self._ready(width) as canvas:
            return _png(canvas)

    def savefig(self, path, width=WIDE):
        """Write the picture to a .svg, .png or .pdf, as many pixels wide as a screen shows."""
        with self._ready(width) as canvas:
            canvas.savefig(str(path), dpi=3 * INCH, metadata={"Date": None} if str(path).endswith("svg") else None)

    @cached_property
    def _once(self):
        """The figure of which each picture is made: to draw it takes longer than all that is put on and taken off."""
        return self._drawn()

    def _name(self, canvas, width):
        """Give the figure its width, names and numbers; return what was put into it beside the marks."""
        added = [one for axes in canvas.axes for one in self._dress(axes, width)]
        rows = [(axes, self._noted(axes)) for axes in canvas.axes if _is_of_rows(axes)]  # facets share their names
        # before the marks on a wide page, and where no numbers are to be read above them
        beside = width >= WIDE or not any(note for _, notes in rows for _, note in notes)
        high = 46 + sum(24 + self._row(*one, beside, width) * len(one[1]) for one in rows)
        high = high if rows else round(width * (0.75 if width < WIDE else 0.42))
        canvas.set_size_inches(width / INCH, (self.height or high) / INCH)
        added += [one for axes, notes in rows for one in self._named(axes, notes, beside, width)]
        canvas.tight_layout(pad=0.5)
        return added

    @contextmanager
    def _ready(self, width):
        """The figure with names and numbers beside its marks, which are taken off it afterwards."""
        with mpl.rc_context(THEME), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a letter that the font lacks is a box
            axes = [one for of in self._once.axes for one in (of.xaxis, of.yaxis)]
            before, layout = [(one, *_state(one)) for one in axes], {**vars(self._once.subplotpars)}
            added = self._name(self._once, width)
            yield self._once
            for one in added:
                one.remove()
            for axis, locator, formatter, name, ends in before:
                axis.set_major_locator(locator)
                axis.set_major_formatter(formatter)
                axis.set_label_text(name)
                axis.set_view_interval(*ends, ignore=True)
            self._once.subplots_adjust(**layout)

    def _drawn(self):
        if not isinstance(self.plot, so.Plot):
            return self.plot if isinstance(self.plot, Canvas) else self.plot.figure
        canvas = Canvas()
        with warnings.catch_warnings():
            # seaborn 0.13 copies frames by a keyword that pandas 3 no longer needs, and says so once a plot
            warnings.filterwarnings("ignore", category=pd.errors.Pandas4Warning)
            try:
                self.plot.theme(THEME).on(canvas).plot()
            except Exception as error:  # of whatever library draws: what it says last is what is wrong
                why = error.__cause__ or error
                raise PlotError(f"the plot cannot be drawn: {why}. See its scales and columns.") from None
        canvas.legends.clear()  # names stand beside the marks
        return canvas

    def _dress(self, axes, width):
        """Write values as the language does and no names of columns; return a line at zero, where differences are."""
        for at, name in ((axes.xaxis, axes.get_xlabel()), (axes.yaxis, axes.get_ylabel())):
            if name in self.formats:
                (ticks, write), most = self.formats[name], MOST_TICKS[width < WIDE]
                # at most so many round values, or some of those named
                whole = {"steps": [1, 2, 5, 10], "integer": ticks}
                some = FixedLocator(ticks[:: -(-len(ticks) // most)]) if isinstance(ticks, Sequence) else None
                at.set_major_locator(some or MaxNLocator(most, **whole))
                at.set_major_formatter(FuncFormatter(lambda value, _, write=write: write(value)))
            elif at is axes.xaxis and isinstance(at.get_major_formatter(), StrCategoryFormatter):
                ticks, most = axes.get_xticks()[::-1], MOST_TICKS[width < WIDE]
                ticks = ticks[:: -(-len(ticks) // most)]
                at.set_major_locator(FixedLocator(ticks))
                at.set_major_formatter(_Wrapped(at.get_major_formatter(), int(0.75 * width / LETTER / len(ticks))))
            at.set_label_text(self.axis if at is axes.xaxis else "")
        low, high = axes.get_xlim()
        of_differences = low < 0 < high and _is_of_rows(axes) and not axes.patches
        return [axes.axvline(0, color=INK, linewidth=0.8, zorder=1)] if of_differences else []

    def _noted(self, axes):
        """Each name, and what is read out of its row; of a facet, of the one that has its title too."""
        title, facets = axes.get_title(), {one.get_title() for one in axes.figure.axes}
        own = [one for one in self.notes if title in one[2] or facets.isdisjoint(one[2])]
        notes = {name: note for name, note, _ in reversed(own)}
        return [(label, notes.get(label, "")) for label in _labels(axes)]

    def _row(self, axes, notes, beside, width):
        """How high a row is: as many lines as the longest takes, and its mark where that stands under them."""
        if beside:
            lines = [max(_lines(label, BESIDE[width < WIDE]), _lines(note, 34)) for label, note in notes]
            return LINE * max(lines, default=1) + 4
        lines = max((_lines(label, 44) + _lines(note, 50) for label, note in notes), default=1)
        return LINE * lines + MARK + 2 * (ABOVE[bool(axes.patches)] - ABOVE[False])

    def _named(self, axes, notes, beside, width):
        """Put names and numbers above the marks, or before and behind them."""
        places = list(axes.get_yticks())
        axes.grid(visible=False, axis="y")
        if beside:
            axes.set_yticks(places, [_wrapped(label, BESIDE[width < WIDE]) for label, _ in notes])
            said = [(at, _wrapped(note, 34)) for at, (_, note) in zip(places, notes, strict=True) if note]
            return [_written(axes, 1, at, note, (8, 0), color=GREY, va="center") for at, note in said]
        axes.set_yticks(places, [""] * len(places))
        axes.set_ylim(len(places) - 0.65, -0.8)
        added, above = [], ABOVE[bool(axes.patches)]
        for at, (label, note) in zip(places, notes, strict=True):
            added.append(_written(axes, 0, at, _wrapped(note, 50), (0, above), color=GREY))
            up = (0, above + 1 + 10 * _lines(note, 50))
            added.append(_written(axes, 0, at, _wrapped(label, 44), up, color=INK, fontweight="bold"))
        return added


class _Wrapped(StrCategoryFormatter):
    """Names along an axis, in lines of so many letters."""

    def __init__(self, names, letters):
        self.names, self.letters = names, letters

    def format_ticks(self, values):
        """Return the names at some places of the axis."""
        return [textwrap.fill(one, self.letters, break_long_words=False) for one in self.names.format_ticks(values)]


def _png(canvas):
    """A figure as a small PNG in base64, twice as many pixels as shown."""
    file, packed = io.BytesIO(), io.BytesIO()
    canvas.savefig(file, format="png", dpi=2 * INCH)
    picture = Image.open(file).convert("RGB").quantize(COLOURS_KEPT, Image.Quantize.MAXCOVERAGE)
    picture.save(packed, "PNG", bits=4, optimize=True)
    return base64.b64encode(packed.getvalue()).decode("ascii")


def _state(axis):
    """What a picture changes of an axis."""
    return axis.get_major_locator(), axis.get_major_formatter(), axis.get_label_text(), [*axis.get_view_interval()]


def _labels(axes):
    return [text.get_text() for text in axes.get_yticklabels()]


def _lines(text, width):
    return _wrapped(text, width).count("\n") + 1 if text else 0


def _is_of_rows(axes):
    return isinstance(axes, Axes) and isinstance(axes.yaxis.get_major_formatter(), StrCategoryFormatter)


def _wrapped(text, width):
    return textwrap.fill(text, width, break_long_words=True) if text else ""


def _written(axes, x, y, text, offset, **look):
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    look = {"ha": "left", "va": "bottom", "fontsize": 8, "bbox": ground, "zorder": 6} | look
    places = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    return axes.annotate(text, (x, y), xytext=offset, **places, **look)
