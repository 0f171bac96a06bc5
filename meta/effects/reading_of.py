"""One reported result as an effect: the record that the derivations return, and what they may look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import SupportsFloat

import numpy as np

from meta.effects.eligibility import contrast
from meta.evidence.claims import Analysis, ClaimsFile
from meta.evidence.schema import Arm, Result, Study
from meta.formatting import number

TIERS = "ABCD"
NO_SIZES = "the number of people per arm was not seen and none is assumed"


@dataclass(frozen=True, slots=True)
class Derived:
    """An effect derived from one reported result, on the model scale.

    Attributes
    ----------
    tier : str
        A (reported statistics alone), B (needs a stated assumption), C (only bounds or a few possible
        values), D (nothing to compute).
    y, v : float
        Estimate and sampling variance; ``y`` is NaN for bounds and mixtures, both are NaN at tier D.
    low, high : float
        Bounds at tier C.
    mixture : tuple of (value, weight)
        Possible values at tier C, where only a sign is unknown.
    steps : tuple of str
        The arithmetic, one sentence a step, with the numbers.
    assumptions : tuple of str
        What was assumed, with value and range.
    reason : str
        Why nothing can be computed, at tier D.
    """

    tier: str
    y: float = np.nan
    v: float = np.nan
    low: float = np.nan
    high: float = np.nan
    mixture: tuple[tuple[float, float], ...] = ()
    steps: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    reason: str = ""

    @property
    def kind(self) -> str:
        """The row kind of :class:`~meta.effects.model.EffectSizes`."""
        if self.tier == "D":
            return "none"
        if self.mixture:
            return "mixture"
        return "bound" if self.tier == "C" else "exact"

    def after(self, context: Context) -> Derived:
        """Return this with the context's assumptions noted, and tier B in place of A if there are any."""
        noted = tuple(dict.fromkeys((*self.assumptions, *context.noted)))
        return replace(self, assumptions=noted, tier="B" if noted and self.tier == "A" else self.tier)


def nothing(reason: str) -> Derived:
    """Return a tier D result with its reason."""
    return Derived("D", reason=reason)


@dataclass
class Context:
    """A reported result with all that its derivation may look up; remembers each assumption it hands out."""

    study: Study
    result: Result
    analysis: Analysis
    claims: ClaimsFile
    values: Mapping[str, float]
    arm_sizes: Mapping[str, Mapping[str, int]]
    noted: list[str] = field(default_factory=list)

    @property
    def arms(self) -> tuple[Arm, Arm]:
        """The treatment arm and its control."""
        pair = contrast(self.study, self.result)
        assert pair is not None  # candidates() let only contrasts through
        return pair

    @property
    def crossover(self) -> bool:
        """Whether the same people had both conditions."""
        return self.study.design.kind in ("crossover", "contralateral")

    def assume(self, assumption_id: str) -> float:
        """Hand out an assumed value and note it."""
        item = self.claims.assumption(assumption_id)
        value = self.values.get(assumption_id, item.value)
        self.note(f"{item.name} = {value:g} (range {item.low:g} to {item.high:g})")
        return value

    def note(self, text: str) -> None:
        """Remember an assumption in words."""
        if text not in self.noted:
            self.noted.append(text)

    def size(self, arm: Arm) -> int | None:
        """Return an arm's n: the statistic's own, else the arm's, else an assumed one (noted), else None."""
        own = {part.arm: part.n for part in getattr(self.result.statistic, "arms", ()) if hasattr(part, "n")}
        reported = own.get(arm.id) or arm.n_analysed or arm.n_randomised
        if reported:
            return reported
        if self.crossover and self.study.population.n_analysed:
            return self.study.population.n_analysed
        assumed = self.arm_sizes.get(self.study.id, {}).get(arm.id)
        if assumed:
            self.note(f"n of the {arm.label} arm = {assumed} (assumed)")
        return assumed

    def sizes(self) -> tuple[int, int] | None:
        """Return (n1, n2) of the treatment and the control arm, or None if either is unknown."""
        first, second = (self.size(arm) for arm in self.arms)
        return (first, second) if first and second else None

    def people(self) -> int | None:
        """Return the number of people in a crossover."""
        sizes = self.sizes()
        return min(sizes) if sizes else self.study.population.n_analysed or self.study.population.n_randomised

    def toward(self, direction: str) -> float | None:
        """Return the sign of a stated direction (negative: lower under the treatment), or None if unstated.

        On scales where higher is better the sign is turned, and the turn is noted.
        """
        sign = {"lower": -1.0, "higher": 1.0}.get(direction)
        return sign if sign is None else sign * self.flip()

    def flip(self) -> float:
        """Return -1 where the scale runs the other way from the analysis's benefit, else 1."""
        if self.result.higher_is == "better" and self.analysis.benefit == "lower":
            self.note("scale turned: higher is better in the source")
            return -1.0
        return 1.0


def shown(value: SupportsFloat) -> str:
    """Show a number in a step."""
    return number(float(value), 3)
