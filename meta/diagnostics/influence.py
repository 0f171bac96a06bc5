"""Influence of every study (or cluster) on a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments
from meta.diagnostics.model_influence import influence_table
from meta.diagnostics.subset_fits import fit_subsets, frame, pooled_fit
from meta.effects.intake import data_of
from meta.kernels.inference import pooled_rows
from meta.kernels.weights import arrange
from meta.keywords import keywords
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.regression_result import Regression

if TYPE_CHECKING:
    import pandas as pd
from meta.diagnostics.case_deletion import CaseDeletion, case_deletion


def _scale(test: str, q: np.ndarray) -> np.ndarray:
    """The factor by which Hartung-Knapp's test multiplies the variances."""
    if test == "hksj":
        return q
    return np.maximum(q, 1.0) if test == "adhoc" else np.ones_like(q)


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
        One row per effect. ``estimate se tau2 q`` (``sigma2_`` and the level in a multilevel fit) are those
        without it; then ``residual rstandard rstudent dffits cook cov_ratio dfbetas hat weight`` (weight in
        percent) and ``influential``: whether ``|dffits| > 3 sqrt(p / (k - p))``, the chi-squared(p) share
        below Cook's distance exceeds 1/2, ``hat > 3 p / k`` or any ``|dfbetas| > 1``. With p > 1
        coefficients ``estimate_ se_ dfbetas_`` are followed by their names.

        With ``cluster`` one row per cluster: ``k``, its number of effects; ``x2_standard`` and ``x2``, the
        joint chi-squared of its residuals against the fit with it and without it, and ``x2_p``; ``hat``, the
        sum of its effects' leverages; ``influential`` by Cook's distance and DFBETAS alone.

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
