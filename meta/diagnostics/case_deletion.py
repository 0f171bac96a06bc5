"""What changes when a study (or a cluster of them) is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtr

from meta.diagnostics.batches import as_columns, fit_subsets, frame, labels_of, pooled_fit
from meta.errors import NotEstimableError
from meta.kernels.inference import pooled_rows
from meta.kernels.weights import arrange
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


def influence(fit: Any) -> pd.DataFrame:
    """Influence of every study on the pooled effect; tau2 is estimated again without each.

    Parameters
    ----------
    fit : Pooled (or effect sizes, which are then pooled)
        The fit.

    Returns
    -------
    DataFrame
        A row a study. ``estimate se tau2 q i2`` are those without it; then ``residual rstandard rstudent
        dffits cook cov_ratio dfbetas hat weight`` (weight in percent) and ``influential``: whether
        ``|dffits| > 3 sqrt(p / (k - p))``, the chi-squared share below Cook's distance exceeds 1/2,
        ``hat > 3 p / k`` or ``|dfbetas| > 1``, with p = 1.

    References
    ----------
    Viechtbauer & Cheung 2010, doi:10.1002/jrsm.11.

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> table = influence(meta.pool(es, test="z"))
    >>> table["rstudent"].round(3).tolist()[:3], int(table["influential"].sum())
    ([-0.218, -1.292, -0.755], 0)
    """
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


def leave_one_out(fit: Any, *, cluster: Any = None) -> pd.DataFrame:
    """Pool without each study, or without each cluster of dependent results.

    Parameters
    ----------
    fit : Pooled (or effect sizes, which are then pooled)
        The fit whose method and test are used.
    cluster : str or array_like, optional
        What is left out together; single studies by default.

    Returns
    -------
    DataFrame
        A row a study (or cluster) left out, in the order of the data: ``study k estimate se statistic p_value
        ci_low ci_high tau2 i2 h2 q q_p``.

    Examples
    --------
    >>> import meta
    >>> table = leave_one_out(meta.pool(yi=[0.1, 0.5, 0.9], vi=[0.1, 0.1, 0.1], method="DL", test="z"))
    >>> table["estimate"].round(2).tolist()
    [0.7, 0.5, 0.3]
    """
    model = pooled_fit(fit, what="leave-one-out")
    if cluster is None:
        labels: np.ndarray = model.effects.study
        included = ~np.eye(model.k, dtype=bool)
    else:
        column = np.array([str(label) for label in labels_of(model, cluster, "cluster")], dtype=object)
        labels = np.array(list(dict.fromkeys(column)), dtype=object)
        if len(labels) < 2:
            raise NotEstimableError("there is only one cluster: without it nothing is left to pool")
        included = column[:, None] != labels[None, :]
    table = frame({"study": labels, **as_columns(fit_subsets(model, included))})
    table.attrs["measure"] = model.effects.measure
    table.attrs["rows"] = "without"
    return table
