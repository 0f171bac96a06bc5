"""Two independent groups, means and standard deviations.

All functions take ``mean1, sd1, n1, mean2, sd2, n2`` as float arrays of shape (k,). Group 1 is the
treated group; :func:`smd1` and :func:`smd1h` standardise by the standard deviation of group 2.
"""

from __future__ import annotations

import numpy as np

from meta.effects.measures.core import Estimates, log_ratio, pooled_sd, weighted_mean
from meta.kernels.hedges_correction import hedges_j


def mean_difference(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    vtype: str = "LS",
) -> Estimates:
    """Mean difference; ``vtype`` LS (each group's own variance) or HO (pooled variance)."""
    if vtype == "HO":
        sd1 = sd2 = pooled_sd(sd1, n1, sd2, n2)
    return Estimates(mean1 - mean2, sd1**2 / n1 + sd2**2 / n2)


def smd_variance(
    d: np.ndarray, n1: np.ndarray, n2: np.ndarray, *, vtype: str = "LS", exact: bool = True
) -> Estimates:
    """Hedges' g and its variance from Cohen's d with ``n1 + n2 - 2`` degrees of freedom.

    The variances: LS 1/n1 + 1/n2 + g²/(2N); LS2 J² (1/n1 + 1/n2 + d²/(2N)); UB 1/n1 + 1/n2 +
    (1 - (m - 2)/(m J²)) g²; RM N/(n1 n2) + g²/(2 (N - 3.94)); AV the first with the mean g.

    References
    ----------
    Hedges LV (1982). Psychol Bull 92:490-499. https://doi.org/10.1037/0033-2909.92.2.490 (LS)
    Borenstein M et al. (2009). https://doi.org/10.1002/9780470743386 (LS2)
    Hedges LV (1983). Psychol Bull 93:388-395. https://doi.org/10.1037/0033-2909.93.2.388 (UB)

    Examples
    --------
    >>> one = smd_variance(np.array([0.5970]), np.array([50.0]), np.array([50.0]), vtype="LS2", exact=False)
    >>> one.yi.round(3).tolist(), one.vi.round(3).tolist()
    ([0.592], [0.041])
    """
    total = n1 + n2
    j = hedges_j(total - 2, exact=exact)
    g = j * d
    base = 1 / n1 + 1 / n2
    if vtype == "LS2":
        vi = j**2 * (base + d**2 / (2 * total))
    elif vtype == "UB":
        m = total - 2
        vi = base + (1 - (m - 2) / (m * j**2)) * g**2
    elif vtype == "RM":
        vi = base + g**2 / (2 * (total - 3.94))
    elif vtype == "AV":
        vi = base + weighted_mean(g, total) ** 2 / (2 * total)
    else:
        vi = base + g**2 / (2 * total)
    return Estimates(g, np.where(np.isfinite(g), vi, np.nan))


def smd(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    vtype: str = "LS",
    exact: bool = True,
) -> Estimates:
    """Standardised mean difference by the pooled standard deviation, Hedges' g.

    References
    ----------
    Hedges LV (1981). J Educ Stat 6(2):107-128. https://doi.org/10.3102/10769986006002107
    """
    d = (mean1 - mean2) / pooled_sd(sd1, n1, sd2, n2)
    return smd_variance(d, n1, n2, vtype=vtype, exact=exact)


def smdh(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    exact: bool = True,
) -> Estimates:
    """Standardised mean difference by the average variance, heteroscedastic.

    The corrected g enters the variance, without a further J² (denominators n - 1).

    References
    ----------
    Bonett DG (2008). Psychol Methods 13:99-109.
    https://doi.org/10.1037/1082-989X.13.2.99
    """
    var1, var2 = sd1**2, sd2**2
    var = (var1 + var2) / 2
    g = hedges_j(n1 + n2 - 2, exact=exact) * (mean1 - mean2) / np.sqrt(var)
    spread = (var1**2 / (n1 - 1) + var2**2 / (n2 - 1)) / (8 * var**2)
    return Estimates(g, g**2 * spread + (var1 / (n1 - 1) + var2 / (n2 - 1)) / var)


def smd1(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    exact: bool = True,
) -> Estimates:
    """Standardised mean difference by the standard deviation of group 2 (Glass), equal variances.

    References
    ----------
    Hedges LV (1981). J Educ Stat 6(2):107-128. https://doi.org/10.3102/10769986006002107
    """
    g = hedges_j(n2 - 1, exact=exact) * (mean1 - mean2) / sd2
    return Estimates(g, 1 / n1 + 1 / n2 + g**2 / (2 * n2))


def smd1h(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    exact: bool = True,
) -> Estimates:
    """Standardised mean difference by the standard deviation of group 2, heteroscedastic.

    References
    ----------
    Bonett DG (2008). Psychol Methods 13:99-109. https://doi.org/10.1037/1082-989X.13.2.99
    """
    g = hedges_j(n2 - 1, exact=exact) * (mean1 - mean2) / sd2
    return Estimates(g, sd1**2 / (sd2**2 * (n1 - 1)) + 1 / (n2 - 1) + g**2 / (2 * (n2 - 1)))


def ratio_of_means(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    vtype: str = "LS",
    bias_correction: bool = True,
) -> Estimates:
    """Log ratio of means; NaN where the means have opposite signs.

    ``vtype`` LS (each group's own variance), HO (pooled variance), AV (the average over the studies of
    each arm's coefficient of variation) or AVHO (one average for both arms).

    References
    ----------
    Hedges LV, Gurevitch J, Curtis PS (1999). Ecology 80:1150-1156.
    https://doi.org/10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2
    Lajeunesse MJ (2015). Ecology 96:2056-2063. https://doi.org/10.1890/14-2402.1 (equation 8)
    """
    yi = log_ratio(mean1, mean2)
    with np.errstate(divide="ignore", invalid="ignore"):
        cv1, cv2 = np.abs(sd1 / mean1), np.abs(sd2 / mean2)
        if bias_correction:
            yi = yi + (cv1**2 / n1 - cv2**2 / n2) / 2
        if vtype == "HO":
            shared = pooled_sd(sd1, n1, sd2, n2)
            cv1, cv2 = shared / mean1, shared / mean2
        elif vtype == "AV":
            cv1, cv2 = np.full_like(cv1, weighted_mean(cv1, n1)), np.full_like(cv2, weighted_mean(cv2, n2))
        elif vtype == "AVHO":
            both = weighted_mean((n1 * cv1 + n2 * cv2) / (n1 + n2), n1 + n2)
            cv1 = cv2 = np.full_like(cv1, both)
        vi = cv1**2 / n1 + cv2**2 / n2
    return Estimates(yi, np.where(np.isfinite(yi), vi, np.nan))
