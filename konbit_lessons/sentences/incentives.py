"""What predicts participation, in sentences: each from rows of ``result.table`` and nothing else.

Strength has one rule, printed in the annex by `strength_rule`; the words say what goes together, not what brings about
what. A study calls its rows, groups and outcome by its own words (``[study.units]``); else they are invitations.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from konbit_lessons.incentives.result import LIKELY
from konbit_lessons.say import capital, small
from konbit_lessons.sentences.common import FOUND, answer, as_printed, say_known, texts
from konbit_lessons.words import Label, mark

TEXTS = texts("incentives")
ENDS = ("estimate", "conf_low", "conf_high")
SIDES = ("offered", "not_offered")
PER_AMOUNT = {"estimate": "", "conf_low": "_low", "conf_high": "_high"}


def units_of(say, result):
    """Return what a programme, or a study, calls its rows, groups and outcome, and whether it is ``in_a_study``."""
    is_ours = result.outcome == "attended" and not say.units
    usual = TEXTS["invitations"] if is_ours else texts("study")["units"]
    named = say.units or {name: say.words.text(text, outcome=result.outcome) for name, text in usual.items()}
    return named | {"in_a_study": not is_ours}


def question(say):
    """Return the title of the report: what was asked, of a programme or of a study."""
    study = say.programme.study
    return Label.of(study.title).text(say.language) if study else say("Which incentives predict participation?")


def incentive_rows(say, result):
    """Return ``result.table`` as it is read: the largest estimate first, those that cannot be told last.

    Returns
    -------
    DataFrame, one row per incentive
        The columns of the table, estimates and intervals times ``step`` (1 where it is offered or not; of an amount
        what it usually differs by) and within 100 of 100, ``label``, ``answer`` (how strong the evidence is),
        ``rests_on``, ``share_offered`` and ``share_not_offered``, and ``why`` where there is no estimate.
    """
    units, table, why = units_of(say, result), result.table, mark("the data cannot tell, because {reason}")
    rows = table.assign(step=table["step"].fillna(1), **of_a_step(say, table, table["step"]))
    rows["against"] = [_against(say, row) for row in table.to_dict("records")]
    alike = _alike(table, 1 - result.confidence)
    rows["p_adjusted"] = table["p_adjusted"].fillna((table["permutation_p"] * len(table)).where(alike))
    rows["strength"] = table["strength"].mask(alike, "clear")
    each = rows.to_dict("records")
    rows = rows.assign(
        label=[str(_label(say, row)) for row in each],
        answer=[answer(say, row["strength"]) for row in each],
        rests_on=[str(counts(say, row, units)) for row in each],
        **{f"share_{side}": (rows[f"k_{side}"] / rows[f"n_{side}"]).astype("float64") for side in SIDES},
        why=[str(say(why, reason=reason(say, row, units))) if row["strength"] == "cannot tell" else "" for row in each],
    )
    rows.loc[rows["strength"] == "cannot tell", ["estimate", "conf_low", "conf_high"]] = np.nan
    return rows.sort_values("estimate", ascending=False, kind="stable", na_position="last", ignore_index=True)


def _alike(table, error):
    """Where all with an incentive, or all without it, gave the same answer: that is clear where chance would not do it.

    The p of the permutation, times the number of incentives, then tells, at half the error since there is no interval;
    groups must be enough, as for an estimate.
    """
    sides = [(table[f"k_{side}"].isin([0]) | (table[f"k_{side}"] == table[f"n_{side}"])).astype(int) for side in SIDES]
    enough = table["groups_offered"] >= np.where(table["varies_by"] == "event_id", 5, 10)
    told = (table["reason"] == "separated") & (table["kind"] == "offered") & (sum(sides) == 1) & enough
    return told & (table["permutation_p"] * len(table) < error / 2)


def of_a_step(say, found, step, ends=ENDS):
    """Return estimates and intervals, of rows or of one, for so much more of an amount: none is beyond 100 of 100."""
    most = np.inf if say.measured else 1.0
    return {end: np.clip(found[end] * step, -most, most) for end in ends}


def step_of(say, row):
    """Return the difference in an amount that a row is about, as it is printed: "500" or "0.2"."""
    return say.number(row["step"], max(0, -int(np.floor(np.log10(row["step"]) + 1e-9))))


def term_name(say, term):
    """Return what a term is called; a kind of an incentive, as ``support[coaching]``, by the kind's name."""
    factor, _, level = str(term).removesuffix("]").partition("[")
    if not level:
        return say("{term:Name}", term=term)
    return say("{factor:Name}: {level}", factor=factor, level=say.level(factor, level))


