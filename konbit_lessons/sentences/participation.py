"""Who takes part: reached against the target, taken up, come again, staying, meaningfully, where, and what is left out.

The frames are those of ``measures.participation``.
"""

import textwrap

import pandas as pd

from konbit_lessons.disclosure import TOTAL
from konbit_lessons.say import small
from konbit_lessons.sentences.common import by_direction, say_known, sign, texts
from konbit_lessons.words import mark, pair

MOST_KINDS = 3  # that a sentence names one by one
TEXTS = texts("participation")


def reached_so_far(say, reached, quarter):
    """Return how many organizations were reached up to a quarter against the target, beside their attendances."""
    last = _kinds(reached[reached["fiscal_quarter"] == reached["fiscal_quarter"].max()])
    parts = list(filter(None, (_of_target(say, line) for line in last.to_dict("records"))))
    n = reached.loc[reached["org_type"] == TOTAL, "attendances"].sum(skipna=False) if len(parts) == len(last) else None
    times = say_known(say, pair("{n} attendance", "{n} attendances"), n=n)
    told = {"parts": parts, "attendances": times, "quarter": quarter if len(reached) else ""}
    return say_known(say, TEXTS["reached_so_far"], **told)


def _of_target(say, line):
    n = line["organizations"] if pd.isna(line["target"]) else line["target"]
    about = {"n": n, "kind": _kind(say, line["org_type"], n), "at_least": line["at_least"]}
    return say_known(say, TEXTS["of_target"], line, **about)


def came_in_quarters(say, reached):
    """Return how many organizations of each kind came in the last quarter and in the first, or of all where few did."""
    first, last = reached["fiscal_quarter"].min(), reached["fiscal_quarter"].max()
    ends = reached[reached["fiscal_quarter"].isin([first, last])]
    each = ends[ends["org_type"] == TOTAL] if _kinds(ends)["reached"].isna().any() else _kinds(ends)
    each = each.dropna(subset="reached")
    shown = {first: each[:0]} | dict(list(each.groupby("fiscal_quarter")))
    now, then = ([_came(say, line) for line in shown.get(one, each[:0]).itertuples()] for one in (last, first))
    ends = {"quarter": last, "now": now, "first": first, "then": then if first != last else []}
    return say_known(say, TEXTS["came_in_quarters"], **ends) if len(reached) else None


def _came(say, line):
    return say("{n} {kind}", n=line.reached, kind=_kind(say, line.org_type, line.reached))


def _kinds(reached):
    """Return the kinds of organizations one by one, or all together where they are many."""
    each = reached[reached["org_type"] != TOTAL]
    return each if each["org_type"].nunique() <= MOST_KINDS else reached[reached["org_type"] == TOTAL]


def _kind(say, kind, n):
    if kind == TOTAL:
        return say.words.plural("organization", "organizations", int(n))
    return say.level("org_type", kind, "one" if n == 1 else "many")


def taken_up_in(say, by_quarter, change, quarter):
    """Return what share of a quarter's invitations was taken up, and how much that differs from the quarter before."""
    if by_quarter.empty:
        return None
    own = by_quarter[by_quarter["fiscal_quarter"] == quarter]
    told = mark("In the quarter before it was {before:percent}: {estimate:signed} of 100{difference}.")
    before = by_direction(say, change, more=told, fewer=told, unclear=TEXTS["taken_up_in_unclear"])
    return say_known(say, TEXTS["taken_up_in"], own, quarter=quarter) + before


def participation_at_a_glance(say, by_quarter, change, gap, funnel, meaningful, unknown, *, quarter):
    """Return what clearly changed and who took part more, then how high the rest is, by the section of each."""
    taken_up = {"compared-with-the-quarter-before": taken_up_in(say, by_quarter, change, quarter)}
    rest = {
        "consulted-when-the-project-was-designed": by_direction(say, gap, **TEXTS["consulted"], unclear=""),
        "from-first-contact-on": came_again(say, funnel),
        "taking-part-meaningfully": say.meaningfully(meaningful),
        "attendance-that-is-unknown": attendance_unknown(say, unknown),
    }
    clear = len(change) and sign(change.iloc[0])
    return taken_up | rest if clear else rest | taken_up


def who_was_invited(say):
    """Return who counts as invited, where no list says it."""
    text = TEXTS["who_was_invited"].get(say.programme.invitations)
    return say(text) if text else None


def came_again(say, funnel):
    """Return what share of the organizations, of the last step before that is shown, came again."""
    return _step(say, funnel, "came_again", TEXTS["came_again"])


def came_five_times(say, funnel):
    """Return what share of the organizations, of the last step before that is shown, came five times."""
    otherwise = say("From the list of partners to coming again") if len(funnel) else None
    return _step(say, funnel, "came_five_times", TEXTS["came_five_times"]) or otherwise


