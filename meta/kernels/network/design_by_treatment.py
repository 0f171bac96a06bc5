"""Designs of a network (sets of treatments that trials compare) and the Q statistic split by them.

Rücker & Schwarzer's and Krahn's decomposition: Krahn, Binder & König (2013), doi:10.1186/1471-2288-13-35.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from meta.kernels.network.common_tau2 import moments, terms
from meta.kernels.network.rotation import rotate
from meta.kernels.network.trial_contrasts import Contrasts


@dataclass(frozen=True, slots=True)
class Decomposition:
    """Q of the whole network in parts; ``within`` holds (statistic, df) of each design.

    ``designs`` are sets of treatments in order of appearance, ``of_trial`` the design of each trial.
    """

    designs: tuple[tuple[int, ...], ...]
    of_trial: np.ndarray
    total: tuple[float, int]
    within: tuple[tuple[float, int], ...]
    between: tuple[float, int]


def numbered_designs(contrasts: Contrasts) -> tuple[tuple[tuple[int, ...], ...], np.ndarray]:
    """The different designs in ascending order, and the number of each trial's, (n_trials,)."""
    own = contrasts.designs
    found = tuple(sorted(set(own), key=lambda d: (len(d), d)))
    number = {design: i for i, design in enumerate(found)}
    return found, np.array([number[design] for design in own])


def saturated(contrasts: Contrasts) -> np.ndarray:
    """Design matrix with separate effects for each set of treatments, (m, sum of a_d - 1)."""
    designs, of_trial = numbered_designs(contrasts)
    ends = np.concatenate([[0], np.cumsum([len(d) - 1 for d in designs])]).astype(int)
    X = np.zeros((len(contrasts.y), ends[-1]))
    place = [{t: j for j, t in enumerate(design[1:])} for design in designs]
    for row, (trial, treatment) in enumerate(zip(contrasts.trial, contrasts.treatment, strict=True)):
        number = of_trial[trial]
        X[row, ends[number] + place[number][int(treatment)]] = 1.0
    return X


def decompose(contrasts: Contrasts, tau2: float = 0.0) -> Decomposition:
    """Split Q into heterogeneity within designs and inconsistency between designs, at a given tau2."""
    designs, of_trial = numbered_designs(contrasts)
    whole = rotate(contrasts)
    full = rotate(contrasts, saturated(contrasts))
    within = []
    for number, design in enumerate(designs):
        trials = np.flatnonzero(of_trial == number)
        df = (len(trials) - 1) * (len(design) - 1)
        part = contrasts.subset(trials)
        q = terms(rotate(part, saturated(part)), tau2).rss if df else 0.0
        within.append((q, df))
    total = terms(whole, tau2).rss if whole.df else 0.0
    df_between = full.X.shape[1] - whole.X.shape[1]
    between = max(0.0, total - sum(q for q, _ in within)) if df_between else 0.0
    return Decomposition(designs, of_trial, (total, whole.df), tuple(within), (between, df_between))


def tau2_within(contrasts: Contrasts) -> float:
    """DerSimonian and Laird's tau2 of the model with separate effects for each design; NaN without df."""
    full = rotate(contrasts, saturated(contrasts))
    return moments(full) if full.df else np.nan


def extra_columns(contrasts: Contrasts, number: int) -> np.ndarray:
    """Columns that give one design effects of its own, (m, a_d - 1)."""
    designs, of_trial = numbered_designs(contrasts)
    place = {t: j for j, t in enumerate(designs[number][1:])}
    X = np.zeros((len(contrasts.y), len(place)))
    for row in np.flatnonzero(of_trial[contrasts.trial] == number):
        X[row, place[int(contrasts.treatment[row])]] = 1.0
    return X


def detached(contrasts: Contrasts, number: int, tau2: float = 0.0) -> tuple[float, int]:
    """Residual sum of squares and rank of the network in which one design has effects of its own."""
    X = np.concatenate([contrasts.incidence[:, 1:], extra_columns(contrasts, number)], axis=1)
    rotated = rotate(contrasts, X)
    w = 1.0 / np.sqrt(rotated.v + tau2)
    u, s, _ = np.linalg.svd(rotated.X * w[:, None], full_matrices=False)
    rank = int((s > 1e-9 * s[0]).sum())
    z = rotated.y * w
    left = z - u[:, :rank] @ (u[:, :rank].T @ z)
    return float(left @ left), rank


def effects_by_design(contrasts: Contrasts, tau2: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Pooled effects of each design alone, one after the other, and their inverse covariances."""
    designs, of_trial = numbered_designs(contrasts)
    effects, precisions = [], []
    for number in range(len(designs)):
        part = contrasts.subset(np.flatnonzero(of_trial == number))
        rotated = rotate(part, saturated(part))
        weighted = rotated.X / (rotated.v + tau2)[:, None]
        precision = weighted.T @ rotated.X
        effects.append(np.linalg.solve(precision, weighted.T @ rotated.y))
        precisions.append(precision)
    return np.concatenate(effects), precisions


def net_heat(contrasts: Contrasts, tau2: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Net heat matrix and the hat matrix of designs, (D, D) each.

    Row d, column e of the first: by how much the contribution of design d to the Q between designs falls when
    design e is detached (is given effects of its own). Of the second: the absolute weight of design e's own
    estimate in the network's estimate for design d, the mean over the contrasts of d.

    Krahn, Binder & König (2013), doi:10.1186/1471-2288-13-35.
    """
    designs, _ = numbered_designs(contrasts)
    y, precisions = effects_by_design(contrasts, tau2)
    ends = np.concatenate([[0], np.cumsum([len(p) for p in precisions])]).astype(int)
    rows = [slice(a, b) for a, b in pairwise(ends.tolist())]
    X = np.zeros((len(y), contrasts.n_treatments))
    for design, part in zip(designs, rows, strict=True):
        X[part, design[0]] -= 1.0
        X[np.arange(part.start, part.stop), list(design[1:])] += 1.0
    X = X[:, 1:]
    W = np.zeros((len(y), len(y)))
    for part, precision in zip(rows, precisions, strict=True):
        W[part, part] = precision
    whole, hat = _contributions(y, X, W, rows)
    heat = np.empty((len(designs), len(designs)))
    for e, part in enumerate(rows):
        own = np.zeros((len(y), part.stop - part.start))
        own[part] = np.eye(part.stop - part.start)
        heat[:, e] = whole - _contributions(y, np.hstack([X, own]), W, rows)[0]
    weights = [[np.abs(hat[d, e]).sum() / (d.stop - d.start) for e in rows] for d in rows]
    return heat, np.array(weights)


def _contributions(
    y: np.ndarray, X: np.ndarray, W: np.ndarray, rows: list[slice]
) -> tuple[np.ndarray, np.ndarray]:
    """Each design's part of the weighted residual sum of squares, and the hat matrix."""
    hat = X @ np.linalg.lstsq(X.T @ W @ X, X.T @ W, rcond=1e-10)[0]
    residual = y - hat @ y
    return np.array([residual[d] @ W[d, d] @ residual[d] for d in rows]), hat
