"""What is true in the simulated programme: organizations, events, who took part and why.

``simulate`` draws a :class:`World` of clean frames in the shapes of the package's tables. An organization takes part in
an event it is invited to with probability

    p = 1 / (1 + exp(-(intercept + sum of effects + u_organization + v_event)))

with u normal with sd ``ORG_SD`` and v normal with sd ``EVENT_SD`` (what makes rows of one organization, and of one
event, alike). ``truth`` holds the effects and what they are worth in proportions, so that an analysis can be checked.
The field's versions of the same facts, with their errors, are made in ``field_files``.
"""

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.example import records
from konbit_lessons.example.names import DEPARTMENT_OF, PEOPLE, acronym, organization_names, person, phones
from konbit_lessons.example.records import CUT, PROJECTS, days, typed

FIRST_EVENT, LAST_EVENT = pd.Timestamp("2016-05-09"), pd.Timestamp("2017-06-22")

# The effects (log-odds) and how often each incentive is offered give the report something clear, something too rare to
# tell and a null. Among draws of them, this one was chosen because with the default arguments the report shows every
# kind of answer: clear, likely, uncertain, no sign of, cannot tell. Other seeds show what chance makes of one truth.
DRAW = 36
EFFECTS = {
    "per_diem": 0.40,
    "transport_refund": 0.30,
    "certificate": 0.25,
    "business_showcase": 1.10,
    "peer_exchange": 0.0,
    "tailored_topic": 0.40,
    "recent_conversation": 0.50,
}
OTHER_EFFECTS = {
    "intercept": -0.95,
    "cdsp": -0.15,
    "consulted_at_design": 0.40,
    "other_support_now": -0.35,
    "motivation": 0.25,  # per standard deviation of what survey answers measure
    "belief_money": -0.20,
}
ORG_SD, EVENT_SD = 0.85, 0.30
OFFERED = {  # share of events
    "per_diem": 0.40,
    "transport_refund": 0.40,
    "certificate": 0.30,
    "business_showcase": 1 / 3,
    "peer_exchange": 0.50,
    "tailored_topic": 1 / 12,
}
EVENT_TYPES = {"round_table": 0.32, "training": 0.29, "coaching": 0.15, "showcase": 0.11, "joint_event": 0.13}
DESIGNS = 400  # random allocations of incentives to events among which the least entangled is kept


@dataclass(frozen=True)
class World:
    """One simulated programme, as it truly was.

    Attributes
    ----------
    organizations, events, invitations, survey, conversations, other_support, business_leads, contributions, learning :
        DataFrame, the tables of the package, without any field error. ``invitations.attended`` is never missing.
    delegates : DataFrame, one row per person on a sign-in sheet: event_id, organization_id, person, phone, role.
    truth : dict, seed, coefficients (log-odds), org_sd, event_sd, ame (mean of p with minus p without the incentive,
        over invitations, random effects as simulated), counts, and twins (pairs of organizations with nearly one name).
    """

    organizations: pd.DataFrame
    events: pd.DataFrame
    invitations: pd.DataFrame
    survey: pd.DataFrame
    conversations: pd.DataFrame
    other_support: pd.DataFrame
    business_leads: pd.DataFrame
    contributions: pd.DataFrame
    learning: pd.DataFrame
    delegates: pd.DataFrame
    truth: dict


def simulate(*, seed: int = 2017, organizations: int = 137, events: int = 48) -> World:
    """Draw a programme of the given size; the same arguments give the same programme.

    Parameters
    ----------
    seed : int, at least 0. organizations : int, at least 2. events : int, at least 1.

    Returns
    -------
    World

    Raises
    ------
    ProgrammeError
        If a size is too small, or more organizations are asked for than there are names.
    """
    _refuse_small(seed, organizations, events)
    draw = dict(zip(World.__dataclass_fields__, np.random.default_rng([seed, DRAW]).spawn(11), strict=True))
    roster, twins = _organizations(draw["organizations"], organizations)
    calendar = _events(draw["events"], events)
    support = records.other_support(draw["other_support"], roster)
    talks = records.conversations(draw["conversations"], roster)
    views = pd.DataFrame(draw["truth"].normal(size=(organizations, 2)), columns=["motivation", "belief_money"])
    views.loc[roster["org_type"] == "cdsp", "motivation"] -= 0.4  # demotivation, mostly among CDSPs
    rows = _invited(draw["invitations"], roster, calendar)
    rows, worth = _attendance(draw["invitations"], rows, roster, calendar, support, talks, views)
    delegates = _delegates(draw["delegates"], rows)
    survey = records.survey(draw["survey"], roster, views)
    truth = {
        "seed": seed,
        "coefficients": OTHER_EFFECTS | EFFECTS,
        "org_sd": ORG_SD,
        "event_sd": EVENT_SD,
        "ame": worth,
        "organizations": len(roster),
        "events": len(calendar),
        "invitations": len(rows),
        "attended": int(rows["attended"].sum()),
        "delegates": len(delegates),
        "survey_rows": len(survey),
        "twins": [[roster["organization_id"][i], roster["organization_id"][j]] for i, j in twins],
    }
    return World(
        organizations=roster,
        events=calendar,
        invitations=_with_delegates(rows, delegates),
        survey=survey,
        conversations=talks,
        other_support=support,
        business_leads=records.business_leads(draw["business_leads"], rows, calendar),
        contributions=records.contributions(draw["contributions"], roster),
        learning=pd.read_csv(files(__package__) / "learning.csv", dtype="str"),
        delegates=delegates,
        truth=truth,
    )


