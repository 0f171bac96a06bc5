"""Designs that need care: clusters, shared controls, crossovers, survival, scales, units, change scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import floats
from meta.effects.from_tests import paired_variance
from meta.effects.recovered_values import Recovered, RecoveredEffect, numbers, require
from meta.effects.recovery import se_from_ci
from meta.effects.units import UNITS as UNITS
from meta.effects.units import unit_factor
from meta.errors import AssumptionWarning, InputError, Notes, unknown_option
from meta.kernels.hedges_correction import hedges_j


def design_effect(cluster_size: ArrayLike, *, icc: ArrayLike, cv: ArrayLike = 0.0) -> Recovered:
    """Return how much randomising clusters inflates a variance: ``1 + ((1 + cv^2) m - 1) icc``.

    Parameters
    ----------
    cluster_size : array_like
        Mean number of people in a cluster, m.
    icc : array_like
        Intracluster correlation.
    cv : array_like
        Coefficient of variation of the cluster sizes, 0 if they are equal
        (Eldridge 2006, doi:10.1093/ije/dyl129).

    Examples
    --------
    >>> round(float(design_effect(21.2, icc=0.02)), 3)
    1.404
    """
    m, rho, spread = numbers(cluster_size=cluster_size, icc=icc, cv=cv)
    require(m >= 1, "cluster_size", m, "must be at least 1")
    require((rho >= 0) & (rho <= 1), "icc", rho, "must be between 0 and 1")
    return Recovered(1 + ((1 + spread**2) * m - 1) * rho, "design effect 1 + ((1 + cv^2) m - 1) icc")


def effective_size(
    n: ArrayLike, *, cluster_size: ArrayLike, icc: ArrayLike, cv: ArrayLike = 0.0
) -> Recovered:
    """Return the number of people (or events) that a cluster-randomised arm is worth, not rounded.

    >>> round(float(effective_size(295, cluster_size=21.2, icc=0.02)), 1)
    210.1
    """
    (size,) = numbers(n=n)
    effect = design_effect(cluster_size, icc=icc, cv=cv)
    return Recovered(size / effect.value, f"n divided by the {effect.how}")


def inflated_variance(
    vi: ArrayLike, *, cluster_size: ArrayLike, icc: ArrayLike, cv: ArrayLike = 0.0
) -> Recovered:
    """Return the variance of an effect that was computed as if people had been randomised one by one.

    >>> round(float(inflated_variance(0.04, cluster_size=21.2, icc=0.02)), 4)
    0.0562
    """
    (variance,) = numbers(vi=vi)
    require(variance > 0, "vi", variance, "must be > 0")
    effect = design_effect(cluster_size, icc=icc, cv=cv)
    return Recovered(variance * effect.value, f"variance times the {effect.how}")


@dataclass(frozen=True, slots=True)
class SplitControl:
    """One comparison's share of a control group; ``events`` is None for means."""

    n: float
    events: float | None
    how: str


def split_control(n: float, *, comparisons: int, events: float | None = None) -> SplitControl:
    """Share a control group among the arms that are compared with it, so that nobody counts twice.

    Means and SDs stay as they are. The shares are not rounded; the comparisons remain approximately
    independent. :func:`shared_control_covariance` loses nothing and is to be preferred.

    >>> split_control(60, comparisons=2, events=9)
    SplitControl(n=30.0, events=4.5, how='control group shared by 2 comparisons')
    """
    if comparisons < 2:
        raise InputError(f"comparisons must be at least 2 to share a control group: got {comparisons}")
    share = None if events is None else events / comparisons
    return SplitControl(n / comparisons, share, f"control group shared by {comparisons} comparisons")


def _cov_md(sd: float, n: float, **_: float) -> float:
    return sd**2 / n


def _cov_rom(sd: float, n: float, mean: float, **_: float) -> float:
    return sd**2 / (n * mean**2)


def _cov_or(events: float, n: float, **_: float) -> float:
    return 1 / events + 1 / (n - events)


def _cov_rr(events: float, n: float, **_: float) -> float:
    return 1 / events - 1 / n


def _cov_rd(events: float, n: float, **_: float) -> float:
    return events * (n - events) / n**3


@dataclass(frozen=True, slots=True)
class SharedControl:
    """How two comparisons with one control group covary, for one measure."""

    measure: str
    function: Callable[..., float]
    needs: tuple[str, ...]
    citation: str
    doi: str


SHARED_CONTROL = {
    s.measure: s
    for s in (
        SharedControl("MD", _cov_md, ("sd", "n"), "Gleser LJ, Olkin I (2009)", ""),
        SharedControl("ROM", _cov_rom, ("mean", "sd", "n"), "Lajeunesse MJ (2011)", "10.1890/11-0423.1"),
        SharedControl("OR", _cov_or, ("events", "n"), "Gleser LJ, Olkin I (2009)", ""),
        SharedControl("RR", _cov_rr, ("events", "n"), "Gleser LJ, Olkin I (2009)", ""),
        SharedControl("RD", _cov_rd, ("events", "n"), "Gleser LJ, Olkin I (2009)", ""),
    )
}


