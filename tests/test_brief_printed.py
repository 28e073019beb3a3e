"""Briefs in a real browser: one page on paper, nothing off a phone's screen, nothing run, nothing loaded."""

import base64
import re

import pytest

import konbit_lessons as kl
from konbit_lessons.reports.briefs import make_briefs

WIDTHS = (1280, 360, 320)
pytestmark = [pytest.mark.browser, pytest.mark.slow]
A4 = {"paperWidth": 8.27, "paperHeight": 11.69}
LONG = "Asosyasyon " + "Plantè Kafe ak Kakawo pou Devlòpman " * 6


def sheets(browser, page):
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})  # printed from a desk, not from a phone
    browser.get(page.as_uri())
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", A4)["data"])
    return len(re.findall(rb"/Type\s*/Page\b", pdf))


@pytest.fixture(scope="module", params=["en", "fr", "ht"])
def briefs(request, whole_programme, tmp_path_factory):
    """Briefs of six organizations, in a language: the most and the least is on record of them."""
    programme = kl.load(whole_programme / "programme.toml", audience="internal")
    data = kl.cleaned(programme)
    much = sum(
        data.tables[name].groupby("organization_id").size().reindex(data.organizations["organization_id"], fill_value=0)
        for name in ("invitations", "conversations", "survey", "business_leads", "contributions", "other_support")
    )
    order = much.sort_values(kind="stable").index
    codes = [*order[-4:], *order[:2]]
    out = tmp_path_factory.mktemp("briefs")
    return make_briefs(programme, codes, quarter="FY2017Q3", language=request.param, reports=out)


def test_a_brief_is_one_page_on_paper_and_small(briefs, browser):
    for page in briefs.pages:
        assert sheets(browser, page) == 1, page.name
        assert page.stat().st_size < 60_000


def test_briefs_and_their_index_fit_a_phone_and_ask_for_nothing(briefs, browser, opened):
    for page in (briefs.index, briefs.pages[0], briefs.pages[-1]):
        for width in WIDTHS:
            asked = opened(page.as_uri(), width)
            assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
            assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        assert browser.find_elements("css selector", "script, link[rel=stylesheet], iframe, form") == []
        assert len(browser.find_elements("tag name", "h1")) == 1


def test_a_long_name_and_many_conversations_take_two_pages_at_most(tiny, browser, tmp_path):
    tiny.replace("organizations.csv", "Asosyasyon Peyizan Aquin", LONG)
    tiny.replace("sign_in.csv", "Asosyasyon Peyizan Aquin", "CDSP-001")
    for day in range(1, 29):
        tiny.add("conversations.csv", f"CDSP-001,2017-02-{day:02},2017-03-{day:02}")
    made = make_briefs(kl.load(tiny.toml, audience="internal"), ["CDSP-001"], reports=tmp_path)
    assert len(LONG) > 200
    assert LONG.strip() in made.pages[0].read_text(encoding="utf-8")
    assert sheets(browser, made.pages[0]) <= 2
