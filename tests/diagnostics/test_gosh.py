"""meta.diagnostics: subsets, clusters, normality."""

import itertools
import time

import numpy as np
import pytest

import meta
from meta.diagnostics import gosh, gosh_clusters, qq
from meta.diagnostics.clustering import by_density, by_mixture
from meta.diagnostics.gosh import members
from meta.errors import InputError, NotEstimableError

ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def bcg():
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)


@pytest.mark.parametrize("method", ["DL", "EE", "HE", "HS", "HSk", 0.3, "REML", "PM"])
@pytest.mark.parametrize("test", ["z", "hksj", "adhoc"])
@pytest.mark.filterwarnings("ignore:test 'hksj' belongs:meta.errors.AssumptionWarning")
@pytest.mark.filterwarnings("ignore:test 'adhoc' belongs:meta.errors.AssumptionWarning")
def test_every_subset_is_its_own_meta_analysis(method, test):
    es = bcg().subset(np.arange(6))
    fit = meta.pool(es, method=method, test=test)
    table = gosh(fit)
    assert len(table) == 63
    inside = members(table)
    y = np.where(inside.T, es.yi[:, None], np.nan)
    many = meta.pool_many(y, es.vi[:, None] * np.ones((1, 63)), method=method, test=test)
    for name in ("k", "estimate", "se", "tau2", "q", "i2", "h2"):
        expected = getattr(many, name)
        assert table[name].to_numpy() == pytest.approx(expected, rel=1e-8, abs=1e-10, nan_ok=True), name
    assert table["estimate"].iloc[-1] == pytest.approx(fit.estimate)


def test_all_subsets_once():
    table = gosh(meta.pool(bcg().subset(np.arange(5)), method="DL", test="z"))
    got = {tuple(np.flatnonzero(row)) for row in members(table)}
    assert got == {c for n in range(1, 6) for c in itertools.combinations(range(5), n)}
    assert table.attrs["exhaustive"]


def test_a_million_subsets_in_seconds_and_far_from_zero():
    rng = np.random.default_rng(4)
    y, v = 1e6 + rng.normal(0, 1, 20), rng.uniform(0.05, 0.5, 20)
    fit = meta.pool(yi=y, vi=v, method="DL", test="z")
    start = time.perf_counter()
    table = gosh(fit)
    assert time.perf_counter() - start < 20
    assert len(table) == 1_048_575
    last = table.iloc[-1]
    assert [last["estimate"], last["se"], last["tau2"]] == pytest.approx(
        [fit.estimate, fit.se, fit.tau2], rel=1e-8
    )
    assert table["k"].mean() == pytest.approx(20 * 2**19 / (2**20 - 1))


def test_beyond_twenty_studies_subsets_are_drawn_with_a_seed():
    rng = np.random.default_rng(5)
    fit = meta.pool(yi=rng.normal(0, 1, 30), vi=rng.uniform(0.1, 1, 30), method="DL", test="z")
    a, b = gosh(fit, subsets=4000, seed=7), gosh(fit, subsets=4000, seed=7)
    assert a.equals(b)
    assert not a.equals(gosh(fit, subsets=4000, seed=8))
    # uniform over subsets, so that sizes are binomial about half, not uniform over sizes
    assert a["k"].mean() == pytest.approx(15, abs=0.3)
    assert a["k"].std() == pytest.approx(np.sqrt(30) / 2, rel=0.1)
    assert not a.attrs["exhaustive"]
    row = members(a)[17]
    one = meta.pool(fit.effects.subset(row), method="DL", test="z")
    assert a["estimate"][17] == pytest.approx(one.estimate)


def test_more_than_sixty_two_studies():
    rng = np.random.default_rng(6)
    fit = meta.pool(yi=rng.normal(0, 1, 70), vi=np.ones(70), method="EE", test="z")
    table = gosh(fit, subsets=50, seed=1)
    inside = members(table)
    assert inside.shape == (50, 70)
    assert inside.sum(axis=1).tolist() == table["k"].tolist()
    assert table["estimate"][3] == pytest.approx(fit.effects.yi[inside[3]].mean())


