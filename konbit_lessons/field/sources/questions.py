"""Frames under the exporter's headers → frames by question, with or without the form, and the answers to each.

With the form, a header is looked up as it would be written in names or in any language, behind all or none of its
groups; what it can mean in two ways is kept, with a notice. Without the form, only the exporter's signs are used.

Choices become True, False and missing, and labels of any language names. What the three ways of exporting several
answers (joined and one column per choice, joined only, choices only) hold is brought to one shape: the joined column of
names, then one column ``question/choice`` per choice. What cannot be decoded without doubt stays, with a notice.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import product
from operator import methodcaller

import pandas as pd

from konbit_lessons.field.messages import message
from konbit_lessons.field.sources.form import ODK_GPS, Form, Question, Writing, clean, written
from konbit_lessons.field.sources.raw import WORDS
from konbit_lessons.field.values import encoded, looked_up
from konbit_lessons.tables import TEXT

Maps = list[dict[str, set[str]]]  # what a choice is called → the names that it can stand for, one map per language
METADATA = ("_", "meta/", "meta-")
_NUMBERED = re.compile(r" \(\d+\)$")
_ENTRY = re.compile(r"(?=((?:_\d+)+$))")  # which entry of a repeat in columns, and of a repeat in it
_MOST_SEPARATORS = 6
_SIGNS = {"yes": True, "no": False, "blank": None}
FLAGS = {text: _SIGNS[meaning] for meaning, texts in WORDS["flags"].items() for text in texts}


def by_form(frame: pd.DataFrame, form: Form, repeat: str, notices: list, ways: list | None = None) -> pd.DataFrame:
    """A table of an export by the questions of its form.

    Parameters
    ----------
    frame : DataFrame of str
        Under the headers of the file.
    form : Form
    repeat : str
        Which repeat the rows are entries of; "" for the submissions.
    notices : list of str
        What could not be decoded, and why, is added here.
    ways : list of Writing
        The ways in which it can be written; found from the headers when not given.
    """
    bare = {column: _NUMBERED.sub("", column) for column in frame}  # a repeated header was numbered
    headers = {column: clean(one if one in frame else column) for column, one in bare.items()}
    ways = ways or _ways(form, repeat, [*headers.values()])
    known = [form.headers(way, repeat) for way in ways]
    best = max(range(len(known)), key=lambda at: sum(header in known[at] for header in headers.values()))
    others = {column: set().union(*(one.get(header, ()) for one in known)) for column, header in headers.items()}
    meant = {column: known[best].get(header) or others[column] for column, header in headers.items()}
    names = _names(meant, headers, form.starts(ways[best], repeat))
    frame, names = _as_one(frame, names, notices, [column for column in frame if len(meant[column]) == 1])
    notices += _doubts(meant, headers, names)
    names = _unless_they_collide(names)
    doubtful = {name for columns in meant.values() if len(columns) > 1 for name in columns}
    headers = {name: headers[column] for column, name in names.items()}
    frame, languages = frame.rename(columns=names), dict.fromkeys((ways[best].language, *form.languages, None))
    for question in form.asked(repeat):
        column, maps = question.column, [question.options(language) for language in languages]
        if question.type == "select_multiple":
            frame = _several(frame, question, maps, ways[best], headers, doubtful, notices)
        elif question.type == "select_one" and question.choices and column in frame:
            frame = frame.assign(**{column: _one(frame[column], maps, notices)})
    return frame


def by_values(frame: pd.DataFrame, notices: list, group: str = "/", choices: dict | None = None) -> pd.DataFrame:
    """A table of an export without its form: groups are dropped unless two names would collide.

    Parameters
    ----------
    frame : DataFrame of str
        Under the headers of the file.
    notices : list of str
        What was taken together is added here.
    group : str
        What stands between groups and names.
    choices : dict of str to str, optional
        Choice column → its name here. When not given, ``a/b`` is one if there is a column ``a`` and its values are 0, 1
        or blank.
    """
    if choices is None:
        asked = {column: column.rpartition("/")[0] for column in frame}
        choices = {column: column for column, one in asked.items() if one in frame and are_flags(frame[column])}
    others = [column for column in frame if column not in choices]
    groups = Counter(column.rpartition(group)[0] for column in others)
    labels = any(" " in column for column in others)

    def without_groups(name: str) -> str:
        before, _, last = name.rpartition(group)
        if last in ODK_GPS:
            return f"{without_groups(before)}{group}{last}"
        return name if name.startswith(METADATA) or not last or (labels and groups[before] < 2) else last

    of_choices = {column: name.rpartition("/") for column, name in choices.items()}
    names = {column: without_groups(column) for column in others}
    names |= {column: f"{without_groups(one)}/{choice}" for column, (one, _, choice) in of_choices.items()}
    frame, by_question = frame.assign(**{column: flags_of(frame[column]) for column in choices}), defaultdict(dict)
    for column, (one, _, choice) in of_choices.items():
        by_question[one][column] = choice
    for one, labels in by_question.items():
        frame = frame.assign(**_with_joined(frame[[*labels]], frame[one], labels))
    frame, names = _as_one(frame, names, notices)
    return frame.rename(columns=_unless_they_collide(names))


def _as_one(frame: pd.DataFrame, names: dict, notices: list, known: Iterable = ()) -> tuple[pd.DataFrame, dict]:
    """One column where versions of a form have a question in several places: no row, and no version, has two of them.

    ``known`` are columns that the form says are of one question.
    """
    version = next((frame[one] for one in WORDS["versions"]["forms"] if one in frame), None)
    for name in [name for name, count in Counter(names.values()).items() if count > 1]:
        same = [column for column, other in names.items() if other == name]
        there = frame[same].notna()
        apart = version is None and name in same  # it was in no group
        if version is not None:
            seen = [{*version[there[column]]} for column in same]
            apart = sum(map(len, seen)) == len(set().union(*seen))
        if there.any().all() and (there.sum(axis="columns") < 2).all() and (apart or {*same} <= {*known}):
            notices.append(message("one_question", columns=" and ".join(same), name=name))
            same.sort(key=lambda one: -sum(map(methodcaller("startswith", one), frame)))  # the one with choices stays
            frame = frame.assign(**{same[0]: frame[same].bfill(axis="columns")[same[0]]}).drop(columns=same[1:])
            names = {column: other for column, other in names.items() if column in frame}
    return frame, names


def _with_joined(flags: pd.DataFrame, joined: pd.Series, labels: dict[str, str]) -> dict[str, pd.Series]:
    """A joined column and its choices; these of a row that has only that one: the question had one answer once."""
    alone, options = flags.isna().all(axis="columns"), {clean(labels[one]): {one} for one in flags}
    joined = joined.mask(alone & joined.str.strip().str.lower().isin(WORDS["flags"]["blank"]))
    alone &= joined.notna()
    found: dict[str, set[str]] = {}
    for text in joined[alone].unique():
        ways = split(clean(text), options, " ")
        if not any(" " in label for label in options):
            ways = {tuple(one for one in flags if clean(labels[one]) in text.split())}
        found |= {text: {*min(ways)}} if len({frozenset(way) for way in ways}) == 1 else {}
    sure = alone & joined.isin(found)
    made = {one: looked_up(joined, {text: one in way for text, way in found.items()}, "boolean") for one in flags}
    return {joined.name: joined} | {one: flags[one].mask(sure, made[one]) for one in flags}


def _ways(form: Form, repeat: str, headers: list[str]) -> list[Writing]:
    """Names, or a language's labels, joined by ``/`` or by what stands behind the groups and questions in headers."""
    languages = (None, *form.languages)
    plain = [Writing(language) for language in languages]
    known, asked = set().union(*(form.headers(writing, repeat) for writing in plain)), form.asked(repeat)
    begin = [block for question in asked for block in question.path]
    begin += [question for question in asked if question.type == "select_multiple"]
    firsts = {written(one, language) for one in begin for language in languages}
    pairs = product([header for header in headers if header not in known], firsts)
    rest = [header.removeprefix(first) for header, first in pairs if header.startswith(first)]
    behind = Counter(part[:width] for part in rest for width in (1, 2, 3))
    others = [one for one, _ in behind.most_common() if one.strip() and not any(sign.isalnum() for sign in one)]
    return plain + [Writing(language, one, one) for one in others[:_MOST_SEPARATORS] for language in languages]


