"""Estimators of the heterogeneity variance tau2, for batches of meta-analyses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtri

from meta.errors import InputError, unknown_option
from meta.kernels.likelihood import maximise_with_sums
from meta.kernels.weights import CHUNK, Moments, Rows, arrange, blocks, mean_variance, moments, plain_mean

_MAX_STEPS = 200
_LARGEST = 1e50


@dataclass(frozen=True, slots=True)
class Tau2Estimate:
    """Estimates of the heterogeneity variance; every array has the batch's trailing shape.

    Attributes
    ----------
    tau2 : ndarray
        Estimate; NaN where fewer than two studies are present (unless fixed).
    se : ndarray
        Its asymptotic standard error; NaN where tau2 was not estimated.
    iterations : ndarray of int
        Iterations taken; 0 for closed forms.
    converged : ndarray of bool
        Whether the iterations met their tolerance.
    at_boundary : ndarray of bool
        Whether the estimate is 0 because nothing smaller is allowed.
    maxima : ndarray of int
        Number of local maxima of the likelihood (1 for moment estimators).
    """

    tau2: np.ndarray
    se: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray
    at_boundary: np.ndarray
    maxima: np.ndarray


@dataclass(frozen=True, slots=True)
class _Raw:
    """What one estimator returns for one block: tau2 and its variance of shape (p,), and how it got there."""

    tau2: np.ndarray
    variance: np.ndarray
    iterations: np.ndarray | int = 0
    converged: np.ndarray | bool = True
    maxima: np.ndarray | int = 1
    sums: Moments | None = None
    zero: Moments | None = None


def solve_q(rows: Rows, target: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find tau2 >= 0 with ``Q(tau2) = target``; 0 where ``Q(0) <= target``.

    1/Q is concave and increasing in tau2, so Newton's steps on ``1/Q - 1/target`` rise from 0 to the root
    without ever passing it. Returns tau2, the steps taken and whether they converged, each of shape (p,).

    >>> solve_q(arrange([0.0, 2.0], [1.0, 1.0]), 1.0)[0].round(12).item()
    1.0
    """
    goal = np.broadcast_to(np.asarray(target, dtype=float), (rows.width,))
    root, steps = np.zeros(rows.width), np.zeros(rows.width, dtype=int)
    converged = np.zeros(rows.width, dtype=bool)
    active, tau2 = np.arange(rows.width), np.zeros(rows.width)
    for _ in range(_MAX_STEPS):
        w = 1.0 / (rows.v + tau2)
        mean = (w * rows.y).sum(axis=0) / w.sum(axis=0)
        residual = rows.y - mean
        u = w * residual
        q, slope = (u * residual).sum(axis=0), (u * u).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            move = np.where(q > goal, q * (q - goal) / (goal * slope), 0.0)
        tau2 = tau2 + move
        root[active] = tau2
        steps[active] += move > 0
        done = move <= 1e-11 * tau2
        converged[active[done]] = True
        if done.all():
            break
        if done.any():
            keep = ~done
            active, tau2, goal, rows = active[keep], tau2[keep], goal[keep], rows.take(keep)
    return root, steps, converged


def _moment_variance(
    trace_pvpv: np.ndarray, cross: np.ndarray, square: np.ndarray, tau2: np.ndarray
) -> np.ndarray:
    """``2 tr(A S A S)`` for ``S = V + tau2 I`` from ``tr(AVAV)``, ``tr(AVA)`` and ``tr(AA)``."""
    return 2 * trace_pvpv + 4 * tau2 * cross + 2 * tau2**2 * square


def _equal(rows: Rows, weights: np.ndarray | None) -> _Raw:
    return _Raw(np.zeros(rows.width), np.full(rows.width, np.nan))


def _dersimonian_laird(rows: Rows, weights: np.ndarray | None) -> _Raw:
    m = moments(rows)
    tau2 = np.maximum((m.q - (rows.n - 1)) / m.trace_p, 0.0)
    variance = _moment_variance(rows.n - 1, m.trace_p, m.trace_pp, tau2) / m.trace_p**2
    return _Raw(tau2, variance, zero=m)


def _hunter_schmidt(rows: Rows, weights: np.ndarray | None) -> _Raw:
    m = moments(rows)
    tau2 = np.maximum((m.q - rows.n) / m.s1, 0.0)
    return _Raw(tau2, _moment_variance(rows.n - 1, m.trace_p, m.trace_pp, tau2) / m.s1**2)


def _hunter_schmidt_k(rows: Rows, weights: np.ndarray | None) -> _Raw:
    m = moments(rows)
    factor = rows.n / (rows.n - 1)
    tau2 = np.maximum((factor * m.q - rows.n) / m.s1, 0.0)
    return _Raw(tau2, _moment_variance(rows.n - 1, m.trace_p, m.trace_pp, tau2) * (factor / m.s1) ** 2)


