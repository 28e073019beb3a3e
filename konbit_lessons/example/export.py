"""Frames → the files of survey tools and spreadsheets, byte for byte the same again."""

import csv
from datetime import datetime
from importlib.resources import files

import numpy as np
import pandas as pd
import xlsxwriter

from konbit_lessons.example.facts import EXPECTS


def as_days(values, as_text):
    """Days, some of them as text."""
    texts = values.dt.strftime("%d/%m/%Y").where(as_text, values.astype("object"))
    return texts.astype("object").where(values.notna(), None).tolist()


def multiple(question, frame):
    """A select_multiple as exported: a column of the choices joined by spaces, and one of 0 or 1 per choice."""
    chosen = frame[[f"expects_{name}" for name in EXPECTS]].astype("Int64").astype("str").fillna("")
    joined = [" ".join(np.array(list(EXPECTS))[row == "1"]) for row in chosen.to_numpy()]
    chosen.columns = [f"{question}/{name}" for name in EXPECTS]
    chosen.insert(0, question, joined)
    return chosen


def in_labels(named, language):
    """The export with labels of one language in place of names, in headers and in cells."""
    column = form("survey")[0].index(language)
    questions = {row[1]: row[column] for row in form("survey") if row[column]}
    lists = {row[1]: row[0].split()[-1] for row in form("survey") if row[0].startswith("select")}
    labels = {(row[0], row[1]): row[column] for row in form("choices")}
    frame = named.copy()
    for question, kind in lists.items():
        frame[question] = [" ".join(labels[kind, name] for name in cell.split()) for cell in frame[question]]
    expects = {f"expectations/{name}": f"{questions['expectations']}/{labels['exp', name]}" for name in EXPECTS}
    return frame.rename(columns=questions | expects)


def form(part):
    """The rows of a sheet of the form; blank cells are None."""
    text = (files(__package__) / f"form_{part}.csv").read_text(encoding="utf-8")
    return [[cell or None for cell in row] for row in csv.reader(text.splitlines())]


def kobo_csv(path, frame):
    """Every cell quoted, `;` between, and no line end after the last record."""
    text = frame.to_csv(index=False, sep=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    path.write_bytes(text.removesuffix("\r\n").encode("utf-8"))


def as_rows(frame):
    """The header and the rows."""
    return [tuple(frame.columns), *frame.itertuples(index=False, name=None)]


def to_csv(path, frame, *, encoding="utf-8", sep=","):
    """A CSV of a frame, its lines ended by CRLF."""
    frame.to_csv(path, index=False, sep=sep, lineterminator="\r\n", encoding=encoding, date_format="%Y-%m-%d")


def workbook(path):
    """A workbook in which nothing tells when or where it was written."""
    # in_memory keeps this machine's clock and file modes out of the archive; the created date would be now
    options = {"in_memory": True, "default_date_format": "yyyy-mm-dd"}
    book = xlsxwriter.Workbook(path, options | {"strings_to_urls": False, "strings_to_formulas": False})
    book.set_properties({"created": datetime(2017, 6, 30)})
    return book


def sheet(book, name, rows, *, first_row=0):
    """A sheet of rows, days as days."""
    page = book.add_worksheet(name)
    moment = book.add_format({"num_format": "yyyy-mm-dd h:mm:ss"})
    for number, row in enumerate(rows, start=first_row):
        for column, value in enumerate(row):
            if isinstance(value, pd.Timestamp):
                page.write_datetime(number, column, value.to_pydatetime(), moment if value.hour else None)
            elif not pd.isna(value):
                page.write(number, column, value)
    return page
