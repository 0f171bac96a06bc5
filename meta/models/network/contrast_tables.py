"""A table of contrasts, as a network: which covariance each trial's contrasts have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects import checks
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import grouping
from meta.effects.intake import as_effects, numbers
from meta.errors import DataWarning, InputError, Notes
from meta.formatting import listing, shown
from meta.kernels.network.trial_contrasts import arrange, from_all_pairs, positive_definite
from meta.models.network.data import NetworkData
from meta.models.network.shared import Shared, star_covariance
from meta.models.network.treatment_names import grouped, look_alikes, merged

SLACK = 1e-9
"""Contradictions below this share of the largest effect are rounding in the last digits of a double."""


@dataclass(frozen=True, slots=True)
class Given:
    """Contrasts as they stand in the table, (q,) each, treatments by name."""

    es: EffectSizes
    first: np.ndarray
    second: np.ndarray
    shared: Shared


def read_contrasts(
    data: Any,
    columns: Mapping[str, Any],
    names: tuple[Any, Any],
    shared: Mapping[str, Any],
    merge: Mapping[str, Sequence[str]] | None,
    notes: Notes,
) -> NetworkData:
    """Read contrasts; those of a trial of several arms need all pairs, or what their base arm contributes."""
    es = as_effects(data, **columns)
    keep = es.exact
    if not keep.all():
        gone = [repr(str(x)) for x in es.study[~keep]]
        notes.warn(f"contrasts without yi or its variance are left out: {listing(gone)}", DataWarning)
    if not keep.any():
        raise InputError("no contrast has both an effect and a variance; nothing is left to pool")
    sides = [
        grouping(es, label if name is None else name, label)
        for name, label in zip(names, ("treat1", "treat2"), strict=True)
    ]
    first, second = merged(np.concatenate(sides), merge).reshape(2, -1)[:, keep]
    sizes = {
        name: numbers(es, value, name)[keep]
        for name, value in shared.items()
        if value is not None and name != "assume_shared"
    }
    assumed = shared.get("assume_shared")
    if assumed is not None and not 0 < assumed < 1:
        raise InputError(
            f"assume_shared must lie between 0 and 1, not {shown(assumed)}; write 0.5 for a half"
        )
    checks.refuse_impossible({n: x for n, x in sizes.items() if n in checks.DOMAINS}, es.study[keep])
    given = Given(es.subset(keep), first, second, Shared(assumed=assumed, measure=es.measure, **sizes))
    return _network(given, notes)


def _network(given: Given, notes: Notes) -> NetworkData:
    same = np.flatnonzero(given.first == given.second)
    if same.size:
        i = int(same[0])
        raise InputError(
            f"treat1 and treat2 must differ: trial {str(given.es.study[i])!r} compares {given.first[i]!r} "
            "with itself; drop that row, or name the two apart"
        )
    names = tuple(sorted({*given.first.tolist(), *given.second.tolist()}))
    look_alikes(names, notes)
    number = {name: i for i, name in enumerate(names)}
    rows = grouped(given.es.study)
    trials, people = [], []
    gaps: dict[str, float] = {}
    for trial, at in rows.items():
        own = sorted({*given.first[at].tolist(), *given.second[at].tolist()}, key=number.__getitem__)
        arms = np.array([number[name] for name in own])
        place = {name: i for i, name in enumerate(own)}
        ends = [np.array([place[x] for x in side[at]]) for side in (given.first, given.second)]
        trials.append(_trial(given, trial, at, (arms, own), (ends[0], ends[1]), gaps, notes))
        people.append(given.shared.people(at, ends[0], ends[1], len(own)))
    if given.shared.assumed is not None and not given.shared.assumed_for:
        raise InputError(
            f"assume_shared={shown(given.shared.assumed)} has no effect: the table says enough about the "
            "covariances of all trials; leave it out"
        )
    _mention_gaps({trial: gap for trial, gap in gaps.items() if gap > 0}, notes)
    which = np.repeat(np.arange(len(rows)), [len(arms) for arms, _, _ in trials])
    return NetworkData(
        measure=given.es.measure,
        treatments=names,
        trials=tuple(rows),
        contrasts=arrange(trials, len(names)),
        arm_trial=which,
        arm_treatment=np.concatenate([np.sort(arms) for arms, _, _ in trials]),
        arm_n=np.concatenate(people),
        arm_events=np.full(len(which), np.nan),
    )


def _trial(
    given: Given,
    trial: str,
    at: np.ndarray,
    arms: tuple[np.ndarray, list[str]],
    ends: tuple[np.ndarray, np.ndarray],
    gaps: dict[str, float],
    notes: Notes,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Treatments (the base first), effects and covariance of one trial."""
    numbers_, own = arms
    first, second = ends
    size, y, v = len(own), given.es.yi[at], given.es.vi[at]
    _refuse_repeats(first, second, trial, own)
    if size == 2:
        turned = 1.0 if first[0] == 1 else -1.0
        return numbers_, turned * y, v.reshape(1, 1)
    if len(at) == size * (size - 1) // 2:
        effects, cov, gap = from_all_pairs(first, second, y, v, size)
        gaps[trial] = _check_gap(trial, gap, y)
        _refuse_indefinite(cov, trial, "its variances contradict each other")
        return numbers_, effects, cov
    if len(at) != size - 1:
        raise InputError(
            f"trial {trial!r} compares {size} treatments ({', '.join(own)}) in {len(at)} contrasts: give all "
            f"{size * (size - 1) // 2}, or {size - 1} against one arm with that arm's SE (se_base=)"
        )
    base = _centre(first, second, trial, own)
    sign = np.where(second == base, 1.0, -1.0)
    others = np.where(second == base, first, second)
    carried = None if given.es.covariance is None else given.es.covariance[np.ix_(at, at)]
    cov = star_covariance(given.shared, at, sign, v, y, carried, (trial, own[base], size), notes)
    _refuse_indefinite(cov, trial, f"the variance of arm {own[base]!r} is too large beside them")
    return np.concatenate([[numbers_[base]], numbers_[others]]), sign * y, cov


