"""Correlations, partial and semi-partial correlations; float arrays of shape (k,)."""

from __future__ import annotations

import numpy as np
from scipy.special import hyp2f1

from meta.effects.measures.core import Estimates, to_z, weighted_mean


def _where(usable: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(usable, values, np.nan))


TERMS = 120
"""Terms fall as 2^-k or as 1 / binomial(k + 19, 19) where the series is used: the last is below 1e-23."""


def _excess(a: float, b: float, c: np.ndarray, z: np.ndarray) -> np.ndarray:
    """2F1(a, b; c; z) - 1 for 0 <= z <= 1, without the loss of digits where the function is close to 1.

    SciPy's function is NaN near z = 1 from c of about 125. All terms of the series are positive, so that it
    loses no digits; it converges fast for a large c and for a small z, and SciPy is left with the rest.
    """
    c, z = np.broadcast_arrays(c, z)
    fast = (c >= 20) | (z <= 0.5)
    out = np.asarray(hyp2f1(a, b, np.where(fast, 1.0, c), np.where(fast, 0.0, z)) - 1.0)
    c, z = c[fast], z[fast]
    term = a * b / c * z
    total = term.copy()
    for k in range(1, TERMS):
        term = term * ((a + k) * (b + k) / ((c + k) * (k + 1)) * z)
        total += term
        if not np.any(term > 1e-17 * total):
            break
    out[fast] = total
    return out


def _unbiased(r: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Olkin and Pratt's unbiased estimate of a correlation, and its square minus that of the square.

    With q = 1 - r^2 the estimates are r (1 + d) and 1 - (n - 3)/(n - 2) q (1 + e). Their difference as
    r^2 d (2 + d) - q (1 - (n - 3) e)/(n - 2) keeps its digits where r is close to 1.
    """
    q = (1 - r) * (1 + r)
    d = _excess(0.5, 0.5, (n - 2) / 2, q)
    e = _excess(1.0, 1.0, n / 2, q)
    yi = np.where(r == 0, 0.0, r * (1 + d))  # at n = 4 the factor is infinite there, and the product 0
    return yi, r**2 * d * (2 + d) - q * (1 - (n - 3) * e) / (n - 2)


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
    usable = n > 3  # fewer allow no variance
    yi, vi = _unbiased(np.where(usable, r, np.nan), np.where(usable, n, np.nan))
    if vtype != "UB":
        used = np.full_like(yi, weighted_mean(yi, n)) if vtype == "AV" else yi
        vi = (1 - used**2) ** 2 / (n - 1)
    return Estimates(yi, vi)


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
