"""The rows of a forest plot: what is drawn and printed, before anybody knows where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from meta.errors import InputError
from meta.formatting import shown
from meta.keywords import keywords

RowKind = Literal["group", "study", "subtotal", "pooled", "prediction", "note", "gap"]
Shape = Literal["exact", "bound", "mixture", "none"]

NAN = math.nan

MODEL = "model"
"""Cell that holds the place of a row's own model in :attr:`Table.models`."""


@keywords
@dataclass(frozen=True, slots=True)
class Row:
    """One row; effects are on the model scale.

    Attributes
    ----------
    kind : str
        "group" (a heading), "study", "subtotal", "pooled", "prediction", "note" (text left of the panel)
        or "gap".
    label : str
        What stands in the first column.
    key : str
        Unique name for links and style sheets ("study-3", "pooled"); labels need not be unique.
    estimate, low, high : float
        Point and interval; for a bound, its ends (infinite where open).
    level : float
        Level of the interval.
    weight : float
        In percent; NaN where there is none.
    size : float
        Relative weight for the area of the marker, the largest being 1.
    shape : str
        "exact", "bound", "mixture" or "none" (not estimable).
    values : tuple of (value, weight)
        Possible values of a mixture.
    pi_low, pi_high : float
        A prediction interval drawn through the row's diamond.
    shrunken : (estimate, low, high) or None
        The study's own effect given all others.
    density : (x, density) or None
        Drawn above the interval as a half-eye.
    prior : (x, density) or None
        Drawn faintly behind ``density``.
    fitted : (estimate, low, high) or None
        What a meta-regression predicts for the study.
    tier : str
        "A" to "D", or "".
    reason : str
        Why an effect is not estimable.
    cells : mapping
        What other columns show.
    color, marker : str or None
        Instead of the theme's.
    others : tuple of Row
        The same row under further models; all are drawn below each other.
    n : float
        People or person-time, where the way to the display scale depends on it; NaN elsewhere.
    identity : tuple
        The effect and its variance or bounds: what tells two rows of one label apart in another model.
    """

    kind: RowKind
    label: str
    key: str = ""
    estimate: float = NAN
    low: float = NAN
    high: float = NAN
    level: float = 0.95
    weight: float = NAN
    size: float = NAN
    shape: Shape = "exact"
    values: tuple[tuple[float, float], ...] = ()
    pi_low: float = NAN
    pi_high: float = NAN
    shrunken: tuple[float, float, float] | None = None
    density: tuple[np.ndarray, np.ndarray] | None = None
    prior: tuple[np.ndarray, np.ndarray] | None = None
    fitted: tuple[float, float, float] | None = None
    tier: str = ""
    reason: str = ""
    cells: Mapping[str, Any] = field(default_factory=dict)
    color: str | None = None
    marker: str | None = None
    others: tuple[Row, ...] = ()
    n: float = NAN
    identity: tuple[Any, ...] = ()

    @property
    def drawn(self) -> bool:
        """Whether anything of this row appears in the panel."""
        if self.kind in ("group", "note", "gap"):
            return False
        if any(other.drawn for other in self.others):
            return True
        if self.shape == "bound":
            return math.isfinite(self.low) or math.isfinite(self.high)
        if self.shape == "mixture":
            return bool(self.values)
        if self.kind == "prediction":
            return math.isfinite(self.low) and math.isfinite(self.high)
        return self.shape == "exact" and math.isfinite(self.estimate)

    @property
    def summary(self) -> bool:
        """Whether the row sums studies up."""
        return self.kind in ("subtotal", "pooled", "prediction")


@keywords
@dataclass(frozen=True, slots=True)
class ClaimMark:
    """A claimed value, and the region of effects that are at least as large.

    Attributes
    ----------
    value : float
        On the model scale.
    region : (low, high) or None
        Ends on the model scale; either may be infinite.
    label : str
        Written above the line.
    """

    value: float
    region: tuple[float, float] | None = None
    label: str = "claimed"

    def __post_init__(self) -> None:
        for value in (self.value, *(self.region or ())):
            if not isinstance(value, (int, float, np.number)) or value != value:
                raise InputError(
                    f"a claim's value and the ends of its region are numbers, not {shown(value)}"
                )
        if self.region is not None and not (len(self.region) == 2 and self.region[0] <= self.region[1]):
            raise InputError(f"a claim's region is (low, high), not {shown(self.region)}")


@keywords
@dataclass(frozen=True, slots=True)
class Table:
    """Rows with what the renderer must know about all of them.

    Attributes
    ----------
    rows : tuple of Row
    measure : str
        Code of the measure.
    columns : tuple of str
        Names of the cells that rows have, in order.
    inputs : tuple of str
        Names of raw-data cells ("events1", "n1", ...).
    level : float
    interval : str
        What the intervals of the rows are: "CI", "CrI" or "interval".
    models : tuple of str
        Names of the models that share rows; empty where there is one.
    """

    rows: tuple[Row, ...]
    measure: str = "GEN"
    columns: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    level: float = 0.95
    interval: str = "CI"
    models: tuple[str, ...] = ()


def each(rows: Sequence[Row]) -> list[Row]:
    """Rows, and the same under further models."""
    return [one for row in rows for one in (row, *row.others)]


def table_of(rows: tuple[Row, ...], models: tuple[str, ...] = ()) -> dict[str, list[Any]]:
    """Return the numbers of rows as columns, for :meth:`FigureResult.to_frame`; a record a model."""
    kept = [row for row in each(rows) if row.kind not in ("gap", "note", "group")]
    table: dict[str, list[Any]] = {
        "key": [row.key for row in kept],
        "kind": [row.kind for row in kept],
        "label": [row.label for row in kept],
        "shape": [row.shape for row in kept],
        "estimate": [row.estimate for row in kept],
        "ci_low": [row.low for row in kept],
        "ci_high": [row.high for row in kept],
        "level": [row.level for row in kept],
        "weight": [row.weight for row in kept],
        "tier": [row.tier for row in kept],
        "reason": [row.reason for row in kept],
    }
    if models:
        table["model"] = [models[row.cells.get(MODEL, 0)] for row in kept]
    if any(row.shrunken for row in kept):
        for position, name in enumerate(("shrunken", "shrunken_low", "shrunken_high")):
            table[name] = [row.shrunken[position] if row.shrunken else NAN for row in kept]
    if any(row.fitted for row in kept):
        for position, name in enumerate(("fitted", "fitted_low", "fitted_high")):
            table[name] = [row.fitted[position] if row.fitted else NAN for row in kept]
    return table
