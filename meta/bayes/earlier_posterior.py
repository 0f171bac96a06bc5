"""What an earlier fit found, as the prior of a later one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from meta.bayes.distributions import Draws, PointMass
from meta.bayes.effect_priors import Fixed, NormalMixturePrior
from meta.bayes.prior_base import Prior, array
from meta.errors import InputError
from meta.kernels.adaptive_quadrature import PanelDensity
from meta.kernels.mixtures import NormalMixture

__all__ = ["Earlier", "prior_of"]


@dataclass(frozen=True, eq=False)
class Earlier(Prior):
    """A marginal of an exact posterior that is not a mixture of normals: its density on panels."""

    density: PanelDensity
    scale_fields: ClassVar[tuple[str, ...]] = ()

    @property
    def support(self) -> tuple[float, float]:  # type: ignore[override]
        """All numbers, or those above zero for a heterogeneity."""
        return (0.0 if self.density.axis.log else -np.inf, np.inf)

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        with np.errstate(divide="ignore"):
            return np.log(self.density.pdf(array(x)))

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return self.density.cdf(array(x))

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        return self.density.ppf(array(q))

    def scaled(self, factor: float) -> Prior:
        """Refused: what was found has the width that it has."""
        raise InputError(
            "a posterior that serves as a prior cannot be widened; see meta.priors.map_prior(robust=)"
        )

    def __str__(self) -> str:
        return f"earlier posterior(mean={self.density.mean:.4g}, sd={self.density.sd:.4g})"


def prior_of(distribution: object) -> Prior | None:
    """The prior that a marginal such as ``fit.distribution("new")`` is; None for anything else.

    A mixture of normals stays one, and a fixed value a fixed value. Draws are refused: the density that
    a kernel makes of them is too rough to compute evidences with.
    """
    if isinstance(distribution, NormalMixture):
        parts = (distribution.weights, distribution.means, distribution.sds)
        weights, means, sds = (tuple(map(float, part)) for part in parts)
        return NormalMixturePrior(weights, means, sds, "earlier posterior")
    if isinstance(distribution, PanelDensity):
        return Earlier(distribution)
    if isinstance(distribution, PointMass):
        return Fixed(distribution.value)
    if isinstance(distribution, Draws):
        raise InputError(
            "draws have no exact density to serve as a prior; fit the earlier studies with engine='exact', "
            "or summarise them by a prior such as meta.Normal"
        )
    return None
