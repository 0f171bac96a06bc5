"""meta.pooling.location_scale_fit and kernels.location_scale."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import meta
from meta.errors import InputError, UnknownOptionError
from meta.kernels import location_scale as kernel
from meta.pooling.coefficients import likelihood_ratio_test

HERE = Path(__file__).parents[1] / "fixtures"
REF = json.loads((HERE / "regression_reference.json").read_text())
MORE = json.loads((HERE / "dependent_counts.json").read_text())


@pytest.fixture(scope="module")
def writing():
    frame = pd.DataFrame(MORE["data"]["bangertdrowns2004"])
    return frame.assign(ni100=frame["ni"] / 100)


@pytest.fixture(scope="module")
def complete(writing):
    return writing.dropna(subset="meta")


def close(actual, expected, rtol=1e-4):
    np.testing.assert_allclose(np.asarray(actual, float), np.asarray(expected, float), rtol=rtol)


@pytest.mark.filterwarnings("ignore::meta.errors.DataWarning")
def test_factor_agrees_with_r(writing):
    r = REF["bangertdrowns2004"]["scale"]
    fit = meta.regress(writing, "~ meta", scale="~ meta", test="z")
    close(fit.beta, r["beta"])
    close(fit.alpha, r["alpha"])
    close(fit.coefficients["se"], r["se"])
    close(fit.scale_coefficients["se"], r["se_alpha"], rtol=1e-3)
    close(fit.loglik, r["ll"], rtol=1e-7)
    assert fit.k == 46
    assert fit.i2.shape == (46,)  # a vector, because tau2 is


def test_continuous_moderator_agrees_with_r(writing):
    r = MORE["scale_ni"]
    fit = meta.regress(writing, "~ ni100", scale="~ ni100", test="z")
    close(fit.beta, r["beta"])
    close(fit.alpha, r["alpha"])
    close(fit.scale_coefficients["se"], r["se_alpha"], rtol=1e-3)
    close(fit.loglik, r["ll"], rtol=1e-7)


@pytest.mark.parametrize("link", ["log", "identity"])
def test_a_constant_scale_is_the_ordinary_model(complete, link):
    for method in ("ML", "REML"):
        ordinary = meta.regress(complete, "~ meta", method=method, test="z")
        fit = meta.regress(complete, "~ meta", scale="~ 1", link=link, method=method, test="z")
        close(fit.tau2, np.full(fit.k, ordinary.tau2), rtol=1e-5)
        close(fit.loglik, ordinary.loglik, rtol=1e-9)
        close(fit.beta, ordinary.beta, rtol=1e-5)


def test_a_factor_scale_is_a_diagonal_structure(complete):
    data = complete.assign(group=np.where(complete["meta"] == 1, "b", "a"), study=np.arange(len(complete)))
    fit = meta.regress(data, "~ meta", scale="~ meta", test="z")
    other = meta.pool_multilevel(data, levels=["study"], inner="group", struct="DIAG", moderators="~ meta")
    close(sorted(set(fit.tau2.round(8))), sorted(other.sigma2), rtol=1e-4)
    close(fit.loglik, other.loglik, rtol=1e-7)


def test_links_agree_for_a_factor_and_the_likelihood_ratio_test_works(complete):
    log, identity = (
        meta.regress(complete, "~ meta", scale="~ meta", link=x, test="z") for x in ("log", "identity")
    )
    close(identity.loglik, log.loglik, rtol=1e-7)
    close(identity.tau2, log.tau2, rtol=1e-3)
    test = likelihood_ratio_test(log, meta.regress(complete, "~ meta", test="z"))
    assert test.df == 1
    assert 0 < test.p_value < 0.5


def test_gradient_of_the_likelihood():
    rng = np.random.default_rng(1)
    y, v, X = rng.normal(size=9), rng.uniform(0.1, 1, 9), np.column_stack([np.ones(9), rng.normal(size=9)])
    tau2 = rng.uniform(0.1, 1, 9)
    for restricted in (True, False):
        gradient = kernel.evaluate(y, v, X, tau2, restricted)[1]
        for i in range(9):
            step = 1e-6 * np.eye(9)[i]
            slope = (
                kernel.evaluate(y, v, X, tau2 + step, restricted)[0]
                - kernel.evaluate(y, v, X, tau2 - step, restricted)[0]
            )
            assert gradient[i] == pytest.approx(slope / 2e-6, rel=1e-4, abs=1e-7)


def test_reads_well_and_refuses(complete):
    fit = meta.regress(complete, "~ meta", scale="~ meta")
    assert fit.test == "t"
    assert "log link" in fit.summary()
    assert set(fit.tidy()["part"]) == {"location", "scale"}
    assert json.dumps(fit.to_dict(), default=float)
    with pytest.raises(InputError, match="ML"):
        meta.regress(complete, "~ meta", scale="~ meta", method="DL")
    with pytest.raises(UnknownOptionError, match="identity"):
        meta.regress(complete, "~ meta", scale="~ meta", link="sqrt")
    with pytest.raises(InputError, match="'t'"):
        meta.regress(complete, "~ meta", scale="~ meta", test="KR")


@pytest.mark.filterwarnings("ignore:the scale part did not converge")
@pytest.mark.filterwarnings("ignore:a tau2 is practically 0")
@pytest.mark.parametrize(("link", "method"), [("log", "REML"), ("identity", "ML")])
def test_the_higher_of_two_maxima_is_found(link, method):
    """Either half may be the heterogeneous one; the likelihood of the other is lower by 0.2."""
    y = np.array([-1.77734375, 0.734375, -0.83984375, 0.2109375, 0.07421875, 0.7890625, -0.96875])
    v = np.array([0.3515625, 0.35546875, 0.0625, 0.05078125, 0.3671875, 0.04296875, 0.375])
    x, half = np.array([0.0, 3, 6, 1, 4, 7, 2]), np.arange(7) % 2
    fit = meta.regress(
        {"yi": y, "vi": v, "x": x, "half": half},
        "~ x",
        scale="~ half",
        test="z",
        link=link,
        method=method,
    )
    X = np.column_stack([np.ones(7), x])
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 20, 60)])
    values = [
        kernel.evaluate(y, v, X, np.where(half == 1, b, a), method == "REML")[0] for a in grid for b in grid
    ]
    assert fit.loglik >= max(values)
    assert fit.tau2[1] < 1e-6 < fit.tau2[0]
