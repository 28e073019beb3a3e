"""A portfolio: what it reads of each programme, what it refuses, and the page over all of them."""

import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from notebook_run import run_notebook
from portfolio_example import HEAD, ONE, estimates, portfolio, programme

from konbit_lessons.cli import main
from konbit_lessons.errors import DataError, KonbitError, ProgrammeError
from konbit_lessons.field.portfolio import estimates as read
from konbit_lessons.field.portfolio import load
from konbit_lessons.figures.markup import CARRIED
from konbit_lessons.incentives.pooled import pool
from konbit_lessons.say import Say

ROW = {"programme": "north", "term": "transport", "estimate": 0.1, "std_error": 0.03, "df": 20}


def rows(*changes):
    return pd.DataFrame([ROW | one for one in changes]).fillna(
        {"reason": ""} if any("reason" in c for c in changes) else {}
    )


@pytest.fixture
def two(tmp_path):
    """Two programmes with both incentives; returns portfolio.toml."""
    return portfolio(tmp_path, estimates(2))


def changed(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


# ---- what is read


def test_estimates_are_those_that_the_reports_wrote(two):
    found = read(load(two)).sort_values(["programme", "incentive"])
    told = estimates(2).sort_values(["programme", "term"])
    assert (
        found["programme"].tolist() == told["programme"].tolist()
        and found["incentive"].tolist() == told["term"].tolist()
    )
    for name in ("estimate", "std_error", "df"):
        assert found[name].to_numpy() == pytest.approx(told[name].to_numpy(), rel=1e-15)
    assert (found["conf_low"] < found["estimate"] - 1.96 * found["std_error"]).all()  # the printed interval is wider


def test_only_shared_tables_are_read(two, monkeypatch):
    opened = []
    monkeypatch.setattr("pathlib.Path.open", _noting(opened))
    portfolio = load(two)
    names = {"/".join(path.parts[-5:]) for path in opened}
    assert names and not [one for one in names if "internal" in one or "data/" in one]
    assert {path.name for path in portfolio.input_files()} == {"portfolio.toml", "incentives.csv", "manifest.json"}


def _noting(opened):
    from pathlib import Path

    own = Path.open

    def noting(self, *args, **options):
        opened.append(self)
        return own(self, *args, **options)

    return noting


def test_an_amount_is_brought_to_the_common_unit_and_step(tmp_path):
    # north: 0.02 more for each 100 of its own, of which one is 0.01 USD: 0.1 for 5 USD. South counts in USD.
    amount = {"kind": "amount", "step": 100, "estimate": 0.02, "std_error": 0.0001}
    each = rows(amount, {"programme": "south", "kind": "amount", "step": 2, "estimate": 0.03, "std_error": 0.005})
    head = changed_text(HEAD, "[incentives.transport]\n", '[incentives.transport]\neach = [5, "USD"]\n')
    path = portfolio(tmp_path, each, head=head, joined='transport = { term = "transport", one_is = 0.01 }')
    text = path.read_text("utf-8")
    path.write_text(text[: text.rindex("0.01")] + "1" + text[text.rindex("0.01") + 4 :], encoding="utf-8")
    found = read(load(path)).set_index("programme")
    assert found["estimate"].round(12).to_dict() == {"north": 0.1, "south": 0.075}
    assert found["std_error"].round(12).to_dict() == {"north": 0.05, "south": 0.025}
    points = Say("en", load(path)).pooled_rows(pool(read(load(path))))
    assert points["label"].tolist() == ["Transport refund, each 5 USD more"]


def changed_text(text, old, new):
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"reason": "few_groups", "estimate": np.nan, "std_error": np.nan}, "few_groups"),
        ({"reason": "separated", "estimate": 0.4, "std_error": np.nan}, "separated"),
        ({"reason": "at_the_edge", "estimate": np.nan}, "at_the_edge"),
        ({"reason": "not_shown", "estimate": np.nan, "std_error": np.nan, "n_offered": np.nan}, "not_shown"),
        ({"reason": "", "std_error": 0.0}, "coarse"),
        ({"reason": "", "estimate": 1.0}, "coarse"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_has_no_estimate_is_not_pooled_and_says_why(tmp_path, change, reason):
    path = portfolio(tmp_path, rows(change, {"programme": "south", "reason": ""}))
    found = read(load(path)).set_index("programme")
    assert found["reason"].to_dict() == {"north": reason, "south": ""}
    assert found.loc["north", ["estimate", "std_error", "conf_low", "conf_high"]].isna().all()
    pooled = pool(read(load(path)))
    assert pooled[["k", "of", "reason", "strength"]].to_numpy().tolist() == [[1, 2, "one", "cannot tell"]]
    assert pooled["estimate"].isna().all()
    for language in ("en", "fr", "ht"):
        say = Say(language, load(path))
        said = say.not_pooled(read(load(path)))[0].text
        own = (
            say.forest(read(load(path)), say.pooled_rows(pooled).iloc[0].to_dict())
            .set_index("label")
            .loc["north", "why"]
        )
        assert own and own in said


def test_a_standard_error_that_was_rounded_is_taken_at_its_largest(tmp_path):
    each = rows({"std_error": 0.03, "n_offered": np.nan}, {"programme": "south", "n_offered": 400})
    found = read(load(portfolio(tmp_path, each))).set_index("programme")["std_error"]
    assert found.round(12).to_dict() == {"north": 0.035, "south": 0.03}


def test_the_last_report_is_read_or_the_one_that_is_named(two):
    programme(two.parent / "P001", rows({"estimate": 0.5}).drop(columns="programme"), period="FY2016Q4")
    assert load(two).told[0].period == "FY2017Q3"
    changed(two, 'folder = "P001"', 'folder = "P001"\nperiod = "FY2016Q4"')
    changed(two, ', showcase = "showcase"', "")
    told = load(two)
    assert told.told[0].period == "FY2016Q4" and read(told)["estimate"].iloc[0] == 0.5


def test_an_unzipped_bundle_is_read(two):
    shared = two.parent / "P001" / "reports" / "FY2017Q3" / "shared"
    shared.rename(two.parent / "mailed")
    found = read(load(changed(two, '"P001"', '"mailed"\nname = "First"')))
    assert found["estimate"].tolist() == pytest.approx(read_again(estimates(2)), rel=1e-15)
    assert load(two).simulated and load(two).told[0].name.text() == "First"


def read_again(each):
    return [one for term in ("transport", "showcase") for one in each.loc[each["term"] == term, "estimate"]]


# ---- what is refused


def refused(path, what, kind=ProgrammeError):
    with pytest.raises(kind, match=what) as caught:
        load(path)
    assert caught.value.exit_code == 2
    done = CliRunner().invoke(main, ["portfolio", str(path)])
    assert done.exit_code == 2 and not (path.parent / "reports").exists()
    return str(caught.value)


def test_one_incentive_in_two_kinds_is_refused_with_what_to_write(tmp_path):
    path = portfolio(tmp_path, rows({"kind": "offered"}, {"programme": "south", "kind": "amount"}))
    said = refused(path, 'folder "south"')
    assert (
        "found amount in its report, offered as declared" in said
        and 'each = [5, "USD"] in [incentives.transport]' in said
    )


def test_amounts_of_which_one_says_no_unit_are_refused(tmp_path):
    each = rows({"kind": "amount"}, {"programme": "south", "kind": "amount", "estimate": 0.2})
    head = changed_text(HEAD, "[incentives.transport]\n", '[incentives.transport]\neach = [5, "USD"]\n')
    path = portfolio(tmp_path, each, head=head, joined='transport = { term = "transport", one_is = 0.01 }')
    changed(path, ", one_is = 0.01", "")
    assert refused(path, "one_is not given").count("\n") == 0


def test_what_is_offered_takes_no_unit(two):
    changed(two, 'transport = "transport"', 'transport = { term = "transport", one_is = 2 }')
    refused(two, "one_is 2")


def test_kinds_against_different_ones_are_refused_unless_they_are_declared_to_be_the_same(tmp_path):
    path = portfolio(tmp_path, rows({"against": "none"}, {"programme": "south", "against": "aucun"}))
    assert refused(path, 'compared with "none"; expected against').count("\n") == 1
    changed(path, "[incentives.transport]\n", '[incentives.transport]\nagainst = ["none", "aucun"]\n')
    assert len(read(load(path))) == 2


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('folder = "P001"', 'folder = "elsewhere"', r'\(folder "elsewhere"\): there is no such folder below'),
        ('folder = "P001"', 'folder = "../P001"', "there is no such folder below"),
        (
            'folder = "P001"',
            'folder = "P001"\nperiod = "FY2019Q1"',
            "found no report to share, of FY2017Q3",
        ),
        (
            'folder = "P002"',
            'folder = "P001"\nname = "again"',
            'folder is that of "P001"; expected each programme once',
        ),
        ('folder = "P002"', 'folder = "P002"\nname = "P001"', 'its name is that of "P001"'),
        ('transport = "transport"', 'transport = "bus"', 'found "bus"; its report tells of transport, showcase'),
        ('transport = "transport"', 'fare = "transport"', "incentives, fare: expected one of transport, showcase"),
        ('transport = "transport"', 'transport = "showcase"', 'found "showcase" under two names'),
        ('transport = "transport"', 'transport = ["transport", "showcase"]', "expected one incentive"),
        ("point_of_contact", "contact", "point_of_contact: this is missing"),
        (
            'folder = "P001"',
            'dossier = "P001"',
            r'\[\[programme\]\] 1 .*the key "dossier" is not known. .*Allowed: folder, name',
        ),
        ('[[programme]]\nfolder = "P001"', '[[member]]\nfolder = "P001"', 'the key "member" is not known'),
        ("[portfolio]", "[portfolio", "this is not TOML"),
    ],
    ids=lambda one: one[:24],
)
def test_a_portfolio_that_is_wrong_says_what_is(two, old, new, what):
    refused(changed(two, old, new), what)


