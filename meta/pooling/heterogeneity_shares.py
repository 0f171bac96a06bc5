"""I2 of multilevel fits, by term and by inner level."""

from __future__ import annotations

import numpy as np

from meta.kernels.mixed import RandomTerm
from meta.pooling.multilevel_numbers import MultilevelNumbers


def i2_of(fit: MultilevelNumbers) -> np.ndarray:
    """I2 in percent for each of ``fit.sigma2``."""
    if fit.inner_levels:
        return np.asarray(100 * fit.sigma2 / (fit.sigma2 + fit.typical))
    shares = np.concatenate(
        [
            _typical(term, np.atleast_1d(part))
            for term, part in zip(fit.random_terms, _parts(fit), strict=True)
        ]
    )
    return 100 * shares / (shares.sum() + fit.typical)


def _parts(fit: MultilevelNumbers) -> list[np.ndarray]:
    sizes = [term.m if term.struct and term.place is None else 1 for term in fit.random_terms]
    return np.split(fit.sigma2, np.cumsum(sizes)[:-1])


def _typical(term: RandomTerm, values: np.ndarray) -> np.ndarray:
    """What each variance adds to that of an average row: of slopes, times their mean square."""
    if term.z is None:
        return values
    return values * np.mean(term.z**2, axis=0)
