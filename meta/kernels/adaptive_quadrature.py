"""Adaptive Gauss-Legendre panels: one-dimensional densities that integrate, invert and interpolate.

A density is held as Legendre series on panels of a mapped axis z in (-1, 1). The series give the integral,
its antiderivative (the cdf) and an error estimate from their last coefficients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import ArrayLike

ORDER = 16
_REACH = 340.0


@dataclass(frozen=True, slots=True)
class Axis:
    """The map from z in (-1, 1) to x: x = origin + scale t, or x = scale exp(stretch t), t = z/(1 - z^2).

    Algebraic in z, so that heavy tails stay polynomially smooth at the ends.
    """

    scale: float
    origin: float = 0.0
    log: bool = False
    stretch: float = 2.0

    def x(self, z: np.ndarray) -> np.ndarray:
        """Map z to x."""
        t = z / ((1.0 - z) * (1.0 + z))
        if self.log:
            return self.scale * np.exp(np.clip(self.stretch * t, -_REACH, _REACH))
        return self.origin + self.scale * t

    def z(self, x: ArrayLike) -> np.ndarray:
        """Map x to z."""
        x = np.asarray(x, dtype=float)
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.log:
                t = np.where(x > 0, np.log(np.maximum(x, 0.0) / self.scale) / self.stretch, -np.inf)
            else:
                t = (x - self.origin) / self.scale
            z = 2.0 * t / (1.0 + np.sqrt(1.0 + 4.0 * t * t))
        return np.where(np.isinf(t), np.sign(t), z)

    def log_jacobian(self, z: np.ndarray) -> np.ndarray:
        """Log of dx/dz; ``-inf`` where the log axis has left the range of floating point numbers."""
        gap = (1.0 - z) * (1.0 + z)
        out = np.log1p(z * z) - 2.0 * np.log(gap)
        if not self.log:
            return out + np.log(self.scale)
        power = self.stretch * z / gap
        return np.where(np.abs(power) < _REACH, out + np.log(self.scale * self.stretch) + power, -np.inf)


@lru_cache(maxsize=8)
def legendre_rule(order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nodes, weights, and the matrix that turns values at the nodes into Legendre coefficients."""
    nodes, weights = legendre.leggauss(order)
    analysis = (legendre.legvander(nodes, order - 1) * weights[:, None]).T * (np.arange(order)[:, None] + 0.5)
    return nodes, weights, analysis


def legendre_basis(t: np.ndarray, degree: int) -> np.ndarray:
    """P_0(t) ... P_degree(t) along a new last axis."""
    t = np.asarray(t, dtype=float)
    rows = [np.ones_like(t), t]
    for n in range(1, degree):
        rows.append(((2 * n + 1) * t * rows[n] - n * rows[n - 1]) / (n + 1))
    return np.stack(rows[: degree + 1], axis=-1)


def panel_nodes(low: np.ndarray, high: np.ndarray, order: int = ORDER) -> np.ndarray:
    """Gauss-Legendre nodes of each panel, shape (panels, order)."""
    nodes = legendre_rule(order)[0]
    return 0.5 * (low + high)[:, None] + 0.5 * (high - low)[:, None] * nodes


@dataclass(frozen=True, slots=True)
class Panels:
    """A function on adaptively refined panels.

    Attributes
    ----------
    low, high : ndarray of shape (p,)
        Panel ends on the z axis, ascending.
    z : ndarray of shape (p, order)
        Nodes.
    log_values : ndarray of shape (p, order)
        Log of the function (with respect to z).
    log_integral : float
        Log of its integral.
    error : float
        Estimated error of the integral, relative.
    """

    low: np.ndarray
    high: np.ndarray
    z: np.ndarray
    log_values: np.ndarray
    log_integral: float
    error: float

    @property
    def weights(self) -> np.ndarray:
        """Normalised probability of each node, flat: quadrature weight times function over integral."""
        rule = legendre_rule(self.z.shape[1])[1]
        half = 0.5 * (self.high - self.low)
        mass = np.exp(self.log_values - self.log_integral) * rule * half[:, None]
        return mass.ravel()


