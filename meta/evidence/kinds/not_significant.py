"""Tested and not significant: "p > 0.05"."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from meta.evidence.kinds.fields import Direction, Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, direction_of, plain
from meta.evidence.kinds.text import Named, direction, joined, number


class NotSignificant(Strict):
    """Tested and not significant: "p > 0.05"."""

    kind: Literal["not-significant"]
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.05, description="The threshold that was not reached: 0.05 for 'p > 0.05'."
    )
    direction: Direction = Field(default="not stated", description="Direction, if the paper names one.")


COLUMNS = plain("alpha", "direction")


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    yield a.ask("alpha", "Above which p?", default="0.05")
    yield a.ask("direction", "Does the paper name a direction?", default="not stated")
    yield from a.sizes()


def printed(s: NotSignificant, arm: Named) -> str:
    """As a reader would write it down."""
    return joined(f"not significant (p > {number(s.alpha)})", direction(s, arm))


def facts(s: NotSignificant, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names."""
    return {"not_significant": s.alpha} | direction_of(s)


KIND = Kind(
    name="not-significant",
    model=NotSignificant,
    asked='only "not significant"',
    means=(
        "The groups were compared and did not differ significantly. It gives a bound: the effect "
        "was at most so large. This is worth entering: leaving such studies out would bias the "
        "result."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    hints=("alpha",),
)
