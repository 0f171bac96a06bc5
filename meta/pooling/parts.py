"""Small parts of a pooled result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple


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


@dataclass(frozen=True, slots=True)
class BackTransformed:
    """A fit on the scale on which it is read; the mean of logs becomes a median.

    Attributes
    ----------
    measure, display : str
        The measure's code and its name on this scale.
    estimate, ci_low, ci_high, pi_low, pi_high : float
        The pooled effect, its interval and the prediction interval.
    """

    measure: str
    display: str
    estimate: float
    ci_low: float
    ci_high: float
    pi_low: float
    pi_high: float

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)
