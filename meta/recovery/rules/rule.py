"""`Rule`: how one fact follows from others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from meta.recovery.assumptions import mask_of, tier_of

HANDBOOK = ("Higgins, Li & Deeks 2019, Cochrane Handbook ch. 6", "10.1002/9781119536604.ch6")
TWO_GROUPS = ("two means",)
PEOPLE_TWICE = ("crossover", "paired")
COMPARISONS = ("two means", "crossover", "paired")
TESTED = (*COMPARISONS, "correlation")
GUESSED = 20.0
"""Cost of a value from nowhere: dearer than any chain that finds it from what was printed, so that r of a
crossover comes from a printed p where there is one (both rest on one assumption)."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule of the registry.

    Attributes
    ----------
    name : str
        What it does, in a few words; unique in the registry.
    needs, gives : tuple of str
        Names of facts, in their canonical form (:mod:`meta.recovery.fact_names`).
    function : callable
        From the arrays of ``needs`` (and the value of the assumption, where it has one) to the array that
        it gives, or a tuple of arrays if it gives several. NaN where it has no value.
    formula : str
        The formula, as the steps print it.
    settings : tuple of str
        In which settings it holds ("two means", "crossover", "2x2", ...).
    reference : (str, str)
        Citation and DOI.
    assumes : tuple of str
        Keys of :data:`meta.recovery.assumptions.ASSUMPTIONS`.
    when, unless : tuple of str
        Circumstances ("adjusted", "clustered", "change", ...) that it needs, or that rule it out.
    cost : float
        How indirect it is; of ways with equal tier and assumptions the one with the smallest sum is taken.
    printed : bool
        Whether it reads a test or interval between the groups as printed.
    """

    name: str
    needs: tuple[str, ...]
    gives: tuple[str, ...]
    function: Callable
    formula: str
    settings: tuple[str, ...]
    reference: tuple[str, str] = HANDBOOK
    assumes: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    cost: float = 1.0
    printed: bool = False

    @property
    def mask(self) -> int:
        """Its assumptions as a bit mask."""
        return mask_of(self.assumes)

    @property
    def tier(self) -> str:
        """The tier that it leads to at best."""
        return tier_of(self.mask)

    def holds(self, setting: str, flags: frozenset[str]) -> bool:
        """Whether it may be used in a setting under these circumstances."""
        return (
            setting in self.settings and flags.issuperset(self.when) and not flags.intersection(self.unless)
        )
