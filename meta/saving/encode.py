"""Values to what strict JSON can hold, without losing a bit.

Plain values stay as they are; everything else is an object with one key that begins with ``$``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.saving.saved_classes import name_of


def encode(value: Any) -> Any:
    """Return a value as JSON can hold it.

    >>> encode((1, float("nan")))
    {'$tuple': [1, {'$float': 'nan'}]}
    """
    if value is None or type(value) in (bool, str, int):
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, np.generic):
        return _scalar(value)
    if isinstance(value, np.ndarray):
        return _array(value)
    if hasattr(value, "_fields"):
        return {"$class": name_of(type(value)), "items": [encode(item) for item in value]}
    if isinstance(value, tuple):
        return {"$tuple": [encode(item) for item in value]}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if type(value).__module__.partition(".")[0] in ("arviz", "xarray"):
        return _draws(value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if is_dataclass(value) and not isinstance(value, type):
        kept = [item.name for item in fields(value) if "left_out" not in item.metadata]
        own = {name: encode(getattr(value, name)) for name in kept}
        return {"$class": name_of(type(value)), "fields": own}
    if hasattr(value, "model_dump"):
        return {"$class": name_of(type(value)), "model": value.model_dump(mode="json")}
    return _foreign(value)


def _scalar(value: np.generic) -> Any:
    if isinstance(value, np.str_):
        return str(value)
    return {"$scalar": _array(np.asarray(value))["$array"] | {"shape": []}}


def _array(value: np.ndarray) -> dict[str, Any]:
    flat = value.ravel()
    kind = value.dtype.kind
    if kind == "f":
        floats = flat.tolist()
        values = floats if np.isfinite(flat).all() else [x if math.isfinite(x) else repr(x) for x in floats]
    elif kind in "Mm":
        values = flat.astype(np.int64).tolist()
    elif kind == "O":
        values = [encode(item) for item in flat.tolist()]
    elif kind in "biuU":
        values = flat.tolist()
    else:
        raise InputError(f"an array of {value.dtype} cannot be saved; make it numbers or text")
    name = "str" if kind == "U" else str(value.dtype)
    return {"$array": {"dtype": name, "shape": list(value.shape), "values": values}}


def _mapping(value: Mapping) -> dict[str, Any]:
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: encode(item) for key, item in value.items()}
    return {"$pairs": [[encode(key), encode(item)] for key, item in value.items()]}


def _foreign(value: Any) -> Any:
    """Tables, columns and dates of pandas."""
    pd = sys.modules.get("pandas")
    if pd is not None:
        if value is pd.NA:
            return {"$missing": "NA"}
        if value is pd.NaT:
            return {"$missing": "NaT"}
        if isinstance(value, pd.DataFrame):
            columns = [[encode(name), encode(_column(value.iloc[:, i]))] for i, name in enumerate(value)]
            return {"$frame": {"columns": columns, "index": encode(value.index)}}
        if isinstance(value, pd.RangeIndex):
            return {"$range": [value.start, value.stop, value.step]}
        if isinstance(value, pd.Index):
            names = [encode(name) for name in value.names]
            return {"$index": {"values": [encode(item) for item in value.tolist()], "names": names}}
        if isinstance(value, pd.Categorical):
            values = {"codes": value.codes.tolist(), "categories": encode(value.categories.tolist())}
            return {"$categories": values | {"ordered": bool(value.ordered)}}
        if isinstance(value, pd.api.extensions.ExtensionArray):
            return {"$column": {"dtype": str(value.dtype), "values": [encode(item) for item in value]}}
        if isinstance(value, pd.Timestamp):
            return {"$time": value.isoformat()}
    raise InputError(f"a value of type {type(value).__name__} cannot be saved")


def _draws(value: Any) -> dict[str, Any]:
    own = getattr(value, "_groups", ())  # InferenceData of ArviZ 0.23; a DataTree has children
    groups = {name: value[name] for name in own} or dict(value.children)
    return {"$draws": {str(name): _variables(group) for name, group in groups.items()}}


def _column(series: Any) -> Any:
    return series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array


def _variables(group: Any) -> dict[str, Any]:
    return {
        str(name): {"dims": list(map(str, group[name].dims)), "values": encode(np.asarray(group[name]))}
        for name in group.data_vars
    }
