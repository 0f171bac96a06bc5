"""Files of other programs that pandas reads: Stata, SPSS, SAS, Parquet, Feather, JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.tables.numerals import is_missing
from meta.tables.splitting import MOST_COLUMNS

ENDINGS = (".dta", ".sav", ".zsav", ".por", ".sas7bdat", ".xpt", ".parquet", ".feather", ".arrow", ".json")
NEEDS = {
    **dict.fromkeys((".sav", ".zsav", ".por"), "pyreadstat"),
    **dict.fromkeys((".parquet", ".feather", ".arrow"), "pyarrow"),
}
MOST_BYTES = 2_000_000_000
"""Size of a file that is read at all; beyond, a table belongs into a data base."""


def read_foreign(path: Path) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Columns of such a file, as arrays, and what was done; categories become their labels.

    Raises
    ------
    InputError
        If it cannot be read, or a package that pandas needs for it is missing.
    """
    ending = path.suffix.lower()
    try:
        frame, notes = (_json(path), ()) if ending == ".json" else _frame(path, ending)
    except ImportError:
        package = NEEDS.get(ending, "pandas")
        raise InputError(
            f"reading {path.name!r} needs the package {package}: pip install {package}, or save it as CSV"
        ) from None
    except InputError:
        raise
    except OSError as problem:
        if problem.errno:
            raise
        raise _unreadable(path, problem) from None
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, OverflowError) as problem:
        raise _unreadable(path, problem) from None
    except Exception as problem:
        # The parsers' own errors (pyarrow's, pyreadstat's, struct's) have no common base; a defect of the
        # file must not end in a traceback of theirs.
        raise _unreadable(path, problem) from None
    if frame.shape[1] > MOST_COLUMNS:
        raise InputError(f"{path.name!r} has {frame.shape[1]} columns; a table has at most {MOST_COLUMNS}")
    if not len(frame):
        raise InputError(f"{path.name!r} is not a table: it has no rows; give one row per study")
    return {str(name): _array(frame.iloc[:, place]) for place, name in enumerate(frame.columns)}, notes


def _unreadable(path: Path, problem: Exception) -> InputError:
    told = " ".join(str(problem).split())[:200] or type(problem).__name__
    return InputError(
        f"{path.name!r} cannot be read as a {path.suffix} file: {told}; save it as CSV in UTF-8"
    )


def _frame(path: Path, ending: str) -> tuple[Any, tuple[str, ...]]:
    import pandas as pd

    if ending == ".dta":
        return _stata(path)
    if ending == ".por":  # pandas reads the other two files of SPSS alone
        from pyreadstat import read_por

        return read_por(str(path), apply_value_formats=True)[0], ()
    if ending in (".sav", ".zsav"):
        return pd.read_spss(path), ()
    if ending in (".sas7bdat", ".xpt"):
        found: Any = pd.read_sas(path, encoding="latin-1")
        return found, ()
    return (pd.read_parquet(path) if ending == ".parquet" else pd.read_feather(path)), ()


def _stata(path: Path) -> tuple[Any, tuple[str, ...]]:
    """With labels for coded values, unless one label stands for several codes, which pandas refuses."""
    import pandas as pd

    try:
        return pd.read_stata(path, convert_categoricals=True, preserve_dtypes=False), ()
    except ValueError as problem:
        if "not unique" not in str(problem):
            raise
    found = pd.read_stata(path, convert_categoricals=False, preserve_dtypes=False)
    return found, ("coded values are shown as numbers: a value label of the file stands for several codes",)


def _json(path: Path) -> Any:
    """Rows as a list of objects, columns as one object, or either below the only key of an object."""
    import pandas as pd

    try:
        content = json.loads(path.read_bytes())
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        lines = path.read_text(encoding="utf-8").splitlines()
        content = [json.loads(line) for line in lines if line.strip()]
    if isinstance(content, dict) and len(content) == 1:
        inner = next(iter(content.values()))
        content = inner if isinstance(inner, (list, dict)) and inner else content
    if isinstance(content, list) and content and all(isinstance(row, dict) for row in content):
        return pd.DataFrame(content)
    if isinstance(content, dict) and content and all(isinstance(x, (list, dict)) for x in content.values()):
        return pd.DataFrame(content)
    if isinstance(content, list) and len(content) > 1 and all(isinstance(row, list) for row in content):
        return pd.DataFrame(content[1:], columns=[str(name) for name in content[0]])
    raise InputError(
        f"{path.name!r} is not a table: it must hold a list of rows such as "
        '[{"study": "A", "yi": 0.1, "vi": 0.02}], or an object of columns'
    )


def _array(values: Any) -> np.ndarray:
    """A column as numbers with NaN, or as text with None."""
    kind = getattr(values.dtype, "kind", "O")
    if kind in "iuf" and isinstance(values.dtype, np.dtype):
        return np.asarray(values)
    if kind in "iuf":
        return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))
    if kind == "M":
        return np.array([None if x != x else x.isoformat().removesuffix("T00:00:00") for x in values], object)
    cells = [None if x is None or x != x or x == "" else x for x in values.tolist()]
    if any(isinstance(x, (int, float)) for x in cells):  # a label of a code for missing values, say
        cells = [None if isinstance(x, str) and is_missing(x) else x for x in cells]
        if not any(isinstance(x, (str, bool)) for x in cells):
            return np.array([np.nan if x is None else x for x in cells], dtype=float)
    texts = [str(x) if isinstance(x, str) else x for x in cells]
    out = np.empty(len(texts), dtype=object)
    out[:] = texts
    return out
