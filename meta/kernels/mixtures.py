"""Scale mixtures of normals: the marginals of mu, a new effect and each study's own effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from meta.kernels.adaptive_quadrature import invert


@dataclass(frozen=True)
class NormalMixture:
    """A finite mixture of normals.

    Attributes
    ----------
    means, sds, weights : ndarray of shape (n,)
        Components; the weights sum to one.

    Examples
    --------
    >>> both = NormalMixture(np.array([-1.0, 1.0]), np.array([1.0, 1.0]), np.array([0.5, 0.5]))
    >>> both.mean, round(both.sd, 4), float(both.cdf(0.0)), float(both.ppf(0.5))
    (0.0, 1.4142, 0.5, 0.0)
    """

    means: np.ndarray
    sds: np.ndarray
    weights: np.ndarray

    @classmethod
    def pruned(cls, means: np.ndarray, sds: np.ndarray, weights: np.ndarray) -> NormalMixture:
        """Leave out components without weight and normalise."""
        keep = weights > 1e-17 * weights.max()
        return cls(means[keep], sds[keep], weights[keep] / weights[keep].sum())

    def _z(self, x: ArrayLike) -> np.ndarray:
        return (np.asarray(x, dtype=float)[..., None] - self.means) / self.sds

    def pdf(self, x: ArrayLike) -> np.ndarray:
        """Density at ``x``."""
        z = self._z(x)
        return np.exp(-0.5 * z * z) @ (self.weights / self.sds) / np.sqrt(2.0 * np.pi)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return np.minimum(special.ndtr(self._z(x)) @ self.weights, 1.0)

    def sf(self, x: ArrayLike) -> np.ndarray:
        """P(X > x), accurate in the upper tail."""
        return np.minimum(special.ndtr(-self._z(x)) @ self.weights, 1.0)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        q = np.asarray(q, dtype=float)
        flat = np.atleast_1d(q).ravel()
        ends = (flat <= 0) | (flat >= 1)
        inner = np.where(ends, 0.5, flat)
        z = special.ndtri(inner)[:, None]
        candidates = self.means + self.sds * z
        x = invert(self.cdf, self.pdf, inner, candidates.min(axis=1), candidates.max(axis=1))
        return np.where(ends, np.where(flat <= 0, -np.inf, np.inf), x).reshape(q.shape)

    @property
    def mean(self) -> float:
        """Expectation."""
        return float(self.weights @ self.means)

    @property
    def sd(self) -> float:
        """Standard deviation."""
        return float(np.sqrt(self.weights @ (self.sds**2 + (self.means - self.mean) ** 2)))
