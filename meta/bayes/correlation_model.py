"""An unknown within-person correlation as a parameter, by PyMC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from meta.arguments import check_arguments, floats
from meta.bayes.effect_priors import Uniform
from meta.bayes.model import check_priors
from meta.bayes.prior_base import Prior
from meta.bayes.sampled import SampledPosterior, sampled
from meta.bayes.sampler_options import sampler_options
from meta.effects.intake import as_effects, informative
from meta.errors import InputError, Notes
from meta.keywords import keywords

if TYPE_CHECKING:
    pass


@keywords
def bayes_correlation(
    es: Any = None,
    *,
    dz: ArrayLike,
    n: ArrayLike,
    effect: Prior,
    tau: Prior,
    r: Prior | None = None,
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
    """Crossover results on the raw-SD scale, with their unknown within-person correlation as a parameter.

    A paired result is known as dz (the mean difference over the SD of differences); on the scale of the raw
    SD it is J(n - 1) dz sqrt(2 (1 - r)) with variance J^2 (2 (1 - r)/n + d^2/(2 n)).

    Parameters
    ----------
    es : EffectSizes, optional
        Other studies, whose effects do not depend on r; exact ones only.
    dz, n : array_like of shape (m,)
        Paired results and numbers of people.
    effect, tau : Prior
        Of the mean effect and its heterogeneity.
    r : Prior, optional
        Of the correlation, common to the paired studies; Uniform(0.5, 0.87) by default.
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
        With ``mu``, ``tau`` and ``r``.
    """
    arguments = locals()
    check_arguments(bayes_correlation, arguments)
    sampler = sampler_options(arguments)
    pairs, size = floats(dz, "dz"), floats(n, "n")
    if pairs.ndim != 1 or pairs.shape != size.shape or pairs.size == 0:
        raise InputError(f"dz and n must have one value a paired study: {pairs.shape} and {size.shape}")
    if not np.all(np.isfinite(pairs)) or np.any(~(size >= 3)):
        raise InputError("dz must be finite and n at least 3 in every paired study")
    prior = Uniform(0.5, 0.87) if r is None else r
    low, high = prior.support
    if low < -1 or high >= 1:
        raise InputError(f"the prior of r must live below 1, but {prior} reaches {high:g}")
    y, v = np.empty(0), np.empty(0)
    if es is not None:
        used = informative(as_effects(es), Notes())
        if not used.exact.all():
            raise InputError("the other studies must be exact effects; leave out bounds and mixtures")
        y, v = used.yi, used.vi
    check_priors(effect, tau)
    m = size - 1.0
    factor = np.exp(special.gammaln(0.5 * m) - special.gammaln(0.5 * (m - 1.0))) / np.sqrt(0.5 * m)
    priors = {"mu": effect, "tau": tau, "r": prior}
    model = correlation_model(y, v, pairs, size, factor, priors)
    title = "Bayesian random-effects model with an unknown within-person correlation"
    return sampled(title, model, priors, y.size + pairs.size, level, seed, allow_failed, sampler)


def correlation_model(
    y: Any, v: np.ndarray, dz: Any, n: np.ndarray, factor: np.ndarray, priors: dict[str, Prior]
) -> Any:
    """The PyMC model; ``factor`` is J(n - 1) of each paired study."""
    from meta import compat

    compat.load()
    import pymc as pm

    from meta.bayes.pymc_models import parameter

    with pm.Model() as built:
        mu = parameter("mu", priors["mu"])
        tau = parameter("tau", priors["tau"], positive=True)
        r = parameter("r", priors["r"])
        if v.size:
            pm.Normal("y", mu=mu, sigma=pm.math.sqrt(v + tau**2), observed=y)
        unit = factor * pm.math.sqrt(2.0 * (1.0 - r))
        variance = factor**2 * (2.0 * (1.0 - r) / n + 2.0 * (1.0 - r) * dz**2 / (2.0 * n))
        # What was observed is dz, so its density carries the change of scale.
        pm.Normal("dz", mu=mu / unit, sigma=pm.math.sqrt(variance + tau**2) / unit, observed=dz)
    return built
