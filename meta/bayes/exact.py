"""The exact engine where mu integrates analytically: one-dimensional adaptive quadrature over tau."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from meta.bayes.distributions import Distribution, PointMass
from meta.bayes.effect_priors import Fixed, Normal
from meta.bayes.model import Model
from meta.bayes.prior_base import Prior
from meta.kernels.adaptive_quadrature import Axis, PanelDensity, Panels, adapt
from meta.kernels.mixtures import NormalMixture
from meta.kernels.normal_normal_model import Conditional, conditional, log_likelihood_at, rotate, shrinkage

FIRST_PANELS = 12


def tau_axis(v: np.ndarray) -> Axis:
    """The quadrature axis of tau, centred where sampling and heterogeneity are of equal size."""
    return Axis(scale=float(np.exp(0.5 * np.log(v).mean())), log=True)


def tau_edges(axis: Axis, prior: Prior) -> np.ndarray:
    """First panels, split at the prior's kinks and limited to its support."""
    low = float(axis.z(max(prior.support[0], 0.0)))
    high = float(axis.z(prior.support[1]))
    kinks = [z for z in axis.z(np.array(prior.kinks)).tolist() if low < z < high] if prior.kinks else []
    inner = [z for z in np.linspace(-1.0, 1.0, FIRST_PANELS + 1).tolist() if low < z < high]
    return np.unique([low, *inner, *kinks, high])


@dataclass(frozen=True)
class AnalyticCore:
    """Posterior of the normal-normal model under a normal or flat prior of mu.

    Attributes
    ----------
    model : Model
    panels : Panels or None
        The quadrature over tau; None where tau is fixed.
    axis : Axis
    nodes : ndarray of shape (t,)
        Values of tau.
    weights : ndarray of shape (t,)
        Their posterior probabilities.
    given : Conditional
        Moments of mu at each node.
    """

    model: Model
    y: np.ndarray
    v: np.ndarray
    x: np.ndarray | None
    basis: np.ndarray | None
    axis: Axis
    panels: Panels | None
    nodes: np.ndarray
    weights: np.ndarray
    given: Conditional
    log_evidence: float
    error: float

    @cached_property
    def mu(self) -> Distribution:
        """Marginal posterior of the mean effect."""
        return NormalMixture.pruned(self.given.mean, np.sqrt(self.given.variance), self.weights)

    @cached_property
    def tau(self) -> Distribution:
        """Marginal posterior of tau."""
        if self.panels is None:
            return PointMass(float(self.nodes[0]))
        return PanelDensity(self.axis, self.panels)

    @cached_property
    def new(self) -> Distribution:
        """Posterior predictive of a new study's true effect."""
        return NormalMixture.pruned(
            self.given.mean, np.sqrt(self.given.variance + self.nodes**2), self.weights
        )

    def study(self, i: int) -> Distribution:
        """Posterior of study i's own effect."""
        lines = shrinkage(self.nodes**2, self.y, self.v)
        if self.basis is None:
            a, b, s2 = lines.a[:, i], lines.b[:, i], lines.s[:, i] ** 2
        else:
            row = self.basis[i]
            a, b, s2 = lines.a @ row, (lines.b * self.x) @ row, lines.s**2 @ row**2
        variance = s2 + b * b * self.given.variance
        return NormalMixture.pruned(a + b * self.given.mean, np.sqrt(variance), self.weights)

    def log_point(self, mu: float) -> float:
        """Log evidence of the model in which the mean effect is exactly ``mu``."""
        return integrate_tau(
            self.model.tau, self.axis, lambda t: log_likelihood_at(mu, t * t, self.y, self.v, x=self.x)
        )

    def log_homogeneous(self) -> float:
        """Log evidence of the model without heterogeneity."""
        return float(self._marginal(np.zeros(1))[0])

    def _marginal(self, tau: np.ndarray) -> np.ndarray:
        return _conditional(self.model, tau, self.y, self.v, self.x).log_likelihood

    def sample(self, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Independent joint draws of mu and tau."""
        tau = np.asarray(self.tau.ppf(rng.uniform(size=size)))
        given = _conditional(self.model, tau, self.y, self.v, self.x)
        return given.mean + np.sqrt(given.variance) * rng.standard_normal(size), tau


def integrate_tau(prior: Prior, axis: Axis, log_likelihood: object) -> float:
    """Log of the integral over tau of prior times likelihood."""
    if isinstance(prior, Fixed):
        return float(log_likelihood(np.array([prior.value]))[0])  # type: ignore[operator]

    def log_joint(z: np.ndarray) -> np.ndarray:
        tau = axis.x(z)
        return prior.logpdf(tau) + log_likelihood(tau) + axis.log_jacobian(z)  # type: ignore[operator]

    return adapt(log_joint, tau_edges(axis, prior)).log_integral


def _conditional(
    model: Model, tau: np.ndarray, y: np.ndarray, v: np.ndarray, x: np.ndarray | None
) -> Conditional:
    effect = model.effect
    # the axis reaches far beyond any tau that has weight
    tau2 = np.minimum(tau, 1e150) ** 2
    if isinstance(effect, Normal):
        return conditional(tau2, y, v, x=x, prior_mean=effect.mean, prior_variance=effect.sd**2)
    return conditional(tau2, y, v, x=x)


def fit_analytic(model: Model) -> AnalyticCore:
    """Integrate over tau adaptively; mu is analytic."""
    y, v, x, basis = model.rows.y, model.rows.v, None, None
    if model.covariance is not None:
        y, v, x, basis = rotate(y, model.covariance)
    axis = tau_axis(v)
    if isinstance(model.tau, Fixed):
        nodes = np.array([model.tau.value])
        given = _conditional(model, nodes, y, v, x)
        evidence = float(given.log_likelihood[0])
        return AnalyticCore(model, y, v, x, basis, axis, None, nodes, np.ones(1), given, evidence, 0.0)

    def log_joint(z: np.ndarray) -> np.ndarray:
        tau = axis.x(z)
        likelihood = _conditional(model, tau, y, v, x).log_likelihood
        return model.tau.logpdf(tau) + likelihood + axis.log_jacobian(z)

    panels = adapt(log_joint, tau_edges(axis, model.tau))
    weights, nodes = panels.weights, axis.x(panels.z.ravel())
    keep = weights > 1e-18
    nodes, weights = nodes[keep], weights[keep]
    given = _conditional(model, nodes, y, v, x)
    return AnalyticCore(
        model,
        y,
        v,
        x,
        basis,
        axis,
        panels,
        nodes,
        weights / weights.sum(),
        given,
        panels.log_integral,
        panels.error,
    )
