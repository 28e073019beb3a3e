"""What the estimates of several programmes say together, in sentences: see :mod:`konbit_lessons.incentives.pooled`."""

import pandas as pd

from konbit_lessons.sentences.common import FOUND, answer, say_known, texts

TEXTS, REASONS = texts("portfolio"), texts("incentives")["reasons"]
ENDS = ["conf_low", "conf_high"]


def pooled_rows(say, pooled):
    """Return what was pooled as it is read, the largest first, none beyond 100 of 100."""
    labels, shares = [], pooled.filter(regex="estimate|_low|_high")
    for name in pooled["incentive"]:
        each, label = say.programme.said.incentives[name].each, say.name(name)
        step = f"{say.step_of({'step': each[0]})} {each[1]}" if each else ""
        labels.append(str(say("{label}, each {step} more", label=label, step=step)) if each else label)
    why = [str(say(TEXTS["not_pooled"][one])) if one else "" for one in pooled["reason"]]
    rows = pooled.assign(**shares.clip(-1, 1), term=pooled["incentive"], label=labels, why=why)
    told = {"answer": [answer(say, one) for one in rows["strength"]]}
    rows = rows.assign(rests_on=[str(say(TEXTS["rests_on"], n=k)) for k in rows["k"]], **told)
    return rows.sort_values("estimate", ascending=False, kind="stable", na_position="last", ignore_index=True)


def over_programmes(say, points):
    """Return the answer: what goes with participation over the programmes, or that nothing is pooled, and why."""
    return say(TEXTS["nothing_pooled"]) if (points["reason"] != "").all() else say.in_short(points)


def programmes_told(say):
    """Return one row per programme: ``label``, ``period`` of its report, ``n`` incentives."""
    names = ((one.name.text(say.language), one.period or "–", len(one.member.incentives)) for one in say.programme.told)
    return pd.DataFrame(names, columns=["label", "period", "n"])


def forest(say, estimates, point):
    """Return the rows of a forest plot of one incentive, a row of `pooled_rows`: all, a further one, each programme.

    Returns
    -------
    DataFrame
        ``label``, ``estimate``, ``conf_low``, ``conf_high``, ``what`` ("all", "further" or "programme"), ``why``.
    """
    names = {one.member.folder: one.name.text(say.language) for one in say.programme.told}
    own = estimates[estimates["incentive"] == point["incentive"]].sort_values("estimate", ascending=False)
    own = own.assign(label=own["programme"].map(names), what="programme", why=_reasons(say, own["reason"]))
    over = pd.DataFrame([point | {"label": say.words.text(one), "what": what} for what, one in TEXTS["rows"].items()])
    over.loc[1, ENDS] = over.loc[1, ["predicted_low", "predicted_high"]].tolist()
    return pd.concat([over.dropna(subset=ENDS), own], ignore_index=True)[[*own]]


def best_of_programmes(say, points):
    """Return the heading of the figure of all: what goes with most participation, where something does."""
    found = points[points["strength"].isin(FOUND) & (points["estimate"] > 0)]
    return say_known(say, TEXTS["of_programmes"], found) or say(TEXTS["no_best"])


def programmes_differ(say, points):
    """Return how much programmes differ in each incentive, and what to expect of a further one, a sentence for each."""
    said = []
    for point in points[points["reason"] == ""].to_dict("records"):
        alike = 2 * point["tau_high"] <= point["matters"]
        which = "two" if point["k"] == 2 else "differ" if point["tau_low"] > 0 else "alike" if alike else "unclear"
        said.append(say(TEXTS["apart"][which], **point) + say_known(say, TEXTS["further"], point))
    return said


def not_pooled(say, estimates):
    """Return of each incentive how many programmes that name it have no estimate of it, and why."""
    said = []
    for name, rows in estimates.groupby("incentive", sort=False):
        lacking = rows.loc[rows["reason"] != "", "reason"].value_counts().items()
        why = [say(TEXTS["because"], n=n, why=_reasons(say, [one])[0]) for one, n in lacking]
        about = {"label": say.name(name), "n": rows["estimate"].count(), "of": len(rows)}
        said.append(say(TEXTS["some"], why=say.clauses(why), **about) if why else None)
    return said


def _reasons(say, codes):
    return [say.words.text((REASONS | TEXTS["reasons"])[one]) if one else "" for one in codes]
