"""The registry of effect measures: code, name, design, function, scale, variants and citation."""

from __future__ import annotations

from meta.effects.measures import one_group, two_by_two, two_groups
from meta.effects.measures.definition import Measure
from meta.errors import unknown_option

__all__ = ["MEASURES", "Measure", "measure"]

MEASURES: dict[str, Measure] = {
    entry.code: entry for entry in (*two_by_two.MEASURES, *two_groups.MEASURES, *one_group.MEASURES)
}


def measure(code: str) -> Measure:
    """Look up a measure by its code.

    Raises
    ------
    UnknownOptionError
        If there is no such measure; the message lists those that exist.

    Examples
    --------
    >>> measure("RR").name
    'log risk ratio'
    """
    try:
        return MEASURES[code]
    except (KeyError, TypeError):
        raise unknown_option("measure", code, sorted(MEASURES)) from None
