# ruff: noqa: E501 - a table of cases, one a line
"""Files that a stranger could send, each made by a few lines; and a process that reads them one by one.

``python hostile_files.py FOLDER`` makes all in FOLDER, reads each in a process of its own with little memory, and
prints what came of it as JSON: name → [message, or "read" and the first column; largest memory in kB; seconds].
"""

import json
import os
import resource
import struct
import sys
import warnings
import zipfile
from pathlib import Path

import psutil
from workbook_files import (
    ODS_CELL,
    ODS_ROW,
    PLAIN,
    RELATIONS,
    WORKBOOK,
    Maker,
    compound,
    number,
    ods,
    parts,
    record,
    xls,
    xlsx,
    zipped,
)

import konbit_lessons as kl
import konbit_lessons.field.sources

MEMORY = 2 << 30  # of addresses, beyond those that a process has when it begins to read


def patched(change) -> Maker:
    """A plain workbook whose bytes are changed."""

    def make(path: Path) -> None:
        zipped(path, parts())
        path.write_bytes(change(path.read_bytes()))

    return make


def in_directory(at: int, value: bytes, *, name: bytes = b"xl/worksheets/sheet1.xml"):
    """Change the entry of a member in the zip's directory, ``at`` bytes behind its start."""

    def change(content: bytes) -> bytes:
        entry = content.rindex(name) - 46
        return content[: entry + at] + value + content[entry + at + len(value) :]

    return change


def raw(content: bytes) -> Maker:
    return lambda path: path.write_bytes(content)


def sparse(size: int, start: bytes) -> Maker:
    def make(path: Path) -> None:
        path.write_bytes(start)
        os.truncate(path, size)

    return make


def renamed_member(new: bytes) -> Maker:
    """Zip writers would mend this name: it is written as letters and changed afterwards."""
    placeholder = b"Q" * len(new)

    def make(path: Path) -> None:
        zipped(path, parts() | {placeholder.decode(): "x"})
        path.write_bytes(path.read_bytes().replace(placeholder, new))

    return make


def cell(address: str) -> str:
    return f'<c r="{address}"><v>1</v></c>'


def lying(path: Path, members: dict[str, bytes]) -> None:
    """The directory declares 1,000 bytes for the last member, with their right checksum; more come out."""
    zipped(path, members)
    name, content = list(members.items())[-1]
    for at, told in ((16, zipfile.crc32(content[:1000])), (24, 1000)):
        path.write_bytes(in_directory(at, struct.pack("<L", told), name=name.encode())(path.read_bytes()))


def twice(path: Path) -> None:
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "w") as archive:
        for name, content in [*parts().items(), ("xl/Workbook.xml", "<a/>")]:
            archive.writestr(name, content)


def overlapping(path: Path) -> None:
    """The sheet's entry points at the workbook's bytes."""
    zipped(path, parts())
    content = path.read_bytes()
    at = content.rindex(b"xl/workbook.xml") - 46
    path.write_bytes(in_directory(42, content[at + 42 : at + 46])(content))


