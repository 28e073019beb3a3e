"""Names of columns as they stand in a formula of statsmodels, whatever signs they hold."""

import json
import keyword

TRANSFORMS = {"C", "I", "Q", "Treatment", "Poly", "Sum", "Helmert", "Diff"}
TRANSFORMS |= {"bs", "cr", "cc", "te", "center", "standardize", "scale"}
KNOWN = {*TRANSFORMS, "np"}
NUMBERS = {"inf", "infinity", "nan"}  # which patsy reads as such


def quoted(name: str) -> str:
    """A column's name as it stands in a formula: as it is, or within ``Q("…")``.

    >>> quoted("age"), quoted("Age (years)")
    ('age', 'Q("Age (years)")')
    """
    reserved = keyword.iskeyword(name) or name in {*KNOWN, "Intercept"} or name.casefold() in NUMBERS
    plain = name.isidentifier() and name.isascii() and not reserved
    return name if plain else f"Q({json.dumps(name, ensure_ascii=False)})"
