"""ML: the global maximum of the likelihood.

Hardy & Thompson 1996, doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.
"""

from __future__ import annotations

import numpy as np

from meta.kernels.tau2 import maximum
from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """Maximum likelihood for any design."""
    return maximum.general(problem, restricted=False)


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means."""
    return maximum.mean(rows, restricted=False)
