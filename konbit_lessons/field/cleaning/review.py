"""``identity_review.xlsx``: the questions only an evaluator can answer, with what speaks for each answer."""

import io
from datetime import datetime

import pandas as pd
import xlsxwriter

from konbit_lessons.field.cleaning.decisions import (
    ASKED,
    DIFFERENT,
    EVENT,
    NEW,
    NO_ORGANIZATION,
    ORGANIZATION,
    SHEETS,
    Decisions,
)
from konbit_lessons.field.cleaning.record import ROW
from konbit_lessons.field.identity import CANDIDATES, Match, fold

PLACES = 3  # shown of where a name stands
QUESTIONS = (
    "question",
    "typed",
    "where_it_stands",
    "times",
    *(f"{what}_{at}" for at in range(1, CANDIDATES + 1) for what in ("candidate", "name", "score")),
    "initials",
    "notes",
)
HOW = {
    ORGANIZATION: f"Type in the column decision: the code of the organization, or {NEW} (a real organization that is "
    f"not on the roster), or {NO_ORGANIZATION}. Then run konbit clean or konbit report: the answer is remembered.",
    EVENT: "These two events have the same type, day and place. Type in the column decision: the code of the event it "
    f"is the same as, or {DIFFERENT}. Then run konbit clean or konbit report: the answer is remembered.",
}


def organization_questions(
    rows: pd.DataFrame, matches: dict[str, Match], names: dict[str, str], decisions: Decisions
) -> pd.DataFrame:
    """One question for each typed name that is open, the most frequent first.

    Parameters
    ----------
    rows : DataFrame
        The place of every row with an open name, and ``typed``.
    matches : dict of str to Match
    names : dict of str to str
        Organization → its name.
    decisions : Decisions
        Notes beside questions that were left open.
    """
    lines = []
    for key, same in rows.groupby(rows["typed"].map(fold), sort=True):
        same = same.sort_values(list(ROW))
        typed = same["typed"].iloc[0]
        line = {"question": ORGANIZATION, "typed": typed, "times": len(same), "where_it_stands": _where(same)}
        match = matches[typed]
        for at, (code, score) in enumerate(zip(match.candidates[:CANDIDATES], match.scores, strict=False), start=1):
            line |= {f"candidate_{at}": code, f"name_{at}": names[code], f"score_{at}": score}
        lines.append(line | _kept(decisions, ORGANIZATION, key))
    return _frame(lines).sort_values(["times", "typed"], ascending=[False, True], ignore_index=True)


def event_questions(events: pd.DataFrame, decisions: Decisions) -> pd.DataFrame:
    """One question for each event that has the type, day and place of an earlier one under another code."""
    same = ["event_type", "held_on", "place"]
    known = events[events[same].notna().all(axis="columns")].sort_values("event_id")
    lines = []
    for _, alike in known.groupby([known["event_type"], known["held_on"], known["place"].map(fold)]):
        first, *others = alike.to_dict("records")
        for other in others:
            if decisions.of(EVENT, other["event_id"]) is None:
                line = {"question": EVENT, "typed": other["event_id"], "times": 1}
                line |= {"where_it_stands": _where(alike[alike["event_id"] == other["event_id"]])}
                line |= {"candidate_1": first["event_id"], "score_1": 100.0}
                line["name_1"] = f"{first['event_type']}, {first['held_on']:%Y-%m-%d}, {first['place']}"
                lines.append(line | _kept(decisions, EVENT, fold(other["event_id"])))
    return _frame(lines)


def workbook(questions: pd.DataFrame) -> bytes:
    """The review as an XLSX file; no text in it is a formula or a link, and the same questions are the same bytes."""
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})
        styles = {
            "title": book.add_format({"text_wrap": True, "valign": "top"}),
            "header": book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}),
            "cell": book.add_format({"text_wrap": True, "valign": "top"}),
            "answer": book.add_format({"bg_color": "#FFF6D6", "border": 1, "text_wrap": True, "valign": "top"}),
        }
        for question, title in SHEETS.items():
            _sheet(book, title, question, questions[questions["question"] == question], styles)
    return content.getvalue()


def _sheet(book, title: str, question: str, questions: pd.DataFrame, styles: dict) -> None:
    answers = ["decision", "initials", "notes"]
    shown = questions.drop(columns=["question", "initials", "notes"]).rename(columns={"typed": ASKED[question]})
    shown = shown.drop(columns=[name for name in shown if name.startswith("name_") and (shown[name] == "").all()])
    kept = questions[["initials", "notes"]].assign(decision=None)[answers]
    sheet = book.add_worksheet(title)
    sheet.merge_range(0, 0, 0, 7, HOW[question], styles["title"])
    sheet.set_row(0, 45)
    header = [*shown, *answers]
    sheet.write_row(1, 0, header, styles["header"])
    for at, name in enumerate(header):
        wide = {ASKED[question]: 40, "where_it_stands": 44, "notes": 30}.get(
            name, 32 if name.startswith("name") else 13
        )
        sheet.set_column(at, at, wide)
    for row, cells in enumerate(pd.concat([shown, kept], axis="columns").itertuples(index=False), start=2):
        for at, cell in enumerate(cells):
            sheet.write(
                row,
                at,
                None if pd.isna(cell) or cell == "" else cell,
                styles["answer" if header[at] in answers else "cell"],
            )
    sheet.freeze_panes(2, 1)
    if len(shown):
        sheet.autofilter(1, 0, 1 + len(shown), len(header) - 1)


def _where(rows: pd.DataFrame) -> str:
    places = [
        ", ".join(filter(None, [source, sheet, f"row {row}"]))
        for source, sheet, row in rows[list(ROW)].itertuples(index=False)
    ]
    more = len(places) - PLACES
    return "; ".join(places[:PLACES]) + (f"; and {more} more" if more > 0 else "")


def _kept(decisions: Decisions, question: str, key: str) -> dict[str, str]:
    return dict(zip(("initials", "notes"), decisions.notes.get((question, key), ("", "")), strict=True))


def _frame(lines: list[dict]) -> pd.DataFrame:
    numbers = {"times": "int64", **{name: "Float64" for name in QUESTIONS if name.startswith("score")}}
    return pd.DataFrame(
        {
            name: pd.array(
                [line.get(name, None if name in numbers else "") for line in lines], numbers.get(name, "str")
            )
            for name in QUESTIONS
        }
    )
