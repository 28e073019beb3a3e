"""What is true in the simulated programme: organizations, events, who took part and why.

``simulate`` draws a :class:`World` of clean frames in the shapes of the package's tables. An organization takes part in
an event it is invited to with probability

    p = 1 / (1 + exp(-(intercept + sum of effects + u_organization + v_event)))

with u and v normal (what makes rows of one organization, and of one event, alike); effects and standard deviations
stand in ``world.toml``. ``truth`` holds them and what they are worth in proportions, so that an analysis can be
checked. The field's versions of the same facts, with their errors, are made in ``field_files``. What organizations say
and do between events (support, conversations, answers, leads, pledges) comes last; each table has its own random
generator, so that a change in one leaves the others as they were.
"""

from importlib.resources import files
from types import SimpleNamespace

import numpy as np
import pandas as pd

from konbit_lessons.errors import ProgrammeError
from konbit_lessons.example.names import DEPARTMENT_OF, FACTS, PEOPLE, acronym, organization_names, person, phones

EVENTS, KINDS, SAID = FACTS["events"], FACTS["kinds"], FACTS["records"]
CUT = pd.Timestamp(EVENTS["cut"])  # nothing is recorded after this day
EXPECTS, WAVES = SAID["expects"], dict(enumerate(SAID["waves"], start=1))
EFFECTS, OTHER = FACTS["effects"]["incentives"], FACTS["effects"]["other"]
OFFERED, TYPES = EVENTS["offered"], EVENTS["types"]
PROVIDER, GRANTEE = KINDS["provider"], KINDS["grantee"]
AMOUNT = EVENTS["amount"]  # the incentive that is one
KEY = ["event_id", "organization_id"]


class World(SimpleNamespace):
    """One simulated programme, as it truly was.

    Attributes
    ----------
    organizations, events, invitations, survey, conversations, other_support, business_leads, contributions, learning :
        DataFrame, the tables of the package, without any field error. ``invitations.attended`` is never missing.
    delegates : DataFrame, one row per person on a sign-in sheet: event_id, organization_id, person, phone, role.
    truth : dict, seed, coefficients (log-odds), org_sd, event_sd, ame (mean of p with minus p without the incentive,
        over invitations, random effects as simulated), counts, and twins (pairs of organizations with nearly one name).
    """


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
    for name, value, least in (("seed", seed, 0), ("organizations", organizations, 2), ("events", events, 1)):
        if value < least:
            raise ProgrammeError(f"{name}={value}: expected a whole number of {least} or more.")
    draws = np.random.default_rng([seed, FACTS["effects"]["draw"]]).spawn(len(FACTS["draws"]))
    draw, world = dict(zip(FACTS["draws"], draws, strict=True)), World()
    world.organizations, twins = _organizations(draw["organizations"], organizations)
    world.events = _events(draw["events"], events)
    for make in (other_support, conversations, contributions):
        setattr(world, make.__name__, make(draw[make.__name__], world.organizations))
    # what the survey's answers measure; providers are demotivated
    views = pd.DataFrame(draw["truth"].normal(size=(organizations, 2)), columns=["motivation", "belief_money"])
    views.loc[world.organizations["org_type"] == PROVIDER["org_type"], "motivation"] -= 0.4
    rows, worth = _attendance(draw["invitations"], world, views)
    world.invitations, world.delegates = _delegates(draw["delegates"], rows)
    world.survey = survey(draw["survey"], world.organizations, views)
    world.business_leads = business_leads(draw["business_leads"], rows, world.events)
    world.learning = pd.read_csv(files(__package__) / "learning.csv", dtype="str", parse_dates=["due_on"])
    sd, codes = FACTS["effects"], world.organizations["organization_id"]
    truth = {"seed": seed, "coefficients": OTHER | EFFECTS, "org_sd": sd["sd_of_organizations"]}
    truth |= {"event_sd": sd["sd_of_events"], "ame": worth, "organizations": organizations, "events": events}
    truth |= {"invitations": len(rows), "attended": int(rows["attended"].sum()), "delegates": len(world.delegates)}
    world.truth = truth | {"survey_rows": len(world.survey), "twins": [[codes[i], codes[j]] for i, j in twins]}
    return world


