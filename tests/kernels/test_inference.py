"""meta.kernels.inference, heterogeneity, prediction, quadform, henmi and nnf."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from meta.errors import InputError, UnknownOptionError
from meta.kernels.bootstrap_prediction import confidence_distribution, nnf_sample
from meta.kernels.henmi_copas import henmi_copas
from meta.kernels.inference import kenward_roger, lower_tail, pooled_estimate, quantile, two_sided
from meta.kernels.likelihood import log_likelihood
from meta.kernels.prediction import predictive
from meta.kernels.q_profile import (
    generalised_q,
    heterogeneity,
    profile_likelihood,
    q_profile,
)
from meta.kernels.quadform import chi2_mixture_cdf, chi2_mixture_sf, q_form_weights
from meta.kernels.tau2 import estimate
from meta.kernels.weights import arrange, moments

REFERENCE = json.loads((Path(__file__).parents[1] / "fixtures" / "univariate_r.json").read_text())
DATASETS = [name for name in REFERENCE if name not in ("_meta", "subgroups_bcg")]


def data(name: str) -> tuple[np.ndarray, np.ndarray]:
    d = REFERENCE[name]["data"]
    return np.array(d["yi"]), np.array(d["vi"])


@pytest.mark.parametrize(
    "weights", [[1.0], [1, 1, 1], [0.6, 0.3, 0.1], [5, 5, 1, 1, 0.2, 0.2], [9, 1e-3, 1e-6]]
)
@pytest.mark.parametrize("q", [0.01, 0.3, 1.0, 4.0, 30.0])
def test_chi2_mixture_against_imhof_integral(weights: list, q: float) -> None:
    lam = np.array(weights, dtype=float)

    def imhof(u: float) -> float:
        theta = 0.5 * np.arctan(lam * u).sum() - 0.5 * q * u
        return math.sin(theta) / (u * np.prod((1 + (lam * u) ** 2) ** 0.25))

    # Imhof's integral converges slowly where few weights matter; there the exact cases below take over
    got = chi2_mixture_sf(lam, q)
    if lam.size >= 6:
        want = 0.5 + integrate.quad(imhof, 0, np.inf, limit=2000)[0] / math.pi
        assert got == pytest.approx(want, abs=1e-7)
    assert got + chi2_mixture_cdf(lam, q) == 1
    assert 0 <= got <= 1


def test_chi2_mixture_against_closed_forms() -> None:
    for m in (1, 2, 3, 12, 200, 1000):
        for q in (1e-4, 0.5, 10.0, 150.0, 1100.0):
            assert chi2_mixture_cdf(np.ones(m), q) == pytest.approx(stats.chi2.cdf(q, m), abs=1e-12)
    # pairs of equal weights are exponentials, whose sum is hypoexponential
    for rates in ([5, 1, 0.2], [1, 1e-3], [100, 1, 1e-4]):
        for q in (0.01, 0.3, 2.0, 20.0, 200.0):
            want = sum(
                math.exp(-q / (2 * a)) * math.prod(a / (a - b) for b in rates if b != a) for a in rates
            )
            assert chi2_mixture_sf(np.repeat(rates, 2), q) == pytest.approx(want, abs=1e-11)


def test_chi2_mixture_published_values() -> None:
    # Imhof 1961, table 1, Q1 = 0.6 chi2_1 + 0.3 chi2_1 + 0.1 chi2_1
    got = [chi2_mixture_sf([0.6, 0.3, 0.1], x) for x in (0.1, 0.7, 2.0)]
    assert [round(p, 4) for p in got] == [0.9458, 0.5064, 0.1240]
    assert (chi2_mixture_cdf([1.0], 0.0), chi2_mixture_cdf([1.0], math.inf)) == (0.0, 1.0)
    with pytest.raises(InputError, match="weights"):
        chi2_mixture_cdf([-1.0, 1.0], 1.0)


def test_quantiles_and_tails_are_scipys() -> None:
    df = np.array([1.0, 2.5, 12.0, np.inf])
    np.testing.assert_allclose(quantile(0.975, df), stats.t.ppf(0.975, df), rtol=1e-10)
    np.testing.assert_allclose(lower_tail(-3.0, df), stats.t.cdf(-3.0, df), rtol=1e-12)
    assert two_sided(40.0, np.inf) == pytest.approx(2 * stats.norm.sf(40.0), rel=1e-9)
    assert np.isnan(quantile(0.975, 0.0))
    assert np.isnan(lower_tail(-1.0, [0.0, np.inf])[0])
    many = np.tile([3.0, np.inf], 100)
    np.testing.assert_allclose(
        quantile(0.9, many)[:2], [stats.t.ppf(0.9, 3), stats.norm.ppf(0.9)], rtol=1e-10
    )


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize(("key", "test"), [("knha", "hksj"), ("adhoc", "adhoc"), ("t", "t")])
def test_tests_against_r(name: str, key: str, test: str) -> None:
    y, v = data(name)
    want = REFERENCE[name][key]
    got = pooled_estimate(y, v, estimate(y, v).tau2, test=test)
    np.testing.assert_allclose(
        [got.estimate, got.se, got.ci_low, got.ci_high, got.p_value],
        [want[n] for n in ("beta", "se", "ci_lb", "ci_ub", "p")],
        rtol=1e-6 if name == "normand1999_MD" else 1e-7,
        atol=1e-12,
    )


def test_user_weights_keep_the_scale_of_the_inverse_variances() -> None:
    for name in DATASETS:
        y, v = data(name)
        tau2 = estimate(y, v).tau2
        w = np.arange(1, y.size + 1)
        for key, test in (("user", "z"), ("user_knha", "hksj")):
            want = REFERENCE[name][key]
            got = pooled_estimate(y, v, tau2, test=test, weights=w)
            np.testing.assert_allclose(
                [got.estimate, got.se, got.ci_low], [want["beta"], want["se"], want["ci_lb"]], rtol=1e-6
            )


def matrix_kenward_roger(v: np.ndarray, tau2: float) -> tuple[float, float]:
    """Kenward and Roger's own matrix formulas, for a single mean."""
    k = v.size
    x = np.ones((k, 1))
    inverse = np.diag(1 / (v + tau2))
    phi = np.linalg.inv(x.T @ inverse @ x)
    p1 = -x.T @ inverse @ inverse @ x
    q11 = x.T @ inverse @ inverse @ inverse @ x
    p = inverse - inverse @ x @ phi @ x.T @ inverse
    w = 1 / (0.5 * np.trace(p @ p))
    adjusted = phi + 2 * phi @ (w * (q11 - p1 @ phi @ p1)) @ phi
    a1 = w * np.trace(np.linalg.inv(phi) @ phi @ p1 @ phi) ** 2
    a2 = a1
    b = 0.5 * (a1 + 6 * a2)
    g = (2 * a1 - 5 * a2) / (3 * a2)
    c1, c2, c3 = g / (3 + 2 * (1 - g)), (1 - g) / (3 + 2 * (1 - g)), (3 - g) / (3 + 2 * (1 - g))
    e = 1 / (1 - a2)
    var = 2 * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    rho = var / (2 * e * e)
    return float(adjusted[0, 0]), 4 + 3 / (rho - 1)


