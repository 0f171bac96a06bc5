"""Matched pairs, a binary outcome: each pair counted once.

Functions take ``both, only1, only2, neither``: numbers of pairs with the event under both conditions,
under condition 1 only, under condition 2 only, under neither; float arrays of shape (k,).
"""

from __future__ import annotations

import numpy as np

from meta.effects.measures.core import Estimates


def difference(both: np.ndarray, only1: np.ndarray, only2: np.ndarray, neither: np.ndarray) -> Estimates:
    """Difference of the marginal risks.

    References
    ----------
    Zou GY (2007). Clin Trials 4:25-31. https://doi.org/10.1177/1740774506075667
    """
    n = both + only1 + only2 + neither
    p1, p2 = only1 / n, only2 / n
    return Estimates(p1 - p2, (p1 + p2 - (p1 - p2) ** 2) / n)


def risk_ratio(both: np.ndarray, only1: np.ndarray, only2: np.ndarray, neither: np.ndarray) -> Estimates:
    """Log ratio of the marginal risks.

    References
    ----------
    Zou GY (2007). Clin Trials 4:25-31. https://doi.org/10.1177/1740774506075667
    """
    first, second = both + only1, both + only2
    return Estimates(np.log(first / second), (only1 + only2) / (first * second))


def marginal_odds_ratio(
    both: np.ndarray, only1: np.ndarray, only2: np.ndarray, neither: np.ndarray
) -> Estimates:
    """Log ratio of the marginal odds, from the pairs' own table.

    References
    ----------
    Elbourne DR et al. (2002). Int J Epidemiol 31:140-149. https://doi.org/10.1093/ije/31.1.140
    """
    n = both + only1 + only2 + neither
    yes1, yes2 = both + only1, both + only2
    no1, no2 = n - yes1, n - yes2
    yi = np.log(yes1 / no1) - np.log(yes2 / no2)
    covariance = n * (both * neither - only1 * only2) / (yes1 * no1 * yes2 * no2)
    return Estimates(yi, 1 / yes1 + 1 / no1 + 1 / yes2 + 1 / no2 - 2 * covariance)


def conditional_odds_ratio(
    both: np.ndarray, only1: np.ndarray, only2: np.ndarray, neither: np.ndarray
) -> Estimates:
    """Log odds ratio conditional on the pair: the discordant pairs alone.

    References
    ----------
    Curtin F et al. (2002). Stat Med 21:2131-2144. https://doi.org/10.1002/sim.1205
    """
    return Estimates(np.log(only1 / only2), 1 / only1 + 1 / only2)


def peto(both: np.ndarray, only1: np.ndarray, only2: np.ndarray, neither: np.ndarray) -> Estimates:
    """Conditional log odds ratio by Peto's one-step method.

    References
    ----------
    Curtin F et al. (2002). Stat Med 21:2131-2144. https://doi.org/10.1002/sim.1205
    """
    discordant = only1 + only2
    return Estimates(2 * (only1 - only2) / discordant, 4 / discordant)


def odds_ratio_from_margins(
    events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray, r: np.ndarray
) -> Estimates:
    """Log ratio of the marginal odds from the two margins and the (phi) correlation of the pairs.

    The covariance of the two log odds is ``r / (n sqrt(p1 q1 p2 q2))``, with n the number of pairs.

    References
    ----------
    Elbourne DR et al. (2002). Int J Epidemiol 31:140-149. https://doi.org/10.1093/ije/31.1.140
    """
    p1, p2 = events1 / n1, events2 / n2
    yi = np.log(p1 / (1 - p1)) - np.log(p2 / (1 - p2))
    v1, v2 = 1 / (n1 * p1 * (1 - p1)), 1 / (n2 * p2 * (1 - p2))
    return Estimates(yi, v1 + v2 - 2 * r * np.sqrt(v1 * v2))
