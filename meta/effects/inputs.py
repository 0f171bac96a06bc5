"""Columns that callers name or give, as float arrays and labels; refused with a sentence where that fails."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.tables.containers import Columns, missing, one_column
from meta.tables.labels import align, labelled

Labels = Sequence[str] | np.ndarray


def take(table: Columns, argument: str, value: Any) -> Any:
    """Return the values behind an argument: a column of the table if it is a name, else itself, in its order.

    >>> take(Columns({"d": np.array([1.0])}, None, 1), "yi", "d").tolist()
    [1.0]
    """
    if not isinstance(value, str):
        return one_column(align(value, table.index, argument, k=table.k), argument)
    if value in table.repeated:
        raise InputError(f"{argument}={value!r}: several columns of the table have this name; rename one")
    if value in table.columns:
        return table.columns[value]
    if not table.columns:
        raise InputError(f"{argument}={value!r} names a column, but no table was given")
    near = get_close_matches(value, table.columns, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(table.columns)}"
    raise InputError(f"{argument}={value!r} is not a column of the table; {hint}")


def with_labels(table: Columns, given: Iterable[Any]) -> Columns:
    """Without a table, the row labels of the first labelled argument stand for all of them."""
    if table.columns or table.index is not None:
        return table
    index = next((values.index for values in given if labelled(values)), None)
    return table if index is None else replace(table, index=index, k=len(index))


def as_floats(values: Any, column: str, labels: Labels) -> np.ndarray:
    """Turn one column into floats, missing values into NaN; text and infinities are refused.

    Examples
    --------
    >>> as_floats([1, None, True], "n", ["A", "B", "C"]).tolist()
    [1.0, nan, 1.0]
    >>> as_floats(["1.5"], "sd1", ["A"])
    Traceback (most recent call last):
    ...
    meta.errors.InputError: sd1 must be numeric: study 'A' has sd1 = '1.5'; turn the text into numbers first
    """
    if isinstance(values, np.ma.MaskedArray):
        values = one_column(values, column)
    kind = getattr(getattr(values, "dtype", None), "kind", "O")
    if kind in "biuf" and isinstance(values, np.ndarray):
        out = values.astype(float)
    elif kind in "biuf" and hasattr(values, "to_numpy"):
        out = values.to_numpy(dtype=float, na_value=np.nan)
    else:
        out = np.array(
            [_as_float(x, column, labels, row) for row, x in enumerate(np.asarray(values, object))]
        )
        out = out.astype(float)
    infinite = np.isinf(out)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise InputError(
            f"{column} must be finite: study {str(labels[row])!r} has {column} = {out[row]}; "
            "leave the cell empty if it is unknown, or drop that row"
        )
    return np.asarray(out)


def _as_float(x: Any, column: str, labels: Labels, row: int) -> float:
    if missing(x):
        return float("nan")
    if isinstance(x, (str, bytes, complex, np.complexfloating, np.datetime64, np.timedelta64)) or not hasattr(
        x, "__float__"
    ):
        raise InputError(
            f"{column} must be numeric: study {str(labels[row])!r} has {column} = {x!r}; "
            "turn the text into numbers first"
        )
    try:
        return float(x)
    except OverflowError:
        raise InputError(
            f"{column} must be finite: study {labels[row]!r} has more digits than a number here can hold; "
            "correct it"
        ) from None


def study_labels(table: Columns, study: Any, k: int) -> np.ndarray:
    """Labels of the studies: the argument, a column ``study``, a text index, or the row numbers.

    A list of column names joins them: ``study=["author", "year"]`` gives "Reno 2022".
    """
    if study is None and "study" in table.columns:
        study = "study"
    if study is not None and _names_columns(table, study):
        parts = [_texts(take(table, "study", name)) for name in study]
        return np.array([" ".join(row) for row in zip(*parts, strict=True)], dtype=object)
    if study is not None:
        values = take(table, "study", study)
        if np.ndim(values) != 1 or len(values) != k:
            raise InputError(
                f"study must have one label per row: it has {np.size(values)}, the data have {k}"
            )
        return _texts(values)
    if table.index is not None and getattr(getattr(table.index, "dtype", None), "kind", "i") in "OUT":
        return _texts(table.index)
    return np.array(list(map(str, range(1, k + 1))), dtype=object)


def _names_columns(table: Columns, study: Any) -> bool:
    return (
        isinstance(study, (list, tuple))
        and bool(study)
        and all(isinstance(name, str) and name in table.columns for name in study)
    )


def _texts(values: Any) -> np.ndarray:
    out = np.empty(len(values), dtype=object)
    for row, x in enumerate(values):
        if missing(x):
            out[row] = f"row {row + 1}"
        elif isinstance(x, (float, np.floating)) and float(x).is_integer():
            out[row] = str(int(x))
        else:
            out[row] = str(x)
    return out