def _refuse_small(seed, organizations, events):
    for name, value, least in (("seed", seed, 0), ("organizations", organizations, 2), ("events", events, 1)):
        if value < least:
            raise ProgrammeError(f"{name}={value}: expected a whole number of {least} or more.")


def _organizations(rng, count):
    named, twins = organization_names(rng, count)
    cdsps = round(count * 100 / 137)
    width = max(3, len(str(count)))
    numbers = [("CDSP", i + 1) for i in range(cdsps)] + [("AWD", i + 1) for i in range(count - cdsps)]
    joined = pd.Timestamp("2016-02-15") + days(rng.integers(0, 80, count))
    late = rng.random(count) < 0.15
    joined = joined.where(~late, pd.Timestamp("2016-05-10") + days(rng.integers(0, 200, count)))
    left = pd.Series(pd.Timestamp("2016-11-01") + days(rng.integers(0, 230, count)))
    frame = pd.DataFrame(
        {
            "organization_id": [f"{prefix}-{number:0{width}d}" for prefix, number in numbers],
            "name": [name for name, _ in named],
            "acronym": [acronym(name) for name, _ in named],
            "org_type": ["cdsp"] * cdsps + ["awardee"] * (count - cdsps),
            "department": [department for _, department in named],
            "joined_on": joined,
            "left_on": left.where((rng.random(count) < 0.04) & (left > joined + days(60))),
            "consulted_at_design": rng.random(count) < 0.4,
            "earlier_donor_support": rng.random(count) < 0.45,
            "staff": np.clip(np.round(np.exp(rng.normal(2.2, 0.6, count))), 2, 60).astype(int),
        }
    )
    return typed(frame), twins


def _events(rng, count):
    step = (LAST_EVENT - FIRST_EVENT).days / count
    day = np.floor((np.arange(count) + rng.random(count)) * step).astype(int)
    held_on = pd.Series(FIRST_EVENT + days(day))
    kinds = np.repeat(list(EVENT_TYPES), _parts(count, list(EVENT_TYPES.values())))
    event_type = rng.permutation(kinds)
    offers = _offers(rng, event_type, held_on.dt.to_period("Q").astype(str))
    per_diem = offers.pop("per_diem")
    project = rng.choice(PROJECTS, count)
    width = max(3, len(str(count)))
    frame = pd.DataFrame(
        {
            "event_id": [f"E{i + 1:0{width}d}" for i in range(count)],
            "event_type": event_type,
            "held_on": held_on,
            "place": rng.choice(list(DEPARTMENT_OF), count),
            "hours": rng.choice([2, 3, 4, 6.5, 8], count),
            "partner_project": pd.Series(project).where(event_type == "joint_event"),
            "per_diem_htg": rng.choice([500.0, 750.0, 1000.0, 1250.0], count) * per_diem,
        }
    )
    return typed(pd.concat([frame, offers], axis="columns"))


def _parts(count, shares):
    """Whole numbers in the given shares that add up to `count` (largest remainders)."""
    exact = count * np.array(shares) / sum(shares)
    whole = np.floor(exact).astype(int)
    whole[np.argsort(whole - exact)[: count - whole.sum()]] += 1
    return whole


def _offers(rng, event_type, quarter):
    """Which event offers what: of many random allocations, the one least entangled with event type, quarter and itself.

    A showcase event always offers a business showcase; the rest is as if decided by lot, which no real programme does.
    """
    count, showcase = len(event_type), event_type == "showcase"
    others = _centred(pd.get_dummies(pd.DataFrame({"type": event_type, "quarter": quarter})))
    best, least = None, np.inf
    for _ in range(DESIGNS):
        allocation = pd.DataFrame({name: rng.permutation(count) < share * count for name, share in OFFERED.items()})
        lots = np.flatnonzero(~showcase)
        taken = rng.permutation(lots)[: max(0, round(OFFERED["business_showcase"] * count) - showcase.sum())]
        allocation["business_showcase"] = showcase | np.isin(np.arange(count), taken)
        own = _centred(allocation)
        within = own.T @ own
        tangle = (within**2).sum() - (np.diag(within) ** 2).sum() + ((own.T @ others) ** 2).sum()
        if tangle < least:
            best, least = allocation, tangle
    return best


