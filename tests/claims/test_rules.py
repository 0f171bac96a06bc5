"""The decision rule, the claimed values, and what `judge` refuses."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meta.claims.claimed_effect import claimed_on_model_scale, region, threshold
from meta.claims.decision_rule import decide
from meta.claims.judge import judge
from meta.claims.verdict import Probabilities
from meta.errors import InputError
from meta.evidence.claim_parts import Rule
from meta.evidence.claims import Estimand


def estimand(**changes):
    parts = {"measure": "ROM", "value": 0.59, "value_text": "41 % less", "side": "below", "margin": 0.8}
    return Estimand.model_validate(parts | changes)


def chances(mean, wide=None):
    return Probabilities(-0.4, mean, 0.5, 0.2, mean if wide is None else wide)


@pytest.mark.parametrize(
    ("p", "wide", "k", "computed", "expected"),
    [
        (0.97, 0.96, 2, 1, "supported"),
        (0.95, 0.95, 2, 1, "supported"),
        (0.949, 0.96, 2, 2, "inconclusive"),
        (0.97, 0.94, 5, 5, "inconclusive"),
        (0.97, 0.97, 1, 1, "inconclusive"),
        (0.97, 0.97, 3, 0, "inconclusive"),
        (0.03, 0.04, 2, 1, "contradicted"),
        (0.03, 0.06, 2, 1, "inconclusive"),
        (0.03, 0.03, 1, 1, "inconclusive"),
        (0.5, 0.5, 9, 9, "inconclusive"),
    ],
)
def test_the_rule(p, wide, k, computed, expected):
    conclusion, reasons = decide(Rule(), chances(p, wide), k, computed)
    assert conclusion == expected
    assert reasons


@given(st.floats(0, 1), st.floats(0, 1), st.integers(0, 30))
def test_a_verdict_never_rests_on_bounds_alone_or_on_one_study(p, wide, k):
    assert decide(Rule(), chances(p, wide), k, 0)[0] == "inconclusive"
    assert decide(Rule(), chances(p, wide), min(k, 1), 1)[0] == "inconclusive"


def test_reasons_name_everything_that_stands_in_the_way():
    _, reasons = decide(Rule(), chances(0.5), 1, 0)
    assert len(reasons) == 3


def test_claimed_values_on_the_model_scale():
    assert claimed_on_model_scale(estimand()) == pytest.approx(math.log(0.59))
    share = estimand(measure="PLO", value=0.78, side="above")
    assert claimed_on_model_scale(share) == pytest.approx(math.log(0.78 / 0.22))


def test_margin_and_region():
    assert threshold(estimand()) == pytest.approx(0.8 * math.log(0.59))
    assert threshold(estimand(), 1.0) == pytest.approx(math.log(0.59))
    assert region(estimand()) == (-math.inf, threshold(estimand()))
    assert region(estimand(value=1.41, side="above"))[1] == math.inf


def test_something_that_is_no_evidence_is_refused(claims):
    with pytest.raises(InputError, match="not list"):
        judge(claims["soreness-41"], [1.0, 2.0])


def test_an_unknown_analysis_is_refused_with_those_known(claims):
    with pytest.raises(InputError, match="cramps-older-adults"):
        judge(claims["cramps"], analysis="cramps-men")


@pytest.fixture
def claims():
    from pathlib import Path

    from meta.effects.study_evidence import load_evidence

    return load_evidence(Path(__file__).parents[2] / "studies").claims
