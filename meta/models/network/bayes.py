"""`bayes_network`: Bayesian network meta-analysis by quadrature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_level
from meta.bayes.default_priors import default_priors
from meta.bayes.model import as_prior
from meta.bayes.priors import Fixed, Flat, Normal, Prior
from meta.effects.double_precision import LARGEST
from meta.errors import InputError, Notes, NotEstimableError
from meta.formatting import shown
from meta.kernels.network.tau_quadrature import given_tau, nodes_of, rough_likelihood
from meta.keywords import keywords
from meta.models.network.network_posterior import NetworkPosterior
from meta.models.network.pool import check_better, read_network, reference_of, refuse_pieces


@keywords
def bayes_network(
    data: Any = None,
    *,
    effect: Any = None,
    tau: Any = None,
    study: Any = None,
    treatment: Any = None,
    reference: str | None = None,
    measure: str | None = None,
    better: str | None = None,
    level: float = 0.95,
    mean: Any = None,
    sd: Any = None,
    se: Any = None,
    n: Any = None,
    events: Any = None,
    nonevents: Any = None,
    time: Any = None,
    treat1: Any = None,
    treat2: Any = None,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    se_base: Any = None,
    n1: Any = None,
    n2: Any = None,
    assume_shared: float | None = None,
    merge: Mapping[str, Sequence[str]] | None = None,
    bias_correction: bool | None = None,
) -> NetworkPosterior:
    """Bayesian network meta-analysis: treatment effects exactly, tau by quadrature.

    Parameters
    ----------
    data : table, EffectSizes or fit
        As in :func:`meta.pool_network`.
    effect : Prior, optional
        Prior of each treatment's effect against the reference: ``meta.Flat()`` without, under which the
        reference changes nothing, or ``meta.Normal(0, sd)``.
    tau : Prior or float, optional
        Prior of the heterogeneity, ``meta.priors.turner(...)`` say, or its known value; the default of the
        measure without, where it has one.
    study, treatment, reference, measure, better, level : optional
        As in :func:`meta.pool_network`.
    mean, sd, se, n, events, nonevents, time : str or array, optional
        Of arms, as in :func:`meta.pool_network`.
    treat1, treat2, yi, vi, sei, se_base, n1, n2, assume_shared, merge, bias_correction : optional
        As in :func:`meta.pool_network`.

    Returns
    -------
    NetworkPosterior

    Notes
    -----
    Lu & Ades (2006), doi:10.1198/016214505000001302; informed priors of tau: Turner et al. (2015),
    doi:10.1002/sim.6381, Rhodes et al. (2015), doi:10.1016/j.jclinepi.2014.08.012.

    Examples
    --------
    >>> import meta
    >>> trials = {"study": [1, 2, 3], "treat1": ["a", "b", "a"], "treat2": ["c", "c", "b"]}
    >>> trials |= {"yi": [1.0, 0.5, 0.4], "sei": [0.2, 0.2, 0.2]}
    >>> post = meta.bayes_network(trials, reference="c", tau=meta.HalfNormal(0.5))
    >>> round(post.contrast("a", "c").probability(above=0), 3)
    0.99
    """
    given = locals()
    check_arguments(bayes_network, given)
    check_level(level)
    check_better(better)
    notes = Notes()
    found = read_network(given, notes)
    refuse_pieces(found)
    flat = Flat() if effect is None else as_prior(effect, "effect")
    spread = default_priors(found.measure)[1] if tau is None else as_prior(tau, "tau")
    prior_sd = _spread_of(flat)
    ref = reference_of(found, reference)
    X = found.contrasts.incidence
    keep = [i for i, name in enumerate(found.treatments) if name != ref]
    rotated = found.rotated_to(X[:, keep])
    _check_tau(spread, rotated.df, prior_sd)
    nodes, weights, evidence = _integrate(rotated, spread, prior_sd)
    return NetworkPosterior(
        data=found,
        reference=ref,
        effect=flat,
        tau_prior=spread,
        better=better,
        level=level,
        nodes=nodes,
        weights=weights,
        log_evidence=evidence if np.isfinite(prior_sd) and spread.proper else np.nan,
        warnings=notes.messages,
    )


def _spread_of(prior: Prior) -> float:
    """Standard deviation of the prior of effects; infinite if it is flat."""
    if isinstance(prior, Flat):
        return np.inf
    if isinstance(prior, Normal) and prior.mean == 0:
        return float(prior.sd)
    raise InputError(
        "effect must be meta.Flat() or meta.Normal(0, sd), under which treatment effects are exact, "
        f"not {prior}"
    )


def _check_tau(prior: Prior, df: int, prior_sd: float) -> None:
    if isinstance(prior, Fixed):
        if prior.value < 0:
            raise InputError(f"tau must be >= 0, not {prior.value:g}")
        if prior.value > LARGEST:
            raise InputError(f"tau must be no more than {LARGEST:g}, not {prior.value:g}")
        return
    if prior.support[0] < 0 and not isinstance(prior, Flat):
        raise InputError(f"the prior of tau must live on tau >= 0, but {shown(prior)} reaches below zero")
    # a flat tail of tau is integrable if the likelihood falls faster than 1/tau: by tau^-df
    if not prior.proper and df < 2 and not np.isfinite(prior_sd):
        raise NotEstimableError(
            f"{prior} leaves an improper posterior of tau with {df} residual degrees of freedom; give a "
            "proper prior, such as tau=meta.HalfNormal(0.5)"
        )


def _integrate(rotated: Any, prior: Prior, prior_sd: float) -> tuple[np.ndarray, np.ndarray, float]:
    if isinstance(prior, Fixed):
        at = np.array([float(prior.value)])
        return at, np.ones(1), float(given_tau(rotated, at, prior_sd).log_likelihood[0])
    ready = prior.resolve(rotated.y, rotated.v)
    scale = float(np.sqrt(np.median(rotated.v)))

    def log_density(tau: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(given_tau(rotated, tau, prior_sd).log_likelihood + ready.logpdf(tau))

    def rough(tau: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", over="ignore"):
            return np.asarray(rough_likelihood(rotated, tau, prior_sd) + ready.logpdf(tau))

    return nodes_of(log_density, rough, scale, float(ready.support[1]))