def _against(say, row):
    return row["against"] and say.level(row["term"].partition("[")[0], row["against"])


def _label(say, row):
    name = term_name(say, row["term"])
    if row["against"]:
        return say("{label}, against {against}", label=name, against=row["against"])
    told = row["kind"] == "amount" and row["strength"] != "cannot tell"
    return say("{label}, each {step} more", label=name, step=step_of(say, row)) if told else name


def in_one_table(say, points, costs):
    """Return the rows of `incentive_rows` with those of ``result.costs`` beside them, as a journal prints a table.

    Returns
    -------
    DataFrame, one row per incentive
        ``label``, ``k_``, ``n_`` and ``share_offered`` and ``_not_offered``, ``estimate``, ``conf_low``, ``conf_high``,
        ``p_adjusted``; ``cost``, ``cost_low`` and ``cost_high`` (no limit: infinite) to two digits; ``answer``.
    """
    prices = ["cost", "cost_low", "cost_high"]
    rounded = costs[["term", *prices]].assign(**{name: costs[name].map(_to_two_digits) for name in prices})
    shares = [f"{what}_{side}" for side in SIDES for what in ("k", "n", "share")]
    kept = ["label", *shares, "estimate", "conf_low", "conf_high", "p_adjusted", *prices, "answer"]
    whole = (points["kind"] == "amount") & (points["n_not_offered"] == 0)  # of such an amount there are no two sides
    points = points.assign(**{name: points[name].astype("float64").mask(whole) for name in shares})
    return points.merge(rounded, on="term", how="left", validate="one_to_one")[kept]


def headline(say, result):
    """Return the answer in one or two sentences: what goes with participation, and what the data do not show."""
    rows = incentive_rows(say, result)
    return of_incentive(say, result, rows.iloc[0]) if len(rows) == 1 else in_short(say, rows)


def in_short(say, rows):
    """Return of some rows what clearly or likely goes with participation, and of which nothing was found."""
    none = _by_strength(say, rows, TEXTS["not_found"], lambda row: f"**{small(str(term_name(say, row['term'])))}**")
    return _found(say, rows) + (_sentence(say, none) if none else None)


def base_rate(say, result):
    """Return of how many rows what share took part."""
    units = units_of(say, result)
    rows = row_count(say, result.n, units)
    return say_known(say, TEXTS["base_rate"], rate=result.rate, rows=rows, outcome=units["outcome"])


def found(say, result):
    """Return what clearly or likely goes with participation, in one sentence, or that nothing does."""
    return _found(say, incentive_rows(say, result))


def _found(say, rows):
    def named(row):
        return say(TEXTS["found_of"][_way(row)], label=small(row["label"]), points=abs(row["estimate"]))

    said = _by_strength(say, rows, TEXTS["found"], named)
    return _sentence(say, said) if said else say(TEXTS["found_none"], n=len(rows))


def _by_strength(say, rows, texts, named):
    """A clause for each strength, or strength and direction, that some incentives have, with their names."""
    said, rows = [], rows.to_dict("records")
    for key, text in texts.items():
        names = [named(row) for row in rows if key in (row["strength"], f"{row['strength']} {_way(row)}")]
        said.append(say_known(say, text, n=len(names), names=names))
    return [*filter(None, said)]


