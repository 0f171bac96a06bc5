"""Priors of the heterogeneity: on tau, or on tau2 where they say ``on="tau2"``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from meta.bayes.effect_priors import Cauchy, Normal, StudentT
from meta.bayes.prior_base import On, Prior, array, check_on, finite, positive
from meta.keywords import keywords


@dataclass(frozen=True)
class _Positive(Prior):
    support: ClassVar[tuple[float, float]] = (0.0, np.inf)


@dataclass(frozen=True)
class _Folded(_Positive):
    """A symmetric distribution about zero, folded; :meth:`_whole` is the unfolded one."""

    @property
    def _whole(self) -> Prior:
        raise NotImplementedError

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        x = array(x)
        return np.where(x >= 0, self._whole.logpdf(x) + np.log(2.0), -np.inf)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return np.clip(1.0 - 2.0 * self._whole.cdf(-np.maximum(array(x), 0.0)), 0.0, 1.0)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        return -self._whole.ppf(0.5 * (1.0 - array(q)))


@keywords
@dataclass(frozen=True)
class HalfNormal(_Folded):
    """Half-normal with the given scale (the SD of the unfolded normal)."""

    scale: float = 1.0
    citation: ClassVar[str] = "Roever et al. 2021, doi:10.1002/jrsm.1475"

    def __post_init__(self) -> None:
        positive(self, "scale")

    @property
    def _whole(self) -> Prior:
        return Normal(0.0, self.scale)


@keywords
@dataclass(frozen=True)
class HalfStudentT(_Folded):
    """Half-Student-t with scale and degrees of freedom."""

    scale: float = 1.0
    df: float = 4.0
    citation: ClassVar[str] = "Gelman 2006, doi:10.1214/06-BA117A"

    def __post_init__(self) -> None:
        positive(self, "scale", "df")

    @property
    def tail(self) -> float:  # type: ignore[override]
        """Df + 1."""
        return self.df + 1.0

    @property
    def _whole(self) -> Prior:
        return StudentT(0.0, self.scale, self.df)


@keywords
@dataclass(frozen=True)
class HalfCauchy(_Folded):
    """Half-Cauchy with the given scale."""

    scale: float = 1.0
    tail: ClassVar[float] = 2.0
    citation: ClassVar[str] = "Polson & Scott 2012, doi:10.1214/12-BA730"

    def __post_init__(self) -> None:
        positive(self, "scale")

    @property
    def _whole(self) -> Prior:
        return Cauchy(0.0, self.scale)


@keywords
@dataclass(frozen=True)
class HalfLogistic(_Positive):
    """Half-logistic with the given scale."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        positive(self, "scale")

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        z = array(x) / self.scale
        return np.where(z >= 0, np.log(2.0 / self.scale) - z - 2.0 * np.log1p(np.exp(-np.abs(z))), -np.inf)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return np.tanh(np.maximum(array(x), 0.0) / (2.0 * self.scale))

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        return 2.0 * self.scale * np.arctanh(array(q))


@keywords
@dataclass(frozen=True)
class Exponential(_Positive):
    """Exponential; the scale is its mean (one over the rate)."""

    scale: float = 1.0

    def __post_init__(self) -> None:
        positive(self, "scale")

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        z = array(x) / self.scale
        return np.where(z >= 0, -z - np.log(self.scale), -np.inf)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return -np.expm1(-np.maximum(array(x), 0.0) / self.scale)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        return -self.scale * np.log1p(-array(q))


@keywords
@dataclass(frozen=True)
class Lomax(_Positive):
    """Lomax (Pareto II) with scale and shape; shape 1 at sqrt(harmonic mean of v) is DuMouchel's prior."""

    scale: float = 1.0
    shape: float = 1.0

    def __post_init__(self) -> None:
        positive(self, "scale", "shape")

    @property
    def tail(self) -> float:  # type: ignore[override]
        """Shape + 1."""
        return self.shape + 1.0

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        z = array(x) / self.scale
        value = np.log(self.shape / self.scale) - (self.shape + 1.0) * np.log1p(np.maximum(z, 0.0))
        return np.where(z >= 0, value, -np.inf)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        return -np.expm1(-self.shape * np.log1p(np.maximum(array(x), 0.0) / self.scale))

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        return self.scale * np.expm1(-np.log1p(-array(q)) / self.shape)


