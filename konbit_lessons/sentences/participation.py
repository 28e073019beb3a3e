"""Who takes part: reached against the target, taken up, come again, staying, meaningfully, where, and what is left out.

The frames are those of ``measures.participation``.
"""

import textwrap

import pandas as pd

from konbit_lessons.disclosure import TOTAL
from konbit_lessons.say import small
from konbit_lessons.sentences.common import by_direction, say_first, texts
from konbit_lessons.words import mark, pair

MOST_KINDS = 3  # that a sentence names one by one
TEXTS = texts("participation")


def reached_so_far(say, reached, quarter):
    """Return how many organizations were reached up to a quarter against the target, beside their attendances."""
    if reached.empty:
        return say("Attendance is on record for no invitation, so that nobody can tell who came.")
    last = _kinds(reached[reached["fiscal_quarter"] == reached["fiscal_quarter"].max()])
    parts = [_of_target(say, one) for one in last.to_dict("records") if pd.notna(one["so_far"]) or one["at_least"]]
    if not parts:
        return say("By {quarter:end} too few organizations were reached to give a number.", quarter=quarter)
    counted = reached[reached["org_type"].isin(last["org_type"])]["attendances"]
    if counted.isna().any() or len(parts) < len(last):
        return say("By {quarter:end}, **{parts:list}** came to at least one event.", parts=parts, quarter=quarter)
    times = say(("{n} attendance", "{n} attendances"), n=counted.sum())
    return say(TEXTS["reached_so_far"], parts=parts, quarter=quarter, attendances=times)


def _of_target(say, line):
    n = line["organizations"] if pd.isna(line["target"]) else line["target"]
    text = mark("at least {at_least} of {n} {kind}") if pd.isna(line["so_far"]) else mark("{so_far} of {n} {kind}")
    return say(text, **line | {"n": n, "kind": _kind(say, line["org_type"], n)})


def came_in_quarters(say, reached):
    """Return how many organizations of each kind came in the last quarter and in the first, or of all where few did."""
    first, last = reached["fiscal_quarter"].min(), reached["fiscal_quarter"].max()
    ends = reached[reached["fiscal_quarter"].isin([first, last])]
    each = ends[ends["org_type"] == TOTAL] if _kinds(ends)["reached"].isna().any() else _kinds(ends)
    parts = {}
    for line in each.dropna(subset="reached").itertuples():
        came = say("{n} {kind}", n=line.reached, kind=_kind(say, line.org_type, line.reached))
        parts.setdefault(line.fiscal_quarter, []).append(came)
    if last not in parts:
        return say("How many organizations came, by quarter") if len(reached) else None
    if len(parts) == 1:
        return say("Came in {quarter:period}: {now:list}", quarter=last, now=parts[last])
    ends = {"last": last, "now": parts[last], "first": first, "then": parts[first]}
    return say("Came in {last:period}: {now:list}; in {first:period}: {then:list}", **ends)


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
    shares = by_quarter.set_index("fiscal_quarter")
    if shares.empty:
        return None
    if quarter not in shares.index:
        return say("No event is on record in {quarter:period}.", quarter=quarter)
    if pd.isna(shares.loc[quarter, "share"]):
        return say("In {quarter:period} too few organizations were invited, or came, to give a share.", quarter=quarter)
    told = mark("The quarter before it was {before:percent}: {estimate:signed} of 100{difference}.")
    before = by_direction(say, change, more=told, fewer=told, unclear=TEXTS["taken_up_in_unclear"])
    return say(TEXTS["taken_up_in"], quarter=quarter, **shares.loc[quarter]) + before


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
    return say_first(say, text, line.assign(of=bases(say, line)))


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
    if len(curve) < 2:
        return None
    return say(TEXTS["still_take_part"], n=int(curve["quarters"].iloc[-1]), **curve.iloc[-1])


def meaningfully(say, table):
    """Return how many organizations take part meaningfully as the programme defines it."""
    return say_first(say, TEXTS["meaningfully"], table[table["way"] == "defined"].dropna(subset="share"))


def other_cut_offs(say, table):
    """Return between which shares the cut-offs move it."""
    moved = table[table["cut_off"] != ""].dropna(subset="share")["share"]
    if moved.empty or meaningfully(say, table) is None:
        return None
    ends = {"low": moved.min(), "high": moved.max()}
    if say.percent(ends["low"]) == say.percent(ends["high"]):
        return say("Taking part meaningfully: other cut-offs all give {high:percent}", **ends)
    return say("Taking part meaningfully: other cut-offs give {low:points} to {high:percent}", **ends)


def not_meaningfully(say, table, not_recorded):
    """Return why it is not said how many take part meaningfully, where it is not."""
    if not_recorded:
        what = [say.words.text(TEXTS["not_recorded"][one]) for one in not_recorded]
        return say("How many take part meaningfully cannot be told: the records do not say {what:list}.", what=what)
    if table.empty or meaningfully(say, table):
        return None
    return say(TEXTS["not_meaningfully"], smallest=say.programme.smallest_cell)


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


def elsewhere(say, where):
    """Return how many partners have no place on record."""
    text = pair("{n} partner has no place on record.", "{n} partners have no place on record.")
    return say_first(say, text, where.loc[where.iloc[:, 0] == "", ["n"]].dropna())


def places(say, where):
    """Return what each place is called."""
    nowhere = say.words.text(mark("Elsewhere, or not on record"))
    return [say.level(where.columns[0], one) if one else nowhere for one in where.iloc[:, 0]]


def on_tiles(say, where):
    """Return what stands on the tile of each place: its name and its share, if it may be shown."""
    each = zip(where["label"], where["share"], strict=True)
    return [f"{textwrap.fill(label, 12)}\n{say.percent(share)}" for label, share in each]


def came_without_invitation(say, found):
    """Return how many attendances have no invitation on record: counted, and in no share."""
    if say.programme.invitations == "count only":
        return None
    if found.empty:
        return say(TEXTS["uninvited"]["no_sheets"])
    line, smallest = found.iloc[0], say.programme.smallest_cell
    if pd.isna(line["organizations"]) or not line["organizations"]:
        return say(TEXTS["uninvited"]["few" if pd.isna(line["organizations"]) else "none"], smallest=smallest)
    told = {"events": line["events"], "there": line["attendances"], "walk_ins": line["walk_ins"]}
    events, there, walk_ins = (say(TEXTS["uninvited"][name], n=n) for name, n in told.items())
    return [
        say(TEXTS["uninvited"]["count_only"], events=events, attendances=there) if line["events"] else None,
        walk_ins if line["walk_ins"] else None,
        say("None of these is in the organizations reached, the attendances and the shares above."),
    ]


def attendance_unknown(say, unknown):
    """Return for how many invitations attendance is unknown; nothing where it is known for all."""
    if unknown.empty:
        return None
    n, of = unknown["invitations"].sum(), unknown["of"].iloc[0]
    return say(TEXTS["attendance_unknown"], n=n, of=of, share=n / of)


def why_attendance_is_unknown(say, unknown):
    """Return for how many invitations attendance is unknown for which reason."""
    if unknown.empty:
        listed = say.programme.invitations != "count only"
        return say("Attendance is known for every invitation.") if listed else None
    each = zip(unknown["reason"], unknown["invitations"], strict=True)
    text = pair("{n} because {why}.", "{n} because {why}.")
    return [say(text, n=n, why=say.words.text(TEXTS["why_unknown"][reason])) for reason, n in each]
