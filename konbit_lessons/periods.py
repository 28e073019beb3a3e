"""A programme's calendar: a date → the name of its quarter, and a name → its days.

The US government's fiscal year 2017 runs from 1 October 2016 to 30 September 2017, so FY2017Q3 is April to June 2017.
Other programmes begin their year elsewhere, name it by the year in which it begins, or go by the calendar's own year.
"""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from konbit_lessons.errors import ProgrammeError

if TYPE_CHECKING:
    import pandas as pd

NAMED_BY = ("end", "start", "calendar")
NAME = re.compile(r"(FY)?(\d{4})Q([1-4])")  # of any quarter, in any calendar


@dataclass(frozen=True)
class Calendar:
    """When a programme's year begins, and what its quarters are called.

    Attributes
    ----------
    first_month, first_day : int
        The year's first day; 1 January with ``named_by="calendar"``.
    named_by : "end", "start" or "calendar"
        FY2017 is the year that ends in 2017, or begins in it; ``"calendar"`` names 2017Q3.

    Examples
    --------
    >>> calendar = Calendar()
    >>> quarter = calendar.named("FY2017Q3")
    >>> quarter.first_day.isoformat(), quarter.last_day.isoformat(), str(quarter.previous)
    ('2017-04-01', '2017-06-30', 'FY2017Q2')
    >>> str(calendar.of(date(2016, 10, 1))), str(Calendar(4, 6, "start").of(date(2017, 4, 5)))
    ('FY2017Q1', 'FY2016Q4')
    >>> str(Calendar(named_by="calendar").of(date(2017, 4, 5)))
    '2017Q2'
    """

    first_month: int = 10
    first_day: int = 1
    named_by: Literal["end", "start", "calendar"] = "end"

    @property
    def starts(self) -> tuple[int, int]:
        """Month and day on which the year begins."""
        return (1, 1) if self.named_by == "calendar" else (self.first_month, self.first_day)

    @property
    def _later(self) -> int:
        """Years between the one in which a year begins and the one that names it."""
        return int(self.named_by == "end" and self.starts != (1, 1))

    def named(self, name: str) -> "Quarter":
        """The quarter of a name.

        Raises
        ------
        ProgrammeError
            It is no name of a quarter in this calendar.
        """
        found = NAME.fullmatch(str(name).strip().upper())
        if not found or bool(found[1]) == (self.named_by == "calendar"):
            kind, example = ("a", "2017Q3") if self.named_by == "calendar" else ("a fiscal", "FY2017Q3")
            raise ProgrammeError(f'quarter: found "{name}"; expected {kind} quarter such as {example}.')
        return Quarter(int(found[2]), int(found[3]), self)

    def since(self, told: date | str | None) -> date:
        """The first day of what is told as a day or as the name of a quarter; of None the first there is."""
        return self.named(told).first_day if isinstance(told, str) else told or date.min

    def of(self, day: date) -> "Quarter":
        """The quarter of a day."""
        month, first = self.starts
        months = 12 * day.year + day.month - month - (day.day < first)
        return Quarter(months // 12 + self._later, months % 12 // 3 + 1, self)

    def names(self, days: "pd.Series") -> "pd.Series":
        """Name of the quarter of each date; a missing date stays missing.

        Parameters
        ----------
        days : Series of datetime64

        Returns
        -------
        Series of str, same index
            ``"FY2017Q3"`` and so on.
        """
        import pandas as pd  # not where a name alone is asked about

        codes, known = pd.factorize(days)
        names = pd.array([*(str(self.of(day)) for day in pd.DatetimeIndex(known)), None], dtype="str")
        return pd.Series(names.take(codes), index=days.index, name=days.name)


def dated(said: object) -> tuple[tuple[date | str | None, int], ...]:
    """A number, or a list of several with ``from`` which day or quarter on, as pairs of from and number.

    Raises
    ------
    ValueError
        It is neither.
    """
    lines = said if isinstance(said, list) and said else [{"value": said}]
    known = [(one.get("from"), one.get("value"), len(one)) for one in lines if isinstance(one, dict)]
    right = (type(n) is int and n >= 0 and size == 1 + bool(since) for since, n, size in known)
    if len(known) < len(lines) or not all(right) or {type(since) for since, *_ in known} - {type(None), str, date}:
        expected = 'a whole number from 0, or [{ value = 51 }, { value = 60, from = "FY2018Q1" }]'
        raise ValueError(f"found {said!r}; expected {expected}, from a day or a quarter on")
    return tuple((since, n) for since, n, _ in known)


@dataclass(frozen=True, order=True)
class Quarter:
    """One quarter of a calendar; ``str(quarter)`` is its name, and names sort as quarters do."""

    year: int
    number: int
    calendar: Calendar = field(default=Calendar(), compare=False, repr=False)

    def __str__(self) -> str:
        return f"{'' if self.calendar.named_by == 'calendar' else 'FY'}{self.year}Q{self.number}"

    @property
    def first_day(self) -> date:
        """The day it begins."""
        month, day = self.calendar.starts
        months = 12 * (self.year - self.calendar._later) + month - 1 + 3 * (self.number - 1)
        return date(months // 12, months % 12 + 1, day)

    @property
    def last_day(self) -> date:
        """The day before the next one begins."""
        return self._moved(1).first_day - timedelta(days=1)

    @property
    def previous(self) -> "Quarter":
        """The quarter before."""
        return self._moved(-1)

    def _moved(self, by: int) -> "Quarter":
        at = 4 * self.year + self.number - 1 + by
        return Quarter(at // 4, at % 4 + 1, self.calendar)
