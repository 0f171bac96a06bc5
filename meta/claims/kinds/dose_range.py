"""A region claim: an effect over a range of doses or times."""

from __future__ import annotations

from meta.claims.case import Case
from meta.claims.kinds.claim_kind import Kind
from meta.claims.kinds.summarised import judge_summary
from meta.claims.verdict import Verdict
from meta.claims.wording import untestable
from meta.results.abilities import EstimatedWithError, OverRange


def judge(case: Case) -> Verdict:
    """Judge the mean effect over the range, from a curve with ``over(low, high)`` or what that returned."""
    asked, curve = case.claim.region, case.given
    assert asked is not None
    if isinstance(curve, OverRange):
        return judge_summary(case, curve.over(asked.low, asked.high), int(curve.k))
    if case.effects is None and isinstance(curve, EstimatedWithError):
        return judge_summary(case, curve, int(curve.k))
    return untestable(
        case,
        f"it takes a curve over {asked.of} to say anything about {asked.low:g} to {asked.high:g} "
        f"{asked.unit}: pass meta.dose_response(...)",
    )


KIND = Kind("region", "an effect over a range of doses or times", judge)
