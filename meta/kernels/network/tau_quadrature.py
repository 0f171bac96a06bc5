"""The Bayesian network model with treatment effects integrated out: quadrature over tau alone.

Given tau, effects are normal: with the prior ``d ~ N(0, s^2 I)`` or a flat one for the effects against the
reference, one Cholesky factor per node gives their mean, covariance and the marginal likelihood
(Röver 2020, doi:10.18637/jss.v093.i06, for one mean; Lu & Ades 2006, doi:10.1198/016214505000001302).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meta.kernels.network.rotation import Rotated

DEPTH = 45.0
"""Nodes lie where the density exceeds exp(-45) of its peak: what is left out is below rounding."""
PANELS, POINTS = 10, 12
"""Gauss-Legendre panels on the range and points on each: 1e-10 for densities as smooth as these."""
FARTHEST = 60.0
"""In s: a tau of 1e26 typical standard errors, beyond which no proper posterior has weight."""
WIDE = 200
"""Points of the coarse grid that finds the range."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is known given tau at each of G nodes."""

    log_likelihood: np.ndarray
    means: np.ndarray
    covariances: np.ndarray


def given_tau(rotated: Rotated, tau: np.ndarray, prior_sd: float) -> Given:
    """Marginal log-likelihood (G,), means (G, p) and covariances (G, p, p) of the effects given tau.

    ``prior_sd`` is infinite for a flat prior of density 1.
    """
    y, X = rotated.y, rotated.X
    total = rotated.v + tau[:, None] ** 2
    w = 1.0 / total
    weighted = X[None] * w[:, :, None]
    precision = np.swapaxes(weighted, 1, 2) @ X
    p = X.shape[1]
    if np.isfinite(prior_sd):
        precision = precision + np.eye(p) / prior_sd**2
    factor = np.linalg.cholesky(precision)
    inverse = np.linalg.inv(factor)
    cov = np.swapaxes(inverse, 1, 2) @ inverse
    right = np.einsum("gmp,m->gp", weighted, y)
    mean = np.einsum("gij,gj->gi", cov, right)
    residual = y - np.einsum("mp,gp->gm", X, mean)
    rss = (w * residual**2).sum(axis=1)
    logdet = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    value = -0.5 * (len(y) * np.log(2 * np.pi) + np.log(total).sum(axis=1) + rotated.log_h + rss + logdet)
    if np.isfinite(prior_sd):
        value = value - 0.5 * (mean**2).sum(axis=1) / prior_sd**2 - p * np.log(prior_sd)
    else:
        value = value + 0.5 * p * np.log(2 * np.pi)
    return Given(value, mean, cov)


def rough_likelihood(rotated: Rotated, tau: np.ndarray, prior_sd: float) -> np.ndarray:
    """The marginal log-likelihood (G,) up to a constant and to a few digits, to find where it is large."""
    y, X = rotated.y, rotated.X
    total = rotated.v + tau[:, None] ** 2
    w = 1.0 / total
    weighted = X[None] * w[:, :, None]
    precision = np.swapaxes(weighted, 1, 2) @ X
    if np.isfinite(prior_sd):
        precision = precision + np.eye(X.shape[1]) / prior_sd**2
    right = np.einsum("gmp,m->gp", weighted, y)
    mean = np.linalg.solve(precision, right[:, :, None])[:, :, 0]
    rss = w @ (y * y) - (right * mean).sum(axis=1)
    return np.asarray(-0.5 * (np.log(total).sum(axis=1) + rss + np.linalg.slogdet(precision)[1]))


def nodes_of(
    log_density: Callable[[np.ndarray], np.ndarray],
    rough: Callable[[np.ndarray], np.ndarray],
    scale: float,
    top: float,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Nodes of tau, their normalised weights and the log of the integral of ``exp(log_density)``.

    Panels are equal in ``s = log(1 + tau / scale)``, in which light and heavy tails fall exponentially.
    ``rough`` is the density to a few digits, ``top`` the end of the prior's support.
    """
    far = min(float(np.log1p(top / scale)), FARTHEST)
    grid = np.linspace(0.0, far, WIDE + 1)
    low, high = _range(rough, scale, grid)
    # once more on the range found, which may be a few points of the first grid
    low, high = _range(rough, scale, np.linspace(low, high, WIDE // 4 + 1))
    x, w = np.polynomial.legendre.leggauss(POINTS)
    edges = np.linspace(low, high, PANELS + 1)
    half = np.diff(edges) / 2
    s = (edges[:-1, None] + half[:, None] * (x[None, :] + 1)).ravel()
    tau = scale * np.expm1(s)
    log_weight = log_density(tau) + s + np.log(scale) + np.log((half[:, None] * w[None, :]).ravel())
    peak = float(log_weight.max())
    weight = np.exp(log_weight - peak)
    return tau, weight / weight.sum(), peak + float(np.log(weight.sum()))


def _range(
    log_density: Callable[[np.ndarray], np.ndarray], scale: float, grid: np.ndarray
) -> tuple[float, float]:
    """The part of the grid where the density in s is not negligible."""
    tau = scale * np.expm1(grid)
    # the density at tau = 0 itself may be infinite or not defined; a point just above stands for it
    tau[0] = scale * np.expm1(grid[0] + 1e-6 * (grid[1] - grid[0]))
    value = log_density(tau) + grid
    seen = np.flatnonzero(value > np.nanmax(value) - DEPTH)
    return float(grid[max(seen[0] - 1, 0)]), float(grid[min(seen[-1] + 1, len(grid) - 1)])
