"""Values that cannot be, or hardly: outside their scale, impossible with their n, out of proportion."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from scipy.special import ndtr, stdtr

from meta.recovery.contradiction import Contradiction
from meta.recovery.facts import of_arm
from meta.recovery.plan_of_rows import Plan
from meta.recovery.rules.centres import skewness

NAN = float("nan")
LARGE = 2.0
"""|g| beyond this is rare in trials; a standard error used as an SD makes it (statistics.md 1.10)."""
Values = Mapping[str, np.ndarray]
Names = Mapping[str, str]
_OF_ARM = ("mean", "sd", "n", "median", "q1", "q3", "minimum", "maximum")


def implausible(plan: Plan, halves: Mapping[str, np.ndarray]) -> list[Contradiction]:
    """What cannot be by itself in the rows of a plan: row numbers are those within the plan."""
    v, names = plan.problem.values, plan.problem.sources
    found: list[Contradiction] = []
    for arm in ("1", "2", ""):
        own = {
            name: of_arm(name, arm)
            for name in ("mean", "sd", "n", "median", "q1", "q3", "minimum", "maximum")
        }
        for check in (_outside_ends, _too_wide, _off_centre, _skewed):
            found += check(v, halves, own, names)
    found += _counts(v, names)
    found += _p_of_any_df(v, halves, names)
    found += _changes_beyond_scale(v, halves, names)
    found += _unlike(v, names)
    found += _large(plan)
    return found


def _told(
    row: int, kind: str, facts: tuple[str, ...], stated: Any, says: str, slip: str = ""
) -> Contradiction:
    return Contradiction(row, kind, facts, float(stated), NAN, NAN, NAN, says, slip)


def _outside_ends(v: Values, halves: Values, own: Names, names: Names) -> Iterator[Contradiction]:
    """Centres outside the scale or the range."""
    for low, high, what in (("scale_low", "scale_high", "scale"), (own["minimum"], own["maximum"], "range")):
        for centre in (own["mean"], own["median"], own["q1"], own["q3"]):
            if centre not in v or centre not in names:
                continue
            slack = halves.get(centre, 0.0)
            for end, side in ((low, -1), (high, 1)):
                if end not in v:
                    continue
                for row in np.flatnonzero(side * (v[centre] - v[end]) > slack):
                    told = f"{names[centre]} = {v[centre][row]:g} lies outside the {what}, whose "
                    told += f"{'lower' if side < 0 else 'upper'} end is {v[end][row]:g}"
                    yield _told(int(row), "contradiction", (names[centre], end), v[centre][row], told,
                                "check the digit, the unit and the ends")  # fmt: skip


def _too_wide(v: Values, halves: Values, own: Names, names: Names) -> Iterator[Contradiction]:
    """SDs that no values within the ends can have: at most half the width, times sqrt(n/(n - 1))."""
    sd, n = own["sd"], own["n"]
    if sd not in v or sd not in names:
        return
    for low, high, what in (("scale_low", "scale_high", "scale"), (own["minimum"], own["maximum"], "range")):
        if low not in v or high not in v:
            continue
        size = np.maximum(v[n], 2.0) if n in v else np.full(v[sd].shape, 2.0)
        most = (v[high] - v[low]) / 2 * np.sqrt(size / (size - 1))
        for row in np.flatnonzero(v[sd] - halves.get(sd, 0.0) > most):
            told = f"{names[sd]} = {v[sd][row]:g} is more than values within the {what} can have, "
            told += f"{most[row]:.3g}"
            yield _told(
                int(row), "contradiction", (names[sd], low, high), v[sd][row], told, "check the digit"
            )


def _off_centre(v: Values, halves: Values, own: Names, names: Names) -> Iterator[Contradiction]:
    """Means outside their interval, and estimates outside theirs."""
    arm = own["mean"].removeprefix("mean")
    pairs = [(own["mean"], of_arm("ci_low", arm), of_arm("ci_high", arm))]
    if arm == "":
        pairs += [("md", "ci_low_md", "ci_high_md"), ("est", "ci_low_est", "ci_high_est")]
    for centre, low, high in pairs:
        if not {centre, low, high} <= v.keys() or not {centre, low, high} <= names.keys():
            continue
        slack = halves.get(centre, 0.0) + halves.get(low, 0.0)
        bad = (v[centre] + slack < v[low]) | (v[centre] - slack > v[high])
        for row in np.flatnonzero(bad):
            told = f"{names[centre]} = {v[centre][row]:g} lies outside its interval "
            told += f"[{v[low][row]:g}, {v[high][row]:g}]"
            facts = (names[centre], names[low], names[high])
            yield _told(int(row), "contradiction", facts, v[centre][row], told,
                        "a sign or a digit may be wrong")  # fmt: skip


def _skewed(v: Values, halves: Values, own: Names, names: Names) -> Iterator[Contradiction]:
    """Medians whose quartiles or range deny a normal distribution, where no mean is stated."""
    median, n = own["median"], own["n"]
    if median not in v or n not in v or own["mean"] in v:
        return
    parts = {"q1": own["q1"], "q3": own["q3"], "low": own["minimum"], "high": own["maximum"]}
    given = {name: v[fact] for name, fact in parts.items() if fact in v}
    if not ({"q1", "q3"} <= given.keys() or {"low", "high"} <= given.keys()):
        return
    with np.errstate(all="ignore"):
        statistic, critical = skewness(v[median], v[n], **given)
    for row in np.flatnonzero((statistic > critical) & (v[n] >= 5)):
        told = f"{names[median]} = {v[median][row]:g} comes from skewed data (statistic "
        told += (
            f"{statistic[row]:.3g} above {critical[row]:.3g}), so that the estimated mean and SD are doubtful"
        )
        yield _told(int(row), "worth a look", (names[median],), v[median][row], told,
                    "prefer the log scale, or leave it out in a sensitivity analysis")  # fmt: skip


def _p_of_any_df(v: Values, halves: Values, names: Names) -> Iterator[Contradiction]:
    """A t and a p that no degrees of freedom reconcile, where none are known: p falls as they grow."""
    if not {"t_printed", "p"} <= names.keys() or {"df", "n1", "n2", "n", "n_total"} & v.keys():
        return
    t, half = np.abs(v["t_printed"]), halves.get("t_printed", 0.0)
    least = 2 * ndtr(-(t + half))
    most = 2 * stdtr(1.0, -np.maximum(t - half, 0.0))
    p, slack = v["p"], halves.get("p", 0.0)
    for row in np.flatnonzero((p + slack < least) | (p - slack > most)):
        told = f"{names['p']} = {p[row]:g} does not fit {names['t_printed']} = {v['t_printed'][row]:g}, "
        told += f"which implies between {least[row]:.2g} and {most[row]:.2g} whatever the degrees of freedom"
        facts = (names["p"], names["t_printed"])
        yield _told(int(row), "contradiction", facts, p[row], told, "a digit may be wrong")


def _changes_beyond_scale(v: Values, halves: Values, names: Names) -> Iterator[Contradiction]:
    """Mean changes, and differences of means, longer than the scale."""
    if not {"scale_low", "scale_high"} <= v.keys():
        return
    length = v["scale_high"] - v["scale_low"]
    for fact in ("mean_change1", "mean_change2", "md"):
        if fact not in names:
            continue
        for row in np.flatnonzero(np.abs(v[fact]) - halves.get(fact, 0.0) > length):
            told = f"{names[fact]} = {v[fact][row]:g} is more than the length of the scale, {length[row]:g}"
            yield _told(int(row), "contradiction", (names[fact], "scale_low", "scale_high"), v[fact][row],
                        told, "check the digit, the unit and the ends")  # fmt: skip


def _counts(v: Values, names: Mapping[str, str]) -> Iterator[Contradiction]:
    """Percentages that no count out of n is printed as (GRIM), where counts are not stated."""
    for arm in ("1", "2", ""):
        percent, n, events = (of_arm(name, arm) for name in ("percent", "n", "events"))
        if percent not in names or n not in names or events in names:
            continue
        half = v[f"{percent}_half"]
        low = np.ceil((v[percent] - half) / 100 * v[n] - 1e-9)
        high = np.floor((v[percent] + half) / 100 * v[n] + 1e-9)
        for row in np.flatnonzero(low > high):
            near = round(float(v[percent][row] * v[n][row] / 100))
            told = f"{names[percent]} = {v[percent][row]:g} fits no count out of {names[n]} = {v[n][row]:g}: "
            told += f"{near} would be {100 * near / v[n][row]:.4g}"
            # 27.27 printed as 27.2
            cut = 0 <= 100 * near / v[n][row] - v[percent][row] < 2 * half[row] - 1e-9
            kind = "worth a look" if cut else "contradiction"
            slip = "it was cut off, not rounded" if cut else "check the percentage and its denominator"
            yield _told(int(row), kind, (names[percent], names[n]), v[percent][row], told, slip)


def _unlike(v: Values, names: Mapping[str, str]) -> Iterator[Contradiction]:
    """SDs of two groups that differ by about sqrt(n), as an SD and a standard error do."""
    if not {"sd1", "sd2"} <= names.keys() or not {"n1", "n2"} <= v.keys():
        return
    ratio = v["sd1"] / v["sd2"]
    for arm, other, factor in (("1", "2", 1 / ratio), ("2", "1", ratio)):
        root = np.sqrt(v[f"n{arm}"])
        for row in np.flatnonzero((factor > 3) & (factor > root / 1.6) & (factor < root * 1.6)):
            told = f"sd{arm} = {v[f'sd{arm}'][row]:g} is {factor[row]:.1f} times smaller than sd{other} = "
            told += f"{v[f'sd{other}'][row]:g}, about sqrt(n{arm}) = {root[row]:.1f}"
            yield _told(int(row), "worth a look", (f"sd{arm}", f"sd{other}"), v[f"sd{arm}"][row], told,
                        f"sd{arm} may be a standard error")  # fmt: skip


def _large(plan: Plan) -> Iterator[Contradiction]:
    """Standardised differences beyond 2, whatever the measure that is sought."""
    v, names = plan.problem.values, plan.problem.sources
    if {"mean1", "mean2", "sd1", "sd2"} <= v.keys():
        g = (v["mean1"] - v["mean2"]) / np.sqrt((v["sd1"] ** 2 + v["sd2"] ** 2) / 2)
        facts: tuple[str, ...] = tuple(names.get(name, name) for name in ("sd1", "sd2"))
    elif plan.problem.entry.is_standardised and isinstance(plan.result.get("yi"), np.ndarray):
        g, facts = plan.result["yi"], ()  # type: ignore[assignment]
    elif "d" in names:
        g, facts = v["d"], (names["d"],)
    else:
        return
    for row in np.flatnonzero(np.abs(g) > LARGE):
        told = f"the standardised difference is {g[row]:.2f}, and beyond 2 is rare in trials"
        yield _told(
            int(row),
            "worth a look",
            facts,
            g[row],
            told,
            "an SD may be a standard error, or a mean in another unit",
        )
