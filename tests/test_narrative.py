"""The evaluator's own words: where they show, what is refused, and that nothing in them runs."""

import pytest
from small_study import cell, part, text, written

import konbit_lessons as kl
from konbit_lessons.errors import ProgrammeError
from konbit_lessons.figures.markup import CARRIED
from konbit_lessons.reports.make import make_reports
from konbit_lessons.reports.narrative import own_words
from konbit_lessons.reports.notebooks import LEARNING, anchor_of, headings, notebook_file
from konbit_lessons.reports.page import sanitized
from konbit_lessons.words import Words, languages

QUARTER = "FY2017Q2"
SECTIONS = ["What they expect", "What we learned", "What we will change", "Next quarter"]


@pytest.fixture
def own(tiny):
    """The tiny programme with a learning report of its own that has these sections, and one within the third."""
    sections = [text(f"## {one}\n\nwords") for one in SECTIONS]
    cells = [*sections[:3], text("### Conversations"), cell(part()), text("## Not here", "lab-only"), sections[3]]
    parameters = 'quarter = "x"\nlanguage = "en"\naudience = "x"'
    written(tiny.folder / "notebooks", *cells, name=LEARNING, parameters=parameters)
    return tiny


@pytest.fixture
def said(own):
    """Write a narrative and give back what it is for each section."""

    def of(words, *, language="en"):
        path = own.folder / "narrative" / f"{QUARTER}.{language}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(words if isinstance(words, bytes) else words.encode())
        return own_words(own.clean(), quarter=QUARTER, language=language)

    return of


def test_the_sections_are_the_headings_of_the_notebook(own):
    path = notebook_file(kl.load(own.toml), LEARNING)
    assert headings(path) == [*((2, one) for one in SECTIONS[:3]), (3, "Conversations"), (2, SECTIONS[3])]


def test_the_shipped_learning_report_has_the_sections_that_the_examples_narrative_speaks_of(tiny):
    sections = {heading for depth, heading in headings(notebook_file(kl.load(tiny.toml), LEARNING)) if depth == 2}
    assert {"Context and challenges", "What we will change", "Next quarter"} <= sections


def test_what_stands_under_a_heading_shows_in_that_section_and_nowhere_else(said):
    found = said("# Notes\n\n## What they expect\n\nAsk **early**.\n\n## Next quarter\n- one\n- two\n")
    assert found["what-they-expect"]._repr_html_() == "<p>Ask <strong>early</strong>.</p>\n"
    assert "<li>one</li>" in found["next-quarter"]._repr_html_()
    assert [name for name, one in found.items() if one] == ["what-they-expect", "next-quarter"]
    assert list(found) == [anchor_of(one) for one in SECTIONS]


def test_where_no_file_is_nothing_shows(own):
    found = own_words(own.clean(), quarter=QUARTER)
    assert {one._repr_mimebundle_()[CARRIED]["part"] for one in found.values()} == {"nothing"}


@pytest.mark.parametrize("language", languages())
def test_headings_are_those_of_the_language_or_english(said, language):
    for heading in (SECTIONS[1], Words(language).text(SECTIONS[1]).upper()):
        assert said(f"## {heading} ##\nx", language=language)["what-we-learned"].html == "<p>x</p>\n"


def test_a_heading_inside_a_section_stays_below_the_sections_of_the_report(said):
    shown = said("## Next quarter\n### Dates\n#### Early\n")["next-quarter"]._repr_html_()
    assert shown == "<h3>Dates</h3>\n<h3>Early</h3>\n"


WRONG = {
    "## Wat they expect\nx": 'line 1: found the heading "Wat they expect", which is no section of the report',
    "Hello\n## Next quarter\n": "line 1: found text before the first section",
    "## Next quarter\n\n## Next quarter\n": 'line 3: the heading "Next quarter" stands there twice',
    "## Next quarter\n![x](x.png)\n": "line 2: found an image",
    "## Next quarter\n[x](#nowhere)\n": 'line 2: found a link to "#nowhere", which the report does not have',
    "## Next quarter\n[x](#finding-3)\n": "expected one of",
    "## What we will change\n\n- Call them.\n": "line 3: this recommendation links to no finding",
    "## What we will change\n- Call [them](#what-they-expect).\n- Pay\n  them.\n": "line 3: this recommendation",
    b"## Next quarter\n\xe9t\xe9\n": "this is not UTF-8",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_wrong_in_it_is_refused_with_its_line(said, words):
    with pytest.raises(ProgrammeError) as error:
        said(words)
    assert WRONG[words] in str(error.value)
    assert str(error.value).startswith(f"narrative/{QUARTER}.en.md")


def test_links_lead_to_sections_to_headings_within_them_and_to_findings(own, said):
    own.replace("programme.toml", "[[source]]", '[[source]]\ntable = "learning"\nfiles = "learning.csv"\n\n[[source]]')
    own.raw("learning.csv").write_text(f"quarter,question,finding\n{QUARTER},Why?,So.\n", encoding="utf-8")
    links = " ".join(f"[x](#{one})" for one in ("what-they-expect", "conversations", "finding-1"))
    shown = said(f"## What we will change\nTwo things.\n\n- Call them,\n  as {links} say.\n")["what-we-will-change"]
    assert 'href="#finding-1"' in shown._repr_html_()
    own.raw("learning.csv").write_text(f"quarter,key,question\n{QUARTER},why,Why?\n", encoding="utf-8")
    with pytest.raises(ProgrammeError, match=r'found a link to "#finding-1".*#finding-why'):  # its name is its key now
        said("## What we will change\n\n- Call them, as [x](#finding-1) says.\n")


def test_html_is_shown_as_the_text_it_is(said):
    hostile = (
        "## Next quarter\n<script>window.__pwn=1</script>\n\n<div style='position:fixed'>x</div>\n\n"
        "[x](javascript:window.__pwn=1) [y](data:text/html;base64,eA==)\n\u202eabc\n"
    )
    shown = sanitized(said(hostile)["next-quarter"]._repr_html_())
    assert "&lt;script&gt;" in shown and "&lt;div" in shown
    assert not any(bad in shown for bad in ("<script", "<div", "javascript:", 'href="data:'))
    assert "\u202e" not in shown


def test_a_wrong_narrative_stops_the_run_before_anything_starts(own, said):
    with pytest.raises(ProgrammeError):
        said("## Nonsense\nx")
    with pytest.raises(ProgrammeError, match=r"narrative/FY2017Q2\.en\.md, line 1"):
        make_reports(kl.load(own.toml), [LEARNING], progress=str)
    assert not (own.folder / "reports").exists()
