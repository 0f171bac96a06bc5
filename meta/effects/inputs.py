"""Tables and columns as callers bring them, into float arrays; refused with a sentence where that fails."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np

from meta.arguments import check_path
from meta.effects.delimited import SPREADSHEETS, decode, from_spreadsheet, parse
from meta.errors import InputError

Labels = Sequence[str] | np.ndarray


@dataclass(slots=True)
class Table:
    """A caller's table, whatever it came as.

    Attributes
    ----------
    columns : dict of str to array
        Columns as they came (NumPy or pandas extension arrays), each of length ``k``.
    index : sequence or None
        Row labels, if the table has any.
    k : int or None
        Number of rows; None for an empty table of no columns.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    index: Sequence[Any] | None = None
    k: int | None = None


def read_table(table: Any) -> Table:
    """Read a DataFrame, a mapping of columns, a CSV or Excel file, or None.

    Examples
    --------
    >>> read_table({"n": [1, 2]}).k
    2
    """
    if table is None:
        return Table()
    if isinstance(table, Table):
        return table
    if isinstance(table, (str, os.PathLike)):
        table = _read_file(Path(table))
    if isinstance(table, Mapping):
        return _from_columns({str(name): _as_column(values) for name, values in table.items()})
    if isinstance(table, np.ndarray) and table.dtype.names:
        return _from_columns({name: table[name] for name in table.dtype.names})
    if isinstance(table, Sequence) and table and all(isinstance(row, Mapping) for row in table):
        names = dict.fromkeys(str(name) for row in table for name in row)
        return _from_columns({name: _as_column([row.get(name) for row in table]) for name in names})
    if not (hasattr(table, "iloc") and hasattr(table, "columns")):
        table = _from_protocol(table)
    return _from_pandas(table)


def _from_columns(columns: dict[str, Any]) -> Table:
    lengths = {name: len(values) for name, values in columns.items() if np.ndim(values)}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise InputError(f"all columns must have the same length, but they have: {shown}")
    k = next(iter(lengths.values()), 1 if columns else None)
    full = {
        name: values if np.ndim(values) else np.repeat(values, k or 0) for name, values in columns.items()
    }
    return Table(full, None, k)


def _as_column(values: Any) -> Any:
    if hasattr(values, "columns"):
        raise InputError("a column must be one list of values, not a whole table; name its column")
    if hasattr(values, "iloc"):
        return _own_array(values)
    if isinstance(values, np.ndarray) or hasattr(values, "dtype"):
        return values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
        values = (
            list(values) if hasattr(values, "__iter__") and not isinstance(values, (str, bytes)) else values
        )
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError("a column must be one list of values; one holds lists of several lengths") from None
    return np.asarray(values, dtype=object) if array.dtype.kind in "US" else array


def _own_array(series: Any) -> Any:
    return series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array


def _from_pandas(frame: Any) -> Table:
    columns: dict[str, Any] = {}
    for position, label in enumerate(frame.columns):
        name, copy = str(label), 0
        while name in columns:
            copy += 1
            name = f"{label}.{copy}"
        columns[name] = _own_array(frame.iloc[:, position])
    return Table(columns, frame.index, len(frame))


def _read_file(path: Path) -> Any:
    check_path(path, "the path of the table")
    if not path.is_file():
        raise InputError(f"table file {str(path)!r} does not exist; give the path of a CSV or Excel file")
    suffix = path.suffix.lower()
    if suffix in (".csv", ".txt", ".tsv", ".tab"):
        return parse(decode(path.read_bytes(), path.name), path.name)
    if suffix in SPREADSHEETS:
        return from_spreadsheet(path)
    raise InputError(f"table file {path.name!r} has suffix {suffix!r}; use .csv, .tsv or .xlsx")


def _from_protocol(table: Any) -> Any:
    if hasattr(table, "to_dict") and hasattr(table, "get_column"):
        return _polars_like(table)
    if hasattr(table, "__dataframe__"):
        import warnings

        from pandas.api.interchange import from_dataframe

        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*interchange.*", category=Warning)
            warnings.filterwarnings("ignore", message=".*from_dataframe.*", category=Warning)
            return from_dataframe(table)
    if hasattr(table, "__arrow_c_stream__"):
        try:
            import pyarrow
        except ImportError:
            raise InputError(
                "reading an Arrow table needs the package pyarrow; "
                "or give a pandas DataFrame or a dict of arrays"
            ) from None
        return pyarrow.table(table).to_pandas()
    raise InputError(
        f"table must be a DataFrame, a dict of arrays or the path of a CSV or Excel file, "
        f"not {type(table).__name__}"
    )


def _polars_like(table: Any) -> Any:
    import pandas as pd

    return pd.DataFrame({name: table.get_column(name).to_numpy() for name in table.columns})


def take(table: Table, argument: str, value: Any) -> Any:
    """Return the values behind an argument: a column of the table if it is a name, else itself."""
    if isinstance(value, str):
        if value in table.columns:
            return table.columns[value]
        near = get_close_matches(value, table.columns, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(table.columns) or 'no columns'}"
        raise InputError(f"{argument}={value!r} is not a column of the table; {hint}")
    several = hasattr(value, "__iter__") or getattr(value, "ndim", 0) > 0
    return _as_column(value) if several else np.asarray(value)


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
            f"{column} must be finite: study {labels[row]!r} has {column} = {out[row]}; "
            "leave the cell empty if it is unknown"
        )
    return out


def _as_float(x: Any, column: str, labels: Labels, row: int) -> float:
    if x is None or (not isinstance(x, (str, bytes)) and _is_missing(x)):
        return float("nan")
    if isinstance(x, (str, bytes, complex, np.datetime64)) or not hasattr(x, "__float__"):
        raise InputError(
            f"{column} must be numeric: study {labels[row]!r} has {column} = {x!r}; "
            "turn the text into numbers first"
        )
    try:
        return float(x)
    except OverflowError:
        raise InputError(
            f"{column} must be finite: study {labels[row]!r} has more digits than a number here can hold; "
            "correct it"
        ) from None


def _is_missing(x: Any) -> bool:
    return type(x).__name__ in ("NAType", "NaTType") or bool(np.ndim(x) == 0 and x != x)


def study_labels(table: Table, study: Any, k: int) -> np.ndarray:
    """Labels of the studies: the argument, a column ``study``, a text index, or the row numbers."""
    if study is None and "study" in table.columns:
        study = "study"
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


def _texts(values: Any) -> np.ndarray:
    out = np.empty(len(values), dtype=object)
    for row, x in enumerate(values):
        if x is None or (not isinstance(x, (str, bytes, tuple)) and _is_missing(x)):
            out[row] = f"row {row + 1}"
        elif isinstance(x, (float, np.floating)) and float(x).is_integer():
            out[row] = str(int(x))
        else:
            out[row] = str(x)
    return out
