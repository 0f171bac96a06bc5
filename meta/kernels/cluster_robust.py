"""Cluster-robust covariance of linear models: CR0, CR1, CR1p, CR1S, CR2 and CR3, with small-sample tests.

Pustejovsky & Tipton (2018), doi:10.1080/07350015.2016.1247004; Tipton & Pustejovsky (2015),
doi:10.3102/1076998615606099; Tipton (2015), doi:10.1037/met0000011; Hedges, Tipton & Johnson (2010),
doi:10.1002/jrsm.5; Bell & McCaffrey (2002), Survey Methodology 28:169-181.

Everything is computed in units of the working model (``L_j^-1`` times the rows of cluster j, where
``Phi_j = L_j L_j'``), in which the working covariance is the identity. The part of cluster j in the sandwich
is ``k_j (I - H)_j y`` with a matrix ``k_j`` (p, n_j); under the working model the covariance of the parts of
clusters j and k is ``[j = k] d_j - l_j r_k'`` with narrow matrices, so that nothing is ever of size (n, n).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.errors import InputError, NotEstimableError, unknown_option
from meta.kernels.batches import Batches, batches, cut, largest_outside
from meta.kernels.degenerate import without_spread

KINDS = ("CR0", "CR1", "CR1p", "CR1S", "CR2", "CR3")
RANK = 1e-10
"""Share of the working covariance below which a residual direction counts as absent: with one effect in a
level of its own, (I - H)_j is 0 up to rounding (1e-16), relative to itself it would count as full."""


@dataclass(frozen=True, slots=True)
class Sandwich:
    """A sandwich and what its degrees of freedom need.

    Attributes
    ----------
    vcov : ndarray of shape (p, p)
    bread : ndarray of shape (p, p)
        ``(X'WX)^-1``.
    halves, working : ndarray or None
        Of files of version 0.1: for each cluster the map (p, n) from effects to its part, and the working
        covariance (n, n).
    clusters : int
    own : ndarray of shape (m, p, p)
        ``d_j``, the working covariance of each cluster's part were its residuals its errors.
    left, right : ndarray of shape (m, p, r)
        ``l_j`` and ``r_k``: the working covariance of the parts of clusters j and k is
        ``[j = k] d_j - l_j r_k'``.
    determined : ndarray of bool, shape (p,)
        False for coefficients that rest on single clusters, so that no residual tells how variable they are.
    """

    vcov: np.ndarray
    bread: np.ndarray
    halves: np.ndarray | None
    working: np.ndarray | None
    clusters: int
    own: np.ndarray | None = None
    left: np.ndarray | None = None
    right: np.ndarray | None = None
    determined: np.ndarray | None = None

    @property
    def expected(self) -> np.ndarray:
        """Expectation of the sandwich under the working model, (p, p)."""
        own, left, right = _pieces(self, np.eye(len(self.bread)))
        return np.asarray(own.sum(axis=0) - np.einsum("jpr,jqr->pq", left, right))


def _roots(a: np.ndarray, rank: np.ndarray, power: float) -> np.ndarray:
    """Symmetric pseudo-inverse powers of a batch (B, s, s), from the ``rank`` (B,) largest eigenvalues."""
    values, vectors = np.linalg.eigh(0.5 * (a + np.swapaxes(a, 1, 2)))
    s = a.shape[1]
    keep = (np.arange(s)[None, :] >= s - rank[:, None]) & (values > 0)
    scale = np.where(keep, np.where(keep, values, 1.0) ** power, 0.0)
    return np.asarray((vectors * scale[:, None, :]) @ np.swapaxes(vectors, 1, 2))


def sandwich(
    y: np.ndarray,
    X: np.ndarray,
    working: Any,
    cluster: np.ndarray,
    *,
    kind: str = "CR2",
    weights: np.ndarray | None = None,
) -> Sandwich:
    """Sandwich covariance of the weighted least squares coefficients.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Effects.
    X : ndarray of shape (n, p)
        Design.
    working : ndarray or sparse matrix of shape (n, n)
        Working covariance; zero between clusters.
    cluster : ndarray of shape (n,)
        Labels.
    kind : {"CR2", "CR0", "CR1", "CR1p", "CR1S", "CR3"}
        Multipliers: none, m/(m - 1), m/(m - p), m(n - 1)/((m - 1)(n - p)); CR2 has adjustment matrices that
        make it unbiased if the working covariance is right, CR3 those of the jackknife.
    weights : ndarray of shape (n,) or (n, n), optional
        The inverse of ``working`` without.

    Examples
    --------
    >>> fit = sandwich(np.array([0.0, 1.0, 2.0]), np.ones((3, 1)), np.eye(3), np.arange(3))
    >>> float(fit.vcov[0, 0].round(6))
    0.333333
    """
    if kind not in KINDS:
        raise unknown_option("kind", kind, KINDS)
    numbers = np.unique(cluster, return_inverse=True)[1].reshape(-1)
    layout, p = batches(numbers), X.shape[1]
    if layout.count < 2 or (kind == "CR1p" and layout.count <= p):
        raise NotEstimableError(
            f"{layout.count} clusters cannot support cluster-robust inference on {p} coefficients"
        )
    if largest_outside(working, numbers) > 1e-12 * np.max(np.abs(working.diagonal())):
        raise InputError(
            "effects in different clusters are correlated in the model; "
            "cluster by its outermost level or coarser"
        )
    phi = cut(working, layout)
    own = None if weights is None else cut(weights if weights.ndim == 2 else _diagonal(weights), layout)
    return _assemble(y, X, layout, phi, own, kind)


def _diagonal(values: np.ndarray) -> Any:
    from scipy.sparse import diags

    return diags(values)


@dataclass(frozen=True, slots=True)
class Whitened:
    """One batch in units of the working model; ``t`` is the weighted design ``L' W L x``."""

    rows: np.ndarray
    blocks: np.ndarray
    root: np.ndarray
    x: np.ndarray
    t: np.ndarray
    w: np.ndarray | None


def whiten(X: np.ndarray, layout: Batches, phi: list[np.ndarray], weights: Any) -> list[Whitened]:
    """Every batch of ``layout`` in units of the working covariances ``phi`` (and of weights, if given)."""
    out = []
    for i, rows in enumerate(layout.rows):
        root = np.linalg.cholesky(phi[i])
        x = np.linalg.solve(root, X[rows])
        w = None if weights is None else np.swapaxes(root, 1, 2) @ weights[i] @ root
        out.append(Whitened(rows, layout.blocks[i], root, x, x if w is None else w @ x, w))
    return out


def _assemble(
    y: np.ndarray, X: np.ndarray, layout: Batches, phi: list[np.ndarray], weights: Any, kind: str
) -> Sandwich:
    n, p, m = len(y), X.shape[1], layout.count
    parts = whiten(X, layout, phi, weights)
    bread = bread_of(parts, n, p)
    spread = sum(np.einsum("bsi,bsj->ij", part.t, part.t) for part in parts)
    middle = bread if weights is None else bread @ spread @ bread
    beta = bread @ sum(np.einsum("bsi,bs->i", part.t, solved(part, y[part.rows])) for part in parts)
    residual = y - X @ beta
    factor = {
        "CR1": m / (m - 1),
        "CR1p": m / (m - p) if m > p else np.nan,
        "CR1S": m * (n - 1) / ((m - 1) * (n - p)) if n > p else np.nan,
    }.get(kind, 1.0)
    own, scores = np.empty((m, p, p)), np.empty((m, p))
    f, e = np.empty((m, p, p)), np.empty((m, p, p))
    for part in parts:
        half = np.sqrt(factor) * half_of(part, bread, middle, kind)
        own[part.blocks] = half @ np.swapaxes(half, 1, 2)
        f[part.blocks], e[part.blocks] = half @ part.x, half @ part.t
        scores[part.blocks] = (half @ solved(part, residual[part.rows])[..., None])[..., 0]
    if weights is None:
        left, right = f @ bread, f
    else:
        left = np.concatenate([f @ bread, e @ bread, -f @ middle], axis=2)
        right = np.concatenate([e, f, f], axis=2)
    if without_spread(y, residual):
        scores[:] = 0.0
    vcov = scores.T @ scores
    expected = own.sum(axis=0) - np.einsum("jpr,jqr->pq", left, right)
    # a coefficient that single clusters determine has residuals that are 0 by construction
    determined = np.diag(expected) > RANK * np.diag(middle)
    vcov = np.where(np.outer(determined, determined), vcov, 0.0)
    return Sandwich(vcov, bread, None, None, m, own, left, right, determined)


def solved(part: Whitened, values: np.ndarray) -> np.ndarray:
    """Values of a batch, (B, s), in units of the working model."""
    return np.asarray(np.linalg.solve(part.root, values[..., None])[..., 0])


def bread_of(parts: list[Whitened], n: int, p: int) -> np.ndarray:
    """``(X'WX)^-1``, from the triangle of a QR decomposition where the weights are the working model's."""
    if parts[0].w is None:
        stacked = np.concatenate([part.x.reshape(-1, p) for part in parts])
        triangle = np.linalg.inv(np.linalg.qr(stacked, mode="r"))
        return np.asarray(triangle @ triangle.T)
    total = sum(np.einsum("bsi,bsj->ij", part.x, part.t) for part in parts)
    return np.asarray(np.linalg.inv(total))


def half_of(part: Whitened, bread: np.ndarray, middle: np.ndarray, kind: str) -> np.ndarray:
    """``bread X_j' W_j A_j L_j`` of a batch, (B, p, s): what it does to whitened residuals."""
    plain = bread @ np.swapaxes(part.t, 1, 2)
    if kind not in ("CR2", "CR3"):
        return np.asarray(plain)
    xt, identity = np.swapaxes(part.x, 1, 2), np.eye(part.x.shape[1])
    if kind == "CR3":
        hat = part.x @ bread @ np.swapaxes(part.t, 1, 2)
        return np.asarray(plain @ np.linalg.pinv(identity - hat, rcond=RANK))
    spread = identity - part.x @ bread @ np.swapaxes(part.t, 1, 2) - part.t @ bread @ xt
    spread = spread + part.x @ middle @ xt
    rank = np.sum(np.linalg.eigvalsh(0.5 * (spread + np.swapaxes(spread, 1, 2))) > RANK, axis=1)
    outer = np.swapaxes(part.root, 1, 2) @ part.root
    # A_j = D'(D M D')^-1/2 D with D = L', so that L^-1 A_j L = (D M D')^-1/2 D L in whitened units
    return np.asarray(plain @ _roots(outer @ spread @ outer, rank, -0.5) @ outer)


def _pieces(fit: Sandwich, L: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``own``, ``left`` and ``right`` of the contrasts L (q, p)."""
    if fit.own is None or fit.left is None or fit.right is None:
        assert fit.halves is not None
        assert fit.working is not None
        half = np.einsum("qp,jpn->jqn", L, fit.halves)
        gram = np.einsum("jsn,nm,ktm->jskt", half, fit.working, half, optimize=True)
        m, q = half.shape[:2]
        eye = np.broadcast_to(np.eye(m * q).reshape(m, q, m * q), (m, q, m * q))
        return np.zeros((m, q, q)), -gram.reshape(m, q, m * q), eye
    own = np.einsum("sp,jpq,tq->jst", L, fit.own, L)
    return own, L @ fit.left, L @ fit.right


def satterthwaite(fit: Sandwich, L: np.ndarray) -> np.ndarray:
    """Satterthwaite degrees of freedom of each row of ``L`` (q, p) under the working model, (q,).

    NaN where the sandwich is 0 whatever the effects are.

    >>> fit = sandwich(np.array([0.0, 1.0, 2.0]), np.ones((3, 1)), np.eye(3), np.arange(3))
    >>> satterthwaite(fit, np.eye(1)).round(6).tolist()
    [2.0]
    """
    out = []
    for row in L:
        own, left, right = _pieces(fit, row[None, :])
        d, u, w = own[:, 0, 0], left[:, 0], right[:, 0]
        mutual = np.sum(u * w, axis=1)
        mean = float(np.sum(d - mutual))
        variance = float(np.sum(d * d - 2 * d * mutual) + np.sum((u.T @ u) * (w.T @ w)))
        usable = mean > RANK * float(row @ fit.bread @ row) and variance > 0
        out.append(mean**2 / variance if usable else np.nan)
    return np.array(out)


def htz_df(fit: Sandwich, L: np.ndarray) -> float:
    """Degrees of freedom eta of the Hotelling-T2 approximation for ``L beta = 0`` (Tipton & Pustejovsky
    2015).

    doi:10.3102/1076998615606099; the F test has q and ``eta - q + 1`` degrees of freedom. The sandwich is
    measured in units of its own expectation under the working model, which is the model's covariance only
    where no adjustment matrix is singular. NaN where that expectation is singular.
    """
    q = L.shape[0]
    own, left, right = _pieces(fit, L)
    omega = own.sum(axis=0) - np.einsum("jpr,jqr->pq", left, right)
    size = np.sqrt(np.diag(L @ fit.bread @ L.T))
    values, vectors = np.linalg.eigh(0.5 * (omega + omega.T) / np.outer(size, size))
    if values[0] <= RANK:
        return float("nan")
    root = (vectors / np.sqrt(values)) @ vectors.T / size[None, :]
    own = np.einsum("sp,jpq,tq->jst", root, own, root)
    left, right = root @ left, root @ right
    mutual = left @ np.swapaxes(right, 1, 2)
    ds, ms = np.einsum("jss->js", own), np.einsum("jss->js", mutual)
    variance = ds.T @ ds - ds.T @ ms - ms.T @ ds
    variance += np.sum(own * own - own * mutual - own * np.swapaxes(mutual, 1, 2), axis=0)
    ll, rr = np.einsum("jsa,jtb->stab", left, left), np.einsum("jsa,jtb->stab", right, right)
    variance += np.einsum("stab,stab->st", ll, rr) + np.einsum("stab,tsab->st", ll, rr)
    return q * (q + 1) / float(variance.sum())


def htz_test(fit: Sandwich, beta: np.ndarray, L: np.ndarray) -> tuple[float, float]:
    """F statistic and denominator degrees of freedom of ``L beta = 0``; its numerator has ``len(L)``.

    Both are NaN where the sandwich of these contrasts is singular.
    """
    q = L.shape[0]
    effect, spread = L @ beta, L @ fit.vcov @ L.T
    eta = htz_df(fit, L)
    sd = np.sqrt(np.diag(spread))
    if np.isnan(eta) or not np.all(sd > 0) or np.linalg.cond(spread / np.outer(sd, sd)) > 1e14:
        return float("nan"), float("nan")
    value = float(effect @ np.linalg.solve(spread, effect))
    return value * (eta - q + 1) / (eta * q), eta - q + 1
