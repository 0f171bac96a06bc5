"""Trim and fill."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_direction
from meta.bias.common import Result, caution_few
from meta.bias.least_squares import weighted_regression
from meta.bias.missing_number import Trimmed, trim
from meta.effects.design import predictor_matrix
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import data_of
from meta.errors import ConvergenceWarning, InputError, Notes, NotEstimableError, quiet, unknown_option
from meta.formatting import number, p_equation
from meta.kernels.regression import fit_regression
from meta.kernels.tau2 import estimator as tau2_estimator
from meta.keywords import keywords
from meta.pooling.fitting import fit_effects
from meta.pooling.pool_options import PoolOptions, check_options
from meta.pooling.result import Pooled
from meta.pooling.univariate import pool
from meta.results.print_out import size

if TYPE_CHECKING:
    import pandas as pd

ESTIMATORS = ("L0", "R0", "Q0")
SIDES = ("left", "right")


@dataclass(frozen=True, eq=False, repr=False)
class TrimAndFill(Result):
    """Trim and fill.

    Attributes
    ----------
    k0 : int
        Estimated number of missing studies.
    k0_se : float
        Its standard error.
    k0_p : float
        For R0, the p-value of no missing studies; NaN otherwise.
    side : str
        Side on which studies are missing.
    estimator : str
        "L0", "R0" or "Q0".
    fit : Pooled
        The fit with the filled-in studies.
    original : Pooled
        The fit without them.
    centre : float
        About which the filled-in studies mirror the others.
    centre_method : str
        Model by which the data were trimmed.
    filled : ndarray of bool, shape (k + k0,)
        Which rows of ``fit.effects`` are filled in.
    warnings : tuple of str
        What was warned about.
    """

    k0: int
    k0_se: float
    k0_p: float
    side: str
    estimator: str
    fit: Pooled
    original: Pooled
    centre: float
    centre_method: str
    filled: np.ndarray
    warnings: tuple[str, ...]

    def _shown(self) -> str:
        return f"{self.estimator}, {self.side}: k0={self.k0}, estimate={self.estimate:.4g}"

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.original.k < 10

    @property
    def estimate(self) -> float:
        """Pooled effect with the filled-in studies."""
        return self.fit.estimate

    @property
    def se(self) -> float:
        """Its standard error."""
        return self.fit.se

    @property
    def tau2(self) -> float:
        """Heterogeneity with the filled-in studies."""
        return self.fit.tau2

    @property
    def ci_low(self) -> float:
        """Lower end of its interval."""
        return self.fit.ci_low

    @property
    def ci_high(self) -> float:
        """Upper end of its interval."""
        return self.fit.ci_high

    @property
    def p_value(self) -> float:
        """p-value of no effect with the filled-in studies."""
        return self.fit.p_value

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings: k0 and the two fits' estimates."""
        names = ("k0", "k0_se", "k0_p", "side", "estimator", "centre", "centre_method")
        out = {name: getattr(self, name) for name in names}
        for name in ("estimate", "se", "ci_low", "ci_high", "statistic", "p_value", "tau2", "k"):
            out[name] = getattr(self.fit, name)
            out[f"original_{name}"] = getattr(self.original, name)
        rows = self.fit.effects
        out["filled_yi"] = rows.yi[self.filled].tolist()
        out["filled_vi"] = rows.vi[self.filled].tolist()
        return {**out, "warnings": list(self.warnings)}

    @property
    def statistic(self) -> float:
        """Test statistic of no effect with the filled-in studies."""
        return self.fit.statistic

    @property
    def df(self) -> float:
        """Its degrees of freedom."""
        return self.fit.df

    @property
    def k(self) -> int:
        """Number of studies that are there."""
        return self.original.k

    @property
    def level(self) -> float:
        """Confidence level."""
        return self.fit.level

    @property
    def vcov(self) -> np.ndarray:
        """Covariance of the mean with the filled-in studies, of shape (1, 1)."""
        return self.fit.vcov

    @property
    def effects(self) -> EffectSizes:
        """The studies that are there and, after them, those filled in."""
        return self.fit.effects

    def _terms(self) -> list[Mapping[str, Any]]:
        """The mean of the studies as found, and with those filled in."""
        pairs = (("as found", self.original), ("with filled", self.fit))
        return [{**fit._terms()[0], "term": name, "k": fit.k, "tau2": fit.tau2} for name, fit in pairs]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("k0", "k0_se", "k0_p", "side", "estimator")}
        common = {name: getattr(self.fit, name) for name in ("method", "test", "tau2_se", "i2", "h2")}
        q = {name: getattr(self.fit, name) for name in ("q", "q_df", "q_p")}
        return {"model": "trim and fill"} | common | q | own | {"centre": self.centre}

    def predict(
        self, new: Any = None, *, level: float | None = None, scale: str = "model", interval: str = "both"
    ) -> pd.DataFrame:
        """The mean with the filled-in studies; see :meth:`meta.pooling.result.Pooled.predict`."""
        return self.fit.predict(new, level=level, scale=scale, interval=interval)

    def augment(self) -> pd.DataFrame:
        """One row per study, those filled in last, as the fit has them; ``filled`` says which they are."""
        return self.fit.augment().assign(filled=self.filled)

    def _lines(self, digits: int) -> list[str]:
        probability = "" if math.isnan(self.k0_p) else f", {p_equation(self.k0_p)}"
        head = ["Trim and fill", self.estimator, f"centre by {self.centre_method}", f"k = {self.k}"]
        pairs = (("as found", self.original), ("with filled", self.fit))
        return [
            *self._block(head, self._terms(), digits),
            f"{self.k0} (se {number(self.k0_se, 2)}{probability}) studies estimated as missing "
            f"on the {self.side}",
            "   ".join(f"tau2 {name} {size(x.tau2)}" for name, x in pairs),
        ]


