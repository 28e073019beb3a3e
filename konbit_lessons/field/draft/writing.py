"""What was found in a folder → the text of programme.toml, in the order and with the comments of a hand-written one.

``drafted.toml.j2`` holds the text; here stands what goes into it.
"""

import glob
import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from importlib.resources import files
from itertools import pairwise, takewhile
from pathlib import Path

import pandas as pd
from jinja2 import Environment

from konbit_lessons.field.draft.evidence import SCHEMAS, Column
from konbit_lessons.field.draft.folder import SHEET, Folder, Unit
from konbit_lessons.field.draft.matching import Candidate, Match
from konbit_lessons.field.draft.own import Own, as_label, named
from konbit_lessons.field.draft.vocabulary import currency_in
from konbit_lessons.field.draft.ways import Ways, quoted, rows, ways_of
from konbit_lessons.field.sources.form import Form
from konbit_lessons.field.values import Writing, convert
from konbit_lessons.words import languages

OPEN = "OPEN: "
COMMENT_AT = 42
NO_CURRENCY = "XXX"
LULL = 60  # days without an answer, after which another wave may have begun
LANGUAGES = {"en": "english", "fr": "fran", "ht": "krey"}  # how a form's languages begin, where no code is in brackets
KINDS = {"kobo": "KoboToolbox", "odk_central": "ODK Central", "microsoft_forms": "Microsoft Forms"}
_DAY_IN_NAME = re.compile(r"(20\d{2})[-_.]?(\d{2})[-_.]?(\d{2})")
_RECORDED = ("submitted_on", "held_on", "date", "pledged_on")  # days that lie before the records were pulled


@dataclass(frozen=True)
class Unfit:
    """A unit that feeds no table, the nearest one, and why not."""

    unit: Unit
    match: Match
    why: str


@dataclass(frozen=True)
class Source:
    """One [[source]]: a unit read as a table."""

    folder: Folder
    unit: Unit
    match: Match

    @property
    def table(self) -> str:
        """The table it feeds."""
        return self.match.table

    @property
    def paths(self) -> list[Path]:
        """Its files."""
        return list(dict.fromkeys(part.path for part in self.unit.parts))

    @property
    def form(self) -> Form | None:
        """The form behind it."""
        return self.folder.forms.get(self.unit.form)

    @cached_property
    def placed(self) -> dict[str, Column]:
        """Column of the table → the raw column."""
        return {name: self.unit.columns[header] for name, header in self.match.headers.items()}

    @cached_property
    def ways(self) -> Ways:
        """How its values are written."""
        own = [(one, self.unit.columns[one.header]) for one in self.match.own]
        return ways_of(self.table, self.placed, own, self.form)

    @property
    def place(self) -> str:
        """What its column of places is called; "" where it has none."""
        return named(self.placed["places"].says, "places")[0] if "places" in self.placed else ""

    def days(self, name: str) -> pd.Series:
        """Typed days of a placed column, by row; the index is that of the unit's rows."""
        writing = Writing(dates=tuple(self.ways.dates))
        return convert(self.placed[name].cells, kind="day", dtype="datetime64[us]", levels=None, writing=writing)[0]


def programme_text(folder: Folder, sources: list[Source], unfit: list[Unfit], *, raw: str) -> str:
    """The whole file."""
    environment = Environment(autoescape=False, keep_trailing_newline=True)
    environment.filters |= {"beside": _beside, "quoted": quoted, "rows": rows, "open": _commented}
    template = environment.from_string((files(__package__) / "drafted.toml.j2").read_text(encoding="utf-8"))
    waves = _waves(sources)
    text = template.render(
        raw=raw,
        **_about(sources),
        **_declared(sources),
        **_asked(sources),
        sources=[_source(source, sources, waves) for source in sources],
        unfit=[_unfit(one) for one in unfit],
        left_out=[
            *(f"not read: {name}: {why}" for name, why in folder.left_out.items()),
            *(f"a form, used where its questions are: {folder.name(path)}" for path in folder.forms),
        ],
    )
    return text.rstrip() + "\n"


