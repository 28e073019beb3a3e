"""The brief on one organization: whole sentences, tables by hand, and what it must neither show nor change."""

from itertools import pairwise
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from brief_situations import OFFERS, SITUATIONS, about, answers, invited, programme, record, talk

import konbit_lessons as kl
from konbit_lessons.errors import DataError, ProgrammeError
from konbit_lessons.measures import organization as measures
from konbit_lessons.pages import organization_brief as brief
from konbit_lessons.parts import Prose

SENTENCES = pd.read_csv(Path(__file__).parent / "data" / "brief_sentences.csv", keep_default_na=False)
QUARTER = "FY2017Q2"


@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_every_situation_is_said_in_whole_sentences(language):
    assert SENTENCES["situation"].tolist() == list(SITUATIONS)
    for name, wanted in zip(SENTENCES["situation"], SENTENCES[language], strict=True):
        assert SITUATIONS[name](language) == wanted, name


def of(tiny, organization="CDSP-001", quarter=QUARTER):
    return brief.record(kl.load(tiny.toml, audience="internal"), organization, quarter=quarter)


# ---- what is on record


def test_a_record_holds_the_rows_of_one_organization_up_to_the_end_of_the_quarter(tiny):
    tiny.add("conversations.csv", "CDSP-001,2017-04-01,")
    tiny.add("survey.csv", "u4,CDSP-001,2017-05-01,2,4,no")
    one = of(tiny)
    assert one.invitations["event_id"].tolist() == ["E001", "E002"]
    assert one.invitations["attended"].tolist() == [True, False]
    assert one.conversations["held_on"].dt.strftime("%Y-%m-%d").tolist() == ["2016-12-01"]
    assert one.waves == [1]
    assert one.answers["expects_funding"].tolist() == [True]  # one of its two respondents named it
    assert of(tiny, quarter="FY2017Q3").waves == [1, 2]


def test_what_is_done_to_a_record_does_not_change_the_next_one(tiny):
    one = of(tiny)
    for name in ("invitations", "conversations", "answers"):
        rows = getattr(one, name)
        del rows[rows.columns[-1]]
        rows.iloc[:, 0] = rows.iloc[0, 0]
    one.about["name"] = one.profile["share"] = one.adds["per_diem"] = "changed"
    one.programme.offers["training"] = ["changed"]
    again = of(tiny)
    assert again.about["name"] == "Asosyasyon Peyizan Aquin"
    assert again.invitations["event_id"].tolist() == ["E001", "E002"]
    assert "expects_visibility" in again.answers
    assert not again.profile and not again.adds and not again.programme.offers


def test_tables_are_cleaned_once_while_the_raw_files_stay_and_again_when_they_change(tiny, monkeypatch):
    read = []
    monkeypatch.setattr(measures, "cleaned", lambda programme: read.append(1) or kl.cleaned(programme))
    of(tiny), of(tiny, "AWD-001")
    assert len(read) == 1
    tiny.replace("organizations.csv", "Asosyasyon Peyizan Aquin", "Asosyasyon Peyizan Okay")
    assert of(tiny).about["name"] == "Asosyasyon Peyizan Okay"
    assert len(read) == 2


def test_an_organization_that_signed_in_uninvited_is_counted_apart(tiny):
    tiny.add("sign_in.csv", "E002,CDSP-002,Fourth Delegate,no")
    one = of(tiny, "CDSP-002")
    assert (len(one.invitations), one.walk_ins) == (1, 1)
    assert "without an invitation on record" in brief.timeline_figure(one).caption


def test_unknown_attendance_is_neither_come_nor_stayed_away(tiny):
    tiny.add("events.csv", "E003,training,2017-03-01,0,no")
    tiny.add("invitations.csv", "E003,CDSP-001")
    figure = brief.timeline_figure(of(tiny))
    assert figure.heading == "It came to 1 of 2 events it was invited to. Of 1 more it is unknown"
    assert figure.table["Attendance"].tolist() == ["came", "did not come", "unknown"]
    assert "Training: came (1) and unknown (1)." in figure.alt


