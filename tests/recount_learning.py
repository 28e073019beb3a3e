# ruff: noqa: E501  (one line a table)
"""What the learning report and the page on data quality say beside counts, once more: findings, records, their quality.

Takes a `Recount`; shares no program with the library. The rules are those that the pages print.
"""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
from recount_estimates import gap, share
from scipy import stats

SETTLED = pd.Timedelta(days=90)
STATES = ("overdue", "open", "done")
REFUSED = {"check": ("conversion", "codebook", "event on record"), "change_type": ("blank_response",)}
SAME = "Answers that stay the same when asked twice in one survey"
SHEET = "Registrations that agree with the sign-in sheet"
DAYS = {
    "median_days": "half of the rows were in",
    "p90_days": "9 of 10 rows were in",
    "most_days": "the last row was in",
}
ABOUT_EVENTS = ("invitations", "sign_in", "business_leads")
ABOUT_ORGANIZATIONS = (*ABOUT_EVENTS, "survey", "conversations", "other_support", "contributions")
LINES = {  # measure: the lines of the log that it counts, the tables that it is about
    "Values that do not fit, set aside": (REFUSED, ()),
    "Rows without a value they need, set aside": ({"check": ("needed value",)}, ()),
    "Rows about no event on record, set aside": ({"check": ("event on record",), "change_type": ("remove_survey",)}, ABOUT_EVENTS),
    "Rows about no organization on the roster, set aside": ({"check": ("organization on the roster",)}, ABOUT_ORGANIZATIONS),
    "Names and codes replaced by those on record": (
        {"check": ("organization name", "event on record"), "change_type": ("change_response",)}, ABOUT_ORGANIZATIONS),
    "Rows that stand there again, set aside": ({"check": ("double entry", "later version"), "change_type": ("remove_survey",)}, ()),
    "Rows that a reviewer rejected, set aside": ({"check": ("review",)}, ()),
    "Rows of an organization that answers one survey twice, kept": (
        {"check": ("double entry",), "change_type": ("no_action",)}, ("survey",)),
    "Values replaced by the mean of several answers": ({"check": ("double entry",), "change_type": ("change_response",)}, ("survey",)),
    "Changes that an evaluator made": ({"check": ("correction", "decision")}, ()),
    "Values blanked, being codes for “no answer”": ({"check": ("missing code",)}, ()),
    "Blank cells read as what they mean": ({"check": ("blank cell",)}, ()),
    "Cells of several days, of which one is taken": ({"check": ("several days",)}, ()),
    "Delegates who signed in without an invitation": ({"check": ("attendance",)}, ("sign_in",)),
}  # fmt: skip
ASIDE = [name for name in LINES if name.endswith("set aside")]


# ---- what cleaning wrote down


def log(r):
    """The lines of cleaning_log.csv with their table, by the file and what was set aside, and how many cells each is."""
    lines, counts = pd.read_csv(r.where / "cleaning_log.csv", dtype=str), pd.read_csv(r.where / "counts.csv")
    tables = counts.groupby("source")["table"].agg(set)
    if tables.map(len).max() > 1:
        raise KeyError("a file of several tables: the log does not say of which a line is")
    cells = (
        lines["notes"]
        .str.extract(r"^(\d+) cells$")[0]
        .where(lines["row"].isna() & (lines["change_type"] != "add_survey"))
    )
    return lines.assign(table=lines["source"].map(tables.map(min)), rows=cells.astype(float).fillna(1).astype(int))


def lines_of(measure, lines):
    """The lines that a measure counts."""
    asked, tables = LINES[measure]
    for column, values in (asked | ({"table": tables} if tables else {})).items():
        lines = lines[lines[column].isin(values)]
    return lines


def reasons(r):
    """What was set aside, by reason and table: rows and values of set_aside.csv, their check looked up in the log."""
    aside, lines = pd.read_csv(r.where / "set_aside.csv", dtype=str), log(r)
    place = ["source", "sheet", "row", "column", "reason"]
    aside["change_type"] = aside["scope"].map({"row": "remove_survey", "value": "blank_response"})
    aside = aside.merge(
        lines.drop_duplicates([*place, "change_type"])[[*place, "change_type", "check"]], on=[*place, "change_type"]
    )
    counts = [
        lines_of(name, aside).groupby("table").size().rename("set_aside").reset_index().assign(measure=name)
        for name in ASIDE
    ]
    return ["measure", "table"], pd.concat(counts)


