"""Formulas that hold for a parameter in its range, with estimates at its ends and beyond."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import meta
from meta.errors import quiet


def effects(measure, **given):
    with quiet():
        return meta.effect_sizes(measure=measure, **given)


def two_groups(d, n1=6, n2=6):
    return {"mean1": [d], "sd1": [1.0], "n1": [n1], "mean2": [0.0], "sd2": [1.0], "n2": [n2]}


def soper(rho, n1, n2):
    """Soper (1914): the variance of the biserial correlation times n - 1."""
    p = n1 / (n1 + n2)
    z = norm.ppf(1 - p)
    y = norm.pdf(z)
    q = 1 - p
    return rho**4 + rho**2 * (p * q * z**2 / y**2 + (2 * p - 1) * z / y - 2.5) + p * q / y**2


# yi and vi of metafor 3.8, escalc(measure="RBIS")
@pytest.mark.parametrize(
    ("d", "n1", "n2", "yi", "vi"),
    [
        (0.5, 6, 6, 0.33104447043304, 0.1189845716483),
        (2.4, 6, 6, 0.99749246697146, 0.0066659821657188),
        (5, 6, 6, 1.1772836357211, 0.006436029708627),
        (-5, 6, 6, -1.1772836357211, 0.006436029708627),
        (5, 10, 30, 1.2425278226496, 0.0035952435648171),
        (50, 30, 10, 1.3612538453181, 0.0035952435648171),
        (10, 4, 50, 1.7489776751635, 0.0093983631318986),
    ],
)
def test_a_biserial_correlation_beyond_one_has_the_variance_of_one(d, n1, n2, yi, vi):
    es = effects("RBIS", **two_groups(d, n1, n2))
    assert (es.yi.item(), es.vi.item()) == pytest.approx((yi, vi), rel=1e-9)
    assert vi == pytest.approx(soper(np.clip(yi, -1, 1), n1, n2) / (n1 + n2 - 1), rel=1e-9)


def test_variances_of_biserial_correlations_never_grow_again():
    v = [effects("RBIS", **two_groups(d)).vi.item() for d in np.linspace(0, 20, 101)]
    assert np.all(np.diff(v) <= 0)


def test_there_is_no_z_of_a_correlation_beyond_one():
    with pytest.warns(meta.errors.DataWarning, match="no effect for study"):
        es = meta.effect_sizes(measure="ZBIS", **two_groups(5))
    assert es.kind.tolist() == ["none"]


@pytest.mark.parametrize("measure", ["COR", "ZCOR", "UCOR"])
def test_a_perfect_correlation_has_no_variance_to_weigh_it_by(measure):
    assert effects(measure, r=[1.0, -1.0], n=[20, 20]).kind.tolist() == ["none", "none"]


@pytest.mark.parametrize("a", [900, 990, 999, 9999])
def test_a_tetrachoric_correlation_near_one_has_the_table_it_came_from(a):
    """With equal margins the probability of the first cell is 1/4 + asin(r) / (2 pi) (Sheppard)."""
    n = 10000 if a > 1000 else 1000
    es = effects("RTET", events1=[a], n1=[n], events2=[n - a], n2=[n])
    assert es.yi.item() == pytest.approx(np.sin(2 * np.pi * (a / (2 * n) - 0.25)), rel=1e-12)
