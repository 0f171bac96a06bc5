"""What the formulas of all designs share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Estimates:
    """Effect estimates and their sampling variances.

    Attributes
    ----------
    yi, vi : ndarray of shape (k,)
        Estimates on the model scale and sampling variances; NaN where the formula has no value.
    """

    yi: np.ndarray
    vi: np.ndarray


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> float:
    """Mean over the studies whose value and weight are both finite, for the ``AV`` variances."""
    use = np.isfinite(values) & np.isfinite(weights)
    total = float(np.sum(weights[use]))
    return float(np.sum(values[use] * weights[use]) / total) if total > 0 else float("nan")


def pooled_sd(sd1: np.ndarray, n1: np.ndarray, sd2: np.ndarray, n2: np.ndarray) -> np.ndarray:
    """Pooled standard deviation of two groups."""
    return np.asarray(np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2)))


def log_ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Log of a ratio; NaN where the two have opposite signs or one is zero."""
    same = np.sign(numerator) * np.sign(denominator) > 0
    return np.asarray(
        np.log(np.where(same, np.abs(numerator), np.nan))
        - np.log(np.where(same, np.abs(denominator), np.nan))
    )


def to_z(correlation: Estimates) -> Estimates:
    """Fisher's z of a correlation whose variance it does not stabilise: the delta method."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return Estimates(np.arctanh(correlation.yi), correlation.vi / (1 - correlation.yi**2) ** 2)
