# ruff: noqa: E501  (sentences stand whole)
"""The page on data quality: counts that add up, words by the printed rule, and nobody named."""

import dataclasses
import re

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from pseudo import pseudo_language, untranslated

import konbit_lessons as kl
from konbit_lessons.field.store import LISTS
from konbit_lessons.figures import drawing
from konbit_lessons.measures.quality import by_table
from konbit_lessons.pages import data_quality as data_quality_page
from konbit_lessons.pages.data_quality import RULES
from konbit_lessons.parts import Prose

QUARTER = "FY2017Q3"
OF_A_QUARTER = ("changed_table", "response_figure", "agreement_figure")


@pytest.fixture(scope="module")
def quality(whole):
    return kl.data_quality(whole)


def page(data, quality, language="en", quarter=QUARTER):
    shown = {"quarter": quarter, "language": language}
    return {
        **{name: getattr(data_quality_page, name)(data, quality, **shown) for name in OF_A_QUARTER},
        "late_figure": data_quality_page.late_figure(data, **shown),
        "sources_table": data_quality_page.sources_table(data, language=language),
        "failed_figure": data_quality_page.failed_figure(data, quality, language=language),
        "columns_table": data_quality_page.columns_table(data, language=language),
    }


def sentences(data, quality, language="en"):
    return [
        data_quality_page.headline(data, quality, quarter=QUARTER, language=language),
        *data_quality_page.at_a_glance(data, quality, quarter=QUARTER, language=language),
        *data_quality_page.judgement_sentences(data, quality, quarter=QUARTER, language=language),
        *data_quality_page.rule_sentences(language),
        *data_quality_page.question_sentences(data, language=language),
    ]


# ---- numbers


def test_each_source_keeps_and_sets_aside_what_it_read_and_all_are_those_of_the_tables(whole):
    sources = data_quality_page.by_source(whole)
    assert (sources["kept"] + sources["set_aside"] == sources["read"]).all()
    named = {(source.place, source.table) for source in whole.programme.sources}
    assert {*zip(sources["source"], sources["table"], strict=True)} == named
    counted = ["read", "kept", "set_aside", "values_set_aside", "values_changed"]
    assert sources.groupby("table")[counted].sum().to_dict() == by_table(whole).set_index("table")[counted].to_dict()


def test_a_source_of_many_files_is_one_line_that_names_none_of_them(whole):
    text = data_quality_page.sources_table(whole)._repr_html_()
    assert len({*whole.counts.loc[whole.counts["table"] == "sign_in", "source"]}) > 1
    assert "attendance/presences_*.xlsx" in text
    assert not any(source in text for source in whole.counts.loc[whole.counts["table"] == "sign_in", "source"])


def test_the_reasons_count_every_row_and_value_set_aside_once(whole, quality):
    found = data_quality_page.failures(quality)
    assert found.loc[found["unit"] == "rows", "value"].sum() == by_table(whole)["set_aside"].sum()
    assert found.loc[found["unit"] == "values", "value"].sum() == by_table(whole)["values_set_aside"].sum()
    assert found["value"].is_monotonic_decreasing


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.said)
def test_a_figure_on_its_limit_still_has_the_better_word(rule):
    beyond = -1e-9 if rule.more_is_better else 1e-9
    found = [rule.judge(figure) for figure in (rule.good, rule.good + beyond, rule.fair, rule.fair + beyond)]
    assert found == ["good", "fair", "fair", "poor"]
    assert rule.judge(float("nan")) == "cannot tell"


def test_the_figures_are_those_counted_by_hand(tiny):
    tiny.add("invitations.csv", "E001,Nobody We Know")
    tiny.add("invitations.csv", "E002,APA")
    data = tiny.clean()
    found = data_quality_page.judgements(data, kl.data_quality(data), quarter="FY2017Q4").set_index("said")
    read = by_table(data)["read"].sum()
    assert found.loc["Rows that stand there again", ["figure", "n"]].tolist() == [1 / read, read]
    assert found.loc["Rows set aside because they do not fit", "figure"] == 1 / read
    assert found.loc["Invitations whose attendance is known", ["figure", "n"]].tolist() == [1, 6]
    assert found.loc["Partners that answered the latest survey", "word"] == "cannot tell"  # of four, too few to show


def test_the_worst_figure_judges_its_standard(whole, quality):
    found = data_quality_page.judgements(whole, quality, quarter=QUARTER)
    said = data_quality_page.headline(whole, quality, quarter=QUARTER)
    words = dict(re.findall(r"(good|fair|poor|not to be judged) on \*\*([a-z, ]+)\*\*", said))
    words["cannot tell"] = words.get("not to be judged", "")
    order = ["cannot tell", "good", "fair", "poor"]
    for standard, lines in found.groupby("standard"):
        worst = max(lines["word"], key=order.index)
        assert standard in words[worst]


