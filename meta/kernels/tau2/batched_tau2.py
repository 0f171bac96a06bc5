"""Estimate tau2 by name: for batches of means, and for batches of regressions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meta.errors import InputError, unknown_option
from meta.kernels.tau2.estimators import ESTIMATORS, Estimator, General
from meta.kernels.tau2.problem import Problem, prepare
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import CHUNK, Moments, Rows, arrange, blocks

_LARGEST = 1e50
"""Squares and products of larger numbers leave the range of doubles in the sums that follow."""


def estimator(method: str) -> Estimator:
    """The estimator of a code.

    >>> estimator("DL").name
    'DerSimonian-Laird'
    """
    if method not in ESTIMATORS:
        raise unknown_option("method", method, ESTIMATORS)
    return ESTIMATORS[method]


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


def estimate(
    y: ArrayLike, v: ArrayLike, method: str | float = "REML", *, weights: ArrayLike | None = None
) -> Tau2Estimate:
    """Estimate the heterogeneity variance of every meta-analysis of a batch.

    Parameters
    ----------
    y, v : array_like of shape (k, ...)
        Effects and sampling variances; NaN where a study is absent.
    method : str or float
        A key of :data:`ESTIMATORS`, or a number to fix tau2.
    weights : array_like of shape (k,) or (k, ...), optional
        Weights of the estimators that take them, such as ``GENQ``.

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
    chosen = estimator(method)
    if rows.y.size <= CHUNK and rows.n.min() >= 2:
        return _one_block(rows, chosen, weights)
    out = _empty(rows.width)
    for part in blocks(rows):
        _fill(out, part, rows.take(part), chosen, None if weights is None else weights[:, part])
    if method != "EE":
        out.tau2[rows.n < 2] = out.se[rows.n < 2] = np.nan
        out.at_boundary[:] = out.tau2 == 0
    return out, None, None


def of_problem(problem: Problem, method: str | float, weights: np.ndarray | None = None) -> Found:
    """Estimate tau2 of every regression of a batch; one that is only a mean takes the mean's faster way.

    Parameters
    ----------
    problem : Problem
        From :func:`meta.kernels.tau2.problem.prepare`.
    method : str or float
        A key of :data:`ESTIMATORS`, or a number to fix tau2.
    weights : ndarray of shape (k,), (1, k) or (B, k), optional
        Weights of the estimators that take them.

    Examples
    --------
    >>> problem = prepare(np.array([0.0, 1.0, 3.0]), np.array([0.1, 0.2, 0.3]), np.ones((3, 1)))[0]
    >>> of_problem(problem, "DL").tau2.round(4).tolist()
    [1.9]
    """
    if not isinstance(method, str):
        return Found(np.full(problem.size, _checked(float(method))), np.full(problem.size, np.nan))
    chosen = estimator(method)
    given = None if weights is None else np.atleast_2d(weights)
    if not (problem.constant and chosen.mean):
        return chosen.general(problem, given)
    y, v = problem.y.T, np.broadcast_to(problem.v, problem.e.shape).T
    rows = Rows(y, v, np.full(problem.size, float(problem.k)), True)
    return chosen.mean(rows, None if given is None else np.broadcast_to(given, problem.e.shape).T)


def _means(chosen: Estimator, rows: Rows, weights: np.ndarray | None) -> Found:
    """tau2 of means, one after the other where the estimator has no faster way."""
    return chosen.mean(rows, weights) if chosen.mean else _one_by_one(chosen.general, rows, weights)


def _one_by_one(general: General, rows: Rows, weights: np.ndarray | None) -> Found:
    """Call an estimator for any design on each mean of a batch."""
    found = []
    for j in range(rows.width):
        there = np.isfinite(rows.v[:, j])
        y, v = rows.y[there, j], rows.v[there, j]
        problem = prepare(y, v, np.ones((y.size, 1)))[0]
        found.append(general(problem, None if weights is None else weights[None, there, j]))

    def column(name: str) -> np.ndarray:
        return np.array([np.ravel(getattr(one, name))[0] for one in found])

    return Found(
        tau2=column("tau2"),
        variance=column("variance"),
        iterations=column("iterations"),
        converged=column("converged"),
        maxima=column("maxima"),
    )


def _one_block(
    rows: Rows, chosen: Estimator, weights: np.ndarray | None
) -> tuple[Tau2Estimate, Moments | None, Moments | None]:
    raw = _means(chosen, rows, weights)
    yes = np.ones(rows.width, dtype=bool)
    zero = raw.tau2 == 0 if chosen.code != "EE" else ~yes
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


def _checked(value: float) -> float:
    if not 0 <= value <= _LARGEST:
        raise InputError(f"a fixed tau2 must be a finite number >= 0, no more than {_LARGEST:g}, not {value}")
    return value


def _fixed(rows: Rows, value: float) -> Tau2Estimate:
    out = _empty(rows.width)
    out.tau2[:] = _checked(value)
    return out


def _fill(
    out: Tau2Estimate,
    part: slice,
    rows: Rows,
    chosen: Estimator,
    weights: np.ndarray | None,
) -> None:
    """Estimate one block and write it into ``out``; columns with fewer than two studies stay NaN."""
    if chosen.code == "EE":
        out.tau2[part] = 0.0
        return
    enough = rows.n >= 2
    place: slice | np.ndarray = part
    if not enough.all():
        if not enough.any():
            return
        place = np.arange(part.start, part.stop)[enough]
        rows = rows.take(enough)
        weights = None if weights is None else weights[:, enough]
    raw = _means(chosen, rows, weights)
    out.tau2[place] = raw.tau2
    with np.errstate(invalid="ignore"):
        out.se[place] = np.sqrt(raw.variance)
    out.iterations[place] = raw.iterations
    out.converged[place] = raw.converged
    out.maxima[place] = raw.maxima
