"""The numbers behind the sentences about a result, for the CSV beside the page on incentives.

Takes the `Estimates` of ``predict_participation``; returns a frame with ``what``, ``value``, ``low``, ``high``, ``n``.
Estimates and intervals are proportions; those of an amount are for the step that its sentence speaks of.
"""

import pandas as pd

from konbit_lessons.figures.curve import as_the_first, keeping, panels_of, told_of
from konbit_lessons.parts import behind_sentences
from konbit_lessons.sentences import in_order, step


def sentence_numbers(result):
    """Return what the sentences about a result say in numbers."""
    lines = [
        ("confidence of intervals", result.confidence),
        ("smallest difference that matters", result.smallest_effect),
        ("incentives", len(result.table)),
        ("took part", result.rate, None, None, result.n),
        *((f"groups: {column}", n) for column, n in result.clusters.items()),
        *(line for row in in_order(result.table) for line in _incentive(row)),
        *_ways(result.robustness),
        *_joint(result.joint),
        *_left_out(result),
        *_missing(result),
        *_within_groups(result),
        *_prediction(result.prediction),
    ]
    return behind_sentences([line for line in lines if any(pd.notna(number) for number in line[1:])])


def _incentive(row):
    term, size = row["term"], step(row)
    ends = (row[end] * size for end in ("estimate", "conf_low", "conf_high"))
    yield (f"difference: {term}", *ends, row["n_offered"])
    yield f"step of {term}", size
    yield f"groups with {term}", row["groups_offered"]
    yield f"with {term}, taken up", row["k_offered"], None, None, row["n_offered"]
    yield f"without {term}, taken up", row["k_not_offered"], None, None, row["n_not_offered"]
    yield f"effect that would have been missed: {term}", row["detectable"] * size
    yield f"ratio that would explain it away: {term}", row["e_value"], row["e_value_limit"]
    yield f"rough interval: {term}", row["permutation_p"], row["penalized_low"] * size, row["penalized_high"] * size


def _ways(robustness):
    if robustness is None:
        return
    drawn, every = panels_of(robustness)
    yield "incentives drawn in each way of looking", len(drawn), None, None, len(every)
    told = told_of(robustness)
    yield "incentives that keep their direction", keeping(told), None, None, len(told)
    for row, ways in told:
        yield f"ways of looking that agree: {row['term']}", as_the_first(ways), ways.min(), ways.max(), len(ways)


def _joint(joint):
    if joint is not None:
        yield from ((f"joint test: {name}", joint[name]) for name in ("F", "df_num", "df_denom", "p_value"))


def _left_out(result):
    missing = int(result.left_out["rows"].sum())
    yield "rows left out", missing, None, None, result.n + missing
    yield from ((f"left out: {line.column}", line.rows) for line in result.left_out.itertuples() if line.rows)


def _missing(result):
    if result.imputed is None:
        return
    for line in result.imputed.missing.itertuples():
        yield f"rows without {line.column}", line.rows, None, None, line.organizations
        yield f"organizations always without {line.column}", line.never
    yield "times imputed", result.imputed.imputations
    steps = {row["term"]: step(row) for row in in_order(result.table)}
    for line in result.imputed.table.itertuples():
        size = steps[line.term]
        yield f"complete rows: {line.term}", line.complete_estimate * size, None, None, line.complete_n
        yield f"imputed: {line.term}", line.pooled_estimate * size, None, None, line.pooled_n


def _within_groups(result):
    if result.groups is not None:
        for _, row in result.groups.iterrows():
            ends = (row[end] * step(row) for end in ("estimate", "conf_low", "conf_high"))
            yield (f"{row['term']}, {row['group']}", *ends, row["n"])


def _prediction(told):
    if told is not None:
        table = told.table.set_index("measure")
        yield "pairs told right", table.loc["auc", "out_of_fold"], told.auc_low, told.auc_high
        yield "pairs told right by chance", 0.5
        yield "squared error", table.loc["brier", "out_of_fold"]
        yield "squared error of the base rate", table.loc["brier", "base_rate"]
