"""A claim's value and threshold on the model scale."""

from __future__ import annotations

import math

from meta.evidence.claims import Estimand


def claimed_on_model_scale(estimand: Estimand) -> float:
    """Return the claimed value on the scale of the model: log for ratios, logit for shares.

    >>> claimed = Estimand(measure="ROM", value=0.59, value_text="41% less", side="below")
    >>> round(claimed_on_model_scale(claimed), 4)
    -0.5276
    """
    if estimand.measure == "ROM":
        return math.log(estimand.value)
    if estimand.measure == "PLO":
        return math.log(estimand.value) - math.log1p(-estimand.value)
    return estimand.value


def threshold(estimand: Estimand, margin: float | None = None) -> float:
    """Return the value beyond which an effect counts as at least as large: margin times the claimed one.

    For a share the margin applies to the share, not to its logit.
    """
    m = estimand.margin if margin is None else margin
    if estimand.measure == "PLO":
        share = m * estimand.value
        return math.log(share) - math.log1p(-share)
    return m * claimed_on_model_scale(estimand)


def region(estimand: Estimand, margin: float | None = None) -> tuple[float, float]:
    """Return the interval of effects that count as at least as large."""
    edge = threshold(estimand, margin)
    return (-math.inf, edge) if estimand.side == "below" else (edge, math.inf)
