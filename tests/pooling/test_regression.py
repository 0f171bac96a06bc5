"""meta.pooling.regress, regression_result, regression_text, design, coefficients, boundary.

And kernels.regression, kernels.regression_inference.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import (
    AssumptionWarning,
    DataWarning,
    InputError,
    MetaWarning,
    NarrowIntervalWarning,
    NotEstimableError,
    UnknownOptionError,
)
from meta.kernels.regression import fit_regression
from meta.kernels.regression_inference import kenward_roger, residual_heterogeneity
from meta.kernels.tau2 import ESTIMATORS as METHODS
from meta.pooling.count_effects import own_effects
from meta.pooling.regress import likelihood_ratio_test

HERE = Path(__file__).parents[1] / "fixtures"
REF = json.loads((HERE / "regression_reference.json").read_text())
MORE = json.loads((HERE / "dependent_counts.json").read_text())
RTOL = 2e-7


@pytest.fixture(scope="module")
def bcg() -> pd.DataFrame:
    frame = pd.DataFrame(MORE["data"]["bcg"])
    return frame.assign(yi=REF["bcg_escalc"]["RR"]["yi"], vi=REF["bcg_escalc"]["RR"]["vi"])


def close(actual, expected, rtol=RTOL, atol=1e-9):
    np.testing.assert_allclose(np.asarray(actual, float), np.asarray(expected, float), rtol=rtol, atol=atol)


@pytest.mark.parametrize("method", METHODS)
def test_every_estimator_agrees_with_r_for_two_moderators(bcg, method):
    if method == "GENQ":
        fit = meta.regress(bcg, "~ ablat + year", method="GENQ", test="z", weights=1 / bcg["vi"])
        close(fit.tau2, MORE["regress_ablat_year"]["DL"]["tau2"])
        return
    r = MORE["regress_ablat_year"][method]
    fit = meta.regress(bcg, "~ ablat + year", method=method, test="z")
    close(fit.beta, r["beta"], rtol=1e-6)
    close(fit.se, r["se"], rtol=1e-6)
    close(
        [fit.tau2, fit.i2, fit.h2, fit.r2, fit.qm, fit.qe, fit.qm_p],
        [r[x] for x in ("tau2", "i2", "h2", "r2", "qm", "qe", "qmp")],
    )
    close([fit.loglik, fit.aic, fit.bic, fit.aicc], [r["fit"][i] for i in (0, 2, 3, 4)])
    if method != "EE":
        close(fit.tau2_se, r["se_tau2"])


@pytest.mark.parametrize("method", [m for m in METHODS if m in REF["bcg_RR_tau2"]])
def test_an_intercept_alone_is_the_pooled_mean(bcg, method):
    r = REF["bcg_RR_tau2"][method]
    fit = meta.regress(bcg, method=method, test="z")
    close(
        [fit.beta[0], fit.se[0], fit.tau2, fit.loglik, fit.i2],
        [r[x] for x in ("beta", "se", "tau2", "ll", "I2")],
    )


@pytest.mark.parametrize("test", ["z", "t", "hksj", "adhoc", "KR"])
@pytest.mark.parametrize("method", ["EE", "DL", "DLIT", "HS", "SJ", "ML", "REML", "PM", "PMM", 0.2])
def test_an_intercept_alone_is_meta_pool(bcg, method, test):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MetaWarning)
        one = meta.regress(bcg, method=method, test=test)
        two = meta.pool(yi=bcg["yi"], vi=bcg["vi"], method=method, test=test)
    row = one.coefficients.iloc[0]
    names = ["estimate", "se", "statistic", "p_value", "ci_low", "ci_high"]
    close(row[names], [getattr(two, name) for name in names], rtol=1e-8)
    close(
        [one.tau2, one.loglik, one.qe, one.i2, one.h2],
        [two.tau2, two.loglik, two.q, two.i2, two.h2],
        rtol=1e-8,
    )


def test_bcg_knapp_hartung_gives_f_and_t(bcg):
    r = REF["bcg_metareg"]["knha"]
    fit = meta.regress(bcg, "~ ablat + year")
    table = fit.coefficients
    assert list(table.columns) == ["estimate", "se", "statistic", "p_value", "ci_low", "ci_high"]
    close(table["estimate"], r["beta"], rtol=1e-6)
    close(table["se"], r["se"], rtol=1e-6)
    close(table["ci_low"], r["ci_lb"], rtol=1e-6)
    close(table["ci_high"], r["ci_ub"], rtol=1e-6)
    close([fit.qm, fit.qm_p, fit.r2], [r["F"], r["Fp"], r["R2"]])
    assert (fit.qm_df, fit.qm_df_residual) == (2, 10)
    close(fit.vif()["gvif"], [1.53913018354858] * 2)


def test_factor_terms_contrasts_and_generalised_vif(bcg):
    r = REF["bcg_metareg"]["factor"]
    fit = meta.regress(bcg, "~ C(alloc) + ablat", test="z")
    close(fit.beta, r["beta"], rtol=1e-6)
    close(fit.tau2, r["tau2"])
    terms = fit.test_terms()
    close(terms.loc["C(alloc)", ["statistic", "p_value"]], r["btt23"])
    assert terms.loc["C(alloc)", "df"] == 2
    c = MORE["contrast_alloc"]
    row = fit.contrast({"C(alloc)[T.random]": 1, "C(alloc)[T.systematic]": -1}).iloc[0]
    close([row["estimate"], row["se"], row["p_value"]], [c["est"], c["se"], c["p"]])
    close(fit.vif()["gvif"], MORE["gvif"])
    close(fit.wald(np.eye(4)[1:3]).statistic, MORE["btt_alloc"]["qm"])


def test_without_an_intercept_all_coefficients_are_tested(bcg):
    fit = meta.regress(bcg, "~ 0 + C(alloc)", test="z")
    close(fit.beta, MORE["no_intercept"]["beta"])
    close(fit.qm, MORE["no_intercept"]["qm"])
    assert fit.qm_df == 3


def test_predictions_and_their_intervals(bcg):
    for test, key in (("z", "predict_ablat"), ("hksj", "predict_ablat_knha")):
        frame = meta.regress(bcg, "~ ablat", test=test).predict({"ablat": [0, 20, 40]})
        r = MORE[key]
        for name, other in (
            ("estimate", "pred"),
            ("se", "se"),
            ("ci_low", "ci_lb"),
            ("pi_low", "pi_lb"),
            ("pi_high", "pi_ub"),
        ):
            close(frame[name], r[other])


def test_bangertdrowns_reports_missing_moderators_and_uses_the_same_rows_for_r2():
    data = pd.DataFrame(MORE["data"]["bangertdrowns2004"])
    r = REF["bangertdrowns2004"]["length"]
    with pytest.warns(DataWarning, match="length"):
        fit = meta.regress(data, "~ length + wic + feedback + info + pers + imag + meta", test="z")
    assert fit.k == r["k"] == 41
    close(fit.beta, r["beta"], rtol=1e-6)
    close([fit.tau2, fit.qm, fit.r2], [r["tau2"], r["QM"], r["R2"]])
    assert "'46' (wic)" in fit.warnings[0]
    assert "46" in fit.excluded


def test_r2_is_zero_where_moderators_explain_nothing():
    data = pd.DataFrame(MORE["data"]["bangertdrowns2004"])
    r = REF["bangertdrowns2004"]["knha"]
    fit = meta.regress(data, "~ C(grade)")
    close(fit.beta, r["beta"], rtol=1e-6)
    close(fit.se, r["se"], rtol=1e-6)
    close(fit.tau2, r["tau2"])
    assert fit.r2 == 0.0


def test_colditz_latitude():
    d = MORE["data"]["colditz1994"]
    es = own_effects("OR", _counts(d), 0.5)
    r = REF["colditz1994"]["ablat"]
    fit = meta.regress(yi=es[0], vi=es[1], moderators=d["ablat"], method="ML", test="z")
    close(fit.beta, r["beta"], rtol=1e-6)
    close([fit.tau2, fit.qm, fit.r2, fit.loglik], [r["tau2"], r["QM"], r["R2"], r["ll"]])


def _counts(d):
    a, b, c, e = (np.array(d[x], float) for x in ("tpos", "tneg", "cpos", "cneg"))
    return a, a + b, c, c + e


def test_boundary_is_an_exact_zero():
    d = pd.DataFrame(MORE["data"]["raudenbush1985"])
    d["weeks"] = d["weeks"].clip(upper=3)
    fit = meta.regress(d, "~ weeks", test="z")
    r = REF["raudenbush1985_SMD"]["weeks"]
    assert fit.tau2 == 0.0
    assert fit.at_boundary
    close(fit.beta, r["beta"])
    close(fit.loglik, r["ll"])
    assert fit.r2 == pytest.approx(100.0)


def test_likelihood_ratio_test_and_its_warning_for_reml(bcg):
    big, small = (meta.regress(bcg, f, method="ML", test="z") for f in ("~ ablat", "~ 1"))
    for pair in ((big, small), (small, big)):
        test = likelihood_ratio_test(*pair)
        close([test.statistic, test.p_value], [MORE["lrt_ablat"]["lrt"], MORE["lrt_ablat"]["p"]])
    with pytest.warns(AssumptionWarning, match="REML"):
        likelihood_ratio_test(meta.regress(bcg, "~ ablat", test="z"), meta.regress(bcg, test="z"))
    with pytest.raises(InputError, match="different rows"):
        likelihood_ratio_test(big, meta.regress(bcg[1:], "~ 1", method="ML", test="z"))
    with pytest.raises(InputError, match="DL"):
        likelihood_ratio_test(big, meta.regress(bcg, method="DL", test="z"))


def test_interactions_splines_and_the_array_path_agree(bcg):
    bcg = bcg.assign(random=(bcg["alloc"] == "random") * 1.0)
    formula = meta.regress(bcg, "~ ablat * random", test="z")
    x = np.column_stack([bcg["ablat"], bcg["random"], bcg["ablat"] * bcg["random"]])
    array = meta.regress(bcg, moderators=x, test="z")
    close(formula.beta, array.beta)
    spline = meta.regress(bcg, "~ bs(ablat, df=4)", test="z")
    assert spline.p == 5
    inside = spline.predict({"ablat": [float(bcg["ablat"].iloc[0])]})
    close(inside["estimate"].iloc[0], spline.fitted[0])


def test_arrays_never_import_formulaic_or_pandas():
    import subprocess
    import sys

    code = (
        "import sys, meta; f = meta.regress(yi=[.1,.4,.5,.9], vi=[.01]*4, moderators=[1,2,3,4], test='z'); "
        "f.qm; "
        "assert not {'formulaic', 'pandas', 'pymc'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_aliased_columns_are_dropped_and_named(bcg):
    bcg = bcg.assign(twice=2 * bcg["ablat"])
    with pytest.warns(DataWarning, match="'twice'"):
        fit = meta.regress(bcg, "~ ablat + twice + year", test="z")
    assert fit.aliased == ("twice",)
    close(fit.beta, meta.regress(bcg, "~ ablat + year", test="z").beta)
    frame = fit.predict({"ablat": [20.0], "twice": [40.0], "year": [1960.0]})
    close(
        frame["estimate"],
        meta.regress(bcg, "~ ablat + year", test="z").predict({"ablat": [20.0], "year": [1960.0]})[
            "estimate"
        ],
    )


def test_large_covariates_cost_no_digits(bcg):
    year = bcg["year"].to_numpy(float)
    far = meta.regress(bcg, moderators=year * 1e6, test="z")
    near = meta.regress(bcg, moderators=year - year.mean(), test="z")
    close(far.beta[1] * 1e6, near.beta[1], rtol=1e-9)
    close(far.tau2, near.tau2, rtol=1e-10)
    close(far.qm, near.qm, rtol=1e-8)


def test_empirical_bayes_is_paule_mandel_and_tau2_solves_its_equation(bcg):
    pm, eb = (meta.regress(bcg, "~ ablat + year", method=m, test="z") for m in ("PM", "EB"))
    close(pm.tau2, eb.tau2, rtol=1e-12)
    q = fit_regression(pm.yi, pm.vi, pm.X, method=pm.tau2).rss
    close(q, pm.k - pm.p, rtol=1e-10)


def test_likelihood_maximum_is_global_where_there_are_two():
    # mixture of two scales: a local maximum near zero and a higher one far away, or the reverse
    rng = np.random.default_rng(2)
    for _ in range(20):
        v = np.concatenate([np.full(6, 1e-4), np.full(6, 4.0)])
        y = np.concatenate([rng.normal(0, 0.01, 6), rng.normal(0, 3, 6)])
        X = np.column_stack([np.ones(12), rng.normal(size=12)])
        for method in ("ML", "REML"):
            fit = fit_regression(y, v, X, method=method)
            grid = [fit_regression(y, v, X, method=t) for t in np.geomspace(1e-8, 1e3, 300)]
            if method == "ML":
                best = max(float(g.loglik) for g in grid)
                assert float(fit.loglik) >= best - 1e-9


def test_reml_score_vanishes_at_an_interior_maximum(bcg):
    fit = meta.regress(bcg, "~ ablat + year", test="z")
    W = np.diag(1 / (fit.vi + fit.tau2))
    P = W - W @ fit.X @ np.linalg.inv(fit.X.T @ W @ fit.X) @ fit.X.T @ W
    assert abs(fit.yi @ P @ P @ fit.yi - np.trace(P)) < 1e-8 * np.trace(P)


def test_adhoc_floors_the_scale_and_hksj_warns_when_narrow():
    y, v = [0.10, 0.11, 0.12, 0.13, 0.14, 0.15], [0.1] * 6
    with pytest.warns(NarrowIntervalWarning):
        narrow = meta.regress(yi=y, vi=v, moderators=[1, 3, 2, 5, 4, 6])
    wide = meta.regress(yi=y, vi=v, moderators=[1, 3, 2, 5, 4, 6], test="adhoc")
    plain = meta.regress(yi=y, vi=v, moderators=[1, 3, 2, 5, 4, 6], test="t")
    close(wide.se, plain.se)
    assert np.all(narrow.se < wide.se)
    assert narrow.warnings


def test_kenward_roger_reduces_to_the_classical_t_for_equal_variances():
    y = np.array([0.0, 1.0, 3.0, 2.0, 5.0, 4.0])
    fit = meta.regress(yi=y, vi=np.full(6, 0.1), test="KR")
    close(fit.df, [5.0])
    close(fit.se, np.std(y, ddof=1) / np.sqrt(6))
    kr = kenward_roger(np.full(6, 0.1), np.column_stack([np.ones(6), np.arange(6.0)]), 1.0)
    close(kr.df, [4.0, 4.0])


def test_kenward_roger_is_wider_than_wald_and_gives_an_f_test(bcg):
    kr, z = (meta.regress(bcg, "~ ablat", test=t) for t in ("KR", "z"))
    assert np.all(kr.se >= z.se)
    assert kr.qm_df_residual < 11
    close(kr.qm, (kr.beta[1] / kr.se[1]) ** 2, rtol=1e-9)
    close(kr.qm_p, kr.coefficients["p_value"].iloc[1], rtol=1e-7)


def test_batches_equal_single_fits(bcg):
    rng = np.random.default_rng(0)
    X = np.array([np.column_stack([np.ones(13), rng.permutation(bcg["ablat"])]) for _ in range(8)])
    y, v = bcg["yi"].to_numpy(), bcg["vi"].to_numpy()
    for method in METHODS:
        own = np.arange(1.0, 14.0) if method == "GENQ" else None
        batch = fit_regression(y, v, X, method=method, weights=own)
        for i in range(8):
            one = fit_regression(y, v, X[i], method=method, weights=own)
            close(batch.tau2[i], one.tau2, rtol=1e-9, atol=1e-12)
            close(batch.beta[i], one.beta, rtol=1e-9)
    many_v = fit_regression(np.array([y, y + 1]), np.array([v, v]), X[0])
    close(many_v.tau2[0], many_v.tau2[1], rtol=1e-9)


def test_residual_heterogeneity_of_an_intercept_is_cochrans_q(bcg):
    y, v = bcg["yi"].to_numpy(), bcg["vi"].to_numpy()
    w = 1 / v
    q = residual_heterogeneity(y, v, np.ones((13, 1)))
    close(q.qe, np.sum(w * (y - np.sum(w * y) / w.sum()) ** 2))
    close(q.typical, 12 * w.sum() / (w.sum() ** 2 - np.sum(w**2)))


def test_equal_effects_limit_and_fixed_tau2(bcg):
    ee = meta.regress(bcg, "~ ablat", method="EE", test="z")
    fixed = meta.regress(bcg, "~ ablat", method=0.0, test="z")
    close(ee.beta, fixed.beta)
    far = meta.regress(bcg, "~ ablat", method=1e9, test="z")
    ols = np.linalg.lstsq(ee.X, ee.yi, rcond=None)[0]
    close(far.beta, ols, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda d: meta.regress(d, "~ nothing"), InputError, "nothing"),
        (lambda d: meta.regress(d, "~ ablat", method="RMEL"), UnknownOptionError, "REML"),
        (lambda d: meta.regress(d, "~ ablat", test="zz"), UnknownOptionError, "hksj"),
        (lambda d: meta.regress(d, "~ ablat", level=95), InputError, "level"),
        (lambda d: meta.regress(d, "yi ~ ablat"), InputError, "left side"),
        (lambda d: meta.regress(d, "~ ablat +* 3"), InputError, "cannot be read"),
        (lambda d: meta.regress(d, "~ ablat", moderators=[1] * 13), InputError, "not both"),
        (lambda d: meta.regress(d, moderators=[1, 2]), InputError, "13"),
        (lambda d: meta.regress(d[:2], "~ ablat"), NotEstimableError, "2 effects"),
        (lambda d: meta.regress(d.assign(vi=0.0), "~ ablat"), InputError, "vi must be > 0"),
        (lambda d: meta.regress(d.drop(columns="vi"), "~ ablat"), InputError, "'vi'"),
        (lambda d: meta.regress(d, "~ ablat", method=-1.0), InputError, ">= 0"),
        (lambda d: meta.regress(d, "~ ablat", test="z").predict({"year": [1]}), InputError, "ablat"),
        (lambda d: meta.regress(d, "~ ablat", test="z").contrast({"lat": 1}), InputError, "lat"),
        (lambda d: meta.regress(d, "~ ablat", test="z").contrast([1, 2, 3]), InputError, "2 weights"),
    ],
)
def test_refusals_name_what_is_wrong(bcg, call, error, words):
    with pytest.raises(error, match=words):
        call(bcg)


def test_results_read_well_and_tidy(bcg):
    fit = meta.regress(bcg, "~ ablat")
    assert "R2 76%" in fit.summary()
    assert str(fit) == fit.summary()
    assert fit.tidy()["term"].tolist() == ["Intercept", "ablat"]
    assert fit.glance().loc[0, "k"] == 13
    assert len(fit.augment()) == 13
    assert json.dumps(fit.to_dict())
    assert repr(fit).startswith("Regression(k=13")


@pytest.mark.filterwarnings("ignore::meta.errors.NarrowIntervalWarning")
def test_data_without_spread_do_not_break_the_omnibus_test():
    fit = meta.regress(yi=[0.2] * 4, vi=[0.1] * 4, moderators=[1, 2, 4, 3])
    assert fit.tau2 == 0.0
    close(fit.se, [0, 0], atol=1e-12)
    assert np.isnan(fit.qm) or fit.qm >= 0


def test_rows_without_an_exact_effect_are_left_out_aloud():
    es = meta.EffectSizes([0.1, np.nan, 0.5, 0.2, 0.9], [0.1, np.nan, 0.1, 0.2, 0.1], "GEN", list("ABCDE"))
    with pytest.warns(DataWarning, match="'B'"):
        fit = meta.regress(es, moderators=[1, 2, 3, 4, 5], test="z")
    assert fit.k == 4


def test_warnings_are_issued_once(bcg):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        meta.regress(bcg.assign(twice=2 * bcg["ablat"]), "~ ablat + twice", test="z")
    assert len([w for w in caught if issubclass(w.category, MetaWarning)]) == 1
