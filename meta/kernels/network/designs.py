"""Designs of a network (sets of treatments that trials compare) and the Q statistic split by them.

Rücker & Schwarzer's and Krahn's decomposition: Krahn, Binder & König (2013), doi:10.1186/1471-2288-13-35.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meta.kernels.network.contrasts import Contrasts
from meta.kernels.network.heterogeneity import moments, terms
from meta.kernels.network.rotation import rotate


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