def _way(row):
    return "more" if row["estimate"] >= 0 else "fewer"


def _sentence(say, said):
    """Clauses as a sentence, with a capital letter and a full stop."""
    clauses = say.clauses(said)
    first = next((i for i, letter in enumerate(clauses.text) if letter.isalnum()), 0)
    return replace(clauses, text=f"{clauses.text[:first]}{capital(clauses.text[first:])}.")


def best_incentive(say, result):
    """Return the main point of the figure: the incentive that goes with most participation, where one does; of a study
    where none does, the one that goes with the least."""
    units, rows = units_of(say, result), incentive_rows(say, result)
    found = rows[rows["strength"].isin(FOUND) & ((rows["estimate"] > 0) | units["in_a_study"])]
    if found.empty:
        return say("The data show no incentive that goes with more participation")
    row = found.iloc[0] if found["estimate"].iloc[0] > 0 else found.iloc[-1]  # else that with the fewest
    own = "in a study" if row["estimate"] > 0 else "fewer in a study"
    text = TEXTS["best_incentive"][own if units["in_a_study"] else "ours"]
    return say(text, label=row["label"], points=abs(row["estimate"]), **units)


def of_incentive(say, result, row):
    """Return the sentence of one incentive, a row of `incentive_rows`.

    As "**Business showcase:** of 100 invitations, about 11 more were taken up where it was offered (95 % interval 4 to
    18; 612 invitations at 14 events)."
    """
    units, text, name = units_of(say, result), TEXTS["of_incentive"][row["strength"]], term_name(say, row["term"])
    if row["strength"] == "cannot tell":
        return say(text, label=name, reason=reason(say, row, units)) + _seen(say, row, units)
    if row["reason"] and (seen := _seen(say, row, units)):  # clear without an interval
        return say(TEXTS["clear_without_interval"], label=name, seen=seen)
    about = {"confidence": result.confidence, "span": span(say, row), "counts": counts(say, row, units)}
    evidence = say("{confidence:percent} interval {span}; {counts}", **about)
    return say(text, label=name, difference=_difference(say, row, units), evidence=evidence)


def against_each_other(say, result):
    """Return a sentence for each two kinds of an incentive, neither of them the one that all are compared with."""
    units, said = units_of(say, result), []
    for row in result.pairs.to_dict("records"):
        if row["strength"] != "cannot tell":
            evidence = say("{confidence:percent} interval {span}", confidence=result.confidence, span=span(say, row))
            row |= {"kind": "", "step": 1, "against": _against(say, row)}
            about = {"difference": _difference(say, row, units), "evidence": evidence}
            said.append(say(TEXTS["of_incentive"][row["strength"]], label=term_name(say, row["term"]), **about))
    return said


def cannot_tell(say, result):
    """Return a sentence for each incentive of which the data cannot tell, or not how much: why, and what was seen."""
    rows = incentive_rows(say, result)
    unknown = rows["reason"] != "" if len(rows) > 1 else rows["strength"] == "cannot tell"  # one is the headline
    return [of_incentive(say, result, row) for _, row in rows[unknown].iterrows()]


def costs(say, table):
    """Return what one more attendance cost, and what more money does, for each row of ``result.costs``.

    An amount is told to two digits, since its interval is never finer.
    """
    said = [_cost(say, row) for row in table.to_dict("records")]
    return [*said, say(TEXTS["whose_price"])] if said else []


def _cost(say, row):
    about = {"label": term_name(say, row["term"]), "currency": say.programme.currency}
    rounded = {name: _to_two_digits(row[name]) for name in ("spent", "cost", "cost_low", "cost_high")}
    about |= {name: int(one) if np.isfinite(one) else None for name, one in rounded.items()}
    more = of_a_step(say, {name: row[f"per_amount{end}"] for name, end in PER_AMOUNT.items()}, row["step"])
    told = {"step": step_of(say, row), "points": abs(more["estimate"]), "span": span(say, more), **about}
    return say(TEXTS["costs"][row["bound"]], **about) + say_known(say, TEXTS["per_amount"][_way(more)], told)


