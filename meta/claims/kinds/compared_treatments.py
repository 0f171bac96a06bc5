"""A contrast claim: one treatment against another, by a network where no trial compares them directly."""

from __future__ import annotations

from meta.claims.case import Case
from meta.claims.kinds import effect
from meta.claims.kinds.claim_kind import Kind
from meta.claims.kinds.summarised import judge_summary
from meta.claims.verdict import Verdict
from meta.claims.wording import untestable
from meta.errors import InputError
from meta.formatting import listing
from meta.models.network.network_contrast import NetworkContrast
from meta.results.abilities import ContrastsOfTreatments


def judge(case: Case) -> Verdict:
    """Judge the contrast of a network of :func:`meta.pool_network`, or effects of direct comparisons."""
    asked, net = case.claim.contrast, case.given
    assert asked is not None
    if case.size:
        return effect.judge(case)
    if isinstance(net, NetworkContrast):
        if (net.treat1, net.treat2) != (asked.treatment, asked.comparator):
            raise InputError(
                f"the claim is about {asked.treatment} against {asked.comparator}, and this is {net.treat1} "
                f"against {net.treat2}; give net.contrast({asked.treatment!r}, {asked.comparator!r})"
            )
        return judge_summary(case, net, net.trials)
    if not isinstance(net, ContrastsOfTreatments):
        return untestable(
            case,
            f"no eligible trial compared {asked.treatment} with {asked.comparator}; a network of trials "
            "(meta.pool_network) may compare them through others",
        )
    known = [str(name) for name in net.treatments]
    missing = [name for name in (asked.treatment, asked.comparator) if name not in known]
    if missing:
        return untestable(case, f"no trial of {listing(missing)}; the network has {listing(known)}")
    return judge_summary(case, net.contrast(asked.treatment, asked.comparator), int(net.k))


KIND = Kind("contrast", "one treatment against another", judge)
