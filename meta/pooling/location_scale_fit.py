"""Location-scale models: moderators of the mean and of the heterogeneity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.effects.design import Design, build, refuse_uncalled
from meta.effects.effect_size_table import EffectSizes
from meta.errors import AssumptionWarning, ConvergenceWarning, InputError, Notes, NotEstimableError
from meta.kernels.location_scale import LINKS
from meta.kernels.location_scale import fit_location_scale as fit_core
from meta.kernels.regression_inference import residual_heterogeneity
from meta.pooling.boundary import check_option
from meta.pooling.coefficient_text import coefficient_lines, coefficient_text, test_name
from meta.pooling.coefficients import (
    WaldTest,
    only_intercept,
    table,
    wald_test,
)
from meta.pooling.linear_fit import LinearFit
from meta.results.criteria import InformationCriteria
from meta.results.plain import plain
from meta.results.print_out import heading, heterogeneity, size
from meta.results.table_columns import rows_of_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class LocationScale(LinearFit, InformationCriteria):
    """A fitted location-scale model; on the model scale, nothing rounded.

    Attributes
    ----------
    beta, vcov : ndarray of shape (p,), (p, p)
        Location coefficients.
    alpha, alpha_vcov : ndarray of shape (q,), (q, q)
        Scale coefficients, on the scale of ``link``.
    tau2 : ndarray of shape (k,)
        Heterogeneity of each study.
    i2 : ndarray of shape (k,)
        In percent, study by study, because tau2 is.
    loglik : float
        Restricted for REML.
    """

    es: EffectSizes
    design: Design
    scale_design: Design
    link: str
    method: str
    test: str
    level: float
    beta: np.ndarray
    vcov: np.ndarray
    alpha: np.ndarray
    alpha_vcov: np.ndarray
    tau2: np.ndarray
    i2: np.ndarray
    qe: float
    qe_df: int
    qe_p: float
    loglik: float
    iterations: int
    converged: bool
    warnings: tuple[str, ...] = ()

    @property
    def yi(self) -> np.ndarray:
        """Effects used."""
        return self.es.yi

    @property
    def X(self) -> np.ndarray:
        """Design of the location."""
        return self.design.X

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the location coefficients."""
        return self.design.names

    @property
    def marginal(self) -> np.ndarray:
        """Marginal covariance of the effects, (k, k)."""
        return np.diag(self.es.vi + self.tau2)

    @property
    def k(self) -> int:
        """Number of effects used."""
        return self.es.k

    @property
    def n_parameters(self) -> int:
        """Location and scale coefficients."""
        return len(self.beta) + len(self.alpha)

    @property
    def _df(self) -> float:
        return np.inf if self.test == "z" else float(self.k - len(self.beta))

    @cached_property
    def coefficients(self) -> pd.DataFrame:
        """Location coefficients: ``estimate se statistic p_value ci_low ci_high``."""
        return table(self.names, self.beta, np.sqrt(np.diag(self.vcov)), self._df, self.level)

    @cached_property
    def scale_coefficients(self) -> pd.DataFrame:
        """Scale coefficients; Wald tests of them are rough, a likelihood-ratio test is better."""
        se = np.sqrt(np.diag(self.alpha_vcov))
        return table(self.scale_design.names, self.alpha, se, self._scale_df, self.level)

    @property
    def qm(self) -> float:
        """Omnibus statistic of the location."""
        return self._omnibus.statistic

    @property
    def qm_p(self) -> float:
        """Its p-value."""
        return self._omnibus.p_value

    @property
    def _omnibus(self) -> WaldTest:
        if only_intercept(self.design):
            return WaldTest(np.nan, np.nan, np.nan, np.nan)
        rows = np.eye(len(self.beta))[list(self.design.tested())]
        return wald_test(self.beta, self.vcov, rows, self._df)

    def _counted(self) -> tuple[int, int]:
        return self.n_parameters, self.k - len(self.beta) if self.method == "REML" else self.k

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return self.es.measure

    @property
    def df(self) -> np.ndarray:
        """Degrees of freedom of the location coefficients, (p,)."""
        return np.full(len(self.beta), self._df)

    def _between(self, rows: np.ndarray, new: Any) -> np.ndarray:
        """Each study's own tau2; new data say nothing of the scale part."""
        return self.tau2 if new is None else np.full(len(rows), np.nan)

    def _is_mean(self) -> bool:
        return False  # one tau2 per study, hence no single prediction

    def _terms(self) -> list[Mapping[str, Any]]:
        """Both sets of coefficients."""
        q = self._scale_df
        location = [{"part": "location", "df": self._df} | row for row in rows_of_table(self.coefficients)]
        scale = [{"part": "scale", "df": q} | row for row in rows_of_table(self.scale_coefficients)]
        return [*location, *scale]

    def _facts(self) -> dict[str, Any]:
        common = {"model": "location-scale", "q": self.qe, "q_df": self.qe_df, "q_p": self.qe_p}
        common |= {"tau2": np.nan, "i2": np.nan}  # arrays, one number per study
        own = {name: getattr(self, name) for name in _GLANCE}
        return common | own | {"tau2_low": float(self.tau2.min()), "tau2_high": float(self.tau2.max())}

    def augment(self) -> pd.DataFrame:
        """One row per effect, with its own tau2 and I2."""
        return super().augment().assign(tau2=self.tau2, i2=self.i2)

    def to_dict(self) -> dict[str, Any]:
        """Everything a file needs, as plain numbers and strings."""
        own: dict[str, Any] = {name: getattr(self, name) for name in ("level", *_GLANCE)}
        own |= {"coefficients": self.coefficients.to_dict("index"), "tau2": self.tau2}
        return plain(own | {"scale": self.scale_coefficients.to_dict("index"), "warnings": self.warnings})

    def _lines(self, digits: int) -> list[str]:
        low, high = float(self.tau2.min()), float(self.tau2.max())
        parts = ["Location-scale model", self.method, test_name(self.test), f"{self.link} link"]
        q = (self.qe, self.qe_df, self.qe_p)
        scale = coefficient_text(self.scale_coefficients, self.level, digits, self._scale_df)
        return [
            heading([*parts, f"k = {self.k}"], self.measure),
            "location",
            *coefficient_lines(self, digits),
            f"scale (of tau2, {self.link} link)",
            *scale,
            *heterogeneity(more=[f"tau2 {size(low)} to {size(high)}"], q=q, q_name="QE"),
        ]

    @property
    def _scale_df(self) -> float:
        return np.inf if self.test == "z" else float(self.k - len(self.alpha))

    def _shown(self) -> str:
        return f"k={self.k}, p={len(self.beta)}, q={len(self.alpha)}, link={self.link!r}"


