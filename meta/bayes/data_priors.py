"""Priors whose scale comes from the studies' own variances, and the unit-information SD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import floats
from meta.bayes.prior_base import Prior
from meta.bayes.tau_priors import Lomax, UniformShrinkage
from meta.errors import InputError
from meta.keywords import keywords

__all__ = ["DuMouchel", "Jeffreys", "Shrinkage", "unit_information_sd"]


@dataclass(frozen=True)
class _FromData(Prior):
    """Resolved when the data are known; until then it has no density."""

    support: ClassVar[tuple[float, float]] = (0.0, np.inf)
    scale_fields: ClassVar[tuple[str, ...]] = ("factor",)
    factor: float = 1.0

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Only the resolved prior has a density."""
        raise InputError(f"{type(self).__name__} takes its scale from the data; call .resolve(yi, vi) first")


def harmonic_scale(vi: np.ndarray) -> float:
    """Square root of the harmonic mean of the sampling variances."""
    return float(np.sqrt(vi.size / np.sum(1.0 / vi)))


@keywords
@dataclass(frozen=True)
class DuMouchel(_FromData):
    """p(tau) = s0/(s0 + tau)^2, s0^2 the harmonic mean of v; its median is s0.

    >>> print(DuMouchel().resolve(None, np.array([1.0, 4.0])))
    Lomax(scale=1.26491, shape=1)
    """

    citation: ClassVar[str] = "DuMouchel & Normand 2000, in Meta-Analysis in Medicine and Health Policy"

    def resolve(self, yi: np.ndarray, vi: np.ndarray) -> Prior:
        """The Lomax prior that it is for these variances."""
        return Lomax(self.factor * harmonic_scale(vi), 1.0)


@keywords
@dataclass(frozen=True)
class Shrinkage(_FromData):
    """s0^2/(s0^2 + tau2) uniform on (0, 1), s0^2 the harmonic mean of v."""

    citation: ClassVar[str] = "Daniels 1999, doi:10.2307/3316112"

    def resolve(self, yi: np.ndarray, vi: np.ndarray) -> Prior:
        """The uniform-shrinkage prior for these variances."""
        return UniformShrinkage(self.factor * harmonic_scale(vi))


@dataclass(frozen=True)
class _JeffreysOf(Prior):
    variances: tuple[float, ...] = ()
    support: ClassVar[tuple[float, float]] = (0.0, np.inf)
    proper: ClassVar[bool] = False
    tail: ClassVar[float] = 1.0

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log of sqrt(sum (tau/(v_i + tau2))^2)."""
        tau = np.asarray(x, dtype=float)[..., None]
        with np.errstate(divide="ignore"):
            return 0.5 * np.log(np.sum((tau / (np.array(self.variances) + tau * tau)) ** 2, axis=-1))

    def __str__(self) -> str:
        return "Jeffreys()"


@keywords
@dataclass(frozen=True)
class Jeffreys(_FromData):
    """Jeffreys' prior of tau, improper: sqrt of sum (tau/(v_i + tau2))^2; no Bayes factors."""

    proper: ClassVar[bool] = False
    tail: ClassVar[float] = 1.0
    citation: ClassVar[str] = "Bodnar et al. 2017, doi:10.1002/sim.7156"

    def resolve(self, yi: np.ndarray, vi: np.ndarray) -> Prior:
        """The prior for these variances."""
        return _JeffreysOf(tuple(float(v) for v in vi))


@keywords
def unit_information_sd(vi: ArrayLike, n: ArrayLike) -> float:
    """SD of one observation's worth of information, sqrt(sum n / sum 1/v).

    Roever et al. 2021, doi:10.1002/jrsm.1475: sqrt(n_bar * harmonic mean of v).

    >>> unit_information_sd([0.04, 0.01], [100, 400])
    2.0
    """
    v, sizes = floats(vi, "vi"), floats(n, "n")
    if v.shape != sizes.shape or v.size == 0:
        raise InputError(f"vi and n must have one value per study: {v.shape} and {sizes.shape}")
    if np.any(~(v > 0)) or np.any(~(sizes > 0)):
        raise InputError("vi and n must be > 0; leave out studies without them")
    return float(np.sqrt(sizes.sum() / np.sum(1.0 / v)))
