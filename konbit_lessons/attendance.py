"""Who attended: the sign-in sheets → the columns attended, delegates and senior_delegate of the invitations."""

import numpy as np
import pandas as pd

from konbit_lessons.record import Record


def with_attendance(
    invited: pd.DataFrame, signed: pd.DataFrame, unresolved: pd.DataFrame, record: Record
) -> pd.DataFrame:
    """Attendance from the sign-in sheets: signed in is present, else absent, but unknown where a name that could not be
    resolved may be theirs, or where the event has no sheet."""
    pair = ["event_id", "organization_id"]
    present = signed.groupby(pair).agg(
        delegates=("organization_id", "size"),
        senior_delegate=("senior_delegate", lambda answers: answers.any() if answers.notna().any() else pd.NA),
    )
    rows = invited.drop(columns=["attended", "delegates", "senior_delegate"]).merge(
        present.astype({"delegates": "Int64", "senior_delegate": "boolean"}).reset_index(),
        on=pair,
        how="left",
        validate="many_to_one",
    )
    here = rows["delegates"].notna()
    doubtful = (
        unresolved.explode("candidates")[["event_id", "candidates"]].drop_duplicates() if len(unresolved) else None
    )
    maybe = pd.Series(False, index=rows.index)
    if doubtful is not None:
        maybe = pd.MultiIndex.from_frame(rows[pair]).isin(pd.MultiIndex.from_frame(doubtful)) & ~here
    with_sheet = rows["event_id"].isin([*signed["event_id"], *unresolved.get("event_id", [])])
    unknown = (maybe | ~with_sheet) & ~here
    rows["attended"] = here.astype("boolean").mask(unknown)
    rows["delegates"] = rows["delegates"].fillna(0).mask(unknown)
    if unknown.any():
        record.changed(
            rows[unknown],
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
    walk_ins = ~pd.MultiIndex.from_frame(signed[pair]).isin(pd.MultiIndex.from_frame(invited[pair]))
    if walk_ins.any():
        record.changed(
            signed[walk_ins],
            column="organization_id",
            old_value=signed.loc[walk_ins, "organization_id"],
            new_value="",
            change_type="no_action",
            check="attendance",
            reason="signed in without an invitation on record; counted in sign_in only",
        )
    return rows
