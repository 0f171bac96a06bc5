"""Standardised effects and bounds from test statistics, p-values and thresholds.

Signs follow the stated direction: "lower" (in group 1, or after treatment) is negative.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from meta.effects.recovered_values import Bound, RecoveredEffect, numbers, require, sign_of
from meta.effects.recovery import critical_value, f_from_eta2, se_from_ci, t_from_p
from meta.errors import InputError, unknown_option
from meta.kernels.hedges_correction import exact_variance, hedges_j

SMALL_SAMPLE = 20
"""Below this many pairs the variance of a paired effect is the exact moment unless asked otherwise."""


def g_from_t(
    t: ArrayLike, *, n1: ArrayLike, n2: ArrayLike, df: ArrayLike | None = None, r2: ArrayLike = 0.0
) -> RecoveredEffect:
    """Return Hedges's g from the t statistic that compares two independent groups.

    ``g = J(df) t sqrt(1/n1 + 1/n2)``, with the large-sample variance ``1/n1 + 1/n2 + g^2/(2N)``
    (Hedges 1982, doi:10.1037/0033-2909.92.2.490).

    Parameters
    ----------
    t : array_like
        Signed test statistic.
    n1, n2 : array_like
        Group sizes.
    df : array_like or None
        Degrees of freedom; ``n1 + n2 - 2`` if None.
    r2 : array_like
        For an analysis adjusted for covariates (ANCOVA), the share of variance that they explain: the SD
        behind t is then the residual one, so g is multiplied by ``sqrt(1 - r2)`` and its variance by
        ``1 - r2``.

    Examples
    --------
    >>> effect = g_from_t(-2.385, n1=25, n2=24)
    >>> float(effect.yi.round(2)), float(effect.sei.round(2))
    (-0.67, 0.29)
    """
    statistic, a, b, share = numbers(t=t, n1=n1, n2=n2, r2=r2)
    require((a >= 1) & (b >= 1), "n1 or n2", np.minimum(a, b), "must be at least 1")
    m = a + b - 2 if df is None else np.asarray(df, dtype=float)
    g = hedges_j(m) * statistic * np.sqrt(1 / a + 1 / b)
    effect = RecoveredEffect(g, 1 / a + 1 / b + g**2 / (2 * (a + b)), "g = J t sqrt(1/n1 + 1/n2)")
    return effect if np.all(share == 0) else ancova_adjusted(effect, r2=share)


def ancova_adjusted(effect: RecoveredEffect, *, r2: ArrayLike) -> RecoveredEffect:
    """Bring an effect in residual SDs (ANCOVA) to raw SDs: ``g sqrt(1 - r2)``, variance ``v (1 - r2)``.

    >>> raw = RecoveredEffect(np.array(-0.67), np.array(0.09), "g from an adjusted difference")
    >>> float(ancova_adjusted(raw, r2=0.5).yi.round(3))
    -0.474
    """
    (share,) = numbers(r2=r2)
    require((share >= 0) & (share < 1), "r2", share, "must be at least 0 and below 1")
    text = f"{share:g}" if share.ndim == 0 else "given per row"
    return replace(
        effect,
        yi=effect.yi * np.sqrt(1 - share),
        vi=effect.vi * (1 - share),
        how=f"{effect.how}; times sqrt(1 - R2)",
        assumptions=(*effect.assumptions, f"R2 of the covariates = {text}"),
    )


def g_from_p(
    p: ArrayLike, *, n1: ArrayLike, n2: ArrayLike, direction: str, tails: int = 2, r2: ArrayLike = 0.0
) -> RecoveredEffect:
    """Return Hedges's g from the exact p-value of a t test between two independent groups.

    >>> effect = g_from_p(0.008, n1=21, n2=22, direction="lower")
    >>> float(effect.yi.round(2)), float(effect.sei.round(2))
    (-0.83, 0.32)
    """
    a, b = numbers(n1=n1, n2=n2)
    found = t_from_p(p, direction=direction, df=a + b - 2, tails=tails)
    effect = g_from_t(found.value, n1=a, n2=b, r2=r2)
    return replace(effect, how=f"t = {found.how}; {effect.how}")


def g_from_difference(
    difference: ArrayLike,
    *,
    ci_low: ArrayLike,
    ci_high: ArrayLike,
    n1: ArrayLike,
    n2: ArrayLike,
    level: ArrayLike = 0.95,
    r2: ArrayLike = 0.0,
) -> RecoveredEffect:
    """Return Hedges's g from a mean difference of two independent groups and its t-based interval.

    >>> effect = g_from_difference(-32, ci_low=-59, ci_high=-5, n1=25, n2=24)
    >>> float(effect.yi.round(2)), float(effect.sei.round(2))
    (-0.67, 0.29)
    """
    value, a, b = numbers(difference=difference, n1=n1, n2=n2)
    se = se_from_ci(ci_low, ci_high, level=level, df=a + b - 2)
    effect = g_from_t(value / se.value, n1=a, n2=b, r2=r2)
    return replace(effect, how=f"{se.how}; t = difference / SE; {effect.how}")


def paired_variance(g: ArrayLike, *, n: ArrayLike, r: ArrayLike, kind: str = "auto") -> np.ndarray:
    """Return the sampling variance of a paired effect on the raw-SD scale.

    Parameters
    ----------
    g : array_like
        The bias-corrected effect, in SDs of single measurements.
    n : array_like
        Number of pairs.
    r : array_like
        Correlation within pairs.
    kind : {"auto", "asymptotic", "exact"}
        ``asymptotic``: ``J^2 [2(1 - r)/n + d^2/(2n)]`` with d = g/J. ``exact``: the moment of the noncentral
        t, ``2(1 - r) [J^2 m/(m - 2) (1/n)(1 + n delta^2) - delta^2]`` with ``delta = g/sqrt(2(1 - r))`` and
        m = n - 1. ``auto``: exact below 20 pairs.

    Examples
    --------
    >>> float(paired_variance(-1.21, n=9, r=0.5).round(3))
    0.247
    """
    effect, size, rho = numbers(g=g, n=n, r=r)
    require(size > 3, "n", size, "must be at least 4 pairs")
    require(np.abs(rho) < 1, "r", rho, "must be between -1 and 1")
    m, scale = size - 1, 2 * (1 - rho)
    asymptotic = hedges_j(m) ** 2 * (scale / size + (effect / hedges_j(m)) ** 2 / (2 * size))
    exact = scale * exact_variance(effect / np.sqrt(scale), n_tilde=size, df=m)
    if kind == "auto":
        return np.where(size < SMALL_SAMPLE, exact, asymptotic)
    choices = {"asymptotic": asymptotic, "exact": exact}
    if kind not in choices:
        raise unknown_option("kind", kind, ["auto", *choices])
    return choices[kind]


def g_from_paired_t(t: ArrayLike, *, n: ArrayLike, r: ArrayLike, variance: str = "auto") -> RecoveredEffect:
    """Return a paired effect in SDs of single measurements from the paired t statistic.

    ``dz = t/sqrt(n)``, ``d = dz sqrt(2(1 - r))``, ``g = J(n - 1) d``; the variance as in
    :func:`paired_variance`.

    >>> float(g_from_paired_t(-4.0302, n=9, r=0.7).yi.round(2))
    -0.94
    """
    statistic, size, rho = numbers(t=t, n=n, r=r)
    require(np.abs(rho) < 1, "r", rho, "must be between -1 and 1")
    g = hedges_j(size - 1) * statistic / np.sqrt(size) * np.sqrt(2 * (1 - rho))
    text = f"{rho:g}" if rho.ndim == 0 else "given per row"
    return RecoveredEffect(
        g,
        paired_variance(g, n=size, r=rho, kind=variance),
        "dz = t/sqrt(n), d = dz sqrt(2(1 - r)), g = J(n - 1) d",
        (f"correlation within pairs r = {text}",),
    )


def g_from_eta2(
    eta2: ArrayLike, *, n: ArrayLike, r: ArrayLike, direction: str, variance: str = "auto"
) -> RecoveredEffect:
    """Return a paired effect from the partial eta squared of a within-person effect with one df.

    >>> effect = g_from_eta2(0.67, n=9, r=0.5, direction="lower")
    >>> float(effect.yi.round(2)), float(effect.vi.round(3))
    (-1.21, 0.248)
    """
    share, size = numbers(eta2=eta2, n=n)
    f = f_from_eta2(share, df_error=size - 1)
    effect = g_from_paired_t(sign_of(direction) * np.sqrt(f.value), n=size, r=r, variance=variance)
    return replace(effect, how=f"{f.how}; |t| = sqrt(F), {direction} as stated; {effect.how}")


def dz_from_p(p: ArrayLike, *, n: ArrayLike, direction: str, tails: int = 2) -> np.ndarray:
    """Return the standardised change within one arm, ``t/sqrt(n)``, from its exact p-value.

    >>> float(dz_from_p(0.02, n=40, direction="lower").round(3))
    -0.384
    """
    (size,) = numbers(n=n)
    return t_from_p(p, direction=direction, df=size - 1, tails=tails).value / np.sqrt(size)


def contrast_of_changes(
    dz1: ArrayLike, dz2: ArrayLike, *, n1: ArrayLike, n2: ArrayLike, r: ArrayLike = 0.5
) -> RecoveredEffect:
    """Return the contrast of two arms from each arm's standardised change.

    ``(dz1 - dz2) sqrt(2(1 - r))``, variance ``2(1 - r)(1/n1 + 1/n2)``. Two within-arm p-values do not
    test the contrast; this puts their difference on a scale and leaves it as imprecise as it is.

    >>> down, same = dz_from_p(0.02, n=40, direction="lower"), dz_from_p(0.276, n=40, direction="higher")
    >>> float(contrast_of_changes(down, same, n1=40, n2=40).yi.round(2))
    -0.56
    """
    first, second, a, b, rho = numbers(dz1=dz1, dz2=dz2, n1=n1, n2=n2, r=r)
    require(np.abs(rho) < 1, "r", rho, "must be between -1 and 1")
    scale = 2 * (1 - rho)
    text = f"{rho:g}" if rho.ndim == 0 else "given per row"
    return RecoveredEffect(
        (first - second) * np.sqrt(scale),
        scale * (1 / a + 1 / b),
        "difference of the arms' changes, each dz sqrt(2(1 - r))",
        (f"correlation of before and after r = {text}",),
    )


def unsigned_contrast(
    p1: float, p2: float, *, n1: int, n2: int, direction1: str | None, direction2: str | None, r: float = 0.5
) -> tuple[tuple[tuple[float, float], ...], float]:
    """Return the possible contrasts of two arms where the sign of a change was not stated.

    Parameters
    ----------
    p1, p2 : float
        Exact within-arm p-values.
    n1, n2 : int
        Arm sizes.
    direction1, direction2 : {"higher", "lower"} or None
        The direction of each arm's change; None where the paper does not say.
    r : float
        Correlation of before and after.

    Returns
    -------
    mixture : tuple of (value, weight)
        Every possible contrast, equally weighted.
    vi : float
        Their sampling variance.

    Examples
    --------
    >>> mixture, vi = unsigned_contrast(0.02, 0.276, n1=40, n2=40, direction1="lower", direction2=None)
    >>> [(round(value, 2), weight) for value, weight in mixture], round(vi, 3)
    ([(-0.21, 0.5), (-0.56, 0.5)], 0.05)
    """
    ways = [("lower", "higher") if d is None else (d,) for d in (direction1, direction2)]
    values, vi = [], np.nan
    for first in ways[0]:
        for second in ways[1]:
            one, two = dz_from_p(p1, n=n1, direction=first), dz_from_p(p2, n=n2, direction=second)
            effect = contrast_of_changes(one, two, n1=n1, n2=n2, r=r)
            values.append(float(effect.yi))
            vi = float(effect.vi)
    return tuple((value, 1 / len(values)) for value in values), vi


def bound_from_threshold(
    alpha: ArrayLike,
    *,
    n1: ArrayLike,
    n2: ArrayLike,
    direction: str | None,
    significant: bool = True,
    comparisons: int = 1,
    tails: int = 2,
) -> Bound:
    """Return what "p < alpha" or "not significant at alpha" says about g of two independent groups.

    The bound is ``J t_crit sqrt(1/n1 + 1/n2)``, its variance ``1/n1 + 1/n2``.

    Parameters
    ----------
    alpha : array_like
        The threshold that the paper names.
    n1, n2 : array_like
        Group sizes.
    direction : {"higher", "lower"} or None
        The stated direction. It is needed for a significant result; for one that is not, None gives the
        symmetric interval and a direction the half of it on that side.
    significant : bool
        Which side of the threshold the result was on.
    comparisons : int
        If the threshold was corrected for several comparisons (Bonferroni), how many.
    tails : {1, 2}
        Of the test.

    Examples
    --------
    >>> bound = bound_from_threshold(0.01, n1=13, n2=10, direction="lower")
    >>> float(bound.low), float(bound.high.round(2))
    (-inf, -1.15)
    """
    level, a, b = numbers(alpha=alpha, n1=n1, n2=n2)
    m = a + b - 2
    limit = hedges_j(m) * _threshold(level, m, comparisons, tails) * np.sqrt(1 / a + 1 / b)
    low, high = _sides(limit, direction, significant)
    return Bound(low, high, 1 / a + 1 / b, _words(significant, "J t_crit sqrt(1/n1 + 1/n2)", comparisons))


def paired_bound_from_threshold(
    alpha: ArrayLike,
    *,
    n: ArrayLike,
    r: ArrayLike,
    direction: str | None,
    significant: bool = True,
    comparisons: int = 1,
    tails: int = 2,
) -> Bound:
    """Return what a threshold says about a paired effect, or about the change within one arm.

    The bound is ``J t_crit sqrt(2(1 - r)/n)``, its variance ``2(1 - r)/n``; the other arguments are those
    of :func:`bound_from_threshold`.

    >>> bound = paired_bound_from_threshold(0.05, n=16, r=0.5, direction=None, significant=False)
    >>> float(bound.low.round(3)), float(bound.high.round(3)), float(bound.vi)
    (-0.506, 0.506, 0.0625)
    """
    level, size, rho = numbers(alpha=alpha, n=n, r=r)
    require(np.abs(rho) < 1, "r", rho, "must be between -1 and 1")
    m, scale = size - 1, 2 * (1 - rho)
    limit = hedges_j(m) * _threshold(level, m, comparisons, tails) * np.sqrt(scale / size)
    low, high = _sides(limit, direction, significant)
    text = f"{rho:g}" if rho.ndim == 0 else "given per row"
    how = _words(significant, "J t_crit sqrt(2(1 - r)/n)", comparisons)
    return Bound(low, high, scale / size, how, (f"correlation within pairs r = {text}",))


def contrast_of_bounds(first: Bound, second: Bound) -> Bound:
    """Return the bounds of first minus second: ``[L1 - U0, U1 - L0]``; the variances add.

    >>> one = Bound(np.array(-np.inf), np.array(-0.4), np.array(0.03), "treated")
    >>> two = Bound(np.array(-0.3), np.array(0.3), np.array(0.03), "control")
    >>> both = contrast_of_bounds(one, two)
    >>> float(both.low), float(both.high.round(3)), float(both.vi)
    (-inf, -0.1, 0.06)
    """
    return Bound(
        first.low - second.high,
        first.high - second.low,
        first.vi + second.vi,
        f"difference of two bounds: {first.how}; {second.how}",
        tuple(dict.fromkeys((*first.assumptions, *second.assumptions))),
    )


def _threshold(alpha: np.ndarray, df: np.ndarray, comparisons: int, tails: int) -> np.ndarray:
    require((alpha > 0) & (alpha < 1), "alpha", alpha, "must be between 0 and 1")
    if tails not in (1, 2):
        raise InputError(f"tails must be 1 or 2: got {tails!r}")
    if comparisons < 1:
        raise InputError(f"comparisons must be at least 1: got {comparisons!r}")
    return critical_value(alpha / comparisons / tails, df)


def _sides(limit: np.ndarray, direction: str | None, significant: bool) -> tuple[np.ndarray, np.ndarray]:
    nothing, endless = np.zeros_like(limit), np.full_like(limit, np.inf)
    if direction is None:
        if significant:
            raise InputError(
                "a significant result needs its direction: give direction='higher' or 'lower', "
                "or treat it as a mixture of both"
            )
        return -limit, limit
    inner, outer = (limit, endless) if significant else (nothing, limit)
    return (inner, outer) if sign_of(direction) > 0 else (-outer, -inner + 0.0)


def _words(significant: bool, formula: str, comparisons: int) -> str:
    corrected = f", alpha divided by {comparisons} comparisons" if comparisons > 1 else ""
    side = "at least as large as" if significant else "smaller than"
    return f"effect {side} the threshold's {formula}{corrected}"
