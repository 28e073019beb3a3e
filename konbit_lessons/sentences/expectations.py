"""What the page on expectations says: what is expected, offered and thought, who else supports, who was talked with.

Takes frames of ``measures``: of expectations, answers, support and conversations; each function returns a Sentence, a
list of them, or None where there is nothing to say.
"""

import pandas as pd

from konbit_lessons.incentives.result import LIKELY
from konbit_lessons.measures import answers, intervals
from konbit_lessons.say import capital, small
from konbit_lessons.sentences.common import FOUND, answer, apart, first_and_last, say_known, texts
from konbit_lessons.words import mark

MOST_CHOICES = 3  # that a heading names
TEXTS = texts("expectations")


# ---- expected and offered


def first_expected(say, expected):
    """Return what is expected by the largest share that is shown, and whether it can be offered."""
    if expected.empty:
        return say("No answer to a survey is on record.")
    first = expected.dropna(subset="share").head(1)
    few = mark("Too few organizations answered the survey to show what they expect.")
    return say_known(say, TEXTS["beyond" if first["offer"].eq("beyond").any() else "expected"], first) or say(few)


def not_offered(say, expected, *, quarter):
    """Return of how many an expectation was not met, of the one that the offer reached least."""
    short = expected[(expected["unmet"] > 0).fillna(False)]
    missed = (short["unmet"] / short["yes"]).astype(float).sort_values(ascending=False, kind="stable")
    return say_known(say, TEXTS["not_offered"], short.loc[missed.index], quarter=quarter)


def offers(say, expected):
    """Return beside each expectation to what share it was offered, or that it is beyond the offer, or open."""
    rows = expected.assign(unmet=expected["unmet"].replace(0, pd.NA)).to_dict("records")
    return [str(say_known(say, TEXTS["offers"][row["offer"]], row)) for row in rows]


def expectations_changed(say, changes):
    """Return which expectations clearly or likely changed since the survey before, or that no change can be told."""
    told, found = _told(say, changes)
    each = [say("{term:name} **{before:percent} → {now:percent}**", **row) for row in found]
    return say_known(say, TEXTS["expectations_changed"], found[0] if found else told, changes=each)


# ---- groups and surveys set side by side


def late_answers(say, late):
    """Return how many organizations answered each survey after its quarter, and in which numbers they are."""
    told = TEXTS["late"]
    rows = [(one["waiting"], say_known(say, told["each"], one)) for one in late.to_dict("records")]
    each = {waiting: [one for of, one in rows if of == waiting] for waiting in sorted({of for of, _ in rows})}
    return [say(told["some"], each=some) + say(told[f"waiting={waiting}"]) for waiting, some in each.items()]


def asked(say, question):
    """Return a question of the survey in its own words."""
    about = say.programme.questions[question]
    return (about.statement or about.label).text(say.language)


def groups(say, frame, *, n="n"):
    """Return what the group of each row is called as a heading, with the largest n of it where n is named."""
    named = [_group(say, *one, "headings") for one in zip(frame["by"], frame["group"], strict=True)]
    if not n:
        return named
    most = frame.groupby(["by", "group"])[n].transform("max")
    return [str(say("{group}, n = {n}", group=group, n=each)) for group, each in zip(named, most, strict=True)]


def _group(say, by, group, called):
    """What a group is called, as a heading or within a sentence."""
    if (known := f"{by}={group}") in TEXTS[called]:
        return say.words.text(TEXTS[called][known])
    level = say.level(by, group, "many")
    return capital(level) if called == "headings" else level


def groups_differ(say, differences):
    """Return the differences between groups that are clear or likely; else in how many things they were compared."""
    told, found = _told(say, differences)
    none = [say(TEXTS["groups_differ"], n=told["term"].nunique())] if len(told) else []
    return [_differs(say, row) for row in found] or none


