"""Checks where data enter the regression, multilevel and robust models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from meta.arguments import floats, one_each
from meta.effects.carried import check_carried
from meta.effects.model import EffectSizes
from meta.errors import InputError, unknown_option


def as_effects(data: Any, yi: Any = None, vi: Any = None) -> EffectSizes:
    """Effect sizes from themselves, from a table with columns ``yi`` and ``vi``, or from two arrays.

    >>> as_effects(None, [0.1], [0.2]).k
    1
    """
    if isinstance(data, EffectSizes):
        return _checked(data)
    if data is None:
        if yi is None or vi is None:
            raise InputError("give effect sizes, or both yi and vi")
        y = floats(yi, "yi")
        es = EffectSizes(y, floats(vi, "vi"), "GEN", np.array([str(i + 1) for i in range(y.size)]))
        return _checked(es)
    if not (isinstance(data, Mapping) or hasattr(data, "columns")):
        raise InputError(f"effect sizes or a table are needed, got {type(data).__name__}")
    for name in ("yi", "vi"):
        if name not in data:
            raise InputError(f"the table has no column {name!r}; make one with meta.effect_sizes")
    columns = {str(name): np.asarray(data[name]) for name in data}
    y = floats(columns["yi"], "yi")
    study = columns.get("study", np.array([str(i + 1) for i in range(y.size)]))
    return _checked(EffectSizes(y, floats(columns["vi"], "vi"), "GEN", study, columns=columns))


def _checked(es: EffectSizes) -> EffectSizes:
    if es.yi.ndim != 1 or es.yi.shape != es.vi.shape:
        raise InputError(f"yi and vi must be of the same length, got {es.yi.shape} and {es.vi.shape}")
    check_carried(es)
    return es


def column(es: EffectSizes, name: Any, what: str) -> np.ndarray:
    """A column of the effect sizes by name, or an array of the right length, or one label an effect.

    ``study`` is the label column; ``effect`` numbers the rows where there is no column of that name.
    """
    if not isinstance(name, str):
        return one_each(name, what, es.k)
    if name == "study":
        return np.asarray(es.study)
    if name in es.columns:
        return np.asarray(es.columns[name])
    if name == "effect":
        return np.arange(es.k)
    raise InputError(
        f"{what} names {name!r}, which is not a column; "
        f"columns: {', '.join(['study', *map(str, es.columns)])}"
    )


def check_option(what: str, value: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed values, or a refusal that lists them."""
    if value not in allowed:
        raise unknown_option(what, value, allowed)
    return value