def test_a_quarter_counts_only_what_happened_until_then(whole, quality):
    by_quarter = [
        data_quality_page.judgements(whole, quality, quarter=quarter)["n"] for quarter in ("FY2016Q3", QUARTER)
    ]
    known = by_quarter[0].notna()
    assert (by_quarter[0][known] <= by_quarter[1][known]).all() and (by_quarter[0] < by_quarter[1]).any()


# ---- sentences and parts


def test_the_rule_is_printed_with_its_limits():
    said = data_quality_page.rule_sentences()
    assert said[0] == "**Rows set aside because they do not fit:** good up to 2 %, fair up to 5 %, else poor."
    assert said[1] == "**Partners that answered the latest survey:** good from 80 %, fair from 60 %, else poor."
    assert (
        said[-2]
        == "**Days until 9 of 10 rows of the slowest file were in:** good up to 30 days, fair up to 90 days, else poor."
    )
    assert len(said) == len(RULES) + 1


def test_questions_are_counted_and_nobody_is_named(whole, quality):
    names = {*whole.questions["typed"], *whole.organizations["name"], *whole.set_aside["value"].dropna()} - {""}
    names = {name for name in names if len(name) > 8}
    parts = page(whole, quality).values()
    shown = " ".join([*sentences(whole, quality), *(part._repr_html_() for part in parts)])
    carried = " ".join(part._carried().get("csv", "") for part in parts)
    assert names and not [name for name in names if name in shown or name in carried]
    assert data_quality_page.question_sentences(whole)[:2] == [
        f"**{len(whole.questions)} questions are open** that only an evaluator can answer; {whole.questions['times'].sum()} rows wait for them.",
        f"{len(whole.questions)} are about typed names that are on no roster, or may be one of several.",
    ]


def test_every_figure_states_its_finding_and_carries_its_numbers(whole, quality):
    for part in page(whole, quality).values():
        assert part.name and part.numbers is not None
        for image in BeautifulSoup(part._repr_html_(), "html.parser").find_all("img"):
            assert len(image["alt"]) > 40


def _empty(data, *names):
    return {name: getattr(data, name).iloc[:0] for name in names}


SITUATIONS = {
    "no survey, no conversation": lambda data: data | {"tables": _empty(data["whole"], "survey", "conversations")},
    "nothing was logged": lambda data: data | _empty(data["whole"], *LISTS.keys() - {"counts"}),
    "long names": lambda data: data | {"tables": {"organizations": data["whole"].organizations.assign(name="Long " * 40)}},
}  # fmt: skip


@pytest.mark.parametrize("situation", [*SITUATIONS, "a quarter without data"])
def test_each_part_makes_sense_or_says_why_not(whole, situation, monkeypatch):
    monkeypatch.setattr(drawing, "palette_png", lambda canvas: b"")
    changes = SITUATIONS[situation]({"whole": whole}) if situation in SITUATIONS else {"whole": whole}
    changes.pop("whole")
    data = dataclasses.replace(whole, **changes | {"tables": whole.tables | changes.get("tables", {})})
    quality = kl.data_quality(data)
    for name, part in page(data, quality, quarter=QUARTER if situation in SITUATIONS else "FY2019Q1").items():
        html = BeautifulSoup(part._repr_html_(), "html.parser").get_text(" ")
        assert not {"nan", "<NA>", "None"} & set(html.split()), name
        assert not isinstance(part, Prose) or part.sentences.endswith(".")
    assert all(sentence and "nan" not in sentence.split() for sentence in sentences(data, quality))
    if situation == "nothing was logged":
        assert "not to be judged on **reliability and timeliness**" in data_quality_page.headline(
            data, quality, quarter=QUARTER
        )


def test_every_word_comes_out_translated(whole, quality, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing, "palette_png", lambda canvas: b"")
    words = pseudo_language(tmp_path)
    html = [part._repr_html_() for part in page(whole, quality, words).values()]
    said = [data_quality_page.title(words), *sentences(whole, quality, words)]
    said += [text for one in html for text in BeautifulSoup(one, "html.parser").stripped_strings]
    places = {source.place for source in whole.programme.sources}
    for text in said:
        if text not in places:
            text = re.sub(r"FY\d{4}Q\d|\(#[a-z0-9-]+\)", "", text)
            assert untranslated(text) == [], text


def test_numbers_of_the_csv_are_those_of_the_table(whole):
    table = data_quality_page.sources_table(whole)
    assert table.numbers["read"].sum() == whole.counts["read"].sum()
    assert len(table.frame) == len(table.numbers)
    assert isinstance(table.numbers, pd.DataFrame)
