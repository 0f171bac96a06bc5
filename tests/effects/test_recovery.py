"""meta.effects.recovery and meta.effects.recovered_values: dispersion and correlations as printed."""

import numpy as np
import pytest
from scipy import stats

from meta.effects import recovery
from meta.effects.recovered_values import Range, Recovered, numbers, require
from meta.errors import InputError


def paired_sample(n=200, seed=5):
    rng = np.random.default_rng(seed)
    before = rng.normal(10, 3, n)
    return before, 0.6 * before + rng.normal(2, 2, n)


def test_handbook_sd_from_intervals():
    # Cochrane Handbook 6.5.2.2: a group of 25 with mean 32.1 (30.0 to 34.2): SD = sqrt(25) * 4.2 / 4.128
    found = recovery.sd_from_ci(30.0, 34.2, n=25)
    assert float(found) == pytest.approx(5.09, abs=0.005)
    assert "t quantile, df 24" in found.how
    assert float(recovery.sd_from_ci(30.0, 34.2, n=25, distribution="z")) == pytest.approx(
        5 * 4.2 / 3.92, rel=1e-4
    )


def test_handbook_standard_error_of_a_difference_from_p():
    # Cochrane Handbook 6.5.2.3: MD 3.8, p = 0.008, groups of 25 and 22: t = 2.78, SE = 1.37, SD = 4.69
    se = recovery.se_from_p(3.8, p=0.008, df=45)
    assert float(se) == pytest.approx(1.37, abs=0.005)
    assert float(recovery.sd_from_difference(se.value, n1=25, n2=22)) == pytest.approx(4.69, abs=0.01)


def test_se_ci_p_t_and_f_agree_with_a_t_test():
    rng = np.random.default_rng(3)
    a, b = rng.normal(1, 2, 12), rng.normal(0, 2, 15)
    test = stats.ttest_ind(a, b)
    low, high = test.confidence_interval()
    difference, df = a.mean() - b.mean(), 25
    se = difference / test.statistic
    direction = "higher" if difference > 0 else "lower"
    assert recovery.se_from_ci(low, high, df=df).value == pytest.approx(se, rel=1e-10)
    assert recovery.se_from_p(difference, p=test.pvalue, df=df).value == pytest.approx(se, rel=1e-9)
    assert recovery.se_from_t(difference, t=test.statistic).value == pytest.approx(se, rel=1e-12)
    f = stats.f_oneway(a, b).statistic
    assert recovery.se_from_f(difference, f=f).value == pytest.approx(se, rel=1e-9)
    assert recovery.t_from_f(f, direction=direction).value == pytest.approx(test.statistic, rel=1e-9)
    pooled = np.sqrt((11 * a.var(ddof=1) + 14 * b.var(ddof=1)) / 25)
    assert recovery.sd_from_difference(se, n1=12, n2=15).value == pytest.approx(pooled, rel=1e-10)


@pytest.mark.parametrize("df", [2, 5, 41, None])
@pytest.mark.parametrize("p", [0.9, 0.05, 1e-4, 1e-12, 1e-30])
def test_t_from_p_returns_to_p_far_in_the_tail(p, df):
    t = recovery.t_from_p(p, direction="lower", df=df).value
    back = 2 * (stats.norm.cdf(t) if df is None else stats.t.cdf(t, df))
    assert t < 0 or p == 1
    assert back == pytest.approx(p, rel=1e-8)


def test_one_sided_p_and_comparisons():
    two = recovery.t_from_p(0.04, direction="higher", df=20).value
    assert recovery.t_from_p(0.02, direction="higher", df=20, tails=1).value == pytest.approx(two)
    assert recovery.t_from_p(0.12, direction="higher", df=20, comparisons=3).value == pytest.approx(two)
    assert recovery.t_from_p(0.04, direction="lower", df=20).value == pytest.approx(-two)


def test_small_samples_need_t_not_z():
    by_t = recovery.se_from_ci(-3, 1, df=8).value
    by_z = recovery.se_from_ci(-3, 1).value
    assert by_z / by_t == pytest.approx(stats.t.ppf(0.975, 8) / stats.norm.ppf(0.975), rel=1e-12)


def test_ratios_are_taken_on_the_log_scale():
    se = recovery.se_from_ci(1.35, 23.68, log=True).value
    assert se == pytest.approx(np.sqrt(1 / 11 - 1 / 34 + 1 / 2 - 1 / 35), abs=0.001)
    shifted = recovery.se_from_ci(2.7, 47.36, log=True).value
    assert shifted == pytest.approx(se, rel=1e-12)


def test_schutten_and_roguin_maor():
    assert float(recovery.se_from_ci(-59, -5, df=47)) == pytest.approx(13.4, abs=0.05)
    roguin = recovery.se_of_difference(sd1=4.05, n1=48, sd2=4.53, n2=46)
    assert float(roguin) == pytest.approx(0.888, abs=5e-4)
    assert 2 * stats.t.sf(0.38 / float(roguin), 92) == pytest.approx(0.67, abs=0.005)


