"""Data quality: every figure of small programmes by hand, and sums that must hold on the whole one."""

from dataclasses import replace

import pandas as pd
import pytest

from konbit_lessons.measures import quality
from konbit_lessons.measures.quality import LOGGED, MEASURES, STANDARDS, data_quality, in_sum, partners
from konbit_lessons.say import Say
from konbit_lessons.words import Words

ARRIVALS = ["source", "table", "quarter", "rows", "median_days", "p90_days", "most_days"]
KEY = ["standard", "measure", "table", "source", "quarter"]


@pytest.fixture(scope="module")
def figures(whole):
    return data_quality(whole)


@pytest.fixture
def open_tiny(tiny):
    """The tiny programme, in which a figure may be about one organization."""
    tiny.replace("programme.toml", "[analysis]", "[privacy]\nsmallest_cell = 1\n\n[analysis]")
    return tiny


def with_lists(data, **lists):
    """The same data with other lists of what cleaning wrote down."""
    return replace(data, lists=data.lists | lists)


def _counts(*rows):
    names = ["source", "table", "quarter", "read", "kept", "set_aside"]
    return pd.DataFrame(rows, columns=names).assign(kind="csv")


def _checks(*rows):
    return pd.DataFrame(rows, columns=["source", "table", "quarter", "check", "column", "change_type", "rows"])


def _said(frame, measure):
    """quarter → (value, of, share) of one measure."""
    rows = frame[frame["measure"] == measure]
    return {line.quarter: (line.value, line.of, line.share) for line in rows.itertuples()}


def _found(frame):
    """(measure, table, quarter) → value, where it is above 0."""
    rows = frame[frame["value"].fillna(0) > 0]
    return {(line.measure, line.table, line.quarter): line.value for line in rows.itertuples()}


# ---- by hand ---------------------------------------------------------------------------------------------------------


def test_each_line_of_the_log_is_counted_in_its_measure_beside_the_rows_read(tiny):
    data = with_lists(
        tiny.clean(),
        counts=_counts(
            ("a.csv", "sign_in", "FY2017Q1", 20, 17, 3),
            ("a.csv", "sign_in", "FY2017Q2", 10, 10, 0),
            ("b.csv", "survey", "", 8, 8, 0),
        ),
        checks=_checks(
            ("a.csv", "sign_in", "FY2017Q1", "needed value", "event_id", "remove_survey", 1),
            ("a.csv", "sign_in", "FY2017Q1", "organization on the roster", "organization_id", "remove_survey", 2),
            ("a.csv", "sign_in", "FY2017Q1", "attendance", "organization_id", "no_action", 4),
            ("b.csv", "survey", "", "conversion", "motivation", "blank_response", 2),
            ("b.csv", "survey", "", "codebook", "motivation", "blank_response", 1),
            ("b.csv", "survey", "", "missing code", "belief_money", "blank_response", 5),
            ("b.csv", "survey", "", "correction", "wave", "change_response", 1),
            ("b.csv", "survey", "", "decision", "organization_id", "change_response", 2),
        ),
        arrivals=pd.DataFrame([("b.csv", "survey", "FY2017Q1", 7, 1.5, 6.0, 9)], columns=ARRIVALS),
    )
    frame = data_quality(data)
    assert _said(frame, "Rows without a value they need, set aside") == {
        "FY2017Q1": (1, 20, 1 / 20), "FY2017Q2": (0, 10, 0), "": (0, 8, 0)
    }  # fmt: skip
    assert _said(frame, "Rows about no organization on the roster, set aside")["FY2017Q1"] == (2, 20, 2 / 20)
    assert _said(frame, "Delegates who signed in without an invitation") == {
        "FY2017Q1": (4, 20, 4 / 20), "FY2017Q2": (0, 10, 0)
    }  # fmt: skip
    values = frame[(frame["measure"] == "Values that do not fit, set aside") & (frame["source"] == "b.csv")]
    assert values[["value", "of"]].to_numpy().tolist() == [[3, 8]] and values["share"].isna().all()
    assert _found(frame)["Values blanked, being codes for “no answer”", "survey", ""] == 5
    assert _found(frame)["Changes that an evaluator made", "survey", ""] == 3
    late = frame[frame["standard"] == "timeliness"]
    assert late["value"].tolist() == [1.5, 6, 9] and late["of"].unique().tolist() == [7] and late["share"].isna().all()


