"""meta.pooling.count_glmm and kernels.glmm, noncentral, betabinomial."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, stats
from scipy.special import expit

import meta
from meta.errors import (
    AssumptionWarning,
    ConvergenceWarning,
    InputError,
    NotEstimableError,
    UnknownOptionError,
)
from meta.kernels import betabinomial, glmm, noncentral

HERE = Path(__file__).parents[1] / "fixtures"
REF = json.loads((HERE / "regression_reference.json").read_text())
MORE = json.loads((HERE / "dependent_counts.json").read_text())
TWO = {"events1": "ai", "n1": "n1i", "events2": "ci", "n2": "n2i"}
RATES = {"events1": "x1i", "time1": "t1i", "events2": "x2i", "time2": "t2i"}
pytestmark = pytest.mark.filterwarnings("ignore:left out because they say nothing")


def data(name):
    return pd.DataFrame(MORE["data"][name])


def close(actual, expected, rtol=1e-3):
    np.testing.assert_allclose(np.asarray(actual, float), np.asarray(expected, float), rtol=rtol)


@pytest.mark.parametrize("model", ["UM.FS", "UM.RS", "CM.EL", "CM.AL"])
def test_odds_ratio_models_agree_with_r(model):
    fit = meta.pool_counts(data("nielweise2007"), measure="OR", method="GLMM", model=model, **TWO)
    close([fit.estimate, fit.se, fit.tau2], REF["nielweise2007_OR"][model])
    assert fit.k == 17  # the study without events is left out
    assert fit.converged
    if model in ("UM.FS", "CM.AL"):
        close(fit.q, MORE[f"glmm_or_{model}"]["qe_lrt"], rtol=1e-6)
    if model == "UM.FS":
        close(fit.q_wald.statistic, MORE["glmm_or_UM.FS"]["qe_wald"], rtol=1e-6)
    if model == "UM.RS":  # Laplace in both, with all constants
        close([fit.sigma2, fit.loglik], [MORE["glmm_or_UM.RS"]["sigma2"], MORE["glmm_or_UM.RS"]["ll"]])


@pytest.mark.parametrize("model", ["UM.FS", "UM.RS", "CM.EL"])
def test_rate_ratio_models_agree_with_r(model):
    r = MORE[f"glmm_irr_{model}"]
    fit = meta.pool_counts(data("nielweise2008"), measure="IRR", method="GLMM", model=model, **RATES)
    close([fit.estimate, fit.tau2], [r["est"], r["tau2"]], rtol=1.5e-3)
    if (
        model != "UM.RS"
    ):  # glmer's finite-difference Hessian is 1.3% off there: see the notes beside the fixtures
        close(fit.se, r["se"])
        close(fit.q, r["qe_lrt"], rtol=1e-6)


def test_conditional_models_of_rates_are_one():
    exact, approximate = (
        meta.pool_counts(data("nielweise2008"), measure="IRR", method="GLMM", model=m, **RATES)
        for m in ("CM.EL", "CM.AL")
    )
    close([exact.estimate, exact.tau2], [approximate.estimate, approximate.tau2], rtol=1e-5)


def test_one_group_models_agree_with_r():
    fit = meta.pool_counts(data("pritz1997"), measure="PLO", method="GLMM", events="xi", n="ni")
    close([fit.estimate, fit.se, fit.tau2], REF["pritz1997"]["GLMM"])
    close([fit.q, fit.q_wald.statistic], [MORE["glmm_plo"]["qe_lrt"], MORE["glmm_plo"]["qe_wald"]], rtol=1e-6)
    fit = meta.pool_counts(data("nielweise2007"), measure="PLO", method="GLMM", events="ai", n="n1i")
    close([fit.estimate, fit.se, fit.tau2], REF["nielweise2007_OR"]["PLO"])
    fit = meta.pool_counts(data("nielweise2008"), measure="IRLN", method="GLMM", events="x1i", time="t1i")
    close([fit.estimate, fit.se, fit.tau2], [MORE["glmm_irln"][x] for x in ("est", "se", "tau2")])


def test_two_heterogeneity_tests_disagree_and_both_are_there():
    fit = meta.pool_counts(data("nielweise2007"), measure="OR", method="GLMM", model="UM.FS", **TWO)
    assert fit.q_p < 0.05 < fit.q_wald.p_value


def test_van_houwelingen_1993_exact_conditional_likelihood():
    d = pd.DataFrame(MORE["data"]["collins1985a"]).dropna()
    columns = {"events1": "b.xci", "n1": "nci", "events2": "b.xti", "n2": "nti"}
    fit = meta.pool_counts(d, measure="OR", method="GLMM", model="CM.EL", **columns)
    b, se, low, high, tau2 = REF["collins1985a_vanHouwelingen1993"]["ML"]
    close([fit.estimate, fit.se, fit.ci_low, fit.ci_high, fit.tau2], [b, se, low, high, tau2])
    use = d[d["b.xci"] + d["b.xti"] > 0]
    family = glmm.noncentral_hypergeometric(*(use[x].to_numpy(float) for x in columns.values()))
    one = np.ones(len(use))
    flat = glmm.climb(lambda x: float(family(x[0] * one)[0].sum()), [np.zeros(1)])
    b, se, *_ = REF["collins1985a_vanHouwelingen1993"]["EE"]
    close([flat.x[0], np.sqrt(flat.vcov[0, 0])], [b, se])


def test_bcg_fixed_studies_agree_with_r():
    bcg = data("bcg")
    columns = {"events1": "tpos", "nonevents1": "tneg", "events2": "cpos", "nonevents2": "cneg"}
    fit = meta.pool_counts(bcg, measure="OR", method="GLMM", **columns)
    r = MORE["glmm_bcg_UM.FS"]
    close([fit.estimate, fit.se, fit.tau2], [r["est"], r["se"], r["tau2"]], rtol=1e-4)


def test_random_studies_with_more_nodes_move_in_the_third_digit():
    laplace, fine = (
        meta.pool_counts(
            data("nielweise2007"), measure="OR", method="GLMM", model="UM.RS", quadrature=q, **TWO
        )
        for q in (1, 7)
    )
    assert 1e-4 < abs(laplace.estimate - fine.estimate) < 5e-3


def test_quadrature_against_brute_force_integration():
    x, n, eta, tau = 3.0, 17.0, -1.2, 1.4
    brute = integrate.quad(
        lambda z: stats.binom.pmf(x, n, expit(eta + tau * z)) * stats.norm.pdf(z),
        -12,
        12,
        epsabs=1e-14,
        limit=200,
    )[0]
    family = glmm.binomial(np.array([x]), np.array([n]))
    value = glmm.marginal_one([(family, np.array([eta]), 1.0)], tau, 25).value[0]
    assert value == pytest.approx(np.log(brute), abs=1e-9)
    second = glmm.binomial(np.array([5.0]), np.array([15.0]))
    sd = 0.8

    def arms(b, z):
        p1 = stats.binom.pmf(x, n, expit(eta + 0.5 + sd * b + 0.5 * tau * z))
        p2 = stats.binom.pmf(5, 15, expit(eta + sd * b - 0.5 * tau * z))
        return p1 * p2 * stats.norm.pdf(z) * stats.norm.pdf(b)

    brute = integrate.dblquad(arms, -9, 9, -9, 9, epsabs=1e-12)[0]
    loadings = np.array([[sd, tau / 2], [sd, -tau / 2]])
    value = glmm.marginal_two(family, second, (eta + 0.5, eta), loadings, 21)[0]
    assert value == pytest.approx(np.log(brute), abs=1e-7)


def test_noncentral_hypergeometric_against_scipy_and_in_the_far_tail():
    a, n1, c, n2 = (np.array([x]) for x in (4.0, 20.0, 9.0, 25.0))
    s = noncentral.support(a, n1, c, n2)
    for log_or in (-2.0, 0.3, 3.0):
        d = stats.nchypergeom_fisher(45, 20, 13, np.exp(log_or))
        value, mean, variance = noncentral.log_pmf(s, np.full((1, 1), log_or))
        np.testing.assert_allclose(
            [value[0, 0], mean[0, 0], variance[0, 0]], [d.logpmf(4), d.mean(), d.var()], rtol=1e-8
        )
    far = noncentral.log_pmf(s, np.full((1, 1), 400.0))[0][0, 0]
    assert -4000 < far < -3000  # exp of it underflows


def test_conditional_model_without_heterogeneity_is_the_exact_conditional_estimate():
    table = {"events1": [6, 5, 7], "n1": [20, 20, 20], "events2": [12, 11, 13], "n2": [20, 20, 20]}
    fit = meta.pool_counts(measure="OR", method="GLMM", model="CM.EL", **table)
    assert fit.tau2 == 0.0
    assert fit.at_boundary
    columns = tuple(np.array(table[x], float) for x in ("events1", "n1", "events2", "n2"))
    mean = noncentral.log_pmf(noncentral.support(*columns), np.full((3, 1), fit.estimate))[1]
    assert mean.sum() == pytest.approx(18.0, abs=1e-5)


def test_swapping_groups_flips_the_sign():
    swap = {"events1": "ci", "n1": "n2i", "events2": "ai", "n2": "n1i"}
    for model in ("UM.FS", "UM.RS", "CM.EL"):
        one, other = (
            meta.pool_counts(data("nielweise2007"), measure="OR", method="GLMM", model=model, **columns)
            for columns in (TWO, swap)
        )
        close([other.estimate, other.tau2], [-one.estimate, one.tau2], rtol=2e-5)


def test_beta_binomial_agrees_with_brute_force_and_binomial_limit():
    d = data("pritz1997")
    fit = meta.pool_counts(d, measure="PLO", method="BB", events="xi", n="ni")
    x, n = d["xi"].to_numpy(float), d["ni"].to_numpy(float)

    def loglik(mu, rho):
        total = (1 - rho) / rho
        return stats.betabinom.logpmf(x, n, expit(mu) * total, expit(-mu) * total).sum()

    assert fit.loglik == pytest.approx(loglik(fit.estimate, fit.dispersion), abs=1e-8)
    for dm, dr in ((0.01, 0), (-0.01, 0), (0, 0.005), (0, -0.005)):
        assert loglik(fit.estimate + dm, fit.dispersion + dr) < fit.loglik
    same = meta.pool_counts(measure="PLO", method="BB", events=[5, 5, 5, 5], n=[10, 10, 10, 10])
    assert same.dispersion == 0.0
    assert same.se == pytest.approx(np.sqrt(1 / 20 + 1 / 20), rel=1e-5)
    near, zero = (betabinomial.log_likelihood(x, n, np.full(14, 1.0), r).sum() for r in (1e-7, 0.0))
    assert near == pytest.approx(zero, abs=1e-3)


def test_beta_binomial_odds_ratio_has_the_right_sign():
    fit = meta.pool_counts(data("nielweise2007"), measure="OR", method="BB", **TWO)
    assert -2 < fit.estimate < -0.7
    assert fit.se > 0


def test_prediction_interval_and_backtransform():
    fit = meta.pool_counts(data("pritz1997"), measure="PLO", method="GLMM", events="xi", n="ni")
    shown = fit.backtransform()
    assert shown.pi_low < shown.ci_low < shown.estimate < shown.ci_high < shown.pi_high < 1
    assert shown.estimate == pytest.approx(expit(fit.estimate))


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"model": "UM"}, UnknownOptionError, "CM.EL"),
        ({"measure": "RR"}, UnknownOptionError, "IRLN"),
        ({"events1": [0, 0, 0]}, NotEstimableError, "infinite"),
        ({"events1": [20, 20, 20]}, NotEstimableError, "nothing but events"),
        ({"events1": [1.5, 2, 3]}, InputError, "whole number"),
        ({"method": "BB", "measure": "RD"}, UnknownOptionError, "PLO"),
    ],
)
def test_refusals(change, error, words):
    base = {
        "measure": "OR",
        "method": "GLMM",
        "events1": [1, 2, 3],
        "n1": [20] * 3,
        "events2": [4, 5, 6],
        "n2": [20] * 3,
    }
    with pytest.raises(error, match=words):
        meta.pool_counts(**(base | change))


def test_counts_without_a_finite_maximum_warn():
    table = {"events1": [0, 0, 5], "n1": [10] * 3, "events2": [3, 4, 0], "n2": [10] * 3}
    with pytest.warns(ConvergenceWarning):
        meta.pool_counts(measure="OR", method="GLMM", model="CM.EL", **table)
    with pytest.raises(NotEstimableError, match="two studies"):
        meta.pool_counts(measure="IRLN", method="GLMM", events=[3], time=[10])


def test_many_study_intercepts_warn():
    rng = np.random.default_rng(4)
    with pytest.warns(AssumptionWarning, match="CM.EL"):
        meta.pool_counts(
            measure="OR",
            method="GLMM",
            events1=rng.binomial(50, 0.2, 22) + 1,
            n1=[60] * 22,
            events2=rng.binomial(50, 0.3, 22) + 1,
            n2=[60] * 22,
        )
