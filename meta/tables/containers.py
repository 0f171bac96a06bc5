"""Dataframes, mappings, records and single columns of any library, as columns of NumPy or pandas arrays."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from meta.arguments import check_path
from meta.errors import InputError
from meta.formatting import shown
from meta.tables.labels import align, labelled


@dataclass(frozen=True, slots=True)
class Columns:
    """A caller's table, whatever it came as.

    Attributes
    ----------
    columns : dict of str to array
        Columns (NumPy arrays, or pandas extension arrays such as categories), each of length ``k``.
    index : pandas.Index or None
        Row labels, if the table has any.
    k : int or None
        Number of rows; None for a table of no columns.
    repeated : frozenset of str
        Names that several columns have: those are kept as ``name.1``, ``name.2``, and ``name`` is refused.
    doubts : mapping of str to str
        Columns of a file whose numbers may be read in two ways, with the sentence that says so.
    """

    columns: dict[str, Any] = field(default_factory=dict)
    index: Any = None
    k: int | None = None
    repeated: frozenset[str] = frozenset()
    doubts: Mapping[str, str] = field(default_factory=dict)

    def __contains__(self, name: object) -> bool:
        """Whether the table has this column; a name that several have is refused where it is asked for."""
        if name in self.repeated:
            raise InputError(f"several columns of the table are called {name!r}; rename all but one")
        return name in self.columns


def as_columns(table: Any) -> Columns:
    """Read a table: pandas, polars, pyarrow or any other dataframe, a mapping, records, or a file.

    Parameters
    ----------
    table : object
        A dataframe that is in memory, a mapping of names to columns, a list of mappings (one per row), a
        structured array, the path of a CSV or Excel file, or None.

    Returns
    -------
    Columns

    Raises
    ------
    InputError
        If it is none of these, is lazy, or has columns of different lengths or names that are not text.

    Examples
    --------
    >>> as_columns({"n": [1, None]}).columns["n"].tolist()
    [1.0, nan]
    >>> as_columns([{"n": 1}, {"n": 2, "form": "oxide"}]).columns["form"].tolist()
    [None, 'oxide']
    """
    if table is None:
        return Columns()
    if isinstance(table, Columns):
        return table
    _refuse_lazy(table)
    if isinstance(table, (str, os.PathLike)):
        return _read_file(Path(table))
    if isinstance(table, Mapping):
        return _from_mapping(table)
    if isinstance(table, np.ndarray) and table.dtype.names:
        return _from_pairs([(name, one_column(table[name], name)) for name in table.dtype.names])
    if isinstance(table, Sequence) and table and all(isinstance(row, Mapping) for row in table):
        names = dict.fromkeys(name for row in table for name in row)
        return _from_pairs([(name, one_column([row.get(name) for row in table], name)) for name in names])
    if hasattr(table, "iloc") and hasattr(table, "columns"):
        return _from_pandas(table)
    if hasattr(table, "column_names") and hasattr(table, "column"):
        pairs = [(name, one_column(table.column(i), name)) for i, name in enumerate(table.column_names)]
        return _from_pairs(pairs)
    return _from_dataframe(table)


def is_table(value: Any) -> bool:
    """Whether it is a table rather than one column of values.

    >>> is_table({"yi": [1]}), is_table([1, 2]), is_table("trials.csv")
    (True, False, True)
    """
    if isinstance(value, (Mapping, str, os.PathLike, Columns)):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.names is not None
    if isinstance(value, Sequence):
        return bool(value) and all(isinstance(row, Mapping) for row in value)
    if hasattr(type(value), "__dataclass_fields__") or isinstance(value, type):
        return False
    if _remedy_of_lazy(value):
        return True  # asking a lazy frame for its columns may run its query
    return any(hasattr(value, name) for name in ("columns", "column_names", "__dataframe__"))


def _remedy_of_lazy(table: Any) -> str:
    """The method that brings the rows of a lazy frame (polars and others collect, dask computes)."""
    if type(table).__module__.partition(".")[0] in ("pandas", "numpy", "pyarrow", "builtins"):
        return ""
    return next((name for name in ("collect", "compute") if hasattr(type(table), name)), "")


def _refuse_lazy(table: Any) -> None:
    remedy = _remedy_of_lazy(table)
    if remedy:
        raise InputError(
            f"the table is lazy ({type(table).__module__.partition('.')[0]}), so its rows are not there yet; "
            f"give table.{remedy}()"
        )


def _text_name(name: Any) -> str:
    if isinstance(name, tuple):
        raise InputError(
            f"column names must be text, but one is {shown(name)}; "
            "join the parts of a header of several rows first, e.g. '_'.join(...)"
        )
    return str(name)


def _from_pairs(pairs: Sequence[tuple[Any, Any]], index: Any = None, k: int | None = None) -> Columns:
    names = [_text_name(label) for label, _ in pairs]
    counts = Counter(names)
    copies: Counter[str] = Counter()
    columns: dict[str, Any] = {}
    for name, (_, values) in zip(names, pairs, strict=True):
        place = name
        while place in columns or (counts[name] > 1 and place == name):
            copies[name] += 1
            place = f"{name}.{copies[name]}"
        columns[place] = values
    repeated = [name for name, count in counts.items() if count > 1]
    lengths = {name: len(values) for name, values in columns.items() if np.ndim(values)}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {n}" for name, n in lengths.items())
        raise InputError(f"all columns must have the same length, but they have: {told}")
    if k is None:
        k = next(iter(lengths.values()), 1 if columns else None)
    full = {
        n: _of_cells(values) if np.ndim(values) else np.repeat(values, k or 0)
        for n, values in columns.items()
    }
    return Columns(full, index, k, frozenset(repeated))


def _of_cells(values: Any) -> Any:
    """A column whose cells are lists, which are not further columns."""
    if np.ndim(values) == 1:
        return values
    cells = np.empty(len(values), dtype=object)
    for place, row in enumerate(values):
        cells[place] = np.asarray(row).tolist()
    return cells


def _from_mapping(table: Mapping[Any, Any]) -> Columns:
    """Columns of a mapping; labelled ones (pandas Series) must agree on their rows."""
    index = next((values.index for values in table.values() if labelled(values)), None)
    pairs = [(name, one_column(align(values, index, str(name)), name)) for name, values in table.items()]
    return _from_pairs(pairs, index)


def _from_pandas(frame: Any) -> Columns:
    pairs = [(name, one_column(frame.iloc[:, i], name)) for i, name in enumerate(frame.columns)]
    return _from_pairs(pairs, frame.index, len(frame))


def _from_dataframe(table: Any) -> Columns:
    """Any other dataframe: what narwhals knows, else the interchange or the Arrow protocol."""
    import narwhals.stable.v2 as nw

    frame = nw.from_native(table, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return _from_pairs([(name, one_column(frame.get_column(name), name)) for name in frame.columns])
    if hasattr(table, "__dataframe__"):
        return _from_pandas(_interchanged(table))
    if hasattr(table, "__arrow_c_stream__"):
        try:
            import pyarrow
        except ImportError:
            raise InputError(
                "reading an Arrow table needs the package pyarrow; "
                "or give a pandas DataFrame or a dict of arrays"
            ) from None
        return as_columns(pyarrow.table(table))
    raise InputError(
        "table must be a DataFrame, a dict of arrays or the path of a CSV or Excel file, "
        f"not {type(table).__name__}"
    )


def _interchanged(table: Any) -> Any:
    import warnings

    from pandas.api.interchange import from_dataframe

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*interchange.*", category=Warning)
        warnings.filterwarnings("ignore", message=".*from_dataframe.*", category=Warning)
        return from_dataframe(table)


def _read_file(path: Path) -> Columns:
    from meta.tables.reader import READ, read_file

    check_path(path, "the path of the table")
    if not path.exists():
        raise InputError(f"table file {str(path)!r} does not exist; give the path of a CSV or Excel file")
    if path.suffix.lower() not in READ and path.is_file():
        raise InputError(
            f"table file {path.name!r} has suffix {path.suffix!r}; use .csv, .tsv or .xlsx, or another "
            "ending that docs/tables.md names"
        )
    found = read_file(path)
    return replace(_from_pairs(list(found.columns.items())), repeated=found.repeated, doubts=found.doubts)


def one_column(values: Any, name: Any = "a column") -> Any:
    """One column or scalar of any library as an array; numbers with gaps become floats with NaN.

    Masked values and nulls are missing: NaN among numbers, None elsewhere. Categories keep their order.

    >>> one_column(np.ma.masked_array([1, 99], mask=[False, True])).tolist()
    [1.0, nan]
    >>> one_column(["a", None]).tolist()
    ['a', None]
    """
    if isinstance(values, np.ma.MaskedArray):
        return _unmasked(values)
    if isinstance(values, np.ndarray):
        return _tidy_objects(values) if values.dtype.kind == "O" else values
    if hasattr(values, "columns") or isinstance(values, (Mapping, set, frozenset)):
        raise InputError(f"{name} must be one list of values, not a {type(values).__name__}; name its column")
    if hasattr(values, "iloc") or (hasattr(values, "array") and hasattr(values, "dtype")):
        own = values.to_numpy() if isinstance(values.dtype, np.dtype) else values.array
        return _tidy_objects(own) if getattr(own.dtype, "kind", "") == "O" else own
    if hasattr(values, "dtype") and hasattr(values, "take"):  # a pandas extension array
        return values
    if isinstance(values, (str, bytes)) or not hasattr(values, "__iter__"):
        return np.asarray(values)
    if type(values).__module__.partition(".")[0] in ("polars", "pyarrow", "narwhals"):
        return _from_series(values)
    return _from_list(list(values), name)


def _from_list(values: list[Any], name: Any) -> np.ndarray:
    try:
        array = np.asarray(values)
    except ValueError:
        raise InputError(f"{name} must be one list of values; it holds lists of several lengths") from None
    if array.dtype.kind in "US":
        return np.asarray(values, dtype=object)
    return _tidy_objects(array) if array.dtype.kind == "O" else array


def _tidy_objects(values: Any) -> Any:
    """Objects that are all numbers or missing as floats, so that a gap does not turn numbers into labels."""
    if getattr(values, "ndim", 1) != 1 or not len(values):
        return values
    plain = (int, float, np.integer, np.floating, Decimal)
    numeric = False
    for x in values:
        if isinstance(x, plain) and not isinstance(x, bool):
            numeric = numeric or x == x
        elif not missing(x):
            return values
    if not numeric:
        return values
    return np.array([np.nan if missing(x) else float(x) for x in values])


def missing(x: Any) -> bool:
    """Whether a cell is empty: None, NaN, NaT or pandas's NA.

    >>> missing(None), missing(float("nan")), missing(0), missing("")
    (True, True, False, False)
    """
    if x is None:
        return True
    if isinstance(x, (str, bytes, tuple, list)):
        return False
    return x is np.ma.masked or type(x).__name__ in ("NAType", "NaTType") or bool(np.ndim(x) == 0 and x != x)


def _unmasked(values: np.ma.MaskedArray) -> np.ndarray:
    mask = np.ma.getmaskarray(values)
    data = np.asarray(values.data)
    if data.dtype.kind in "iuf":
        return np.where(mask, np.nan, data.astype(float)) if mask.any() else data
    if not mask.any():
        return data
    out = data.astype(object)
    out[mask] = None
    return np.asarray(_tidy_objects(out))


def _from_series(values: Any) -> Any:
    """A polars, pyarrow or narwhals column."""
    import narwhals.stable.v2 as nw

    series = nw.from_native(values, allow_series=True, pass_through=True)
    if not isinstance(series, nw.Series):
        return _from_list(values.to_pylist() if hasattr(values, "to_pylist") else list(values), "a column")
    if isinstance(series.dtype, (nw.Categorical, nw.Enum)):
        import pandas as pd

        levels = series.cat.get_categories().to_list()
        return pd.Categorical(series.to_list(), categories=levels, ordered=isinstance(series.dtype, nw.Enum))
    if series.dtype.is_numeric() and not series.dtype.is_decimal():
        gaps = bool(series.is_null().any())
        return np.array(series.cast(nw.Float64).to_numpy() if gaps else series.to_numpy())
    if series.dtype.is_temporal() and not series.is_null().any():
        return np.array(series.to_numpy())
    return _from_list(series.to_list(), "a column")
