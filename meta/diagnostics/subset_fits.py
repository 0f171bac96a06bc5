"""Many fits of the studies of one fit, as one batch: which studies are in is a matrix of ones and zeros."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.effects.display import display_of
from meta.effects.groups import grouping
from meta.effects.intake import column
from meta.errors import InputError, NotEstimableError
from meta.pooling.many import PooledMany, pool_many
from meta.pooling.result import Pooled
from meta.pooling.univariate import pool
from meta.results.abilities import WithCoefficients, WithLevels

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "k",
    "estimate",
    "se",
    "statistic",
    "p_value",
    "ci_low",
    "ci_high",
    "tau2",
    "i2",
    "h2",
    "q",
    "q_p",
)


def pooled_fit(fit: Any, *, at_least: int = 2, what: str = "this diagnostic") -> Pooled:
    """A univariate fit; effect sizes are pooled with the defaults."""
    found = fit if isinstance(fit, Pooled) else None
    if found is None:
        if isinstance(fit, WithCoefficients | WithLevels):
            raise InputError(f"{what} takes a fit of meta.pool, not a {type(fit).__name__}")
        pooled = pool(fit)
        assert isinstance(pooled, Pooled)
        found = pooled
    if found.k < at_least:
        raise NotEstimableError(f"{what} needs at least {at_least} studies, but there are {found.k}")
    return found


def fit_subsets(fit: Pooled, included: np.ndarray) -> PooledMany:
    """Fit every column of ``included`` (k, p) with the options of ``fit``."""
    options, effects = fit.options, fit.effects
    y = np.where(included, effects.yi[:, None], np.nan)
    weights = None if fit.user_weights is None else fit.user_weights[:, None] * np.ones(included.shape)
    return pool_many(
        y,
        np.broadcast_to(effects.vi[:, None], included.shape),
        method=options.estimator,
        test=options.test,
        level=options.level,
        weights=weights,
    )


def as_columns(many: PooledMany) -> dict[str, np.ndarray]:
    """The columns that every table of this room has."""
    return {name: getattr(many, name) for name in COLUMNS}


def labels_of(effects: Any, values: Any, what: str) -> np.ndarray:
    """A column of the effects by name, or an array with one value per study."""
    if what == "cluster":
        return grouping(effects, values, what)
    return np.asarray(column(effects, values, what))


def reading(effects: Any, labels: np.ndarray, included: np.ndarray) -> dict[str, Any]:
    """What figures need to read the rows of a table: the measure, and the size that each subset is read at.

    ``sizes`` goes by the row's label, so that a part of the table is read as the whole is.
    """
    how = display_of(effects)
    found = {"measure": effects.measure, "size": how.size}
    sizes = how.sizes_among(included)
    if sizes is not None and len(set(labels.tolist())) == labels.size:
        found["sizes"] = dict(zip(map(str, labels), sizes.tolist(), strict=True))
    return found


def frame(columns: dict[str, Any]) -> pd.DataFrame:
    """A DataFrame with a plain index."""
    import pandas as pd

    return pd.DataFrame(columns)
