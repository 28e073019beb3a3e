"""Simulated programmes of many kinds, and in what a page about one contradicts itself, read off what is printed."""

import re

import numpy as np
import pandas as pd
from scipy.special import expit

from konbit_lessons.incentives import predict_participation
from konbit_lessons.say import Say, small

KINDS = {
    "share": 0.4,
    "rare": 0.1,
    "row": 0.15,
    "amount": 0.2,
    "kinds": 0.06,
    "separated": 0.04,
    "same": 0.02,
    "always": 0.03,
}
FOUND = ("clear", "likely")
NUMBER = r"[−+]?[\d,]+(?:\.\d+)?"
NOT_SAID = re.compile(r"\b(nan|NaN|inf)\b|<NA>|–|[{}]|None(?! of)")


def drawn(seed):
    """A result of rows with 1 to 12 incentives, with effects from none to strong."""
    rng = np.random.default_rng(seed)
    groups, times = rng.integers(14, 70), rng.integers(3, 9)
    who, when = (codes.ravel() for codes in np.indices((groups, times)))
    rows = pd.DataFrame({"organization_id": who, "event_id": when, "org_type": np.where(who % 5 < 2, "ngo", "union")})
    eta, names = rng.normal(size=groups)[who] * rng.choice([0, 0.5, 1.5]) + rng.normal(-0.3, 0.5), {}
    for at in range(rng.integers(1, 13)):
        kind, share = rng.choice([*KINDS], p=[*KINDS.values()]), rng.choice([0.15, 0.4, 0.6])
        name, of = f"{kind}_{'abcdefghijkl'[at]}", (rng.random(groups) < share)[who]
        x = {"rare": rng.random(len(rows)) < 0.02, "row": rng.random(len(rows)) < share, "always": who >= 0}.get(
            kind, of
        )
        if kind == "amount":
            x = np.round(rng.gamma(2, 1, groups)[who] * 10.0 ** rng.integers(-1, 5), rng.integers(0, 3))
        elif kind == "kinds":
            x = rng.choice(["coaching", "training", "visit"], groups)[who]
        rows[name] = names[name] = x
        steps = pd.factorize(x)[0] if kind == "kinds" else (x - np.mean(x)) / max(np.std(x), 0.3)
        eta = eta + steps * rng.choice([0, 0, 0, 0.3, 0.8]) * rng.choice([-1, 1])
    rows["attended"] = rng.random(len(rows)) < expit(eta)
    for name in names:
        if name.startswith("same"):
            rows[name] = rows["attended"]
        elif name.startswith("separated"):
            rows[name] &= rows["attended"]
    options = {"exploratory": rng.random() < 0.2, "confidence": rng.choice([0.95, 0.9]), "permutations": 19}
    options |= {"by": "org_type"} if rng.random() < 0.25 else {"adjust_for": ["org_type"]}
    options |= {"method": rng.choice(["firth", "linear"], p=[0.8, 0.2])}
    cluster = ["organization_id", "event_id"][: rng.integers(1, 3)]
    result = predict_participation(rows, incentives=[*names], cluster=cluster, **options)
    return result.shown(5) if rng.random() < 0.4 else result


def value(text):
    return float(text.replace("−", "-").replace(",", ""))


