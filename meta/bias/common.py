"""What every function of this room shares: data, direction, the warning of low power."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.special import ndtr

from meta.arguments import check_direction
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import as_effects, usable
from meta.errors import FewStudiesWarning, NarrowIntervalWarning, Notes, NotEstimableError
from meta.kernels.inference import lower_tail, quantile
from meta.results import base
from meta.results.back_transformation import BackTransformed, back_transformed
from meta.results.plain import plain as plain
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    has_null,
    heading,
    needs_display,
    on_both_scales,
    table,
)
from meta.results.table_columns import tidy_frame

if TYPE_CHECKING:
    import pandas as pd

FEW = 10

Direction = Literal["greater", "less", "two-sided"]


class Result(base.Result):
    """What results of this room have besides: the effects that they are about, and their display scale."""

    __slots__ = ()

    def _of_mean(self) -> tuple[float, float, float] | None:
        """The mean effect that the method arrives at, with its interval; None for a test without one."""
        found = tuple(getattr(self, name, None) for name in ("estimate", "ci_low", "ci_high"))
        return found if all(isinstance(x, float) for x in found) else None  # type: ignore[return-value]

    def _rows(self) -> EffectSizes | None:
        """The effects used; None in files that were saved before they were kept."""
        return getattr(self, "effects", None)

    def _needed(self) -> EffectSizes:
        effects = self._rows()
        if effects is None:
            raise NotEstimableError("the effects were not saved with this result: make it again")
        return effects

    @property
    def measure(self) -> str:
        """Code of the measure; empty where the effects were not saved with the result."""
        effects = self._rows()
        return "" if effects is None else effects.measure

    def tidy(self) -> pd.DataFrame:
        """One row per test or term, with the display scale of mean effects where that is another.

        Columns: ``term estimate se statistic df p_value ci_low ci_high pi_low pi_high``, then its own.
        """
        effects = self._rows()
        rows = self._terms()
        if effects is None or not needs_display(effects.measure):
            return tidy_frame(rows)
        return tidy_frame(on_both_scales(effects, row) if self._reads(row) else row for row in rows)

    def _reads(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of the table is a mean effect."""
        return self._of_mean() is not None and "ci_low" in row

    def _is_summary(self, row: Mapping[str, Any]) -> bool:
        return self._reads(row)

    def _right(self, estimate: float, low: float, high: float) -> str:
        """A mean effect on the display scale, where that is another; empty without the effects."""
        effects = self._rows()
        if effects is None or not needs_display(effects.measure):
            return ""
        return display_text(effects, estimate, low, high)

    def _block(self, parts: Iterable[str], rows: Iterable[Mapping[str, Any]], digits: int) -> list[str]:
        """Heading and table of mean effects, on both scales."""
        lines = [
            Line.of(row, self._right(*(row.get(n, np.nan) for n in ("estimate", "ci_low", "ci_high"))))
            for row in rows
        ]
        level = float(getattr(self, "level", 0.95))
        effects = self._rows()
        notes = cut_notes(effects, lines) if any(line.right for line in lines) else []
        tested = has_null(self.measure)
        return [heading(parts, self.measure), *table(lines, level, digits, tested=tested), *notes]

    def backtransform(self) -> BackTransformed:
        """The corrected mean effect and its interval on the scale on which they are read."""
        found = self._of_mean()
        if found is None:
            raise NotEstimableError(f"a {type(self).__name__} has no mean effect to transform back")
        return back_transformed(self._needed(), [*found, np.nan, np.nan])

    def _shares(self) -> np.ndarray | float:
        """Weights of the effects in percent; NaN where the method has none."""
        return np.nan

    def augment(self) -> pd.DataFrame:
        """One row per effect: the caller's columns, interval, weight, fitted mean and residual."""
        es = self._needed()
        half = float(quantile(0.5 + getattr(self, "level", 0.95) / 2, np.inf)) * es.sei
        mean = self._of_mean()
        fitted = np.full(es.k, np.nan if mean is None else mean[0])
        own = {"ci_low": es.yi - half, "ci_high": es.yi + half, "weight": self._shares()}
        return es.frame.assign(**own, fitted=fitted, residual=es.yi - fitted)


class Estimated(Result):
    """A result with one corrected mean effect and its standard error."""

    __slots__ = ()

    @property
    def vcov(self) -> np.ndarray:
        """Variance of the mean effect, of shape (1, 1)."""
        return np.array([[self.se**2]])  # type: ignore[attr-defined]

    def _row(self, term: str, *more: str) -> dict[str, Any]:
        """The mean effect as a row of a table."""
        names = ("estimate", "se", "statistic", "df", "p_value", "ci_low", "ci_high", *more)
        return {"term": term} | {name: getattr(self, name) for name in names}


def rows_of(es: Any, notes: Notes, *, at_least: int = 3, what: str = "this test") -> EffectSizes:
    """The rows with a known effect, of effect sizes, a fit or a table."""
    effects, _ = usable(as_effects(es), notes)
    if effects.k < at_least:
        raise NotEstimableError(f"{what} needs at least {at_least} studies, but there are {effects.k}")
    return effects


def caution_few(k: int, notes: Notes, what: str = "the test") -> None:
    """Below ten studies, say so: the test has little power."""
    if k < FEW:
        notes.warn(
            f"{what} has little power with {k} studies (fewer than {FEW}): "
            "an unremarkable result is not evidence against bias",
            FewStudiesWarning,
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
            "and cannot be tested",
            NarrowIntervalWarning,
        )
