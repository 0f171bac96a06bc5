"""Mean and SD from a median with quartiles, range or both, after a test of skewness."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meta.effects.recovered_values import numbers, require
from meta.errors import AssumptionWarning, InputError, Notes, unknown_option
from meta.recovery.rules import centres


@dataclass(frozen=True, slots=True)
class FromMedian:
    """Mean and SD estimated from order statistics; arrays of the broadcast inputs' shape.

    Attributes
    ----------
    mean, sd : ndarray
        The estimates.
    skewness, critical : ndarray
        The skewness statistic of Shi et al. (2023) and its 5% critical value.
    skewed : ndarray of bool
        Whether the statistic exceeds it: the estimates then rest on a normality that the data deny.
    how : str
        Methods and the summary used.
    warnings : tuple of str
        What was said about skewed rows.
    """

    mean: np.ndarray
    sd: np.ndarray
    skewness: np.ndarray
    critical: np.ndarray
    skewed: np.ndarray
    how: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Summary:
    median: np.ndarray
    n: np.ndarray
    q1: np.ndarray
    q3: np.ndarray
    low: np.ndarray
    high: np.ndarray


Method = Callable[[_Summary, str], np.ndarray]


def xi(n: ArrayLike) -> np.ndarray:
    """Return the range of n standard normal values, ``2 ndtri((n - 0.375)/(n + 0.25))`` (Wan 2014).

    >>> float(xi(25).round(3))
    3.928
    """
    return centres.normal_range(np.asarray(n, dtype=float))


def eta(n: ArrayLike) -> np.ndarray:
    """Return the interquartile range of n standard normal values, ``2 ndtri((0.75n - 0.125)/(n + 0.25))``.

    >>> float(eta(25).round(3))
    1.272
    """
    return centres.normal_quartiles(np.asarray(n, dtype=float))


def _luo_mean(s: _Summary, case: str) -> np.ndarray:
    if case == "range":
        return centres.mean_of_range(s.median, s.low, s.high, s.n)
    if case == "quartiles":
        return centres.mean_of_quartiles(s.median, s.q1, s.q3, s.n)
    return centres.mean_of_five(s.median, s.q1, s.q3, s.low, s.high, s.n)


def _wan_mean(s: _Summary, case: str) -> np.ndarray:
    if case == "range":
        return (s.low + 2 * s.median + s.high) / 4
    if case == "quartiles":
        return (s.q1 + s.median + s.q3) / 3
    return (s.low + 2 * s.q1 + 2 * s.median + 2 * s.q3 + s.high) / 8


def _range_sd(s: _Summary) -> np.ndarray:
    return centres.sd_of_range(s.low, s.high, s.n)


def _quartile_sd(s: _Summary) -> np.ndarray:
    return centres.sd_of_quartiles(s.q1, s.q3, s.n)


def _shi_sd(s: _Summary, case: str) -> np.ndarray:
    if case != "both":
        return _wan_sd(s, case)
    return centres.sd_of_five(s.q1, s.q3, s.low, s.high, s.n)


def _wan_sd(s: _Summary, case: str) -> np.ndarray:
    if case == "range":
        return _range_sd(s)
    if case == "quartiles":
        return _quartile_sd(s)
    return (_range_sd(s) + _quartile_sd(s)) / 2


@dataclass(frozen=True, slots=True)
class MedianMethod:
    """A registered way from order statistics to a mean or an SD."""

    name: str
    function: Method
    citation: str
    doi: str


MEAN_METHODS = {
    m.name: m
    for m in (
        MedianMethod("luo", _luo_mean, "Luo D, Wan X, Liu J, Tong T (2018)", "10.1177/0962280216669183"),
        MedianMethod("wan", _wan_mean, "Wan X, Wang W, Liu J, Tong T (2014)", "10.1186/1471-2288-14-135"),
    )
}
SD_METHODS = {
    m.name: m
    for m in (
        MedianMethod("shi", _shi_sd, "Shi J, Luo D, Weng H, et al. (2020)", "10.1002/jrsm.1429"),
        MedianMethod("wan", _wan_sd, "Wan X, Wang W, Liu J, Tong T (2014)", "10.1186/1471-2288-14-135"),
    )
}


def mean_sd_from_median(
    median: ArrayLike,
    *,
    n: ArrayLike,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    mean_method: str = "luo",
    sd_method: str = "shi",
) -> FromMedian:
    """Estimate mean and SD from a median with quartiles, range or both.

    Parameters
    ----------
    median : array_like
        Sample median.
    n : array_like
        Sample size, at least 5.
    q1, q3 : array_like or None
        Quartiles. Not ``q3 - q1``.
    minimum, maximum : array_like or None
        Range.
    mean_method : {"luo", "wan"}
        Luo's (2018) weights, or the plain averages in Wan (2014).
    sd_method : {"shi", "wan"}
        They differ for five-number summaries only.

    Returns
    -------
    FromMedian
        A typed warning is issued where the skewness test of Shi et al. (2023,
        doi:10.1177/09622802231172043) rejects at 5%.

    Examples
    --------
    >>> found = mean_sd_from_median(12.0, n=40, q1=9.0, q3=15.5)
    >>> float(found.mean.round(3)), float(found.sd.round(3)), bool(found.skewed)
    (12.177, 4.998, False)
    """
    for kind, name, registry in (
        ("mean method", mean_method, MEAN_METHODS),
        ("SD method", sd_method, SD_METHODS),
    ):
        if name not in registry:
            raise unknown_option(kind, name, registry)
    case = _case(q1, q3, minimum, maximum)
    s = _checked(median, n, q1, q3, minimum, maximum)
    statistic, critical = _skewness(s, case)
    skewed = statistic > critical
    notes = Notes()
    if np.any(skewed):
        rows = np.flatnonzero(skewed)
        place = f" at position {', '.join(map(str, rows[:5]))}" if skewed.ndim else ""
        notes.warn(
            f"median {s.median.flat[rows[0]]:g}{place} comes from skewed data (statistic "
            f"{statistic.flat[rows[0]]:.3g} above {critical.flat[rows[0]]:.3g}): its estimated mean and SD "
            "are doubtful; prefer the log scale or leave it out in a sensitivity analysis",
            AssumptionWarning,
        )
    what = {"range": "range", "quartiles": "quartiles", "both": "quartiles and range"}[case]
    return FromMedian(
        mean=MEAN_METHODS[mean_method].function(s, case),
        sd=SD_METHODS[sd_method].function(s, case),
        skewness=statistic,
        critical=critical,
        skewed=skewed,
        how=f"mean ({mean_method}) and SD ({sd_method}) estimated from median and {what}",
        warnings=notes.messages,
    )


def _case(q1: object, q3: object, minimum: object, maximum: object) -> str:
    quartiles, spread = q1 is not None and q3 is not None, minimum is not None and maximum is not None
    if (q1 is None) != (q3 is None) or (minimum is None) != (maximum is None) or not (quartiles or spread):
        raise InputError(
            "a median needs q1 and q3, or minimum and maximum, or all four: give the missing ones"
        )
    return "both" if quartiles and spread else "quartiles" if quartiles else "range"


def _checked(
    median: ArrayLike, n: ArrayLike, q1: ArrayLike | None, q3: ArrayLike | None,
    minimum: ArrayLike | None, maximum: ArrayLike | None,
) -> _Summary:  # fmt: skip
    middle, size = numbers(median=median, n=n)
    given = {"minimum": minimum, "q1": q1, "median": middle, "q3": q3, "maximum": maximum}
    present = [(name, np.asarray(value, dtype=float)) for name, value in given.items() if value is not None]
    for (below, small), (above, large) in itertools.pairwise(present):
        require(small <= large, above, large, f"must be at least {below}", "check the order of the columns")
    first, last = present[0][1], present[-1][1]
    require(first < last, present[-1][0], last, f"must be above {present[0][0]}")
    require(size >= 5, "n", size, "must be at least 5 to estimate a mean and SD from a median")
    filled = {name: np.asarray(np.nan if value is None else value, float) for name, value in given.items()}
    shaped = np.broadcast_arrays(*filled.values(), size)
    low, first_quartile, middle, third_quartile, high, size = shaped
    return _Summary(middle, size, first_quartile, third_quartile, low, high)


def _skewness(s: _Summary, case: str) -> tuple[np.ndarray, np.ndarray]:
    quartiles = {} if case == "range" else {"q1": s.q1, "q3": s.q3}
    ends = {} if case == "quartiles" else {"low": s.low, "high": s.high}
    return centres.skewness(s.median, s.n, **quartiles, **ends)
