"""Who attended: the sign-in sheets → the columns attended, delegates and senior_delegate of the invitations."""

import numpy as np
import pandas as pd

from konbit_lessons.field.cleaning.record import WHEN, Record

PAIR = ["event_id", "organization_id"]


def with_attendance(
    invited: pd.DataFrame, signed: pd.DataFrame, unresolved: pd.DataFrame, record: Record
) -> pd.DataFrame:
    """Attendance from the sign-in sheets: signed in is present, else absent, but unknown where a name that could not be
    resolved may be theirs, or where the event has no sheet."""
    present = signed.groupby(PAIR, observed=True).agg(
        delegates=("organization_id", "size"),
        senior_delegate=("senior_delegate", "max"),
    )
    rows = invited.drop(columns=["attended", "delegates", "senior_delegate"]).merge(
        present.astype({"delegates": "Int64", "senior_delegate": "boolean"}).reset_index(),
        on=PAIR,
        how="left",
        validate="many_to_one",
    )
    here = rows["delegates"].notna()
    doubtful = unresolved.explode("candidates")[["event_id", "candidates"]].drop_duplicates()
    maybe = _among(rows, doubtful) & ~here
    with_sheet = rows["event_id"].isin({*signed["event_id"].unique(), *unresolved["event_id"].unique()})
    unknown = (maybe | ~with_sheet) & ~here
    rows["attended"] = here.astype("boolean").mask(unknown)
    rows["delegates"] = rows["delegates"].fillna(0).mask(unknown)
    if unknown.any():
        record.changed(
            rows[unknown],
            table="invitations",
            column="attended",
            old_value="",
            new_value="",
            change_type="no_action",
            check="attendance",
            reason=np.where(
                maybe[unknown],
                "unknown: a name on the sign-in sheet may be theirs",
                "unknown: no sign-in sheet for this event",
            ),
        )
    walk_ins = ~_among(signed, invited[PAIR])
    if walk_ins.any():
        record.changed(
            signed[walk_ins],
            table="sign_in",
            column="organization_id",
            old_value=signed.loc[walk_ins, "organization_id"],
            new_value="",
            change_type="no_action",
            check="attendance",
            reason="signed in without an invitation on record; counted in sign_in only",
        )
    return rows


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
