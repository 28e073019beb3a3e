"""The quarter beside the quarter before it."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.measures import engagement
from konbit_lessons.pages.participation.known import difference, may_be_none, uptake_by
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.periods import Quarter
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import (
    count,
    interval_of_difference,
    interval_of_share,
    linked,
)
from konbit_lessons.tables import LABELS
from konbit_lessons.words import Words, mark


def quarter_sentence(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """What share of the quarter's invitations was taken up, and how much that differs from the quarter before."""
    words, (now, before, change) = Words.of(language), taken_up(data, rows, quarter)
    if quarter not in set(rows["fiscal_quarter"]):
        return words.text("No event is on record in {quarter}.", quarter=quarter)
    if pd.isna(now["share"]):
        return words.text(
            "In {quarter} attendance is on record for too few organizations to give a share.", quarter=quarter
        )
    said = words.plural(
        "In {quarter}, **{share}** of {n} invitation was taken up{interval}.",
        "In {quarter}, **{share}** of {n} invitations were taken up{interval}.",
        int(now["invitations"]),
        quarter=quarter,
        share=linked(words.percent(now["share"]), "compared-with-the-quarter-before", link),
        interval=interval_of_share(now["low"], now["high"], words),
    )
    return said if change is None else f"{said} {_change_sentence(change, before['share'], words)}"


def compared_table(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """The quarter beside the one before: organizations reached, attendances, events, invitations taken up."""
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    held = set(rows["fiscal_quarter"])
    if not {quarter, earlier} <= held:
        missing = earlier if quarter in held else quarter
        return Prose(words.text("No event is on record in {quarter}, so there is nothing to compare.", quarter=missing))
    reached = engagement.reached_by_quarter(data, rows).set_index(["org_type", "fiscal_quarter"])
    lines = []
    for kind in dict.fromkeys(reached.index.get_level_values("org_type")):
        name = words.text(LABELS[kind])
        for head, column in ((mark("{kind}: reached"), "reached"), (mark("{kind}: attendances"), "attendances")):
            lines.append((words.text(head, kind=name), *(reached.loc[(kind, q), column] for q in (earlier, quarter))))
    events = rows.groupby("fiscal_quarter")["event_id"].nunique()
    lines.append((words.text("Events"), events[earlier], events[quarter]))
    now, before, change = taken_up(data, rows, quarter)
    lines.append((words.text("Invitations whose attendance is known"), before["invitations"], now["invitations"]))
    cells = [[line[0], *(count(n, words) for n in line[1:]), _plain_difference(*line[1:], words)] for line in lines]
    numbers = pd.DataFrame(lines, columns=["what", earlier, quarter])
    numbers["change"] = numbers[quarter].astype("Float64") - numbers[earlier].astype("Float64")
    if change is not None:
        said, shares = words.text("Of 100 of them taken up"), (before["share"], now["share"])
        cells.append([said, *map(words.points, shares), signed(change.estimate, words)])
        numbers.loc[len(numbers)] = [said, *shares, change.estimate]
    heads = [words.text(head) for head in (mark("What was counted"), mark("Before"), mark("Now"), mark("Change"))]
    caption = words.text(
        "Before is {earlier}, now is {quarter}. These are counts of all records; the interval of the last line "
        "stands in the sentence above. Other events were held, so that no change is an effect of time alone.",
        earlier=earlier,
        quarter=quarter,
    )
    return Table(pd.DataFrame(cells, columns=heads), caption, name="compared_with_before", numbers=numbers)


def taken_up(data, rows, quarter):
    """Invitations taken up in the quarter and in the one before, and the change where both can be shown."""
    earlier = str(Quarter.named(quarter).previous)
    table = uptake_by(rows, "fiscal_quarter", data).set_index("fiscal_quarter").reindex([earlier, quarter])
    both = table["share"].notna().all()
    change = difference(rows, "fiscal_quarter", earlier, quarter) if both else None
    return table.loc[quarter], table.loc[earlier], change


def _change_sentence(change, before, words):
    """What the difference to the quarter before can be, and whether it can be told from none."""
    values = {
        "before": words.percent(before),
        "interval": interval_of_difference(change.low, change.high, words),
        "points": signed(change.estimate, words),
    }
    if may_be_none(change):
        return words.text(
            "The quarter before it was {before}: {points} of 100{interval}, so that a change cannot be told.",
            **values,
        )
    return words.text("The quarter before it was {before}: {points} of 100{interval}.", **values)


def _plain_difference(before, now, words):
    if pd.isna(before) or pd.isna(now):
        return "–"
    return f"{'+' if now > before else ''}{words.number(int(now) - int(before))}"
