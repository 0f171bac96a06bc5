"""Fitting with PyMC: sample, check the diagnostics, wrap the draws as a Posterior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from meta import compat
from meta.bayes.distributions import Distribution, Draws, PointMass
from meta.bayes.effect_priors import Fixed
from meta.bayes.model import Model
from meta.bayes.posterior import Posterior
from meta.bayes.pymc_models import draw_study_effects, normal_normal, student_t
from meta.bayes.quadrature import fit_core
from meta.errors import AssumptionWarning, DiagnosticsError, InputError, Notes

if TYPE_CHECKING:
    from meta.effects.effect_size_table import EffectSizes


@dataclass(frozen=True)
class DrawsCore:
    """Posterior held as draws; evidences come from the exact engine where it knows the same model."""

    model: Model
    mu_draws: np.ndarray
    tau_draws: np.ndarray
    theta_draws: np.ndarray
    new_draws: np.ndarray
    exact_model: bool = True
    error: float = float("nan")

    @cached_property
    def mu(self) -> Distribution:
        """Marginal posterior of the mean effect."""
        return Draws(self.mu_draws)

    @cached_property
    def tau(self) -> Distribution:
        """Marginal posterior of tau."""
        if isinstance(self.model.tau, Fixed):
            return PointMass(self.model.tau.value)
        return Draws(self.tau_draws, floor=0.0)

    @cached_property
    def new(self) -> Distribution:
        """Posterior predictive of a new study's true effect."""
        return Draws(self.new_draws)

    def study(self, i: int) -> Distribution:
        """Posterior of study i's own effect."""
        return Draws(self.theta_draws[:, i])

    @cached_property
    def _exact(self) -> Any:
        if not self.exact_model:
            raise InputError("this model has no exact evidence; Bayes factors need the normal-normal model")
        return fit_core(self.model)

    @property
    def log_evidence(self) -> float:
        """Log marginal likelihood, by quadrature; NaN where only the sampler knows the model."""
        return float(self._exact.log_evidence) if self.exact_model else float("nan")

    def log_point(self, mu: float) -> float:
        """Log evidence where the mean effect is exactly ``mu``, by quadrature."""
        return float(self._exact.log_point(mu))

    def log_homogeneous(self) -> float:
        """Log evidence without heterogeneity, by quadrature."""
        return float(self._exact.log_homogeneous())

    def sample(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Joint draws, resampled."""
        at = rng.integers(self.mu_draws.size, size=size)
        return self.mu_draws[at], self.tau_draws[at]


def fit_pymc(
    model: Model,
    *,
    effects: EffectSizes,
    level: float,
    seed: int | None,
    notes: Notes,
    allow_failed: bool = False,
    heterogeneity: str = "normal",
    sampler: Mapping[str, Any] | None = None,
) -> Posterior:
    """Sample the posterior with NUTS.

    Parameters
    ----------
    model : Model
        Data and priors.
    effects : EffectSizes
        All rows, kept on the result.
    level : float
        Default level of intervals.
    seed : int or None
        Seed of the sampler.
    notes : Notes
        Collects warnings.
    allow_failed : bool
        Return a sample whose diagnostics failed, with warnings.
    heterogeneity : {"normal", "t"}
        Distribution of the study effects.
    sampler : mapping, optional
        Options of the sampler, as :func:`~meta.bayes.sampler_options.sampler_options` checks them.

    Returns
    -------
    Posterior
    """
    if model.covariance is not None:
        raise InputError("the PyMC engine needs independent sampling errors; use engine='exact'")
    compat.load()
    built = normal_normal(model) if heterogeneity == "normal" else student_t(model)
    inference_data = compat.sample(built, dict(sampler or {}), seed=seed)
    names = ["mu"] if isinstance(model.tau, Fixed) else ["mu", "tau"]
    found = check(inference_data, names, allow_failed=allow_failed, notes=notes)
    drawn = compat.posterior_draws(inference_data)
    core = _core(model, drawn, heterogeneity, np.random.default_rng(seed))
    return Posterior(
        effects, core, level, "pymc", model.effect, model.tau, notes.messages, inference_data, found
    )


def check(inference_data: Any, names: list[str], *, allow_failed: bool, notes: Notes) -> compat.Diagnostics:
    """Refuse a sample whose diagnostics failed, or note it where that was asked for."""
    found = compat.diagnostics(inference_data, names)
    failures = found.failures()
    if failures and not allow_failed:
        raise DiagnosticsError(
            f"the sampler's diagnostics failed, so its answer is withheld: {'; '.join(failures)}; draw more, "
            "raise target_accept, use engine='exact', or pass allow_failed=True"
        )
    for failure in failures:
        notes.warn(f"diagnostics failed: {failure}", AssumptionWarning)
    return found


def _core(
    model: Model, drawn: dict[str, np.ndarray], heterogeneity: str, rng: np.random.Generator
) -> DrawsCore:
    mu = drawn["mu"].ravel()
    tau = np.full(mu.size, model.tau.value) if isinstance(model.tau, Fixed) else drawn["tau"].ravel()
    if heterogeneity == "normal":
        theta = draw_study_effects(mu, tau, model.rows, rng)
        new = mu + tau * rng.standard_normal(mu.size)
        return DrawsCore(model, mu, tau, theta, new)
    share = drawn["share"].reshape(mu.size, model.k)
    theta = np.column_stack(
        [
            draw_study_effects(mu, tau / np.sqrt(share[:, i]), model.rows.pick(np.array([i])), rng)[:, 0]
            for i in range(model.k)
        ]
    )
    return DrawsCore(model, mu, tau, theta, mu + tau * rng.standard_t(4.0, size=mu.size), exact_model=False)
