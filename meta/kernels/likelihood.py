"""Normal-normal likelihoods of the heterogeneity variance, and their global maximum.

The restricted likelihood can have several maxima. Where :mod:`meta.kernels.ascent` cannot prove that there is
but one, the score is scanned on a logarithmic grid between bounds
outside of which no stationary point can lie; every sign change is refined by Newton steps that a bracket
guards; the likelihood decides between the maxima found, tau2 = 0 included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meta.kernels.ascent import climb
from meta.kernels.weights import CHUNK, Moments, Rows, moments, plain_mean

POINTS_PER_DECADE = 8
_MAX_STEPS = 100
_total = np.add.reduce  # over the first axis


@dataclass(frozen=True, slots=True)
class Maximum:
    """Global maxima of a batch.

    Attributes
    ----------
    tau2 : ndarray of shape (p,)
        Where the likelihood is largest; exactly 0 at the boundary.
    iterations : ndarray of int, shape (p,)
        Newton or bisection steps taken.
    converged : ndarray of bool, shape (p,)
        Whether every local maximum was located to machine precision.
    maxima : ndarray of int, shape (p,)
        How many local maxima there are, the boundary included.
    """

    tau2: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray
    maxima: np.ndarray


def log_likelihood(
    rows: Rows, tau2: ArrayLike, restricted: bool = False, mean: ArrayLike | None = None
) -> np.ndarray:
    """Log-likelihood at ``tau2``, profiled over the mean unless ``mean`` is given; of shape (p,).

    The restricted one carries the constant ``log|X'X| / 2 = log(k) / 2`` (Harville 1977,
    doi:10.1080/01621459.1977.10480998), so that it does not depend on how the mean is coded.

    >>> from meta.kernels.weights import arrange
    >>> log_likelihood(arrange([0.0, 1.0], [1.0, 1.0]), 0.0).round(6).item()
    -2.087877
    """
    t = np.asarray(tau2, dtype=float)
    w = 1.0 / (rows.v + t)
    s1 = w.sum(axis=0)
    centre = (w * rows.y).sum(axis=0) / s1 if mean is None else np.asarray(mean, dtype=float)
    residual = rows.y - centre
    return likelihood_of(rows, t, s1, (w * residual * residual).sum(axis=0), restricted)


def likelihood_of(
    rows: Rows, tau2: np.ndarray, s1: np.ndarray, q: np.ndarray, restricted: bool
) -> np.ndarray:
    """:func:`log_likelihood` from the sum of weights and Q at ``tau2``, both of shape (p,)."""
    value = -0.5 * (rows.n * math.log(2 * math.pi) + log_determinant(rows, tau2) + q)
    if restricted:
        value = value + 0.5 * (math.log(2 * math.pi) + np.log(rows.n) - np.log(s1))
    return value


def log_determinant(rows: Rows, tau2: ArrayLike) -> np.ndarray:
    """Sum of ``log(v + tau2)`` over the studies present, of shape (p,)."""
    total = rows.v + tau2
    if not rows.whole:
        total[np.isinf(total)] = 1.0
    # eight numbers between 1e-37 and 1e37 multiply without leaving the range of floats
    least, most = np.minimum.reduce(total, axis=None), np.maximum.reduce(total, axis=None)
    if len(total) >= 8 and least > 1e-37 and most < 1e37:
        total = np.multiply.reduceat(total, np.arange(0, len(total), 8))
    return np.asarray(_total(np.log(total)))


def score(y: np.ndarray, v: np.ndarray, tau2: np.ndarray, restricted: bool) -> np.ndarray:
    """Twice the derivative of the profile log-likelihood in tau2.

    ``y`` and ``v`` have shape (k, ..., p) and ``tau2`` what broadcasts against their trailing axes.
    """
    w = v + tau2
    np.divide(1.0, w, out=w)
    s1 = _total(w)
    buffer = w * y
    mean = _total(buffer) / s1
    np.subtract(y, mean, out=buffer)
    buffer *= w
    buffer *= buffer
    value = _total(buffer) - s1
    if restricted:
        np.multiply(w, w, out=buffer)
        value += _total(buffer) / s1
    return value


def _score_and_slope(rows: Rows, tau2: np.ndarray, restricted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Twice the first and twice the second derivative of the profile log-likelihood, of shape (p,)."""
    w = 1.0 / (rows.v + tau2)
    s1 = _total(w)
    mean = _total(w * rows.y) / s1
    u = w * (rows.y - mean)
    wu = w * u
    w2 = w * w
    s2 = _total(w2)
    first = _total(u * u) - s1
    second = s2 - 2 * (_total(wu * u) - _total(wu) ** 2 / s1)
    if restricted:
        ratio = s2 / s1
        first += ratio
        second += ratio * ratio - 2 * _total(w2 * w) / s1
    return first, second


