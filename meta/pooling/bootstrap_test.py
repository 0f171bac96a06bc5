"""Cluster wild bootstrap tests of the coefficients of any fit of effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from meta.arguments import check_seed
from meta.errors import FewStudiesWarning, InputError, Notes, NotEstimableError
from meta.formatting import interval, number, p_equation, percent
from meta.kernels.degenerate import without_spread
from meta.kernels.wild_bootstrap import (
    VALUES,
    Linear,
    every_weight,
    inverted,
    linear,
    p_value,
    statistic,
    statistics,
)
from meta.pooling.boundary import check_option
from meta.results.base import Result

COARSE = 0.05
"""A smallest possible p-value above this one cannot reject at the usual level."""


@dataclass(frozen=True, eq=False, repr=False)
class WildBootstrap(Result):
    """A cluster wild bootstrap test of ``L beta = 0``.

    Attributes
    ----------
    names : tuple of str
        Coefficients with a weight in the contrasts.
    estimate, ci_low, ci_high : float
        Of a single contrast: its estimate, and the ends of the values that the test does not reject at
        ``level``, infinite where it rejects none on that side; NaN for several contrasts.
    statistic : float
        The cluster-robust Wald statistic over q.
    p_value : float
        Share of the draws whose statistic is at least as large.
    reps : int
        Number of draws.
    exhaustive : bool
        Whether these are all weights, up to their common sign, that clusters can have.
    weights : str
        Distribution of the clusters' weights.
    kind : str
        The sandwich.
    clusters : int
    statistics : ndarray of shape (reps,)
        The statistics of the draws.
    level : float

    Notes
    -----
    Cameron, Gelbach & Miller (2008), doi:10.1162/rest.90.3.414; Joshi, Pustejovsky & Beretvas (2022),
    doi:10.1002/jrsm.1554. The working model's variances stay as they were estimated.
    """

    names: tuple[str, ...]
    estimate: float
    ci_low: float
    ci_high: float
    statistic: float
    p_value: float
    reps: int
    exhaustive: bool
    weights: str
    kind: str
    clusters: int
    level: float
    statistics: np.ndarray = field(repr=False)
    warnings: tuple[str, ...] = ()

    def _lines(self, digits: int) -> list[str]:
        which = f"all {self.reps}" if self.exhaustive else f"{self.reps} random"
        head = (
            f"Cluster wild bootstrap · {self.kind} · {self.clusters} clusters · {which} {self.weights} draws"
        )
        lines = [
            head,
            f"F = {number(self.statistic, 2)}, {p_equation(self.p_value)} ({', '.join(self.names)})",
        ]
        if np.isnan(self.estimate):
            return lines
        ends = interval(self.ci_low, self.ci_high)
        return [*lines, f"estimate {number(self.estimate)}, {percent(self.level)} CI {ends}"]

    def _shown(self) -> str:
        return f"names={list(self.names)}, statistic={self.statistic:.4g}, p_value={self.p_value:.4g}"

    def _terms(self) -> list[Mapping[str, Any]]:
        own = ("estimate", "statistic", "p_value", "ci_low", "ci_high")
        return [{"term": ", ".join(self.names)} | {name: getattr(self, name) for name in own}]

    def _facts(self) -> Mapping[str, Any]:
        own = ("statistic", "p_value", "reps", "exhaustive", "weights", "kind", "clusters", "level")
        return {"model": "cluster wild bootstrap"} | {name: getattr(self, name) for name in own}


def wild_bootstrap(
    pieces: tuple[np.ndarray, np.ndarray, Any, np.ndarray | None],
    labels: np.ndarray,
    L: np.ndarray,
    *,
    names: tuple[str, ...],
    kind: str,
    weights: str,
    reps: int,
    seed: Any,
    level: float,
) -> WildBootstrap:
    """Test ``L beta = 0``; ``pieces`` are the effects, X, the working covariance and the caller's weights."""
    check_option("weights", weights, tuple(VALUES))
    if reps < 1:
        raise InputError(f"reps must be at least 1, not {reps}")
    check_seed(seed)
    y, X, working, own = pieces
    notes = Notes()
    made = linear(y, X, working, labels, L, kind=kind, weights=own)
    if without_spread(y, y - X @ np.linalg.lstsq(X, y, rcond=None)[0]):
        raise NotEstimableError(
            "the effects lie exactly on the fitted values, so that nothing can be resampled"
        )
    draws, exhaustive = _draws(weights, made, reps, seed)
    zero = np.zeros(len(L))
    found, observed = statistics(made, draws, L, zero), statistic(made, zero)
    ends = inverted(made, draws, L, exhaustive, 1 - level) if len(L) == 1 else (np.nan, np.nan)
    _caution_few(made.clusters, weights, notes)
    return WildBootstrap(
        names=names,
        estimate=float(made.effect[0]) if len(L) == 1 else np.nan,
        ci_low=ends[0],
        ci_high=ends[1],
        statistic=observed,
        p_value=p_value(found, observed, exhaustive),
        reps=len(draws),
        exhaustive=exhaustive,
        weights=weights,
        kind=kind,
        clusters=made.clusters,
        level=level,
        statistics=found,
        warnings=notes.messages,
    )


def _draws(name: str, made: Linear, reps: int, seed: Any) -> tuple[np.ndarray, bool]:
    """All weights where there are no more than ``reps``, else so many random ones."""
    every = every_weight(name, made.clusters, reps)
    if every is not None:
        return every, True
    rng = np.random.default_rng(seed)
    return rng.choice(np.array(VALUES[name]), size=(reps, made.clusters)), False


def _caution_few(clusters: int, weights: str, notes: Notes) -> None:
    smallest = 2.0 / len(VALUES[weights]) ** clusters
    if smallest > COARSE:
        other = "; weights='webb' has more" if weights == "rademacher" else ""
        notes.warn(
            f"{clusters} clusters have so few {weights} weights that no p-value is below "
            f"{number(smallest, 3)}{other}",
            FewStudiesWarning,
        )
