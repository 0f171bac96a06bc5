"""UCOR over its whole domain, against mpmath at 50 digits (``tests/fixtures/mpmath``)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.errors import quiet

CASES = json.loads(
    (Path(__file__).parents[1] / "fixtures" / "unbiased_correlations.json").read_text(encoding="utf-8")
)
R, N = np.array(CASES["r"]), np.array(CASES["n"], dtype=float)
EXACT = {name: np.array(CASES[name], dtype=float) for name in ("yi", "LS", "UB")}


def effects(r, n, **options):
    with quiet():
        return meta.effect_sizes(measure="UCOR", r=r, n=n, **options)


@pytest.mark.parametrize("sign", [1, -1])
def test_estimates_for_all_sizes_and_correlations(sign):
    es = effects(sign * R, N)
    np.testing.assert_allclose(es.yi, sign * EXACT["yi"], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(es.vi, EXACT["LS"], rtol=1e-9)
    assert es.exact.all()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_unbiased_variance_keeps_its_digits_where_it_is_a_small_difference(sign):
    es = effects(sign * R, N, vtype="UB")
    usable = EXACT["UB"] > 0
    np.testing.assert_allclose(es.vi[usable], EXACT["UB"][usable], rtol=1e-9)
    assert es.kind[np.isnan(EXACT["UB"])].tolist() == ["none"]
    assert usable.sum() > 320


def test_the_average_enters_the_third_variance():
    es = effects(R, N, vtype="AV")
    mean = np.sum(N * EXACT["yi"]) / np.sum(N)
    np.testing.assert_allclose(es.vi, (1 - mean**2) ** 2 / (N - 1), rtol=1e-12)


def test_it_lies_between_the_correlation_and_one_and_grows_with_it():
    r = np.linspace(-1, 1, 2001)
    for n in (5, 41, 42, 250, 9999):
        yi = effects(r, np.full(r.size, n)).yi
        assert np.all(np.diff(yi) > 0)
        assert np.all((np.abs(yi) >= np.abs(r)) & (np.abs(yi) <= 1))


def test_three_people_allow_no_variance():
    assert effects([0.3], [3]).kind.tolist() == ["none"]
