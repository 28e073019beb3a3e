"""Why a number that was said is another today: by how much each thing that changed since has moved it."""

from dataclasses import replace

from pydantic import ValidationError

from konbit_lessons.errors import KonbitError
from konbit_lessons.field import late
from konbit_lessons.field.cleaning import clean
from konbit_lessons.field.store import cleaned
from konbit_lessons.measures import findings

OF_DATA = ("records", "corrections", "decisions")


def parts(data, said, then, *, quarter):
    """Return causes → what would be told, of the quarter before, after one cause after the other; the last is today.

    What there was then is not kept. So decisions, corrections and the analysis are taken back of today, the last one
    first; what is left over comes first, and of several causes together. A shared page parts none that is about few.

    Parameters
    ----------
    data : Data
    said : dict, from ``manifest.said_before``
    then : DataFrame, from ``findings.before``: by today's records
    quarter : str

    Returns
    -------
    list of (list of str, dict as ``findings.told`` gives it)
    """
    least, unmoved = data.programme.smallest_cell, ["targets", *(OF_DATA if late.waiting(data) else ())]
    causes = [one for one in said["changed"] if one not in unmoved]
    rest, found, state = causes, [], data
    apart = least <= 1 or not {*rest} & {*OF_DATA} or late.is_of(data, said["inputs"])
    for cause, back in said.get("undo", {}).items():
        earlier = _without(state, cause, back) if apart and cause in rest and len(rest) > 1 else None
        if earlier and (least <= 1 or cause not in OF_DATA or late.moved(state, earlier) >= least):
            found, state = [([cause], state), *found], earlier
            rest = [one for one in rest if one != cause]
    if found and least > 1 and {*rest} & {*OF_DATA} and late.moved(state) < least:
        rest, found = causes, []
    every, today = [(rest, state), *found] if rest else [], findings.told(then)
    try:
        earlier = [findings.told(findings.before(one, quarter=quarter)) for _, one in every[:-1]]
    except KonbitError:  # nothing can be told of a state that never was
        every, earlier = [(causes, data)], []
    return [*zip((of for of, _ in every), [*earlier, today], strict=bool(every))]


def _without(state, cause, back):
    """A cleaned programme without what is to be taken back; None where it cannot be, others resting on it."""
    programme = state.programme
    try:
        if cause == "audience":
            return cleaned(replace(programme, audience=back, smallest_cell=programme.privacy.smallest_cell))
        if cause != "incentives":
            return clean(replace(programme, undone=programme.undone | {*back}))
        analysis = type(programme.analysis).model_validate(back)
    except (KonbitError, ValidationError):
        return None
    said = programme.said.model_copy(update={"analysis": analysis})
    return replace(state, programme=replace(programme, said=said))
