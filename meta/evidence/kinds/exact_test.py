"""An exact test: p, t, F or (partial) eta squared, with the direction if it was stated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from meta.evidence.kinds.fields import Direction, Positive, Probability, Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, direction_of, plain, stated
from meta.evidence.kinds.text import Named, direction, joined, number, p_value


class ExactTest(Strict):
    """An exact test: p, t, F or (partial) eta squared, with the direction if it was stated."""

    kind: Literal["test"]
    direction: Direction = Field(
        description="Whether the outcome was lower or higher under the treatment, as the paper says."
    )
    p: Probability | None = Field(default=None, description="The exact p-value, two-sided, as printed.")
    p_below: Probability | None = Field(
        default=None,
        description="Threshold that is printed beside the other numbers, such as 0.01 in 'p < 0.01'.",
    )
    t: float | None = Field(default=None, description="The t statistic.")
    f: Annotated[float, Field(ge=0)] | None = Field(None, description="The F statistic.")
    df: tuple[Positive, ...] = Field(
        default=(), description="Degrees of freedom: one number for t, two for F."
    )
    eta_squared: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="(Partial) eta squared: the share of variance that the effect explains."
    )
    test: str = Field(default="not stated", description="Name of the test, as printed.")

    @model_validator(mode="after")
    def _says_something(self) -> ExactTest:
        if self.p is None and self.t is None and self.f is None and self.eta_squared is None:
            raise ValueError('give p, t, f or eta_squared; for "p < 0.01" alone use kind = "threshold"')
        return self


COLUMNS = plain("direction", "p", "p_below", "t", "f", "df", "eta_squared", "test")


WHICH_TEST = (
    ("p", "an exact p-value"),
    ("t", "a t statistic"),
    ("F", "an F statistic"),
    ("eta squared", "a share of variance"),
)


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    yield a.choice("which", "Which of these is printed? Take the first that is", WHICH_TEST)
    which = a.chosen("which")
    name = {"F": "f", "eta squared": "eta_squared"}.get(which, which)
    if name:
        yield a.ask(name, f"{which}?")
    if name in ("t", "f"):
        yield a.ask("df", "Degrees of freedom? One number for t, two for F", optional=True)
    if name != "p":
        yield a.p("p-value beside it?")
    yield a.ask("direction", f"Was the outcome lower or higher under {a.treatment}?")
    yield a.ask("test", "Name of the test?", default="not stated")
    yield a.adjusted()
    yield from a.sizes()


def printed(s: ExactTest, arm: Named) -> str:
    """As a reader would write it down."""
    df = f" with {', '.join(number(x) for x in s.df)} df" if s.df else ""
    return joined(
        direction(s, arm),
        "" if s.t is None else f"t = {number(s.t)}{df}",
        "" if s.f is None else f"F = {number(s.f)}{df}",
        "" if s.eta_squared is None else f"eta squared = {number(s.eta_squared)}",
        p_value(s.p),
        "" if s.p_below is None else f"p < {number(s.p_below)}",
        "" if s.test == "not stated" else f"test: {s.test}",
    )


def facts(s: ExactTest, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names; a test with several numerator df compares no two arms."""
    if len(s.df) == 2 and s.df[0] != 1:
        return direction_of(s)
    df = {"df": s.df[-1]} if s.df else {}
    return stated(s, "p", "p_below", "t", "f", "eta_squared") | df | direction_of(s)


KIND = Kind(
    name="test",
    model=ExactTest,
    asked="an exact p-value, t, F or eta squared",
    means=(
        "The result of a test that compares the groups. With the number of people and the "
        "direction it can be turned back into a standardised difference."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("t", "f", "eta_squared"),
    hints=("p",),
)
