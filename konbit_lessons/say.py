"""Numbers → sentences that keep their numbers, in a reader's language.

    say = kl.Say("fr", programme)
    said = say("Of {n}, **{share:percent}** came again{interval}.", n=120, share=0.42, interval=(0.33, 0.52))
    str(said), said.plain, said.numbers

The page, its heading, the alt text and the CSV of its numbers have a sentence from one object. The English text is the
message id; ``words/<language>.po`` holds what it is in another language. The sentences that need more than a text, such
as which of three holds, are functions of ``sentences/``, called through here; so are the texts of texts.toml, filled in
from a row, or the first row of a frame, where all that they name is known: ``say.meaningfully(row)``.
"""

import re
import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from importlib import import_module
from pathlib import Path

import pandas as pd

from konbit_lessons.words import Label, Words, mark

ROOMS = sorted(path.stem for path in (Path(__file__).parent / "sentences").glob("[a-z]*.py"))
LINK = re.compile(r"\[([^\[\]]+)\]\((#[a-z0-9-]+)\)")
FOREIGN = re.compile(r"\[([^\[\]]+)\]\{lang=([a-z]{2,3})\}")  # words in another language than the page's
OF_NO_NUMBER = ("list", "name", "Name", "date", "month", "period", "end")
ENDS = ("conf_low", "conf_high")
PAIRS = {"interval": ENDS, "difference": ENDS, "range": ENDS, "ends": ENDS}


@dataclass(frozen=True)
class Sentence:
    """What is said, and the numbers in it.

    Attributes
    ----------
    text : str, with ``**bold**`` and ``[words](#section)``
    given : tuple of (what, value, low, high), numbers as they were given: 0.42 where the text says 42 %
    language : str
    say : Say that said it, for what else is to be said in its language and its programme's words
    """

    text: str
    given: tuple = field(default=(), repr=False)
    language: str = field(default="en", repr=False)
    say: object = field(default=None, repr=False, compare=False)

    def __str__(self):
        return self.text

    def __bool__(self):
        return bool(self.text)

    def __add__(self, other):
        """Return both, one after the other; nothing is added where there is no other."""
        if not other:
            return self
        text, given = f"{self.text} {other}".strip(), self.given + getattr(other, "given", ())
        return Sentence(text, given, self.language, self.say)

    @property
    def plain(self):
        """The text without markup and without its full stop, as a heading or an alt text has it."""
        return LINK.sub(r"\1", FOREIGN.sub(r"\1", self.text.replace("**", ""))).removesuffix(".")

    @property
    def numbers(self):
        """DataFrame, one row per number: ``what``, ``value``, ``low``, ``high``."""
        return pd.DataFrame(self.given, columns=["what", "value", "low", "high"])

    def to(self, anchor):
        """Return the sentence with what is bold first linked to a section of the page."""
        linked = re.sub(r"\*\*(.+?)\*\*", rf"**[\1](#{anchor})**", self.text, count=1)
        return Sentence(linked, self.given, self.language, self.say)


