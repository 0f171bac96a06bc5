"""How much a measurement varies without treatment: coefficients of variation in percent, or an ICC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from meta.evidence.kinds.fields import Positive, Size, Strict
from meta.evidence.kinds.kind import Asking, Facts, Kind, plain
from meta.evidence.kinds.text import Named, joined, known, number


class Variation(Strict):
    """How much a measurement varies without treatment: coefficients of variation in percent, or an ICC.

    ``low`` and ``high`` differ where a range was printed.
    """

    kind: Literal["variation"]
    within_person_cv_low: Positive | None = Field(
        default=None,
        description="Coefficient of variation within a person in percent, the lower of a range.",
    )
    within_person_cv_high: Positive | None = Field(
        default=None, description="The upper where a range is printed, else the same."
    )
    between_person_cv_low: Positive | None = Field(
        default=None, description="Coefficient of variation between people in percent, the lower."
    )
    between_person_cv_high: Positive | None = Field(default=None, description="The upper, else the same.")
    analytical_cv: Positive | None = Field(
        default=None, description="Coefficient of variation of the assay itself in percent."
    )
    retest_correlation_low: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        None, description="Test-retest correlation or ICC, the lower."
    )
    retest_correlation_high: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        None, description="The upper, else the same."
    )
    n: Size | None = Field(default=None, description="People measured.")


COLUMNS = plain(*(name for name in Variation.model_fields if name != "kind"))


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    for name, words in (
        ("within_person_cv", "Coefficient of variation within a person, in percent"),
        ("between_person_cv", "Coefficient of variation between people, in percent"),
        ("retest_correlation", "Test-retest correlation or ICC"),
    ):
        yield a.ask(f"{name}_low", f"{words}? The lower, if it is a range", optional=True)
        if a.answer(f"{name}_low"):
            yield a.ask(f"{name}_high", "The upper?", default=a.answer(f"{name}_low"))
    yield a.ask("analytical_cv", "Coefficient of variation of the assay, in percent?", optional=True)
    yield a.ask("n", "How many people were measured?", optional=True)


def printed(s: Variation, arm: Named) -> str:
    """As a reader would write it down."""

    def cv(name: str, low: float | None, high: float | None) -> str:
        if low is None:
            return ""
        return f"{name} {number(low)}" + (f" to {number(high)}" if high not in (None, low) else "") + "%"

    retest = (s.retest_correlation_low, s.retest_correlation_high)
    return joined(
        cv("CV within people", s.within_person_cv_low, s.within_person_cv_high),
        cv("CV between people", s.between_person_cv_low, s.between_person_cv_high),
        cv("CV of the assay", s.analytical_cv, s.analytical_cv),
        "" if retest[0] is None else f"retest correlation {known(retest[0])} to {known(retest[1])}",
        "" if s.n is None else f"n = {s.n}",
    )


def facts(s: Variation, arms: tuple[str, ...]) -> Facts:
    """Nothing that an effect could be computed from."""
    return {}


KIND = Kind(
    name="variation",
    model=Variation,
    asked="how much a measurement varies by itself",
    means=(
        "Coefficients of variation or test-retest correlations of people without treatment; used "
        "for what would have happened anyway."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("within_person_cv_low", "retest_correlation_low"),
)
