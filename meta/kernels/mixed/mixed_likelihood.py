"""Likelihood of ``y ~ N(X beta, V + sum of Z_i G_i Z_i')`` with its gradient, block by block.

Rows that neither a group, nor a known correlation, nor a sampling covariance joins are in different blocks
(connected components of the graph of rows and groups); blocks of one size are one batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.kernels.batches import Batches, batches, cut
from meta.kernels.mixed.terms import Part, RandomTerm, add, bent, directions, inner_slope, part_of, pull

Array = np.ndarray
LARGE = 64
"""Blocks with more rows are factored one by one by LAPACK, which takes half the time of a batched inverse."""
PADDED = 60_000
"""Up to so many cells, blocks are padded to one size: the calls cost more than the arithmetic there."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Blocks of one size: y (B, s), q (B, s, p), V (B, s, s), the parts of the terms, rows (B, s) of the
    data, and ``real`` (B, s), False in padding.
    """

    y: Array
    q: Array
    V: Array
    parts: tuple[Part, ...]
    rows: Array
    real: Array


@dataclass(frozen=True, slots=True)
class MixedModel:
    """A mixed model, laid out.

    Attributes
    ----------
    batches : tuple of Batch
    r : ndarray of shape (p, p)
        ``X = q r`` with orthonormal q.
    n, p : int
        Rows and columns of X.
    terms : tuple of RandomTerm
    unit : float
        Effects are divided by it, so that searches do not depend on their unit.
    layout : Batches
        Blocks of the rows, unpadded.
    """

    batches: tuple[Batch, ...]
    r: Array
    n: int
    p: int
    terms: tuple[RandomTerm, ...]
    unit: float
    layout: Batches

    def split(self, phi: Array) -> list[Array]:
        """Working parameters by term."""
        sizes = [term.size for term in self.terms]
        return np.split(phi, np.cumsum(sizes)[:-1]) if sizes else []


@dataclass(frozen=True, slots=True)
class State:
    """The likelihood at a point: its value, gradient, the coefficients of q and their covariance, and (on
    request) the expected information of the working parameters, minus the matrix of second derivatives, and
    the derivative by the covariance matrix G of each term, (m, m) (0 for terms without Z).
    """

    loglik: float
    score: Array
    gamma: Array
    cover: Array
    information: Array | None = None
    curvature: Array | None = None
    slopes: tuple[Array, ...] = ()


def blocks_of(terms: Sequence[RandomTerm], V: Any) -> Array:
    """Number of each row's block, (n,), counted from 0."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = V.shape[0]
    entries = V.tocoo() if hasattr(V, "tocoo") else None
    row, col = np.nonzero(V) if entries is None else (entries.row, entries.col)
    links, nodes = [(row, col)], n
    for term in terms:
        count = int(term.group.max()) + 1
        links.append((np.arange(n), nodes + term.group))
        if term.known is not None:
            a, b = np.nonzero(term.known)
            links.append((nodes + a, nodes + b))
        nodes += count
    at = tuple(np.concatenate([link[i] for link in links]) for i in (0, 1))
    graph = coo_matrix((np.ones(len(at[0])), at), shape=(nodes, nodes))
    found = connected_components(graph, directed=False)[1][:n]
    return np.asarray(np.unique(found, return_inverse=True)[1].reshape(-1))


