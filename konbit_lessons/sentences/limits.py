"""The limits of a result in words: what holds together and in other ways of looking, what was left out, what would have
been missed or could explain it away, where groups differ, and how it was computed.

Each sentence rests on an ``Estimates`` and what it holds; see ``incentives`` for what the units are.
"""

from importlib.metadata import version
from itertools import permutations
from platform import python_version

import numpy as np
import pandas as pd

from konbit_lessons.say import small
from konbit_lessons.sentences.common import FOUND, apart, say_known, texts
from konbit_lessons.words import mark, pair

MOST_PANELS = 4
TEXTS = texts("limits")
PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "firthmodels", "seaborn")


def together(say, result):
    """Return whether any incentive predicts participation: Holm's first step, which no single one can contradict."""
    known = say.incentive_rows(result)["p_adjusted"].dropna()
    if say.units and len(result.table) == 1:
        return None  # there is nothing that it could be taken together with
    found = "unknown" if known.empty else "more" if known.min() < 1 - result.confidence else "chance"
    return say(TEXTS["together"][found], n=len(known), p=known.min())


def left_out(say, result):
    """Return how many rows the answer rests on, and how many were left out because which answer was missing."""
    units, table, rows = say.units_of(result), result.left_out, result.left_out["rows"]
    if rows.isna().any():
        reasons, used = say.list(small(say.name(name)) for name in table["column"]), say.row_count(result.n, units)
        return say(TEXTS["left_out"]["hidden"], used=used, reasons=reasons, smallest=result.smallest)
    each = [say("{column:name} ({n})", column=row.column, n=row.rows) for row in table[rows > 0].itertuples()]
    values = {"used": result.n, "rows": say.row_count(result.n + rows.sum(), units), "missing": rows.sum()}
    return say(TEXTS["left_out"]["some" if each else "none"], reasons=say.list(each), **values)


def missing_answers(say, result):
    """Return which answers are missing and whose, and how the estimates move when they are imputed."""
    completed = result.imputed
    if completed is None:
        return []
    missing = completed.missing[~(completed.missing["rows"] == 0).fillna(False)]
    return [*(_missing(say, result, line) for line in missing.to_dict("records")), _moved(say, result, completed)]


def _missing(say, result, line):
    rows = say_known(say, pair("{n} row", "{n} rows"), n=line["rows"])
    organizations = say_known(say, pair("{n} organization", "{n} organizations"), n=line["organizations"])
    about = {"rows": rows, "organizations": organizations, "smallest": result.smallest}
    return say_known(say, TEXTS["missing"], line, **about)


def _moved(say, result, completed):
    """The estimate that moves most when missing answers are imputed."""
    table = completed.table.dropna(subset=["complete_estimate", "pooled_estimate"])
    if not completed.imputations or table.empty:
        return None
    steps = table["term"].map(say.incentive_rows(result).set_index("term")["step"])
    told = say.of_a_step(table, steps, ["complete_estimate", "pooled_estimate"])
    table = table.assign(own=told["complete_estimate"], pooled=told["pooled_estimate"])
    most = table.loc[(table["pooled"] - table["own"]).abs().idxmax()]
    rows = {"all": most["pooled_n"], "complete": most["complete_n"], "m": completed.imputations}
    return say(TEXTS["imputed"], label=say.term_name(most["term"]), **rows, **most[["own", "pooled"]])


def redrawn(say, result):
    """Return one sentence per incentive, of a study drawn by lot: how often that lot alone would differ as much."""
    if not (say.units and say.programme.study.randomized):
        return []
    rows = result.table[result.table["reason"] == ""].to_dict("records")
    told = [say_known(say, TEXTS["redrawn"], label=say.term_name(row["term"]), p=row["permutation_p"]) for row in rows]
    return [*filter(None, told)]


def attrition(say, result):
    """Return one sentence per incentive, of a study drawn by lot: whose outcome is missing, and what it leaves open."""
    if not (say.units and say.programme.study.randomized):
        return []
    told = result.attrition.assign(confidence=result.confidence).to_dict("records")
    return [say(TEXTS["attrition"], label=say.term_name(row["term"]), **row) for row in told]


def missed(say, result):
    """Return one sentence per incentive without a finding: the effect that would most likely have been missed."""
    said = []
    for name, row in _of_strength(say, result, ("uncertain", "no sign of")):
        size = row["detectable"] * row["step"]
        text = TEXTS["missed"][row["kind"] if say.measured or size <= 1 else "any"]
        said.append(say(text, label=name, size=size, step=say.step_of(row)))
    return said


