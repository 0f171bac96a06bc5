"""Rows of single studies: from effect sizes or a table, sorted and put under headings."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from meta.arguments import floats, one_each
from meta.effects.display import display_of
from meta.effects.groups import present_levels
from meta.effects.intake import column
from meta.errors import InputError
from meta.plots.figure_rows import NAN, Row, Table
from meta.tables.containers import as_columns

_HIDDEN = frozenset({"study", "yi", "vi", "sei"})


def study_rows(
    es: Any,
    level: float = 0.95,
    weights: np.ndarray | None = None,
    shrunken: Sequence[tuple[float, float, float] | None] | None = None,
) -> list[Row]:
    """One row per effect, in the order of the data; ``weights`` in percent, NaN where there is none."""
    z = float(ndtri(0.5 + level / 2))
    exact = np.asarray(es.kind == "exact")
    with np.errstate(divide="ignore", invalid="ignore"):
        sizes = np.asarray(weights if weights is not None else 1.0 / es.vi, dtype=float)
    sizes = np.where(exact & np.isfinite(sizes), sizes, NAN)
    largest = float(np.nanmax(sizes)) if np.isfinite(sizes).any() else 1.0
    cells, people = _cells(es), display_of(es).sizes
    rows = []
    for i in range(es.k):
        kind = str(es.kind[i])
        own = {name: values[i] for name, values in cells.items()}
        row = Row(
            "study",
            _text(es.study[i]),
            key=f"study-{i + 1}",
            level=level,
            shape=kind,  # type: ignore[arg-type]
            tier=_text(own.get("tier", "")),
            reason=_text(own.get("reason", "")),
            cells=own,
            n=NAN if people is None else float(people[i]),
            identity=_identity(es, i),
        )
        if kind == "exact":
            half = z * math.sqrt(es.vi[i])
            row = replace(
                row,
                estimate=float(es.yi[i]),
                low=float(es.yi[i] - half),
                high=float(es.yi[i] + half),
                weight=NAN if weights is None else float(weights[i]),
                size=float(sizes[i] / largest) if largest > 0 else 1.0,
                shrunken=None if shrunken is None else shrunken[i],
            )
        elif kind == "bound":
            low = -math.inf if np.isnan(es.lower[i]) else float(es.lower[i])
            high = math.inf if np.isnan(es.upper[i]) else float(es.upper[i])
            row = replace(row, low=low, high=high, shrunken=None if shrunken is None else shrunken[i])
        elif kind == "mixture":
            values = tuple((float(x), float(w)) for x, w in es.mixtures.get(i, ()))
            row = replace(row, values=values, shrunken=None if shrunken is None else shrunken[i])
        rows.append(row)
    return rows


def _identity(es: Any, i: int) -> tuple[str, ...]:
    """What is known of a row, as text, because NaN is not equal to itself."""
    return tuple(str(float(values[i])) for values in (es.yi, es.vi, es.lower, es.upper))


def from_frame(frame: Any) -> Table:
    """Rows of a table with ``estimate``, ``ci_low`` and ``ci_high``, such as leave-one-out's."""
    attrs = getattr(frame, "attrs", {})
    frame = as_columns(frame).columns
    names = list(frame)
    missing = [name for name in ("estimate", "ci_low", "ci_high") if name not in names]
    if missing:
        raise InputError(
            f"the table has no column {missing[0]!r}: a forest plot needs estimate, ci_low and ci_high"
        )
    labels = next(
        (frame[name] for name in ("study", "label", "choice", "term", "group") if name in names), None
    )
    texts = (
        [str(i) for i in range(1, len(frame["estimate"]) + 1)]
        if labels is None
        else [_text(x) for x in labels]
    )
    own = attrs.get("sizes", {})
    sizes = [float(own.get(text) or attrs.get("size") or NAN) for text in texts]
    if attrs.get("rows") == "without":
        texts = [f"Without {text}" for text in texts]
    columns = tuple(n for n in names if n not in ("study", "label", "estimate", "ci_low", "ci_high"))
    cells = {name: list(frame[name]) for name in columns}
    numbers = {name: np.asarray(frame[name], dtype=float) for name in ("estimate", "ci_low", "ci_high")}
    weights = np.asarray(frame["weight"], dtype=float) if "weight" in names else np.full(len(texts), NAN)
    largest = float(np.nanmax(weights)) if np.isfinite(weights).any() else NAN
    rows = tuple(
        Row(
            "study",
            text,
            key=f"study-{i + 1}",
            estimate=float(numbers["estimate"][i]),
            low=float(numbers["ci_low"][i]),
            high=float(numbers["ci_high"][i]),
            weight=float(weights[i]),
            size=float(weights[i] / largest),
            shape="exact" if math.isfinite(numbers["estimate"][i]) else "none",
            reason=_text(cells["reason"][i]) if "reason" in cells else "",
            cells={name: values[i] for name, values in cells.items()},
            n=sizes[i],
            identity=tuple(str(values[i]) for values in numbers.values()),
        )
        for i, text in enumerate(texts)
    )
    return Table(rows, str(attrs.get("measure", "GEN")), columns)


