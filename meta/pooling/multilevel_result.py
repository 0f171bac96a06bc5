"""`Multilevel`: a fitted multilevel model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtri

from meta.arguments import check_level, floats
from meta.effects.design import Design
from meta.effects.model import EffectSizes
from meta.errors import NotEstimableError
from meta.formatting import number, p_equation
from meta.kernels.mixed import Stacked, profile_variance
from meta.pooling.coefficients import (
    CoefficientInference,
    WaldTest,
    only_intercept,
    table,
    wald_test,
)
from meta.pooling.linear import LinearFit
from meta.pooling.parts import Interval
from meta.results.criteria import InformationCriteria
from meta.results.plain import plain

if TYPE_CHECKING:
    import pandas as pd

    from meta.pooling.robust import Robust


@dataclass(frozen=True, eq=False, repr=False)
class Multilevel(CoefficientInference, LinearFit, InformationCriteria):
    """A fitted multilevel model, on the model scale; nothing rounded.

    ``estimate se statistic p_value ci_low ci_high`` are numbers for a model without moderators, else
    arrays (p,).

    Attributes
    ----------
    beta, vcov : ndarray of shape (p,), (p, p)
        Coefficients and their model-based covariance.
    sigma2, sigma2_se : ndarray
        Variance of each level, outermost first (of each inner level, under ``inner``), and standard errors.
    loglik : float
        Restricted for REML.
    qe, qe_df, qe_p : float
        Residual heterogeneity with the full sampling covariance.
    typical : float
        Typical sampling variance, ``(k - p) / tr(P)`` with the full sampling covariance.
    S, marginal : ndarray of shape (k, k)
        Sampling and marginal covariance.
    G : ndarray or None
        Covariance among inner levels.
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
    S: np.ndarray
    marginal: np.ndarray
    stacked: Stacked
    phi: np.ndarray
    n_covariance: int
    iterations: int
    converged: bool
    warnings: tuple[str, ...] = ()
    G: np.ndarray | None = None
    inner_levels: tuple[str, ...] = ()
    inner: str = ""
    struct: str = ""

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

    @property
    def i2(self) -> np.ndarray:
        """I2 of each level in percent: its share of the total variance of a typical effect.

        Notes
        -----
        Higgins & Thompson (2002), doi:10.1002/sim.1186; the typical sampling variance is ``(k - p) / tr(P)``.
        """
        return 100 * self.sigma2 / (self.sigma2.sum() + self.typical)

    @property
    def i2_total(self) -> float:
        """I2 of all levels together, in percent."""
        return float(self.i2.sum())

    def _counted(self) -> tuple[int, int]:
        return self.n_parameters, self.k - self.p if self.method == "REML" else self.k

    @property
    def qm(self) -> float:
        """Omnibus statistic of all coefficients but the intercept: chi-squared under ``z``, else F.

        NaN where there is only an intercept.
        """
        return np.nan if only_intercept(self.design) else self.wald().statistic

    @property
    def qm_p(self) -> float:
        """Its p-value."""
        return np.nan if only_intercept(self.design) else self.wald().p_value

    def wald(self, L: Any = None) -> WaldTest:
        """Test ``L beta = 0``; without ``L``, all coefficients but the intercept."""
        rows = np.eye(self.p)[list(self.design.tested())] if L is None else self._rows_of(L)[0]
        used = np.flatnonzero(np.any(rows != 0, axis=0))
        return wald_test(self.beta, self.vcov, rows, float(np.min(self.df[used])))

    def prediction_interval(self, *, level: float | None = None) -> Interval:
        """Interval for the true effect in a new group of every level: variance ``se2`` plus all of
        ``sigma2``.
        """
        if self.p != 1 or self.G is not None:
            raise NotEstimableError("there is no single prediction interval; use predict(newdata)")
        row = self.predict(level=level)
        return Interval(float(row["pi_low"].iloc[0]), float(row["pi_high"].iloc[0]))

    def _own_rows(self) -> np.ndarray:
        return self.X[:1] if self.p == 1 and self.G is None else self.X

    def _labels(self, n: int) -> Any:
        return None

    def _between(self, rows: np.ndarray, own: bool) -> np.ndarray:
        """All of sigma2; with an inner structure, that of the row's inner level, which only own rows have."""
        if self.G is None:
            return np.full(len(rows), self.sigma2.sum())
        return np.diag(self.marginal - self.S) if own else np.full(len(rows), np.nan)

    def robust(self, cluster: Any = None, *, kind: str = "CR2", df: str | None = None) -> Robust:
        """Cluster-robust inference, by the outermost level without ``cluster``; see
        `meta.pooling.robust.robust`.
        """
        from meta.pooling.robust import robust

        return robust(self, self.groups[0] if cluster is None else cluster, kind=kind, df=df)

    def profile(self, component: int | str, values: Any) -> np.ndarray:
        """Profile log-likelihood of one level's variance at the given values."""
        which = self._position(component)
        restricted = self.method == "REML"
        grid = np.atleast_1d(floats(values, "values"))
        return np.array([profile_variance(self.stacked, which, v, self.phi, restricted) for v in grid])

    def profile_interval(self, component: int | str, *, level: float | None = None) -> Interval:
        """Profile-likelihood interval of one level's variance; the lower end may be 0.

        Notes
        -----
        Hardy & Thompson (1996), doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.
        """
        from scipy.optimize import brentq

        share = self.level if level is None else check_level(level)
        which = self._position(component)
        cut = self.loglik - 0.5 * float(chdtri(1, 1 - share))
        best = float(self.sigma2[which])

        def above(value: float) -> float:
            return float(self.profile(which, value)[0]) - cut

        unit = max(best, 1e-3 * self.typical)
        high = best + unit
        while above(high) > 0:
            high = best + 2 * (high - best)
            if high > 1e8 * unit:
                return Interval(0.0, float("inf"))
        upper = brentq(above, best, high, xtol=1e-10 * unit, rtol=1e-10)
        if best == 0.0 or above(0.0) >= 0:
            return Interval(0.0, float(upper))
        return Interval(float(brentq(above, 0.0, best, xtol=1e-10 * unit, rtol=1e-10)), float(upper))

    def _position(self, component: int | str) -> int:
        if self.G is not None:
            raise NotEstimableError(
                "profile intervals are for nested levels; this fit has an inner structure"
            )
        if isinstance(component, str):
            if component not in self.levels:
                raise NotEstimableError(f"no level is called {component!r}; levels: {', '.join(self.levels)}")
            return self.levels.index(component)
        return int(component)

    def variance_components(self, *, level: float | None = None) -> pd.DataFrame:
        """Table of ``level groups sigma2 sigma2_se ci_low ci_high i2``, with profile-likelihood intervals."""
        import pandas as pd

        ends = [self.profile_interval(i, level=level) for i in range(len(self.levels))]
        return pd.DataFrame(
            {
                "level": self.levels,
                "groups": self.n_groups,
                "sigma2": self.sigma2,
                "sigma2_se": self.sigma2_se,
                "ci_low": [e.low for e in ends],
                "ci_high": [e.high for e in ends],
                "i2": self.i2,
            }
        )

    def random_effects(self, *, level: float | None = None) -> pd.DataFrame:
        """Predicted random effects of every group of every level: ``level group estimate se low high``."""
        from meta.pooling.predictions import random_effects

        return random_effects(self, self.level if level is None else check_level(level))

    def _is_mean(self) -> bool:
        return super()._is_mean() and self.G is None

    def _facts(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in _GLANCE}
        names = self.inner_levels or self.levels
        between = float(self.sigma2.sum()) if self.G is None else np.nan
        common = {"model": "multilevel", "tau2": between, "i2": self.i2_total if self.G is None else np.nan}
        common |= {"q": self.qe, "q_df": self.qe_df, "q_p": self.qe_p}
        return common | own | {f"sigma2_{n}": s for n, s in zip(names, self.sigma2, strict=True)}

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own: dict[str, Any] = {name: getattr(self, name) for name in _GLANCE}
        own |= {"levels": list(self.levels), "sigma2": self.sigma2.tolist(), "i2": self.i2.tolist()}
        return plain(own | {"coefficients": self.coefficients.to_dict("index"), "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        from meta.pooling.regression_text import coefficient_text

        rho = "" if self.rho is None else f" · rho = {self.rho:g}"
        head = f"Multilevel meta-analysis · {self.method} · k = {self.k}{rho}        measure: {self.measure}"
        names = [f"{self.inner}={n}" for n in self.inner_levels] or [
            f"{n} ({g})" for n, g in zip(self.levels, self.n_groups, strict=True)
        ]
        parts = [
            f"{name}: sigma2 {number(s, 4)}, I2 {number(i, 1)}%"
            for name, s, i in zip(names, self.sigma2, self.i2, strict=True)
        ]
        q = f"QE({self.qe_df}) = {number(self.qe, 2)}, {p_equation(self.qe_p)}"
        q += f"   loglik {number(self.loglik, 2)}"
        return [head, coefficient_text(self.coefficients, digits), "; ".join(parts), q]

    def _shown(self) -> str:
        return f"levels={list(self.levels)}, k={self.k}, p={self.p}, method={self.method!r}"


_GLANCE = (
    *("k", "p", "method", "test", "level", "rho", "loglik", "aic", "bic", "qe", "qe_df", "qe_p", "i2_total"),
    *("converged", "iterations"),
)