def _about(sources: list[Source]) -> dict:
    """First and last day, and the currency and languages that the files name."""
    held = [one.days("held_on").min() for one in sources if one.table == "events" and "held_on" in one.placed]
    days = [one.days(name).max() for one in sources for name in _RECORDED if name in one.placed]
    headers = [header for one in sources for header in one.unit.columns]
    found = Counter(filter(None, map(currency_in, headers)))
    paid = any(one.more.get("kind") == "amount" for source in sources for one in source.match.own)
    spoken = [{*_words(one.header, source.form)} for source in sources for one in source.match.own if source.form]
    common = set.intersection(*filter(None, spoken)) if any(spoken) else set()
    about = [SCHEMAS[source.table].columns[name].metadata for source in sources for name in source.placed]
    common |= {one["language"] for one in about if "language" in one} | ({"en"} if common else set())
    return {
        "first": min((f"{day:%Y-%m-%d}" for day in held if pd.notna(day)), default=""),
        "last": max((f"{day:%Y-%m-%d}" for day in days if pd.notna(day)), default=""),
        "currency": found.most_common(1)[0][0] if found else NO_CURRENCY * paid,
        "languages": [one for one in languages() if one in common],
    }


def _declared(sources: list[Source]) -> dict:
    """Kinds, places and things of the programme, each once."""
    types: dict[str, dict[str, tuple[str, int]]] = {}
    own: dict[str, dict[str, str]] = {"incentives": {}, "questions": {}, "expectations": {}}
    for source in sources:
        for column, levels in source.ways.kinds.items():
            known = types.setdefault(column, {})
            for level, (words, count) in levels.items():
                known[level] = (known.get(level, (words, 0))[0], known.get(level, ("", 0))[1] + count)
        for one in source.match.own:
            own[one.section].setdefault(one.name, _thing(one, source.form))
    places = [(source.place, source.placed["places"].header) for source in sources if source.place]
    return {
        "types": types,
        "targets": [(level, count) for level, (_, count) in types.get("org_type", {}).items()],
        "places": places[0] if places else None,
        "own": {section: things for section, things in own.items() if things},
    }


def _thing(one: Own, form: Form | None) -> str:
    """The right-hand side of what declares it: its label, and what else is to be said."""
    words = _words(one.header, form)
    spoken = [language for language in languages() if language in words]
    label = quoted(as_label(one.says[0]))
    if spoken:
        label = f"{{ {', '.join(f'{language} = {quoted(words[language])}' for language in spoken)} }}"
    if not one.more:
        return label
    return f"{{ {', '.join([f'label = {label}', *(f'{key} = {_toml(value)}' for key, value in one.more.items())])} }}"


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {quoted(words)}' for key, words in value.items())} }}"
    return quoted(value) if isinstance(value, str) else str(value)


def _words(header: str, form: Form | None) -> dict[str, str]:
    """Language → what a form calls a question, or a choice of one."""
    for question in form.questions if form else ():
        if question.name == header.rpartition("/")[2] and question.labels:
            return {_code(language): label for language, label in question.labels.items()}
        if header.startswith(f"{question.name}/") and question.list_name:
            labels = form.choices.get(question.list_name, {}).get(header.partition("/")[2], {})
            return {_code(language): label for language, label in labels.items()}
    return {}


def _code(language: str) -> str:
    found = re.search(r"\((\w{2,3})\)", language)
    return found[1] if found else next((code for code, start in LANGUAGES.items() if start in language.lower()), "")


def _asked(sources: list[Source]) -> dict[str, list[str]]:
    """The incentives and what they are adjusted for, as far as the files have them."""
    has = {(source.table, name) for source in sources for name, column in source.placed.items() if not column.blank}
    fed = {source.table for source in sources}
    incentives = [one.name for source in sources for one in source.match.own if one.section == "incentives"]
    adjust_for = [
        name for table, name in (("organizations", "org_type"), ("events", "event_type")) if (table, name) in has
    ]
    adjust_for += ["fiscal_quarter"] + ["consulted_at_design"] * (("organizations", "consulted_at_design") in has)
    return {
        "incentives": incentives + ["recent_conversation"] * ("conversations" in fed),
        "adjust_for": adjust_for + ["other_support_now"] * ("other_support" in fed),
    }


def _source(source: Source, sources: list[Source], waves: dict[Path, tuple[str, str]]) -> dict:
    ways, unit, names = source.ways, source.unit, _files(source.folder, source.paths)
    listed = ", ".join(map(quoted, names))
    sheets = [] if unit.parts[0].alone else list(dict.fromkeys(glob.escape(part.sheet) for part in unit.parts))
    about = ", ".join(filter(None, [KINDS.get(unit.kind), rows(unit.rows)]))
    return {
        "table": source.table,
        "about": f"{source.match.score:.2f}; {about}",
        "files": listed if len(names) == 1 else f"[{listed}]",
        "form": source.folder.name(unit.form) if unit.form else "",
        "sheets": sheets,
        "ways": ways,
        "columns": _columns(source),
        "open": [*_open_lines(source), *_numbered_again(source, sources)],
        "levels": dict.fromkeys([*ways.levels, *(key[7:] for key in ways.open if key.startswith("levels."))]),
        "waves": [waves[path] for path in waves if path in source.paths and source.table == "survey"],
    }


