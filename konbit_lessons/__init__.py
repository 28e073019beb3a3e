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

_FROM = {  # module → names; imported when first used, so that `import konbit_lessons` is quick
    "errors": "KonbitError",
    "field.sources": "read",
    "field.programme": "load",
    "field.cleaning": "clean",
    "field.store": "cleaned",
    "panel": "rows invitations",
    "incentives": "estimate predict_participation Estimates coef_test wald_test effects firth",
    "say": "Say Sentence",
    "show": "show table prose items Opening Figure THEME MARKS COLOURS",
    "reports.make": "make_reports",
    "reports.narrative": "own_words",
}
_PUBLIC = {name: module for module, names in _FROM.items() for name in names.split()}
__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__() -> list[str]:
    return __all__
