"""The figures and tables of a page → a workbook for a spreadsheet: one sheet for each, numbers as numbers.

Takes what the publishing gate let through, and holds what the page shows. The same sheets give the same bytes.
"""

import io
from datetime import datetime

import xlsxwriter

from konbit_lessons.figures.markup import DAYS, SIMULATED, meta, plain
from konbit_lessons.say import Say
from konbit_lessons.words import mark

LOCAL_DAY = 14  # the format of a day that each spreadsheet writes as its country does
FORMATS = {"percent": "0%", "points": "0.0", "signed": "+0.0;\u22120.0;0.0", "p": "0.000", "": "#,##0"}
FORMATS |= {"1": "#,##0.0", "date": LOCAL_DAY, "month": "mmm yyyy"}
HIDDEN = mark("No figure is about fewer than {n} organizations: a dash stands in its place.")
LONGEST = 31  # letters of the name of a sheet
LOOKS = {"bold": {"bold": True}, "text": {"text_wrap": True, "valign": "top"}}
HEAD = {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}
LABEL, NUMBER, SAID = 40, 14, 70  # widths of columns


def workbook(sheets, setting, title):
    """Return the bytes of the XLSX file of a page.

    Parameters
    ----------
    sheets : dict of str to dict, name → ``said`` (title and notes), ``columns`` (heading and kind), ``rows``
    setting : Setting
    title : str, of the page
    """
    content, tabs = io.BytesIO(), [f"{at} {name}"[:LONGEST] for at, name in enumerate(sheets, start=1)]
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        book.set_properties({"title": title, "created": datetime(2000, 1, 1)})
        _front(book, title, setting, [(tab, *one["said"]) for tab, one in zip(tabs, sheets.values(), strict=True)])
        for tab, one in zip(tabs, sheets.values(), strict=True):
            _fill(book, tab, one["columns"], one["rows"])
    return content.getvalue()


def _front(book, title, setting, said):
    """The first sheet: what the page is about, and what each other sheet shows."""
    programme, quarter, words, _ = setting
    about = [title, *meta(programme, quarter, Say(words, programme))] + [words.text(SIMULATED)] * programme.simulated
    about += [words.text(HIDDEN, n=programme.smallest_cell)] * (programme.smallest_cell > 1)
    sheet, (bold, text) = book.add_worksheet(words.text("Contents")[:LONGEST]), map(book.add_format, LOOKS.values())
    sheet.set_column(0, 0, LONGEST)
    sheet.set_column(1, 2, SAID)
    for row, line in enumerate(about):
        sheet.write_string(row, 0, plain(line), None if row else bold)
    for row, (tab, heading, *notes) in enumerate(said, start=len(about) + 1):
        sheet.write_url(row, 0, f"internal:'{tab}'!A1", string=tab)
        sheet.write_string(row, 1, heading, text)
        sheet.write_string(row, 2, " ".join(notes), text)


def _fill(book, tab, columns, rows):
    """A sheet: the headings, and under them a row for each row; a day is a day, a number is a number."""
    sheet, head = book.add_worksheet(tab), book.add_format(HEAD)
    for at, (heading, kind) in enumerate(columns):
        values, look = [row[at] for row in rows], book.add_format({"num_format": FORMATS.get(kind, "@")})
        words = all(isinstance(value, str) for value in values) and kind not in DAYS
        sheet.set_column(at, at, LABEL if words else NUMBER)
        sheet.write_string(0, at, heading, head)
        for row, value in enumerate(values, start=1):
            if kind in DAYS and value[:1].isdigit():
                sheet.write_datetime(row, at, datetime.fromisoformat(value), look)
            elif isinstance(value, str):
                sheet.write_string(row, at, value)
            else:
                sheet.write_number(row, at, value, look)
    sheet.freeze_panes(1, 1)
