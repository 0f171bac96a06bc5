"""Likelihood of step-function selection models, with its scores, and its maximum.

A study with p-value in ``(steps[j-1], steps[j]]`` is published with relative probability ``delta[j]``, so
that its effect has density ``delta[j(i)] N(y; mu, v + tau2) / A``, where ``A = sum_j delta[j] P(p in j)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

_LOG_2PI = math.log(2 * math.pi)
DELTA_MAX = 100.0
DELTA_MIN = 1e-6


@dataclass(frozen=True, slots=True)
class SelectionData:
    """What the likelihood needs, selection favouring large y.

    Attributes
    ----------
    y, v : ndarray of shape (k,)
        Effects and sampling variances.
    X : ndarray of shape (k, p)
        Design.
    cuts : ndarray of shape (k, J - 1)
        Effects (for two tails: absolute effects) at the steps.
    interval : ndarray of int, shape (k,)
        Interval of each study's p-value.
    two_sided : bool
        Whether both tails count.
    """

    y: np.ndarray
    v: np.ndarray
    X: np.ndarray
    cuts: np.ndarray
    interval: np.ndarray
    two_sided: bool


def prepare(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, p: np.ndarray, steps: np.ndarray, two_sided: bool
) -> SelectionData:
    """Lay out the data; ``steps`` (J - 1,) without the final 1, ``p`` (k,)."""
    z = -ndtri(steps / 2 if two_sided else steps)
    interval = np.searchsorted(steps, p, side="left")
    return SelectionData(y, v, X, np.sqrt(v)[:, None] * z, interval, two_sided)


def _density(u: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * (u * u + _LOG_2PI))


def study_terms(
    data: SelectionData, beta: np.ndarray, tau2: float, delta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood (k,) and scores (k, p + 1 + J - 1) for beta, tau2 and delta[1:]."""
    mu, s2 = data.X @ beta, data.v + tau2
    s, e = np.sqrt(s2), data.y - mu
    u = (mu[:, None] - data.cuts) / s[:, None]
    below = ndtr(u)
    f = _density(u)
    d_mu, d_s2 = f / s[:, None], -u * f / (2 * s2[:, None])
    if data.two_sided:
        u = (-data.cuts - mu[:, None]) / s[:, None]
        f = _density(u)
        below = below + ndtr(u)
        d_mu, d_s2 = d_mu - f / s[:, None], d_s2 - u * f / (2 * s2[:, None])
    drops = delta[:-1] - delta[1:]
    total = delta[-1] + below @ drops
    ends = np.column_stack([below, np.ones(len(s))])
    share = np.diff(ends, axis=1)
    value = np.log(delta[data.interval]) - 0.5 * (_LOG_2PI + np.log(s2) + e * e / s2) - np.log(total)
    by_mu = e / s2 - (d_mu @ drops) / total
    by_tau2 = 0.5 * (e * e / s2 - 1) / s2 - (d_s2 @ drops) / total
    own = (data.interval[:, None] == np.arange(1, len(delta))) / delta[1:]
    return value, np.column_stack([by_mu[:, None] * data.X, by_tau2, own - share / total[:, None]])


@dataclass(frozen=True, slots=True)
class SelectionFit:
    """A maximum of the likelihood.

    Attributes
    ----------
    beta : ndarray of shape (p,)
    tau2 : float
    delta : ndarray of shape (J,)
    vcov : ndarray of shape (q, q)
        Inverse observed information of beta, tau2, delta[1:]; NaN for what is at a bound or fixed.
    scores : ndarray of shape (k, q)
        Scores at the maximum.
    loglik : float
    converged : bool
    at_bound : bool
        Whether a weight has run into its bound.
    """

    beta: np.ndarray
    tau2: float
    delta: np.ndarray
    vcov: np.ndarray
    scores: np.ndarray
    loglik: float
    converged: bool
    at_bound: bool


def _split(theta: np.ndarray, p: int, fixed: np.ndarray | None) -> tuple[np.ndarray, float, np.ndarray]:
    if fixed is not None:
        return theta[:p], float(theta[p]), fixed
    return theta[:p], float(theta[p]), np.concatenate([[1.0], theta[p + 1 :]])


def _gradient(data: SelectionData, theta: np.ndarray, fixed: np.ndarray | None) -> np.ndarray:
    return np.asarray(
        study_terms(data, *_split(theta, data.X.shape[1], fixed))[1][:, : theta.size].sum(axis=0)
    )


def _hessian(
    data: SelectionData, theta: np.ndarray, free: np.ndarray, fixed: np.ndarray | None, scale: np.ndarray
) -> np.ndarray:
    """Central differences of the exact gradient over the free parameters."""
    at = np.flatnonzero(free)
    out = np.empty((at.size, at.size))
    p = data.X.shape[1]
    for row, i in enumerate(at):
        step = 1e-5 * scale[i]
        if i >= p:
            step = min(step, 0.5 * theta[i])
        ahead, behind = theta.copy(), theta.copy()
        ahead[i] += step
        behind[i] -= step
        out[row] = ((_gradient(data, ahead, fixed) - _gradient(data, behind, fixed)) / (2 * step))[at]
    return 0.5 * (out + out.T)


