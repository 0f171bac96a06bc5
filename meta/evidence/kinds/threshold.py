"""A p-value below a threshold and nothing more: "p < 0.01, lower"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from meta.evidence.kinds.fields import Direction, Size, Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, direction_of, plain
from meta.evidence.kinds.text import Named, direction, joined, number


class Threshold(Strict):
    """A p-value below a threshold and nothing more: "p < 0.01, lower"."""

    kind: Literal["threshold"]
    p_below: Annotated[float, Field(gt=0, lt=1)] = Field(description="The threshold: 0.01 for 'p < 0.01'.")
    direction: Direction = Field(description="Whether the outcome was lower or higher under the treatment.")
    comparisons: Size = Field(
        default=1, description="For how many comparisons the threshold was corrected; 1 if it was not."
    )


COLUMNS = plain("p_below", "direction", "comparisons")


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    yield a.ask("p_below", "p below which number? 0.01 for p < 0.01")
    yield a.ask("direction", f"Was the outcome lower or higher under {a.treatment}?")
    yield a.ask("comparisons", "For how many comparisons was it corrected?", default="1")
    yield a.ask("selected", "Is it reported because it was significant, the best of several?", default="no")
    yield from a.sizes()


def printed(s: Threshold, arm: Named) -> str:
    """As a reader would write it down."""
    several = f"{s.comparisons} comparisons" if s.comparisons > 1 else ""
    return joined(direction(s, arm), f"p < {number(s.p_below)}", several)


def facts(s: Threshold, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names: a threshold that was corrected is divided (Bonferroni)."""
    return {"p_below": s.p_below / s.comparisons} | direction_of(s)


KIND = Kind(
    name="threshold",
    model=Threshold,
    asked='only "p < 0.01" and the direction',
    means=(
        "The paper says that the difference was significant, not how large it was. It gives a "
        "bound: the effect was at least so large."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("p_below",),
)
