"""The parts of a page, as notebooks show them: its opening, prose, tables; and the HTML of a figure.

Takes texts and frames of cells as they are to be read; returns objects that Jupyter shows as HTML. Everything that
comes from data is escaped here; the only markup a text may carry is ``**bold**`` and ``[words](#section)``. What the
page maker needs beside the HTML (the title and answer for the index, the CSV behind a table) travels in the same
output under the type `CARRIED`, and never reaches the page.
"""

import base64
import html
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from konbit_lessons.periods import Quarter
from konbit_lessons.sentences import ANSWERS, Units, in_order, label_of, signed, step
from konbit_lessons.words import Words, mark

CARRIED = "application/vnd.konbit+json"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\0")
SIMULATED = mark("Simulated data: no real organization is described.")
LINK = re.compile(r"\[([^\[\]]+)\]\((#[a-z0-9-]+)\)")


class Part:
    """What Jupyter shows: the HTML, a plain text, and what is carried to the page maker."""

    def _carried(self):
        return {}

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        return bundle | ({CARRIED: carried} if (carried := self._carried()) else {})


@dataclass(frozen=True)
class Opening(Part):
    """The head of a report: what was asked, by whom, for which period, whom to ask, and the answer in a sentence.

    Parameters
    ----------
    programme : Programme; its name, whether it is simulated, the data cut and the point of contact are shown
    title : str
    answer : str
    quarter : str, as "FY2017Q3"; a study has none
    told : dict of str to number or str, figures that the manifest keeps for the report of the next quarter
    """

    programme: object = field(repr=False)
    title: str
    answer: str
    quarter: str | None = None
    language: object = "en"
    told: Mapping[str, float | str] = field(default_factory=dict, repr=False)

    def _repr_html_(self):
        words, programme = Words.of(self.language), self.programme
        simulated = f'<p class="simulated">{html.escape(words.text(SIMULATED))}</p>' if programme.simulated else ""
        said = " · ".join(html.escape(plain(text)) for text in meta(programme, self._period(), words))
        answer = f'<p class="answer">{marked(self.answer)}</p>'
        return f'{simulated}<h1>{escaped(self.title)}</h1><p class="meta">{said}</p>{answer}'

    def _period(self):
        return None if getattr(self.programme, "study", None) else self.quarter

    def _carried(self):
        return {"title": plain(self.title), "answer": self.answer, "told": dict(self.told)}


@dataclass(frozen=True)
class Prose(Part):
    """Sentences, as one list or as paragraphs; `caveat` puts them in a quiet box.

    Parameters
    ----------
    sentences : str or list of str
    as_list : bool, a list where there are several
    caveat : bool
    name, numbers : the name of the CSV written beside the report, and the frame in it; no CSV without them
    """

    sentences: str | Sequence[str]
    as_list: bool = True
    caveat: bool = False
    name: str = ""
    numbers: pd.DataFrame | None = field(default=None, repr=False)

    def _repr_html_(self):
        sentences = [self.sentences] if isinstance(self.sentences, str) else list(self.sentences)
        if self.as_list and len(sentences) > 1:
            said = "<ul>" + "".join(f"<li>{marked(sentence)}</li>" for sentence in sentences) + "</ul>"
        else:
            said = "".join(f"<p>{marked(sentence)}</p>" for sentence in sentences)
        return f'<aside class="caveat">{said}</aside>' if self.caveat else said

    def _carried(self):
        return carried_csv(self)


@dataclass(frozen=True)
class Item:
    """One thing under a heading of its own, with facts about it.

    Parameters
    ----------
    heading : str
    facts : list of (what, text)
    anchor : str, where links to it lead; none unless told
    """

    heading: str
    facts: Sequence[tuple[str, str]] = ()
    anchor: str = ""


@dataclass(frozen=True)
class Items(Part):
    """Things one below the other, each with its heading and facts: for texts that would be cramped in a table.

    Parameters
    ----------
    items : list of Item
    name, numbers : as of a `Table`
    """

    items: Sequence[Item]
    name: str = ""
    numbers: pd.DataFrame | None = field(default=None, repr=False)

    def _repr_html_(self):
        return "".join(_item_html(item) for item in self.items)

    def _carried(self):
        return carried_csv(self)


