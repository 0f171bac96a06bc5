"""Cluster wild bootstrap of Wald tests: residuals of the restricted model times random weights by cluster.

Cameron, Gelbach & Miller (2008), doi:10.1162/rest.90.3.414; Joshi, Pustejovsky & Beretvas (2022),
doi:10.1002/jrsm.1554; Webb (2023), doi:10.1111/caje.12661.

The working model, and with it the weights, stay as they were fitted. Every draw is then linear in the weights
w of the clusters: the coefficients move by ``sum of w_c g_c``, and the part of cluster j in the sandwich is
``w_j a_j - F_j sum of w_c g_c``, so that no model is fitted again.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from meta.errors import NotEstimableError
from meta.kernels.batches import batches, cut
from meta.kernels.cluster_robust import bread_of, half_of, solved, whiten

Array = np.ndarray
VALUES: dict[str, tuple[float, ...]] = {
    "rademacher": (-1.0, 1.0),
    "webb": (-(1.5**0.5), -1.0, -(0.5**0.5), 0.5**0.5, 1.0, 1.5**0.5),
}
"""Equally likely weights of a cluster, with mean 0 and variance 1."""
TIE = 1e-9
"""Relative distance at which two statistics are the same: weights and their negatives give equal ones."""
CELLS = 4_000_000
"""Numbers in one batch of draws."""


@dataclass(frozen=True, slots=True)
class Linear:
    """What every draw is made of, for contrasts ``L`` (q, p) in units of the working model.

    Attributes
    ----------
    effect : ndarray of shape (q,)
        ``L beta``.
    own : ndarray of shape (m, q)
        ``L a_j`` of the residuals of the unrestricted model.
    hat : ndarray of shape (m, q, p)
        ``L F_j``.
    push : ndarray of shape (m, p)
        ``g_c`` of the residuals of the unrestricted model.
    own_slope, push_slope : ndarray of shape (m, q, q), (m, p, q)
        What the restriction ``L beta = c`` adds to ``own`` and ``push`` for each unit of ``L beta - c``.
    """

    effect: Array
    own: Array
    hat: Array
    push: Array
    own_slope: Array
    push_slope: Array

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return len(self.own)


def linear(
    y: Array, X: Array, working: Any, cluster: Array, L: Array, *, kind: str, weights: Array | None = None
) -> Linear:
    """The parts of every draw.

    The residuals of the restricted model are those of the full one plus
    ``X B L' (L B L')^-1 (L beta - c)`` with ``B = (X'WX)^-1``.
    """
    numbers = np.unique(cluster, return_inverse=True)[1].reshape(-1)
    layout = batches(numbers)
    phi = cut(working, layout)
    own = None if weights is None else cut(np.diag(weights) if weights.ndim == 1 else weights, layout)
    parts = whiten(X, layout, phi, own)
    n, p, m, q = len(y), X.shape[1], layout.count, len(L)
    bread = bread_of(parts, n, p)
    spread = sum(np.einsum("bsi,bsj->ij", part.t, part.t) for part in parts)
    middle = bread if weights is None else bread @ spread @ bread
    beta = bread @ sum(np.einsum("bsi,bs->i", part.t, solved(part, y[part.rows])) for part in parts)
    inner = L @ bread @ L.T
    if np.linalg.matrix_rank(inner) < q:
        raise NotEstimableError("the contrasts are linearly dependent; leave one out")
    residual, back = y - X @ beta, X @ bread @ L.T @ np.linalg.inv(inner)
    a, hat = np.empty((m, q)), np.empty((m, q, p))
    g, a_slope, g_slope = np.empty((m, p)), np.empty((m, q, q)), np.empty((m, p, q))
    for part in parts:
        half = L @ half_of(part, bread, middle, kind)
        plain = bread @ np.swapaxes(part.t, 1, 2)
        e = solved(part, residual[part.rows])[..., None]
        b = np.linalg.solve(part.root, back[part.rows])
        at = part.blocks
        a[at], g[at] = (half @ e)[..., 0], (plain @ e)[..., 0]
        a_slope[at], g_slope[at], hat[at] = half @ b, plain @ b, half @ part.x
    return Linear(L @ beta, a, hat, g, a_slope, g_slope)


def _wald(effect: Array, parts: Array) -> Array:
    """``effect' V^-1 effect / q`` of each draw, with ``V = sum of parts parts'``; infinite where V is 0."""
    q = effect.shape[1]
    V = np.swapaxes(parts, 1, 2) @ parts
    if q == 1:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(V[:, 0, 0] > 0, effect[:, 0] ** 2 / V[:, 0, 0], np.inf)
    out = np.full(len(effect), np.inf)
    sizes = np.linalg.eigvalsh(V)
    firm = sizes[:, 0] > 1e-12 * sizes[:, -1]
    out[firm] = np.einsum("rq,rq->r", effect[firm], np.linalg.solve(V[firm], effect[firm][..., None])[..., 0])
    return out / q


def statistic(made: Linear, c: Array) -> float:
    """The Wald statistic of ``L beta = c``, over q."""
    return float(_wald((made.effect - c)[None], made.own[None])[0])


def statistics(made: Linear, draws: Array, L: Array, c: Array) -> Array:
    """The Wald statistics (R,) of the draws (R, m) of weights under ``L beta = c``."""
    gap = made.effect - c
    a, g = made.own + made.own_slope @ gap, made.push + made.push_slope @ gap
    out = np.empty(len(draws))
    step = max(1, CELLS // max(1, a.size))
    for start in range(0, len(draws), step):
        w = draws[start : start + step]
        move = w @ g
        parts = w[:, :, None] * a[None] - np.einsum("mqp,rp->rmq", made.hat, move)
        out[start : start + step] = _wald(move @ L.T, parts)
    return out


def every_weight(name: str, clusters: int, most: int) -> Array | None:
    """All weights up to their sign, (R, m), where these are no more than ``most``; None otherwise.

    >>> every_weight("rademacher", 3, 10)
    array([[ 1.,  1.,  1.],
           [ 1.,  1., -1.],
           [ 1., -1.,  1.],
           [ 1., -1., -1.]])
    """
    values = VALUES[name]
    if clusters * np.log(len(values)) > np.log(2.0 * most) + 1e-9:
        return None
    positive = [v for v in values[::-1] if v > 0]
    return np.array(
        [(first, *rest) for first in positive for rest in product(values[::-1], repeat=clusters - 1)]
    )


def p_value(found: Array, observed: float, exhaustive: bool) -> float:
    """Share of draws whose statistic is at least that of the data, which itself counts among random draws.

    >>> p_value(np.array([1.0, 4.0, 9.0]), 4.0, True), p_value(np.array([1.0, 4.0, 9.0]), 4.0, False)
    (0.6666666666666666, 0.75)
    """
    count = int(np.sum(found >= observed * (1 - TIE)))
    return count / len(found) if exhaustive else (count + 1) / (len(found) + 1)


def inverted(made: Linear, draws: Array, L: Array, exhaustive: bool, alpha: float) -> tuple[float, float]:
    """Values c of one contrast that the test with these draws does not reject: the ends of their interval.

    Infinite where no value is rejected on that side, as with few clusters whose smallest p-value is larger
    than alpha.
    """
    centre, unit = float(made.effect[0]), float(np.sqrt(np.sum(made.own**2)))

    def kept(c: float) -> bool:
        at = np.array([c])
        return p_value(statistics(made, draws, L, at), statistic(made, at), exhaustive) > alpha

    ends = []
    for side in (-1.0, 1.0):
        far = 2.0
        while kept(centre + side * far * unit) and far < 1e6:
            far *= 2
        if far >= 1e6 or unit == 0:
            ends.append(side * np.inf if unit else centre)
            continue
        near = 0.0
        for _ in range(40):
            middle = 0.5 * (near + far)
            near, far = (middle, far) if kept(centre + side * middle * unit) else (near, middle)
        ends.append(centre + side * 0.5 * (near + far) * unit)
    return ends[0], ends[1]
