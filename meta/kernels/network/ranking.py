"""Ranking of treatments from their effects and covariance."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from meta.kernels.network.estimate import differences


def better_than(d: np.ndarray, cov: np.ndarray, low: bool, margin: float = 0.0) -> np.ndarray:
    """Probability that the row's treatment is better than the column's by more than ``margin``, (T, T).

    By the normal distribution of the fitted contrasts; NaN on the diagonal. ``low``: low effects are good.

    >>> better_than(np.array([0.0, -1.0]), np.array([[0.0, 0.0], [0.0, 1.0]]), True).round(4).tolist()
    [[nan, 0.1587], [0.8413, nan]]
    """
    gain = (d[None, :] - d[:, None]) * (1.0 if low else -1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = ndtr((gain - margin) / np.sqrt(differences(cov)))
    np.fill_diagonal(found, np.nan)
    return np.asarray(found)


def p_scores(d: np.ndarray, cov: np.ndarray, low: bool, margin: float = 0.0) -> np.ndarray:
    """Mean probability of being better than another treatment, (T,).

    Without a margin this is the P-score (Rücker & Schwarzer 2015, doi:10.1186/s12874-015-0060-8), the
    frequentist counterpart of SUCRA; with one, its extension to differences that matter (Mavridis et al.
    2020, doi:10.1002/jrsm.1375).
    """
    return np.asarray(np.nanmean(better_than(d, cov, low, margin), axis=1))


def rank_probabilities(
    d: np.ndarray, cov: np.ndarray, low: bool, draws: int, seed: int | np.random.Generator | None
) -> np.ndarray:
    """Probability of each rank, treatments by ranks (T, T), from draws of the effects; rank 1 is the best."""
    rng = np.random.default_rng(seed)
    size = len(d)
    values, vectors = np.linalg.eigh(cov)  # one treatment has no variance of its own, so no Cholesky factor
    half = vectors * np.sqrt(np.maximum(values, 0.0))
    sample = d + rng.standard_normal((draws, size)) @ half.T
    order = np.argsort(sample if low else -sample, axis=1)
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(size)[None, :], axis=1)
    flat = (ranks + size * np.arange(size)[None, :]).ravel()
    return np.bincount(flat, minlength=size * size).reshape(size, size) / draws


def rank_intervals(probabilities: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Central intervals of ranks, (T,) each, from their probabilities.

    >>> [x.tolist() for x in rank_intervals(np.array([[0.9, 0.1], [0.1, 0.9]]), 0.95)]
    [[1, 1], [2, 2]]
    """
    cumulated = np.cumsum(probabilities, axis=1)
    tail = (1 - level) / 2
    # 1e-12: sums of shares such as 0.1 + 0.2 may fall short of their value in the last digit
    low = (cumulated < tail - 1e-12).sum(axis=1) + 1
    high = np.minimum((cumulated < 1 - tail - 1e-12).sum(axis=1) + 1, probabilities.shape[1])
    return low, high
