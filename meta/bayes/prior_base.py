"""What every prior can do: print, plot, evaluate, sample, be widened."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike

from meta.arguments import check_level, check_seed, floats, is_number
from meta.errors import InputError, NotEstimableError, unknown_option
from meta.formatting import shown
from meta.keywords import keywords

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOG_2PI = float(np.log(2.0 * np.pi))
On = Literal["tau", "tau2"]


def array(x: ArrayLike) -> np.ndarray:
    """As floats."""
    return floats(x, "x")


def check_on(on: str) -> None:
    """Refuse a scale that is neither tau nor tau2."""
    if not isinstance(on, str) or on not in ("tau", "tau2"):
        raise unknown_option("scale of a prior", on, ("tau", "tau2"))


def _check_number(prior: Prior, name: str) -> None:
    value = getattr(prior, name)
    if not is_number(value):
        raise InputError(f"{type(prior).__name__}: {name} must be a number, not {shown(value)}")


def positive(prior: Prior, *names: str) -> None:
    """Refuse a scale or shape that is not a positive finite number."""
    for name in names:
        value = getattr(prior, name)
        _check_number(prior, name)
        if not (np.isfinite(value) and value > 0):
            raise InputError(f"{type(prior).__name__}: {name} must be > 0 and finite, not {value!r}")


def finite(prior: Prior, *names: str) -> None:
    """Refuse a location that is not a finite number."""
    for name in names:
        _check_number(prior, name)
        if not np.isfinite(getattr(prior, name)):
            raise InputError(f"{type(prior).__name__}: {name} must be finite, not {getattr(prior, name)!r}")


@keywords
@dataclass(frozen=True)
class Prior:
    """Base of all priors. Immutable; equal parameters make equal priors.

    Attributes
    ----------
    support : (float, float)
        Where the density is positive.
    proper : bool
        Whether it integrates to one.
    tail : float
        The density falls like x^-tail (infinite: faster than every power).
    scale_fields : tuple of str
        The parameters that :meth:`scaled` multiplies.
    citation : str
        Where it was proposed, with DOI.
    """

    support: ClassVar[tuple[float, float]] = (-np.inf, np.inf)
    proper: ClassVar[bool] = True
    tail: ClassVar[float] = np.inf
    scale_fields: ClassVar[tuple[str, ...]] = ("scale",)
    citation: ClassVar[str] = ""

    def logpdf(self, x: ArrayLike) -> np.ndarray:
        """Log density; ``-inf`` outside the support."""
        raise NotImplementedError

    def pdf(self, x: ArrayLike) -> np.ndarray:
        """Density."""
        return np.exp(self.logpdf(x))

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        raise self._improper("cdf")

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        raise self._improper("quantile")

    def sample(self, size: int = 1, *, seed: int | np.random.Generator | None = None) -> np.ndarray:
        """Draw ``size`` values by inversion."""
        check_seed(seed)
        return self.ppf(np.random.default_rng(seed).uniform(size=size))

    def scaled(self, factor: float) -> Prior:
        """The same prior, ``factor`` times as wide.

        >>> from meta.bayes.priors import Normal
        >>> print(Normal(0, 4).scaled(2))
        Normal(mean=0, sd=8)
        """
        if not (np.isfinite(factor) and factor > 0):
            raise InputError(f"the factor that widens a prior must be > 0, not {factor!r}")
        names = [name for name in self.scale_fields if hasattr(self, name)]
        return replace(self, **{name: getattr(self, name) * factor for name in names})

    def resolve(self, yi: np.ndarray, vi: np.ndarray) -> Prior:
        """The concrete prior for these data; only data-dependent priors differ from themselves."""
        return self

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """Central interval of the prior."""
        check_level(level)
        low, high = self.ppf(np.array([0.5 - level / 2, 0.5 + level / 2]))
        return float(low), float(high)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Points where the density is not smooth; quadrature splits there."""
        return tuple(float(end) for end in self.support if np.isfinite(end))

    def __str__(self) -> str:
        shown = ", ".join(
            f"{f.name}={value:g}"
            if isinstance(value := getattr(self, f.name), int | float)
            else f"{f.name}={value!r}"
            for f in fields(self)
        )
        return f"{type(self).__name__}({shown})"

    @keywords
    def plot(
        self,
        *,
        ax: Axes | None = None,
        label: str | None = None,
        color: Any = None,
        linewidth: float | None = None,
        linestyle: Any = None,
        alpha: float | None = None,
    ) -> Axes:
        """Draw the density over its central 99 %; the style is that of a line in Matplotlib."""
        import matplotlib.pyplot as plt

        if not self.proper:
            raise self._improper("picture")
        if ax is None:
            ax = plt.subplots(layout="constrained")[1]
        low, high = self.interval(0.99)
        low = max(0.0, self.support[0]) if self.support[0] >= 0 else low
        x = np.linspace(low, high, 401)
        with np.errstate(divide="ignore"):
            density = self.pdf(x)
        density = np.where(np.isfinite(density), density, np.nan)
        style = {"color": color, "linewidth": linewidth, "linestyle": linestyle, "alpha": alpha}
        given = {name: value for name, value in style.items() if value is not None}
        ax.plot(x, density, label=str(self) if label is None else label, **given)
        ax.set_ylabel("prior density")
        return ax

    def _improper(self, what: str) -> NotEstimableError:
        return NotEstimableError(f"{self} is improper, so it has no {what}; choose a proper prior")
