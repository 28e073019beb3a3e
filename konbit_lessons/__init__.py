"""Which incentives predict participation? From raw engagement records to honest, readable reports.

A tour, in the order of the work::

    import konbit_lessons as kl

    raw = kl.read("export.xlsx", form="form.xlsx")   # any one field export, as text
    programme = kl.load("programme.toml")            # which files feed which table, and what is asked
    data = kl.clean(programme)                       # data.survey, data.events, …, data.cleaning_log, data.set_aside
    rows = kl.invitations(data)                      # one row per invitation, only what was known before the event
    result = kl.predict_participation(rows, **programme.question)
    result.table                                     # term, label, estimate, conf_low, conf_high, …
    result.figure()
    result.sentences()

``kl.rows(programme, quarter="FY2017Q3")`` does the steps up to the rows in one. On the command line: ``konbit --help``.
"""

from importlib import import_module
from typing import TYPE_CHECKING

_PUBLIC = {  # name → module; imported when first used, so that `import konbit_lessons` is quick
    "KonbitError": "errors",
    "read": "field.sources",
    "load": "field.programme",
    "clean": "field.cleaning",
    "cleaned": "field.store",
    "invitations": "panel",
    "rows": "question",
    "predict_participation": "incentives",
    "uptake": "measures.participation",
    "expected": "measures.expectations",
    "data_quality": "measures.quality",
    "dots": "figures",
    "targets": "figures",
    "Opening": "parts",
    "Prose": "parts",
    "Table": "parts",
    "incentive_table": "parts",
    "make_reports": "reports",
}
__all__ = [
    "KonbitError",
    "Opening",
    "Prose",
    "Table",
    "clean",
    "cleaned",
    "data_quality",
    "dots",
    "expected",
    "incentive_table",
    "invitations",
    "load",
    "make_reports",
    "predict_participation",
    "read",
    "rows",
    "targets",
    "uptake",
]

if TYPE_CHECKING:
    from konbit_lessons.errors import KonbitError
    from konbit_lessons.field.cleaning import clean
    from konbit_lessons.field.programme import load
    from konbit_lessons.field.sources import read
    from konbit_lessons.field.store import cleaned
    from konbit_lessons.figures import dots, targets
    from konbit_lessons.incentives import predict_participation
    from konbit_lessons.measures.expectations import expected
    from konbit_lessons.measures.participation import uptake
    from konbit_lessons.measures.quality import data_quality
    from konbit_lessons.panel import invitations
    from konbit_lessons.parts import Opening, Prose, Table, incentive_table
    from konbit_lessons.question import rows
    from konbit_lessons.reports import make_reports


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
