"""Questions to a fitted curve: regions, extremes, effective doses, the smallest dose that keeps a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_level, check_seed
from meta.errors import InputError
from meta.kernels.dose.estimands import first_dose, lowest
from meta.kernels.inference import lower_tail
from meta.keywords import keywords
from meta.models.dose.curve import grid_of, pointwise, reference_of
from meta.models.dose.dose_region import DoseRegion, region, side_of, simulated_curves
from meta.models.dose.shapes import differences

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray


class Questions:
    """For a fit with ``basis location vcov df level seen reference_dose``."""

    __slots__ = ()

    @keywords
    def over(self, low: float, high: float, *, reference: float | None = None) -> DoseRegion:
        """Mean effect over a region of doses, against a reference dose.

        Parameters
        ----------
        low, high : float
            Ends of the region, within the doses seen.
        reference : float, optional
            Dose to compare with; the fit's own without.

        Returns
        -------
        DoseRegion
            With ``estimate se ci_low ci_high`` of the mean effect, and ``probability(claimed)`` that every
            dose of the region has at least the claimed effect.
        """
        check_arguments(Questions.over, {k: v for k, v in locals().items() if k != "self"})
        return region(self, float(low), float(high), reference_of(self, reference))  # type: ignore[arg-type]

    @keywords
    def minimum(
        self,
        *,
        reference: float | None = None,
        level: float | None = None,
        draws: int = 10_000,
        seed: Any = 1,
    ) -> pd.DataFrame:
        """Lowest value of the curve over the doses seen, and where it is.

        Parameters
        ----------
        reference : float, optional
            Dose to compare with; the fit's own without.
        level : float, optional
            Of the intervals; the fit's own without.
        draws : int
            Simulated curves.
        seed : int, Generator or None
            Of the simulation.

        Returns
        -------
        DataFrame
            One row: ``dose dose_low dose_high estimate ci_low ci_high``. Intervals are quantiles of the
            minima of curves drawn from the estimate and its covariance.
        """
        check_arguments(Questions.minimum, {k: v for k, v in locals().items() if k != "self"})
        return _extreme(self, 1, reference, level, draws, seed)

    @keywords
    def maximum(
        self,
        *,
        reference: float | None = None,
        level: float | None = None,
        draws: int = 10_000,
        seed: Any = 1,
    ) -> pd.DataFrame:
        """Highest value of the curve over the doses seen, and where it is; see `minimum`.

        Parameters
        ----------
        reference, level, draws, seed : optional
            As in `minimum`.

        Returns
        -------
        DataFrame
            One row: ``dose dose_low dose_high estimate ci_low ci_high``.
        """
        check_arguments(Questions.maximum, {k: v for k, v in locals().items() if k != "self"})
        return _extreme(self, -1, reference, level, draws, seed)

    @keywords
    def effective_dose(
        self,
        share: float = 0.9,
        *,
        reference: float | None = None,
        level: float | None = None,
        draws: int = 10_000,
        seed: Any = 1,
    ) -> pd.DataFrame:
        """Smallest dose with a share of the largest effect over the doses seen: 0.9 is the ED90.

        Parameters
        ----------
        share : float
            Between 0 and 1.
        reference, level, draws, seed : optional
            As in `minimum`.

        Returns
        -------
        DataFrame
            One row: ``dose dose_low dose_high``.
        """
        import pandas as pd

        check_arguments(
            Questions.effective_dose, {k: v for k, v in locals().items() if k not in ("self", "pd")}
        )
        if not 0 < share <= 1:
            raise InputError(f"share must lie between 0 and 1, got {share:g}; write 0.9 for the ED90")
        at, estimate, curves, tail = _curves(self, reference, level, draws, seed)
        dose = float(first_dose(at, estimate, share)[0])
        low, high = np.quantile(first_dose(at, curves, share), tail)
        return pd.DataFrame({"dose": [dose], "dose_low": [float(low)], "dose_high": [float(high)]})

    @keywords
    def smallest_dose(
        self,
        claimed: float,
        *,
        probability: float = 0.95,
        share: float = 1.0,
        direction: str | None = None,
        reference: float | None = None,
    ) -> float:
        """Smallest dose at which an effect of at least ``share`` times the claimed one is probable enough.

        Parameters
        ----------
        claimed : float
            The claimed effect against the reference dose, on the model scale (log ratios).
        probability : float
            How probable: 0.95.
        share : float
            Which part of the claimed effect is enough.
        direction : {"less", "greater"}, optional
            Whether the claim is of an effect below or above; the claim's sign says it without.
        reference : float, optional
            Dose to compare with; the fit's own without.

        Returns
        -------
        float
            NaN where no dose that was seen is enough.
        """
        check_arguments(Questions.smallest_dose, {k: v for k, v in locals().items() if k != "self"})
        if not 0 < probability < 1 or not 0 < share <= 1:
            raise InputError(
                f"probability and share must lie between 0 and 1, got {probability:g} and {share:g}"
            )
        side = side_of(claimed, direction)
        low, high = self.seen  # type: ignore[attr-defined]
        at = np.linspace(low, high, 2001)
        rows = differences(self.basis, at, np.full(len(at), reference_of(self, reference)))  # type: ignore[attr-defined]
        estimate, se, df = pointwise(self, rows)
        gap = side * (estimate - share * claimed)
        with np.errstate(divide="ignore", invalid="ignore"):
            certain = np.where(se > 0, lower_tail(gap / se, df), (gap >= 0).astype(float))
        enough = certain >= probability
        return float(at[int(np.argmax(enough))]) if enough.any() else float("nan")


def _curves(
    fit: Any, reference: float | None, level: float | None, draws: int, seed: Any
) -> tuple[Array, Array, Array, tuple[float, float]]:
    """A grid of doses, the curve (1, g), simulated curves (draws, g) and the tails of an interval."""
    share = fit.level if level is None else check_level(level)
    check_seed(seed)
    if draws < 100:
        raise InputError(f"draws must be at least 100, got {draws}")
    origin = reference_of(fit, reference)
    at = grid_of(fit)
    estimate = differences(fit.basis, at, np.full(len(at), origin)) @ fit.location
    curves = simulated_curves(fit, at, origin, draws, seed)
    return at, estimate[None], curves, (0.5 - share / 2, 0.5 + share / 2)


def _extreme(fit: Any, side: int, reference: Any, level: Any, draws: int, seed: Any) -> pd.DataFrame:
    import pandas as pd

    at, estimate, curves, tail = _curves(fit, reference, level, draws, seed)
    dose, value = lowest(at, side * estimate)
    where, values = lowest(at, side * curves)
    ends = np.quantile(side * values, tail)
    places = np.quantile(where, tail)
    names = ("dose", "dose_low", "dose_high", "estimate", "ci_low", "ci_high")
    found = (dose[0], *places, side * value[0], *ends)
    return pd.DataFrame({name: [float(x)] for name, x in zip(names, found, strict=True)})
