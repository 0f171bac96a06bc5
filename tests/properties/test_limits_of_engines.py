"""Where data or priors become extreme, an engine becomes something simpler that is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import optimize, stats

import meta
from meta.bayes.batch import batch
from meta.effects.effect_size_table import EffectSizes
from meta.errors import quiet
from meta.pooling.bounded_pool import pool_bounded
from meta.pooling.pool_options import ESTIMATORS, TESTS
from tests.properties.changes import examples
from tests.properties.draws import COMMON, studies

QUICK = settings(max_examples=8, **COMMON)
Y = np.array([0.5, -0.25, 1.25, 0.75, 0.125])
PRECISE = 1e-9


def shares(k: int) -> dict[str, float]:
    """Estimates of tau2 without sampling error, as a share of the sample variance."""
    median = (k - 1) / stats.chi2(k - 1).median()
    # Where DLIT's equation balances with equal variances, (s2 - v) / 2, it is not consistent.
    return {"EE": 0.0, "DLIT": 0.5, "ML": 1 - 1 / k, "HS": 1 - 1 / k, "PMM": median}


@pytest.mark.parametrize("method", [name for name in ESTIMATORS if name != "GENQ"])
def test_precise_studies_leave_the_sample_variance(method):
    with quiet():
        fit = meta.pool(yi=Y, vi=np.full(5, PRECISE), method=method, test="z")
    assert fit.estimate == pytest.approx(Y.mean(), abs=1e-8)
    assert fit.tau2 == pytest.approx(shares(5).get(method, 1.0) * Y.var(ddof=1), rel=1e-6)


@pytest.mark.parametrize("test", [name for name in TESTS if name != "z"])
def test_precise_studies_leave_students_t(test):
    """Student (1908); the prediction interval is then that of a normal sample's next value."""
    with quiet():
        fit = meta.pool(yi=Y, vi=np.full(5, PRECISE), test=test)
        low, high = fit.prediction_interval("HK")
    known = stats.ttest_1samp(Y, 0.0)
    assert fit.p_value == pytest.approx(known.pvalue, rel=1e-5)
    assert (fit.ci_low, fit.ci_high) == pytest.approx(tuple(known.confidence_interval(0.95)), rel=1e-6)
    half = stats.t(4).ppf(0.975) * np.sqrt(Y.var(ddof=1) * (1 + 1 / 5))
    assert (low, high) == pytest.approx((Y.mean() - half, Y.mean() + half), rel=1e-6)


@QUICK
@given(data=studies())
def test_enormous_heterogeneity_weighs_studies_equally(data):
    with quiet():
        fit = meta.pool(data.sizes(), method=1e10, test="z")
    assert fit.estimate == pytest.approx(data.y.mean(), abs=1e-8)
    np.testing.assert_allclose(fit.weights, 100 / data.k, rtol=1e-8)


@QUICK
@given(data=studies())
def test_one_exact_study_is_the_equal_effects_estimate(data):
    v = data.v.copy()
    v[2] = 1e-9
    assert meta.pool(yi=data.y, vi=v, method="EE", test="z").estimate == pytest.approx(data.y[2], abs=1e-5)


@QUICK
@given(data=studies())
def test_a_prior_that_shuts_heterogeneity_out_is_the_common_effect_model(data):
    with quiet():
        narrow = meta.bayes(data.sizes(), effect=meta.Normal(0.25, 1), tau=meta.HalfNormal(1e-5))
    known = 1 / (1 + (1 / data.v).sum())
    assert narrow.estimate == pytest.approx(known * (0.25 + (data.y / data.v).sum()), abs=1e-6)
    assert narrow.sd == pytest.approx(np.sqrt(known), rel=1e-6)


@QUICK
@given(data=studies())
def test_flat_priors_have_their_mode_at_reml(data):
    """With mu integrated out under a flat prior the posterior of tau is the restricted likelihood."""
    with quiet():
        post = meta.bayes(data.sizes(), effect=meta.Flat(), tau=meta.Uniform(0, 50))
        want = meta.pool(data.sizes(), method="REML", test="z")
    grid = np.linspace(0, 4, 401)
    at = grid[np.argmax(post.pdf(grid, of="tau"))]
    bounds = (max(0.0, at - 0.02), at + 0.02)
    found = optimize.minimize_scalar(
        lambda t: -float(post.pdf(t, of="tau")), bounds=bounds, method="bounded", options={"xatol": 1e-9}
    )
    assert found.x == pytest.approx(np.sqrt(want.tau2), abs=2e-4)


@QUICK
@given(data=studies())
def test_a_vague_prior_is_flat_and_a_certain_one_is_all(data):
    tau = meta.HalfNormal(0.5)
    with quiet():
        flat = meta.bayes(data.sizes(), effect=meta.Flat(), tau=tau)
        vague = meta.bayes(data.sizes(), effect=meta.Normal(0, 1e5), tau=tau)
        certain = meta.bayes(data.sizes(), effect=meta.Normal(0.75, 1e-5), tau=tau)
    assert (vague.estimate, vague.sd) == pytest.approx((flat.estimate, flat.sd), rel=1e-6, abs=1e-8)
    assert (certain.estimate, certain.sd) == pytest.approx((0.75, 1e-5), abs=1e-7)


@pytest.mark.parametrize("method", ["ML", "REML"])
@pytest.mark.parametrize("width", [1e-2, 1e-4])
def test_bounds_that_close_become_the_effect(method, width):
    """The error goes with the square of the width."""
    data = examples()[0]
    y, lower, upper = data.y.copy(), np.full(data.k, np.nan), np.full(data.k, np.nan)
    y[1], lower[1], upper[1] = np.nan, y[1] - width, y[1] + width
    kind = ["exact", "bound", *["exact"] * (data.k - 2)]
    closed = EffectSizes(y, data.v, "GEN", list(map(str, range(data.k))), kind=kind, lower=lower, upper=upper)
    fit, want = pool_bounded(closed, method=method), pool_bounded(data.sizes(), method=method)
    assert (fit.estimate, fit.tau2) == pytest.approx((want.estimate, want.tau2), abs=width**2 + 1e-6)
    if method == "ML":
        priors = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
        assert meta.bayes(closed, **priors).estimate == pytest.approx(
            meta.bayes(data.sizes(), **priors).estimate, abs=width**2 + 1e-6
        )


@pytest.mark.parametrize("test", TESTS)
def test_one_study_is_its_own_effect(test):
    with quiet():
        fit = meta.pool(yi=[0.4], vi=[0.09], test=test)
        post = meta.bayes(yi=[0.4], vi=[0.09], effect=meta.Normal(0, 0.3), tau=0.0)
        many = batch(
            np.array([[0.4]]), np.array([[0.09]]), effect=meta.Normal(0, 0.3), tau=meta.HalfNormal(1e-5)
        )
    assert (fit.estimate, fit.se) == pytest.approx((0.4, 0.3))
    assert (post.estimate, post.sd) == pytest.approx((0.2, np.sqrt(0.045)))
    assert many.estimate[0] == pytest.approx(0.2, abs=1e-6)
