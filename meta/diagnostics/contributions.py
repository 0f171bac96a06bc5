"""Which studies make the heterogeneity: Baujat's plot and rules for outliers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_level
from meta.diagnostics.batches import fit_subsets, frame, pooled_fit
from meta.diagnostics.case_deletion import influence
from meta.diagnostics.models import Model, as_model
from meta.diagnostics.refits import check_counts, count_table
from meta.effects.intake import data_of
from meta.errors import unknown_option
from meta.kernels.degenerate import ROUNDING
from meta.kernels.inference import quantile
from meta.keywords import keywords
from meta.pooling.count_result import PooledCounts
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.refit import Refit
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


def _apart(model: Model, level: float, rstudent: np.ndarray) -> np.ndarray:
    """The study's interval and that of its fitted value (the pooled effect) do not overlap."""
    effects, X, whole = model.effects, model.X, model.whole
    half = float(quantile(0.5 + level / 2, np.inf)) * effects.sei
    fitted = X @ whole.beta
    wide = quantile(0.5 + level / 2, float(np.min(whole.df))) * np.sqrt(
        np.einsum("ij,jk,ik->i", X, whole.vcov, X)
    )
    return (effects.yi + half < fitted - wide) | (effects.yi - half > fitted + wide)


def _deleted(model: Model, level: float, rstudent: np.ndarray) -> np.ndarray:
    """The deleted residual is beyond the normal quantile."""
    return np.abs(rstudent) > float(quantile(0.5 + level / 2, np.inf))


def _familywise(model: Model, level: float, rstudent: np.ndarray) -> np.ndarray:
    """The deleted residual is beyond the normal quantile, by Bonferroni."""
    return np.abs(rstudent) > float(quantile(1 - (1 - level) / (2 * model.k), np.inf))


RULES: dict[str, Callable[[Model, float, np.ndarray], np.ndarray]] = {
    "interval": _apart,
    "deleted": _deleted,
    "bonferroni": _familywise,
}


@keywords
def outliers(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    rule: str = "deleted",
    level: float = 0.95,
) -> pd.DataFrame:
    """Which studies are outliers, and the pooled effect without them.

    Parameters
    ----------
    fit : Pooled, Regression or Multilevel (or effect sizes, which are then pooled)
        The fit.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    rule : {"deleted", "bonferroni", "interval"}
        Deleted residual beyond the normal quantile (so that one in twenty ordinary studies is an
        "outlier" at 0.95); the same with Bonferroni's correction; or no overlap of the study's interval
        with that of the pooled effect (with moderators: of the study's fitted value).
    level : float
        Of the residuals or intervals.

    Returns
    -------
    DataFrame
        ``study yi sei rstudent outlier``; ``attrs["without"]`` holds the estimate, se, variances and k of
        the fit without the outliers. An outlier is a reason to look, not to exclude.

    References
    ----------
    Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11; Harrer et al. 2021, ISBN 9780367610074 (intervals).

    Examples
    --------
    >>> import meta
    >>> table = outliers(meta.pool(yi=[0.0, 0.1, 0.05, 5.0], vi=[0.1] * 4, test="z"))
    >>> table["outlier"].tolist()
    [False, False, False, True]
    """
    check_arguments(outliers, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    model = as_model(fit, what="the search for outliers")
    if rule not in RULES:
        raise unknown_option("rule", rule, RULES)
    share = check_level(level)
    rstudent = influence(model.fit)["rstudent"].to_numpy()
    found = RULES[rule](model, share, rstudent)
    table = frame(
        {
            "study": model.effects.study,
            "yi": model.effects.yi,
            "sei": model.effects.sei,
            "rstudent": rstudent,
            "outlier": found,
        }
    )
    rest = None if found.all() else model.again(~found, True)
    table.attrs["without"] = None if rest is None else _summary(model, rest)
    return table


def _summary(model: Model, rest: Refit) -> dict[str, Any]:
    """Plain numbers of the fit without the outliers; lists where there are several coefficients."""
    se = np.sqrt(np.diag(rest.vcov))
    one = model.p == 1
    return {
        "k": rest.k,
        "estimate": float(rest.beta[0]) if one else rest.beta.tolist(),
        "se": float(se[0]) if one else se.tolist(),
        **dict(zip(model.variances, rest.variances.tolist(), strict=True)),
    }
