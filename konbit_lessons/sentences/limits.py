"""The limits of a result in words: what would have been missed, what could explain it away, and where groups differ.

Takes the `Estimates` of ``predict_participation`` and a language; returns lists of strings, beside those of findings.
"""

from itertools import permutations

import pandas as pd

from konbit_lessons.sentences import Units, in_order, label_of, name_of, signed, span, step
from konbit_lessons.words import Words, mark

DIFFERS = {
    "clear": mark("the groups differ"),
    "likely": mark("the groups likely differ"),
    "uncertain": mark("it stays uncertain whether the groups differ"),
    "no sign of": mark("no sign that the groups differ by what would matter"),
}


def limits(result, language="en"):
    """Return what would have been missed, then what it takes to explain a finding away."""
    return [*detectable_sentences(result, language), *e_value_sentences(result, language)]


def detectable_sentences(result, language="en"):
    """Return one sentence per incentive without a finding: the effect that would most likely have been missed."""
    words = Words.of(language)
    return [
        words.text(
            mark("**{label}:** an effect below about {points} of 100 would most likely have been missed.")
            if row["kind"] == "offered"
            else mark(
                "**{label}:** an effect below about {points} of 100, with each {step} more of it, would most likely "
                "have been missed."
            ),
            label=label_of(row, words),
            points=words.points(row["detectable"] * step(row)),
            step=words.number(step(row)),
        )
        for row in in_order(result.table)
        if row["strength"] in ("uncertain", "no sign of")
    ]


def e_value_sentences(result, language="en"):
    """Return one sentence per clear or likely finding: how strong something unmeasured would have to be (E-values)."""
    words = Words.of(language)
    return [
        words.text(
            "**{label}:** an unmeasured difference would have to go with it and with participation, each by a ratio of "
            "at least {ratio}, to explain the best guess away, and of at least {limit} to bring the interval to zero.",
            label=label_of(row, words),
            ratio=words.number(row["e_value"], 1),
            limit=words.number(row["e_value_limit"], 1),
        )
        for row in in_order(result.table)
        if row["strength"] in ("clear", "likely") and row["e_value"] >= 1 and row["e_value_limit"] >= 1
    ]


def prediction_sentence(result, language="en", units=None):
    """Return how well the model tells groups that it has not seen, against chance and the base rate."""
    words = Words.of(language)
    units = Units.of(units, result.outcome, words)
    told = result.prediction
    if told is None:
        return words.text("This analysis makes no predictions that could be tried on others.")
    table = told.table.set_index("measure")
    return words.text(
        "Asked about {groups} that it has not seen, the model names the right one, of one row that took part and one "
        "that did not, in {auc} of 100 pairs (95 % interval {low} to {high}; 50 is chance). Its mean squared error is "
        "{brier}, and {base} for who only knows how many take part in all.",
        groups=words.text("organizations") if units is None else units.groups,
        auc=words.points(table.loc["auc", "out_of_fold"]),
        low=words.points(told.auc_low),
        high=words.points(told.auc_high),
        brier=words.number(table.loc["brier", "out_of_fold"], 3),
        base=words.number(table.loc["brier", "base_rate"], 3),
    )


def missing_sentences(result, language="en"):
    """Return which answers are missing and whose, and how the estimates move when they are imputed."""
    words = Words.of(language)
    completed = result.imputed
    if completed is None:
        return []
    missing = completed.missing[~(completed.missing["rows"] == 0).fillna(False)]
    said = [_missing_sentence(line, words, result) for _, line in missing.iterrows()]
    table = completed.table.dropna(subset=["complete_estimate", "pooled_estimate"])
    if not completed.imputations or table.empty:
        return said
    steps = {row["term"]: step(row) for row in in_order(result.table)}
    moved = (table["pooled_estimate"] - table["complete_estimate"]).abs() * table["term"].map(steps)
    most = table.loc[moved.idxmax()]
    return [
        *said,
        words.text(
            "With the missing answers of organizations imputed ({m} times, {all} rows in place of {complete}), the "
            "estimate that moves most is that of **{label}**: {pooled} of 100 in place of {own}.",
            m=words.number(completed.imputations),
            all=words.number(most["pooled_n"]),
            complete=words.number(most["complete_n"]),
            label=label_of(most, words),
            pooled=signed(most["pooled_estimate"] * steps[most["term"]], words),
            own=signed(most["complete_estimate"] * steps[most["term"]], words),
        ),
    ]


def _missing_sentence(line, words, result):
    label = name_of(line["column"], words, result.labels.get(line["column"]))
    if pd.isna(line["rows"]):
        return words.text(
            "**{label}** is missing for fewer than {smallest} organizations.",
            label=label,
            smallest=words.number(result.smallest),
        )
    values = {
        "label": label,
        "rows": words.plural("{n} row", "{n} rows", int(line["rows"])),
        "organizations": words.plural("{n} organization", "{n} organizations", int(line["organizations"])),
    }
    if pd.isna(line["never"]):
        return words.text("**{label}** is missing in {rows}: {organizations} without it at some time.", **values)
    return words.text(
        "**{label}** is missing in {rows}: {organizations} without it at some time, {never} of them always.",
        never=words.number(line["never"]),
        **values,
    )


def group_sentences(result, language="en"):
    """Return one sentence per incentive and pair of groups, for a result that was asked ``by`` something."""
    words = Words.of(language)
    if result.groups is None:
        return [words.text("No groups were looked at apart.")]
    within = {(row["term"], row["group"]): row for _, row in result.groups.iterrows()}
    differences = [row for (_, group), row in within.items() if group.startswith("difference: ")]
    return [_group_sentence(row, within, words, result) for row in differences]


def _group_sentence(row, within, words, result):
    groups = [group for term, group in within if term == row["term"]]
    names = next(pair for pair in permutations(groups, 2) if row["group"] == f"difference: {pair[0]} − {pair[1]}")
    label = label_of(row, words)
    said = [name_of(name, words, result.labels.get(name)) for name in names]
    if row["strength"] == "cannot tell":
        return words.text(
            "**{label}:** the data cannot tell whether “{first}” and “{second}” differ.",
            label=label,
            first=said[0],
            second=said[1],
        )
    size = step(row)
    first, second = (_more(within[row["term"], name], words, size) for name in names)
    differs = words.text(DIFFERS[row["strength"]])
    if row["kind"] == "amount":
        differs = words.text("{differs}, with each {step} more of it", differs=differs, step=words.number(size))
    return words.text(
        "**{label}:** {differs}; about {first} of 100 for “{group}” and {second} for “{other}”, a difference of "
        "{points} ({percent} interval {range}).",
        label=label,
        differs=differs,
        first=first,
        second=second,
        group=said[0],
        other=said[1],
        points=words.points(abs(row["estimate"]) * size),
        percent=words.percent(result.confidence),
        range=span(row, words),
    )


def _more(row, words, size):
    message = mark("{points} more") if row["estimate"] >= 0 else mark("{points} fewer")
    return words.text(message, points=words.points(abs(row["estimate"]) * size))
