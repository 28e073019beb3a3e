"""Standard errors for few clusters, for any fit of statsmodels: ``coef_test``, ``wald_test``, ``effects``, ``firth``.

Takes a fitted OLS, WLS, Logit or GLM (any family and link) and one or two cluster columns; returns tables. Beside the
recipe in the flow: the fit of an ``Estimates`` is made here as well. In R: ``clubSandwich``. A fit is first
taken apart into what a cluster-robust covariance and an effect need of it, a ``Fitted``.
"""

from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.field.messages import message
from konbit_lessons.incentives.answers import FEWEST_DF
from konbit_lessons.incentives.clusters import KINDS, clusterings, varies_by
from konbit_lessons.incentives.contrasts import IDENTITY, LOGIT, Link, contrast_of
from konbit_lessons.incentives.design import names_of
from konbit_lessons.incentives.fit import Fit, fit_model
from konbit_lessons.incentives.formula import matrix_of
from konbit_lessons.incentives.result import label_of
from konbit_lessons.incentives.used import within

TESTED = ["estimate", "std_error", "df", "t", "p_value", "conf_low", "conf_high"]
EXPECTED = "a fitted OLS, WLS, Logit or GLM of statsmodels, such as smf.glm(formula, rows, family=Binomial()).fit()"


def coef_test(fit, clusters, kind="CR2", confidence=0.95):
    """The coefficients of a fit with cluster-robust standard errors and Satterthwaite degrees of freedom.

    Parameters
    ----------
    fit : result of statsmodels: OLS, WLS, Logit, or GLM of any family, link, ``var_weights``, counts; or of ``firth``
    clusters : one or two names of columns of the data that the formula was given; or a Series, a DataFrame of one or
        two columns (with the index of those data), or an array
    kind : "CR0", "CR1", "CR1S", "CR2" or "CR3"
    confidence : of the intervals

    Returns
    -------
    DataFrame, one row per coefficient (index ``term``)
        estimate, std_error, df, t, p_value, conf_low, conf_high. With two cluster columns the standard error is that of
        ``clusters.Clusterings.basis``.

    Raises
    ------
    ModelError
        ``fit`` is no such fit, its columns are collinear, or the clusters do not go with its rows.

    References
    ----------
    Bell and McCaffrey (2002); Pustejovsky and Tipton (2018). In R: ``clubSandwich::coef_test(fit, vcov = "CR2",
    cluster = rows$organization_id, test = "Satterthwaite")``.

    Examples
    --------
    Four organizations of two rows: the mean is 4, and the organizations' sums of residuals −6, 0, 2 and 4; CR2 divides
    their squares by 1 − ¼: 56 / 64 · 4/3 is 7/6.

    >>> import statsmodels.api as sm
    >>> y = pd.Series([1.0, 1, 4, 4, 5, 5, 6, 6], name="came")
    >>> found = coef_test(sm.OLS(y, pd.DataFrame({"const": np.ones(8)})).fit(), np.repeat(range(4), 2))
    >>> round(float(found.loc["const", "std_error"] ** 2), 9), round(float(found.loc["const", "df"]), 9)
    (1.166666667, 3.0)
    """
    fitted, codes, robust = robust_of(fit, clusters, kind)
    own = [own_of(codes, column) for column in fitted.Z.T]
    each = zip(fitted.names, zip(fitted.coefficients, np.eye(len(own)), own, strict=True), strict=True)
    return _table(dict(each), robust, confidence)[TESTED]


def wald_test(fit, clusters, terms, kind="CR2"):
    """The test that several coefficients are all zero: HTZ, Hotelling's T² with few clusters.

    Parameters
    ----------
    terms : names of coefficients, or of terms of the formula, such as "C(quarter)", which stand for all of theirs
    fit, clusters, kind : as of :func:`coef_test`

    Returns
    -------
    JointTest
        F, df_num, df_denom, p_value; with two cluster columns the least sure of ``clusters.Clusterings.joint_test``.

    References
    ----------
    Pustejovsky and Tipton (2018), section 4. In R: ``clubSandwich::Wald_test(fit, constrain_zero(terms), vcov = "CR2",
    cluster = …, test = "HTZ")``.
    """
    from statsmodels.formula._manager import FormulaManager

    fitted, _, robust = robust_of(fit, clusters, kind)
    names = fitted.names
    places = {} if fitted.spec is None else FormulaManager().get_term_name_slices(fitted.spec)
    at = {term: list(range(len(names)))[place] for term, place in places.items()}
    at |= {name: [place] for place, name in enumerate(names)}
    if missing := [term for term in names_of(terms) if term not in at]:
        known = ", ".join(dict.fromkeys([*names, *at]))
        raise ModelError(f'wald_test: found no term "{missing[0]}"; the fit has {known}.')
    contrasts = np.eye(len(names))[list(dict.fromkeys(place for term in names_of(terms) for place in at[term]))]
    return robust.joint_test(contrasts, contrasts @ fitted.coefficients)


