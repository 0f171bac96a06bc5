"""Groups of nested levels."""

from __future__ import annotations

import numpy as np


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
