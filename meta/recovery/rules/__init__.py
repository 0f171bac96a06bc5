"""The registry of rules, a file for each family."""

from __future__ import annotations

from meta.recovery.rules import (
    centres,
    change,
    change_within_arm,
    cluster,
    correlation,
    crossover,
    dispersion,
    events,
    pooled,
    tests,
)
from meta.recovery.rules.rule import Rule

FAMILIES: dict[str, tuple[Rule, ...]] = {
    "Standard deviations and sizes": dispersion.RULES,
    "Medians, quartiles and ranges": centres.RULES,
    "Tests and intervals of a difference": tests.RULES,
    "Pooled and single SDs, standardised differences": pooled.RULES,
    "Change scores and final values": change.RULES,
    "Change within each group": change_within_arm.RULES,
    "The same people twice": crossover.RULES,
    "Counts": events.RULES,
    "Clusters": cluster.RULES,
    "Correlations": correlation.RULES,
}
RULES: tuple[Rule, ...] = tuple(rule for rules in FAMILIES.values() for rule in rules)