def _to_two_digits(number):
    return float(f"{number:.2g}")


def span(say, row):
    """Return the interval in words: "4 to 18", or "from 3 fewer to 12 more" where it holds zero."""
    low, high = row["conf_low"], row["conf_high"]
    if low < 0 < high:
        return say("from {low:points} fewer to {high:points} more", low=-low, high=high)
    if row["estimate"] < 0 or high <= 0:
        return say("{low:points} to {high:points} fewer", low=-high, high=-low)
    return say("{low:points} to {high:points}", low=low, high=high)


def _difference(say, row, units):
    size = abs(row["estimate"])
    which = f"{'against' if row['against'] else row['kind']} {_way(row)}"
    text = TEXTS["difference_in_a_study" if units["in_a_study"] else "difference"][which]
    return say(text, n=100 * as_printed(size), points=size, step=step_of(say, row), against=row["against"], **units)


def counts(say, row, units):
    """Return on how many rows and groups a row rests: "612 invitations at 14 events"."""
    if units["in_a_study"] and row["kind"] == "amount" and row["reason"] != "not_shown":
        of, rows = int(str(row["clusters"]).split(" ")[0]), row_count(say, row["n"], units)
        groups = group_count(say, of, units, "group")
        return rows if of == row["n"] else say(TEXTS["counts"]["organization_id"], rows=rows, groups=groups)
    if pd.isna(row["n_offered"]):
        return say("on how many it rests is not shown")
    every, offered = (row_count(say, row[of], units) for of in ("n", "n_offered"))
    if pd.isna(row["groups_offered"]):
        return offered
    of = _clustered_by(row, units)
    if of == "group" and row["groups_offered"] == row["n_offered"]:
        return say(TEXTS["counts"]["single"], with_it=row["n_offered"], rows=every)
    about = {"with_it": row["n_offered"], "groups": group_count(say, row["groups_offered"], units, of)}
    return say(TEXTS["counts"][of], rows=every if units["in_a_study"] else offered, **about)


def reason(say, row, units):
    """Return why the data cannot tell, as a clause: "it was offered at only 3 events"."""
    if row["reason"] == "few_groups":
        return _too_few(say, row, units)
    constant = "amount" if row["kind"] == "amount" else "always" if row["n_offered"] else "never"
    return say(TEXTS["reasons"][constant if row["reason"] == "constant" else row["reason"]])


def _too_few(say, row, units):
    """Too few groups had it, or too few were without it; 10 are needed, 5 of a further clustering such as events."""
    first = str(row["clusters"]).split(", ")[0].partition(" ")[2]
    n, enough = row["groups_offered"], 10 if row["varies_by"] in ("row", first) else 5
    if pd.isna(n):
        return say(TEXTS["reasons"]["low_df"])
    if row["kind"] == "amount" or n >= enough:
        return say("it hardly ever differed") if row["kind"] == "amount" else say("almost all had it")
    return say(TEXTS["too_few"][_clustered_by(row, units)], n=n, groups=_groups(n, units))


def _seen(say, row, units):
    """k of n on both sides: what is known when the data cannot tell."""
    if not row["n_offered"] > 0:
        return None
    compared = "constant" if row["reason"] == "constant" else "against" if row["against"] else "without"
    sides = {"k": "k_offered", "n": "n_offered", "k_other": "k_not_offered", "n_other": "n_not_offered"}
    values = {name: row[column] for name, column in sides.items()} | {"against": row["against"]} | units
    said = say(TEXTS["seen"][f"{compared} in a study" if units["in_a_study"] else compared], **values)
    return said + say_known(say, TEXTS["by_chance"], p=row["permutation_p"])


