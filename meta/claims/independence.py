"""How many independent studies there are, and what those beside the most informative one add.

A study is identified by its id, never by its row: rows of one study are combined before they count. Numbers
that agree to every printed digit under two names are asked about, and counted once where they are too many to
agree by chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from meta.effects.effect_size_table import EffectSizes
from meta.evidence.clones import AGREEING
from meta.formatting import listing
from meta.kernels.bounded import Rows, make_rows, row_log_likelihood

FLAT = 0.1
"""A likelihood that varies by less than this over all plausible effects (a factor of 1.1) says nothing."""

COUNTED = ("n", "events", "nonevents")
"""How the names of inputs begin that are counts: small whole numbers agree by chance."""


@dataclass(frozen=True, slots=True)
class Independent:
    """Effects with one row per study, and what was combined for that.

    Attributes
    ----------
    effects : EffectSizes
        The effects themselves where every row is a study of its own.
    merged : tuple of str
        What was counted once, a sentence each.
    questions : tuple of str
        Numbers that agree under different names.
    """

    effects: EffectSizes
    merged: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """What a verdict may rest on.

    Attributes
    ----------
    k, k_computed : int
        Studies that say something, and those of tier A or B among them.
    others : float
        Share of the sampling information, sum of 1/v, of the studies beside the most informative one.
    """

    k: int
    k_computed: int
    others: float


def independent(effects: EffectSizes) -> Independent:
    """Combine rows of one study, and find what agrees under different names.

    Rows of a study are averaged with weights 1/v as if they were perfectly correlated (by their covariance,
    where it is known), so that the same result twice is that result. Exact rows come before bounds.

    Parameters
    ----------
    effects : EffectSizes
        Any number of rows per study.

    Examples
    --------
    >>> es = EffectSizes([-0.5, -0.5, -0.3], [0.01, 0.01, 0.02], "SMD", ["A", "A", "B"])
    >>> found = independent(es)
    >>> found.effects.study.tolist(), found.effects.yi.tolist(), found.merged
    (['A', 'B'], [-0.5, -0.3], ("2 rows are of one study, 'A', and count as one",))
    """
    used = np.flatnonzero(effects.informative)
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, name in zip(used, _identities(effects, used), strict=True):
        rows_of[name].append(int(row))
    groups = list(rows_of.values())
    merged = [
        f"{len(rows)} rows are of one study, {str(effects.study[rows[0]])!r}, and count as one"
        for rows in groups
        if len(rows) > 1
    ]
    groups, same, questions = _clones(effects, groups)
    merged += same
    if not merged:
        return Independent(effects, (), questions)
    made = [_combined(effects, rows) for rows in groups]
    kept = np.array([row for row, _, _ in made] + np.flatnonzero(~effects.informative).tolist(), dtype=int)
    yi, vi = effects.yi.copy(), effects.vi.copy()
    for at, y, v in made:
        yi[at], vi[at] = y, v
    one = replace(effects, yi=yi, vi=vi, covariance=_between(effects, groups, vi)).subset(np.sort(kept))
    return Independent(one, tuple(merged), questions)


def standing(rows: Rows, low: float, high: float) -> Standing:
    """Count the studies that say something about effects between ``low`` and ``high``.

    Parameters
    ----------
    rows : Rows
        One per study.
    low, high : float
        The plausible effects: the posterior's 95% interval.

    Examples
    --------
    >>> nothing = make_rows([-0.5, np.nan], [0.01, 0.01], lower=[np.nan, -9.0], upper=[np.nan, 9.0])
    >>> standing(nothing, -0.7, -0.3)
    Standing(k=1, k_computed=1, others=0.0)
    """
    mu = np.linspace(low, high, 41)
    says = rows.exact.copy()
    for i in np.flatnonzero(~rows.exact):
        log = row_log_likelihood(mu[None, :], np.zeros((1, 1)), rows, int(i))
        says[i] = np.ptp(np.maximum(log, -1e6)) > FLAT
    information = 1 / rows.v[says]
    total = float(information.sum())
    others = 1 - float(information.max()) / total if total > 0 else 0.0
    return Standing(int(says.sum()), int(np.sum(rows.exact & says)), others)


def rows_for(effects: EffectSizes) -> Rows:
    """The informative rows of effects, as a likelihood takes them."""
    used = effects.subset(effects.informative)
    return make_rows(used.yi, used.vi, lower=used.lower, upper=used.upper, mixtures=dict(used.mixtures))


def _identities(effects: EffectSizes, rows: np.ndarray) -> list[str]:
    """The study of each row: its cohort or id in the review's files, else its label; none is a row's own."""
    ids = effects.columns.get("study_id")
    cohorts = effects.columns.get("cohort") if ids is not None else None
    found = []
    for row in rows.tolist():
        name = (cohorts[row] if cohorts is not None else None) or (
            ids[row] if ids is not None else effects.study[row]
        )
        plain = " ".join(str(name).split()).casefold()
        found.append(plain if plain not in ("", "nan", "none", "<na>") else f"row {row}")
    return found


def _clones(
    effects: EffectSizes, groups: list[list[int]]
) -> tuple[list[list[int]], list[str], tuple[str, ...]]:
    """Join groups that share too many values, and ask about those that share all of a few."""
    values = [frozenset().union(*(_values(effects, row) for row in rows)) for rows in groups]
    joined: dict[int, int] = {}
    merged, questions = [], []
    for i, j, shared in shared_values(values):
        names = listing([repr(str(effects.study[groups[g][0]])) for g in (i, j)])
        if shared >= AGREEING:
            joined[j] = joined.get(i, i)
            merged.append(f"{names} agree in {shared} values to every digit, and count as one study")
        if shared >= AGREEING or (shared >= 2 and values[i] == values[j]):
            questions.append(f"are {names} the same study? Their numbers agree to every digit.")
    made: dict[int, list[int]] = {}
    for g, rows in enumerate(groups):
        made.setdefault(joined.get(g, g), []).extend(rows)
    return list(made.values()), merged, tuple(questions)


def shared_values(values: Sequence[frozenset[Any]]) -> Iterable[tuple[int, int, int]]:
    """Each pair of sets that share two values or more, a set with the first that it shares most with.

    >>> list(shared_values([frozenset("abcd"), frozenset("xy"), frozenset("abcd"), frozenset("abcd")]))
    [(0, 2, 4), (0, 3, 4)]
    """
    owners: dict[Any, list[int]] = defaultdict(list)
    for j, own in enumerate(values):
        counts: dict[int, int] = defaultdict(int)
        for value in own:
            for i in owners[value]:
                counts[i] += 1
        if counts:
            most = max(counts, key=lambda i: (counts[i], -i))
            if counts[most] >= 2:
                yield most, j, counts[most]
            if counts[most] == len(own) == len(values[most]):
                continue  # whoever is like this one is like the first, too
        for value in own:
            owners[value].append(j)


def _values(effects: EffectSizes, row: int) -> frozenset[str]:
    """The continuous values behind a row: what was printed, else the formula's inputs, else the effect."""
    printed = effects.columns.get("printed")
    if printed is not None:
        return frozenset(str(printed[row]).split())
    names = {name: float(values[row]) for name, values in effects.inputs.items() if _real(values)}
    counts = [value for name, value in names.items() if name.startswith(COUNTED)]
    measured = {name: value for name, value in names.items() if not name.startswith(COUNTED)}
    if measured:
        return frozenset(f"{name}={value!r}" for name, value in measured.items() if value == value)
    if not effects.exact[row] or (counts and min(counts) < FEW):
        return frozenset()
    return frozenset({f"yi={float(effects.yi[row])!r}", f"vi={float(effects.vi[row])!r}"})


