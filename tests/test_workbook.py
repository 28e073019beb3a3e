"""Cells of every kind come out of a workbook as what they hold, in the row a person sees; what is hidden is said."""

import io
import re
import struct
import zipfile
from datetime import date, datetime, time
from itertools import permutations
from pathlib import Path

import olefile
import openpyxl
import pytest
import xlsxwriter
from workbook_files import ODS_CELL, ODS_ROW, RELATIONS, TYPE, number, ods, parts, record, xls, xlsx, zipped

import konbit_lessons as kl
from konbit_lessons.field.sources.file import read_workbook
from konbit_lessons.field.sources.workbook_parts import look

EPOCHS = ("1900", "1904")
PEERS = Path(__file__).parent / "data" / "peers"


def _cells(path, sheet=0):
    """Address-like (row, column) → text, for the cells that hold any."""
    grid = read_workbook(path)[0][sheet]
    return {(row, column): text for column in grid.cells for row, text in grid.cells[column].dropna().items()}


def _written(path, cells, **options):
    """A workbook with one cell under another: (value, number format or None)."""
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet("Feuil1")
        for row, (value, shown) in enumerate(cells):
            sheet.write(row, 0, value, book.add_format({"num_format": shown} if shown else {}))
    return path


KINDS = {
    "a day": (date(2016, 6, 11), "dd/mm/yyyy", "2016-06-11"),
    "the day before the leap day that never was": (date(1900, 2, 28), "dd/mm/yyyy", "1900-02-28"),
    "the day after it": (date(1900, 3, 1), "dd/mm/yyyy", "1900-03-01"),
    "a moment": (datetime(2016, 6, 11, 14, 30, 15), "dd/mm/yyyy hh:mm", "2016-06-11T14:30:15"),
    "a time": (time(14, 30), "hh:mm", "14:30:00"),
    "a duration": (1.5, "[h]:mm", "1 day, 12:00:00"),
    "a day shown in words": (date(2016, 6, 11), "[$-40C]d mmmm yyyy;@", "2016-06-11"),
    "a whole number": (1250, "#,##0", "1250"),
    "a percentage": (0.25, "0%", "0.25"),
    "an amount of money": (1250.5, '#,##0.00 "HTG"', "1250.5"),
    "a number that is shown rounded": (2.718281828, "0", "2.718281828"),
    "a tenth": (0.1, None, "0.1"),
    "a serial number not shown as a day": (42532, None, "42532"),
    "yes": (True, None, "1"),
    "no": (False, None, "0"),
    "a number typed as text": ("0012", "@", "0012"),
    "a long identifier typed as text": ("1234567890123456", "@", "1234567890123456"),
    "an apostrophe": ("'00", None, "'00"),
    "two lines": ("a\nb", None, "a\nb"),
    "what looks like an escape": ("a_x000D_b", None, "a_x000D_b"),
    "spaces around": (" a ", None, " a "),
    "characters of XML": ("<&\">'", None, "<&\">'"),
    "not a missing value": ("NA", None, "NA"),
}


@pytest.mark.parametrize("epoch", EPOCHS)
def test_a_cell_is_what_it_holds_however_it_is_shown_and_dates_are_counted(tmp_path, epoch):
    kinds = {name: kind for name, kind in KINDS.items() if epoch == "1900" or "1900" not in kind[2]}
    cells = [(value, shown) for value, shown, _ in kinds.values()]
    path = _written(tmp_path / "kinds.xlsx", cells, date_1904=epoch == "1904")
    (grid,), notices = read_workbook(path)
    assert dict(zip(kinds, grid.cells[0], strict=True)) == {name: text for name, (*_, text) in kinds.items()}
    assert grid.epoch == epoch and notices == []


