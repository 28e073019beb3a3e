"""The page on participation: who was reached against the target, who comes again and stays, how meaningfully, where.

Takes a cleaned programme, its panel, a quarter and a language; returns the sentences, figures and tables that
``notebooks/participation.ipynb`` shows. Numbers come from engagement.py, participation.py and trends.py. A part that
cannot be shown is a sentence that says why.
"""

import pandas as pd

from konbit_lessons.cleaning import Data
from konbit_lessons.errors import DataError
from konbit_lessons.figures import Figure, dots, spoken
from konbit_lessons.figures.charts import curve_png, quarters_png, tiles_png
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.measures import engagement, together
from konbit_lessons.measures.participation import uptake
from konbit_lessons.measures.trends import difference_of_groups, share_with_interval
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.periods import Quarter
from konbit_lessons.sentences import signed
from konbit_lessons.sentences.phrases import (
    capital,
    count,
    interval_of_difference,
    interval_of_share,
    joined,
    linked,
    small,
    why_missing,
)
from konbit_lessons.tables import EVENT_TYPES, LABELS, LEVELS
from konbit_lessons.words import Words, mark

NAN = float("nan")
CLUSTERS = ("organization_id", "event_id")
KINDS = {"cdsp": mark("service providers (CDSPs)"), "awardee": mark("awardees"), engagement.TOTAL: mark("all types")}
STEPS = {
    "roster": mark("On the roster"),
    "invited": mark("Invited"),
    "came_once": mark("Came once"),
    "came_again": mark("Came again"),
    "came_five_times": mark("Came five times or more"),
}
ALL_UNKNOWN = mark("Attendance is on record for no invitation, so that nobody can tell who came.")
WHY_UNKNOWN = {
    "name": mark("a name on the sign-in sheet may be theirs, and only an evaluator can tell"),
    "no_sheet": mark("the event has no sign-in sheet on which a name could be placed"),
    "not_recorded": mark("the registration does not say, and there are no sign-in sheets"),
}


def title(language: str = "en") -> str:
    """The title of the page: what was asked."""
    return Words.of(language).text("Who takes part, who comes again, and how far does it go?")


