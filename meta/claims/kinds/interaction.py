"""An interaction claim: the treatment does more with a partner than without."""

from __future__ import annotations

from dataclasses import replace

from meta.claims.case import Case
from meta.claims.kinds import effect
from meta.claims.kinds.claim_kind import Kind
from meta.claims.verdict import Verdict
from meta.claims.wording import untestable


def judge(case: Case) -> Verdict:
    """Judge the contrast with and without the partner, where both sides got the treatment."""
    asked, treatment = case.claim.interaction, case.claim.intervention.treatment
    partner = asked.partner if asked is not None else "the partner"
    if case.size == 0:
        return untestable(case, f"no eligible trial compared {treatment} with and without {partner}")
    found = effect.judge(case)
    told = f"{treatment} with {partner} against {treatment} alone: {found.sentence}"
    return replace(found, sentence=told[:1].upper() + told[1:])


KIND = Kind("interaction", "the treatment does more with a partner than without", judge)