def effects(fit, clusters, columns, kind="CR2", confidence=0.95):
    """Average marginal effects of columns of the data, through the formula, with cluster-robust standard errors.

    Parameters
    ----------
    columns : names of columns of the data: of yes/no the difference of the predictions with and without it, of a number
        the mean derivative, of text one row per level but the first ("org_type[ngo]"). Interactions and transformations
        in the formula change with them.
    fit, clusters, kind, confidence : as of :func:`coef_test`

    Returns
    -------
    DataFrame, one row per column or level, as of :func:`coef_test`, in the units of the outcome

    References
    ----------
    In R: ``marginaleffects::avg_comparisons`` and ``avg_slopes`` with a ``vcov`` of ``clubSandwich``.
    """
    fitted, codes, robust = robust_of(fit, clusters, kind)
    if missing := [name for name in names_of(columns) if name not in fitted.frame]:
        found = ", ".join(map(str, fitted.frame))
        raise ModelError(f'effects: "{missing[0]}" is not in the data of the fit; they have {found}.')
    told = fitted.coefficients, fitted.link, fitted.offset
    design = SimpleNamespace(frame=fitted.frame, X=fitted.Z, names=fitted.names, matrix=fitted.matrix)
    each = {one: (*change.effect(*told), own) for one, _, change, own in _changes(design, codes, names_of(columns))}
    return _table(each, robust, confidence)[TESTED]


def firth(fit):
    """The same model at the maximum of Firth's penalized likelihood, as statsmodels' result.

    Parameters
    ----------
    fit : result of Logit, or of GLM with the binomial family and the logit link

    Returns
    -------
    result of statsmodels, for ``summary``, ``predict``, ``coef_test`` and ``effects``; its own standard errors are
    those of the inverse information

    Raises
    ------
    ModelError
        ``fit`` is another model.

    References
    ----------
    Heinze and Schemper (2002), Statistics in Medicine 21, 2409-2419. In R: ``brglm2::brglmFit``, ``type = "AS_mean"``.
    """
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.genmod.families import Binomial

    fitted = taken_apart(fit)
    model = fitted.model
    if fitted.link is not LOGIT or not isinstance(getattr(model, "family", Binomial()), Binomial):
        raise ModelError(f"firth: found a {type(model).__name__} of another kind; expected a logit.")
    start = fit_model(fitted.Z, np.asarray(model.endog, float), "firth", fitted.trials).coefficients
    quiet = {"disp": False, "warn_convergence": False} if type(model) is Logit else {}
    return model.fit(start_params=start, maxiter=0, **quiet)


def robust_of(fit, clusters, kind="CR2"):
    """A fit taken apart, the codes of its clusters, and its covariances; arguments as of :func:`coef_test`."""
    if kind not in KINDS:
        raise ModelError(f"kind: found {kind!r}; expected one of {', '.join(KINDS)}.")
    fitted = taken_apart(fit)
    codes = fitted.codes(clusters)
    return fitted, codes, clusterings(fitted, codes, kind)


