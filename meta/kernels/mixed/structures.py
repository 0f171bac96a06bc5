"""Covariance matrices G of the levels of a random term, from unbounded working parameters.

Standard deviations are signed (but those of levels that share a correlation) and correlations a sine, so that
variances of 0 and correlations of 1 are points that a search reaches in finitely many steps and leaves again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

Array = np.ndarray
STRUCTURES = ("UN", "CS", "HCS", "DIAG", "ID", "AR", "HAR", "CAR", "GEN", "GDIAG", "SPEXP", "SPGAU")
"""Covariance structures by their names in the literature (SAS, metafor)."""
SPREAD = (-2.3, 1.2)
"""Logarithms of the shares of a typical standard deviation that are drawn: a tenth to three times."""
WIDE = 3.4
"""The same for random coefficients, up to thirty times: where columns of Z vary little within groups, the
maximum may lie at variances that are far larger than the effects' own."""


@dataclass(frozen=True, slots=True)
class Structure:
    """A covariance matrix G (m, m) as a function of F working parameters.

    Attributes
    ----------
    name : str
    m : int
        Number of levels (or of random coefficients).
    covariance : callable
        Working parameters (F,) to G (m, m).
    derivative : callable
        Working parameters (F,) to the derivatives of G, (F, m, m).
    bend : ndarray of shape (F, F, m, m) or None
        Second derivatives of G where they are constant.
    scales : ndarray of bool, shape (F,)
        Which parameters have the unit of the effects (the others are angles of correlations).
    positive : ndarray of bool, shape (F,)
        Which standard deviations must not be negative: where levels share a correlation, a negative one would
        turn the sign of its level's correlations, which no parameter of the structure can say; the same for
        two levels whose correlation is held.
    starts : callable
        A standard deviation to a list of starting points.
    drawn : callable
        A standard deviation and a random generator to one more starting point.
    upright : callable
        Working parameters to the ones of the same G whose standard deviations (the diagonal of a Cholesky
        factor) are not negative and whose angles are between -pi/2 and pi/2: a search may end at any of them.
    """

    name: str
    m: int
    covariance: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    bend: Array | None
    scales: Array
    positive: Array
    starts: Callable[[float], list[Array]]
    drawn: Callable[[float, np.random.Generator], Array]
    upright: Callable[[Array], Array]

    @property
    def size(self) -> int:
        """Number of working parameters."""
        return len(self.scales)


