"""The public surface as data: names, signatures, attributes, columns, commands, data sets.

``python -m tests.net.surface`` rewrites ``surface.json``. What the record holds must go on working
(``test_surface.py``); what is new may be recorded at any time, and need not be.
"""

from __future__ import annotations

import csv
import importlib
import inspect
import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import typer

import meta
from meta.cli import app
from meta.commands.flags import ARGUMENTS
from tests.net.surface_examples import EXAMPLES

HERE = Path(__file__).parent
STORED = HERE / "surface.json"
RESULTS = HERE.parents[1] / "results"
MODULES = ("", "bayes", "bias", "diagnostics", "plots", "priors", "datasets")
# Offered on demand by a module-level __getattr__, and so in nobody's __all__.
ON_DEMAND = {
    "bayes": (
        *("bayes_correlation", "bayes_counts", "bayes_location_scale", "bayes_multilevel"),
        *("bayes_unknown_sd", "borrowed_sd", "compare_loo", "leave_one_out", "model_average"),
    ),
    "priors": (
        *("DuMouchel", "Jeffreys", "Shrinkage", "unit_information_sd", "plot_sensitivity", "sensitivity"),
        *("effective_sample_size", "map_prior", "cochrane", "informed", "rhodes", "turner", "van_erp"),
    ),
}
Surface = dict[str, Any]


def signature(function: Any) -> dict[str, str]:
    """Parameters by name, each with its kind and its default, in their order; without ``self``.

    >>> signature(lambda a, /, b=1, *, c, d=None, **e: 0)
    {'a': 'positional', 'b': 'either = 1', 'c': 'keyword', 'd': 'keyword = None', 'e': 'open keywords'}
    """
    words = {
        inspect.Parameter.POSITIONAL_ONLY: "positional",
        inspect.Parameter.POSITIONAL_OR_KEYWORD: "either",
        inspect.Parameter.KEYWORD_ONLY: "keyword",
        inspect.Parameter.VAR_POSITIONAL: "open positions",
        inspect.Parameter.VAR_KEYWORD: "open keywords",
    }
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # classes written in C have none
        return {}
    return {
        p.name: words[p.kind] + ("" if p.default is p.empty else f" = {_default(p.default)}")
        for p in found
        if p.name != "self"
    }


def _default(value: object) -> str:
    """The default as written; of an object its class, as its print-out changes with its fields."""
    plain = value is None or isinstance(value, bool | int | float | str | tuple | list | dict)
    return repr(value) if plain else type(value).__name__


def public(kind: type) -> list[str]:
    """Public names of a class and its dataclass fields, without what it has from builtins.

    >>> class A(dict):
    ...     x = 1
    >>> public(A)
    ['x']
    """
    builtin = {name for base in kind.__mro__ if base.__module__ == "builtins" for name in dir(base)}
    own = {item.name for item in fields(kind)} if is_dataclass(kind) else set()
    return sorted(name for name in {*dir(kind), *own} - builtin if not name.startswith("_"))


def of_class(kind: type) -> Surface:
    """Attributes of a class; for a method its parameters."""
    found: Surface = {}
    for name in public(kind):
        value = inspect.getattr_static(kind, name, None)
        plain = value.__func__ if isinstance(value, staticmethod | classmethod) else value
        if inspect.isfunction(plain):
            parameters = signature(plain)
            if isinstance(value, classmethod):
                parameters.pop(next(iter(parameters)))
            found[name] = parameters
        else:
            found[name] = "attribute"
    return found


def of_name(value: Any) -> Surface:
    """One name of a module."""
    if isinstance(value, ModuleType):
        return {"is": "module"}
    if inspect.isclass(value):
        return {"is": "class", "parameters": signature(value), "members": of_class(value)}
    if callable(value):
        return {"is": "function", "parameters": signature(value)}
    return {"is": "value"}


def module(name: str) -> ModuleType:
    if name == "priors":
        return meta.priors
    return importlib.import_module(f"meta.{name}" if name else "meta")


def modules(known: Surface) -> Surface:
    """Every public module with its names, also with those ``known`` that it does not list any more."""
    found: Surface = {}
    for name in MODULES:
        held, full = module(name), f"meta.{name}".rstrip(".")
        names = {*getattr(held, "__all__", ()), *ON_DEMAND.get(name, ()), *known.get(full, ())}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            values = {item: getattr(held, item, None) for item in sorted(names)}
        found[full] = {item: of_name(value) for item, value in values.items() if value is not None}
    # meta.bayes is a module that can be called: its parameters are those of the function behind it.
    found["meta"]["bayes"]["parameters"] = signature(bayes_function())
    return found


