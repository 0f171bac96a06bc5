"""Percentile intervals of a selection model, by resampling its clusters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from meta.bias.likelihood_search import Likelihood, SelectionFit, climb
from meta.errors import ConvergenceWarning, InputError, Notes


def percentiles(
    of: Likelihood,
    fit: SelectionFit,
    groups: np.ndarray | None,
    k: int,
    draws: int,
    seed: int | np.random.Generator | None,
    level: float,
    notes: Notes,
) -> tuple[np.ndarray, np.ndarray]:
    """Ends (p,) of the percentile intervals from resampled clusters, on the scaled effects."""
    groups = np.arange(k) if groups is None else groups
    m, rng = int(groups.max()) + 1, np.random.default_rng(seed)
    found = np.empty((draws, of.p))
    edge = np.empty(draws, dtype=bool)
    for b in range(draws):
        counts = rng.multinomial(m, np.full(m, 1 / m))[groups].astype(float)
        again = Likelihood(_weighted(of, counts), of.p, of.q, of.spread, of.bounds)
        theta = climb(again, fit.theta, np.ones(of.q, dtype=bool))[0]
        found[b], shape = theta[: of.p], theta[of.p + 1 :]
        edge[b] = bool(np.any((shape > 0.999 * of.bounds[1]) | (shape < 1.001 * of.bounds[0])))
    if edge.mean() > 0.1:
        notes.warn(
            f"in {edge.sum()} of {draws} bootstrap samples a weight ran into its bound: "
            "the interval is to be read with care",
            ConvergenceWarning,
        )
    ends = np.quantile(found, [0.5 - level / 2, 0.5 + level / 2], axis=0)
    return ends[0], ends[1]


def _weighted(of: Likelihood, w: np.ndarray) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    def terms(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values, scores = of.terms(theta)
        return w * values, w[:, None] * scores

    return terms


def check_bootstrap(draws: int) -> None:
    """Refuse a number of bootstrap samples that gives no percentiles."""
    if draws and draws < 40:
        raise InputError(f"bootstrap must be 0 or at least 40 samples, not {draws}")
