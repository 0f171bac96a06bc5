"""A network as a meta-regression with independent effects.

A trial's contrasts have the covariance ``S + tau2 H`` with ``H = (I + J) / 2``. One matrix Z turns S into a
diagonal matrix of variances and H into the identity, for every tau2 at once: with ``H = L L'`` and the
eigenvectors U of ``L^-1 S L^-T``, ``Z = U' L^-1``. What is left is ``Z y ~ N(Z X d, diag(v) + tau2 I)``.
A trial of two arms is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.network.trial_contrasts import Contrasts


@dataclass(frozen=True, slots=True)
class Rotated:
    """Independent effects with variances ``v + tau2``.

    Attributes
    ----------
    y, v : ndarray of shape (m,)
        Rotated effects and their sampling variances.
    X : ndarray of shape (m, p)
        Rotated design, of full column rank.
    log_h : float
        Sum of ``log|H|`` over trials, by which the likelihood of the contrasts differs from that of ``y``.
    """

    y: np.ndarray
    v: np.ndarray
    X: np.ndarray
    log_h: float

    @property
    def df(self) -> int:
        """Residual degrees of freedom, m - p."""
        return int(self.X.shape[0] - self.X.shape[1])

    def with_columns(self, more: np.ndarray) -> Rotated:
        """The same effects with further columns of the design, which are rotated already."""
        return Rotated(self.y, self.v, np.concatenate([self.X, more], axis=1), self.log_h)


def between(size: int) -> np.ndarray:
    """Covariance of a trial's true contrasts per unit of tau2: ones, and 1/2 off the diagonal.

    >>> between(2).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    return (np.eye(size) + 1.0) / 2


def rotations(contrasts: Contrasts) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """For each size of trial: rows (B, s), matrices Z (B, s, s) and variances (B, s)."""
    starts = contrasts.starts
    sizes = np.diff(starts)
    found = []
    for size in np.unique(sizes):
        trials = np.flatnonzero(sizes == size)
        rows = starts[trials][:, None] + np.arange(size)
        cov = np.stack([contrasts.cov[i] for i in trials])
        if size == 1:
            found.append((rows, np.ones((len(trials), 1, 1)), cov[:, :, 0]))
            continue
        inverse = np.linalg.inv(np.linalg.cholesky(between(int(size))))
        values, vectors = np.linalg.eigh(inverse @ cov @ inverse.T)
        found.append((rows, np.swapaxes(vectors, 1, 2) @ inverse, values))
    return found


def turned(parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]], values: np.ndarray) -> np.ndarray:
    """Rows of contrasts, (m,) or (m, p), in rotated coordinates."""
    out = np.empty(values.shape)
    for rows, z, _ in parts:
        block = values[rows]
        out[rows] = np.einsum("bij,bj...->bi...", z, block)
    return out


def rotate(contrasts: Contrasts, X: np.ndarray | None = None) -> Rotated:
    """Rotate the contrasts of a connected network, or with any design ``X`` (m, p) of full column rank.

    Without ``X``: effects of treatments 1 to T - 1 against treatment 0.
    """
    parts = rotations(contrasts)
    v = np.empty(len(contrasts.y))
    for rows, _, values in parts:
        v[rows] = values
    design = contrasts.incidence[:, 1:] if X is None else X
    # log|H| of s contrasts: one eigenvalue (s + 1) / 2, the others 1/2.
    log_h = sum(np.log((len(c) + 1) / 2) + (len(c) - 1) * np.log(0.5) for c in contrasts.cov)
    return Rotated(turned(parts, contrasts.y), v, turned(parts, design), float(log_h))
