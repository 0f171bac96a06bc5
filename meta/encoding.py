"""Values as strict JSON and back: numbers at full precision, arrays with their types, nothing executable.

What JSON knows stays as it is; everything else becomes an object with the key ``"$"`` that says what it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from meta.errors import InputError

TAG, MODEL = "$", "$model"
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
KINDS = "biufMmUO"

NameOf = Callable[[type], str]
Find = Callable[[str], type]


def _word(x: float) -> float | str:
    if math.isfinite(x):
        return x
    return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"


def _number(x: Any) -> Any:
    return WORDS[x] if isinstance(x, str) else x


class Encoder:
    """Turn a result into JSON.

    Parameters
    ----------
    name_of : callable
        From a class to the name under which it is stored; refuses classes that cannot be stored.
    """

    def __init__(self, name_of: NameOf) -> None:
        self.name_of = name_of
        self.left_out: list[str] = []

    def __call__(self, value: Any) -> Any:
        """Return ``value`` as JSON can hold it."""
        if value is None or (isinstance(value, bool | str) and type(value) in (bool, str)):
            return value
        if type(value) is int:
            return value
        if type(value) is float:
            return value if math.isfinite(value) else {TAG: "float", "value": _word(value)}
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, np.generic):
            return {TAG: "scalar", "dtype": value.dtype.str, "value": self._cells(np.asarray(value))}
        if is_dataclass(value) and not isinstance(value, type):
            return self._record(value)
        if hasattr(value, "model_dump"):
            return {TAG: self.name_of(type(value)), MODEL: value.model_dump(mode="json")}
        return self._container(value)

    def _container(self, value: Any) -> Any:
        if isinstance(value, tuple):
            items = [self(item) for item in value]
            if hasattr(value, "_fields"):
                return {TAG: self.name_of(type(value)), "items": items}
            return {TAG: "tuple", "items": items}
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, Mapping):
            if all(isinstance(key, str) for key in value) and TAG not in value:
                return {key: self(item) for key, item in value.items()}
            return {TAG: "map", "items": [[self(key), self(item)] for key, item in value.items()]}
        if type(value).__module__.partition(".")[0] == "pandas":
            return _from_pandas(value, self)
        raise InputError(f"a {type(value).__name__} cannot be saved; only numbers, words and tables can")

    def _array(self, value: np.ndarray) -> dict[str, Any]:
        kind = value.dtype.kind
        if kind not in KINDS:
            raise InputError(f"an array of {value.dtype} cannot be saved")
        name = "object" if kind == "O" else value.dtype.str
        return {TAG: "array", "dtype": name, "shape": list(value.shape), "data": self._cells(value.ravel())}

    def _cells(self, flat: np.ndarray) -> Any:
        kind = flat.dtype.kind
        if kind == "O":
            return [self(item) for item in flat]
        if kind in "Mm":
            return flat.astype("datetime64[ns]" if kind == "M" else "timedelta64[ns]").astype(int).tolist()
        found = flat.tolist()
        if kind != "f":
            return found
        return [_word(x) for x in found] if isinstance(found, list) else _word(found)

    def _record(self, value: Any) -> dict[str, Any]:
        found: dict[str, Any] = {TAG: self.name_of(type(value))}
        for item in fields(value):
            own = getattr(value, item.name)
            if "left_out" in item.metadata:
                if own is not None and item.metadata["left_out"]:
                    self.left_out.append(f"{item.name}: {item.metadata['left_out']}")
                continue
            found[item.name] = self(own)
        return found


class Decoder:
    """Turn JSON into the result it was made from.

    Parameters
    ----------
    find : callable
        From a stored name to its class; refuses names that are not registered.
    """

    def __init__(self, find: Find) -> None:
        self.find = find

    def __call__(self, node: Any) -> Any:
        """Return the value that ``node`` stands for."""
        if isinstance(node, list):
            return [self(item) for item in node]
        if not isinstance(node, dict):
            return node
        if TAG not in node:
            return {key: self(item) for key, item in node.items()}
        kind = node[TAG]
        known = _READERS.get(kind)
        if known is not None:
            return known(node, self)
        owner = self.find(kind)
        if MODEL in node:
            return owner.model_validate(node[MODEL])  # type: ignore[attr-defined]
        if "items" in node and hasattr(owner, "_fields"):
            return owner(*(self(item) for item in node["items"]))
        return self._record(owner, node)

    def _record(self, owner: type, node: dict[str, Any]) -> Any:
        known = {item.name for item in fields(owner)}  # type: ignore[arg-type]
        extra = sorted(set(node) - known - {TAG})
        if extra:
            raise InputError(f"{owner.__name__} has no {', '.join(extra)} in this version of meta-verdict")
        return owner(**{name: self(item) for name, item in node.items() if name != TAG})


def _read_array(node: dict[str, Any], decode: Decoder) -> np.ndarray:
    shape, data = tuple(node["shape"]), node["data"]
    if node["dtype"] == "object":
        flat = np.empty(len(data), dtype=object)
        for i, item in enumerate(data):
            flat[i] = decode(item)
        return flat.reshape(shape)
    dtype = np.dtype(node["dtype"])
    if dtype.kind not in KINDS or dtype.kind == "O":
        raise InputError(f"an array of {dtype} cannot be loaded")
    if dtype.kind in "Mm":
        return np.array(data, dtype="int64").astype(f"{dtype.kind}8[ns]").astype(dtype).reshape(shape)
    return np.array([_number(x) for x in data] if dtype.kind == "f" else data, dtype=dtype).reshape(shape)


def _read_scalar(node: dict[str, Any], decode: Decoder) -> Any:
    return _read_array({"shape": [1], "dtype": node["dtype"], "data": [node["value"]]}, decode)[0]


def _from_pandas(value: Any, encode: Encoder) -> dict[str, Any]:
    import pandas as pd

    if value is pd.NA or value is pd.NaT:
        return {TAG: "missing", "value": "NaT" if value is pd.NaT else "NA"}
    if isinstance(value, pd.Timestamp):
        return {TAG: "time", "value": value.isoformat()}
    if isinstance(value, pd.RangeIndex):
        return {TAG: "range", "ends": [value.start, value.stop, value.step], "name": encode(value.name)}
    if isinstance(value, pd.Index):
        return {TAG: "index", "items": [encode(item) for item in value], "names": encode(list(value.names))}
    if isinstance(value, pd.Categorical):
        return {
            TAG: "categories",
            "categories": [encode(item) for item in value.categories],
            "codes": value.codes.tolist(),
            "ordered": bool(value.ordered),
        }
    if isinstance(value, pd.Series):
        return {TAG: "series", "values": encode(_own(value)), "index": encode(value.index)}
    if isinstance(value, pd.DataFrame):
        return {
            TAG: "frame",
            "columns": encode(value.columns),
            "values": [encode(_own(value.iloc[:, i])) for i in range(value.shape[1])],
            "index": encode(value.index),
        }
    if isinstance(value, pd.api.extensions.ExtensionArray):
        return {TAG: "pandas", "dtype": str(value.dtype), "data": [encode(item) for item in value]}
    raise InputError(f"a pandas {type(value).__name__} cannot be saved")


def _own(series: Any) -> Any:
    return series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array


def _series(pd: Any, values: Any, index: Any) -> Any:
    """A column of exactly the type of its values: pandas turns objects into what they look like."""
    return pd.Series(values, index=index, dtype=values.dtype)


def _read_frame(node: dict[str, Any], decode: Decoder) -> Any:
    import pandas as pd

    index = decode(node["index"])
    values = [_series(pd, decode(item), index) for item in node["values"]]
    found = pd.concat(values, axis=1) if values else pd.DataFrame(index=index)
    found.columns = decode(node["columns"])
    return found


def _read_index(node: dict[str, Any], decode: Decoder) -> Any:
    import pandas as pd

    found = pd.Index([decode(item) for item in node["items"]])
    found.names = decode(node["names"])
    return found


def _pandas(build: Callable[[Any, dict[str, Any], Decoder], Any]) -> Callable[[dict[str, Any], Decoder], Any]:
    def read(node: dict[str, Any], decode: Decoder) -> Any:
        import pandas as pd

        return build(pd, node, decode)

    return read


_READERS: dict[str, Callable[[dict[str, Any], Decoder], Any]] = {
    "float": lambda node, decode: _number(node["value"]),
    "scalar": _read_scalar,
    "array": _read_array,
    "tuple": lambda node, decode: tuple(decode(item) for item in node["items"]),
    "map": lambda node, decode: {decode(key): decode(item) for key, item in node["items"]},
    "missing": _pandas(lambda pd, node, decode: pd.NaT if node["value"] == "NaT" else pd.NA),
    "time": _pandas(lambda pd, node, decode: pd.Timestamp(node["value"])),
    "range": _pandas(lambda pd, node, decode: pd.RangeIndex(*node["ends"], name=decode(node["name"]))),
    "index": _read_index,
    "categories": _pandas(
        lambda pd, node, decode: pd.Categorical.from_codes(
            node["codes"], [decode(item) for item in node["categories"]], ordered=node["ordered"]
        )
    ),
    "series": _pandas(lambda pd, node, decode: _series(pd, decode(node["values"]), decode(node["index"]))),
    "frame": _read_frame,
    "pandas": _pandas(
        lambda pd, node, decode: pd.array([decode(item) for item in node["data"]], dtype=node["dtype"])
    ),
}
