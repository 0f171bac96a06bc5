"""Henmi and Copas' interval about the equal-effects mean."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, ndtri

from meta.errors import InputError
from meta.kernels.weights import arrange, moments

_ENDS = np.array([0.0, 0.5, 1.5, 4.0, 12.0])
_POINTS, _POINT_WEIGHTS = np.polynomial.legendre.leggauss(60)
_OFFSETS = (_ENDS[:-1, None] + 0.5 * np.diff(_ENDS)[:, None] * (_POINTS + 1)).ravel()
_OFFSET_WEIGHTS = (0.5 * np.diff(_ENDS)[:, None] * _POINT_WEIGHTS).ravel()


@dataclass(frozen=True, slots=True)
class HenmiCopas:
    """A Henmi-Copas interval.

    Attributes
    ----------
    estimate, se : float
        Equal-effects mean, and its standard error under the DerSimonian-Laird tau2.
    ci_low, ci_high : float
        The interval.
    tau2 : float
        DerSimonian-Laird estimate.
    """

    estimate: float
    se: float
    ci_low: float
    ci_high: float
    tau2: float


def _conditional_gamma(w: np.ndarray, tau2: float, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape and scale of the gamma law with Q's first two moments, given R = sqrt(sum w) (mean - mu) = r.

    The studies are normal given R; Q is a quadratic form in them, with the mean ``tr(PC) + m'Pm`` and the
    variance ``2 tr(PCPC) + 4 m'PCPm``.
    """
    s1 = float(w.sum())
    w2, w3, w4 = (float((w**power).sum()) / s1 for power in (2, 3, 4))
    spread = 1 + tau2 * w2
    a, b = w3 - w2**2, w4 - 2 * w2 * w3 + w2**3
    df = w.size - 1
    pull = tau2**2 * a + tau2**3 * b
    ratio = (r / spread) ** 2
    mean = df + tau2 * (s1 - w2) + tau2**2 * a * (ratio - 1 / spread)
    variance = (
        2 * df
        + 4 * tau2 * (s1 - w2)
        + 2 * tau2**2 * (s1 * w2 - 2 * w3 + w2**2)
        + 4 * pull * (ratio - 1 / spread)
        + 2 * tau2**4 * a**2 * (1 / spread**2 - 2 * ratio / spread)
    )
    return mean**2 / variance, variance / mean


def henmi_copas(y: ArrayLike, v: ArrayLike, level: float = 0.95) -> HenmiCopas:
    """Henmi-Copas interval of one meta-analysis (2010, doi:10.1002/sim.4029).

    >>> ci = henmi_copas([0.1, 0.6, 0.9, 0.2], [0.01, 0.02, 0.04, 0.03])
    >>> ci.ci_low < ci.estimate < ci.ci_high
    True
    """
    from scipy.optimize import brentq

    rows = arrange(y, v)
    if rows.n[0] < 2:
        raise InputError("the Henmi-Copas interval needs at least two studies")
    m = moments(rows)
    w = 1 / rows.v[np.isfinite(rows.v)]
    s1, w2 = float(m.s1[0]), float(m.s2[0] / m.s1[0])
    df = w.size - 1
    tau2 = max(0.0, float((m.q[0] - df) / m.trace_p[0]))
    spread = math.sqrt(1 + tau2 * w2)

    def miss(x: float) -> float:
        # |R| exceeds u times its estimated standard deviation, u = spread x, where Q stays below `bound`
        r = x + _OFFSETS
        shape, scale = _conditional_gamma(w, tau2, spread * r)
        bound = (s1 / w2 - 1) * ((r / x) ** 2 - 1) + df
        return float((_OFFSET_WEIGHTS * np.exp(-0.5 * r * r) * gammainc(shape, bound / scale)).sum()) - alpha

    alpha = 0.5 * (1 - level) * math.sqrt(2 * math.pi)
    high = float(ndtri(0.5 + level / 2))
    x = float(brentq(miss, 1e-9, high, xtol=1e-14, rtol=1e-14)) if miss(high) < 0 else high
    half = x * spread * spread / math.sqrt(s1)
    estimate = float(m.mean[0])
    return HenmiCopas(estimate, spread / math.sqrt(s1), estimate - half, estimate + half, tau2)