def test_a_portfolio_without_programmes_and_none_at_all_are_refused(tmp_path):
    (tmp_path / "portfolio.toml").write_text(HEAD, encoding="utf-8")
    refused(tmp_path / "portfolio.toml", r"\[programme\]: this is missing")
    refused(tmp_path / "none" / "portfolio.toml", "found none, or beside a programme.toml")


def test_a_portfolio_stands_above_the_programmes_and_not_in_one(two):
    (two.parent / "programme.toml").touch()
    refused(two, "found none, or beside a programme.toml; expected one above the programmes")


def test_the_same_table_under_two_folders_is_one_programme(two):
    shutil.rmtree(two.parent / "P002")
    shutil.copytree(two.parent / "P001", two.parent / "P002")
    changed(two, 'folder = "P002"', 'folder = "P002"\nname = "Second"')
    refused(two, 'its table of estimates is that of "P001"')


def test_simulated_data_are_not_pooled_with_real_ones(tmp_path):
    path = portfolio(tmp_path, estimates(2))
    shutil.rmtree(tmp_path / "P002")
    programme(tmp_path / "P002", estimates(2).iloc[2:].drop(columns=["programme", "true"]), simulated=False)
    refused(path, r"found simulated data beside real ones \(P002\)")


def test_a_programme_without_a_report_says_how_to_make_one(two):
    shutil.rmtree(two.parent / "P002" / "reports")
    refused(
        two,
        r'folder "P002"\): found no report to share, of none. Make it again: konbit report',
    )


