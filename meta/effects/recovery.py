"""Standard deviations, standard errors, test statistics and correlations from what a paper reports.

Each function takes numbers or arrays and returns a :class:`~meta.effects.recovered_values.Recovered` value
that says how it was obtained. Effects from test statistics are in :mod:`meta.effects.from_tests`, rounding is
in :mod:`meta.effects.rounding`. The formulas are those of the Cochrane Handbook, chapter 6
(doi:10.1002/9781119536604.ch6), unless a function names another source.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit

from meta.effects.recovered_values import Recovered, numbers, require, sign_of
from meta.errors import InputError
from meta.recovery.rules import change, dispersion


def critical_value(tail: ArrayLike, df: ArrayLike | None = None) -> np.ndarray:
    """Return the upper quantile with probability ``tail`` above it: normal, or t when ``df`` is given.

    >>> critical_value(0.025).round(4).item(), critical_value(0.025, 47).round(4).item()
    (1.96, 2.0117)
    """
    upper = np.asarray(tail, dtype=float)
    if df is None:
        return -np.asarray(ndtri(upper))
    m = np.asarray(df, dtype=float)
    require(m > 0, "df", m, "must be > 0", "check the group sizes")
    return -np.asarray(stdtrit(m, upper))


def _crit(level: ArrayLike, df: ArrayLike | None) -> np.ndarray:
    (whole,) = numbers(level=level)
    require((whole > 0) & (whole < 1), "level", whole, "must be between 0 and 1", "write 0.95, not 95")
    return critical_value((1 - whole) / 2, df)


def _named(df: ArrayLike | None) -> str:
    if df is None:
        return "normal quantile"
    m = np.asarray(df, dtype=float)
    return f"t quantile, df {m:g}" if m.ndim == 0 else "t quantiles"


def sd_from_se(se: ArrayLike, *, n: ArrayLike) -> Recovered:
    """Return the SD of one group from the standard error of its mean: ``se sqrt(n)``.

    >>> float(sd_from_se(0.5, n=16))
    2.0
    """
    error, size = numbers(se=se, n=n)
    require(error > 0, "se", error, "must be > 0")
    require(size >= 2, "n", size, "must be at least 2")
    return Recovered(dispersion.sd_from_se(error, size), "SD = SE sqrt(n)")


def se_from_ci(
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    *,
    level: ArrayLike = 0.95,
    df: ArrayLike | None = None,
    log: bool = False,
) -> Recovered:
    """Return a standard error from the limits of a confidence interval.

    Parameters
    ----------
    ci_low, ci_high : array_like
        The limits.
    level : array_like
        Confidence level.
    df : array_like or None
        Degrees of freedom of a t interval, as small trials report for means; None for a normal one.
    log : bool
        True if the limits are those of a ratio, so that the error is wanted on the log scale.

    Examples
    --------
    >>> round(float(se_from_ci(-59, -5, df=47)), 2)
    13.42
    >>> round(float(se_from_ci(1.35, 23.68, log=True)), 4)
    0.7308
    """
    low, high = numbers(ci_low=ci_low, ci_high=ci_high)
    require(high > low, "ci_high", high, "must be above ci_low", "check the order of the limits")
    if log:
        require(low > 0, "ci_low", low, "must be > 0 for a ratio", "give log=False if it is a difference")
        low, high = np.log(low), np.log(high)
    scale = "log limits" if log else "limits"
    return Recovered(
        (high - low) / (2 * _crit(level, df)), f"SE = half the distance of the {scale} / {_named(df)}"
    )


def sd_from_ci(
    ci_low: ArrayLike, ci_high: ArrayLike, *, n: ArrayLike, level: ArrayLike = 0.95, distribution: str = "t"
) -> Recovered:
    """Return the SD of one group from the confidence interval of its mean.

    ``distribution`` is ``"t"`` (n - 1 degrees of freedom) or ``"z"``.

    >>> round(float(sd_from_ci(30, 34.2, n=25)), 3)
    5.087
    >>> round(float(sd_from_ci(30, 34.2, n=25, distribution="z")), 3)
    5.357
    """
    (size,) = numbers(n=n)
    require(size >= 2, "n", size, "must be at least 2")
    se = se_from_ci(ci_low, ci_high, level=level, df=_df(distribution, size - 1))
    return Recovered(dispersion.sd_from_se(se.value, size), f"SD = SE sqrt(n); {se.how}")


def _df(distribution: str, df: np.ndarray) -> np.ndarray | None:
    if distribution not in ("t", "z"):
        raise InputError(f"distribution must be 't' or 'z': got {distribution!r}")
    return df if distribution == "t" else None


def t_from_p(
    p: ArrayLike, *, direction: str, df: ArrayLike | None = None, tails: int = 2, comparisons: int = 1
) -> Recovered:
    """Return the test statistic behind an exact p-value.

    Parameters
    ----------
    p : array_like
        The exact p-value. A "p < .05" is a bound, not a value: see
        :func:`meta.effects.from_tests.bound_from_threshold`.
    direction : {"higher", "lower"}
        Which way the difference went; a two-sided p does not say.
    df : array_like or None
        Degrees of freedom of a t test; None for a z test.
    tails : {1, 2}
        Of the reported p.
    comparisons : int
        If the printed p was multiplied by this many comparisons (Bonferroni), how many.

    Examples
    --------
    >>> round(float(t_from_p(0.008, direction="lower", df=41)), 3)
    -2.788
    """
    (value,) = numbers(p=p)
    remedy = "a p printed as .000 is a threshold: use bound_from_threshold"
    require((value > 0) & (value <= 1), "p", value, "must be above 0 and at most 1", remedy)
    if tails not in (1, 2):
        raise InputError(f"tails must be 1 or 2: got {tails!r}")
    statistic = sign_of(direction) * critical_value(value / tails / comparisons, df)
    corrected = f", divided by {comparisons} comparisons" if comparisons > 1 else ""
    return Recovered(statistic, f"{_named(df)} of the {tails}-sided p{corrected}, {direction} as stated")


def t_from_f(f: ArrayLike, *, direction: str) -> Recovered:
    """Return t from an F statistic with one numerator degree of freedom.

    >>> float(t_from_f(6.25, direction="lower"))
    -2.5
    """
    (value,) = numbers(f=f)
    require(value >= 0, "F", value, "must be at least 0")
    return Recovered(sign_of(direction) * np.sqrt(value), f"|t| = sqrt(F(1, df)), {direction} as stated")


def f_from_eta2(eta2: ArrayLike, *, df_error: ArrayLike, df_effect: ArrayLike = 1) -> Recovered:
    """Return F from a partial eta squared: ``eta2/(1 - eta2) df_error/df_effect``.

    >>> round(float(f_from_eta2(0.67, df_error=8)), 2)
    16.24
    """
    share, m, k = numbers(eta2=eta2, df_error=df_error, df_effect=df_effect)
    require((share >= 0) & (share < 1), "eta2", share, "must be at least 0 and below 1")
    require(m > 0, "df_error", m, "must be > 0")
    return Recovered(share / (1 - share) * m / k, "F = eta2/(1 - eta2) df_error/df_effect")


def se_from_t(difference: ArrayLike, *, t: ArrayLike) -> Recovered:
    """Return the standard error of a difference from its t (or z) statistic.

    >>> float(se_from_t(-3.0, t=-2.0))
    1.5
    """
    value, statistic = numbers(difference=difference, t=t)
    remedy = "a difference or test statistic of 0 leaves the error unknown"
    require((statistic != 0) & (value != 0), "t", statistic, "must not be 0, nor the difference", remedy)
    return Recovered(np.abs(value / statistic), "SE = |difference / t|")


def se_from_f(difference: ArrayLike, *, f: ArrayLike) -> Recovered:
    """Return the standard error of a difference from an F statistic with one numerator degree of freedom.

    >>> float(se_from_f(-3.0, f=4.0))
    1.5
    """
    found = se_from_t(difference, t=t_from_f(f, direction="higher").value)
    return Recovered(found.value, "SE = |difference| / sqrt(F)")


def se_from_p(
    difference: ArrayLike, *, p: ArrayLike, df: ArrayLike | None = None, tails: int = 2
) -> Recovered:
    """Return the standard error of a difference from its exact p-value.

    >>> round(float(se_from_p(0.38, p=0.67, df=92)), 3)
    0.889
    """
    statistic = t_from_p(p, direction="higher", df=df, tails=tails)
    (value,) = numbers(p=p)
    require(value < (1 if tails == 2 else 0.5), "p", value, "leaves the standard error unknown")
    return Recovered(se_from_t(difference, t=statistic.value).value, f"SE = |difference| / {_named(df)} of p")


def se_of_difference(*, sd1: ArrayLike, n1: ArrayLike, sd2: ArrayLike, n2: ArrayLike) -> Recovered:
    """Return the standard error of a difference of two independent means, variances not pooled.

    >>> round(float(se_of_difference(sd1=4.05, n1=48, sd2=4.53, n2=46)), 3)
    0.888
    """
    s1, m1, s2, m2 = numbers(sd1=sd1, n1=n1, sd2=sd2, n2=n2)
    return Recovered(np.sqrt(s1**2 / m1 + s2**2 / m2), "SE = sqrt(sd1^2/n1 + sd2^2/n2)")


def sd_from_difference(se: ArrayLike, *, n1: ArrayLike, n2: ArrayLike) -> Recovered:
    """Return the SD within groups from the standard error of a difference of two means.

    >>> round(float(sd_from_difference(1.5, n1=20, n2=20)), 3)
    4.743
    """
    error, m1, m2 = numbers(se=se, n1=n1, n2=n2)
    require(error > 0, "se", error, "must be > 0")
    return Recovered(error / np.sqrt(1 / m1 + 1 / m2), "SD = SE / sqrt(1/n1 + 1/n2)")


def change_sd(*, sd_pre: ArrayLike, sd_post: ArrayLike, r: ArrayLike) -> Recovered:
    """Return the SD of change scores from the SDs before and after and their correlation.

    >>> round(float(change_sd(sd_pre=4.0, sd_post=5.0, r=0.7)), 3)
    3.606
    """
    before, after, rho = numbers(sd_pre=sd_pre, sd_post=sd_post, r=r)
    require((before > 0) & (after > 0), "sd_pre or sd_post", np.minimum(before, after), "must be > 0")
    require(np.abs(rho) <= 1, "r", rho, "must be between -1 and 1")
    return Recovered(change.change_sd(before, after, rho), "SD = sqrt(pre^2 + post^2 - 2 r pre post)")


def correlation_from_sds(*, sd_pre: ArrayLike, sd_post: ArrayLike, sd_change: ArrayLike) -> Recovered:
    """Return the correlation that three reported SDs imply.

    >>> round(float(correlation_from_sds(sd_pre=4.0, sd_post=5.0, sd_change=13**0.5)), 3)
    0.7
    """
    before, after, whole = numbers(sd_pre=sd_pre, sd_post=sd_post, sd_change=sd_change)
    require((before > 0) & (after > 0), "sd_pre or sd_post", np.minimum(before, after), "must be > 0")
    r = change.correlation_of_sds(before, after, whole)
    require(
        np.abs(r) <= 1, "r", r, "must be between -1 and 1", "these three SDs cannot be of the same people"
    )
    return Recovered(r, "r = (pre^2 + post^2 - change^2) / (2 pre post)")


def correlation_from_eta2(
    eta2: ArrayLike, *, mean1: ArrayLike, sd1: ArrayLike, mean2: ArrayLike, sd2: ArrayLike, n: ArrayLike
) -> Recovered:
    """Return the correlation of paired conditions that a partial eta squared implies.

    From ``F = eta2/(1 - eta2) (n - 1)`` the SD of the differences is ``|mean1 - mean2| sqrt(n/F)``, and the
    three SDs give r.

    Examples
    --------
    >>> float(correlation_from_eta2(0.54, mean1=1.36, sd1=0.66, mean2=2.06, sd2=1.14, n=9).value.round(2))
    0.84
    """
    share, size, one, two = numbers(eta2=eta2, n=n, mean1=mean1, mean2=mean2)
    require((share > 0) & (share < 1), "eta2", share, "must be between 0 and 1")
    statistic = f_from_eta2(share, df_error=size - 1).value
    spread = np.abs(one - two) * np.sqrt(size / statistic)
    found = correlation_from_sds(sd_pre=sd1, sd_post=sd2, sd_change=spread)
    return Recovered(found.value, "r from the SD of differences that eta2 and the means imply")
