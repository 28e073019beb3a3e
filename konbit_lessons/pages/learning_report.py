"""The learning report beside the incentives: data quality, who takes part, what partners expect, what was learned.

Takes a cleaned programme, the panel, a quarter and a language; returns the sentences, figures and tables that
``notebooks/learning_report.ipynb`` shows. Numbers come from quality.py, participation.py and expectations.py.
"""

import pandas as pd

from konbit_lessons.cleaning import Data
from konbit_lessons.errors import DataError
from konbit_lessons.figures import Figure, dots, targets
from konbit_lessons.measures.expectations import expected, follow_ups
from konbit_lessons.measures.participation import reach, uptake
from konbit_lessons.measures.quality import by_table, without_few
from konbit_lessons.measures.together import invitations_taken_up
from konbit_lessons.panel import invitations
from konbit_lessons.parts import Part, Prose, Table, unmarked
from konbit_lessons.periods import Quarter
from konbit_lessons.sentences.findings import found
from konbit_lessons.sentences.phrases import count
from konbit_lessons.tables import EXPECTATIONS, LABELS, TABLE_LABELS
from konbit_lessons.words import Words, mark

NO_WAVE = mark("No wave of the survey has enough answers to say what organizations expect.")
NOT_WRITTEN = mark("Nothing was written down for this quarter. Add it to the table of learning questions.")


def title(language: str = "en") -> str:
    """The title of the report: what was asked."""
    return Words.of(language).text("Who takes part, and what have we learned?")


def at_a_glance(data: Data, rows: pd.DataFrame, result, *, quarter: str, language: str = "en") -> list[str]:
    """Five sentences a director can read in a minute, each with a link to its section."""
    words = Words.of(language)
    said = [
        _reached_sentence(data, quarter, words),
        *expectation_sentences(data, quarter=quarter, language=words, link=True)[:1],
        words.text(
            "{answer} [What predicts participation](#what-predicts-participation).", answer=found(result, words)
        ),
        quality_sentence(data, rows, language=words, link=True),
        next_quarter(data, quarter=quarter, language=words, link=True)[0],
    ]
    return [sentence for sentence in said if sentence]


def quality_sentence(data: Data, rows: pd.DataFrame, *, language: str = "en", link: bool = False) -> str:
    """How many rows were read, how many could not be used, and whose attendance is unknown."""
    words = Words.of(language)
    quality, unknown = without_few(data, by_table(data)), int(rows["attended"].isna().sum())
    aside = words.plural("{n} row was set aside", "{n} rows were set aside", int(quality["set_aside"].sum()))
    attendance = words.plural(
        "attendance is unknown for {n} invitation", "attendance is unknown for {n} invitations", unknown
    )
    return words.text(
        "Of {read} rows read, **{aside}** with the reason on record; {attendance}.",
        read=words.number(quality["read"].sum()),
        aside=f"[{aside}](#data-and-its-quality)" if link else aside,
        attendance=attendance if unknown else words.text("attendance is known for every invitation"),
    )


def quality_table(data: Data, *, language: str = "en") -> Table:
    """Rows read, kept and set aside, and values changed or set aside, by table."""
    words = Words.of(language)
    heads = [
        mark("Records"),
        mark("Read"),
        mark("Kept"),
        mark("Set aside"),
        mark("Values that do not fit"),
        mark("Values changed"),
    ]
    quality = without_few(data, by_table(data))
    cells = [
        [words.text(TABLE_LABELS[line[0]]), *(count(n, words) for n in line[1:])]
        for line in quality.itertuples(index=False)
    ]
    caption = words.text(
        "Rows, by kind of record: kept and set aside add up to read. A value that does not fit is set aside, whether "
        "or not its row is; one is changed where a name, a code or a blank is replaced by what it means, or corrected."
    )
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    return Table(frame, caption, name="records", numbers=quality)


def reach_figure(data: Data, *, quarter: str, language: str = "en") -> Figure:
    """Organizations reached against the target, by type."""
    words = Words.of(language)
    reached = _reached(data, quarter)
    shown = reached.assign(label=[words.text(LABELS[name]) for name in reached["org_type"]])
    return targets(
        shown,
        heading=words.text("{parts} reached", parts=words.list(_of_target(reached, words))),
        subtitle=words.text(
            "Organizations that came to at least one event up to {quarter}, each counted once.", quarter=quarter
        ),
        caption=words.text(
            "Source: sign-in sheets and the roster. The same organizations account for {n}.",
            n=words.plural("{n} attendance", "{n} attendances", int(reached["attendances"].sum())),
        )
        if reached["attendances"].notna().all()
        else words.text("Source: sign-in sheets and the roster."),
        language=words,
        name="reach",
    )


