"""What an old surface had and a new one has not; pure functions of two records."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FORWARDED = Path(__file__).with_name("forwarded.toml")
# A parameter, command, option or column that people write down must forward; of these the reason is enough.
CHANGEABLE = frozenset(("default", "open keywords", "member"))


class Loss(NamedTuple):
    """One thing that is gone: its kind, and where it was."""

    kind: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.what}"


@cache
def lists() -> dict[str, list[dict[str, str]]]:
    """What forwards, and what was changed with a reason."""
    read = tomllib.loads(FORWARDED.read_text(encoding="utf-8"))
    return {"forwarded": read.get("forwarded", []), "changed": read.get("changed", [])}


def listed() -> frozenset[Loss]:
    """The losses that ``forwarded.toml`` accounts for."""
    known = lists()
    return frozenset(Loss(entry["kind"], entry["what"]) for part in known.values() for entry in part)


def parameters(where: str, old: dict[str, str], new: dict[str, str]) -> Iterator[Loss]:
    """Calls that were allowed and are not any more.

    >>> old = {"a": "either", "b": "keyword = 1", "c": "open keywords"}
    >>> [str(loss) for loss in parameters("f", old, {"a": "keyword", "b": "keyword = 2", "d": "keyword"})]
    ['position f(a)', 'default f(b)', 'open keywords f(**c)', 'required f(d)']
    """
    places = [name for name, kind in new.items() if kind.startswith(("positional", "either"))]
    at = 0
    for name, told in old.items():
        kind, _, default = told.partition(" = ")
        now, _, default_now = new.get(name, "").partition(" = ")
        by_place = kind in ("positional", "either")
        if kind.startswith("open"):
            if now != kind:
                yield Loss(kind, f"{where}({'**' if kind == 'open keywords' else '*'}{name})")
            continue
        if not now:
            yield Loss("parameter", f"{where}({name})")
        elif by_place and places[at : at + 1] != [name]:
            yield Loss("position", f"{where}({name})")
        elif kind in ("either", "keyword") and now == "positional":
            yield Loss("keyword", f"{where}({name})")
        elif default and not default_now:
            yield Loss("required", f"{where}({name})")
        elif default != default_now and default:
            yield Loss("default", f"{where}({name})")
        at += by_place
    for name, told in new.items():
        if name not in old and " = " not in told and not told.startswith("open"):
            yield Loss("required", f"{where}({name})")


def members(where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Loss]:
    """Attributes and methods of one class.

    >>> [str(loss) for loss in members("Fit", {"a": "attribute", "b": {"x": "either"}}, {"b": {}})]
    ['member Fit.a', 'parameter Fit.b(x)']
    """
    for name, told in old.items():
        now = new.get(name)
        if now is None or (now == "attribute") != (told == "attribute"):
            yield Loss("member", f"{where}.{name}")
        elif told != "attribute":
            yield from parameters(f"{where}.{name}", told, now)


def names(where: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Loss]:
    """Names of one module."""
    for name, told in old.items():
        now = new.get(name)
        if now is None:
            yield Loss("name", f"{where}.{name}")
            continue
        yield from parameters(f"{where}.{name}", told.get("parameters", {}), now.get("parameters", {}))
        yield from members(f"{where}.{name}", told.get("members", {}), now.get("members", {}))


def tables(where: str, old: dict[str, list[str]], new: dict[str, list[str]]) -> Iterator[Loss]:
    """Columns of tables.

    >>> [str(loss) for loss in tables("pool", {"tidy": ["a", "b"]}, {"tidy": ["b", "c"]})]
    ['column pool.tidy: a']
    """
    for name, told in old.items():
        table = f"{where}.{name}".rstrip(".")
        for column in told:
            if column not in new.get(name, ()):
                yield Loss("column", f"{table}: {column}")


def options(where: str, old: dict[str, str], new: dict[str, str]) -> Iterator[Loss]:
    """Options and arguments of one command."""
    for name, told in old.items():
        if name not in new:
            yield Loss("option", f"{where} {name}")
        elif "required" in new[name] and "required" not in told:
            yield Loss("required", f"{where} {name}")
    for name, now in new.items():
        if name not in old and "required" in now:
            yield Loss("required", f"{where} {name}")


def losses(old: dict[str, Any], new: dict[str, Any]) -> list[Loss]:
    """All of them, of two whole records."""
    found: list[Loss] = []
    for name, told in old["modules"].items():
        found += names(name, told, new["modules"].get(name, {}))
    for name, told in old["examples"].items():
        found += tables(name, told["tables"], new["examples"][name]["tables"])
    for name, told in old["members"].items():
        found += members(name, told, new["members"].get(name, {}))
    for name, told in old["commands"].items():
        if name not in new["commands"]:
            found.append(Loss("command", f"meta {name}"))
        found += options(f"meta {name}".rstrip(), told, new["commands"].get(name, {}))
    for part in ("datasets", "results"):
        found += tables(part, old[part], new[part])
    return found
