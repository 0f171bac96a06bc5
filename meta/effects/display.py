"""The display scale of one set of effects: each row by its own n or time, a pool by their harmonic mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from meta.effects.registry import MEASURES
from meta.effects.scales import SCALES, Scale

SLACK = 1e-9
"""How far beyond the end of a scale rounding may put a value that lies at it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Values on the display scale.

    Attributes
    ----------
    values : ndarray
        In the shape that was given; none lies outside the range of the measure.
    cut : ndarray of bool
        Which of them were cut at the end of that range.
    """

    values: np.ndarray
    cut: np.ndarray


@dataclass(frozen=True, slots=True)
class Display:
    """The display scale of the effects of one measure.

    Attributes
    ----------
    measure : str
        The measure's code; one that is not registered is shown as it is.
    sizes : ndarray of shape (k,) or None
        People or person-time of each row; None where the scale does not depend on them.

    References
    ----------
    Miller JJ (1978). Am Stat 32:138. https://doi.org/10.1080/00031305.1978.10479283

    Examples
    --------
    >>> import meta
    >>> es = meta.effect_sizes(measure="PFT", events=[0, 2, 5], n=[18, 12, 40])
    >>> how = display_of(es)
    >>> how.rows(es.yi).values.round(4).tolist(), round(how.size, 2)
    ([0.0, 0.1667, 0.125], 18.31)
    >>> how.pooled([0.2, -0.1]).values.round(4).tolist(), how.pooled([0.2, -0.1]).cut.tolist()
    ([0.0186, 0.0], [False, True])
    """

    measure: str
    sizes: np.ndarray | None = None

    @property
    def name(self) -> str:
        """What the display scale is called."""
        return MEASURES[self.measure].display if self.measure in MEASURES else "effect"

    @property
    def size(self) -> float | None:
        """The harmonic mean of the sizes; None where the scale does not depend on it."""
        if self.sizes is None:
            return None
        known = self.sizes[np.isfinite(self.sizes) & (self.sizes > 0)]
        return float(known.size / np.sum(1 / known)) if known.size else None

    def sizes_among(self, included: np.ndarray) -> np.ndarray | None:
        """The harmonic mean of each subset, a column of ``included`` (k, m); None without sizes."""
        if self.sizes is None:
            return None
        known = np.isfinite(self.sizes) & (self.sizes > 0)
        rows = included & known[:, None]
        total = np.where(known, 1 / np.where(known, self.sizes, 1.0), 0.0) @ rows
        return np.divide(rows.sum(axis=0), total, out=np.full(rows.shape[1], np.nan), where=total > 0)

    @property
    def scale(self) -> Scale:
        """The scale of a pooled value."""
        return scale_of(self.measure).at(self.size)

    def pooled(self, values: ArrayLike) -> Shown:
        """Values that belong to all rows together: a mean, its interval, a new study's effect."""
        return self.shown(np.asarray(values, dtype=float), self.size)

    def rows(self, values: ArrayLike) -> Shown:
        """Values of shape (k,) or (k, m) that belong to one row each."""
        x = np.asarray(values, dtype=float)
        sizes = self.sizes
        if sizes is not None and x.ndim > 1:
            sizes = sizes[:, None]
        return self.shown(x, sizes)

    def ends(self, sizes: ArrayLike | None) -> tuple[ArrayLike, ArrayLike]:
        """What lies on the model scale at the ends of the display scale."""
        scale = scale_of(self.measure).at(sizes)
        if scale.name != "identity" or self.measure not in MEASURES:
            return scale.ends(np.inf if sizes is None else sizes)
        return MEASURES[self.measure].limits

    def shown(self, values: ArrayLike, sizes: ArrayLike | None) -> Shown:
        """Values for the sizes that are named, one for all or one for each."""
        x = np.asarray(values, dtype=float)
        low, high = self.ends(sizes)
        with np.errstate(over="ignore", invalid="ignore"):  # a ratio beyond the largest number reads as inf
            back = np.asarray(scale_of(self.measure).at(sizes).back(np.clip(x, low, high)), dtype=float)
            return Shown(back, (x < np.subtract(low, SLACK)) | (x > np.add(high, SLACK)))


def scale_of(measure: str) -> Scale:
    """The scale of a measure; one that is not registered is shown as it is."""
    return MEASURES[measure].transform if measure in MEASURES else SCALES["identity"]


def display_of(effects: Any) -> Display:
    """The display scale of effect sizes, or of anything with ``measure`` and ``vi``.

    The number of people, or the time, is what the effects were computed from; where only they themselves
    are known, their variance determines it.
    """
    measure = str(getattr(effects, "measure", "GEN"))
    scale = scale_of(measure)
    if scale.size_of is None:
        return Display(measure)
    inputs = getattr(effects, "inputs", {})
    given = inputs.get("n", inputs.get("time"))
    with np.errstate(divide="ignore"):
        implied = scale.size_of(np.asarray(effects.vi, dtype=float))
    if given is None:
        return Display(measure, implied)
    known = np.asarray(given, dtype=float)
    return Display(measure, np.where(np.isfinite(known), known, implied))
