"""Effects that a paper printed with their intervals on the display scale."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from meta.effects import checks
from meta.effects.measures.definition import Measure
from meta.effects.scales import SCALES, Scale
from meta.errors import unknown_option

CI_SCALES = ("model", "display", "log", "identity", "ratio", "exp")


def interval_scale(
    measure: Measure, values: Mapping[str, np.ndarray], ci_scale: str | None
) -> tuple[Scale, bool]:
    """The scale behind a reported interval, and whether the interval is on the model scale already."""
    if ci_scale is not None and ci_scale not in CI_SCALES:
        raise unknown_option("ci_scale", ci_scale, CI_SCALES)
    scale = measure.transform
    if ci_scale in ("ratio", "exp") and scale.name == "identity":
        scale = SCALES["log"]
    if ci_scale is None:
        return scale, "estimate" not in values
    return scale, ci_scale in ("model", "log", "identity")


def off_scale(
    code: str, given: Mapping[str, np.ndarray], study: np.ndarray, scale: Scale
) -> list[checks.Problem]:
    """What the display scale does not hold, such as a ratio of 0 or below, row by row."""
    problems = []
    for name in ("estimate", "ci_low", "ci_high"):
        if name not in given:
            continue
        x = given[name]
        with np.errstate(divide="ignore", invalid="ignore"):
            bad = ~np.isfinite(scale.forward(x)) & ~np.isnan(x)
        problems += [
            checks.Problem(
                f"{name} is not on the display scale of {code}: study {str(study[row])!r} has "
                f"{name} = {checks.show(x[row])}",
                "correct it, or say ci_scale='model'",
                int(row),
            )
            for row in np.flatnonzero(bad)
        ]
    return problems
