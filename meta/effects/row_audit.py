"""What the audit of a table's rows finds, as the library warns of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from meta.effects.checks import Labels
from meta.effects.effect_size_table import EffectSizes
from meta.effects.measures.definition import Measure
from meta.tables import audit
from meta.tables.naming import normal
from meta.tables.spellings import YEARS

_BESIDE = {"n1": "n1", "n2": "n2", "model_low": "ci_low", "model_high": "ci_high"}
"""What a table's own columns tell of effects that are given: beside yi an interval is on the model scale."""


def odd_rows(
    entry: Measure,
    study: Labels,
    values: Mapping[str, np.ndarray],
    own: Mapping[str, Any],
    computed: Sequence[str],
) -> list[str]:
    """Totals, repeats and codes; of computed effects also ratios given as logs and errors given as variances.

    Parameters
    ----------
    entry : Measure
        What the effects are.
    study : sequence of str, shape (k,)
        Labels.
    values : mapping of str to ndarray of shape (k,)
        Numbers by argument.
    own : mapping of str to array
        The table's own columns.
    computed : sequence of str
        The arguments that were given, if effects were; empty otherwise.
    """
    told = audit.odd_rows(study, {n: x for n, x in values.items() if not n.startswith("model_")})
    if not computed:
        return told
    known = {
        name: np.asarray(own[column], float)
        for name, column in _BESIDE.items()
        if column in own and getattr(getattr(own[column], "dtype", None), "kind", "O") in "iuf"
    }
    kind = {"log_ratio": entry.is_log_ratio, "standardised": entry.is_standardised}
    return told + audit.odd_effects({**known, **values}, computed, **kind)


def repeated_studies(effects: EffectSizes) -> list[str]:
    """Studies with several rows, which a model of one effect per study takes for independent.

    Rows with the same label but another year are other studies: an author may well have two.

    >>> repeated_studies(EffectSizes([0.1, 0.2], [1.0, 1.0], "GEN", ["A", "A"]))[0][:21]
    "study 'A' has 2 rows,"
    """
    if effects.k > audit.MOST_LABELS:
        return []
    if effects.covariance is not None:  # a known dependence has a warning of its own
        return []
    found = audit.repeated_labels(effects.study)
    year = next((name for name in effects.columns if normal(str(name)) in YEARS), None)
    if found and year is not None:
        years = np.asarray(effects.columns[year], dtype=object)
        found = audit.repeated_labels([f"{a} {b}" for a, b in zip(effects.study, years, strict=True)])
    return [
        f"{item.text}, pooled as if independent; meta.pool_multilevel or meta.robust keeps them together"
        for item in found
    ]
