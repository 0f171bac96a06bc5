"""`DoseRegion`: the mean effect over a region of doses, and whether all of it keeps a claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from meta.arguments import check_arguments, check_direction, check_level, check_seed
from meta.effects.effect_size_table import EffectSizes
from meta.errors import InputError, NotEstimableError
from meta.formatting import number, percent
from meta.kernels.dose.bands import root_of
from meta.kernels.dose.bases import Basis
from meta.kernels.dose.estimands import mean_terms
from meta.kernels.inference import quantile, two_sided
from meta.keywords import keywords
from meta.models.dose.marginal import between
from meta.models.dose.shapes import differences
from meta.results.back_transformation import BackTransformed, back_transformed
from meta.results.base import Result
from meta.results.mean import OneMean
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    heading,
    needs_display,
    table,
)

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray
POINTS = 101
"""Doses of a region at which a claim is checked."""


class FittedCurve(Protocol):
    """What a region needs to know of a fitted curve, such as `meta.models.dose.curve_result.DoseResponse`."""

    @property
    def basis(self) -> Basis:
        """The shape."""

    @property
    def es(self) -> EffectSizes:
        """The effects behind the curve."""

    @property
    def k(self) -> int:
        """Number of effects."""

    @property
    def measure(self) -> str:
        """Code of the measure."""

    @property
    def method(self) -> str:
        """Estimator."""

    @property
    def test(self) -> str:
        """Test."""

    @property
    def level(self) -> float:
        """Level of intervals."""

    @property
    def unit(self) -> str:
        """Unit of the dose."""

    @property
    def axis(self) -> str:
        """What the curve runs over."""

    @property
    def df(self) -> np.ndarray:
        """Degrees of freedom of each coefficient, (p,)."""

    @property
    def location(self) -> np.ndarray:
        """Coefficients, (p,)."""

    @property
    def vcov(self) -> np.ndarray:
        """Their covariance, (p, p)."""

    @property
    def seen(self) -> tuple[float, float]:
        """Lowest and highest dose seen."""

    def _dfs(self, rows: np.ndarray) -> np.ndarray:
        """Degrees of freedom of combinations of the coefficients."""

    def augment(self) -> pd.DataFrame:
        """One row per arm."""


@dataclass(frozen=True, eq=False, repr=False)
class DoseRegion(OneMean, Result):
    """The mean effect over a region of doses, against a reference dose; on the model scale.

    Attributes
    ----------
    low, high : float
        Ends of the region.
    reference : float
        Dose that effects are compared with.
    estimate, se : float
        Mean effect over the region.
    df : float
        Degrees of freedom; infinite under z.
    level : float
    curve : DoseResponse
        The fit.
    """

    low: float
    high: float
    reference: float
    estimate: float
    se: float
    df: float
    level: float
    curve: FittedCurve

    @property
    def effects(self) -> Any:
        """The effects behind the curve."""
        return self.curve.es

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.curve.measure

    @property
    def k(self) -> int:
        """Number of effects behind the curve."""
        return self.curve.k

    @property
    def method(self) -> str:
        """Estimator of the curve."""
        return self.curve.method

    @property
    def test(self) -> str:
        """Test of the curve."""
        return self.curve.test

    @property
    def statistic(self) -> float:
        """Wald statistic of no mean effect."""
        return self.estimate / self.se

    @property
    def p_value(self) -> float:
        """Two-sided p-value."""
        return float(two_sided(self.statistic, self.df))

    @property
    def ci_low(self) -> float:
        """Lower confidence bound."""
        return self.estimate - float(quantile(0.5 + self.level / 2, self.df)) * self.se

    @property
    def ci_high(self) -> float:
        """Upper confidence bound."""
        return self.estimate + float(quantile(0.5 + self.level / 2, self.df)) * self.se

    def prediction_interval(self, *, level: float | None = None) -> tuple[float, float]:
        """Interval for the mean effect over the region in a new trial."""
        share = self.level if level is None else check_level(level)
        row = mean_terms(self.curve.basis, self.low, self.high) - self.curve.basis.at(
            np.array([self.reference])
        )
        span = np.array([(self.low + self.high) / 2 - self.reference])
        spread = float(between(self.curve, row, span)[0])
        half = float(quantile(0.5 + share / 2, self.df)) * float(np.sqrt(self.se**2 + spread))
        return self.estimate - half, self.estimate + half

    @keywords
    def probability(
        self, claimed: float, *, direction: str | None = None, draws: int = 10_000, seed: Any = 1
    ) -> float:
        """Probability that the effect is at least as large as claimed at every dose of the region.

        Parameters
        ----------
        claimed : float
            The claimed effect against the reference dose, on the model scale (log ratios).
        direction : {"less", "greater"}, optional
            Whether the claim is of an effect below or above; the claim's sign says it without.
        draws : int
            Simulated curves.
        seed : int, Generator or None
            Of the simulation.

        Returns
        -------
        float
            Share of curves that keep the claim, drawn from the estimate and its covariance (as a posterior
            with flat priors would have it).
        """
        check_seed(seed)
        check_arguments(DoseRegion.probability, {k: v for k, v in locals().items() if k != "self"})
        side = side_of(claimed, direction)
        if draws < 100:
            raise InputError(f"draws must be at least 100, got {draws}")
        at = np.linspace(self.low, self.high, POINTS)
        curves = simulated_curves(self.curve, at, self.reference, draws, seed)
        return float(np.mean(np.all(side * curves >= side * claimed, axis=1)))

    def backtransform(self) -> BackTransformed:
        """The mean effect and its intervals on the display scale."""
        low, high = self.prediction_interval()
        return back_transformed(self.effects, [self.estimate, self.ci_low, self.ci_high, low, high])

    def augment(self) -> Any:
        """One row per arm of the trials behind the curve."""
        return self.curve.augment()

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("low", "high", "reference")}
        return {"model": "dose region"} | own

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        from meta.results.plain import plain

        names = ("low", "high", "reference", "estimate", "se", "statistic", "p_value", "ci_low", "ci_high")
        return plain({name: getattr(self, name) for name in (*names, "df", "level", "measure", "k")})

    def _lines(self, digits: int) -> list[str]:
        unit = f" {self.curve.unit}" if self.curve.unit else ""
        where = f"{self.curve.axis} {self.low:g} to {self.high:g}{unit} against {self.reference:g}"
        right = ""
        if needs_display(self.measure):
            right = display_text(self.effects, self.estimate, self.ci_low, self.ci_high)
        line = Line.of(dict(self._terms()[0]) | {"term": "mean"}, right)
        low, high = self.prediction_interval()
        pi = f"{percent(self.level)} PI {number(low, digits)} to {number(high, digits)} (of a new trial)"
        return [
            heading(["Effect over a region", where], self.measure),
            *table([line], self.level, digits),
            *(cut_notes(self.effects, [line]) if right else []),
            pi,
        ]


def side_of(claimed: float, direction: str | None) -> int:
    """1 for a claim of more, -1 for one of less.

    >>> side_of(-0.5, None), side_of(-0.1, "greater")
    (-1, 1)
    """
    if direction is None:
        if not np.isfinite(claimed) or claimed == 0:
            raise InputError(
                f"claimed={claimed:g} says no direction; give direction='less' or 'greater' beside it"
            )
        return -1 if claimed < 0 else 1
    check_direction(direction, ("less", "greater"))
    return -1 if direction == "less" else 1


def simulated_curves(fit: Any, doses: Array, reference: float, draws: int, seed: Any) -> Array:
    """Effects at doses of curves drawn from the estimate and its covariance, (draws, g)."""
    rows = differences(fit.basis, doses, np.full(len(doses), reference))
    size = np.where(np.abs(rows).max(axis=0) > 0, np.abs(rows).max(axis=0), 1.0)
    root = root_of(fit.vcov * np.outer(size, size))
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((draws, len(size)))
    if np.isfinite(df := float(np.min(fit.df))):
        z /= np.sqrt(rng.chisquare(df, draws) / df)[:, None]
    return np.asarray(rows @ fit.location + (z @ root.T) @ (rows / size).T)


def region(fit: FittedCurve, low: float, high: float, reference: float) -> DoseRegion:
    """The mean effect over [low, high]; refused beyond the doses that were seen."""
    first, last = fit.seen
    if not low < high:
        raise InputError(f"a region runs from a lower to a higher dose, got {low:g} to {high:g}")
    if low < first or high > last:
        raise NotEstimableError(
            f"the region {low:g} to {high:g} reaches beyond the doses seen, {first:g} to {last:g}, where "
            "no trial says anything"
        )
    row = mean_terms(fit.basis, low, high) - fit.basis.at(np.array([reference]))[0]
    se = float(np.sqrt(row @ fit.vcov @ row))
    return DoseRegion(
        low=low, high=high, reference=reference, estimate=float(row @ fit.location), se=se,
        df=float(fit._dfs(row[None])[0]), level=fit.level, curve=fit,
    )  # fmt: skip
