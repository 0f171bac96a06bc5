"""Standardised effects on the percent scale: check values, inversion, and the delta method."""

import math
from dataclasses import replace

import numpy as np
import pytest

from meta.effects.derived_effect import Derived
from meta.effects.percent_scale import PercentScale

SCALE = PercentScale(0.63, 0.12, 0.4, 1.0, "exact", "test")


def test_beyond_its_domain_the_scale_carries_nothing():
    assert SCALE.value(-math.sqrt(2) / 0.63 - 1e-9) == -math.inf
    assert replace(SCALE, method="control-sd").value(-2.0) == -math.inf
    too_far = SCALE.apply(Derived("B", -3.0, 0.2))
    assert too_far.tier == "D"
    assert "can carry" in too_far.reason


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
    assert bound.high == pytest.approx(SCALE.value(-0.5))
    assert 0 < bound.v < 0.2


def test_a_bound_beyond_the_scale_becomes_open():
    bound = SCALE.apply(Derived("C", v=0.2, low=-3.0, high=0.2))
    assert bound.low == -math.inf
    assert bound.high > 0
