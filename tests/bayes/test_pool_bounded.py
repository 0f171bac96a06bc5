"""meta.pooling.bounded_pool: reduces to ML and REML, equals brute force, repairs what dropping does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, NotEstimableError, UnknownOptionError
from meta.kernels.bounded import log_likelihood, make_rows
from meta.pooling.bounded_pool import pool_bounded, restricted_log_likelihood

NAN, INF = np.nan, np.inf
BCG = json.loads((Path(__file__).parents[1] / "fixtures" / "bayes_quadrature.json").read_text())["bcg"]


def bounds(lower, upper, v=0.05, exact=(), exact_v=0.05):
    k, m = len(lower), len(exact)
    return EffectSizes(
        [*exact, *[NAN] * k],
        [exact_v] * m + [v] * k,
        "SMD",
        [f"s{i}" for i in range(k + m)],
        kind=["exact"] * m + ["bound"] * k,
        lower=[NAN] * m + list(lower),
        upper=[NAN] * m + list(upper),
    )


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_exact_effects_alone_give_metafors_fit(method):
    fit = pool_bounded(EffectSizes(BCG["y"], BCG["v"], "RR", [str(i) for i in range(13)]), method=method)
    want = BCG[method]
    assert fit.estimate == pytest.approx(want["beta"], rel=1e-7)
    assert fit.se == pytest.approx(want["se"], rel=1e-6)
    assert fit.tau2 == pytest.approx(want["tau2"], rel=1e-6)
    assert fit.loglik == pytest.approx(want["ll"], rel=1e-9)
    assert (fit.k, fit.k_bounded) == (13, 0)


def test_profile_interval_of_tau2_is_metafors():
    fit = pool_bounded(EffectSizes(BCG["y"], BCG["v"], "RR", [str(i) for i in range(13)]), method="REML")
    assert (fit.tau2, fit.tau2_low, fit.tau2_high) == pytest.approx(
        BCG["PL"]["PL"] if isinstance(BCG["PL"], dict) else BCG["PL"], rel=1e-6
    )


def test_against_a_brute_force_likelihood():
    es = bounds([-0.4, 0.3], [0.4, INF], exact=[0.2, 0.9, -0.3])
    rows = make_rows(es.yi, es.vi, lower=es.lower, upper=es.upper)
    mu, tau = np.linspace(-1, 2, 3001), np.linspace(0, 2, 1001)
    surface = np.array([log_likelihood(mu, t * t, rows) for t in tau])
    at = np.unravel_index(np.argmax(surface), surface.shape)
    fit = pool_bounded(es, method="ML")
    assert fit.loglik >= surface.max()
    assert fit.loglik == pytest.approx(surface.max(), abs=5e-5)
    assert (fit.estimate, fit.tau) == pytest.approx((mu[at[1]], tau[at[0]]), abs=2e-3)
    profile = surface.max(axis=0)
    inside = mu[2 * (fit.loglik - profile) <= special.chdtri(1, 0.05)]
    assert (fit.ci_low, fit.ci_high) == pytest.approx((inside[0], inside[-1]), abs=2e-3)
    restricted = [np.log(np.trapezoid(np.exp(row), mu)) for row in surface]
    reml = pool_bounded(es, method="REML")
    assert reml.tau == pytest.approx(tau[int(np.argmax(restricted))], abs=3e-3)
    want = np.log(
        np.trapezoid(np.exp(log_likelihood(np.linspace(-8, 8, 16001), 0.25, rows)), np.linspace(-8, 8, 16001))
    )
    assert restricted_log_likelihood(0.5, rows) == pytest.approx(want + 0.5 * np.log(5), abs=1e-7)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_limits_of_bounds(method):
    exact = EffectSizes([0.2, 0.9, -0.3, 0.4], [0.05] * 4, "SMD", list("abcd"))
    want = pool_bounded(exact, method=method)
    vague = bounds([-INF], [INF], exact=[0.2, 0.9, -0.3, 0.4])
    got = pool_bounded(vague, method=method)
    assert got.estimate == pytest.approx(want.estimate, abs=1e-8)
    assert got.loglik == pytest.approx(want.loglik, abs=1e-8)
    assert (got.k, got.k_bounded) == (5, 1)
    narrow = bounds([0.4 - 1e-5], [0.4 + 1e-5], exact=[0.2, 0.9, -0.3])
    got = pool_bounded(narrow, method=method)
    assert got.estimate == pytest.approx(want.estimate, abs=1e-6)
    assert got.loglik - np.log(2e-5) == pytest.approx(want.loglik, abs=1e-6)
    point = bounds([0.4], [0.4], exact=[0.2, 0.9, -0.3])
    assert pool_bounded(point, method=method).estimate == pytest.approx(want.estimate, abs=1e-9)


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_one_vague_study_costs_no_digits(method):
    """It widens the search a thousandfold; its weight is a ten millionth."""
    y = [NAN, 0.00390625, -0.00390625, NAN, -0.0078125]
    v, kind = [0.03125, 0.03515625, 0.0390625, 0.04296875, 0.046875], ["bound", "exact", "exact", "bound"]
    lower, upper = [-0.25, NAN, NAN, -0.2421875, NAN], [0.5, NAN, NAN, 0.5078125, NAN]
    base = EffectSizes(y, v, "GEN", list("abcde"), kind=[*kind, "exact"], lower=lower, upper=upper)
    more = EffectSizes(
        [*y, 2.25],
        [*v, 1e7],
        "GEN",
        list("abcdef"),
        kind=[*kind, "exact", "exact"],
        lower=[*lower, NAN],
        upper=[*upper, NAN],
    )
    got, want = pool_bounded(more, method=method), pool_bounded(base, method=method)
    assert got.estimate == pytest.approx(want.estimate, abs=1e-7)
    assert got.se == pytest.approx(want.se, rel=1e-6)


def test_symmetry_and_mixture():
    es = EffectSizes(
        [0.5, NAN],
        [0.04, 0.04],
        "SMD",
        ["a", "b"],
        kind=["exact", "mixture"],
        mixtures={1: ((0.6, 0.5), (-0.6, 0.5))},
    )
    up = pool_bounded(es, method="ML")
    down = pool_bounded(
        EffectSizes(
            [-0.5, NAN],
            [0.04, 0.04],
            "SMD",
            ["a", "b"],
            kind=["exact", "mixture"],
            mixtures={1: ((0.6, 0.5), (-0.6, 0.5))},
        ),
        method="ML",
    )
    assert up.estimate == pytest.approx(-down.estimate, abs=1e-7)
    assert up.estimate > 0.5


def test_truncation_pulls_toward_zero():
    es = EffectSizes([-0.7, -0.9, -0.8], [0.09, 0.1, 0.08], "SMD", list("abc"))
    plain, cut = pool_bounded(es, method="ML"), pool_bounded(es, method="ML", truncated=True)
    assert plain.estimate < cut.estimate


@pytest.mark.parametrize("method", ["ML", "REML"])
def test_one_sided_bounds_alone_are_refused(method):
    with pytest.raises(NotEstimableError, match="all 3 results only bound the effect from below"):
        pool_bounded(bounds([0.1, 0.2, 0.3], [INF] * 3), method=method)
    with pytest.raises(NotEstimableError, match="from above"):
        pool_bounded(bounds([-INF] * 2, [-0.1] * 2), method=method)


def test_refusals_and_text():
    with pytest.raises(UnknownOptionError, match="ML, REML"):
        pool_bounded(bounds([-0.1], [0.1]), method="DL")
    with pytest.raises(InputError, match="nothing to pool"):
        pool_bounded(EffectSizes([NAN], [NAN], "SMD", ["a"]))
    with pytest.raises(InputError, match="vi must be > 0: study 'a'"):
        pool_bounded(EffectSizes([0.1, 0.2], [0.0, 0.1], "SMD", ["a", "b"]))
    with pytest.raises(InputError, match="level"):
        pool_bounded(bounds([-0.1], [0.1]), level=95)
    with pytest.raises(NotEstimableError, match="at least two located"):
        pool_bounded(bounds([0.1], [INF], exact=[0.3]), method="REML")
    with pytest.raises(NotEstimableError, match="no finite maximum"):
        pool_bounded(bounds([0.9, -INF], [INF, -0.9]), method="ML")
    text = pool_bounded(bounds([-0.4], [0.4], exact=[0.1, 0.5]), method="ML").summary()
    assert "k = 3 (1 not exact)" in text


def test_bounds_remove_the_bias_of_dropping_not_significant_studies():
    rng = np.random.default_rng(11)
    truth, v = 0.2, 0.04
    cut = special.ndtri(0.975) * np.sqrt(v)
    dropped, bounded = [], []
    for _ in range(30):
        y = truth + rng.normal(0, np.sqrt(v + 0.01), 14)
        seen = np.abs(y) > cut
        if seen.sum() < 2:
            continue
        dropped.append(np.mean(y[seen]))
        hidden = int((~seen).sum())
        es = bounds([-cut] * hidden, [cut] * hidden, v=v, exact=y[seen], exact_v=v)
        bounded.append(pool_bounded(es, method="REML").estimate)
    error = np.std(bounded) / np.sqrt(len(bounded))
    assert np.mean(dropped) - truth > 0.15
    assert abs(np.mean(bounded) - truth) < 4 * error + 0.02
