"""The nearest correlation matrix."""

from __future__ import annotations

import numpy as np


def nearest_correlation(R: np.ndarray, *, smallest: float = 1e-8, steps: int = 1000) -> np.ndarray:
    """The correlation matrix (s, s) nearest to a symmetric one in the Frobenius norm.

    Alternating projections with Dykstra's correction (Higham 2002, doi:10.1093/imanum/22.3.329); at the end,
    eigenvalues below ``smallest`` times the largest are lifted to it, so that the matrix is definite.

    >>> R = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    >>> nearest_correlation(R).round(3).tolist()
    [[1.0, 0.5, -0.5], [0.5, 1.0, 0.5], [-0.5, 0.5, 1.0]]
    """
    y, correction = R.copy(), np.zeros_like(R)
    for _ in range(steps):
        target = y - correction
        values, vectors = np.linalg.eigh(target)
        x = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = x - target
        fresh = x.copy()
        np.fill_diagonal(fresh, 1.0)
        done = np.max(np.abs(fresh - y)) <= 1e-10
        y = fresh
        if done:
            break
    values, vectors = np.linalg.eigh(y)
    y = (vectors * np.maximum(values, smallest * values[-1])) @ vectors.T
    sd = np.sqrt(np.diag(y))
    out = y / np.outer(sd, sd)
    np.fill_diagonal(out, 1.0)
    return np.asarray(0.5 * (out + out.T))