class Say(string.Formatter):
    """Fill texts with numbers, names and dates as a language writes them.

    Kinds in a text: ``{x}`` a text or a whole number, ``{x:1}`` one decimal, ``percent`` ("45 %" of 0.45), ``points``
    ("45"), ``signed`` ("+11"), ``p``, ``date``, ``month``, ``period`` (a quarter as "April to June 2017"), ``end``
    (its last day, or that of the data), ``list``, ``name`` (a column or an incentive within a sentence), ``Name`` (at
    its beginning); of a pair ``interval`` (" (95 % interval 33 to 52)"), ``difference`` (the same of a difference),
    ``range`` ("33 to 52"), ``ends`` (" (33 to 52)"). A number that is missing is "–", an interval nothing.

    Parameters
    ----------
    language : str or Words
    programme : Programme, whose words for its columns, kinds and incentives are used

    Raises
    ------
    ProgrammeError
        There is no such language, or a text that the programme declares has no words in it.
    """

    def __init__(self, language="en", programme=None):
        words = self.words = Words.of(language)
        self.language, self.programme = words.language, programme
        self.number, self.list, self.percent = words.number, words.list, words.percent
        own = self._number, partial(self.with_sign, write=self._number)
        self.points, self.signed = own if self.measured else (words.points, words.signed)
        self._kinds = {"percent": words.percent, "points": self.points, "signed": self.signed, "p": words.p_value}
        self._kinds |= {"list": words.list, "date": words.date, "month": words.month, "period": self.period}
        self._kinds |= {"end": self.end, "Name": self.name, "name": lambda term: small(self.name(term))}
        if programme is not None:
            programme.check_language(self.language)

    def __call__(self, message, /, **values):
        """Return the Sentence of a text, or of a pair of singular and plural that goes with ``n``.

        Parameters
        ----------
        message : str or (str, str)
        values : what is filled in; more than the text names may be given, as of a row of a frame
        """
        kept = []
        if units := self.units:
            first = message if isinstance(message, str) else message[0]
            instead = texts("study")["words"] | (texts("study")["numbers"] if self.measured else {})
            message = instead.get(first, message)
            values = units | values
        text = self.words.template(message, values.get("n"))
        said = "".join(self._filled(part, values, kept) for part in self.parse(text))
        return Sentence(said, tuple(tuple(one) for one in kept), self.language, self)

    @property
    def units(self):
        """What a study calls its rows, groups, treatments and outcome, name → words; nothing of a programme."""
        own, language = getattr(self.programme, "units", None), self.language
        if own is None:
            return {}
        said = {name: (getattr(own, name, None), text) for name, text in texts("study")["units"].items()}
        said |= {"unit": (own.unit, "")} if self.measured else {}
        if not said["outcome"][0]:
            outcome = Label.of(self.programme.study.outcome)
            said["outcome"] = self.words.text(said["outcome"][1], outcome=outcome.text()), ""
        return {name: Label.of(one or self.words.text(text)).text(language) for name, (one, text) in said.items()}

    @property
    def measured(self):
        """Whether the outcome of a study is a number, which has a unit, and no share of 100."""
        return getattr(getattr(self.programme, "units", None), "unit", None) is not None

    def _number(self, x):
        """A number in the unit of the outcome, to three digits or to the unit: "1,794", "26.2", "0.034"."""
        size = abs(x) if pd.notna(x) else 0
        return self.number(x, min(max(2 - int(f"{size:e}".partition("e")[2]), 0), 8) if size else 0)

    def with_sign(self, x, write):
        """Return a difference as `write` gives it, with the sign also of more."""
        return f"{'+' if x > 0 else ''}{write(x)}"

    def shown(self, text):
        """Return a text of a page that has no values: in the words of a study, where it is one."""
        is_ours = any(text in of for of in (texts("study")["words"], texts("study")["numbers"]))
        return str(self(text)) if self.units and is_ours else self.words.text(text)

    def __getattr__(self, name):
        if not name.startswith("_"):
            for room in ROOMS:
                if found := getattr(import_module(f"konbit_lessons.sentences.{room}"), name, None):
                    return partial(found, self)
            for room in ROOMS:
                if text := import_module(f"konbit_lessons.sentences.{room}").TEXTS.get(name):
                    return partial(self.say_known, text)
        raise AttributeError(f"say has no sentence {name!r}: look into konbit_lessons/sentences/.")

    def _filled(self, part, values, kept):
        literal, name, spec, _ = part
        if name is None:
            return literal
        kind = spec or (name if name in PAIRS else "")
        value = values[name] if name in values or kind not in PAIRS else tuple(values[end] for end in PAIRS[kind])
        _keep(kept, name, value, kind)
        return literal + self.formatted(value, kind)

    def formatted(self, value, kind=""):
        """Return one value as a text has it: see the kinds of `Say`."""
        if isinstance(value, list):
            return self.list(value)
        if isinstance(value, Sentence | str) and kind not in ("name", "Name", "period", "end"):
            return str(value)
        if kind in PAIRS:
            return self._pair(*value, kind)
        if kind in self._kinds:
            return self._kinds[kind](value)
        return value.text(self.language) if isinstance(value, Label) else self.number(value, int(kind or 0))

    def _pair(self, low, high, kind):
        if pd.isna(low) or pd.isna(high):
            return "–" if kind == "range" else ""
        as_text = self.signed if kind == "difference" else self.points
        values = {"low": as_text(low), "high": as_text(high)}
        if kind in ("range", "ends"):
            said = self.words.text("{low} to {high}", **values)
            return said if kind == "range" else f" ({said})"
        return " " + self.words.text("(95 % interval {low} to {high})", **values)

    def clauses(self, said):
        """Return what is said as one Sentence of clauses, "A; B", keeping the numbers of each."""
        given = tuple(number for one in said for number in getattr(one, "given", ()))
        return Sentence(self.words.clauses(map(str, said)), given, self.language, self)

    def period(self, quarter):
        """Return a quarter of the programme's calendar in months, "April to June 2017", and until when it is known."""
        named, last = self.programme.calendar.named(quarter), self.programme.last_day(quarter)
        months = self.words.period(named.first_day, named.last_day)
        cut = named.first_day <= last < named.last_day
        return self.words.text("{months}, until {day}", months=months, day=self.words.date(last)) if cut else months

    def end(self, quarter):
        """Return until when a quarter is told of, as "30 June 2017": its last day, or the day the data were cut."""
        return self.words.date(self.programme.last_day(quarter))

    def short(self, quarter):
        """Return a quarter on two lines, for an axis: "Apr–Jun" above "2017"."""
        named = self.programme.calendar.named(quarter)
        return self.words.short_period(named.first_day, named.last_day)

    def name(self, term, form="one"):
        """Return what a column, an incentive, a question or an action is called, at the beginning of a sentence."""
        if term == "incentive" and self.units:
            return capital(self.units[term])
        if term == "estimate" and self.measured:
            return self.words.text(mark("Difference, {unit}"), unit=self.units["unit"])
        said = self.programme.label(term).text(self.language, form) if self.programme is not None else term
        return said if said != term else self.words.text(capital(str(term).replace("_", " ")))

    def level(self, column, level, form="one"):
        """Return what a level of a column is called within a sentence; "all" of a total."""
        if level == "total":
            return self.words.text(mark("all"))
        label = self.programme.level(column, level) if self.programme is not None else None
        return label.text(self.language, form) if label else str(level)

    def table(self, name):
        """Return what a table of the codebook is called."""
        return self.programme.tables[name].metadata["label"].text(self.language)

    def labels(self, series, form="one"):
        """Return the labels of a series whose name is that of a column, or of whose values each names one.

        >>> Say().labels(pd.Series(["per_diem", "meal"])).tolist()
        ['Per diem', 'Meal']
        """
        levels = self.programme is not None and series.name in self.programme.types
        one = partial(self.level, series.name) if levels else self.name
        return series.map(lambda value: capital(one(value, form=form)), na_action="ignore")


