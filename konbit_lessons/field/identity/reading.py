"""A typed name, word by word: what each of its words may be.

A word is looked up as it stands, then together with its neighbours, then by itself, then as words run together.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import product, takewhile
from math import prod

from konbit_lessons.field.identity.forms import WEIGHTLESS, Meaning, Span
from konbit_lessons.field.identity.vocabulary import Vocabulary

_LONGEST = 5  # typed words that may be one
_MOST_READINGS = 64


@dataclass
class Reading:
    """A typed name, word by word.

    Attributes
    ----------
    slots : list of tuple of Meaning
        For each understood word what it may be, best first.
    extras : list of str
        Words that are not understood.
    weightless : list of str
        Function words and legal forms.
    last : str
        The last word.
    """

    slots: list[tuple[Meaning, ...]] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)
    weightless: list[str] = field(default_factory=list)
    last: str = ""

    @property
    def cut_short(self) -> bool:
        """A function word stands last, so what followed it may be lost."""
        return self.last in WEIGHTLESS

    def choices(self) -> Iterable[tuple[Meaning, ...]]:
        """Every way to read the name, the likeliest first; none if they are too many."""
        return product(*self.slots) if prod(map(len, self.slots)) <= _MOST_READINGS else ()


class Reader(Vocabulary):
    """Reads names by the words of a roster among all that are known.

    Parameters
    ----------
    names : iterable of str
        The names on the roster.
    """

    def read(self, name: str) -> Reading:
        """What the words of a typed name may be."""
        typed = self.tokens(name)
        spans = self.exact(typed)
        if any(span.open or span.hyphen for span in spans):
            spans = self._run(spans, self._compound)
            spans = [part for span in spans for part in self._single(span)]
            spans = self._run(spans, self._pair)
        return Reading(
            slots=[span.options for span in spans if span.options],
            extras=[span.text for span in spans if span.open],
            weightless=[span.text for span in typed if span.is_light],
            last=typed[-1].text if typed else "",
        )

    def _run(self, spans: list[Span], look_up: Callable[[list[Span]], tuple[Meaning, ...]]) -> list[Span]:
        """Several typed words, not all understood, that together are one word."""
        found, start = [], 0
        while start < len(spans):
            window, options = spans[start : start + 1], ()
            joinable = list(takewhile(self._joinable, [] if window[0].weightless else spans[start : start + _LONGEST]))
            for end in range(len(joinable), 1, -1):
                if options := self._together(joinable[:end], look_up):
                    window = joinable[:end]
                    break
            found.append(Span("".join(span.text for span in window), options=options) if options else window[0])
            start += len(window)
        return found

    def _together(self, window: list[Span], look_up: Callable) -> tuple[Meaning, ...]:
        unclear = any(span.open or (span.hyphen and not self.familiar(span.text)) for span in window)
        return look_up(window) if unclear and not window[-1].weightless else ()

    def _joinable(self, span: Span) -> bool:
        return span.hyphen or all(self.role.get(one.word) == "family" for one in span.options or ())

    def _compound(self, window: list[Span]) -> tuple[Meaning, ...]:
        options = self.meanings("".join(span.text for span in window))
        return options if options and options[0].word in self.compounds else ()

    def _pair(self, window: list[Span]) -> tuple[Meaning, ...]:
        unknown = all(span.open or span.weightless for span in window)
        return self.meanings("".join(span.text for span in window)) if unknown else ()

    def _single(self, span: Span) -> list[Span]:
        if not span.open:
            return [span]
        options = self.meanings(span.text, span.dotted)
        return [Span(span.text, options=options)] if options else self._segments(span.text) or [span]

    def _segments(self, text: str) -> list[Span]:
        """Words run together, the last or first of them perhaps with a slip; empty if it is not that."""
        if len(text) < 6:
            return []
        if best := self._split(text):
            return best
        for cut in range(len(text) - 3, 2, -1):  # the longest known beginning, and what follows by a slip
            head, tail = text[:cut], text[cut:]
            for known, rest, order in ((head, tail, 1), (tail, head, -1)):
                plain = min(len(known), len(rest)) > 3 and known in self.forms
                if options := self.meanings(rest) if plain else ():
                    return [self._known(known), Span(rest, options=options)][::order]
        return []

    def _split(self, text: str) -> list[Span]:
        """The fewest known words that a text is, one behind the other."""
        best: list[list[str] | None] = [[]] + [None] * len(text)
        for end in range(2, len(text) + 1):
            for start in range(end - 1):
                before, piece = best[start], text[start:end]
                fewer = before is not None and (best[end] is None or len(best[end]) > len(before) + 1)
                if fewer and self._may_follow(before, piece):
                    best[end] = [*before, piece]
        pieces = best[-1] or []
        if len(pieces) < 2 or all(piece in WEIGHTLESS for piece in pieces):
            return []
        return [Span(piece, weightless=True) if piece in WEIGHTLESS else self._known(piece) for piece in pieces]

    def _may_follow(self, before: list[str], piece: str) -> bool:
        if piece in WEIGHTLESS:
            return True
        lonely = len(before) == 1 and before[0] in WEIGHTLESS and self.only_name(piece)
        return len(piece) > 2 and piece in self.forms and not lonely  # Lacadet is not Cadet

    def _known(self, form: str) -> Span:
        return Span(form, options=tuple(Meaning(word, form, "words") for word in sorted(self.forms[form])))
