"""Situations a report can meet, each made by hand: name → what is said of it, in the language asked for.

``tests/data/sentences.csv`` holds the whole sentences, a situation a line and a language a column.
"""

from datetime import date
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pandas as pd
from reporting_example import NAN, ROWS, programme, result, row

from konbit_lessons import parts
from konbit_lessons.disclosure import Protected
from konbit_lessons.figures.curve import curve_sentences
from konbit_lessons.incentives.robustness import Robustness
from konbit_lessons.pages import learning_report, participation
from konbit_lessons.sentences import Units, findings, limits, sentence

QUARTER, BEFORE = "FY2017Q3", "FY2017Q2"
SMALL = SimpleNamespace(programme=SimpleNamespace(smallest_cell=5))
SILENT = dict(
    strength="cannot tell",
    conf_low=NAN,
    conf_high=NAN,
    penalized_low=NAN,
    penalized_high=NAN,
    permutation_p=NAN,
    clusters="137 organization_id, 48 event_id",
)
PEOPLE = Units(row="person", rows="people", group="village", groups="villages", outcome="learned their result")
AMOUNT = dict(term="per_diem_htg", label="Amount of the per diem (HTG)", kind="amount")


def of_row(**changes):
    return lambda words: sentence(row(**changes), words)


def unknown(reason, **changes):
    return of_row(**SILENT, reason=reason, **changes)


def of_result(function, rows=ROWS, **changes):
    return lambda words: " ".join(np.atleast_1d(function(result(rows, **changes), words)))


def of_a_study(units, **changes):
    cash = dict(term="any", label="Cash", n=2825, n_offered=2204, groups_offered=118, varies_by="row") | changes
    return lambda words: sentence(row(**cash), words, Units.of(units, "got", words))


def ways(*estimates):
    main = pd.DataFrame([row(estimate=estimates[0])])
    table = main.loc[[0] * len(estimates)].assign(
        specification=["main", *map(str, range(1, len(estimates)))], estimate=estimates, own_estimate=True, n=1800
    )
    return lambda words: curve_sentences(Robustness(table, main, "attended", 0.95), words)[0]


def groups(strength, low, high):
    within = [row(group="awardee", estimate=0.03), row(group="cdsp", estimate=0.12)]
    gap = row(group="difference: cdsp − awardee", estimate=0.09, conf_low=low, conf_high=high, strength=strength)
    made = SimpleNamespace(groups=pd.DataFrame([*within, gap]), labels={}, confidence=0.95)
    return lambda words: limits.group_sentences(made, words)[0]


def imputed(words):
    completed = SimpleNamespace(
        imputations=20,
        missing=pd.DataFrame([{"column": "motivation", "rows": 216, "organizations": 18, "never": 7}]),
        table=pd.DataFrame([ROWS[0]], columns=result().table.columns[: len(ROWS[0])]).assign(
            complete_estimate=0.113, pooled_estimate=0.094, complete_n=1584, pooled_n=1800
        ),
    )
    return " ".join(
        limits.missing_sentences(SimpleNamespace(imputed=completed, table=result().table, labels={}), words)
    )


def predicted(words):
    table = pd.DataFrame({"measure": ["auc", "brier"], "out_of_fold": [0.65, 0.23], "base_rate": [0.5, 0.247]})
    told = SimpleNamespace(table=table, auc_low=0.62, auc_high=0.68)
    return limits.prediction_sentence(SimpleNamespace(prediction=told, outcome="attended"), words)


def uptake(*quarters, organizations=20):
    """Each organization was invited to nine events in each quarter and came to three of them."""
    came = [(o, e, (o + e) % 3 == 0) for o in range(organizations) for e in range(9)]
    rows = pd.concat(
        pd.DataFrame(came, columns=["organization_id", "event", "attended"]).assign(fiscal_quarter=quarter)
        for quarter in quarters
    )
    rows = rows.assign(event_id=rows["fiscal_quarter"] + rows["event"].astype(str))
    return lambda words: participation.quarter_sentence(SMALL, rows, quarter=QUARTER, language=words)


def quality(aside, unknown):
    rows = pd.DataFrame({"attended": pd.array([True, False] + [None] * unknown, dtype="boolean")})
    table = pd.DataFrame({"table": ["invitations"], "read": [4485], "set_aside": [aside]})
    data = SimpleNamespace(tables={}, programme=SimpleNamespace(smallest_cell=5))

    def said(words):
        with patch.object(learning_report.quality, "by_table", lambda data: table):
            return learning_report.quality_sentence(data, rows, language=words)

    return said


