"""What was found in a folder → the text of programme.toml, in the order and with the comments of a hand-written one."""

import glob
import re
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from itertools import pairwise, takewhile
from pathlib import Path

import pandas as pd

from konbit_lessons import tables
from konbit_lessons.field import identity
from konbit_lessons.field.draft.evidence import Column
from konbit_lessons.field.draft.folder import SHEET, Folder, Unit
from konbit_lessons.field.draft.matching import EXPECTS, Candidate, Match
from konbit_lessons.field.draft.vocabulary import folded
from konbit_lessons.field.draft.ways import Ways, quoted, rows, ways_of
from konbit_lessons.field.values import Writing, convert

OPEN = "OPEN: "
COMMENT_AT = 42
LULL = 60  # days without an answer, after which another wave may have begun
_DAY_IN_NAME = re.compile(r"(20\d{2})[-_.]?(\d{2})[-_.]?(\d{2})")
_RECORDED = {"submitted_on", "held_on", "date", "pledged_on"}  # days that lie before the records were pulled


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
        return self.match.table

    @property
    def paths(self) -> list[Path]:
        return list(dict.fromkeys(part.path for part in self.unit.parts))

    @cached_property
    def placed(self) -> dict[str, Column]:
        return {name: self.unit.columns[header] for name, header in self.match.headers.items()}

    @cached_property
    def ways(self) -> Ways:
        return ways_of(self.table, self.placed, self.folder.forms.get(self.unit.form))

    def days(self, name: str) -> pd.Series:
        """Typed days of a placed column, by row; the index is that of the unit's rows."""
        writing = Writing(dates=tuple(self.ways.dates))
        return convert(self.placed[name].cells, kind="day", dtype="datetime64[us]", levels=None, writing=writing)[0]


def programme_text(folder: Folder, sources: list[Source], unfit: list[Unfit], *, raw: str) -> str:
    """The whole file."""
    waves = _waves(sources)
    blocks = [_head(sources, raw), _targets(sources), _PRIVACY, _analysis(sources), _HOW]
    blocks += [_source(source, waves, _numbered_again(source, sources)) for source in sources]
    blocks += [_unfit(one) for one in unfit]
    blocks += _left_out(folder)
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


_PRIVACY = ["[privacy]", "smallest_cell = 5                         # no shared figure is about fewer organizations"]
_HOW = [
    "# ---- which file feeds which table ----------------------------------------------------------------------------",
    "# After each column: how sure the draft is (1 is certain) and by what. A line with OPEN is for you to decide.",
    '# columns  column of the table = column of the file; "@sheet" is the sheet\'s name, "@file" the file\'s',
    "# dates    the order in which dates are written; a date written year-month-day is always understood",
    "# levels   what is written in the file = what it means",
    '# missing  codes that mean "no answer", in the columns named (or "*" for all)',
]


def _head(sources: list[Source], raw: str) -> list[str]:
    lines = [
        "# Drafted by konbit draft-programme from the files themselves: read it before you use it.",
        "# Search for OPEN; each such line is a decision that only you can take. Then: konbit check",
        "",
        "[programme]",
        _with('name = "OPEN: name of the programme"', f"{OPEN}write it"),
        _with('point_of_contact = "OPEN: point of contact"', f"{OPEN}whom a reader can ask; write it"),
    ]
    held = [
        source.days("held_on").min() for source in sources if "held_on" in source.placed and source.table == "events"
    ]
    days = [
        source.days(name).max()
        for source in sources
        for name, column in tables.TABLES[source.table].columns.items()
        if column.metadata["kind"] == "day" and name in source.placed and name in _RECORDED
    ]
    first, last = (min(_known(held), default=None), max(_known(days), default=None))
    lines.append(
        _with(
            f"# started_on = {first:%Y-%m-%d}" if first else "# started_on = 2016-04-01",
            f"{OPEN}first day of project year 1{'; this is the first event' if first else ''}",
        )
    )
    lines.append(
        _with(
            f"# data_cut_on = {last:%Y-%m-%d}" if last else "# data_cut_on = 2017-06-30",
            f"{OPEN}when the records were pulled{'; this is the last day in them' if last else ''}",
        )
    )
    haiti = any("department" in source.placed and _of_haiti(source.placed["department"]) for source in sources)
    lines.append(
        _with('timezone = "America/Port-au-Prince"', "0.90 departments of Haiti")
        if haiti
        else _with('# timezone = "America/Port-au-Prince"', f"{OPEN}of dates in the records; UTC otherwise")
    )
    return [*lines, f"raw = {quoted(raw)}", '# processed = "data/processed"            # where the cleaned tables go']


