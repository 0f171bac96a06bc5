"""Quadratic forms ``y'P_A y`` with fixed weights A: what every moment estimator is made of.

``P_A = A - A X (X'AX)^-1 X'A`` has the mean ``tr(P_A V) + tau2 tr(P_A)`` and, under normality, the variance
``2 tr(P_A S P_A S)`` with ``S = V + tau2 I`` (DerSimonian & Kacker 2007, doi:10.1016/j.cct.2006.04.004, for
any X). No k by k matrix is made, so that thousands of permutations of many studies fit into memory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.linear import eliminate, spd_inverse
from meta.kernels.tau2.problem import Problem, trace_of_square
from meta.kernels.tau2.tau2_estimate import Found


@dataclass(frozen=True, slots=True)
class Form:
    """The form with weights A of every model of a batch.

    Attributes
    ----------
    problem : Problem
        The batch.
    a : ndarray of shape (B, k)
        The weights.
    inverse : ndarray of shape (B, p, p)
        ``(Q'AQ)^-1``.
    value, trace : ndarray of shape (B,)
        ``y'P_A y`` and ``tr(P_A)``.
    """

    problem: Problem
    a: np.ndarray
    inverse: np.ndarray
    value: np.ndarray
    trace: np.ndarray

    @property
    def trace_v(self) -> np.ndarray:
        """``tr(P_A V)``, (B,)."""
        return _trace(self.problem, self.a, self.inverse, self.a * self.problem.v)

    def variance(self, tau2: np.ndarray) -> np.ndarray:
        """Variance of the form at ``tau2``, (B,)."""
        total = self.problem.v + tau2[:, None]
        at, p = self.a * total, self.problem.p
        cross = self.problem.sums(self.a * at)[:, :p, :p]
        cube = self.problem.sums(self.a * at**2)[:, :p, :p]
        trace = (at**2).sum(-1) - 2 * np.einsum("bij,bji->b", self.inverse, cube)
        return np.asarray(2 * (trace + trace_of_square(self.inverse @ cross)))


def quadratic(problem: Problem, a: np.ndarray) -> Form:
    """The form with positive weights ``a``, (B, k) or (1, k)."""
    p = problem.p
    a = a if a.shape == problem.e.shape else np.broadcast_to(a, problem.e.shape)
    s1 = problem.sums(a)
    inverse = spd_inverse(s1[:, :p, :p])
    return Form(problem, a, inverse, eliminate(s1)[1], _trace(problem, a, inverse, a))


def _trace(problem: Problem, a: np.ndarray, inverse: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """``tr(P_A D)`` for ``weights = a d`` and ``D = diag(d)``, (B,)."""
    inner = problem.sums(a * weights)[:, : problem.p, : problem.p]
    return np.asarray(weights.sum(-1) - np.einsum("bij,bji->b", inverse, inner))


def moment_estimate(problem: Problem, a: np.ndarray) -> Found:
    """Method-of-moments estimate with the fixed weights ``a``, cut at 0.

    >>> from meta.kernels.tau2.problem import prepare
    >>> problem = prepare(np.array([0.0, 1.0, 3.0]), np.full(3, 0.2), np.ones((3, 1)))[0]
    >>> moment_estimate(problem, np.ones((1, 3))).tau2.round(4).tolist()
    [2.1333]
    """
    form = quadratic(problem, a)
    tau2 = np.maximum((form.value - form.trace_v) / form.trace, 0.0)
    return Found(tau2, form.variance(tau2) / form.trace**2)