def _climb(
    data: SelectionData, start: np.ndarray, fixed: np.ndarray | None, zero_tau2: bool
) -> tuple[np.ndarray, float]:
    """Maximise from ``start`` over beta, tau2 (or at tau2 = 0) and the logs of the weights."""
    from scipy.optimize import minimize

    p = data.X.shape[1]
    spread = float(np.var(data.y)) + float(data.v.max())

    def natural(x: np.ndarray) -> np.ndarray:
        theta = x.copy()
        theta[p] = 0.0 if zero_tau2 else math.exp(x[p])
        theta[p + 1 :] = np.exp(x[p + 1 :])
        return theta

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        theta = natural(x)
        values, scores = study_terms(data, *_split(theta, p, fixed))
        slope = scores[:, : theta.size].sum(axis=0) * np.where(np.arange(theta.size) < p, 1.0, theta)
        return -float(values.sum()), -slope

    x0 = start.copy()
    x0[p] = math.log(max(float(start[p]), 1e-6 * spread))
    x0[p + 1 :] = np.log(start[p + 1 :])
    reach = 20 * (np.abs(start[:p]) + math.sqrt(spread))
    bounds = [(-r, r) for r in reach]
    bounds.append((math.log(1e-12 * spread), math.log(100 * spread)))
    bounds += [(math.log(DELTA_MIN), math.log(DELTA_MAX))] * (start.size - p - 1)
    found = minimize(
        objective,
        x0,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-10},
    )
    return natural(found.x), -float(found.fun)


def _polish(
    data: SelectionData, theta: np.ndarray, free: np.ndarray, fixed: np.ndarray | None, scale: np.ndarray
) -> tuple[np.ndarray, bool]:
    """Newton's steps to the stationary point of the free parameters; whether they arrived."""
    p = data.X.shape[1]
    for _ in range(50):
        slope = _gradient(data, theta, fixed)[free]
        try:
            move = np.linalg.solve(-_hessian(data, theta, free, fixed, scale), slope)
        except np.linalg.LinAlgError:
            return theta, False
        size = float(np.max(np.abs(move) / scale[free]))
        if not math.isfinite(size):
            return theta, False
        fresh = theta.copy()
        fresh[free] += move
        if size > 0.5 or np.any(fresh[p:][free[p:]] <= 0):
            return theta, False
        theta = fresh
        if size < 1e-10:
            return theta, True
    return theta, False


def maximise_selection(
    data: SelectionData, *, start_tau2: float, fixed: np.ndarray | None = None
) -> SelectionFit:
    """Maximum-likelihood estimates, from several starts; ``fixed`` (J,) holds given weights."""
    X, p = data.X, data.X.shape[1]
    w = 1 / (data.v + start_tau2)
    beta = np.linalg.solve(X.T @ (w[:, None] * X), X.T @ (w * data.y))
    n = 0 if fixed is not None else data.cuts.shape[1]
    spread = float(np.var(data.y)) + float(np.median(data.v))
    best: tuple[float, np.ndarray] | None = None
    tries = [
        (start_tau2, 1.0, False),
        (0.25 * spread, 0.2, False),
        (0.01 * spread, 3.0, False),
        (0.0, 1.0, True),
    ]
    for tau2, weight, zero in tries:
        start = np.concatenate([beta, [tau2], np.full(n, weight)])
        theta, value = _climb(data, start, fixed, zero)
        if best is None or value > best[0] + (0 if zero else 1e-9):
            best = (value, theta)
    assert best is not None
    theta = best[1]
    if theta[p] < 1e-9 * spread:
        theta[p] = 0.0
    free = np.ones(theta.size, dtype=bool)
    free[p] = theta[p] > 0
    bound = (theta[p + 1 :] > 0.999 * DELTA_MAX) | (theta[p + 1 :] < 1.001 * DELTA_MIN)
    free[p + 1 :] = ~bound
    scale = np.concatenate([np.full(p, math.sqrt(spread)), [max(theta[p], 1e-3 * spread)], theta[p + 1 :]])
    theta, converged = _polish(data, theta, free, fixed, scale)
    values, scores = study_terms(data, *_split(theta, p, fixed))
    vcov = np.full((theta.size, theta.size), np.nan)
    hessian = _hessian(data, theta, free, fixed, scale)
    eigenvalues = np.linalg.eigvalsh(-hessian * np.outer(scale[free], scale[free]))
    if eigenvalues.min() > 1e-10 * max(eigenvalues.max(), 1e-300):
        vcov[np.ix_(free, free)] = np.linalg.inv(-hessian)
    b, t, d = _split(theta, p, fixed)
    return SelectionFit(
        b, t, d, vcov, scores[:, : theta.size], float(values.sum()), converged, bool(bound.any())
    )
