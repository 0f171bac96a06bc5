"""Regression tests for small-study effects: Egger's, classic and mixed, and what the others share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_direction, refuse_unused
from meta.bias.common import Result, caution_few, rows_of, tail_p
from meta.bias.least_squares import weighted_regression
from meta.effects.design import beside_intercept, build, predictor_matrix
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import as_effects, data_of, numbers
from meta.errors import InputError, Notes, NotEstimableError, unknown_option
from meta.formatting import interval, number, p_equation, significant
from meta.kernels.inference import quantile
from meta.kernels.regression import fit_regression
from meta.kernels.tau2 import estimator as tau2_estimator
from meta.keywords import keywords
from meta.results.print_out import (
    Line,
    cut_notes,
    heading,
)

MODELS: dict[str, tuple[str, ...]] = {"classic": (), "mixed": ("method",)}
"""The models, with the options that each takes besides those of both."""
PREDICTORS: dict[str, tuple[str, Callable[[np.ndarray, np.ndarray | None], np.ndarray]]] = {
    "sei": ("standard error", lambda v, n: np.sqrt(v)),
    "vi": ("sampling variance", lambda v, n: v),
    "ninv": ("1 / sample size", lambda v, n: 1 / _sizes(n)),
    "sqrtninv": ("1 / root of the sample size", lambda v, n: 1 / np.sqrt(_sizes(n))),
    "ni": ("sample size", lambda v, n: _sizes(n)),
    "sqrtni": ("root of the sample size", lambda v, n: np.sqrt(_sizes(n))),
}
_LIMITED = frozenset({"sei", "vi", "ninv", "sqrtninv"})
_SIZED = frozenset({"ninv", "sqrtninv", "ni", "sqrtni"})


def _sizes(n: np.ndarray | None) -> np.ndarray:
    if n is None:
        raise InputError("this predictor needs sample sizes: give n= (a column or an array)")
    return n


@dataclass(frozen=True, eq=False, repr=False)
class RegressionTest(Result):
    """A regression test for small-study effects.

    Attributes
    ----------
    name : str
        The test.
    statistic, df, p_value : float
        t (or, with infinite df, z) statistic of the slope.
    slope, se : float
        Coefficient of the predictor: how much the effect changes with imprecision.
    limit, limit_se, limit_low, limit_high : float
        Effect expected where the predictor is 0, that is in an infinitely precise study; NaN where the
        predictor has no such limit.
    predictor, model, direction : str
        What the effect was regressed on, with which model, and the tail of the p-value.
    dispersion : float
        Multiplicative dispersion of the classic model; 1 in a mixed one.
    tau2 : float
        Residual heterogeneity of the mixed model; NaN in a classic one.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    name: str
    statistic: float
    df: float
    p_value: float
    slope: float
    se: float
    limit: float
    limit_se: float
    limit_low: float
    limit_high: float
    predictor: str
    model: str
    direction: str
    dispersion: float
    tau2: float
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def estimate(self) -> float:
        """The slope."""
        return self.slope

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    def _statistic(self) -> str:
        name = "z" if math.isinf(self.df) else f"t({self.df:g})"
        return f"{name} = {number(self.statistic, 2)}"

    def _of_mean(self) -> tuple[float, float, float] | None:
        return None if math.isnan(self.limit) else (self.limit, self.limit_low, self.limit_high)

    def _shown(self) -> str:
        return f"{self.name}: {self._statistic()}, {p_equation(self.p_value)}, k={self.k}"

    def _terms(self) -> list[Mapping[str, Any]]:
        """The slope, which is tested, and the effect in an infinitely precise study."""
        slope = {"term": "slope", "estimate": self.slope, "se": self.se, "statistic": self.statistic}
        rows: list[Mapping[str, Any]] = [slope | {"df": self.df, "p_value": self.p_value}]
        if not math.isnan(self.limit):
            ends = {"ci_low": self.limit_low, "ci_high": self.limit_high}
            rows.append({"term": "limit", "estimate": self.limit, "se": self.limit_se, "df": self.df} | ends)
        return rows

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("predictor", "direction", "dispersion")}
        return {"model": self.name, "method": self.model, "test": "z" if math.isinf(self.df) else "t"} | own

    def _lines(self, digits: int) -> list[str]:
        tail = "" if self.direction == "two-sided" else f" (one-sided, {self.direction})"
        parts = [self.name, f"{self.model} model", f"predictor: {self.predictor}", f"k = {self.k}"]
        lines = [
            heading(parts, self.measure),
            f"slope {significant(self.slope, digits)} (se {significant(self.se, digits)})   "
            f"{self._statistic()}, {p_equation(self.p_value)}{tail}",
        ]
        if not math.isnan(self.limit):
            shown = self._right(self.limit, self.limit_low, self.limit_high)
            ends = interval(self.limit_low, self.limit_high, digits)
            right = f"   |  {shown}" if shown else ""
            lines.append(f"limit estimate {number(self.limit, digits)} {ends}{right}")
            limit = Line("limit", self.limit, low=self.limit_low, high=self.limit_high)
            lines += cut_notes(self._rows(), [limit]) if shown else []
        return lines


