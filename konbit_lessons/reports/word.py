"""A page → a Word file, by pandoc: headings, text, tables and figures with their alternative texts and captions.

What pandoc reads is the body of the page, which has passed the allow-list already: no script, and no picture but those
of the page itself, so that nothing is fetched. What it leaves out is put in afterwards (``templates/word.toml``): the
size of the sheet, its header and number, who made it and of which day, and that what belongs together stays together.
"""

import base64
import os
import re
import shutil
import struct
import subprocess
import tomllib
import zipfile
from functools import partial
from html import escape
from io import BytesIO

from bs4 import BeautifulSoup

from konbit_lessons.errors import ProgrammeError, ReportError
from konbit_lessons.figures.markup import meta, plain
from konbit_lessons.publish import zipped
from konbit_lessons.reports.document import TEMPLATES
from konbit_lessons.say import Say

SECONDS = 120
WIDEST, TALLEST = 6.6, 7.5  # inches of a picture: as wide as the text, and on one sheet with its heading
PANDOCS = 5.8  # is pandoc's own widest
LETTERS = 86  # of a row of a table as wide as the text
MOST, MARGIN = 34, 3  # letters of a cell, before its text goes on below, and beside it
KEPT_WHOLE = 14  # rows of a table that is not parted
ONLY_ON_SCREEN = "nav.wide, .skip, .on-screen, style"
ADDED = tomllib.loads((TEMPLATES / "word.toml").read_text(encoding="utf-8"))
BLOCK = re.compile(r"(<w:tbl>.*?</w:tbl>|<w:p>.*?</w:p>)", re.DOTALL)


def pandoc():
    """Return the command pandoc.

    Raises
    ------
    ProgrammeError : it is not installed
    """
    if found := shutil.which("pandoc"):
        return found
    how = "pandoc.org; apt install pandoc; brew install pandoc; conda install -c conda-forge pandoc"
    found = "found no pandoc, which writes Word files"
    raise ProgrammeError(f"--to docx: {found}. Install it ({how}), or leave --to docx out.")


def word_file(page, pictures, setting):
    """Return the bytes of the Word file of a page; the same page gives the same bytes.

    Parameters
    ----------
    page : str, the HTML that `konbit_lessons.reports.page.page` made
    pictures : list of str, a PNG in base64 for each figure of the page, in their order
    setting : Setting, as of the page
    """
    command = [pandoc(), "--from=html", "--to=docx", "--shift-heading-level-by=-1", "--output=-"]
    given, env = _for_pandoc(page, pictures).encode("utf-8"), os.environ | {"SOURCE_DATE_EPOCH": "0"}
    done = subprocess.run(command, input=given, capture_output=True, env=env, timeout=SECONDS, check=False)
    if done.returncode:
        raise ReportError(f"pandoc: {done.stderr.decode('utf-8', 'replace').strip()}. The page itself was made.")
    with zipfile.ZipFile(BytesIO(done.stdout)) as packed:
        return zipped(_finished({name: packed.read(name) for name in packed.namelist()}, setting))


def _finished(files, setting):
    """The parts of a Word file, with what pandoc leaves out of them."""
    programme = setting.programme
    about = meta(programme, setting.quarter, Say(setting.words, programme))[: 1 if programme.study else 2]
    said = {"about": " · ".join(about), "author": programme.name, "day": str(programme.data_cut_on or "")}
    said = {name: escape(plain(text)).replace("\\", "&#92;") for name, text in said.items()}
    said["size"] = ADDED["papers"][programme.paper]

    def filled(text):
        return re.sub(r"\{(\w+)\}", lambda of: said[of[1]], text)

    texts = {name: files[name].decode("utf-8") for name in ADDED["changed"]}
    for name, changes in ADDED["changed"].items():
        for pattern, instead in changes:
            texts[name] = re.sub(pattern, filled(instead), texts[name], flags=re.DOTALL)
    wider = partial(re.sub, r'(?<= c[xy]=")\d+(?="[^<>]*/>)', lambda emu: str(round(int(emu[0]) * WIDEST / PANDOCS)))
    texts["word/document.xml"] = _kept_together(wider(texts["word/document.xml"]))
    texts |= {name: filled(text).strip() for name, text in ADDED["parts"].items()}
    return files | {name: text.encode("utf-8") for name, text in texts.items()}