def adapt(
    log_f: Callable[[np.ndarray], np.ndarray],
    edges: np.ndarray,
    *,
    tolerance: float = 1e-11,
    order: int = ORDER,
    rounds: int = 24,
) -> Panels:
    """Integrate exp(log_f) over the z axis, splitting panels until their series have converged.

    Parameters
    ----------
    log_f : callable
        Maps a flat array of z to log values, with the Jacobian of the axis included.
    edges : ndarray of shape (p + 1,)
        First panels; kinks of the function belong among the edges.
    tolerance : float
        Bound on each panel's last Legendre coefficients, relative to the integral.
    order : int
        Nodes a panel.
    rounds : int
        How often panels may be halved.

    Returns
    -------
    Panels

    Examples
    --------
    >>> axis = Axis(scale=1.0)
    >>> got = adapt(lambda z: -0.5 * axis.x(z) ** 2 + axis.log_jacobian(z), np.linspace(-1, 1, 9))
    >>> round(float(np.exp(got.log_integral)), 9), round(float(np.sqrt(2 * np.pi)), 9)
    (2.506628275, 2.506628275)
    """
    low, high = np.asarray(edges[:-1], dtype=float), np.asarray(edges[1:], dtype=float)
    _, rule, analysis = legendre_rule(order)
    z = panel_nodes(low, high, order)
    values = log_f(z.ravel()).reshape(z.shape)
    values[np.isnan(values)] = -np.inf
    for _ in range(rounds):
        peak = float(values.max())
        if not np.isfinite(peak):
            return Panels(low, high, z, values, peak, np.inf)
        f = np.exp(values - peak)
        half = 0.5 * (high - low)
        total = float(half @ (f @ rule))
        tail = half * np.abs(f @ analysis[-3:].T).max(axis=1)
        bad = (tail > tolerance * total) & (half > 1e-13)
        if not bad.any():
            break
        middle = 0.5 * (low[bad] + high[bad])
        new_low = np.concatenate([low[bad], middle])
        new_high = np.concatenate([middle, high[bad]])
        new_z = panel_nodes(new_low, new_high, order)
        new_values = log_f(new_z.ravel()).reshape(new_z.shape)
        new_values[np.isnan(new_values)] = -np.inf
        low, high = np.concatenate([low[~bad], new_low]), np.concatenate([high[~bad], new_high])
        z, values = np.concatenate([z[~bad], new_z]), np.concatenate([values[~bad], new_values])
    arranged = np.argsort(low)
    return Panels(
        low[arranged],
        high[arranged],
        z[arranged],
        values[arranged],
        float(peak + np.log(total)),
        float(tail.sum() / total),
    )


