"""Readers and pages stand whatever bytes and texts come: generated, not thought of.

A few hundred cases each, always the same ones; for longer, and with new ones, KONBIT_FUZZ_SECONDS=900 for each test.
"""

import io
import os
import time
import zipfile
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from nbformat.v4 import new_notebook
from small_study import cell, part, study_of, text

from konbit_lessons.reports.document import Setting
from konbit_lessons.reports.gate import passed
from konbit_lessons.reports.page import ALLOWED, page
from konbit_lessons.words import Words

pytestmark = pytest.mark.slow
SECONDS = float(os.environ.get("KONBIT_FUZZ_SECONDS", 0))
DATA, LONGEST, MEMORY = Path(__file__).parent / "data", 10, 1_000_000  # seconds, kB
SEEDS = [
    *sorted((DATA / "peers").glob("*.*")),
    *(DATA / "kobo" / name for name in ("form.xlsx", "names_both.csv", "repeats_names_both.xlsx", "kreyol_both.csv")),
    DATA / "programme" / "raw" / "attendance" / "presences_2017_T1.xlsx",
    DATA / "programme" / "raw" / "contributions.csv",
]
PIECES = [
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b'""', b",", b";", b"\t", b"\r", b"\n", b"\r\n", b"sep=;\n", b"'"),
    *(b"\xe9", b"\xc3\xa9", b"\xc2\xa0", b"-", b"1e999", b"99999999999", b"4294967295", b"-1", b"0", b"NaN", b"A1"),
    *(b"XFD1048576", b"/", b"<", b">", b"</c>", b"<c/>", b"<row>", b"&#0;", b"&amp;", b"&x;", b"<!--", b"<![CDATA["),
    *(b't="s"', b't="e"', b't="d"', b's="999"', b'r=""', b'r="A0"', b'spans="1:99"', b"true", b"\xf0\x9f\x98\x80"),
]


def often(of, examples):
    """Run a test of examples once; or with one seed after the other, for as long as the environment says."""
    how = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    how = settings(how, phases=(Phase.generate, Phase.shrink), print_blob=False)
    until, seeds = time.monotonic() + SECONDS, count()
    seed(next(seeds))(how(of()))()
    while time.monotonic() < until:
        seed(next(seeds))(how(of()))()


@st.composite
def changed(draw, content):
    """Bytes of which some are cut out, doubled, swapped, or put in."""
    content = bytearray(content)
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(content)))
        length = draw(st.sampled_from([0, 1, 2, 4, 30, 999]))
        found = bytes(content[at : at + length])
        piece = draw(st.sampled_from([*PIECES, b"", found * 2, bytes(reversed(found))]) | st.binary(max_size=4))
        content[at : at + length] = piece
    return bytes(content)


@st.composite
def files(draw):
    """A name and its bytes: of a file that there is, changed; of a zip, a part of it, packed again as it should be."""
    source = draw(st.sampled_from([*SEEDS, None]))
    if source is None:
        content = b"".join(draw(st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=60)))
        return draw(st.sampled_from(["a.csv", "a.xlsx", "a.txt"])), content
    content = source.read_bytes()
    if not zipfile.is_zipfile(source) or not draw(st.integers(0, 4)):
        return source.name, draw(changed(content))
    packed, again = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    chosen = draw(st.sampled_from(sorted(packed.namelist())))
    with zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as out:
        for name in packed.namelist():
            out.writestr(name, draw(changed(packed.read(name))) if name == chosen else packed.read(name))
    return source.name, again.getvalue()


def test_a_reader_reads_or_refuses_by_name_within_limits_whatever_the_bytes_are(tmp_path):
    hostile_files = pytest.importorskip("hostile_files")

    def tried():
        @given(files())
        def each(one):
            path = tmp_path / one[0]
            path.write_bytes(one[1])
            message, memory, seconds = hostile_files.outcome(path)
            assert message.startswith(("read [", f"{path.name}: ", f"{path.name}, ")), message
            assert seconds < LONGEST and memory < MEMORY, (message, seconds, memory)

        return each

    often(tried, 150)