def _known(days: list) -> list:
    return [day for day in days if pd.notna(day)]


def _of_haiti(column: Column) -> bool:
    departments = folded("usual", "organizations.department")
    return sum(identity.fold(value) in departments for value in column.looked_at.index) >= 0.6 * len(column.looked_at)


def _targets(sources: list[Source]) -> list[str]:
    types = pd.concat([_types(source) for source in sources if "org_type" in source.placed] or [pd.Series(dtype="str")])
    counts = types.value_counts()
    lines = [f"# {kind} = {counts[kind]}" for kind in tables.ORG_TYPES if kind in counts]
    return [
        "[targets]                                 # organizations to reach over the life of the project",
        *(_with(line, f"{OPEN}so many are on the roster") for line in lines or ["# cdsp = 100"]),
    ]


def _types(source: Source) -> pd.Series:
    column = source.placed["org_type"]
    levels = source.ways.levels.get("org_type", {})
    return column.cells.str.strip().map(lambda text: levels.get(text, (str(text).casefold(), 0))[0])


def _analysis(sources: list[Source]) -> list[str]:
    by_table: dict[str, set[str]] = {}
    for source in sources:
        by_table.setdefault(source.table, set()).update(
            name for name, column in source.placed.items() if not column.blank
        )
    events, organizations = by_table.get("events", set()), by_table.get("organizations", set())
    incentives = ["per_diem"] * ("per_diem_htg" in events) + [name for name in tables.OFFERED if name in events]
    incentives += ["recent_conversation"] * ("conversations" in by_table)
    adjust_for = [name for name in ("org_type",) if name in organizations]
    adjust_for += [name for name in ("event_type",) if name in events] + ["fiscal_quarter"]
    adjust_for += [name for name in ("consulted_at_design",) if name in organizations]
    adjust_for += ["other_support_now"] * ("other_support" in by_table)
    listed = {
        key: ", ".join(map(quoted, names)) for key, names in (("incentives", incentives), ("adjust_for", adjust_for))
    }
    lines = [
        "[analysis]",
        f"incentives = [{listed['incentives']}]",
        f"adjust_for = [{listed['adjust_for']}]",
        'cluster = ["organization_id", "event_id"]',
        *(
            ['by = "org_type"                           # also the effects within each type']
            if "org_type" in organizations
            else []
        ),
        _with("smallest_effect_that_matters = 0.10", "10 of 100 invitations; OPEN: less would not change what you do?"),
    ]
    return (
        lines
        if incentives
        else [
            f"# {OPEN}no incentive was found among the events: nothing to analyse yet",
            *(f"# {line}" for line in lines),
        ]
    )


def _source(source: Source, waves: dict[Path, str], doubts: list[str]) -> list[str]:
    match, ways, unit = source.match, source.ways, source.unit
    lines = ["[[source]]", _with(f'table = "{source.table}"', f"{match.score:.2f}; {_about(source)}")]
    files = _files(source.folder, source.paths)
    lines.append(f"files = {quoted(files[0])}" if len(files) == 1 else f"files = [{', '.join(map(quoted, files))}]")
    if unit.form:
        lines.append(f"form = {quoted(source.folder.name(unit.form))}")
    if not unit.parts[0].alone:
        lines.append(f"sheets = [{', '.join(quoted(glob.escape(name)) for name in _sheets(unit))}]")
    if ways.dates:
        lines.append(_with(f"dates = [{', '.join(map(quoted, ways.dates))}]", ways.dates_why))
    lines += [_open(line) for line in ways.open.get("dates", [])]
    if ways.decimal:
        lines.append(_with(f'decimal = "{ways.decimal}"', ways.decimal_why))
    lines += [_open(line) for line in ways.open.get("decimal", [])]
    lines += [*_columns(source), *doubts]
    for name in dict.fromkeys([*ways.levels, *(key[7:] for key in ways.open if key.startswith("levels."))]):
        lines.append(f"[source.levels.{name}]")
        lines += [
            _with(f"{quoted(written)} = {quoted(meaning)}", rows(count))
            for written, (meaning, count) in ways.levels.get(name, {}).items()
        ]
        lines += [_open(line) for line in ways.open.get(f"levels.{name}", [])]
    if ways.missing or "missing" in ways.open:
        lines.append("[source.missing]")
        for name, codes in ways.missing.items():
            why = ways.missing_why if name == "*" else "no answer, in words"
            key = '"*"' if name == "*" else name
            lines.append(_with(f"{key} = [{', '.join(map(quoted, codes))}]", why))
        lines += [_open(line) for line in ways.open.get("missing", [])]
    if ways.blank:
        lines.append("[source.blank]                            # what a blank cell means in this sheet")
        for name, meaning in ways.blank.items():
            why = "no 0 is written in it" if meaning == "0" else "only yes is written in it"
            lines.append(_with(f'{name} = "{meaning}"', f"0.90 {why}"))
    return lines + _by_file(source, waves)