def search_bounds(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """Smallest positive grid point, and a bound above which the likelihood only falls; of shape (p,).

    With w in [1/(v_max + t), 1/(v_min + t)], a stationary point of the restricted likelihood needs
    ``w_max**3 S >= (k - 1) w_min**2`` and one of the likelihood ``w_max**2 S >= k w_min``, where S is the sum
    of squares about the plain mean; both fail for ``t > max(v_max, 4 S / (k - 1))``.
    """
    smallest = rows.v.min(axis=0)
    largest = rows.v.max(axis=0) if rows.whole else np.where(np.isfinite(rows.v), rows.v, 0.0).max(axis=0)
    spread = 4 * plain_mean(rows)[1] / np.maximum(rows.n - 1, 1)
    return 0.01 * smallest, 1.01 * np.maximum(largest, spread)


def _scan(rows: Rows, restricted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Grid of shape (g, p), first point 0, and the score on it."""
    low, high = search_bounds(rows)
    width = np.log(high / low)
    density = POINTS_PER_DECADE * (3 if rows.width == 1 else 1)
    points = min(1000, math.ceil(density * float(width.max()) / math.log(10)) + 2)
    grid = np.zeros((points + 1, rows.width))
    np.multiply(low, np.exp(width / (points - 1) * np.arange(points)[:, None]), out=grid[1:])
    value = np.empty(grid.shape)
    step = CHUNK // rows.y.size
    # a short last axis would be the inner loop
    step = step if step >= 16 else 1
    y, v = rows.y[:, None, :], rows.v[:, None, :]
    for start in range(0, points + 1, step):
        part = slice(start, start + step)
        value[part] = score(y, v, grid[part], restricted)
    # below the rounding error of the weights' sum the score at 0 is not positive
    value[0] -= 1e-13 * _total(1.0 / rows.v)
    return grid, value


def _refine(
    rows: Rows, ends: np.ndarray, scores: np.ndarray, restricted: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Root of the score in each bracket, with the steps taken and whether it converged.

    ``ends`` and ``scores`` have shape (2, p). Newton's steps square the relative error, so that a step below
    1e-8 was the last one needed.
    """
    low, high = ends.copy()
    share = scores[0] / (scores[0] - scores[1])
    tau2 = np.where(low > 0, low * (high / np.where(low > 0, low, high)) ** share, high * share)
    root, steps = tau2.copy(), np.zeros(rows.width, dtype=int)
    converged = np.zeros(rows.width, dtype=bool)
    active = np.arange(rows.width)
    tiny = 1e-16 * np.minimum.reduce(rows.v)
    for _ in range(_MAX_STEPS):
        first, second = _score_and_slope(rows, tau2, restricted)
        up = first > 0
        np.copyto(low, tau2, where=up)
        np.copyto(high, tau2, where=~up)
        new = tau2 - first / np.where(second == 0, -np.inf, second)
        outside = (new < low) | (new > high)
        if outside.any():
            new = np.where(outside, 0.5 * (low + high), new)
        small = np.abs(new - tau2) <= 1e-8 * new + tiny
        done = (small & ~outside) | (high - low <= 4e-16 * high)
        steps[active] += 1
        root[active] = new
        converged[active[done]] = True
        if done.all():
            break
        tau2 = new
        if done.any():
            keep = ~done
            active, tau2, low, high, tiny = active[keep], tau2[keep], low[keep], high[keep], tiny[keep]
            rows = rows.take(keep)
    return root, steps, converged


def maximise(rows: Rows, restricted: bool) -> Maximum:
    """Global maximum over tau2 >= 0 of a block's (restricted) likelihood; needs two studies a column.

    >>> from meta.kernels.weights import arrange
    >>> maximise(arrange([0.0, 2.0], [1.0, 1.0]), restricted=True).tau2.round(12).item()
    1.0
    """
    return maximise_with_sums(rows, restricted)[0]


def maximise_with_sums(rows: Rows, restricted: bool) -> tuple[Maximum, Moments, Moments]:
    """:func:`maximise`, with the weighted sums at the maximum and those at 0."""
    found = climb(rows, restricted)
    if found.proven.all():
        yes = found.proven
        return Maximum(found.tau2, found.steps, yes, yes.astype(int)), found.sums, found.zero
    open_ones = np.flatnonzero(~found.proven)
    part = rows if open_ones.size == rows.width else rows.take(open_ones)
    searched = search(part, restricted)
    if part is rows:
        return searched, moments(rows, searched.tau2), found.zero
    out = Maximum(found.tau2, found.steps, found.proven, np.ones(rows.width, dtype=int))
    for name in Maximum.__dataclass_fields__:
        getattr(out, name)[open_ones] = getattr(searched, name)
    fresh = moments(part, searched.tau2)
    sums = Moments(*(getattr(found.sums, name).copy() for name in Moments.__dataclass_fields__))
    for name in Moments.__dataclass_fields__:
        getattr(sums, name)[open_ones] = getattr(fresh, name)
    return out, sums, found.zero


def search(rows: Rows, restricted: bool) -> Maximum:
    """:func:`maximise` by the scan alone, with every local maximum found and counted."""
    width = rows.width
    grid, value = _scan(rows, restricted)
    positive = value > 0
    positive[-1] = False
    interval, column = np.nonzero(positive[:-1] & ~positive[1:])
    at_zero = ~positive[0]
    maxima = np.bincount(column, minlength=width) + at_zero
    tau2, steps, converged = np.zeros(width), np.zeros(width, dtype=int), np.ones(width, dtype=bool)
    if not column.size:
        return Maximum(tau2, steps, converged, maxima)
    plain = column.size == width and not at_zero.any() and bool((maxima == 1).all())
    if plain:
        order = np.argsort(column, kind="stable")
        interval, column = interval[order], column[order]
    part = rows if plain else rows.take(column)
    where = np.array([interval, interval + 1]), column
    root, taken, fine = _refine(part, grid[where], value[where], restricted)
    np.add.at(steps, column, taken)
    np.logical_and.at(converged, column, fine)
    if not (maxima > 1).any():
        tau2[column] = root
        return Maximum(tau2, steps, converged, maxima)
    best = np.where(at_zero, log_likelihood(rows, 0.0, restricted), -np.inf)
    height = log_likelihood(part, root, restricted)
    for i in np.lexsort((root, column)):
        if height[i] > best[column[i]]:
            best[column[i]], tau2[column[i]] = height[i], root[i]
    return Maximum(tau2, steps, converged, maxima)
