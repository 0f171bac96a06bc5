"""What the functions of a formula compute, and what the transforms among them learn from the data.

State is plain data (means, standard deviations, knots, recurrence coefficients), so that a saved result
computes the same columns again.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from meta.effects.design.expressions import ELEMENTWISE, STATEFUL
from meta.effects.design.moderator_columns import Column
from meta.errors import InputError

Functions = Mapping[str, Callable[..., Any]]

_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_SPECIAL: Mapping[str, Callable[[Any], Any]] = {"exp10": lambda x: np.power(10.0, x)}


class Unsuitable(Exception):
    """Why a factor cannot be computed from these values."""


def compute(tree: list[Any], data: Mapping[str, Column], functions: Functions) -> np.ndarray:
    """Values of a tree, (n,) or (n, m); a transform without state learns it, and keeps it in the tree.

    >>> from meta.effects.design.moderator_columns import read_column
    >>> data = {"dose": read_column([1, 2, 3], "dose")}
    >>> tree = ["stateful", "center", ["column", "dose"], {}, None]
    >>> compute(tree, data, {}).tolist(), tree[4]["center"]
    ([-1.0, 0.0, 1.0], 2.0)
    """
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        values = _value(tree, data, functions)
    if isinstance(values, str):
        raise Unsuitable("a text is not a moderator")
    size = len(next(iter(data.values())).missing) if data else 0
    found = np.asarray(values, dtype=np.float64)
    return np.full(size, float(found)) if found.ndim == 0 else found


def _value(tree: Any, data: Mapping[str, Column], functions: Functions) -> Any:
    kind, rest = tree[0], tree[1:]
    if kind == "column":
        return _numbers(data[rest[0]])
    if kind == "number":
        return float(rest[0])
    if kind == "text":
        return str(rest[0])
    if kind == "negative":
        return np.negative(_flat(rest[0], data, functions))
    if kind == "power":
        return np.power(np.asarray(_flat(rest[0], data, functions), dtype=np.float64), float(rest[1]))
    if kind in ("==", "!=") and "text" in (rest[0][0], rest[1][0]):
        return _same_text(kind, rest, data)
    if kind in _OPERATORS:
        result = _OPERATORS[kind](_flat(rest[0], data, functions), _flat(rest[1], data, functions))
        return np.asarray(result, dtype=np.float64)
    if kind in ELEMENTWISE:
        function = _SPECIAL.get(kind) or getattr(np, kind)
        return function(np.asarray(_flat(rest[0], data, functions), dtype=np.float64))
    if kind == "stateful" and rest[0] in STATEFUL:
        return _stateful(tree, data, functions)
    if kind == "caller":
        return _callers(rest[0], rest[1], data, functions)
    raise Unsuitable(f"{str(kind)[:40]!r} is not a part of a formula")


def _numbers(column: Column) -> np.ndarray:
    if column.numbers is None:
        raise Unsuitable(f"{column.name!r} holds text, where numbers are needed")
    return column.numbers


def _flat(tree: Any, data: Mapping[str, Column], functions: Functions) -> Any:
    value = _value(tree, data, functions)
    if isinstance(value, str) or np.ndim(value) > 1:
        raise Unsuitable("a text or a basis of several columns stands where one number per study is needed")
    return value


def _same_text(kind: str, sides: list[Any], data: Mapping[str, Column]) -> np.ndarray:
    column, text = sides if sides[1][0] == "text" else sides[::-1]
    if column[0] != "column":
        raise Unsuitable("a text can be compared with a column only")
    same = np.array([item == text[1] for item in data[column[1]].labels], dtype=np.float64)
    return same if kind == "==" else 1.0 - same


def _callers(name: str, arguments: list[Any], data: Mapping[str, Column], functions: Functions) -> np.ndarray:
    if name not in functions:
        raise Unsuitable(
            f"{name} is a function of the caller, which no file holds; fit the model again with context="
        )
    given = [_argument(item, data, functions) for item in arguments]
    try:
        result = np.asarray(functions[name](*given), dtype=np.float64)
    except Exception as problem:  # whatever the caller's function raises is a problem of that function
        raise Unsuitable(
            f"{name} failed: {type(problem).__name__}: {' '.join(str(problem).split())[:120]}"
        ) from None
    return result


def _argument(tree: Any, data: Mapping[str, Column], functions: Functions) -> Any:
    if tree[0] == "column" and data[tree[1]].numbers is None:
        return np.array(data[tree[1]].labels, dtype=object)
    return _value(tree, data, functions)


def _stateful(tree: list[Any], data: Mapping[str, Column], functions: Functions) -> np.ndarray:
    _, name, inner, options, state = tree
    x = np.asarray(_flat(inner, data, functions), dtype=np.float64)
    x = np.atleast_1d(x)
    if state is None:
        if not np.isfinite(x).all():
            raise Unsuitable(f"{name} needs finite values")
        tree[4] = state = _learn(name, x, options)
    if name in ("center", "scale", "standardize"):
        return (x - state["center"]) / state["scale"]
    if name == "poly":
        return _poly(x, state)
    return _spline(name, x, options, state)


def _learn(name: str, x: np.ndarray, options: Mapping[str, Any]) -> dict[str, Any]:
    if name in ("center", "scale", "standardize"):
        return _location_and_scale(name, x, options)
    if name == "poly":
        return _recurrence(x, options)
    state: dict[str, Any] = {}
    _spline(name, x, options, state)
    constraints = state.get("constraints")
    if constraints is not None:
        state["constraints"] = np.asarray(constraints, dtype=float).tolist()
    return state


def _location_and_scale(name: str, x: np.ndarray, options: Mapping[str, Any]) -> dict[str, float]:
    center = options.get("center", True)
    rescale = options.get("rescale" if name == "standardize" else "scale", name != "center")
    ddof = options.get("ddof", 0 if name == "standardize" else 1)
    location = (float(np.mean(x)) if center else 0.0) if isinstance(center, bool) else float(center)
    spread = 1.0 if isinstance(rescale, bool) else float(rescale)
    if rescale is True:
        gap = x - location
        spread = float(np.sqrt(np.sum(gap**2) / (x.size - float(ddof))))
    if not (np.isfinite(spread) and spread != 0):
        raise Unsuitable(f"{name} divides by a standard deviation of {spread:g}")
    return {"center": location, "scale": spread}


def _recurrence(x: np.ndarray, options: Mapping[str, Any]) -> dict[str, Any]:
    """Coefficients of the three-term recurrence of orthogonal polynomials on the data (Stieltjes; Gautschi
    2004, doi:10.1093/oso/9780198506720.001.0001).
    """
    degree, raw = options.get("degree", 1), bool(options.get("raw", False))
    if degree < 1:
        raise Unsuitable("poly needs a degree of at least 1")
    if raw:
        return {"raw": True, "degree": degree}
    if np.unique(x).size <= degree:
        raise Unsuitable(f"poly of degree {degree} needs more than {degree} different values")
    alpha: list[float] = []
    norms: list[float] = []
    before, now = np.zeros_like(x), np.ones_like(x)
    for i in range(degree + 1):
        norms.append(float(np.sum(now**2)))
        if i == degree:
            break
        alpha.append(float(np.sum(x * now**2) / np.sum(now**2)))
        beta = norms[i] / norms[i - 1] if i else 0.0
        before, now = now, (x - alpha[i]) * now - beta * before
    return {"raw": False, "degree": degree, "alpha": alpha, "norms": norms}


def _poly(x: np.ndarray, state: Mapping[str, Any]) -> np.ndarray:
    degree = int(state["degree"])
    if state["raw"]:
        return np.stack([np.power(x, i) for i in range(1, degree + 1)], axis=1)
    columns = []
    before, now = np.zeros_like(x), np.ones_like(x)
    for i in range(degree):
        beta = state["norms"][i] / state["norms"][i - 1] if i else 0.0
        before, now = now, (x - state["alpha"][i]) * now - beta * before
        columns.append(now / np.sqrt(state["norms"][i + 1]))
    return np.stack(columns, axis=1)


def _spline(name: str, x: np.ndarray, options: Mapping[str, Any], state: dict[str, Any]) -> np.ndarray:
    """B-splines and cubic regression splines by formulaic, with its state as plain data."""
    from formulaic.transforms import TRANSFORMS

    inside = {key: value for key, value in state.items() if value is not None or key == "constraints"}
    if isinstance(inside.get("constraints"), list):
        inside["constraints"] = np.asarray(inside["constraints"], dtype=float)
    try:
        basis = TRANSFORMS[name](x, **dict(options), _state=inside)
        if not state:
            state.update(inside)
    except (ArithmeticError, LookupError, TypeError, ValueError) as problem:
        reason = " ".join(str(problem).split())
        if "extend beyond" in reason or "beyond upper" in reason:
            low, high = state.get("lower_bound", np.nan), state.get("upper_bound", np.nan)
            outside = x[(x < low) | (x > high)]
            which = f"{outside[0]:g} " if outside.size else "a value "
            raise Unsuitable(
                f"{which}lies outside the range of the spline {name}, {low:g} to {high:g}; give "
                "extrapolation='clip' or 'extend' in the formula"
            ) from None
        raise Unsuitable(f"{name}: {reason[:150]}") from None
    return np.stack([np.asarray(part, dtype=float) for _, part in sorted(basis.items())], axis=1)


def fields_of(tree: list[Any], width: int) -> tuple[list[str], bool]:
    """Names of a basis's columns, and whether the first is there for models without an intercept only.

    A raw polynomial counts from 0, as formulaic has it.
    """
    spans = tree[0] == "stateful" and tree[1] == "bs" and bool(tree[3].get("include_intercept", False))
    raw = tree[0] == "stateful" and tree[1] == "poly" and bool(tree[3].get("raw", False))
    first = 0 if spans or raw else 1
    return [str(i) for i in range(first, first + width)], spans


def check_tree(tree: Any, depth: int = 0) -> None:
    """Refuse a stored tree that is not one: it may come from anybody's file."""
    if depth > 200 or not isinstance(tree, list) or not tree or not isinstance(tree[0], str):
        raise InputError("the stored formula is damaged; fit the model again")
    kind, rest = tree[0], tree[1:]
    shapes: dict[str, tuple[int, int]] = {"negative": (1, 1), "power": (2, 1)}
    shapes |= dict.fromkeys(_OPERATORS, (2, 2)) | dict.fromkeys(ELEMENTWISE, (1, 1))
    good = False
    if kind in ("column", "text"):
        good = len(rest) == 1 and isinstance(rest[0], str)
    elif kind == "number":
        good = len(rest) == 1 and isinstance(rest[0], int | float)
    elif kind in shapes:
        good = len(rest) == shapes[kind][0] and (kind != "power" or isinstance(rest[1], int | float))
        for part in rest[: shapes[kind][1]]:
            check_tree(part, depth + 1)
    elif kind == "stateful" and len(rest) == 4:
        good = rest[0] in STATEFUL and isinstance(rest[2], dict) and isinstance(rest[3], dict)
        good = good and set(rest[2]) <= set(STATEFUL[rest[0]]) and _small(rest[2]) and _small(rest[3])
        good = good and _LEARNED[rest[0]] <= set(rest[3])
        check_tree(rest[1], depth + 1)
    elif kind == "caller" and len(rest) == 2:
        good = isinstance(rest[0], str) and isinstance(rest[1], list)
        for part in rest[1] if good else ():
            check_tree(part, depth + 1)
    if not good:
        raise InputError("the stored formula is damaged; fit the model again")


_LEARNED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("center", "scale", "standardize"), frozenset({"center", "scale"})),
    **dict.fromkeys(("bs", "cr", "cs", "cc"), frozenset({"lower_bound", "upper_bound", "knots"})),
    "poly": frozenset({"raw", "degree"}),
}
"""What each transform keeps from the data of the fit."""


def _small(options: Mapping[str, Any]) -> bool:
    """Whether no number or list among the options asks for unbounded work."""
    limit = 200
    sizes = [len(value) for value in options.values() if isinstance(value, list)]
    counts = [value for key, value in options.items() if key in ("degree", "df") and value is not None]
    return all(size <= limit for size in sizes) and all(
        isinstance(value, int) and 0 <= value <= limit for value in counts
    )
