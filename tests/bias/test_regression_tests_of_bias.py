"""Regression tests: meta.bias.egger_regression, two_by_two, least_squares, precision_effect."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.bias.least_squares import weighted_regression
from meta.errors import AssumptionWarning, DataWarning, FewStudiesWarning, InputError, NotEstimableError

FIXTURES = Path(__file__).parents[1] / "fixtures"
REFERENCE = json.loads((FIXTURES / "bias_reference.json").read_text())
R = json.loads((FIXTURES / "bias_diagnostics.json").read_text())
TIGHT = {"rel": 1e-7}
ARMS = {"events1": "tpos", "n1": "tn", "events2": "cpos", "n2": "cn"}


def bcg():
    return meta.effect_sizes(meta.datasets.load("bcg"), measure="RR", study="author", **ARMS)


def magnesium():
    return meta.effect_sizes(meta.datasets.load("egger2001"), measure="OR", study="author")


def hackshaw():
    return meta.effect_sizes(meta.datasets.load("hackshaw1998"), measure="GEN", yi="yi", vi="vi")


def flipped(es):
    return meta.EffectSizes(-es.yi, es.vi, es.measure, es.study, columns=es.columns)


def test_egger_classic_is_weighted_least_squares_with_t():
    t, p, df, limit = REFERENCE["bcg_bias"]["egger_lm"]
    test = meta.bias.egger(bcg())
    assert [test.statistic, test.p_value, test.df, test.limit] == pytest.approx([t, p, df, limit], **TIGHT)
    assert test.estimate == test.slope
    assert test.statistic == pytest.approx(test.slope / test.se)


def test_egger_mixed_and_classic_differ_and_each_matches():
    test = meta.bias.egger(bcg(), model="mixed")
    got = [test.statistic, test.p_value, test.limit]
    assert got == pytest.approx(REFERENCE["bcg_bias"]["egger_rma"], **TIGHT)
    assert math.isinf(test.df)
    g = REFERENCE["egger2001_magnesium"]
    es = magnesium()
    for method, name in (("EE", "egger_rma_EE"), ("REML", "egger_rma_REML")):
        test = meta.bias.egger(es, model="mixed", method=method)
        assert [test.statistic, test.p_value, test.limit] == pytest.approx(g[name], rel=1e-6)
    test = meta.bias.egger(es)
    assert [test.statistic, test.p_value, test.limit] == pytest.approx(g["egger_lm"], **TIGHT)
    test = meta.bias.egger(es.subset(np.arange(15)))
    assert [test.statistic, test.p_value, test.limit] == pytest.approx(g["k15"]["lm"], **TIGHT)


def test_egger_molloy():
    es = meta.effect_sizes(meta.datasets.load("molloy2014"), measure="ZCOR", r="r", n="n")
    test = meta.bias.egger(es, model="mixed")
    assert [test.statistic, test.p_value] == pytest.approx(REFERENCE["molloy2014_ZCOR"]["egger"], rel=1e-6)


def test_egger_other_predictor_and_limit_interval():
    test = meta.bias.egger(bcg(), predictor="vi")
    r = R["bcg_egger_vi"]
    assert [test.statistic, test.p_value, test.limit] == pytest.approx([r["t"], r["p"], r["limit"]], **TIGHT)
    assert [test.limit_low, test.limit_high] == pytest.approx([r["lb"], r["ub"]], **TIGHT)
    sizes = meta.datasets.load("bcg")[["tn", "cn"]].sum(axis=1)
    assert math.isnan(meta.bias.egger(bcg(), predictor="ni", n=sizes).limit)
    with pytest.raises(InputError, match="give n="):
        meta.bias.egger(bcg(), predictor="ninv")


def test_egger_with_moderators():
    test = meta.bias.egger(bcg(), moderators="~ ablat")
    r = R["bcg_egger_ablat"]
    assert [test.statistic, test.p_value] == pytest.approx([r["t"], r["p"]], **TIGHT)
    assert math.isnan(test.limit)
    test = meta.bias.egger(bcg(), model="mixed", moderators="~ ablat")
    r = R["bcg_egger_mixed_ablat"]
    assert [test.statistic, test.p_value] == pytest.approx([r["z"], r["p"]], rel=1e-5)


@pytest.mark.parametrize(
    ("function", "name"), [("peters", "bcg_peters"), ("macaskill", "bcg_macaskill"), ("deeks", "bcg_deeks")]
)
def test_two_by_two_regressions(function, name):
    test = getattr(meta.bias, function)(meta.datasets.load("bcg"), **ARMS)
    r = R[name]
    assert [test.statistic, test.p_value, test.slope] == pytest.approx([r["t"], r["p"], r["slope"]], **TIGHT)
    if function != "macaskill":
        assert test.limit == pytest.approx(r["intercept"], **TIGHT)


def test_harbord_is_the_regression_of_the_score_on_its_root_information():
    test = meta.bias.harbord(meta.datasets.load("bcg"), **ARMS)
    r = R["bcg_harbord"]
    assert [test.statistic, test.p_value, test.slope, test.limit] == pytest.approx(
        [r["t"], r["p"], r["slope"], r["intercept"]], **TIGHT
    )


def test_tables_carried_by_effect_sizes_give_the_same():
    for function in ("harbord", "peters", "macaskill", "deeks"):
        call = getattr(meta.bias, function)
        direct = call(meta.datasets.load("bcg"), **ARMS)
        assert call(bcg()).statistic == pytest.approx(direct.statistic, rel=1e-12)
    with pytest.raises(InputError, match="not computed from any"):
        meta.bias.harbord(hackshaw())


def test_swapping_the_groups_flips_the_sign():
    table = meta.datasets.load("bcg")
    back = {"events1": "cpos", "n1": "cn", "events2": "tpos", "n2": "tn"}
    for function in ("harbord", "peters", "deeks"):
        call = getattr(meta.bias, function)
        assert call(table, **back).statistic == pytest.approx(-call(table, **ARMS).statistic, rel=1e-9)


def test_tables_without_events_are_left_out_and_named():
    table = {
        "study": list("ABCDEFGHIJKL"),
        "events1": [3, 5, 8, 1, 0, 7, 9, 12, 4, 6, 10, 2],
        "n1": [30, 40, 70, 25, 20, 80, 85, 100, 50, 66, 90, 31],
        "events2": [6, 9, 9, 4, 0, 10, 14, 15, 4, 9, 15, 6],
        "n2": [30, 42, 70, 25, 22, 80, 85, 90, 50, 61, 95, 30],
    }
    arms = {"events1": "events1", "n1": "n1", "events2": "events2", "n2": "n2", "study": "study"}
    with pytest.warns(DataWarning, match="'E'"):
        test = meta.bias.peters(table, **arms)
    assert test.k == 11
    assert any("'E'" in message for message in test.warnings)


def test_pustejovsky_rodgers_uses_sizes_with_weights_one_over_v():
    table = meta.datasets.load("normand1999")
    with pytest.warns(DataWarning, match="g. > 2"):
        es = meta.effect_sizes(table, measure="SMD")
    with pytest.warns(FewStudiesWarning):
        test = meta.bias.pustejovsky_rodgers(es)
    r = R["normand_pr"]
    assert [test.statistic, test.p_value, test.slope] == pytest.approx([r["t"], r["p"], r["slope"]], **TIGHT)


def test_direction_chooses_the_tail_and_follows_a_flip():
    es = bcg()
    two = meta.bias.egger(es)
    less, greater = (meta.bias.egger(es, direction=d) for d in ("less", "greater"))
    assert less.p_value == pytest.approx(two.p_value / 2)
    assert less.p_value + greater.p_value == pytest.approx(1)
    assert meta.bias.egger(flipped(es), direction="greater").p_value == pytest.approx(less.p_value)
    with pytest.raises(ValueError, match="greater, less, two-sided"):
        meta.bias.egger(es, direction="up")


def test_below_ten_studies_the_result_says_that_power_is_low():
    with pytest.warns(FewStudiesWarning, match="little power with 9 studies"):
        test = meta.bias.egger(bcg().subset(np.arange(9)))
    assert test.low_power
    assert "little power" in test.summary()
    assert not meta.bias.egger(bcg()).low_power


def test_invariances_of_egger():
    es = bcg()
    base = meta.bias.egger(es)
    shifted = meta.EffectSizes(es.yi + 100, es.vi, "GEN", es.study)
    scaled = meta.EffectSizes(es.yi * 50, es.vi * 2500, "GEN", es.study)
    rows = np.random.default_rng(1).permutation(es.k)
    for other in (shifted, scaled, es.subset(rows)):
        assert meta.bias.egger(other).statistic == pytest.approx(base.statistic, rel=1e-8)


def test_refusals_of_regressions():
    with pytest.raises(NotEstimableError, match="does not vary"):
        meta.bias.egger(meta.EffectSizes(np.arange(12.0), np.ones(12), "GEN", np.arange(12)))
    with pytest.raises(NotEstimableError, match="at least 3"):
        meta.bias.egger(bcg().subset([0, 1]))
    with pytest.raises(ValueError, match="classic, mixed"):
        meta.bias.egger(bcg(), model="ols")
    v = np.linspace(0.1, 1, 12)
    with pytest.raises(NotEstimableError, match="exactly on a line"):
        meta.bias.egger(meta.EffectSizes(1 + 2 * np.sqrt(v), v, "GEN", np.arange(12)))
    with pytest.raises(NotEstimableError, match="cannot support"):
        weighted_regression(np.ones(2), np.array([[1.0, 2.0], [1.0, 3.0]]), np.ones(2))


def test_pet_peese_and_its_rule():
    found = meta.bias.pet_peese(hackshaw())
    r = R["hackshaw_petpeese"]
    assert [found.pet.estimate, found.pet.se, found.pet.statistic, found.pet.p_value] == pytest.approx(
        r["pet"], **TIGHT
    )
    assert [found.peese.estimate, found.peese.se] == pytest.approx(r["peese"][:2], **TIGHT)
    assert found.pet.slope == pytest.approx(r["pet_slope"][0], **TIGHT)
    assert found.pet_p == pytest.approx(r["pet"][3] / 2, **TIGHT)
    assert (found.chosen, found.estimate) == ("PET", found.pet.estimate)
    assert meta.bias.pet_peese(hackshaw(), alpha=0.6).chosen == "PEESE"


def test_pet_looks_at_the_side_of_the_effect():
    es = hackshaw()
    mirrored = meta.bias.pet_peese(flipped(es), alpha=0.6)
    assert (mirrored.direction, mirrored.chosen) == ("less", "PEESE")
    assert mirrored.estimate == pytest.approx(-meta.bias.pet_peese(es, alpha=0.6).estimate)
    wrong = meta.bias.pet_peese(flipped(es), alpha=0.1, direction="less")
    assert wrong.pet_p == pytest.approx(meta.bias.pet_peese(es).pet_p)


def test_pet_says_when_the_slope_has_the_wrong_sign():
    v = np.linspace(0.01, 0.3, 12)
    y = 0.5 - 0.6 * np.sqrt(v) + 0.01 * np.cos(np.arange(12))
    with pytest.warns(AssumptionWarning, match="sign opposite to bias"):
        meta.bias.pet_peese(meta.EffectSizes(y, v, "GEN", np.arange(12)))


def test_uwls_is_the_equal_effects_mean_with_a_dispersed_error():
    from meta.bias.precision_effect import waap

    es = hackshaw()
    with pytest.warns(AssumptionWarning, match="UWLS is given"):
        found = waap(es)
    r = R["hackshaw_uwls"]
    assert [found.uwls.estimate, found.uwls.se, found.uwls.statistic, found.uwls.p_value] == pytest.approx(
        r, **TIGHT
    )
    fixed = meta.pool(es, method="EE", test="z")
    assert found.uwls.se == pytest.approx(fixed.se * math.sqrt(fixed.q / (es.k - 1)))
    assert meta.bias.waap is waap
    powered = waap(bcg())
    keep = bcg().sei <= abs(powered.uwls.estimate) / 2.8015852
    assert powered.powered.tolist() == keep.tolist()
    assert powered.estimate == pytest.approx(meta.pool(bcg().subset(keep), method="EE", test="z").estimate)