def _general_q(rows: Rows, weights: np.ndarray | None) -> _Raw:
    if weights is None:
        raise InputError("method 'GENQ' needs weights: give weights= with one positive number a study")
    a = np.where(np.isfinite(rows.v), np.asarray(weights, dtype=float).reshape(len(rows.y), -1), 0.0)
    v = np.where(np.isfinite(rows.v), rows.v, 0.0)
    s1, a2, av = a.sum(axis=0), a * a, a * v
    mean = (a * rows.y).sum(axis=0) / s1
    q = (a * (rows.y - mean) ** 2).sum(axis=0)
    trace_pv = av.sum(axis=0) - (av * a).sum(axis=0) / s1
    s2 = a2.sum(axis=0)
    trace = s1 - s2 / s1
    tau2 = np.maximum((q - trace_pv) / trace, 0.0)
    b = (a2 * v).sum(axis=0) / s1
    pvpv = (av * av).sum(axis=0) - 2 * (av * av * a).sum(axis=0) / s1 + b * b
    pvp = (a2 * v).sum(axis=0) - 2 * (a2 * av).sum(axis=0) / s1 + b * s2 / s1
    pp = s2 - 2 * (a2 * a).sum(axis=0) / s1 + (s2 / s1) ** 2
    return _Raw(tau2, _moment_variance(pvpv, pvp, pp, tau2) / trace**2)


def _hedges(rows: Rows, weights: np.ndarray | None) -> _Raw:
    raw = _general_q(rows, np.ones_like(rows.y))
    _, rss = plain_mean(rows)
    return _Raw(np.maximum(rss / (rows.n - 1) - mean_variance(rows), 0.0), raw.variance)


def _sidik_jonkman(rows: Rows, weights: np.ndarray | None) -> _Raw:
    _, rss = plain_mean(rows)
    # equal effects differ by rounding alone
    first = np.where(rss <= 1e-30 * (rows.y**2).sum(axis=0), 0.0, rss / rows.n)
    with np.errstate(divide="ignore", invalid="ignore"):
        m = moments(rows, first)
        tau2 = first * m.q / (rows.n - 1)
    # 2 tr(P S P S) with S = V + tau2 I = W^-1 + (tau2 - first) I
    shift = tau2 - first
    spread = 2 * (rows.n - 1) + 4 * shift * m.trace_p + 2 * shift**2 * m.trace_pp
    return _Raw(tau2, (first / (rows.n - 1)) ** 2 * spread)


def _likelihood(rows: Rows, restricted: bool) -> _Raw:
    found, m, zero = maximise_with_sums(rows, restricted)
    information = m.trace_pp if restricted else m.s2
    with np.errstate(divide="ignore"):
        variance = 2 / information
    return _Raw(found.tau2, variance, found.iterations, found.converged, found.maxima, m, zero)


def _maximum_likelihood(rows: Rows, weights: np.ndarray | None) -> _Raw:
    return _likelihood(rows, restricted=False)


def _restricted_likelihood(rows: Rows, weights: np.ndarray | None) -> _Raw:
    return _likelihood(rows, restricted=True)


def _q_solution(rows: Rows, target: np.ndarray) -> _Raw:
    tau2, steps, converged = solve_q(rows, target)
    m = moments(rows, tau2)
    return _Raw(tau2, 2 * rows.n**2 / ((rows.n - 1) * m.s1**2), steps, converged, 1, m)


def _paule_mandel(rows: Rows, weights: np.ndarray | None) -> _Raw:
    return _q_solution(rows, rows.n - 1)


def _paule_mandel_median(rows: Rows, weights: np.ndarray | None) -> _Raw:
    return _q_solution(rows, chdtri(rows.n - 1, 0.5))


def _iterated(rows: Rows, weights: np.ndarray | None) -> _Raw:
    """Root of ``Q(t) - (k - 1) - t tr P(t)``, convex and falling: Newton's steps rise to it from 0."""
    tau2, steps = np.zeros(rows.width), np.zeros(rows.width, dtype=int)
    df = rows.n - 1
    for _ in range(_MAX_STEPS):
        w = 1.0 / (rows.v + tau2)
        m = moments(rows, tau2)
        u = w * (rows.y - m.mean)
        slope = (u * u).sum(axis=0) + m.trace_p - tau2 * m.trace_pp
        move = np.maximum((m.q - df - tau2 * m.trace_p) / slope, 0.0)
        tau2, steps = tau2 + move, steps + (move > 0)
        done = move <= 1e-12 * tau2
        if done.all():
            break
    m = moments(rows, tau2)
    return _Raw(tau2, _moment_variance(df, m.trace_p, m.trace_pp, tau2) / m.trace_p**2, steps, done)


METHODS: dict[str, Callable[[Rows, np.ndarray | None], _Raw]] = {
    "EE": _equal,
    "DL": _dersimonian_laird,
    "DLIT": _iterated,
    "HE": _hedges,
    "HS": _hunter_schmidt,
    "HSk": _hunter_schmidt_k,
    "SJ": _sidik_jonkman,
    "ML": _maximum_likelihood,
    "REML": _restricted_likelihood,
    "EB": _paule_mandel,
    "PM": _paule_mandel,
    "PMM": _paule_mandel_median,
    "GENQ": _general_q,
}


