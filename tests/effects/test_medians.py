"""meta.effects.medians: the factors against order statistics, the estimates against known distributions."""

import numpy as np
import pytest
from scipy import integrate, stats

from meta.effects.medians import eta, mean_sd_from_median, xi
from meta.errors import AssumptionWarning, InputError, UnknownOptionError


def expected_order_statistic(i, n):
    """Expectation of the i-th smallest of n standard normal values, by quadrature."""

    def integrand(x):
        return x * stats.norm.pdf(x) * stats.beta.pdf(stats.norm.cdf(x), i, n - i + 1)

    return integrate.quad(integrand, -10, 10, epsabs=1e-11)[0]


@pytest.mark.parametrize(("n", "table"), [(5, 2.326), (10, 3.078), (25, 3.931), (50, 4.498)])
def test_range_factor_against_wan_table_1(n, table):
    # Wan 2014, Table 1 tabulates the exact expected range; the formula approximates it.
    assert expected_order_statistic(n, n) * 2 == pytest.approx(table, abs=5e-4)
    assert xi(n) == pytest.approx(table, abs=0.02 if n > 5 else 0.04)


@pytest.mark.parametrize(("n", "table"), [(5, 0.990), (9, 1.144), (13, 1.206), (17, 1.239), (21, 1.260)])
def test_quartile_factor_against_wan_table_2(n, table):
    # Wan 2014, Table 2 has n = 4Q + 1 with the quartiles at ranks Q + 1 and 3Q + 1.
    q = (n - 1) // 4
    assert 2 * expected_order_statistic(3 * q + 1, n) == pytest.approx(table, abs=5.1e-4)
    assert eta(n) == pytest.approx(table, abs=0.006)


def test_factors_for_large_samples():
    assert eta(1e9) == pytest.approx(2 * stats.norm.ppf(0.75), rel=1e-6)
    assert xi(100) == pytest.approx(5.015, abs=0.02)


def test_formulas_by_hand():
    n, low, q1, m, q3, high = 36, 2.0, 7.0, 10.0, 12.5, 19.0
    both = mean_sd_from_median(m, n=n, q1=q1, q3=q3, minimum=low, maximum=high)
    w1, w2 = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    assert both.mean == pytest.approx(w1 * 10.5 + w2 * 9.75 + (1 - w1 - w2) * 10)
    theta1 = (2 + 0.14 * n**0.6) * stats.norm.ppf((n - 0.375) / (n + 0.25))
    theta2 = (2 + 2 / (0.07 * n**0.6)) * stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))
    assert both.sd == pytest.approx(17 / theta1 + 5.5 / theta2)  # the form in Shi 2020, eq. 11
    spread = mean_sd_from_median(m, n=n, minimum=low, maximum=high)
    w = 4 / (4 + n**0.75)
    assert spread.mean == pytest.approx(w * 10.5 + (1 - w) * 10)
    assert spread.sd == pytest.approx(17 / (2 * stats.norm.ppf((n - 0.375) / (n + 0.25))))
    quartiles = mean_sd_from_median(m, n=n, q1=q1, q3=q3)
    assert quartiles.mean == pytest.approx((0.7 + 0.39 / n) * 9.75 + (0.3 - 0.39 / n) * 10)
    assert quartiles.sd == pytest.approx(5.5 / (2 * stats.norm.ppf((0.75 * n - 0.125) / (n + 0.25))))


def test_wan_variants():
    kw = {
        "n": 36,
        "q1": 7.0,
        "q3": 12.5,
        "minimum": 2.0,
        "maximum": 19.0,
        "mean_method": "wan",
        "sd_method": "wan",
    }
    found = mean_sd_from_median(10.0, **kw)
    assert found.mean == pytest.approx((2 + 14 + 20 + 25 + 19) / 8)
    assert found.sd == pytest.approx(17 / xi(36) / 2 + 5.5 / eta(36) / 2)
    quartiles = mean_sd_from_median(10.0, n=36, q1=7, q3=12.5, mean_method="wan")
    assert quartiles.mean == pytest.approx(29.5 / 3)
    assert mean_sd_from_median(10.0, n=36, minimum=2, maximum=19, mean_method="wan").mean == pytest.approx(
        41 / 4
    )
    assert "wan" in found.how
    assert "quartiles and range" in found.how


