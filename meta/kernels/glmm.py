"""Marginal likelihoods of generalised linear mixed models by adaptive Gauss-Hermite quadrature.

A study's log-likelihood is a concave function of its linear predictors; the random effects are standard
normal
``z`` times their standard deviations. Everything is vectorised over studies; nodes are on the last axis.
Pinheiro & Bates (1995), doi:10.1080/10618600.1995.10474663; Liu & Pierce (1994), doi:10.1093/biomet/81.3.624.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln, logsumexp

from meta.kernels.noncentral import log_pmf, support

Family = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Linear predictor (k, ...) to log-likelihood, its first and its second derivative, each (k, ...)."""


def _wide(a: np.ndarray, like: np.ndarray) -> np.ndarray:
    return a.reshape(a.shape + (1,) * (like.ndim - 1))


def binomial(x: np.ndarray, n: np.ndarray, offset: np.ndarray | float = 0.0) -> Family:
    """Binomial counts with a logit link.

    >>> value, slope, _ = binomial(np.array([1.0]), np.array([2.0]))(np.zeros(1))
    >>> float(np.exp(value[0]).round(6)), float(slope[0])
    (0.5, 0.0)
    """
    constant = gammaln(n + 1) - gammaln(x + 1) - gammaln(n - x + 1)
    shift = np.broadcast_to(offset, x.shape)

    def family(eta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        e = eta + _wide(shift, eta)
        xs, ns, p = _wide(x, eta), _wide(n, eta), expit(e)
        value = xs * e - ns * np.logaddexp(0.0, e) + _wide(constant, eta)
        return value, xs - ns * p, -ns * p * expit(-e)

    return family


def poisson(x: np.ndarray, time: np.ndarray) -> Family:
    """Poisson counts with a log link and person-time."""
    constant, shift = -gammaln(x + 1), np.log(time)

    def family(eta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        e = eta + _wide(shift, eta)
        mean = np.exp(np.minimum(e, 700.0))
        return _wide(x, eta) * e - mean + _wide(constant, eta), _wide(x, eta) - mean, -mean

    return family


def noncentral_hypergeometric(a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray) -> Family:
    """Events of group 1 given the margins; the predictor is the log odds ratio."""
    s = support(a, n1, c, n2)

    def family(eta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        value, mean, variance = log_pmf(s, eta)
        return value, _wide(a, eta) - mean, -variance

    return family


def _nodes(count: int) -> tuple[np.ndarray, np.ndarray]:
    x, w = np.polynomial.hermite.hermgauss(count)
    return np.sqrt(2.0) * x, np.log(w) + x**2


@dataclass(frozen=True, slots=True)
class _Marginal:
    """Log marginal likelihoods (k,), and their first two derivatives by a common shift of the predictor."""

    value: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray


def marginal_one(parts: list[tuple[Family, np.ndarray, float]], tau: float, count: int) -> _Marginal:
    """Integrate one random effect per study out of a sum of log-likelihoods.

    ``parts`` are (family, fixed predictor (k,), loading): the predictor of a part is ``fixed + loading *
    tau * z``.
    """
    k = parts[0][1].shape[0]

    def total(z: np.ndarray) -> tuple[np.ndarray, ...]:
        value, s1, s2, h1, h2 = (np.zeros_like(z) for _ in range(5))
        for family, fixed, loading in parts:
            f, d1, d2 = family(_wide(fixed, z) + loading * tau * z)
            value, h1, h2 = value + f, h1 + d1, h2 + d2
            s1, s2 = s1 + loading * tau * d1, s2 + (loading * tau) ** 2 * d2
        return value - 0.5 * z**2, s1 - z, s2 - 1.0, h1, h2

    z = np.zeros(k)
    value, slope, curvature, _, _ = total(z)
    for _ in range(60):
        move = -slope / curvature
        for _ in range(40):
            fresh = total(z + move)
            worse = ~(fresh[0] >= value - 1e-12 * np.abs(value))
            if not worse.any():
                break
            move = np.where(worse, 0.5 * move, move)
        z = z + move
        value, slope, curvature = fresh[:3]
        if np.max(np.abs(move)) < 1e-10:
            break
    scale = 1 / np.sqrt(-curvature)
    x, logw = _nodes(count)
    at = z[:, None] + scale[:, None] * x
    f, _, _, h1, h2 = total(at)
    terms = f + logw
    peak = logsumexp(terms, axis=-1)
    p = np.exp(terms - peak[:, None])
    first = (p * h1).sum(-1)
    second = (p * (h2 + h1**2)).sum(-1) - first**2
    return _Marginal(peak + np.log(scale) - 0.5 * np.log(np.pi), first, second)


def profile_intercepts(
    parts: Callable[[np.ndarray], list[tuple[Family, np.ndarray, float]]],
    tau: float,
    count: int,
    start: np.ndarray,
) -> tuple[float, np.ndarray]:
    """Maximise over a free intercept per study, (k,): the log-likelihood and the intercepts.

    The marginal log-likelihood is concave in the intercept (Prekopa), so damped Newton finds the maximum.
    """
    alpha = start.copy()
    now = marginal_one(parts(alpha), tau, count)
    for _ in range(60):
        move, halved = np.clip(-now.slope / np.minimum(now.curvature, -1e-12), -3.0, 3.0), False
        for _ in range(30):
            fresh = marginal_one(parts(alpha + move), tau, count)
            worse = ~(fresh.value >= now.value - 1e-11 * np.abs(now.value))
            if not worse.any():
                break
            halved, move = True, np.where(worse, 0.5 * move, move)
        gain = float(np.max(np.abs(fresh.value - now.value)))
        alpha, now = alpha + move, fresh
        # The slope takes the nodes as fixed. With as few as three they move so much with the intercept that
        # it does not vanish at the maximum, and halving would go on without end.
        if np.max(np.abs(move)) < 1e-9 or (halved and gain < 1e-10):
            break
    return float(now.value.sum()), alpha


def marginal_two(
    first: Family, second: Family, fixed: tuple[float, float], loadings: np.ndarray, count: int
) -> np.ndarray:
    """Integrate two random effects out of two arms' log-likelihoods, (k,).

    ``loadings`` (2, 2): row i gives arm i's coefficients of the two standard normal effects.
    """

    def total(z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        eta = [fixed[i] + loadings[i, 0] * z[0] + loadings[i, 1] * z[1] for i in range(2)]
        (f1, d1, s1), (f2, d2, s2) = first(eta[0]), second(eta[1])
        value = f1 + f2 - 0.5 * (z[0] ** 2 + z[1] ** 2)
        gradient = np.array([loadings[0, j] * d1 + loadings[1, j] * d2 - z[j] for j in range(2)])
        hessian = np.array(
            [
                [
                    loadings[0, i] * loadings[0, j] * s1 + loadings[1, i] * loadings[1, j] * s2 - (i == j)
                    for j in range(2)
                ]
                for i in range(2)
            ]
        )
        return value, gradient, hessian

    k = first(np.zeros(1))[0].shape[0]
    z = np.zeros((2, k))
    value, gradient, hessian = total(z)
    for _ in range(60):
        move = -np.linalg.solve(np.moveaxis(hessian, -1, 0), gradient.T[..., None])[..., 0].T
        for _ in range(40):
            fresh = total(z + move)
            worse = ~(fresh[0] >= value - 1e-12 * np.abs(value))
            if not worse.any():
                break
            move = np.where(worse, 0.5 * move, move)
        z = z + move
        value, gradient, hessian = fresh
        if np.max(np.abs(move)) < 1e-10:
            break
    root = np.linalg.cholesky(np.linalg.inv(-np.moveaxis(hessian, -1, 0)))
    x, logw = _nodes(count)
    u, w = np.array([np.repeat(x, count), np.tile(x, count)]), np.repeat(logw, count) + np.tile(logw, count)
    at = z.T[:, :, None] + root @ u
    terms = total(np.moveaxis(at, 1, 0))[0] + w
    return logsumexp(terms, axis=-1) + np.log(root[:, 0, 0]) + np.log(root[:, 1, 1]) - np.log(np.pi)


@dataclass(frozen=True, slots=True)
class Optimum:
    """A maximum: parameters, log-likelihood, covariance (inverse observed information), steps,
    convergence.
    """

    x: np.ndarray
    loglik: float
    vcov: np.ndarray
    iterations: int
    converged: bool


def climb(loglik: Callable[[np.ndarray], float], starts: list[np.ndarray]) -> Optimum:
    """Best quasi-Newton climb from several starts, finished by Newton steps with numerical derivatives.

    >>> round(float(climb(lambda x: -float((x[0] - 2) ** 2), [np.zeros(1)]).x[0]), 6)
    2.0
    """
    from scipy.optimize import minimize

    def negative(x: np.ndarray) -> float:
        value = loglik(x)
        return -value if np.isfinite(value) else 1e100

    best, value, steps = starts[0], np.inf, 0
    for start in starts:
        found = minimize(negative, start, method="BFGS", jac="3-point", options={"gtol": 1e-6})
        steps = max(steps, int(found.nit))
        if found.fun < value - 1e-9:
            best, value = found.x, float(found.fun)
    gradient, hessian = _derivatives(negative, best)
    done = False
    for _ in range(5):
        if np.linalg.eigvalsh(hessian)[0] <= 0:
            break
        move = np.linalg.solve(hessian, gradient)
        fresh = negative(best - move)
        if fresh > value + 1e-9:
            break
        best, value = best - move, min(value, fresh)
        done = bool(np.max(np.abs(move)) < 1e-5 * (1 + np.max(np.abs(best))))
        gradient, hessian = _derivatives(negative, best)
        if done:
            break
    try:
        vcov = np.linalg.inv(hessian)
    except np.linalg.LinAlgError:
        vcov = np.full_like(hessian, np.nan)
    return Optimum(best, -value, vcov, steps, done)


def _derivatives(f: Callable[[np.ndarray], float], x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian by central differences."""
    n = len(x)
    h = 1e-3 * np.maximum(np.abs(x), 0.1)
    eye = np.diag(h)
    centre = f(x)
    plus, minus = [f(x + eye[i]) for i in range(n)], [f(x - eye[i]) for i in range(n)]
    gradient = np.array([(plus[i] - minus[i]) / (2 * h[i]) for i in range(n)])
    hessian = np.empty((n, n))
    for i in range(n):
        hessian[i, i] = (plus[i] - 2 * centre + minus[i]) / h[i] ** 2
        for j in range(i):
            corners = (
                f(x + eye[i] + eye[j])
                - f(x + eye[i] - eye[j])
                - f(x - eye[i] + eye[j])
                + f(x - eye[i] - eye[j])
            )
            hessian[i, j] = hessian[j, i] = corners / (4 * h[i] * h[j])
    return gradient, hessian
