"""Figures and tables: the same words, numbers and bytes from one frame, at both widths."""

import base64
import io
import json
import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import seaborn as sns
import seaborn.objects as so
from bs4 import BeautifulSoup
from PIL import Image

import konbit_lessons as kl
from konbit_lessons.errors import PlotError
from konbit_lessons.figures.drawing import WIDE
from konbit_lessons.figures.markup import FOR_WORD
from konbit_lessons.figures.vector import Vector, shortened
from konbit_lessons.show import CARRIED

say = kl.Say()
SHARES = pd.DataFrame(
    {
        "label": ["Training", "Round table", "Seed fair of the unions of the south and of the river"],
        "share": [0.45, 0.5, np.nan],
        "conf_low": [0.38, 0.4, np.nan],
        "conf_high": [0.52, 0.61, np.nan],
        "n": [100, 200, 30],
    }
)


def dots(frame=SHARES):
    ends = {"xmin": "conf_low", "xmax": "conf_high"}
    return so.Plot(frame, x="share", y="label", **ends).add(so.Range()).add(so.Dot())


def shown(plot=None, frame=SHARES, **options):
    given = {"finding": say("**{share:percent}** came to round tables{interval}", **SHARES.iloc[1]), "name": "uptake"}
    return kl.show(plot if plot is not None else dots(frame), frame, **given | options)


def curve():
    _, axes = plt.subplots()
    sns.lineplot(SHARES.dropna(), x="n", y="share", ax=axes)
    return axes


def test_eight_draws_of_one_plot_are_the_same_bytes():
    assert len({shown()._pictures for _ in range(8)}) == 1


@pytest.mark.parametrize("plot", [dots, curve, lambda: curve().figure], ids=["objects", "axes", "figure"])
def test_any_plot_becomes_a_picture_for_a_phone_and_one_for_a_page(plot):
    html = BeautifulSoup(shown(plot())._repr_html_(), "html.parser")
    assert [(one["class"], one["viewbox"].split()[2]) for one in html.select("[role=img] > svg")] == [
        (["narrow"], "328"),
        (["wide"], "640"),
    ]


def test_its_text_is_text_and_its_marks_stand_where_their_values_are():
    narrow, _ = (BeautifulSoup(one, "html.parser") for one in shown()._pictures)
    said = [one.get_text() for one in narrow.find_all("text")]
    assert {"45\u202f% (38 to 52), n = 100".replace("\u202f", " "), "Training"} <= set(said)
    ticks = {one.get_text(): float(one["x"]) for one in narrow.find_all("text") if one.get("text-anchor") == "middle"}
    dots = [one["d"] for one in narrow.find_all("path") if "c" in one["d"]]
    middles = [float(re.match(r"m([\d.]+)", one)[1]) for one in dots]
    scale = (ticks["60"] - ticks["40"]) / 20
    assert middles == pytest.approx([ticks["40"] + 5 * scale, ticks["40"] + 10 * scale], abs=0.3)


def test_a_picture_for_a_word_file_is_drawn_only_where_one_is_asked_for(monkeypatch):
    assert "png" not in shown()._carried()
    monkeypatch.setenv(FOR_WORD, "1")
    assert base64.b64decode(shown()._carried()["png"]).startswith(b"\x89PNG")


def test_a_plot_that_no_lines_and_letters_draw_is_a_png():
    _, axes = plt.subplots()
    axes.imshow([[0, 1], [1, 0]])
    narrow, wide = (BeautifulSoup(one, "html.parser").img for one in shown(axes)._pictures)
    png = base64.b64decode(narrow["src"].partition(",")[2])
    assert (narrow["class"], wide["class"], Image.open(io.BytesIO(png)).size[0]) == (["narrow"], ["wide"], 656)


def test_what_pyplot_drew_is_not_shown_a_second_time_by_the_notebook():
    axes = curve()
    assert axes.figure.number in plt.get_fignums()
    shown(axes)
    assert plt.get_fignums() == []


def test_alt_text_and_table_say_the_same_from_one_frame():
    figure = shown()
    assert figure.alt == (
        "50 % came to round tables (95 % interval 40 to 61). Training: 45 % (38 to 52), n = 100. "
        "Round table: 50 % (40 to 61), n = 200. Seed fair of the unions of the south and of the river: not shown."
    )
    assert figure.cells.to_numpy().tolist()[0] == ["Training", "45", "38", "52", "100"]
    assert figure.cells.to_numpy().tolist()[2][1:] == ["–", "–", "–", "30"]


