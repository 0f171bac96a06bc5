"""meta.pooling.pool_multilevel, multilevel_result, structures, dependence and kernels.mixed."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.effects.effect_size_table import EffectSizes
from meta.errors import AssumptionWarning, InputError, NotEstimableError, UnknownOptionError
from meta.pooling.coefficients import likelihood_ratio_test
from meta.pooling.dependence import aggregate, correlated, shared_control
from meta.pooling.nested_levels import nested_groups

HERE = Path(__file__).parents[1] / "fixtures"
REF = json.loads((HERE / "regression_reference.json").read_text())
MORE = json.loads((HERE / "dependent_counts.json").read_text())
LEVELS = ["district", "school"]


@pytest.fixture(scope="module")
def schools():
    return pd.DataFrame(MORE["data"]["konstantopoulos2011"])


@pytest.fixture(scope="module")
def null(schools):
    return meta.pool_multilevel(schools, levels=LEVELS)


def close(actual, expected, rtol=1e-6, atol=1e-10):
    np.testing.assert_allclose(np.asarray(actual, float), np.asarray(expected, float), rtol=rtol, atol=atol)


def test_three_levels_agree_with_r_and_konstantopoulos(null):
    for r in (REF["konstantopoulos2011_3level"]["null"], None):
        r = r or MORE["ml_null"]
        ll, qe = r["ll"], r.get("QE", r.get("qe"))
        close([null.estimate, null.se, null.loglik, null.qe], [r["beta"], r["se"], ll, qe])
        close(null.sigma2, r["sigma2"], rtol=1e-5)
    assert isinstance(null.estimate, float)
    assert (round(null.estimate, 3), round(null.se, 3)) == (0.185, 0.085)  # Konstantopoulos 2011, Table 5
    assert null.n_groups == (11, 56)


def test_maximum_likelihood_and_moderators(schools):
    r = MORE["ml_null_ml"]
    fit = meta.pool_multilevel(schools, levels=LEVELS, method="ML")
    close([fit.estimate, fit.se, fit.loglik], [r["beta"], r["se"], r["ll"]])
    close(fit.sigma2, r["sigma2"], rtol=1e-5)
    r = REF["konstantopoulos2011_3level"]["year"]
    centred = schools.assign(year=schools["year"] - schools["year"].mean())
    fit = meta.pool_multilevel(centred, levels=LEVELS, moderators="~ year")
    close(fit.beta, r["beta"], rtol=1e-4)
    close(fit.se, r["se"], rtol=1e-4)
    close(fit.sigma2, r["sigma2"], rtol=1e-4)
    raw = meta.pool_multilevel(schools, levels=LEVELS, moderators="~ year")
    close([raw.beta[1], *raw.sigma2], [fit.beta[1], *fit.sigma2], rtol=1e-6)


def test_correlated_and_hierarchical_effects(schools):
    r = MORE["ml_che"]
    fit = meta.pool_multilevel(schools, levels=LEVELS, rho=0.6)
    close([fit.estimate, fit.se, fit.loglik, fit.qe], [r["beta"], r["se"], r["ll"], r["qe"]])
    close(fit.sigma2, r["sigma2"], rtol=1e-5)
    V = correlated(schools["vi"].to_numpy(), schools["district"].to_numpy(), 0.6)
    same = meta.pool_multilevel(schools, levels=LEVELS, V=V)
    close([same.estimate, *same.sigma2], [fit.estimate, *fit.sigma2], rtol=1e-9)
    carried = EffectSizes(
        schools["yi"], schools["vi"], "GEN", schools["study"], covariance=V,
        columns={name: schools[name].to_numpy() for name in LEVELS},
    )  # fmt: skip
    assert meta.pool_multilevel(carried, levels=LEVELS).estimate == pytest.approx(fit.estimate, rel=1e-9)


@pytest.mark.parametrize("rho", [0.2, 0.4, 0.6, 0.8])
def test_results_over_rho_stay_finite_and_ordered(schools, rho):
    fit = meta.pool_multilevel(schools, levels=LEVELS, rho=rho)
    assert fit.converged
    assert 0.18 < fit.estimate < 0.20


def test_i2_by_level_uses_the_full_covariance(null, schools):
    close(null.i2, MORE["ml_i2"], rtol=1e-5)
    w = 1 / schools["vi"].to_numpy()
    ratio = 55 * w.sum() / (w.sum() ** 2 - (w**2).sum())
    close(null.typical, ratio)  # identical where V is diagonal and there are no moderators
    full = meta.pool_multilevel(schools, levels=LEVELS, rho=0.6)
    assert abs(full.typical - ratio) > 1e-4
    assert full.i2_total == pytest.approx(full.i2.sum())


def test_profile_intervals(null):
    ends = REF["konstantopoulos2011_3level"]["PL"]
    for i, name in enumerate(LEVELS):
        low, high = null.profile_interval(name)
        close([low, high], ends[str(i + 1)][1:], rtol=6e-4)
        close(null.profile(i, [low, high]), np.full(2, null.loglik - 3.841458820694124 / 2), rtol=1e-6)
    assert null.profile("district", 0.0)[0] < null.loglik
    table = null.variance_components(level=0.9)
    assert table["ci_low"].iloc[0] > null.profile_interval("district").low


def test_labels_may_restart_inside_each_outer_group(schools, null):
    restarted = schools.assign(school=schools.groupby("district").cumcount())
    fit = meta.pool_multilevel(restarted, levels=LEVELS)
    close([fit.estimate, *fit.sigma2], [null.estimate, *null.sigma2], rtol=1e-9)
    numbered = meta.pool_multilevel(schools.drop(columns="school"), levels=["district", "effect"])
    close(numbered.estimate, null.estimate, rtol=1e-9)
    assert nested_groups([np.array([1, 1, 2]), np.array([1, 2, 1])])[1].tolist() == [0, 1, 2]


def test_an_effect_level_is_asked_for(schools):
    with pytest.warns(AssumptionWarning, match="add a level"):
        fit = meta.pool_multilevel(schools, levels=["district"])
    assert len(fit.sigma2) == 1
    singles = schools.groupby("district").head(1)
    with pytest.warns(AssumptionWarning, match="sum of their variances"):
        both = meta.pool_multilevel(singles, levels=LEVELS)
    one = meta.regress(singles, test="z")
    close(both.sigma2.sum(), one.tau2, rtol=1e-6)
    close(both.loglik, one.loglik)


def test_two_level_model_is_the_univariate_one(schools):
    fit = meta.pool_multilevel(schools, levels=["study"])
    r = REF["konstantopoulos2011_3level"]["two"]
    close(
        [fit.estimate, fit.se, fit.sigma2[0], fit.loglik, fit.sigma2_se[0], fit.i2_total],
        [r[x] for x in ("beta", "se", "tau2", "ll", "se_tau2", "I2")],
    )


def test_zero_components_are_exact_zeros():
    rng = np.random.default_rng(0)
    y = rng.normal(0, 0.1, 20)
    fit = meta.pool_multilevel(
        {"yi": y, "vi": np.full(20, 0.5), "study": np.repeat(range(5), 4)}, levels=["study", "effect"]
    )
    assert fit.sigma2.tolist() == [0.0, 0.0]
    close(fit.estimate, y.mean())


def _berkey():
    data = pd.DataFrame(MORE["data"]["berkey1998"])
    V = np.zeros((10, 10))
    for trial in data["trial"].unique():
        at = np.flatnonzero(data["trial"] == trial)
        V[np.ix_(at, at)] = data.loc[at, ["v1i", "v2i"]]
    return data, V


@pytest.mark.parametrize("struct", ["UN", "CS", "HCS", "DIAG", "ID"])
def test_bivariate_structures_agree_with_r(struct):
    data, V = _berkey()
    r = MORE[f"berkey_{struct}"]
    fit = meta.pool_multilevel(
        data, levels=["trial"], inner="outcome", struct=struct, V=V, moderators="~ 0 + outcome"
    )
    close(fit.beta, r["beta"], rtol=1e-4)
    close(fit.se, r["se"], rtol=1e-4)
    close(fit.sigma2, np.broadcast_to(r["tau2"], 2), rtol=1e-4)
    close(fit.rho_inner[0, 1], r["rho"], rtol=1e-4)
    close(fit.loglik, r["ll"], rtol=1e-6)


def test_berkey_by_maximum_likelihood_with_and_without_year():
    data, V = _berkey()
    data = data.assign(year=data["year"] - 1983)
    arguments = {"levels": ["trial"], "inner": "outcome", "V": V, "method": "ML"}
    for key, formula in (("ML", "~ 0 + outcome"), ("ML_year", "~ 0 + outcome + outcome:year")):
        r = REF["berkey1998_bivariate"][key]
        fit = meta.pool_multilevel(data, moderators=formula, **arguments)
        close(fit.beta, r["beta"], rtol=1e-3)
        close(fit.se, r["se"], rtol=1e-3)
        close(fit.sigma2, r["tau2"], rtol=1e-3)
        close(fit.rho_inner[0, 1], r["rho"], rtol=1e-3)


def test_bivariate_arms_of_van_houwelingen():
    d = MORE["data"]["colditz1994"]
    rows = []
    for i in range(13):
        rows += [(i, "a_exp", d["tpos"][i], d["tneg"][i]), (i, "b_con", d["cpos"][i], d["cneg"][i])]
    data = pd.DataFrame(rows, columns=["trial", "group", "x", "rest"])
    data["yi"], data["vi"] = np.log(data["x"] / data["rest"]), 1 / data["x"] + 1 / data["rest"]
    fit = meta.pool_multilevel(data, levels=["trial"], inner="group", moderators="~ 0 + group", method="ML")
    r = REF["colditz1994_bivariate_vanHouwelingen2002"]
    close(fit.beta, r["beta"], rtol=1e-4)
    close(fit.se, r["se"], rtol=1e-3)
    close(fit.sigma2, r["tau2"], rtol=1e-3)
    close([fit.rho_inner[0, 1], fit.loglik], [r["rho"], r["ll"]], rtol=1e-4)


def test_containment_degrees_of_freedom(schools):
    centred = schools.assign(area=schools["district"] // 100, odd=schools["school"] % 2)
    fit = meta.pool_multilevel(centred, levels=LEVELS, moderators="~ area + odd", test="containment")
    assert fit.df.tolist() == [11 - 3, 11 - 3, 56 - 3]  # area is constant in districts, odd is not
    assert meta.pool_multilevel(centred, levels=LEVELS, test="t").df.tolist() == [55.0]


def test_prediction_interval_adds_every_variance(null):
    low, high = null.prediction_interval()
    half = 1.959963984540054 * np.sqrt(null.se**2 + null.sigma2.sum())
    close([low, high], [null.estimate - half, null.estimate + half])
    assert null.backtransform().pi_low == pytest.approx(low)
    frame = null.predict()
    assert list(frame.columns) == ["estimate", "se", "df", "ci_low", "ci_high", "pi_low", "pi_high"]


def test_likelihood_ratio_of_a_level_and_reml_warning(schools, null):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssumptionWarning)
        flat = meta.pool_multilevel(schools, levels=["school"])
    test = likelihood_ratio_test(null, flat)
    assert test.df == 1
    assert test.p_value < 0.001
    with pytest.warns(AssumptionWarning, match="REML"):
        likelihood_ratio_test(null, meta.pool_multilevel(schools, levels=LEVELS, moderators="~ year"))


def test_aggregate_agrees_with_r_and_keeps_constant_columns(schools):
    schools = schools.assign(area=schools["district"] // 100)
    es = aggregate(schools, cluster="district", rho=0.6)
    close(es.yi, MORE["aggregate"]["yi"], rtol=1e-10)
    close(es.vi, MORE["aggregate"]["vi"], rtol=1e-10)
    assert "area" in es.columns
    assert "school" not in es.columns
    plain = aggregate(schools, cluster="district", rho=0.0, weighted=False)
    close(plain.yi, schools.groupby("district", sort=False)["yi"].mean())
    with pytest.raises(InputError, match="rho"):
        aggregate(schools, cluster="district")


def test_shared_control_formulas():
    es = EffectSizes([0.5, -0.2, 0.9], [0.2, 0.2, 0.3], "SMD", ["A", "A", "B"])
    V = shared_control(es, cluster="study", n2=[20, 20, 30], total=[60, 60, 60])
    close(V[0, 1], 1 / 20 + 0.5 * -0.2 / (2 * 60))  # Gleser & Olkin 2009
    assert V[0, 2] == 0.0
    close(np.diag(V), es.vi)
    V = shared_control(es, cluster="study", measure="ROM", mean2=[4, 4, 5], sd2=[2, 2, 1], n2=[20, 20, 30])
    close(V[0, 1], 4 / (20 * 16))  # Lajeunesse 2011
    V = shared_control(es, cluster="study", measure="OR", events2=[5, 5, 1], n2=[20, 20, 30])
    close(V[0, 1], 1 / 5 + 1 / 15)
    V = shared_control(es, cluster="study", measure="RR", events2=[5, 5, 1], n2=[20, 20, 30])
    close(V[0, 1], 1 / 5 - 1 / 20)
    V = shared_control(es, cluster="study", measure="RD", events2=[5, 5, 1], n2=[20, 20, 30])
    close(V[0, 1], 0.25 * 0.75 / 20)
    V = shared_control(es, cluster="study", measure="MD", sd2=[2, 2, 1], n2=[20, 20, 30])
    close(V[0, 1], 4 / 20)
    with pytest.raises(InputError, match="agree on n2"):
        shared_control(es, cluster="study", n2=[20, 21, 30], total=[60, 60, 60])
    with pytest.raises(InputError, match="missing: total"):
        shared_control(es, cluster="study", n2=[20, 20, 30])


def test_v_may_correlate_effects_across_outer_groups(schools):
    V = np.diag(schools["vi"].to_numpy())
    V[0, 20] = V[20, 0] = 0.3 * np.sqrt(V[0, 0] * V[20, 20])
    fit = meta.pool_multilevel(schools, levels=LEVELS, V=V)
    W = np.linalg.inv(fit.marginal)
    close(fit.estimate, (W @ schools["yi"]).sum() / W.sum(), rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"levels": ["town", "school"]}, InputError, "town"),
        ({"levels": []}, InputError, "outermost"),
        ({"rho": 1.5}, InputError, "between -1 and 1"),
        ({"rho": -0.5}, InputError, "positive definite"),
        ({"rho": 0.5, "V": np.eye(56)}, InputError, "not both"),
        ({"V": np.eye(55)}, InputError, "56 x 56"),
        ({"method": "DL"}, UnknownOptionError, "REML"),
        ({"test": "hksj"}, UnknownOptionError, "containment"),
        ({"inner": "year"}, InputError, "one outer level"),
    ],
)
def test_refusals(schools, arguments, error, words):
    with pytest.raises(error, match=words):
        meta.pool_multilevel(schools, **({"levels": LEVELS} | arguments))


def test_a_single_outer_group_is_refused(schools):
    with pytest.raises(NotEstimableError, match="single group"):
        meta.pool_multilevel(schools[:4].assign(district=1), levels=LEVELS)


def test_results_read_well(null):
    assert "district (11): sigma2 0.065, I2 63%" in null.summary()
    assert null.tidy().loc[0, "term"] == "Intercept"
    assert null.glance().loc[0, "sigma2_school"] == null.sigma2[1]
    assert len(null.augment()) == 56
    assert json.dumps(null.to_dict())
