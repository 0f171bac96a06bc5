"""A table with one row per arm, as a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects.api import effect_sizes
from meta.effects.groups import grouping
from meta.effects.measures.definition import Measure
from meta.effects.registry import MEASURES
from meta.effects.registry import measure as look_up
from meta.errors import DataWarning, InputError, Notes, quiet
from meta.formatting import listing
from meta.kernels.hedges_correction import hedges_j
from meta.kernels.network.trial_contrasts import arrange, of_arms, of_standardised
from meta.models.network.data import NetworkData
from meta.models.network.treatment_names import check_repeated, grouped, look_alikes, merged

TWICE = (
    "combine the two arms into one, name the treatments apart (such as by dose, 'oxide 300 mg' and 'oxide "
    "500 mg'), or, if these are two trials, give each its own name in study="
)


@dataclass(frozen=True, slots=True)
class Arms:
    """Arms of all trials that can be used, (A,) each; ``values`` by argument name."""

    trial: np.ndarray
    treatment: np.ndarray
    values: dict[str, np.ndarray]


def arm_measures() -> tuple[str, ...]:
    """Codes of the measures that a network takes from arms."""
    return tuple(code for code, entry in MEASURES.items() if entry.arm or code == "SMD")


def check_arm_measure(code: str | None) -> Measure:
    """The measure, which must be a difference between arms."""
    allowed = ", ".join(arm_measures())
    if code is None:
        raise InputError(f"give measure=, one of {allowed}, for a table with one row per arm")
    entry = look_up(code)
    if code not in arm_measures():
        raise InputError(
            f"measure {code!r} is not computed from arms in a network; allowed: {allowed}; or give "
            "contrasts, treat1= and treat2= with yi= and sei="
        )
    return entry


def read_arms(
    table: Any,
    measure: str | None,
    study: Any,
    treatment: Any,
    given: Mapping[str, Any],
    merge: Mapping[str, Sequence[str]] | None,
    bias_correction: bool | None,
    notes: Notes,
) -> NetworkData:
    """Read arms and turn them into contrasts within trials."""
    entry = check_arm_measure(measure)
    if bias_correction is not None and "bias_correction" not in entry.options:
        raise InputError(
            f"bias_correction={bias_correction!r} has no effect with measure {entry.code!r}; leave it out"
        )
    arms = _usable(_columns(table, entry, study, treatment, given, merge, notes), notes)
    names = tuple(sorted(set(arms.treatment.tolist())))
    look_alikes(names, notes)
    number = {name: i for i, name in enumerate(names)}
    rows = grouped(arms.trial)
    for trial, at in rows.items():
        check_repeated(arms.treatment[at].tolist(), trial, TWICE)
    order = np.concatenate([_sorted(at, arms, number) for at in rows.values()])
    arms = _picked(arms, order)
    which = np.repeat(np.arange(len(rows)), [len(at) for at in rows.values()])
    treatments = np.array([number[name] for name in arms.treatment])
    trials = _contrasts(entry, arms, which, treatments, bias_correction is not False, notes)
    size = arms.values.get("n", arms.values.get("time"))
    blank = np.full(len(which), np.nan)
    return NetworkData(
        measure=entry.code,
        treatments=names,
        trials=tuple(rows),
        contrasts=arrange(trials, len(names)),
        arm_trial=which,
        arm_treatment=treatments,
        arm_n=blank if size is None else size,
        arm_events=arms.values.get("events", blank),
    )


def _sorted(at: np.ndarray, arms: Arms, number: Mapping[str, int]) -> np.ndarray:
    """Arms of a trial in the order of treatments, so that the order of rows leaves no trace."""
    return at[np.argsort([number[name] for name in arms.treatment[at]])]


def _picked(arms: Arms, rows: np.ndarray) -> Arms:
    return Arms(arms.trial[rows], arms.treatment[rows], {name: x[rows] for name, x in arms.values.items()})


def _columns(
    table: Any,
    entry: Measure,
    study: Any,
    treatment: Any,
    given: Mapping[str, Any],
    merge: Mapping[str, Sequence[str]] | None,
    notes: Notes,
) -> Arms:
    """The columns of the arms by way of the one-group measure, which knows how they may be reported."""
    with quiet():
        es = effect_sizes(table, measure=entry.arm or "MN", study=study, **given)
    for message in es.warnings:
        if not message.startswith(("no effect for", "values missing", "|g|")):
            notes.warn(message, DataWarning)
    labels = grouping(es, "treatment" if treatment is None else treatment, "treatment")
    needed = look_up(entry.arm or "MN").columns
    values = {name: np.asarray(es.inputs[name], dtype=float) for name in needed}
    known = np.all([np.isfinite(x) for x in values.values()], axis=0)
    if not known.any():
        raise InputError(f"no arm has all of {', '.join(needed)}; nothing is left to pool")
    trial = np.array([str(x) for x in es.study], dtype=object)
    arms = Arms(trial, merged(labels, merge), values)
    if not known.all():
        gone = [f"{arms.treatment[i]!r} of {arms.trial[i]!r}" for i in np.flatnonzero(~known)]
        notes.warn(f"arms without {' or '.join(needed)} are left out: {listing(gone)}", DataWarning)
    return _picked(arms, np.flatnonzero(known))


def _usable(arms: Arms, notes: Notes) -> Arms:
    """Trials with two arms or more."""
    rows = grouped(arms.trial)
    alone = [trial for trial, at in rows.items() if len(at) < 2]
    kept = [at for at in rows.values() if len(at) >= 2]
    if not kept:
        raise InputError(
            "no trial has two arms: study= must name the trial, the same for all of its arms, with one row "
            "per arm"
        )
    if alone:
        notes.warn(
            f"trials with a single arm compare nothing and are left out: {listing(map(repr, alone))}",
            DataWarning,
        )
    return _picked(arms, np.sort(np.concatenate(kept)))


def _contrasts(
    entry: Measure,
    arms: Arms,
    which: np.ndarray,
    treatments: np.ndarray,
    corrected: bool,
    notes: Notes,
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Treatments, effects and covariance of each trial."""
    rows = [np.flatnonzero(which == i) for i in range(int(which.max()) + 1)]
    if entry.code == "SMD":
        return [(treatments[at], *_standardised(arms, at)) for at in rows]
    values = _without_zeros(entry, arms, which, notes)
    group = look_up(entry.arm)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = group.function(*(values[name] for name in group.columns))
    estimate, variance = found.yi, found.vi
    if entry.logs_of_means and corrected:
        estimate = estimate + variance / 2  # Lajeunesse 2015, equation 8: half the squared CV over n
    _refuse_impossible(arms, estimate, variance, group)
    return [(treatments[at], *of_arms(estimate[at], variance[at])) for at in rows]


