"""meta.pooling.simulation, and coverage of the intervals."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.errors import InputError


def test_draws_follow_the_model_and_repeat() -> None:
    Y, V = meta.simulate(mu=0.4, tau2=0.09, vi=[0.04, 0.16], reps=100_000, seed=1)
    assert Y.shape == V.shape == (2, 100_000)
    np.testing.assert_allclose(Y.mean(axis=1), 0.4, atol=0.006)
    np.testing.assert_allclose(Y.var(axis=1), [0.13, 0.25], rtol=0.02)
    again = meta.simulate(mu=0.4, tau2=0.09, vi=[0.04, 0.16], reps=100_000, seed=1)
    assert np.array_equal(again.Y, Y)


def test_estimated_variances() -> None:
    _, V = meta.simulate(vi=[0.04, 0.16], df=[10, 20], reps=50_000, seed=2)
    np.testing.assert_allclose(V.mean(axis=1), [0.04, 0.16], rtol=0.01)
    np.testing.assert_allclose(V.var(axis=1), [2 * 0.04**2 / 10, 2 * 0.16**2 / 20], rtol=0.05)


def test_one_value_a_replication() -> None:
    Y, _ = meta.simulate(mu=np.array([0.0, 100.0]), vi=[1.0, 1.0, 1.0], reps=2, seed=3)
    assert Y[:, 0].max() < 50 < Y[:, 1].min()


def test_hartung_knapp_covers_and_wald_does_not() -> None:
    Y, V = meta.simulate(mu=0.0, tau2=0.1, vi=[0.05, 0.1, 0.1, 0.15, 0.2], reps=20_000, seed=4)
    covers = {}
    for test in ("hksj", "z"):
        fit = meta.pool_many(Y, V, test=test)
        covers[test] = np.mean((fit.ci_low <= 0) & (fit.ci_high >= 0))
    assert 0.93 < covers["hksj"] < 0.965
    assert covers["z"] < 0.92


def test_refusals() -> None:
    with pytest.raises(InputError, match="vi must be"):
        meta.simulate(vi=[0.1, 0.0])
    with pytest.raises(InputError, match="reps"):
        meta.simulate(vi=[0.1], reps=0)
    with pytest.raises(InputError, match="tau2"):
        meta.simulate(vi=[0.1], tau2=-1.0)
    with pytest.raises(InputError, match="one a replication"):
        meta.simulate(vi=[0.1], mu=np.zeros(3), reps=2)
