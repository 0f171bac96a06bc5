"""Means of single groups (``mean, sd, n``); float arrays of shape (k,)."""

from __future__ import annotations

import numpy as np

from meta.effects.measures.core import Estimates
from meta.kernels.hedges_correction import hedges_j


def raw(mean: np.ndarray, sd: np.ndarray, n: np.ndarray) -> Estimates:
    """Mean."""
    return Estimates(mean, sd**2 / n)


def standardised(mean: np.ndarray, sd: np.ndarray, n: np.ndarray, *, exact: bool = True) -> Estimates:
    """Mean in units of its standard deviation, with Hedges's factor for n - 1 degrees of freedom.

    References
    ----------
    Hedges LV (1981). J Educ Stat 6(2):107-128. https://doi.org/10.3102/10769986006002107
    """
    g = hedges_j(n - 1, exact=exact) * mean / sd
    return Estimates(g, 1 / n + g**2 / (2 * n))


def log(mean: np.ndarray, sd: np.ndarray, n: np.ndarray) -> Estimates:
    """Log of a positive mean, variance by the delta method."""
    positive = np.where(mean > 0, mean, np.nan)
    return Estimates(np.log(positive), sd**2 / (n * positive**2))
