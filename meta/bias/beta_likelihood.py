"""Likelihood of the beta selection model, with its scores."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import log_ndtr, logsumexp, ndtri

_LOG_2PI = math.log(2 * math.pi)
P_MIN = 1e-5
_EDGE = -float(ndtri(P_MIN))
_NODES, _RULE = np.polynomial.legendre.leggauss(240)
_Z = _EDGE * _NODES
_LOG_P = np.concatenate([[math.log(P_MIN)], log_ndtr(-_Z), [math.log1p(-P_MIN)]])
_LOG_Q = np.concatenate([[math.log1p(-P_MIN)], log_ndtr(_Z), [math.log(P_MIN)]])


def _log_tail(u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Log of the normal distribution function and its derivative."""
    value = log_ndtr(u)
    return value, np.exp(-0.5 * (u * u + _LOG_2PI) - value)


def beta_terms(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood (k,) and scores (k, p + 3) at ``theta`` = (beta (p,), tau2, a, b).

    Selection favours large y. p-values are kept within 1e-5 of 0 and 1, so that the weights stay finite.
    Beyond, the weight is constant and the normalising constant a normal probability; between, it is a
    Gauss-Legendre sum.

    >>> y, v = np.array([0.3, -0.1]), np.array([0.1, 0.2])
    >>> plain = -0.5 * (np.log(2 * np.pi * v) + y**2 / v)
    >>> bool(np.allclose(beta_terms(y, v, np.ones((2, 1)), np.array([0.0, 0.0, 1.0, 1.0]))[0], plain))
    True
    """
    p = X.shape[1]
    tau2, a, b = (float(x) for x in theta[p:])
    mu, s2, se = X @ theta[:p], v + tau2, np.sqrt(v)
    s, z, e = np.sqrt(s2), np.clip(y / se, -_EDGE, _EDGE), y - mu
    log_p, log_q = log_ndtr(-z), log_ndtr(z)
    own = (a - 1) * log_p + (b - 1) * log_q - 0.5 * (_LOG_2PI + np.log(s2) + e * e / s2)
    gap = se[:, None] * _Z - mu[:, None]
    middle = np.log(_RULE * _EDGE) - 0.5 * gap * gap / s2[:, None]
    middle = middle + (np.log(se) - 0.5 * (_LOG_2PI + np.log(s2)))[:, None]
    above, below = (mu - _EDGE * se) / s, (-_EDGE * se - mu) / s
    (upper, rise), (lower, fall) = _log_tail(above), _log_tail(below)
    parts = np.column_stack([upper, middle, lower]) + (a - 1) * _LOG_P + (b - 1) * _LOG_Q
    total = logsumexp(parts, axis=1)
    share = np.exp(parts - total[:, None])
    by_mu = e / s2 - (share[:, 1:-1] * gap).sum(axis=1) / s2 - (share[:, 0] * rise - share[:, -1] * fall) / s
    inner = (share[:, 1:-1] * (gap * gap / s2[:, None] - 1)).sum(axis=1)
    outer = share[:, 0] * rise * above + share[:, -1] * fall * below
    by_tau2 = 0.5 * (e * e / s2 - 1 - inner + outer) / s2
    scores = [by_mu[:, None] * X, by_tau2, log_p - share @ _LOG_P, log_q - share @ _LOG_Q]
    return own - total, np.column_stack(scores)
