"""PM: ``Q(tau2) = k - p`` (Paule & Mandel 1982, doi:10.6028/jres.087.022)."""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2.problem import Problem, terms
from meta.kernels.tau2.roots import match_q, solve_q
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows, moments


def matched(problem: Problem, target: float) -> Found:
    """Solve ``Q(tau2) = target`` for any design."""
    tau2, done, steps = match_q(problem, target)
    variance = 2 * problem.k**2 / (problem.df * terms(problem, tau2).sum_w ** 2)
    return Found(tau2, variance, steps, done)


def matched_mean(rows: Rows, target: np.ndarray) -> Found:
    """The same for means."""
    tau2, steps, converged = solve_q(rows, target)
    m = moments(rows, tau2)
    return Found(tau2, 2 * rows.n**2 / ((rows.n - 1) * m.s1**2), steps, converged, 1, m)


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """Paule and Mandel's estimate for any design."""
    return matched(problem, float(problem.df))


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means."""
    return matched_mean(rows, rows.n - 1)