@pytest.mark.parametrize("case", ["range", "quartiles", "both"])
def test_nearly_unbiased_for_normal_data(case):
    rng = np.random.default_rng(6)
    n, k = 41, 4000
    x = np.sort(rng.normal(50, 8, (k, n)), axis=1)
    given = {}
    if case != "quartiles":
        given |= {"minimum": x[:, 0], "maximum": x[:, -1]}
    if case != "range":
        given |= {"q1": x[:, 10], "q3": x[:, 30]}
    with pytest.warns(AssumptionWarning):  # one normal sample in twenty looks skewed
        found = mean_sd_from_median(x[:, 20], n=n, **given)
    assert found.mean.mean() == pytest.approx(50, abs=0.1)
    assert found.sd.mean() == pytest.approx(8, rel=0.02)
    assert found.skewed.mean() == pytest.approx(0.05, abs=0.012)


def test_skewed_data_are_flagged_and_named():
    x = np.sort(np.random.default_rng(1).lognormal(0, 1, 201))
    with pytest.warns(AssumptionWarning, match=r"median \S+ comes from skewed data .* doubtful") as caught:
        found = mean_sd_from_median(x[100], n=201, q1=x[50], q3=x[150], minimum=x[0], maximum=x[-1])
    assert found.skewed
    assert found.warnings == (str(caught[0].message),)


def test_shift_and_scale():
    base = mean_sd_from_median(10.0, n=30, q1=8.0, q3=12.5)
    moved = mean_sd_from_median(3 * 10.0 + 5, n=30, q1=3 * 8.0 + 5, q3=3 * 12.5 + 5)
    assert moved.mean == pytest.approx(3 * base.mean + 5)
    assert moved.sd == pytest.approx(3 * base.sd)
    mirrored = mean_sd_from_median(-10.0, n=30, q1=-12.5, q3=-8.0)
    assert mirrored.mean == pytest.approx(-base.mean)
    assert mirrored.skewness == pytest.approx(base.skewness)


@pytest.mark.parametrize(
    ("kw", "message"),
    [
        ({"n": 40}, "needs q1 and q3, or minimum and maximum"),
        ({"n": 40, "q1": 1.0}, "give the missing ones"),
        ({"n": 40, "q1": 1.0, "q3": 9.0, "minimum": 0.0}, "give the missing ones"),
        ({"n": 4, "q1": 9.0, "q3": 12.0}, "n must be at least 5 .*: got 4"),
        ({"n": 40, "q1": 12.0, "q3": 9.0}, "median must be at least q1: got 10; check the order"),
        ({"n": 40, "q1": 9.0, "q3": 9.5}, "q3 must be at least median: got 9.5"),
        (
            {"n": 40, "q1": 9.0, "q3": 12.0, "minimum": 9.5, "maximum": 20},
            "q1 must be at least minimum: got 9",
        ),
        ({"n": 40, "q1": 10.0, "q3": 10.0}, "q3 must be above q1: got 10"),
    ],
)
def test_refusals(kw, message):
    with pytest.raises(InputError, match=message):
        mean_sd_from_median(10.0, **kw)


def test_unknown_methods():
    with pytest.raises(UnknownOptionError, match="unknown mean method 'bland'; allowed: luo, wan"):
        mean_sd_from_median(10.0, n=40, q1=9.0, q3=12.0, mean_method="bland")
    with pytest.raises(UnknownOptionError, match="unknown SD method 'x'; allowed: shi, wan"):
        mean_sd_from_median(10.0, n=40, q1=9.0, q3=12.0, sd_method="x")
