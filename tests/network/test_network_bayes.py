"""The Bayesian network: quadrature against GLS, another quadrature, the univariate posterior and draws."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal

import meta
from meta.errors import InputError, NotEstimableError, UnknownOptionError
from tests.network.networks import arms, blocks, senn


def bayes(**options):
    given = {"measure": "MD", "reference": "plac", "better": "low", "tau": meta.HalfNormal(1.0)}
    return meta.bayes_network(meta.datasets.load("senn2013"), **given | options)


def test_a_flat_prior_with_tau_given_is_generalised_least_squares():
    post, net = bayes(tau=0.3), senn(method=0.09, test="z")
    for one, two in (("rosi", "plac"), ("sulf", "acar")):
        found, wanted = post.contrast(one, two), net.contrast(one, two)
        assert (found.estimate, found.sd) == pytest.approx((wanted.estimate, wanted.se), rel=1e-12)
        assert found.interval() == pytest.approx((wanted.ci_low, wanted.ci_high))
        assert found.interval(of="new") == pytest.approx(wanted.prediction_interval())
    p = post.ranking().set_index("treatment")["sucra"]
    np.testing.assert_allclose(p, net.ranking().set_index("treatment")["p_score"][p.index], rtol=1e-9)


def dense_likelihood(tau, y, X, S, H, sd):
    return multivariate_normal(np.zeros(len(y)), S + tau**2 * H + sd**2 * X @ X.T).logpdf(y)


@pytest.mark.parametrize("prior", [meta.HalfNormal(1.0), meta.HalfCauchy(0.5), meta.Uniform(0, 2)])
def test_the_posterior_of_tau_and_the_evidence_by_another_quadrature(prior):
    table = arms(3)
    names, y, X, S, H = blocks(table)
    post = meta.bayes_network(table, measure="MD", tau=prior, effect=meta.Normal(0, 5), reference=names[0])

    def density(tau):
        return np.exp(dense_likelihood(tau, y, X, S, H, 5.0) + prior.logpdf(tau) + 60)

    options = {"epsabs": 0, "epsrel": 1e-10, "limit": 300, "points": [0.3, 0.6, 0.9, 1.3]}
    top = min(prior.support[1], 40)
    total = quad(density, 1e-12, top, **options)[0]
    mean = quad(lambda tau: tau * density(tau), 1e-12, top, **options)[0] / total
    assert post.log_evidence == pytest.approx(np.log(total) - 60, abs=1e-7)
    assert post.tau["mean"] == pytest.approx(mean, rel=1e-7)


def test_two_treatments_are_the_univariate_posterior():
    y, v = [0.3, 0.5, -0.1, 0.7], [0.04, 0.09, 0.05, 0.1]
    table = {"study": list("abcd"), "treat1": ["x"] * 4, "treat2": ["y"] * 4, "yi": y, "vi": v}
    own = meta.bayes(yi=y, vi=v, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    post = meta.bayes_network(table, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5), reference="y")
    found = post.contrast("x")
    assert found.estimate == pytest.approx(own.estimate, rel=1e-8)
    assert found.interval() == pytest.approx(own.interval(0.95, kind="central"), rel=1e-6)
    assert found.interval(of="new") == pytest.approx(own.interval(0.95, kind="central", of="new"), rel=1e-6)
    assert found.probability(below=0) == pytest.approx(own.probability(below=0), rel=1e-6)


def test_under_a_flat_prior_the_reference_changes_nothing():
    a, b = (bayes(reference=name).contrast("rosi", "metf") for name in ("plac", "acar"))
    assert (a.estimate, a.sd) == pytest.approx((b.estimate, b.sd), rel=1e-10)
    assert a.probability(below=-0.1) == pytest.approx(b.probability(below=-0.1), rel=1e-9)


def test_ranks_and_probabilities():
    post = bayes()
    table = post.ranking(margin=0.2)
    assert (table["p_better"] < table["sucra"]).all()
    chance = post.rank_probabilities(draws=4000, seed=2)
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    ranks = (chance * np.arange(1, 11)).sum(axis=1)
    wanted = table.set_index("treatment")["mean_rank"]
    np.testing.assert_allclose(ranks, wanted[ranks.index], atol=0.15)
    p = post.p_better()
    assert p.loc["rosi", "plac"] == pytest.approx(post.contrast("rosi", "plac").probability(below=0))


def test_informed_priors_and_defaults():
    found = meta.bayes_network(
        meta.datasets.load("linde2016").query("study != 50 and study != 53 and study != 24"),
        measure="OR",
        tau=meta.priors.turner("all-cause mortality", "pharmacological vs placebo/control"),
        reference="Placebo",
    )
    assert found.tau["ci_low"] < found.tau["median"] < found.tau["ci_high"]
    with pytest.raises(InputError, match="measure MD has no default priors"):
        bayes(tau=None)


def test_refusals():
    with pytest.raises(InputError, match=r"effect must be meta.Flat\(\) or meta.Normal"):
        bayes(effect=meta.Cauchy(0, 1))
    with pytest.raises(InputError, match="tau must be >= 0"):
        bayes(tau=-0.1)
    with pytest.raises(InputError, match="must live on tau >= 0"):
        bayes(tau=meta.Normal(0, 1))
    two = {"study": ["1", "2"], "treat1": ["a", "b"], "yi": [1.0, 2.0], "sei": [1.0, 1.0]}
    with pytest.raises(NotEstimableError, match="improper posterior"):
        meta.bayes_network(two | {"treat2": ["c", "c"]}, tau=meta.Flat())
    with pytest.raises(UnknownOptionError, match="unknown better"):
        bayes(better="big")
    with pytest.raises(InputError, match="disconnected"):
        meta.bayes_network(two | {"treat2": ["c", "d"]}, tau=0.1)
