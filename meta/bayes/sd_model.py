"""Mean differences reported without their standard deviation, which becomes a parameter, by PyMC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import check_arguments, floats
from meta.bayes.model import check_priors
from meta.bayes.prior_base import Prior
from meta.bayes.sampled import SampledPosterior, sampled
from meta.bayes.sampler_options import sampler_options
from meta.bayes.tau_priors import LogStudentT
from meta.effects.intake import as_effects, informative
from meta.errors import InputError, Notes, NotEstimableError, unknown_option
from meta.keywords import keywords

if TYPE_CHECKING:
    pass


@keywords
def borrowed_sd(sds: ArrayLike) -> LogStudentT:
    """Prior of a standard deviation that was not reported, from those that were.

    The logarithms are taken as a normal sample; the prior is the predictive distribution of one more:
    log sd ~ t with m - 1 degrees of freedom around their mean, scale s sqrt(1 + 1/m).

    Parameters
    ----------
    sds : array_like of shape (m,)
        At least three reported standard deviations on the same instrument.

    Returns
    -------
    LogStudentT

    References
    ----------
    Gelman A et al. (2013). Bayesian Data Analysis, 3rd ed., section 3.2.
    Methods for missing standard deviations: Weir CJ et al. (2018), doi:10.1186/s12874-018-0483-0.

    Examples
    --------
    >>> prior = borrowed_sd([10.0, 12.0, 14.0, 12.0])
    >>> round(float(prior.ppf(0.5)), 2)
    11.92
    """
    reported = floats(sds, "sds")
    if reported.ndim != 1 or np.any(~(np.isfinite(reported) & (reported > 0))):
        raise InputError("reported standard deviations must be positive finite numbers in one list")
    m = reported.size
    spread = np.log(reported).std(ddof=1) if m > 1 else 0.0
    if m < 3 or not spread > 0:
        raise NotEstimableError(
            f"{m} standard deviations {'do not differ and' if m >= 3 else ''} cannot say how much they vary; "
            "give a prior such as meta.LogNormal(np.log(12), 0.3)".replace("  ", " ")
        )
    return LogStudentT(float(np.log(reported).mean()), float(spread * np.sqrt(1.0 + 1.0 / m)), float(m - 1))


@keywords
def bayes_unknown_sd(
    es: Any = None,
    *,
    diff: ArrayLike,
    n1: ArrayLike,
    n2: ArrayLike | None = None,
    sd: Prior | Sequence[Prior],
    shared: bool = False,
    measure: str = "SMD",
    effect: Prior,
    tau: Prior,
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
    """Mean differences whose standard deviation was not reported, with it as a parameter.

    Given the standard deviation s of people, a difference of means is normal with variance
    s^2 (1/n1 + 1/n2) around its true value: theta itself ("MD"), or s theta ("SMD"), where theta, the
    study's own effect, is normal around mu with standard deviation tau.

    Parameters
    ----------
    es : EffectSizes, optional
        The other studies, on the scale of ``measure``; exact effects only.
    diff : array_like of shape (m,)
        Differences of means in raw units, as reported.
    n1, n2 : array_like of shape (m,)
        People in each group; without ``n2`` the differences are of one group with itself, and ``sd`` is that
        of differences.
    sd : Prior or sequence of Prior
        Of each study's standard deviation; :func:`borrowed_sd` makes one from reported ones.
    shared : bool
        One standard deviation for all these studies.
    measure : {"SMD", "MD"}
        Scale of ``mu``.
    effect, tau : Prior
        Of the mean effect and its heterogeneity.
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
        With ``mu``, ``tau`` and ``sd`` (``sd[1]``, ``sd[2]``, ... for several).
    """
    arguments = locals()
    check_arguments(bayes_unknown_sd, arguments)
    sampler = sampler_options(arguments)
    if measure not in ("SMD", "MD"):
        raise unknown_option("scale of mean differences", measure, ("SMD", "MD"))
    d, unit = _differences(diff, n1, n2)
    sd_priors = _sd_priors(sd, 1 if shared else d.size)
    y, v = np.empty(0), np.empty(0)
    if es is not None:
        used = informative(as_effects(es), Notes())
        if not used.exact.all():
            raise InputError("the other studies must be exact effects; leave out bounds and mixtures")
        y, v = used.yi, used.vi
    check_priors(effect, tau)
    priors = {"mu": effect, "tau": tau, **sd_priors}
    model = unknown_sd_model(y, v, d, unit, priors, measure)
    title = f"Bayesian random-effects model ({measure}) with unknown standard deviations"
    return sampled(title, model, priors, y.size + d.size, level, seed, allow_failed, sampler)


def _differences(diff: ArrayLike, n1: ArrayLike, n2: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    d, first = floats(diff, "diff"), floats(n1, "n1")
    second = np.full(first.shape, np.inf) if n2 is None else floats(n2, "n2")
    if d.ndim != 1 or d.size == 0 or not d.shape == first.shape == second.shape:
        raise InputError(
            f"diff, n1 and n2 must have one value per study: {d.shape}, {first.shape} and {second.shape}"
        )
    if not np.all(np.isfinite(d)) or np.any(~(first >= 1)) or np.any(~(second >= 1)):
        raise InputError("diff must be finite and every group must have at least 1 person")
    return d, 1.0 / first + 1.0 / second


def _sd_priors(sd: Prior | Sequence[Prior], count: int) -> dict[str, Prior]:
    given = [sd] * count if isinstance(sd, Prior) else list(sd)
    if len(given) != count:
        raise InputError(f"sd= needs one prior, or one for each of {count} standard deviations")
    for prior in given:
        if not isinstance(prior, Prior) or prior.support[0] < 0 or not prior.proper:
            raise InputError(
                f"the prior of a standard deviation must be proper and live above 0, not {prior}; "
                "use meta.bayes.borrowed_sd([...]) or meta.LogNormal"
            )
    return {"sd" if count == 1 else f"sd[{i + 1}]": prior for i, prior in enumerate(given)}


def unknown_sd_model(
    y: Any, v: np.ndarray, diff: Any, unit: np.ndarray, priors: dict[str, Prior], measure: str
) -> Any:
    """The PyMC model; ``unit`` is the variance of a difference of means where the SD is one."""
    from meta import compat

    compat.load()
    import pymc as pm

    from meta.bayes.pymc_models import parameter

    with pm.Model() as built:
        mu = parameter("mu", priors["mu"])
        tau = parameter("tau", priors["tau"], positive=True)
        each = [
            parameter(name, prior, positive=True) for name, prior in priors.items() if name.startswith("sd")
        ]
        sd = each[0] if len(each) == 1 else pm.math.stack(each)
        if v.size:
            pm.Normal("y", mu=mu, sigma=pm.math.sqrt(v + tau**2), observed=y)
        if measure == "SMD":
            pm.Normal("diff", mu=mu * sd, sigma=sd * pm.math.sqrt(tau**2 + unit), observed=diff)
        else:
            pm.Normal("diff", mu=mu, sigma=pm.math.sqrt(tau**2 + sd**2 * unit), observed=diff)
    return built
