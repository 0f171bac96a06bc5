"""What a fit of one mean effect offers beside its numbers: its covariance, and predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_level
from meta.errors import InputError, NotEstimableError, quiet
from meta.kernels.inference import quantile
from meta.results.back_transformation import on_display
from meta.results.checked_options import check_interval_option, check_scale, without_intervals
from meta.results.print_out import on_both_scales

if TYPE_CHECKING:
    import pandas as pd


class OneMean:
    """For a result with ``estimate``, ``se``, ``df``, ``level``, ``effects`` and ``prediction_interval``."""

    __slots__ = ()

    @property
    def vcov(self) -> np.ndarray:
        """Covariance of the mean, of shape (1, 1)."""
        return np.array([[self.se**2]])  # type: ignore[attr-defined]

    def _predicts(self) -> bool:
        """Whether the model has a distribution of true effects, from which a new one could come."""
        return True

    def _prediction(self, level: float | None = None) -> tuple[float, float]:
        """The prediction interval for tables; NaN where the model has none."""
        if not self._predicts():
            return np.nan, np.nan
        try:
            with quiet():
                low, high = self.prediction_interval(level=level)  # type: ignore[attr-defined]
        except NotEstimableError:
            return np.nan, np.nan
        return float(low), float(high)

    def _ends(self, level: float) -> tuple[float, float]:
        """The confidence interval at a level."""
        if level == self.level:  # type: ignore[attr-defined]
            return self.ci_low, self.ci_high  # type: ignore[attr-defined]
        half = float(quantile(0.5 + level / 2, self.df)) * self.se  # type: ignore[attr-defined]
        return self.estimate - half, self.estimate + half  # type: ignore[attr-defined]

    def _terms(self) -> list[Mapping[str, Any]]:
        names = ("estimate", "se", "statistic", "df", "p_value", "ci_low", "ci_high")
        low, high = self._prediction()
        own = {name: getattr(self, name, np.nan) for name in names}
        row = {"term": "pooled"} | own | {"pi_low": low, "pi_high": high}
        return [on_both_scales(self._displayed(), row)]

    def predict(
        self,
        new: Any = None,
        *,
        level: float | None = None,
        scale: str = "model",
        interval: str = "both",
    ) -> pd.DataFrame:
        """The mean effect, and where the true effect of a new study lies.

        Parameters
        ----------
        new : None
            A mean has no moderators, so that there is nothing to give.
        level : float, optional
            Of both intervals; the fit's own without.
        scale : {"model", "display"}
            On which scale the estimate and the intervals are; ``se`` stays on the model scale.
        interval : {"both", "confidence", "prediction", "none"}
            Which intervals to give.

        Returns
        -------
        DataFrame
            One row: ``estimate se df ci_low ci_high pi_low pi_high``.
        """
        import pandas as pd

        if new is not None:
            raise InputError("new= has no use here: the model has no moderators; leave it out")
        share = self.level if level is None else check_level(level)  # type: ignore[attr-defined]
        check_scale(scale), check_interval_option(interval)
        low, high = self._ends(share)
        pi_low, pi_high = self._prediction(share)
        columns = {"estimate": self.estimate, "se": self.se, "df": self.df}  # type: ignore[attr-defined]
        columns |= {"ci_low": low, "ci_high": high, "pi_low": pi_low, "pi_high": pi_high}
        arrays = {name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in columns.items()}
        if scale == "display":
            arrays |= on_display(self._displayed(), arrays)
        return pd.DataFrame(without_intervals(arrays, interval))

    def _displayed(self) -> Any:
        """What says on which scale the effects are read."""
        return self.effects  # type: ignore[attr-defined]
