"""The parts of a page, as Jupyter shows them and as HTML: whatever comes from data is escaped here.

``PARTS``, the macros of ``templates/parts.html.j2``, has ``figure``, ``table``, ``item``, ``prose``, ``opening`` and
``nothing``. The only markup that a text may carry is ``**bold**``, ``[words](#section)`` and ``[words]{lang=fr}``.
"""

import html
import re
from dataclasses import dataclass, field

import pandas as pd
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from konbit_lessons.publish import FORMULA
from konbit_lessons.say import FOREIGN, LINK
from konbit_lessons.words import mark

FOR_WORD = "KONBIT_FOR_WORD"  # an environment variable: set, figures carry a picture that a Word file can show
DAYS = ("date", "month")
CARRIED = "application/vnd.konbit+json"
SIMULATED = mark("Simulated data: no real organization is described.")
UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # what Unicode calls Cc, and text direction


def breaking(cell):
    """Return a cell of numbers as HTML that may break before a bracket and after a comma only; one of words, anywhere.

    >>> breaking("42 % (33 to 52), 187 of 442")
    '42 % <wbr>(33 to 52), <wbr>187 of 442'
    """
    numbers = any(letter.isdigit() for letter in str(cell))
    return re.sub(r" (?=\()|(?<=,) " if numbers else " ", " <wbr>", escaped(cell))


def plain(text):
    """Return the text without characters that print nothing but change what is read: controls and text direction."""
    return UNSEEN.sub("", re.sub(r"[\n\t\r\u2028\u2029]", " ", str(text)))


def escaped(text):
    """Return the text as HTML that shows it and does nothing else."""
    return html.escape(plain(text))


def marked(text):
    """Return escaped text with ``**bold**``, ``[words](#section)`` and ``[words]{lang=fr}`` made HTML.

    >>> marked("**5 < 6** in [the annex](#annex) <b>")
    '<strong>5 &lt; 6</strong> in <a href="#annex">the annex</a> &lt;b&gt;'
    """
    bold = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escaped(text))
    return LINK.sub(r'<a href="\2">\1</a>', FOREIGN.sub(r'<span lang="\2">\1</span>', bold))


def as_csv(frame):
    """Return the frame as CSV in which no cell of text can run as a formula (OWASP ASVS 1.2.10)."""
    texts = {c: frame[c].map(_no_formula) for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c])}
    safe = frame.assign(**texts).rename(columns=_no_formula)
    return safe.to_csv(index=False, lineterminator="\n", float_format="%.10g")


def _no_formula(value):
    return f"'{value}" if isinstance(value, str) and re.match(FORMULA, value) else value


JINJA = Environment(loader=PackageLoader("konbit_lessons.figures"), autoescape=True)
for _write in (escaped, marked, breaking):
    JINJA.filters[_write.__name__] = lambda text, write=_write: Markup(write(text))
PARTS = JINJA.get_template("parts.html.j2").module


class Part:
    """What Jupyter shows: the HTML, a plain text, and what is carried to the page maker."""

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": self._repr_html_(), "text/plain": repr(self), CARRIED: self._carried()}


@dataclass(frozen=True)
class Shown(Part):
    """A part that is HTML already; ``carried`` says at least which part it is."""

    html: str
    carried: dict = field(repr=False)

    def __bool__(self):
        return self.carried["part"] != "nothing"

    def _repr_html_(self):
        return self.html

    def _carried(self):
        return self.carried


def meta(programme, quarter, say):
    """Return who, which period, when the data were cut, whom to ask, as a list of texts."""
    period = [say.period(quarter)] if quarter and not programme.study else []
    cut = [str(say("data as of {date:date}", date=programme.data_cut_on))] if programme.data_cut_on else []
    return [programme.name, *period, *cut, str(say("questions: {contact}", contact=programme.point_of_contact))]
