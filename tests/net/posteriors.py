"""The exact Bayesian engine: priors, posteriors, regressions, averages over models, sensitivity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import meta
from tests.net import data
from tests.net.register import Group, take

PRIORS = Group("priors")
POSTERIORS = Group("posteriors")
AVERAGES = Group("averages")
GROUPS = [PRIORS, POSTERIORS, AVERAGES]
X = np.array([-1.5, -0.2, 0.0, 0.1, 0.5, 1.3, 4.0])
P = np.array([0.01, 0.2, 0.5, 0.9, 0.999])
p = meta.priors
EFFECTS: dict[str, Any] = {
    "Normal": p.Normal(0.1, 0.8),
    "StudentT": p.StudentT(0.0, 0.7, 4.0),
    "Cauchy": p.Cauchy(0.0, 0.707),
    "Uniform": p.Uniform(-3.0, 3.0),
    "Flat": p.Flat(),
    "mixture": p.NormalMixturePrior((0.3, 0.7), (0.0, -0.5), (0.2, 1.5)),
}
TAUS: dict[str, Any] = {
    "HalfNormal": p.HalfNormal(0.5),
    "HalfStudentT": p.HalfStudentT(0.4, 3.0),
    "HalfCauchy": p.HalfCauchy(0.3),
    "HalfLogistic": p.HalfLogistic(0.4),
    "Exponential": p.Exponential(0.5),
    "Lomax": p.Lomax(0.5, 2.0),
    "UniformShrinkage": p.UniformShrinkage(0.6),
    "Uniform": p.Uniform(0.0, 2.0),
    "LogNormal": p.LogNormal(-1.0, 0.8),
    "LogNormal on tau2": p.LogNormal(-2.5, 1.5, on="tau2"),
    "LogStudentT": p.LogStudentT(-1.2, 0.9, 5.0),
    "InverseGamma": p.InverseGamma(1.0, 0.15),
    "InverseGamma on tau2": p.InverseGamma(2.0, 0.1, on="tau2"),
    "DuMouchel": p.DuMouchel(),
    "Shrinkage": p.Shrinkage(),
    "Jeffreys": p.Jeffreys(),
}
POST = "estimate median sd ci_low ci_high log_evidence"


def prior(one: Any) -> Mapping[str, Any]:
    return take(
        one,
        "",
        pdf=lambda: one.pdf(X),
        logpdf=lambda: one.logpdf(X),
        cdf=lambda: one.cdf(X),
        ppf=lambda: one.ppf(P),
        interval=lambda: one.interval(0.9),
        scaled=lambda: one.scaled(2.0).ppf(P),
        sample=lambda: one.sample(3, seed=5),
    )


def informed() -> Mapping[str, Any]:
    """The quantiles of every informed prior there is."""
    table = p.informed()
    return {
        f"{i} {row.source}": row.prior.ppf(np.array([0.1, 0.5, 0.9]))
        for i, row in enumerate(table.itertuples())
    }


def posterior(post: Any, *, more: bool = False) -> Mapping[str, Any]:
    found = take(
        post,
        POST,
        tau=lambda: take(post.tau, "mean median sd low high"),
        tau_interval=lambda: post.interval(0.95, of="tau"),
        new=lambda: post.prediction_interval(),
        below=lambda: post.probability(below=0.0),
        bf=lambda: post.bayes_factor("mu=0"),
    )
    if not more:
        return found
    return found | take(
        post,
        "",
        bf_tau=lambda: post.bayes_factor("tau=0"),
        central=lambda: [post.interval(0.8, kind="central", of=of) for of in ("mu", "tau", "new")],
        shrinkage=post.shrinkage,
        pdf=lambda: [post.pdf(X, of=of) for of in ("mu", "tau", "new")],
        cdf=lambda: [post.cdf(X, of=of) for of in ("mu", "tau", "new")],
        ppf=lambda: [post.ppf(P, of=of) for of in ("mu", "tau", "new")],
        prior=lambda: post.prior_probability(below=0.0),
        between=lambda: post.bayes_factor_between(0.2),
        loo=lambda: take(post.loo(), "elpd se p_loo pointwise"),
        sample=lambda: post.sample(3, seed=8),
        tidy=post.tidy,
        glance=post.glance,
        predictive=lambda: post.posterior_predictive(size=40, seed=2).tidy(),
    )


def bayes(name: str, effect: Any, tau: Any, *, more: bool = False, **options: Any) -> Mapping[str, Any]:
    return posterior(meta.bayes(data.es(name), effect=effect, tau=tau, **options), more=more)


def regression(name: str, formula: str, effect: Any, tau: Any, **options: Any) -> Mapping[str, Any]:
    post = meta.bayes(data.es(name), moderators=formula, effect=effect, tau=tau, **options)
    last = post.terms[-1]
    return take(
        post,
        "coefficients log_evidence",
        intervals=lambda: [post.interval(term) for term in post.terms],
        factor=lambda: post.bayes_factor(last),
        below=lambda: post.probability(last, below=0.0),
        tau=lambda: take(post.tau_distribution, "mean sd median"),
        loo=lambda: take(post.loo(), "elpd p_loo"),
        tidy=post.tidy,
    )


def average(name: str, **options: Any) -> Mapping[str, Any]:
    found = meta.bayes.model_average(data.es(name), **options)
    return take(
        found,
        "estimate conditional_estimate tau ci_low ci_high bf_effect bf_heterogeneity bf_bias",
        table=found.table,
        inclusion=lambda: [found.inclusion(c) for c in ("effect", "heterogeneity")],
        tidy=found.tidy,
        cdf=lambda: found.cdf(X),
        ppf=lambda: found.ppf(0.3),
        conditional=lambda: found.interval(0.9, conditional=True),
    )


def bounds() -> Mapping[str, Any]:
    """Effects of which only a bound or a sign is known."""
    from meta.pooling.bounded_pool import pool_bounded

    es = meta.EffectSizes(
        yi=[0.2, np.nan, np.nan, 0.4, 0.35],
        vi=[0.1, 0.2, 0.1, 0.1, 0.05],
        measure="GEN",
        study=list("ABCDE"),
        kind=["exact", "bound", "mixture", "exact", "exact"],
        lower=[np.nan, -np.inf, np.nan, np.nan, np.nan],
        upper=[np.nan, 0.3, np.nan, np.nan, np.nan],
        mixtures={2: ((0.5, 0.5), (-0.5, 0.5))},
    )
    post = meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    names = "estimate se ci_low ci_high tau2 tau2_low tau2_high p_value loglik"
    fits = {method: take(pool_bounded(es, method=method), names) for method in ("ML", "REML")}
    return {"posterior": posterior(post), **fits}


def mapped(robust: float) -> Mapping[str, Any]:
    post = meta.bayes(data.es("raudenbush1985"), effect=meta.Flat(), tau=meta.HalfNormal(0.5))
    options = {"robust": robust, "robust_sd": 2.0} if robust else {}
    found = p.map_prior(post, **options)
    return take(found, "", cdf=lambda: found.cdf(X), size=lambda: p.effective_sample_size(found, 2.0))


for _name, _prior in {**EFFECTS, **{f"tau {n}": one for n, one in TAUS.items()}}.items():
    PRIORS.add(_name, lambda one=_prior: prior(one))
for _name in ("DuMouchel", "Shrinkage", "Jeffreys"):
    PRIORS.add(
        f"{_name} of bcg",
        lambda n=_name: prior(TAUS[n].resolve(data.es("bcg").yi, data.es("bcg").vi)),
    )
PRIORS.add("informed", informed)
PRIORS.add("map", lambda: mapped(0.0))
PRIORS.add("map, robust", lambda: mapped(0.2))
PRIORS.add("unit information", lambda: {"sd": p.unit_information_sd([0.04, 0.01], [100, 400])})
PRIORS.add("borrowed SD", lambda: prior(meta.bayes.borrowed_sd([1.2, 0.9, 1.5, 1.1, 2.0])))
PRIORS.add(
    "sensitivity",
    lambda: {"table": p.sensitivity(data.es("bcg"), below=0.0)},
)
for _data in ("bcg", "power_pose"):
    for _effect, _one in EFFECTS.items():
        POSTERIORS.add(
            f"{_data} {_effect} HalfNormal",
            lambda d=_data, e=_one: bayes(d, e, meta.HalfNormal(0.5), more=True),
        )
    for _tau, _one in list(TAUS.items())[1:]:
        POSTERIORS.add(f"{_data} Normal {_tau}", lambda d=_data, t=_one: bayes(d, meta.Normal(0, 1), t))
        POSTERIORS.add(f"{_data} Flat {_tau}", lambda d=_data, t=_one: bayes(d, meta.Flat(), t))
for _data in data.COLUMNS:
    POSTERIORS.add(
        f"{_data} unit",
        lambda d=_data: bayes(
            d,
            meta.Normal(0, 20.0 if d == "eight_schools" else 2.0),
            meta.HalfNormal(5.0 if d == "eight_schools" else 0.5),
        ),
    )
for _value in (0.0, 0.2):
    POSTERIORS.add(f"bcg tau {_value}", lambda v=_value: bayes("bcg", meta.Normal(0, 1), v, more=True))
POSTERIORS.add("bcg fixed", lambda: bayes("bcg", meta.Normal(0, 1), p.Fixed(0.3)))
POSTERIORS.add("bcg at 0.8", lambda: bayes("bcg", meta.Normal(0, 1), meta.HalfNormal(0.5), level=0.8))
POSTERIORS.add("bounds", bounds)
for _subfield in (None, "musculoskeletal"):
    POSTERIORS.add(
        f"raudenbush1985 Cochrane {_subfield}",
        lambda s=_subfield: bayes("raudenbush1985", p.cochrane(s).effect, p.cochrane(s).tau),
    )
POSTERIORS.add("egger2001 Turner", lambda: bayes("egger2001", meta.Normal(0, 2), p.turner()))
POSTERIORS.add("raudenbush1985 Rhodes", lambda: bayes("raudenbush1985", meta.Normal(0, 1), p.rhodes()))
POSTERIORS.add("power_pose van Erp", lambda: bayes("power_pose", meta.Normal(0, 1), p.van_erp()))
POSTERIORS.add(
    "leave one out",
    lambda: {
        "table": meta.bayes.leave_one_out(data.es("bcg"), effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    },
)
for _data, _formula in (
    ("bcg", "~ ablat"),
    ("bcg", "~ C(alloc)"),
    ("raudenbush1985", "~ weeks"),
    ("molloy2014", "~ controls"),
):
    POSTERIORS.add(
        f"{_data} {_formula}",
        lambda d=_data, f=_formula: regression(d, f, meta.Normal(0, 1), meta.HalfNormal(0.5)),
    )
POSTERIORS.add(
    "bcg ~ ablat, slopes",
    lambda: regression("bcg", "~ ablat", meta.Normal(0, 1), meta.HalfNormal(0.5), slopes=meta.Normal(0, 0.1)),
)
for _data in ("power_pose", "bcg", "raudenbush1985"):
    AVERAGES.add(
        f"{_data}", lambda d=_data: average(d, effect=meta.Normal(0, 1), tau=meta.InverseGamma(1, 0.15))
    )
    AVERAGES.add(
        f"{_data} two-sided",
        lambda d=_data: average(d, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5), bias="two-sided"),
    )
    AVERAGES.add(
        f"{_data} pp",
        lambda d=_data: average(d, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5), bias="pp"),
    )
AVERAGES.add("power_pose psma", lambda: average("power_pose", bias="psma"))
AVERAGES.add(
    "power_pose shares",
    lambda: average("power_pose", p_effect=0.2, p_heterogeneity=0.8),
)
