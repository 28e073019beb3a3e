"""The learning report: its sentences compared whole, and nothing in it from after the quarter."""

import json
import re
from dataclasses import replace

import nbformat
import pytest
from pseudo import pseudo_language, untranslated

import konbit_lessons as kl
from konbit_lessons.figures import Figure
from konbit_lessons.pages import learning_report
from konbit_lessons.parts import Items, Prose, Table, anchor_of
from konbit_lessons.reports import make_reports
from konbit_lessons.words.extract import NOTEBOOKS, markdown_blocks

QUARTER, BEFORE = "FY2017Q3", "FY2017Q2"
LEARNING = (
    "quarter,question,expectation,finding,adaptation,action,owner,status\n"
    f"{QUARTER},Who comes?,Most,Few,Call them,A1,M&E lead,planned\n"
    f"{QUARTER},Why?,,,,,,\n"
    f"{BEFORE},Do they pledge?,Yes,Some,Write it down,A2,Training lead,done\n"
)


@pytest.fixture(scope="module")
def rows(whole):
    return kl.invitations(whole, until=QUARTER)


@pytest.fixture(scope="module")
def result(whole, rows):
    return kl.predict_participation(rows, **whole.programme.question)


@pytest.fixture
def decided(tiny):
    """The tiny programme with what was learned in two quarters."""
    tiny.raw("learning.csv").write_text(LEARNING, encoding="utf-8")
    with tiny.toml.open("a") as file:
        file.write('\n[[source]]\ntable = "learning"\nfiles = "learning.csv"\n')
    return tiny.clean()


def every_part(data, rows, result, **when):
    """Every part of the report, by name."""
    of_data = (
        "learned",
        "changes_before",
        "will_change",
        "actions_table",
        "contribution_figure",
        "support_figure",
        "approach_table",
    )
    of_rows = ("lead_figure",)
    parts = {name: getattr(learning_report, name)(data, **when) for name in (*of_data, "parameters_table")}
    parts |= {name: getattr(learning_report, name)(data, rows, **when) for name in of_rows}
    language = {"language": when["language"]}
    parts["uptake_figure"] = learning_report.uptake_figure(data, rows, **language)
    parts["quality_table"] = learning_report.quality_table(data, **language)
    sentences = {
        name: getattr(learning_report, name)(data, **when)
        for name in ("contribution_sentences", "joint_sentences", "next_quarter")
    }
    sentences["conversation_sentences"] = learning_report.conversation_sentences(data, rows, **when)
    sentences["lead_sentences"] = learning_report.lead_sentences(data, rows, **when)
    sentences["approach_sentences"] = learning_report.approach_sentences(data, rows, **language)
    sentences["definition_sentences"] = learning_report.definition_sentences(**language)
    sentences["holds_sentences"] = learning_report.holds_sentences(result, **language)
    sentences["at_a_glance"] = learning_report.at_a_glance(data, rows, result, **when)
    return parts | {name: Prose(said) for name, said in sentences.items()}


def test_expectations_are_those_of_the_latest_wave_by_then(whole):
    assert kl.expected(whole, until="FY2017Q3")["wave"].unique().tolist() == [3]
    assert kl.expected(whole, until="FY2017Q1")["wave"].unique().tolist() == [2]


def test_nothing_written_down_is_said_plainly(whole):
    said = learning_report.learned(whole, quarter=QUARTER)
    assert said.sentences == ("Nothing was written down for this quarter. Add it to the table of learning questions.")


def test_a_change_links_to_its_finding_and_to_the_section_of_its_action(decided):
    findings = learning_report.learned(decided, quarter=QUARTER)
    changes = learning_report.will_change(decided, quarter=QUARTER)
    assert [item.heading for item in findings.items] == ["Finding 1: Few", "Finding 2: nothing was written down"]
    assert [item.heading for item in changes.items] == ["Call them"]  # the other question led to no change
    assert changes.items[0].facts == [
        ("Rests on", "[finding 1](#finding-1)"),
        (
            "Action",
            "[A1, regular conversations with each organization](#a1-regular-conversations-with-each-organization)",
        ),
        ("Who", "M&E lead"),
        ("Status", "decided, not begun"),
    ]
    assert 'id="finding-1"' in findings._repr_html_()


def test_what_was_to_change_after_the_quarter_before_stands_with_its_status_of_today(decided):
    changes = learning_report.changes_before(decided, quarter=QUARTER)
    assert isinstance(changes, Items)
    assert [(item.heading, item.facts[-1]) for item in changes.items] == [("Write it down", ("Status", "finished"))]


