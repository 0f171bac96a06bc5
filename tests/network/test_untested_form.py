"""An untested form: the closed form against a sampler of the model's own definition, and its limits."""

import numpy as np
import pytest
from scipy import stats

from meta.kernels.network.untested_form import untested_form

D = np.array([0.04, 0.02, 0.09, 0.05])
A = np.array([[3.0, 0, 0, 0], [1, 2, 0, 0], [0.5, 1, 2, 0], [1, 0, 0.5, 3]]) * 0.01
V = A @ A.T


def by_grid(scale, comparator):
    """Mean and SD by brute force: the joint normal of all forms for each s, m with a wide normal prior."""
    wide, k = 10.0, len(D)
    c = np.zeros(k + 1)
    c[k] = 1.0
    if comparator is not None:
        c[comparator] = -1.0
    s = (np.arange(1500) + 0.5) / 1500 * 6 * scale
    log, mean, var = [], [], []
    for x in s:
        prior = wide**2 * np.ones((k + 1, k + 1)) + x**2 * np.eye(k + 1)
        S = prior[:k, :k] + V
        gain = prior[:, :k] @ np.linalg.inv(S)
        log.append(
            stats.multivariate_normal(np.zeros(k), S).logpdf(D) + stats.halfnorm(scale=scale).logpdf(x)
        )
        mean.append(c @ gain @ D)
        var.append(c @ (prior - gain @ prior[:k]) @ c)
    p = np.exp(np.array(log) - max(log))
    p /= p.sum()
    middle = p @ np.array(mean)
    return middle, np.sqrt(p @ (np.array(var) + np.array(mean) ** 2) - middle**2)


@pytest.mark.parametrize("comparator", [None, 0, 2])
@pytest.mark.parametrize("scale", [0.01, 0.03, 0.2])
def test_the_closed_form_is_the_joint_normal_integrated_over_s(scale, comparator):
    found = untested_form(D, V, scale, comparator)
    middle, sd = by_grid(scale, comparator)
    assert found.mean == pytest.approx(middle, abs=2e-5)
    assert found.sd == pytest.approx(sd, rel=2e-3)


def test_one_tested_form_leaves_the_prior():
    """One form says nothing of s: new minus tested is N(0, 2 s^2) with the prior's E s^2 = scale^2."""
    found = untested_form(np.array([0.3]), np.array([[0.02]]), 0.05, 0)
    assert found.mean == pytest.approx(0.0, abs=1e-12)
    assert found.sd == pytest.approx(np.sqrt(2) * 0.05, rel=5e-3)


def test_units_shift_and_order_do_not_matter():
    plain = untested_form(D, V, 0.03, 1)
    assert untested_form(D + 5, V, 0.03, 1).mean == pytest.approx(plain.mean)
    scaled = untested_form(10 * D, 100 * V, 0.3, 1)
    assert (scaled.mean, scaled.sd) == pytest.approx((10 * plain.mean, 10 * plain.sd))
    order = [2, 1, 3, 0]
    turned = untested_form(D[order], V[np.ix_(order, order)], 0.03, 1)
    assert (turned.mean, turned.sd) == pytest.approx((plain.mean, plain.sd))


def test_forms_that_differ_more_leave_more_doubt():
    near = untested_form(D, V, 0.2, None)
    far = untested_form(10 * D, V, 0.2, None)
    assert far.sd > 2 * near.sd