def _names(meant: dict[str, set[str]], headers: dict[str, str], starts: dict[str, str]) -> dict[str, str]:
    """Column → name: what the header means, where it can mean one thing only; else the header without known groups."""
    names = {}
    for column, columns in meant.items():
        header = headers[column]
        start = max((one for one in starts if header.startswith(one) and header != one), key=len, default="")
        without = starts[start] + header.removeprefix(start) if start else column
        names[column] = column if len(columns) > 1 else min(columns, default=without)
    return names


def _doubts(meant: dict[str, set[str]], headers: dict[str, str], names: dict[str, str]) -> list[str]:
    """Headers that mean two things, and names that two headers mean."""
    two = dict.fromkeys((headers[column], *sorted(columns)) for column, columns in meant.items() if len(columns) > 1)
    told = [f'the header "{one}" stands for {" and ".join(columns)} of the form: it is kept' for one, *columns in two]
    for name in sorted({min(columns) for columns in meant.values() if len(columns) == 1}):
        same = [column for column, other in names.items() if other == name]
        told += [message("both_by_form", columns=" and ".join(same), name=name)] if len(same) > 1 else []
    return told


def _unless_they_collide(names: dict[str, str]) -> dict[str, str]:
    """Column → name; where two would be called the same, both keep their headers."""
    counts = Counter(names.values())
    same = {column: column for column, name in names.items() if counts[name] > 1 and name != column}
    return _unless_they_collide(names | same) if same else names


