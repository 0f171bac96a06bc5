"""One row of plans as a `Solution`: its trail, range, implied test, contradictions, and what would help."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meta.recovery.assemble import Rows, formula, possible
from meta.recovery.assumptions import ASSUMPTIONS, names_in
from meta.recovery.closure import Way, best
from meta.recovery.consistency import contradictions
from meta.recovery.evaluate import Evaluation
from meta.recovery.fact_names import canonical, halves
from meta.recovery.facts import FACTS
from meta.recovery.grim import whole_numbers
from meta.recovery.plan_of_rows import Plan, Problem, ways_of
from meta.recovery.solution import Solution, Step
from meta.recovery.stated_facts import Stated
from meta.recovery.tests_of_no_effect import implied_test


@dataclass(frozen=True, slots=True)
class Choices:
    """What the caller chose beside the facts: variance, zero cells, options, values of assumptions."""

    vtype: str | None
    zero_rule: Mapping[str, Any]
    options: Mapping[str, Any]
    assumed: Mapping[str, float]


def solution_of(
    plan: Plan, rows: Rows, stated: Stated, facts: Mapping[str, Any], choices: Choices
) -> Solution:
    """The solution of a plan with a single row."""
    row = int(plan.rows[0])
    printed = {name: stated.half(name)[plan.rows] for name in stated.values}
    problem = plan.problem
    found = [
        *contradictions(plan, printed),
        *whole_numbers(stated.values, printed, stated.words.get("whole")),
    ]
    yi, vi = float(rows.yi[row]), float(rows.vi[row])
    kind = str(rows.kind[row])
    code = problem.entry.code
    if plan.way is None or kind == "none":
        reason = _unusable(problem) if plan.way is not None else lacking(problem)
        return Solution(
            code, math.nan, math.nan, "D", "none", contradictions=tuple(found), facts=facts, reason=reason
        )
    assert plan.evaluation is not None
    return Solution(
        measure=code,
        yi=yi,
        vi=vi,
        tier=plan.tier,
        kind=kind,
        low=float(rows.lower[row]),
        high=float(rows.upper[row]),
        mixture=rows.mixtures.get(row, ()),
        range=_span(plan, rows, row, printed, choices),
        trail=trail_of(plan, yi),
        assumptions=_assumptions(plan, choices.assumed),
        implied=implied_test(plan, yi, vi),
        contradictions=tuple(found),
        facts=facts,
        used=used_by(plan),
        phase=problem.phase if _in_time(problem) else "",
    )


def used_by(plan: Plan) -> tuple[str, ...]:
    """The caller's names of the facts that a plan uses."""
    if plan.way is None:
        return ()
    sources = plan.problem.sources
    return tuple(sorted(sources[fact] for fact in plan.way.stated() if fact in sources))


def _in_time(problem: Problem) -> bool:
    return any("_pre" in fact or "_post" in fact or "_change" in fact for fact in problem.sources)


def _unusable(problem: Problem) -> str:
    return f"no {problem.entry.code} can be computed from these values: check signs and sizes"


def _span(
    plan: Plan, rows: Rows, row: int, printed: Mapping[str, np.ndarray], choices: Choices
) -> tuple[float, float]:
    """Within which the effect lies, of whatever kind it is known."""
    if rows.kind[row] == "bound":
        return float(rows.lower[row]), float(rows.upper[row])
    if row in rows.mixtures:
        ends = [
            _range(plan, float(np.ravel(value)[0]), printed, choices, place)
            for place, value in enumerate(possible(plan.result))
        ]
        return min(low for low, _ in ends), max(high for _, high in ends)
    return _range(plan, float(rows.yi[row]), printed, choices)


def trail_of(plan: Plan, yi: float) -> tuple[Step, ...]:
    """The steps of the first row of a plan, whose effect is ``yi``."""
    assert plan.evaluation is not None
    steps: list[Step] = []
    for way, value in plan.evaluation.order:
        assert way.rule is not None
        if any(step.name == way.rule.name for step in steps):
            continue
        shown = yi if isinstance(value, Mapping) else float(np.asarray(value, dtype=float).ravel()[0])
        gives = plan.problem.entry.code if way.fact == "effect" else way.fact
        citation, doi = way.rule.reference
        steps.append(Step(way.rule.name, gives, shown, way.rule.formula, citation, doi))
    return tuple(steps)


def _assumptions(plan: Plan, assumed: Mapping[str, float]) -> tuple[str, ...]:
    if plan.way is None:
        return ()
    return tuple(ASSUMPTIONS[name].told(assumed.get(name)) for name in names_in(plan.way.mask))


def effects_at(
    problem: Problem,
    way: Way,
    values: Mapping[str, np.ndarray],
    assumed: Mapping[str, Any],
    choices: Choices,
    place: int = 0,
) -> np.ndarray:
    """The effects that a way gives for other values of its facts or assumptions.

    Of several possible ones it is that at ``place``.
    """
    result = Evaluation(values, assumed).of(way)
    assert isinstance(result, Mapping)
    if "either" in result or "values" in result:
        return np.atleast_1d(possible(result)[place])
    if "columns" not in result:
        return np.atleast_1d(np.asarray(result.get("yi", math.nan), dtype=float))
    columns = dict(
        zip(
            result["columns"],
            np.broadcast_arrays(*map(np.atleast_1d, result["columns"].values())),
            strict=True,
        )
    )
    entry = problem.entry
    return formula(entry, columns, vtype=choices.vtype, zero_rule=choices.zero_rule, options=choices.options)[
        0
    ]


