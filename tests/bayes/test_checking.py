"""Leave-one-out densities against brute force, predictive checks against what they must be, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

import meta
from meta.bayes.checking import STATISTICS
from meta.effects.model import EffectSizes
from meta.errors import InputError, NotEstimableError, UnknownOptionError, quiet

Y, V = np.array([0.1, 0.4, 0.3, -0.2]), np.array([0.04, 0.02, 0.05, 0.03])
PRIORS = {"effect": meta.Normal(0.1, 0.8), "tau": meta.HalfNormal(0.5)}


def evidence(y, v):
    """Integral of prior times likelihood, by two nested quadratures."""

    def inner(tau):
        s = np.sqrt(v + tau**2)

        def joint(mu):
            return np.prod(stats.norm.pdf(y, mu, s)) * stats.norm.pdf(mu, 0.1, 0.8)

        return integrate.quad(joint, -4, 4, epsabs=1e-12)[0] * stats.halfnorm.pdf(tau, scale=0.5)

    return integrate.quad(inner, 0, 4, epsabs=1e-12)[0]


def test_each_study_is_predicted_as_brute_force_says():
    found = meta.bayes(yi=Y, vi=V, **PRIORS).loo()
    whole = evidence(Y, V)
    for i in range(4):
        keep = np.arange(4) != i
        assert found.pointwise[i] == pytest.approx(np.log(whole / evidence(Y[keep], V[keep])), abs=1e-6)
    assert found.elpd == pytest.approx(found.pointwise.sum())
    assert found.se == pytest.approx(2 * np.std(found.pointwise, ddof=1))
    assert 0 < found.p_loo < 4
    assert found.to_frame()["elpd"].tolist() == found.pointwise.tolist()


def test_bounds_are_predicted_too_and_an_outlier_worst():
    es = EffectSizes(
        [0.1, 0.2, 3.0, np.nan],
        [0.04, 0.02, 0.03, 0.05],
        "GEN",
        list("ABCD"),
        kind=["exact", "exact", "exact", "bound"],
        lower=[np.nan, np.nan, np.nan, -0.5],
        upper=[np.nan, np.nan, np.nan, 0.5],
    )
    found = meta.bayes(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5)).loo(draws=2000)
    assert found.study[int(found.pointwise.argmin())] == "C"
    assert np.isfinite(found.pointwise).all()


def test_row_order_changes_nothing():
    order = [2, 0, 3, 1]
    one = meta.bayes(yi=Y, vi=V, **PRIORS).loo()
    two = meta.bayes(yi=Y[order], vi=V[order], **PRIORS).loo()
    assert two.pointwise == pytest.approx(one.pointwise[order], abs=1e-9)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_p_values_of_data_from_the_model_are_unremarkable_on_average(statistic):
    rng = np.random.default_rng(3)
    p = []
    for _ in range(40):
        tau = abs(rng.normal(0, 0.5))
        y = rng.normal(rng.normal(0.1, 0.8), np.sqrt(V + tau**2))
        with quiet():
            post = meta.bayes(yi=y, vi=V, **PRIORS)
        p.append(post.predictive_check(statistic, of="prior", draws=500).p_value)
    assert np.mean(p) == pytest.approx(0.5, abs=3 * np.sqrt(1 / 12 / 40) + 0.02)


def test_an_outlier_shows_in_the_largest_effect():
    y = np.array([0.0, 0.1, -0.1, 0.05, 2.5])
    post = meta.bayes(yi=y, vi=np.full(5, 0.01), effect=meta.Normal(0, 0.1), tau=meta.HalfNormal(0.05))
    check = post.predictive_check("largest")
    assert check.p_value < 0.05
    assert check.observed == pytest.approx(25.0)
    assert "largest |y|" in str(check)
    assert check.low < check.high


def test_replications_of_a_fixed_model_are_those_of_the_normal_distribution():
    post = meta.bayes(yi=Y, vi=V, effect=meta.Normal(0, 1e-6), tau=0.0)
    check = post.predictive_check("mean", draws=200_000)
    sd = np.sqrt(V.sum()) / 4
    assert check.p_value == pytest.approx(stats.norm.sf(Y.mean() / sd), abs=0.004)
    assert (check.low, check.high) == pytest.approx((-1.96 * sd, 1.96 * sd), abs=0.01)


def test_what_cannot_be_checked_is_refused():
    flat = meta.bayes(yi=Y, vi=V, effect=meta.Flat(), tau=meta.HalfNormal(0.5))
    with pytest.raises(NotEstimableError, match="proper priors"):
        flat.loo()
    with pytest.raises(InputError, match="improper prior"):
        flat.predictive_check("q", of="prior")
    with quiet():
        alone = meta.bayes(yi=[0.1], vi=[0.2], **PRIORS)
    with pytest.raises(NotEstimableError, match="nothing to predict it from"):
        alone.loo()
    post = meta.bayes(yi=Y, vi=V, **PRIORS)
    with pytest.raises(UnknownOptionError, match="unknown statistic 'median'"):
        post.predictive_check("median")
    with pytest.raises(UnknownOptionError, match="unknown of 'data'"):
        post.predictive_check("q", of="data")
