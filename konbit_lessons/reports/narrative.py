"""An evaluator's own words: ``narrative/<quarter>.<language>.md`` beside programme.toml → parts of the learning report.

The file is Markdown. Each ``## heading`` is the name of a section of the report, in English or in the file's language;
what stands under it is shown in that section. Links lead to a section of the report (``#what-they-expect``), to a
finding (``#finding-1``) or outside. HTML is shown as the text it is. Quotations (``>``) are the only place where
somebody's own words come into a report: who writes them here has approved them.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import mistune

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.parts import Part, marked, plain
from konbit_lessons.words import Words

FOLDER = "narrative"
HEADING = re.compile(r"##\s+(.+?)\s*#*\s*")
TOP_HEADING = re.compile(r"#\s+(.+)")
IMAGE = re.compile(r"!\[[^\]]*\]\s*[(\[]")
ANCHOR = re.compile(r"\[[^\]]*\]\(\s*#([^)\s]*)\s*\)")
ITEM = re.compile(r"([-*+]|\d+[.)])\s+")
FINDING = "finding-"
RECOMMENDATIONS = "what-we-will-change"  # the section whose items each say what they rest on
_MARKDOWN = mistune.create_markdown(escape=True)


@dataclass(frozen=True)
class Narrative(Part):
    """What an evaluator wrote for one section; where nothing was written, what is said `instead`, if anything."""

    markdown: str
    instead: str = ""

    def _repr_html_(self) -> str:
        if not self.markdown:
            return f"<p>{marked(self.instead)}</p>" if self.instead else ""
        return re.sub(r"<(/?)h[1-6]\b", r"<\1h3", _MARKDOWN(plain_lines(self.markdown)))


def place_of(quarter: str, language: str) -> str:
    """Where the words of a quarter in a language stand, beside programme.toml."""
    return f"{FOLDER}/{quarter}.{language}.md"


def path_of(programme, quarter: str, language: str) -> Path:
    """The file of a quarter's words in a language, whether or not it is there."""
    return programme.folder / place_of(quarter, language)


def written(
    programme,
    quarter: str,
    *,
    language: object,
    sections: Mapping[str, str],
    findings: int,
    anchors: Collection[str] = (),
) -> dict[str, Narrative]:
    """What was written for each section of a quarter's report.

    Parameters
    ----------
    programme : Programme
    quarter : str
    language : str or Words
    sections : mapping of the anchor of a section to its heading in English
    findings : int
        How many findings the report lists, as ``#finding-1`` and so on.
    anchors : collection of str
        Other places that links can lead to.

    Returns
    -------
    dict of anchor to Narrative
        One for each section; empty where nothing was written, or there is no file.

    Raises
    ------
    ProgrammeError
        The file is not UTF-8; a heading is no section, or stands there twice; there is text before the first one; an
        image; a link to a place that the report does not have; a recommendation without a link to what it rests on.
    """
    words = Words.of(language)
    path = path_of(programme, quarter, words.language)
    found = dict.fromkeys(sections, "")
    if path.is_file():
        where = place_of(quarter, words.language)
        found |= _sections(_read(path, where), where, _names(sections, words))
        known = {*sections, *anchors, *(f"{FINDING}{n}" for n in range(1, findings + 1))}
        for anchor, lines in found.items():
            _check_links(lines or [], where, known)
            if anchor == RECOMMENDATIONS:
                _check_recommendations(lines or [], where)
    return {anchor: Narrative("\n".join(text for _, text in lines or ()).strip()) for anchor, lines in found.items()}


def plain_lines(text: str) -> str:
    """The text line by line without characters that print nothing but change what is read."""
    return "\n".join(plain(line) for line in text.splitlines())


def _read(path: Path, where: str) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProgrammeError(f"{where}: this is not UTF-8 ({error.reason}). Save it as UTF-8.") from error


def _names(sections: Mapping[str, str], words: Words) -> dict[str, str]:
    """What a section may be called → its anchor."""
    return {name.casefold(): anchor for anchor, heading in sections.items() for name in (heading, words.text(heading))}


def _sections(text: str, where: str, names: Mapping[str, str]) -> dict[str, list[tuple[int, str]]]:
    """The lines, with their numbers, under each heading."""
    found, now = {}, None
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := HEADING.fullmatch(line.strip()):
            now = names.get(heading[1].casefold())
            if now is None:
                raise ProgrammeError(
                    f'{where}, line {number}: found the heading "{heading[1]}", which is no section of the report; '
                    f"expected one of {'; '.join(names)}. Inside a section, use ###."
                )
            if now in found:
                raise ProgrammeError(
                    f'{where}, line {number}: the heading "{heading[1]}" stands there twice. Put both under one.'
                )
            found[now] = []
        elif IMAGE.search(line):
            raise ProgrammeError(
                f"{where}, line {number}: found an image. A report takes no pictures from here; say it in words."
            )
        elif now is not None:
            found[now].append((number, line))
        elif line.strip() and not TOP_HEADING.fullmatch(line.strip()):
            raise ProgrammeError(
                f"{where}, line {number}: found text before the first section. Put a heading above it, such as "
                f'"## {next(iter(names)).capitalize()}".'
            )
    return found


def _check_links(lines: list[tuple[int, str]], where: str, anchors: Collection[str]) -> None:
    for number, line in lines:
        for anchor in ANCHOR.findall(line):
            if anchor not in anchors:
                raise ProgrammeError(
                    f'{where}, line {number}: found a link to "#{anchor}", which the report does not have; expected '
                    f"one of {', '.join(f'#{one}' for one in sorted(anchors))}."
                )


def _check_recommendations(lines: list[tuple[int, str]], where: str) -> None:
    """Each item of a list must link to what it rests on; an item goes on until the next one or a blank line."""
    items, open_item = [], False
    for number, line in lines:
        begins = ITEM.match(line)
        if begins:
            items.append([number, ""])
        open_item = bool(line.strip()) and (bool(begins) or open_item)
        if open_item:
            items[-1][1] += f"{line}\n"
    for number, text in items:
        if not ANCHOR.search(text):
            raise ProgrammeError(
                f"{where}, line {number}: this recommendation links to no finding. Say what it rests on, as in "
                f"[showcases](#what-predicts-participation) or [finding 1](#{FINDING}1)."
            )
