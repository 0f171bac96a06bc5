"""The figures of a run: an analysis's forest plot, and a share against the true effect."""

from __future__ import annotations

from typing import Any

from meta.claims.answer_claims import Answer
from meta.claims.claimed_effect import claimed_on_model_scale, region
from meta.claims.normalised_share import NormalisationFinding
from meta.effects.registry import measure as look_up
from meta.evidence.claims import Claim
from meta.formatting import percent
from meta.report.plain_language import effect, mark

SHIFTS = (-2.0, 1.0)


def forest_of(
    item: Answer,
    *,
    title: str | None = None,
    theme: str = "default",
    labels: tuple[str, str] | None = None,
) -> Any:
    """Draw the forest plot of one analysis: every listed trial, the pooled effects, and the claimed value."""
    from meta.plots.forest import forest

    several = item.fit is not None and item.fit.k > 1
    pooled = [*([item.fit] if several else []), *([] if item.posterior is None else [item.posterior])]
    return forest(
        item.effects,
        pooled=pooled,
        claim=claim_mark(item),
        title=title or item.analysis.label,
        theme=theme,
        labels=labels or _sides(item),
    )


def _sides(item: Answer) -> tuple[str, str]:
    known = look_up(item.effects.measure)
    often = known.is_log_ratio and known.is_of_events
    treatment = item.claim.intervention.treatment
    return (f"Less often with {treatment}", "More often") if often else (f"Lower with {treatment}", "Higher")


def claim_mark(item: Answer) -> Any:
    """Return the claimed value for a forest plot, or None where the analysis is not on the claim's scale."""
    from meta.plots.figure_rows import ClaimMark

    if item.analysis.role != "primary" or item.claim.tested.measure != item.effects.measure:
        return None
    estimand = item.claim.tested
    value = claimed_on_model_scale(estimand)
    return ClaimMark(value, region(estimand), "claimed" if estimand.named_by_claim else _chosen(item))


def _chosen(item: Answer) -> str:
    """The size that was put to the test where the claim names none."""
    estimand = item.claim.tested
    size = (
        percent(estimand.value)
        if estimand.measure == "PLO"
        else effect(claimed_on_model_scale(estimand), estimand.measure)
    )
    return f"{size} (chosen)"


def normalisation_of(claim: Claim, finding: NormalisationFinding, posterior: Any) -> Any:
    """Draw the share normalised against the true effect, one curve per test-retest correlation."""
    import numpy as np

    from meta.kernels.normalisation import share_normal_later
    from meta.plots.normalised import normalisation

    cutoff = _cutoff(finding)
    shifts = np.linspace(*SHIFTS, 121)
    curves = {
        f"{item.label} (correlation {item.rho:.2f})": (
            shifts,
            share_normal_later(shifts, cutoff=cutoff, rho=item.rho),
        )
        for item in finding.scenarios
        if item.cutoff == cutoff
    }
    density = None if posterior is None else (shifts, posterior.pdf(shifts))
    return normalisation(
        curves,
        claimed=finding.claimed,
        posterior=density,
        interval=None if posterior is None else (finding.delta_low, finding.delta_high),
        title=f"Normal when measured again (raised: above the {mark(cutoff)})",
    )


def _cutoff(finding: NormalisationFinding) -> float:
    """Return the cut-off for the figure: the one nearest to the customary 95th percentile."""
    return min({item.cutoff for item in finding.scenarios}, key=lambda cutoff: (abs(cutoff - 0.95), cutoff))


def normalisation_caption(finding: NormalisationFinding) -> str:
    """Return what stands below the figure of a share."""
    below = " Below, what the trials say about the effect." if finding.delta == finding.delta else ""
    return (
        "Each curve shows how many raised values are normal when measured again, for true effects from "
        "strong lowering (left) to none (at 0) and beyond. Where a curve meets 0, no treatment was given. "
        f"The dashed line across is the claimed share.{below}"
    )


def forest_caption(item: Answer) -> str:
    """Return what stands below a forest plot."""
    parts = [f"{item.analysis.label}: each line is a trial, its marker the effect, its bar the 95% interval."]
    if item.fit is not None and item.fit.k > 1:
        parts.append("Diamonds are the trials taken together.")
    if claim_mark(item) is not None:
        parts.append("The marked line is the claimed value.")
    if (~item.effects.informative).any():
        parts.append("Trials without a usable number stay listed.")
    return " ".join(parts)