def contradictions(result, say=None):
    """What a page says that does not go together, one text each."""
    say, wrong = say or Say(), []
    rows = say.incentive_rows(result)
    printed = [
        str(say("{estimate:signed}|{range}|{p_adjusted:p}|{answer}", **row)).split("|")
        for row in rows.to_dict("records")
    ]
    headline, together, best = (str(said(result)) for said in (say.headline, say.together, say.best_incentive))
    each = [str(say.of_incentive(result, row)) for _, row in rows.iterrows()]

    def check(holds, *about):
        wrong.extend([] if holds else [" | ".join(map(str, about))])

    answers = [one[3] for one in printed]
    check(
        ("do not stand out" in together)
        <= ("clear" not in answers and "clearly goes" not in headline.replace("clearly go ", "clearly goes ")),
        together,
        headline,
    )
    check(("more than chance" in together) == ("clear" in answers), together, headline)
    check(("cannot be told" in together) == all(one == "cannot tell" for one in answers), together)
    clauses = re.split("; |\\. ", headline)
    last = np.inf
    up = []
    for (signed, between, p, answer), said, row in zip(printed, each, rows.to_dict("records"), strict=True):
        about = (row["term"], signed, between, p, answer, said)
        ends = [value(one) for one in re.findall(NUMBER, between)]
        if answer == "cannot tell":
            check((signed, between, p) == ("–",) * 3 and "interval" not in said, *about)
        else:
            size = value(signed)
            check(size <= last, "order", *about)
            last = size
            check(len(ends) == 2 and ends[0] <= size <= ends[1], "inside", *about)
            check(max(map(abs, (*ends, size))) <= 100, "above 100 of 100", *about)
            check((answer not in FOUND) or ends[0] > 0 or ends[1] < 0, "touches 0", *about)
            below = p.startswith("p < ") or value(p.removeprefix("p = ")) <= 1 - result.confidence
            check(below if answer == "clear" else True, "p", *about)
            check(
                answer == "clear"
                or (not p.startswith("p < ") and value(p.removeprefix("p = ")) >= 1 - result.confidence - 1e-9),
                "p",
                *about,
            )
            check(
                answer != "no sign" or max(map(abs, ends)) <= 100 * result.smallest_effect,
                "no sign",
                *about,
            )
            words = re.search(rf"about ({NUMBER}) (more|fewer)", said)
            check(
                words and value(words[1]) == abs(size) and (size == 0 or (words[2] == "more") == (size > 0)),
                "words",
                *about,
            )
            check(_span(said) == ends, "span", _span(said), *about)
            if answer in FOUND and size > 0:
                up.append((str(row["label"]), signed.removeprefix("+")))
        if len(rows) > 1:
            name = f"**{small(row['label']) if answer in FOUND else small(str(say.name(row['term'])))}**"
            own = [clause for clause in clauses if name.lower() in clause.lower()] if "[" not in row["term"] else []
            expected = {
                "clear": "clearly go",
                "likely": "likely go",
                "no sign": "no sign",
                "uncertain": "uncertain",
                "cannot tell": "cannot tell",
            }[answer]
            check("[" in row["term"] or (len(own) == 1 and expected in own[0].lower()), "headline", headline, *about)
            if answer in FOUND and own:
                check(
                    ("less" in own[0]) == (value(signed) < 0)
                    and f"{name} ({signed.strip('+−')} ".lower() in own[0].lower(),
                    "headline",
                    headline,
                    *about,
                )
    check(
        (best.startswith("The data show no") and not up)
        or (up and best.startswith(f"{up[0][0]} goes with {up[0][1]} more")),
        "best",
        best,
        up,
    )
    cannot = say.cannot_tell(result)
    check(len(cannot) == answers.count("cannot tell"), "cannot")
    missed, explained = say.missed(result), say.explained_away(result)
    check(len(missed) == sum(one in ("uncertain", "no sign") for one in answers), "missed")
    for said in map(str, explained):
        ratio, limit = map(value, re.findall(r"at least ([\d.,]*\d)", said))
        check(ratio >= limit >= 1, said)
    check(len(explained) <= sum(one in FOUND for one in answers), "explained")
    differ = say.group_differences(result)
    for said in map(str, differ):
        if "cannot tell" not in said:
            a, b = (
                value(n) * (1 if way == "more" else -1)
                for n, way in re.findall(rf"({NUMBER}) (more|fewer) (?:of 100 )?for", said)
            )
            gap = value(re.search(rf"difference of ({NUMBER})", said)[1])
            check(abs(abs(a - b) - gap) <= 1.01, "groups", said)
            ends = _span(said)
            check(
                (": the groups differ" in said.replace("*", "") or "likely differ" in said)
                <= (ends[0] > 0 or ends[1] < 0),
                "groups",
                said,
            )
            check(
                "no sign" not in said or max(map(abs, ends)) <= 100 * result.smallest_effect,
                "groups no sign",
                said,
            )
    said = [
        headline,
        together,
        best,
        *each,
        *missed,
        *explained,
        *differ,
        *cannot,
        say.base_rate(result),
        say.left_out(result),
    ]
    said += [*say.strength_rule(result), say.numbers_caption(result), *filter(None, say.method(result, ["org_type"]))]
    for one in said:
        check(not NOT_SAID.search(str(one)), "not said", one)
    return wrong


def _span(said):
    """The interval of a sentence, "4 to 18", "4 to 18 fewer" or "from 3 fewer to 12 more"."""
    between = re.search(rf"interval (?:from )?({NUMBER})( fewer)? to ({NUMBER})( more| fewer)?", said)
    low, high = value(between[1]), value(between[3])
    if between[2]:
        return [-low, high]
    return [-high, -low] if between[4] == " fewer" else [low, high]
