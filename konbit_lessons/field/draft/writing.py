"""What was found in a folder → the text of programme.toml, in the order and with the comments of a hand-written one.

``drafted.toml.j2`` holds the text; here stands what goes into it.
"""

import glob
import re
from collections import Counter, defaultdict
from functools import partial
from itertools import pairwise
from pathlib import Path

import pandas as pd
from jinja2 import Environment, Template
from rapidfuzz.distance import Postfix, Prefix

from konbit_lessons.field.cleaning.by_hand import repeats_in, signed
from konbit_lessons.field.draft.evidence import SCHEMAS, SURE, currency_in, days_in, vocabulary
from konbit_lessons.field.draft.folder import Folder, Unit, labels_of
from konbit_lessons.field.draft.matching import Match
from konbit_lessons.field.draft.ways import line, named, rows, toml, ways_of
from konbit_lessons.field.identity import between
from konbit_lessons.field.place import is_absolute
from konbit_lessons.field.sources.form import Form
from konbit_lessons.words import languages

_DAY_IN_NAME = re.compile(r"(20\d{2})[-_.]?(\d{2})[-_.]?(\d{2})")
_RECORDED = ("submitted_on", "held_on", "date", "pledged_on")  # days that lie before the records were pulled


class Source:
    """One [[source]]: a unit read as a table.

    Parameters
    ----------
    folder : Folder
    unit : Unit
    match : Match

    Attributes
    ----------
    table : str
        The table it feeds.
    paths : list of Path
        Its files.
    form : Form or None
        The form behind it.
    placed : dict of str to Column
        Column of the table → the raw column.
    together : list of Own
        Expectations that are the choices of one question.
    place : str
        What its column of places is called; "" where it has none.
    ways : Ways
        How its values are written.
    """

    def __init__(self, folder: Folder, unit: Unit, match: Match) -> None:
        self.folder, self.unit, self.match, self.table = folder, unit, match, match.table
        self.paths = list(dict.fromkeys(part.path for part in unit.parts))
        self.form = folder.forms.get(unit.form)
        self.placed = {name: unit.columns[one.header] for name, one in match.placed.items()}
        self.place = named(self.placed["places"].says, "places")[0] if "places" in self.placed else ""
        expects = [one for one in match.own if one.section == "expectations"]
        questions = {one.header.removesuffix(f"/{one.name}") for one in expects}
        self.together = expects if len(expects) > len(questions) == 1 else []
        self.ways = ways_of(self.table, self.placed, [(one, unit.columns[one.header]) for one in match.own], self.form)

    def proposed(self) -> list[str]:
        """Lines for what is open of a sheet of who came: marks under days, several names in a cell; and of repeats."""
        rows = pd.DataFrame({header: self.unit.columns[header].cells for header in self.match.open})
        found = [line(f"OPEN: {one}") for one in repeats_in([*rows])]
        found += [line(f"OPEN: {one}") for one in self.unit.parts[0].entries if self.table != "survey"]
        if self.table != "sign_in":
            return found
        if days := signed(rows, [*rows]):
            found.append(line(f"attended = {toml(days)}", "0.90 marks under days, or of who signed"))
        for header in rows:
            if mark := next(filter(None, map(between, rows[header].dropna())), ""):
                told = f"several.organization_id = {toml(mark)} parts them, beside organization_id = {toml(header)}"
                found.append(line(f"OPEN: {toml(header)}: several names in a cell? {told}"))
        return found

    def days(self, name: str) -> pd.Series:
        """Typed days of a placed column, by row; the index is that of the unit's rows."""
        return days_in(self.placed[name].cells, self.ways.dates)


def template(name: str) -> Template:
    """A text of this folder that is still to be filled in."""
    environment = Environment(autoescape=False, keep_trailing_newline=True)
    environment.filters |= {"beside": line, "toml": toml, "rows": rows, "escaped": glob.escape, "comment": line}
    return environment.from_string(Path(__file__).with_name(name).read_text(encoding="utf-8"))


def programme_text(folder: Folder, sources: list[Source], unfit: dict[Unit, str], *, raw: str) -> str:
    """The whole file."""
    found = _about(sources) | _declared(sources) | {"waves": _waves(sources), "sources": sources, "folder": folder}
    tables_fed = {source.table for source in sources}
    found["uninvited"] = "sign_in" in tables_fed and "invitations" not in tables_fed
    found |= {"raw": raw, "unfit": unfit, "schemas": SCHEMAS, "exporters": vocabulary()["exporters"]}
    found |= {"outside": is_absolute(raw) or raw.startswith(".."), "stands_for": vocabulary()["stands_for"]}
    numbered = partial(_numbered_alike, sources)
    return template("drafted.toml.j2").render(found, files_of=_files, numbered_alike=numbered).rstrip() + "\n"


def _about(sources: list[Source]) -> dict:
    """First and last day, and the currency and languages that the files name."""
    held = [one.days("held_on").min() for one in sources if one.table == "events" and "held_on" in one.placed]
    days = [one.days(name).max() for one in sources for name in _RECORDED if name in one.placed]
    found = Counter(filter(None, map(currency_in, [header for one in sources for header in one.unit.columns])))
    paid = any(one.more.get("kind") == "amount" for source in sources for one in source.match.own)
    spoken = [set(_words(one.header, source.form)) for source in sources for one in source.match.own if source.form]
    common = set.intersection(*filter(None, spoken)) if any(spoken) else set()
    about = [SCHEMAS[source.table].columns[name].metadata for source in sources for name in source.placed]
    common |= {one["language"] for one in about if "language" in one} | ({"en"} if common else set())
    return {
        "first": min((f"{day:%Y-%m-%d}" for day in held if pd.notna(day)), default=""),
        "last": max((f"{day:%Y-%m-%d}" for day in days if pd.notna(day)), default=""),
        "currency": found.most_common(1)[0][0] if found else "XXX" * paid,
        "languages": [one for one in languages() if one in common],
    }


