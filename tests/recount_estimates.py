# ruff: noqa: E501  (one line a table)
"""The estimates of the pages once more, by plain numpy: this file shares no program with the library.

Whole matrices, as the formulas are printed: the residuals of each cluster are corrected by the matrix root of CR2, the
degrees of freedom are traces of (clusters × clusters). What the library does by orthonormal bases, by quadrature and
without such matrices is done here the long way. Only GEE's
coefficients are statsmodels' in both.
"""

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.special import expit, logsumexp

ENOUGH, RAREST, FEWEST, LIKELY = (10, 5), (10, 5), 5, 2
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)


def dummies(frame, columns):
    """An intercept, the columns that are numbers as they are, and of texts a column for each level but the first."""
    parts = [pd.Series(1.0, frame.index, name="1")]
    for name in columns:
        column = frame[name]
        is_text = not (pd.api.types.is_numeric_dtype(column.dtype) or pd.api.types.is_bool_dtype(column.dtype))
        parts.append(pd.get_dummies(column, prefix=name, drop_first=True, dtype=float) if is_text else column)
    return pd.concat(parts, axis=1).astype(float)


def independent(X, asked):
    """The columns that are no sum of those before them; and those asked about that are one of all the others."""
    basis, kept, x = np.empty((len(X), 0)), [], X.to_numpy()
    for name, column in zip(X, x.T, strict=True):
        own = column
        for _ in range(2):
            own = own - basis @ (basis.T @ own)
        if np.linalg.norm(own) > 1e-8 * np.linalg.norm(column):
            basis, kept = np.column_stack([basis, own / np.linalg.norm(own)]), [*kept, name]
    unfit = []
    for name in asked:
        others = X.drop(columns=name).to_numpy()
        own = X[name] - others @ np.linalg.lstsq(others, X[name], rcond=None)[0]
        unfit += [name] if np.abs(own).max() < 1e-8 else []
    return X[kept], unfit


def fitted(X, y, method):
    """The coefficients, working weights and residuals of least squares, a logit, or Firth's penalized logit."""
    if method == "linear":
        beta = np.linalg.lstsq(X, y, rcond=None)[0]
        return beta, np.ones(len(y)), y - X @ beta
    beta = np.zeros(X.shape[1])
    for _ in range(200):
        p = expit(X @ beta)
        w = p * (1 - p)
        inverse = np.linalg.inv((X.T * w) @ X)
        hat = w * ((X @ inverse) * X).sum(axis=1)
        step = inverse @ X.T @ (y - p + (hat * (0.5 - p) if method == "firth" else 0))
        beta = beta + step * min(1, 2 / np.abs(step).max(initial=1e-300))
        if np.abs(step).max() < 1e-11:
            break
    p = expit(X @ beta)
    return beta, p * (1 - p), y - p


class Robust:
    """CR2 of a fit for one way of clustering."""

    def __init__(self, X, w, residual, codes):
        self.M, self.X, self.w, self.r = np.linalg.inv((X.T * w) @ X), X, w, residual
        self.member = (codes[:, None] == np.unique(codes)).astype(float)
        self.AX = np.zeros_like(X)
        if len(self.member.T) == len(X):  # each row by itself: the root is a number
            left = 1 - w * ((X @ self.M) * X).sum(axis=1)
            self.AX = np.where(left > 1e-10, np.maximum(left, 1e-10) ** -0.5, 0)[:, None] * X
            return
        for rows in (np.flatnonzero(one) for one in self.member.T):
            x, v, root = X[rows], w[rows], np.sqrt(w[rows])
            inner = np.diag(v) - (x.T * v).T @ self.M @ (x.T * v)
            value, vector = np.linalg.eigh(root[:, None] * inner * root)
            power = np.where(value > 1e-12 * (v**2).max(), np.maximum(value, 1e-300) ** -0.5, 0)
            self.AX[rows] = root[:, None] * ((vector * power) @ vector.T @ (root[:, None] * x))

    def scores(self, contrast):
        """The corrected residuals of each cluster along a contrast of the coefficients."""
        return self.member.T @ (self.r * (self.AX @ self.M @ contrast))

    def df(self, contrast, *, alike=False):
        """tr(G'ΩG)² / tr((G'ΩG)²), Ω of independent rows, or of rows of a cluster as alike as their residuals."""
        E = self.member * (self.AX @ self.M @ contrast)[:, None]
        G = E - self.X @ self.M @ ((self.X.T * self.w) @ E)
        P = (G.T * self.w) @ G
        if alike:
            z, sizes = self.r / np.sqrt(self.w), self.member.sum(axis=0)
            pairs = (sizes**2).sum() - len(z)
            rho = max(((self.member.T @ z) ** 2).sum() - z @ z, 0) / max(pairs, 1)
            S = (G.T * np.sqrt(self.w)) @ self.member
            P = max(z @ z / len(z) - rho, 0) * P + rho * S @ S.T
        return np.trace(P) ** 2 / (P**2).sum()