def test_what_was_before_anybody_asked_is_not_late(tiny):
    days = [
        ("2016-06-01", "2017-01-01"),
        ("2017-01-01", "2017-01-04"),
        ("2017-02-01", "2017-02-11"),
        ("2017-04-01", "2017-04-02"),
    ]
    lines = "".join(f"CDSP-001,{was},u{came},{came}T12:00:00\n" for was, came in days)
    tiny.raw("conversations.csv").write_text(
        f"organization_id,held_on,_uuid,_submission_time\n{lines}", encoding="utf-8"
    )
    tiny.replace("programme.toml", 'currency = "HTG"', 'currency = "HTG"\ndata_cut_on = 2017-06-30')
    data = tiny.clean()
    assert data.arrivals[["quarter", "rows", "most_days"]].to_numpy().tolist() == [
        ["FY2017Q2", 2, 10],
        ["FY2017Q3", 1, 1],
    ]
    late = quality.lateness(data, quarter="FY2017Q3")
    assert late[["quarter", "rows", "p90_days"]].to_numpy().tolist() == [["FY2017Q2", 2, 9.3]], (
        "too early for the newest"
    )
    assert quality.provisional(data, "FY2017Q2") is None and quality.provisional(data, "FY2017Q3").year == 2017


def test_what_cleaning_finds_in_the_files_is_what_is_counted(tiny):
    tiny.replace("survey.csv", "u1,CDSP-001,2017-01-05,1,4,yes", "u1,CDSP-001,2017-01-05,1,7,perhaps")  # 2 values
    tiny.add("survey.csv", "u3,AWD-001,2017-01-09,1,5,yes")  # there again
    tiny.add("conversations.csv", "CDSP-002,,")  # without its day
    tiny.add("conversations.csv", "Somebody Else Entirely,2017-02-01,")  # on no roster
    tiny.add("sign_in.csv", "E001,CDSP-003,Sixth Delegate,no")  # without an invitation to E001
    tiny.add("sign_in.csv", "E009,CDSP-003,Seventh Delegate,no")  # at no event
    found = _found(data_quality(tiny.clean()))
    assert {key: value for key, value in found.items() if "of" not in key[0] and "Names" not in key[0]} == {
        ("Values that do not fit, set aside", "survey", "FY2017Q2"): 2,
        ("Rows without a value they need, set aside", "conversations", ""): 1,
        ("Rows about no organization on the roster, set aside", "conversations", "FY2017Q2"): 1,
        ("Rows about no event on record, set aside", "sign_in", ""): 1,
        ("Rows that stand there again, set aside", "survey", "FY2017Q2"): 1,
        ("Delegates who signed in without an invitation", "sign_in", "FY2017Q2"): 1,
        ("Invitations whose attendance is known", "", "FY2017Q2"): 5,
        ("Invitations whose attendance is unknown", "invitations", "FY2017Q2"): 1,  # the seventh delegate's
    }


def test_asked_are_the_partners_on_the_first_day_of_a_wave(open_tiny):
    open_tiny.raw("organizations.csv").write_text(
        "organization_id,name,org_type,joined_on,left_on\n"
        "O1,First Organization,cdsp,2016-01-01,\n"
        "O2,Second Organization,cdsp,2017-01-05,\n"  # on the very day
        "O3,Third Organization,cdsp,2017-01-06,\n"  # a day later: asked in wave 2 only
        "O4,Fourth Organization,awardee,,2017-01-05\n"  # left on the day: not asked
        "O5,Fifth Organization,awardee,,2017-04-01\n",  # joined on a day unknown; leaves before wave 2
        encoding="utf-8",
    )
    open_tiny.raw("survey.csv").write_text(
        "submission_id,organization_id,submitted_on,wave\n"
        "u1,O1,2017-01-05,1\n"
        "u2,O1,2017-01-09,1\n"  # the same organization counts once
        "u3,O3,2017-01-20,1\n"  # answers without being asked: does not count
        "u4,O1,2017-04-01,2\n"
        "u5,O3,2017-04-02,2\n",
        encoding="utf-8",
    )
    for name in ("invitations.csv", "conversations.csv", "sign_in.csv"):
        text = open_tiny.raw(name).read_text(encoding="utf-8").splitlines()[0]
        row = {"invitations.csv": "E001,O1", "conversations.csv": "O2,2017-01-31,", "sign_in.csv": "E001,O1,D,no"}
        open_tiny.raw(name).write_text(f"{text}\n{row[name]}\n", encoding="utf-8")
    data = open_tiny.clean()
    assert partners(data.organizations, "2017-01-05").tolist() == ["O1", "O2", "O5"]
    assert partners(data.organizations, "2017-04-01").tolist() == ["O1", "O2", "O3"]
    frame = data_quality(data)
    assert _said(frame, quality.ANSWERED) == {"FY2017Q2": (1, 3, 1 / 3), "FY2017Q3": (2, 3, 2 / 3)}
    # Partners on 31 March 2017: all but O4, of which O2, that joined in the quarter, had a conversation.
    assert _said(frame, quality.TALKED_WITH) == {"FY2017Q2": (1, 4, 1 / 4)}
    assert _said(frame, quality.KNOWN) == {"FY2017Q2": (1, 1, 1)}