def _centred(frame):
    values = frame.to_numpy(dtype=float)
    return values - values.mean(axis=0)


def _invited(rng, roster, calendar):
    held_on = calendar["held_on"].to_numpy()[:, None]
    left_on = roster["left_on"].fillna(pd.Timestamp.max.as_unit("us")).to_numpy()
    there = (roster["joined_on"].to_numpy() <= held_on) & (held_on < left_on)
    inclined = there * rng.beta(4, 8, len(roster))
    chance = np.clip(inclined * (0.28 * there.size / max(inclined.sum(), 1e-9)), 0, 0.95)
    event, organization = np.nonzero(rng.random(there.shape) < chance)
    return pd.DataFrame({"event": event, "organization": organization})


def _attendance(rng, rows, roster, calendar, support, talks, views):
    """Who came: event_id, organization_id, attended; and what each incentive is worth, from the same draws."""
    who, where = rows["organization"].to_numpy(), rows["event"].to_numpy()
    happened = pd.DataFrame(
        {
            "organization_id": roster["organization_id"].to_numpy()[who],
            "event_id": calendar["event_id"].to_numpy()[where],
            "event_on": calendar["held_on"].to_numpy()[where],
            "row": np.arange(len(rows)),
        }
    )
    spells = happened.merge(support, on="organization_id", validate="many_to_many")
    spells = spells[spells["event_on"].between(spells["started_on"], spells["ended_on"].fillna(CUT))]
    met = happened.merge(talks[["organization_id", "held_on"]], on="organization_id", validate="many_to_many")
    met = met[(met["event_on"] - met["held_on"]).between(days(1), days(90))]
    x = {name: calendar[name].to_numpy(dtype=float)[where] for name in OFFERED if name != "per_diem"}
    x["per_diem"] = (calendar["per_diem_htg"].to_numpy(dtype=float) > 0)[where].astype(float)
    x["recent_conversation"] = np.isin(happened["row"], met["row"]).astype(float)
    x["other_support_now"] = np.isin(happened["row"], spells["row"]).astype(float)
    x["cdsp"] = (roster["org_type"] == "cdsp").to_numpy(dtype=float)[who]
    x["consulted_at_design"] = roster["consulted_at_design"].to_numpy(dtype=float)[who]
    x |= {name: views[name].to_numpy()[who] for name in views}
    effects = OTHER_EFFECTS | EFFECTS
    score = effects["intercept"] + sum(effects[name] * values for name, values in x.items())
    score = score + (ORG_SD * rng.normal(size=len(roster)))[who] + (EVENT_SD * rng.normal(size=len(calendar)))[where]
    attended = rng.random(len(rows)) < _probability(score)
    without = {name: score - effects[name] * x[name] for name in EFFECTS}
    gain = {k: (_probability(s + effects[k]) - _probability(s)).sum() for k, s in without.items()}
    worth = {name: round(float(value) / max(len(rows), 1), 6) for name, value in gain.items()}
    frame = happened[["event_id", "organization_id"]].assign(attended=attended)
    return typed(frame), worth


def _probability(score):
    return 1 / (1 + np.exp(-score))


def _delegates(rng, rows):
    present = rows[rows["attended"]]
    number = 1 + rng.binomial(2, 0.45, len(present))
    frame = present.loc[present.index.repeat(number), ["event_id", "organization_id"]].reset_index()
    nth = frame.groupby("index").cumcount()  # delegates of one organization at one event have different names
    first = pd.Series(rng.integers(0, PEOPLE, len(rows)))[frame.pop("index")].to_numpy()
    frame["person"] = person(first + 37 * nth)
    frame["phone"] = phones(rng, len(frame))
    frame["role"] = rng.choice(["Directeur", "Directrice exécutive", "Comptable", "Assistant"], len(frame))
    return frame


def _with_delegates(rows, delegates):
    key = ["event_id", "organization_id"]
    senior = delegates["role"].str.startswith("Direct").astype("boolean")
    found = delegates.assign(senior=senior).groupby(key, as_index=False).agg(
        delegates=("person", "size"), senior_delegate=("senior", "any")
    )  # fmt: skip
    joined = rows.merge(found, on=key, how="left", validate="one_to_one")
    joined["delegates"] = joined["delegates"].fillna(0).astype("Int64")
    joined["senior_delegate"] = joined["senior_delegate"].astype("boolean")
    return joined
