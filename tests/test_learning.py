"""The learning report: its sentences compared whole, and nothing in it from after the quarter."""

import pytest
from pseudo import pseudo_language, untranslated

import konbit_lessons as kl
from konbit_lessons.pages import learning_report

QUARTER = "FY2017Q3"


@pytest.fixture(scope="module")
def rows(whole):
    return kl.invitations(whole, until=QUARTER)


def test_the_first_sentence_gives_the_share_its_interval_and_the_quarter_before(rows):
    # 170 of 357 invitations, 187 of 380 the quarter before: counted in tests/data/programme/truth/attended.csv
    said = learning_report.uptake_sentence(rows, quarter=QUARTER)
    assert said == (
        "In FY2017Q3, **48 %** of 357 invitations were taken up (95 % interval 37 to 58), after 49 % the quarter before."
    )


def test_the_first_quarter_has_none_before_it(rows):
    said = learning_report.uptake_sentence(rows, quarter="FY2016Q3")
    assert said == "In FY2016Q3, **41 %** of 191 invitations were taken up (95 % interval 30 to 54)."


def test_a_quarter_without_known_attendance_gives_no_share(rows):
    said = learning_report.uptake_sentence(rows, quarter="FY2018Q1")
    assert said == "In FY2018Q1 attendance is on record for too few organizations to give a share."


def test_expectations_are_those_of_the_latest_wave_by_then(whole):
    assert kl.expected(whole, until="FY2017Q3")["wave"].unique().tolist() == [3]
    assert kl.expected(whole, until="FY2017Q1")["wave"].unique().tolist() == [2]
    assert learning_report.expectation_sentences(whole, quarter=QUARTER)[1] == "Least expected: visibility (20 %)."


def test_nothing_written_down_is_said_plainly(whole):
    said = learning_report.learned(whole, quarter=QUARTER)
    assert said.sentences == ("Nothing was written down for this quarter. Add it to the table of learning questions.")


def test_follow_ups_are_due_or_overdue_on_the_last_day_of_the_quarter(tiny):
    tiny.raw("conversations.csv").write_text(
        "organization_id,held_on,follow_up_due_on,follow_up_done_on\n"
        "CDSP-001,2017-02-01,2017-03-31,\n"  # overdue on 31 March
        "CDSP-001,2017-02-01,2017-03-01,2017-04-02\n"  # done, but after the quarter
        "CDSP-002,2017-02-01,2017-03-01,2017-03-02\n"  # done
        "CDSP-002,2017-03-30,2017-04-10,\n"  # falls due
        "CDSP-003,2017-04-03,2017-04-20,\n",  # not yet held
        encoding="utf-8",
    )
    few = "Of the follow-ups promised in conversations, too few are open to say how many are overdue."
    assert learning_report.next_quarter(tiny.clean(), quarter="FY2017Q2")[0] == few
    data = kl.clean(kl.load(tiny.toml, audience="internal"))
    said = learning_report.next_quarter(data, quarter="FY2017Q2")
    assert said == [
        "Of the follow-ups promised in conversations, **2 are overdue** and 1 falls due later.",
        "0 changes decided so far are not done yet.",
    ]


def test_at_a_glance_is_five_sentences(whole, rows):
    result = kl.predict_participation(rows, **whole.programme.question)
    said = learning_report.at_a_glance(whole, rows, result, quarter=QUARTER)
    assert len(said) == 5
    assert (
        said[0]
        == "**[35 of 37 awardees and 96 of 100 service providers (CDSPs)](#who-takes-part)** came to at least one event."
    )
    assert said[3] == (
        "Of 4,250 rows read, **[19 rows were set aside](#data-and-its-quality)** with the reason on record; "
        "attendance is known for every invitation."
    )
    assert said[4].startswith("Of the follow-ups promised in conversations, **[")


def test_every_word_comes_out_translated(whole, rows, tmp_path):
    words = pseudo_language(tmp_path)
    result = kl.predict_participation(rows, **whole.programme.question)
    when = {"quarter": QUARTER, "language": words}
    figures = [
        learning_report.reach_figure(whole, **when),
        learning_report.uptake_figure(rows, smallest_cell=5, **when),
        learning_report.expectation_figure(whole, **when),
    ]
    table = learning_report.quality_table(whole, language=words)
    said = [
        learning_report.title(words),
        *learning_report.at_a_glance(whole, rows, result, **when),
        *learning_report.expectation_sentences(whole, **when),
        *learning_report.next_quarter(whole, **when),
        *learning_report.actions(words),
        learning_report.learned(whole, **when).sentences,
        *(
            text
            for figure in figures
            for text in (figure.heading, figure.subtitle, figure.caption, *figure.table.columns)
        ),
        *(cell for figure in figures for cell in figure.table.iloc[:, 0] if not cell.startswith("FY")),
        *table.frame.columns,
        *table.frame.iloc[:, 0],
        table.caption,
    ]
    assert [outside for text in said if (outside := untranslated(text.replace(QUARTER, "")))] == []
