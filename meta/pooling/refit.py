"""Fit a model again to some of its rows, with its own options: what case deletion and cumulation need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meta.errors import InputError, quiet
from meta.kernels.mixed import evaluate, fit_mixed, marginal, variances, without
from meta.kernels.regression import fit_regression
from meta.kernels.regression_inference import residual_heterogeneity
from meta.pooling.multilevel import containment_df, residual_q
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.regression import coefficient_covariance
from meta.pooling.regression_result import Regression
from meta.pooling.result import Pooled
from meta.pooling.structures import inner_pairs, inner_structure
from meta.pooling.univariate import fit_effects


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
        return tuple(f"sigma2_{name}" for name in fit.inner_levels or fit.levels)
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
    if fit.G is not None:
        kept = np.unique(np.asarray(fit.es.columns[fit.inner])[keep].astype(str))
        if len(kept) < len(fit.inner_levels):
            return None
    if not (_supports(X) or (X.shape == (1, 1) and X[0, 0] != 0)):
        return None
    data = without(fit.stacked, np.flatnonzero(~keep))
    active = _identified(fit, keep)
    restricted = fit.method == "REML"
    mapping = variances if fit.G is None else _inner_mapping(fit)
    if again and active.any():
        part = replace(data, K=data.K[active]) if fit.G is None else data
        phi = fit.phi[active] if fit.G is None else fit.phi
        found = fit_mixed(part, mapping=mapping, starts=_warm(phi, fit), restricted=restricted)
        c = np.zeros(len(data.K))
        c[active if fit.G is None else slice(None)] = found.c
    else:
        c = np.zeros(len(data.K)) if again else mapping(fit.phi)
    state = evaluate(data, c, restricted)
    back, (k, p) = np.linalg.inv(data.r), X.shape
    q = residual_q(fit.yi[keep], X, fit.S[np.ix_(keep, keep)])[0] if k > p else 0.0
    df = {"z": np.full(p, np.inf), "t": np.full(p, float(k - p))}.get(fit.test)
    if fit.G is None:
        shown = np.where(active, c, np.nan) if again else c
    else:
        shown = np.array([c[i] for i, (a, b) in enumerate(inner_pairs(len(fit.G))) if a == b])
    return Refit(
        beta=back @ state.gamma,
        vcov=back @ state.a_inverse @ back.T,
        df=containment_df(X, [g[keep] for g in fit.groups]) if df is None else df,
        variances=shown,
        covariance=marginal(fit.stacked, c),
        scale=1.0,
        q=q,
        q_df=k - p,
        k=k,
    )


def _identified(fit: Multilevel, keep: np.ndarray) -> np.ndarray:
    """Levels with more than one group left that do not coincide with a level further out."""
    if fit.G is not None:
        return np.ones(len(fit.stacked.K), dtype=bool)
    sizes = [len(np.unique(g[keep])) for g in fit.groups]
    return np.array([n > 1 and n not in sizes[:i] for i, n in enumerate(sizes)])


def _warm(phi: np.ndarray, fit: Multilevel) -> list[np.ndarray]:
    """Starts near the fit; a standard deviation of exactly 0 could not move."""
    if fit.G is not None:
        size = float(np.sqrt(np.mean(np.diag(fit.G)))) or float(np.sqrt(fit.typical))
        return [phi, *inner_structure(fit.struct, len(fit.G)).starts(size**2)[:1]]
    size = float(np.sqrt(np.mean(fit.phi**2))) or 0.3 * float(np.sqrt(fit.typical))
    return [np.where(np.abs(phi) > 1e-3 * size, phi, 0.1 * size), np.full(len(phi), size)]


def _inner_mapping(fit: Multilevel) -> Callable[[np.ndarray], np.ndarray]:
    assert fit.G is not None
    m = len(fit.G)
    shape, pairs = inner_structure(fit.struct, m), inner_pairs(m)

    def mapping(phi: np.ndarray) -> np.ndarray:
        g = shape.covariance(phi)
        return np.array([g[i, j] for i, j in pairs])

    return mapping


_KINDS: dict[type, Callable[[Any, np.ndarray, bool], Refit | None]] = {
    Pooled: _pooled,
    Regression: _regression,
    Multilevel: _multilevel,
}
