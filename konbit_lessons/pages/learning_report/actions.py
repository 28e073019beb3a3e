"""How the four strategic actions stand: what measures each, before and now, and what lies behind it."""

import pandas as pd

from konbit_lessons.field.cleaning import Data
from konbit_lessons.figures import dots
from konbit_lessons.measures import actions
from konbit_lessons.measures.conversations import calendar
from konbit_lessons.measures.expectations import TOTAL
from konbit_lessons.pages import expectations as expectations_page
from konbit_lessons.parts import Part, Prose, Table
from konbit_lessons.periods import Quarter
from konbit_lessons.sentences.phrases import count, interval_of_share
from konbit_lessons.words import Words, mark

MEASURED_BY = {
    "A1": mark("partners with an individual conversation in the quarter"),
    "A2": mark("contributions delivered, of those pledged so far"),
    "A3": mark("business leads and contracts recorded in the quarter"),
    "A4": mark("events held jointly with another project in the quarter"),
}


def actions_table(data: Data, *, quarter: str, language: str = "en") -> Table:
    """Each strategic action, what measures it, the quarter before and now."""
    words, earlier = Words.of(language), str(Quarter.named(quarter).previous)
    measured = {at: _measures(data, at) for at in (earlier, quarter)}
    cells = [
        [
            words.text("{code}: {measure}", code=code, measure=words.text(said)),
            *(_measure(*measured[at][code], words) for at in (earlier, quarter)),
        ]
        for code, said in MEASURED_BY.items()
    ]
    numbers = pd.DataFrame(
        [[code, at, *measured[at][code]] for code in MEASURED_BY for at in (earlier, quarter)],
        columns=["action", "fiscal_quarter", "value", "of"],
    )
    frame = pd.DataFrame(cells, columns=[words.text("What measures each action"), earlier, quarter])
    caption = words.text("The four actions and how each is measured. A dash: nothing on record, or too few to show.")
    return Table(frame, caption, name="actions", numbers=numbers.convert_dtypes())


