"""Residual heterogeneity with a full sampling covariance, block by block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.kernels.batches import batches, cut
from meta.kernels.mixed.mixed_likelihood import blocks_of


@dataclass(frozen=True, slots=True)
class ResidualQ:
    """Cochran's Q of the residuals, and the diagonal of P (n,), whose sum is its trace."""

    q: float
    p: np.ndarray


def residual_q(y: np.ndarray, X: np.ndarray, V: Any) -> ResidualQ:
    """Q and ``P = W - W X (X'WX)^-1 X'W`` with ``W = V^-1``; V is dense or sparse.

    >>> found = residual_q(np.array([0.0, 2.0]), np.ones((2, 1)), np.eye(2))
    >>> round(found.q, 9), found.p.round(9).tolist()
    (2.0, [0.5, 0.5])
    """
    layout = batches(blocks_of([], V))
    q = np.linalg.qr(X)[0]
    solved = [np.linalg.inv(block) for block in cut(V, layout)]
    wq = [w @ q[rows] for w, rows in zip(solved, layout.rows, strict=True)]
    inner = np.zeros((q.shape[1], q.shape[1]))
    right = np.zeros(q.shape[1])
    for part, rows in zip(wq, layout.rows, strict=True):
        inner += np.einsum("bsi,bsj->ij", q[rows], part)
        right += np.einsum("bsi,bs->i", part, y[rows])
    cover = np.linalg.inv(inner)
    e = y - q @ (cover @ right)
    total, diagonal = 0.0, np.empty(len(y))
    for w, part, rows in zip(solved, wq, layout.rows, strict=True):
        total += float(np.einsum("bs,bst,bt->", e[rows], w, e[rows]))
        diagonal[rows] = np.einsum("bss->bs", w) - np.einsum("bsi,ij,bsj->bs", part, cover, part)
    return ResidualQ(total, diagonal)
