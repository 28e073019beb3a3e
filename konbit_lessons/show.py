"""A plot and its frame → a figure that a phone can show; and the other parts of a page: opening, prose, tables, items.

    kl.show(
        so.Plot(shares, x="share", y="label", xmin="conf_low", xmax="conf_high").add(so.Range()).add(so.Dot()),
        shares, finding=say.drew_most(shares), shows=say("…"), source=say("…"), name="uptake_by_type")

Takes any plot of seaborn or matplotlib, Sentences and frames; returns objects that Jupyter shows as HTML. What the page
maker needs beside the HTML (the title, the CSV, the numbers of the sentences) travels in the same output under the type
`CARRIED`; an output without it does not reach a shared page.
"""

import os
import string
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from numbers import Number
from types import ModuleType

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import date2num, num2date

from konbit_lessons.figures.drawing import COLOURS, MARKS, NARROW, THEME, WIDE, Drawing
from konbit_lessons.figures.markup import CARRIED, DAYS, FOR_WORD, PARTS, SIMULATED, Part, Shown, as_csv, meta, plain
from konbit_lessons.say import ENDS, OF_NO_NUMBER, PAIRS, Say, Sentence
from konbit_lessons.tables import codebook
from konbit_lessons.words import Label

__all__ = ["CARRIED", "COLOURS", "MARKS", "THEME", "Figure", "Opening", "items", "prose", "show", "table"]
MOST_COLUMNS = 7
DIGITS = 10  # of a number in the CSV beside the report, and in its sheet


def _nothing(why="There are no rows to show."):
    """What stands in the notebook where there is nothing to show; on a page it is nothing."""
    return Shown(PARTS.nothing(why), {"part": "nothing"})


@dataclass(frozen=True)
class Opening(Part):
    """The head of a report: what was asked, by whom, for which period, whom to ask, and the answer in a sentence.

    Parameters
    ----------
    say : Say, with a programme: its name, whether it is simulated, the data cut and the point of contact are shown
    title : Sentence or str
    answer : Sentence
    quarter : str, as "FY2017Q3"; a study has none
    told : dict of str to number or str, figures that the manifest keeps for the report of the next quarter
    """

    say: Say = field(repr=False)
    title: object
    answer: object
    quarter: str | None = None
    told: Mapping[str, float | str] = field(default_factory=dict, repr=False)

    def _repr_html_(self):
        simulated = self.say.words.text(SIMULATED) if self.say.programme.simulated else ""
        return PARTS.opening(self.title, self.answer, meta(self.say.programme, self.quarter, self.say), simulated)

    def _carried(self):
        said = {"part": "opening", "title": plain(str(self.title)), "answer": str(self.answer), "told": dict(self.told)}
        return said | {"sentences": _numbers([self.title, self.answer])}


def prose(sentences, *, as_list=True, caveat=False, most=None):
    """Show sentences; those that are None or empty are left out, and nothing is shown where none is left.

    Parameters
    ----------
    sentences : Sentence, sequence of them, or mapping of an anchor to the sentence whose bold words link to it
    as_list : bool, a list where there are several
    caveat : bool, in a quiet box
    most : int, words in front: beyond the first, Sentences that exceed them are folded behind how many more they are
    """
    if isinstance(sentences, Mapping):
        sentences = [one and one.to(anchor) for anchor, one in sentences.items()]
    given = [sentences] if isinstance(sentences, Sentence | str) or sentences is None else sentences
    kept = [one for one in given if one]
    if not kept:
        return _nothing("There is nothing to say.")
    words = accumulate(len(str(one).split()) for one in kept)
    cut = len(kept) if most is None else max(sum(so_far <= most for so_far in words), 1)
    html, behind = PARTS.prose(kept[:cut], as_list, caveat), kept[cut:]
    if behind:
        more = behind[0].say(["{n} more", "{n} more"], n=len(behind))
        html += PARTS.folded(more, PARTS.prose(behind, as_list, caveat), part=True)
    return Shown(html, {"part": "prose", "sentences": _numbers(kept)})


