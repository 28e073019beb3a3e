"""A typed name, word by word: what each of its words may be.

A word is looked up as it stands, then together with its neighbours, then by itself, then as words run together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product, takewhile
from math import prod

from konbit_lessons.field.identity.forms import WEIGHTLESS, Meaning, Span, joined
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

    slots: list[tuple[Meaning, ...]]
    extras: list[str]
    weightless: list[str]
    last: str

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
    names : list of str
        The names on the roster.
    """

    def read(self, name: str) -> Reading:
        """What the words of a typed name may be."""
        typed = self.tokens(name)
        spans = self.exact(typed)
        if any(span.open or span.hyphen for span in spans):
            spans = self._run(spans, compounds=True)
            spans = [part for span in spans for part in self._single(span)]
            spans = self._run(spans, compounds=False)
        slots, extras = [span.options for span in spans if span.options], [span.text for span in spans if span.open]
        return Reading(slots, extras, [span.text for span in typed if span.is_light], typed[-1].text if typed else "")

    def _run(self, spans: list[Span], *, compounds: bool) -> list[Span]:
        """Several typed words, not all understood, that together are one word: a compound, or any."""
        found = []
        while spans:
            size, options = 1, ()
            joinable = list(takewhile(self._joinable, [] if spans[0].weightless else spans[:_LONGEST]))
            for end in range(len(joinable), 1, -1):
                if options := self._together(joinable[:end], compounds):
                    size = end
                    break
            found.append(Span(joined(spans[:size]), options=options) if options else spans[0])
            spans = spans[size:]
        return found

    def _together(self, window: list[Span], compounds: bool) -> tuple[Meaning, ...]:
        unclear = any(span.open or (span.hyphen and not self.familiar(span.text)) for span in window)
        unknown = compounds or all(span.open or span.weightless for span in window)
        options = self.meanings(joined(window)) if unclear and unknown and not window[-1].weightless else ()
        return options if not compounds or (options and options[0].word in self.compounds) else ()

    def _joinable(self, span: Span) -> bool:
        return span.hyphen or all(self.role.get(one.word) == "family" for one in span.options or ())

    def _single(self, span: Span) -> list[Span]:
        if span.open and (options := self.meanings(span.text, span.dotted)):
            return [Span(span.text, options=options)]
        return (self._segments(span.text) if span.open else []) or [span]

    def _segments(self, text: str) -> list[Span]:
        """Words run together, the last or first of them perhaps with a slip; empty if it is not that."""
        if best := self._split(text) if len(text) > 5 else []:
            return best
        cuts = [(text[:cut], text[cut:]) for cut in range(len(text) - 3, 2, -1)]
        for known, rest, order in (way for head, tail in cuts for way in ((head, tail, 1), (tail, head, -1))):
            plain = min(len(known), len(rest)) > 3 and known in self.forms
            if options := self.meanings(rest) if plain else ():  # the longest known part, and a slip beside it
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
        lonely = len(before) == 1 and before[0] in WEIGHTLESS and self.only_name(piece)  # Lacadet is not Cadet
        return piece in WEIGHTLESS or (len(piece) > 2 and piece in self.forms and not lonely)

    def _known(self, form: str) -> Span:
        return Span(form, options=tuple(Meaning(word, form, "words") for word in sorted(self.forms[form])))
