"""Weighted least squares with a multiplicative dispersion: the arithmetic of the regression tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.errors import NotEstimableError
from meta.kernels.degenerate import without_spread


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """A weighted regression.

    Attributes
    ----------
    beta : ndarray of shape (p,)
        Coefficients.
    vcov : ndarray of shape (p, p)
        Their covariance, with the dispersion in it.
    dispersion : float
        Weighted residual mean square.
    df : int
        k - p.
    """

    beta: np.ndarray
    vcov: np.ndarray
    dispersion: float
    df: int

    @property
    def se(self) -> np.ndarray:
        """Standard errors, (p,)."""
        return np.sqrt(np.diag(self.vcov))


def weighted_regression(y: np.ndarray, X: np.ndarray, w: np.ndarray) -> LeastSquares:
    """Regress ``y`` (k,) on the columns of ``X`` (k, p) with weights ``w`` (k,).

    >>> fit = weighted_regression(np.array([1.0, 2.0, 4.0]), np.ones((3, 1)), np.ones(3))
    >>> fit.beta.round(4).tolist(), round(fit.dispersion, 4), fit.df
    ([2.3333], 2.3333, 2)
    """
    k, p = X.shape
    root = np.sqrt(w)
    scale = np.abs(X).max(axis=0)
    if np.any(scale == 0):
        raise NotEstimableError("the regression has a column of zeros and cannot be fitted")
    q, r = np.linalg.qr((X / scale) * root[:, None])
    pivots = np.abs(np.diag(r))
    if pivots.min() <= 1e-10 * pivots.max():
        raise NotEstimableError(
            "the predictor does not vary between the studies (or is determined by the moderators), "
            "so that its slope does not exist"
        )
    if k <= p:
        raise NotEstimableError(
            f"{k} studies cannot support a regression with {p} coefficients: add studies or drop moderators"
        )
    target = q.T @ (root * y)
    beta = np.linalg.solve(r, target)
    residual = root * y - q @ target
    spread = not without_spread(y, y - (X / scale) @ beta)
    dispersion = float(residual @ residual) / (k - p) if spread else 0.0
    inverse = np.linalg.inv(r)
    vcov = dispersion * inverse @ inverse.T / np.outer(scale, scale)
    return LeastSquares(beta / scale, vcov, dispersion, k - p)
