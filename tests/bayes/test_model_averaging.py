"""meta.bayes.averaging, ensemble, bias_models and bias_evidence against published and brute-force numbers."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

import meta
from meta.bayes import averaging as averaging_module
from meta.bayes import model_average
from meta.bayes.bias_evidence import fit_bias, slope_rule, weight_rule
from meta.bayes.bias_models import ENSEMBLES, PEESE, PET, WeightFunction
from meta.effects.effect_size_table import EffectSizes
from meta.errors import (
    ConvergenceWarning,
    FewStudiesWarning,
    InputError,
    NotEstimableError,
    UnknownOptionError,
)

FIXTURES = Path(__file__).parents[1] / "fixtures"
POWER_POSE = json.loads((FIXTURES / "bayes_quadrature.json").read_text())["bayes_power_pose_gronau2017"]
Y = np.array([0.42, 0.15, 0.61, 0.33, -0.05, 0.28])
V = np.array([0.040, 0.012, 0.055, 0.020, 0.015, 0.030])
PRIORS = {"effect": meta.Normal(0.0, 1.0), "tau": meta.InverseGamma(1, 0.15)}

# Bem 2011 as coded by Bem, Utts & Johnson 2011 (doi:10.1037/a0024777), the data set Bem2011 of RoBMA.
BEM_D = np.array([0.25, 0.20, 0.26, 0.23, 0.22, 0.15, 0.09, 0.19, 0.42])
BEM_SE = np.array(
    [
        0.10155048,
        0.08246211,
        0.10323629,
        0.10182427,
        0.10120277,
        0.08210765,
        0.07085372,
        0.10089846,
        0.14752627,
    ]
)
BEM_N = (BEM_D**2 + 8) / (2 * BEM_SE**2)


def fisher_z(d):
    return np.arctanh(d / np.sqrt(d * d + 4))


BEM = {"y": fisher_z(BEM_D), "v": 1 / (BEM_N - 3)}


def bem_cutoffs(p):
    """Effects whose two-sample t-test has exactly this p-value, as RoBMA takes them."""
    return fisher_z(2 * stats.t.isf(p, BEM_N - 2) / np.sqrt(BEM_N))


# Published to two digits in the vignette "Fitting custom meta-analytic ensembles" of RoBMA 3, whose priors
# on Cohen's d are halved for Fisher's z (and the slope of PEESE doubled).
@pytest.mark.parametrize(
    ("bias", "want"),
    [
        (None, -3.28),
        (WeightFunction((0.05,)), 13.70),
        (WeightFunction((0.05, 0.1)), 12.58),
        (PET(meta.HalfCauchy(1)), 15.75),
        (PEESE(meta.HalfCauchy(10)), 15.65),
    ],
    ids=str,
)
def test_published_marginal_likelihoods_of_single_models(bias, want):
    got = fit_bias(**BEM, bias=bias, cutoffs=bem_cutoffs)
    assert got.log_evidence == pytest.approx(want, abs=0.012)
    assert got.error < 1e-5


# README of RoBMA 2.x, default ensemble (36 models); bridge sampling and MCMC, so to their error.
@pytest.mark.slow
def test_published_robma_of_bem():
    bias = [PEESE(meta.HalfCauchy(10), 0.25) if isinstance(b, PEESE) else b for b in ENSEMBLES["psma"][0]]
    got = model_average(
        yi=BEM["y"],
        vi=BEM["v"],
        effect=meta.Normal(0, 0.5),
        tau=meta.InverseGamma(1, 0.075),
        bias=bias,
        cutoffs=bem_cutoffs,
    )
    assert len(got.models) == 36
    assert got.probability_of("effect") == pytest.approx(0.324, abs=0.001)
    assert got.probability_of("heterogeneity") == pytest.approx(0.125, abs=0.001)
    assert got.probability_of("bias") == pytest.approx(0.942, abs=0.001)
    assert got.bf_effect == pytest.approx(0.479, rel=0.01)
    assert got.bf_heterogeneity == pytest.approx(0.143, rel=0.01)
    assert got.bf_bias == pytest.approx(16.323, rel=0.01)
    low, high = (2 * np.sinh(end) for end in got.interval())
    assert 2 * got.estimate == pytest.approx(0.037, abs=0.002)
    assert (low, high) == (pytest.approx(-0.041, abs=0.01), pytest.approx(0.213, abs=0.01))
    assert 2 * got.tau == pytest.approx(0.010, abs=0.001)
    assert got.ppf(0.5) == 0.0
    assert got.error < 1e-5


def test_power_pose_of_gronau_2017():
    got = model_average(
        yi=POWER_POSE["y"],
        vi=np.square(POWER_POSE["se"]),
        effect=meta.HalfCauchy(2**-0.5),
        tau=meta.InverseGamma(1, 0.15),
    )
    assert got.bf_effect == pytest.approx(POWER_POSE["BF_incl_effect"], rel=1e-7)
    assert got.bf_heterogeneity == pytest.approx(POWER_POSE["BF_incl_het"], rel=1e-7)
    assert np.isnan(got.bf_bias)
    evidence = {(m.effect, m.heterogeneity): m.log_evidence for m in got.models}
    order = [(False, False), (True, False), (False, True), (True, True)]
    np.testing.assert_allclose([evidence[at] for at in order], POWER_POSE["logml"], atol=1e-7)


@pytest.mark.parametrize("tau", [meta.HalfCauchy(0.5), meta.Uniform(0, 0.8), meta.InverseGamma(1, 0.15)])
def test_without_bias_it_is_the_exact_engine(tau):
    exact = meta.bayes(yi=Y, vi=V, effect=meta.Normal(0.1, 0.7), tau=tau)
    got = fit_bias(Y, V, effect=meta.Normal(0.1, 0.7), tau=tau)
    assert got.log_evidence == pytest.approx(exact.log_evidence, abs=1e-8)
    assert float(got.mu.mean) == pytest.approx(exact.estimate, rel=1e-7)
    assert got.tau == pytest.approx(exact.tau.mean, rel=1e-6)
    np.testing.assert_allclose(got.mu.cdf([0.0, 0.3]), exact.cdf([0.0, 0.3]), atol=1e-7)
    none = fit_bias(Y, V, tau=tau)
    assert none.log_evidence == pytest.approx(exact.core.log_point(0.0), abs=1e-8)


@pytest.mark.parametrize(("bias", "power"), [(PET(), 1.0), (PEESE(), 2.0)], ids=["PET", "PEESE"])
@pytest.mark.parametrize("heterogeneous", [False, True])
def test_slopes_with_the_mean_integrated_analytically(bias, power, heterogeneous):
    x = np.sqrt(V) ** power
    effect, tau = meta.Normal(0.1, 0.6), meta.HalfNormal(0.3)

    def joint(b, t):
        cov = np.diag(V + t * t) + 0.36
        gap = Y - 0.1 - b * x
        log = -0.5 * (gap @ np.linalg.solve(cov, gap) + np.linalg.slogdet(2 * np.pi * cov)[1])
        return np.exp(log + float(bias.prior.logpdf(b)))

    slope, weight = np.polynomial.legendre.leggauss(200)
    u = 0.5 * (slope + 1)
    b, wb = bias.prior.scale * u / (1 - u), 0.5 * weight * bias.prior.scale / (1 - u) ** 2
    node, rule = np.polynomial.legendre.leggauss(40)
    t, wt = 0.75 * (node + 1), 0.75 * rule * np.exp(tau.logpdf(0.75 * (node + 1)))
    if not heterogeneous:
        t, wt = np.zeros(1), np.ones(1)
    want = sum(
        w1 * w2 * joint(b1, t1) for b1, w1 in zip(b, wb, strict=True) for t1, w2 in zip(t, wt, strict=True)
    )
    got = fit_bias(Y, V, bias=bias, effect=effect, tau=tau if heterogeneous else None)
    assert got.log_evidence == pytest.approx(np.log(want), abs=1e-5)
    assert got.error < 1e-4


def selected_likelihood(mu, tau, omega, bias):
    """Plain density of step-function selection, one study after the other."""
    total = 1.0
    ends = np.array([0.0, *bias.steps, 1.0])
    for y, v in zip(Y, V, strict=True):
        s, se = np.sqrt(v + tau**2), np.sqrt(v)
        if bias.sided == "one":
            p = stats.norm.sf(y / se)
            mass = np.diff(stats.norm.sf(se * stats.norm.isf(ends), mu, s))
        else:
            p = 2 * stats.norm.sf(abs(y) / se)
            cut = se * stats.norm.isf(ends / 2)
            mass = np.diff(stats.norm.sf(cut, mu, s) + stats.norm.cdf(-cut, mu, s))
        own = omega[np.searchsorted(bias.steps, p)]
        total *= own * stats.norm.pdf(y, mu, s) / (mass @ omega)
    return total


@pytest.mark.parametrize("sided", ["one", "two"])
def test_one_free_weight_by_brute_force(sided):
    bias = WeightFunction((0.05,), sided)
    want = integrate.quad(lambda w: selected_likelihood(0.1, 0.2, [1.0, w], bias), 0, 1, epsabs=0)[0]
    point = fit_bias(Y, V, bias=bias, effect=meta.Normal(0.1, 1e-5), tau=meta.Uniform(0.19999, 0.20001))
    assert point.log_evidence == pytest.approx(np.log(want), abs=1e-5)
    null = integrate.quad(lambda w: selected_likelihood(0.0, 0.0, [1.0, w], bias), 0, 1, epsabs=0)[0]
    assert fit_bias(Y, V, bias=bias).log_evidence == pytest.approx(np.log(null), abs=1e-8)


@pytest.mark.parametrize("bias", [WeightFunction((0.025, 0.05)), WeightFunction((0.05, 0.1), "two")], ids=str)
def test_two_free_weights_by_brute_force(bias):
    node, rule = np.polynomial.legendre.leggauss(40)
    u, w = 0.5 * (node + 1), 0.5 * rule
    # Uniform over 1 > a > b > 0: density 2, b = a r with Jacobian a.
    want = sum(
        2 * a * wa * wr * selected_likelihood(0.0, 0.0, np.array([1.0, a, a * r]), bias)
        for a, wa in zip(u, w, strict=True)
        for r, wr in zip(u, w, strict=True)
    )
    got = fit_bias(Y, V, bias=bias)
    assert got.log_evidence == pytest.approx(np.log(want), abs=1e-5)
    assert got.error < 1e-6


def test_three_free_weights_by_simulation():
    bias = WeightFunction((0.025, 0.05, 0.5))
    falling = -np.sort(-np.random.default_rng(1).uniform(size=(400_000, 3)), axis=1)
    omega = np.column_stack([np.ones(len(falling)), falling])
    # Without an effect and heterogeneity, the p-values are uniform before selection.
    mass = omega @ np.diff([0.0, *bias.steps, 1.0])
    own = np.searchsorted(bias.steps, stats.norm.sf(Y / np.sqrt(V)))
    drawn = np.prod(omega[:, own], axis=1) / mass**Y.size * np.exp(fit_bias(Y, V).log_evidence)
    error = drawn.std() / drawn.mean() / np.sqrt(drawn.size)
    got = fit_bias(Y, V, bias=bias)
    assert np.exp(got.log_evidence) / drawn.mean() == pytest.approx(1.0, abs=4 * error)
    assert error < 0.005
    assert got.error < 1e-5


def test_selection_with_mean_and_heterogeneity_by_brute_force():
    bias = WeightFunction((0.025,))
    effect, tau = meta.Normal(0.0, 0.5), meta.HalfNormal(0.3)
    mu, t = np.linspace(-2.2, 1.5, 160), (np.arange(60) + 0.5) / 60 * 1.2
    w = (np.arange(60) + 0.5) / 60
    s = np.sqrt(V + t[:, None] ** 2)
    selected = stats.norm.sf(Y / np.sqrt(V)) <= 0.025
    share = stats.norm.sf((1.959963984540054 * np.sqrt(V) - mu[:, None, None]) / s)
    log = stats.norm.logpdf(Y, mu[:, None, None], s).sum(axis=-1)[..., None]
    log = log + (~selected).sum() * np.log(w)
    log = log - np.log(share[..., None] + (1 - share[..., None]) * w).sum(axis=2)
    joint = np.exp(log + effect.logpdf(mu)[:, None, None] + tau.logpdf(t)[:, None])
    cell = (mu[1] - mu[0]) * (t[1] - t[0]) * (w[1] - w[0])
    got = fit_bias(Y, V, bias=bias, effect=effect, tau=tau)
    assert got.log_evidence == pytest.approx(np.log(joint.sum() * cell), abs=2e-3)
    by_mu = joint.sum(axis=(1, 2)) / joint.sum()
    assert float(got.mu.mean) == pytest.approx(by_mu @ mu, abs=1e-3)
    assert float(got.mu.sd) == pytest.approx(np.sqrt(by_mu @ (mu - by_mu @ mu) ** 2), abs=1e-3)
    assert got.tau == pytest.approx((joint.sum(axis=(0, 2)) / joint.sum()) @ t, abs=1e-3)


def test_rules_carry_the_priors():
    omega, log_weight = weight_rule(3, 8)
    weight = np.exp(log_weight)
    assert weight.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(weight @ omega, [1.0, 0.75, 0.5, 0.25])
    assert np.all(np.diff(omega, axis=1) <= 0)
    slope, log_slope = slope_rule(Y, V, np.sqrt(V), meta.HalfNormal(2.0), 14)
    assert np.exp(log_slope).sum() == pytest.approx(1.0, abs=1e-9)
    assert np.exp(log_slope) @ slope == pytest.approx(2 * np.sqrt(2 / np.pi), abs=1e-8)


PP = partial(model_average, **PRIORS, bias="pp")


def test_row_order_and_direction_change_nothing_else():
    got = PP(yi=Y, vi=V)
    again = PP(yi=Y[::-1], vi=V[::-1])
    mirrored = PP(yi=-Y, vi=V, direction="less")
    for one in (again, mirrored):
        assert one.bf_effect == pytest.approx(got.bf_effect, rel=1e-6)
        assert one.bf_bias == pytest.approx(got.bf_bias, rel=1e-6)
    low, high = mirrored.interval()
    assert (-high, -low) == pytest.approx(got.interval(), abs=1e-6)
    assert mirrored.estimate == pytest.approx(-got.estimate, rel=1e-6)
    against = PP(yi=Y, vi=V, direction="less")
    assert against.bf_bias != pytest.approx(got.bf_bias, rel=0.01)


def test_a_change_of_units_leaves_the_bayes_factors():
    c = 15.0
    bias = [WeightFunction((0.05,)), PET(), PEESE(meta.HalfCauchy(5.0))]
    scaled = [WeightFunction((0.05,)), PET(), PEESE(meta.HalfCauchy(5.0 / c))]
    got = model_average(yi=Y, vi=V, **PRIORS, bias=bias)
    wide = {name: prior.scaled(c) for name, prior in PRIORS.items()}
    again = model_average(yi=c * Y, vi=c * c * V, **wide, bias=scaled)
    assert again.bf_effect == pytest.approx(got.bf_effect, rel=1e-5)
    assert again.bf_heterogeneity == pytest.approx(got.bf_heterogeneity, rel=1e-5)
    assert again.bf_bias == pytest.approx(got.bf_bias, rel=1e-5)
    assert again.estimate == pytest.approx(c * got.estimate, rel=1e-5)


def test_the_ensemble_adds_up():
    es = EffectSizes(Y, V, "SMD", list("abcdef"))
    got = model_average(es, bias=[WeightFunction((0.05,), weight=3.0), PET()], p_effect=0.4, p_bias=0.6)
    table, tidy = got.table(), got.tidy()
    assert len(table) == len(got.models) == 12
    assert table["prior"].sum() == pytest.approx(1.0)
    assert table["posterior"].sum() == pytest.approx(1.0)
    by_bias = table.groupby("bias")["prior"].sum()
    assert by_bias.to_dict() == pytest.approx({"none": 0.4, "one-sided 0.05": 0.45, "PET": 0.15})
    assert tidy["component"].tolist() == ["effect", "heterogeneity", "bias"]
    share = table.loc[table["effect"], "posterior"].sum()
    assert got.probability_of("effect") == pytest.approx(share)
    assert got.bf_effect == pytest.approx(share / (1 - share) / (0.4 / 0.6))
    assert got.probability_of("bias", prior=True) == pytest.approx(0.6)
    low, high = got.interval()
    for end, q in ((low, 0.025), (high, 0.975)):
        assert end == 0.0 or float(got.cdf(end)) == pytest.approx(q, abs=1e-9)
    inner = got.interval(conditional=True)
    np.testing.assert_allclose(got.cdf(inner, conditional=True), [0.025, 0.975], atol=1e-9)
    atom = float(got.cdf(0.0)) - float(got.cdf(-1e-12))
    assert atom == pytest.approx(1 - share, abs=1e-9)
    assert got.conditional_estimate == pytest.approx(got.estimate / share)
    assert (got.effect_prior, got.tau_prior) == (meta.Normal(0, 1), meta.InverseGamma(1, 0.15))
    assert len(got.to_dict()["models"]) == 12
    assert json.loads(json.dumps(got.to_dict()))["k"] == 6
    text = str(got)
    for part in (
        "12 models",
        "inclusion BF",
        "numerical error",
        "bias favours greater effects",
        "mu ~ Normal",
    ):
        assert part in text
    assert (got.ci_low, got.ci_high) == (low, high)
    assert "models=12" in repr(got)


def test_the_data_speak_for_what_they_hold():
    rng = np.random.default_rng(3)
    v = rng.uniform(0.01, 0.1, 25)
    biased = rng.normal(2.2 * np.sqrt(v), np.sqrt(v))
    clean = rng.normal(0.4, np.sqrt(v))
    small = {"bias": [PET()], **PRIORS}
    assert model_average(yi=biased, vi=v, **small).bf_bias > 10
    honest = model_average(yi=clean, vi=v, **small)
    assert honest.bf_bias < 1
    assert honest.bf_effect > 10
    assert honest.bf_heterogeneity < 1


def test_extreme_data_do_not_overflow():
    got = model_average(yi=[50.0, 51.0, 49.0], vi=[0.01, 0.02, 0.03], **PRIORS)
    assert got.bf_heterogeneity == np.inf
    exact = fit_bias(np.array([0.3, 0.31, 0.29]), np.full(3, 1e-6), bias=PET())
    # One common standard error: the slope times 0.001 is a mean whose prior is half-Cauchy(0.001).
    same = meta.bayes(yi=[0.3, 0.31, 0.29], vi=[1e-6] * 3, effect=meta.HalfCauchy(1e-3), tau=0.0).log_evidence
    assert exact.log_evidence == pytest.approx(same, abs=1e-6)


def test_limits_are_said_aloud(monkeypatch):
    with pytest.warns(FewStudiesWarning, match="k = 2"):
        got = model_average(yi=Y[:2], vi=V[:2], **PRIORS)
    assert any("k = 2" in message for message in got.warnings)
    assert "note: k = 2" in got.summary()
    monkeypatch.setattr(averaging_module, "MAX_ERROR", 0.0)
    with pytest.warns(ConvergenceWarning, match="relative numerical error"):
        model_average(yi=Y, vi=V, **PRIORS)


def test_refusals():
    data = {"yi": Y, "vi": V}
    with pytest.raises(UnknownOptionError, match="psma"):
        model_average(**data, **PRIORS, bias="robma")
    with pytest.raises(UnknownOptionError, match="direction"):
        model_average(**data, **PRIORS, direction="up")
    with pytest.raises(InputError, match="no default priors"):
        model_average(**data)
    with pytest.raises(NotEstimableError, match="proper priors"):
        model_average(**data, effect=meta.Flat(), tau=meta.HalfNormal(1))
    with pytest.raises(InputError, match="always averaged over"):
        model_average(**data, effect=meta.Normal(0, 1), tau=0.2)
    with pytest.raises(InputError, match="p_effect must lie"):
        model_average(**data, **PRIORS, p_effect=1.0)
    with pytest.raises(InputError, match="WeightFunction, PET and PEESE"):
        model_average(**data, **PRIORS, bias=["PET"])
    with pytest.raises(InputError, match="one finite effect a study"):
        model_average(**data, **PRIORS, bias=[WeightFunction((0.05,))], cutoffs=lambda p: np.array([1.0]))
    with pytest.raises(InputError, match="one to 3 steps"):
        WeightFunction((0.01, 0.025, 0.05, 0.5))
    with pytest.raises(InputError, match="ascend"):
        WeightFunction((0.05, 1.0))
    with pytest.raises(UnknownOptionError, match="sided"):
        WeightFunction((0.05,), "both")
    with pytest.raises(InputError, match="positive values"):
        PET(meta.Normal(0, 1))
    with pytest.raises(InputError, match="weight"):
        PEESE(weight=0.0)
    with pytest.raises(InputError, match="level"):
        model_average(**data, **PRIORS, level=95)
    covariance = np.diag(V)
    covariance[0, 1] = covariance[1, 0] = 0.001
    es = EffectSizes(Y, V, "SMD", list("abcdef"), covariance=covariance)
    with pytest.raises(InputError, match="exact, independent effects"):
        model_average(es)
    got = model_average(**data, **PRIORS)
    with pytest.raises(UnknownOptionError, match="component"):
        got.inclusion("mu")
    with pytest.raises(InputError, match="q must lie"):
        got.ppf(1.0)


def test_named_ensembles_weigh_selection_and_slopes_the_same():
    psma, _ = ENSEMBLES["psma"]
    assert len(psma) == 8
    assert sum(one.weight for one in psma) == pytest.approx(1.0)
    assert sum(one.weight for one in psma if isinstance(one, WeightFunction)) == pytest.approx(0.5)
    assert [len(models) for models, _ in ENSEMBLES.values()] == [8, 2, 2]