@dataclass(frozen=True)
class Table(Part):
    """A table to read, and the numbers behind it.

    Parameters
    ----------
    frame : DataFrame of str, cells as they are to be read; units belong in the column names; at most 7 columns
    caption : str
    text : names of the columns that hold words and stand left; the first always does, the others stand right
    name, numbers : the name of the CSV written beside the report, and the frame in it; no CSV without them
    """

    frame: pd.DataFrame = field(repr=False)
    caption: str
    text: Sequence[str] = ()
    name: str = ""
    numbers: pd.DataFrame | None = field(default=None, repr=False)

    def __post_init__(self):
        if self.frame.shape[1] > 7:
            raise ValueError(
                f"a table to read has at most 7 columns; this one has {self.frame.shape[1]}: leave some out."
            )

    def _repr_html_(self):
        return table_html(self.frame, caption=self.caption, text=self.text)

    def _carried(self):
        return carried_csv(self)


def meta(programme, quarter, words):
    """Return who, which period, when the data were cut, whom to ask, as a list of texts."""
    said = [programme.name]
    if quarter:
        period = Quarter.named(quarter)
        said.append(
            words.text(
                "{quarter} ({first} to {last})",
                quarter=quarter,
                first=words.date(period.first_day),
                last=words.date(period.last_day),
            )
        )
    if programme.data_cut_on:
        said.append(words.text("data as of {date}", date=words.date(programme.data_cut_on)))
    return [*said, words.text("questions: {contact}", contact=programme.point_of_contact)]


def incentive_table(result, language="en", units=None):
    """Return the table of all incentives: took part with and without it, difference, interval, strength."""
    words = Words.of(language)
    units = Units.of(units, result.outcome, words)
    rows, exploratory = in_order(result.table), getattr(result, "exploratory", False)
    heads = [
        words.text(mark("Incentive")),
        words.text("Took part with it") if units is None else words.text("k of n with it"),
        words.text("Took part without it") if units is None else words.text("k of n without it"),
        words.text(mark("Difference of 100")),
        words.text("{percent} interval", percent=words.percent(result.confidence)),
        words.text(mark("p (Benjamini and Hochberg)") if exploratory else mark("p (Holm)")),
        words.text(mark("Answer")),
    ]
    frame = pd.DataFrame([_cells(row, words) for row in rows], columns=heads)
    caption = words.text(
        "{n} {rows}. k of n: how many {outcome}. The p-value allows for looking at several incentives ({correction}).",
        correction=words.text(mark("Benjamini and Hochberg") if exploratory else mark("Holm")),
        n=words.number(result.n),
        rows=words.text("invitations") if units is None else units.rows,
        outcome=words.text("were taken up") if units is None else units.outcome,
    )
    return Table(frame, caption, text=(heads[-1],), name="incentives", numbers=result.table)


def _cells(row, words):
    k_of_n = [
        "–"
        if pd.isna(row[f"n_{side}"])
        else words.text("{k} of {n}", k=words.number(row[f"k_{side}"]), n=words.number(row[f"n_{side}"]))
        for side in ("offered", "not_offered")
    ]
    answer = words.text(ANSWERS[row["strength"]])
    if row["strength"] == "cannot tell":
        return [label_of(row, words), *k_of_n, "–", "–", "–", answer]
    low, high = (signed(row[end] * step(row), words) for end in ("conf_low", "conf_high"))
    interval = words.text("{low} to {high}", low=low, high=high)
    p = words.p_value(row["p_adjusted"]).removeprefix("p = ").removeprefix("p ")
    return [label_of(row, words), *k_of_n, signed(row["estimate"] * step(row), words), interval, p, answer]


def figure_html(figure, width, words):
    """Return a figure with its heading, picture, caption, and the same numbers as a table."""
    picture = base64.b64encode(figure.png).decode("ascii")
    summary = html.escape(words.text("The numbers in this figure"))
    last = figure.table.columns[-2:]
    said = [one for one in figure.table if _says(figure.table[one].map(str), last=one in last)]
    numbers = table_html(figure.table, caption=figure.heading, text=said)
    return (
        f'<figure><h3>{escaped(figure.heading)}</h3><p class="subtitle">{escaped(figure.subtitle)}</p>'
        f'<img src="data:image/png;base64,{picture}" width="{width}" alt="{escaped(figure.alt)}">'
        f"<figcaption>{escaped(figure.caption)}</figcaption></figure>"
        f"<details><summary>{summary}</summary>{numbers}</details>"
    )


