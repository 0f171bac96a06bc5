"""Joint priors of many slopes that pull the small ones to zero: normal, given scales that are drawn.

A slope is meant per standard deviation of its moderator, so that one prior fits all of them.

>>> print(RegularisedHorseshoe(expected=2))
RegularisedHorseshoe(expected=2, slab=1, slab_df=4)
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np

from meta.arguments import check_seed, is_number
from meta.errors import InputError
from meta.formatting import shown
from meta.keywords import keywords


@dataclass(frozen=True)
class SlopesPrior:
    """Base of the joint priors: slope j is Normal(0, s_j), and the s_j have a distribution.

    Attributes
    ----------
    proper : bool
        They all are.
    citation : str
        Where it was proposed, with DOI.
    """

    proper: ClassVar[bool] = True
    citation: ClassVar[str] = ""

    def check(self, p: int) -> None:
        """Refuse a number of moderators that the prior is not made for."""

    def add_scales(self, p: int, k: int, typical: float) -> Any:
        """Add the scales of ``p`` slopes to the PyMC model under construction."""
        raise NotImplementedError

    def draw_scales(self, p: int, k: int, typical: float, size: int, rng: np.random.Generator) -> np.ndarray:
        """Draw scales from the prior: shape (size, p).

        Parameters
        ----------
        p, k : int
            Numbers of slopes and of studies.
        typical : float
            Typical sampling variance of the studies.
        size : int
            Number of draws.
        rng : Generator
            Source of randomness.
        """
        raise NotImplementedError

    def draw(
        self, p: int, k: int, typical: float, size: int = 1, *, seed: int | np.random.Generator | None = None
    ) -> np.ndarray:
        """Draw slopes from the prior: shape (size, p).

        >>> RegularisedHorseshoe(expected=1).draw(5, 20, 0.1, size=3, seed=1).shape
        (3, 5)
        """
        rng = np.random.default_rng(check_seed(seed))
        return self.draw_scales(p, k, typical, size, rng) * rng.standard_normal((size, p))

    def __str__(self) -> str:
        shown = ", ".join(f"{f.name}={getattr(self, f.name):g}" for f in fields(self))
        return f"{type(self).__name__}({shown})"

    def _positive(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if not is_number(value):
                raise InputError(f"{type(self).__name__}: {name} must be a number, not {shown(value)}")
            if not (np.isfinite(value) and value > 0):
                raise InputError(f"{type(self).__name__}: {name} must be > 0 and finite, not {value!r}")


@keywords
@dataclass(frozen=True)
class RegularisedHorseshoe(SlopesPrior):
    """Few slopes matter and most are near zero; even those that matter are not larger than the slab.

    s_j^2 = c^2 g^2 l_j^2 / (c^2 + g^2 l_j^2) with l_j ~ HalfCauchy(1), g ~ HalfCauchy(g0) and
    c^2 ~ InverseGamma(slab_df/2, slab_df slab^2/2). g0 = expected/(p - expected) sqrt(v/k), where v is the
    typical sampling variance of the k studies, is the scale at which ``expected`` of p slopes stand out.

    Attributes
    ----------
    expected : float
        How many moderators are expected to matter; less than there are.
    slab, slab_df : float
        Scale and degrees of freedom of the Student t that bounds large slopes.

    References
    ----------
    Piironen J, Vehtari A (2017). Sparsity information and regularization in the horseshoe and other
    shrinkage priors. doi:10.1214/17-EJS1337SI. In meta-regression: Van Lissa CJ, van Erp S, Clapper E-B
    (2023). Selecting relevant moderators with Bayesian regularized meta-regression. doi:10.1002/jrsm.1628

    Examples
    --------
    >>> RegularisedHorseshoe(expected=2).global_scale(p=10, k=25, typical=0.04)
    0.01
    """

    expected: float
    slab: float = 1.0
    slab_df: float = 4.0
    citation: ClassVar[str] = "Piironen & Vehtari 2017, doi:10.1214/17-EJS1337SI"

    def __post_init__(self) -> None:
        self._positive("expected", "slab", "slab_df")

    def check(self, p: int) -> None:
        """Refuse to expect as many slopes as there are."""
        if self.expected >= p:
            raise InputError(
                f"expected={self.expected:g} must be less than the number of moderators, {p}; with so few "
                "use slopes=meta.Normal(0, 0.5)"
            )

    def global_scale(self, p: int, k: int, typical: float) -> float:
        """The scale g0 of the global half-Cauchy."""
        return float(self.expected / (p - self.expected) * np.sqrt(typical / k))

    def add_scales(self, p: int, k: int, typical: float) -> Any:
        """Add the scales of ``p`` slopes to the PyMC model under construction."""
        import pymc as pm

        local = pm.HalfCauchy("local", beta=1.0, shape=p)
        reach = self.global_scale(p, k, typical) * pm.HalfCauchy("global", beta=1.0) * local
        slab2 = self.slab**2 * pm.InverseGamma("slab", alpha=0.5 * self.slab_df, beta=0.5 * self.slab_df)
        return reach / pm.math.sqrt(1.0 + reach**2 / slab2)

    def draw_scales(self, p: int, k: int, typical: float, size: int, rng: np.random.Generator) -> np.ndarray:
        """Draw scales from the prior: shape (size, p)."""
        local = np.abs(rng.standard_cauchy((size, p)))
        reach = self.global_scale(p, k, typical) * np.abs(rng.standard_cauchy((size, 1))) * local
        slab2 = self.slab**2 * 0.5 * self.slab_df / rng.gamma(0.5 * self.slab_df, size=(size, 1))
        return reach / np.sqrt(1.0 + reach**2 / slab2)


@keywords
@dataclass(frozen=True)
class LaplaceSlopes(SlopesPrior):
    """Slopes are Laplace(0, b) with one b ~ HalfNormal(scale) for all: the Bayesian lasso, milder on many.

    As a scale mixture: s_j^2 = 2 b^2 e_j with e_j exponential of mean 1.

    Attributes
    ----------
    scale : float
        Of the half-normal prior of b.

    References
    ----------
    Park T, Casella G (2008). The Bayesian lasso. doi:10.1198/016214508000000337

    Examples
    --------
    >>> print(LaplaceSlopes(0.3))
    LaplaceSlopes(scale=0.3)
    """

    scale: float = 0.5
    citation: ClassVar[str] = "Park & Casella 2008, doi:10.1198/016214508000000337"

    def __post_init__(self) -> None:
        self._positive("scale")

    def add_scales(self, p: int, k: int, typical: float) -> Any:
        """Add the scales of ``p`` slopes to the PyMC model under construction."""
        import pymc as pm

        b = self.scale * pm.HalfNormal("global", sigma=1.0)
        return b * pm.math.sqrt(2.0 * pm.Exponential("local", lam=1.0, shape=p))

    def draw_scales(self, p: int, k: int, typical: float, size: int, rng: np.random.Generator) -> np.ndarray:
        """Draw scales from the prior: shape (size, p)."""
        b = self.scale * np.abs(rng.standard_normal((size, 1)))
        return b * np.sqrt(2.0 * rng.exponential(size=(size, p)))