def test_a_quarter_without_a_conversation_between_two_with_some_shows_0(open_tiny):
    open_tiny.add("conversations.csv", "CDSP-001,2017-07-03,")
    assert _said(data_quality(open_tiny.clean()), quality.TALKED_WITH) == {
        "FY2017Q1": (1, 4, 1 / 4), "FY2017Q2": (1, 4, 1 / 4), "FY2017Q3": (0, 4, 0), "FY2017Q4": (1, 4, 1 / 4)
    }  # fmt: skip


def test_a_response_of_few_organizations_is_left_blank(tiny):
    tiny.add("conversations.csv", "CDSP-001,2017-07-03,")  # and in the quarter before, 0 of 4
    data = tiny.clean()
    assert data.programme.smallest_cell > len(data.organizations)
    frame = data_quality(data)
    few = frame[frame["measure"].isin([quality.ANSWERED, quality.TALKED_WITH])]
    assert len(few) and few[["value", "of", "share"]].isna().all(axis=None)


def test_agreement_is_pairs_that_agree_of_pairs_compared(open_tiny):
    pairs = [
        ("FY2017Q1", "sign-in against registration", 12, 9),
        ("FY2017Q2", "sign-in against registration", 4, 4),
        ("FY2017Q2", "survey twice in a wave", 5, 0),
    ]
    data = with_lists(
        open_tiny.clean(), agreement=pd.DataFrame(pairs, columns=["quarter", "records", "compared", "agree"])
    )
    frame = data_quality(data)
    assert _said(frame, "Registrations that agree with the sign-in sheet") == {
        "FY2017Q1": (9, 12, 0.75), "FY2017Q2": (4, 4, 1)
    }  # fmt: skip
    assert _said(frame, "Answers that stay the same when asked twice in one survey") == {"FY2017Q2": (0, 5, 0)}
    assert _said(in_sum(frame).assign(quarter="all"), "Registrations that agree with the sign-in sheet") == {
        "all": (13, 16, 13 / 16)
    }


def test_agreement_of_few_organizations_with_themselves_is_left_out(tiny):
    data = tiny.clean()  # CDSP-001 alone answered twice
    assert "survey twice in a wave" in set(data.agreement["records"])
    assert quality.AGREE["survey twice in a wave"] not in set(data_quality(data)["measure"])


def test_days_in_sum_are_those_of_the_slowest_file(tiny):
    lines = [("a.csv", "survey", "FY2017Q1", 7, 1, 6, 9), ("b.csv", "survey", "FY2017Q1", 3, 2, 4, 5)]
    data = with_lists(tiny.clean(), arrivals=pd.DataFrame(lines, columns=ARRIVALS))
    days = in_sum(data_quality(data)).query("unit == 'days'")
    assert days[["value", "of"]].to_numpy().tolist() == [[2, 10], [6, 10], [9, 10]]


@pytest.mark.parametrize("gone", ["survey", "sign_in", "conversations"])
def test_a_table_that_no_source_feeds_leaves_its_measures_out(tiny, gone):
    tiny.replace("programme.toml", f'[[source]]\ntable = "{gone}"\nfiles = "{gone}.csv"\n', "")
    data = tiny.clean()
    frame = data_quality(data)
    measure = {"survey": quality.ANSWERED, "conversations": quality.TALKED_WITH}.get(gone)
    assert gone not in frame["table"].unique() and measure not in frame["measure"].unique()
    assert gone not in quality.by_source(data)["table"].tolist()
    known = _said(frame, quality.KNOWN)["FY2017Q2"]
    assert known == ((0, 6, 0) if gone == "sign_in" else (6, 6, 1))


def test_a_file_with_a_header_alone_is_read_as_no_rows(open_tiny):
    open_tiny.raw("survey.csv").write_text("submission_id,organization_id,submitted_on,wave\n", encoding="utf-8")
    data = open_tiny.clean()
    rows = quality.by_source(data).set_index("table")
    assert "survey" not in rows.index or rows.loc["survey", "read"] == 0
    assert data_quality(data)["share"].dropna().between(0, 1).all()


# ---- on the whole programme ------------------------------------------------------------------------------------------


def test_kept_and_set_aside_make_up_what_was_read_in_every_file_and_quarter(whole):
    counts = whole.counts
    assert (counts["kept"] + counts["set_aside"] == counts["read"]).all()
    removed = whole.checks[whole.checks["change_type"] == "remove_survey"].groupby(["source", "quarter"])["rows"].sum()
    aside = counts.groupby(["source", "quarter"])["set_aside"].sum()
    assert (aside == removed.reindex(aside.index, fill_value=0)).all() and aside.sum() == removed.sum() > 0
    table = quality.by_source(whole)
    assert table[["read", "kept", "set_aside"]].sum().tolist() == counts[["read", "kept", "set_aside"]].sum().tolist()


