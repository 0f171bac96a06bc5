"""Distributions that a posterior is made of, and intervals from any of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike


class Distribution(Protocol):
    """What every marginal of a posterior offers."""

    def pdf(self, x: ArrayLike) -> np.ndarray:
        """Density."""
        ...

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        ...

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        ...

    @property
    def mean(self) -> float:
        """Expectation."""
        ...

    @property
    def sd(self) -> float:
        """Standard deviation."""
        ...


@dataclass(frozen=True)
class PointMass:
    """A parameter that was fixed.

    >>> PointMass(0.3).ppf([0.1, 0.9]).tolist()
    [0.3, 0.3]
    """

    value: float

    def pdf(self, x: ArrayLike) -> np.ndarray:
        """Infinite at the value."""
        return np.where(np.asarray(x, dtype=float) == self.value, np.inf, 0.0)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """A step."""
        return np.where(np.asarray(x, dtype=float) >= self.value, 1.0, 0.0)

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """The value."""
        return np.full(np.shape(q), self.value)

    @property
    def mean(self) -> float:
        """The value."""
        return self.value

    @property
    def sd(self) -> float:
        """Zero."""
        return 0.0


@dataclass(frozen=True)
class Draws:
    """An empirical distribution of Monte Carlo draws; the density is a Gaussian kernel's.

    Attributes
    ----------
    values : ndarray of shape (n,)
    floor : float
        Lower end of the support; the kernel is reflected there.

    Examples
    --------
    >>> Draws(np.array([1.0, 2.0, 3.0])).cdf(2.0).item(), Draws(np.array([1.0, 3.0])).mean
    (0.6666666666666666, 2.0)
    """

    values: np.ndarray
    floor: float = -np.inf

    @cached_property
    def _sorted(self) -> np.ndarray:
        return np.sort(self.values)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """Share of draws at or below ``x``."""
        return np.searchsorted(self._sorted, np.asarray(x, dtype=float), side="right") / self.values.size

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Empirical quantile."""
        return np.quantile(self._sorted, np.asarray(q, dtype=float))

    def pdf(self, x: ArrayLike) -> np.ndarray:
        """Kernel density."""
        flat = np.atleast_1d(np.asarray(x, dtype=float)).ravel()
        spread = min(self.sd, float(np.subtract(*np.quantile(self._sorted, [0.75, 0.25]))) / 1.34) or self.sd
        width = 0.9 * spread * self.values.size ** (-0.2)
        out = np.array([self._kernel(point, width) for point in flat])
        return out.reshape(np.shape(x))

    def _kernel(self, point: float, width: float) -> float:
        if point < self.floor:
            return 0.0
        scale = 1.0 / (width * np.sqrt(2.0 * np.pi))
        total = np.exp(-0.5 * ((point - self.values) / width) ** 2).mean()
        if np.isfinite(self.floor):
            total += np.exp(-0.5 * ((2 * self.floor - point - self.values) / width) ** 2).mean()
        return float(total * scale)

    @property
    def mean(self) -> float:
        """Average of the draws."""
        return float(self.values.mean())

    @property
    def sd(self) -> float:
        """Their standard deviation."""
        return float(self.values.std(ddof=1))


def central_interval(dist: Distribution, level: float) -> tuple[float, float]:
    """Equal-tailed interval."""
    low, high = dist.ppf(np.array([0.5 - level / 2, 0.5 + level / 2]))
    return float(low), float(high)


def shortest_interval(dist: Distribution, level: float, floor: float = -np.inf) -> tuple[float, float]:
    """Shortest interval; closed at ``floor`` where the density does not rise from there.

    The best of a few starting tail shares is refined by Newton's method on
    F(b) - F(a) = level, f(a) = f(b), which hold at the minimum.

    Examples
    --------
    >>> from meta.bayes.priors import HalfNormal, Normal
    >>> [round(end, 4) for end in shortest_interval(Normal(1, 2), 0.95)]
    [-2.9199, 4.9199]
    >>> [round(end, 4) for end in shortest_interval(HalfNormal(1), 0.95, floor=0.0)]
    [0.0, 1.96]
    """
    if isinstance(dist, PointMass):
        return dist.value, dist.value
    if isinstance(dist, Draws):
        return _shortest_of_draws(dist, level)
    rest = 1.0 - level
    shares = rest * np.array([1e-6, 0.02, 0.08, 0.2, 0.35, 0.5, 0.65, 0.8, 0.92, 0.98, 1 - 1e-6])
    lows, highs = dist.ppf(shares), dist.ppf(shares + level)
    best = int(np.argmin(highs - lows))
    if np.isfinite(floor) and best == 0:
        end = float(dist.ppf(np.array(level)))
        start, finish = dist.pdf(np.array([max(lows[0], floor), end]))
        if start >= finish:
            return floor, end
    candidates = [(float(highs[best] - lows[best]), float(lows[best]), float(highs[best]))]
    refined = _refine(dist, level, float(lows[best]), float(highs[best]), floor)
    if refined is None:
        refined = _search(dist, level, shares, best)
    candidates.append((refined[1] - refined[0], *refined))
    if np.isfinite(floor):
        end = float(dist.ppf(np.array(level)))
        candidates.append((end - floor, floor, end))
    _, low, high = min(candidates)
    return low, high


def _refine(
    dist: Distribution, level: float, low: float, high: float, floor: float
) -> tuple[float, float] | None:
    ends, width = np.array([low, high]), high - low
    step = 1e-5 * width
    for _ in range(40):
        grid = np.concatenate([ends, ends + step, ends - step])
        density, (below, above) = dist.pdf(grid), dist.cdf(ends)
        slope = (density[2:4] - density[4:6]) / (2 * step)
        gap = np.array([above - below - level, density[0] - density[1]])
        jacobian = np.array([[-density[0], density[1]], [slope[0], -slope[1]]])
        determinant = jacobian[0, 0] * jacobian[1, 1] - jacobian[0, 1] * jacobian[1, 0]
        if not np.isfinite(determinant) or determinant == 0:
            return None
        move = np.linalg.solve(jacobian, -gap)
        if not np.all(np.isfinite(move)) or np.any(np.abs(move) > width) or ends[0] + move[0] < floor:
            return None
        ends = ends + move
        if np.all(np.abs(move) < 1e-11 * width):
            return float(ends[0]), float(ends[1])
    return None


def _search(dist: Distribution, level: float, shares: np.ndarray, best: int) -> tuple[float, float]:
    low, high = shares[max(best - 1, 0)], shares[min(best + 1, shares.size - 1)]
    ratio = 0.5 * (np.sqrt(5.0) - 1.0)

    def width(share: float) -> float:
        a, b = dist.ppf(np.array([share, share + level]))
        return float(b - a)

    inner, outer = high - ratio * (high - low), low + ratio * (high - low)
    f_inner, f_outer = width(inner), width(outer)
    while high - low > 1e-9 * shares[-1]:
        if f_inner < f_outer:
            high, outer, f_outer = outer, inner, f_inner
            inner = high - ratio * (high - low)
            f_inner = width(inner)
        else:
            low, inner, f_inner = inner, outer, f_outer
            outer = low + ratio * (high - low)
            f_outer = width(outer)
    a, b = dist.ppf(np.array([inner, inner + level]))
    return float(a), float(b)


def _shortest_of_draws(dist: Draws, level: float) -> tuple[float, float]:
    values = np.sort(dist.values)
    span = int(np.ceil(level * values.size))
    widths = values[span - 1 :] - values[: values.size - span + 1]
    start = int(np.argmin(widths))
    return float(values[start]), float(values[start + span - 1])