def lay_out(y: Array, X: Array, V: Any, terms: Sequence[RandomTerm]) -> MixedModel:
    """Cut a model into batches.

    >>> one = RandomTerm("study", "", np.array([0, 0, 1]))
    >>> lay_out(np.zeros(3), np.ones((3, 1)), np.eye(3), [one]).layout.count
    2
    """
    layout = batches(blocks_of(terms, V))
    q, r = np.linalg.qr(X)
    rest = y - q @ (q.T @ y)
    unit = float(np.sqrt(np.mean(rest**2) + np.mean(np.abs(V.diagonal()))))
    unit = unit if np.isfinite(unit) and unit > 0 else 1.0
    blocks = cut(V, layout)
    biggest = max(rows.shape[1] for rows in layout.rows)
    found = []
    if len(layout.rows) > 1 and layout.count * biggest**2 <= PADDED:
        found.append(_padded(layout, blocks, biggest))
    else:
        found = [(rows, np.ones(rows.shape, bool), b) for rows, b in zip(layout.rows, blocks, strict=True)]
    made = tuple(
        Batch(
            np.where(real, y[rows], 0.0) / unit,
            np.where(real[..., None], q[rows], 0.0),
            np.where(real[:, :, None] & real[:, None, :], b / unit**2, b),
            tuple(part_of(term, rows, real) for term in terms),
            rows,
            real,
        )
        for rows, real, b in found
    )
    scaled = tuple(term if term.fixed is None else _fixed(term, unit) for term in terms)
    made = tuple(
        Batch(
            b.y,
            b.q,
            b.V,
            tuple(Part(t, p.together, p.z, p.distance) for t, p in zip(scaled, b.parts, strict=True)),
            b.rows,
            b.real,
        )
        for b in made
    )
    return MixedModel(made, r, len(y), X.shape[1], scaled, unit, layout)


def _fixed(term: RandomTerm, unit: float) -> RandomTerm:
    from dataclasses import replace

    assert term.fixed is not None
    return replace(term, fixed=term.fixed / unit**2)


def _padded(layout: Batches, blocks: list[Array], size: int) -> tuple[Array, Array, Array]:
    rows = np.zeros((layout.count, size), dtype=int)
    real = np.zeros((layout.count, size), dtype=bool)
    V = np.broadcast_to(np.eye(size), (layout.count, size, size)).copy()
    at = 0
    for own, block in zip(layout.rows, blocks, strict=True):
        here, s = slice(at, at + len(own)), own.shape[1]
        rows[here, :s], real[here, :s], V[here, :s, :s] = own, True, block
        at += len(own)
    return rows, real, V


def covariance(model: MixedModel, batch: Batch, phi: list[Array]) -> Array:
    """Marginal covariance of a batch in the model's unit, (B, s, s)."""
    M = batch.V.copy()
    for part, own in zip(batch.parts, phi, strict=True):
        add(part, own, M)
    return M


def _inverse(M: Array) -> tuple[Array, float]:
    """Inverses and the sum of log determinants of a batch; raises LinAlgError if not positive definite."""
    if M.shape[1] == 1:
        if not np.all(M > 0):
            raise np.linalg.LinAlgError
        return 1 / M, float(np.log(M).sum())
    if M.shape[1] <= LARGE:
        root = np.linalg.cholesky(M)
        return np.linalg.inv(M), 2 * float(np.log(np.einsum("bii->bi", root)).sum())
    from scipy.linalg.lapack import dpotrf, dpotri

    out, logdet = np.empty_like(M), 0.0
    for i, block in enumerate(M):
        root, info = dpotrf(block, lower=1)
        if info:
            raise np.linalg.LinAlgError
        logdet += 2 * float(np.log(np.diag(root)).sum())
        half = dpotri(root, lower=1)[0]
        out[i] = np.tril(half) + np.tril(half, -1).T
    return out, logdet


@dataclass(frozen=True, slots=True)
class _Solved:
    """One batch at a point: ``M^-1``, ``M^-1 q`` and ``M^-1 (y - q gamma)``."""

    batch: Batch
    inverse: Array
    mq: Array
    pulled: Array


