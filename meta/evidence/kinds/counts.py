"""Events and totals by arm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from meta.evidence.kinds.fields import COMPARE, Count, Probability, Size, Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, by_arm, of_arms, plain, stated
from meta.evidence.kinds.text import Named, joined, p_value


class ArmCount(Strict):
    """Events out of n in one arm."""

    arm: str = Field(description="Id of the arm.")
    events: Count = Field(description="People with the event.")
    n: Size = Field(description="People in the arm.")

    @model_validator(mode="after")
    def _fits(self) -> ArmCount:
        if self.events > self.n:
            raise ValueError(f"events must be at most n: {self.events} > {self.n}; {COMPARE}")
        return self


class Counts(Strict):
    """Events and totals by arm."""

    kind: Literal["counts"]
    arms: tuple[ArmCount, ...] = Field(min_length=1, description="One count an arm.")
    p: Probability | None = Field(default=None, description="p-value of the comparison, as printed.")


COLUMNS = by_arm("events", "n") | plain("p")


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    for arm, who in a.arms:
        yield a.ask(f"events{arm}", f"How many people in {who} had the event?")
        yield a.ask(f"n{arm}", f"Of how many people in {who}?")
    yield a.p()


def printed(s: Counts, arm: Named) -> str:
    """As a reader would write it down."""
    return joined(*(f"{arm(part.arm)}: {part.events} of {part.n}" for part in s.arms), p_value(s.p))


def facts(s: Counts, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names."""
    return of_arms(s.arms, arms, "events", "n") | stated(s, "p")


KIND = Kind(
    name="counts",
    model=Counts,
    asked="how many people had the event, of how many",
    means=("Such as 12 of 40 against 21 of 41. Risk ratio and odds ratio follow from it."),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("events1",),
)
