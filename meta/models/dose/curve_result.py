"""`DoseResponse`: a fitted dose-response curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.kernels.dose.bases import Basis
from meta.kernels.dose.decorrelated_residuals import Deviances, decorrelated, deviances
from meta.kernels.dose.stacked_trials import Trials
from meta.kernels.kenward_roger import SmallSample
from meta.models.dose.curve import Predictions
from meta.models.dose.marginal import marginal_blocks, small_sample, trials_of
from meta.models.dose.questions import Questions
from meta.models.dose.shapes import differences
from meta.pooling.coefficients import CoefficientInference, WaldTest, table, wald_test
from meta.pooling.linear_fit import LinearFit
from meta.results.criteria import InformationCriteria
from meta.results.plain import plain
from meta.results.table_columns import rows_of_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class DoseResponse(  # type: ignore[misc]  # a curve is predicted at doses, not at rows of a table
    Predictions, Questions, CoefficientInference, LinearFit, InformationCriteria
):
    """A fitted dose-response curve, on the model (log) scale; nothing rounded.

    Attributes
    ----------
    es : EffectSizes
        Effects of n arms against the reference arm of their own trial, with the covariances they share.
    dose, origin : ndarray of shape (n,)
        Dose of each arm, and of its trial's reference arm.
    doses : ndarray
        Doses of all arms, reference arms included.
    basis : Basis
        The shape, with its knots or powers.
    beta, vcov : ndarray of shape (p,), (p, p)
        Coefficients of the terms, per unit of dose, and their covariance.
    psi : ndarray
        Heterogeneity: covariance (p, p) of the coefficients of trials (full, diagonal); (1, 1), the variance
        per squared unit of dose (proportional) or of any dose against another (additive); (0, 0) for none.
    df : ndarray of shape (p,)
        Degrees of freedom of each coefficient; infinite under z.
    loglik : float
        Restricted for REML, NaN for moments. Of two stages, that of the trials' own coefficients.
    reference_dose : float
        Dose that predictions compare with.
    axis : str
        "dose" or "time": what the curve runs over.
    """

    es: EffectSizes
    dose: np.ndarray
    origin: np.ndarray
    doses: np.ndarray
    basis: Basis
    heterogeneity: str
    method: str
    stage: str
    test: str
    level: float
    covariance: str
    reference_dose: float
    unit: str
    beta: np.ndarray
    vcov: np.ndarray
    psi: np.ndarray
    df: np.ndarray
    loglik: float
    n_covariance: int
    iterations: int
    converged: bool
    warnings: tuple[str, ...] = ()
    axis: str = "dose"

    design = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms."""
        return tuple(name.replace("dose", self.axis) for name in self.basis.names)

    @property
    def shape(self) -> str:
        """Code of the shape."""
        return self.basis.kind

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.es.measure

    @property
    def k(self) -> int:
        """Number of effects: arms other than reference arms."""
        return self.es.k

    @property
    def p(self) -> int:
        """Number of terms."""
        return len(self.beta)

    @cached_property
    def trials(self) -> Trials:
        """The data as the engines take them."""
        return trials_of(self)

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.trials.S)

    @property
    def seen(self) -> tuple[float, float]:
        """Lowest and highest dose of any arm."""
        return float(self.doses.min()), float(self.doses.max())

    @property
    def X(self) -> np.ndarray:
        """Differences of the terms between each arm and its reference arm, (n, p)."""
        return differences(self.basis, self.dose, self.origin)

    @property
    def _degrees(self) -> Any:
        return self.df

    def _dfs(self, rows: np.ndarray) -> np.ndarray:
        if self.test == "KR":
            return self.small_sample.df(rows)
        return np.full(len(rows), float(np.min(self.df)))

    @cached_property
    def small_sample(self) -> SmallSample:
        """Kenward and Roger's adjustment of this fit."""
        return small_sample(self)

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Table of ``estimate se statistic p_value ci_low ci_high``."""
        return table(self.names, self.beta, self._errors, self.df, self.level)

    @property
    def location(self) -> np.ndarray:
        """Weights of the terms, (p,): the coefficients, but 0 for the derivative by an estimated place."""
        return np.array([self.beta[0], 0.0]) if self.basis.estimated else self.beta

    def wald(self, L: Any = None) -> WaldTest:
        """Test ``L beta = 0``; without ``L``, that no dose has an effect."""
        every = np.eye(self.p)[:1] if self.basis.estimated else np.eye(self.p)
        rows = every if L is None else self._rows_of(L)[0]
        if self.test == "KR":
            from scipy.special import fdtrc

            value, df = self.small_sample.test(self.beta, rows)
            p = np.nan if np.isnan(value) else float(fdtrc(len(rows), df, value))
            return WaldTest(value, len(rows), df, p)
        return wald_test(self.beta, self.vcov, rows, float(np.min(self.df)))

    @property
    def nonlinearity(self) -> WaldTest:
        """Test of all terms but the first; NaN for a shape of one term, for Emax and for a plateau."""
        if self.p == 1 or self.basis.estimated:
            return WaldTest(np.nan, 0, np.inf, np.nan)
        return self.wald(np.eye(self.p)[1:])

    @cached_property
    def deviances(self) -> Deviances:
        """Sums of squares at equal curves: about no effect, the common curve, and each trial's own."""
        return deviances(self.trials)

    @property
    def q(self) -> float:
        """Cochran's Q of the trials' curves, the multivariate Q of two stages."""
        # rounding may leave less than nothing where all curves are one
        return max(0.0, self.deviances.curve - self.deviances.within)

    @property
    def q_df(self) -> int:
        """Its degrees of freedom."""
        return self.deviances.curve_df - self.deviances.within_df

    @property
    def q_p(self) -> float:
        """Its p-value."""
        return _tail(self.q, self.q_df)

    @property
    def r2(self) -> float:
        """Share of the deviance from no effect that the common curve explains, in percent.

        Discacciati, Crippa & Orsini (2017), doi:10.1002/jrsm.1194.
        """
        return 100 * (1 - self.deviances.curve / self.deviances.total)

    def goodness_of_fit(self) -> pd.DataFrame:
        """Deviances with their tests: ``statistic df p_value`` of the curve, of the trials' curves
        (heterogeneity) and within trials (lack of fit).
        """
        import pandas as pd

        found = self.deviances
        rows = {
            "common curve": (found.curve, found.curve_df),
            "heterogeneity of curves": (self.q, self.q_df),
            "lack of fit within trials": (found.within, found.within_df),
        }
        table = {name: (value, df, _tail(value, df)) for name, (value, df) in rows.items()}
        return pd.DataFrame.from_dict(table, orient="index", columns=["statistic", "df", "p_value"])

    def residuals(self) -> pd.DataFrame:
        """One row per arm: ``study dose reference_dose yi fitted residual standardised``.

        ``standardised`` residuals are decorrelated by the Cholesky factor of each trial's covariance, so that
        they can be plotted against the dose (Discacciati et al. 2017, doi:10.1002/jrsm.1194).
        """
        import pandas as pd

        fitted = self.X @ self.location
        own = decorrelated(self.es.yi, fitted, marginal_blocks(self), self.trials.rows)
        columns = {"study": self.es.study, "dose": self.dose, "reference_dose": self.origin}
        columns |= {"yi": self.es.yi, "fitted": fitted, "residual": self.es.yi - fitted, "standardised": own}
        return pd.DataFrame(columns)

    def variance_partition(self) -> pd.DataFrame:
        """One row per arm: the share of its variance that is heterogeneity, in percent.

        Crippa, Khudyakov, Wang, Orsini & Spiegelman (2016), doi:10.1002/sim.6980.
        """
        import pandas as pd

        total = np.concatenate([np.diag(M) for M in marginal_blocks(self)])
        between = total - self.es.vi
        columns = {"study": self.es.study, "dose": self.dose, "reference_dose": self.origin}
        columns |= {"within": self.es.vi, "between": between, "vpc": 100 * between / total}
        return pd.DataFrame(columns)

    def _shares(self) -> np.ndarray:
        # a curve has no mean of which an arm could have a share
        return np.full(self.k, np.nan)

    def _counted(self) -> tuple[int, int]:
        return self.p + self.n_covariance, self.k - self.p if self.method == "REML" else self.k

    def augment(self) -> pd.DataFrame:
        """One row per arm: the caller's columns, fitted value, residual, interval."""
        from meta.kernels.inference import quantile

        es, fitted = self.es, self.X @ self.location
        half = float(quantile(0.5 + self.level / 2, np.inf)) * es.sei
        own = {"ci_low": es.yi - half, "ci_high": es.yi + half, "weight": self._shares()}
        return es.frame.assign(**own, fitted=fitted, residual=es.yi - fitted)

    def _terms(self) -> list[Mapping[str, Any]]:
        rows = rows_of_table(self.coefficients)
        return [{"df": float(own)} | row for own, row in zip(self.df, rows, strict=True)]

    def _facts(self) -> dict[str, Any]:
        test = self.nonlinearity
        own = {name: getattr(self, name) for name in _GLANCE}
        own |= {"model": "dose-response", "nonlinearity": test.statistic, "nonlinearity_p": test.p_value}
        return own

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own: dict[str, Any] = {name: getattr(self, name) for name in _GLANCE}
        own |= {"knots_or_powers": list(self.basis.values), "psi": self.psi.tolist()}
        return plain(own | {"coefficients": self.coefficients.to_dict("index"), "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        from meta.models.dose.curve_text import lines

        return lines(self, digits)

    def _shown(self) -> str:
        return f"shape={self.shape!r}, trials={self.n_trials}, k={self.k}, method={self.method!r}"


def _tail(value: float, df: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(df, max(value, 0.0))) if df > 0 else np.nan


_GLANCE = (
    *("k", "n_trials", "p", "shape", "method", "stage", "heterogeneity", "test", "level", "covariance"),
    *(
        "reference_dose",
        "unit",
        "axis",
        "loglik",
        "aic",
        "bic",
        "aicc",
        "q",
        "q_df",
        "q_p",
        "r2",
        "converged",
    ),
    "iterations",
)
