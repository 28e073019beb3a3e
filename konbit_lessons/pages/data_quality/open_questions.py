"""How many questions only an evaluator can answer."""

from konbit_lessons.field.cleaning import Data
from konbit_lessons.field.cleaning.decisions import EVENT, ORGANIZATION
from konbit_lessons.sentences.phrases import linked
from konbit_lessons.words import Words


def question_sentences(data: Data, *, language: str = "en", link: bool = False) -> list[str]:
    """How many questions wait for an evaluator, and where; never which names they are about."""
    words, asked = Words.of(language), data.questions
    if asked.empty:
        return [words.text("No question is open that only an evaluator can answer.")]
    open_ones = words.plural("{n} question is open", "{n} questions are open", len(asked))
    said = [
        words.text(
            "**{questions}** that only an evaluator can answer; {rows}.",
            questions=linked(open_ones, "what-only-an-evaluator-can-answer", link),
            rows=words.plural("{n} row waits for it", "{n} rows wait for them", int(asked["times"].sum())),
        )
    ]
    kinds = asked.groupby("question").size()
    if kinds.get(ORGANIZATION, 0):
        said.append(
            words.plural(
                "{n} is about a typed name that is on no roster, or may be one of several.",
                "{n} are about typed names that are on no roster, or may be one of several.",
                int(kinds[ORGANIZATION]),
            )
        )
    if kinds.get(EVENT, 0):
        said.append(
            words.plural(
                "{n} is about two events of the same type, day and place.",
                "{n} are about two events of the same type, day and place.",
                int(kinds[EVENT]),
            )
        )
    return [
        *said,
        words.text("They wait in identity_review.xlsx, beside the cleaned data; answers are remembered from then on."),
    ]
