"""What is stated more than once must agree: facts beside the way are compared with what the others imply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from meta.effects.measures.definition import Measure
from meta.recovery.closure import Way, best
from meta.recovery.contradiction import Contradiction
from meta.recovery.evaluate import Evaluation
from meta.recovery.facts import half_digits
from meta.recovery.implied import rules_for
from meta.recovery.likely_slips import likely_slip
from meta.recovery.plan_of_rows import Plan, Problem, ways_of
from meta.recovery.plausible import implausible
from meta.recovery.rules.rule import Rule

SLACK = {
    # Another test (Welch, normal, rank) or formula than ours may lie behind these; relative, beyond rounding.
    **dict.fromkeys(("t_printed", "se_printed", "se_est", "ci_low_md", "ci_high_md"), 0.1),
    **dict.fromkeys(("ci_low_est", "ci_high_est", "f", "chi2", "eta_squared"), 0.15),
    **dict.fromkeys(("d", "est", "sd_pooled"), 0.05),
}
"""How far beyond rounding a value may lie before it is a contradiction rather than worth a look."""
ONE_BIT = float(np.log(2))
"""p-values that differ by less than a factor of 2 come from different tests, not from slips."""
_ALTERNATIVES = (
    frozenset({"standard error of the difference from both SDs"}),
    frozenset({"standard error of the difference from the pooled SD"}),
    frozenset({"implied: p of chi-square", "implied: chi-square"}),
    frozenset({"implied: p of chi-square", "implied: p of Yates's chi-square"}),
)
"""Rules that are left out, a set at a time: papers use either test, so the implied value is a range."""
_TESTS = frozenset(
    (
        "p",
        "p_signed",
        "t_printed",
        "f",
        "eta_squared",
        "se_printed",
        "ci_low_md",
        "ci_high_md",
        "md",
        "p_below",
    )
)


@dataclass(frozen=True, slots=True)
class Implied:
    """What the other facts imply for one, with the range that rounding and the kind of test leave."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ways: tuple[Way, ...]


def contradictions(plan: Plan, halves_of: Mapping[str, np.ndarray] | None = None) -> list[Contradiction]:
    """List what does not fit in the rows of a plan.

    Parameters
    ----------
    plan : Plan
        Rows with the same facts, as :func:`meta.recovery.plan_of_rows.plans` yields them.
    halves_of : mapping of str to ndarray
        Half of the last printed digit by the caller's name of a fact, for the plan's rows; by the shortest
        form of each number where absent.

    Returns
    -------
    list of Contradiction
        By row.
    """
    problem = plan.problem
    halves = _halves(problem, halves_of or {})
    found = [item for fact in _to_compare(plan) for item in _compare(plan, fact, halves)]
    found += implausible(plan, halves)
    rows = plan.rows
    return sorted((replace(item, row=int(rows[item.row])) for item in found), key=lambda item: item.row)


def _halves(problem: Problem, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        fact: given[source] if source in given else half_digits(problem.values[fact])
        for fact, source in problem.sources.items()
    }


def _to_compare(plan: Plan) -> Iterator[str]:
    used = plan.way.stated() if plan.way is not None else frozenset()
    adjusted = "adjusted" in plan.problem.pattern.flags
    for fact in sorted(plan.problem.facts - used):
        if not (adjusted and fact in _TESTS):
            yield fact


@lru_cache(maxsize=256)
def _comparing(code: str, setting: str) -> tuple[Rule, ...]:
    from meta.effects.registry import measure

    return rules_for(measure(code), setting)


def _rules(entry: Measure, setting: str) -> tuple[Rule, ...]:
    return _comparing(entry.code, setting)


def implied_by(
    problem: Problem, fact: str, stated: frozenset[str], banned: frozenset[str] = frozenset()
) -> Way | None:
    """The way without assumptions from some stated facts to another; None if there is none."""
    pattern = replace(
        problem.pattern,
        stated=(stated | (problem.pattern.stated - problem.facts)) - {fact, f"{fact}_half"},
        banned=problem.pattern.banned | banned,
    )
    extra = (*problem.extra, *_rules(problem.entry, pattern.setting))
    way = best(ways_of(replace(problem, pattern=pattern, extra=extra)), fact)
    return way if way is not None and way.mask == 0 else None


def implied(
    problem: Problem, fact: str, stated: frozenset[str], halves: Mapping[str, np.ndarray]
) -> Implied | None:
    """What some stated facts imply for another, over the tests that papers use and within rounding."""
    first = implied_by(problem, fact, stated)
    if first is None:
        return None
    names = frozenset(rule.name for rule in first.rules())
    ways = {tuple(names): first}
    for banned in _ALTERNATIVES:
        if names.isdisjoint(frozenset().union(*_ALTERNATIVES)):
            break
        way = implied_by(problem, fact, stated, banned)
        if way is not None:
            ways.setdefault(tuple(rule.name for rule in way.rules()), way)
    ranges = [_within_rounding(problem.values, way, halves) for way in ways.values()]
    with np.errstate(invalid="ignore"):
        low = np.fmin.reduce([item[1] for item in ranges])
        high = np.fmax.reduce([item[2] for item in ranges])
    if fact in _PROBABILITIES:
        low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
    return Implied(ranges[0][0], low, high, tuple(ways.values()))


