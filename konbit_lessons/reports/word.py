"""A page → a Word file, by pandoc: headings, text, tables and figures with their alternative texts and captions.

What pandoc reads is the body of the page, which has passed the allow-list already: no script, and no picture but those
in the page itself, so that nothing is fetched.
"""

import base64
import os
import shutil
import struct
import subprocess

from bs4 import BeautifulSoup

from konbit_lessons.errors import ProgrammeError, ReportError

SECONDS = 120
FIRST_DAY = "315532800"  # 1980-01-01, the first a zip can hold: the same page gives the same bytes
WIDEST, TALLEST = 5.8, 7.5  # inches of a picture: as wide as the text, and on one sheet with its heading
ONLY_ON_SCREEN = "nav, details.narrow, .skip, .on-screen"


def pandoc():
    """Return the command pandoc.

    Raises
    ------
    ProgrammeError : it is not installed
    """
    if found := shutil.which("pandoc"):
        return found
    raise ProgrammeError(
        "--to docx: found no pandoc, which writes Word files. Install it (pandoc.org; apt install pandoc; "
        "brew install pandoc; conda install -c conda-forge pandoc), or leave --to docx out."
    )


def word_file(page):
    """Return the bytes of the Word file of a page.

    Parameters
    ----------
    page : str, the HTML that `konbit_lessons.reports.page.page` made
    """
    command = [pandoc(), "--from=html", "--to=docx", "--shift-heading-level-by=-1", "--output=-"]
    given, env = _for_pandoc(page).encode("utf-8"), os.environ | {"SOURCE_DATE_EPOCH": FIRST_DAY}
    done = subprocess.run(command, input=given, capture_output=True, env=env, timeout=SECONDS, check=False)
    if done.returncode:
        raise ReportError(f"pandoc: {done.stderr.decode('utf-8', 'replace').strip()}. The page itself was made.")
    return done.stdout


def _for_pandoc(page):
    """The title, the notices and the body of a page, in elements that pandoc keeps."""
    soup = BeautifulSoup(page, "html.parser")
    for left_out in soup.select(ONLY_ON_SCREEN):
        left_out.decompose()
    main = soup.main
    for notice in reversed(soup.select("body > header p")):
        notice.name = "strong"
        main.h1.insert_after(notice.wrap(soup.new_tag("p")).extract())
    for picture in main.find_all("picture"):  # on paper a figure is as wide as the text
        picture.img["src"] = picture.find("source")["srcset"]
        png = base64.b64decode(picture.img["src"].partition(",")[2][:32])
        wide, high = struct.unpack(">II", png[16:24])  # as wide as the text, or less where it would not fit on a sheet
        picture.img["width"] = f"{min(WIDEST, TALLEST * wide / high):.2f}in"
        picture.find("source").decompose()
        picture.unwrap()
    for figure in main.find_all("figure"):  # pandoc would take the heading of a figure for its caption
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
    head = f'<meta charset="utf-8"><title>{main.h1.decode_contents()}</title>'
    return f'<html lang="{soup.html["lang"]}"><head>{head}</head><body>{main.decode_contents()}</body></html>'
