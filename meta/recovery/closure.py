"""The closure: every fact that follows from those that are stated, each by its best ways.

A way is judged by the assumptions that it rests on. For every fact, the closure keeps one way for each set of
assumptions that no other way's set is part of, and of ways with the same assumptions the most direct. More
facts can only add ways or replace assumptions, so that tiers never fall; the numbers' sizes play no part.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from meta.recovery.assumptions import tier_of
from meta.recovery.rules import RULES
from meta.recovery.rules.rule import Rule

MOST_PASSES = 30
"""Chains are shorter than this; it bounds the work for any set of facts."""
MOST_COMBINATIONS = 64
"""Combinations of ways of a rule's facts that are looked at in one step."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to a fact.

    Attributes
    ----------
    fact : str
        Its canonical name.
    mask : int
        The assumptions that it rests on, as bits.
    cost : float
        How indirect it is.
    rule : Rule or None
        Its last step; None for a stated fact.
    premises : tuple of Way
        The ways to what the rule needs.
    """

    fact: str
    mask: int
    cost: float
    rule: Rule | None = None
    premises: tuple[Way, ...] = ()

    @property
    def rank(self) -> tuple[str, int, float, str]:
        """Tier, number of assumptions, indirectness: the smallest is taken. The name settles ties."""
        return tier_of(self.mask), self.mask.bit_count(), self.cost, self.rule.name if self.rule else ""

    def stated(self) -> frozenset[str]:
        """The stated facts that it uses."""
        if self.rule is None:
            return frozenset((self.fact,))
        return frozenset().union(*(way.stated() for way in self.premises))

    def rules(self) -> tuple[Rule, ...]:
        """Its rules, in the order in which they are applied."""
        found: dict[str, Rule] = {}
        for way in self.premises:
            found |= {rule.name: rule for rule in way.rules()}
        if self.rule is not None:
            found[self.rule.name] = self.rule
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Pattern:
    """What decides about the ways: the setting, its circumstances, and which facts are stated.

    Attributes
    ----------
    setting : str
        "two means", "crossover", "2x2", ...
    flags : frozenset of str
        Circumstances such as "adjusted", "clustered", "change", and the code of the measure.
    stated : frozenset of str
        Canonical names of the stated facts.
    banned : frozenset of str
        Names of rules that have no value for these numbers.
    """

    setting: str
    flags: frozenset[str]
    stated: frozenset[str]
    banned: frozenset[str] = frozenset()

    def without(self, rules: Iterable[str]) -> Pattern:
        """The same without some rules."""
        return replace(self, banned=self.banned.union(rules))


Ways = dict[str, tuple[Way, ...]]


def close(pattern: Pattern, extra: tuple[Rule, ...] = ()) -> Ways:
    """The best ways to every fact that follows.

    Parameters
    ----------
    pattern : Pattern
        Setting, circumstances, and stated facts.
    extra : tuple of Rule
        Rules beside the registry's: those of the measure.

    Examples
    --------
    >>> stated = frozenset({"mean1", "mean2", "n1", "n2", "p"})
    >>> ways = close(Pattern("two means", frozenset(), stated))
    >>> [(way.rank[:2], [rule.name for rule in way.rules()][-1]) for way in ways["sd_pooled"]]
    [(('A', 0), 'pooled SD from the standard error of the difference')]
    """
    book = applicable(pattern.setting, pattern.flags, extra)
    ways: Ways = {name: (Way(name, 0, 0.0),) for name in sorted(pattern.stated)}
    waiting = dict.fromkeys(book.without_needs)
    for name in ways:
        waiting |= dict.fromkeys(book.readers.get(name, ()))
    for _ in range(MOST_PASSES):
        fresh: dict[int, None] = {}
        for place in sorted(waiting):
            rule, mask = book.rules[place]
            if rule.name in pattern.banned or not all(name in ways for name in rule.needs):
                continue
            for fact in _apply(rule, mask, ways):
                fresh |= dict.fromkeys(book.readers.get(fact, ()))
        waiting = fresh
        if not waiting:
            break
    return ways


@dataclass(frozen=True, slots=True)
class Book:
    """The rules of a setting, with their assumptions, and which of them read a fact."""

    rules: tuple[tuple[Rule, int], ...]
    readers: Mapping[str, tuple[int, ...]]
    without_needs: tuple[int, ...]


@lru_cache(maxsize=256)
def applicable(setting: str, flags: frozenset[str], extra: tuple[Rule, ...] = ()) -> Book:
    """The rules for a setting; where a test may ignore clusters, those that read it say what they assume."""
    found: list[tuple[Rule, int]] = []
    readers: dict[str, list[int]] = {}
    for rule in (*RULES, *extra):
        if not rule.holds(setting, flags):
            continue
        if rule.printed and "unsure" in flags:
            rule = replace(rule, assumes=(*rule.assumes, "test-of-clusters"))
        for name in rule.needs:
            readers.setdefault(name, []).append(len(found))
        found.append((rule, rule.mask))
    needless = tuple(place for place, (rule, _) in enumerate(found) if not rule.needs)
    return Book(tuple(found), {name: tuple(places) for name, places in readers.items()}, needless)


def _apply(rule: Rule, own: int, ways: Ways) -> set[str]:
    """Add what a rule gives by every combination of ways; return the facts that gained a way."""
    changed = set()
    options = [ways[name] for name in rule.needs]
    for premises in itertools.islice(itertools.product(*options), MOST_COMBINATIONS):
        mask, cost = own, rule.cost
        for way in premises:
            mask |= way.mask
            cost += way.cost
        for fact in rule.gives:
            kept = _admit(ways.get(fact, ()), mask, cost)
            if kept is not None:
                ways[fact] = (*kept, Way(fact, mask, cost, rule, premises))
                changed.add(fact)
    return changed


def _admit(present: tuple[Way, ...], mask: int, cost: float) -> tuple[Way, ...] | None:
    """The ways that stay beside a new one; None if one of them is as good."""
    for way in present:
        if way.mask == mask:
            # beyond the rounding of sums of costs
            if way.cost <= cost + 1e-9:
                return None
        elif way.mask & mask == way.mask:
            return None
    return tuple(way for way in present if way.mask != mask and way.mask & mask != mask)


def best(ways: Mapping[str, tuple[Way, ...]], fact: str) -> Way | None:
    """The way that is taken to a fact; None if there is none."""
    return min(ways.get(fact, ()), key=lambda way: way.rank, default=None)