def are_flags(values: pd.Series) -> bool:
    """Whether a column holds nothing but 0, 1 and blank."""
    return {text.strip().lower() for text in values.dropna().unique()} <= FLAGS.keys()


def flags_of(values: pd.Series) -> pd.Series:
    """A column of 0, 1 and blank as True, False and missing."""
    found = {text: FLAGS[text.strip().lower()] for text in values.dropna().unique()}
    return looked_up(values, {text: flag for text, flag in found.items() if flag is not None}, "boolean")


def agreeing(frame: pd.DataFrame, separator: str) -> dict[str, str]:
    """Choice column → its name here, where ``question``, a separator and a choice say what the joined column says.

    The separator can stand in names as well: a choice column is one that is 1 in the very rows whose joined answers
    hold the choice.
    """
    found = {}
    for column in frame:
        cuts = [(column[: at.start()], column[at.end() :]) for at in re.finditer(re.escape(separator), column)]
        ends = [*(entry[1] for entry in _ENTRY.finditer(column)), ""]  # topics_x_2_1 is a choice of topics_2_1
        ways = ((one, choice, end) for end, (one, choice) in product(ends, reversed(cuts)) if choice != end)
        told = [(one + end, choice.removesuffix(end)) for one, choice, end in ways if choice.endswith(end)]
        names = (f"{one}/{choice}" for one, choice in told if one in frame and _says(frame[column], frame[one], choice))
        found |= dict(zip([column], names, strict=False))  # the first that fits
    return found


def _says(column: pd.Series, joined: pd.Series, choice: str) -> bool:
    holds = (" " + joined.fillna("") + " ").str.contains(f" {choice} ", regex=False)
    return are_flags(column) and (holds == flags_of(column).fillna(False)).all()


