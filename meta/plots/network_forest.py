"""A fitted network as rows of a forest plot: each treatment against the reference."""

from __future__ import annotations

from typing import Any

from meta.plots.figure_rows import Row, Table


def against_reference(result: Any) -> Table:
    """Treatments against the reference, in the order of ``tidy``, with the intervals of the fit's test."""
    rows = [
        Row(
            "study",
            str(row["term"]),
            key=f"treatment-{at}",
            estimate=float(row["estimate"]),
            low=float(row["ci_low"]),
            high=float(row["ci_high"]),
            level=float(result.level),
        )
        for at, row in enumerate(result.tidy().to_dict("records"), start=1)
    ]
    return Table(
        tuple(rows),
        str(result.measure),
        (),
        (),
        float(result.level),
        "CrI" if hasattr(result, "nodes") else "CI",
    )
