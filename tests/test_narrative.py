"""The evaluator's own words: where they show, what is refused, and that nothing in them runs."""

import pytest

import konbit_lessons as kl
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.pages import learning_report
from konbit_lessons.pages.learning_report import ANCHORS, SECTIONS
from konbit_lessons.reports import make_reports
from konbit_lessons.reports.narrative import written
from konbit_lessons.reports.page import sanitized
from konbit_lessons.words import Words, languages

QUARTER = "FY2017Q2"


@pytest.fixture
def said(tiny):
    """Write a narrative and give back what it is for each section."""

    def of(text, *, language="en", findings=0):
        path = tiny.folder / "narrative" / f"{QUARTER}.{language}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return written(
            kl.load(tiny.toml),
            QUARTER,
            language=language,
            sections=SECTIONS,
            findings=findings,
            anchors=ANCHORS.values(),
        )

    return of


def test_what_stands_under_a_heading_shows_in_that_section_and_nowhere_else(said):
    found = said("# Notes\n\n## What they expect\n\nAsk **early**.\n\n## Next quarter\n- one\n- two\n")
    assert found["what-they-expect"]._repr_html_() == "<p>Ask <strong>early</strong>.</p>\n"
    assert "<li>one</li>" in found["next-quarter"]._repr_html_()
    assert {name for name, one in found.items() if one.markdown} == {"what-they-expect", "next-quarter"}
    assert list(found) == list(SECTIONS)


def test_where_no_file_is_nothing_shows(tiny):
    found = written(kl.load(tiny.toml), QUARTER, language="en", sections=SECTIONS, findings=0)
    assert {one._repr_html_() for one in found.values()} == {""}


@pytest.mark.parametrize("language", languages())
def test_the_context_that_nobody_wrote_is_said_to_be_missing(tiny, language):
    data = tiny.clean()
    found = learning_report.narrative(data, quarter=QUARTER, language=language)
    assert f"narrative/{QUARTER}.{language}.md" in found["context-and-challenges"]._repr_html_()


@pytest.mark.parametrize("language", languages())
def test_headings_are_those_of_the_language_or_english(said, language):
    for heading in (SECTIONS["what-we-learned"], Words(language).text(SECTIONS["what-we-learned"]).upper()):
        assert said(f"## {heading} ##\nx", language=language)["what-we-learned"].markdown == "x"


def test_a_heading_inside_a_section_stays_below_the_sections_of_the_report(said):
    assert said("## Next quarter\n### Dates\n#### Early\n")["next-quarter"]._repr_html_() == (
        "<h3>Dates</h3>\n<h3>Early</h3>\n"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("## Wat they expect\nx", 'line 1: found the heading "Wat they expect", which is no section of the report'),
        ("Hello\n## Next quarter\n", "line 1: found text before the first section"),
        ("## Next quarter\n\n## Next quarter\n", 'line 3: the heading "Next quarter" stands there twice'),
        ("## Next quarter\n![x](x.png)\n", "line 2: found an image"),
        ("## Next quarter\n[x](#nowhere)\n", 'line 2: found a link to "#nowhere", which the report does not have'),
        ("## Next quarter\n[x](#finding-3)\n", "expected one of"),
        ("## What we will change\n\n- Call them.\n", "line 3: this recommendation links to no finding"),
        (
            "## What we will change\n- Call [them](#what-they-expect).\n- Pay\n  them.\n",
            "line 3: this recommendation links to no finding",
        ),
        (b"## Next quarter\n\xe9t\xe9\n", "this is not UTF-8"),
    ],
)
def test_what_is_wrong_in_it_is_refused_with_its_line(said, text, message):
    with pytest.raises(ProgrammeError) as error:
        said(text, findings=2)
    assert message in str(error.value)
    assert str(error.value).startswith(f"narrative/{QUARTER}.en.md")


def test_a_recommendation_may_say_what_it_rests_on_in_its_second_line(said):
    found = said(
        "## What we will change\nTwo things.\n\n- Call them,\n  as [finding 2](#finding-2) says.\n", findings=2
    )
    assert 'href="#finding-2"' in found["what-we-will-change"]._repr_html_()


def test_a_link_to_any_section_and_to_an_action_leads_somewhere(said):
    links = " ".join(f"[x](#{anchor})" for anchor in [*SECTIONS, *ANCHORS.values()])
    assert said(f"## Next quarter\n{links}\n")["next-quarter"].markdown == links


def test_html_is_shown_as_the_text_it_is(said):
    hostile = (
        "## Next quarter\n<script>window.__pwn=1</script>\n\n<div style='position:fixed'>x</div>\n\n"
        "[x](javascript:window.__pwn=1) [y](data:text/html;base64,eA==)\n\u202eabc\n"
    )
    shown = sanitized(said(hostile)["next-quarter"]._repr_html_())
    assert "&lt;script&gt;" in shown and "&lt;div" in shown
    assert not any(bad in shown for bad in ("<script", "<div", "javascript:", 'href="data:'))
    assert "\u202e" not in shown


def test_a_wrong_narrative_stops_the_run_before_anything_starts(tiny, said):
    with pytest.raises(ProgrammeError):
        said("## Nonsense\nx")
    with pytest.raises(ProgrammeError, match=r"narrative/FY2017Q2\.en\.md, line 1"):
        make_reports(kl.load(tiny.toml), ["learning_report"], reports=tiny.folder / "reports", progress=str)
    assert not (tiny.folder / "reports").exists()
