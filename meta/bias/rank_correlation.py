"""Begg and Mazumdar's rank correlation test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from meta.arguments import check_arguments, check_direction
from meta.bias.common import Result, caution_few, rows_of, tail_p
from meta.effects.effect_size_table import EffectSizes
from meta.effects.intake import data_of
from meta.errors import AssumptionWarning, Notes, NotEstimableError
from meta.formatting import number, p_equation
from meta.keywords import keywords
from meta.results.print_out import heading

EXACT_UP_TO = 200


@dataclass(frozen=True, slots=True)
class Kendall:
    """Kendall's rank correlation.

    Attributes
    ----------
    tau : float
        tau-b, which is tau-a without ties.
    score : float
        Concordant minus discordant pairs.
    variance : float
        Of the score under independence, ties allowed for.
    ties : bool
        Whether either variable has ties.
    """

    tau: float
    score: float
    variance: float
    ties: bool


def kendall(x: np.ndarray, y: np.ndarray) -> Kendall:
    """Rank correlation of ``x`` and ``y``, both (k,).

    >>> kendall(np.array([1.0, 2.0, 3.0]), np.array([1.0, 3.0, 2.0])).score
    1.0
    """
    k = len(x)
    i, j = np.triu_indices(k, 1)
    score = float(np.sum(np.sign(x[i] - x[j]) * np.sign(y[i] - y[j])))
    t, u = (np.unique(a, return_counts=True)[1].astype(float) for a in (x, y))
    pairs = k * (k - 1) / 2
    tied_x, tied_y = (t * (t - 1)).sum() / 2, (u * (u - 1)).sum() / 2
    scale = math.sqrt((pairs - tied_x) * (pairs - tied_y))
    v0 = k * (k - 1) * (2 * k + 5)
    vt, vu = ((a * (a - 1) * (2 * a + 5)).sum() for a in (t, u))
    v1 = (t * (t - 1)).sum() * (u * (u - 1)).sum() / (2 * k * (k - 1))
    v2 = (t * (t - 1) * (t - 2)).sum() * (u * (u - 1) * (u - 2)).sum() / (9 * k * (k - 1) * max(k - 2, 1))
    variance = (v0 - vt - vu) / 18 + v1 + v2
    tau = score / scale if scale > 0 else math.nan
    return Kendall(tau, score, float(variance), bool(tied_x or tied_y))


@lru_cache(maxsize=64)
def _inversions(k: int) -> np.ndarray:
    """Share of the permutations of k with 0, 1, ... inversions."""
    shares = np.ones(1)
    for m in range(2, k + 1):
        cumulative = np.cumsum(np.concatenate([shares, np.zeros(m - 1)]))
        cumulative[m:] -= cumulative[:-m].copy()
        shares = np.clip(cumulative, 0.0, None) / m
    return shares


def exact_tail(k: int, score: float, direction: str) -> float:
    """Exact p-value of a score without ties.

    >>> round(exact_tail(4, 6, "greater"), 4), round(exact_tail(4, 6, "two-sided"), 4)
    (0.0417, 0.0833)
    """
    shares = _inversions(k)
    inversions = round((k * (k - 1) / 2 - score) / 2)
    above = float(shares[: inversions + 1].sum())
    below = float(shares[inversions:].sum())
    if direction == "greater":
        return min(1.0, above)
    return min(1.0, below) if direction == "less" else min(1.0, 2 * min(above, below))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RankTest(Result):
    """Begg and Mazumdar's test.

    Attributes
    ----------
    statistic : float
        Kendall's tau of the standardised effects with their variances (tau-b with ties).
    p_value : float
        Exact without ties, otherwise normal.
    z : float
        Normal statistic of the score, without continuity correction.
    score : float
        Concordant minus discordant pairs.
    exact : bool
        Whether the p-value is exact.
    continuity : bool
        Whether the normal p-value is continuity-corrected.
    direction : str
        The tail.
    k : int
        Number of studies.
    warnings : tuple of str
        What was warned about.
    effects : EffectSizes or None
        The rows used; None in files that were saved before they were kept.
    """

    statistic: float
    p_value: float
    z: float
    score: float
    exact: bool
    continuity: bool
    direction: str
    k: int
    warnings: tuple[str, ...]
    effects: EffectSizes | None = None

    @property
    def tau(self) -> float:
        """Kendall's tau."""
        return self.statistic

    @property
    def low_power(self) -> bool:
        """Whether there are fewer than ten studies."""
        return self.k < 10

    def _shown(self) -> str:
        return f"tau={number(self.statistic)}, {p_equation(self.p_value)}, k={self.k}"

    def _terms(self) -> list[Mapping[str, Any]]:
        tau = {"term": "Kendall's tau", "estimate": self.statistic, "statistic": self.statistic}
        return [tau | {"p_value": self.p_value, "z": self.z}]

    def _facts(self) -> Mapping[str, Any]:
        own = {name: getattr(self, name) for name in ("score", "exact", "continuity", "direction")}
        return {"model": "Begg and Mazumdar's rank correlation"} | own

    def _lines(self, digits: int) -> list[str]:
        how = "exact" if self.exact else "normal" + (", continuity-corrected" if self.continuity else "")
        tail = "" if self.direction == "two-sided" else f", one-sided, {self.direction}"
        measure = "" if self.effects is None else str(self.effects.measure)
        return [
            heading(["Begg and Mazumdar's rank correlation", f"k = {self.k}"], measure),
            f"Kendall's tau {number(self.statistic, digits)}   {p_equation(self.p_value)} ({how}{tail})",
        ]


