"""Tables of residuals and influence for any linear model, by effect or by cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtrc

from meta.arguments import check_arguments
from meta.diagnostics.batches import frame
from meta.diagnostics.deletion import Deletion, delete, quadratic, residuals_of, unusual
from meta.diagnostics.models import Model, as_model, count_units, left_out, units
from meta.diagnostics.refits import check_counts, count_table
from meta.effects.intake import data_of
from meta.keywords import keywords
from meta.pooling.count_result import PooledCounts

if TYPE_CHECKING:
    import pandas as pd


def _deletions(model: Model, unit: np.ndarray, reestimate: bool) -> list[Deletion]:
    included = left_out(np.unique(unit), unit)
    return [delete(model, np.flatnonzero(~keep), reestimate=reestimate) for keep in included.T]


def _changes(model: Model, deleted: list[Deletion]) -> dict[str, Any]:
    """Columns that a unit has whatever its size: coefficients, variances and Q without it."""
    gone = np.full(max(model.p, len(model.variances)), np.nan)

    def of(name: str, width: int) -> np.ndarray:
        found = [gone[:width] if d.refit is None else np.asarray(getattr(d.refit, name)) for d in deleted]
        return np.array([np.sqrt(np.diag(v)) if v.ndim == 2 else v for v in found])

    beta, se, spread = of("beta", model.p), of("vcov", model.p), of("variances", len(model.variances))
    out: dict[str, Any] = {}
    for j, name in enumerate(model.names):
        suffix = "" if model.p == 1 else f"_{name}"
        out |= {f"estimate{suffix}": beta[:, j], f"se{suffix}": se[:, j]}
    out |= {name: spread[:, j] for j, name in enumerate(model.variances)}
    out["q"] = np.array([np.nan if d.refit is None else d.refit.q for d in deleted])
    return out


def _dfbetas(model: Model, values: np.ndarray) -> dict[str, np.ndarray]:
    if model.p == 1:
        return {"dfbetas": values[:, 0]}
    return {f"dfbetas_{name}": values[:, j] for j, name in enumerate(model.names)}


def influence_table(fit: Any, *, cluster: Any, reestimate: bool) -> pd.DataFrame:
    """One row an effect, or one a cluster; see :func:`meta.diagnostics.influence`."""
    model = as_model(fit, what="influence")
    labels, unit = units(model, cluster)
    own, deleted = residuals_of(model), _deletions(model, unit, reestimate)
    betas = np.array([d.dfbetas for d in deleted])
    cook, ratio = np.array([d.cook for d in deleted]), np.array([d.cov_ratio for d in deleted])
    hat = np.diag(model.hat)
    if cluster is not None:
        rows = [np.flatnonzero(unit == u) for u in range(len(labels))]
        size = np.array([len(at) for at in rows])
        x2 = np.array([d.x2 for d in deleted])
        return frame(
            {
                "study": labels,
                "k": size,
                **_changes(model, deleted),
                "x2_standard": [quadratic(own.raw[at], own.spread[np.ix_(at, at)]) for at in rows],
                "x2": x2,
                "x2_p": chdtrc(size.astype(float), x2),
                "cook": cook,
                "cov_ratio": ratio,
                **_dfbetas(model, betas),
                "hat": np.bincount(unit, weights=hat),
                "influential": unusual(cook, betas, None, None, model.k),
            }
        )
    dffits = np.array([d.dffits[0] for d in deleted])
    return frame(
        {
            "study": labels,
            **_changes(model, deleted),
            "residual": own.raw,
            "rstandard": own.standard,
            "rstudent": _ratio([d.residual[0] for d in deleted], [d.se[0] for d in deleted]),
            "dffits": dffits,
            "cook": cook,
            "cov_ratio": ratio,
            **_dfbetas(model, betas),
            "hat": hat,
            "weight": 100 * model.W.sum(axis=1) / model.W.sum(),
            "influential": unusual(cook, betas, dffits, hat, model.k),
        }
    )


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
        A row an effect: ``study residual`` (observed less fitted), ``pearson`` (over the marginal standard
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
    own, deleted = residuals_of(model), _deletions(model, unit, reestimate)
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
            "rstudent": _ratio(against, error),
        }
    )


def _ratio(top: Any, bottom: Any) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.divide(top, bottom))


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
