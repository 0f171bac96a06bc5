"""The solver: rows with the same facts share one plan, which is applied to arrays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from meta.effects.measures.definition import Measure
from meta.recovery.assumptions import tier_of
from meta.recovery.closure import Pattern, Way, best, close
from meta.recovery.evaluate import Evaluation, failures
from meta.recovery.fact_names import Circumstances, canonical, flags_of, halves, setting_of
from meta.recovery.facts import WORDS, half_digits
from meta.recovery.rules.rule import Rule
from meta.recovery.targets import effect_rules

MOST_REPLANS = 25
"""A row is planned anew at most this often, each time without the rule that had no value for it."""
_EQUAL_SPREAD = frozenset(
    ("both SDs from the pooled SD", "SD 2 from SD 1", "SD 1 from SD 2", "both SDs from that of single values")
)
_OF_CHANGE = ("mean_change1", "mean_change2", "sd_change1", "sd_change2", "mean_pre1", "mean_pre2")


@dataclass(frozen=True, slots=True)
class Problem:
    """Rows of which the same facts are stated.

    Attributes
    ----------
    entry : Measure
        What is sought.
    pattern : Pattern
        What decides about the ways.
    values : dict of str to ndarray of shape (rows,)
        Stated facts by canonical name, with the level of intervals and half digits.
    sources : dict of str to str
        The caller's name of each stated fact.
    phase : str
        "final" or "change".
    """

    entry: Measure
    pattern: Pattern
    values: dict[str, np.ndarray]
    sources: dict[str, str]
    phase: str
    extra: tuple[Rule, ...] = ()

    def rows(self, chosen: np.ndarray) -> Problem:
        """Some of its rows."""
        values = {name: x[chosen] for name, x in self.values.items()}
        return Problem(self.entry, self.pattern, values, self.sources, self.phase, self.extra)

    @property
    def facts(self) -> frozenset[str]:
        """The stated facts, without what is always there."""
        return frozenset(self.sources)


@dataclass(frozen=True, slots=True)
class Plan:
    """How some rows are computed.

    Attributes
    ----------
    rows : ndarray of int
        Positions of the rows.
    way : Way or None
        The way to the effect; None if there is none.
    problem : Problem
        Their facts.
    evaluation : Evaluation or None
        The numbers of every step.
    result : mapping of str to ndarray or mapping
        What the last rule returned.
    """

    rows: np.ndarray
    way: Way | None
    problem: Problem
    evaluation: Evaluation | None = None
    result: Mapping[str, object] = field(default_factory=dict)

    @property
    def tier(self) -> str:
        """Tier of these rows."""
        return "D" if self.way is None else tier_of(self.way.mask)


@lru_cache(maxsize=512)
def _ways(pattern: Pattern, extra: tuple[Rule, ...]) -> Mapping[str, tuple[Way, ...]]:
    return close(pattern, extra)


def ways_of(problem: Problem) -> Mapping[str, tuple[Way, ...]]:
    """Every way that the facts of a problem open."""
    return _ways(problem.pattern, problem.extra)


@lru_cache(maxsize=256)
def _rules_for(code: str, setting: str, options: tuple[tuple[str, object], ...]) -> tuple[Rule, ...]:
    from meta.effects.registry import measure

    return effect_rules(measure(code), setting, dict(options))


def patterns(values: Mapping[str, np.ndarray], k: int) -> Iterator[tuple[frozenset[str], np.ndarray]]:
    """Which facts are stated together, and in which rows.

    >>> found = dict(patterns({"n1": np.array([1.0, np.nan]), "p": np.array([0.1, 0.2])}, 2))
    >>> sorted((sorted(names), rows.tolist()) for names, rows in found.items())
    [(['n1', 'p'], [0]), (['p'], [1])]
    """
    everywhere, partly = set(), []
    for name, x in values.items():
        given = ~np.isnan(x)
        if given.all():
            everywhere.add(name)
        elif given.any():
            partly.append((name, given))
    codes = np.zeros(k, dtype=np.int32)
    known: dict[int, frozenset[str]] = {0: frozenset(everywhere)}
    for start in range(0, len(partly), _BITS):
        part = partly[start : start + _BITS]
        for bit, (_, given) in enumerate(part):
            codes |= given.astype(np.int32) << bit
        there = np.flatnonzero(np.bincount(codes))
        names = {bit: name for bit, (name, _) in enumerate(part)}
        fresh = {
            place: known[int(code) >> _BITS] | {names[bit] for bit in names if int(code) >> bit & 1}
            for place, code in enumerate(there)
        }
        lookup = np.zeros(int(there[-1]) + 1, dtype=np.int32)
        lookup[there] = np.arange(there.size)
        codes, known = lookup[codes], fresh
        if start + _BITS < len(partly):
            codes <<= _BITS
    if len(known) == 1:
        yield known[0], np.arange(k)
        return
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(np.bincount(codes, minlength=len(known)))
    for place, names_of in known.items():
        rows = order[ends[place - 1] if place else 0 : ends[place]]
        if rows.size:
            yield names_of, rows


_BITS = 12
"""Columns that only some rows have are looked at in sets of this many, so that codes stay small."""


def plans(
    entry: Measure,
    values: Mapping[str, np.ndarray],
    *,
    words: Mapping[str, np.ndarray] | None = None,
    halves_of: Mapping[str, np.ndarray] | None = None,
    level: float | np.ndarray = 0.95,
    options: Mapping[str, object] | None = None,
    assumed: Mapping[str, float] | None = None,
) -> Iterator[Plan]:
    """Plan and compute every row; rows that share their facts share a plan.

    Parameters
    ----------
    entry : Measure
        The measure that is sought.
    values : mapping of str to ndarray of shape (k,)
        Facts by the caller's names; NaN where a row does not state one.
    words : mapping of str to ndarray of str
        Facts that are words (design, phase, error_term, adjusted), one for each row.
    halves_of : mapping of str to ndarray
        Half of the last printed digit of facts of which counts are rebuilt; by shortest form if absent.
    level : float or ndarray
        Level of intervals.
    options : mapping
        Options of the measure that paired formulas take.
    assumed : mapping of str to float
        Values of assumptions that differ from the registry's.
    """
    k = len(next(iter(values.values()))) if values else 0
    levels = np.broadcast_to(np.asarray(level, dtype=float), k)
    for said, rows in _worded(words or {}, k):
        inside = {name: x[rows] for name, x in values.items()} if rows.size < k else dict(values)
        for names, own in patterns(inside, rows.size):
            here = rows[own] if rows.size < k else own
            one = {name: inside[name][own] if own.size < rows.size else inside[name] for name in names}
            printed = {name: half[here] for name, half in (halves_of or {}).items() if name in names}
            found = [
                problem_of(entry, one, said, phase, printed, levels[here], options or {})
                for phase in _phases(said, names)
            ]
            yield from _computed(_first(found), here, assumed or {})


def _worded(words: Mapping[str, np.ndarray], k: int) -> Iterator[tuple[Circumstances, np.ndarray]]:
    given = {name: x for name, x in words.items() if name != "whole"}
    if not given:
        yield Circumstances(), np.arange(k)
        return
    together = list(zip(*given.values(), strict=True))
    for combination in dict.fromkeys(together):
        said = Circumstances(**dict(zip(given, combination, strict=True)))
        yield said, np.array([row for row, x in enumerate(together) if x == combination], dtype=int)


def _phases(said: Circumstances, names: frozenset[str]) -> tuple[str, ...]:
    if said.phase != WORDS["phase"][0]:
        return (said.phase,)
    return ("final", "change") if names.intersection(_OF_CHANGE) else ("final",)


def _first(found: list[Problem]) -> Problem:
    """The phase with the better way: final values where both are as good."""
    ranks = [best(ways_of(item), "effect") for item in found]
    keys = [("D", 0) if way is None else way.rank[:2] for way in ranks]
    return found[keys.index(min(keys))]


def problem_of(
    entry: Measure,
    values: Mapping[str, np.ndarray],
    said: Circumstances,
    phase: str,
    printed: Mapping[str, np.ndarray],
    level: np.ndarray,
    options: Mapping[str, object],
) -> Problem:
    """The problem of rows that state the same facts."""
    names = frozenset(values)
    setting = setting_of(entry.design, entry.code, said)
    renamed = canonical(names, setting, entry.code, said, phase)
    own = {new: values[old] for old, new in renamed.items()}
    sources = {new: old for old, new in renamed.items()}
    for name in halves(own):
        fact = name.removesuffix("_half")
        given = printed.get(sources[fact])
        own[name] = half_digits(own[fact]) if given is None else given
    own.setdefault("level", level)
    banned = _EQUAL_SPREAD if "variab" in entry.name or "variation" in entry.name else frozenset()
    flags = flags_of(entry.code, said, names, phase)
    pattern = Pattern(setting, flags, frozenset(own), banned)
    extra = _rules_for(entry.code, setting, tuple(sorted(options.items())))
    return Problem(entry, pattern, own, sources, phase, extra)


def _computed(
    problem: Problem, rows: np.ndarray, assumed: Mapping[str, float], depth: int = 0
) -> Iterator[Plan]:
    """The plans of a problem's rows: where a rule has no value, they are planned anew without it."""
    way = best(ways_of(problem), "effect")
    if way is None or depth > MOST_REPLANS:
        yield Plan(rows, None, problem)
        return
    evaluation = Evaluation(problem.values, assumed)
    result = evaluation.of(way)
    assert isinstance(result, Mapping)
    failed = failures(evaluation, rows.size)
    if failed is None:
        yield Plan(rows, way, problem, evaluation, result)
        return
    for name in sorted(set(failed)):
        chosen = failed == name
        part = problem if chosen.all() else problem.rows(chosen)
        if name:
            pattern = part.pattern.without((name,))
            part = Problem(part.entry, pattern, part.values, part.sources, part.phase, part.extra)
        yield from _computed(part, rows[chosen], assumed, depth + 1)
