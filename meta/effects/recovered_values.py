"""What recovery hands back: a value, or a range, or an effect, each with how it was obtained."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import floats
from meta.errors import InputError


@dataclass(frozen=True, slots=True)
class Recovered:
    """A statistic that was not reported but follows from what was.

    Attributes
    ----------
    value : ndarray
        The statistic; the shape of the broadcast inputs.
    how : str
        How it was obtained, in words.
    """

    value: np.ndarray
    how: str

    def __float__(self) -> float:
        return float(self.value)


@dataclass(frozen=True, slots=True)
class Range:
    """A statistic that is only known to lie between two values.

    Attributes
    ----------
    low, high : ndarray
        Its bounds; either may be infinite.
    how : str
        How they were obtained, in words.
    """

    low: np.ndarray
    high: np.ndarray
    how: str

    def __contains__(self, value: float) -> bool:
        return bool(np.all(self.low <= value) and np.all(value <= self.high))


@dataclass(frozen=True, slots=True)
class RecoveredEffect:
    """An effect recovered from test statistics.

    Attributes
    ----------
    yi, vi : ndarray
        The effect and its sampling variance; the shape of the broadcast inputs.
    how : str
        How it was obtained, in words.
    assumptions : tuple of str
        What had to be assumed, each with its value.
    """

    yi: np.ndarray
    vi: np.ndarray
    how: str
    assumptions: tuple[str, ...] = ()

    @property
    def sei(self) -> np.ndarray:
        """Standard error."""
        return np.sqrt(self.vi)


@dataclass(frozen=True, slots=True)
class Bound:
    """An effect of which only bounds are known, as the likelihood of a bound needs it.

    Attributes
    ----------
    low, high : ndarray
        The effect's bounds; either may be infinite.
    vi : ndarray
        The sampling variance to use with them.
    how : str
        How they were obtained, in words.
    assumptions : tuple of str
        What had to be assumed, each with its value.
    """

    low: np.ndarray
    high: np.ndarray
    vi: np.ndarray
    how: str
    assumptions: tuple[str, ...] = ()


def numbers(**values: ArrayLike) -> list[np.ndarray]:
    """Return the named values as float arrays that broadcast together."""
    arrays = [floats(value, name) for name, value in values.items()]
    try:
        np.broadcast_shapes(*(a.shape for a in arrays))
    except ValueError:
        shapes = ", ".join(f"{name} {a.shape}" for name, a in zip(values, arrays, strict=True))
        raise InputError(
            f"arguments have shapes that do not fit together: {shapes}; give equal lengths"
        ) from None
    return arrays


def require(ok: ArrayLike, name: str, value: ArrayLike, rule: str, remedy: str = "") -> None:
    """Refuse in one sentence unless ``ok`` holds everywhere; missing values (NaN) pass.

    >>> require([True, False], "se", [1.0, -2.0], "must be > 0")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: se must be > 0: got -2 at position 1
    """
    values, fine = np.broadcast_arrays(np.asarray(value, dtype=float), np.asarray(ok, dtype=bool))
    bad = ~fine & ~np.isnan(values)
    if not np.any(bad):
        return
    first = int(np.flatnonzero(bad)[0])
    place = f" at position {first}" if bad.ndim else ""
    tail = f"; {remedy}" if remedy else ""
    raise InputError(f"{name} {rule}: got {values.flat[first]:g}{place}{tail}")


SIGNS = {"higher": 1.0, "lower": -1.0}


def sign_of(direction: str) -> float:
    """Return +1 for "higher" and -1 for "lower" (of group 1 against group 2, or of post against pre)."""
    if direction not in SIGNS:
        raise InputError(
            f"direction must be 'higher' or 'lower': got {direction!r}; "
            "a two-sided p carries no sign, so state it"
        )
    return SIGNS[direction]