def test_kenward_roger_is_the_matrix_formula() -> None:
    y, v = data("bcg_RR")
    tau2 = float(estimate(y, v).tau2)
    variance, df = kenward_roger(moments(arrange(y, v), tau2))
    want = matrix_kenward_roger(v, tau2)
    np.testing.assert_allclose([variance[0], df[0]], want, rtol=1e-9)
    fit = pooled_estimate(y, v, tau2, test="KR")
    assert fit.se == pytest.approx(math.sqrt(want[0]), rel=1e-10)
    # equal variances leave nothing to adjust
    variance, df = kenward_roger(moments(arrange([0.0, 1.0, 2.0], np.full(3, 0.5)), 0.2))
    assert (variance[0], df[0]) == (pytest.approx(0.7 / 3), pytest.approx(2.0))


def test_limits_of_tau2() -> None:
    y, v = data("bcg_RR")
    common = (y / v).sum() / (1 / v).sum()
    assert pooled_estimate(y, v, 0.0, test="z").estimate == pytest.approx(common, rel=1e-14)
    assert pooled_estimate(y, v, 1e-12, test="z").estimate == pytest.approx(common, rel=1e-8)
    assert pooled_estimate(y, v, 1e12, test="z").estimate == pytest.approx(y.mean(), rel=1e-9)


