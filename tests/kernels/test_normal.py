"""meta.kernels.normal against Plackett's integral, high precision and limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special

from meta.kernels.normal import bvn_cdf, log_ndtr_diff, log_norm_pdf


def plackett(h: float, k: float, rho: float) -> float:
    def slope(theta: float) -> float:
        return np.exp(-(h * h + k * k - 2 * h * k * np.sin(theta)) / (2 * np.cos(theta) ** 2))

    area = integrate.quad(slope, 0, np.arcsin(rho), epsabs=1e-13, epsrel=1e-13, limit=400)[0]
    return special.ndtr(h) * special.ndtr(k) + area / (2 * np.pi)


@pytest.mark.parametrize("rho", [-0.999, -0.95, -0.47, 0.0, 0.216, 0.517, 0.756, 0.925, 0.99, 0.9999])
def test_bvn_cdf_agrees_with_plackett_to_1e_12(rho):
    points = np.array([-3.1, -1.0, -1e-3, 0.0, 0.4, 1.645, 2.5])
    got = bvn_cdf(points[:, None], points[None, :], rho)
    want = np.array([[plackett(h, k, rho) for k in points] for h in points])
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12)


def test_bvn_cdf_limits_and_symmetry():
    assert bvn_cdf(1.0, np.inf, 0.3) == pytest.approx(special.ndtr(1.0), abs=1e-15)
    assert bvn_cdf(-np.inf, 2.0, 0.3) == 0
    assert bvn_cdf(0.3, 1.2, 1.0) == pytest.approx(special.ndtr(0.3), abs=1e-15)
    assert bvn_cdf(0.3, -0.2, -1.0) == pytest.approx(special.ndtr(0.3) - special.ndtr(0.2), abs=1e-15)
    assert bvn_cdf(0.3, 1.2, 0.6) == pytest.approx(float(bvn_cdf(1.2, 0.3, 0.6)), abs=1e-16)
    assert bvn_cdf(0.7, 0.0, 0.4) + bvn_cdf(0.7, -0.0, -0.4) == pytest.approx(special.ndtr(0.7), abs=1e-14)
    with pytest.raises(ValueError, match="rho must lie"):
        bvn_cdf(0.0, 0.0, 1.1)


def test_share_normal_later_without_treatment():
    # shared/claims: rho 0.47, raised above the 80th ... 97.5th percentile: 58, 69, 77, 83 %
    c = special.ndtri([0.80, 0.90, 0.95, 0.975])
    share = (special.ndtr(c) - bvn_cdf(c, c, 0.47)) / special.ndtr(-c)
    assert np.round(100 * share).tolist() == [58, 69, 77, 83]


@pytest.mark.parametrize(
    ("a", "b"),
    [(-1, 1), (2, 3), (-40, -39), (39, 40), (5, np.inf), (-np.inf, -20), (-9, 30), (0.3, 0.3 + 1e-7)],
)
def test_log_ndtr_diff_against_quadrature(a, b):
    peak = 0.0 if a < 0 < b else min(abs(a), abs(b))
    low, high = max(a, -60), min(b, 60)
    area = integrate.quad(
        lambda x: np.exp(-0.5 * (x * x - peak * peak)),
        low,
        high,
        epsabs=0,
        epsrel=1e-12,
        limit=500,
        points=[p for p in (-1.0, 0.0, 1.0) if low < p < high] or None,
    )[0]
    want = np.log(area) - 0.5 * peak**2 - 0.5 * np.log(2 * np.pi)
    assert float(log_ndtr_diff(a, b)) == pytest.approx(want, rel=1e-10)
    assert float(log_ndtr_diff(-b, -a)) == pytest.approx(want, rel=1e-10)


def test_log_ndtr_diff_far_tail_is_finite_and_whole_line_is_zero():
    assert np.isfinite(log_ndtr_diff(100.0, np.inf))
    assert log_ndtr_diff(-np.inf, np.inf) == 0.0
    assert np.isnan(log_ndtr_diff(1.0, 0.0))
    assert log_ndtr_diff(1.0, 1.0) == -np.inf


def test_narrow_interval_is_density_times_width():
    width = 1e-8
    got = log_ndtr_diff(1.3, 1.3 + width) - np.log(width)
    assert float(got) == pytest.approx(float(log_norm_pdf(1.3)), abs=1e-7)


@pytest.mark.parametrize("width", [1e-4, 1e-7, 1e-10, 1e-13])
@pytest.mark.parametrize("start", [-25.0, -7.0, -1.3, 0.0, 0.4, 1.0, 6.0, 30.0])
def test_narrow_intervals_agree_with_the_series_in_their_width(start, width):
    # The density about the middle m, integrated over the width w, to w**4: the next term is below 1e-16.
    low, high = start, start + width
    m, w = 0.5 * (low + high), high - low
    series = (m * m - 1) * w**2 / 24 + (m**4 - 6 * m * m + 3) * w**4 / 1920
    want = -0.5 * m * m - 0.5 * np.log(2 * np.pi) + np.log(w) + np.log1p(series)
    assert float(log_ndtr_diff(low, high)) == pytest.approx(want, abs=1e-13 * max(1.0, m * m))
