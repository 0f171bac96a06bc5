"""Mean and SD from medians, quartiles and ranges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import ndtri

from meta.recovery.facts import of_arm
from meta.recovery.rules.dispersion import ARMS
from meta.recovery.rules.rule import Rule

LUO = ("Luo, Wan, Liu & Tong 2018", "10.1177/0962280216669183")
WAN = ("Wan, Wang, Liu & Tong 2014", "10.1186/1471-2288-14-135")
SHI = ("Shi, Luo, Weng et al. 2020", "10.1002/jrsm.1429")
SKEWNESS = ("Shi, Luo, Wan et al. 2023", "10.1177/09622802231172043")

LEAST = 5
"""Fewer values than this have no estimable quartiles (Wan 2014)."""


def normal_range(n: np.ndarray) -> np.ndarray:
    """Expected range of n standard normal values (Wan 2014, equation 9), for any n.

    >>> float(normal_range(np.array(4.0)).round(3))
    2.098
    """
    return 2 * np.asarray(ndtri((n - 0.375) / (n + 0.25)))


def normal_quartiles(n: np.ndarray) -> np.ndarray:
    """Expected interquartile range of n standard normal values (Wan 2014, equation 16), for any n.

    >>> float(normal_quartiles(np.array(25.0)).round(3))
    1.272
    """
    return 2 * np.asarray(ndtri((0.75 * n - 0.125) / (n + 0.25)))


def range_width(n: np.ndarray) -> np.ndarray:
    """Expected range of n standard normal values, ``2 ndtri((n - 0.375)/(n + 0.25))``; NaN below 5.

    >>> float(range_width(np.array(25.0)).round(3))
    3.928
    """
    return _enough(n, normal_range(n))


def quartile_width(n: np.ndarray) -> np.ndarray:
    """Expected interquartile range of n standard normal values; NaN below 5.

    >>> float(quartile_width(np.array(25.0)).round(3))
    1.272
    """
    return _enough(n, normal_quartiles(n))


def _enough(n: np.ndarray, value: np.ndarray) -> np.ndarray:
    return np.where(np.asarray(n) >= LEAST, value, np.nan)


def sd_of_range(low: np.ndarray, high: np.ndarray, n: np.ndarray) -> np.ndarray:
    """SD from the range (Wan 2014).

    >>> float(sd_of_range(np.array(0.0), np.array(3.928), np.array(25.0)).round(3))
    1.0
    """
    return (high - low) / range_width(n)


def sd_of_quartiles(q1: np.ndarray, q3: np.ndarray, n: np.ndarray) -> np.ndarray:
    """SD from the quartiles (Wan 2014).

    >>> float(sd_of_quartiles(np.array(18.0), np.array(52.0), np.array(20.0)).round(1))
    27.1
    """
    return (q3 - q1) / quartile_width(n)


def sd_of_five(
    q1: np.ndarray, q3: np.ndarray, low: np.ndarray, high: np.ndarray, n: np.ndarray
) -> np.ndarray:
    """SD from quartiles and range, weighted (Shi 2020, equation 10)."""
    share = 1 / (1 + 0.07 * n**0.6)
    return share * sd_of_range(low, high, n) + (1 - share) * sd_of_quartiles(q1, q3, n)


_DOUBT = 0.8
"""Standard error of an estimated mean around the sample mean in ``sd/sqrt(n)``: the quartiles' estimator has
1.3 times the variance of the mean in normal samples, the range's up to 1.6 (Luo 2018, figure 3)."""


def _doubt(value: float, sd: np.ndarray, n: np.ndarray) -> np.ndarray:
    return value * _DOUBT * sd / np.sqrt(n)


def mean_of_quartiles(
    median: np.ndarray, q1: np.ndarray, q3: np.ndarray, n: np.ndarray, doubt: float = 0.0
) -> np.ndarray:
    """Mean from median and quartiles (Luo 2018).

    >>> float(mean_of_quartiles(*map(np.array, (31.0, 18.0, 52.0, 20.0))).round(1))
    33.9
    """
    w = 0.7 + 0.39 / n
    return w * (q1 + q3) / 2 + (1 - w) * median + _doubt(doubt, sd_of_quartiles(q1, q3, n), n)


def mean_of_range(
    median: np.ndarray, low: np.ndarray, high: np.ndarray, n: np.ndarray, doubt: float = 0.0
) -> np.ndarray:
    """Mean from median and range (Luo 2018)."""
    w = 4 / (4 + n**0.75)
    return w * (low + high) / 2 + (1 - w) * median + _doubt(doubt, sd_of_range(low, high, n), n)


