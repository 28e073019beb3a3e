"""What is on record twice: who was invited and who came, the same record again, an organization that answers twice.

Sign-in sheets, statuses and rosters → the invitations and their attendance; where two records of one fact can be
compared, how often they agree.
"""

import numpy as np
import pandas as pd
import pandera.pandas as pa

from konbit_lessons.errors import DataError
from konbit_lessons.field.cleaning.history import partner_on
from konbit_lessons.field.cleaning.record import ALL, ROW, TYPED, WHEN, Record, shown
from konbit_lessons.field.identity import CANDIDATES, fold
from konbit_lessons.field.identity.forms import plain
from konbit_lessons.field.messages import message
from konbit_lessons.field.values import as_text, distinct_of, looked_up, ordered

PAIR = ["event_id", "organization_id"]
CAME = {"attended": "boolean", "delegates": "Int64", "senior_delegate": "boolean"}
AGREEMENT = ("quarter", "records", "compared", "agree")
DISAGREE = "the registration and the sign-in sheet disagree; the sheet counts"
NAME_OPEN, NO_SHEET = "a name on the sign-in sheet may be theirs", "no sign-in sheet for this event"
CODE_TWICE, EVENT_OPEN = "two events have this code", "they signed in for an event that could not be placed"
NAMES_OPEN = "names on the sign-in sheet are near nobody on the roster, more than"
CHECK = "double entry"
OFTEN = 2  # events at which a name near nobody signs, for it to be a partner's
WAVE = ["organization_id", "wave"]


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
        came = cleaned["sign_in"][cleaned["sign_in"]["attended"].fillna(False)]
        rows = events.merge(as_text(came[PAIR].drop_duplicates()), on="event_id", validate="one_to_many")
    else:
        rows = events.merge(cleaned["organizations"][["organization_id", "joined_on", "left_on", "away"]], how="cross")
        rows = rows[partner_on(rows, rows["held_on"])]
    nothing = {name: pd.array([pd.NA] * len(rows), dtype=kind) for name, kind in CAME.items()}
    return rows[[*ROW, WHEN, *PAIR]].astype(dict.fromkeys(PAIR, "str")).assign(record_id="", **nothing)


def with_attendance(invited: pd.DataFrame, signed: pd.DataFrame, unsure: dict, few: int, record: Record) -> tuple:
    """Attendance from the sign-in sheets; where an event has none, what the list of invitations says, or unknown.

    Signed in is present, else absent; but unknown where a name that could not be placed may be theirs, where an event
    that could not be placed may be this one, or where more than a few names are near nobody on the roster.

    Parameters
    ----------
    invited, signed : DataFrame
    unsure : dict of str to DataFrame
        ``pairs`` that may have signed in, ``events`` where they may, and ``names`` that are open, by event; ``twice``,
        codes of two events.
    few : int
        So many names of an event may be near nobody.
    record : Record

    Returns
    -------
    rows : DataFrame
        The invitations.
    agreement : DataFrame
        See :func:`_by_quarter`.
    """
    came, known = signed[signed["attended"].fillna(False)], signed[signed["attended"].notna()]
    groups = came.groupby(PAIR, observed=True)
    present = groups.agg(delegates=("organization_id", "size"), senior_delegate=("senior_delegate", "max"))
    present = as_text(present.astype({name: CAME[name] for name in present}).reset_index())
    rows = as_text(invited.drop(columns=[*CAME])).merge(present, on=PAIR, how="left", validate="many_to_one")
    here, names = rows["delegates"].notna(), unsure["names"]
    open_row = _among(rows, pd.concat([unsure["pairs"], signed.loc[signed["attended"].isna(), PAIR]]))
    maybe = open_row & ~here  # of who was seen, another delegate may be theirs
    rows["delegates"] = rows["delegates"].mask(open_row)
    rows["senior_delegate"] = rows["senior_delegate"].mask(open_row & rows["senior_delegate"].eq(False))
    strangers = names[names["candidates"].map(len) == 0].groupby("event_id")["typed"].nunique()
    twice = rows["event_id"].isin(unsure["twice"])
    elsewhere = _among(rows, unsure["events"]) & ~here & ~maybe
    crowded = rows["event_id"].isin(strangers.index[strangers > few]) & ~here & ~maybe & ~elsewhere
    listed = ~rows["event_id"].isin({*known["event_id"].unique(), *names["event_id"].unique()})
    rows["attended"] = here.astype("boolean")
    rows["delegates"] = rows["delegates"].mask(~here, 0)
    doubtful = ((maybe | elsewhere | crowded) & ~listed) | twice
    for name in CAME:
        rows[name] = rows[name].mask(listed, invited[name].array).mask(doubtful)
    why = pd.Series(NO_SHEET, rows.index).mask(crowded, f"{NAMES_OPEN} {few}").mask(elsewhere, EVENT_OPEN)
    why, unknown = "unknown: " + why.mask(maybe, NAME_OPEN).mask(twice, CODE_TWICE), rows["attended"].isna()
    record.noted(rows[unknown], "invitations", "attended", "", check="attendance", reason=why[unknown])
    guests, name = came[~_among(came, invited[PAIR])], "organization_id"
    record.noted(guests, "sign_in", name, guests[name], check="attendance", reason=message("walk_in"))
    return rows, _attendance_agreement(invited, rows[~listed], record)


