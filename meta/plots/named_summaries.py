"""Forest rows of any result: its effects with their weights, then its means, each by its own name."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from meta.effects.display import display_of
from meta.formatting import number
from meta.plots.figure_rows import NAN, Row, Table
from meta.plots.study_rows import columns_of, grouped, sort_rows, study_rows
from meta.plots.summary_wording import p_text, pooled_label
from meta.results.abilities import WithContrasts


def named_summaries(result: Any, order: Any, by: Any, leading_zero: bool, tau2: bool) -> Table:
    """Rows of what says them by :meth:`meta.results.base.Result.rows`."""
    found = result.rows()
    es = found.effects
    weights = found.weights if np.isfinite(found.weights).any() else None
    rows = study_rows(es, found.level, weights)
    fitted = _fitted(result, len(rows))
    rows = [replace(row, fitted=own) for row, own in zip(rows, fitted, strict=True)]
    filled = getattr(result, "filled", None)
    if filled is not None:
        rows = [
            replace(row, label=f"{row.label} (filled in)") if is_filled else row
            for row, is_filled in zip(rows, filled, strict=True)
        ]
    rows = grouped(sort_rows(rows, order), es, by)
    rows += [Row("gap", "", key="gap")] if rows and found.summaries else []
    n = display_of(es).size
    for i, one in enumerate(found.summaries, start=1):
        rows.append(
            Row(
                "pooled",
                pooled_label(result) if one.label in _PLAIN else _sentence(one.label),
                key="pooled" if i == 1 else f"pooled-{i}",
                estimate=one.estimate,
                low=one.ci_low,
                high=one.ci_high,
                level=found.level,
                pi_low=one.pi_low,
                pi_high=one.pi_high,
                n=NAN if n is None else n,
            )
        )
    line = _heterogeneity(found.heterogeneity, leading_zero, tau2)
    rows += [Row("note", line, key="heterogeneity")] if line else []
    columns, inputs = columns_of(es)
    return Table(tuple(rows), es.measure, columns, inputs, found.level)


_PLAIN = ("pooled", "Intercept", "mu")
"""Names of terms that say nothing of the model; the summary is called by the model instead."""


def _sentence(label: str) -> str:
    return label[:1].upper() + label[1:]


def _fitted(result: Any, k: int) -> list[tuple[float, float, float] | None]:
    """What moderators predict for each row; nothing for a model of the mean."""
    if not isinstance(result, WithContrasts) or len(result.names) < 2:
        return [None] * k
    table = result.predict(interval="confidence")
    if len(table) != k:
        return [None] * k
    names = ("estimate", "ci_low", "ci_high")
    return [tuple(map(float, row)) for row in table[list(names)].to_numpy()]  # type: ignore[misc]


def _heterogeneity(known: Any, leading_zero: bool, tau2: bool) -> str:
    parts = []
    if tau2 and "tau2" in known:
        parts.append(f"τ² = {number(known['tau2'], 3)}")
    if "i2" in known:
        parts.append(f"I² = {number(known['i2'], 0)}%")
    if "q" in known and not math.isnan(known.get("q_df", NAN)):
        parts.append(f"Q({known['q_df']:g}) = {known['q']:.1f}, {p_text(known['q_p'], leading_zero)}")
    return f"Heterogeneity: {', '.join(parts)}" if parts else ""
