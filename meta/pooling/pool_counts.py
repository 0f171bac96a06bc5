"""Pooling of counts: Mantel-Haenszel, Peto, generalised linear mixed models, beta-binomial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_level, refuse_unused
from meta.effects.count_tables import Counts, read_counts
from meta.effects.registry import measure as look_up
from meta.errors import DataWarning, Notes, NotEstimableError, UnknownOptionError, unknown_option
from meta.formatting import listing
from meta.kernels import mantel_haenszel as mh
from meta.kernels.mantel_haenszel import ChiSquared
from meta.kernels.tau2 import ESTIMATORS
from meta.keywords import keywords
from meta.pooling.boundary import check_option
from meta.pooling.count_effects import own_effects
from meta.pooling.count_glmm import fit_beta_binomial, fit_glmm
from meta.pooling.count_result import PooledCounts
from meta.pooling.count_subgroups import pool_by_group

if TYPE_CHECKING:
    pass

METHODS: dict[str, tuple[str, ...]] = {
    "MH": ("correct", "add"),
    "Peto": ("correct",),
    "GLMM": ("model", "quadrature", "add"),
    "BB": ("add",),
}
"""The methods, with the options that each takes besides those of all."""
_POOLED: dict[str, Callable[..., mh.Pooled2x2]] = {
    "OR": mh.odds_ratio,
    "RR": mh.risk_ratio,
    "RD": mh.risk_difference,
    "IRR": mh.rate_ratio,
    "IRD": mh.rate_difference,
}
MEASURES = (*_POOLED, "PLO", "IRLN")
"""What can be pooled; of one group, by mixed models alone."""


def _mantel_haenszel(counts: Counts, measure: str, level: float, add: float, correct: bool) -> PooledCounts:
    if measure not in _POOLED:
        raise unknown_option("measure for Mantel-Haenszel", measure, tuple(_POOLED))
    pooled = _POOLED[measure](*counts.columns)
    yi, vi = own_effects(measure, counts.columns, add)
    use = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    q = ChiSquared.of(float(((yi[use] - pooled.estimate) ** 2 / vi[use]).sum()), int(use.sum()) - 1)
    tests: dict[str, Any] = {}
    x1, m1, x2, m2 = counts.columns
    if counts.design == "2x2":
        tests["cmh"] = mh.cochran_mantel_haenszel(x1, m1, x2, m2, correct=correct)
        if measure == "OR":
            tests["breslow_day"], tests["tarone"] = mh.breslow_day(x1, m1, x2, m2, pooled.estimate)
    else:
        tests["cmh"] = mh.rate_test(x1, m1, x2, m2, correct=correct)
    return _packed(counts, measure, "MH", level, pooled, (yi, vi), q, tests)


def _peto(counts: Counts, measure: str, level: float, _: float, correct: bool) -> PooledCounts:
    if measure != "OR":
        raise unknown_option("measure for Peto's method", measure, ("OR",))
    pooled, q = mh.peto(*counts.columns)
    a, n1, c, n2 = counts.columns
    expected, variance = mh.hypergeometric_moments(a, n1, c, n2)
    with np.errstate(divide="ignore", invalid="ignore"):
        yi, vi = (np.where(variance > 0, x / variance, np.nan) for x in (a - expected, np.ones_like(a)))
    tests = {"cmh": mh.cochran_mantel_haenszel(a, n1, c, n2, correct=correct)}
    return _packed(counts, measure, "Peto", level, pooled, (yi, vi), q, tests)


def _packed(
    counts: Counts,
    measure: str,
    method: str,
    level: float,
    pooled: mh.Pooled2x2,
    own: tuple[np.ndarray, np.ndarray],
    q: ChiSquared,
    tests: dict[str, Any],
) -> PooledCounts:
    if not pooled.variance > 0:
        raise NotEstimableError(
            f"the variance of the pooled {look_up(measure).name} is zero; no table has enough events"
        )
    return PooledCounts(
        measure=measure, method=method, model="", level=level, estimate=pooled.estimate, k=counts.k,
        se=float(np.sqrt(pooled.variance)), study=counts.study, yi=own[0], vi=own[1], counts=counts,
        weights=100 * pooled.weights, q=q.statistic, q_df=q.df, q_p=q.p_value, **tests,
    )  # fmt: skip


@keywords
def pool_counts(
    table: Any = None,
    *,
    measure: str,
    method: str = "MH",
    model: str | None = None,
    events1: Any = None,
    n1: Any = None,
    nonevents1: Any = None,
    events2: Any = None,
    n2: Any = None,
    nonevents2: Any = None,
    time1: Any = None,
    time2: Any = None,
    events: Any = None,
    n: Any = None,
    nonevents: Any = None,
    time: Any = None,
    study: Any = None,
    level: float = 0.95,
    add: float | None = None,
    correct: bool | None = None,
    quadrature: int | None = None,
    by: Any = None,
) -> PooledCounts:
    """Pool counts without going through effect sizes.

    Parameters
    ----------
    table : table, EffectSizes or fit, optional
        Where column names are looked up, a table of any kind as in :func:`meta.effect_sizes`, or effects that
        were computed from counts; arrays need none.
    measure : {"OR", "RR", "RD", "IRR", "IRD", "PLO", "IRLN"}
        OR, RR, RD: ``events1 n1 events2 n2`` (or ``nonevents1``, ``nonevents2``); IRR, IRD: ``events1 time1
        events2 time2``; PLO: ``events n``; IRLN: ``events time``.
    method : {"MH", "Peto", "GLMM", "BB"}
        Mantel-Haenszel; Peto (OR); generalised linear mixed model (OR, IRR, PLO, IRLN); beta-binomial (OR,
        PLO).
    model : {"UM.FS", "UM.RS", "CM.EL", "CM.AL"}, optional
        Of the GLMM for two groups; ``UM.FS`` without.
    events1, n1, nonevents1, time1, events2, n2, nonevents2, time2 : str or array, optional
        Counts of the two groups; group 1 is the treated one. Without any, the table's columns of these names.
    events, n, nonevents, time : str or array, optional
        Counts of a single group.
    study : str or array, optional
        Labels.
    level : float
        Confidence level.
    add : float, optional
        Added to the cells of tables with a zero in the studies' own effects alone (0.5); not with Peto.
    correct : bool, optional
        For MH and Peto: continuity correction of the Cochran-Mantel-Haenszel test (True).
    quadrature : int, optional
        For a GLMM: nodes of the adaptive Gauss-Hermite quadrature; 1 is Laplace's approximation.

    by : str or array, optional
        Groups to pool apart; the result is a ``CountSubgroups``: ``fits``, ``overall``, a test between.

    Returns
    -------
    PooledCounts

    Notes
    -----
    Risk differences have Sato's variance. Two-group GLMMs: Stijnen, Hamza & Ozdemir (2010),
    doi:10.1002/sim.4040; Jackson et al. (2018), doi:10.1002/sim.7588.

    Examples
    --------
    >>> import meta
    >>> fit = meta.pool_counts(measure="OR", events1=[4, 6], n1=[20, 30], events2=[9, 12], n2=[20, 30])
    >>> round(fit.estimate, 4), round(fit.backtransform().estimate, 3)
    (-1.0635, 0.345)
    """
    arguments = dict(locals())
    check_arguments(pool_counts, arguments)
    if by is not None:
        arguments = {name: value for name, value in arguments.items() if name not in ("table", "by")}
        return pool_by_group(pool_counts, table, by, arguments)  # type: ignore[return-value]
    check_option("measure", measure, MEASURES)
    _check_method(method, tuple(METHODS))
    check_level(level)
    options = {"model": model, "correct": correct, "quadrature": quadrature, "add": add}
    refuse_unused(f"with method {method!r}", options, METHODS[method])
    notes = Notes()
    given = {
        **{"events1": events1, "n1": n1, "nonevents1": nonevents1, "time1": time1},
        **{"events2": events2, "n2": n2, "nonevents2": nonevents2, "time2": time2},
        **{"events": events, "n": n, "nonevents": nonevents, "time": time},
    }
    extra = 0.5 if add is None else add
    counts = read_counts(table, measure, given, study, notes, whole=method in ("GLMM", "BB"))
    if method in ("MH", "Peto"):
        engine = _mantel_haenszel if method == "MH" else _peto
        return _with_notes(engine(counts, measure, level, extra, correct is not False), notes)
    if method == "GLMM":
        return fit_glmm(counts, measure, model, level, extra, quadrature, notes)
    return fit_beta_binomial(counts, measure, level, extra, notes)


def _with_notes(fit: PooledCounts, notes: Notes) -> PooledCounts:
    assert fit.counts is not None
    empty = fit.study[~np.isfinite(fit.yi)]
    if empty.size:
        who = listing(map(repr, map(str, empty)))
        notes.warn(
            f"tables that say nothing about the {look_up(fit.measure).display}: {who}",
            DataWarning,
        )
    return replace(fit, warnings=notes.messages)


def _check_method(method: str, allowed: tuple[str, ...]) -> None:
    """Refuse a method of counts that does not exist; estimators of tau2 get a hint."""
    if method in allowed:
        return
    problem = unknown_option("method", method, allowed)
    if str(method).upper() in (*ESTIMATORS, "FE", "CE", "INVERSE", "IV"):
        raise UnknownOptionError(
            f"{problem}; to pool by inverse variance, make effect sizes with meta.effect_sizes(...) and pool "
            "them with meta.pool(..., method='EE')"
        )
    raise problem
