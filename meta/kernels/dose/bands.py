"""Simultaneous bands: how many standard errors cover a whole curve."""

from __future__ import annotations

import numpy as np

from meta.kernels.inference import quantile

Array = np.ndarray


def critical_value(
    rows: Array, root: Array, df: float, level: float, draws: int, rng: np.random.Generator
) -> float:
    """Quantile of ``max |t|`` over the rows.

    Parameters
    ----------
    rows : ndarray of shape (g, q)
        Weights of the coefficients at the points of a grid.
    root : ndarray of shape (q, q)
        Root of the coefficients' covariance: ``root @ root.T``.
    df : float
        Degrees of freedom; inf for a normal distribution.
    level : float
        Probability that the band covers all points.
    draws : int
        Simulated curves.
    rng : numpy.random.Generator
        Where chance comes from.

    Examples
    --------
    >>> one = np.ones((3, 1))
    >>> round(critical_value(one, np.eye(1), np.inf, 0.95, 10, np.random.default_rng(1)), 3)
    1.96
    """
    half = rows @ root
    se = np.sqrt(np.einsum("ij,ij->i", half, half))
    unit = half[se > 0] / se[se > 0, None]
    if not len(unit):
        return np.nan
    if np.linalg.matrix_rank(unit, tol=1e-9) <= 1:  # all points are one statistic: no simulation is needed
        return float(quantile(0.5 + level / 2, df))
    z = rng.standard_normal((draws, unit.shape[1]))
    top = np.abs(unit @ z.T).max(axis=0)
    if np.isfinite(df):
        top = top / np.sqrt(rng.chisquare(df, draws) / df)
    return float(np.quantile(top, level))


def root_of(covariance: Array) -> Array:
    """A square root of a positive semidefinite matrix, by its eigenvalues.

    >>> root_of(np.array([[4.0]])).tolist()
    [[2.0]]
    """
    size, axes = np.linalg.eigh(covariance)
    return np.asarray(axes * np.sqrt(np.maximum(size, 0.0)))
