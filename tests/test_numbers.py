"""Every number in a report's prose, headings, captions, alt texts and tables equals a number in a CSV of its page.

The sentences of a part of a page are held against the CSV that it carries and the one of the page's sentences, each
row of its table against one row of its own CSV.
"""

import re
from dataclasses import dataclass, replace

import nbformat
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from konbit_lessons.parts import CARRIED

PAGES = ("learning_report", "participation", "expectations", "incentives", "data_quality")
LANGUAGES = ("en", "fr", "ht")
TURNED = {  # tables with several rows of their CSV in each of theirs, so that each cell is held to one row
    "actions",
    "data_quality",
    "expected_by_group",
    "funnel",
    "learning_report_sentences",  # the parameters of the report
    "uptake_two_way",
}
NOT_DATA = {  # what has digits and is no finding: name → pattern, in the three languages
    "the 95 of an interval": r"(?i)95.%.interval|intervalle.à.95.%|entèval.95.%",
    "of 100": r"(?:[Oo]f|[Ss]ur|[Ss]ou chak|[Ss]ou).100\b",
    "4 or 5 of 5": r"4 (?:or|ou|oswa) 5 (?:of|sur|sou) 5",
    "9 of 10": r"\b9\b[^.,;]{0,9} (?:of|sur|sou) 10\b",
    "quarters": r"FY\d{4}(?:Q\d)?",
    "waves": r"(?:[Ww]ave|[Vv]ague|[Vv]ag) \d+",
    "dates": r"(?:\d{1,2}(?:er|ye)? )?[^\W\d]+ 20\d\d\b",
    "versions": r"\b\w+ \d+\.\d+\.\d+",
    "smallest cell": r"(?:[Ff]ewer than|moins de|mwens pase) \d+ (?:organizations|organisations|òganizasyon)",
    "recent conversations": r"\b90 (?:days|jours|jou)\b",
    "names of methods": r"CR2|A[1-4]\b",
}
TOGETHER = re.compile(r"\s*\(\s*:?\s*|\s*(?:to|à|rive|of|sur|sou|des|nan)\s*|\)?, n =\s*")  # between numbers of a row
THOUSANDS, DECIMAL = {"en": ",", "fr": "\u202f", "ht": "\u202f"}, {"en": ".", "fr": ",", "ht": ","}


@dataclass(frozen=True)
class Number:
    """A number as a reader sees it."""

    written: str
    value: float
    decimals: int
    signed: bool
    percent: bool

    def is_among(self, values):
        """Whether it is one of the values: as it is, or a proportion in points. A sign has to fit."""
        points = np.where(np.abs(values) <= 1, np.round(100 * values, 1), np.nan)  # to tenths, and then whole
        as_they_are = values[(np.abs(values) >= 1) | (values == 0) | (self.decimals > 0)]
        seen = points if self.percent else np.concatenate([points, as_they_are])
        rounded = np.round(seen if self.signed else np.abs(seen), self.decimals)
        return bool((np.abs(rounded - self.value) < 1e-6).any())


@dataclass
class Shown:
    """One part of a page: its text, and the rows it may take its numbers from; its table, and the rows of that."""

    text: str
    rows: list
    tables: tuple[str, ...] = ()
    cells: tuple[list[str], ...] = ()  # one list a row
    own: list = ()
    turned: bool = False

    def pieces(self):
        """What is read, one piece a line or cell."""
        return [*self.text.split("\n"), *(cell for line in self.cells for cell in line)]

    def together(self, language):
        """Yield numbers that one row has to hold, and the rows of which one has to."""
        for line in self.text.split("\n"):
            yield from ((some, self.rows) for some in numbers(line, language))
        for line in self.cells:
            found = [some for cell in line for some in numbers(cell, language)]
            whole = [[number for some in found for number in some]] if found else []
            yield from ((some, self.own) for some in (found if self.turned else whole))


def shown(report, name):
    """The parts of a page as an executed notebook holds them, each with the rows of its CSV."""
    notebook = nbformat.read(report.parent / "internal" / "notebooks" / f"{name}.ipynb", as_version=4)
    bundles = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    bundles = [bundle for bundle in bundles if "text/html" in bundle]
    for bundle in bundles:
        sentences = f"{name}_sentences"
        table = bundle.get(CARRIED, {}).get("name") or sentences
        own, tables = rows_of(report, table), tuple(sorted({table, sentences}))
        rows = own if table == sentences else [*own, *rows_of(report, sentences)]
        soup = BeautifulSoup(bundle["text/html"], "html.parser")
        cells = tuple([cell.get_text() for cell in line.find_all(["th", "td"])] for line in soup.select("tbody tr"))
        for body in soup.find_all("tbody"):
            body.decompose()
        yield Shown(read(str(soup)), rows, tables, cells, own, table in TURNED)


def read(html):
    """What a reader reads and hears, one piece a line."""
    soup = BeautifulSoup(html, "html.parser")
    for meta in soup.select("p.meta"):
        meta.decompose()
    for image in soup.find_all("img"):
        image.replace_with(f"\n{image['alt']}\n")
    for inline in soup.find_all(["strong", "a"]):
        inline.unwrap()
    soup.smooth()
    return soup.get_text("\n")


