"""Residuals and case-deletion statistics of linear models with any covariance of the effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtr

from meta.diagnostics.linear_model import Model
from meta.pooling.refit import Refit


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of k effects against the fit with all of them; every array has shape (k,).

    Attributes
    ----------
    raw, pearson, cholesky, standard, standard_se : ndarray
        Observed less fitted; over the marginal standard deviation; made uncorrelated by the Cholesky root of
        the inverse; over the residual's own standard error, and that error.
    spread : ndarray of shape (k, k)
        Covariance of the raw residuals.
    """

    raw: np.ndarray
    pearson: np.ndarray
    cholesky: np.ndarray
    standard: np.ndarray
    standard_se: np.ndarray
    spread: np.ndarray


def residuals_of(model: Model) -> Residuals:
    """All residuals that need no refit."""
    raw, maker = model.residual, np.eye(model.k) - model.hat
    spread = maker @ model.M @ maker.T
    # a residual that is 0 by construction keeps no spread but rounding error
    own = np.where(np.diag(spread) > 1e-12 * np.diag(model.M), np.diag(spread), np.nan)
    root = np.linalg.cholesky(np.linalg.inv(model.M)).T
    return Residuals(
        raw=raw,
        pearson=raw / np.sqrt(np.diag(model.M)),
        cholesky=root @ raw,
        standard=raw / np.sqrt(own),
        standard_se=np.sqrt(own),
        spread=spread,
    )


def quadratic(values: np.ndarray, spread: np.ndarray) -> float:
    """``values' spread^-1 values`` with a pseudo-inverse, because residuals may be linearly dependent."""
    return float(values @ np.linalg.pinv(spread, rcond=1e-10, hermitian=True) @ values)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What changes without a unit of n rows.

    Attributes
    ----------
    residual, se : ndarray of shape (n,)
        Of the unit's rows against the fit without them.
    x2 : float
        Their joint chi-squared.
    dffits : ndarray of shape (n,)
    cook, cov_ratio : float
    dfbetas : ndarray of shape (p,)
    refit : Refit or None
        None, and NaN everywhere else, where the rest cannot support the model.
    """

    residual: np.ndarray
    se: np.ndarray
    x2: float
    dffits: np.ndarray
    cook: float
    cov_ratio: float
    dfbetas: np.ndarray
    refit: Refit | None


def delete(model: Model, rows: np.ndarray, *, reestimate: bool) -> Deletion:
    """Fit without ``rows`` (indices) and compare."""
    keep = np.ones(model.k, dtype=bool)
    keep[rows] = False
    found = model.again(keep, reestimate)
    if found is None:
        nothing = np.full(len(rows), np.nan)
        return Deletion(nothing, nothing, np.nan, nothing, np.nan, np.nan, np.full(model.p, np.nan), None)
    X, x, whole = model.X, model.X[rows], model.whole
    residual = model.effects.yi[rows] - x @ found.beta
    spread = found.scale * found.covariance[np.ix_(rows, rows)] + x @ found.vcov @ x.T
    change = whole.beta - found.beta
    given = getattr(model.fit, "user_weights", None)
    W = model.W if given is not None else np.linalg.inv(found.covariance)
    half = np.linalg.solve(X.T @ W @ X, X.T @ W)
    everything = found.scale * np.diag(half @ found.covariance @ half.T)
    hat, own = np.diag(model.hat)[rows], np.diag(found.covariance)[rows]
    # effects without any spread have no standard error under Hartung and Knapp, and no Cook's distance
    spreads = np.linalg.matrix_rank(whole.vcov) == model.p
    with np.errstate(divide="ignore", invalid="ignore"):
        return Deletion(
            residual=residual,
            se=np.sqrt(np.diag(spread)),
            x2=quadratic(residual, spread),
            dffits=x @ change / np.sqrt(found.scale * hat * own),
            cook=float(change @ np.linalg.solve(whole.vcov, change)) if spreads else np.nan,
            cov_ratio=float(np.linalg.det(found.vcov) / np.linalg.det(whole.vcov)),
            dfbetas=change / np.sqrt(everything),
            refit=found,
        )


def unusual(
    cook: np.ndarray, dfbetas: np.ndarray, dffits: np.ndarray | None, hat: np.ndarray | None, k: int
) -> np.ndarray:
    """Whether any of the usual thresholds is passed, (m,); ``dfbetas`` is (m, p).

    >>> unusual(np.array([0.1, 4.0]), np.zeros((2, 1)), None, None, 9).tolist()
    [False, True]
    """
    p = dfbetas.shape[1]
    out = (chdtr(float(p), np.nan_to_num(cook)) > 0.5) | np.any(np.abs(dfbetas) > 1, axis=1)
    if dffits is not None:
        out = out | (np.abs(dffits) > 3 * np.sqrt(p / (k - p)))
    if hat is not None:
        out = out | (hat > 3 * p / k)
    return np.asarray(out)
