"""A saved curve's trials, their marginal covariances and small-sample adjustment, as engines take them."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np

from meta.kernels.dose.curve_heterogeneity import random_part
from meta.kernels.dose.stacked_trials import Trials
from meta.kernels.kenward_roger import SmallSample, kenward_roger
from meta.models.dose.shapes import differences

Array = np.ndarray


def lay_out(y: Array, S: tuple[Array, ...], dose: Array, origin: Array, basis: Any) -> Trials:
    """Trials with terms that are scaled by their size over the doses."""
    Z, span = differences(basis, dose, origin), dose - origin
    scale = np.abs(Z).max(axis=0)
    arm = np.concatenate([np.arange(len(own)) for own in S])
    varying = 1 if basis.estimated else 0
    return Trials(y, S, Z / scale, span / np.abs(span).max(), scale, arm, varying)


def trials_of(fit: Any) -> Trials:
    """The trials of a fit; rows of one trial stand together."""
    V, at, S = fit.es.covariance, 0, []
    for _, rows in groupby(fit.es.study):
        size = len(list(rows))
        S.append(V[at : at + size, at : at + size])
        at += size
    return lay_out(fit.es.yi, tuple(S), fit.dose, fit.origin, fit.basis)


def between(fit: Any, differences_of: Array, span: Array) -> Array:
    """Variance of the true effects of trials at terms (n, p) and differences of doses (n,), (n,)."""
    if fit.heterogeneity == "none":
        return np.zeros(len(span))
    if fit.heterogeneity == "additive":
        return np.where(span == 0, 0.0, fit.psi[0, 0])
    if fit.heterogeneity == "proportional":
        return np.asarray(fit.psi[0, 0] * span**2)
    own = differences_of[:, : len(fit.psi)]
    return np.einsum("ij,jk,ik->i", own, fit.psi, own)


def marginal_blocks(fit: Any) -> list[Array]:
    """Covariance of each trial's effects: sampling and heterogeneity."""
    trials = fit.trials
    return [
        S + sum((w * D for w, D in zip(weights, own, strict=True)), np.zeros_like(S))
        for S, own, weights in zip(trials.S, *_derivatives(fit), strict=True)
    ]


def _derivatives(fit: Any) -> tuple[list[list[Array]], list[Array]]:
    """Of each trial, derivatives of its covariance by the entries of the scaled Psi, and those entries."""
    trials = fit.trials
    random = random_part(trials, fit.heterogeneity)
    if random is None:
        return [[] for _ in trials.S], [np.zeros(0) for _ in trials.S]
    if random.single:
        size = np.abs(fit.dose - fit.origin).max() ** 2 if fit.heterogeneity == "proportional" else 1.0
        D = [[random.Z[rows] @ random.Z[rows].T] for rows in trials.rows]
        return D, [np.array([fit.psi[0, 0] * size])] * len(D)
    q = len(fit.psi)
    scaled = fit.psi * np.outer(trials.scale[:q], trials.scale[:q])
    pairs = [(i, i) for i in range(q)]
    if fit.heterogeneity == "full":
        pairs = [(i, j) for i in range(q) for j in range(i + 1)]
    entries = np.array([scaled[i, j] for i, j in pairs])
    D = []
    for rows in trials.rows:
        z = trials.Z[rows]
        crossed = [np.outer(z[:, i], z[:, j]) for i, j in pairs]
        D.append([one if i == j else one + one.T for one, (i, j) in zip(crossed, pairs, strict=True)])
    return D, [entries] * len(D)


def small_sample(fit: Any) -> SmallSample:
    """Kenward and Roger's adjustment, for coefficients per unit of dose."""
    trials, (D, _) = fit.trials, _derivatives(fit)
    found = kenward_roger([trials.Z[rows] for rows in trials.rows], marginal_blocks(fit), D)
    size = np.outer(trials.scale, trials.scale)
    return SmallSample(found.phi / size, found.vcov / size, found.slopes / size, found.spread)
