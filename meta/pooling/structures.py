"""Covariance structures of random effects: nested levels, and inner-by-outer structures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

STRUCTURES = ("UN", "CS", "HCS", "DIAG", "ID", "AR")


@dataclass(frozen=True, slots=True)
class InnerStructure:
    """A covariance matrix G (m, m) among inner levels, from working parameters.

    Attributes
    ----------
    covariance : callable
        Working parameters to G.
    starts : callable
        A typical variance to starting points.
    parameters : int
        Number of working parameters.
    """

    covariance: Callable[[np.ndarray], np.ndarray]
    starts: Callable[[float], list[np.ndarray]]
    parameters: int


def nested_groups(columns: list[np.ndarray]) -> list[np.ndarray]:
    """Number the groups of each level within the levels above it, outermost first; labels may restart.

    >>> [g.tolist() for g in nested_groups([np.array(["a", "a", "b"]), np.array([1, 2, 1])])]
    [[0, 0, 1], [0, 1, 2]]
    """
    out: list[np.ndarray] = []
    above = np.zeros(len(columns[0]), dtype=int)
    for values in columns:
        own = np.unique(np.array([str(v) for v in values]), return_inverse=True)[1].reshape(-1)
        above = np.unique(above * (int(own.max()) + 1) + own, return_inverse=True)[1].reshape(-1)
        out.append(above)
    return out


def same(groups: np.ndarray) -> np.ndarray:
    """Indicator of pairs in the same group, (n, n).

    >>> same(np.array([0, 0, 1])).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return (groups[:, None] == groups[None, :]).astype(float)


def inner_pairs(m: int) -> list[tuple[int, int]]:
    """Positions of the lower triangle of G, in the order of its parameters.

    >>> inner_pairs(2)
    [(0, 0), (1, 0), (1, 1)]
    """
    return [(i, j) for i in range(m) for j in range(i + 1)]


def inner_matrices(inner: np.ndarray, outer: np.ndarray) -> list[np.ndarray]:
    """Structure matrix (n, n) of each element of G's lower triangle; ``inner`` is numbered from 0."""
    m, together = int(inner.max()) + 1, same(outer)
    one = [np.equal(inner, i).astype(float) for i in range(m)]
    pairs = [np.outer(one[i], one[j]) for i, j in inner_pairs(m)]
    return [together * (a if i == j else a + a.T) for a, (i, j) in zip(pairs, inner_pairs(m), strict=True)]


def inner_structure(name: str, m: int) -> InnerStructure:
    """The structure ``name`` among ``m`` inner levels.

    >>> inner_structure("ID", 2).covariance(np.array([2.0])).tolist()
    [[4.0, 0.0], [0.0, 4.0]]
    """
    lag = np.abs(np.subtract.outer(np.arange(m), np.arange(m)))
    lowest = -1.0 / (m - 1) if m > 1 else 0.0

    def exchangeable(x: float, floor: float) -> np.ndarray:
        rho = floor + (1 - floor) / (1 + np.exp(-x))
        return np.where(lag == 0, 1.0, rho)

    def unstructured(phi: np.ndarray) -> np.ndarray:
        root = np.zeros((m, m))
        root[np.tril_indices(m)] = phi
        return root @ root.T

    def cs(phi: np.ndarray) -> np.ndarray:
        return phi[0] ** 2 * exchangeable(phi[1], lowest)

    def hcs(phi: np.ndarray) -> np.ndarray:
        return np.outer(phi[:m], phi[:m]) * exchangeable(phi[m], lowest)

    def ar(phi: np.ndarray) -> np.ndarray:
        return phi[0] ** 2 * np.tanh(phi[1]) ** lag

    def un_starts(v: float) -> list[np.ndarray]:
        out = []
        for rho in (0.0, 0.7, -0.3):
            g = v * np.where(lag == 0, 1.0, max(rho, 0.8 * lowest) if m > 2 else rho)
            out.append(np.linalg.cholesky(g)[np.tril_indices(m)])
        return out

    def with_rho(count: int) -> Callable[[float], list[np.ndarray]]:
        return lambda v: [np.append(np.full(count, np.sqrt(v)), x) for x in (-1.0, 0.5, 2.0)]

    registry: dict[str, InnerStructure] = {
        "UN": InnerStructure(unstructured, un_starts, m * (m + 1) // 2),
        "CS": InnerStructure(cs, with_rho(1), 2),
        "HCS": InnerStructure(hcs, with_rho(m), m + 1),
        "DIAG": InnerStructure(lambda phi: np.diag(phi**2), lambda v: [np.full(m, np.sqrt(v))], m),
        "ID": InnerStructure(lambda phi: phi[0] ** 2 * np.eye(m), lambda v: [np.array([np.sqrt(v)])], 1),
        "AR": InnerStructure(ar, with_rho(1), 2),
    }
    return registry[name]
