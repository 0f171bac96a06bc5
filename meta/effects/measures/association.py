"""Association in a 2x2 table: phi, Yule's coefficients and the tetrachoric correlation.

All functions take ``events1, n1, events2, n2`` as float arrays of shape (k,).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from meta.effects.measures.core import Estimates, to_z
from meta.effects.measures.tables import odds_ratio

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_LIMIT = 1 - 1e-12


def phi(
    events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray, *, vtype: str = "CS"
) -> Estimates:
    """Phi coefficient; ``vtype`` CS (all four cells random) or ST (group sizes fixed).

    ST is the delta method on the two independent binomial risks with the group sizes fixed.

    References
    ----------
    Bishop YMM, Fienberg SE, Holland PW (1975). Discrete Multivariate Analysis, 380-381.
    https://doi.org/10.1007/978-0-387-72806-3 (CS)
    """
    total = n1 + n2
    share = n1 / total
    p1, p2 = events1 / n1, events2 / n2
    p = share * p1 + (1 - share) * p2
    a, pq = np.sqrt(share * (1 - share)), p * (1 - p)
    yi = (p1 - p2) * a / np.sqrt(pq)
    if vtype == "CS":
        skew_rows = (2 * share - 1) / a
        skew_columns = (2 * p - 1) / np.sqrt(pq)
        vi = (
            1
            - yi**2
            + yi * (1 + yi**2 / 2) * skew_rows * skew_columns
            - 0.75 * yi**2 * (skew_rows**2 + skew_columns**2)
        ) / total
    else:
        common = 0.5 * (p1 - p2) * (1 - 2 * p) / pq
        slope1, slope2 = a / np.sqrt(pq) * (1 - common * share), a / np.sqrt(pq) * (1 + common * (1 - share))
        vi = slope1**2 * p1 * (1 - p1) / n1 + slope2**2 * p2 * (1 - p2) / n2
    return Estimates(yi, np.where(np.abs(yi) < 1 - 1e-12, vi, 0.0 * yi))


def phi_z(
    events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray, *, vtype: str = "CS"
) -> Estimates:
    """Fisher's z of phi, delta-method variance: the transformation stabilises nothing here."""
    return to_z(phi(events1, n1, events2, n2, vtype=vtype))


def yule_q(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Yule's Q.

    References
    ----------
    Yule GU (1912). J R Stat Soc 75:579-652. https://doi.org/10.2307/2340126
    """
    log_odds = odds_ratio(events1, n1, events2, n2)
    yi = np.tanh(log_odds.yi / 2)
    return Estimates(yi, log_odds.vi * (1 - yi**2) ** 2 / 4)


def yule_y(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Yule's Y, the coefficient of colligation.

    References
    ----------
    Yule GU (1912). J R Stat Soc 75:579-652. https://doi.org/10.2307/2340126
    """
    log_odds = odds_ratio(events1, n1, events2, n2)
    yi = np.tanh(log_odds.yi / 4)
    return Estimates(yi, log_odds.vi * (1 - yi**2) ** 2 / 16)


def _density(h: np.ndarray, k: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Bivariate standard normal density."""
    rest = 1 - r**2
    return np.asarray(np.exp(-(h**2 - 2 * r * h * k + k**2) / (2 * rest)) / (2 * np.pi * np.sqrt(rest)))


def _orthant_excess(h: np.ndarray, k: np.ndarray, r: np.ndarray) -> np.ndarray:
    """P(X < h, Y < k) minus its value under independence, by Gauss-Legendre in arcsin r."""
    half = np.arcsin(r) / 2
    theta = half[..., None] * (_NODES + 1)
    sine = np.sin(theta)
    exponent = (h[..., None] ** 2 - 2 * sine * (h * k)[..., None] + k[..., None] ** 2) / (
        2 * np.cos(theta) ** 2
    )
    return np.asarray(half * np.sum(_WEIGHTS * np.exp(-exponent), axis=-1) / (2 * np.pi))


def _solve(h: np.ndarray, k: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """Correlation at which the orthant's probability is as observed: Newton kept inside a bracket."""
    low, high = np.full_like(h, -_LIMIT), np.full_like(h, _LIMIT)
    r = np.clip(np.sin(np.pi / 2 * np.clip(4 * excess, -1, 1)), -0.9, 0.9)
    for _ in range(100):
        miss = _orthant_excess(h, k, r) - excess
        low, high = np.where(miss < 0, r, low), np.where(miss >= 0, r, high)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = r - miss / _density(h, k, r)
        new = np.where((step > low) & (step < high), step, (low + high) / 2)
        if np.nanmax(np.abs(new - r), initial=0.0) < 1e-15:
            return new
        r = new
    return r


def tetrachoric(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Tetrachoric correlation by maximum likelihood; NaN where a cell is empty.

    The variance is the delta method's on the multinomial table (Pearson's asymptotic formula).

    References
    ----------
    Pearson K (1900). Philos Trans R Soc A 195:1-47. https://doi.org/10.1098/rsta.1900.0022
    Brown MB (1977). Appl Stat 26:343-351. https://doi.org/10.2307/2346985
    """
    total = n1 + n2
    p11, p12 = events1 / total, (n1 - events1) / total
    p21, p22 = events2 / total, (n2 - events2) / total
    full = np.minimum(np.minimum(p11, p12), np.minimum(p21, p22)) > 0
    row, column = np.where(full, p11 + p12, np.nan), np.where(full, p11 + p21, np.nan)
    h, k = ndtri(row), ndtri(column)
    yi = np.full_like(h, np.nan)
    yi[full] = _solve(h[full], k[full], (p11 - row * column)[full])
    root = np.sqrt(1 - yi**2)
    by_row, by_column = ndtr((k - yi * h) / root), ndtr((h - yi * k) / root)
    both = 1 - by_row - by_column
    mean = p11 * both - p12 * by_row - p21 * by_column
    spread = p11 * both**2 + p12 * by_row**2 + p21 * by_column**2 - mean**2
    return Estimates(yi, spread / (total * _density(h, k, yi) ** 2))


def tetrachoric_z(events1: np.ndarray, n1: np.ndarray, events2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Fisher's z of the tetrachoric correlation, delta-method variance."""
    return to_z(tetrachoric(events1, n1, events2, n2))
