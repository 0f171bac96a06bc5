"""Fits without each study, or without each cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments
from meta.diagnostics.linear_model import as_model, count_units, left_out, numbered, units
from meta.diagnostics.refits import check_counts, count_table, refit_table
from meta.diagnostics.subset_fits import as_columns, fit_subsets, frame, pooled_fit, reading
from meta.effects.groups import grouping
from meta.effects.intake import data_of
from meta.keywords import keywords
from meta.pooling.count_result import PooledCounts
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.regression_result import Regression

if TYPE_CHECKING:
    import pandas as pd


@keywords
def leave_one_out(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    cluster: Any = None,
) -> pd.DataFrame:
    """Fit without each study, or without each cluster of dependent results.

    Parameters
    ----------
    fit : Pooled, Regression, Multilevel, or PooledCounts by MH or Peto (or effect sizes, which are pooled)
        The fit whose method and test are used.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    cluster : str or array_like, optional
        What is left out together; single studies (in a multilevel fit: single effects) by default.

    Returns
    -------
    DataFrame
        One row per study (or cluster) left out, in the order of the data: ``study k estimate se statistic
        p_value ci_low ci_high tau2 i2 h2 q q_p``. Of a fit with several coefficients a row each, named by
        ``term``; of a multilevel fit the variances ``sigma2_`` and the level (NaN where what is left does not
        identify one).

    Examples
    --------
    >>> import meta
    >>> table = leave_one_out(meta.pool(yi=[0.1, 0.5, 0.9], vi=[0.1, 0.1, 0.1], method="DL", test="z"))
    >>> table["estimate"].round(2).tolist()
    [0.7, 0.5, 0.3]
    """
    check_arguments(leave_one_out, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if isinstance(fit, PooledCounts):
        check_counts(fit, "leave-one-out")
        labels, unit = count_units(fit, cluster)
        table = count_table(fit, {"study": labels}, left_out(labels, unit))
    elif isinstance(fit, (Regression, Multilevel)):
        model = as_model(fit, what="leave-one-out")
        labels, unit = units(model, cluster)
        table = refit_table(model, {"study": labels}, left_out(labels, unit))
    else:
        pooled = pooled_fit(fit, what="leave-one-out")
        labels, unit = pooled.effects.study, np.arange(pooled.k)
        if cluster is not None:
            labels, unit = numbered(grouping(pooled.effects, cluster, "cluster"))
        included = left_out(labels, unit)
        table = frame({"study": labels, **as_columns(fit_subsets(pooled, included))})
        table.attrs |= reading(pooled.effects, labels, included)
    table.attrs["rows"] = "without"
    return table
