"""Meta-regression with many moderators under a joint shrinkage prior, by PyMC.

The slopes are integrated out, as they are normal given their scales, and drawn afterwards: the sampler never
meets the funnel between a slope and its scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.bayes.distributions import Distribution, Draws, PointMass
from meta.bayes.effect_priors import Fixed
from meta.bayes.posterior_regression import PosteriorRegression
from meta.bayes.prior_base import Prior
from meta.bayes.shrinkage_priors import SlopesPrior
from meta.errors import InputError, Notes
from meta.kernels.regression_inference import residual_heterogeneity

if TYPE_CHECKING:
    from meta.effects.effect_size_table import EffectSizes

_BLOCK = 500
_MEANING = (
    "slopes are shrunk per standard deviation of their moderator and shown per unit; the prior of the "
    "intercept is that of the mean effect at the moderators' averages"
)


@dataclass(frozen=True)
class Standardised:
    """Moderators centred and divided by their standard deviations.

    Attributes
    ----------
    x : ndarray of shape (k, p)
    mean, sd : ndarray of shape (p,)
        Over studies; the standard deviation has the divisor k - 1.
    constant : int
        Column of the design that was the intercept.
    """

    x: np.ndarray
    mean: np.ndarray
    sd: np.ndarray
    constant: int


def standardise(x: np.ndarray, terms: tuple[str, ...]) -> Standardised:
    """Set the intercept apart and standardise the others; refused without an intercept."""
    constant = [j for j in range(x.shape[1]) if np.ptp(x[:, j]) == 0.0]
    if len(constant) != 1 or x[0, constant[0]] != 1.0:
        raise InputError(
            "a shrinkage prior needs a design with an intercept, which is not shrunk; "
            f"{', '.join(terms)} has none"
        )
    others = np.delete(x, constant[0], axis=1)
    if others.shape[1] == 0:
        raise InputError("a shrinkage prior needs moderators; the design has an intercept only")
    mean, sd = others.mean(axis=0), others.std(axis=0, ddof=1)
    return Standardised((others - mean) / sd, mean, sd, constant[0])


def typical_variance(v: np.ndarray) -> float:
    """Typical sampling variance (Higgins & Thompson 2002, doi:10.1002/sim.1186); the mean for one study."""
    if v.size < 2:
        return float(v.mean())
    return float(residual_heterogeneity(np.zeros(v.size), v, np.ones((v.size, 1))).typical)


def shrinkage_model(y: Any, v: np.ndarray, x: np.ndarray, effect: Prior, slopes: Any, tau: Prior) -> Any:
    """``y ~ N(mu, diag(v + tau^2) + x diag(s^2) x')`` with the slopes integrated out."""
    import pymc as pm

    from meta.bayes.pymc_models import parameter

    k, p = x.shape
    with pm.Model() as built:
        mu = parameter("mu", effect)
        between = parameter("tau", tau, positive=True)
        s = pm.Deterministic("slope_sd", slopes.add_scales(p, k, typical_variance(v)))
        xs = x * s
        covariance = pm.math.dot(xs, xs.T) + np.diag(v) + between**2 * np.eye(k)
        pm.MvNormal("y", mu=mu * np.ones(k), cov=covariance, observed=y)
    return built


def draw_slopes(
    y: np.ndarray,
    v: np.ndarray,
    x: np.ndarray,
    mu: np.ndarray,
    tau: np.ndarray,
    s: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw slopes given draws of mu (n,), tau (n,) and scales (n, p): shape (n, p).

    A draw from the prior is corrected by what its simulated data miss of the observed, which needs no
    inverse of the scales, so that they may be zero.
    """
    out = np.empty_like(s)
    k = y.size
    for start in range(0, mu.size, _BLOCK):
        part = slice(start, min(start + _BLOCK, mu.size))
        noise = v + tau[part, None] ** 2
        prior = s[part] * rng.standard_normal(s[part].shape)
        simulated = mu[part, None] + prior @ x.T + np.sqrt(noise) * rng.standard_normal((prior.shape[0], k))
        xs = x * s[part][:, None, :]
        covariance = xs @ np.swapaxes(xs, 1, 2)
        covariance[:, np.arange(k), np.arange(k)] += noise
        missed = np.linalg.solve(covariance, (y - simulated)[..., None])[..., 0]
        out[part] = prior + s[part] ** 2 * (missed @ x)
    return out


def fit_shrinkage(
    es: EffectSizes,
    x: np.ndarray,
    terms: tuple[str, ...],
    effect: Prior,
    slopes: SlopesPrior,
    tau: Prior,
    level: float,
    seed: int | None,
    allow_failed: bool,
    sampler: dict[str, Any],
) -> PosteriorRegression:
    """Sample the model and give the coefficients back on the moderators' own scales."""
    from meta import compat
    from meta.bayes.pymc_fit import check

    design = standardise(x, terms)
    slopes.check(design.x.shape[1])
    compat.load()
    built = shrinkage_model(es.yi, es.vi, design.x, effect, slopes, tau)
    data = compat.sample(built, {"draws": 1000, **sampler}, seed=seed)
    notes = Notes()
    known = isinstance(tau, Fixed)
    found = check(data, ["mu", "global"] + ([] if known else ["tau"]), allow_failed=allow_failed, notes=notes)
    drawn = compat.posterior_draws(data)
    mu = drawn["mu"].ravel()
    between = np.full(mu.size, tau.value) if isinstance(tau, Fixed) else drawn["tau"].ravel()
    scales = drawn["slope_sd"].reshape(mu.size, -1)
    rng = np.random.default_rng(seed)
    own = draw_slopes(es.yi, es.vi, design.x, mu, between, scales, rng) / design.sd
    coefficients = np.insert(own, design.constant, mu - own @ design.mean, axis=1)
    marginals: tuple[Distribution, ...] = tuple(Draws(column) for column in coefficients.T)
    dist: Distribution = PointMass(tau.value) if isinstance(tau, Fixed) else Draws(between, floor=0.0)
    priors: list[Any] = [slopes] * len(terms)
    priors[design.constant] = effect
    return PosteriorRegression(
        es,
        terms,
        tuple(priors),
        tau,
        level,
        "pymc",
        marginals,
        dist,
        warnings=(*notes.messages, _MEANING),
        inference_data=data,
        diagnostics=found,
        design=x,
    )
