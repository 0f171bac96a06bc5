"""Cumulative meta-analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.diagnostics.batches import as_columns, fit_subsets, frame, labels_of, pooled_fit
from meta.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def ordering(values: np.ndarray) -> np.ndarray:
    """Stable ascending order of numbers, dates or words.

    >>> ordering(np.array([1990, 1980, 1990])).tolist()
    [1, 0, 2]
    """
    if values.dtype == object:
        try:
            values = np.asarray(values, dtype=float)
        except (TypeError, ValueError):
            values = np.array([str(item) for item in values])
    return np.argsort(values, kind="stable")


def cumulative(
    fit: Any, *, order: Any = None, collapse: bool = False, descending: bool = False
) -> pd.DataFrame:
    """Pool the first study, the first two, and so on.

    Parameters
    ----------
    fit : Pooled (or effect sizes, which are then pooled)
        The fit whose method and test are used.
    order : str or array_like, optional
        What to sort by: a column, or one value a study; ties keep the order of the data. By default the data
        come in their order.
    collapse : bool
        Add studies with the same value together, and give one row a value instead of one a study.
    descending : bool
        Start from the largest value.

    Returns
    -------
    DataFrame
        ``study`` (the one added last), ``order`` where one was given, then ``k estimate se statistic
        p_value ci_low ci_high tau2 i2 h2 q q_p``. A single study has its own normal test and no tau2.

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
    model = pooled_fit(fit, at_least=1, what="a cumulative meta-analysis")
    k = model.k
    if order is None:
        if collapse:
            raise InputError("collapse needs order=: the column whose equal values belong together")
        values, sequence = None, np.arange(k)
    else:
        values = labels_of(model, order, "order")
        _refuse_missing(values, model.effects.study, order)
        sequence = ordering(values)
    if descending:
        # reversed twice, so that ties keep the order of the data
        sequence = sequence if values is None else k - 1 - ordering(values[::-1])
        sequence = sequence[::-1]
    place = np.empty(k, dtype=int)
    place[sequence] = np.arange(k)
    last = np.arange(k)
    if collapse:
        assert values is not None
        ordered = values[sequence]
        last = np.flatnonzero([i == k - 1 or ordered[i] != ordered[i + 1] for i in range(k)])
    included = place[:, None] <= last[None, :]
    columns: dict[str, Any] = {"study": model.effects.study[sequence[last]]}
    if values is not None:
        columns["order"] = values[sequence[last]]
    table = frame({**columns, **as_columns(fit_subsets(model, included))})
    table.attrs["measure"] = model.effects.measure
    return table


def _refuse_missing(values: np.ndarray, study: np.ndarray, order: Any) -> None:
    missing = np.array([item is None or item != item for item in values.tolist()], dtype=bool)
    if missing.any():
        name = f"column {order!r}" if isinstance(order, str) else "order"
        raise InputError(
            f"{name} has no value for study '{study[np.flatnonzero(missing)[0]]}': "
            "give one or leave the study out"
        )
