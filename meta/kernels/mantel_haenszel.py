"""Mantel-Haenszel and Peto pooling of 2x2 tables and person-time tables.

Tables are given as ``a`` events of ``n1`` and ``c`` events of ``n2``, or ``x1`` events in time ``t1`` and
``x2`` in ``t2``; every argument has shape (k,). Nothing is added to zero cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from meta.errors import NotEstimableError


@dataclass(frozen=True, slots=True)
class Pooled2x2:
    """A pooled effect on the model scale and its variance; weights (k,) add up to 1."""

    estimate: float
    variance: float
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class ChiSquared:
    """A chi-squared test.

    >>> ChiSquared.of(3.841458820694124, 1).p_value.__round__(6)
    0.05
    """

    statistic: float
    df: int
    p_value: float

    @classmethod
    def of(cls, statistic: float, df: int) -> ChiSquared:
        """Test with its p-value; NaN where there are no degrees of freedom."""
        return cls(statistic, df, float(chdtrc(df, statistic)) if df > 0 else float("nan"))


def _log_ratio(r: np.ndarray, s: np.ndarray, what: str) -> tuple[float, float]:
    top, bottom = float(r.sum()), float(s.sum())
    if top <= 0 or bottom <= 0:
        raise NotEstimableError(
            f"the Mantel-Haenszel {what} does not exist: no table has "
            f"{'an event in group 1' if top <= 0 else 'an event in group 2'} (with its counterpart); "
            "use method='Peto' or a difference"
        )
    return top, bottom


def odds_ratio(a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray) -> Pooled2x2:
    """Log odds ratio; variance by Robins, Breslow & Greenland (1986), doi:10.2307/2531052.

    >>> round(odds_ratio(np.array([4.0]), np.array([10.0]), np.array([2.0]), np.array([10.0])).estimate, 4)
    0.9808
    """
    b, d, n = n1 - a, n2 - c, n1 + n2
    r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
    top, bottom = _log_ratio(r, s, "odds ratio")
    variance = (p * r).sum() / (2 * top**2) + (q * s).sum() / (2 * bottom**2)
    variance += (p * s + q * r).sum() / (2 * top * bottom)
    return Pooled2x2(float(np.log(top / bottom)), float(variance), s / bottom)


def risk_ratio(a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray) -> Pooled2x2:
    """Log risk ratio; variance by Greenland & Robins (1985), doi:10.2307/2530643."""
    n = n1 + n2
    r, s = a * n2 / n, c * n1 / n
    top, bottom = _log_ratio(r, s, "risk ratio")
    variance = ((n1 * n2 * (a + c) - a * c * n) / n**2).sum() / (top * bottom)
    return Pooled2x2(float(np.log(top / bottom)), float(variance), s / bottom)


def risk_difference(a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray) -> Pooled2x2:
    """Risk difference; variance by Sato, Greenland & Robins (1989), doi:10.2307/2531514."""
    n = n1 + n2
    w = n1 * n2 / n
    estimate = ((a * n2 - c * n1) / n).sum() / w.sum()
    p = (n1**2 * c - n2**2 * a + n1 * n2 * (n2 - n1) / 2) / n**2
    q = (a * (n2 - c) + c * (n1 - a)) / (2 * n)
    variance = (estimate * p.sum() + q.sum()) / w.sum() ** 2
    return Pooled2x2(float(estimate), float(variance), w / w.sum())


def rate_ratio(x1: np.ndarray, t1: np.ndarray, x2: np.ndarray, t2: np.ndarray) -> Pooled2x2:
    """Log incidence rate ratio; Greenland & Robins (1985), doi:10.2307/2530643."""
    t = t1 + t2
    r, s = x1 * t2 / t, x2 * t1 / t
    top, bottom = _log_ratio(r, s, "rate ratio")
    variance = (t1 * t2 * (x1 + x2) / t**2).sum() / (top * bottom)
    return Pooled2x2(float(np.log(top / bottom)), float(variance), s / bottom)


def rate_difference(x1: np.ndarray, t1: np.ndarray, x2: np.ndarray, t2: np.ndarray) -> Pooled2x2:
    """Incidence rate difference; Greenland & Robins (1985), doi:10.2307/2530643."""
    t = t1 + t2
    w = t1 * t2 / t
    estimate = ((x1 * t2 - x2 * t1) / t).sum() / w.sum()
    variance = ((x1 * t2**2 + x2 * t1**2) / t**2).sum() / w.sum() ** 2
    return Pooled2x2(float(estimate), float(variance), w / w.sum())


def peto(a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray) -> tuple[Pooled2x2, ChiSquared]:
    """Peto's one-step log odds ratio and its Q; Yusuf et al. (1985), doi:10.1016/S0033-0620(85)80003-7.

    Tables without events, or with nothing else, carry no information and no degree of freedom.
    """
    expected, variance = hypergeometric_moments(a, n1, c, n2)
    total = float(variance.sum())
    if total <= 0:
        raise NotEstimableError("Peto's odds ratio does not exist: no table has both events and non-events")
    excess = a - expected
    estimate = float(excess.sum()) / total
    informative = variance > 0
    y = excess[informative] / variance[informative]
    q = float((variance[informative] * (y - estimate) ** 2).sum())
    return Pooled2x2(estimate, 1 / total, variance / total), ChiSquared.of(q, int(informative.sum()) - 1)


def hypergeometric_moments(
    a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of ``a`` given the margins under no effect, (k,) each.

    >>> hypergeometric_moments(np.array([1.0]), np.array([2.0]), np.array([1.0]), np.array([2.0]))
    (array([1.]), array([0.33333333]))
    """
    n, m = n1 + n2, a + c
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = n1 * n2 * m * (n - m) / (n**2 * (n - 1))
    return n1 * m / n, np.where(n > 1, variance, 0.0)


