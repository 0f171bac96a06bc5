"""A fitted model as the diagnostics see it: linear in its coefficients, with a covariance of the effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects.groups import grouping
from meta.errors import InputError, NotEstimableError
from meta.formatting import listing
from meta.pooling.count_result import PooledCounts
from meta.pooling.multilevel_result import Multilevel
from meta.pooling.refit import Refit, Refitter, refitter, variance_names
from meta.pooling.regression_result import Regression
from meta.pooling.result import Pooled
from meta.pooling.univariate import pool
from meta.results.abilities import Estimated, WithCoefficients
from meta.tables.containers import missing, one_column
from meta.tables.labels import align


@dataclass(frozen=True, slots=True)
class Model:
    """A fit of k effects with p coefficients.

    Attributes
    ----------
    fit : Pooled, Regression or Multilevel
    effects : EffectSizes
        The rows used.
    X : ndarray of shape (k, p)
    names : tuple of str
        Coefficients.
    variances : tuple of str
        Names of the heterogeneity variances.
    S, M : ndarray of shape (k, k)
        Sampling and marginal covariance.
    W : ndarray of shape (k, k)
        Weights: the inverse of M, or the caller's.
    whole : Refit
        The fit itself.
    again : callable
        Fits the rows that a mask keeps.
    """

    fit: Any
    effects: Any
    X: np.ndarray
    names: tuple[str, ...]
    variances: tuple[str, ...]
    S: np.ndarray
    M: np.ndarray
    W: np.ndarray
    whole: Refit
    again: Refitter

    @property
    def k(self) -> int:
        """Number of effects."""
        return int(self.X.shape[0])

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return int(self.X.shape[1])

    @property
    def residual(self) -> np.ndarray:
        """Raw residuals, (k,)."""
        return np.asarray(self.effects.yi - self.X @ self.whole.beta)

    @property
    def hat(self) -> np.ndarray:
        """Hat matrix, (k, k)."""
        xw = self.X.T @ self.W
        return self.X @ np.linalg.solve(xw @ self.X, xw)


def as_model(fit: Any, *, what: str) -> Model:
    """The model of a fit; effect sizes are pooled with the defaults."""
    found = fit
    if not isinstance(fit, (Pooled, Regression, Multilevel)):
        if isinstance(fit, Estimated | WithCoefficients):
            raise InputError(
                f"{what} takes a fit of pool, regress or pool_multilevel, not a {type(fit).__name__}"
            )
        found = pool(fit)
    again = refitter(found)
    if isinstance(found, Pooled):
        effects, X, names = found.effects, np.ones((found.k, 1)), ("Intercept",)
        S, M = np.diag(effects.vi), np.diag(effects.vi + found.tau2)
        own = found.user_weights
    else:
        effects, X, names = found.es, found.X, found.names
        own = getattr(found, "user_weights", None)
        S = found.S if isinstance(found, Multilevel) else np.diag(found.vi)
        M = found.marginal
    if X.shape[0] < X.shape[1] + 2:
        raise NotEstimableError(f"{what} needs at least {X.shape[1] + 2} effects, but there are {X.shape[0]}")
    W = np.linalg.inv(M) if own is None else np.diag(own)
    return Model(found, effects, X, names, variance_names(found), S, M, W, _whole(found), again)


def _whole(fit: Any) -> Refit:
    """The fit itself in the shape of a refit."""
    if isinstance(fit, Pooled):
        scale = {"hksj": fit.hk_scale, "adhoc": max(1.0, fit.hk_scale)}.get(fit.test, 1.0)
        return Refit(
            beta=np.array([fit.estimate]),
            vcov=np.array([[fit.se**2]]),
            df=np.array([fit.df]),
            variances=np.array([fit.tau2]),
            covariance=np.diag(fit.effects.vi + fit.tau2),
            scale=scale,
            q=fit.q,
            q_df=fit.q_df,
            k=fit.k,
        )
    single = not isinstance(fit, Multilevel)
    scale = {"hksj": fit.scale, "adhoc": max(1.0, fit.scale)}.get(fit.test, 1.0) if single else 1.0
    return Refit(
        beta=fit.beta,
        vcov=fit.vcov,
        df=fit.df,
        variances=np.array([fit.tau2]) if single else fit.sigma2,
        covariance=fit.marginal,
        scale=scale,
        q=fit.qe,
        q_df=fit.qe_df,
        k=fit.k,
    )


def units(model: Model, cluster: Any) -> tuple[np.ndarray, np.ndarray]:
    """What is left out together: labels (m,), and the unit of each row (k,) in the order of the data."""
    if cluster is None:
        return model.effects.study, np.arange(model.k)
    design = getattr(model.fit, "design", None)
    if design is not None and not isinstance(cluster, str) and len(cluster) == design.rows.size:
        return numbered(grouping(model.fit.es, cluster, "cluster", design.rows))
    return numbered(grouping(model.effects, cluster, "cluster"))


def left_out(labels: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Which rows are in without each unit, (k, m); there must be two units."""
    if len(labels) < 2:
        raise NotEstimableError("there is only one cluster: without it nothing is left to pool")
    return np.asarray(unit[:, None] != np.arange(len(labels))[None, :])


def count_units(fit: PooledCounts, cluster: Any) -> tuple[np.ndarray, np.ndarray]:
    """Like :func:`units`, for counts, which carry no columns."""
    if cluster is None:
        return fit.study, np.arange(fit.k)
    if isinstance(cluster, str) and cluster != "study":
        raise InputError(f"counts carry no column {cluster!r}: give one label per study as an array")
    given = fit.study if isinstance(cluster, str) else cluster
    labels = one_column(align(given, None, "cluster", k=fit.k), "cluster")
    if np.shape(labels) != (fit.k,):
        raise InputError(
            f"cluster must have one value for each of the {fit.k} studies, got {np.shape(labels)}"
        )
    gaps = [repr(str(fit.study[i])) for i, label in enumerate(labels) if missing(label)]
    if gaps:
        raise InputError(f"cluster must be known for every row: study {listing(gaps[:8])} has none")
    return numbered(labels)


def numbered(values: Any) -> tuple[np.ndarray, np.ndarray]:
    """Distinct labels in the order of the data, and the number of each row's label.

    >>> labels, unit = numbered(["b", "a", "b"])
    >>> labels.tolist(), unit.tolist()
    (['b', 'a'], [0, 1, 0])
    """
    words = np.array([str(label) for label in values], dtype=object)
    labels = np.array(list(dict.fromkeys(words)), dtype=object)
    place = {label: i for i, label in enumerate(labels)}
    return labels, np.array([place[label] for label in words])
