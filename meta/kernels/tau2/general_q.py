"""GENQ: moments with the caller's weights (DerSimonian & Kacker 2007, doi:10.1016/j.cct.2006.04.004)."""

from __future__ import annotations

import numpy as np

from meta.errors import InputError
from meta.kernels.tau2.problem import Problem
from meta.kernels.tau2.quadratic import moment_estimate
from meta.kernels.tau2.tau2_estimate import Found, moment_variance
from meta.kernels.weights import Rows


def _given(weights: np.ndarray | None) -> np.ndarray:
    if weights is None:
        raise InputError("method 'GENQ' needs weights: give weights= with one positive number per study")
    return np.asarray(weights, dtype=float)


def general(problem: Problem, weights: np.ndarray | None = None) -> Found:
    """The estimate with weights (1, k) or (B, k), for any design."""
    return moment_estimate(problem, _given(weights))


def mean(rows: Rows, weights: np.ndarray | None = None) -> Found:
    """The same for means; weights (k, p)."""
    present = np.isfinite(rows.v)
    a = np.where(present, _given(weights).reshape(len(rows.y), -1), 0.0)
    v = np.where(present, rows.v, 0.0)
    s1, a2, av = a.sum(axis=0), a * a, a * v
    mean = (a * rows.y).sum(axis=0) / s1
    q = (a * (rows.y - mean) ** 2).sum(axis=0)
    trace_pv = av.sum(axis=0) - (av * a).sum(axis=0) / s1
    s2 = a2.sum(axis=0)
    trace = s1 - s2 / s1
    tau2 = np.maximum((q - trace_pv) / trace, 0.0)
    b = (a2 * v).sum(axis=0) / s1
    pvpv = (av * av).sum(axis=0) - 2 * (av * av * a).sum(axis=0) / s1 + b * b
    pvp = (a2 * v).sum(axis=0) - 2 * (a2 * av).sum(axis=0) / s1 + b * s2 / s1
    pp = s2 - 2 * (a2 * a).sum(axis=0) / s1 + (s2 / s1) ** 2
    return Found(tau2, moment_variance(pvpv, pvp, pp, tau2) / trace**2)
