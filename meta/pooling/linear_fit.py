"""What every model with coefficients offers: contrasts, predictions, its table, the display scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_level
from meta.effects.design import index_of
from meta.errors import InputError, NotEstimableError
from meta.kernels.inference import quantile
from meta.pooling.coefficients import as_contrast, table
from meta.results.back_transformation import BackTransformed, back_transformed, on_display
from meta.results.base import Result
from meta.results.checked_options import check_interval_option, check_scale, renamed, without_intervals
from meta.results.linear_contrasts import named_rows
from meta.results.print_out import on_both_scales
from meta.results.table_columns import rows_of_table

if TYPE_CHECKING:
    import pandas as pd


class LinearFit(Result):
    """For a result with ``names``, ``beta``, ``vcov``, ``df``, ``level``, ``design`` and ``coefficients``."""

    __slots__ = ()

    names: Any
    beta: np.ndarray
    vcov: np.ndarray
    level: float
    df: Any
    design: Any
    coefficients: Any

    @property
    def effects(self) -> Any:
        """The effect sizes that were used."""
        return self.es  # type: ignore[attr-defined]

    def _combined(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Estimates and standard errors of ``rows @ beta``, (n,) each."""
        return rows @ self.beta, np.sqrt(np.einsum("ij,jk,ik->i", rows, self.vcov, rows))

    def _dfs(self, rows: np.ndarray) -> np.ndarray:
        """Degrees of freedom of each row's estimate, (n,)."""
        return np.full(len(rows), float(np.min(self.df)))

    def _between(self, rows: np.ndarray, new: Any) -> np.ndarray:
        """Variance of true effects about each row, (n,); NaN where the row does not determine it.

        ``new`` holds the new data of the rows; None for the data's own.
        """
        return np.full(len(rows), np.nan)

    def _own_rows(self) -> np.ndarray:
        """Rows that are predicted where no new data are given."""
        return np.asarray(self.design.X)

    def _rows_of(self, contrast: Any) -> tuple[np.ndarray, tuple[str, ...] | None]:
        """Weights of the coefficients, (m, p), and the rows' own names where they have some."""
        named = named_rows(contrast, tuple(self.names))
        if named is None:
            return as_contrast(contrast, self.names), None
        rows = [as_contrast(item, self.names, getattr(self, "design", None)) for item in named.values()]
        return np.vstack(rows), tuple(named)

    def contrast(
        self, L: Any, *, names: tuple[str, ...] | None = None, level: float | None = None
    ) -> pd.DataFrame:
        """Estimate linear combinations of the coefficients.

        Parameters
        ----------
        L : str, list of str, mapping or array
            An expression such as ``"form[oxide] - form[citrate]"`` or ``"2 * dose"``, several of them (a
            list, or a mapping that names each), a mapping of coefficients to weights, or rows of weights.
            ``form[oxide]`` is the mean effect at that level, averaged over the studies' other moderators.
        names : tuple of str, optional
            Names of the rows.
        level : float, optional
            Of the intervals; the fit's own without.

        Returns
        -------
        DataFrame
            One row per contrast: ``estimate se statistic p_value df ci_low ci_high``.
        """
        share = self.level if level is None else check_level(level)
        rows, own = self._rows_of(L)
        labels = own or tuple(f"contrast {i + 1}" for i in range(len(rows)))
        if names is not None:
            if isinstance(names, str) or len(names) != len(rows):
                raise InputError(f"names= needs {len(rows)} names, one per contrast, got {names!r}")
            labels = tuple(names)
        return table(labels, *self._combined(rows), self._dfs(rows), share, show_df=True)

    @renamed({"newdata": "new"})
    def predict(
        self, new: Any = None, *, level: float | None = None, scale: str = "model", interval: str = "both"
    ) -> pd.DataFrame:
        """Predicted mean effects with confidence and prediction intervals.

        Parameters
        ----------
        new : table, mapping or array, optional
            Values of the moderators; without it, one row for a model of the mean and else the studies' own.
        level : float, optional
            Of both intervals; the fit's own without.
        scale : {"model", "display"}
            On which scale estimates and intervals are; the standard error stays on the model scale.
        interval : {"both", "confidence", "prediction", "none"}
            Which intervals to give.

        Returns
        -------
        DataFrame
            ``estimate se df ci_low ci_high pi_low pi_high``; a prediction interval is NaN where the new row
            does not determine how much true effects vary there.
        """
        import pandas as pd

        share = self.level if level is None else check_level(level)
        check_scale(scale), check_interval_option(interval)
        x = self._own_rows() if new is None else self.design.new(new)
        estimate, se = self._combined(x)
        df = self._dfs(x)
        crit = quantile(0.5 + share / 2, df)
        half, wide = crit * se, crit * np.sqrt(se**2 + self._between(x, new))
        columns = {"estimate": estimate, "se": se, "df": df}
        columns |= {"ci_low": estimate - half, "ci_high": estimate + half}
        columns |= {"pi_low": estimate - wide, "pi_high": estimate + wide}
        if scale == "display":
            columns |= on_display(self.effects, columns)
        index = self._labels(len(x)) if new is None else index_of(new)
        return pd.DataFrame(without_intervals(columns, interval), index=index)

    def _labels(self, n: int) -> Any:
        """Labels of the rows that are predicted without new data."""
        return self.effects.study if n == self.effects.k else None

    def _is_mean(self) -> bool:
        """Whether the model is that of one mean effect."""
        return len(self.names) == 1 and self.design is not None and self.design.intercept == 0

    def _terms(self) -> list[Mapping[str, Any]]:
        df: np.ndarray = np.broadcast_to(self.df, self.beta.shape)
        rows: list[Mapping[str, Any]] = [
            {"df": float(own)} | row for own, row in zip(df, rows_of_table(self.coefficients), strict=True)
        ]
        if self._is_mean():
            ends = self.predict(interval="prediction").iloc[0]
            rows[0] = dict(rows[0]) | {name: float(ends[name]) for name in ("pi_low", "pi_high")}
        if self.effects is None:
            return rows
        intercept = 0 if self.design is None else self.design.intercept
        return [on_both_scales(self.effects, row, at == intercept) for at, row in enumerate(rows)]

    def _is_summary(self, row: Mapping[str, Any]) -> bool:
        return self._is_mean()

    def augment(self) -> pd.DataFrame:
        """One row per effect: the caller's columns, fitted value, residual, interval and weight."""
        es = self.effects
        half = float(quantile(0.5 + self.level / 2, np.inf)) * es.sei
        fitted = self.design.X @ self.beta
        own = {"ci_low": es.yi - half, "ci_high": es.yi + half, "weight": self._shares()}
        return es.frame.assign(**own, fitted=fitted, residual=es.yi - fitted)

    def _shares(self) -> np.ndarray:
        """Weights in percent: those of generalised least squares, by the rows of the inverse covariance."""
        marginal = self.marginal  # type: ignore[attr-defined]
        if isinstance(marginal, np.ndarray):
            w = np.linalg.solve(marginal, np.ones(len(marginal)))
        else:
            from scipy.sparse.linalg import spsolve

            w = spsolve(marginal.tocsc(), np.ones(marginal.shape[0]))
        return 100 * w / w.sum()

    def backtransform(self) -> BackTransformed | pd.DataFrame:
        """The mean effect on its display scale; for a model with moderators, a table of the coefficients.

        A coefficient of a log ratio is a ratio of ratios, that of a difference is a difference. On scales
        whose way back is not a power, a coefficient alone has no display value: predict(scale="display").
        """
        if self._is_mean():
            row = self.predict().iloc[0]
            names = ("estimate", "ci_low", "ci_high", "pi_low", "pi_high")
            return back_transformed(self.effects, [row[name] for name in names])
        return coefficients_on_display(self)


def coefficients_on_display(fit: Any) -> pd.DataFrame:
    """Coefficients as ratios where effects are logs, as they are where effects are differences."""
    from meta.effects.registry import MEASURES

    measure = str(fit.effects.measure)
    entry = MEASURES.get(measure)
    scale = "identity" if entry is None else entry.scale
    kept = fit.coefficients[["estimate", "ci_low", "ci_high"]]
    if scale == "identity":
        return kept.copy()
    if scale not in ("log", "logit"):
        raise NotEstimableError(
            f"a coefficient of {measure} has no value of its own on the display scale; "
            "use predict(new, scale='display')"
        )
    with np.errstate(over="ignore"):
        return np.exp(kept)
