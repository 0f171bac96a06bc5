"""Reading counts for `pool_counts`: column names or arrays, and the checks that name study and value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.arguments import floats, shown
from meta.effects.registry import measure as look_up
from meta.errors import DataWarning, InputError, Notes
from meta.formatting import listing

DESIGNS: dict[str, tuple[str, ...]] = {
    "2x2": ("events1", "n1", "events2", "n2"),
    "rates": ("events1", "time1", "events2", "time2"),
    "proportion": ("events", "n"),
    "rate": ("events", "time"),
}
_NAMED_OTHERWISE = {"two rates": "rates"}
"""Designs of the registry of measures that saved counts have always called by another name."""
MOST = 1e15
"""Counts from which a double no longer tells one more from one less."""


def count_design(measure: str) -> str:
    """Key of :data:`DESIGNS` for a measure of counts.

    >>> count_design("IRR"), count_design("RR")
    ('rates', '2x2')
    """
    design = look_up(measure).design
    return _NAMED_OTHERWISE.get(design, design)


@dataclass(frozen=True)
class Counts:
    """Counts of k studies: ``columns`` in the order of :data:`DESIGNS`, each (k,), and the study labels."""

    design: str
    columns: tuple[np.ndarray, ...]
    study: np.ndarray
    dropped: tuple[str, ...] = ()

    @property
    def k(self) -> int:
        """Number of studies."""
        return int(self.study.size)


def _resolve(table: Any, value: Any, argument: str) -> np.ndarray:
    if isinstance(value, str):
        if table is not None and not (isinstance(table, Mapping) or hasattr(table, "columns")):
            raise InputError(f"table must be a DataFrame or a dictionary of columns, not {shown(table)}")
        if table is None:
            raise InputError(f"{argument}={value!r} names a column, but no table was given")
        if value not in table:
            raise InputError(f"the table has no column {value!r} (asked for as {argument})")
        value = table[value]
    return np.atleast_1d(floats(value, argument))


def read_counts(
    table: Any, measure: str, given: Mapping[str, Any], study: Any, notes: Notes, *, whole: bool
) -> Counts:
    """Read and check the counts that ``measure`` needs; ``whole`` refuses counts that are not integers."""
    design = count_design(measure)
    found = {name: _resolve(table, value, name) for name, value in given.items() if value is not None}
    suffixes = ("1", "2") if design in ("2x2", "rates") else ("",)
    for suffix in suffixes:
        rest = found.pop(f"nonevents{suffix}", None)
        if rest is None:
            continue
        if f"n{suffix}" in found:
            raise InputError(f"give n{suffix} or nonevents{suffix}, not both")
        if f"events{suffix}" in found:
            found[f"n{suffix}"] = found[f"events{suffix}"] + rest
    needed = DESIGNS[design]
    missing = [name for name in needed if name not in found]
    if missing:
        raise InputError(f"measure {measure} needs {', '.join(needed)}; missing: {', '.join(missing)}")
    extra = [name for name in found if name not in needed]
    if extra:
        raise InputError(f"measure {measure} takes {', '.join(needed)}; it has no use for {listing(extra)}")
    sizes = {found[name].size for name in needed}
    if len(sizes) > 1:
        raise InputError(f"{', '.join(needed)} must have the same length, got {sorted(sizes)}")
    columns = [found[name] for name in needed]
    labels = _labels(table, study, columns[0].size)
    present = np.all([np.isfinite(c) for c in columns], axis=0)
    dropped = tuple(map(str, labels[~present]))
    if dropped:
        notes.warn(
            f"left out because counts are missing: {listing(map(repr, dropped))}", DataWarning, stacklevel=5
        )
    for name, values in zip(needed, columns, strict=True):
        absurd = present & (values != 0) & ~((np.abs(values) > 1e-9) & (np.abs(values) < MOST))
        if absurd.any():
            row = int(np.argmax(absurd))
            raise InputError(f"{name} cannot be a count: study {str(labels[row])!r} has {values[row]:g}")
    counts = Counts(design, tuple(c[present] for c in columns), labels[present], dropped)
    _check(counts, needed, whole)
    return counts


def _labels(table: Any, study: Any, k: int) -> np.ndarray:
    if study is None:
        has = isinstance(table, Mapping) or hasattr(table, "columns")
        study = table["study"] if has and "study" in table else [str(i + 1) for i in range(k)]
    elif isinstance(study, str):
        if table is None or study not in table:
            raise InputError(f"the table has no column {study!r} (asked for as study)")
        study = table[study]
    labels = np.asarray(study, dtype=object)
    if labels.shape != (k,):
        raise InputError(f"study must have {k} labels, got {labels.size}")
    return labels


def _check(counts: Counts, needed: tuple[str, ...], whole: bool) -> None:
    if counts.k == 0:
        raise InputError("no study has complete counts; nothing is left to pool")
    for name, values in zip(needed, counts.columns, strict=True):
        _refuse(values < 0, f"{name} must be >= 0", name, values, counts.study)
        if name.startswith(("n", "time")):
            _refuse(values == 0, f"{name} must be > 0", name, values, counts.study)
        if whole and not name.startswith("time"):
            _refuse(values != np.round(values), f"{name} must be a whole number", name, values, counts.study)
    for events, size in zip(needed[::2], needed[1::2], strict=True):
        if size.startswith("n"):
            at = needed.index(events)
            few = counts.columns[at] > counts.columns[at + 1]
            _refuse(few, f"{events} must not exceed {size}", events, counts.columns[at], counts.study)


def _refuse(bad: np.ndarray, rule: str, name: str, values: np.ndarray, study: np.ndarray) -> None:
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(f"{rule}: study {str(study[first])!r} has {name} = {values[first]:g}")
