"""meta.compat, meta.bayes.pymc_models and meta.bayes.pymc_fit against the exact engine."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import meta
from meta import compat
from meta.bayes.pymc_models import draw_study_effects
from meta.compat import Diagnostics, diagnostics, posterior_draws, sampling_options
from meta.effects.effect_size_table import EffectSizes
from meta.errors import AssumptionWarning, DiagnosticsError, InputError, UnknownOptionError
from meta.kernels.bounded import make_rows

NAN, INF = np.nan, np.inf
SCHOOLS = {"yi": [28, 8, -3, 7, -1, 1, 18, 12], "vi": np.square([15, 10, 16, 11, 9, 11, 10, 18])}


def within_four_errors(post, exact):
    for of, name, moment in (("mu", "mu", exact.estimate), ("tau", "tau", exact.tau.mean)):
        error = float(exact.distribution(of).sd) / np.sqrt(post.diagnostics.ess_bulk[name])
        assert float(post.distribution(of).mean) == pytest.approx(moment, abs=4 * error)
    error = float(exact.core.new.sd) / np.sqrt(post.diagnostics.ess_bulk["mu"])
    assert float(post.core.new.mean) == pytest.approx(float(exact.core.new.mean), abs=4 * error)
    np.testing.assert_allclose(
        post.shrinkage()["mean"],
        exact.shrinkage()["mean"],
        atol=5 * float(exact.shrinkage()["sd"].max()) / 30,
    )


@pytest.mark.mcmc
def test_sampler_agrees_with_quadrature_and_is_reproducible():
    priors = {"effect": meta.Normal(0, 20), "tau": meta.HalfNormal(10)}
    exact = meta.bayes(**SCHOOLS, **priors)
    post = meta.bayes(**SCHOOLS, **priors, engine="pymc", seed=1)
    within_four_errors(post, exact)
    assert post.engine == "pymc"
    assert post.diagnostics.divergences == 0
    assert posterior_draws(post.inference_data)["mu"].shape == (4, 2000)
    assert diagnostics(post.inference_data, ["mu"]).rhat["mu"] == post.diagnostics.rhat["mu"]
    assert post.bayes_factor("mu=0") == pytest.approx(exact.bayes_factor("mu=0"))
    assert "PyMC" in post.summary()
    assert len(post.sample(10, seed=1)) == 10
    assert post.probability(below=0) == pytest.approx(exact.probability(below=0), abs=0.03)


@pytest.mark.mcmc
def test_bounds_mixtures_and_truncation_agree_with_quadrature():
    es = EffectSizes(
        [NAN, 0.2, 0.9, NAN, NAN, NAN],
        [0.05, 0.04, 0.1, 0.08, 0.05, 0.06],
        "SMD",
        list("abcdef"),
        kind=["bound", "exact", "exact", "bound", "mixture", "bound"],
        lower=[-0.4, NAN, NAN, 0.3, NAN, -INF],
        upper=[0.4, NAN, NAN, INF, NAN, 0.2],
        mixtures={4: ((-0.56, 0.5), (-0.21, 0.5))},
    )
    truncated = [False, False, True, False, False, False]
    exact = meta.bayes(es, truncated=truncated)
    post = meta.bayes(es, truncated=truncated, engine="pymc", seed=2)
    within_four_errors(post, exact)


@pytest.mark.mcmc
def test_failed_diagnostics_withhold_the_answer():
    priors = {"effect": meta.Normal(0, 20), "tau": meta.HalfNormal(10)}
    short = {"engine": "pymc", "seed": 1, "draws": 40, "tune": 20, "chains": 2}
    with pytest.raises(DiagnosticsError, match="effective sample size"):
        meta.bayes(**SCHOOLS, **priors, **short)
    with pytest.warns(AssumptionWarning, match="diagnostics failed"):
        post = meta.bayes(**SCHOOLS, **priors, **short, allow_failed=True)
    assert any("diagnostics failed" in message for message in post.warnings)


@pytest.mark.mcmc
def test_student_t_heterogeneity_resists_an_outlier():
    y, v = [0.1, 0.2, 0.15, 0.05, 3.0], [0.02] * 5
    priors = {"effect": meta.Normal(0, 2), "tau": meta.HalfNormal(0.5)}
    normal = meta.bayes(yi=y, vi=v, **priors)
    post = meta.bayes(yi=y, vi=v, **priors, engine="pymc", seed=3, heterogeneity="t")
    assert post.estimate < normal.estimate
    assert np.isnan(post.log_evidence)
    with pytest.raises(InputError, match="no exact evidence"):
        post.bayes_factor("mu=0")


@pytest.mark.mcmc
def test_every_prior_has_a_translation():
    compat.load()
    import pymc as pm

    from meta.bayes.pymc_models import parameter

    p = meta.priors
    priors = [
        meta.Flat(),
        meta.StudentT(0, 1, 4),
        meta.Cauchy(0, 1),
        meta.Uniform(0, 2),
        meta.Uniform(0, 2, on="tau2"),
        meta.HalfStudentT(1, 4),
        meta.HalfCauchy(1),
        meta.Exponential(0.5),
        meta.LogNormal(-2.5, 1.7, on="tau2"),
        p.rhodes(),
        meta.InverseGamma(1, 0.15),
        meta.InverseGamma(2, 0.3, on="tau2"),
        p.Lomax(1, 1),
        p.HalfLogistic(1),
        p.UniformShrinkage(1),
        p.Jeffreys().resolve(None, np.array([0.1, 0.2])),
        p.NormalMixturePrior((0.5, 0.5), (0.0, 1.0), (1.0, 1.0)),
    ]
    rng = np.random.default_rng(1)
    for prior in priors:
        with compat.silent(), pm.Model():
            variable = parameter("x", prior, positive=prior.support[0] >= 0)
            if prior.proper:
                drawn = pm.draw(variable, draws=4000, random_seed=rng)
                share = (drawn <= float(prior.ppf(0.5))).mean()
                assert share == pytest.approx(0.5, abs=0.035), str(prior)


def test_failures_in_words():
    fine = Diagnostics({"mu": 1.0}, {"mu": 900.0}, {"mu": 900.0}, 0, 4000)
    assert fine.failures() == []
    bad = Diagnostics({"mu": np.nan}, {"mu": 900.0}, {"mu": 30.0}, 50, 4000)
    assert len(bad.failures()) == 3


def test_compiler_choice(monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pytensor

    monkeypatch.setattr(pytensor.config, "cxx", "")
    assert sampling_options() == {"compile_kwargs": {"mode": "NUMBA"}}
    monkeypatch.setattr(pytensor.config, "cxx", "g++")
    assert sampling_options() == {}


def test_study_effects_without_heterogeneity_are_mu():
    rows = make_rows([0.5, NAN], [0.1, 0.1], lower=[NAN, 0.2], upper=[NAN, INF])
    mu = np.linspace(-1, 1, 5)
    theta = draw_study_effects(mu, np.zeros(5), rows, np.random.default_rng(1))
    np.testing.assert_allclose(theta, np.column_stack([mu, mu]), atol=1e-12)


def test_refusals_before_sampling():
    priors = {"effect": meta.Normal(0, 20), "tau": meta.HalfNormal(10), "engine": "pymc"}
    with pytest.raises(UnknownOptionError, match="normal, t"):
        meta.bayes(**SCHOOLS, **priors, heterogeneity="gamma")
    covariance = np.array([[0.1, 0.02, 0], [0.02, 0.1, 0], [0, 0, 0.1]])
    es = EffectSizes([0.1, 0.2, 0.3], [0.1] * 3, "SMD", list("abc"), covariance=covariance)
    with pytest.raises(InputError, match="independent sampling errors"):
        meta.bayes(es, **priors)
