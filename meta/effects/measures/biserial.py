"""Two groups' means as a correlation, or as a log odds ratio.

Functions take ``mean1, sd1, n1, mean2, sd2, n2`` as float arrays of shape (k,).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from meta.effects.measures.core import Estimates, pooled_sd, to_z
from meta.effects.measures.tables import COX_SNELL, LOGISTIC


def point_biserial(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    vtype: str = "ST",
) -> Estimates:
    """Point-biserial correlation; ``vtype`` ST (group sizes fixed) or CS (random).

    References
    ----------
    Jacobs P, Viechtbauer W (2017). Res Synth Methods 8:161-180. https://doi.org/10.1002/jrsm.1218
    """
    d = (mean1 - mean2) / pooled_sd(sd1, n1, sd2, n2)
    n = n1 + n2
    h = (n - 2) / n1 + (n - 2) / n2
    r = d / np.sqrt(d**2 + h)
    if vtype == "CS":
        vi = (1 - r**2) ** 2 * (n * r**2 / (4 * n1 * n2) + (2 - 3 * r**2) / (2 * n))
    else:
        vi = h**2 / (h + d**2) ** 3 * (1 / n1 + 1 / n2 + d**2 / (2 * n))
    return Estimates(r, vi)


def point_biserial_z(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    vtype: str = "ST",
) -> Estimates:
    """Fisher's z of the point-biserial correlation, delta-method variance."""
    return to_z(point_biserial(mean1, sd1, n1, mean2, sd2, n2, vtype=vtype))


def biserial(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
) -> Estimates:
    """Biserial correlation with a latent normal variable behind the groups; may leave [-1, 1].

    Soper's variance of an estimate beyond 1 is that of a correlation of 1.

    References
    ----------
    Jacobs P, Viechtbauer W (2017). Res Synth Methods 8:161-180. https://doi.org/10.1002/jrsm.1218
    Soper HE (1914). Biometrika 10:384-390. https://doi.org/10.2307/2331789
    """
    n = n1 + n2
    p, q = n1 / n, n2 / n
    z = ndtri(q)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    r = point_biserial(mean1, sd1, n1, mean2, sd2, n2).yi * np.sqrt(p * q) / density
    # a function of the population's correlation, so of the nearest one that exists: beyond 1 it falls below
    # its value at 1, through 0, and rises again
    rho = np.clip(r, -1, 1)
    inner = p * q / density**2 - (1.5 + (1 - p * z / density) * (1 + q * z / density)) * rho**2 + rho**4
    return Estimates(r, inner / (n - 1))


def biserial_z(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
) -> Estimates:
    """Fisher's z of the biserial correlation, delta-method variance."""
    return to_z(biserial(mean1, sd1, n1, mean2, sd2, n2))


def _to_log_odds(d: np.ndarray, n1: np.ndarray, n2: np.ndarray, factor: float) -> Estimates:
    return Estimates(factor * d, factor**2 * (1 / n1 + 1 / n2 + d**2 / (2 * (n1 + n2))))


def d_to_log_odds_logistic(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
) -> Estimates:
    """Log odds ratio from the uncorrected d, logistic distributions (x pi / sqrt(3)).

    References
    ----------
    Chinn S (2000). Stat Med 19:3127-3131.
    https://doi.org/10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M
    """
    return _to_log_odds((mean1 - mean2) / pooled_sd(sd1, n1, sd2, n2), n1, n2, LOGISTIC)


def d_to_log_odds_normal(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
) -> Estimates:
    """Log odds ratio from the uncorrected d, normal distributions (x 1.65).

    References
    ----------
    Cox DR, Snell EJ (1989). Analysis of Binary Data, 2nd ed. https://doi.org/10.1201/9781315137391
    """
    return _to_log_odds((mean1 - mean2) / pooled_sd(sd1, n1, sd2, n2), n1, n2, COX_SNELL)
