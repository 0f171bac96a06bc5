"""A moderator's column from any container: numbers as doubles, labels with their levels, what is missing.

Numbers become float64 before anything is computed, so that ``I(x**2)`` of a narrow integer cannot wrap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

from meta.errors import InputError

_ABSENT = ("NAType", "NaTType", "NoneType", "MaskedConstant")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name : str
    numbers : ndarray of float64, or None
        The values where they are numbers (True and False are 1 and 0); NaN where missing.
    labels : list
        The values as they are, for categories; None where missing.
    missing : ndarray of bool
    order : tuple or None
        Levels in their order, of a categorical column.
    dates : bool
        Whether the labels are dates.
    """

    name: str
    numbers: np.ndarray | None
    labels: list[Any]
    missing: np.ndarray
    order: tuple[Any, ...] | None = None
    dates: bool = False

    @property
    def categorical(self) -> bool:
        """Whether it is a factor without being told."""
        return self.numbers is None or self.order is not None

    def take(self, rows: np.ndarray) -> Column:
        """The rows of a mask."""
        at = np.flatnonzero(rows)
        numbers = None if self.numbers is None else self.numbers[at]
        return replace(self, numbers=numbers, labels=[self.labels[i] for i in at], missing=self.missing[at])


def column_names(table: Any) -> list[str] | None:
    """Names of a table's columns, whatever kind of table; None where it is not a table."""
    if isinstance(table, Mapping):
        return [str(name) for name in table]
    given = getattr(table, "column_names", None)
    if given is None:
        given = getattr(table, "columns", None)
    if isinstance(table, np.ndarray) and table.dtype.names:
        given = table.dtype.names
    return None if given is None or callable(given) else [str(name) for name in given]


def column_of(table: Any, name: str) -> Any:
    """The values of a column by its name as text."""
    if hasattr(table, "collect_schema") and not hasattr(table, "__len__"):
        raise InputError("the moderators are a lazy frame; call .collect() first")
    keys: Iterable[Any] = table if isinstance(table, Mapping) else getattr(table, "columns", ())
    if hasattr(table, "column_names") or (isinstance(table, np.ndarray) and table.dtype.names):
        keys = (name,)
    found = [key for key in keys if str(key) == name]
    if len(found) != 1:
        raise InputError(f"the table has {len(found)} columns called {name!r}; rename them")
    return table[found[0]]


def read_column(values: Any, name: str) -> Column:
    """Read the values of one moderator.

    >>> column = read_column([1, None, 3], "dose")
    >>> column.numbers.tolist(), column.missing.tolist()
    ([1.0, nan, 3.0], [False, True, False])
    >>> read_column(["b", "a"], "form").categorical
    True
    """
    if hasattr(values, "columns"):
        raise InputError(f"the table has several columns called {name!r}; rename them")
    dtype = getattr(values, "dtype", None)
    categories = getattr(dtype, "categories", None)
    if categories is not None and hasattr(categories, "tolist"):
        labels = [None if _absent(item) else _level(item) for item in np.asarray(values, dtype=object)]
        missing = np.array([item is None for item in labels], dtype=bool)
        return Column(name, None, labels, missing, tuple(_level(item) for item in categories.tolist()))
    array = _array(values, name)
    if array.ndim != 1:
        raise InputError(f"the moderator {name!r} must be one column, not the shape {array.shape}")
    masked = (
        np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else np.zeros(array.size, bool)
    )
    kind = array.dtype.kind
    if kind in "biuf":
        numbers = array.astype(np.float64)
        numbers[masked] = np.nan
        missing = np.isnan(numbers)
        labels = [None if gone else item for item, gone in zip(array.tolist(), missing, strict=True)]
        return Column(name, numbers, labels, missing)
    if kind in "UTM":
        texts = array.astype(str).tolist() if kind != "T" else [str(item) for item in array]
        gone = masked | (np.isnat(array) if kind == "M" else False)
        labels = [
            None if lost else item.removesuffix("T00:00:00") for item, lost in zip(texts, gone, strict=True)
        ]
        return Column(name, None, labels, np.asarray(gone, dtype=bool), dates=kind == "M")
    if kind == "O":
        return _objects(array, masked, name)
    raise InputError(f"the moderator {name!r} holds {array.dtype} values; give numbers or text")


def _array(values: Any, name: str) -> np.ndarray:
    """A numpy array; a list keeps its None and its NaN instead of making them text."""
    try:
        if isinstance(values, np.ma.MaskedArray):
            return np.asarray(values.data)
        if isinstance(values, np.ndarray):
            return values
        if isinstance(values, list | tuple):
            array = np.empty(len(values), dtype=object)
            array[:] = values
            return array
        if hasattr(values, "to_numpy"):
            return np.asarray(values.to_numpy())
        return np.atleast_1d(np.asarray(values))
    except (TypeError, ValueError):
        raise InputError(f"the moderator {name!r} must be one list of values") from None


def _objects(array: np.ndarray, masked: np.ndarray, name: str) -> Column:
    labels = [
        None if gone or _absent(item) else _plain(item) for item, gone in zip(array, masked, strict=True)
    ]
    missing = np.array([item is None for item in labels], dtype=bool)
    known = [item for item in labels if item is not None]
    if all(isinstance(item, Real | Decimal) for item in known):
        try:
            numbers = np.array([np.nan if item is None else float(item) for item in labels], dtype=np.float64)
        except OverflowError:
            raise InputError(f"the moderator {name!r} holds a number beyond double precision") from None
        return Column(name, numbers, labels, missing)
    if not all(isinstance(item, str) for item in known):
        odd = next((i for i, item in enumerate(labels) if isinstance(item, str)), None)
        if odd is not None and any(isinstance(item, Real | Decimal) for item in known):
            raise InputError(
                f"the moderator {name!r} mixes numbers and text: row {odd + 1} has {labels[odd]!r}; "
                "correct that cell, or make all of them text"
            )
        if any(isinstance(item, list | tuple | dict | set | np.ndarray) for item in known):
            raise InputError(f"the moderator {name!r} holds lists; give one number or text in each row")
        dates = all(isinstance(item, date) for item in known)
        labels = [None if item is None else str(item).removesuffix(" 00:00:00") for item in labels]
        return Column(name, None, labels, missing, dates=dates)
    return Column(name, None, labels, missing)


def _absent(item: Any) -> bool:
    return type(item).__name__ in _ABSENT or (isinstance(item, float | np.floating) and bool(item != item))


def _level(item: Any) -> Any:
    """A level as plain data; intervals and dates by their text."""
    plain = _plain(item)
    return plain if isinstance(plain, str | bool | int | float) else str(plain)


def _plain(item: Any) -> Any:
    """A scalar as Python has it."""
    return item.item() if isinstance(item, np.generic) and not isinstance(item, np.datetime64) else item
