"""Who takes part: organizations reached against the target, and invitations taken up by quarter."""

import pandas as pd

from konbit_lessons.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.measures.participation import reach, uptake
from konbit_lessons.parts import Part, Prose, unmarked
from konbit_lessons.periods import Quarter
from konbit_lessons.sentences.phrases import interval_of_share, linked
from konbit_lessons.words import Words, mark

KINDS = {"cdsp": mark("service providers (CDSPs)"), "awardee": mark("awardees")}


def reached(data: Data, quarter: str) -> pd.DataFrame:
    """Organizations reached, by type; without a target, the roster is the target. Types of few are left out."""
    table = reach(data, until=quarter)
    table = table[table["organizations"] >= data.programme.smallest_cell]
    return table.assign(target=table["target"].fillna(table["organizations"]))


def reached_sentence(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """Organizations reached so far against the target, and the share of the quarter's invitations taken up."""
    words = Words.of(language)
    shown = [
        words.text(
            "{reached} of {target} {kind}",
            reached=words.number(line.reached),
            target=words.number(line.target),
            kind=words.text(KINDS[line.org_type]),
        )
        for line in reached(data, quarter).itertuples()
    ]
    if not shown:
        return ""
    return words.text(
        "**{parts}** came to at least one event.", parts=linked(words.list(shown), "who-takes-part", link)
    )


def uptake_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Share of invitations taken up, by quarter, with intervals."""
    words = Words.of(language)
    table = uptake(rows, by="fiscal_quarter", smallest_cell=data.programme.smallest_cell).dropna(subset="share")
    if table.empty:
        return Prose(words.text("Attendance is on record for too few organizations to give shares."))
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
        heading=unmarked(uptake_sentence(data, rows, quarter=quarter, language=words)),
        subtitle=words.text("Invitations taken up, of 100, by fiscal quarter. Dot: share. Bar: 95 % interval."),
        caption=words.text(
            "Source: invitation lists and sign-in sheets. Invitations with unknown attendance are left out. The "
            "interval allows for organizations and for events differing from each other."
        ),
        language=words,
        name="uptake",
    )


def uptake_sentence(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """Of how many invitations of the quarter what share was taken up, beside the quarter before."""
    words = Words.of(language)
    table = uptake(rows, by="fiscal_quarter", smallest_cell=data.programme.smallest_cell).set_index("fiscal_quarter")
    if quarter not in table.index or pd.isna(table.loc[quarter, "share"]):
        return words.text(
            "In {quarter} attendance is on record for too few organizations to give a share.", quarter=quarter
        )
    now, earlier = table.loc[quarter], str(Quarter.named(quarter).previous)
    values = {
        "quarter": quarter,
        "share": linked(words.percent(now["share"]), "who-takes-part", link),
        "invitations": words.plural("{n} invitation", "{n} invitations", int(now["invitations"])),
        "interval": interval_of_share(now["low"], now["high"], words),
    }
    if earlier not in table.index or pd.isna(table.loc[earlier, "share"]):
        return words.text("In {quarter}, **{share}** of {invitations} were taken up{interval}.", **values)
    return words.text(
        "In {quarter}, **{share}** of {invitations} were taken up{interval}, after {before} the quarter before.",
        before=words.percent(table.loc[earlier, "share"]),
        **values,
    )
