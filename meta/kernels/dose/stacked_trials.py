"""What every dose-response engine is given: effects against each trial's reference, covariances, terms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Trials:
    """Effects of m trials, n rows in all, in the order of the trials.

    Attributes
    ----------
    y : ndarray of shape (n,)
        Effects against the trial's own reference.
    S : tuple of ndarray, each (J_i, J_i)
        Sampling covariances of each trial.
    Z : ndarray of shape (n, p)
        Differences of the basis between a row's dose and its trial's reference dose, divided by ``scale``.
    span : ndarray of shape (n,)
        Differences of the doses themselves, divided by their range.
    scale : ndarray of shape (p,)
        Size of each term over the doses, so that neither unit nor power of the dose steers a search.
    arm : ndarray of int, shape (n,)
        Number of the row within its trial.
    varying : int
        How many of the terms, from the first, vary between trials; 0 for all.
    """

    y: Array
    S: tuple[Array, ...]
    Z: Array
    span: Array
    scale: Array
    arm: Array
    varying: int = 0

    @property
    def random(self) -> Array:
        """The terms that vary between trials, (n, q)."""
        return self.Z[:, : self.varying or self.Z.shape[1]]

    @property
    def group(self) -> Array:
        """Number of each row's trial, (n,)."""
        return np.repeat(np.arange(len(self.S)), [len(S) for S in self.S])

    @property
    def rows(self) -> list[slice]:
        """Rows of each trial."""
        ends = np.cumsum([0, *(len(S) for S in self.S)])
        return [slice(a, b) for a, b in pairwise(ends)]

    @property
    def V(self) -> Array:
        """Sampling covariances of all rows, (n, n)."""
        out = np.zeros((len(self.y), len(self.y)))
        for rows, S in zip(self.rows, self.S, strict=True):
            out[rows, rows] = S
        return out

    @property
    def ranks(self) -> Array:
        """How many terms each trial identifies by itself, (m,)."""
        return np.array([np.linalg.matrix_rank(self.Z[rows]) for rows in self.rows])
