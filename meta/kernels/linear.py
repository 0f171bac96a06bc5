"""Small linear algebra over batches: inverses, elimination, weighted moments."""

from __future__ import annotations

import numpy as np


def spd_inverse(a: np.ndarray) -> np.ndarray:
    """Return the inverse of symmetric positive definite matrices, (..., p, p).

    >>> spd_inverse(np.array([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [[0.5, -0.0], [-0.0, 0.25]]
    """
    p = a.shape[-1]
    if p == 1:
        return 1.0 / a
    if p == 2:
        det = a[..., 0, 0] * a[..., 1, 1] - a[..., 0, 1] ** 2
        inverse = np.empty_like(a)
        inverse[..., 0, 0], inverse[..., 1, 1] = a[..., 1, 1] / det, a[..., 0, 0] / det
        inverse[..., 0, 1] = inverse[..., 1, 0] = -a[..., 0, 1] / det
        return inverse
    return np.linalg.inv(a)


def eliminate(s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return log|Q'WQ| and y'Py: from the first p pivots of the moments (..., p + 1, p + 1), and the last."""
    size = s.shape[-1]
    entry = {(i, j): s[..., i, j] for i in range(size) for j in range(i + 1)}
    logdet = np.zeros(s.shape[:-2])
    for c in range(size - 1):
        pivot = entry[c, c]
        logdet = logdet + np.log(pivot)
        for i in range(c + 1, size):
            factor = entry[i, c] / pivot
            for j in range(c + 1, i + 1):
                entry[i, j] = entry[i, j] - factor * entry[j, c]
    return logdet, np.maximum(entry[size - 1, size - 1], 0.0)


def moments(w: np.ndarray, products: np.ndarray, size: int) -> np.ndarray:
    """Return the sum over studies of w z z', for w of shape (B, k), or (G, 1, k) shared by a batch."""
    if w.ndim == 3:
        shape = (w.shape[0], products.shape[0], size, size)
        flat = np.moveaxis(products, 1, 0).reshape(products.shape[1], -1)
        return (w[:, 0, :] @ flat).reshape(shape)
    return np.einsum("bk,bkm->bm", w, products).reshape(products.shape[0], size, size)
