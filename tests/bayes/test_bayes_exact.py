"""meta.bayes: fit, exact, core, posterior, distributions, model and text, against published numbers."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

import meta
from meta.bayes.distributions import Draws, PointMass, central_interval, shortest_interval
from meta.bayes.exact import AnalyticCore
from meta.bayes.priors import DuMouchel, Fixed, Jeffreys, Lomax
from meta.effects.effect_size_table import EffectSizes
from meta.errors import FewStudiesWarning, InputError, NotEstimableError, UnknownOptionError

FIXTURES = Path(__file__).parents[1] / "fixtures"
BAYESMETA = json.loads((FIXTURES / "bayesmeta.json").read_text())
QUADRATURE = json.loads((FIXTURES / "bayes_quadrature.json").read_text())
SCHOOLS = {"yi": [28, 8, -3, 7, -1, 1, 18, 12], "vi": np.square([15, 10, 16, 11, 9, 11, 10, 18])}
SETS = [name for name in BAYESMETA if not name.startswith("_")]


def fitted(name):
    case = BAYESMETA[name]
    effect = meta.Flat() if case["mu_prior"] == "flat" else meta.Normal(*case["mu_prior"])
    prior = case["tau_prior"]
    tau = meta.Flat() if prior["kind"] == "Uniform" else getattr(meta, prior["kind"])(prior["scale"])
    return case, meta.bayes(yi=case["y"], vi=case["v"], effect=effect, tau=tau)


def column(rows, what):
    return {row["_row"]: row[what] for row in rows}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(("of", "key"), [("mu", "mu"), ("tau", "tau"), ("new", "theta")])
def test_agrees_with_bayesmeta(name, of, key):
    case, post = fitted(name)
    for kind, where in (("shortest", "summary"), ("central", "central")):
        want = column(case[where], key)
        low, high = post.interval(0.95, kind=kind, of=of)
        scale = 2e-3 * want["sd"]
        # the ends of its intervals carry bayesmeta's grid error of mu, about 3e-3 standard deviations
        tolerance = scale if of == "tau" else 5 * scale
        assert low == pytest.approx(want["95% lower"], abs=tolerance)
        assert high == pytest.approx(want["95% upper"], abs=tolerance)
    dist = post.distribution(of)
    assert float(dist.mean) == pytest.approx(want["mean"], abs=scale)
    assert float(dist.ppf(0.5)) == pytest.approx(want["median"], abs=scale)
    assert float(dist.sd) == pytest.approx(want["sd"], rel=2e-3)


@pytest.mark.parametrize("name", SETS)
def test_shrinkage_and_tail_probabilities_agree_with_bayesmeta(name):
    case, post = fitted(name)
    table = post.shrinkage()
    rows = {row["_row"]: [v for k, v in row.items() if k != "_row"] for row in case["theta"]}
    sd = np.array(rows["sd"])
    np.testing.assert_allclose((table["mean"] - rows["mean"]) / sd, 0, atol=2e-3)
    np.testing.assert_allclose(table["sd"], sd, rtol=3e-3)
    np.testing.assert_allclose((table["low"] - rows["95% lower"]) / sd, 0, atol=2e-2)
    np.testing.assert_allclose((table["high"] - rows["95% upper"]) / sd, 0, atol=2e-2)
    assert post.probability(below=0) == pytest.approx(case["p_mu_below_0"], abs=1e-4)
    assert post.probability(below=0, of="new") == pytest.approx(case["p_theta_new_below_0"], abs=5e-4)
    assert float(post.cdf(0.1, of="tau")) == pytest.approx(case["p_tau_below_0.1"], abs=1e-5)


def test_bayes_factors_agree_with_bayesmeta():
    case, post = fitted("bcg_rr_halfnormal05_mu0_4")
    assert post.bayes_factor("tau=0") == pytest.approx(case["bayesfactor"][0], rel=1e-6)
    assert post.bayes_factor("mu = 0") == pytest.approx(case["bayesfactor"][2], rel=1e-6)


def test_eight_schools_oracle():
    want = QUADRATURE["bayes_eight_schools_gelman_integers"]
    post = meta.bayes(**SCHOOLS, effect=meta.Normal(0, 50), tau=meta.HalfCauchy(25))
    assert post.tau.mean == pytest.approx(want["E_tau"], rel=1e-7)
    assert post.tau.sd == pytest.approx(want["sd_tau"], rel=1e-7)
    assert post.estimate == pytest.approx(want["E_mu"], rel=1e-7)
    assert post.sd == pytest.approx(want["sd_mu"], rel=1e-7)
    for q, value in want["tau_q"].items():
        assert float(post.ppf(float(q), of="tau")) == pytest.approx(value, rel=1e-7)


def test_eight_schools_with_rubins_decimals():
    # statistics: E tau 5.884511, SD 4.869904, E mu 7.98604; Rubin 1981
    y = [28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16]
    s = np.array([14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6])
    post = meta.bayes(yi=y, vi=s**2, effect=meta.Normal(0, 50), tau=meta.HalfCauchy(25))
    want = QUADRATURE["bayes_eight_schools_rubin_decimals"]
    assert post.tau.mean == pytest.approx(want["E_tau"], rel=1e-7)
    assert post.estimate == pytest.approx(want["E_mu"], rel=1e-7)


def test_power_pose_bayes_factors_of_gronau_2017():
    want = QUADRATURE["bayes_power_pose_gronau2017"]
    data = {"yi": want["y"], "vi": np.square(want["se"]), "effect": meta.HalfCauchy(2**-0.5)}
    fixed = meta.bayes(**data, tau=0)
    random = meta.bayes(**data, tau=meta.InverseGamma(1, 0.15))
    evidence = [fixed.core.log_point(0), fixed.log_evidence, random.core.log_point(0), random.log_evidence]
    np.testing.assert_allclose(evidence, want["logml"], rtol=1e-7, atol=1e-8)
    assert 1 / fixed.bayes_factor("mu=0") == pytest.approx(want["BF10_fixed"], rel=1e-7)
    assert 1 / random.bayes_factor("mu=0") == pytest.approx(want["BF10_random"], rel=1e-7)
    odds = np.exp(evidence)
    assert (odds[1] + odds[3]) / (odds[0] + odds[2]) == pytest.approx(want["BF_incl_effect"], rel=1e-7)
    assert (odds[2] + odds[3]) / (odds[0] + odds[1]) == pytest.approx(want["BF_incl_het"], rel=1e-7)


@pytest.mark.parametrize(
    "tau", [meta.HalfCauchy(0.5), meta.LogNormal(-2.0, 1.5, on="tau2"), meta.Uniform(0, 2)]
)
def test_against_brute_force_quadrature(tau):
    y, v = np.array([0.1, 0.6, -0.2, 0.35]), np.array([0.04, 0.09, 0.05, 0.02])
    post = meta.bayes(yi=y, vi=v, effect=meta.Normal(0.1, 0.7), tau=tau)

    def joint(t):
        c = np.diag(v + t * t) + 0.49
        gap = y - 0.1
        log = -0.5 * (gap @ np.linalg.solve(c, gap) + np.linalg.slogdet(2 * np.pi * c)[1])
        return np.exp(log + float(tau.logpdf(t)))

    ends = [0, 0.02, 0.1, 0.4, 1.0, 2.0] + ([10.0, 100.0, 1e4] if tau.support[1] == np.inf else [])
    area = sum(
        integrate.quad(joint, a, b, epsabs=0, epsrel=1e-11, limit=200)[0] for a, b in itertools.pairwise(ends)
    )
    assert post.log_evidence == pytest.approx(np.log(area), abs=1e-8)
    below = integrate.quad(joint, 1e-12, 0.02, epsabs=0, epsrel=1e-10)[0]
    below += integrate.quad(joint, 0.02, 0.1, epsabs=0, epsrel=1e-10)[0]
    assert float(post.cdf(0.1, of="tau")) == pytest.approx(below / area, rel=1e-6)
    assert post.error < 1e-8


def test_sampling_covariances_by_direct_quadrature():
    y, v = np.array([0.1, 0.6, -0.2]), np.array([0.04, 0.09, 0.05])
    c = np.diag(v)
    c[0, 1] = c[1, 0] = 0.03
    es = EffectSizes(y, v, "GEN", ["a", "a", "b"], covariance=c)
    post = meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))

    def joint(t):
        sigma = c + t * t * np.eye(3) + 1.0
        log = -0.5 * (y @ np.linalg.solve(sigma, y) + np.linalg.slogdet(2 * np.pi * sigma)[1])
        return np.exp(log - 2 * t * t) * 4 / np.sqrt(2 * np.pi)

    assert post.log_evidence == pytest.approx(np.log(integrate.quad(joint, 0, 6, epsrel=1e-12)[0]), abs=1e-9)

    def theta(t):
        sigma = c + t * t * np.eye(3) + 1.0
        return joint(t) * ((t * t * np.eye(3) + 1.0) @ np.linalg.solve(sigma, y))[1]

    want = integrate.quad(theta, 0, 6, epsrel=1e-11)[0] / np.exp(post.log_evidence)
    assert post.shrinkage()["mean"][1] == pytest.approx(want, rel=1e-8)


def test_bayes_factor_between_points_and_intervals():
    post = meta.bayes(
        yi=[-0.7, -0.4, -0.3], vi=[0.05, 0.06, 0.04], effect=meta.Normal(0, 0.5), tau=meta.HalfNormal(0.3)
    )
    ratio = post.bayes_factor("mu=-0.53") / post.bayes_factor("mu=0")
    assert post.bayes_factor_between(-0.53) == pytest.approx(ratio, rel=1e-10)
    p = post.probability(below=0)
    assert post.bayes_factor("mu<0") == pytest.approx(p / (1 - p), rel=1e-9)
    assert post.bayes_factor("mu>0") == pytest.approx((1 - p) / p, rel=1e-9)
    # Savage-Dickey: the posterior over the prior density at the point
    ratio = float(post.pdf(-0.2)) / float(meta.Normal(0, 0.5).pdf(-0.2))
    assert post.bayes_factor("mu=-0.2") == pytest.approx(ratio, rel=1e-8)
    assert post.prior_probability(below=0.25) == pytest.approx(float(meta.Normal(0, 0.5).cdf(0.25)))
    assert post.prior_probability(below=0, of="new") == pytest.approx(0.5)


def test_prior_predictive_of_a_new_study_by_simulation():
    post = meta.bayes(yi=[0.1, 0.2, 0.3], vi=[0.1] * 3, effect=meta.Cauchy(0, 1), tau=meta.HalfNormal(0.5))
    rng = np.random.default_rng(5)
    draws = rng.standard_cauchy(400_000) + np.abs(rng.normal(0, 0.5, 400_000)) * rng.standard_normal(400_000)
    assert post.prior_probability(below=-0.8, of="new") == pytest.approx((draws < -0.8).mean(), abs=0.003)


def test_one_and_two_studies_warn_and_depend_on_the_prior():
    with pytest.warns(FewStudiesWarning, match="k = 1"):
        post = meta.bayes(yi=[0.5], vi=[0.1], effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    assert post.warnings
    with pytest.warns(FewStudiesWarning):
        alone = meta.bayes(yi=[0.5], vi=[0.1], effect=meta.Flat(), tau=meta.HalfNormal(0.5))
    # under a flat effect prior one study leaves tau at its prior
    assert alone.tau.median == pytest.approx(float(meta.HalfNormal(0.5).ppf(0.5)), rel=1e-8)
    with pytest.warns(FewStudiesWarning):
        heavy = meta.bayes(yi=[0.5], vi=[0.1], effect=meta.Flat(), tau=meta.HalfCauchy(0.5))
    assert np.isnan(heavy.tau.mean)
    assert np.isnan(heavy.estimate)
    assert heavy.median == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"tau": meta.Flat()}, "does not integrate"),
        ({"tau": Jeffreys(), "yi": [0.1], "vi": [0.1]}, "does not integrate"),
        ({"tau": meta.Normal(0, 1)}, "below zero"),
        ({"tau": -1.0}, "tau must be >= 0"),
        ({"tau": "x"}, "tau must be a prior such as"),
        ({"level": 95}, "level"),
        ({"engine": "stan"}, "unknown engine"),
        ({"vi": [0.1, 0.0]}, "vi must be > 0: study '2'"),
        ({"yi": [0.1, np.inf]}, "yi must be finite"),
        ({"vi": [0.1]}, "must have the same length"),
        ({"effect": Fixed(0.0)}, "spread"),
        ({"draws": 10}, "draws belongs to the sampler"),
        ({"es": [1, 2], "yi": None, "vi": None}, "must be effect sizes, a fit or a table"),
    ],
)
@pytest.mark.filterwarnings("ignore::meta.errors.FewStudiesWarning")
def test_refusals(options, match):
    arguments = {
        "yi": [0.1, 0.3],
        "vi": [0.1, 0.2],
        "effect": meta.Flat(),
        "tau": meta.HalfNormal(1),
    } | options
    with pytest.raises(ValueError, match=match):
        meta.bayes(**arguments)


def test_improper_priors_have_no_bayes_factor():
    flat = meta.bayes(**SCHOOLS, effect=meta.Flat(), tau=meta.HalfNormal(10))
    with pytest.raises(NotEstimableError, match="proper"):
        flat.bayes_factor("mu=0")
    with pytest.raises(NotEstimableError, match="proper"):
        flat.prior_probability(below=0)
    assert flat.bayes_factor("tau=0") > 1
    with pytest.raises(NotEstimableError, match="proper"):
        meta.bayes(**SCHOOLS, effect=meta.Normal(0, 10), tau=meta.Flat()).bayes_factor("tau=0")
    proper = meta.bayes(**SCHOOLS, effect=meta.Normal(0, 10), tau=meta.HalfNormal(10))
    with pytest.raises(UnknownOptionError, match="cannot read"):
        proper.bayes_factor("theta=0")
    with pytest.raises(NotEstimableError, match="only tau=0"):
        proper.bayes_factor("tau=1")
    with pytest.raises(UnknownOptionError, match="kind of interval"):
        proper.interval(kind="hdi")
    with pytest.raises(UnknownOptionError, match="quantity"):
        proper.cdf(0, of="sigma")
    with pytest.raises(InputError, match="below="):
        proper.probability()
    with pytest.raises(InputError, match="q must"):
        proper.ppf(1.5)


def test_defaults_by_measure_or_refusal():
    smd = meta.bayes(EffectSizes([0.1, 0.2, 0.5], [0.1] * 3, "SMD", list("abc")))
    assert smd.prior == "mu ~ Normal(mean=0, sd=1), tau ~ HalfNormal(scale=0.5)"
    with pytest.raises(InputError, match="no default priors"):
        meta.bayes(yi=[0.1, 0.2, 0.3], vi=[0.1] * 3)


def test_known_tau_is_the_common_effect_model():
    y, v = np.array([0.2, 0.5, 0.1]), np.array([0.1, 0.2, 0.05])
    post = meta.bayes(yi=y, vi=v, effect=meta.Flat(), tau=0)
    assert post.estimate == pytest.approx(np.sum(y / v) / np.sum(1 / v))
    assert post.sd == pytest.approx(np.sum(1 / v) ** -0.5)
    assert post.interval(of="tau") == (0.0, 0.0)
    assert isinstance(post.core.tau, PointMass)


def test_data_dependent_priors_are_resolved():
    post = meta.bayes(**SCHOOLS, effect=meta.Flat(), tau=DuMouchel())
    assert isinstance(post.tau_prior, Lomax)
    jeffreys = meta.bayes(**SCHOOLS, effect=meta.Flat(), tau=Jeffreys())
    assert jeffreys.tau.median > 0


def test_printing_tables_and_plain_values():
    post = meta.bayes(**SCHOOLS, effect=meta.Flat(), tau=meta.HalfNormal(10))
    text = post.summary()
    assert text == str(post)
    for part in ("exact (quadrature)", "k = 8", "7.860", "HalfNormal(scale=10)", "[0.000, 12.067]"):
        assert part in text
    tidy = post.tidy().set_index("term")
    assert tidy.loc["tau", "ci_low"] == 0.0
    assert post.glance().loc[0, "k"] == 8
    assert json.loads(json.dumps(post.to_dict()))["k"] == 8
    assert "Posterior(" in repr(post)
    draws = post.sample(20_000, seed=3)
    assert draws["mu"].mean() == pytest.approx(post.estimate, abs=0.15)
    assert draws.equals(post.sample(20_000, seed=3))


def test_intervals_of_draws_and_points():
    values = np.random.default_rng(1).gamma(1.0, size=200_000)
    low, high = shortest_interval(Draws(values, floor=0.0), 0.9)
    assert (low, high) == pytest.approx((0.0, -np.log(0.1)), abs=0.03)
    assert central_interval(Draws(values), 0.9)[1] == pytest.approx(-np.log(0.05), abs=0.03)
    assert float(Draws(values, floor=0.0).pdf(1.0)) == pytest.approx(np.exp(-1), abs=0.01)
    assert shortest_interval(PointMass(0.3), 0.9) == (0.3, 0.3)


def test_twenty_studies_take_milliseconds():
    rng = np.random.default_rng(2)
    y, v = rng.normal(0.2, 0.4, 20), rng.uniform(0.02, 0.2, 20)
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        post = meta.bayes(yi=y, vi=v, effect=meta.Normal(0, 4), tau=meta.HalfNormal(0.5))
        assert isinstance(post.core, AnalyticCore)
        assert np.isfinite(post.estimate + post.tau.mean)
        best = min(best, time.perf_counter() - start)
    assert best < 0.025  # measured about 2 ms on one idle core
