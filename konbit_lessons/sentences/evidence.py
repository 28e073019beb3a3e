"""What stands beside the estimates: the rule behind the words on their strength, and what figure and table show."""

from konbit_lessons.sentences.incentives import units_of
from konbit_lessons.words import mark

RULE = (
    mark(
        "**Clear:** the {confidence:percent} interval leaves out zero, and the finding also holds when we allow for "
        "having looked at several incentives ({correction})."
    ),
    mark(
        "**Likely:** the {confidence:percent} interval leaves out zero, but having looked at several incentives may "
        "explain it."
    ),
    mark(
        "**Uncertain:** the interval holds zero, and also differences of {smallest:points} of 100 or more, which would "
        "matter."
    ),
    mark(
        "**No sign of:** the whole interval lies within {smallest:points} of 100 either way, less than what would "
        "matter."
    ),
    mark(
        "**Cannot tell:** it was offered too rarely, always, or only together with something else. No interval is "
        "printed then that would look like knowledge."
    ),
)


def strength_rule(say, result):
    """Return the fixed rule behind the words clear, likely, uncertain, no sign of and cannot tell."""
    correction = mark("the correction of Benjamini and Hochberg") if result.exploratory else mark("Holm's correction")
    values = {"confidence": result.confidence, "smallest": result.smallest_effect}
    return [say(rule, correction=say.words.text(correction), **values) for rule in RULE]


def difference_shown(say, result):
    """Return what the figure of all incentives shows."""
    rows = _rows(say, result)
    return say(
        "Difference for each 100 {rows} where the incentive was offered, other things equal: dot, best guess; bar, "
        "{confidence:percent} interval.",
        rows=rows,
        confidence=result.confidence,
    )


def marks_explained(say, result):
    """Return on what the figure of all incentives rests, and what its marks mean."""
    return say(
        "{n} {rows}. Round: clear. Diamond: likely. Cross: uncertain. Square: no sign of a difference that would "
        "matter. Without a mark: the data cannot tell.",
        n=result.n,
        rows=_rows(say, result),
    )


def axis_of_differences(say, result):
    """Return what stands under the axis of differences."""
    return say("fewer of 100 {rows} ← 0 → more", rows=_rows(say, result))


def numbers_caption(say, result):
    """Return what the table of all incentives shows."""
    units = units_of(say, result)
    return say(
        "{n} {rows}. Took part: how many {outcome}. The p-value allows for looking at several incentives "
        "({correction}).",
        n=result.n,
        rows=_rows(say, result),
        outcome=say.words.text("were taken up") if units is None else units["outcome"],
        correction=say.words.text(mark("Benjamini and Hochberg") if result.exploratory else mark("Holm")),
    )


def _rows(say, result):
    units = units_of(say, result)
    return say.words.text("invitations") if units is None else units["rows"]
