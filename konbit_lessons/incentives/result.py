"""The table of the answers, one row per incentive with its strength, and what a shared report may show of it.

Takes the ``Answers``; returns frames, plain numbers that know neither pictures nor languages. For ``estimates``. Of
``Estimates``, and the smallest number of organizations that a figure may be about, :func:`shown` returns a copy with
blanks, from which tables, figures, sentences and CSV files are made as from any other: nothing about an incentive of
which few organizations tell. docs/disclosure.md says what is hidden.
"""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import false_discovery_control

from konbit_lessons.incentives.answers import UNKNOWN, n_of
from konbit_lessons.incentives.design import usual_step
from konbit_lessons.names import quoted

LIKELY = 2  # times the error rate of "clear" is that of "likely": 10 % of findings, at a confidence of 95 %
COUNTS = ["n_offered", "k_offered", "n_not_offered", "k_not_offered", "groups_offered"]
COLUMNS = ["term", "label", "estimate", "std_error", "df", "conf_low", "conf_high", "p_value", "p_adjusted"]
COLUMNS += ["n", "clusters", "method", "varies_by", "kind", *COUNTS]
COLUMNS += ["penalized_low", "penalized_high", "permutation_p", "strength", "reason"]
COLUMNS += ["detectable", "e_value", "e_value_limit", "step", "against"]
NOT_SHOWN = "not_shown"  # the reason of an incentive that is hidden
KEPT = ["term", "label", "n", "clusters", "method", "varies_by", "kind", "against", "group"]
ENDS = ["estimate", "conf_low", "conf_high"]
ROUNDED = {2: [*ENDS, "std_error", "penalized_low", "penalized_high"], 1: ["e_value", "e_value_limit"]}
ORGANIZATION = "organization_id"


def table_of(answers, keys, options):
    """The answers about these terms, decided; ``step`` is the difference in an amount that is told of, else 1, and
    ``matters`` the effect per unit that would matter over it."""
    lines = []
    for key in keys:
        term = answers.design.terms[key]
        line = {"term": term.name, "group": term.group, **answers.about(key)}
        line |= {"label": label_of(term.column, term.level, options["labels"]), "against": term.against}
        most = 1 / abs(line["estimate"]) if abs(line["estimate"]) > 0 and not answers.design.is_measured else np.inf
        usual = 1.0 if term.is_offered else usual_step(term.x, most)  # an effect of so much more is below 100 of 100
        step = options["steps"].get(term.column, usual)
        lines.append(line | {"step": step, "matters": (options["smallest_effect"] or np.nan) / step})
    return decided(pd.DataFrame(lines), options["confidence"], options["exploratory"])


def decided(table, confidence, exploratory):
    """The frame with p-values adjusted over its rows, and the strength of each answer.

    Clear: the interval leaves out zero, and Holm's p (Benjamini and Hochberg's where exploratory) is below 1 −
    `confidence`. Likely: it does, and Benjamini and Hochberg's p is below :data:`LIKELY` times that. Where none of the
    effects is there, at most 5 % of tables say clear about anything, and at most 10 % clear or likely. What is adjusted
    is ``p_if_alike`` of ``Answers``, where there is one.
    """
    p = table.get("p_if_alike", table["p_value"])
    found_among = adjusted_p(p, "fdr_bh")
    adjusted = found_among if exploratory else adjusted_p(p, "holm")
    low, high, matters = (table[column] for column in ("conf_low", "conf_high", "matters"))
    is_clear, is_likely = adjusted < 1 - confidence, found_among < LIKELY * (1 - confidence)
    beyond, within = (low > 0) | (high < 0), (-matters <= low) & (high <= matters)
    which = [table["reason"].astype(bool), beyond & is_clear, beyond & is_likely, within]
    strength = np.select(which, ["cannot tell", "clear", "likely", "no sign of"], "uncertain")
    return table.assign(p_adjusted=adjusted, strength=strength)


def adjusted_p(p_values, method):
    """Adjusted p-values, "holm" or "fdr_bh" (Benjamini & Hochberg 1995); NaN are left out and stay NaN.

    In R: ``p.adjust(p, "holm")`` and ``"BH"``.

    Examples
    --------
    Three tests. Holm: 3 × 0.01, 2 × 0.04, the last not below the one before it. Else 0.06 · 3/3; 0.04 · 3/2; 0.01 · 3.

    >>> [adjusted_p([0.04, 0.01, np.nan, 0.06], method).round(6).tolist() for method in ("holm", "fdr_bh")]
    [[0.08, 0.03, nan, 0.08], [0.06, 0.03, nan, 0.06]]
    """
    adjusted = np.array(p_values, dtype=float)
    known = np.flatnonzero(~np.isnan(adjusted))
    p = adjusted[known]
    if method == "fdr_bh" and len(p):
        adjusted[known] = false_discovery_control(p)
    elif len(p):  # statsmodels' multipletests gives the same, after a full garbage collection: 90 ms at each call
        order = np.argsort(p, kind="stable")
        steps = np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order])
        adjusted[known[order]] = np.minimum(steps, 1.0)
    return adjusted


