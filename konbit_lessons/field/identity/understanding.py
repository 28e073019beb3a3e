"""The one organization whose name the words of a typed one say, if no other comes near."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from konbit_lessons.field.identity.forms import Meaning
from konbit_lessons.field.identity.organizations import Organization, Organizations
from konbit_lessons.field.identity.reading import Reading

HOW = ("name", "acronym", "abbreviation", "spelling", "words", "slip")  # from plain to daring
KIND_KNOWN = 3  # organizations of a kind on the roster, from which a lost word of it can be told


@dataclass(frozen=True)
class Fit:
    """One organization as the meaning of a typed name; ``lost`` words for its kind of body are not said."""

    at: int
    known: Organization
    meanings: tuple[Meaning, ...]
    lost: int
    by_acronym: bool

    @property
    def slips(self) -> int:
        """Letters that were mistyped."""
        return sum(meaning.slips for meaning in self.meanings)

    @property
    def is_believable(self) -> bool:
        """A name of nothing but words for its kind of body leaves room for one slip or abbreviation."""
        inexact = sum(meaning.slips + (meaning.how == "abbreviation") for meaning in self.meanings)
        return bool(self.known.own) or inexact <= 1

    @property
    def score(self) -> float:
        """100 is equal."""
        letters = sum(len(meaning.form) for meaning in self.meanings)
        share = 1 - self.slips / letters if letters else 1
        return round(100 * share * (1 - self.lost / (2 * len(self.known.words))), 1)


class Understanding(Organizations):
    """Organizations whose names are understood.

    Parameters
    ----------
    rows : DataFrame
        ``organization_id``, ``name``, ``acronym``.
    """

    def understood(self, reading: Reading) -> tuple[int, str, float] | None:
        """Its place on the roster, what it took, and how well it fits; None where it is not sure."""
        fits: dict[int, Fit] = {}
        found = [fit for choice in reading.choices() for fit in self._fits(choice, reading)]
        for fit in sorted(found, key=lambda fit: (fit.lost, fit.slips, fit.at)):
            fits.setdefault(fit.at, fit)
        if not fits:
            return None
        best, *others = fits.values()
        near = any(not fit.lost and fit.slips <= best.slips + 1 for fit in others)
        if near or (best.lost and (others or not self._may_lose(best))) or not best.is_believable:
            return None
        if self._another_reading(best, reading) or self._another_name(best, reading):
            return None
        return best.at, self._how(best, reading), best.score

    def _fits(self, choice: tuple[Meaning, ...], reading: Reading) -> Iterator[Fit]:
        kinds = self.kinds(choice)
        for at in self.by_own.get(self.own(choice), ()):
            known = self.all[at]
            explained, by_acronym = _explains(known, reading) if kinds <= known.kinds else (False, False)
            if explained and (choice or by_acronym):
                yield Fit(at, known, choice, 0 if by_acronym else len(known.kinds - kinds), by_acronym)

    def _may_lose(self, fit: Fit) -> bool:
        """Words for its kind of body are lost, and those that are left mean no other kind on this roster."""
        known, of_kind = fit.known, self.of_kind
        said = {meaning.word for meaning in fit.meanings} & known.kinds
        few = not known.own or 2 * len(said) < len(known.kinds) or len(of_kind[known.kinds]) < KIND_KNOWN
        only = all(kinds == known.kinds or not said <= kinds for kinds in of_kind)
        spelled = frozenset(meaning.form for meaning in fit.meanings if meaning.word in said)
        literal = all(meaning.form in known.written and not meaning.slips for meaning in fit.meanings)
        return not few and (only or (literal and self.kinds_spelled(spelled) == {known.kinds}))

    def _another_reading(self, best: Fit, reading: Reading) -> bool:
        """A typed word may as well be another known word, which is on no roster here: a guest's name."""
        pairs = [(one, other) for one, slot in zip(best.meanings, reading.slots, strict=True) for other in slot]
        return any(self._rivals(one, other) for one, other in pairs if one.how not in ("name", "words"))

    def _rivals(self, meaning: Meaning, other: Meaning) -> bool:
        role, rival = self.vocabulary.role[meaning.word], self.vocabulary.role[other.word]
        apart = role == "kind" and rival in ("place", "name", "family")
        return other.word != meaning.word and other.slips <= meaning.slips and not apart

    def _another_name(self, best: Fit, reading: Reading) -> bool:
        """A longer name on the roster may be meant, with one of its words lost.

        That is so if the typed name has lost a word anyway; if it is spelled as the longer name and not as this one; or
        if it has more than a slip, and the longer one is a near twin, such as ``… Nord``.
        """
        known, wider = best.known, self.wider(best.known)
        forms = {one.form for one in best.meanings if not {one.form, *one.forms} & known.written}
        how, slips = self._how(best, reading), best.slips + len(reading.extras)
        inexact = slips > 1 or how == "words" or (how == "slip" and not slips)
        return any(best.lost or forms & other.written or (inexact and self._twins(known, other)) for other in wider)

    def _twins(self, known: Organization, other: Organization) -> bool:
        added = list((Counter([*other.own, *other.kinds]) - Counter([*known.own, *known.kinds])).elements())
        apart = added[0].startswith("#") or self.vocabulary.role[added[0]] == "apart"
        return known.written <= other.written and len(added) == 1 and apart

    def _how(self, fit: Fit, reading: Reading) -> str:
        """The most daring of what it took."""
        hows = {meaning.how for meaning in fit.meanings} | {"acronym" if fit.by_acronym else "name"}
        others = {meaning.form for meaning in fit.meanings if meaning.how == "name"} - fit.known.written
        hows |= {"abbreviation" if form in self.vocabulary.abbreviations else "spelling" for form in others}
        if not fit.by_acronym:
            turned = tuple(meaning.word for meaning in fit.meanings) != fit.known.words
            hows |= ({"words"} if turned else set()) | ({"slip"} if reading.extras else set())
        return max(hows, key=HOW.index)


def _explains(known: Organization, reading: Reading) -> tuple[bool, bool]:
    """Whether the words not understood are its acronym or slips of its function words; and whether the first.

    A function word too many at the end says that what followed it is lost.
    """
    lost = reading.cut_short and reading.weightless.count(reading.last) > known.weightless.count(reading.last)
    acronyms = {known.acronym} if known.acronym else {one for one in known.initials if len(one) > 2}
    others = [text for text in reading.extras if text not in acronyms]
    near = all(len(one) <= 4 and any(OSA.distance(one, word) <= 1 for word in known.weightless) for one in others)
    left = len(known.weightless) - len(reading.weightless)
    return not lost and near and len(others) <= max(left, 0), len(others) < len(reading.extras)
