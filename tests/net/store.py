"""The stored numbers: a text file a group, one line per case; cases of equal shape share a line of names."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.net import (
    asymmetry,
    committed,
    counted,
    diagnosed,
    drawn,
    judged,
    levels,
    measures,
    pooling,
    posteriors,
    regression,
    saved,
)
from tests.net.register import Group, Numbers

FOLDER = Path(__file__).parent / "stored"
ROOMS = (pooling, measures, counted, regression, levels, asymmetry, diagnosed, posteriors, judged, drawn)
ROOMS += (committed, saved)
GROUPS: dict[str, Group] = {group.name: group for room in ROOMS for group in room.GROUPS}
QUICK = 0.03
"""Seconds of one core up to which a case belongs to the fast half of the net."""
ALWAYS = 1
"""So many of a group's cheapest cases belong to the fast half in any case."""


@dataclass(frozen=True)
class Stored:
    """What a case gave when it was stored, and the seconds that it took then."""

    numbers: Numbers
    seconds: float


def path_of(group: str) -> Path:
    return FOLDER / f"{group}.tsv"


@cache
def read(group: str) -> dict[str, Stored]:
    """The stored cases of a group; none if nothing was stored yet."""
    if not path_of(group).exists():
        return {}
    shapes: dict[str, list[str]] = {}
    found: dict[str, Stored] = {}
    for line in path_of(group).read_text(encoding="utf-8").splitlines():
        first, second, *rest = line.split("\t")
        if first == "":
            shapes[second] = rest
            continue
        seconds, *values = rest
        numbers = dict(zip(shapes[second], map(_value, values), strict=True))
        found[first] = Stored(numbers, float(seconds))
    return found


@cache
def quick(group: str) -> frozenset[str]:
    """The cases of a group for which every run of the tests has time."""
    cases = read(group)
    ranked = sorted(cases, key=lambda case: cases[case].seconds)
    return frozenset(ranked[:ALWAYS]) | {case for case in cases if cases[case].seconds <= QUICK}


def write(group: str, cases: dict[str, Stored]) -> None:
    """Write a group's file, in the order of the cases."""
    shapes: dict[tuple[str, ...], int] = {}
    lines = []
    for case, stored in cases.items():
        names = tuple(stored.numbers)
        if names not in shapes:
            shapes[names] = len(shapes)
            lines.append("\t".join(("", str(shapes[names]), *names)))
        values = (json.dumps(value, ensure_ascii=False) for value in stored.numbers.values())
        lines.append("\t".join((case, str(shapes[names]), f"{stored.seconds:.2f}", *values)))
    FOLDER.mkdir(exist_ok=True)
    path_of(group).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    read.cache_clear()
    quick.cache_clear()


def _value(text: str) -> float | str:
    return json.loads(text) if text.startswith('"') else float(text.replace("Infinity", "inf"))
