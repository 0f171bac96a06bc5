"""One-stage dose-response meta-analysis: one likelihood for all trials.

Crippa, Discacciati, Bottai, Spiegelman & Orsini (2019), doi:10.1177/0962280218773122.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.dose.curve_heterogeneity import random_part
from meta.kernels.dose.marginal_likelihood import at, statistics
from meta.kernels.dose.psi_search import maximise
from meta.kernels.dose.stacked_trials import Trials

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class CurveFit:
    """A fitted curve; coefficients and heterogeneity are those of the scaled terms.

    Attributes
    ----------
    beta, vcov : ndarray of shape (p,), (p, p)
    psi : ndarray of shape (q, q)
        Covariance of the random coefficients; (1, 1) for a single variance, (0, 0) for equal curves.
    loglik : float
    n_covariance : int
        Number of covariance parameters that were estimated.
    iterations : int
    converged : bool
    """

    beta: Array
    vcov: Array
    psi: Array
    loglik: float
    n_covariance: int
    iterations: int
    converged: bool


def fit(trials: Trials, kind: str, restricted: bool) -> CurveFit:
    """Maximise the (restricted) likelihood of ``y ~ N(Z beta, S + R G R')``.

    Parameters
    ----------
    trials : Trials
        Effects, covariances and terms.
    kind : str
        One of ``heterogeneity.KINDS``.
    restricted : bool
        REML rather than ML.
    """
    random = random_part(trials, kind)
    s = statistics(trials, random)
    if random is None:
        point = at(s, np.zeros((1, 1, 1)), restricted)
        return CurveFit(point.beta[0], point.vcov[0], np.zeros((0, 0)), float(point.loglik[0]), 0, 0, True)
    top = maximise(s, random, restricted)
    psi = top.G[:1, :1] if random.single else random.back @ top.G @ random.back.T
    return CurveFit(
        beta=top.point.beta[0],
        vcov=top.point.vcov[0],
        psi=psi,
        loglik=float(top.point.loglik[0]),
        n_covariance=random.size,
        iterations=top.steps,
        converged=top.converged,
    )
