"""tau2 of a network by moments, likelihood or Paule and Mandel's equation, and its Q-profile interval.

The formulas are those of a meta-regression on rotated contrasts (:mod:`meta.kernels.network.rotation`),
written for up to a hundred treatments: every evaluation is a few matrix products.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chdtri

from meta.kernels.network.rotation import Rotated

POINTS = 40
"""Grid points in the search for a likelihood's global maximum, as for a single meta-analysis."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What the estimators are made of, at one tau2: ``d`` (p,), ``phi`` (p, p), the rest scalars.

    ``rss`` is y'Py, ``squares`` y'PPy, ``trace`` tr(P), ``traces`` tr(PP), ``logdet`` log|X'WX| and
    ``sum_log`` the sum of log(v + tau2).
    """

    d: np.ndarray
    phi: np.ndarray
    rss: float
    squares: float
    trace: float
    traces: float
    sum_w: float
    sum_w2: float
    logdet: float
    sum_log: float


def terms(rotated: Rotated, tau2: float) -> Terms:
    """Evaluate the terms at one tau2."""
    y, X = rotated.y, rotated.X
    total = rotated.v + tau2
    w = 1.0 / total
    weighted = X * w[:, None]
    factor = np.linalg.cholesky(X.T @ weighted)
    half = np.linalg.inv(factor)
    phi = half.T @ half
    d = phi @ (weighted.T @ y)
    residual = w * (y - X @ d)
    a2, a3 = weighted.T @ weighted, weighted.T @ (weighted * w[:, None])
    h = phi @ a2
    return Terms(
        d=d,
        phi=phi,
        rss=float((residual * residual * total).sum()),
        squares=float(residual @ residual),
        trace=float(w.sum() - np.trace(h)),
        traces=float((w * w).sum() - 2 * np.sum(phi * a3) + np.sum(h * h.T)),
        sum_w=float(w.sum()),
        sum_w2=float((w * w).sum()),
        logdet=2 * float(np.log(np.diag(factor)).sum()),
        sum_log=float(np.log(total).sum()),
    )


def log_likelihood(rotated: Rotated, tau2: float, restricted: bool) -> float:
    """Log-likelihood of the contrasts; the restricted one without the constant ``log|X'X| / 2``.

    Without it the value depends neither on the reference nor on which arm is a trial's base.
    """
    at = terms(rotated, tau2)
    n = rotated.df if restricted else len(rotated.y)
    value = -0.5 * (n * np.log(2 * np.pi) + at.sum_log + rotated.log_h + at.rss)
    return float(value - 0.5 * at.logdet if restricted else value)


def moments(rotated: Rotated) -> float:
    """DerSimonian and Laird's estimate for correlated contrasts, not below 0.

    ``(Q - df) / (sum tr(W_i H) - tr((X'WX)^-1 sum X_i' W_i H W_i X_i))``: Jackson, White & Riley (2012),
    doi:10.1002/sim.4365.
    """
    at = terms(rotated, 0.0)
    return max(0.0, (at.rss - rotated.df) / at.trace)


def match_q(rotated: Rotated, target: float) -> float:
    """The tau2 at which the residual Q is ``target``; 0 where it is below that at tau2 = 0."""
    if terms(rotated, 0.0).rss <= target:
        return 0.0
    # Q(tau2) <= e'e / tau2 with the least squares residuals e, so that this bound lies above the root.
    high = residual_squares(rotated) / target
    return float(brentq(lambda t: terms(rotated, t).rss - target, 0.0, high, xtol=1e-15, rtol=1e-13))


def residual_squares(rotated: Rotated) -> float:
    """Sum of squared residuals of ordinary least squares."""
    q, _ = np.linalg.qr(rotated.X)
    e = rotated.y - q @ (q.T @ rotated.y)
    return float(e @ e)


def _bound(rotated: Rotated) -> float:
    """A tau2 above which neither likelihood has a stationary point."""
    n, s, top = rotated.df, residual_squares(rotated), float(rotated.v.max())
    return float((s + np.sqrt(s * s + 4 * n * s * top)) / (2 * n))


def maximum(rotated: Rotated, restricted: bool) -> float:
    """Global maximum of the (restricted) likelihood over tau2 >= 0."""
    ceiling = _bound(rotated)
    smallest = float(rotated.v.min())
    if ceiling <= 1e-12 * smallest:
        return 0.0

    def score(tau2: float) -> float:
        return _score(rotated, tau2, restricted)

    # a tenth of the smallest variance: below it weights hardly change, and so does the likelihood
    grid = np.concatenate([[0.0], np.geomspace(min(0.1 * smallest, 1e-3 * ceiling), ceiling, POINTS)])
    heights = _heights(rotated, grid, restricted)
    best = int(np.argmax(heights))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, POINTS)])
    if best == 0 and score(0.0) <= 0:
        return 0.0
    if not score(low) > 0 > score(high):  # the peak is within the last digits of an end
        return float(grid[best])
    found = float(brentq(score, low, high, xtol=1e-15, rtol=1e-13))
    if log_likelihood(rotated, 0.0, restricted) >= log_likelihood(rotated, found, restricted):
        return 0.0
    return found


def _score(rotated: Rotated, tau2: float, restricted: bool) -> float:
    """Twice the derivative of the log-likelihood: y'PPy - tr(P), or less the sum of weights under ML."""
    y, X = rotated.y, rotated.X
    w = 1.0 / (rotated.v + tau2)
    weighted = X * w[:, None]
    both = np.concatenate([(weighted.T @ y)[:, None], weighted.T @ weighted], axis=1)
    solved = np.linalg.solve(X.T @ weighted, both)
    residual = w * (y - X @ solved[:, 0])
    lost = float(np.trace(solved[:, 1:])) if restricted else 0.0
    return float(residual @ residual) - float(w.sum()) + lost


def _heights(rotated: Rotated, grid: np.ndarray, restricted: bool) -> np.ndarray:
    """Log-likelihoods on a grid, without constants, by one batch of Cholesky factors."""
    y, X = rotated.y, rotated.X
    total = rotated.v + grid[:, None]
    w = 1.0 / total
    z = np.concatenate([X, y[:, None]], axis=1)
    factor = np.linalg.cholesky(np.swapaxes(z[None] * w[:, :, None], 1, 2) @ z + _ridge(z))
    diagonal = np.diagonal(factor, axis1=1, axis2=2)
    value = np.log(total).sum(1) + diagonal[:, -1] ** 2
    return np.asarray(-value - (2 * np.log(diagonal[:, :-1]).sum(1) if restricted else 0.0))


def _ridge(z: np.ndarray) -> np.ndarray:
    """A speck on the last pivot, which is 0 where effects are fitted exactly; the grid only ranks."""
    out = np.zeros((z.shape[1], z.shape[1]))
    out[-1, -1] = 1e-12 * (1.0 + float(z[:, -1] @ z[:, -1]))
    return out


ESTIMATORS: dict[str, Callable[[Rotated], float]] = {
    "EE": lambda rotated: 0.0,
    "DL": moments,
    "PM": lambda rotated: match_q(rotated, float(rotated.df)),
    "ML": lambda rotated: maximum(rotated, restricted=False),
    "REML": lambda rotated: maximum(rotated, restricted=True),
}
"""Estimators of tau2 by their code."""


def q_profile(rotated: Rotated, level: float) -> tuple[float, float]:
    """Q-profile interval (Viechtbauer 2007, doi:10.1002/sim.2514; Jackson et al. 2014).

    Jackson D, Turner R, Rhodes K, Viechtbauer W (2014): doi:10.1186/1471-2288-14-103.
    """
    upper, lower = (float(chdtri(rotated.df, 0.5 + sign * level / 2)) for sign in (-1, 1))
    return match_q(rotated, upper), match_q(rotated, lower)
