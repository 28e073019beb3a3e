"""The parts of a page as HTML: whatever comes from data is escaped here.

The only markup a text may carry is ``**bold**``, ``[words](#section)`` and ``[words]{lang=fr}``.
"""

import base64
import html
import re

import pandas as pd

from konbit_lessons.publish import FORMULA
from konbit_lessons.say import FOREIGN, LINK

UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # what Unicode calls Cc, and text direction
FROM_WIDE = "(min-width: 44rem), print"  # from there on, and on paper, a figure is as wide as the column


def figure_html(*, heading, subtitle, caption, alt, pictures, numbers, summary):
    """Return a figure: its heading, the picture at two widths, caption, and the same numbers as a table.

    Parameters
    ----------
    pictures : list of (bytes of a PNG, its width in pixels as shown), the narrow one, then the wide one
    numbers : str, HTML of the table
    """
    (narrow, width), (wide, _) = ((base64.b64encode(png).decode("ascii"), pixels) for png, pixels in pictures)
    under = f'<p class="subtitle">{escaped(subtitle)}</p>' if subtitle else ""
    return (
        f"<figure><h3>{escaped(heading)}</h3>{under}<picture>"
        f'<source media="{FROM_WIDE}" srcset="data:image/png;base64,{wide}">'
        f'<img src="data:image/png;base64,{narrow}" width="{width}" alt="{escaped(alt)}"></picture>'
        f"<figcaption>{marked(caption)}</figcaption></figure>"
        f"<details><summary>{html.escape(summary)}</summary>{numbers}</details>"
    )


def item_html(heading, facts, anchor=""):
    """Return one thing under a heading of its own, with facts about it as pairs of what and text."""
    at = f' id="{escaped(anchor)}"' if anchor else ""
    told = "".join(f"<div><dt>{escaped(what)}</dt><dd>{marked(text)}</dd></div>" for what, text in facts)
    return f"<section><h3{at}>{marked(heading)}</h3><dl>{told}</dl></section>"


def table_html(frame, *, caption, text=()):
    """Return a table with scoped headers in a box of its own that scrolls and that a keyboard can reach."""
    left = {frame.columns[0], *text}
    side = {column: "" if column in left else ' class="number"' for column in frame.columns}
    head = "".join(f'<th scope="col"{side[column]}>{escaped(column)}</th>' for column in frame.columns)
    written = {column: escaped if column in left else _breaking for column in frame.columns}
    body = ""
    for first, *others in frame.itertuples(index=False, name=None):
        cells = zip(frame.columns[1:], others, strict=True)
        told = "".join(f"<td{side[column]}>{written[column](cell)}</td>" for column, cell in cells)
        body += f'<tr><th scope="row">{escaped(first)}</th>{told}</tr>'
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
