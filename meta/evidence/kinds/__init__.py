"""The kinds of statistic that papers print: one module each, with its fields, questions, facts and words.

A new kind is a module of its own and a name in the list below; everything else follows from it.
"""

from __future__ import annotations

from meta.evidence.kinds import (
    counts,
    exact_test,
    interval,
    mean_difference,
    means,
    narrative,
    not_significant,
    percentages,
    ratio,
    threshold,
    variation,
    within_arm,
)
from meta.evidence.kinds.kind import Kind

KINDS: dict[str, Kind] = {
    module.KIND.name: module.KIND
    for module in (
        means,
        mean_difference,
        counts,
        percentages,
        ratio,
        exact_test,
        threshold,
        not_significant,
        within_arm,
        interval,
        variation,
        narrative,
    )
}
"""By name, the most usual first: the order in which ``meta add`` offers them."""


def telling() -> dict[str, str]:
    """The kind of a record that does not name it, by the first of these flat names that it has.

    >>> telling()["mean1"], telling()["p"]
    ('means', 'test')
    """
    # counts before percentages, and within-arm tests before a bare p, as their names are the more special
    first = {name: kind.name for kind in KINDS.values() for name in kind.tells}
    last = {name: kind.name for kind in KINDS.values() for name in kind.hints}
    return first | last
