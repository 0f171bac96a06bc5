"""Options that all results share, each checked once."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from meta.errors import InputError, unknown_option

F = TypeVar("F", bound=Callable[..., Any])
V = TypeVar("V")
SCALES = ("model", "display")
INTERVALS: Mapping[str, tuple[str, ...]] = {
    "both": (),
    "confidence": ("pi_low", "pi_high"),
    "prediction": ("ci_low", "ci_high"),
    "none": ("ci_low", "ci_high", "pi_low", "pi_high"),
}
"""The choices of ``interval=``, with the columns that each leaves out."""


def check_scale(scale: str) -> str:
    """Return the scale, or refuse it."""
    if scale not in SCALES:
        raise unknown_option("scale", scale, SCALES)
    return scale


def check_interval_option(interval: str) -> str:
    """Return the choice of intervals, or refuse it."""
    if interval not in INTERVALS:
        raise unknown_option("interval", interval, tuple(INTERVALS))
    return interval


def without_intervals(columns: Mapping[str, V], interval: str) -> dict[str, V]:
    """The columns that a choice of intervals keeps.

    >>> without_intervals({"estimate": 1, "ci_low": 0, "pi_low": -1}, "confidence")
    {'estimate': 1, 'ci_low': 0}
    """
    left_out = INTERVALS[interval]
    return {name: values for name, values in columns.items() if name not in left_out}


def renamed(names: Mapping[str, str]) -> Callable[[F], F]:
    """Take an argument by its old name too, with a DeprecationWarning.

    >>> @renamed({"newdata": "new"})
    ... def predict(new=None):
    ...     return new
    >>> predict(3)
    3
    """

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def call(*args: Any, **given: Any) -> Any:
            for old, new in names.items():
                if old in given:
                    if new in given:
                        raise InputError(f"give {new}= alone: {old}= is its old name")
                    warnings.warn(f"{old}= is called {new}= now", DeprecationWarning, stacklevel=2)
                    given[new] = given.pop(old)
            return function(*args, **given)

        return cast(F, call)

    return decorate
