"""One code on several lines of the roster or of the events: spells of membership, an event moved, two under one code.

What belongs to one organization or event becomes one line. Two of them under one code are both kept, and asked about:
the second under the code with a number in brackets, until an evaluator has said what it is.
"""

from itertools import pairwise

import pandas as pd

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning.decisions import CODE, SAME, Decisions, asked_of
from konbit_lessons.field.cleaning.record import SPELL, STATUS, Record
from konbit_lessons.field.identity import Codes, fold, words
from konbit_lessons.field.messages import message
from konbit_lessons.field.values import as_text

KEYS = {"organizations": "organization_id", "events": "event_id"}
CURRENT = ("held", "cancelled", "planned", "moved")  # of several lines of one event, the first of these tells
ONE = "an earlier spell or name of the organization; kept on the line of the last one"
NOT_HELD = CURRENT[1:3]
SPELL_OF = ["joined_on", "left_on"]


def one_each(rows: pd.DataFrame, table: str, decided: Decisions, record: Record) -> tuple:
    """The roster or the events, each organization or event under a code of its own.

    Parameters
    ----------
    rows : DataFrame
        Typed, with their places.
    table : str
    decided : Decisions
    record : Record

    Returns
    -------
    rows : DataFrame
    twice : dict of str to str
        Code under which a line is kept → the code that stands there for it and for another one, which has an entry of
        its own as long as nobody decided.
    questions : list of dict

    Raises
    ------
    DataError
        Two spells overlap, or what was decided is no answer.
    """
    key, rows = KEYS[table], as_text(rows)
    codes, twice, questions, wrong = Codes(rows[key].unique()), {}, [], []
    if table == "events":
        rows = _current(rows, record)
    for code, lines in rows[rows[key].duplicated(keep=False)].groupby(key, sort=True):
        first, *others = _apart(lines, table)
        for number, other in enumerate(others, start=2):
            typed, name = f"{code}: {_name(other, table)}", f"{code} ({number})"
            answer = decided.of(CODE, typed)
            if answer and fold(answer["decision"]) == SAME:
                name = code
            elif answer and codes.of(answer["decision"]):
                wrong.append(message("code_of_another", answer=answer, typed=typed, same=SAME))
            elif answer:
                name = answer["decision"]
                twice |= {name: code} if table == "organizations" else {}
            else:
                twice |= {code: code, name: code}
                near = {"candidate_1": code, "name_1": _name(first, table)}
                questions.append(asked_of(CODE, typed, other, decided) | near)
            rows.loc[other.index, key] = name
    if table == "organizations":
        rows["left_on"] = rows["left_on"].fillna(rows["merged_on"])
        for _, lines in rows[rows[key].duplicated(keep=False)].groupby(key, sort=True):
            rows = _as_one(rows, lines, record, wrong)
    if wrong:
        raise DataError("\n".join(wrong))
    return rows, twice, questions


def _current(rows: pd.DataFrame, record: Record) -> pd.DataFrame:
    """The events, of one that was planned, moved or cancelled the line that tells how it is now."""
    rank = rows["event_status"].fillna(CURRENT[0]).map(CURRENT.index)
    before = rank > rank.groupby(rows["event_id"]).transform("min")
    reason = "another line tells how the event is now; this one said " + rows["event_status"].astype("str")
    record.set_aside(rows[before], "events", "event_status", rows["event_status"], check=STATUS, reason=reason)
    return rows[~before]


def _letters(text: object) -> str:
    return "".join(words(text)) if pd.notna(text) else ""


def _apart(lines: pd.DataFrame, table: str) -> list[pd.DataFrame]:
    """The lines of one code, those of each organization or event together; who was there first is the first."""
    if table == "organizations":
        lines = lines.sort_values(SPELL_OF[0], na_position="first", kind="stable")
    groups: list[list] = []
    for line in lines.itertuples():
        same = next((some for some in groups if any(_same(line, one, table) for one in some)), [])
        groups += [] if same else [same]
        same.append(line)
    return [lines.loc[[one.Index for one in some]] for some in groups]


def _same(line, other, table: str) -> bool:
    """Whether two lines are about one organization, by its names; or about one event, by its type, day and place."""
    if table == "organizations":
        names = ([each.name, *str(each.former_names).split(";")] for each in (line, other))
        one, two = ({_letters(name.partition("(")[0]) for name in of} for of in names)
        return bool(one & two - {"nan"})
    places = {_letters(line.place), _letters(other.place)} - {""}
    return (line.event_type, line.held_on) == (other.event_type, other.held_on) and len(places) < 2


def _name(lines: pd.DataFrame, table: str) -> str:
    line = lines.iloc[0]
    parts = [line["event_type"], f"{line['held_on']:%Y-%m-%d}", line["place"]] if table == "events" else [line["name"]]
    return ", ".join(str(one) for one in parts if pd.notna(one))


def _as_one(rows: pd.DataFrame, lines: pd.DataFrame, record: Record, wrong: list[str]) -> pd.DataFrame:
    """The roster with the spells of an organization, and its names, on the line of the last."""
    lines = lines.sort_values(SPELL_OF, na_position="first", kind="stable")
    spells = lines.loc[lines[SPELL_OF].notna().any(axis="columns"), SPELL_OF].drop_duplicates("joined_on", keep="last")
    now, away = lines.iloc[-1], []
    for (_, left), (joined, _) in pairwise(spells.itertuples(index=False, name=None)):
        if pd.isna(left) or left > joined:
            wrong.append(message("overlap", now=now, rows=" and ".join(f"row {row}" for row in lines["row"])))
            return rows
        away.append(f"{left:%Y-%m-%d}/{joined:%Y-%m-%d}")
    before = lines[(lines["name"] != now["name"]) | ((lines["joined_on"] != now["joined_on"]) & bool(away))]
    if before.empty:
        return rows
    said = {"joined_on": spells["joined_on"].min(), "away": "; ".join(away)}
    for name, former in {"name": "former_names", "acronym": "former_acronyms"}.items():
        other = before.loc[before[name] != now[name], name].dropna()
        said[former] = "; ".join(dict.fromkeys([*lines[former].dropna(), *other]))
    for name, one in said.items():
        rows.loc[now.name, name] = one or None
    record.set_aside(before, "organizations", "organization_id", before["organization_id"], check=SPELL, reason=ONE)
    return rows.drop(index=before.index)