def cochran_mantel_haenszel(
    a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray, correct: bool = True
) -> ChiSquared:
    """Cochran-Mantel-Haenszel test of no association; Mantel & Haenszel (1959), doi:10.1093/jnci/22.4.719."""
    expected, variance = hypergeometric_moments(a, n1, c, n2)
    return _excess_test(float((a - expected).sum()), float(variance.sum()), correct)


def rate_test(
    x1: np.ndarray, t1: np.ndarray, x2: np.ndarray, t2: np.ndarray, correct: bool = True
) -> ChiSquared:
    """Mantel-Haenszel test for person-time data; Rothman, Greenland & Lash (2008), Modern Epidemiology,
    ch. 15.
    """
    t, x = t1 + t2, x1 + x2
    return _excess_test(float((x1 - x * t1 / t).sum()), float((x * t1 * t2 / t**2).sum()), correct)


def _excess_test(excess: float, variance: float, correct: bool) -> ChiSquared:
    if variance <= 0:
        return ChiSquared(float("nan"), 1, float("nan"))
    size = max(0.0, abs(excess) - 0.5) if correct else abs(excess)
    return ChiSquared.of(size**2 / variance, 1)


def breslow_day(
    a: np.ndarray, n1: np.ndarray, c: np.ndarray, n2: np.ndarray, log_or: float
) -> tuple[ChiSquared, ChiSquared]:
    """Breslow-Day test of equal odds ratios, and with Tarone's correction.

    Breslow & Day (1980), IARC Scientific Publications 32; Tarone (1985), doi:10.1093/biomet/72.1.91.
    Tables with an empty margin are left out.
    """
    m = a + c
    keep = (m > 0) & (m < n1 + n2)
    a, n1, n2, m = a[keep], n1[keep], n2[keep], m[keep]
    fitted = expected_events(n1, n2, m, log_or)
    with np.errstate(divide="ignore"):
        variance = 1 / (1 / fitted + 1 / (n1 - fitted) + 1 / (m - fitted) + 1 / (n2 - m + fitted))
    plain = float(((a - fitted) ** 2 / variance).sum())
    tarone = plain - float((a - fitted).sum()) ** 2 / float(variance.sum())
    return ChiSquared.of(plain, a.size - 1), ChiSquared.of(tarone, a.size - 1)


def expected_events(n1: np.ndarray, n2: np.ndarray, m: np.ndarray, log_or: float) -> np.ndarray:
    """Events in group 1 that give every table the odds ratio ``exp(log_or)`` with its margins kept, (k,).

    >>> expected_events(np.array([10.0]), np.array([10.0]), np.array([6.0]), 0.0)
    array([3.])
    """
    psi = float(np.exp(log_or))
    low, high = np.maximum(0.0, m - n2), np.minimum(n1, m)
    if abs(psi - 1) < 1e-10:
        return n1 * m / (n1 + n2)
    b = psi * (n1 + m) + n2 - m
    root = np.sqrt(np.maximum(b**2 - 4 * psi * (psi - 1) * n1 * m, 0.0))
    return np.clip(2 * psi * n1 * m / (b + root), low, high)
