"""Estimators of the heterogeneity variance tau2, one per file, for any number of columns of the design."""

from meta.kernels.tau2.batched_tau2 import Tau2Estimate, estimate, estimate_rows, estimator, of_problem
from meta.kernels.tau2.estimators import ESTIMATORS, Estimator
from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.roots import solve_q
from meta.kernels.tau2.tau2_estimate import Found

__all__ = [
    "ESTIMATORS",
    "Estimator",
    "Found",
    "Problem",
    "Tau2Estimate",
    "estimate",
    "estimate_rows",
    "estimator",
    "of_problem",
    "solve_q",
]
