"""Maximum of the likelihood over the covariance of random coefficients: many starts at once, and a proof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.dose.curve_heterogeneity import RandomPart
from meta.kernels.dose.marginal_likelihood import Points, Statistics, at

Array = np.ndarray
STARTS = 12
"""Random starting points beside three multiples of the identity. With three terms, 4 in 1000 of simulated
meta-analyses of six trials have a second maximum that fewer than six starts miss."""
SIZES = (0.1, 0.5, 2.0)
"""Standard deviations to start from: the random coefficients are scaled to a sampling error near 1."""
STEPS = 60
FAR = 3.0
"""Longest step, in the same unit."""
HALVES = 0.5 ** np.arange(0, 12, 2)
"""Shares of a Newton step that are tried in one batch."""
ZERO = 1e-10
"""Eigenvalues of G below are taken as 0: a step that small is rounding."""
FLAT = 1e-6
"""Largest slope at a maximum, relative to the log-likelihood: what its own rounding hides."""


@dataclass(frozen=True, slots=True)
class Maximum:
    """The maximum: G (q, q), the point there, the number of steps, and whether it is proven a maximum."""

    G: Array
    point: Points
    steps: int
    converged: bool


def maximise(s: Statistics, random: RandomPart, restricted: bool) -> Maximum:
    """Newton's method from all starting points in one batch; the best end is tested.

    At a maximum over covariance matrices, the derivative by G vanishes on the range of G and is negative on
    its null space.
    """

    def covariances(phi: Array) -> Array:
        L = random.roots(phi)
        return L @ np.swapaxes(L, 1, 2)

    def look(phi: Array) -> tuple[Array, Array]:
        L = random.roots(phi)
        found = at(s, L @ np.swapaxes(L, 1, 2), restricted)
        return found.loglik, random.pulled(2 * found.slope @ L)

    phi = _starts(random, s)
    value, slope = look(phi)
    steps = 0
    for steps in range(1, STEPS + 1):  # noqa: B007
        fresh, value_now, slope_now = _stepped(look, phi, value, slope)
        moved = np.abs(fresh - phi).max(axis=1)
        phi, gained = fresh, value_now - value
        value, slope = value_now, slope_now
        best = value.max()
        # a start that has fallen far behind and hardly moves will not catch up
        kept = (value > best - 1e-7) | ((moved > 1e-3) & (value + 20 * np.maximum(gained, 0) > best - 1))
        settled = moved <= 1e-10 * (1 + np.abs(phi).max(axis=1))
        if settled[kept].all():
            break
        phi, value, slope = _distinct(phi[kept], value[kept], slope[kept], covariances)
    top = phi[[int(np.argmax(value))]]
    G = _clean(covariances(top)[0])
    point = at(s, G[None], restricted)
    return Maximum(G, point, steps, _is_maximum(G, point, random))


def _starts(random: RandomPart, s: Statistics) -> Array:
    """Working parameters to start from, (b, F)."""
    size = 1 / np.sqrt(np.maximum(np.einsum("mii->i", s.K) / len(s.K), 1e-300))
    if random.single:
        return np.array(SIZES)[:, None] * float(size.min())
    q = len(size)
    if (random.rows == random.cols).all():
        grid = np.stack(np.meshgrid(*[np.array(SIZES)] * q), axis=-1).reshape(-1, q)[:27]
        return np.asarray(grid * size)
    rng = np.random.default_rng(1992)  # any fixed seed: the same data must give the same answer
    found = [sd * np.eye(q) for sd in SIZES]
    for _ in range(STARTS if q > 1 else 0):
        turn = np.linalg.qr(rng.normal(size=(q, q)))[0]
        found.append(np.linalg.qr((turn * np.exp(rng.uniform(-2.3, 1.6, q))).T)[1].T)
    return np.array([L[random.rows, random.cols] for L in found])


def _stepped(look, phi: Array, value: Array, slope: Array) -> tuple[Array, Array, Array]:  # type: ignore[no-untyped-def]
    """One safeguarded Newton step of every point of the batch, with differences of the gradient."""
    b, F = phi.shape
    h = 1e-5 * (1e-2 + np.abs(phi))
    around = np.concatenate([phi + h[:, [i]] * np.eye(F)[i] for i in range(F)])
    ahead = look(around)[1].reshape(F, b, F)
    bend = np.moveaxis((ahead - slope) / h.T[:, :, None], 0, 1)
    curve, axes = np.linalg.eigh(0.5 * (bend + np.swapaxes(bend, 1, 2)))
    top = np.maximum(np.abs(curve).max(axis=1, keepdims=True), 1e-300)
    # flat directions have nothing to tell: a step along one would be rounding divided by rounding
    firm = np.where(np.abs(curve) > 1e-10 * top, np.abs(curve), np.inf)
    move = np.einsum("bij,bj->bi", axes, np.einsum("bji,bj->bi", axes, slope) / firm)
    move *= np.minimum(1.0, FAR / np.maximum(np.abs(move).max(axis=1, keepdims=True), 1e-300))
    tried = phi[:, None] + HALVES[:, None] * move[:, None]
    values, slopes = look(tried.reshape(-1, F))
    values, slopes = values.reshape(b, -1), slopes.reshape(b, -1, F)
    values = np.where(np.isfinite(values), values, -np.inf)
    best = np.argmax(values, axis=1)
    one = np.arange(b)
    up = values[one, best] >= value - 1e-13 * np.maximum(1.0, np.abs(value))
    return (
        np.where(up[:, None], tried[one, best], phi),
        np.where(up, values[one, best], value),
        np.where(up[:, None], slopes[one, best], slope),
    )


def _distinct(phi: Array, value: Array, slope: Array, covariances) -> tuple[Array, Array, Array]:  # type: ignore[no-untyped-def]
    """Points whose covariances differ; others have joined one that is kept."""
    G = covariances(phi).reshape(len(phi), -1)
    order = np.argsort(-value)
    kept: list[int] = []
    for i in order:
        size = 1e-4 * (1e-3 + np.abs(G[i]).max())
        if all(np.abs(G[i] - G[j]).max() > size for j in kept):
            kept.append(int(i))
    return phi[kept], value[kept], slope[kept]


def _clean(G: Array) -> Array:
    """Exact zeros for eigenvalues that are rounding."""
    size, axes = np.linalg.eigh(G)
    size = np.where(size > ZERO * max(1.0, float(size[-1])), size, 0.0)
    return np.asarray((axes * size) @ axes.T)


def _is_maximum(G: Array, point: Points, random: RandomPart) -> bool:
    slope, room = point.slope[0], FLAT * max(1.0, abs(float(point.loglik[0])))
    if random.single:
        slope, G = np.array([[np.trace(slope)]]), G[:1, :1]
    elif (random.rows == random.cols).all():
        own = np.diag(slope)
        return bool(np.all(np.where(np.diag(G) > 0, np.abs(own * np.diag(G)), own) <= room))
    size, axes = np.linalg.eigh(G)
    inner = axes.T @ slope @ axes
    null = size <= ZERO * max(1.0, float(size[-1]))
    size = np.where(null, 0.0, size)
    steep = float(np.linalg.eigvalsh(inner[np.ix_(null, null)])[-1]) if null.any() else -1.0
    return bool(np.abs(inner * np.sqrt(size)).max() <= room and steep <= room)
