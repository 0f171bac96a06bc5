"""Block-diagonal matrices as batches of equal blocks, so that thousands of clusters are one array each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Batches:
    """Rows of the data by block, blocks of one size together.

    Attributes
    ----------
    rows : tuple of ndarray of int, each of shape (B_s, s)
        Rows of the B_s blocks that have s rows each.
    blocks : tuple of ndarray of int, each of shape (B_s,)
        The numbers of these blocks.
    n : int
        Number of rows.
    count : int
        Number of blocks.
    """

    rows: tuple[np.ndarray, ...]
    blocks: tuple[np.ndarray, ...]
    n: int
    count: int


def batches(numbers: np.ndarray) -> Batches:
    """Lay out rows by the block that each belongs to; ``numbers`` (n,) counts blocks from 0 without gaps.

    >>> found = batches(np.array([1, 0, 1, 2]))
    >>> [rows.tolist() for rows in found.rows], [b.tolist() for b in found.blocks]
    ([[[1], [3]], [[0, 2]]], [[0, 2], [1]])
    """
    sizes = np.bincount(numbers)
    order = np.argsort(numbers, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    rows, blocks = [], []
    for size in np.unique(sizes):
        own = np.flatnonzero(sizes == size)
        blocks.append(own)
        rows.append(order[starts[own][:, None] + np.arange(size)])
    return Batches(tuple(rows), tuple(blocks), len(numbers), len(sizes))


def cut(matrix: Any, layout: Batches) -> list[np.ndarray]:
    """The diagonal blocks of a dense or sparse (n, n) matrix, a list of (B_s, s, s).

    >>> [b.tolist() for b in cut(np.array([[1, 2], [2, 3]]), batches(np.array([0, 0])))]
    [[[[1.0, 2.0], [2.0, 3.0]]]]
    """
    if isinstance(matrix, np.ndarray):
        return [np.asarray(matrix[r[:, :, None], r[:, None, :]], dtype=float) for r in layout.rows]
    entries = matrix.tocoo()
    batch, block, place = _places(layout)
    out = [np.zeros((*r.shape, r.shape[1])) for r in layout.rows]
    inside = (batch[entries.row] == batch[entries.col]) & (block[entries.row] == block[entries.col])
    for i, blocks in enumerate(out):
        mine = inside & (batch[entries.row] == i)
        row, col = entries.row[mine], entries.col[mine]
        np.add.at(blocks, (block[row], place[row], place[col]), entries.data[mine])
    return out


def largest_outside(matrix: Any, numbers: np.ndarray) -> float:
    """Largest absolute entry between different blocks.

    >>> largest_outside(np.array([[1.0, -0.5], [-0.5, 1.0]]), np.array([0, 1]))
    0.5
    """
    if isinstance(matrix, np.ndarray):
        across = numbers[:, None] != numbers[None, :]
        return float(np.max(np.abs(matrix), where=across, initial=0.0))
    entries = matrix.tocoo()
    across = numbers[entries.row] != numbers[entries.col]
    return float(np.max(np.abs(entries.data), where=across, initial=0.0))


def joined(blocks: list[np.ndarray], layout: Batches) -> Any:
    """The sparse (n, n) matrix (CSR) of diagonal blocks; entries that are 0 are left out.

    >>> joined([np.array([[[1.0]], [[2.0]]])], batches(np.array([0, 1]))).toarray().tolist()
    [[1.0, 0.0], [0.0, 2.0]]
    """
    from scipy.sparse import csr_matrix

    rows = [np.broadcast_to(r[:, :, None], b.shape).ravel() for r, b in zip(layout.rows, blocks, strict=True)]
    cols = [np.broadcast_to(r[:, None, :], b.shape).ravel() for r, b in zip(layout.rows, blocks, strict=True)]
    data = np.concatenate([b.ravel() for b in blocks])
    kept = data != 0
    at = (np.concatenate(rows)[kept], np.concatenate(cols)[kept])
    return csr_matrix((data[kept], at), shape=(layout.n, layout.n))


def _places(layout: Batches) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Batch, block within the batch and place within the block of every row."""
    batch, block, place = (np.empty(layout.n, dtype=int) for _ in range(3))
    for i, rows in enumerate(layout.rows):
        batch[rows] = i
        block[rows] = np.arange(len(rows))[:, None]
        place[rows] = np.arange(rows.shape[1])[None, :]
    return batch, block, place
