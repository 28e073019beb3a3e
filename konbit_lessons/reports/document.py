"""What every page has, whatever it is about: language, style, banner, footer, and the switch between its languages.

Takes templates of the folder ``templates/`` and what fills them; returns HTML. Imports nothing that runs or reads a
notebook, so that a list of pages is made at once.
"""

import re
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from konbit_lessons.field.programme import Programme
from konbit_lessons.field.store import digest
from konbit_lessons.figures.markup import SIMULATED, marked, meta, plain
from konbit_lessons.publish import published
from konbit_lessons.reports.manifest import in_words
from konbit_lessons.say import Say
from konbit_lessons.words import Words, mark

SWITCH = re.compile("(?<=<!--languages-->).*?(?=<!--/languages-->)", re.DOTALL)
# on one line: a number and its sign
TOGETHER = re.compile(r"(?<=\d) (?=%)|(?<=\b[np]) (?=(?:=|&lt;) \d)|(?<=\b[np] =) (?=\d)|(?<=\bp &lt;) (?=\d)")
IN_LANGUAGE = mark("In English")
OTHER = Markup('<a href="{0}" lang="{1}" hreflang="{1}">{2}</a>')  # of a page: the same in another language
TEMPLATES = Path(__file__).parent / "templates"
JINJA = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
JINJA.filters["plain"] = plain
JINJA.filters["linked"] = lambda text, page: Markup(marked(text).replace('href="#', f'href="{page}#'))
JINJA.globals |= {"simulated": SIMULATED, "version": version("konbit-lessons")}
STYLE = re.sub(r"/\*.*?\*/", "", (TEMPLATES / "style.css").read_text(encoding="utf-8"), flags=re.DOTALL)
JINJA.globals["style"] = Markup(re.sub(r"\s*([{};,])\s*", r"\1", STYLE).strip())  # its spaces are a tenth of the index


class Setting(NamedTuple):
    """What pages are about, and for whom: a programme, a quarter (a study has none), words, "shared" or "internal"."""

    programme: Programme
    quarter: str | None
    words: Words
    audience: str = "shared"


def document(template, setting, title, **values):
    """Fill a template of the folder templates/ with what every page has: language, style, banner and footer."""
    programme, quarter, words, _ = setting
    said = setting._asdict() | {"text": words.text, "plural": words.plural, "language": words.language, "title": title}
    said["index"] = f"{in_words('index', words.language)}.html"
    said["meta"] = meta(programme, quarter, Say(words, programme))
    return TOGETHER.sub("\u00a0", JINJA.get_template(template).render(said | values))


def switched(html, language, files):
    """Return a page that links to itself in the other languages.

    Parameters
    ----------
    html : str
    language : str, its own
    files : dict, language → file, of each that it is there in
    """
    others = {one: file for one, file in files.items() if one != language}
    links = [OTHER.format(file, one, Words(one).text(IN_LANGUAGE)) for one, file in others.items()]
    nav = f'<nav class="languages on-screen">{" ".join(links)}</nav>' if links else ""
    return SWITCH.sub(lambda _: nav, html, count=1)


def linked(folder, report, others):
    """Link a page to itself in the other languages; one that somebody changed stays as it is, and is found out.

    Parameters
    ----------
    folder : Path
    report : dict, what a manifest says of it: ``page``, ``language``, ``files``
    others : dict, language → file, of each that it is there in

    Returns
    -------
    dict, what there is to say of it now
    """
    file = report["page"]
    html = (folder / file).read_text(encoding="utf-8")
    if digest(html) != report.get("files", {}).get(file):
        return report
    said = switched(html, report["language"], others)
    if said != html:
        published(folder / file, said)
    return report | {"files": report["files"] | {file: digest(said)}}


def in_each(setting, languages, name, write):
    """Return file → HTML of a page in several languages that link to one another; one has the name without language.

    Parameters
    ----------
    setting : Setting
    languages : list of str; where there are none, that of the setting
    name : str, of the file, before its ending
    write : called with the Setting in each language, returns HTML
    """
    each = {one: f"{in_words(name, one)}.html" for one in languages or [setting.words.language]}
    written = {file: switched(write(setting._replace(words=Words(one))), one, each) for one, file in each.items()}
    return {f"{name}.html": next(iter(written.values()))} | written
