"""Differences of means from one reference arm, and their covariances.

Crippa & Orsini (2016), doi:10.1186/s12874-016-0189-0. Arrays of a trial have shape (J + 1,), reference first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Contrasts:
    """Effects against the reference arm, y (J,), and their covariances S (J, J)."""

    y: Array
    S: Array


def pooled_variance(sd: Array, n: Array) -> float:
    """Variance pooled over all arms.

    >>> pooled_variance(np.array([1.0, 3.0]), np.array([11, 11]))
    5.0
    """
    return float(((n - 1) * sd**2).sum() / (n - 1).sum())


def mean_differences(mean: Array, sd: Array, n: Array, pooled: bool = True) -> Contrasts:
    """Mean differences; ``pooled`` takes one SD for all arms, otherwise each has its own.

    >>> mean_differences(np.array([0.0, 1.0]), np.array([2.0, 2.0]), np.array([10, 10])).S.round(6).tolist()
    [[0.8]]
    """
    parts = (pooled_variance(sd, n) if pooled else sd**2) / n
    S = np.full((len(n) - 1, len(n) - 1), parts[0])
    S[np.diag_indices_from(S)] += parts[1:]
    return Contrasts(mean[1:] - mean[0], S)


def standardised_differences(mean: Array, sd: Array, n: Array) -> Contrasts:
    """Differences in units of the SD pooled over all arms, ``S_jk = 1/n_0 + g_j g_k / (2 N)``.

    >>> standardised_differences(np.array([0.0, 1.0]), np.array([2.0, 2.0]), np.array([10, 10])).y.tolist()
    [0.5]
    """
    g = (mean[1:] - mean[0]) / np.sqrt(pooled_variance(sd, n))
    S = 1 / n[0] + np.outer(g, g) / (2 * n.sum())
    S[np.diag_indices_from(S)] += 1 / n[1:]
    return Contrasts(g, np.asarray(S))