def test_a_row_without_a_number_says_why_where_the_frame_does():
    figure = shown(frame=SHARES.assign(why="too few came"))
    assert figure.alt.endswith("of the river: too few came.")


def test_what_a_figure_carries_is_its_csv_and_the_numbers_of_its_sentences():
    carried = shown()._repr_mimebundle_()[CARRIED]
    assert carried["name"] == "uptake"
    assert carried["csv"].splitlines()[1] == "Training,0.45,0.38,0.52,100"
    assert carried["sentences"] == [["50 % came to round tables (95 % interval 40 to 61)", "share", 0.5, 0.4, 0.61]]
    assert json.loads(json.dumps(carried)) == carried


def test_a_figure_is_saved_for_a_slide(tmp_path):
    shown().savefig(tmp_path / "a.svg", width=1200)
    shown().savefig(tmp_path / "a.png", width=400)
    assert "<svg" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size[0] == 1200
    assert len(shown().axes) == 1


@pytest.mark.parametrize("frame", [SHARES.iloc[:0], SHARES], ids=["no rows", "nothing to say"])
def test_where_there_is_nothing_to_show_nothing_reaches_a_page(frame):
    finding = say("x") if frame.empty else None
    assert shown(dots(), frame, finding=finding)._repr_mimebundle_()[CARRIED] == {"part": "nothing"}


def test_where_three_rows_are_alike_a_sentence_is_shown_and_their_csv_stays():
    alike = pd.DataFrame({"label": list("abc"), "share": [1.0] * 3, "n": [3, 4, 5]})
    plot = so.Plot(alike, x="share", y="label").add(so.Dot())
    told = shown(plot, alike)
    assert (
        told._repr_html_()
        == "<p><strong>50\u202f%</strong> came to round tables (95\u202f% interval 40 to 61)</p>".replace("\u202f", " ")
    )
    assert told._repr_mimebundle_()[CARRIED]["csv"].splitlines()[3] == "c,1,5"
    assert "<svg" in shown(plot, alike.iloc[:2])._repr_html_()


def test_of_many_quarters_as_many_are_named_as_there_is_room_for_and_the_last_is():
    of = [f"Q{n}" for n in range(12)]
    frame = pd.DataFrame({"quarter": of, "share": np.linspace(0, 1, 12)})
    plot = so.Plot(frame, x="quarter", y="share").add(so.Line())
    narrow, wide = shown(plot, frame, says="{quarter}: {share:percent}.")._pictures
    named = [re.findall(r">(Q\d+)<", one) for one in (narrow, wide)]
    assert [sorted(one, key=of.index) for one in named] == [["Q2", "Q5", "Q8", "Q11"], of[1::2]]


def test_a_plot_that_raises_says_what_is_wrong_in_a_line():
    plot = so.Plot(SHARES, x="share", y="label", color="label").add(so.Dot()).scale(color={"Training": "blue"})
    with pytest.raises(PlotError, match="the plot cannot be drawn") as told:
        shown(plot)._repr_html_()
    assert told.value.__suppress_context__


def test_a_column_that_the_frame_lacks_is_named_with_those_it_has():
    with pytest.raises(ValueError, match=r"found .{chare}.*label, share, conf_low"):
        shown(says="{label}: {chare:percent}")
    with pytest.raises(ValueError, match="at most 7 columns; found 8"):
        kl.table(SHARES, dict.fromkeys("abcdefgh", "{n}"), caption=say("x"))


def test_a_table_is_read_from_templates_and_escapes_what_it_shows():
    frame = pd.DataFrame({"label": ["<script>x</script>"], "share": [0.5], "conf_low": [0.4], "conf_high": [0.6]})
    table = kl.table(frame, {say("Group"): "{label}", say("Percent"): "{share:percent}{interval}"}, caption=say("All"))
    html = table._repr_html_()
    assert "<script>" not in html
    assert "50 % <wbr>(95 % interval 40 to 60)" in html


