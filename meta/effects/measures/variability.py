"""Standard deviations and coefficients of variation, compared or alone; float arrays of shape (k,)."""

from __future__ import annotations

import numpy as np

from meta.effects.measures.core import Estimates, log_ratio


def variability_ratio(sd1: np.ndarray, n1: np.ndarray, sd2: np.ndarray, n2: np.ndarray) -> Estimates:
    """Log variability ratio.

    References
    ----------
    Nakagawa S et al. (2015). Methods Ecol Evol 6:143-152. https://doi.org/10.1111/2041-210X.12309
    Senior AM, Viechtbauer W, Nakagawa S (2020). Res Synth Methods 11:553-567.
    https://doi.org/10.1002/jrsm.1423
    """
    half1, half2 = 1 / (2 * (n1 - 1)), 1 / (2 * (n2 - 1))
    return Estimates(np.log(sd1 / sd2) + half1 - half2, half1 + half2)


def variation_ratio(
    mean1: np.ndarray,
    sd1: np.ndarray,
    n1: np.ndarray,
    mean2: np.ndarray,
    sd2: np.ndarray,
    n2: np.ndarray,
    *,
    bias_correction: bool = True,
) -> Estimates:
    """Log ratio of coefficients of variation; the switch concerns the ratio-of-means part alone.

    References
    ----------
    Nakagawa S et al. (2015). Methods Ecol Evol 6:143-152. https://doi.org/10.1111/2041-210X.12309
    Senior AM, Viechtbauer W, Nakagawa S (2020). Res Synth Methods 11:553-567.
    https://doi.org/10.1002/jrsm.1423
    """
    spread = variability_ratio(sd1, n1, sd2, n2)
    relative1, relative2 = sd1**2 / (n1 * mean1**2), sd2**2 / (n2 * mean2**2)
    yi = spread.yi - log_ratio(mean1, mean2)
    if bias_correction:
        yi = yi - (relative1 - relative2) / 2
    return Estimates(yi, np.where(np.isfinite(yi), spread.vi + relative1 + relative2, np.nan))


def log_sd(sd: np.ndarray, n: np.ndarray) -> Estimates:
    """Log standard deviation.

    References
    ----------
    Nakagawa S et al. (2015). Methods Ecol Evol 6:143-152. https://doi.org/10.1111/2041-210X.12309
    """
    half = 1 / (2 * (n - 1))
    return Estimates(np.log(sd) + half, half)


def log_variation(mean: np.ndarray, sd: np.ndarray, n: np.ndarray) -> Estimates:
    """Log coefficient of variation.

    References
    ----------
    Nakagawa S et al. (2015). Methods Ecol Evol 6:143-152. https://doi.org/10.1111/2041-210X.12309
    """
    half = 1 / (2 * (n - 1))
    positive = np.where(mean > 0, mean, np.nan)
    return Estimates(np.log(sd / positive) + half, half + sd**2 / (n * positive**2))


def paired_variability_ratio(sd1: np.ndarray, sd2: np.ndarray, n: np.ndarray, r: np.ndarray) -> Estimates:
    """Log variability ratio of two correlated measurements.

    References
    ----------
    Nakagawa S et al. (2015). Methods Ecol Evol 6:143-152. https://doi.org/10.1111/2041-210X.12309
    """
    return Estimates(np.log(sd1 / sd2), (1 - r**2) / (n - 1))


def paired_variation_ratio(
    mean1: np.ndarray, sd1: np.ndarray, mean2: np.ndarray, sd2: np.ndarray, n: np.ndarray, r: np.ndarray
) -> Estimates:
    """Log ratio of coefficients of variation of two correlated measurements.

    References
    ----------
    Nakagawa S et al. (2015). Methods Ecol Evol 6:143-152. https://doi.org/10.1111/2041-210X.12309
    """
    cv1, cv2 = sd1 / mean1, sd2 / mean2
    yi = np.log(sd1 / sd2) - log_ratio(mean1, mean2)
    means = (cv1**2 + cv2**2 - 2 * r * cv1 * cv2) / n
    return Estimates(yi, np.where(np.isfinite(yi), (1 - r**2) / (n - 1) + means, np.nan))