def packed_otherwise(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, content in parts().items():
            archive.writestr(name, content)


def link(target: str) -> Maker:
    return lambda path: path.symlink_to(target)


FAR, LARGE = cell("XFD1048576"), r"1,048,576 rows × 16,384 columns"
BLANKS = "".join(f"<c><v>{at}</v></c>" for at in range(16_384))
HOSTILE = {
    # one cell far away, written in every way a reader understands
    "far.xlsx": (xlsx(PLAIN + f'<row r="1048576">{FAR}</row>'), LARGE),
    "far_in_row_1.xlsx": (xlsx(f'<row r="1">{cell("A1")}{FAR}</row>'), LARGE),
    "far_attributes.xlsx": (xlsx(PLAIN + '<row><c s="0" r="XFD1048576"><v>1</v></c></row>'), LARGE),
    "far_quotes.xlsx": (xlsx(PLAIN + "<row><c\tr = 'XFD1048576'><v>1</v></c></row>"), LARGE),
    "far_prefix.xlsx": (xlsx(PLAIN + '<x:row><x:c r="XFD1048576"><x:v>1</x:v></x:c></x:row>'), LARGE),
    "far_decoy.xlsx": (xlsx(PLAIN + """<row><c x='r="A1"' r="XFD1048576"><v>1</v></c></row>"""), LARGE),
    "far_lower_case.xlsx": (xlsx(PLAIN + '<row><c r="xfd1048576"><v>1</v></c></row>'), LARGE),
    "far_dimension.xlsx": (xlsx(PLAIN + f"<row>{FAR}</row>", before='<dimension ref="A1:B2"/>'), LARGE),
    "far_no_address.xlsx": (xlsx(f'<row r="1">{BLANKS}</row><row r="1048576"><c><v>1</v></c></row>'), LARGE),
    "far_inline.xlsx": (xlsx(PLAIN + '<row><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'), LARGE),
    "beyond.xlsx": (xlsx(PLAIN + f"<row>{cell('AAAAAAA99999999')}</row>"), "rows × .* columns"),
    "second_sheet.xlsx": (
        xlsx(
            PLAIN,
            sheets=2,
            more={
                "xl/worksheets/sheet2.xml": f"<worksheet><sheetData><row>{FAR}{cell('A1')}</row></sheetData></worksheet>"
            },
        ),
        LARGE,
    ),
    # what unpacks or unfolds to more than it seems
    "zeros.xlsx": (xlsx(more={"xl/media/zeros.bin": b"\0" * 50_000_000}), "zip bomb"),
    "zeros_beside_noise.xlsx": (xlsx(more={"a": os.urandom(300_000), "b": b"\0" * 30_000_000}), "zip bomb"),
    "texts.xlsx": (xlsx(texts="<sst>" + "<si/>" * 6_000_000 + "</sst>"), "zip bomb"),
    "announced.xlsx": (
        xlsx(texts='<sst uniqueCount="99999999999999"><si><t>x</t></si></sst>'),
        "announces 99,999,999,999,999 texts",
    ),
    "one_text_everywhere.xlsx": (
        xlsx(
            "".join(f'<row r="{at}"><c r="A{at}" t="s"><v>0</v></c></row>' for at in range(1, 4001)),
            texts=f"<sst><si><t>{'x' * 500_000}</t></si></sst>",
        ),
        "unfolds to 2,000,",
    ),
    "parts.xlsx": (xlsx(sheets=5_000), "holds 5,005 parts"),
    "lying.xlsx": (
        lambda path: lying(path, parts() | {"xl/worksheets/sheet1.xml": b" " * 40_000_000}),
        "unpacks to more than it declares",
    ),
    "overlapping.xlsx": (overlapping, "parts overlap"),
    "endless_text.xlsx": (xlsx(f'<row r="1"><c r="A1" t="str"><v>{"x" * 18_000_000}</v></c></row>'), "one text of"),
    "columns.ods": (
        ods(
            "".join(
                ODS_ROW.format("", ODS_CELL.format('table:number-columns-repeated="16384"', at)) for at in range(3_000)
            )
        ),
        "3,000 rows × 16,384 columns",
    ),
    "rows.ods": (
        ods(
            ODS_ROW.format(
                'table:number-rows-repeated="1048576"', ODS_CELL.format('table:number-columns-repeated="16384"', "x")
            )
        ),
        LARGE,
    ),
    "far.ods": (
        ods(
            ODS_ROW.format("", ODS_CELL.format("", "x"))
            + ODS_ROW.format(
                'table:number-rows-repeated="1048574"', '<table:table-cell table:number-columns-repeated="9"/>'
            )
            + ODS_ROW.format("", '<table:table-cell table:number-columns-repeated="16383"/>' + ODS_CELL.format("", "x"))
        ),
        LARGE,
    ),
    "spaces.ods": (
        ods(ODS_ROW.format("", ODS_CELL.format("", 'a<text:s text:c="2000000000"/>b'))),
        "announces 2,000,000,000 spaces",
    ),
    "little_but_long.ods": (
        ods(ODS_ROW.format('table:number-rows-repeated="300"', ODS_CELL.format("", "x" * 1_000_000))),
        "unfolds to 300,",
    ),
    "text.ods": (
        ods(ODS_ROW.format('table:number-rows-repeated="2000"', ODS_CELL.format("", "x" * 1_000_000))),
        "unfolds to 2,000,",
    ),
    "announced.xls": (
        raw(xls(record(0x200, struct.pack("<IIHHH", 0, 4_000_000_000, 0, 65_000, 0)))),
        "announces 4,000,000,000 rows",
    ),
    "far.xls": (raw(xls(number(0, 0, 1), number(65_535, 255, 1))), "65,536 rows × 256 columns"),
    # what the zip or the XML may not hold
    "climbing.xlsx": (xlsx(more={"../out.xml": "<a/>"}), r'holds the path "\.\./out.xml"'),
    "absolute.xlsx": (xlsx(more={"/etc/out.xml": "<a/>"}), 'holds the path "/etc'),
    "drive.xlsx": (renamed_member(b"C:\\out.xml"), "holds the path"),
    "backslash.xlsx": (renamed_member(b"a\\..\\..\\b.xml"), "holds the path"),
    "nul.xlsx": (renamed_member(b"a.xml\0.png"), "holds the path"),
    "twice.xlsx": (twice, "two parts of the same name"),
    "doctype.xlsx": (xlsx(more={"xl/extra.xml": "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"}), "declares a DOCTYPE"),
    "late_doctype.xlsx": (
        xlsx(more={"xl/extra.xml": f"<!--{'x' * 3_000_000}--><!DOCTYPE a><a/>"}),
        "declares a DOCTYPE",
    ),
    "utf_16.xlsx": (xlsx(more={"xl/extra.xml": "<!DOCTYPE a><a/>".encode("utf-16")}), "not written in UTF-8"),
    "utf_7.xlsx": (xlsx(more={"xl/extra.xml": '<?xml version="1.0" encoding="utf-7"?><a/>'}), "not written in UTF-8"),
    "bzip2.xlsx": (packed_otherwise, "packed by method 12"),
    "encrypted_member.xlsx": (patched(in_directory(8, b"\1\0")), "a password protects it"),
    "password.xlsx": (raw(compound(b"", stream="EncryptedPackage")), "a password protects it"),
    "password.xls": (raw(xls(globals_=record(0x2F, bytes(54)))), "a password protects it"),
    "truncated.xlsx": (patched(lambda content: content[: len(content) // 2]), "not an XLSX workbook"),
    "hole.xlsx": (
        patched(lambda content: content[:400] + bytes(200) + content[600:]),
        "cannot be unpacked|not an XLSX",
    ),
    "junk_before.xlsx": (patched(lambda content: b"junk" + content), "other bytes stand before"),
    "junk_behind.xlsx": (patched(lambda content: content + b"junk"), "not an XLSX|other bytes stand"),
    "no_zip.xlsx": (raw(b"PK not a zip"), "not an XLSX workbook"),
    "empty_zip.xlsx": (raw(b"PK\x05\x06" + bytes(18)), "other bytes stand|not an XLSX"),
    "binary.xlsx": (xlsx(more={"xl/workbook.bin": b"x"}), "XLSB workbooks are not read"),
    "broken.xls": (raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 3000), "not an XLS workbook"),
    "document.xls": (raw(compound(b"x", stream="WordDocument")), "not an XLS workbook"),
    "not_utf_8.xlsx": (
        xlsx(
            more={"xl/workbook.xml": WORKBOOK.format(about="", sheets='<sheet name="é" r:id="r1"/>').encode("cp1252")}
        ),
        "cannot be opened as a workbook",
    ),
    "no_sheet.xlsx": (xlsx(more={"xl/workbook.xml": "<workbook><sheets/></workbook>"}), "no_sheet.xlsx"),
    "uncalculated.xlsx": (
        xlsx(PLAIN + '<row r="7"><c r="B7"><f>SUM(A1:A2)</f></c></row>'),
        'sheet "s1", cell B7 holds a formula',
    ),
    # text that is none
    "image.csv": (raw(b"\x89PNG\r\n\x1a\n" + bytes(40)), "not text"),
    "document.csv": (raw(b"%PDF-1.7\n1 0 obj\n"), "PDF"),
    "utf_16_without_mark.csv": (raw("a,b\n1,2\n".encode("utf-16-le")), "NUL"),
    "endless_line.csv": (raw(b"x" * 17_000_000), "no line ends"),
    "endless_line_2.csv": (raw(b"a,b\n1," + b"x" * 17_000_000), "no line ends within 16,000,000 bytes, from byte 4 on"),
    "columns.csv": (raw(b"c," * 1_000_000 + b"d\n1\n"), "1,000,001 columns; at most 20,000"),
    "odd_utf_16.csv": (raw("a,b\n1,2\n".encode("utf-16") + b"x"), "begins as UTF-16, and is cut or damaged"),
    "lying.zip": (lambda path: lying(path, {"a.csv": b"1,2\n" * 1_000_000}), "unpacks to more than it declares"),
    "bomb.zip": (lambda path: zipped(path, {"a.csv": "1,2\n" * 10_000_000}), "zip bomb"),
    "too_large.csv": (sparse(9_000_000_000, b"a,b\n1,2\n"), "9,000,000,000 bytes; at most"),
    "too_large.xlsx": (sparse(400_000_000, b"PK\x03\x04"), "400,000,000 bytes; at most"),
    # places
    "none.csv": (lambda path: None, "no such file"),
    "folder.csv": (Path.mkdir, "this is a folder"),
    "pipe.csv": (os.mkfifo, "pipe or a device"),
    "device.csv": (link("/dev/zero"), "pipe or a device"),
    "dangling.csv": (link("nowhere.csv"), 'a link to "nowhere.csv"'),
    "loop.csv": (link("loop.csv"), 'a link to "loop.csv"'),
    "~$open.xlsx": (raw(b"x"), 'open in Excel. Close Excel and read "open.xlsx"'),
    ".~lock.open.ods#": (raw(b"x"), 'open in LibreOffice. Close it and read "open.ods"'),
    "empty.csv": (raw(b""), "is empty"),
    "private.csv": (lambda path: (path.write_text("a,b\n1,2\n"), path.chmod(0)), "cannot be opened"),
}
HARMLESS = {
    "plain.xlsx": xlsx(),
    "formatted_column.xlsx": xlsx(
        PLAIN + "".join(f'<row r="{at}"><c r="A{at}" s="0"/></row>' for at in range(3, 1_048_577))
    ),
    "formatted_far_cell.xlsx": xlsx(PLAIN + '<row r="1048576" hidden="1"><c r="XFD1048576" s="0"/></row>'),
    "columns_to_the_end.xlsx": xlsx(before='<cols><col min="1" max="16384" width="9"/></cols>'),
    "merged_whole.xlsx": xlsx(behind='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
    "links_out.xlsx": xlsx(
        more={
            "xl/externalLinks/_rels/e.xml.rels": RELATIONS.format(
                '<Relationship Id="r1" TargetMode="External" Target="file:///etc/passwd"/>'
            )
        }
    ),
    "deep.xlsx": xlsx(before="<a>" * 200_000 + "</a>" * 200_000),
    "dimension_to_the_end.xlsx": xlsx(before='<dimension ref="A1:XFD1048576"/>'),
    "many_sheets.xlsx": xlsx(sheets=300),
    "at_the_root.xlsx": lambda path: zipped(
        path, {name.removeprefix("xl/"): part.replace('"xl/', '"') for name, part in parts().items()}
    ),
    "backslashes.xlsx": lambda path: zipped(path, {name.replace("/", "\\"): part for name, part in parts().items()}),
    "custom_utf_16.xlsx": xlsx(more={"customXml/item1.xml": "<a/>".encode("utf-16")}),
    "padded.ods": ods(
        ODS_ROW.format("", ODS_CELL.format("", "x"))
        + ODS_ROW.format("", ODS_CELL.format("", "1"))
        + ODS_ROW.format(
            'table:number-rows-repeated="1048574"', '<table:table-cell table:number-columns-repeated="16384"/>'
        )
    ),
    "plain.xls": raw(xls(record(0x204, struct.pack("<HHHHB", 0, 0, 0, 1, 0) + b"x"), number(1, 0, 1))),
    "workbook_by_content.csv": xlsx(),
}


def outcome(path: Path) -> tuple[str, int, float]:
    """What came of reading a file in a process of its own; the memory that it took, in kB; its seconds of processor time."""
    here = psutil.Process().memory_info()  # which a fork begins with
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_AS, (here.vms + MEMORY, here.vms + MEMORY))
        if path.name.startswith("private") and os.getuid() == 0:  # root may read what nobody else may
            os.setuid(65534)
        os.write(write_end, _read(path)[:4000].encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        message = pipe.read().decode()
    _, status, used = os.wait4(child, 0)
    return message or f"CRASH: status {status}", used.ru_maxrss - here.rss // 1024, used.ru_utime + used.ru_stime


def _read(path: Path) -> str:
    try:
        return f"read {kl.read(path).tables['main'].iloc[:, 0].tolist()}"
    except kl.KonbitError as error:
        return str(error)
    except BaseException as error:  # whatever it is, it is what the test is after
        return f"CRASH: {type(error).__name__} {error}"


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.chmod(0o755)
    outcomes = {}
    for name, make in (HARMLESS | {name: make for name, (make, _) in HOSTILE.items()}).items():
        make(folder / name)
        outcomes[name] = outcome(folder / name)
    print(json.dumps(outcomes))
