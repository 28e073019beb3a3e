"""Organizations reached against the target, each counted once, beside their attendances."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import Figure
from konbit_lessons.figures.charts import quarters_png
from konbit_lessons.measures import engagement
from konbit_lessons.measures import shared_counts as together
from konbit_lessons.pages.participation.known import ALL_UNKNOWN, all_unknown
from konbit_lessons.parts import Part, Prose
from konbit_lessons.sentences.phrases import (
    count,
    joined,
    linked,
    why_missing,
)
from konbit_lessons.tables import LABELS
from konbit_lessons.words import Words, mark, pair

REACHED = {
    "cdsp": pair("{reached} of {n} service provider (CDSP)", "{reached} of {n} service providers (CDSPs)"),
    "awardee": pair("{reached} of {n} awardee", "{reached} of {n} awardees"),
}


def title(language: str = "en") -> str:
    """The title of the page: what was asked."""
    return Words.of(language).text("Who takes part, who comes again, and how far does it go?")


def headline(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """Organizations reached so far against the target, beside their attendances."""
    words = Words.of(language)
    if all_unknown(rows):
        return words.text(ALL_UNKNOWN)
    reached = reached_so_far(data, rows)
    if not reached:
        return words.text("Up to {quarter} too few organizations were reached to give a number.", quarter=quarter)
    total = attendances_of(data, rows, reached)
    if pd.isna(total):
        return words.text(
            "**{reached}** came to at least one event up to {quarter}.",
            reached=linked(_said(reached, words), "reached-against-target", link),
            quarter=quarter,
        )
    return words.text(
        "**{reached}** came to at least one event up to {quarter}; together they account for {attendances}.",
        reached=linked(_said(reached, words), "reached-against-target", link),
        quarter=quarter,
        attendances=words.plural("{n} attendance", "{n} attendances", total),
    )


def reach_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Organizations reached in each quarter and so far against the target, beside their attendances."""
    words = Words.of(language)
    if all_unknown(rows):
        return Prose(words.text(ALL_UNKNOWN))
    table = engagement.reached_by_quarter(data, rows)
    if table.empty or table["reached"].isna().all():
        return Prose(words.text("Too few organizations are on the roster, or were reached, to show them by quarter."))
    panels = [
        (words.text(LABELS[kind]), own)
        for kind, own in table.groupby("org_type", sort=False)
        if len(own.dropna(how="all"))
    ]
    heads = [mark("Quarter"), mark("Reached in it"), mark("Reached so far"), mark("Target"), mark("Attendances")]
    cells = [
        [
            words.text("{kind}, {quarter}", kind=words.text(LABELS[line.org_type]), quarter=line.fiscal_quarter),
            *(count(n, words) for n in (line.reached, line.so_far, line.target, line.attendances)),
        ]
        for line in table.itertuples()
    ]
    shown = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    reached = reached_so_far(data, rows)
    heading = words.text("{parts} reached", parts=_said(reached, words)) if reached else title(words)
    last = table.groupby("org_type", sort=False).last(skipna=False)
    readings = [
        words.text(
            "{kind}: {n} in {quarter}, {attendances} attendances.",
            kind=words.text(LABELS[line.Index]),
            n=count(line.reached, words),
            quarter=line.fiscal_quarter,
            attendances=count(line.attendances, words),
        )
        for line in last.itertuples()
    ]
    return Figure(
        png=quarters_png(panels, words),
        heading=heading,
        subtitle=words.text(
            "Organizations that came to at least one event, by fiscal quarter. Column: in the quarter. Line: so far, "
            "each counted once. Dashed: target."
        ),
        caption=joined(
            words.text(
                "Source: invitation lists, sign-in sheets and the roster. An organization that came in several "
                "quarters is in the column of each, and once in the line: columns do not add up to the line, nor to "
                "the attendances under them."
            ),
            why_missing(table[["reached", "so_far"]].isna().to_numpy().sum(), data, words),
        ),
        alt=" ".join([f"{heading}.", *readings]),
        table=shown,
        language=words,
        name="reached_by_quarter",
        numbers=table,
    )


def reached_so_far(data, rows):
    """Type → how many were reached so far, and the target, or the roster where there is no target."""
    reached = engagement.attendances(rows).groupby("org_type")["organization_id"].nunique()
    targets = data.organizations.groupby("org_type").size().to_dict() | data.programme.targets
    return {
        kind: (int(reached.get(kind, 0)), targets[kind])
        for kind in engagement.shown_types(data)
        if not 0 < reached.get(kind, 0) < data.programme.smallest_cell
    }


def attendances_of(data, rows, reached):
    """How many attendances the types in `reached` have together; missing where that is not shown."""
    taken_up = together.invitations_taken_up(rows, smallest=data.programme.smallest_cell)["attended"]
    return sum(taken_up.get(("org_type", kind), 0) for kind in reached)


def _said(reached, words):
    return words.list(
        words.plural(*REACHED[kind], target, reached=words.number(n)) for kind, (n, target) in reached.items()
    )
