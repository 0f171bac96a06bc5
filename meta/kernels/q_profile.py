"""Cochran's Q, I2 and H2, and confidence intervals for tau2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri

from meta.kernels.likelihood import log_likelihood, maximise
from meta.kernels.quadform import chi2_mixture_sf, q_form_weights
from meta.kernels.tau2 import solve_q
from meta.kernels.weights import Moments, Rows, arrange, moments


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """Heterogeneity statistics; every array has the batch's trailing shape.

    Attributes
    ----------
    q, q_df, q_p : ndarray
        Cochran's Q with weights 1/v, its degrees of freedom and p-value.
    i2, h2 : ndarray
        From tau2 and the typical variance (I2 in percent).
    i2_q, h2_q : ndarray
        From Q: ``max(0, (Q - df) / Q)`` in percent, and ``Q / df``.
    typical : ndarray
        The typical sampling variance ``(k - 1) / tr(P)``.
    """

    q: np.ndarray
    q_df: np.ndarray
    q_p: np.ndarray
    i2: np.ndarray
    h2: np.ndarray
    i2_q: np.ndarray
    h2_q: np.ndarray
    typical: np.ndarray


@dataclass(frozen=True, slots=True)
class Tau2Interval:
    """A confidence interval for tau2 of one meta-analysis.

    Attributes
    ----------
    low, high : float
        Its ends.
    empty : bool
        Whether the confidence set is empty, in which case [0, 0] stands for it.
    """

    low: float
    high: float
    empty: bool


def heterogeneity(y: ArrayLike, v: ArrayLike, tau2: ArrayLike) -> Heterogeneity:
    """Heterogeneity statistics of every meta-analysis of a batch.

    References
    ----------
    Higgins & Thompson 2002, doi:10.1002/sim.1186.

    Examples
    --------
    >>> h = heterogeneity([0.0, 2.0], [1.0, 1.0], 1.0)
    >>> h.q.item(), h.i2.item(), h.i2_q.item()
    (2.0, 50.0, 50.0)
    """
    shape = np.broadcast_shapes(np.shape(y), np.shape(v))[1:]
    found = heterogeneity_rows(arrange(y, v), np.asarray(tau2, dtype=float).reshape(-1))
    return Heterogeneity(
        **{name: getattr(found, name).reshape(shape) for name in Heterogeneity.__dataclass_fields__}
    )


def heterogeneity_rows(rows: Rows, tau2: np.ndarray, zero: Moments | None = None) -> Heterogeneity:
    """The arithmetic of :func:`heterogeneity` on a laid-out batch; arrays of shape (p,).

    ``zero`` are the sums at tau2 = 0, if they are at hand.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        m = moments(rows) if zero is None else zero
        df = rows.n - 1
        q, typical, q_p = m.q, df / np.maximum(m.trace_p, 0.0), chdtrc(df, m.q)
        i2_q, h2_q = 100 * np.maximum(q - df, 0.0) / np.where(q > 0, q, 1.0), q / df
        several = df > 0
        if not several.all():
            q = np.where(several, q, np.where(rows.n == 1, 0.0, np.nan))
            typical, q_p, i2_q, h2_q = (np.where(several, x, np.nan) for x in (typical, q_p, i2_q, h2_q))
        return Heterogeneity(
            q=q,
            q_df=df,
            q_p=q_p,
            i2=100 * (tau2 / (tau2 + typical)),
            h2=1 + tau2 / typical,
            i2_q=i2_q,
            h2_q=h2_q,
            typical=typical,
        )


def q_profile(y: ArrayLike, v: ArrayLike, level: float = 0.95) -> Tau2Interval:
    """Q-profile interval of one meta-analysis (Viechtbauer 2007, doi:10.1002/sim.2514).

    >>> ci = q_profile([0.0, 1.0, 4.0], [0.1, 0.1, 0.1])
    >>> round(ci.low, 4), round(ci.high, 3), ci.empty
    (1.0747, 171.058, False)
    """
    rows = arrange(y, v)
    df = rows.n[0] - 1
    upper, lower = chdtri(df, 0.5 - level / 2), chdtri(df, 0.5 + level / 2)
    if moments(rows).q[0] < lower:
        return Tau2Interval(0.0, 0.0, True)
    both = Rows(np.repeat(rows.y, 2, axis=1), np.repeat(rows.v, 2, axis=1), np.repeat(rows.n, 2), rows.whole)
    ends = solve_q(both, np.array([upper, lower]))[0]
    return Tau2Interval(float(ends[0]), float(ends[1]), False)


