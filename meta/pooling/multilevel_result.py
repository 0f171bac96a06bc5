"""`Multilevel`: a fitted multilevel model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import fdtrc

from meta.arguments import check_level, floats
from meta.errors import NotEstimableError
from meta.formatting import interval, percent
from meta.pooling.coefficient_text import coefficient_lines, test_name
from meta.pooling.coefficients import (
    WaldTest,
    only_intercept,
    wald_test,
)
from meta.pooling.component_intervals import component_interval, component_intervals
from meta.pooling.components import table as parameter_table
from meta.pooling.heterogeneity_shares import i2_of
from meta.pooling.intervals_and_diagnostics import Interval
from meta.pooling.multilevel_numbers import SMALL, MultilevelNumbers
from meta.pooling.predictions import prediction_interval, random_effects, spread_of
from meta.pooling.profiles import profile, profile_interval
from meta.pooling.robust import Robust, robust
from meta.results.plain import plain
from meta.results.print_out import display_text, heading, heterogeneity, size

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Multilevel(MultilevelNumbers):
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
    S, marginal : ndarray or sparse matrix of shape (k, k)
        Sampling and marginal covariance; sparse for more than 4,000 effects.
    G : ndarray or None
        Covariance among inner levels (or slopes), of a fit with a single such term.
    terms : tuple of RandomTerm
        The random terms, with their groups.
    left_designs : tuple of Design or None
        Designs of the random slopes.
    """

    @property
    def i2(self) -> np.ndarray:
        """I2 in percent, one for each of ``sigma2``.

        Of nested and crossed terms: a term's share of the total variance of a typical effect, whose sampling
        variance v is ``(k - p) / tr(P)`` with the full sampling covariance. Of inner levels, of which an
        effect has one: ``tau2_j / (tau2_j + v)``.

        Notes
        -----
        Higgins & Thompson (2002), doi:10.1002/sim.1186; Jackson et al. (2012), doi:10.1002/sim.5453.
        """
        return i2_of(self)

    @property
    def i2_total(self) -> float:
        """I2 of all terms together, in percent; NaN for inner levels, each of which has its own."""
        return np.nan if self.inner_levels else float(self.i2.sum())

    @property
    def components(self) -> pd.DataFrame:
        """Every variance and correlation: ``term struct parameter estimate groups fixed``."""
        return parameter_table(self.random_terms, self.phi)

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
        if self.test in SMALL:
            small = self.small_sample
            value, df = (small.test if self.test == "KR" else small.fai_cornelius)(self.beta, rows)
            p = np.nan if np.isnan(value) else float(fdtrc(len(rows), df, value))
            return WaldTest(value, len(rows), df, p)
        used = np.flatnonzero(np.any(rows != 0, axis=0))
        return wald_test(self.beta, self.vcov, rows, float(np.min(self.df[used])))

    def prediction_interval(self, *, level: float | None = None) -> Interval:
        """Interval for the true effect in a new group of every level: variance ``se2`` plus all of
        ``sigma2``. Of inner levels, arrays in the order of ``inner_levels``.
        """
        return prediction_interval(self, self.level if level is None else check_level(level))

    def _by_inner(self) -> bool:
        """Whether the rows to predict are the inner levels: one mean, but true effects vary by level."""
        return bool(self.inner_levels) and self.p == 1

    def _own_rows(self) -> np.ndarray:
        if self._by_inner():
            return np.repeat(self.X[:1], len(self.inner_levels), axis=0)
        return self.X[:1] if self.p == 1 and all(t.z is None for t in self.random_terms) else self.X

    def _labels(self, n: int) -> Any:
        return list(self.inner_levels) if self._by_inner() else None

    def _between(self, rows: np.ndarray, new: Any) -> np.ndarray:
        """All of sigma2; with inner levels or slopes, what the row's own level or values make of them."""
        if new is None and self._by_inner():
            return self.sigma2
        return spread_of(self, new, len(rows))

    def robust(self, cluster: Any = None, *, kind: str = "CR2", df: str | None = None) -> Robust:
        """Cluster-robust inference, by the outermost level without ``cluster``; see
        `meta.pooling.robust.robust`.
        """
        own = min(self.groups, key=lambda g: int(g.max()))
        return robust(self, own if cluster is None else cluster, kind=kind, df=df)

    def profile(self, component: int | str, values: Any) -> np.ndarray:
        """Profile log-likelihood of one variance (or correlation) at the given values."""
        return profile(self, component, np.atleast_1d(floats(values, "values")))

    def profile_interval(self, component: int | str, *, level: float | None = None) -> Interval:
        """Profile-likelihood interval of one parameter of ``components``, by name of its term or by position;
        the lower end of a variance may be 0.

        Notes
        -----
        Hardy & Thompson (1996), doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.
        """
        return profile_interval(self, component, self.level if level is None else check_level(level))

    def component_interval(
        self, component: int | str, *, kind: str = "PL", level: float | None = None
    ) -> Interval:
        """Interval of one parameter of ``components``: profile likelihood (``PL``) or, of a variance,
        Q-profile (``QP``), with the other parameters at their estimates.

        Notes
        -----
        See :func:`meta.pooling.component_intervals.q_profile_interval`.
        """
        return component_interval(self, component, kind, self.level if level is None else check_level(level))

    def component_intervals(self, *, kind: str = "PL", level: float | None = None) -> pd.DataFrame:
        """``components`` with ``ci_low ci_high``; NaN for what was given, for a correlation with a variance
        of 0 and, under ``QP``, for correlations and ranges.
        """
        return component_intervals(self, kind, self.level if level is None else check_level(level))

    def variance_components(self, *, level: float | None = None) -> pd.DataFrame:
        """Table of ``level groups sigma2 sigma2_se ci_low ci_high i2``, with profile-likelihood intervals."""
        import pandas as pd

        if any(term.struct or term.fixed is not None for term in self.random_terms):
            raise NotEstimableError("variance_components is for random intercepts; see components")
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
        """Predicted random effects of every group of every term: ``level group estimate se low high``.

        Inner levels and slopes have rows of their own, with ``level`` as in ``dose | study [dose]``.
        """
        return random_effects(self, self.level if level is None else check_level(level))

    def _is_mean(self) -> bool:
        return super()._is_mean() and all(term.z is None for term in self.random_terms)

    def _facts(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in _GLANCE}
        between = np.nan if any(term.struct for term in self.random_terms) else float(self.sigma2.sum())
        common = {"model": "multilevel", "tau2": between, "i2": self.i2_total}
        common |= {"q": self.qe, "q_df": self.qe_df, "q_p": self.qe_p}
        own |= {f"sigma2_{n}": s for n, s in zip(self.variance_names, self.sigma2, strict=True)}
        return common | own

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own: dict[str, Any] = {name: getattr(self, name) for name in _GLANCE}
        own |= {"levels": list(self.levels), "sigma2": self.sigma2.tolist(), "i2": self.i2.tolist()}
        return plain(own | {"coefficients": self.coefficients.to_dict("index"), "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        rho = "" if self.rho is None else f"rho = {self.rho:g}"
        parts = ["Multilevel meta-analysis", self.method, test_name(self.test), f"k = {self.k}", rho]
        names = [f"{self.inner}={n}" for n in self.inner_levels]
        if not names and len(self.sigma2) == len(self.levels):
            names = [f"{n} ({g})" for n, g in zip(self.levels, self.n_groups, strict=True)]
        names = names or list(self.variance_names)
        levels = [
            f"{name}: sigma2 {size(float(s))}, I2 {percent(i / 100)}"
            for name, s, i in zip(names, self.sigma2, self.i2, strict=True)
        ]
        q = heterogeneity(q=(self.qe, self.qe_df, self.qe_p), q_name="QE")
        single = self._is_mean() and not self.inner_levels
        prediction = [self._prediction_text()] if single else []
        return [heading(parts, self.measure), *coefficient_lines(self, digits), *levels, *q, *prediction]

    def _prediction_text(self) -> str:
        low, high = self.prediction_interval()
        shown = display_text(self.es, self.estimate, low, high)
        return f"{percent(self.level)} PI {interval(low, high)}   |  {shown} (of a new group of every level)"

    def _shown(self) -> str:
        return f"levels={list(self.levels)}, k={self.k}, p={self.p}, method={self.method!r}"


_GLANCE = (
    *("k", "p", "method", "test", "level", "rho", "loglik", "aic", "bic", "qe", "qe_df", "qe_p", "i2_total"),
    *("converged", "iterations"),
)
