"""Organizations over time: names that they had before, mergers, and whose a name, an acronym or a code was on a day.

Where two organizations have one name and never at the same time, the day of a row tells whose it is. Between two days
on which any of that changes the answer is the same: such a stretch of time is an era, counted from 0.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import pairwise, product
from typing import NamedTuple

import pandas as pd

from konbit_lessons.field.identity import Codes, Match, Roster, words
from konbit_lessons.field.messages import message
from konbit_lessons.field.sections import Source
from konbit_lessons.field.values import Writing, convert

FIRST, LAST = pd.Timestamp.min.as_unit("us"), pd.Timestamp.max.as_unit("us")
DAY = pd.Timedelta(days=1)
MERGED, TWICE = "merged", "twice"  # how a text is an organization: by a merger; its code stands for two of them
AWAY = r"(\d{4}-\d{2}-\d{2})/(\d{4}-\d{2}-\d{2})"  # between two memberships, as the column away has it
_DATED = re.compile(r"(.+?)\s*\(([^()]*\d{4}[^()]*)\)")
_DATE = re.compile(r"\d[\d/.-]*\d")


class Held(NamedTuple):
    """A name, an acronym or a code of an organization, and from which day until before which it was its own."""

    code: str
    text: str
    since: pd.Timestamp
    until: pd.Timestamp
    former: bool = False

    def on(self, day: pd.Timestamp) -> bool:
        """Whether it was its own on a day."""
        return self.since <= day < self.until


class History:
    """Whose a text is, by the day of its row.

    Parameters
    ----------
    organizations : DataFrame
        One row for each, in the columns of the table.
    twice : dict of str to str
        Code under which an organization is kept → the code that stands on the roster for it, and for another one too;
        by the day, and of both alike where nobody decided.
    sources : list of Source
        Of the organizations; they say how days are written.

    Attributes
    ----------
    days : list of Timestamp
        On which an era ends and the next one begins.
    wrong : list of str
        What cannot be.
    """

    def __init__(self, organizations: pd.DataFrame, twice: dict[str, str], sources: list[Source]) -> None:
        self._writing = Writing(tuple(order for source in sources for order in source.dates))
        self._rows, self.twice, self.wrong = organizations.set_index("organization_id", drop=False), twice, []
        since, until = self._rows["joined_on"].fillna(FIRST), self._rows["left_on"].fillna(LAST)
        self._spells = [Held(code, code, *days) for code, *days in zip(self._rows.index, since, until, strict=True)]
        self._merged = dict(self._mergers())
        self.names, self.acronyms = self._held("name", "former_names"), self._held("acronym", "former_acronyms")
        self._apart = [self._passed_on(held) for held in (self.names, self.acronyms)]
        ends = [day for one in self._apart for held in one.values() for each in held for day in each[2:4]]
        ends += [day for one in self._spells if one.code in {*twice, *twice.values()} for day in one[2:4]]
        self.days = sorted({*ends, *(day for _, day in self._merged.values())} - {FIRST, LAST})
        self.roster = cache(self.roster)

    def _mergers(self) -> Iterator[tuple[str, tuple[str, pd.Timestamp]]]:
        """Code → the code that it is part of, and since when; a circle, or no day, is wrong."""
        codes, rows = Codes(self._rows.index), self._rows[self._rows["merged_into"].notna()]
        into = {code: codes.of(of) for code, of in rows["merged_into"].items()}
        for code, day in rows["merged_on"].items():  # of several that had that code, the one that had it then
            into[code] = [one.code for of in into[code] for one in self._owners(of) if one.on(day)] or into[code]
        for code, row in rows.iterrows():
            where = f"{row['source']}, row {row['row']}: {code} is merged into {row['merged_into']}"
            day, seen, at = row["merged_on"], {code}, into[code]
            while len(at) == 1 and at[0] not in seen:
                seen, at = seen | {at[0]}, into.get(at[0], [])
            if len(into[code]) != 1:
                self.wrong.append(f"{where}, which is no code of the roster. Write the code that it is part of now.")
            elif at:
                self.wrong.append(message("circle", where=where, codes=", ".join(sorted(seen))))
            elif pd.isna(day):
                self.wrong.append(f"{where}, and no day is given. Write the day of the merger under merged_on.")
            else:
                yield code, (into[code][0], day)

    def _owners(self, code: str) -> list[Held]:
        """Those whose code it is, or that stand under it on the roster."""
        return [one for one in self._spells if code in (one.code, self.twice.get(one.code))]

    def _held(self, now: str, before: str) -> list[Held]:
        """The names of each organization, of today first; one whose days nobody knows is nobody's on any day."""
        found, rows = [], self._rows.fillna({now: "", before: ""})
        where = rows["source"].astype("str") + ", row " + rows["row"].astype("str") + f", {before}"
        for spell, name, former, at in zip(self._spells, rows[now], rows[before], where, strict=True):
            since, own = spell.since, []
            for text in filter(None, map(str.strip, re.split("[;\n]", former))):
                old, days = self._dated(text, at)
                first, until = FIRST if days else LAST, days[-1] + DAY if days else LAST
                own.append(Held(spell.code, old, days[0] if days[1:] else first, until, former=True))
                since = max(since, until) if days else since
            found += [Held(spell.code, name, since, spell.until), *own] if name else own
        return found

    def _dated(self, text: str, where: str) -> tuple[str, list[pd.Timestamp]]:
        found = _DATED.fullmatch(text)
        written = pd.Series(_DATE.findall(found[2]) if found else [], dtype="str")
        days, wrong = convert(written, {"kind": "day"}, self._writing, "datetime64[us]")
        if len(wrong):
            self.wrong.append(f'{where}: found "{text}"; {wrong.iloc[0]}, the last day of that name, in the brackets.')
        return (found[1], sorted(days.dropna())) if found else (text, [])

    def _passed_on(self, held: list[Held]) -> dict[str, list[Held]]:
        """Texts that several organizations had, one after the other: passed on with the last day of a former name."""
        by_text, passed = defaultdict(list), {}
        for one in held:
            by_text["".join(words(one.text))].append(one)
        for text, them in by_text.items():
            given_up = max((one.until for one in them if one.former and one.until < LAST), default=FIRST)
            them = (one if one.former else one._replace(since=max(one.since, given_up)) for one in them)
            them = sorted(them, key=lambda one: one[2:4])
            if len({one.code for one in them}) > 1 and all(one.until <= two.since for one, two in pairwise(them)):
                passed[text] = them
        return passed

    def eras(self, days: pd.Series) -> pd.Series:
        """The era of each day; of an unknown day the last."""
        ends = pd.Index(self.days, dtype="datetime64[us]")
        return pd.Series(ends.searchsorted(days.fillna(LAST), side="right"), index=days.index)

    def _day(self, era: int) -> pd.Timestamp:
        return self.days[era - 1] if era else FIRST

    def roster(self, era: int) -> Roster:
        """The organizations by every name they ever had, but for those that are another one's then."""
        day, lines = self._day(era), []
        taken = [[them for them in apart.values() if any(one.on(day) for one in them)] for apart in self._apart]
        gone = [{one[:2] for them in apart for one in them if not one.on(day)} for apart in taken]
        names, acronyms = defaultdict(list), defaultdict(list)
        for found, held, lost in zip((names, acronyms), (self.names, self.acronyms), gone, strict=True):
            for one in held:
                found[one.code].append(one.code if one[:2] in lost else one.text)  # a code says who it is
        for code in self._rows.index:
            lines += [(code, *both) for both in product(names[code], acronyms[code] or [None])]
        return Roster(pd.DataFrame(lines, columns=["organization_id", "name", "acronym"]))

    def part_of(self, code: str, era: int) -> str:
        """The organization that one is part of in an era."""
        into, since = self._merged.get(code, (code, LAST))
        return self.part_of(into, era) if since <= self._day(era) else code

    def in_era(self, match: Match, era: int) -> Match:
        """What a match means in an era: the organization that it is part of, or the one that had the code then."""
        code = match.organization_id
        if match.how == "code" and code in self.twice.values():
            there = self._owners(code)
            now = [one.code for one in there if one.on(self._day(era))] or [one.code for one in there[: int(era == 0)]]
            now = now or [one.code for one in there if self.part_of(one.code, era) != one.code]
            of_one = match._replace(organization_id=now[0]) if len(now) == 1 else match
            match = match._replace(how=TWICE) if len(now) != 1 and code in self.twice else of_one
            code = match.organization_id
        of = self.part_of(code, era) if code else None
        others = tuple(dict.fromkeys(self.part_of(one, era) for one in match.candidates))
        how, scores = MERGED if of != code else match.how, match.scores[: len(others)]
        return match._replace(organization_id=of, how=how, candidates=others, scores=scores)