def explained_away(say, result):
    """Return one sentence per clear or likely finding: how strong something unmeasured would have to be (E-values).

    None of a study that was drawn by lot, where nothing unmeasured can have gone with it but by chance.
    """
    if say.units and say.programme.study.randomized:
        return []
    return [
        say(TEXTS["explained_away"], label=name, ratio=row["e_value"], limit=row["e_value_limit"])
        for name, row in _of_strength(say, result, FOUND)
        if row["e_value"] >= 1 and row["e_value_limit"] >= 1
    ]


def _of_strength(say, result, strengths):
    """The names and rows of the incentives with such evidence, the largest estimate first."""
    rows = say.incentive_rows(result).to_dict("records")
    return [(say.term_name(row["term"]), row) for row in rows if row["strength"] in strengths]


def predicted(say, result):
    """Return how well the model tells groups that it has not seen, against chance and the base rate."""
    told = result.prediction
    if told is None:
        few = min(result.clusters.values()) < 10
        if say.units and not few:
            return None  # no chance is foretold by such a method
        return say(TEXTS["no_prediction"]["few" if few else "method"], groups=say.units_of(result)["groups"])
    table, groups = told.table.set_index("measure"), say.units_of(result)["groups"]
    values = {**table["out_of_fold"], "base": table["base_rate"]["brier"], "interval": (told.auc_low, told.auc_high)}
    return say(TEXTS["predicted"], groups=groups, **values)


def group_differences(say, result):
    """Return one sentence per incentive and pair of groups, for a result that was asked ``by`` something."""
    if result.groups is None:
        return []
    within = {(row["term"], row["group"]): row for row in result.groups.to_dict("records")}
    apart = [row for (_, group), row in within.items() if group.startswith("difference: ")]
    return [_groups_differ(say, result, row, within) for row in apart]


def _groups_differ(say, result, row, within):
    groups = [group for term, group in within if term == row["term"]]
    names = next(pair for pair in permutations(groups, 2) if row["group"] == f"difference: {pair[0]} − {pair[1]}")
    first, second = (say.level(result.by, name, form="many") for name in names)
    values = {"label": say.term_name(row["term"]), "first": first, "second": second}
    if "cannot tell" in (row["strength"], *result.table.loc[result.table["term"] == row["term"], "strength"]):
        return say("**{label}:** the data cannot tell whether “{first}” and “{second}” differ.", **values)
    size = say.incentive_rows(result).set_index("term")["step"].get(row["term"], 1)
    first, second = (say.of_a_step(within[row["term"], name], size)["estimate"] for name in names)
    values |= {"of_first": _more(say, first), "of_second": _more(say, second), "points": abs(apart(first, second))}
    values |= {"confidence": result.confidence, "span": say.span(say.of_a_step(row, size))}
    return say(TEXTS["groups_differ"], differs=say(TEXTS["differs"][row["strength"]]), **values)


def _more(say, points):
    return say("{points:points} more" if points >= 0 else "{points:points} fewer", points=abs(points))


def ways_of_looking(say, result):
    """Return the specifications of the incentives that are drawn, as the specification curve shows them.

    Those with a clear or likely answer, at most four; all where there is none.

    Returns
    -------
    DataFrame
        ``incentive``, ``label`` (way of looking), ``estimate``, ``conf_low``, ``conf_high`` (times the step), ``n``,
        ``own_estimate``, ``way`` (main or other), ``why`` where there is no estimate.
    """
    rows, table, units = say.incentive_rows(result), result.robustness.table, say.units_of(result)
    shown = rows[rows["strength"].isin(FOUND)]
    shown = (shown if len(shown) else rows).head(MOST_PANELS).set_index("term")
    told = table["estimate"].notna() | ((table["specification"] != "main") & (not say.units))
    table = table[table["term"].isin(shown.index) & told]
    labels = {name: say.words.text(text) for name, text in TEXTS["ways_of_looking"].items()}
    labels["fixed"] = str(say("Within each {group}", group=units["group"])) if units["in_a_study"] else labels["fixed"]
    return table.assign(
        incentive=pd.Categorical(
            table["term"].map(shown["label"]), list(shown["label"]), ordered=True
        ).remove_unused_categories(),
        label=table["specification"].map(labels),
        way=np.where(table["specification"] == "main", "main", "other"),
        why=[say.words.text(TEXTS["no_estimate"][why]) if why else "" for why in table["reason"]],
        **say.of_a_step(table, table["term"].map(shown["step"]).astype(float)),
    ).sort_values("incentive", kind="stable", ignore_index=True)


