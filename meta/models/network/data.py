"""`NetworkData`: the trials of a network as they enter the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.kernels.network.graph import direct_counts, pieces
from meta.kernels.network.rotation import Rotated, rotate
from meta.kernels.network.trial_contrasts import Contrasts


@dataclass(frozen=True, eq=False)
class NetworkData:
    """Trials, treatments and the contrasts between them.

    Attributes
    ----------
    measure : str
        Code of the measure.
    treatments : tuple of str
        In alphabetical order; their positions are the numbers used everywhere else.
    trials : tuple of str
        Labels, in the order of the table.
    contrasts : Contrasts
        Independent contrasts of the trials.
    arm_trial, arm_treatment : ndarray of int, shape (A,)
        Trial and treatment of each arm.
    arm_n, arm_events : ndarray of shape (A,)
        People (or person-time) and events of each arm; NaN where the table does not say.
    """

    measure: str
    treatments: tuple[str, ...]
    trials: tuple[str, ...]
    contrasts: Contrasts
    arm_trial: np.ndarray
    arm_treatment: np.ndarray
    arm_n: np.ndarray
    arm_events: np.ndarray

    @cached_property
    def rotated(self) -> Rotated:
        """The contrasts as independent effects."""
        return rotate(self.contrasts)

    def rotated_to(self, X: np.ndarray) -> Rotated:
        """The contrasts as independent effects of other columns, (m, p)."""
        return rotate(self.contrasts, X)

    @cached_property
    def designs(self) -> tuple[tuple[int, ...], ...]:
        """The set of treatments of each trial."""
        return self.contrasts.designs

    @cached_property
    def direct(self) -> np.ndarray:
        """Number of trials per pair of treatments, (T, T)."""
        return direct_counts(self.designs, len(self.treatments))

    @cached_property
    def pieces(self) -> list[list[str]]:
        """Connected parts of the network, by name."""
        parts = pieces(self.designs, len(self.treatments))
        return [[self.treatments[i] for i in part] for part in parts]

    @cached_property
    def pairs(self) -> Pairs:
        """Every pairwise comparison of every trial, also the dependent ones of trials of several arms."""
        return pairs_of(self.contrasts)

    def effect_sizes(self, rows: np.ndarray | None = None) -> EffectSizes:
        """Pairwise comparisons as effect sizes, all or some rows of :attr:`pairs`."""
        p = self.pairs
        at = np.arange(len(p.y)) if rows is None else rows
        names = np.array(self.treatments, dtype=object)
        columns = {"treat1": names[p.first[at]], "treat2": names[p.second[at]]}
        study = np.array(self.trials, dtype=object)[p.trial[at]]
        return EffectSizes(yi=p.y[at], vi=p.v[at], measure=self.measure, study=study, columns=columns)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairwise comparisons ``first`` minus ``second``, (q,) each."""

    trial: np.ndarray
    first: np.ndarray
    second: np.ndarray
    y: np.ndarray
    v: np.ndarray


def pairs_of(contrasts: Contrasts) -> Pairs:
    """All a (a - 1) / 2 comparisons of each trial with a arms."""
    trial, first, second, y, v = [], [], [], [], []
    starts = contrasts.starts
    for number, cov in enumerate(contrasts.cov):
        rows = slice(starts[number], starts[number + 1])
        arms = [int(contrasts.base[rows][0]), *map(int, contrasts.treatment[rows])]
        effect = np.concatenate([[0.0], contrasts.y[rows]])
        spread = np.zeros((len(arms), len(arms)))
        spread[1:, 1:] = cov
        for a in range(len(arms)):
            for b in range(a + 1, len(arms)):
                trial.append(number)
                first.append(arms[a])
                second.append(arms[b])
                y.append(effect[a] - effect[b])
                v.append(spread[a, a] + spread[b, b] - 2 * spread[a, b])
    return Pairs(
        trial=np.array(trial, dtype=int),
        first=np.array(first, dtype=int),
        second=np.array(second, dtype=int),
        y=np.array(y, dtype=float),
        v=np.array(v, dtype=float),
    )