def _standardised(arms: Arms, at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mean, sd, n = (arms.values[name][at] for name in ("mean", "sd", "n"))
    df = float(n.sum()) - len(at)
    if not df > 1:
        raise InputError(
            f"trial {arms.trial[at[0]]!r} has {n.sum():g} people in {len(at)} arms, too few for a pooled SD"
        )
    return of_standardised(mean, sd, n, float(hedges_j(df)))


def _without_zeros(entry: Measure, arms: Arms, which: np.ndarray, notes: Notes) -> dict[str, np.ndarray]:
    """Counts with 1/2 added to all arms of a trial in which some arm has no events, or nothing but events."""
    values = dict(arms.values)
    if not entry.zero_cells:
        return values
    zero = values["events"] == 0
    if "n" in values:
        zero = zero | (values["events"] == values["n"])
    touched = np.isin(which, which[zero])
    if touched.any():
        names = dict.fromkeys(arms.trial[touched].tolist())
        notes.warn(
            f"1/2 is added to the counts of all arms of trials in which an arm has a zero: "
            f"{listing(map(repr, names))}",
            DataWarning,
        )
    added = np.where(touched, 0.5, 0.0)
    values["events"] = values["events"] + added
    if "n" in values:
        values["n"] = values["n"] + 2 * added
    return values


def _refuse_impossible(arms: Arms, estimate: np.ndarray, variance: np.ndarray, group: Measure) -> None:
    bad = np.flatnonzero(~(np.isfinite(estimate) & np.isfinite(variance) & (variance > 0)))
    if bad.size:
        i = int(bad[0])
        told = ", ".join(f"{name} = {arms.values[name][i]:g}" for name in group.columns)
        raise InputError(
            f"arm {arms.treatment[i]!r} of trial {arms.trial[i]!r} has no {group.name}: {told}; "
            "correct it, leave the arm out, or choose another measure"
        )