def _files(folder: Folder, paths: list[Path]) -> list[str]:
    """One pattern that matches these files and no others, or each file."""
    names = sorted(folder.name(path) for path in paths)
    if len(names) > 1:
        start = _same_start(names).rstrip("0123456789")
        end = _same_start([name[::-1] for name in names])[::-1].lstrip("0123456789")
        pattern = f"{glob.escape(start)}*{glob.escape(end)}"
        if sum(map(str.isalpha, start.rpartition("/")[2])) >= 3:
            matched = sorted(folder.name(path) for path in folder.path.glob(pattern) if not path.name.startswith("~$"))
            if matched == names:
                return [pattern]
    return [glob.escape(name) for name in names]


def _same_start(names: list[str]) -> str:
    return "".join(letters[0] for letters in takewhile(lambda one: len(set(one)) == 1, zip(*names, strict=False)))


def _columns(source: Source) -> list[tuple[str, str]]:
    """The columns that are placed, with how sure each is, then those of the programme's own things."""
    lines = []
    for name, about in SCHEMAS[source.table].columns.items():
        if name in source.match.placed:
            header, candidate = source.match.placed[name]
            personal = "; a person's name: dropped at cleaning" if about.metadata.get("direct_identifier") else ""
            column = source.place if name == "places" else name
            lines.append((f"{column} = {quoted(header)}", f"{candidate.confidence:.2f} {candidate.reason}{personal}"))
    expects = [one for one in source.match.own if one.section == "expectations"]
    questions = {one.header.rpartition("/")[0] for one in expects}
    alike = all(one.header == f"{one.header.rpartition('/')[0]}/{one.name}" for one in expects)
    together = expects if len(expects) > 1 and len(questions) == 1 and alike else []
    if together:
        lines.append((f'"expects_*" = {quoted(questions.pop() + "/*")}', f"values, {len(together)} choices"))
    return lines + [
        (f"{one.column} = {quoted(one.header)}", "values, and no column of every programme")
        for one in source.match.own
        if one not in together
    ]


def _open_lines(source: Source) -> list[str]:
    """What is needed and not placed, what is open, and what is left out."""
    match = source.match
    lines = [f'{name} = "…"  # {OPEN}the table needs it; {_nearest(source, name)}' for name in match.needed]
    lines += [_open_column(source, header, candidates) for header, candidates in match.open.items()]
    for why in dict.fromkeys(match.left_out.values()):
        said = [quoted(header) for header, reason in match.left_out.items() if reason == why]
        lines.append(f"left out: {', '.join(said)}, {why}")
    return lines


def _nearest(source: Source, name: str) -> str:
    """What might stand for a column that a table needs."""
    headers, days = source.match.headers, source.placed.get("submitted_on")
    near = [
        f'"{h}" ({one.confidence:.2f})' for h, found in source.match.open.items() for one in found if one.target == name
    ]
    if near:
        return f"nearest: {', '.join(near)}"
    if name == "event_id" and SHEET in source.unit.columns:
        return f'its sheets have names such as "{source.unit.parts[0].sheet}", which are no codes of events'
    if name == "organization_id" and "name" in headers:
        return f"without codes, names can stand for them: {name} = {quoted(headers['name'])}"
    if name == "submission_id" and days is not None and days.unique == 1:
        return f"without one, the moment can stand for it: {name} = {quoted(headers['submitted_on'])}"
    if name in ("org_type", "event_type") or SCHEMAS[source.table].columns[name].metadata["levels"]:
        setting = f'set = {{ {name} = "…" }}'
        return f"if all rows are the same, write {setting} in this source, and its kind under [types.{name}]"
    return "nothing in the file is near"


def _numbered_again(source: Source, sources: list[Source]) -> list[str]:
    """A survey whose ids number the answers of one file, so that another file has the same ones."""
    if source.table != "survey" or "submission_id" not in source.placed:
        return []
    ids = [
        set(part.rows[one.match.headers["submission_id"]].dropna())
        for one in sources
        if one.table == "survey" and "submission_id" in one.placed
        for part in one.unit.parts
    ]
    own = set(source.placed["submission_id"].counts.index)
    if len(ids) < 2 or sum(len(own & other) > 0.3 * len(other) > 0 for other in ids) < 2:
        return []
    return [f"{OPEN}submission_id is the same in several files, and what has one id counts once: number them apart"]