@cache
def texts(page):
    """Return the texts of a page from texts.toml: name → a text, a pair of singular and plural, or several by kind."""
    return tomllib.loads((Path(__file__).parent / "sentences" / "texts.toml").read_text("utf-8"))[page]


def _keep(kept, name, value, kind):
    """Note the numbers of a value: those of a sentence, of an interval beside the one that lies in it, or its own."""
    if isinstance(value, Sentence):
        kept += [list(one) for one in value.given]
    elif kind == "list" or isinstance(value, list):
        for one in value:
            _keep(kept, name, one, "")
    elif kind in PAIRS and not pd.isna(value[0]):
        low, high = map(float, value)
        within = [one for one in kept if one[2] is None and low <= one[1] <= high]
        own = within[-1] if within else [name, None, None, None]
        own[2:] = [low, high]
        kept += [] if within else [own]
    elif kind not in (*PAIRS, *OF_NO_NUMBER) and not isinstance(value, str | bool | Label | Mapping):
        kept += [[name, float(value), None, None]] if pd.api.types.is_scalar(value) and not pd.isna(value) else []


def capital(text):
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def small(text):
    """Return the text as it stands within a sentence: with a small first letter, unless it holds a name's capitals.

    >>> small("Transport refund"), small("NGO visit"), small("Visit of the World Bank")
    ('transport refund', 'NGO visit', 'Visit of the World Bank')
    """
    return text if any(letter.isupper() for letter in text[1:]) else text[:1].lower() + text[1:]
