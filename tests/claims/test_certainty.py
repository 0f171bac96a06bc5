"""Certainty: the facts are those of the files, the rules go as stated, and nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import meta
from meta.claims.answer_claims import answer
from meta.claims.certainty import Certainty, certainty
from meta.claims.grade import (
    Facts,
    Finding,
    imprecision,
    inconsistency,
    indirectness,
    missing_results,
    risk_of_bias,
)
from meta.errors import EvidenceError, InputError, quiet


@pytest.fixture(scope="module")
def evidence():
    return meta.load_evidence("studies")


@pytest.fixture(scope="module")
def cortisol(evidence):
    return Facts(answer(evidence, "cortisol"), tuple(evidence.readings("cortisol")), (0.5, 0.5, 0, 0, 0, 0))


def with_concerns(facts, *concerns):
    """The facts with each informative study's risk of bias replaced by one concern."""
    readings, left = [], list(concerns)
    for item in facts.readings:
        if item.effect.kind == "none":
            readings.append(item)
            continue
        concern = left.pop(0)
        found = () if concern is None else (SimpleNamespace(domain="randomisation", concern=concern),)
        study = SimpleNamespace(**{n: getattr(item.study, n) for n in ("label", "design", "registration")})
        study.risk_of_bias, study.source = found, item.study.source
        readings.append(replace(item, study=study))
    return replace(facts, readings=tuple(readings))


@pytest.mark.parametrize(
    ("concerns", "steps"),
    [
        (("low", "low"), 0),
        (("low", "some"), 1),
        (("low", None), 1),
        (("high", "low"), 2),
        (("unclear", "low"), 1),
    ],
)
def test_risk_of_bias_goes_by_shares_of_information(cortisol, concerns, steps):
    assert risk_of_bias(with_concerns(cortisol, *concerns)).steps == steps


def test_a_concern_about_little_of_the_information_takes_nothing_down(cortisol):
    facts = replace(with_concerns(cortisol, "high", "low"), weights=(0.1, 0.9, 0, 0, 0, 0))
    assert risk_of_bias(facts).steps == 0


@pytest.mark.parametrize(
    ("yi", "steps"), [([0.0, 0.02, 0.01], 0), ([0.0, 0.42, -0.34], 1), ([0.0, 2.0, -2.0], 2), ([0.1], None)]
)
def test_inconsistency_follows_i2_and_q(cortisol, yi, steps):
    with quiet():
        fit = meta.pool(yi=yi, vi=[0.04] * len(yi))
    found = inconsistency(replace(cortisol, answer=replace(cortisol.answer, fit=fit)))
    assert found.steps == steps


def test_no_known_effect_cannot_be_inconsistent(cortisol):
    found = inconsistency(replace(cortisol, answer=replace(cortisol.answer, fit=None)))
    assert found.steps is None
    assert found.proposal == "cannot be judged"


def test_an_outcome_that_stands_in_is_very_indirect(cortisol):
    assert indirectness(cortisol).steps == 2
    direct = replace(
        cortisol.answer, analysis=cortisol.answer.analysis.model_copy(update={"role": "primary"})
    )
    same = tuple(replace(item, differs=()) for item in cortisol.readings)
    assert indirectness(replace(cortisol, answer=direct, readings=same)).steps == 0
    one = tuple(replace(item, differs=("oxide, not glycinate",)) for item in cortisol.readings)
    assert indirectness(replace(cortisol, answer=direct, readings=one)).steps == 1


def test_imprecision_counts_people_and_looks_at_the_interval(evidence, cortisol):
    found = imprecision(cortisol)
    assert found.steps == 2
    people = sum(item.n1 + item.n2 for item, _ in cortisol.used)
    assert f"People analysed: {people:.0f} in 2 trials." in found.facts
    many = tuple(replace(item, n1=500.0, n2=500.0) for item in cortisol.readings)
    assert imprecision(replace(cortisol, readings=many)).steps == 1


def test_a_crossover_counts_its_people_once(evidence):
    facts = Facts(answer(evidence, "soreness"), tuple(evidence.readings("soreness")), (1.0,))
    assert "People analysed: 9 in 1 trial." in imprecision(facts).facts


def test_silence_beside_significance_is_serious(cortisol):
    found = missing_results(cortisol)
    assert found.steps == 1
    assert "4 of 6 eligible trials give nothing to compute with." in found.facts


def test_many_trials_are_tested_for_small_study_effects(cortisol):
    se = np.linspace(0.1, 0.6, 14)
    wiggle = np.where(np.arange(14) % 2, 0.3, -0.3) * se
    for slope, steps in ((2.0, 1), (0.0, 0)):
        es = meta.effect_sizes(measure="GEN", yi=slope * se + wiggle, sei=se)
        used = tuple(item for item in cortisol.readings if item.effect.kind != "none")
        facts = Facts(replace(cortisol.answer, effects=es), used, (0.5, 0.5))
        found = missing_results(facts)
        assert found.steps == steps
        assert any(fact.startswith("Egger's test: p") for fact in found.facts)


def test_steps_add_up_and_stop_at_very_low(evidence):
    base = certainty(evidence, "soreness-41")

    def rated(start, *steps):
        findings = tuple(Finding(str(i), step, "", (), "", "") for i, step in enumerate(steps))
        return Certainty(base.claim, base.analysis, start, findings).proposal

    assert rated("high", 0, 0, None) == "high"
    assert rated("high", 1, None, 0) == "moderate"
    assert rated("high", 1, 1) == "low"
    assert rated("high", 2, 2) == "very low"
    assert rated("low", 1) == "very low"


@pytest.mark.parametrize("name", ["soreness", "cortisol", "cramps-older-adults", "cramps-pregnancy"])
def test_the_evidence_at_hand_is_of_very_low_certainty(evidence, name):
    found = certainty(evidence, name)
    assert found.proposal == "very low"
    assert len(found.frame) == 5
    assert "what a source does not state may have been done" in found.sentence
    assert certainty(evidence, name, known=answer(evidence, name)).sentence == found.sentence


def test_no_evidence_has_no_certainty(evidence):
    found = certainty(evidence, "cortisol-normalised")
    assert found.proposal == "no evidence"
    assert "no evidence" in found.sentence
    assert found.frame.empty


def test_unknown_names_are_refused(evidence):
    with pytest.raises(EvidenceError, match="unknown outcome"):
        certainty(evidence, "sleep")
    with pytest.raises(InputError, match="has no analysis"):
        certainty(evidence, "cramps", analysis="soreness")
