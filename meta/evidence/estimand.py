"""What a claim puts to the test: a measure, a value on the scale that people read, and a side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from meta.effects.registry import MEASURES
from meta.effects.registry import measure as look_up
from meta.errors import MetaError
from meta.evidence.problems import Finding
from meta.evidence.statistics import Strict
from meta.evidence.study_schema import Text

PLAUSIBLE_RATIO = 10.0
"""A ratio from here on is asked for in words: most are a percentage that was written without its point."""

PROPORTIONS = ("proportion", "risk difference", "correlation", "probability of superiority")
"""Families whose values cannot exceed 1, so that a percentage is written as 0.41."""


def _known(code: str) -> str:
    try:
        return look_up(code).code
    except MetaError as error:
        raise ValueError(str(error)) from None


MeasureCode = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": sorted(MEASURES)})]
"""Code of a measure of the registry."""


class Estimand(Strict):
    """The claimed value on the display scale and which side counts as at least as large.

    ``value`` is a ratio for ratios, a share for proportions, else in the measure's unit; without it the claim
    names no size, and any effect on its side counts. ``margin`` m: "at least as large" is beyond m times the
    claimed value, on the log scale for ratios and on the display scale for everything else. ``at_least``
    names that value itself.
    """

    measure: MeasureCode = Field(
        description="Measure of the claimed value: ROM ratio of means, RR risk ratio, MD mean difference in "
        "its unit, SMD, RD risk difference, PLO a share, or another of the registry."
    )
    value: float | None = Field(
        default=None,
        description="The claimed value as people read it: 0.59 for 41% less, 0.78 for 78%, 5 for 5 mmHg. "
        "Left out where the claim names no size: any effect on its side counts.",
    )
    value_text: Text = Field(description="The claimed value in words.")
    side: Literal["below", "above"] = Field(
        description="Which side of the value counts as at least as large."
    )
    margin: Annotated[float, Field(gt=0, le=1)] = Field(
        0.8, description="Share of the claimed value that still counts as at least as large."
    )
    at_least: float | None = Field(
        default=None,
        description="The least value, on the display scale, that still counts as at least as large; "
        "in place of margin.",
    )
    named_by_claim: bool = Field(
        default=True, description="false if the claim names no size and this one was chosen."
    )


def no_effect(code: str) -> float | None:
    """The value of no effect on the display scale; None for measures of one group.

    >>> no_effect("RR"), no_effect("MD"), no_effect("PLO")
    (1.0, 0.0, None)
    """
    entry = look_up(code)
    return None if entry.null is None else float(entry.transform.back(entry.null))


def off_scale(estimand: Estimand) -> Iterator[Finding]:
    """What is wrong with a claimed value on the scale of its measure, whatever the kind of claim."""
    for name in ("value", "at_least"):
        value = getattr(estimand, name)
        if value is not None:
            yield from _off_scale(estimand, name, value)


def _off_scale(estimand: Estimand, name: str, value: float) -> Iterator[Finding]:
    entry = look_up(estimand.measure)
    field = f"estimand.{name}"
    with np.errstate(divide="ignore", invalid="ignore"):
        on_scale = bool(np.isfinite(entry.transform.forward(value)))
    if entry.family in PROPORTIONS and entry.null is not None and not -1 < value < 1:
        on_scale = False
    if entry.family in PROPORTIONS and entry.null is None and not 0 < value < 1:
        on_scale = False
    if not on_scale:
        yield Finding(field, f"{value:g}", *_remedy(entry.family, entry.display, estimand, value))
        return
    said = any(word in estimand.value_text.lower() for word in ("times", "fold"))
    if entry.is_log_ratio and entry.scale == "log" and value >= PLAUSIBLE_RATIO and not said:
        less = f"{1 - value / 100:g}" if value < 100 else "0.59"
        told = f"a {entry.display} of 1 means no effect, and {value:g} looks like a percentage"
        remedy = f"write {less} for {value:g}% less and {1 + value / 100:g} for {value:g}% more"
        yield Finding(field, f"{value:g}", told, f'{remedy}, or "{value:g} times" in value_text')


def _remedy(family: str, display: str, estimand: Estimand, value: float) -> tuple[str, str]:
    if family in PROPORTIONS:
        where = "between 0 and 1" if no_effect(estimand.measure) is None else "between -1 and 1"
        share = f"write {value / 100:g} for {value:g}%" if 1 <= abs(value) <= 100 else "correct the value"
        return f"a {display} lies {where}", share
    if family == "log ratio":
        return f"a {display} must be > 0", "write 0.59 for 41% less, 1.41 for 41% more"
    return f"{value:g} does not lie on the scale of a {display}", "correct the value"
