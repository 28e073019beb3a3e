# ruff: noqa: E501  (a situation stays a line)
"""Situations a brief can meet, each made by hand: name → what is said of it, in the language asked for.

``tests/data/brief_sentences.csv`` holds the whole sentences, a situation a line and a language a column.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd

from konbit_lessons.measures.organization import Record
from konbit_lessons.pages import organization_brief as brief
from konbit_lessons.tables import EXPECTATIONS, TABLES, dtype_of

OFFERS = {"training": ["training"], "leads": ["business_showcase"], "funding": [], "equipment": []}
ANALYSIS = SimpleNamespace(incentives=["per_diem", "business_showcase"])
LABELS = {"per_diem": "Per diem", "business_showcase": "Business showcase"}
PROFILE = {
    "share": 0.446,
    "share_low": 0.301,
    "share_high": 0.612,
    "expected": 0.44,
    "reliability": 0.344,
    "invitations": 11,
}


def frame(table, *rows):
    columns = {name: dtype_of(column) for name, column in TABLES[table].columns.items()}
    return pd.DataFrame(list(rows), columns=list(columns)).astype(columns)


def programme(offers=OFFERS):
    return SimpleNamespace(offers=offers, analysis=ANALYSIS, labels=LABELS)


def about(**changes):
    said = {"organization_id": "CDSP-001", "name": "Asosyasyon Peyizan Aquin", "org_type": "cdsp", "staff": 14}
    return frame("organizations", said | {"joined_on": pd.Timestamp("2016-06-04")} | changes).iloc[0]


def invited(*came, kind="training", showcase=False):
    """Invitations a month apart from January 2017 on, and whether each was taken up."""
    days = pd.date_range("2017-01-10", periods=len(came), freq="MS")
    return pd.DataFrame(
        {
            "event_id": [f"E{i}" for i in range(len(came))],
            "held_on": days,
            "event_type": kind,
            "attended": pd.array(came, dtype="boolean"),
            "hours": 2.0,
            "senior_delegate": pd.array([True] * len(came), dtype="boolean"),
            "per_diem": pd.array([True] * len(came), dtype="boolean"),
            "business_showcase": pd.array([showcase] * len(came), dtype="boolean"),
        }
    )


def talk(day, due=None, done=None, **expects):
    said = {"organization_id": "CDSP-001", "held_on": day, "follow_up_due_on": due, "follow_up_done_on": done}
    return said | {f"expects_{what}": yes for what, yes in expects.items()}


def answers(*waves):
    """One row per wave: the expectations named in it; the others are answered with no."""
    lines = [
        {"wave": i, "said_on": pd.Timestamp(2016 + i // 2, 6, 1) + pd.Timedelta(days=i)}
        | {f"expects_{what}": what in named for what in EXPECTATIONS}
        for i, named in enumerate(waves, start=1)
    ]
    columns = ["wave", "said_on", *(f"expects_{what}" for what in EXPECTATIONS)]
    types = {f"expects_{what}": "boolean" for what in EXPECTATIONS} | {"said_on": "datetime64[us]"}
    return pd.DataFrame(lines, columns=columns).astype(types)


def record(**changes):
    """A partner of which nothing is on record, and what is changed of it."""
    talks = changes.pop("talks", ())
    empty = Record(
        programme=programme(),
        quarter="FY2017Q3",
        about=about(),
        invitations=invited(),
        walk_ins=0,
        waves=[],
        answers=answers(),
        conversations=frame("conversations", *talks),
        other_support=frame("other_support"),
        business_leads=frame("business_leads"),
        contributions=frame("contributions"),
        profile={},
        adds={},
    )
    return replace(empty, **changes)


def pledge(kind, day, delivered=None):
    return {"organization_id": "CDSP-001", "kind": kind, "pledged_on": day, "delivered_on": delivered}


def lead(kind, day, value=np.nan, evidence=None):
    return {"organization_id": "CDSP-001", "kind": kind, "date": day, "value_htg": value, "evidence": evidence}


def support(project, started, ended=None, topic=None):
    line = {"organization_id": "CDSP-001", "project": project, "topic": topic}
    return line | {"started_on": started, "ended_on": ended}


RECENT = talk("2017-06-20")
LEFT = about(left_on="2017-05-01")


def said(part, **changes):
    def in_language(words):
        found = part(record(**changes), words)
        return found if isinstance(found, str) else " | ".join(found)

    return in_language


SITUATIONS = {
    "it came to some": said(brief.headline, invitations=invited(True, False, True), talks=[talk("2017-05-09", "2017-06-01")]),
    "invited once": said(brief.headline, invitations=invited(True), talks=[talk("2017-06-29", "2017-07-04")]),
    "some attendance unknown": said(brief.headline, invitations=invited(True, None, None)),
    "all attendance unknown": said(brief.headline, invitations=invited(None, None)),
    "never invited, never talked with": said(brief.headline),
    "several follow-ups overdue": said(brief.headline, talks=[talk("2017-01-02", "2017-02-01"), talk("2017-01-03", "2017-03-01")]),
    "a partner": said(brief.history_sentence, about=about(department="Sud", consulted_at_design=True, earlier_donor_support=False)),
    "hardly known": said(brief.history_sentence, about=about(joined_on=None, staff=None)),
    "it left": said(brief.history_sentence, about=LEFT),
    "it left, nobody knows when it joined": said(brief.history_sentence, about=about(joined_on=None, left_on="2017-05-01")),
    "it will join": said(brief.history_sentence, about=about(joined_on="2017-08-01")),
    "one person": said(brief.history_sentence, about=about(staff=1, consulted_at_design=False, earlier_donor_support=True)),
    "to talk about: nothing": said(brief.topic_sentences, talks=[RECENT]),
    "to talk about: it left": said(brief.topic_sentences, about=LEFT),
    "to talk about: it left and we owe": said(brief.topic_sentences, about=LEFT, talks=[talk("2017-01-02", "2017-02-01")]),
    "to talk about: never talked with": said(brief.topic_sentences),
    "to talk about: at most five": said(
        brief.topic_sentences,
        talks=[talk("2016-12-01", "2017-01-01"), talk("2016-12-02", "2017-02-01")],
        answers=answers({"training"}, {"funding", "leads"}),
        contributions=frame("contributions", pledge("venue", "2017-04-14")),
    ),
    "to talk about: the rest": said(
        brief.topic_sentences,
        talks=[RECENT],
        contributions=frame("contributions", pledge("venue", "2017-04-14"), pledge("trainer", "2017-05-14")),
        other_support=frame("other_support", support("LEVE", "2017-01-29"), support("LOKAL+", "2017-02-01")),
        business_leads=frame("business_leads", lead("lead", "2016-12-12"), lead("lead", "2017-01-02")),
    ),
    "to talk about: one pledge, one lead": said(
        brief.topic_sentences,
        talks=[RECENT],
        contributions=frame("contributions", pledge("venue", "2017-04-14")),
        business_leads=frame("business_leads", lead("lead", "2016-12-12")),
    ),
    "to talk about: newly expected": said(brief.topic_sentences, talks=[RECENT], answers=answers(set(), {"visibility"})),
    "to talk about: no longer expected": said(brief.topic_sentences, talks=[RECENT], answers=answers({"network"}, set())),
    "conversations": said(
        brief.conversation_sentences,
        talks=[talk("2017-01-02", "2017-02-01"), talk("2017-02-02", "2017-03-01", "2017-03-01"), talk("2017-06-20", "2017-07-04")],
    ),
    "one conversation, nothing promised": said(brief.conversation_sentences, talks=[talk("2017-06-29")]),
    "many overdue": said(brief.conversation_sentences, talks=[talk("2017-01-02", f"2017-02-0{i}") for i in range(1, 6)]),
    "a profile": said(brief.profile_sentences, invitations=invited(True), profile=PROFILE),
    "a profile of one invitation": said(brief.profile_sentences, profile=PROFILE | {"invitations": 1, "reliability": 0.08}),
    "no profile can be told": said(brief.profile_sentences, invitations=invited(True)),
    "no profile yet": said(brief.profile_sentences),
    "beyond the offer, and expected": said(brief.limit_sentences, answers=answers({"funding"})),
    "beyond the offer, not expected": said(brief.limit_sentences, answers=answers({"training"})),
    "no offer declared": said(brief.limit_sentences, programme=programme({})),
    "all is offered": said(brief.limit_sentences, programme=programme({what: ["training"] for what in EXPECTATIONS})),
    "nothing given": said(brief.given_sentences),
    "much given": said(
        brief.given_sentences,
        contributions=frame("contributions", pledge("venue", "2017-04-14", "2017-05-01"), *(pledge(k, "2017-04-14") for k in "abcd")),
        business_leads=frame("business_leads", lead("lead", "2016-12-12", 60000, "invoice"), lead("contract", "2017-01-02", 25000)),
        other_support=frame("other_support", support("LEVE", "2017-01-29", topic="governance"), support("X", "2016-01-29", "2016-02-01")),
    ),
    "it came uninvited": lambda words: brief.timeline_figure(record(walk_ins=2), words).sentences,
}  # fmt: skip
