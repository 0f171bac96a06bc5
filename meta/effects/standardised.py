"""Standardised mean differences from what a paper reported, one function a kind of statistic.

Negative is lower under the treatment. N = n1 + n2; J is the exact Hedges factor; r is the within-person
correlation. Two arms standardise by the SD of scores between people; where only a within-person test was
reported, r leads from one to the other.
"""

from __future__ import annotations

import math

import numpy as np

from meta.effects.api import effect_sizes
from meta.effects.from_tests import (
    ancova_adjusted,
    bound_from_threshold,
    contrast_of_bounds,
    g_from_paired_t,
    g_from_t,
    paired_bound_from_threshold,
    unsigned_contrast,
)
from meta.effects.reading_of import NO_SIZES, Context, Derived, nothing, shown
from meta.effects.recovered import Bound, RecoveredEffect
from meta.effects.recovery import t_from_p
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


def abs_t(p: float, df: float) -> float:
    """Return |t| of a two-sided p-value.

    >>> round(abs_t(0.008, 41), 3)
    2.788
    """
    return float(t_from_p(p, direction="higher", df=df))


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
        g, v = _pair(g_from_paired_t(flip * t, n=n, r=r))
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
        se = width / (2 * abs_t(1 - stat.level, df))
        how = f"from the {100 * stat.level:g}% interval, t with {df} df"
    elif stat.p is not None and stat.difference != 0:
        se = abs(stat.difference) / abs_t(stat.p, df)
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
        t = abs_t(stat.p, df)
    if t is None or (len(stat.df) == 2 and stat.df[0] != 1):
        return nothing("the test does not compare two means with one degree of freedom")
    if sign is None:
        sign = math.copysign(1, stat.t) if stat.t else None
    if sign is None:
        g, v = _pair(g_from_t(t, n1=n1, n2=n2))
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
        t = abs_t(stat.p, n - 1)
        steps = [f"p = {stat.p:g}, {n - 1} df: |t| = {shown(t)}."]
    else:
        return nothing("the test gives no t, F, eta squared or exact p")
    if sign is None:
        return nothing("the direction of the paired test was not stated")
    r = context.assume("within-person-r")
    g, v = _pair(g_from_paired_t(sign * t, n=n, r=r))
    steps.append(f"|dz| = {t / math.sqrt(n):.2f}; at r = {r:g} g = {shown(g)} (SE {shown(math.sqrt(v))}).")
    return Derived("B", g, v, steps=tuple(steps))


def from_threshold(context: Context) -> Derived:
    """Only "p < a" with its direction: g lies beyond the critical value."""
    stat = context.result.statistic
    assert isinstance(stat, Threshold)
    if context.result.error_term == "observations" and not context.analysis.eligibility.pseudo_replicated:
        return nothing(
            f"p < {stat.p_below:g}, but the test treats repeated measurements of one person as independent"
        )
    if context.toward(stat.direction) is None:
        return nothing(f"p < {stat.p_below:g} without a direction")
    bound = _bound(context, stat.p_below, stat.direction, significant=True, comparisons=stat.comparisons)
    if bound is None:
        return nothing(NO_SIZES)
    lower = math.isinf(bound.low)
    end = f"at most {shown(bound.high)}" if lower else f"at least {shown(bound.low)}"
    return _bounded(bound, f"p < {stat.p_below:g}: g is {end}.")