def regression_test(
    name: str,
    y: np.ndarray,
    x: np.ndarray,
    w: np.ndarray,
    *,
    predictor: str,
    direction: str,
    notes: Notes,
    limited: bool = True,
    others: np.ndarray | None = None,
    effects: EffectSizes | None = None,
    level: float = 0.95,
) -> RegressionTest:
    """Weighted least squares of ``y`` on ``x`` (and other columns), t on the residual degrees of freedom."""
    fit = weighted_regression(y, predictor_matrix(x, others), w)
    # a perfect line leaves only rounding error
    if fit.dispersion <= 1e-28 * float((w * y * y).sum()):
        raise NotEstimableError(f"{name}: the effects lie exactly on a line, so that no test exists")
    return _result(
        name,
        fit.beta,
        fit.se,
        float(fit.df),
        predictor=predictor,
        model="classic",
        direction=direction,
        dispersion=fit.dispersion,
        tau2=math.nan,
        limited=limited and others is None,
        k=len(y),
        effects=effects,
        notes=notes,
        level=level,
    )


def _result(
    name: str,
    beta: np.ndarray,
    se: np.ndarray,
    df: float,
    *,
    limited: bool,
    direction: str,
    notes: Notes,
    level: float,
    **rest: Any,
) -> RegressionTest:
    statistic = float(beta[1] / se[1])
    limit, limit_se = (float(beta[0]), float(se[0])) if limited else (math.nan, math.nan)
    half = float(quantile(0.5 + level / 2, df)) * limit_se
    return RegressionTest(
        name=name,
        statistic=statistic,
        df=df,
        p_value=tail_p(statistic, df, direction),
        slope=float(beta[1]),
        se=float(se[1]),
        limit=limit,
        limit_se=limit_se,
        limit_low=limit - half,
        limit_high=limit + half,
        direction=direction,
        warnings=notes.messages,
        **rest,
    )


def _positive(effects: EffectSizes, values: np.ndarray, what: str) -> np.ndarray:
    bad = np.flatnonzero(~(values > 0) & effects.exact)
    if bad.size:
        row = bad[0]
        raise InputError(f"{what} must be > 0: study '{effects.study[row]}' has {what} = {values[row]:g}")
    return values


def with_sizes(es: Any, sizes: dict[str, Any]) -> tuple[Any, dict[str, np.ndarray]]:
    """Sizes as arrays over the rows with a known effect."""
    effects = as_effects(es)
    found = {name: _positive(effects, numbers(effects, given, name), name) for name, given in sizes.items()}
    return effects, {name: values[effects.exact] for name, values in found.items()}


