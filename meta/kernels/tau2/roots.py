"""Roots of the estimating equations: Newton's steps, inside a bracket where they need one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from meta.kernels.tau2.problem import Problem, terms
from meta.kernels.weights import Rows

MAX_STEPS = 200
"""Enough for bisection alone: a bracket of doubles is halved no more than 200 times before it closes."""

Equation = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Value and slope at tau2, each of shape (B,)."""


def safe_newton(
    equation: Equation, start: np.ndarray, low: np.ndarray, high: np.ndarray, scale: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Find where a function crosses from positive to negative inside [low, high].

    Where Newton's step leaves the bracket, it is halved instead. Returns the roots, whether they converged
    and the steps of the slowest.
    """
    x, low, high = start.copy(), low.copy(), high.copy()
    done, steps = np.zeros(x.shape, dtype=bool), 0
    while steps < MAX_STEPS:
        steps += 1
        value, slope = equation(x)
        low, high = np.where(value > 0, x, low), np.where(value > 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            proposal = x - value / slope
        inside = (slope < 0) & (proposal > low) & (proposal < high)
        fresh = np.where(value == 0, x, np.where(inside, proposal, 0.5 * (low + high)))
        done |= np.abs(fresh - x) <= 1e-13 * x + 1e-15 * scale
        x = np.where(done, np.where(value == 0, x, fresh), fresh)
        if done.all():
            break
    return x, done, steps


def match_q(problem: Problem, target: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Find tau2 >= 0 with ``y'P(tau2)y = target``; 0 where it is smaller already at 0.

    1/Q is nearly linear in tau2, so Newton's steps on it are few. Returns tau2, whether it converged, steps.

    >>> from meta.kernels.tau2.problem import prepare
    >>> problem = prepare(np.array([0.0, 2.0]), np.ones(2), np.ones((2, 1)))[0]
    >>> match_q(problem, 1.0)[0].round(12).tolist()
    [1.0]
    """
    zero = np.zeros(problem.size)

    def equation(tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        found = terms(problem, tau2)
        rss = np.maximum(found.rss, np.finfo(float).tiny)
        return 1.0 / target - 1.0 / rss, -found.y_pp_y / rss**2

    positive = terms(problem, zero, slopes=False).rss > target
    # w <= 1 / tau2, so Q(tau2) <= sum of squares / tau2
    top = np.where(positive, (problem.e**2).sum(-1) / target, 0.0)
    smallest = np.broadcast_to(problem.v.min(-1), zero.shape)
    tau2, done, steps = safe_newton(equation, zero, zero, top, smallest)
    return np.where(positive, tau2, 0.0), done | ~positive, steps


def solve_q(rows: Rows, target: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find tau2 >= 0 with ``Q(tau2) = target`` for means; 0 where ``Q(0) <= target``.

    1/Q is concave and increasing in tau2, so Newton's steps on ``1/Q - 1/target`` rise from 0 to the root
    without ever passing it. Returns tau2, the steps taken and whether they converged, each of shape (p,).

    >>> from meta.kernels.weights import arrange
    >>> solve_q(arrange([0.0, 2.0], [1.0, 1.0]), 1.0)[0].round(12).item()
    1.0
    """
    goal = np.broadcast_to(np.asarray(target, dtype=float), (rows.width,))
    root, steps = np.zeros(rows.width), np.zeros(rows.width, dtype=int)
    converged = np.zeros(rows.width, dtype=bool)
    active, tau2 = np.arange(rows.width), np.zeros(rows.width)
    for _ in range(MAX_STEPS):
        w = 1.0 / (rows.v + tau2)
        mean = (w * rows.y).sum(axis=0) / w.sum(axis=0)
        residual = rows.y - mean
        u = w * residual
        q, slope = (u * residual).sum(axis=0), (u * u).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            move = np.where(q > goal, q * (q - goal) / (goal * slope), 0.0)
        tau2 = tau2 + move
        root[active] = tau2
        steps[active] += move > 0
        done = move <= 1e-11 * tau2
        converged[active[done]] = True
        if done.all():
            break
        if done.any():
            keep = ~done
            active, tau2, goal, rows = active[keep], tau2[keep], goal[keep], rows.take(keep)
    return root, steps, converged
