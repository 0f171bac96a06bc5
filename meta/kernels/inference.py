"""Tests and intervals for the pooled effect, for batches of meta-analyses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from meta.arguments import check_level
from meta.errors import unknown_option
from meta.kernels.degenerate import ROUNDING, ratio
from meta.kernels.weights import Moments, Rows, arrange, moments

TESTS = ("z", "t", "hksj", "adhoc", "KR")


@dataclass(frozen=True, slots=True)
class PooledEstimate:
    """Pooled effects with their test; every array has the batch's trailing shape.

    Attributes
    ----------
    estimate, se : ndarray
        Pooled effect and its standard error under the chosen test.
    ci_low, ci_high : ndarray
        Confidence interval.
    statistic, p_value : ndarray
        Two-sided test of no effect.
    df : ndarray
        Degrees of freedom; inf where the reference distribution is the normal.
    k : ndarray of int
        Number of studies present.
    se_classic : ndarray
        Standard error without any correction.
    scale : ndarray
        Hartung-Knapp's q, the weighted residual mean square.
    """

    estimate: np.ndarray
    se: np.ndarray
    ci_low: np.ndarray
    ci_high: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    df: np.ndarray
    k: np.ndarray
    se_classic: np.ndarray
    scale: np.ndarray


def quantile(probability: ArrayLike, df: ArrayLike) -> np.ndarray:
    """Quantile of Student's t; normal where ``df`` is inf, NaN where it is not positive.

    >>> quantile(0.975, [1.0, np.inf]).round(4).tolist()
    [12.7062, 1.96]
    """
    if np.ndim(probability) == 0 and np.size(df) == 1:
        return np.full(
            np.shape(df), _quantile(np.asarray(probability).item(), np.asarray(df, dtype=float).item())
        )
    given = np.asarray(df, dtype=float)
    if np.ndim(probability) == 0 and given.size and (given == given.flat[0]).all():
        return np.full(given.shape, _quantile(float(np.asarray(probability)), float(given.flat[0])))
    p, d = np.broadcast_arrays(np.asarray(probability, dtype=float), given)
    if p.size > 64 and np.ndim(probability) == 0:
        values, inverse = np.unique(d, return_inverse=True)
        if values.size < d.size:
            return quantile(probability, values)[inverse.reshape(d.shape)]
    normal = np.isinf(d)
    safe = np.where(normal | ~(d > 0), 1.0, d)
    return np.where(normal, ndtri(p), np.where(d > 0, stdtrit(safe, p), np.nan))


def _quantile(probability: float, df: float) -> float:
    if df == np.inf:
        return float(ndtri(probability))
    return float(stdtrit(df, probability)) if df > 0 else np.nan


def lower_tail(x: ArrayLike, df: ArrayLike) -> np.ndarray:
    """P(T <= x) for Student's t; normal where ``df`` is inf, NaN where it is not positive.

    >>> lower_tail([-1.0, -1.0], [1.0, np.inf]).round(4).tolist()
    [0.25, 0.1587]
    """
    d = np.asarray(df, dtype=float)
    if d.size and np.minimum.reduce(d, axis=None) > 0 and np.maximum.reduce(d, axis=None) < np.inf:
        return np.asarray(stdtr(d, x))
    normal = np.isinf(d)
    safe = np.where(normal | ~(d > 0), 1.0, d)
    if normal.all():
        return np.asarray(ndtr(x))
    return np.where(normal, ndtr(x), np.where(d > 0, stdtr(safe, x), np.nan))


def two_sided(statistic: ArrayLike, df: ArrayLike) -> np.ndarray:
    """Two-sided p-value, from the far tail itself.

    >>> two_sided(12.7062047, 1.0).round(6).item()
    0.05
    """
    return 2 * lower_tail(-np.abs(statistic), df)


def kenward_roger(m: Moments) -> tuple[np.ndarray, np.ndarray]:
    """Kenward-Roger's variance of the mean and its degrees of freedom.

    With one mean and V = diag(v) + tau2 I, and the expected information ``I = tr(PP) / 2`` of tau2:
    ``var = Phi + 2 Phi**2 (s3 - s2**2 / s1) / I`` and ``df = 2 I (s1 / s2)**2``, where ``Phi = 1 / s1``
    (Kenward & Roger 1997, doi:10.2307/2533558; Partlett & Riley 2017, doi:10.1002/sim.7140).
    """
    information = 0.5 * m.trace_pp
    variance = 1 / m.s1 + 2 * np.maximum(m.s3 - m.s2 * m.s2 / m.s1, 0.0) / (information * m.s1 * m.s1)
    return variance, 2 * information * (m.s1 / m.s2) ** 2


def _standard_error(
    m: Moments, variance: np.ndarray, n: np.ndarray, test: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Standard error, degrees of freedom and Hartung-Knapp scale under ``test``, each of shape (p,)."""
    noise = m.q <= (ROUNDING * m.mean) ** 2 * m.s1
    scale = np.where(noise, 0.0, m.q / (n - 1))
    df = n - 1
    if test == "z":
        return np.sqrt(variance), np.full_like(n, np.inf), scale
    if test == "t":
        return np.sqrt(variance), df, scale
    if test == "KR":
        adjusted, df = kenward_roger(m)
        return np.sqrt(adjusted), df, scale
    factor = np.maximum(scale, 1.0) if test == "adhoc" else scale
    return np.sqrt(factor * variance), df, scale


