"""meta.bias: limits, significant_results, conditional, beta_weights."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import meta
from meta.bias.beta_likelihood import beta_terms
from meta.bias.conditional import conditional_loglik
from meta.errors import FewStudiesWarning, InputError, NotEstimableError, quiet

REFERENCE = json.loads((Path(__file__).parents[1] / "fixtures" / "bias_reference.json").read_text())


def hackshaw():
    return meta.effect_sizes(meta.datasets.load("hackshaw1998"), measure="GEN", yi="yi", vi="vi")


def magnesium():
    return meta.effect_sizes(meta.datasets.load("egger2001"), measure="OR", study="author")


def flipped(es):
    return meta.EffectSizes(-es.yi, es.vi, es.measure, es.study)


def test_limit_meta_analysis_is_the_radial_regression_extrapolated():
    es = magnesium()
    found = meta.bias.limit_meta_analysis(es)
    tau2 = meta.pool(es, test="z").tau2
    s = np.sqrt(es.vi + tau2)
    slope, intercept = np.polyfit(1 / s, es.yi / s, 1)
    assert [found.slope, found.intercept] == pytest.approx([slope, intercept], rel=1e-9)
    assert found.estimate == pytest.approx(slope + math.sqrt(tau2) * intercept, rel=1e-9)
    assert found.q == pytest.approx(REFERENCE["egger2001_magnesium"]["EE"]["QE"], rel=1e-9)
    assert found.q == pytest.approx(found.q_small + found.q_rest)
    egger = meta.bias.egger(es, model="mixed", method="EE")
    assert found.q_small == pytest.approx(egger.statistic**2, rel=1e-9)
    # a study's shrunken effects spread about the limit as the true effects do
    assert np.average(found.shrunken - found.estimate, weights=1 / s) == pytest.approx(0, abs=1e-9)


def test_limit_without_heterogeneity_is_eggers_intercept():
    found = meta.bias.limit_meta_analysis(hackshaw(), method=0.0)
    assert found.estimate == pytest.approx(meta.bias.egger(hackshaw()).limit, rel=1e-9)
    turned = meta.bias.limit_meta_analysis(flipped(hackshaw()), method=0.0)
    assert turned.estimate == pytest.approx(-found.estimate)


def test_p_curve_by_hand():
    z = np.array([2.0, 2.3, 2.6, 3.5, 4.0, 0.5, -3.0, 1.0, 2.1, 2.2, 2.9, 3.1, 2.05, 2.4])
    es = meta.EffectSizes(z, np.ones(14), "GEN", np.arange(14))
    found = meta.bias.p_curve(es)
    kept = z[z > 1.96]
    assert int(found.significant.sum()) == len(kept) == 11
    pp = 2 * norm.sf(kept) / 0.05
    assert found.statistic == pytest.approx(norm.ppf(pp).sum() / math.sqrt(11), rel=1e-9)
    near = kept[2 * norm.sf(kept) < 0.025]
    assert found.half_statistic == pytest.approx(
        norm.ppf(2 * norm.sf(near) / 0.025).sum() / math.sqrt(len(near)), rel=1e-9
    )
    assert found.shares.sum() == pytest.approx(1)
    turned = meta.bias.p_curve(flipped(es), direction="less")
    assert turned.statistic == pytest.approx(found.statistic)


def test_p_curve_tells_effects_from_selection():
    rng = np.random.default_rng(8)
    null = rng.normal(0, 1, 40_000)
    null = null[null > 1.96][:300]
    real = rng.normal(2.8, 1, 600)
    real = real[real > 1.96][:300]
    flat, skewed = (
        meta.bias.p_curve(meta.EffectSizes(z, np.ones(len(z)), "GEN", range(len(z)))) for z in (null, real)
    )
    assert skewed.evidential
    assert not skewed.inadequate
    assert abs(skewed.power - 0.8) < 0.07
    assert not flat.evidential
    assert flat.inadequate


def test_p_curve_refusal_and_few():
    es = meta.EffectSizes([0.1, 0.2, 0.3], [1, 1, 1], "GEN", list("ABC"))
    with pytest.raises(NotEstimableError, match="no study is significant"):
        meta.bias.p_curve(es)
    with pytest.warns(FewStudiesWarning):
        assert meta.bias.p_curve(hackshaw()).low_power


def test_p_uniform_star_recovers_a_selected_effect():
    rng = np.random.default_rng(12)
    se = rng.uniform(0.15, 0.5, 3000)
    y = rng.normal(0.3, np.sqrt(se**2 + 0.02))
    keep = (y / se > 1.96) | (rng.random(3000) < 0.2)
    es = meta.EffectSizes(y[keep], se[keep] ** 2, "GEN", np.arange(keep.sum()))
    found = meta.bias.p_uniform_star(es)
    assert abs(found.estimate - 0.3) < 4 * found.se
    assert meta.pool(es, test="z").estimate > 0.35
    other = meta.bias.p_uniform_star(flipped(es))
    assert (other.direction, other.estimate) == ("less", pytest.approx(-found.estimate, abs=1e-6))


def test_conditional_likelihood_is_a_truncated_normal():
    y, v, cut = np.array([0.9, -0.2]), np.array([0.1, 0.3]), np.array([0.6, 1.0])
    above = np.array([True, False])
    s = np.sqrt(v + 0.05)
    expected = norm.logpdf(y, 0.2, s) - np.array([norm.logsf(0.6, 0.2, s[0]), norm.logcdf(1.0, 0.2, s[1])])
    assert conditional_loglik(y, v, cut, above, 0.2, 0.05) == pytest.approx(expected.sum(), rel=1e-12)
    with pytest.raises(InputError, match="one tail"):
        meta.bias.p_uniform_star(hackshaw(), direction="two-sided")


def test_beta_selection_hackshaw():
    # the reference integrates the normalising constants to about 1e-5 each; the likelihood is flat
    r = REFERENCE["hackshaw1998_sel"]["beta"]
    found = meta.bias.beta_selection(hackshaw())
    assert found.loglik == pytest.approx(r["ll"], rel=1e-4)
    assert [found.estimate, found.tau2] == pytest.approx([r["beta"], r["tau2"]], rel=2e-3)
    assert found.se == pytest.approx(r["se"], rel=1e-2)
    assert found.weights == pytest.approx(r["delta"], rel=2e-3)
    assert [found.lrt, found.lrt_p] == pytest.approx([r["LRT"], r["LRTp"]], rel=5e-4)
    turned = meta.bias.beta_selection(flipped(hackshaw()))
    assert (turned.direction, turned.estimate) == ("less", pytest.approx(-found.estimate, rel=1e-4))


def test_beta_density_integrates_to_one():
    v, theta = np.array([0.2]), np.array([0.3, 0.1, 1.6, 0.8])
    total = quad(
        lambda y: math.exp(beta_terms(np.array([y]), v, np.ones((1, 1)), theta)[0][0]),
        -6,
        6,
        limit=200,
        points=(-1.9073, 1.9073),
    )[0]
    assert total == pytest.approx(1, abs=1e-7)
    with pytest.raises(InputError, match="one tail"):
        meta.bias.beta_selection(hackshaw(), direction="two-sided")


def test_all_of_them_print_and_export():
    with quiet():
        found = [
            meta.bias.limit_meta_analysis(magnesium()),
            meta.bias.p_curve(hackshaw()),
            meta.bias.p_uniform_star(hackshaw()),
            meta.bias.beta_selection(hackshaw()),
        ]
    for result in found:
        assert json.dumps(result.to_dict())
        assert "k = " in result.summary() or "of 37" in result.summary()
