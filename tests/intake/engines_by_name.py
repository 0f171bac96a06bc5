"""Every public function that takes effects, called in one way, and the numbers that it gives."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

import meta
from meta.bayes.averaging import model_average
from meta.bayes.batch import leave_one_out as bayes_leave_one_out

PRIORS = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}


def plain(function, **fixed):
    return lambda data=None, **given: function(data, **fixed, **given)


def after_pool(function, **fixed):
    """Of functions whose first argument may be a fit or what one is made of."""
    return plain(function, **fixed)


ENGINES = {
    "pool": plain(meta.pool),
    "pool, weights": plain(meta.pool, weights="size"),
    "subgroups": plain(meta.subgroups, by="form"),
    "regress, formula": lambda data=None, **given: meta.regress(data, "~ dose + C(form)", **given),
    "regress, location-scale": lambda data=None, **given: meta.regress(
        data, "~ dose", scale="~ dose", test="z", **given
    ),
    "pool_multilevel": plain(meta.pool_multilevel, levels=["lab", "effect"], rho=0.4),
    "pool_multilevel, inner": plain(meta.pool_multilevel, levels="lab", inner="form", struct="CS"),
    "aggregate": plain(meta.aggregate, cluster="lab", rho=0.5),
    "robust": lambda data=None, **given: meta.robust(meta.pool(data, **given), "lab"),
    "rve": plain(meta.rve, model="CORR", cluster="lab", rho=0.8),
    "bayes": plain(meta.bayes, **PRIORS),
    "bayes, leave one out": plain(bayes_leave_one_out, **PRIORS),
    "model_average": plain(model_average, **PRIORS),
    "egger": plain(meta.bias.egger),
    "egger, sizes": plain(meta.bias.egger, predictor="ninv", n="size"),
    "egger, moderators": plain(meta.bias.egger, moderators="~ dose"),
    "begg": plain(meta.bias.begg),
    "trim_and_fill": plain(meta.bias.trim_and_fill),
    "selection_model": plain(meta.bias.selection_model),
    "beta_selection": plain(meta.bias.beta_selection),
    "vevea_woods": plain(meta.bias.vevea_woods),
    "pet_peese": plain(meta.bias.pet_peese),
    "waap": plain(meta.bias.waap),
    "failsafe_n": plain(meta.bias.failsafe_n),
    "excess_significance": plain(meta.bias.excess_significance),
    "significance_funnel": plain(meta.bias.significance_funnel, cluster="lab"),
    "limit_meta_analysis": plain(meta.bias.limit_meta_analysis),
    "p_uniform_star": plain(meta.bias.p_uniform_star),
    "p_curve": plain(meta.bias.p_curve),
    "copas": plain(meta.bias.copas),
    "bias_robust": plain(meta.bias.bias_robust, cluster="lab"),
    "pustejovsky_rodgers": plain(meta.bias.pustejovsky_rodgers, n1="size", n2="size"),
    "influence": plain(meta.diagnostics.influence),
    "leave_one_out": plain(meta.diagnostics.leave_one_out),
    "cumulative": plain(meta.diagnostics.cumulative, order="dose"),
    "baujat": plain(meta.diagnostics.baujat),
    "outliers": plain(meta.diagnostics.outliers),
    "residuals": plain(meta.diagnostics.residuals),
    "profile": plain(meta.diagnostics.profile),
    "qq": plain(meta.diagnostics.qq, seed=1),
    "gosh": plain(meta.diagnostics.gosh, subsets=50, seed=1),
    "forest": plain(meta.forest),
    "funnel": plain(meta.funnel),
    "plots.radial": plain(meta.plots.radial),
    "plots.caterpillar": plain(meta.plots.caterpillar),
    "plots.qq": plain(meta.plots.qq),
    "plots.drapery": plain(meta.plots.drapery),
    "plots.orchard": plain(meta.plots.orchard),
    "vcalc": lambda data=None, **given: meta.vcalc(data, cluster="lab", obs="dose", rho=0.4, **given),
}

SLOW = {"copas", "model_average", "significance_funnel", "forest", "funnel", "regress, location-scale"} | {
    name for name in ENGINES if name.startswith("plots.")
}
"""Tried on some of the containers only, in the quick part of the tests."""

USES_COLUMNS = {
    "pool, weights",
    "subgroups",
    "regress, formula",
    "regress, location-scale",
    "pool_multilevel",
    "pool_multilevel, inner",
    "aggregate",
    "robust",
    "rve",
    "egger, sizes",
    "egger, moderators",
    "significance_funnel",
    "bias_robust",
    "pustejovsky_rodgers",
    "cumulative",
    "vcalc",
}
"""What cannot be called with bare arrays, because it names a column."""


def numbers(result, depth=0):
    """All numbers of a result, one after the other."""
    if result is None or isinstance(result, str) or depth > 3:
        return []
    if isinstance(result, (bool, int, float, np.number, np.bool_)):
        return [float(result)]
    if isinstance(result, np.ndarray):
        return [] if result.dtype.kind not in "biuf" else [float(x) for x in result.ravel()]
    if isinstance(result, pd.DataFrame):
        return [x for name in result for x in numbers(result[name].to_numpy(), depth + 1)]
    if isinstance(result, dict):
        return [x for value in result.values() for x in numbers(value, depth + 1)]
    if isinstance(result, (list, tuple)):
        return [x for value in result for x in numbers(value, depth + 1)]
    if hasattr(result, "figure") and hasattr(result, "table"):
        import matplotlib.pyplot as plt

        plt.close(result.figure)
        table = (
            result.table
            if not hasattr(result, "rows")
            else [(r.estimate, r.low, r.high) for r in result.rows]
        )
        return numbers(table, depth + 1)
    if hasattr(result, "shrinkage"):
        return [result.estimate, result.sd, *result.interval(0.9)]
    if isinstance(result, meta.EffectSizes):
        return [*result.yi, *result.vi]
    if dataclasses.is_dataclass(result):
        skipped = {"effects", "es", "design", "options", "search", "core", "original", "stacked"}
        names = [item.name for item in dataclasses.fields(result) if item.name not in skipped]
        return [x for name in names for x in numbers(getattr(result, name), depth + 1)]
    return []