def sort_rows(rows: list[Row], order: Any) -> list[Row]:
    """Put rows in order; what has no value for it comes last."""
    if order is None:
        return rows
    if callable(order):
        try:
            return sorted(rows, key=order)
        except (TypeError, ValueError) as problem:
            raise InputError(f"order cannot sort the rows: {problem}") from None
    if not isinstance(order, str):
        places = one_each(floats(order, "order"), "order", len(rows)).tolist()
        if sorted(places) != list(range(len(rows))):
            raise InputError(f"order must hold each of the positions 0 to {len(rows) - 1} once")
        return [rows[int(i)] for i in places]
    descending, name = order.startswith("-"), order.removeprefix("-")
    keys: dict[str, Callable[[Row], Any]] = {
        "effect": _middle,
        "estimate": _middle,
        "precision": lambda row: row.size,
        "weight": lambda row: row.weight if math.isfinite(row.weight) else row.size,
        "study": lambda row: row.label,
    }
    if name not in keys and not any(name in row.cells for row in rows):
        offered = [*keys, *dict.fromkeys(column for row in rows for column in row.cells)]
        raise InputError(f"order {name!r} is neither an order nor a column; there are: {', '.join(offered)}")
    key = keys.get(name, lambda row: row.cells.get(name))
    known = [row for row in rows if not _absent(key(row))]
    last = [row for row in rows if _absent(key(row))]
    return sorted(known, key=key, reverse=descending) + last


def _middle(row: Row) -> float:
    if row.shape == "mixture" and row.values:
        return sum(x * w for x, w in row.values) / sum(w for _, w in row.values)
    if row.shape == "bound":
        ends = [x for x in (row.low, row.high) if math.isfinite(x)]
        return sum(ends) / len(ends) if ends else NAN
    return row.estimate


def _absent(value: Any) -> bool:
    return value is None or value != value


def grouped(rows: list[Row], es: Any, by: Any) -> list[Row]:
    """Put rows under headings."""
    if by is None:
        return rows
    found = column(es, by, "by")
    values = [_text(value) for value in found]
    place = {f"study-{i + 1}": value for i, value in enumerate(values)}
    grouped: list[Row] = []
    for g, name in enumerate(present_levels(found, values), start=1):
        grouped.append(Row("group", name or "not stated", key=f"group-{g}"))
        grouped += [replace(row, key=f"group-{g}-{row.key}") for row in rows if place[row.key] == name]
    return grouped


def resized(rows: list[Row]) -> list[Row]:
    """Scale markers by their share of all studies rather than of their group's largest."""
    largest = max((row.weight for row in rows if row.kind == "study"), default=NAN)
    return [replace(row, size=row.weight / largest) if row.kind == "study" else row for row in rows]


def _cells(es: Any) -> dict[str, Any]:
    cells = {
        str(name): np.asarray(values, dtype=object)
        for name, values in es.columns.items()
        if name not in _HIDDEN
    }
    inputs: Mapping[str, Any] = getattr(es, "inputs", {}) or {}
    for name, values in inputs.items():
        if np.ndim(values) == 1 and len(values) == es.k:
            cells[name] = np.asarray(values, dtype=object)
    return cells


def columns_of(es: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of all cells of effect sizes, and of those that hold raw data."""
    inputs: Mapping[str, Any] = getattr(es, "inputs", {}) or {}
    raw = {name for name, values in inputs.items() if np.ndim(values) == 1}
    raw |= {name for name in RAW_NAMES if name in es.columns}
    return tuple(_cells(es)), tuple(name for name in RAW_NAMES if name in raw)


RAW_NAMES = (
    *("events1", "n1", "time1", "mean1", "sd1"),
    *("events2", "n2", "time2", "mean2", "sd2"),
    *("events", "n", "time", "mean", "sd", "r"),
)


def _text(value: Any) -> str:
    return "" if _absent(value) else " ".join(str(value).split())