def rows_of(report, name):
    """The numbers of each row of a CSV; of an amount also for each step of 10, 100 … of which a sentence may speak."""
    frame = pd.read_csv(report / "tables" / f"{name}.csv")
    columns = {column: pd.to_numeric(frame[column], errors="coerce") for column in frame}
    steps = [10**n for n in range(7)] if "amount" in set(frame.get("kind", [])) else [1]
    return [row[~np.isnan(row)] * step for row in pd.DataFrame(columns).to_numpy(float) for step in steps]


def numbers(text, language):
    """Yield the numbers that are data, those that belong together as a list: "48 % (37 to 58)", "117 of 137"."""
    for pattern in NOT_DATA.values():
        text = re.sub(pattern, " ", text)
    thousands, decimal = map(re.escape, (THOUSANDS[language], DECIMAL[language]))
    together, end = [], 0
    for found in re.finditer(rf"([+−]?)(\d{{1,3}}(?:{thousands}\d{{3}})+|\d+)(?:{decimal}(\d+))?(.?%)?", text):
        sign, whole, part, percent = found.groups()
        value = float(re.sub(r"\D", "", whole) + "." + (part or "0"))
        number = Number(found[0], -value if sign == "−" else value, len(part or ""), bool(sign), bool(percent))
        if together and not TOGETHER.fullmatch(text[end : found.start()]):
            yield together
            together = []
        together.append(number)
        end = found.end()
    if together:
        yield together


def is_there(together, rows):
    """Whether one row holds all numbers that belong together."""
    return any(all(number.is_among(row) for number in together) for row in rows)


def squeezed(text):
    return re.sub(r"\s+", "", text)


def lost(part, language):
    """The numbers that stand together and that no row holds."""
    told = part.together(language)
    return [[number.written for number in some] for some, rows in told if not is_there(some, rows)]


def falsified(together):
    """Yield the same numbers, each in turn one more in its last digit."""
    for i, number in enumerate(together):
        yield [*together[:i], replace(number, value=number.value + 10**-number.decimals), *together[i + 1 :]]


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_that_is_read_stands_in_a_csv_of_the_page(reports_in, language):
    report = reports_in(language) / "shared"
    assert {path.stem for path in report.glob("*.html")} == {*PAGES, "index"}
    for name in PAGES:
        page = squeezed(read((report / f"{name}.html").read_text(encoding="utf-8")))
        links = (report / f"{name}.html").read_text(encoding="utf-8")
        for part in shown(report, name):
            assert all(squeezed(piece) in page for piece in part.pieces()), "the page is not the notebook"
            assert all(f"tables/{table}.csv" in links for table in part.tables)
            assert lost(part, language) == [], f"{name}, {language}: {part.text[:200]}"


@pytest.mark.slow
def test_a_number_that_is_one_off_is_found(reports_in):
    report = reports_in("en") / "shared"
    told = [one for name in PAGES for part in shown(report, name) for one in part.together("en")]
    found = [not is_there(other, rows) for together, rows in told for other in falsified(together)]
    assert len(found) > 2000
    assert (
        sum(found) / len(found) > 0.8
    )  # the rest, most of it a small number alone in a sentence, meets another by chance


@pytest.mark.parametrize(
    ("language", "text", "read_as"),
    [
        ("en", "1,833 of 2,004 (95 % interval −3 to +0.4)", [[1833, 2004, -3, 0.4]]),
        (
            "fr",
            "1\u202f833 sur 2\u202f004 (intervalle à 95\u202f% : −3 à +0,4), 12\u202f%",
            [[1833, 2004, -3, 0.4], [12]],
        ),
        ("ht", "Nan FY2017Q3, sou 100 envitasyon, 7 (entèval 95\u202f%: 4 rive 9), vag 3", [[7, 4, 9]]),
    ],
)
def test_numbers_are_read_as_the_language_writes_them(language, text, read_as):
    assert [[number.value for number in some] for some in numbers(text, language)] == read_as


def test_a_falsified_sentence_is_found():
    rows = [np.array([0.476, 0.371, 0.583, 357.0]), np.array([-0.0159, -0.135, 0.104])]
    said = "In FY2017Q3, 48 % of 357 invitations were taken up (95 % interval 37 to 58): −2 of 100 more."
    assert lost(Shown(said, rows), "en") == []
    for old, new in (
        ("48 %", "49 %"),
        ("357", "367"),
        ("37 to", "36 to"),
        ("−2 of", "+2 of"),
        ("37 to 58", "37 to 10"),
    ):
        assert len(lost(Shown(said.replace(old, new), rows), "en")) == 1


def test_a_row_of_a_table_takes_its_numbers_from_one_row_of_its_csv():
    rows = [np.array([2016.0, 12.0, 0.25]), np.array([40.0, 0.4])]
    cells = (["Nippes", "12", "25 %"], ["Sud", "40", "40 %"])
    assert lost(Shown("", [], cells=cells, own=rows), "en") == []
    swapped = (["Nippes", "12", "40 %"], ["Sud", "40", "25 %"])
    assert lost(Shown("", [], cells=swapped, own=rows), "en") == [["12", "40 %"], ["40", "25 %"]]
    assert lost(Shown("", [], cells=swapped, own=rows, turned=True), "en") == []


@pytest.mark.parametrize(
    ("written", "value", "fits"),
    [
        ("22", 0.2249, True),
        ("23", 0.2249, False),
        ("0", 0.4, False),
        ("1", 0.6, False),
        ("0.6", 0.6, True),
        ("60", 0.6, True),
    ],
)
def test_a_number_is_rounded_as_it_is_shown(written, value, fits):
    ((number,),) = numbers(written, "en")
    assert number.is_among(np.array([value])) == fits
