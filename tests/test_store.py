"""Cleaned tables on disk: whole or not at all, the same when read back, and cleaned anew when anything changed."""

import pandas as pd
import pytest

import konbit_lessons as kl
from konbit_lessons import publish
from konbit_lessons.field import store


def _bytes(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_is_read_back_is_what_was_cleaned(whole):
    store.write(whole)
    back = store.cleaned(whole.programme)
    for name, rows in whole.tables.items():
        pd.testing.assert_frame_equal(rows, back.tables[name])
    for name in store.LISTS:
        pd.testing.assert_frame_equal(getattr(whole, name), getattr(back, name), check_dtype=False)
    assert back.notices == whole.notices


def test_the_same_raw_files_give_the_same_bytes(tiny):
    data = tiny.clean()
    store.write(data)
    first = _bytes(data.programme.processed)
    store.write(tiny.clean())
    assert _bytes(data.programme.processed) == first


def test_a_changed_raw_file_is_cleaned_anew(tiny):
    programme = kl.load(tiny.toml)
    assert len(kl.cleaned(programme).conversations) == 2
    tiny.add("conversations.csv", "CDSP-002,2017-01-02,")
    assert len(kl.cleaned(programme).conversations) == 3


def test_text_that_would_run_as_a_formula_is_escaped_and_comes_back(tiny):
    tiny.add("invitations.csv", '"E001","=HYPERLINK(""x"")"')
    tiny.add("invitations.csv", "E001,'@already")
    data = tiny.clean()
    store.write(data)
    text = (data.programme.processed / "set_aside.csv").read_text(encoding="utf-8-sig")
    assert "'=HYPERLINK" in text and "''@already" in text
    assert store.cleaned(data.programme).set_aside["value"].tolist() == ['=HYPERLINK("x")', "'@already"]


def test_a_failed_write_leaves_no_half_file_and_is_not_taken_for_whole(tiny, monkeypatch):
    programme = kl.load(tiny.toml)
    before = kl.cleaned(programme)
    tiny.add("conversations.csv", "CDSP-002,2017-01-02,")

    calls = iter(range(100))

    def full(_):
        if next(calls) == 5:
            raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(publish.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            kl.cleaned(programme)
    assert not list(programme.processed.glob(f"{publish.UNFINISHED}*"))
    assert not (programme.processed / store.STAMP).exists()
    assert len(kl.cleaned(programme).conversations) == len(before.conversations) + 1