def _ways(say, result):
    """Each incentive with its estimates that differ by more than their interval, the main one first, and how many go
    the same way as it."""
    table = result.robustness.table
    own = table[table["own_estimate"] & table["estimate"].notna()]
    for row in say.incentive_rows(result).to_dict("records"):
        ways = say.of_a_step(own[own["term"] == row["term"]], row["step"])["estimate"].to_numpy()
        if len(ways):
            yield say.term_name(row["term"]), ways, int((np.sign(ways) == np.sign(ways[0])).sum())


def how_many_agree(say, result):
    """Return the main point of the specification curve: how many incentives keep their direction in every way."""
    told = list(_ways(say, result))
    if len(told) == 1:
        name, ways, kept = told[0]
        if len(ways) == 1:
            return say(TEXTS["one_way"], label=name)
        return say("{label}: the same direction in {kept} of {n} ways of looking", label=name, kept=kept, n=len(ways))
    kept = sum(same == len(ways) for _, ways, same in told)
    how_many = "none" if not told else "both" if kept == len(told) == 2 else "all" if kept == len(told) else "some"
    return say(TEXTS["how_many_agree"][how_many], n=kept, all=len(told))


def changes_direction(say, result):
    """Return one sentence for each incentive whose direction or size hangs on the way of looking."""
    return [
        say(TEXTS["changes_direction"], label=name, kept=kept, n=len(ways), low=ways.min(), high=ways.max())
        for name, ways, kept in _ways(say, result)
        if kept < len(ways)
    ]


def method(say, result, adjust_for=()):
    """Return the method in plain words, what is taken into account, and the versions of what computed it."""
    names = say.list(small(say.name(column)) for column in adjust_for)
    fitted, robust = result.method.split(", ")[:2]
    errors = mark("for small samples (CR2)") if robust.startswith("CR2") else f"({robust.partition(' ')[0]})"
    clusters = say.list(_clusters(say, result, column, n) for column, n in result.clusters.items())
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    # What was left out has its own sentence, so that the note on it need not stand here again.
    notes = [note for note in result.notes if "dropped" not in note.values]  # noqa: PD011
    fitted, errors, joint = say.words.text(fitted), say.words.text(errors), result.joint
    # The HTZ test of all incentives; of many terms it has little power, so that nothing is concluded from it.
    told = joint is not None and len(joint["terms"]) > 1 and np.isfinite(joint["p_value"])
    return [
        say("Taken into account: {names}.", names=names) if names else say("Nothing else is adjusted for."),
        say(TEXTS["method"], method=fitted, clusters=clusters, for_small_samples=errors),
        say(TEXTS["alone"]) if say.units and min(result.clusters.values()) == result.n else None,
        say(TEXTS["joint"], **joint, n=len(joint["terms"])) if told else None,
        *_indices(say),
        say("Computed with Python {python} and {packages}.", python=python_version(), packages=packages),
        *(say(note.message, **note.values) for note in notes),
    ]


def _indices(say):
    """Of what the outcomes are the mean that a study makes of others."""
    for name, made in say.programme.study.index.items() if say.units else ():
        of = {way: say.list(small(say.name(one)) for one in made if made[one] == way) for way in made.values()}
        yield say(TEXTS["index"]["both" if len(of) > 1 else min(of)], label=say.name(name), **of)


def _clusters(say, result, column, n):
    units = say.units_of(result)
    own = units["in_a_study"] and column == next(iter(result.clusters))
    if own or column in ("organization_id", "event_id"):
        return say.group_count(n, units, column)
    return say("{n} of “{column:name}”", n=n, column=column)


def ways_explained(say, result):
    """Return on how many rows the ways of looking rest, and what some of their names mean."""
    table = result.robustness.table
    n = table.loc[table["n"] > 0, "n"]
    units, alike = say.units_of(result), n.min() == n.max()
    used = say.row_count(n.min(), units) if alike else say("{low} to {high} rows", low=n.min(), high=n.max())
    said = say(TEXTS["ways"], used=used)
    if ((table["specification"] == "fixed") & (table["estimate"].notna() | (not say.units))).any():
        said += say(TEXTS["within"], group=units["group"])
    said += say(TEXTS["moves"])
    if {"senior", "delegates"} & {*table["specification"]}:
        said += say("With a senior delegate, or by the number of delegates, what is counted differs too.")
    return said
