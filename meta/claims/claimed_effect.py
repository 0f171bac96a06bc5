"""A claim's value and threshold on the model scale."""

from __future__ import annotations

import math

from meta.effects.registry import measure as look_up
from meta.evidence.claims import Estimand
from meta.evidence.estimand import no_effect


def claimed_on_model_scale(estimand: Estimand) -> float:
    """Return the claimed value on the model scale; no effect where the claim names no size.

    >>> claimed = Estimand(measure="ROM", value=0.59, value_text="41% less", side="below")
    >>> round(claimed_on_model_scale(claimed), 4)
    -0.5276
    """
    return _forward(estimand, _size(estimand))


def threshold(estimand: Estimand, margin: float | None = None) -> float:
    """Return the value beyond which an effect counts as at least as large, on the model scale.

    ``margin`` times the claimed value: for ratios on the log scale, for everything else on the display
    scale. Without ``margin`` it is the claim's own, or what its ``at_least`` says.

    >>> drop = Estimand(measure="MD", value=-5.0, value_text="5 mmHg lower", side="below", margin=0.8)
    >>> threshold(drop), threshold(drop, 1.0)
    (-4.0, -5.0)
    """
    if margin is None and estimand.at_least is not None:
        return _forward(estimand, estimand.at_least)
    m, value = estimand.margin if margin is None else margin, _size(estimand)
    entry, null = look_up(estimand.measure), no_effect(estimand.measure)
    if entry.scale == "log" and entry.null is not None:
        return entry.null + m * (_forward(estimand, value) - entry.null)
    if null is not None:
        return _forward(estimand, null + m * (value - null))
    looser = (1 - m) * abs(value)
    return _forward(estimand, value + (looser if estimand.side == "below" else -looser))


def region(estimand: Estimand, margin: float | None = None) -> tuple[float, float]:
    """Return the interval of effects, on the model scale, that count as at least as large."""
    edge = threshold(estimand, margin)
    return (-math.inf, edge) if points_down(estimand) else (edge, math.inf)


def null_of(code: str) -> float:
    """No effect on the model scale of a measure; zero for measures of one group, which have none.

    >>> null_of("RR"), null_of("AUC"), null_of("PLO")
    (0.0, 0.5, 0.0)
    """
    return look_up(code).null or 0.0


def points_down(estimand: Estimand) -> bool:
    """Whether the claim's side lies below on the model scale, which turns the order for a few measures.

    >>> efficacy = Estimand(measure="VE", value=60.0, value_text="60% efficacy", side="above")
    >>> points_down(efficacy)
    True
    """
    return (estimand.side == "below") == look_up(estimand.measure).transform.increasing


def _size(estimand: Estimand) -> float:
    if estimand.value is not None:
        return estimand.value
    null = no_effect(estimand.measure)
    assert null is not None  # the claims file asks for a value where no effect has no value of its own
    return null


def _forward(estimand: Estimand, value: float) -> float:
    return float(look_up(estimand.measure).transform.forward(value))
