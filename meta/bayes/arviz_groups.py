"""A fit as ArviZ takes it: posterior, prior, pointwise log likelihood and replicated data."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta import compat
from meta.arguments import check_arguments, check_seed
from meta.bayes.loo import pointwise_log_likelihood
from meta.bayes.model import Model
from meta.bayes.posterior_numbers import PosteriorNumbers
from meta.bayes.predictive_checks import from_prior, replicate
from meta.bayes.pymc_models import draw_study_effects
from meta.errors import InputError

Variables = dict[str, tuple[tuple[str, ...], np.ndarray]]
DRAWS, CHAINS = 1000, 4
"""As many draws as PyMC's own default; chains of the exact engine are independent draws, cut into four."""
CHAIN, STUDY = ("chain", "draw"), ("chain", "draw", "study")


def inference_data_of(post: PosteriorNumbers, draws: int | None, chains: int | None, seed: Any) -> Any:
    """Groups of ArviZ for a posterior of either engine; see `meta.bayes.posterior.Posterior`."""
    check_seed(seed)
    check_arguments(inference_data_of, {"draws": draws, "chains": chains})
    compat.load()
    rng = np.random.default_rng(seed)
    model: Model = post.core.model
    if not getattr(post.core, "exact_model", True):
        raise InputError("this is written for normal heterogeneity; use heterogeneity='normal'")
    mu, tau, theta, shape = _drawn(post, draws, chains, rng)
    groups: dict[str, Variables] = {"posterior": _parameters(mu, tau, theta, shape)}
    if model.covariance is None:
        each = pointwise_log_likelihood(mu, tau, model.rows).T
        groups["log_likelihood"] = {"y": (STUDY, each.reshape(*shape, model.k))}
    if model.rows.plain:
        again = replicate(mu, tau, _errors(model), rng)
        groups["posterior_predictive"] = {"y": (STUDY, again.reshape(*shape, model.k))}
        groups["observed_data"] = {"y": (("study",), model.rows.y)}
        groups["constant_data"] = {"se": (("study",), np.sqrt(model.rows.v))}
    if model.effect.proper and model.tau.proper:
        groups |= _of_prior(model, shape, rng)
    return compat.inference_data(groups, {"study": np.array(model.study, dtype=object)})


def _drawn(
    post: PosteriorNumbers, draws: int | None, chains: int | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, tuple[int, int]]:
    """Draws (n,), (n,), (n, k) of mu, tau and the studies' effects, and how they are cut into chains."""
    core: Any = post.core
    if post.engine != "exact":
        if draws is not None or chains is not None:
            raise InputError("draws= and chains= have no effect with engine='pymc', which has drawn already")
        sampled = compat.posterior_draws(post.inference_data)["mu"]
        return core.mu_draws, core.tau_draws, core.theta_draws, (sampled.shape[0], sampled.shape[1])
    shape = (CHAINS if chains is None else chains, DRAWS if draws is None else draws)
    if min(shape) < 1:
        raise InputError(f"draws and chains must be at least 1, not {shape[1]} and {shape[0]}")
    mu, tau = core.sample(shape[0] * shape[1], rng)
    model = core.model
    if model.covariance is None:
        return mu, tau, draw_study_effects(mu, tau, model.rows, rng), shape
    return mu, tau, _dependent_effects(mu, tau, model.rows.y, model.covariance, rng), shape


def _dependent_effects(
    mu: np.ndarray, tau: np.ndarray, y: np.ndarray, V: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Effects (n, k) of studies whose sampling errors are dependent.

    V and tau^2 I have the same eigenvectors, and along each of them shrinkage is that of one study.
    """
    values, vectors = np.linalg.eigh(V)
    share = tau[:, None] ** 2 / (tau[:, None] ** 2 + values)
    gap = (y - mu[:, None]) @ vectors
    noise = np.sqrt(share * values) * rng.standard_normal(gap.shape)
    return np.asarray(mu[:, None] + (share * gap + noise) @ vectors.T)


def _errors(model: Model) -> np.ndarray:
    return model.rows.v if model.covariance is None else model.covariance


def _parameters(mu: np.ndarray, tau: np.ndarray, theta: np.ndarray, shape: tuple[int, int]) -> Variables:
    return {
        "mu": (CHAIN, mu.reshape(shape)),
        "tau": (CHAIN, tau.reshape(shape)),
        "theta": (STUDY, theta.reshape(*shape, -1)),
    }


def _of_prior(model: Model, shape: tuple[int, int], rng: np.random.Generator) -> dict[str, Variables]:
    size = shape[0] * shape[1]
    mu, tau = from_prior(model, size, rng)
    theta = mu[:, None] + tau[:, None] * rng.standard_normal((size, model.k))
    found = {"prior": _parameters(mu, tau, theta, shape)}
    if model.rows.plain:
        again = replicate(mu, tau, _errors(model), rng)
        found["prior_predictive"] = {"y": (STUDY, again.reshape(*shape, model.k))}
    return found
