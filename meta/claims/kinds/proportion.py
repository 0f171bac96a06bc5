"""A proportion claim: a share of people reaches something; mostly held against what happens anyway."""

from __future__ import annotations

from meta.claims.case import Case, indirectness, plain_counts, with_posterior
from meta.claims.decision_rule import selection_caution
from meta.claims.kinds import effect
from meta.claims.kinds.claim_kind import Kind
from meta.claims.verdict import Verdict
from meta.claims.wording import indirect_clause
from meta.formatting import number, percent


def judge(case: Case) -> Verdict:
    """Judge the share itself where a trial reports it; else say what indirect evidence allows to say."""
    if case.size and case.analysis.role != "indirect":
        return effect.judge(case)
    of = case.claim.intervention.treatment
    what = f"no eligible trial of {of} reports the share of people who became normal"
    indirect = case.analysis.role == "indirect"
    told = _told(case, what) + (indirect_clause(case) if indirect and case.effects is not None else "")
    if indirect and case.size:
        case = with_posterior(case)
    return Verdict(
        case.claim,
        case.analysis,
        "untestable",
        (what,),
        told,
        **plain_counts(case),
        fit=case.fit,
        posterior=case.posterior,
        normalisation=case.normalisation,
        indirectness=indirectness(case.effects),
        warnings=() if case.effects is None else selection_caution(case.effects, case.analysis),
        questions=case.questions,
    )


def _told(case: Case, what: str) -> str:
    told = f"The claim that {case.claim.tested.value_text} is untestable directly: {what}."
    finding = case.normalisation
    if finding is None:
        return told
    low, high = finding.untreated_range
    told += (
        f" Without any treatment {percent(low)} to {percent(high)} of raised values are normal when "
        f"measured again, so a share like {percent(finding.claimed)} says little by itself."
    )
    needed = [item.shift for item in finding.scenarios]
    least = "none" if max(needed) >= 0 else f"{number(max(needed), 2)} SD"
    told += f" Depending on the cut-off it would need a true shift of {number(min(needed), 2)} SD to {least}"
    if finding.delta == finding.delta:
        told += (
            f"; the trials support {number(finding.delta, 2)} SD "
            f"({number(finding.delta_low, 2)} to {number(finding.delta_high, 2)})"
        )
    return f"{told}."


KIND = Kind("proportion", "a share of people reaches something", judge)
