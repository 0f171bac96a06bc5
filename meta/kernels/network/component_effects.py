"""Additive components of treatments: which effects can be estimated, and the model's fit.

``d = C theta``: a treatment's effect is the sum of its components' effects (Welton et al. 2009,
doi:10.1093/aje/kwp014; Rücker, Petropoulou & Schwarzer 2020, doi:10.1002/bimj.201800167).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def split_names(treatments: Sequence[str], sep: str, inactive: str | None) -> tuple[list[str], np.ndarray]:
    """Components in alphabetical order, and which treatment has which, (T, c); the inactive one has none.

    >>> split_names(["a", "a + b", "placebo"], " + ", "placebo")[1].tolist()
    [[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    """
    parts = [[part.strip() for part in name.split(sep)] for name in treatments]
    names = sorted({part for own in parts for part in own if part != inactive})
    place = {name: i for i, name in enumerate(names)}
    out = np.zeros((len(treatments), len(names)))
    for row, own in enumerate(parts):
        for part in own:
            if part != inactive:
                out[row, place[part]] = 1.0
    return names, out


def basis(X: np.ndarray) -> np.ndarray:
    """Orthonormal basis of the row space of X, (c, r): the estimable directions of theta."""
    _, s, rows = np.linalg.svd(X, full_matrices=False)
    return np.asarray(rows[s > 1e-9 * s[0]].T)


def estimable(L: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Whether each row of L (n, c) is a combination of estimable directions (c, r)."""
    left = L - L @ rows @ rows.T
    return np.asarray(
        np.abs(left).max(axis=1, initial=0.0) < 1e-8 * (1.0 + np.abs(L).max(axis=1, initial=0.0))
    )
