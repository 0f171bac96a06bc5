"""Arms of trials to effects against each trial's reference group, with their covariances."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.effects.registry import measure as look_up
from meta.errors import AssumptionWarning, DataWarning, InputError, Notes
from meta.formatting import listing
from meta.kernels.dose import greenland_longnecker, hamling, mean_contrasts
from meta.models.dose.dose_columns import Arms

Array = np.ndarray
COVARIANCES = ("GL", "GL-risk", "Hamling", "independent")
"""Greenland & Longnecker as R's dosresmeta and Stata's glst have it, with the equations of odds ratios for
risks too; the same with fitted counts whose risk ratios are those reported; Hamling; none, which is wrong
where arms share a reference and is there to show it."""
RHO = 0.5
"""Correlation of effects that share a reference group, without counts: that of groups of one size."""


@dataclass(frozen=True, slots=True)
class Choices:
    """Options of the covariances: ``rho`` and ``vtype`` are None where they were not given."""

    measure: str | None
    covariance: str
    rho: float | None
    vtype: str | None


@dataclass(slots=True)
class Collected:
    """What the trials give, trial after trial."""

    y: list[Array] = field(default_factory=list)
    S: list[Array] = field(default_factory=list)
    study: list[str] = field(default_factory=list)
    dose: list[Array] = field(default_factory=list)
    origin: list[float] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Effects of n arms against the reference arm of their own trial.

    Attributes
    ----------
    es : EffectSizes
        With the covariances of arms that share a reference; rows of one trial stand together.
    dose, origin : ndarray of shape (n,)
        Dose of the arm, and of its trial's reference.
    S : tuple of ndarray
        Covariances by trial.
    doses : ndarray
        Doses of all arms that are used, reference arms included.
    """

    es: EffectSizes
    dose: Array
    origin: Array
    S: tuple[Array, ...]
    doses: Array


def compare(arms: Arms, choices: Choices, notes: Notes) -> Comparisons:
    """Compare every arm with its trial's reference; what is left out or assumed is said."""
    of_means = _of_means(arms, choices)
    found = Collected()
    for label in dict.fromkeys(arms.study):
        rows = np.flatnonzero(arms.study == label)
        (_add_means if of_means else _add_ratios)(arms, rows, str(label), choices, found)
    _say(found, arms, choices, notes)
    if not found.y:
        raise InputError("no trial compares two doses; give at least two rows per study")
    sizes = [len(y) for y in found.y]
    S = found.S
    V = np.zeros((sum(sizes), sum(sizes)))
    ends = np.cumsum([0, *sizes])
    for a, b, own in zip(ends[:-1], ends[1:], S, strict=True):
        V[a:b, a:b] = own
    dose, origin = np.concatenate(found.dose), np.repeat(found.origin, sizes)
    es = EffectSizes(
        yi=np.concatenate(found.y),
        vi=np.diag(V).copy(),
        measure=_measure(arms, choices, of_means),
        study=np.repeat(np.array(found.study, dtype=object), sizes),
        covariance=V,
        columns={"dose": dose, "reference_dose": origin},
        variant=(choices.vtype or "HO") if of_means and choices.measure == "MD" else "",
    )
    doses = np.concatenate([np.array(found.origin), dose])
    return Comparisons(es, dose, origin, tuple(S), doses)


def _of_means(arms: Arms, choices: Choices) -> bool:
    """Whether effects are differences of the arms' means; refuses options that belong to the other kind."""
    has = set(arms.values)
    if choices.measure in ("MD", "SMD") and "yi" not in has:
        lacking = [name for name in ("mean", "sd", "n") if name not in has]
        if lacking:
            raise InputError(
                f"measure={choices.measure!r} needs mean, sd and n of every arm; missing: {listing(lacking)}"
            )
        unused: dict[str, Any] = {"design": arms.design, "rho": choices.rho}
        unused |= {"vtype": choices.vtype} if choices.measure == "SMD" else {}
        for name, value in unused.items():
            if value is not None:
                raise InputError(
                    f"{name}= has no effect with the means of measure {choices.measure!r}; leave it out"
                )
        if choices.covariance not in ("GL", "independent"):
            raise InputError(
                f"covariance={choices.covariance!r} is for ratios, not for measure {choices.measure!r}"
            )
        return True
    if choices.vtype is not None:
        raise InputError(
            f"vtype={choices.vtype!r} has no effect without means and measure='MD'; leave it out"
        )
    counted = {"cases", "n"} <= has and arms.design is not None
    if "yi" in has and not {"vi", "sei"} & has:
        raise InputError("yi needs its standard error: name the column, sei='se' (empty for the reference)")
    if "yi" not in has and not counted:
        told = "mean, sd and n with measure='MD' or 'SMD'; yi and sei; or cases, n and design"
        raise InputError(f"no effects: give {told}")
    if arms.design is not None and not counted:
        raise InputError(
            "design says how cases and n make covariances; give cases= and n=, or leave design out"
        )
    return False


