"""Standard errors for few clusters, for any fit of statsmodels: ``coef_test``, ``wald_test``, ``effects``, ``firth``.

Takes a fitted OLS, Logit or GLM (any family and link) and one or two cluster columns; returns tables. Beside the recipe
in the flow: the fit of an ``Estimates`` is made here as well. In R: ``clubSandwich``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.answers import FEWEST_DF
from konbit_lessons.incentives.clusterings import clusterings, varies_by
from konbit_lessons.incentives.clusters import KINDS
from konbit_lessons.incentives.contrasts import IDENTITY, LOGIT, Link, contrast_of
from konbit_lessons.incentives.fit import fit_model
from konbit_lessons.incentives.matrices import matrix_of
from konbit_lessons.incentives.result import label_of
from konbit_lessons.incentives.terms import Term

EXPECTED = "a fitted OLS, Logit or GLM of statsmodels, such as smf.glm(formula, rows, family=Binomial()).fit()"


@dataclass(frozen=True)
class Pieces:
    """What a covariance needs of a fit, on the scale that ``clusters.ClusterRobust`` takes.

    With η = Xβ, μ = g⁻¹(η), V the variance function and w the weights, ``X`` is X · (dμ/dη) / V(μ), ``weights`` w V(μ),
    ``score`` w (y − μ), and ``variances`` V(μ) / w where rows are weighted.
    """

    X: np.ndarray
    weights: np.ndarray
    score: np.ndarray
    variances: np.ndarray | None


def coef_test(fit, clusters, kind="CR2", confidence=0.95):
    """The coefficients of a fit with cluster-robust standard errors and Satterthwaite degrees of freedom.

    Parameters
    ----------
    fit : result of statsmodels: OLS, Logit, or GLM with any family, link, ``var_weights`` or counts; or of ``firth``
    clusters : one or two names of columns of the data that the formula was given; or a Series, a DataFrame of one or
        two columns (with the index of those data), or an array
    kind : "CR0", "CR1", "CR1S", "CR2" or "CR3"
    confidence : of the intervals

    Returns
    -------
    DataFrame, one row per coefficient (index ``term``)
        estimate, std_error, df, t, p_value, conf_low, conf_high. With two cluster columns the standard error is that of
        ``clusterings.Clusterings.basis``.

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
    robust, codes, b = robust_of(fit, clusters, kind), _codes(fit, clusters), _coefficients(fit)
    X = np.asarray(fit.model.exog, float)
    each = {
        name: (b[j], one, _own(codes, X[:, j]))
        for j, (name, one) in enumerate(zip(fit.model.exog_names, np.eye(len(b)), strict=True))
    }
    return _table(each, robust, confidence)


def wald_test(fit, clusters, terms, kind="CR2"):
    """The test that several coefficients are all zero: HTZ, Hotelling's T² with few clusters.

    Parameters
    ----------
    terms : names of coefficients, or of terms of the formula, such as "C(quarter)", which stand for all of theirs
    fit, clusters, kind : as of :func:`coef_test`

    Returns
    -------
    JointTest
        F, df_num, df_denom, p_value; with two cluster columns the least sure of ``clusterings.Clusterings.joint_test``.

    References
    ----------
    Pustejovsky and Tipton (2018), section 4. In R: ``clubSandwich::Wald_test(fit, constrain_zero(terms), vcov = "CR2",
    cluster = …, test = "HTZ")``.
    """
    robust = robust_of(fit, clusters, kind)
    contrasts = np.eye(len(_coefficients(fit)))[_positions(fit, [terms] if isinstance(terms, str) else list(terms))]
    return robust.joint_test(contrasts, contrasts @ _coefficients(fit))


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
    robust, codes, frame, link = robust_of(fit, clusters, kind), _codes(fit, clusters), _frame(fit), _link(fit.model)
    X, b = np.asarray(fit.model.exog, float), _coefficients(fit)
    spec, names = getattr(fit.model.data, "model_spec", None), list(fit.model.exog_names)
    offset = np.asarray(_linear(fit, X, b) - X @ b)
    each = {}
    for name in [columns] if isinstance(columns, str) else columns:
        if name not in frame:
            raise ModelError(
                f'effects: "{name}" is not in the data of the fit; they have {", ".join(map(str, frame))}.'
            )
        for term, levels in _levels(frame[name]).items():
            change = contrast_of(
                lambda one: matrix_of(spec, one) if spec is not None else one[names].to_numpy(float),
                frame, X, names, name, levels,
            )  # fmt: skip
            own = _own(codes, pd.factorize(frame[name], sort=True)[0])
            each[term] = (*change.effect(b, link, offset), own)
    return _table(each, robust, confidence)


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

    model = _model(fit)
    if (_pieces(fit) and _link(model) is not LOGIT) or not isinstance(getattr(model, "family", Binomial()), Binomial):
        raise ModelError(f"firth: found a {type(model).__name__} of another kind; expected a logit.")
    weights = _weights(model)
    m = None if (weights == 1).all() else weights
    start = fit_model(np.asarray(model.exog, float), np.asarray(model.endog, float), "firth", m).coefficients
    if type(model) is Logit:
        return model.fit(start_params=start, maxiter=0, disp=False, warn_convergence=False)
    return model.fit(start_params=start, maxiter=0)


