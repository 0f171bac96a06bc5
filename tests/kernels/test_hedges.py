"""meta.kernels.hedges_correction against exact identities, Hedges's table and simulation-free moments."""

import numpy as np
import pytest
from scipy.special import gamma

from meta.kernels.hedges_correction import exact_variance, hedges_j


@pytest.mark.parametrize("m", [2, 3, 10, 50, 198, 199, 200, 201, 344, 1000, 1e5, 1e8])
def test_consecutive_factors_multiply_to_a_closed_form(m):
    product = hedges_j(m) * hedges_j(m + 1)
    assert product == pytest.approx((m - 1) / np.sqrt(m * (m + 1.0)), rel=1e-13)


@pytest.mark.parametrize("m", [2, 5, 17, 100])
def test_definition_by_plain_gamma(m):
    plain = gamma(m / 2) / (np.sqrt(m / 2) * gamma((m - 1) / 2))
    assert hedges_j(m) == pytest.approx(plain, rel=1e-13)


def test_hedges_table_values():
    # Hedges 1981, Table 1: c(m) for m = 2, 5, 10, 20, 50
    assert np.allclose(hedges_j([2, 5, 10, 20, 50]), [0.5642, 0.8408, 0.9228, 0.9619, 0.9849], atol=6e-5)


def test_approximation_is_close_but_not_equal():
    m = np.arange(5, 60)
    gap = np.abs(hedges_j(m, exact=False) - hedges_j(m))
    assert np.all(gap < 0.007)
    assert np.all(gap > 0)
    assert hedges_j(10, exact=False) == pytest.approx(1 - 3 / 39, rel=1e-15)


def test_where_it_does_not_exist():
    assert np.isnan(hedges_j([1.0, 0.5, -3.0, np.nan])).all()
    assert np.isnan(hedges_j(0.25, exact=False))
    assert np.isnan(exact_variance(0.5, n_tilde=1.0, df=[1.0, 2.0])).all()


def test_shape_is_kept():
    assert hedges_j(np.full((2, 3), 9.0)).shape == (2, 3)
    assert exact_variance(np.zeros((4, 1)), n_tilde=np.ones(3), df=9).shape == (4, 3)


def test_exact_variance_of_a_central_t():
    # Without an effect d sqrt(n~) is t with m degrees of freedom, whose variance is m/(m - 2).
    assert exact_variance(0.0, n_tilde=5.0, df=18, corrected=False) == pytest.approx(18 / 16 / 5, rel=1e-13)


def test_exact_variance_tends_to_the_large_sample_one():
    n = 1e6
    value = exact_variance(0.8, n_tilde=n / 4, df=n - 2)
    assert value == pytest.approx(4 / n + 0.8**2 / (2 * n), rel=1e-5)


def test_exact_variance_by_simulation():
    rng = np.random.default_rng(11)
    n1, n2, delta = 6, 9, 0.7
    m, n_tilde = n1 + n2 - 2, n1 * n2 / (n1 + n2)
    difference = delta + rng.standard_normal(400_000) / np.sqrt(n_tilde)
    g = hedges_j(m) * difference / np.sqrt(rng.chisquare(m, 400_000) / m)
    assert g.mean() == pytest.approx(delta, abs=0.004)
    assert exact_variance(delta, n_tilde=n_tilde, df=m) == pytest.approx(g.var(), rel=0.01)
