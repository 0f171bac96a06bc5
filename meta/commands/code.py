"""``--code``: the Python that does what a command does, from the file to the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meta.commands.preparation import Preparation
from meta.commands.table_reading import Loaded
from meta.errors import InputError

LANGUAGES = ("python", "r")
WIDTH = 100
"""Characters after which a call is broken into one line per argument."""


def check_code(code: str | None, *, r: bool = True) -> None:
    """Refuse a language that a command does not write.

    >>> check_code("julia")
    Traceback (most recent call last):
    ...
    meta.errors.InputError: --code must be python or r, not 'julia'
    """
    if code is None or code == "python" or (r and code in LANGUAGES):
        return
    if code in LANGUAGES:
        raise InputError(
            "--code r is for meta pool, forest, funnel, regress, multilevel, network and dose; "
            "leave out r for Python"
        )
    raise InputError(f"--code must be python or r, not {code!r}")


def call(target: str, function: str, arguments: Sequence[str]) -> str:
    """An assignment of a call, one line per argument where it is long.

    >>> call("fit", "meta.pool", ["es", "method='DL'"])
    "fit = meta.pool(es, method='DL')"
    """
    start = f"{target} = {function}" if target else function  # an inner call has no target
    line = f"{start}({', '.join(arguments)})"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{start}(", *(f"    {item}," for item in arguments), ")"])


def keywords_of(given: Mapping[str, Any], usual: Mapping[str, Any] = {}) -> list[str]:
    """Keyword arguments as Python, without those that are None or as they usually are.

    >>> keywords_of({"method": "DL", "level": 0.95, "by": None}, {"level": 0.95})
    ["method='DL'"]
    """
    return [
        f"{name}={value!r}"
        for name, value in given.items()
        if value is not None and (name not in usual or value != usual[name])
    ]


def python(loaded: Loaded, lines: Sequence[str], *, effects: bool = True) -> str:
    """The whole script: the table, the effects, and what the command does with them.

    Parameters
    ----------
    loaded : Loaded
        What was read.
    lines : sequence of str
        What follows, of the table ``table`` and the effects ``es``.
    effects : bool
        Whether the effects are needed.
    """
    made = [_effects(loaded)] if effects else []
    return script(loaded.made, loaded.table, [*made, *lines])


def script(made: Preparation, table: Mapping[str, Any], lines: Sequence[str]) -> str:
    """The imports, the lines that read ``table`` from its file, and what follows."""
    body = [*_table(made, table), *lines]
    imports = [line for module, line in _IMPORTS.items() if any(f"{module}." in item for item in body)]
    return "\n".join([*imports, "import meta", "", *body])


_IMPORTS = {"dataclasses": "import dataclasses", "pd": "import pandas as pd"}


def named_columns_of(loaded: Loaded) -> list[str]:
    """The columns as keyword arguments, computed ones as expressions, and the labels."""
    made = loaded.made
    found = [f"{argument}={name!r}" for argument, name in loaded.columns.items()]
    found += [f"{argument}={text}" for argument, text in made.expressions.items()]
    if made.labels:
        found.append(f"study={made.labels[0]!r}" if len(made.labels) == 1 else f"study={list(made.labels)!r}")
    return found


def _effects(loaded: Loaded) -> str:
    columns = named_columns_of(loaded)
    return call(
        "es",
        "meta.effect_sizes",
        ["table", f"measure={loaded.measure!r}", *columns, *keywords_of(loaded.call)],
    )


def _table(made: Preparation, table: Mapping[str, Any]) -> list[str]:
    """The lines that read the table and leave out, or correct, what the command did."""
    if made.source == "-":
        return [_typed_in(table)]
    if made.outcome:
        lines = [call("table", "meta.read_revman", [repr(made.source), f"outcome={made.outcome!r}"])]
    else:
        options = ("sheet", "header", "skip", "decimal", "encoding")
        given = {name: getattr(made.reading, name) for name in options}
        lines = [call("table", "meta.read_table", [repr(made.source), *keywords_of(given)])]
    if made.blanked:
        codes = [float(code) for code in str(made.reading.missing).split(",")]
        lines.append(f"used = {list(made.blanked)!r}")
        lines.append(f"table[used] = table[used].replace({codes!r}, float('nan'))")
    if made.gone:
        lines.append(f"table = table.drop(index={list(made.gone)!r}).reset_index(drop=True)")
    for name in made.remade:
        lines.append(f"table[{name!r}] = {_literal(table[name])}")
    return lines


def _typed_in(table: Mapping[str, Any]) -> str:
    columns = [f"    {name!r}: {_literal(values)}," for name, values in table.items()]
    return "\n".join(["table = pd.DataFrame({", *columns, "})"])


def _literal(values: Any) -> str:
    """A column as Python writes it.

    >>> _literal(np.array([1.5, np.nan])), _literal(np.array(["A", None], dtype=object))
    ("[1.5, float('nan')]", "['A', None]")
    """
    cells = ["float('nan')" if value != value else repr(value) for value in np.asarray(values).tolist()]
    return f"[{', '.join(cells)}]"
