"""The formula of a question: its two sides, the columns it names, and in words what is wrong with it.

Takes a text as of statsmodels ("attended ~ refund * org_type + np.log1p(hours)"), or the names of columns; returns a
``Formula``. Formulas see the columns of the rows, numpy as ``np``, and the functions of patsy; nothing of the caller.
"""

import ast
import builtins
import json
import keyword
import re
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from konbit_lessons.errors import ModelError

NAMESPACE = {"np": np}
TRANSFORMS = {"C", "I", "Q", "Treatment", "Poly", "Sum", "Helmert", "Diff"}
TRANSFORMS |= {"bs", "cr", "cc", "te", "center", "standardize", "scale"}
KNOWN = {*TRANSFORMS, *NAMESPACE}
TEXT = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
NUMBERS = {"inf", "infinity", "nan"}  # which patsy reads as such
EXAMPLE = 'such as "attended ~ refund + org_type"'


@dataclass(frozen=True)
class Formula:
    """The two sides of a formula, and the columns that each of them names, in their order."""

    left: str
    right: str
    outcome: tuple
    columns: tuple

    def __str__(self):
        return f"{self.left} ~ {self.right}"


def by_names(outcome, incentives, adjust_for=()):
    """The formula of an outcome, incentives and adjusters given by their names.

    >>> by_names("attended", ["refund"], ["org type"])
    'attended ~ refund + Q("org type")'
    """
    named = [outcome, *incentives, *adjust_for]
    if twice := sorted({str(name) for name in named if named.count(name) > 1}):
        raise ModelError(f"named twice: {', '.join(twice)}. Name each column once: outcome, incentive or adjuster.")
    return f"{quoted(outcome)} ~ {' + '.join(map(quoted, named[1:]))}"


def quoted(name):
    """A column's name as it stands in a formula: as it is, or within ``Q("…")``."""
    reserved = keyword.iskeyword(name) or name in {*KNOWN, "Intercept"} or name.casefold() in NUMBERS
    plain = name.isidentifier() and name.isascii() and not reserved
    return name if plain else f"Q({json.dumps(name, ensure_ascii=False)})"


def unquoted(text):
    """A formula's term without ``Q("…")`` around names, as it is shown."""
    return re.sub(r'Q\(("(?:[^"\\]|\\.)*")\)', lambda found: json.loads(found[1]), text)


def mentions(text, name):
    """Whether a term of a formula, or a column of its matrix, names this column of the rows."""
    return re.search(rf"(?<![\w.]){re.escape(quoted(name))}(?!\w)", text) is not None


def read_formula(text, columns):
    """Take a formula apart and check it against the columns there are.

    Raises
    ------
    ModelError
        It does not parse, names what is no column and no function, or has the outcome on both sides.

    Examples
    --------
    >>> read_formula("attended ~ np.log1p(hours) * C(kind, Treatment('x'))", ["attended", "hours", "kind"]).columns
    ('hours', 'kind')
    """
    if not isinstance(text, str):
        raise ModelError(f"formula: found a {type(text).__name__}; expected a text, {EXAMPLE}.")
    text = " ".join(text.split("\n")).strip()
    bare = re.sub(TEXT, lambda found: "_" * len(found[0]), text)
    at = bare.find("~")
    left, right = text[:at].strip(), text[at + 1 :].strip()
    if bare.count("~") != 1 or not left or not right:
        raise ModelError(f'formula: found {text!r}; expected one outcome, "~", and what may go with it, {EXAMPLE}.')
    outcome, names = (_names(side, text, columns) for side in (left, right))
    if both := [name for name in outcome if name in names]:
        raise ModelError(
            f'formula: "{both[0]}" stands on both sides of {text!r}; what is asked about cannot predict itself. '
            'Take it out on the right of "~".'
        )
    return Formula(left, right, outcome, names)


def unknown_column(name, columns):
    """The error about a name that is no column of the rows, with those it may have meant."""
    near = get_close_matches(str(name), [str(one) for one in columns], n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The rows have {', '.join(map(str, columns))}."
    return ModelError(f'column "{name}" is not in the rows. {hint}')


def does_not_parse(text, problem):
    """The error about a formula that no design can be made of."""
    return ModelError(f"formula: {text!r} cannot be read ({str(problem).splitlines()[0]}). Write it {EXAMPLE}.")


def _names(side, text, columns):
    """The columns that one side names, in order; what is called must be a function that formulas have."""
    found, nodes = [], [node for tree in _parsed(side, text) for node in tree]
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    for node in nodes:
        if isinstance(node, ast.Call):
            quoted_name = node.args and isinstance(node.args[0], ast.Constant) and ast.unparse(node.func) == "Q"
            found += [node.args[0].value] if quoted_name else []
        elif node in called:
            _check_function(node.id, text)
        elif node.id in columns or node.id not in KNOWN:
            found.append(node.id)
    for name in found:
        if name not in columns:
            raise unknown_column(name, columns)
    return tuple(dict.fromkeys(found))


def _parsed(side, text):
    """The names and calls in each factor of one side, in their order."""
    import patsy

    try:
        terms = patsy.ModelDesc.from_formula(side).rhs_termlist
        trees = [ast.parse(factor.code) for term in terms for factor in term.factors]
    except (patsy.PatsyError, SyntaxError) as problem:
        raise does_not_parse(text, problem) from None
    nodes = [[node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Call)] for tree in trees]
    return [sorted(some, key=lambda node: node.col_offset) for some in nodes]


def _check_function(name, text):
    if name not in KNOWN and not hasattr(builtins, name):
        raise ModelError(
            f'formula: found {name}(…) in {text!r}; a formula knows numpy, as in "np.log1p(hours)", and '
            f"{', '.join(sorted(TRANSFORMS))}. Or make a column of the rows first."
        )
