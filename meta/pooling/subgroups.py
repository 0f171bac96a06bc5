"""Subgroup analysis: :func:`subgroups`, the same as :func:`meta.pool` with ``by=``."""

from __future__ import annotations

from typing import Any

from meta.arguments import check_arguments
from meta.errors import InputError
from meta.keywords import keywords
from meta.pooling.subgroup_fits import Subgroups
from meta.pooling.univariate import pool


@keywords
def subgroups(
    es: Any = None,
    *,
    by: Any,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    method: str | float = "REML",
    test: str = "hksj",
    level: float = 0.95,
    weights: Any = None,
    common_tau2: bool | None = None,
    measure: str | None = None,
) -> Subgroups:
    """Pool every subgroup, and test the differences between them.

    Parameters
    ----------
    es, yi, vi, sei, study, method, test, level, weights, measure : optional
        As in :func:`meta.pool`.
    by : array_like or str
        The grouping: values, or the name of a column.
    common_tau2 : bool, optional
        Estimate one tau2 for all groups rather than one for each (False). Both the fits and the
        random-effects test between groups then use it; with separate tau2 that test differs from a
        meta-regression's.

    Returns
    -------
    Subgroups
        The tests between groups compare the group means by their classic standard errors with chi-squared.

    References
    ----------
    Borenstein & Higgins 2013, doi:10.1007/s11121-013-0377-7.

    Examples
    --------
    >>> y, v = [0.1, 0.3, 0.9, 1.2], [0.01, 0.02, 0.02, 0.03]
    >>> found = subgroups(yi=y, vi=v, by=["a", "a", "b", "b"], test="z")
    >>> found.groups, round(found["b"].estimate, 4)
    (['a', 'b'], 1.0333)
    """
    check_arguments(subgroups, locals())
    found = pool(
        es,
        yi=yi,
        vi=vi,
        sei=sei,
        study=study,
        method=method,
        test=test,
        level=level,
        by=by,
        weights=weights,
        common_tau2=common_tau2,
        measure=measure,
    )
    if not isinstance(found, Subgroups):
        raise InputError("by must name a column or give one label per study")
    return found
