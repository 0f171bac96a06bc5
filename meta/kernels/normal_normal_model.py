"""The normal-normal hierarchical model with the mean integrated out: likelihoods given tau2.

y_i ~ N(x_i mu, v_i + tau2) with mu ~ N(m0, s0^2) or flat. Formulas: Roever 2020, doi:10.18637/jss.v093.i06.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LOG_2PI = float(np.log(2.0 * np.pi))


@dataclass(frozen=True, slots=True)
class Conditional:
    """What is known given tau2, each of shape (..., t).

    Attributes
    ----------
    log_likelihood : ndarray
        Log density of the data with mu integrated out (under a flat prior: of density one).
    mean, variance : ndarray
        Moments of mu given tau2 and the data; mu is normal.
    """

    log_likelihood: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


def conditional(
    tau2: np.ndarray,
    y: np.ndarray,
    v: np.ndarray,
    *,
    x: np.ndarray | None = None,
    prior_mean: float | np.ndarray = 0.0,
    prior_variance: float | np.ndarray = np.inf,
) -> Conditional:
    """Marginal likelihood of tau2 and the conditional posterior of mu.

    Parameters
    ----------
    tau2 : ndarray of shape (..., t)
        Between-study variances.
    y, v : ndarray of shape (..., k)
        Effects and sampling variances; NaN where a study is absent.
    x : ndarray of shape (..., k), optional
        Coefficients of mu, ones by default (other values arise where correlated errors were rotated).
    prior_mean, prior_variance : float or ndarray of shape (...,)
        Normal prior of mu; an infinite variance is the flat prior.

    Returns
    -------
    Conditional

    Examples
    --------
    >>> got = conditional(np.array([0.0]), np.array([1.0, 3.0]), np.array([1.0, 1.0]))
    >>> float(got.mean[0]), float(got.variance[0]), round(float(got.log_likelihood[0]), 6)
    (2.0, 0.5, -2.265512)
    """
    present = ~np.isnan(y)
    yy = np.where(present, y, 0.0)[..., None, :]
    vv = np.where(present, v, 1.0)[..., None, :]
    keep = present[..., None, :]
    xx = np.ones_like(yy) if x is None else np.asarray(x, dtype=float)[..., None, :]
    total = vv + tau2[..., :, None]
    w = np.where(keep, 1.0 / total, 0.0) if not present.all() else 1.0 / total
    log_det = np.sum(np.where(keep, np.log(total), 0.0) if not present.all() else np.log(total), axis=-1)
    wx = w * xx
    s0 = np.sum(wx * xx, axis=-1)
    ls = np.sum(wx * yy, axis=-1) / s0
    residual = yy - xx * ls[..., None]
    q = np.sum(w * residual * residual, axis=-1)
    base = -0.5 * (present.sum(axis=-1)[..., None] * LOG_2PI + log_det + q)
    m0 = np.asarray(prior_mean, dtype=float)[..., None]
    var0 = np.asarray(prior_variance, dtype=float)[..., None]
    flat = np.isinf(var0)
    precision0 = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, var0))
    shift = ls - m0
    proper = -0.5 * (
        np.log1p(np.where(flat, 0.0, var0) * s0) + shift * shift * s0 / (1.0 + np.where(flat, 0.0, var0) * s0)
    )
    log_likelihood = base + np.where(flat, 0.5 * (LOG_2PI - np.log(s0)), proper)
    variance = 1.0 / (s0 + precision0)
    mean = ls - variance * precision0 * shift
    return Conditional(log_likelihood, mean, variance)


def log_likelihood_at(
    mu: float | np.ndarray, tau2: np.ndarray, y: np.ndarray, v: np.ndarray, *, x: np.ndarray | None = None
) -> np.ndarray:
    """Log density of the data at fixed mu and tau2.

    Parameters
    ----------
    mu, tau2 : arrays that broadcast to shape (...)
        Parameter values.
    y, v, x : ndarray of shape (k,)
        Data.

    Returns
    -------
    ndarray of shape (...)

    Examples
    --------
    >>> round(float(log_likelihood_at(0.0, np.array(0.0), np.array([0.0]), np.array([1.0]))), 6)
    -0.918939
    """
    mu, tau2 = np.asarray(mu, dtype=float)[..., None], np.asarray(tau2, dtype=float)[..., None]
    centre = mu if x is None else mu * x
    total = v + tau2
    residual = y - centre
    return -0.5 * np.sum(LOG_2PI + np.log(total) + residual * residual / total, axis=-1)


@dataclass(frozen=True, slots=True)
class ShrinkageMap:
    """theta_i given mu and tau2 is normal with mean a + b mu and standard deviation s; each (t, k)."""

    a: np.ndarray
    b: np.ndarray
    s: np.ndarray


def shrinkage(tau2: np.ndarray, y: np.ndarray, v: np.ndarray) -> ShrinkageMap:
    """How each study's own effect depends on mu, for each tau2.

    Examples
    --------
    >>> got = shrinkage(np.array([1.0]), np.array([4.0]), np.array([1.0]))
    >>> float(got.a[0, 0]), float(got.b[0, 0]), round(float(got.s[0, 0]), 4)
    (2.0, 0.5, 0.7071)
    """
    total = v + tau2[:, None]
    share = tau2[:, None] / total
    return ShrinkageMap(share * y, v / total, np.sqrt(share * v))


def rotate(y: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Diagonalise correlated sampling errors: returns y, v, x in the eigenbasis, and the basis.

    tau2 I is unchanged by a rotation, so that the rotated data follow the independent model with
    coefficients ``x`` of mu.
    """
    values, basis = np.linalg.eigh(covariance)
    return basis.T @ y, values, basis.sum(axis=0), basis