def _organizations(rng, count):
    named, twins = organization_names(rng, count)
    providers = round(count * PROVIDER["of_all"][0] / PROVIDER["of_all"][1])
    kinds = [PROVIDER] * providers + [GRANTEE] * (count - providers)
    numbers = [*range(1, providers + 1), *range(1, count - providers + 1)]
    joined = pd.Timestamp("2016-02-15") + days(rng.integers(0, 80, count))
    joined = joined.where(rng.random(count) >= 0.15, pd.Timestamp("2016-05-10") + days(rng.integers(0, 200, count)))
    left = pd.Series(pd.Timestamp("2016-11-01") + days(rng.integers(0, 230, count)))
    return typed(
        organization_id=[_code(f"{kind['code']}-", at, count) for kind, at in zip(kinds, numbers, strict=True)],
        name=[name for name, _ in named],
        acronym=[acronym(name) for name, _ in named],
        org_type=[kind["org_type"] for kind in kinds],
        department=[department for _, department in named],
        joined_on=joined,
        left_on=left.where((rng.random(count) < 0.04) & (left > joined + days(60))),
        consulted_at_design=rng.random(count) < 0.4,
        earlier_donor_support=rng.random(count) < 0.45,
        staff=np.clip(np.round(np.exp(rng.normal(2.2, 0.6, count))), 2, 60).astype(int),
    ), twins


def _code(prefix, number, of_all):
    return f"{prefix}{number:0{max(3, len(str(of_all)))}d}"


def _events(rng, count):
    first, last = (pd.Timestamp(EVENTS[end]) for end in ("first", "last"))
    day = np.floor((np.arange(count) + rng.random(count)) * ((last - first).days / count)).astype(int)
    held_on = pd.Series(first + days(day))
    event_type = rng.permutation(np.repeat(list(TYPES), _parts(count, [kind["share"] for kind in TYPES.values()])))
    offers = _offers(rng, event_type, held_on.dt.to_period("Q").astype(str))
    paid = offers.pop(AMOUNT)
    project = pd.Series(rng.choice(SAID["projects"], count)).where(event_type == EVENTS["of_a_project"])
    place, hours, amount = (rng.choice(of, count) for of in (list(DEPARTMENT_OF), EVENTS["hours"], EVENTS["amounts"]))
    columns = {"place": place, "hours": hours, "partner_project": project, f"{AMOUNT}_amount": amount * paid}
    codes = [_code("E", i + 1, count) for i in range(count)]
    return typed(event_id=codes, event_type=event_type, held_on=held_on, **columns, **offers)


def _parts(count, shares):
    """Whole numbers in the given shares that add up to `count` (largest remainders)."""
    exact = count * np.array(shares) / sum(shares)
    whole = np.floor(exact).astype(int)
    whole[np.argsort(whole - exact)[: count - whole.sum()]] += 1
    return whole


def _offers(rng, event_type, quarter):
    """Which event offers what: of many random allocations, the one least entangled with event type, quarter and itself.

    A showcase event always offers a showcase; the rest is as if decided by lot, which no real programme does.
    """
    kind, incentive = EVENTS["showcase"]
    count, showcase = len(event_type), event_type == kind
    others = _centred(pd.get_dummies(pd.DataFrame({"type": event_type, "quarter": quarter})))
    best, least = None, np.inf
    for _ in range(EVENTS["allocations"]):
        allocation = pd.DataFrame({name: rng.permutation(count) < share * count for name, share in OFFERED.items()})
        taken = rng.permutation(np.flatnonzero(~showcase))[: max(0, round(OFFERED[incentive] * count) - showcase.sum())]
        allocation[incentive] = showcase | np.isin(np.arange(count), taken)
        own = _centred(allocation)
        within = own.T @ own
        tangle = (within**2).sum() - (np.diag(within) ** 2).sum() + ((own.T @ others) ** 2).sum()
        if tangle < least:
            best, least = allocation, tangle
    return best


def _centred(frame):
    values = frame.to_numpy(dtype=float)
    return values - values.mean(axis=0)


