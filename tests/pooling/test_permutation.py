"""meta.pooling.permutation."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import InputError
from meta.pooling.permutation import distinct_orders, sign_flips

HERE = Path(__file__).parents[1] / "fixtures"
REF = json.loads((HERE / "regression_reference.json").read_text())
MORE = json.loads((HERE / "dependent_counts.json").read_text())


@pytest.fixture(scope="module")
def bcg():
    frame = pd.DataFrame(MORE["data"]["bcg"])
    return frame.assign(yi=REF["bcg_escalc"]["RR"]["yi"], vi=REF["bcg_escalc"]["RR"]["vi"])


def test_sign_flips_of_a_mean_agree_with_r(bcg):
    out = meta.regress(bcg[:7], test="z").permutation_test()
    assert out.exact
    assert out.n == 2**7
    assert out.p_values[0] == pytest.approx(MORE["perm_signs"]["p"])


def test_row_permutations_use_distinct_rows_only(bcg):
    out = meta.regress(bcg[:6], "~ ablat", method="DL", test="z").permutation_test(exact=True)
    assert out.n == 360  # two trials share a latitude: 6! / 2
    assert out.p_values.tolist() == pytest.approx(MORE["perm_rows"]["p"])
    assert out.qm_p == pytest.approx(MORE["perm_rows"]["qmp"])


def test_every_permutation_is_a_full_refit(bcg):
    sub = bcg[:5]
    fit = meta.regress(sub, "~ ablat", method="PM", test="z")
    out = fit.permutation_test(exact=True)
    values = {
        round(
            float(
                meta.regress(sub, moderators=np.array(order), method="PM", test="z")
                .coefficients["statistic"]
                .iloc[1]
            ),
            8,
        )
        for order in itertools.permutations(sub["ablat"])
    }
    assert {round(float(z), 8) for z in out.statistics[:, 1]} == values


def test_random_permutations_are_seeded_and_never_give_zero(bcg):
    fit = meta.regress(bcg, "~ ablat", test="z")
    one, same, other = (fit.permutation_test(seed=s) for s in (1, 1, 2))
    assert not one.exact
    assert one.n == 1000
    assert one.p_values.tolist() == same.p_values.tolist()
    assert one.statistics[5, 1] != other.statistics[5, 1]
    assert np.all(one.p_values >= 1e-3)
    assert one.p_values[1] < 0.05
    np.testing.assert_allclose(one.observed, fit.coefficients["statistic"], rtol=1e-8)


def test_statistics_carry_the_test_of_the_fit(bcg):
    fit = meta.regress(bcg, "~ ablat", test="hksj")
    out = fit.permutation_test(seed=3, n=200)
    np.testing.assert_allclose(out.observed, fit.coefficients["statistic"], rtol=1e-8)


def test_a_thousand_permutations_are_one_quick_batch(bcg):
    fit = meta.regress(bcg, "~ ablat + year", test="z")
    start = time.perf_counter()
    fit.permutation_test(n=1000, seed=0)
    assert time.perf_counter() - start < 2.0  # about 20 ms; a refit in a loop takes longer than this


def test_pieces_and_refusals(bcg):
    assert len(sign_flips(4)) == 16
    assert len(distinct_orders(np.array([0, 1, 1, 2, 2]))) == 30
    fit = meta.regress(bcg, "~ ablat", test="z")
    with pytest.raises(InputError, match="exact=False"):
        fit.permutation_test(exact=True)
    with pytest.raises(InputError, match="Kenward-Roger"):
        meta.regress(bcg, "~ ablat", test="KR").permutation_test()
    out = fit.permutation_test(n=100, seed=1)
    assert out.coefficients.shape == (2, 2)
    assert "100 random" in out.summary()
