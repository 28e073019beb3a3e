"""Fiscal quarters and project quarters: a date → the name of its period, and a name → its days.

The US government's fiscal year 2017 runs from 1 October 2016 to 30 September 2017, so FY2017Q3 is April to June 2017.
Projects also count years and quarters from their own first day.
"""

import re
from dataclasses import dataclass
from datetime import date

import pandas as pd

from konbit_lessons.errors import ProgrammeError

FIRST_FISCAL_MONTH = 10


@dataclass(frozen=True, order=True)
class Quarter:
    """One fiscal quarter.

    >>> quarter = Quarter.named("FY2017Q3")
    >>> quarter.first_day.isoformat(), quarter.last_day.isoformat()
    ('2017-04-01', '2017-06-30')
    >>> str(quarter.previous), str(Quarter.of(date(2016, 10, 1)))
    ('FY2017Q2', 'FY2017Q1')
    """

    year: int
    number: int

    def __str__(self) -> str:
        return f"FY{self.year}Q{self.number}"

    @classmethod
    def named(cls, name: str) -> "Quarter":
        found = re.fullmatch(r"FY(\d{4})Q([1-4])", str(name).strip().upper())
        if not found:
            raise ProgrammeError(f'quarter: found "{name}"; expected a fiscal quarter such as FY2017Q3.')
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> "Quarter":
        months = (day.month - FIRST_FISCAL_MONTH) % 12
        return cls(day.year + (day.month >= FIRST_FISCAL_MONTH), months // 3 + 1)

    @property
    def first_day(self) -> date:
        month = (FIRST_FISCAL_MONTH - 1 + 3 * (self.number - 1)) % 12 + 1
        return date(self.year - (month >= FIRST_FISCAL_MONTH), month, 1)

    @property
    def last_day(self) -> date:
        return (pd.Timestamp(self.first_day) + pd.offsets.QuarterEnd(startingMonth=3)).date()

    @property
    def previous(self) -> "Quarter":
        return Quarter(self.year - (self.number == 1), (self.number - 2) % 4 + 1)


def fiscal_quarter(days: pd.Series) -> pd.Series:
    """Name of the fiscal quarter of each date; a missing date stays missing.

    Parameters
    ----------
    days : Series of datetime64

    Returns
    -------
    Series of str, same index
        ``"FY2017Q3"`` and so on.
    """
    codes, known = pd.factorize(days)
    names = pd.array([*(str(Quarter.of(day)) for day in pd.DatetimeIndex(known)), None], dtype="str")
    return pd.Series(names.take(codes), index=days.index, name=days.name)


def project_quarter(days: pd.Series, *, started_on: date) -> pd.Series:
    """Quarter of the project's own calendar, counted from its first day: ``"Y1Q1"`` holds ``started_on``.

    >>> project_quarter(pd.Series(pd.to_datetime(["2016-04-01", "2017-06-30"])), started_on=date(2016, 4, 1)).tolist()
    ['Y1Q1', 'Y2Q1']
    """
    months = (days.dt.year - started_on.year) * 12 + days.dt.month - started_on.month
    months = months - (days.dt.day < started_on.day)
    return "Y" + (months // 12 + 1).astype("str") + "Q" + (months % 12 // 3 + 1).astype("str")
