"""The pages on participation and expectations when data are few, one-sided or not there: each still makes sense."""

import csv
import re
from pathlib import Path

import pytest
from page_situations import SITUATIONS, said, texts

import konbit_lessons as kl
from konbit_lessons.figures import Figure, charts, drawing

LANGUAGES = ("en", "fr", "ht")
NO_WORDS = re.compile(r"\b(?:nan|NaN|NaT|None|<NA>|inf)\b")
SAME = {"Motivation"}  # in English and in French
with (Path(__file__).parent / "data" / "page_sentences.csv").open(encoding="utf-8", newline="") as file:
    SENTENCES = list(csv.DictReader(file))


@pytest.fixture(params=SITUATIONS)
def situation(request, tiny):
    one = SITUATIONS[request.param]
    return request.param, one.data(tiny), one.quarter


@pytest.mark.slow
def test_each_page_makes_sense_in_every_situation_and_language(situation, monkeypatch):
    name, data, quarter = situation
    found = {"en": said(data, quarter, "en")}
    for module in (drawing, charts):
        monkeypatch.setattr(module, "palette_png", lambda canvas: b"")
    found |= {language: said(data, quarter, language) for language in LANGUAGES[1:]}
    for part in found["en"][0].values():
        if isinstance(part, Figure):
            assert len(part.png) > 500 and len(part.table) and part.heading
    for language, (parts, numbers) in found.items():
        assert not numbers.dropna(how="all").empty
        for at, part in parts.items():
            for text in texts(part):
                # Kreyòl has the word "nan": in
                assert not (set(NO_WORDS.findall(text)) - ({"nan"} if language == "ht" else set())), (at, text)
                assert "{" not in text, (at, text)
    english, french = ([texts(part) for part in found[language][0].values()] for language in ("en", "fr"))
    left = {
        mine
        for own, other in zip(english, french, strict=True)
        for mine, theirs in zip(own, other, strict=True)
        if mine == theirs and re.search(r"[A-Za-z]{4,}", mine)
    }
    assert left <= SAME, f"{name}: still in English"
    for one in (line for line in SENTENCES if line["situation"].startswith(f"{name}: ")):
        page, function = one["situation"].removeprefix(f"{name}: ").split(" ")
        for language in LANGUAGES:
            told = texts(found[language][0][page, function])
            assert " ".join(told).replace("\u202f", " ") == one[language]


def test_every_situation_has_its_sentences():
    names = [line["situation"] for line in SENTENCES]
    assert len(names) == len(set(names)) >= 25
    assert {name.split(": ")[0] for name in names} == set(SITUATIONS)
    assert all(line[language] for line in SENTENCES for language in LANGUAGES)


def test_before_the_first_event_the_run_says_why_there_is_no_page(tiny):
    with pytest.raises(kl.KonbitError, match="FY2016Q4: no event was held until then; there are events in FY2017Q2"):
        kl.invitations(tiny.clean(), until="FY2016Q4")


def test_one_organization_is_spoken_of_in_the_singular(tiny):
    found, _ = said(SITUATIONS["one organization"].data(tiny), "FY2017Q2", "en")
    every = " ".join(text for part in found.values() for text in texts(part))
    assert not re.search(r"\b[Oo]f 1 (?:organizations|partners|awardees)\b|\b1 organizations\b", every)
