"""What a caller gives to pooling, checked and turned into effect sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from meta.arguments import floats, one_each
from meta.effects.carried import LARGEST, check_carried
from meta.effects.model import EffectSizes
from meta.errors import AssumptionWarning, DataWarning, InputError, Notes
from meta.formatting import listing


def gather(
    es: Any,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str = "GEN",
    weights: Any = None,
    by: Any = None,
) -> tuple[EffectSizes, np.ndarray | None]:
    """Build `EffectSizes` from what a caller gave, with the weights as an array of the same length."""
    if isinstance(es, EffectSizes):
        if yi is not None or vi is not None or sei is not None:
            raise InputError("give either effect sizes or yi= and vi=, not both")
        effects = es
    else:
        effects = _from_arrays(es, yi, vi, sei, study, measure)
    if weights is None:
        return effects, None
    given = floats(column(effects, es, weights, "weights"), "weights")
    check_weights(given, effects.study)
    return effects, given


def check_weights(given: np.ndarray, study: np.ndarray) -> None:
    """Refuse weights that are negative, missing, too large, or all 0."""
    bad = np.flatnonzero(~(given >= 0) | (given > LARGEST))
    if bad.size:
        raise InputError(
            f"weights must be >= 0 and no more than {LARGEST:g}: "
            f"study '{study[bad[0]]}' has {given[bad[0]]:g}"
        )
    if not given.sum() > 0:
        raise InputError("weights are all 0: give at least one positive weight")


def column(effects: EffectSizes, es: Any, values: Any, what: str) -> np.ndarray:
    """A column by name, or an array, of the effects' length."""
    if isinstance(values, str):
        if values in effects.columns:
            return np.asarray(effects.columns[values])
        if values == "study":
            return effects.study
        if es is not None and not isinstance(es, EffectSizes):
            return _named(es, values, what)
        offered = ", ".join(map(str, effects.columns)) or "none"
        raise InputError(f"{what}: there is no column {values!r}; the columns are: {offered}")
    return one_each(values, what, effects.k)


def _named(table: Any, name: str, what: str) -> np.ndarray:
    columns = list(table.keys() if isinstance(table, Mapping) else getattr(table, "columns", ()))
    if name not in columns:
        raise InputError(
            f"{what}: there is no column {name!r}; the columns are: {', '.join(map(str, columns))}"
        )
    return np.asarray(table[name])


def _numbers(table: Any, values: Any, what: str) -> np.ndarray:
    if isinstance(values, str):
        if table is None:
            raise InputError(f"{what}={values!r} names a column, but no table was given")
        values = _named(table, values, what)
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise InputError(f"{what} must be numbers; a value in it is not") from None
    if found.ndim != 1:
        raise InputError(f"{what} must be one-dimensional, not of shape {found.shape}")
    return found


def _from_arrays(table: Any, yi: Any, vi: Any, sei: Any, study: Any, measure: str) -> EffectSizes:
    if table is not None and yi is None:
        columns = list(table.keys() if isinstance(table, Mapping) else getattr(table, "columns", ()))
        if "yi" not in columns:
            raise InputError("give effect sizes, or yi= and vi= (or sei=) as arrays or column names")
        yi = "yi"
        vi = "vi" if vi is None and sei is None and "vi" in columns else vi
        sei = "sei" if vi is None and sei is None and "sei" in columns else sei
    if yi is None or (vi is None) == (sei is None):
        raise InputError("give yi= and exactly one of vi= and sei=")
    y = _numbers(table, yi, "yi")
    name = "vi" if vi is not None else "sei"
    spread = _numbers(table, vi if vi is not None else sei, name)
    if spread.shape != y.shape:
        raise InputError(f"yi and {name} must have the same length: {y.size} and {spread.size}")
    if study is None:
        labels = np.array([str(i) for i in range(1, y.size + 1)], dtype=object)
    else:
        labels = np.asarray(_named(table, study, "study") if isinstance(study, str) else study, dtype=object)
        if labels.shape != y.shape:
            raise InputError(f"study must have one label a row: {labels.size} given for {y.size} rows")
    bad = np.flatnonzero(spread <= 0)
    if bad.size:
        raise InputError(f"{name} must be > 0: study '{labels[bad[0]]}' has {name} = {spread[bad[0]]:g}")
    columns_of = {}
    if table is not None:
        names = table.keys() if isinstance(table, Mapping) else getattr(table, "columns", ())
        columns_of = {str(c): np.asarray(table[c]) for c in names}
    return EffectSizes(
        yi=y, vi=spread if vi is not None else spread**2, measure=measure, study=labels, columns=columns_of
    )


def usable(effects: EffectSizes, notes: Notes) -> tuple[EffectSizes, np.ndarray]:
    """Keep the rows with a known effect; say how many were left out and which."""
    keep = effects.exact & np.isfinite(effects.yi) & np.isfinite(effects.vi)
    if not keep.all():
        labels = [f"'{label}'" for label in effects.study[~keep]]
        shown = listing(labels if len(labels) <= 6 else [*labels[:5], f"{len(labels) - 5} others"])
        notes.warn(
            f"{len(labels)} of {effects.k} rows have no exactly known effect and are left out: {shown}",
            DataWarning,
            stacklevel=4,
        )
        effects = effects.subset(keep)
    if effects.k == 0:
        raise InputError("there is no study to pool: no row has both an effect and a variance")
    check_carried(effects)
    if effects.covariance is not None and np.any(effects.covariance != np.diag(np.diag(effects.covariance))):
        notes.warn(
            "some effects are correlated, but pool treats them as independent: use pool_multilevel for them",
            AssumptionWarning,
            stacklevel=4,
        )
    return effects, keep