@keywords
def begg(
    es: Any = None,
    *,
    yi: Any = None,
    vi: Any = None,
    sei: Any = None,
    study: Any = None,
    measure: str | None = None,
    direction: str = "two-sided",
    exact: bool | None = None,
    continuity: bool = False,
) -> RankTest:
    """Rank correlation between the effects and their variances.

    Correlates ``(y - mean) / sqrt(v - 1 / sum(w))`` with ``v``, where the mean is the equal-effects one.

    Parameters
    ----------
    es : EffectSizes or fit or table with columns yi and vi
        The effects.
    yi, vi, sei, study, measure : optional
        As in :func:`meta.pool`, in place of the first argument.
    direction : {"two-sided", "greater", "less"}
        "greater" tests whether less precise studies show larger effects.
    exact : bool, optional
        By default exact without ties (up to 200 studies), normal with them.
    continuity : bool
        Continuity correction of the normal p-value.

    Returns
    -------
    RankTest

    References
    ----------
    Begg & Mazumdar 1994, doi:10.2307/2533446; Kendall 1938, doi:10.1093/biomet/30.1-2.81.

    Examples
    --------
    >>> import meta
    >>> bcg = meta.datasets.load("bcg")
    >>> es = meta.effect_sizes(bcg, measure="RR", events1="tpos", n1="tn", events2="cpos", n2="cn")
    >>> test = begg(es)
    >>> round(test.statistic, 4), round(test.p_value, 4), test.exact
    (0.0256, 0.9524, True)
    """
    check_arguments(begg, locals())
    es = data_of(es, yi=yi, vi=vi, sei=sei, study=study, measure=measure)
    check_direction(direction)
    notes = Notes()
    effects = rows_of(es, notes, what="Begg's test")
    k, v = effects.k, effects.vi
    caution_few(k, notes, "Begg's test")
    w = 1 / v
    # v - 1 / sum(w), as v times the others' share of the weights: it stays above 0 under a dominating study
    others = np.concatenate([[0.0], np.cumsum(w)[:-1]]) + np.concatenate([np.cumsum(w[::-1])[-2::-1], [0.0]])
    standardised = (effects.yi - (w * effects.yi).sum() / w.sum()) / np.sqrt(v * others / w.sum())
    found = kendall(standardised, v)
    if not found.variance > 0:
        raise NotEstimableError(
            "all sampling variances (or all effects) are equal, so that nothing can be ranked"
        )
    if exact and found.ties:
        notes.warn("there are ties, so that the p-value is normal instead of exact", AssumptionWarning)
    use_exact = (not found.ties and k <= EXACT_UP_TO) if exact is None else exact and not found.ties
    z = found.score / math.sqrt(found.variance)
    if use_exact:
        p = exact_tail(k, found.score, direction)
    else:
        shift = 1.0 if continuity else 0.0
        if direction == "two-sided":
            moved = max(abs(found.score) - shift, 0.0)
        else:
            moved = found.score - shift if direction == "greater" else found.score + shift
        p = tail_p(moved / math.sqrt(found.variance), math.inf, direction)
    return RankTest(
        statistic=found.tau,
        p_value=p,
        z=z,
        score=found.score,
        exact=use_exact,
        continuity=continuity and not use_exact,
        direction=direction,
        k=k,
        warnings=notes.messages,
        effects=effects,
    )