def profile_likelihood(
    y: ArrayLike, v: ArrayLike, level: float = 0.95, *, restricted: bool = True
) -> Tau2Interval:
    """Profile-likelihood interval of one meta-analysis (Hardy & Thompson 1996).

    The set of all tau2 whose (restricted) log-likelihood lies within half a chi-squared quantile of its
    maximum; its outermost ends are returned, also where the likelihood has several maxima. The
    method is that of doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.
    """
    rows = arrange(y, v)
    peak = maximise(rows, restricted).tau2

    def height(t: np.ndarray) -> np.ndarray:
        wide = Rows(rows.y, rows.v, np.full(t.shape, rows.n[0]), rows.whole)
        return log_likelihood(wide, t, restricted)

    return likelihood_ends(height, float(peak[0]), float(rows.v.min()), level)


def likelihood_ends(
    height: Callable[[np.ndarray], np.ndarray], best: float, smallest: float, level: float
) -> Tau2Interval:
    """Outermost ends of the set whose log-likelihood lies within half a chi-squared quantile of its maximum.

    ``height`` gives the log-likelihood on a grid of tau2; ``best`` is where it is largest, and ``smallest``
    the smallest sampling variance.
    """
    top = float(height(np.array([best]))[0])
    drop = 0.5 * float(chdtri(1, 1 - level))

    def above(t: np.ndarray) -> np.ndarray:
        return height(t) - top + drop

    steps = np.geomspace(0.01 * smallest, max(best, smallest) * 1e6, 400)
    while above(steps[-1:])[0] > 0:
        steps = np.append(steps, steps[-1] * np.geomspace(2, 1e4, 60))
    grid = np.unique(np.concatenate([[0.0, best], steps]))
    inside = above(grid) >= 0
    inside[grid == best] = True
    first, last = np.flatnonzero(inside)[[0, -1]]
    low = 0.0 if first == 0 else _crossing(above, grid[first - 1], grid[first])
    return Tau2Interval(low, _crossing(above, grid[last + 1], grid[last]), False)


def _crossing(above: Callable[[np.ndarray], np.ndarray], outside: float, inside: float) -> float:
    """Where ``above`` changes sign between a point outside the set and one inside it."""
    from scipy.optimize import brentq

    value = brentq(
        lambda t: float(above(np.array([t]))[0]),
        min(outside, inside),
        max(outside, inside),
        xtol=1e-300,
        rtol=1e-14,
        maxiter=500,
    )
    return float(value)


def generalised_q(y: ArrayLike, v: ArrayLike, weights: ArrayLike, level: float = 0.95) -> Tau2Interval:
    """Interval from the exact distribution of a generalised Q statistic with fixed weights.

    With A = diag(weights) and P_A the corresponding projection, ``y'P_A y`` is a weighted sum of chi-squared
    variables whose weights are the eigenvalues of ``S P_A S``, ``S**2 = V + tau2 I``. Weights 1/v give
    Biggerstaff & Jackson 2008 (doi:10.1002/sim.3490), 1/sqrt(v) Jackson 2013 (doi:10.1002/jrsm.1081).
    """
    yi, vi, a = (np.asarray(x, dtype=float) for x in (y, v, weights))
    present = np.isfinite(yi) & np.isfinite(vi)
    yi, vi, a = yi[present], vi[present], a[present]
    residual = yi - (a * yi).sum() / a.sum()
    q = float((a * residual * residual).sum())

    def tail(tau2: float) -> float:
        return chi2_mixture_sf(q_form_weights(a, vi + tau2), q)

    return tail_ends(tail, float(vi.min()), level)


def tail_ends(tail: Callable[[float], float], smallest: float, level: float) -> Tau2Interval:
    """Invert the upper tail probability of a statistic, a rising function of tau2."""
    alpha = 0.5 - level / 2
    at_zero = tail(0.0)
    if at_zero > 1 - alpha:
        return Tau2Interval(0.0, 0.0, True)
    low = 0.0 if at_zero >= alpha else _tail_root(tail, alpha, smallest)
    return Tau2Interval(low, _tail_root(tail, 1 - alpha, max(low, smallest)), False)


def _tail_root(tail: Callable[[float], float], target: float, start: float) -> float:
    """Solve ``tail(tau2) = target`` for a rising function."""
    from scipy.optimize import brentq

    high = start
    while tail(high) < target:
        high *= 4
    value = brentq(lambda t: tail(t) - target, 0.0, high, xtol=1e-14 * high, rtol=1e-13)
    return float(value)