def robust_of(fit, clusters, kind="CR2"):
    """The covariances of a fit, ``clusterings.Clusterings``; arguments as of :func:`coef_test`."""
    if kind not in KINDS:
        raise ModelError(f"kind: found {kind!r}; expected one of {', '.join(KINDS)}.")
    return clusterings(_pieces(fit), _codes(fit, clusters), kind)


def fit_of(answers):
    """The fit of an analysis as statsmodels has it, with its standard errors and degrees of freedom."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.regression.linear_model import OLS

    design, fit, robust = answers.design, answers.fit, answers.robust
    X, y = pd.DataFrame(design.X, columns=list(design.names)), pd.Series(design.y, name=design.outcome)
    whole = design.X.shape[1] == len(design.spec.column_names) and design.formula.left == design.outcome
    known = {"formula": str(design.formula), "model_spec": design.spec} if whole else {}
    if fit.is_linear:
        result = OLS(y, X, **known).fit()
    else:
        model = GLM(y, X, family=Binomial(), var_weights=design.m, **known)
        result = model.fit(start_params=fit.coefficients, maxiter=0)
        result._results.method = answers.fit.method
    if whole:
        result.model.formula = str(design.formula)
    result.model.data.frame = design.frame.assign(**design.ids, **{design.outcome: y})
    bases = [robust.basis(one, confidence=answers.confidence, own=_own(design.clusters, column))
             for one, column in zip(np.eye(len(design.names)), design.X.T, strict=True)]  # fmt: skip
    plain = result._results
    plain.cov_params_default, plain.cov_type, plain.use_t = robust.covariance(bases), robust.by[0].kind, True
    plain.df_resid_inference = np.array([basis.df for basis in bases])
    if fit.is_linear:  # the F of a summary is that of all columns together, by the same rule
        test = robust.joint_test(np.eye(len(bases))[1:], fit.coefficients[1:])
        plain._cache |= {"fvalue": test.F, "f_pvalue": test.p_value}
    return result


def covariates_of(answers, labels):
    """The effects of the columns that are adjusted for, one row each, with intervals."""
    design, fit, lines = answers.design, answers.fit, []
    for name in design.formula.columns:
        if name in {term.column for term in design.terms.values()}:
            continue
        for term, levels in _levels(design.frame[name]).items():
            change = contrast_of(design.matrix, design.frame, design.X, design.names, name, levels)
            if not np.abs(change.step).max() > 0:  # repeats others, and was left out
                continue
            effect, gradient = change.effect(fit.coefficients, fit.link)
            own = _own(design.clusters, pd.factorize(design.frame[name], sort=True)[0])
            basis = answers.robust.basis(gradient, confidence=answers.confidence, own=own)
            known = not {*answers.separated} & {*change.columns} and basis.fewest >= FEWEST_DF
            low, high, _ = basis.interval(effect, answers.confidence)
            line = {"std_error": basis.std_error, "df": basis.df, "conf_low": low, "conf_high": high}
            shown = label_of(Term(name, None, None, level=str(levels[0]) if levels else ""), labels)
            line = line if known else dict.fromkeys(line, np.nan)
            lines.append({"term": term, "label": shown, "estimate": float(effect), **line})
    columns = ["term", "label", "estimate", "std_error", "df", "conf_low", "conf_high"]
    return pd.DataFrame(lines, columns=columns)


def _levels(column):
    """Term → (level, level compared with), of text; or the column's name → None."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return {column.name: (True, False)}
    if pd.api.types.is_numeric_dtype(column.dtype):
        return {column.name: None}
    found = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else sorted(column.unique())
    return {f"{column.name}[{level}]": (level, found[0]) for level in found[1:]}


def _table(each, robust, confidence):
    lines = []
    for name, (value, contrast, own) in each.items():
        basis = robust.basis(contrast, confidence=confidence, own=own)
        low, high, p = basis.interval(value, confidence)
        t = value / basis.std_error if basis.std_error > 0 else np.nan
        lines.append((name, float(value), basis.std_error, basis.df, t, p, low, high))
    columns = ["term", "estimate", "std_error", "df", "t", "p_value", "conf_low", "conf_high"]
    return pd.DataFrame(lines, columns=columns).set_index("term")


def _model(fit):
    """The model of a fit; an error for what is no fit."""
    if not hasattr(fit, "params") or not hasattr(fit, "model"):
        hint = " It is not fitted yet: add .fit()." if hasattr(fit, "fit") and hasattr(fit, "exog") else ""
        raise ModelError(f"found a {type(fit).__name__}; expected {EXPECTED}.{hint}")
    return fit.model


