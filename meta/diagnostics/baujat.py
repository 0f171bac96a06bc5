"""Which studies make the heterogeneity: Baujat's plot and rules for outliers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments
from meta.diagnostics.linear_model import Model, as_model
from meta.diagnostics.refits import check_counts, count_table
from meta.diagnostics.subset_fits import fit_subsets, frame, pooled_fit
from meta.effects.intake import data_of
from meta.kernels.degenerate import ROUNDING
from meta.keywords import keywords
from meta.pooling.count_result import PooledCounts
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.regression_result import Regression

if TYPE_CHECKING:
    import pandas as pd


@keywords
def baujat(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
) -> pd.DataFrame:
    """Contribution of every study to heterogeneity, and its influence on the fit.

    Parameters
    ----------
    fit : Pooled, Regression, Multilevel, or PooledCounts by MH or Peto (or effect sizes, which are pooled)
        The fit. Under equal effects these are Baujat's own quantities; otherwise their generalisation. Counts
        keep the weights of their method.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.

    Returns
    -------
    DataFrame
        ``study``; ``x``, the squared Pearson residual ``(y - fitted)^2 / (v + tau2)``; ``y``, the squared
        change of the study's fitted value without the study over the variance of that value; and, for a
        mean, ``estimate se tau2`` without it.

    References
    ----------
    Baujat et al. 2002, doi:10.1002/sim.1221; Viechtbauer 2021, doi:10.1201/9781315119403.

    Examples
    --------
    >>> import meta
    >>> fit = meta.pool(yi=[0.0, 0.1, 2.0], vi=[0.1, 0.1, 0.1], method="EE", test="z")
    >>> baujat(fit)["x"].round(2).tolist()
    [4.9, 3.6, 16.9]
    """
    check_arguments(baujat, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    what = "Baujat's plot"
    if isinstance(fit, PooledCounts):
        check_counts(fit, what)
        table = count_table(fit, {"study": fit.study}, ~np.eye(fit.k, dtype=bool))[
            ["study", "estimate", "se"]
        ]
        x, y = (fit.yi - fit.estimate) ** 2 / fit.vi, ((fit.estimate - table["estimate"]) / table["se"]) ** 2
        return table.assign(x=x, y=y.to_numpy())[["study", "x", "y", "estimate", "se"]]
    if isinstance(fit, (Regression, Multilevel)):
        return _of_model(as_model(fit, what=what))
    model = pooled_fit(fit, what=what)
    many = fit_subsets(model, ~np.eye(model.k, dtype=bool))
    residual = model.effects.yi - model.estimate
    shift = (model.estimate - many.estimate) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        # equal effects have a Hartung-Knapp standard error of 0, and nothing moves
        still = shift <= (ROUNDING * model.estimate) ** 2
        influence = np.where(still, 0.0, shift / many.se**2)
    return frame(
        {
            "study": model.effects.study,
            "x": residual**2 / (model.effects.vi + model.tau2),
            "y": influence,
            "estimate": many.estimate,
            "se": many.se,
            "tau2": many.tau2,
        }
    )


def _of_model(model: Model) -> pd.DataFrame:
    y = np.full(model.k, np.nan)
    for i, row in enumerate(model.X):
        found = model.again(np.arange(model.k) != i, True)
        if found is not None:
            spread = float(row @ found.vcov @ row)
            change = float(row @ (model.whole.beta - found.beta))
            y[i] = change**2 / spread if spread > 0 else np.nan
    x = model.residual**2 / np.diag(model.M)
    return frame({"study": model.effects.study, "x": x, "y": y})
