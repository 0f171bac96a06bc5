"""Standardised mean differences from what a paper reported, one function a kind of statistic.

Negative is lower under magnesium. N = n1 + n2; J is the exact Hedges factor; r is the within-person
correlation. Two arms standardise by the SD of scores between people; where only a within-person test was
reported, r leads from one to the other.
"""

from __future__ import annotations

import math

from scipy.special import stdtrit

from meta.effects.api import effect_sizes
from meta.effects.reading_of import NO_SIZES, Context, Derived, nothing, shown
from meta.effects.two_means import two_means
from meta.evidence.statistics import (
    ArmTest,
    ExactTest,
    Interval,
    MeanDifference,
    Means,
    NotSignificant,
    Threshold,
    WithinArm,
)
from meta.kernels.hedges import exact_variance, hedges_j

EXACT_MOMENT_BELOW = 20


def t_from_p(p: float, df: float) -> float:
    """Return |t| of a two-sided p-value.

    >>> round(t_from_p(0.008, 41), 3)
    2.788
    """
    return float(-stdtrit(df, p / 2))


def from_t(t: float, n1: int, n2: int, *, shrink: float = 1.0) -> tuple[float, float]:
    """Return (g, v) from the t of two independent arms: ``g = J t sqrt(1/n1 + 1/n2)``.

    ``shrink`` is the ANCOVA factor sqrt(1 - R2): it multiplies g, and the 1/n part of the variance by its
    square. Hedges (1982), doi:10.1037/0033-2909.92.2.490.

    >>> tuple(round(x, 3) for x in from_t(-2.3861, 25, 24))
    (-0.671, 0.086)
    """
    sizes = 1 / n1 + 1 / n2
    g = float(hedges_j(n1 + n2 - 2)) * t * math.sqrt(sizes) * shrink
    return g, shrink**2 * sizes + g**2 / (2 * (n1 + n2))


def from_paired_t(t: float, n: int, r: float) -> tuple[float, float]:
    """Return (g, v) between conditions from the t of n people who had both.

    ``dz = t/sqrt(n)``, ``d = dz sqrt(2 (1 - r))``, ``g = J(n - 1) d``. From n = 20 on the variance is
    ``J^2 [2 (1 - r)/n + d^2/(2n)]``; below that the exact moment with
    ``delta = g/sqrt(2 (1 - r))``. Becker (1988), doi:10.1111/j.2044-8317.1988.tb00901.x; Hedges (1981).

    >>> tuple(round(x, 3) for x in from_paired_t(-4.0302, 9, 0.5))
    (-1.213, 0.248)
    """
    factor, j = 2 * (1 - r), float(hedges_j(n - 1))
    d = t / math.sqrt(n) * math.sqrt(factor)
    g = j * d
    if n >= EXACT_MOMENT_BELOW:
        return g, j**2 * (factor / n + d**2 / (2 * n))
    return g, factor * float(exact_variance(g / math.sqrt(factor), n_tilde=n, df=n - 1))


def bound_from_p(p: float, n1: int, n2: int) -> float:
    """Return the |g| at which two arms' test has this two-sided p.

    >>> round(bound_from_p(0.01, 13, 10), 2)
    1.15
    """
    return abs(from_t(t_from_p(p, n1 + n2 - 2), n1, n2)[0])


def from_means(context: Context) -> Derived:
    """Two arms' means and SDs: Hedges's g. A crossover needs r, from the reported p or assumed."""
    stat = context.result.statistic
    assert isinstance(stat, Means)
    read = two_means(context, stat)
    if isinstance(read, Derived):
        return read
    flip = context.flip()
    if context.crossover:
        r = context.assume("within-person-r")
        n = min(read.n1, read.n2)
        t = (read.mean1 - read.mean2) / (read.sd_of_differences(r) / math.sqrt(n))
        g, v = from_paired_t(flip * t, n, r)
        return Derived("B", g, v, steps=(read.text, f"Crossover of {n} people: g = {shown(g)}."))
    es = effect_sizes(measure="SMD", **read.columns)
    g, v = flip * float(es.yi[0]), float(es.vi[0])
    return Derived("A", g, v, steps=(read.text, f"Hedges's g = {shown(g)} (SE {shown(math.sqrt(v))})."))


def from_mean_difference(context: Context) -> Derived:
    """A difference of means with an SE, interval or p: t, then g."""
    stat = context.result.statistic
    assert isinstance(stat, MeanDifference)
    sizes = context.sizes()
    if sizes is None:
        return nothing(NO_SIZES)
    n1, n2 = sizes
    df = n1 + n2 - 2 - (context.result.adjusted == "yes")
    if stat.se is not None:
        se, how = stat.se, "printed"
    elif stat.ci_low is not None and stat.ci_high is not None:
        width = stat.ci_high - stat.ci_low
        se = width / (2 * t_from_p(1 - stat.level, df))
        how = f"from the {100 * stat.level:g}% interval, t with {df} df"
    elif stat.p is not None and stat.difference != 0:
        se = abs(stat.difference) / t_from_p(stat.p, df)
        how = f"from p = {stat.p:g}, t with {df} df"
    else:
        return nothing("a difference without standard error, interval or p-value")
    t = context.flip() * stat.difference / se
    steps = (f"Difference {stat.difference:g}, SE {se:.4g} ({how}); t = {shown(t)}.",)
    return _parallel(context, t, n1, n2, "A", steps)


