"""The engines whose properties are tested, and why one does not have a property."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from meta.errors import quiet
from tests.properties.changes import CHANGES, Effects, Found

COUNTS = "the number of studies enters by itself"
SPREAD = "heterogeneity is estimated from the spread between studies, which merging removes"
ZERO = "the value 0 has a meaning: significance, or a direction, is reckoned from it"
SLOPE = "an enormous standard error says much about a slope on standard errors"
PRIOR = "the prior weighs as much as before, beside twice the data"


@dataclass(frozen=True)
class Engine:
    """A name, what it computes, how exactly, and the properties it does not have with the reason."""

    name: str
    run: Callable[[Effects], Found]
    without: Mapping[str, str] = field(default_factory=dict)
    rtol: float = 1e-6
    slow: bool = False

    def __post_init__(self) -> None:
        unknown = set(self.without) - set(CHANGES)
        assert not unknown, f"{self.name}: no property is called {unknown}"

    def __call__(self, data: Effects) -> Found:
        with quiet():
            return self.run(data)

    def has(self, change: str) -> bool:
        return change not in self.without


def lacks(**reasons: str) -> dict[str, str]:
    return reasons


def spread(**more: str) -> dict[str, str]:
    """What an engine lacks that estimates heterogeneity by REML, which counts studies."""
    return {"doubled": COUNTS, "merged": SPREAD} | more


def usual(**more: str) -> dict[str, str]:
    """What an engine lacks that counts studies and estimates heterogeneity."""
    return {"doubled": COUNTS, "merged": SPREAD, "vague": COUNTS} | more
