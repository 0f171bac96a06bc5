"""Single proportions (``events, n``); float arrays of shape (k,)."""

from __future__ import annotations

import numpy as np

from meta.effects.measures.core import Estimates, weighted_mean
from meta.effects.scales import double_arcsine


def _for_variance(p: np.ndarray, n: np.ndarray, vtype: str) -> np.ndarray:
    return np.full_like(p, weighted_mean(p, n)) if vtype == "AV" else p


def raw(events: np.ndarray, n: np.ndarray, *, vtype: str = "LS") -> Estimates:
    """Proportion; ``vtype`` LS (n), UB (n - 1: unbiased) or AV (the average in the variance)."""
    p = events / n
    used = _for_variance(p, n, vtype)
    return Estimates(p, used * (1 - used) / (n - 1 if vtype == "UB" else n))


def log(events: np.ndarray, n: np.ndarray, *, vtype: str = "LS") -> Estimates:
    """Log of a proportion; ``vtype`` LS or AV."""
    used = _for_variance(events / n, n, vtype)
    yi = np.log(events / n)
    return Estimates(np.where(np.isfinite(yi), yi, np.nan), 1 / (n * used) - 1 / n)


def logit(events: np.ndarray, n: np.ndarray, *, vtype: str = "LS") -> Estimates:
    """Log odds; ``vtype`` LS or AV."""
    used = _for_variance(events / n, n, vtype)
    yi = np.log(events) - np.log(n - events)
    return Estimates(np.where(np.isfinite(yi), yi, np.nan), 1 / (n * used) + 1 / (n * (1 - used)))


def arcsine(events: np.ndarray, n: np.ndarray) -> Estimates:
    """Arcsine of the square root of a proportion."""
    return Estimates(np.arcsin(np.sqrt(events / n)), 1 / (4 * n))


def freeman_tukey(events: np.ndarray, n: np.ndarray) -> Estimates:
    """Freeman-Tukey double arcsine, half of Miller's scale.

    References
    ----------
    Freeman MF, Tukey JW (1950). Ann Math Stat 21:607-611. https://doi.org/10.1214/aoms/1177729756
    """
    return Estimates(double_arcsine(events / n, n), 1 / (4 * n + 2))
