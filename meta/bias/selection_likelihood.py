"""Likelihood of step-function selection models, with its scores.

A study with p-value in ``(steps[j-1], steps[j]]`` is published with relative probability ``delta[j]``, so
that its effect has density ``delta[j(i)] N(y; x'beta, v + tau2) / A``, where ``A`` is the sum of
``delta[j] P(p in j)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

_LOG_2PI = math.log(2 * math.pi)
DELTA_MAX = 100.0
DELTA_MIN = 1e-6


@dataclass(frozen=True, slots=True)
class SelectionData:
    """What the likelihood needs, selection favouring large y.

    Attributes
    ----------
    y, v : ndarray of shape (k,)
        Effects and sampling variances.
    X : ndarray of shape (k, p)
        Design.
    cuts : ndarray of shape (k, J - 1)
        Effects (for two tails: absolute effects) at the steps.
    interval : ndarray of int, shape (k,)
        Interval of each study's p-value.
    two_sided : bool
        Whether both tails count.
    """

    y: np.ndarray
    v: np.ndarray
    X: np.ndarray
    cuts: np.ndarray
    interval: np.ndarray
    two_sided: bool


def prepare(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, p: np.ndarray, steps: np.ndarray, two_sided: bool
) -> SelectionData:
    """Lay out the data; ``steps`` (J - 1,) without the final 1, ``p`` (k,)."""
    z = -ndtri(steps / 2 if two_sided else steps)
    interval = np.searchsorted(steps, p, side="left")
    return SelectionData(y, v, X, np.sqrt(v)[:, None] * z, interval, two_sided)


def _density(u: np.ndarray) -> np.ndarray:
    return np.exp(-0.5 * (u * u + _LOG_2PI))


def study_terms(
    data: SelectionData, beta: np.ndarray, tau2: float, delta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log-likelihood (k,) and scores (k, p + 1 + J - 1) for beta, tau2 and delta[1:]."""
    mu, s2 = data.X @ beta, data.v + tau2
    s, e = np.sqrt(s2), data.y - mu
    u = (mu[:, None] - data.cuts) / s[:, None]
    below = ndtr(u)
    f = _density(u)
    d_mu, d_s2 = f / s[:, None], -u * f / (2 * s2[:, None])
    if data.two_sided:
        u = (-data.cuts - mu[:, None]) / s[:, None]
        f = _density(u)
        below = below + ndtr(u)
        d_mu, d_s2 = d_mu - f / s[:, None], d_s2 - u * f / (2 * s2[:, None])
    drops = delta[:-1] - delta[1:]
    total = delta[-1] + below @ drops
    ends = np.column_stack([below, np.ones(len(s))])
    share = np.diff(ends, axis=1)
    value = np.log(delta[data.interval]) - 0.5 * (_LOG_2PI + np.log(s2) + e * e / s2) - np.log(total)
    by_mu = e / s2 - (d_mu @ drops) / total
    by_tau2 = 0.5 * (e * e / s2 - 1) / s2 - (d_s2 @ drops) / total
    own = (data.interval[:, None] == np.arange(1, len(delta))) / delta[1:]
    return value, np.column_stack([by_mu[:, None] * data.X, by_tau2, own - share / total[:, None]])
