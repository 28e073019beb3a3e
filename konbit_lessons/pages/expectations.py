"""The page on expectations: what is expected and offered, believed, supported elsewhere, and talked about.

Takes a cleaned programme, its panel, a quarter and a language; returns the sentences, figures and tables that
``notebooks/expectations.ipynb`` shows. Numbers come from expectations.py, participation.py and trends.py. A part that
cannot be shown is a sentence that says why.
"""

from dataclasses import replace

import pandas as pd

from konbit_lessons.cleaning import Data
from konbit_lessons.figures import Figure, dots, spoken
from konbit_lessons.figures.charts import calendar_png, waves_png
from konbit_lessons.figures.drawing import Row, rows_png
from konbit_lessons.measures import expectations
from konbit_lessons.measures.expectations import TOTAL
from konbit_lessons.measures.participation import uptake
from konbit_lessons.measures.trends import CONFIDENCE, difference_of_groups, difference_of_waves
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.sentences import ANSWERS, signed
from konbit_lessons.sentences.findings import RULE
from konbit_lessons.sentences.phrases import capital, count, joined, linked, small, why_missing
from konbit_lessons.tables import EXPECTATIONS, LABELS, ORG_TYPES, TABLES
from konbit_lessons.words import Words, mark

CLUSTERS = ("organization_id", "event_id")
OPINIONS = ("belief_money", "motivation")
KINDS = {"cdsp": mark("service providers (CDSPs)"), "awardee": mark("awardees"), TOTAL: mark("all types")}
BENEFITS = {
    ("perceived_value", "True"): mark("See value in taking part, with a business lead"),
    ("perceived_value", "False"): mark("See value in taking part, without one"),
    ("knows_benefits", "True"): mark("Know the benefits, with a business lead"),
    ("knows_benefits", "False"): mark("Know the benefits, without one"),
}
LAST = {
    "this_quarter": mark("In this quarter"),
    "quarter_before": mark("In the quarter before"),
    "earlier": mark("Longer ago"),
    "never": mark("Never"),
}
SECTIONS = {  # of the page, as links name them
    "gap": "expected-and-offered",
    "opinions": "motivation-and-the-belief-in-money",
    "overlap": "support-from-other-projects",
    "conversations": "conversations",
}


def title(language: str = "en") -> str:
    """The title of the page: what was asked."""
    return Words.of(language).text("What do partners expect, and what can the project offer?")


