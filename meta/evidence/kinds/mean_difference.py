"""A difference between arms (treatment minus control) with a standard error, an interval or a p-value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from meta.evidence.kinds.fields import COMPARE, Level, Positive, Probability, Strict, outside
from meta.evidence.kinds.kind import Asking, Facts, Kind, level_of, plain, stated
from meta.evidence.kinds.text import Named, ends, joined, number, p_value


class MeanDifference(Strict):
    """A difference between arms (treatment minus control) with a standard error, an interval or a p-value."""

    kind: Literal["mean-difference"]
    difference: float = Field(
        description="Treatment minus control, as printed; negative means lower under the treatment."
    )
    se: Positive | None = Field(default=None, description="Standard error of the difference.")
    ci_low: float | None = Field(default=None, description="Lower end of its confidence interval.")
    ci_high: float | None = Field(default=None, description="Upper end of its confidence interval.")
    level: Level = Field(default=0.95, description="Level of the interval: 0.95 for 95%.")
    p: Probability | None = Field(default=None, description="Its p-value, as printed.")

    @model_validator(mode="after")
    def _interval_holds_it(self) -> MeanDifference:
        if outside(self.difference, self.ci_low, self.ci_high):
            raise ValueError(
                f"the difference {self.difference:g} lies outside its interval "
                f"[{self.ci_low:g}, {self.ci_high:g}]; {COMPARE}"
            )
        return self


COLUMNS = {"md": "difference"} | plain("se", "ci_low", "ci_high", "level", "p")


BESIDE_DIFFERENCE = (
    ("interval", "95% confidence interval"),
    ("SE", "standard error"),
    ("p", "only a p-value"),
    ("nothing", ""),
)


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    yield a.ask("md", f"Difference, {a.treatment} minus control? Minus means lower under {a.treatment}")
    yield a.choice("beside", "What stands beside it?", BESIDE_DIFFERENCE)
    beside = a.chosen("beside")
    if beside == "SE":
        yield a.ask("se", "Standard error of the difference?")
    if beside == "interval":
        yield a.ask("ci_low", "Lower end of the interval?")
        yield a.ask("ci_high", "Upper end of the interval?")
    yield a.ask("p", "p-value?", optional=beside != "p")
    yield a.adjusted()
    yield from a.sizes()


def printed(s: MeanDifference, arm: Named) -> str:
    """As a reader would write it down."""
    se = "" if s.se is None else f"SE {number(s.se)}"
    return joined(f"difference {number(s.difference)}", se, ends(s.ci_low, s.ci_high, s.level), p_value(s.p))


def facts(s: MeanDifference, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names."""
    return stated(s, "difference", "se", "ci_low", "ci_high", "p") | level_of(s)


KIND = Kind(
    name="mean-difference",
    model=MeanDifference,
    asked="only the difference between the groups' averages",
    means=(
        "Treatment minus control, with its interval, SE or p-value. Minus means lower under the "
        "treatment. The standardised difference follows from it together with the number of "
        "people."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("md",),
)
