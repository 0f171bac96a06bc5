"""Which studies and results may enter an analysis, with the reason for each that may not."""

from __future__ import annotations

from meta.evidence.claim_parts import Analysis, Eligibility, Intervention
from meta.evidence.study_schema import Arm, Result, Study
from meta.formatting import listing, number

DOSE_TOLERANCE = 0.2
CONTROL_ROLES = ("control", "other")


def reasons_against(study: Study, rules: Eligibility) -> list[str]:
    """Return why a study may not enter; empty if it may.

    The rules are those of one analysis: population, allocation, control, route, co-interventions.
    """
    reasons = []
    if study.status == "excluded":
        return [study.exclusion_reason]
    if study.population.group not in rules.groups:
        reasons.append(f"population: {study.population.group}")
    if study.design.allocation not in rules.allocation:
        reasons.append(f"allocation {study.design.allocation}")
    if study.design.control not in rules.controls:
        reasons.append(f"control: {study.design.control}")
    routes = {arm.route for arm in study.arms if arm.role == "treatment" and arm.route}
    if routes and not routes & set(rules.routes):
        reasons.append(f"route: {listing(sorted(routes), 'or')}")
    extras = sorted({extra for arm in treatment_arms(study) for extra in arm.co_interventions})
    if extras and not rules.co_interventions:
        reasons.append(f"given together with {listing(extras)}")
    return reasons


def treatment_arms(study: Study) -> list[Arm]:
    """Return the arms that got the treatment."""
    return [arm for arm in study.arms if arm.role == "treatment"]


def contrast(study: Study, result: Result) -> tuple[Arm, Arm] | None:
    """Return the (treatment, control) arms that a result compares, or None if it compares none."""
    arms = [study.arm(name) for name in result.arms]
    treated = [arm for arm in arms if arm.role == "treatment"]
    controls = [arm for arm in arms if arm.role in CONTROL_ROLES]
    return (treated[0], controls[0]) if treated and controls else None


def candidates(study: Study, analysis: Analysis) -> list[Result]:
    """Return a study's results on the analysis's outcome that are not baseline values."""
    return [
        result
        for result in study.results
        if result.outcome == analysis.outcome and result.phase != "baseline" and contrast(study, result)
    ]


def distance_in_time(result: Result, rules: Eligibility) -> float:
    """Return how far a result is from the analysis's target time; averages come after single times.

    Without a target the latest time wins, because that is the end of treatment.
    """
    hours = {"h": 1.0, "d": 24.0, "wk": 168.0}
    if rules.target_time is None:
        known = result.time.value is not None and result.time.unit is not None
        return -result.time.value * hours[result.time.unit] if known else 0.0  # type: ignore[operator,index]
    if result.time.averaged or result.time.value is None:
        return 1e6
    target = rules.target_time * hours[rules.target_unit or "h"]
    return abs(result.time.value * hours[result.time.unit or "h"] - target)


def indirectness(study: Study, arm: Arm, claimed: Intervention) -> tuple[str, ...]:
    """Return how a trial's treatment differs from the claimed one: form, route, dose."""
    found = []
    if claimed.form and arm.form and claimed.form.lower() not in arm.form.lower():
        found.append(f"{arm.form}, not {claimed.form}")
    elif claimed.form and not arm.form:
        found.append(f"form not stated (claim: {claimed.form})")
    if arm.route and arm.route != claimed.route:
        found.append(f"{arm.route}, not {claimed.route}")
    if claimed.dose_mg and arm.dose_mg is None:
        found.append(f"dose not stated (claim: {number(claimed.dose_mg, 0)} mg)")
    elif claimed.dose_mg and abs(arm.dose_mg / claimed.dose_mg - 1) > DOSE_TOLERANCE:  # type: ignore[operator]
        found.append(f"{number(arm.dose_mg, 0)} mg, not {number(claimed.dose_mg, 0)} mg")
    if claimed.population:
        people = study.population.description.split(" (")[0]
        found.append(f"{people}, not {claimed.population}")
    return tuple(found)
