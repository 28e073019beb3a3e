"""An evaluator's own words: ``narrative/<quarter>.<language>.md`` beside programme.toml → parts of the learning report.

The file is Markdown. Each ``## heading`` is the name of a section of the learning report, in English or in the file's
language; what stands under it is shown in that section. Links lead to a heading of the report (``#next-quarter``), to
a finding by its key (``#finding-calls``; by its number where it has none) or outside. What is long goes on behind a
line that opens it, so that the report stays one to read. HTML is shown as the text it is. Quotations
(``>``) are the only place where somebody's own words come into a report: who writes them here has approved them.
"""

import re
from itertools import accumulate

import mistune
from markupsafe import Markup

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.figures.markup import PARTS, Shown, plain
from konbit_lessons.kept import READ
from konbit_lessons.reports.manifest import FOLDER
from konbit_lessons.reports.notebooks import LEARNING, anchor_of, headings, notebook_file
from konbit_lessons.words import Words

HEADING = re.compile(r"##\s+(.+?)\s*#*\s*")
TOP_HEADING = re.compile(r"#\s+(.+)")
IMAGE = re.compile(r"!\[[^\]]*\]\s*[(\[]")
ANCHOR = re.compile(r"\[[^\]]*\]\(\s*#([^)\s]*)\s*\)")
ITEM = re.compile(r"([-*+]|\d+[.)])\s+")
FINDING = "finding-"
IN_FRONT = 100  # of the evaluator's own words, in all sections
RECOMMENDATIONS = "what-we-will-change"  # the section whose items each say what they rest on
_MARKDOWN = mistune.create_markdown(escape=True)


def own_words(data, *, quarter, language="en"):
    """Return what was written for each section of a quarter's learning report.

    Parameters
    ----------
    data : Data
    quarter : str
    language : str or Words

    Returns
    -------
    dict of anchor of a section to Shown
        One for each section; empty where nothing was written, or there is no file.

    Raises
    ------
    ProgrammeError
        The file is not UTF-8; a heading is no section, or stands there twice; there is text before the first one; an
        image; a link to a place that the report does not have; a recommendation without a link to what it rests on.
    """
    words, programme = Words.of(language), data.programme
    levels = headings(notebook_file(programme, LEARNING))
    sections = {anchor_of(heading): heading for level, heading in levels if level == 2}
    names = {one.casefold(): at for at, heading in sections.items() for one in (heading, words.text(heading))}
    found, where = dict.fromkeys(sections, ()), f"{FOLDER}/{quarter}.{words.language}.md"
    READ.add(where)
    if (programme.folder / where).is_file():
        try:
            text = (programme.folder / where).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ProgrammeError(f"{where}: this is not UTF-8 ({error.reason}). Save it as UTF-8.") from error
        found |= _sections(text, where, names)
        for anchor, lines in found.items():
            _check_links(lines, where, {anchor_of(heading) for _, heading in levels} | _declared(data, quarter))
            if anchor == RECOMMENDATIONS:
                _check_recommendations(lines, where)
    shown, most = {}, IN_FRONT
    for anchor, lines in found.items():
        shown[anchor] = _shown([plain(text) for _, text in lines], most, words)
        most = max(most - sum(len(text.split()) for _, text in lines), 0)
    return shown


def _shown(lines, most, words):
    """What an evaluator wrote for one section, as a part of a page, so many words of it in front."""
    before = [0, *accumulate(len(line.split()) for line in lines)]
    begins = [at for at, line in enumerate(lines) if not at or not lines[at - 1].strip() or ITEM.match(line)]
    cut = max(at for at in [*begins, len(lines)] if before[at] <= most or not at)
    html, behind = _html(lines[:cut]), _html(lines[cut:])
    html += PARTS.folded(words.text("Read on"), Markup(behind), part=True) if behind else ""
    return Shown(html, {"part": "narrative" if html else "nothing"})


def _html(lines):
    """Markdown as HTML; headings in it stand below those of the page."""
    return re.sub(r"<(/?)h[1-6]\b", r"<\1h3", _MARKDOWN("\n".join(lines).strip()))


def _declared(data, quarter):
    """Anchors of the findings of a quarter and of the actions, as the report has them."""
    from konbit_lessons.measures import actions  # takes long, and many a quarter has no words of its own

    return {*actions.asked(data, quarter=quarter)["anchor"]} | {anchor_of(name) for name in data.programme.actions}


def _sections(text, where, names):
    """The lines, with their numbers, under each heading."""
    found, now = {}, None
    for number, line in enumerate(text.splitlines(), start=1):
        heading = HEADING.fullmatch(line.strip())
        name = heading and names.get(heading[1].casefold())
        wrong = ""
        if heading and not name:
            there = f"expected one of {'; '.join(names)}. Inside a section, use ###"
            wrong = f'found the heading "{heading[1]}", which is no section of the report; {there}'
        elif name in found:
            wrong = f'the heading "{heading[1]}" stands there twice. Put both under one'
        elif IMAGE.search(line):
            wrong = "found an image. A report takes no pictures from here; say it in words"
        elif not (name or now) and line.strip() and not TOP_HEADING.fullmatch(line.strip()):
            example = f'"## {next(iter(names)).capitalize()}"'
            wrong = f"found text before the first section. Put a heading above it, such as {example}"
        if wrong:
            raise ProgrammeError(f"{where}, line {number}: {wrong}.")
        if name:
            now, found[name] = name, []
        elif now:
            found[now].append((number, line))
    return found


def _check_links(lines, where, anchors):
    for number, line in lines:
        if unknown := [anchor for anchor in ANCHOR.findall(line) if anchor not in anchors]:
            there = ", ".join(f"#{one}" for one in sorted(anchors))
            found = f'found a link to "#{unknown[0]}", which the report does not have'
            raise ProgrammeError(f"{where}, line {number}: {found}; expected one of {there}.")


def _check_recommendations(lines, where):
    """Each item of a list must link to what it rests on; an item goes on until the next one or a blank line."""
    items, inside = [], False
    for number, line in lines:
        if ITEM.match(line):
            items.append([number, ""])
        inside = bool(ITEM.match(line)) or (inside and bool(line.strip()))
        if inside:
            items[-1][1] += f"{line}\n"
    for number, text in items:
        if not ANCHOR.search(text):
            how = f"as in [calls](#{FINDING}1), or by the key of the finding in the table of learning questions"
            found = f"{where}, line {number}: this recommendation links to no finding"
            raise ProgrammeError(f"{found}. Say what it rests on, {how}.")