def test_change_sd_and_correlation_undo_each_other():
    before, after = paired_sample()
    r = np.corrcoef(before, after)[0, 1]
    sds = {"sd_pre": before.std(ddof=1), "sd_post": after.std(ddof=1)}
    change = (after - before).std(ddof=1)
    assert recovery.change_sd(**sds, r=r).value == pytest.approx(change, rel=1e-10)
    assert recovery.correlation_from_sds(**sds, sd_change=change).value == pytest.approx(r, rel=1e-10)


def test_handbook_change_sd():
    # Cochrane Handbook 6.5.2.8: baseline SD 4.0, final 4.4, change 2.9: r = 0.77 (its rounding: 0.7653)
    r = recovery.correlation_from_sds(sd_pre=4.0, sd_post=4.4, sd_change=2.9)
    assert float(r) == pytest.approx((16 + 19.36 - 8.41) / (2 * 4 * 4.4), rel=1e-12)
    assert float(r) == pytest.approx(0.7656, abs=5e-4)


def test_correlation_from_eta_squared_of_paired_data():
    before, after = paired_sample(n=9)
    t = stats.ttest_rel(after, before).statistic
    eta2 = t**2 / (t**2 + 8)
    found = recovery.correlation_from_eta2(
        eta2, mean1=before.mean(), sd1=before.std(ddof=1), mean2=after.mean(), sd2=after.std(ddof=1), n=9
    )
    assert found.value == pytest.approx(np.corrcoef(before, after)[0, 1], rel=1e-9)


def test_steward_biomarkers():
    # claims: the trial's own biomarkers imply 0.84 and 0.87
    il6 = recovery.correlation_from_eta2(0.54, mean1=1.36, sd1=0.66, mean2=2.06, sd2=1.14, n=9)
    receptor = recovery.correlation_from_eta2(0.41, mean1=27615, sd1=8446, mean2=24368, sd2=7806, n=9)
    assert (float(il6), float(receptor)) == pytest.approx((0.84, 0.87), abs=0.005)


def test_f_from_eta_squared():
    assert float(recovery.f_from_eta2(0.67, df_error=8)) == pytest.approx(16.24, abs=0.005)
    assert float(recovery.f_from_eta2(0.3, df_error=20, df_effect=2)) == pytest.approx(0.3 / 0.7 * 10)


def test_arrays_broadcast_and_missing_values_pass():
    found = recovery.sd_from_se([0.5, np.nan, 1.0], n=[16, 20, 25])
    assert np.allclose(found.value, [2, np.nan, 5], equal_nan=True)
    assert isinstance(found, Recovered)
    assert found.how


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: recovery.sd_from_se(-1.0, n=10), r"se must be > 0: got -1"),
        (lambda: recovery.sd_from_se([1.0, 0.0], n=10), r"se must be > 0: got 0 at position 1"),
        (lambda: recovery.sd_from_se(1.0, n=1), r"n must be at least 2: got 1"),
        (lambda: recovery.se_from_ci(3, 1), r"ci_high must be above ci_low: got 1; check the order"),
        (lambda: recovery.se_from_ci(-1, 3, log=True), r"ci_low must be > 0 for a ratio: got -1"),
        (lambda: recovery.se_from_ci(1, 3, level=95), r"level must be between 0 and 1: got 95; write 0.95"),
        (lambda: recovery.se_from_ci(1, 3, df=0), r"df must be > 0: got 0"),
        (lambda: recovery.sd_from_ci(1, 3, n=9, distribution="norm"), r"distribution must be 't' or 'z'"),
        (lambda: recovery.t_from_p(0.0, direction="lower"), r"p must be above 0 .* threshold"),
        (lambda: recovery.t_from_p(1.2, direction="lower"), r"p must be above 0 and at most 1: got 1.2"),
        (lambda: recovery.t_from_p(0.2, direction="less"), r"direction must be 'higher' or 'lower'.*no sign"),
        (lambda: recovery.t_from_p(0.2, direction="lower", tails=3), r"tails must be 1 or 2"),
        (lambda: recovery.t_from_f(-2, direction="lower"), r"F must be at least 0"),
        (lambda: recovery.f_from_eta2(1.0, df_error=8), r"eta2 must be at least 0 and below 1"),
        (lambda: recovery.se_from_t(0.0, t=1.0), r"must not be 0"),
        (lambda: recovery.se_from_p(1.0, p=1.0), r"p leaves the standard error unknown"),
        (lambda: recovery.change_sd(sd_pre=1, sd_post=1, r=1.2), r"r must be between -1 and 1: got 1.2"),
        (
            lambda: recovery.correlation_from_sds(sd_pre=1, sd_post=1, sd_change=5),
            r"r must be between -1 and 1: .*cannot be of the same people",
        ),
        (lambda: numbers(a=[1, 2], b=[1, 2, 3]), r"shapes that do not fit together: a \(2,\), b \(3,\)"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_require_passes_missing_values_and_range_contains():
    require([True, False], "x", [1.0, np.nan], "must be good")
    span = Range(np.array(1.0), np.array(2.0), "printed")
    assert 1.5 in span
    assert 2.5 not in span
