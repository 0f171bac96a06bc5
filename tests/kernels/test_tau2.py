"""meta.kernels.tau2, weights and likelihood: estimators of the heterogeneity variance."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from meta.errors import InputError, UnknownOptionError
from meta.kernels.likelihood import log_likelihood, maximise, score, search_bounds
from meta.kernels.tau2 import ESTIMATORS, estimate, solve_q
from meta.kernels.weights import Rows, arrange, blocks, mean_variance, moments, plain_mean

REFERENCE = json.loads((Path(__file__).parents[1] / "fixtures" / "univariate_r.json").read_text())
DATASETS = [name for name in REFERENCE if name not in ("_meta", "subgroups_bcg")]
ESTIMATED = [name for name in ESTIMATORS if name not in ("EE", "GENQ")]
ITERATED = ("ML", "REML", "EB", "PM", "PMM", "DLIT")
# R stops at an absolute threshold; on large scales it can only be met loosely
LOOSE = {"normand1999_MD": 1e-6}


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    d = REFERENCE[name]["data"]
    return np.array(d["yi"]), np.array(d["vi"])


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("method", ESTIMATED)
def test_against_r(name: str, method: str) -> None:
    if method not in REFERENCE[name]["fits"]:
        pytest.skip("R did not converge")
    want = REFERENCE[name]["fits"][method]
    got = estimate(*data(name), method)
    rtol = LOOSE.get(name, 1e-7)
    np.testing.assert_allclose(got.tau2, want["tau2"], rtol=rtol, atol=1e-13)
    np.testing.assert_allclose(got.se, want["se_tau2"], rtol=max(rtol, 1e-7), atol=1e-13)
    assert got.converged
    assert bool(got.at_boundary) == (got.tau2 == 0)


@pytest.mark.parametrize("name", DATASETS)
def test_general_q_against_r(name: str) -> None:
    y, v = data(name)
    got, want = estimate(y, v, "GENQ", weights=1 / np.sqrt(v)), REFERENCE[name]["genq"]
    np.testing.assert_allclose([got.tau2, got.se], [want["tau2"], want["se_tau2"]], rtol=1e-7, atol=1e-13)


def test_general_q_contains_dl_and_he() -> None:
    y, v = data("bcg_RR")
    assert estimate(y, v, "GENQ", weights=1 / v).tau2 == pytest.approx(estimate(y, v, "DL").tau2, rel=1e-12)
    assert estimate(y, v, "GENQ", weights=np.ones(13)).tau2 == pytest.approx(
        estimate(y, v, "HE").tau2, rel=1e-12
    )
    with pytest.raises(InputError, match="weights"):
        estimate(y, v, "GENQ")


def test_empirical_bayes_is_paule_mandel_to_the_last_digit() -> None:
    y, v = data("bcg_RR")
    assert estimate(y, v, "EB").tau2 == estimate(y, v, "PM").tau2
    assert estimate(y, v, "PM").tau2 == pytest.approx(0.3180684522, abs=5e-11)


@pytest.mark.parametrize("method", ESTIMATED)
@pytest.mark.parametrize("unit", [1e-6, 1e3, 1e8])
def test_units_are_only_units(method: str, unit: float) -> None:
    y, v = data("bcg_RR")
    one, other = estimate(y, v, method), estimate(unit * y, unit**2 * v, method)
    assert other.tau2 == pytest.approx(unit**2 * one.tau2, rel=1e-12)
    assert other.se == pytest.approx(unit**2 * one.se, rel=1e-11)


@pytest.mark.parametrize("method", ESTIMATED)
def test_batch_equals_one_by_one_with_absent_studies(method: str) -> None:
    rng = np.random.default_rng(11)
    v = rng.uniform(0.02, 0.8, (9, 40))
    y = rng.normal(0.2, np.sqrt(v + 0.1))
    y[rng.uniform(size=y.shape) < 0.3] = np.nan
    batch = estimate(y, v, method)
    for j in range(40):
        there = np.isfinite(y[:, j])
        one = estimate(y[there, j], v[there, j], method)
        assert batch.tau2[j] == pytest.approx(one.tau2, rel=1e-10, abs=1e-15)
        assert batch.se[j] == pytest.approx(one.se, rel=1e-9)


def test_trailing_axes_are_kept() -> None:
    y, v = data("bcg_RR")
    cube = np.repeat(y[:, None], 6, axis=1).reshape(13, 2, 3)
    got = estimate(cube, v[:, None, None], "REML")
    assert got.tau2.shape == (2, 3)
    np.testing.assert_allclose(got.tau2, estimate(y, v).tau2, rtol=1e-12)


def test_single_and_absent_studies_have_no_tau2() -> None:
    y = np.array([[0.1, np.nan, 0.1], [np.nan, np.nan, 0.9]])
    got = estimate(y, np.full((2, 3), 0.1), "REML")
    assert np.isnan(got.tau2).tolist() == [True, True, False]


def test_fixed_value_and_refusals() -> None:
    assert estimate([0.1, 0.2], [0.1, 0.1], 0.25).tau2 == 0.25
    with pytest.raises(InputError, match=">= 0"):
        estimate([0.1, 0.2], [0.1, 0.1], -1.0)
    with pytest.raises(UnknownOptionError, match="REML"):
        estimate([0.1, 0.2], [0.1, 0.1], "RMEL")


def test_boundary_is_an_exact_zero() -> None:
    for method in ("DL", "PM", "ML", "REML", "HS", "DLIT"):
        got = estimate([0.10, 0.11, 0.09], [0.04, 0.05, 0.03], method)
        assert got.tau2 == 0.0
        assert got.at_boundary


def test_all_equal_effects() -> None:
    for method in ESTIMATED:
        assert estimate([0.2, 0.2, 0.2], [0.04, 0.05, 0.03], method).tau2 == 0.0


# Found by a random search for restricted likelihoods with two maxima.
TWO_MAXIMA = [
    ([-1.14, -1.1, 3.41, -3.16, 1.57, 0.7, 0.81], [1.905, 0.603, 1.096, 6.026, 0.178, 0.0151, 0.0066]),
    ([0.17, 0.55, 0.07, -0.46, -0.98, -2.08, 0.02], [0.0275, 0.427, 0.0457, 0.17, 0.195, 0.708, 0.017]),
    ([-0.11, 1.35, 0.0, 0.21, 0.47, -0.04, 0.34], [0.0347, 7.943, 0.851, 0.00141, 10.0, 0.692, 0.012]),
    ([0.93, -0.14, -0.9, 2.93, -0.26, -0.09, -0.19], [0.646, 0.00214, 1.23, 0.661, 0.00269, 3.09, 1.023]),
]


def dense(y: np.ndarray, v: np.ndarray, restricted: bool, n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    grid = np.concatenate([[0.0], np.geomspace(1e-6, 1e4, n)])
    wide = Rows(y[:, None], v[:, None], np.full(grid.size, float(y.size)), True)
    return grid, log_likelihood(wide, grid, restricted)


@pytest.mark.parametrize(("y", "v"), TWO_MAXIMA)
def test_two_maxima_and_the_higher_one_is_taken(y: list, v: list) -> None:
    ya, va = np.array(y), np.array(v)
    grid, value = dense(ya, va, True)
    rising = np.diff(value) > 0
    peaks = int((rising[:-1] & ~rising[1:]).sum()) + int(not rising[0])
    got = estimate(ya, va, "REML")
    assert peaks == 2
    assert int(got.maxima) == 2
    best = float(log_likelihood(arrange(ya, va), got.tau2, True)[0])
    assert best >= value.max() - 1e-12
    assert float(got.tau2) == pytest.approx(grid[value.argmax()], rel=0.01)


@pytest.mark.parametrize("restricted", [True, False])
def test_no_grid_point_beats_the_maximum(restricted: bool) -> None:
    rng = np.random.default_rng(8)
    k, p = 6, 3000
    v = 10 ** rng.uniform(-4, 2, (k, p))
    y = rng.normal(size=(k, p)) * np.sqrt(v + 10 ** rng.uniform(-3, 1, p))
    rows = arrange(y, v)
    found = maximise(rows, restricted)
    assert found.converged.all()
    assert (found.maxima > 1).sum() > 20
    best = log_likelihood(rows, found.tau2, restricted)
    for t in [0.0, *np.geomspace(1e-7, 1e4, 700)]:
        assert np.all(log_likelihood(rows, t, restricted) <= best + 1e-9)


def test_score_is_zero_at_an_inner_maximum_and_negative_above_the_bound() -> None:
    y, v = data("bcg_RR")
    rows = arrange(y, v)
    for restricted in (True, False):
        tau2 = maximise(rows, restricted).tau2
        h = 1e-6 * tau2
        slope = (log_likelihood(rows, tau2 + h, restricted) - log_likelihood(rows, tau2 - h, restricted)) / (
            2 * h
        )
        assert abs(slope[0]) < 1e-6
        assert abs(score(rows.y, rows.v, tau2, restricted)[0]) < 1e-10
        assert score(rows.y, rows.v, search_bounds(rows)[1], restricted)[0] < 0


def test_weights_helpers() -> None:
    rows = arrange([[1.0, np.nan], [3.0, 5.0]], [[1.0, 1.0], [1.0, 2.0]])
    assert rows.n.tolist() == [2.0, 1.0]
    assert rows.take(np.array([1])).v.tolist() == [[np.inf], [2.0]]
    mean, rss = plain_mean(rows)
    assert (mean.tolist(), rss.tolist()) == ([2.0, 5.0], [2.0, 0.0])
    assert mean_variance(rows).tolist() == [1.0, 2.0]
    assert [part.stop for part in blocks(rows, elements=2)] == [1, 2]
    m = moments(arrange([0.0, 1.0, 4.0], [0.5, 1.0, 2.0]), 0.3)
    w = np.diag(1 / (np.array([0.5, 1.0, 2.0]) + 0.3))
    one = np.ones((3, 1))
    p = w - w @ one @ one.T @ w / w.sum()
    y = np.array([0.0, 1.0, 4.0])
    np.testing.assert_allclose(
        [m.trace_p[0], m.trace_pp[0], m.q[0]], [np.trace(p), np.trace(p @ p), y @ p @ y], rtol=1e-13
    )


def test_solve_q_reaches_any_target() -> None:
    y, v = data("egger2001_magnesium")
    rows = arrange(y, v)
    for target in (0.01, 1.0, 5.0, 20.0, 46.0):
        tau2, _, done = solve_q(rows, target)
        assert done.all()
        assert moments(rows, tau2).q[0] == pytest.approx(target, rel=1e-12)
    assert solve_q(rows, 1000.0)[0][0] == 0.0
