"""meta.kernels.ascent: the fast way to a likelihood's maximum, and its proof that there is no other."""

from __future__ import annotations

import numpy as np
import pytest

from meta.kernels.ascent import climb, sums
from meta.kernels.likelihood import maximise, maximise_with_sums, search
from meta.kernels.weights import Rows, arrange, moments


def wild(k: int, p: int, seed: int, decades: tuple[float, float]) -> Rows:
    rng = np.random.default_rng(seed)
    v = 10 ** rng.uniform(*decades, (k, p))
    y = rng.normal(size=(k, p)) * np.sqrt(v + 10 ** rng.uniform(-3, 1, p))
    y[:, ::5] = np.where((rng.uniform(size=y.shape) < 0.2) & (np.arange(k)[:, None] > 1), np.nan, y)[:, ::5]
    return arrange(y, v)


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize(("k", "decades"), [(2, (-2, 1)), (4, (-4, 2)), (7, (-2, 1)), (15, (-1, 0))])
def test_what_is_proven_is_what_a_full_scan_finds(k: int, decades: tuple, restricted: bool) -> None:
    rows = wild(k, 4000, 5 + k, decades)
    fast, full = climb(rows, restricted), search(rows, restricted)
    proven = fast.proven
    assert proven.mean() > 0.4
    assert np.all(full.maxima[proven] == 1)
    np.testing.assert_allclose(fast.tau2[proven], full.tau2[proven], rtol=1e-9, atol=0)


def test_two_maxima_are_never_proven_to_be_one() -> None:
    rows = wild(7, 30_000, 1, (-3, 1))
    two = search(rows, True).maxima > 1
    assert two.sum() > 50
    assert not climb(rows, True).proven[two].any()


@pytest.mark.parametrize("restricted", [True, False])
def test_one_at_a_time_agrees_with_the_batch(restricted: bool) -> None:
    rows = wild(6, 300, 3, (-3, 1))
    batch = maximise(rows, restricted)
    for j in range(rows.width):
        one = rows.take(np.array([j]))
        alone, proven = maximise(one, restricted), climb(one, restricted).proven
        assert alone.tau2[0] == pytest.approx(batch.tau2[j], rel=1e-9, abs=0)
        assert alone.maxima[0] == batch.maxima[j]
        assert proven[0] == climb(rows.take(np.array([j, j])), restricted).proven[0]


def test_sums_match_matrix_algebra_in_every_layout() -> None:
    y, v, tau2 = np.array([0.0, 1.0, 4.0]), np.array([0.5, 1.0, 2.0]), 0.3
    w = np.diag(1 / (v + tau2))
    p = w - w @ np.ones((3, 3)) @ w / w.sum()
    want = [y @ p @ y, y @ p @ p @ y, y @ p @ p @ p @ y, np.trace(p), np.trace(p @ p)]
    narrow = sums(y, v, tau2)
    middle = sums(np.tile(y[:, None], 4), np.tile(v[:, None], 4), np.full(4, tau2))
    wide = sums(np.tile(y[:, None], 3000), np.tile(v[:, None], 3000), np.full(3000, tau2))
    for found in (narrow, middle, wide):
        got = [found.q, found.a, found.a3, *found.traces(True)]
        np.testing.assert_allclose([np.ravel(x)[-1] for x in got], want, rtol=1e-13)
    assert narrow.traces(False) == (narrow.s1, narrow.s2)


@pytest.mark.parametrize("width", [1, 20, 4000])
def test_sums_handed_on_are_those_at_the_maximum(width: int) -> None:
    rows = wild(8, width, 9, (-2, 0))
    found, at, zero = maximise_with_sums(rows, True)
    for have, want in ((at, moments(rows, found.tau2)), (zero, moments(rows))):
        for name in ("s1", "s2", "s3", "q"):
            np.testing.assert_allclose(getattr(have, name), getattr(want, name), rtol=1e-12)
        np.testing.assert_allclose(have.mean, want.mean, rtol=1e-10, atol=1e-13)
