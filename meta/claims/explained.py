"""Which choice drives a result: shares of variance, and how often a choice alone turns a verdict."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


def variance_alone(values: np.ndarray, code: np.ndarray) -> float:
    """Share of the variance of ``values`` that lies between the options of one choice.

    The first-order index of a functional analysis of variance (Sobol 2001,
    doi:10.1016/S0378-4754(00)00270-6), taken over the analyses in which the choice is made.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Results; NaN where there is none.
    code : ndarray of int, shape (n,)
        Number of the option, negative where the choice was not to be made.

    Examples
    --------
    >>> variance_alone(np.array([0.0, 1.0, 0.0, 1.0, 9.0]), np.array([0, 1, 0, 1, -1]))
    1.0
    """
    known = np.isfinite(values) & (code >= 0)
    y, code = values[known], code[known]
    total = float(np.var(y)) if y.size else 0.0
    if total <= _rounding(y):
        return 0.0
    n = np.bincount(code)
    means = np.bincount(code, weights=y) / np.maximum(n, 1)
    return float(np.sum(n * (means - y.mean()) ** 2) / (y.size * total))


def variance_beyond(values: np.ndarray, codes: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Share of the variance that an additive model loses without each choice.

    Unlike :func:`variance_alone` it is not inflated where choices come together.

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 2.0, 3.0])
    >>> found = variance_beyond(y, {"a": np.array([0, 1, 0, 1]), "b": np.array([0, 0, 1, 1])})
    >>> {name: round(share, 3) for name, share in found.items()}
    {'a': 0.2, 'b': 0.8}
    """
    known = np.isfinite(values)
    y = values[known] - (values[known].mean() if known.any() else 0.0)
    total = float(y @ y)
    if total <= y.size * _rounding(values[known]):
        return dict.fromkeys(codes, 0.0)
    blocks = [_dummies(code[known]) for code in codes.values()]
    owner = np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])
    x = np.concatenate([np.zeros((y.size, 0)), *blocks], axis=1)
    x = x - x.mean(axis=0)
    gram, cross = x.T @ x, x.T @ y

    def explained(columns: np.ndarray) -> float:
        part = np.linalg.pinv(gram[np.ix_(columns, columns)], rcond=1e-10, hermitian=True)
        return float(cross[columns] @ part @ cross[columns])

    whole = explained(np.arange(owner.size))
    return {
        name: max(whole - explained(np.flatnonzero(owner != i)), 0.0) / total for i, name in enumerate(codes)
    }


def turned(verdict: np.ndarray, codes: Mapping[str, np.ndarray]) -> dict[str, float]:
    """Share of the pairs that differ in one choice alone whose conclusions differ; NaN without pairs.

    Examples
    --------
    >>> found = turned(np.array([0, 1, 0, 0]), {"a": np.array([0, 1, 0, 1]), "b": np.array([0, 0, 1, 1])})
    >>> found
    {'a': 0.5, 'b': 0.5}
    """
    found = {}
    for name in codes:
        group = np.zeros(verdict.size, dtype=np.int64)
        for other, code in codes.items():
            if other != name:
                group = group * (int(code.max(initial=0)) + 2) + code + 1
                group = np.unique(group, return_inverse=True)[1].reshape(-1)
        made = codes[name] >= 0
        group, conclusion = group[made], verdict[made]
        size = np.bincount(group) if group.size else np.zeros(1)
        table = np.zeros((size.size, int(verdict.max(initial=0)) + 1))
        np.add.at(table, (group, conclusion), 1)
        pairs = float(np.sum(size * (size - 1.0)))
        alike = float(np.sum(table * (table - 1.0)))
        found[name] = 1.0 - alike / pairs if pairs else float("nan")
    return found


def _dummies(code: np.ndarray) -> np.ndarray:
    """Indicators of all options but the first; where the choice was not to be made it counts as the first."""
    return (code[:, None] == np.arange(1, int(code.max(initial=0)) + 1)).astype(float)


def _rounding(y: np.ndarray) -> float:
    return 1e-24 * float(np.max(np.abs(y), initial=0.0)) ** 2
