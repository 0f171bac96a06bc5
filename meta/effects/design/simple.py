"""Designs that need no names: an intercept beside one predictor, and the columns to adjust a test for."""

from __future__ import annotations

import numpy as np

from meta.effects.design.building import independent_columns
from meta.effects.design.matrix import Design
from meta.errors import DataWarning, Notes
from meta.formatting import listing


def predictor_matrix(x: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Ones, the predictor (k,) and the other columns (k, m): (k, 2 + m).

    >>> predictor_matrix(np.array([0.5, 2.0])).tolist()
    [[1.0, 0.5], [1.0, 2.0]]
    """
    columns = [np.ones_like(x, dtype=float), np.asarray(x, dtype=float)]
    return np.column_stack(columns if others is None else [*columns, *others.T])


def beside_intercept(design: Design, notes: Notes) -> np.ndarray:
    """Columns of a design that stand beside an intercept, (k, m), whether or not it has one of its own.

    Without one, a factor has a column for each level; the last of them is left out, by name.

    >>> from meta.effects.design import build
    >>> from meta import EffectSizes
    >>> es = EffectSizes([0.1, 0.2, 0.4], [1.0] * 3, "GEN", ["A", "B", "C"], columns={"dose": [1, 2, 4]})
    >>> beside_intercept(build(es, "~ dose", None, None, Notes()), Notes()).ravel().tolist()
    [1.0, 2.0, 4.0]
    """
    X = np.asarray(design.X, dtype=float)
    if design.intercept is not None:
        return np.delete(X, design.intercept, axis=1)
    kept = [i - 1 for i in independent_columns(np.column_stack([np.ones(len(X)), X])) if i]
    lost = [name for i, name in enumerate(design.names) if i not in kept]
    if lost:
        notes.warn(
            f"left out as determined by the intercept and other moderators: {listing(map(repr, lost))}",
            DataWarning,
        )
    return X[:, kept]


def indicators(member: np.ndarray) -> np.ndarray:
    """One column for each group, from the groups' numbers (k,).

    >>> indicators(np.array([0, 1, 0])).tolist()
    [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    """
    return np.asarray(member[:, None] == np.arange(member.max() + 1), dtype=float)
