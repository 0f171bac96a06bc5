"""`judge`: a claim and the evidence on it, by the rule that was fixed with the claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from meta.arguments import check_arguments, need
from meta.claims.case import make_case
from meta.claims.kinds.registry import KINDS
from meta.claims.proportion import NormalisationFinding
from meta.claims.verdict import Verdict
from meta.errors import InputError
from meta.evidence.coherence import incoherences
from meta.keywords import keywords

if TYPE_CHECKING:
    from meta.evidence.claims import Claim


@keywords
def judge(
    claim: Claim,
    evidence: Any = None,
    *,
    analysis: str | None = None,
    fit: Any = None,
    posterior: Any = None,
    normalisation: NormalisationFinding | None = None,
) -> Verdict:
    """Give the verdict on a claim.

    Parameters
    ----------
    claim : Claim
        From ``evidence.claims``; its rule decides.
    evidence : Pooled, Posterior, EffectSizes or None
        A frequentist fit or effect sizes, from whose effects the posterior is built with the claim's own
        priors; or a posterior, which is used as it is, and whose verdict must hold under the claim's own
        priors too. None, or effects with nothing to compute: untestable. Rows of one study count as one.
    analysis : str, optional
        Which of the claim's analyses this is; by default the first on the effects' scale.
    fit, posterior : optional
        The frequentist fit and the posterior of the same effects, where both are at hand.
    normalisation : NormalisationFinding, optional
        For a proportion claim without direct evidence: what regression to the mean would do.

    Returns
    -------
    Verdict
        Its ``conclusion`` is "supported", "inconclusive", "contradicted" or "untestable".

    Raises
    ------
    InputError
        If the effects are on another scale than the claim, the fit and the posterior hold other effects, the
        claim does not fit together, or ``evidence`` is something else.

    Notes
    -----
    *Supported* where P(mean effect at least as large) is at least ``rule.support``, *contradicted* where it
    is at most ``rule.contradict``; either only with ``rule.min_studies`` independent studies of which
    ``rule.min_computed`` are of tier A or B, only if the studies other than the most informative one carry
    ``rule.min_information`` of the sampling information (the sum of 1/v), and only if a prior
    ``rule.prior_factor`` times as wide agrees. Studies are told apart by their identity; numbers that agree
    under different names are asked about, and count once where four continuous values or more agree.
    Surprisals are -log2 p (Greenland 2019, doi:10.1080/00031305.2018.1529625).
    """
    check_arguments(judge, locals())
    if fit is not None:
        need(fit, "fit", "a fit of meta.pool", "p_value_at", "k", "test")
    if posterior is not None:
        need(posterior, "posterior", "a posterior of meta.bayes", "probability", "bayes_factor")
    _fits_together(claim)
    return KINDS[claim.kind].judge(make_case(claim, evidence, analysis, fit, posterior, normalisation))


def _fits_together(claim: Claim) -> None:
    """Refuse a claim that was put together in Python and does not mean what its words say."""
    wrong = [str(found) for found in incoherences(claim)]
    if wrong:
        raise InputError(f"claim {claim.id!r}: {'; '.join(wrong)}")
