"""The belief that capacity building means money, and participation; and who had a donor's support before."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import expectations
from konbit_lessons.measures.participation import uptake
from konbit_lessons.measures.intervals import difference_of_groups
from konbit_lessons.pages.expectations.strength import interval_and_strength, matters_of
from konbit_lessons.pages.expectations.taken_up import difference_taken_up
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences.phrases import count, share_and_interval
from konbit_lessons.tables import TABLES
from konbit_lessons.words import Words, mark

BELIEF, BELIEVES, DONOR = "belief_money", "believes_in_money", "earlier_donor_support"


def belief_sentences(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Whether those who believe it come as often, and whether it is more common after an earlier donor's support."""
    words = Words.of(language)
    texts = {
        BELIEVES: (
            mark(
                "Of 100 invitations, organizations that agreed in their latest answer before took up **{points}** more"
                " than the others{interval}."
            ),
            mark(
                "Of 100 invitations, organizations that agreed in their latest answer before took up **{points}** "
                "fewer than the others{interval}."
            ),
        ),
        DONOR: (
            mark(
                "Of 100 organizations that had a donor's support before, **{points}** more agree than of the "
                "others{interval}."
            ),
            mark(
                "Of 100 organizations that had a donor's support before, **{points}** fewer agree than of the "
                "others{interval}."
            ),
        ),
    }
    said = [
        words.text(
            texts[line["term"]][int(line["estimate"] < 0)],
            points=words.points(abs(line["estimate"])),
            interval=interval_and_strength(line, words),
        )
        for line in belief_differences(data, rows, quarter)
    ]
    return said or [words.text("Too few organizations agree, or too few do not, to compare how they take part.")]


def belief_table(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Invitations taken up by organizations that agreed in their latest answer before the event, and by the others."""
    words, with_belief = Words.of(language), _with_belief(rows)
    if difference_taken_up(data, with_belief, BELIEVES) is None:
        return Prose([])
    table = uptake(with_belief, by=BELIEVES, smallest_cell=data.programme.smallest_cell).sort_values(BELIEVES)[::-1]
    labels = {True: words.text("Agreed before the event"), False: words.text("Did not")}
    cells = [
        [labels[bool(line[BELIEVES])], share_and_interval(line, words), count(line["invitations"], words)]
        for _, line in table.iterrows()
    ]
    heads = [mark("Organizations"), mark("Taken up, 95 % interval"), mark("Invitations")]
    caption = words.text(
        "Invitations taken up to the end of {quarter}, by whether the latest answer before the event was 4 or 5 of 5 "
        "to “{question}”. The two groups may differ in other ways too.",
        quarter=quarter,
        question=words.text(TABLES["survey"].columns[BELIEF].description),
    )
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    return Table(frame, caption, name="uptake_and_belief", numbers=table)


def belief_differences(data: Data, rows: pd.DataFrame, quarter: str) -> list[pd.Series]:
    """The differences that may be told: in invitations taken up, and in belief after an earlier donor's support."""
    told = [difference_taken_up(data, _with_belief(rows), BELIEVES), _after_donors(data, quarter)]
    return [line for line in told if line is not None and line["strength"] != "cannot tell"]


def _with_belief(rows):
    """Believes, where the latest answer before the event says so or not."""
    return rows.assign(**{BELIEVES: (rows[BELIEF] >= expectations.AGREES).astype("boolean")})


def _after_donors(data, quarter):
    """The difference in belief of the latest wave, where no side of it is that of few organizations."""
    said = expectations.answers(data, until=quarter).dropna(subset=BELIEF)
    latest = said[said["wave"] == said["wave"].max()]
    about = data.organizations[["organization_id", DONOR]].dropna()
    latest = latest.merge(about, on="organization_id", validate="many_to_one").astype({BELIEF: bool, DONOR: bool})
    sizes = pd.crosstab(latest[DONOR], latest[BELIEF])
    few = sizes.gt(0) & sizes.lt(data.programme.smallest_cell)
    if len(sizes) < 2 or few.any(axis=None):
        return None
    gap = difference_of_groups(latest, BELIEF, by=DONOR, first=False, second=True)
    return expectations.compared({DONOR: gap}, matters=matters_of(data)).iloc[0]