def due(late, later, changes, *, status="planned"):
    """Each of 6 organizations was promised so many follow-ups that are late, and so many that fall due later."""
    held = pd.DataFrame({"organization_id": [str(o) for o in range(6)] * (late + later)})
    days = [pd.Timestamp("2017-05-01")] * 6 * late + [pd.Timestamp("2017-08-01")] * 6 * later
    held = held.assign(held_on=pd.Timestamp("2017-04-03"), follow_up_done_on=pd.NaT)
    return written([(BEFORE, status)] * changes, held.assign(follow_up_due_on=pd.to_datetime(days)))


def written(changes, conversations=None):
    """What is due, and what was decided in the quarter, where so many changes were written down."""
    learning = pd.DataFrame([(quarter, "x", status) for quarter, status in changes])
    learning = learning.reindex(columns=range(3)).set_axis(["quarter", "adaptation", "status"], axis=1).astype("str")
    if conversations is None:
        conversations = pd.DataFrame(columns=["organization_id", "held_on", "follow_up_due_on", "follow_up_done_on"])
    data = SimpleNamespace(conversations=conversations, learning=learning, programme=SMALL.programme)
    return lambda words: " ".join(
        [
            learning_report.decided_sentence(data, quarter=QUARTER, language=words),
            *learning_report.next_quarter(data, quarter=QUARTER, language=words),
        ]
    )


def nothing_learned(words):
    data = SimpleNamespace(learning=pd.DataFrame(columns=["quarter", "question", "expectation", "finding"], dtype=str))
    return learning_report.learned(data, quarter=QUARTER, language=words).sentences


def compared(said, then=None, now=None):
    then, now = said if then is None else then, said if now is None else now
    return lambda words: " ".join(learning_report.compared_sentences(said, then, now, quarter=QUARTER, language=words))


def told(strength, *, taken_up=0.42):
    return {"taken_up": taken_up, "estimate business_showcase": 0.2, "strength business_showcase": strength}


def approach(changed_on, after=20):
    """Organizations were invited to eight events in April and came to half; of so many in July, to two of three."""
    days = [pd.Timestamp("2017-04-01") + pd.Timedelta(days=day) for day in range(8)]
    rows = pd.DataFrame(
        [
            (str(o), day + later, (o + n) % (3 if later else 2) > 0)
            for later, some in ((pd.Timedelta(0), 20), (pd.Timedelta(days=91), after))
            for o in range(some)
            for n, day in enumerate(days)
        ],
        columns=["organization_id", "held_on", "attended"],
    )
    about = SimpleNamespace(started_on=None, new_approach_on=changed_on)
    data = SimpleNamespace(programme=SimpleNamespace(smallest_cell=5, about=about))
    rows = rows.assign(event_id=rows["held_on"].astype(str))
    return lambda words: " ".join(learning_report.approach_sentences(data, rows, language=words))


def pledged(organizations, delivered):
    each = pd.DataFrame({"organization_id": map(str, range(organizations)), "pledged_on": pd.Timestamp("2017-04-03")})
    done = [pd.Timestamp("2017-05-01")] * delivered + [pd.NaT] * (organizations - delivered)
    data = SimpleNamespace(contributions=each.assign(delivered_on=pd.to_datetime(done)), programme=SMALL.programme)
    return lambda words: learning_report.contribution_sentences(data, quarter=QUARTER, language=words)[0]


def hidden(count, *, withheld=False):
    table = pd.DataFrame({"x": [True] * count})
    return lambda words: Protected(table, table, 5, withheld).sentence(words)


