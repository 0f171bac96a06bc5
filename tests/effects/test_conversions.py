"""meta.effects.conversions, cv_scale, delta and nnt: published worked examples, inverses, simulation."""

import numpy as np
import pytest
from scipy import stats

from meta.effects import conversions as cv
from meta.effects.cv_scale import RATIO_METHODS, coefficient_of_variation, log_rom_to_smd, smd_to_log_rom
from meta.effects.delta import delta_method
from meta.effects.nnt import nnt_from_or, nnt_from_rd, nnt_from_rr, nnt_from_smd
from meta.errors import InputError, NotEstimableError, UnknownOptionError


def test_borenstein_chapter_7():
    d = cv.log_or_to_smd(0.9069, v=0.0676)
    assert (float(d.yi), float(d.vi)) == pytest.approx((0.5, 0.0205), abs=5e-5)
    back = cv.smd_to_log_or(0.5, v=0.0205)
    assert (float(back.yi), float(back.vi)) == pytest.approx((0.9069, 0.0676), abs=2.5e-4)
    d = cv.r_to_smd(0.5, v=0.0058)
    assert (float(d.yi), float(d.vi)) == pytest.approx((1.1547, 0.0550), abs=5e-5)
    r = cv.smd_to_r(1.1547, v=0.0550)
    assert (float(r.yi), float(r.vi)) == pytest.approx((0.5, 0.0058), abs=5e-5)
    z = cv.r_to_z(0.5, v=(1 - 0.25) ** 2 / 99)
    assert (float(z.yi), float(z.sei)) == pytest.approx((0.5493, np.sqrt(1 / 99)), abs=5e-5)


def test_factors():
    assert float(cv.smd_to_log_or(1.0).yi) == pytest.approx(1.8137993642342178, rel=1e-15)
    assert float(cv.smd_to_log_or(1.0, method="cox-snell").yi) == 1.65
    with pytest.raises(UnknownOptionError, match="allowed: logistic, cox-snell"):
        cv.smd_to_log_or(1.0, method="probit")


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (cv.smd_to_log_or, cv.log_or_to_smd),
        (cv.smd_to_r, cv.r_to_smd),
        (lambda x, v: cv.smd_to_r(x, v=v, n1=13, n2=40), lambda x, v: cv.r_to_smd(x, v=v, n1=13, n2=40)),
        (cv.z_to_r, cv.r_to_z),
        (cv.log_or_to_r, cv.r_to_log_or),
    ],
)
def test_conversions_undo_each_other_and_are_odd(there, back):
    x, v = np.array([-1.2, -0.1, 0.0, 0.4, 2.0]), np.array([0.1, 0.02, 0.3, 0.01, 0.5])
    middle = there(x, v=v)
    found = back(middle.yi, v=middle.vi)
    assert np.allclose(found.yi, x, atol=1e-12)
    assert np.allclose(found.vi, v, rtol=1e-10)
    assert np.allclose(there(-x, v=v).yi, -middle.yi)


def test_unequal_groups_have_a_smaller_point_biserial_r():
    rng = np.random.default_rng(3)
    y = np.concatenate([rng.normal(0.7, 1, 30), rng.normal(0, 1, 90)])
    group = np.repeat([1.0, 0.0], [30, 90])
    a, b = y[:30], y[30:]
    pooled = np.sqrt(((a - a.mean()) @ (a - a.mean()) + (b - b.mean()) @ (b - b.mean())) / 120)
    d = (a.mean() - b.mean()) / pooled
    assert float(cv.smd_to_r(d, n1=30, n2=90).yi) == pytest.approx(np.corrcoef(group, y)[0, 1], rel=1e-12)


def test_readable_forms():
    # Cohen 1988, Table 2.2.1 for d = 0.8: U3 78.8 %, and an overlap coefficient of 0.689
    assert float(cv.cohen_u3(0.8)) == pytest.approx(0.788, abs=5e-4)
    assert float(cv.overlap(0.8)) == pytest.approx(0.689, abs=5e-4)
    assert float(cv.overlap(-0.8)) == float(cv.overlap(0.8))
    rng = np.random.default_rng(2)
    wins = rng.normal(0.5, 1, 200_000) > rng.normal(0, 1, 200_000)
    assert float(cv.superiority(0.5)) == pytest.approx(wins.mean(), abs=0.004)
    assert float(cv.smd_of_superiority(cv.superiority(-1.3).value)) == pytest.approx(-1.3, rel=1e-12)
    # McGraw & Wong 1992: young men against women in height, z = 1.41 -> 92 %
    assert float(cv.superiority(1.41 * np.sqrt(2))) == pytest.approx(0.92, abs=0.005)


# percent scale -----------------------------------------------------------------------------------------


def test_steward_on_the_percent_scale():
    assert np.allclose(smd_to_log_rom([-1.21, -0.94, -0.62], c=0.63).yi, [-0.88, -0.64, -0.40], atol=0.005)


