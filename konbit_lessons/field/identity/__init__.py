"""Which typed name is which organization: sure matches only; what is not sure is left for a person to decide.

Two different organizations can differ by one word, so a false merge is worse than a miss. Each typed word is read as a
word of the roster (:mod:`~konbit_lessons.field.identity.reading`); then the name is matched if it says every word
that tells organizations apart (places, families, numbers, branches), no word more, and no other comes near.
Order, function words and legal forms weigh nothing; a word for the kind of body may be lost where the others leave no
doubt. ``docs/identity.md`` has the rules in plain words and how often they are right.
"""

from konbit_lessons.field.identity.forms import Codes, fold, words
from konbit_lessons.field.identity.reading import CANDIDATES
from konbit_lessons.field.identity.roster import Match, Roster, between, several_in

__all__ = ["CANDIDATES", "Codes", "Match", "Roster", "between", "fold", "several_in", "words"]
