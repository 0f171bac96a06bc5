"""meta.kernels.bounded: likelihoods of bounds, mixtures and truncation against quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, special

from meta.errors import InputError, NotEstimableError
from meta.kernels.bounded import (
    check_localised,
    joint_log_likelihood,
    localised,
    log_likelihood,
    make_rows,
    mu_axis,
    rough_effects,
    row_log_likelihood,
)

NAN, INF = np.nan, np.inf


def density(y, mu, s):
    return np.exp(-0.5 * ((y - mu) / s) ** 2) / (s * np.sqrt(2 * np.pi))


@pytest.mark.parametrize(("low", "high"), [(-0.4, 0.4), (0.3, INF), (-INF, -0.2), (0.0, 0.7)])
def test_bound_is_the_integral_of_the_density(low, high):
    rows = make_rows([NAN], [0.05], lower=[low], upper=[high])
    s = np.sqrt(0.05 + 0.09)
    want = integrate.quad(
        density, max(low, -9), min(high, 9), args=(0.1, s), points=[0.1] if low < 0.1 < high else None
    )[0]
    assert float(log_likelihood(0.1, 0.09, rows)) == pytest.approx(np.log(want), rel=1e-8)


def test_bound_that_shrinks_tends_to_the_exact_effect():
    exact = make_rows([0.3], [0.05])
    for width in (1e-3, 1e-6):
        rows = make_rows([NAN], [0.05], lower=[0.3 - width / 2], upper=[0.3 + width / 2])
        gap = log_likelihood(np.array([-1.0, 0.0, 2.0]), 0.1, rows) - np.log(width)
        np.testing.assert_allclose(gap, log_likelihood(np.array([-1.0, 0.0, 2.0]), 0.1, exact), atol=1e-5)
    point = make_rows([NAN], [0.05], lower=[0.3], upper=[0.3])
    assert point.exact.all()


def test_whole_line_says_nothing():
    rows = make_rows([NAN], [0.05], lower=[-INF], upper=[INF])
    assert float(log_likelihood(3.0, 0.2, rows)) == 0.0


def test_far_tail_stays_finite():
    rows = make_rows([NAN, NAN], [1e-4, 1e-4], lower=[5.0, -INF], upper=[INF, -5.0])
    assert np.isfinite(float(log_likelihood(0.0, 0.0, rows)))


def test_mixture_and_truncation():
    rows = make_rows([NAN], [0.05], mixtures={0: ((-0.56, 1.0), (-0.21, 1.0))})
    s = np.sqrt(0.15)
    want = 0.5 * density(-0.56, -0.1, s) + 0.5 * density(-0.21, -0.1, s)
    assert float(row_log_likelihood(np.array(-0.1), np.array(0.1), rows, 0)) == pytest.approx(np.log(want))
    cut = make_rows([0.9], [0.05], truncated=[True])
    c = special.ndtri(0.975) * np.sqrt(0.05)

    def selected(y):
        return density(y, 0.2, s) if abs(y) > c else 0.0

    area = sum(integrate.quad(selected, a, b)[0] for a, b in ((-6, -c), (c, 6)))
    got = float(row_log_likelihood(np.array(0.2), np.array(0.1), cut, 0))
    assert got == pytest.approx(np.log(density(0.9, 0.2, s) / area), rel=1e-8)


def test_outer_product_equals_row_by_row():
    rows = make_rows(
        [0.1, 0.4, NAN, NAN],
        [0.1, 0.05, 0.04, 0.04],
        lower=[NAN, NAN, -0.4, NAN],
        upper=[NAN, NAN, 0.4, NAN],
        mixtures={3: ((0.2, 0.5), (-0.2, 0.5))},
    )
    tau, mu = np.array([0.0, 0.3]), np.array([-1.0, 0.2, 0.5])
    want = log_likelihood(mu[None, :], tau[:, None] ** 2, rows)
    np.testing.assert_allclose(joint_log_likelihood(tau, mu, rows), want, rtol=1e-12)


def test_localised_rows_and_refusals():
    rows = make_rows([0.1, NAN, NAN], [0.1] * 3, lower=[NAN, 0.2, -0.1], upper=[NAN, INF, 0.1])
    assert localised(rows).tolist() == [True, False, True]
    check_localised(rows)
    with pytest.raises(NotEstimableError, match="no finite maximum"):
        check_localised(make_rows([NAN, NAN], [0.1, 0.1], lower=[0.1, 0.3], upper=[INF, INF]))
    with pytest.raises(NotEstimableError, match="says anything"):
        check_localised(make_rows([NAN], [0.1], lower=[-INF], upper=[INF]))
    with pytest.raises(InputError, match="lower must not exceed upper"):
        make_rows([NAN], [0.1], lower=[0.5], upper=[0.1])


def test_rough_effects_give_a_usable_axis():
    rows = make_rows([NAN, 0.4, NAN], [0.1] * 3, lower=[0.2, NAN, -0.4], upper=[INF, NAN, 0.0])
    assert rough_effects(rows).tolist() == [0.2, 0.4, -0.2]
    assert mu_axis(rows).origin == pytest.approx(0.4 / 3)
