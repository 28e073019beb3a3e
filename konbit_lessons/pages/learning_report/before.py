"""What the report of the quarter before said, and what happened: from its stored manifest, not from memory.

``told`` gives the figures that a report keeps in its manifest; the next report reads them there and sets them beside
what today's records say of the same quarter, and beside the new one.
"""

import json
from pathlib import Path

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.incentives import predict_participation
from konbit_lessons.measures.conversations import calendar
from konbit_lessons.measures.participation import uptake
from konbit_lessons.pages.learning_report.decided import decided_facts
from konbit_lessons.pages.participation.reached import reached_so_far
from konbit_lessons.parts import Item, Items, Part, Prose, Table
from konbit_lessons.periods import Quarter
from konbit_lessons.sentences import ANSWERS, signed
from konbit_lessons.sentences.phrases import small
from konbit_lessons.tables import LABELS, LEVELS
from konbit_lessons.words import Words, mark

UPTAKE, TALKED, REACHED, ESTIMATE, STRENGTH = "taken_up", "talked_with", "reached ", "estimate ", "strength "
DIGITS = 6  # kept of a share: more than anybody prints
NAN = float("nan")
FOUND = ("clear", "likely")


def told(data: Data, rows: pd.DataFrame, result, *, quarter: str) -> dict[str, float | str]:
    """The figures of a report that the next one will want: missing ones, and those not shown, are not in it.

    Returns
    -------
    dict
        ``taken_up`` and ``talked_with`` (shares), ``reached <type>`` (organizations so far), ``estimate <incentive>``
        (a proportion), ``strength <incentive>`` (a word).
    """
    by_quarter = uptake(rows, by="fiscal_quarter", smallest_cell=data.programme.smallest_cell)
    shares = by_quarter.set_index("fiscal_quarter")["share"]
    talked = calendar(data, quarter=quarter)["share"].iloc[-1] if len(data.conversations) else NAN
    found = {UPTAKE: shares.get(quarter, NAN), TALKED: talked}
    found |= {f"{REACHED}{kind}": n for kind, (n, _) in reached_so_far(data, rows).items()}
    for line in result.table.itertuples():
        known = line.strength != "cannot tell"
        found |= {f"{ESTIMATE}{line.term}": line.estimate if known else NAN, f"{STRENGTH}{line.term}": line.strength}
    return {
        name: value if isinstance(value, str) else round(float(value), DIGITS)
        for name, value in found.items()
        if pd.notna(value)
    }


def told_by_both(data: Data, rows: pd.DataFrame, result, *, quarter: str) -> tuple[dict, dict]:
    """What :func:`told` gives of this quarter, and of the one before by today's records; {} where that has no event."""
    earlier = str(Quarter.named(quarter).previous)
    until_then = rows[rows["fiscal_quarter"] <= earlier]
    if earlier not in set(until_then["fiscal_quarter"]):
        return told(data, rows, result, quarter=quarter), {}
    then = predict_participation(until_then, **data.programme.question).shown(data.programme.smallest_cell)
    return told(data, rows, result, quarter=quarter), told(data, until_then, then, quarter=earlier)


