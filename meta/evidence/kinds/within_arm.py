"""Tests of change within each arm; the contrast of arms was not tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from meta.evidence.kinds.fields import Direction, Probability, Size, Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, by_arm, fact_name, stated
from meta.evidence.kinds.text import Named, joined, number, p_value


class ArmTest(Strict):
    """One arm's own test of change from baseline."""

    arm: str = Field(description="Id of the arm.")
    n: Size | None = Field(default=None, description="People in the arm.")
    p: Probability | None = Field(default=None, description="p-value of the change within this arm.")
    significant: bool | None = Field(
        default=None, description="Whether the change was called significant, where no p is printed."
    )
    alpha: Probability = Field(default=0.05, description="Threshold of 'significant'.")
    direction: Direction = Field(default="not stated", description="Whether the arm's values fell or rose.")


class WithinArm(Strict):
    """Tests of change within each arm; the contrast of arms was not tested."""

    kind: Literal["within-arm-tests"]
    arms: tuple[ArmTest, ...] = Field(min_length=1, description="One test an arm.")


COLUMNS = by_arm("n", "p", "significant", "alpha", "direction")


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    for arm, who in a.arms:
        yield a.ask(f"p{arm}", f"p-value of the change in {who}?", optional=True)
        if not a.answer(f"p{arm}"):
            yield a.ask(f"significant{arm}", f"Was the change in {who} called significant?", optional=True)
        yield a.ask(f"direction{arm}", f"Did the values of {who} fall or rise?", default="not stated")
        yield a.ask(f"n{arm}", f"How many people in {who}?", optional=True)


def printed(s: WithinArm, arm: Named) -> str:
    """As a reader would write it down."""
    said = []
    for part in s.arms:
        verdict = {True: f"p < {number(part.alpha)}", False: f"p > {number(part.alpha)}", None: ""}
        words = [
            "" if part.direction == "not stated" else f"{part.direction} than before",
            p_value(part.p) or verdict[part.significant],
            "" if part.n is None else f"n = {part.n}",
        ]
        said.append(f"{arm(part.arm)}: {', '.join(word for word in words if word) or 'tested'}")
    return joined(*said)


def facts(s: WithinArm, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names."""
    found: dict[str, object] = {}
    for place, arm in enumerate(arms):
        suffix = str(place + 1) if len(arms) > 1 else ""
        part = next((item for item in s.arms if item.arm == arm), None)
        if part is not None:
            of_change = _of_change(part) if suffix else _of_one_group(part)
            found |= {fact_name(name, suffix): value for name, value in of_change.items()}
    return found


def _of_one_group(part: ArmTest) -> dict[str, object]:
    """Of a single group the test of its change is the test of the comparison."""
    return {name.removesuffix("_change"): value for name, value in _of_change(part).items()}


def _of_change(part: ArmTest) -> dict[str, object]:
    found = stated(part, "n")
    if part.p is not None:
        found["p_change"] = part.p
    if part.direction != "not stated":
        found["direction_change"] = part.direction
    significant = part.significant if part.p is None else None
    if significant is not None:
        found["p_below_change" if significant else "not_significant_change"] = part.alpha
    return found


KIND = Kind(
    name="within-arm-tests",
    model=WithinArm,
    asked="p-values of change within each group",
    means=(
        "Each group was tested against its own baseline, the groups were not tested against each "
        "other. It says little about the difference between groups, and gives bounds."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("p1", "p2"),
)
