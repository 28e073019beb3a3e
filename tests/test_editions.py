"""What was shared stays on record, and is what the next report reads; why a number is another now."""

import json
import shutil
import subprocess

import pytest
from bs4 import BeautifulSoup
from notebook_run import run_notebook, shown
from small_study import as_stored, cell, opening, written

import konbit_lessons as kl
from konbit_lessons.errors import DataError
from konbit_lessons.field.draft import start_programme
from konbit_lessons.figures.markup import CARRIED
from konbit_lessons.measures import findings, participation
from konbit_lessons.publish import published
from konbit_lessons.reports import editions, manifest, why
from konbit_lessons.reports.make import bundle, make_reports, quarter_before

FIRST, SECOND = "FY2017Q2", "FY2017Q3"


@pytest.fixture
def lived(tiny, monkeypatch):
    """A programme of two quarters, whose learning report stores what was told."""
    monkeypatch.setattr("konbit_lessons.reports.make.run_notebook", as_stored)
    tiny.raw("events.csv").write_text(
        "event_id,event_type,held_on,per_diem_amount,business_showcase\n"
        "E001,training,2017-01-10,0,yes\nE002,round_table,2017-05-20,500,no\n", encoding="utf-8",
    )  # fmt: skip
    return tiny


def make(lived, quarter=FIRST, came=0.4, **asked):
    """Make the learning report of a quarter, which says how many came."""
    said = opening(title=f"{came} came")
    said.data[CARRIED]["told"] = {"taken_up": came}
    written(lived.folder / "notebooks", cell(said), name="learning_report")
    programme = kl.load(lived.toml)
    make_reports(programme, ["learning_report"], quarter=quarter, progress=str, **asked)
    return programme


def said(programme, before=SECOND):
    return manifest.said_before(programme, before=before).get(FIRST)


def test_the_next_report_reads_what_was_shared_and_never_one_made_since(lived):
    programme = make(lived)
    record = bundle(programme, quarter=FIRST).record
    assert record == lived.folder / "editions" / f"{FIRST}-1.json"
    make(lived, came=0.5, language="fr", force=True)
    make(lived, came=0.6)
    assert said(programme).items() >= {"told": {"taken_up": 0.4}, "edition": 1, "changed": []}.items()
    assert manifest.said_before(programme, before=FIRST) == {}


def test_a_report_made_from_the_records_of_today_is_no_record_of_what_was_said(lived):
    programme = kl.load(lived.toml)
    assert said(programme) is None and quarter_before(programme, SECOND) == FIRST
    make(lived)
    assert said(programme) is None and quarter_before(programme, SECOND) is None
    lived.add("sign_in.csv", "E001,CTA,Fourth Delegate,no")
    assert said(programme).items() >= {"told": {"taken_up": 0.4}, "edition": 0, "changed": ["records"]}.items()


def test_on_another_machine_the_record_alone_says_what_was_said(lived):
    bundle(make(lived), quarter=FIRST)
    (lived.folder / "reports").rename(lived.folder.parent / "reports elsewhere")
    programme = kl.load(lived.toml)
    assert said(programme)["told"] == {"taken_up": 0.4} and quarter_before(programme, SECOND) is None
    with pytest.raises(
        DataError, match=f"shared reports of {FIRST} here: copy those .* as another edition, make them first"
    ):
        bundle(programme, quarter=FIRST)


@pytest.mark.slow
def test_pages_made_again_are_a_second_edition_and_the_first_stays_as_it_was_mailed(lived):
    first = bundle(make(lived), quarter=FIRST)
    mailed = first.path.read_bytes()
    again = bundle(make(lived), quarter=FIRST)
    assert (again.path, again.record) == (first.path, first.record) and len(editions.shared(kl.load(lived.toml))) == 1
    second = bundle(make(lived, came=0.5), quarter=FIRST)
    assert second.path.name.endswith(f"{FIRST}-edition-2.zip") and second.record.name == f"{FIRST}-2.json"
    assert first.path.read_bytes() == mailed and said(kl.load(lived.toml))["edition"] == 2


