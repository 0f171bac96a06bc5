"""How many raised values are normal when measured again, with and without a true shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from meta.errors import InputError
from meta.kernels.normal import bvn_cdf

SHIFT_RANGE = (-12.0, 12.0)


def share_normal_later(delta: ArrayLike, *, cutoff: float, rho: float) -> np.ndarray:
    """Return P(normal later | raised first) for people whose second value is shifted by ``delta``.

    With screening value X1 and later value X2 standard bivariate normal with correlation rho and "raised"
    meaning above c, it is ``[Phi(c - delta) - Phi2(c, c - delta; rho)] / (1 - Phi(c))``.

    Parameters
    ----------
    delta : array_like
        True shift in SD of a single measurement; negative lowers. Any shape.
    cutoff : float
        The percentile of the population above which a value counts as raised, in (0, 1).
    rho : float
        Test-retest correlation, in (-1, 1).

    Returns
    -------
    ndarray
        Shares between 0 and 1, of the shape of ``delta``.

    Examples
    --------
    Without any treatment, three in four are back under a 95th percentile if rho is about 0.5:

    >>> float(share_normal_later(0.0, cutoff=0.95, rho=0.517).round(2))
    0.75
    """
    if not 0 < cutoff < 1:
        raise InputError(f"cutoff must lie between 0 and 1 (a percentile as a share), not {cutoff:g}")
    if not -1 < rho < 1:
        raise InputError(f"rho must lie between -1 and 1, not {rho:g}")
    c = ndtri(cutoff)
    second = c - np.asarray(delta, dtype=float)
    share = (ndtr(second) - bvn_cdf(c, second, rho)) / (1.0 - cutoff)
    return np.clip(share, 0.0, 1.0)


def shift_needed(share: float, *, cutoff: float, rho: float) -> float:
    """Return the true shift at which ``share`` of those first raised are normal later.

    Negative: a lowering is needed. Zero or positive: none is needed, because as many are normal anyway.
    Bisection on a monotone function, to 1e-12.

    Examples
    --------
    >>> round(shift_needed(0.78, cutoff=0.95, rho=0.756), 2)
    -0.46
    """
    if not 0 < share < 1:
        raise InputError(f"share must lie between 0 and 1, not {share:g}")
    low, high = SHIFT_RANGE
    for _ in range(90):
        middle = 0.5 * (low + high)
        if share_normal_later(middle, cutoff=cutoff, rho=rho) > share:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def averaged(rho: float, m: int) -> tuple[float, float]:
    """Return (correlation, SD) of averages of ``m`` samples at both times, relative to single samples.

    ``rho_m = m rho / (1 + (m - 1) rho)``; a shift in SD of a single measurement is divided by
    ``sqrt((1 + (m - 1) rho) / m)`` (Spearman-Brown).

    >>> tuple(round(x, 3) for x in averaged(0.47, 2))
    (0.639, 0.857)
    """
    return m * rho / (1 + (m - 1) * rho), float(np.sqrt((1 + (m - 1) * rho) / m))


def averaged_screening(rho: float, m: int) -> float:
    """Return the correlation of an average of ``m`` screening samples with one later sample.

    >>> round(averaged_screening(0.47, 2), 3)
    0.548
    """
    return float(rho * np.sqrt(m / (1 + (m - 1) * rho)))


def retest_correlation(between_cv: float, within_cv: float, analytical_cv: float = 0.0) -> float:
    """Return the test-retest correlation that coefficients of variation imply.

    Between-person variance over total variance: ``CVg^2 / (CVg^2 + CVi^2 + CVa^2)``.

    >>> round(retest_correlation(35.3, 34.1, 15.4), 3)
    0.471
    """
    between = between_cv**2
    return between / (between + within_cv**2 + analytical_cv**2)
