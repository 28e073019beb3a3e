# ruff: noqa: E501  (one line a table)
"""The tables of the pages once more, by plain pandas: this file shares no program with the library.

It reads the cleaned tables of data/processed and programme.toml, counts what the CSV files beside the pages hold, and
compares cell by cell. ``python -m tests.recount programme.toml reports/FY2017Q3/internal/tables FY2017Q3`` prints what
differs. On a shared page only what is shown is compared: a blank is hidden, and a row may be left out.

What cleaning wrote down (cleaning_log.csv, set_aside.csv, checks.csv, counts.csv, arrivals.csv) is counted again from
those lists, and what stands twice in the survey from the survey; the estimates are in ``recount_estimates``, findings
and the quality of data in ``recount_learning``.

Not recounted: where rows are drawn or dealt out by chance (the limits of the bootstrap and of the reshuffling, a
permutation's p), what is said of an incentive that the data cannot tell about (its penalized limits), and what is
imputed; the days until a row was in, which only raw files tell (which file and quarter is the slowest is looked up
again); of registrations that a sheet contradicts how many agree; what the report before said, which its manifest
keeps. On a shared page finding_*, since which of them leads rests on what is hidden; staying, whose quarters are taken
together there.
"""

import sys
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import recount_estimates as estimates
import recount_learning as learning

DAY = pd.Timedelta(days=1)
ALL = "total"
EXACT, FITTED = 1e-8, 1e-6  # of what is counted; of what iterations end near
BY_ITERATION = ("incentives", "incentives_table", "specifications", "said_and_now", "finding_")
ROUNDED = ("estimate", "std_error", "conf_low", "conf_high", "e_value", "e_value_limit", "now")
NOT_TOLD = ...  # a cell that is not recounted
TOLD = {}  # estimates, by the rows that they rest on


def compare(toml, folder, quarter, *, shared=False):
    """Return (cells compared, what differs as texts, names of CSV files that are not recounted)."""
    recount = Recount(Path(toml), quarter, shared=shared)
    cells, wrong, left = 0, [], []
    told = pd.read_csv(Path(folder) / "incentives.csv", encoding="utf-8-sig") if shared else None
    rounded = set() if told is None else {*told.loc[told["n_offered"].isna(), ["term", "label"]].stack()}
    for path in sorted(Path(folder).glob("*.csv")):
        if path.stem.endswith("_sentences"):
            continue
        try:
            keys, counted = recount.table(path)
        except KeyError:
            left.append(path.stem)
            continue
        page = pd.read_csv(
            path, encoding="utf-8-sig", dtype=dict.fromkeys(keys, str), keep_default_na=False, na_values=""
        )
        if path.stem == "data_quality":
            page[["now", "of_now"]] = [learning.said_in(one) for one in page["in_quarter"]]
        within = FITTED if path.stem.startswith(BY_ITERATION) else EXACT
        of_rounded = rounded if within == FITTED else set()
        found, told = _difference(page, counted, keys, shared=shared, within=within, rounded=of_rounded)
        cells, wrong = cells + found, wrong + [f"{path.stem}: {one}" for one in told]
    return cells, wrong, left


def _difference(page, counted, keys, *, shared, within, rounded):
    page, counted = (one.assign(**one[keys].fillna("").astype(str)).set_index(keys) for one in (page, counted))
    wrong = [f"{at} is not on the page" for at in counted.index.difference(page.index) if not shared]
    wrong += [f"{at} is not counted" for at in page.index.difference(counted.index)]
    cells = 0
    for name in counted:
        for at in page.index.intersection(counted.index):
            shown, own = page.loc[at, name], counted.loc[at, name]
            if own is NOT_TOLD or (pd.isna(shown) and (shared or pd.isna(own))):
                continue
            cells += 1
            digits = 1 if name.startswith("e_value") else 2
            if {at, at[0]} & rounded and name in ROUNDED:  # where counts are hidden, an exact share would tell of them
                own = round(float(own), digits)
            if not _same(shown, own, within):
                wrong.append(f"{at}, {name}: {shown} on the page, {own} counted")
    return cells, wrong


def _same(shown, own, within):
    if pd.isna(shown) or pd.isna(own) or isinstance(own, str):
        return str(shown) == str(own)
    return float(shown) == float(own) or abs(float(shown) - float(own)) <= within * max(1, abs(float(own)) / 1e3)


def wilson(k, n):
    """Wilson's limits: the roots of (k/n - p)² = z² p (1 - p) / n."""
    z2 = 1.959963984540054**2
    half = np.sqrt(z2 * k * (n - k) / n + z2**2 / 4)
    return (k + z2 / 2 - half) / (n + z2), (k + z2 / 2 + half) / (n + z2)


def with_share(table, k, n="n"):
    k, n = table[k].astype(float), table[n].astype(float)
    low, high = wilson(k.where(n > 0), n.where(n > 0))
    return table.assign(share=k / n.where(n > 0), conf_low=low, conf_high=high)


