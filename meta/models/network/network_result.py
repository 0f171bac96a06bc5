"""`Network`: a fitted network meta-analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from meta.errors import InputError
from meta.models.network.effect_tables import (
    backtransform,
    effects_table,
    figure_rows,
    reference_rows,
    trial_table,
)
from meta.models.network.network_contrast import NetworkContrast, contrast_of
from meta.models.network.network_numbers import NetworkNumbers
from meta.models.network.network_text import lines
from meta.models.network.views import NetworkTables
from meta.results.effect_rows import EffectRows
from meta.results.plain import plain

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Network(NetworkTables, NetworkNumbers):
    """A fitted network, on the model scale; nothing rounded.

    Attributes
    ----------
    data : NetworkData
        Trials and treatments.
    reference : str
        Treatment that tables and figures compare with.
    method, test, level
        Options of the fit.
    better : str or None
        Whether low or high effects are good.
    d : ndarray of shape (T,)
        Effects of the treatments; that of the first is 0. Only differences mean something.
    phi, vcov : ndarray of shape (T, T)
        Covariance of ``d`` under the model, and as the test uses it.
    df_residual : int
        Independent contrasts less T - 1.
    tau2, tau2_se : float
        Heterogeneity variance, common to all comparisons, and its standard error (REML, ML).
    q, q_df, q_p : float
        Cochran's Q of the whole network: heterogeneity within designs and inconsistency between them.
    hk_scale : float
        Weighted residual sum of squares over its degrees of freedom.
    loglik : float
        Restricted for REML (without ``log|X'X| / 2``, so that it does not depend on the reference), ordinary
        for every other method.
    """

    def contrast(self, treat1: str, treat2: str | None = None) -> NetworkContrast:
        """The effect of one treatment against another, as a result of its own.

        Parameters
        ----------
        treat1, treat2 : str
            The effect is ``treat1`` minus ``treat2``, which is the reference without.

        Returns
        -------
        NetworkContrast
        """
        second = self.reference if treat2 is None else treat2
        if treat1 == second:
            raise InputError(f"treat1 and treat2 are both {treat1!r}; name two treatments")
        return contrast_of(self, self._number(treat1), self._number(second))

    @cached_property
    def effects(self) -> pd.DataFrame:
        """All pairs of treatments: network estimate, direct and indirect evidence, number of trials."""
        return effects_table(self)

    def augment(self) -> pd.DataFrame:
        """One row per comparison within a trial, with its fitted value."""
        return trial_table(self)

    def backtransform(self) -> pd.DataFrame:
        """Effects against the reference for reading (ratios, say), one row per treatment."""
        return backtransform(self)

    def _terms(self) -> list[Mapping[str, Any]]:
        return reference_rows(self)

    def _is_summary(self, row: Mapping[str, Any]) -> bool:
        return True

    def rows(self) -> EffectRows:
        """Effects against the reference, which a forest plot draws one per row."""
        return figure_rows(self)

    def _facts(self) -> dict[str, Any]:
        return {
            "model": "network",
            "reference": self.reference,
            "treatments": len(self.treatments),
            "contrasts": len(self.data.contrasts.y),
        }

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own: dict[str, Any] = {name: getattr(self, name) for name in _KEPT}
        own |= {"treatments": list(self.treatments), "effects": self.effects.to_dict("records")}
        return plain(own | {"warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        return lines(self, digits)

    def _shown(self) -> str:
        return (
            f"{self.k} trials, {len(self.treatments)} treatments, {self.method}, {self.test}, "
            f"tau2={self.tau2:.4g}"
        )


_KEPT = (
    *("measure", "method", "test", "level", "reference", "better", "k", "tau2", "tau2_se"),
    *("q", "q_df", "q_p", "i2", "h2", "loglik", "aic", "bic", "aicc"),
)