def _refuse_repeats(first: np.ndarray, second: np.ndarray, trial: str, own: list[str]) -> None:
    pairs = [tuple(sorted(pair)) for pair in zip(first.tolist(), second.tolist(), strict=True)]
    twice = [pair for pair in dict.fromkeys(pairs) if pairs.count(pair) > 1]
    if twice:
        a, b = (own[i] for i in twice[0])
        raise InputError(
            f"trial {trial!r} compares {a!r} with {b!r} in {pairs.count(twice[0])} rows; combine the arms of "
            "one treatment, name them apart (such as by dose), or, if these are two trials, give each its "
            "own name in study="
        )


def _centre(first: np.ndarray, second: np.ndarray, trial: str, own: list[str]) -> int:
    """The arm that all contrasts of the trial share."""
    shared = set.intersection(*({int(a), int(b)} for a, b in zip(first, second, strict=True)))
    if len(shared) != 1:
        raise InputError(
            f"the {len(first)} contrasts of trial {trial!r} share no common arm ({', '.join(own)}); give "
            "them all against one arm, or all pairs"
        )
    return shared.pop()


def _check_gap(trial: str, gap: float, y: np.ndarray) -> float:
    """Refuse contrasts that contradict each other by more than rounding; smaller gaps are returned."""
    # three values of a triangle, each half a last digit off
    allowed = 1.5 * 10.0 ** -max(checks.decimals(abs(float(x))) for x in y)
    negligible = SLACK * (1.0 + float(np.max(np.abs(y))))
    if gap > allowed + negligible:
        told = ", ".join(f"{x:g}" for x in y)
        raise InputError(
            f"the contrasts of trial {trial!r} contradict each other: around a triangle they miss by "
            f"{gap:.3g} ({told}), more than rounding explains ({allowed:.2g}); correct the wrong "
            "one or drop the trial"
        )
    return gap if gap > negligible else 0.0


def _mention_gaps(gaps: Mapping[str, float], notes: Notes) -> None:
    if gaps:
        trials = "trial" if len(gaps) == 1 else "trials"
        notes.warn(
            f"the contrasts of {trials} {listing(map(repr, gaps))} do not add up exactly (gap "
            f"{max(gaps.values()):.2g}, within rounding of the printed digits); their least squares "
            "fit is used",
            DataWarning,
        )


def _refuse_indefinite(cov: np.ndarray, trial: str, why: str) -> None:
    if not positive_definite(cov):
        raise InputError(
            f"the covariance of the contrasts of trial {trial!r} is not positive definite: {why}; check the "
            "standard errors of that trial"
        )
