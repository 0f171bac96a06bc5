"""A batch of meta-regressions laid out for the estimators of tau2.

Notation: ``w = 1 / (v + tau2)``, ``P = W - W X (X'WX)^-1 X'W``. Everything is computed in an orthonormal
basis of the columns of X and from the ordinary least squares residuals, so that large covariates (a year,
say) cost no digits. Batches lead: ``y`` is (..., k) and ``X`` is (..., k, p), because designs are matrices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.linear import eliminate, moments, spd_inverse

POINTS = 40
"""Grid points in the search for a likelihood's global maximum: about eight per decade over five decades."""


@dataclass(frozen=True, slots=True)
class Problem:
    """B models of k effects and p coefficients each.

    Attributes
    ----------
    q : ndarray of shape (B, k, p)
        Orthonormal basis of the columns of X.
    e : ndarray of shape (B, k)
        Ordinary least squares residuals.
    y : ndarray of shape (B, k)
        Effects.
    v : ndarray of shape (1, k) or (B, k)
        Sampling variances.
    products : ndarray of shape (B, k, (p + 1)**2)
        Products ``z z'`` of each row ``z`` of ``[q, e]``.
    constant : bool
        Whether X is a column of equal numbers, so that the model is a mean.
    points : int
        Grid points in the search for the global maximum of a likelihood.
    """

    q: np.ndarray
    e: np.ndarray
    y: np.ndarray
    v: np.ndarray
    products: np.ndarray
    constant: bool = False
    points: int = POINTS

    @property
    def size(self) -> int:
        """Number of models, B."""
        return int(self.e.shape[0])

    @property
    def k(self) -> int:
        """Number of effects."""
        return int(self.q.shape[-2])

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.q.shape[-1])

    @property
    def df(self) -> int:
        """Residual degrees of freedom, k - p."""
        return self.k - self.p

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """``[q, e]' diag(weights) [q, e]`` for weights (B, k), (1, k) or (G, 1, k): (..., p + 1, p + 1)."""
        if weights.ndim == 2 and weights.shape != self.e.shape:
            weights = np.broadcast_to(weights, self.e.shape)
        return moments(weights, self.products, self.p + 1)


@dataclass(frozen=True, slots=True)
class Basis:
    """The way back from the orthonormal basis to the columns of X.

    Attributes
    ----------
    lead : tuple of int
        Leading shape of the caller's batch.
    start : ndarray of shape (B, p)
        Ordinary least squares coefficients in the orthonormal basis.
    back : ndarray of shape (B, p, p)
        What turns coefficients in the orthonormal basis into those of the scaled columns.
    exponent : ndarray of int, shape (B, p)
        Column j of X was multiplied by ``2**-exponent[j]``.
    """

    lead: tuple[int, ...]
    start: np.ndarray
    back: np.ndarray
    exponent: np.ndarray


def prepare(y: np.ndarray, v: np.ndarray, X: np.ndarray, points: int = POINTS) -> tuple[Problem, Basis]:
    """Lay out effects (..., k), variances (k,) or (..., k) and designs (..., k, p) of full column rank.

    Columns are divided by a power of two, which is exact, so that neither their squares nor the inverse of
    their triangle leave the range of doubles: a column of 1e200 is as good as one of 1.
    """
    lead = np.broadcast_shapes(y.shape[:-1], X.shape[:-2], v.shape[:-1])
    k, p = X.shape[-2:]
    ys = np.broadcast_to(y, (*lead, k)).reshape(-1, k).astype(float)
    vs = v.reshape(1, k).astype(float) if v.ndim == 1 else np.broadcast_to(v, (*lead, k)).reshape(-1, k)
    exponent = np.frexp(np.abs(X).max(axis=-2))[1]
    q, r = np.linalg.qr(np.ldexp(X, -exponent[..., None, :]))
    qs = np.broadcast_to(q, (*lead, k, p)).reshape(-1, k, p)
    start = np.einsum("bkp,bk->bp", qs, ys)
    e = ys - np.einsum("bkp,bp->bk", qs, start)
    z = np.concatenate([qs, e[..., None]], axis=-1)
    products = (z[..., :, None] * z[..., None, :]).reshape(ys.shape[0], k, -1)
    constant = p == 1 and bool((X[..., :1, :] == X).all())
    back = np.linalg.inv(np.broadcast_to(r, (*lead, p, p)).reshape(-1, p, p))
    exponents = np.broadcast_to(exponent, (*lead, p)).reshape(-1, p)
    return Problem(qs, e, ys, vs, products, constant, points), Basis(lead, start, back, exponents)


