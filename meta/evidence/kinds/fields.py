"""Types of fields, and the base of every model of a study file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Direction = Literal["lower", "higher", "not stated"]
Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Level = Annotated[float, Field(gt=0, lt=1)]

COMPARE = "compare with the paper: a sign, a digit or two fields may be swapped"


class Strict(BaseModel):
    """A model that refuses unknown fields, infinities and NaN, and cannot be changed."""

    # deferred: a model that is only a part of another is not built on its own; `meta check` would wait for it
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


def outside(value: float | None, low: float | None, high: float | None) -> bool:
    """Whether a value lies outside its ends, all of which are known.

    >>> outside(3.0, 1.0, 2.0), outside(3.0, None, 2.0)
    (True, False)
    """
    return value is not None and low is not None and high is not None and not low <= value <= high