POINTS = {1: 41, 2: 15}
"""Points at which the ranges of one or two assumptions are looked at: effects may be largest inside them."""
FEW_POINTS = 7
"""The same for three and more, all combined."""


def _range(
    plan: Plan, yi: float, printed: Mapping[str, np.ndarray], choices: Choices, place: int = 0
) -> tuple[float, float]:
    """Within which the effect lies as facts move within their last digit and assumptions in their ranges."""
    problem, way = plan.problem, plan.way
    assert way is not None
    low, high = _rounded(plan, printed, choices, place)
    ranged = [name for name in names_in(way.mask) if ASSUMPTIONS[name].low is not None]
    if ranged:
        points = POINTS.get(len(ranged), FEW_POINTS)
        axes = [
            np.linspace(ASSUMPTIONS[name].low or 0.0, ASSUMPTIONS[name].high or 0.0, points)
            for name in ranged
        ]
        grid = dict(zip(ranged, (x.ravel() for x in np.meshgrid(*axes)), strict=True))
        values = {name: np.repeat(x, grid[ranged[0]].size) for name, x in problem.values.items()}
        found = effects_at(problem, way, values, {**choices.assumed, **grid}, choices, place)
        low, high = (
            low + min(0.0, float(np.nanmin(found)) - yi),
            high + max(0.0, float(np.nanmax(found)) - yi),
        )
    if "threshold" in names_in(way.mask) and problem.entry.is_standardised:
        return (-math.inf, yi + high) if yi < 0 else (yi + low, math.inf)
    return yi + low, yi + high


def _rounded(
    plan: Plan, printed: Mapping[str, np.ndarray], choices: Choices, place: int
) -> tuple[float, float]:
    """How far the effect may lie below and above because its facts are rounded; each moves by itself."""
    problem, way = plan.problem, plan.way
    assert way is not None
    moving = [
        (fact, printed[problem.sources[fact]][0])
        for fact in sorted(way.stated())
        if fact in problem.sources and FACTS[problem.sources[fact]].domain not in ("size", "count")
    ]
    if not moving:
        return 0.0, 0.0
    size = 2 * len(moving) + 1
    values = {name: np.repeat(x, size) for name, x in problem.values.items()}
    for at, (fact, half) in enumerate(moving):
        values[fact][2 * at + 1] -= half
        values[fact][2 * at + 2] += half
    found = effects_at(problem, way, values, choices.assumed, choices, place)
    moved = np.nan_to_num(found[1:] - found[0]).reshape(-1, 2)
    return float(np.minimum(moved.min(axis=1), 0).sum()), float(np.maximum(moved.max(axis=1), 0).sum())


HELPFUL = (
    ("n1", "n2"), ("n_total",), ("n",), ("df",), ("direction",), ("sd1", "sd2"), ("sd",), ("p",), ("t",),
    ("se",), ("ci_low", "ci_high"), ("mean1", "mean2"), ("difference",), ("estimate",),
    ("q1_1", "q3_1", "q1_2", "q3_2"),
    ("events1", "events2"), ("r",), ("events",), ("time",), ("mean",), ("time1", "time2"), ("sd_change",),
    ("mean_change",), ("median1", "median2"), ("sd_pre",), ("sd_post",), ("events1", "n1", "events2", "n2"),
)  # fmt: skip
"""What papers print and readers may find; tried in this order, alone and in pairs, to say what is lacking."""
MOST_SUGGESTED = 3


def lacking(problem: Problem) -> str:
    """Why nothing leads to the effect, and which further facts would.

    Only facts that papers print are tried, alone and then two at a time.
    """
    code = problem.entry.code
    given = ", ".join(sorted(problem.sources.values())) or "nothing"
    found = [names for names in HELPFUL if _helps(problem, names)]
    if not found:
        pairs = ((*one, *two) for i, one in enumerate(HELPFUL) for two in HELPFUL[i + 1 :])
        for names in pairs:
            if _helps(problem, names):
                found.append(names)
            if len(found) == MOST_SUGGESTED:
                break
    hint = "; ".join(" and ".join(names) for names in found[:MOST_SUGGESTED])
    more = f": it would with {hint}" if hint else ""
    return f"{given} does not lead to {code}{more}"


def _helps(problem: Problem, more: tuple[str, ...]) -> bool:
    names = frozenset(problem.sources.values())
    fresh = names.union(more)
    if fresh == names:
        return False
    words = _words_of(problem)
    renamed = canonical(fresh, problem.pattern.setting, problem.entry.code, words, problem.phase)
    own = frozenset(renamed.values())
    pattern = replace(problem.pattern, stated=own | halves(own) | {"level"}, banned=frozenset())
    way = best(ways_of(replace(problem, pattern=pattern)), "effect")
    return way is not None


def _words_of(problem: Problem) -> Any:
    from meta.recovery.fact_names import Circumstances

    phase = problem.phase if "change" in problem.pattern.flags else "not stated"
    return Circumstances(phase=phase)