def test_pages_to_be_made_again_are_asked_for_in_their_languages(lived):
    programme = make(lived, language="en,fr")
    lived.add("sign_in.csv", "E001,CTA,Fourth Delegate,no")
    make(lived)
    with pytest.raises(
        DataError, match=rf"learning_report\.fr\. .*: konbit report --quarter {FIRST} --language en,fr\."
    ):
        bundle(programme, quarter=FIRST)
    make(lived, language="en,fr")
    assert bundle(kl.load(lived.toml), quarter=FIRST).record.name == f"{FIRST}-1.json"


def test_the_record_of_an_edition_is_never_written_over_by_a_later_one(lived):
    bundle(make(lived), quarter=FIRST).record.unlink()
    second, third = (bundle(make(lived, came=came), quarter=FIRST).record for came in (0.5, 0.6))
    second.unlink()
    assert (
        third.name == f"{FIRST}-2.json"
        and bundle(make(lived, came=0.7), quarter=FIRST).record.name == f"{FIRST}-3.json"
    )


def test_two_colleagues_who_share_one_quarter_keep_both_editions(lived):
    other = shutil.copytree(lived.folder, lived.folder.parent / "other") / "editions"
    theirs = bundle(make(type(lived)(other.parent), came=0.5), quarter=FIRST).record
    mine = bundle(make(lived), quarter=FIRST).record
    shutil.copy(theirs, mine)  # the one that was mailed first
    assert bundle(kl.load(lived.toml), quarter=FIRST).record.name == f"{FIRST}-2.json"
    assert mine.read_bytes() == theirs.read_bytes() and said(kl.load(lived.toml))["told"] == {"taken_up": 0.4}


def test_an_older_quarter_is_packed_as_it_was_made_though_later_data_came(lived):
    first = bundle(make(lived), quarter=FIRST)
    first.path.unlink()
    lived.add("invitations.csv", "E002,CDSP-002")
    programme = kl.load(lived.toml)
    assert bundle(programme, quarter=FIRST).record == first.record  # it was shared
    make(lived, quarter=SECOND)
    lived.add("invitations.csv", "E002,CDSP-001")
    assert bundle(programme, quarter=FIRST).record == first.record
    with pytest.raises(DataError, match="older than the data"):
        bundle(programme, quarter=SECOND)


def test_a_record_holds_no_page_no_row_and_no_place_and_is_written_by_the_day(lived):
    record = json.loads(bundle(make(lived), quarter=FIRST).record.read_text(encoding="utf-8"))
    assert {*record} == {
        "period", "edition", "bundled_on", "zips", "programme", "inputs", "model", "decided", "analysis", "versions",
        "reports", "seal",
    }  # fmt: skip
    assert {*record["reports"]["learning_report"]} == {"name", "language", "title", "answer", "told", "files"}
    assert "html>" not in str(record) and "Aquin" not in str(record) and str(lived.folder) not in str(record)


@pytest.mark.parametrize("edit", [("0.4", "0.9"), ("{", "<<<<<<< HEAD\n{"), ('"edition": 1', '"edition": 2')])
def test_a_record_that_was_edited_is_refused_with_its_place(lived, edit):
    programme = make(lived)
    record = bundle(programme, quarter=FIRST).record
    record.write_text(record.read_text(encoding="utf-8").replace(*edit, 1), encoding="utf-8")
    for read in (said, lambda programme: bundle(programme, quarter=FIRST)):
        with pytest.raises(DataError, match=rf"editions/{FIRST}-1\.json: this is not the record as"):
            read(programme)


