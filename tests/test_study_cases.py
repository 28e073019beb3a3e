"""What studies of other hands ask of one table: ``data/studies`` is shared/cases/studies, a case each; more by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import konbit_lessons as kl
from konbit_lessons.cli import main
from konbit_lessons.errors import KonbitError

CASES = Path(__file__).parent / "data" / "studies"
HEAD = '[programme]\nname = "S"\npoint_of_contact = "evaluation@example.org"\n[study]\ntitle = "Does it help?"\n'
HEAD += 'table = "t.csv"\noutcome = "y"\nincentives = ["t"]\ncluster = ["v"]\n'
UNITS = '[study.units]\nrow = "pupil"\nrows = "pupils"\ngroup = "school"\ngroups = "schools"\noutcome = "passed"\n'


def answered(folder):
    """The programme of a folder, its shared result, and what a page says of it."""
    programme = kl.load(folder / "programme.toml")
    result = kl.estimate(programme.formula, kl.rows(programme), **programme.options).shown(programme.smallest_cell)
    return programme, result, kl.Say("en", programme)


def study(folder, more="", drop=(), **columns):
    """A study of 40 schools with 8 pupils each, half of the schools with the treatment; columns by name replace."""
    rng = np.random.default_rng(3)
    v, i = np.repeat(np.arange(40), 8), np.arange(320)
    rows = pd.DataFrame({"v": v, "t": v % 2, "y": rng.integers(0, 2, 320), "x": i % 7})
    rows = rows.assign(**{name: made(rows) if callable(made) else made for name, made in columns.items()})
    folder.mkdir(exist_ok=True)
    rows.drop(columns=list(drop)).to_csv(folder / "t.csv", index=False)
    (folder / "programme.toml").write_text(HEAD + more + ("" if "[study.units]" in more else UNITS), encoding="utf-8")
    return folder


SAID = {
    "arms_control": [
        "With **T: Food, against Control** (34 more of 100) and **T: Cash, against Control** (26 more of 100), "
        "clearly more pupils passed."
    ],
    "amount_small": ["with each 0.2 more of it", "95 % interval from 12 fewer to 14 more; 600 pupils of 60 schools"],
    "all_said_yes": [
        "**T:** With it, 200 of 200 pupils passed; without it, 197 of 400. Dealt out at random, it would show a "
        "difference this large in 0.05 % of tries.",
        "there is no usual interval",
    ],
    "price_3_zeros": ["with each 5 more of it", "600 pupils of 60 schools"],
    "yesno_outcome": ["about 18 more passed with it than without it"],
    "dot_in_treatment": ["about 19 more passed with it than without it"],
    "comma_covariate": ["about 18 more passed with it than without it"],
}


@pytest.mark.parametrize("case", SAID)
def test_each_case_is_told_as_it_is(case):
    _, result, say = answered(CASES / case)
    assert all(one in str(say.headline(result)) for one in SAID[case]), str(say.headline(result))
    assert "would matter" not in " ".join(map(str, [say.headline(result), *filter(None, say.strength_rule(result))]))


def test_a_covariate_with_decimal_commas_is_one_number_and_a_dot_is_no_arm():
    _, result, _ = answered(CASES / "comma_covariate")
    assert len(result.coefficients) == 3
    programme, result, _ = answered(CASES / "dot_in_treatment")
    assert result.n == 542 and result.left_out.to_dict("records") == [{"column": "t", "rows": 58}]
    assert kl.rows(programme).attrs["noticed"] == ['t: "." (58 rows) taken as missing']


def test_arms_are_against_control_first_and_against_each_other_below():
    _, result, say = answered(CASES / "arms_control")
    assert result.table["against"].tolist() == ["Control", "Control"]
    assert str(say.against_each_other(result)[0]).startswith("**T: Cash:** uncertain; of 100 pupils, about")
    rows = say.in_one_table(say.incentive_rows(result), result.costs({}))
    assert rows["label"].tolist() == ["T: Food, against Control", "T: Cash, against Control"]


def codes(*texts):
    return lambda rows: np.array(texts)[rows["v"] % len(texts)]


REFUSED = [
    ({"t": codes("A", "B", "C")}, "", r'reference: found none for t.*one of A, B, C .*reference = \{ t = "A" \}'),
    ({"t": codes("A", "B")}, 'reference = { t = "Z" }', r'reference: found "Z"; expected the one of A, B'),
    ({}, 'reference = { t = "1" }', 'reference: found "t"; expected an incentive of several kinds'),
    ({"x": lambda rows: rows["x"].astype(str).mask(rows.index == 5, "five")}, 'adjust_for = ["x"]',
     r'row 7, column "x": found "five" among numbers \(1 of 320 values are none\).*missing = \{ x = \["five"\] \}'),
    ({"x": lambda rows: (rows["x"] + 1).map("{},234".format)}, "", r'"x": cannot tell whether \d,234 .*decimal = ","'),
    ({"y": codes("employed", "out of work")}, "", r'yes: the outcome y has employed, out of work; .*yes = \{ y = '),
    ({}, 'yes = { y = ["employd"] }', 'yes, y: found "employd"; expected one of'),
    ({"t": codes("None", "Cash")}, 'levels.t = { Csh = "cash" }', 'levels, t: found "Csh"; expected one of None, Cash'),
    ({}, 'kinds = ["z"]', 'there is no column "z"'),
    ({"t": codes("A", "B")}, 'reference = { t = "A" }\nstep = { t = 2 }', 'step: found "t"; expected an incentive'),
]  # fmt: skip


@pytest.mark.parametrize(("columns", "more", "message"), REFUSED)
def test_what_cannot_be_told_is_asked_with_the_line_that_would_tell_it(tmp_path, columns, more, message):
    with pytest.raises(KonbitError, match=message):
        kl.rows(kl.load(study(tmp_path, more + "\n", **columns) / "programme.toml"))


def test_what_is_declared_of_values_and_kinds_is_done(tmp_path):
    more = 'reference = { t = 2 }\nkinds = ["t"]\nyes = { y = ["employed"] }\nmissing = { x = ["n.d.", 3] }\n'
    columns = {"t": lambda rows: rows["v"] % 3 + 1, "y": lambda rows: np.where(rows["y"] > 0, "employed", "out")}
    columns |= {"x": lambda rows: rows["x"].astype(str).mask(rows["x"] == 6, "n.d.")}
    rows = kl.rows(kl.load(study(tmp_path, more, **columns) / "programme.toml"))
    assert list(rows["t"].cat.categories) == ["2", "1", "3"] and {*rows["y"]} == {0.0, 1.0}
    assert {*rows["x"].dropna()} == {0.0, 1.0, 2.0, 4.0, 5.0}


def test_a_code_for_nothing_is_no_number_where_nothing_else_is_below_zero(tmp_path):
    coded = {"x": lambda rows: rows["x"].mask(rows["x"] == 6, -99)}
    assert kl.rows(kl.load(study(tmp_path, **coded) / "programme.toml"))["x"].min() == 0
    balance = {"x": lambda rows: rows["x"].mask(rows["x"] == 6, -99).mask(rows["x"] == 5, -12)}
    assert kl.rows(kl.load(study(tmp_path, **balance) / "programme.toml"))["x"].min() == -99


@pytest.mark.parametrize(
    ("treatment", "labels"),
    [
        (codes("True", "False"), ["True", "False"]),
        (codes("Yes", "no"), None),
        (codes("oui", "non"), None),
        (codes("Témoin", "Bon"), ["Témoin", "Bon"]),
        (codes("Control group", "Voucher"), ["Control group", "Voucher"]),
        (codes("no", "x"), None),
        (codes("1 - oui", "0 - non"), None),
    ],
)
def test_yes_and_no_in_several_writings_are_yes_and_no_and_control_is_known(tmp_path, treatment, labels):
    rows = kl.rows(kl.load(study(tmp_path, t=treatment) / "programme.toml"))
    if labels and labels[0] not in ("True",):
        assert list(rows["t"].cat.categories) == labels
    else:
        assert {*rows["t"]} == {0.0, 1.0}


def test_the_step_that_is_declared_is_told(tmp_path):
    _, result, say = answered(study(tmp_path, "step = { t = 3 }\n", t=lambda rows: rows["v"] % 10))
    assert "with each 3 more of it" in str(say.headline(result))


def test_check_and_clean_say_how_a_study_is_read(tmp_path):
    file = str(study(tmp_path, t=codes("Control", "Cash", "Food")) / "programme.toml")
    done = CliRunner().invoke(main, ["check", "--programme", file])
    assert (done.exit_code, done.stdout.splitlines()[2]) == (
        0,
        't: 3 kinds (Control, Cash, Food), each compared with "Control"',
    )
    assert "Nothing is written" in CliRunner().invoke(main, ["clean", "--programme", file]).stdout


def test_a_study_speaks_its_words_in_each_language_or_is_refused(tmp_path):
    programme = kl.load(study(tmp_path) / "programme.toml")
    with pytest.raises(KonbitError, match=r'\[study\] title; \[study.units\] row; .*no words in "fr"'):
        kl.Say("fr", programme)
    both = {"row": "élève", "rows": "élèves", "group": "école", "groups": "écoles", "outcome": "ont réussi"}
    units = "[study.units]\n" + "".join(f'{name} = {{ en = "{name}", fr = "{text}" }}\n' for name, text in both.items())
    arms = 'levels.t = { Control = { en = "Control", fr = "Témoin" }, Cash = { en = "Cash", fr = "Argent" } }\n'
    t = {"t": codes("Control", "Cash"), "y": lambda rows: (rows["v"] % 2 + rows["x"]) % 3 == 1}
    folder = study(tmp_path, arms + units, **t)
    title = (
        (folder / "programme.toml").read_text().replace('"Does it help?"', '{ en = "Does it?", fr = "Aide-t-il ?" }')
    )
    (folder / "programme.toml").write_text(title)
    programme, result, _ = answered(folder)
    say = kl.Say("fr", programme)
    said = str(say.headline(result))
    assert "sur 100 élèves" in said and "ont réussi" in said and "dans 20 écoles" in said
    assert "**T : Argent" in said.replace("\u202f", " ") and "«\u202fTémoin\u202f»" in said
    assert say.incentive_rows(result)["label"].tolist() == ["T\u202f: Argent, contre Témoin"]
    with pytest.raises(KonbitError, match=r'\[study.levels\] t, Cash.*no words in "fr"'):
        kl.load(study(tmp_path / "one", arms.replace(', fr = "Argent"', ""), **t) / "programme.toml").check_language(
            "fr"
        )


def test_no_word_of_a_programme_is_said_of_a_study(tmp_path):
    """Every sentence of the page, of a study with a finding of each kind."""
    columns = {name: (lambda rows, k=k: (rows["v"] // k) % 2) for k, name in ((1, "t"), (2, "u"), (4, "w"))}
    columns |= {"y": lambda rows: (rows["t"] + rows["x"]) % 3 == 1, "rare": lambda rows: rows["v"] < 7}
    more = 'adjust_for = ["x"]\n'
    folder = study(tmp_path, more, **columns)
    toml = (folder / "programme.toml").read_text().replace('["t"]', '["t", "u", "w", "rare"]')
    (folder / "programme.toml").write_text(toml)
    _, result, say = answered(folder)
    said = [say.headline(result), say.best_incentive(result), say.base_rate(result), say.together(result)]
    said += [*say.cannot_tell(result), *say.missed(result), *say.explained_away(result), *say.method(result, ["x"])]
    said += [*say.strength_rule(result), say.numbers_caption(result), say.marks(result), say.left_out(result)]
    said += [say.how_many_agree(result), say.ways_explained(result), *say.changes_direction(result)]
    text = " ".join(str(one) for one in said if one)
    for word in ("participat", "took part", "offered", "organization", "incentive", "invitation", " rows", "0 of 0"):
        assert word not in text.lower(), text


def test_a_draft_of_a_study_asks_what_only_its_author_can_say(tmp_path, monkeypatch):
    """Codes of kinds, codes for nothing, which arm is the reference, which of two texts is yes; then it is answered."""
    columns = {
        "arm": codes("Cash", "Control", "Food"),
        "kind": lambda rows: rows["v"] % 3 + 1,
        "village": lambda rows: rows["v"],
    }
    columns |= {"y": codes("employed", "idle"), "x": lambda rows: rows["x"].mask(rows["x"] == 6, -99)}
    study(tmp_path / "raw", drop=["v", "t"], **columns)
    (tmp_path / "raw" / "programme.toml").unlink()
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["draft-programme", "raw"], catch_exceptions=False)
    assert done.exit_code == 0 and "study" in done.stdout
    text = (tmp_path / "programme.toml").read_text(encoding="utf-8")
    told = {line.partition(" #")[0].strip(): line for line in text.splitlines() if "OPEN: " in line}
    assert "the one of Cash, Control, Food" in told['reference."arm" = "Control"']
    assert '# missing."x" = ["-99"]' in told and '"-99" in 45 rows' in told['# missing."x" = ["-99"]']
    assert "names of kinds? If an amount: step" in told['# kinds = ["kind"]'] and '# yes."y" = ["employed"]' in told
    assert {'incentives = ["arm"]', 'cluster = ["village"]', 'outcome = "OPEN: which column?"'} <= {*told}
    check = CliRunner().invoke(main, ["check"])
    assert check.exit_code == 2 and 'no column "OPEN: which column?"' in check.stderr
    text = text.replace('outcome = "OPEN: which column?"', 'outcome = "y"').replace("# yes", "yes")
    (tmp_path / "programme.toml").write_text(text, encoding="utf-8")
    check = CliRunner().invoke(main, ["check"], catch_exceptions=False)
    assert check.exit_code == 0 and 'arm: 3 kinds (Control, Cash, Food), each compared with "Control"' in check.stdout