def _differs(say, row):
    others = row["against"] in ("", "False") and f"{row['by']}={row['against']}" not in TEXTS["groups"]
    against = say.words.text(mark("the others")) if others else _group(say, row["by"], row["against"], "groups")
    text = TEXTS["differ"][f"{row['kind']} {'fewer' if row['estimate'] < 0 else 'more'}"]
    return say(text, **row | {"group": _group(say, row["by"], row["group"], "groups"), "against": against})


def opinion_over_time(say, opinions):
    """Return what share agreed with a statement, or said yes, in the first survey that is shown and in the last.

    Parameters
    ----------
    opinions : DataFrame, the rows of one question, in the order of time
    """
    total = opinions[opinions["by"] == "total"]
    term, kind = opinions[["term", "kind"]].iloc[0]
    changed, one = (TEXTS["over_time"][name] for name in (kind, f"{kind} once"))
    return first_and_last(say, total, changed=changed, one=one, what=_what(say, term, kind))


def how_asked(say, question, changes):
    """Return which answers to a question count as yes, whether fewer is better, and how its share changed."""
    about = say.programme.questions[question]
    told = say(TEXTS["how_asked"][about.kind], least=about.agrees, low=about.scale[0], high=about.scale[1])
    told += say("Fewer is better.") if about.good == "low" else None
    change = _named(say, changes[(changes["term"] == question) & changes["conf_low"].notna()])
    return told + (say(TEXTS["how_asked_change"], **change[0]) if change else None)


def opinions_changed(say, changes):
    """Return how much opinions changed, where that is clear or likely; else that no change can be told."""
    told, found = _told(say, changes)
    if len(told) and not found:
        return [say("Since the first survey ({since:month}), no change of opinion can be told.", **told.iloc[0])]
    return [say(TEXTS["opinions_changed"], **row) for row in found]


def few_agree(say, said):
    """Return how many agree with the first statement that fewer than half see as would be good."""
    total = said[(said["by"] == "total") & said["term"].isin([*say.programme.questions])].astype({"share": float})
    last = total.drop_duplicates("term", keep="last").assign(kind="agrees", name=total["term"], value=total["share"])
    good = [say.programme.questions[term].good == "high" for term in last["term"]]
    short = last[last["share"].where(good, 1 - last["share"]) < 0.5]
    return say.number_told(short.iloc[0]) if len(short) else None


def chosen(say, choices):
    """Return what share of organizations chose what, of the answers to a question that most chose."""
    term = choices["term"].iloc[0]
    most = choices.dropna(subset="share").sort_values("share", ascending=False, kind="stable").head(MOST_CHOICES)
    most = zip(most["level"], most["share"], strict=True)
    each = [say("{level} {share:percent}", level=say.level(term, level), share=share) for level, share in most]
    return say_known(say, mark("“{question}”: {each:list}"), question=asked(say, term), each=each)


def compared(say, differences):
    """Return how each row of a frame of differences is called, and how strong its evidence is, as two columns."""
    named = _named(say, differences)
    return {"label": [str(row["what"]) for row in named], "answer": [row["answer"] for row in named]}


def those_who_agree_come(say, differences):
    """Return whether organizations that agreed with a statement before an event came more often than the others."""
    told, found = _told(say, differences)
    each = [say(TEXTS["come"]["fewer" if row["estimate"] < 0 else "more"], **row) for row in found]
    return say_known(say, TEXTS["those_who_agree_come"], each=each) if len(told) else None


def benefit_seen(say, benefits):
    """Return whether organizations with a benefit on record agree more often than those without."""
    told, found = _told(say, benefits)
    each = [say(TEXTS["with_benefit"], **row) for row in found]
    return say_known(say, TEXTS["benefit_seen"], each=each) if len(told) else None


# ---- other projects and conversations


def benefit_on_record(say, benefits):
    """Return which benefits on record opinions are set beside."""
    named = [small(say.table(one.removeprefix("has_"))) for one in dict.fromkeys(benefits["by"])]
    return say(TEXTS["benefit_on_record"], records=named)