def test_gosh_refusals_and_another_method():
    fit = meta.pool(bcg().subset(np.arange(4)), test="z")
    assert gosh(fit, method="DL")["tau2"].iloc[-1] == pytest.approx(
        meta.pool(bcg().subset(np.arange(4)), method="DL", test="z").tau2
    )
    with pytest.raises(InputError, match="at least 1"):
        gosh(fit, subsets=0)


def test_clusters_point_to_the_study_that_makes_them():
    y = np.array([0.1, 0.12, 0.08, 0.15, 0.05, 0.11, 0.09, 0.13, 2.5, 0.1])
    fit = meta.pool(yi=y, vi=np.full(10, 0.01), study=list("ABCDEFGHIJ"), method="DL", test="z")
    found = gosh_clusters(gosh(fit), clusters=2, seed=1)
    assert found["study"].tolist() == list("ABCDEFGHIJ")
    assert found["contrast"].abs().idxmax() == 8
    assert found.loc[8, "contrast"] > 0.9
    assert found["shift"].abs().idxmax() == 8
    assert sum(found.attrs["sizes"]) == 1023 - 10
    again = gosh_clusters(gosh(fit), clusters=2, seed=1)
    assert again.equals(found)
    with pytest.raises(InputError, match="clusters must be"):
        gosh_clusters(gosh(fit), clusters=1)


@pytest.mark.parametrize("method", ["kmeans", "gmm", "dbscan"])
def test_every_way_to_cluster_finds_the_study_that_makes_two(method):
    y = np.array([0.1, 0.12, 0.08, 0.15, 0.05, 0.11, 0.09, 0.13, 2.5, 0.1])
    fit = meta.pool(yi=y, vi=np.full(10, 0.01), study=list("ABCDEFGHIJ"), method="DL", test="z")
    table = gosh(fit)
    found = gosh_clusters(table, method=method, seed=1)
    assert found["contrast"].abs().idxmax() == 8
    # clusters come by rising estimate
    centres = [centre[0] for centre in found.attrs["centres"]]
    assert centres == sorted(centres)
    assert found.equals(gosh_clusters(table, method=method, seed=1))


def test_a_mixture_recovers_its_components_and_density_leaves_out_lone_points():
    rng = np.random.default_rng(9)
    one, two = rng.normal(0, 0.3, (400, 2)), rng.normal(0, 1.0, (400, 2)) * [0.2, 1.5] + [3, 0]
    points, truth = np.vstack([one, two]), np.repeat([0, 1], 400)
    assert (by_mixture(points, 2, rng) == truth).mean() > 0.99
    owner = by_density(np.vstack([points, [[30.0, 30.0]]]), 2, rng)
    assert owner[-1] == -1
    assert len(np.unique(owner[:400][owner[:400] >= 0])) <= 2
    scattered = by_density(rng.uniform(0, 1000, (50, 2)), 2, rng)
    assert (scattered == -1).all()


def test_unknown_and_impossible_clusters_are_refused():
    fit = meta.pool(bcg().subset(np.arange(3)), method="DL", test="z")
    with pytest.raises(ValueError, match="kmeans, gmm, dbscan"):
        gosh_clusters(gosh(fit), method="ward")
    with pytest.raises(NotEstimableError, match="dense"):
        gosh_clusters(gosh(fit), method="dbscan")


def test_qq_points_and_envelope():
    table = qq(meta.pool(bcg(), test="z"), seed=3)
    assert table["residual"].is_monotonic_increasing
    assert (table["low"] <= table["high"]).all()
    assert table["theoretical"].to_numpy() == pytest.approx(-table["theoretical"].to_numpy()[::-1])
    # the envelope is pointwise: it brackets the quantiles and lets a point or two out
    assert ((table["theoretical"] >= table["low"]) & (table["theoretical"] <= table["high"])).all()
    assert ((table["residual"] < table["low"]) | (table["residual"] > table["high"])).sum() <= 2
    wide = qq(meta.pool(bcg(), test="z"), seed=3, level=0.999)
    assert ((wide["high"] - wide["low"]) > (table["high"] - table["low"])).all()
    assert table.equals(qq(meta.pool(bcg(), test="z"), seed=3))
