"""Residual heterogeneity and Kenward-Roger inference for meta-regressions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Residual:
    """Residual heterogeneity at tau2 = 0: ``qe``, ``df``, the typical sampling variance; scalars."""

    qe: float
    df: int
    typical: float


def residual_heterogeneity(y: np.ndarray, v: np.ndarray, X: np.ndarray) -> Residual:
    """Cochran's Q of the residuals and the typical sampling variance ``(k - p) / tr(P)``.

    Higgins & Thompson (2002), doi:10.1002/sim.1186. Shapes: y, v (k,), X (k, p).

    >>> round(residual_heterogeneity(np.array([0.0, 2.0]), np.ones(2), np.ones((2, 1))).qe, 9)
    2.0
    """
    w = 1.0 / v
    q, _ = np.linalg.qr(X * np.sqrt(w)[:, None])
    z = y * np.sqrt(w)
    e = z - q @ (q.T @ z)
    df = X.shape[0] - X.shape[1]
    trace = float(np.sum(w * (1.0 - np.sum(q**2, axis=1))))
    return Residual(qe=float(e @ e), df=df, typical=df / trace if df else np.nan)


@dataclass(frozen=True, slots=True)
class KenwardRoger:
    """Adjusted covariance (p, p) and denominator df of each coefficient (p,)."""

    vcov: np.ndarray
    df: np.ndarray
    phi: np.ndarray
    slope: np.ndarray
    variance: float


def kenward_roger(v: np.ndarray, X: np.ndarray, tau2: float) -> KenwardRoger:
    """Kenward-Roger adjustment for one variance component, with its expected information.

    Kenward & Roger (1997), doi:10.2307/2533558. Shapes: v (k,), X (k, p).

    >>> kr = kenward_roger(np.ones(5), np.ones((5, 1)), 1.0)
    >>> kr.df.round(6).tolist()
    [4.0]
    """
    w = 1.0 / (v + tau2)
    phi = np.linalg.inv(X.T @ (X * w[:, None]))
    p1, q11 = -X.T @ (X * (w**2)[:, None]), X.T @ (X * (w**3)[:, None])
    h = phi @ p1
    trace_pp = np.sum(w**2) - 2 * np.trace(phi @ q11) + np.trace(h @ h)
    variance = 2.0 / trace_pp
    adjusted = phi + 2 * variance * phi @ (q11 - p1 @ phi @ p1) @ phi
    slope = phi @ p1 @ phi
    ratio = np.diag(slope) / np.diag(phi)
    return KenwardRoger(adjusted, 2.0 / (variance * ratio**2), phi, slope, float(variance))


def kenward_roger_f(kr: KenwardRoger, beta: np.ndarray, L: np.ndarray) -> tuple[float, float]:
    """Scaled F statistic and denominator df of ``L beta = 0``; L is (l, p)."""
    n = L.shape[0]
    theta = L.T @ np.linalg.inv(L @ kr.phi @ L.T) @ L
    m = theta @ kr.slope
    a1, a2 = kr.variance * np.trace(m) ** 2, kr.variance * np.trace(m @ m)
    b = (a1 + 6 * a2) / (2 * n)
    g = ((n + 1) * a1 - (n + 4) * a2) / ((n + 2) * a2)
    base = 3 * n + 2 * (1 - g)
    c1, c2, c3 = g / base, (n - g) / base, (n + 2 - g) / base
    mean = 1 / (1 - a2 / n)
    var = (2 / n) * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    rho = var / (2 * mean**2)
    df = 4 + (n + 2) / (n * rho - 1)
    scale = df / (mean * (df - 2))
    value = beta @ L.T @ np.linalg.inv(L @ kr.vcov @ L.T) @ L @ beta / n
    return float(scale * value), float(df)
