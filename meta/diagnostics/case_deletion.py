"""What changes when a study (or a cluster of them) is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtr

from meta.arguments import check_arguments
from meta.diagnostics.batches import as_columns, fit_subsets, frame, pooled_fit, reading
from meta.diagnostics.model_influence import influence_table
from meta.diagnostics.models import as_model, count_units, left_out, numbered, units
from meta.diagnostics.refits import check_counts, count_table, refit_table
from meta.effects.groups import grouping
from meta.effects.intake import data_of
from meta.kernels.inference import pooled_rows
from meta.kernels.weights import arrange
from meta.keywords import keywords
from meta.pooling.count_result import PooledCounts
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.regression_result import Regression
from meta.pooling.result import Pooled

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class CaseDeletion:
    """Case-deletion statistics of a mean; every array has shape (k,).

    Attributes
    ----------
    rstandard, rstudent : ndarray
        Residual over its standard error (without Hartung and Knapp's factor); the same against the fit
        without the study (with it).
    dffits, cook, cov_ratio, dfbetas : ndarray
        Change of the study's fitted value, of the mean (squared, in units of its variance), of the variance
        of the mean, and of the mean in units of its standard error.
    hat : ndarray
        Leverage.
    influential : ndarray of bool
        Whether any of the usual thresholds is passed.
    """

    rstandard: np.ndarray
    rstudent: np.ndarray
    dffits: np.ndarray
    cook: np.ndarray
    cov_ratio: np.ndarray
    dfbetas: np.ndarray
    hat: np.ndarray
    influential: np.ndarray


def _scale(test: str, q: np.ndarray) -> np.ndarray:
    """The factor by which Hartung-Knapp's test multiplies the variances."""
    if test == "hksj":
        return q
    return np.maximum(q, 1.0) if test == "adhoc" else np.ones_like(q)


def case_deletion(
    fit: Pooled, estimate: np.ndarray, se: np.ndarray, tau2: np.ndarray, scale: np.ndarray
) -> CaseDeletion:
    """Statistics from the fit and the k fits without one study: ``estimate se tau2 scale``, each (k,)."""
    y, v, k = fit.effects.yi, fit.effects.vi, fit.k
    given = fit.user_weights
    a = 1 / (v + fit.tau2) if given is None else given
    hat = a / a.sum()
    total = v + fit.tau2
    # (1 - h) is the residual maker of a mean with general weights
    spread = (1 - 2 * hat) * total + float((hat * hat * total).sum())
    residual = y - fit.estimate
    # variance of the mean of all studies at each tau2 without one
    w = 1 / (v[:, None] + tau2) if given is None else np.broadcast_to(given[:, None], (k, k))
    everything = (w * w * (v[:, None] + tau2)).sum(axis=0) / w.sum(axis=0) ** 2
    change = fit.estimate - estimate
    with np.errstate(divide="ignore", invalid="ignore"):
        dffits = change / np.sqrt(scale * hat * (v + tau2))
        cook = change**2 / fit.se**2
        dfbetas = change / np.sqrt(scale * everything)
        rstudent = (y - estimate) / np.sqrt(scale * (v + tau2) + se**2)
        rstandard = residual / np.sqrt(spread)
        ratio = se**2 / fit.se**2
    influential = (
        (np.abs(dffits) > 3 * np.sqrt(1 / (k - 1)))
        | (chdtr(1.0, np.nan_to_num(cook)) > 0.5)
        | (hat > 3 / k)
        | (np.abs(dfbetas) > 1)
    )
    return CaseDeletion(rstandard, rstudent, dffits, cook, ratio, dfbetas, hat, influential)


@keywords
def influence(
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
    """Influence of every study (or cluster) on a fit; heterogeneity is estimated again without each.

    Parameters
    ----------
    fit : Pooled, Regression or Multilevel (or effect sizes, which are then pooled)
        The fit.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    cluster : str or array_like, optional
        What is left out together; single effects by default.
    reestimate : bool
        Whether the heterogeneity is estimated again without each, or held.

    Returns
    -------
    DataFrame
        A row an effect. ``estimate se tau2 q`` (``sigma2_`` and the level in a multilevel fit) are those
        without it; then ``residual rstandard rstudent dffits cook cov_ratio dfbetas hat weight`` (weight in
        percent) and ``influential``: whether ``|dffits| > 3 sqrt(p / (k - p))``, the chi-squared(p) share
        below Cook's distance exceeds 1/2, ``hat > 3 p / k`` or any ``|dfbetas| > 1``. With p > 1
        coefficients ``estimate_ se_ dfbetas_`` are followed by their names.

        With ``cluster`` a row a cluster: ``k``, its number of effects; ``x2_standard`` and ``x2``, the joint
        chi-squared of its residuals against the fit with it and without it, and ``x2_p``; ``hat``, the sum
        of its effects' leverages; ``influential`` by Cook's distance and DFBETAS alone.

    References
    ----------
    Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11; Viechtbauer 2021, doi:10.1201/9781315119403.

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> table = influence(meta.pool(es, test="z"))
    >>> table["rstudent"].round(3).tolist()[:3], int(table["influential"].sum())
    ([-0.218, -1.292, -0.755], 0)
    """
    check_arguments(influence, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    if cluster is not None or not reestimate or isinstance(fit, (Regression, Multilevel)):
        return influence_table(fit, cluster=cluster, reestimate=reestimate)
    model = pooled_fit(fit, at_least=3, what="influence")
    k = model.k
    included = ~np.eye(k, dtype=bool)
    many = fit_subsets(model, included)
    rows = arrange(np.where(included, model.effects.yi[:, None], np.nan), model.effects.vi[:, None])
    given = model.user_weights
    spread = None if given is None else given[:, None] * np.ones((k, k))
    q = pooled_rows(rows, many.tau2, test="hksj", level=0.95, weights=spread).scale
    found = case_deletion(model, many.estimate, many.se, many.tau2, _scale(model.test, q))
    return frame(
        {
            "study": model.effects.study,
            "estimate": many.estimate,
            "se": many.se,
            "tau2": many.tau2,
            "q": many.q,
            "i2": many.i2,
            "residual": model.effects.yi - model.estimate,
            **{
                name: getattr(found, name)
                for name in CaseDeletion.__dataclass_fields__
                if name != "influential"
            },
            "weight": model.weights,
            "influential": found.influential,
        }
    )


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
        A row a study (or cluster) left out, in the order of the data: ``study k estimate se statistic p_value
        ci_low ci_high tau2 i2 h2 q q_p``. Of a fit with several coefficients a row each, named by ``term``;
        of a multilevel fit the variances ``sigma2_`` and the level (NaN where what is left does not identify
        one).

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
