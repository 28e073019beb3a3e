"""An executed notebook → one HTML file: the words translated, the code left out, nothing in it that runs or loads.

What keeps it safe, in this order: only what the gate passes is read (see gate.py); the whole body passes an allow-list
of tags and attributes (nh3, ``templates/allowed.toml``); a Content-Security-Policy forbids what might be left. Ids,
contents list and links are put in after that, by us. A heading under which nothing is shown is left out, and a link
that leads nowhere becomes text.
"""

import html
import re
import tomllib
from functools import lru_cache
from itertools import takewhile
from threading import get_ident

import nh3
from bs4 import BeautifulSoup
from markupsafe import Markup
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from konbit_lessons.reports import gate, notebooks
from konbit_lessons.reports.document import TEMPLATES, document
from konbit_lessons.reports.manifest import in_words
from konbit_lessons.say import Say

FOLDED = "folded"  # the tag of a markdown cell whose heading opens and closes what is under it
ALLOWED = tomllib.loads((TEMPLATES / "allowed.toml").read_text(encoding="utf-8"))


def page(cells, setting, *, name="report", numbers=False, template="page.html.j2"):
    """Return the HTML file of the cells of a notebook.

    Parameters
    ----------
    cells : list of NotebookNode, as the gate passes them
    setting : Setting
    name : str, the title if the notebook has no opening
    numbers : bool, a workbook of its name stands beside the page
    template : str, of the folder templates/

    Returns
    -------
    str
    """
    form = {"metadata": NotebookNode(), "nbformat": 4, "nbformat_minor": 5}
    notebook = NotebookNode(cells=_in_words(cells, Say(setting.words, setting.programme)), **form)
    body = BeautifulSoup(sanitized(_exporter(get_ident()).from_notebook_node(notebook)[0]), "html.parser")
    for notice in body.select("p.simulated"):
        notice.decompose()  # the template's own banner says it, whether or not the notebook did
    first, *others = body.find_all("h1") or [body.new_tag("h1", string=name)]
    if first.parent is None:
        body.insert(0, first)
    for heading in others:
        heading.name = "h2"
    ids = {one["id"] for one in body.find_all(id=True)}
    for link in body.select('a[href^="#"]'):
        if link["href"][1:] not in ids:
            link.unwrap()
    fold(body)
    headings = [(heading["id"], heading.get_text()) for heading in body.find_all("h2", id=True)]
    told = {"headings": headings, "numbers": f"{in_words(name, setting.words.language)}.xlsx" if numbers else ""}
    return document(template, setting, first.get_text(), body=Markup(str(body)), **told)


@lru_cache(maxsize=64)
def _exporter(_thread):
    """What writes cells as HTML, made once for a thread: it reads many templates."""
    only_seen = {"exclude_input": True, "exclude_anchor_links": True, "embed_images": False}
    return HTMLExporter(template_name="konbit", extra_template_basedirs=[str(TEMPLATES)], **only_seen)


def sanitized(body):
    """Return HTML with only the tags, attributes and values that reports need; the rest is taken out."""
    attributes, classes = ({tag: set(names) for tag, names in ALLOWED[of].items()} for of in ("attributes", "classes"))
    allowed = {"tags": set(ALLOWED["tags"].split()), "attributes": attributes, "allowed_classes": classes}
    allowed |= {"attribute_filter": _allowed, "url_schemes": {"http", "https", "mailto", "data"}}
    return nh3.clean(body, **allowed, link_rel=None, strip_comments=True)


def fold(body):
    """Put each part that is tagged so, from its heading to the next of its level or above, behind its heading."""
    for heading in body.select(".folded"):
        del heading["class"]
        above = [f"h{level}" for level in range(1, int(heading.name[1]) + 1)]
        under = list(takewhile(lambda one, ends=above: one.name not in ends, heading.next_siblings))
        part = heading.wrap(body.new_tag("summary")).wrap(body.new_tag("details", attrs={"class": "part"}))
        part.extend(under)


def _allowed(tag, attribute, value):
    rule = ALLOWED["values"].get(attribute)
    return value if rule is None or re.fullmatch(rule, value) else None


def _in_words(cells, say):
    """Translate the markdown, block by block, and leave out headings with nothing under them."""
    found = [(cell, *block) for cell in cells for block in _blocks(cell)]
    stays = gate.with_something_under([(depth, shown) for _, _, depth, shown in found])
    ids, texts = {}, {}
    for (cell, block, _, _), kept in zip(found, stays, strict=True):
        if kept:
            folded = FOLDED in cell.metadata.get("tags", [])
            texts.setdefault(id(cell), []).append(_translated(block, say, ids, folded))
    return [NotebookNode(cell | {"source": "\n\n".join(texts[id(cell)])}) for cell in cells if id(cell) in texts]


def _blocks(cell):
    """The blocks of a cell: text, level of a heading or 0, whether it shows an output."""
    if cell.cell_type == "code":
        return [("", 0, gate.shows(cell))]
    said = notebooks.blocks(cell.source) if cell.cell_type == "markdown" else []
    return [(block, notebooks.level(block), None) for block in said]


def _translated(block, say, ids, folded=False):
    """Translate one block; a heading gets its anchor as its id, and is marked where what is under it is folded away."""
    text = say.shown(notebooks.words_of(block)) if block else ""
    if not notebooks.level(block):
        return text
    slug = notebooks.anchor_of(notebooks.words_of(block))
    ids[slug] = ids.get(slug, 0) + 1
    tag = f"h{max(2, notebooks.level(block))}"
    at = f'id="{slug}{f"-{ids[slug]}" if ids[slug] > 1 else ""}"' + (' class="folded"' if folded else "")
    return f"<{tag} {at}>{html.escape(text)}</{tag}>"
