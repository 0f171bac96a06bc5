"""Bayesian meta-regression: normal or flat priors of the coefficients, exact; any prior by PyMC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.bayes.distributions import Distribution, Draws, PointMass
from meta.bayes.effect_priors import Fixed, Flat, Normal
from meta.bayes.model import check_priors
from meta.bayes.posterior_regression import PosteriorRegression
from meta.bayes.prior_base import Prior
from meta.bayes.regression_joint import integrate
from meta.bayes.regression_priors import design as design
from meta.bayes.regression_priors import priors_of, with_slopes
from meta.bayes.shrinkage_model import fit_shrinkage
from meta.bayes.shrinkage_priors import SlopesPrior
from meta.errors import InputError, Notes, NotEstimableError
from meta.kernels.mixtures import NormalMixture

if TYPE_CHECKING:
    from meta.effects.effect_size_table import EffectSizes


def bayes_regression(
    es: EffectSizes,
    *,
    moderators: Any,
    effect: Prior | Sequence[Prior] | Mapping[str, Prior],
    tau: Prior,
    slopes: Prior | SlopesPrior | None = None,
    engine: str = "exact",
    level: float = 0.95,
    seed: int | None = None,
    allow_failed: bool = False,
    sampler: dict[str, Any] | None = None,
    intercept: bool | None = None,
    context: Mapping[str, Any] | None = None,
) -> PosteriorRegression:
    """Fit y ~ N(x beta, v + tau2); called by ``meta.bayes(..., moderators=...)``."""
    sampler = {} if sampler is None else sampler
    if not es.exact.all():
        raise InputError("a meta-regression takes exact effects only; leave out bounds and mixtures")
    if es.covariance is not None and np.any(es.covariance - np.diag(np.diag(es.covariance))):
        raise InputError("a Bayesian meta-regression needs independent sampling errors")
    notes = Notes()
    made = design(es, moderators, notes, intercept, context)
    es, x, terms = es.subset(made.rows), made.X, made.names
    tau = tau.resolve(es.yi, es.vi)
    if isinstance(slopes, SlopesPrior):
        post = _shrunk(es, x, terms, effect, slopes, tau, engine, level, seed, allow_failed, sampler)
        return replace(post, warnings=(*notes.messages, *post.warnings), moderators=made)
    priors = priors_of(effect, terms) if slopes is None else with_slopes(effect, slopes, made)
    for prior in priors:
        check_priors(prior, tau)
    flat = sum(isinstance(prior, Flat) for prior in priors)
    if not isinstance(tau, Fixed) and tau.tail + es.k - flat <= 1:
        raise NotEstimableError(
            f"the posterior does not integrate: {tau} on tau needs more than k = {es.k} studies"
        )
    if engine == "pymc":
        post = _by_sampling(es, x, terms, priors, tau, level, seed, allow_failed, sampler)
        return replace(post, warnings=(*notes.messages, *post.warnings), moderators=made)
    if not all(isinstance(prior, Normal | Flat) for prior in priors):
        raise InputError(
            "the exact meta-regression takes normal or flat priors of coefficients; use engine='pymc'"
        )
    post = by_quadrature(es, x, terms, priors, tau, level)
    return replace(post, warnings=notes.messages, moderators=made)


def _shrunk(
    es: EffectSizes,
    x: np.ndarray,
    terms: tuple[str, ...],
    effect: Any,
    slopes: SlopesPrior,
    tau: Prior,
    engine: str,
    level: float,
    seed: int | None,
    allow_failed: bool,
    sampler: dict[str, Any],
) -> PosteriorRegression:
    if engine != "pymc":
        raise InputError(f"{slopes} needs the sampler; use engine='pymc'")
    if not isinstance(effect, Prior):
        raise InputError("with slopes= the effect takes one prior, that of the intercept")
    check_priors(effect, tau)
    if not (effect.proper and tau.proper):
        raise InputError(f"a shrinkage prior needs proper priors beside it, not {effect} and {tau}")
    return fit_shrinkage(es, x, terms, effect, slopes, tau, level, seed, allow_failed, sampler)


def by_quadrature(
    es: EffectSizes,
    x: np.ndarray,
    terms: tuple[str, ...],
    priors: tuple[Prior, ...],
    tau: Prior,
    level: float,
) -> PosteriorRegression:
    """The exact posterior for a design matrix; priors are normal or flat, and ``tau`` is resolved."""
    found = integrate(es.yi, es.vi, x, priors, tau)
    at = found.given
    marginals = tuple(
        NormalMixture.pruned(at.mean[:, j], np.sqrt(at.covariance[:, j, j]), found.weights)
        for j in range(len(terms))
    )
    numbers = (found.tau, found.log_evidence, found.error)
    return PosteriorRegression(es, terms, priors, tau, level, "exact", marginals, *numbers, design=x)


def _by_sampling(
    es: EffectSizes,
    x: np.ndarray,
    terms: tuple[str, ...],
    priors: tuple[Prior, ...],
    tau: Prior,
    level: float,
    seed: int | None,
    allow_failed: bool,
    sampler: dict[str, Any],
) -> PosteriorRegression:
    from meta import compat
    from meta.bayes.pymc_fit import check
    from meta.bayes.pymc_models import regression

    compat.load()
    data = compat.sample(regression(es.yi, es.vi, x, priors, tau), sampler, seed=seed)
    notes = Notes()
    names = [f"beta_{j}" for j in range(len(terms))] + ([] if isinstance(tau, Fixed) else ["tau"])
    found = check(data, names, allow_failed=allow_failed, notes=notes)
    drawn = compat.posterior_draws(data)
    marginals = tuple(Draws(drawn[f"beta_{j}"].ravel()) for j in range(len(terms)))
    dist: Distribution = (
        PointMass(tau.value) if isinstance(tau, Fixed) else Draws(drawn["tau"].ravel(), floor=0.0)
    )
    return PosteriorRegression(
        es,
        terms,
        priors,
        tau,
        level,
        "pymc",
        marginals,
        dist,
        warnings=notes.messages,
        inference_data=data,
        diagnostics=found,
        design=x,
    )
