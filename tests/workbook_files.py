# ruff: noqa: E501 - XML, a line each
"""Workbooks written by hand, part by part and record by record, as no program would write them."""

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

Maker = Callable[[Path], object]
WORKBOOK = """<?xml version="1.0" encoding="UTF-8"?>
<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"
 xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">{about}<sheets>{sheets}</sheets></workbook>"""
RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>"""
TYPE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
CONTENT = """<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="a">{}</table:table></office:spreadsheet></office:body>
</office:document-content>"""
ODS_CELL = '<table:table-cell {} office:value-type="string"><text:p>{}</text:p></table:table-cell>'
ODS_ROW = "<table:table-row {}>{}</table:table-row>"
PLAIN = '<row r="1"><c r="A1" t="str"><v>x</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'


def parts(
    rows: str = PLAIN, *, texts: str = "", about: str = "", before: str = "", behind: str = "", sheets: int = 1
) -> dict[str, str]:
    """The parts of an XLSX workbook with these rows."""
    listed = [f'<sheet name="s{at}" sheetId="{at}" r:id="r{at}"/>' for at in range(1, sheets + 1)]
    targets = [
        f'<Relationship Id="r{at}" Type="{TYPE}worksheet" Target="worksheets/sheet{at}.xml"/>'
        for at in range(1, sheets + 1)
    ]
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:x="urn:x"'
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": RELATIONS.format(f'<Relationship Id="b" Type="{TYPE}officeDocument" Target="xl/workbook.xml"/>'),
        "xl/workbook.xml": WORKBOOK.format(about=about, sheets="".join(listed)),
        "xl/_rels/workbook.xml.rels": RELATIONS.format("".join(targets)),
        "xl/sharedStrings.xml": texts or f"<sst {space}/>",
        **{
            f"xl/worksheets/sheet{at}.xml": f"<worksheet {space}>{before}<sheetData>{rows}</sheetData>{behind}</worksheet>"
            for at in range(1, sheets + 1)
        },
    }


def zipped(path: Path, members: dict[str, str | bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def xlsx(rows: str = PLAIN, *, more: dict[str, str | bytes] | None = None, **options) -> Maker:
    return lambda path: zipped(path, parts(rows, **options) | (more or {}))


def ods(rows: str) -> Maker:
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    members = {"mimetype": mime, "META-INF/manifest.xml": manifest, "content.xml": CONTENT.format(rows)}
    return lambda path: zipped(path, members)


def compound(records: bytes, *, stream: str = "Workbook") -> bytes:
    """An OLE file with one stream: header, its FAT, its directory, the stream."""
    sectors = max(-(-len(records) // 512), 8)
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    fat = [0xFFFFFFFD, end, *range(3, 2 + sectors), end]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<9L", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<109L", 0, *[free] * 108)

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        about = text.ljust(64, b"\0") + struct.pack("<HBB3L", len(text), kind, 1, free, free, child)
        return about + bytes(36) + struct.pack("<LQ", start, size)

    directory = entry("Root Entry", 5, 1, end, 0) + entry(stream, 2, free, 2, max(len(records), 4096))
    table = struct.pack("<128L", *(fat + [free] * 128)[:128])
    return header + table + directory.ljust(512, b"\0") + records.ljust(sectors * 512, b"\0")


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def xls(*records: bytes, globals_: bytes = b"") -> bytes:
    """An XLS workbook of one sheet "a" that holds these records."""
    start = record(0x809, struct.pack("<HHHHLL", 0x600, 5, 0, 0, 0, 0)) + globals_
    title = record(0x85, struct.pack("<LBBBB", len(start) + 4 + 9 + 4, 0, 0, 1, 0) + b"a")
    sheet = record(0x809, struct.pack("<HHHHLL", 0x600, 0x10, 0, 0, 0, 0)) + b"".join(records) + record(0x0A)
    return compound(start + title + record(0x0A) + sheet)


def number(row: int, column: int, value: float) -> bytes:
    return record(0x203, struct.pack("<HHHd", row, column, 0, value))
