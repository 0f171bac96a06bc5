"""Two correlated measurements of the same people: before and after, or under two treatments.

Measurement 1 is "after" (or the treatment), measurement 2 "before" (or the control); effects are 1 minus
2, and one-sided standardisers use measurement 2. Float arrays of shape (k,).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from meta.effects.measures.core import Estimates, log_ratio
from meta.kernels.hedges_correction import hedges_j


def change(mean_change: np.ndarray, sd_change: np.ndarray, n: np.ndarray) -> Estimates:
    """Mean change."""
    return Estimates(mean_change, sd_change**2 / n)


def smcc(mean_change: np.ndarray, sd_change: np.ndarray, n: np.ndarray, *, exact: bool = True) -> Estimates:
    """Change in units of the standard deviation of the changes.

    References
    ----------
    Gibbons RD, Hedeker DR, Davis JM (1993). J Educ Stat 18:271-279.
    https://doi.org/10.3102/10769986018003271
    """
    g = hedges_j(n - 1, exact=exact) * mean_change / sd_change
    return Estimates(g, 1 / n + g**2 / (2 * n))


def smcr(
    mean_change: np.ndarray, sd2: np.ndarray, n: np.ndarray, r: np.ndarray, *, exact: bool = True
) -> Estimates:
    """Change in units of the standard deviation before; the two are taken to be equally spread.

    References
    ----------
    Becker BJ (1988). Br J Math Stat Psychol 41:257-278. https://doi.org/10.1111/j.2044-8317.1988.tb00901.x
    Morris SB (2008). Organ Res Methods 11:364-386. https://doi.org/10.1177/1094428106291059
    """
    g = hedges_j(n - 1, exact=exact) * mean_change / sd2
    return Estimates(g, 2 * (1 - r) / n + g**2 / (2 * n))


def smcrh(
    mean_change: np.ndarray,
    sd2: np.ndarray,
    sd_change: np.ndarray,
    n: np.ndarray,
    *,
    exact: bool = True,
) -> Estimates:
    """Change in units of the standard deviation before, the spread free to change.

    The corrected g enters the variance, without a further J².

    References
    ----------
    Bonett DG (2008). Psychol Methods 13:99-109. https://doi.org/10.1037/1082-989X.13.2.99
    """
    g = hedges_j(n - 1, exact=exact) * mean_change / sd2
    return Estimates(g, sd_change**2 / (sd2**2 * (n - 1)) + g**2 / (2 * (n - 1)))


def smcrp(
    mean_change: np.ndarray,
    sd1: np.ndarray,
    sd2: np.ndarray,
    n: np.ndarray,
    r: np.ndarray,
    *,
    exact: bool = True,
) -> Estimates:
    """Change in units of the pooled standard deviation, 2 (n - 1) / (1 + r²) degrees of freedom.

    References
    ----------
    Cousineau D (2020). Quant Meth Psych 16:418-421.
    https://doi.org/10.20982/tqmp.16.4.p418
    """
    sd = np.sqrt((sd1**2 + sd2**2) / 2)
    g = hedges_j(2 * (n - 1) / (1 + r**2), exact=exact) * mean_change / sd
    return Estimates(g, 2 * (1 - r) / n + g**2 * (1 + r**2) / (4 * n))


def smcrph(
    mean_change: np.ndarray,
    sd1: np.ndarray,
    sd2: np.ndarray,
    sd_change: np.ndarray,
    n: np.ndarray,
    r: np.ndarray,
    *,
    exact: bool = True,
) -> Estimates:
    """Change in units of the average spread, the spread free to change.

    References
    ----------
    Bonett DG (2008). Psychol Methods 13:99-109.
    https://doi.org/10.1037/1082-989X.13.2.99
    """
    var = (sd1**2 + sd2**2) / 2
    g = hedges_j(2 * (n - 1) / (1 + r**2), exact=exact) * mean_change / np.sqrt(var)
    spread = (sd1**4 + sd2**4 + 2 * r**2 * sd1**2 * sd2**2) / (8 * var**2 * (n - 1))
    return Estimates(g, g**2 * spread + sd_change**2 / (var * (n - 1)))


def ratio_of_means(
    mean1: np.ndarray,
    sd1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n: np.ndarray,
    r: np.ndarray,
    *,
    bias_correction: bool = True,
) -> Estimates:
    """Log ratio of two correlated means; NaN where they have opposite signs.

    References
    ----------
    Lajeunesse MJ (2011). Ecology 92:2049-2055. https://doi.org/10.1890/11-0423.1
    Lajeunesse MJ (2015). Ecology 96:2056-2063. https://doi.org/10.1890/14-2402.1
    """
    cv1, cv2 = sd1 / mean1, sd2 / mean2
    yi = log_ratio(mean1, mean2)
    if bias_correction:
        yi = yi + (cv1**2 - cv2**2) / (2 * n)
    vi = (cv1**2 + cv2**2 - 2 * r * cv1 * cv2) / n
    return Estimates(yi, np.where(np.isfinite(yi), vi, np.nan))


def superiority(mean_change: np.ndarray, sd_change: np.ndarray, n: np.ndarray) -> Estimates:
    """Probability that a change is positive, changes taken to be normal; delta-method variance.

    References
    ----------
    McGraw KO, Wong SP (1992). Psychol Bull 111:361-365. https://doi.org/10.1037/0033-2909.111.2.361
    """
    x = mean_change / sd_change
    density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return Estimates(ndtr(x), density**2 * (1 / n + x**2 / (2 * (n - 1))))
