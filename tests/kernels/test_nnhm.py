"""meta.kernels.normal_normal_model, adaptive_quadrature and mixtures of meta.kernels against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special

from meta.kernels.adaptive_quadrature import Axis, PanelDensity, adapt, legendre_basis
from meta.kernels.adaptive_quadrature_2d import adapt_2d
from meta.kernels.mixtures import NormalMixture
from meta.kernels.normal_normal_model import conditional, log_likelihood_at, rotate, shrinkage

Y = np.array([0.3, -0.2, 0.9, 0.1])
V = np.array([0.04, 0.2, 0.1, 0.05])


@pytest.mark.parametrize("tau2", [0.0, 0.03, 2.0])
@pytest.mark.parametrize(("m0", "s0"), [(0.0, 1.0), (0.7, 0.2), (0.0, np.inf)])
def test_marginal_likelihood_is_the_integral_over_mu(tau2, m0, s0):
    def joint(mu):
        prior = 1.0 if np.isinf(s0) else np.exp(-0.5 * ((mu - m0) / s0) ** 2) / (s0 * np.sqrt(2 * np.pi))
        return prior * np.exp(log_likelihood_at(mu, np.array(tau2), Y, V))

    area = integrate.quad(joint, -20, 20, epsabs=0, epsrel=1e-12, points=[0.0, 0.5], limit=300)[0]
    first = integrate.quad(lambda m: m * joint(m), -20, 20, epsabs=1e-15, points=[0.0, 0.5], limit=300)[0]
    got = conditional(np.array([tau2]), Y, V, prior_mean=m0, prior_variance=s0**2)
    assert got.log_likelihood[0] == pytest.approx(np.log(area), rel=1e-10)
    assert got.mean[0] == pytest.approx(first / area, rel=1e-8)


def test_absent_studies_and_batches():
    both = conditional(np.array([[0.1], [0.1]]), np.array([Y, [0.3, np.nan, 0.9, 0.1]]), np.array([V, V]))
    alone = conditional(np.array([0.1]), Y[[0, 2, 3]], V[[0, 2, 3]])
    assert both.log_likelihood[1, 0] == pytest.approx(alone.log_likelihood[0], rel=1e-14)
    assert both.mean[1, 0] == pytest.approx(alone.mean[0], rel=1e-14)


def test_rotation_agrees_with_the_multivariate_density():
    covariance = np.diag(V) + 0.02 * (1 - np.eye(4))
    y, v, x, basis = rotate(Y, covariance)
    sigma = covariance + 0.3 * np.eye(4)
    gap = Y - 0.25
    direct = -0.5 * (gap @ np.linalg.solve(sigma, gap) + np.linalg.slogdet(2 * np.pi * sigma)[1])
    got = log_likelihood_at(0.25, np.array(0.3), y, v, x=x)
    assert float(got) == pytest.approx(direct, rel=1e-12)
    np.testing.assert_allclose(basis @ basis.T, np.eye(4), atol=1e-13)


def test_shrinkage_limits():
    lines = shrinkage(np.array([0.0, 1e12]), Y, V)
    np.testing.assert_allclose(lines.a[0] + lines.b[0] * 0.4, 0.4)
    np.testing.assert_allclose(lines.a[1], Y, rtol=1e-9)
    np.testing.assert_allclose(lines.s[0], 0.0)


def test_panels_integrate_invert_and_interpolate_a_normal():
    axis = Axis(scale=2.0, origin=1.0)
    panels = adapt(lambda z: -0.5 * (axis.x(z) / 0.01) ** 2 + axis.log_jacobian(z), np.linspace(-1, 1, 9))
    assert panels.log_integral == pytest.approx(np.log(0.01 * np.sqrt(2 * np.pi)), abs=1e-10)
    density = PanelDensity(axis, panels)
    x = np.array([-0.03, -0.01, 0.0, 0.02])
    np.testing.assert_allclose(density.cdf(x), special.ndtr(x / 0.01), atol=1e-10)
    np.testing.assert_allclose(
        density.pdf(x), np.exp(-0.5 * (x / 0.01) ** 2) / 0.01 / np.sqrt(2 * np.pi), rtol=1e-6
    )
    q = np.array([0.001, 0.025, 0.5, 0.975])
    np.testing.assert_allclose(density.ppf(q), 0.01 * special.ndtri(q), atol=1e-10)
    assert density.sd == pytest.approx(0.01, rel=1e-9)
    assert np.shape(density.cdf(0.0)) == ()


def test_axis_round_trip_and_infinite_ends():
    for axis in (Axis(scale=3.0, origin=-1.0), Axis(scale=0.5, log=True)):
        z = np.array([-0.8, -0.1, 0.0, 0.7])
        np.testing.assert_allclose(axis.z(axis.x(z)), z, atol=1e-14)
    assert Axis(scale=1.0, log=True).z(0.0) == -1
    assert Axis(scale=1.0).z(np.inf) == 1


def test_legendre_basis_is_numpys():
    t = np.linspace(-1, 1, 7)
    np.testing.assert_allclose(legendre_basis(t, 9), np.polynomial.legendre.legvander(t, 9), atol=1e-14)


def test_two_dimensional_panels_integrate_a_correlated_normal():
    axis = Axis(scale=1.0)

    def log_joint(z1, z2):
        a, b = axis.x(z1)[:, None], axis.x(z2)[None, :]
        jacobian = axis.log_jacobian(z1)[:, None] + axis.log_jacobian(z2)[None, :]
        return -0.5 * (a * a - 1.6 * a * b + b * b) / 0.36 + jacobian

    edges = np.linspace(-1, 1, 9)
    tensor = adapt_2d(log_joint, edges, edges)
    assert tensor.log_integral == pytest.approx(np.log(2 * np.pi * 0.6), abs=1e-9)
    assert tensor.error < 1e-6


def test_mixture_tails_and_quantiles():
    mixture = NormalMixture(np.array([-2.0, 3.0]), np.array([0.5, 1.0]), np.array([0.3, 0.7]))
    q = np.array([1e-8, 0.1, 0.3, 0.5, 0.99])
    np.testing.assert_allclose(mixture.cdf(mixture.ppf(q)), q, rtol=1e-9)
    assert mixture.sf(12.0) == pytest.approx(0.7 * special.ndtr(-9.0), rel=1e-10)
    assert mixture.mean == pytest.approx(1.5)
    area = integrate.quad(mixture.pdf, -10, 12, points=[-2, 3])[0]
    assert area == pytest.approx(1, rel=1e-8)