def test_a_sheet_holds_numbers_days_and_dashes_under_the_words_of_the_page():
    values = {"n": [3, np.nan], "share": [0.123, np.nan], "conf_low": [0.1, np.nan], "conf_high": [np.inf, np.nan]}
    frame = pd.DataFrame({"on": pd.to_datetime(["2017-06-30", None]), **values, "estimate": [-0.05, 0.004]})
    fr = kl.Say("fr")
    cells = {
        "Jour": "{on:date}",
        "Part": "{share:percent} ({range})",
        "Différence": "{estimate:signed}{ends}",
        "n": "{n}",
    }
    sheet = kl.table(frame, cells, caption=fr("Tout."), name="x")._repr_mimebundle_()[CARRIED]["sheet"]
    kinds = ["date", "percent", "percent", "percent", "signed", "points", "points", ""]
    ends = ["{} – Borne basse", "{} – Borne haute"]
    heads = ["Jour", *(one.format(of) for of in ("Part", "Différence") for one in ["{}", *ends]), "n"]
    assert sheet["columns"] == [list(one) for one in zip(heads, kinds, strict=True)]
    assert sheet["rows"] == [["2017-06-30", 0.123, 0.1, "∞\u202f%", -5.0, 10.0, "∞", 3], [*"––––", 0.4, *"–––"]]


def test_prose_leaves_out_what_is_not_said():
    assert kl.prose([None, say("One."), ""])._repr_html_() == "<p>One.</p>"
    assert kl.prose([None])._repr_mimebundle_()[CARRIED] == {"part": "nothing"}


def test_a_letter_that_the_font_lacks_stops_no_figure():
    shown(frame=SHARES.assign(label=["文化", "b $x$ c", "c"]))._repr_html_()


def test_each_facet_reads_out_its_own_rows():
    """Rows of one name stand in every facet: each has its own number beside it, without the names of both."""
    frame = pd.DataFrame({"of": ["A", "A", "B", "B"], "label": ["one", "two"] * 2, "estimate": [0.1, 0.2, 0.3, 0.4]})
    plot = so.Plot(frame, x="estimate", y="label").facet(row="of").add(so.Dot())
    figure = kl.show(plot, frame, finding=kl.Say("en")("Four"), says="{of}, {label}: {estimate:signed}.")
    written = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert written == [["+10", "+20"], ["+30", "+40"]]


def test_a_picture_of_many_rows_is_shortened_and_its_marks_and_bars_stay_where_they_were():
    rows = pd.DataFrame({"label": [f"row {at:03}" for at in range(80)], "share": np.linspace(0.1, 0.9, 80)})
    rows = rows.assign(conf_low=rows["share"] - 0.05, conf_high=rows["share"] + 0.05)
    with kl.show(dots(rows), rows, name="many", finding=say("x"))._ready(WIDE) as canvas:
        long = Vector(canvas).svg("wide")
    short = shortened(long)
    assert len(short) < 0.6 * len(long)
    marks = re.findall(r"m(\S+ \S+?)(?=c)", long)
    assert len(marks) == 80 and marks == re.findall(r"[mM](\S+ \S+?)(?=a[\d.]+ [\d.]+ 0 1 1 \.1 0z)", short)
    bars = re.compile(r"[mM](\S+ \S+?l\S+ 0)(?![\d.l-])")
    assert sorted(bars.findall(short)) == sorted(bars.findall(long)) and len(bars.findall(long)) >= 80


def test_each_facet_has_its_names_at_either_width_and_one_without_rows_no_numbers_of_another():
    long = "a name that is so long that it takes two lines beside the marks"
    kinds = pd.Categorical(["A", "A", "B", "B"], ["A", "B", "C"])
    frame = pd.DataFrame({"of": kinds, "label": ["one", long] * 2, "estimate": [0.1, 0.2, 0.3, 0.4]})
    plot = so.Plot(frame, x="estimate", y="label").facet(row="of").add(so.Dot())
    figure = kl.show(plot, frame, finding=kl.Say("en")("Four"), says="{of}, {label}: {estimate:signed}.")
    wide = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert wide == [["+10", "+20"], ["+30", "+40"], []]
    for picture in figure._pictures:
        said = re.sub("<[^>]+>", " ", picture)
        assert [said.count(one) for one in ("one", "so long", "+20", "+30")] == [3, 3, 2, 2], "each, and the axis"
