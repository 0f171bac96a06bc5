"""Arguments of public functions, checked against their annotations: a wrong type is one sentence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from numbers import Integral, Real
from typing import Any

import numpy as np

from meta.errors import InputError, Notes, OptionWarning, unknown_option
from meta.formatting import shown, with_article
from meta.missing import absent, unmasked

WORDS = {
    "float": "a number",
    "int": "a whole number",
    "str": "text",
    "bool": "True or False",
    "None": "None",
    "Path": "a path",
    "Sequence": "a list",
    "tuple": "a tuple",
    "Mapping": "a dictionary",
    "dict": "a dictionary",
    "Callable": "a function",
}
SAME = {"Engine": "str", "os.PathLike": "Path", "PathLike": "Path", "Literal": "str", "On": "str"}
ANYTHING = ("Any", "ArrayLike", "object")


def check_arguments(function: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Refuse an argument whose type the function's annotations do not allow, and numbers that are none.

    Parameters
    ----------
    function : callable
        Annotated with text (``from __future__ import annotations``).
    given : mapping of str to object
        Its arguments by name, such as ``locals()`` at its beginning.

    Raises
    ------
    InputError
        With the argument's name, what it may be, and what it was.

    Examples
    --------
    >>> def draw(*, level: float = 0.95, sizes: Sequence[int] = ()): ...
    >>> check_arguments(draw, {"level": 0.9, "sizes": (1, 2)})
    >>> check_arguments(draw, {"level": "high"})
    Traceback (most recent call last):
    ...
    meta.errors.InputError: level must be a number, not 'high'
    >>> check_arguments(draw, {"sizes": [1, 2.5]})
    Traceback (most recent call last):
    ...
    meta.errors.InputError: sizes must be a list of whole numbers, not [1, 2.5]
    """
    for name, kinds in _limited(function):
        if name not in given:
            continue
        if kinds and not any(_fits(given[name], kind) for kind in kinds):
            raise InputError(f"{name} must be {_told(kinds)}, not {shown(given[name])}")
        if name == "level" and given[name] is not None:
            check_level(given[name])
        if name == "seed":
            check_seed(given[name])
        if ("Path", ()) in kinds and given[name] is not None:
            check_path(given[name], name)


