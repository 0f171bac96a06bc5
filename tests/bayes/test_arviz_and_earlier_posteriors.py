"""meta.bayes.arviz_groups and meta.bayes.earlier_posterior: fits in ArviZ, and priors of later fits."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.bayes.distributions import Draws
from meta.bayes.model import as_prior
from meta.compat import _group
from meta.errors import InputError

Y, V = [0.1, 0.4, 0.3, 0.55], [0.04, 0.02, 0.05, 0.03]
TAU = meta.HalfNormal(0.5)
EFFECTS = {"normal": meta.Normal(0, 1), "t": meta.StudentT(0, 1, 4), "flat": meta.Flat()}


def fit(rows=slice(None), effect=EFFECTS["normal"], **options):
    return meta.bayes(yi=Y[rows], vi=V[rows], effect=effect, **{"tau": TAU, **options})


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
@pytest.mark.parametrize("effect", EFFECTS)
def test_the_prediction_of_a_new_study_is_the_prior_of_its_own_effect(effect):
    """p(theta_4 | y_1..y_3) and y_4 alone give p(theta_4 | all): the shrunken effect, and the evidence."""
    first, whole = (fit(rows, EFFECTS[effect]) for rows in (slice(3), slice(None)))
    own = fit(slice(3, None), first.distribution("new"), tau=0.0)
    assert own.log_evidence == pytest.approx(whole.log_evidence - first.log_evidence, abs=1e-9)
    shrunken = whole.shrinkage().iloc[3]
    np.testing.assert_allclose([own.estimate, own.sd], [shrunken["mean"], shrunken["sd"]], rtol=1e-8)
    assert "(0." not in own.prior
    assert len(own.prior) < 120


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
@pytest.mark.parametrize("effect", ["normal", "t"])
def test_updating_in_two_steps_is_updating_at_once(effect):
    known = {"tau": 0.2}
    first = fit(slice(2), EFFECTS[effect], **known)
    second = fit(slice(2, None), first.distribution("mu"), **known)
    whole = fit(slice(None), EFFECTS[effect], **known)
    np.testing.assert_allclose([second.estimate, second.sd], [whole.estimate, whole.sd], rtol=1e-8)
    np.testing.assert_allclose(second.interval(), whole.interval(), rtol=1e-6)


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
def test_an_earlier_heterogeneity_is_a_prior_of_tau():
    earlier = fit()
    later = meta.bayes(yi=[0.2], vi=[0.01], effect=meta.Normal(0, 1), tau=earlier.distribution("tau"))
    assert later.tau_prior.support == (0.0, np.inf)
    assert later.tau_prior.interval(0.9) == pytest.approx(earlier.interval(0.9, of="tau", kind="central"))
    assert "earlier posterior(mean=" in later.prior


def test_what_is_no_exact_density_is_refused_as_a_prior():
    with pytest.raises(InputError, match=r"draws have no exact density .* engine='exact'"):
        fit(effect=Draws(np.array([0.1, 0.2])))
    earlier = as_prior(fit(effect=EFFECTS["t"]).distribution("mu"), "effect")
    with pytest.raises(InputError, match="cannot be widened"):
        earlier.scaled(2)
    with pytest.raises(InputError, match="effect must be a prior such as"):
        fit(effect=lambda x: x)


GROUPS = {
    "posterior": {"mu", "tau", "theta"},
    "prior": {"mu", "tau", "theta"},
    "log_likelihood": {"y"},
    "posterior_predictive": {"y"},
    "prior_predictive": {"y"},
    "observed_data": {"y"},
    "constant_data": {"se"},
}


def values(data, group, name):
    return np.asarray(_group(data, group)[name].values)


def test_the_exact_fit_is_in_arviz_as_it_is():
    import arviz as az

    post = fit()
    data = post.to_inference_data(draws=5000, seed=3)
    for group, names in GROUPS.items():
        assert set(map(str, _group(data, group).data_vars)) == names
    mu, tau, theta = (values(data, "posterior", name) for name in ("mu", "tau", "theta"))
    assert mu.shape == (4, 5000)
    assert theta.shape == (4, 5000, 4)
    error = 4 / np.sqrt(mu.size)
    assert mu.mean() == pytest.approx(post.estimate, abs=error * post.sd)
    assert tau.mean() == pytest.approx(post.tau.mean, abs=error * post.tau.sd)
    shrunken = post.shrinkage()
    np.testing.assert_allclose(theta.mean((0, 1)), shrunken["mean"], atol=0.01)
    np.testing.assert_allclose(theta.std((0, 1)), shrunken["sd"], rtol=0.03)
    assert values(data, "prior", "mu").std() == pytest.approx(1.0, rel=0.03)
    again = values(data, "posterior_predictive", "y")
    spread = np.sqrt(post.distribution("new").sd ** 2 + np.array(V))
    np.testing.assert_allclose(again.std((0, 1)), spread, rtol=0.05)
    loo = az.loo(data)
    elpd = loo.elpd if hasattr(loo, "elpd") else loo.elpd_loo
    assert float(elpd) == pytest.approx(post.loo().elpd, abs=0.1)
    assert _group(data, "posterior")["study"].values.tolist() == ["1", "2", "3", "4"]


def test_seeds_repeat_and_groups_that_do_not_exist_are_left_out():
    post = fit(effect=meta.Flat())
    one, two, other = (post.to_inference_data(draws=50, chains=2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(values(one, "posterior", "mu"), values(two, "posterior", "mu"))
    assert (values(one, "posterior", "mu") != values(other, "posterior", "mu")).all()
    with pytest.raises(KeyError):
        _group(one, "prior")
    for wrong in ({"draws": 0}, {"chains": -1}, {"draws": "many"}, {"seed": "a"}):
        with pytest.raises(InputError, match=r"draws|chains|seed"):
            post.to_inference_data(**wrong)


def test_effects_with_dependent_errors_shrink_together():
    V_ = 0.04 * (np.eye(4) + 0.5 * (1 - np.eye(4)))
    es = meta.EffectSizes(Y, np.diag(V_), "SMD", list("abcd"), covariance=V_)
    post = meta.bayes(es, effect=meta.Normal(0, 1), tau=0.3)
    data = post.to_inference_data(draws=20_000, seed=1)
    # by plain algebra: theta and mu given y
    joint = 0.09 * np.eye(4) + 1.0
    mean = joint @ np.linalg.solve(joint + V_, np.array(Y))
    cov = joint - joint @ np.linalg.solve(joint + V_, joint)
    theta = values(data, "posterior", "theta").reshape(-1, 4)
    np.testing.assert_allclose(theta.mean(0), mean, atol=0.005)
    np.testing.assert_allclose(np.cov(theta.T), cov, atol=0.003)


@pytest.mark.mcmc
def test_the_sampled_fit_is_in_arviz_with_the_same_groups():
    post = fit(engine="pymc", seed=1, target_accept=0.99)
    data = post.to_inference_data(seed=1)
    for group, names in GROUPS.items():
        assert set(map(str, _group(data, group).data_vars)) == names
    np.testing.assert_array_equal(
        values(data, "posterior", "mu"), values(post.inference_data, "posterior", "mu")
    )
    with pytest.raises(InputError, match="no effect with engine='pymc'"):
        post.to_inference_data(draws=100)
