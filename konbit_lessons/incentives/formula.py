"""The formula of a question: what it names, what is wrong with it, and the matrix that it makes of a frame.

Takes a text as of statsmodels ("attended ~ refund * org_type + np.log1p(hours)"), or the names of columns; returns a
``Formula``; of complete rows the matrix, the formula as statsmodels keeps it (so that it can be applied to other rows),
the columns that can be fitted together, and the exact linear relations of the others. Formulas see the columns of the
rows, numpy as ``np``, and the functions of patsy; nothing of the caller.
"""

import ast
import builtins
import json
import re
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from scipy.linalg import solve_triangular

from konbit_lessons.errors import ModelError
from konbit_lessons.field.messages import message
from konbit_lessons.names import KNOWN, TRANSFORMS, quoted
from konbit_lessons.words import mark

NAMESPACE = {"np": np}
TEXT = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
EXAMPLE = 'such as "attended ~ refund + org_type"'
TOLERANCE = 1e-7  # a column whose remainder is a smaller share of it is collinear; R's lm uses the same


class Note(str):
    """A note on an analysis as text in English, with the message and the values it was made of, to say it elsewhere.

    >>> note = Note("{n} of {all} rows were left out.", n=3, all=20)
    >>> note, note.message, note.values
    ('3 of 20 rows were left out.', '{n} of {all} rows were left out.', {'n': 3, 'all': 20})
    """

    def __new__(cls, message, **values):
        note = super().__new__(cls, message.format(**values))
        note.message, note.values = message, values
        return note

    def __getnewargs_ex__(self):
        return (self.message,), self.values


@dataclass(frozen=True)
class Formula:
    """The two sides of a formula, and the columns that each of them names, in their order."""

    left: str
    right: str
    outcome: tuple
    columns: tuple

    def __str__(self):
        return f"{self.left} ~ {self.right}"

    @property
    def asks(self):
        """What it asks about: a column, or what is made of columns."""
        return unquoted(self.left)

    def having(self, incentives, columns):
        """The incentives that the formula has; of an incentive with an amount, the amount as well."""
        known = {*columns, *(name.removesuffix("_amount") for name in columns)}
        if unknown := [name for name in incentives if name not in known]:
            raise unknown_column(unknown[0], columns)
        pairs = [one for name in incentives for one in (name, f"{name}_amount")]
        asked = tuple(dict.fromkeys(one for one in pairs if one in self.columns))
        if not asked:
            raise ModelError(message("none_asked", formula=str(self), incentives=", ".join(incentives)))
        return asked

    @property
    def alone(self):
        """The columns that are a term of their own, and part of no other."""
        import patsy

        terms = [term.name() for term in patsy.ModelDesc.from_formula(self.right).rhs_termlist]
        return [one for one in self.columns if [term for term in terms if mentions(term, one)] == [quoted(one)]]

    def matrix(self, frame, incentives, by=None, absorbed=""):
        """The matrix (n, k) of a frame, the names of its columns, and the formula as statsmodels keeps it.

        With ``by``, every term of an incentive has its own effect in each group; ``absorbed`` is left out.
        """
        right = f"{self.right} - {quoted(absorbed)}" if absorbed else self.right
        X, spec = evaluated(right, frame, self)
        if by:
            own = [one for one in spec.term_names if any(mentions(one, name) for name in incentives)]
            X, spec = evaluated(f"{right} + {quoted(by)} + ({' + '.join(own)}):{quoted(by)}", frame, self)
        if not np.ptp(X.to_numpy(), axis=0).min(initial=1.0) == 0.0:
            raise ModelError(f'formula: {str(self)!r} leaves out the intercept; write it without "0 +" or "- 1".')
        return X.to_numpy(float), list(X.columns), spec


def by_names(outcome, incentives, adjust_for=()):
    """The formula of an outcome, incentives and adjusters given by their names.

    >>> by_names("attended", ["refund"], ["org type"])
    'attended ~ refund + Q("org type")'
    """
    named = [outcome, *incentives, *adjust_for]
    if twice := sorted({str(name) for name in named if named.count(name) > 1}):
        raise ModelError(f"named twice: {', '.join(twice)}. Name each column once: outcome, incentive or adjuster.")
    return f"{quoted(outcome)} ~ {' + '.join(map(quoted, named[1:]))}"


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
        raise ModelError(message("both_sides", name=both[0], text=text))
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
    found, nodes = [], _parsed(side, text)
    called = [node.func for node in nodes if isinstance(node, ast.Call)]
    for node in nodes:
        if isinstance(node, ast.Call):
            quoted_name = node.args and isinstance(node.args[0], ast.Constant) and ast.unparse(node.func) == "Q"
            found += [node.args[0].value] if quoted_name else []
        elif node not in called:
            found += [node.id] if node.id in columns or node.id not in KNOWN else []
        elif node.id not in KNOWN and not hasattr(builtins, node.id):
            raise ModelError(message("no_function", called=node.id, text=text, known=", ".join(sorted(TRANSFORMS))))
    if missing := [name for name in found if name not in columns]:
        raise unknown_column(missing[0], columns)
    return tuple(dict.fromkeys(found))


