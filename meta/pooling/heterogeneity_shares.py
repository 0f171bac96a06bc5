"""I2 of multilevel fits, by term and by inner level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meta.effects.groups import levels_in_order
from meta.kernels.mixed import RandomTerm

if TYPE_CHECKING:
    from meta.pooling.multilevel_result import Multilevel


def terms_of_old(fit: Multilevel) -> tuple[RandomTerm, ...]:
    """Random terms of a fit that was saved without them: nested levels, or inner levels of one."""
    if fit.G is None:
        return tuple(RandomTerm(name, "", g) for name, g in zip(fit.levels, fit.groups, strict=True))
    _, numbers = levels_in_order(fit.es, fit.inner, "inner")
    name = f"{fit.inner} | {fit.levels[0]}"
    z = np.eye(len(fit.G))[numbers]
    return (RandomTerm(name, fit.struct, fit.groups[0], z=z, labels=fit.inner_levels),)


def i2_of(fit: Multilevel) -> np.ndarray:
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


def _parts(fit: Multilevel) -> list[np.ndarray]:
    sizes = [term.m if term.struct and term.place is None else 1 for term in fit.random_terms]
    return np.split(fit.sigma2, np.cumsum(sizes)[:-1])


def _typical(term: RandomTerm, values: np.ndarray) -> np.ndarray:
    """What each variance adds to that of an average row: of slopes, times their mean square."""
    if term.z is None:
        return values
    return values * np.mean(term.z**2, axis=0)
