"""A weighted regression of effects on their imprecision, as a line of a print-out and rows of a table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.bias.common import tail_p
from meta.bias.least_squares import LeastSquares
from meta.kernels.degenerate import ratio
from meta.kernels.inference import quantile


@dataclass(frozen=True, slots=True)
class Line:
    """A regression of effects on a measure of their imprecision.

    Attributes
    ----------
    name : str
        "PET", "PEESE", "UWLS" or "WAAP".
    estimate, se, statistic, p_value, ci_low, ci_high : float
        The intercept (effect at perfect precision) and its two-sided t test.
    slope, slope_se, slope_p : float
        Of the standard error (PET) or variance (PEESE); NaN where there is none.
    df : float
        Degrees of freedom.
    dispersion : float
        Weighted residual mean square.
    """

    name: str
    estimate: float
    se: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    slope: float
    slope_se: float
    slope_p: float
    df: float
    dispersion: float

    def terms(self) -> list[dict[str, Any]]:
        """Rows of a table: the effect at perfect precision and, where there is one, the slope."""
        names = ("estimate", "se", "statistic", "df", "p_value", "ci_low", "ci_high")
        rows: list[dict[str, Any]] = [{"term": self.name} | {name: getattr(self, name) for name in names}]
        if not np.isnan(self.slope):
            slope = {"estimate": self.slope, "se": self.slope_se, "df": self.df, "p_value": self.slope_p}
            rows.append({"term": f"{self.name} slope"} | slope)
        return rows


def line(name: str, fit: LeastSquares, level: float) -> Line:
    """Wrap a least-squares fit whose first column is the intercept."""
    se, df = fit.se, float(fit.df)
    t = ratio(fit.beta, se)
    half = float(quantile(0.5 + level / 2, df)) * float(se[0])
    two = [tail_p(float(x), df, "two-sided") for x in t]
    sloped = len(fit.beta) > 1
    return Line(
        name=name,
        estimate=float(fit.beta[0]),
        se=float(se[0]),
        statistic=float(t[0]),
        p_value=two[0],
        ci_low=float(fit.beta[0]) - half,
        ci_high=float(fit.beta[0]) + half,
        slope=float(fit.beta[1]) if sloped else math.nan,
        slope_se=float(se[1]) if sloped else math.nan,
        slope_p=two[1] if sloped else math.nan,
        df=df,
        dispersion=fit.dispersion,
    )
