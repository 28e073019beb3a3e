"""Reports in a real browser: every link followed, nothing loaded, nothing run, nothing off the screen."""

import json
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (CHROMIUM.exists() and DRIVER.exists()) and not os.environ.get("CI"), reason="there is no Chromium here"
    ),
]
WIDTHS = (1280, 360, 320)
BYTES = {"index": 20_000}  # and 150,000 for every other page


@pytest.fixture(scope="session")
def shared(shared_reports):
    """The folder of the reports made from tests/data/programme, in English."""
    return shared_reports("en")


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in [*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


def opened(browser, url, width=1280):
    """Open a page at a width and return the addresses it asked for."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 700}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get_log("performance")
    browser.get(url)
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [one["params"]["request"]["url"] for one in messages if one["method"] == "Network.requestWillBeSent"]


def pages(shared):
    found = sorted(path for path in shared.glob("*.html"))
    assert {"index", "incentives"} <= {path.stem for path in found}
    return found


def test_no_page_asks_for_anything_runs_anything_or_complains(shared, browser):
    for page in pages(shared):
        asked = opened(browser, page.as_uri())
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert [url for url in asked if url.startswith("file:")] == [page.as_uri()]
        assert browser.find_elements(By.CSS_SELECTOR, "script, link[rel=stylesheet], iframe, form") == []
        assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_the_screen_and_leaves_a_screenshot(shared, browser, width, tmp_path):
    for page in pages(shared):
        opened(browser, page.as_uri(), width)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert len(browser.find_elements(By.TAG_NAME, "h1")) == 1
        assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
        for image in browser.find_elements(By.TAG_NAME, "img"):
            assert len(image.get_attribute("alt")) > 40
            assert image.get_property("naturalWidth") > 0
        assert browser.save_screenshot(str(tmp_path / f"{page.stem}_{width}.png"))


def test_every_link_leads_somewhere(shared, browser):
    for page in pages(shared):
        opened(browser, page.as_uri())
        links = {link.get_attribute("href") for link in browser.find_elements(By.TAG_NAME, "a")}
        assert links
        for url in sorted(links):
            address = urlsplit(url)
            assert address.scheme == "file", f"{page.name} links outside the folder: {url}"
            target = Path(unquote(address.path))
            assert target.is_file(), f"{page.name} links to {target.name}, which is not there"
            if target.suffix == ".html":
                opened(browser, url)
                assert browser.title
                if address.fragment:
                    assert browser.find_elements(By.ID, address.fragment), f"{page.name}: nothing is called {url}"


def test_the_contents_list_is_folded_on_a_phone_and_beside_the_text_on_a_wide_screen(shared, browser):
    for width, wide in ((1280, True), (360, False)):
        opened(browser, (shared / "incentives.html").as_uri(), width)
        assert browser.find_element(By.CSS_SELECTOR, "nav.wide").is_displayed() is wide
        assert browser.find_element(By.CSS_SELECTOR, "details.narrow").is_displayed() is not wide


@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_pages_are_small_enough_for_a_slow_connection(shared_reports, language):
    for page in pages(shared_reports(language)):
        assert page.stat().st_size <= BYTES.get(page.stem, 150_000), page.name