def from_test(context: Context) -> Derived:
    """An exact test with its direction: parallel arms or one group of people under both conditions."""
    stat = context.result.statistic
    assert isinstance(stat, ExactTest)
    sign = context.toward(stat.direction)
    if context.result.error_term == "observations":
        return nothing("the test treats repeated measurements of one person as independent")
    if context.crossover:
        return _paired_test(context, stat, sign)
    sizes = context.sizes()
    if sizes is None:
        return nothing(NO_SIZES)
    n1, n2 = sizes
    df = n1 + n2 - 2
    t = abs(stat.t) if stat.t is not None else math.sqrt(stat.f) if stat.f is not None else None
    if t is None and stat.p is not None and 0 < stat.p < 1:
        t = t_from_p(stat.p, df)
    if t is None or (len(stat.df) == 2 and stat.df[0] != 1):
        return nothing("the test does not compare two means with one degree of freedom")
    if sign is None:
        sign = math.copysign(1, stat.t) if stat.t else None
    if sign is None:
        g, v = from_t(t, n1, n2)
        steps = (
            f"|t| = {shown(t)} with {df} df, sign not stated: g = {shown(g)} or {shown(-g)}, half each.",
        )
        return Derived("C", v=v, mixture=((g, 0.5), (-g, 0.5)), steps=steps)
    origin = f"p = {stat.p:g}" if stat.p is not None else f"F or t as printed ({t:.3g})"
    steps = (f"{origin}, {df} df: t = {shown(sign * t)}.",)
    if stat.test == "not stated":
        context.note("the p-value is that of a t test between the arms")
    return _parallel(context, sign * t, n1, n2, "A", steps)


def _paired_test(context: Context, stat: ExactTest, sign: float | None) -> Derived:
    n = context.people()
    if n is None or n < 4:
        return nothing("the number of people in the crossover was not seen")
    if stat.eta_squared is not None:
        f = stat.eta_squared / (1 - stat.eta_squared) * (n - 1)
        t, steps = (
            math.sqrt(f),
            [f"Partial eta squared {stat.eta_squared:g}, n = {n}: F(1,{n - 1}) = {f:.2f}."],
        )
        context.note("eta squared is the partial one of a one-df effect within people")
    elif stat.t is not None or stat.f is not None:
        t = abs(stat.t) if stat.t is not None else math.sqrt(stat.f or 0.0)
        steps = [f"|t| = {shown(t)} as printed."]
    elif stat.p is not None and 0 < stat.p < 1:
        t = t_from_p(stat.p, n - 1)
        steps = [f"p = {stat.p:g}, {n - 1} df: |t| = {shown(t)}."]
    else:
        return nothing("the test gives no t, F, eta squared or exact p")
    if sign is None:
        return nothing("the direction of the paired test was not stated")
    r = context.assume("within-person-r")
    g, v = from_paired_t(sign * t, n, r)
    steps.append(f"|dz| = {t / math.sqrt(n):.2f}; at r = {r:g} g = {shown(g)} (SE {shown(math.sqrt(v))}).")
    return Derived("B", g, v, steps=tuple(steps))


def from_threshold(context: Context) -> Derived:
    """Only "p < a" with its direction: g lies beyond the critical value."""
    stat = context.result.statistic
    assert isinstance(stat, Threshold)
    rules = context.analysis.eligibility
    if context.result.error_term == "observations" and not rules.pseudo_replicated:
        return nothing(
            f"p < {stat.p_below:g}, but the test treats repeated measurements of one person as independent"
        )
    sign, limit = context.toward(stat.direction), _limit(context, stat.p_below / stat.comparisons)
    if limit is None:
        return nothing(NO_SIZES)
    if sign is None:
        return nothing(f"p < {stat.p_below:g} without a direction")
    bound, v = limit
    low, high = (-math.inf, -bound) if sign < 0 else (bound, math.inf)
    end = f"at most {shown(high)}" if sign < 0 else f"at least {shown(low)}"
    return Derived("C", v=v, low=low, high=high, steps=(f"p < {stat.p_below:g}: g is {end}.",))


def from_not_significant(context: Context) -> Derived:
    """Tested and not significant: |g| below the critical value; with a direction, on that side only."""
    stat = context.result.statistic
    assert isinstance(stat, NotSignificant)
    limit = _limit(context, stat.alpha)
    if limit is None:
        return nothing(NO_SIZES)
    bound, v = limit
    sign = context.toward(stat.direction)
    low = -bound if sign is None or sign < 0 else 0.0
    high = bound if sign is None or sign > 0 else 0.0
    text = f"Not significant at {stat.alpha:g}: g lies between {shown(low)} and {shown(high)}."
    return Derived("C", v=v, low=low, high=high, steps=(text,))


