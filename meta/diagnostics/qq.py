"""Normal quantile plot of the studies' residuals, with a simulated envelope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from meta.arguments import check_arguments, check_level
from meta.diagnostics.influence import influence
from meta.diagnostics.linear_model import Model, as_model
from meta.diagnostics.subset_fits import frame
from meta.effects.intake import data_of
from meta.errors import InputError, unknown_option
from meta.kernels.regression import fit_regression
from meta.keywords import keywords
from meta.pooling.many import pool_many
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.regression_result import Regression

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("rstandard", "rstudent")


def _simulated(model: Model, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Sorted standardised residuals of data simulated from the fit, (k, draws)."""
    v, k, fit = model.effects.vi, model.k, model.fit
    noise = rng.standard_normal((k, draws)) * np.sqrt(np.diag(model.M))[:, None]
    y = (model.X @ model.whole.beta)[:, None] + noise
    if isinstance(fit, Regression):
        return _simulated_regressions(fit, y)
    weights = None if fit.user_weights is None else fit.user_weights[:, None] * np.ones((k, draws))
    many = pool_many(
        y, v[:, None] * np.ones((1, draws)), method=fit.options.estimator, test="z", weights=weights
    )
    total = v[:, None] + many.tau2
    w = 1 / total if weights is None else weights
    hat = w / w.sum(axis=0)
    spread = (1 - 2 * hat) * total + (hat * hat * total).sum(axis=0)
    return np.sort((y - many.estimate) / np.sqrt(spread), axis=0)


def _simulated_regressions(fit: Regression, y: np.ndarray) -> np.ndarray:
    many = fit_regression(y.T, fit.vi, fit.X, method=fit.method, weights=fit.user_weights)
    residual = y - fit.X @ many.beta.T
    fitted = np.einsum("ij,bjk,ik->ib", fit.X, many.vcov, fit.X)
    total = fit.vi[:, None] + many.tau2
    if fit.user_weights is None:
        return np.sort(residual / np.sqrt(total - fitted), axis=0)
    weighted = fit.X * fit.user_weights[:, None]
    hat = np.einsum("ij,ij->i", weighted, np.linalg.solve(fit.X.T @ weighted, fit.X.T).T)
    return np.sort(residual / np.sqrt((1 - 2 * hat[:, None]) * total + fitted), axis=0)


@keywords
def qq(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    kind: str = "rstandard",
    level: float = 0.95,
    draws: int = 1000,
    seed: int | None = None,
) -> pd.DataFrame:
    """Residuals against normal quantiles, with an envelope simulated from the fitted model.

    Parameters
    ----------
    fit : Pooled or Regression (or effect sizes, which are then pooled)
        The fit.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    kind : {"rstandard", "rstudent"}
        Standardised or deleted residuals. The envelope is that of standardised ones.
    level : float
        Pointwise level of the envelope.
    draws : int
        Simulated data sets, each fitted again.
    seed : int, optional
        Of the simulation.

    Returns
    -------
    DataFrame
        ``study theoretical residual low high``, by rising residual.

    References
    ----------
    Wang & Bushman 1998, doi:10.1037/1082-989X.3.1.46; Cook & Weisberg 1982, ISBN 041224280X (envelope).

    Examples
    --------
    >>> import meta
    >>> qq(meta.pool(yi=[0.1, 0.5, 0.3], vi=[0.1] * 3, test="z"), seed=1)["study"].tolist()
    ['1', '3', '2']
    """
    check_arguments(qq, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    model = as_model(fit, what="a quantile plot")
    if isinstance(fit, Multilevel):
        raise InputError("a quantile plot is of independent effects, not of a multilevel fit")
    if kind not in KINDS:
        raise unknown_option("kind", kind, KINDS)
    if draws < 2:
        raise InputError(f"draws must be at least 2, not {draws}")
    at = check_level(level)
    values = influence(model.fit)[kind].to_numpy()
    order = np.argsort(values, kind="stable")
    k = model.k
    share = (np.arange(1, k + 1) - (3 / 8 if k <= 10 else 1 / 2)) / (k + (1 / 4 if k <= 10 else 0))
    simulated = _simulated(model, draws, np.random.default_rng(seed))
    low, high = np.quantile(simulated, [0.5 - at / 2, 0.5 + at / 2], axis=1)
    return frame(
        {
            "study": model.effects.study[order],
            "theoretical": ndtri(share),
            "residual": values[order],
            "low": low,
            "high": high,
        }
    )