def label_of(column, level, labels):
    """The words for a term: as given for its column, with the kind behind it."""
    if not level:
        return labels.get(column, column)
    spaced = column.replace("_", " ")
    return f"{labels.get(column, spaced[:1].upper() + spaced[1:])}: {level}"


def groups_of(answers, terms, options):
    """The effects within groups: one row per incentive and group, then its difference in each further group.

    Columns as in ``Estimates.table``, and ``group``: the group, or "difference: second − first" (groups by the
    alphabet). The effect within a group is the average over that group's rows. A difference is a contrast as any other:
    CR2 and Satterthwaite on the difference of the two gradients; its counts are those of both groups. p-values are
    adjusted over the effects within groups, and over the differences, each on their own.
    """
    keys = sorted(answers.design.terms, key=lambda key: terms.index(key[0]))
    first, *others = dict.fromkeys(group for _, group in keys)
    effects = table_of(answers, keys, options)
    told = effects.set_index(["term", "group"]).to_dict("index")
    terms = dict.fromkeys(term for term, _ in keys)
    differences = [_difference(answers, told, term, first, group) for term in terms for group in others]
    differences = decided(pd.DataFrame(differences), options["confidence"], options["exploratory"])
    return pd.concat([effects, differences], ignore_index=True)


def pairs_of(answers, table, options):
    """The effects of the kinds of an incentive less those of each other, but the one that all are compared with.

    Columns ``term``, ``against``, and as in ``Estimates.table`` from ``estimate`` to ``strength``; p-values are
    adjusted over these rows. Of a kind that the table does not tell of, neither is its difference told.
    """
    reasons, terms, lines = table.set_index("term")["reason"], answers.design.terms, []
    for one, other in combinations((key for key, term in terms.items() if term.level), 2):
        if terms[one].column == terms[other].column:
            reason = reasons[one] or reasons[other]
            numbers = {"reason": reason} if reason else answers.difference(one, other)
            about = {"term": one, "against": terms[other].level, "matters": options["smallest_effect"] or np.nan}
            lines.append(UNKNOWN | about | numbers)
    return decided(pd.DataFrame(lines), options["confidence"], options["exploratory"]) if lines else pd.DataFrame()


def of_outcomes(result, outcomes):
    """The same question asked of further outcomes, p-values adjusted over them and the incentives.

    Parameters
    ----------
    result : Estimates
    outcomes : names of columns

    Returns
    -------
    DataFrame, as ``table``, with ``outcome``; what a shared result hides is hidden of each.
    """
    right, tables = result.answers.design.formula.right, []
    for name in outcomes:
        found = result.again(result.asked[0], {"formula": f"{quoted(name)} ~ {right}"}, by=None, permutations=0)
        tables.append(found.shown(result.smallest).table.assign(outcome=name))
    table = pd.concat(tables, ignore_index=True)
    matters = (result.smallest_effect or np.nan) / table["step"]
    return decided(table.assign(matters=matters), result.confidence, result.exploratory)


def _difference(answers, told, term, first, second):
    one, other = told[term, first], told[term, second]
    reason = other["reason"] or one["reason"]
    numbers = {"reason": reason} if reason else answers.difference((term, second), (term, first))
    about = {"term": term, "group": f"difference: {second} − {first}", "matters": min(one["matters"], other["matters"])}
    return other | {name: one[name] + other[name] for name in COUNTS} | UNKNOWN | numbers | about


def shown(result, smallest, also_hidden=()):
    """The result as a report may show it in which no figure is about fewer than ``smallest`` organizations.

    An incentive is hidden whole, estimate and counts, where fewer had it, or were without it, or took part with or
    without it, or did not. Of several kinds of an incentive of which one is hidden, the others keep their estimates,
    and lose the counts that would tell it; of several groups of which one is hidden, so are the others and the
    differences. Rows that are not grouped by ``organization_id``, as in a study, count one by one.

    Parameters
    ----------
    result : Estimates
    smallest : int
    also_hidden : columns of terms, or the outcome, whose counts another figure of the reports hides; nor are they here

    Returns
    -------
    Estimates
    """
    if smallest <= 1:
        return result
    design = result.answers.design
    few = {name for name in design.terms if _is_few(design, name, smallest)}
    told = {other for name in few for other in design.others(name)}
    told |= {name for name, term in design.terms.items() if {name, term.column} & {*also_hidden}}
    told -= few
    told_by = [j for name in few - {*design.unfit} for j in design.contrast(name).columns]
    is_few = bool({*design.formula.outcome} & {*also_hidden}) or _is_few_of(_who(design), design.y > 0, smallest)
    explained = result.not_estimable["explanation"].mask(result.not_estimable["term"].isin(few), "")
    return replace(
        result,
        table=_safe(result.table, result.table["term"], design, (few, told), smallest),
        groups=None if result.groups is None else _shown_groups(result, few, told, smallest),
        coefficients=result.coefficients.mask(np.isin(np.arange(len(design.names)), told_by)),
        rate=result.rate if design.is_measured or not is_few else np.nan,
        left_out=_of_enough(result.left_out, result.asked[0], smallest),
        not_estimable=result.not_estimable.assign(explanation=explained),
        notes=tuple(note for note in result.notes if "dropped" not in note.values),  # noqa: PD011  (of a Note)
        smallest=smallest,
    )


