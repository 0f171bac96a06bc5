"""EE: no heterogeneity, by assumption (Laird & Mosteller 1990, doi:10.1017/S0266462300008916)."""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """tau2 = 0 for any design."""
    return Found(np.zeros(problem.size), np.full(problem.size, np.nan))


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """tau2 = 0 for means."""
    return Found(np.zeros(rows.width), np.full(rows.width, np.nan))
