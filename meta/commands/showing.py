"""One study as ``meta show`` and ``meta add`` tell it: what it reported, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from meta.commands.output import clean, table
from meta.effects.eligibility import candidates, reasons_against
from meta.effects.study_evidence import Evidence
from meta.evidence.study_schema import Study
from meta.formatting import listing
from meta.report.as_printed import printed


def as_dict(evidence: Evidence, study: Study) -> dict[str, Any]:
    """Return the study, its effects, and the analyses that it does not enter, for JSON."""
    effects = effects_of(evidence, study)
    left = left_out(evidence, study, effects)
    doubts = [doubt.to_dict() for doubt in evidence.doubts(study.id)]
    return {"study": study.model_dump(mode="json"), "effects": effects, "left_out": left, "doubts": doubts}


def print_study(evidence: Evidence, study: Study) -> None:
    """Print the study: heading, results as printed, and what follows from them."""
    print(_heading(study))
    treatment = evidence.library.claims.topic.treatment
    rows = [
        (r.measured, r.time.label, printed(study, r, treatment) or "–", r.place, study.source(r.source).read)
        for r in study.results
    ]
    if rows:
        table(("outcome", "time", "as printed", "place", "read"), rows)
    print_effects(evidence, study)


def print_effects(evidence: Evidence, study: Study) -> None:
    """Print the effect, its tier and assumptions by analysis, or why there is none."""
    effects = effects_of(evidence, study)
    for item in effects:
        print(clean(f"{item['analysis']}: tier {item['tier']}: {item['steps'] or item['reason']}"))
        if item["assumptions"]:
            print(clean(f"  assumed: {item['assumptions']}"))
    if not effects:
        print(
            "It enters no analysis." + (f" {clean(study.exclusion_reason)}" if study.exclusion_reason else "")
        )
    for item in left_out(evidence, study, effects):
        print(clean(f"not in {item['analysis']}: {'; '.join(item['reasons'])}"))
    for doubt in evidence.doubts(study.id):
        print(clean(f"{doubt.kind}: {doubt}"))


def effects_of(evidence: Evidence, study: Study) -> list[dict[str, Any]]:
    """Return the study's effect in each analysis that it enters."""
    found = []
    for name in evidence.analyses:
        effects = evidence.effects(name)
        for i, owner in enumerate(effects.columns["study_id"]):
            if owner == study.id:
                own = {key: effects.columns[key][i] for key in ("tier", "steps", "assumptions", "reason")}
                found.append({"analysis": name, "yi": effects.yi[i], "vi": effects.vi[i], **own})
    return found


def left_out(evidence: Evidence, study: Study, effects: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return why an included study does not enter the analyses of the outcomes that it reports.

    An outcome that enters one analysis is not asked for in the others, which are for other people.
    """
    if study.status == "excluded":
        return []
    entered = {item["analysis"] for item in effects}
    outcomes = {result.outcome for result in study.results}
    served = {analysis.outcome for name, (_, analysis) in evidence.analyses.items() if name in entered}
    found = []
    for name, (_, analysis) in evidence.analyses.items():
        if analysis.outcome not in outcomes - served:
            continue
        reasons = reasons_against(study, analysis.eligibility)
        if not reasons and not candidates(study, analysis):
            reasons = ["its results are baseline values, or compare no treatment arm with a control"]
        if not reasons:
            reasons = [f"another file on the same people ({study.cohort}) gives the better result"]
        found.append({"analysis": name, "reasons": reasons})
    pooled = sorted({analysis.outcome for _, analysis in evidence.analyses.values()})
    if outcomes and not found and not entered and pooled:
        reasons = [f"it reports {listing(sorted(outcomes))}; pooled are {listing(pooled)}"]
        found.append({"analysis": "any analysis", "reasons": reasons})
    return found


def _heading(study: Study) -> str:
    design = study.design
    lines = [
        f"{study.label}: {study.title}",
        f"{study.status}; {design.kind}, allocation {design.allocation}, {design.blinding}; "
        f"{study.population.description}",
    ]
    lines += [f"source: {s.citation} ({s.read})" for s in study.sources]
    lines += [f"left open: {doubt.about}: {doubt.says}" for doubt in study.ambiguities]
    return "\n".join(clean(line) for line in lines)