def bayes_function() -> Any:
    """The function behind ``meta.bayes``, wherever it lives."""
    EXAMPLES["bayes"]()  # so that its module is there
    for name, held in sorted(sys.modules.items()):
        found = getattr(held, "bayes", None) if name.startswith("meta.") else None
        if (
            inspect.isfunction(found)
            and {"effect", "tau"} <= set(signature(found))
            and "yi" in signature(found)
        ):
            return found
    return type(meta.bayes).__call__


def columns(value: object) -> list[str] | None:
    """Columns of a table, or keys of a dictionary."""
    if isinstance(value, pd.DataFrame):
        return [str(name) for name in value.columns]
    return [str(key) for key in value] if isinstance(value, dict) else None


def tables(value: Any) -> Iterator[tuple[str, list[str]]]:
    """The tables that an object offers without being asked for anything particular."""
    for name in public(type(value)):
        static = inspect.getattr_static(type(value), name, None)
        if inspect.isfunction(static):
            needed = [kind for kind in signature(static).values() if "=" not in kind and "open" not in kind]
            returns = str(static.__annotations__.get("return", ""))
            if needed or not ("DataFrame" in returns or name == "to_dict"):
                continue
            found = columns(getattr(value, name)())
        else:
            found = columns(getattr(value, name, None))
            if not isinstance(getattr(value, name, None), pd.DataFrame):
                continue
        if found is not None:
            yield name, found


def of_example(name: str) -> Surface:
    """What one object offers: its class with its members, and its tables."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value = EXAMPLES[name]()
        if isinstance(value, pd.DataFrame):
            return {"is": "DataFrame", "members": {}, "tables": {"": columns(value)}}
        kind = type(value)
        return {"is": kind.__name__, "members": of_class(kind), "tables": dict(tables(value))}


def commands() -> Surface:
    """Every command with its options and arguments, each with all its spellings."""
    group: Any = typer.main.get_command(app)
    found = {"": _options(group)} | {name: _options(one) for name, one in sorted(group.commands.items())}
    return found | {"columns as options": dict.fromkeys(sorted(ARGUMENTS), "option")}


def _options(command: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in command.params:
        kind = item.param_type_name  # not by class: newer versions of typer carry a click of their own
        told = f"{kind}{' required' if item.required else ''}"
        for spelling in (item.name or "",) if kind == "argument" else (*item.opts, *item.secondary_opts):
            found[spelling] = told
    return found


def datasets() -> dict[str, list[str]]:
    return {name: list(meta.datasets.load(name).columns) for name in meta.datasets.names()}


def results() -> dict[str, list[str]]:
    """Columns of the tables that ``meta run`` writes, and keys of its JSON files."""
    found = {}
    for path in sorted(RESULTS.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.name] = next(csv.reader(file))
    # a name with a dot first is what a run keeps for the next, and is not committed
    for path in sorted(RESULTS.glob("[!.]*.json")):
        read = json.loads(path.read_text(encoding="utf-8"))
        found[path.name] = sorted(read)
        found[f"{path.name}, claims"] = sorted({key for entry in read["claims"].values() for key in entry})
    return found


def surface(known: Surface) -> Surface:
    """All of it; members of a class once, by the example that comes first."""
    examples = {name: of_example(name) for name in EXAMPLES}
    members: Surface = {}
    for entry in examples.values():
        members.setdefault(entry["is"], {}).update(entry.pop("members"))
    return {
        "modules": modules(known.get("modules", {})),
        "examples": examples,
        "members": members,
        "commands": commands(),
        "datasets": datasets(),
        "results": results(),
    }


def stored() -> Surface:
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}


def written(found: Surface) -> str:
    """As JSON with one line per name, so that a change shows in a diff."""
    parts = []
    for part, entries in found.items():
        lines = []
        for name, entry in entries.items():
            if part == "modules":
                inner = [f"   {json.dumps(key)}: {json.dumps(value)}" for key, value in entry.items()]
                shown = "{\n" + ",\n".join(inner) + "\n  }"
            else:
                shown = json.dumps(entry)
            lines.append(f"  {json.dumps(name)}: {shown}")
        parts.append(f" {json.dumps(part)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Write the record, unless something in it has gone and is not listed in ``forwarded.toml``."""
    from tests.net.surface_losses import listed, losses

    known = stored()
    found = surface(known)
    gone = [loss for loss in losses(known, found) if loss not in listed()] if known else []
    if gone:
        raise SystemExit("nothing was written; these are gone:\n" + "\n".join(map(str, gone)))
    STORED.write_text(written(found), encoding="utf-8")


if __name__ == "__main__":
    main()
