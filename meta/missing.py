"""Missing values in whatever form they come: None, NaN, NaT, pandas' NA, or masked."""

from __future__ import annotations

from typing import Any

import numpy as np


def unmasked(values: Any) -> np.ndarray:
    """An array in which a masked value is NaN (None among labels), as its number stands for nothing.

    >>> unmasked(np.ma.masked_array(["a", "b"], mask=[False, True])).tolist()
    ['a', None]
    """
    if not isinstance(values, np.ma.MaskedArray):
        return np.asarray(values)
    hidden, plain = np.ma.getmaskarray(values), np.asarray(values.data)
    if not hidden.any():
        return plain
    out = plain.astype(float if plain.dtype.kind in "biuf" else object)
    out[hidden] = np.nan if out.dtype.kind == "f" else None
    return np.asarray(out)


def absent(values: Any) -> np.ndarray:
    """Which of the values are missing: None, NaN, NaT, pandas' NA, or masked.

    >>> import pandas as pd
    >>> absent(np.array(["a", None, pd.NA, float("nan"), 0], dtype=object)).tolist()
    [False, True, True, True, False]
    """
    hidden = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else False
    found = np.asarray(values)
    if found.dtype.kind in "fcmM":
        return np.asarray(np.isnan(found) if found.dtype.kind in "fc" else np.isnat(found)) | hidden
    if found.dtype.kind != "O":
        return np.zeros(found.shape, dtype=bool) | hidden
    return np.array([is_absent(x) for x in found.ravel()], dtype=bool).reshape(found.shape) | hidden


def is_absent(value: Any) -> bool:
    """Whether a single value is missing; comparing pandas' NA with itself has no truth value.

    >>> is_absent(None), is_absent(float("nan")), is_absent("")
    (True, True, False)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        return True
    return isinstance(value, (float, np.inexact)) and bool(value != value)
