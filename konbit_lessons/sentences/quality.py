"""How good the data are, in sentences: each from a frame of ``measures.quality``."""

import pandas as pd

from konbit_lessons.measures.quality import RULES, SETTLED, by_standard
from konbit_lessons.say import small
from konbit_lessons.sentences.common import say_known, texts
from konbit_lessons.words import mark, pair

TEXTS = texts("quality")


def quality_headline(say, judged, quarter):
    """Return how the five standards are judged, in a sentence."""
    by = by_standard(judged)
    said = []
    for word, forms in TEXTS["judged"].items():
        named = [say.words.text(TEXTS["standards"][one]).lower() for one, found in by.items() if found == word]
        said += [str(say(forms, n=len(named), standards=say.list(named)))] if named else []
    return say(TEXTS["headline"], quarter=quarter, judged=say.words.clauses(said))


def quality_judgements(say, judged):
    """Return each standard, what falls short first: its word, and the figures that it rests on."""
    worst_first = sorted(by_standard(judged).items(), key=lambda one: [*TEXTS["judged"]].index(one[1]))
    return [_judgement(say, judged, *one) for one in worst_first]


def _judgement(say, judged, standard, word):
    known = judged[(judged["standard"] == standard) & judged["figure"].notna()].to_dict("records")
    text = mark("{said}: {figure} (n = {n})")
    names = [say.words.text(row["said"]) for row in known]
    each = zip(known, [*names[:1], *map(small, names[1:])], strict=True)
    figures = [say(text, said=name, figure=_figure(say, **row), n=row["n"]) for row, name in each]
    because = say.clauses(figures) if figures else say.words.text("Nothing is on record that would tell")
    standard, word = (say.words.text(one) for one in (TEXTS["standards"][standard], word))
    return say("**{standard}: {word}.** {because}.", standard=standard, word=word, because=because)


def noticed(say, found):
    """Return what the reader noticed in the files, and in how many of them; None where it noticed nothing."""
    forms = pair("{what} in {n} file", "{what} in {n} files")
    kinds = [str(say(forms, n=one.files, what=say.words.text(one.what))) for one in found.itertuples()]
    return say("Noticed while the files were read: {kinds}.", kinds=say.list(kinds)) if kinds else None


def quality_rules(say):
    """Return the rule that gives each word, one sentence a figure."""
    last = say("A standard of which nothing is on record is “cannot tell”. The limits are those of the software.")
    return [*(_rule(say, rule) for rule in RULES), say(TEXTS["settled"], n=SETTLED), last]


def _rule(say, rule):
    text = TEXTS["rule"]["more is better" if rule.get("more_is_better") else "less is better"]
    good, fair = (_figure(say, rule[limit], rule["in_days"]) for limit in ("good", "fair"))
    return say(text, said=say.words.text(rule["said"]), good=good, fair=fair)


def _figure(say, figure, in_days, **_):
    return say(("{n} day", "{n} days"), n=round(figure)) if in_days else say(mark("{figure:percent}"), figure=figure)


def provisional(say, quarter, ends):
    """Return that the numbers of a quarter may still change, where records of it may still come; else None."""
    return say(TEXTS["provisional"], quarter=quarter) if ends else None


def slowest(say, late):
    """Return which kind of record came latest, where one did, and within how many days most of it was in."""
    if late.empty:
        return None
    days = late["p90_days"].round()
    told = "same day" if not days.iloc[0] else "one" if len(late) == 1 or days.iloc[0] > days.iloc[1] else "alike"
    return say(TEXTS["slowest"][told], what=late["label"].iloc[0], n=int(days.iloc[0]))


def commonest_failure(say, failures):
    """Return the most frequent reason for which rows and values were set aside; None where none was."""
    if failures.empty:
        return None
    first, every = failures.iloc[0], failures["value"].sum()
    reason, where = (small(one) for one in (say.words.text(first["measure"]), say.table(first["table"])))
    every = say(("{n} row or value set aside", "{n} rows and values set aside"), n=every)
    return say(TEXTS["failure"], reason=reason, where=where, value=first["value"], all=every)


def failure_labels(say, failures):
    """Return where and why rows and values were set aside, one text a row."""
    each = zip(failures["table"].map(say.table), failures["measure"].map(say.words.text).map(small), strict=True)
    return [str(say("{where}: {reason}", where=where, reason=reason)) for where, reason in each]


def agreement(say, agreeing):
    """Return how often two records of one fact agree, over all quarters."""
    total = agreeing.groupby("measure", sort=False)[["value", "n"]].sum().eval("share = value / n")
    said = [say(TEXTS["agreeing"], what=say.words.text(measure), **row) for measure, row in total.iterrows()]
    return say.clauses(said) if said else None


def rate_labels(say, rates):
    """Return what each rate is of, one text a row."""
    return [say.words.text(TEXTS["rated"][measure]) for measure in rates["measure"]]


def open_questions(say, questions):
    """Return how many questions wait for an evaluator, and where; never which names they are about."""
    if questions.empty:
        return [say("No question is open that only an evaluator can answer.")]
    kinds = questions["question"].value_counts()
    how_many = say(("{n} question is open", "{n} questions are open"), n=len(questions))
    rows = say(("{n} row waits for it", "{n} rows wait for them"), n=int(questions["times"].sum()))
    first = say("**{questions}** that only an evaluator can answer; {rows}.", questions=how_many, rows=rows)
    by_kind = [say_known(say, forms, n=kinds.get(kind)) for kind, forms in TEXTS["open"].items()]
    where = say("They wait in identity_review.xlsx, beside the cleaned data; answers are remembered from then on.")
    return [first, *by_kind, where]


def quality_cells(say, counted):
    """Return figures as a table has them: "12 of 340 (4 %)", "12", or "–", one text a row."""
    return [_cell(say, row) for row in counted.to_dict("records")]


def _cell(say, row):
    value = say.number(row["value"], int(pd.notna(row["value"]) and row["value"] % 1 > 0))
    return str(say_known(say, mark("{k} of {of} ({share:percent})"), row, k=value) or value)


def compared_cells(say, compared):
    """Return the figures of ``compared`` as texts: a frame of ``said``, ``before``, ``now`` and ``change``."""
    rows = []
    for row in compared.to_dict("records"):
        write = say.number if row["in_days"] else say.points
        said = {"said": say.words.text(row["said"]), "before": write(row["before"]), "now": write(row["figure"])}
        rows.append(row | said | {"change_said": say.with_sign(row["change"], write)})
    return pd.DataFrame(rows)


def meaning(say, table, column):
    """Return what a column of the codebook holds."""
    columns = say.programme.tables[table].columns
    return columns[column].metadata["meaning"].text(say.language) if column in columns else column


def measure(say, standard, name):
    """Return a measure behind the standard that it belongs to."""
    return f"{say.words.text(TEXTS['standards'][standard])} · {say.words.text(name)}"
