"""A fit of statsmodels, taken apart: what a cluster-robust covariance and an effect need of it.

Takes a fitted OLS, Logit or GLM (any family and link); returns ``Fitted``. For ``sandwich``.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from konbit_lessons.errors import ModelError
from konbit_lessons.incentives.contrasts import IDENTITY, LOGIT, Link
from konbit_lessons.incentives.matrices import matrix_of

EXPECTED = "a fitted OLS, Logit or GLM of statsmodels, such as smf.glm(formula, rows, family=Binomial()).fit()"
MODELS = ("OLS", "Logit", "GLM")


@dataclass(frozen=True)
class Fitted:
    """A fit of statsmodels on the scale that ``clusters.ClusterRobust`` takes.

    With η = Zβ, μ = g⁻¹(η), V the variance function and w the weights, ``X`` is Z · (dμ/dη) / V(μ), ``weights`` w V(μ),
    ``score`` w (y − μ), and ``variances`` V(μ) / w where rows are weighted. ``Z`` is the design, ``offset`` that of η.
    """

    model: object
    Z: np.ndarray
    coefficients: np.ndarray
    offset: np.ndarray
    link: Link
    trials: np.ndarray
    X: np.ndarray
    weights: np.ndarray
    score: np.ndarray
    variances: np.ndarray | None

    @property
    def names(self):
        """Names of the coefficients."""
        return list(self.model.exog_names)

    @property
    def spec(self):
        """The formula as statsmodels keeps it, or None."""
        return getattr(self.model.data, "model_spec", None)

    @property
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
        raise ModelError(
            f"clusters: found {len(given)} rows for the {n} of the fit, and no index that says which. Give those that "
            "the fit was made of, with an index of their own (rows.reset_index())."
        )

    def codes(self, clusters):
        """Cluster column → codes of the fit's rows."""
        names = [clusters] if isinstance(clusters, str) else clusters
        if isinstance(names, list | tuple) and all(isinstance(one, str) for one in names):
            frame = self.frame
            if missing := [name for name in names if name not in frame]:
                raise ModelError(f'clusters: "{missing[0]}" is not in the data of the fit; give the column itself.')
            clusters = frame[list(names)]
        clusters = clusters.to_frame() if isinstance(clusters, pd.Series) else clusters
        is_frame = isinstance(clusters, pd.DataFrame)
        given = self.rows_of(clusters if is_frame else pd.DataFrame(np.asarray(clusters)))
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
    if kind not in MODELS:
        raise ModelError(f"found a fit of {kind}; expected {EXPECTED}. Another model can be written as a GLM.")
    Z, y = np.asarray(model.exog, float), np.asarray(model.endog, float)
    if np.linalg.matrix_rank(Z / np.linalg.norm(Z, axis=0).clip(1e-300)) < Z.shape[1]:
        raise ModelError("the columns of the fit are collinear, so none can be told apart. Leave one out.")
    weighted = [getattr(model, name, None) for name in ("var_weights", "freq_weights", "n_trials")]
    w = np.prod([np.ones(len(y)), *(np.broadcast_to(one, len(y)) for one in weighted if one is not None)], axis=0)
    offset, link = np.broadcast_to(getattr(model, "_offset_exposure", 0.0), len(y)), _link(model)
    eta = Z @ b + offset
    mu, slope = link.inverse(eta), link.slope(eta)
    V = model.family.variance(mu) if kind == "GLM" else slope
    variances = None if (w == 1).all() else V / w
    return Fitted(model, Z, b, offset, link, w, Z * (slope / V)[:, None], w * V, w * (y - mu), variances)


def _link(model):
    from statsmodels.genmod.families import links

    link = getattr(getattr(model, "family", None), "link", None)
    if link is None or type(link) is links.Logit:
        return IDENTITY if type(model).__name__ == "OLS" else LOGIT

    def bend(eta):  # the library's second derivative of an inverse is numerical for some links, that of a link never is
        return -link.deriv2(link.inverse(eta)) * link.inverse_deriv(eta) ** 3

    return Link(link.inverse, link.inverse_deriv, bend)
