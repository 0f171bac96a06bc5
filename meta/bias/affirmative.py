"""Sensitivity to publication bias in favour of affirmative studies (Mathur & VanderWeele 2020)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_share
from meta.bias.common import (
    Estimated,
    Result,
    caution_few,
    caution_flat,
    favoured_side,
    rows_of,
    study_p,
)
from meta.bias.selection_ratio import Corrected, corrected_mean, s_value_of_estimate, s_value_of_interval
from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import grouping, numbered
from meta.effects.intake import as_effects, data_of
from meta.errors import InputError, Notes, NotEstimableError, unknown_option
from meta.formatting import number
from meta.kernels.tau2 import estimate as estimate_tau2
from meta.keywords import keywords

MODELS = ("robust", "equal-effects")
ETA_MAX = 200.0


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class SignificanceFunnel(Estimated):
    """Sensitivity of a mean effect to selection of affirmative studies.

    A study is affirmative if it is significant (two-sided p < ``alpha``) and points in ``direction``.

    Attributes
    ----------
    naive : Corrected
        Without selection (eta = 1).
    corrected : Corrected
        If affirmative studies are ``eta`` times likelier to be published.
    worst : Corrected or None
        From the non-affirmative studies alone: the limit for eta to infinity; None if there are none.
    s_value, s_value_ci : float
        The eta that would move the estimate, or the near end of its interval, to ``null``: 1 where it is
        already there, inf where no eta does (for the interval: none up to ``eta_max``).
    affirmative : ndarray of bool, shape (k,)
        Which studies are affirmative.
    yi, sei : ndarray of shape (k,)
        Effects and standard errors, for the figure.
    direction, model : str
        The favoured side, and how the studies are weighted.
    tau2 : float
        Heterogeneity in the weights.
    null, alpha, level, eta_max : float
        The options.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    naive: Corrected
    corrected: Corrected
    worst: Corrected | None
    s_value: float
    s_value_ci: float
    affirmative: np.ndarray
    yi: np.ndarray
    sei: np.ndarray
    direction: str
    model: str
    tau2: float
    null: float
    alpha: float
    level: float
    eta_max: float
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def estimate(self) -> float:
        """The mean effect corrected for selection ``eta``."""
        return self.corrected.estimate

    @property
    def se(self) -> float:
        """Its standard error."""
        return self.corrected.se

    @property
    def ci_low(self) -> float:
        """Lower end of its interval."""
        return self.corrected.ci_low

    @property
    def ci_high(self) -> float:
        """Upper end of its interval."""
        return self.corrected.ci_high

    @property
    def p_value(self) -> float:
        """Its two-sided p-value."""
        return self.corrected.p_value

    @property
    def eta(self) -> float:
        """The selection ratio of the corrected estimate."""
        return self.corrected.eta

    @property
    def worst_case(self) -> float:
        """Estimate from the non-affirmative studies alone; NaN if there are none."""
        return math.nan if self.worst is None else self.worst.estimate

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings and lists, with the corrected and the worst-case estimate."""
        return {
            **Result.to_dict(self),
            "estimate": self.estimate,
            "se": self.se,
            "worst_case": self.worst_case,
        }

    @property
    def df(self) -> float:
        """Degrees of freedom of its interval."""
        return self.corrected.df

    def _terms(self) -> list[Mapping[str, Any]]:
        """The mean as published, corrected for selection, and in the worst case."""
        found = [("as published", self.naive)]
        found += [] if self.eta == 1 else [(f"eta = {self.eta:g}", self.corrected)]
        found += [] if self.worst is None else [("worst case", self.worst)]
        names = ("estimate", "se", "df", "p_value", "ci_low", "ci_high", "eta", "k")
        return [{"term": term} | {name: getattr(each, name) for name in names} for term, each in found]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("eta", "s_value", "s_value_ci", "direction", "alpha")}
        share = {"affirmative": int(self.affirmative.sum()), "null": self.null}
        return {"model": "selection of affirmative studies", "method": self.model} | own | share

    def _lines(self, digits: int) -> list[str]:
        n = int(self.affirmative.sum())
        of = f"k = {self.k}: {n} affirmative, {self.k - n} not"
        head = [f"Selection of affirmative studies ({self.direction})", self.model, of]
        shown = f"estimate {_eta(self.s_value)}, interval {_eta(self.s_value_ci)}"
        return [
            *self._block(head, self._terms(), digits),
            f"S-value for {number(self.null)}: {shown}",
        ]


def _eta(value: float) -> str:
    return "not attainable" if math.isinf(value) else number(value, 2)


@keywords
def significance_funnel(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    eta: float = 1.0,
    null: float = 0.0,
    direction: str | None = None,
    model: str = "robust",
    method: str | float = "REML",
    cluster: Any = None,
    alpha: float = 0.05,
    level: float = 0.95,
    eta_max: float = ETA_MAX,
) -> SignificanceFunnel:
    """How strongly would affirmative studies have to be favoured to explain the result away?

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    eta : float
        Selection ratio of the corrected estimate: affirmative studies are eta times likelier to be published.
    null : float
        Value to which the S-values refer.
    direction : {"greater", "less"}, optional
        The favoured side; by default that of the equal-effects estimate. All work is done after a sign flip
        where it is "less".
    model : {"robust", "equal-effects"}
        Weights ``pi / (v + tau2)`` with a robust standard error, or ``pi / v``; pi is 1 for an affirmative
        and ``eta`` for another study.
    method : str or float
        tau2 estimator of the naive fit that supplies the weights.
    cluster : str or array_like, optional
        Clusters of dependent effects for the robust standard errors; every effect its own by default.
    alpha : float
        Two-sided significance level that makes a study affirmative.
    level : float
        Confidence level.
    eta_max : float
        Where the search for the S-value of the interval stops.

    Returns
    -------
    SignificanceFunnel

    References
    ----------
    Mathur & VanderWeele 2020, doi:10.1111/rssc.12440.

    Examples
    --------
    >>> import meta
    >>> table = meta.datasets.load("hackshaw1998")
    >>> es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    >>> found = significance_funnel(es, eta=4)
    >>> int(found.affirmative.sum()), found.worst_case < found.estimate < found.naive.estimate
    (7, True)
    """
    check_arguments(significance_funnel, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if model not in MODELS:
        raise unknown_option("model", model, MODELS)
    if direction == "two-sided":
        raise InputError("affirmative studies have a side: direction must be 'greater' or 'less'")
    if not 1 <= eta <= 1e9:
        raise InputError(
            f"eta must be a finite number >= 1, not {eta}: affirmative studies are the favoured ones"
        )
    if not 1 < eta_max <= 1e9:
        raise InputError(f"eta_max must be > 1 and no more than 1e9, not {eta_max}")
    check_share(alpha, "alpha")
    notes = Notes()
    labels = None if cluster is None else _labels(es, cluster, model)
    effects = rows_of(es, notes, what="this sensitivity analysis")
    groups = np.arange(effects.k) if labels is None else labels
    side = favoured_side(effects, direction)
    caution_few(effects.k, notes, "this sensitivity analysis")
    sign = -1.0 if side == "less" else 1.0
    y, v = sign * effects.yi, effects.vi
    affirmative = (study_p(y, v, "two-sided") < alpha) & (y > 0)
    tau2 = 0.0 if model == "equal-effects" else float(estimate_tau2(y, v, method).tau2)
    base = 1 / (v + tau2)

    def mean_at(ratio: float) -> Corrected:
        a = np.where(affirmative, 1.0, ratio) * base
        return corrected_mean(y, v, a, tau2, groups, model=model, level=level, eta=ratio)

    caution_flat(mean_at(1.0).se, notes, "this sensitivity analysis")
    worst = None
    if not affirmative.all():
        rest = ~affirmative
        worst = _worst(y[rest], v[rest], groups[rest], model, method, level)
    aim = sign * null
    if affirmative.any() and not affirmative.all():
        s = s_value_of_estimate(y, base, affirmative, aim)
        s_ci = s_value_of_interval(lambda r: mean_at(r).ci_low, aim, eta_max)
    else:
        first = mean_at(1.0)
        s = 1.0 if first.estimate <= aim else math.inf
        s_ci = 1.0 if first.ci_low <= aim else math.inf
    return SignificanceFunnel(
        naive=_turn(mean_at(1.0), sign),
        corrected=_turn(mean_at(eta), sign),
        worst=None if worst is None else _turn(worst, sign),
        s_value=s,
        s_value_ci=s_ci,
        affirmative=affirmative,
        yi=effects.yi,
        sei=effects.sei,
        direction=side,
        model=model,
        tau2=tau2,
        null=null,
        alpha=alpha,
        level=level,
        eta_max=eta_max,
        k=effects.k,
        warnings=notes.messages,
        effects=effects,
    )


def _labels(es: Any, cluster: Any, model: str) -> np.ndarray:
    """Numbers of the clusters of the rows with a known effect."""
    if model != "robust":
        raise InputError("cluster belongs to model='robust': equal-effects weights have no robust error")
    effects = as_effects(es)
    labels = grouping(effects, cluster, "cluster")[effects.exact]
    groups = numbered(labels)
    if groups.max() < 1:
        raise NotEstimableError("robust standard errors need at least two clusters")
    return np.asarray(groups)


def _worst(
    y: np.ndarray, v: np.ndarray, groups: np.ndarray, model: str, method: str | float, level: float
) -> Corrected:
    """Mean of the non-affirmative studies, with a heterogeneity of their own."""
    tau2 = 0.0
    if model == "robust" and len(y) > 1:
        tau2 = float(estimate_tau2(y, v, method).tau2)
    return corrected_mean(y, v, 1 / (v + tau2), tau2, groups, model=model, level=level, eta=math.inf)


def _turn(found: Corrected, sign: float) -> Corrected:
    if sign > 0:
        return found
    return Corrected(
        found.eta, -found.estimate, found.se, -found.ci_high, -found.ci_low, found.p_value, found.df, found.k
    )
