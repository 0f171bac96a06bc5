"""One small result for each class that a file of results may hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import meta
from meta.bayes.model import as_prior
from meta.errors import quiet

ROOT = Path(__file__).parents[2]
Y = np.array([0.35, 0.12, -0.2, 0.61, 0.28, 0.05, 0.44, 0.3])
V = np.array([0.02, 0.05, 0.11, 0.08, 0.03, 0.02, 0.09, 0.04])
CELLS = {"events1": [4, 6, 3, 62, 33], "n1": [123, 306, 231, 13598, 5069]}
CELLS |= {"events2": [11, 29, 11, 248, 47], "n2": [139, 303, 220, 12867, 5808]}
TWO = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
TINY = {"draws": 20, "tune": 20, "chains": 2, "seed": 1, "allow_failed": True}
p = meta.priors


@cache
def es() -> Any:
    table = pd.DataFrame(
        {
            "yi": Y,
            "vi": V,
            "dose": np.linspace(100, 500, 8),
            "form": list("aabbccab"),
            "trial": list("AABBCCDD"),
            "year": pd.to_datetime([f"{2000 + i}-01-02" for i in range(8)]),
            "kind": pd.Categorical(list("xyxyxyxy"), categories=["y", "x"], ordered=True),
            "size": pd.array([None, *range(7)], dtype="Int64"),
        }
    )
    return meta.effect_sizes(table, measure="SMD", yi="yi", vi="vi", study="trial")


@cache
def answer() -> Any:
    from meta.claims.answer_claims import answer as answered

    return answered(meta.load_evidence(ROOT / "studies"), "cortisol")


@cache
def varied() -> Any:
    from meta.claims.answer_claims import answer as answered

    return answered(meta.load_evidence(ROOT / "studies"), "cramps-pregnancy")


@cache
def verdict() -> Any:
    from meta.claims.answer_claims import answer as answered

    return answered(meta.load_evidence(ROOT / "studies"), "cramps-pregnancy").verdict


def bounded() -> Any:
    nan = np.nan
    return meta.EffectSizes(
        yi=[0.2, nan, nan, 0.4],
        vi=[0.1, 0.2, 0.1, 0.1],
        measure="GEN",
        study=["A", "B", "C", "D"],
        kind=["exact", "bound", "mixture", "exact"],
        lower=[nan, -np.inf, nan, nan],
        upper=[nan, 0.3, nan, nan],
        mixtures={2: ((0.5, 0.5), (-0.5, 0.5))},
    )


def dose_response(**options: Any) -> Any:
    table = {"study": list("AAABBBCCCDD"), "dose": [0, 1, 2, 0, 1, 3, 0, 2, 4, 0, 3]}
    table |= {"mean": [1.0, 1.6, 2.1, 0.8, 1.1, 2.6, 1.1, 2.2, 2.4, 0.9, 2.2], "sd": [1.0] * 11}
    table |= {"n": [30, 31, 32, 25, 26, 27, 40, 41, 42, 35, 36]}
    if "tau" in options:
        return meta.bayes_dose(table, measure="MD", **options)
    if "shapes" in options:
        return meta.compare_shapes(table, measure="MD", **options)
    return meta.dose_response(table, **{"measure": "MD", "shape": "quadratic", "unit": "mg", **options})


def pool_bounded() -> Any:
    from meta.pooling.bounded_pool import pool_bounded as pooled

    return pooled(bounded(), method="ML")


def compared() -> Any:
    return pd.DataFrame(
        {
            "study": ["A", "B", "B", "B", "C", "D", "E", "F"],
            "treat1": ["b", "b", "c", "c", "c", "c", "b", "c"],
            "treat2": ["a", "a", "a", "b", "a", "b", "a", "b"],
            "yi": [0.35, 0.12, 0.52, 0.4, 0.61, 0.28, 0.05, 0.44],
            "sei": [0.14, 0.22, 0.25, 0.2, 0.28, 0.17, 0.14, 0.3],
        }
    )


def network() -> Any:
    return meta.pool_network(compared(), reference="a", better="low", measure="MD")


def components() -> Any:
    table = compared().replace({"treat1": {"c": "b + c"}, "treat2": {"a": "none"}})
    return meta.pool_network(table, components=" + ", inactive="none", measure="MD")


def batch() -> Any:
    from meta.bayes.batch import batch as many

    return many(Y[None, :], V[None, :], **TWO)


def evidence() -> Any:
    return meta.load_evidence(ROOT / "studies")


def post(effect: Any, tau: Any, **options: Any) -> Any:
    return meta.bayes(es(), effect=effect, tau=tau, **options)


def ratio() -> Any:
    small, large = (meta.regress(es(), f, method="ML") for f in ("~ dose", "~ dose + C(form)"))
    return meta.likelihood_ratio_test(small, large)


def slopes(prior: Any) -> Any:
    return meta.bayes(es(), moderators="~ dose + C(form)", slopes=prior, **TWO, engine="pymc", **TINY)


RECIPES: dict[str, Callable[[], Any]] = {
    "effect-sizes": es,
    "effect-sizes-of-counts": lambda: meta.effect_sizes(CELLS, measure="RR"),
    "effect-sizes-with-bounds": bounded,
    "pooled": lambda: meta.pool(es()),
    "pooled-fixed-tau2": lambda: meta.pool(es(), method=0.1, test="z", level=0.9),
    "back-transformed": lambda: meta.pool(meta.effect_sizes(CELLS, measure="RR")).backtransform(),
    "tau2-set": lambda: meta.pool(es()).tau2_set("QP"),
    "pooled-many": lambda: meta.pool_many(np.column_stack([Y, Y[::-1]]), np.column_stack([V, V])),
    "subgroups": lambda: meta.subgroups(es(), by="form"),
    "regression": lambda: meta.regress(es(), "~ dose + C(form)"),
    "location-scale": lambda: meta.regress(es(), "~ dose", scale="~ dose", test="z"),
    "permutation-test": lambda: meta.regress(es(), "~ dose").permutation_test(n=20, seed=1),
    "multilevel": lambda: meta.pool_multilevel(es(), levels=["trial", "effect"], rho=0.6),
    "multilevel-terms": lambda: meta.pool_multilevel(
        es(), random=["~ 1 | trial/effect", "~ 0 + dose | trial"], moderators="~ dose"
    ),
    "robust": lambda: meta.pool_multilevel(es(), levels=["trial", "effect"], rho=0.6).robust("trial"),
    "wild-bootstrap": lambda: meta.robust(meta.regress(es(), "~ dose"), "effect").wild_bootstrap(
        "dose", seed=1
    ),
    "rve": lambda: meta.rve(es(), model="HIER", cluster="trial"),
    "wald-test": lambda: meta.regress(es(), "~ dose").wald([[0.0, 1.0]]),
    "likelihood-ratio": ratio,
    "counts-mh": lambda: meta.pool_counts(CELLS, measure="OR", **{name: name for name in CELLS}),
    "counts-glmm": lambda: meta.pool_counts(
        CELLS, measure="OR", method="GLMM", model="CM.AL", **{name: name for name in CELLS}
    ),
    "count-subgroups": lambda: meta.pool_counts(
        {**CELLS, "by": [f"g{i % 2}" for i in range(len(CELLS["n1"]))]}, measure="OR", by="by"
    ),
    "network": network,
    "network-components": lambda: components(),
    "network-posterior": lambda: meta.bayes_network(compared(), tau=meta.HalfNormal(0.5), reference="a"),
    "network-contrast": lambda: network().contrast("b", "c"),
    "bounded-pool": pool_bounded,
    "dose-response": dose_response,
    "dose-posterior": lambda: dose_response(tau=meta.HalfNormal(0.5), effect=meta.Normal(0, 5)),
    "dose-region": lambda: dose_response().over(1, 3),
    "dose-emax": lambda: dose_response(shape="emax", method="ML"),
    "dose-shapes": lambda: dose_response(shapes=["linear", "log"]),
    "posterior": lambda: post(meta.Normal(0, 1), meta.HalfNormal(0.5)),
    "posterior-flat": lambda: post(meta.Flat(), p.DuMouchel()),
    "posterior-on-a-grid": lambda: meta.bayes(bounded(), **TWO),
    "posterior-fixed-tau": lambda: post(meta.Normal(0, 1), 0.2),
    "posterior-sampled": lambda: post(meta.Normal(0, 1), meta.HalfNormal(0.5), engine="pymc", **TINY),
    "posterior-regression": lambda: meta.bayes(es(), moderators="~ dose", **TWO),
    "posterior-regression-fixed-tau": lambda: meta.bayes(
        es(), moderators="~ dose", effect=meta.Normal(0, 1), tau=0.2
    ),
    "posterior-horseshoe": lambda: slopes(p.RegularisedHorseshoe(1.0)),
    "posterior-laplace": lambda: slopes(p.LaplaceSlopes(0.4)),
    "sampled-posterior": lambda: meta.bayes.bayes_multilevel(
        es(),
        study="trial",
        effect=meta.Normal(0, 1),
        tau_study=meta.HalfNormal(0.5),
        tau_effect=meta.HalfNormal(0.5),
        **TINY,
    ),
    "batch-posterior": batch,
    "leave-one-out": lambda: post(meta.Normal(0, 1), meta.HalfNormal(0.5)).loo(),
    "predictive-check": lambda: post(meta.Normal(0, 1), meta.HalfNormal(0.5)).prior_predictive(
        size=40, seed=1
    ),
    "model-average": lambda: meta.bayes.model_average(es()),
    "egger": lambda: meta.bias.egger(es()),
    "begg": lambda: meta.bias.begg(es()),
    "trim-and-fill": lambda: meta.bias.trim_and_fill(es()),
    "selection-model": lambda: meta.bias.selection_model(es()),
    "beta-selection": lambda: meta.bias.beta_selection(es()),
    "pet-peese": lambda: meta.bias.pet_peese(es()),
    "waap": lambda: meta.bias.waap(es()),
    "bias-robust": lambda: meta.bias.bias_robust(es(), cluster="study"),
    "failsafe-n": lambda: meta.bias.failsafe_n(es()),
    "excess-significance": lambda: meta.bias.excess_significance(es()),
    "significance-funnel": lambda: meta.bias.significance_funnel(es()),
    "copas": lambda: meta.bias.copas(es(), published=(1.0, 0.8)),
    "limit-meta-analysis": lambda: meta.bias.limit_meta_analysis(es()),
    "p-curve": lambda: meta.bias.p_curve(es()),
    "p-uniform-star": lambda: meta.bias.p_uniform_star(es()),
    "answer": answer,
    "answer-varied": varied,
    "verdict": verdict,
    "multiverse": lambda: meta.multiverse(evidence(), "cramps", analysis="cramps-pregnancy", limit=8),
    "plan": lambda: meta.plan(verdict(), sizes=(50,), trials=(1,), draws=20),
    "certainty": lambda: meta.certainty(evidence(), "cramps", analysis="cramps-pregnancy"),
    "prior-Earlier": lambda: as_prior(
        post(meta.StudentT(0, 1, 4), meta.HalfNormal(0.5)).distribution("new"), "effect"
    ),
    **{
        f"prior-{type(one).__name__.strip('_')}": lambda one=one: one
        for one in (
            p.Fixed(0.3),
            p.Cauchy(0, 1),
            p.LogNormal(-1, 1),
            p.DuMouchel(),
            p.StudentT(0, 1, 4),
            p.Uniform(0, 2),
            p.NormalMixturePrior((0.5, 0.5), (0.0, 1.0), (1.0, 2.0)),
            p.HalfStudentT(0.5, 4),
            p.HalfCauchy(0.5),
            p.HalfLogistic(0.5),
            p.Exponential(0.5),
            p.Lomax(0.5, 2),
            p.UniformShrinkage(0.5),
            p.LogStudentT(0, 1, 5),
            p.InverseGamma(1, 0.15),
            p.Shrinkage(),
            p.Jeffreys(),
            p.RegularisedHorseshoe(2.0),
            p.LaplaceSlopes(0.4),
        )
    },
    "prior-JeffreysOf": lambda: p.Jeffreys().resolve(Y, V),
}


def made(name: str) -> Any:
    """The result of a recipe."""
    with quiet():
        return RECIPES[name]()
