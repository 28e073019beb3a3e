"""Who was invited and who attended: sign-in sheets, statuses and rosters → the invitations and their attendance."""

import numpy as np
import pandas as pd

from konbit_lessons.field.cleaning.record import ROW, WHEN, Record
from konbit_lessons.field.texts import as_text

PAIR = ["event_id", "organization_id"]
CAME = ["attended", "delegates", "senior_delegate"]


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
    kinds = {"attended": "boolean", "delegates": "Int64", "senior_delegate": "boolean"}
    nothing = {name: pd.array([pd.NA] * len(rows), dtype=kind) for name, kind in kinds.items()}
    return rows[[*ROW, WHEN, *PAIR]].astype(dict.fromkeys(PAIR, "str")).assign(record_id="", **nothing)


def with_attendance(
    invited: pd.DataFrame, signed: pd.DataFrame, unresolved: pd.DataFrame, record: Record
) -> pd.DataFrame:
    """Attendance from the sign-in sheets: signed in is present, else absent, but unknown where a name that could not be
    resolved may be theirs. Where an event has no sheet, what the list of invitations says stands, or it is unknown."""
    rows = as_text(invited.drop(columns=CAME)).merge(_present(signed), on=PAIR, how="left", validate="many_to_one")
    here = rows["delegates"].notna()
    doubtful = unresolved.explode("candidates")[["event_id", "candidates"]].drop_duplicates()
    maybe = _among(rows, doubtful) & ~here
    listed = ~rows["event_id"].isin({*signed["event_id"].unique(), *unresolved["event_id"].unique()})
    rows["attended"] = here.astype("boolean")
    rows["delegates"] = rows["delegates"].fillna(0)
    for name in CAME:
        rows[name] = rows[name].mask(listed, invited[name].array).mask(maybe & ~listed)
    unknown = rows["attended"].isna()
    _say_unknown(rows[unknown], maybe[unknown], record)
    _say_walk_ins(signed[~_among(signed, invited[PAIR])], record)
    return rows


def _present(signed: pd.DataFrame) -> pd.DataFrame:
    """How many delegates each organization sent to each event, and whether a senior one was among them."""
    groups = signed.groupby(PAIR, observed=True)
    present = groups.agg(delegates=("organization_id", "size"), senior_delegate=("senior_delegate", "max"))
    return as_text(present.astype({"delegates": "Int64", "senior_delegate": "boolean"}).reset_index())


def _say_unknown(rows: pd.DataFrame, maybe: pd.Series, record: Record) -> None:
    said = {"old_value": "", "new_value": "", "change_type": "no_action", "check": "attendance"}
    reasons = ("unknown: a name on the sign-in sheet may be theirs", "unknown: no sign-in sheet for this event")
    if len(rows):
        record.changed(rows, table="invitations", column="attended", reason=np.where(maybe, *reasons), **said)


def _say_walk_ins(rows: pd.DataFrame, record: Record) -> None:
    said = {"new_value": "", "change_type": "no_action", "check": "attendance"}
    reason = "signed in without an invitation on record; counted in sign_in only"
    if len(rows):
        codes = rows["organization_id"]
        record.changed(rows, table="sign_in", column="organization_id", old_value=codes, reason=reason, **said)


def attendance_agreement(invited: pd.DataFrame, signed: pd.DataFrame, record: Record) -> pd.DataFrame:
    """Registration against sign-in sheets, by quarter; where they disagree, the sheet counts and the log says so."""
    both = invited[invited["attended"].notna() & invited["event_id"].isin(signed["event_id"].unique())]
    differs = both["attended"].astype("bool") != _among(both, signed[PAIR].drop_duplicates())
    if differs.any():
        registered = both.loc[differs, "attended"].map({True: "yes", False: "no"}).astype("str")
        record.changed(
            both[differs],
            table="invitations",
            column="attended",
            old_value=registered,
            new_value=registered.map({"yes": "no", "no": "yes"}).astype("str"),
            change_type="no_action",
            check="agreement",
            reason="the registration and the sign-in sheet disagree; the sheet counts",
        )
    counts = differs.groupby(both[WHEN]).agg(["size", "sum"])
    return pd.DataFrame(
        {
            "quarter": counts.index.astype("str"),
            "records": "sign-in against registration",
            "compared": counts["size"].to_numpy(),
            "agree": (counts["size"] - counts["sum"]).to_numpy(),
        }
    )


def _among(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Whether the event and the organization of each row are one of these pairs."""
    pairs = pairs.set_axis(PAIR, axis="columns")
    return pd.Series(pd.MultiIndex.from_frame(rows[PAIR]).isin(pd.MultiIndex.from_frame(pairs)), index=rows.index)
