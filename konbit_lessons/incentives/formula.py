"""The formula of a question: its two sides, the columns it names, and in words what is wrong with it.

Takes a text as of statsmodels ("attended ~ refund * org_type + np.log1p(hours)"), or the names of columns; returns a
``Formula``. Formulas see the columns of the rows, numpy as ``np``, and the functions of patsy; nothing of the caller.
"""

import ast
import builtins
import io
import json
import keyword
import re
import tokenize
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np

from konbit_lessons.errors import ModelError

NAMESPACE = {"np": np}
TRANSFORMS = {"C", "I", "Q", "Treatment", "Poly", "Sum", "Helmert", "Diff"}
TRANSFORMS |= {"bs", "cr", "cc", "te", "center", "standardize", "scale"}
OPERATOR = tokenize.OP
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
    if not incentives:
        raise ModelError("incentives: found none; name at least one column of the rows.")
    if twice := sorted({str(name) for name in named if named.count(name) > 1}):
        raise ModelError(f"named twice: {', '.join(twice)}. Name each column once: outcome, incentive or adjuster.")
    return f"{quoted(outcome)} ~ {' + '.join(map(quoted, named[1:]))}"


def quoted(name):
    """A column's name as it stands in a formula: as it is, or within ``Q("…")``."""
    reserved = keyword.iskeyword(name) or name in {*TRANSFORMS, *NAMESPACE, "Intercept"}
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
    tokens = _tokens(text)
    places = [i for i, token in enumerate(tokens) if token.string == "~" and token.type == OPERATOR]
    if len(places) != 1 or places[0] in (0, len(tokens) - 1):
        raise ModelError(f'formula: found {text!r}; expected one outcome, "~", and what may go with it, {EXAMPLE}.')
    at = places[0]
    outcome, names = (_names(side, text, columns) for side in (tokens[:at], tokens[at + 1 :]))
    if both := [name for name in outcome if name in names]:
        raise ModelError(
            f'formula: "{both[0]}" stands on both sides of {text!r}; what is asked about cannot predict itself. '
            'Take it out on the right of "~".'
        )
    cut = tokens[at].start[1]
    return Formula(text[:cut].strip(), text[cut + 1 :].strip(), outcome, names)


def unknown_column(name, columns):
    """The error about a name that is no column of the rows, with those it may have meant."""
    near = get_close_matches(str(name), [str(one) for one in columns], n=3)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"The rows have {', '.join(map(str, columns))}."
    return ModelError(f'column "{name}" is not in the rows. {hint}')


def does_not_parse(text, problem):
    """The error about a formula that no design can be made of."""
    return ModelError(f"formula: {text!r} cannot be read ({str(problem).splitlines()[0]}). Write it {EXAMPLE}.")


def _tokens(text):
    kept = (tokenize.NAME, tokenize.OP, tokenize.NUMBER, tokenize.STRING, tokenize.ERRORTOKEN)
    try:
        found = [token for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type in kept]
    except (tokenize.TokenError, SyntaxError) as problem:
        raise does_not_parse(text, problem.args[0]) from None
    return [token for token in found if token.string.strip()]


def _names(tokens, text, columns):
    """The columns that one side names, in order; what is called must be a function that formulas have."""
    found = []
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        follows = after.string if after else ""
        if token.type == tokenize.STRING and before and before.string == "(" and _quotes(tokens, token):
            found.append(ast.literal_eval(token.string))
        if token.type != tokenize.NAME or keyword.iskeyword(token.string) or (before and before.string == "."):
            continue
        if follows == "(" or token.string in {*TRANSFORMS, *NAMESPACE} - {*columns}:
            _check_function(token.string, text)
        elif follows != "=" or token.string in columns:
            found.append(token.string)
    for name in found:
        if name not in columns:
            raise unknown_column(name, columns)
    return tuple(dict.fromkeys(found))


def _quotes(tokens, token):
    at = tokens.index(token)
    return at >= 2 and tokens[at - 2].string == "Q"


def _check_function(name, text):
    if name not in {*TRANSFORMS, *NAMESPACE} and not hasattr(builtins, name):
        raise ModelError(
            f'formula: found {name}(…) in {text!r}; a formula knows numpy, as in "np.log1p(hours)", and '
            f"{', '.join(sorted(TRANSFORMS))}. Or make a column of the rows first."
        )