class Sandwich:
    """CR2 of a fit by organization and by event: V₁ + V₂ − V₁₂, not below that by what the incentive varies by."""

    def __init__(self, X, w, residual, codes):
        pairs = pd.factorize(pd.MultiIndex.from_arrays([*codes.values()]))[0]
        inside = [name for name, one in codes.items() if one.max() == pairs.max()]  # then the wider one alone counts
        inside = inside if len(codes) > 1 else []
        wider = {name: one for name, one in codes.items() if name not in inside[:1]}
        self.by = {name: Robust(X, w, residual, one) for name, one in wider.items()}
        self.common = None if inside or len(codes) == 1 else Robust(X, w, residual, pairs)

    def widest(self, contrast, own):
        """The clusterings with their signs that leave the widest interval, its degrees of freedom, and the fewest."""
        df = {name: one.df(contrast) for name, one in self.by.items()}
        few = min(df.values())
        rules = [([(1, one)], df[name]) for name, one in self.by.items() if own == name or own not in self.by]
        if self.common:
            rules.append(([*((1, one) for one in self.by.values()), (-1, self.common)], few))
        variance = [sum(sign * (one.scores(contrast) ** 2).sum() for sign, one in parts) for parts, _ in rules]
        reach = [stats.t.ppf(0.975, of) * np.sqrt(max(v, 0)) for (_, of), v in zip(rules, variance, strict=True)]
        at = int(np.argmax(reach))
        return rules[at][0], np.sqrt(variance[at]), rules[at][1], few


def varies_by(codes, x):
    """The clusters within which an incentive never changes, the fewer ones first; else "row"."""
    inside = [name for name, one in codes.items() if pd.Series(x).groupby(one).nunique().max() == 1]
    return min(inside, key=lambda name: codes[name].max()) if inside else "row"


def share(y, codes):
    """A share with Wilson's limits on as many independent rows as the rows of clusters are worth."""
    X, p, fewest = np.ones((len(y), 1)), y.mean(), min(len({*one}) for one in codes.values())
    if fewest < 2:  # the spread of one is not seen
        return [np.nan] * 2
    _, error, df, _ = Sandwich(X, np.ones(len(y)), y - p, codes).widest(np.ones(1), "row")
    worth = min(len(y), p * (1 - p) / error**2) if error > 0 else np.nan
    worth, df = (fewest, fewest - 1) if p in (0, 1) else (worth, df)
    t2 = stats.t.ppf(0.975, df) ** 2
    half = np.sqrt(t2 * (p * (1 - p) / worth + t2 / (4 * worth**2)))
    return [(p + t2 / (2 * worth) + side * half) / (1 + t2 / worth) for side in (-1, 1)]


def gap(y, in_second, codes):
    """How much higher the mean of a second group is: its limits, and its p-value."""
    X = np.column_stack([np.ones(len(y)), in_second])
    beta, w, r = fitted(X, y, "linear")
    _, error, df, _ = Sandwich(X, w, r, codes).widest(np.array([0.0, 1.0]), "row")
    reach = stats.t.ppf(0.975, df) * error
    return [beta[1] - reach, beta[1] + reach, 2 * stats.t.sf(abs(beta[1]) / error, df)]


