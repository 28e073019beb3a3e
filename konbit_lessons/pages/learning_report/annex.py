"""The annex: what the words mean, what cleaning did, with which parameters the report was made."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.parts import Table
from konbit_lessons.periods import Quarter
from konbit_lessons.reports.narrative import path_of, place_of
from konbit_lessons.sentences.phrases import small
from konbit_lessons.words import Words, mark

DEFINITIONS = (
    mark("**Organization reached:** it signed in at one event or more; it counts once, however often it came."),
    mark("**Attendance:** one organization at one event, however many delegates it sent."),
    mark("**Taken up:** an invitation whose organization signed in. Where that is unknown it is left out, not absent."),
    mark("**Partner:** an organization on the roster that had joined by a day and had not left."),
    mark("**Wave:** one round of the survey. An organization counts once, and expects what any of its people named."),
    mark("**Overdue:** promised for a day up to the end of the quarter, and not done by then."),
    mark("**Fiscal quarter:** the fiscal year begins in October of the calendar year before."),
    mark("**95 % interval:** of 100 such intervals about 95 hold the true value."),
)  # fmt: skip
AUDIENCE = {"shared": mark("everybody it is sent to"), "internal": mark("the team only")}


def definition_sentences(language: str = "en") -> list[str]:
    """What the words of the report mean."""
    return [Words.of(language).text(text) for text in DEFINITIONS]


def parameters_table(data: Data, *, quarter: str, language: str = "en") -> Table:
    """With what the report was made: the period, the reader, and what programme.toml sets."""
    words, programme = Words.of(language), data.programme
    period, cut = Quarter.named(quarter), programme.data_cut_on
    dash = "–"
    own = path_of(programme, quarter, words.language)
    lines = {
        mark("Quarter"): words.text(
            "{quarter} ({first} to {last})",
            quarter=quarter,
            first=words.date(period.first_day),
            last=words.date(period.last_day),
        ),
        mark("Records pulled on"): words.date(cut) if cut else dash,
        mark("Who may read it"): words.text(AUDIENCE[programme.audience]),
        mark("Fewest organizations that a figure is about"): words.number(programme.smallest_cell),
        mark("Incentives looked at"): words.list(_labels(programme, programme.analysis.incentives, words)),
        mark("Taken into account"): words.list(_labels(programme, programme.analysis.adjust_for, words)) or dash,
        mark("A difference matters from"): words.text(
            "{points} of 100", points=words.points(programme.analysis.smallest_effect_that_matters)
        ),
        mark("The evaluator's own words"): place_of(quarter, words.language) if own.is_file() else words.text("none"),
    }
    frame = pd.DataFrame([[words.text(name), value] for name, value in lines.items()])
    frame.columns = [words.text("Parameter"), words.text("Value")]
    return Table(frame, words.text("What the report was made with."), text=(frame.columns[1],))


def _labels(programme, names: list[str], words: Words) -> list[str]:
    return [small(words.text(programme.labels.get(name, name))) for name in names]
