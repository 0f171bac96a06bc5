"""An effect claim: a size on a side, or any effect on a side."""

from __future__ import annotations

import math
from typing import Any

from meta.claims.case import Case, indirectness, with_posterior
from meta.claims.claimed_effect import claimed_on_model_scale, null_of, points_down, region, threshold
from meta.claims.decision_rule import compatibility, decide, posterior_of, selection_caution
from meta.claims.independence import Standing
from meta.claims.kinds.claim_kind import Kind
from meta.claims.verdict import Conclusion, Probabilities, Verdict
from meta.claims.wording import event, sentence, untestable
from meta.formatting import percent


def judge(case: Case) -> Verdict:
    """Judge an effect by the posterior probability that it is at least as large as claimed."""
    if case.size == 0:
        return untestable(case)
    case = with_posterior(case)
    at_margin = _probabilities(case, None)
    standing = case.standing()
    conclusion, reasons = _decided(case, at_margin, standing)
    bf_claimed, bf_side = _bayes_factors(case)
    counts = {"k": standing.k, "k_computed": standing.k_computed} | case.counts()
    return Verdict(
        case.claim,
        case.analysis,
        conclusion,
        reasons,
        sentence(case, conclusion, standing.k, reasons),
        **counts,
        at_margin=at_margin,
        at_claim=_probabilities(case, 1.0),
        compatibility=compatibility(case.claim, case.fit),
        bf_claimed=bf_claimed,
        bf_side=bf_side,
        fit=case.fit,
        posterior=case.posterior,
        normalisation=case.normalisation,
        indirectness=indirectness(case.effects),
        warnings=_warnings(case),
        others=standing.others,
        questions=case.questions,
    )


def _decided(case: Case, at: Probabilities, standing: Standing) -> tuple[Conclusion, tuple[str, ...]]:
    """Apply the rule; a posterior with other priors must lead where the claim's own priors lead."""
    rule, what = case.claim.rule, event(case.claim)
    found = decide(rule, at, standing.k, standing.k_computed, standing.others, what)
    if found[0] == "inconclusive" or case.own_priors:
        return found
    assert case.effects is not None
    p = _reached(case, posterior_of(case.effects, case.analysis), None)
    own = Probabilities(at.threshold, mean=p, new=at.new, prior=at.prior, wide=at.wide)
    if decide(rule, own, standing.k, standing.k_computed, standing.others)[0] == found[0]:
        return found
    return "inconclusive", (
        f"the posterior's priors ({case.posterior.prior}) are not the claim's, under which the probability "
        f"that {what} is {percent(p)}",
    )


def _reached(case: Case, posterior: Any, margin: float | None, **of: str) -> float:
    return float(posterior.probability(**_side(case, margin), **of))


def _side(case: Case, margin: float | None) -> dict[str, float]:
    low, high = region(case.claim.tested, margin)
    return {"below": high} if math.isinf(low) else {"above": low}


def _probabilities(case: Case, margin: float | None) -> Probabilities:
    assert case.effects is not None
    wide = posterior_of(case.effects, case.analysis, case.claim.rule.prior_factor)
    return Probabilities(
        threshold=threshold(case.claim.tested, margin),
        mean=_reached(case, case.posterior, margin),
        new=_reached(case, case.posterior, margin, of="new"),
        prior=float(case.posterior.prior_probability(**_side(case, margin))),
        wide=_reached(case, wide, margin),
    )


def _bayes_factors(case: Case) -> tuple[float, float]:
    """Return the Bayes factors of the claimed value, and of any effect on its side, against no effect."""
    estimand, posterior = case.claim.tested, case.posterior
    assert estimand is not None
    null = null_of(estimand.measure)
    claimed = math.nan
    if estimand.value is not None:
        claimed = float(posterior.bayes_factor_between(claimed_on_model_scale(estimand), null))
    side = {"below": null} if points_down(estimand) else {"above": null}
    against_null = 1.0 / float(posterior.bayes_factor(f"mu={null:g}"))
    share = float(posterior.probability(**side)) / float(posterior.prior_probability(**side))
    return claimed, against_null * share


def _warnings(case: Case) -> tuple[str, ...]:
    assert case.effects is not None
    other = () if case.own_priors else (f"the posterior's own priors were used: {case.posterior.prior}",)
    return (
        *case.notes,
        *other,
        *selection_caution(case.effects, case.analysis),
        *getattr(case.fit, "warnings", ()),
        *getattr(case.posterior, "warnings", ()),
    )


KIND = Kind("effect", "a size on one side of no effect, or any effect on that side", judge)
