"""Percentages by arm where the counts were not printed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from meta.evidence.kinds.fields import Probability, Size, Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, by_arm, of_arms, plain, stated
from meta.evidence.kinds.text import Named, joined, p_value, percent_text


class ArmPercentage(Strict):
    """A percentage of an arm as printed, with its n where that is known."""

    arm: str = Field(description="Id of the arm.")
    percent: Annotated[float, Field(ge=0, le=100)] = Field(description="The percentage as printed, 0 to 100.")
    decimals: Annotated[int, Field(ge=0, le=4)] = Field(
        1, description="Decimals that were printed: 0 for 78%, 1 for 78.0%."
    )
    n: Size | None = Field(default=None, description="People in the arm, where known.")


class Percentages(Strict):
    """Percentages by arm where the counts were not printed."""

    kind: Literal["percentages"]
    arms: tuple[ArmPercentage, ...] = Field(min_length=1, description="One percentage an arm.")
    p: Probability | None = Field(default=None, description="p-value of the comparison, as printed.")


COLUMNS = by_arm("percent", "decimals", "n") | plain("p")


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    for arm, who in a.arms:
        yield a.ask(f"percent{arm}", f"Percentage in {who}, with its decimals as printed?")
        yield a.ask(f"n{arm}", f"Of how many people in {who}?", optional=True)
    yield a.p()


def printed(s: Percentages, arm: Named) -> str:
    """As a reader would write it down."""
    said = []
    for part in s.arms:
        size = "" if part.n is None else f" of {part.n}"
        said.append(f"{arm(part.arm)}: {percent_text(part.percent, part.decimals)}%{size}")
    return joined(*said, p_value(s.p))


def facts(s: Percentages, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names."""
    found = of_arms(s.arms, arms, "percent", "n", "decimals")
    for arm in ("1", "2", ""):
        decimals = found.pop(f"decimals{arm}", None)
        if decimals is not None:  # text keeps the digits that were printed
            found[f"percent{arm}"] = percent_text(found[f"percent{arm}"], decimals)
    return found | stated(s, "p")


KIND = Kind(
    name="percentages",
    model=Percentages,
    asked="percentages of people, without the counts",
    means=(
        "Such as 30.0% against 51.2%. With the number of people the counts can mostly be "
        "recovered; type as many decimals as are printed, because they tell how exact the "
        "percentage is."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("percent1",),
)
