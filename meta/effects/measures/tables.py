"""Two independent groups, a binary outcome: ratios and differences of risks and odds.

All functions take ``events1, n1, events2, n2`` as float arrays of shape (k,), zero cells already dealt
with, and return :class:`~meta.effects.measures.core.Estimates`. Group 1 is the treated group.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from meta.effects.measures.core import Estimates, weighted_mean

COX_SNELL = 1.65
LOGISTIC = np.pi / np.sqrt(3.0)


def _reciprocal(x: np.ndarray) -> np.ndarray:
    return np.divide(1.0, x, out=np.full_like(x, np.nan), where=x != 0)


def risk_ratio(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Log risk ratio.

    References
    ----------
    Katz D et al. (1978). Biometrics 34:469-474. https://doi.org/10.2307/2530610

    Examples
    --------
    >>> one = risk_ratio(*map(np.array, ([4.0], [123.0], [11.0], [139.0])))
    >>> one.yi.round(4).tolist(), one.vi.round(4).tolist()
    ([-0.8893], [0.3256])
    """
    r1, r2 = events1 / n1, events2 / n2
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.where((r1 > 0) & (r2 > 0), np.log(r1) - np.log(r2), np.nan)
    vi = _reciprocal(events1) - 1 / n1 + _reciprocal(events2) - 1 / n2
    return Estimates(yi, vi)


def odds_ratio(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Log odds ratio.

    References
    ----------
    Woolf B (1955). Ann Hum Genet 19:251-253. https://doi.org/10.1111/j.1469-1809.1955.tb01348.x
    """
    none1, none2 = n1 - events1, n2 - events2
    with np.errstate(divide="ignore", invalid="ignore"):
        yi = np.log(events1) - np.log(none1) - np.log(events2) + np.log(none2)
    vi = _reciprocal(events1) + _reciprocal(none1) + _reciprocal(events2) + _reciprocal(none2)
    return Estimates(np.where(np.isfinite(yi), yi, np.nan), vi)


def risk_difference(
    events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray, *, vtype: str = "LS"
) -> Estimates:
    """Risk difference; ``vtype`` LS (n), UB (n - 1: unbiased) or AV (average risks).

    References
    ----------
    Cochrane Handbook for Systematic Reviews of Interventions (2019), chapter 6.
    https://doi.org/10.1002/9781119536604
    """
    p1, p2 = events1 / n1, events2 / n2
    yi = p1 - p2
    if vtype == "AV":
        p1, p2 = np.full_like(p1, weighted_mean(p1, n1)), np.full_like(p2, weighted_mean(p2, n2))
    lost = 1.0 if vtype == "UB" else 0.0
    vi = p1 * (1 - p1) * _reciprocal(n1 - lost) + p2 * (1 - p2) * _reciprocal(n2 - lost)
    return Estimates(yi, vi)


def arcsine_difference(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Difference of the arcsine square-root transformed risks; needs no continuity correction.

    References
    ----------
    Rücker G et al. (2009). Stat Med 28:721-738. https://doi.org/10.1002/sim.3511
    """
    yi = np.arcsin(np.sqrt(events1 / n1)) - np.arcsin(np.sqrt(events2 / n2))
    return Estimates(yi, 1 / (4 * n1) + 1 / (4 * n2))


def peto(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Log odds ratio by Peto's one-step method, (O - E) / V.

    References
    ----------
    Yusuf S et al. (1985). Prog Cardiovasc Dis 27:335-371. https://doi.org/10.1016/S0033-0620(85)80003-7
    """
    events, total = events1 + events2, n1 + n2
    variance = events * (total - events) * n1 * n2 / (total**2 * (total - 1))
    vi = _reciprocal(variance)
    return Estimates((events1 - events * n1 / total) * vi, vi)


def _scaled(inner: Estimates, factor: float) -> Estimates:
    return Estimates(inner.yi * factor, inner.vi * factor**2)


def odds_ratio_to_d_logistic(
    events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray
) -> Estimates:
    """Standardised mean difference from the odds ratio, logistic latent variable (x sqrt(3) / pi).

    References
    ----------
    Chinn S (2000). Stat Med 19:3127-3131.
    https://doi.org/10.1002/1097-0258(20001130)19:22<3127::AID-SIM784>3.0.CO;2-M
    """
    return _scaled(odds_ratio(events1, n1, events2, n2), 1 / LOGISTIC)


def odds_ratio_to_d_normal(
    events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray
) -> Estimates:
    """Standardised mean difference from the odds ratio, normal latent variable (/ 1.65).

    References
    ----------
    Cox DR, Snell EJ (1989). Analysis of Binary Data, 2nd ed. https://doi.org/10.1201/9781315137391
    """
    return _scaled(odds_ratio(events1, n1, events2, n2), 1 / COX_SNELL)


def probit_difference(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Standardised mean difference from the difference of probits.

    References
    ----------
    Sanchez-Meca J et al. (2003). Psychol Methods 8:448-467. https://doi.org/10.1037/1082-989X.8.4.448
    """
    parts = []
    for events, n in ((events1, n1), (events2, n2)):
        p = events / n
        z = ndtri(p)
        parts.append((z, 2 * np.pi * p * (1 - p) * np.exp(np.where(np.isfinite(z), z, np.nan) ** 2) / n))
    (z1, v1), (z2, v2) = parts
    with np.errstate(invalid="ignore"):
        yi = z1 - z2
    return Estimates(np.where(np.isfinite(yi), yi, np.nan), v1 + v2)