def test_every_line_of_the_cleaning_log_is_counted_in_exactly_one_measure(whole, figures):
    counted = sum(
        whole.checks.index.isin(quality.lines_of(measure, whole.checks).index).astype(int) for measure in LOGGED
    )
    assert counted.tolist() == [1] * len(whole.checks)
    names = [measure["name"] for measure in LOGGED]
    log = whole.cleaning_log
    alike = log["row"].isna()  # one line for all cells of a file that hold the same text
    lines = (~alike).sum() + log.loc[alike, "notes"].str.extract(r"^(\d+) cells")[0].astype(int).sum()
    assert figures.loc[figures["measure"].isin(names), "value"].sum() == whole.checks["rows"].sum() == lines


def test_shares_are_shares_and_each_figure_stands_once(figures):
    assert figures["share"].dropna().between(0, 1).all()
    assert not figures.duplicated(KEY).any()
    assert set(figures["standard"]) == set(STANDARDS) and set(figures["measure"]) <= set(MEASURES)
    places = figures[["standard", "measure"]].drop_duplicates()
    assert places["standard"].map(list(STANDARDS).index).is_monotonic_increasing
    assert not places["measure"].duplicated().any()


def test_the_quarters_add_up_to_all_of_them(figures):
    quarters = figures["quarter"].unique()
    sums = pd.concat([in_sum(figures, quarter=quarter) for quarter in quarters])
    sums = sums[sums["unit"] != "days"].groupby("measure")[["value", "of"]].sum()
    total = in_sum(figures).set_index("measure")[["value", "of"]]
    hidden = figures.loc[figures["value"].isna(), "measure"].unique()
    assert len(hidden) and total.loc[hidden].isna().all(axis=None), "a sum would be of the quarters that are shown"
    assert (sums == total.loc[sums.index].fillna(0)).drop(hidden).all(axis=None)


def test_the_order_of_the_lists_does_not_matter(whole, figures):
    def shuffled(frame):
        return frame.sample(frac=1, random_state=7)

    mixed = {name: shuffled(getattr(whole, name)) for name in ("counts", "checks", "arrivals", "agreement")}
    again = with_lists(replace(whole, tables={name: shuffled(rows) for name, rows in whole.tables.items()}), **mixed)
    pd.testing.assert_frame_equal(data_quality(again), figures)


def test_a_survey_is_answered_by_those_who_were_partners_on_its_first_day(whole, figures):
    wave = whole.survey[whole.survey["wave"] == 3]
    asked = partners(whole.organizations, wave["submitted_on"].min())
    k = len(set(wave["organization_id"]) & set(asked))
    found = quality.rates(whole, figures, [quality.ANSWERED, quality.TALKED_WITH], quarter=whole.quarter)
    last = found[found["measure"] == quality.ANSWERED].iloc[-1]
    assert last[["value", "n"]].tolist() == [k, len(asked)]
    assert last["share"] == pytest.approx(k / len(asked))


def test_each_standard_is_judged_by_its_worst_figure(whole, figures):
    judged = quality.judgements(whole, figures, quarter=whole.quarter)
    assert list(judged["standard"].unique()) == list(STANDARDS)
    assert quality.by_standard(judged)["precision"] == "good"
    worst = judged.assign(word=judged["word"].where(judged["standard"] != "precision", quality.POOR))
    assert quality.by_standard(worst)["precision"] == quality.POOR
    first = str(whole.programme.calendar.named(whole.quarters[0]).previous)
    early = quality.compared(whole, figures, quarter=first)
    assert early.empty, "nothing is on record before the first quarter"


def test_rows_by_source_add_up_and_those_of_few_organizations_are_not_shown(whole, open_tiny):
    table = quality.by_source(whole)
    assert (table["kept"] + table["set_aside"] == table["read"]).all()
    assert "attendance/presences_*.xlsx" in set(table["source"])
    assert quality.by_source(open_tiny.clean())["read"].notna().all()
    open_tiny.replace("programme.toml", "smallest_cell = 1", "smallest_cell = 5")
    assert quality.by_source(open_tiny.clean()).set_index("table")["read"].isna()["survey"]


def test_what_was_noticed_is_shown_by_kind_and_no_name_with_it(whole):
    found = quality.noticed(whole)
    assert found["files"].sum() > len(found) and quality.NOTICED[-1]["name"] not in set(found["what"])
    said = str(Say("en", whole.programme).noticed(found))
    assert said.startswith("Noticed while the files were read: ") and "sheets, files or rows left out in 1 file" in said
    assert not any(name in said for name in {*whole.counts["source"]})


@pytest.mark.parametrize("language", ["fr", "ht"])
def test_every_measure_and_standard_has_its_words(language):
    words = Words(language)
    assert [one for one in [*MEASURES, *(one["name"] for one in quality.NOTICED)] if not words.translated(one)] == []