def _measure(arms: Arms, choices: Choices, of_means: bool) -> str:
    if choices.measure is not None:
        return look_up(choices.measure).code
    if arms.design is None:
        return "GEN"
    kinds = set(arms.design)
    if len(kinds) > 1:
        return "RR"
    return {"case-control": "OR", "cohort": "RR"}.get(kinds.pop(), "IRR")


def _add_means(arms: Arms, rows: Array, label: str, choices: Choices, found: Collected) -> None:
    mean, sd, n = (arms.values[name] for name in ("mean", "sd", "n"))
    known = np.isfinite(mean[rows] + sd[rows] + n[rows] + arms.dose[rows])
    found.lacking += [f"{label!r} (row {i + 1})" for i in rows[~known]]
    rows = rows[known]
    ordered = _reference_first(arms, rows, label, found)
    if ordered is None:
        return
    if np.any(n[rows] < 2):
        raise InputError(f"n must be at least 2 in every arm: study {label!r} has n = {n[rows].min():g}")
    own = (mean[ordered], sd[ordered], n[ordered])
    if choices.measure == "SMD":
        made = mean_contrasts.standardised_differences(*own)
    else:
        made = mean_contrasts.mean_differences(*own, pooled=choices.vtype != "LS")
    S = np.diag(np.diag(made.S)) if choices.covariance == "independent" else made.S
    _append(found, arms, ordered, label, made.y, S)


def _reference_first(arms: Arms, rows: Array, label: str, found: Collected) -> Array | None:
    """Rows with the reference first: the marked one, else the lowest dose; None where nothing is left."""
    if arms.referent is not None and not arms.referent[rows].any():
        found.empty.append(label)
        return None
    if len(rows) < 2 or np.ptp(arms.dose[rows]) == 0:
        found.empty.append(label)
        return None
    if arms.referent is not None:
        first = rows[arms.referent[rows]][0]
    else:
        lowest = rows[arms.dose[rows] == arms.dose[rows].min()]
        if len(lowest) > 1:
            raise InputError(
                f"study {label!r} has {len(lowest)} arms at its lowest dose {arms.dose[lowest[0]]:g}; mark "
                "the reference by a column, referent='control'"
            )
        first = lowest[0]
    return np.concatenate([[first], rows[rows != first]])


def _append(found: Collected, arms: Arms, ordered: Array, label: str, y: Array, S: Array) -> None:
    found.y.append(y)
    found.S.append(S)
    found.study.append(label)
    found.dose.append(arms.dose[ordered[1:]])
    found.origin.append(float(arms.dose[ordered[0]]))


def _add_ratios(arms: Arms, rows: Array, label: str, choices: Choices, found: Collected) -> None:
    if "yi" not in arms.values:
        _add_crude(arms, rows, label, choices, found)
        return
    y, v = arms.values["yi"], _variances(arms)
    first = _reference_row(arms, rows, y, v, label)
    others = rows[rows != first]
    known = np.isfinite(y[others] + v[others] + arms.dose[others]) & (v[others] > 0)
    found.lacking += [f"{label!r} (row {i + 1})" for i in others[~known]]
    others = others[known]
    if not np.isfinite(arms.dose[first]) or not len(others):
        found.empty.append(label)
        return
    ordered = np.concatenate([[first], others])
    S = _covariances(arms, ordered, y[others], v[others], label, choices, found)
    _append(found, arms, ordered, label, y[others], S)


def _variances(arms: Arms) -> Array:
    return arms.values["vi"] if "vi" in arms.values else arms.values["sei"] ** 2


def _reference_row(arms: Arms, rows: Array, y: Array, v: Array, label: str) -> int:
    """The study's reference: the row that is marked, or that has no standard error and effect 0."""
    if arms.referent is not None:
        first = int(rows[arms.referent[rows]][0])
        if v[first] > 0 or (np.isfinite(y[first]) and y[first] != 0):
            raise InputError(
                f"the reference of study {label!r} has yi = {y[first]:g} with a standard error or effect of "
                "its own; effects are against the reference, whose own effect is 0 without one"
            )
        return first
    blank = rows[~(v[rows] > 0)]
    exact = blank[y[blank] == 0]
    candidates = exact if len(exact) else blank[np.isnan(y[blank])]
    if len(candidates) == 1:
        return int(candidates[0])
    if len(candidates) > 1:
        raise InputError(
            f"study {label!r} has {len(candidates)} rows without a standard error that could be its "
            "reference; mark one by a column, referent='control'"
        )
    if np.any(y[blank] == 1):
        raise InputError(
            f"yi must be logs of ratios: the reference of study {label!r} has yi = 1; take their logs"
        )
    raise InputError(
        f"study {label!r} has no reference row: add the group that its effects are compared with, with its "
        "dose, yi = 0 and no standard error"
    )


