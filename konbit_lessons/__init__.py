"""Which incentives predict participation? From raw engagement records to honest, readable reports.

A tour, in the order of the work::

    import konbit_lessons as kl

    raw = kl.read("export.xlsx", form="form.xlsx")   # any one field export, as text
    programme = kl.load("programme.toml")            # which files feed which table, and what is asked
    data = kl.clean(programme)                       # data.survey, data.events, …, data.cleaning_log, data.set_aside
    rows = kl.rows(programme)                        # one row per invitation, only what was known before the event
    result = kl.estimate(programme.formula, rows, incentives=programme.incentives)
    result.table                                     # term, label, estimate, conf_low, conf_high, …
    result.fit.summary()                             # with standard errors that allow for organizations and events

    say = kl.Say("en", programme)                    # numbers → sentences that keep their numbers
    kl.show(plot, frame, finding=say("…"))           # a seaborn plot and its frame → a figure for phone and page

On the command line: ``konbit --help``.
"""

from importlib import import_module

_PUBLIC = {  # name → module; imported when first used, so that `import konbit_lessons` is quick
    "KonbitError": "errors",
    "read": "field.sources",
    "load": "field.programme",
    "clean": "field.cleaning",
    "cleaned": "field.store",
    "rows": "panel",
    "invitations": "panel",
    "estimate": "incentives",
    "predict_participation": "incentives",
    "Estimates": "incentives",
    "coef_test": "incentives",
    "wald_test": "incentives",
    "effects": "incentives",
    "firth": "incentives",
    "Say": "say",
    "Sentence": "say",
    "show": "show",
    "table": "show",
    "prose": "show",
    "items": "show",
    "Opening": "show",
    "Figure": "show",
    "THEME": "show",
    "MARKS": "show",
    "COLOURS": "show",
    "make_reports": "reports.make",
    "own_words": "reports.narrative",
}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
