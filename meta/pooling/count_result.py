"""`PooledCounts`: one pooled count model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_level
from meta.effects.count_tables import Counts
from meta.effects.effect_size_table import EffectSizes
from meta.errors import NotEstimableError
from meta.formatting import interval, number, p_equation, percent
from meta.kernels.inference import quantile, two_sided
from meta.kernels.mantel_haenszel import ChiSquared
from meta.pooling.intervals_and_diagnostics import BackTransformed, Interval, back_transformed
from meta.results.base import Result
from meta.results.criteria import InformationCriteria
from meta.results.mean import OneMean
from meta.results.plain import plain
from meta.results.print_out import Line, display_digits, has_null, heading, heterogeneity, read_as, table

if TYPE_CHECKING:
    import pandas as pd

METHOD_NAMES = {
    "MH": "Mantel-Haenszel",
    "Peto": "Peto",
    "GLMM": "generalised linear mixed model",
    "BB": "beta-binomial",
}


@dataclass(frozen=True, eq=False, repr=False)
class PooledCounts(OneMean, InformationCriteria, Result):
    """A pooled count model; on the model (log, logit) scale, nothing rounded.

    Attributes
    ----------
    estimate, se, statistic, p_value, ci_low, ci_high : float
        The pooled effect; normal quantiles.
    tau2, sigma2 : float
        Heterogeneity of the effect, and of the study intercepts (``UM.RS``); NaN where the method has none.
    loglik : float
        NaN for MH and Peto, which have no likelihood. Fits of different models are not comparable.
    q, q_df, q_p : float
        Heterogeneity: Cochran's Q about the pooled estimate (MH, Peto), the likelihood-ratio test of the
        saturated model (GLMM).
    cmh, breslow_day, tarone : ChiSquared or None
        Tests that come with MH (and CMH with Peto).
    q_wald : ChiSquared or None
        The GLMM's Wald test of equal effects.
    dispersion : float
        The beta-binomial's intra-study correlation.
    yi, vi : ndarray of shape (k,)
        Studies' own effects, 1/2 added to the cells of tables with a zero; NaN for tables without
        information.
    weights : ndarray of shape (k,)
        In percent; NaN for GLMM and BB.
    """

    measure: str
    method: str
    model: str
    level: float
    estimate: float
    se: float
    k: int
    study: np.ndarray = field(repr=False)
    yi: np.ndarray = field(repr=False)
    vi: np.ndarray = field(repr=False)
    weights: np.ndarray = field(repr=False)
    q: float = np.nan
    q_df: int = 0
    q_p: float = np.nan
    tau2: float = np.nan
    tau2_se: float = np.nan
    sigma2: float = np.nan
    dispersion: float = np.nan
    loglik: float = np.nan
    n_parameters: int = 1
    cmh: ChiSquared | None = None
    breslow_day: ChiSquared | None = None
    tarone: ChiSquared | None = None
    q_wald: ChiSquared | None = None
    converged: bool = True
    at_boundary: bool = False
    iterations: int = 0
    warnings: tuple[str, ...] = ()
    counts: Counts | None = field(default=None, repr=False)

    @property
    def statistic(self) -> float:
        """Wald statistic of no effect (of the value 0 on the model scale)."""
        return self.estimate / self.se

    @property
    def p_value(self) -> float:
        """Two-sided p-value."""
        return float(two_sided(self.statistic, np.inf))

    @property
    def ci_low(self) -> float:
        """Lower confidence bound."""
        return self.estimate - float(quantile(0.5 + self.level / 2, np.inf)) * self.se

    @property
    def ci_high(self) -> float:
        """Upper confidence bound."""
        return self.estimate + float(quantile(0.5 + self.level / 2, np.inf)) * self.se

    def _counted(self) -> tuple[int, int]:
        return self.n_parameters, self.k

    @property
    def df(self) -> float:
        """Degrees of freedom of the test: infinite, because it is normal."""
        return np.inf

    @property
    def test(self) -> str:
        """Code of the test."""
        return "z"

    @property
    def effects(self) -> EffectSizes:
        """The studies' own effects, for tables and figures; not estimable where a table says nothing."""
        known = np.isfinite(self.yi) & np.isfinite(self.vi)
        yi, vi = (np.where(known, x, np.nan) for x in (self.yi, self.vi))
        inputs = {} if self.counts is None else self.counts.inputs
        own = {} if self.counts is None else dict(self.counts.own)
        return EffectSizes(yi=yi, vi=vi, measure=self.measure, study=self.study, inputs=inputs, columns=own)

    def prediction_interval(self, *, level: float | None = None) -> Interval:
        """Normal interval for the effect in a new study, where the method estimates tau2."""
        at = self.level if level is None else check_level(level)
        if not np.isfinite(self.tau2):
            raise NotEstimableError(f"method {self.method!r} has no between-study variance to predict from")
        crit = float(quantile(0.5 + at / 2, np.inf))
        half = crit * float(np.sqrt(self.se**2 + self.tau2))
        return Interval(self.estimate - half, self.estimate + half)

    def backtransform(self) -> BackTransformed:
        """The estimate and its intervals for reading (ratios, proportions, rates)."""
        return back_transformed(self.effects, [self.estimate, self.ci_low, self.ci_high, *self._prediction()])

    def _predicts(self) -> bool:
        return bool(np.isfinite(self.tau2))

    def _facts(self) -> dict[str, Any]:
        own = {name: getattr(self, name) for name in _GLANCE}
        return own | {"model": self.model}

    def augment(self) -> pd.DataFrame:
        """One row per study: its own effect and its weight."""
        import pandas as pd

        sei = np.sqrt(self.vi)
        half = float(quantile(0.5 + self.level / 2, np.inf)) * sei
        columns = {"study": self.study, "yi": self.yi, "vi": self.vi, "sei": sei}
        columns |= {"ci_low": self.yi - half, "ci_high": self.yi + half, "weight": self.weights}
        columns |= {"fitted": np.full(self.k, self.estimate), "residual": self.yi - self.estimate}
        return pd.DataFrame(columns)

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        names = (*_GLANCE, "estimate", "se", "statistic", "p_value", "ci_low", "ci_high", "warnings")
        return plain({name: getattr(self, name) for name in names})

    def _lines(self, digits: int) -> list[str]:
        shown = self.backtransform()
        places = display_digits(self.measure)
        read = f"{read_as(self.measure, shown.display)} {number(shown.estimate, places)}"
        pi = "" if np.isnan(shown.pi_low) else f"{percent(self.level)} PI {number(shown.pi_low, places)}"
        pi += "" if np.isnan(shown.pi_high) else f" to {number(shown.pi_high, places)} (normal)"
        head = f"{read} {interval(shown.ci_low, shown.ci_high, places)}"
        cmh = ("Cochran-Mantel-Haenszel", self.cmh)
        tests = (cmh, ("Breslow-Day", self.breslow_day), ("Tarone", self.tarone))
        return [
            heading(["Pooled counts", METHOD_NAMES[self.method], self.model, f"k = {self.k}"], self.measure),
            *table(
                [Line.of(self._terms()[0], pi)], self.level, digits, head=head, tested=has_null(self.measure)
            ),
            *heterogeneity(tau2=self.tau2, q=(self.q, self.q_df, self.q_p)),
            *(
                f"{name} chi2({test.df}) = {number(test.statistic, 2)}, {p_equation(test.p_value)}"
                for name, test in tests
                if test is not None
            ),
        ]

    def _shown(self) -> str:
        how = f"method={self.method!r}" + (f", model={self.model!r}" if self.model else "")
        return f"{self.measure}, {how}, k={self.k}, estimate={self.estimate:.4g}"


_GLANCE = (
    *("measure", "method", "model", "level", "k", "q", "q_df", "q_p", "tau2", "tau2_se", "sigma2"),
    *("dispersion", "loglik", "aic", "bic", "aicc", "n_parameters", "converged", "at_boundary", "iterations"),
)
