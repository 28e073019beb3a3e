"""What a shared report may show of a result: nothing about an incentive of which few organizations tell.

Takes ``Estimates`` and the smallest number of organizations that a figure may be about; returns a copy with blanks,
from which tables, figures, sentences and CSV files are made as from any other. docs/disclosure.md says what is hidden.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from konbit_lessons.incentives.result import COUNTS

NOT_SHOWN = "not_shown"  # the reason of an incentive that is hidden
KEPT = ["term", "label", "n", "clusters", "method", "varies_by", "kind", "against", "group"]
ENDS = ["estimate", "conf_low", "conf_high"]
ROUNDED = {2: [*ENDS, "std_error", "penalized_low", "penalized_high"], 1: ["e_value", "e_value_limit"]}
ORGANIZATION = "organization_id"


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
    also_hidden : terms whose counts another figure of the reports hides; theirs are not told here either

    Returns
    -------
    Estimates
    """
    if smallest <= 1:
        return result
    design = result.answers.design
    few = {name for name in design.terms if _is_few(design, name, smallest)}
    told = {other for name in few for other in design.others(name)} | ({*also_hidden} & {*design.terms})
    told -= few
    told_by = [j for name in few - {*design.unfit} for j in design.contrast(name).columns]
    unknown = result.not_estimable
    return replace(
        result,
        table=_safe(result.table, result.table["term"], design, (few, told), smallest),
        groups=None if result.groups is None else _shown_groups(result, few, told, smallest),
        coefficients=result.coefficients.mask(np.isin(np.arange(len(design.names)), told_by)),
        rate=np.nan if _is_few_of(_who(design), design.y > 0, smallest) else result.rate,
        left_out=_of_enough(result.left_out, result.asked[0], smallest),
        not_estimable=unknown.assign(explanation=unknown["explanation"].mask(unknown["term"].isin(few), "")),
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
    few = [_is_few_of(_who(design), _with(design.frame, term), smallest) for term in table["term"]]
    return _masked(table, table.columns.drop(["term", "label"]), pd.Series(few, index=table.index, dtype=bool))


def _with(frame, term):
    """The rows with a covariate: with its level, or other than 0."""
    if term in frame:
        return frame[term].to_numpy() != 0
    column, level = term[:-1].rsplit("[", 1)
    return (frame[column].astype("str") == level).to_numpy()


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
    """Whether a group that an answer about a term rests on is too small, or empty of all but a few."""
    who, took_part, sides = _who(design), design.y > 0, design.compared(name)
    few = (_number(who, side) < smallest or _is_few_of(who[side], took_part[side], smallest) for side in sides)
    return any(_number(who, side) and is_few for side, is_few in zip(sides, few, strict=True))


def _is_few_of(who, yes, smallest):
    return any(0 < _number(who, some) < smallest for some in (yes, ~yes))


def _who(design):
    """Whom each row is about: its organization; in a study itself."""
    return design.clusters.get(ORGANIZATION, np.arange(len(design.y)))


def _number(who, which):
    return len(np.unique(who[which]))


def _masked(table, names, which):
    """The table without these numbers in some rows."""
    return table.assign(**{name: table[name].astype(float).mask(which) for name in names}) if which.any() else table


def _safe(table, keys, design, terms, smallest):
    """The table without anything of hidden terms, and without the counts that would tell them.

    Nor is it told how many organizations had an incentive at some time, where that leaves few that never did. ``terms``
    are those that are hidden, and those whose counts would tell of others.
    """
    hidden, told = (table["term"].isin(some) for some in terms)
    left = pd.Series([_never(design, key) if key in design.terms else 0 for key in keys], index=table.index)
    few_left = left.between(1, smallest - 1) & (table["varies_by"] != "event_id")
    numbers = table.columns.drop([*COUNTS, "strength", "reason", "explanation", *KEPT], errors="ignore")
    safe = _masked(_masked(table, COUNTS, hidden | told), numbers, hidden)
    safe.loc[hidden, ["strength", "reason"]] = "cannot tell", NOT_SHOWN
    for digits, names in ROUNDED.items():  # a share of so many, told exactly, tells of how many
        safe.loc[told, names] = safe.loc[told, names].round(digits)
    return safe.assign(groups_offered=safe["groups_offered"].mask(few_left)) if few_left.any() else safe


def _never(design, name):
    who, offered = _who(design), design.compared(name)[0]
    return _number(who, design.terms[name].rows) - _number(who, offered)


def _of_enough(left_out, rows, smallest):
    """Rows left out, by column; without numbers where one is about few organizations, since the others tell it."""
    if left_out.empty or ORGANIZATION not in rows:
        return left_out
    of = [rows.loc[rows[name].isna(), ORGANIZATION].nunique() for name in left_out["column"]]
    few = any(0 < n < smallest for n in of) or left_out["rows"].between(1, smallest - 1).any()
    return left_out.assign(rows=pd.array([pd.NA] * len(left_out), dtype="Int64")) if few else left_out
