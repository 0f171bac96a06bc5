"""Small parts of a pooled result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from meta.results.back_transformation import NUMBERS, BackTransformed, back_transformed, on_display

__all__ = ["NUMBERS", "BackTransformed", "Diagnostics", "Interval", "back_transformed", "on_display"]


class Interval(NamedTuple):
    """Low and high end."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Diagnostics:
    """How the estimate of tau2 was reached.

    Attributes
    ----------
    iterations : int
        Steps taken; 0 for closed forms.
    converged : bool
        Whether they met their tolerance.
    at_boundary : bool
        Whether tau2 is 0 because it may not be negative.
    maxima : int
        Number of local maxima of the likelihood; the largest is reported.
    """

    iterations: int
    converged: bool
    at_boundary: bool
    maxima: int
