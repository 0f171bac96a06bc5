"""Moment estimators of robust variance estimation: correlated effects (CORR) and hierarchical effects (HIER).

Hedges, Tipton & Johnson (2010), doi:10.1002/jrsm.5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Moments:
    """Variance components, at least 0, and the weights of the effects (n,).

    Attributes
    ----------
    tau2, omega2 : float
        Between clusters and (HIER) between effects of a cluster.
    weights : ndarray of shape (n,)
    """

    tau2: float
    omega2: float
    weights: Array


@dataclass(frozen=True, slots=True)
class _Blocks:
    """``diag(d) + c_j 1 1'`` in each cluster j: d (n,), c (m,)."""

    d: Array
    c: Array
    cluster: Array

    def times(self, x: Array) -> Array:
        total = np.zeros((len(self.c), x.shape[1]))
        np.add.at(total, self.cluster, x)
        return np.asarray(self.d[:, None] * x + (self.c[:, None] * total)[self.cluster])

    def trace(self, other: _Blocks) -> float:
        """Trace of the product of two of them."""
        size = np.bincount(self.cluster, minlength=len(self.c))
        c, b = self.c[self.cluster], other.c[self.cluster]
        return float(np.sum(self.d * other.d + self.d * b + c * other.d) + np.sum(self.c * other.c * size**2))


def _form(y: Array, X: Array, w: Array, B: _Blocks, parts: list[_Blocks]) -> tuple[float, list[float]]:
    """``e'Be`` of the residuals under weights w, and its expectation for each part of the covariance.

    With ``e = (I - X A X'W) y``, that is ``tr(B S) - 2 tr(A X'W S B X) + tr(A X'B X A X'W S W X)``.
    """
    wx = w[:, None] * X
    A = np.linalg.inv(X.T @ wx)
    e = y - X @ (A @ (wx.T @ y))
    bx = B.times(X)
    value = float(e @ B.times(e[:, None])[:, 0])
    bread = A @ (X.T @ bx) @ A
    means = [
        B.trace(S)
        - 2 * float(np.sum(A * (wx.T @ S.times(bx)).T))
        + float(np.sum(bread * (wx.T @ S.times(wx))))
        for S in parts
    ]
    return value, means


def correlated(y: Array, v: Array, X: Array, cluster: Array, rho: float) -> Moments:
    """CORR: the sampling errors of a cluster correlate by ``rho``, and its effects share their true effect.

    ``cluster`` (n,) counts from 0; weights ``1 / (k_j (mean v_j + tau2))``.

    >>> y, v, cluster = np.array([0.0, 0.2, 1.0, 1.4]), np.full(4, 0.1), np.array([0, 0, 1, 1])
    >>> round(correlated(y, v, np.ones((4, 1)), cluster, 0.5).tau2, 6)
    0.53
    """
    size = np.bincount(cluster)
    mean = np.bincount(cluster, v) / size
    w = (1 / (size * mean))[cluster]
    none = np.zeros(len(size))
    sampling = _Blocks(((1 - rho) * mean)[cluster], rho * mean, cluster)
    between = _Blocks(np.zeros(len(y)), none + 1.0, cluster)
    q, (fixed, slope) = _form(y, X, w, _Blocks(w, none, cluster), [sampling, between])
    tau2 = max(0.0, (q - fixed) / slope) if slope > 0 else 0.0
    return Moments(tau2, 0.0, (1 / (size * (mean + tau2)))[cluster])


def hierarchical(y: Array, v: Array, X: Array, cluster: Array) -> Moments:
    """HIER: independent sampling errors, true effects that vary between clusters and within them.

    Two moments, those of the weighted squares and of the squared sums of residuals of a cluster; weights
    ``1 / (v + tau2 + omega2)``. A negative variance becomes 0; without omega2, tau2 follows from the first
    moment alone.

    >>> y, v, cluster = np.array([0.0, 0.4, 1.0, 1.6]), np.full(4, 0.01), np.array([0, 0, 1, 1])
    >>> found = hierarchical(y, v, np.ones((4, 1)), cluster)
    >>> round(found.tau2, 6), round(found.omega2, 6)
    (0.54, 0.12)
    """
    n, none = len(y), np.zeros(int(cluster.max()) + 1)
    zero, one = np.zeros(n), np.ones(n)
    squares, sums = _Blocks(1 / v, none, cluster), _Blocks(zero, none + 1.0, cluster)
    parts = [_Blocks(v, none, cluster), sums, _Blocks(one, none, cluster)]
    q, (fixed, *row) = _form(y, X, 1 / v, squares, parts)
    r, (base, *other) = _form(y, X, 1 / v, sums, parts)
    table = np.array([row, other])
    tau2, omega2 = np.linalg.lstsq(table, np.array([q - fixed, r - base]), rcond=None)[0]
    if omega2 < 0:
        tau2, omega2 = (q - fixed) / row[0] if row[0] > 0 else 0.0, 0.0
    tau2 = max(0.0, tau2)
    return Moments(float(tau2), float(omega2), 1 / (v + tau2 + omega2))
