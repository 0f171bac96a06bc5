"""Step-function selection models: three parameters and more, with weights estimated or given."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc

from meta.bias.common import Result, caution_few, check_share, favoured_side, rows_of, study_p, tail_p
from meta.bias.selection_likelihood import SelectionFit, maximise_selection, prepare
from meta.effects.model import EffectSizes
from meta.errors import ConvergenceWarning, InputError, Notes, NotEstimableError
from meta.formatting import interval, listing, number, p_equation, significant
from meta.kernels.inference import quantile
from meta.kernels.likelihood import log_likelihood
from meta.kernels.tau2 import estimate as estimate_tau2
from meta.kernels.weights import arrange

VEVEA_WOODS_STEPS = (0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995)
VEVEA_WOODS: dict[str, tuple[float, ...]] = {
    "moderate one-tailed": (1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50),
    "severe one-tailed": (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, 0.10, 0.10, 0.10, 0.10),
    "moderate two-tailed": (1, 0.99, 0.95, 0.90, 0.80, 0.75, 0.60, 0.60, 0.75, 0.80, 0.90, 0.95, 0.99, 1.00),
    "severe two-tailed": (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.25, 0.25, 0.50, 0.60, 0.75, 0.90, 0.99, 1.00),
}


@dataclass(frozen=True, slots=True, eq=False)
class SelectionModel(Result):
    """A fitted step-function selection model, by maximum likelihood.

    Attributes
    ----------
    estimate, se, statistic, p_value, ci_low, ci_high : float
        Mean effect corrected for selection, with its Wald test (or, with clusters, a robust one).
    tau2, tau2_se : float
        Heterogeneity before selection.
    weights, weights_se : ndarray of shape (J,)
        Relative probability of publication of each interval of p; the first is 1.
    steps : tuple of float
        Upper ends of the intervals, the last being 1.
    counts : tuple of int
        Studies in each interval.
    loglik : float
        Log-likelihood.
    lrt, lrt_df, lrt_p : float
        Likelihood-ratio test of no selection; NaN where the weights are given.
    unadjusted, unadjusted_tau2 : float
        The same model without selection.
    direction : str
        Tail of the studies' p-values.
    fixed : bool
        Whether the weights were given.
    clusters : int or None
        Number of clusters of the robust standard error.
    converged : bool
        Whether the maximum was found to tolerance.
    level : float
        Confidence level.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    """

    estimate: float
    se: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    tau2: float
    tau2_se: float
    weights: np.ndarray
    weights_se: np.ndarray
    steps: tuple[float, ...]
    counts: tuple[int, ...]
    loglik: float
    lrt: float
    lrt_df: int
    lrt_p: float
    unadjusted: float
    unadjusted_tau2: float
    direction: str
    fixed: bool
    clusters: int | None
    converged: bool
    level: float
    k: int
    warnings: tuple[str, ...]

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    def _lines(self) -> list[str]:
        robust = "" if self.clusters is None else f" · robust, {self.clusters} clusters"
        lines = [
            f"Step-function selection model · ML · {self.direction} · k = {self.k}{robust}",
            f"corrected   {number(self.estimate)} {interval(self.ci_low, self.ci_high)}   tau2 "
            f"{significant(self.tau2)}   z = {number(self.statistic, 2)}, {p_equation(self.p_value)}",
            f"unadjusted  {number(self.unadjusted)}   tau2 {significant(self.unadjusted_tau2)}",
        ]
        low = 0.0
        for high, n, w, se in zip(self.steps, self.counts, self.weights, self.weights_se, strict=True):
            shown = "" if math.isnan(se) else f" (se {number(se)})"
            lines.append(f"  {low:g} < p <= {high:g}: {n} studies, weight {number(float(w))}{shown}")
            low = high
        if not self.fixed:
            lines.append(f"no selection: LR({self.lrt_df}) = {number(self.lrt, 2)}, {p_equation(self.lrt_p)}")
        return lines


def check_steps(steps: Any) -> np.ndarray:
    """Ascending steps strictly between 0 and 1; a final 1 is implied and may be written."""
    found = np.atleast_1d(np.asarray(steps, dtype=float))
    if found.size and found[-1] == 1:
        found = found[:-1]
    if found.size == 0 or np.any(~(found > 0) | ~(found < 1)) or np.any(np.diff(found) <= 0):
        raise InputError(f"steps must ascend strictly between 0 and 1, such as [0.025, 0.5], not {steps!r}")
    return found


def _refuse_empty(steps: np.ndarray, counts: np.ndarray, direction: str) -> None:
    ends = np.concatenate([[0.0], steps, [1.0]])
    empty = np.flatnonzero(counts == 0)
    if empty.size:
        shown = listing([f"{ends[j]:g} < p <= {ends[j + 1]:g}" for j in empty.tolist()])
        kind = "a p-value" if direction == "two-sided" else f"a one-sided p-value (direction '{direction}')"
        raise NotEstimableError(
            f"no study has {kind} in {shown}, so that its weight can't be estimated: "
            "merge steps, or give fixed weights="
        )


def _check_weights(weights: Any, intervals: int) -> np.ndarray:
    found = np.asarray(weights, dtype=float)
    if found.shape != (intervals,) or np.any(~(found > 0)) or not np.all(np.isfinite(found)):
        raise InputError(
            f"weights must be {intervals} positive numbers, one an interval of p, not {weights!r}"
        )
    return found / found[0]


def selection_model(
    es: Any,
    *,
    steps: Any = (0.025,),
    direction: str | None = None,
    weights: Any = None,
    cluster: Any = None,
    level: float = 0.95,
) -> SelectionModel:
    """Random-effects model of effects that were selected by their p-values.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects. The model is fitted by maximum likelihood whatever method a fit used.
    steps : sequence of float
        Where the probability of publication changes, as p-values of the tail ``direction`` (one-sided p,
        unless it is "two-sided"): 0.025 is a two-sided 0.05 in the favoured direction. One step is the
        three-parameter model.
    direction : {"greater", "less", "two-sided"}, optional
        Which effects selection favours; by default those on the side of the equal-effects estimate.
    weights : sequence of float, optional
        Given weights of the intervals instead of estimated ones (Vevea & Woods 2005).
    cluster : str or array_like, optional
        Clusters of dependent effects: the likelihood is then a composite one and the standard errors are
        robust.
    level : float
        Confidence level.

    Returns
    -------
    SelectionModel

    Raises
    ------
    NotEstimableError
        If an interval of p holds no study.

    References
    ----------
    Hedges 1992, doi:10.1214/ss/1177011364; Vevea & Hedges 1995, doi:10.1007/BF02294384; Vevea & Woods 2005,
    doi:10.1037/1082-989X.10.4.428; Pustejovsky, Citkowicz & Joshi 2025, doi:10.31222/osf.io/qg5x6.

    Examples
    --------
    >>> import meta
    >>> table = meta.datasets.load("hackshaw1998")
    >>> es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    >>> found = selection_model(es, steps=[0.025])
    >>> round(found.estimate, 3), found.weights.round(3).tolist()
    (0.194, [1.0, 0.764])
    """
    cuts = check_steps(steps)
    check_share(level, "level")
    notes = Notes()
    groups = None
    if cluster is not None:
        groups, es = _clusters(es, cluster)
    effects = rows_of(es, notes, what="a selection model")
    side = favoured_side(effects, direction)
    p = study_p(effects.yi, effects.vi, side)
    counts = np.bincount(np.searchsorted(cuts, p, side="left"), minlength=cuts.size + 1)
    given = None
    if weights is None:
        _refuse_empty(cuts, counts, side)
        if effects.k <= cuts.size + 2:
            raise NotEstimableError(
                f"{effects.k} studies can't support {cuts.size + 2} parameters: use fewer steps"
            )
    else:
        given = _check_weights(weights, cuts.size + 1)
    caution_few(effects.k, notes, "a selection model")
    fit, plain_mean, plain_tau2, plain_loglik, unit = _fit(effects, cuts, p, side, given)
    return _assemble(
        fit,
        unadjusted=(plain_mean, plain_tau2, plain_loglik),
        unit=unit,
        cuts=cuts,
        counts=counts,
        side=side,
        given=given,
        groups=groups,
        level=level,
        k=effects.k,
        notes=notes,
    )


def _clusters(es: Any, cluster: Any) -> tuple[np.ndarray, EffectSizes]:
    effects = getattr(es, "effects", es)
    if not isinstance(effects, EffectSizes):
        raise InputError("cluster needs effect sizes: build them with meta.effect_sizes")
    if isinstance(cluster, str) and cluster == "study":
        labels = effects.study
    elif isinstance(cluster, str):
        if cluster not in effects.columns:
            raise InputError(f"cluster: there is no column {cluster!r}")
        labels = np.asarray(effects.columns[cluster])
    else:
        labels = np.asarray(cluster)
    if labels.shape != (effects.k,):
        raise InputError(f"cluster must have one label a row: {labels.shape} given for {effects.k} rows")
    numbers = np.unique([str(label) for label in labels], return_inverse=True)[1]
    return numbers[effects.exact], effects


def _fit(
    effects: EffectSizes, cuts: np.ndarray, p: np.ndarray, side: str, given: np.ndarray | None
) -> tuple[SelectionFit, float, float, float, float]:
    """The fit on a scale on which effects are of order 1, and the model without selection."""
    unit = float(np.sqrt(np.median(effects.vi))) * (-1.0 if side == "less" else 1.0)
    y, v = effects.yi / unit, effects.vi / unit**2
    tau2 = float(estimate_tau2(y, v, "ML").tau2)
    rows = arrange(y, v)
    plain_loglik = float(np.asarray(log_likelihood(rows, np.array([tau2]), False))[0])
    w = 1 / (v + tau2)
    data = prepare(y, v, np.ones((effects.k, 1)), p, cuts, side == "two-sided")
    fit = maximise_selection(data, start_tau2=tau2, fixed=given)
    return fit, float((w * y).sum() / w.sum()), tau2, plain_loglik, unit


def _robust(fit: SelectionFit, groups: np.ndarray) -> np.ndarray:
    """Sandwich covariance with scores summed within clusters and the factor m / (m - 1)."""
    m = int(groups.max()) + 1
    if m < 2:
        raise NotEstimableError("robust standard errors need at least two clusters")
    sums = np.zeros((m, fit.scores.shape[1]))
    np.add.at(sums, groups, fit.scores)
    free = ~np.isnan(np.diag(fit.vcov))
    bread = fit.vcov[np.ix_(free, free)]
    meat = sums[:, free].T @ sums[:, free]
    out = np.full_like(fit.vcov, np.nan)
    out[np.ix_(free, free)] = m / (m - 1) * bread @ meat @ bread
    return out


def _assemble(
    fit: SelectionFit,
    *,
    unadjusted: tuple[float, float, float],
    unit: float,
    cuts: np.ndarray,
    counts: np.ndarray,
    side: str,
    given: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
    k: int,
    notes: Notes,
) -> SelectionModel:
    vcov = fit.vcov if groups is None else _robust(fit, np.unique(groups, return_inverse=True)[1])
    errors = np.sqrt(np.diag(vcov))
    if fit.at_bound:
        notes.warn(
            "a weight has reached its bound (0 or 100): its value and all standard errors are unreliable",
            ConvergenceWarning,
        )
    elif not fit.converged or math.isnan(errors[0]):
        notes.warn("the maximum of the selection likelihood was not found to tolerance", ConvergenceWarning)
    estimate, se = float(fit.beta[0]) * unit, float(errors[0]) * abs(unit)
    half = float(quantile(0.5 + level / 2, np.inf)) * se
    mean, tau2, loglik = unadjusted
    # the log-likelihood of y differs from that of y / unit by the Jacobian
    shift = -k * math.log(abs(unit))
    free = given is None
    lrt = max(0.0, 2 * (fit.loglik - loglik)) if free else math.nan
    return SelectionModel(
        estimate=estimate,
        se=se,
        statistic=estimate / se,
        p_value=tail_p(estimate / se, math.inf, "two-sided"),
        ci_low=estimate - half,
        ci_high=estimate + half,
        tau2=fit.tau2 * unit**2,
        tau2_se=float(errors[1]) * unit**2,
        weights=fit.delta,
        weights_se=np.concatenate([[math.nan], errors[2:]]) if free else np.full(cuts.size + 1, math.nan),
        steps=(*map(float, cuts), 1.0),
        counts=tuple(map(int, counts)),
        loglik=fit.loglik + shift,
        lrt=lrt,
        lrt_df=cuts.size if free else 0,
        lrt_p=float(chdtrc(cuts.size, lrt)) if free else math.nan,
        unadjusted=mean * unit,
        unadjusted_tau2=tau2 * unit**2,
        direction=side,
        fixed=not free,
        clusters=None if groups is None else int(np.unique(groups).size),
        converged=fit.converged,
        level=level,
        k=k,
        warnings=notes.messages,
    )


def vevea_woods(es: Any, *, direction: str | None = None, level: float = 0.95) -> dict[str, SelectionModel]:
    """Sensitivity of the mean effect to four given patterns of selection, for few studies too.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    direction : {"greater", "less"}, optional
        Which effects selection favours; by default those on the side of the equal-effects estimate.
    level : float
        Confidence level.

    Returns
    -------
    dict of str to SelectionModel
        By pattern: moderate or severe, one-tailed or two-tailed (all in terms of one-sided p).

    References
    ----------
    Vevea & Woods 2005, doi:10.1037/1082-989X.10.4.428.

    Examples
    --------
    >>> import meta
    >>> table = meta.datasets.load("hackshaw1998")
    >>> es = meta.effect_sizes(table, measure="GEN", yi="yi", vi="vi")
    >>> {name: round(found.estimate, 3) for name, found in vevea_woods(es).items()}["severe one-tailed"] < 0.2
    True
    """
    if direction == "two-sided":
        raise InputError("the patterns are in terms of one-sided p: direction must be 'greater' or 'less'")
    return {
        name: selection_model(es, steps=VEVEA_WOODS_STEPS, weights=pattern, direction=direction, level=level)
        for name, pattern in VEVEA_WOODS.items()
    }
