"""Columns that callers name or give, as float arrays and labels; refused with a sentence where that fails."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.formatting import listing
from meta.tables.containers import Columns, missing, one_column
from meta.tables.labels import align, labelled
from meta.tables.numerals import looks_numeric

Labels = Sequence[str] | np.ndarray


def take(table: Columns, argument: str, value: Any) -> Any:
    """Return the values behind an argument: a column of the table if it is a name, else itself, in its order.

    >>> take(Columns({"d": np.array([1.0])}, None, 1), "yi", "d").tolist()
    [1.0]
    """
    if not isinstance(value, str):
        return one_column(align(value, table.index, argument, k=table.k), argument)
    if value in table.repeated:
        raise InputError(
            f"{argument}={value!r}: several columns of the table are called that; rename all but one"
        )
    if value in table.doubts:
        raise InputError(table.doubts[value])
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
        out = _from_objects(np.asarray(values, object), column, labels)
    infinite = np.isinf(out)
    if infinite.any():
        bad = np.flatnonzero(infinite)
        told = listing([f"study {str(labels[row])!r} has {column} = {out[row]}" for row in bad[:MOST_NAMED]])
        raise _refusal(
            f"{column} must be finite: {told}; leave the cell empty if it is unknown, or drop that row", bad
        )
    return np.asarray(out)


def _from_objects(values: np.ndarray, column: str, labels: Labels) -> np.ndarray:
    out = np.full(len(values), np.nan)
    bad = []
    for row, x in enumerate(values):
        if missing(x):
            continue
        if isinstance(x, _NO_NUMBERS) or not hasattr(x, "__float__"):
            bad.append(row)
            continue
        try:
            out[row] = float(x)
        except OverflowError:
            raise _refusal(
                f"{column} must be finite: study {labels[row]!r} has more digits than a number here can "
                "hold; correct it",
                [row],
            ) from None
    if bad:
        raise _not_numeric(values, bad, column, labels)
    return out


_NO_NUMBERS = (str, bytes, complex, np.complexfloating, np.datetime64, np.timedelta64)
MOST_NAMED = 20


def _not_numeric(values: np.ndarray, bad: list[int], column: str, labels: Labels) -> InputError:
    """The refusal that names the cells that are not numbers; of text that is all numbers, the first."""
    texts = [row for row in bad if not (isinstance(values[row], str) and looks_numeric(values[row]))]
    named = texts or bad[:1]
    told = [f"study {str(labels[row])!r} has {column} = {values[row]!r}" for row in named[:MOST_NAMED]]
    if len(named) > MOST_NAMED:
        told.append(f"{len(named) - MOST_NAMED} more")
    dated = any(isinstance(values[row], str) and _DATE.match(values[row]) for row in named)
    remedy = "turn the text into numbers first"
    if dated:
        remedy = "a spreadsheet makes dates of cells such as 1-2 or 3/4: type the number again as text"
    return _refusal(f"{column} must be numeric: {listing(told)}; {remedy}", named)


_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _refusal(message: str, rows: Iterable[int]) -> InputError:
    refusal = InputError(message)
    refusal.rows = tuple(int(row) for row in rows)
    return refusal


def study_labels(table: Columns, study: Any, k: int) -> np.ndarray:
    """Labels of the studies: the argument, a column ``study``, a text index, or the row numbers.

    A list of column names joins them: ``study=["author", "year"]`` gives "Reno 2022".
    """
    if study is None and "study" in table:
        study = "study"
    if study is not None and names_columns(table, study):
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


def names_columns(table: Columns, study: Any) -> bool:
    """Whether labels are given as a list of columns to be joined."""
    return (
        isinstance(study, (list, tuple))
        and bool(study)
        and all(isinstance(name, str) and name in table.columns for name in study)
    )


def _texts(values: Any) -> np.ndarray:
    out = np.empty(len(values), dtype=object)
    if set(map(type, values)) == {str}:  # as a file has them; the loop takes ten times as long
        out[:] = list(values)
        return out
    for row, x in enumerate(values):
        if missing(x):
            out[row] = f"row {row + 1}"
        elif isinstance(x, (float, np.floating)) and float(x).is_integer():
            out[row] = str(int(x))
        else:
            out[row] = str(x)
    return out
