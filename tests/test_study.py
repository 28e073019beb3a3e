"""A study of one tidy table, on real data: Thornton (2008), whose answer a reader of the paper knows."""

import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

import konbit_lessons as kl
from examples import get_data
from konbit_lessons.cli import main

EXAMPLE = Path(__file__).parent.parent / "examples" / "thornton_2008"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The example as its small script makes it, in a folder of its own."""
    folder = tmp_path_factory.mktemp("studies") / "thornton_2008"
    get_data.main(["thornton_2008"], folder.parent)
    shutil.copy(EXAMPLE / "programme.toml", folder)
    return folder


def test_a_cash_offer_goes_with_about_45_points_more_people_who_learn_their_result(study):
    programme = kl.load(study / "programme.toml")
    rows = kl.rows(programme)
    result = kl.predict_participation(rows, **programme.question)
    assert len(rows) == 4820 and result.n == 2825
    # beside the plain difference of the two shares of the same rows; the paper's Table 4 has 0.431 (0.023)
    complete = rows.dropna(subset=["got", "any", "age", "villnum"])
    plain = complete.groupby("any")["got"].mean()
    assert result.table["estimate"][0] == pytest.approx(plain[1.0] - plain[0.0], abs=0.01)
    assert result.table["estimate"][0] == pytest.approx(0.45, abs=0.005)
    assert str(kl.Say("en", programme).headline(result)) == (
        "**Offered a cash incentive:** of 100 people, about 45 more learned their result with it than without it "
        "(95 % interval 41 to 49; 2,204 of 2,825 people with it, in 118 villages)."
    )


@pytest.mark.slow
def test_its_report_says_so_in_the_first_sentence(study, tmp_path):
    words = ["report", "--programme", str(study / "programme.toml"), "--reports", str(tmp_path)]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    page = BeautifulSoup((tmp_path / "study/shared/incentives.html").read_text(encoding="utf-8"), "html.parser")
    assert page.h1.get_text() == "Cash incentives and learning HIV results, Malawi"
    assert "about 45 more learned their result with it" in page.select_one("p.answer").get_text()
    assert (tmp_path / "study/shared/tables/incentives.csv").is_file()


def test_a_missing_table_is_named(study, tmp_path):
    shutil.copy(study / "programme.toml", tmp_path)
    with pytest.raises(kl.KonbitError, match=r'\[study\], table: found "data/raw/thornton_2008.csv"; there is no such'):
        kl.rows(kl.load(tmp_path / "programme.toml"))


def test_a_column_that_is_not_in_the_table_is_named_with_those_there_are(study, tmp_path):
    shutil.copytree(study, tmp_path / "study")
    toml = tmp_path / "study" / "programme.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('outcome = "got"', 'outcome = "gott"'), encoding="utf-8")
    with pytest.raises(kl.KonbitError, match=r'no column "gott", which programme.toml names\. It has villnum, got'):
        kl.rows(kl.load(toml))


def test_a_table_without_rows_is_refused(study, tmp_path):
    shutil.copytree(study, tmp_path / "study")
    (tmp_path / "study/data/raw/thornton_2008.csv").write_text("villnum,got,any,age,distvct\n", encoding="utf-8")
    with pytest.raises(kl.KonbitError, match="there is a header but no rows"):
        kl.rows(kl.load(tmp_path / "study" / "programme.toml"))
