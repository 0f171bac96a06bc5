"""Studies that lie apart, by one of three rules, and the fit without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, check_level
from meta.diagnostics.influence import influence
from meta.diagnostics.linear_model import Model, as_model
from meta.diagnostics.subset_fits import frame
from meta.effects.intake import data_of
from meta.errors import unknown_option
from meta.kernels.inference import quantile
from meta.keywords import keywords
from meta.pooling.refit import Refit

if TYPE_CHECKING:
    import pandas as pd


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