def _within_rounding(
    values: Mapping[str, np.ndarray], way: Way, halves: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Value of a way, and its range as every stated fact moves within its last digit, one at a time."""
    middle = np.asarray(Evaluation(values).of(way), dtype=float)
    low = high = middle
    for fact in way.stated():
        half = halves.get(fact)
        if half is None or fact in _WHOLE:
            continue
        moved = [
            np.asarray(Evaluation({**values, fact: values[fact] + side * half}).of(way), dtype=float) - middle
            for side in (-1, 1)
        ]
        low = low + np.nan_to_num(np.minimum(np.minimum(*moved), 0))
        high = high + np.nan_to_num(np.maximum(np.maximum(*moved), 0))
    return middle, low, high


_PROBABILITIES = frozenset(("p", "p_below", "not_significant"))
_WHOLE = frozenset(("n", "n1", "n2", "n_total", "events1", "events2", "events", "events_total", "direction"))
"""Counts are exact."""


def _compare(plan: Plan, fact: str, halves: Mapping[str, np.ndarray]) -> Iterator[Contradiction]:
    problem = plan.problem
    used = plan.way.stated() & problem.facts if plan.way is not None else frozenset()
    found = implied(problem, fact, used, halves) if used else None
    found = found or implied(problem, fact, problem.facts - {fact}, halves)
    if found is None:
        return
    stated, half = problem.values[fact], np.where(fact in _WHOLE, 0.0, halves[fact])
    outside, far = _outside(fact, stated, half, found)
    for row in np.flatnonzero(outside):
        yield _told(problem, fact, int(row), found, bool(far[row]), halves)


def _outside(
    fact: str, stated: np.ndarray, half: np.ndarray, found: Implied
) -> tuple[np.ndarray, np.ndarray]:
    """Where a stated value lies outside what is implied, and where it is too far off for another test."""
    low, high = found.low, found.high
    if fact == "direction":
        return (found.value * stated < 0), np.ones(stated.shape, dtype=bool)
    if fact == "p_below":
        return low > stated, low > 2 * stated
    if fact == "not_significant":
        return high < stated, high < stated / 2
    if fact in ("t_printed", "d") and np.all(stated >= 0):
        low, high = _absolute(low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        below, above = low - (stated + half), (stated - half) - high
        gap = np.maximum(below, above)
        size = np.maximum(np.abs(found.value), np.abs(stated))
        outside = gap > 1e-9 * np.maximum(size, 1e-300)
        if fact in ("p", "p_signed"):
            top = np.maximum(np.abs(stated) - half, 1e-12), np.maximum(low, 1e-12)
            bottom = np.maximum(np.abs(stated) + half, 1e-12), np.maximum(high, 1e-12)
            bits = np.where(below > 0, np.log(top[1] / bottom[0]), np.log(top[0] / bottom[1]))
            return outside, bits > ONE_BIT
        if fact.startswith("ci_"):
            size = np.maximum(size, found.high - found.low)
        return outside, gap > SLACK.get(fact, 0.0) * size


def _absolute(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    spans = (low <= 0) & (high >= 0)
    small, large = np.minimum(np.abs(low), np.abs(high)), np.maximum(np.abs(low), np.abs(high))
    return np.where(spans, 0.0, small), large


def _told(
    problem: Problem, fact: str, row: int, found: Implied, far: bool, halves: Mapping[str, np.ndarray]
) -> Contradiction:
    name = problem.sources[fact]
    stated, value = float(problem.values[fact][row]), float(found.value[row])
    low, high = float(found.low[row]), float(found.high[row])
    others = sorted(
        {problem.sources[item] for way in found.ways for item in way.stated() if item in problem.sources}
    )
    span = f" ({low:.4g} to {high:.4g} within rounding)" if high > low else ""
    shown = {"direction": {1.0: "'higher'", -1.0: "'lower'"}}.get(fact, {}).get(stated, f"{stated:.6g}")
    implies = f"{value:.4g}{span}" if fact != "direction" else ("higher" if value > 0 else "lower")
    if fact in ("p_below", "not_significant"):
        implies = f"p = {implies}"
    says = f"{name} = {shown} does not fit {', '.join(others)}, which imply {implies}"
    slip = likely_slip(problem, fact, row, found.ways, halves)
    kind = "contradiction" if far else "worth a look"
    if not far and not slip:
        slip = "another test or a rounded value may explain it"
    return Contradiction(row, kind, (name, *others), stated, value, low, high, says, slip)
