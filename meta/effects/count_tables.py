"""Reading counts: column names or arrays, and the checks that name study and value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.effects import checks
from meta.effects.inputs import as_floats, study_labels, take, with_labels
from meta.effects.intake import raw_columns
from meta.effects.registry import measure as look_up
from meta.errors import DataWarning, InputError, Notes
from meta.formatting import listing
from meta.tables.containers import Columns

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

LEAST = 1e-9
"""Counts and times below are slips: no study watches anybody for so short a time."""


def count_design(measure: str) -> str:
    """Key of :data:`DESIGNS` for a measure of counts.

    >>> count_design("IRR"), count_design("RR")
    ('rates', '2x2')
    """
    design = look_up(measure).design
    return _NAMED_OTHERWISE.get(design, design)


@dataclass(frozen=True)
class Counts:
    """Counts of k studies: ``columns`` in the order of :data:`DESIGNS`, each (k,), and the study labels.

    ``own`` are the table's columns in the same rows, for figures and groups.
    """

    design: str
    columns: tuple[np.ndarray, ...]
    study: np.ndarray
    dropped: tuple[str, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict)

    @property
    def k(self) -> int:
        """Number of studies."""
        return int(self.study.size)

    @property
    def inputs(self) -> dict[str, np.ndarray]:
        """The columns by their argument names."""
        return dict(zip(DESIGNS[self.design], self.columns, strict=True))


def read_counts(
    table: Any, measure: str, given: Mapping[str, Any], study: Any, notes: Notes, *, whole: bool
) -> Counts:
    """Read and check the counts that ``measure`` needs; ``whole`` refuses counts that are not integers.

    Columns that only other measures need are left alone, as :func:`meta.effect_sizes` does.
    """
    needed = DESIGNS[count_design(measure)]
    source = raw_columns(table)
    named = _chosen(source, given, needed)
    source = with_labels(source, [*named.values(), study])
    taken = {name: np.atleast_1d(take(source, name, value)) for name, value in named.items()}
    sizes = {values.shape for values in taken.values()}
    if len(sizes) > 1 or any(len(shape) != 1 for shape in sizes):
        shapes = sorted({np.shape(values) for values in taken.values()})
        raise InputError(f"{', '.join(taken)} must be columns of the same length, got the shapes {shapes}")
    k = next(iter(sizes))[0]
    labels = study_labels(source, study, k)
    found = {name: as_floats(values, name, labels) for name, values in taken.items()}
    _refuse(found, labels, whole)
    for size, (events, rest) in _sums(needed).items():
        if size not in found:
            found[size] = found[events] + found[rest]
    columns = tuple(found[name] for name in needed)
    _refuse(dict(zip(needed, columns, strict=True)), labels, whole)
    present = np.all(np.isfinite(columns), axis=0)
    dropped = tuple(map(str, labels[~present]))
    if dropped:
        notes.warn(f"left out because counts are missing: {listing(map(repr, dropped))}", DataWarning)
    if not present.any():
        raise InputError("no study has complete counts; nothing is left to pool")
    own = {
        name: np.asarray(values)[present]
        for name, values in source.columns.items()
        if np.shape(values) == (k,)
    }
    return Counts(count_design(measure), tuple(c[present] for c in columns), labels[present], dropped, own)


def _sums(needed: tuple[str, ...]) -> dict[str, tuple[str, str]]:
    """Sizes of groups that events and non-events add up to."""
    sizes = [name for name in needed if name in ("n", "n1", "n2")]
    return {size: (f"events{size[1:]}", f"nonevents{size[1:]}") for size in sizes}


def _chosen(source: Columns, given: Mapping[str, Any], needed: tuple[str, ...]) -> dict[str, Any]:
    """The columns that are needed, as they were named; without any, the table's columns of these names."""
    wanted = {name: value for name, value in given.items() if value is not None}
    sums = _sums(needed)
    if not wanted:
        names = [*needed, *(rest for size, (_, rest) in sums.items() if size not in source)]
        wanted = {name: name for name in names if name in source}
    for size, (_, rest) in sums.items():
        if size in wanted and rest in wanted:
            raise InputError(f"give {size} or {rest}, not both")
    enough = {size for size, (_, rest) in sums.items() if rest in wanted}
    missing = [name for name in needed if name not in wanted and name not in enough]
    if missing:
        raise InputError(f"the measure needs {', '.join(needed)}; missing: {', '.join(missing)}")
    allowed = {*needed, *(rest for _, rest in sums.values())}
    return {name: value for name, value in wanted.items() if name in allowed}


def _refuse(values: Mapping[str, np.ndarray], study: np.ndarray, whole: bool) -> None:
    """Refuse all impossible counts in one sentence."""
    problems = [*checks.impossible(values, study), *checks.excess_events(values, study)]
    for name, x in values.items():
        with np.errstate(invalid="ignore"):
            absurd = (x > MOST) | ((x > 0) & (x <= LEAST))
            part = (whole and not name.startswith("time")) & np.isfinite(x) & (x != np.round(x))
        for bad, must in ((absurd, f"lie between {LEAST:g} and {MOST:g}"), (part, "be a whole number")):
            problems += [
                checks.Problem(
                    f"{name} must {must}: study {str(study[row])!r} has {name} = {checks.show(x[row])}",
                    "correct it",
                    int(row),
                )
                for row in np.flatnonzero(bad)
            ]
    checks.refuse(problems)