def table(frame, columns, *, caption, across=None, name="", words=()):
    """Show a frame as a table to read.

    Parameters
    ----------
    frame : DataFrame, one row per row of the table, or per cell of those that go across
    columns : mapping of a heading (Sentence or str) to how a cell reads, such as "{share:percent} ({range})"; see
        `Say`. A cell of which no value is known is "–".
    caption : Sentence
    across : mapping of a column of the frame to how a cell reads: each of its values becomes a column of the table,
        and the rows of the frame that read alike in `columns` become one row; beyond 7 in tables below each other
    name : str, of the CSV beside the report; none without
    words : headings of columns that hold words and stand left; the first always does

    Raises
    ------
    ValueError
        There are more than 7 columns, or a cell names a column that the frame does not have.
    """
    if len(columns) > MOST_COLUMNS:
        raise ValueError(f"a table to read has at most {MOST_COLUMNS} columns; found {len(columns)}: leave some out.")
    if not len(frame):
        return _nothing()
    say, across = caption.say, across or {}
    _refuse_unknown(frame, " ".join([*columns.values(), *across.values()]))
    rows = frame.to_dict("records")
    read = pd.DataFrame({str(head): [_cell(cell, row, say) for row in rows] for head, cell in columns.items()})
    for by, cell in across.items():
        cells = read.assign(_by=frame[by].map(str).to_numpy(), _cell=[_cell(cell, row, say) for row in rows])
        wide = cells.pivot_table("_cell", list(read), "_by", aggfunc="first", sort=False).fillna("–")
        read = wide.reset_index().rename_axis(columns=None)
    first, *others = read.columns
    starts = range(0, max(len(others), 1), MOST_COLUMNS - 1)
    parts = [read[[first, *others[at : at + MOST_COLUMNS - 1]]] for at in starts]
    html = "".join(PARTS.table(one, caption, [*map(str, words)]) for one in parts)
    values = {str(head): cell for head, cell in columns.items()}
    values |= {"": " ".join([f"{{{by}}} {cell}" for by, cell in across.items()])} if across else {}
    return Shown(html, _carried("table", name, frame, [caption], _sheet(values, rows, caption)))


def _cell(template, row, say):
    """A cell of a table, "–" where no value of it is known."""
    values = [row[name] for name, _ in _fields(template) if name in row]
    return str(say(template, **row)) if not values or pd.notna(values).any() else "–"


def items(each, *, name="", frame=None):
    """Show things one below the other.

    Parameters
    ----------
    each : sequence of (heading, list of (what, text), anchor)
    name, frame : of the CSV beside the report; none without
    """
    if not each:
        return _nothing()
    html = "".join(PARTS.item(*one) for one in each)
    told = [text for heading, facts, _ in each for text in (heading, *(one for _, one in facts))]
    return Shown(html, _carried("items", name, frame, told))


@dataclass(frozen=True)
class Figure(Part, Drawing):
    """A plot and all that must stand with it.

    Attributes
    ----------
    plot, notes, axis, formats, height : as of Drawing, which has ``axes`` and ``savefig`` too
    finding : Sentence, its main point in one line
    shows : Sentence, what is shown, of whom, when, in which unit
    source : Sentence, source, n, what was left out
    readings : tuple of Sentence, each row of the frame as it is read out
    cells : DataFrame of str, the table under the figure
    name, frame : of the CSV beside the report
    template : str, how a row is read out
    """

    finding: Sentence | None = None
    shows: object = ""
    source: object = ""
    readings: tuple = field(default=(), repr=False)
    cells: pd.DataFrame | None = field(default=None, repr=False)
    name: str = ""
    frame: pd.DataFrame | None = field(default=None, repr=False)
    template: str = ""

    @property
    def alt(self):
        """The finding and every row, for who cannot see the picture."""
        return " ".join([f"{self.finding.plain}.", *map(str, self.readings)])

    @cached_property
    def _pictures(self):
        return self.picture(NARROW, "narrow"), self.picture(WIDE, "wide")

    def _repr_html_(self):
        heading, summary = self.finding.plain, self.finding.say.words.text("The numbers in this figure")
        told = {"heading": heading, "subtitle": self.shows, "caption": self.source, "alt": self.alt}
        words = [head for head, cells in self.cells.items() if cells.str.contains(r"[^\W\d_]{3}").any()]
        numbers = PARTS.table(self.cells, heading, words)
        return PARTS.figure(**told, pictures=self._pictures, numbers=numbers, summary=summary)

    def _carried(self):
        told = [self.finding, self.shows, self.source]
        sheet = _sheet({"": self.template}, self.frame.to_dict("records"), self.finding, *told[1:])
        carried = _carried("figure", self.name, self.frame, told, sheet)
        picture = {"png": self.png()} if os.environ.get(FOR_WORD) else {}
        return carried | {"finding": self.finding.plain} | picture


