"""meta.bayes.grid, meta.bayes.hypotheses and meta.bayes.predictive: bounds, mixtures, any prior of mu."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate

import meta
from meta.bayes.grid import GridCore, fit_grid
from meta.bayes.hypotheses import parse_hypothesis
from meta.bayes.predictive import prior_predictive
from meta.effects.effect_size_table import EffectSizes
from meta.errors import DataWarning, NotEstimableError
from meta.kernels.bounded import log_likelihood

NAN, INF = np.nan, np.inf
SCHOOLS = {"yi": [28, 8, -3, 7, -1, 1, 18, 12], "vi": np.square([15, 10, 16, 11, 9, 11, 10, 18])}


def mixed_evidence():
    return EffectSizes(
        [NAN, 0.2, 0.5, NAN, NAN],
        [0.05, 0.04, 0.1, 0.08, 0.05],
        "SMD",
        list("abcde"),
        kind=["bound", "exact", "exact", "bound", "mixture"],
        lower=[-0.4, NAN, NAN, 0.3, NAN],
        upper=[0.4, NAN, NAN, INF, NAN],
        mixtures={4: ((-0.56, 0.5), (-0.21, 0.5))},
    )


def test_grid_agrees_with_the_analytic_engine():
    post = meta.bayes(**SCHOOLS, effect=meta.Normal(2, 20), tau=meta.HalfCauchy(10))
    grid = fit_grid(post.core.model)
    x = np.array([-10.0, -1.0, 5.0, 20.0])
    assert grid.log_evidence == pytest.approx(post.log_evidence, abs=1e-8)
    np.testing.assert_allclose(grid.mu.cdf(x), post.cdf(x), atol=1e-8)
    np.testing.assert_allclose(grid.tau.cdf(abs(x)), post.cdf(abs(x), of="tau"), atol=1e-8)
    np.testing.assert_allclose(grid.new.cdf(x), post.cdf(x, of="new"), atol=1e-7)
    np.testing.assert_allclose(grid.study(0).cdf(x), post.core.study(0).cdf(x), atol=1e-7)
    assert grid.log_point(1.5) == pytest.approx(post.core.log_point(1.5), abs=1e-9)
    assert grid.log_homogeneous() == pytest.approx(post.core.log_homogeneous(), abs=1e-8)


def test_bounds_and_mixture_against_a_brute_force_grid():
    post = meta.bayes(mixed_evidence())
    rows = post.core.model.rows
    mu, tau = np.linspace(-3, 3, 1201), (np.arange(1500) + 0.5) * 0.002
    joint = (
        log_likelihood(mu[None, :], tau[:, None] ** 2, rows) - 0.5 * mu**2 - 0.5 * (tau[:, None] / 0.5) ** 2
    )
    weight = np.exp(joint - joint.max())
    weight /= weight.sum()
    assert post.estimate == pytest.approx((weight * mu).sum(), abs=1e-6)
    assert post.tau.mean == pytest.approx((weight * tau[:, None]).sum(), abs=1e-5)
    theta = (
        weight * (rows.y[1] * tau[:, None] ** 2 + mu * rows.v[1]) / (rows.v[1] + tau[:, None] ** 2)
    ).sum()
    assert post.shrinkage()["mean"][1] == pytest.approx(theta, abs=1e-5)


def test_own_effect_of_a_bounded_study_against_sampling():
    post = meta.bayes(mixed_evidence())
    own = post.core.study(0)
    from meta.bayes.pymc_models import draw_study_effects

    draws = post.sample(60_000, seed=4)
    theta = draw_study_effects(
        draws["mu"].to_numpy(), draws["tau"].to_numpy(), post.core.model.rows, np.random.default_rng(5)
    )
    for i in (0, 3, 4):
        own = post.core.study(i)
        assert float(own.mean) == pytest.approx(theta[:, i].mean(), abs=0.006)
        assert float(own.sd) == pytest.approx(theta[:, i].std(), abs=0.006)


def test_uninformative_bound_changes_nothing_and_a_point_bound_is_exact():
    base = EffectSizes([0.2, 0.5, 0.1], [0.04, 0.1, 0.05], "SMD", list("abc"))
    vague = EffectSizes(
        [0.2, 0.5, 0.1, NAN],
        [0.04, 0.1, 0.05, 0.2],
        "SMD",
        list("abcd"),
        kind=["exact"] * 3 + ["bound"],
        lower=[NAN] * 3 + [-INF],
        upper=[NAN] * 3 + [INF],
    )
    point = EffectSizes(
        [0.2, 0.5, NAN],
        [0.04, 0.1, 0.05],
        "SMD",
        list("abc"),
        kind=["exact", "exact", "bound"],
        lower=[NAN, NAN, 0.1],
        upper=[NAN, NAN, 0.1],
    )
    want = meta.bayes(base)
    for other in (vague, point):
        got = meta.bayes(other)
        assert got.estimate == pytest.approx(want.estimate, rel=1e-8)
        assert got.log_evidence == pytest.approx(want.log_evidence, abs=1e-8)


def test_none_rows_are_left_out():
    es = EffectSizes([0.2, 0.5, 0.1, NAN], [0.04, 0.1, 0.05, NAN], "SMD", list("abcd"))
    with pytest.warns(DataWarning, match="1 of 4 rows have no effect and are left out: 'd'"):
        assert meta.bayes(es).k == 3


def test_other_priors_of_the_effect_by_direct_integration():
    y, v = np.array([0.4, 0.1, 0.6]), np.array([0.05, 0.1, 0.04])
    for effect in (meta.Cauchy(0, 0.7), meta.StudentT(0, 0.43, 5), meta.Uniform(-1, 1)):
        post = meta.bayes(yi=y, vi=v, effect=effect, tau=meta.HalfNormal(0.5))

        def at(mu, effect=effect, post=post):
            return float(effect.pdf(mu)) * np.exp(post.core.log_point(mu))

        ends = np.clip([-8, -1, 0, 0.3, 0.6, 1, 8], *effect.support)
        area = sum(integrate.quad(at, a, b, epsrel=1e-9)[0] for a, b in itertools.pairwise(ends) if b > a)
        assert post.log_evidence == pytest.approx(np.log(area), abs=1e-5)


def test_fixed_tau_on_the_grid():
    es = EffectSizes(
        [0.3, NAN],
        [0.04, 0.05],
        "GEN",
        ["a", "b"],
        kind=["exact", "bound"],
        lower=[NAN, -0.4],
        upper=[NAN, 0.4],
    )
    with pytest.warns(meta.errors.FewStudiesWarning):
        post = meta.bayes(es, effect=meta.Normal(0, 1), tau=0.2)
    from meta.bayes.model import Model

    rows = post.core.model.rows
    assert isinstance(post.core.model, Model)
    area = integrate.quad(
        lambda m: np.exp(float(log_likelihood(m, 0.04, rows)) - m * m / 2) / np.sqrt(2 * np.pi), -6, 6
    )[0]
    assert post.log_evidence == pytest.approx(np.log(area), abs=1e-8)
    assert post.interval(of="tau") == (0.2, 0.2)
    assert post.sd < float(post.core.new.sd)


def test_truncation_to_significant_results_pulls_toward_zero():
    y, v = np.array([-0.7, -0.9, -0.8]), np.array([0.09, 0.1, 0.08])
    es = EffectSizes(y, v, "SMD", list("abc"))
    plain, cut = meta.bayes(es), meta.bayes(es, truncated=[True, True, False])
    assert plain.estimate < cut.estimate < 0
    assert isinstance(cut.core, GridCore)
    with pytest.raises(meta.errors.InputError, match="one value for each"):
        meta.bayes(es, truncated=[True])


def test_one_sided_bounds_with_a_flat_prior_are_refused():
    es = EffectSizes(
        [NAN] * 3, [0.1] * 3, "SMD", list("abc"), kind=["bound"] * 3, lower=[0.1] * 3, upper=[INF] * 3
    )
    with pytest.raises(NotEstimableError, match="one side only"):
        meta.bayes(es, effect=meta.Flat(), tau=meta.HalfNormal(0.5))
    post = meta.bayes(es)
    assert post.probability(above=0) > 0.8


def test_covariances_with_bounds_are_refused():
    es = mixed_evidence()
    covariance = np.diag(es.vi).astype(float)
    covariance[1, 2] = covariance[2, 1] = 0.01
    with pytest.raises(meta.errors.InputError, match="independent sampling errors"):
        meta.bayes(
            EffectSizes(es.yi, es.vi, "SMD", es.study, es.kind, es.lower, es.upper, es.mixtures, covariance)
        )


def test_joint_draws_follow_the_grid():
    post = meta.bayes(mixed_evidence())
    draws = post.sample(40_000, seed=2)
    assert draws["mu"].mean() == pytest.approx(post.estimate, abs=0.005)
    assert draws["tau"].std() == pytest.approx(post.tau.sd, abs=0.005)


def test_hypotheses_are_read():
    assert parse_hypothesis("tau=0").point
    between = parse_hypothesis("-0.5 < mu < 0")
    assert (between.low, between.high) == (-0.5, 0.0)
    assert parse_hypothesis("mu>=1e-2").low == 0.01
    assert parse_hypothesis("mu=−0.53").low == -0.53
    with pytest.raises(meta.errors.UnknownOptionError):
        parse_hypothesis("0 < mu < -1")


def test_prior_predictive_with_a_known_tau():
    got = prior_predictive(meta.Normal(1, 3), meta.priors.Fixed(4.0))
    assert float(got.cdf(1.0)) == pytest.approx(0.5)
    assert got.sd == pytest.approx(5.0)
