"""REML: the global maximum of the restricted likelihood (Harville 1977, doi:10.1080/01621459.1977.10480998).

For meta-analysis and any design: Viechtbauer 2005, doi:10.3102/10769986030003261.
"""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2 import maximum
from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """Restricted maximum likelihood for any design."""
    return maximum.general(problem, restricted=True)


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means."""
    return maximum.mean(rows, restricted=True)