def estimate(
    y: ArrayLike, v: ArrayLike, method: str | float = "REML", *, weights: ArrayLike | None = None
) -> Tau2Estimate:
    """Estimate the heterogeneity variance of every meta-analysis of a batch.

    Parameters
    ----------
    y, v : array_like of shape (k, ...)
        Effects and sampling variances; NaN where a study is absent.
    method : str or float
        A key of :data:`METHODS`, or a number to fix tau2.
    weights : array_like of shape (k,) or (k, ...), optional
        Weights of the general Q statistic (``GENQ`` alone uses them).

    Returns
    -------
    Tau2Estimate
        Arrays of the trailing shape of ``y``.

    References
    ----------
    Veroniki et al. 2016, doi:10.1002/jrsm.1164; DerSimonian & Kacker 2007, doi:10.1016/j.cct.2006.04.004.

    Examples
    --------
    >>> estimate([0.0, 1.0, 3.0], [0.1, 0.2, 0.3], "DL").tau2.round(4).item()
    1.9
    """
    ys = np.asarray(y, dtype=float)
    shape = np.broadcast_shapes(ys.shape, np.shape(v))[1:]
    rows = arrange(ys, v)
    found = estimate_rows(rows, method, None if weights is None else _spread(weights, rows))[0]
    return Tau2Estimate(
        **{name: getattr(found, name).reshape(shape) for name in Tau2Estimate.__dataclass_fields__}
    )


def estimate_rows(
    rows: Rows, method: str | float, weights: np.ndarray | None = None
) -> tuple[Tau2Estimate, Moments | None, Moments | None]:
    """:func:`estimate` on a laid-out batch: arrays of shape (p,), and the sums at tau2 and 0 if at hand."""
    if not isinstance(method, str):
        return _fixed(rows, float(method)), None, None
    if method not in METHODS:
        raise unknown_option("method", method, METHODS)
    if rows.y.size <= CHUNK and rows.n.min() >= 2:
        return _one_block(rows, method, weights)
    out = _empty(rows.width)
    for part in blocks(rows):
        _fill(out, part, rows.take(part), METHODS[method], None if weights is None else weights[:, part])
    if method != "EE":
        out.tau2[rows.n < 2] = out.se[rows.n < 2] = np.nan
        out.at_boundary[:] = out.tau2 == 0
    return out, None, None


def _one_block(
    rows: Rows, method: str, weights: np.ndarray | None
) -> tuple[Tau2Estimate, Moments | None, Moments | None]:
    raw = METHODS[method](rows, weights)
    yes = np.ones(rows.width, dtype=bool)
    zero = raw.tau2 == 0 if method != "EE" else ~yes
    one = yes.astype(int)
    with np.errstate(invalid="ignore"):
        se = np.sqrt(raw.variance)
    found = Tau2Estimate(raw.tau2, se, raw.iterations * one, raw.converged & yes, zero, raw.maxima * one)
    return found, raw.sums, raw.zero


def _spread(weights: ArrayLike, rows: Rows) -> np.ndarray:
    given = np.asarray(weights, dtype=float).reshape(len(rows.y), -1)
    return np.broadcast_to(given, rows.y.shape)


def _empty(width: int) -> Tau2Estimate:
    nan = np.full(width, np.nan)
    whole = np.zeros(width, dtype=int)
    return Tau2Estimate(
        nan,
        nan.copy(),
        whole,
        np.ones(width, dtype=bool),
        np.zeros(width, dtype=bool),
        np.ones(width, dtype=int),
    )


def _fixed(rows: Rows, value: float) -> Tau2Estimate:
    if not 0 <= value <= _LARGEST:
        raise InputError(f"a fixed tau2 must be a finite number >= 0, no more than {_LARGEST:g}, not {value}")
    out = _empty(rows.width)
    out.tau2[:] = value
    return out


def _fill(
    out: Tau2Estimate,
    part: slice,
    rows: Rows,
    function: Callable[[Rows, np.ndarray | None], _Raw],
    weights: np.ndarray | None,
) -> None:
    """Estimate one block and write it into ``out``; columns with fewer than two studies stay NaN."""
    enough = rows.n >= 2
    chosen: slice | np.ndarray = part
    if not enough.all():
        if not enough.any():
            if function is _equal:
                out.tau2[part] = 0.0
            return
        if function is _equal:
            enough = np.ones_like(enough)
        chosen = np.arange(part.start, part.stop)[enough]
        rows = rows.take(enough)
        weights = None if weights is None else weights[:, enough]
    raw = function(rows, weights)
    out.tau2[chosen] = raw.tau2
    with np.errstate(invalid="ignore"):
        out.se[chosen] = np.sqrt(raw.variance)
    out.iterations[chosen] = raw.iterations
    out.converged[chosen] = raw.converged
    out.maxima[chosen] = raw.maxima