def _kept_together(document):
    """What introduces a picture or a table stays with it, a picture with its source, and a short table whole."""
    pieces = BLOCK.split(document)
    blocks = pieces[1::2]
    for at, block in enumerate(blocks):
        near = [one for one in blocks[at : at + 3] if "<w:drawing>" in one or one.startswith("<w:tbl>")]
        if block.startswith("<w:tbl>"):
            head, *rows = block.split("<w:tr>")
            kept = len(rows) - 1 if len(rows) <= KEPT_WHOLE else 2
            pieces[2 * at + 1] = "<w:tr>".join([head, *map(_kept, rows[:kept]), *rows[kept:]])
        elif near:
            pieces[2 * at + 1] = _kept(block)
    return "".join(pieces)


def _kept(text):
    """The paragraphs of a text, each with what follows it."""
    text = re.sub("<w:p>(?!<w:pPr>)", "<w:p><w:pPr></w:pPr>", text)
    return re.sub("(<w:p><w:pPr>(<w:pStyle [^>]*/>)?)", r"\1<w:keepNext/>", text)


def _for_pandoc(page, pictures):
    """The title, the notices and the body of a page, in elements that pandoc keeps."""
    soup = BeautifulSoup(page, "html.parser")
    for left_out in soup.select(ONLY_ON_SCREEN):
        left_out.decompose()
    main = soup.main
    for notice in reversed(soup.select("body > header p")):
        notice.name = "strong"
        main.h1.insert_after(notice.wrap(soup.new_tag("p")).extract())
    if contents := main.select_one("details:has(nav)"):
        (main.select_one(".answer") or main.h1).insert_after(contents.extract())
    for drawn, png in zip(main.select(".picture"), pictures, strict=True):
        wide, high = struct.unpack(">II", base64.b64decode(png[:32])[16:24])
        width = f"{PANDOCS * min(1, TALLEST / WIDEST * wide / high):.2f}in"  # or less, to fit on a sheet
        alone = soup.new_tag("p")
        alone.append(soup.new_tag("img", src=f"data:image/png;base64,{png}", alt=drawn["aria-label"], width=width))
        drawn.replace_with(alone)
    for figure in main.find_all("figure"):  # pandoc would take the heading of a figure for its caption
        if figure.figcaption:
            figure.figcaption.name = "p"
        figure.unwrap()
    for details in main.find_all("details"):
        if details.summary.find(["h2", "h3"]):
            details.summary.unwrap()
        else:
            details.summary.name = "p"
        details.unwrap()
    for number in main.select(".number"):
        number["style"] = "text-align: right"
    for table in main.find_all("table"):
        _widen(table)
    head = f'<meta charset="utf-8"><title>{main.h1.decode_contents()}</title>'
    return f'<html lang="{soup.html["lang"]}"><head>{head}</head><body>{main.decode_contents()}</body></html>'


def _widen(table):
    """Make each column as wide as its longest word, and share what is left of the row by how long their cells are."""
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]
    columns = [*zip(*rows, strict=False)]
    if len({*map(len, rows)}) > 1:  # a frame on a page for the team, with cells over several columns
        return
    least = [max(len(word) for cell in column for word in re.split("[ \n]", cell)) + MARGIN for column in columns]
    most = [max(low, min(MOST, max(map(len, column))) + MARGIN) for low, column in zip(least, columns, strict=True)]
    more = min(1, max(0, LETTERS - sum(least)) / max(1, sum(most) - sum(least)))
    share = 100 / max(LETTERS, sum(least))
    wide = [share * (low + more * (high - low)) for low, high in zip(least, most, strict=True)]
    columns = "".join(f'<col style="width: {one:.1f}%">' for one in wide)
    table.insert(1 if table.caption else 0, BeautifulSoup(f"<colgroup>{columns}</colgroup>", "html.parser"))
