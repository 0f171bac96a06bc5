"""The prior predictive distribution of a new study's effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from meta.bayes.effect_priors import Fixed, Normal
from meta.bayes.prior_base import Prior
from meta.kernels.adaptive_quadrature import legendre_rule
from meta.kernels.mixtures import NormalMixture


def _uniform_rule(panels: int = 40) -> tuple[np.ndarray, np.ndarray]:
    nodes, weights, _ = legendre_rule(12)
    # Crowded towards both ends, because quantile functions are steep there.
    edges = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, panels + 1))
    half = 0.5 * np.diff(edges)
    q = (0.5 * (edges[1:] + edges[:-1]))[:, None] + half[:, None] * nodes
    return q.ravel(), (half[:, None] * weights).ravel()


@dataclass(frozen=True)
class _Convolved:
    effect: Prior
    tau: np.ndarray
    weights: np.ndarray

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(theta_new <= x) by quadrature over both priors' quantiles."""
        q, w = _uniform_rule(20)
        mu = self.effect.ppf(q)
        gap = np.asarray(x, dtype=float)[..., None, None] - mu[:, None]
        inner = special.ndtr(gap / np.maximum(self.tau, 1e-300))
        return np.einsum("...mt,m,t->...", inner, w, self.weights)


def prior_predictive(effect: Prior, tau: Prior) -> NormalMixture | _Convolved:
    """Distribution of theta_new = mu + tau z under the priors alone.

    Examples
    --------
    >>> from meta.bayes.priors import HalfNormal
    >>> round(float(prior_predictive(Normal(0, 1), HalfNormal(0.5)).cdf(0.0)), 6)
    0.5
    """
    if isinstance(tau, Fixed):
        nodes, weights = np.array([tau.value]), np.ones(1)
    else:
        q, weights = _uniform_rule()
        nodes = tau.ppf(q)
    if isinstance(effect, Normal):
        return NormalMixture(np.full(nodes.size, effect.mean), np.sqrt(effect.sd**2 + nodes**2), weights)
    return _Convolved(effect, nodes, weights)