def show(plot, frame, *, finding, shows="", source="", says="", axis="", name="", height=None):
    """Show a plot as a figure: finding, picture for phone and page, alt text, table and CSV, all from its frame.

    Nothing is shown where there is no row, no finding, or no number; a sentence, where three rows or more are alike.

    Parameters
    ----------
    plot : seaborn.objects.Plot, or what seaborn or matplotlib drew: Axes, Figure, FacetGrid
    frame : DataFrame behind it, one row per thing that is shown
    finding : Sentence, the heading
    shows : Sentence, under the heading
    source : Sentence, under the picture
    says : str, how a row is read out, such as "{label}: {share:percent} ({range}), n = {n}."; by the frame's columns
        unless told. The alt text, the table under the figure and the words beside its marks come from it.
    axis : Sentence or str, what stands under the horizontal axis
    name : str, of the CSV beside the report; none without
    height : int, pixels; by the number of rows unless told

    Raises
    ------
    ValueError
        ``says`` names a column that the frame does not have.
    """
    if not hasattr(plot, "on"):  # what pyplot drew, a notebook would show by itself
        plt.close(getattr(plot, "figure", None) or plot)
    if not len(frame) or not finding:
        return _nothing()
    say = finding.say
    usual = "{label}: {share:percent}" if "share" in frame else "{label}: {estimate:signed}"
    usual += (" ({range})" if "conf_low" in frame else "") + (", n = {n}." if "n" in frame else ".")
    template = says or usual
    _refuse_unknown(frame, template)
    numbers = [name for name, spec in _fields(template) if spec in ("percent", "points", "signed") and name in frame]
    if numbers and frame[numbers].isna().all(axis=None):
        return _nothing("Nothing of this may be shown.")
    if _all_alike(frame, template):
        return Shown(PARTS.prose([finding], False, False), _carried("figure", name, frame, [finding]))
    rows = frame.to_dict("records")
    readings = tuple(_reading(template, row, say) for row in rows)
    notes = tuple(_note(row, one) for row, one in zip(rows, readings, strict=True) if "label" in row)
    drawn = (plot, notes, str(axis), _formats(frame, template, say), height)
    return Figure(*drawn, finding, shows, source, readings, _cells(template, rows, say), name, frame, template)


def _carried(part, name, frame, sentences, sheet=None):
    """What a part carries: its CSV and its sheet, where it has a name, and the numbers of its sentences."""
    named = {"name": name, "csv": as_csv(frame), "sheet": sheet} if name and frame is not None else {}
    return {"part": part, "sentences": _numbers(sentences)} | named


def _sheet(templates, rows, title, *notes):
    """A table as a spreadsheet has it: a column for each value that is read, numbers as numbers."""
    columns = _columns(templates, title.say)
    values = [[_value(row[name], spec, title.say) for name, spec in columns.values()] for row in rows]
    said = [plain(one) for one in (title.plain, *notes) if one]
    return {"said": said, "columns": [[plain(head), spec] for head, (_, spec) in columns.items()], "rows": values}


def _value(value, spec, say):
    """A value of a sheet: a number (of 100, where it is read so), a day as 2017-06-30, or what stands on the page."""
    if isinstance(value, Number) and spec not in OF_NO_NUMBER and np.isfinite(value):
        return round(value * (100 if spec in ("points", "signed") else 1), DIGITS)
    return f"{value:%Y-%m-%d}" if spec in DAYS and pd.notna(value) else plain(say.formatted(value, spec))


