"""Rows whose way to the display scale depends on their own size, brought to the one scale of the axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from meta.effects.display import Display, Shown, display_of, scale_of
from meta.formatting import listing
from meta.plots.figure_rows import Row, Table, each
from meta.results.abilities import EffectsOnly

MOST_NAMED = 6
SUMMARIES = {"subtotal": "a subtotal", "pooled": "the pooled effect", "prediction": "the prediction"}
NUMBERS = ("estimate", "low", "high", "pi_low", "pi_high")


def mean_of(rows: Sequence[Row]) -> float | None:
    """The harmonic mean of the studies' sizes, in which the axis is drawn.

    >>> mean_of([Row("study", "A", n=10.0), Row("study", "B", n=30.0), Row("study", "C")])
    15.0
    """
    sizes = [row.n for row in each(rows) if row.kind == "study" and row.n > 0]
    return len(sizes) / sum(1 / n for n in sizes) if sizes else None


def on_one_scale(table: Table) -> tuple[Table, str]:
    """Move rows to where the axis has what they are read as, cut them at its ends, and say which were cut.

    >>> row = Row("study", "A", estimate=0.05, low=-0.1, high=0.2)
    >>> table, said = on_one_scale(Table((row,), "PR"))
    >>> table.rows[0].low, said
    (0.0, 'Cut at the end of the scale: the interval of A.')
    """
    place = _Place(Display(table.measure), mean_of(table.rows))
    rows = tuple(place.row(row) for row in table.rows)
    names = list(dict.fromkeys(place.cut))
    noun = "interval" if len(names) == 1 else "intervals"
    if len(names) > MOST_NAMED:
        names = [*names[:MOST_NAMED], f"{len(names) - MOST_NAMED} more"]
    said = f"Cut at the end of the scale: the {noun} of {listing(names)}." if names else ""
    return replace(table, rows=rows), said


def positions(effects: Any, values: np.ndarray, size: float | None) -> np.ndarray:
    """Where values of studies stand on an axis that is labelled for studies of one size.

    >>> positions(None, np.array([0.1]), None).tolist()
    [0.1]
    """
    if size is None or not isinstance(effects, EffectsOnly):
        return values
    how = display_of(effects)
    return np.asarray(scale_of(how.measure).at(size).forward(how.rows(values).values))


class _Place:
    """Where values of rows stand on the axis, which is drawn for studies of one size."""

    def __init__(self, how: Display, size: float | None) -> None:
        self.how, self.size = how, size
        self.scale = scale_of(how.measure).at(size)
        self.cut: list[str] = []

    def values(self, x: np.ndarray, n: float) -> tuple[np.ndarray, np.ndarray]:
        """Positions, and which of them were cut; what is open stays so."""
        if self.size is None or math.isnan(n):
            low, high = self.how.ends(self.size)
            shown = Shown(np.clip(x, low, high), (x < low) | (x > high))
        else:
            shown = self.how.shown(x, n)
            shown = Shown(self.scale.forward(shown.values), shown.cut)
        known = np.isfinite(x)
        return np.where(known, shown.values, x), known & shown.cut

    def row(self, row: Row) -> Row:
        others = tuple(self.row(other) for other in row.others)
        if not row.drawn:
            return replace(row, others=others)
        found: dict[str, Any] = {}
        ends, cut = self.values(np.array([getattr(row, name) for name in NUMBERS]), row.n)
        if cut.any():
            self.cut.append(SUMMARIES.get(row.kind, row.label))
        for name, value in zip(NUMBERS, ends, strict=True):
            found[name] = float(value)
        for name in ("shrunken", "fitted"):
            if getattr(row, name) is not None:
                found[name] = tuple(self.values(np.asarray(getattr(row, name)), row.n)[0].tolist())
        for name in ("density", "prior"):
            if getattr(row, name) is not None:
                x, height = getattr(row, name)
                found[name] = self.density(x, height, row.n)
        places = self.values(np.array([x for x, _ in row.values]), row.n)[0]
        values = tuple((float(x), w) for x, (_, w) in zip(places, row.values, strict=True))
        return replace(row, others=others, values=values, **found)

    def density(self, x: np.ndarray, density: np.ndarray, n: float) -> tuple[np.ndarray, np.ndarray]:
        at, cut = self.values(np.asarray(x, dtype=float), n)
        return at[~cut], np.asarray(density)[~cut]
