"""Heterogeneity between trials and lack of fit within them, at equal curves.

Cochran's Q of all rows about one curve is the sum of two parts: what a curve of its own leaves of each trial
(lack of fit), and the rest (heterogeneity of the trials' curves), which is the multivariate Q of two stages.
Decorrelated residuals, deviance and R2: Discacciati, Crippa & Orsini (2017), doi:10.1002/jrsm.1194.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.dose.stacked_trials import Trials

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Deviances:
    """Sums of squares at equal curves, with their degrees of freedom.

    Attributes
    ----------
    total, total_df : float, int
        About no effect at any dose.
    curve, curve_df : float, int
        About the common curve.
    within, within_df : float, int
        About each trial's own curve: lack of fit.
    """

    total: float
    total_df: int
    curve: float
    curve_df: int
    within: float
    within_df: int


def deviances(trials: Trials) -> Deviances:
    """All three sums of squares; trials need not identify all terms."""
    p = trials.Z.shape[1]
    total, within, within_df, ys, zs = 0.0, 0.0, 0, [], []
    for rows, S in zip(trials.rows, trials.S, strict=True):
        root = np.linalg.cholesky(S)
        y, z = np.linalg.solve(root, trials.y[rows]), np.linalg.solve(root, trials.Z[rows])
        basis, size, _ = np.linalg.svd(z, full_matrices=False)
        basis = basis[:, size > 1e-10 * max(float(size[0]), 1e-300)]
        rest = y - basis @ (basis.T @ y)
        total += float(y @ y)
        within += float(rest @ rest)
        within_df += len(y) - basis.shape[1]
        ys.append(y)
        zs.append(z)
    y, q = np.concatenate(ys), np.linalg.qr(np.concatenate(zs))[0]
    rest = y - q @ (q.T @ y)
    return Deviances(total, len(y), float(rest @ rest), len(y) - p, within, within_df)


def decorrelated(y: Array, fitted: Array, marginal: list[Array], rows: list[slice]) -> Array:
    """Residuals (n,) with variance 1 and no correlation, by the Cholesky factor of each covariance."""
    out = np.empty(len(y))
    for own, M in zip(rows, marginal, strict=True):
        out[own] = np.linalg.solve(np.linalg.cholesky(M), y[own] - fitted[own])
    return out
