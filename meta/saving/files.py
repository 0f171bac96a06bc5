"""Files of results: what stands at their top, and what is said of a file that cannot be read."""

from __future__ import annotations

import json
import os
import platform
import re
from dataclasses import fields, is_dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from meta.arguments import check_arguments
from meta.errors import InputError
from meta.keywords import keywords
from meta.saving.encode import encode
from meta.saving.saved_classes import class_named, name_of

FORMAT = "meta-verdict/1"
OPTIONS = (
    "measure",
    "method",
    "model",
    "test",
    "level",
    "user_weights",
    "engine",
    "effect_prior",
    "tau_prior",
    "priors",
    "direction",
    "levels",
    "rho",
    "struct",
    "link",
    "kind",
    "df_method",
    "cluster",
    "side",
    "estimator",
    "centre_method",
    "steps",
    "fixed",
    "alpha",
    "power",
    "target",
    "predictor",
    "exact",
    "continuity",
    "variant",
)
"""Fields that were choices, repeated at the top of a file for whoever reads it."""


def save(result: Any, path: str | Path) -> Path:
    """Write a result to a .json file; see :meth:`meta.saving.Saved.save`."""
    target = Path(path)
    if target.suffix.lower() != ".json":
        raise InputError(f"a result is saved as JSON: {str(path)!r} must end in .json")
    text = dumps(result)
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror}") from None
    return target


@keywords
def load(path: str | Path) -> Any:
    """Read a result that was written by its ``save``.

    Parameters
    ----------
    path : str or Path
        The .json file.

    Returns
    -------
    object
        A result of the class that was saved, with equal numbers.

    Raises
    ------
    InputError
        If the file does not exist, is not a file of results, comes from a newer format, is damaged, or holds
        numbers that no result has: p outside 0 to 1, se below 0, an estimate outside its interval.

    Examples
    --------
    >>> import meta, tempfile
    >>> fit = meta.pool(yi=[0.1, 0.4, 0.3], vi=[0.04, 0.02, 0.05])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     again = meta.load(fit.save(f"{folder}/fit.json"))
    >>> again.estimate == fit.estimate
    True
    """
    check_arguments(load, locals())
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{str(path)!r} is not a file of results: it is not text") from None
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    try:
        return loads(text)
    except InputError as error:
        raise InputError(f"{str(path)!r} cannot be loaded: {error}") from None


def dumps(result: Any) -> str:
    """Return a result as the text of a file."""
    if not is_dataclass(result) or isinstance(result, type):
        raise InputError(f"a {type(result).__name__} cannot be saved; save one result at a time")
    content = {
        "format": FORMAT,
        "class": name_of(type(result)),
        "versions": _versions(),
        "options": _options(result),
        "content": encode(result),
    }
    return _pretty(content) + "\n"


def loads(text: str) -> Any:
    """Return the result that a file's text holds."""
    from meta.saving.decode import decode

    try:
        content = json.loads(text, parse_constant=_no_constant)
        _check_head(content)
        made = decode(content["content"])
    except json.JSONDecodeError as error:
        raise InputError(f"it is not JSON ({error.msg} in line {error.lineno})") from None
    except InputError:
        raise
    except ValueError:
        raise InputError("it holds a number of thousands of digits, which no result has") from None
    except RecursionError:
        raise InputError("it is nested too deeply to be a file of results") from None
    if type(made) is not class_named(content["class"]):
        raise InputError(f"it says it holds a {content['class']}, but holds a {type(made).__name__}")
    return made


def _check_head(content: Any) -> None:
    form = content.get("format") if isinstance(content, dict) else None
    if not isinstance(form, str) or not form.startswith("meta-verdict/"):
        raise InputError("it is not a result saved by meta-verdict, as it does not say 'format'")
    if form != FORMAT:
        newest = re.fullmatch(r"meta-verdict/(\d{1,6})", form)
        made = (content.get("versions") or {}) if isinstance(content.get("versions"), dict) else {}
        if newest and int(newest.group(1)) > 1:
            raise InputError(
                f"its format {form!r} is newer than {FORMAT!r}; "
                f"use meta-verdict {str(made.get('meta', 'of a later date'))[:20]}"
            )
        raise InputError(f"its format is {form[:40]!r}, but this version reads {FORMAT!r}")
    for key in ("class", "content"):
        if key not in content:
            raise InputError(f"it lacks {key!r}")
    class_named(content["class"])


def _no_constant(name: str) -> float:
    raise InputError(f"it is not strict JSON: it holds a bare {name}")


def _versions() -> dict[str, str]:
    import meta

    found = {"meta": meta.__version__, "python": platform.python_version()}
    for package in ("numpy", "scipy", "pandas"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _options(result: Any) -> dict[str, Any]:
    """The choices behind a result, readable: plain values, and priors as they print."""
    found = {name: getattr(result, name, None) for name in OPTIONS}
    holder = getattr(result, "options", None)
    if is_dataclass(holder):
        found |= {item.name: getattr(holder, item.name) for item in fields(holder)}
    found["formula"] = getattr(getattr(result, "design", None), "formula", "") or None
    return {
        name: _readable(value)
        for name, value in found.items()
        if value is not None and not callable(value) and not hasattr(value, "shape")
    }


def _readable(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_readable(item) for item in value]
    if isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else str(value)
    return str(value)


def _pretty(value: Any, indent: int = 0) -> str:
    """JSON with one line per field, and lists of plain values on one line."""
    inner = "  " * (indent + 1)
    if isinstance(value, dict) and value:
        rows = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_pretty(item, indent + 1)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(rows) + "\n" + "  " * indent + "}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        rows = [inner + _pretty(item, indent + 1) for item in value]
        return "[\n" + ",\n".join(rows) + "\n" + "  " * indent + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
