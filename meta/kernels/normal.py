"""The normal distribution where cancellation matters: interval probabilities and the bivariate cdf."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

_LOG_SQRT_2PI = 0.5 * np.log(2.0 * np.pi)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


def log_norm_pdf(x: ArrayLike, mean: ArrayLike = 0.0, sd: ArrayLike = 1.0) -> np.ndarray:
    """Log density of the normal distribution; the arguments broadcast.

    >>> round(float(log_norm_pdf(0.0)), 6)
    -0.918939
    """
    z = (np.asarray(x, dtype=float) - np.asarray(mean, dtype=float)) / np.asarray(sd, dtype=float)
    return -0.5 * z * z - _LOG_SQRT_2PI - np.log(np.asarray(sd, dtype=float))


def log_ndtr_diff(lower: ArrayLike, upper: ArrayLike) -> np.ndarray:
    """Log of Phi(upper) - Phi(lower), accurate in both tails and for narrow intervals.

    Both limits are reflected to the left tail, where ``log_ndtr`` keeps its relative accuracy; where the
    interval is so narrow that the difference would cancel, the density is integrated by Gauss-Legendre.

    Parameters
    ----------
    lower, upper : array_like
        Limits in standard units, ``lower <= upper``; either may be infinite. They broadcast.

    Returns
    -------
    ndarray
        Log probabilities; ``-inf`` for an empty interval and NaN where ``lower > upper``.

    Examples
    --------
    >>> log_ndtr_diff([-np.inf, 30.0, 0.0], [0.0, 31.0, 1e-9]).round(4).tolist()
    [-0.6931, -454.3212, -21.6422]
    """
    low, high = np.broadcast_arrays(np.asarray(lower, dtype=float), np.asarray(upper, dtype=float))
    with np.errstate(invalid="ignore"):
        flip = low + high > 0
        a, b = np.where(flip, -high, low), np.where(flip, -low, high)
        half, middle = 0.5 * (b - a), 0.5 * (a + b)
        narrow = half * np.maximum(1.0, np.abs(middle)) < 0.5
    # After the reflection a + b <= 0, so that a is never far in the right tail.
    log_a, log_b = special.log_ndtr(a), special.log_ndtr(b)
    with np.errstate(divide="ignore", invalid="ignore"):
        out = np.where(np.isneginf(log_a), log_b, log_b + np.log(-np.expm1(log_a - log_b)))
    if np.any(narrow):
        out[narrow] = _log_narrow(middle[narrow], half[narrow])
    return np.where(low > high, np.nan, out)


def _log_narrow(middle: np.ndarray, half: np.ndarray) -> np.ndarray:
    shift = half[..., None] * _NODES
    total = np.sum(_WEIGHTS * np.exp(-middle[..., None] * shift - 0.5 * shift * shift), axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return -0.5 * middle * middle - _LOG_SQRT_2PI + np.log(half * total)


def bvn_cdf(x: ArrayLike, y: ArrayLike, rho: ArrayLike) -> np.ndarray:
    """P(X <= x, Y <= y) for standard normal X and Y with correlation ``rho``.

    Owen's reduction (Owen 1956, doi:10.1214/aoms/1177728074) to his T function, with the differences
    y - rho x arranged so that they keep their digits near ``|rho| = 1``; absolute error near 1e-15.
    For an independent check see Plackett's integral as Genz (2004, doi:10.1023/B:STCO.0000035304.20635.31)
    evaluates it.

    Parameters
    ----------
    x, y : array_like
        Limits; infinite ones are fine. All arguments broadcast.
    rho : array_like
        Correlation in [-1, 1].

    Returns
    -------
    ndarray
        Probabilities, of the broadcast shape.

    Examples
    --------
    >>> float(bvn_cdf(0.0, 0.0, 0.5).round(12))
    0.333333333333
    """
    h, k, r = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (x, y, rho)))
    if np.any(np.abs(r) > 1):
        raise ValueError(f"rho must lie in [-1, 1]: {float(r[np.abs(r) > 1].flat[0])!r} is outside")
    ph, pk = special.ndtr(h), special.ndtr(k)
    root = np.sqrt((1.0 - r) * (1.0 + r))
    sign = np.where(r < 0, -1.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        gap_h = (k - sign * h) + (sign - r) * h
        gap_k = (h - sign * k) + (sign - r) * k
        value = 0.5 * (ph + pk) - _owen(h, gap_h, root) - _owen(k, gap_k, root)
    value = value - np.where((h * k < 0) | ((h * k == 0) & (h + k < 0)), 0.5, 0.0)
    value = np.where(r == 1, np.minimum(ph, pk), value)
    value = np.where(r == -1, np.maximum(0.0, ph + pk - 1.0), value)
    value = np.where(np.isinf(h) | np.isinf(k), ph * pk, value)
    value = np.where((h == 0) & (k == 0), 0.25 + np.arcsin(r) / (2.0 * np.pi), value)
    return np.clip(value, 0.0, np.minimum(ph, pk))


def _owen(h: np.ndarray, gap: np.ndarray, root: np.ndarray) -> np.ndarray:
    """T(h, gap / (h root)), with its limits where ``h`` or ``root`` is zero."""
    slope = gap / (h * root)
    slope = np.where(h == 0, np.where(gap >= 0, np.inf, -np.inf), slope)
    return special.owens_t(h, np.where(np.isnan(slope), 0.0, slope))
