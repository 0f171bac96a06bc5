"""HE: moments with equal weights (Hedges 1983, doi:10.1037/0033-2909.93.2.388)."""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2 import general_q
from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.quadratic import moment_estimate
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows, mean_variance, plain_mean


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """Residual variance of ordinary least squares less what sampling explains of it, for any design."""
    return moment_estimate(problem, np.ones((1, problem.k)))


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """Sample variance of the effects less the mean sampling variance."""
    _, rss = plain_mean(rows)
    tau2 = np.maximum(rss / (rows.n - 1) - mean_variance(rows), 0.0)
    return Found(tau2, general_q.mean(rows, np.ones_like(rows.y)).variance)
