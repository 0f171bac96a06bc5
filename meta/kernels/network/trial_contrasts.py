"""Trials of a network as contrasts against one arm each, with the covariance of a trial's contrasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np


@dataclass(frozen=True, slots=True)
class Contrasts:
    """Independent contrasts of all trials, a - 1 of a trial with a arms, one trial after the other.

    Attributes
    ----------
    y : ndarray of shape (m,)
        Effects of ``treatment`` minus ``base``.
    trial, treatment, base : ndarray of int, shape (m,)
        The trial, the treatment, and the trial's baseline arm: the lowest number among its treatments.
    cov : tuple of ndarray of shape (a - 1, a - 1)
        Sampling covariances, one matrix per trial.
    n_treatments : int
        Number of treatments, T.
    """

    y: np.ndarray
    trial: np.ndarray
    treatment: np.ndarray
    base: np.ndarray
    cov: tuple[np.ndarray, ...]
    n_treatments: int

    @property
    def n_trials(self) -> int:
        """Number of trials."""
        return len(self.cov)

    @property
    def starts(self) -> np.ndarray:
        """Position of each trial's first contrast, and m at the end; (n_trials + 1,)."""
        return np.concatenate([[0], np.cumsum([len(c) for c in self.cov])]).astype(int)

    @property
    def incidence(self) -> np.ndarray:
        """+1 for the treatment and -1 for the base of each contrast, (m, T)."""
        rows = np.arange(len(self.y))
        found = np.zeros((len(self.y), self.n_treatments))
        found[rows, self.treatment] = 1.0
        found[rows, self.base] = -1.0
        return found

    @property
    def designs(self) -> tuple[tuple[int, ...], ...]:
        """The set of treatments of each trial, in ascending order."""
        ends = self.starts
        return tuple(
            tuple(sorted({int(self.base[a]), *map(int, self.treatment[a:b])}))
            for a, b in pairwise(ends.tolist())
        )

    def subset(self, trials: Sequence[int] | np.ndarray) -> Contrasts:
        """The contrasts of some trials, in that order; treatments keep their numbers."""
        ends = self.starts
        rows = np.concatenate([np.arange(ends[i], ends[i + 1]) for i in trials]).astype(int)
        number = np.repeat(np.arange(len(trials)), [len(self.cov[i]) for i in trials])
        cov = tuple(self.cov[i] for i in trials)
        picked = (a[rows] for a in (self.y, self.treatment, self.base))
        y, treatment, base = picked
        return Contrasts(y, number, treatment, base, cov, self.n_treatments)


def arrange(trials: Sequence[tuple[np.ndarray, np.ndarray, np.ndarray]], n_treatments: int) -> Contrasts:
    """Lay out trials, each given as treatments (a,), effects (a - 1,) and covariance (a - 1, a - 1).

    The first treatment is the arm that the effects are differences from. Whatever it is, the trial is
    written as contrasts from its lowest treatment, so that the order of arms leaves no trace.

    >>> found = arrange([(np.array([1, 0]), np.array([0.5]), np.array([[0.04]]))], 2)
    >>> found.y.tolist(), found.treatment.tolist(), found.base.tolist()
    ([-0.5], [1], [0])
    """
    ys, covs, treatments, bases, numbers = [], [], [], [], []
    for number, (arms, y, cov) in enumerate(trials):
        own, effects, spread = rebased(arms, y, cov)
        ys.append(effects)
        covs.append(spread)
        treatments.append(own[1:])
        bases.append(np.full(len(effects), own[0]))
        numbers.append(np.full(len(effects), number))

    def joined(parts: list[np.ndarray], kind: type) -> np.ndarray:
        return np.concatenate(parts).astype(kind) if parts else np.zeros(0, dtype=kind)

    return Contrasts(
        y=joined(ys, float),
        trial=joined(numbers, int),
        treatment=joined(treatments, int),
        base=joined(bases, int),
        cov=tuple(covs),
        n_treatments=n_treatments,
    )