def _attendance(rng, world, views):
    """Who came: event_id, organization_id, attended; and what each incentive is worth, from the same draws."""
    roster, calendar = world.organizations, world.events
    where, who = _invited(rng, roster, calendar)
    effects, sd = OTHER | EFFECTS, FACTS["effects"]
    rows = pd.DataFrame({"event_id": calendar["event_id"].to_numpy()[where]})
    rows["organization_id"] = roster["organization_id"].to_numpy()[who]
    x = _reasons(rows.assign(event_on=calendar["held_on"].to_numpy()[where], row=rows.index), who, where, world, views)
    score = effects["intercept"] + sum(effects[name] * values for name, values in x.items())
    score = score + (sd["sd_of_organizations"] * rng.normal(size=len(roster)))[who]
    score = score + (sd["sd_of_events"] * rng.normal(size=len(calendar)))[where]
    attended = rng.random(len(who)) < _probability(score)
    without = {name: score - effects[name] * x[name] for name in EFFECTS}
    gain = {k: (_probability(s + effects[k]) - _probability(s)).sum() for k, s in without.items()}
    worth = {name: round(float(value) / max(len(who), 1), 6) for name, value in gain.items()}
    return typed(**rows, attended=attended), worth


def _invited(rng, roster, calendar):
    held_on = calendar["held_on"].to_numpy()[:, None]
    left_on = roster["left_on"].fillna(pd.Timestamp.max.as_unit("us")).to_numpy()
    there = (roster["joined_on"].to_numpy() <= held_on) & (held_on < left_on)
    inclined = there * rng.beta(4, 8, len(roster))
    chance = np.clip(inclined * (0.28 * there.size / max(inclined.sum(), 1e-9)), 0, 0.95)
    return np.nonzero(rng.random(there.shape) < chance)


def _reasons(at, who, where, world, views):
    """What each invitation's probability is made of."""
    roster, calendar, talks = world.organizations, world.events, world.conversations
    spells = at.merge(world.other_support, on="organization_id", validate="many_to_many")
    spells = spells[spells["event_on"].between(spells["started_on"], spells["ended_on"].fillna(CUT))]
    met = at.merge(talks[["organization_id", "held_on"]], on="organization_id", validate="many_to_many")
    met = met[(met["event_on"] - met["held_on"]).between(days(1), days(90))]
    offered = {name: calendar[name] for name in OFFERED if name != AMOUNT}
    x = pd.DataFrame(offered | {AMOUNT: calendar[f"{AMOUNT}_amount"] > 0}).iloc[where].reset_index(drop=True)
    x["recent_conversation"], x["other_support_now"] = at["row"].isin(met["row"]), at["row"].isin(spells["row"])
    x[PROVIDER["org_type"]] = (roster["org_type"] == PROVIDER["org_type"]).to_numpy()[who]
    x["consulted_at_design"] = roster["consulted_at_design"].to_numpy()[who]
    return x.assign(**views.iloc[who].reset_index(drop=True)).astype(float)


def _probability(score):
    return 1 / (1 + np.exp(-score))


def _delegates(rng, rows):
    """The invitations with how many came to each, and these persons."""
    present = rows[rows["attended"]]
    frame = present.loc[present.index.repeat(1 + rng.binomial(2, 0.45, len(present))), KEY].reset_index()
    nth = frame.groupby("index").cumcount()  # delegates of one organization at one event have different names
    first = pd.Series(rng.integers(0, PEOPLE, len(rows)))[frame.pop("index")].to_numpy()
    frame["person"] = person(first + 37 * nth)
    frame["phone"] = phones(rng, len(frame))
    frame["role"] = rng.choice(SAID["roles"], len(frame))
    groups = frame.assign(senior=frame["role"].str.startswith(SAID["senior"])).groupby(KEY, as_index=False)
    found = groups.agg(delegates=("person", "size"), senior_delegate=("senior", "any"))
    joined = rows.merge(found, on=KEY, how="left", validate="one_to_one").fillna({"delegates": 0})
    return joined.astype({"delegates": "Int64", "senior_delegate": "boolean"}), frame


def other_support(rng, roster):
    """Support of each organization by each other project."""
    organization, project = np.nonzero(rng.random((len(roster), len(SAID["projects"]))) < SAID["supported"])
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
    said = pd.Series(rng.choice(SAID["comments"], len(who)), dtype="str").where(rng.random(len(who)) < 0.68)
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
