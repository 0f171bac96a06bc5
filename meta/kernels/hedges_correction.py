"""Hedges's small-sample factor and the exact variance of a standardised mean difference."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

# Above this many degrees of freedom the difference of two lgamma values loses more digits than the
# asymptotic series leaves out (below 1e-14 from here on).
_SERIES_FROM = 200.0


def hedges_j(df: ArrayLike, *, exact: bool = True) -> np.ndarray:
    """Return the factor J(m) that removes the bias of Cohen's d.

    Parameters
    ----------
    df : array_like
        Degrees of freedom m of the standardiser, any shape.
    exact : bool
        True for Hedges's (1981) ``Gamma(m/2) / (sqrt(m/2) Gamma((m - 1)/2))``, through lgamma so that
        it does not overflow; False for his approximation ``1 - 3/(4m - 1)``.

    Returns
    -------
    ndarray
        J(m), same shape; NaN where m <= 1 (exact) or m <= 0.25 (approximate), where it does not exist.

    References
    ----------
    Hedges LV (1981). doi:10.3102/10769986006002107

    Examples
    --------
    >>> hedges_j([8, 10, 50]).round(7).tolist()
    [0.9027033, 0.9227456, 0.9849119]
    >>> float(hedges_j(10, exact=False).round(7))
    0.9230769
    """
    m = np.asarray(df, dtype=float)
    usable = m > (1.0 if exact else 0.25)
    safe = np.where(usable, m, 2.0)
    if not exact:
        return np.where(usable, 1.0 - 3.0 / (4.0 * safe - 1.0), np.nan)
    small = np.minimum(safe, _SERIES_FROM)
    value = np.exp(gammaln(small / 2) - gammaln((small - 1) / 2)) / np.sqrt(small / 2)
    if np.any(safe > _SERIES_FROM):
        value = np.where(safe > _SERIES_FROM, _series(safe), value)
    return np.where(usable, value, np.nan)


def _series(m: np.ndarray) -> np.ndarray:
    x = 1.0 / m
    return 1.0 + x * (-3 / 4 + x * (-7 / 32 + x * (-9 / 128 + x * (59 / 2048 + x * (483 / 8192)))))


def exact_variance(
    delta: ArrayLike, *, n_tilde: ArrayLike, df: ArrayLike, corrected: bool = True
) -> np.ndarray:
    """Return the exact sampling variance of g (or of d) when the true effect is ``delta``.

    ``d sqrt(n_tilde)`` is noncentral t, so that
    ``Var(g) = J^2 m/(m - 2) (1 + n_tilde delta^2)/n_tilde - delta^2``.

    Parameters
    ----------
    delta : array_like
        The effect at which the variance is wanted (usually the estimate g).
    n_tilde : array_like
        ``n1 n2/(n1 + n2)`` for two groups; ``n`` for one group of differences.
    df : array_like
        Degrees of freedom m of the standardiser, which must exceed 2 (NaN otherwise).
    corrected : bool
        True for g = J d, False for d.

    References
    ----------
    Hedges LV (1981). doi:10.3102/10769986006002107

    Examples
    --------
    >>> float(exact_variance(0.0, n_tilde=5.0, df=18).round(6))
    0.206345
    """
    d, size, m = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in (delta, n_tilde, df)))
    usable = m > 2
    safe = np.where(usable, m, 3.0)
    j = hedges_j(safe)
    ratio = safe / (safe - 2)
    second = ratio * (1 / size + d**2)
    value = j**2 * second - d**2 if corrected else second - (d / j) ** 2
    return np.where(usable, value, np.nan)
