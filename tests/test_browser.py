"""Reports in a real browser: every link followed, nothing loaded, nothing run, nothing off the screen."""

import itertools
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from selenium.webdriver.common.by import By

from konbit_lessons.reports.manifest import in_words

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LANGUAGES = ("en", "fr", "ht")
WIDTHS = (1280, 360, 320)
REPORTS = ["data_quality", "expectations", "participation", "incentives", "learning_report"]
BYTES = {"index": 20_000}  # and 150,000 for every other page


@pytest.fixture(scope="session")
def shared(reports_in):
    """The folder of the English reports made from tests/data/programme."""
    return reports_in("en") / "shared"


def pages(shared):
    found = sorted(shared.glob("*.html"))
    assert {"index", "incentives"} <= {path.stem for path in found}
    return found


def test_no_page_asks_for_anything_runs_anything_or_complains(shared, browser, opened):
    for page in pages(shared):
        asked = opened(page.as_uri())
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert [url for url in asked if url.startswith("file:")] == [page.as_uri()]
        assert browser.find_elements(By.CSS_SELECTOR, "script, link[rel=stylesheet], iframe, form") == []
        assert browser.get_log("browser") == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_fits_every_screen(pages_in, browser, opened, language):
    for page in pages_in(language):
        for width in WIDTHS:
            opened(page.as_uri(), width)
            for details in browser.find_elements(By.TAG_NAME, "details"):
                browser.execute_script("arguments[0].open = true", details)
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width, (page.name, width)
        assert len(browser.find_elements(By.TAG_NAME, "h1")) == 1
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
        for picture in browser.find_elements(By.CSS_SELECTOR, "[role=img]"):
            assert len(picture.get_attribute("aria-label")) > 40
            shown = [one for one in picture.find_elements(By.TAG_NAME, "svg") if one.is_displayed()]
            assert [one.get_attribute("class") for one in shown] == ["narrow"]  # at the last width


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_table_of_three_columns_needs_no_scrolling_on_a_phone(pages_in, browser, opened, language):
    wide = """return [...document.querySelectorAll('.scroll')].filter(
        box => box.querySelectorAll('thead th').length <= 3 && box.scrollWidth > box.clientWidth + 1
    ).map(box => box.getAttribute('aria-label'))"""
    for page in pages_in(language):
        opened(page.as_uri(), 360)
        browser.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
        assert browser.execute_script(wide) == [], page.name


def test_every_link_leads_somewhere(pages_in, browser, opened):
    for page in pages_in("en"):
        opened(page.as_uri())
        links = {link.get_attribute("href") for link in browser.find_elements(By.TAG_NAME, "a")}
        assert links
        for url in sorted(links):
            address = urlsplit(url)
            assert address.scheme == "file", f"{page.name} links outside the folder: {url}"
            target = Path(unquote(address.path))
            assert target.is_file(), f"{page.name} links to {target.name}, which is not there"
            if target.suffix == ".html":
                opened(url)
                assert browser.title
                if address.fragment:
                    assert browser.find_elements(By.ID, address.fragment), f"{page.name}: nothing is called {url}"


def test_the_contents_list_is_folded_on_a_phone_and_beside_the_text_on_a_wide_screen(shared, browser, opened):
    for width, wide in ((1280, True), (360, False)):
        opened((shared / "incentives.html").as_uri(), width)
        assert browser.find_element(By.CSS_SELECTOR, "nav.wide").is_displayed() is wide
        assert browser.find_element(By.CSS_SELECTOR, "details.narrow").is_displayed() is not wide


@pytest.mark.parametrize(("name", "language"), [*itertools.product([*REPORTS, "index"], LANGUAGES)])
def test_pages_are_small_enough_for_a_slow_connection(reports_in, name, language):
    assert (reports_in(language) / "shared" / f"{in_words(name, language)}.html").stat().st_size <= BYTES.get(
        name, 150_000
    )
