"""Standardised effects on the percent scale: check values, inversion, and the delta method."""

import math

import numpy as np
import pytest

from meta.effects.percent_scale import (
    METHODS,
    PercentScale,
    control_sd_ratio,
    exact_ratio,
    log_ratio,
    smd_of_ratio,
)
from meta.effects.reading_of import Derived
from meta.errors import UnknownOptionError

SCALE = PercentScale(0.63, 0.12, 0.4, 1.0, "exact", "test")


@pytest.mark.parametrize(("g", "expected"), [(-1.21, -0.88), (-0.94, -0.64), (-0.62, -0.40)])
def test_check_values_at_the_coates_cv(g, expected):
    assert exact_ratio(g, 0.63) == pytest.approx(expected, abs=0.006)


@pytest.mark.parametrize(("method", "bar"), [("exact", -0.79), ("control-sd", -0.65), ("log", -0.91)])
def test_where_the_claim_of_41_percent_sets_the_bar(method, bar):
    assert smd_of_ratio(0.59, 0.63, method) == pytest.approx(bar, abs=0.006)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("ratio", [0.3, 0.59, 0.97, 1.0, 1.4])
@pytest.mark.parametrize("c", [0.4, 0.63, 1.0])
def test_each_method_inverts_itself(method, ratio, c):
    assert METHODS[method](smd_of_ratio(ratio, c, method), c) == pytest.approx(math.log(ratio), abs=1e-12)


def test_exact_ratio_solves_the_defining_equation():
    ratio = math.exp(exact_ratio(-0.8, 0.5))
    assert (ratio - 1) / (0.5 * math.sqrt((1 + ratio**2) / 2)) == pytest.approx(-0.8, abs=1e-12)


def test_swapping_arms_flips_the_sign():
    assert exact_ratio(0.7, 0.5) == -exact_ratio(-0.7, 0.5)


def test_beyond_its_domain_the_scale_carries_nothing():
    assert exact_ratio(-math.sqrt(2) / 0.63 - 1e-9, 0.63) == -math.inf
    assert control_sd_ratio(-2.0, 0.63) == -math.inf
    too_far = SCALE.apply(Derived("B", -3.0, 0.2))
    assert too_far.tier == "D"
    assert "can carry" in too_far.reason


def test_small_effects_agree_across_methods():
    values = [method(-0.01, 0.1) for method in (exact_ratio, control_sd_ratio, log_ratio)]
    assert np.ptp(values) < 1e-5


def test_delta_method_agrees_with_simulation():
    rng = np.random.default_rng(3)
    small = PercentScale(0.63, 0.02, 0.4, 1.0, "exact", "test")
    effect = small.apply(Derived("B", -0.6, 0.02**2))
    g, c = -0.6 + 0.02 * rng.standard_normal(200_000), 0.63 + 0.02 * rng.standard_normal(200_000)
    a = (g * c) ** 2 / 2
    drawn = np.log1p(-np.sqrt(a * (2 - a))) - np.log1p(-a)
    assert effect.v == pytest.approx(drawn.var(), rel=0.02)
    assert effect.tier == "B"
    assert "control CV = 0.63" in effect.assumptions[0]


def test_bounds_move_with_the_transformation():
    bound = SCALE.apply(Derived("C", v=0.2, low=-math.inf, high=-0.5))
    assert bound.low == -math.inf
    assert bound.high == pytest.approx(exact_ratio(-0.5, 0.63))
    assert 0 < bound.v < 0.2


def test_unknown_method_is_refused():
    with pytest.raises(UnknownOptionError, match="exact, control-sd, log"):
        smd_of_ratio(0.59, 0.63, "exakt")
