"""Comparing numbers by name, and the list of those that were changed on purpose."""

from __future__ import annotations

import math
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from tests.net.register import REFUSED, Numbers, Refusal

HERE = Path(__file__).parent
CHANGED = HERE / "changed.toml"
RTOL = 1e-10
ATOL = 1e-12
GONE, ADDED = "gone", "added"
Value = float | str


@dataclass(frozen=True)
class Deviation:
    """A number that is not what was stored; ``gone`` and ``added`` stand for no number there or here."""

    name: str
    old: Value
    new: Value

    def __str__(self) -> str:
        new = str(self.new) if isinstance(self.new, Refusal) else repr(self.new)
        return f"{self.name}: {self.old!r} was stored, {new} is found"


@cache
def changes() -> dict[str, tuple[Value, Value]]:
    """Every listed deviation by its full name: what was stored and what is right now."""
    found: dict[str, tuple[Value, Value]] = {}
    for entry in entries():
        for name, (old, new) in entry["values"].items():
            assert name not in found, f"changed.toml lists {name} twice"
            found[name] = (old, new)
    return found


def entries() -> list[dict]:
    """The entries of changed.toml: ``names`` (what they have in common), ``reason``, ``values``."""
    content = tomllib.loads(CHANGED.read_text(encoding="utf-8")) if CHANGED.exists() else {}
    for entry in content.get("changed", []):
        assert set(entry) == {"names", "reason", "values"}, f"changed.toml: {sorted(entry)}"
        assert len(entry["reason"]) > 20, f"changed.toml: say why {entry['names']} changed"
    return content.get("changed", [])


@cache
def _looser() -> list[tuple[str, float]]:
    content = tomllib.loads((HERE / "tolerances.toml").read_text(encoding="utf-8"))
    for entry in content["looser"]:
        assert set(entry) == {"names", "rtol", "reason"}, f"tolerances.toml: {sorted(entry)}"
    return [(entry["names"], entry["rtol"]) for entry in content["looser"]]


def tolerance(name: str) -> float:
    """The relative tolerance of a number: the loosest that tolerances.toml gives its name."""
    return max((rtol for pattern, rtol in _looser() if fnmatchcase(name, pattern)), default=RTOL)


def quantity(name: str) -> str:
    """The name without the element of an array: elements are judged by the size of their array."""
    base = name.split("[")[0]
    for tail in (".sum", ".weighted"):
        base = base.removesuffix(tail)
    return base


def deviations(where: str, stored: Numbers, found: Numbers) -> list[Deviation]:
    """What differs, by full name (``where/quantity``), without regard to what is listed.

    New numbers are welcome. A new refusal is one deviation, whatever is gone with it.
    """
    scale: dict[str, float] = defaultdict(float)
    for name, value in stored.items():
        if isinstance(value, float) and math.isfinite(value) and not name.endswith(".size"):
            scale[quantity(name)] = max(scale[quantity(name)], abs(value))
    out = []
    refused = [name for name in found if name.endswith(REFUSED) and name not in stored]
    roots = tuple(name.removesuffix(REFUSED) for name in refused)
    for name in [*stored, *refused]:
        if name not in found and name.startswith(roots):
            continue
        full = f"{where}/{name}"
        old, new = stored.get(name, ADDED), found.get(name, GONE)
        if not same(old, new, tolerance(full), scale[quantity(name)]):
            out.append(Deviation(full, old, new))
    return out


def same(old: Value, new: Value, rtol: float = RTOL, scale: float = 0.0) -> bool:
    """Whether two numbers agree; NaN equals NaN, words are compared as words."""
    if isinstance(old, str) or isinstance(new, str):
        return old == new
    if math.isnan(old) or math.isnan(new):
        return math.isnan(old) and math.isnan(new)
    if math.isinf(old) or math.isinf(new):
        return old == new
    return abs(old - new) <= rtol * max(abs(old), abs(new)) + ATOL * max(1.0, scale) * (rtol / RTOL)


def judge(where: list[str], found: list[Deviation]) -> list[str]:
    """Complaints: deviations that are not listed as they are, and listed ones that are none.

    ``where`` holds the places (``group/case``) that were compared; lines about others are not judged.
    """
    listed = changes()
    wrong = []
    for deviation in found:
        known = listed.get(deviation.name)
        if known is None:
            wrong.append(str(deviation))
        elif not same(known[1], deviation.new, max(tolerance(deviation.name), 1e-9)):
            wrong.append(f"{deviation}, and changed.toml says {known[1]!r}")
        elif not same(known[0], deviation.old):
            wrong.append(f"{deviation}, and changed.toml says that {known[0]!r} was stored")
    places, differing = set(where), {deviation.name for deviation in found}
    for name in listed:
        if "/".join(name.split("/")[:2]) in places and name not in differing:
            wrong.append(f"{name}: changed.toml lists it, but it does not deviate; delete its line")
    return wrong