def from_within_arm_tests(context: Context) -> Derived:
    """p-values of change within each arm: dz of each with its sign if stated; the contrast follows.

    An unstated sign gives two possible values, an arm known only as not significant gives a bound.
    """
    stat = context.result.statistic
    assert isinstance(stat, WithinArm)
    sizes = context.sizes()
    tests = [next((item for item in stat.arms if item.arm == arm.id), None) for arm in context.arms]
    if sizes is None:
        return nothing(NO_SIZES)
    changes = [_change(context, item, n) for item, n in zip(tests, sizes, strict=True)]
    treated, control = changes
    if treated is None or control is None:
        return nothing("one arm's change was not tested, or neither its p nor its direction is known")
    r = context.assume("pre-post-r")
    v = 2 * (1 - r) * (1 / sizes[0] + 1 / sizes[1])
    if isinstance(treated, tuple) or isinstance(control, tuple):
        low, high = min(treated) - max(control), max(treated) - min(control)
        text = f"Difference of the arms' changes between {shown(low)} and {shown(high)}."
        return Derived("C", v=v, low=low, high=high, steps=(text,))
    values = sorted({a - b for a in treated for b in control})
    mixture = tuple((value, 1 / len(values)) for value in values)
    text = "Change within each arm from its p-value; the difference of the arms is "
    return Derived("C", v=v, mixture=mixture, steps=(text + " or ".join(shown(x) for x in values) + ".",))


def _change(context: Context, item: ArmTest | None, n: int) -> list[float] | tuple[float, float] | None:
    """Return an arm's possible standardised changes: a list of points, or a tuple of bounds."""
    if item is None:
        return None
    sign = context.toward(item.direction)
    if item.p is not None and 0 < item.p < 1:
        dz = t_from_p(item.p, n - 1) / math.sqrt(n)
        return [sign * dz] if sign is not None else [dz, -dz]
    limit = t_from_p(item.alpha, n - 1) / math.sqrt(n)
    if item.significant is False:
        return (-limit, limit)
    if item.significant and sign is not None:
        return (-math.inf, -limit) if sign < 0 else (limit, math.inf)
    return None


def from_interval(context: Context) -> Derived:
    """Only "1 to 2 points lower" within one arm: needs a borrowed SD and the other arm's bound."""
    stat = context.result.statistic
    assert isinstance(stat, Interval)
    result = context.result
    if not context.analysis.eligibility.borrowed_sd:
        return nothing("a range of scale points within one arm; no SD was printed to set it against")
    sizes = context.sizes()
    sign = context.toward(stat.direction)
    if sizes is None or sign is None or result.scale_low is None or result.scale_high is None:
        return nothing(NO_SIZES if sizes is None else "the direction or the length of the scale is unknown")
    if stat.other_arm_significant is not False:
        return nothing("nothing is known of the other arm's change")
    sd = context.assume("borrowed-sd-share") * (result.scale_high - result.scale_low)
    r = context.assume("pre-post-r")
    limit = t_from_p(0.05, sizes[1] - 1) / math.sqrt(sizes[1]) * math.sqrt(2 * (1 - r))
    ends = sorted((sign * stat.low / sd, sign * stat.high / sd))
    low, high = ends[0] - limit, ends[1] + limit
    v = 2 * (1 - r) * (1 / sizes[0] + 1 / sizes[1])
    text = (
        f"{stat.low:g} to {stat.high:g} points {stat.direction} over an SD of {sd:.2f}; the other arm within "
    )
    steps = (text + f"{shown(limit)} SD of no change: g between {shown(low)} and {shown(high)}.",)
    return Derived("C", v=v, low=low, high=high, steps=steps)


def _parallel(context: Context, t: float, n1: int, n2: int, tier: str, steps: tuple[str, ...]) -> Derived:
    """Return g from t, through the ANCOVA factor where the test was or may have been adjusted."""
    shrink = 1.0
    if context.result.adjusted != "no":
        shrink = math.sqrt(1 - context.assume("ancova-r2"))
    g, v = from_t(t, n1, n2, shrink=shrink)
    raw, raw_v = from_t(t, n1, n2)
    said = f"g = {shown(raw)} (SE {shown(math.sqrt(raw_v))})"
    if shrink != 1.0:
        said += (
            f"; times sqrt(1 - R2) = {shrink:.3f} for the adjustment: {shown(g)} (SE {shown(math.sqrt(v))})"
        )
    return Derived(tier, g, v, steps=(*steps, f"Hence {said}."))


def _limit(context: Context, p: float) -> tuple[float, float] | None:
    """Return the critical |g| at ``p`` and the sampling variance of a bound."""
    if context.crossover:
        n = context.people()
        if n is None:
            return None
        r = context.assume("within-person-r")
        return abs(from_paired_t(t_from_p(p, n - 1), n, r)[0]), 2 * (1 - r) / n
    sizes = context.sizes()
    if sizes is None:
        return None
    return bound_from_p(p, *sizes), 1 / sizes[0] + 1 / sizes[1]
