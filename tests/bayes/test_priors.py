"""meta.bayes.priors, prior_base, effect_priors, tau_priors, data_priors and map_priors."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from scipy import integrate, stats

import meta
from meta.bayes.priors import (
    Fixed,
    HalfLogistic,
    LogStudentT,
    Lomax,
    NormalMixturePrior,
    UniformShrinkage,
)
from meta.errors import InputError, NotEstimableError, UnknownOptionError

PRIORS = [
    meta.Normal(0.5, 2),
    meta.StudentT(0.3, 0.43, 5),
    meta.Cauchy(0.1, 0.7),
    meta.Uniform(-1, 3),
    meta.Uniform(0, 4, on="tau2"),
    meta.HalfNormal(0.5),
    meta.HalfStudentT(0.5, 4),
    meta.HalfCauchy(0.5),
    HalfLogistic(0.4),
    meta.Exponential(0.7),
    Lomax(0.6, 2.0),
    UniformShrinkage(0.5),
    meta.LogNormal(-1, 0.8),
    meta.LogNormal(-2.56, 1.74, on="tau2"),
    LogStudentT(-3.44, 2.59, 5, on="tau2"),
    meta.InverseGamma(1, 0.15),
    meta.InverseGamma(2, 0.3, on="tau2"),
    NormalMixturePrior((0.3, 0.7), (0.0, 1.0), (0.5, 0.2)),
]
Q = np.array([0.05, 0.3, 0.5, 0.8, 0.97])


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_density_cdf_and_quantiles_belong_together(prior):
    x = prior.ppf(Q)
    np.testing.assert_allclose(prior.cdf(x), Q, rtol=1e-9)
    for a, b, mass in zip(x[:-1], x[1:], np.diff(Q), strict=True):
        assert integrate.quad(lambda t: float(prior.pdf(t)), a, b)[0] == pytest.approx(mass, rel=1e-7)
    np.testing.assert_allclose(np.exp(prior.logpdf(x)), prior.pdf(x))


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_twice_as_wide(prior):
    wide = prior.scaled(2)
    narrow_span, wide_span = np.subtract(*prior.ppf([0.9, 0.1])), np.subtract(*wide.ppf([0.9, 0.1]))
    assert wide_span == pytest.approx(2 * narrow_span, rel=1e-9)
    assert type(wide) is type(prior)


@pytest.mark.parametrize(
    ("prior", "frozen"),
    [
        (meta.Normal(0.5, 2), stats.norm(0.5, 2)),
        (meta.StudentT(0.3, 0.43, 5), stats.t(5, 0.3, 0.43)),
        (meta.HalfCauchy(0.5), stats.halfcauchy(scale=0.5)),
        (meta.HalfNormal(0.5), stats.halfnorm(scale=0.5)),
        (HalfLogistic(0.4), stats.halflogistic(scale=0.4)),
        (Lomax(0.6, 2.0), stats.lomax(2.0, scale=0.6)),
        (meta.InverseGamma(1, 0.15), stats.invgamma(1, scale=0.15)),
        (meta.Exponential(0.7), stats.expon(scale=0.7)),
        (meta.LogNormal(-1, 0.8), stats.lognorm(0.8, scale=np.exp(-1))),
    ],
    ids=lambda value: str(value) if hasattr(value, "scaled") else "scipy",
)
def test_against_scipy_stats(prior, frozen):
    x = np.array([0.05, 0.4, 2.0])
    np.testing.assert_allclose(prior.pdf(x), frozen.pdf(x), rtol=1e-12)
    np.testing.assert_allclose(prior.cdf(x), frozen.cdf(x), rtol=1e-10)


def test_prior_of_tau2_carries_its_jacobian():
    x = np.array([0.1, 0.7])
    want = stats.lognorm(1.74, scale=np.exp(-2.56)).pdf(x**2) * 2 * x
    np.testing.assert_allclose(meta.LogNormal(-2.56, 1.74, on="tau2").pdf(x), want, rtol=1e-12)
    want = stats.invgamma(2, scale=0.3).pdf(x**2) * 2 * x
    np.testing.assert_allclose(meta.InverseGamma(2, 0.3, on="tau2").pdf(x), want, rtol=1e-12)
    assert float(meta.Uniform(0, 4, on="tau2").cdf(1.0)) == 0.25


def test_tails_say_how_fast_the_density_falls():
    for prior in (
        meta.HalfCauchy(1),
        meta.HalfStudentT(1, 4),
        Lomax(1, 2),
        meta.InverseGamma(1, 0.15),
        UniformShrinkage(1),
    ):
        slope = np.log(prior.pdf(2e6) / prior.pdf(1e6)) / np.log(2)
        assert slope == pytest.approx(-prior.tail, abs=1e-3)


def test_samples_are_reproducible_and_distributed():
    prior = meta.HalfNormal(0.5)
    draws = prior.sample(50_000, seed=1)
    np.testing.assert_array_equal(draws, prior.sample(50_000, seed=1))
    assert draws.mean() == pytest.approx(0.5 * np.sqrt(2 / np.pi), rel=0.02)
    assert (draws >= 0).all()


def test_improper_and_fixed():
    flat = meta.Flat()
    assert float(flat.logpdf(3.0)) == 0
    assert flat.scaled(2) is flat
    for attempt in (lambda: flat.cdf(0), lambda: flat.ppf(0.5), lambda: flat.plot()):
        with pytest.raises(NotEstimableError, match="improper"):
            attempt()
    assert Fixed(0.2).ppf([0.1, 0.9]).tolist() == [0.2, 0.2]
    assert Fixed(0.2).cdf([0.1, 0.3]).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: meta.Normal(0, -1), "sd must be > 0"),
        (lambda: meta.HalfNormal(0), "scale must be > 0"),
        (lambda: meta.HalfCauchy(np.inf), "scale must be > 0"),
        (lambda: meta.Normal(np.nan, 1), "mean must be finite"),
        (lambda: meta.Uniform(1, 1), "high must exceed low"),
        (lambda: meta.Uniform(-1, 1, on="tau2"), "low must be >= 0"),
        (lambda: meta.HalfNormal(1).scaled(0), "factor"),
        (lambda: NormalMixturePrior((0.5,), (0.0,), (1.0,)), "sum to 1"),
        (lambda: NormalMixturePrior((1.0,), (0.0, 1.0), (1.0,)), "same length"),
        (lambda: meta.priors.DuMouchel().pdf(1.0), "resolve"),
        (lambda: meta.priors.unit_information_sd([0.1], [1, 2]), "one value per study"),
        (lambda: meta.priors.unit_information_sd([0.1], [0]), "must be > 0"),
    ],
)
def test_refusals(make, match):
    with pytest.raises(InputError, match=match):
        make()


def test_unknown_scale_and_unknown_name():
    with pytest.raises(UnknownOptionError, match="tau, tau2"):
        meta.LogNormal(0, 1, on="variance")
    with pytest.raises(AttributeError, match="no attribute 'HalfGamma'"):
        meta.priors.HalfGamma  # noqa: B018


def test_data_dependent_scales():
    v = np.array([0.1, 0.4, 0.2])
    s0 = np.sqrt(3 / np.sum(1 / v))
    assert float(meta.priors.DuMouchel().resolve(None, v).ppf(0.5)) == pytest.approx(s0)
    assert float(meta.priors.Shrinkage().resolve(None, v).ppf(0.5)) == pytest.approx(s0)
    assert float(meta.priors.DuMouchel().scaled(2).resolve(None, v).ppf(0.5)) == pytest.approx(2 * s0)
    jeffreys = meta.priors.Jeffreys().resolve(None, v)
    assert float(jeffreys.pdf(0.5)) == pytest.approx(np.sqrt(np.sum((0.5 / (v + 0.25)) ** 2)))
    assert not jeffreys.proper


def test_plot_draws_the_density():
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    ax = meta.HalfNormal(0.5).plot()
    x, y = ax.get_lines()[0].get_data()
    np.testing.assert_allclose(y, meta.HalfNormal(0.5).pdf(x))
    plt.close(ax.figure)


def test_map_prior_keeps_the_predictive_distribution_and_is_robustified():
    from meta.bayes.map_priors import effective_sample_size, map_prior

    data = {"yi": [0.1, 0.4, 0.3, 0.2], "vi": [0.04, 0.02, 0.05, 0.03]}
    post = meta.bayes(**data, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.3))
    prior = map_prior(post)
    x = np.array([-0.5, 0.0, 0.25, 0.6])
    np.testing.assert_allclose(prior.cdf(x), post.cdf(x, of="new"), atol=2e-3)
    robust = map_prior(post, robust=0.3, robust_sd=2.0)
    assert effective_sample_size(robust, 2.0) < effective_sample_size(prior, 2.0)
    assert effective_sample_size(prior, 2.0) < (2.0 / post.sd) ** 2
    with pytest.raises(InputError, match="robust_sd"):
        map_prior(post, robust=0.3)
    with pytest.raises(InputError, match="robust must lie"):
        map_prior(post, robust=1.0)
    with pytest.raises(InputError, match="unit_sd"):
        effective_sample_size(prior, 0.0)
    other = meta.bayes(**data, effect=meta.Cauchy(0, 1), tau=meta.HalfNormal(0.3))
    with pytest.raises(NotEstimableError, match="exact fit"):
        map_prior(other)
    new = meta.bayes(yi=[1.5, 1.6, 1.4], vi=[0.01] * 3, effect=robust, tau=meta.HalfNormal(0.1))
    assert (
        new.estimate
        > meta.bayes(yi=[1.5, 1.6, 1.4], vi=[0.01] * 3, effect=prior, tau=meta.HalfNormal(0.1)).estimate
    )
