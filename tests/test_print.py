"""Reports on paper: no sheet nearly empty, tables printed, no contents list, nothing dark, pages numbered."""

import base64
import os
import re
import shutil
import subprocess

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAPERS = {"A4": (8.27, 11.69), "letter": (8.5, 11)}  # inches
MOST_SHEETS = {"index": 2}


@pytest.fixture
def printed(browser, opened, tmp_path):
    """Prints a page; returns the text of each sheet, with its layout."""
    if not shutil.which("pdftotext") and not os.environ.get("CI"):
        pytest.skip("poppler is not here, so that no PDF can be read")

    def printed(page, paper="A4"):
        size = dict(zip(("paperWidth", "paperHeight"), PAPERS[paper], strict=True)) | {"preferCSSPageSize": True}
        opened(page.as_uri(), scheme="dark")
        file = tmp_path / f"{page.stem}.pdf"
        file.write_bytes(base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", size)["data"]))
        return subprocess.run(
            ["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True
        ).stdout.split("\f")[:-1]

    return printed


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("language", ["en", "fr", "ht"])
def test_every_page_prints_without_empty_sheets(pages_in, printed, language, paper):
    for page in pages_in(language):
        sheets = printed(page, paper)
        assert len(sheets) <= MOST_SHEETS.get(page.stem.partition(".")[0], 12), page.name
        for number, sheet in enumerate(sheets, start=1):
            assert re.search(rf"\b{number} ?/ ?{len(sheets)}\s*$", sheet), f"{page.name}: sheet {number} has no number"
            words = len(re.findall(r"\w+", sheet))
            assert words > 25, f"{page.name}, sheet {number}: {words} words"


def test_on_paper_there_are_the_tables_and_the_banner_and_no_contents_list(reports_in, printed):
    shared = reports_in("en") / "shared"
    said = "\n".join(printed(shared / "participation.html"))
    assert "Simulated data" in said.split("\n")[0] + said.split("\n")[1] + said.split("\n")[2]
    assert "The numbers in this figure" in said
    assert re.search(r"Business showcase +\d+ +\d+ +\d+ +\d+", said)
    for only_on_screen in ("Contents", "in the folder of this page", "Skip to the text"):
        assert only_on_screen not in said
