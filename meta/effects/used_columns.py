"""Which columns and options of :func:`meta.effect_sizes` a measure has a use for; others are refused."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from meta.arguments import refuse_unused
from meta.effects import forms, zero_cells
from meta.effects.measures.definition import Measure
from meta.effects.registry import MEASURES
from meta.effects.solved import facts_of
from meta.errors import InputError

GENERIC = ("yi", "vi", "sei", "estimate", "ci_low", "ci_high")
TWO_GROUPS = frozenset({"2x2", "matched pairs", "two means", "two means, standardised", "superiority"})


def known(entry: Measure) -> tuple[str, ...]:
    """Names of the columns from which the measure can be computed."""
    extra = ("n",) if entry.design in TWO_GROUPS else ()
    names = (*forms.known_names(forms.FORMS[entry.design], entry.columns), *extra, *facts_of(entry))
    return tuple(dict.fromkeys(names))


def is_computed(entry: Measure, columns: Mapping[str, Any]) -> bool:
    """Whether the effects themselves are given, rather than what they are computed from."""
    return entry.design == "generic" or any(name in columns for name in GENERIC)


def needed(entry: Measure, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the measure takes; those of other designs are ignored, unknown ones refused."""
    names = GENERIC if is_computed(entry, columns) else known(entry)
    for name in columns:
        if name not in names and name not in _everywhere():
            raise InputError(f"measure {entry.code!r} does not take {name!r}; it takes {' '.join(names)}")
    return {name: value for name, value in columns.items() if name in names}


@cache
def _everywhere() -> frozenset[str]:
    """Names of the columns of all measures."""
    return frozenset(GENERIC).union(*(known(entry) for entry in MEASURES.values()))


def refuse_options(
    entry: Measure, columns: Mapping[str, Any], options: Mapping[str, Any], reading: Mapping[str, Any]
) -> None:
    """Refuse options that change nothing for this measure and these columns."""
    if is_computed(entry, columns):
        variant = None if options["vtype"] == "LS" else options["vtype"]  # every measure understands LS
        refuse_unused("on effects that are already computed", {**options, "vtype": variant})
    refuse_unused(f"with measure {entry.code!r}", options, (*entry.accepts, "vtype"))
    zero_cells.check_given(options)
    used = ("ci_scale",) if "estimate" in columns else ()
    if not {"ci_low", "ci_high"} <= columns.keys():
        refuse_unused("without ci_low and ci_high", reading, used)
