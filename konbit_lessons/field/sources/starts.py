"""What a file is by its first bytes, whatever its name says."""

import re

_STARTS = {
    b"PAR1": "parquet", b"SQLite format 3\x00": "sqlite", b"$FL2": "spss", b"$FL3": "spss", b"<stata_dta>": "stata",
    b"\xd0\xcf\x11\xe0": "workbook",
}  # fmt: skip
_OLD_STATA = range(104, 116)  # the release, the byte order, then a 1
_PAGES = (b"<html", b"<!doctype html", b"<table", b"<?xml", b"<div", b"<style", b"<head", b"<meta")
NOT_READ = {  # what looks like text and is no table, or is none that is read
    b"%PDF-": "a PDF", b"ASCII SPSS PORT FILE": "an SPSS portable file", b"TABLE\r\n0,1": "a DIF file",
    b"HEADER RECORD*******": "a SAS transport file", b"\0" * 12 + b"\xc2\xea\x81\x60": "a SAS file",
}  # fmt: skip
_JSON = re.compile(rb'\s*(\{\s*"|\[\s*[\[{"])')
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
BINARY = ("parquet", "sqlite", "spss", "stata")  # tables that are neither text nor a workbook


def other_kind(start: bytes) -> str:
    """What a file is that is neither a table of text nor read, in words; "" where nothing speaks for that.

    >>> other_kind(b'[{"organization": 1}]'), other_kind(b"organization;place")
    ('JSON', '')
    """
    return next(
        (what for first, what in NOT_READ.items() if start.startswith(first)), "JSON" * bool(_JSON.match(start))
    )


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
