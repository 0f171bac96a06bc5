"""Linear mixed models for dependent effects: ``y ~ N(X beta, V + sum of c_l K_l)``, block by block.

Blocks (the outermost clusters) are padded to one size and stacked, so that all of them are factored at once.
Covariance parameters ``c`` are linear in the marginal covariance; ``c = c(phi)`` keeps them where they
belong.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

Mapping = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Stacked:
    """Data in padded blocks.

    Attributes
    ----------
    y : ndarray of shape (B, m)
    q : ndarray of shape (B, m, p)
        Orthonormal basis of the columns of X (rows of padding are zero).
    r : ndarray of shape (p, p)
        ``X = q r``.
    V : ndarray of shape (B, m, m)
        Sampling covariances; 1 on the diagonal of padding.
    K : ndarray of shape (L, B, m, m)
        Structure of each covariance parameter; zero in padding.
    rows : ndarray of int, shape (B, m)
        Row of the data, -1 in padding.
    """

    y: np.ndarray
    q: np.ndarray
    r: np.ndarray
    V: np.ndarray
    K: np.ndarray
    rows: np.ndarray

    @property
    def n(self) -> int:
        """Number of effects."""
        return int((self.rows >= 0).sum())


@dataclass(frozen=True, slots=True)
class MixedFit:
    """A fitted mixed model.

    Attributes
    ----------
    c, c_se : ndarray of shape (L,)
        Covariance parameters and their standard errors (expected information).
    phi : ndarray
        Working parameters.
    beta, vcov : ndarray of shape (p,), (p, p)
    loglik : float
        Restricted or ordinary.
    iterations : int
    converged : bool
    """

    c: np.ndarray
    c_se: np.ndarray
    phi: np.ndarray
    beta: np.ndarray
    vcov: np.ndarray
    loglik: float
    iterations: int
    converged: bool


def stack(
    y: np.ndarray, X: np.ndarray, V: np.ndarray, structures: list[np.ndarray], blocks: np.ndarray
) -> Stacked:
    """Cut (n, n) matrices into padded blocks; ``blocks`` (n,) numbers the block of each row.

    >>> s = stack(np.zeros(3), np.ones((3, 1)), np.eye(3), [np.eye(3)], np.array([0, 0, 1]))
    >>> s.rows.tolist()
    [[0, 1], [2, -1]]
    """
    groups = [np.flatnonzero(blocks == b) for b in np.unique(blocks)]
    m = max(map(len, groups))
    rows = np.full((len(groups), m), -1)
    for b, at in enumerate(groups):
        rows[b, : len(at)] = at
    real = rows >= 0
    both = real[:, :, None] & real[:, None, :]
    q, r = np.linalg.qr(X)

    def cut(a: np.ndarray) -> np.ndarray:
        return np.where(both, a[rows[:, :, None], rows[:, None, :]], 0.0)

    padding = np.where(~real, 1.0, 0.0)[:, :, None] * np.eye(m)
    return Stacked(
        y=np.where(real, y[rows], 0.0),
        q=np.where(real[..., None], q[rows], 0.0),
        r=r,
        V=cut(V) + padding,
        K=np.array([cut(k) for k in structures]).reshape(len(structures), *both.shape),
        rows=rows,
    )


def without(data: Stacked, rows: np.ndarray) -> Stacked:
    """The same blocks with the given rows of the data made padding; covariance parameters keep their places.

    >>> s = stack(np.zeros(3), np.ones((3, 1)), np.eye(3), [np.eye(3)], np.array([0, 0, 1]))
    >>> without(s, np.array([1])).rows.tolist()
    [[0, -1], [2, -1]]
    """
    gone = np.isin(data.rows, rows) & (data.rows >= 0)
    left = ~gone
    both = left[:, :, None] & left[:, None, :]
    return replace(
        data,
        y=np.where(left, data.y, 0.0),
        q=np.where(left[..., None], data.q, 0.0),
        V=np.where(both, data.V, 0.0) + gone[:, :, None] * np.eye(gone.shape[1]),
        K=np.where(both, data.K, 0.0),
        rows=np.where(left, data.rows, -1),
    )


def marginal(data: Stacked, c: np.ndarray) -> np.ndarray:
    """Marginal covariance of all rows at covariance parameters ``c``, (n, n).

    >>> s = stack(np.zeros(2), np.ones((2, 1)), np.eye(2), [np.eye(2)], np.array([0, 1]))
    >>> marginal(s, np.array([0.5])).tolist()
    [[1.5, 0.0], [0.0, 1.5]]
    """
    blocks = data.V + np.tensordot(c, data.K, axes=1)
    out = np.zeros((data.n, data.n))
    for at, block in zip(data.rows, blocks, strict=True):
        real = at >= 0
        out[np.ix_(at[real], at[real])] = block[np.ix_(real, real)]
    return out


@dataclass(frozen=True, slots=True)
class _State:
    loglik: float
    score: np.ndarray
    gamma: np.ndarray
    a_inverse: np.ndarray
    information: np.ndarray


def evaluate(data: Stacked, c: np.ndarray, restricted: bool, information: bool = False) -> _State:
    """Log-likelihood at ``c``, its gradient, and (on request) the expected information for ``c``."""
    n, p = data.n, data.q.shape[-1]
    M = data.V + np.tensordot(c, data.K, axes=1)
    try:
        root = np.linalg.cholesky(M)
    except np.linalg.LinAlgError:
        nothing = np.full(len(c), np.nan)
        return _State(-np.inf, nothing, np.full(p, np.nan), np.full((p, p), np.nan), np.diag(nothing))
    inverse = np.linalg.inv(M)
    mq = inverse @ data.q
    A = np.einsum("bmi,bmj->ij", data.q, mq)
    a_inverse = np.linalg.inv(A)
    gamma = a_inverse @ np.einsum("bmi,bm->i", mq, data.y)
    resid = data.y - data.q @ gamma
    mr = np.einsum("bij,bj->bi", inverse, resid)
    logdet = 2 * np.log(np.einsum("bii->bi", root)).sum()
    size = n - p if restricted else n
    loglik = -0.5 * (size * np.log(2 * np.pi) + logdet + (resid * mr).sum())
    loglik -= 0.5 * np.linalg.slogdet(A)[1] if restricted else 0.0
    km = np.einsum("lbij,bjk->lbik", data.K, inverse)
    trace = np.einsum("lbii->l", km)
    middle = np.einsum("bmi,lbmn,bnj->lij", mq, data.K, mq)
    if restricted:
        trace = trace - np.einsum("ij,lji->l", a_inverse, middle)
    quadratic = np.einsum("bi,lbij,bj->l", mr, data.K, mr)
    info = np.zeros((len(c), len(c)))
    if information:
        info = 0.5 * np.einsum("lbij,kbji->lk", km, km)
        if restricted:
            h = np.einsum("ij,ljk->lik", a_inverse, middle)
            inner = np.einsum("bmi,lbmn,bnr,kbrs,bsj->lkij", mq, data.K, inverse, data.K, mq, optimize=True)
            info += 0.5 * np.einsum("lij,kji->lk", h, h) - np.einsum("ij,lkji->lk", a_inverse, inner)
    return _State(float(loglik), 0.5 * (quadratic - trace), gamma, a_inverse, info)


def _objective(data: Stacked, mapping: Mapping, restricted: bool) -> Callable:
    def negative(phi: np.ndarray) -> tuple[float, np.ndarray]:
        state = evaluate(data, mapping(phi), restricted)
        if not np.isfinite(state.loglik):
            return 1e100, np.zeros_like(phi)
        return -state.loglik, -(jacobian(mapping, phi).T @ state.score)

    return negative


def jacobian(mapping: Mapping, phi: np.ndarray) -> np.ndarray:
    """Derivative of the covariance parameters by the working ones, (L, F), by central differences."""
    columns = []
    for i in range(len(phi)):
        step = np.zeros_like(phi)
        step[i] = 1e-6 * max(1e-3, abs(phi[i]))
        columns.append((mapping(phi + step) - mapping(phi - step)) / (2 * step[i]))
    return np.array(columns).reshape(len(phi), -1).T


def _newton(negative: Callable, phi: np.ndarray, value: float) -> tuple[np.ndarray, float]:
    """Finish with Newton steps on the gradient; a step that does not improve is not taken."""
    for _ in range(6):
        gradient = negative(phi)[1]
        hessian = np.empty((len(phi), len(phi)))
        for i in range(len(phi)):
            step = np.zeros_like(phi)
            step[i] = 1e-5 * max(1e-3, abs(phi[i]))
            hessian[i] = (negative(phi + step)[1] - negative(phi - step)[1]) / (2 * step[i])
        hessian = 0.5 * (hessian + hessian.T)
        if not np.all(np.isfinite(hessian)) or np.linalg.eigvalsh(hessian)[0] <= 0:
            break
        move = np.linalg.solve(hessian, gradient)
        fresh = negative(phi - move)[0]
        if not fresh <= value + 1e-12 * abs(value):
            break
        phi, value = phi - move, min(value, fresh)
        if np.max(np.abs(move)) <= 1e-11 * (np.max(np.abs(phi)) + 1e-300):
            break
    return phi, value


def maximise(
    data: Stacked, mapping: Mapping, starts: list[np.ndarray], restricted: bool
) -> tuple[np.ndarray, float, int, bool]:
    """Best of several quasi-Newton climbs, then Newton: working parameters, log-likelihood, steps,
    convergence.
    """
    from scipy.optimize import minimize

    negative = _objective(data, mapping, restricted)
    best, value, steps, done = starts[0], np.inf, 0, False
    for start in starts:
        found = minimize(negative, start, jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 500})
        steps = max(steps, int(found.nit))
        if found.fun < value - 1e-10:
            best, value = found.x, float(found.fun)
    if len(best):
        best, value = _newton(negative, best, value)
        slope = jacobian(mapping, best).T @ evaluate(data, mapping(best), restricted).score
        done = bool(np.all(np.abs(slope) * np.maximum(np.abs(best), 1e-8) <= 1e-5 * max(1.0, abs(value))))
    return best, -value, steps, done or not len(best)


def variances(phi: np.ndarray) -> np.ndarray:
    """Variances from signed standard deviations: no bounds, and zero is reachable.

    >>> variances(np.array([-2.0, 0.0])).tolist()
    [4.0, 0.0]
    """
    return phi**2


def fit_mixed(
    data: Stacked, *, mapping: Mapping = variances, starts: list[np.ndarray], restricted: bool = True
) -> MixedFit:
    """Fit by (restricted) maximum likelihood.

    Parameters
    ----------
    data : Stacked
        Blocks.
    mapping : callable
        From working parameters to the L covariance parameters.
    starts : list of ndarray
        Starting points; the best climb wins.
    restricted : bool
        REML rather than ML.

    Notes
    -----
    Harville (1977), doi:10.1080/01621459.1977.10480998; Konstantopoulos (2011), doi:10.1002/jrsm.35.

    Examples
    --------
    >>> y, block = np.array([0.0, 0.2, 1.0, 1.3, -1.0, -0.8]), np.array([0, 0, 1, 1, 2, 2])
    >>> data = stack(y, np.ones((6, 1)), 0.01 * np.eye(6), [np.equal.outer(block, block) * 1.0], block)
    >>> fit_mixed(data, starts=[np.array([1.0])]).c.round(3).tolist()
    [1.046]
    """
    phi, loglik, steps, done = maximise(data, mapping, starts, restricted)
    if mapping is variances:
        phi, loglik = _clean_boundary(data, phi, loglik, restricted)
    c = mapping(phi)
    state = evaluate(data, c, restricted, information=True)
    back = np.linalg.inv(data.r)
    return MixedFit(
        c=c,
        c_se=_standard_errors(state.information, c, mapping is variances),
        phi=phi,
        beta=back @ state.gamma,
        vcov=back @ state.a_inverse @ back.T,
        loglik=float(state.loglik),
        iterations=steps,
        converged=done,
    )


def _clean_boundary(
    data: Stacked, phi: np.ndarray, loglik: float, restricted: bool
) -> tuple[np.ndarray, float]:
    """Return an exact zero for each variance that does better (or no worse) without its crumbs."""
    phi = phi.copy()
    for i in range(len(phi)):
        without = phi.copy()
        without[i] = 0.0
        value = evaluate(data, variances(without), restricted).loglik
        if value >= loglik - 1e-9 and phi[i] != 0.0:
            phi, loglik = without, value
    return phi, loglik


def _standard_errors(information: np.ndarray, c: np.ndarray, bounded: bool) -> np.ndarray:
    out = np.full(len(c), np.nan)
    inner = np.flatnonzero(c > 0) if bounded else np.arange(len(c))
    if len(inner) and np.linalg.matrix_rank(information[np.ix_(inner, inner)]) == len(inner):
        with np.errstate(invalid="ignore"):
            out[inner] = np.sqrt(np.diag(np.linalg.inv(information[np.ix_(inner, inner)])))
    return out


def profile_variance(data: Stacked, which: int, value: float, phi: np.ndarray, restricted: bool) -> float:
    """Log-likelihood maximised over the other variances with number ``which`` held at ``value``."""
    others = [i for i in range(len(data.K)) if i != which]
    held = replace(data, V=data.V + value * data.K[which], K=data.K[others])
    if not others:
        return evaluate(held, np.zeros(0), restricted).loglik
    size = np.sqrt(np.mean(phi**2)) + 1e-8
    starts = [
        np.where(np.abs(phi[others]) > 1e-3 * size, phi[others], 0.1 * size),
        np.full(len(others), size),
    ]
    return maximise(held, variances, starts, restricted)[1]
