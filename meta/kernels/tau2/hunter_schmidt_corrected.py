"""HSk: Hunter and Schmidt's with the factor k / (k - p) (Viechtbauer 2005, doi:10.3102/10769986030003261)."""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2 import hunter_schmidt
from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """``(k Q / (k - p) - k) / sum of weights`` for any design."""
    return hunter_schmidt.scaled(problem, problem.k / problem.df)


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means."""
    return hunter_schmidt.scaled_mean(rows, rows.n / (rows.n - 1))
