"""The findings of a whole result: the answer in a sentence or two, the joint test, what was left out, and the method.

Takes the `Estimates` of ``predict_participation`` and a language; returns strings and lists of strings. The sentence
on a single incentive is in sentences.py.
"""

from importlib.metadata import version
from platform import python_version

import numpy as np

from konbit_lessons.sentences import Units, in_order, inside, row_count, sentence, step
from konbit_lessons.words import Words, mark, pair

FOUND = {  # (strength, more) → what is said of the incentives for which it holds
    ("clear", True): pair("{names} clearly goes with more participation", "{names} clearly go with more participation"),
    ("clear", False): pair(
        "{names} clearly goes with less participation", "{names} clearly go with less participation"
    ),
    ("likely", True): pair("{names} likely goes with more participation", "{names} likely go with more participation"),
    ("likely", False): pair("{names} likely goes with less participation", "{names} likely go with less participation"),
}
NOT_FOUND = {
    "no sign of": mark("there is no sign of a difference that would matter for {names}"),
    "uncertain": mark("it stays uncertain for {names}"),
    "cannot tell": mark("the data cannot tell for {names}"),
}
RULE = (
    mark(
        "**Clear:** the {percent} interval leaves out zero, and the finding also holds when we allow for having looked "
        "at several incentives ({correction})."
    ),
    mark("**Likely:** the {percent} interval leaves out zero, but having looked at several incentives may explain it."),
    mark(
        "**Uncertain:** the interval holds zero, and also differences of {points} of 100 or more, which would matter."
    ),
    mark("**No sign of:** the whole interval lies within {points} of 100 either way, less than what would matter."),
    mark(
        "**Cannot tell:** it was offered too rarely, always, or only together with something else. No interval is "
        "printed then that would look like knowledge."
    ),
)
CAVEAT = mark(
    "What is compared goes together; this is no proof that one brings about the other. Where an incentive was offered, "
    "other things may have differed too, and only some of them are taken into account (see the annex)."
)
METHOD = mark(
    "Method: {method}, with standard errors {for_small_samples} that allow for what goes together within "
    "{clusters}, and degrees of freedom after Satterthwaite. The difference is the average, over all rows, of the "
    "predicted share with the incentive less the predicted share without it."
)
PACKAGES = ("konbit-lessons", "numpy", "pandas", "scipy", "statsmodels", "firthmodels", "matplotlib")


def question(programme, language="en"):
    """Return the title of the report: what was asked, of a programme or of a study."""
    words = Words.of(language)
    if programme.study:
        return programme.study.title
    return words.text("Which incentives predict participation?")


def headline(result, language="en", units=None):
    """Return the answer in one or two sentences: what goes with participation, and what the data do not show.

    A result with one incentive is answered by that incentive's own sentence.
    """
    words = Words.of(language)
    units = Units.of(units, result.outcome, words)
    rows = in_order(result.table)
    if len(rows) == 1:
        return sentence(rows[0], words, units, confidence=result.confidence)
    return " ".join([found(result, words), *_not_found(rows, words)])


def found(result, language="en"):
    """Return what clearly or likely goes with participation, in one sentence, or that nothing does."""
    words = Words.of(language)
    none = words.text(
        "None of the {n} incentives clearly or likely goes with participation.", n=words.number(len(result.table))
    )
    return (_all_found(in_order(result.table), words) or [none])[0]


def at_a_glance(result, language="en", units=None):
    """Return at most five sentences for who reads only this: what is clear or likely, then what is not known."""
    words = Words.of(language)
    units = Units.of(units, result.outcome, words)
    rows = in_order(result.table)
    known = [row for row in rows if row["strength"] in ("clear", "likely")]
    own = known if len(known) <= 3 else known[:2]
    spoken = [sentence(row, words, units, confidence=result.confidence, link="#one-by-one") for row in own]
    further = _all_found(known[len(own) :], words)
    return [base_rate(result, words, units), *spoken, *further, *_not_found(rows, words)]


def base_rate(result, language="en", units=None):
    """Return of how many rows what share took part, with a link to the numbers."""
    words = Words.of(language)
    units = Units.of(units, result.outcome, words)
    if np.isnan(result.rate):
        return words.text("How many took part in all is about too few to be shown.")
    values = {"rate": f"[{words.percent(result.rate)}](#the-numbers)", "rows": row_count(result.n, words, units)}
    if units is None:
        return words.text("In all, **{rate}** of {rows} were taken up.", **values)
    return words.text("In all, **{rate}** of {rows} {outcome}.", outcome=units.outcome, **values)


def joint_sentence(result, language="en"):
    """Return what the one test of all incentives together says."""
    words = Words.of(language)
    if result.joint is None:
        return words.text("There is no test of all incentives together, because too few of them can be estimated.")
    joint = result.joint
    if len(joint["terms"]) == 1:
        return words.text("There is one incentive to test, so the interval above says all; no further test is needed.")
    test = words.text(
        "joint test of {names}: F = {f} on {num} and {denom} degrees of freedom, {p}",
        names=words.list(inside(term, words, result.labels.get(term)) for term in joint["terms"]),
        f=words.number(joint["F"], 2),
        num=words.number(joint["df_num"]),
        denom=words.number(joint["df_denom"], 1),
        p=words.p_value(joint["p_value"]),
    )
    if joint["p_value"] < 1 - result.confidence:
        return words.text("Together, the incentives go with participation more than chance would ({test}).", test=test)
    return words.text("Together, the incentives do not stand out from chance ({test}).", test=test)


