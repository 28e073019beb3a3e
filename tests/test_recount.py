"""Every number of the tables beside the pages is what other code counts from the cleaned tables."""

import shutil

import pandas as pd
import pytest
from notebook_run import ROOT, run_notebook, shown
from recount import compare
from threadpoolctl import threadpool_limits

import konbit_lessons.show as showing
from konbit_lessons.figures.drawing import Drawing

PAGES = ("participation", "expectations", "incentives", "data_quality", "learning_report")
CELLS = {
    ("example", "internal"): 2000,
    ("example", "shared"): 1590,
    ("senegal", "internal"): 970,
    ("senegal", "shared"): 615,
}
FOLDERS = {"example": (ROOT, "FY2017Q3"), "senegal": (ROOT / "examples" / "senegal", "FY2024Q4")}


def tables(monkeypatch, folder, programme, audience):
    """Run the notebooks in a copy of a programme's folder, and write the CSV files that stand beside its pages."""
    source, quarter = FOLDERS[programme]
    for name in ("programme.toml", "data/raw", "narrative"):
        if (source / name).is_dir():
            shutil.copytree(source / name, folder / name)
        elif (source / name).exists():
            shutil.copy(source / name, folder / name)
    (folder / "tables").mkdir()
    carried = showing._carried

    def kept(*told):
        found = carried(*told)
        if "csv" in found:
            (folder / "tables" / f"{found['name']}.csv").write_text(found["csv"], encoding="utf-8")
        return found

    monkeypatch.setattr(showing, "_carried", kept)
    monkeypatch.setattr(Drawing, "png", lambda self: "")
    for page in PAGES:
        shown(run_notebook(page, folder, audience=audience, quarter=quarter))
    return folder / "programme.toml", folder / "tables", quarter


@pytest.mark.slow
@threadpool_limits.wrap(limits=1, user_api="blas")  # more only wait, at this size
@pytest.mark.parametrize(("programme", "audience"), CELLS)
def test_the_tables_of_all_pages_are_what_other_code_counts(monkeypatch, tmp_path, programme, audience):
    toml, folder, quarter = tables(monkeypatch, tmp_path, programme, audience)
    cells, wrong, left = compare(toml, folder, quarter, shared=audience == "shared")
    assert wrong == [] and cells >= CELLS[programme, audience], (cells, left)
    if audience == "internal":
        (off := tmp_path / "off").mkdir()
        page = pd.read_csv(folder / "uptake_by_event_type.csv")
        page.assign(attended=page["attended"] + (page.index == 1)).to_csv(off / "uptake_by_event_type.csv")
        assert len(compare(toml, off, quarter)[1]) == 1, "one cell that is off is found"