def taken_up_while_supported(say, supported):
    """Return whether partners take up more invitations while another project supports them."""
    told = _named(say, supported.dropna(subset="estimate"))
    return say(TEXTS["taken_up_while_supported"], **told[0]) if told else None


def supported_by(say, overlap):
    """Return what each row of the overlap is called: a project, two of them, any of them, none."""
    named = {one: say.words.text(text) for one, text in TEXTS["supported"].items()}
    return [named.get(one) or say.list(one.split(" + ")) for one in overlap["projects"]]


def silent(say, quarter, since):
    """Return that no conversation of a quarter is on record, and since when; None where one is."""
    return None if since is None else say(TEXTS["silent"], quarter=quarter, day=since)


def talked_with(say, calendar):
    """Return what share of partners had a conversation in the last quarter."""
    return say_known(say, TEXTS["talked_with"], calendar.tail(1))


def days_since_talked(say, days):
    """Return the quartiles of the days since the last conversation."""
    return say(TEXTS["days_since_talked"], **dict(zip(("low", "median", "high"), days, strict=True))) if days else None


def last_conversations(say, last):
    """Return what each row of the last conversations is called."""
    return [say.words.text(TEXTS["last"][one]) for one in last["last"]]


def follow_ups_by_state(say, follow_ups):
    """Return how many follow-ups that were promised are overdue, open and done."""
    counts = follow_ups.dropna(subset="follow_ups").set_index("state")["follow_ups"]
    return [say(TEXTS["states"][one], follow_ups=n) for one, n in counts.items() if one in TEXTS["states"]]


def overdue(say, follow_ups):
    """Return how many of the follow-ups that were promised are overdue."""
    counts = follow_ups.set_index("state")["follow_ups"].reindex(["overdue", "total"])
    return say_known(say, mark("**{overdue}** of {total} promised follow-ups are overdue."), counts)


# ---- the whole page


def expectations_at_a_glance(say, changes, moved, said, supported, calendar, follow_ups):
    """Return what is clear or likely, what falls short, and how many were talked with, by the section of each."""
    found = [frame[frame["strength"].isin(FOUND)] for frame in (changes, moved, supported)]
    opinion = next(iter(opinions_changed(say, found[1])), None)
    first = {"opinions": opinion} if opinion else {}
    changed = {"how-expectations-changed": expectations_changed(say, found[0])} | first
    short = {"follow-ups-promised": overdue(say, follow_ups), "opinions": opinion or few_agree(say, said)}
    supported = {"support-from-other-projects": taken_up_while_supported(say, found[2])}
    return changed | short | supported | {"conversations": talked_with(say, calendar)}


def rule_of_differences(say):
    """Return the rule for the words on how strong the evidence for a difference is."""
    matters = answers.smallest_that_matters(say.programme)
    values = {"sure": intervals.CONFIDENCE, "matters": matters, "chance": LIKELY * (1 - intervals.CONFIDENCE)}
    return [say(text, **values) for text in TEXTS["rule"].values()]


def _told(say, differences):
    """The differences that can be told, and those of them that are clear or likely, with their words."""
    told = differences.dropna(subset="estimate")
    return told, _named(say, told[told["strength"].isin(FOUND)])


def _named(say, differences):
    """Rows of differences with their words; a difference of shares that are known is that of the shares as printed."""
    rows = []
    for row in differences.to_dict("records"):
        if pd.notna(row.get("share")) and pd.notna(row.get("other")):
            row["estimate"] = apart(row["other"], row["share"])
        words = {"what": _what(say, row["term"], row.get("kind", "")), "answer": answer(say, row["strength"])}
        rows.append({"points": abs(row["estimate"])} | words | row)
    return rows


def _what(say, term, kind):
    return say("“{question}”", question=asked(say, term)) if kind in ("scale", "yes_no") else say.name(term)
