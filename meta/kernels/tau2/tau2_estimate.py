"""What an estimator of tau2 returns, whichever way it took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.weights import Moments


@dataclass(frozen=True, slots=True)
class Found:
    """Estimates of one batch of B models.

    Attributes
    ----------
    tau2 : ndarray of shape (B,)
        The estimates.
    variance : ndarray of shape (B,)
        Their asymptotic variances; NaN where tau2 was not estimated.
    iterations : ndarray of int or int
        Iterations taken; 0 for closed forms.
    converged : ndarray of bool or bool
        Whether the iterations met their tolerance.
    maxima : ndarray of int or int
        Number of local maxima of the likelihood; 1 for moment estimators.
    sums, zero : Moments, optional
        The weighted sums at ``tau2`` and at 0, where a mean's estimator has them anyway.
    """

    tau2: np.ndarray
    variance: np.ndarray
    iterations: np.ndarray | int = 0
    converged: np.ndarray | bool = True
    maxima: np.ndarray | int = 1
    sums: Moments | None = None
    zero: Moments | None = None


def moment_variance(
    trace_pvpv: np.ndarray | float, cross: np.ndarray, square: np.ndarray, tau2: np.ndarray
) -> np.ndarray:
    """Variance of ``y'Ay``: ``2 tr(A S A S)`` for ``S = V + tau2 I``.

    Its arguments are ``tr(AVAV)``, ``tr(AVA)`` and ``tr(AA)``.
    """
    return np.asarray(2 * trace_pvpv + 4 * tau2 * cross + 2 * tau2**2 * square)
