"""Cumulative meta-analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments
from meta.diagnostics.linear_model import as_model, count_units, numbered, units
from meta.diagnostics.refits import check_counts, count_table, refit_table
from meta.diagnostics.subset_fits import as_columns, fit_subsets, frame, labels_of, pooled_fit, reading
from meta.effects.groups import grouping
from meta.effects.intake import column, data_of
from meta.errors import InputError, NotEstimableError
from meta.keywords import keywords
from meta.missing import absent
from meta.pooling.count_result import PooledCounts
from meta.pooling.multilevel_result import Multilevel

if TYPE_CHECKING:
    import pandas as pd


def ordering(values: np.ndarray) -> np.ndarray:
    """Stable ascending order of numbers, dates or words; ordered categories come as their places.

    >>> ordering(np.array([1990, 1980, 1990])).tolist()
    [1, 0, 2]
    """
    if values.dtype == object:
        try:
            values = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            values = np.array([str(item) for item in values])
    return np.argsort(values, kind="stable")


@keywords
def cumulative(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    order: Any = None,
    collapse: bool = False,
    descending: bool = False,
    cluster: Any = None,
) -> pd.DataFrame:
    """Pool the first study, the first two, and so on.

    Parameters
    ----------
    fit : Pooled, Multilevel, or PooledCounts by MH or Peto (or effect sizes, which are then pooled)
        The fit whose method and test are used; of a multilevel fit, one without moderators.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    order : str or array_like, optional
        What to sort by: a column, or one value per study; ties keep the order of the data. By default the
        data come in their order.
    collapse : bool
        Add studies with the same value together, and give one row per value instead of one per study.
    descending : bool
        Start from the largest value.
    cluster : str or array_like, optional
        What is added together; single effects by default. The order must not vary within a cluster.

    Returns
    -------
    DataFrame
        ``study`` (the one added last), ``order`` where one was given, then ``k estimate se statistic
        p_value ci_low ci_high tau2 i2 h2 q q_p``. A single study has its own normal test and no tau2. Of a
        multilevel fit the variances ``sigma2_`` and the level: NaN, and held at 0, where what is there does
        not identify one.

    References
    ----------
    Lau et al. 1992, doi:10.1056/NEJM199207233270406.

    Examples
    --------
    >>> import meta
    >>> table = {"yi": [0.9, 0.1, 0.5], "vi": [0.1] * 3, "year": [2001, 1990, 1995]}
    >>> fit = meta.pool(meta.effect_sizes(table, measure="GEN"), method="DL", test="z")
    >>> cumulative(fit, order="year")[["order", "k", "estimate"]].round(2).values.tolist()
    [[1990.0, 1.0, 0.1], [1995.0, 2.0, 0.3], [2001.0, 3.0, 0.5]]
    """
    check_arguments(cumulative, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    what = "a cumulative meta-analysis"
    effects: Any
    if isinstance(fit, PooledCounts):
        check_counts(fit, what, at_least=1)
        effects, (labels, unit) = _Rows(fit.study, fit.k), count_units(fit, cluster)
    elif isinstance(fit, Multilevel):
        model = as_model(fit, what=what)
        if model.p != 1 or fit.G is not None:
            raise NotEstimableError(
                f"{what} is of a multilevel fit of one mean, without moderators or inner="
            )
        effects, (labels, unit) = fit.es, units(model, cluster)
    else:
        pooled = pooled_fit(fit, at_least=1, what=what)
        effects = pooled.effects
        labels, unit = effects.study, np.arange(pooled.k)
        if cluster is not None:
            labels, unit = numbered(grouping(effects, cluster, "cluster"))
    first, included = _steps(effects, labels, unit, order, collapse, descending)
    if isinstance(fit, PooledCounts):
        return count_table(fit, first, included)
    if isinstance(fit, Multilevel):
        return refit_table(model, first, included)
    table = frame({**first, **as_columns(fit_subsets(pooled, included))})
    table.attrs |= reading(effects, first["study"], included)
    return table


@dataclass(frozen=True, slots=True)
class _Rows:
    """Labels of rows that carry no columns."""

    study: np.ndarray
    k: int
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    index: None = None


def _steps(
    effects: Any, labels: np.ndarray, unit: np.ndarray, order: Any, collapse: bool, descending: bool
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """First columns of the table, and which rows each step holds, (k, steps)."""
    m = len(labels)
    if order is None:
        if collapse:
            raise InputError("collapse needs order=: the column whose equal values belong together")
        values, sequence = None, np.arange(m)
    else:
        values = _of_units(labels_of(effects, order, "order"), effects.study, labels, unit, order)
        keys = _keys(effects, order, values)
        sequence = ordering(keys)
        if descending:
            # reversed twice, so that ties keep the order of the data
            sequence = m - 1 - ordering(keys[::-1])
    if descending:
        sequence = sequence[::-1]
    place = np.empty(m, dtype=int)
    place[sequence] = np.arange(m)
    last = np.arange(m)
    if collapse:
        assert values is not None
        ordered = values[sequence]
        last = np.flatnonzero([i == m - 1 or ordered[i] != ordered[i + 1] for i in range(m)])
    first = {"study": labels[sequence[last]]}
    if values is not None:
        first["order"] = values[sequence[last]]
    return first, place[unit][:, None] <= last[None, :]


def _keys(effects: Any, order: Any, values: np.ndarray) -> np.ndarray:
    """What is sorted by: the place of each value among ordered categories, else the values themselves."""
    given = column(effects, order, "order")
    if not getattr(getattr(given, "dtype", None), "ordered", False):
        return values
    place = {category: i for i, category in enumerate(given.dtype.categories)}
    return np.array([place[value] for value in values])


def _of_units(
    values: np.ndarray, study: np.ndarray, labels: np.ndarray, unit: np.ndarray, order: Any
) -> np.ndarray:
    """One value a unit; it must be there, and the same for all rows of the unit."""
    _refuse_missing(values, study, order)
    heads = np.array([np.flatnonzero(unit == u)[0] for u in range(len(labels))])
    other = np.flatnonzero(values != values[heads][unit])
    if other.size:
        row = other[0]
        raise InputError(
            f"order must be one value per cluster: {labels[unit[row]]!r} has {values[heads[unit[row]]]} "
            f"and {values[row]}; give its first or last as an array"
        )
    return np.asarray(values[heads])


def _refuse_missing(values: np.ndarray, study: np.ndarray, order: Any) -> None:
    missing = absent(values)
    if missing.any():
        name = f"column {order!r}" if isinstance(order, str) else "order"
        raise InputError(
            f"{name} has no value for study '{study[np.flatnonzero(missing)[0]]}': "
            "give one or leave the study out"
        )
