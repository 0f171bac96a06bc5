"""Simulation-based calibration: ranks of the truth among posterior draws, and whether they are uniform.

Parameters come from the prior, data from the parameters, draws from the posterior. If the model, the data
and the sampler agree, the rank of the true value among the draws is uniform, for every quantity that is a
function of parameters and data (Talts et al. 2018, arXiv:1804.06788; Modrak et al. 2023,
doi:10.1214/23-BA1404).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Where the truth stood in each simulation.

    Attributes
    ----------
    case : str
    places : dict of str to ndarray of shape (n,)
        Of each quantity, the place of the truth in its posterior, between 0 and 1.
    """

    case: str
    places: dict[str, np.ndarray]

    @property
    def simulations(self) -> int:
        """Number of simulated datasets."""
        return int(next(iter(self.places.values())).size)

    def p_values(self) -> dict[str, float]:
        """P of a chi-squared test over ten bins, by quantity."""
        return {name: uniform_p(places) for name, places in self.places.items()}

    def widest_gap(self) -> dict[str, float]:
        """Greatest distance between the places' distribution and the uniform one, by quantity."""
        return {
            name: float(stats.kstest(places, "uniform").statistic) for name, places in self.places.items()
        }

    def smallest_p(self) -> float:
        """The smallest p, times the number of quantities."""
        return min(1.0, min(self.p_values().values()) * len(self.places))


def uniform_p(places: np.ndarray) -> float:
    """Chi-squared test of uniformity over ten bins."""
    counts = np.histogram(places, bins=BINS, range=(0.0, 1.0))[0]
    return float(stats.chisquare(counts).pvalue)


def place(truth: float, draws: np.ndarray, rng: np.random.Generator) -> float:
    """Place of the truth among draws: its rank, spread uniformly over its width, so that ties do no harm."""
    below, equal = int((draws < truth).sum()), int((draws == truth).sum())
    return (below + rng.uniform() * (equal + 1)) / (draws.size + 1)
