"""How strong the evidence for a difference is, in words, and the rule for them."""

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures.intervals import CONFIDENCE
from konbit_lessons.sentences import ANSWERS, signed
from konbit_lessons.sentences.findings import RULE
from konbit_lessons.words import Words, mark


def rule_sentences(data: Data, language: str = "en") -> list[str]:
    """The rule for the words on how strong the evidence is."""
    words, matters = Words.of(language), matters_of(data)
    clear = mark(
        "**Clear:** the {percent} interval leaves out zero, also when we allow for all differences of a section (Holm)."
    )
    likely = mark("**Likely:** the {percent} interval leaves out zero, but having looked at several may explain it.")
    values = {"percent": words.percent(CONFIDENCE), "points": words.points(matters)}
    return [
        *(words.text(text, **values) for text in (clear, likely, *RULE[2:4])),
        words.text("**Cannot tell:** too few organizations, or all said the same."),
        words.text("What is compared goes together; this is no proof that one brings about the other."),
    ]


def matters_of(data):
    """The smallest difference that matters to the programme."""
    asked = data.programme.analysis
    return asked.smallest_effect_that_matters if asked else 0.10


def interval_and_strength(line, words):
    """The interval of a difference and how strong the evidence is."""
    low, high = (signed(end, words) for end in within_all(line))
    strength = words.text(ANSWERS[line.strength])
    return " " + words.text("(95 % interval {low} to {high}; {strength})", low=low, high=high, strength=strength)


def within_all(line):
    """The ends of the interval of a difference, none beyond 100 of 100: with very few organizations they would be."""
    return max(line.conf_low, -1.0), min(line.conf_high, 1.0)