def row_count(say, n, units):
    """Return how many rows, as "1,800 invitations"."""
    if not units["in_a_study"]:
        return say(("{n} invitation", "{n} invitations"), n=n)
    return say(mark("{n} {rows}"), n=n, rows=units["row" if n == 1 else "rows"])


def _clustered_by(row, units):
    """Of what a row differs: the group of a study, an event or an organization."""
    return "group" if units["in_a_study"] else "event_id" if row["varies_by"] == "event_id" else "organization_id"


def group_count(say, n, units, column):
    """Return how many organizations or events, or groups of a study by its own word, as "14 events"."""
    return say(TEXTS["groups"].get(column, mark("{n} {groups}")), n=n, groups=_groups(n, units))


def _groups(n, units):
    return units["group" if n == 1 else "groups"]


def strength_rule(say, result):
    """Return the fixed rule behind the words clear, likely, uncertain, no sign of and cannot tell."""
    correction = say("the correction of Benjamini and Hochberg") if result.exploratory else say("Holm's correction")
    values = {"confidence": result.confidence, "smallest": result.smallest_effect, "correction": correction}
    values |= {"error": 1 - result.confidence, "chance": LIKELY * (1 - result.confidence)}
    unasked = ("clear", "likely", "errors") if say.units and len(result.table) == 1 else ("alone",)  # one has no others
    return [say_known(say, rule, **values) for key, rule in TEXTS["rule"].items() if key not in unasked]


def caveat(say):
    """Return what the comparison is, and what it is no proof of."""
    return say(TEXTS["caveat"]["drawn" if say.units and say.programme.study.randomized else "observed"])


def further_outcomes(say, result):
    """Return the answers about the further outcomes of a study, as `incentive_rows`; no rows where it has none."""
    names = say.programme.study.further_outcomes if say.units else []
    if not names:
        return result.table.iloc[:0]
    rows = incentive_rows(say, replace(result, table=result.of_outcomes(names)))
    return rows.assign(outcome=[say.name(name) for name in rows["outcome"]]).sort_values("outcome", kind="stable")


def treated(say, result):
    """Return the effect on those whom the incentive moved to what it offers, of a study that says who had it."""
    column = say.programme.study.treated if say.units else None
    if not column:
        return None
    row = result.treated(column) | {"treated": say.name(column), "confidence": result.confidence}
    return say(TEXTS["treated"][row["reason"] or _way(row)], points=abs(row["estimate"]), span=span(say, row), **row)


def balance(say, result):
    """Return the means before, with and without each incentive, of a study that was drawn by lot; else no rows."""
    table = result.balance if say.units and say.programme.study.randomized else result.balance.iloc[:0]
    rows = table.to_dict("records")
    levels = [say.level(row["covariate"], row["level"]) if row["level"] else "" for row in rows]
    named = [say.name(row["covariate"]) + f": {one}" * bool(one) for row, one in zip(rows, levels, strict=True)]
    return table.assign(label=named, incentive=[str(term_name(say, row["term"])) for row in rows])


def marks(say, result):
    """Return on how many rows the figure rests, and what its marks mean."""
    asked = "unasked" if result.smallest_effect is None else "known"
    return say(TEXTS["marks"][asked], n=result.n, rows=units_of(say, result)["rows"])


def numbers_caption(say, result):
    """Return what the table of all incentives shows."""
    counted = say(TEXTS["numbers_caption"], n=result.n, **units_of(say, result))
    return counted + (say(TEXTS["several"], correction=_correction(say, result)) if len(result.table) > 1 else None)


def p_heading(say, result, rows):
    """Return the heading of a column of p-values: how they are adjusted, where there are several."""
    return say("p ({correction})", correction=_correction(say, result)) if len(rows) > 1 else say("p")


def _correction(say, result):
    return say("Benjamini and Hochberg") if result.exploratory else say("Holm")
