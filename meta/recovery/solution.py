"""`Solution`: the effect of one comparison with its trail."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from meta.recovery.contradiction import Contradiction


@dataclass(frozen=True, slots=True)
class ImpliedTest:
    """The test of no effect on the native scale.

    Attributes
    ----------
    t, df, p : float
        Statistic, degrees of freedom (infinite for a normal test) and two-sided p-value. ``t`` is NaN where
        its sign is unknown.
    source : str
        "as printed" or "from the facts".
    """

    t: float
    df: float
    p: float
    source: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way: what it gives, its formula with the numbers, and where it comes from."""

    name: str
    gives: str
    value: float
    formula: str
    citation: str
    doi: str

    def __str__(self) -> str:
        shown = "" if math.isnan(self.value) else f" = {self.value:.4g}"
        return f"{self.name}: {self.formula}{shown} ({self.citation})"


@dataclass(frozen=True)
class Solution:
    """The effect that the stated facts of one comparison lead to.

    Attributes
    ----------
    measure : str
        Code of the measure.
    yi, vi : float
        Effect on the model scale and its sampling variance; ``yi`` is NaN for a bound or a mixture.
    tier : str
        A from what is stated alone; B with assumptions; C bounds or two values; D nothing.
    kind : str
        "exact", "bound", "mixture" or "none".
    low, high : float
        The bound's ends; NaN otherwise.
    mixture : tuple of (value, weight)
        The possible values where only the sign is unknown.
    range : (float, float)
        Within which the effect lies as the digits are rounded and the assumptions vary.
    trail : tuple of Step
        The steps in order.
    assumptions : tuple of str
        What was assumed, with value and range.
    implied : ImpliedTest or None
        The test of no effect that was printed, or that follows.
    contradictions : tuple of Contradiction
        What does not fit, or deserves a look.
    facts : mapping of str to object
        What was stated, as it was given.
    used : tuple of str
        Those of them that the way uses.
    phase : str
        "final" or "change" where the groups were measured before and after; empty otherwise.
    reason : str
        Why there is no effect, and what would help.
    """

    measure: str
    yi: float
    vi: float
    tier: str
    kind: str = "exact"
    low: float = math.nan
    high: float = math.nan
    mixture: tuple[tuple[float, float], ...] = ()
    range: tuple[float, float] = (math.nan, math.nan)
    trail: tuple[Step, ...] = ()
    assumptions: tuple[str, ...] = ()
    implied: ImpliedTest | None = None
    contradictions: tuple[Contradiction, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    phase: str = ""
    reason: str = ""

    @property
    def sei(self) -> float:
        """Standard error."""
        return math.sqrt(self.vi) if self.vi >= 0 else math.nan

    @property
    def steps(self) -> tuple[str, ...]:
        """Every step in words, with its formula, its value and its citation."""
        return tuple(map(str, self.trail))

    @property
    def provenance(self) -> str:
        """The way in one line: the facts used and the steps."""
        way = "; ".join(step.name for step in self.trail)
        return f"{', '.join(self.used)}: {way}" if way else self.reason

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Normal interval of the effect on the model scale.

        >>> low, high = Solution("MD", -12.0, 31.5, "A").interval()
        >>> round(low, 1), round(high, 1)
        (-23.0, -1.0)
        """
        from scipy.special import ndtri

        half = float(ndtri((1 + level) / 2)) * self.sei
        return self.yi - half, self.yi + half

    def __str__(self) -> str:
        from meta.recovery.words import block

        return block(self)

    def explain(self) -> str:
        """The whole trail: facts, steps with formulas and DOIs, assumptions, contradictions."""
        from meta.recovery.words import explanation

        return explanation(self)

    def to_dict(self) -> dict[str, Any]:
        """All of it, for JSON; numbers that do not exist are None."""
        from meta.recovery.words import as_dict

        return as_dict(self)

    def to_json(self) -> str:
        """The same as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def code(self) -> str:
        """The line of Python that gives this solution.

        >>> Solution("MD", -12.0, 31.5, "A", facts={"difference": -12, "se": "5.61"}).code()
        "meta.solve(measure='MD', difference=-12, se='5.61')"
        """
        facts = "".join(f", {name}={value!r}" for name, value in self.facts.items())
        return f"meta.solve(measure={self.measure!r}{facts})"
