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
    least, causes = data.programme.smallest_cell, [one for one in said["changed"] if one != "targets"]
    rest, found, state, told = causes, [], data, findings.told(then)
    apart = least <= 1 or not {*rest} & {*OF_DATA} or late.is_of(data, said["inputs"])
    for cause, back in said.get("undo", {}).items():
        undone = _without(state, cause, back, quarter) if apart and cause in rest and len(rest) > 1 else None
        if undone and (least <= 1 or cause not in OF_DATA or late.moved(state, undone[0]) >= least):
            found, rest = [([cause], told), *found], [one for one in rest if one != cause]
            state, told = undone
    if found and least > 1 and {*rest} & {*OF_DATA} and late.moved(state) < least:
        return [(causes, findings.told(then))]
    return [(rest, told), *found] if rest else []


def _without(state, cause, back, quarter):
    """A cleaned programme without what is to be taken back, and what it tells; None where others rest on that."""
    programme = state.programme
    try:
        if cause == "audience":
            state = cleaned(replace(programme, audience=back, smallest_cell=programme.privacy.smallest_cell))
        elif cause == "incentives":
            said = programme.said.model_copy(update={"analysis": type(programme.analysis).model_validate(back)})
            state = replace(state, programme=replace(programme, said=said))
        else:
            state = clean(replace(programme, undone=programme.undone | {*back}))
        return state, findings.told(findings.before(state, quarter=quarter))
    except (KonbitError, ValidationError):
        return None
