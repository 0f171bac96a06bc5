"""What every function of this room shares: data, direction, the warning of low power, printing."""

from __future__ import annotations

import html
from dataclasses import fields, is_dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import ndtr

from meta.arguments import check_direction
from meta.effects.intake import as_effects, usable
from meta.effects.model import EffectSizes
from meta.errors import FewStudiesWarning, NarrowIntervalWarning, Notes, NotEstimableError
from meta.kernels.inference import lower_tail
from meta.saving import Saved

FEW = 10

Direction = Literal["greater", "less", "two-sided"]


class Result(Saved):
    """Printing and export that all results of this room have."""

    __slots__ = ()

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"

    def _lines(self) -> list[str]:
        raise NotImplementedError

    def summary(self) -> str:
        """The compact block that is printed."""
        notes = getattr(self, "warnings", ())
        return "\n".join([*self._lines(), *(f"note: {message}" for message in notes)])

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, ready for JSON."""
        return {item.name: plain(getattr(self, item.name)) for item in fields(self)}  # type: ignore[arg-type]


def plain(value: Any) -> Any:
    """Turn arrays, tuples and nested results into what JSON can hold; NaN stays a float.

    >>> plain((np.array([1.0, 2.0]), np.float64(3.0)))
    [[1.0, 2.0], 3.0]
    """
    if isinstance(value, EffectSizes):
        names = ("study", "yi", "vi")
        return {name: plain(getattr(value, name)) for name in names} | {"measure": value.measure}
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, (tuple, list)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def rows_of(es: Any, notes: Notes, *, at_least: int = 3, what: str = "this test") -> EffectSizes:
    """The rows with a known effect, of effect sizes, a fit or a table."""
    effects, _ = usable(as_effects(es), notes)
    if effects.k < at_least:
        raise NotEstimableError(f"{what} needs at least {at_least} studies, but there are {effects.k}")
    return effects


def caution_few(k: int, notes: Notes, what: str = "the test", stacklevel: int = 4) -> None:
    """Below ten studies, say so: the test hardly has a chance to find anything."""
    if k < FEW:
        notes.warn(
            f"{what} has little power with {k} studies (fewer than {FEW}): "
            "an unremarkable result does not speak against bias",
            FewStudiesWarning,
            stacklevel,
        )


def favoured_side(effects: EffectSizes, direction: str | None) -> str:
    """The given direction; without one, the side on which the equal-effects estimate lies."""
    check_direction(direction)
    if direction is not None:
        return direction
    return "less" if float((effects.yi / effects.vi).sum()) < 0 else "greater"


def tail_p(statistic: float, df: float, direction: str) -> float:
    """p-value of a t (or, with infinite df, normal) statistic in the given direction.

    >>> round(tail_p(1.96, np.inf, "two-sided"), 4), round(tail_p(-1.645, np.inf, "less"), 4)
    (0.05, 0.05)
    """
    if direction == "greater":
        return float(lower_tail(-statistic, df))
    if direction == "less":
        return float(lower_tail(statistic, df))
    return 2 * float(lower_tail(-abs(statistic), df))


def study_p(y: np.ndarray, v: np.ndarray, direction: str) -> np.ndarray:
    """p-value of each study's own normal test, (k,).

    >>> study_p(np.array([1.96, -1.96]), np.ones(2), "greater").round(3).tolist()
    [0.025, 0.975]
    """
    z = y / np.sqrt(v)
    if direction == "greater":
        return np.asarray(ndtr(-z))
    if direction == "less":
        return np.asarray(ndtr(z))
    return np.asarray(2 * ndtr(-np.abs(z)))


def caution_flat(se: float, notes: Notes, what: str) -> None:
    """Say that effects without any spread around the fit give a standard error of 0, and no test."""
    if se == 0:
        notes.warn(
            f"the effects lie exactly on the fit, so that the standard error of {what} is 0 "
            "and there is no test",
            NarrowIntervalWarning,
            stacklevel=4,
        )