def rebased(arms: np.ndarray, y: np.ndarray, cov: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A trial as contrasts from its lowest treatment, in ascending order of treatments."""
    order = np.argsort(arms)
    if order[0] == 0:
        others = order[1:] - 1
        return arms[order], y[others], cov[np.ix_(others, others)]
    size = len(y)
    whole = np.vstack([np.zeros(size), np.eye(size)])  # effects of all arms from the given base
    change = whole[order[1:]] - whole[order[0]]
    spread = change @ cov @ change.T
    return arms[order], change @ y, (spread + spread.T) / 2


def of_arms(estimate: np.ndarray, variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Contrasts from the first of independent arms, and their covariance.

    Contrasts share the variance of the first arm (Franchini et al. 2012, doi:10.1002/jrsm.1049).

    >>> of_arms(np.array([1.0, 3.0, 4.0]), np.array([0.1, 0.2, 0.3]))[1].round(6).tolist()
    [[0.3, 0.1], [0.1, 0.4]]
    """
    return estimate[1:] - estimate[0], np.diag(variance[1:]) + variance[0]


def of_standardised(
    mean: np.ndarray, sd: np.ndarray, n: np.ndarray, correction: float
) -> tuple[np.ndarray, np.ndarray]:
    """Standardised contrasts from the first arm, by one SD pooled over all arms of the trial.

    ``v_j = 1/n_j + 1/n_b + g_j^2 / (2 N)``, covariances ``1/n_b + g_j g_k / (2 N)``
    (Crippa & Orsini 2016, doi:10.1186/s12874-016-0189-0); ``correction`` is Hedges's J(N - a). One SD makes
    the contrasts add up, whichever arm is the base.

    >>> g, v = of_standardised(np.array([0.0, 1.0]), np.ones(2), np.array([10.0, 10.0]), 1.0)
    >>> g.tolist(), v.round(6).tolist()
    ([1.0], [[0.225]])
    """
    total = float(n.sum())
    pooled = np.sqrt(float(((n - 1) * sd**2).sum()) / (total - len(n)))
    g = correction * (mean[1:] - mean[0]) / pooled
    return g, np.diag(1.0 / n[1:]) + 1.0 / n[0] + np.outer(g, g) / (2.0 * total)


def from_all_pairs(
    first: np.ndarray, second: np.ndarray, y: np.ndarray, v: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Contrasts from arm 0 out of all a (a - 1) / 2 pairs, their covariance and the largest contradiction.

    Covariances are ``(v_j0 + v_k0 - v_jk) / 2``; effects are the least squares fit to all pairs, which is
    exact where they add up. The third is the largest residual times 3: the gap in a triangle.

    Examples
    --------
    >>> pairs = np.array([0, 0, 1]), np.array([1, 2, 2])
    >>> y, cov, gap = from_all_pairs(*pairs, np.array([-1.0, -3.0, -2.0]), np.array([2.0, 2.0, 2.0]), 3)
    >>> y.round(9).tolist(), cov.tolist(), round(gap, 9)
    ([1.0, 3.0], [[2.0, 1.0], [1.0, 2.0]], 0.0)
    """
    rows = np.arange(len(y))
    sides = np.zeros((len(y), size))
    sides[rows, first] += 1.0
    sides[rows, second] -= 1.0
    solved = np.linalg.lstsq(sides[:, 1:], y, rcond=None)[0]
    gap = float(np.max(np.abs(y - sides[:, 1:] @ solved), initial=0.0))
    of = np.zeros((size, size))
    of[first, second] = of[second, first] = v
    cov = (of[1:, :1] + of[:1, 1:] - of[1:, 1:]) / 2
    np.fill_diagonal(cov, of[1:, 0])
    return solved, cov, size * gap


def positive_definite(cov: np.ndarray) -> bool:
    """Whether a covariance is positive definite beyond rounding."""
    scale = np.sqrt(np.diag(cov))
    if not np.all(scale > 0):
        return False
    # 1e-10: correlations are computed from variances that are printed to three or four digits at best
    return bool(np.linalg.eigvalsh(cov / np.outer(scale, scale))[0] > 1e-10)
