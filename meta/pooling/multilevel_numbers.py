"""The numbers of a multilevel fit: `Multilevel` adds what is computed and shown of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.effects.design import Design
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import levels_in_order
from meta.kernels.kenward_roger import SmallSample
from meta.kernels.mixed import MixedModel, RandomTerm, Stacked, lay_out, small_sample
from meta.pooling.coefficients import CoefficientInference, table
from meta.pooling.linear_fit import LinearFit
from meta.results.criteria import InformationCriteria

if TYPE_CHECKING:
    import pandas as pd

SMALL = ("satterthwaite", "KR")
"""Tests whose degrees of freedom differ between combinations of coefficients."""


@dataclass(frozen=True, eq=False, repr=False)
class MultilevelNumbers(CoefficientInference, LinearFit, InformationCriteria):
    """A multilevel fit: what was estimated, and the data and terms that it was estimated from.

    The attributes are those of :class:`meta.pooling.multilevel_result.Multilevel`.
    """

    es: EffectSizes
    design: Design
    levels: tuple[str, ...]
    groups: tuple[np.ndarray, ...]
    method: str
    test: str
    level: float
    rho: float | None
    beta: np.ndarray
    vcov: np.ndarray
    df: np.ndarray
    sigma2: np.ndarray
    sigma2_se: np.ndarray
    loglik: float
    qe: float
    qe_df: int
    qe_p: float
    typical: float
    S: Any
    marginal: Any
    stacked: Stacked | None
    phi: np.ndarray
    n_covariance: int
    iterations: int
    converged: bool
    warnings: tuple[str, ...] = ()
    G: np.ndarray | None = None
    inner_levels: tuple[str, ...] = ()
    inner: str = ""
    struct: str = ""
    terms: tuple[RandomTerm, ...] = ()
    left_designs: tuple[Design | None, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients."""
        return self.design.names

    @property
    def X(self) -> np.ndarray:
        """Design matrix, (k, p)."""
        return self.design.X

    @property
    def yi(self) -> np.ndarray:
        """Effects used."""
        return self.es.yi

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.es.measure

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.es.k

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return len(self.beta)

    @property
    def n_groups(self) -> tuple[int, ...]:
        """Number of groups at each level."""
        return tuple(int(g.max()) + 1 for g in self.groups)

    @property
    def variance_names(self) -> tuple[str, ...]:
        """Names of ``sigma2``: inner levels, or terms with the levels or slopes of those that have some."""
        if self.inner_levels or not self.terms:
            return self.inner_levels or self.levels
        names = [[f"{t.name} [{x}]" for x in t.labels] if t.labels else [t.name] for t in self.terms]
        return tuple(name for own in names for name in own)

    @property
    def n_parameters(self) -> int:
        """Coefficients and covariance parameters."""
        return self.p + self.n_covariance

    @property
    def _degrees(self) -> Any:
        return self.df

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Table of ``estimate se statistic p_value ci_low ci_high``."""
        return table(self.names, self.beta, self._errors, self.df, self.level)

    @property
    def rho_inner(self) -> np.ndarray | None:
        """Correlations among inner levels, (m, m)."""
        if self.G is None:
            return None
        sd = np.sqrt(np.diag(self.G))
        return self.G / np.outer(sd, sd)

    @cached_property
    def random_terms(self) -> tuple[RandomTerm, ...]:
        """The random terms, also of fits that were saved before they had a field of their own."""
        return self.terms or self._terms_of_old()

    @cached_property
    def model(self) -> MixedModel:
        """The model, laid out for its likelihood."""
        return lay_out(self.yi, self.X, self.S, self.random_terms)

    @cached_property
    def small_sample(self) -> SmallSample:
        """Satterthwaite's and Kenward and Roger's adjustment of this fit."""
        return small_sample(self.model, self.phi)

    @property
    def model_vcov(self) -> np.ndarray:
        """Covariance of the coefficients, (p, p), before Kenward and Roger's adjustment."""
        return self.small_sample.phi if self.test == "KR" else self.vcov

    def _dfs(self, rows: np.ndarray) -> np.ndarray:
        return self.small_sample.df(rows) if self.test in SMALL else super()._dfs(rows)

    def _counted(self) -> tuple[int, int]:
        return self.n_parameters, self.k - self.p if self.method == "REML" else self.k

    def _terms_of_old(self) -> tuple[RandomTerm, ...]:
        """Random terms of a fit that was saved without them: nested levels, or inner levels of one."""
        if self.G is None:
            return tuple(RandomTerm(name, "", g) for name, g in zip(self.levels, self.groups, strict=True))
        _, numbers = levels_in_order(self.es, self.inner, "inner")
        name = f"{self.inner} | {self.levels[0]}"
        z = np.eye(len(self.G))[numbers]
        return (RandomTerm(name, self.struct, self.groups[0], z=z, labels=self.inner_levels),)
