"""From what a paper reported to an effect on the analysis's scale, by the solver's rules."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from meta.effects.derivation_text import result_in_words, stated_in_words, step_in_words, table_in_words
from meta.effects.derived_effect import NO_SIZES, Context, Derived, nothing
from meta.effects.measures.definition import Measure
from meta.effects.percent_scale import PercentScale
from meta.effects.registry import measure as look_up
from meta.effects.study_facts import StudyFacts, facts_of, fits_a_count
from meta.evidence.statistics import Means, Percentages
from meta.recovery.assemble import Rows, assemble
from meta.recovery.assumptions import ASSUMPTIONS, BITS, names_in, tier_of
from meta.recovery.fact_names import setting_of_design
from meta.recovery.plan_of_rows import Plan, plans
from meta.recovery.solution_of_row import trail_of, used_by
from meta.recovery.stated_facts import read
from meta.recovery.targets import FORMULA
from meta.recovery.tests_of_no_effect import implied_test

_LIKE_T = ("t test", "t-test", "anova", "ancova", "student", "welch")
SOLVED_FOR = "SMD"
"""What the percent scale starts from."""
TURNED = "scale turned: higher is better in the source"


def derive(context: Context, scale: PercentScale | None = None) -> Derived:
    """Return the effect of one reported result on the analysis's scale.

    Parameters
    ----------
    context : Context
        The result with its study, the analysis and the assumed values.
    scale : PercentScale or None
        How standardised effects are put on the ratio scale where the analysis pools ratios of means; None
        leaves what cannot be read as a ratio at tier D.
    """
    statistic = context.result.statistic
    if statistic.kind == "narrative":
        return nothing(f"only a direction in words: {statistic.words}")
    found = solved(context, look_up(context.analysis.measure))
    if found.tier != "D" or scale is None or context.analysis.measure != "ROM":
        return found
    standard = solved(context, look_up(SOLVED_FOR))
    if standard.tier != "D":
        return scale.apply(standard)
    return standard if standard.reason else found


def within(outcome: Derived, tiers: tuple[str, ...]) -> Derived:
    """Return the effect, or nothing where its tier is not admitted."""
    if outcome.tier == "D" or outcome.tier in tiers:
        return outcome
    return replace(nothing(f"tier {outcome.tier} is not admitted by the rule"), steps=outcome.steps)


def solved(context: Context, entry: Measure) -> Derived:
    """The effect of a result for a measure, by the solver."""
    facts = facts_of(context, entry)
    if not any(name not in _DESIGN for name in facts.values):
        return nothing(reason_of(context, entry, facts))
    if context.crossover and setting_of_design(entry.design) == "2x2":
        return nothing(f"a crossover gives a {entry.display} only with its matched pairs")
    assumed = {item.id: context.value(item.id) for item in context.claims.assumptions if item.id in BITS}
    found = _solve(entry.code, tuple(sorted(facts.values.items())), tuple(sorted(assumed.items())))
    if found is None:
        return nothing(reason_of(context, entry, facts))
    return _turned(_derived(context, entry, facts, found), context, entry)


@dataclass(frozen=True, slots=True)
class _Solved:
    """What the solver found, and which facts and assumptions it rests on."""

    effect: Derived
    used: tuple[str, ...]
    mask: int


@lru_cache(maxsize=8192)  # a multiverse asks for the same few hundred over and over
def _solve(
    code: str, facts: tuple[tuple[str, Any], ...], assumed: tuple[tuple[str, float], ...]
) -> _Solved | None:
    entry, values = look_up(code), dict(facts)
    stated = read({name: [value] for name, value in facts}, ["1"])
    level = stated.values.pop("level", np.array([0.95]))
    if not stated.values:
        return None
    plan = next(
        plans(
            entry,
            stated.values,
            words=stated.words,
            halves_of=stated.halves,
            level=level,
            assumed=dict(assumed),
        )
    )
    rows = assemble(entry, [plan], 1)
    if plan.way is None or rows.kind[0] == "none":
        return None
    y, v = float(rows.yi[0]), float(rows.vi[0])
    effect = Derived(
        tier_of(plan.way.mask),
        y if rows.kind[0] == "exact" else math.nan,
        v,
        float(rows.lower[0]),
        float(rows.upper[0]),
        rows.mixtures.get(0, ()),
        implied=implied_test(plan, y, v),
        columns=_columns(plan, rows),
    )
    used = used_by(plan)
    steps = [
        stated_in_words(used, values),
        *map(step_in_words, trail_of(plan, y)),
        table_in_words({name: float(x[0]) for name, x in rows.columns.items()}),
        result_in_words(effect, entry),
    ]
    return _Solved(replace(effect, steps=tuple(filter(None, steps))), used, plan.way.mask)


_DESIGN = frozenset(
    ("design", "phase", "adjusted", "error_term", "cluster_size", "icc", "design_effect", "scale_low",
     "scale_high", "direction")
)  # fmt: skip


def _columns(plan: Plan, rows: Rows) -> tuple[tuple[str, float], ...]:
    way = plan.way
    if way is None or way.rule is None or way.rule.name != FORMULA or rows.kind[0] != "exact":
        return ()
    return tuple((name, float(x[0])) for name, x in rows.columns.items())


def _derived(context: Context, entry: Measure, facts: StudyFacts, found: _Solved) -> Derived:
    """The effect with what has to be said of it: assumptions in the claims file's words, and doubts."""
    mask = found.mask
    test = str(getattr(context.result.statistic, "test", "")).lower()
    if any(word in test for word in _LIKE_T):
        mask &= ~BITS["t-test"]
    noted = [facts.notes[name] for name in found.used if facts.notes.get(name)]
    noted += [context.worded(name) for name in names_in(mask) if ASSUMPTIONS[name].tier != "C"]
    tier = max(tier_of(mask), "B" if noted else "A")
    return replace(found.effect, tier=tier, assumptions=tuple(dict.fromkeys(noted)))


