"""The CR2 correction: what the residuals of each cluster are multiplied by, so that the covariance is unbiased.

Takes a basis of the design, the weights and the clusters; for ``clusters``. Small clusters go through eigenvectors,
many at a time; large ones through a contour integral, so that 10,000 rows in one cost no more than 10,000 in many.
"""

import numpy as np
from scipy.special import ellipj, ellipkm1

LARGE = 80  # rows in a cluster from which the integral is cheaper than eigenvectors (measured)
CHUNK = 2_000_000  # numbers in one batch of cluster matrices: 16 MB
UNEVEN = 1e-3  # smallest weight as a share of the largest, below which eigenvectors lose digits
NULL = 1e-10  # a leverage this close to 1 is 1: the cluster alone identifies a direction


def half_corrected(U, weights, codes, variances=None, *, strata=None, large=LARGE):
    """A_jU_j of every cluster j, stacked in the order of the rows.

    A_j = W^½ G^−½ W^½ with G = W^½(W − W U_jU_j'W)W^½ = D − YY', D = W², Y = W^1½U_j. This is on the scale of the
    outcome, variance p(1−p), as ``clubSandwich`` does for a glm; on the scale of the linear predictor the square root
    is another one, which differs in the fifth digit. A direction in which G is null gets 0 (its ``matrix_power``).
    For counts the scale is that of the share, k of m, whose variance is V = W / m²: then D = V², Y = V W^½U_j and
    A_j = V W^−½ G^−½ W^½.

    Parameters
    ----------
    U : array (n, k) with U'WU = I
    weights : array (n,)
    codes : array (n,) of int from 0
    variances : array (n,), of the outcome; the weights themselves where a row is one yes or no
    strata : sparse (n, S), further columns of U, each row in one of them; what is returned is that of U alone

    Examples
    --------
    One row per cluster, least squares, leverages ½: 1 / √(1 − ½) times the row.

    >>> U = np.full((2, 1), np.sqrt(0.5))
    >>> half_corrected(U, np.ones(2), np.array([0, 1])).round(6).tolist()
    [[1.0], [1.0]]
    """
    variances = weights if variances is None else variances
    corrected, level, share = np.empty_like(U), np.zeros(len(U), int), np.zeros(len(U))
    if strata is not None:
        level, share = strata.indices, strata.data
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    for size in np.unique(sizes):
        rows = order[starts[sizes == size][:, None] + np.arange(size)]  # (clusters of this size, size)
        uneven = variances[rows].min(axis=1) < UNEVEN * variances[rows].max(axis=1)
        for cluster in rows if size >= large else rows[uneven]:
            own = (level[cluster, None] == np.unique(level[cluster])) * share[cluster, None]
            whole = U[cluster] if strata is None else np.hstack([U[cluster], own])
            corrected[cluster] = _by_integral(whole, weights[cluster], variances[cluster])[:, : U.shape[1]]
        if size < large and not uneven.all():
            even = rows[~uneven]
            for part in np.array_split(even, even.size * size // CHUNK + 1):
                given = weights[part], variances[part], level[part], share[part]
                corrected[part] = _by_eigenvectors(U[part], *given)
    return corrected


def _by_eigenvectors(U, w, v, level, share):
    """(c, m, k), (c, m), … → (c, m, k): c clusters of m rows at once; ``share``, of the column ``level``."""
    root = np.sqrt(w)[..., None]
    Z = U * root
    Y = Z * v[..., None]
    own = v * root[..., 0] * share
    G = -Y @ Y.swapaxes(1, 2) - (level[:, :, None] == level[:, None]) * own[:, :, None] * own[:, None]
    diagonal = np.arange(U.shape[1])
    G[:, diagonal, diagonal] += v**2
    value, vector = np.linalg.eigh(G)
    cut = 1e-12 * (v**2).max(axis=1, keepdims=True)
    power = np.where(value > cut, np.maximum(value, cut) ** -0.5, 0.0)
    return v[..., None] / root * (vector @ (power[..., None] * (vector.swapaxes(1, 2) @ Z)))


def _by_integral(U, w, v):
    """(m, k), (m,), (m,) → (m, k) in O(mk²): G^−½Z by quadrature over (G + s)⁻¹Z, each by the Woodbury identity.

    Hale, Higham & Trefethen (2008), method 3. Directions in which G is null are first moved to the middle of its
    spectrum and taken out again afterwards.
    """
    root, D = np.sqrt(w)[:, None], v**2
    Z = U * root
    leverage, turn = np.linalg.eigh(Z.T @ Z)
    null = leverage > 1 - NULL
    N, _ = np.linalg.qr(Z @ turn[:, null] / v[:, None])
    low, high = D.min() * (1 - leverage[~null].max(initial=0.0)), D.max()
    if null.any():
        low *= 4 * (high * D.min()) / (high + D.min()) ** 2  # Kantorovich: the null directions are skew in D
    middle = np.sqrt(low * high)
    outer = np.hstack([Z * v[:, None], N])
    sign = np.concatenate([-np.ones(Z.shape[1]), np.full(N.shape[1], middle)])
    total = np.zeros_like(Z)
    for shift, weight in zip(*_nodes(low, high), strict=True):
        scaled = outer / (D + shift)[:, None]
        small = np.diag(1 / sign) + outer.T @ scaled
        total += weight * (Z / (D + shift)[:, None] - scaled @ np.linalg.solve(small, scaled.T @ Z))
    return v[:, None] / root * (total - N @ (N.T @ Z) / np.sqrt(middle))


def _nodes(low, high):
    """Shifts s and weights c with A^−½ ≈ Σ c (A + s)⁻¹ for every A whose spectrum lies in [low, high]."""
    low, high = low * 0.99, high * 1.01  # the bounds are sharp for a diagonal matrix: rounding must not cross them
    count = int(np.ceil(33 * (np.log(high / low) + 3) / (2 * np.pi**2)))  # error e^−33, 5e-15
    ratio = np.sqrt(low / high)
    period = ellipkm1(ratio**2)
    # beyond the middle sn and cn lose digits; there the functions of what is left of the period are used
    u = (np.arange(count) + 0.5) * period / count
    second = u > period / 2
    sn, cn, dn, _ = ellipj(np.where(second, period - u, u), 1 - ratio**2)
    tangent = np.where(second, cn / (ratio * sn), sn / cn)
    slope = np.where(second, dn / (ratio * sn**2), dn / cn**2)
    return low * tangent**2, 2 * period * np.sqrt(low) / (np.pi * count) * slope