def test_bad_options() -> None:
    with pytest.raises(UnknownOptionError, match="hksj"):
        pooled_estimate([0.0, 1.0], [1.0, 1.0], 0.0, test="hk")
    with pytest.raises(InputError, match="level"):
        pooled_estimate([0.0, 1.0], [1.0, 1.0], 0.0, level=95)
    with pytest.raises(UnknownOptionError, match="HTS"):
        predictive([0.0, 1.0], [1.0, 1.0], 0.0, "Riley")


@pytest.mark.parametrize("name", DATASETS)
def test_q_profile_and_profile_likelihood_against_r(name: str) -> None:
    y, v = data(name)
    got = q_profile(y, v)
    np.testing.assert_allclose([got.low, got.high], REFERENCE[name]["QP"], rtol=1e-7, atol=1e-11)
    if REFERENCE[name].get("PL"):
        pl = profile_likelihood(y, v)
        rtol = 1e-4 if name == "normand1999_MD" else 1e-6
        np.testing.assert_allclose([pl.low, pl.high], REFERENCE[name]["PL"], rtol=rtol, atol=1e-9)


def test_profile_likelihood_ends_lie_at_the_cut() -> None:
    y, v = data("colditz1994")
    for restricted in (True, False):
        ci = profile_likelihood(y, v, restricted=restricted)
        rows = arrange(y, v)
        top = float(log_likelihood(rows, estimate(y, v, "REML" if restricted else "ML").tau2, restricted)[0])
        for end in (ci.low, ci.high):
            drop = top - float(log_likelihood(rows, end, restricted)[0])
            assert drop == pytest.approx(stats.chi2.ppf(0.95, 1) / 2, rel=1e-9)
    # van Houwelingen et al. 2002: 0.12 to 0.89
    assert (round(ci.low, 2), round(ci.high, 2)) == (0.12, 0.89)


def test_empty_set_is_flagged() -> None:
    y, v = np.array([0.1, 0.1001, 0.0999, 0.1, 0.1]), np.full(5, 0.2)
    for ci in (q_profile(y, v), generalised_q(y, v, 1 / v)):
        assert (ci.low, ci.high, ci.empty) == (0.0, 0.0, True)


@pytest.mark.parametrize("name", ["bcg_RR", "egger2001_magnesium", "hine1989_RD", "normand1999_MD"])
def test_biggerstaff_jackson_and_jackson_invert_their_test(name: str) -> None:
    y, v = data(name)
    rng = np.random.default_rng(4)
    for w in (1 / v, 1 / np.sqrt(v)):
        ci = generalised_q(y, v, w)
        mean = (w * y).sum() / w.sum()
        q = (w * (y - mean) ** 2).sum()
        for end, target in ((ci.low, 0.025), (ci.high, 0.975)):
            if end == 0:
                continue
            z = rng.normal(size=(y.size, 100_000)) * np.sqrt(v + end)[:, None]
            sim = (w[:, None] * (z - (w[:, None] * z).sum(axis=0) / w.sum()) ** 2).sum(axis=0)
            assert np.mean(sim > q) == pytest.approx(target, abs=0.003)


def test_heterogeneity_definitions() -> None:
    y, v = data("bcg_RR")
    dl = heterogeneity(y, v, estimate(y, v, "DL").tau2)
    assert dl.i2 == pytest.approx(float(dl.i2_q), rel=1e-12)
    reml = heterogeneity(y, v, estimate(y, v, "REML").tau2)
    want = REFERENCE["bcg_RR"]["fits"]["REML"]
    np.testing.assert_allclose(
        [reml.i2, reml.h2, reml.q, reml.q_p], [want[n] for n in ("I2", "H2", "QE", "QEp")]
    )
    w = 1 / v
    typical = 12 * w.sum() / (w.sum() ** 2 - (w**2).sum())
    assert reml.typical == pytest.approx(typical, rel=1e-12)