def fit_of(answers):
    """The fit of an analysis as statsmodels has it, with its standard errors and degrees of freedom."""
    from statsmodels.genmod.families import Binomial, Poisson
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.regression.linear_model import OLS, WLS

    design, fit, robust = answers.design, answers.fit, answers.robust
    y = pd.Series(within(design.y, design.mass, design.strata), name=design.formula.asks)
    X = pd.DataFrame(fit.X, columns=list(design.names))
    whole = design.formula.left == design.formula.asks and not design.absorbed
    whole &= fit.X.shape[1] == len(design.spec.column_names)
    known = {"formula": str(design.formula), "model_spec": design.spec} if whole else {}
    if fit.is_linear:
        result = (WLS(y, X, weights=design.weights, **known) if np.ptp(design.weights) else OLS(y, X, **known)).fit()
    else:
        family = Poisson() if fit.method == "poisson" else Binomial()
        model = GLM(y, X, family=family, var_weights=design.mass, **known)
        result = model.fit(start_params=fit.coefficients, maxiter=0)
        result._results.method = fit.method
    if whole:
        result.model.formula = str(design.formula)
    result.model.data.frame = design.frame.assign(**design.ids, **{design.formula.asks: design.y})
    unit, own = np.eye(len(design.names)), [own_of(design.clusters, column) for column in design.X.T]
    bases = [robust.basis(one, confidence=answers.confidence, own=of) for one, of in zip(unit, own, strict=True)]
    plain = result._results
    plain.cov_params_default, plain.cov_type, plain.use_t = robust.covariance(bases), robust.first.kind, True
    plain.df_resid_inference = np.array([basis.df for basis in bases])
    if fit.is_linear:  # the F of a summary is that of all columns together, by the same rule
        test = robust.joint_test(unit[1:], fit.coefficients[1:])
        plain._cache |= {"fvalue": test.F, "f_pvalue": test.p_value}
    return result


def covariates_of(answers, labels):
    """The effects of the columns that are adjusted for, one row each, with intervals."""
    design, fit = answers.design, answers.fit
    each, shown, known = {}, {}, {}
    for term, levels, change, own in _changes(design, design.clusters, design.adjusters):
        if np.abs(change.step).max() > 0:  # else it repeats others, and was left out
            each[term] = (*change.effect(fit.coefficients, fit.link), own)
            level = str(levels[0]) if levels else ""
            shown[term] = label_of(term.removesuffix(f"[{level}]"), level, labels)
            known[term] = not {*answers.separated} & {*change.columns}
    numbers, table = ["std_error", "df", "conf_low", "conf_high"], _table(each, answers.robust, answers.confidence)
    told = (table["fewest"] >= FEWEST_DF) & pd.Series(known, dtype=bool)
    table = table.assign(label=pd.Series(shown, dtype="str"), **table[numbers].where(told))
    return table[["label", "estimate", *numbers]].reset_index()


def _changes(design, codes, columns):
    """(term, levels, contrast, own cluster column) of each column of the rows, or of each level of it but the first."""
    for name in columns:
        own = own_of(codes, pd.factorize(design.frame[name], sort=True)[0])
        for term, levels in _levels(design.frame[name]).items():
            yield term, levels, contrast_of(design, name, levels), own