def _shown_groups(result, few, told, smallest):
    """The effects within groups: of a term that one group is too small for, none is told."""
    groups, design = result.groups, result.apart.design
    hidden = {term for term, group in design.terms if _is_few(design, (term, group), smallest)}
    hidden |= {other for name in hidden for other in result.answers.design.others(name)} | few
    keys = list(zip(groups["term"], groups["group"], strict=True))
    return _safe(groups, keys, design, (hidden, told - hidden), smallest)


def shown_covariates(table, design, smallest):
    """The covariates' effects without those that rest on few organizations with a level, or without it."""
    few, frame = [], design.frame
    for term in table["term"]:
        column, _, level = (term, "", "") if term in frame else term[:-1].rpartition("[")
        there = frame[column] != 0 if term in frame else frame[column].astype("str") == level
        few.append(_is_few_of(_who(design), there.to_numpy(), smallest))
    return _masked(table, table.columns.drop(["term", "label"]), pd.Series(few, index=table.index, dtype=bool))


def shown_curve(table, main):
    """The specifications with estimates as exact as those of the result that they vary."""
    told = table["term"].isin(main.loc[main["n_offered"].isna(), "term"])
    return table.assign(**{end: table[end].round(2).where(told, table[end]) for end in ENDS})


def shown_missing(missing, smallest):
    """``Imputed.missing`` without what is about few organizations: how many lack an answer, and rows of theirs."""
    if smallest <= 1 or missing.empty:
        return missing
    some, never = missing["organizations"], missing["never"]
    few = some.between(1, smallest - 1)
    few_never = few | never.between(1, smallest - 1) | (some - never).between(1, smallest - 1)
    whole = {"rows": few, "organizations": few, "never": few_never}
    missing = missing.assign(**{name: missing[name].astype("Int64").mask(which) for name, which in whole.items()})
    return _masked(missing, [name for name in missing if name.startswith("share")], few)


def _is_few(design, name, smallest):
    """Whether a group that an answer about a term rests on is too small, or empty of all but a few.

    An amount is not told by its two sides: its answer rests on all rows.
    """
    if not design.terms[name].is_offered:
        return _is_split(design, name, smallest, [design.terms[name].rows])
    return _is_split(design, name, smallest)


def _is_split(design, name, smallest, sides=None):
    who, took_part = _who(design), design.y > 0
    sides = design.compared(name) if sides is None else sides
    if not np.isin(design.y, (0.0, 1.0)).all():
        return any(0 < n_of(who, side) < smallest for side in sides)
    return any(0 < n_of(who, side) < smallest or _is_few_of(who[side], took_part[side], smallest) for side in sides)


def _is_few_of(who, yes, smallest):
    return any(0 < n_of(who, some) < smallest for some in (yes, ~yes))


def _who(design):
    """Whom each row is about: its organization; in a study itself."""
    return design.clusters.get(ORGANIZATION, np.arange(len(design.y)))


def _masked(table, names, which):
    """The table without these numbers in some rows."""
    return table.assign(**{name: table[name].astype(float).mask(which) for name in names}) if which.any() else table


def _safe(table, keys, design, terms, smallest):
    """The table without anything of hidden terms, and without the counts that would tell them.

    Nor is it told how many organizations had an incentive at some time, where that leaves few that never did. ``terms``
    are those that are hidden, and those whose counts would tell of others.
    """
    hidden, told = (table["term"].isin(some) for some in terms)
    who, terms = _who(design), design.terms
    never = {key: n_of(who, term.rows) - n_of(who, design.compared(key)[0]) for key, term in terms.items()}
    never = pd.Series([never.get(key, 0) for key in keys], index=table.index)
    few_left = never.between(1, smallest - 1) & (table["varies_by"] != "event_id")
    split = [key in terms and not terms[key].is_offered and _is_split(design, key, smallest) for key in keys]
    numbers = table.columns.drop([*COUNTS, "strength", "reason", "explanation", *KEPT], errors="ignore")
    safe = _masked(_masked(table, COUNTS, hidden | told | np.array(split, dtype=bool)), numbers, hidden)
    safe.loc[hidden, ["strength", "reason"]] = "cannot tell", NOT_SHOWN
    for digits, names in ROUNDED.items():  # a share of so many, told exactly, tells of how many
        safe.loc[told, names] = safe.loc[told, names].round(digits)
    return safe.assign(groups_offered=safe["groups_offered"].mask(few_left)) if few_left.any() else safe


def _of_enough(left_out, rows, smallest):
    """Rows left out, by column; without numbers where one is about few organizations, since the others tell it."""
    if left_out.empty or ORGANIZATION not in rows:
        return left_out
    of = [rows.loc[rows[name].isna(), ORGANIZATION].nunique() for name in left_out["column"]]
    few = any(0 < n < smallest for n in of) or left_out["rows"].between(1, smallest - 1).any()
    return left_out.assign(rows=pd.array([pd.NA] * len(left_out), dtype="Int64")) if few else left_out
