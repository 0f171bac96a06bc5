"""meta.bayes.batch agrees with one fit at a time."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.bayes.batch import batch, leave_one_out
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, NotEstimableError

RNG = np.random.default_rng(3)
Y, V = RNG.normal(0.2, 0.4, (6, 9)), RNG.uniform(0.02, 0.2, (6, 9))


def test_many_data_sets_agree_with_single_fits():
    y = Y.copy()
    y[2, 4:] = np.nan
    got = batch(y, V, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5), below=0.1)
    for i in range(6):
        keep = ~np.isnan(y[i])
        one = meta.bayes(yi=y[i, keep], vi=V[i, keep], effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
        assert got.estimate[i] == pytest.approx(one.estimate, rel=1e-8)
        assert got.sd[i] == pytest.approx(one.sd, rel=1e-8)
        assert got.tau_mean[i] == pytest.approx(one.tau.mean, rel=1e-8)
        assert got.tau_sd[i] == pytest.approx(one.tau.sd, rel=1e-7)
        assert got.log_evidence[i] == pytest.approx(one.log_evidence, abs=1e-8)
        assert got.probability_below[i] == pytest.approx(one.probability(below=0.1), rel=1e-7)
    assert got.error.max() < 1e-6


def test_prior_grid():
    effects = [meta.Normal(0, s) for s in (0.5, 1, 2)]
    taus = [meta.HalfCauchy(s) for s in (0.2, 0.5, 1)]
    got = batch(Y[0], V[0], effect=effects, tau=taus)
    for i in range(3):
        one = meta.bayes(yi=Y[0], vi=V[0], effect=effects[i], tau=taus[i])
        assert got.estimate[i] == pytest.approx(one.estimate, rel=1e-8)
    flat = batch(Y[0], V[0], effect=meta.Flat(), tau=meta.HalfCauchy(0.5))
    assert flat.sd[0] == pytest.approx(
        meta.bayes(yi=Y[0], vi=V[0], effect=meta.Flat(), tau=meta.HalfCauchy(0.5)).sd
    )


def test_ten_thousand_at_once():
    y, v = np.tile(Y, (1700, 1))[:10_000], np.tile(V, (1700, 1))[:10_000]
    got = batch(y, v, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    assert got.estimate.shape == (10_000,)
    np.testing.assert_allclose(got.estimate[6:12], got.estimate[:6], rtol=1e-13)


def test_leave_one_out_in_row_order():
    es = EffectSizes(Y[0], V[0], "SMD", [f"s{i}" for i in range(9)])
    table = leave_one_out(es, effect=meta.Normal(0, 1), tau=meta.HalfNormal(0.5))
    one = meta.bayes(es.subset(np.arange(9) != 4))
    assert table.loc[4, "study"] == "s4"
    assert table.loc[4, "estimate"] == pytest.approx(one.estimate, rel=1e-8)


def test_refusals():
    good = {"effect": meta.Normal(0, 1), "tau": meta.HalfNormal(0.5)}
    with pytest.raises(InputError, match="normal or flat"):
        batch(Y, V, effect=meta.Cauchy(0, 1), tau=meta.HalfNormal(0.5))
    with pytest.raises(InputError, match="smooth"):
        batch(Y, V, effect=meta.Normal(0, 1), tau=meta.Uniform(0, 1))
    with pytest.raises(InputError, match="one or 6 tau priors"):
        batch(Y, V, effect=meta.Normal(0, 1), tau=[meta.HalfNormal(1)] * 2)
    with pytest.raises(InputError, match="vi must be > 0"):
        batch(Y, V * 0, **good)
    with pytest.raises(NotEstimableError, match="does not integrate"):
        batch(Y[:, :2], V[:, :2], effect=meta.Flat(), tau=meta.Flat())
    es = EffectSizes(
        [np.nan, 0.1],
        [0.1, 0.1],
        "SMD",
        ["a", "b"],
        kind=["bound", "exact"],
        lower=[0, np.nan],
        upper=[1, np.nan],
    )
    with pytest.raises(InputError, match="exact effects only"):
        leave_one_out(es, **good)