def _numbers(sentences):
    """Text and numbers of the sentences that have any, for ``<page>_sentences.csv``."""
    return [[plain(one.plain), *number] for one in sentences if isinstance(one, Sentence) for number in one.given]


# ---- how a row is read out: in the alt text, beside its mark, along its axis, in the table under a figure


def _fields(template):
    """The columns that a template names, with how each is written."""
    return [(name, spec) for _, name, spec, _ in string.Formatter().parse(template) if name]


def _refuse_unknown(frame, template):
    """Raise ValueError where a template names a column that the frame does not have."""
    given = {name for name, _ in _fields(template)} - PAIRS.keys()
    if unknown := sorted(given - set(frame.columns)):
        known = ", ".join(map(str, frame.columns))
        raise ValueError(f'found "{{{unknown[0]}}}" in what is said of a row; expected a column of the frame: {known}.')


def _formats(frame, template, say):
    """Column → whether its values are whole, or where they are, and how those of its axis are written."""
    write = {"signed": say.signed, "percent": say.points, "points": say.points, "": say.number}
    found = {}
    for name, kind in ({"share": "percent", "estimate": "signed"} | dict(_fields(template))).items():
        if kind == "month":
            ticks = sorted(date2num(frame[name].dropna().unique()))
            found[name] = ticks, lambda day: say.formatted(num2date(day), "month").replace(" ", "\n")
        elif kind in write and name in frame and pd.api.types.is_numeric_dtype(frame[name]):
            found[name] = not kind, write[kind]
    return found


def _all_alike(frame, template):
    """Whether every row has the same numbers, so that a picture shows no more than a sentence does."""
    numbers = frame[[name for name, _ in _fields(template) if name in frame and name != "n"]].select_dtypes("number")
    return len(frame) > 2 and len(numbers.columns) > 0 and len(numbers.drop_duplicates()) == 1


def _reading(template, row, say):
    """A row as it is read out; where its number is not there, what it is at the least or, of a column ``why``, why."""
    numbers = [name for name, spec in _fields(template) if spec and spec not in OF_NO_NUMBER and name in row]
    if numbers and pd.isna(row[numbers[0]]):
        label = say(template.partition(": ")[0], **row)
        if row.get("at_least"):
            return say("{label}: at least {at_least}.", label=label, at_least=row["at_least"])
        return say("{label}: {why}.", label=label, why=row.get("why") or say.words.text("not shown"))
    return say(template, **row)


def _note(row, reading):
    """The name of a row, what is read out of it after its name, to stand beside its mark, and its values."""
    label = str(row["label"])
    told = str(reading).partition(label)[2] or str(reading)
    return label, told.lstrip(" ,:\u00a0\u202f").removesuffix("."), {str(one) for one in row.values()}


def _cells(template, rows, say):
    """The table under a figure: a column for each value that is read out, of an interval one for each end."""
    columns = _columns({"": template}, say).items()
    columns = {head: (name, spec.replace("percent", "points")) for head, (name, spec) in columns}
    read = {head: [say.formatted(row[name], spec) for row in rows] for head, (name, spec) in columns.items()}
    return pd.DataFrame(read)


def _columns(templates, say):
    """Heading of each value that cells read → its column of the frame, and how it is written."""
    words = {name: Label.of(head).text(say.language) for name, head in codebook()["figures"].items()}
    words |= {"estimate": say.name("estimate")} if say.measured else {}
    found = {}
    for heading, template in templates.items():
        of = "points"  # the ends of an interval are written as what it is of
        for at, (column, kind) in enumerate(_fields(template)):
            of = kind if kind in ("percent", "signed") else of
            for name in ENDS if column in PAIRS else [column]:
                word = words.get(name) or say.name(name)
                spec = kind if name == column else of.replace("signed", "points")
                found[f"{heading} – {word}" if heading and (at or name in ENDS) else heading or word] = name, spec
    return found


class _Callable(ModuleType):
    """``konbit_lessons.show`` is this module, and also the function of its name."""

    def __call__(self, *args, **options):
        return show(*args, **options)


sys.modules[__name__].__class__ = _Callable