def evaluate(
    model: MixedModel, phi: Array, restricted: bool, gradient: bool = True, second: bool = False
) -> State:
    """Log-likelihood of the effects in the model's unit at working parameters ``phi`` of that unit.

    With ``P = M^-1 - M^-1 X (X'M^-1 X)^-1 X'M^-1``, the gradient is
    ``(y'P dM P y - tr(P dM)) / 2`` (restricted; Harville 1977, doi:10.1080/01621459.1977.10480998).
    """
    own = model.split(phi)
    p, size = model.p, model.n - model.p if restricted else model.n
    A, b, logdet, found = np.zeros((p, p)), np.zeros(p), 0.0, []
    try:
        for batch in model.batches:
            inverse, size_of_all = _inverse(covariance(model, batch, own))
            mq, flat = inverse @ batch.q, batch.q.reshape(-1, p)
            A += flat.T @ mq.reshape(-1, p)
            b += batch.y.reshape(-1) @ mq.reshape(-1, p)
            logdet += size_of_all
            found.append((batch, inverse, mq))
    except np.linalg.LinAlgError:
        return State(-np.inf, np.full(len(phi), np.nan), np.full(p, np.nan), np.full((p, p), np.nan))
    cover = np.linalg.inv(A)
    gamma = cover @ b
    if restricted:
        logdet += float(np.linalg.slogdet(A)[1])
    quadratic, score, solved = 0.0, np.zeros(len(phi)), []
    for batch, inverse, mq in found:
        rest = batch.y - batch.q @ gamma
        pulled = (inverse @ rest[..., None])[..., 0]
        quadratic += float(np.vdot(rest, pulled))
        solved.append(_Solved(batch, inverse, mq, pulled))
    loglik = -0.5 * (size * np.log(2 * np.pi) + logdet + quadratic)
    if not gradient or not len(phi):
        return State(float(loglik), score, gamma, cover, np.zeros((0, 0)), np.zeros((0, 0)))
    bend = np.zeros((len(phi), len(phi)))
    slopes = [np.zeros((term.m, term.m)) for term in model.terms]
    cuts = np.cumsum([0, *(term.size for term in model.terms)])
    for one in solved:
        D = one.pulled[:, :, None] * one.pulled[:, None, :] - one.inverse
        D += (one.mq @ cover) @ np.swapaxes(one.mq, 1, 2) if restricted else 0.0
        for i, part in enumerate(one.batch.parts):
            if model.terms[i].size:
                here = slice(cuts[i], cuts[i + 1])
                score[here] += 0.5 * pull(part, own[i], D)
                if second:
                    bend[here, here] += 0.5 * bent(part, own[i], D)
                    slopes[i] += 0.0 if part.z is None else 0.5 * inner_slope(part, D)
    if not second:
        return State(float(loglik), score, gamma, cover)
    info, pairs = _second(model, own, solved, cover, restricted)
    return State(float(loglik), score, gamma, cover, info, pairs - info - bend, tuple(slopes))


def _second(
    model: MixedModel, phi: list[Array], solved: list[_Solved], cover: Array, restricted: bool
) -> tuple[Array, Array]:
    """``tr(P dM P dM) / 2``, the expected information, and ``y'P dM P dM P y``, both (F, F)."""
    count, p = sum(len(x) for x in phi), model.p
    info, middle = np.zeros((count, count)), np.zeros((count, p, p))
    pairs, cross = np.zeros((count, count)), np.zeros((count, p))
    for one in solved:
        parts = zip(one.batch.parts, phi, strict=True)
        d = np.concatenate([directions(x, own, one.batch.V.shape) for x, own in parts if x.term.size])
        half, side, flat = one.inverse @ d, d @ one.mq, one.mq.reshape(-1, p)
        w = (d @ one.pulled[..., None])[..., 0]
        far = (one.inverse @ w[..., None])[..., 0]
        info += 0.5 * half.reshape(count, -1) @ np.swapaxes(half, -1, -2).reshape(count, -1).T
        if restricted:
            deep = (one.inverse @ side) @ cover
            info -= side.reshape(count, -1) @ deep.reshape(count, -1).T
        middle += flat.T @ side.reshape(count, -1, p)
        cross += w.reshape(count, -1) @ flat
        pairs += w.reshape(count, -1) @ far.reshape(count, -1).T
    info = 0.5 * (info + info.T)
    pairs = 0.5 * (pairs + pairs.T) - cross @ cover @ cross.T
    if restricted:
        h = cover @ middle
        info += 0.5 * np.einsum("lij,kji->lk", h, h)
    return info, pairs