def conversation_sentences(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """A1: who was talked with, how many follow-ups are overdue, and how expectations changed."""
    return [
        expectations_page.talked_sentence(data, quarter=quarter, language=language),
        expectations_page.changed_sentence(data, rows, quarter=quarter, language=language),
    ]


def contribution_sentences(data: Data, *, quarter: str, language: str = "en") -> list[str]:
    """A2: how many contributions were pledged and delivered so far."""
    words, table = Words.of(language), actions.contributions(data, quarter=quarter).set_index("fiscal_quarter")
    if data.contributions.empty:
        return [words.text("No contribution of a partner is on record.")]
    so_far = table.loc[TOTAL]
    if so_far[["pledged", "delivered"]].isna().any():
        return [words.text("Too few organizations pledged a contribution to give numbers.")]
    return [
        words.text(
            "Up to {quarter} partners pledged {pledged}; **{delivered}** of them were delivered{interval}.",
            quarter=quarter,
            pledged=words.plural("{n} contribution", "{n} contributions", int(so_far["pledged"])),
            delivered=words.text(
                "{n} ({share})", n=words.number(so_far["delivered"]), share=words.percent(so_far["share"])
            ),
            interval=interval_of_share(so_far["low"], so_far["high"], words),
        )
    ]


def contribution_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """A2: what share of the pledges of each quarter was delivered by now."""
    words, table = Words.of(language), actions.contributions(data, quarter=quarter)
    shown = table[(table["fiscal_quarter"] != TOTAL) & table["share"].notna()]
    caption = mark("Contributions pledged by partners, and delivered up to {quarter}, by quarter of the pledge.")
    heads = [mark("Quarter of the pledge"), mark("Pledged"), mark("Delivered")]
    cells = [
        [
            words.text("All quarters") if line.fiscal_quarter == TOTAL else line.fiscal_quarter,
            count(line.pledged, words),
            count(line.delivered, words),
        ]
        for line in table.itertuples()
    ]
    if data.contributions.empty or table[["pledged", "delivered"]].isna().all(axis=None):
        return Prose([])
    if len(shown) < 3:
        frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
        return Table(frame, words.text(caption, quarter=quarter), name="contributions", numbers=table)
    return dots(
        shown.assign(label=shown["fiscal_quarter"], estimate=shown["share"], n=shown["pledged"]),
        heading=contribution_sentences(data, quarter=quarter, language=words)[0].replace("**", "").rstrip("."),
        subtitle=words.text("Delivered, of 100 pledged in a quarter. Dot: share. Bar: 95 % interval. n: pledges."),
        caption=words.text(caption, quarter=quarter),
        language=words,
        name="contributions",
    )


def lead_sentences(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> list[str]:
    """A3: leads and contracts so far, and before and after an organization's first showcase."""
    words, table = Words.of(language), actions.leads(data, quarter=quarter).set_index("fiscal_quarter")
    if data.business_leads.empty:
        return [words.text("No business lead is on record.")]
    so_far, said = table.loc[TOTAL], []
    if so_far[["both", "organizations"]].isna().any():
        said.append(words.text("Too few organizations had a business lead to give numbers."))
    else:
        said.append(
            words.text(
                "Up to {quarter}, {organizations} of {partners} partners had **{leads}**: {per_100} for each 100 "
                "partners.",
                quarter=quarter,
                organizations=words.number(so_far["organizations"]),
                partners=words.number(so_far["partners"]),
                leads=words.plural("{n} lead or contract", "{n} leads and contracts", int(so_far["both"])),
                per_100=words.number(so_far["per_100"]),
            )
        )
    around = actions.around_showcase(data, rows, quarter=quarter)
    if around.empty:
        return [*said, words.text("Too few organizations have as many days on record before and after a showcase.")]
    line = around.iloc[0]
    return [
        *said,
        words.text(
            "In the {days} days from its first business showcase on, an organization had {after} leads on average, "
            "against {before} in the {days} days before: a change of **{change}**{interval}; {n} organizations. Other "
            "things changed as well.",
            days=words.number(line["days"]),
            after=words.number(line["after"], 2),
            before=words.number(line["before"], 2),
            change=_signed(line["change"], words),
            interval=_range(line["low"], line["high"], words),
            n=words.number(line["organizations"]),
        ),
    ]


def lead_figure(data: Data, rows: pd.DataFrame, *, quarter: str, language: str = "en") -> Part:
    """A3: leads and contracts recorded in each quarter, and for each 100 partners."""
    words, table = Words.of(language), actions.leads(data, quarter=quarter)
    if data.business_leads.empty or table["both"].isna().all():
        return Prose([])
    heads = [mark("Quarter"), mark("Leads"), mark("Contracts"), mark("Both"), mark("For each 100 partners")]
    cells = [
        [
            words.text("All quarters") if line.fiscal_quarter == TOTAL else line.fiscal_quarter,
            *(count(n, words) for n in (line.leads, line.contracts, line.both)),
            words.number(line.per_100) if pd.notna(line.per_100) else "–",
        ]
        for line in table.itertuples()
    ]
    caption = words.text("Business leads and contracts recorded up to the end of {quarter}.", quarter=quarter)
    around = actions.around_showcase(data, rows, quarter=quarter).add_prefix("around_showcase_")
    numbers = table.assign(**(around.iloc[0].to_dict() if len(around) else {}))
    frame = pd.DataFrame(cells, columns=[words.text(head) for head in heads])
    return Table(frame, caption, name="business_leads", numbers=numbers)


def joint_sentences(data: Data, *, quarter: str, language: str = "en") -> list[str]:
    """A4: joint events in the quarter and so far, and the share of partners that another project supports."""
    words, events = Words.of(language), actions.joint_events(data, quarter=quarter)
    table = actions.supported(data, quarter=quarter).set_index("fiscal_quarter")
    now = events.set_index("fiscal_quarter").reindex([quarter]).fillna(0).iloc[0]
    said = [
        words.text(
            "In {quarter}, **{k} of {n}** events were held jointly with another project; {k_all} of {n_all} so far.",
            quarter=quarter,
            k=words.number(now["joint"]),
            n=words.number(now["events"]),
            k_all=words.number(events["joint"].sum()),
            n_all=words.number(events["events"].sum()),
        )
    ]
    if data.other_support.empty or pd.isna(table["share"].get(quarter)):
        return said
    line = table.loc[quarter]
    said.append(
        words.text(
            "On the last day of {quarter}, another project supported **{share}** of {n} partners{interval}.",
            quarter=quarter,
            share=words.percent(line["share"]),
            n=words.number(line["partners"]),
            interval=interval_of_share(line["low"], line["high"], words),
        )
    )
    return said


def support_figure(data: Data, *, quarter: str, language: str = "en") -> Part:
    """A4: the share of partners that another project supported at the end of each quarter."""
    words, table = Words.of(language), actions.supported(data, quarter=quarter).dropna(subset="share")
    if data.other_support.empty or table.empty:
        return Prose(words.text("Support from other projects is on record for too few organizations to show."))
    first, last = table.iloc[0], table.iloc[-1]
    heading = words.text(
        "Another project supported {now} of partners at the end of {quarter}, against {before} at the end of {first}",
        now=words.percent(last["share"]),
        quarter=last["fiscal_quarter"],
        before=words.percent(first["share"]),
        first=first["fiscal_quarter"],
    )
    shown = table.assign(label=table["fiscal_quarter"], estimate=table["share"], n=table["partners"])
    return dots(
        shown,
        heading=heading,
        subtitle=words.text(
            "Partners supported by another project on the last day of a quarter, of 100. Dot: share. Bar: 95 % "
            "interval."
        ),
        caption=words.text("Source: records of other support and the roster. n: partners on that day."),
        language=words,
        name="supported",
    )


def _measures(data: Data, quarter: str) -> dict[str, tuple[object, object]]:
    """Of each action its figure, and what it is of."""
    talked = calendar(data, quarter=quarter).iloc[-1] if len(data.conversations) else {}
    pledges = actions.contributions(data, quarter=quarter).set_index("fiscal_quarter").loc[TOTAL]
    recorded = actions.leads(data, quarter=quarter).set_index("fiscal_quarter")["both"].get(quarter, pd.NA)
    events = actions.joint_events(data, quarter=quarter).set_index("fiscal_quarter").reindex([quarter]).iloc[0]
    return {
        "A1": (talked.get("talked_with", pd.NA), talked.get("partners", pd.NA)),
        "A2": (pledges["delivered"], pledges["pledged"]) if len(data.contributions) else (pd.NA, pd.NA),
        "A3": (recorded if len(data.business_leads) else pd.NA, pd.NA),
        "A4": (events["joint"], events["events"]),
    }


def _measure(value: object, of: object, words: Words) -> str:
    if pd.isna(value):
        return "–"
    return words.number(value) if pd.isna(of) else words.text("{k} of {n}", k=words.number(value), n=words.number(of))


def _signed(x: float, words: Words) -> str:
    return ("+" if x > 0 else "") + words.number(x, 2)


def _range(low: float, high: float, words: Words) -> str:
    if pd.isna(low):
        return ""
    return " " + words.text("(95 % interval {low} to {high})", low=_signed(low, words), high=_signed(high, words))
