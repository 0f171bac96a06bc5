"""Pooled counts as a forest plot shows them: the studies' own effects, their counts, the pooled effect."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes

METHODS = {
    "MH": "Mantel-Haenszel",
    "Peto": "Peto",
    "GLMM": "Generalised linear mixed model",
    "BB": "Beta-binomial model",
}
_NAMES = {
    "2x2": ("events1", "n1", "events2", "n2"),
    "rates": ("events1", "time1", "events2", "time2"),
    "proportion": ("events", "n"),
    "rate": ("events", "time"),
}


def as_fit(fit: Any) -> Any:
    """A fit of counts with what a forest plot asks of a fit of effects."""
    known = np.isfinite(fit.yi) & np.isfinite(fit.vi) & (fit.vi > 0)
    kind = np.where(known, "exact", "none").astype(object)
    counts = fit.counts
    inputs = {} if counts is None else dict(zip(_NAMES[counts.design], counts.columns, strict=True))
    beside = {} if counts is None else dict(counts.own)
    reason = np.where(known, "", "not estimable").astype(object)
    effects = EffectSizes(
        yi=np.where(known, fit.yi, np.nan),
        vi=np.where(known, fit.vi, np.nan),
        measure=fit.measure,
        study=fit.study,
        kind=kind,
        inputs=inputs,
        columns=beside if known.all() else {**beside, "reason": reason},
    )
    own = ("level", "estimate", "ci_low", "ci_high", "k", "statistic", "p_value", "tau2", "q", "q_df", "q_p")
    shown = SimpleNamespace(**{name: getattr(fit, name) for name in own})
    shown.effects = effects
    shown.weights = fit.weights if np.isfinite(fit.weights).any() else None
    shown.method = fit.method
    shown.label = " ".join(filter(None, (METHODS.get(fit.method, fit.method), fit.model)))
    if np.isfinite(fit.tau2):
        shown.prediction_interval = fit.prediction_interval
    return shown


def as_subgroups(found: Any) -> Any:
    """Fits of counts by subgroup with what a forest plot asks of subgroups."""
    return SimpleNamespace(
        fits={name: as_fit(fit) for name, fit in found.fits.items()},
        overall=as_fit(found.overall),
        q_between=found.q_between,
        q_between_df=found.q_between_df,
        q_between_p=found.q_between_p,
        random=found.random,
    )
