"""Known correlations among the levels of a random term: phylogeny, relatedness."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.effects.groups import grouping
from meta.errors import AssumptionWarning, InputError, Notes
from meta.formatting import listing


def known_correlations(
    es: EffectSizes, name: str, values: Any, notes: Notes
) -> tuple[np.ndarray, np.ndarray]:
    """The correlations among the levels of column ``name`` (g, g), and the number of each row's level (k,).

    ``values`` is a frame with the levels as row and column labels; more levels than the data have are fine.
    """
    if not hasattr(values, "index") or not hasattr(values, "columns"):
        raise InputError(
            f"R[{name!r}] must be a DataFrame whose rows and columns are labelled by the levels of {name!r}"
        )
    labels = [str(x) for x in values.index]
    if labels != [str(x) for x in values.columns]:
        if sorted(labels) != sorted(map(str, values.columns)):
            raise InputError(f"R[{name!r}] must have the same labels on rows and columns")
        values = values[list(values.index)]
    if len(set(labels)) < len(labels):
        raise InputError(f"R[{name!r}] has the label {max(labels, key=labels.count)!r} more than once")
    levels = grouping(es, name, "random")
    lacking = sorted(set(levels) - set(labels))
    if lacking:
        raise InputError(f"R[{name!r}] has no row for {listing(map(repr, lacking[:8]))}")
    used = [label for label in labels if label in set(levels)]
    at = [labels.index(label) for label in used]
    matrix = np.asarray(values, dtype=float)[np.ix_(at, at)]
    place = {label: i for i, label in enumerate(used)}
    return _checked(matrix, name, notes), np.array([place[label] for label in levels], dtype=int)


def _checked(matrix: np.ndarray, name: str, notes: Notes) -> np.ndarray:
    if not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-10):
        raise InputError(f"R[{name!r}] must be symmetric, without missing values")
    diagonal = np.diag(matrix)
    if not np.all(diagonal > 0):
        raise InputError(f"R[{name!r}] must have a positive diagonal")
    if not np.allclose(diagonal, 1.0, rtol=0, atol=1e-8):
        notes.warn(f"R[{name!r}] is a covariance; it was scaled to correlations", AssumptionWarning)
        matrix = matrix / np.sqrt(np.outer(diagonal, diagonal))
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        raise InputError(
            f"R[{name!r}] is not positive definite; take the nearest matrix that is, or drop levels that "
            "cannot be told apart"
        ) from None
    return 0.5 * (matrix + matrix.T)
