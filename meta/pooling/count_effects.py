"""Studies' own effects from counts, for Cochran's Q and the tables of `pool_counts`."""

from __future__ import annotations

import numpy as np

from meta.effects.count_tables import count_design


def own_effects(measure: str, columns: tuple[np.ndarray, ...], add: float) -> tuple[np.ndarray, np.ndarray]:
    """Studies' own effects and variances, ``add`` on the cells of tables with a zero; NaN where there is
    no event.

    >>> y, v = own_effects("OR", tuple(np.array([x]) for x in (1.0, 3.0, 2.0, 4.0)), 0.5)
    >>> y.round(4).tolist()
    [-0.6931]
    """
    design = count_design(measure)
    with np.errstate(divide="ignore", invalid="ignore"):
        if design == "2x2":
            return _own_2x2(measure, columns, add)
        if design == "rates":
            return _own_rates(measure, columns, add)
        x, n = columns
        if design == "proportion":
            more = np.where((x == 0) | (x == n), add, 0.0)
            return np.log((x + more) / (n - x + more)), 1 / (x + more) + 1 / (n - x + more)
        x = x + np.where(x == 0, add, 0.0)
        return np.log(x / n), 1 / x


def _own_2x2(measure: str, columns: tuple[np.ndarray, ...], add: float) -> tuple[np.ndarray, np.ndarray]:
    a, n1, c, n2 = columns
    b, d = n1 - a, n2 - c
    more = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), add, 0.0)
    empty = (a + c == 0) | (b + d == 0)
    a, b, c, d = a + more, b + more, c + more, d + more
    m1, m2 = a + b, c + d
    if measure == "OR":
        y, v = np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d
    elif measure == "RR":
        y, v = np.log(a / m1) - np.log(c / m2), 1 / a - 1 / m1 + 1 / c - 1 / m2
    else:
        y, v = a / m1 - c / m2, a * b / m1**3 + c * d / m2**3
    return np.where(empty, np.nan, y), np.where(empty, np.nan, v)


def _own_rates(measure: str, columns: tuple[np.ndarray, ...], add: float) -> tuple[np.ndarray, np.ndarray]:
    x1, t1, x2, t2 = columns
    more, empty = np.where((x1 == 0) | (x2 == 0), add, 0.0), x1 + x2 == 0
    x1, x2 = x1 + more, x2 + more
    if measure == "IRR":
        y, v = np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2
    else:
        y, v = x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2
    return np.where(empty, np.nan, y), np.where(empty, np.nan, v)
