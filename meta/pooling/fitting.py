"""One univariate fit of effects that are at hand; :func:`meta.pool` checks, calls and wraps it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.errors import (
    AssumptionWarning,
    ConvergenceWarning,
    FewStudiesWarning,
    NarrowIntervalWarning,
    Notes,
)
from meta.formatting import number
from meta.kernels.inference import PooledEstimate, pooled_rows, quantile
from meta.kernels.likelihood import likelihood_of
from meta.kernels.q_profile import heterogeneity_rows
from meta.kernels.tau2 import Tau2Estimate, estimate_rows
from meta.kernels.weights import Rows, moments
from meta.pooling.intervals_and_diagnostics import Diagnostics
from meta.pooling.pool_options import PoolOptions
from meta.pooling.result import Pooled


@dataclass(frozen=True, slots=True)
class Fitted:
    """The arithmetic of one block; arrays of shape (p,)."""

    tau2: Tau2Estimate
    pooled: PooledEstimate
    i2: np.ndarray
    h2: np.ndarray
    i2_q: np.ndarray
    h2_q: np.ndarray
    q: np.ndarray
    q_p: np.ndarray
    loglik: np.ndarray


def fit_rows(rows: Rows, options: PoolOptions, weights: np.ndarray | None = None) -> Fitted:
    """Fit every meta-analysis of a laid-out batch; ``weights`` has shape (k, p)."""
    found, sums, zero = estimate_rows(rows, options.estimator, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = moments(rows, found.tau2) if sums is None else sums
    pooled = pooled_rows(rows, found.tau2, test=options.test, level=options.level, weights=weights, sums=sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        # given weights lead away from the likelihood's mean, which costs this much of it
        q = sums.q if weights is None else sums.q + sums.s1 * (pooled.estimate - sums.mean) ** 2
        loglik = likelihood_of(rows, found.tau2, sums.s1, q, options.method == "REML")
    h = heterogeneity_rows(rows, found.tau2, zero)
    equal = options.method == "EE"
    return Fitted(
        tau2=found,
        pooled=pooled,
        i2=h.i2_q if equal else h.i2,
        h2=h.h2_q if equal else h.h2,
        i2_q=h.i2_q,
        h2_q=h.h2_q,
        q=h.q,
        q_p=h.q_p,
        loglik=loglik,
    )


def fit_effects(
    effects: EffectSizes,
    options: PoolOptions,
    *,
    weights: np.ndarray | None = None,
    notes: Notes | None = None,
) -> Pooled:
    """Pool rows that are all exact: a batch of width one, and what to warn about."""
    notes = Notes() if notes is None else notes
    k = effects.k
    rows = Rows(effects.yi[:, None], effects.vi[:, None], np.array([float(k)]), True)
    fitted = fit_rows(rows, options, None if weights is None else weights[:, None])
    _caution(k, options, fitted, notes)
    p, t = fitted.pooled, fitted.tau2
    w = 1.0 / (effects.vi + (float(t.tau2[0]) if k > 1 or options.tau2 is not None else 0.0))
    if weights is not None:
        w = weights
    return Pooled(
        effects=effects,
        options=options,
        estimate=float(p.estimate[0]),
        se=float(p.se[0]),
        ci_low=float(p.ci_low[0]),
        ci_high=float(p.ci_high[0]),
        statistic=float(p.statistic[0]),
        p_value=float(p.p_value[0]),
        df=float(p.df[0]),
        k=k,
        tau2=float(t.tau2[0]),
        tau2_se=float(t.se[0]),
        q=float(fitted.q[0]),
        q_df=float(k - 1),
        q_p=float(fitted.q_p[0]),
        i2=float(fitted.i2[0]),
        h2=float(fitted.h2[0]),
        i2_q=float(fitted.i2_q[0]),
        h2_q=float(fitted.h2_q[0]),
        loglik=float(fitted.loglik[0]),
        weights=100.0 * w / w.sum(),
        se_classic=float(p.se_classic[0]),
        hk_scale=float(p.scale[0]),
        user_weights=weights,
        diagnostics=Diagnostics(
            iterations=int(t.iterations[0]),
            converged=bool(t.converged[0]),
            at_boundary=bool(t.at_boundary[0]),
            maxima=int(t.maxima[0]),
        ),
        warnings=notes.messages,
    )


def _caution(k: int, options: PoolOptions, fitted: Fitted, notes: Notes) -> None:
    """Warn about what a reader of this fit should know."""
    p, test = fitted.pooled, options.test
    if k == 1:
        notes.warn(
            "only one study: its own normal test is reported, and heterogeneity is not estimable",
            FewStudiesWarning,
        )
        return
    if k == 2 and test != "z":
        value = number(float(quantile(0.5 + options.level / 2, p.df)[0]), 1)
        notes.warn(
            f"only two studies: the interval uses t with 1 df (critical value {value}) and says very little",
            FewStudiesWarning,
        )
    if not fitted.tau2.converged[0]:
        notes.warn(f"the {options.method} estimate of tau2 did not converge", ConvergenceWarning)
    if options.method == "EE" and test in ("hksj", "adhoc", "KR"):
        notes.warn(
            f"test '{test}' belongs to a random-effects model; under equal effects use test='z'",
            AssumptionWarning,
        )
    elif test == "KR" and options.method != "REML":
        notes.warn(
            f"Kenward-Roger's correction is derived for REML, not for {options.method_name}",
            AssumptionWarning,
        )
    if test == "hksj":
        _caution_narrow(options, p, notes)


def _caution_narrow(options: PoolOptions, p: PooledEstimate, notes: Notes) -> None:
    if p.se[0] <= 1e-12 * p.se_classic[0]:
        notes.warn(
            "all effects are equal, so that Hartung-Knapp's standard error is 0: report test='adhoc' instead",
            NarrowIntervalWarning,
        )
        return
    half = float(p.ci_high[0] - p.estimate[0])
    classic = float(quantile(0.5 + options.level / 2, np.inf)) * float(p.se_classic[0])
    if half < classic:
        notes.warn(
            f"the Hartung-Knapp interval (half-width {half:.3g}) is narrower than the classic one "
            f"({classic:.3g}): report the floored interval (.adhoc) beside it",
            NarrowIntervalWarning,
        )
