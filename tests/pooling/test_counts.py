"""meta.pooling.pool_counts, count_tables, count_effects and kernels.mantel_haenszel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import StratifiedTable

import meta
from meta.errors import DataWarning, InputError, NotEstimableError, UnknownOptionError
from meta.kernels import mantel_haenszel as mh
from meta.pooling.count_effects import own_effects

HERE = Path(__file__).parents[1] / "fixtures"
REF = json.loads((HERE / "regression_reference.json").read_text())
MORE = json.loads((HERE / "dependent_counts.json").read_text())
BCG = {"events1": "tpos", "nonevents1": "tneg", "events2": "cpos", "nonevents2": "cneg"}
TWO = {"events1": "ai", "n1": "n1i", "events2": "ci", "n2": "n2i"}
RATES = {"events1": "x1i", "time1": "t1i", "events2": "x2i", "time2": "t2i"}


@pytest.fixture(scope="module")
def bcg():
    return pd.DataFrame(MORE["data"]["bcg"])


@pytest.fixture(scope="module")
def catheters():
    return pd.DataFrame(MORE["data"]["nielweise2007"])


def close(actual, expected, rtol=1e-7, atol=1e-12):
    np.testing.assert_allclose(np.asarray(actual, float), np.asarray(expected, float), rtol=rtol, atol=atol)


def check(fit, r):
    close([fit.estimate, fit.se, fit.q, fit.q_p], [r["est"], r["se"], r["qe"], r["qep"]])
    if r.get("mh") is not None and not isinstance(r["mh"], str):
        close([fit.cmh.statistic, fit.cmh.p_value], [r["mh"], r["mhp"]])
    if r.get("bd") is not None and not isinstance(r["bd"], str):
        close([fit.breslow_day.statistic, fit.tarone.statistic], [r["bd"], r["ta"]])
        close([fit.breslow_day.p_value, fit.tarone.p_value], [r["bdp"], r["tap"]], rtol=1e-6)


@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_bcg_agrees_with_r(bcg, measure):
    fit = meta.pool_counts(bcg, measure=measure, **BCG)
    check(fit, MORE[f"mh_{measure.lower()}"])
    close([fit.estimate, fit.se, fit.q], REF["bcg_MH_PETO"][measure])


def test_continuity_correction_of_cmh_is_on_and_can_be_switched_off(bcg):
    check(meta.pool_counts(bcg, measure="OR", correct=False, **BCG), MORE["mh_or_nocc"])
    tables = [np.array([[a, b], [c, d]]) for a, b, c, d in bcg[["tpos", "tneg", "cpos", "cneg"]].to_numpy()]
    other = StratifiedTable(tables)
    fit = meta.pool_counts(bcg, measure="OR", correct=False, **BCG)
    close(fit.cmh.statistic, other.test_null_odds(correction=False).statistic)
    close(fit.estimate, other.logodds_pooled)
    close(fit.se, other.logodds_pooled_se)
    close(fit.breslow_day.statistic, other.test_equal_odds().statistic, rtol=1e-6)


@pytest.mark.filterwarnings("ignore:tables that say nothing")
@pytest.mark.parametrize("measure", ["OR", "RR", "RD"])
def test_zero_cells_need_no_half(catheters, measure):
    check(meta.pool_counts(catheters, measure=measure, **TWO), MORE[f"mh_{measure.lower()}_zeros"])


@pytest.mark.parametrize("measure", ["IRR", "IRD"])
def test_person_time(measure):
    data = pd.DataFrame(MORE["data"]["nielweise2008"])
    check(meta.pool_counts(data, measure=measure, **RATES), MORE[f"mh_{measure.lower()}"])


def test_risk_difference_has_satos_variance_not_greenland_robins(bcg):
    fit = meta.pool_counts(bcg, measure="RD", **BCG)
    assert abs(fit.statistic) == pytest.approx(11.47, abs=0.005)


def test_peto(bcg, catheters):
    fit = meta.pool_counts(bcg, measure="OR", method="Peto", **BCG)
    close([fit.estimate, fit.se, fit.q], REF["bcg_MH_PETO"]["PETO"])
    with pytest.warns(DataWarning, match="nothing about the odds ratio"):
        fit = meta.pool_counts(catheters, measure="OR", method="Peto", **TWO)
    r = MORE["peto_zeros"]
    close([fit.estimate, fit.se, fit.q], [r["est"], r["se"], r["qe"]])


@pytest.mark.filterwarnings("ignore::meta.errors.DataWarning")
def test_yusuf_beta_blockers():
    data = pd.DataFrame(MORE["data"]["yusuf1985"])
    fit = meta.pool_counts(data, measure="OR", method="Peto", study="id", **TWO)
    r = REF["yusuf1985_T6_peto"]
    shown = fit.backtransform()
    close([fit.estimate, fit.se, fit.q, fit.k], [r["beta"], r["se"], r["QE"], r["k"]])
    close([shown.estimate, shown.ci_low, shown.ci_high], r["or"])
    assert fit.q_df == 17  # tables without deaths carry no degree of freedom


def test_columns_arrays_mappings_and_nonevents_agree(bcg):
    by_name = meta.pool_counts(bcg, measure="OR", study="author", **BCG)
    arrays = {name: bcg[column].to_numpy() for name, column in BCG.items()}
    assert meta.pool_counts(measure="OR", **arrays).estimate == by_name.estimate
    totals = bcg.assign(n1=bcg.tpos + bcg.tneg, n2=bcg.cpos + bcg.cneg)
    other = meta.pool_counts(dict(totals), measure="OR", events1="tpos", n1="n1", events2="cpos", n2="n2")
    assert other.estimate == by_name.estimate
    assert by_name.study[0] == "Aronson"


def test_expected_events_keep_the_margins_and_the_odds_ratio():
    n1, n2, m = np.array([50.0, 13.0]), np.array([60.0, 400.0]), np.array([20.0, 90.0])
    for log_or in (-2.0, 0.0, 1e-12, 0.7, 6.0):
        a = mh.expected_events(n1, n2, m, log_or)
        close(np.log(a * (n2 - m + a) / ((n1 - a) * (m - a))), np.full(2, log_or), rtol=1e-8, atol=1e-9)


def test_a_single_table_gives_its_own_effect():
    columns = tuple(np.array([x]) for x in (12.0, 40.0, 7.0, 50.0))
    for measure, function in (("OR", mh.odds_ratio), ("RR", mh.risk_ratio), ("RD", mh.risk_difference)):
        y, v = own_effects(measure, columns, 0.5)
        pooled = function(*columns)
        close(pooled.estimate, y[0])
        close(pooled.variance, v[0], rtol=0.05)


def test_summary_tidy_glance_augment(bcg):
    fit = meta.pool_counts(bcg, measure="OR", **BCG)
    assert "OR 0.62 [0.57, 0.68]" in fit.summary()
    assert fit.tidy().loc[0, "estimate"] == fit.estimate
    assert fit.glance().loc[0, "method"] == "MH"
    assert fit.augment()["weight"].sum() == pytest.approx(100)
    assert json.dumps(fit.to_dict())
    with pytest.raises(NotEstimableError, match="MH"):
        fit.prediction_interval()


BASE = {"events1": [1, 2], "n1": [10, 10], "events2": [3, 4], "n2": [10, 10]}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"events1": [11, 2], "study": ["Reno 2022", "B"]}, InputError, "Reno 2022"),
        ({"events1": [-1, 2]}, InputError, "events1 must be >= 0"),
        ({"n1": [0, 10], "events1": [0, 1]}, InputError, "n1 must be >= 1"),
        ({"n2": None}, InputError, "missing: n2"),
        ({"nonevents1": [1, 1]}, InputError, "not both"),
        ({"events1": [1, 2, 3]}, InputError, "same length"),
        ({"events1": "tpos"}, InputError, "no table"),
        ({"events1": ["a", "b"]}, InputError, "numbers"),
        ({"measure": "ORR"}, UnknownOptionError, "IRLN"),
        ({"method": "mh"}, UnknownOptionError, "GLMM"),
        ({"model": "UM.FS"}, InputError, "has no effect with method .MH."),
        ({"method": "Peto", "measure": "RR"}, UnknownOptionError, "OR"),
        ({"events1": [0, 0]}, NotEstimableError, "group 1"),
        ({"level": 0}, InputError, "level"),
    ],
)
def test_refusals(change, error, words):
    with pytest.raises(error, match=words):
        meta.pool_counts(**({"measure": "OR"} | BASE | change))


def test_missing_counts_are_left_out_aloud():
    with pytest.warns(DataWarning, match="'B'"):
        fit = meta.pool_counts(
            measure="OR",
            events1=[1, np.nan, 2],
            n1=[9, 9, 9],
            events2=[3, 3, 4],
            n2=[9, 9, 9],
            study=list("ABC"),
        )
    assert fit.k == 2