def test_a_measured_outcome_is_no_share(tmp_path):
    path = portfolio(tmp_path, rows({"e_value": np.nan, "estimate": 12.0}, {"programme": "south", "e_value": 1.2}))
    refused(path, "its outcome is a number with a unit; expected a share", DataError)


def _text(path, change):
    path.write_text(change(path.read_text("utf-8")), encoding="utf-8")


DAMAGED = {
    "edited by hand": ("shared/tables/incentives.csv", lambda text: text.replace("transport", "transport ", 1)),
    "empty": ("shared/tables/incentives.csv", lambda text: ""),
    "of an earlier version": ("shared/tables/incentives.csv", lambda text: text.replace("std_error", "se")),
    "the manifest is cut": ("manifest.json", lambda text: text[: len(text) // 2]),
    "the manifest is a list": ("manifest.json", lambda text: "[]1"),
    "the report failed": ("manifest.json", lambda text: json.dumps(json.loads(text) | {"reports": {}})),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_a_report_that_is_not_as_it_was_made_is_refused(two, how):
    file, change = DAMAGED[how]
    _text(two.parent / "P001" / "reports" / "FY2017Q3" / file, change)
    refused(two, r'folder "P001"\): incentives.csv is not as this version of konbit report writes it', DataError)


def test_a_label_without_words_in_a_language_is_refused(two):
    with pytest.raises(KonbitError, match="no words in 'fr' for Simulated"):
        load(changed(two, '"Simulated programmes"', '{ en = "Simulated" }')).check_language("fr")


def test_konbit_report_says_who_makes_the_page(tiny):
    done = CliRunner().invoke(main, ["report", "portfolio", "--programme", str(tiny.toml)])
    assert done.exit_code == 2 and "Use konbit portfolio" in done.stderr


# ---- what is said


def text_of(executed):
    outputs = [one.data for cell in executed.cells for one in cell.get("outputs", []) if CARRIED in one.data]
    html = " ".join(one["text/html"] for one in outputs)
    return re.sub(r"\s+", " ", BeautifulSoup(html, "html.parser").get_text(" ", strip=True))


def test_a_portfolio_of_one_pools_nothing_and_says_so(tmp_path):
    path = portfolio(tmp_path, estimates(1))
    said = text_of(run_notebook("portfolio", tmp_path))
    assert "Nothing is pooled: of no incentive do two programmes or more have an estimate." in said
    assert "Transport refund: only one programme has an estimate of it, so that nothing can be pooled" in said
    assert pool(read(load(path)))["estimate"].isna().all() and "All programmes" not in said


def test_two_programmes_are_said_to_tell_next_to_nothing_of_others(two):
    said = text_of(run_notebook("portfolio", two.parent))
    assert "two programmes tell next to nothing of others, so the interval is that wide" in said
    assert "takes three programmes to say" in said and "A further programme +" not in said
    assert pool(read(load(two)))["conf_high"].max() > 1 and pool(read(load(two)))["predicted_low"].isna().all()
    assert Say("en", load(two)).pooled_rows(pool(read(load(two))))["conf_high"].max() == 1


def test_how_much_programmes_differ_has_one_rule(tmp_path):
    say = Say("en", load(portfolio(tmp_path, estimates(3))))
    usual = {"label": "A", "reason": "", "k": 5, "tau": 0.05, "tau_low": 0.0, "tau_high": 0.2, "matters": 0.1}
    usual |= {"predicted_low": -0.02, "predicted_high": 0.2}
    cases = [
        {},
        {"tau_low": 0.01},
        {"tau_high": 0.05},
        {"tau_high": 0.05, "matters": np.nan},
        {"k": 2, "predicted_low": np.nan},
    ]
    starts = [
        str(one).removeprefix("**A:** ")[:26]
        for one in say.programmes_differ(pd.DataFrame([usual | one for one in cases]))
    ]
    unclear = "whether programmes differ "
    assert starts == [
        unclear,
        "programmes differ, from on",
        "programmes hardly differ: ",
        unclear,
        "two programmes tell next t",
    ]


def test_the_page_in_three_languages_holds_what_was_read_and_nothing_else(tmp_path):
    each = estimates(8)
    portfolio(tmp_path, each, head=changed_text(HEAD, "point_of", 'languages = ["en", "fr", "ht"]\npoint_of'))
    for language, words in {"en": "All programmes", "fr": "Tous les programmes", "ht": "Tout pwogram yo"}.items():
        said = text_of(run_notebook("portfolio", tmp_path, language=language))
        assert words in said and "P008" in said
        assert not re.search(r"\{\w+" if language == "ht" else r"\{\w+|\bnan\b", said)


@pytest.mark.slow
def test_a_hundred_programmes_give_the_truth_back(tmp_path):
    each = estimates(100)
    found = pool(read(load(portfolio(tmp_path, each)))).set_index("incentive")
    assert (found["conf_low"] < [0.08, 0.15]).all() and (found["conf_high"] > [0.08, 0.15]).all()
    assert found["tau_low"].tolist() < [0.05, 0.0] and found["tau_high"]["transport"] > 0.05
    done = CliRunner().invoke(main, ["portfolio", str(tmp_path / "portfolio.toml"), "--to", "docx", "--strict"])
    assert done.exit_code == 0, done.output
    shared = tmp_path / "reports" / "portfolio" / "shared"
    page = (shared / "portfolio.html").read_text("utf-8")
    assert len(page.encode()) < 180_000 and "data:image" not in page and (shared / "portfolio.docx").is_file()
    assert not re.search(r"<path(?![^>]* d=)", page)  # without where it goes: the sanitizer did not know it
    assert all(f">{one}<" in page for one in ("P001", "P050", "P100"))


# ---- as a user


@pytest.mark.slow
def test_two_examples_and_a_portfolio_become_a_page(tmp_path):
    def konbit(*words):
        done = subprocess.run(
            [sys.executable, "-m", "konbit_lessons.cli", *words], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout

    for folder, seed in {"north": "2017", "south": "11"}.items():
        konbit("example", folder, "--seed", seed)
        konbit("report", "incentives", "--programme", f"{folder}/programme.toml")
    joined = 'transport = "transport_refund", showcase = "business_showcase"'
    text = HEAD + "".join(ONE.format(folder=one, joined=joined) + f'name = "{one}"\n' for one in ("north", "south"))
    (tmp_path / "portfolio.toml").write_text(text, encoding="utf-8")
    assert "portfolio: portfolio/shared/portfolio.html" in konbit("portfolio")
    shared = tmp_path / "reports" / "portfolio" / "shared"
    page = BeautifulSoup((shared / "portfolio.html").read_text("utf-8"), "html.parser")
    assert "Simulated data" in page.select_one("header").get_text() and "north" in page.get_text()
    assert 'href="portfolio.html' in (shared / "index.html").read_text("utf-8")
    assert {"pooled.csv", "forest_transport.csv", "pooled_table.csv"} <= {
        one.name for one in (shared / "tables").iterdir()
    }
    assert (shared / "portfolio.xlsx").is_file()
    assert "up to date, not made again" in konbit("portfolio")
    before = (shared / "portfolio.html").read_bytes()
    assert "portfolio: running" in konbit("portfolio", "--force") and (shared / "portfolio.html").read_bytes() == before
    konbit(
        "report",
        "incentives",
        "--programme",
        "south/programme.toml",
        "-p",
        "formula=attended ~ transport_refund + business_showcase",
    )
    assert "portfolio: running" in konbit("portfolio")
