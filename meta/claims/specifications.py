"""The numbers of every analysis of a multiverse: pools and posteriors of many data sets in batches."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from meta.claims.rosters import DataSet, effect_key
from meta.effects.derived_effect import Derived
from meta.kernels.bounded import Rows, make_rows, row_log_likelihood
from meta.kernels.shared_grid import SharedPosteriors, make_grid, narrowest_within, summarise
from meta.pooling.many import PooledMany, pool_many


@dataclass(frozen=True, slots=True)
class Prior:
    """SDs of the normal prior of the mean effect and of the half-normal prior of tau."""

    effect_sd: float
    tau_sd: float

    def times(self, factor: float) -> Prior:
        """Return the prior ``factor`` times as wide."""
        return Prior(factor * self.effect_sd, factor * self.tau_sd)


def posteriors(
    sets: Sequence[DataSet], priors: Sequence[Prior], bounds: Sequence[float], *, truncated: bool = False
) -> SharedPosteriors:
    """Return the posterior of every data set (each with at least one effect) under every prior.

    Parameters
    ----------
    sets : sequence of DataSet
        Each with at least one effect.
    priors : sequence of Prior
        By which each is judged.
    bounds : sequence of float
        Where P(mu < bound) is wanted.
    truncated : bool
        Known effects enter with the likelihood of results that are seen only when p < 0.05.
    """
    places: dict[tuple, int] = {}
    effects: list[Derived] = []
    pools = []
    for data in sets:
        pool = []
        for effect in data.effects:
            key = effect_key(effect)
            if key not in places:
                places[key] = len(effects)
                effects.append(effect)
            pool.append(places[key])
        pools.append(pool)
    rows = effect_rows(effects, truncated=truncated)
    effect_sds, tau_sds = [p.effect_sd for p in priors], [p.tau_sd for p in priors]
    # Of hundreds of trials only tau = 0 gives a posterior narrower than the largest grid resolves.
    grid = make_grid(effect_sds, tau_sds, max(_narrowest(sets), narrowest_within(effect_sds)))
    layers = [
        row_log_likelihood(grid.mu[None, :], grid.tau[:, None] ** 2, rows, i) for i in range(len(effects))
    ]
    return summarise(grid, layers, pools, effect_sds, tau_sds, bounds)


def effect_rows(effects: Sequence[Derived], *, truncated: bool = False) -> Rows:
    """Effects as a likelihood takes them."""

    def numbers(name: str) -> np.ndarray:
        return np.array([getattr(effect, name) for effect in effects], dtype=float)

    return make_rows(
        numbers("y"),
        numbers("v"),
        lower=numbers("low"),
        upper=numbers("high"),
        mixtures={i: effect.mixture for i, effect in enumerate(effects) if effect.mixture},
        truncated=np.full(len(effects), truncated),
    )


def _narrowest(sets: Sequence[DataSet]) -> float:
    """SD of the narrowest posterior that could come of any data set: all variances pooled, tau = 0."""
    return 1 / np.sqrt(max(sum(1 / effect.v for effect in data.effects) for data in sets))


def fits(sets: Sequence[DataSet], method: str, test: str) -> PooledMany:
    """Return the frequentist fit of the known effects of every data set; NaN where there is none."""
    width = max((sum(effect.kind == "exact" for effect in data.effects) for data in sets), default=0)
    y, v = np.full((2, max(width, 1), len(sets)), np.nan)
    for column, data in enumerate(sets):
        known = [effect for effect in data.effects if effect.kind == "exact"]
        y[: len(known), column] = [effect.y for effect in known]
        v[: len(known), column] = [effect.v for effect in known]
    return pool_many(y, v, method=method, test=test)


def p_values_at(fit: PooledMany, value: float) -> np.ndarray:
    """Two-sided p of the mean effect being ``value``; one study is tested by its own normal test."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = -np.abs(fit.estimate - value) / fit.se
        normal = (fit.k == 1) | ~np.isfinite(fit.df)
        return np.where(normal, 2 * special.ndtr(z), 2 * special.stdtr(np.where(normal, 1.0, fit.df), z))


def sampled(sets: list[DataSet], limit: int, seed: int) -> list[DataSet]:
    """Return at most ``limit`` data sets: all that depart once or less, and of the others a random part."""
    if len(sets) <= limit:
        return sets
    near = list(itertools.takewhile(lambda data: data.departures <= 1, sets))
    rest = sets[len(near) :]
    picked = np.random.default_rng(seed).choice(len(rest), size=max(limit - len(near), 0), replace=False)
    return near + [rest[i] for i in sorted(picked)]