class Question:
    """One question asked of invitations: an outcome on incentives and what is adjusted for."""

    def __init__(self, rows, outcome, asked, adjust_for, *, method="firth", also=()):
        needed = [*asked, *adjust_for]
        rows = rows.assign(_y=outcome.astype("Float64"))
        self.rows = rows = rows.dropna(subset=["_y", *needed]).reset_index(drop=True)
        self.y, self.method, self.asked = rows["_y"].to_numpy(float), method, asked
        X, self.unfit = independent(dummies(rows, [*needed, *also]), asked)
        self.X, self.names = X.to_numpy(), [*X]
        self.codes = {name: pd.factorize(rows[name])[0] for name in ("organization_id", "event_id")}
        self.beta, self.w, self.r = fitted(self.X, self.y, method)
        self.robust = Sandwich(self.X, self.w, self.r, self.codes)

    def at(self, name, beta=None, level=0.0):
        """The outcome of each row with and without an incentive, and the difference's derivative by the coefficients."""
        j, beta = self.names.index(name), self.beta if beta is None else beta
        high, low = (np.insert(np.delete(self.X, j, axis=1), j, one, axis=1) for one in (1.0, 0.0))
        if self.method == "linear":
            return high @ beta, low @ beta, (high - low).mean(axis=0)
        p, q = expit(high @ beta + level), expit(low @ beta + level)
        return p, q, ((p * (1 - p)) @ high - (q * (1 - q)) @ low) / len(p)

    def effect(self, name):
        """The average marginal effect of an incentive with its interval; or why there is none."""
        x = self.rows[name].to_numpy(float)
        own = varies_by(self.codes, x)
        if name in self.unfit:
            return {"reason": "collinear" if np.ptp(x) else "constant", "varies_by": own}
        high, low, gradient = self.at(name)
        estimate = (high - low).mean()
        parts, error, df, fewest = self.robust.widest(gradient, own)
        told = {"estimate": estimate, "std_error": error, "df": df, "reason": "" if fewest >= FEWEST else "low_df"}
        reach, t = stats.t.ppf(0.975, df) * error, abs(estimate) / error
        told |= {"conf_low": estimate - reach, "conf_high": estimate + reach, "p_value": 2 * stats.t.sf(t, df)}
        told |= {"p_if_alike": told["p_value"], "share": low.mean(), "parts": parts, "varies_by": own}
        return told | {"gradient": gradient, "detectable": self.detectable(name, own)}

    def detectable(self, name, own):
        """The effect that would be found with probability 0.8."""
        j, eta = self.names.index(name), self.X @ self.beta
        part = (self.X[:, j] - self.X[:, j].mean()) * self.beta[j]
        up = optimize.brentq(lambda up: (expit(eta - part + up) - expit(eta)).mean(), -50, 50, xtol=1e-14)
        p = expit(eta - part + up)
        direction = np.eye(len(self.beta))[j] * (p * (1 - p)).mean()
        _, error, df, _ = self.robust.widest(direction, own)
        return (stats.t.ppf(0.975, df) + stats.t.ppf(0.8, df)) * error

    def answer(self, name):
        """`effect`, or why the rows cannot tell: too few groups, too rare an outcome, at the edge of chance."""
        had, yes = self.rows[name].to_numpy(float) > 0, self.y > 0
        told = self.effect(name)
        if name in self.unfit:
            return told
        of = "organization_id" if told["varies_by"] == "row" else told["varies_by"]
        groups = [len({*self.codes[of][side]}) for side in (had, ~had)]
        rare = [(side.sum(), len({*self.codes["organization_id"][side]})) for side in (yes, ~yes)]
        if any(had[side].all() or not had[side].any() for side in (yes, ~yes)) or yes[had].all() or yes[~had].all():
            return told | {"reason": "separated"}
        if min(groups) < ENOUGH[of == "event_id"]:
            return told | {"reason": "few_groups"}
        if any(n < RAREST[0] or g < RAREST[1] for n, g in rare):
            return told | {"reason": "rare_outcome"}
        if told["reason"] or told["p_value"] >= 0.05:
            return told
        alike = min(told["df"], *(one.df(told["gradient"], alike=True) for sign, one in told["parts"] if sign > 0))
        told["p_if_alike"] = 2 * stats.t.sf(abs(told["estimate"]) / told["std_error"], alike)
        return told | {"reason": "" if told["p_if_alike"] < 0.05 else "at_the_edge"}

    def cost(self, name, paid):
        """What one more attendance cost, with Fieller's interval: what was paid over the effect."""
        told, had = self.effect(name), self.rows[name].to_numpy(float) > 0
        paid = self.rows[paid].to_numpy(float)
        a, b, t = paid[had].mean(), told["estimate"], stats.t.ppf(0.975, told["df"])
        V = np.zeros((2, 2))
        for sign, one in told["parts"]:
            mean = Robust(had[:, None].astype(float), np.ones(len(had)), had * (paid - a), one.member.argmax(axis=1))
            both = np.stack([mean.scores(np.ones(1)), one.scores(told["gradient"])])
            V += sign * both @ both.T
        most = np.sqrt(max(V[0, 0], 0) * V[1, 1])
        V[0, 1] = np.clip(V[0, 1], -most, most)
        A, B, C = b**2 - t**2 * V[1, 1], a * b - t**2 * V[0, 1], a**2 - t**2 * V[0, 0]
        root = np.sqrt(max(B**2 - A * C, 0))
        if C <= 0 or (A > 0 and b <= 0):
            return [np.nan, np.nan, np.nan]
        ends = [(B - root) / A, (B + root) / A] if A > 0 else [C / (B + root), np.inf]
        return [a / b if b > 0 else np.nan, *ends]