def _open_column(source: Source, header: str, candidates: list[Candidate]) -> str:
    column, why = source.unit.columns[header], source.match.why_open.get(header, "")
    near = " or ".join(
        f"{one.target} ({one.confidence:.2f})" if not one.against else f"{one.target} by its header, but {one.against}"
        for one in candidates[:3]
    )
    said = "; ".join(filter(None, [f"near {near}" if near else "", why])) or "nothing of this table is near"
    by_name = header in SCHEMAS[source.table].columns and header not in source.match.placed
    implicit = "; read as such, since its header is the column's name" if by_name else ""
    return f"{OPEN}{quoted(header)} ({column.sort}): {said}{implicit}"


def _waves(sources: list[Source]) -> dict[Path, tuple[str, str]]:
    """Files of the survey → the line that gives each its wave; by the days its answers were sent, else by its name."""
    surveys = [source for source in sources if source.table == "survey" and "wave" not in source.placed]
    paths = [path for source in surveys for path in source.paths]
    sent = _sent(surveys)
    named_days = {path: found[0] for path in paths if (found := _DAY_IN_NAME.search(path.name))}
    by_days, by_names = [], []
    if paths and all(len(sent.get(path, ())) for path in paths):
        by_days = sorted(paths, key=lambda path: sent[path].median())
    if len(named_days) == len(paths):
        by_names = sorted(paths, key=lambda path: re.sub(r"\D", "", named_days[path]))
    sure = {(1, 1): "0.97 by the days answers were sent, and by name", (1, 0): "0.95 by the days answers were sent"}
    why = sure.get((bool(by_days), bool(by_names)), "0.85 by name")
    doubt = _doubt(paths, sent, by_days, by_names)
    lines = {}
    for wave, path in enumerate(by_days or by_names or paths, start=1):
        short = f"*{named_days[path]}*" if path in named_days else ""
        pattern = short if short and sum(fnmatch(one.name, short) for one in paths) == 1 else glob.escape(path.name)
        line = f"{quoted(pattern)} = {wave}"
        lines[path] = (f"# {line}", OPEN + doubt) if doubt else (line, why)
    return lines


def _sent(surveys: list[Source]) -> dict[Path, pd.Series]:
    """File → the days on which its answers were sent."""
    sent: dict[Path, pd.Series] = {}
    for source in surveys:
        if "submitted_on" in source.placed:
            owner = [part.path for part in source.unit.parts for _ in range(len(part.rows))]
            sent |= {path: own.dropna() for path, own in source.days("submitted_on").groupby(owner)}
    return sent


def _doubt(paths: list[Path], sent: dict[Path, pd.Series], by_days: list[Path], by_names: list[Path]) -> str:
    """What speaks against taking each file for a wave, in that order."""
    apart = all(sent[a].quantile(0.9) < sent[b].quantile(0.1) for a, b in pairwise(by_days))
    if by_days and by_names and by_days != by_names:
        return "names and answers say different orders"
    if any(days.sort_values().diff().dt.days.max() > LULL for days in sent.values()):
        return "answers came in bursts far apart: several waves in one file? Then place a column that says which"
    if by_days and not apart:
        return "answers of different files were sent in the same days: one wave in parts?"
    if not by_days and not by_names:
        return "neither names nor answers tell the order"
    return "files of the same name" if len({path.name for path in paths}) < len(paths) else ""


def _unfit(one: Unfit) -> list[str]:
    names = sorted({part.path.name + (f", sheet {part.sheet}" if part.sheet else "") for part in one.unit.parts})
    shown = "; ".join(names[:6]) + (" …" if len(names) > 6 else "")
    columns = [column for column in one.unit.columns.values() if not column.given]
    return [
        f"{OPEN}{shown}: no [[source]], since {one.why}.",
        *(f"  {quoted(column.header)} ({column.sort})" for column in columns),
    ]


def _beside(line: str, comment: str) -> str:
    return f"{line:{COMMENT_AT - 2}}  # {_plain(comment)}"


def _commented(lines: list[str] | None) -> str:
    return "".join(f"# {_plain(line)}\n" for line in lines or ())


def _plain(text: str) -> str:
    """Without anything that could end the comment it stands in."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
