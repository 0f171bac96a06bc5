"""meta.effects.quantile_fit: families found again from their own quantiles."""

import numpy as np
import pytest
from scipy import stats

from meta.effects.medians import mean_sd_from_median
from meta.effects.quantile_fit import quantile_estimates
from meta.errors import AssumptionWarning, InputError, NotEstimableError, UnknownOptionError

TRUE = {
    "normal": stats.norm(50, 8),
    "log-normal": stats.lognorm(0.8, scale=12),
    "gamma": stats.gamma(1.7, scale=5),
    "Weibull": stats.weibull_min(3.2, scale=40),
}


@pytest.mark.parametrize("family", list(TRUE))
def test_exact_quantiles_give_the_exact_moments(family):
    n, d = 80, TRUE[family]
    low, q1, m, q3, high = d.ppf([1 / n, 0.25, 0.5, 0.75, 1 - 1 / n])
    found = quantile_estimates(m, n=n, q1=q1, q3=q3, minimum=low, maximum=high)
    assert found.family == family
    assert found.mean == pytest.approx(d.mean(), rel=1e-6)
    assert found.sd == pytest.approx(d.std(), rel=1e-6)
    assert found.distances[0][1] < 1e-8
    assert family in found.how


def test_better_than_normal_formulas_for_skewed_data():
    x = np.sort(np.random.default_rng(1).lognormal(2, 0.9, 401))
    kw = {"n": 401, "q1": x[100], "q3": x[300]}
    with pytest.warns(AssumptionWarning):
        plain = mean_sd_from_median(x[200], **kw)
    fitted = quantile_estimates(x[200], **kw)
    assert abs(fitted.mean - x.mean()) < abs(float(plain.mean) - x.mean())
    assert abs(fitted.sd - x.std()) < abs(float(plain.sd) - x.std())


def test_negative_data_leave_the_normal_family():
    found = quantile_estimates(0.0, n=50, q1=-1.0, q3=1.0)
    assert [name for name, _ in found.distances] == ["normal"]
    assert (found.mean, found.sd) == pytest.approx((0, 1 / stats.norm.ppf(0.75)), abs=1e-6)
    with pytest.raises(NotEstimableError, match="need positive data: the smallest value is -1"):
        quantile_estimates(0.0, n=50, q1=-1.0, q3=1.0, families=("gamma",))


def test_scale_equivariance():
    one = quantile_estimates(3.0, n=60, minimum=0.4, maximum=14.0)
    ten = quantile_estimates(30.0, n=60, minimum=4.0, maximum=140.0)
    assert ten.family == one.family
    assert (ten.mean, ten.sd) == pytest.approx((10 * one.mean, 10 * one.sd), rel=1e-5)


def test_refusals():
    with pytest.raises(InputError, match="n must be at least 5"):
        quantile_estimates(1.0, n=4, q1=0.5, q3=2.0)
    with pytest.raises(InputError, match="give the missing ones"):
        quantile_estimates(1.0, n=40, q1=0.5)
    with pytest.raises(InputError, match=r"quantiles must increase: got 2, 1, 3"):
        quantile_estimates(1.0, n=40, q1=2.0, q3=3.0)
    with pytest.raises(UnknownOptionError, match="unknown family 'beta'"):
        quantile_estimates(1.0, n=40, q1=0.5, q3=2.0, families=("beta",))
