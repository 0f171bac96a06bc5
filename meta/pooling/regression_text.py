"""Coefficient tables as text, for the summaries of regression and multilevel fits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meta.formatting import interval, number, p_value

if TYPE_CHECKING:
    import pandas as pd


def coefficient_text(frame: pd.DataFrame) -> str:
    """One line a coefficient."""
    shown = [
        (
            str(name),
            number(row["estimate"]),
            number(row["se"]),
            interval(row["ci_low"], row["ci_high"]),
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