def maybe_renamed(invited: pd.DataFrame, signed: pd.DataFrame, names: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Organizations that a name near nobody may be: renamed, they would be absent wherever that name signs.

    Parameters
    ----------
    invited, signed, names : DataFrame
        As :func:`with_attendance` takes them.

    Returns
    -------
    dict of str to tuple of str
        Folded name that signs at several events → the few that were invited to all of these and seen at none.
    """
    absent, found = invited[~_among(invited, signed.loc[signed["attended"].fillna(True), PAIR])][PAIR].astype("str"), {}
    strangers = names[names["candidates"].map(len) == 0]
    for name, events in strangers.groupby(strangers["typed"].map(fold))["event_id"]:
        missed = absent[absent["event_id"].isin(events)].drop_duplicates()["organization_id"].value_counts()
        codes, often = sorted(missed.index[missed == len(events.unique())]), len(events.unique()) >= OFTEN
        found |= {name: tuple(codes)} if often and len(codes) <= CANDIDATES else {}
    return found


def _attendance_agreement(invited: pd.DataFrame, rows: pd.DataFrame, record: Record) -> pd.DataFrame:
    """Registration against sign-in sheets, by quarter; where they disagree, the sheet counts and the log says so."""
    both = invited.set_axis(range(len(invited))).assign(sheet=rows["attended"]).dropna(subset=["attended", "sheet"])
    agrees = both["attended"].astype("bool") == both["sheet"].astype("bool")
    said, is_so = (both[one].map({True: "yes", False: "no"}).astype("str") for one in ("attended", "sheet"))
    record.noted(both[~agrees], "invitations", "attended", said, is_so, check="agreement", reason=DISAGREE)
    if other := int((~agrees).sum()):
        record.notices.append(f"{other} invitations: {DISAGREE}; each is in cleaning_log.csv, check agreement")
    return _by_quarter(both[WHEN], 1, agrees.astype("int64"), "sign-in against registration")


def _by_quarter(quarter: pd.Series, compared: pd.Series | int, agree: pd.Series, records: str) -> pd.DataFrame:
    """Two records of one fact: how often they could be compared and agree, by quarter."""
    counts = pd.DataFrame({"quarter": quarter, "compared": compared, "agree": agree})
    by_quarter = counts.groupby("quarter", sort=True, observed=True).sum().reset_index()
    return by_quarter.astype({"quarter": "str"}).assign(records=records)[list(AGREEMENT)]


def _among(rows: pd.DataFrame, pairs: pd.DataFrame) -> pd.Series:
    """Whether the event and the organization of each row are one of these pairs."""
    pairs = pairs.set_axis(PAIR, axis="columns")
    return pd.Series(pd.MultiIndex.from_frame(rows[PAIR]).isin(pd.MultiIndex.from_frame(pairs)), index=rows.index)


def once_each(rows: pd.DataFrame, schema: pa.DataFrameSchema, record: Record) -> pd.DataFrame:
    """Keep one row per key: of the same record twice, the one that says most, then the latest in the file."""
    content, sign_in = list(schema.columns), schema.name == "sign_in"
    key = [*PAIR, "delegate"] if sign_in else list(schema.metadata["key"]) or content
    keys = rows[key]
    if sign_in:  # a person's name, whatever its case, accents and double spaces
        folded = {name: " ".join(plain(name).split()) for name in distinct_of(rows["delegate"])[1]}
        keys = keys.assign(delegate=looked_up(rows["delegate"], folded))
    twice = keys.duplicated(keep=False) & (key == content or keys.notna().all(axis="columns"))
    if not twice.any():
        return rows
    same = rows[twice].assign(_filled=rows.loc[twice, content].notna().sum(axis="columns"))
    column = ALL if key == content else " + ".join(key)
    typed = [TYPED + name if TYPED + name in rows else name for name in shown(column, schema)]
    again = keys.loc[ordered(same, ["_filled", *content, *typed, *ROW]).index].duplicated(keep="last")
    again = rows.index.isin(again.index[again])
    what = as_text(rows.loc[again, typed]).agg(" · ".join, axis="columns") if typed else ""
    reason, rest = message("same_record"), [name for name in content if name not in key]
    if rest:
        which = keys[twice].groupby(key, observed=True, dropna=False).ngroup()
        several = (rows.loc[twice, rest].groupby(which).transform("nunique") > 1).loc[rows.index[again]]
        names = several.to_numpy("object") @ np.array([f"{name}, " for name in rest], "object")
        reason = pd.Series([f"{reason}; they differ in {one[:-2]}" if one else reason for one in names], several.index)
    record.set_aside(rows[again], schema.name, column, what, check=CHECK, reason=reason)
    return rows[~again]


def with_waves(rows: pd.DataFrame, begun: dict, record: Record) -> pd.DataFrame:
    """Give answers the wave that had begun by their day, if any had, or a file that of its days, if these are of one.

    ``begun`` is the first day of a wave → its number; a pattern for the file's name goes before it.

    Raises
    ------
    DataError
        They are not; the line to write is shown.
    """
    day, unknown = rows["submitted_on"], rows["wave"].isna()
    for since, wave in sorted(begun.items()):
        rows = rows.assign(wave=rows["wave"].mask(unknown & (day >= pd.Timestamp(since)), wave))
    spans = rows.groupby("wave")["submitted_on"].agg(["min", "max"]).dropna()
    for file, own in rows.dropna(subset="submitted_on").groupby("source", observed=True):
        if own["wave"].notna().any():
            continue
        first, last = own["submitted_on"].agg(["min", "max"])
        within = spans.index[(spans["min"] <= last) & (spans["max"] >= first)]
        told = message("wave_days", file=file, first=first, last=last)
        if len(within) != 1:
            new = int(spans.index.max()) + 1 if len(spans) and first > spans["max"].max() else "…"
            # the first day after the longest time without an answer
            again = (days := own["submitted_on"].sort_values()).iloc[days.diff().fillna(pd.Timedelta(0)).argmax()]
            raise DataError(message("no_wave", told=told, file=file.rpartition("/")[2], new=new, again=again))
        record.notices.append(f"{told} wave {within[0]}, and so they are of it")
        rows = rows.assign(wave=rows["wave"].mask(rows["source"] == file, within[0]))
    return rows


def one_answer_each(rows: pd.DataFrame, schema: pa.DataFrameSchema, rule: str, record: Record) -> tuple:
    """Apply the rule of programme.toml to organizations that answer more than once in a wave.

    Returns
    -------
    rows : DataFrame
        ``all`` (the default) keeps every answer; ``latest`` and ``first`` keep one; ``ask`` keeps none until
        ``corrections.csv`` takes out all but one.
    agreement : DataFrame
        By quarter, how many answers on the scales of an organization to one wave could be compared, and agree.
    """
    again = as_text(rows[rows.duplicated(WAVE, keep=False) & rows[WAVE].notna().all(axis="columns")])
    again = ordered(again, [*WAVE, "submitted_on", TYPED + "submitted_on", *schema.columns, *ROW])
    scales = [name for name, column in schema.columns.items() if column.metadata["kind"] == "scale"]
    now, before = again[scales], again.groupby(WAVE)[scales].shift()
    both = now.notna() & before.notna()
    compared, agree = both.sum(axis="columns"), (both & now.eq(before).fillna(False)).sum(axis="columns")
    agreement = _by_quarter(again[WHEN], compared, agree, "survey twice in a wave")
    if again.empty:
        return rows, agreement
    about = {"check": CHECK, "reason": message(f"twice_{rule}")}
    if rule == "all":
        place = again["organization_id"].str.cat(again["wave"].astype("str"), sep=" · wave ")
        record.noted(again, schema.name, " + ".join(WAVE), place, **about)
        return rows, agreement
    gone = again[again.duplicated(WAVE, keep={"latest": "last", "first": "first", "ask": False}[rule])]
    record.set_aside(gone, schema.name, "organization_id", gone[TYPED + "organization_id"], **about)
    return rows.drop(index=gone.index), agreement
