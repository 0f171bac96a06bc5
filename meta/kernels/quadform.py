"""Distribution of a positive weighted sum of independent chi-squared variables with one df each."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from meta.errors import InputError

_HALVINGS = 8
_NEGLIGIBLE = -37.0  # log of 1e-16


def _saddlepoint(lam: np.ndarray, q: float) -> float:
    """Positive root of ``q - sum lam / (1 + 2 lam z) - 1 / z``, which rises in z."""
    low, high = 0.5 / q, (1.0 + 0.5 * lam.size) / q
    for _ in range(200):
        middle = 0.5 * (low + high)
        if q - (lam / (1 + 2 * lam * middle)).sum() - 1 / middle < 0:
            low = middle
        else:
            high = middle
        if high - low <= 1e-6 * high:
            break
    return 0.5 * (low + high)


def chi2_mixture_cdf(weights: ArrayLike, q: float) -> float:
    """P(sum of weights_j * chi2_1 <= q), to about 1e-12 absolutely.

    The transform ``prod (1 + 2 weights_j z)**(-1/2) / z`` is inverted along a parabola through the
    saddlepoint, bent as the product's path of steepest descent is, where the integrand hardly oscillates, by
    a trapezoidal rule whose step is halved until the value stands still. Same quantity as Imhof 1961
    (doi:10.1093/biomet/48.3-4.419) and Farebrother 1984 (doi:10.2307/2347721).

    Parameters
    ----------
    weights : array_like of shape (m,)
        Weights >= 0, not all 0.
    q : float
        Where to evaluate.

    Examples
    --------
    >>> round(chi2_mixture_cdf([1.0, 1.0], 2.0), 12)
    0.632120558829
    """
    lam = np.asarray(weights, dtype=float)
    if lam.ndim != 1 or lam.size == 0 or not np.all(lam >= 0) or not lam.max() > 0:
        raise InputError("weights of a chi-squared mixture must be >= 0, and not all 0")
    if not q > 0:
        return 0.0
    if q == math.inf:
        return 1.0
    largest = float(lam.max())
    # Chernoff's bound on the upper tail
    if -q / (4 * largest) - 0.5 * np.log1p(-lam / (2 * largest)).sum() < _NEGLIGIBLE:
        return 1.0
    z0 = _saddlepoint(lam, q)
    r = lam / (1 + 2 * lam * z0)
    square = (r * r).sum()
    width, bend = 1 / math.sqrt(2 * square + 1 / z0**2), (r * r * r).sum() / (1.5 * square)
    top = q * z0 - 0.5 * np.log1p(2 * lam * z0).sum() - math.log(z0)
    if top + math.log(z0) < _NEGLIGIBLE:
        return 0.0
    factor = math.exp(top) * width / math.pi

    def integrand(t: np.ndarray) -> np.ndarray:
        y = width * t
        z = z0 - bend * y * y + 1j * y
        log = q * z - np.log(z) - 0.5 * np.log(1 + 2 * lam[:, None] * z).sum(axis=0) - top
        return (np.exp(log) * (1j - 2 * bend * y)).imag

    step = 0.5
    nodes = np.arange(step, 120.0, step)
    values = integrand(nodes)
    total = 0.5 * integrand(np.zeros(1))[0] + values.sum()
    large = np.flatnonzero(np.abs(values) > 1e-18)
    reach = nodes[min(large[-1] + 1, nodes.size - 1)] if large.size else 2.0
    answer = step * total
    for _ in range(_HALVINGS):
        total += integrand(np.arange(0.5 * step, reach, step)).sum()
        step *= 0.5
        previous, answer = answer, step * total
        if factor * abs(answer - previous) <= 1e-14:
            break
    return float(min(max(factor * answer, 0.0), 1.0))


def chi2_mixture_sf(weights: ArrayLike, q: float) -> float:
    """P(sum of weights_j * chi2_1 > q), to about 1e-12 absolutely; see :func:`chi2_mixture_cdf`.

    >>> round(chi2_mixture_sf([1.0, 1.0], 2.0), 12)
    0.367879441171
    """
    return 1.0 - chi2_mixture_cdf(weights, q)


def q_form_weights(a: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Weights of ``y'P_A y`` as a chi-squared mixture, for independent y with the given variances.

    They are the eigenvalues of ``S P_A S`` with ``P_A = A - aa'/sum(a)`` and ``S**2`` the variances, less the
    one that is 0 by construction; rounding below 0 is cut off.

    >>> q_form_weights(np.array([1.0, 1.0]), np.array([2.0, 2.0])).round(12).tolist()
    [2.0]
    """
    return residual_form_weights(a, variance, np.ones((len(a), 1)))


def residual_form_weights(a: np.ndarray, variance: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """The same for the residuals of a regression with the orthonormal (or constant) ``basis`` (k, p).

    ``P_A = A - A Q (Q'AQ)^-1 Q'A`` then, and p eigenvalues are 0 by construction.

    >>> x = np.array([[0.5], [0.5], [0.5], [0.5]])
    >>> residual_form_weights(np.ones(4), np.full(4, 3.0), x).round(9).tolist()
    [3.0, 3.0, 3.0]
    """
    s, aq = np.sqrt(variance), a[:, None] * basis
    p_a = np.diag(a) - aq @ np.linalg.solve(basis.T @ aq, aq.T)
    return np.maximum(np.linalg.eigvalsh(p_a * np.outer(s, s))[basis.shape[1] :], 0.0)