def agreement(r):
    """How often an organization that answers a wave again says the same on a scale; of registrations what was noted."""
    scales = [name for name, one in r.said.get("questions", {}).items() if one.get("kind", "scale") == "scale"]
    given = r.survey.dropna(subset="wave").sort_values("submitted_on", kind="stable")
    lines = []
    for _, some in given.groupby(["organization_id", "wave"]):
        for (_, one), (_, two) in pairwise(some.iterrows()):
            both = [name for name in scales if pd.notna(one[name]) and pd.notna(two[name])]
            lines.append([SAME, two["submitted_on"], sum(one[name] == two[name] for name in both), len(both)])
        if len(some) > 1:
            lines.append([SAME, some["submitted_on"].iloc[0], 0, 0])
    table = pd.DataFrame(lines, columns=["measure", "quarter", "value", "n"])
    table["quarter"] = r.quarter_of(table["quarter"]) if len(table) else table["quarter"]
    noted = pd.read_csv(r.where / "agreement.csv")
    noted = noted[noted["records"] == "sign-in against registration"].rename(
        columns={"agree": "value", "compared": "n"}
    )
    table = pd.concat([table, noted.assign(measure=SHEET)[[*table]]])
    return table.groupby(["measure", "quarter"])[["value", "n"]].sum().query("n > 0").reset_index()


def arrivals(r):
    """How late the rows of each file were, of quarters of which no more may come."""
    cut = pd.Timestamp(r.said["programme"].get("data_cut_on") or r.last(max(r.quarters)))
    known = pd.read_csv(r.where / "arrivals.csv").dropna(subset="quarter")
    return known[[cut >= r.last(one) + SETTLED for one in known["quarter"]]]


def lateness(r):
    """The slowest file and quarter of each table."""
    some = arrivals(r).query("quarter <= @r.quarter")
    some = some.sort_values(["p90_days", "median_days", "rows"], ascending=False).drop_duplicates("table")
    return ["table"], some[["table", "quarter", "rows", "median_days", "p90_days"]]


def data_quality(r):
    """Figures by measure, of all quarters and of this one."""
    counts, checks, lines = pd.read_csv(r.where / "counts.csv"), pd.read_csv(r.where / "checks.csv"), log(r)
    found = {}
    for name, (_, tables) in LINES.items():
        read = counts[counts["table"].isin(tables)] if tables else counts
        now = [one[one["quarter"] == r.quarter] for one in (lines_of(name, checks), read)]
        found[name] = [
            lines_of(name, lines)["rows"].sum(),
            read["read"].sum(),
            now[0]["rows"].sum(),
            now[1]["read"].sum(),
        ]
    sums = pd.concat([r.response_rates()[["measure", "quarter", "value", "n"]], agreement(r)])
    for name, own in sums.groupby("measure"):
        found[name] = [
            *own[["value", "n"]].sum(),
            *own.loc[own["quarter"] == r.quarter, ["value", "n"]].sum(min_count=1),
        ]
    invited = r.invitations.merge(r.events[["event_id", "quarter"]], on="event_id")
    of_now = invited[invited["quarter"] == r.quarter]
    found["Invitations whose attendance is known"] = [
        n for some in (invited, of_now) for n in (some["attended"].notna().sum(), len(some))
    ]
    late = arrivals(r)
    for column, name in DAYS.items() if len(late) else ():
        now = late[late["quarter"] == r.quarter]
        found[f"Days until {name}"] = [late[column].max(), late["rows"].sum(), now[column].max(), np.nan]
    columns = ["value", "of", "now", "of_now"]
    found = {
        name: one if one[3] != 0 else [*one[:2], np.nan, np.nan] for name, one in found.items()
    }  # nothing was read
    table = pd.DataFrame.from_dict(found, orient="index", columns=columns).astype(float)
    table["of_now"] = table["of_now"].where(~table.index.str.match("Values|Names|Changes|Blank|Cells|Days"))  # no share
    return ["measure"], table.rename_axis("measure").reset_index()


