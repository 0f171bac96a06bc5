"""Binomial-normal and Poisson-normal models straight from counts, by PyMC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from meta.arguments import check_arguments
from meta.bayes.effect_priors import Normal
from meta.bayes.model import as_prior, check_priors
from meta.bayes.prior_base import Prior
from meta.bayes.sampled import SampledPosterior, sampled
from meta.bayes.sampler_options import sampler_options
from meta.effects.count_tables import read_counts
from meta.errors import Notes, unknown_option
from meta.keywords import keywords


@keywords
def bayes_counts(
    table: Any = None,
    *,
    measure: str = "OR",
    effect: Prior,
    tau: Prior,
    baseline: Prior | None = None,
    level: float = 0.95,
    seed: int | None = None,
    allow_failed: bool = False,
    study: Any = None,
    events1: Any = None,
    events2: Any = None,
    n1: Any = None,
    n2: Any = None,
    time1: Any = None,
    time2: Any = None,
    draws: int | None = None,
    tune: int | None = None,
    chains: int | None = None,
    cores: int | None = None,
    target_accept: float | None = None,
    nuts_sampler: str | None = None,
    progressbar: bool | None = None,
    sample_options: Mapping[str, Any] | None = None,
) -> SampledPosterior:
    """Binomial-normal ("OR") or Poisson-normal ("IRR") model straight from counts: zero cells need no care.

    Parameters
    ----------
    table : table, EffectSizes or fit, optional
        The counts of each study, in columns of the arguments' names unless others are named.
    measure : {"OR", "IRR"}
        Log odds ratio from events and sizes, or log rate ratio from events and person-time.
    effect, tau : Prior
        Of the mean log ratio and its heterogeneity.
    baseline : Prior, optional
        Of each study's mean log odds (log rate); Normal(0, 5) by default.
    level : float
        Level of intervals.
    seed : int, optional
        Of the sampler.
    allow_failed : bool
        Return a sample whose diagnostics failed.
    study : array_like or str, optional
        Labels.
    events1, n1, events2, n2, time1, time2 : array_like or str, optional
        Counts; group 1 is the treated one.
    draws, tune, chains, cores, target_accept, nuts_sampler, progressbar : optional
        Of ``pymc.sample``: 2000 draws a chain after 1000 to tune, four chains one after the other, a target
        of 0.95 and no progress bar by default.
    sample_options : mapping, optional
        Any other argument of ``pymc.sample``, such as ``{"init": "adapt_diag"}``.

    Returns
    -------
    SampledPosterior
        With ``mu`` and ``tau``. Arms are coded by plus and minus one half.

    References
    ----------
    Smith, Spiegelhalter & Thomas 1995, doi:10.1002/sim.4780142408.
    """
    arguments = locals()
    check_arguments(bayes_counts, arguments)
    sampler = sampler_options(arguments)
    if measure not in ("OR", "IRR"):
        raise unknown_option("measure of counts", measure, ("OR", "IRR"))
    given = {"events1": events1, "events2": events2, "n1": n1, "n2": n2, "time1": time1, "time2": time2}
    data = read_counts(table, measure, given, study, Notes(), whole=False).inputs
    effect, tau = as_prior(effect, "effect"), as_prior(tau, "tau")
    check_priors(effect, tau)
    baseline = Normal(0.0, 5.0) if baseline is None else baseline
    model = count_model(measure, data, effect, tau, baseline)
    title = (
        "Bayesian binomial-normal model (log OR)"
        if measure == "OR"
        else "Bayesian Poisson-normal model (log IRR)"
    )
    priors = {"mu": effect, "tau": tau, "baseline": baseline}
    return sampled(title, model, priors, data["events1"].size, level, seed, allow_failed, sampler)


def count_model(measure: str, data: dict[str, Any], effect: Prior, tau_prior: Prior, baseline: Prior) -> Any:
    """The PyMC model; events may be symbolic."""
    from meta import compat

    compat.load()
    import pymc as pm

    from meta.bayes.pymc_models import parameter

    sizes = (data["n1"], data["n2"]) if measure == "OR" else (data["time1"], data["time2"])
    y, v = _normal_approximation(measure, data["events1"], data["events2"], *sizes)
    k = sizes[0].size
    with pm.Model() as built:
        mu = parameter("mu", effect)
        tau = parameter("tau", tau_prior, positive=True)
        centre = parameter("baseline", baseline, shape=k)
        # u = (theta - mu)/tau is made of a z that is near Normal(0, 1) a posteriori whether a study says much
        # (its own effect) or little (the prior); the potential gives u its Normal(0, 1) prior back.
        z = pm.Normal("z", 0.0, 1.0, shape=k)
        u = tau * (y - mu) / (v + tau**2) + pm.math.sqrt(v / (v + tau**2)) * z
        pm.Potential("u", pm.math.sum(0.5 * (z**2 - u**2) + 0.5 * pm.math.log(v / (v + tau**2))))
        theta = mu + tau * u
        for arm, half, size in (("1", 0.5, sizes[0]), ("2", -0.5, sizes[1])):
            eta, observed = centre + half * theta, data[f"events{arm}"]
            if measure == "OR":
                pm.Binomial(f"y{arm}", n=size.astype(int), logit_p=eta, observed=observed.astype(int))
            else:
                pm.Poisson(f"y{arm}", mu=size * pm.math.exp(eta), observed=observed.astype(int))
    return built


def _normal_approximation(measure: str, a: Any, c: Any, size1: Any, size2: Any) -> tuple[Any, Any]:
    """Log ratio and variance with half an event added: only where the sampler starts to look."""
    import pymc as pm

    log = pm.math.log
    if measure == "IRR":
        return log((a + 0.5) / size1) - log((c + 0.5) / size2), 1.0 / (a + 0.5) + 1.0 / (c + 0.5)
    b, d = size1 - a, size2 - c
    y = log((a + 0.5) / (b + 0.5)) - log((c + 0.5) / (d + 0.5))
    return y, sum(1.0 / (x + 0.5) for x in (a, b, c, d))
