"""Doses as numbers: cells that print a category ("2.5-9.3", "<2.5", ">9.3") get a dose by a stated rule."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from meta.effects.inputs import as_floats
from meta.errors import AssumptionWarning, InputError, Notes
from meta.formatting import listing

OPEN_ENDED = 1.2
"""What the bound of an open category is multiplied by: Berlin, Longnecker & Greenland (1993),
doi:10.1097/00001648-199305000-00005, who vary it; 1.5 is the other usual choice."""
_NUMBER = r"(\d+(?:\.\d+)?)"
_RANGE = re.compile(rf"^{_NUMBER}\s*(?:-|–|—|to)\s*(?:<\s*)?{_NUMBER}$")
_BELOW = re.compile(rf"^(?:<|<=|≤|up to)\s*{_NUMBER}$")
_ABOVE = re.compile(rf"^(?:>|>=|≥)\s*{_NUMBER}$|^{_NUMBER}\s*\+$")


def dose_numbers(values: Any, labels: np.ndarray, open_ended: float | None, notes: Notes) -> np.ndarray:
    """Doses of all rows, NaN where there is none; categories become numbers, which is said.

    A closed category is its midpoint, one below a bound half of the bound, one above a bound ``open_ended``
    times the bound.
    """
    factor = OPEN_ENDED if open_ended is None else float(open_ended)
    if not factor >= 1:
        raise InputError(f"open_ended must be at least 1, got {factor:g}; it multiplies the bound of '>50'")
    column = np.asarray(values, dtype=object)
    found: list[Any] = []
    changed: dict[str, float] = {}
    opened = False
    for cell in column:
        text = cell.strip() if isinstance(cell, str) else ""
        number, is_open = _of_category(text, factor) if text else (None, False)
        opened |= is_open
        if number is not None:
            changed[text] = number
        found.append(cell if number is None else number)
    if open_ended is not None and not opened:
        raise InputError(
            "open_ended has no effect on doses without an open category such as '>50'; leave it out"
        )
    if changed:
        told = listing([f"{text!r} as {value:g}" for text, value in changed.items()])
        notes.warn(
            f"dose categories were read as {told}: the midpoint, half of an upper bound, {factor:g} times "
            "the bound of an open category",
            AssumptionWarning,
        )
    dose = as_floats(np.array(found, dtype=object), "dose", labels)
    bad = np.flatnonzero(dose < 0)
    if bad.size:
        told = listing([f"study {str(labels[i])!r} has dose = {dose[i]:g}" for i in bad[:20]])
        raise InputError(f"dose must be >= 0: {told}; correct it")
    return dose


def _of_category(text: str, factor: float) -> tuple[float | None, bool]:
    """The dose of a category and whether it is open; None for anything else, plain numbers included.

    >>> _of_category("2.5-9.3", 1.2), _of_category("<2.5", 1.2), _of_category("> 10", 1.2)
    ((5.9, False), (1.25, False), (12.0, True))
    """
    if match := _RANGE.match(text):
        low, high = map(float, match.groups())
        if low > high:
            raise InputError(f"dose {text!r} runs from the larger to the smaller bound; correct it")
        return (low + high) / 2, False
    if match := _BELOW.match(text):
        return float(match.group(1)) / 2, False
    if match := _ABOVE.match(text):
        return factor * float(match.group(1) or match.group(2)), True
    if re.match(rf"^{_NUMBER}$", text):
        return float(text), False
    return None, False