def _about(source: Source) -> str:
    kind = {"kobo": "KoboToolbox", "odk_central": "ODK Central", "microsoft_forms": "Microsoft Forms"}.get(
        source.unit.kind
    )
    return ", ".join(filter(None, [kind, rows(source.unit.rows)]))


def _sheets(unit: Unit) -> list[str]:
    return list(dict.fromkeys(part.sheet for part in unit.parts))


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


def _columns(source: Source) -> list[str]:
    match, about = source.match, tables.TABLES[source.table].columns
    lines = ["[source.columns]"]
    wildcard = _wildcard(match)
    for name in about:
        if name in wildcard:
            if name == next(iter(wildcard)):
                question = match.placed[name][0].rpartition("/")[0]
                sure = min(match.placed[one][1].confidence for one in wildcard)
                lines.append(
                    _with(
                        f'"{EXPECTS}*" = {quoted(question + "/*")}',
                        f"{sure:.2f} header and values, {len(wildcard)} choices",
                    )
                )
        elif name in match.placed:
            header, candidate = match.placed[name]
            told = f"{candidate.confidence:.2f} {candidate.reason}" + _dropped(about[name])
            lines.append(_with(f"{name} = {quoted(header)}", told))
        elif name in match.needed:
            lines.append(_open(f'{name} = "…"  # OPEN: the table needs it; {_nearest(source, name)}'))
    for header, candidates in match.open.items():
        lines.append(_open(_open_column(source, header, candidates)))
    for why in dict.fromkeys(match.unused.values()):
        said = [quoted(header) for header, reason in match.unused.items() if reason == why]
        lines.append(f"# not used: {', '.join(said)}: {_plain(why)}")
    lines += [f"# left out: {quoted(header)}, {what}" for header, what in match.identifiers.items()]
    if match.metadata:
        lines.append(f"# left out, written by the exporter: {_plain(', '.join(match.metadata))}")
    return lines


def _nearest(source: Source, name: str) -> str:
    near = [
        f'"{h}" ({one.confidence:.2f})' for h, found in source.match.open.items() for one in found if one.target == name
    ]
    if near:
        return f"nearest: {', '.join(near)}"
    if name == "event_id" and SHEET in source.unit.columns:
        return f'its sheets have names such as "{source.unit.parts[0].sheet}", which are no codes of events'
    if name == "organization_id" and "name" in source.placed:
        return f"without codes, names can stand for them: {name} = {quoted(source.match.headers['name'])}"
    if name == "submission_id" and "submitted_on" in source.placed and source.placed["submitted_on"].unique == 1:
        return f"without one, the moment can stand for it: {name} = {quoted(source.match.headers['submitted_on'])}"
    if levels := tables.TABLES[source.table].columns[name].metadata.get("levels"):
        return f"if all rows are the same, say which under [source.set]: one of {', '.join(levels)}"
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
    if sum(len(own & other) > 0.3 * len(other) > 0 for other in ids) < 2 or len(ids) < 2:
        return []
    return [
        _open(f"{OPEN}submission_id is the same in several files, and what has one id counts once: number them apart")
    ]


def _wildcard(match: Match) -> list[str]:
    """The expectations that one line with ``*`` can place: choices of one question, under the names of the codebook."""
    named = [
        name
        for name in match.placed
        if name.startswith(EXPECTS) and match.placed[name][0].endswith("/" + name.removeprefix(EXPECTS))
    ]
    questions = {match.placed[name][0].rpartition("/")[0] for name in named}
    ordered = [name for name in tables.TABLES[match.table].columns if name in named]
    return ordered if len(questions) == 1 and len(named) > 1 else []


def _dropped(about) -> str:
    return "; a person's name: dropped at cleaning" if about.metadata.get("direct_identifier") else ""


