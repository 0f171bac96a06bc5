"""Regressions as text, and coefficient tables for the summaries of other models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meta.formatting import interval, number, p_equation, p_value
from meta.pooling.coefficients import WaldTest, only_intercept

if TYPE_CHECKING:
    import pandas as pd

    from meta.pooling.regression_result import Regression


def regression_text(fit: Regression, digits: int = 3) -> list[str]:
    """The lines of a meta-regression's print-out but for the warnings."""
    weighted = "" if fit.user_weights is None else " · user weights"
    head = f"Meta-regression · {fit.method} · {fit.test}{weighted} · k = {fit.k}"
    left = [f"tau2 {number(fit.tau2)}", f"I2 {number(fit.i2, 1)}%"]
    left += [f"R2 {number(fit.r2, 1)}%"] if np.isfinite(fit.r2) else []
    left += [f"QE({fit.qe_df}) = {number(fit.qe, 2)}, {p_equation(fit.qe_p)}"]
    lines = [
        f"{head}        measure: {fit.measure}",
        coefficient_text(fit.coefficients, digits),
        "   ".join(left),
    ]
    if not only_intercept(fit.design):
        lines.append(f"moderators: {WaldTest(fit.qm, fit.qm_df, fit.qm_df_residual, fit.qm_p)}")
    return lines


def coefficient_text(frame: pd.DataFrame, digits: int = 3) -> str:
    """One line per coefficient."""
    shown = [
        (
            str(name),
            number(row["estimate"], digits),
            number(row["se"], digits),
            interval(row["ci_low"], row["ci_high"], digits),
            p_value(row["p_value"]),
        )
        for name, row in frame.iterrows()
    ]
    rows = [("", "estimate", "se", "interval", "p"), *shown]
    width = [max(len(row[i]) for row in rows) for i in range(5)]
    return "\n".join(
        f"  {a:{width[0]}}  {b:>{width[1]}}  {c:>{width[2]}}  {d:<{width[3]}}  {e:>{width[4]}}"
        for a, b, c, d, e in rows
    )
