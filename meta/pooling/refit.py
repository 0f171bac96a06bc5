"""Fit a model again to some of its rows, with its own options: what case deletion and cumulation need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meta.errors import InputError, quiet
from meta.kernels.mixed import RandomTerm, lay_out, maximise, residual_q
from meta.kernels.regression import fit_regression
from meta.kernels.regression_inference import residual_heterogeneity
from meta.pooling.components import marginal_of, split, variances
from meta.pooling.fitting import fit_effects
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.pool_multilevel import inference_of
from meta.pooling.regress import coefficient_covariance
from meta.pooling.regression_result import Regression
from meta.pooling.result import Pooled


@dataclass(frozen=True, slots=True)
class Refit:
    """A model fitted to some of its rows.

    Attributes
    ----------
    beta, vcov, df : ndarray of shape (p,), (p, p), (p,)
        Coefficients, covariance and degrees of freedom under the fit's test.
    variances : ndarray of shape (m,)
        Heterogeneity variances; NaN for those that these rows do not identify.
    covariance : ndarray of shape (k, k)
        Marginal covariance of all rows, used or not, at these variances.
    scale : float
        Hartung and Knapp's factor that is in ``vcov``.
    q, q_df : float
        Cochran's Q of the rows used.
    k : int
        Number of rows used.
    """

    beta: np.ndarray
    vcov: np.ndarray
    df: np.ndarray
    variances: np.ndarray
    covariance: np.ndarray
    scale: float
    q: float
    q_df: float
    k: int


Refitter = Callable[[np.ndarray, bool], "Refit | None"]


def variance_names(fit: Any) -> tuple[str, ...]:
    """Names of a fit's heterogeneity variances: ``tau2``, or ``sigma2_`` and the level.

    >>> import meta
    >>> variance_names(meta.pool(yi=[0.1, 0.2, 0.3], vi=[0.1] * 3, test="z"))
    ('tau2',)
    """
    if isinstance(fit, Multilevel):
        return tuple(f"sigma2_{name}" for name in fit.variance_names)
    return ("tau2",)


def refitter(fit: Any) -> Refitter:
    """A function from the rows to keep (k,) of bool, and whether to estimate variances again, to a `Refit`.

    It gives None where the rows left cannot support the model's coefficients.

    >>> import meta
    >>> again = refitter(meta.pool(yi=[0.1, 0.2, 0.9], vi=[0.1] * 3, test="z"))
    >>> again(np.array([True, True, False]), True).beta.round(6).tolist()
    [0.15]
    """
    for kind, function in _KINDS.items():
        if isinstance(fit, kind):
            return lambda keep, again: function(fit, np.asarray(keep, dtype=bool), again)
    raise InputError(f"a fit of pool, regress or pool_multilevel is needed, not a {type(fit).__name__}")


def _supports(X: np.ndarray) -> bool:
    return X.shape[0] > X.shape[1] and np.linalg.matrix_rank(X) == X.shape[1]


def _scale(test: str, s2: float) -> float:
    return {"hksj": s2, "adhoc": max(1.0, s2)}.get(test, 1.0)


def _pooled(fit: Pooled, keep: np.ndarray, again: bool) -> Refit | None:
    if not keep.any():
        return None
    effects, weights = fit.effects.subset(keep), fit.user_weights
    options = fit.options if again else replace(fit.options, method="fixed", tau2=fit.tau2)
    with quiet():
        found = fit_effects(effects, options, weights=None if weights is None else weights[keep])
    return Refit(
        beta=np.array([found.estimate]),
        vcov=np.array([[found.se**2]]),
        df=np.array([found.df]),
        variances=np.array([found.tau2]),
        covariance=np.diag(fit.effects.vi + found.tau2),
        scale=_scale(fit.test, found.hk_scale),
        q=found.q,
        q_df=found.q_df,
        k=found.k,
    )


def _regression(fit: Regression, keep: np.ndarray, again: bool) -> Refit | None:
    y, v, X = fit.yi[keep], fit.vi[keep], fit.X[keep]
    if not _supports(X):
        return None
    own = None if fit.user_weights is None else fit.user_weights[keep]
    core = fit_regression(y, v, X, method=fit.method if again else fit.tau2, weights=own)
    tau2, s2 = float(core.tau2), float(core.rss) / (len(y) - X.shape[1])
    vcov, df = coefficient_covariance(fit.test, core.vcov, s2, v, X, tau2)
    left = residual_heterogeneity(y, v, X)
    return Refit(
        beta=core.beta,
        vcov=vcov,
        df=df,
        variances=np.array([tau2]),
        covariance=np.diag(fit.vi + tau2),
        scale=_scale(fit.test, s2),
        q=left.qe,
        q_df=left.df,
        k=len(y),
    )


def _multilevel(fit: Multilevel, keep: np.ndarray, again: bool) -> Refit | None:
    X = fit.X[keep]
    if any(t.z is not None and not np.all(np.any(t.z[keep] != 0, axis=0)) for t in fit.random_terms):
        return None  # an inner level has no row left
    if not (_supports(X) or (X.shape == (1, 1) and X[0, 0] != 0)):
        return None
    restricted = fit.method == "REML"
    active = _identified(fit, keep)
    terms = [t.rows(keep) for t in fit.random_terms]
    S = fit.S[np.ix_(keep, keep)] if isinstance(fit.S, np.ndarray) else fit.S[keep][:, keep]
    parts = split(fit.random_terms, fit.phi)
    used = [replace(t, fixed=0.0) if again and not on else t for t, on in zip(terms, active, strict=True)]
    model = lay_out(fit.yi[keep], X, S, used)
    near = np.concatenate([np.zeros(0), *(p for p, t in zip(parts, used, strict=True) if t.size)])
    if again:
        core = maximise(model, restricted=restricted, near=near)
    else:
        core = maximise(model, restricted=restricted, held=dict(enumerate(near)))
    found = _parts_of(core.phi, used)
    k, p = X.shape
    q = residual_q(fit.yi[keep], X, S).q if k > p else 0.0
    own = [
        variances(t, x) if on else np.full(t.m, np.nan)
        for t, x, on in zip(used, found, active if again else np.ones(len(used), bool), strict=True)
    ]
    groups = [g[keep] for g in sorted(fit.groups, key=lambda g: int(g.max()))]
    vcov, df = inference_of(model, core, X, groups, fit.test)
    return Refit(
        beta=core.beta,
        vcov=vcov,
        df=df,
        variances=np.concatenate(own),
        covariance=_covariance(fit, used, core.phi),
        scale=1.0,
        q=q,
        q_df=k - p,
        k=k,
    )


def _parts_of(phi: np.ndarray, terms: list[RandomTerm]) -> list[np.ndarray]:
    return split(tuple(terms), phi)


def _covariance(fit: Multilevel, terms: list[RandomTerm], phi: np.ndarray) -> Any:
    """Marginal covariance of all rows at working parameters."""
    whole = [replace(t, fixed=u.fixed) for t, u in zip(fit.random_terms, terms, strict=True)]
    return marginal_of(lay_out(fit.yi, fit.X, fit.S, whole), phi, fit.k)


def _identified(fit: Multilevel, keep: np.ndarray) -> np.ndarray:
    """Terms with more than one group left that do not coincide with a term further out."""
    sizes = [len(np.unique(t.group[keep])) for t in fit.random_terms]
    return np.array(
        [
            bool(t.struct) or t.known is not None or (n > 1 and n not in sizes[:i])
            for i, (n, t) in enumerate(zip(sizes, fit.random_terms, strict=True))
        ]
    )


_KINDS: dict[type, Callable[[Any, np.ndarray, bool], Refit | None]] = {
    Pooled: _pooled,
    Regression: _regression,
    Multilevel: _multilevel,
}