def test_the_claim_of_41_percent_as_an_smd():
    found = {name: float(log_rom_to_smd(np.log(0.59), c=0.63, method=name).yi) for name in RATIO_METHODS}
    assert found == pytest.approx({"exact": -0.79, "control-sd": -0.65, "log": -0.91}, abs=0.005)


def test_exact_method_is_the_formula_of_the_claims():
    g, c = np.array([-2.0, -1.21, -0.3, -0.01]), 0.63
    a = (g * c) ** 2 / 2
    rom = (1 - np.sqrt(a * (2 - a))) / (1 - a)
    assert np.allclose(np.exp(smd_to_log_rom(g, c=c).yi), rom, rtol=1e-12)
    assert np.allclose((rom - 1) / (c * np.sqrt((1 + rom**2) / 2)), g, rtol=1e-9)


@pytest.mark.parametrize("method", list(RATIO_METHODS))
def test_ratio_methods_invert_and_carry_variances(method):
    g, c, v, cv2 = np.array([-0.9, -0.2, 0.4]), np.array([0.4, 0.63, 0.9]), 0.05, 0.01
    there = smd_to_log_rom(g, c=c, v=v, c_variance=cv2, method=method)
    assert np.allclose(log_rom_to_smd(there.yi, c=c, method=method).yi, g, rtol=1e-11)
    for i in range(3):
        found = delta_method(lambda b: smd_to_log_rom(b[0], c=b[1], method=method).yi, [g[i], c[i]], [v, cv2])
        assert there.vi[i] == pytest.approx(float(found.vcov[0, 0]), rel=1e-8)
        back = delta_method(
            lambda b: log_rom_to_smd(b[0], c=b[1], method=method).yi, [there.yi[i], c[i]], [v, cv2]
        )
        mine = log_rom_to_smd(there.yi[i], c=c[i], v=v, c_variance=cv2, method=method)
        assert float(mine.vi) == pytest.approx(float(back.vcov[0, 0]), rel=1e-8)


def test_small_effects_agree_between_methods():
    g, c = -0.01, 0.2
    values = [float(smd_to_log_rom(g, c=c, method=m).yi) for m in RATIO_METHODS]
    assert np.allclose(values, -0.002, rtol=0.03)
    assert float(smd_to_log_rom(0.0, c=c).yi) == 0.0


def test_what_a_percent_scale_cannot_carry():
    limit = np.sqrt(2) / 0.63
    assert np.isfinite(smd_to_log_rom(-limit * 0.9999, c=0.63).yi)
    with pytest.raises(
        NotEstimableError, match=r"g = -2.3 with a coefficient of variation of 0.63 .*sqrt\(2\)/c"
    ):
        smd_to_log_rom([-1.0, -2.3], c=0.63)
    with pytest.raises(NotEstimableError, match="g must be above -1/c"):
        smd_to_log_rom(-1.7, c=0.63, method="control-sd")
    assert np.isnan(smd_to_log_rom(np.nan, c=0.63).yi)
    with pytest.raises(InputError, match=r"c must be > 0: got -0\.5"):
        smd_to_log_rom(-0.3, c=-0.5)
    with pytest.raises(UnknownOptionError, match="unknown ratio method"):
        smd_to_log_rom(-0.3, c=0.5, method="approx")


def test_percent_and_cv():
    assert float(cv.smd_to_percent(-0.7886, c=0.63)) == pytest.approx(-41, abs=0.3)
    found = coefficient_of_variation(mean=41, sd=26, n=18)
    assert float(found.yi) == pytest.approx(0.63, abs=0.005)
    rng = np.random.default_rng(9)
    x = rng.normal(10, 2, (40_000, 60))
    simulated = (x.std(1, ddof=1) / x.mean(1)).var()
    assert float(coefficient_of_variation(mean=10, sd=2, n=60).vi) == pytest.approx(simulated, rel=0.03)
    with pytest.raises(InputError, match="mean must be > 0"):
        coefficient_of_variation(mean=-1, sd=2, n=9)


# numbers needed to treat -------------------------------------------------------------------------------


def test_nnt_of_a_risk_difference():
    found = nnt_from_rd(-0.1, ci_low=-0.2, ci_high=-0.05)
    assert (found.value, found.kind, found.low, found.high, found.through_infinity) == (
        pytest.approx(10), "benefit", pytest.approx(5), pytest.approx(20), False,
    )  # fmt: skip
    harm = nnt_from_rd(0.1, ci_low=0.05, ci_high=0.2)
    assert (harm.kind, harm.low, harm.high) == ("harm", pytest.approx(5), pytest.approx(20))
    assert nnt_from_rd(0.1, events_are="good").kind == "benefit"
    assert nnt_from_rd(0.0).value == np.inf


