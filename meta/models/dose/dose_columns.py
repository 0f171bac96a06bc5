"""The columns of a dose-response table: names or arrays to numbers, one row per arm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects.inputs import as_floats, study_labels, take, with_labels
from meta.effects.intake import raw_columns
from meta.errors import InputError, Notes
from meta.formatting import listing
from meta.kernels.dose.greenland_longnecker import DESIGNS
from meta.models.dose.doses import dose_numbers
from meta.tables.containers import Columns, missing

Array = np.ndarray
SPELLINGS = {"cc": "case-control", "ci": "cohort", "ir": "rates", **{name: name for name in DESIGNS}}
"""Designs, and what columns made for R's dosresmeta call them."""
NUMBERS = ("yi", "vi", "sei", "cases", "n", "mean", "sd")
FORMS = ({"yi", "vi", "sei", "cases"}, {"mean", "sd"})
"""Effects and means are two forms of one thing: where one is named, or there are effects already, columns of
the other are left alone."""
LIMITS = {"vi": "be >= 0", "sei": "be >= 0", "cases": "be > 0", "n": "be > 0", "sd": "be > 0"}


@dataclass(frozen=True, slots=True)
class Arms:
    """All rows of the table.

    Attributes
    ----------
    study : ndarray of str, shape (r,)
    dose : ndarray of shape (r,)
    values : mapping of str to ndarray of shape (r,)
        Those of `NUMBERS` that are there.
    design : ndarray of str, shape (r,), or None
    referent : ndarray of bool, shape (r,), or None
        Rows that are marked as their study's reference.
    unit : str
        Unit of the doses, where it was given.
    axis : str
        "dose" or "time".
    """

    study: Array
    dose: Array
    values: Mapping[str, Array]
    design: Array | None
    referent: Array | None
    unit: str
    axis: str = "dose"


def read_arms(
    table: Any,
    given: Mapping[str, Any],
    *,
    study: Any,
    dose: Any,
    time: Any,
    design: Any,
    referent: Any,
    unit: Any,
    open_ended: float | None,
    notes: Notes,
) -> Arms:
    """Read the columns; those that are not named are looked up by their own names."""
    source = raw_columns(table)
    named = {name: value for name, value in given.items() if value is not None}
    for name in NUMBERS:
        if name not in named and _fits(name, named) and name in source:
            named[name] = name
    if dose is not None and time is not None:
        raise InputError("give dose= or time=, not both: a curve runs over one of them")
    axis = "dose" if time is None else "time"
    doses = time if time is not None else "dose" if dose is None else dose
    source = with_labels(source, [doses, study, *named.values()])
    raw = np.atleast_1d(take(source, axis, doses))
    k = len(raw)
    if k == 0:
        raise InputError("the table has no rows")
    labels = _studies(source, study, k)
    values = {}
    for name, value in named.items():
        column = np.atleast_1d(take(source, name, value))
        if column.shape != (k,):
            raise InputError(
                f"{name} must have one value for each of the {k} rows, not the shape {column.shape}"
            )
        values[name] = as_floats(column, name, labels)
    _refuse_impossible(values, labels)
    return Arms(
        study=labels,
        dose=dose_numbers(raw, labels, open_ended, notes),
        values=values,
        design=_designs(source, design, labels),
        referent=_marks(source, referent, labels),
        unit=_unit(source, unit, doses, k),
        axis=axis,
    )


def _cells(source: Columns, name: str, value: Any, k: int) -> Array:
    """A column of any cells, one per row."""
    column = np.asarray(take(source, name, value), dtype=object)
    if column.shape != (k,):
        raise InputError(f"{name} must have one value for each of the {k} rows, not the shape {column.shape}")
    return column


def _fits(name: str, named: Mapping[str, Any]) -> bool:
    """Whether a column that nobody named may be taken: another form of what was named may not."""
    if name in ("vi", "sei") and {"vi", "sei"} & set(named):
        return False
    forms = {name for form in FORMS if form & set(named) for name in form}
    return not forms or name in forms or not any(name in form for form in FORMS)


def _studies(source: Columns, study: Any, k: int) -> Array:
    if study is None and "study" not in source:
        raise InputError("study= is needed: it says which rows are arms of one trial, study='trial'")
    name = "study" if study is None else study
    if isinstance(name, str) or not isinstance(name, list | tuple):
        column = _cells(source, "study", name, k)
        lacking = [i + 1 for i, x in enumerate(column) if missing(x)]
        if lacking:
            raise InputError(
                f"study must be known in every row, as it says which arms belong together: row "
                f"{listing(lacking[:20])} has none"
            )
    return study_labels(source, name, k)


def _refuse_impossible(values: Mapping[str, Array], labels: Array) -> None:
    problems = []
    for name, must in LIMITS.items():
        x = values.get(name, np.zeros(0))
        bad = np.flatnonzero(x < 0 if must == "be >= 0" else x <= 0)
        problems += [f"{name} must {must}: study {str(labels[i])!r} has {name} = {x[i]:g}" for i in bad[:20]]
    if problems:
        hint = "; a ratio needs cases in every group: add 1/2 to all groups of that study, or leave it out"
        told = "; ".join(problems[:20])
        raise InputError(f"{told}{hint if 'cases must' in told else '; correct it or leave the cell empty'}")


def _designs(source: Columns, design: Any, labels: Array) -> Array | None:
    if design is None:
        return None
    if isinstance(design, str) and design in SPELLINGS:
        return np.full(len(labels), SPELLINGS[design], dtype=object)
    if isinstance(design, str) and design not in source:
        raise InputError(
            f"design={design!r} is neither a design ({', '.join(DESIGNS)}) nor a column of the table"
        )
    column = _cells(source, "design", design, len(labels))
    out = np.empty(len(labels), dtype=object)
    for label in dict.fromkeys(labels):
        own = {str(x).strip() for x in column[labels == label] if not missing(x)}
        if len(own) != 1 or not own <= set(SPELLINGS):
            told = listing(map(repr, sorted(own))) if own else "none"
            raise InputError(
                f"design must be one of {', '.join(DESIGNS)}, the same in all rows of a study: study "
                f"{label!r} has {told}"
            )
        out[labels == label] = SPELLINGS[own.pop()]
    return out


def _marks(source: Columns, referent: Any, labels: Array) -> Array | None:
    """Which rows are marked as references: True or False, or 1 and 0."""
    if referent is None:
        return None
    marks = as_floats(_cells(source, "referent", referent, len(labels)), "referent", labels)
    if not np.isin(marks, (0.0, 1.0)).all():
        raise InputError("referent must be True or False in every row: True for each study's reference group")
    for label in dict.fromkeys(labels):
        if (count := int(marks[labels == label].sum())) != 1:
            raise InputError(f"referent must mark one row per study: study {label!r} has {count}")
    return np.asarray(marks == 1)


def _unit(source: Columns, unit: Any, doses: Any, k: int) -> str:
    """The unit of the doses: text, or a column (not that of the doses) that says the same in every row."""
    if unit is None:
        return ""
    if isinstance(unit, str) and (unit not in source or (isinstance(doses, str) and unit == doses)):
        return unit
    column = _cells(source, "unit", unit, k)
    cells = [str(x).strip() for x in column if not missing(x)]
    kinds = list(dict.fromkeys(cells))
    if len(kinds) > 1:
        raise InputError(
            f"doses are in {listing(map(repr, kinds[:8]))}: convert them to one unit first (elemental and "
            "compound mass differ by the share of the element)"
        )
    if not kinds or len(cells) < k:
        raise InputError("unit must be known in every row; fill in the column or leave unit= out")
    return kinds[0]