def test_a_code_that_no_organization_has_is_refused_with_those_near_it(tiny):
    with pytest.raises(ProgrammeError, match=r'found "cdsp-01", a code that no organization has; near it are CDSP-001'):
        of(tiny, "cdsp-01")
    with pytest.raises(ProgrammeError, match="there are 4, such as AWD-001"):
        of(tiny, "")


def test_a_brief_for_sharing_is_refused(tiny):
    with pytest.raises(ProgrammeError, match=r'found the audience "shared"; a brief is about one organization'):
        brief.record(kl.load(tiny.toml), "CDSP-001", quarter=QUARTER)


def test_a_study_has_no_briefs():
    study = kl.load(Path(__file__).parent.parent / "examples/thornton_2008/programme.toml", audience="internal")
    with pytest.raises(ProgrammeError, match="a study, which has no organizations"):
        brief.record(study, "CDSP-001", quarter=QUARTER)


def test_a_quarter_before_the_first_event_is_refused(tiny):
    with pytest.raises(DataError, match="no event was held until then"):
        of(tiny, quarter="FY2016Q1")


# ---- what to talk about


def test_the_latest_word_counts_whether_in_the_survey_or_in_a_conversation():
    named = answers({"training"}, {"funding"})  # of June 2016 and June 2017
    assert measures.expects(record(answers=named))["training"] is False
    later = record(answers=named, talks=[talk("2017-06-20", training=True)])
    assert measures.expects(later) == dict.fromkeys(measures.expects(later), False) | {
        "training": True,
        "funding": True,
    }
    earlier = record(answers=named, talks=[talk("2017-01-20", training=True)])
    assert measures.expects(earlier)["training"] is False
    assert measures.expects(record()) == {}


def test_what_it_was_invited_to_is_counted_by_the_offer():
    assert measures.invited_with(record(invitations=invited(True, None, False))) == {"training": 3, "leads": 0}
    assert measures.invited_with(record(invitations=invited(True, showcase=True))) == {"training": 1, "leads": 1}


def test_topics_stand_in_the_order_of_the_rule_and_are_at_most_five(whole):
    rows = kl.invitations(whole)
    seen = set()
    for code in whole.organizations["organization_id"]:
        one = measures.record_of(whole, rows, None, code, quarter="FY2017Q3")
        rules = [topic.rule for topic in measures.topics(one)]
        assert rules == sorted(rules, key=measures.RULES.index)
        assert len(rules) <= measures.MOST_TOPICS
        seen |= set(rules)
    assert len(seen) >= 6


def test_a_conversation_90_days_ago_is_recent_and_one_91_days_ago_is_not():
    rules = lambda day: [topic.rule for topic in measures.topics(record(talks=[talk(day)]))]  # noqa: E731
    assert rules("2017-04-01") == []
    assert rules("2017-03-31") == ["no_conversation"]


# ---- tables


def test_what_it_was_offered_by_hand():
    one = record(
        invitations=invited(True, False, None, showcase=True), adds={"per_diem": 0.034, "business_showcase": -0.004}
    )
    table = brief.offered_table(one)
    assert table.frame.to_numpy().tolist() == [["Per diem", "1 of 2", "+3"], ["Business showcase", "1 of 2", "−0.4"]]
    none = brief.offered_table(record(invitations=invited(True), adds={"per_diem": 0.034})).frame
    assert none.to_numpy().tolist() == [["Per diem", "1 of 1", "+3"], ["Business showcase", "–", "–"]]
    assert isinstance(brief.offered_table(record(invitations=invited(None))), Prose)


def test_expectations_by_wave_beside_what_it_was_invited_to():
    one = record(
        waves=[1, 2, 3, 4],
        answers=answers({"training"}, {"funding"}),
        invitations=invited(True, True),
        talks=[talk("2017-06-20", funding=False, leads=True)],
    )
    table = brief.expectation_table(one).frame
    assert table.columns.tolist() == ["Expectation", "Wave 2", "Wave 3", "Wave 4", "Last talk", "Invited, with it"]
    assert table.iloc[0].tolist() == ["Funding", "yes", "–", "–", "no", "beyond the offer"]
    assert table.iloc[2].tolist() == ["Training", "no", "–", "–", "–", "2"]
    assert table.iloc[4].tolist() == ["Business opportunities", "no", "–", "–", "yes", "0"]
    assert table.iloc[6].tolist() == ["Visibility", "no", "–", "–", "–", "not decided"]
    assert isinstance(brief.expectation_table(record()), Prose)


