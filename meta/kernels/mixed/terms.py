"""Random terms of a mixed model: ``Z G Z'`` within groups, known correlations, distances.

A term adds to the covariance of two rows what their groups and their values of Z (or their distance) make of
its working parameters. Every function here takes one batch of equal blocks at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.mixed.structures import SPREAD, Structure, angle, correlation, structure, with_correlation

Array = np.ndarray
SPATIAL = ("CAR", "SPEXP", "SPGAU")


@dataclass(frozen=True, slots=True, eq=False)
class RandomTerm:
    """One random term.

    Attributes
    ----------
    name : str
        What it is called in tables.
    struct : str
        "" for random intercepts, else one of ``structures.STRUCTURES``.
    group : ndarray of int, shape (n,)
        Number of each row's group.
    z : ndarray of shape (n, m) or None
        Indicators of inner levels, or columns with random slopes; None for intercepts and distances.
    known : ndarray of shape (g, g) or None
        Known correlations among the groups.
    place : ndarray of shape (n, d) or None
        Times or coordinates of CAR, SPEXP and SPGAU.
    fixed : float or None
        A variance that is given and not estimated.
    labels : tuple of str
        Inner levels, or columns of slopes.
    rho : float or None
        A correlation that the first two levels of an unstructured term are held at.
    """

    name: str
    struct: str
    group: np.ndarray
    z: np.ndarray | None = None
    known: np.ndarray | None = None
    place: np.ndarray | None = None
    fixed: float | None = None
    labels: tuple[str, ...] = ()
    rho: float | None = None

    @property
    def m(self) -> int:
        """Number of inner levels or slopes; 1 for intercepts and distances."""
        return 1 if self.z is None else self.z.shape[1]

    @property
    def size(self) -> int:
        """Number of working parameters."""
        if self.fixed is not None:
            return 0
        return 2 if self.place is not None else self.shape.size

    @property
    def shape(self) -> Structure:
        """Its covariance structure; that of a single variance for intercepts."""
        if self.rho is not None:
            return with_correlation(self.m, self.rho)
        return structure(self.struct or "ID", self.m)

    @property
    def scales(self) -> Array:
        """Which working parameters have the unit of the effects."""
        if self.fixed is not None:
            return np.zeros(0, dtype=bool)
        return np.array([True, False]) if self.place is not None else self.shape.scales

    @property
    def positive(self) -> Array:
        """Which working parameters must not be negative."""
        if self.fixed is not None or self.place is not None:
            return np.zeros(self.size, dtype=bool)
        return self.shape.positive

    def rows(self, keep: Array) -> RandomTerm:
        """The same term for some of the rows; groups keep their numbers."""
        z, place = self.z, self.place
        return RandomTerm(
            self.name,
            self.struct,
            self.group[keep],
            None if z is None else z[keep],
            self.known,
            None if place is None else place[keep],
            self.fixed,
            self.labels,
            self.rho,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """A term in one batch of B blocks with s rows.

    Attributes
    ----------
    term : RandomTerm
    together : ndarray of shape (B, s, s) or None
        Known correlation of the groups of each pair of rows (1 in one group); None where every row has a
        group of its own.
    z : ndarray of shape (B, s, m) or None
    distance : ndarray of shape (B, s, s) or None
    """

    term: RandomTerm
    together: Array | None
    z: Array | None
    distance: Array | None


def part_of(term: RandomTerm, rows: Array, real: Array) -> Part:
    """Cut a term to a batch; ``rows`` (B, s) with ``real`` (B, s) False in padding."""
    g = term.group[rows]
    if term.known is None:
        together = (g[:, :, None] == g[:, None, :]).astype(float)
    else:
        together = term.known[g[:, :, None], g[:, None, :]]
    both = real[:, :, None] & real[:, None, :]
    together = np.where(both, together, 0.0)
    alone = not np.any(together * (1 - np.eye(rows.shape[1])))
    if alone and term.known is None and term.place is None and real.all():
        together = None
    z = None if term.z is None else np.where(real[..., None], term.z[rows], 0.0)
    distance = None
    if term.place is not None:
        at = term.place[rows]
        distance = np.sqrt(np.sum((at[:, :, None, :] - at[:, None, :, :]) ** 2, axis=-1))
    return Part(term, together, z, distance)


def _decay(part: Part, x: float) -> tuple[Array, Array]:
    """Correlations by distance and their derivative by the working parameter."""
    d = part.distance
    assert d is not None
    assert part.together is not None
    if part.term.struct == "CAR":
        rho, slope = correlation(x, 0.0), 0.5 * np.cos(x)
        with np.errstate(divide="ignore", invalid="ignore"):
            c = np.where(d == 0, 1.0, rho**d)
            dc = np.where(d == 0, 0.0, d * rho ** (d - 1)) if rho > 0 else np.zeros_like(d)
        return c * part.together, dc * slope * part.together
    scaled = d / np.exp(x)
    power = scaled if part.term.struct == "SPEXP" else scaled**2
    c = np.exp(-power) * part.together
    return c, c * power * (1.0 if part.term.struct == "SPEXP" else 2.0)


def wrapped(part: Part, g: Array) -> Array:
    """``Z g Z'`` within groups, (B, s, s) or (F, B, s, s)."""
    assert part.z is not None
    inner = (part.z @ g) @ np.swapaxes(part.z, 1, 2)
    return np.asarray(inner * (np.eye(inner.shape[-1]) if part.together is None else part.together))


