"""Exact posterior of a linear dose-response curve with one heterogeneity parameter, by quadrature over tau.

Given tau, the coefficients are normal: only tau is integrated numerically.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from meta.kernels.dose.curve_heterogeneity import random_part
from meta.kernels.dose.marginal_likelihood import at, statistics
from meta.kernels.dose.stacked_trials import Trials

Array = np.ndarray
NODES = 16
"""Gauss-Legendre nodes of each panel."""
PANELS = (0.0, *(2.0**k for k in range(-6, 13)))
"""Ends of the panels, in typical standard errors of an effect: the likelihood is 0 beyond."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """The posterior as a mixture of normals over tau.

    Attributes
    ----------
    tau, weights : ndarray of shape (g,)
        Nodes and their posterior probabilities.
    means, covs : ndarray of shape (g, p), (g, p, p)
        Of the coefficients of the scaled terms, given tau.
    log_evidence : float
        Log marginal likelihood; under a flat prior of the coefficients known up to a constant.
    """

    tau: Array
    weights: Array
    means: Array
    covs: Array
    log_evidence: float


def posterior(
    trials: Trials,
    kind: str,
    prior: tuple[float, float] | None,
    log_tau: Callable[[Array], Array],
    fixed: float | None = None,
) -> Mixture:
    """Integrate over tau.

    Parameters
    ----------
    trials : Trials
        Effects, covariances and terms.
    kind : str
        "proportional" or "additive"; "none" for tau = 0.
    prior : (mean, sd) or None
        Normal prior of each scaled coefficient; None for a flat one.
    log_tau : callable
        Log density of tau's prior.
    fixed : float, optional
        A known tau, in place of its prior.
    """
    random = random_part(trials, kind)
    s = statistics(trials, random)
    unit = float(np.median(np.sqrt(np.concatenate([np.diag(S) for S in trials.S]))))
    tau, weight = np.full(1, fixed or 0.0), np.ones(1)
    integrated = random is not None and fixed is None
    if integrated:
        x, w = np.polynomial.legendre.leggauss(NODES)
        ends = unit * np.array(PANELS)
        half = np.diff(ends)[:, None] / 2
        tau, weight = (ends[:-1, None] + half * (x + 1)).reshape(-1), (half * w).reshape(-1)
    q = s.K.shape[-1]
    G = (tau**2)[:, None, None] * np.eye(q)
    found = at(s, G, restricted=prior is None)
    means, covs, log = found.beta, found.vcov, found.loglik
    if prior is not None:
        p = means.shape[1]
        middle, precision = np.full(p, prior[0]), np.eye(p) / prior[1] ** 2
        data = np.linalg.inv(covs)
        gap = means - middle
        apart = np.linalg.inv(covs + prior[1] ** 2 * np.eye(p))
        covs = np.linalg.inv(data + precision)
        log = log - 0.5 * np.einsum("gi,gij,gj->g", gap, apart, gap)
        log += 0.5 * (np.linalg.slogdet(covs)[1] - 2 * p * np.log(prior[1]))
        means = np.einsum("gij,gj->gi", covs, np.einsum("gij,gj->gi", data, means) + precision @ middle)
    if integrated:
        log = log + log_tau(tau) + np.log(weight)
    top = float(log.max())
    share = np.exp(log - top)
    return Mixture(tau, share / share.sum(), means, covs, top + float(np.log(share.sum())))


def quantiles(levels: Array, means: Array, sds: Array, weights: Array) -> Array:
    """Quantiles (r, l) of r mixtures of normals with means and sds (r, g), by bisection.

    >>> median = quantiles(np.array([0.5]), np.zeros((1, 2)), np.ones((1, 2)), np.array([0.5, 0.5]))
    >>> abs(median).round(9).tolist()
    [[0.0]]
    """
    low = np.repeat((means - 40 * sds).min(axis=1)[:, None], len(levels), axis=1)
    high = np.repeat((means + 40 * sds).max(axis=1)[:, None], len(levels), axis=1)
    for _ in range(200):
        middle = 0.5 * (low + high)
        with np.errstate(divide="ignore", invalid="ignore"):
            z = (middle[:, :, None] - means[:, None]) / sds[:, None]
        below = (np.where(np.isnan(z), 0.5, ndtr(z)) * weights).sum(axis=2) < levels
        low, high = np.where(below, middle, low), np.where(below, high, middle)
        if np.all(high - low <= 1e-14 * (1 + np.abs(middle))):
            break
    return 0.5 * (low + high)
