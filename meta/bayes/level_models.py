"""Three-level model by PyMC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from meta.arguments import check_arguments
from meta.bayes.model import check_priors
from meta.bayes.prior_base import Prior
from meta.bayes.sampled import SampledPosterior, sampled
from meta.bayes.sampler_options import sampler_options
from meta.effects.groups import grouping
from meta.effects.intake import as_effects, informative
from meta.errors import InputError, Notes
from meta.keywords import keywords


@keywords
def bayes_multilevel(
    es: Any = None,
    *,
    study: Any = "study",
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    measure: str | None = None,
    effect: Prior,
    tau_study: Prior,
    tau_effect: Prior,
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
    """Three-level model: effects within studies, y = mu + u_study + w_effect + error.

    Parameters
    ----------
    es : EffectSizes, fit or table, optional
        Exact effects with independent sampling errors.
    study : str or array_like
        The outer level: a column, or labels of the rows.
    yi, vi, sei, measure : array_like or str, optional
        Effects, and their variances or standard errors, as arrays or columns; the measure, for the scale.
    effect, tau_study, tau_effect : Prior
        Of the mean effect and of the standard deviations between and within studies.
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
        With ``mu``, ``tau_study`` and ``tau_effect``. All random effects are integrated out.
    """
    arguments = locals()
    check_arguments(bayes_multilevel, arguments)
    sampler = sampler_options(arguments)
    effects = as_effects(es, yi=yi, vi=vi, sei=sei, measure=measure)
    used = informative(effects, Notes())
    if used.k == 0 or not used.exact.all():
        raise InputError("the three-level model takes exact effects only; leave out bounds and mixtures")
    if used.covariance is not None and np.any(used.covariance - np.diag(np.diag(used.covariance))):
        raise InputError("the Bayesian three-level model needs independent sampling errors")
    labels = grouping(effects, study, "study", effects.informative)
    codes = np.unique(labels.astype(str), return_inverse=True)[1]
    for prior in (tau_study, tau_effect):
        check_priors(effect, prior)
    priors = {"mu": effect, "tau_study": tau_study, "tau_effect": tau_effect}
    model = three_levels(used.yi, used.vi, codes, priors)
    return sampled("Bayesian three-level model", model, priors, used.k, level, seed, allow_failed, sampler)


def three_levels(y: Any, v: np.ndarray, codes: np.ndarray, priors: dict[str, Prior]) -> Any:
    """The PyMC model, all random effects integrated out; ``codes`` number the studies from zero."""
    from meta import compat

    compat.load()
    import pymc as pm

    from meta.bayes.pymc_models import parameter

    member = (codes[None, :] == np.arange(codes.max() + 1)[:, None]).astype(float)
    with pm.Model() as built:
        mu = parameter("mu", priors["mu"])
        between = parameter("tau_study", priors["tau_study"], positive=True) ** 2
        within = parameter("tau_effect", priors["tau_effect"], positive=True) ** 2
        # Each study's covariance is diagonal plus a constant, so that Sherman-Morrison gives its density.
        w = 1.0 / (v + within)
        gap = y - mu
        sum_w, sum_gap = pm.math.dot(member, w), pm.math.dot(member, w * gap)
        inflation = 1.0 + between * sum_w
        q = pm.math.sum(w * gap**2) - pm.math.sum(between * sum_gap**2 / inflation)
        log_det = -pm.math.sum(pm.math.log(w)) + pm.math.sum(pm.math.log(inflation))
        pm.Potential("likelihood", -0.5 * (q + log_det + v.size * float(np.log(2.0 * np.pi))))
    return built