def _pieces(fit):
    model = _model(fit)
    kind, X, b = type(model).__name__, np.asarray(model.exog, float), _coefficients(fit)
    if kind not in ("OLS", "Logit", "GLM", "FirthLogit"):
        raise ModelError(f"found a fit of {kind}; expected {EXPECTED}. Another model can be written as a GLM.")
    if not np.linalg.matrix_rank(X / np.linalg.norm(X, axis=0).clip(1e-300)) == X.shape[1]:
        raise ModelError(
            "the columns of the fit are collinear, so its coefficients cannot be told apart. Leave one out."
        )
    eta, w, y = _linear(fit, X, b), _weights(model), np.asarray(model.endog, float)
    link = _link(model)
    mu, slope = link.inverse(eta), link.slope(eta)
    V = model.family.variance(mu) if kind == "GLM" else slope
    return Pieces(X * (slope / V)[:, None], w * V, w * (y - mu), None if (w == 1).all() else V / w)


def _linear(fit, X, b):
    """η, with the offset or exposure of the model."""
    offset = getattr(fit.model, "_offset_exposure", None)
    offset = getattr(fit.model, "offset", 0.0) if offset is None else offset
    return X @ b + (0.0 if offset is None else offset)


def _weights(model):
    w = np.ones(len(model.endog))
    for name in ("var_weights", "freq_weights", "n_trials"):
        if (found := getattr(model, name, None)) is not None:
            w = w * np.asarray(found, float)
    return w


def _link(model):
    from statsmodels.genmod.families import links

    link = getattr(getattr(model, "family", None), "link", None)
    if link is None or type(link) is links.Logit:
        return IDENTITY if type(model).__name__ == "OLS" else LOGIT
    # the library's second derivative of an inverse is numerical for some links, that of a link never is
    return Link(
        link.inverse, link.inverse_deriv, lambda eta: -link.deriv2(link.inverse(eta)) * link.inverse_deriv(eta) ** 3
    )


def _coefficients(fit):
    return np.asarray(fit.params, float)


def _own(codes, values):
    """Position of the cluster column within which values do not change; None where they do, or never change at all."""
    of = varies_by(codes, values)
    return None if of == "row" or np.ptp(values) == 0 else list(codes).index(of)


def _positions(fit, terms):
    from statsmodels.formula._manager import FormulaManager

    _model(fit)
    names, spec = list(fit.model.exog_names), getattr(fit.model.data, "model_spec", None)
    slices = FormulaManager().get_term_name_slices(spec) if spec is not None else {}
    found = []
    for term in terms:
        if term not in names and term not in slices:
            raise ModelError(f'wald_test: found no term "{term}"; the fit has {", ".join([*names, *slices])}.')
        found += [names.index(term)] if term in names else list(range(len(names)))[slices[term]]
    return list(dict.fromkeys(found))


def _frame(fit):
    """The rows of the data that the fit rests on."""
    frame, X = getattr(fit.model.data, "frame", None), np.asarray(fit.model.exog)
    if frame is None:
        return pd.DataFrame(X, columns=list(fit.model.exog_names))
    return _rows_of(frame, fit)


def _rows_of(given, fit):
    """Of rows given, those that the fit rests on: by their index, or all where there are as many."""
    kept, n = fit.model.data.row_labels, len(fit.model.endog)
    if kept is not None and given.index.is_unique and pd.Index(kept).isin(given.index).all():
        return given.loc[kept]
    if len(given) == n:
        return given
    raise ModelError(
        f"clusters: found {len(given)} rows for the {n} of the fit, and no index that says which. Give the rows that the "
        "fit was made of, with an index of their own (rows.reset_index())."
    )


def _codes(fit, clusters):
    """Cluster column → codes of the fit's rows."""
    _model(fit)
    if isinstance(clusters, str) or (isinstance(clusters, list | tuple) and all(isinstance(c, str) for c in clusters)):
        names, frame = [clusters] if isinstance(clusters, str) else list(clusters), _frame(fit)
        if missing := [name for name in names if name not in frame]:
            raise ModelError(f'clusters: "{missing[0]}" is not in the data of the fit; give the column itself.')
        clusters = frame[names]
    given = clusters if isinstance(clusters, pd.DataFrame | pd.Series) else pd.DataFrame(np.asarray(clusters))
    given = _rows_of(given.to_frame() if isinstance(given, pd.Series) else given, fit)
    if not 1 <= given.shape[1] <= 2:
        raise ModelError(f"clusters: found {given.shape[1]} columns; expected one or two.")
    if given.isna().any(axis=None):
        raise ModelError("clusters: a row of the fit has none. Leave such rows out before fitting.")
    codes = {str(name): pd.factorize(given[name], sort=True)[0] for name in given}
    if alone := [name for name, of in codes.items() if of.max() == 0]:
        raise ModelError(f'clusters: "{alone[0]}" has one value; expected at least two groups.')
    return codes