def _open_column(source: Source, header: str, candidates: list[Candidate]) -> str:
    column, why = source.unit.columns[header], source.match.why_open.get(header, "")
    near = " or ".join(
        f"{one.target} ({one.confidence:.2f})" if not one.against else f"{one.target} by its header, but {one.against}"
        for one in candidates[:3]
    )
    said = "; ".join(filter(None, [f"near {near}" if near else "", why]))
    if not near and not why and source.table == "events" and column.share("yes_no") >= 0.8 and not column.blank:
        name = "_".join(identity.words(header)) or "own_incentive"
        line = f"{name} = {quoted(header)}"
        said = f"an incentive of your own? Then write {line} under [incentives] and here"
    implicit = (
        "; read as such, since its header is the column's name"
        if header in tables.TABLES[source.table].columns and header not in source.match.placed
        else ""
    )
    return f"{OPEN}{quoted(header)} ({_plain(column.sort)}): {said or 'nothing of this table is near'}{implicit}"


def _waves(sources: list[Source]) -> dict[Path, str]:
    """Files of the survey → the line that gives each its wave; by the days its answers were sent, else by its name."""
    surveys = [source for source in sources if source.table == "survey" and "wave" not in source.placed]
    paths = [path for source in surveys for path in source.paths]
    if not paths:
        return {}
    sent: dict[Path, pd.Series] = {}
    for source in surveys:
        if "submitted_on" in source.placed:
            days, owner = (
                source.days("submitted_on"),
                [part.path for part in source.unit.parts for _ in range(len(part.rows))],
            )
            sent |= {path: own.dropna() for path, own in days.groupby(owner)}
    named = {path: found[0] for path in paths if (found := _DAY_IN_NAME.search(path.name))}
    by_days = (
        sorted(paths, key=lambda path: sent[path].median()) if all(len(sent.get(path, ())) for path in paths) else []
    )
    by_names = sorted(paths, key=lambda path: re.sub(r"\D", "", named[path])) if len(named) == len(paths) else []
    order = by_days or by_names or paths
    apart = bool(by_days) and all(sent[a].quantile(0.9) < sent[b].quantile(0.1) for a, b in pairwise(order))
    if by_days and by_names and by_days != by_names:
        doubt = "names and answers say different orders"
    elif any(days.sort_values().diff().dt.days.max() > LULL for days in sent.values()):
        doubt = "answers came in bursts far apart: several waves in one file? Then place a column that says which"
    elif by_days and not apart:
        doubt = "answers of different files were sent in the same days: one wave in parts?"
    elif not by_days and not by_names:
        doubt = "neither names nor answers tell the order"
    elif len({path.name for path in paths}) < len(paths):
        doubt = "files of the same name"
    else:
        doubt = ""
    sure = (
        "0.97 by the days answers were sent, and by name"
        if by_days and by_names
        else "0.95 by the days answers were sent"
        if by_days
        else "0.85 by name"
    )
    lines = {}
    for wave, path in enumerate(order, start=1):
        short = f"*{named[path]}*" if path in named else ""
        pattern = short if short and sum(fnmatch(one.name, short) for one in paths) == 1 else glob.escape(path.name)
        line = f"{quoted(pattern)} = {wave}"
        lines[path] = _open(f"{line}  # {OPEN}{doubt}") if doubt else _with(line, sure)
    return lines


def _by_file(source: Source, waves: dict[Path, str]) -> list[str]:
    own = [waves[path] for path in waves if path in source.paths and source.table == "survey"]
    return ["[source.by_file.wave]", *own] if own else []


def _unfit(one: Unfit) -> list[str]:
    names = sorted({part.path.name + (f", sheet {part.sheet}" if part.sheet else "") for part in one.unit.parts})
    shown = _plain("; ".join(names[:6])) + (" …" if len(names) > 6 else "")
    lines = [f"# {OPEN}{shown}: no [[source]], since {_plain(one.why)}."]
    for header, column in one.unit.columns.items():
        if not column.given:
            lines.append(f"#   {quoted(header)} ({_plain(column.sort)})")
    return lines


def _left_out(folder: Folder) -> list[list[str]]:
    lines = [f"# not read: {_plain(name)}: {_plain(why)}" for name, why in folder.left_out.items()]
    lines += [f"# a form, used where its questions are: {_plain(folder.name(path))}" for path in folder.forms]
    return [lines] if lines else []


def _with(line: str, comment: str) -> str:
    return f"{line:{COMMENT_AT - 2}}  # {_plain(comment)}"


def _open(line: str) -> str:
    return f"# {_plain(line)}"


def _plain(text: str) -> str:
    """Without anything that could end the comment it stands in."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