@pytest.mark.parametrize("name", DATASETS)
def test_henmi_copas_against_r(name: str) -> None:
    got = henmi_copas(*data(name))
    # R integrates and solves to about 1e-4 by default
    np.testing.assert_allclose([got.estimate, got.se], REFERENCE[name]["hc"][:2], rtol=1e-7)
    np.testing.assert_allclose([got.ci_low, got.ci_high], REFERENCE[name]["hc"][2:], rtol=2e-4, atol=1e-6)
    with pytest.raises(InputError, match="two studies"):
        henmi_copas([0.1], [0.1])


def test_henmi_copas_without_heterogeneity_is_close_to_wald() -> None:
    y, v = data("hine1989_RD")
    got = henmi_copas(y, v)
    half = 1.959964 / math.sqrt((1 / v).sum())
    assert 0.9 * half < 0.5 * (got.ci_high - got.ci_low) <= half * (1 + 1e-6)


def test_prediction_variants() -> None:
    y, v = data("bcg_RR")
    tau2 = float(estimate(y, v).tau2)
    w = 1 / (v + tau2)
    mean, se = (w * y).sum() / w.sum(), 1 / math.sqrt(w.sum())
    hk = se * math.sqrt((w * (y - mean) ** 2).sum() / 12)
    kr = math.sqrt(matrix_kenward_roger(v, tau2)[0])
    nu = matrix_kenward_roger(v, tau2)[1]
    wanted = {
        "normal": (se, np.inf),
        "V": (se, 12),
        "HTS": (se, 11),
        "HK": (hk, 12),
        "HK-PR": (hk, 11),
        "KR": (kr, nu),
        "KR-PR": (kr, nu - 1),
    }
    for kind, (error, df) in wanted.items():
        half = stats.t.ppf(0.975, df) * math.sqrt(tau2 + error**2)
        low, high = predictive(y, v, tau2, kind).interval(0.95)
        np.testing.assert_allclose([low, high], [mean - half, mean + half], rtol=1e-9)
    # metafor: default with a z test, and pi.type = "Riley"
    np.testing.assert_allclose(
        predictive(y, v, tau2, "normal").interval(0.95), [-1.866692217903, 0.4376275335866]
    )
    np.testing.assert_allclose(
        predictive(y, v, tau2, "HTS").interval(0.95), [-2.008375906923, 0.5793112226063]
    )


def test_bootstrap_prediction_distribution() -> None:
    y, v = data("egger2001_magnesium")
    grid, below = confidence_distribution(y, v)
    assert np.all(np.diff(below) >= 0)
    ends = generalised_q(y, v, 1 / v)
    np.testing.assert_allclose(np.interp([ends.low, ends.high], grid, below), [0.025, 0.975], atol=2e-3)
    one, two = nnf_sample(y, v, seed=1), nnf_sample(y, v, seed=1)
    assert np.array_equal(one, two)
    hts = predictive(y, v, estimate(y, v, "DL").tau2, "HTS").interval(0.95)
    low, high = np.quantile(one, [0.025, 0.975])
    # the bootstrap carries the uncertainty of tau2, so that it is wider than the plug-in interval
    assert low < hts[0]
    assert high > hts[1]


def test_intervals_survive_variances_over_twenty_decades() -> None:
    rng = np.random.default_rng(0)
    for _ in range(6):
        k = int(rng.integers(3, 20))
        v = 10 ** rng.uniform(-12, 8, k)
        y = rng.normal(size=k) * 10 ** rng.uniform(-6, 6)
        for w in (1 / v, 1 / np.sqrt(v)):
            ci = generalised_q(y, v, w)
            assert 0 <= ci.low <= ci.high < np.inf
        for ci in (q_profile(y, v), profile_likelihood(y, v)):
            assert 0 <= ci.low <= ci.high < np.inf


def test_weights_of_a_q_form_are_those_of_the_matrix() -> None:
    a, variance = np.array([1.0, 2.0, 4.0]), np.array([0.5, 1.0, 3.0])
    projection = np.diag(a) - np.outer(a, a) / a.sum()
    want = np.sort(np.linalg.eigvals(projection @ np.diag(variance)).real)[1:]
    np.testing.assert_allclose(q_form_weights(a, variance), want, rtol=1e-12)
