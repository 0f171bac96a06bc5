"""The table of estimators, tests and intervals for the documentation, generated from the registries.

Run ``python -m meta.pooling.options_table docs/choices.md`` after a registry has changed.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from meta.kernels.tau2 import Estimator
from meta.pooling.pool_options import ESTIMATORS, PREDICTION_INTERVALS, TAU2_INTERVALS, TESTS, Choice

INTRODUCTION = """# Choices in pooling

Generated from the registries by `python -m meta.pooling.options_table docs/choices.md`; do not edit.
"""

SECTIONS: dict[str, Mapping[str, Choice] | Mapping[str, Estimator]] = {
    "Between-study variance (`method=`)": ESTIMATORS,
    "Tests and intervals of the mean (`test=`)": TESTS,
    "Intervals of tau2 (`fit.tau2_interval(...)`)": TAU2_INTERVALS,
    "Prediction intervals (`fit.prediction_interval(...)`)": PREDICTION_INTERVALS,
}


def table() -> str:
    """Return the page as Markdown.

    >>> table().splitlines()[0]
    '# Choices in pooling'
    """
    parts = [INTRODUCTION]
    for heading, registry in SECTIONS.items():
        rows = [_row(choice) for choice in registry.values()]
        parts.append(
            "\n".join((f"## {heading}\n", "| code | name | source | note |", "|---|---|---|---|", *rows, ""))
        )
    return "\n".join(parts)


def _row(choice: Choice | Estimator) -> str:
    source = f"[{choice.citation}](https://doi.org/{choice.doi})" if choice.doi else choice.citation
    return f"| `{choice.code}` | {choice.name} | {source} | {choice.note} |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(table(), encoding="utf-8")
