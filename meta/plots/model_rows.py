"""Several models of the same studies in one forest plot: each study is a row in which they stand below
each other, told apart by colour and by shape.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from meta.errors import InputError
from meta.formatting import listing
from meta.plots.figure_rows import MODEL, Row, Table
from meta.plots.study_rows import sort_rows
from meta.plots.themes import PALETTE, Theme

SHAPES = (("s", "■"), ("o", "●"), ("D", "◆"), ("^", "▲"), ("v", "▼"))
"""Markers of models, and the same as letters."""

MOST = len(SHAPES)


def side_by_side(models: Mapping[str, Any], table_for: Callable[[Any], Table], order: Any = None) -> Table:
    """Join the tables of several models: the same study shares a row.

    Parameters
    ----------
    models : mapping of str to result
        Effect sizes, fits or posteriors; of a posterior each study's own effect given all studies is shown.
    table_for : callable
        Turns one result into a :class:`Table`.
    order : str, callable or sequence of int, optional
        As in :func:`meta.forest`; of the first model's rows.

    Notes
    -----
    Studies that only a later model has come last. Studies go by their labels, and those of a label that
    occurs twice in one model by their effects too. All must be on one measure.
    """
    names = tuple(str(name) for name in models)
    if not 2 <= len(names) <= MOST:
        raise InputError(f"models to be drawn side by side must be 2 to {MOST}: {len(names)} given")
    tables = [table_for(result) for result in models.values()]
    measures = list(dict.fromkeys(table.measure for table in tables))
    if len(measures) > 1:
        raise InputError(
            f"models side by side must be on one measure, and these are on {listing(measures)}: "
            "draw a plot for each"
        )
    found = _matched(tables)
    rows = [_joined(same, f"study-{number}") for number, same in enumerate(found, start=1)]
    rows = sort_rows(rows, order)
    summaries = [
        replace(
            row,
            label=f"{name}: {row.label}" if row.kind == "pooled" else row.label,
            key=f"model-{place + 1}-{row.key}",
            cells={**row.cells, MODEL: place},
        )
        for place, (name, table) in enumerate(zip(names, tables, strict=True))
        for row in table.rows
        if row.kind in ("pooled", "prediction")
    ]
    notes = [
        replace(
            row, label=f"{name}: {row.label[:1].lower()}{row.label[1:]}", key=f"model-{place + 1}-{row.key}"
        )
        for place, (name, table) in enumerate(zip(names, tables, strict=True))
        for row in table.rows
        if row.kind == "note"
    ]
    gap = [Row("gap", "", key="gap")] if rows and summaries else []
    alike = all(_same_data(same, tables[0].inputs) for same in found)
    intervals = {table.interval for table in tables}
    return replace(
        tables[0],
        rows=(*rows, *gap, *summaries, *notes),
        interval=intervals.pop() if len(intervals) == 1 else "interval",
        models=names,
        inputs=tables[0].inputs if alike else (),
    )


def _matched(tables: list[Table]) -> list[list[Row | None]]:
    """The rows of the same study under all models.

    A label that no model has twice stands for one study, whatever its numbers are under each model. Rows of
    a label that some model has twice are the same study if they hold the same effect; where no two models
    share an effect under that label (other outcomes, say), they are joined in order.
    """
    repeated = _told_apart(tables)
    found: dict[tuple[Any, ...], list[Row | None]] = {}
    for place, table in enumerate(tables):
        seen: Counter[tuple[Any, ...]] = Counter()
        for row in table.rows:
            if row.kind != "study":
                continue
            key = (row.label, *row.identity) if row.label in repeated else (row.label,)
            seen[key] += 1
            found.setdefault((*key, seen[key]), [None] * len(tables))[place] = row
    return list(found.values())


def _told_apart(tables: list[Table]) -> set[str]:
    """Labels that some model has twice, and under which two models share an effect."""
    twice: set[str] = set()
    holders: dict[str, Counter[tuple[str, ...]]] = {}
    for table in tables:
        rows = [row for row in table.rows if row.kind == "study"]
        twice |= {label for label, times in Counter(row.label for row in rows).items() if times > 1}
        for label, identity in {(row.label, row.identity) for row in rows}:
            holders.setdefault(label, Counter())[identity] += 1
    return {label for label in twice if max(holders[label].values()) > 1}


def _same_data(same: list[Row | None], inputs: tuple[str, ...]) -> bool:
    """Whether all models rest on the same raw data of a study."""
    data = [[str(row.cells.get(name)) for name in inputs] for row in same if row is not None]
    return all(one == data[0] for one in data)


def _own(row: Row | None, key: str, place: int) -> Row:
    """What one model says about a study: a posterior its own effect given all studies; or nothing."""
    if row is None:
        return Row("gap", "", key=key, cells={MODEL: place})
    row = replace(row, key=key, weight=math.nan, cells={**row.cells, MODEL: place})
    if row.shrunken is None:
        return row
    middle, low, high = row.shrunken
    return replace(
        row, estimate=middle, low=low, high=high, size=math.nan, shape="exact", values=(), shrunken=None
    )


def _joined(same: list[Row | None], key: str) -> Row:
    """One row of the same study under all models; it is named after the first that has it."""
    own = [
        _own(row, key if place == 0 else f"{key}-model-{place + 1}", place) for place, row in enumerate(same)
    ]
    named = next(row for row in same if row is not None)
    first = own[0] if same[0] is not None else Row("study", named.label, key=key, cells=named.cells)
    return replace(first, others=tuple(own[1:]))


def dressed(table: Table, theme: Theme) -> Table:
    """Give every model its colour and shape, or single rows those that the theme has for them."""
    if theme.style_of is not None:
        rows = tuple(replace(row, **_chosen(row, theme)) for row in table.rows)
        table = replace(table, rows=rows)
    if not table.models:
        return table

    def one(row: Row) -> Row:
        color, marker = looks(row.cells.get(MODEL, 0), theme)
        if row.kind == "study":
            row = replace(row, marker=marker)
        if row.kind in ("study", "pooled", "prediction"):
            row = replace(row, color=color)
        return replace(row, others=tuple(one(other) for other in row.others))

    return replace(table, rows=tuple(one(row) for row in table.rows))


def _chosen(row: Row, theme: Theme) -> dict[str, Any]:
    found = dict((theme.style_of(row) if theme.style_of else None) or {})
    unknown = set(found) - {"color", "marker"}
    if unknown:
        raise InputError(f"style_of may return color and marker of a row, not {listing(sorted(unknown))}")
    return found


def looks(place: int, theme: Theme) -> tuple[str, str]:
    """Colour and marker of a model.

    >>> from meta.plots.themes import DEFAULT
    >>> looks(0, DEFAULT), looks(1, DEFAULT)
    (('#0072B2', 's'), ('#D55E00', 'o'))
    """
    colors = (theme.study, theme.pooled, *PALETTE[2:]) if theme.name == "dark" else PALETTE
    return colors[place], SHAPES[place][0]


def key_of(table: Table, theme: Theme) -> list[tuple[str, str, str]]:
    """Sign, colour and name of every model."""
    return [(SHAPES[place][1], looks(place, theme)[0], name) for place, name in enumerate(table.models)]