def add(part: Part, phi: Array, M: Array) -> None:
    """Add a term's covariance to ``M`` (B, s, s), in place."""
    term = part.term
    if term.place is not None and term.fixed is None:
        M += phi[0] ** 2 * _decay(part, float(phi[1]))[0]
        return
    if part.z is None:
        variance = phi[0] ** 2 if term.fixed is None else term.fixed
        if part.together is None:
            np.einsum("bii->bi", M)[...] += variance
        else:
            M += variance * part.together
        return
    M += wrapped(part, term.shape.covariance(phi))


def pull(part: Part, phi: Array, D: Array) -> Array:
    """``sum of D_rs dM_rs/dphi`` for each working parameter, (F,); ``D`` is (B, s, s)."""
    term = part.term
    if term.place is not None:
        c, dc = _decay(part, float(phi[1]))
        return np.array([2 * phi[0] * np.vdot(D, c), phi[0] ** 2 * np.vdot(D, dc)])
    if part.z is None:
        total = np.einsum("bii->", D) if part.together is None else np.vdot(D, part.together)
        return np.array([2 * phi[0] * total])
    return np.asarray(np.einsum("fij,ij->f", term.shape.derivative(phi), inner_slope(part, D)))


def bent(part: Part, phi: Array, D: Array) -> Array:
    """``sum of D_rs d2M_rs / dphi dphi``, (F, F).

    Correlations by differences of the structure's own derivative: it only steers Newton's steps, so that six
    digits are plenty, and no likelihood is computed for it.
    """
    size = part.term.size
    if part.z is not None and part.term.shape.bend is not None:
        return np.asarray(np.einsum("fgij,ij->fg", part.term.shape.bend, inner_slope(part, D)))
    if part.z is None and part.term.place is None:
        total = np.einsum("bii->", D) if part.together is None else np.vdot(D, part.together)
        return np.array([[2.0 * total]])
    out = np.empty((size, size))
    inner = None if part.z is None else inner_slope(part, D)
    for i in range(size):
        step = np.zeros(size)
        step[i] = 1e-5 * max(1e-2, abs(phi[i]))
        if inner is None:
            change = pull(part, phi + step, D) - pull(part, phi - step, D)
        else:
            shape = part.term.shape
            change = np.einsum(
                "fij,ij->f", shape.derivative(phi + step) - shape.derivative(phi - step), inner
            )
        out[i] = change / (2 * step[i])
    return 0.5 * (out + out.T)


def inner_slope(part: Part, D: Array) -> Array:
    """``sum of Z'D Z`` within groups, (m, m)."""
    assert part.z is not None
    held = D * np.eye(D.shape[-1]) if part.together is None else D * part.together
    z = part.z.reshape(-1, part.z.shape[-1])
    return np.asarray(z.T @ (held @ part.z).reshape(z.shape))


def directions(part: Part, phi: Array, shape: tuple[int, ...]) -> Array:
    """Derivatives of the covariance by each working parameter, (F, B, s, s)."""
    term = part.term
    if term.place is not None:
        c, dc = _decay(part, float(phi[1]))
        return np.stack([2 * phi[0] * c, phi[0] ** 2 * dc])
    if part.z is None:
        same = np.broadcast_to(np.eye(shape[-1]), shape) if part.together is None else part.together
        return np.asarray(2 * phi[0] * same)[None]
    return wrapped(part, term.shape.derivative(phi)[:, None])


def starts_of(term: RandomTerm, sd: float) -> list[Array]:
    """Starting points of a term with a typical standard deviation."""
    if term.place is None:
        return term.shape.starts(sd)
    if term.struct == "CAR":
        return [np.array([sd, angle(rho, 0.0)]) for rho in (0.1, 0.5, 0.9)]
    size = _extent(term)
    return [np.array([sd, np.log(size * share)]) for share in (0.1, 0.5, 2.0)]


def drawn(term: RandomTerm, sd: float, rng: np.random.Generator) -> Array:
    """A random starting point of a term with a typical standard deviation."""
    if term.place is None:
        return term.shape.drawn(sd, rng)
    own = sd * np.exp(rng.uniform(*SPREAD))
    if term.struct == "CAR":
        return np.array([own, rng.uniform(-1.5, 1.5)])
    return np.array([own, np.log(_extent(term)) + rng.uniform(-4.6, 1.6)])


def _extent(term: RandomTerm) -> float:
    """Root mean square distance of the places from their middle."""
    assert term.place is not None
    spread = term.place - term.place.mean(axis=0)
    return float(np.sqrt(np.mean(np.sum(spread**2, axis=1)))) or 1.0


def rescaled(term: RandomTerm, phi: Array, unit: float) -> Array:
    """Working parameters with their standard deviations multiplied by ``unit``."""
    return np.where(term.scales, phi * unit, phi)


def upright(term: RandomTerm, phi: Array) -> Array:
    """The working parameters of the same covariances that have no negative standard deviation.

    >>> upright(RandomTerm("g", "", np.array([0, 1])), np.array([-0.5])).tolist()
    [0.5]
    """
    if term.place is None:
        return term.shape.upright(phi)
    return np.array([abs(phi[0]), np.arcsin(np.sin(phi[1])) if term.struct == "CAR" else phi[1]])
