"""Correlations, partial and semi-partial correlations; float arrays of shape (k,)."""

from __future__ import annotations

import numpy as np
from scipy.special import hyp2f1

from meta.effects.measures.core import Estimates, to_z, weighted_mean


def _where(usable: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(usable, values, np.nan))


def _unbiased_square(r: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Olkin and Pratt's unbiased estimate of the squared correlation."""
    return np.asarray(1 - (n - 3) / (n - 2) * (1 - r**2) * hyp2f1(1.0, 1.0, n / 2, 1 - r**2))


def _unbiased(r: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.asarray(r * hyp2f1(0.5, 0.5, (n - 2) / 2, 1 - r**2))


def raw(r: np.ndarray, n: np.ndarray, *, vtype: str = "LS") -> Estimates:
    """Correlation; ``vtype`` LS (1 - r²)²/(n - 1) or AV (the average correlation in it).

    References
    ----------
    Hedges LV (1989). J Appl Psychol 74:469-477. https://doi.org/10.1037/0021-9010.74.3.469
    """
    used = np.full_like(r, weighted_mean(r, n)) if vtype == "AV" else r
    return Estimates(r, _where(n > 1, (1 - used**2) ** 2 / (n - 1)))


def unbiased(r: np.ndarray, n: np.ndarray, *, vtype: str = "LS") -> Estimates:
    """Correlation corrected for its slight negative bias; ``vtype`` LS, UB or AV.

    References
    ----------
    Olkin I, Pratt JW (1958). Ann Math Stat 29:201-211. https://doi.org/10.1214/aoms/1177706717
    Hedges LV (1989). J Appl Psychol 74:469-477. https://doi.org/10.1037/0021-9010.74.3.469 (UB)
    """
    yi = _where(n > 4, _unbiased(r, n))
    if vtype == "UB":
        vi = yi**2 - _unbiased_square(r, n)
    else:
        used = np.full_like(yi, weighted_mean(yi, n)) if vtype == "AV" else yi
        vi = (1 - used**2) ** 2 / (n - 1)
    return Estimates(yi, _where(n > 4, vi))


def fisher_z(r: np.ndarray, n: np.ndarray) -> Estimates:
    """Fisher's z, variance 1/(n - 3).

    References
    ----------
    Fisher RA (1921). Metron 1:3-32. https://hdl.handle.net/2440/15169
    """
    yi = np.arctanh(r)
    return Estimates(_where(np.isfinite(yi), yi), _where(n > 3, 1 / (n - 3)))


def partial(r: np.ndarray, n: np.ndarray, m: np.ndarray) -> Estimates:
    """Partial correlation; ``m`` counts all predictors of the model, the focal one included.

    References
    ----------
    Olkin I, Siotani M (1976). In Essays in Probability and Statistics, 235-251.
    """
    return Estimates(r, _where(n > m, (1 - r**2) ** 2 / (n - m)))


def partial_z(r: np.ndarray, n: np.ndarray, m: np.ndarray) -> Estimates:
    """Fisher's z of a partial correlation, variance 1/(n - m - 2)."""
    yi = np.arctanh(r)
    return Estimates(_where(np.isfinite(yi), yi), _where(n - m > 2, 1 / (n - m - 2)))


def semipartial(r: np.ndarray, n: np.ndarray, r2: np.ndarray) -> Estimates:
    """Semi-partial correlation; ``r2`` is the model's coefficient of determination.

    References
    ----------
    Aloe AM, Becker BJ (2012). J Educ Behav Stat 37:278-297. https://doi.org/10.3102/1076998610396901
    """
    without = r2 - r**2
    return Estimates(r, (r2**2 - 2 * r2 + without + 1 - without**2) / n)


def semipartial_z(r: np.ndarray, n: np.ndarray, r2: np.ndarray) -> Estimates:
    """Fisher's z of a semi-partial correlation, delta-method variance."""
    return to_z(semipartial(r, n, r2))
