"""Everyone can read the pages: axe-core finds nothing, in three languages, light and dark, wide and on a phone."""

import itertools
import os
from importlib.util import find_spec
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PACKAGE = find_spec("axe_playwright_python")  # only its copy of axe-core is used
SCREENS = [*itertools.product((1280, 360), ("light", "dark"))]


@pytest.fixture(scope="session")
def axe():
    if PACKAGE is None and not os.environ.get("CI"):
        pytest.skip("axe-core is not here: make test installs it")
    return (Path(PACKAGE.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(browser, axe):
    """What axe-core finds wrong in the page that is open, with every `details` unfolded."""
    browser.execute_script("document.querySelectorAll('details').forEach(one => one.open = true)")
    browser.execute_script(axe)
    found = browser.execute_async_script(
        "const done = arguments[0];"
        "axe.run(document, {resultTypes: ['violations']}).then(done, error => done({error: String(error)}))"
    )
    assert "error" not in found, found
    assert len(found["passes"]) > 5
    return [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]]


@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_axe_finds_nothing_on_any_page(pages_in, browser, opened, axe, language):
    pages = pages_in(language)
    assert len(pages) >= 9
    for page, (width, scheme) in itertools.product(pages, SCREENS):
        opened(page.as_uri(), width, scheme)
        assert violations(browser, axe) == [], (page.name, width, scheme)


def test_axe_finds_what_is_wrong(browser, opened, axe, tmp_path):
    wrong = tmp_path / "wrong.html"
    wrong.write_text('<h1>A</h1><h4>B</h4><img src="data:,"><p style="color:#aaa">pale</p>' * 2, encoding="utf-8")
    opened(wrong.as_uri())
    assert {"image-alt", "color-contrast", "html-has-lang", "heading-order"} <= {
        name for name, _ in violations(browser, axe)
    }


@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_headings_go_down_one_level_at_a_time(pages_in, browser, opened, language):
    for page in pages_in(language):
        opened(page.as_uri())
        levels = [int(one.tag_name[1]) for one in browser.find_elements(By.CSS_SELECTOR, "h1, h2, h3, h4, h5, h6")]
        assert levels[0] == 1 and levels.count(1) == 1
        assert [(a, b) for a, b in itertools.pairwise(levels) if b > a + 1] == [], page.name
