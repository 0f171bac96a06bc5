"""Global maxima of the likelihood and the restricted likelihood over tau2."""

from __future__ import annotations

import numpy as np

from meta.kernels.likelihood import maximise_with_sums
from meta.kernels.tau2.problem import Problem, Terms, log_likelihood, terms
from meta.kernels.tau2.roots import safe_newton
from meta.kernels.tau2.tau2_estimate import Found
from meta.kernels.weights import Rows


def general(problem: Problem, restricted: bool) -> Found:
    """Maximise over tau2 >= 0 for any design, with the expected information's variance."""
    tau2, done, steps = _maximise(problem, restricted)
    found = terms(problem, tau2)
    information = found.trace_pp if restricted else found.sum_w2
    with np.errstate(divide="ignore"):
        return Found(tau2, 2 / np.maximum(information, 0.0), steps, done)


def mean(rows: Rows, restricted: bool) -> Found:
    """The same for means, by a climb that proves itself where it can."""
    found, m, zero = maximise_with_sums(rows, restricted)
    information = m.trace_pp if restricted else m.s2
    with np.errstate(divide="ignore"):
        variance = 2 / information
    return Found(found.tau2, variance, found.iterations, found.converged, found.maxima, m, zero)


def score(found: Terms, restricted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of the log-likelihood in tau2, and its own derivative."""
    trace, squares = (found.trace_p, found.trace_pp) if restricted else (found.sum_w, found.sum_w2)
    return 0.5 * (found.y_pp_y - trace), 0.5 * squares - found.y_ppp_y


def upper_bound(problem: Problem) -> np.ndarray:
    """A tau2 above which no stationary point of either likelihood can lie, (B,)."""
    n, s, top = problem.df, (problem.e**2).sum(-1), problem.v.max(-1)
    return np.asarray((s + np.sqrt(s**2 + 4 * n * s * top)) / (2 * n))


def _lattice(problem: Problem, grid: np.ndarray, restricted: bool) -> np.ndarray:
    """Log-likelihoods on a grid that all models share, (G, B)."""
    if problem.v.shape[0] == 1:
        found = terms(problem, grid[:, None], slopes=False)
        return log_likelihood(found, problem.k, problem.p, restricted)
    return np.array([_height(problem, np.full(problem.size, t), restricted) for t in grid])


def _height(problem: Problem, tau2: np.ndarray, restricted: bool) -> np.ndarray:
    return log_likelihood(terms(problem, tau2, slopes=False), problem.k, problem.p, restricted)


def _maximise(problem: Problem, restricted: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """A grid for the basin of the global maximum, then Newton's steps inside it."""
    zero = np.zeros(problem.size)
    smallest = problem.v.min(-1)
    ceiling = float(np.max(upper_bound(problem)))
    if ceiling == 0.0:
        return zero, np.ones(problem.size, dtype=bool), 0
    # a tenth of the smallest variance: below it weights hardly change, and so does the likelihood
    floor = min(0.1 * float(smallest.min()), 1e-3 * ceiling)
    grid = np.concatenate([[0.0], np.geomspace(floor, ceiling, problem.points)])
    best = _lattice(problem, grid, restricted).argmax(0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, problem.points)]

    def equation(tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return score(terms(problem, tau2), restricted)

    start = np.where(best == 0, zero, grid[best])
    tau2, done, steps = safe_newton(equation, start, low, high, np.broadcast_to(smallest, zero.shape))
    falling = (best == 0) & (equation(zero)[0] <= 0)
    higher = _height(problem, zero, restricted) >= _height(problem, tau2, restricted)
    nothing = falling | higher | (tau2 <= 1e-12 * smallest)
    return np.where(nothing, 0.0, tau2), done, steps
