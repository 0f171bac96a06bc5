"""Several treatment arms against one control: combined, split, or both contrasts with their covariance.

Which of these an analysis takes is said in its claim and in every step; the order of the file plays no part.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from meta.effects.derivation_text import result_in_words
from meta.effects.derived_effect import Context, Derived, nothing, shown
from meta.effects.eligibility import CONTROL_ROLES
from meta.effects.measures.definition import Measure
from meta.effects.percent_scale import PercentScale
from meta.effects.registry import measure as look_up
from meta.effects.reported import SOLVED_FOR, TURNED, solved
from meta.evidence.study_schema import Arm, Result, Study
from meta.formatting import listing
from meta.recovery.assemble import formula

Columns = Mapping[str, float]


def contrasts(study: Study, result: Result) -> list[tuple[Arm, Arm]]:
    """Every treatment arm of a result with its control; empty if it compares none.

    A control in the strict sense comes before an arm of another role, wherever it stands in the file.
    """
    arms = [study.arm(name) for name in result.arms]
    controls = sorted(
        (arm for arm in arms if arm.role in CONTROL_ROLES), key=lambda arm: CONTROL_ROLES.index(arm.role)
    )
    return [(arm, controls[0]) for arm in arms if arm.role == "treatment"] if controls else []


def question(result: Result) -> tuple[Any, ...]:
    """What a result asks, apart from its arms: results of the same question may be put together."""
    return (
        result.measured.strip().lower(), result.time.label, result.phase, result.unit, result.adjusted,
        result.statistic.kind, result.higher_is,
    )  # fmt: skip


def told_apart(
    groups: Iterable[list[tuple[Result, tuple[Arm, Arm]]]],
) -> Iterator[list[tuple[Result, tuple[Arm, Arm]]]]:
    """Groups of one result for each treatment arm; several results of the same arms stay alternatives."""
    for group in groups:
        arms = [pair[0].id for _, pair in group]
        if len(set(arms)) == len(arms):
            yield group
        else:
            yield from ([item] for item in group)


def one_arm_of(arms: Sequence[Arm]) -> Arm:
    """The arms as one: what they share, and their names.

    What differs between them is left open.
    """
    first = arms[0]
    same = {
        name: getattr(first, name)
        for name in ("form", "route", "dose_mg", "dose_is", "duration_days")
        if len({getattr(arm, name) for arm in arms}) == 1
    }
    label = listing([arm.label for arm in arms])
    return Arm(id=first.id, role=first.role, label=label, co_interventions=first.co_interventions, **same)


def derive_together(contexts: Sequence[Context], scale: PercentScale | None, how: str) -> list[Derived]:
    """The effect, or with "split" the effects, of several arms against one control.

    Parameters
    ----------
    contexts : sequence of Context
        One for each treatment arm, with the same control and question.
    scale : PercentScale or None
        As in :func:`meta.effects.reported.derive`.
    how : {"combine", "split", "both"}
        Arms put together as one; the control's people shared out; or every contrast, weighted into one
        effect by their covariance.
    """
    ordered = sorted(contexts, key=lambda item: item.arms[0].id)
    measure = ordered[0].analysis.measure
    found = _together(ordered, look_up(measure), how)
    if scale is None or measure != "ROM" or any(item.tier != "D" for item in found):
        return found
    standard = _together(ordered, look_up(SOLVED_FOR), how)
    return [item if item.tier == "D" else scale.apply(item) for item in standard]


def _together(contexts: Sequence[Context], entry: Measure, how: str) -> list[Derived]:
    parts = [(item, solved(item, entry)) for item in contexts]
    known = [(item, effect) for item, effect in parts if effect.tier != "D"]
    if not known:
        return [parts[0][1]]
    if how == "split":
        return [_shared_out(item, effect, entry, len(known)) for item, effect in known]
    if len(known) == 1:
        return [known[0][1]]
    if any(effect.kind != "exact" for _, effect in known):
        return [_bounded([effect for _, effect in known])]
    merged = _merged(known, entry) if how == "combine" else None
    return [merged or _weighted(known, entry)]


def _noted(effects: Sequence[Derived]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for effect in effects for text in effect.assumptions))


def _names(known: Sequence[tuple[Context, Derived]]) -> str:
    return listing([item.arms[0].label for item, _ in known])


def merge(columns: Sequence[Columns]) -> dict[str, float]:
    """Arms of the same trial as one: people and events add up, means and SDs as of one group.

    Cochrane Handbook 6.5.2.10 (doi:10.1002/9781119536604.ch6).

    >>> arms = [{"n": 10.0, "mean": 4.0, "sd": 2.0}, {"n": 10.0, "mean": 6.0, "sd": 2.0}]
    >>> {name: round(x, 3) for name, x in merge(arms).items()}
    {'n': 20.0, 'mean': 5.0, 'sd': 2.2}
    """
    n = np.array([item["n"] for item in columns])
    found = {name: float(sum(item[name] for item in columns)) for name in columns[0] if name not in _OF_MEAN}
    if "mean" in columns[0]:
        mean, sd = (np.array([item[name] for item in columns]) for name in _OF_MEAN)
        middle = float((n * mean).sum() / n.sum())
        squares = ((n - 1) * sd**2).sum() + (n * (mean - middle) ** 2).sum()
        found |= {"mean": middle, "sd": math.sqrt(squares / (n.sum() - 1))}
    return found


_OF_MEAN = ("mean", "sd")


def _merged(known: Sequence[tuple[Context, Derived]], entry: Measure) -> Derived | None:
    """The effect of the arms as one group; None where only tests or differences are known."""
    columns = [dict(effect.columns) for _, effect in known]
    if not all(columns) or any(item.crossover for item, _ in known):
        return None
    controls = [{name: x for name, x in item.items() if name.endswith("2")} for item in columns]
    if any(control != controls[0] for control in controls):
        return None
    treated = [{name[:-1]: x for name, x in item.items() if name.endswith("1")} for item in columns]
    one = {f"{name}1": x for name, x in merge(treated).items()} | controls[0]
    if one.keys() != set(entry.columns):
        return None
    y, v = (float(x[0]) for x in formula(entry, _arrays(one)))
    if not math.isfinite(y):
        return None
    effects = [effect for _, effect in known]
    tier = max(effect.tier for effect in effects)
    found = Derived(tier, _sign(effects[0]) * y, v, assumptions=_noted(effects))
    told = ", ".join(f"{name.rstrip('1')} {shown(one[name])}" for name in one if name.endswith("1"))
    text = f"{_names(known)} against one control: the arms are combined, {told}."
    plain = tuple(step for effect in effects for step in effect.steps[:-1])
    return replace(found, steps=(*dict.fromkeys(plain), text, result_in_words(found, entry)))


def _sign(effect: Derived) -> float:
    """-1 where the scale was turned."""
    return -1.0 if TURNED in effect.assumptions else 1.0


def _arrays(columns: Columns) -> dict[str, np.ndarray]:
    return {name: np.array([x]) for name, x in columns.items()}


def covariance(v: np.ndarray, n1: np.ndarray, n2: np.ndarray) -> np.ndarray:
    """Covariance of contrasts (k,) with one control (k, k): the control's part of each variance, by sizes.

    Gleser & Olkin 2009, The Handbook of Research Synthesis ch. 19. Exact for mean differences with equal SDs.

    >>> covariance(np.array([0.2, 0.2]), np.array([10.0, 10.0]), np.array([10.0, 10.0])).round(2).tolist()
    [[0.2, 0.1], [0.1, 0.2]]
    """
    part = np.sqrt(v * (1 / n2) / (1 / n1 + 1 / n2))
    found = np.outer(part, part)
    np.fill_diagonal(found, v)
    return found


def _weighted(known: Sequence[tuple[Context, Derived]], entry: Measure) -> Derived:
    """The contrasts weighted into one effect by the inverse of their covariance."""
    effects = [effect for _, effect in known]
    y, v = (np.array([getattr(effect, name) for effect in effects]) for name in ("y", "v"))
    sizes = [item.sizes() or (1, 1) for item, _ in known]
    n1, n2 = (np.array([float(pair[place]) for pair in sizes]) for place in (0, 1))
    weights = np.linalg.solve(covariance(v, n1, n2), np.ones(len(v)))
    found = Derived(
        max(effect.tier for effect in effects),
        float(weights @ y / weights.sum()),
        float(1 / weights.sum()),
        assumptions=_noted(effects),
    )
    each = "; ".join(f"{item.arms[0].label} {shown(effect.y)}" for item, effect in known)
    text = f"{_names(known)} against one control: {each}, weighted by their covariance."
    plain = tuple(step for effect in effects for step in effect.steps[:-1])
    return replace(found, steps=(*dict.fromkeys(plain), text, result_in_words(found, entry)))


def _bounded(effects: Sequence[Derived]) -> Derived:
    """The mean of effects of which some are only bounded: it lies between the means of their ends."""
    if any(effect.mixture for effect in effects):
        options = [effect.mixture or ((effect.y, 1.0),) for effect in effects]
        if any(math.isnan(value) for option in options for value, _ in option):
            return nothing("of several arms some effects are bounds and some have no sign")
        values = sorted(
            (sum(value for value, _ in way) / len(way), math.prod(weight for _, weight in way))
            for way in itertools.product(*options)
        )
        v = max(effect.v for effect in effects)
        return Derived("C", v=v, mixture=tuple(values), assumptions=_noted(effects), steps=_steps(effects))
    ends = [
        (effect.y, effect.y) if effect.kind == "exact" else (effect.low, effect.high) for effect in effects
    ]
    low, high = (sum(pair[place] for pair in ends) / len(ends) for place in (0, 1))
    v = max(effect.v for effect in effects)
    return Derived("C", v=v, low=low, high=high, assumptions=_noted(effects), steps=_steps(effects))


def _steps(effects: Sequence[Derived]) -> tuple[str, ...]:
    last = "Several arms against one control: the mean of their effects."
    return (*dict.fromkeys(step for effect in effects for step in effect.steps), last)


def _shared_out(context: Context, effect: Derived, entry: Measure, arms: int) -> Derived:
    """The effect with its share of the control's people."""
    if arms == 1:
        return effect
    text = f"The control's people are shared out among {arms} arms."
    columns = dict(effect.columns)
    if columns and effect.kind == "exact":
        own = {name: x / arms if name in ("n2", "events2", "time2") else x for name, x in columns.items()}
        y, v = (float(x[0]) for x in formula(entry, _arrays(own)))
        if math.isfinite(y):
            found = replace(effect, y=_sign(effect) * y, v=v)
            return replace(found, steps=(*effect.steps[:-1], text, result_in_words(found, entry)))
    n1, n2 = context.sizes() or (1, 1)
    v = effect.v * (1 / n1 + arms / n2) / (1 / n1 + 1 / n2)
    found = replace(effect, v=v)
    return replace(found, steps=(*effect.steps[:-1], text, result_in_words(found, entry)))
