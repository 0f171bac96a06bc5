"""Mixed-effects meta-regression with diagonal sampling variances: tau2 for any design matrix, in batches.

Notation: ``w = 1 / (v + tau2)``, ``P = W - W X (X'WX)^-1 X'W``. Everything is computed in an orthonormal
basis of the columns of X and from the ordinary least squares residuals, so that large covariates (a year,
say) cost no digits. Batches lead: ``y`` is (..., k) and ``X`` is (..., k, p), because designs are matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from meta.errors import unknown_option
from meta.kernels.linear import eliminate, moments, spd_inverse


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
        ``(X'WX)^-1``.
    rss : ndarray of shape (...)
        ``y'Py`` at the estimated tau2.
    loglik : ndarray of shape (...)
        Restricted for REML, ordinary for every other method.
    iterations : int
        Newton steps of the slowest element.
    converged, at_boundary : ndarray of bool, shape (...)
        Whether the tolerance was met; whether tau2 is at zero.
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


@dataclass(frozen=True, slots=True)
class _Problem:
    """Data in the orthonormal basis: ``q`` (B, k, p), residuals ``e`` (B, k), ``y`` (B, k), ``v`` (1 or B,
    k).
    """

    q: np.ndarray
    e: np.ndarray
    y: np.ndarray
    v: np.ndarray
    products: np.ndarray  # (B, k, (p + 1)^2)

    @property
    def k(self) -> int:
        return int(self.q.shape[-2])

    @property
    def p(self) -> int:
        return int(self.q.shape[-1])


@dataclass(frozen=True, slots=True)
class _Terms:
    """What every estimator is made of, at one tau2 each; all of shape (...)."""

    rss: np.ndarray  # y'Py
    y_pp_y: np.ndarray
    y_ppp_y: np.ndarray
    trace_p: np.ndarray
    trace_pp: np.ndarray
    sum_w: np.ndarray
    sum_w2: np.ndarray
    logdet: np.ndarray  # log|Q'WQ|
    sum_log: np.ndarray  # sum of log(v + tau2)


def _terms(problem: _Problem, tau2: np.ndarray, slopes: bool = True) -> _Terms:
    """Evaluate the terms at ``tau2``, (B,), or (G, 1) for a grid that a batch with common v shares."""
    p, total = problem.p, problem.v + tau2[..., None]
    w = 1.0 / total
    s1 = moments(w, problem.products, p + 1)
    logdet, rss = eliminate(s1)
    sum_log, sum_w = np.log(total).sum(-1), w.sum(-1)
    if not slopes:
        none = np.zeros_like(rss)
        return _Terms(rss, none, none, none, none, sum_w, none, logdet, sum_log)
    inverse = spd_inverse(s1[..., :p, :p])
    u = np.einsum("...ij,...j->...i", inverse, s1[..., :p, p])
    s2, s3 = moments(w**2, problem.products, p + 1), moments(w**3, problem.products, p + 1)
    a2, c2, d2 = s2[..., :p, :p], s2[..., :p, p], s2[..., p, p]
    a3, c3, d3 = s3[..., :p, :p], s3[..., :p, p], s3[..., p, p]

    def around(a: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
        return d - 2 * np.einsum("...i,...i->...", u, c) + np.einsum("...i,...ij,...j->...", u, a, u)

    g = c2 - np.einsum("...ij,...j->...i", a2, u)
    h = inverse @ a2
    trace_h = np.einsum("...ii->...", h)
    trace_hh = np.einsum("...ij,...ji->...", h, h)
    sum_w2 = (w**2).sum(-1)
    return _Terms(
        rss=rss,
        y_pp_y=around(a2, c2, d2),
        y_ppp_y=around(a3, c3, d3) - np.einsum("...i,...ij,...j->...", g, inverse, g),
        trace_p=sum_w - trace_h,
        trace_pp=sum_w2 - 2 * np.einsum("...ij,...ji->...", inverse, a3) + trace_hh,
        sum_w=sum_w,
        sum_w2=sum_w2,
        logdet=logdet,
        sum_log=sum_log,
    )


def _loglik(terms: _Terms, k: int, p: int, restricted: bool) -> np.ndarray:
    n = k - p if restricted else k
    value = -0.5 * (n * np.log(2 * np.pi) + terms.sum_log + terms.rss)
    return value - 0.5 * terms.logdet if restricted else value


def _upper_bound(problem: _Problem) -> np.ndarray:
    """A tau2 above which no stationary point of either likelihood can lie, (B,)."""
    n, s, top = problem.k - problem.p, (problem.e**2).sum(-1), problem.v.max(-1)
    return (s + np.sqrt(s**2 + 4 * n * s * top)) / (2 * n)


def _likelihood_score(terms: _Terms, restricted: bool) -> tuple[np.ndarray, np.ndarray]:
    """Score for tau2 and its derivative."""
    trace, squares = (terms.trace_p, terms.trace_pp) if restricted else (terms.sum_w, terms.sum_w2)
    return 0.5 * (terms.y_pp_y - trace), 0.5 * squares - terms.y_ppp_y


def _safe_newton(
    equation: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]],
    start: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    scale: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Find where a score crosses from positive to negative inside [low, high]; bisect where Newton leaves
    it.
    """
    x, low, high = start.copy(), low.copy(), high.copy()
    done, steps = np.zeros(x.shape, dtype=bool), 0
    while steps < 200:
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


