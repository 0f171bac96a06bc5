"""Limit meta-analysis: the effect at infinite precision under a model of small-study effects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.arguments import check_arguments
from meta.bias.common import Estimated, caution_few, rows_of, tail_p
from meta.bias.least_squares import weighted_regression
from meta.effects.design import predictor_matrix
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import data_of
from meta.errors import Notes
from meta.formatting import number, p_equation
from meta.kernels.inference import quantile
from meta.kernels.tau2 import estimate as estimate_tau2
from meta.keywords import keywords

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LimitMetaAnalysis(Estimated):
    """A limit meta-analysis.

    Attributes
    ----------
    estimate, se, ci_low, ci_high, statistic, p_value : float
        Expected effect of a study of infinite precision, ``beta0 + tau alpha``.
    slope, intercept : float
        ``beta0`` and ``alpha`` of the generalised radial regression.
    tau2 : float
        Heterogeneity of the model without small-study effects.
    q, q_p : float
        Cochran's Q (k - 1 degrees of freedom).
    q_small, q_small_p : float
        The part of it that goes with precision (1 degree of freedom).
    q_rest, q_rest_p : float
        What remains (k - 2).
    shrunken : ndarray of shape (k,)
        The studies' effects at infinite precision.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    slope: float
    intercept: float
    tau2: float
    q: float
    q_p: float
    q_small: float
    q_small_p: float
    q_rest: float
    q_rest_p: float
    shrunken: np.ndarray
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    @property
    def df(self) -> float:
        """Degrees of freedom of the test of the limit: infinite, because it is normal."""
        return float("inf")

    def _terms(self) -> list[Mapping[str, Any]]:
        """The limit, and the tests of small-study effects and of what remains."""
        small = {
            "term": "small-study effects",
            "statistic": self.q_small,
            "df": 1.0,
            "p_value": self.q_small_p,
        }
        rest = {"term": "rest", "statistic": self.q_rest, "df": float(self.k - 2), "p_value": self.q_rest_p}
        return [self._row("limit"), small, rest]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("slope", "intercept", "q_small", "q_rest")}
        return {"model": "limit meta-analysis", "test": "z", "q_df": self.k - 1} | own

    def augment(self) -> pd.DataFrame:
        """One row per study, with its effect at infinite precision."""
        return Estimated.augment(self).assign(shrunken=self.shrunken)

    def _lines(self, digits: int) -> list[str]:
        return [
            *self._block(["Limit meta-analysis", f"k = {self.k}"], self._terms()[:1], digits),
            f"small-study effects: Q - Q' = {number(self.q_small, 2)}, {p_equation(self.q_small_p)}; "
            f"rest: Q'({self.k - 2}) = {number(self.q_rest, 2)}, {p_equation(self.q_rest_p)}",
        ]


@keywords
def limit_meta_analysis(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    method: str | float = "REML",
    level: float = 0.95,
) -> LimitMetaAnalysis:
    """Extrapolate to a study of infinite precision.

    With ``s_i = sqrt(v_i + tau2)``, ``y_i / s_i`` is regressed on ``1 / s_i``: an intercept alpha (the
    small-study effect) and a slope beta0. A study of infinite precision has ``s = tau``, so that its
    expected effect is ``beta0 + tau alpha``.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    method : str or float
        tau2 estimator.
    level : float
        Confidence level.

    Returns
    -------
    LimitMetaAnalysis
        ``se`` is that of the maximum-likelihood estimate with tau2 taken as known.

    References
    ----------
    Rücker et al. 2011, doi:10.1093/biostatistics/kxq046.

    Examples
    --------
    >>> import meta
    >>> es = meta.effect_sizes(meta.datasets.load("egger2001"), measure="OR")
    >>> found = limit_meta_analysis(es)
    >>> abs(found.estimate) < abs(meta.pool(es, test="z").estimate)
    True
    """
    check_arguments(limit_meta_analysis, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    notes = Notes()
    effects = rows_of(es, notes, what="limit meta-analysis")
    caution_few(effects.k, notes, "limit meta-analysis")
    y, v, k = effects.yi, effects.vi, effects.k
    tau2 = float(estimate_tau2(y, v, method).tau2)
    tau, s = math.sqrt(tau2), np.sqrt(v + tau2)
    X = predictor_matrix(s)[:, ::-1]
    weighted_regression(y, X, 1 / s**2)
    inverse = np.linalg.inv(X.T @ (X / s[:, None] ** 2))
    alpha, beta0 = inverse @ (X.T @ (y / s**2))
    combination = np.array([tau, 1.0])
    estimate = float(beta0 + tau * alpha)
    se = math.sqrt(float(combination @ inverse @ combination))
    half = float(quantile(0.5 + level / 2, np.inf)) * se
    w = 1 / v
    q = float((w * (y - (w * y).sum() / w.sum()) ** 2).sum())
    fixed = weighted_regression(y, predictor_matrix(np.sqrt(v)), w)
    rest = fixed.dispersion * fixed.df
    shrunken = estimate + np.sqrt(tau2 / (v + tau2)) * (y - beta0 - alpha * s)
    return LimitMetaAnalysis(
        estimate=estimate,
        se=se,
        ci_low=estimate - half,
        ci_high=estimate + half,
        statistic=estimate / se,
        p_value=tail_p(estimate / se, math.inf, "two-sided"),
        slope=float(beta0),
        intercept=float(alpha),
        tau2=tau2,
        q=q,
        q_p=float(chdtrc(k - 1, q)),
        q_small=q - rest,
        q_small_p=float(chdtrc(1, max(q - rest, 0.0))),
        q_rest=rest,
        q_rest_p=float(chdtrc(k - 2, rest)),
        shrunken=shrunken,
        k=k,
        warnings=notes.messages,
        effects=effects,
    )
