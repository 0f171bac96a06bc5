"""Which studies make the heterogeneity: Baujat's plot and rules for outliers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.diagnostics.batches import fit_subsets, frame, pooled_fit
from meta.diagnostics.case_deletion import influence
from meta.errors import unknown_option
from meta.kernels.inference import quantile
from meta.pooling.result import Pooled

if TYPE_CHECKING:
    import pandas as pd


def baujat(fit: Any) -> pd.DataFrame:
    """Contribution of every study to heterogeneity, and its influence on the pooled effect.

    Parameters
    ----------
    fit : Pooled (or effect sizes, which are then pooled)
        The fit. Under equal effects these are Baujat's own quantities; under random effects their
        generalisation.

    Returns
    -------
    DataFrame
        ``study``; ``x``, the squared Pearson residual ``(y - mean)^2 / (v + tau2)``; ``y``, the squared
        change of the mean without the study over the variance of that mean; and ``estimate se tau2``
        without it.

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
    model = pooled_fit(fit, what="Baujat's plot")
    many = fit_subsets(model, ~np.eye(model.k, dtype=bool))
    residual = model.effects.yi - model.estimate
    shift = (model.estimate - many.estimate) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        # equal effects have a Hartung-Knapp standard error of 0, and nothing moves
        influence = np.where(shift == 0, 0.0, shift / many.se**2)
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


def _apart(model: Pooled, level: float) -> np.ndarray:
    """The study's interval and that of the pooled effect do not overlap."""
    half = float(quantile(0.5 + level / 2, np.inf)) * model.effects.sei
    low, high = model.interval(level)
    return (model.effects.yi + half < low) | (model.effects.yi - half > high)


def _deleted(model: Pooled, level: float) -> np.ndarray:
    """The deleted residual is beyond the normal quantile."""
    cut = float(quantile(0.5 + level / 2, np.inf))
    return np.abs(influence(model)["rstudent"].to_numpy()) > cut


def _familywise(model: Pooled, level: float) -> np.ndarray:
    """The deleted residual is beyond the normal quantile, by Bonferroni."""
    cut = float(quantile(1 - (1 - level) / (2 * model.k), np.inf))
    return np.abs(influence(model)["rstudent"].to_numpy()) > cut


RULES: dict[str, Callable[[Pooled, float], np.ndarray]] = {
    "interval": _apart,
    "deleted": _deleted,
    "bonferroni": _familywise,
}


def outliers(fit: Any, *, rule: str = "deleted", level: float = 0.95) -> pd.DataFrame:
    """Which studies are outliers, and the pooled effect without them.

    Parameters
    ----------
    fit : Pooled (or effect sizes, which are then pooled)
        The fit.
    rule : {"deleted", "bonferroni", "interval"}
        Deleted residual beyond the normal quantile (so that one in twenty ordinary studies is an
        "outlier" at 0.95); the same with Bonferroni's correction; or no overlap of the study's interval
        with that of the pooled effect.
    level : float
        Of the residuals or intervals.

    Returns
    -------
    DataFrame
        ``study yi sei rstudent outlier``; ``attrs["without"]`` holds the estimate, se, tau2 and k of the
        fit without the outliers. An outlier is a reason to look, not to exclude.

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
    model = pooled_fit(fit, at_least=3, what="the search for outliers")
    if rule not in RULES:
        raise unknown_option("rule", rule, RULES)
    found = RULES[rule](model, model._level(level))
    table = frame(
        {
            "study": model.effects.study,
            "yi": model.effects.yi,
            "sei": model.effects.sei,
            "rstudent": influence(model)["rstudent"].to_numpy(),
            "outlier": found,
        }
    )
    if found.all():
        table.attrs["without"] = None
        return table
    many = fit_subsets(model, ~found[:, None])
    table.attrs["without"] = {name: getattr(many, name)[0].item() for name in ("k", "estimate", "se", "tau2")}
    return table
