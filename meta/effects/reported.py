"""From what a paper reported to an effect on the analysis's scale: one derivation a kind of statistic.

The formulas and the tiers they lead to are those of the table "From a reported statistic to an effect";
each derivation says its steps in words, so that a reader can follow every number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from meta.effects import ratios, standardised
from meta.effects.percent_scale import PercentScale
from meta.effects.reading_of import Context, Derived, nothing
from meta.effects.registry import measure as look_up

DERIVATIONS: dict[str, dict[str, Callable[[Context], Derived]]] = {
    "SMD": {
        "means": standardised.from_means,
        "mean-difference": standardised.from_mean_difference,
        "test": standardised.from_test,
        "threshold": standardised.from_threshold,
        "not-significant": standardised.from_not_significant,
        "within-arm-tests": standardised.from_within_arm_tests,
        "interval": standardised.from_interval,
    },
    "ROM": {"means": ratios.rom_from_means, "ratio": ratios.from_ratio},
    "RR": {
        "counts": ratios.rr_from_counts,
        "percentages": ratios.rr_from_percentages,
        "ratio": ratios.from_ratio,
    },
    "PLO": {"counts": ratios.share_from_counts},
}


def derive(context: Context, scale: PercentScale | None = None) -> Derived:
    """Return the effect of one reported result on the analysis's scale.

    Parameters
    ----------
    context : Context
        The result with its study, the analysis and the assumed values.
    scale : PercentScale or None
        How standardised effects are put on the ratio scale where the analysis pools ratios of means; None
        leaves what cannot be read as a ratio at tier D.
    """
    measure, kind = context.analysis.measure, context.result.statistic.kind
    if kind == "narrative":
        return nothing(f"only a direction in words: {context.result.statistic.words}")  # type: ignore[union-attr]
    direct = DERIVATIONS[measure].get(kind)
    if direct is not None:
        outcome = direct(context).after(context)
        if outcome.tier != "D" or scale is None:
            return outcome
    if measure == "ROM" and scale is not None and kind in DERIVATIONS["SMD"]:
        standard = DERIVATIONS["SMD"][kind](context).after(context)
        return standard if standard.tier == "D" else scale.apply(standard)
    return nothing(f"a {kind.replace('-', ' ')} does not give a {look_up(measure).display}")


def within(outcome: Derived, tiers: tuple[str, ...]) -> Derived:
    """Return the effect, or nothing where its tier is not admitted."""
    if outcome.tier == "D" or outcome.tier in tiers:
        return outcome
    return replace(nothing(f"tier {outcome.tier} is not admitted by the rule"), steps=outcome.steps)
