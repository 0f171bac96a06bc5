"""Maximum of a selection likelihood over coefficients, tau2 and the positive parameters of selection."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

Terms = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Likelihood:
    """A likelihood of ``theta = (beta (p,), tau2, parameters of selection)``, of length q.

    Attributes
    ----------
    terms : callable
        From theta to the log-likelihoods (k,) and scores (k, q) of the studies.
    p, q : int
        Number of coefficients and of all parameters.
    spread : float
        Variance of the effects, which sets the scale of tau2.
    bounds : tuple of float
        Of the parameters of selection.
    """

    terms: Terms
    p: int
    q: int
    spread: float
    bounds: tuple[float, float]

    def value(self, theta: np.ndarray) -> float:
        """Log-likelihood."""
        return float(self.terms(theta)[0].sum())

    def gradient(self, theta: np.ndarray) -> np.ndarray:
        """Sum of the scores, (q,)."""
        return np.asarray(self.terms(theta)[1].sum(axis=0))


@dataclass(frozen=True, slots=True)
class SelectionFit:
    """A maximum of the likelihood.

    Attributes
    ----------
    theta : ndarray of shape (q,)
        Coefficients, tau2, parameters of selection.
    vcov : ndarray of shape (q, q)
        Inverse observed information; NaN for what is at a bound or held.
    scores : ndarray of shape (k, q)
        Scores at the maximum.
    loglik : float
    converged : bool
    at_bound : bool
        Whether a parameter of selection has run into its bound.
    """

    theta: np.ndarray
    vcov: np.ndarray
    scores: np.ndarray
    loglik: float
    converged: bool
    at_bound: bool


def _scale(of: Likelihood, theta: np.ndarray) -> np.ndarray:
    """Size of a step that matters, by parameter."""
    tau2 = max(float(theta[of.p]), 1e-3 * of.spread)
    return np.concatenate([np.full(of.p, math.sqrt(of.spread)), [tau2], theta[of.p + 1 :]])


def hessian(of: Likelihood, theta: np.ndarray, free: np.ndarray) -> np.ndarray:
    """Central differences of the exact gradient over the free parameters."""
    at, scale = np.flatnonzero(free), _scale(of, theta)
    out = np.empty((at.size, at.size))
    for row, i in enumerate(at):
        step = 1e-5 * scale[i]
        if i >= of.p:
            step = min(step, 0.5 * theta[i])
        ahead, behind = theta.copy(), theta.copy()
        ahead[i] += step
        behind[i] -= step
        out[row] = ((of.gradient(ahead) - of.gradient(behind)) / (2 * step))[at]
    return 0.5 * (out + out.T)


def climb(of: Likelihood, start: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, float]:
    """Maximise from ``start`` over the free parameters, the positive ones by their logarithms."""
    from scipy.optimize import minimize

    at = np.flatnonzero(free)
    positive = at >= of.p

    def natural(x: np.ndarray) -> np.ndarray:
        theta = start.copy()
        theta[at] = np.where(positive, np.exp(np.where(positive, x, 0.0)), x)
        return theta

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        theta = natural(x)
        values, scores = of.terms(theta)
        slope = scores.sum(axis=0)[at] * np.where(positive, theta[at], 1.0)
        return -float(values.sum()), -slope

    reach = 20 * (np.abs(start[: of.p]) + math.sqrt(of.spread))
    low, high = (math.log(edge) for edge in of.bounds)
    bounds = [(-r, r) for r in reach]
    bounds.append((math.log(1e-12 * of.spread), math.log(100 * of.spread)))
    bounds += [(low, high)] * (of.q - of.p - 1)
    x0 = start[at].copy()
    x0[positive] = np.log(np.maximum(x0[positive], np.where(at[positive] == of.p, 1e-6 * of.spread, 1e-300)))
    if not at.size:
        return start, of.value(start)
    options = {"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-10}
    found = minimize(
        objective, x0, jac=True, method="L-BFGS-B", bounds=[bounds[i] for i in at], options=options
    )
    return natural(found.x), -float(found.fun)


def polish(of: Likelihood, theta: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, bool]:
    """Newton's steps to the stationary point of the free parameters; whether they arrived."""
    scale = _scale(of, theta)
    for _ in range(50):
        slope = of.gradient(theta)[free]
        try:
            move = np.linalg.solve(-hessian(of, theta, free), slope)
        except np.linalg.LinAlgError:
            return theta, False
        size = float(np.max(np.abs(move) / scale[free], initial=0.0))
        if not math.isfinite(size):
            return theta, False
        fresh = theta.copy()
        fresh[free] += move
        if size > 0.5 or np.any(fresh[of.p :][free[of.p :]] <= 0):
            return theta, False
        theta = fresh
        if size < 1e-10:
            return theta, True
    return theta, False


