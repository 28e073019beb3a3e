"""Who was invited and who attended: sign-in sheets, statuses and rosters → the invitations and their attendance."""

import pandas as pd

from konbit_lessons.field.cleaning.record import ROW, WHEN, Record
from konbit_lessons.field.values import as_text

PAIR = ["event_id", "organization_id"]
CAME = {"attended": "boolean", "delegates": "Int64", "senior_delegate": "boolean"}
AGREEMENT = ("quarter", "records", "compared", "agree")
DISAGREE = "the registration and the sign-in sheet disagree; the sheet counts"
NAME_OPEN, NO_SHEET = "a name on the sign-in sheet may be theirs", "no sign-in sheet for this event"
WALK_IN = "signed in without an invitation on record; counted in sign_in only"


def invited(who: str, cleaned: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Invitations where nobody kept a list of them.

    Parameters
    ----------
    who : "everybody" or "count only"
        Everybody: each organization that was a partner on the day of an event. Count only: those that signed in.
    cleaned : dict of str to DataFrame
        Events, organizations and sign-in sheets, with the places of their rows; an invitation stands where its event
        does.
    """
    events = as_text(cleaned["events"][[*ROW, WHEN, "event_id", "held_on"]])
    if who == "count only":
        pairs = as_text(cleaned["sign_in"][PAIR].drop_duplicates())
        rows = events.merge(pairs, on="event_id", validate="one_to_many")
    else:
        about = cleaned["organizations"][["organization_id", "joined_on", "left_on"]]
        rows = events.merge(about, how="cross")
        gone = (rows["joined_on"] > rows["held_on"]) | (rows["left_on"] <= rows["held_on"])
        rows = rows[~gone].reset_index(drop=True)
    nothing = {name: pd.array([pd.NA] * len(rows), dtype=kind) for name, kind in CAME.items()}
    return rows[[*ROW, WHEN, *PAIR]].astype(dict.fromkeys(PAIR, "str")).assign(record_id="", **nothing)


def with_attendance(
    invited: pd.DataFrame, signed: pd.DataFrame, unresolved: pd.DataFrame, record: Record
) -> pd.DataFrame:
    """Attendance from the sign-in sheets: signed in is present, else absent, but unknown where a name that could not be
    resolved may be theirs. Where an event has no sheet, what the list of invitations says stands, or it is unknown."""
    rows = as_text(invited.drop(columns=[*CAME])).merge(_present(signed), on=PAIR, how="left", validate="many_to_one")
    here = rows["delegates"].notna()
    doubtful = unresolved.explode("candidates")[["event_id", "candidates"]].drop_duplicates()
    maybe = _among(rows, doubtful) & ~here
    listed = ~rows["event_id"].isin({*signed["event_id"].unique(), *unresolved["event_id"].unique()})
    rows["attended"] = here.astype("boolean")
    rows["delegates"] = rows["delegates"].fillna(0)
    for name in CAME:
        rows[name] = rows[name].mask(listed, invited[name].array).mask(maybe & ~listed)
    unknown = rows["attended"].isna()
    for these, why in ((unknown & maybe, NAME_OPEN), (unknown & ~maybe, NO_SHEET)):
        record.noted(rows[these], "invitations", "attended", "", check="attendance", reason=f"unknown: {why}")
    walk_ins = signed[~_among(signed, invited[PAIR])]
    codes = walk_ins["organization_id"]
    record.noted(walk_ins, "sign_in", "organization_id", codes, check="attendance", reason=WALK_IN)
    return rows


def _present(signed: pd.DataFrame) -> pd.DataFrame:
    """How many delegates each organization sent to each event, and whether a senior one was among them."""
    groups = signed.groupby(PAIR, observed=True)
    present = groups.agg(delegates=("organization_id", "size"), senior_delegate=("senior_delegate", "max"))
    return as_text(present.astype({name: CAME[name] for name in present}).reset_index())


def attendance_agreement(invited: pd.DataFrame, signed: pd.DataFrame, record: Record) -> pd.DataFrame:
    """Registration against sign-in sheets, by quarter; where they disagree, the sheet counts and the log says so."""
    both = invited[invited["attended"].notna() & invited["event_id"].isin(signed["event_id"].unique())]
    agrees = both["attended"].astype("bool") == _among(both, signed[PAIR].drop_duplicates())
    said, sheet = (one.map({True: "yes", False: "no"}).astype("str") for one in (both["attended"], ~both["attended"]))
    record.noted(both[~agrees], "invitations", "attended", said, sheet, check="agreement", reason=DISAGREE)
    counts = pd.DataFrame({"quarter": both[WHEN], "compared": 1, "agree": agrees.astype("int64")})
    return agreement_by_quarter(counts, "sign-in against registration")


def agreement_by_quarter(counts: pd.DataFrame, records: str) -> pd.DataFrame:
    """Two records of one fact: how often they could be compared and agree, by quarter.

    Parameters
    ----------
    counts : DataFrame
        ``quarter``, ``compared``, ``agree``.
    records : str
        Which two.
    """
    by_quarter = counts.groupby("quarter", sort=True, observed=True)[["compared", "agree"]].sum().reset_index()
    return by_quarter.astype({"quarter": "str"}).assign(records=records)[list(AGREEMENT)]


def _among(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Whether the event and the organization of each row are one of these pairs."""
    pairs = pairs.set_axis(PAIR, axis="columns")
    return pd.Series(pd.MultiIndex.from_frame(rows[PAIR]).isin(pd.MultiIndex.from_frame(pairs)), index=rows.index)
