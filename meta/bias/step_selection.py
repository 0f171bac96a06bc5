"""Step-function selection models: three parameters and more, with weights estimated or given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.arguments import check_arguments, floats, idle_seed
from meta.bias.common import study_p
from meta.bias.likelihood_search import Likelihood, maximise
from meta.bias.selection_bootstrap import check_bootstrap
from meta.bias.selection_likelihood import DELTA_MAX, DELTA_MIN, SelectionData, prepare, study_terms
from meta.bias.selection_result import Sample, Selected, assemble, read_sample
from meta.effects.intake import data_of
from meta.errors import ConvergenceWarning, InputError, Notes, NotEstimableError
from meta.formatting import listing, number, p_equation, shown
from meta.keywords import keywords

VEVEA_WOODS_STEPS = (0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995)
VEVEA_WOODS: dict[str, tuple[float, ...]] = {
    "moderate one-tailed": (1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50),
    "severe one-tailed": (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, 0.10, 0.10, 0.10, 0.10),
    "moderate two-tailed": (1, 0.99, 0.95, 0.90, 0.80, 0.75, 0.60, 0.60, 0.75, 0.80, 0.90, 0.95, 0.99, 1.00),
    "severe two-tailed": (1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.25, 0.25, 0.50, 0.60, 0.75, 0.90, 0.99, 1.00),
}


@dataclass(frozen=True, eq=False, repr=False)
class SelectionModel(Selected):
    """A fitted step-function selection model, by maximum likelihood.

    ``weights`` (J,) are the relative probabilities of publication of the intervals of p, the first being 1.
    The other attributes are those of :class:`meta.bias.selection_result.Selected`, and:

    Attributes
    ----------
    steps : tuple of float
        Upper ends of the intervals, the last being 1.
    counts : tuple of int
        Studies in each interval.
    fixed : bool
        Whether the weights were given.
    """

    steps: tuple[float, ...]
    counts: tuple[int, ...]
    fixed: bool

    def _weight_names(self) -> tuple[str, ...]:
        return () if self.fixed else tuple(f"weight {j}" for j in range(2, len(self.steps) + 1))

    def _labels(self) -> tuple[str, ...]:
        return tuple(f"weight {j}" for j in range(1, len(self.steps) + 1))

    def _title(self) -> str:
        return "Step-function selection model"

    def _likelihood(self, sample: Sample) -> Likelihood:
        return likelihood_of(sample, np.array(self.steps[:-1]), self.weights if self.fixed else None)

    def _lines(self, digits: int) -> list[str]:
        lines = self._common(digits)
        low = 0.0
        for high, n, w, se in zip(self.steps, self.counts, self.weights, self.weights_se, strict=True):
            shown = "" if np.isnan(se) else f" (se {number(se)})"
            lines.append(f"  {low:g} < p <= {high:g}: {n} studies, weight {number(float(w))}{shown}")
            low = high
        if not self.fixed:
            lines.append(f"no selection: LR({self.lrt_df}) = {number(self.lrt, 2)}, {p_equation(self.lrt_p)}")
        return lines


def check_steps(steps: Any) -> np.ndarray:
    """Ascending steps strictly between 0 and 1; a final 1 is implied and may be written."""
    found = np.atleast_1d(floats(steps, "steps"))
    if found.size and found[-1] == 1:
        found = found[:-1]
    if found.size == 0 or np.any(~(found > 0) | ~(found < 1)) or np.any(np.diff(found) <= 0):
        raise InputError(
            f"steps must ascend strictly between 0 and 1, such as [0.025, 0.5], not {shown(found.tolist())}"
        )
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
    found = floats(weights, "weights")
    if found.shape != (intervals,) or np.any(~(found > 0)) or not np.all(np.isfinite(found)):
        raise InputError(
            f"weights must be {intervals} positive numbers, one an interval of p, not {weights!r}"
        )
    return found / found[0]


def step_likelihood(data: SelectionData, spread: float, given: np.ndarray | None) -> Likelihood:
    """The likelihood of coefficients, tau2 and (unless ``given``) the weights after the first."""
    p, free = data.X.shape[1], 0 if given is not None else data.cuts.shape[1]

    def terms(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        delta = np.concatenate([[1.0], theta[p + 1 :]]) if given is None else given
        values, scores = study_terms(data, theta[:p], float(theta[p]), delta)
        return values, scores[:, : theta.size]

    return Likelihood(terms, p, p + 1 + free, spread, (DELTA_MIN, DELTA_MAX))


def likelihood_of(sample: Sample, cuts: np.ndarray, given: np.ndarray | None) -> Likelihood:
    """The likelihood of a sample, with the weights free or ``given``."""
    p, _ = _counted(sample, cuts)
    data = prepare(sample.y, sample.v, sample.X, p, cuts, sample.side == "two-sided")
    return step_likelihood(data, sample.spread, given)


def _counted(sample: Sample, cuts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The studies' p-values and how many lie in each interval."""
    p = study_p(sample.effects.yi, sample.effects.vi, sample.side)
    return p, np.bincount(np.searchsorted(cuts, p, side="left"), minlength=cuts.size + 1)