class Recount:
    """Counts the tables of one report."""

    def __init__(self, toml, quarter, *, shared):
        self.said = tomllib.loads(toml.read_text("utf-8"))
        where = toml.parent / self.said["programme"].get("processed", "data/processed")
        for path in where.glob("*.parquet"):
            setattr(self, path.stem, pd.read_parquet(path))
        self.where, self.quarter, self.shared, self.toml = where, quarter, shared, toml
        self.kinds, self.incentives = [*self.said["types"]["org_type"]], self.said.get("incentives", {})
        self.events["quarter"] = self.quarter_of(self.events["held_on"])
        self.rows = self.panel()
        self.quarters = sorted({*self.rows["quarter"]} | {quarter})

    # ---- days and partners

    def quarter_of(self, days):
        starts = pd.PeriodIndex(pd.to_datetime(days), freq=f"Q-{self.ends}")
        return pd.Series([f"FY{one.qyear}Q{one.quarter}" for one in starts], index=days.index, dtype=str)

    @property
    def ends(self):
        month = int(self.said["programme"].get("fiscal_year_starts", "10-01")[:2])
        return pd.Timestamp(2000, (month - 2) % 12 + 1, 1).strftime("%b").upper()

    def first(self, quarter):
        return pd.Period(quarter.removeprefix("FY"), freq=f"Q-{self.ends}").start_time

    def last(self, quarter):
        return pd.Period(quarter.removeprefix("FY"), freq=f"Q-{self.ends}").end_time.normalize()

    def partners(self, day):
        known = self.organizations
        here = ~(known["joined_on"] > day) & ~(known["left_on"] <= day)
        return known[here].set_index("organization_id")["org_type"]

    # ---- invitations

    def panel(self):
        columns = ["event_id", "event_type", "held_on", "quarter", "hours", *self.offers()]
        rows = self.invitations.merge(self.events[[c for c in columns if c in self.events]], on="event_id")
        rows = rows[rows["held_on"] <= self.last(self.quarter)]
        asked = self.said.get("analysis", {}).get("adjust_for", [])
        about = dict.fromkeys(["organization_id", "org_type", "consulted_at_design", "joined_on", *asked])
        rows = rows.merge(self.organizations[[c for c in about if c in self.organizations]], on="organization_id")
        return rows.assign(attended=rows["attended"].astype("Float64"))

    def offers(self):
        return [name if name in self.events else f"{name}_amount" for name in self.incentives]

    def has(self, rows, name):
        column = name if name in rows else f"{name}_amount"
        return rows[column].astype("Float64").fillna(0) > 0 if column in rows else pd.Series(False, rows.index)

    def offered(self, rows, names):
        found = rows["event_type"].isin(names)
        for name in names:
            found |= self.has(rows, name)
        return found

    def uptake(self, rows, by):
        lines = []
        for group, some in rows.dropna(subset=by).groupby(by):
            known = some[some["attended"].notna()]
            lines.append([*group, known["attended"].sum(), len(known), len(some) - len(known), some["event_id"].nunique(),
                          known["organization_id"].nunique(), known["attended"].mean(), *self.limits(known)])  # fmt: skip
        columns = ["attended", "n", "unknown", "events", "organizations", "share", "conf_low", "conf_high"]
        return pd.DataFrame(lines, columns=[*by, *columns])

    def limits(self, known):
        """The interval of a share of invitations, rows of an organization or event moving together."""
        return estimates.share(known["attended"].to_numpy(float), self.codes(known)) if len(known) else [np.nan] * 2

    def codes(self, rows):
        return {name: pd.factorize(rows[name])[0] for name in ("organization_id", "event_id")}

    def uptake_by(self, *by):
        table = self.uptake(self.rows, list(by))
        return [*by], table if len(by) == 1 else table.drop(columns="organizations")

    def reached_by_quarter(self):
        lines, came = [], self.rows[self.rows["attended"] == 1]
        for kind in [*self.kinds, ALL]:
            own, all_of = came, self.organizations
            if kind != ALL:
                own, all_of = came[came["org_type"] == kind], all_of[all_of["org_type"] == kind]
            for quarter in sorted(self.rows.loc[self.rows["attended"].notna(), "quarter"].unique()):
                now, ever = own[own["quarter"] == quarter], own[own["quarter"] <= quarter]
                invited = self.rows.loc[self.rows["quarter"] <= quarter, "organization_id"]
                listed = ~(all_of["joined_on"] > self.last(quarter)) | all_of["organization_id"].isin(invited)
                targets = self.said.get("targets", {})
                target = sum(targets.values()) if kind == ALL else targets.get(kind, np.nan)
                lines.append([kind, quarter, now["organization_id"].nunique(), ever["organization_id"].nunique(), len(now),
                              listed.sum(), target])  # fmt: skip
        columns = ["org_type", "fiscal_quarter", "reached", "so_far", "attendances", "organizations", "target"]
        table = pd.DataFrame(lines, columns=columns)
        return columns[:2], table[table["org_type"] != ALL]

    def compared_with_before(self):
        lines = [self.uptake(self.rows.rename(columns={"quarter": "fiscal_quarter"}), by).assign(**more)
                 for by, more in ((["fiscal_quarter", "org_type"], {}), (["fiscal_quarter"], {"org_type": ALL}))]  # fmt: skip
        last_two = self.quarters[-2:]
        table = pd.concat(lines)
        return ["org_type", "fiscal_quarter"], table[table["fiscal_quarter"].isin(last_two)].drop(
            columns="organizations"
        )

    def funnel(self):
        times = self.rows[self.rows["attended"] == 1].groupby("organization_id").size()
        steps, lines = {"invited": 0, "came_once": 1, "came_again": 2, "came_five_times": 5}, []
        invited = self.organizations[self.organizations["organization_id"].isin(self.rows["organization_id"])]
        here = ~(self.organizations["joined_on"] > self.last(self.quarter))
        roster = self.organizations[here | self.organizations["organization_id"].isin(self.rows["organization_id"])]
        listed = len(roster)
        for kind in [ALL, *self.kinds]:
            own = invited if kind == ALL else invited[invited["org_type"] == kind]
            each = own["organization_id"].map(times).fillna(0)
            counts = [(each >= least).sum() for least in steps.values()]
            of = [listed if kind == ALL else (roster["org_type"] == kind).sum(), *counts]
            lines += [[kind, *one] for one in zip(steps, counts, of, strict=False)]
        if self.shared:  # of how many is told of the step before that is shown
            return ["org_type", "step"], pd.DataFrame(lines, columns=["org_type", "step", "organizations", "n"]).drop(
                columns="n"
            )
        return ["org_type", "step"], with_share(
            pd.DataFrame(lines, columns=["org_type", "step", "organizations", "n"]), "organizations"
        )

    def staying(self):
        if self.shared:  # quarters are taken together there
            raise KeyError("staying")
        known = self.rows[self.rows["attended"].notna()]
        best = known.groupby(["organization_id", "quarter"])["attended"].max().unstack()
        looked_at, ends = best.columns[:-1], []
        for _, line in best.iterrows():
            invited = line.dropna()
            last_came = max(invited.index[invited == 1], default="")
            seen = [one for one in invited.index if one in looked_at and one <= last_came]
            gone = [one for one in invited.index if one in looked_at and one > last_came]
            if seen or gone:
                ends.append((len(seen) + bool(gone), bool(gone)))
        ends, share, lines = np.array(ends), 1.0, [[0, len(ends), 0, 1.0]]
        for at in sorted(set(ends[:, 0])):
            at_risk, left = (ends[:, 0] >= at).sum(), ((ends[:, 0] == at) & (ends[:, 1] == 1)).sum()
            share *= 1 - left / at_risk
            lines.append([at, at_risk, left, share])
        return ["quarters"], pd.DataFrame(lines, columns=["quarters", "at_risk", "left", "share"])

    def meaningful(self):
        least = {"hours": 0, "senior_delegates": 0, "contributions": 0} | self.said["participation"]["meaningful"]
        there = self.rows[self.rows["attended"] == 1].groupby("organization_id")
        done = pd.DataFrame(index=sorted(self.rows["organization_id"].unique()))
        done["hours"], done["senior_delegates"] = there["hours"].sum(), there["senior_delegate"].sum()
        given = self.contributions[self.contributions["delivered_on"] <= self.last(self.quarter)]
        done["contributions"] = given.groupby("organization_id").size()
        done = done.astype(float).fillna(0).join(self.organizations.set_index("organization_id")["org_type"])
        ways = {"defined": least}
        for name, cut in least.items():
            ways[f"{name}_lower"] = least | {name: cut / 2 if name == "hours" else cut - 1}
            ways[f"{name}_higher"] = least | {name: cut * 2 if name == "hours" else cut + 1}
        lines = [[way, done, cuts] for way, cuts in ways.items() if min(cuts.values()) >= 0]
        lines = [one for one in lines if one[0] == "defined" or one[2] != least]
        lines += [[kind, done[done["org_type"] == kind], least] for kind in self.kinds]
        lines = [[way, (own[[*cuts]] >= pd.Series(cuts)).all(axis=1).sum(), len(own)] for way, own, cuts in lines]
        return ["way"], with_share(pd.DataFrame(lines, columns=["way", "organizations", "n"]), "organizations")

    def places(self):
        column = self.said["places"]["column"]
        came = set(
            self.rows.loc[(self.rows["quarter"] == self.quarter) & (self.rows["attended"] == 1), "organization_id"]
        )
        here = came.union(*(self.partners(day(self.quarter)).index for day in (self.first, self.last)))
        some = self.organizations[self.organizations["organization_id"].isin(here)]
        some = some.assign(reached=some["organization_id"].isin(came), place=some[column].astype(object).fillna(""))
        table = (
            some.groupby("place")["reached"]
            .agg(["sum", "size"])
            .reset_index()
            .set_axis([column, "reached", "n"], axis=1)
        )
        return [column], with_share(table[table[column] != ""], "reached")

    # ---- answers

    def answers(self, *, own=False):
        """Of each organization and wave what it says; of a wave's own numbers without who came late, where shared."""
        survey = self.survey.assign(when=self.quarter_of(self.survey["submitted_on"]))
        survey = survey[survey["wave"].notna()] if survey["wave"].notna().any() else survey.assign(wave=1)
        survey = survey[survey["when"] <= self.quarter]
        if own and self.shared:
            survey = survey[survey["when"] == survey.groupby("wave")["when"].transform("min")]
        groups, found = survey.groupby(["organization_id", "wave"]), {}
        for name in self.said.get("expectations", {}):
            found[f"expects_{name}"] = groups[f"expects_{name}"].max()
        for name, one in self.said.get("questions", {}).items():
            kind = one.get("kind", "scale")
            if kind == "yes_no":
                found[name] = groups[name].max()
            elif kind == "scale":
                mean = groups[name].mean().astype("Float64")
                found[name] = mean >= one.get("agree_from", sum(one.get("scale", [1, 5])) // 2 + 1)
        table = pd.DataFrame(found).astype("boolean").assign(submitted_on=groups["submitted_on"].max()).reset_index()
        about = ["organization_id", "org_type", "consulted_at_design"]
        about = self.organizations[[c for c in about if c in self.organizations]]
        return table.merge(about, on="organization_id")

    def said_by(self, term, wave, by, each):
        some = each[(each["wave"] == wave) & each[term].notna()]
        groups = [(ALL, some)] if by == ALL else list(some.dropna(subset=by).groupby(by))
        _, then = self.before(term, wave)
        said = set() if then is None else {*then.index[then.astype(bool)]}
        return [[term, wave, by, str(group), own[term].sum(), len(own), own["organization_id"].isin(said).sum() if then is not None and by == ALL else np.nan]
                for group, own in groups]  # fmt: skip

    def said_table(self, terms, ways, *, latest):
        each, lines = self.answers(own=True), []
        for term in terms:
            waves = sorted(each.loc[each[term].notna(), "wave"].unique())
            lines += [
                line
                for wave in waves[-1 if latest else 0 :]
                for by in ways
                for line in self.said_by(term, wave, by, each)
            ]
        table = pd.DataFrame(lines, columns=["term", "round", "by", "group", "yes", "n", "before"])
        return ["term", "round", "by", "group"], with_share(table, "yes")

    def expected_by_group(self):
        return self.said_table(self.expected(), ["org_type", "consulted_at_design"], latest=True)

    def expected(self):
        return [f"expects_{name}" for name in self.said["expectations"]]

    def question(self, name):
        return self.said_table([name], [ALL, "org_type"], latest=False)

    def before(self, term, wave):
        """The wave that one is set beside, and what was said in it by whoever had answered by then."""
        every = self.answers()
        some = every[every[term].notna()]
        earlier = [one for one in sorted(some["wave"].unique()) if one < wave]
        since = (earlier[-1] if term.startswith("expects_") else earlier[0]) if earlier else None
        return since, some[some["wave"] == since].set_index("organization_id")[term] if earlier else None

    def expected_and_offered(self):
        each, lines = self.answers(own=True), []
        now = self.rows[self.rows["quarter"] == self.quarter]
        for name, about in self.said["expectations"].items():
            term = f"expects_{name}"
            some = each[each[term].notna()]
            some = some[some["wave"] == some["wave"].max()]
            with_it = now[self.offered(now, about.get("met_by", []))] if about.get("met_by") else now[:0]
            given, yes = some["organization_id"].isin(with_it["organization_id"]), some[term].astype(bool)
            _, then = self.before(term, some["wave"].max())
            before = np.nan if then is None else some["organization_id"].isin(then.index[then.astype(bool)]).sum()
            told = [given.sum(), (yes & ~given).sum(), given.mean()] if about.get("met_by") else [np.nan] * 3
            held = [with_it["event_id"].nunique(), now["event_id"].nunique()]
            lines.append([term, yes.sum(), before, *told, len(some), *held])
        columns = ["term", "yes", "before", "offered", "unmet", "offered_share", "n", "events", "events_held"]
        return ["term"], with_share(pd.DataFrame(lines, columns=columns), "yes")

    def expectations_changed(self):
        return self.changed(self.expected())

    def changed(self, terms):
        each, lines = self.answers(own=True), []
        for term in terms:
            some = each[each[term].notna()]
            now = some[some["wave"] == some["wave"].max()].set_index("organization_id")[term]
            since, then = self.before(term, some["wave"].max())
            if since is None:
                continue
            both = pd.DataFrame({"then": then, "now": now}).dropna().astype(float)
            ends = learning.paired(both["then"], both["now"])
            lines.append([term, *both.mean(), (both["now"] - both["then"]).mean(), len(both), *ends])
        columns = ["term", "before", "now", "estimate", "n", "conf_low", "conf_high", "p_value"]
        return ["term"], self.strong(pd.DataFrame(lines, columns=columns))

    def strong(self, table):
        """With Holm's p-values and the strength, as of the estimates; on a shared page over those that are shown."""
        if self.shared:
            return table
        told = {
            at: one | {"reason": "", "p_if_alike": one["p_value"], "share": 1.0}
            for at, one in table.to_dict("index").items()
        }
        told = {at: one | ({} if pd.notna(one["p_value"]) else {"reason": "few_groups"}) for at, one in told.items()}
        known = estimates.decided(told, self.smallest_effect) if told else {}
        return table.assign(
            **{name: [one.get(name, np.nan) for one in known.values()] for name in ("p_adjusted", "strength")}
        )

    @property
    def smallest_effect(self):
        return self.said.get("analysis", {}).get("smallest_effect_that_matters", 0.1)

    def participation_by_opinion(self):
        lines, rows = [], self.rows[self.rows["attended"].notna()]
        for name, one in self.said["questions"].items():
            if one.get("kind", "scale") not in ("scale", "yes_no") or not one.get("predicts", True):
                continue
            latest = self.latest_answer(rows, name)
            least = (
                one.get("agree_from", sum(one.get("scale", [1, 5])) // 2 + 1)
                if one.get("kind", "scale") == "scale"
                else 1
            )
            yes, no = rows["attended"][latest >= least].astype(float), rows["attended"][latest < least].astype(float)
            both = rows[~np.isnan(latest)]
            ends = self.apart(both["attended"], latest[~np.isnan(latest)] >= least, self.codes(both))
            lines.append(
                [name, yes.mean(), no.mean(), len(yes), len(no), yes.mean() - no.mean(), len(yes) + len(no), *ends]
            )
        columns = ["term", "share", "other", "n_group", "n_other", "estimate", "n", "conf_low", "conf_high", "p_value"]
        return ["term"], self.strong(pd.DataFrame(lines, columns=columns))

    def apart(self, values, in_second, codes):
        """The limits and p of a difference of two shares; none where one is of nobody or of all."""
        values, in_second = values.astype(float).to_numpy(), np.asarray(in_second, dtype=float)
        shares = {values[in_second == one].mean() if (in_second == one).any() else np.nan for one in (0, 1)}
        if any(np.isnan(one) or one in (0, 1) for one in shares):
            return [np.nan] * 3
        low, high, p = estimates.gap(values, in_second, codes)
        return [max(low, -1), min(high, 1), p]

    def latest_answer(self, rows, name):
        """The last answer of each invitation's organization before the day of the event."""
        given = self.survey.dropna(subset=name).sort_values(["submitted_on", "submission_id"], kind="stable")
        given = {one: some for one, some in given.groupby("organization_id")}
        found = []
        for one, day in zip(rows["organization_id"], rows["held_on"], strict=True):
            known = given[one].loc[given[one]["submitted_on"] < day, name] if one in given else ()
            found.append(float(known.iloc[-1]) if len(known) else np.nan)
        return np.array(found)

    def benefits(self):
        each, lines = self.answers(own=True), []
        for name, one in self.said["questions"].items():
            if one.get("beside"):
                day = {"business_leads": "date"}[one["beside"]]
                first = getattr(self, one["beside"]).groupby("organization_id")[day].min()
                some = each[each[name].notna()]
                some = some[some["wave"] == some["wave"].max()]
                has = (some["organization_id"].map(first) <= some["submitted_on"]).to_numpy()
                yes = some[name].astype(float)
                ends = self.apart(yes, has, {"organization_id": np.arange(len(yes))})
                lines.append(
                    [name, yes[has].mean(), yes[~has].mean(), yes[has].mean() - yes[~has].mean(), len(some), *ends]
                )
        columns = ["term", "share", "other", "estimate", "n", "conf_low", "conf_high", "p_value"]
        return ["term"], self.strong(pd.DataFrame(lines, columns=columns))

    def answers_in_numbers(self):
        lines, survey = [], self.survey
        for name, one in self.said["questions"].items():
            if one.get("kind") == "number":
                each = survey.groupby("organization_id")[name].mean().dropna()
                kind = self.organizations.set_index("organization_id")["org_type"].reindex(each.index)
                groups = [(ALL, ALL, each), *(("org_type", of, each[kind == of]) for of in self.kinds)]
                lines += [[name, by, of, len(own), *own.quantile([0.25, 0.5, 0.75])] for by, of, own in groups]
        return ["term", "by", "group"], pd.DataFrame(
            lines, columns=["term", "by", "group", "n", "low", "median", "high"]
        )

    # ---- support, conversations, pledges and leads

    def by_kind(self, flags, key):
        """How many partners on the last day are in each set of organizations, in all and by type."""
        here = self.partners(self.last(self.quarter))
        groups = [(ALL, ALL, here), *(("org_type", kind, here[here == kind]) for kind in self.kinds)]
        lines = [
            [name, by, of, own.index.isin(ids).sum(), len(own)] for name, ids in flags.items() for by, of, own in groups
        ]
        return [key, "by", "group"], with_share(
            pd.DataFrame(lines, columns=[key, "by", "group", "organizations", "n"]), "organizations"
        )

    def overlap(self):
        here = self.partners(self.last(self.quarter)).index
        some = self.other_support[self.other_support["started_on"] <= self.last(self.quarter)]
        some = some[some["organization_id"].isin(here)]
        by = {name: set(ids) for name, ids in some.groupby("project")["organization_id"]}
        large = sorted(by, key=lambda name: -len(by[name]))[:4]
        pairs = {f"{a} + {b}": by[a] & by[b] for a, b in combinations(large, 2)}
        anyone = set(some["organization_id"])
        return self.by_kind(by | pairs | {"any": anyone, "none": set(here) - anyone}, "projects")

    def supported(self):
        lines = []
        for one in self.quarters:
            day, each = self.last(one), self.other_support
            now = each[(each["started_on"] <= day) & ~(each["ended_on"] < day)]
            here = self.partners(day).index
            lines.append([one, here.isin(now["organization_id"]).sum(), len(here)])
        return ["fiscal_quarter"], with_share(
            pd.DataFrame(lines, columns=["fiscal_quarter", "supported", "n"]), "supported"
        )

    def conversations_by_month(self):
        lines, first = [], self.conversations["held_on"].min()
        quarters = (
            pd.period_range(first, self.last(self.quarter), freq=f"Q-{self.ends}") if len(self.conversations) else ()
        )
        for one in [f"FY{quarter.qyear}Q{quarter.quarter}" for quarter in quarters][-4:]:
            here = self.partners(self.last(one)).index
            talks = self.conversations[self.conversations["organization_id"].isin(here)]
            now = talks[talks["held_on"].between(self.first(one), self.last(one))]
            for month in pd.date_range(self.first(one), self.last(one), freq="MS"):
                own = now[now["held_on"].dt.to_period("M") == month.to_period("M")]
                counts = [own["organization_id"].nunique(), len(own), now["organization_id"].nunique(), len(here)]
                lines.append([str(month.date()), one, *counts])
        columns = ["month", "fiscal_quarter", "organizations", "conversations", "talked_with", "n"]
        return ["month"], with_share(pd.DataFrame(lines, columns=columns), "talked_with")

    def last_conversation(self):
        talks = self.conversations[self.conversations["held_on"] <= self.last(self.quarter)]
        last, start = talks.groupby("organization_id")["held_on"].max(), self.first(self.quarter)
        earlier = self.first(str(self.quarter_of(pd.Series([start - DAY])).iloc[0]))
        here = set(self.partners(self.last(self.quarter)).index)
        bands = {"talked": last[last >= start], "quarter_before": last[(last < start) & (last >= earlier)]}
        bands = {name: set(one.index) for name, one in (bands | {"earlier": last[last < earlier]}).items()}
        return self.by_kind(bands | {"never": here - set(last.index)}, "last")

    def by_quarter(self, table, day, figures):
        some = table[table[day] <= self.last(self.quarter)]
        flags = pd.DataFrame({name: of(some) for name, of in figures.items()}, index=some.index).astype(int)
        sums = flags.groupby(self.quarter_of(some[day])).sum()
        sums.loc[ALL] = flags.sum()
        return sums.rename_axis("fiscal_quarter").reset_index()

    def contributions_by_quarter(self):
        delivered = lambda some: some["delivered_on"] <= self.last(self.quarter)  # noqa: E731
        figures = {"pledged": lambda some: some["pledged_on"].notna(), "delivered": delivered}
        return ["fiscal_quarter"], with_share(
            self.by_quarter(self.contributions, "pledged_on", figures), "delivered", "pledged"
        )

    def leads_by_quarter(self):
        figures = {"leads": lambda some: some["kind"] == "lead", "contracts": lambda some: some["kind"] == "contract"}
        table = self.by_quarter(self.business_leads, "date", figures | {"both": lambda some: some["kind"].notna()})
        here, until = self.partners(self.last(self.quarter)).index, self.last(self.quarter)
        had = self.business_leads.loc[self.business_leads["date"] <= until, "organization_id"]
        table.loc[table["fiscal_quarter"] == ALL, ["organizations", "partners"]] = here.isin(had).sum(), len(here)
        return ["fiscal_quarter"], table

    def approach(self):
        held = self.events[self.events["held_on"] <= self.last(self.quarter)]
        after = held["held_on"] >= pd.Timestamp(self.said["programme"]["new_approach_on"])
        lines = []
        for name in [*self.said["types"]["event_type"], *self.incentives]:
            had = self.offered(held, [name])
            lines.append([name, (had & ~after).sum(), (had & after).sum(), (~after).sum(), after.sum()])
        table = pd.DataFrame(lines, columns=["what", "before", "after", "events_before", "events_after"])
        return ["what"], table[table[["before", "after"]].sum(axis=1) > 0]

    def incentive_counts(self):
        lines, rows = [], self.rows[self.rows["attended"].notna()]
        talks = self.conversations[["organization_id", "held_on"]].rename(columns={"held_on": "talked"})
        near = rows.reset_index(names="at").merge(talks, on="organization_id")
        near = near[(near["talked"] < near["held_on"]) & (near["talked"] >= near["held_on"] - 90 * DAY)]
        for name in self.said["analysis"]["incentives"]:
            had = rows.index.isin(near["at"]) if name == "recent_conversation" else self.has(rows, name).to_numpy(bool)
            came = rows["attended"] == 1
            lines.append([name, len(rows), had.sum(), (had & came).sum(), (~had).sum(), (~had & came).sum()])
        return ["term"], pd.DataFrame(
            lines, columns=["term", "n", "n_offered", "k_offered", "n_not_offered", "k_not_offered"]
        )

    # ---- estimates

    def features(self):
        """The invitations with what the question asks about, as numbers or texts."""
        asked, rows = self.said["analysis"], self.rows.assign(fiscal_quarter=self.rows["quarter"])
        talks = self.conversations[["organization_id", "held_on"]].rename(columns={"held_on": "talked"})
        near = rows.reset_index(names="at").merge(talks, on="organization_id")
        near = near[(near["talked"] < near["held_on"]) & (near["talked"] >= near["held_on"] - 90 * DAY)]
        other = rows.reset_index(names="at").merge(self.other_support, on="organization_id")
        other = other[(other["started_on"] <= other["held_on"]) & ~(other["ended_on"] < other["held_on"])]
        found = {"recent_conversation": rows.index.isin(near["at"]), "other_support_now": rows.index.isin(other["at"])}
        found |= {name: self.has(rows, name) for name in asked["incentives"] if name not in found}
        adjust_for = asked.get("adjust_for", [])
        found |= {name: self.latest_answer(rows, name) for name in adjust_for if name in self.said.get("questions", {})}
        rows = rows.assign(**{name: pd.Series(one, rows.index).astype(float) for name, one in found.items()})
        sent = rows["attended"] * rows["delegates"].astype("Float64").where(
            (rows["attended"] == 1) & (rows["delegates"] > 0)
        )
        usual = rows["attended"] * sent.fillna(sent.mean()).fillna(1)
        paid = {
            f"{name}_spent": rows[f"{name}_amount"].astype("Float64") * usual
            for name in self.incentives
            if f"{name}_amount" in rows
        }
        return rows.assign(
            **paid, **{name: rows[name].astype("Float64") for name in adjust_for if rows[name].dtype == "boolean"}
        )

    def once(self, what, count):
        """A thing is estimated once of the same rows, for whichever audience."""
        rows = self.features()
        key = what, int(pd.util.hash_pandas_object(rows, index=False).sum()), repr(self.said["analysis"])
        TOLD[key] = TOLD[key] if key in TOLD else count(rows)
        return TOLD[key]

    def answers_about(self):
        """What is told about each incentive by the model of the report."""
        return self.once("main", lambda rows: estimates.main(rows, self.said["analysis"]))

    def incentive_estimates(self):
        keys, counts = self.incentive_counts()
        numbers = [
            "estimate",
            "std_error",
            "df",
            "conf_low",
            "conf_high",
            "p_value",
            "p_adjusted",
            "detectable",
            "e_value",
            "e_value_limit",
        ]
        told = pd.DataFrame(self.answers_about()).T.rename_axis("term").reset_index()
        told, known = told.reindex(columns=[*dict.fromkeys([*told, *numbers])]), told["strength"] != "cannot tell"
        told = told.assign(**{name: told[name].where(known).astype(float) for name in numbers})
        told["p_adjusted"] = told["p_adjusted"].astype(object).where(known, NOT_TOLD)
        told["reason"] = told["reason"].replace("", np.nan)
        return keys, counts.merge(told[["term", *numbers, "strength", "reason", "varies_by"]], on="term")

    def incentives_table(self):
        table = self.incentive_estimates()[1].assign(label=lambda one: one["term"].map(self.label))
        costs = self.once("costs", lambda rows: estimates.costs(rows, self.said["analysis"], self.answers_about()))
        prices = ["cost", "cost_low", "cost_high"]
        table[prices] = [costs.get(term, [np.nan] * 3) for term in table["term"]]
        kept = [
            "k_offered",
            "n_offered",
            "k_not_offered",
            "n_not_offered",
            "estimate",
            "conf_low",
            "conf_high",
            "p_adjusted",
        ]
        return ["label"], table[["label", *kept, *prices]]

    def label(self, term):
        """What an incentive is called in English."""
        if term == "recent_conversation":
            return "A conversation in the 90 days before"
        told = self.incentives[term]
        told = told.get("label", told) if isinstance(told, dict) else told
        return told["en"] if isinstance(told, dict) else told

    def specifications(self, page):
        found = self.once("ways", lambda rows: estimates.ways(rows, self.said["analysis"], self.answers_about()))
        table = pd.DataFrame(found, columns=["term", "specification", "estimate", "conf_low", "conf_high", "n"])
        shown = pd.read_csv(page, encoding="utf-8-sig")
        return ["term", "specification"], table[table["term"].isin(shown["term"])]

    # ---- the learning report

    def before_this(self):
        """The quarter before, where an event was held in it."""
        before = self.quarter_of(pd.Series([self.first(self.quarter) - DAY])).iloc[0]
        return before if before in set(self.events["quarter"]) else None

    def said_and_now(self):
        sides = {"now": self}
        if self.before_this():
            sides["then"] = Recount(self.toml, self.before_this(), shared=self.shared)
        told = {side: learning.numbers(one) for side, one in sides.items()}
        table = pd.DataFrame({"measure": [*dict.fromkeys(name for one in told.values() for name in one)]})
        for side, one in told.items():
            table[side] = [one.get(name, {}).get("value", np.nan) for name in table["measure"]]
            table[side] = table[side].astype(float).round(6)
            table[f"strength_{side}"] = [one.get(name, {}).get("strength", np.nan) for name in table["measure"]]
        return ["measure"], table

    def of_actions(self):
        end, held = self.last(self.quarter), self.events[self.events["quarter"] == self.quarter]
        talks = self.conversations[
            (self.conversations["held_on"] <= end) & self.conversations["follow_up_due_on"].notna()
        ]
        undone, late = ~(talks["follow_up_done_on"] <= end), talks["follow_up_due_on"] <= end
        leads, given = (
            of()[1].set_index("fiscal_quarter") for of in (self.leads_by_quarter, self.contributions_by_quarter)
        )
        joint = self.offered(held, ["joint_event"]) | held["partner_project"].notna()
        now = {"overdue": (undone & late).sum(), "due_later": (undone & ~late).sum(), "joint": joint.sum()}
        now |= {"talked_with": self.conversations_by_month()[1]["share"].iloc[-1]}
        return now | {"leads": leads.loc[self.quarter, "both"], "delivered": given.loc[ALL, "share"]}

    # ---- quality

    def sources(self):
        counts, aside = pd.read_csv(self.where / "counts.csv"), pd.read_csv(self.where / "set_aside.csv")
        read = counts.groupby("table")["read"].sum()
        lines = [[name, n, len(getattr(self, name)), *((aside["table"] == name) & (aside["scope"] == scope) for scope in ("row", "value"))]
                 for name, n in read.items()]  # fmt: skip
        log = learning.log(self)
        log = log[log["change_type"].isin(["blank_response", "change_response"])]
        log = log[~log.index.isin(learning.lines_of("Values that do not fit, set aside", log).index)]
        changed = log.groupby("table")["rows"].sum()
        lines = [
            [name, n, kept, rows.sum(), values.sum(), changed.get(name, 0)] for name, n, kept, rows, values in lines
        ]
        return ["table"], pd.DataFrame(
            lines, columns=["table", "read", "kept", "set_aside", "values_set_aside", "values_changed"]
        )

    def columns_that_do_not_fit(self):
        aside = pd.read_csv(self.where / "set_aside.csv")
        aside = aside[aside["scope"] == "value"]
        return ["table", "column"], aside.groupby(["table", "column"]).size().rename("rows").reset_index()

    def response_rates(self):
        answered, talked = (
            f"Organizations {one}"
            for one in ("that answered the survey, of those asked", "with a conversation, of the partners")
        )
        lines, survey = [], self.survey if self.survey["wave"].notna().any() else self.survey.assign(wave=1)
        for _, some in survey.groupby("wave"):
            asked = self.partners(some["submitted_on"].min()).index
            lines.append(
                [
                    answered,
                    self.quarter_of(some["submitted_on"]).min(),
                    asked.isin(some["organization_id"]).sum(),
                    len(asked),
                ]
            )
        held = self.quarter_of(self.conversations["held_on"])
        for one in sorted(held.unique()):
            here = self.partners(self.last(one)).index
            talks = self.conversations.loc[held == one, "organization_id"]
            lines.append([talked, one, here.isin(talks).sum(), len(here)])
        return with_share(pd.DataFrame(lines, columns=["measure", "quarter", "value", "n"]), "value")

    def agreement(self):
        return ["measure", "quarter"], with_share(learning.agreement(self).query("quarter <= @self.quarter"), "value")

    def table(self, page):
        """Return the key columns and the table behind a CSV file; KeyError where it is not recounted."""
        name = page.stem
        if name in self.said.get("questions", {}):
            return self.question(name)
        if name.startswith("finding_"):
            if self.shared:
                raise KeyError(name)
            return learning.finding(self, int(name.removeprefix("finding_")) - 1)
        return {
            "uptake_by_org_type": lambda: self.uptake_by("org_type"), "uptake_by_event_type": lambda: self.uptake_by("event_type"),
            "uptake_two_way": lambda: self.uptake_by("event_type", "org_type"), "consulted": self.consulted,
            "reached_by_quarter": self.reached_by_quarter, "compared_with_before": self.compared_with_before,
            "funnel": self.funnel, "staying": self.staying, "meaningful": self.meaningful, "places": self.places,
            "expected_by_group": self.expected_by_group, "expected_and_offered": self.expected_and_offered,
            "expectations_changed": self.expectations_changed, "participation_by_opinion": self.participation_by_opinion,
            "benefits": self.benefits, "answers_in_numbers": self.answers_in_numbers, "overlap": self.overlap,
            "supported": self.supported, "conversations": self.conversations_by_month, "last_conversation": self.last_conversation,
            "contributions": self.contributions_by_quarter, "business_leads": self.leads_by_quarter, "approach": self.approach,
            "incentives": self.incentive_estimates, "sources": self.sources, "columns_that_do_not_fit": self.columns_that_do_not_fit,
            "response_rates": lambda: (["measure", "quarter"], self.response_rates().query("quarter <= @self.quarter")), "agreement": self.agreement, "said_and_now": self.said_and_now,
            "incentives_table": self.incentives_table, "specifications": lambda: self.specifications(page),
            **{name: lambda of=of: of(self) for name, of in learning.TABLES.items()},
        }[name]()  # fmt: skip

    def consulted(self):
        keys, table = self.uptake_by("consulted_at_design")
        return keys, table.assign(consulted_at_design=table["consulted_at_design"].astype(int))


if __name__ == "__main__":
    compared, differs, not_recounted = compare(sys.argv[1], sys.argv[2], sys.argv[3], shared="shared" in sys.argv[2])
    print(
        *differs,
        f"{compared} cells compared, {len(differs)} differ; not recounted: {', '.join(not_recounted)}",
        sep="\n",
    )
