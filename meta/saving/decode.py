"""From JSON back to values. The file may be anybody's: names are looked up, types are checked."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from typing import Any

import numpy as np

from meta.errors import InputError
from meta.saving.saved_classes import class_named
from meta.saving.validation import check_result

_DTYPES = re.compile(
    r"bool|u?int(8|16|32|64)|float(16|32|64|128)|str|object|(datetime|timedelta)64\[[a-z]{1,2}\]"
)
_COLUMNS = re.compile(
    r"string(\[\w+\])?|str|boolean|U?Int(8|16|32|64)|Float(32|64)|datetime64\[[a-z]{1,2}, [\w/+:-]+\]"
)
_NAMED = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf")}


def decode(value: Any) -> Any:
    """Return the value that :func:`meta.saving.encode.encode` was given.

    >>> decode({"$tuple": [1, {"$float": "inf"}]})
    (1, inf)
    """
    if isinstance(value, list):
        return [decode(item) for item in value]
    if not isinstance(value, dict):
        return value
    key = next(iter(value), "")
    if not key.startswith("$"):
        return {name: decode(item) for name, item in value.items()}
    if key not in _READERS:
        raise InputError(f"the file holds {key[:30]!r}, which this version does not know")
    if key == "$class":
        return _instance(value)
    try:
        return _READERS[key](value[key])
    except (TypeError, ValueError, KeyError, IndexError, ArithmeticError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"a value of kind {key!r} in the file is damaged: {error}") from None


def _float(name: str) -> float:
    return _NAMED[name]


def _array(content: dict[str, Any]) -> np.ndarray:
    dtype, shape, values = content["dtype"], tuple(content["shape"]), content["values"]
    if not isinstance(dtype, str) or not _DTYPES.fullmatch(dtype):
        raise InputError(f"the file holds an array of {str(dtype)[:30]!r}; only numbers, text and dates load")
    if (
        not isinstance(values, list)
        or int(np.prod(shape, dtype=object)) != len(values)
        or min(shape, default=0) < 0
    ):
        raise InputError(f"an array of shape {list(shape)} in the file has {len(values)} values")
    if dtype == "object":
        out = np.empty(len(values), dtype=object)
        out[:] = [decode(item) for item in values]
        return out.reshape(shape)
    if dtype.startswith("float"):
        values = [_NAMED[item] if isinstance(item, str) else _number(item) for item in values]
    elif dtype == "str":
        if not all(isinstance(item, str) for item in values):
            raise InputError("an array of text in the file holds something else")
        return np.array(values, dtype=str).reshape(shape)
    elif not all(isinstance(item, int) for item in values):
        raise InputError(f"an array of {dtype} in the file holds something else")
    if dtype.startswith(("datetime", "timedelta")):
        return np.array(values, dtype=np.int64).astype(dtype).reshape(shape)
    with np.errstate(over="raise"):
        return np.array(values, dtype=dtype).reshape(shape)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"an array of numbers in the file holds {str(value)[:30]!r}")
    return value


def _scalar(content: dict[str, Any]) -> Any:
    return _array(content)[()]


def _frame(content: dict[str, Any]) -> Any:
    import pandas as pd

    names, index = [decode(name) for name, _ in content["columns"]], decode(content["index"])
    columns: dict[int, Any] = {}
    for i, (_, encoded) in enumerate(content["columns"]):
        values = decode(encoded)
        columns[i] = pd.Series(values, index=index, dtype=values.dtype)  # as it was, not as pandas guesses
    table = pd.DataFrame(columns, index=index)
    table.columns = names
    return table


def _index(content: dict[str, Any]) -> Any:
    import pandas as pd

    values, names = [decode(item) for item in content["values"]], [decode(item) for item in content["names"]]
    if len(names) > 1:
        return pd.MultiIndex.from_tuples(values, names=names)
    return pd.Index(values, name=names[0])


def _range(content: list[int]) -> Any:
    import pandas as pd

    start, stop, step = content
    return pd.RangeIndex(int(start), int(stop), int(step))


def _column(content: dict[str, Any]) -> Any:
    import pandas as pd

    if not _COLUMNS.fullmatch(content["dtype"]):
        raise InputError(f"the file holds a column of {str(content['dtype'])[:30]!r}, which is not known")
    return pd.array([decode(item) for item in content["values"]], dtype=content["dtype"])


def _categories(content: dict[str, Any]) -> Any:
    import pandas as pd

    return pd.Categorical.from_codes(
        content["codes"], decode(content["categories"]), ordered=bool(content["ordered"])
    )


def _missing(name: str) -> Any:
    import pandas as pd

    return {"NA": pd.NA, "NaT": pd.NaT}[name]


def _time(text: str) -> Any:
    import pandas as pd

    return pd.Timestamp(text)


def _draws(content: dict[str, Any]) -> Any:
    from meta.compat import inference_data

    groups = {
        group: {name: (tuple(kept["dims"]), decode(kept["values"])) for name, kept in variables.items()}
        for group, variables in content.items()
    }
    return inference_data(groups)


_READERS: dict[str, Any] = {
    "$class": None,
    "$float": _float,
    "$array": _array,
    "$scalar": _scalar,
    "$tuple": lambda items: tuple(decode(item) for item in items),
    "$pairs": lambda pairs: {decode(key): decode(item) for key, item in pairs},
    "$frame": _frame,
    "$index": _index,
    "$range": _range,
    "$column": _column,
    "$categories": _categories,
    "$missing": _missing,
    "$time": _time,
    "$draws": _draws,
}


def _instance(content: dict[str, Any]) -> Any:
    name = content["$class"]
    kind: Any = class_named(name)
    try:
        if hasattr(kind, "model_validate_json"):
            return kind.model_validate_json(json.dumps(content["model"]))
        if hasattr(kind, "_fields"):
            return kind(*(decode(item) for item in content["items"]))
        given = {key: decode(item) for key, item in content["fields"].items()}
        _check_fields(kind, given)
        made = kind(**given)
    except InputError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"the {name} in the file is damaged: {reason}") from None
    if name == "EffectSizes":
        _check_lengths(made)
    check_result(made)
    return made


def _check_fields(kind: type, given: dict[str, Any]) -> None:
    known = {item.name: item for item in fields(kind)}
    extra = [key for key in given if key not in known]
    if extra:
        raise InputError(
            f"the file gives a {kind.__name__} the field {extra[0][:40]!r}, unknown to this version; "
            "load it with the version named in the file"
        )
    for key, item in known.items():
        if key in given:
            if not _fits(str(item.type), given[key]):
                raise InputError(
                    f"{key} of the {kind.__name__} in the file must be {item.type}, "
                    f"not {type(given[key]).__name__} {str(given[key])[:40]!r}"
                )
        elif item.default is MISSING and item.default_factory is MISSING:
            raise InputError(f"the {kind.__name__} in the file lacks the field {key!r}")


def _check_lengths(effects: Any) -> None:
    for key in ("vi", "study", "kind", "lower", "upper"):
        if getattr(effects, key).shape != effects.yi.shape or effects.yi.ndim != 1:
            raise InputError(
                f"the effect sizes in the file have {effects.yi.size} yi, but another number of {key}"
            )
    for name, values in {**effects.columns, **effects.inputs}.items():
        if len(values) != effects.k:
            raise InputError(f"column {name!r} in the file has {len(values)} values for {effects.k} rows")


_PLAIN: dict[str, Any] = {
    "float": (int, float, np.integer, np.floating),
    "int": (int, float, np.integer, np.floating),
    "str": str,
    "bool": (bool, np.bool_),
    "None": type(None),
    "np.ndarray": np.ndarray,
    "tuple": tuple,
    "dict": dict,
    "Mapping": dict,
}
_OPEN = {"Any", "object", "Sequence", "Core", "Distribution"}
_OFFER = {"FittedCurve": "DoseResponse"}
"""Protocols of fields, and the class of files that keeps them."""


def _fits(annotation: str, value: Any) -> bool:
    """Whether a value is of an annotated type, as far as its outermost part tells."""
    return any(_fits_one(part.strip(), value) for part in re.sub(r"\[.*\]", "", annotation).split("|"))


def _fits_one(part: str, value: Any) -> bool:
    if part in _PLAIN:
        return isinstance(value, _PLAIN[part]) and not (isinstance(value, bool) and part in ("int", "float"))
    if part in _OPEN:
        return True
    short = _OFFER.get(part, part.rpartition(".")[2])
    names = {kind.__name__ for kind in type(value).__mro__}
    return short in names or (isinstance(value, str) and short in ("Conclusion", "Kind", "On"))