def _maximise(problem: _Problem, restricted: bool, points: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Global maximum of the (restricted) likelihood: a grid for the basin, then safeguarded Newton."""
    top = _upper_bound(problem)
    batch = problem.e.shape[0]
    smallest = problem.v.min(-1)
    ceiling = float(np.max(top))
    if ceiling == 0.0:
        return np.zeros(batch), np.ones(batch, dtype=bool), 0
    floor = min(0.1 * float(smallest.min()), 1e-3 * ceiling)
    grid = np.concatenate([[0.0], np.geomspace(floor, ceiling, points)])
    if problem.v.shape[0] == 1:
        lattice = _loglik(_terms(problem, grid[:, None], slopes=False), problem.k, problem.p, restricted)
    else:
        lattice = np.array(
            [
                _loglik(_terms(problem, np.full(batch, t), slopes=False), problem.k, problem.p, restricted)
                for t in grid
            ]
        )
    best = lattice.argmax(0)
    low, high = grid[np.maximum(best - 1, 0)], grid[np.minimum(best + 1, points)]

    def equation(tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return _likelihood_score(_terms(problem, tau2), restricted)

    zero = np.zeros(batch)
    start = np.where(best == 0, zero, grid[best])
    tau2, done, steps = _safe_newton(equation, start, low, high, np.broadcast_to(smallest, (batch,)))
    at_zero = _loglik(_terms(problem, zero, slopes=False), problem.k, problem.p, restricted)
    at_best = _loglik(_terms(problem, tau2, slopes=False), problem.k, problem.p, restricted)
    falling = (best == 0) & (equation(zero)[0] <= 0)
    nothing = falling | (at_zero >= at_best) | (tau2 <= 1e-12 * smallest)
    return np.where(nothing, 0.0, tau2), done, steps


def _match_q(problem: _Problem, target: float) -> tuple[np.ndarray, np.ndarray, int]:
    """Solve ``y'P(tau2)y = target``; 1/Q is nearly linear in tau2, so Newton on it takes few steps."""
    batch = problem.e.shape[0]

    def equation(tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        terms = _terms(problem, tau2)
        rss = np.maximum(terms.rss, np.finfo(float).tiny)
        return 1.0 / target - 1.0 / rss, -terms.y_pp_y / rss**2

    zero = np.zeros(batch)
    positive = _terms(problem, zero, slopes=False).rss > target
    top = np.where(positive, (problem.e**2).sum(-1) / target, 0.0)
    smallest = np.broadcast_to(problem.v.min(-1), (batch,))
    tau2, done, steps = _safe_newton(equation, zero, zero, top, smallest)
    return np.where(positive, tau2, 0.0), done | ~positive, steps


def _iterate_dl(problem: _Problem) -> tuple[np.ndarray, np.ndarray, int]:
    """Fixed point of the DerSimonian-Laird formula under its own weights: ``Q(t) - (k - p) = t tr P(t)``."""
    batch, n = problem.e.shape[0], problem.k - problem.p

    def equation(tau2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        terms = _terms(problem, tau2)
        return terms.rss - n - tau2 * terms.trace_p, tau2 * terms.trace_pp - terms.trace_p - terms.y_pp_y

    zero = np.zeros(batch)
    positive = _terms(problem, zero, slopes=False).rss > n
    top = np.where(positive, (problem.e**2).sum(-1) / n, 0.0)
    tau2, done, steps = _safe_newton(equation, zero, zero, top, np.broadcast_to(problem.v.min(-1), (batch,)))
    return np.where(positive, tau2, 0.0), done | ~positive, steps


def _quadratic(problem: _Problem, a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Method-of-moments tau2 (untruncated) from the quadratic form with weights ``a``, and its P matrix."""
    aq = problem.q * a[..., None]
    inverse = spd_inverse(np.swapaxes(problem.q, -1, -2) @ aq)
    p_matrix = a[..., None] * np.eye(problem.k) - aq @ inverse @ np.swapaxes(aq, -1, -2)
    form = np.einsum("...i,...ij,...j->...", problem.e, p_matrix, problem.e)
    trace = np.einsum("...ii->...", p_matrix)
    return (form - np.einsum("...ii,...i->...", p_matrix, problem.v)) / trace, p_matrix


def _form_se(p_matrix: np.ndarray, v: np.ndarray, tau2: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Standard error of ``scale * y'Ay``, from Var(y'Ay) = 2 tr(A S A S) with S = V + tau2 I."""
    total = v + tau2[..., None]
    return scale * np.sqrt(2 * np.einsum("...ij,...j,...ji,...i->...", p_matrix, total, p_matrix, total))


def _closed(problem: _Problem, method: str, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Closed-form estimators and their standard errors."""
    v, k, p = problem.v, problem.k, problem.p
    wi = np.broadcast_to(1.0 / v, problem.e.shape)
    if method in ("DL", "HE", "GENQ"):
        own = wi if weights is None else np.broadcast_to(weights, wi.shape)
        a = {"DL": wi, "HE": np.ones_like(wi), "GENQ": own}[method]
        raw, p_matrix = _quadratic(problem, a)
        tau2 = np.maximum(raw, 0.0)
        return tau2, _form_se(p_matrix, v, tau2, 1 / np.einsum("...ii->...", p_matrix))
    if method in ("HS", "HSk"):
        _, p_matrix = _quadratic(problem, wi)
        q = np.einsum("...i,...ij,...j->...", problem.e, p_matrix, problem.e)
        factor = 1.0 if method == "HS" else k / (k - p)
        tau2 = np.maximum((factor * q - k) / wi.sum(-1), 0.0)
        return tau2, _form_se(p_matrix, v, tau2, factor / wi.sum(-1))
    first = np.var(problem.y, axis=-1)
    if np.any(first == 0.0):
        first = np.where(first == 0.0, np.finfo(float).tiny, first)
    _, p_matrix = _quadratic(problem, 1.0 / (v + first[..., None]))
    form = np.einsum("...i,...ij,...j->...", problem.e, p_matrix, problem.e)
    tau2 = first * form / (k - p)
    return tau2, _form_se(p_matrix, v, tau2, first / (k - p))


CLOSED = ("DL", "HE", "HS", "HSk", "SJ", "GENQ")
ITERATIVE = ("ML", "REML", "EB", "PM", "PMM", "DLIT")
METHODS = ("EE", *CLOSED, *ITERATIVE)


def _estimate_tau2(
    problem: _Problem, method: str | float, weights: np.ndarray | None, points: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Return tau2, its standard error (NaN where not estimated), convergence and steps."""
    batch, n = problem.e.shape[0], problem.k - problem.p
    ones = np.ones(batch, dtype=bool)
    if not isinstance(method, str) or method == "EE":
        return np.full(batch, 0.0 if method == "EE" else float(method)), np.full(batch, np.nan), ones, 0
    if method in CLOSED:
        return *_closed(problem, method, weights), ones, 0
    if method not in ITERATIVE:
        raise unknown_option("method", method, METHODS)
    if method in ("ML", "REML"):
        tau2, done, steps = _maximise(problem, method == "REML", points)
        terms = _terms(problem, tau2)
        information = terms.trace_pp if method == "REML" else terms.sum_w2
        with np.errstate(divide="ignore"):
            return tau2, np.sqrt(2 / np.maximum(information, 0.0)), done, steps
    if method == "DLIT":
        tau2, done, steps = _iterate_dl(problem)
        terms = _terms(problem, tau2)
        form = 2 * n + 4 * tau2 * terms.trace_p + 2 * tau2**2 * terms.trace_pp
        return tau2, np.sqrt(form) / terms.trace_p, done, steps
    target = float(chdtri(n, 0.5)) if method == "PMM" else float(n)
    tau2, done, steps = _match_q(problem, target)
    return tau2, problem.k * np.sqrt(2 / n) / _terms(problem, tau2).sum_w, done, steps


def fit_regression(
    y: np.ndarray,
    v: np.ndarray,
    X: np.ndarray,
    *,
    method: str | float = "REML",
    weights: np.ndarray | None = None,
    points: int = 40,
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
    weights : ndarray of shape (k,), optional
        Weights of the generalised Q of ``GENQ``; inverse variances without.
    points : int
        Grid points in the search for the global maximum of a likelihood.

    Returns
    -------
    RegressionFit

    Notes
    -----
    Raudenbush (2009), in The Handbook of Research Synthesis; Viechtbauer (2005),
    doi:10.3102/10769986030003261;
    Viechtbauer et al. (2015), doi:10.1037/met0000023; Paule & Mandel (1982), doi:10.6028/jres.087.022;
    Sidik & Jonkman (2005), doi:10.1081/BIP-200067915.

    Examples
    --------
    >>> x = np.column_stack([np.ones(4), [0.0, 1.0, 2.0, 3.0]])
    >>> fit = fit_regression(np.array([0.0, 1.0, 2.0, 3.0]), np.full(4, 0.1), x)
    >>> fit.beta.round(6).tolist(), float(fit.tau2)
    ([0.0, 1.0], 0.0)
    """
    lead = np.broadcast_shapes(y.shape[:-1], X.shape[:-2], v.shape[:-1])
    k, p = X.shape[-2:]
    ys = np.broadcast_to(y, (*lead, k)).reshape(-1, k).astype(float)
    vs = v.reshape(1, k).astype(float) if v.ndim == 1 else np.broadcast_to(v, (*lead, k)).reshape(-1, k)
    q, r = np.linalg.qr(X)
    qs = np.broadcast_to(q, (*lead, k, p)).reshape(-1, k, p)
    start = np.einsum("bkp,bk->bp", qs, ys)
    e = ys - np.einsum("bkp,bp->bk", qs, start)
    z = np.concatenate([qs, e[..., None]], axis=-1)
    products = (z[..., :, None] * z[..., None, :]).reshape(ys.shape[0], k, -1)
    problem = _Problem(qs, e, ys, vs, products)
    tau2, tau2_se, done, steps = _estimate_tau2(problem, method, weights, points)
    s1 = moments(1.0 / (vs + tau2[:, None]), products, p + 1)
    inverse = spd_inverse(s1[..., :p, :p])
    gamma = start + np.einsum("bij,bj->bi", inverse, s1[..., :p, p])
    back = np.linalg.inv(np.broadcast_to(r, (*lead, p, p)).reshape(-1, p, p))
    terms = _terms(problem, tau2, slopes=False)

    def shaped(a: np.ndarray) -> np.ndarray:
        return a.reshape((*lead, *a.shape[1:]))

    return RegressionFit(
        tau2=shaped(tau2),
        tau2_se=shaped(tau2_se),
        beta=shaped(np.einsum("bij,bj->bi", back, gamma)),
        vcov=shaped(back @ inverse @ np.swapaxes(back, -1, -2)),
        rss=shaped(terms.rss),
        loglik=shaped(_loglik(terms, k, p, method == "REML")),
        iterations=steps,
        converged=shaped(done),
        at_boundary=shaped(tau2 == 0.0),
    )
