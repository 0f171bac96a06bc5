"""A range in words: "1 to 2 points lower"; both ends positive, signed by ``direction``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from meta.evidence.kinds.fields import COMPARE, Direction, Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, plain
from meta.evidence.kinds.text import Named, joined, number


class Interval(Strict):
    """A range in words: "1 to 2 points lower"; both ends positive, signed by ``direction``."""

    kind: Literal["interval"]
    low: float = Field(description="The smaller end, without a sign.")
    high: float = Field(description="The larger end, without a sign.")
    direction: Direction = Field(description="lower or higher, as the paper says.")
    significant: bool | None = Field(
        default=None, description="Whether this arm's change was called significant."
    )
    other_arm_significant: bool | None = Field(
        default=None, description="Whether the other arm's change was called significant."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"low must be at most high: {self.low:g} > {self.high:g}; {COMPARE}")
        return self


COLUMNS = plain("low", "high", "direction", "significant", "other_arm_significant")


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    yield a.ask("low", "The smaller end, without a sign?")
    yield a.ask("high", "The larger end, without a sign?")
    yield a.ask("direction", "Lower or higher?")
    yield a.ask("scale_low", "Lowest value that the scale allows?", optional=True)
    yield a.ask("scale_high", "Highest value that the scale allows?", optional=True)
    yield a.ask("significant", "Was this change called significant?", optional=True)
    yield a.ask("other_arm_significant", "Was the other group's change?", optional=True)
    yield from a.sizes()


def printed(s: Interval, arm: Named) -> str:
    """As a reader would write it down."""
    significant = {True: "significant", False: "not significant", None: ""}
    other = {True: "the other arm also significant", False: "the other arm not significant", None: ""}
    where = "" if s.direction == "not stated" else f" {s.direction}"
    return joined(
        f"{number(s.low)} to {number(s.high)}{where}",
        significant[s.significant],
        other[s.other_arm_significant],
    )


def facts(s: Interval, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names: the ends of the mean change, signed."""
    if s.direction == "not stated":
        return {}
    low, high = (s.low, s.high) if s.direction == "higher" else (-s.high, -s.low)
    found: dict[str, object] = {"change_low1": low, "change_high1": high}
    if s.significant is False:
        found["not_significant_change1"] = 0.05
    if s.other_arm_significant is False:
        found["not_significant_change2"] = 0.05
    return found


KIND = Kind(
    name="interval",
    model=Interval,
    asked='a range in words, such as "1 to 2 points lower"',
    means=("A range without a standard error. It gives bounds."),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("low",),
)