def partner_on(organizations: pd.DataFrame, day: pd.Timestamp | pd.Series) -> pd.Series:
    """Whether each organization was a partner on a day: joined by then, or on a day unknown, and not left.

    Parameters
    ----------
    organizations : DataFrame
        ``joined_on``, ``left_on`` and, where there is any, ``away``; each row has a label of its own.
    day : Timestamp or Series
    """
    joined, left = organizations["joined_on"], organizations["left_on"]
    there = (joined.isna() | (joined <= day)) & (left.isna() | (left > day))
    days = day if isinstance(day, pd.Series) else pd.Series(day, organizations.index)
    if "away" in organizations and organizations["away"].notna().any():
        spells = organizations["away"].dropna().str.extractall(AWAY).apply(pd.to_datetime)
        at = spells.index.get_level_values(0)
        gone = (spells[0].to_numpy() <= days[at].to_numpy()) & (days[at].to_numpy() < spells[1].to_numpy())
        there[at[gone]] = False
    return there


def left_by(organization: pd.Series, day: pd.Timestamp) -> pd.Timestamp | None:
    """The day on which an organization had left that was no partner any more on a day; None of any other."""
    away = [tuple(map(pd.Timestamp, one)) for one in re.findall(AWAY, str(organization.get("away")))]
    spells = [*away, (organization["left_on"], pd.NaT)]
    return next((left for left, back in spells if left <= day and not back <= day), None)