def from_not_significant(context: Context) -> Derived:
    """Tested and not significant: |g| below the critical value; with a direction, on that side only."""
    stat = context.result.statistic
    assert isinstance(stat, NotSignificant)
    bound = _bound(context, stat.alpha, stat.direction, significant=False)
    if bound is None:
        return nothing(NO_SIZES)
    ends = f"g lies between {shown(bound.low)} and {shown(bound.high)}"
    return _bounded(bound, f"Not significant at {stat.alpha:g}: {ends}.")


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
    one, two = tests
    if one is None or two is None:
        return nothing("one arm's change was not tested")
    r = context.assume("pre-post-r")
    if one.p is not None and two.p is not None and 0 < one.p < 1 and 0 < two.p < 1:
        ways = [_direction(context, item) for item in (one, two)]
        mixture, v = unsigned_contrast(
            one.p, two.p, n1=sizes[0], n2=sizes[1], direction1=ways[0], direction2=ways[1], r=r
        )
        mixture = tuple(sorted(mixture))
        words = " or ".join(shown(value) for value, _ in mixture)
        text = f"Change within each arm from its p-value; the difference of the arms is {words}."
        return Derived("C", v=v, mixture=mixture, steps=(text,))
    bounds = [_change(context, item, n, r) for item, n in zip((one, two), sizes, strict=True)]
    if bounds[0] is None or bounds[1] is None:
        return nothing("neither the p-value nor the direction of an arm's change is known")
    bound = contrast_of_bounds(bounds[0], bounds[1])
    ends = f"{shown(bound.low)} and {shown(bound.high)}"
    return _bounded(bound, f"Difference of the arms' changes between {ends}.")


def _direction(context: Context, item: ArmTest) -> str | None:
    """Return a stated direction on the analysis's scale, or None."""
    sign = context.toward(item.direction)
    return None if sign is None else "lower" if sign < 0 else "higher"


def _change(context: Context, item: ArmTest, n: int, r: float) -> Bound | None:
    """Return what significance alone says about an arm's change, in SDs of people."""
    way = _direction(context, item)
    significant = item.significant if item.p is None else item.p < item.alpha
    if significant is None or (significant and way is None):
        return None
    return paired_bound_from_threshold(item.alpha, n=n, r=r, direction=way, significant=significant)


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
    other = paired_bound_from_threshold(0.05, n=sizes[1], r=r, direction=None, significant=False)
    low, high = sorted((sign * stat.low / sd, sign * stat.high / sd))
    v = np.asarray(2 * (1 - r) / sizes[0])
    bound = contrast_of_bounds(Bound(np.asarray(low), np.asarray(high), v, "borrowed SD"), other)
    text = (
        f"{stat.low:g} to {stat.high:g} points {stat.direction} over an SD of {sd:.2f}; the other arm within "
    )
    text += f"{shown(other.high)} SD of no change: g between {shown(bound.low)} and {shown(bound.high)}."
    return _bounded(bound, text)


def _parallel(context: Context, t: float, n1: int, n2: int, tier: str, steps: tuple[str, ...]) -> Derived:
    """Return g from t, through the ANCOVA factor where the test was or may have been adjusted."""
    raw = g_from_t(t, n1=n1, n2=n2)
    effect, said = raw, f"g = {shown(raw.yi)} (SE {shown(raw.sei)})"
    if context.result.adjusted != "no":
        r2 = context.assume("ancova-r2")
        effect = ancova_adjusted(raw, r2=r2)
        said += f"; times sqrt(1 - R2) = {math.sqrt(1 - r2):.3f} for the adjustment: "
        said += f"{shown(effect.yi)} (SE {shown(effect.sei)})"
    return Derived(tier, *_pair(effect), steps=(*steps, f"Hence {said}."))


def _bound(
    context: Context, alpha: float, direction: str, *, significant: bool, comparisons: int = 1
) -> Bound | None:
    """Return what a threshold says about g, or None where the sizes are unknown."""
    sign = context.toward(direction)
    way = None if sign is None else "lower" if sign < 0 else "higher"
    if context.crossover:
        n = context.people()
        if n is None:
            return None
        r = context.assume("within-person-r")
        return paired_bound_from_threshold(
            alpha, n=n, r=r, direction=way, significant=significant, comparisons=comparisons
        )
    sizes = context.sizes()
    if sizes is None:
        return None
    return bound_from_threshold(
        alpha, n1=sizes[0], n2=sizes[1], direction=way, significant=significant, comparisons=comparisons
    )


def _bounded(bound: Bound, text: str) -> Derived:
    return Derived("C", v=float(bound.vi), low=float(bound.low), high=float(bound.high), steps=(text,))


def _pair(effect: RecoveredEffect) -> tuple[float, float]:
    return float(effect.yi), float(effect.vi)
