"""One object of every public kind, made through the public interface, for the record of its surface."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import meta

STUDIES = Path(__file__).parents[2] / "studies"
CELLS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}
PRIORS = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}


@cache
def bcg() -> Any:
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **CELLS)


@cache
def trials() -> Any:
    """Twelve effects in six trials, with a dose and a form."""
    yi = [0.35, 0.12, -0.2, 0.61, 0.28, 0.05, 0.44, 0.3, 0.52, 0.02, 0.7, 0.33]
    vi = [0.02, 0.05, 0.11, 0.08, 0.03, 0.02, 0.09, 0.04, 0.07, 0.015, 0.12, 0.05]
    table = pd.DataFrame(
        {"yi": yi, "vi": vi, "dose": np.linspace(1, 5, 12), "form": list("aabbccabcabc")}
        | {"trial": list("AABBCCDDEEFF"), "year": range(2000, 2012)}
    )
    return meta.effect_sizes(table, measure="SMD", yi="yi", vi="vi")


@cache
def evidence() -> Any:
    return meta.load_evidence(STUDIES)


@cache
def fit() -> Any:
    return meta.pool(bcg())


@cache
def verdict() -> Any:
    effects = evidence().effects("soreness")
    return meta.judge(evidence().claims["soreness-41"], meta.pool(effects))


def counts(k: int = 13) -> dict[str, Any]:
    return {"table": meta.datasets.load("bcg").head(k), **CELLS}


def two_by_two(name: str) -> Callable[[], Any]:
    return lambda: getattr(meta.bias, name)(counts()["table"], **CELLS)


def of_trials(room: str, name: str, **options: Any) -> Callable[[], Any]:
    return lambda: getattr(getattr(meta, room), name)(trials(), **options)


def of_fit(room: str, name: str, **options: Any) -> Callable[[], Any]:
    return lambda: getattr(getattr(meta, room), name)(fit(), **options)


def columns_of_arrays() -> tuple[np.ndarray, np.ndarray]:
    y, v = trials().yi, trials().vi
    return np.column_stack([y, y[::-1]]), np.column_stack([v, v[::-1]])


POOLED: dict[str, Callable[[], Any]] = {
    "effect_sizes": bcg,
    "effect_sizes of effects": trials,
    "pool": fit,
    "pool.backtransform": lambda: fit().backtransform(),
    "pool.tau2_interval": lambda: fit().tau2_interval("QP"),
    "pool_many": lambda: meta.pool_many(*columns_of_arrays()),
    "subgroups": lambda: meta.subgroups(trials(), by="form"),
    "simulate": lambda: meta.simulate(mu=0.2, tau2=0.1, vi=[0.1, 0.2, 0.3], reps=3, seed=1),
    "regress": lambda: meta.regress(trials(), "~ dose + C(form)"),
    "regress.contrast": lambda: meta.regress(trials(), "~ dose").contrast([[0, 1]]),
    "regress with a scale": lambda: meta.regress(trials(), "~ dose", scale="~ dose", test="z"),
    "regress.permutation_test": lambda: meta.regress(trials(), "~ dose").permutation_test(n=20, seed=1),
    "regress.wald": lambda: meta.regress(trials(), "~ dose + C(form)").wald([[0, 0, 1, -1]]),
    "pool_multilevel": lambda: meta.pool_multilevel(trials(), levels=["trial", "effect"], rho=0.6),
    "pool_multilevel.robust": lambda: meta.pool_multilevel(trials(), levels=["trial"], rho=0.6).robust(
        "trial"
    ),
    "pool_counts MH": lambda: meta.pool_counts(measure="OR", method="MH", **counts()),
    "pool_counts GLMM": lambda: meta.pool_counts(measure="OR", method="GLMM", model="UM.FS", **counts(4)),
    "aggregate": lambda: meta.aggregate(trials(), cluster="trial", rho=0.5),
    "likelihood_ratio_test": lambda: meta.likelihood_ratio_test(
        meta.regress(trials(), "~ dose + C(form)", method="ML"), meta.regress(trials(), "~ dose", method="ML")
    ),
}
BAYESIAN: dict[str, Callable[[], Any]] = {
    "bayes": lambda: meta.bayes(bcg(), **PRIORS),
    "bayes.loo": lambda: meta.bayes(bcg(), **PRIORS).loo(),
    "bayes.compare_loo": lambda: meta.bayes.compare_loo(
        a=meta.bayes(bcg(), **PRIORS).loo(), b=meta.bayes(bcg(), effect=meta.Flat(), tau=0.5).loo()
    ),
    "bayes.posterior_predictive": lambda: meta.bayes(bcg(), **PRIORS).posterior_predictive(),
    "bayes with moderators": lambda: meta.bayes(trials(), moderators="~ dose", **PRIORS),
    "bayes.leave_one_out": lambda: meta.bayes.leave_one_out(bcg(), **PRIORS),
    "bayes.model_average": lambda: meta.bayes.model_average(trials()),
    "priors.informed": lambda: meta.priors.informed(),
    "priors.sensitivity": lambda: meta.priors.sensitivity(
        bcg(), effect=[meta.Normal(0, 1)], tau=[meta.HalfNormal(0.5), meta.HalfNormal(1)]
    ),
    **{
        f"priors.{type(prior).__name__}": lambda prior=prior: prior
        for prior in (
            *(meta.Flat(), meta.Normal(0, 1), meta.StudentT(0, 1, 4), meta.Cauchy(0, 1)),
            *(meta.Uniform(0, 2), meta.HalfNormal(1), meta.HalfStudentT(1, 4), meta.HalfCauchy(1)),
            *(meta.Exponential(1), meta.LogNormal(0, 1), meta.InverseGamma(2, 1)),
            *(meta.priors.DuMouchel(), meta.priors.Lomax(1, 2)),
        )
    },
}
BIAS: dict[str, Callable[[], Any]] = {
    **{
        f"bias.{name}": of_trials("bias", name)
        for name in (
            *("egger", "begg", "trim_and_fill", "pet_peese", "waap", "bias_robust", "failsafe_n"),
            *("excess_significance", "significance_funnel", "copas", "beta_selection"),
            *("limit_meta_analysis", "p_curve", "p_uniform_star"),
        )
    },
    **{f"bias.{name}": two_by_two(name) for name in ("harbord", "peters", "macaskill", "deeks")},
    "bias.selection_model": of_trials("bias", "selection_model", steps=[0.025]),
    "bias.vevea_woods": lambda: next(iter(meta.bias.vevea_woods(trials()).values())),
    "bias.pustejovsky_rodgers": lambda: meta.bias.pustejovsky_rodgers(
        trials(), n1=np.arange(20, 32), n2=np.arange(19, 31)
    ),
}
DIAGNOSTICS: dict[str, Callable[[], Any]] = {
    **{
        f"diagnostics.{name}": of_fit("diagnostics", name)
        for name in ("influence", "leave_one_out", "residuals", "baujat", "outliers", "cumulative")
    },
    "diagnostics.qq": of_fit("diagnostics", "qq", seed=1),
    "diagnostics.gosh": of_fit("diagnostics", "gosh", subsets=200, seed=1),
    "diagnostics.gosh_clusters": lambda: meta.diagnostics.gosh_clusters(
        meta.diagnostics.gosh(fit(), subsets=200, seed=1)
    ),
    "diagnostics.profile": of_fit("diagnostics", "profile"),
    "diagnostics.leave_one_out of counts": lambda: meta.diagnostics.leave_one_out(
        meta.pool_counts(measure="OR", method="MH", **counts())
    ),
    "diagnostics.cumulative in an order": of_fit("diagnostics", "cumulative", order="year"),
    "diagnostics.influence of a regression": lambda: meta.diagnostics.influence(
        meta.regress(trials(), "~ dose")
    ),
}
CLAIMS: dict[str, Callable[[], Any]] = {
    "load_evidence.effects": lambda: evidence().effects("soreness"),
    "load_evidence.not_eligible": lambda: evidence().not_eligible("soreness"),
    "load_evidence": evidence,
    "judge": verdict,
    "multiverse": lambda: meta.multiverse(evidence(), "soreness-41", limit=2),
    "plan": lambda: meta.plan(verdict(), sizes=(50, 500), trials=(1, 2), draws=20),
    "certainty": lambda: meta.certainty(evidence(), "soreness-41"),
    "datasets.about": lambda: meta.datasets.about("bcg"),
}


def figure(name: str, of: Callable[[], Any] = fit, **options: Any) -> Callable[[], Any]:
    return lambda: getattr(meta.plots, name)(of(), **options)


CURVE = (np.linspace(-2, 1, 61), np.linspace(0, 1, 61))
ANALYSES = {"estimate": [0.2, 0.1], "low": [0.0, -0.1], "high": [0.4, 0.3], "method": ["REML", "DL"]}
FIGURES: dict[str, Callable[[], Any]] = {
    **{
        f"plots.{name}": figure(name)
        for name in ("forest", "funnel", "caterpillar", "compatibility", "drapery", "radial", "labbe", "qq")
    },
    **{
        f"plots.{name}": figure(name, DIAGNOSTICS[f"diagnostics.{name}"])
        for name in ("baujat", "gosh", "influence", "cumulative", "profile")
    },
    "plots.orchard": figure("orchard", POOLED["subgroups"]),
    "plots.bubble": figure("bubble", lambda: meta.regress(trials(), "~ dose"), x="dose"),
    "plots.residual_funnel": figure("residual_funnel", POOLED["regress"]),
    "plots.posterior": figure("posterior", BAYESIAN["bayes"]),
    "plots.joint": figure("joint", BAYESIAN["bayes"], draws=1000),
    "plots.tau_trace": figure("tau_trace", BAYESIAN["bayes"]),
    "plots.prior_sensitivity": lambda: meta.plots.prior_sensitivity({"a": BAYESIAN["bayes"]()}),
    "plots.weight_function": lambda: meta.plots.weight_function({"one step": ([0.025], [1.0, 0.3])}),
    "plots.specification": lambda: meta.plots.specification(ANALYSES),
    "plots.normalisation": lambda: meta.plots.normalisation({"a curve": CURVE}, claimed=0.78),
    "plots.planning": figure("planning", CLAIMS["plan"]),
    "plots.verdicts": lambda: meta.plots.verdicts([verdict()]),
}
EXAMPLES = {**POOLED, **BAYESIAN, **BIAS, **DIAGNOSTICS, **CLAIMS, **FIGURES}
