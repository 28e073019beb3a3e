# ruff: noqa: E501  (lists of names stand on a line)
"""Situations a page can meet: each is a small programme, bent by hand, and a quarter.

``tests/data/page_sentences.csv`` holds what the pages then say, whole, a sentence a line and a language a column.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

import konbit_lessons as kl
from konbit_lessons.pages import expectations, participation

QUARTER = "FY2017Q2"
EVERYBODY = "[privacy]\nsmallest_cell = 1\n\n[analysis]"
OFFERS = '[offers]\ntraining = ["training"]\nfunding = []\n\n[privacy]\nsmallest_cell = 1\n\n[analysis]'
ATTENDED = """event_id,organization_id,attended
E001,CDSP-001,{0}
E001,CDSP-002,{0}
E001,AWD-001,{0}
E002,CDSP-001,{0}
E002,CDSP-003,{0}
E002,AWD-001,{0}
"""
ONE_ORGANIZATION = {
    "organizations.csv": "organization_id,name,org_type\nCDSP-001,Asosyasyon Peyizan Aquin,cdsp\n",
    "invitations.csv": "event_id,organization_id\nE001,CDSP-001\nE002,CDSP-001\n",
    "sign_in.csv": "event_id,organization_id,delegate\nE001,CDSP-001,First Delegate\n",
    "survey.csv": "submission_id,organization_id,submitted_on,wave,motivation,expects_funding\nu1,CDSP-001,2017-01-05,1,4,yes\n",
    "conversations.csv": "organization_id,held_on,follow_up_due_on\nCDSP-001,2016-12-01,2017-01-01\n",
}  # fmt: skip
TWO_WAVES = """submission_id,organization_id,submitted_on,wave,motivation,expects_funding,expects_training
u1,CDSP-001,2017-01-05,1,4,yes,no
u2,CDSP-002,2017-01-11,1,2,no,yes
u3,AWD-001,2017-01-09,1,5,yes,no
u4,CDSP-001,2017-03-20,2,5,no,yes
u5,CDSP-002,2017-03-20,2,2,no,yes
u6,AWD-001,2017-03-21,2,4,yes,yes
"""
PARTICIPATION = ("headline", "quarter_sentence", "meaningful_sentence", "count_only_sentences", "unknown_sentences", "at_a_glance", "reach_figure", "compared_table", "uptake_figure", "uptake_table", "funnel_figure", "staying_figure", "meaningful_figure", "departments_figure", "consulted_figure")  # fmt: skip
OF_ROWS = ("headline", "groups_sentences", "overlap_sentence", "at_a_glance", "gap_figure", "groups_table", "changed_figure", "overlap_figure")  # fmt: skip
OF_DATA = ("opinion_sentences", "talked_sentence", "follow_up_sentences", "benefit_figure", "overlap_table", "calendar_figure", "since_table")  # fmt: skip


@dataclass
class Situation:
    """How the tiny programme is bent, and the quarter that is looked at."""

    files: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    only: Callable[[str], bool] | None = None
    privacy: str = EVERYBODY
    quarter: str = QUARTER

    def data(self, tiny):
        if self.privacy:
            tiny.replace("programme.toml", "[analysis]", self.privacy)
        for name in self.without:
            tiny.replace("programme.toml", f'[[source]]\ntable = "{name}"\nfiles = "{name}.csv"\n', "")
        for name, text in self.files.items():
            tiny.raw(name).write_text(text, encoding="utf-8")
        if self.only:
            for path in tiny.raw("").glob("*.csv"):
                head, *lines = path.read_text(encoding="utf-8").splitlines()
                path.write_text("\n".join([head, *filter(self.only, lines)]) + "\n", encoding="utf-8")
        return tiny.clean()


def no_awardee(line):
    return not any(name in line for name in ("AWD-001", "CABINET", "CTA"))


SITUATIONS = {
    "few of everything": Situation(),
    "too few to show": Situation(privacy=""),
    "a quarter after the last event": Situation(quarter="FY2017Q3"),
    "only service providers": Situation(only=no_awardee),
    "one event": Situation(only=lambda line: "E002" not in line),
    "everybody came": Situation(files={"invitations.csv": ATTENDED.format("yes")}, without=("sign_in",)),
    "nobody came": Situation(files={"invitations.csv": ATTENDED.format("no")}, without=("sign_in",)),
    "attendance not written down": Situation(without=("sign_in",)),
    "one organization": Situation(files=ONE_ORGANIZATION),
    "two waves and an offer": Situation(privacy=OFFERS, files={"survey.csv": TWO_WAVES}),
    "no survey, no conversations": Situation(without=("survey", "conversations")),
}


def said(data, quarter, language):
    """Everything the two pages show: page and function → a text, a list, or a part."""
    rows = kl.invitations(data, until=quarter)
    when = {"quarter": quarter, "language": language}
    found = {}
    for name in PARTICIPATION:
        own = {"language": language} if name == "unknown_sentences" else when
        found["participation", name] = getattr(participation, name)(data, rows, **own)
    for name in OF_ROWS:
        found["expectations", name] = getattr(expectations, name)(data, rows, **when)
    for name in OF_DATA:
        found["expectations", name] = getattr(expectations, name)(data, **when)
    for question in expectations.OPINIONS:
        found["expectations", question] = expectations.opinion_figure(data, question, **when)
    numbers = [page.sentence_numbers(data, rows, quarter=quarter) for page in (participation, expectations)]
    return found, pd.concat(numbers)


def texts(part):
    """Everything that a part says: prose, heading, subtitle, caption, alt text, cells."""
    if isinstance(part, str):
        return [part]
    if isinstance(part, list | tuple):
        return [text for one in part for text in texts(one)]
    if hasattr(part, "sentences"):
        return texts(part.sentences)
    table = part.table if hasattr(part, "table") else part.frame
    cells = [*table.columns, *table.to_numpy().ravel()]
    return [*(getattr(part, name) for name in ("heading", "subtitle", "caption", "alt") if hasattr(part, name)), *cells]