def said_in(text):
    """The counts in a cell such as "10 of 4,291 (0.2 %)"."""
    found = [float(one.replace(",", "")) for one in re.findall(r"\d[\d,]*", str(text).partition("(")[0])]
    return [*found, np.nan, np.nan][:2]


def quality_changed(r):
    """The figures that are judged, of the quarter and of the one before."""
    before = r.before_this()
    if before is None:
        raise KeyError("quality_changed")
    both = [judged(r, one) for one in (r.quarter, before)]
    lines = [[name, figure, n, figure - both[1][name][0]] for name, (figure, n) in both[0].items()]
    return ["said"], pd.DataFrame(lines, columns=["said", "figure", "n", "change"])


def judged(r, quarter):
    checks, counts = (pd.read_csv(r.where / f"{name}.csv") for name in ("checks", "counts"))
    checks, counts = (one[one["quarter"] == quarter] for one in (checks, counts))
    read = counts["read"].sum()
    unfit = sum(
        lines_of(name, checks)["rows"].sum()
        for name in LINES
        if name.startswith("Rows ") and (" about " in name or "need" in name)
    )
    again = lines_of("Rows that stand there again, set aside", checks)["rows"].sum()
    rates, same = r.response_rates(), agreement(r)
    answered = rates[rates["measure"].str.contains("answered") & (rates["quarter"] == quarter)]
    same = same[same["quarter"] == quarter].set_index("measure")
    known = r.invitations.merge(r.events.loc[r.events["quarter"] == quarter, "event_id"], on="event_id")[
        "attended"
    ].notna()
    late = arrivals(r)
    late = late[late["quarter"] == quarter].sort_values(["p90_days", "rows"]).tail(1)
    ratio = lambda k, n: (k / n, n) if n else (np.nan, np.nan)  # noqa: E731
    pairs = {
        name: ratio(*same.loc[name, ["value", "n"]]) if name in same.index else (np.nan, np.nan)
        for name in (SHEET, SAME)
    }
    figures = {
        "Rows set aside because they do not fit": ratio(unfit, read),
        "Partners that answered the latest survey": ratio(*answered[["value", "n"]].sum()),
        "Rows that stand there again": ratio(again, read),
        "Invitations whose attendance is known": ratio(known.sum(), len(known)),
    }
    days = (late["p90_days"].iloc[0], late["rows"].iloc[0]) if len(late) else (np.nan, np.nan)
    return figures | pairs | {"Days until 9 of 10 rows of the slowest file and quarter were in": days}


# ---- the table of learning questions


def learned(r):
    """The questions of the quarter, as they were written."""
    some = r.learning[r.learning["quarter"] == r.quarter]
    return ["question"], some[["question", "expectation", "finding", "measure"]]


def said_before(r):
    """What earlier quarters decided, and is not done."""
    some = r.learning[
        (r.learning["quarter"] < r.quarter) & r.learning["adaptation"].notna() & (r.learning["status"] != "done")
    ]
    return ["quarter", "adaptation"], some.assign(due_on=some["due_on"].dt.strftime("%Y-%m-%d"))[
        ["quarter", "adaptation", "action", "owner", "due_on", "status"]
    ]


# ---- the numbers that a report tells, and those that lead


