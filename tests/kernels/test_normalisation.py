"""Regression to the mean: check values, and the same probability by two other routes."""

import numpy as np
import pytest
from scipy import integrate, stats

from meta.errors import InputError
from meta.kernels.normalisation import (
    averaged,
    averaged_screening,
    retest_correlation,
    share_normal_later,
    shift_needed,
)

CUTOFFS = (0.80, 0.90, 0.95, 0.975)


@pytest.mark.parametrize(("rho", "shares"), [(0.47, (58, 69, 77, 83)), (0.517, (55, 67, 75, 81))])
def test_untreated_shares_of_the_dossier(rho, shares):
    found = [100 * float(share_normal_later(0.0, cutoff=c, rho=rho)) for c in CUTOFFS]
    assert [round(x) for x in found] == list(shares)


@pytest.mark.parametrize(("rho", "share"), [(0.216, 89), (0.517, 75), (0.756, 55)])
def test_untreated_shares_at_the_95th_percentile(rho, share):
    assert round(100 * float(share_normal_later(0.0, cutoff=0.95, rho=rho))) == share


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.3, 0.756, 0.97])
@pytest.mark.parametrize("delta", [-1.3, 0.0, 0.8])
@pytest.mark.parametrize("cutoff", [0.8, 0.975])
def test_agrees_with_integration_over_the_screening_value(rho, delta, cutoff):
    c = stats.norm.ppf(cutoff)

    def density(x):
        return stats.norm.pdf(x) * stats.norm.cdf((c - delta - rho * x) / np.sqrt(1 - rho**2))

    expected = integrate.quad(density, c, 12, epsabs=1e-13)[0] / (1 - cutoff)
    assert float(share_normal_later(delta, cutoff=cutoff, rho=rho)) == pytest.approx(expected, abs=1e-9)


def test_agrees_with_simulation():
    rng = np.random.default_rng(7)
    first = rng.standard_normal(2_000_000)
    later = 0.5 * first + np.sqrt(0.75) * rng.standard_normal(first.size) - 0.4
    raised = first > stats.norm.ppf(0.9)
    share = np.mean(later[raised] <= stats.norm.ppf(0.9))
    expected = float(share_normal_later(-0.4, cutoff=0.9, rho=0.5))
    assert share == pytest.approx(expected, abs=4 * np.sqrt(0.2 / raised.sum()))


def test_independent_values_return_at_the_base_rate():
    assert float(share_normal_later(0.0, cutoff=0.9, rho=0.0)) == pytest.approx(0.9, abs=1e-12)


def test_share_grows_as_the_shift_falls():
    shares = share_normal_later(np.linspace(2, -3, 40), cutoff=0.95, rho=0.5)
    assert np.all(np.diff(shares) > 0)


def test_shift_needed_check_values():
    assert shift_needed(0.78, cutoff=0.95, rho=0.756) == pytest.approx(-0.46, abs=0.005)
    assert shift_needed(0.78, cutoff=0.975, rho=0.47) > 0


@pytest.mark.parametrize("share", [0.2, 0.78, 0.999])
def test_shift_needed_inverts_the_share(share):
    shift = shift_needed(share, cutoff=0.9, rho=0.6)
    assert float(share_normal_later(shift, cutoff=0.9, rho=0.6)) == pytest.approx(share, abs=1e-9)


def test_averages_follow_spearman_brown_by_simulation():
    rng = np.random.default_rng(11)
    rho, m, size = 0.47, 3, 400_000
    person = np.sqrt(rho) * rng.standard_normal(size)

    def samples(count):
        return person + np.sqrt(1 - rho) * rng.standard_normal((count, size))

    first, later = samples(m).mean(axis=0), samples(m).mean(axis=0)
    correlation, sd = averaged(rho, m)
    assert np.corrcoef(first, later)[0, 1] == pytest.approx(correlation, abs=0.005)
    assert first.std() == pytest.approx(sd, abs=0.005)
    assert np.corrcoef(first, samples(1)[0])[0, 1] == pytest.approx(averaged_screening(rho, m), abs=0.005)


def test_correlations_from_coefficients_of_variation():
    found = [
        retest_correlation(35.3, 34.1, 15.4),
        retest_correlation(35.3, 34.1),
        retest_correlation(51.6, 29.3),
        retest_correlation(29.7, 56.5),
    ]
    assert found == pytest.approx([0.471, 0.517, 0.756, 0.216], abs=6e-4)


@pytest.mark.parametrize(("cutoff", "rho"), [(0.0, 0.5), (1.0, 0.5), (95.0, 0.5), (0.9, 1.0), (0.9, -1.0)])
def test_impossible_cutoffs_and_correlations_are_refused(cutoff, rho):
    with pytest.raises(InputError, match="must lie between"):
        share_normal_later(0.0, cutoff=cutoff, rho=rho)
