"""Priors of the mean effect, and those that serve for either parameter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from meta.arguments import check_arguments
from meta.bayes.prior_base import LOG_2PI, On, Prior, array, check_on, finite, positive
from meta.errors import InputError
from meta.keywords import keywords


@keywords
@dataclass(frozen=True)
class Flat(Prior):
    """The improper uniform prior, of density one; for mu on the whole line, for tau above zero."""

    proper: ClassVar[bool] = False
    tail: ClassVar[float] = 0.0

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Zero everywhere."""
        return np.zeros_like(array(x))

    def scaled(self, factor: float) -> Flat:
        """Itself: a flat prior cannot be wider."""
        return self


@keywords
@dataclass(frozen=True)
class Fixed(Prior):
    """A parameter that is known; ``tau=Fixed(0)`` is the common-effect model."""

    value: float
    scale_fields: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        finite(self, "value")

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Infinite at the value, ``-inf`` elsewhere."""
        return np.where(array(x) == self.value, np.inf, -np.inf)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """A step at the value."""
        return np.where(array(x) >= self.value, 1.0, 0.0)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """The value."""
        return np.full_like(array(q), self.value)


@keywords
@dataclass(frozen=True)
class Normal(Prior):
    """Normal(mean, sd).

    >>> float(Normal(0, 2).ppf(0.975).round(3)), float(Normal(0, 2).cdf(0.0))
    (3.92, 0.5)
    """

    mean: float = 0.0
    sd: float = 1.0
    scale_fields: ClassVar[tuple[str, ...]] = ("sd",)

    def __post_init__(self) -> None:
        finite(self, "mean")
        positive(self, "sd")

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        z = np.clip((array(x) - self.mean) / self.sd, -1e150, 1e150)
        return -0.5 * z * z - 0.5 * LOG_2PI - np.log(self.sd)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return special.ndtr((array(x) - self.mean) / self.sd)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        return self.mean + self.sd * special.ndtri(array(q))


def _log_t(z: np.ndarray, df: float) -> np.ndarray:
    constant = special.gammaln(0.5 * (df + 1)) - special.gammaln(0.5 * df) - 0.5 * np.log(df * np.pi)
    return constant - 0.5 * (df + 1) * np.log1p(z * z / df)


@keywords
@dataclass(frozen=True)
class StudentT(Prior):
    """Student's t with location, scale and degrees of freedom."""

    location: float = 0.0
    scale: float = 1.0
    df: float = 3.0

    def __post_init__(self) -> None:
        finite(self, "location")
        positive(self, "scale", "df")

    @property
    def tail(self) -> float:  # type: ignore[override]
        """Df + 1."""
        return self.df + 1.0

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        return _log_t((array(x) - self.location) / self.scale, self.df) - np.log(self.scale)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return special.stdtr(self.df, (array(x) - self.location) / self.scale)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        return self.location + self.scale * special.stdtrit(self.df, array(q))


@keywords
@dataclass(frozen=True)
class Cauchy(Prior):
    """Cauchy(location, scale)."""

    location: float = 0.0
    scale: float = 1.0
    tail: ClassVar[float] = 2.0

    def __post_init__(self) -> None:
        finite(self, "location")
        positive(self, "scale")

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        z = (array(x) - self.location) / self.scale
        return -np.log(np.pi * self.scale) - np.log1p(z * z)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return 0.5 + np.arctan((array(x) - self.location) / self.scale) / np.pi

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        return self.location + self.scale * np.tan(np.pi * (array(q) - 0.5))


