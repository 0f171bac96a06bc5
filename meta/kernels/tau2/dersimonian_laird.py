"""DL: moments with weights 1/v (DerSimonian & Laird 1986, doi:10.1016/0197-2456(86)90046-2).

For any design: Raudenbush 2009, ISBN 9780871541635, chapter 16.
"""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.quadratic import quadratic
from meta.kernels.tau2.tau2_estimate import Found, moment_variance
from meta.kernels.weights import Rows, moments


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """``(Q - (k - p)) / tr(P)`` for any design."""
    form = quadratic(problem, 1.0 / problem.v)
    tau2 = np.maximum((form.value - problem.df) / form.trace, 0.0)
    return Found(tau2, form.variance(tau2) / form.trace**2)


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means."""
    m = moments(rows)
    tau2 = np.maximum((m.q - (rows.n - 1)) / m.trace_p, 0.0)
    variance = moment_variance(rows.n - 1, m.trace_p, m.trace_pp, tau2) / m.trace_p**2
    return Found(tau2, variance, zero=m)
