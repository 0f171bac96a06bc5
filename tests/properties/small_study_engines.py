"""Small-study effects, selection models and diagnostics: quantities with their kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import meta
from meta import bias, diagnostics
from tests.properties.changes import Effects, Found
from tests.properties.pooling_engines import pooled
from tests.properties.table import SLOPE, SPREAD, ZERO, Engine, lacks, spread, usual


def _egger(**options: Any) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        test = bias.egger(data.sizes(), **options)
        # The slope on a standard error has no unit; the effect at a standard error of 0 has.
        return {
            "limit": ("place", test.limit),
            "interval": ("ends", (test.limit_low, test.limit_high)),
            "slope": ("odd", test.slope),
            "statistic": ("odd", test.statistic),
            "p": ("free", test.p_value),
            "tau2": ("square", test.tau2),
        }

    return run


def _pustejovsky(data: Effects) -> Found:
    test = bias.pustejovsky_rodgers(data.sizes())
    return {"statistic": ("odd", test.statistic), "p": ("free", test.p_value), "limit": ("place", test.limit)}


def _begg(data: Effects) -> Found:
    test = bias.begg(data.sizes())
    return {"tau": ("odd", test.tau), "z": ("odd", test.z), "p": ("free", test.p_value)}


def _trim(data: Effects) -> Found:
    filled = bias.trim_and_fill(meta.pool(data.sizes(), test="z"))
    return {
        "estimate": ("place", filled.estimate),
        "se": ("spread", filled.se),
        "tau2": ("square", filled.tau2),
        "k0": ("free", filled.k0),
    }


def _model(name: str, **options: Any) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = getattr(bias, name)(data.sizes(), **options)
        return pooled(fit)

    return run


def _pet(data: Effects) -> Found:
    fit = bias.pet_peese(data.sizes())
    lines = (fit.pet, fit.peese)
    return {
        "estimates": ("place", [one.estimate for one in lines]),
        "se": ("wide", [one.se for one in lines]),
        "slope of PET": ("odd", fit.pet.slope),
        "p of the slopes": ("free", [one.slope_p for one in lines]),
        "p of PET": ("test", fit.pet.p_value),
    }


def _uwls(data: Effects) -> Found:
    fit = bias.waap(data.sizes()).uwls
    return {"estimate": ("place", fit.estimate), "se": ("wide", fit.se), "p": ("test", fit.p_value)}


def _waap(data: Effects) -> Found:
    fit = bias.waap(data.sizes())
    return {"estimate": ("place", fit.estimate), "powered": ("each free", fit.powered)}


def _robust(data: Effects) -> Found:
    fit = bias.bias_robust(data.sizes(), cluster="group")
    return {
        "estimate": ("place", fit.estimate),
        "se": ("wide", fit.se),
        "df": ("free", fit.df),
        "share": ("each free", fit.share),
    }


def _limit(data: Effects) -> Found:
    fit = bias.limit_meta_analysis(data.sizes())
    return {
        "estimate": ("place", fit.estimate),
        "se": ("spread", fit.se),
        "tau2": ("square", fit.tau2),
        "Q": ("free", (fit.q, fit.q_small, fit.q_rest)),
        "shrunken": ("each place", fit.shrunken),
    }


def _copas(data: Effects) -> Found:
    side = "greater" if data.sign > 0 else "less"
    fit = bias.copas(data.sizes(), published=(1.0, 0.8, 0.5), direction=side)
    # A standard error is a mean over two sides of a bend where rho is next to a bound.
    return {
        "estimates": ("place", fit.estimate),
        "se": ("wide", fit.se),
        "tau2": ("square", fit.tau2),
        "p": ("free", fit.residual_p),
    }


def _p_uniform(data: Effects) -> Found:
    fit = bias.p_uniform_star(data.sizes())
    return {
        "estimate": ("place", fit.estimate),
        "interval": ("ends", (fit.ci_low, fit.ci_high)),
        "tau2": ("square", fit.tau2),
        "significant": ("free", fit.significant),
    }


def _p_curve(data: Effects) -> Found:
    fit = bias.p_curve(data.sizes())
    return {
        "statistics": ("free", (fit.statistic, fit.half_statistic, fit.flat_statistic)),
        "power": ("free", fit.power),
    }


def _excess(data: Effects) -> Found:
    fit = bias.excess_significance(data.sizes())
    return {"effect": ("place", fit.effect), "found": ("free", (fit.observed, fit.expected, fit.p_value))}


def _failsafe(kind: str) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = bias.failsafe_n(data.sizes(), kind=kind)
        return {"N": ("free", fit.exact), "p": ("free", fit.p_value)}

    return run


def _funnel(data: Effects) -> Found:
    fit = bias.significance_funnel(data.sizes(), eta=3.0)
    return {
        "estimate": ("place", fit.estimate),
        "se": ("wide", fit.se),
        "affirmative": ("each free", fit.affirmative),
    }


KINDS = {
    "estimate": "place",
    "se": "wide",
    "tau2": "square",
    "q": "free",
    "i2": "free",
    "residual": "slope",
    "rstandard": "odd",
    "rstudent": "odd",
    "deleted": "slope",
    "dffits": "odd",
    "cook": "free",
    "cov_ratio": "free",
    "dfbetas": "odd",
    "hat": "free",
    "x": "free",
    "y": "free",
}


def _table(name: str, **options: Any) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        table = getattr(diagnostics, name)(meta.pool(data.sizes(), test="z"), **options)
        return {c: (f"each {KINDS[c]}", table[c].to_numpy(float)) for c in table.columns if c in KINDS}

    return run


def _ordered(data: Effects) -> Found:
    """In the order of the variances, so that the order of rows cannot matter."""
    table = diagnostics.cumulative(meta.pool(data.sizes(), test="z"), order=data.v)
    names = ("estimate", "se", "tau2", "q", "i2")
    return {name: (KINDS[name], table[name].to_numpy(float)) for name in names}


def _gosh(data: Effects) -> Found:
    """Every subset; sorted, since subsets are numbered by rows."""
    table = diagnostics.gosh(meta.pool(data.sizes(), test="z"))
    table = table[table["k"] > 1]
    found = {"I2": ("free", np.sort(table["i2"])), "tau2": ("square", np.sort(table["tau2"]))}
    estimates = np.sort(table["estimate"])
    return found | {"estimates": ("ends", estimates)}


def _profile(data: Effects) -> Found:
    table = diagnostics.profile(meta.pool(data.sizes(), method="REML", test="z"))
    return {
        "tau2": ("square", table["x"]),
        "likelihood": ("free", table["loglik"] - table["loglik"].max()),
    }


NONE = usual()
SIGNIFICANCE = usual(shift=ZERO)
TWO = "a regression on precision sees two points where there were two"
LEAST_SQUARES = lacks(merged=TWO, vague=SLOPE)
SELECTION = lacks(
    shift=ZERO, merged=SPREAD, vague="the study added is not significant, and such studies count"
)
POWERED = "studies twice or merged have more power, so that others are adequate"
LIKELIHOOD = spread()
ENGINES = [
    Engine("Egger", _egger(), LEAST_SQUARES),
    Engine("Egger, mixed effects", _egger(model="mixed"), NONE, rtol=1e-5),
    Engine("Pustejovsky-Rodgers", _pustejovsky, lacks(merged=TWO), rtol=1e-3),
    Engine("Begg", _begg, NONE),
    Engine("trim and fill", _trim, NONE, rtol=1e-5),
    Engine(
        "selection model, one step",
        _model("selection_model", steps=(0.025,)),
        SELECTION,
        rtol=1e-3,
        slow=True,
    ),
    Engine("beta selection", _model("beta_selection"), SELECTION, rtol=1e-2, slow=True),
    Engine(
        "Copas",
        _copas,
        lacks(merged=SPREAD, vague="the range of standard errors sets the chances of publication"),
        rtol=1e-3,
        slow=True,
    ),
    Engine("PET and PEESE", _pet, LEAST_SQUARES),
    Engine("unrestricted weighted least squares", _uwls),
    Engine(
        "weighted mean of the adequately powered", _waap, lacks(shift=ZERO, doubled=POWERED, merged=POWERED)
    ),
    Engine("bias-robust weights", _robust, lacks(merged=SPREAD)),
    Engine("limit meta-analysis", _limit, NONE),
    Engine("p-uniform*", _p_uniform, lacks(shift=ZERO, merged=SPREAD), rtol=1e-3, slow=True),
    Engine("p-curve", _p_curve, SIGNIFICANCE, rtol=1e-5),
    Engine("excess significance", _excess, lacks(shift=ZERO)),
    Engine("fail-safe N, Rosenthal", _failsafe("Rosenthal"), SIGNIFICANCE),
    Engine("fail-safe N, Rosenberg", _failsafe("Rosenberg"), SIGNIFICANCE),
    Engine("significance funnel", _funnel, spread(shift=ZERO), rtol=1e-5),
    Engine("influence", _table("influence"), NONE),
    Engine("leave one out", _table("leave_one_out"), NONE),
    Engine("residuals", _table("residuals"), NONE),
    Engine("Baujat", _table("baujat"), NONE),
    Engine("outliers", _table("outliers"), NONE),
    Engine("cumulative", _ordered, NONE),
    Engine("GOSH", _gosh, NONE),
    Engine("profile of tau2", _profile, LIKELIHOOD, rtol=1e-4),
]