HEADER = "source,sheet,row,record_id,column,old_value,new_value,change_type,check,reason,initials,notes\n"
LATE, TARGET = ("E001,CTA", "E001,FDJ"), ("[analysis]", "[targets]\ncdsp = 60\n[analysis]")
DATED = '[targets]\ncdsp = [{ value = 51 }, { value = 60, from = "FY2017Q3" }]\n[analysis]'
CHANGES = {
    "a late row of one": ([LATE], ["records"]),
    "a file of rows of a later quarter": (["E002,FDJ"], []),
    "a day within the quarter": ([("[programme]", "[programme]\ndata_cut_on = 2017-03-01")], ["records"]),
    "a day after the quarter": ([("[programme]", "[programme]\ndata_cut_on = 2017-06-30")], []),
    "a target": ([TARGET], ["targets"]),
    "a target from a later quarter on": ([("[analysis]", DATED)], ["targets"]),
    "another list": ([('"business_showcase", ', "")], ["incentives"]),
    "other words": ([('label = "Funding"', 'label = "Money"')], ["settings"]),
    "a comment": ([("[analysis]", "# why\n[analysis]")], []),
    "two things": ([LATE, TARGET], ["records", "targets"]),
    "a correction": (["sign_in.csv,,4,,,,,remove_survey,,,MB,\n"], ["corrections"]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_other_now_is_named_and_a_change_of_the_model_is_none_of_the_data(lived, what):
    changes, causes = CHANGES[what]
    lived.raw("sign_in.csv").write_text(lived.raw("sign_in.csv").read_text().replace("E002,CTA", "E001,CTA"))
    bundle(make(lived), quarter=FIRST)
    for change in changes:
        if what == "a correction":
            lived.raw("corrections.csv").write_text(HEADER + change, encoding="utf-8")
        elif isinstance(change, str):
            lived.add("invitations.csv", change)
        else:
            lived.replace("sign_in.csv" if change is LATE else "programme.toml", *change)
    assert said(kl.load(lived.toml, audience="internal"))["changed"] == [*causes, "audience"]
    shared = [one for one in causes if one not in why.OF_DATA or "day" in what]  # records of one organization wait
    assert said(kl.load(lived.toml))["changed"] == shared


@pytest.mark.slow
def test_a_target_from_a_later_quarter_on_does_not_reach_back(lived):
    lived.replace("programme.toml", "[analysis]", "[targets]\ncdsp = 51\n[analysis]")
    bundle(make(lived), quarter=FIRST)
    lived.replace("programme.toml", "cdsp = 51", DATED.splitlines()[1])
    programme = kl.load(lived.toml)
    assert said(programme)["changed"] == [] and programme.targets_of(FIRST) == {"cdsp": 51}
    assert programme.targets_of(SECOND) == {"cdsp": 60}
    reached = participation.reached(kl.clean(programme), quarter=SECOND)
    assert reached.loc[reached["org_type"] == "total", "target"].isna().all()  # awardees have none
    lived.replace("programme.toml", '"FY2017Q3"', "2018-01-01")  # later than any event
    data = kl.clean(kl.load(lived.toml))
    assert data.programme.targets_of(SECOND) == {"cdsp": 51}
    assert [one for one in data.notices if "60 is the target from 2018-01-01 on" in one and "not used yet" in one]
    lived.replace("programme.toml", "value = 51", "value = 52")
    assert said(kl.load(lived.toml))["changed"] == ["targets"]


def uptake(data, quarter=SECOND):
    return findings.before(data, quarter=quarter).set_index("measure").loc["taken_up", ["k", "n"]].tolist()


@pytest.mark.slow
def test_a_change_is_parted_by_cause_in_amounts_that_add_up(lived):
    lived.add("events.csv", "E003,training,2017-02-10,0,no")
    lived.add("invitations.csv", "E003,CDSP-001\nE003,AWD-001")
    lived.add("sign_in.csv", "E001,Gwoup Solèy,Fourth Delegate,no\nE003,CDSP-001,Fifth Delegate,no")
    bundle(make(lived), quarter=FIRST)
    assert uptake(kl.clean(kl.load(lived.toml, audience="internal"))) == [2, 5]
    lived.raw("identity_ledger.csv").write_text(
        "question,typed,decision\norganization,Gwoup Solèy,CDSP-002\n", encoding="utf-8"
    )
    lived.add("invitations.csv", "E001,CDSP-003")
    line = "sign_in.csv,,,new,{},,{},add_survey,,,MB,\n"
    added = line.format("event_id", "E001") + line.format("organization_id", "CDSP-003")
    lived.raw("corrections.csv").write_text(HEADER + added, encoding="utf-8")
    programme = kl.load(lived.toml, audience="internal")
    data, told = kl.cleaned(programme), said(programme)
    assert told["changed"] == ["corrections", "decisions", "records", "audience"]
    told["changed"].remove("audience")
    then = findings.before(data, quarter=SECOND)
    parts = why.parts(data, told, then, quarter=SECOND)
    assert [causes for causes, _ in parts] == [["records"], ["corrections"], ["decisions"]]
    assert [one["taken_up"] for _, one in parts] == [round(2 / 6, 6), 3 / 6, round(4 / 6, 6)]
    moved = findings.compared({"taken_up": 0.4}, then, then, parts).set_index("measure").loc["taken_up", "parts"]
    assert moved == [(["records"], -0.06667), (["corrections"], 0.16667), (["decisions"], 0.16667)]
    together = [(["corrections", "decisions", "records"], findings.told(then))]
    waits = said(kl.load(lived.toml))
    assert why.parts(kl.cleaned(kl.load(lived.toml)), waits, then, quarter=SECOND) == waits["changed"] == []
    shutil.rmtree(lived.folder / "data" / "processed" / "published")  # else of how few cannot be told
    assert why.parts(kl.cleaned(kl.load(lived.toml)), told, then, quarter=SECOND) == together
    assert "Gwoup" in lived.raw("identity_ledger.csv").read_text(encoding="utf-8-sig")
    lived.raw("identity_ledger.csv").unlink()  # a decision of then that is gone cannot be put back
    record = {"decided": {"decisions": ["gone"], "corrections": []}}
    assert editions.undone(record, {"model": {}, "decided": {"decisions": [], "corrections": ["a"]}}, [
        "corrections", "decisions", "records",
    ]) == {"corrections": ["a"]}  # fmt: skip


def counting(lived, **counts):
    """Make the page on data quality of a quarter, which says what it counted."""
    said = opening(title=f"Counted {counts}")
    said.data[CARRIED]["told"] = counts
    written(lived.folder / "notebooks", cell(said), name="data_quality")
    programme = kl.load(lived.toml)
    make_reports(programme, ["data_quality"], quarter=FIRST, progress=str)
    return programme


def quality_page(lived, quarter=FIRST, **asked):
    """The text of the page on data quality by the records of today, and what it keeps of its counts."""
    page = run_notebook("data_quality", lived.folder, programme_file=str(lived.toml), quarter=quarter, **asked)
    carried = [output.data.get(CARRIED, {}) for one in page.cells for output in one.get("outputs", [])]
    text = " ".join(BeautifulSoup(" ".join(shown(page)), "html.parser").get_text(" ").split())
    return text, next(one["told"] for one in carried if one.get("part") == "opening")


def test_a_page_of_an_older_quarter_tells_what_was_counted_then_beside_today(lived):
    _, seen = quality_page(lived)
    assert seen["about"] == 10 and seen["read"] == 4 + 2  # of the roster and the events; the others are about few
    before, told = quality_page(lived, audience="internal")
    read = {"about": 10, "about_set_aside": 0, "read": 20, "kept": 20, "set_aside": 0}
    assert told.items() >= read.items() and "Edition" not in before and "When it was shared" not in before
    bundle(counting(lived, **told), quarter=FIRST)
    assert quality_page(lived, audience="internal") == (before, told)  # what it told then is what it tells
    lived.add("sign_in.csv", "E001,Nobody Near,Fourth Delegate,no")
    lived.add("invitations.csv", "E002,CDSP-002")  # of a later quarter
    for _ in range(2):
        text, now = quality_page(lived, audience="internal")
        assert now.items() >= {"about": 11, "about_set_aside": 1, "read": 22, "kept": 21, "set_aside": 1}.items()
        assert "Edition 1, which was shared on" in text and "counted 10 rows about January to March 2017;" in text
        assert "; today there are 11." in text and "they are today, which reach to April to June 2017." in text
        assert "Rows in all files that were kept 20 21 Rows in all files that were set aside 0 1" in text
        bundle(counting(lived, **now), quarter=FIRST)  # edition 2, made from the same: it has nothing to tell itself
    assert "pataje" in quality_page(lived, audience="internal", language="ht")[0]


LEARNING = """quarter,question,finding
FY2017Q2,Who comes?,Few
FY2017Q2,who COMES ?,Fewer
FY2017Q3,Why?,
FY2017Q3,Who  comes,Most
"""


def test_the_index_leads_to_editions_and_along_each_question_once(lived):
    lived.raw("learning.csv").write_text(LEARNING, encoding="utf-8")
    lived.toml.write_text(
        lived.toml.read_text() + '\n[[source]]\ntable = "learning"\nfiles = "learning.csv"\n', encoding="utf-8"
    )
    mailed = bundle(make(lived), quarter=FIRST).path
    make(lived, quarter=SECOND)
    page = BeautifulSoup((lived.folder / "reports" / "index.html").read_text(encoding="utf-8"), "html.parser")
    (edition,) = [link for link in page.select("main a") if link["href"].endswith(".zip")]
    files = len(json.loads((lived.folder / "editions" / f"{FIRST}-1.json").read_text())["inputs"])
    assert edition["href"] == f"{FIRST}/{mailed.name}" and edition.text.endswith(f"made from {files} files")
    *_, asked = page.select("main section")
    assert [one.text for one in asked.select("h3")] == ["Who comes?", "Why?"]
    assert [" ".join(one.text.split()) for one in asked.select("li")] == [
        "January to March 2017: Few; Fewer", "April to June 2017: Most", "April to June 2017",
    ]  # fmt: skip
    assert asked.select_one("a")["href"].startswith(f"{FIRST}/shared/learning_report.html#")


def test_of_reports_made_before_the_model_was_written_down_only_files_are_compared(lived):
    programme = make(lived)
    path = lived.folder / "reports" / FIRST / "manifest.json"
    path.write_text(json.dumps({key: one for key, one in json.loads(path.read_text()).items() if key != "model"}))
    bundle(programme, quarter=FIRST)
    assert said(programme)["changed"] == []


def test_another_version_of_the_library_is_another_method(lived, monkeypatch):
    bundle(make(lived), quarter=FIRST)
    lived.add("invitations.csv", "E002,FDJ")  # an event of a later quarter
    monkeypatch.setattr(editions, "_library", lambda: "another")
    assert said(kl.load(lived.toml))["changed"] == ["method"]
    lived.add("sign_in.csv", "E001,CTA,Fourth Delegate,no")  # cannot be told apart from that
    assert said(kl.load(lived.toml, audience="internal"))["changed"] == ["method", "records", "audience"]


def test_another_version_of_what_the_library_computes_with_is_another_method(lived, monkeypatch):
    bundle(make(lived), quarter=FIRST)
    monkeypatch.setattr(editions, "version", lambda name: "0")
    editions._library.cache_clear()
    assert said(kl.load(lived.toml))["changed"] == ["method"]
    editions._library.cache_clear()


def test_what_an_organization_is_called_and_a_column_that_is_blank_move_no_number(lived):
    lived.replace("programme.toml", 'files = "sign_in.csv"', 'files = "sign*.csv"')
    bundle(make(lived), quarter=FIRST)
    lived.replace("organizations.csv", "Asosyasyon Peyizan Aquin,APA", "Alliance Horizon,AH")
    lived.replace("organizations.csv", "consulted_at_design", "consulted_at_design,former_names,former_acronyms")
    lived.replace("organizations.csv", "cdsp,wi", "cdsp,wi,Asosyasyon Peyizan Aquin (2017-03-31),APA (2017-03-31)")
    lived.raw("sign_in.csv").rename(lived.raw("sign_in_all.csv"))
    lived.replace("programme.toml", "[analysis]", "[targets]\ncdsp = 3\n[analysis]")
    assert said(kl.load(lived.toml, audience="internal"))["changed"] == ["targets", "audience"]


def test_of_a_new_programme_git_leaves_out_what_holds_rows_and_keeps_what_was_decided_and_said(tmp_path):
    start_programme(tmp_path / "new")
    kept = ["editions/FY2017Q2-1.json", "data/raw/corrections.csv", "data/raw/identity_ledger.csv", "programme.toml"]
    out = [
        "data/raw/sign_in.csv",
        "data/raw/more/a.csv",
        "data/processed/a.csv",
        "data/truth/a.csv",
        "reports/index.html",
    ]
    for name in [*kept, *out]:
        published(tmp_path / "new" / name, "x")
    git = ["git", "-C", str(tmp_path / "new")]
    subprocess.run([*git, "init", "-q"], check=True)
    told = subprocess.run([*git, "status", "--porcelain", "-uall"], check=True, capture_output=True, text=True).stdout
    assert {line[3:] for line in told.splitlines()} - {"README.md", ".gitignore"} == {*kept}