@dataclass(frozen=True, slots=True)
class ConditionalRegression:
    """What is known of p coefficients given each of t values of tau2.

    Attributes
    ----------
    log_likelihood : ndarray of shape (t,)
    mean : ndarray of shape (t, p)
    covariance : ndarray of shape (t, p, p)
    """

    log_likelihood: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def conditional_regression(
    tau2: np.ndarray,
    y: np.ndarray,
    v: np.ndarray,
    x: np.ndarray,
    *,
    prior_mean: np.ndarray,
    prior_variance: np.ndarray,
) -> ConditionalRegression:
    """Marginal likelihood of tau2 and conditional posterior of the coefficients of y ~ N(x beta, v + tau2).

    Parameters
    ----------
    tau2 : ndarray of shape (t,)
        Residual between-study variances.
    y, v : ndarray of shape (k,)
        Effects and sampling variances.
    x : ndarray of shape (k, p)
        Design matrix.
    prior_mean, prior_variance : ndarray of shape (p,)
        Independent normal priors; an infinite variance is the flat prior (of density one).

    Returns
    -------
    ConditionalRegression

    Examples
    --------
    >>> one = conditional(np.array([0.1]), np.array([1.0, 3.0]), np.array([1.0, 2.0]), prior_variance=4.0)
    >>> two = conditional_regression(np.array([0.1]), np.array([1.0, 3.0]), np.array([1.0, 2.0]),
    ...                              np.ones((2, 1)), prior_mean=np.zeros(1), prior_variance=np.array([4.0]))
    >>> bool(np.isclose(one.log_likelihood[0], two.log_likelihood[0]))
    True
    """
    flat = np.isinf(prior_variance)
    precision = np.where(flat, 0.0, 1.0 / np.where(flat, 1.0, prior_variance))
    total = v + tau2[:, None]
    w = 1.0 / total
    information = np.einsum("tk,kp,kq->tpq", w, x, x) + np.diag(precision)
    right = np.einsum("tk,kp,k->tp", w, x, y) + precision * prior_mean
    covariance = np.linalg.inv(information)
    mean = np.einsum("tpq,tq->tp", covariance, right)
    residual = y - mean @ x.T
    gap = mean - prior_mean
    q = np.sum(w * residual * residual, axis=1) + np.sum(precision * gap * gap, axis=1)
    log_det = np.linalg.slogdet(information)[1]
    prior = 0.5 * np.sum(np.where(flat, LOG_2PI, np.log(np.where(flat, 1.0, precision))))
    log_likelihood = prior - 0.5 * (y.size * LOG_2PI + np.sum(np.log(total), axis=1) + q + log_det)
    return ConditionalRegression(log_likelihood, mean, covariance)