@dataclass(frozen=True, slots=True)
class Terms:
    """What every estimator is made of, at one tau2 each; all of shape (...).

    Attributes
    ----------
    rss : ndarray
        ``y'Py``.
    y_pp_y, y_ppp_y : ndarray
        ``y'PPy`` and ``y'PPPy``.
    trace_p, trace_pp : ndarray
        ``tr(P)`` and ``tr(PP)``.
    sum_w, sum_w2 : ndarray
        Sums of the weights and of their squares.
    logdet : ndarray
        ``log|Q'WQ|`` in the orthonormal basis Q.
    sum_log : ndarray
        Sum of ``log(v + tau2)``.
    """

    rss: np.ndarray
    y_pp_y: np.ndarray
    y_ppp_y: np.ndarray
    trace_p: np.ndarray
    trace_pp: np.ndarray
    sum_w: np.ndarray
    sum_w2: np.ndarray
    logdet: np.ndarray
    sum_log: np.ndarray


def terms(problem: Problem, tau2: np.ndarray, slopes: bool = True) -> Terms:
    """Evaluate the terms at ``tau2``, (B,), or (G, 1) for a grid that a batch with common v shares.

    Without ``slopes`` only ``rss``, ``sum_w``, ``logdet`` and ``sum_log`` are computed.

    >>> problem = prepare(np.array([0.0, 2.0]), np.ones(2), np.ones((2, 1)))[0]
    >>> found = terms(problem, np.zeros(1))
    >>> found.rss.round(9).tolist(), found.trace_p.round(9).tolist()
    ([2.0], [1.0])
    """
    p, total = problem.p, problem.v + tau2[..., None]
    w = 1.0 / total
    s1 = problem.sums(w)
    logdet, rss = eliminate(s1)
    sum_log, sum_w = np.log(total).sum(-1), w.sum(-1)
    if not slopes:
        none = np.zeros_like(rss)
        return Terms(rss, none, none, none, none, sum_w, none, logdet, sum_log)
    inverse = spd_inverse(s1[..., :p, :p])
    u = np.einsum("...ij,...j->...i", inverse, s1[..., :p, p])
    s2, s3 = problem.sums(w**2), problem.sums(w**3)
    a2, c2, d2 = s2[..., :p, :p], s2[..., :p, p], s2[..., p, p]
    a3, c3, d3 = s3[..., :p, :p], s3[..., :p, p], s3[..., p, p]

    def around(a: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
        return d - 2 * np.einsum("...i,...i->...", u, c) + np.einsum("...i,...ij,...j->...", u, a, u)

    g = c2 - np.einsum("...ij,...j->...i", a2, u)
    h = inverse @ a2
    sum_w2 = (w**2).sum(-1)
    return Terms(
        rss=rss,
        y_pp_y=around(a2, c2, d2),
        y_ppp_y=around(a3, c3, d3) - np.einsum("...i,...ij,...j->...", g, inverse, g),
        trace_p=sum_w - np.einsum("...ii->...", h),
        trace_pp=sum_w2 - 2 * np.einsum("...ij,...ji->...", inverse, a3) + trace_of_square(h),
        sum_w=sum_w,
        sum_w2=sum_w2,
        logdet=logdet,
        sum_log=sum_log,
    )


def trace_of_square(a: np.ndarray) -> np.ndarray:
    """``tr(AA)`` of matrices (..., p, p)."""
    return np.asarray(np.einsum("...ij,...ji->...", a, a))


def log_likelihood(found: Terms, k: int, p: int, restricted: bool) -> np.ndarray:
    """Log-likelihood, profiled over the coefficients; the restricted one in the orthonormal basis.

    It carries the constant ``log|X'X| / 2`` thereby (Harville 1977, doi:10.1080/01621459.1977.10480998), so
    that it does not depend on how the design is coded.
    """
    n = k - p if restricted else k
    value = -0.5 * (n * np.log(2 * np.pi) + found.sum_log + found.rss)
    return value - 0.5 * found.logdet if restricted else value
