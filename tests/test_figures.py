# ruff: noqa: E501  (sentences stand whole)
"""Figures: small, repeatable, with alt text, caption and numbers, for every kind of answer."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
from bs4 import BeautifulSoup
from PIL import Image
from reporting_example import ROWS, result

from konbit_lessons import figures
from konbit_lessons.figures import dots, incentive_figure, targets

SHARES = pd.DataFrame(
    {"label": ["Service providers (CDSPs)", "Awardees"], "estimate": [0.55, 0.31], "low": [0.5, 0.2], "high": [0.6, 0.42], "n": [1200, 600]}
)  # fmt: skip


def test_the_same_numbers_give_the_same_bytes():
    assert incentive_figure(result()).png == incentive_figure(result()).png


def test_the_picture_is_a_small_palette_png_without_the_name_of_its_software():
    png = incentive_figure(result()).png
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.mode == "P"
        assert picture.width == 2 * figures.WIDTH
        assert picture.info == {}
    assert len(png) <= 40_000


def test_the_heading_states_the_main_point_or_that_there_is_none():
    assert incentive_figure(result()).heading == "Business showcase goes with 11 more of 100 invitations taken up"
    assert incentive_figure(result(ROWS[2:])).heading == "The data show no incentive that goes with more participation"


def test_alt_text_and_table_hold_every_row_with_its_answer():
    figure = incentive_figure(result())
    assert (
        "Peer exchange: it was offered at only 2 events: 60 of 76, otherwise 920 of 1,724, cannot tell." in figure.alt
    )
    assert figure.table.to_numpy().tolist()[0] == [
        "Business showcase",
        "+11",
        "+4",
        "+18",
        "612 invitations at 14 events",
        "clear",
    ]
    assert figure.table["Answer"].tolist() == ["clear", "uncertain", "no sign", "likely", "cannot tell", "cannot tell"]
    assert figure.table.iloc[-1, 1:4].tolist() == ["–", "–", "–"]


def test_a_figure_shows_as_one_html_figure_with_its_numbers():
    soup = BeautifulSoup(incentive_figure(result())._repr_html_(), "html.parser")
    assert soup.figure.img["alt"].startswith("Dot plot of 6 incentives.")
    assert soup.figure.img["src"].startswith("data:image/png;base64,")
    assert soup.figcaption.get_text().startswith("1,800 invitations.")
    assert {th["scope"] for th in soup.details.find_all("th")} == {"row", "col"}


def test_columns_of_words_are_set_left_and_those_of_numbers_right():
    numbers = pd.DataFrame(
        [["A", "Linear model", "+2", "1 of 9", "clear"], ["B", "– by bootstrap", "–", "–", "–"]],
        columns=["Incentive", "Way", "Difference", "Rests on", "Answer"],
    )
    soup = BeautifulSoup(replace(incentive_figure(result()), table=numbers)._repr_html_(), "html.parser")
    assert [th.get_text() for th in soup.select("thead .number")] == ["Difference"]


def test_no_text_leaves_the_picture_whatever_its_length_or_letters():
    odd = [("x", "Long " * 60 + "W" * 90, *ROWS[0][2:]), ("y", "日本 \u202e \x00 $x_1$ \U0001f600 {a}", *ROWS[1][2:])]
    with Image.open(io.BytesIO(incentive_figure(result(odd)).png)) as picture:
        pixels = np.asarray(picture.convert("L"))
    assert (pixels[:, :8] > 250).all()
    assert (pixels[:, -8:] > 250).all()


def test_a_single_row_that_cannot_be_told_still_makes_a_figure():
    figure = incentive_figure(result(ROWS[-1:]))
    assert figure.heading == "The data show no incentive that goes with more participation"
    assert len(figure.png) > 1000


def test_shares_and_targets_have_their_figures():
    said = {
        "heading": "More service providers came",
        "subtitle": "Share of invitations taken up",
        "caption": "1,800 invitations",
    }
    shares = dots(SHARES, **said)
    assert shares.alt == (
        "More service providers came. Service providers (CDSPs): 55 % (50 to 60), n = 1,200. Awardees: 31 % (20 to 42), n = 600."
    )
    assert shares.table.to_numpy().tolist()[1] == ["Awardees", "31", "20", "42", "600"]
    reached = targets(pd.DataFrame({"label": ["Awardees"], "reached": [30], "target": [37]}), **said)
    assert reached.table.to_numpy().tolist() == [["Awardees", "30", "37"]]
    assert reached.png != shares.png


def test_the_numbers_behind_a_figure_travel_with_it_as_csv():
    said = {"heading": "h", "subtitle": "s", "caption": "c"}
    bundle = dots(SHARES, **said, name="uptake")._repr_mimebundle_()
    assert bundle["application/vnd.konbit+json"] == {
        "name": "uptake",
        "csv": "label,estimate,low,high,n\nService providers (CDSPs),0.55,0.5,0.6,1200\nAwardees,0.31,0.2,0.42,600\n",
    }
    assert "application/vnd.konbit+json" not in dots(SHARES, **said)._repr_mimebundle_()
