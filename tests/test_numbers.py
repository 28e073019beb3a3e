"""Every number in a report's prose, headings, captions, alt texts and tables equals a number in a CSV of its page.

Each part of a page is held against the CSV that it carries, and against the one of the page's sentences.
"""

import re
from dataclasses import dataclass

import nbformat
import pandas as pd
from bs4 import BeautifulSoup

from konbit_lessons.parts import CARRIED

PAGES = ("participation", "expectations", "incentives", "data_quality")
NOT_YET = ("learning_report",)  # whose own numbers have no CSV so far
LANGUAGES = ("en", "fr", "ht")
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
THOUSANDS, DECIMAL = {"en": ",", "fr": "\u202f", "ht": "\u202f"}, {"en": ".", "fr": ",", "ht": ","}


@dataclass
class Shown:
    """One part of a page: its text, and the values it may take its numbers from."""

    text: str
    values: list[float]
    tables: tuple[str, ...] = ()


def shown(report, name):
    """The parts of a page as an executed notebook holds them, each with the values of its CSV."""
    notebook = nbformat.read(report.parent / "internal" / "notebooks" / f"{name}.ipynb", as_version=4)
    bundles = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    bundles = [bundle for bundle in bundles if "text/html" in bundle]
    for bundle in bundles:
        tables = {f"{name}_sentences"} | {one for one in [bundle.get(CARRIED, {}).get("name")] if one}
        values = [value for table in sorted(tables) for value in values_of(report, table)]
        yield Shown(read(bundle["text/html"]), values, tuple(tables))


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


def values_of(report, name):
    """The numbers of a CSV; those of an amount also for each step of 10, 100 … in which a sentence may speak of it."""
    frame = pd.read_csv(report / "tables" / f"{name}.csv")
    columns = [pd.to_numeric(frame[column], errors="coerce").dropna().unique() for column in frame]
    steps = [10**n for n in range(7)] if "amount" in set(frame.get("kind", [])) else [1]
    return [value * step for column in columns for value in column for step in steps]


def numbers(text, language):
    """Yield (as written, value, decimals, sign, is a percentage) for each number that is data."""
    for pattern in NOT_DATA.values():
        text = re.sub(pattern, " ", text)
    thousands, decimal = map(re.escape, (THOUSANDS[language], DECIMAL[language]))
    for found in re.finditer(rf"([+−]?)(\d{{1,3}}(?:{thousands}\d{{3}})+|\d+)(?:{decimal}(\d+))?(.?%)?", text):
        sign, whole, part, percent = found.groups()
        value = float(re.sub(r"\D", "", whole) + "." + (part or "0"))
        yield found[0], -value if sign == "−" else value, len(part or ""), sign, bool(percent)


def is_there(number, values):
    """Whether a number as displayed is one of the values, as it is or a proportion as points; a sign has to be right."""
    _, value, decimals, sign, percent = number
    half = 0.5 * 10**-decimals + 1e-6
    for one in values:
        as_it_is = [] if percent else [(one, half)]
        as_points = [(100 * one, half + 0.05)] if abs(one) <= 1 else []
        for seen, off in (*as_it_is, *as_points):
            if abs(seen - value) <= off or (not sign and abs(abs(seen) - value) <= off):
                return True
    return False


def squeezed(text):
    return re.sub(r"\s+", "", text)


def lost(part, language):
    return [number[0] for number in numbers(part.text, language) if not is_there(number, part.values)]


def falsified(number):
    """The same number, one more in its last digit."""
    written, value, decimals, sign, percent = number
    return written, value + 10**-decimals, decimals, sign, percent


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_number_that_is_read_stands_in_a_csv_of_the_page(shared_reports, language):
    report = shared_reports(language)
    assert {path.stem for path in report.glob("*.html")} == {*PAGES, *NOT_YET, "index"}
    for name in PAGES:
        page = squeezed(read((report / f"{name}.html").read_text(encoding="utf-8")))
        links = (report / f"{name}.html").read_text(encoding="utf-8")
        for part in shown(report, name):
            assert all(squeezed(line) in page for line in part.text.split("\n")), "the page is not the notebook"
            assert all(f"tables/{table}.csv" in links for table in part.tables)
            assert lost(part, language) == [], f"{name}, {language}: {part.text[:200]}"


@pytest.mark.slow
def test_a_number_that_is_one_off_is_found(shared_reports):
    report = shared_reports("en")
    told = [(number, part) for name in PAGES for part in shown(report, name) for number in numbers(part.text, "en")]
    found = [not is_there(falsified(number), part.values) for number, part in told]
    assert len(found) > 1000
    assert sum(found) / len(found) > 0.6  # the rest meets another number of the same part by chance


@pytest.mark.parametrize(
    ("language", "text", "read_as"),
    [
        ("en", "1,833 of 2,004 (95 % interval −3 to +0.4)", [1833, 2004, -3, 0.4]),
        ("fr", "1\u202f833 sur 2\u202f004 (intervalle à 95\u202f% : −3 à +0,4), 12\u202f%", [1833, 2004, -3, 0.4, 12]),
        ("ht", "Nan FY2017Q3, sou 100 envitasyon, 7 (entèval 95\u202f%: 4 rive 9), vag 3", [7, 4, 9]),
    ],
)
def test_numbers_are_read_as_the_language_writes_them(language, text, read_as):
    assert [value for _, value, *_ in numbers(text, language)] == read_as


def test_a_falsified_sentence_is_found():
    values = [0.476, 0.371, 0.583, 357.0, -0.0159]
    said = "In FY2017Q3, 48 % of 357 invitations were taken up (95 % interval 37 to 58): −2 of 100."
    assert lost(Shown(said, values), "en") == []
    for old, new in (("48 %", "49 %"), ("357", "367"), ("37 to", "36 to"), ("−2 of", "+2 of"), ("−2 of", "−1 of")):
        assert lost(Shown(said.replace(old, new), values), "en") == [new.split(" of")[0].split(" to")[0]]
