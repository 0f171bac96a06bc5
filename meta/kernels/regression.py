"""Mixed-effects meta-regression with diagonal sampling variances: coefficients for any design, in batches.

Notation: ``w = 1 / (v + tau2)``, ``P = W - W X (X'WX)^-1 X'W``. tau2 comes from :mod:`meta.kernels.tau2`.
Batches lead: ``y`` is (..., k) and ``X`` is (..., k, p), because designs are matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.linear import spd_inverse
from meta.kernels.tau2 import of_problem
from meta.kernels.tau2.problem import POINTS, Basis, Problem, log_likelihood, prepare, terms


@dataclass(frozen=True, slots=True)
class RegressionFit:
    """A fitted meta-regression (or a batch of them).

    Attributes
    ----------
    tau2, tau2_se : ndarray of shape (...)
        Between-study variance and its standard error.
    beta : ndarray of shape (..., p)
        Coefficients.
    vcov : ndarray of shape (..., p, p)
        Their covariance: ``(X'WX)^-1``, or ``(X'AX)^-1 X'A (V + tau2 I) A X (X'AX)^-1`` with given weights A.
    rss : ndarray of shape (...)
        ``y'Py`` at the estimated tau2, with inverse-variance weights whatever the coefficients' weights are.
    loglik : ndarray of shape (...)
        At these coefficients; restricted for REML, ordinary for every other method.
    iterations : int
        Newton steps of the slowest element.
    converged, at_boundary : ndarray of bool, shape (...)
        Whether the tolerance was met; whether tau2 is at zero.
    exponent : ndarray of int, shape (..., p)
        ``beta`` and ``vcov`` are those of columns divided by ``2**exponent``, scaled back.
    scaled : ndarray of shape (..., p, p)
        The covariance before it is scaled back, which may leave the range of doubles.
    """

    tau2: np.ndarray
    tau2_se: np.ndarray
    beta: np.ndarray
    vcov: np.ndarray
    rss: np.ndarray
    loglik: np.ndarray
    iterations: int
    converged: np.ndarray
    at_boundary: np.ndarray
    exponent: np.ndarray
    scaled: np.ndarray


def fit_regression(
    y: np.ndarray,
    v: np.ndarray,
    X: np.ndarray,
    *,
    method: str | float = "REML",
    weights: np.ndarray | None = None,
    points: int = POINTS,
) -> RegressionFit:
    """Fit mixed-effects meta-regressions.

    Parameters
    ----------
    y : ndarray of shape (..., k)
        Effects.
    v : ndarray of shape (k,) or (..., k)
        Sampling variances.
    X : ndarray of shape (k, p) or (..., k, p)
        Design matrices of full column rank with p < k.
    method : str or float
        tau2 estimator, or a fixed value.
    weights : ndarray of shape (k,) or (..., k), optional
        Weights of the coefficients instead of the inverse variances, and of the estimators of tau2 that take
        them, such as ``GENQ``.
    points : int
        Grid points in the search for the global maximum of a likelihood.

    Returns
    -------
    RegressionFit

    Notes
    -----
    Raudenbush (2009), in The Handbook of Research Synthesis; Viechtbauer (2005),
    doi:10.3102/10769986030003261; Viechtbauer et al. (2015), doi:10.1037/met0000023.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> fit = fit_regression(np.array([0.0, 1.0, 2.0, 3.0]), np.full(4, 0.1), x)
    >>> fit.beta.round(6).tolist(), float(fit.tau2)
    ([0.0, 1.0], 0.0)
    """
    problem, basis = prepare(y, v, X, points)
    given = None
    if weights is not None:
        given = np.broadcast_to(weights, (*basis.lead, problem.k)).reshape(problem.e.shape)
    found = of_problem(problem, method, given)
    tau2 = found.tau2
    gamma, inner, excess = _coefficients(problem, tau2, given)
    at = terms(problem, tau2, slopes=False)
    loglik = log_likelihood(at, problem.k, problem.p, method == "REML") - 0.5 * excess
    with np.errstate(invalid="ignore"):
        tau2_se = np.sqrt(found.variance)
    return _in_units(
        basis,
        gamma + basis.start,
        inner,
        tau2=tau2,
        tau2_se=tau2_se,
        rss=at.rss,
        loglik=loglik,
        iterations=int(np.max(found.iterations, initial=0)),
        converged=np.broadcast_to(found.converged, tau2.shape),
        at_boundary=tau2 == 0.0,
    )


def _coefficients(
    problem: Problem, tau2: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients in the orthonormal basis beyond the least squares ones, and their covariance.

    The third is ``(g - h)'Q'WQ(g - h)``, by which the weighted residual sum of squares exceeds its minimum
    where given weights lead to the coefficients ``g`` instead of ``h``; 0 without them.
    """
    p, total = problem.p, problem.v + tau2[:, None]
    s1 = problem.sums(1.0 / total)
    inverse = spd_inverse(s1[..., :p, :p])
    best = np.einsum("bij,bj->bi", inverse, s1[..., :p, p])
    if weights is None:
        return best, inverse, np.zeros_like(tau2)
    own = problem.sums(weights)
    bread = spd_inverse(own[..., :p, :p])
    gamma = np.einsum("bij,bj->bi", bread, own[..., :p, p])
    meat = problem.sums(weights**2 * total)[..., :p, :p]
    away = gamma - best
    return gamma, bread @ meat @ bread, np.einsum("bi,bij,bj->b", away, s1[..., :p, :p], away)


def _in_units(
    basis: Basis, gamma: np.ndarray, inner: np.ndarray, *, iterations: int, **others: np.ndarray
) -> RegressionFit:
    """Coefficients and covariance in the caller's units, and everything in the batch's leading shape."""

    def shaped(a: np.ndarray) -> np.ndarray:
        return a.reshape((*basis.lead, *a.shape[1:]))

    scaled = basis.back @ inner @ np.swapaxes(basis.back, -1, -2)
    exponent = basis.exponent
    beta = np.ldexp(np.einsum("bij,bj->bi", basis.back, gamma), -exponent)
    with np.errstate(over="ignore", under="ignore"):
        vcov = np.ldexp(scaled, -exponent[:, :, None] - exponent[:, None, :])
    return RegressionFit(
        beta=shaped(beta),
        vcov=shaped(vcov),
        exponent=shaped(exponent),
        scaled=shaped(scaled),
        iterations=iterations,
        **{name: shaped(values) for name, values in others.items()},
    )
