"""PMM: ``Q(tau2)`` equals the median of chi-squared with k - p degrees of freedom (Viechtbauer 2021).

The equation is that of the Q-profile interval (Viechtbauer 2007, doi:10.1002/sim.2514) at its middle.
"""

from __future__ import annotations

import numpy as np
from scipy.special import chdtri

from meta.kernels.tau2 import paule_mandel
from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """The median-unbiased estimate for any design."""
    return paule_mandel.matched(problem, float(chdtri(problem.df, 0.5)))


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means."""
    return paule_mandel.matched_mean(rows, chdtri(rows.n - 1, 0.5))
