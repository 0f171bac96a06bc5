"""The joint posterior of a meta-regression's coefficients: combinations of them, and new true effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.bayes.distributions import Distribution, Draws, PointMass
from meta.bayes.effect_priors import Fixed, Normal
from meta.bayes.exact import tau_axis, tau_edges
from meta.bayes.prior_base import Prior
from meta.kernels.adaptive_quadrature import PanelDensity, adapt
from meta.kernels.mixtures import NormalMixture
from meta.kernels.normal_normal_model import ConditionalRegression, conditional_regression


@dataclass(frozen=True)
class Joint:
    """A mixture of normals over values of tau, or over draws.

    Attributes
    ----------
    means : ndarray of shape (n, p)
    covariances : ndarray of shape (n, p, p)
        Zero where a component is one draw.
    tau, weights : ndarray of shape (n,)
    drawn : bool
        Whether the components are draws of a sampler.
    """

    means: np.ndarray
    covariances: np.ndarray
    tau: np.ndarray
    weights: np.ndarray
    drawn: bool = False

    @property
    def vcov(self) -> np.ndarray:
        """Posterior covariance of the coefficients, (p, p)."""
        centred = self.means - self.weights @ self.means
        between = np.einsum("n,ni,nj->ij", self.weights, centred, centred)
        return np.asarray(np.einsum("n,nij->ij", self.weights, self.covariances) + between)

    def combined(self, row: np.ndarray) -> Distribution:
        """Posterior of one linear combination of the coefficients."""
        means = self.means @ row
        if not row.any():
            return PointMass(0.0)
        if self.drawn:
            return Draws(means)
        sds = np.sqrt(np.einsum("i,nij,j->n", row, self.covariances, row))
        return NormalMixture.pruned(means, sds, self.weights)

    def new(self, row: np.ndarray) -> Distribution:
        """Posterior predictive of the true effect of a new study there."""
        variance = np.einsum("i,nij,j->n", row, self.covariances, row) + self.tau**2
        # A tau of 0 has no density; a spread far below any effect's stands for it.
        sds = np.sqrt(np.maximum(variance, 1e-300))
        return NormalMixture.pruned(self.means @ row, sds, self.weights)


@dataclass(frozen=True)
class Integrated:
    """What quadrature over tau gives: nodes, their weights, the moments there, and tau's own posterior."""

    nodes: np.ndarray
    weights: np.ndarray
    given: ConditionalRegression
    tau: Distribution
    log_evidence: float
    error: float


def integrate(
    y: np.ndarray, v: np.ndarray, x: np.ndarray, priors: tuple[Prior, ...], tau: Prior
) -> Integrated:
    """Quadrature over tau of the normal regression; priors are normal or flat, ``tau`` is resolved."""
    mean0 = np.array([prior.mean if isinstance(prior, Normal) else 0.0 for prior in priors])
    variance0 = np.array([prior.sd**2 if isinstance(prior, Normal) else np.inf for prior in priors])

    def given(nodes: np.ndarray) -> ConditionalRegression:
        return conditional_regression(nodes * nodes, y, v, x, prior_mean=mean0, prior_variance=variance0)

    if isinstance(tau, Fixed):
        nodes = np.array([tau.value])
        at = given(nodes)
        return Integrated(nodes, np.ones(1), at, PointMass(tau.value), float(at.log_likelihood[0]), 0.0)
    axis = tau_axis(v)
    panels = adapt(
        lambda z: tau.logpdf(axis.x(z)) + given(axis.x(z)).log_likelihood + axis.log_jacobian(z),
        tau_edges(axis, tau),
    )
    weights, nodes = panels.weights, axis.x(panels.z.ravel())
    keep = weights > 1e-18
    nodes, weights = nodes[keep], weights[keep] / weights[keep].sum()
    density = PanelDensity(axis, panels)
    return Integrated(nodes, weights, given(nodes), density, panels.log_integral, panels.error)