def _parsed(side, text):
    """The names and calls in the factors of one side, in their order."""
    import patsy

    try:
        terms = patsy.ModelDesc.from_formula(side).rhs_termlist
        trees = [ast.parse(factor.code) for term in terms for factor in term.factors]
    except (patsy.PatsyError, SyntaxError) as problem:
        raise does_not_parse(text, problem) from None
    nodes = [[node for node in ast.walk(tree) if isinstance(node, ast.Name | ast.Call)] for tree in trees]
    return [node for some in nodes for node in sorted(some, key=lambda node: node.col_offset)]


def matrix_of(spec, frame):
    """The matrix that a formula, as statsmodels keeps it, makes of a frame."""
    from statsmodels.formula._manager import FormulaManager  # brings patsy: not at import

    engine = "patsy" if type(spec).__name__ == "DesignInfo" else "formulaic"
    return np.asarray(FormulaManager(engine).get_matrices(spec, frame, pandas=False))


def evaluated(right, frame, formula):
    """The matrix of the right side of a formula, as a frame, and the formula as statsmodels keeps it."""
    import patsy
    from statsmodels.formula._manager import FormulaManager

    manager = FormulaManager("patsy")
    try:
        with np.errstate(all="ignore"):
            X = manager.get_matrices(f"~ {right}", frame, eval_env=NAMESPACE)
    except (patsy.PatsyError, SyntaxError) as problem:
        raise does_not_parse(str(formula), problem) from None
    bad = frame.index.difference(X.index).union(X.index[~np.isfinite(X).all(axis=1)])
    if len(bad):
        seen = ", ".join(f"{name} is {shown(frame.loc[bad[0], name])}" for name in frame if mentions(right, name))
        raise ModelError(message("no_number", bad=len(bad), all=len(frame), right=str(formula), seen=seen))
    return X, manager.spec


def independent(X, names, asked, absorbed=""):
    """The columns of X that none of the others give.

    Adjusters come first: one that repeats earlier ones is dropped. Of the columns of incentives, one is dropped only if
    an exact relation needs it, so that the others can be fitted.

    Parameters
    ----------
    X : array (n, k), the intercept among its columns
    names : of its columns
    asked : positions of the columns of incentives
    absorbed : the column within whose levels X is taken, so that it is part of every relation

    Returns
    -------
    kept : list of int
    relations : list of (direction, names), a vector v (k,) with X v = 0 and the columns that it involves
    notes : list of Note, on adjusters that were dropped
    """
    centred = X - X.mean(axis=0)
    centred[:, np.ptp(X, axis=0) == 0] = 0.0
    size = np.linalg.norm(centred, axis=0)
    intercept = int(np.flatnonzero((size == 0) & (X[0] != 0))[0])
    order = [j for j in range(len(names)) if j not in asked and j != intercept] + list(asked)
    relations, notes = [], []
    while (found := _first_given(centred / np.where(size > 0, size, 1.0), order, absorbed)) is not None:
        slopes, j = found
        slopes = {one: b * size[j] / size[one] for one, b in slopes.items()}
        direction = np.zeros(len(names))
        involved = [label(names[one]) for one in (j, *slopes)] + [absorbed] * bool(absorbed)
        direction[[j, *slopes]] = [1.0, *(-slope for slope in slopes.values())]
        direction[intercept] = -(X @ direction).mean() / X[0, intercept]
        relations.append((direction, involved))
        notes += [] if j in asked else [_not_adjusted(X[0, j], *involved)]
        order.remove(j)
    return sorted([intercept, *order]), relations, notes


def _first_given(Z, order, absorbed):
    """The first column that those before it give: position → slope of each of them, and its own; None without any."""
    if absorbed and (flat := [j for j in order if not Z[:, j].any()]):  # many may be, of those that strata tell
        return {}, flat[0]
    R = np.linalg.qr(Z[:, order], mode="r")
    given = np.flatnonzero(np.abs(np.diag(R)) <= TOLERANCE)
    if not len(given):
        return None
    at = int(given[0])
    slopes = solve_triangular(R[:at, :at], R[:at, at])
    return {j: b for j, b in zip(order, slopes, strict=False) if abs(b) > 1e-6}, order[at]


def label(column):
    """The name of a column as it is shown: "org_type: ngo" for the formula's "org_type[T.ngo]"."""
    return re.sub(r"\[T\.([^\]]*)\]", r": \1", unquoted(column))


def _not_adjusted(value, name, *others):
    if others:
        return Note(mark("{name} repeats {others}, so it was not adjusted for."), name=name, others=", ".join(others))
    return Note(mark("{name} is {value} in every row, so it was not adjusted for."), name=name, value=f"{value:g}")


def shown(value):
    """A value as a person would write it: 2, not np.int64(2)."""
    return repr(value.item() if hasattr(value, "item") else value)
