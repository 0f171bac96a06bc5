"""Log ratios from what a paper reported: ratios of means, risk ratios, and printed ratios."""

from __future__ import annotations

import math

from meta.effects.api import effect_sizes
from meta.effects.reading_of import Context, Derived, nothing, shown
from meta.effects.recovery import se_from_ci, se_from_p
from meta.effects.rounding import counts_from_percentage
from meta.effects.two_means import TwoMeans, two_means
from meta.errors import InputError
from meta.evidence.statistics import Counts, Means, Percentages, Ratio


def rom_from_means(context: Context) -> Derived:
    """Means and SDs of two arms, or of one group under both conditions: the log ratio of means."""
    stat = context.result.statistic
    assert isinstance(stat, Means)
    if context.result.phase == "change":
        return nothing("a ratio needs means at the end, not changes")
    read = two_means(context, stat)
    if isinstance(read, Derived):
        return read
    if min(read.mean1, read.mean2) <= 0:
        return nothing("a ratio needs means above zero")
    if context.crossover:
        return _paired_rom(context, stat, read)
    es = effect_sizes(measure="ROM", **read.columns)
    return _done("A", float(es.yi[0]), float(es.vi[0]), read.text)


def _paired_rom(context: Context, stat: Means, read: TwoMeans) -> Derived:
    """Ratio of means of a crossover; r from the reported p where there is one, else assumed."""
    n, text, r = min(read.n1, read.n2), read.text, math.nan
    if stat.p is not None and 0 < stat.p < 1 and read.mean1 != read.mean2:
        se = float(se_from_p(read.mean1 - read.mean2, p=stat.p, df=n - 1))
        r = (read.sd1**2 + read.sd2**2 - n * se**2) / (2 * read.sd1 * read.sd2)
        text += f" Paired SE {se:.2f} from p = {stat.p:g}, so r = {r:.2f}."
    if -1 < r < 1:
        context.note(f"p = {stat.p:g} is that of a paired t test, which implies r = {r:.2f}")
    else:
        r = context.assume("within-person-r")
    pair = {name: value for name, value in read.columns.items() if name not in ("n1", "n2")}
    es = effect_sizes(measure="ROMC", **pair, n=[n], r=[r])
    return _done("A", float(es.yi[0]), float(es.vi[0]), text)


def from_ratio(context: Context) -> Derived:
    """A printed ratio with its interval or p: its log and standard error."""
    stat = context.result.statistic
    assert isinstance(stat, Ratio)
    if stat.measure != context.analysis.measure:
        return nothing(f"an {stat.measure} is not the {context.analysis.measure} that is pooled")
    y = math.log(stat.estimate)
    if stat.ci_low is not None and stat.ci_high is not None:
        se = float(se_from_ci(math.log(stat.ci_low), math.log(stat.ci_high), level=stat.level))
        text = f"{stat.measure} {stat.estimate:g} ({stat.ci_low:g} to {stat.ci_high:g}) as printed."
    elif stat.p is not None and 0 < stat.p < 1 and y != 0:
        se = float(se_from_p(y, p=stat.p))
        text = f"{stat.measure} {stat.estimate:g} with p = {stat.p:g} as printed."
    else:
        return nothing("a ratio without an interval or an exact p-value")
    return _done("A", y, se**2, text)


def rr_from_counts(context: Context) -> Derived:
    """Events out of n in both arms: the log risk ratio."""
    stat = context.result.statistic
    assert isinstance(stat, Counts)
    found = {part.arm: (part.events, part.n) for part in stat.arms}
    pairs = [found.get(arm.id) for arm in context.arms]
    if pairs[0] is None or pairs[1] is None:
        return nothing("events of both arms were not seen")
    return _risk_ratio(pairs[0], pairs[1], "as printed")


def rr_from_percentages(context: Context) -> Derived:
    """Percentages with their n: the only counts that round to them, then the log risk ratio."""
    stat = context.result.statistic
    assert isinstance(stat, Percentages)
    counts = []
    for arm in context.arms:
        part = next((item for item in stat.arms if item.arm == arm.id), None)
        n = (part.n if part else None) or context.size(arm)
        if part is None or n is None:
            return nothing("the percentage or the n of an arm was not seen")
        fits = counts_that_round_to(part.percent, n, part.decimals)
        if len(fits) != 1:
            return nothing(f"{part.percent:g} % of {n} fits {len(fits)} counts, not one")
        counts.append((fits[0], n))
    return _risk_ratio(counts[0], counts[1], "the only counts that round to the printed percentages")


def share_from_counts(context: Context) -> Derived:
    """Events out of n in the treatment arm: the log odds of the share."""
    stat = context.result.statistic
    assert isinstance(stat, Counts)
    part = next((item for item in stat.arms if item.arm == context.arms[0].id), None)
    if part is None:
        return nothing("events of the treatment arm were not seen")
    es = effect_sizes(measure="PLO", events=[part.events], n=[part.n])
    return _done("A", float(es.yi[0]), float(es.vi[0]), f"{part.events}/{part.n} as printed.")


def counts_that_round_to(percent: float, n: int, decimals: int) -> list[int]:
    """Return the counts out of ``n`` that are printed as this percentage: rounded, or failing that cut off.

    >>> counts_that_round_to(86.0, 43, 1), counts_that_round_to(86.0, 44, 1)
    ([37], [])
    >>> counts_that_round_to(27.2, 66, 1)
    [18]
    """
    try:
        found = counts_from_percentage(f"{percent:.{decimals}f}", n=n)
    except InputError:
        unit, slack = 10.0**-decimals, 1e-9
        excess = [(events, 100 * events / n - percent) for events in range(n + 1)]
        return [events for events, over in excess if -slack <= over < unit - slack]
    return list(range(int(found.low), int(found.high) + 1))


def _risk_ratio(treated: tuple[int, int], control: tuple[int, int], how: str) -> Derived:
    es = effect_sizes(
        measure="RR", events1=[treated[0]], n1=[treated[1]], events2=[control[0]], n2=[control[1]]
    )
    text = f"{treated[0]}/{treated[1]} against {control[0]}/{control[1]} ({how})."
    return _done("A", float(es.yi[0]), float(es.vi[0]), text)


def _done(tier: str, y: float, v: float, text: str) -> Derived:
    last = f"Log ratio {shown(y)} (SE {shown(math.sqrt(v))}), ratio {math.exp(y):.2f}."
    return Derived(tier, y, v, steps=(text, last))