def left_out_sentence(result, language="en", units=None):
    """Return how many rows the answer rests on, and how many were left out because which answer was missing."""
    words = Words.of(language)
    units = Units.of(units, result.outcome, words)
    left_out = result.left_out
    if left_out["rows"].isna().any():
        return words.text(
            "The answer rests on **{used}**; others were left out because an answer was missing: {reasons}. How many "
            "is not shown, since some of these numbers are about fewer than {smallest} organizations.",
            used=row_count(result.n, words, units),
            reasons=words.list(inside(name, words, result.labels.get(name)) for name in left_out["column"]),
            smallest=words.number(result.smallest),
        )
    left_out = left_out[left_out["rows"] > 0]
    missing = int(left_out["rows"].sum())
    if not missing:
        return words.text("All {rows} were used; none was left out.", rows=row_count(result.n, words, units))
    reasons = words.list(
        words.text(
            "{column} ({n})",
            column=inside(row["column"], words, result.labels.get(row["column"])),
            n=words.number(row["rows"]),
        )
        for _, row in left_out.iterrows()
    )
    return words.text(
        "The answer rests on **{used}** of {rows}; {n} were left out because an answer was missing: {reasons}.",
        used=words.number(result.n),
        rows=row_count(result.n + missing, words, units),
        n=words.number(missing),
        reasons=reasons,
    )


def caveat(language="en"):
    """Return the one thing to keep in mind when reading a comparison."""
    return Words.of(language).text(CAVEAT)


def strength_rule(result, language="en"):
    """Return the fixed rule behind the words clear, likely, uncertain, no sign of and cannot tell."""
    words = Words.of(language)
    exploratory = getattr(result, "exploratory", False)
    values = {
        "percent": words.percent(result.confidence),
        "points": words.points(result.smallest_effect),
        "correction": words.text(
            mark("the correction of Benjamini and Hochberg") if exploratory else mark("Holm's correction")
        ),
    }
    return [words.text(rule, **values) for rule in RULE]


def method_sentences(result, language="en", units=None, *, adjust_for=()):
    """Return the method in plain words, what is taken into account, and the versions of what computed it."""
    words = Words.of(language)
    clusters = words.list(_clusters(column, n, words, result, units) for column, n in result.clusters.items())
    names = words.list(inside(column, words, result.labels.get(column)) for column in adjust_for)
    fitted, robust = result.method.split(", ")[:2]
    errors = mark("for small samples (CR2)") if robust.startswith("CR2") else f"({robust.partition(' ')[0]})"
    said = [
        words.text("Taken into account: {names}.", names=names)
        if names
        else words.text("Nothing else is adjusted for."),
        words.text(METHOD, method=words.text(fitted), clusters=clusters, for_small_samples=words.text(errors)),
        words.text(
            "Computed with Python {python} and {packages}.",
            python=python_version(),
            packages=", ".join(f"{name} {version(name)}" for name in PACKAGES),
        ),
    ]
    # What was left out has its own sentence, so that the note on it need not stand here again.
    return [*said, *(words.text(note.message, **note.values) for note in result.notes if "dropped" not in note.values)]


def _all_found(rows, words):
    found = [_found(rows, key, forms, words) for key, forms in FOUND.items()]
    return [_sentence(words.clauses(filter(None, found)))] if any(found) else []


def _found(rows, key, forms, words):
    strength, more = key
    these = [row for row in rows if row["strength"] == strength and (row["estimate"] >= 0) == more]
    name = mark("**{label}** ({points} more of 100)") if more else mark("**{label}** ({points} fewer of 100)")
    sizes = [words.points(abs(row["estimate"] * step(row))) for row in these]
    names = [
        words.text(name, label=inside(row["term"], words, row["label"]), points=n)
        for row, n in zip(these, sizes, strict=True)
    ]
    return words.plural(*forms, len(these), names=words.list(names)) if these else ""


def _not_found(rows, words):
    parts = []
    for strength, text in NOT_FOUND.items():
        names = [inside(row["term"], words, row["label"]) for row in rows if row["strength"] == strength]
        if names:
            parts.append(words.text(text, names=words.list(f"**{name}**" for name in names)))
    return [_sentence(words.clauses(parts))] if parts else []


def _clusters(column, n, words, result, units):
    if column == "organization_id":
        return words.plural("{n} organization", "{n} organizations", n)
    if column == "event_id":
        return words.plural("{n} event", "{n} events", n)
    if units is not None and column == next(iter(result.clusters)):
        return f"{words.number(n)} {Units.of(units, result.outcome, words).groups}"
    return words.text("{n} of “{column}”", n=words.number(n), column=inside(column, words, result.labels.get(column)))


def _sentence(text):
    first = next((i for i, letter in enumerate(text) if letter.isalnum()), 0)
    return f"{text[:first]}{text[first : first + 1].upper()}{text[first + 1 :]}."
