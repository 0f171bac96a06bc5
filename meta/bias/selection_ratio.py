"""The mean effect where affirmative studies are likelier to be published, and the ratio that explains it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meta.bias.common import tail_p
from meta.errors import NotEstimableError
from meta.formatting import number
from meta.kernels.cluster_robust import sandwich, satterthwaite
from meta.kernels.inference import quantile

MODELS = ("robust", "equal-effects")
ETA_MAX = 200.0


@dataclass(frozen=True, slots=True)
class Corrected:
    """A mean effect at one selection ratio.

    Attributes
    ----------
    eta : float
        How many times likelier an affirmative study is to be published; inf for the worst case.
    estimate, se, ci_low, ci_high, p_value : float
        The mean effect with its interval and two-sided test.
    df : float
        Degrees of freedom of its interval (inf for the normal).
    k : int
        Studies with weight.
    """

    eta: float
    estimate: float
    se: float
    ci_low: float
    ci_high: float
    p_value: float
    df: float
    k: int


def corrected_mean(
    y: np.ndarray,
    v: np.ndarray,
    a: np.ndarray,
    tau2: float,
    groups: np.ndarray,
    *,
    model: str,
    level: float,
    eta: float,
) -> Corrected:
    """Mean of effects (k,) with weights ``a`` (k,) that undo the selection; clusters ``groups`` (k,).

    Equal effects: variance ``sum(a^2 v) / sum(a)^2`` and the normal. Robust: the bias-reduced sandwich
    (CR2) with Satterthwaite's degrees of freedom, as in robust variance estimation with small samples.
    """
    total = float(a.sum())
    mean = float((a * y).sum()) / total
    if model == "equal-effects" or np.ptp(groups) == 0:
        se, df = math.sqrt(float((a * a * (v + tau2)).sum())) / total, math.inf
    else:
        fit = sandwich(y, np.ones((len(y), 1)), np.diag(v + tau2), groups, kind="CR2", weights=np.diag(a))
        se, df = math.sqrt(float(fit.vcov[0, 0])), float(satterthwaite(fit, np.eye(1))[0])
    half = float(quantile(0.5 + level / 2, df)) * se
    p = tail_p(mean / se, df, "two-sided") if se > 0 else math.nan
    return Corrected(eta, mean, se, mean - half, mean + half, p, df, len(y))


def s_value_of_estimate(y: np.ndarray, a: np.ndarray, affirmative: np.ndarray, null: float) -> float:
    """The eta at which the weighted mean of effects (favoured side up) equals ``null``; closed form.

    >>> s_value_of_estimate(np.array([1.0, -0.25]), np.ones(2), np.array([True, False]), 0.0)
    4.0
    """
    gap = a * (y - null)
    up, down = float(gap[affirmative].sum()), -float(gap[~affirmative].sum())
    if up - down <= 0:
        return 1.0
    return up / down if down > 0 else math.inf


def s_value_of_interval(near_end: Callable[[float], float], null: float, eta_max: float) -> float:
    """The first eta from 1 to ``eta_max`` at which the near end of the interval reaches ``null``."""
    from scipy.optimize import brentq

    def gap(eta: float) -> float:
        value = near_end(eta) - null
        if math.isnan(value):
            raise NotEstimableError(
                f"the mean has no interval where significant results are {number(eta, 2)} times as likely to "
                "be published: one study carries nearly all of the weight"
            )
        return value

    if near_end(1.0) <= null:
        return 1.0
    grid = np.geomspace(1.0, eta_max, 80)
    low = 1.0
    for high in grid[1:].tolist():
        if near_end(high) <= null:
            return float(brentq(gap, low, high, xtol=1e-10))
        low = high
    return math.inf
