"""Rows that report different things: each by its own facts, and none with a sign that nobody stated."""

import numpy as np
import pytest

import meta
from meta.errors import DataWarning

NAN = np.nan


def test_means_give_their_sign_to_p():
    table = {"mean1": [5, 5, 6], "mean2": [7, 5.2, 5], "p": [0.03, 0.5, 0.2]}
    table |= {"n1": [25, 30, 40], "n2": [24, 31, 41]}
    es = meta.effect_sizes(table, measure="SMD")
    assert es.yi.round(3).tolist() == [-0.629, -0.172, 0.284]
    fit = meta.pool(es)
    # R: metafor 4, rma(method="REML", test="knha")
    assert (fit.estimate, fit.ci_low, fit.ci_high) == pytest.approx(
        (-0.1460609, -1.277787, 0.9856654), abs=2e-6
    )
    assert fit.tau2 == pytest.approx(0.1412724, abs=2e-6)
    assert all("standard error of the difference from p" in how for how in es.provenance["yi"])


def test_a_p_alone_is_one_of_two_values():
    with pytest.warns(DataWarning, match="has two possible effects"):
        es = meta.effect_sizes({"p": [0.03, 0.5], "n1": [25, 30], "n2": [24, 31]}, measure="SMD")
    assert es.kind.tolist() == ["mixture", "mixture"]
    assert np.isnan(es.yi).all()
    assert np.isfinite(es.vi).all()
    signed = meta.effect_sizes({"p": [-0.03, 0.5], "n1": [25, 30], "n2": [24, 31]}, measure="SMD")
    assert signed.yi[0] == pytest.approx(es.mixtures[0][0][0], rel=1e-12)
    assert signed.yi[1] > 0


def test_each_row_by_its_own_facts_and_the_rest_untouched():
    table = {
        "study": list("ABCDE"), "mean1": [5, NAN, NAN, NAN, 31], "sd1": [1, NAN, NAN, NAN, NAN],
        "n1": [20, 30, 25, 40, 20], "mean2": [4.5, NAN, NAN, NAN, NAN], "sd2": [1.1, NAN, NAN, NAN, NAN],
        "n2": [22, 31, 24, 41, 21], "t": [9, 2.4, NAN, NAN, NAN], "p": [0.9, NAN, 0.03, NAN, NAN],
        "d": [9, NAN, NAN, 0.25, NAN], "direction": [None, None, "lower", None, None],
        "q1_1": [NAN] * 4 + [18], "q3_1": [NAN] * 4 + [52], "median2": [NAN] * 4 + [45],
        "q1_2": [NAN] * 4 + [30], "q3_2": [NAN] * 4 + [63],
    }  # fmt: skip
    with pytest.warns(meta.errors.DataWarning, match="contradiction: study 'A': (d|p|t) = "):
        es = meta.effect_sizes(table, measure="SMD")
    alone = meta.effect_sizes(measure="SMD", mean1=[5], sd1=[1], n1=[20], mean2=[4.5], sd2=[1.1], n2=[22])
    assert es.yi[0] == alone.yi[0]
    assert es.exact.all()
    for row, facts in (
        (1, {"t": 2.4, "n1": 30, "n2": 31}),
        (2, {"p": 0.03, "n1": 25, "n2": 24, "direction": "lower"}),
        (3, {"d": 0.25, "n1": 40, "n2": 41}),
        (4, {"mean1": 31, "q1_1": 18, "q3_1": 52, "n1": 20, "median2": 45, "q1_2": 30, "q3_2": 63, "n2": 21}),
    ):
        one = meta.solve(measure="SMD", **facts)
        assert (es.yi[row], es.vi[row]) == pytest.approx((one.yi, one.vi), rel=1e-12)
    assert "assumed: values behind medians" in es.provenance["yi"][4]


def test_ratios_of_means_take_what_a_p_leads_to():
    es = meta.effect_sizes(
        measure="ROM", mean1=[32], n1=[18], mean2=[44], n2=[17], p=[0.04], bias_correction=False
    )
    assert es.yi[0] == pytest.approx(-0.318, abs=5e-4)
    assert es.sei[0] == pytest.approx(0.153, abs=5e-4)


def test_a_complete_table_does_not_look_at_other_columns():
    whole = {"mean1": [5.0], "sd1": [1.0], "n1": [20], "mean2": [4.5], "sd2": [1.1], "n2": [22]}
    assert (
        meta.effect_sizes(whole | {"p": [0.0], "direction": ["up"]}, measure="SMD").yi
        == meta.effect_sizes(whole, measure="SMD").yi
    )


def test_correlations_without_a_sign():
    with pytest.warns(DataWarning, match="two-sided p has no sign"):
        es = meta.effect_sizes(measure="ZCOR", p=[0.03], n=[50])
    assert es.kind.tolist() == ["mixture"]
    assert meta.effect_sizes(measure="ZCOR", p=[0.03], n=[50], direction=["lower"]).yi[0] == pytest.approx(
        es.mixtures[0][0][0], rel=1e-12
    )
