"""What a stranger can type into a cell stays text on every page, in a real browser, also without the policy."""

import re
from dataclasses import replace

import pandas as pd
import pytest
import seaborn.objects as so
from nbformat.v4 import new_notebook, new_output
from selenium.webdriver.common.by import By
from small_study import cell, part, study_of, text
from test_reports import HOSTILE

import konbit_lessons as kl
from konbit_lessons.reports import contents
from konbit_lessons.reports.document import Setting
from konbit_lessons.reports.gate import passed
from konbit_lessons.reports.make import read_first
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


def pages_with(said, programme, folder):
    """Each kind of page with the cell in every place that data reaches; returns place → file."""
    about = programme.said.programme.model_copy(update={"name": said, "point_of_contact": said})
    hostile = replace(programme, said=programme.said.model_copy(update={"programme": about}))
    setting = Setting(hostile, None, Words("en"))
    say = kl.Say("en", hostile)
    frame = pd.DataFrame({"label": [said], "share": [0.5], "conf_low": [0.4], "conf_high": [0.6], "n": [3]})
    plot = so.Plot(frame, x="share", y="label").add(so.Dot())
    shown = [
        kl.Opening(say, said, say("**{said}**", said=said)),
        kl.prose([say("{said}", said=said), say("[{said}](#x)", said=said)], caveat=True),
        kl.table(frame, {said or "x": "{label}", "n": "{n}"}, caption=say("{said} c", said=said)),
        kl.show(plot, frame, finding=say("{said} f", said=said)),
    ]
    cells = [cell(new_output("display_data", data=one._repr_mimebundle_())) for one in shown]
    made = passed(new_notebook(cells=[text(said), text(f"## {said}"), *cells, cell(part(f"<div>{said}</div>"))]))
    report = {"title": said, "answer": said, "page": "page.html", "tables": ["incentives"], "inputs": "old"}
    report |= {"name": "incentives", "language": "en", "parameters": {}, "files": {}}
    manifest = {"inputs": {}, "quarter": None, "audience": "shared"}
    manifest |= {"reports": {"incentives": report}, "failed": {said: said}}
    quarter = folder / "study"
    (quarter / "shared").mkdir(parents=True, exist_ok=True)
    (quarter / "manifest.json").write_text(as_text(manifest), encoding="utf-8")
    htmls = {
        "page": page(made.cells, setting, name=said, numbers=True),
        "index": contents.indexes(setting, manifest, quarter / "shared")["index.html"],
        "read me": read_first(setting, manifest)["READ-ME.html"],
    }
    (quarter / "shared" / "index.html").write_text(htmls["index"], encoding="utf-8")
    htmls["quarters"] = contents.quarters(setting, folder)["index.html"]
    files = {place: folder / f"{place.replace(' ', '_')}.html" for place in htmls}
    for place, html in htmls.items():
        files[place].write_text(html, encoding="utf-8")
    return files


@pytest.fixture(scope="module")
def programme(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("one") / "study", simulated=True)


@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without it"])
def test_nothing_runs_loads_asks_or_lies_over_the_page_and_every_page_fits_a_phone(
    browser, opened, programme, tmp_path, policy
):
    for name, said in CELLS.items():
        files = pages_with(said, programme, tmp_path)
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
