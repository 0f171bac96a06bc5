"""Flow of evidence: how much each direct comparison and each trial contributes to each estimate.

An estimate of i against j is a unit flow of evidence from i to j through the network of direct comparisons
(König, Krahn & Binder 2013, doi:10.1002/sim.6001). A random walk along the flow visits each path with the
probability that the flow has through it; a path of n comparisons gives each of them 1/n of its probability
(Davies, Papakonstantinou, Nikolakopoulou, Rücker & Galla 2022, doi:10.1002/sim.9346).
"""

from __future__ import annotations

import numpy as np

from meta.kernels.network.rotation import between
from meta.kernels.network.trial_contrasts import Contrasts

MORE_STEPS = 3
"""Walks are followed for this many times T steps. Without negative edge weights a walk never returns, so that
T steps are all; negative weights, which trials of several arms can have, let some of it circle and fade.
"""


def edge_weights(contrasts: Contrasts, tau2: float) -> np.ndarray:
    """Weights of the comparisons in each trial, (trials, T, T): the trial's precision as a graph."""
    size = contrasts.n_treatments
    starts, incidence = contrasts.starts, contrasts.incidence
    out = np.zeros((contrasts.n_trials, size, size))
    for trial, cov in enumerate(contrasts.cov):
        rows = slice(starts[trial], starts[trial + 1])
        arms = [int(contrasts.base[rows][0]), *map(int, contrasts.treatment[rows])]
        precision = np.linalg.inv(cov + tau2 * between(len(cov)))
        sides = incidence[rows][:, arms]
        laplacian = sides.T @ precision @ sides
        np.fill_diagonal(laplacian, 0.0)
        out[trial][np.ix_(arms, arms)] = -laplacian
    return out


def flows(weights: np.ndarray, i: int, j: int) -> np.ndarray:
    """Flow of evidence along each comparison for i against j, from row to column, (T, T)."""
    laplacian = np.diag(weights.sum(axis=1)) - weights
    unit = np.zeros(len(weights))
    unit[i], unit[j] = 1.0, -1.0
    keep = np.arange(len(weights)) != j
    potential = np.zeros(len(weights))
    potential[keep] = np.linalg.solve(laplacian[np.ix_(keep, keep)], unit[keep])
    return np.asarray(weights * (potential[:, None] - potential[None, :]))


def contributions(weights: np.ndarray, i: int, j: int) -> np.ndarray:
    """Share of each direct comparison in the estimate of i against j, (T, T); symmetric, sums to 2.

    >>> chain = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    >>> contributions(chain, 0, 2).round(3).tolist()
    [[0.0, 0.5, 0.0], [0.5, 0.0, 0.5], [0.0, 0.5, 0.0]]
    """
    forward = np.maximum(flows(weights, i, j), 0.0)
    forward[j] = 0.0
    # flows below this share of the unit flow are rounding of comparisons that carry none
    forward[forward < 1e-12] = 0.0
    out = forward.sum(axis=1, keepdims=True)
    step = np.divide(forward, out, out=np.zeros_like(forward), where=out > 0)
    size = len(weights)
    steps = size if np.all(weights >= 0) else MORE_STEPS * size
    reach, left = np.zeros((steps, size)), np.zeros((steps, size))
    reach[0, i], left[0, j] = 1.0, 1.0
    for n in range(1, steps):
        reach[n] = reach[n - 1] @ step
        left[n] = step @ left[n - 1]
    length = 1.0 / (np.arange(steps)[:, None] + np.arange(steps)[None, :] + 1.0)
    found = (reach.T @ length @ left) * step
    return np.asarray((found + found.T) / max(found.sum(), np.finfo(float).tiny))