def uptake_figure(rows: pd.DataFrame, *, quarter: str, smallest_cell: int, language: str = "en") -> Figure:
    """Share of invitations taken up, by quarter, with intervals."""
    words = Words.of(language)
    table = uptake(rows, by="fiscal_quarter", smallest_cell=smallest_cell).dropna(subset="share")
    shown = pd.DataFrame(
        {
            "label": table["fiscal_quarter"],
            "estimate": table["share"],
            "low": table["low"],
            "high": table["high"],
            "n": table["invitations"],
        }
    )
    return dots(
        shown,
        heading=unmarked(uptake_sentence(rows, quarter=quarter, smallest_cell=smallest_cell, language=words)),
        subtitle=words.text("Invitations taken up, of 100, by fiscal quarter. Dot: share. Bar: 95 % interval."),
        caption=words.text(
            "Source: invitation lists and sign-in sheets. Invitations with unknown attendance are left out. The "
            "interval allows for organizations and for events differing from each other."
        ),
        language=words,
        name="uptake",
    )


def uptake_sentence(
    rows: pd.DataFrame, *, quarter: str, smallest_cell: int = 5, language: str = "en", link: bool = False
) -> str:
    """Of how many invitations of the quarter what share was taken up, beside the quarter before."""
    words = Words.of(language)
    table = uptake(rows, by="fiscal_quarter", smallest_cell=smallest_cell).set_index("fiscal_quarter")
    if quarter not in table.index or pd.isna(table.loc[quarter, "share"]):
        return words.text(
            "In {quarter} attendance is on record for too few organizations to give a share.", quarter=quarter
        )
    now, earlier = table.loc[quarter], str(Quarter.named(quarter).previous)
    share = words.percent(now["share"])
    values = {
        "quarter": quarter,
        "share": f"[{share}](#who-takes-part)" if link else share,
        "invitations": words.plural("{n} invitation", "{n} invitations", int(now["invitations"])),
        "low": words.points(now["low"]),
        "high": words.points(now["high"]),
    }
    if earlier not in table.index or pd.isna(table.loc[earlier, "share"]):
        return words.text(
            "In {quarter}, **{share}** of {invitations} were taken up (95 % interval {low} to {high}).", **values
        )
    return words.text(
        "In {quarter}, **{share}** of {invitations} were taken up (95 % interval {low} to {high}), after {before} the "
        "quarter before.",
        before=words.percent(table.loc[earlier, "share"]),
        **values,
    )


def expectation_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """What organizations expect of the project, in the latest wave of the survey."""
    words = Words.of(language)
    table = _expected(data, quarter)
    if table.empty:
        return Prose(words.text(NO_WAVE))
    shown = table.assign(label=[words.text(EXPECTATIONS[what]) for what in table["expects"]], estimate=table["share"])
    first = words.text(EXPECTATIONS[table["expects"].iloc[0]])
    return dots(
        shown[["label", "estimate", "low", "high", "n"]],
        heading=words.text("{what} is what most organizations expect", what=first),
        subtitle=words.text(
            "Organizations that named it, of 100 that answered in wave {wave}. Dot: share. Bar: 95 % interval.",
            wave=table["wave"].iloc[0],
        ),
        caption=words.text("Source: partner survey. An organization counts once, however many of its people answered."),
        language=words,
        name="expectations",
    )


def expectation_sentences(data: Data, *, quarter: str, language: str = "en", link: bool = False) -> list[str]:
    """The two things most expected, and the one least, with their shares."""
    words = Words.of(language)
    table = _expected(data, quarter)
    if table.empty:
        return [words.text(NO_WAVE)]

    def named(at: int) -> str:
        line = table.iloc[at]
        label = words.text(EXPECTATIONS[line["expects"]])
        return words.text("{what} ({share})", what=label[:1].lower() + label[1:], share=words.percent(line["share"]))

    most = words.list([named(0), named(1)])
    return [
        words.text(
            "Of {n} organizations that answered, most expect **{most}**.",
            n=words.number(table["n"].iloc[0]),
            most=f"[{most}](#what-they-expect)" if link else most,
        ),
        words.text("Least expected: {least}.", least=named(-1)),
    ]


def _expected(data: Data, quarter: str) -> pd.DataFrame:
    try:
        return expected(data, until=quarter).dropna(subset="share")
    except DataError:  # nobody has answered yet
        return pd.DataFrame()


def learned(data: Data, *, quarter: str, language: str = "en") -> Part:
    """What was asked, expected and found this quarter."""
    columns = {"question": mark("We asked"), "expectation": mark("We expected"), "finding": mark("We found")}
    caption = mark("Learning questions of {quarter}.")
    return _of_learning(data, quarter, columns, caption, language, name="learned")