def _says(cells, *, last):
    """Tell whether a column is of words: each cell begins with a letter, or, of the last two columns, one has any."""
    return cells.str.contains(r"[^\W\d_]").any() if last else cells.str.match(r"\W*[^\W\d_]").all()


def _item_html(item):
    anchor = f' id="{escaped(item.anchor)}"' if item.anchor else ""
    facts = "".join(f"<div><dt>{escaped(what)}</dt><dd>{marked(text)}</dd></div>" for what, text in item.facts)
    return f"<section><h3{anchor}>{marked(item.heading)}</h3><dl>{facts}</dl></section>"


def table_html(frame, *, caption, text=()):
    """Return a table with scoped headers in a box of its own that scrolls and that a keyboard can reach."""
    left = {frame.columns[0], *text}
    side = {column: "" if column in left else ' class="number"' for column in frame.columns}
    head = "".join(f'<th scope="col"{side[column]}>{escaped(column)}</th>' for column in frame.columns)
    body = "".join(
        f'<tr><th scope="row">{escaped(row[0])}</th>'
        + "".join(
            f"<td{side[column]}>{escaped(cell) if column in left else _breaking(cell)}</td>"
            for column, cell in zip(frame.columns[1:], row[1:], strict=True)
        )
        + "</tr>"
        for row in frame.itertuples(index=False, name=None)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(caption)}"><table>'
        f"<caption>{escaped(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _breaking(cell):
    """Return a cell of numbers as HTML that may break before a bracket and after a comma only; one of words, anywhere.

    >>> _breaking("42 % (33 to 52), 187 of 442")
    '42 % <wbr>(33 to 52), <wbr>187 of 442'
    """
    numbers = any(letter.isdigit() for letter in str(cell))
    return re.sub(r" (?=\()|(?<=,) " if numbers else " ", " <wbr>", escaped(cell))


def plain(text):
    """Return the text without characters that print nothing but change what is read: controls and text direction."""
    kept = (" " if letter in "\n\t\r\u2028\u2029" else letter for letter in str(text))
    return "".join(
        c
        for c in kept
        if unicodedata.category(c) != "Cc" and c not in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


def escaped(text):
    """Return the text as HTML that shows it and does nothing else."""
    return html.escape(plain(text))


def marked(text):
    """Return escaped text with ``**bold**`` and ``[words](#section)`` made HTML.

    >>> marked("**5 < 6** in [the annex](#annex) <b>")
    '<strong>5 &lt; 6</strong> in <a href="#annex">the annex</a> &lt;b&gt;'
    """
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escaped(text))
    return LINK.sub(r'<a href="\2">\1</a>', bold)


def anchor_of(heading):
    """Return the anchor of a heading, made of its English text, so that links hold in every language.

    >>> anchor_of("What we said last quarter, and what happened")
    'what-we-said-last-quarter-and-what-happened'
    """
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def unmarked(text):
    """Return the text without its ``**``, for where no markup can stand."""
    return LINK.sub(r"\1", re.sub(r"\*\*(.+?)\*\*", r"\1", text))


def carried_csv(part):
    """Return the name and the CSV of the numbers behind a table or a figure, if it has both."""
    return {"name": part.name, "csv": as_csv(part.numbers)} if part.name and part.numbers is not None else {}


def behind_sentences(lines):
    """Return the numbers behind sentences as a frame: what each is about, its value, its interval, and n.

    Parameters
    ----------
    lines : sequence of (what, value[, low, high[, n]])
    """
    known = [[None if pd.isna(one) else one for one in line] for line in lines]  # a number not shown may be <NA>
    padded = [(*line, *[None] * (5 - len(line))) for line in known]
    frame = pd.DataFrame(padded, columns=["what", "value", "low", "high", "n"])
    return frame.astype(dict.fromkeys(frame.columns[1:], "float64"))


def as_csv(frame):
    """Return the frame as CSV in which no cell of text can run as a formula (OWASP ASVS 1.2.10)."""
    texts = {c: frame[c].map(_no_formula) for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])}
    safe = frame.assign(**texts)
    return safe.rename(columns=_no_formula).to_csv(index=False, lineterminator="\n", float_format="%.10g")


def _no_formula(value):
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