FEW = 5
"""Counts below this agree by chance all the time, so that nobody is asked about them."""


def _real(values: Any) -> bool:
    return np.asarray(values).dtype.kind in "fiu"


def _combined(effects: EffectSizes, rows: list[int]) -> tuple[int, float, float]:
    """The row that stands for a study's rows, with its effect and variance."""
    exact = [row for row in rows if effects.exact[row]]
    if len(exact) < 2:
        first = exact[0] if exact else rows[0]
        return first, float(effects.yi[first]), float(effects.vi[first])
    y, v = effects.yi[exact], effects.vi[exact]
    weights = _weights(v)
    if effects.covariance is not None and not _same(effects, exact):
        variance = float(weights @ effects.covariance[np.ix_(exact, exact)] @ weights)
    else:
        variance = float(weights @ np.sqrt(v)) ** 2
    return exact[0], float(weights @ y), variance


def _same(effects: EffectSizes, rows: list[int]) -> bool:
    """Whether rows are one result given several times, which no covariance makes more than one."""
    return bool(np.ptp(effects.yi[rows]) == 0 and np.ptp(effects.vi[rows]) == 0)


def _weights(v: np.ndarray) -> np.ndarray:
    return np.asarray((1 / v) / np.sum(1 / v), dtype=float)


def _between(effects: EffectSizes, groups: list[list[int]], vi: np.ndarray) -> np.ndarray | None:
    """Covariances of the combined effects, at the rows that stand for them."""
    if effects.covariance is None:
        return None
    k = effects.k
    weights = np.eye(k)
    for rows in groups:
        exact = [row for row in rows if effects.exact[row]]
        if len(exact) > 1:
            weights[exact[0]] = 0.0
            weights[exact[0], exact] = _weights(effects.vi[exact])
    made = np.asarray(weights @ effects.covariance @ weights.T, dtype=float)
    np.fill_diagonal(made, vi)
    return made
