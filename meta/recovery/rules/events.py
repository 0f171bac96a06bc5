"""Counts from percentages, from the people without the event, and from statistics of a 2x2 table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from meta.recovery.facts import of_arm
from meta.recovery.rules.rule import Rule

DIPIETRANTONJ = ("Di Pietrantonj 2006", "10.1002/sim.2287")
_SLACK = 1e-9
"""A printed half may have been rounded either way."""


def only_count(percent: np.ndarray, half: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The only count out of n that is printed as this percentage; NaN if there is none or more than one.

    >>> only_count(np.array([86.0, 86.0]), np.array([0.05, 0.05]), np.array([43.0, 44.0])).tolist()
    [37.0, nan]
    """
    low = np.ceil((percent - half) / 100 * n - _SLACK)
    high = np.floor((percent + half) / 100 * n + _SLACK)
    return np.where(low == high, low, np.nan)


def nearest_count(percent: np.ndarray, n: np.ndarray, _: float = 0.0) -> np.ndarray:
    """The count that comes nearest to a percentage of n.

    >>> float(nearest_count(np.array(33.0), np.array(200.0)))
    66.0
    """
    return np.round(percent * n / 100)


def only_size(events: np.ndarray, percent: np.ndarray, half: np.ndarray) -> np.ndarray:
    """The only n of which the events are printed as this percentage; NaN if there is none or more than one.

    >>> float(only_size(np.array(37.0), np.array(86.0), np.array(0.05)))
    43.0
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        low = np.ceil(100 * events / (percent + half) - _SLACK)
        high = np.floor(100 * events / np.maximum(percent - half, 0) + _SLACK)
    return np.where(low == high, low, np.nan)


def _tables(
    printed: np.ndarray,
    half: np.ndarray,
    n1: np.ndarray,
    n2: np.ndarray,
    events: np.ndarray,
    statistic: Callable,
) -> np.ndarray:
    """Events of group 1 in the only table with these margins whose statistic is printed like this."""
    shown, slack, first, second, total = np.broadcast_arrays(printed, half, n1, n2, events)
    found = np.full(shown.shape, np.nan)
    for row in np.ndindex(shown.shape):
        a, b, t = float(first[row]), float(second[row]), float(total[row])
        if not np.isfinite(a + b + t + shown[row]) or not 0 <= t <= a + b:
            continue
        cells = np.arange(max(0.0, t - b), min(a, t) + 1)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = statistic(cells, a, b, t)
        fits = np.abs(values - shown[row]) <= slack[row] + _SLACK
        if fits.sum() == 1:
            found[row] = cells[fits][0]
    return found


def _odds_ratio(a: np.ndarray, n: Any, m: Any, total: Any) -> np.ndarray:
    return np.asarray(a * (m - total + a) / ((n - a) * (total - a)))


def _risk_ratio(a: np.ndarray, n: Any, m: Any, total: Any) -> np.ndarray:
    return np.asarray(a / n / ((total - a) / m))


def _risk_difference(a: np.ndarray, n: Any, m: Any, total: Any) -> np.ndarray:
    return np.asarray(a / n - (total - a) / m)


STATISTICS: dict[str, tuple[Callable, str]] = {
    "odds_ratio": (_odds_ratio, "odds ratio"),
    "risk_ratio": (_risk_ratio, "risk ratio"),
    "risk_difference": (_risk_difference, "risk difference"),
}
"""Statistics of a 2x2 table by fact: from the events of group 1, both sizes and all events; and in words."""


def from_odds_ratio(
    ratio: np.ndarray, half: np.ndarray, n1: np.ndarray, n2: np.ndarray, events: np.ndarray
) -> np.ndarray:
    """Events of group 1 from the odds ratio and the margins.

    >>> float(from_odds_ratio(*map(np.array, (7.89, 0.005, 34.0, 35.0, 13.0))))
    11.0
    """
    return _tables(ratio, half, n1, n2, events, _odds_ratio)


def from_risk_ratio(
    ratio: np.ndarray, half: np.ndarray, n1: np.ndarray, n2: np.ndarray, events: np.ndarray
) -> np.ndarray:
    """Events of group 1 from the risk ratio and the margins.

    >>> float(from_risk_ratio(*map(np.array, (5.66, 0.005, 34.0, 35.0, 13.0))))
    11.0
    """
    return _tables(ratio, half, n1, n2, events, _risk_ratio)


def from_risk_difference(
    difference: np.ndarray, half: np.ndarray, n1: np.ndarray, n2: np.ndarray, events: np.ndarray
) -> np.ndarray:
    """Events of group 1 from the risk difference and the margins.

    >>> float(from_risk_difference(*map(np.array, (0.266, 0.0005, 34.0, 35.0, 13.0))))
    11.0
    """
    return _tables(difference, half, n1, n2, events, _risk_difference)


def of_group_2(table: Callable) -> Callable:
    """A rule for the margins as one for the events of group 2: the only count that is printed like this."""

    def found(
        shown: np.ndarray, half: np.ndarray, n1: np.ndarray, n2: np.ndarray, events2: np.ndarray
    ) -> np.ndarray:
        given = np.broadcast_arrays(shown, half, n1, n2, events2)
        result = np.full(given[0].shape, np.nan)
        for row in np.ndindex(result.shape):
            value, slack, a, b, second = (float(x[row]) for x in given)
            if np.isfinite(value + slack + a + b + second) and 0 <= second <= b:
                cells = np.arange(a + 1)
                with np.errstate(divide="ignore", invalid="ignore"):
                    fits = np.abs(table(cells, a, b, cells + second) - value) <= slack + _SLACK
                result[row] = cells[fits][0] if fits.sum() == 1 else np.nan
        return result

    return found


def by_odds(
    ratio: np.ndarray, n1: np.ndarray, n2: np.ndarray, events2: np.ndarray, _: float = 0.0
) -> np.ndarray:
    """Events of group 1 that come nearest to an odds ratio with group 2.

    >>> float(by_odds(*map(np.array, (7.9, 34.0, 35.0, 2.0))))
    11.0
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = ratio * events2 / (n2 - events2)
        return np.round(n1 * odds / (1 + odds))