def test_the_profile_is_that_of_the_model_and_only_of_its_own_invitations(whole):
    rows = kl.invitations(whole, until="FY2017Q3")
    levels = measures.profiles(whole.programme, rows)
    code = levels.table["organization_id"].iloc[4]
    line = levels.table.set_index("organization_id").loc[code]
    one = measures.record_of(whole, rows, levels, code, quarter="FY2017Q3")
    assert one.profile["share"] == line["share"]
    assert line["share_low"] < line["share"] < line["share_high"]
    assert one.profile["invitations"] == len(one.known)
    assert set(one.adds) == set(whole.programme.analysis.incentives)


# ---- what must not show


@pytest.mark.parametrize(
    "name",
    [
        "x" * 200,
        "‮evil <script>alert(1)</script>",
        "منظمة المزارعين",
        "**bold** [link](#content)",
        '"><img src=x onerror=1>',
        "=1+1",
    ],
)
def test_a_name_however_odd_is_shown_as_text(name):
    shown = kl.Opening(_real(), brief.title(record(about=about(name=name))), "x", quarter=QUARTER)._repr_html_()
    assert "<script" not in shown and "<img" not in shown and "\u202e" not in shown and "<strong>" not in shown


def test_texts_of_the_records_cannot_be_markup_in_a_sentence():
    line = {"organization_id": "CDSP-001", "project": "**X** [y](#content) <b>" + "z" * 99, "started_on": "2017-01-29"}
    one = record(other_support=_support(line))
    shown = Prose(brief.given_sentences(one))._repr_html_()
    assert "<strong>" not in shown and "<a " not in shown and "<b>" not in shown
    assert "z" * 60 not in shown


def test_what_respondents_wrote_and_who_signed_in_are_nowhere_in_a_brief(tiny):
    tiny.replace("survey.csv", "expects_funding\n", "expects_funding,comment\n")
    tiny.replace("survey.csv", "u1,CDSP-001,2017-01-05,1,4,yes", "u1,CDSP-001,2017-01-05,1,4,yes,Planted words")
    one = of(tiny)
    parts = [brief.timeline_figure(one), brief.offered_table(one), brief.expectation_table(one)]
    said = [brief.headline(one), brief.history_sentence(one), *brief.topic_sentences(one), *brief.given_sentences(one)]
    shown = "".join(part._repr_html_() for part in parts) + "".join(said) + repr(one)
    assert "Planted" not in shown and "Delegate" not in shown
    assert not {"comment", "delegate"} & {*one.answers, *one.invitations, *one.conversations}


@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_every_part_shows_for_an_organization_of_which_nothing_is_known(language):
    one = record(programme=programme({}))
    parts = [
        brief.timeline_figure(one, language),
        brief.offered_table(one, language),
        brief.expectation_table(one, language),
    ]
    assert all(isinstance(part, Prose) and part.sentences for part in parts)
    assert brief.notice(language).caveat
    assert "5" in brief.topic_rule(language)


def test_the_rule_that_is_printed_names_every_rule():
    assert brief.topic_rule().count(",") == len(measures.RULES) + 1  # "at most 5," and "in this order:" beside them


def test_a_picture_of_many_invitations_has_no_mark_on_another():
    from konbit_lessons.figures.timeline import APART, _stacked

    marks = _stacked([(float(at), "attended") for at in range(0, 60, 4)])
    for level in {level for _, _, level in marks}:
        places = [at for at, _, its in marks if its == level]
        assert all(b - a >= APART for a, b in pairwise(places))
    assert len({(at, level) for at, _, level in marks}) == 15


def test_the_notebook_is_internal_unless_told():
    notebook = nbformat.read(Path(__file__).parent.parent / "notebooks" / "organization_brief.ipynb", as_version=4)
    assert 'audience = "internal"' in notebook.cells[1].source
    assert OFFERS.keys() <= measures.EXPECTATIONS.keys()


def _real():
    from reporting_example import programme as whole_programme

    return whole_programme()


def _support(line):
    from brief_situations import frame

    return frame("other_support", line)
