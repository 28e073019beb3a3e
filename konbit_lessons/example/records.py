"""What organizations say and do between events: support, conversations, answers, leads, pledges.

Part of the simulated world: ``world`` calls each function with its own random generator, so that a change in one table
leaves the others as they were. Frames come back in the types of the package's tables.
"""

import numpy as np
import pandas as pd

from konbit_lessons.example.names import FACTS

SAID = FACTS["records"]
CUT = pd.Timestamp(FACTS["events"]["cut"])  # nothing is recorded after this day
EXPECTS, WAVES = SAID["expects"], dict(enumerate(SAID["waves"], start=1))


def other_support(rng, roster):
    """Support of each organization by each other project."""
    has = rng.random((len(roster), len(SAID["projects"]))) < SAID["supported"]
    organization, project = np.nonzero(has)
    count = len(project)
    started = pd.Timestamp("2016-02-15") + days(rng.integers(0, 380, count))
    ended = pd.Series(started + days(rng.integers(100, 365, count)))
    return typed(
        organization_id=roster["organization_id"].to_numpy()[organization],
        project=np.array(SAID["projects"])[project],
        topic=rng.choice(SAID["topics"], count),
        started_on=started,
        ended_on=ended.where(ended <= CUT),  # blank while it goes on
        hours=np.round(rng.uniform(10, 80, count), 1),
    )


def conversations(rng, roster):
    """Conversations with each organization, what it expects, and whether the follow-up was done."""
    who = np.repeat(np.arange(len(roster)), rng.poisson(2.8 * rng.gamma(2, 0.5, len(roster))))
    start = roster["joined_on"].to_numpy()[who]
    held_on = pd.Series(start + days(rng.random(len(who)) * (CUT - pd.DatetimeIndex(start)).days))
    due = held_on + days(30)
    done = due + days(rng.integers(-20, 20, len(who)))
    return typed(
        organization_id=roster["organization_id"].to_numpy()[who],
        held_on=held_on,
        **_expectations(rng, len(who), unanswered=0.2),
        follow_up_due_on=due,
        follow_up_done_on=done.where((rng.random(len(who)) < 0.65) & (done <= CUT)),
    )


def _expectations(rng, count, *, unanswered):
    chosen = {f"expects_{name}": rng.random(count) < share for name, share in EXPECTS.items()}
    chosen = pd.DataFrame(chosen, dtype="boolean")
    nothing = (rng.random(count) < unanswered) | ~chosen.any(axis="columns")  # an empty answer cannot be told from none
    return dict(chosen.mask(nothing))


def survey(rng, roster, views):
    """The answers to every wave."""
    frame = pd.concat([_wave(rng, wave, roster, views) for wave in WAVES], ignore_index=True)
    frame.insert(0, "submission_id", [f"{41001 + i:08d}-aaaa" for i in range(len(frame))])
    return typed(**frame)


def _wave(rng, wave, roster, views):
    first = pd.Timestamp(WAVES[wave]["first"])
    there = (roster["joined_on"] <= first) & ~(roster["left_on"] <= first)
    answers = there & (rng.random(len(roster)) < WAVES[wave]["rate"])
    number = answers * (1 + (rng.random(len(roster)) < 0.08))  # some organizations answer twice
    who = np.repeat(np.arange(len(roster)), number)
    moved_by = np.array([np.ones(len(who)), np.full(len(who), wave), *views.to_numpy()[who].T])
    answer = {}
    for name, weights in SAID["ratings"].items():
        rating = np.clip(np.round(rng.normal(np.array(weights) @ moved_by, 0.7)), 1, 5)
        answer[name] = pd.Series(rating, dtype="Int64").mask(rng.random(len(who)) < 0.04)
    about = {"organization_id": roster["organization_id"].to_numpy()[who]}
    about |= {"submitted_on": first + days(rng.integers(0, 28, len(who))), "wave": wave}
    knows = rng.random(len(who)) < 0.25 + 0.08 * wave
    role = answer.pop("role_clear")
    said = pd.Series(rng.choice(SAID["comments"], len(who)), dtype="str")
    said = said.where(rng.random(len(who)) < 0.68)
    expects = _expectations(rng, len(who), unanswered=0.03)
    return pd.DataFrame(about | answer | {"knows_benefits": knows, "role_clear": role} | expects | {"comment": said})


def business_leads(rng, rows, calendar):
    """Leads and contracts of those who came, far more of them from events with a showcase."""
    came = rows[rows["attended"]].merge(calendar, on="event_id", validate="many_to_one")
    chance = np.where(came[FACTS["events"]["showcase"][1]], 0.11, 0.012)
    leads = came[rng.random(len(came)) < chance].sort_values("organization_id", kind="stable")
    count = len(leads)
    frame = typed(
        organization_id=leads["organization_id"].to_numpy(),
        date=leads["held_on"].to_numpy() + days(rng.integers(5, 60, count)),
        kind=rng.choice(SAID["leads"], count, p=[0.75, 0.25]),
        value=pd.Series(rng.choice(SAID["values"], count)).mask(rng.random(count) < 0.2),
        source_event=leads["event_id"].to_numpy(),
        evidence=pd.Series(rng.choice(SAID["evidence"], count)).mask(rng.random(count) < 0.35),
    )
    return frame[frame["date"] <= CUT].reset_index(drop=True)


def contributions(rng, roster):
    """What a third of the organizations pledged, and when it was delivered."""
    pledges = roster.sample(frac=0.33, random_state=rng)
    count, last = len(pledges), pledges["left_on"].fillna(CUT)
    pledged = pledges["joined_on"] + days(rng.random(count) * (last - pledges["joined_on"]).dt.days)
    delivered = pledged + days(rng.integers(5, 100, count))
    frame = typed(
        organization_id=pledges["organization_id"],
        pledged_on=pledged,
        kind=rng.choice(SAID["pledges"], count, p=SAID["pledged"]),
        delivered_on=delivered.where((rng.random(count) < 0.7) & (delivered <= CUT)),
    )
    return frame.reset_index(drop=True)


def days(number):
    """Whole days."""
    return pd.to_timedelta(np.floor(number), unit="D")


def typed(**columns):
    """Text as ``str``, yes/no as ``boolean``, whole numbers as ``Int64``, amounts as ``Float64``, days in µs."""
    kinds = {"b": "boolean", "i": "Int64", "f": "Float64", "M": "datetime64[us]", "O": "str", "U": "str"}
    frame = pd.DataFrame(columns)
    return frame.astype({name: kinds[kind.kind] for name, kind in frame.dtypes.items() if kind.kind in kinds})