def headline(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """What most expect, whether the project can offer it, and where its offer falls shortest."""
    words = Words.of(language)
    table = _in_all(expectations.met_or_not(data, rows, quarter=quarter)).dropna(subset="share")
    if table.empty:
        return _no_answers(data, quarter, words)
    first = table.iloc[0]
    most = mark("Of {n} organizations that answered, {share} expect {what}.")
    if data.programme.offers.get(first["what"]) == []:
        most = mark(
            "Of {n} organizations that answered, {share} expect {what}, which is beyond what the project offers."
        )
    said = words.text(
        most,
        what=f"**{_linked(small(words.text(EXPECTATIONS[first['what']])), 'gap', link)}**",
        share=f"{words.percent(first['share'])}{_interval(first, words)}",
        n=words.number(first["n"]),
    )
    return joined(said, _falls_short(data, table, quarter, words))


def at_a_glance(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """At most five sentences a director can read in a minute, each with a link to its section."""
    words = Words.of(language)
    opinions = opinion_sentences(data, quarter=quarter, language=words, link=True)
    return [
        headline(data, rows, quarter=quarter, language=words, link=True),
        *opinions[:1],
        overlap_sentence(data, rows, quarter=quarter, language=words, link=True),
        talked_sentence(data, quarter=quarter, language=words, link=True),
    ]


def gap_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """What organizations expect, beside what they were offered in the quarter: a dumbbell for each expectation."""
    words, offers = Words.of(language), data.programme.offers
    when = {"quarter": quarter, "language": words}
    table = _in_all(expectations.met_or_not(data, rows, quarter=quarter))
    known = table.dropna(subset="share")
    if known.empty:
        return Prose(_no_answers(data, quarter, words))
    drawn, cells = [], []
    for line in known.itertuples():
        offered = line.offered / line.n if offers.get(line.what) and pd.notna(line.offered) else float("nan")
        limit = (
            "" if offers.get(line.what) else words.text("beyond the offer" if line.what in offers else "not decided")
        )
        label = words.text(EXPECTATIONS[line.what])
        known_offer = mark("{share} of {n} expect it; offered to {offered}")
        note = words.text(
            known_offer if pd.notna(offered) else "{share} of {n} expect it",
            share=_share(line, words),
            n=words.number(line.n),
            offered=words.percent(offered),
        )
        drawn.append(Row(label, note, line.share, line.low, line.high, limit, other=offered))
        events = words.text("{k} of {n}", k=words.number(line.events), n=words.number(line.events_held))
        gone = [words.percent(offered), count(line.unmet, words), events] if not limit else [limit, "–", "–"]
        cells.append([label, words.text("{k} of {n}", **_k_of_n(line, words)), _share(line, words), *gone])
    heads = [
        mark("Expectation"),
        mark("Expect it"),
        mark("Percent, 95 % interval"),
        mark("Were offered it"),
        mark("Expect it, not offered"),
        mark("Events with it"),
    ]
    heading = (_falls_short(data, known, quarter, words) or headline(data, rows, **when)).replace("**", "")
    declared = words.text("What the project can offer stands in programme.toml, section offers.")
    if not offers:
        declared = words.text("programme.toml does not say what the project can offer: add the section offers.")
    return Figure(
        png=rows_png(drawn, words, axis=words.text("percent of organizations"), limits=(0, 1)),
        heading=heading,
        subtitle=words.text(
            "Of the organizations that answered in wave {wave}. Blue: expect it, with the 95 % interval. Orange "
            "diamond: were invited in {quarter} to an event that offers it.",
            wave=known["wave"].iloc[0],
            quarter=quarter,
        ),
        caption=joined(
            declared,
            words.text(
                "Source: partner survey, events and invitation lists. An organization expects what any of its people "
                "named."
            ),
            why_missing(table["share"].isna().sum() + table["unmet"].isna().sum(), data, words),
        ),
        alt=" ".join([heading, *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="expected_and_offered",
        numbers=table.drop(columns=["by", "group", "before"]),
    )


def groups_table(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Expectations by rank, by type of organization, and by whether it was consulted when the project was designed."""
    words = Words.of(language)
    table = expectations.met_or_not(data, rows, quarter=quarter)
    groups = {("org_type", one): LABELS[one] for one in ORG_TYPES} | {
        ("consulted_at_design", "True"): mark("Consulted at design"),
        ("consulted_at_design", "False"): mark("Not consulted"),
    }
    wide = table.set_index(["what", "by", "group"])
    there = [at for at in groups if (table.set_index(["by", "group"]).index == at).any()]
    if len(there) < 2:
        why = words.text("There are not two groups of organizations to set beside each other.")
        return Prose(why if len(table) else _no_answers(data, quarter, words))
    cells = [
        [words.text(EXPECTATIONS[what]), *(_share(wide.loc[(what, *at)], words) for at in there)]
        for what in dict.fromkeys(table["what"])
        if wide.loc[what].reindex(there)["share"].notna().any()
    ]
    asked = {at: wide.xs(at, level=("by", "group"))["n"].max() for at in there}
    heads = [words.text("{kind}, n = {n}", kind=words.text(groups[at]), n=count(asked[at], words)) for at in there]
    caption = joined(
        words.text(
            "Share of organizations that expect it, those expected by most first, with its 95 % interval. "
            "Wave {wave}. n: the most that answered.",
            wave=table["wave"].iloc[0],
        ),
        why_missing(
            table.loc[table["by"].isin(["org_type", "consulted_at_design"]), "share"].isna().sum(),
            data,
            words,
        ),
    )
    numbers = table[table["by"] != "both_waves"].drop(columns=["offered", "unmet", "before", "events", "events_held"])
    frame = pd.DataFrame(cells, columns=[words.text("Expectation"), *heads])
    return Table(frame, caption, name="expected_by_group", numbers=numbers)


def groups_sentences(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """Which expectations differ between consulted organizations and the others, and between the types."""
    words, latest = Words.of(language), _latest(data, quarter)
    shown = expectations.met_or_not(data, rows, quarter=quarter).dropna(subset="share")
    groups = {"consulted_at_design": (False, True), "org_type": ("awardee", "cdsp")}
    sizes = shown[shown["by"].isin(groups)].groupby(["by", "what"], sort=False).size()
    both = sizes[sizes == 2].index
    told = {(by, what): _gap(latest, f"expects_{what}", by, *groups[by]) for by, what in both}
    told = expectations.compared(told, matters=_matters(data))
    texts = {
        "consulted_at_design": mark("{what}: of consulted organizations {points} of 100 against the others{interval}."),
        "org_type": mark("{what}: of service providers (CDSPs) {points} of 100 against awardees{interval}."),
    }
    said = [
        words.text(
            texts[line.term[0]],
            what=words.text(EXPECTATIONS[line.term[1]]),
            points=signed(line.estimate, words),
            interval=_strong(line, words),
        )
        for line in told[told["strength"].isin(["clear", "likely"])].itertuples()
    ]
    none = words.plural(
        "Groups were compared in {n} expectation; no difference can be told.",
        "Groups were compared in {n} expectations; no difference can be told.",
        told["term"].map(lambda term: term[1]).nunique(),
    )
    return said or [none if len(told) else words.text("There are not two groups of organizations to compare.")]


def changed_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """How expectations changed since the wave before, of organizations that answered in both."""
    words, said = Words.of(language), expectations.answers(data, until=quarter)
    waves, table = sorted(said["wave"].unique()), expectations.met_or_not(data, rows, quarter=quarter)
    if len(waves) < 2:
        only = words.text("There is one wave of the survey up to {quarter}, so no change can be seen.", quarter=quarter)
        return Prose(only if waves else _no_answers(data, quarter, words))
    paired = table[(table["by"] == "both_waves") & (table["group"] == "True")].set_index("what")
    before = _in_all(table).set_index("what")["before"]
    known = [what for what in paired.index if pd.notna(paired["share"][what]) and pd.notna(before[what])]
    changes = {what: difference_of_waves(said, f"expects_{what}", first=waves[-2], second=waves[-1]) for what in known}
    told = expectations.compared(changes, matters=_matters(data)).sort_values("estimate", ascending=False)
    if told.empty:
        return Prose(words.text("Too few organizations answered in both of the last waves to show what changed."))
    told = told.assign(before=[before[what] / paired["n"][what] for what in told["term"]])
    told = told.assign(
        now=[paired["share"][what] for what in told["term"]], n=[paired["n"][one] for one in told["term"]]
    )
    cells, drawn = [], []
    for line in told.itertuples():
        label, strength = words.text(EXPECTATIONS[line.term]), words.text(ANSWERS[line.strength])
        change = signed(line.estimate, words) + _range(line, words) if pd.notna(line.estimate) else "–"
        shares = {"before": words.percent(line.before), "now": words.percent(line.now), "n": words.number(line.n)}
        note = words.text("{before}, then {now}: {change}", change=change, **shares)
        drawn.append(Row(label, note, line.estimate, line.conf_low, line.conf_high, strength, line.strength))
        cells.append([label, shares["before"], shares["now"], change, shares["n"], strength])
    heads = [
        mark("Expectation"),
        mark("Before"),
        mark("Now"),
        mark("Change of 100, 95 % interval"),
        mark("n"),
        mark("Answer"),
    ]
    moved = told[told["strength"].isin(["clear", "likely"])]
    heading = words.text("Since wave {wave}, no change in what is expected can be told", wave=waves[-2])
    if len(moved):
        changes = words.list(
            words.text(
                "{what} {points} of 100",
                what=small(words.text(EXPECTATIONS[line.term])),
                points=signed(line.estimate, words),
            )
            for line in moved.itertuples()
        )
        heading = words.text(
            "What is expected changed since wave {wave}: {changes}",
            wave=waves[-2],
            changes=changes,
        )
    return Figure(
        png=rows_png(drawn, words, axis=words.text("fewer of 100 organizations ← 0 → more"), signs=True),
        heading=heading,
        subtitle=words.text(
            "Change in the share that expects it, from wave {first} to wave {second}, of {n} organizations that "
            "answered in both. Dot: change. Bar: 95 % interval.",
            first=waves[-2],
            second=waves[-1],
            n=words.number(told["n"].max()),
        ),
        caption=joined(
            words.text("Source: partner survey. Other things changed between the waves as well."),
            why_missing(len(paired) - len(known), data, words),
        ),
        alt=" ".join([f"{heading}.", *(spoken(row, words) for row in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="expectations_changed",
        numbers=told,
    )


def opinion_sentences(data: Data, *, quarter: str, language: str = "en", link: bool = False) -> list[str]:
    """How opinions changed from the first wave to the latest, and how far the types are apart in the latest."""
    words, said, told = Words.of(language), expectations.answers(data, until=quarter), _opinions(data, quarter)
    sentences = []
    for line in told.itertuples():
        question, about = line.term
        some = said.dropna(subset=question)
        values = {
            "question": words.text("“{question}”", question=_linked(words.text(_asked(question)), "opinions", link)),
            "points": signed(line.estimate, words),
            "interval": _strong(line, words),
        }
        if line.strength == "cannot tell":
            continue
        if about == "change":
            waves = sorted(some["wave"].unique())
            text = mark(
                "{question}: the share that agrees changed by **{points} of 100** from wave {first} to wave {second}, "
                "among {n} organizations in both{interval}."
            )
            sentences.append(words.text(text, first=waves[0], second=waves[-1], n=words.number(line.n), **values))
        else:
            text = mark(
                "{question}: of 100 service providers (CDSPs), **{points}** more agree than of awardees{interval}."
            )
            if line.estimate < 0:
                text = mark(
                    "{question}: of 100 service providers (CDSPs), **{points}** fewer agree than of awardees{interval}."
                )
            values["points"] = words.points(abs(line.estimate))
            sentences.append(words.text(text, **values))
    if not sentences:
        return [words.text("There are too few answers to compare waves, or types of organization.")]
    return sentences


def opinion_figure(data: Data, question: str, *, quarter: str, language: str = "en") -> Part:
    """Of each type of organization, by wave, the share that agrees with one of :data:`OPINIONS`."""
    words, table = Words.of(language), expectations.opinions(data, question, quarter=quarter)
    table = table.sort_values(["group", "wave"], ascending=[False, True], kind="stable")
    known = table.dropna(subset="share")
    if known.empty:
        return Prose(_no_answers(data, quarter, words))
    labels = [
        words.text("{kind}, wave {wave}", kind=capital(words.text(KINDS[line.group])), wave=line.wave)
        for line in known.itertuples()
    ]
    latest = known[known["wave"] == known["wave"].max()]
    latest = (latest if len(latest) == 1 else latest[latest["group"] != TOTAL]).set_index("group")
    figure = dots(
        known.assign(label=labels, estimate=known["share"])[["label", "estimate", "low", "high", "n", question]],
        heading=words.text(
            "“{question}”: {shares} agree in wave {wave}",
            question=words.text(_asked(question)),
            shares=words.list(
                words.text("{share} of {kind}", share=words.percent(line.share), kind=words.text(KINDS[line.Index]))
                for line in latest.itertuples()
            ),
            wave=known["wave"].max(),
        ),
        subtitle=words.text(
            "Of 100 organizations, those whose answers are 4 or 5 of 5 on average, by wave. Bar: 95 % interval."
        ),
        caption=joined(
            words.text(
                "Source: partner survey. n: organizations that answered. Not the same ones answer in each wave."
            ),
            why_missing(len(table) - len(known), data, words),
        ),
        language=words,
        name=question,
    )
    panels = [(capital(words.text(KINDS[kind])), own) for kind, own in known.groupby("group", sort=False)]
    return replace(figure, png=waves_png(panels, words))


def benefit_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """Who sees value and knows the benefits, among organizations with a business lead on record and the others."""
    words, latest = Words.of(language), _latest(data, quarter)
    if data.business_leads.empty:
        return Prose(
            words.text("No business lead is on record, so that perceived benefit has nothing to stand beside.")
        )
    table = pd.concat(
        expectations.benefits(data, what, quarter=quarter).assign(what=what)
        for what in ("perceived_value", "knows_benefits")
    )
    table = table[table["by"] == "has_lead"].set_index(["what", "group"])
    known = table.reindex(list(BENEFITS)).dropna(subset="share")
    if known.empty:
        return Prose(_no_answers(data, quarter, words))
    gaps = {
        what: _gap(latest, what, "has_lead", False, True)
        for what in known.groupby(level=0).size().loc[lambda n: n == 2].index
    }
    told = expectations.compared(gaps, matters=_matters(data)).set_index("term")
    heading = words.text("Whether organizations with a business lead see more value cannot be told")
    if "perceived_value" in told.index and told.loc["perceived_value", "strength"] != "cannot tell":
        line = told.loc["perceived_value"]
        heading = words.text(
            "With a business lead on record {share} see value in taking part, without one {other}: {points} of "
            "100{interval}",
            share=words.percent(known.loc[("perceived_value", "True"), "share"]),
            other=words.percent(known.loc[("perceived_value", "False"), "share"]),
            points=signed(line["estimate"], words),
            interval=_strong(line, words),
        )
    shown = known.assign(label=[words.text(BENEFITS[at]) for at in known.index], estimate=known["share"])
    return dots(
        shown[["label", "estimate", "low", "high", "n"]],
        heading=heading,
        subtitle=words.text(
            "Of 100 organizations that answered in wave {wave}, by whether a business lead or contract of theirs was "
            "on record by then. Bar: 95 % interval.",
            wave=latest["wave"].iloc[0],
        ),
        caption=joined(
            words.text(
                "Source: partner survey and business leads. To see value: 4 or 5 of 5 on average. A lead that nobody "
                "wrote down is not on record."
            ),
            why_missing(len(BENEFITS) - len(known), data, words),
        ),
        language=words,
        name="benefits",
    )


def overlap_table(data: Data, *, quarter: str, language: str = "en") -> Part:
    """The overlap matrix: partners that each other project, and each two of them, supported."""
    words, table = Words.of(language), expectations.overlap(data, quarter=quarter)
    if len(table) == 2 or table["total"].isna().all():
        return Prose(_no_support(data, words))
    said = {"any": words.text("At least one of them"), "none": words.text("None that is on record")}
    labels = [said[one] if one in said else words.list(one) for one in table["projects"]]
    frame, hidden = _by_type(table, words.text("Supported by"), labels, words)
    caption = joined(
        words.text(
            "Organizations supported by other projects at any time up to {quarter}, of {n} partners on its last day. "
            "Two projects in a line: by both. Source: support from other projects.",
            quarter=quarter,
            n=count(table["n"].iloc[0], words),
        ),
        why_missing(hidden, data, words),
    )
    numbers = table.assign(projects=[" + ".join(one) if isinstance(one, tuple) else one for one in table["projects"]])
    return Table(frame, caption, name="overlap", numbers=numbers)


def overlap_sentence(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """Whether organizations take up fewer invitations while another project supports them."""
    words, told = Words.of(language), _with_overlap(data, rows)
    if told is None or told["strength"] == "cannot tell":
        return _no_support(data, words)
    text = mark(
        "Of 100 invitations, partners took up **{points}** more while another project supported them{interval}."
    )
    if told["estimate"] < 0:
        text = mark(
            "Of 100 invitations, partners took up **{points}** fewer while another project supported them{interval}."
        )
    points = _linked(words.points(abs(told["estimate"])), "overlap", link)
    return words.text(text, points=points, interval=_strong(told, words))


def overlap_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """Invitations taken up by organizations that another project supported on that day, and by those that none did."""
    words, told = Words.of(language), _with_overlap(data, rows)
    if told is None:
        return Prose(_no_support(data, words))
    labels = {True: mark("With support from another project that day"), False: mark("Without")}
    table = uptake(rows, by="other_support_now", smallest_cell=data.programme.smallest_cell)
    labels = [words.text(labels[bool(one)]) for one in table["other_support_now"]]
    shown = table.assign(label=labels, estimate=table["share"], n=table["invitations"])[::-1]
    return dots(
        shown[["label", "estimate", "low", "high", "n", "attended", "organizations"]],
        heading=overlap_sentence(data, rows, quarter=quarter, language=words).replace("**", ""),
        subtitle=words.text("Invitations taken up of 100, up to {quarter}. n: invitations.", quarter=quarter),
        caption=words.text(
            "Source: invitation lists, sign-in sheets and support from other projects. The two groups may differ in "
            "other ways too; the page on incentives compares like with like."
        ),
        language=words,
        name="uptake_and_overlap",
    )


def talked_sentence(data: Data, *, quarter: str, language: str = "en", link: bool = False) -> str:
    """What share of partners had a conversation in the quarter, and how many follow-ups are overdue."""
    words, now = Words.of(language), expectations.calendar(data, quarter=quarter).iloc[-1]
    if data.conversations.empty:
        return words.text("No conversation with an organization is on record.")
    if pd.isna(now["share"]):
        return words.text("Too few partners had a conversation in {quarter} to give a share.", quarter=quarter)
    overdue = expectations.follow_ups(data, quarter=quarter).table.loc["overdue", "follow_ups"]
    late = (
        "" if pd.isna(overdue) else words.plural("{n} follow-up is overdue", "{n} follow-ups are overdue", int(overdue))
    )
    said = words.text(
        "in {quarter}, **{share}** of {n} partners had an individual conversation{interval}",
        quarter=quarter,
        share=_linked(words.percent(now["share"]), "conversations", link),
        n=words.number(now["partners"]),
        interval=_interval(now, words),
    )
    return capital(words.clauses(filter(None, [said, late]))) + "."


def calendar_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """A calendar of conversations by month, with the share of partners that had one in each quarter."""
    words, table = Words.of(language), expectations.calendar(data, quarter=quarter)
    if data.conversations.empty or table["conversations"].isna().all():
        return Prose(talked_sentence(data, quarter=quarter, language=words))
    drawn, cells = [], []
    for name, months in table.groupby("fiscal_quarter", sort=False):
        line = months.iloc[0]
        label = words.text(
            "{quarter}: {share} of {n} partners",
            quarter=name,
            share=_share(line, words),
            n=count(line["partners"], words),
        )
        drawn.append((label, [(words.month(one.month), one.conversations) for one in months.itertuples()]))
        for one in months.itertuples():
            cells.append(
                [words.month(one.month), count(one.conversations, words), count(one.organizations, words), label]
            )
    heads = [mark("Month"), mark("Conversations"), mark("Organizations"), mark("Quarter: partners with one")]
    heading = words.text("{label} had an individual conversation", label=label)
    return Figure(
        png=calendar_png(drawn, words, few=words.text("not shown")),
        heading=heading,
        subtitle=words.text(
            "Conversations in each month; above them, partners with one in the quarter (95 % interval)."
        ),
        caption=joined(
            words.text("Source: conversations, with organizations that were partners on the last day of the quarter."),
            why_missing(table["conversations"].isna().sum(), data, words),
        ),
        alt=" ".join([heading, *(f"{label}." for label, _ in drawn)]),
        table=pd.DataFrame(cells, columns=[words.text(head) for head in heads]),
        language=words,
        name="conversations",
        numbers=table,
    )


def since_table(data: Data, *, quarter: str, language: str = "en") -> Part:
    """When partners had their last conversation, by type of organization."""
    words, table = Words.of(language), expectations.last_talked(data, quarter=quarter)
    if data.conversations.empty or table[TOTAL].isna().all():
        return Prose(talked_sentence(data, quarter=quarter, language=words))
    labels = [words.text(LAST[one]) for one in table["last"]]
    frame, hidden = _by_type(table, words.text("Last conversation"), labels, words)
    days, since = expectations.days_since(data, quarter=quarter), ""
    if days:
        since = words.text(
            "Of those that had one, half had it {median} days ago or less, the middle half {low} to {high} days ago.",
            **{name: words.number(number) for name, number in zip(("low", "median", "high"), days, strict=True)},
        )
    caption = joined(
        words.text("Partners on the last day of {quarter}, by their last conversation.", quarter=quarter),
        since,
        why_missing(hidden, data, words),
    )
    return Table(frame, caption, name="last_conversation", numbers=table)


def follow_up_sentences(data: Data, *, quarter: str, language: str = "en") -> list[str]:
    """How many follow-ups promised in conversations are done, open and overdue."""
    words, found = Words.of(language), expectations.follow_ups(data, quarter=quarter)
    counts = found.table["follow_ups"]
    if counts[TOTAL] is not pd.NA and not counts[TOTAL]:
        return [words.text("No follow-up promised in a conversation is on record.")]
    states = {
        "overdue": mark("**Overdue:** {n}."),
        "open": mark("**Open, not yet due:** {n}."),
        "done": mark("**Done:** {n}."),
    }
    said = [words.text(text, n=words.number(counts[one])) for one, text in states.items() if pd.notna(counts[one])]
    return [*said, *filter(None, [found.sentence(words)])]


def rule_sentences(data: Data, language: str = "en") -> list[str]:
    """The rule for the words on how strong the evidence is."""
    words, matters = Words.of(language), _matters(data)
    clear = mark(
        "**Clear:** the {percent} interval leaves out zero, also when we allow for all differences of a section (Holm)."
    )
    likely = mark("**Likely:** the {percent} interval leaves out zero, but having looked at several may explain it.")
    values = {"percent": words.percent(CONFIDENCE), "points": words.points(matters)}
    return [
        *(words.text(text, **values) for text in (clear, likely, *RULE[2:4])),
        words.text("**Cannot tell:** too few organizations, or all said the same."),
        words.text("What is compared goes together; this is no proof that one brings about the other."),
    ]


def _opinions(data: Data, quarter: str) -> pd.DataFrame:
    """The changes since the first wave and the gaps between the types, with the strength of each."""
    said, smallest, found = expectations.answers(data, until=quarter), data.programme.smallest_cell, {}
    for question in OPINIONS:
        some = said.dropna(subset=question)
        waves = sorted(some["wave"].unique())
        both = set.intersection(
            *(set(some.loc[some["wave"] == one, "organization_id"]) for one in waves[:1] + waves[-1:] or [-1])
        )
        if len(waves) > 1 and len(both) >= smallest:
            found[question, "change"] = difference_of_waves(some, question, first=waves[0], second=waves[-1])
        latest = some[some["wave"] == waves[-1]] if waves else some
        shown = expectations.opinions(data, question, quarter=quarter)
        shown = shown[shown["wave"] == shown["wave"].max()].set_index("group")["share"]
        if shown.reindex(ORG_TYPES).notna().all():
            found[question, "gap"] = _gap(latest, question, "org_type", "awardee", "cdsp")
    return expectations.compared(found, matters=_matters(data))


def _with_overlap(data: Data, rows: pd.DataFrame) -> pd.Series | None:
    """The difference in invitations taken up between the two groups, or None where there are not two to show."""
    known = rows[rows["attended"].notna()]
    shown = uptake(rows, by="other_support_now", smallest_cell=data.programme.smallest_cell)["share"]
    if data.other_support.empty or shown.notna().sum() < 2:
        return None
    gap = difference_of_groups(known, "attended", by="other_support_now", first=False, second=True, cluster=CLUSTERS)
    return expectations.compared({"other_support_now": gap}, matters=_matters(data)).iloc[0]


def _falls_short(data, table, quarter, words):
    """Of what the project offers, the expectation that is met for the smallest share of those that have it."""
    short = table[table["what"].map(lambda what: bool(data.programme.offers.get(what))) & (table["unmet"] > 0)]
    if short.empty:
        return ""
    line = short.loc[(short["unmet"] / short["expects"]).astype(float).idxmax()]
    return words.text(
        "Of what is offered, {what} falls shortest: **{k} of {n}** that expect it were not offered it in {quarter}.",
        what=small(words.text(EXPECTATIONS[line["what"]])),
        k=words.number(line["unmet"]),
        n=words.number(line["expects"]),
        quarter=quarter,
    )


def _gap(latest, what, by, first, second):
    return difference_of_groups(latest, what, by=by, first=first, second=second)


def _latest(data, quarter):
    said = expectations.answers(data, until=quarter)
    return said[said["wave"] == said["wave"].max()]


def _matters(data):
    asked = data.programme.analysis
    return asked.smallest_effect_that_matters if asked else 0.10


def _in_all(table):
    return table[table["by"] == TOTAL]


def _asked(question):
    return TABLES["survey"].columns[question].description


def _no_answers(data, quarter, words):
    if data.survey.empty:
        return words.text("No answer to a survey is on record.")
    return words.text("Up to {quarter} too few organizations answered the survey to show this.", quarter=quarter)


def _no_support(data, words):
    if data.other_support.empty:
        return words.text("No support from another project is on record, which is not to say that there was none.")
    return words.text(
        "Other projects supported too few organizations, or all of them, to compare those with and without."
    )


def _by_type(table, head, labels, words):
    """Counts for each type and in all, with the share of all, as they are to be read; and how many are hidden."""
    columns = [one for one in (*ORG_TYPES, TOTAL) if one in table]
    cells = [
        [label, *(count(line[one], words) for one in columns), _share(line, words)]
        for label, (_, line) in zip(labels, table.iterrows(), strict=True)
    ]
    heads = [words.text(LABELS.get(one, mark("All"))) for one in columns]
    frame = pd.DataFrame(cells, columns=[head, *heads, words.text("Percent, 95 % interval")])
    return frame, table[columns].isna().to_numpy().sum()


def _share(line, words):
    share, low, high = (
        line[one] if isinstance(line, pd.Series) else getattr(line, one) for one in ("share", "low", "high")
    )
    if pd.isna(share):
        return "–"
    return words.text(
        "{share} ({low} to {high})", share=words.percent(share), low=words.points(low), high=words.points(high)
    )


def _k_of_n(line, words):
    return {"k": words.number(line.expects), "n": words.number(line.n)}


def _interval(line, words):
    return " " + words.text(
        "(95 % interval {low} to {high})", low=words.points(line["low"]), high=words.points(line["high"])
    )


def _range(line, words):
    if pd.isna(line.conf_low):
        return ""
    return " " + words.text("({low} to {high})", low=signed(line.conf_low, words), high=signed(line.conf_high, words))


def _strong(line, words):
    """The interval of a difference and how strong the evidence is."""
    low, high = (signed(end, words) for end in (line.conf_low, line.conf_high))
    strength = words.text(ANSWERS[line.strength])
    return " " + words.text("(95 % interval {low} to {high}; {strength})", low=low, high=high, strength=strength)


def _linked(text, section, link):
    return linked(text, SECTIONS[section], link)