@keywords
@dataclass(frozen=True)
class UniformShrinkage(_Positive):
    """The shrinkage s^2/(s^2 + tau2) is uniform on (0, 1); ``scale`` is s."""

    scale: float = 1.0
    tail: ClassVar[float] = 3.0
    citation: ClassVar[str] = "Daniels 1999, doi:10.2307/3316112"

    def __post_init__(self) -> None:
        positive(self, "scale")

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density."""
        z = array(x) / self.scale
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(z >= 0, np.log(2.0 * z / self.scale) - 2.0 * np.log1p(z * z), -np.inf)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        z2 = (np.maximum(array(x), 0.0) / self.scale) ** 2
        return z2 / (1.0 + z2)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        q = array(q)
        with np.errstate(divide="ignore"):
            return self.scale * np.sqrt(q / (1.0 - q))


@dataclass(frozen=True)
class _Powered(_Positive):
    """A distribution of u = tau or u = tau2, by ``on``; subclasses give u's own log density, cdf and ppf."""

    @property
    def power(self) -> float:
        """2 where the distribution is that of tau2."""
        return 2.0 if self.on == "tau2" else 1.0  # type: ignore[attr-defined]

    def _log_u(self, log_u: np.ndarray) -> np.ndarray:
        """Log density of log u."""
        raise NotImplementedError

    def _cdf_u(self, log_u: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _ppf_log_u(self, q: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density on the scale of tau, whatever the scale of the parameters."""
        with np.errstate(divide="ignore", invalid="ignore"):
            log_x = np.log(array(x))
            value = self._log_u(self.power * log_x) + np.log(self.power) - log_x
        return np.where(array(x) > 0, value, -np.inf)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(tau <= x)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(array(x) > 0, self._cdf_u(self.power * np.log(np.maximum(array(x), 0.0))), 0.0)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function of tau."""
        with np.errstate(divide="ignore"):
            return np.exp(self._ppf_log_u(array(q)) / self.power)


@keywords
@dataclass(frozen=True)
class LogNormal(_Powered):
    """log tau (or log tau2) is normal with mean ``mu`` and SD ``sigma``."""

    mu: float = 0.0
    sigma: float = 1.0
    on: On = "tau"

    def __post_init__(self) -> None:
        finite(self, "mu")
        positive(self, "sigma")
        check_on(self.on)

    def scaled(self, factor: float) -> LogNormal:
        """Multiply tau by ``factor``."""
        return LogNormal(self.mu + self.power * np.log(factor), self.sigma, self.on)

    def _log_u(self, log_u: np.ndarray) -> np.ndarray:
        return Normal(self.mu, self.sigma).logpdf(log_u)

    def _cdf_u(self, log_u: np.ndarray) -> np.ndarray:
        return special.ndtr((log_u - self.mu) / self.sigma)

    def _ppf_log_u(self, q: np.ndarray) -> np.ndarray:
        return self.mu + self.sigma * special.ndtri(q)


@keywords
@dataclass(frozen=True)
class LogStudentT(_Powered):
    """log tau (or log tau2) is Student t with location ``mu``, scale ``sigma`` and ``df``."""

    mu: float = 0.0
    sigma: float = 1.0
    df: float = 5.0
    on: On = "tau"
    # The density falls like 1/tau over a power of log tau: just integrable.
    tail: ClassVar[float] = 1.0 + 1e-9

    def __post_init__(self) -> None:
        finite(self, "mu")
        positive(self, "sigma", "df")
        check_on(self.on)

    def scaled(self, factor: float) -> LogStudentT:
        """Multiply tau by ``factor``."""
        return LogStudentT(self.mu + self.power * np.log(factor), self.sigma, self.df, self.on)

    def _log_u(self, log_u: np.ndarray) -> np.ndarray:
        return StudentT(self.mu, self.sigma, self.df).logpdf(log_u)

    def _cdf_u(self, log_u: np.ndarray) -> np.ndarray:
        return special.stdtr(self.df, (log_u - self.mu) / self.sigma)

    def _ppf_log_u(self, q: np.ndarray) -> np.ndarray:
        return self.mu + self.sigma * special.stdtrit(self.df, q)


@keywords
@dataclass(frozen=True)
class InverseGamma(_Powered):
    """Inverse gamma with shape and scale; ``InverseGamma(1, 0.15)`` on tau is that of RoBMA and metaBMA."""

    shape: float = 1.0
    scale: float = 0.15
    on: On = "tau"
    citation: ClassVar[str] = "Gronau et al. 2017, doi:10.1080/23743603.2017.1326760"

    def __post_init__(self) -> None:
        positive(self, "shape", "scale")
        check_on(self.on)

    @property
    def tail(self) -> float:  # type: ignore[override]
        """Shape times the power of tau, plus 1."""
        return self.power * self.shape + 1.0

    def scaled(self, factor: float) -> InverseGamma:
        """Multiply tau by ``factor``."""
        return InverseGamma(self.shape, self.scale * factor**self.power, self.on)

    def _log_u(self, log_u: np.ndarray) -> np.ndarray:
        log_ratio = np.log(self.scale) - log_u
        return self.shape * log_ratio - np.exp(np.minimum(log_ratio, 700.0)) - special.gammaln(self.shape)

    def _cdf_u(self, log_u: np.ndarray) -> np.ndarray:
        return special.gammaincc(self.shape, self.scale / np.exp(log_u))

    def _ppf_log_u(self, q: np.ndarray) -> np.ndarray:
        return np.log(self.scale / special.gammainccinv(self.shape, q))