def mean_of_five(
    median: np.ndarray, q1: np.ndarray, q3: np.ndarray, low: np.ndarray, high: np.ndarray, n: np.ndarray,
    doubt: float = 0.0,
) -> np.ndarray:  # fmt: skip
    """Mean from median, quartiles and range (Luo 2018)."""
    outer, inner = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    middle = outer * (low + high) / 2 + inner * (q1 + q3) / 2 + (1 - outer - inner) * median
    return middle + _doubt(doubt, sd_of_five(q1, q3, low, high, n), n)


def skewness(
    median: np.ndarray,
    n: np.ndarray,
    q1: np.ndarray | None = None,
    q3: np.ndarray | None = None,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Skewness statistic of a summary and its 5% critical value (Shi 2023, doi:10.1177/09622802231172043).

    >>> [float(x.round(3)) for x in skewness(np.array(31.0), np.array(20.0), np.array(18.0), np.array(52.0))]
    [0.235, 0.58]
    """
    if low is not None and high is not None:
        by_range = np.abs(low + high - 2 * median) / (high - low)
        if q1 is None or q3 is None:
            return by_range, 1.01 / np.log(n + 9) + 2.43 / (n + 1)
    if q1 is None or q3 is None:
        raise TypeError("a skewness statistic needs quartiles or a range")
    by_quartiles = np.abs(q1 + q3 - 2 * median) / (q3 - q1)
    if low is None or high is None:
        return by_quartiles, 2.66 / np.sqrt(n) - 5.92 / n**2
    scaled = 2.65 * np.log(0.6 * n) / np.sqrt(n) * by_range
    return np.maximum(scaled, by_quartiles), 2.97 / np.sqrt(n) - 39.1 / n**3


def _arm(arm: str) -> tuple[Rule, ...]:
    names = ("n", "mean", "sd", "median", "q1", "q3", "minimum", "maximum")
    n, mean, sd, median, q1, q3, low, high = (of_arm(name, arm) for name in names)
    which, at, normal = f" {arm}" if arm else "", ARMS[arm], ("normal-quantiles",)
    # The doubt of the second group goes the other way, so that the range of a difference holds both.
    side = -1.0 if arm == "2" else 1.0

    def rule(
        name: str,
        needs: tuple[str, ...],
        gives: str,
        function: Callable,
        formula: str,
        source: tuple[str, str],
        cost: float,
    ) -> Rule:
        def turned(*given: Any) -> np.ndarray:
            return np.asarray(function(*given[:-1], side * given[-1]))

        return Rule(name, needs, (gives,), turned, formula, at, source, normal, cost=cost)

    return (
        rule(f"mean{which} from median, quartiles and range", (median, q1, q3, low, high, n), mean,
             mean_of_five, "Luo's weights of midrange, mid-quartiles and median", LUO, 2.0),
        rule(f"mean{which} from median and quartiles", (median, q1, q3, n), mean, mean_of_quartiles,
             f"{mean} = w ({q1} + {q3})/2 + (1 - w) {median}, w = 0.7 + 0.39/{n}", LUO, 2.1),
        rule(f"mean{which} from median and range", (median, low, high, n), mean, mean_of_range,
             f"{mean} = w ({low} + {high})/2 + (1 - w) {median}, w = 4/(4 + {n}^0.75)", LUO, 2.2),
        rule(f"SD{which} from quartiles and range", (q1, q3, low, high, n), sd,
             lambda a, b, c, d, m, _: sd_of_five(a, b, c, d, m),
             "Shi's weights of range and quartiles over their normal widths", SHI, 2.0),
        rule(f"SD{which} from quartiles", (q1, q3, n), sd, lambda a, b, m, _: sd_of_quartiles(a, b, m),
             f"{sd} = ({q3} - {q1}) / (2 Phi^-1((0.75 {n} - 0.125)/({n} + 0.25)))", WAN, 2.1),
        rule(f"SD{which} from the range", (low, high, n), sd, lambda a, b, m, _: sd_of_range(a, b, m),
             f"{sd} = ({high} - {low}) / (2 Phi^-1(({n} - 0.375)/({n} + 0.25)))", WAN, 2.2),
    )  # fmt: skip


RULES: tuple[Rule, ...] = tuple(rule for arm in ARMS for rule in _arm(arm))