def _step(say, funnel, step, text):
    line = funnel[(funnel["step"] == step) & (funnel["org_type"] == TOTAL)].dropna(subset="share")
    return say_known(say, text, line.assign(of=bases(say, line)))


def bases(say, funnel):
    """Return of which organizations each line of the funnel is."""
    each = zip(funnel["of"], funnel["n"], strict=True)
    return [say.words.plural(*TEXTS["of"][of], int(n)) if of in TEXTS["of"] else "" for of, n in each]


def steps(say, funnel):
    """Return what each line of the funnel is called: the step, and whose it is where it is not that of all."""
    named, kinds = funnel["step"].map(TEXTS["steps"]).map(say.words.text), say.labels(funnel["org_type"], form="many")
    return named.where(funnel["org_type"] == TOTAL, kinds + ", " + named.map(small)).to_list()


def still_take_part(say, curve):
    """Return the share of organizations that still take part after the last quarter that is drawn."""
    last = curve[1:].tail(1)
    return say_known(say, TEXTS["still_take_part"], last.assign(n=last["quarters"].astype(int)))


def other_cut_offs(say, table):
    """Return between which shares the cut-offs move it."""
    moved = table.loc[table["cut_off"] != "", "share"]
    low, high = moved.min(), moved.max()
    low = None if say.percent(low) == say.percent(high) else low
    return say.meaningfully(table) and say_known(say, TEXTS["other_cut_offs"], low=low, high=high)


def not_meaningfully(say, table, not_recorded):
    """Return why it is not said how many take part meaningfully, where it is not."""
    what = [say.words.text(TEXTS["not_recorded"][one]) for one in not_recorded]
    smallest = None if table.empty or say.meaningfully(table) else say.programme.smallest_cell
    return say_known(say, TEXTS["not_meaningfully"], what=what, smallest=smallest)


def definition(say, meaningful):
    """Return what an organization must have done to take part meaningfully, without what is not asked for."""
    cuts = meaningful.model_dump()
    needed = [_cut(say, text, cuts[name]) for name, text in TEXTS["in_definition"].items() if cuts[name]]
    return say.list(needed) or say.words.text(mark("no cut-off is set"))


def ways(say, table):
    """Return what each way of looking at taking part meaningfully is called."""
    return [str(_way(say, line)) for line in table.to_dict("records")]


def _way(say, line):
    moved = line["cut_off"]
    if line["way"] == "defined":
        return say("As defined")
    if not moved:
        return say("As defined: {kind}", kind=say.level("org_type", line["way"], "many"))
    return _cut(say, TEXTS["cut_offs"][moved if line[moved] else f"no {moved}"], line[moved])


def _cut(say, text, cut):
    return say(text, n=cut, cut=say.number(cut, int(cut % 1 > 0)))


def places(say, where):
    """Return what each place is called."""
    nowhere = say.words.text(mark("Elsewhere, or not on record"))
    return [say.level(where.columns[0], one) if one else nowhere for one in where.iloc[:, 0]]


def on_tiles(say, where):
    """Return what stands on the tile of each place: its name and its share, if it may be shown."""
    return [f"{textwrap.fill(one.label, 12)}\n{say.percent(one.share)}" for one in where.itertuples()]


def came_without_invitation(say, found):
    """Return how many attendances have no invitation on record: counted, and in no share."""
    if say.programme.invitations == "count only":
        return None
    if found.empty:
        return say(TEXTS["uninvited"]["no_sheets"])
    line = found.iloc[0]
    if pd.isna(line["organizations"]) or not line["organizations"]:
        few = "few" if pd.isna(line["organizations"]) else "none"
        return say(TEXTS["uninvited"][few], smallest=say.programme.smallest_cell)
    names = ("events", "attendances", "walk_ins")
    told = {name: say_known(say, TEXTS["uninvited"][name], n=line[name] or None) for name in names}
    last = say("None of these is in the organizations reached, the attendances and the shares above.")
    return [say_known(say, TEXTS["uninvited"]["count_only"], **told), told["walk_ins"], last]


def attendance_unknown(say, unknown):
    """Return for how many invitations attendance is unknown; nothing where it is known for all."""
    if unknown.empty:
        return None
    n, of = unknown["invitations"].sum(), unknown["of"].iloc[0]
    return say(TEXTS["attendance_unknown"], n=n, of=of, share=n / of)


def why_attendance_is_unknown(say, unknown):
    """Return for how many invitations attendance is unknown for which reason."""
    if unknown.empty:
        return say("Attendance is known for every invitation.") if say.programme.invitations != "count only" else None
    each = zip(unknown["reason"], unknown["invitations"], strict=True)
    return [say(TEXTS["because"], n=n, why=say.words.text(TEXTS["why_unknown"][reason])) for reason, n in each]
