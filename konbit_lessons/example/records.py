"""What organizations say and do between events: support, conversations, answers, leads, pledges.

Part of the simulated world: ``world`` calls each function with its own random generator, so that a change in one table
leaves the others as they were. Frames come back in the types of the package's tables.
"""

import numpy as np
import pandas as pd

CUT = pd.Timestamp("2017-06-30")  # nothing is recorded after this day
WAVES = {1: "2016-06-12", 2: "2016-12-08", 3: "2017-06-03"}  # first day; the last answers come after the last event
WAVE_DAYS = 28
ANSWER_RATE = {1: 0.42, 2: 0.75, 3: 0.85}
EXPECTS = {
    "funding": 0.65, "equipment": 0.45, "training": 0.6, "certification": 0.35, "leads": 0.5, "network": 0.3,
    "visibility": 0.3,
}  # fmt: skip
PROJECTS = ("LEVE", "LOKAL+")


def other_support(rng, roster):
    count = len(roster)
    has = rng.random((count, len(PROJECTS))) < (0.28, 0.22)
    organization, project = np.nonzero(has)
    started = pd.Timestamp("2016-02-15") + days(rng.integers(0, 380, len(project)))
    ended = pd.Series(started + days(rng.integers(100, 365, len(project))))
    topics = ["gestion financière", "gouvernance", "marketing", "suivi-évaluation"]
    frame = pd.DataFrame(
        {
            "organization_id": roster["organization_id"].to_numpy()[organization],
            "project": np.array(PROJECTS)[project],
            "topic": rng.choice(topics, len(project)),
            "started_on": started,
            "ended_on": ended.where(ended <= CUT),  # blank while it goes on
            "hours": np.round(rng.uniform(10, 80, len(project)), 1),
        }
    )
    return typed(frame)


def conversations(rng, roster):
    number = rng.poisson(2.8 * rng.gamma(2, 0.5, len(roster)))
    who = np.repeat(np.arange(len(roster)), number)
    start = roster["joined_on"].to_numpy()[who]
    held_on = pd.Series(start + days(rng.random(len(who)) * (CUT - pd.DatetimeIndex(start)).days))
    due = held_on + days(30)
    done = due + days(rng.integers(-20, 20, len(who)))
    frame = pd.DataFrame({"organization_id": roster["organization_id"].to_numpy()[who], "held_on": held_on})
    frame = pd.concat([frame, _expectations(rng, len(who), unanswered=0.2)], axis="columns")
    frame["follow_up_due_on"] = due
    frame["follow_up_done_on"] = done.where((rng.random(len(who)) < 0.65) & (done <= CUT))
    return typed(frame)


def _expectations(rng, count, *, unanswered):
    chosen = pd.DataFrame(
        {f"expects_{name}": rng.random(count) < share for name, share in EXPECTS.items()}, dtype="boolean"
    )
    nothing = (rng.random(count) < unanswered) | ~chosen.any(axis="columns")  # an empty answer cannot be told from none
    return chosen.mask(nothing)


def survey(rng, roster, views):
    waves = [_wave(rng, wave, roster, views) for wave in WAVES]
    frame = pd.concat(waves, ignore_index=True)
    frame.insert(0, "submission_id", [f"{41001 + i:08d}-aaaa" for i in range(len(frame))])
    return typed(frame)


def _wave(rng, wave, roster, views):
    first = pd.Timestamp(WAVES[wave])
    there = (roster["joined_on"] <= first) & ~(roster["left_on"] <= first)
    answers = there & (rng.random(len(roster)) < ANSWER_RATE[wave])
    number = answers * (1 + (rng.random(len(roster)) < 0.08))  # some organizations answer twice
    who = np.repeat(np.arange(len(roster)), number)
    motivation, belief = (views[name].to_numpy()[who] for name in ("motivation", "belief_money"))
    centre = {
        "motivation": 3.5 - 0.15 * wave + 0.7 * motivation,
        "belief_money": 3.7 - 0.25 * wave + 0.7 * belief,
        "perceived_value": 3.1 + 0.3 * motivation,
        "role_clear": 2.4 + 0.15 * wave + 0 * belief,
    }
    answer = {name: _rating(rng, mean) for name, mean in centre.items()}
    frame = pd.DataFrame(
        {
            "organization_id": roster["organization_id"].to_numpy()[who],
            "submitted_on": first + days(rng.integers(0, WAVE_DAYS, len(who))),
            "wave": wave,
            "motivation": answer["motivation"],
            "belief_money": answer["belief_money"],
            "perceived_value": answer["perceived_value"],
            "knows_benefits": rng.random(len(who)) < 0.25 + 0.08 * wave,
            "role_clear": answer["role_clear"],
        }
    )
    comments = ["RAS", "Merci", "Il faut payer le transport !", "Réunion trop longue;\npas de pause"]
    said = pd.Series(rng.choice([*comments, "Nou bezwen plis enfòmasyon"], len(who)), dtype="str")
    said = said.where(rng.random(len(who)) < 0.68)
    return pd.concat([frame, _expectations(rng, len(who), unanswered=0.03), said.rename("comment")], axis="columns")


def _rating(rng, mean):
    rating = pd.Series(np.clip(np.round(rng.normal(mean, 0.7)), 1, 5), dtype="Int64")
    return rating.mask(rng.random(len(rating)) < 0.04)


def business_leads(rng, rows, calendar):
    came = rows[rows["attended"]].merge(calendar, on="event_id", validate="many_to_one")
    chance = np.where(came["business_showcase"], 0.11, 0.012)
    leads = came[rng.random(len(came)) < chance].sort_values("organization_id", kind="stable")
    count = len(leads)
    frame = pd.DataFrame(
        {
            "organization_id": leads["organization_id"].to_numpy(),
            "date": leads["held_on"].to_numpy() + days(rng.integers(5, 60, count)),
            "kind": rng.choice(["lead", "contract"], count, p=[0.75, 0.25]),
            "value_htg": pd.Series(rng.choice([25000.0, 60000.0, 150000.0], count)).mask(rng.random(count) < 0.2),
            "source_event": leads["event_id"].to_numpy(),
            "evidence": pd.Series(rng.choice(["facture", "contrat signé"], count)).mask(rng.random(count) < 0.35),
        }
    )
    return typed(frame[frame["date"] <= CUT].reset_index(drop=True))


def contributions(rng, roster):
    pledges = roster.sample(frac=0.33, random_state=rng)
    count = len(pledges)
    last = pledges["left_on"].fillna(CUT)
    pledged = pledges["joined_on"] + days(rng.random(count) * (last - pledges["joined_on"]).dt.days)
    delivered = pledged + days(rng.integers(5, 100, count))
    frame = pd.DataFrame(
        {
            "organization_id": pledges["organization_id"],
            "pledged_on": pledged,
            "kind": rng.choice(["trainer", "time", "venue", "materials"], count, p=[0.37, 0.28, 0.2, 0.15]),
            "delivered_on": delivered.where((rng.random(count) < 0.7) & (delivered <= CUT)),
        }
    )
    return typed(frame.reset_index(drop=True))


def days(number):
    return pd.to_timedelta(np.floor(number), unit="D")


def typed(frame):
    """Text as ``str``, yes/no as ``boolean``, whole numbers as ``Int64``, amounts as ``Float64``, days in µs."""
    kinds = {"b": "boolean", "i": "Int64", "f": "Float64", "M": "datetime64[us]", "O": "str", "U": "str"}
    return frame.astype({name: kinds[kind.kind] for name, kind in frame.dtypes.items() if kind.kind in kinds})
