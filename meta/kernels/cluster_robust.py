"""Cluster-robust covariance of linear models: CR0, CR1, CR1p and the bias-reduced CR2, with small-sample
tests.

Pustejovsky & Tipton (2018), doi:10.1080/07350015.2016.1247004; Tipton (2015), doi:10.1037/met0000011;
Hedges, Tipton & Johnson (2010), doi:10.1002/jrsm.5; Bell & McCaffrey (2002), Survey Methodology 28:169-181.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.errors import InputError, NotEstimableError, unknown_option

KINDS = ("CR0", "CR1", "CR1p", "CR2")


@dataclass(frozen=True, slots=True)
class Sandwich:
    """A sandwich and what its degrees of freedom need.

    Attributes
    ----------
    vcov : ndarray of shape (p, p)
    bread : ndarray of shape (p, p)
        ``(X'WX)^-1``.
    halves : ndarray of shape (m, p, n)
        For each cluster j, ``bread X_j' W_j A_j (I - H)_j``: the linear map from effects to the cluster's
        part of the sandwich.
    working : ndarray of shape (n, n)
        Working covariance.
    clusters : int
    """

    vcov: np.ndarray
    bread: np.ndarray
    halves: np.ndarray
    working: np.ndarray
    clusters: int


def _inverse_root(a: np.ndarray) -> np.ndarray:
    """Symmetric pseudo-inverse square root."""
    values, vectors = np.linalg.eigh(0.5 * (a + a.T))
    keep = values > 1e-10 * max(values.max(), 0.0)
    scale = np.where(keep, 1 / np.sqrt(np.where(keep, values, 1.0)), 0.0)
    return (vectors * scale) @ vectors.T


def sandwich(
    y: np.ndarray,
    X: np.ndarray,
    working: np.ndarray,
    cluster: np.ndarray,
    *,
    kind: str = "CR2",
    weights: np.ndarray | None = None,
) -> Sandwich:
    """Sandwich covariance of the weighted least squares coefficients.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Effects.
    X : ndarray of shape (n, p)
        Design.
    working : ndarray of shape (n, n)
        Working covariance; zero between clusters.
    cluster : ndarray of shape (n,)
        Labels.
    kind : {"CR0", "CR1", "CR1p", "CR2"}
        Multipliers: none, m/(m - 1), m/(m - p), and adjustment matrices that make it unbiased if the working
        covariance is right.
    weights : ndarray of shape (n, n), optional
        The inverse of ``working`` without.

    Examples
    --------
    >>> fit = sandwich(np.array([0.0, 1.0, 2.0]), np.ones((3, 1)), np.eye(3), np.arange(3))
    >>> float(fit.vcov[0, 0].round(6))
    0.333333
    """
    if kind not in KINDS:
        raise unknown_option("kind", kind, KINDS)
    numbers = np.unique(cluster, return_inverse=True)[1].reshape(-1)
    n, p = X.shape
    m = int(numbers.max()) + 1
    if m < 2 or (kind == "CR1p" and m <= p):
        raise NotEstimableError(f"{m} clusters cannot support cluster-robust inference on {p} coefficients")
    across = numbers[:, None] != numbers[None, :]
    if np.any(np.abs(working[across]) > 1e-12 * np.max(np.diag(working))):
        raise InputError(
            "effects in different clusters are correlated in the model; "
            "cluster by its outermost level or coarser"
        )
    W = np.linalg.inv(working) if weights is None else weights
    xw = X.T @ W
    bread = np.linalg.inv(xw @ X)
    residual_maker = np.eye(n) - X @ bread @ xw
    spread = residual_maker @ working @ residual_maker.T
    factor = {"CR0": 1.0, "CR1": m / (m - 1), "CR1p": m / (m - p) if m > p else np.nan}.get(kind, 1.0)
    halves = np.empty((m, p, n))
    for j in range(m):
        at = np.flatnonzero(numbers == j)
        block = np.ix_(at, at)
        left = bread @ X[at].T @ W[block]
        if kind == "CR2":
            d = np.linalg.cholesky(working[block]).T
            left = left @ d.T @ _inverse_root(d @ spread[block] @ d.T) @ d
        halves[j] = np.sqrt(factor) * left @ residual_maker[at]
    parts = halves @ y
    return Sandwich(np.einsum("jp,jq->pq", parts, parts), bread, halves, working, m)


def satterthwaite(fit: Sandwich, L: np.ndarray) -> np.ndarray:
    """Satterthwaite degrees of freedom of each row of ``L`` (q, p): under the working model, (q,).

    >>> fit = sandwich(np.array([0.0, 1.0, 2.0]), np.ones((3, 1)), np.eye(3), np.arange(3))
    >>> satterthwaite(fit, np.eye(1)).round(6).tolist()
    [2.0]
    """
    out = []
    for row in L:
        half = np.einsum("p,jpn->jn", row, fit.halves)
        gram = half @ fit.working @ half.T
        out.append(np.trace(gram) ** 2 / np.sum(gram**2))
    return np.array(out)


def htz_df(fit: Sandwich, L: np.ndarray) -> float:
    """Degrees of freedom eta of the Hotelling-T2 approximation for ``L beta = 0`` (Tipton & Pustejovsky
    2015).

    doi:10.3102/1076998615606099; the F test has q and ``eta - q + 1`` degrees of freedom.
    """
    q = L.shape[0]
    omega = L @ fit.bread @ L.T
    root = _inverse_root(omega)
    half = np.einsum("sq,qp,jpn->jsn", root, L, fit.halves)
    gram = np.einsum("jsn,nm,ktm->jkst", half, fit.working, half, optimize=True)
    variance = np.einsum("jkss,jktt->st", gram, gram) + np.einsum("jkst,jkts->st", gram, gram)
    return q * (q + 1) / float(variance.sum())


def htz_test(fit: Sandwich, beta: np.ndarray, L: np.ndarray) -> tuple[float, float]:
    """F statistic and denominator degrees of freedom of ``L beta = 0``; its numerator has ``len(L)``."""
    q = L.shape[0]
    effect = L @ beta
    value = float(effect @ np.linalg.solve(L @ fit.vcov @ L.T, effect))
    eta = htz_df(fit, L)
    return value * (eta - q + 1) / (eta * q), eta - q + 1