def shared_control_covariance(
    vi: ArrayLike,
    *,
    measure: str,
    yi: ArrayLike | None = None,
    total: float | None = None,
    n: float | None = None,
    mean: float | None = None,
    sd: float | None = None,
    events: float | None = None,
) -> np.ndarray:
    """Return the sampling covariance matrix of the comparisons of one trial with its one control group.

    Parameters
    ----------
    vi : array_like of shape (k,)
        Sampling variances of the comparisons, the diagonal.
    measure : {"MD", "SMD", "ROM", "OR", "RR", "RD"}
        Ratios are on the log scale.
    yi, total : array_like of shape (k,) and float
        For SMD: the effects, and people in all arms; the covariance is ``1/n_c + g_i g_j/(2 total)``.
    n, mean, sd, events : float
        The control group's own, as far as the measure needs them.

    Returns
    -------
    ndarray of shape (k, k)

    References
    ----------
    Gleser LJ, Olkin I (2009). Stochastically dependent effect sizes. In: The Handbook of Research Synthesis
    and Meta-Analysis, 2nd ed. Lajeunesse MJ (2011). doi:10.1890/11-0423.1

    Examples
    --------
    >>> shared_control_covariance([0.09, 0.11], measure="OR", events=20, n=40).round(3).tolist()
    [[0.09, 0.1], [0.1, 0.11]]
    """
    own = (("n", n), ("mean", mean), ("sd", sd), ("events", events))
    control = {name: value for name, value in own if value is not None}
    (variances,) = numbers(vi=vi)
    if measure == "SMD":
        if yi is None or total is None or "n" not in control:
            raise InputError("covariance of SMDs with a shared control needs yi, total and n: give all three")
        (g,) = numbers(yi=yi)
        matrix = 1 / control["n"] + np.multiply.outer(g, g) / (2 * total)
    elif measure in SHARED_CONTROL:
        rule = SHARED_CONTROL[measure]
        missing = [name for name in rule.needs if name not in control]
        if missing:
            raise InputError(
                f"covariance for {measure} needs the control group's {', '.join(missing)}: give it"
            )
        matrix = np.full((variances.size, variances.size), rule.function(**control))
    else:
        raise unknown_option("measure", measure, ["SMD", *SHARED_CONTROL])
    np.fill_diagonal(matrix, variances)
    return matrix


def crossover_difference(
    *, mean1: ArrayLike, sd1: ArrayLike, mean2: ArrayLike, sd2: ArrayLike, n: ArrayLike, r: ArrayLike
) -> RecoveredEffect:
    """Return the mean difference of a crossover from two treatment means and the correlation within people.

    >>> effect = crossover_difference(mean1=11.1, sd1=7.3, mean2=11.8, sd2=7.6, n=42, r=0.7)
    >>> float(effect.yi.round(2)), float(effect.sei.round(3))
    (-0.7, 0.891)
    """
    one, s1, two, s2, size, rho = numbers(mean1=mean1, sd1=sd1, mean2=mean2, sd2=sd2, n=n, r=r)
    require(np.abs(rho) <= 1, "r", rho, "must be between -1 and 1")
    variance = (s1**2 + s2**2 - 2 * rho * s1 * s2) / size
    how = "MD of two treatment means of the same people, SE from both SDs and r"
    return RecoveredEffect(one - two, variance, how, (_assumed(rho),))


def crossover_smd(
    *, mean1: ArrayLike, sd1: ArrayLike, mean2: ArrayLike, sd2: ArrayLike, n: ArrayLike, r: ArrayLike,
    variance: str = "auto",
) -> RecoveredEffect:  # fmt: skip
    """Return the standardised difference of a crossover, in SDs of single measurements.

    ``g = J(n - 1) (mean1 - mean2)/sqrt((sd1^2 + sd2^2)/2)``, so that it can be pooled with parallel trials
    (Elbourne 2002, doi:10.1093/ije/31.1.140); the variance as in
    :func:`meta.effects.from_tests.paired_variance`.

    >>> effect = crossover_smd(mean1=11.1, sd1=7.3, mean2=11.8, sd2=7.6, n=42, r=0.7)
    >>> float(effect.yi.round(3)), float(effect.sei.round(3))
    (-0.092, 0.118)
    """
    one, s1, two, s2, size, rho = numbers(mean1=mean1, sd1=sd1, mean2=mean2, sd2=sd2, n=n, r=r)
    g = hedges_j(size - 1) * (one - two) / np.sqrt((s1**2 + s2**2) / 2)
    how = "SMD of two treatment means of the same people, in SDs of single measurements"
    return RecoveredEffect(g, paired_variance(g, n=size, r=rho, kind=variance), how, (_assumed(rho),))


def _assumed(r: np.ndarray) -> str:
    return (
        f"correlation within people r = {r:g}" if r.ndim == 0 else "correlation within people given per row"
    )