def main(rows, asked):
    """What is told of each incentive by Firth's logit."""
    question = Question(rows, rows["attended"], asked["incentives"], asked.get("adjust_for", []))
    answers = {name: question.answer(name) for name in asked["incentives"]}
    return decided(answers, asked.get("smallest_effect_that_matters", 0.1))


def costs(rows, asked, told):
    """What one more attendance cost, of the amounts that something is told of, to two digits."""
    question = Question(rows, rows["attended"], asked["incentives"], asked.get("adjust_for", []))
    paid = {
        name: f"{name}_spent" for name in told if f"{name}_spent" in rows and told[name]["strength"] != "cannot tell"
    }
    prices = {name: question.cost(name, spent) for name, spent in paid.items()}
    return {name: [float(f"{one:.2g}") for one in each] for name, each in prices.items()}


def ways(rows, asked, told):
    """The same question asked in other ways: (term, way, estimate, low, high, n) of each incentive that is told of."""
    incentives, adjust_for = asked["incentives"], asked.get("adjust_for", [])
    names = [name for name in incentives if told[name]["strength"] != "cannot tell"]
    came, same = rows["attended"], rows.dropna(subset=adjust_for)
    sent = rows["delegates"].astype("Float64").where(came.notna())
    most = max(1.0, np.floor(float(sent[sent > 0].astype(float).quantile(0.95))))
    senior = came.astype("boolean") & rows["senior_delegate"].astype("boolean")
    levels = rows.assign(each=rows["organization_id"], then=rows["fiscal_quarter"])
    asked_again = {
        "main": Question(rows, came, incentives, adjust_for),
        "logit": Question(rows, came, incentives, adjust_for, method="logit"),
        "linear": Question(rows, came, incentives, adjust_for, method="linear"),
        "fixed": Question(levels, came, incentives, adjust_for, method="linear", also=["each", "then"]),
        "senior": Question(rows, senior, incentives, adjust_for),
        "delegates": Question(rows, sent.clip(upper=most) / most, incentives, adjust_for, method="logit"),
    }
    asked_again |= {"unadjusted": Question(same, same["attended"], incentives, [])} if adjust_for else {}
    lines = []
    for way, question in asked_again.items():
        for name in names:
            one = question.effect(name)
            ends = [np.nan] * 3 if one["reason"] else [one["estimate"], one["conf_low"], one["conf_high"]]
            lines.append([name, way, *ends, len(question.y)])
            if way == "linear":
                lines += [
                    [name, drawn, one["estimate"], ..., ..., len(question.y)] for drawn in ("bootstrap", "permutation")
                ]
    for way, model in {"gee": gee, "mixed": mixed}.items():
        for of in ("organization_id", "event_id"):
            own = [name for name in names if (told[name]["varies_by"] == "event_id") == (of == "event_id")]
            found = model(asked_again["logit"], of, own) if own else {}
            for name in own:
                estimate, reach = found.get(name, (np.nan, np.nan))
                lines.append([name, way, estimate, estimate - reach, estimate + reach, len(asked_again["logit"].y)])
    return lines


def adjusted(p):
    """Holm's p-values, and those of Benjamini and Hochberg."""
    order, m = np.argsort(p), len(p)
    holm, among = np.empty(m), np.empty(m)
    holm[order] = np.minimum(np.maximum.accumulate([(m - i) * p[at] for i, at in enumerate(order)]), 1)
    among[order] = np.minimum.accumulate([m / (i + 1) * p[order[i]] for i in range(m)][::-1])[::-1]
    return holm, np.minimum(among, 1)


def decided(answers, smallest):
    """Answers by incentive with adjusted p-values and the strength of each."""
    told = {name: one for name, one in answers.items() if not one["reason"]}
    holm, among = adjusted(np.array([one["p_if_alike"] for one in told.values()]))
    for (name, one), p, q in zip(told.items(), holm, among, strict=True):
        low, high = one["conf_low"], one["conf_high"]
        words = {"clear": (low > 0 or high < 0) and p < 0.05, "likely": (low > 0 or high < 0) and q < LIKELY * 0.05}
        words |= {"no sign of": -smallest <= low and high <= smallest, "uncertain": True}
        ratios = [(one["share"] + of) / one["share"] for of in (one["estimate"], low if low > 0 else high)]
        values = [e_value(ratio) for ratio in ratios]
        values[1] = 1.0 if low <= 0 <= high else values[1]
        strength = next(word for word, holds in words.items() if holds)
        answers[name] = one | dict(p_adjusted=p, strength=strength, e_value=values[0], e_value_limit=values[1])
    return {name: {"strength": "cannot tell"} | one for name, one in answers.items()}


