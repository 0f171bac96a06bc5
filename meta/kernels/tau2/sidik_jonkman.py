"""SJ: one step from the variance of the effects (Sidik & Jonkman 2005, doi:10.1111/j.1467-9876.2005.00489.x).

For any design: Sidik & Jonkman 2005, doi:10.1081/BIP-200067915.
"""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.quadratic import quadratic
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows, moments, plain_mean

_ROUNDING = 1e-30
"""Share of the sum of squares below which effects are equal but for rounding."""


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """``t Q(t) / (k - p)`` at the variance t of the effects, for any design."""
    y = problem.y
    spread = ((y - y.mean(-1, keepdims=True)) ** 2).sum(-1)
    first = np.where(spread <= _ROUNDING * (y * y).sum(-1), 0.0, spread / problem.k)
    form = quadratic(problem, 1.0 / (problem.v + first[:, None]))
    share = first / problem.df
    tau2 = share * form.value
    return Found(tau2, share**2 * form.variance(tau2))


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means."""
    _, rss = plain_mean(rows)
    first = np.where(rss <= _ROUNDING * (rows.y**2).sum(axis=0), 0.0, rss / rows.n)
    with np.errstate(divide="ignore", invalid="ignore"):
        m = moments(rows, first)
        tau2 = first * m.q / (rows.n - 1)
    # 2 tr(P S P S) with S = V + tau2 I = W^-1 + (tau2 - first) I
    shift = tau2 - first
    spread = 2 * (rows.n - 1) + 4 * shift * m.trace_p + 2 * shift**2 * m.trace_pp
    return Found(tau2, (first / (rows.n - 1)) ** 2 * spread)