@keywords
@dataclass(frozen=True)
class Uniform(Prior):
    """Uniform between two bounds; with ``on="tau2"`` it is tau2 that is uniform."""

    low: float = 0.0
    high: float = 1.0
    on: On = "tau"
    scale_fields: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        finite(self, "low", "high")
        check_on(self.on)
        if self.high <= self.low:
            raise InputError(f"Uniform: high must exceed low, not {self.low!r} and {self.high!r}")
        if self.on == "tau2" and self.low < 0:
            raise InputError(f"Uniform: low must be >= 0 on tau2, not {self.low!r}")

    @property
    def support(self) -> tuple[float, float]:  # type: ignore[override]
        """The bounds, on the scale of tau."""
        return (self.low, self.high) if self.on == "tau" else (self.low**0.5, self.high**0.5)

    def scaled(self, factor: float) -> Uniform:
        """Bounds spread about the middle, or the upper bound moved where the lower one is zero."""
        if self.low == 0:
            return Uniform(0.0, self.high * (factor if self.on == "tau" else factor**2), self.on)
        middle, half = 0.5 * (self.low + self.high), 0.5 * (self.high - self.low) * factor
        return Uniform(middle - half, middle + half, self.on)

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        x = array(x)
        inside = (x >= self.support[0]) & (x <= self.support[1])
        with np.errstate(divide="ignore", invalid="ignore"):
            jacobian = np.log(2.0 * x) if self.on == "tau2" else 0.0
        return np.where(inside, jacobian - np.log(self.high - self.low), -np.inf)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        x = np.maximum(array(x), 0.0) ** 2 if self.on == "tau2" else array(x)
        return np.clip((x - self.low) / (self.high - self.low), 0.0, 1.0)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        x = self.low + array(q) * (self.high - self.low)
        return np.sqrt(x) if self.on == "tau2" else x


MOST_SHOWN = 3
"""Components of a mixture that are printed one by one; of more the mean and SD say more."""


@keywords
@dataclass(frozen=True)
class NormalMixturePrior(Prior):
    """A mixture of normals for mu, as a meta-analytic-predictive prior gives it."""

    weights: tuple[float, ...]
    means: tuple[float, ...]
    sds: tuple[float, ...]
    label: str = field(default="", compare=False)
    scale_fields: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        check_arguments(NormalMixturePrior, vars(self))
        if not (len(self.weights) == len(self.means) == len(self.sds) > 0):
            raise InputError(
                "NormalMixturePrior: weights, means and sds must have the same length, at least one"
            )
        fine = min(self.sds) > 0 and min(self.weights) >= 0 and abs(sum(self.weights) - 1) <= 1e-9
        if not (fine and np.isfinite([*self.means, *self.sds]).all()):
            raise InputError(
                "NormalMixturePrior: sds must be > 0, weights must be >= 0 and sum to 1, all finite"
            )

    def __str__(self) -> str:
        if len(self.weights) <= MOST_SHOWN and not self.label:
            return super().__str__()
        w, m, s = (np.array(part) for part in (self.weights, self.means, self.sds))
        mean = float(w @ m)
        sd = float(np.sqrt(w @ (s**2 + (m - mean) ** 2)))
        name = f"{self.label}: " if self.label else ""
        return f"{name}mixture of {w.size} normals with mean {mean:.4g} and SD {sd:.4g}"

    def scaled(self, factor: float) -> NormalMixturePrior:
        """Widen about the overall mean."""
        centre = float(np.dot(self.weights, self.means))
        means = tuple(centre + factor * (m - centre) for m in self.means)
        return NormalMixturePrior(self.weights, means, tuple(s * factor for s in self.sds), self.label)

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        z = (array(x)[..., None] - np.array(self.means)) / np.array(self.sds)
        with np.errstate(divide="ignore"):
            terms = np.log(self.weights) - 0.5 * z * z - 0.5 * LOG_2PI - np.log(self.sds)
        return special.logsumexp(terms, axis=-1)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return special.ndtr((array(x)[..., None] - np.array(self.means)) / np.array(self.sds)) @ np.array(
            self.weights
        )

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        from meta.kernels.mixtures import NormalMixture

        return NormalMixture(np.array(self.means), np.array(self.sds), np.array(self.weights)).ppf(q)
