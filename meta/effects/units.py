"""Factors between units: of length and time, and of what laboratories measure."""

from __future__ import annotations

import csv
from importlib.resources import files

from meta.errors import InputError


def _analytes() -> dict[tuple[str, str], float]:
    """Factors between units of mass, charge and amount of what laboratories measure, by its name."""
    text = files("meta.effects").joinpath("analytes.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {
        (f"{row['from']} {row['analyte']}", f"{row['to']} {row['analyte']}"): float(row["factor"])
        for row in rows
    }


UNITS: dict[tuple[str, str], float] = {
    **_analytes(),
    ("cm", "mm"): 10.0,
    ("lb", "kg"): 0.45359237,
    ("h", "min"): 60.0,
    ("weeks", "days"): 7.0,
}
"""Factors from the first unit to the second; either direction works."""


def unit_factor(source: str, target: str) -> float:
    """Return the factor from one unit to another.

    >>> unit_factor("cm", "mm"), unit_factor("mm", "cm"), unit_factor("kg", "kg")
    (10.0, 0.1, 1.0)
    """
    if source == target:
        return 1.0
    if (source, target) in UNITS:
        return UNITS[source, target]
    if (target, source) in UNITS:
        return 1 / UNITS[target, source]
    known = sorted({unit for pair in UNITS for unit in pair})
    raise InputError(
        f"no factor from {source!r} to {target!r}: give factor=; known units: {', '.join(known)}"
    )