@keywords
def egger(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    model: str = "classic",
    predictor: str = "sei",
    method: str | float | None = None,
    direction: str = "two-sided",
    moderators: Any = None,
    n: Any = None,
    level: float = 0.95,
) -> RegressionTest:
    """Egger's regression test for small-study effects.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    model : {"classic", "mixed"}
        Weighted least squares with multiplicative dispersion and t on k - 2 (Egger 1997), or a
        mixed-effects meta-regression with additive tau2 and a normal test.
    predictor : str
        "sei", "vi", or with sample sizes ``n``: "ninv", "sqrtninv", "ni", "sqrtni".
    method : str or float, optional
        tau2 estimator of the mixed model ("REML"; "EE" for none).
    direction : {"two-sided", "greater", "less"}
        "greater" tests whether less precise studies show larger effects. Where benefit is negative,
        that small studies exaggerate is "less".
    moderators : str or array_like, optional
        A formula over the caller's columns, or columns, to adjust for.
    n : str or array_like, optional
        Sample sizes, for the predictors that need them.
    level : float
        Of the interval of the limit estimate.

    Returns
    -------
    RegressionTest

    References
    ----------
    Egger et al. 1997, doi:10.1136/bmj.315.7109.629; Sterne & Egger 2005, doi:10.1002/0470870168.ch6;
    Sterne et al. 2011, doi:10.1136/bmj.d4002 (not below ten studies).

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> test = egger(es)
    >>> round(test.statistic, 4), round(test.p_value, 4)
    (-1.4013, 0.1887)
    """
    check_arguments(egger, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if model not in MODELS:
        raise unknown_option("model", model, MODELS)
    refuse_unused(f"with the {model} model", {"method": method}, MODELS[model])
    if predictor not in PREDICTORS:
        raise unknown_option("predictor", predictor, PREDICTORS)
    if predictor not in _SIZED:
        refuse_unused(f"with predictor {predictor!r}", {"n": n})
    check_direction(direction)
    notes = Notes()
    sizes = None
    if n is not None:
        es, given = with_sizes(es, {"n": n})
        sizes = given["n"]
    effects = rows_of(es, notes, what="Egger's test")
    others = None
    if moderators is not None:
        keep, others = adjusted(effects, moderators, notes)
        effects, sizes = effects.subset(keep), None if sizes is None else sizes[keep]
    caution_few(effects.k, notes, "Egger's test")
    label, function = PREDICTORS[predictor]
    x = function(effects.vi, sizes)
    limited = predictor in _LIMITED
    if model == "classic":
        return regression_test(
            "Egger's regression test",
            effects.yi,
            x,
            1 / effects.vi,
            predictor=label,
            direction=direction,
            notes=notes,
            limited=limited,
            others=others,
            effects=effects,
            level=level,
        )
    estimator = "REML" if method is None else method
    if isinstance(estimator, str) and tau2_estimator(estimator).weighted:
        raise InputError(f"egger takes no weights, which method {estimator!r} needs: give another method")
    return _mixed(effects, x, others, estimator, label, direction, notes, limited, level)


def adjusted(effects: EffectSizes, moderators: Any, notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """Rows that have the moderators (k,), and their columns to adjust for, without the intercept."""
    design = build(effects, None, moderators, None, notes)
    return np.asarray(design.rows, dtype=bool), beside_intercept(design, notes)


def _mixed(
    effects: EffectSizes,
    x: np.ndarray,
    others: np.ndarray | None,
    method: str | float,
    label: str,
    direction: str,
    notes: Notes,
    limited: bool,
    level: float,
) -> RegressionTest:
    X = predictor_matrix(x, others)
    weighted_regression(effects.yi, X, 1 / effects.vi)  # refuses what cannot be fitted
    fit = fit_regression(effects.yi, effects.vi, X, method=method)
    return _result(
        "Egger's regression test",
        fit.beta,
        np.sqrt(np.diag(fit.vcov)),
        math.inf,
        predictor=label,
        model="mixed" if method != "EE" else "equal-effects",
        direction=direction,
        dispersion=1.0,
        tau2=float(fit.tau2),
        limited=limited and others is None,
        k=effects.k,
        effects=effects,
        notes=notes,
        level=level,
    )
