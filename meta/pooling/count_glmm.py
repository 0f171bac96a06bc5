"""Generalised linear mixed models and beta-binomial models of counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import xlogy

from meta.effects.count_tables import Counts
from meta.effects.design import predictor_matrix
from meta.errors import (
    AssumptionWarning,
    ConvergenceWarning,
    DataWarning,
    Notes,
    NotEstimableError,
    unknown_option,
)
from meta.formatting import listing
from meta.kernels.betabinomial import fit_beta_binomial as fit_core
from meta.kernels.glmm import (
    Family,
    Optimum,
    binomial,
    climb,
    marginal_one,
    marginal_two,
    noncentral_hypergeometric,
    poisson,
    profile_intercepts,
)
from meta.kernels.mantel_haenszel import ChiSquared
from meta.kernels.noncentral import log_pmf, support
from meta.pooling.count_effects import own_effects
from meta.pooling.count_result import PooledCounts

MODELS: dict[str, tuple[str, ...]] = {
    "OR": ("UM.FS", "UM.RS", "CM.EL", "CM.AL"),
    "IRR": ("UM.FS", "UM.RS", "CM.EL", "CM.AL"),
    "PLO": ("",),
    "IRLN": ("",),
}
NODES = 7
NODES_EXACT = 15
NODES_TWO = 1
_STARTS = (0.1, 0.5, 1.5)
_FAR = 12.0


@dataclass(frozen=True, slots=True)
class _Problem:
    """A GLMM: log-likelihood of (effect, tau, nuisance ...), number of nuisance terms, and saturated
    log-likelihood.
    """

    loglik: Callable[[np.ndarray], float]
    nuisance: np.ndarray
    saturated: float
    free: int


def _conditional(family: Family, k: int, count: int, saturated: float) -> _Problem:
    one = np.ones(k)

    def loglik(x: np.ndarray) -> float:
        return float(marginal_one([(family, x[0] * one, 1.0)], abs(x[1]), count).value.sum())

    return _Problem(loglik, np.zeros(0), saturated, 0)


def _fixed_studies(
    first: Family, second: Family, start: np.ndarray, count: int, saturated: float
) -> _Problem:
    """A free intercept per study, profiled out; the random effect is coded 1/2 and -1/2."""
    state = {"alpha": start}

    def loglik(x: np.ndarray) -> float:
        def parts(alpha: np.ndarray) -> list[tuple[Family, np.ndarray, float]]:
            return [(first, alpha + x[0], 0.5), (second, alpha, -0.5)]

        value, alpha = profile_intercepts(parts, abs(x[1]), count, state["alpha"])
        if np.isfinite(value):
            state["alpha"] = alpha
        return value

    return _Problem(loglik, np.zeros(0), saturated, len(start))


def _random_studies(
    first: Family, second: Family, start: np.ndarray, count: int, saturated: float
) -> _Problem:
    """Normal intercepts and independent normal effects, coded 1/2 and -1/2: (effect, tau, intercept,
    sigma).
    """

    def loglik(x: np.ndarray) -> float:
        loadings = np.array([[abs(x[3]), 0.5 * abs(x[1])], [abs(x[3]), -0.5 * abs(x[1])]])
        return float(marginal_two(first, second, (x[2] + x[0], x[2]), loadings, count).sum())

    nuisance = np.array([float(np.mean(start)), max(0.3, float(np.std(start)))])
    return _Problem(loglik, nuisance, saturated, 1)


def _binomial_saturated(x: np.ndarray, n: np.ndarray) -> float:
    family = binomial(x, n)
    constant = family(np.zeros(len(x)))[0] + n * np.log(2.0)
    return float(np.sum(constant + xlogy(x, x / n) + xlogy(n - x, 1 - x / n)))


def _poisson_saturated(x: np.ndarray, time: np.ndarray) -> float:
    constant = poisson(x, time)(np.zeros(len(x)))[0] + time - xlogy(x, time)
    return float(np.sum(constant + xlogy(x, np.where(x > 0, x, 1.0)) - x))


def _hypergeometric_saturated(columns: tuple[np.ndarray, ...]) -> float:
    """Each table at its own conditional maximum: probability 1 at the ends of the support, bisection
    elsewhere.
    """
    s = support(*columns)
    a, n1, c, n2 = columns
    inner = (a > np.maximum(0, a + c - n2)) & (a < np.minimum(n1, a + c))
    low, high = np.full(len(a), -60.0), np.full(len(a), 60.0)
    for _ in range(100):
        middle = 0.5 * (low + high)
        mean = log_pmf(s, middle[:, None])[1][:, 0]
        low, high = np.where(mean < a, middle, low), np.where(mean < a, high, middle)
    return float(np.sum(np.where(inner, log_pmf(s, low[:, None])[0][:, 0], 0.0)))


def _two_groups(counts: Counts, measure: str, model: str, quadrature: int | None) -> _Problem:
    a, m1, c, m2 = counts.columns
    count = quadrature or {"UM.RS": NODES_TWO, "CM.EL": NODES_EXACT}.get(model, NODES)
    ratio = np.log(m1) - np.log(m2)
    if model == "CM.EL" and measure == "OR":
        family = noncentral_hypergeometric(a, m1, c, m2)
        return _conditional(family, counts.k, count, _hypergeometric_saturated(counts.columns))
    if model in ("CM.EL", "CM.AL"):
        return _conditional(binomial(a, a + c, ratio), counts.k, count, _binomial_saturated(a, a + c))
    if measure == "OR":
        first, second = binomial(a, m1), binomial(c, m2)
        saturated = _binomial_saturated(a, m1) + _binomial_saturated(c, m2)
        start = np.log((a + c + 0.5) / (m1 + m2 - a - c + 0.5))
    else:
        first, second = poisson(a, m1), poisson(c, m2)
        saturated = _poisson_saturated(a, m1) + _poisson_saturated(c, m2)
        start = np.log((a + c + 0.5) / (m1 + m2))
    build = _fixed_studies if model == "UM.FS" else _random_studies
    return build(first, second, start, count, saturated)


def _one_group(counts: Counts, measure: str, quadrature: int | None) -> _Problem:
    x, n = counts.columns
    count = quadrature or NODES
    if measure == "PLO":
        return _conditional(binomial(x, n), counts.k, count, _binomial_saturated(x, n))
    return _conditional(poisson(x, n), counts.k, count, _poisson_saturated(x, n))


def _informative(counts: Counts, measure: str, notes: Notes) -> Counts:
    """Leave out studies whose likelihood does not depend on the effect: no events, or nothing else."""
    if measure in ("PLO", "IRLN"):
        if counts.k < 2:
            raise NotEstimableError(f"a mixed model needs at least two studies, got {counts.k}")
        return counts
    a, m1, c, m2 = counts.columns
    keep = a + c > 0
    keep &= (a + c < m1 + m2) if measure == "OR" else True
    if not keep.all():
        who = listing(map(repr, map(str, counts.study[~keep])))
        notes.warn(f"left out because they say nothing about the effect: {who}", DataWarning)
    if keep.sum() < 2:
        raise NotEstimableError(
            "fewer than two studies with events are left; a mixed model needs at least two"
        )
    own = {name: values[keep] for name, values in counts.own.items()}
    columns = tuple(x[keep] for x in counts.columns)
    return Counts(counts.design, columns, counts.study[keep], counts.dropped, own)


def _refuse_one_sided(counts: Counts, measure: str) -> None:
    """Refuse data for which the maximum likelihood estimate is infinite."""
    if measure in ("PLO", "IRLN"):
        x, n = counts.columns
        if x.sum() == 0 or (measure == "PLO" and x.sum() == n.sum()):
            word = "no events" if x.sum() == 0 else "nothing but events"
            raise NotEstimableError(f"the studies have {word}, so the {measure} estimate is infinite")
        return
    a, m1, c, m2 = counts.columns
    for x, name in ((a, "group 1"), (c, "group 2")):
        if x.sum() == 0:
            raise NotEstimableError(
                f"{name} has no events in any study, so the {measure} estimate is infinite"
            )
    if measure == "OR":
        for x, m, name in ((a, m1, "group 1"), (c, m2, "group 2")):
            if x.sum() == m.sum():
                raise NotEstimableError(f"{name} has nothing but events, so the OR estimate is infinite")


def _first_guess(counts: Counts, measure: str) -> float:
    y, v = own_effects(measure, counts.columns, 0.5)
    use = np.isfinite(y) & (v > 0)
    return float(np.sum(y[use] / v[use]) / np.sum(1 / v[use]))


def _held_at_zero(problem: _Problem, theta: float) -> Optimum:
    """Fit without heterogeneity: tau = 0."""
    start = np.concatenate([[theta], problem.nuisance])
    return climb(lambda x: problem.loglik(np.concatenate([x[:1], [0.0], x[1:]])), [start])


def fit_glmm(
    counts: Counts,
    measure: str,
    model: str | None,
    level: float,
    add: float,
    quadrature: int | None,
    notes: Notes,
) -> PooledCounts:
    """Fit a GLMM by maximum likelihood; see :func:`meta.pooling.pool_counts.pool_counts`.

    Notes
    -----
    The equal-effects fit (tau2 = 0) is always compared, and wins ties. ``q`` is the likelihood-ratio test
    of the
    saturated model against it (for ``UM.RS``, with free study intercepts, as in ``UM.FS``), ``q_wald`` the
    Wald test from the tables without zeros. Two-dimensional integrals
    (``UM.RS``) use Laplace's approximation unless ``quadrature`` says otherwise; ``CM.EL`` 15 adaptive
    nodes and all others 7, as is usual. Log-likelihoods include all constants.
    For rates the conditional likelihood is binomial, so that ``CM.AL`` is ``CM.EL``.
    """
    if measure not in MODELS:
        raise unknown_option("measure for a GLMM", measure, tuple(MODELS))
    allowed = MODELS[measure]
    chosen = allowed[0] if model is None else model
    if chosen not in allowed:
        raise unknown_option(f"model for {measure}", chosen, allowed)
    used = _informative(counts, measure, notes)
    _refuse_one_sided(used, measure)
    two = measure in ("OR", "IRR")
    problem = _two_groups(used, measure, chosen, quadrature) if two else _one_group(used, measure, quadrature)
    theta = _first_guess(used, measure)
    flat = _held_at_zero(problem, theta)
    starts = [np.concatenate([[flat.x[0], tau], flat.x[1:]]) for tau in _STARTS]
    full = climb(problem.loglik, starts)
    boundary = flat.loglik >= full.loglik - 1e-7
    best, tau = (flat, 0.0) if boundary else (full, abs(float(full.x[1])))
    if not best.converged:
        notes.warn(
            f"the {chosen or measure} likelihood was not maximised to tolerance",
            ConvergenceWarning,
        )
    elif abs(best.x[0]) > _FAR or tau > _FAR:
        notes.warn(
            "the likelihood has no finite maximum for these counts; estimate and tau2 are not dependable",
            ConvergenceWarning,
        )
    if chosen == "UM.FS" and used.k > 20:
        notes.warn(
            f"UM.FS estimates an intercept for each of {used.k} studies, which biases tau2; "
            "CM.EL has no such parameters",
            AssumptionWarning,
        )
    se_tau = np.nan if boundary else float(np.sqrt(best.vcov[1, 1]))
    equal = flat.loglik
    if chosen == "UM.RS":
        fixed = _two_groups(used, measure, "UM.FS", 1)
        equal = _held_at_zero(fixed, theta).loglik
    q = ChiSquared.of(max(0.0, 2 * (problem.saturated - equal)), used.k - 1)
    yi, vi = own_effects(measure, used.columns, add)
    sigma2 = float(best.x[-1] ** 2) if chosen == "UM.RS" else np.nan
    return PooledCounts(
        measure=measure,
        method="GLMM",
        model=chosen,
        level=level,
        estimate=float(best.x[0]),
        se=float(np.sqrt(best.vcov[0, 0])),
        k=used.k,
        study=used.study,
        yi=yi,
        vi=vi,
        counts=used,
        weights=np.full(used.k, np.nan),
        q=q.statistic,
        q_df=q.df,
        q_p=q.p_value,
        tau2=tau**2,
        tau2_se=2 * tau * se_tau,
        sigma2=sigma2,
        loglik=best.loglik,
        converged=best.converged,
        n_parameters=2 + problem.free + (1 if chosen == "UM.RS" else 0),
        at_boundary=boundary,
        iterations=best.iterations,
        q_wald=_wald(measure, used),
        warnings=notes.messages,
    )


def _wald(measure: str, counts: Counts) -> ChiSquared:
    """Wald test of equal effects; tables with a zero have infinite variance and no weight."""
    y, v = own_effects(measure, counts.columns, 0.0)
    use = np.isfinite(y) & np.isfinite(v) & (v > 0)
    if use.sum() < 2:
        return ChiSquared(np.nan, 0, np.nan)
    w = 1 / v[use]
    mean = np.sum(w * y[use]) / w.sum()
    return ChiSquared.of(float(np.sum(w * (y[use] - mean) ** 2)), counts.k - 1)


def fit_beta_binomial(counts: Counts, measure: str, level: float, add: float, notes: Notes) -> PooledCounts:
    """Fit a beta-binomial model by maximum likelihood; see :mod:`meta.kernels.betabinomial`."""
    if measure not in ("OR", "PLO"):
        raise unknown_option("measure for a beta-binomial model", measure, ("OR", "PLO"))
    used = _informative(counts, measure, notes) if measure == "OR" else counts
    _refuse_one_sided(used, measure)
    if measure == "PLO":
        x, n = used.columns
        design = np.ones((used.k, 1))
    else:
        a, n1, c, n2 = used.columns
        x, n = np.concatenate([a, c]), np.concatenate([n1, n2])
        treated = np.repeat([1.0, 0.0], used.k)
        design = predictor_matrix(treated)[:, ::-1]
    fit = fit_core(x, n, design)
    if not fit.converged:
        notes.warn("the beta-binomial likelihood was not maximised to tolerance", ConvergenceWarning)
    yi, vi = own_effects(measure, used.columns, add)
    return PooledCounts(
        measure=measure,
        method="BB",
        model="",
        level=level,
        estimate=float(fit.beta[0]),
        se=float(np.sqrt(fit.vcov[0, 0])),
        k=used.k,
        study=used.study,
        yi=yi,
        vi=vi,
        counts=used,
        weights=np.full(used.k, np.nan),
        dispersion=fit.rho,
        loglik=fit.loglik,
        n_parameters=design.shape[1] + 1,
        converged=fit.converged,
        at_boundary=fit.rho == 0.0,
        iterations=fit.iterations,
        warnings=notes.messages,
    )