def numbers(r):
    """Every number of the quarter by its name: what it is of, its change with an interval, what it falls short by."""
    found = {}
    reached = r.reached_by_quarter()[1].query("fiscal_quarter == @r.quarter")
    for one in reached.itertuples():
        found[f"reached_{one.org_type}"] = {"kind": "reached", "value": one.so_far, "short": one.target - one.so_far}
    now, before = r.rows[r.rows["quarter"] == r.quarter], r.before_this()
    known = r.rows[r.rows["attended"].notna()]
    two = known[known["quarter"].isin([r.quarter, before])]
    found["taken_up"] = {"kind": "taken_up", "value": now["attended"].mean()}
    if two["quarter"].nunique() == 2:
        low, high, _ = gap(two["attended"].to_numpy(float), (two["quarter"] == r.quarter).to_numpy(float), r.codes(two))
        shares = two.groupby("quarter")["attended"].mean()
        found["taken_up"] |= {"before": shares[before], "after": shares[r.quarter], "low": low, "high": high}
    actions = r.said.get("actions", {})
    planned = {one.get("measure") for one in actions.values()}
    if len(r.conversations):
        talked = r.conversations_by_month()[1].iloc[-1]
        found["talked_with"] = {"kind": "talked_with", "value": talked["share"]}
        found["talked_with"] |= {"short": talked["n"] - talked["talked_with"]} if "conversations" in planned else {}
        states = follow_ups(r)
        if states.sum():
            found["overdue"] = {"kind": "overdue", "value": states["overdue"], "short": states["overdue"]}
            found["due_later"] = {"kind": "due_later", "value": states["open"]}
    changes = r.expectations_changed()[1].set_index("term")
    for one in r.expected_and_offered()[1].query("n > 0").itertuples():
        name = one.term.removeprefix("expects_")
        found[one.term] = {"kind": "expects", "name": name, "value": one.share, **_change(changes, one.term)}
        if pd.notna(one.unmet):
            found[f"unmet_{name}"] = {
                "kind": "unmet",
                "name": name,
                "value": one.unmet,
                "short": one.unmet,
                "n": one.yes,
            }
    changes = r.changed(own_terms(r))[1].set_index("term") if own_terms(r) else pd.DataFrame()
    for name in own_terms(r):
        last = r.question(name)[1].query("by == 'total'").iloc[-1]
        good = last["share"] if r.said["questions"][name].get("good", "high") == "high" else 1 - last["share"]
        short = {"short": (1 - good) * last["n"]} if good < 0.5 else {}
        found[name] = {"kind": "agrees", "name": name, "value": last["share"], **short, **_change(changes, name)}
    for name, one in r.answers_about().items():
        told = {"value": one["estimate"]} if one["strength"] != "cannot tell" else {}
        found[name] = {"kind": "incentive", "name": name, "strength": one["strength"], **told}
    if actions:
        found |= {
            name: {"kind": name, "value": value}
            for name, value in r.of_actions().items()
            if name in ("delivered", "leads", "joint")
        }
    return found


def own_terms(r):
    """The statements of the survey, in the order declared, that have been answered."""
    each = r.answers(own=True)
    return [name for name, one in r.said.get("questions", {}).items()
            if one.get("kind", "scale") in ("scale", "yes_no") and name in each and each[name].notna().any()]  # fmt: skip


def _change(changes, term):
    if term not in changes.index or not changes.loc[term, "n"] > 0:
        return {}
    one = changes.loc[term]
    return {
        "before": one["before"],
        "after": one["now"],
        "both": one["n"],
        "low": one["conf_low"],
        "high": one["conf_high"],
    }


def paired(then, now):
    """The mean change of organizations in two waves, with the limits of a paired t test and its p."""
    change = now - then
    n, error = len(change), change.std(ddof=1) / np.sqrt(len(change))
    if not (n > 1 and error > 0):
        return [np.nan] * 3
    reach, mean = stats.t.ppf(0.975, n - 1) * error, change.mean()
    return [max(mean - reach, -1), min(mean + reach, 1), 2 * stats.t.sf(abs(mean) / error, n - 1)]


def follow_ups(r):
    """Promised follow-ups of conversations held until then, by what became of them."""
    end = r.last(r.quarter)
    talks = r.conversations[(r.conversations["held_on"] <= end) & r.conversations["follow_up_due_on"].notna()]
    done, late = talks["follow_up_done_on"] <= end, talks["follow_up_due_on"] <= end
    return pd.Series({"overdue": (~done & late).sum(), "open": (~done & ~late).sum(), "done": done.sum()})


