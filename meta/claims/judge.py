"""`judge`: a claim and the evidence on it, by the rule that was fixed with the claim."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from meta.arguments import check_arguments, need
from meta.claims.case import Case, bears_on, make_case
from meta.claims.kinds.kind_registry import KINDS
from meta.claims.normalised_share import NormalisationFinding
from meta.claims.verdict import Verdict
from meta.claims.wording import untestable
from meta.errors import InputError
from meta.evidence.coherence import incoherences
from meta.formatting import listing
from meta.keywords import keywords

if TYPE_CHECKING:
    from meta.evidence.claims import Claim


@keywords
def judge(
    claim: Claim,
    evidence: Any = None,
    *,
    reading: str | None = None,
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
        A fact claim takes none; a contrast takes a network, a region a dose-response curve.
    reading : str, optional
        Which of the claim's readings to judge; by default the headline, with the verdict on each reading
        that the evidence bears on in ``readings``.
    analysis : str, optional
        Which of the claim's analyses this is; by default the first on the effects' scale.
    fit, posterior : optional
        The frequentist fit and the posterior of the same effects, where both are at hand.
    normalisation : NormalisationFinding, optional
        For a proportion claim without direct evidence: what regression to the mean would do.

    Returns
    -------
    Verdict
        Its ``conclusion`` is "supported", "inconclusive", "contradicted" or "untestable"; of a fact claim
        "true", "half true", "false" or "untestable".

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
    given = (evidence, analysis, fit, posterior, normalisation)
    if not claim.readings:
        if reading is not None:
            raise InputError(f"claim {claim.id!r} has no readings, so that reading={reading!r} names none")
        return _judged(claim, *given)
    if reading is not None:
        _known_reading(claim, reading)
        return replace(_judged(claim.as_read(reading), *given), reading=reading)
    return _every_reading(claim, *given)


def _judged(
    claim: Claim, evidence: Any, analysis: str | None, fit: Any, posterior: Any, normalisation: Any
) -> Verdict:
    """The verdict on a claim that can be read in one way."""
    kind = KINDS[claim.kind]
    if kind.needs_fit:
        return kind.judge(make_case(claim, evidence, analysis, fit, posterior, normalisation))
    if any(part is not None for part in (evidence, fit, posterior)):
        raise InputError(
            f"claim {claim.id!r} is a {claim.kind}: it rests on its sources, and takes no fit; leave it out"
        )
    return kind.judge(Case(claim, None, None))


def _every_reading(claim: Claim, *given: Any) -> Verdict:
    """The verdict on the headline, with those on all readings that the evidence bears on."""
    found: dict[str, Verdict] = {}
    for item in claim.readings:
        own = claim.as_read(item.id)
        if not KINDS[own.kind].needs_fit:
            found[item.id] = replace(_judged(own, None, None, None, None, None), reading=item.id)
        elif bears_on(own, *given[:4]):
            found[item.id] = replace(_judged(own, *given), reading=item.id)
    named = [found[name] for name in claim.headline if name in found]
    if not named:
        names = listing([repr(name) for name in claim.headline])
        return replace(untestable(_empty(claim), f"the evidence does not bear on {names}"), readings=found)
    first = named[0]
    if len(named) == 1:
        return replace(first, claim=claim, readings=found)
    conclusions = {verdict.conclusion for verdict in named}
    labels = {item.id: item.label for item in claim.readings}
    return replace(
        first,
        claim=claim,
        conclusion=conclusions.pop() if len(conclusions) == 1 else "inconclusive",
        reasons=tuple(f"{labels[v.reading]}: {v.conclusion}" for v in named),
        sentence=" ".join(f"{labels[v.reading].capitalize()}: {v.sentence}" for v in named),
        readings=found,
    )


def _empty(claim: Claim) -> Case:
    judged = [item for item in claim.analyses if item.role != "beside"] or list(claim.analyses)
    return Case(claim, judged[0] if judged else None, None)


def _known_reading(claim: Claim, reading: str) -> None:
    known = [item.id for item in claim.readings]
    if reading not in known:
        raise InputError(f"claim {claim.id!r} has no reading {reading!r}; it has: {', '.join(known)}")


def _fits_together(claim: Claim) -> None:
    """Refuse a claim that was put together in Python and does not mean what its words say."""
    wrong = [str(found) for found in incoherences(claim)]
    if wrong:
        raise InputError(f"claim {claim.id!r}: {'; '.join(wrong)}")
