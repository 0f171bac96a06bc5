"""Location-scale model by PyMC: moderators of the mean effect and of its heterogeneity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments
from meta.bayes.bayes_regression import design
from meta.bayes.effect_priors import Normal
from meta.bayes.model import check_priors
from meta.bayes.prior_base import Prior
from meta.bayes.sampled import SampledPosterior, sampled
from meta.bayes.sampler_options import sampler_options
from meta.effects.design import Design
from meta.effects.intake import as_effects, informative
from meta.errors import InputError, Notes
from meta.keywords import keywords

if TYPE_CHECKING:
    pass


@keywords
def bayes_location_scale(
    es: Any = None,
    *,
    scale: Any,
    moderators: Any = "~ 1",
    effect: Prior,
    tau: Prior,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    slopes: Prior | None = None,
    scale_slopes: Prior | None = None,
    level: float = 0.95,
    seed: int | None = None,
    allow_failed: bool = False,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    cores: int | None = None,
    target_accept: float | None = None,
    nuts_sampler: str | None = None,
    progressbar: bool | None = None,
    sample_options: Mapping[str, Any] | None = None,
) -> SampledPosterior:
    """Location-scale model: y ~ N(mu + x b, v + tau_i^2) with log tau_i^2 = log tau^2 + z a.

    The moderators x and z are centred, so that ``mu`` and ``tau`` belong to a study with average moderators
    and their priors mean what they mean without moderators.

    Parameters
    ----------
    es : EffectSizes, fit or table, optional
        Exact effects with independent sampling errors.
    scale, moderators : str, DataFrame or array_like of shape (k, p)
        Moderators of log tau^2 and of the mean, with an intercept.
    effect, tau : Prior
        Of the mean effect and the heterogeneity at average moderators.
    yi, vi, sei, study, measure : array_like or str, optional
        Effects, and their variances or standard errors, as arrays or columns; labels; the measure.
    slopes, scale_slopes : Prior, optional
        Of each slope of the mean (``effect`` by default) and of log tau^2 (Normal(0, 1) by default), per unit
        of its moderator.
    level : float
        Level of intervals.
    seed : int, optional
        Of the sampler.
    allow_failed : bool
        Return a sample whose diagnostics failed.
    draws, tune, chains, cores, target_accept, nuts_sampler, progressbar : optional
        Of ``pymc.sample``: 2000 draws a chain after 1000 to tune, four chains one after the other, a target
        of 0.95 and no progress bar by default.
    sample_options : mapping, optional
        Any other argument of ``pymc.sample``, such as ``{"init": "adapt_diag"}``.

    Returns
    -------
    SampledPosterior
        With ``mu``, ``slope[term]`` of each moderator, ``tau`` and ``log_tau2[term]`` of each one of scale.

    References
    ----------
    Viechtbauer W, Lopez-Lopez JA (2022). Location-scale models for meta-analysis. doi:10.1002/jrsm.1562
    """
    arguments = locals()
    check_arguments(bayes_location_scale, arguments)
    sampler = sampler_options(arguments)
    effects = as_effects(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    used = informative(effects, Notes())
    if used.k == 0 or not used.exact.all():
        raise InputError("the location-scale model takes exact effects only; leave out bounds and mixtures")
    if used.covariance is not None and np.any(used.covariance - np.diag(np.diag(used.covariance))):
        raise InputError("the Bayesian location-scale model needs independent sampling errors")
    notes = Notes()
    location, spread = design(used, moderators, notes), design(used, scale, notes)
    rows = location.rows & spread.rows
    used = used.subset(rows)
    x, x_terms = _centred(location.among(rows), "moderators")
    z, z_terms = _centred(spread.among(rows), "scale")
    if not z_terms:
        raise InputError("scale= names no moderator of the heterogeneity; use meta.bayes for one tau")
    slopes = effect if slopes is None else slopes
    scale_slopes = Normal(0.0, 1.0) if scale_slopes is None else scale_slopes
    for prior in (effect, slopes, scale_slopes):
        check_priors(prior, tau)
        if not prior.proper or not tau.proper:
            raise InputError("the location-scale model needs proper priors throughout")
    priors = {"mu": effect, **{f"slope[{term}]": slopes for term in x_terms}}
    priors |= {"tau": tau, **{f"log_tau2[{term}]": scale_slopes for term in z_terms}}
    model = location_scale_model(used.yi, used.vi, x, z, priors)
    return sampled("Bayesian location-scale model", model, priors, used.k, level, seed, allow_failed, sampler)


def _centred(made: Design, what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Columns but the intercept, less their means, and their names."""
    if made.intercept is None:
        raise InputError(f"{what}= has no intercept; write it as '~ 1 + {' + '.join(made.names)}'")
    others = [j for j in range(made.X.shape[1]) if j != made.intercept]
    kept = made.X[:, others]
    return kept - kept.mean(axis=0), tuple(made.names[j] for j in others)


def location_scale_model(
    y: Any, v: np.ndarray, x: np.ndarray, z: np.ndarray, priors: dict[str, Prior]
) -> Any:
    """The PyMC model, study effects integrated out; ``x`` and ``z`` are centred."""
    from meta import compat

    compat.load()
    import pymc as pm

    from meta.bayes.pymc_models import parameter

    with pm.Model() as built:
        named = {name: parameter(name, prior, positive=name == "tau") for name, prior in priors.items()}
        slopes = [value for name, value in named.items() if name.startswith("slope[")]
        scales = [value for name, value in named.items() if name.startswith("log_tau2[")]
        mean = sum((b * x[:, j] for j, b in enumerate(slopes)), named["mu"] * np.ones(v.size))
        log_ratio = sum(a * z[:, j] for j, a in enumerate(scales))
        tau2 = named["tau"] ** 2 * pm.math.exp(log_ratio)
        pm.Normal("y", mu=mean, sigma=pm.math.sqrt(v + tau2), observed=y)
    return built