def test_text_of_an_evaluator_is_shown_and_does_nothing(decided):
    hostile = decided.learning.assign(finding='<img src=x onerror="window.__pwn=1">')
    data = replace(decided, tables=decided.tables | {"learning": hostile})
    shown = learning_report.learned(data, quarter=QUARTER)._repr_html_()
    assert "<img" not in shown and "&lt;img" in shown


def test_at_a_glance_is_at_most_five_sentences_and_each_links_to_a_section(whole, rows, result):
    said = learning_report.at_a_glance(whole, rows, result, quarter=QUARTER)
    assert len(said) == 5
    assert said[0] == (
        "**[96 of 100 service providers (CDSPs) and 35 of 37 awardees](#who-takes-part)** came to at least one event up "
        "to FY2017Q3; together they account for 764 attendances."
    )
    assert "#what-they-expect" in said[1] and "#what-predicts-participation" in said[2]
    assert said[3].startswith("By five standards") and "#data-and-its-quality" in said[3]
    assert said[4].startswith("In FY2017Q3, **[no change was decided](#what-we-will-change)**; **[")


def test_the_sections_are_those_of_the_notebook(whole):
    cells = nbformat.read(NOTEBOOKS / "learning_report.ipynb", as_version=4).cells
    headings = [
        markdown_blocks(cell.source)[0]
        for cell in cells
        if cell.cell_type == "markdown" and cell.source.startswith("## ") and "Annex" not in cell.source
    ]
    assert list(learning_report.SECTIONS.values()) == headings
    assert [anchor_of(heading) for heading in headings] == list(learning_report.SECTIONS)
    below = [anchor_of(cell.source) for cell in cells if cell.source.startswith("### A")]
    assert below == list(learning_report.ANCHORS.values())


@pytest.mark.slow
def test_what_was_said_is_kept_in_the_manifest_and_found_by_the_next_report(whole_programme, tmp_path):
    programme = kl.load(whole_programme / "programme.toml")
    for quarter in (BEFORE, QUARTER):
        make_reports(programme, ["learning_report"], quarter=quarter, reports=tmp_path, progress=str)
    kept = learning_report.stored(tmp_path, before=QUARTER, audience="shared")
    assert kept["taken_up"] == pytest.approx(187 / 380, abs=1e-6)
    assert learning_report.stored(tmp_path, before=QUARTER, audience="internal") == {}
    assert learning_report.stored(tmp_path, before=BEFORE, audience="shared") == {}
    html = (tmp_path / QUARTER / "shared" / "learning_report.html").read_text(encoding="utf-8")
    assert "What the report of FY2017Q2 said still stands by today" in html
    manifest = json.loads((tmp_path / QUARTER / "manifest.json").read_text(encoding="utf-8"))
    assert "reports" not in manifest["reports"]["learning_report"]["parameters"]  # a place on this machine


def test_a_figure_that_is_another_today_is_named(whole, rows, result):
    now, then = learning_report.told_by_both(whole, rows, result, quarter=QUARTER)
    said = then | {"taken_up": then["taken_up"] + 0.02}
    sentences = learning_report.compared_sentences(said, then, now, quarter=QUARTER)
    assert sentences[0] == (
        "Of what the report of FY2017Q2 said, 1 figure is another by today's records: invitations taken up."
    )
    table = learning_report.compared_table(said, then, now, quarter=QUARTER)
    assert table.frame.iloc[0].to_list() == ["Invitations taken up", "51 %", "49 %", "48 %"]


def test_the_first_quarter_compares_with_nothing(whole, rows, result):
    first = rows[rows["fiscal_quarter"] == "FY2016Q3"]
    now, then = learning_report.told_by_both(whole, first, result, quarter="FY2016Q3")
    assert then == {} and now["taken_up"] == pytest.approx(0.41, abs=0.005)
    assert learning_report.compared_table({}, then, now, quarter="FY2016Q3").sentences == (
        "Nothing is on record of FY2016Q2 to compare with."
    )


@pytest.mark.slow
def test_every_word_comes_out_translated(whole, rows, result, tmp_path):
    words = pseudo_language(tmp_path)
    parts = every_part(whole, rows, result, quarter=QUARTER, language=words)
    said = [learning_report.title(words)]
    for part in parts.values():
        if isinstance(part, Figure):
            said += [part.heading, part.subtitle, part.caption, *part.table.columns]
        elif isinstance(part, Table):
            said += [part.caption, *part.frame.columns, *part.frame.iloc[:, 0]]
        elif isinstance(part, Prose):
            said += [part.sentences] if isinstance(part.sentences, str) else part.sentences
        else:
            said += [text for item in part.items for fact in item.facts for text in fact]
    plain = [re.sub(r"FY\d{4}Q\d|narrative/\S+|\bA[1-4]\b|\(#[\w-]+\)", "", text) for text in said]
    assert [outside for text in plain if (outside := untranslated(text))] == []