def test_the_epoch_of_the_workbook_is_that_of_what_was_read(tmp_path):
    cells = [("held_on", None), (date(2016, 6, 11), None)]
    raws = [kl.read(_written(tmp_path / f"{epoch}.xlsx", cells, date_1904=epoch == "1904")) for epoch in EPOCHS]
    assert [raw.epoch for raw in raws] == list(EPOCHS)
    serials = [int(raw.tables["main"]["held_on"].iloc[0]) for raw in raws]
    assert serials[0] - serials[1] == (date(1904, 1, 1) - date(1899, 12, 30)).days


def test_an_error_is_read_as_it_is_shown_never_as_a_blank(tmp_path):
    shown = ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"]
    with xlsxwriter.Workbook(tmp_path / "errors.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "a")
        for row, error in enumerate(shown, start=2):
            sheet.write_formula(row, 1, "=1/0", None, error)
    assert _cells(tmp_path / "errors.xlsx") == {(1, 0): "a"} | {
        (row, 1): error for row, error in enumerate(shown, start=3)
    }


def test_rows_keep_the_number_a_person_sees(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "low.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(4, 2, ["name", "age"])
        sheet.write_row(6, 2, ["Rose", 30])
        sheet.set_row(900, None, book.add_format({"bold": True}))
        sheet.write_blank(1000, 5, None, book.add_format({"bold": True}))
    assert _cells(tmp_path / "low.xlsx") == {(5, 2): "name", (5, 3): "age", (7, 2): "Rose", (7, 3): "30"}
    frame = kl.read(tmp_path / "low.xlsx").tables["main"]
    assert frame.index.tolist() == [7] and frame.loc[7].to_dict() == {"name": "Rose", "age": "30"}


def test_cells_as_other_programs_write_them_are_read(tmp_path):
    rows = (
        '<row><c t="inlineStr"><is><t>in place</t></is></c><c t="inlineStr"><is>'
        '<r><t>ri</t></r><r><t>ch</t></r></is></c></row><x:row r="3"><x:c r="B3" t="s"><x:v>0</x:v></x:c></x:row>'
        '<row r="4"><c r="A4" t="d"><v>2016-06-11</v></c></row>'
        '<row r="5"><c r="A5" t="str"><f>"a"</f><v>&lt;a&gt;</v></c><c r="B5" t="str"><f>""</f><v></v></c></row>'
    )
    xlsx(rows, texts="<sst><si><t>a_x000D_\nb</t></si></sst>")(tmp_path / "other.xlsx")
    cells = _cells(tmp_path / "other.xlsx")
    assert cells.pop((3, 1)).replace("\r", "") in ("a\nb", "a_x000D_\nb")
    assert cells == {(1, 0): "in place", (1, 1): "rich", (4, 0): "2016-06-11", (5, 0): "<a>"}


def test_hidden_rows_and_columns_are_read_and_said_hidden_sheets_only_said(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "hidden.xlsx") as book:
        sheet = book.add_worksheet("Feuil1")
        for row in range(12):
            sheet.write_row(row, 0, [row] * 4)
        for row in (4, 5, 6, 9, 40):
            sheet.set_row(row, None, None, {"hidden": True})
        sheet.set_column(1, 2, None, None, {"hidden": True})
        sheet.set_column(8, 16_383, None, None, {"hidden": True})
        book.add_worksheet("caché").hide()
        book.add_worksheet("très caché").very_hidden()
        chart = book.add_chart({"type": "column"})
        chart.add_series({"values": "=Feuil1!$A$1:$A$2"})
        book.add_chartsheet("graphe").set_chart(chart)
    (grid,), notices = read_workbook(tmp_path / "hidden.xlsx")
    assert grid.cells[1].tolist() == [str(row) for row in range(12)]
    assert grid.notices == (
        'sheet "Feuil1": hidden rows were read too: 5 to 7, 10',
        'sheet "Feuil1": hidden columns were read too: B to C',
    )
    assert notices == ['hidden sheet "caché" was not read', 'hidden sheet "très caché" was not read']


def test_merged_cells_are_told_as_far_as_the_sheet_is_used(tmp_path):
    rows = '<row><c r="A2"><v>1</v></c></row><row><c r="A3"><v>1</v></c><c r="C3"><v>3</v></c></row>'
    merged = '<mergeCells><mergeCell ref="A2:C2"/><mergeCell ref="B3:XFD1048576"/><mergeCell ref="F9:G9"/></mergeCells>'
    xlsx(rows, behind=merged)(tmp_path / "merged.xlsx")
    (grid,), _ = read_workbook(tmp_path / "merged.xlsx")
    assert grid.merged == ((2, 0, 2, 2), (3, 1, 3, 2))


def test_a_formula_that_was_never_calculated_is_refused_where_it_would_be_read(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = "total"
    book.active["B7"] = "=SUM(A1:A2)"
    book.save(tmp_path / "seen.xlsx")
    with pytest.raises(kl.KonbitError, match=r'seen\.xlsx: sheet "Sheet", cell B7 holds a formula that was never'):
        kl.read(tmp_path / "seen.xlsx")
    book.create_sheet("shown")["A1"] = "x"
    book["Sheet"].sheet_state = "hidden"
    book.save(tmp_path / "unseen.xlsx")
    assert _cells(tmp_path / "unseen.xlsx") == {(1, 0): "x"}


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="B2"><f>A1</f></c>',
        '<c r="B2" s="0"><f t="shared" si="0"/></c>',
        '<c r="B2"><f/></c>',
        '<c r="B2"><f>A1</f><v/></c>',
        '<c r="B2"><f>A1</f><v></v></c>',
        '<c r="B2" t="str"><f>A1</f></c>',
        '<c r="B2"><f t="array" ref="B2">A1</f> </c>',
        '<x:c r="B2"><x:f>A1</x:f></x:c>',
    ],
)
def test_every_way_to_write_a_formula_without_its_value_is_seen(tmp_path, cell):
    xlsx(f'<row r="2">{cell}</row>')(tmp_path / "formula.xlsx")
    assert look(tmp_path / "formula.xlsx")[1][0].uncalculated == "B2"


def test_numbers_longer_than_a_workbook_keeps_are_said(tmp_path):
    path = _written(tmp_path / "long.xlsx", [("id", None), (123456789012345, None), *[(1234567890123456, None)] * 5])
    (grid,), _ = read_workbook(path)
    assert grid.cells[0].tolist()[1:3] == ["123456789012345", "1234567890123456"]
    assert grid.notices == (
        'sheet "Feuil1": numbers of 16 or more digits stand in A3, A4, A5 and 2 more; a workbook keeps 15 digits, '
        "so the last may be wrong",
    )


def _of_ods(kind, about="", shown="x"):
    return f'<table:table-cell office:value-type="{kind}" {about}><text:p>{shown}</text:p></table:table-cell>'


def test_an_ods_workbook_is_read_like_the_others(tmp_path):
    cells = {
        "nom": _of_ods("string", shown="nom"),
        "2.5": _of_ods("float", 'office:value="2.5"', "2,5"),
        "0.25": _of_ods("percentage", 'office:value="0.25"', "25 %"),
        "1250": _of_ods("currency", 'office:value="1250" office:currency="HTG"', "1 250 G"),
        "2016-06-11": _of_ods("date", 'office:date-value="2016-06-11"', "11/06/16"),
        "2016-06-11T14:30:00": _of_ods("date", 'office:date-value="2016-06-11T14:30:00"'),
        "14:30:00": _of_ods("time", 'office:time-value="PT14H30M00S"'),
        "1": _of_ods("boolean", 'office:boolean-value="true"', "VRAI"),
        "a\nb": _of_ods("string", shown="a</text:p><text:p>b"),
        "#REF!": _of_ods("string", 'office:string-value="" table:formula="of:=#REF!"', "#REF!"),
        "Err:502": _of_ods("float", 'office:value="0" table:formula="of:=A()"', "Err:502"),
    }
    blank = ODS_ROW.format('table:number-rows-repeated="2"', "<table:table-cell/>")
    hidden = 'table:visibility="collapse"'
    rows = [ODS_ROW.format(hidden if at in (1, 2) else "", cell) for at, cell in enumerate(cells.values())]
    ods(blank + "".join(rows))(tmp_path / "a.ods")
    (grid,), _ = read_workbook(tmp_path / "a.ods")
    assert grid.cells[0].dropna().to_dict() == dict(enumerate(cells, start=3))
    assert grid.notices == ('sheet "a": hidden rows were read too: 4 to 5',)
    ods(ODS_ROW.format("", ODS_CELL.format("", "x") + '<table:table-cell table:formula="of:=A1"/>'))(tmp_path / "b.ods")
    with pytest.raises(kl.KonbitError, match=r"b\.ods: .*cell B1 holds a formula that was never calculated"):
        kl.read(tmp_path / "b.ods")


def test_merged_and_struck_cells_of_an_ods_workbook_are_seen(tmp_path):
    style = 'table:style-name="ce1"'
    span, struck = (_of_ods("string", about, "a") for about in ('table:number-rows-spanned="2"', style))
    covered = "<table:covered-table-cell/>"
    plain = ODS_CELL.format("", "b")
    rows = [[plain, plain], [span, plain], [covered, plain], [struck, covered], [struck, plain]]
    ods("".join(ODS_ROW.format("", "".join(row)) for row in rows))(tmp_path / "a.ods")
    with zipfile.ZipFile(tmp_path / "a.ods") as archive:
        members = {name: archive.read(name).decode() for name in archive.namelist()}
    line = '<style:style style:name="ce1"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    space = 'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    content = members["content.xml"].replace("<office:body>", f"<o:s xmlns:o='urn:o' {space}>{line}</o:s><office:body>")
    zipped(tmp_path / "b.ods", members | {"content.xml": content})
    (grid,), _ = read_workbook(tmp_path / "b.ods")
    assert (grid.merged, grid.struck) == (((2, 0, 3, 0),), (4, 5))
    assert kl.read(tmp_path / "b.ods").tables["main"]["b"].tolist() == ["a", "a", "a", "a"]


def test_a_row_struck_through_in_an_old_workbook_is_seen(tmp_path):
    """Every font of the file is made a struck one: then each of its rows is."""
    content, at = bytearray(PEERS.joinpath("02_control.xls").read_bytes()), 0
    records = olefile.OleFileIO(io.BytesIO(content)).openstream("Workbook").read()
    while at + 4 <= len(records):
        kind, length = struct.unpack_from("<HH", records, at)
        if kind == 0x31:
            content[content.find(records[at : at + 4 + length]) + 6] |= 8
        at += 4 + length
    (tmp_path / "struck.xls").write_bytes(content)
    assert kl.read(tmp_path / "struck.xls").struck == {"main": (1, 2, 3)}
    assert kl.read(PEERS / "02_control.xls").struck == {}


def test_a_text_that_is_struck_through_strikes_its_row(tmp_path):
    texts = "<si><r><rPr><strike/></rPr><t>gone</t></r></si><si><r><rPr><strike val='0'/></rPr><t>there</t></r></si>"
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    rows = [f'<row r="{at}"><c r="A{at}" t="s"><v>{text}</v></c></row>' for at, text in enumerate((1, 0, 1), start=1)]
    xlsx("".join(rows), texts=f"<sst {space}>{texts}</sst>")(tmp_path / "a.xlsx")
    assert read_workbook(tmp_path / "a.xlsx")[0][0].struck == (2,)


def test_an_old_workbook_is_read_like_the_others(tmp_path):
    label = record(0x204, struct.pack("<HHHHB", 2, 1, 0, 4, 1) + "tête".encode("utf-16-le"))
    error = record(0x205, struct.pack("<HHHBB", 4, 1, 0, 0x2A, 1))
    divided = record(0x06, struct.pack("<HHHBBBBHHHL", 5, 1, 0, 2, 0, 7, 0, 0, 0xFFFF, 0, 0) + bytes(2))
    merged = record(0xE5, struct.pack("<HHHHH", 1, 2, 2, 1, 1))
    late = record(0x22, b"\1\0")
    (tmp_path / "old.xls").write_bytes(xls(label, number(3, 1, 2.5), error, divided, merged, globals_=late))
    (grid,), _ = read_workbook(tmp_path / "old.xls")
    assert _cells(tmp_path / "old.xls") == {(3, 1): "tête", (4, 1): "2.5", (5, 1): "#N/A", (6, 1): "#DIV/0!"}
    assert (grid.title, grid.epoch, grid.merged) == ("a", "1904", ((3, 1, 3, 1),))


FAR = "<sheetData><row><c r='XFD1048576'><v>1</v></c></row></sheetData>"


@pytest.mark.parametrize("sheet", [f"<worksheet a=b>{FAR}</worksheet>", f"<worksheet>{FAR}", f"<worksheet/>{FAR}"])
def test_what_holds_cells_must_be_xml_and_a_drawing_need_not(tmp_path, sheet):
    xlsx(more={"xl/drawings/drawing1.vml": "<xml><br></xml>"})(tmp_path / "drawing.xlsx")
    assert _cells(tmp_path / "drawing.xlsx") == {(1, 0): "x", (2, 0): "1"}
    xlsx(more={"xl/worksheets/sheet1.xml": sheet})(tmp_path / "broken.xlsx")
    with pytest.raises(kl.KonbitError, match=r"broken\.xlsx: xl/worksheets/sheet1\.xml is not what a workbook holds"):
        kl.read(tmp_path / "broken.xlsx")


PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/"
STRICT = "http://purl.oclc.org/ooxml/officeDocument/relationships/"
LISTED = {  # what each program writes in _rels/.rels
    "desktop Excel": {
        f"{TYPE}extended-properties": "docProps/app.xml",
        f"{PACKAGE}core-properties": "docProps/core.xml",
        f"{PACKAGE}thumbnail": "docProps/thumbnail.emf",
        f"{TYPE}officeDocument": "xl/workbook.xml",
    },
    "Excel with properties of its own": {
        f"{TYPE}custom-properties": "docProps/custom.xml",
        "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels": "docMetadata/LabelInfo.xml",
        "http://schemas.microsoft.com/office/2006/relationships/ui/extensibility": "customUI/customUI.xml",
        f"{TYPE}officeDocument": "/xl/workbook.xml",
    },
    "Excel, strict": {
        f"{STRICT}extendedProperties": "docProps/app.xml",
        f"{PACKAGE}core-properties": "docProps/core.xml",
        f"{STRICT}officeDocument": "xl/workbook.xml",
    },
    "LibreOffice": {
        f"{TYPE}officeDocument": "xl/workbook.xml",
        f"{TYPE.lower()}metadata/core-properties": "docProps/core.xml",
        f"{TYPE}extended-properties": "docProps/app.xml",
    },
    "Google Sheets": {f"{TYPE}officeDocument": "xl/workbook.xml"},
}
LINES = ('Id="{id}" Type="{type}" Target="{target}"', "Type='{type}' Target='{target}' Id='{id}'")
STRICTLY = {
    TYPE.rstrip("/"): STRICT.rstrip("/"),
    "schemas.openxmlformats.org/spreadsheetml/2006/": "purl.oclc.org/ooxml/spreadsheetml/",
}


def _is_seen_whole(path):
    """Its cells, its hidden row and its epoch, of which the last two stand in the XML alone."""
    (grid,), notices = read_workbook(path)
    assert grid.cells[0].tolist() == ["x", "1"] and notices == []
    assert grid.notices == (f'sheet "{grid.title}": hidden rows were read too: 2',) and grid.epoch == "1904"


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("program", LISTED)
def test_the_workbook_is_found_whatever_else_its_package_lists_and_in_every_order(tmp_path, program, line):
    rows = '<row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="2" hidden="1"><c r="A2"><v>1</v></c></row>'
    members = parts(rows, about='<workbookPr date1904="1"/>')
    if program == "Excel, strict":
        for loose, strict in STRICTLY.items():
            members = {name: content.replace(loose, strict) for name, content in members.items()}
    members |= {target: "<x/>" for target in LISTED[program].values() if target.startswith("doc")}
    for order in permutations(enumerate(LISTED[program].items(), start=1)):
        lines = [line.format(id=f"rId{at}", type=kind, target=target) for at, (kind, target) in order]
        listed = RELATIONS.format("".join(f"<Relationship {one}/>" for one in lines))
        zipped(tmp_path / "listed.xlsx", members | {"_rels/.rels": listed})
        _is_seen_whole(tmp_path / "listed.xlsx")


@pytest.mark.parametrize("program", ["openpyxl", "xlsxwriter"])
def test_what_a_program_writes_is_read_in_every_order_of_its_package(tmp_path, program):
    if program == "openpyxl":
        book = openpyxl.Workbook()
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
        book.active["A1"], book.active["A2"] = "x", 1
        book.active.row_dimensions[2].hidden = True
        book.save(tmp_path / "written.xlsx")
    else:
        with xlsxwriter.Workbook(tmp_path / "written.xlsx", {"date_1904": True}) as book:
            sheet = book.add_worksheet()
            sheet.write_column(0, 0, ["x", 1])
            sheet.set_row(1, None, None, {"hidden": True})
    with zipfile.ZipFile(tmp_path / "written.xlsx") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    lines = re.findall("<Relationship .*?/>", members["_rels/.rels"].decode())
    assert len(lines) == 3
    for order in permutations(lines):
        turned = dict(reversed((members | {"_rels/.rels": RELATIONS.format("".join(order))}).items()))
        zipped(tmp_path / "turned.xlsx", turned)
        _is_seen_whole(tmp_path / "turned.xlsx")


@pytest.mark.parametrize(
    ("name", "control"),
    [("01_excel_order_app_first.xlsx", "01_control_book_first.xlsx"), ("02_excel2007_theme.xls", "02_control.xls")],
)
def test_what_desktop_excel_saves_is_read_like_its_control(name, control):
    read = kl.read(PEERS / name).tables["main"]
    assert read.to_dict("list") == {"organization": ["Fondasyon A", "Asosyasyon B"], "contact": ["Marie", "Jean"]}
    assert read.equals(kl.read(PEERS / control).tables["main"])


AS_OTHERS_WRITE = {
    "03_control_plain_formats.dta": ("org submitted visit", "A 2017-06-01T09:30:00 2017-06-01"),
    "03_stata_custom_date_formats.dta": ("org submitted visit", "A 2017-06-01T09:30:00 2017-06-01"),
    "04_attendance_dates.csv": ("Organization 2017-03-15 2017-04-12 2017-05-10", "Fondasyon_A X X nan"),
    "04_numbered_questions.csv": ("1._Name_of_organization 2._Commune 3._Who_signs?", "Fondasyon_A Jakmel Marie"),
    "04_year_column.csv": ("organization 2016", "Fondasyon_A yes"),
    "05_spss_date_out_of_range.sav": ("org seen", "A 13000000000"),
    "06_xls_codepage_1252.xls": ("organization contact", "Fondasyon_A Marie"),
    "07_leading_blank_line.csv": ("organization", "Fondasyon_A"),
    "07_title_with_a_comma.csv": ("Organization Name Phone", "Fondasyon_A Marie 3700"),
}


@pytest.mark.parametrize("name", AS_OTHERS_WRITE)
def test_a_file_as_another_program_writes_it_is_read_rightly(name):
    main = kl.read(PEERS / name).tables["main"]
    read = [" ".join(str(one).replace(" ", "_") for one in row) for row in ([*main], main.iloc[0])]
    assert read == [*AS_OTHERS_WRITE[name]]


def test_a_sheet_of_nine_thousand_columns_is_read_and_what_is_no_table_is_refused():
    assert kl.read(PEERS / "10_wide.csv").tables["main"].shape == (1, 9001)
    for name, told in [("08_quote_without_place.csv", "row 502: the quotes"), ("09_api_dump.json", "this is JSON")]:
        with pytest.raises(kl.KonbitError, match=told):
            kl.read(PEERS / name)


def test_codes_are_read_as_a_format_of_zeros_shows_them(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        for at, form in enumerate(["00000", '"OP-"000', "0.00", '#,##0" FCFA"', "dd/mm/yyyy"]):
            sheet.write_string(0, at, form)
            sheet.write_number(1, at, 42736, book.add_format({"num_format": form}))
            sheet.write_number(2, at, 7, book.add_format({"num_format": form}))
    rows = kl.read(tmp_path / "a.xlsx").tables["main"].to_numpy().tolist()
    assert rows[0] == ["42736", "OP-42736", "42736", "42736", "2017-01-01"]
    assert rows[1][:4] == ["00007", "OP-007", "7", "7"]

    style, digits = (
        [record(0xE0, struct.pack("<HH", 0, one) + bytes(16)) for one in (0, 164)],
        struct.pack("<i", 9 << 2 | 2),
    )
    form = record(0x41E, struct.pack("<HHB", 164, 3, 0) + b"000")
    row = struct.pack("<HHH", 1, 0, 1) + digits + struct.pack("<H", 0) + digits + struct.pack("<H", 1)
    title = b"".join(record(0x204, struct.pack("<HHHHB", 0, at, 0, 1, 0) + b"xy"[at : at + 1]) for at in (0, 1))
    whole = record(0x203, struct.pack("<HHHd", 2, 0, 1, 12))
    (tmp_path / "a.xls").write_bytes(xls(title, record(0xBD, row), whole, globals_=form + b"".join(style)))
    old = kl.read(tmp_path / "a.xls").tables["main"]
    assert old["x"].tolist() == ["009", "012"] and old["y"].tolist()[0] == "9"

    shown = '<table:table-cell office:value-type="float" office:value="{}"><text:p>{}</text:p></table:table-cell>'
    rows = "".join(
        ODS_ROW.format("", one)
        for one in (ODS_CELL.format("", "code"), shown.format(12, "0012"), shown.format(7, "7,0"))
    )
    ods(rows)(tmp_path / "a.ods")
    assert kl.read(tmp_path / "a.ods").tables["main"]["code"].tolist() == ["0012", "7"]


def test_a_form_saved_by_desktop_excel_gives_its_codes():
    raw = kl.read(PEERS / "01_export.csv", form=PEERS / "01_form_saved_by_excel.xlsx")
    assert raw.tables["main"]["came"].tolist() == ["yes"]


def _with_zip_behind(tmp_path, *records):
    xlsx(sheets=2)(tmp_path / "inside.xlsx")
    (tmp_path / "old.xls").write_bytes(xls(*records) + (tmp_path / "inside.xlsx").read_bytes())
    assert zipfile.is_zipfile(tmp_path / "old.xls")
    return tmp_path / "old.xls"


def test_an_old_workbook_that_holds_another_is_read_itself(tmp_path):
    assert _cells(_with_zip_behind(tmp_path, number(3, 1, 2.5))) == {(4, 1): "2.5"}


def test_a_damaged_old_workbook_is_refused_whatever_it_holds(tmp_path):
    damaged = _with_zip_behind(tmp_path, number(0, 0, 1), record(0xFD, b"\0"))
    with pytest.raises(kl.KonbitError, match=r"old\.xls: it cannot be opened as a workbook"):
        kl.read(damaged)
