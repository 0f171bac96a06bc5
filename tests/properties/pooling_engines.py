"""Pooling, subgroups, regression, several levels, bounds: effects in, quantities with their kinds out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import meta
from meta.pooling.bounded_pool import pool_bounded
from meta.pooling.pool_options import ESTIMATORS, PREDICTION_INTERVALS, TAU2_INTERVALS, TESTS
from tests.properties.changes import Effects, Found
from tests.properties.table import COUNTS, SPREAD, Engine, lacks, spread, usual

LIKELIHOOD = spread()
DRAWN = lacks(sign="it is drawn: intervals mirror each other only within Monte Carlo error")
ML = lacks(merged=SPREAD)


def pooled(fit: Any, *, se: str = "spread") -> Found:
    """What every fit of one mean has."""
    return {
        "estimate": ("place", fit.estimate),
        "se": (se, fit.se),
        "interval": ("ends", (fit.ci_low, fit.ci_high)),
        "tau2": ("square", fit.tau2),
        "p": ("test", fit.p_value),
        "statistic": ("odd test", fit.statistic),
    }


def _pool(method: str, test: str) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        weights = data.x + 1 if method == "GENQ" else None
        fit = meta.pool(data.sizes(), method=method, test=test, weights=weights)
        units = fit.k - (method == "REML")
        return pooled(fit) | {
            "Q": ("free", (fit.q, fit.q_p)),
            "I2": ("free", fit.i2),
            "H2": ("free", fit.h2),
            "df": ("free", fit.df),
            "log-likelihood": ("free", fit.loglik + units * np.log(data.unit)),
            "weights": ("each free", fit.weights),
            "effects of studies": ("each place", fit.blup()["estimate"]),
        }

    return run


def _tau2_interval(kind: str) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = meta.pool(data.sizes(), method="DL" if kind in ("BJ", "J") else "REML")
        return {"tau2": ("square", fit.tau2_interval(kind)), "I2": ("free", fit.i2_interval(kind))}

    return run


def _prediction(kind: str) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = meta.pool(data.sizes(), test="z")
        found = fit.prediction_interval(kind, seed=3, draws=100)
        return {"interval": ("ends", tuple(found)), "df": ("free", fit.prediction_df(kind))}

    return run


def _henmi(data: Effects) -> Found:
    return {"interval": ("ends", tuple(meta.pool(data.sizes(), method="DL", test="z").henmi_copas()))}


def _subgroups(common: bool) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = meta.subgroups(data.sizes(), by="half", common_tau2=common)
        names = sorted(fit.groups)
        return {
            "estimates": ("place", [fit[g].estimate for g in names]),
            "se": ("spread", [fit[g].se for g in names]),
            "tau2": ("square", [fit[g].tau2 for g in names]),
            "between": ("free", (fit.fixed.q, fit.fixed.p_value, fit.random.q, fit.random.p_value)),
        }

    return run


def _regress(method: str, test: str) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = meta.regress(data.sizes(), "~ x", method=method, test=test)
        table = fit.coefficients
        return {
            "intercept": ("place", fit.beta[0]),
            "slope": ("slope", fit.beta[1]),
            "se": ("spread", table["se"]),
            "tau2": ("square", fit.tau2),
            "p of the slope": ("free", table["p_value"].iloc[1]),
            "p of the intercept": ("test", table["p_value"].iloc[0]),
            "omnibus": ("free", (fit.qm, fit.qm_p)),
            "residual": ("free", (fit.qe, fit.i2, fit.r2)),
            "fitted": ("each place", fit.fitted),
        }

    return run


def _cell_means(data: Effects) -> Found:
    fit = meta.regress(data.sizes(), "~ 0 + C(half)", test="z")
    return {
        "means": ("place", fit.beta),
        "se": ("spread", fit.se),
        "tau2": ("square", fit.tau2),
        "omnibus": ("test", (fit.qm, fit.qm_p)),
    }


def _levels(rho: float | None, method: str) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = meta.pool_multilevel(data.sizes(), levels=["group", "effect"], rho=rho, method=method)
        return {
            "estimate": ("place", fit.estimate),
            "se": ("spread", fit.se),
            "sigma2": ("square", fit.sigma2),
            "p": ("test", fit.p_value),
            "I2": ("free", fit.i2_total),
            "QE": ("free", fit.qe),
        }

    return run


def _robust(data: Effects) -> Found:
    fit = meta.pool_multilevel(data.sizes(), levels=["group", "effect"], rho=0.5).robust("group", kind="CR2")
    return {
        "estimate": ("place", fit.beta[0]),
        "se": ("wide", fit.coefficients["se"].iloc[0]),
        "df": ("free", fit.dfs),
    }


def _location_scale(link: str, method: str) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = meta.regress(data.sizes(), "~ x", scale="~ half", test="z", method=method, link=link)
        units = data.k - 2 * (method == "REML")
        return {
            "intercept": ("place", fit.beta[0]),
            "slope": ("slope", fit.beta[1]),
            "tau2": ("each square", fit.tau2),
            "log-likelihood": ("free", fit.loglik + units * np.log(data.unit)),
        }

    return run


def _bounded(method: str) -> Callable[[Effects], Found]:
    def run(data: Effects) -> Found:
        fit = pool_bounded(data.bounded(), method=method)
        return {
            "estimate": ("place", fit.estimate),
            "se": ("spread", fit.se),
            "interval": ("ends", (fit.ci_low, fit.ci_high)),
            "tau2": ("square", fit.tau2),
            "limits of tau2": ("wide square", (fit.tau2_low, fit.tau2_high)),
        }

    return run


def _many(data: Effects) -> Found:
    batch = np.column_stack([data.y, data.y + data.sign * data.unit * data.x])
    fit = meta.pool_many(batch, np.stack([data.v] * 2, axis=1), method="REML", test="z")
    return {
        "estimate": ("place", fit.estimate),
        "se": ("spread", fit.se),
        "tau2": ("square", fit.tau2),
        "p": ("test", fit.p_value),
    }


def _without(method: str, test: str) -> dict[str, str]:
    if method == "EE" and test in ("z", "t"):
        return {}
    if method == "ML":
        return ML
    if method == "HS":
        return lacks(merged=SPREAD, vague=COUNTS)
    if method in ("EE", "REML") and test not in ("hksj", "adhoc"):
        return LIKELIHOOD
    return usual()


PAIRS = [(method, "z") for method in ESTIMATORS] + [
    (method, test) for method in ("REML", "PM", "EE") for test in TESTS if test != "z"
]
ENGINES = [
    *(Engine(f"pool {method} {test}", _pool(method, test), _without(method, test)) for method, test in PAIRS),
    *(
        Engine(
            f"interval of tau2 {kind}",
            _tau2_interval(kind),
            LIKELIHOOD if kind == "PL" else usual(),
            rtol=1e-5,
        )
        for kind in TAU2_INTERVALS
    ),
    *(
        Engine(
            f"prediction {kind}", _prediction(kind), usual(**DRAWN) if kind == "NNF" else usual(), rtol=1e-5
        )
        for kind in PREDICTION_INTERVALS
    ),
    Engine("Henmi-Copas", _henmi, usual(), rtol=1e-5),
    Engine("pool_many", _many, LIKELIHOOD),
    Engine("subgroups, own tau2", _subgroups(False), usual()),
    Engine("subgroups, common tau2", _subgroups(True), usual()),
    *(
        Engine(
            f"regress {method} {test}",
            _regress(method, test),
            ML if method == "ML" else usual() if test in ("hksj", "adhoc") else LIKELIHOOD,
        )
        for method, test in [("ML", "z"), *(("REML", test) for test in TESTS)]
    ),
    Engine("regress, cell means", _cell_means, LIKELIHOOD),
    Engine("multilevel ML", _levels(None, "ML"), ML, rtol=1e-4),
    Engine("multilevel REML, rho 0.5", _levels(0.5, "REML"), LIKELIHOOD, rtol=1e-4),
    Engine("robust CR2", _robust, LIKELIHOOD, rtol=1e-4),
    Engine("location-scale ML, identity link", _location_scale("identity", "ML"), ML, rtol=1e-4),
    Engine("location-scale REML, log link", _location_scale("log", "REML"), LIKELIHOOD, rtol=1e-4),
    Engine("bounded ML", _bounded("ML"), ML, rtol=1e-5, slow=True),
    Engine("bounded REML", _bounded("REML"), LIKELIHOOD, rtol=1e-5, slow=True),
]
