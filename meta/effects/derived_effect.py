"""One reported result as an effect: the record that the derivations return, and what they may look up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np

from meta.effects.eligibility import contrast
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import ClaimsFile
from meta.evidence.study_schema import Arm, Result, Study
from meta.formatting import number
from meta.recovery.assumptions import ASSUMPTIONS
from meta.recovery.solution import ImpliedTest

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
        The arithmetic, one sentence per step, with the numbers.
    assumptions : tuple of str
        What was assumed, with value and range.
    reason : str
        Why nothing can be computed, at tier D.
    implied : ImpliedTest or None
        The test of no effect on its native scale: the printed one where one is printed.
    columns : tuple of (str, float)
        What the measure's own formula was given, by argument; empty where another way was taken.
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
    implied: ImpliedTest | None = None
    columns: tuple[tuple[str, float], ...] = ()

    @property
    def kind(self) -> str:
        """The row kind of :class:`~meta.effects.effect_size_table.EffectSizes`."""
        if self.tier == "D":
            return "none"
        if self.mixture:
            return "mixture"
        return "bound" if self.tier == "C" else "exact"


def nothing(reason: str) -> Derived:
    """Return a tier D result with its reason."""
    return Derived("D", reason=reason)


@dataclass(frozen=True, slots=True)
class Context:
    """A reported result with all that its derivation may look up."""

    study: Study
    result: Result
    analysis: Analysis
    claims: ClaimsFile
    values: Mapping[str, float]
    arm_sizes: Mapping[str, Mapping[str, int]]
    pair: tuple[Arm, Arm] | None = None

    @property
    def arms(self) -> tuple[Arm, Arm]:
        """The treatment arm and its control."""
        pair = self.pair or contrast(self.study, self.result)
        assert pair is not None  # candidates() let only contrasts through
        return pair

    @property
    def crossover(self) -> bool:
        """Whether the same people had both conditions."""
        return self.study.design.kind in ("crossover", "contralateral")

    def value(self, assumption_id: str) -> float:
        """The value that is taken of an assumption of the claims file."""
        return self.values.get(assumption_id, self.claims.assumption(assumption_id).value)

    def worded(self, assumption_id: str) -> str:
        """An assumption with its value and range, in the claims file's words where it declares it."""
        for item in self.claims.assumptions:
            if item.id == assumption_id:
                value = self.value(assumption_id)
                return f"{item.name} = {value:g} (range {item.low:g} to {item.high:g})"
        return ASSUMPTIONS[assumption_id].told(self.values.get(assumption_id))

    def size(self, arm: Arm) -> tuple[int | None, str]:
        """Return an arm's n and what to note: the statistic's own, else the arm's, else an assumed one."""
        reported = reported_size(self.study, self.result, arm)
        if reported:
            return reported, ""
        if self.crossover and self.study.population.n_analysed:
            return self.study.population.n_analysed, ""
        assumed = self.arm_sizes.get(self.study.id, {}).get(arm.id)
        return assumed, f"n of the {arm.label} arm = {assumed} (assumed)" if assumed else ""

    def sizes(self) -> tuple[int, int] | None:
        """Return (n1, n2) of the treatment and the control arm, or None if either is unknown."""
        first, second = (self.size(arm)[0] for arm in self.arms)
        return (first, second) if first and second else None


def reported_size(study: Study, result: Result, arm: Arm) -> int | None:
    """An arm's n as far as it is reported: the statistic's own, else the arm's."""
    parts = getattr(result.statistic, "arms", ())
    own = {part.arm: part.n for part in parts if hasattr(part, "n")}
    return own.get(arm.id) or arm.n_analysed or arm.n_randomised


def shown(value: SupportsFloat) -> str:
    """Show a number in a step."""
    return number(float(value), 3)