def floats(values: Any, name: str, *, ndim: tuple[int, ...] = ()) -> np.ndarray:
    """An array of floats, missing and masked values as NaN; refused where it holds anything but numbers.

    >>> floats([1, None], "mods").tolist()
    [1.0, nan]
    >>> floats(np.ma.masked_array([1, 99], mask=[False, True]), "weights").tolist()
    [1.0, nan]
    >>> floats([[1], [1, 2]], "V")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: V must be numbers; a value in it is not
    """
    try:
        found = unmasked(values)
        if found.dtype.kind in "SUcMm":
            raise TypeError
        if found.dtype.kind == "O":
            found = np.where(absent(found), np.nan, found)
        found = found.astype(float, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be numbers; a value in it is not") from None
    if ndim and found.ndim not in ndim:
        told = " or ".join(f"{n}" for n in ndim)
        raise InputError(f"{name} must have {told} dimension(s), not the shape {found.shape}")
    return found


def one_each(values: Any, name: str, k: int) -> np.ndarray:
    """An array with one value, number or label, for each of ``k`` rows.

    >>> one_each(["a", "b"], "cluster", 3)
    Traceback (most recent call last):
    ...
    meta.errors.InputError: cluster must have one value for each of the 3 rows, not the shape (2,)
    """
    try:
        found = unmasked(values)
    except ValueError:
        raise InputError(f"{name} must be one list of values; it holds lists of several lengths") from None
    if found.shape != (k,):
        raise InputError(f"{name} must have one value for each of the {k} rows, not the shape {found.shape}")
    if found.dtype.kind == "c":
        raise InputError(f"{name} must be numbers or labels, not complex numbers")
    return found


def check_level(level: Any) -> float:
    """A confidence or credible level: a number strictly between 0 and 1.

    Raises
    ------
    InputError
        For anything else; a percentage is told how to write it.

    Examples
    --------
    >>> check_level(0.95)
    0.95
    >>> check_level(95)
    Traceback (most recent call last):
    ...
    meta.errors.InputError: level must lie between 0 and 1, not 95; write 0.95 for 95%
    """
    if not is_number(level) or level != level:
        raise InputError(f"level must be a number, not {shown(level)}")
    if not 0 < level < 1:
        raise InputError(f"level must lie between 0 and 1, not {shown(level)}; write {_as_share(level)}")
    # Below 2^-52 the two tails 1/2 - level/2 and 1/2 + level/2 are one number: no interval is left.
    if not 0.5 - float(level) / 2 < 0.5:
        raise InputError(f"level must be above 1e-16, not {level}; write 0.95 for 95%")
    return float(level)


def _as_share(level: float) -> str:
    """What a percentage should have been; the usual level where it is none."""
    return f"{level / 100:g} for {level:g}%" if 1 < level < 100 else "0.95 for 95%"


LEAST_SHARE = 1e-9  # below, a share is a slip, and its normal quantile no longer means anything


def check_share(value: Any, name: str) -> float:
    """A share or probability that someone chooses: a number strictly between 0 and 1.

    >>> check_share(0.05, "alpha")
    0.05
    >>> check_share(5, "alpha")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: alpha must lie between 0 and 1, not 5; write 0.05 for 5%
    """
    if not is_number(value) or value != value:
        raise InputError(f"{name} must be a number, not {shown(value)}")
    if not LEAST_SHARE < value < 1:
        remedy = f"; write {_as_share(value)}" if 1 < value < 100 else ""
        raise InputError(f"{name} must lie between 0 and 1, not {shown(value)}{remedy}")
    return float(value)


DIRECTIONS = ("greater", "less", "two-sided")


def check_direction(direction: Any, allowed: tuple[str, ...] = DIRECTIONS) -> None:
    """Which effects are favoured, or on which side a tail lies; None leaves it to the function.

    >>> check_direction("positive")
    Traceback (most recent call last):
    ...
    meta.errors.UnknownOptionError: unknown direction 'positive'; allowed: greater, less, two-sided; ...
    """
    if direction is not None and direction not in allowed:
        raise unknown_option("direction", direction, allowed)


def check_seed(seed: Any) -> Any:
    """A seed: an integer that is not negative, a NumPy generator, or None for another draw every time.

    >>> check_seed(1), check_seed(None)
    (1, None)
    >>> check_seed(-1)
    Traceback (most recent call last):
    ...
    meta.errors.InputError: seed must be >= 0, not -1
    """
    if seed is None or isinstance(seed, np.random.Generator):
        return seed
    if not isinstance(seed, Integral) or isinstance(seed, bool):
        raise InputError(f"seed must be a whole number, a numpy.random.Generator or None, not {shown(seed)}")
    if seed < 0:
        raise InputError(f"seed must be >= 0, not {seed}")
    return seed


def idle_seed(seed: Any, where: str, notes: Notes) -> None:
    """Say that a seed changes nothing because nothing is drawn; a seed is harmless, so it is not refused."""
    if seed is not None:
        notes.warn(f"seed={shown(seed)} has no effect {where}, where nothing is drawn", OptionWarning)


def pair(values: Any, name: str, told: str = "x, y") -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of numbers of the same length.

    >>> pair(([1, 2], [3, 4]), "line")[1].tolist()
    [3.0, 4.0]
    """
    if isinstance(values, (str, set, dict)) or not hasattr(values, "__len__") or len(values) != 2:
        raise InputError(f"{name} must be a pair ({told}) of lists")
    first, second = values
    x, y = np.atleast_1d(floats(first, name)), np.atleast_1d(floats(second, name))
    if x.shape != y.shape or x.ndim != 1 or x.size == 0:
        raise InputError(f"{name} must be a pair ({told}) of lists of the same length")
    return x, y


def need(value: Any, name: str, told: str, *attributes: str) -> None:
    """Refuse a value that lacks what is needed of it.

    >>> need(3, "result", "a fit", "effects")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: result must be a fit, not 3
    """
    if isinstance(value, type) or not all(hasattr(value, item) for item in attributes):
        raise InputError(f"{name} must be {told}, not {shown(value)}")


def refuse_unused(where: str, given: Mapping[str, Any], used: Iterable[str] = ()) -> None:
    """Refuse options that were given (that are not None) and that would change nothing.

    Parameters
    ----------
    where : str
        In which circumstances the options have no effect: "with measure 'AS'", "without scale".
    given : mapping of str to object
        The options by name; None where the caller left one out.
    used : iterable of str
        Names of those that do have an effect.

    Examples
    --------
    >>> refuse_unused("with measure 'AS'", {"add": 0.5, "to": None})
    Traceback (most recent call last):
    ...
    meta.errors.InputError: add=0.5 has no effect with measure 'AS'; leave it out
    """
    for name, value in given.items():
        if value is not None and name not in used:
            raise InputError(f"{name}={shown(value)} has no effect {where}; leave it out")


def check_path(value: Any, name: str) -> None:
    """Refuse what no system takes for a path.

    >>> check_path("studies/doe-2001.toml", "path")
    """
    if not isinstance(value, (str, os.PathLike)):
        raise InputError(f"{name} must be a path, not {shown(value)}")
    text = str(os.fspath(value))
    # 255 bytes is the longest name that common file systems store
    if "\0" in text or any(len(os.fsencode(part)) > 255 for part in text.split(os.sep)):
        raise InputError(f"{name} cannot be a path: it is too long, or has a character that no path has")


Kind = tuple[str, tuple[Any, ...]]


@cache
def _limited(function: Callable[..., Any]) -> tuple[tuple[str, tuple[Kind, ...]], ...]:
    """The arguments that do not take anything, and what each takes."""
    found = ((name, _kinds(text)) for name, text in function.__annotations__.items() if name != "return")
    return tuple((name, kinds) for name, kinds in found if kinds or name == "seed")


@cache
def _kinds(annotation: str) -> tuple[Kind, ...]:
    """The alternatives of an annotation as names with arguments; empty where anything goes.

    >>> _kinds("Sequence[float] | bool")
    (('Sequence', ((('float', ()),),)), ('bool', ()))
    """
    found = []
    for part in _split(annotation, "|"):
        base, bracket, rest = part.partition("[")
        name = SAME.get(base, base)
        name = name if name in WORDS else name.rpartition(".")[2]
        if name in ANYTHING:
            return ()
        closed = base in ("Literal", "Callable", "os.PathLike")
        inner = _split(rest[:-1], ",") if bracket and not closed else []
        found.append((name, tuple(() if item == "..." else _kinds(item) for item in inner)))
    return tuple(found)


def _split(text: str, mark: str) -> list[str]:
    """Parts between marks that no bracket holds."""
    parts, depth = [""], 0
    for sign in text:
        depth += (sign == "[") - (sign == "]")
        if sign == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts]


def _fits(value: Any, kind: Kind) -> bool:
    name, inner = kind
    if name in _TESTS:
        return _TESTS[name](value, inner)
    return any(base.__name__ == name for base in type(value).__mro__)


def is_number(value: Any) -> bool:
    """Whether it is a real number that a double can hold; True and False are none.

    >>> is_number(0.5), is_number(True), is_number("1"), is_number(10**400)
    (True, False, False, False)
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _is_whole(value: Any, _: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and -(2**63) <= int(value) < 2**63


def _is_list(value: Any, inner: tuple[Any, ...]) -> bool:
    if isinstance(value, (str, bytes, Mapping, set)) or not hasattr(value, "__len__"):
        return False
    if not hasattr(value, "__getitem__") or hasattr(value, "columns"):
        return False
    kinds = inner[0] if inner else ()
    return not kinds or all(any(_fits(item, kind) for kind in kinds) for item in value)


def _is_tuple(value: Any, inner: tuple[Any, ...]) -> bool:
    if not _is_list(value, ()) or (len(value) != len(inner) and () not in inner and inner):
        return False
    pairs = zip(value, inner, strict=False)
    return all(not kinds or any(_fits(item, kind) for kind in kinds) for item, kinds in pairs)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "float": lambda value, _: is_number(value) and value == value,
    "int": _is_whole,
    "str": lambda value, _: isinstance(value, str),
    "bool": lambda value, _: isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"),
    "None": lambda value, _: value is None,
    "Path": lambda value, _: isinstance(value, os.PathLike),
    "Sequence": _is_list,
    "tuple": _is_tuple,
    "Mapping": lambda value, _: isinstance(value, Mapping),
    "dict": lambda value, _: isinstance(value, Mapping),
    "Callable": lambda value, _: callable(value),
}


def _told(kinds: tuple[Kind, ...], many: bool = False) -> str:
    told = []
    for name, inner in kinds:
        word = WORDS.get(name, with_article(name))
        of = _told(inner[0], many=True) if name == "Sequence" and inner and inner[0] else ""
        if many:
            plain = word.removeprefix("a ").removeprefix("an ")
            word = plain if name in ("str", "bool", "None") else f"{plain}s"
        told.append(f"{word} of {of}" if of else word)
    return " or ".join(dict.fromkeys(told))
