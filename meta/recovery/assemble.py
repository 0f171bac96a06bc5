"""The plans of all rows as one set of effects; the measure's formula is applied to its rows all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects.measures.definition import Measure
from meta.effects.vtypes import choose
from meta.effects.zero_cells import adjust, complete
from meta.recovery.plan_of_rows import Plan


@dataclass(frozen=True, slots=True)
class Rows:
    """Effects of k rows on the model scale.

    Attributes
    ----------
    yi, vi : ndarray of shape (k,)
        Effects and variances; NaN where there is none (``yi`` also for bounds and mixtures).
    kind : ndarray of str, shape (k,)
        "exact", "bound", "mixture" or "none".
    lower, upper : ndarray of shape (k,)
        Bounds.
    mixtures : dict of int to ((value, weight), ...)
        Possible values of each mixture row.
    plan : ndarray of int, shape (k,)
        Position of each row's plan.
    columns : dict of str to ndarray of shape (k,)
        What the measure's formula was given, NaN where a row took another way.
    """

    yi: np.ndarray
    vi: np.ndarray
    kind: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    mixtures: dict[int, tuple[tuple[float, float], ...]]
    plan: np.ndarray
    columns: dict[str, np.ndarray]


def assemble(
    entry: Measure,
    plans: Sequence[Plan],
    k: int,
    *,
    vtype: str | None = None,
    zero_rule: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> Rows:
    """Put the plans of k rows together.

    Parameters
    ----------
    entry : Measure
        What is sought.
    plans : sequence of Plan
        From :func:`meta.recovery.plan_of_rows.plans`.
    k : int
        Number of rows.
    vtype : str or None
        Variance variant.
    zero_rule : mapping
        ``add``, ``to``, ``drop00`` and ``correction`` of tables with zeros.
    options : mapping
        ``exact`` and ``bias_correction``.
    """
    yi, vi = np.full(k, np.nan), np.full(k, np.nan)
    lower, upper = np.full(k, np.nan), np.full(k, np.nan)
    kind = np.full(k, "none", dtype=object)
    inflate = np.ones(k)
    index = np.zeros(k, dtype=int)
    mixtures: dict[int, tuple[tuple[float, float], ...]] = {}
    columns = {name: np.full(k, np.nan) for name in entry.columns}
    by_formula = np.zeros(k, dtype=bool)
    for place, plan in enumerate(plans):
        rows, result = plan.rows, plan.result
        index[rows] = place
        if "inflate" in result:
            inflate[rows] = result["inflate"]  # type: ignore[call-overload]
        if "columns" in result:
            by_formula[rows] = True
            for name, x in result["columns"].items():  # type: ignore[attr-defined]
                columns[name][rows] = x
            continue
        if "vi" not in result:
            continue
        vi[rows] = result["vi"]  # type: ignore[call-overload]
        if "yi" in result:
            yi[rows], kind[rows] = result["yi"], "exact"  # type: ignore[call-overload]
        elif "either" in result or "values" in result:
            kind[rows] = "mixture"
            mixtures |= _mixtures(rows, possible(result))
        else:
            kind[rows] = "bound"
            lower[rows], upper[rows] = result["low"], result["high"]  # type: ignore[call-overload]
    if by_formula.any():
        found = formula(entry, columns, vtype=vtype, zero_rule=zero_rule, options=options)
        yi[by_formula], vi[by_formula] = found[0][by_formula], found[1][by_formula]
    vi *= inflate
    usable = np.isfinite(yi) & np.isfinite(vi) & (vi > 0)
    kind[by_formula & usable] = "exact"
    kind[(kind == "exact") & ~usable] = "none"
    return Rows(yi, vi, kind, lower, upper, mixtures, index, columns)


def possible(result: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
    """The effects that are possible where only signs are unknown, each an array over the rows."""
    if "values" in result:
        return tuple(np.asarray(x, dtype=float) for x in result["values"])
    size = np.asarray(result["either"], dtype=float)
    return -size, size


def _mixtures(rows: np.ndarray, values: tuple[np.ndarray, ...]) -> dict[int, tuple[tuple[float, float], ...]]:
    """Possible values of each row, ascending, all as likely."""
    table = np.sort(np.stack([np.broadcast_to(x, rows.shape) for x in values]), axis=0)
    weight = 1 / len(values)
    return {int(row): tuple((float(x), weight) for x in table[:, i]) for i, row in enumerate(rows)}


def formula(
    entry: Measure,
    columns: Mapping[str, np.ndarray],
    *,
    vtype: str | None = None,
    zero_rule: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """A measure's own formula, with the rule for zero cells."""
    arguments = {name: np.asarray(columns[name], dtype=float) for name in entry.columns}
    if entry.zero_cells:
        arguments = adjust(entry.design, arguments, **complete(zero_rule or {})).values
    given = {name: (options or {}).get(name) is not False for name in entry.options}
    chosen = choose(entry, vtype)
    more: dict[str, Any] = dict(given) if chosen is None else {**given, "vtype": chosen}
    with np.errstate(all="ignore"):
        found = entry.function(*(arguments[name] for name in entry.columns), **more)
    yi, vi = np.asarray(found.yi, dtype=float), np.asarray(found.vi, dtype=float)
    both = np.isfinite(yi) & np.isfinite(vi)
    return np.where(both, yi, np.nan), np.where(both, vi, np.nan)