def said_before(data: Data, *, quarter: str, language: str = "en") -> Part:
    """What was to change after the quarter before, who answers for it, and how it stands."""
    earlier = str(Quarter.named(quarter).previous)
    caption = mark("What we said in {quarter} that we would change, and how it stands.")
    return _of_learning(data, earlier, _CHANGES, caption, language, name="said_before")


def will_change(data: Data, *, quarter: str, language: str = "en") -> Part:
    """What will change, under which strategic action, who answers for it, and how it stands."""
    return _of_learning(data, quarter, _CHANGES, mark("Changes decided in {quarter}."), language, name="will_change")


def next_quarter(data: Data, *, quarter: str, language: str = "en", link: bool = False) -> list[str]:
    """What falls due: follow-ups promised in conversations, and changes decided earlier that are not done."""
    words = Words.of(language)
    promised = follow_ups(data, quarter=quarter).table["follow_ups"]
    until_now = data.learning[data.learning["quarter"] <= quarter].dropna(subset="adaptation")
    waiting = until_now[until_now["status"].fillna("") != "done"]
    said = words.text("Of the follow-ups promised in conversations, too few are open to say how many are overdue.")
    if promised[["overdue", "open"]].notna().all():
        overdue = words.plural("{n} is overdue", "{n} are overdue", int(promised["overdue"]))
        said = words.text(
            "Of the follow-ups promised in conversations, **{overdue}** and {due}.",
            overdue=f"[{overdue}](#next-quarter)" if link else overdue,
            due=words.plural("{n} falls due later", "{n} fall due later", int(promised["open"])),
        )
    return [
        said,
        words.plural(
            "{n} change decided so far is not done yet.", "{n} changes decided so far are not done yet.", len(waiting)
        ),
    ]


def actions(language: str = "en") -> list[str]:
    """The four strategic actions, in words."""
    words = Words.of(language)
    return [
        words.text("**A1:** regular conversations with each organization about what it expects."),
        words.text("**A2:** knowledge and better practice first, with joint contributions of the partners."),
        words.text("**A3:** a door to business opportunities, shown by partners who found them."),
        words.text("**A4:** close work with the other projects, so that support does not compete."),
    ]


_STATUS = {"planned": mark("planned"), "under way": mark("under way"), "done": mark("done")}
_CHANGES = {"adaptation": mark("Change"), "action": mark("Action"), "owner": mark("Who"), "status": mark("Status")}


def _of_learning(data: Data, quarter: str, columns: dict[str, str], caption: str, language: str, *, name: str) -> Part:
    words = Words.of(language)
    lines = data.learning[data.learning["quarter"] == quarter].dropna(subset=next(iter(columns)))
    if lines.empty:
        return Prose(words.text(NOT_WRITTEN))
    heads = [words.text(head) for head in columns.values()]
    said = {status: words.text(shown) for status, shown in _STATUS.items()}
    frame = lines[list(columns)].fillna("–").replace({"status": said}).set_axis(heads, axis=1)
    return Table(
        frame, words.text(caption, quarter=quarter), text=tuple(heads), name=name, numbers=lines[list(columns)]
    )


def _reached(data: Data, quarter: str) -> pd.DataFrame:
    """By type; without a target, the roster is the target. Types below the smallest cell are left out."""
    reached = reach(data, until=quarter)
    smallest = data.programme.smallest_cell
    reached = reached[(reached["organizations"] >= smallest) & ~reached["reached"].between(1, smallest - 1)]
    taken_up = invitations_taken_up(invitations(data, until=quarter), smallest=smallest)["attended"]
    known = [taken_up.get(("org_type", kind), 0) for kind in reached["org_type"]]
    reached = reached.assign(attendances=pd.array(known, dtype="Int64"))
    return reached.assign(target=reached["target"].fillna(reached["organizations"]))


def _of_target(reached: pd.DataFrame, words: Words) -> list[str]:
    return [
        words.text(
            "{reached} of {target} {kind}",
            reached=words.number(line.reached),
            target=words.number(line.target),
            kind=words.text(_KINDS[line.org_type]),
        )
        for line in reached.itertuples()
    ]


_KINDS = {"cdsp": mark("service providers (CDSPs)"), "awardee": mark("awardees")}


def _reached_sentence(data: Data, quarter: str, words: Words) -> str:
    parts = words.list(_of_target(_reached(data, quarter), words))
    return words.text("**[{parts}](#who-takes-part)** came to at least one event.", parts=parts) if parts else ""