MORE = """
script style template noscript math mtext mglyph malignmark annotation-xml foreignObject desc title iframe form input
button object embed base meta link plaintext textarea xmp select option use animate set image video audio source marquee
body html head frameset noembed portal
"""
TAGS = [*ALLOWED["tags"].split(), *MORE.split()]
NAMES = """
onerror onload onclick onfocus ontoggle onbegin href src srcset srcdoc xlink:href style action formaction id name class
data values attributeName to from d fill transform viewBox tabindex lang http-equiv
"""
RUNS = "window.__pwn=1"
VALUES = [
    *(RUNS, f"javascript:{RUNS}", f"JaVa\tScRiPt:{RUNS}", f"&#106;avascript:{RUNS}", f"x' onerror={RUNS} '", "x", ""),
    *(f"data:text/html,<script>{RUNS}</script>", "data:image/svg+xml,<svg onload=x>", f'"><img src=x onerror={RUNS}>'),
    *("https://example.org/x", "//example.org/x", "position:fixed;inset:0", "0;url=https://example.org", "url(//a.b)"),
]
LOOSE = [
    *("<!--", "-->", "--!>", "<![CDATA[", "]]>", "<", ">", '"', "'", "`", "\n\n", "```", "{{", "}}", "&lt;", "&#0;"),
    *(f"<script>{RUNS}</script>", f"<img src=x onerror={RUNS}>", f"[x](javascript:{RUNS})", f"![x](x'onerror='{RUNS})"),
    *("<https://a.b>", f"<javascript:{RUNS}>", "# ", "* ", "|a|b|\n|-|-|\n", "    ", "\\", "*", "_", "$x$", "\u202e"),
    *("\0", "é", "<?", "</"),
]
ATTRIBUTES = st.tuples(
    st.sampled_from(NAMES.split()), st.sampled_from(["=", '="', "='", "/", "\n="]), st.sampled_from(VALUES)
)
OPENED = st.builds(
    lambda tag, about, end: f"<{tag} {' '.join(''.join(one) + one[1][-1:].strip('=/') for one in about)}{end}",
    st.sampled_from(TAGS),
    st.lists(ATTRIBUTES, max_size=3),
    st.sampled_from([">", "/>", " ", ""]),
)
PIECE = OPENED | st.sampled_from(TAGS).map("</{}>".format) | st.sampled_from(LOOSE) | st.text(max_size=4)
SAID = st.lists(st.lists(PIECE, min_size=1, max_size=9).map("".join), min_size=1, max_size=12)
FOUND = """
const [tags, schemes] = arguments, wrong = [];
for (const one of document.querySelectorAll("main *")) {
  if (!tags.includes(one.localName)) wrong.push(one.localName);
  for (const {name, value} of one.attributes) {
    if (/^on|style$|srcdoc|action|xlink/.test(name)) wrong.push(`${one.localName} ${name}`);
    if (["href", "src"].includes(name) && !schemes.some(begin => value.toLowerCase().startsWith(begin)))
      wrong.push(`${one.localName} ${name}=${value}`);
  }
}
if (window.__pwn !== undefined) wrong.push("it ran");
if (document.querySelectorAll("main").length != 1) wrong.push("main");
return wrong;
"""
OURS = {"nav", "header", "footer", "main", "button"}


@pytest.mark.browser
def test_a_page_runs_asks_and_holds_nothing_else_than_its_parts_whatever_the_text_is(browser, opened, tmp_path):
    setting = Setting(study_of(tmp_path / "study"), None, Words("en"))
    file, schemes = tmp_path / "page.html", ["https://", "http://", "mailto:", "#", "data:image/"]

    def tried():
        @given(SAID)
        def each(said):
            cells = [cell(part(f"<div>{one}</div>")) for one in said]
            made = passed(new_notebook(cells=[*map(text, said), *cells]))
            html = page(made.cells, setting)
            assert html.count("Content-Security-Policy") == 1
            file.write_text(html.replace("Content-Security-Policy", "x"), encoding="utf-8", errors="surrogatepass")
            asked = opened(file.as_uri())
            assert {url for url in asked if not url.startswith("data:")} == {file.as_uri()}
            assert browser.execute_script(FOUND, [*ALLOWED["tags"].split(), *OURS], schemes) == []

        return each

    often(tried, 40)
