"""The print-out of a dose-response curve."""

from __future__ import annotations

from typing import Any

import numpy as np

from meta.formatting import listing, number
from meta.models.dose.shapes import NAMES
from meta.results.abilities import CurveOfDoses
from meta.results.print_out import (
    Line,
    cut_notes,
    display_text,
    heading,
    heterogeneity,
    needs_display,
    size,
    table,
)

TESTS = {"z": "Wald", "t": "t", "KR": "Kenward-Roger"}
"""Long names of the tests, as other fits print them."""
MOST = 5
"""Doses whose effects are printed."""


def lines(fit: Any, digits: int) -> list[str]:
    """Heading, coefficients, heterogeneity, tests, and effects at a few doses."""
    stages = {"one": "one stage", "two": "two stages"}[fit.stage]
    parts = [
        f"{fit.axis.capitalize()}-response meta-analysis",
        _shape(fit),
        stages,
        fit.method,
        TESTS[fit.test],
    ]
    trials = "1 trial" if fit.n_trials == 1 else f"{fit.n_trials} trials"
    parts += [trials, f"k = {fit.k}"]
    rows = [Line.of(row) for row in fit._terms()]
    several = fit.p > 1 and not fit.basis.estimated
    tests = [f"non-linearity: {fit.nonlinearity}"] if several else []
    overall = [] if not several else [f"any effect of {fit.axis}: {fit.wald()}"]
    return [
        heading(parts, fit.measure),
        *table(rows, fit.level, digits),
        *heterogeneity(q=(fit.q, fit.q_df, fit.q_p) if fit.q_df else None, more=[_between(fit)]),
        *tests,
        *overall,
        *effects_at_doses(fit, digits),
    ]


def _shape(fit: Any) -> str:
    values = listing([f"{x:g}" for x in fit.basis.values])
    told = {"rcs": f", knots at {values}", "fp": f", powers {values}"}.get(fit.shape, "")
    if fit.shape == "plateau" and not fit.basis.estimated:
        told = f" from {values}"
    return NAMES[fit.shape] + told


def _between(fit: Any) -> str:
    if fit.heterogeneity == "none":
        return "equal curves in all trials"
    if fit.heterogeneity in ("proportional", "additive"):
        per = f" x {fit.axis}^2" if fit.heterogeneity == "proportional" else ""
        return f"tau2 {size(float(fit.psi[0, 0]))}{per} ({fit.heterogeneity})"
    sds = [f"{number(x, 4) if x >= 0.001 or x == 0 else f'{x:.3g}'}" for x in np.sqrt(np.diag(fit.psi))]
    rank = int(np.linalg.matrix_rank(fit.psi * np.outer(*[fit.trials.scale[: len(fit.psi)]] * 2)))
    singular = f", rank {rank} of {len(fit.psi)}" if 0 < rank < len(fit.psi) else ""
    return f"SD of coefficients between trials {listing(sds)} ({fit.heterogeneity}{singular})"


def effects_at_doses(fit: Any, digits: int, ci: str = "CI") -> list[str]:
    """Effects of a curve or its posterior at up to five doses that were given, against the reference dose."""
    given = np.unique(fit.dose if isinstance(fit, CurveOfDoses) else fit.doses)
    if len(given) > MOST:
        given = given[np.round(np.linspace(0, len(given) - 1, MOST)).astype(int)]
    given = given[given != fit.reference_dose]
    unit = f" {fit.unit}" if fit.unit else ""
    found = fit.predict(given)
    rows = []
    for row in found.itertuples():
        shown = ""
        if needs_display(fit.measure):
            shown = display_text(fit.es, row.estimate, row.ci_low, row.ci_high)
        rows.append(Line(f"{row.dose:g}{unit}", row.estimate, row.se, row.ci_low, row.ci_high, right=shown))
    return [
        f"effect against {fit.axis} {fit.reference_dose:g}{unit}",
        *table(rows, fit.level, digits, ci=ci, tested=False)[1:],
        *(cut_notes(fit.es, rows) if needs_display(fit.measure) else []),
    ]
