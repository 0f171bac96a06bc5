"""What changes when a study (or a cluster of them) is left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtr

from meta.pooling.result import Pooled

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class CaseDeletion:
    """Case-deletion statistics of a mean; every array has shape (k,).

    Attributes
    ----------
    rstandard, rstudent : ndarray
        Residual over its standard error (without Hartung and Knapp's factor); the same against the fit
        without the study (with it).
    dffits, cook, cov_ratio, dfbetas : ndarray
        Change of the study's fitted value, of the mean (squared, in units of its variance), of the variance
        of the mean, and of the mean in units of its standard error.
    hat : ndarray
        Leverage.
    influential : ndarray of bool
        Whether any of the usual thresholds is passed.
    """

    rstandard: np.ndarray
    rstudent: np.ndarray
    dffits: np.ndarray
    cook: np.ndarray
    cov_ratio: np.ndarray
    dfbetas: np.ndarray
    hat: np.ndarray
    influential: np.ndarray


def case_deletion(
    fit: Pooled, estimate: np.ndarray, se: np.ndarray, tau2: np.ndarray, scale: np.ndarray
) -> CaseDeletion:
    """Statistics from the fit and the k fits without one study: ``estimate se tau2 scale``, each (k,)."""
    y, v, k = fit.effects.yi, fit.effects.vi, fit.k
    given = fit.user_weights
    a = 1 / (v + fit.tau2) if given is None else given
    hat = a / a.sum()
    total = v + fit.tau2
    # (1 - h) is the residual maker of a mean with general weights
    spread = (1 - 2 * hat) * total + float((hat * hat * total).sum())
    residual = y - fit.estimate
    # variance of the mean of all studies at each tau2 without one
    w = 1 / (v[:, None] + tau2) if given is None else np.broadcast_to(given[:, None], (k, k))
    everything = (w * w * (v[:, None] + tau2)).sum(axis=0) / w.sum(axis=0) ** 2
    change = fit.estimate - estimate
    with np.errstate(divide="ignore", invalid="ignore"):
        dffits = change / np.sqrt(scale * hat * (v + tau2))
        cook = change**2 / fit.se**2
        dfbetas = change / np.sqrt(scale * everything)
        rstudent = (y - estimate) / np.sqrt(scale * (v + tau2) + se**2)
        rstandard = residual / np.sqrt(spread)
        ratio = se**2 / fit.se**2
    influential = (
        (np.abs(dffits) > 3 * np.sqrt(1 / (k - 1)))
        | (chdtr(1.0, np.nan_to_num(cook)) > 0.5)
        | (hat > 3 / k)
        | (np.abs(dfbetas) > 1)
    )
    return CaseDeletion(rstandard, rstudent, dffits, cook, ratio, dfbetas, hat, influential)