def _missing_side(effects: EffectSizes, options: PoolOptions) -> str:
    """Left where less precise studies show larger effects, by the regression on the standard error."""
    X = predictor_matrix(effects.sei)
    if np.ptp(effects.sei) <= 1e-12 * effects.sei.max():
        return "left"
    weighted_regression(effects.yi, X, 1 / effects.vi)
    method = options.estimator
    if isinstance(method, str) and tau2_estimator(method).weighted:
        method = "DL"  # the regression has no weights of its own to give it
    return "right" if float(fit_regression(effects.yi, effects.vi, X, method=method).beta[1]) < 0 else "left"


@keywords
def trim_and_fill(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    estimator: str = "L0",
    side: str | None = None,
    direction: str | None = None,
    centre: str | float | None = None,
    limits: tuple[float, float] | None = None,
) -> TrimAndFill:
    """Estimate how many studies one side of the funnel lacks, and pool with their mirror images.

    Parameters
    ----------
    fit : Pooled (or effect sizes, which are then pooled)
        The fit whose model is used again.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    estimator : {"L0", "R0", "Q0"}
        Of the number of missing studies.
    side : {"left", "right"}, optional
        Where studies are missing; by default opposite to where the less precise studies lie. Where
        benefit is negative, unpublished disappointing studies are on the right.
    direction : {"greater", "less"}, optional
        Which effects are favoured, instead of ``side``: studies are then missing on the other side.
    centre : str or float, optional
        tau2 estimator ("EE" for the equal-effects centre) while trimming; the fit's own by default.
    limits : (float, float), optional
        Least and greatest value that an effect can have (of a proportion, say); filled-in effects stop there.

    Returns
    -------
    TrimAndFill

    References
    ----------
    Duval & Tweedie 2000, doi:10.1111/j.0006-341X.2000.00455.x and doi:10.1080/01621459.2000.10473905;
    Peters et al. 2007, doi:10.1002/sim.2889 (it misleads under heterogeneity).

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> found = trim_and_fill(meta.pool(es))
    >>> found.k0, found.side, round(found.estimate, 4)
    (1, 'right', -0.6571)
    """
    check_arguments(trim_and_fill, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if estimator not in ESTIMATORS:
        raise unknown_option("estimator", estimator, ESTIMATORS)
    if side is not None and side not in SIDES:
        raise unknown_option("side", side, SIDES)
    check_direction(direction, ("greater", "less"))
    if side is not None and direction is not None:
        raise InputError("give side (where studies are missing) or direction (which are favoured), not both")
    if direction is not None:
        side = "right" if direction == "less" else "left"
    if limits is not None and not limits[0] < limits[1]:
        raise InputError(f"limits must be a lower and a higher value, not {limits!r}")
    original = fit if isinstance(fit, Pooled) else pool(fit)
    assert isinstance(original, Pooled)
    effects, options = original.effects, original.options
    if effects.k < 3:
        raise NotEstimableError(f"trim and fill needs at least 3 studies, but there are {effects.k}")
    trimming = options if centre is None else check_options(centre, options.test, options.level)
    where = side or _missing_side(effects, options)
    sign = -1.0 if where == "right" else 1.0
    weights = original.user_weights
    notes = Notes()
    caution_few(effects.k, notes, "trim and fill")
    found = trim(sign * effects.yi, effects.vi, trimming, estimator, weights)
    if not found.converged:
        notes.warn(
            f"the number of missing studies keeps changing between iterations; k0 = {found.k0} was taken",
            ConvergenceWarning,
        )
    whole, more = _fill(effects, found, sign, weights, limits)
    with quiet():
        refitted = original if found.k0 == 0 else fit_effects(whole, options, weights=more)
    return TrimAndFill(
        k0=found.k0,
        k0_se=found.k0_se,
        k0_p=0.5 ** (found.k0 + 1)
        if estimator == "R0" and found.k0
        else (1.0 if estimator == "R0" else math.nan),
        side=where,
        estimator=estimator,
        fit=refitted,
        original=original,
        centre=sign * found.centre,
        centre_method=trimming.method_name,
        filled=np.arange(effects.k + found.k0) >= effects.k,
        warnings=(*notes.messages, *refitted.warnings),
    )


def _fill(
    effects: EffectSizes,
    found: Trimmed,
    sign: float,
    weights: np.ndarray | None,
    limits: tuple[float, float] | None,
) -> tuple[EffectSizes, np.ndarray | None]:
    """The effects with the mirror images of the trimmed ones below them."""
    copied = found.order[effects.k - found.k0 :]
    mirrored = 2 * sign * found.centre - effects.yi[copied]
    if limits is not None:
        mirrored = np.clip(mirrored, *limits)
    whole = EffectSizes(
        yi=np.concatenate([effects.yi, mirrored]),
        vi=np.concatenate([effects.vi, effects.vi[copied]]),
        measure=effects.measure,
        study=np.concatenate([effects.study, [f"filled: {label}" for label in effects.study[copied]]]),
    )
    return whole, None if weights is None else np.concatenate([weights, weights[copied]])