def leading(found):
    """The names of at most three numbers: clear changes, what falls short (of each kind once), incentives found."""
    changed = {
        name: abs(one["after"] - one["before"])
        for name, one in found.items()
        if one.get("low", 0) > 0 or one.get("high", 0) < 0
    }
    opinions = [name for name, one in found.items() if one["kind"] == "agrees" and one.get("short", 0) > 0]
    short = {name: one["short"] for name, one in found.items() if one.get("short", 0) > 0 and name not in opinions[1:]}
    most, kinds = {}, set()
    for name in sorted(short, key=short.get, reverse=True):
        if found[name]["kind"] not in kinds:
            most, kinds = most | {name: short[name]}, kinds | {found[name]["kind"]}
    strong = {name: abs(one["value"]) for name, one in found.items() if one.get("strength") in ("clear", "likely")}
    ranked = [sorted(by, key=by.get, reverse=True) for by in (changed, most, strong)]
    return [*dict.fromkeys(name for names in ranked for name in names)][:3]


def finding(r, at):
    """What the figure of the finding in a place shows."""
    found = numbers(r)
    lead = leading(found)
    if at >= len(lead):
        raise KeyError(f"finding_{at + 1}")
    table = behind(r, lead[at], found[lead[at]])
    return ["at", "point"], table.assign(at=at)


def behind(r, name, one):
    kind = one["kind"]
    if kind == "overdue":
        states = follow_ups(r)
        return pd.DataFrame({"point": states.index, "value": (states / states.sum()).array, "n": states.array})
    if kind == "unmet":
        counts = pd.Series({"offered": one["n"] - one["short"], "not_offered": one["short"]})
        return pd.DataFrame({"point": counts.index, "value": (counts / one["n"]).array, "n": counts.array})
    if kind == "reached":
        table = r.reached_by_quarter()[1]
        table = table[table["org_type"] == name.removeprefix("reached_")]
        return pd.DataFrame(
            {"point": table["fiscal_quarter"], "value": table["so_far"] / table["target"], "n": table["so_far"]}
        )
    if kind == "expects":
        k = pd.Series([one["before"] * one["both"], one["after"] * one["both"]]).round()
        return with_ends(pd.DataFrame({"point": ["before", "after"], "k": k, "n": one["both"]}))
    if kind == "agrees":
        table, each = r.question(name)[1].query("by == 'total'"), r.answers(own=True)
        days = each.groupby("wave")["submitted_on"].quantile(0.5).dt.strftime("%Y-%m-%d")
        return with_ends(table.assign(point=table["round"].map(days), k=table["yes"]))
    if kind == "incentive":
        told = {term: one for term, one in r.answers_about().items() if one["strength"] in ("clear", "likely")}
        lines = [[term, *(one[name] for name in ("estimate", "conf_low", "conf_high"))] for term, one in told.items()]
        return pd.DataFrame(lines, columns=["point", "value", "conf_low", "conf_high"])
    if kind == "taken_up":
        known = r.rows[r.rows["attended"].notna()]
        lines = [[one, some["attended"].mean(), *share(some["attended"].to_numpy(float), r.codes(some)), len(some)]
                 for one, some in known.groupby("quarter")]  # fmt: skip
        return pd.DataFrame(lines, columns=["point", "value", "conf_low", "conf_high", "n"])
    table = r.conversations_by_month()[1].drop_duplicates("fiscal_quarter")
    return with_ends(table.rename(columns={"fiscal_quarter": "point", "talked_with": "k"}))


def with_ends(table):
    k, n, z2 = table["k"].astype(float), table["n"].astype(float), stats.norm.ppf(0.975) ** 2
    half = np.sqrt(z2 * k * (n - k) / n + z2**2 / 4)
    table = table.assign(value=k / n, conf_low=(k + z2 / 2 - half) / (n + z2), conf_high=(k + z2 / 2 + half) / (n + z2))
    return table[["point", "value", "conf_low", "conf_high", "n"]]


TABLES = {
    "reasons": reasons, "lateness": lateness, "data_quality": data_quality, "quality_changed": quality_changed,
    "learned": learned, "said_before": said_before,
}  # fmt: skip