def by_risk(
    ratio: np.ndarray, n1: np.ndarray, n2: np.ndarray, events2: np.ndarray, _: float = 0.0
) -> np.ndarray:
    """Events of group 1 that come nearest to a risk ratio with group 2; NaN beyond all people.

    >>> float(by_risk(*map(np.array, (5.7, 34.0, 35.0, 2.0))))
    11.0
    """
    events = np.round(ratio * events2 / n2 * n1)
    return np.where(events <= n1, events, np.nan)


def by_difference(
    difference: np.ndarray, n1: np.ndarray, n2: np.ndarray, events2: np.ndarray, _: float = 0.0
) -> np.ndarray:
    """Events of group 1 that come nearest to a risk difference with group 2; NaN outside 0 to n1.

    >>> float(by_difference(*map(np.array, (0.27, 34.0, 35.0, 2.0))))
    11.0
    """
    events = np.round((difference + events2 / n2) * n1)
    return np.where((events >= 0) & (events <= n1), events, np.nan)


def from_chi2(
    chi2: np.ndarray, half: np.ndarray, n1: np.ndarray, n2: np.ndarray, events: np.ndarray, sign: np.ndarray
) -> np.ndarray:
    """Events of group 1 from an uncorrected chi-square, the margins and the direction.

    >>> float(from_chi2(*map(np.array, (8.00, 0.005, 34.0, 35.0, 13.0, 1.0))))
    11.0
    """

    def signed(a: np.ndarray, n: float, m: float, total: float) -> np.ndarray:
        excess = a * (m - total + a) - (n - a) * (total - a)
        return np.sign(excess) * excess**2 * (n + m) / (n * m * total * (n + m - total))

    return _tables(chi2 * sign, half, n1, n2, events, signed)


def from_phi(
    phi: np.ndarray, half: np.ndarray, n1: np.ndarray, n2: np.ndarray, events: np.ndarray
) -> np.ndarray:
    """Events of group 1 from the phi coefficient, which has a sign, and the margins.

    >>> float(from_phi(*map(np.array, (0.341, 0.0005, 34.0, 35.0, 13.0))))
    11.0
    """
    return _tables(phi, half, n1, n2, events, phi_of_table)


