"""Numbers along a way: its rules applied to arrays, and which of them failed in which row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from meta.recovery.assumptions import ASSUMPTIONS
from meta.recovery.closure import Way

Values = Mapping[str, np.ndarray]

MUST_BE_POSITIVE = frozenset(
    (
        *("sd1", "sd2", "sd", "se1", "se2", "se", "se_md", "sd_pooled", "sd_difference", "sd_single"),
        *("sd_change1", "sd_change2", "sd_post1", "sd_post2", "sd_raw1", "sd_raw2"),
        *("n1", "n2", "n", "n_total", "df", "time"),
    )
)


@dataclass
class Evaluation:
    """The values of a way's steps.

    Attributes
    ----------
    values : mapping of str to ndarray of shape (k,)
        Stated facts by canonical name.
    assumed : mapping of str to float
        Values of assumptions that differ from the registry's.
    done : dict
        Results by rule and premises.
    order : list of (Way, value)
        Every derived fact in the order in which it was computed.
    """

    values: Values
    assumed: Mapping[str, float] = field(default_factory=dict)
    done: dict[tuple, object] = field(default_factory=dict)
    order: list[tuple[Way, object]] = field(default_factory=list)

    def of(self, way: Way) -> object:
        """The value of a way: an array, or what a rule of a measure returns."""
        if way.rule is None:
            return self.values[way.fact]
        key = _key(way)
        if key not in self.done:
            given = [self.of(item) for item in way.premises]
            self.done[key] = self._apply(way, given)
        results = self.done[key]
        found = results[way.rule.gives.index(way.fact)]  # type: ignore[index]
        if not any(item.fact == way.fact and _key(item) == key for item, _ in self.order):
            self.order.append((way, found))
        return found

    def _apply(self, way: Way, given: list) -> tuple:
        rule = way.rule
        assert rule is not None
        value = self.taken(rule.assumes)
        if value is not None:
            given = [*given, value]
        with np.errstate(all="ignore"):
            found = rule.function(*given)
        results = found if len(rule.gives) > 1 else (found,)
        return tuple(_valid(name, x) for name, x in zip(rule.gives, results, strict=True))

    def taken(self, assumes: tuple[str, ...]) -> float | None:
        """The value of the first assumption that has one."""
        for name in assumes:
            item = ASSUMPTIONS[name]
            if item.value is not None:
                return self.assumed.get(name, item.value)
        return None


def _key(way: Way) -> tuple:
    assert way.rule is not None
    return (way.rule.name, *((item.fact, item.mask) for item in way.premises))


def _valid(name: str, value: object) -> object:
    if name in MUST_BE_POSITIVE:
        x = np.asarray(value, dtype=float)
        return np.where(x > 0, x, np.nan)
    if isinstance(value, Mapping):
        return value
    x = np.asarray(value, dtype=float)
    return np.where(np.isfinite(x), x, np.nan)


def failures(evaluation: Evaluation, k: int) -> np.ndarray | None:
    """The first rule without a value, by name for each row (k,), empty where all have one; None if all do.

    An infinite bound is a value; NaN is none.
    """
    found: np.ndarray | None = None
    for way, value in evaluation.order:
        assert way.rule is not None
        lacking = _lacking(value)
        if np.any(lacking):
            if found is None:
                found = np.full(k, "", dtype=object)
            found[np.broadcast_to(lacking, k) & (found == "")] = way.rule.name
    return found


def _lacking(value: object) -> np.ndarray:
    """Where an array, or any of those in a mapping, is NaN."""
    if not isinstance(value, Mapping):
        return np.isnan(np.asarray(value, dtype=float))
    lacking = np.asarray(False)
    for part in value.values():
        lacking = lacking | _lacking(part)
    return lacking
