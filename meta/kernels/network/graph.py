"""Which treatments hang together, and which sets of treatments trials compare."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def pieces(designs: Iterable[Sequence[int]], n_treatments: int) -> list[list[int]]:
    """Connected parts of the network, the largest first; each in ascending order.

    >>> pieces([(0, 1), (2, 3), (1, 4)], 5)
    [[0, 1, 4], [2, 3]]
    """
    of = list(range(n_treatments))

    def root(i: int) -> int:
        while of[i] != i:
            of[i] = of[of[i]]
            i = of[i]
        return i

    for design in designs:
        for other in design[1:]:
            of[root(other)] = root(design[0])
    groups: dict[int, list[int]] = {}
    for i in range(n_treatments):
        groups.setdefault(root(i), []).append(i)
    return sorted(groups.values(), key=lambda part: (-len(part), part))


def direct_counts(designs: Iterable[Sequence[int]], n_treatments: int) -> np.ndarray:
    """Number of trials that compare each pair of treatments, (T, T); the diagonal holds trials of each.

    >>> direct_counts([(0, 1), (0, 1, 2)], 3).tolist()
    [[2, 2, 1], [2, 2, 1], [1, 1, 1]]
    """
    found = np.zeros((n_treatments, n_treatments), dtype=int)
    for design in designs:
        found[np.ix_(design, design)] += 1
    return found
