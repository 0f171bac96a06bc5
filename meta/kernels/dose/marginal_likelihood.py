"""Likelihood of ``y_i ~ N(Z_i beta, S_i + R_i G R_i')`` from a few small matrices of each trial.

By Woodbury's identity, ``S_i`` enters only through products such as ``R_i' S_i^-1 R_i``, so that a point
costs m small matrices whatever the number of doses, and many points are computed in one batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.dose.curve_heterogeneity import RandomPart
from meta.kernels.dose.stacked_trials import Trials

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Statistics:
    """Products of each trial with the inverse of its sampling covariance.

    Attributes
    ----------
    F, c : ndarray of shape (m, p, p), (m, p)
        ``Z'S^-1 Z`` and ``Z'S^-1 y``.
    K, H, e : ndarray of shape (m, q, q), (m, q, p), (m, q)
        ``R'S^-1 R``, ``R'S^-1 Z`` and ``R'S^-1 y``.
    yy, logdet : float
        Sums of ``y'S^-1 y`` and of the log determinants of S.
    gram : float
        Log determinant of ``Z'Z``, which a restricted likelihood has so that it does not depend on units.
    n : int
        Number of effects.
    """

    F: Array
    c: Array
    K: Array
    H: Array
    e: Array
    yy: float
    logdet: float
    gram: float
    n: int


@dataclass(frozen=True, slots=True)
class Points:
    """The likelihood at b points.

    Attributes
    ----------
    loglik : ndarray of shape (b,)
    slope : ndarray of shape (b, q, q)
        Derivatives by the entries of G.
    beta, vcov : ndarray of shape (b, p), (b, p, p)
    """

    loglik: Array
    slope: Array
    beta: Array
    vcov: Array


def statistics(trials: Trials, random: RandomPart | None) -> Statistics:
    """Reduce the trials to what the likelihood needs of them."""
    R = np.zeros((len(trials.y), 1)) if random is None else random.Z
    p, q = trials.Z.shape[1], R.shape[1]
    inner, yy, logdet = [], 0.0, 0.0
    for rows, S in zip(trials.rows, trials.S, strict=True):
        all_columns = np.concatenate([trials.Z[rows], R[rows], trials.y[rows, None]], axis=1)
        root = np.linalg.cholesky(S)
        half = np.linalg.solve(root, all_columns)
        inner.append(half.T @ half)
        logdet += 2 * float(np.log(np.diag(root)).sum())
    found = np.array(inner)
    yy = float(found[:, -1, -1].sum())
    return Statistics(
        F=found[:, :p, :p],
        c=found[:, :p, -1],
        K=found[:, p : p + q, p : p + q],
        H=found[:, p : p + q, :p],
        e=found[:, p : p + q, -1],
        yy=yy,
        logdet=logdet,
        gram=float(np.linalg.slogdet(trials.Z.T @ trials.Z)[1]),
        n=len(trials.y),
    )


def at(s: Statistics, G: Array, restricted: bool) -> Points:
    """Log-likelihood, its derivatives by G, and the coefficients at G (b, q, q).

    ``T = (I + G K)^-1 G`` needs no inverse of G, so that singular matrices are points like any other.
    """
    q, p = s.K.shape[-1], s.F.shape[-1]
    left = np.eye(q) + G[:, None] @ s.K
    T = np.linalg.solve(left, np.broadcast_to(G[:, None], left.shape))
    HT = np.swapaxes(s.H, 1, 2) @ T
    A = (s.F - HT @ s.H).sum(axis=1)
    b = (s.c - (HT @ s.e[..., None])[..., 0]).sum(axis=1)
    vcov = np.linalg.inv(A)
    beta = (vcov @ b[..., None])[..., 0]
    quadratic = s.yy - np.einsum("mi,bmij,mj->b", s.e, T, s.e) - np.einsum("bi,bi->b", b, beta)
    logdet = s.logdet + np.linalg.slogdet(left)[1].sum(axis=1)
    if restricted:
        logdet = logdet + np.linalg.slogdet(A)[1] - s.gram
    size = s.n - p if restricted else s.n
    loglik = -0.5 * (size * np.log(2 * np.pi) + logdet + quadratic)
    # R'M^-1 X = (I + K G)^-1 R'S^-1 X for any X, and (I + K G)^-1 = I - K T
    back = np.eye(q) - s.K @ T
    B = back @ s.K
    u = (back @ (s.e - (s.H @ beta[:, None, :, None])[..., 0])[..., None])[..., 0]
    slope = np.einsum("bmi,bmj->bij", u, u) - B.sum(axis=1)
    if restricted:
        C = back @ s.H
        slope = slope + np.einsum("bmip,bpr,bmjr->bij", C, vcov, C)
    return Points(loglik, 0.5 * slope, beta, vcov)
