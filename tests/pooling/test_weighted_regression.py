"""Weights that act on coefficients, intervals of tau2, intercepts alone, moderators in extreme units."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import InputError, NotEstimableError, UnknownOptionError

HERE = Path(__file__).parents[1] / "fixtures"
R = json.loads((HERE / "weighted_regression.json").read_text())
BCG = json.loads((HERE / "regression_reference.json").read_text())["bcg_escalc"]["RR"]
COLUMNS = json.loads((HERE / "dependent_counts.json").read_text())["data"]["bcg"]
W = np.arange(1.0, 14.0)


@pytest.fixture(scope="module")
def bcg() -> pd.DataFrame:
    return pd.DataFrame(COLUMNS).assign(yi=BCG["yi"], vi=BCG["vi"], w=W)


def close(actual, expected, rtol=2e-7, atol=1e-9):
    np.testing.assert_allclose(np.asarray(actual, float), np.asarray(expected, float), rtol=rtol, atol=atol)


def agrees(fit, r):
    table = fit.coefficients
    pairs = {"estimate": "beta", "se": "se", "statistic": "zval", "p_value": "pval"}
    for ours, theirs in (pairs | {"ci_low": "ci_low", "ci_high": "ci_high"}).items():
        close(table[ours], r[theirs], rtol=1e-6)
    close(fit.vcov.ravel(), r["vcov"], rtol=1e-6)
    names = ("tau2", "QE", "I2", "H2", "ll")
    close([fit.tau2, fit.qe, fit.i2, fit.h2, fit.loglik], [r[x] for x in names], rtol=1e-6)
    if fit.p > 1:
        close([fit.qm, fit.qm_p, fit.r2], [r["QM"], r["QMp"], r["R2"]], rtol=1e-6)


@pytest.mark.parametrize("test", ["z", "t", "hksj", "adhoc"])
def test_weights_act_on_coefficients_as_in_r(bcg, test):
    fit = meta.regress(bcg, "~ ablat", method="DL", test=test, weights=W)
    close(fit.beta, [0.125985567144393, -0.0215093332085661])
    agrees(fit, R["tests"][test])
    if test == "hksj":
        close(fit.scale, R["tests"]["hksj"]["scale"])
    assert "user weights" in fit.summary()


@pytest.mark.filterwarnings("ignore::meta.errors.MetaWarning")
@pytest.mark.parametrize("method", R["methods"])
def test_every_estimator_with_weights_as_in_r(bcg, method):
    fit = meta.regress(bcg, "~ ablat + year", method=method, test="z", weights="w")
    agrees(fit, R["methods"][method])
    if method != "EE":
        close(fit.tau2_se, R["methods"][method]["se_tau2"], rtol=1e-6)


def test_a_factor_and_its_joint_test(bcg):
    fit = meta.regress(bcg, "~ C(alloc) + ablat", weights="w")
    agrees(fit, R["factor"])
    row = fit.test_terms().loc["C(alloc)"]
    close(row[["statistic", "p_value"]], R["factor"]["alloc"], rtol=1e-6)


def test_predictions_of_a_weighted_fit(bcg):
    for fit, r in (
        (meta.regress(bcg, "~ ablat", method="DL", test="z", weights="w"), R["predict"]["z"]),
        (meta.regress(bcg, "~ ablat", weights="w"), R["predict"]["hksj"]),
    ):
        frame = fit.predict({"ablat": [0, 20, 40]})
        for name, values in r.items():
            close(frame[name], values, rtol=1e-6)


@pytest.mark.parametrize("test", ["z", "t", "hksj", "adhoc"])
def test_a_weighted_intercept_is_the_weighted_pool(bcg, test):
    one = meta.regress(bcg, method="REML", test=test, weights="w")
    two = meta.pool(yi=bcg["yi"], vi=bcg["vi"], test=test, weights=W)
    names = ["estimate", "se", "statistic", "p_value", "ci_low", "ci_high"]
    close(one.coefficients.iloc[0][names], [getattr(two, name) for name in names], rtol=1e-9)
    close([one.loglik, one.tau2, one.scale], [two.loglik, two.tau2, two.hk_scale], rtol=1e-9)
    if test == "hksj":
        agrees(one, R["mean"])


def test_weights_have_no_unit_and_inverse_variances_change_nothing(bcg):
    plain = meta.regress(bcg, "~ ablat", test="z")
    same = meta.regress(bcg, "~ ablat", test="z", weights=7.0 / (bcg["vi"] + plain.tau2))
    close(same.beta, plain.beta, rtol=1e-10)
    close(same.vcov, plain.vcov, rtol=1e-10)
    close([same.loglik, same.qm], [plain.loglik, plain.qm], rtol=1e-10)


def test_a_study_of_weight_zero_has_no_say_in_the_coefficients(bcg):
    w = W.copy()
    w[3] = 0.0
    with_it = meta.regress(bcg, "~ ablat", method=0.1, test="z", weights=w)
    without = meta.regress(bcg.drop(index=3), "~ ablat", method=0.1, test="z", weights=np.delete(w, 3))
    close(with_it.beta, without.beta, rtol=1e-10)
    close(with_it.vcov, without.vcov, rtol=1e-10)


def test_diagnostics_use_the_weights(bcg):
    fit = meta.regress(bcg, "~ ablat", test="z", weights="w")
    table = meta.diagnostics.influence(fit)
    close(table["hat"], R["hat"], rtol=1e-6)
    close(table["rstudent"], R["rstudent"], rtol=1e-5)
    close(table["cook"], R["cook"], rtol=1e-5)
    robust = fit.robust("study", kind="CR0")
    X, A = fit.X, np.diag(W)
    half = np.linalg.solve(X.T @ A @ X, X.T @ A)
    meat = np.diag((fit.yi - fit.fitted) ** 2)
    close(robust.vcov, half @ meat @ half.T, rtol=1e-9)
    observed = fit.permutation_test(n=20, exact=False, seed=1).observed
    close(observed, fit.coefficients["statistic"], rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"weights": W, "test": "KR"}, InputError, "Kenward-Roger"),
        ({"weights": -W}, InputError, "study '1' has -1"),
        ({"weights": np.where(W == 2, np.nan, W)}, InputError, "study '2' has nan"),
        ({"weights": 0 * W}, InputError, "all 0"),
        ({"weights": W * (W < 2)}, NotEstimableError, "1 studies with a positive weight"),
        ({"weights": [1, 2]}, InputError, "weights"),
        ({"weights": "nothing"}, InputError, "nothing"),
        ({"method": "GENQ"}, InputError, "weights="),
    ],
)
def test_refusals_of_weights(bcg, options, error, words):
    with pytest.raises(error, match=words):
        meta.regress(bcg, "~ ablat", **options)


def test_fits_with_weights_do_not_maximise_a_likelihood(bcg):
    one, two = (meta.regress(bcg, f, method="ML", test="z", weights="w") for f in ("~ ablat", "~ 1"))
    with pytest.raises(InputError, match="without weights="):
        meta.likelihood_ratio_test(one, two)


MODELS = {
    "bcg_ablat": ("bcg", "~ ablat", "REML"),
    "bcg_two": ("bcg", "~ ablat + year", "REML"),
    "bcg_factor": ("bcg", "~ C(alloc) + ablat", "REML"),
    "bcg_none": ("bcg", "~ 0 + C(alloc)", "REML"),
    "bcg_ML": ("bcg", "~ ablat", "ML"),
    "bangert": ("bangert", "~ length + wic", "REML"),
    "hackshaw": ("hackshaw", "~ since", "REML"),
}


@pytest.mark.parametrize("name", MODELS)
def test_intervals_of_residual_heterogeneity_as_in_r(bcg, name):
    data, formula, method = MODELS[name]
    frame = bcg if data == "bcg" else pd.DataFrame(R["data"][data]).dropna()
    fit, r = meta.regress(frame, formula, method=method, test="z"), R["intervals"][name]
    close(fit.tau2_interval(), r["QP"], rtol=1e-6)
    close(fit.tau2_interval("QP", level=0.8), r["QP80"], rtol=1e-6)
    close(fit.tau2_interval("PL"), r["PL"], rtol=1e-6)
    low, high = fit.tau2_interval("PL")
    assert low <= fit.tau2 <= high


@pytest.mark.parametrize("kind", ["QP", "PL", "BJ", "J"])
def test_the_interval_of_an_intercept_alone_is_that_of_the_pool(bcg, kind):
    one, two = meta.regress(bcg, test="z"), meta.pool(yi=bcg["yi"], vi=bcg["vi"])
    close(one.tau2_interval(kind), two.tau2_interval(kind), rtol=1e-8)


@pytest.mark.parametrize("kind", ["QP", "BJ", "J"])
def test_ends_of_q_intervals_by_matrix_algebra(bcg, kind):
    fit = meta.regress(bcg, "~ ablat + year", test="z")
    rng = np.random.default_rng(3)
    X = fit.X / np.abs(fit.X).max(axis=0)

    def projected(a):
        return np.diag(a) - a[:, None] * X @ np.linalg.solve(X.T * a @ X, X.T * a)

    for end, tail in zip(fit.tau2_interval(kind), (0.025, 0.975), strict=True):
        a = {"QP": 1 / (fit.vi + end), "BJ": 1 / fit.vi, "J": 1 / np.sqrt(fit.vi)}[kind]
        P = projected(a)
        y = rng.normal(size=(40_000, fit.k)) * np.sqrt(fit.vi + end)
        share = (np.einsum("ni,ij,nj->n", y, P, y) > fit.yi @ P @ fit.yi).mean()
        assert share == pytest.approx(tail, abs=0.005)


def test_sets_are_empty_or_refused_by_name(bcg):
    y = [0.1, 0.2, 0.3, 0.4, 0.5, 0.61]
    alike = meta.regress(yi=y, vi=[9.0] * 6, moderators=[1, 2, 3, 4, 5, 6], test="z")
    assert alike.tau2_set().empty
    assert alike.tau2_interval() == (0.0, 0.0)
    with pytest.raises(UnknownOptionError, match="QP"):
        alike.tau2_interval("XY")
    with pytest.raises(InputError, match="level"):
        alike.tau2_interval(level=95)


@pytest.mark.parametrize("test", ["z", "hksj", "KR"])
def test_an_intercept_alone_has_no_moderators_to_test(bcg, test):
    fit = meta.regress(bcg, test=test)
    assert "R2" not in fit.summary()
    assert "moderators" not in fit.summary()
    row = fit.glance().iloc[0]
    assert row[["r2", "qm", "qm_df", "qm_df_residual", "qm_p"]].isna().all()
    assert math.isnan(fit.permutation_test(n=8, exact=False, seed=1).qm_p) if test != "KR" else True
    assert math.isnan(meta.regress(bcg, method="ML", scale="~ ablat", test="z").qm)
    several = meta.pool_multilevel(bcg.assign(study=bcg.index // 2), levels=["study", "effect"])
    assert math.isnan(several.qm)
    # all cells of a factor are moderators, also without an intercept
    assert "moderators" in meta.regress(bcg, "~ 0 + C(alloc)", test="z").summary()


@pytest.mark.parametrize("test", ["z", "hksj", "KR"])
@pytest.mark.parametrize("unit", [1e200, 1e-200, 1e120, 1e-150, 3e-290])
def test_the_unit_of_a_moderator_changes_no_test(bcg, unit, test):
    x = bcg["ablat"].to_numpy(float)
    near = meta.regress(bcg, moderators=x, test=test)
    far = meta.regress(bcg, moderators=x * unit, test=test)
    close(far.beta * [1, unit], near.beta, rtol=1e-9)
    close(far.se * [1, unit], near.se, rtol=1e-9)
    for name in ("statistic", "p_value"):
        close(far.coefficients[name], near.coefficients[name], rtol=1e-9)
    close([far.tau2, far.qm, far.qm_p, far.loglik], [near.tau2, near.qm, near.qm_p, near.loglik], rtol=1e-9)
    close(far.fitted, near.fitted, rtol=1e-9)
    close(far.predict()["se"], near.predict()["se"], rtol=1e-9)
    close(far.contrast([1, 20 * unit])["se"], near.contrast([1, 20])["se"], rtol=1e-9)
    close(far.blup()["se"], near.blup()["se"], rtol=1e-9)
    close(far.tau2_interval(), near.tau2_interval(), rtol=1e-9)


def test_a_moderator_in_a_tiny_unit_is_saved_whole(bcg, tmp_path):
    fit = meta.regress(bcg, moderators=bcg["ablat"].to_numpy(float) * 1e-200, test="z")
    fit.save(tmp_path / "fit.json")
    close(meta.load(tmp_path / "fit.json").coefficients, fit.coefficients)
