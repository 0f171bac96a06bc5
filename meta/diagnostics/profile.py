"""Profile likelihood of a heterogeneity variance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtri

from meta.arguments import check_arguments, check_level, floats
from meta.diagnostics.linear_model import Model, as_model
from meta.diagnostics.subset_fits import frame
from meta.effects.double_precision import LARGEST
from meta.effects.intake import data_of
from meta.errors import InputError
from meta.keywords import keywords
from meta.pooling.multilevel_result import Multilevel

if TYPE_CHECKING:
    import pandas as pd

POINTS = 60


def marginal_loglik(y: np.ndarray, X: np.ndarray, M: np.ndarray, restricted: bool) -> float:
    """Log-likelihood of ``y`` (k,) ~ N(X beta, M), maximised over beta; ``M`` is (k, k).

    The restricted one does not depend on how the columns of X (k, p) are scaled.

    >>> y = np.array([0.0, 1.0])
    >>> round(marginal_loglik(y, np.ones((2, 1)), np.eye(2), False), 6)
    -2.087877
    """
    q = np.linalg.qr(X)[0]
    root = np.linalg.cholesky(M)
    z, w = np.linalg.solve(root, y), np.linalg.solve(root, q)
    inner = w.T @ w
    rest = z - w @ np.linalg.solve(inner, w.T @ z)
    n = len(y) - X.shape[1] if restricted else len(y)
    value = -0.5 * (n * np.log(2 * np.pi) + 2 * np.log(np.diag(root)).sum() + float(rest @ rest))
    return float(value - 0.5 * np.linalg.slogdet(inner)[1] if restricted else value)


def _ends(
    loglik: Callable[[float], float], best: float, top: float, unit: float, level: float
) -> list[float]:
    """Where the profile has fallen by half the chi-squared quantile; the lower end may be 0."""
    from scipy.optimize import brentq

    cut = top - 0.5 * float(chdtri(1, 1 - level))

    def above(x: float) -> float:
        return loglik(x) - cut

    high = best + unit
    while above(high) > 0:
        high = best + 2 * (high - best)
        if high > 1e10 * unit:
            return [0.0, np.inf]
    upper = float(brentq(above, best, high, xtol=1e-12 * high))
    low = 0.0 if best == 0 or above(0.0) >= 0 else float(brentq(above, 0.0, best, xtol=1e-12 * best))
    return [low, upper]


@keywords
def profile(
    fit: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    component: int | str | None = None,
    values: Any = None,
    level: float | None = None,
) -> pd.DataFrame:
    """Log-likelihood of a heterogeneity variance, maximised over everything else.

    Parameters
    ----------
    fit : Pooled, Regression or Multilevel
        A fit by maximum or restricted maximum likelihood, whose likelihood is used.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    component : int or str, optional
        Level of a multilevel fit; the outermost without.
    values : array_like, optional
        Where to evaluate it; by default from 0 to well above the interval.
    level : float, optional
        Of the interval; the fit's own without.

    Returns
    -------
    DataFrame
        ``x loglik``, as :func:`meta.plots.profile` takes them. ``attrs`` holds the ``parameter``, its
        ``estimate`` and its profile-likelihood ``interval`` (low, high).

    References
    ----------
    Hardy & Thompson 1996, doi:10.1002/(SICI)1097-0258(19960330)15:6<619::AID-SIM188>3.0.CO;2-A.

    Examples
    --------
    >>> import meta
    >>> curve = profile(meta.pool(yi=[0.1, 0.5, 0.9, 1.6], vi=[0.01] * 4), values=[0.0, 0.4])
    >>> curve["loglik"].round(2).tolist(), round(curve.attrs["estimate"], 2)
    ([-57.22, -2.92], 0.4)
    """
    check_arguments(profile, locals())
    fit = data_of(fit, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    model = as_model(fit, what="a profile likelihood")
    share = model.fit.level if level is None else check_level(level)
    if isinstance(model.fit, Multilevel):
        loglik, name, best = _level(model.fit, component)
    else:
        loglik, name, best = _single(model, component)
    top = loglik(best)
    ends = _ends(loglik, best, top, max(best, 1e-3 * float(np.diag(model.S).mean())), share)
    reach = ends[1] if np.isfinite(ends[1]) else 10 * max(best, float(np.diag(model.S).mean()))
    x = (
        np.linspace(0.0, 1.4 * reach, POINTS)
        if values is None
        else np.atleast_1d(floats(values, "values", ndim=(0, 1)))
    )
    if not x.size or np.any(~((x >= 0) & (x <= LARGEST))):
        raise InputError(f"values must be variances from 0 to {LARGEST:g}")
    table = frame({"x": x, "loglik": [loglik(float(at)) for at in x]})
    table.attrs |= {"parameter": name, "estimate": best, "interval": ends, "level": share}
    return table


def _single(model: Model, component: Any) -> tuple[Callable[[float], float], str, float]:
    method = getattr(model.fit, "options", model.fit).method
    if method not in ("ML", "REML"):
        raise InputError(f"a profile likelihood is of a fit by ML or REML, not {method!r}")
    if component not in (None, 0, "tau2"):
        raise InputError(f"the only heterogeneity variance of this fit is 'tau2', not {component!r}")
    v = np.diag(model.S)

    def loglik(x: float) -> float:
        return marginal_loglik(model.effects.yi, model.X, np.diag(v + x), method == "REML")

    return loglik, "tau2", float(model.whole.variances[0])


def _level(fit: Multilevel, component: Any) -> tuple[Callable[[float], float], str, float]:
    which = 0 if component is None else component
    at = fit.levels.index(which) if which in fit.levels else which
    found = float(fit.sigma2[at]) if isinstance(at, int) and 0 <= at < len(fit.levels) else None
    if found is None:
        raise InputError(f"no level is called {component!r}; levels: {', '.join(fit.levels)}")
    return lambda x: float(fit.profile(at, x)[0]), f"sigma2_{fit.levels[at]}", found