def blank_unanswered(frame: pd.DataFrame) -> pd.DataFrame:
    """Choices are missing, not False, where none is True and the joined column is blank."""
    by_question, changed = defaultdict(list), {}
    for column in frame.columns[frame.dtypes == "boolean"]:
        by_question[column.rpartition("/")[0]].append(column)
    for question, own in by_question.items():
        unanswered = ~frame[own].fillna(False).any(axis="columns")
        if question in frame:
            unanswered &= frame[question].isna()
        changed |= {column: frame[column].mask(unanswered) for column in own}
    return frame.assign(**changed)


def split(text: str, options: dict[str, set[str]], separator: str) -> set[tuple[str, ...]]:
    """Every way to read joined answers as a sequence of options, none of them twice; stops at the second way.

    >>> split("Eau potable Eau", {"Eau": {"water"}, "Eau potable": {"drinking"}}, " ")
    {('drinking', 'water')}
    """
    found: set[tuple[str, ...]] = set()
    begun: list[tuple[str, tuple[str, ...]]] = [(text, ())]
    while begun and len(found) < 2:
        rest, names = begun.pop()
        for label, meant in options.items():
            longer = [(*names, name) for name in meant - set(names)]
            if rest == label:
                found |= set(longer)
            elif rest.startswith(label + separator):
                begun += [(rest[len(label + separator) :], one) for one in longer]
    return found


def with_choices(frame: pd.DataFrame, column: str, chosen: dict[str, tuple], names: Iterable[str]) -> pd.DataFrame:
    """One ``column/choice`` per name behind a joined column; ``chosen`` says which of them each of its texts holds."""
    joined = encoded(frame[column])
    holding = {name: {text: name in ones for text, ones in chosen.items()} for name in names}
    made = {f"{column}/{name}": looked_up(joined, holds, "boolean") for name, holds in holding.items()}
    return _placed(frame, {column: frame[column], **made})


def _placed(frame: pd.DataFrame, block: dict[str, pd.Series]) -> pd.DataFrame:
    """The frame with the columns of a block side by side, where the first of them stands."""
    start = next(at for at, name in enumerate(frame) if name in block)
    behind = frame.columns[start:].difference(block.keys(), sort=False)
    return pd.concat([frame.iloc[:, :start], pd.DataFrame(block, frame.index), frame[behind]], axis="columns")


def _one(values: pd.Series, maps: Maps, notices: list[str]) -> pd.Series:
    """Labels of any language as names; what is no label stays, as does, with a notice, one of several choices."""
    used, decoded = {text: clean(text) for text in values.dropna().unique()}, {}
    maps = sorted(maps, key=lambda names: not names.keys() >= {*used.values()})  # one that knows every text goes first
    for text, label in used.items():
        meant = next((names[label] for names in maps if label in names), {text})
        decoded[text] = min(meant) if len(meant) == 1 else text
        if len(meant) > 1:
            notices.append(message("one_label", column=values.name, label=label, choices=" and ".join(sorted(meant))))
    return looked_up(values, decoded, TEXT)


def _several(
    frame: pd.DataFrame, question: Question, maps: Maps, way: Writing, headers: dict, doubtful: set, notices: list
) -> pd.DataFrame:
    """The joined column of names, in the order of the form, and one column per choice; made from what there is.

    ``headers`` has the header of each column in the file, ``doubtful`` the columns that an undecided one can stand for.
    """
    column = question.column
    own = [name for name in frame if name.startswith(f"{column}/")]
    flagged = [name for name in own if are_flags(frame[name])]
    kept = doubtful.union(own).difference(flagged)
    notices.extend(f"{name}: not only 0, 1 and blank: left as text" for name in own if name not in flagged)
    listed = dict.fromkeys(f"{column}/{one.name}" for one in question.choices)
    elsewhere = {f"{column}/{one}" for one in question.sometimes}.difference(flagged)  # not offered, unless picked
    choices = [name for name in listed if name not in kept | elsewhere]
    if flagged:
        rests = {name: headers[name].removeprefix(headers.get(column, "")) for name in flagged}
        labels = {name: re.sub(f"^({re.escape(way.choice)}|/)", "", one) for name, one in rests.items()}
        return _from_flags(frame, column, list(dict.fromkeys([*choices, *flagged])), labels, notices)
    if column not in frame:
        return frame
    chosen = _split(frame[column], question, maps, way.language is None, notices)
    return _from_joined(frame, column, choices, chosen, kept)


