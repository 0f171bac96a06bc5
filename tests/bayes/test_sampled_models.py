"""meta.bayes.sampled: count_models, level_models and correlation_model against integration and reductions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import meta
from meta.bayes.correlation_model import bayes_correlation
from meta.bayes.count_models import bayes_counts
from meta.bayes.level_models import bayes_multilevel
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError

SHORT = {"chains": 2, "draws": 2500, "tune": 1000, "target_accept": 0.98}
PRIORS = {"effect": meta.Normal(0, 2), "tau": meta.HalfNormal(0.5)}


@pytest.mark.mcmc
def test_large_counts_agree_with_the_normal_model():
    a, n1 = np.array([120, 90, 200, 150]), np.array([1000, 800, 1500, 900])
    c, n2 = np.array([160, 100, 260, 170]), np.array([1000, 790, 1500, 910])
    table = pd.DataFrame({"a": a, "n1": n1, "c": c, "n2": n2})
    y = np.log(a / (n1 - a)) - np.log(c / (n2 - c))
    v = 1 / a + 1 / (n1 - a) + 1 / c + 1 / (n2 - c)
    normal = meta.bayes(yi=y, vi=v, **PRIORS)
    post = bayes_counts(table, events1="a", n1="n1", events2="c", n2="n2", **PRIORS, **SHORT, seed=1)
    assert post.estimate == pytest.approx(normal.estimate, abs=0.02)
    assert post.sd == pytest.approx(normal.sd, rel=0.15)
    assert post.probability(below=0) == pytest.approx(normal.probability(below=0), abs=0.03)
    assert "binomial-normal" in post.summary()
    rates = bayes_counts(measure="IRR", events1=a, time1=n1, events2=c, time2=n2, **PRIORS, **SHORT, seed=1)
    crude = meta.bayes(yi=np.log(a / n1) - np.log(c / n2), vi=1 / a + 1 / c, **PRIORS)
    assert rates.estimate == pytest.approx(crude.estimate, abs=0.02)


@pytest.mark.mcmc
def test_zero_cells_are_used():
    post = bayes_counts(
        events1=[0, 1, 0], n1=[40, 50, 30], events2=[6, 7, 4], n2=[40, 50, 30], **PRIORS, seed=2
    )
    assert post.interval(kind="central")[1] < 0.2
    assert post.estimate < -1


@pytest.mark.mcmc
def test_three_levels_against_a_grid():
    y = np.array([0.1, 0.3, 0.8, 0.9, 0.2, 0.5])
    v = np.array([0.04, 0.05, 0.03, 0.06, 0.04, 0.05])
    lab = ["a", "a", "b", "b", "c", "c"]
    es = EffectSizes(y, v, "SMD", lab)
    priors = {
        "effect": meta.Normal(0, 1),
        "tau_study": meta.HalfNormal(0.5),
        "tau_effect": meta.HalfNormal(0.5),
    }
    post = bayes_multilevel(es, **priors, **SHORT, seed=3)
    same = np.equal.outer(np.array(lab), np.array(lab)).astype(float)
    grid = (np.arange(60) + 0.5) / 30
    weight, mean = np.zeros((60, 60)), np.zeros((60, 60))
    for i, s in enumerate(grid):
        for j, w in enumerate(grid):
            sigma = np.diag(v + w * w) + s * s * same + 1.0
            solved = np.linalg.solve(sigma, y)
            weight[i, j] = -0.5 * (y @ solved + np.linalg.slogdet(sigma)[1]) - 2 * (s * s + w * w)
            mean[i, j] = solved.sum()
    weight = np.exp(weight - weight.max())
    weight /= weight.sum()
    want_mu, want_study = (weight * mean).sum(), (weight * grid[:, None]).sum()
    assert post.estimate == pytest.approx(want_mu, abs=4 * post.sd / np.sqrt(post.diagnostics.ess_bulk["mu"]))
    spread = float(post.distribution("tau_study").sd)
    assert float(post.distribution("tau_study").mean) == pytest.approx(want_study, abs=4 * spread / 25)
    assert post.tidy()["term"].tolist() == ["mu", "tau_study", "tau_effect"]


@pytest.mark.mcmc
def test_a_known_correlation_gives_the_ordinary_effect():
    from scipy.special import gammaln

    es = EffectSizes([-0.2, -0.1], [0.05, 0.06], "SMD", ["a", "b"])
    dz, n, r = -1.34, 9.0, 0.7
    factor = np.exp(gammaln(4.0) - gammaln(3.5)) / 2.0
    d = dz * np.sqrt(2 * (1 - r))
    variance = factor**2 * (2 * (1 - r) / n + d * d / (2 * n))
    exact = meta.bayes(
        yi=[-0.2, -0.1, factor * d],
        vi=[0.05, 0.06, variance],
        effect=meta.Normal(0, 1),
        tau=meta.HalfNormal(0.5),
    )
    tight = {
        "dz": [dz],
        "n": [n],
        "effect": meta.Normal(0, 1),
        "tau": meta.HalfNormal(0.5),
        "seed": 4,
        **SHORT,
    }
    post = bayes_correlation(es, **tight, r=meta.Uniform(0.6999, 0.7001))
    assert post.estimate == pytest.approx(
        exact.estimate, abs=4 * post.sd / np.sqrt(post.diagnostics.ess_bulk["mu"])
    )
    wide = bayes_correlation(es, **tight)
    low, high = wide.interval(of="r", kind="central")
    assert 0.5 < low < high < 0.87


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: bayes_counts(measure="RR", events1=[1], events2=[1], **PRIORS), "OR, IRR"),
        (lambda: bayes_counts(events1=[1], events2=[1], **PRIORS), "missing: n1, n2"),
        (
            lambda: bayes_counts(events1=[5], n1=[4], events2=[1], n2=[4], **PRIORS),
            "events1 must be <= n1: study '1'",
        ),
        (lambda: bayes_counts(events1=[-1], n1=[4], events2=[1], n2=[4], **PRIORS), "events1 must be >= 0"),
        (lambda: bayes_counts(events1=[1, 2], n1=[4], events2=[1], n2=[4], **PRIORS), "the same length"),
        (lambda: bayes_correlation(dz=[1.0], n=[2], **PRIORS), "at least 3"),
        (lambda: bayes_correlation(dz=[1.0], n=[9, 9], **PRIORS), "one value a paired study"),
        (lambda: bayes_correlation(dz=[1.0], n=[9], r=meta.Uniform(0, 1), **PRIORS), "below 1"),
    ],
)
def test_refusals(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_three_level_refusals():
    es = EffectSizes([0.1, 0.2], [0.1, 0.1], "SMD", ["a", "b"])
    priors = {"effect": meta.Normal(0, 1), "tau_study": meta.HalfNormal(1), "tau_effect": meta.HalfNormal(1)}
    with pytest.raises(InputError, match="study: no column 'lab'"):
        bayes_multilevel(es, study="lab", **priors)
    bounded = EffectSizes(
        [np.nan, 0.1],
        [0.1, 0.1],
        "SMD",
        ["a", "b"],
        kind=["bound", "exact"],
        lower=[0, np.nan],
        upper=[1, np.nan],
    )
    with pytest.raises(InputError, match="exact effects only"):
        bayes_multilevel(bounded, **priors)


def test_the_package_offers_its_functions():
    assert meta.bayes.bayes_counts is bayes_counts
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        meta.bayes.nothing  # noqa: B018