def log_hazard_ratio(o_minus_e: ArrayLike, *, v: ArrayLike) -> RecoveredEffect:
    """Return the log hazard ratio from the logrank O - E and its variance: ``(O - E)/V``, variance ``1/V``.

    Yusuf et al. (1985, doi:10.1016/S0033-0620(85)80003-7); Parmar et al. (1998).

    >>> effect = log_hazard_ratio(-8.4, v=21.0)
    >>> float(effect.yi.round(3)), float(effect.vi.round(4))
    (-0.4, 0.0476)
    """
    excess, variance = numbers(o_minus_e=o_minus_e, v=v)
    require(variance > 0, "v", variance, "must be > 0")
    return RecoveredEffect(excess / variance, 1 / variance, "log HR = (O - E)/V, variance 1/V (logrank)")


def log_hazard_ratio_from_ci(
    hazard_ratio: ArrayLike, *, ci_low: ArrayLike, ci_high: ArrayLike, level: ArrayLike = 0.95
) -> RecoveredEffect:
    """Return the log hazard ratio from a hazard ratio and its confidence interval.

    >>> float(log_hazard_ratio_from_ci(0.7, ci_low=0.5, ci_high=0.98).sei.round(4))
    0.1717
    """
    (ratio,) = numbers(hazard_ratio=hazard_ratio)
    require(ratio > 0, "hazard_ratio", ratio, "must be > 0")
    se = se_from_ci(ci_low, ci_high, level=level, log=True)
    return RecoveredEffect(np.log(ratio), se.value**2, se.how)


@dataclass(frozen=True, slots=True)
class Turned:
    """Values whose scale was turned round, or that were multiplied, with the record of it."""

    value: np.ndarray
    sd: np.ndarray | None
    how: str


def flip_effect(yi: ArrayLike, *, flip: ArrayLike = True) -> Turned:
    """Turn the sign of effects whose scale runs the other way; variances stay as they are.

    >>> flip_effect([0.4, -0.2], flip=[True, False]).value.tolist()
    [-0.4, -0.2]
    """
    value = floats(yi, "yi")
    chosen = np.broadcast_to(np.asarray(flip, dtype=bool), value.shape)
    rows = ", ".join(map(str, np.flatnonzero(chosen)))
    how = "scale turned" + (f" at position {rows}" if value.ndim else "") if chosen.any() else "as reported"
    return Turned(np.where(chosen, -value, value), None, how)


def flip_scale(mean: ArrayLike, *, lowest: float, highest: float, sd: ArrayLike | None = None) -> Turned:
    """Turn means of a scale from ``lowest`` to ``highest`` round: ``lowest + highest - mean``; SDs stay.

    >>> float(flip_scale(2.5, lowest=0, highest=10).value)
    7.5
    """
    (value,) = numbers(mean=mean)
    inside = (value >= lowest) & (value <= highest)
    require(inside, "mean", value, f"must lie on the scale from {lowest:g} to {highest:g}")
    spread = None if sd is None else np.asarray(sd, dtype=float)
    return Turned(lowest + highest - value, spread, f"scale from {lowest:g} to {highest:g} turned")


def convert_units(
    mean: ArrayLike,
    *,
    source: str,
    target: str,
    sd: ArrayLike | None = None,
    factor: float | None = None,
    offset: float = 0.0,
) -> Turned:
    """Bring means and SDs to another unit: ``mean factor + offset``, ``sd |factor|``.

    >>> float(convert_units(90.0, source="mg/dL glucose", target="mmol/L glucose").value.round(2))
    5.0
    """
    (value,) = numbers(mean=mean)
    times = unit_factor(source, target) if factor is None else float(factor)
    if times == 0 or not np.isfinite(times):
        raise InputError(
            f"factor from {source!r} to {target!r} must be a finite number other than 0: got {times}"
        )
    spread = None if sd is None else np.asarray(sd, dtype=float) * abs(times)
    added = f" plus {offset:g}" if offset else ""
    return Turned(value * times + offset, spread, f"{source} to {target}: times {times:g}{added}")


def check_score_types(
    kinds: Sequence[str], *, measure: str, study: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Warn when change scores and final values meet in one pool of standardised effects.

    Their SDs differ (the SD of changes depends on the correlation), so an SMD of one is not an SMD of the
    other; raw mean differences may be mixed.

    Parameters
    ----------
    kinds : sequence of {"change", "final"}
        One a row.
    measure : str
        The measure that is to be pooled.
    study : sequence of str or None
        Labels, to name the rows in the minority.

    Returns
    -------
    tuple of str
        The warnings issued; empty if there is nothing to say.

    Examples
    --------
    >>> check_score_types(["final", "change"], measure="MD")
    ()
    """
    for position, kind in enumerate(kinds):
        if kind not in ("change", "final"):
            raise InputError(f"kind must be 'change' or 'final': got {kind!r} at position {position}")
    if not measure.startswith("SMD") or len(set(kinds)) < 2:
        return ()
    rare = min(("change", "final"), key=list(kinds).count)
    rows = [i for i, kind in enumerate(kinds) if kind == rare]
    labels = ", ".join(str(study[i]) if study is not None else f"row {i}" for i in rows)
    notes = Notes()
    notes.warn(
        f"{measure} mixes change scores and final values, which are standardised by different SDs "
        f"({rare} scores: {labels}): pool them apart, or bring one to the other through a correlation",
        AssumptionWarning,
    )
    return notes.messages