_GLANCE = (
    *("k", "method", "test", "link", "qm", "qm_p", "qe", "qe_df", "qe_p"),
    *("loglik", "aic", "bic", "aicc", "converged"),
)


def fit_location_scale(
    es: EffectSizes,
    design: Design,
    scale: Any,
    *,
    link: str,
    method: str | float,
    test: str,
    level: float,
    notes: Notes,
    context: Any = None,
) -> LocationScale:
    """Fit a location-scale model; called by :func:`meta.regress` with ``scale=``.

    Notes
    -----
    Tests: ``z``, or ``t`` with k - p degrees of freedom (``hksj`` becomes ``t``, because the Hartung-Knapp
    scale assumes one tau2). Viechtbauer & Lopez-Lopez (2022), doi:10.1002/jrsm.1562.
    """
    check_option("link", link, LINKS)
    if method not in ("ML", "REML"):
        raise InputError(f"a location-scale model needs method='ML' or 'REML', got {method!r}")
    if test in ("adhoc", "KR"):
        raise InputError(f"a location-scale model offers test='z' or 't', got {test!r}")
    other = build(es, None, scale, None, notes, context=context if isinstance(scale, str) else None)
    refuse_uncalled(context, design, other)
    rows = design.rows & other.rows
    design, other = design.among(rows), other.among(rows)
    used = es.subset(rows)
    X, Z = design.X, other.X
    if X.shape[0] <= X.shape[1] + Z.shape[1] - 1:
        raise NotEstimableError(
            f"{X.shape[0]} effects cannot estimate {X.shape[1]} location and {Z.shape[1]} scale coefficients"
        )
    core = fit_core(used.yi, used.vi, X, Z, link=link, restricted=method == "REML")
    if not core.converged:
        notes.warn(
            "the scale part did not converge to a proper maximum (a tau2 may tend to 0); "
            "compare models by likelihood",
            ConvergenceWarning,
        )
    if np.min(core.tau2) < 1e-4 * np.median(used.vi):
        notes.warn(
            "a tau2 is practically 0, where standard errors of the scale part are not dependable",
            AssumptionWarning,
        )
    left = residual_heterogeneity(used.yi, used.vi, X)
    return LocationScale(
        es=used,
        design=design,
        scale_design=other,
        link=link,
        method=str(method),
        test="t" if test == "hksj" else test,
        level=level,
        beta=core.beta,
        vcov=core.vcov,
        alpha=core.alpha,
        alpha_vcov=core.alpha_vcov,
        tau2=core.tau2,
        i2=100 * core.tau2 / (core.tau2 + left.typical),
        qe=left.qe,
        qe_df=left.df,
        qe_p=float(chdtrc(left.df, left.qe)),
        loglik=core.loglik,
        iterations=core.iterations,
        converged=core.converged,
        warnings=notes.messages,
    )
