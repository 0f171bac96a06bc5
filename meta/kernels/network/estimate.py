"""Generalised least squares of a network at a value of tau2, with Kenward and Roger's correction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.network.common_tau2 import terms
from meta.kernels.network.rotation import Rotated
from meta.kernels.regression_inference import kenward_roger


@dataclass(frozen=True, slots=True)
class NetworkFit:
    """Effects of all treatments, with what tests of their differences need.

    Attributes
    ----------
    d : ndarray of shape (T,)
        Effects; treatment 0 is 0.
    phi : ndarray of shape (T, T)
        Covariance under the model; row and column 0 are 0.
    rss : float
        Residual sum of squares with the weights at tau2.
    """

    d: np.ndarray
    phi: np.ndarray
    rss: float


@dataclass(frozen=True, slots=True)
class Adjusted:
    """Kenward and Roger's covariance, (T, T), and what degrees of freedom of a contrast come from."""

    vcov: np.ndarray
    slope: np.ndarray
    variance: float


def bordered(a: np.ndarray) -> np.ndarray:
    """A matrix with a row and a column of zeros before the first, for treatment 0.

    >>> bordered(np.array([[2.0]])).tolist()
    [[0.0, 0.0], [0.0, 2.0]]
    """
    out = np.zeros((len(a) + 1, len(a) + 1))
    out[1:, 1:] = a
    return out


def fit_network(rotated: Rotated, tau2: float) -> NetworkFit:
    """Fit the network at a given tau2."""
    at = terms(rotated, tau2)
    return NetworkFit(np.concatenate([[0.0], at.d]), bordered((at.phi + at.phi.T) / 2), at.rss)


def adjusted(rotated: Rotated, tau2: float) -> Adjusted:
    """Kenward and Roger's adjustment for the estimated tau2.

    Kenward & Roger (1997), doi:10.2307/2533558; for networks Noma, Hamura, Sugasawa & Furukawa (2023),
    doi:10.1002/jrsm.1652.
    """
    found = kenward_roger(rotated.v, rotated.X, tau2)
    return Adjusted(bordered(found.vcov), bordered(found.slope), found.variance)


def differences(cov: np.ndarray) -> np.ndarray:
    """Variances of all differences of treatments, (T, T), from the covariance of their effects.

    >>> differences(np.array([[0.0, 0.0], [0.0, 2.0]])).tolist()
    [[0.0, 2.0], [2.0, 0.0]]
    """
    own = np.diag(cov)
    return np.asarray(np.maximum(own[:, None] + own[None, :] - 2 * cov, 0.0))
