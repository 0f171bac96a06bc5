"""Residuals of every kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments
from meta.diagnostics.deletion import residuals_of
from meta.diagnostics.linear_model import as_model, count_units, left_out, units
from meta.diagnostics.refits import check_counts, count_table
from meta.diagnostics.subset_fits import frame
from meta.effects.intake import data_of
from meta.keywords import keywords
from meta.pooling.count_result import PooledCounts

if TYPE_CHECKING:
    import pandas as pd
from meta.diagnostics.model_influence import deletions, quotient


@keywords
def residuals(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    cluster: Any = None,
    reestimate: bool = True,
) -> pd.DataFrame:
    """Residuals of every kind.

    Parameters
    ----------
    fit : Pooled, Regression, Multilevel, or PooledCounts by MH or Peto (or effect sizes, which are pooled)
        The fit.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    cluster : str or array_like, optional
        What is deleted together for the deleted residuals; single effects by default.
    reestimate : bool
        Whether the heterogeneity is estimated again without each unit.

    Returns
    -------
    DataFrame
        One row per effect: ``study residual`` (observed less fitted), ``pearson`` (over the marginal standard
        deviation), ``cholesky`` (made uncorrelated), ``rstandard rstandard_se`` (over the residual's own
        standard error), ``deleted rstudent_se rstudent`` (against the fit without the effect or its cluster).
        Counts have a marginal variance alone: ``study residual pearson deleted rstudent_se rstudent``.

    References
    ----------
    Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11; Viechtbauer 2021, doi:10.1201/9781315119403.

    Examples
    --------
    >>> import meta
    >>> fit = meta.regress(yi=[0.1, 0.4, 0.5, 0.9, 0.8], vi=[0.01] * 5, moderators={"dose": [1, 2, 3, 4, 5]})
    >>> residuals(fit)["residual"].round(2).tolist()
    [-0.06, 0.05, -0.04, 0.17, -0.12]
    """
    check_arguments(residuals, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if isinstance(fit, PooledCounts):
        return _of_counts(fit, cluster)
    model = as_model(fit, what="residuals")
    unit = units(model, cluster)[1]
    own, deleted = residuals_of(model), deletions(model, unit, reestimate)
    against, error = np.empty(model.k), np.empty(model.k)
    for u, found in enumerate(deleted):
        against[unit == u], error[unit == u] = found.residual, found.se
    return frame(
        {
            "study": model.effects.study,
            "residual": own.raw,
            "pearson": own.pearson,
            "cholesky": own.cholesky,
            "rstandard": own.standard,
            "rstandard_se": own.standard_se,
            "deleted": against,
            "rstudent_se": error,
            "rstudent": quotient(against, error),
        }
    )


def _of_counts(fit: PooledCounts, cluster: Any) -> pd.DataFrame:
    """Residuals of the studies' own effects about the pooled count model."""
    check_counts(fit, "residuals")
    labels, unit = count_units(fit, cluster)
    without = count_table(fit, {"study": labels}, left_out(labels, unit))
    deleted = fit.yi - without["estimate"].to_numpy()[unit]
    error = np.sqrt(fit.vi + without["se"].to_numpy()[unit] ** 2)
    residual = fit.yi - fit.estimate
    return frame(
        {
            "study": fit.study,
            "residual": residual,
            "pearson": residual / np.sqrt(fit.vi),
            "deleted": deleted,
            "rstudent_se": error,
            "rstudent": deleted / error,
        }
    )