@lru_cache(maxsize=256)
def structure(name: str, m: int) -> Structure:
    """The structure ``name`` among ``m`` levels.

    >>> structure("ID", 2).covariance(np.array([2.0])).tolist()
    [[4.0, 0.0], [0.0, 4.0]]
    >>> structure("CS", 2).covariance(np.array([1.0, 0.0])).round(3).tolist()  # the middle of -1 and 1
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if name in ("UN", "GEN"):
        return _unstructured(name, m)
    common = name in ("ID", "CS", "AR")
    if name in ("ID", "DIAG", "GDIAG"):
        return _scaled(name, m, common, None)
    return _scaled(name, m, common, "AR" if name in ("AR", "HAR") else "CS")


def angle(rho: float, low: float) -> float:
    """Working parameter of a correlation between ``low`` and 1.

    >>> round(correlation(angle(0.3, -1.0), -1.0), 12)
    0.3
    """
    return float(np.arcsin(np.clip(2 * (rho - low) / (1 - low) - 1, -1.0, 1.0)))


def correlation(x: float, low: float) -> float:
    """Correlation between ``low`` and 1 from its working parameter."""
    return float(low + (1 - low) * 0.5 * (1 + np.sin(x)))


def lowest(name: str, m: int) -> float:
    """Smallest correlation that leaves G positive semidefinite: -1/(m - 1) where all pairs share it.

    >>> lowest("CS", 3), lowest("AR", 3)
    (-0.5, -1.0)
    """
    return -1.0 / (m - 1) if name in ("CS", "HCS") and m > 1 else 0.0 if name == "CAR" else -1.0


def _scaled(name: str, m: int, common: bool, pattern: str | None) -> Structure:
    """Standard deviations, one or m of them, times a correlation matrix of at most one parameter."""
    count = 1 if common else m
    lag = np.abs(np.subtract.outer(np.arange(m), np.arange(m))).astype(float)
    low = lowest(name, m)

    def correlations(x: float) -> tuple[Array, Array]:
        """The correlation matrix and its derivative by the working parameter."""
        rho, slope = correlation(x, low), (1 - low) * 0.5 * np.cos(x)
        if pattern == "CS":
            return np.where(lag == 0, 1.0, rho), np.where(lag == 0, 0.0, slope)
        return rho**lag, np.where(lag == 0, 0.0, lag * rho ** np.maximum(lag - 1, 0)) * slope

    def parts(phi: Array) -> tuple[Array, Array, Array]:
        sd = np.broadcast_to(phi[:count], (m,))
        if pattern is None:
            return sd, np.eye(m), np.zeros((m, m))
        return (sd, *correlations(float(phi[-1])))

    def covariance(phi: Array) -> Array:
        sd, a, _ = parts(phi)
        return np.outer(sd, sd) * a

    def derivative(phi: Array) -> Array:
        sd, a, da = parts(phi)
        if common:
            out = [2 * sd[0] * a]
        else:
            half = [np.outer(np.eye(m)[i], a[i] * sd) for i in range(m)]
            out = [h + h.T for h in half]
        return np.array(out if pattern is None else [*out, np.outer(sd, sd) * da])

    def starts(sd: float) -> list[Array]:
        own = np.full(count, sd)
        if pattern is None:
            return [own]
        # both ends, as likelihoods of correlations often have their maximum at an end and a second one inside
        ends = (0.95 * low if low > -1 else -0.95, 0.2, 0.7, 0.97)
        return [np.append(own, angle(rho, low)) for rho in ends]

    def drawn(sd: float, rng: np.random.Generator) -> Array:
        own = sd * np.exp(rng.uniform(SPREAD[0], WIDE if name == "GDIAG" else SPREAD[1], count))
        return own if pattern is None else np.append(own, rng.uniform(-1.5, 1.5))

    def upright(phi: Array) -> Array:
        return np.where(scales, np.abs(phi), np.arcsin(np.sin(phi)))

    scales = np.array([True] * count + ([] if pattern is None else [False]))
    positive = scales & (pattern is not None and not common)
    bend = None
    if pattern is None:
        bend = np.zeros((count, count, m, m))
        for i in range(count):
            bend[i, i] = 2 * np.eye(m) if common else 2 * np.outer(np.eye(m)[i], np.eye(m)[i])
    return Structure(name, m, covariance, derivative, bend, scales, positive, starts, drawn, upright)


@lru_cache(maxsize=256)
def with_correlation(m: int, rho: float) -> Structure:
    """An unstructured G whose first two levels have the correlation ``rho``, for a profile of it.

    The second row of the Cholesky factor is a standard deviation times ``(rho, sqrt(1 - rho^2))``, so that
    the factor stays linear in its parameters.

    >>> with_correlation(2, 0.6).covariance(np.array([2.0, 5.0])).round(9).tolist()
    [[4.0, 6.0], [6.0, 25.0]]
    """
    rows, cols = np.tril_indices(m)
    unit = np.zeros((len(rows) - 1, m, m))
    unit[0, 0, 0] = 1.0
    unit[1, 1, :2] = rho, np.sqrt((1 - rho) * (1 + rho))
    unit[np.arange(2, len(rows) - 1), rows[3:], cols[3:]] = 1.0
    free = _unstructured("UN", m)

    def upright(phi: Array) -> Array:
        return phi

    def whole(drawn: Array) -> Array:
        """Of a free factor: its entries with the length of the second row in the place of its two entries."""
        return np.concatenate([np.abs(drawn[:1]), [np.hypot(drawn[1], drawn[2])], drawn[3:]])

    def starts(sd: float) -> list[Array]:
        return [whole(x) for x in free.starts(sd)]

    def drawn(sd: float, rng: np.random.Generator) -> Array:
        return whole(free.drawn(sd, rng))

    made = _linear_root("UN", m, unit, starts, drawn, upright)
    # a negative standard deviation of one of the two would turn the sign of the correlation that is held
    return replace(made, positive=np.arange(made.size) < 2)


def _unstructured(name: str, m: int) -> Structure:
    """The Cholesky factor of G, row by row."""
    rows, cols = np.tril_indices(m)

    unit = np.zeros((len(rows), m, m))
    unit[np.arange(len(rows)), rows, cols] = 1.0

    def starts(sd: float) -> list[Array]:
        found = []
        for rho in (0.0, 0.7, 0.97, -0.3):
            rho = max(rho, 0.8 * lowest("CS", m)) if m > 2 else rho
            g = sd**2 * np.where(np.eye(m) > 0, 1.0, rho)
            found.append(np.linalg.cholesky(g)[rows, cols])
        return found

    def drawn(sd: float, rng: np.random.Generator) -> Array:
        turn = np.linalg.qr(rng.normal(size=(m, m)))[0]
        top = WIDE if name == "GEN" else SPREAD[1]
        return lower(sd * turn * np.exp(rng.uniform(SPREAD[0], top, m)))[rows, cols]

    def upright(phi: Array) -> Array:
        diagonal = phi[np.flatnonzero(rows == cols)]
        return np.asarray(phi * np.where(diagonal < 0, -1.0, 1.0)[cols])

    return _linear_root(name, m, unit, starts, drawn, upright)


def _linear_root(
    name: str,
    m: int,
    unit: Array,
    starts: Callable[[float], list[Array]],
    drawn: Callable[[float, np.random.Generator], Array],
    upright: Callable[[Array], Array],
) -> Structure:
    """``G = r r'`` with a triangular factor r that is linear in its parameters; ``unit`` (F, m, m)."""

    def root(phi: Array) -> Array:
        return np.asarray(np.tensordot(phi, unit, 1))

    def covariance(phi: Array) -> Array:
        r = root(phi)
        return r @ r.T

    half = np.einsum("fik,gjk->fgij", unit, unit)

    def derivative(phi: Array) -> Array:
        one = unit @ root(phi).T
        return np.asarray(one + np.swapaxes(one, 1, 2))

    every = np.ones(len(unit), dtype=bool)
    bend = half + np.swapaxes(half, 2, 3)
    return Structure(name, m, covariance, derivative, bend, every, ~every, starts, drawn, upright)


def lower(root: Array) -> Array:
    """The Cholesky factor of ``root root'``, which may be singular.

    >>> lower(np.array([[3.0, 4.0], [0.0, 0.0]])).round(9).tolist()
    [[5.0, 0.0], [0.0, 0.0]]
    """
    r = np.linalg.qr(root.T)[1].T
    return np.asarray(r * np.where(np.diag(r) < 0, -1.0, 1.0)) + 0.0  # a zero without a sign
