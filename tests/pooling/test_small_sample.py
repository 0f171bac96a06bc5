"""Satterthwaite's and Kenward and Roger's tests of multilevel fits, by pbkrtest and by direct differences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import InputError, quiet
from meta.kernels.mixed import at, lay_out, maximise, small_sample

REF = json.loads((Path(__file__).parents[1] / "fixtures" / "dependent_tests.json").read_text())["kr"]
DATA = pd.DataFrame(REF["data"]).assign(esid=lambda d: range(len(d)))
TINY = 1e-8  # sampling variances that are nothing beside the variance of effects: lme4's residual
MODELS = {
    "intercept": (["~ 1 | study/esid"], None),
    "slope": (["~ x | study", "~ 1 | esid"], "GEN"),
    "diagonal": (["~ x | study", "~ 1 | esid"], "GDIAG"),
}


def fitted(name, test="KR", table=DATA, **options):
    random, struct = MODELS[name]
    more = {} if struct is None else {"struct": struct}
    options = {"vi": [TINY] * len(table), **options}
    return meta.pool_multilevel(table, random=random, moderators="~ x + w", test=test, **more, **options)


@pytest.mark.parametrize("name", MODELS)
def test_agrees_with_pbkrtest(name):
    r, fit = REF[name], fitted(name)
    np.testing.assert_allclose(fit.se, r["se"], rtol=2e-5)
    np.testing.assert_allclose(fit.df, r["df"], rtol=2e-4)
    test = fit.wald()
    np.testing.assert_allclose([test.statistic, test.df2], r["wald"], rtol=2e-4)
    assert test.df1 == 2
    np.testing.assert_allclose(fit.qm, r["wald"][0], rtol=2e-4)


@pytest.mark.parametrize("name", MODELS)
def test_satterthwaite_shares_the_df_of_one_coefficient_and_keeps_the_errors(name):
    with quiet():
        kr, own, z = (fitted(name, test) for test in ("KR", "satterthwaite", "z"))
    np.testing.assert_allclose(own.df, kr.df, rtol=1e-10)
    np.testing.assert_allclose(own.se, z.se, rtol=1e-12)
    assert np.all(kr.se > z.se)
    one = own.wald([0, 1, 0])
    assert one.statistic == pytest.approx(own.statistic[1] ** 2)
    assert one.df2 == pytest.approx(own.df[1])
    table = own.contrast({"x": 1, "w": -1})
    assert table["df"].iloc[0] not in own.df  # a combination has degrees of freedom of its own
    assert own.predict({"x": [0.0], "w": [0.0]})["df"].iloc[0] == pytest.approx(own.df[0])


KINDS = {
    "HCS": {"random": "~ kind | study", "struct": "HCS"},
    "CS": {"random": "~ kind | study", "struct": "CS"},
    "UN": {"random": "~ kind | study", "struct": "UN"},
    "CAR": {"random": "~ time | study", "struct": "CAR"},
    "crossed": {"random": ["~ 1 | study", "~ 1 | lab", "~ 1 | esid"]},
}


@pytest.mark.parametrize("name", ["HCS", "CS", "UN", "CAR", "crossed"])
def test_satterthwaite_is_the_delta_method_on_the_likelihood(name):
    """``2 f^2 / var(f)`` with f the variance of a coefficient, its derivatives and the information by
    differences over the working parameters.
    """
    rng = np.random.default_rng(12)
    study = np.repeat(range(9), 4)
    n = len(study)
    table = pd.DataFrame(
        {"study": study, "esid": range(n), "x": rng.normal(size=n), "time": rng.uniform(0, 4, n)}
    )
    table["kind"] = np.tile(["a", "b"], n // 2)
    table["lab"] = [f"lab {i % 5}" for i in range(n)]
    table["vi"] = rng.uniform(0.02, 0.1, n)
    table["yi"] = (
        rng.normal(size=9)[study] + rng.normal(0, 0.5, n) + rng.normal(0, 1, n) * np.sqrt(table["vi"])
    )
    table["yi"] += 1.5 * (np.arange(n) % 5) * (name == "crossed")
    with quiet():
        fit = meta.pool_multilevel(table, moderators="~ x", test="satterthwaite", **KINDS[name])
    assert np.all(np.abs(fit.phi) > 0)  # at a boundary, working parameters have no slope
    model = lay_out(fit.yi, fit.X, fit.S, fit.terms)

    def variance(phi):
        return np.diag(np.linalg.inv(model.r) @ at(model, phi, True)[0].cover @ np.linalg.inv(model.r).T)

    h = 1e-5
    slope = np.array(
        [(variance(fit.phi + h * e) - variance(fit.phi - h * e)) / (2 * h) for e in np.eye(len(fit.phi))]
    )
    cover = np.linalg.pinv(maximise(model, held=dict(enumerate(fit.phi))).information, hermitian=True)
    df = 2 * variance(fit.phi) ** 2 / np.einsum("fp,fg,gp->p", slope, cover, slope)
    np.testing.assert_allclose(fit.df, df, rtol=1e-5)


def test_a_boundary_leaves_finite_tests_and_other_units_change_nothing():
    rng = np.random.default_rng(4)
    table = pd.DataFrame(
        {"study": np.repeat(range(8), 3), "yi": rng.normal(0, 0.1, 24), "vi": 0.5, "x": rng.normal(size=24)}
    )
    fit = meta.pool_multilevel(table, levels=["study", "effect"], moderators="~ x", test="KR")
    assert not fit.sigma2.any()
    assert np.all(fit.df > 0)
    assert np.all(fit.p_value > 0.1)
    large = meta.pool_multilevel(
        table.assign(yi=1e4 * table["yi"], vi=1e8 * table["vi"]),
        levels=["study", "effect"],
        moderators="~ x",
        test="KR",
    )
    np.testing.assert_allclose(large.df, fit.df, rtol=1e-8)
    np.testing.assert_allclose(large.se, 1e4 * fit.se, rtol=1e-8)


def test_rows_in_any_order_saved_and_left_out(tmp_path):
    fit = fitted("intercept")
    mixed = fitted("intercept", table=DATA.sample(frac=1, random_state=2))
    np.testing.assert_allclose(mixed.df, fit.df, rtol=1e-6)
    fit.save(tmp_path / "fit.json")
    again = meta.load(tmp_path / "fit.json")
    np.testing.assert_allclose(again.wald().df2, fit.wald().df2, rtol=1e-10)
    np.testing.assert_allclose(again.predict({"x": [1.0], "w": [2.0]}), fit.predict({"x": [1.0], "w": [2.0]}))
    table = meta.diagnostics.leave_one_out(fit)
    assert np.isfinite(table["se"]).all()


def test_the_trial_kernel_and_the_mixed_one_agree():
    fit = fitted("intercept")
    own = small_sample(fit.model, fit.phi)
    np.testing.assert_allclose(np.sqrt(np.diag(own.vcov)), fit.se, rtol=1e-12)
    np.testing.assert_allclose(np.sqrt(np.diag(own.phi)), np.sqrt(np.diag(fit.model_vcov)), rtol=1e-12)
    assert "Kenward-Roger" in str(fit)


def test_maximum_likelihood_is_refused():
    for test in ("KR", "satterthwaite"):
        with pytest.raises(InputError, match="method='REML'"):
            fitted("intercept", test, method="ML")
