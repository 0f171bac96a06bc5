"""The variance variants (``vtype``) of the measures, by name."""

from __future__ import annotations

from meta.effects.measures.definition import Measure
from meta.errors import unknown_option

VTYPES: dict[str, str] = {
    "LS": "large-sample variance",
    "LS2": "large-sample variance of Borenstein 2009, times J squared",
    "UB": "unbiased variance",
    "RM": "variance of RevMan, g squared over 2 (N - 3.94)",
    "HO": "variance assuming equal spread in both groups",
    "AV": "variance with the average over the studies plugged in",
    "AVHO": "variance with the average over studies and groups plugged in",
    "ST": "variance for stratified sampling (group sizes fixed)",
    "CS": "variance for cross-sectional sampling (group sizes random)",
}


def choose(measure: Measure, vtype: str | None) -> str | None:
    """Check ``vtype`` for a measure; None chooses the default, and is returned without a choice.

    "LS" is understood by all measures, as the default of measures without a variance of that name.

    Examples
    --------
    >>> from meta.effects.registry import measure
    >>> choose(measure("SMD"), None), choose(measure("SMDH"), None)
    ('LS', None)
    """
    if vtype is None:
        return measure.variants[0] if measure.variants else None
    if vtype in measure.variants:
        return vtype
    if vtype == "LS":
        return measure.variants[0] if measure.variants else None
    raise unknown_option(f"vtype for measure {measure.code}", vtype, measure.variants or ("LS",))


def variant_name(
    measure: Measure, vtype: str | None, exact: bool = True, bias_correction: bool = True
) -> str:
    """Name the formula for the print-out.

    Examples
    --------
    >>> from meta.effects.registry import measure
    >>> variant_name(measure("SMD"), "LS")
    'LS (large-sample variance); exact Hedges correction'
    """
    parts = [f"{vtype} ({VTYPES[vtype]})"] if vtype else []
    if "exact" in measure.options:
        parts.append("exact Hedges correction" if exact else "approximate Hedges correction 1 - 3/(4m - 1)")
    if "bias_correction" in measure.options:
        parts.append("bias-corrected" if bias_correction else "without bias correction")
    return "; ".join(parts)
