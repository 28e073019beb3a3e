"""How good the data are, in sentences: each from a frame of ``measures.standards``."""

import pandas as pd

from konbit_lessons.measures.quality import ANSWERED, STANDARDS, TALKED_WITH
from konbit_lessons.measures.standards import ASKED_AGAIN, REGISTERED, RULES, by_standard
from konbit_lessons.say import small
from konbit_lessons.sentences.common import say_first, texts
from konbit_lessons.words import mark

TEXTS = texts("quality")
RATED = {
    REGISTERED: mark("Registered, {quarter:period}"),
    ASKED_AGAIN: mark("Asked again, {quarter:period}"),
    ANSWERED: mark("Survey begun in {quarter:period}"),
    TALKED_WITH: mark("Conversations in {quarter:period}"),
}


def quality_headline(say, judged, quarter):
    """Return how the five standards are judged, in a sentence."""
    by = by_standard(judged)
    said = []
    for word, forms in TEXTS["judged"].items():
        named = [say.words.text(STANDARDS[standard]).lower() for standard, found in by.items() if found == word]
        said += [str(say(forms, n=len(named), standards=say.list(named)))] if named else []
    text = mark("By five standards, the data up to the end of {quarter:period} are {judged}.")
    return say(text, quarter=quarter, judged=say.words.clauses(said))


def quality_judgements(say, judged):
    """Return each standard: its word, and the figures that it rests on."""
    return [_judgement(say, judged, standard, word) for standard, word in by_standard(judged).items()]


def _judgement(say, judged, standard, word):
    known = judged[(judged["standard"] == standard) & judged["figure"].notna()].to_dict("records")
    text = mark("{said}: {figure} (n = {n})")
    figures = [say(text, said=say.words.text(row["said"]), figure=_figure(say, **row), n=row["n"]) for row in known]
    because = figures or say.words.text("Nothing is on record that would tell")
    values = {"standard": say.words.text(STANDARDS[standard]), "word": say.words.text(word), "because": because}
    return say("**{standard}: {word}.** {because}.", **values)


def quality_rules(say):
    """Return the rule that gives each word, one sentence a figure."""
    last = say("A standard of which nothing is on record is “cannot tell”. The limits are those of the software.")
    return [*(_rule(say, rule) for rule in RULES), last]


def _rule(say, rule):
    less = mark("**{said}:** good up to {good}, fair up to {fair}, else poor.")
    more = mark("**{said}:** good from {good}, fair from {fair}, else poor.")
    good, fair = (_figure(say, figure, rule.in_days) for figure in (rule.good, rule.fair))
    return say(more if rule.more_is_better else less, said=say.words.text(rule.said), good=good, fair=fair)


def _figure(say, figure, in_days, **_):
    if in_days:
        return say(("{n} day", "{n} days"), n=round(figure))
    return say(mark("{figure:percent}"), figure=figure)


def rows_read(say, sources):
    """Return how many rows were read, and how many of them set aside."""
    return say(
        "Of {read} rows read from {sources}, **{aside}** with the reason on record.",
        read=sources["read"].sum(),
        sources=say(("{n} source", "{n} sources"), n=len(sources)),
        aside=say(("{n} row was set aside", "{n} rows were set aside"), n=sources["set_aside"].sum()),
    )


def commonest_failure(say, failures):
    """Return the most frequent reason for which rows and values were set aside; None where none was."""
    if failures.empty:
        return None
    first, every = failures.iloc[0], failures["value"].sum()
    return say(
        "The most frequent reason: {reason} ({where}), **{value}** of {all}.",
        reason=small(say.words.text(first["measure"])),
        where=small(say.table(first["table"])),
        value=first["value"],
        all=say(("{n} row or value set aside", "{n} rows and values set aside"), n=every),
    )


def failure_labels(say, failures):
    """Return where and why rows and values were set aside, one text a row."""
    return [
        str(say("{where}: {reason}", where=say.table(row.table), reason=small(say.words.text(row.measure))))
        for row in failures.itertuples()
    ]


def survey_answered(say, answered):
    """Return how many partners answered the last survey; None where no rate is shown."""
    text = mark("The survey begun in {quarter:period} was answered by **{share:percent}** of {n} partners{interval}.")
    return say_first(say, text, answered[answered["measure"] == ANSWERED].tail(1))


def agreement(say, agreeing):
    """Return how often two records of one fact agree, over all quarters."""
    total = agreeing.groupby("measure", sort=False)[["value", "n"]].sum().eval("share = value / n")
    text = mark("{what}: {share:percent} of {n}")
    said = [say(text, what=say.words.text(measure), **row) for measure, row in total.iterrows()]
    return say.clauses(said) if said else None


def rate_labels(say, rates):
    """Return what each rate is of, and of which quarter, one text a row."""
    return [str(say(RATED[row.measure], quarter=row.quarter)) for row in rates.itertuples()]


def slowest(say, lateness):
    """Return which records came slowest; None where no export says when its rows were submitted."""
    first = lateness.head(1)
    return say_first(
        say, TEXTS["slowest"], first.assign(n=first["p90_days"].round(), what=first["table"].map(say.table))
    )


def open_questions(say, questions):
    """Return how many questions wait for an evaluator, and where; never which names they are about."""
    if questions.empty:
        return [say("No question is open that only an evaluator can answer.")]
    kinds = questions["question"].value_counts()
    return [
        say(
            "**{questions}** that only an evaluator can answer; {rows}.",
            questions=say(("{n} question is open", "{n} questions are open"), n=len(questions)),
            rows=say(("{n} row waits for it", "{n} rows wait for them"), n=int(questions["times"].sum())),
        ),
        *(say(forms, n=kinds[kind]) for kind, forms in TEXTS["open"].items() if kind in kinds),
        say("They wait in identity_review.xlsx, beside the cleaned data; answers are remembered from then on."),
    ]


def quality_cells(say, counted):
    """Return figures as a table has them: "12 of 340 (4 %)", "12", or "–", one text a row."""
    return [_cell(say, row) for row in counted.to_dict("records")]


def _cell(say, row):
    value = say.number(row["value"], int(pd.notna(row["value"]) and row["value"] % 1 > 0))
    if pd.isna(row["share"]):
        return value
    return str(say("{k} of {of} ({share:percent})", k=value, of=row["of"], share=row["share"]))


def compared_cells(say, compared):
    """Return the figures of ``compared`` as texts: a frame of ``said``, ``before``, ``now`` and ``change``."""
    rows = []
    for row in compared.to_dict("records"):
        write = say.number if row["in_days"] else say.points
        change = f"+{write(row['change'])}" if row["change"] > 0 else write(row["change"])
        said = {"said": say.words.text(row["said"]), "before": write(row["before"]), "now": write(row["figure"])}
        rows.append(row | said | {"change_said": change})
    return pd.DataFrame(rows)


def meaning(say, table, column):
    """Return what a column of the codebook holds."""
    columns = say.programme.tables[table].columns
    return columns[column].metadata["meaning"].text(say.language) if column in columns else column


def measure(say, standard, name):
    """Return a measure behind the standard that it belongs to."""
    return f"{say.words.text(STANDARDS[standard])} · {say.words.text(name)}"