def _levels(column):
    """Term → (level, level compared with), of text; or the column's name → None."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return {column.name: (True, False)}
    if pd.api.types.is_numeric_dtype(column.dtype):
        return {column.name: None}
    found = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(column.unique())
    return {f"{column.name}[{level}]": (level, found[0]) for level in found[1:]}


def _table(each, robust, confidence):
    """The table of term → (estimate, contrast of the coefficients, own cluster column)."""
    lines = {}
    for term, (value, contrast, own) in each.items():
        basis = robust.basis(contrast, confidence=confidence, own=own)
        t = value / basis.std_error if basis.std_error > 0 else np.nan
        lines[term] = {**basis.about(value), "t": t, "fewest": basis.fewest}
    return pd.DataFrame.from_dict(lines, orient="index", columns=[*TESTED, "fewest"]).rename_axis("term")


def own_of(codes, values):
    """The cluster column within which values do not change; "row" where they do, or never change at all."""
    return "row" if np.ptp(values) == 0 else varies_by(codes, values)


@dataclass(frozen=True)
class Fitted(Fit):
    """A fit of statsmodels on the scale that ``clusters.ClusterRobust`` takes.

    With η = Zβ, μ = g⁻¹(η), V the variance function and w the weights, ``X`` is Z · (dμ/dη) / V(μ), ``trials`` w,
    ``weights`` w V(μ), ``score`` w (y − μ), ``variances`` V(μ) / w. ``Z`` is the design, ``offset`` that of η,
    ``names`` those of the coefficients, ``spec`` the formula as statsmodels keeps it, or None.
    """

    model: object = None
    Z: np.ndarray = None
    offset: np.ndarray = None
    names: list = None
    spec: object = None

    @cached_property
    def frame(self):
        """The rows of the data that the fit rests on; of a fit of matrices, its design."""
        frame = getattr(self.model.data, "frame", None)
        return pd.DataFrame(self.Z, columns=self.names) if frame is None else self.rows_of(frame)

    def matrix(self, frame):
        """The design of another frame."""
        return frame[self.names].to_numpy(float) if self.spec is None else matrix_of(self.spec, frame)

    def rows_of(self, given):
        """Of rows given, those that the fit rests on: by their index, or all where there are as many."""
        kept, n = self.model.data.row_labels, len(self.Z)
        if kept is not None and given.index.is_unique and pd.Index(kept).isin(given.index).all():
            return given.loc[kept]
        if len(given) == n:
            return given
        raise ModelError(message("which_rows", given=len(given), n=n))

    def codes(self, clusters):
        """Cluster column → codes of the fit's rows."""
        names = [clusters] if isinstance(clusters, str) else clusters
        if isinstance(names, list | tuple) and all(isinstance(one, str) for one in names):
            given = self.frame
            if missing := [name for name in names if name not in given]:
                raise ModelError(f'clusters: "{missing[0]}" is not in the data of the fit; give the column itself.')
            given = given[list(names)]
        else:
            labelled = isinstance(clusters, pd.Series | pd.DataFrame)
            given = self.rows_of(pd.DataFrame(clusters if labelled else np.asarray(clusters)))
        if not 1 <= given.shape[1] <= 2:
            raise ModelError(f"clusters: found {given.shape[1]} columns; expected one or two.")
        if given.isna().any(axis=None):
            raise ModelError("clusters: a row of the fit has none. Leave such rows out before fitting.")
        codes = {str(name): pd.factorize(given[name], sort=True)[0] for name in given}
        if alone := [name for name, of in codes.items() if of.max() == 0]:
            raise ModelError(f'clusters: "{alone[0]}" has one value; expected at least two groups.')
        return codes


def taken_apart(fit):
    """``Fitted`` of a result of statsmodels; an error for what is no such fit."""
    if not hasattr(fit, "params") or not hasattr(fit, "model"):
        hint = " It is not fitted yet: add .fit()." if hasattr(fit, "fit") and hasattr(fit, "exog") else ""
        raise ModelError(f"found a {type(fit).__name__}; expected {EXPECTED}.{hint}")
    model, kind, b = fit.model, type(fit.model).__name__, np.asarray(fit.params, float)
    if kind not in ("OLS", "WLS", "Logit", "GLM"):
        raise ModelError(f"found a fit of {kind}; expected {EXPECTED}. Another model can be written as a GLM.")
    Z, y = np.asarray(model.exog, float), np.asarray(model.endog, float)
    if np.linalg.matrix_rank(Z / np.linalg.norm(Z, axis=0).clip(1e-300)) < Z.shape[1]:
        raise ModelError("the columns of the fit are collinear, so none can be told apart. Leave one out.")
    weights = ("weights",) if kind == "WLS" else ("var_weights", "freq_weights", "n_trials")
    weighted = [getattr(model, name, None) for name in weights]
    w = np.prod([np.ones(len(y)), *(np.broadcast_to(one, len(y)) for one in weighted if one is not None)], axis=0)
    offset, link = np.broadcast_to(getattr(model, "_offset_exposure", 0.0), len(y)), _link(model)
    eta = Z @ b + offset
    mu, slope = link.inverse(eta), link.slope(eta)
    V = model.family.variance(mu) if kind == "GLM" else slope
    own = model, Z, offset, list(model.exog_names), getattr(model.data, "model_spec", None)
    return Fitted(kind, Z * (slope / V)[:, None], b, w * V, w * (y - mu), w, link, None, *own)


def _link(model):
    from statsmodels.genmod.families import links

    link = getattr(getattr(model, "family", None), "link", None)
    if link is None or type(link) is links.Logit:
        return IDENTITY if type(model).__name__ in ("OLS", "WLS") else LOGIT

    def bend(eta):  # the library's second derivative of an inverse is numerical for some links, that of a link never is
        return -link.deriv2(link.inverse(eta)) * link.inverse_deriv(eta) ** 3

    return Link(link.inverse, link.inverse_deriv, bend)
