"""Prediction intervals: where the effect of a new study is expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from meta.errors import unknown_option
from meta.kernels.inference import kenward_roger, quantile, weighted_mean
from meta.kernels.weights import arrange, moments

KINDS = ("normal", "V", "HTS", "HK", "HK-PR", "KR", "KR-PR", "NNF")


@dataclass(frozen=True, slots=True)
class Predictive:
    """A location-scale predictive distribution of a new study's true effect.

    Attributes
    ----------
    mean, sd : ndarray
        Centre and scale ``sqrt(tau2 + se**2)``.
    df : ndarray
        Degrees of freedom of Student's t; inf for the normal. Where it is not positive the interval does
        not exist.
    """

    mean: np.ndarray
    sd: np.ndarray
    df: np.ndarray

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Low and high end at ``level``; NaN where there are too few degrees of freedom."""
        half = quantile(0.5 + level / 2, self.df) * self.sd
        return self.mean - half, self.mean + half


def predictive(
    y: ArrayLike,
    v: ArrayLike,
    tau2: ArrayLike,
    kind: str,
    *,
    floored: bool = False,
    weights: ArrayLike | None = None,
) -> Predictive:
    """Predictive distribution named ``kind`` for every meta-analysis of a batch.

    Parameters
    ----------
    y, v : array_like of shape (k, ...)
        Effects and sampling variances; NaN where a study is absent.
    tau2 : array_like
        Heterogeneity variances of the trailing shape.
    kind : str
        "normal" (classic standard error, normal), "V" (classic, t with k - 1), "HTS" (classic, t with
        k - 2), "HK" (Hartung-Knapp, k - 1), "HK-PR" (Hartung-Knapp, k - 2), "KR" (Kenward-Roger) or "KR-PR"
        (one degree of freedom fewer).
    floored : bool
        Whether the Hartung-Knapp scale is kept from falling below 1.

    weights : array_like of shape (k,) or (k, ...), optional
        Weights of the mean instead of inverse variances.

    References
    ----------
    Higgins, Thompson & Spiegelhalter 2009, doi:10.1111/j.1467-985X.2008.00552.x; Partlett & Riley 2017,
    doi:10.1002/sim.7140; Veroniki et al. 2019, doi:10.1002/jrsm.1319; Skipka 2006.

    Examples
    --------
    >>> p = predictive([0.0, 1.0, 2.0], [1.0, 1.0, 1.0], 0.5, "HTS")
    >>> p.df.item(), round(p.sd.item(), 4)
    (1.0, 1.0)
    """
    if kind not in KINDS or kind == "NNF":
        raise unknown_option("prediction interval", kind, KINDS)
    shape = np.broadcast_shapes(np.shape(y), np.shape(v))[1:]
    rows = arrange(y, v)
    t = np.broadcast_to(np.asarray(tau2, dtype=float).reshape(-1), (rows.width,))
    with np.errstate(divide="ignore", invalid="ignore"):
        m = moments(rows, t)
        n = rows.n
        mean, variance = m.mean, 1 / m.s1
        if weights is not None:
            given = np.asarray(weights, dtype=float).reshape(len(rows.y), -1)
            mean, variance = weighted_mean(rows, t, np.broadcast_to(given, rows.y.shape))
        if kind in ("HK", "HK-PR"):
            scale = m.q / (n - 1)
            variance = variance * (np.maximum(scale, 1.0) if floored else scale)
            df = n - 1 if kind == "HK" else n - 2
        elif kind in ("KR", "KR-PR"):
            variance, df = kenward_roger(m)
            df = df if kind == "KR" else df - 1
        else:
            df = {"normal": np.full_like(n, np.inf), "V": n - 1, "HTS": n - 2}[kind]
        sd = np.sqrt(t + variance)
    return Predictive(mean.reshape(shape), sd.reshape(shape), np.asarray(df).reshape(shape))