SITUATIONS = {
    "an effect": of_row(),
    "a negative effect": of_row(strength="likely", estimate=-0.081, conf_low=-0.15, conf_high=-0.012),
    "a wide interval": of_row(strength="uncertain", estimate=0.045, conf_low=-0.31, conf_high=0.4),
    "no effect": of_row(strength="no sign of", estimate=0.004, conf_low=-0.04, conf_high=0.05),
    "one more": of_row(estimate=0.011, conf_low=0.002, conf_high=0.02, n_offered=1, groups_offered=1),
    "less than one more": of_row(estimate=0.004, conf_low=0.002, conf_high=0.006),
    "more than a thousand invitations": of_row(n_offered=12345, groups_offered=1048),
    "1 organization": of_row(varies_by="organization_id", n_offered=9, groups_offered=1),
    "an amount": of_row(**AMOUNT, estimate=0.00021, conf_low=0.00012, conf_high=0.0003),
    "one kind with another": of_row(against="none", varies_by="organization_id"),
    "one kind with another, less": of_row(against="none", estimate=-0.01, conf_low=-0.02, conf_high=-0.001),
    "separated": unknown("separated", k_offered=612),
    "separated, with a rough interval": of_row(
        **SILENT | dict(reason="separated", penalized_low=-0.031, penalized_high=0.38, permutation_p=0.12)
    ),
    "always together with something else": unknown("collinear", estimate=NAN),
    "too few that differ": unknown("low_df"),
    "nearly all the same answer": unknown("rare_outcome"),
    "never offered": unknown("constant", n_offered=0, k_offered=0),
    "always offered": unknown("constant", n_offered=1800, k_offered=980, n_not_offered=0),
    "the same amount everywhere": unknown("constant", **AMOUNT),
    "an amount that hardly differed": unknown("few_groups", **AMOUNT),
    "0 events": unknown("few_groups", groups_offered=0),
    "1 event": unknown("few_groups", groups_offered=1, n_offered=38, k_offered=1),
    "4 events": unknown("few_groups", groups_offered=4),
    "only 1 organization had it": unknown("few_groups", varies_by="organization_id", groups_offered=1),
    "only 4 organizations had it": unknown("few_groups", varies_by="organization_id", groups_offered=4),
    "almost all had it": unknown("few_groups", groups_offered=46),
    "one kind with another, untold": unknown("low_df", against="none"),
    "a study in its own units": of_a_study(PEOPLE),
    "a study without units": of_a_study(None),
    "a study, only 4 groups": of_a_study(None, **SILENT, reason="few_groups", groups_offered=4),
    "the answer in a headline": of_result(findings.headline),
    "a headline without a finding": of_result(findings.headline, ROWS[2:4]),
    "at a glance": of_result(findings.at_a_glance),
    "all incentives together": of_result(findings.joint_sentence),
    "all incentives together, no more than chance": of_result(
        findings.joint_sentence, joint=result().joint | {"p_value": 0.2}
    ),
    "no test of all together": of_result(findings.joint_sentence, joint=None),
    "rows left out": of_result(findings.left_out_sentence),
    "1 row left out": of_result(
        findings.left_out_sentence, left_out=pd.DataFrame({"column": ["attended"], "rows": [1]})
    ),
    "no row left out": of_result(findings.left_out_sentence, left_out=result().left_out.iloc[:0]),
    "the rule for the words": of_result(findings.strength_rule),
    "the method": lambda words: " ".join(findings.method_sentences(result(), words, adjust_for=["org_type"])[:2]),
    "nothing adjusted for": lambda words: findings.method_sentences(result(), words)[0],
    "what could have been missed, and what could explain it": of_result(limits.limits, ROWS[1:3]),
    "groups that differ": groups("clear", 0.03, 0.15),
    "groups of which it is uncertain": groups("uncertain", -0.03, 0.21),
    "groups of which nothing can be told": groups("cannot tell", NAN, NAN),
    "missing answers": imputed,
    "prediction": predicted,
    "other ways of looking, all the same": ways(0.18, 0.25, 0.25, 0.2),
    "other ways of looking, some against": ways(0.04, -0.02, -0.02, 0.09),
    "one way of looking": ways(-0.18),
    "a quarter after another": uptake(BEFORE, QUARTER),
    "first quarter without a predecessor": uptake(QUARTER),
    "suppressed: too few organizations": uptake(QUARTER, organizations=4),
    "quality, 1 row and 1 invitation": quality(1, 1),
    "quality, nothing set aside": quality(0, 0),
    "follow-ups and changes": due(2, 1, 3),
    "no follow-up, 1 change": due(0, 0, 1),
    "all changes done": due(1, 0, 1, status="done"),
    "2 changes decided in the quarter": written([(QUARTER, "planned")] * 2),
    "what was said still stands": compared(told("clear")),
    "what was said is no longer so": compared(told("likely"), told("likely", taken_up=0.44), told("uncertain")),
    "a new finding": compared(told("uncertain"), now=told("clear")),
    "no report of the quarter before": compared({}, told("clear"), told("clear")),
    "before and after the new approach": approach(date(2017, 7, 1)),
    "a new approach on no day": approach(None),
    "suppressed: a new approach with 4 organizations": approach(date(2017, 7, 1), after=4),
    "contributions": pledged(45, 28),
    "suppressed: contributions of 4 organizations": pledged(4, 0),
    "no contribution": pledged(0, 0),
    "nothing was written down": nothing_learned,
    "1 figure suppressed": hidden(1),
    "7 figures suppressed": hidden(7),
    "a table withheld": hidden(7, withheld=True),
    "who, when and whom to ask": lambda words: " · ".join(parts.meta(programme(), QUARTER, words)),
    "an empty number, a small p-value": lambda words: " | ".join([words.number(None), words.p_value(0.0002)]),
}
