"""Many posteriors of the normal-normal model that share studies: one grid of (tau, mu) serves them all.

Every distinct result's log-likelihood is laid on the grid once; a pool is a sum of such layers, and all
priors of a pool come from one matrix product. Equal steps in mu make the trapezoid rule exact to rounding for
what is smooth and vanishes at the ends (Trefethen & Weideman 2014, doi:10.1137/130932132).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from meta.kernels.adaptive_quadrature import legendre_rule

REACH = 6.5
"""Prior SDs that the grid covers on each side; beyond lies 1e-10 of the prior."""

_PANELS = np.array([0, 0.02, 0.06, 0.12, 0.2, 0.3, 0.45, 0.65, 1, 1.5, 2.2, 3.2, 4.6, REACH])
_ORDER = 5
_STEP = 0.6
_CHUNK = 200
_REFINE = 3


@dataclass(frozen=True, slots=True)
class Grid:
    """Nodes: ``mu`` (m,) in equal steps, ``tau`` (t,) with its quadrature weights."""

    mu: np.ndarray
    tau: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class SharedPosteriors:
    """Summaries of n pools under p priors.

    Attributes
    ----------
    estimate, sd, tau : ndarray of shape (n, p)
        Posterior mean and SD of mu, posterior mean of tau.
    low, high : ndarray of shape (n, p)
        Shortest interval of mu.
    below : ndarray of shape (n, p, b)
        P(mu < bound).
    """

    estimate: np.ndarray
    sd: np.ndarray
    tau: np.ndarray
    low: np.ndarray
    high: np.ndarray
    below: np.ndarray


def narrowest_within(effect_sds: Sequence[float], largest: int = 4000) -> float:
    """SD of the narrowest posterior that a grid of ``largest`` nodes resolves.

    >>> grid = make_grid([4.0], [0.5], narrowest_within([4.0], 400), largest=400)
    >>> grid.mu.size
    400
    """
    return 2 * REACH * max(effect_sds) / (_STEP * (largest - 1.5))


def make_grid(
    effect_sds: Sequence[float], tau_sds: Sequence[float], narrowest: float, largest: int = 4000
) -> Grid:
    """Return a grid for normal priors around 0 and half-normal priors of tau.

    Parameters
    ----------
    effect_sds, tau_sds : sequence of float
        Scales of the priors; the grid reaches 6.5 of the widest.
    narrowest : float
        SD of the narrowest posterior of mu that the grid must resolve.
    largest : int
        Nodes of mu at most.

    Raises
    ------
    ValueError
        If the narrowest posterior needs more nodes than that.
    """
    reach = REACH * max(effect_sds)
    size = int(np.ceil(2 * reach / (_STEP * min(narrowest, *effect_sds)))) + 1
    if size > largest:
        raise ValueError(f"a grid of {size} nodes would be needed; at most {largest} are used")
    nodes, rule, _ = legendre_rule(_ORDER)
    low, high = min(tau_sds), max(tau_sds)
    edges = np.unique(np.concatenate([_PANELS[:9] * low, np.geomspace(low, high, 5), _PANELS[8:] * high]))
    half = 0.5 * np.diff(edges)
    tau = (0.5 * (edges[1:] + edges[:-1]))[:, None] + half[:, None] * nodes
    return Grid(np.linspace(-reach, reach, max(size, 201)), tau.ravel(), (half[:, None] * rule).ravel())


def summarise(
    grid: Grid,
    layers: Sequence[np.ndarray],
    pools: Sequence[Sequence[int]],
    effect_sds: Sequence[float],
    tau_sds: Sequence[float],
    bounds: Sequence[float],
    level: float = 0.95,
) -> SharedPosteriors:
    """Return summaries of every pool under every prior.

    Parameters
    ----------
    grid : Grid
        From :func:`make_grid`.
    layers : sequence of ndarray of shape (t, m)
        Log-likelihood of each distinct result on the grid.
    pools : sequence of sequences of int
        Which layers each pool adds up; at least one.
    effect_sds, tau_sds : sequence of float, length p
        Normal(0, sd) and HalfNormal(sd) priors.
    bounds : sequence of float
        Where P(mu < bound) is evaluated.
    level : float
        Of the interval.
    """
    by_tau = np.stack([np.exp(-0.5 * (grid.tau / s) ** 2) * grid.weights / s for s in tau_sds])
    by_mu = np.stack([np.exp(-0.5 * (grid.mu / s) ** 2) for s in effect_sds])
    peaks = [float(layer.max()) for layer in layers]
    likelihoods = [np.exp(layer - peak) for layer, peak in zip(layers, peaks, strict=True)]
    parts = []
    for start in range(0, len(pools), _CHUNK):
        chunk = pools[start : start + _CHUNK]
        density = np.empty((len(chunk), len(by_tau), grid.mu.size))
        tau_mass = np.empty_like(density)
        for i, pool in enumerate(chunk):
            likelihood = _product(layers, likelihoods, pool)
            both = np.concatenate([by_tau, by_tau * grid.tau]) @ likelihood
            density[i], tau_mass[i] = both[: len(by_tau)] * by_mu, both[len(by_tau) :] * by_mu
        parts.append(_of_densities(grid, density, tau_mass, np.asarray(bounds, dtype=float), level))
    return SharedPosteriors(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _product(
    layers: Sequence[np.ndarray], likelihoods: Sequence[np.ndarray], pool: Sequence[int]
) -> np.ndarray:
    """Likelihood of a pool up to a factor; by logs where results contradict each other beyond 1e-200."""
    likelihood = likelihoods[pool[0]]
    for layer in pool[1:]:
        likelihood = likelihood * likelihoods[layer]
    if likelihood.max() > 1e-200:
        return likelihood
    total = np.sum([layers[layer] for layer in pool], axis=0)
    return np.exp(total - total.max())


def _of_densities(
    grid: Grid, density: np.ndarray, tau_mass: np.ndarray, bounds: np.ndarray, level: float
) -> tuple[np.ndarray, ...]:
    mu, step = grid.mu, grid.mu[1] - grid.mu[0]
    total = density.sum(axis=-1, keepdims=True)
    share = density / total
    estimate = share @ mu
    sd = np.sqrt(np.maximum(share @ mu**2 - estimate**2, 0.0))
    tau = tau_mass.sum(axis=-1) / total[..., 0]
    spline = CubicSpline(mu, share / step, axis=-1)
    integral = spline.antiderivative()
    below = np.asarray(integral(np.clip(bounds, mu[0], mu[-1])))
    fine = np.linspace(mu[0], mu[-1], _REFINE * (mu.size - 1) + 1)
    cdf = np.maximum.accumulate(np.clip(np.asarray(integral(fine)), 0.0, 1.0), axis=-1)
    smooth = np.asarray(spline(fine)).reshape(-1, fine.size)
    low, high = _shortest(fine, cdf.reshape(-1, fine.size), smooth, level)
    shape = estimate.shape
    return estimate, sd, tau, low.reshape(shape), high.reshape(shape), np.clip(below, 0.0, 1.0)


def _shortest(
    x: np.ndarray, cdf: np.ndarray, density: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the shortest interval of each row: where the density is the same at both."""
    start = np.linspace(1e-6, 1.0 - level - 1e-6, 61)
    found = np.empty((len(cdf), 2))
    for i, (row, f) in enumerate(zip(cdf, density, strict=True)):
        ends = np.interp(np.concatenate([start, start + level]), row, x)
        f_low, f_high = np.interp(ends, x, f).reshape(2, -1)
        rising = f_high - f_low
        at = int(np.clip(np.argmax(rising <= 0), 1, start.size - 1))
        fall = rising[at - 1] - rising[at]
        share = float(np.clip(rising[at - 1] / fall, 0.0, 1.0)) if fall > 0 else 0.5
        best = start[at - 1] + share * (start[1] - start[0])
        found[i] = np.interp([best, best + level], row, x)
    return found[:, 0], found[:, 1]