def _from_flags(frame: pd.DataFrame, column: str, choices: list[str], labels: dict, notices: list) -> pd.DataFrame:
    """Choice columns of the whole list, and the joined column made of them unless it holds more than they do."""
    flags = pd.DataFrame({name: flags_of(frame[name]) for name in choices if name in labels}, index=frame.index)
    if column in frame:
        made = _with_joined(flags, frame[column], labels)
        frame, flags = frame.assign(**{column: made.pop(column)}), flags.assign(**made)
    joined = _joined(flags, [name.removeprefix(f"{column}/") for name in flags])
    if column in frame:
        typed, spelled = _words(frame[column]), _words(_joined(flags, [labels[name] for name in flags]))
        differs = typed.notna() & (typed != spelled.fillna(""))
        joined = joined.mask(differs, frame[column])
        notices += [message("choices_differ", column=column, count=differs.sum())] if differs.any() else []
    never = pd.Series(False, index=frame.index, dtype="boolean").mask(flags.isna().all(axis="columns"))
    return _placed(frame, {column: joined, **{name: flags.get(name, never) for name in choices}})


def _from_joined(frame: pd.DataFrame, column: str, choices: list[str], chosen: dict, kept: set[str]) -> pd.DataFrame:
    """Choice columns of the form, and of an older version of it what was picked and is in no column."""
    order = {name.removeprefix(f"{column}/"): at for at, name in enumerate(choices)}
    picked = dict.fromkeys(name for names in chosen.values() for name in names)
    older = [name for name in picked if name not in order and f"{column}/{name}" not in kept]
    in_order = {text: sorted(names, key=lambda name: order.get(name, len(order))) for text, names in chosen.items()}
    joined = {text: " ".join(names) for text, names in in_order.items()}
    texts = looked_up(frame[column], joined, TEXT).fillna(frame[column])
    return with_choices(frame, column, chosen, [*order, *older]).assign(**{column: texts})


def _split(values: pd.Series, question: Question, maps: Maps, in_names: bool, notices: list) -> dict[str, tuple]:
    """Joined text → the choices in it; labels are split only where there is one way to do it."""
    chosen, unread, known = {}, [], {choice.name for choice in question.choices}
    for text in values.dropna().unique():
        names = tuple(dict.fromkeys(text.split()))
        ways = next(filter(None, (split(clean(text), one, " ") for one in maps)), set())
        if (in_names and known.issuperset(names)) or (not ways and (in_names or not known)):
            chosen[text] = names
        elif len({frozenset(way) for way in ways}) == 1:
            chosen[text] = min(ways)
        else:
            unread.append(text)
    if unread:
        notices.append(message("unsplit", column=values.name, times=values.isin(unread).sum(), such=clean(unread[0])))
    return chosen


def _joined(flags: pd.DataFrame, texts: list[str]) -> pd.Series:
    """The text of each choice that is True, in a row; missing where none is."""
    joined = flags.fillna(False).astype(bool).dot(pd.Index([f" {text}" for text in texts], dtype=object))
    return joined.astype(TEXT).str.removeprefix(" ").replace("", None)


def _words(values: pd.Series) -> pd.Series:
    """The words of each text in alphabetical order."""
    return looked_up(values, {text: " ".join(sorted(clean(text).split())) for text in values.dropna().unique()}, TEXT)
