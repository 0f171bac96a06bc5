"""Measures against worked examples in print and against definitions computed another way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import ndtri

import meta
from meta.effects.measures import association, core, generic, paired, superiority
from meta.kernels.hedges_correction import hedges_j


def one(measure, **given):
    es = meta.effect_sizes(measure=measure, **given)
    return es.yi.item(), es.vi.item()


TWO_GROUPS = {"mean1": [103], "sd1": [5.5], "n1": [50], "mean2": [100], "sd2": [4.5], "n2": [50]}
TABLE = {"events1": [5], "n1": [100], "events2": [10], "n2": [100]}


@pytest.mark.parametrize(
    ("measure", "given", "options", "yi", "vi"),
    [
        ("MD", TWO_GROUPS, {"vtype": "HO"}, 3.0, 1.0100),
        ("SMD", TWO_GROUPS, {"vtype": "LS2", "exact": False}, 0.5924, 0.0411),
        ("RR", TABLE, {}, -0.6931, 0.2800),
        ("OR", TABLE, {}, -0.7472, 0.3216),
        ("RD", TABLE, {}, -0.0500, 0.001375),
        ("COR", {"r": [0.5], "n": [100]}, {}, 0.5, 0.00568),
        ("ZCOR", {"r": [0.5], "n": [100]}, {}, 0.5493, 0.0103),
    ],
)
def test_borenstein_2009_chapters_4_to_6(measure, given, options, yi, vi):
    got = one(measure, **given, **options)
    assert got == pytest.approx((yi, vi), abs=6e-5)


def test_hedges_j_by_gamma_and_its_approximation():
    exact = math.gamma(5) / (math.sqrt(5) * math.gamma(4.5))
    g_exact, _ = one("SMD", d=[1.0], n1=[6], n2=[6])
    g_approx, _ = one("SMD", d=[1.0], n1=[6], n2=[6], exact=False)
    assert g_exact == pytest.approx(exact, rel=1e-13)
    assert g_approx == pytest.approx(1 - 3 / 39, rel=1e-13)


def test_large_samples_do_not_overflow_the_factor():
    g, v = one("SMD", d=[0.5], n1=[200_000], n2=[200_000])
    assert g == pytest.approx(0.5 * (1 - 3 / (4 * 399_998 - 1)), rel=1e-10)
    assert v == pytest.approx(2 / 200_000 + 0.25 / 800_000, rel=1e-5)


def test_unbiased_smd_variance_is_unbiased_under_the_noncentral_t():
    """E[UB variance] equals the exact variance of g, J² m/(m - 2) (1/ñ)(1 + ñ δ²) - δ²."""
    n1, n2, delta = 6.0, 9.0, 0.8
    m, effective = n1 + n2 - 2, n1 * n2 / (n1 + n2)
    j = hedges_j(m).item()
    exact = j**2 * m / (m - 2) * (1 / effective) * (1 + effective * delta**2) - delta**2

    def expected(x):
        d = np.array([x / math.sqrt(effective)])
        v = meta.effects.measures.mean_differences.smd_variance(
            d, np.array([n1]), np.array([n2]), vtype="UB"
        ).vi.item()
        return v * stats.nct.pdf(x, m, delta * math.sqrt(effective))

    value, _ = integrate.quad(expected, -15, 40, limit=400)
    assert value == pytest.approx(exact, rel=1e-6)


def test_revman_variance_of_g():
    _, v = one("SMD", **TWO_GROUPS, vtype="RM")
    g, _ = one("SMD", **TWO_GROUPS)
    assert v == pytest.approx(100 / 2500 + g**2 / (2 * 96.06), rel=1e-12)


def test_average_g_enters_the_av_variance():
    given = {"d": [0.2, 0.8], "n1": [10, 30], "n2": [10, 30]}
    g = meta.effect_sizes(measure="SMD", **given).yi
    v = meta.effect_sizes(measure="SMD", vtype="AV", **given).vi
    mean = (20 * g[0] + 60 * g[1]) / 80
    assert v == pytest.approx([0.2 + mean**2 / 40, 2 / 30 + mean**2 / 120], rel=1e-12)


def test_smd1_standardises_by_group_2():
    g, v = one("SMD1", mean1=[12], sd1=[1], n1=[20], mean2=[10], sd2=[4], n2=[25])
    assert g == pytest.approx(hedges_j(24).item() * 0.5, rel=1e-13)
    assert v == pytest.approx(1 / 20 + 1 / 25 + g**2 / 50, rel=1e-13)


def test_smd1h_of_bonett_2008():
    g, v = one("SMD1H", mean1=[12], sd1=[1], n1=[20], mean2=[10], sd2=[4], n2=[25])
    assert v == pytest.approx(1 / (16 * 19) + 1 / 24 + g**2 / 48, rel=1e-13)


ROM = {"mean1": [12.0], "sd1": [3.0], "n1": [9], "mean2": [8.0], "sd2": [1.0], "n2": [16]}
CORRECTION = (9 / (9 * 144) - 1 / (16 * 64)) / 2


def test_rom_bias_correction_of_lajeunesse_2015_is_on_and_switchable():
    with_it, v = one("ROM", **ROM)
    without, v_without = one("ROM", **ROM, bias_correction=False)
    assert without == pytest.approx(math.log(1.5), rel=1e-14)
    assert with_it - without == pytest.approx(CORRECTION, rel=1e-10)
    assert v == v_without == pytest.approx(9 / (9 * 144) + 1 / (16 * 64), rel=1e-13)


def test_cvr_switch_concerns_the_ratio_of_means_part_alone():
    with_it, _ = one("CVR", **ROM)
    without, _ = one("CVR", **ROM, bias_correction=False)
    spread = math.log(3) + 1 / 16 - 1 / 30
    assert without == pytest.approx(spread - math.log(1.5), rel=1e-13)
    assert with_it == pytest.approx(without - CORRECTION, rel=1e-13)


def test_rom_average_over_studies_and_arms():
    given = {name: np.array(x * 2, dtype=float) for name, x in ROM.items()}
    given["sd1"][1] = 6.0
    es = meta.effect_sizes(measure="ROM", vtype="AVHO", **given)
    cv = (9 * 0.25 + 16 * 0.125 + 9 * 0.5 + 16 * 0.125) / 50
    assert es.vi == pytest.approx([cv**2 * (1 / 9 + 1 / 16)] * 2, rel=1e-12)


PAIRED = {"mean_pre": [20.0], "sd_pre": [4.0], "mean_post": [26.0], "sd_post": [6.0], "n": [11], "r": [0.5]}
CHANGE_SD = math.sqrt(16 + 36 - 24)


def test_pre_post_is_after_minus_before_over_the_sd_before():
    g, v = one("SMCR", **PAIRED)
    assert g == pytest.approx(hedges_j(10).item() * 6 / 4, rel=1e-13)
    assert v == pytest.approx(2 * 0.5 / 11 + g**2 / 22, rel=1e-13)


def test_pre_post_variance_is_not_the_misprinted_one_of_borenstein_4_28():
    given = {**PAIRED, "r": [0.7]}
    g, v = one("SMCR", **given)
    assert v == pytest.approx(2 * 0.3 / 11 + g**2 / 22, rel=1e-13)
    assert v != pytest.approx((1 / 11 + g**2 / 22) * 2 * 0.3, rel=0.1)


def test_smcc_and_mean_change():
    assert one("MC", **PAIRED) == pytest.approx((6.0, 28 / 11), rel=1e-13)
    g, v = one("SMCC", **PAIRED)
    assert g == pytest.approx(hedges_j(10).item() * 6 / CHANGE_SD, rel=1e-13)
    assert v == pytest.approx(1 / 11 + g**2 / 22, rel=1e-13)
    assert one("SMCC", mean_change=[6.0], sd_change=[CHANGE_SD], n=[11]) == pytest.approx((g, v), rel=1e-12)


def test_smcrp_of_cousineau_2020():
    g, v = one("SMCRP", **PAIRED)
    assert g == pytest.approx(hedges_j(2 * 10 / 1.25).item() * 6 / math.sqrt(26), rel=1e-13)
    assert v == pytest.approx(1 / 11 + g**2 * 1.25 / 44, rel=1e-13)


def test_smcrph_reduces_to_smcrp_for_equal_spread_but_for_the_n():
    equal = {**PAIRED, "sd_post": [4.0]}
    g, v = one("SMCRP", **equal)
    gh, vh = one("SMCRPH", **equal)
    assert gh == pytest.approx(g, rel=1e-13)
    assert vh == pytest.approx(v * 11 / 10, rel=1e-12)


def test_romc_correction_and_covariance():
    with_it, v = one("ROMC", **PAIRED)
    without, _ = one("ROMC", **PAIRED, bias_correction=False)
    cv1, cv2 = 6 / 26, 4 / 20
    assert without == pytest.approx(math.log(1.3), rel=1e-13)
    assert with_it - without == pytest.approx((cv1**2 - cv2**2) / 22, rel=1e-10)
    assert v == pytest.approx((cv1**2 + cv2**2 - cv1 * cv2) / 11, rel=1e-13)


def test_crossover_names_are_the_same_as_after_and_before():
    crossover = {"mean1": [26.0], "sd1": [6.0], "mean2": [20.0], "sd2": [4.0], "n": [11], "r": [0.5]}
    for measure in ("MC", "SMCC", "SMCR", "SMCRH", "SMCRP", "SMCRPH", "ROMC", "CVRC", "CLESCN"):
        assert one(measure, **crossover) == one(measure, **PAIRED)


def test_partial_correlation_counts_the_focal_predictor():
    """With q = m - 1 others held fixed, a partial r is an r from n - q people."""
    for measure, plain in (("PCOR", "COR"), ("ZPCOR", "ZCOR")):
        assert one(measure, r=[0.4], n=[30], m=[4]) == one(plain, r=[0.4], n=[27])
    assert one("PCOR", r=[0.4], n=[30], m=[1]) == one("COR", r=[0.4], n=[30])


def test_unbiased_correlation_is_unbiased_for_the_square_too():
    """UB: E[G²] - rho² integrated over the exact density of r (Hotelling's, n = 8, rho = 0.5)."""
    n, rho = 8, 0.5
    r = np.linspace(-1, 1, 200_003)[1:-1]
    log_density = (
        (n - 1) / 2 * np.log1p(-(rho**2)) + (n - 4) / 2 * np.log1p(-(r**2)) - (n - 1.5) * np.log1p(-rho * r)
    )
    from scipy.special import hyp2f1

    density = np.exp(log_density) * hyp2f1(0.5, 0.5, n - 0.5, (1 + rho * r) / 2)
    density /= np.trapezoid(density, r)
    es = meta.effect_sizes(measure="UCOR", r=r, n=np.full(r.shape, n), vtype="UB")
    mean, square = np.trapezoid(es.yi * density, r), np.trapezoid(es.yi**2 * density, r)
    assert mean == pytest.approx(rho, abs=2e-6)
    vi = np.where(np.isnan(es.vi), 0.0, es.vi)
    assert np.trapezoid(vi * density, r) == pytest.approx(square - rho**2, abs=1e-5)


def test_r_to_z_of_other_coefficients_uses_the_delta_method():
    for plain, z in (("PHI", "ZPHI"), ("RTET", "ZTET")):
        y, v = one(plain, events1=[12], n1=[40], events2=[22], n2=[38])
        assert one(z, events1=[12], n1=[40], events2=[22], n2=[38]) == pytest.approx(
            (math.atanh(y), v / (1 - y**2) ** 2), rel=1e-12
        )
    for plain, z in (("RPB", "ZPB"), ("RBIS", "ZBIS")):
        y, v = one(plain, **TWO_GROUPS)
        assert one(z, **TWO_GROUPS) == pytest.approx((math.atanh(y), v / (1 - y**2) ** 2), rel=1e-12)
    y, v = one("SPCOR", r=[0.3], n=[50], r2=[0.4])
    assert one("ZSPCOR", r=[0.3], n=[50], r2=[0.4]) == pytest.approx((math.atanh(y), v / (1 - y**2) ** 2))


@pytest.mark.parametrize("cells", [(30, 10, 15, 45), (5, 95, 10, 90), (1, 9, 900, 90), (50, 50, 50, 51)])
def test_tetrachoric_reproduces_the_table(cells):
    a, b, c, d = cells
    n = sum(cells)
    r, _ = one("RTET", events1=[a], nonevents1=[b], events2=[c], nonevents2=[d])
    h, k = ndtri((a + b) / n), ndtri((a + c) / n)
    p = stats.multivariate_normal([0, 0], [[1, r], [r, 1]], abseps=1e-12, releps=1e-12, maxpts=1_000_000).cdf(
        [h, k]
    )
    assert p == pytest.approx(a / n, abs=2e-8)


def test_tetrachoric_variance_is_that_of_the_delta_method_by_differences():
    cells = np.array([30.0, 10, 15, 45])
    n = cells.sum()

    def r(x):
        return association.tetrachoric(
            *(np.array([v]) for v in (x[0], x[0] + x[1], x[2], x[2] + x[3]))
        ).yi.item()

    step = 1e-4
    slope = np.array([(r(cells + step * e) - r(cells - step * e)) / (2 * step) for e in np.eye(4)])
    p = cells / n
    variance = n * (np.sum(p * slope**2) - np.sum(p * slope) ** 2)
    _, v = one("RTET", events1=[30], nonevents1=[10], events2=[15], nonevents2=[45])
    assert v == pytest.approx(variance, rel=1e-6)


def test_probability_of_superiority_by_the_delta_method():
    y, v = one("CLESN", **TWO_GROUPS)
    assert y == pytest.approx(stats.norm.cdf(3 / math.hypot(5.5, 4.5)), rel=1e-12)
    equal = superiority.from_means(*(np.array([x]) for x in (1.0, 2.0, 20.0, 0.0, 2.0, 30.0)), vtype="HO")
    d = 0.5
    var_x = (1 / 20 + 1 / 30 + d**2 / (2 * 48)) / 2
    assert equal.vi.item() == pytest.approx(stats.norm.pdf(d / math.sqrt(2)) ** 2 * var_x, rel=1e-12)
    assert 0 < v < 0.01


def test_probability_of_superiority_from_u():
    y, v = one("CLES", u=[75], n1=[10], n2=[10])
    assert y == 0.75
    assert v == pytest.approx(0.75 * 0.25 * (1 + 9 * 0.25 / 1.25 + 9 * 0.75 / 1.75) / 100, rel=1e-13)
    assert one("AUC", auc=[0.75], n1=[10], n2=[10]) == (y, v)


def test_paired_superiority_is_the_normal_tail():
    got = paired.superiority(np.array([1.0]), np.array([2.0]), np.array([10.0]))
    assert got.yi.item() == pytest.approx(stats.norm.cdf(0.5), rel=1e-13)


def test_vaccine_efficacy_is_read_in_percent():
    es = meta.effect_sizes(measure="VE", events1=[10], n1=[1000], events2=[100], n2=[1000])
    scale = meta.effects.registry.measure("VE").transform
    assert scale.back(es.yi).item() == pytest.approx(90.0, rel=1e-12)
    assert not scale.increasing


def test_shared_parts():
    assert core.weighted_mean(np.array([1.0, np.nan, 3.0]), np.array([1.0, 5.0, 3.0])) == 2.5
    same = generic.identity(np.array([0.1]), np.array([0.2]))
    assert (same.yi.item(), same.vi.item()) == (0.1, 0.2)
