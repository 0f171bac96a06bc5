"""Results as plain numbers, strings and lists, ready for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def plain(value: Any) -> Any:
    """Turn arrays, tables, tuples and nested results into what JSON can hold; NaN stays a float.

    >>> plain((np.array([1.0, 2.0]), np.float64(3.0)))
    [[1.0, 2.0], 3.0]
    """
    if value is None or (isinstance(value, str | bool | int | float) and not isinstance(value, np.generic)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [plain(item) for item in value]
    return _plain_object(value)


def _plain_object(value: Any) -> Any:
    if hasattr(value, "yi") and hasattr(value, "provenance"):  # effect sizes
        return {name: plain(getattr(value, name)) for name in ("study", "yi", "vi", "measure")}
    if hasattr(value, "columns") and hasattr(value, "dtypes"):
        return {str(name): plain(list(value[name])) for name in value.columns}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if is_dataclass(value) and not isinstance(value, type):
        return plain_fields(value)
    return str(value)


def plain_fields(value: Any, leave_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a dataclass by name."""
    return {
        item.name: plain(getattr(value, item.name)) for item in fields(value) if item.name not in leave_out
    }
