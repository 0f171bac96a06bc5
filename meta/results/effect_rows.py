"""What figures draw of a result: its rows, its summaries by their own names, its heterogeneity."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects.display import display_of
from meta.effects.effect_size_table import EffectSizes
from meta.errors import NotEstimableError
from meta.results.abilities import Augmented, SeveralFits


@dataclass(frozen=True, slots=True)
class Summary:
    """A mean effect under a name, on the model scale; NaN where it has no interval."""

    label: str
    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float = math.nan
    pi_high: float = math.nan


@dataclass(frozen=True, slots=True)
class EffectRows:
    """Rows of a result.

    Attributes
    ----------
    effects : EffectSizes
        The effects, one per row, with their labels.
    weights : ndarray of shape (k,)
        In percent; NaN where the result has none.
    groups : ndarray of shape (k,) or None
        Subgroup of each row.
    n : ndarray of shape (k,) or None
        People or person-time, where the display scale depends on it.
    summaries : tuple of Summary
        Means, each with its own name.
    heterogeneity : mapping
        ``tau2 i2 q q_df q_p`` as far as the result knows them.
    level : float
        Of all intervals.
    """

    effects: EffectSizes
    weights: np.ndarray
    groups: np.ndarray | None
    n: np.ndarray | None
    summaries: tuple[Summary, ...]
    heterogeneity: Mapping[str, float]
    level: float


def rows_of(result: Any) -> EffectRows:
    """The rows of any result that has some."""
    effects = getattr(result, "effects", None)
    if effects is None or not isinstance(result, Augmented):
        raise NotEstimableError(
            f"a {type(result).__name__} has no rows of effects to draw; give the fit or the effects"
        )
    table = result.augment()
    weights = np.full(effects.k, np.nan)
    if "weight" in table and len(table) == effects.k:
        weights = np.asarray(table["weight"], dtype=float)
    glance = result.glance().iloc[0]
    known = {name: float(glance[name]) for name in ("tau2", "i2", "q", "q_df", "q_p")}
    return EffectRows(
        effects=effects,
        weights=weights,
        groups=np.asarray(table["group"], dtype=object) if isinstance(result, SeveralFits) else None,
        n=display_of(effects).sizes,
        summaries=tuple(summaries_of(result)),
        heterogeneity={name: value for name, value in known.items() if math.isfinite(value)},
        level=float(getattr(result, "level", 0.95)),
    )


def summaries_of(result: Any) -> list[Summary]:
    """The rows of its table that are mean effects."""
    names = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
    return [
        Summary(result._summary_label(row), *(float(row.get(name, math.nan)) for name in names))
        for row in result._terms()
        if result._is_summary(row)
    ]
