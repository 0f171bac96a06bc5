"""The number of studies that a funnel lacks on one side: the iteration of trim and fill."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from meta.errors import NotEstimableError
from meta.kernels.inference import pooled_rows
from meta.kernels.tau2 import estimate as estimate_tau2
from meta.kernels.weights import arrange
from meta.pooling.pool_options import PoolOptions


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Outcome of the iteration.

    Attributes
    ----------
    k0 : int
        Estimated number of missing studies.
    k0_se : float
        Its standard error.
    centre : float
        Centre of the trimmed data, about which the removed studies are mirrored.
    order : ndarray of int, shape (k,)
        Studies from smallest to largest effect; the last ``k0`` are mirrored.
    iterations : int
    converged : bool
    """

    k0: int
    k0_se: float
    centre: float
    order: np.ndarray
    iterations: int
    converged: bool


def missing_number(centred: np.ndarray, estimator: str) -> tuple[float, float]:
    """Estimate of the number of missing studies, unrounded, and k0's standard error.

    ``centred`` (k,) are effects about the centre in ascending order, with studies missing on the left.

    >>> missing_number(np.array([-0.5, 0.1, 1.0, 2.0, 3.0]), "R0")[0]
    2.0
    """
    k = len(centred)
    order = np.argsort(np.abs(centred), kind="stable")
    ranks = np.empty(k)
    ranks[order] = np.arange(1, k + 1)
    positive = centred > 0
    if estimator == "R0":
        negative = ranks[~positive]
        value = float(k - (negative.max() if negative.size else 0.0) - 1)
        return value, math.sqrt(2 * max(0.0, value) + 2)
    score = float(ranks[positive].sum())
    if estimator == "L0":
        value = (4 * score - k * (k + 1)) / (2 * k - 1)
    else:
        inside = 2 * k**2 - 4 * score + 0.25
        if inside < 0:
            raise NotEstimableError(
                "Q0 does not exist for these studies (too many are missing): use L0 or R0"
            )
        value = k - 0.5 - math.sqrt(inside)
    n = value
    variance = (k * (k + 1) * (2 * k + 1) + 10 * n**3 + 27 * n**2 + 17 * n - 18 * k * n**2) / 24
    variance += (-18 * k * n + 6 * k**2 * n) / 24
    if estimator == "L0":
        return value, 4 * math.sqrt(max(variance, 0.0)) / (2 * k - 1)
    spread = (k - 0.5) ** 2 - n * (2 * k - n - 1)
    return value, 2 * math.sqrt(max(variance, 0.0) / spread) if spread > 0 else math.nan


def _centre(y: np.ndarray, v: np.ndarray, options: PoolOptions, weights: np.ndarray | None) -> float:
    rows = arrange(y[:, None], v[:, None])
    spread = None if weights is None else weights[:, None]
    found = estimate_tau2(rows.y, rows.v, options.estimator, weights=spread)
    tau2 = np.nan_to_num(found.tau2)
    return float(pooled_rows(rows, tau2, test="z", level=0.95, weights=spread).estimate[0])


def trim(
    y: np.ndarray, v: np.ndarray, options: PoolOptions, estimator: str, weights: np.ndarray | None = None
) -> Trimmed:
    """Trim effects (k,) that lack studies on the left until the number of missing ones settles."""
    k = len(y)
    order = np.argsort(y, kind="stable")
    ordered = y[order]
    k0, se, seen = 0, math.nan, set()
    for step in range(1, 101):
        kept = order[: k - k0]
        centre = _centre(y[kept], v[kept], options, None if weights is None else weights[kept])
        value, se = missing_number(ordered - centre, estimator)
        # half to even, as the standard rule for rounding
        fresh = min(max(0, round(value)), k - 1)
        if fresh == k0:
            return Trimmed(k0, se, centre, order, step, True)
        if fresh in seen:
            return Trimmed(fresh, se, centre, order, step, False)
        seen.add(k0)
        k0 = fresh
    return Trimmed(k0, se, centre, order, 100, False)