def _turned(found: Derived, context: Context, entry: Measure) -> Derived:
    """Differences on a scale that runs the other way from the analysis's benefit, turned with a record."""
    difference = entry.null == 0 and not entry.is_log_ratio
    if not difference or context.result.higher_is != "better" or context.analysis.benefit != "lower":
        return found
    turned = replace(
        found,
        y=-found.y,
        low=-found.high,
        high=-found.low,
        mixture=tuple(sorted((-value, weight) for value, weight in found.mixture)),
        assumptions=(*found.assumptions, TURNED),
        tier=max(found.tier, "B"),
    )
    last = f"The scale runs the other way: {result_in_words(turned, entry)}"
    return replace(turned, steps=(*found.steps, last))


def reason_of(context: Context, entry: Measure, facts: StudyFacts) -> str:
    """Why nothing can be computed, in a sentence for readers of the review."""
    result = context.result
    kind, given = result.statistic.kind, facts.values
    checks = (
        (result.error_term == "observations" and kind in ("test", "threshold"),
         _pseudo_replicated),
        (entry.is_log_ratio and kind == "means" and result.phase == "change",
         lambda _: "a ratio needs means at the end, not changes"),
        (kind == "interval" and not context.analysis.eligibility.borrowed_sd,
         lambda _: "a range of scale points within one arm; no SD was printed to set it against"),
        (not {"n1", "n"} & given.keys() and kind not in ("ratio", "interval"), lambda _: NO_SIZES),
        (kind == "means", partial(_of_means, entry=entry)),
        (kind == "percentages" and setting_of_design(entry.design) in ("2x2", "proportion"), _of_percentages),
        (kind == "threshold" and "direction" not in given,
         lambda c: f"p < {c.result.statistic.p_below:g} without a direction"),  # type: ignore[union-attr]
        (kind == "ratio" and "estimate" not in given,
         lambda c: f"an {c.result.statistic.measure} is not the {entry.code} that is pooled"),  # type: ignore[union-attr]
        (kind == "within-arm-tests",
         lambda _: "neither the p-value nor the direction of an arm's change is known"),
    )  # fmt: skip
    for holds, words in checks:
        if holds:
            return words(context)
    return f"a {kind.replace('-', ' ')} does not give a {entry.display}"


def _pseudo_replicated(context: Context) -> str:
    statistic = context.result.statistic
    words = "the test treats repeated measurements of one person as independent"
    return f"p < {statistic.p_below:g}, but {words}" if statistic.kind == "threshold" else words


def _of_percentages(context: Context) -> str:
    statistic = context.result.statistic
    assert isinstance(statistic, Percentages)
    for arm in statistic.arms:
        n = arm.n or context.size(context.study.arm(arm.arm))[0]
        if n is not None and not fits_a_count(arm.percent, arm.decimals, n):
            return f"{arm.percent:g} % of {n:g} fits 0 counts, not one"
    return "the percentage or the n of an arm was not seen"


def _of_means(context: Context, entry: Measure) -> str:
    arms = [arm.id for arm in context.arms]
    statistic = context.result.statistic
    assert isinstance(statistic, Means)
    parts = [part for part in statistic.arms if part.arm in arms]
    if len(parts) < len(arms) or any(part.mean is None for part in parts):
        return "the mean of an arm was not seen; medians or one arm were printed"
    if entry.is_log_ratio and min(part.mean or 0.0 for part in parts) <= 0:
        return "a ratio needs means above zero"
    return "the dispersion of an arm was not seen"
