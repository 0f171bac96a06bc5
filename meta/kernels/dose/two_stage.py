"""Two-stage dose-response meta-analysis: each trial's own coefficients, then their multivariate pool.

Berlin, Longnecker & Greenland (1993), doi:10.1097/00001648-199305000-00005; Gasparrini, Armstrong & Kenward
(2012), doi:10.1002/sim.5471; moments: Jackson, White & Riley (2013), doi:10.1002/bimj.201200152.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.dose.one_stage import CurveFit
from meta.kernels.dose.one_stage import fit as fit_trials
from meta.kernels.dose.stacked_trials import Trials

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class FirstStage:
    """Coefficients of each trial, b (m, p), and their covariances V (m, p, p)."""

    b: Array
    V: Array


def first_stage(trials: Trials) -> FirstStage:
    """Generalised least squares within each trial; the trials must identify all terms."""
    b, V = [], []
    for rows, S in zip(trials.rows, trials.S, strict=True):
        root = np.linalg.cholesky(S)
        z, y = np.linalg.solve(root, trials.Z[rows]), np.linalg.solve(root, trials.y[rows])
        q, r = np.linalg.qr(z)
        back = np.linalg.inv(r)
        b.append(back @ (q.T @ y))
        V.append(back @ back.T)
    return FirstStage(np.array(b), np.array(V))


def fit(stage: FirstStage, kind: str, method: str) -> CurveFit:
    """Pool the coefficients; ``kind`` is full, diagonal or none, ``method`` REML, ML or MM (moments)."""
    m, p = stage.b.shape
    if method == "MM" and kind == "full":
        psi = moments(stage)
        W = np.linalg.inv(stage.V + psi)
        cover = np.linalg.inv(W.sum(axis=0))
        beta = cover @ np.einsum("mij,mj->i", W, stage.b)
        return CurveFit(beta, cover, psi, np.nan, p * (p + 1) // 2, 0, True)
    pooled = Trials(
        y=stage.b.reshape(-1),
        S=tuple(stage.V),
        Z=np.tile(np.eye(p), (m, 1)),
        span=np.zeros(m * p),
        scale=np.ones(p),
        arm=np.tile(np.arange(p), m),
    )
    return fit_trials(pooled, kind, method == "REML")


def moments(stage: FirstStage) -> Array:
    """Psi (p, p) by the method of moments, cut to a covariance matrix: DerSimonian and Laird's for p = 1.

    The matrix ``sum W_i (b_i - b)(b_i - b)'`` is set equal to its expectation, which is linear in Psi.

    >>> moments(FirstStage(np.array([[0.0], [2.0]]), np.ones((2, 1, 1)))).tolist()
    [[1.0]]
    """
    W = np.linalg.inv(stage.V)
    m, p = stage.b.shape
    total = np.linalg.inv(W.sum(axis=0))
    gap = stage.b - np.einsum("ij,mjk,mk->i", total, W, stage.b)
    seen = np.einsum("mij,mj,mk->ik", W, gap, gap)
    # b_i - b = sum_k D_ik b_k with D_ik = 1(i = k) I - U W_k and U the inverse of sum W
    D = np.eye(m)[:, :, None, None] * np.eye(p) - np.einsum("ij,mjk->mik", total, W)
    slope = np.einsum("iab,ikbc,ikde->aecd", W, D, D).reshape(p * p, p * p)
    left = seen - (m - 1) * np.eye(p)
    psi = np.linalg.solve(slope, left.reshape(-1)).reshape(p, p)
    size, axes = np.linalg.eigh(0.5 * (psi + psi.T))
    return np.asarray((axes * np.maximum(size, 0.0)) @ axes.T)
