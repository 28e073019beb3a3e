"""What the command says on a terminal: how far it is, how the data were read, what is new of their problems.

Takes what was cleaned or made; writes lines, and returns the exit code that says whether anything is left to decide.
"""

import re
import sys
import time

from click import echo

LISTED = 3  # problems shown after a report; konbit check shows all
OF_SHEET = re.compile(r"(.*?)(?:, |: )sheet [^:]*: (.*)", re.DOTALL)  # a notice: its file, and what it says of a sheet
OVER = "\r\033[K"  # on a terminal: to the beginning of the line, which is cleared
BAR, WIDE = "█·", 20
SHOWN_FROM = 0.1  # seconds that a cell took


def say_timings(took):
    """Say how many seconds the notebooks took, the slowest first, and of each its cells that are told apart."""
    from konbit_lessons.reports.run import durations

    each = [(sum(cells.values()), name, cells) for name, executed in took if (cells := durations(executed))]
    for total, name, cells in sorted(each, reverse=True):
        echo(f"{total:8.1f} s  {name}")
        for cell in sorted((one for one in cells if cells[one] >= SHOWN_FROM), key=cells.get, reverse=True):
            echo(f"{cells[cell]:8.1f} s    {cell}")


class Progress:
    """Lines of text; on a terminal also one that says how far it is and how long it takes, and is written over."""

    def __init__(self):
        self._terminal, self._begun, self._before = sys.stdout.isatty(), time.monotonic(), None

    def say(self, line):
        """Write a line, over the one that says how far it is."""
        echo(f"{OVER * self._terminal}{line}")

    def steps(self, done, total, said=""):
        """Write how far it is: of lines that are said, each; elsewhere than on a terminal nothing more."""
        self._before = done if self._before is None and said else self._before or 0
        if not self._terminal:
            echo(f"{done} of {total} · {said}") if said else None
            return
        left = self._left(done - self._before, total - done)
        shown = [f"{BAR[0] * (WIDE * done // total):{BAR[1]}<{WIDE}} {done} of {total}", said, left]
        ends = done == total  # of reports the line goes, of briefs it says the last one
        echo(OVER + " · ".join(filter(None, shown)) * (bool(said) or not ends), nl=bool(said) and ends)

    def _left(self, done, to_do):
        if not (done and to_do):
            return ""
        minutes = round((time.monotonic() - self._begun) / done * to_do / 60)
        return f"about {minutes} min left" if minutes else "less than a minute left"


def once_per_file(notices):
    """Say what is noticed alike in several sheets of a file once, of the first, and how many more there are."""
    alike = {}
    for notice in notices:
        of_sheet = OF_SHEET.fullmatch(notice)
        key = (of_sheet[1], of_sheet[2].partition('"')[0]) if of_sheet else notice
        alike.setdefault(key, []).append(notice)
    for first, *more in alike.values():
        yield first + f" (and so in {len(more)} more sheet{'s' * (len(more) > 1)})" * bool(more)


def say_how_it_is_read(programme, *more):
    """Say how each column of a study's table is read, and what `more` there is to say."""
    from konbit_lessons.field.study import read_as

    for line in (*read_as(programme), *more):
        echo(line)


def say_counts(data):
    """Say of each table how many rows were read, kept and set aside."""
    for table, rows in data.counts.groupby("table", sort=False)[["read", "kept", "set_aside"]].sum().iterrows():
        echo(f"{table:15} {rows['read']:7} rows read = {rows['kept']:7} kept + {rows['set_aside']:5} set aside")


def say_problems(data, most=LISTED, keep=True):
    """List what is open and what was set aside, the new first; return the exit code that says whether any is new."""
    from konbit_lessons.field.news import keep_told, news

    found, aside = news(data), data.set_aside
    rows, new, known = int((aside["scope"] == "row").sum()), found.new, found.known
    counts = f", {found.settled} of them as was decided" * (found.settled > 0)
    counts += f"; {len(known)} told before" * bool(known)
    said = [*found.gone, *_questions(data)]
    said += [f"Set aside: {rows} rows and {len(aside) - rows} values{counts}."] if len(aside) else []
    said += [f"  {line}" for line in new[:most]]
    if len(new) > most:
        said.append(f"  … and {len(new) - most} more: see konbit check, or set_aside.csv beside the cleaned tables.")
    elif most > LISTED and known:
        said += ["Told before:", *(f"  {line}" for line in known)]
    noticed = [*once_per_file(data.notices)] if most == LISTED else []  # konbit check has listed them
    said += [f"Noticed: {len(noticed)} things in the files; konbit check lists them."] if noticed else []
    for line in said:
        echo(line, err=True)
    if keep:
        keep_told(data.programme, found)
    return int(bool(found.gone or new))


def _questions(data):
    from konbit_lessons.field.cleaning.decisions import REVIEW

    kinds = sorted(data.questions["question"].value_counts().items())
    asked = " and ".join(f"{count} {kind}{'s' * (count != 1)}" for kind, count in kinds)
    place = f"konbit clean lists them in {data.programme.processed / REVIEW}; answer there, in the column decision."
    return [f"Only you can tell: {asked}. {place}"] if asked else []