def headline(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """Organizations reached so far against the target, beside their attendances."""
    words = Words.of(language)
    if _all_unknown(rows):
        return words.text(ALL_UNKNOWN)
    reached = _reached(data, rows, words)
    if not reached:
        return words.text("Up to {quarter} too few organizations were reached to give a number.", quarter=quarter)
    taken_up = together.invitations_taken_up(rows, smallest=data.programme.smallest_cell)["attended"]
    total = sum(taken_up.get(("org_type", kind), 0) for kind in reached)
    if pd.isna(total):
        return words.text(
            "**{reached}** came to at least one event up to {quarter}.",
            reached=linked(words.list(reached.values()), "reached-against-target", link),
            quarter=quarter,
        )
    return words.text(
        "**{reached}** came to at least one event up to {quarter}; together they account for {attendances}.",
        reached=linked(words.list(reached.values()), "reached-against-target", link),
        quarter=quarter,
        attendances=words.plural("{n} attendance", "{n} attendances", total),
    )


def at_a_glance(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Five sentences a director can read in a minute, each with a link to its section."""
    words = Words.of(language)
    said = [
        headline(data, rows, quarter=quarter, language=words, link=True),
        quarter_sentence(data, rows, quarter=quarter, language=words, link=True),
        _came_again(data, rows, quarter, words),
        meaningful_sentence(data, rows, quarter=quarter, language=words, link=True),
        unknown_sentences(data, rows, language=words, link=True)[0],
    ]
    return [sentence for sentence in said if sentence]


def reach_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Organizations reached in each quarter and so far against the target, beside their attendances."""
    words = Words.of(language)
    if _all_unknown(rows):
        return Prose(words.text(ALL_UNKNOWN))
    table = engagement.reached_by_quarter(data, rows)
    if table.empty or table["reached"].isna().all():
        return Prose(words.text("Too few organizations are on the roster, or were reached, to show them by quarter."))
    panels = [
        (words.text(LABELS[kind]), own)
        for kind, own in table.groupby("org_type", sort=False)
        if len(own.dropna(how="all"))
    ]
    heads = [mark("Quarter"), mark("Reached in it"), mark("Reached so far"), mark("Target"), mark("Attendances")]
    cells = [
        [
            words.text("{kind}, {quarter}", kind=words.text(LABELS[line.org_type]), quarter=line.fiscal_quarter),
            *(count(n, words) for n in (line.reached, line.so_far, line.target, line.attendances)),
        ]
        for line in table.itertuples()
    ]
    shown = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    reached = _reached(data, rows, words).values()
    heading = words.text("{parts} reached", parts=words.list(reached)) if reached else title(words)
    last = table.groupby("org_type", sort=False).last(skipna=False)
    readings = [
        words.text(
            "{kind}: {n} in {quarter}, {attendances} attendances.",
            kind=words.text(LABELS[line.Index]),
            n=count(line.reached, words),
            quarter=line.fiscal_quarter,
            attendances=count(line.attendances, words),
        )
        for line in last.itertuples()
    ]
    return Figure(
        png=quarters_png(panels, words),
        heading=heading,
        subtitle=words.text(
            "Organizations that came to at least one event, by fiscal quarter. Column: in the quarter. Line: so far, "
            "each counted once. Dashed: target."
        ),
        caption=joined(
            words.text(
                "Source: invitation lists, sign-in sheets and the roster. An organization that came in several "
                "quarters is in the column of each, and once in the line: columns do not add up to the line, nor to "
                "the attendances under them."
            ),
            why_missing(table[["reached", "so_far"]].isna().to_numpy().sum(), data, words),
        ),
        alt=" ".join([f"{heading}.", *readings]),
        table=shown,
        language=words,
        name="reached_by_quarter",
        numbers=table,
    )


def quarter_sentence(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """What share of the quarter's invitations was taken up, and how much that differs from the quarter before."""
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    table = _uptake(rows, "fiscal_quarter", data).set_index("fiscal_quarter")
    if quarter not in table.index or pd.isna(table.loc[quarter, "share"]):
        return words.text(
            "In {quarter} attendance is on record for too few organizations to give a share.", quarter=quarter
        )
    now = table.loc[quarter]
    said = words.text(
        "In {quarter}, **{share}** of {invitations} were taken up{interval}.",
        quarter=quarter,
        share=linked(words.percent(now["share"]), "compared-with-the-quarter-before", link),
        invitations=words.plural("{n} invitation", "{n} invitations", int(now["invitations"])),
        interval=interval_of_share(now["low"], now["high"], words),
    )
    if earlier not in table.index or pd.isna(table.loc[earlier, "share"]):
        return said
    change = difference_of_groups(
        rows, "attended", by="fiscal_quarter", first=earlier, second=quarter, cluster=CLUSTERS
    )
    return f"{said} {_change_sentence(change, table.loc[earlier, 'share'], words)}"


def compared_table(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """The quarter beside the one before: organizations reached, attendances, events, invitations taken up."""
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    held = set(rows["fiscal_quarter"])
    if not {quarter, earlier} <= held:
        missing = earlier if quarter in held else quarter
        return Prose(words.text("No event is on record in {quarter}, so there is nothing to compare.", quarter=missing))
    reached = engagement.reached_by_quarter(data, rows).set_index(["org_type", "fiscal_quarter"])
    lines = []
    for kind in dict.fromkeys(reached.index.get_level_values("org_type")):
        name = words.text(LABELS[kind])
        for head, column in ((mark("{kind}: reached"), "reached"), (mark("{kind}: attendances"), "attendances")):
            lines.append((words.text(head, kind=name), *(reached.loc[(kind, q), column] for q in (earlier, quarter))))
    events = rows.groupby("fiscal_quarter")["event_id"].nunique()
    lines.append((words.text("Events"), events[earlier], events[quarter]))
    shares = _uptake(rows, "fiscal_quarter", data).set_index("fiscal_quarter").reindex([earlier, quarter])
    lines.append((words.text("Invitations whose attendance is known"), *shares["invitations"]))
    numbers = pd.DataFrame(lines, columns=["what", earlier, quarter])
    cells = [[line[0], *(count(n, words) for n in line[1:]), _plain_difference(*line[1:], words)] for line in lines]
    if shares["share"].notna().all():
        change = difference_of_groups(
            rows, "attended", by="fiscal_quarter", first=earlier, second=quarter, cluster=CLUSTERS
        )
        said = words.text("Of 100 of them taken up")
        cells.append([said, *map(words.points, shares["share"]), signed(change.estimate, words)])
        numbers = pd.DataFrame([*lines, (said, *shares["share"])], columns=numbers.columns)
    heads = [words.text(head) for head in (mark("What was counted"), mark("Before"), mark("Now"), mark("Change"))]
    caption = words.text(
        "Before is {earlier}, now is {quarter}. These are counts of all records; the interval of the last line "
        "stands in the sentence above. Other events were held, so that no change is an effect of time alone.",
        earlier=earlier,
        quarter=quarter,
    )
    return Table(pd.DataFrame(cells, columns=heads), caption, name="compared_with_before", numbers=numbers)


def uptake_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Invitations taken up by type of organization and by type of event, with intervals."""
    words = Words.of(language)
    by_type = _uptake(rows, "org_type", data).assign(label=lambda one: one["org_type"].map(LABELS))
    by_event = _uptake(rows, "event_type", data).assign(label=lambda one: one["event_type"].map(LEVELS))
    known = pd.concat([by_type, by_event.sort_values("share", ascending=False)]).dropna(subset="share")
    if known.empty:
        return Prose(words.text("Attendance is on record for too few organizations to give shares."))
    shown = known.assign(
        label=[capital(words.text(label)) for label in known["label"]], estimate=known["share"], n=known["invitations"]
    )
    events = shown[shown["event_type"].notna()] if "event_type" in shown else shown.iloc[:0]
    heading = words.text("By type of event there is nothing that differs")
    if len(events) > 1 and events["share"].iloc[0] > events["share"].iloc[-1]:
        heading = words.text(
            "{most} drew most of those invited ({high}), {least} least ({low})",
            most=events["label"].iloc[0],
            high=words.percent(events["share"].iloc[0]),
            least=small(events["label"].iloc[-1]),
            low=words.percent(events["share"].iloc[-1]),
        )
    return dots(
        shown[["label", "estimate", "low", "high", "n", "attended", "organizations"]],
        heading=heading,
        subtitle=words.text(
            "Attended of 100 invited up to {quarter}, by type of organization, then by type of event. Dot: share. Bar: "
            "95 % interval. n: invitations whose attendance is known.",
            quarter=quarter,
        ),
        caption=words.text(
            "Source: invitation lists and sign-in sheets. Invitations with unknown attendance are left out. The "
            "interval allows for organizations and for events differing from each other."
        ),
        language=words,
        name="uptake_by_type",
    )


def uptake_table(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Attended of invited for each type of organization at each type of event."""
    words = Words.of(language)
    known = rows[rows["attended"].notna()]
    kinds = [kind for kind in engagement.shown_types(data) if (known["org_type"] == kind).any()]
    known = known[known["org_type"].isin(kinds)]
    if len(kinds) < 2:
        return Prose(words.text("There are not two types of organization to set beside each other."))
    pair = "event_type × org_type"
    safe = together.invitations_taken_up(rows, smallest=data.programme.smallest_cell).xs(pair)
    groups = {f"{event}, {kind}": some for (event, kind), some in known.groupby(["event_type", "org_type"])}
    cells, numbers = [], []
    for event, kind in ((event, kind) for event in EVENT_TYPES for kind in kinds if f"{event}, {kind}" in groups):
        n, k = safe.loc[f"{event}, {kind}"]
        share = _clustered(groups[f"{event}, {kind}"]) if pd.notna(k) and pd.notna(n) else None
        found = {
            name: getattr(share, at, NAN) for name, at in (("share", "estimate"), ("low", "low"), ("high", "high"))
        }
        numbers.append({"event_type": event, "org_type": kind, "attended": k, "invited": n, **found})
        cells.append(
            [
                words.text("{event}: {kind}", event=capital(words.text(LEVELS[event])), kind=words.text(KINDS[kind])),
                words.text("{k} of {n}", k=count(k, words), n=count(n, words)),
                words.points(found["share"]),
                "–" if pd.isna(found["low"]) else words.text("{low} to {high}", **_ends(found, words)),
            ]
        )
    heads = [mark("Event and organization"), mark("Attended of invited"), mark("Of 100"), mark("95 % interval")]
    caption = joined(
        words.text(
            "Invitations whose attendance is known, up to {quarter}, by type of event and of organization.",
            quarter=quarter,
        ),
        why_missing(sum(pd.isna(line["share"]) for line in numbers), data, words),
    )
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    return Table(frame, caption, name="uptake_two_way", numbers=pd.DataFrame(numbers))


def funnel_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """From the roster to coming again: how many organizations were at each step."""
    words = Words.of(language)
    if _all_unknown(rows):
        return Prose(words.text(ALL_UNKNOWN))
    table = engagement.funnel(data, rows, until=quarter)
    every = table[table["org_type"] == engagement.TOTAL].dropna(subset="organizations")
    if len(every) < 2:
        return Prose(words.text("Too few organizations are on record to show how far they came."))
    drawn = [
        Row(
            words.text(STEPS[line.step]),
            words.number(line.organizations)
            if pd.isna(line.share)
            else words.text(
                "{n}: {share} of the step before ({low} to {high})",
                n=words.number(line.organizations),
                share=words.percent(line.share),
                low=words.points(line.low),
                high=words.points(line.high),
            ),
            float(line.organizations),
            NAN,
            NAN,
            look="bar",
        )
        for line in every.itertuples()
    ]
    kinds = list(dict.fromkeys(table["org_type"]))
    wide = table.pivot_table(
        "organizations", index="step", columns="org_type", aggfunc="first", dropna=False, sort=False
    )
    cells = [
        [words.text(STEPS[step]), *(count(wide.loc[step].get(kind), words) for kind in kinds)] for step in wide.index
    ]
    heading = _came_again(data, rows, quarter, words, link=False).replace("**", "").rstrip(".")
    top = 1.05 * max(row.at for row in drawn)
    return Figure(
        png=rows_png(drawn, words, axis=words.text("organizations"), limits=(0, top), scale=1),
        heading=heading or words.text("From the roster to coming again"),
        subtitle=words.text(
            "Organizations at each step up to {quarter}, of all types, and in brackets the 95 % interval of the share.",
            quarter=quarter,
        ),
        caption=joined(
            words.text(
                "Source: roster, invitation lists and sign-in sheets. Who joined late had fewer events to come to. "
                "Attendance that is unknown counts as not having come."
            ),
            why_missing(table["organizations"].isna().sum(), data, words),
        ),
        alt=" ".join([heading, *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text("Step"), *(capital(words.text(KINDS[kind])) for kind in kinds)]),
        language=words,
        name="funnel",
        numbers=table,
    )


def staying_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """The curve of organizations that still take part, with its band."""
    words = Words.of(language)
    try:
        curve = engagement.staying(rows, smallest_cell=data.programme.smallest_cell)
    except DataError:
        return Prose(words.text("Attendance is on record in too few quarters to see who stays: it takes two at least."))
    last = curve.iloc[-1]
    if len(curve) < 2:
        return Prose(
            words.text(
                "Fewer than {smallest} organizations have left so far, or were looked at: too few to draw who stays.",
                smallest=words.number(data.programme.smallest_cell),
            )
        )
    heading = words.plural(
        "After {n} quarter, {share} of organizations still take part{interval}",
        "After {n} quarters, {share} of organizations still take part{interval}",
        int(last["quarter"]),
        share=words.percent(last["share"]),
        interval=interval_of_share(last["low"], last["high"], words),
    )
    heads = [
        mark("Quarters"),
        mark("At risk of leaving"),
        mark("Left since"),
        mark("Still take part"),
        mark("Low"),
        mark("High"),
    ]
    cells = [
        [
            *(words.number(n) for n in (line.quarter, line.at_risk, line.left)),
            *(words.points(share) for share in (line.share, line.low, line.high)),
        ]
        for line in curve.itertuples()
    ]
    axis = {"x": words.text("quarters since its first invitation"), "at_risk": words.text("Organizations looked at:")}
    return Figure(
        png=curve_png(curve, words, axis=axis),
        heading=heading,
        subtitle=words.text(
            "Organizations that still take part, of 100, up to {quarter}. Line: best guess. Band: 95 % interval.",
            quarter=quarter,
        ),
        caption=words.text(
            "{n} organizations. One has left in a quarter in which it was invited and did not come, if it never came "
            "again; the last quarter only shows who did. A quarter is drawn once {smallest} or more have left "
            "since the one before. Kaplan and Meier's curve. Source: invitation lists and sign-in sheets.",
            n=words.number(curve["at_risk"].iloc[0]),
            smallest=words.number(data.programme.smallest_cell),
        ),
        alt=heading,
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="staying",
        numbers=curve,
    )


def meaningful_sentence(
    data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False
) -> str:
    """How many organizations take part meaningfully, and between which numbers the cut-offs move it."""
    words = Words.of(language)
    if _no_directors(data, rows) or _all_unknown(rows):
        return ""
    table = engagement.meaningful(data, rows, until=quarter).set_index("way")
    known, defined = table.dropna(subset="share"), table.loc["defined"]
    if pd.isna(defined["share"]):
        return ""
    moved = known[~known.index.isin(KINDS)]["share"]
    return words.text(
        "**{k} of {n}** invited organizations take part meaningfully as this programme defines it ({share}{interval}); "
        "with other cut-offs it would be {low} to {high}.",
        k=linked(words.number(defined["organizations"]), "taking-part-meaningfully", link),
        n=words.number(defined["n"]),
        share=words.percent(defined["share"]),
        interval=words.text("; 95 % interval {low} to {high}", **_ends(defined, words)),
        low=words.points(moved.min()),
        high=words.percent(moved.max()),
    )


def meaningful_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Meaningful participation as defined, and as each cut-off is moved."""
    words = Words.of(language)
    least = data.programme.meaningful
    if _all_unknown(rows):
        return Prose(words.text(ALL_UNKNOWN))
    if _no_directors(data, rows):
        return Prose(
            words.text(
                "The sign-in sheets do not say who is a director, which the definition needs. Take senior_delegates = "
                "0 in programme.toml to leave that out."
            )
        )
    table = engagement.meaningful(data, rows, until=quarter)
    known = table.dropna(subset="share")
    if "defined" not in set(known["way"]):
        return Prose(
            words.text(
                "How many took part meaningfully is not shown: a number about fewer than {smallest} organizations "
                "could be worked out from it.",
                smallest=words.number(data.programme.smallest_cell),
            )
        )
    shown = known.assign(label=[_way_label(line, words) for line in known.itertuples()], estimate=known["share"])
    defined, moved = known.iloc[0], known[~known["way"].isin(KINDS)]["share"]
    heading = words.text(
        "{k} of {n} take part meaningfully as defined; other cut-offs give {low} to {high}",
        k=words.number(defined["organizations"]),
        n=words.number(defined["n"]),
        low=words.points(moved.min()),
        high=words.percent(moved.max()),
    )
    return dots(
        shown[["label", "estimate", "low", "high", "n", "organizations", "hours", "senior_delegates", "contributions"]],
        heading=heading,
        subtitle=words.text(
            "Share of organizations invited up to {quarter}. As defined: {definition}. The rows below it move one "
            "cut-off at a time. Bar: 95 % interval.",
            quarter=quarter,
            definition=words.list(_needs(least, words)) or words.text("no cut-off is set"),
        ),
        caption=joined(
            words.text(
                "Source: programme.toml, section participation, for the definition; sign-in sheets, events and "
                "contributions. What is not on record does not count."
            ),
            why_missing(table["share"].isna().sum(), data, words),
        ),
        language=words,
        name="meaningful",
    )


def departments_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """A map of tiles: the share of partners reached in the quarter in each of Haiti's ten departments."""
    words = Words.of(language)
    if quarter not in set(rows["fiscal_quarter"]):
        return Prose(words.text("No event is on record in {quarter}.", quarter=quarter))
    if _all_unknown(rows[rows["fiscal_quarter"] == quarter]):
        return Prose(words.text(ALL_UNKNOWN))
    table = engagement.by_department(data, rows, quarter=quarter)
    tiles, elsewhere = table[table["department"] != ""], table[table["department"] == ""]
    known = tiles.dropna(subset="share").sort_values("share")
    if known.empty:
        return Prose(
            words.text("The roster names too few organizations in Haiti's departments to show where they are reached.")
        )
    most, least = known.iloc[-1], known.iloc[0]
    heading = words.text(
        "In {quarter} most were reached in {most} ({high}), fewest in {least} ({low})",
        quarter=quarter,
        most=words.text(most["department"]),
        high=words.percent(most["share"]),
        least=words.text(least["department"]),
        low=words.percent(least["share"]),
    )
    if len(known) < 2 or most["share"] == least["share"]:
        heading = words.text(
            "In {quarter}, {share} were reached wherever it can be shown",
            quarter=quarter,
            share=words.percent(most["share"]),
        )
    heads = [mark("Department"), mark("Reached"), mark("Partners"), mark("Percent"), mark("Low"), mark("High")]
    cells = [
        [
            words.text(line.department or "Elsewhere, or not on record"),
            *(count(n, words) for n in (line.reached, line.organizations)),
            *(words.points(share) for share in (line.share, line.low, line.high)),
        ]
        for line in table.itertuples()
    ]
    readings = (
        words.text("{department}: {share}.", department=words.text(line.department), share=words.percent(line.share))
        for line in known[::-1].itertuples()
    )
    return Figure(
        png=tiles_png(tiles, words, few=words.text("not shown"), none=words.text("no partner")),
        heading=heading,
        subtitle=words.text(
            "Organizations that came to an event in {quarter}, of the partners of each department. One tile is one "
            "department, placed roughly as on a map; the darker, the more.",
            quarter=quarter,
        ),
        caption=joined(
            words.text(
                "Source: roster and sign-in sheets. With so few in a department its share is uncertain: the intervals "
                "stand in the table below."
            ),
            _elsewhere(elsewhere, words),
            why_missing(table["share"].isna().sum(), data, words),
        ),
        alt=" ".join([heading + ".", *readings]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="departments",
        numbers=table,
    )


def consulted_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Invitations taken up by organizations that were consulted when the project was designed, and by the others."""
    words = Words.of(language)
    known = rows[rows["consulted_at_design"].notna() & rows["attended"].notna()]
    table = _uptake(rows, "consulted_at_design", data).dropna(subset="share")
    if len(table) < 2:
        return Prose(
            words.text(
                "The roster does not tell two groups, consulted and not, of enough organizations to compare them."
            )
        )
    gap = difference_of_groups(known, "attended", by="consulted_at_design", first=False, second=True, cluster=CLUSTERS)
    values = {"points": words.points(abs(gap.estimate)), "interval": interval_of_difference(gap.low, gap.high, words)}
    if _may_be_none(gap):
        heading = words.text(
            "Consulted organizations: {points} of 100 invitations{interval}, so that a difference cannot be told",
            points=signed(gap.estimate, words),
            interval=values["interval"],
        )
    elif gap.estimate > 0:
        heading = words.text("Consulted organizations took up {points} more of 100 invitations{interval}", **values)
    else:
        heading = words.text("Consulted organizations took up {points} fewer of 100 invitations{interval}", **values)
    labels = {True: mark("Consulted"), False: mark("Not consulted")}
    table = table.sort_values("consulted_at_design", ascending=False)
    shown = table.assign(
        label=[words.text(labels[bool(one)]) for one in table["consulted_at_design"]],
        estimate=table["share"],
        n=table["invitations"],
    )
    return dots(
        shown[["label", "estimate", "low", "high", "n", "attended", "organizations"]],
        heading=heading,
        subtitle=words.text(
            "Invitations taken up of 100, up to {quarter}, by whether the organization was consulted when the project "
            "was designed: {organizations}. n: invitations.",
            quarter=quarter,
            organizations=words.list(
                words.text("{label}, {n} organizations", label=small(line.label), n=count(line.organizations, words))
                for line in shown.itertuples()
            ),
        ),
        caption=words.text(
            "Source: roster, invitation lists and sign-in sheets. The two groups may differ in other ways too; the "
            "page on incentives compares like with like. Organizations of which it is not known are left out."
        ),
        language=words,
        name="consulted",
    )


def count_only_sentences(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Attendances without an invitation on record: counted, and in no share."""
    words = Words.of(language)
    if data.sign_in.empty:
        return [
            words.text(
                "There are no sign-in sheets: attendance is what the registration says, and whoever came without an "
                "invitation is not on record."
            )
        ]
    found = engagement.count_only(data, rows, until=quarter)
    if not found["organizations"]:
        return [
            words.text("Every attendance on record belongs to an invitation, so that a share can be given throughout.")
        ]
    if found["organizations"] < data.programme.smallest_cell:
        return [
            words.text(
                "Fewer than {smallest} organizations signed in where no invitation is on record: **count only**; they "
                "are in no share.",
                smallest=words.number(data.programme.smallest_cell),
            )
        ]
    said = []
    if found["events"]:
        said.append(
            words.text(
                "**Count only:** {events}; {attendances} at them, of how many invited nobody knows.",
                events=words.plural(
                    "{n} event has no invitation on record", "{n} events have no invitation on record", found["events"]
                ),
                attendances=words.plural("there is {n} attendance", "there are {n} attendances", found["attendances"]),
            )
        )
    if found["walk_ins"]:
        said.append(
            words.plural(
                "**Count only:** {n} attendance at the other events is of an organization without an invitation.",
                "**Count only:** {n} attendances at the other events are of organizations without an invitation.",
                found["walk_ins"],
            )
        )
    return [*said, words.text("None of these is in the organizations reached, the attendances and the shares above.")]


def unknown_sentences(data: Data, rows: pd.DataFrame, *, language: str = "en", link: bool = False) -> list[str]:
    """For how many invitations attendance is unknown, and why."""
    words, table = Words.of(language), engagement.unknown_attendance(data, rows)
    total = int(table["invitations"].sum())
    if not total:
        return [words.text("Attendance is known for every invitation.")]
    of_all = words.percent(total / len(rows))
    unknown = words.plural("{n} of {all} invitations", "{n} of {all} invitations", total, all=words.number(len(rows)))
    said = words.text(
        "Attendance is unknown for **{unknown}** ({share}); these are in no share.",
        unknown=linked(unknown, "attendance-that-is-unknown", link),
        share=of_all,
    )
    return [
        said,
        *(
            words.plural(
                "{n} because {why}.", "{n} because {why}.", line.invitations, why=words.text(WHY_UNKNOWN[line.reason])
            )
            for line in table.itertuples()
        ),
    ]


def _reached(data, rows, words):
    """Type → how many were reached so far of the target, or of the roster where there is no target."""
    reached = engagement.attendances(rows).groupby("org_type")["organization_id"].nunique()
    targets = data.organizations.groupby("org_type").size().to_dict() | data.programme.targets
    return {
        kind: words.text(
            "{reached} of {target} {kind}",
            reached=words.number(reached.get(kind, 0)),
            target=words.number(targets[kind]),
            kind=words.text(KINDS[kind]),
        )
        for kind in engagement.shown_types(data)
        if not 0 < reached.get(kind, 0) < data.programme.smallest_cell
    }


def _came_again(data, rows, quarter, words, *, link=True):
    table = engagement.funnel(data, rows, until=quarter)
    every = table[table["org_type"] == engagement.TOTAL].set_index("step")
    again = every.loc["came_again"]
    if pd.isna(again["share"]):
        return ""
    return words.text(
        "Of {once} organizations that came once, **{again}** came again{interval}.",
        once=words.number(again["before"]),
        again=linked(words.percent(again["share"]), "from-first-contact-on", link),
        interval=interval_of_share(again["low"], again["high"], words),
    )


def _uptake(rows, by, data):
    return uptake(rows, by=by, smallest_cell=data.programme.smallest_cell)


def _clustered(rows):
    return share_with_interval(rows["attended"], rows[list(CLUSTERS)])


def _change_sentence(change, before, words):
    """What the difference to the quarter before can be, and whether it can be told from none."""
    values = {
        "before": words.percent(before),
        "interval": interval_of_difference(change.low, change.high, words),
        "points": signed(change.estimate, words),
    }
    if _may_be_none(change):
        return words.text(
            "The quarter before it was {before}: {points} of 100{interval}, so that a change cannot be told.",
            **values,
        )
    return words.text("The quarter before it was {before}: {points} of 100{interval}.", **values)


def _all_unknown(rows):
    return not rows["attended"].notna().any()


def _may_be_none(interval):
    return pd.isna(interval.low) or round(interval.low, 6) <= 0 <= round(interval.high, 6)


def _needs(least, words):
    """The definition in words, without what is not asked for."""
    hours = words.number(least.hours, int(least.hours % 1 > 0))
    said = [
        (least.hours, words.text("at least {hours} hours at events", hours=hours)),
        (
            least.senior_delegates,
            words.plural(
                "a director at {n} event at least", "a director at {n} events at least", least.senior_delegates
            ),
        ),
        (
            least.contributions,
            words.plural(
                "at least {n} contribution delivered", "at least {n} contributions delivered", least.contributions
            ),
        ),
    ]
    return [text for cut, text in said if cut]


def _way_label(line, words):
    if line.way == "defined":
        return words.text("As defined")
    if line.way in KINDS:
        return words.text("As defined: {kind}", kind=words.text(KINDS[line.way]))
    name = line.way.rpartition("_")[0]
    cut = getattr(line, name)
    if name == "hours":
        return words.text("{hours} hours or more", hours=words.number(cut, int(cut % 1 > 0)))
    if name == "senior_delegates":
        return (
            words.plural("A director at {n} event or more", "A director at {n} events or more", int(cut))
            if cut
            else words.text("No director needed")
        )
    return (
        words.plural("{n} contribution delivered or more", "{n} contributions delivered or more", int(cut))
        if cut
        else words.text("No contribution needed")
    )


def _no_directors(data, rows):
    there = engagement.attendances(rows)
    return bool(data.programme.meaningful.senior_delegates) and len(there) > 0 and there["senior_delegate"].isna().all()


def _elsewhere(lines, words):
    if lines.empty or pd.isna(lines["organizations"].iloc[0]):
        return ""
    return words.plural(
        "{n} partner has none of the ten departments on record.",
        "{n} partners have none of the ten departments on record.",
        int(lines["organizations"].iloc[0]),
    )


def _plain_difference(before, now, words):
    if pd.isna(before) or pd.isna(now):
        return "–"
    return f"{'+' if now > before else ''}{words.number(int(now) - int(before))}"


def _ends(line, words):
    return {"low": words.points(line["low"]), "high": words.points(line["high"])}
