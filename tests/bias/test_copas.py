"""meta.bias.copas_shi."""

import json
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import meta
from meta.bias.copas_shi import copas_loglik
from meta.errors import InputError, NotEstimableError


def hackshaw():
    return meta.effect_sizes(meta.datasets.load("hackshaw1998"), measure="GEN", yi="yi", vi="vi")


def test_without_selection_it_is_maximum_likelihood():
    found = meta.bias.copas(hackshaw(), published=[1])
    ml = meta.pool(hackshaw(), method="ML", test="z")
    assert [found.estimate[0], found.tau2[0]] == pytest.approx([ml.estimate, ml.tau2], rel=1e-4)
    # a profile likelihood's curvature allows for the uncertainty of tau2 too
    assert ml.se < found.se[0] < 1.06 * ml.se
    assert found.unpublished[0] == pytest.approx(0, abs=1e-9)
    assert math.isnan(found.rho[0])


def test_the_density_of_a_published_effect_integrates_to_one():
    # with rho fixed the variance of all studies is a constant
    one, u = np.array([0.2]), np.array([0.3])
    total = quad(lambda y: math.exp(copas_loglik(np.array([y]), one, u, 0.1, 0.05, 0.7)), -8, 8)[0]
    assert total == pytest.approx(1, abs=1e-9)


def test_density_by_bivariate_simulation():
    rng = np.random.default_rng(5)
    rho, u, tau2, sigma2 = 0.8, 0.2, 0.1, 0.4
    e = rng.standard_normal((2, 400_000))
    delta = rho * e[0] + math.sqrt(1 - rho**2) * e[1]
    y = 0.3 + math.sqrt(sigma2) * e[0] + math.sqrt(tau2) * rng.standard_normal(400_000)
    y = y[u + delta > 0]
    lam = norm.pdf(u) / norm.cdf(u)
    v = np.array([sigma2 * (1 - lam * (u + lam) * rho**2)])
    mean = quad(lambda x: x * math.exp(copas_loglik(np.array([x]), v, np.array([u]), 0.3, tau2, rho)), -6, 6)[
        0
    ]
    assert mean == pytest.approx(y.mean(), abs=0.004)
    assert mean == pytest.approx(0.3 + rho * math.sqrt(sigma2) * lam, abs=1e-8)


def test_the_stronger_the_selection_the_smaller_the_effect():
    found = meta.bias.copas(hackshaw(), published=[1, 0.7, 0.4, 0.1])
    assert (np.diff(found.estimate) < 0).all()
    assert (np.diff(found.unpublished) > 0).all()
    assert (np.diff(found.residual_p) > -1e-6).all()
    es = hackshaw()
    turned = meta.bias.copas(meta.EffectSizes(-es.yi, es.vi, "GEN", es.study), published=[1, 0.7, 0.4, 0.1])
    assert turned.direction == "less"
    assert turned.estimate == pytest.approx(-found.estimate, rel=1e-5)
    assert json.dumps(found.to_dict())
    assert "published" in found.summary()


def test_refusals_of_copas():
    with pytest.raises(InputError, match="probabilities from"):
        meta.bias.copas(hackshaw(), published=[0])
    with pytest.raises(InputError, match="one side"):
        meta.bias.copas(hackshaw(), direction="two-sided")
    with pytest.raises(NotEstimableError, match="equally precise"):
        meta.bias.copas(meta.EffectSizes(np.arange(12.0), np.ones(12), "GEN", np.arange(12)))


@pytest.mark.filterwarnings("ignore::meta.errors.FewStudiesWarning")
def test_standard_errors_do_not_feel_the_bound_of_rho():
    """Every study twice: the likelihood is squared, whether or not rho is close to its bound of 0.995."""
    yi = np.array([0.375, 1.5, -0.75, -0.25, 1.125, -0.5, 0.625, 1.75])
    vi = np.array([0.0625, 0.09375, 0.125, 0.03125, 0.25, 0.3125, 0.1875, 0.28125])
    once, twice = (
        meta.bias.copas({"yi": np.tile(yi, times), "vi": np.tile(vi, times)}, published=[0.8, 0.7])
        for times in (1, 2)
    )
    np.testing.assert_allclose(twice.estimate, once.estimate, rtol=1e-5)
    np.testing.assert_allclose(twice.se, once.se / np.sqrt(2), rtol=1e-3)
