"""HS: ``(Q - k) / sum of weights`` (Hunter & Schmidt 1990, doi:10.4135/9781483398105)."""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.quadratic import quadratic
from meta.kernels.tau2.tau2_estimate import Found, moment_variance
from meta.kernels.weights import Rows, moments


def scaled(problem: Problem, factor: float) -> Found:
    """``(factor Q - k) / sum of weights`` for any design."""
    form = quadratic(problem, 1.0 / problem.v)
    total = form.a.sum(-1)
    tau2 = np.maximum((factor * form.value - problem.k) / total, 0.0)
    return Found(tau2, form.variance(tau2) * (factor / total) ** 2)


def scaled_mean(rows: Rows, factor: np.ndarray | float) -> Found:
    """The same for means."""
    m = moments(rows)
    tau2 = np.maximum((factor * m.q - rows.n) / m.s1, 0.0)
    return Found(tau2, moment_variance(rows.n - 1, m.trace_p, m.trace_pp, tau2) * (factor / m.s1) ** 2)


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """Hunter and Schmidt's estimate for any design."""
    return scaled(problem, 1.0)


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means."""
    return scaled_mean(rows, 1.0)