def maximise(of: Likelihood, beta: np.ndarray, tries: list[tuple[float, np.ndarray]]) -> SelectionFit:
    """Maximum from several starts.

    ``tries`` holds tau2 and the parameters of selection; a try with tau2 = 0 stays there.
    """
    p = of.p
    best: tuple[float, np.ndarray] | None = None
    for tau2, shape in tries:
        free = np.ones(of.q, dtype=bool)
        free[p] = tau2 > 0
        theta, value = climb(of, np.concatenate([beta, [tau2], shape]), free)
        if best is None or value > best[0] + (1e-9 if tau2 > 0 else 0):
            best = (value, theta)
    assert best is not None
    theta = best[1]
    if theta[p] < 1e-9 * of.spread:
        theta[p] = 0.0
    low, high = of.bounds
    bound = (theta[p + 1 :] > 0.999 * high) | (theta[p + 1 :] < 1.001 * low)
    free = np.ones(of.q, dtype=bool)
    free[p], free[p + 1 :] = theta[p] > 0, ~bound
    theta, converged = polish(of, theta, free)
    values, scores = of.terms(theta)
    vcov = np.full((of.q, of.q), np.nan)
    curvature, scale = -hessian(of, theta, free), _scale(of, theta)[free]
    eigenvalues = np.linalg.eigvalsh(curvature * np.outer(scale, scale))
    if eigenvalues.min() > 1e-10 * max(eigenvalues.max(), 1e-300):
        vcov[np.ix_(free, free)] = np.linalg.inv(curvature)
    return SelectionFit(theta, vcov, scores, float(values.sum()), converged, bool(bound.any()))


def profile(of: Likelihood, theta: np.ndarray, held: Mapping[int, float]) -> tuple[np.ndarray, float]:
    """Maximise over everything that is not ``held`` (parameter to value), from ``theta``."""
    start, free = theta.copy(), np.ones(of.q, dtype=bool)
    for i, value in held.items():
        start[i], free[i] = value, False
    return climb(of, start, free)


def sandwich(fit: SelectionFit, groups: np.ndarray) -> np.ndarray:
    """Covariance (q, q) from scores summed within clusters ``groups`` (k,), times m / (m - 1)."""
    m = int(groups.max()) + 1
    sums = np.zeros((m, fit.scores.shape[1]))
    np.add.at(sums, groups, fit.scores)
    free = ~np.isnan(np.diag(fit.vcov))
    bread = fit.vcov[np.ix_(free, free)]
    meat = sums[:, free].T @ sums[:, free]
    out = np.full_like(fit.vcov, np.nan)
    out[np.ix_(free, free)] = m / (m - 1) * bread @ meat @ bread
    return out


def interval_by_profile(
    of: Likelihood, fit: SelectionFit, which: int, step: float, drop: float
) -> tuple[float, float]:
    """Where the profile log-likelihood of parameter ``which`` has fallen by ``drop``; 0 and inf at bounds."""
    best = float(fit.theta[which])
    lowest, highest = -math.inf, math.inf
    if which == of.p:
        lowest = 0.0
    elif which > of.p:
        lowest, highest = of.bounds
    ends = []
    for sign, edge in ((-1.0, lowest), (1.0, highest)):
        end = _crossing(of, fit, which, best, sign * step, edge, drop)
        if which > of.p and end == edge:
            end = 0.0 if sign < 0 else math.inf
        ends.append(end)
    return ends[0], ends[1]


def _crossing(
    of: Likelihood, fit: SelectionFit, which: int, best: float, step: float, edge: float, drop: float
) -> float:
    from scipy.optimize import brentq

    theta = fit.theta

    def above(x: float) -> float:
        nonlocal theta
        theta, value = profile(of, theta, {which: x})
        return value - (fit.loglik - drop)

    near, far = best, best
    for _ in range(60):
        far = max(far + step, edge) if step < 0 else min(far + step, edge)
        if above(far) <= 0:
            return float(brentq(above, near, far, xtol=1e-9 * max(abs(step), 1e-12), rtol=1e-10))
        if far == edge:
            return edge
        near, step = far, 1.6 * step
    return math.copysign(math.inf, step)