def invert(
    cdf: Callable[[np.ndarray], np.ndarray],
    pdf: Callable[[np.ndarray], np.ndarray],
    q: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    rounds: int = 200,
) -> np.ndarray:
    """Solve cdf(x) = q elementwise between ``low`` and ``high``: Newton steps kept inside a bracket."""
    low, high = low.astype(float).copy(), high.astype(float).copy()
    x = 0.5 * (low + high)
    small = 1e-13 * (high - low)
    for _ in range(rounds):
        gap = cdf(x) - q
        low, high = np.where(gap < 0, x, low), np.where(gap < 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = x - gap / pdf(x)
        inside = np.isfinite(step) & (step > low) & (step < high)
        new = np.where(inside, step, 0.5 * (low + high))
        settled = np.abs(gap) <= 4e-16
        done = (np.abs(new - x) <= np.maximum(1e-13 * np.abs(x), small)) | settled
        x = np.where(settled, x, new)
        if np.all(done):
            break
    return x


@dataclass(frozen=True)
class PanelDensity:
    """A normalised density held as Legendre series on panels of a mapped axis."""

    axis: Axis
    panels: Panels

    @cached_property
    def _series(self) -> tuple[np.ndarray, np.ndarray]:
        panels = self.panels
        f = np.exp(panels.log_values - panels.log_integral)
        series = f @ legendre_rule(panels.z.shape[1])[2].T
        half = 0.5 * (panels.high - panels.low)
        return series, np.concatenate([[0.0], np.cumsum(2.0 * half * series[:, 0])])

    def _place(self, x: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        panels = self.panels
        z = np.clip(self.axis.z(x), panels.low[0], panels.high[-1])
        at = np.clip(np.searchsorted(panels.low, z, side="right") - 1, 0, panels.low.size - 1)
        low, high = panels.low[at], panels.high[at]
        return z, at, (2.0 * z - low - high) / (high - low)

    def pdf(self, x: ArrayLike) -> np.ndarray:
        """Density at ``x``."""
        x = np.asarray(x, dtype=float)
        z, at, t = self._place(x)
        series = self._series[0]
        inside = (np.abs(z) < 1) & (self.axis.z(x) == z)
        order = series.shape[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.einsum("...j,...j->...", legendre_basis(t, order - 1), series[at])
            value = value / np.exp(self.axis.log_jacobian(z))
        return np.where(inside, np.maximum(value, 0.0), 0.0)

    def cdf(self, x: ArrayLike) -> np.ndarray:
        """P(X <= x)."""
        _, at, t = self._place(x)
        return np.clip(self._cdf_at(at, t), 0.0, 1.0)

    def _cdf_at(self, at: np.ndarray, t: np.ndarray) -> np.ndarray:
        series, cumulative = self._series
        order = series.shape[1]
        basis = legendre_basis(t, order)
        integral = np.empty((*np.shape(t), order))
        integral[..., 0] = t + 1.0
        integral[..., 1:] = (basis[..., 2:] - basis[..., :-2]) / (2.0 * np.arange(1, order) + 1.0)
        half = 0.5 * (self.panels.high - self.panels.low)
        return cumulative[at] + half[at] * np.einsum("...j,...j->...", integral, series[at])

    def ppf(self, q: ArrayLike) -> np.ndarray:
        """Quantile function."""
        q = np.asarray(q, dtype=float)
        series, cumulative = self._series
        flat = np.atleast_1d(q).ravel()
        at = np.clip(np.searchsorted(cumulative, flat, side="right") - 1, 0, series.shape[0] - 1)
        half = 0.5 * (self.panels.high - self.panels.low)[at]
        order = series.shape[1]

        def density(t: np.ndarray) -> np.ndarray:
            return half * np.einsum("ij,ij->i", legendre_basis(t, order - 1), series[at])

        ones = np.ones(flat.size)
        t = invert(lambda s: self._cdf_at(at, s), density, flat, -ones, ones)
        z = 0.5 * (self.panels.low + self.panels.high)[at] + half * t
        inside = np.clip(z, np.nextafter(-1.0, 0.0), np.nextafter(1.0, 0.0))
        x = self.axis.x(inside)
        x = np.where(flat <= 0, self._end(0), np.where(flat >= 1, self._end(-1), x))
        return x.reshape(q.shape)

    def _end(self, which: int) -> float:
        z = self.panels.low[0] if which == 0 else self.panels.high[-1]
        if abs(z) < 1:
            return float(self.axis.x(np.asarray(z)))
        return (0.0 if self.axis.log else -np.inf) if z < 0 else np.inf

    def expect(self, power: int = 1, about: float = 0.0) -> float:
        """E (X - about)^power by the panels' own quadrature; meaningful only where that moment exists."""
        x = self.axis.x(self.panels.z.ravel())
        weights = self.panels.weights
        used = weights > 0
        return float(weights[used] @ (x[used] - about) ** power)

    @property
    def mean(self) -> float:
        """Expectation."""
        return self.expect()

    @property
    def sd(self) -> float:
        """Standard deviation."""
        return float(np.sqrt(self.expect(2, self.mean)))
