"""Tables of coefficients as text, for the print-outs of every model that has some."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.pooling.pool_options import TESTS
from meta.results.print_out import (
    Line,
    coefficient_right,
    cut_notes,
    has_null,
    table,
)
from meta.results.table_columns import rows_of_table

if TYPE_CHECKING:
    import pandas as pd


def test_name(test: str) -> str:
    """Long name of a test, such as "Hartung-Knapp"."""
    return TESTS[test].name if test in TESTS else test


def method_name(method: str | float) -> str:
    """Code of a tau2 estimator, or the value at which tau2 was fixed."""
    return method if isinstance(method, str) else f"tau2 fixed at {method:g}"


def coefficient_lines(fit: Any, digits: int = 3) -> list[str]:
    """The table of a fit's coefficients, on the display scale too where that is another."""
    design, effects = getattr(fit, "design", None), fit.effects
    rows = []
    for at, row in enumerate(fit._terms()):
        if row.get("part") == "scale":
            continue
        intercept = at == design.intercept if design is not None else True
        mean = intercept and effects is not None
        right = "" if effects is None else coefficient_right(effects, mean, row)
        rows.append(Line.of(row, right))
    measure = "" if effects is None else str(effects.measure)
    tested = has_null(measure) or len(rows) > 1
    return [*table(rows, fit.level, digits, tested=tested), *_cut(fit, rows)]


def _cut(fit: Any, rows: list[Line]) -> list[str]:
    """What is said where a mean was cut at the end of its scale."""
    means = [row for row in rows if row.right]
    return cut_notes(fit.effects, means[:1]) if means else []


def coefficient_text(frame: pd.DataFrame, level: float, digits: int = 3, df: Any = np.inf) -> list[str]:
    """A table of coefficients, indexed by term, that have no scale to be read on."""
    rows = [Line.of(row | {"df": row.get("df", df)}) for row in rows_of_table(frame)]
    return table(rows, level, digits)
