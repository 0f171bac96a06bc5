"""DLIT: DerSimonian and Laird's formula under its own weights.

DerSimonian & Kacker 2007, doi:10.1016/j.cct.2006.04.004.
"""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2.problem import Problem, terms
from meta.kernels.tau2.roots import MAX_STEPS, safe_newton
from meta.kernels.tau2.tau2_estimate import Found, moment_variance
from meta.kernels.weights import Rows, moments


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """Solve ``Q(t) - (k - p) = t tr P(t)`` for any design."""
    n, zero = problem.df, np.zeros(problem.size)

    def equation(tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = terms(problem, tau2)
        value = found.rss - n - tau2 * found.trace_p
        return value, tau2 * found.trace_pp - found.trace_p - found.y_pp_y

    positive = terms(problem, zero, slopes=False).rss > n
    top = np.where(positive, (problem.e**2).sum(-1) / n, 0.0)
    smallest = np.broadcast_to(problem.v.min(-1), zero.shape)
    root, done, steps = safe_newton(equation, zero, zero, top, smallest)
    tau2 = np.where(positive, root, 0.0)
    found = terms(problem, tau2)
    variance = moment_variance(n, found.trace_p, found.trace_pp, tau2) / found.trace_p**2
    return Found(tau2, variance, steps, done | ~positive)


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means: ``Q(t) - (k - 1) - t tr P(t)`` is convex and falls, so steps rise to its root."""
    tau2, steps = np.zeros(rows.width), np.zeros(rows.width, dtype=int)
    df = rows.n - 1
    for _ in range(MAX_STEPS):
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
    return Found(tau2, moment_variance(df, m.trace_p, m.trace_pp, tau2) / m.trace_p**2, steps, done)
