"""What a stranger can type into a cell stays text on every page, in a real browser, also without the policy."""

import re

import pandas as pd
import pytest
from reporting_example import ROWS, programme, result
from selenium.webdriver.common.by import By
from test_reports import HOSTILE, shown

from konbit_lessons import parts
from konbit_lessons.figures import incentive_figure
from konbit_lessons.reports import contents
from konbit_lessons.reports.bundle import read_first
from konbit_lessons.reports.manifest import as_text
from konbit_lessons.reports.page import page
from konbit_lessons.words import Words

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CELLS = HOSTILE | {
    "200 letters": "Ò" * 200,
    "many words": "òganizasyon " * 60,
    "right to left": "برنامج بناء قدرات المنظمات المحلية " * 6,
    "right to left in one word": "برنامج" * 40,
    "an address": "https://example.org/" + "a" * 300,
}
PLACES = {"page", "index", "quarters", "read me"}
LAID_OVER = """
return [...document.querySelectorAll("body *")].filter(one => getComputedStyle(one).position == "fixed").length;
"""


def pages_with(cell, folder):
    """Each kind of page with the cell in every place that data reaches; returns place → file."""
    p, words = programme(name=cell, point_of_contact=cell), Words("en")
    opening = parts.Opening(p, cell, f"**{cell}**", "FY2017Q3")
    body = shown(
        opening._repr_html_(),
        parts.Prose([cell, f"[{cell}](#x)"], caveat=True)._repr_html_(),
        parts.Table(pd.DataFrame({cell or "x": [cell], "n": [cell]}), cell, name="incentives")._repr_html_(),
        incentive_figure(result([("x", cell, *ROWS[0][2:]), *ROWS[1:]]))._repr_html_(),
        f"<div>{cell}</div>",  # what a part that forgot to escape would give
        markdown=[cell, f"## {cell}"],
    )
    report = {"title": cell, "answer": cell, "page": "page.html", "tables": ["incentives"], "inputs": "old"}
    report |= {"parameters": {"language": "en"}, "files": {}}
    made = {"inputs": {}, "quarter": "FY2017Q3", "language": "en", "audience": "shared"}
    made |= {"reports": {"incentives": report}, "failed": {cell: cell}}
    quarter = folder / "FY2017Q3"
    (quarter / "shared" / "tables").mkdir(parents=True, exist_ok=True)
    numbers = result().table.head(3).assign(term=cell, label=cell)
    numbers.to_csv(quarter / "shared" / "tables" / "incentives.csv", index=False)
    (quarter / "manifest.json").write_text(as_text(made), encoding="utf-8")
    htmls = {
        "page": page(body, p, quarter="FY2017Q3", name=cell, tables=["incentives"]),
        "index": contents.index(p, "FY2017Q3", words, made, quarter / "shared"),
        "read me": read_first(p, "FY2017Q3", words, made),
    }
    (quarter / "shared" / "index.html").write_text(htmls["index"], encoding="utf-8")
    htmls["quarters"] = contents.quarters(p, words, folder)
    files = {place: folder / f"{place.replace(' ', '_')}.html" for place in htmls}
    for place, html in htmls.items():
        files[place].write_text(html, encoding="utf-8")
    return files


@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without it"])
def test_nothing_runs_loads_asks_or_lies_over_the_page_and_every_page_fits_a_phone(browser, opened, tmp_path, policy):
    for name, cell in CELLS.items():
        files = pages_with(cell, tmp_path)
        assert files.keys() == PLACES
        for place, file in files.items():
            if not policy:
                html = file.read_text(encoding="utf-8")
                bare = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
                assert bare != html
                file.write_text(bare, encoding="utf-8")
            asked = opened(file.as_uri(), 320)
            where = f"{name} in the {place}"
            assert {url for url in asked if not url.startswith("data:")} == {file.as_uri()}, where
            assert browser.current_url == file.as_uri(), where
            assert browser.execute_script("return window.__pwn") is None, where
            assert browser.find_elements(By.CSS_SELECTOR, "script, iframe, form, input, button, base, object") == []
            assert len(browser.find_elements(By.CSS_SELECTOR, "main")) == 1, where
            assert browser.execute_script(LAID_OVER) == 0, where
            assert browser.execute_script("return document.documentElement.scrollWidth") <= 320, where
    assert browser.get_log("browser") == []
