"""Regressions as text, and coefficient tables for the summaries of other models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.errors import quiet
from meta.formatting import percent
from meta.pooling.coefficients import WaldTest, only_intercept
from meta.pooling.options import TESTS
from meta.results.columns import rows_of_table
from meta.results.text import (
    Line,
    coefficient_right,
    cut_notes,
    has_null,
    heading,
    heterogeneity,
    table,
)

if TYPE_CHECKING:
    import pandas as pd

    from meta.pooling.regression_result import Regression


def test_name(test: str) -> str:
    """Long name of a test, such as "Hartung-Knapp"."""
    return TESTS[test].name if test in TESTS else test


def method_name(method: str | float) -> str:
    """Code of a tau2 estimator, or the value at which tau2 was fixed."""
    return method if isinstance(method, str) else f"tau2 fixed at {method:g}"


def regression_text(fit: Regression, digits: int = 3) -> list[str]:
    """The lines of a meta-regression's print-out but for the warnings."""
    weighted = "" if fit.user_weights is None else "user weights"
    parts = ["Meta-regression", method_name(fit.method), test_name(fit.test), weighted, f"k = {fit.k}"]
    found = None
    if isinstance(fit.method, str) and fit.method != "EE":
        with quiet():
            found = fit.tau2_set("QP")
    spread = heterogeneity(
        tau2=np.nan if fit.method == "EE" else fit.tau2,
        tau2_ends=None if found is None else (found.low, found.high),
        how="fixed" if not isinstance(fit.method, str) else "Q-profile" if found is not None else "",
        i2=fit.i2,
        more=[f"R2 {percent(fit.r2 / 100)}"] if np.isfinite(fit.r2) else [],
        q=(fit.qe, fit.qe_df, fit.qe_p),
        q_name="QE",
    )
    lines = [heading(parts, fit.measure), *coefficient_lines(fit, digits), *spread]
    if not only_intercept(fit.design):
        lines.append(f"moderators: {WaldTest(fit.qm, fit.qm_df, fit.qm_df_residual, fit.qm_p)}")
    return lines


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