def _declared(sources: list[Source]) -> dict:
    """Kinds, places and things of the programme, each once; and what its effects are adjusted for."""
    types: dict[str, dict[str, Counter]] = defaultdict(lambda: defaultdict(Counter))
    own: dict[str, dict[str, object]] = {"incentives": {}, "questions": {}, "expectations": {}}
    for source in sources:
        for column, levels in source.ways.kinds.items():
            for level, written in levels.items():
                types[column][level].update(written)
        for one in source.match.own:
            words = _words(one.header, source.form)
            label = {language: words[language] for language in languages() if language in words} or one.label
            own[one.section].setdefault(one.name, {"label": label, **one.more} if one.more else label)
    places = [(source.place, source.placed["places"].header) for source in sources if source.place]
    has = {f"{source.table}.{name}" for source in sources for name, one in source.placed.items() if not one.blank}
    has |= {source.table for source in sources}
    adjust_for = [name for name, where in vocabulary()["adjust_for"].items() if where in has]
    incentives = [*own["incentives"], *["recent_conversation"] * ("conversations" in has)]
    named = {"types": dict(types), "places": places[0] if places else None, "own": own}
    return named | {"incentives": incentives, "adjust_for": adjust_for}


def _words(header: str, form: Form | None) -> dict[str, str]:
    """Code of a language → what a form calls a question, or a choice of one."""
    words, (question, choice) = {}, labels_of(header, form)
    for language, label in (question if choice is None else choice).items():
        begins = (code for code, start in vocabulary()["languages"].items() if start in language.lower())
        coded = re.search(r"\((\w{2,3})\)", language)
        words[coded[1] if coded else next(begins, "")] = label
    return words


def _files(source: Source) -> str | list[str]:
    """The name of its file, one pattern that matches its files and no others, or the name of each."""
    names = sorted(map(source.folder.name, source.paths))
    first = names[0]
    start = first[: min(Prefix.similarity(first, one) for one in names)].rstrip("0123456789")
    end = first[len(first) - min(Postfix.similarity(first, one) for one in names) :].lstrip("0123456789")
    pattern = f"{glob.escape(start)}*{glob.escape(end)}"
    matched = [path for path in source.folder.path.glob(pattern) if not path.name.startswith("~$")]
    telling = sum(map(str.isalpha, start.rpartition("/")[2])) >= 3
    if len(names) > 1 and telling and sorted(map(source.folder.name, matched)) == names:
        return pattern
    return [glob.escape(name) for name in names] if len(names) > 1 else glob.escape(names[0])


def _numbered_alike(sources: list[Source], source: Source) -> bool:
    """Whether a survey's ids number the answers of one file, so that another file has the same ones."""
    surveys = [one for one in sources if one.table == "survey" and "submission_id" in one.placed]
    ids = [{*part.rows[one.placed["submission_id"].header].dropna()} for one in surveys for part in one.unit.parts]
    own = {*source.placed["submission_id"].counts.index} if source in surveys else set()
    return sum(len(own & other) > 0.3 * len(other) > 0 for other in ids) > 1


def _waves(sources: list[Source]) -> dict[Path, str]:
    """Files of the survey → the line that gives each its wave, by the days its answers were sent."""
    surveys = [source for source in sources if source.table == "survey" and "wave" not in source.placed]
    paths = [path for source in surveys for path in source.paths]
    sent: dict[Path, pd.Series] = {}
    for source in (source for source in surveys if "submitted_on" in source.placed):
        owner = [part.path for part in source.unit.parts for _ in range(len(part.rows))]
        sent |= {path: days.dropna() for path, days in source.days("submitted_on").groupby(owner)}
    known = all(len(sent.get(path, ())) for path in paths)
    in_order = sorted(paths, key=lambda path: sent[path].median()) if known else paths
    doubt = _doubt(in_order, sent) if known else "no days of the answers tell the order"
    lines = {}
    for wave, path in enumerate(in_order, start=1):
        day = _DAY_IN_NAME.search(path.name)
        short = f"*{day[0]}*" if day and sum(day[0] in one.name for one in paths) == 1 else glob.escape(path.name)
        text = f"{toml(short)} = {wave}"
        lines[path] = line(f"# {text}", f"OPEN: {doubt}") if doubt else line(text, "0.95 by the days answers were sent")
    return lines


def _doubt(paths: list[Path], sent: dict[Path, pd.Series]) -> str:
    """What speaks against taking each file for a wave, in that order."""
    if any(days.sort_values().diff().dt.days.max() > SURE["lull"] for days in sent.values()):
        return "answers came in bursts far apart: several waves in one file? Then waves = […] says by the day"
    if any(sent[one].quantile(0.9) >= sent[other].quantile(0.1) for one, other in pairwise(paths)):
        return "answers of different files were sent in the same days: one wave in parts?"
    return "files of the same name" if len({path.name for path in paths}) < len(paths) else ""