def e_value(ratio):
    """VanderWeele and Ding's."""
    ratio = max(ratio, 1 / ratio) if ratio > 0 else np.nan
    return ratio + np.sqrt(ratio * (ratio - 1))


# ---- models that know one way of grouping


def gee(question, of, names):
    """Effects of GEE's logit, exchangeable within groups, with Mancl and DeRouen's covariance.

    Coefficients and correlation are statsmodels'; what a group alone tells about has no spread, as by CR2.
    """
    from statsmodels.api import families
    from statsmodels.genmod.cov_struct import Exchangeable
    from statsmodels.genmod.generalized_estimating_equations import GEE

    X, y, codes = question.X, question.y, question.codes[of]
    df, scale = codes.max() + 1 - X.shape[1], np.sqrt((X**2).mean(axis=0))
    if df < FEWEST:
        return {}
    model = GEE(y, X / scale, codes, family=families.Binomial(), cov_struct=Exchangeable())
    beta = model.fit(ddof_scale=0, maxiter=1000, ctol=1e-12).params / scale
    p, rho = expit(X @ beta), float(model.cov_struct.dep_params)
    root, groups = np.sqrt(p * (1 - p)), [np.flatnonzero(codes == one) for one in range(codes.max() + 1)]
    alike = [np.outer(root[rows], root[rows]) * ((1 - rho) * np.eye(len(rows)) + rho) for rows in groups]
    D = [X[rows] * root[rows, None] ** 2 for rows in groups]
    M = np.linalg.inv(sum(d.T @ np.linalg.solve(v, d) for d, v in zip(D, alike, strict=True)))
    V = np.zeros_like(M)
    for rows, d, v in zip(groups, D, alike, strict=True):
        left, right = np.linalg.eig(np.eye(len(rows)) - d @ M @ d.T @ np.linalg.inv(v))
        inverse = (right * np.where(abs(left) > 1e-8, 1 / left, 0)) @ np.linalg.inv(right)
        score = d.T @ np.linalg.solve(v, inverse.real @ (y - p)[rows])
        V += np.outer(M @ score, M @ score)
    found = {}
    for name in names:
        high, low, gradient = question.at(name, beta)
        found[name] = (high - low).mean(), stats.t.ppf(0.975, df) * np.sqrt(gradient @ V @ gradient)
    return found


def mixed(question, of, names):
    """Effects, averaged over the population of groups, of a logit with a normal level for each group."""
    X, y, member = question.X, question.y, pd.get_dummies(question.codes[of]).to_numpy(float)
    weights, k = np.log(WEIGHTS / WEIGHTS.sum()), X.shape[1]

    def falling(theta):
        eta = (X @ theta[:k])[:, None] + theta[k] * NODES
        each = member.T @ (y[:, None] * eta - np.logaddexp(0, eta)) + weights
        height = logsumexp(each, axis=1)
        share = member @ np.exp(each - height[:, None])
        residual = share * (y[:, None] - expit(eta))
        slope = np.append(X.T @ residual.sum(axis=1), (residual @ NODES).sum())
        return -height.sum(), -slope

    start = fitted(X, y, "logit")[0]
    best = optimize.minimize(falling, np.append(start, 0.5), jac=True, method="BFGS", options={"gtol": 1e-4})
    theta = optimize.root(lambda at: falling(at)[1], best.x, tol=1e-12).x
    if abs(theta[k]) < 1e-3:
        theta, k_used = np.append(start, 0.0), k
    else:
        k_used = k + 1
    h = 1e-4
    hessian = np.array([(falling(theta + h * e)[1] - falling(theta - h * e)[1]) / (2 * h) for e in np.eye(k + 1)])
    V = np.zeros((k + 1, k + 1))
    V[:k_used, :k_used] = np.linalg.inv((hessian + hessian.T)[:k_used, :k_used] / 2)

    found = {}
    for name in names:
        estimate, gradient = 0.0, np.zeros(k + 1)
        for weight, node in zip(np.exp(weights), NODES, strict=True):
            p, q, along = question.at(name, theta[:k], theta[k] * node)
            estimate += weight * (p - q).mean()
            gradient += weight * np.append(along, node * (p * (1 - p) - q * (1 - q)).mean())
        found[name] = estimate, stats.norm.ppf(0.975) * np.sqrt(gradient @ V @ gradient)
    return found
