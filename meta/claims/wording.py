"""The sentences of verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meta.claims.case import Case, indirectness
from meta.claims.verdict import Conclusion, Verdict, join_reasons
from meta.formatting import number

if TYPE_CHECKING:
    from meta.evidence.claims import Claim


def event(claim: Claim) -> str:
    """What the probability of a verdict is of."""
    if claim.estimand is not None and claim.tested.value is None:
        return "there is an effect on the claim's side"
    return "the effect is at least as large"


def put_to_test(claim: Claim) -> str:
    """What is put to the test, in words."""
    return claim.statement if claim.estimand is None else claim.tested.value_text


def sentence(case: Case, conclusion: Conclusion, k: int, reasons: tuple[str, ...]) -> str:
    """The verdict in one sentence, with the ways in which the evidence is indirect."""
    trials, what = "1 trial" if k == 1 else f"{k} trials", put_to_test(case.claim)
    opening = {
        "supported": f"The claim of {what} is supported by {trials}",
        "contradicted": f"The claim of {what} is contradicted by {trials}",
        "inconclusive": f"The evidence does not decide the claim of {what}",
    }[conclusion]
    asked = "".join(f" {question[:1].upper()}{question[1:]}" for question in case.questions)
    return f"{opening}: {join_reasons(reasons)}.{indirect_clause(case)}{asked}"


def indirect_clause(case: Case) -> str:
    """How the treatment of the trials in the pool differs from the claimed one."""
    notes = indirectness(case.effects)
    if not notes:
        return ""
    what = case.claim.intervention
    dose = f"{number(what.dose_mg, 0)} mg of {what.form}" if what.dose_mg else str(what.form)
    return (
        f" No trial tested {dose} as claimed: {'; '.join(notes)}."
        if len(notes) == case.size
        else f" Evidence is partly indirect: {'; '.join(notes)}."
    )


def untestable(case: Case, reason: str | None = None) -> Verdict:
    """The verdict where there is nothing to compute with."""
    listed = 0 if case.effects is None else case.effects.k
    why = reason or (
        "no eligible trial measured it"
        if listed == 0
        else f"{listed} eligible trial(s) measured it, none with a result that can be computed with"
    )
    return Verdict(
        case.claim,
        case.analysis,
        "untestable",
        (why,),
        f"The claim of {put_to_test(case.claim)} cannot be tested: {why}.",
        **(case.counts() if case.effects is not None else {"k_listed": 0, "tiers": {}}),
    )
