"""Whether two results are the same: every field, arrays and tables included, NaN equal to NaN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def same(a: Any, b: Any) -> bool:
    """Whether two values hold the same, whatever they consist of.

    >>> same(np.array([1.0, np.nan]), np.array([1.0, np.nan])), same((1, [2.0]), (1, [2.5]))
    (True, False)
    """
    if a is b:
        return True
    if isinstance(a, float | np.floating) and isinstance(b, float | np.floating):
        return bool(a == b or (np.isnan(a) and np.isnan(b)))
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return _same_arrays(a, b)
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return set(a) == set(b) and all(same(value, b[key]) for key, value in a.items())
    if isinstance(a, tuple | list) and isinstance(b, tuple | list):
        alike = type(a) is type(b) and len(a) == len(b)
        return alike and all(same(x, y) for x, y in zip(a, b, strict=True))
    if is_dataclass(a) and not isinstance(a, type):
        return type(a) is type(b) and all(
            same(getattr(a, name), getattr(b, name)) for name in compared_fields(a)
        )
    return _same_objects(a, b)


def compared_fields(value: Any) -> list[str]:
    """Names of the fields that are part of a result; what is never saved is not."""
    return [item.name for item in fields(value) if "left_out" not in item.metadata]


def _same_arrays(a: Any, b: Any) -> bool:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)) or a.shape != b.shape:
        return False
    if a.dtype == object or b.dtype == object:
        return all(same(x, y) for x, y in zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc" and b.dtype.kind in "fc"))


def _same_objects(a: Any, b: Any) -> bool:
    if hasattr(a, "dtypes") and hasattr(a, "equals"):  # a table
        return type(a) is type(b) and list(a.columns) == list(b.columns) and bool(a.equals(b))
    if hasattr(a, "groups") or hasattr(a, "_groups"):  # draws of ArviZ
        return _same_draws(a, b)
    if hasattr(a, "equals"):
        return type(a) is type(b) and bool(a.equals(b))
    return bool(a == b)


def _same_draws(a: Any, b: Any) -> bool:
    mine, others = _draws(a), _draws(b)
    return mine.keys() == others.keys() and all(same(mine[key], others[key]) for key in mine)


def _draws(data: Any) -> dict[tuple[str, str], np.ndarray]:
    own = getattr(data, "_groups", None)
    groups = {name: data[name] for name in own} if own else dict(getattr(data, "children", {}))
    return {
        (str(group), str(name)): np.asarray(values[name])
        for group, values in groups.items()
        for name in values.data_vars
    }