def _add_crude(arms: Arms, rows: Array, label: str, choices: Choices, found: Collected) -> None:
    """Crude log ratios from the counts themselves."""
    cases, n = arms.values["cases"], arms.values["n"]
    known = np.isfinite(cases[rows] + n[rows] + arms.dose[rows])
    found.lacking += [f"{label!r} (row {i + 1})" for i in rows[~known]]
    ordered = _reference_first(arms, rows[known], label, found)
    if ordered is None:
        return
    assert arms.design is not None
    design = str(arms.design[ordered[0]])
    a, size = cases[ordered], n[ordered]
    _check_counts(a, size, design, label)
    logs = np.log(a) - np.log(size - a if design == "case-control" else size)
    parts = greenland_longnecker.variance_parts(a, size, design)
    v = parts[0] + parts[1:]
    S = np.diag(v) if choices.covariance == "independent" else greenland_longnecker.from_parts(v, parts)
    _append(found, arms, ordered, label, logs[1:] - logs[0], S)


def _check_counts(cases: Array, n: Array, design: str, label: str) -> None:
    if design == "rates":
        return
    bad = cases >= n
    if bad.any():
        at = int(np.argmax(bad))
        what = "cases and controls together" if design == "case-control" else "everybody in the group"
        raise InputError(
            f"cases must be below n, which counts {what}: study {label!r} has cases = {cases[at]:g} and "
            f"n = {n[at]:g}"
        )


def _covariances(
    arms: Arms, ordered: Array, y: Array, v: Array, label: str, choices: Choices, found: Collected
) -> Array:
    """Covariances of a study's ratios: from its counts, or from an assumed correlation."""
    if len(v) == 1 or choices.covariance == "independent":
        return np.diag(v)
    counts = [arms.values.get(name, np.full(len(arms.dose), np.nan))[ordered] for name in ("cases", "n")]
    if arms.design is None or not np.isfinite(counts).all():
        found.assumed.append(label)
        rho = RHO if choices.rho is None else choices.rho
        S = rho * np.sqrt(np.outer(v, v))
        np.fill_diagonal(S, v)
        return S
    design, (cases, n) = str(arms.design[ordered[0]]), counts
    _check_counts(cases, n, design, label)
    if choices.covariance == "Hamling":
        S = hamling.covariance(y, v, cases, n, design)
    else:
        odds = choices.covariance == "GL" and design == "cohort"
        fitted = greenland_longnecker.fitted_cases(
            np.concatenate([[0.0], y]), cases, n, "case-control" if odds else design
        )
        if design == "cohort" and np.any(fitted >= n):
            raise InputError(
                f"no counts with the margins of study {label!r} have its risk ratios (a risk exceeds 1); "
                "check cases, n and design, or leave out its counts"
            )
        S = greenland_longnecker.from_parts(v, greenland_longnecker.variance_parts(fitted, n, design))
    if not np.isfinite(S).all() or np.linalg.eigvalsh(S)[0] <= 0:
        raise InputError(
            f"covariance={choices.covariance!r} gives no covariance matrix for study {label!r}: its standard "
            "errors are smaller than its counts allow; check sei, cases and n, or leave out its counts"
        )
    return S


def _say(found: Collected, arms: Arms, choices: Choices, notes: Notes) -> None:
    """Warnings about what was left out and what was assumed."""
    if found.lacking:
        notes.warn(f"left out because values are missing: {listing(found.lacking)}", DataWarning)
    if found.empty:
        told = listing(map(repr, found.empty))
        notes.warn(f"left out because nothing is compared with a reference: {told}", DataWarning)
    if found.assumed:
        rho = RHO if choices.rho is None else choices.rho
        notes.warn(
            f"without counts, effects that share a reference are taken to correlate by {rho:g}: "
            f"{listing(map(repr, found.assumed))}; vary rho= from 0 to 0.9",
            AssumptionWarning,
        )
    elif choices.rho is not None:
        raise InputError(
            "rho= has no effect where counts or single doses leave nothing to assume; leave it out"
        )
    if arms.design is not None and len(set(arms.design)) > 1 and choices.measure is None:
        notes.warn(
            "odds ratios, risk ratios or rate ratios of different designs are pooled as one ratio",
            AssumptionWarning,
        )