def stored(reports: str | Path, *, before: str, audience: str) -> dict[str, float | str]:
    """The figures that the report of the quarter before this one kept, from its manifest; {} where there is none."""
    earlier = str(Quarter.named(before).previous)
    manifest = Path(reports) / earlier / ("manifest.json" if audience == "shared" else f"manifest.{audience}.json")
    try:
        kept = json.loads(manifest.read_text(encoding="utf-8"))["reports"]["learning_report"]["told"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return kept if isinstance(kept, dict) else {}


def compared_sentences(
    said: dict, then: dict, now: dict, *, quarter: str, language: str = "en", labels: dict[str, str] | None = None
) -> list[str]:
    """Whether what was said still holds by today's records, and what has become of the findings.

    Parameters
    ----------
    said : dict, what the report of the quarter before kept (:func:`stored`)
    then, now : dict, from :func:`told`: of the quarter before by today's records, and of this quarter
    quarter : str, this one
    labels : dict of incentive to its label
    """
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    if not said and not then:
        return []
    if not said:
        return [
            words.text(
                "No report of {quarter} is stored, so what it said cannot be compared. The table says what today's "
                "records tell of {quarter}.",
                quarter=earlier,
            )
        ]
    differ = differing(said, then)
    sentences = [
        words.plural(
            "Of what the report of {quarter} said, {n} figure is another by today's records: {names}.",
            "Of what the report of {quarter} said, {n} figures are others by today's records: {names}.",
            len(differ),
            quarter=earlier,
            names=words.list(small(_name(name, words, labels)) for name in differ),
        )
        if differ
        else words.text("What the report of {quarter} said still stands by today's records.", quarter=earlier)
    ]
    kinds = (
        mark("Clear or likely then, and still: {names}."),
        mark("Clear or likely then, and no longer: {names}."),
        mark("Clear or likely now, and not then: {names}."),
    )
    for names, kind in zip(_findings(said, now), kinds, strict=True):
        if names:
            bold = (f"**{small(_label(name, words, labels))}**" for name in names)
            sentences.append(words.text(kind, names=words.list(bold)))
    return sentences


def differing(said: dict, then: dict) -> list[str]:
    """The figures that are others by today's records than they were said to be."""
    return [name for name in said if name in then and _differs(said[name], then[name])]


def compared_table(
    said: dict, then: dict, now: dict, *, quarter: str, language: str = "en", labels: dict[str, str] | None = None
) -> Part:
    """Figure by figure: what the report of the quarter before said, what today's records say of it, and now."""
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    names = [name for name in dict.fromkeys([*now, *then, *said]) if not name.startswith(STRENGTH)]
    sides = {earlier: said, f"{earlier} today": then, quarter: now}
    lines = [[name, *(side.get(name, NAN) for side in sides.values())] for name in names]
    if not said and not then:
        return Prose(words.text("Nothing is on record of {quarter} to compare with.", quarter=earlier))
    cells = [[_name(name, words, labels), *(_value(name, side, words) for side in sides.values())] for name in names]
    heads = [
        words.text("Figure"),
        words.text("The report of {quarter} said", quarter=earlier),
        words.text("By today's records"),
        words.text("Now, {quarter}", quarter=quarter),
    ]
    caption = words.text(
        "What was said of {earlier}, what today's records say of it, and the same of {quarter}. Of an incentive: the "
        "difference for each 100 invitations, and how strong the evidence is. A dash: not told.",
        earlier=earlier,
        quarter=quarter,
    )
    numbers = pd.DataFrame(lines, columns=["figure", "said", "by_todays_records", "now"])
    return Table(pd.DataFrame(cells, columns=heads), caption, name="said_and_now", numbers=numbers)


def changes_before(data: Data, *, quarter: str, language: str = "en") -> Part:
    """What was to change after the quarter before, who answers for it, and how it stands."""
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    lines = data.learning[data.learning["quarter"] == earlier].dropna(subset="adaptation")
    if lines.empty:
        return Prose(words.text("No change was written down in {quarter}.", quarter=earlier))
    items = [Item(line.adaptation, decided_facts(line, words)) for line in lines.itertuples()]
    return Items(items, name="said_before", numbers=lines[["adaptation", "action", "owner", "status"]])


def _differs(a: float | str, b: float | str) -> bool:
    """Whether two figures print otherwise: shares and estimates in percent, counts as they are."""
    if isinstance(a, str) or isinstance(b, str):
        return a != b
    return abs(a - b) >= (0.005 if max(abs(a), abs(b)) <= 1 else 0.5)


def _findings(said: dict, now: dict) -> tuple[list[str], list[str], list[str]]:
    """Incentives found then and now, only then, only now; one that the other side does not know is not counted."""
    both = [name.removeprefix(STRENGTH) for name in now if name.startswith(STRENGTH) and name in said]
    then, today = ({one: side[STRENGTH + one] in FOUND for one in both} for side in (said, now))
    return (
        [one for one in both if then[one] and today[one]],
        [one for one in both if then[one] and not today[one]],
        [one for one in both if today[one] and not then[one]],
    )


def _label(incentive: str, words: Words, labels: dict[str, str] | None) -> str:
    return words.text((LABELS | (labels or {})).get(incentive, incentive))


def _name(figure: str, words: Words, labels: dict[str, str] | None) -> str:
    if figure == UPTAKE:
        return words.text("Invitations taken up")
    if figure == TALKED:
        return words.text("Partners with an individual conversation")
    kind, _, what = figure.partition(" ")
    if f"{kind} " == REACHED:
        return words.text("Reached so far: {kind}", kind=small(words.text(LABELS[what])) if what in LEVELS else what)
    return _label(what, words, labels)


def _value(name: str, side: dict, words: Words) -> str:
    if name not in side:
        strength = side.get(STRENGTH + name.removeprefix(ESTIMATE), "")
        return words.text(ANSWERS[strength]) if strength in ANSWERS else "–"
    if name.startswith(REACHED):
        return words.number(side[name])
    if not name.startswith(ESTIMATE):
        return words.percent(side[name])
    strength = side.get(STRENGTH + name.removeprefix(ESTIMATE))
    points = signed(side[name], words)
    if strength not in ANSWERS:
        return points
    return words.text("{points}, {strength}", points=points, strength=words.text(ANSWERS[strength]))
