"""An executed notebook → one HTML file: the words translated, the code left out, nothing in it that runs or loads.

What keeps it safe, in this order: only text/html, text/plain, PNG and JPEG outputs are read; the whole body passes an
allow-list of tags and attributes (nh3); a Content-Security-Policy forbids what might be left. Ids, contents list and
links are put in after that, by us.
"""

import html
import re
from importlib.metadata import version
from pathlib import Path

import nh3
from bs4 import BeautifulSoup
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from nbconvert import HTMLExporter

from konbit_lessons import parts
from konbit_lessons.words import Words
from konbit_lessons.words.extract import NOT_SHOWN, markdown_blocks

TEMPLATES = Path(__file__).parent / "templates"
SHOWN = ("text/html", "text/plain", "image/png", "image/jpeg")
TAGS = """
a abbr aside b blockquote br caption code dd details div dl dt em figcaption figure h1 h2 h3 h4 hr i img li ol p pre
section small span strong sub summary sup table tbody td tfoot th thead tr ul wbr
"""
CLASSES = {
    "p": {"simulated", "meta", "answer", "subtitle"},
    "aside": {"caveat"},
    "div": {"scroll"},
    "th": {"number"},
    "td": {"number"},
}
ATTRIBUTES = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "div": {"tabindex", "role", "aria-label"},
    "h2": {"id"},
    "h3": {"id"},
    "ol": {"start"},
}
ALLOWED_VALUES = {
    "href": re.compile(r"(https?://|mailto:|#).*", re.I | re.S),
    "src": re.compile(r"data:image/(png|jpeg);base64,[A-Za-z0-9+/=]*"),
    "id": re.compile(r"[a-z0-9-]+"),
    "tabindex": re.compile("0"),
    "role": re.compile("region"),
    "scope": re.compile("row|col"),
}


def page(
    notebook,
    programme,
    *,
    quarter=None,
    language="en",
    name="report",
    tables=(),
    audience="shared",
    template="page.html.j2",
):
    """Return the HTML file of an executed notebook.

    Parameters
    ----------
    notebook : NotebookNode, executed
    programme : Programme, for its name, contact, data cut and whether it is simulated
    quarter : str or None
    language : str or Words
    name : str, the title if the notebook has no opening
    tables : names of the CSV files beside the page
    template : str, of the folder templates/
    audience : "shared" or "internal"

    Returns
    -------
    str
    """
    words = Words.of(language)
    body = BeautifulSoup(sanitized(_body(notebook, words)), "html.parser")
    for notice in body.select("p.simulated"):
        notice.decompose()  # the template's own banner says it, whether or not the notebook did
    headings = [(heading["id"], heading.get_text()) for heading in body.find_all("h2") if heading.get("id")]
    first, *others = body.find_all("h1") or [body.new_tag("h1", string=name)]
    if first.parent is None:
        body.insert(0, first)
    for heading in others:
        heading.name = "h2"
    return document(
        template,
        programme,
        quarter,
        words,
        title=first.get_text(),
        body=Markup(str(body)),
        headings=headings,
        tables=tables,
        audience=audience,
    )


def document(template, programme, quarter, words, *, audience="shared", **values):
    """Fill a template of the folder templates/ with what every page has: language, style, banner and footer."""
    jinja = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    period = None if programme.study else quarter
    filled = jinja.get_template(template).render(
        text=words.text,
        language=words.language,
        awaits_reader=words.awaits_reader,
        style=Markup((TEMPLATES / "style.css").read_text(encoding="utf-8").strip()),
        internal=audience == "internal",
        simulated=words.text(parts.SIMULATED) if programme.simulated else "",
        programme=parts.plain(programme.name),
        meta=[parts.plain(said) for said in parts.meta(programme, period, words)],
        version=version("konbit-lessons"),
        **values,
    )
    return re.sub(r"(?<=\d) %", "\u00a0%", filled)  # so that no line begins with the sign


def sanitized(body):
    """Return HTML with only the tags, attributes and values that reports need; the rest is taken out."""
    return nh3.clean(
        body,
        tags=set(TAGS.split()),
        attributes=ATTRIBUTES,
        attribute_filter=_allowed,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
        strip_comments=True,
    )


def carried(notebook):
    """Return what the parts of an executed notebook carry: its title and answer; name → CSV of its tables."""
    data = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    found = [bundle[parts.CARRIED] for bundle in data if parts.CARRIED in bundle]
    opening = next((one for one in found if "title" in one), {"title": "", "answer": ""})
    return opening, {one["name"]: one["csv"] for one in found if "csv" in one}


def _allowed(tag, attribute, value):
    rule = ALLOWED_VALUES.get(attribute)
    return value if rule is None or rule.fullmatch(value) else None


def _body(notebook, words):
    exporter = HTMLExporter(
        template_name="konbit",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input=True,
        exclude_anchor_links=True,
        embed_images=False,
    )
    return exporter.from_notebook_node(_shown(notebook, words))[0]


def _shown(notebook, words):
    """Return a copy with only what a reader sees: safe outputs, translated words, no cells for the lab."""
    shown, ids = notebook.copy(), {}
    shown.cells = [cell.copy() for cell in notebook.cells if NOT_SHOWN not in cell.metadata.get("tags", [])]
    for cell in shown.cells:
        if cell.cell_type == "markdown":
            cell.source = "\n\n".join(_translated(block, words, ids) for block in re.split(r"\n\s*\n", cell.source))
        elif cell.cell_type == "code":
            cell.outputs = [_safe_output(output) for output in cell.outputs]
    return shown


def _safe_output(output):
    if "data" not in output:
        return output
    return output | {"data": {kind: data for kind, data in output.data.items() if kind in SHOWN}}


def _translated(block, words, ids):
    """Translate one block; a heading gets its anchor as its id."""
    text = words.text(markdown_blocks(block)[0]) if block.strip() else ""
    if not (level := re.match(r"#+(?= )", block.strip())):
        return text
    slug = parts.anchor_of(markdown_blocks(block)[0])
    ids[slug] = ids.get(slug, 0) + 1
    tag = f"h{max(2, len(level[0]))}"
    return f'<{tag} id="{slug}{f"-{ids[slug]}" if ids[slug] > 1 else ""}">{html.escape(text)}</{tag}>'
