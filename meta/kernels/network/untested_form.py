"""The effect of a form that no trial tested, predicted from how much the tested ones differ."""

from __future__ import annotations

import numpy as np
from scipy import special

from meta.kernels.mixtures import NormalMixture

NODES = 400
"""Midpoints of the prior of the SD between forms; a mixture of so many normals has four digits or more."""


def untested_form(
    effects: np.ndarray, vcov: np.ndarray, scale: float, comparator: int | None
) -> NormalMixture:
    """Predictive distribution of an untested form's effect.

    The forms' effects against a hub (placebo, say) are exchangeable: ``delta_f ~ N(m, s^2)`` with a flat
    prior of m and ``s ~ HalfNormal(scale)``; their estimates have the covariance ``vcov``. The SD s is
    integrated over its posterior: its prior times the restricted likelihood of the estimates.

    Parameters
    ----------
    effects : ndarray of shape (F,)
        Estimated effects of the tested forms against the hub.
    vcov : ndarray of shape (F, F)
        Their covariance.
    scale : float
        Scale of the half-normal prior of s, in the unit of the effects.
    comparator : int or None
        Position of the form with which the untested one is compared; None for the hub.

    Returns
    -------
    NormalMixture
        Of the untested form minus the comparator.

    References
    ----------
    Higgins JPT, Thompson SG, Spiegelhalter DJ (2009). J R Stat Soc A 172:137-159, section 2.4 (the predictive
    distribution). https://doi.org/10.1111/j.1467-985X.2008.00552.x

    Examples
    --------
    Forms that are known exactly to be alike say that a further one is so too; the prior of s says how surely.

    >>> found = untested_form(np.zeros(2), 1e-12 * np.eye(2), 0.03, 0)
    >>> found.mean, round(found.sd / 0.03, 2) < 1
    (0.0, True)
    """
    d, V = np.asarray(effects, dtype=float), np.asarray(vcov, dtype=float)
    share = (np.arange(NODES) + 0.5) / NODES
    s2 = (scale * special.ndtri(0.5 + 0.5 * share)) ** 2
    # all nodes at once by the eigenvectors of V: V + s^2 I has them too
    values, vectors = np.linalg.eigh(V)
    w = 1.0 / (np.maximum(values, 0.0) + s2[:, None])  # (nodes, F)
    y, one = vectors.T @ d, vectors.T @ np.ones(len(d))
    total = np.sum(w * one**2, axis=1)
    middle = np.sum(w * one * y, axis=1) / total
    left = y - middle[:, None] * one  # (nodes, F)
    loglik = 0.5 * (np.sum(np.log(w), axis=1) - np.log(total) - np.sum(w * left**2, axis=1))
    weights = np.exp(loglik - loglik.max())
    weights /= weights.sum()
    if comparator is None:
        return NormalMixture(middle, np.sqrt(s2 + 1.0 / total), weights)
    own = vectors[comparator]  # the row of the comparator in the basis
    pull = np.sum(w * own * left, axis=1)  # (P d) of the comparator
    spread = np.sum(w * own**2, axis=1) - np.sum(w * own * one, axis=1) ** 2 / total
    return NormalMixture(-s2 * pull, np.sqrt(2.0 * s2 - s2**2 * spread), weights)
