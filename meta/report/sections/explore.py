"""Trials to tick and assumptions to move: the same posterior, computed in the page."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from meta.claims.choices import merge, rule_choices, value_choices
from meta.effects.defensible_choices import Choices
from meta.effects.derived_effect import Derived
from meta.effects.registry import measure as look_up
from meta.effects.study_evidence import PRIMARY, Evidence, Reading
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import Claim
from meta.report.answered_analysis import Subject
from meta.report.blocks import Block, Widget, paragraph

_WIDENING = ("routes", "allocation", "scale points", "co-interventions", "selected bounds")


@dataclass(frozen=True, slots=True)
class Knob:
    """An assumed value that can be moved: its values, the choices behind each, and where it starts."""

    id: str
    name: str
    values: tuple[float, ...]
    choices: tuple[Choices, ...]
    start: int


def explore(subject: Subject) -> tuple[Block, ...]:
    """Return the interactive part of an analysis: its script, and the effects under every setting."""
    item = subject.answer
    if item.analysis.role == "beside" or not item.effects.informative.any():
        return ()
    data = payload(subject.evidence, item.claim, item.analysis)
    return (
        paragraph(
            "Tick trials in and out and move what is assumed or claimed; the answer is computed here, in the "
            "page, as the toolkit computes it. Trials that start unticked enter only under wider rules. "
            "Without scripts this part stays empty; everything else is above."
        ),
        Widget(f"explore-{item.analysis.id}", "explore", json.dumps(data, allow_nan=False)),
    )


def payload(evidence: Evidence, claim: Claim, analysis: Analysis) -> dict[str, Any]:
    """Return what the page needs: the rule, the priors, and each study's effect under every setting.

    Parameters
    ----------
    evidence : Evidence
        The study files.
    claim, analysis : Claim, Analysis
        What is asked.
    """
    wide = merge(
        choice.options[-1].choices for choice in rule_choices(claim, analysis) if choice.name in _WIDENING
    )
    primary = evidence.readings(analysis.id)
    own = {item.study.id for item in primary}
    wider = [item for item in evidence.readings(analysis.id, choices=wide) if item.study.id not in own]
    knobs: dict[str, Knob] = {}
    studies = []
    for readings, rules, ticked in ((primary, PRIMARY, True), (wider, wide, False)):
        for item in readings:
            studies.append(_study(evidence, claim, analysis, item, rules, ticked, knobs))
    judged = claim.kind == "effect"
    ratio = look_up(analysis.measure).is_log_ratio
    return {
        "name": f"explore-{analysis.id}",
        "ratio": ratio,
        "scale": "ratio" if ratio else "standardised difference",
        "judged": judged,
        "asked": _asked(claim),
        "claimed": claim.tested.value if judged else None,
        "side": claim.tested.side if judged else "below",
        "margin": claim.tested.margin,
        "rule": claim.rule.model_dump(),
        "prior": {"effect_sd": analysis.prior.effect_sd, "tau_sd": analysis.prior.tau_sd},
        "knobs": [
            {"id": knob.id, "name": knob.name, "values": knob.values, "start": knob.start}
            for knob in knobs.values()
        ],
        "studies": studies,
    }


def _asked(claim: Claim) -> str:
    return "about as large as claimed" if claim.tested.margin < 1 else "as large as claimed"


def _study(
    evidence: Evidence,
    claim: Claim,
    analysis: Analysis,
    item: Reading,
    rules: Choices,
    ticked: bool,
    knobs: dict[str, Knob],
) -> dict[str, Any]:
    own = knobs_of(evidence, claim, item)
    knobs.update({knob.id: knob for knob in own if knob.id not in knobs})
    effects = []
    for setting in product(*(knob.choices for knob in own)):
        again = evidence.reading(item.study, analysis.id, choices=merge((rules, *setting)), part=item.part)
        assert again is not None, "a value decides no eligibility"
        effects.append(plain(again.effect))
    note = f"tier {item.effect.tier}"
    if item.effect.kind == "none":
        note += f": {item.effect.reason}" if item.effect.reason else ": nothing to compute with"
    elif not ticked:
        note += ", under wider rules"
    return {
        "label": item.study.label,
        "note": note,
        "ticked": ticked and item.effect.kind != "none",
        "uses": [knob.id for knob in own],
        "effects": effects,
    }


def knobs_of(evidence: Evidence, claim: Claim, item: Reading) -> Sequence[Knob]:
    """Return the assumed values that a reading rests on, each over five values of its range."""
    found = []
    for choice in value_choices(evidence, claim, item.effect.assumptions, ()):
        library = evidence.library.claims
        assumption = next((a for a in library.assumptions if a.name == choice.name), None)
        scale = evidence.percent_scale()
        if assumption is not None:
            ends = (assumption.low, assumption.value, assumption.high)
            name, build = assumption.id, _assumed(assumption.id)
        elif choice.name == "control CV" and scale is not None:
            ends, name, build = (scale.low, scale.c, scale.high), "cv", _control_cv
        else:
            continue
        low, middle, high = ends
        values = tuple(dict.fromkeys((low, (low + middle) / 2, middle, (middle + high) / 2, high)))
        start = values.index(middle)
        choices = tuple(PRIMARY if i == start else build(value) for i, value in enumerate(values))
        shown = tuple(float(f"{value:.3g}") for value in values)
        found.append(Knob(name, choice.name, shown, choices, start))
    return found


def _assumed(key: str) -> Any:
    return lambda value: Choices(assumptions={key: value})


def _control_cv(value: float) -> Choices:
    return Choices(cv=value)


def plain(effect: Derived) -> dict[str, Any]:
    """Return an effect as the page reads it; null for an infinite bound."""
    if effect.kind == "exact":
        return {"kind": "exact", "y": _number(effect.y), "v": _number(effect.v)}
    if effect.kind == "bound":
        return {
            "kind": "bound",
            "v": _number(effect.v),
            "low": _number(effect.low),
            "high": _number(effect.high),
        }
    if effect.kind == "mixture":
        total = sum(weight for _, weight in effect.mixture)
        parts = [[_number(y), weight / total] for y, weight in effect.mixture]
        return {"kind": "mixture", "v": _number(effect.v), "mixture": parts}
    return {"kind": "none"}


def _number(value: float) -> float | None:
    return float(f"{value:.12g}") if math.isfinite(value) else None
