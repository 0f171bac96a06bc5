"""The exact posterior of a curve against direct quadrature and against limits where it is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

import meta
from meta.errors import MetaError
from tests.dose.dose_tables import simulated

MEANS = {"measure": "MD"}
TAU = meta.HalfNormal(0.5)


def direct(fit, post, sd, f):
    """E f(mean, covariance) over tau by scipy, from whole covariance matrices; the evidence with f = 1."""
    far = (fit.dose - fit.origin) / np.abs(fit.dose - fit.origin).max()
    same = fit.es.study[:, None] == fit.es.study[None]
    scale = np.abs(fit.X).max(axis=0)
    Z = fit.X / scale
    prior = np.eye(fit.p) * sd**2

    def at(tau):
        M = fit.es.covariance + tau**2 * np.outer(far, far) * same
        evidence = multivariate_normal(np.zeros(fit.k), M + Z @ prior @ Z.T).pdf(fit.es.yi)
        W = np.linalg.inv(M)
        cov = np.linalg.inv(Z.T @ W @ Z + np.linalg.inv(prior))
        return evidence * 2 * norm.pdf(tau, 0, 0.5) * f(cov @ Z.T @ W @ fit.es.yi / scale, cov, tau)

    return quad(at, 0, 6, limit=200, epsabs=0, epsrel=1e-10, points=[0.1, 0.5, 1.5])[0]


@pytest.mark.parametrize("shape", ["linear", "quadratic"])
def test_the_posterior_is_that_of_direct_quadrature(shape):
    table = simulated(3)
    fit = meta.dose_response(table, shape=shape, **MEANS)
    post = meta.bayes_dose(table, shape=shape, tau=TAU, effect=meta.Normal(0, 2), **MEANS)
    evidence = direct(fit, post, 2.0, lambda mean, cov, tau: 1.0)
    assert post.log_evidence == pytest.approx(np.log(evidence), abs=1e-8)
    for i in range(fit.p):
        mean = direct(fit, post, 2.0, lambda mean, cov, tau, i=i: mean[i]) / evidence
        assert post.beta[i] == pytest.approx(mean, rel=1e-7)
    tau = direct(fit, post, 2.0, lambda mean, cov, tau: tau) / evidence
    assert post.tau["mean"] == pytest.approx(tau, rel=1e-7)


def test_a_known_tau_and_a_flat_prior_are_generalised_least_squares():
    table = simulated(4)
    fit = meta.dose_response(table, shape="quadratic", method="EE", **MEANS)
    post = meta.bayes_dose(table, shape="quadratic", tau=0, **MEANS)
    np.testing.assert_allclose(post.beta, fit.beta, rtol=1e-9)
    np.testing.assert_allclose(post.vcov, fit.vcov, rtol=1e-9)
    mine, theirs = post.predict([0.0, 1.0, 3.0]), fit.predict([0.0, 1.0, 3.0])
    for name in ("estimate", "se", "ci_low", "ci_high", "pi_high"):
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-7, atol=1e-12)
    region, other = post.over(1, 3, claimed=1.0), fit.over(1, 3)
    assert region["ci_low"] == pytest.approx(other.ci_low, rel=1e-7)
    assert region["probability"] == pytest.approx(other.probability(1.0), abs=0.02)


def test_arrays_tables_and_the_order_of_rows():
    table = simulated(5)
    post = meta.bayes_dose(table, tau=TAU, **MEANS)
    assert meta.bayes_dose(pd.DataFrame(table), tau=TAU, **MEANS).beta == pytest.approx(post.beta, rel=1e-12)
    assert meta.bayes_dose(**table, tau=TAU, **MEANS).log_evidence == pytest.approx(post.log_evidence)
    one = {**table, "dose": [1000 * x for x in table["dose"]]}
    other = meta.bayes_dose(one, tau=TAU, **MEANS)
    assert other.predict([3000.0])["ci_low"][0] == pytest.approx(post.predict([3.0])["ci_low"][0], rel=1e-9)


def test_heterogeneity_is_uncertain_and_widens_predictions():
    post = meta.bayes_dose(simulated(6), tau=TAU, **MEANS)
    row = post.predict([3.0]).iloc[0]
    assert row["pi_low"] < row["ci_low"] < row["estimate"] < row["ci_high"] < row["pi_high"]
    additive = meta.bayes_dose(simulated(6), tau=TAU, heterogeneity="additive", **MEANS)
    assert additive.tau != post.tau


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tau": meta.Normal(0, 1)}, "tau must be a prior of positive values"),
        ({"tau": "half"}, "tau must be a prior such as"),
        ({"tau": -1.0}, "tau must be a prior such as"),
        ({"tau": TAU, "effect": meta.Cauchy(0, 1)}, "effect must be Normal"),
        ({"tau": TAU, "shape": "emax"}, "is not linear in its coefficients"),
        ({"tau": TAU, "heterogeneity": "full"}, "unknown heterogeneity 'full'"),
    ],
)
def test_what_is_not_exact_is_refused(options, told):
    with pytest.raises(MetaError, match=told):
        meta.bayes_dose(simulated(1), **MEANS, **options)
    with pytest.raises(MetaError, match="a region runs from a lower to a higher dose"):
        meta.bayes_dose(simulated(1), tau=TAU, **MEANS).over(2, 9)