def phi_of_table(a: np.ndarray, n1: Any, n2: Any, events: Any) -> np.ndarray:
    """The phi coefficient of a table with these margins, by the events of group 1.

    >>> float(phi_of_table(np.array(11.0), 34.0, 35.0, 13.0).round(3))
    0.341
    """
    excess = a * (n2 - events + a) - (n1 - a) * (events - a)
    return np.asarray(excess / np.sqrt(n1 * n2 * events * (n1 + n2 - events)))


def _arm(arm: str) -> tuple[Rule, ...]:
    names = (of_arm(name, arm) for name in ("events", "nonevents", "n", "percent"))
    events, none, n, percent = names
    at, which = (("proportion",) if not arm else ("2x2",)), f" {arm}" if arm else ""
    return (
        Rule(f"people{which} from both outcomes", (events, none), (n,), np.add,
             f"{n} = {events} + {none}", at),
        Rule(f"events{which} from the others", (n, none), (events,), np.subtract,
             f"{events} = {n} - {none}", at),
        Rule(f"events{which} from the percentage", (percent, f"{percent}_half", n), (events,), only_count,
             f"{events} = the only count of {n} that is printed as {percent}", at),
        Rule(f"people{which} from the percentage", (events, percent, f"{percent}_half"), (n,), only_size,
             f"{n} = the only size of which {events} are printed as {percent}", at, cost=2),
        Rule(f"events{which} nearest to the percentage", (percent, n), (events,), nearest_count,
             f"{events} = {percent} {n} / 100, to the nearest whole number", at,
             assumes=("nearest-count",), cost=2),
    )  # fmt: skip


_MARGINS = ("n1", "n2", "events_total")
_ADJUSTED = ("adjusted",)
"""An adjusted ratio is not that of the table's own counts."""
_GROUP_2 = ("n1", "n2", "events2")


def _of_statistic(fact: str, by_margins: Callable, nearest: Callable) -> Iterator[Rule]:
    """Tables that a statistic leads to, whether it is the estimate that is sought or another one."""
    statistic, words = STATISTICS[fact]
    for name, which, when in (("est", words, (fact,)), (fact, f"printed {words}", ())):
        yield Rule(f"table of the {which}", (name, f"{name}_half", *_MARGINS), ("events1",), by_margins,
                   f"the only table with this {words} and these margins", ("2x2",), DIPIETRANTONJ,
                   when=when, unless=_ADJUSTED, cost=4)  # fmt: skip
        yield Rule(f"events 1 from the {which}", (name, f"{name}_half", *_GROUP_2), ("events1",),
                   of_group_2(statistic), f"the only count with this {words} to group 2", ("2x2",),
                   DIPIETRANTONJ, when=when, unless=_ADJUSTED, cost=4.5)  # fmt: skip
        yield Rule(f"events 1 nearest to the {which}", (name, *_GROUP_2), ("events1",), nearest,
                   f"the count whose {words} to group 2 is nearest", ("2x2",), DIPIETRANTONJ,
                   assumes=("nearest-count",), when=when, unless=_ADJUSTED, cost=6)  # fmt: skip


TABLES: tuple[Rule, ...] = (
    Rule("events 2 from the total", ("events_total", "events1"), ("events2",), np.subtract,
         "events2 = events - events1", ("2x2",)),
    Rule("events 1 from the total", ("events_total", "events2"), ("events1",), np.subtract,
         "events1 = events - events2", ("2x2",)),
    Rule("events in both groups", ("events1", "events2"), ("events_total",), np.add,
         "events = events1 + events2", ("2x2",)),
    Rule("table of the chi-square", ("chi2", "chi2_half", *_MARGINS, "direction"), ("events1",), from_chi2,
         "the only table with this chi-square, these margins and this direction", ("2x2",), DIPIETRANTONJ,
         cost=5),
    Rule("table of phi", ("phi", "phi_half", *_MARGINS), ("events1",), from_phi,
         "the only table with this phi coefficient and these margins", ("2x2",), DIPIETRANTONJ, cost=4),
)  # fmt: skip

TABLES += (
    *_of_statistic("odds_ratio", from_odds_ratio, by_odds),
    *_of_statistic("risk_ratio", from_risk_ratio, by_risk),
    *_of_statistic("risk_difference", from_risk_difference, by_difference),
)

RULES: tuple[Rule, ...] = (*_arm("1"), *_arm("2"), *_arm(""), *TABLES)