def weighted_mean(rows: Rows, tau2: ArrayLike, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean with given weights of shape (k, p) and its variance under the random-effects model."""
    present = np.isfinite(rows.v)
    a = np.where(present, weights, 0.0)
    total = a.sum(axis=0)
    variance = np.where(present, a * a * (np.where(present, rows.v, 0.0) + tau2), 0.0).sum(axis=0)
    return (a * rows.y).sum(axis=0) / total, variance / (total * total)


def pooled_estimate(
    y: ArrayLike,
    v: ArrayLike,
    tau2: ArrayLike,
    *,
    test: str = "hksj",
    level: float = 0.95,
    weights: ArrayLike | None = None,
) -> PooledEstimate:
    """Pooled effect of every meta-analysis of a batch, at given heterogeneity variances.

    A single study keeps its own normal test whatever ``test`` says. With given ``weights``, Hartung-Knapp's
    q is still that of the inverse-variance weights.

    Parameters
    ----------
    y, v : array_like of shape (k, ...)
        Effects and sampling variances; NaN where a study is absent.
    tau2 : array_like
        Heterogeneity variances, of the trailing shape (or a number).
    test : {"z", "t", "hksj", "adhoc", "KR"}
        How the standard error and the reference distribution are chosen.
    level : float
        Confidence level.
    weights : array_like of shape (k,) or (k, ...), optional
        Weights instead of the inverse variances.

    References
    ----------
    Hartung & Knapp 2001, doi:10.1002/sim.791; Knapp & Hartung 2003, doi:10.1002/sim.1482;
    Kenward & Roger 1997, doi:10.2307/2533558.

    Examples
    --------
    >>> fit = pooled_estimate([0.0, 1.0], [1.0, 1.0], 0.0, test="z")
    >>> fit.estimate.item(), round(fit.se.item(), 4)
    (0.5, 0.7071)
    """
    if test not in TESTS:
        raise unknown_option("test", test, TESTS)
    check_level(level)
    shape = np.broadcast_shapes(np.shape(y), np.shape(v))[1:]
    rows = arrange(y, v)
    t = np.broadcast_to(np.asarray(tau2, dtype=float).reshape(-1), (rows.width,))
    given = None
    if weights is not None:
        given = np.broadcast_to(np.asarray(weights, dtype=float).reshape(len(rows.y), -1), rows.y.shape)
    found = pooled_rows(rows, t, test=test, level=level, weights=given)
    return PooledEstimate(
        **{name: getattr(found, name).reshape(shape) for name in PooledEstimate.__dataclass_fields__}
    )


def pooled_rows(
    rows: Rows,
    tau2: np.ndarray,
    *,
    test: str,
    level: float,
    weights: np.ndarray | None = None,
    sums: Moments | None = None,
) -> PooledEstimate:
    """The arithmetic of :func:`pooled_estimate` on a laid-out batch; arrays of shape (p,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = rows.n == 1
        if alone.any():
            tau2 = np.where(alone & np.isnan(tau2), 0.0, tau2)
            sums = None
        m = moments(rows, tau2) if sums is None else sums
        if weights is None:
            mean, variance = m.mean, 1.0 / m.s1
        else:
            mean, variance = weighted_mean(rows, tau2, weights)
        se, df, scale = _standard_error(m, variance, rows.n, test)
        classic = np.sqrt(variance)
        if alone.any():
            se, df = np.where(alone, classic, se), np.where(alone, np.inf, df)
            scale = np.where(alone, np.nan, scale)
        statistic = ratio(mean, se)
        half = quantile(0.5 + level / 2, df) * se
        p = two_sided(statistic, df)
    return PooledEstimate(
        mean, se, mean - half, mean + half, statistic, p, df, rows.n.astype(int), classic, scale
    )