def test_nnt_interval_through_infinity():
    # Benefit of 25 % at best, harm of 5 % at worst: NNT(benefit) 4, through infinity, to NNT(harm) 20.
    found = nnt_from_rd(-0.1, ci_low=-0.25, ci_high=0.05)
    assert found.through_infinity
    assert (found.low, found.high) == (pytest.approx(4), pytest.approx(20))


def test_nnt_from_relative_effects():
    odds = 0.5 * 0.3 / 0.7
    found = nnt_from_or(0.5, baseline=0.3)
    assert found.risk1 == pytest.approx(odds / (1 + odds))
    assert found.value == pytest.approx(1 / (0.3 - odds / (1 + odds)))
    assert nnt_from_rr(0.5, baseline=0.3).value == pytest.approx(1 / 0.15)
    by_smd = nnt_from_smd(0.5, baseline=0.2)
    assert by_smd.risk1 == pytest.approx(stats.norm.cdf(stats.norm.ppf(0.2) + 0.5))
    assert by_smd.kind == "benefit"
    assert nnt_from_or(2.0, baseline=0.3).kind == "harm"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nnt_from_rd(12), "rd must be between -1 and 1: got 12; write 0.12"),
        (lambda: nnt_from_rd(0.1, events_are="rare"), "unknown events_are 'rare'; allowed: bad, good"),
        (lambda: nnt_from_or(-0.7, baseline=0.3), "odds_ratio must be > 0: got -0.7; is it a log odds ratio"),
        (lambda: nnt_from_or(0.7, baseline=30), "baseline must lie between 0 and 1, not 30"),
        (lambda: nnt_from_rr(5, baseline=0.3), "risk_ratio 5 at a baseline of 0.3 is not a risk"),
        (lambda: cv.r_to_smd(1.0), "r must be between -1 and 1: got 1"),
        (lambda: cv.r_to_z(-1.0), "r must be between -1 and 1: got -1"),
        (lambda: cv.smd_of_superiority(1.0), "probability must be between 0 and 1"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# delta method ------------------------------------------------------------------------------------------


def test_delta_method_of_a_ratio():
    v = np.array([[0.04, 0.01], [0.01, 0.09]])
    found = delta_method(lambda b: b[0] / b[1], [3.0, 4.0], v)
    slope = np.array([1 / 4, -3 / 16])
    assert np.allclose(found.jacobian, slope, rtol=1e-10)
    assert float(found.vcov[0, 0]) == pytest.approx(slope @ v @ slope, rel=1e-10)
    assert found.bias.tolist() == [0.0]


@pytest.mark.parametrize("x", [1e-6, 0.3, 1.0, 250.0, 1e6])
def test_delta_method_does_not_depend_on_the_scale(x):
    found = delta_method(lambda b: np.log(b), x, (0.1 * x) ** 2)
    assert float(found.vcov[0, 0]) == pytest.approx(0.01, rel=1e-8)


def test_delta_method_of_several_functions_and_a_linear_map():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(3, 2))
    v = np.array([[0.5, 0.2], [0.2, 0.3]])
    found = delta_method(lambda b: a @ b, [1.0, -2.0], v, order=2)
    assert np.allclose(found.vcov, a @ v @ a.T, rtol=1e-7)
    assert np.allclose(found.bias, 0, atol=1e-6)
    assert found.se.shape == (3,)


def test_second_order_is_exact_for_quadratics():
    # b ~ N(mu, V): E b'Ab = mu'A mu + tr(AV), Var = 4 mu'AVA mu + 2 tr(AVAV)
    mu, v = np.array([1.0, 0.5]), np.array([[0.5, 0.2], [0.2, 0.3]])
    a = np.array([[2.0, 0.7], [0.7, -1.0]])
    found = delta_method(lambda b: b @ a @ b, mu, v, order=2)
    assert float(found.estimate[0]) == pytest.approx(mu @ a @ mu + np.trace(a @ v), rel=1e-6)
    wanted = 4 * mu @ a @ v @ a @ mu + 2 * np.trace(a @ v @ a @ v)
    assert float(found.vcov[0, 0]) == pytest.approx(wanted, rel=1e-6)


def test_delta_method_at_zero_where_the_slope_vanishes():
    found = delta_method(lambda b: b[0] ** 2, 0.0, 0.25, order=2)
    assert float(found.estimate[0]) == pytest.approx(0.25, rel=1e-6)
    assert float(found.vcov[0, 0]) == pytest.approx(2 * 0.25**2, rel=1e-6)


def test_delta_method_refusals():
    with pytest.raises(InputError, match="order must be 1 or 2"):
        delta_method(np.exp, 1.0, 0.1, order=3)
    with pytest.raises(InputError, match="vcov must be 2 x 2"):
        delta_method(np.exp, [1.0, 2.0], 0.1)
    with pytest.raises(InputError, match="not finite at the estimate"):
        delta_method(lambda b: b * np.inf, 1.0, 0.1)
