"""Counts without effect sizes: Mantel-Haenszel, Peto, models of counts, asymmetry of tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import meta
from meta.pooling.count_glmm import MODELS
from tests.net import data
from tests.net.register import Group, take

CLASSIC = Group("counts")
MODELLED = Group("glmm")
GROUPS = [CLASSIC, MODELLED]
FIT = (
    "k estimate se ci_low ci_high statistic p_value tau2 tau2_se sigma2 loglik aic bic q q_df q_p dispersion"
)
FIT += " weights"
TABLES = [name for name, (_, columns) in data.COLUMNS.items() if {"events1", "n1"} <= set(columns)]
RATES = [name for name, (_, columns) in data.COLUMNS.items() if "time1" in columns]
PROPORTIONS = ["miller1978", "pritz1997"]


def counted(name: str, measure: str, method: str, **options: Any) -> Mapping[str, Any]:
    fit = meta.pool_counts(
        data.table(name), measure=measure, method=method, **data.COLUMNS[name][1], **options
    )
    tests = {
        kind: take(getattr(fit, kind), "statistic df p_value")
        for kind in ("breslow_day", "cmh", "tarone", "q_wald")
        if getattr(fit, kind, None) is not None
    }
    back = "estimate ci_low ci_high low high prediction_low prediction_high pi_low pi_high"
    return (
        take(fit, FIT, back=lambda: take(fit.backtransform(), back), prediction=fit.prediction_interval)
        | tests
    )


for _name in TABLES:
    for _measure, _method in (("OR", "MH"), ("RR", "MH"), ("RD", "MH"), ("OR", "Peto")):
        CLASSIC.add(f"{_name} {_measure} {_method}", lambda n=_name, m=_measure, h=_method: counted(n, m, h))
    for _options in ({"add": 0.25}, {"correct": False}, {"level": 0.9}):
        _key, _value = next(iter(_options.items()))
        CLASSIC.add(f"{_name} OR MH {_key} {_value}", lambda n=_name, o=_options: counted(n, "OR", "MH", **o))
for _name in RATES:
    for _measure in ("IRR", "IRD"):
        CLASSIC.add(f"{_name} {_measure} MH", lambda n=_name, m=_measure: counted(n, m, "MH"))
    for _model in MODELS["IRR"]:
        MODELLED.add(f"{_name} IRR {_model}", lambda n=_name, m=_model: counted(n, "IRR", "GLMM", model=m))
for _name in ("bcg", "nielweise2007", "aspirin", "hine1989"):
    for _model in MODELS["OR"]:
        MODELLED.add(f"{_name} OR {_model}", lambda n=_name, m=_model: counted(n, "OR", "GLMM", model=m))
    MODELLED.add(f"{_name} OR BB", lambda n=_name: counted(n, "OR", "BB"))
for _name in PROPORTIONS:
    MODELLED.add(f"{_name} PLO", lambda n=_name: counted(n, "PLO", "GLMM"))
    MODELLED.add(f"{_name} PLO, 11 nodes", lambda n=_name: counted(n, "PLO", "GLMM", quadrature=11))
MODELLED.add(
    "hart1999 IRLN",
    lambda: take(
        meta.pool_counts(
            data.table("hart1999"), measure="IRLN", method="GLMM", events="events1", time="time1"
        ),
        FIT,
    ),
)
