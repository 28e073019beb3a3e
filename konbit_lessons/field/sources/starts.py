"""What a file is by its first bytes, whatever its name says."""

_STARTS = {
    b"PAR1": "parquet", b"SQLite format 3\x00": "sqlite", b"$FL2": "spss", b"$FL3": "spss", b"<stata_dta>": "stata",
    b"\xd0\xcf\x11\xe0": "workbook",
}  # fmt: skip
_OLD_STATA = range(104, 116)  # the release, the byte order, then a 1
_PAGES = (b"<html", b"<!doctype html", b"<table", b"<?xml", b"<div", b"<style", b"<head", b"<meta")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BINARY = ("parquet", "sqlite", "spss", "stata")  # tables that are neither text nor a workbook


def container_of(start: bytes) -> str:
    """``parquet``, ``sqlite``, ``spss``, ``stata``, ``workbook`` (old), ``zip``, ``page``, or else ``text``.

    >>> container_of(b"PAR1..."), container_of(b"a;b")
    ('parquet', 'text')
    """
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    if len(start) > 2 and start[0] in _OLD_STATA and start[1] in (1, 2) and start[2] == 1:
        return "stata"
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_PAGES):
        return "page"
    return next((what for first, what in _STARTS.items() if start.startswith(first)), "text")
