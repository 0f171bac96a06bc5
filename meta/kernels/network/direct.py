"""Direct and indirect evidence of each comparison: what trials of the two treatments say, and all others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.network.estimate import NetworkFit, differences
from meta.kernels.network.rotation import Rotated
from meta.kernels.network.trial_contrasts import Contrasts

NO_SHARE = 1e-9
"""A comparison whose estimate gives other trials less weight than this has no indirect evidence."""


@dataclass(frozen=True, slots=True)
class Split:
    """Direct and indirect estimates, (T, T) each, of row minus column; NaN where there is none.

    ``share`` is the direct evidence's share of the network's information, 0 to 1.
    """

    direct: np.ndarray
    direct_se: np.ndarray
    indirect: np.ndarray
    indirect_se: np.ndarray
    share: np.ndarray


def weights_of(rotated: Rotated, tau2: float) -> np.ndarray:
    """Weights of the rotated contrasts in the effects of the treatments, (T, m); treatment 0 has none."""
    weighted = rotated.X / (rotated.v + tau2)[:, None]
    rows = np.linalg.solve(rotated.X.T @ weighted, weighted.T)
    return np.vstack([np.zeros(rows.shape[1]), rows])


def trial_weights(contrasts: Contrasts, weights: np.ndarray) -> np.ndarray:
    """Sum of the absolute weights of each trial's contrasts, for rows of weights (r, m): (r, trials)."""
    return np.add.reduceat(np.abs(weights), contrasts.starts[:-1], axis=1)


def direct_evidence(
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tau2: float, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Inverse-variance means of the trials that compare each pair, and their variances, (T, T).

    ``pairs`` are first and second treatment, effect and variance of every comparison in every trial.
    """
    first, second, y, v = pairs
    w = 1.0 / (v + tau2)
    total, sums = np.zeros((size, size)), np.zeros((size, size))
    np.add.at(total, (first, second), w)
    np.add.at(sums, (first, second), w * y)
    total, sums = total + total.T, sums - sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(total > 0, sums / total, np.nan), np.where(total > 0, 1 / total, np.nan)


def split(
    contrasts: Contrasts,
    rotated: Rotated,
    fit: NetworkFit,
    tau2: float,
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
) -> Split:
    """Direct evidence by pairwise pooling at the network's tau2, indirect evidence by back-calculation.

    ``d = s direct + (1 - s) indirect`` with ``s = var(d) / var(direct)`` (Bucher et al. 1997,
    doi:10.1016/S0895-4356(97)00049-8; Dias et al. 2010, doi:10.1002/sim.3767). Where trials have several
    arms the split is not unique; here all of their direct comparisons count as direct.
    """
    size = contrasts.n_treatments
    direct, v_direct = direct_evidence(pairs, tau2, size)
    whole, v = fit.d[:, None] - fit.d[None, :], differences(fit.phi)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(np.isnan(direct), 0.0, np.minimum(v / v_direct, 1.0))
    share = np.where(_only_direct(contrasts, rotated, tau2, direct), 1.0, share)
    left = 1.0 - share
    with np.errstate(divide="ignore", invalid="ignore"):
        indirect = np.where(left > 0, (whole - share * np.nan_to_num(direct)) / left, np.nan)
        se = np.where(left > 0, np.sqrt(v / left), np.nan)
    np.fill_diagonal(share, np.nan)
    np.fill_diagonal(indirect, np.nan)
    np.fill_diagonal(se, np.nan)
    return Split(direct, np.sqrt(v_direct), indirect, se, share)


def _only_direct(contrasts: Contrasts, rotated: Rotated, tau2: float, direct: np.ndarray) -> np.ndarray:
    """Pairs with direct evidence alone: no trial without one of the two has any weight, (T, T)."""
    weights = weights_of(rotated, tau2)
    designs = contrasts.designs
    member = np.zeros((contrasts.n_trials, contrasts.n_treatments), dtype=bool)
    for trial, design in enumerate(designs):
        member[trial, list(design)] = True
    out = np.zeros_like(direct, dtype=bool)
    for i, j in np.argwhere(np.triu(~np.isnan(direct), 1)):
        others = ~(member[:, i] & member[:, j])
        row = trial_weights(contrasts, (weights[i] - weights[j])[None])[0]
        out[i, j] = out[j, i] = bool(row[others].sum() <= NO_SHARE * row.sum())
    return out
