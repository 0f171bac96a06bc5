"""meta.bayes.loo and meta.bayes.predictive_checks against brute force, the other engine and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

import meta
from meta.bayes.loo import compare_loo
from meta.bayes.predictive_checks import replicate
from meta.effects.effect_size_table import EffectSizes
from meta.errors import FewStudiesWarning, InputError, NotEstimableError, UnknownOptionError, quiet

SCHOOLS = {"yi": [28, 8, -3, 7, -1, 1, 18, 12], "vi": np.square([15, 10, 16, 11, 9, 11, 10, 18])}
PRIORS = {"effect": meta.Normal(0, 20), "tau": meta.HalfNormal(10)}


def test_exact_density_is_the_predictive_of_the_other_studies():
    loo = meta.bayes(**SCHOOLS, **PRIORS).loo()
    y, v = np.array(SCHOOLS["yi"], dtype=float), np.array(SCHOOLS["vi"], dtype=float)
    rest = meta.bayes(yi=y[1:], vi=v[1:], **PRIORS)

    def density(theta):
        return float(rest.pdf(theta, of="new")) * stats.norm.pdf(y[0], theta, np.sqrt(v[0]))

    expected = integrate.quad(density, -150, 150, points=[0, 30], limit=200)[0]
    assert loo.pointwise[0] == pytest.approx(np.log(expected), abs=1e-6)
    assert loo.elpd == pytest.approx(loo.pointwise.sum())
    assert loo.se == pytest.approx(np.sqrt(8 * np.var(loo.pointwise, ddof=1)))
    assert 0 < loo.p_loo < 8
    assert np.isnan(loo.pareto_k).all()
    assert "quadrature" in loo.summary()


def test_a_flat_prior_cancels_and_an_outlier_is_least_expected():
    post = meta.bayes(yi=[0.1, 0.2, 0.15, 3.0], vi=[0.02] * 4, effect=meta.Flat(), tau=meta.HalfNormal(0.5))
    wide = meta.bayes(
        yi=[0.1, 0.2, 0.15, 3.0], vi=[0.02] * 4, effect=meta.Normal(0, 1e4), tau=meta.HalfNormal(0.5)
    )
    np.testing.assert_allclose(post.loo().pointwise, wide.loo().pointwise, atol=1e-5)
    assert post.loo().tidy().set_index("study")["elpd"].idxmin() == "4"


def test_comparison_orders_fits_and_refuses_other_studies():
    common = meta.bayes(**SCHOOLS, effect=meta.Normal(0, 20), tau=0.0).loo()
    far = meta.bayes(**SCHOOLS, effect=meta.Normal(-90, 1), tau=0.0).loo()
    table = compare_loo(far=far, common=common)
    assert table.index.tolist() == ["common", "far"]
    assert table.loc["common", "difference"] == 0
    assert table.loc["far", "difference"] == pytest.approx(far.elpd - common.elpd)
    other = meta.bayes(yi=[1, 2, 3], vi=[1, 1, 1], **PRIORS)
    with pytest.raises(InputError, match="same studies"):
        compare_loo(a=common, b=other.loo())


def test_replicates_have_the_moments_of_the_model():
    rng = np.random.default_rng(1)
    covariance = np.array([[1.0, 0.6], [0.6, 2.0]])
    drawn = replicate(np.full(200_000, 3.0), np.full(200_000, 0.5), covariance, rng)
    np.testing.assert_allclose(drawn.mean(axis=0), 3.0, atol=0.02)
    np.testing.assert_allclose(np.cov(drawn.T), covariance + 0.25 * np.eye(2), atol=0.04)


def test_p_value_of_q_at_known_homogeneity_is_that_of_chi_square():
    post = meta.bayes(**SCHOOLS, effect=meta.Normal(0, 20), tau=0.0)
    y, w = np.array(SCHOOLS["yi"], dtype=float), 1 / np.array(SCHOOLS["vi"], dtype=float)
    q = float(w @ (y - w @ y / w.sum()) ** 2)
    for check in (post.posterior_predictive(size=40_000, seed=2), post.prior_predictive(size=40_000, seed=2)):
        assert check.observed["Q"] == pytest.approx(q)
        assert check.p_value("Q") == pytest.approx(stats.chi2.sf(q, 7), abs=4 * 0.5 / 200)
        assert check.observed["max|z|"] == pytest.approx(28 / 15)
        assert "predictive check" in str(check)


def test_a_bad_model_is_seen_and_own_statistics_are_taken():
    bad = meta.bayes(yi=[-3, 3, -3, 3], vi=[0.1] * 4, effect=meta.Normal(0, 1), tau=0.0)
    assert bad.posterior_predictive(seed=1, size=500).p_value("Q") == 0
    good = meta.bayes(yi=[-3, 3, -3, 3], vi=[0.1] * 4, effect=meta.Normal(0, 1), tau=meta.HalfNormal(5))
    assert 0.05 < good.posterior_predictive(seed=1, size=500).p_value("Q") < 0.95
    own = good.posterior_predictive({"range": lambda y, v: np.ptp(y, axis=-1)}, size=500, seed=1)
    assert own.tidy()["observed"].tolist() == [6.0]


def test_what_cannot_be_checked_is_refused():
    flat = meta.bayes(**SCHOOLS, effect=meta.Flat(), tau=meta.HalfNormal(10))
    with pytest.raises(NotEstimableError, match="proper"):
        flat.prior_predictive()
    with pytest.raises(UnknownOptionError, match="statistic"):
        flat.posterior_predictive(("median",))
    with pytest.raises(InputError, match="size"):
        flat.posterior_predictive(size=0)
    with pytest.warns(FewStudiesWarning):
        one = meta.bayes(yi=[1], vi=[1], **PRIORS)
    with pytest.raises(InputError, match="two"):
        one.loo()
    truncated = meta.bayes(yi=[1, 2, 0.5], vi=[0.1] * 3, truncated=[True, False, False], **PRIORS)
    with pytest.raises(InputError, match="truncated"):
        truncated.posterior_predictive()


@pytest.mark.mcmc
def test_smoothed_weights_and_draws_agree_with_the_exact_engine():
    exact = meta.bayes(**SCHOOLS, **PRIORS)
    post = meta.bayes(**SCHOOLS, **PRIORS, engine="pymc", seed=1, chains=2)
    known, found = exact.loo(), post.loo()
    np.testing.assert_allclose(found.pointwise, known.pointwise, atol=0.03)
    assert found.elpd == pytest.approx(known.elpd, abs=0.06)
    assert found.p_loo == pytest.approx(known.p_loo, abs=0.1)
    assert (found.pareto_k < 0.7).all()
    p = [fit.posterior_predictive(size=8000, seed=3).p_value("Q") for fit in (exact, post)]
    assert p[0] == pytest.approx(p[1], abs=0.03)


def evidence(y, v):
    """Integral of prior times likelihood, by two nested quadratures."""

    def inner(tau):
        s = np.sqrt(v + tau**2)

        def joint(mu):
            return np.prod(stats.norm.pdf(y, mu, s)) * stats.norm.pdf(mu, 0.1, 0.8)

        return integrate.quad(joint, -4, 4, epsabs=1e-12)[0] * stats.halfnorm.pdf(tau, scale=0.5)

    return integrate.quad(inner, 0, 4, epsabs=1e-12)[0]


def test_each_study_is_predicted_as_brute_force_says():
    y, v = np.array([0.1, 0.4, 0.3, -0.2]), np.array([0.04, 0.02, 0.05, 0.03])
    found = meta.bayes(yi=y, vi=v, effect=meta.Normal(0.1, 0.8), tau=meta.HalfNormal(0.5)).loo()
    whole = evidence(y, v)
    for i in range(4):
        keep = np.arange(4) != i
        assert found.pointwise[i] == pytest.approx(np.log(whole / evidence(y[keep], v[keep])), abs=1e-6)


@pytest.mark.mcmc
def test_sampled_models_agree_with_exact_leave_one_out_where_both_know_the_model(tmp_path):
    from meta.bayes.scale_model import bayes_location_scale
    from meta.bayes.sd_model import bayes_unknown_sd

    common = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
    y, v = np.array([0.1, 0.5, -0.2, 0.4, 0.9]), np.array([0.05, 0.04, 0.08, 0.06, 0.05])
    es = EffectSizes(y, v, "SMD", list("abcde"))
    known = bayes_unknown_sd(
        es, diff=[3.0], n1=[20], n2=[20], sd=meta.LogNormal(np.log(10), 1e-3), seed=1, **common
    )
    exact = meta.bayes(yi=[*y, 0.3], vi=[*v, 0.1], **common)
    with quiet():
        got = known.loo()
    assert got.study == ("y[1]", "y[2]", "y[3]", "y[4]", "y[5]", "diff[1]")
    # the last is the density of a difference in units ten times as wide
    np.testing.assert_allclose(
        got.pointwise, exact.loo().pointwise - np.log(10) * (np.arange(6) == 5), atol=0.05
    )
    check = known.posterior_predictive(seed=1)
    assert check.yi.shape == (2000, 6)
    assert check.yi[:, :5].mean() == pytest.approx(known.estimate, abs=0.06)
    assert 0.05 < check.p_value("max") < 0.95
    prior = known.prior_predictive(size=4000, seed=2)
    assert prior.yi[:, 0].std() == pytest.approx(np.sqrt(1 + 0.25 + 0.05), rel=0.06)
    with pytest.raises(UnknownOptionError, match="mean, min, max"):
        known.posterior_predictive(("Q",))
    loaded = meta.load(known.save(tmp_path / "fit.json"))
    with pytest.raises(InputError, match="fit it again"):
        loaded.loo()
    slope = bayes_location_scale(
        es, scale=np.column_stack([np.ones(5), [0, 0, 1, 1, 1]]), seed=2, chains=2, **common
    )
    with quiet():
        one, two = slope.loo(), slope.loo()
    assert meta.bayes.compare_loo(one=one, two=two)["difference"].tolist() == [0.0, 0.0]


@pytest.mark.mcmc
def test_counts_leave_out_both_arms_and_dependent_effects_are_refused():
    from meta.bayes.count_models import bayes_counts
    from meta.bayes.level_models import bayes_multilevel

    priors = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
    post = bayes_counts(
        events1=[12, 9, 20],
        n1=[100, 80, 150],
        events2=[16, 10, 26],
        n2=[100, 79, 150],
        seed=1,
        chains=2,
        **priors,
    )
    with quiet():
        found = post.loo()
    assert found.study == ("1", "2", "3")
    assert found.elpd < 0
    replicated = post.posterior_predictive(seed=3)
    assert replicated.yi.shape[1] == 6
    assert np.all(replicated.yi == np.round(replicated.yi))
    es = EffectSizes([0.1, 0.3, 0.8], [0.05] * 3, "SMD", ["a", "a", "b"])
    nested = bayes_multilevel(
        es, effect=meta.Normal(0, 1), tau_study=meta.HalfNormal(0.5), tau_effect=meta.HalfNormal(0.5), seed=2
    )
    with pytest.raises(InputError, match="depend on each other"):
        nested.loo()


def test_leave_one_out_of_a_regression_is_the_predictive_of_the_others():
    y, v = np.array([0.1, 0.4, 0.3, 0.8, 0.5]), np.array([0.04, 0.02, 0.05, 0.03, 0.06])
    x = np.column_stack([np.ones(5), [0.0, 1.0, 0.0, 1.0, 2.0]])
    priors = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
    found = meta.bayes(yi=y, vi=v, moderators=x, **priors).loo()
    # brute force: average the density of the first study over a grid of tau, coefficients integrated out
    tau = (np.arange(4000) + 0.5) / 1000
    logs, mean, var = np.empty(4000), np.empty(4000), np.empty(4000)
    for j, t in enumerate(tau):
        w = 1 / (v[1:] + t * t)
        precision = (x[1:] * w[:, None]).T @ x[1:] + np.eye(2)
        m = np.linalg.solve(precision, x[1:].T @ (w * y[1:]))
        sigma = np.diag(1 / w) + x[1:] @ x[1:].T
        logs[j] = stats.multivariate_normal.logpdf(y[1:], np.zeros(4), sigma) - 2 * t * t
        mean[j], var[j] = x[0] @ m, x[0] @ np.linalg.solve(precision, x[0]) + v[0] + t * t
    weight = np.exp(logs - logs.max())
    want = np.log((weight * stats.norm.pdf(y[0], mean, np.sqrt(var))).sum() / weight.sum())
    assert found.pointwise[0] == pytest.approx(want, abs=1e-6)
    assert found.method == "quadrature"


@pytest.mark.mcmc
def test_sampled_regression_agrees_with_the_exact_leave_one_out():
    y, v = np.array([0.1, 0.4, 0.3, 0.8, 0.5]), np.array([0.04, 0.02, 0.05, 0.03, 0.06])
    x = np.column_stack([np.ones(5), [0.0, 1.0, 0.0, 1.0, 2.0]])
    priors = {"moderators": x, "effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
    exact = meta.bayes(yi=y, vi=v, **priors).loo()
    with quiet():
        drawn = meta.bayes(yi=y, vi=v, **priors, engine="pymc", seed=1).loo()
    np.testing.assert_allclose(drawn.pointwise, exact.pointwise, atol=0.06)
