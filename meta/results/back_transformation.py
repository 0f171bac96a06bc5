"""A fit on its display scale: intervals, and what is said of the way there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from meta.effects.display import Display, display_of


@dataclass(frozen=True, slots=True)
class BackTransformed:
    """A fit on the scale on which it is read; the mean of logs becomes a median.

    Attributes
    ----------
    measure, display : str
        The measure's code and its name on this scale.
    estimate, ci_low, ci_high, pi_low, pi_high : float
        The pooled effect, its interval and the prediction interval.
    cut : tuple of str
        Names of those that were cut at the end of the scale, such as a proportion's at 0.
    size : float or None
        The harmonic mean of the studies' sizes (people, person-time), where the way back depends on it.
    """

    measure: str
    display: str
    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float
    cut: tuple[str, ...] = ()
    size: float | None = None

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of these numbers.

        >>> BackTransformed("PR", "proportion", 0.1, 0.0, 0.3, 0.0, 0.4, ("ci_low", "pi_low")).notes
        ('the proportion was cut at the end of its range: CI at 0, PI at 0',)
        """
        said = []
        if self.size is not None:
            said.append(f"{self.display} at a study size of {self.size:.4g}, the harmonic mean (Miller 1978)")
        if self.cut:
            names = {"estimate": "estimate"}
            where = [f"{names.get(name, name[:2].upper())} at {getattr(self, name):g}" for name in self.cut]
            said.append(f"the {self.display} was cut at the end of its range: {', '.join(where)}")
        return tuple(said)


NUMBERS = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")


def on_display(effects: Any, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Estimates and the ends of intervals, as columns, on the display scale of ``effects``."""
    how = display_of(effects)
    source = _sources(how)
    return {name: how.pooled(columns[source[name]]).values for name in NUMBERS if name in columns}


def _sources(how: Display) -> dict[str, str]:
    """Which number each comes from: where the way back reverses the order the ends change places."""
    ends = NUMBERS if how.scale.increasing else ("estimate", "ci_high", "ci_low", "pi_high", "pi_low")
    return dict(zip(NUMBERS, ends, strict=True))


def back_transformed(effects: Any, numbers: ArrayLike) -> BackTransformed:
    """The pooled effect, its interval and the prediction interval of ``effects`` on their display scale."""
    how = display_of(effects)
    given = dict(zip(NUMBERS, np.asarray(numbers, dtype=float), strict=True))
    shown = how.pooled([given[name] for name in _sources(how).values()])
    cut = tuple(name for name, is_cut in zip(NUMBERS, shown.cut, strict=True) if is_cut)
    values = dict(zip(NUMBERS, map(float, shown.values), strict=True))
    return BackTransformed(how.measure, how.name, **values, cut=cut, size=how.size)
