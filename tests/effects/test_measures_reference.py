"""Measures against an independent implementation (metafor 3.8) and the reference groups, to 1e-7."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

import meta
from meta.effects.scales import SCALES
from meta.errors import DataWarning
from meta.kernels.hedges_correction import hedges_j

FIXTURES = Path(__file__).parents[1] / "fixtures"
METAFOR = json.loads((FIXTURES / "effect_sizes_metafor.json").read_text(encoding="utf-8"))
GROUPS = json.loads((FIXTURES / "effect_size_groups.json").read_text(encoding="utf-8"))
DATA = METAFOR["datasets"]
CLOSED = 1e-7


def effects(measure, given, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DataWarning)
        return meta.effect_sizes(measure=measure, **given, **options)


def floats(values):
    return np.array([np.nan if x is None or x == "NA" else float(x) for x in values])


def ids(case):
    return f"{case['measure']}-{dict(case['options'] or {})}"


@pytest.mark.parametrize("case", METAFOR["cases"], ids=ids)
def test_agrees_with_metafor(case):
    options = dict(case["options"] or {})
    es = effects(case["measure"], case["given"], **options)
    np.testing.assert_allclose(es.yi, floats(case["yi"]), rtol=CLOSED, atol=1e-12)
    np.testing.assert_allclose(es.vi, floats(case["vi"]), rtol=CLOSED)


@pytest.mark.parametrize("measure", sorted(set(GROUPS["bcg_escalc"]) - {"RTET"}))
def test_bcg_group(measure):
    es = effects(measure, DATA["bcg"])
    np.testing.assert_allclose(es.yi, GROUPS["bcg_escalc"][measure]["yi"], rtol=CLOSED)
    np.testing.assert_allclose(es.vi, GROUPS["bcg_escalc"][measure]["vi"], rtol=CLOSED)


def test_bcg_tetrachoric_within_the_optimiser_s_error_of_the_reference():
    es = effects("RTET", DATA["bcg"])
    np.testing.assert_allclose(es.yi, GROUPS["bcg_escalc"]["RTET"]["yi"], atol=3e-5)
    np.testing.assert_allclose(es.vi, GROUPS["bcg_escalc"]["RTET"]["vi"], rtol=1e-4)


@pytest.mark.parametrize("measure", ["SMD", "SMD1", "ROM", "VR", "CVR", "RPB", "RBIS", "D2ORL", "D2ORN"])
def test_normand1999_group(measure):
    options = {"bias_correction": False} if measure in ("ROM", "CVR") else {}
    es = effects(measure, DATA["normand1999"], **options)
    expected = GROUPS["normand1999_SMD_family"][measure]
    np.testing.assert_allclose(es.yi, expected["yi"], rtol=CLOSED)
    np.testing.assert_allclose(es.vi, expected["vi"], rtol=CLOSED)


def test_smdh_point_estimates_agree_and_the_variance_is_the_newer_one():
    data = {name: np.array(x) for name, x in DATA["normand1999"].items()}
    es = effects("SMDH", data)
    expected = GROUPS["normand1999_SMD_family"]["SMDH"]
    np.testing.assert_allclose(es.yi, expected["yi"], rtol=CLOSED)
    v1, v2 = data["sd1"] ** 2, data["sd2"] ** 2
    var = (v1 + v2) / 2
    spread = (v1**2 / (data["n1"] - 1) + v2**2 / (data["n2"] - 1)) / (8 * var**2)
    paper = es.yi**2 * spread + (v1 / (data["n1"] - 1) + v2 / (data["n2"] - 1)) / var
    np.testing.assert_allclose(es.vi, paper, rtol=1e-12)
    j = hedges_j(data["n1"] + data["n2"] - 2)
    np.testing.assert_allclose(j**2 * es.vi, expected["vi"], rtol=CLOSED)


@pytest.mark.parametrize(
    ("measure", "options", "group", "part"),
    [
        ("MD", {}, "normand1999_MD", ("unequal_var", "EE")),
        ("MD", {"vtype": "HO"}, "normand1999_MD", ("pooled_var", "EE")),
    ],
)
def test_mean_differences_pool_as_published(measure, options, group, part):
    check_pooled(effects(measure, DATA["normand1999"], **options), GROUPS[group][part[0]][part[1]])


def check_pooled(es, expected, rtol=CLOSED):
    weights = 1 / (es.vi[es.exact] + (expected["tau2"] or 0.0))
    beta = np.sum(weights * es.yi[es.exact]) / np.sum(weights)
    assert beta == pytest.approx(expected["beta"], rel=rtol)
    assert 1 / np.sqrt(np.sum(weights)) == pytest.approx(expected["se"], rel=rtol)
    fixed = 1 / es.vi[es.exact]
    centre = np.sum(fixed * es.yi[es.exact]) / np.sum(fixed)
    assert np.sum(fixed * (es.yi[es.exact] - centre) ** 2) == pytest.approx(expected["QE"], rel=rtol)


def test_hine1989_risk_differences():
    check_pooled(effects("RD", DATA["hine1989"]), GROUPS["hine1989_RD"]["EE"])


@pytest.mark.parametrize("measure", ["PR", "PLO", "PAS", "PFT"])
def test_pritz1997_proportions(measure):
    check_pooled(effects(measure, DATA["pritz1997"]), GROUPS["pritz1997"][measure])


def test_pritz1997_double_arcsine_turned_back_by_the_harmonic_mean():
    n = np.array(DATA["pritz1997"]["n"])
    harmonic = len(n) / np.sum(1 / n)
    fit = GROUPS["pritz1997"]["PFT"]
    back = SCALES["freeman-tukey"].back_n([fit["beta"], fit["ci_lb"], fit["ci_ub"]], harmonic)
    np.testing.assert_allclose(back, GROUPS["pritz1997"]["PFT_hm"], rtol=CLOSED)


def test_miller1978_is_half_of_millers_scale_and_turns_back():
    expected = GROUPS["miller1978_PFT"]
    given = {"events": [3, 6, 10, 1], "n": [11, 17, 21, 6]}
    es = effects("PFT", given)
    np.testing.assert_allclose(es.yi, expected["yi"], rtol=CLOSED)
    np.testing.assert_allclose(es.vi, expected["vi"], rtol=CLOSED)
    weights = 1 / es.vi
    mean = np.sum(weights * es.yi) / np.sum(weights)
    assert mean == pytest.approx(expected["est"], rel=CLOSED)
    harmonic = 4 / np.sum(1 / np.array(given["n"]))
    assert SCALES["freeman-tukey"].back_n(mean, harmonic) == pytest.approx(expected["back"][0], rel=CLOSED)


@pytest.mark.parametrize("measure", ["ZCOR", "COR"])
def test_mcdaniel1994_correlations(measure):
    check_pooled(effects(measure, DATA["mcdaniel1994"]), GROUPS["mcdaniel1994"][measure])


def test_molloy2014_fisher_z():
    check_pooled(effects("ZCOR", DATA["molloy2014"]), GROUPS["molloy2014_ZCOR"]["REML"])


def test_egger2001_magnesium():
    check_pooled(effects("OR", DATA["egger2001"]), GROUPS["egger2001_magnesium"]["EE"])


def test_nielweise2007_with_zero_cells():
    check_pooled(effects("OR", DATA["nielweise2007"]), GROUPS["nielweise2007_OR"]["NN_ML"])


MORRIS = {
    "first": {"mean": [30.6, 23.5, 0.5, 53.4, 35.6], "sd": [15.0, 3.1, 0.1, 14.5, 4.7]},
    "second": {"mean": [23.1, 24.9, 0.6, 55.7, 34.8], "sd": [13.8, 4.1, 0.2, 17.3, 3.1]},
    "n": [20, 50, 9, 10, 14],
    "r": [0.47, 0.64, 0.77, 0.89, 0.44],
}


@pytest.mark.parametrize("measure", ["MC", "SMCC", "SMCR", "ROMC"])
def test_prepost_group_with_the_first_as_before(measure):
    """The group's effects are first minus second by the first's SD; ours are after minus before."""
    given = {
        "mean_pre": MORRIS["first"]["mean"],
        "sd_pre": MORRIS["first"]["sd"],
        "mean_post": MORRIS["second"]["mean"],
        "sd_post": MORRIS["second"]["sd"],
        "n": MORRIS["n"],
        "r": MORRIS["r"],
    }
    options = {"bias_correction": False} if measure == "ROMC" else {}
    es = effects(measure, given, **options)
    np.testing.assert_allclose(-es.yi, GROUPS["prepost_morris2008"][measure]["yi"], rtol=CLOSED)
    np.testing.assert_allclose(es.vi, GROUPS["prepost_morris2008"][measure]["vi"], rtol=CLOSED)


def test_smcrh_point_estimates_agree_and_the_variance_is_the_newer_one():
    first, second, n = MORRIS["first"], MORRIS["second"], np.array(MORRIS["n"], dtype=float)
    es = effects(
        "SMCRH",
        {
            "mean_pre": first["mean"],
            "sd_pre": first["sd"],
            "mean_post": second["mean"],
            "sd_post": second["sd"],
            "n": n,
            "r": MORRIS["r"],
        },
    )
    expected = GROUPS["prepost_morris2008"]["SMCRH"]
    np.testing.assert_allclose(-es.yi, expected["yi"], rtol=CLOSED)
    s1, s2, r = np.array(first["sd"]), np.array(second["sd"]), np.array(MORRIS["r"])
    spread = (s1**2 + s2**2 - 2 * r * s1 * s2) / (s1**2 * (n - 1))
    np.testing.assert_allclose(es.vi, spread + es.yi**2 / (2 * (n - 1)), rtol=1e-12)
    np.testing.assert_allclose(hedges_j(n - 1) ** 2 * es.vi, expected["vi"], rtol=CLOSED)