@keywords
def selection_model(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    moderators: Any = None,
    steps: Any = (0.025,),
    direction: str | None = None,
    weights: Any = None,
    cluster: Any = None,
    bootstrap: int = 0,
    seed: int | np.random.Generator | None = None,
    level: float = 0.95,
) -> SelectionModel:
    """Random-effects model of effects that were selected by their p-values.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects. The model is fitted by maximum likelihood whatever method a fit used; a meta-regression
        lends its moderators.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    moderators : str or array_like, optional
        Formula (``"~ year"``) or arrays: a model of the mean, whose coefficients are corrected for selection.
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
    bootstrap : int
        Samples of clusters (or studies) for a percentile interval in place of Wald's; 0 for none.
    seed : int, optional
        Of the bootstrap.
    level : float
        Confidence level.

    Returns
    -------
    SelectionModel
        Standard errors are unreliable where a weight is near a bound: see ``profile_interval`` and ``lrt``.

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
    check_arguments(selection_model, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    cuts = check_steps(steps)
    check_bootstrap(bootstrap)
    notes = Notes()
    if not bootstrap:
        idle_seed(seed, "without bootstrap", notes)
    sample = read_sample(es, moderators, cluster, direction, notes, at_least=3, what="a selection model")
    counts = _counted(sample, cuts)[1]
    given = None if weights is None else _check_weights(weights, cuts.size + 1)
    if given is None:
        _refuse_empty(cuts, counts, sample.side)
        needed = cuts.size + 1 + len(sample.names)
        if sample.effects.k <= needed:
            raise NotEstimableError(
                f"{sample.effects.k} studies can't support {needed} parameters: use fewer steps or moderators"
            )
    of = likelihood_of(sample, cuts, given)
    n = of.q - of.p - 1
    first = max(sample.tau2, 1e-6 * of.spread)
    tries = [(first, 1.0), (0.25 * of.spread, 0.2), (0.01 * of.spread, 3.0), (0.0, 1.0)]
    fit = maximise(of, sample.beta, [(tau2, np.full(n, weight)) for tau2, weight in tries])
    if fit.at_bound:
        notes.warn(
            "a weight has reached its bound (0 or 100): its value and all standard errors are unreliable",
            ConvergenceWarning,
        )
    elif not fit.converged or np.isnan(fit.vcov[0, 0]):
        notes.warn("the maximum of the selection likelihood was not found to tolerance", ConvergenceWarning)
    common = assemble(
        sample, of, fit, level=level, bootstrap=bootstrap, seed=seed, notes=notes, what="a selection model"
    )
    if given is None:
        common["weights"] = np.concatenate([[1.0], common["weights"]])
        common["weights_se"] = np.concatenate([[np.nan], common["weights_se"]])
    else:
        common |= {"weights": given, "weights_se": np.full(given.size, np.nan)}
    return SelectionModel(
        **common,
        warnings=notes.messages,
        steps=(*map(float, cuts), 1.0),
        counts=tuple(map(int, counts)),
        fixed=given is not None,
    )


@keywords
def vevea_woods(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    moderators: Any = None,
    direction: str | None = None,
    level: float = 0.95,
) -> dict[str, SelectionModel]:
    """Sensitivity of the mean effect to four given patterns of selection, for few studies too.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    moderators : str or array_like, optional
        As in :func:`selection_model`.
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
    check_arguments(vevea_woods, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if direction == "two-sided":
        raise InputError("the patterns are in terms of one-sided p: direction must be 'greater' or 'less'")
    return {
        name: selection_model(
            es,
            moderators=moderators,
            steps=VEVEA_WOODS_STEPS,
            weights=pattern,
            direction=direction,
            level=level,
        )
        for name, pattern in VEVEA_WOODS.items()
    }
