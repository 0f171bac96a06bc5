"""Blocks as files of version 0.1 hold them; fits are laid out anew from their terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Stacked:
    """Data in padded blocks.

    Attributes
    ----------
    y : ndarray of shape (B, m)
    q : ndarray of shape (B, m, p)
        Orthonormal basis of the columns of X (rows of padding are zero).
    r : ndarray of shape (p, p)
        ``X = q r``.
    V : ndarray of shape (B, m, m)
        Sampling covariances; 1 on the diagonal of padding.
    K : ndarray of shape (L, B, m, m)
        Structure of each covariance parameter; zero in padding.
    rows : ndarray of int, shape (B, m)
        Row of the data, -1 in padding.
    """

    y: np.ndarray
    q: np.ndarray
    r: np.ndarray
    V: np.ndarray
    K: np.ndarray
    rows: np.ndarray
