"""`judge`: a claim and the evidence on it, by the rule that was fixed with the claim."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.arguments import check_arguments, need
from meta.claims.estimand import claimed_on_model_scale, region, threshold
from meta.claims.proportion import NormalisationFinding
from meta.claims.verdict import Compatibility, Conclusion, Probabilities, Verdict, join_reasons
from meta.effects.model import EffectSizes
from meta.errors import InputError, quiet
from meta.formatting import number, percent
from meta.keywords import keywords

if TYPE_CHECKING:
    from meta.evidence.claims import Analysis, Claim, Rule


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
        priors; or a posterior, which is used as it is. None, or effects with nothing to compute: untestable.
    analysis : str, optional
        Which of the claim's analyses this is; by default the first on the effects' scale.
    fit, posterior : optional
        The frequentist fit and the posterior, where both are at hand.
    normalisation : NormalisationFinding, optional
        For a proportion claim without direct evidence: what regression to the mean would do.

    Returns
    -------
    Verdict
        Its ``conclusion`` is "supported", "inconclusive", "contradicted" or "untestable".

    Raises
    ------
    InputError
        If the effects are on another scale than the claim, or ``evidence`` is something else.

    Notes
    -----
    *Supported* where P(mean effect at least as large) is at least ``rule.support``, *contradicted* where it
    is at most ``rule.contradict``; either only with ``rule.min_studies`` independent studies of which
    ``rule.min_computed`` are of tier A or B, and only if a prior ``rule.prior_factor`` times as wide agrees.
    Surprisals are -log2 p (Greenland 2019, doi:10.1080/00031305.2018.1529625).
    """
    check_arguments(judge, locals())
    if fit is not None:
        need(fit, "fit", "a fit of meta.pool", "p_value_at", "k", "test")
    if posterior is not None:
        need(posterior, "posterior", "a posterior of meta.bayes", "probability", "bayes_factor")
    fit, posterior, effects = _sort(evidence, fit, posterior)
    chosen = _analysis(claim, analysis, effects)
    if claim.kind == "proportion" and chosen.role == "primary" and _size(effects) == 0:
        return _untestable_share(claim, chosen, effects, fit, posterior, normalisation)
    if chosen.role == "indirect":
        return _untestable_share(claim, chosen, effects, fit, posterior, normalisation)
    if effects is None or _size(effects) == 0:
        return _untestable(claim, chosen, effects)
    _same_scale(effects, chosen)
    posterior = posterior or posterior_of(effects, chosen)
    at_margin = _probabilities(claim, chosen, effects, posterior, None)
    counts = _counts(effects)
    conclusion, reasons = decide(claim.rule, at_margin, counts["k"], counts["k_computed"])
    bf_claimed, bf_side = _bayes_factors(claim, posterior)
    return Verdict(
        claim,
        chosen,
        conclusion,
        reasons,
        _sentence(claim, chosen, conclusion, at_margin, counts, effects, reasons),
        k=counts["k"],
        k_computed=counts["k_computed"],
        k_listed=counts["k_listed"],
        tiers=counts["tiers"],
        at_margin=at_margin,
        at_claim=_probabilities(claim, chosen, effects, posterior, 1.0),
        compatibility=compatibility(claim, fit),
        bf_claimed=bf_claimed,
        bf_side=bf_side,
        fit=fit,
        posterior=posterior,
        normalisation=normalisation,
        indirectness=_indirectness(effects),
        warnings=(
            *selection_caution(effects, chosen),
            *getattr(fit, "warnings", ()),
            *getattr(posterior, "warnings", ()),
        ),
    )


def posterior_of(
    effects: EffectSizes, analysis: Analysis, factor: float = 1.0, *, truncated: bool = False
) -> Any:
    """Return the exact posterior with the analysis's priors, each ``factor`` times as wide.

    ``truncated``: exact effects enter with the likelihood of results that were seen because p < 0.05.
    """
    from meta.bayes.fit import bayes
    from meta.bayes.priors import HalfNormal, Normal

    prior = analysis.prior
    with quiet():
        return bayes(
            effects,
            effect=Normal(0.0, factor * prior.effect_sd),
            tau=HalfNormal(factor * prior.tau_sd),
            truncated=True if truncated else None,
        )


def selection_caution(effects: EffectSizes, analysis: Analysis) -> tuple[str, ...]:
    """Say so where every effect that could be computed is significant and other trials gave no number."""
    exact = effects.subset(effects.exact)
    silent = int(np.sum(effects.kind == "none"))
    if exact.k == 0 or silent == 0 or np.any(np.abs(exact.yi) < 1.96 * exact.sei):
        return ()
    posterior = posterior_of(exact, analysis, truncated=True)
    low, high = posterior.interval(0.95)
    trials = "1 listed trial gives" if silent == 1 else f"{silent} listed trials give"
    return (
        f"every effect that could be computed is significant, while {trials} no number: the pool leans away "
        "from zero. With the likelihood of results that are seen only when p < 0.05 it is "
        f"{number(posterior.estimate, 2)} ({number(low, 2)} to {number(high, 2)})",
    )


def decide(
    rule: Rule, at_margin: Probabilities, k: int, k_computed: int
) -> tuple[Conclusion, tuple[str, ...]]:
    """Apply the rule; return the conclusion and the reasons.

    Parameters
    ----------
    rule : Rule
        Of the claim.
    at_margin : Probabilities
        With the claim's margin.
    k, k_computed : int
        Studies in the pool, and those of tier A or B among them.
    """
    p, wide = at_margin.mean, at_margin.wide
    leaning: Conclusion = "inconclusive"
    if p >= rule.support:
        leaning = "supported"
    elif p <= rule.contradict:
        leaning = "contradicted"
    if leaning == "inconclusive":
        between = f"{percent(rule.contradict)} and {percent(rule.support)}"
        reasons = [
            f"the probability that the effect is at least as large, {percent(p)}, lies between {between}"
        ]
    else:
        reasons = []
    if k < rule.min_studies:
        there = "there is one study" if k == 1 else f"there are {k} studies"
        reasons.append(f"{there} where the rule asks for {rule.min_studies} independent ones")
    if k_computed < rule.min_computed:
        reasons.append("no study of tier A or B; bounds alone do not decide")
    agrees = wide >= rule.support if leaning == "supported" else wide <= rule.contradict
    if leaning != "inconclusive" and not agrees:
        reasons.append(
            f"a prior {number(rule.prior_factor, 0)} times as wide moves the probability to {percent(wide)}"
        )
    if leaning == "inconclusive" or reasons:
        return "inconclusive", tuple(reasons)
    return leaning, (f"the probability that the effect is at least as large is {percent(p, 1)}",)


def compatibility(claim: Claim, fit: Any) -> Compatibility | None:
    """Return the p-values of the claimed value and of no effect under the fit's own test."""
    if fit is None:
        return None
    p_claimed = float(fit.p_value_at(claimed_on_model_scale(claim.estimand)))
    p_null = float(fit.p_value_at(0.0))
    test = "the study's own test" if fit.k == 1 else fit.test
    return Compatibility(test, p_claimed, _surprisal(p_claimed), p_null, _surprisal(p_null))


def _surprisal(p: float) -> float:
    return -math.log2(p) if p > 0 else math.inf


def _sort(evidence: Any, fit: Any, posterior: Any) -> tuple[Any, Any, EffectSizes | None]:
    """Tell apart what was handed in by what it can do."""
    if isinstance(evidence, EffectSizes):
        return fit, posterior, evidence
    if evidence is not None and hasattr(evidence, "pdf"):
        posterior = evidence
    elif evidence is not None and hasattr(evidence, "p_value_at"):
        fit = evidence
    elif evidence is not None:
        raise InputError(
            f"judge needs a fit, a posterior or effect sizes, not {type(evidence).__name__}; "
            "use meta.pool(...), meta.bayes(...) or evidence.effects(...)"
        )
    source = posterior if posterior is not None else fit
    return fit, posterior, None if source is None else source.effects


def _analysis(claim: Claim, name: str | None, effects: EffectSizes | None) -> Analysis:
    if name is not None:
        known = {item.id: item for item in claim.analyses}
        if name not in known:
            raise InputError(f"claim {claim.id!r} has no analysis {name!r}; it has: {', '.join(known)}")
        return known[name]
    judged = [item for item in claim.analyses if item.role != "beside"]
    if effects is not None:
        same = [item for item in judged if item.measure == effects.measure]
        return same[0] if same else judged[0]
    return judged[0]


def _same_scale(effects: EffectSizes, analysis: Analysis) -> None:
    if effects.measure not in (analysis.measure, "GEN"):
        raise InputError(
            f"the claim is judged on the {analysis.measure} scale, but the effects are {effects.measure}; "
            f"use evidence.effects({analysis.id!r}), or convert them first"
        )


def _size(effects: EffectSizes | None) -> int:
    return 0 if effects is None else int(np.sum(effects.informative))


def _counts(effects: EffectSizes) -> dict[str, Any]:
    tiers = effects.columns.get("tier", np.where(effects.exact, "A", "C"))
    return {
        "k": _size(effects),
        "k_computed": int(np.sum(effects.exact)),
        "k_listed": effects.k,
        "tiers": dict(sorted(Counter(str(tier) for tier in tiers).items())),
    }


def _probabilities(
    claim: Claim, analysis: Analysis, effects: EffectSizes, posterior: Any, margin: float | None
) -> Probabilities:
    low, high = region(claim.estimand, margin)
    side = {"below": high} if math.isinf(low) else {"above": low}
    wide = posterior_of(effects, analysis, claim.rule.prior_factor)
    return Probabilities(
        threshold=threshold(claim.estimand, margin),
        mean=float(posterior.probability(**side)),
        new=float(posterior.probability(**side, of="new")),
        prior=float(posterior.prior_probability(**side)),
        wide=float(wide.probability(**side)),
    )


def _bayes_factors(claim: Claim, posterior: Any) -> tuple[float, float]:
    """Return the Bayes factors of the claimed value, and of any effect on its side, against no effect."""
    x0 = claimed_on_model_scale(claim.estimand)
    claimed = float(posterior.bayes_factor_between(x0, 0.0))
    side = {"below": 0.0} if claim.estimand.side == "below" else {"above": 0.0}
    against_null = 1.0 / float(posterior.bayes_factor("mu=0"))
    return claimed, against_null * float(posterior.probability(**side)) / float(
        posterior.prior_probability(**side)
    )


def _indirectness(effects: EffectSizes) -> tuple[str, ...]:
    words = effects.columns.get("indirectness")
    if words is None:
        return ()
    used = effects.informative
    return tuple(
        f"{study}: {text}"
        for study, text, use in zip(effects.study, words, used, strict=True)
        if text and use
    )


def _indirect_clause(claim: Claim, effects: EffectSizes) -> str:
    notes = _indirectness(effects)
    if not notes:
        return ""
    what = claim.intervention
    dose = f"{number(what.dose_mg, 0)} mg of {what.form}" if what.dose_mg else str(what.form)
    return (
        f" No trial tested {dose} as claimed: {'; '.join(notes)}."
        if len(notes) == _size(effects)
        else (f" Evidence is partly indirect: {'; '.join(notes)}.")
    )


def _sentence(
    claim: Claim,
    analysis: Analysis,
    conclusion: Conclusion,
    at_margin: Probabilities,
    counts: dict[str, Any],
    effects: EffectSizes,
    reasons: tuple[str, ...],
) -> str:
    trials = "1 trial" if counts["k"] == 1 else f"{counts['k']} trials"
    opening = {
        "supported": f"The claim of {claim.estimand.value_text} is supported by {trials}",
        "contradicted": f"The claim of {claim.estimand.value_text} is contradicted by {trials}",
        "inconclusive": f"The evidence does not decide the claim of {claim.estimand.value_text}",
    }[conclusion]
    return f"{opening}: {join_reasons(reasons)}.{_indirect_clause(claim, effects)}"


def _untestable(claim: Claim, analysis: Analysis, effects: EffectSizes | None) -> Verdict:
    listed = 0 if effects is None else effects.k
    reason = (
        "no eligible trial measured it"
        if listed == 0
        else f"{listed} eligible trial(s) measured it, none with a result that can be computed with"
    )
    return Verdict(
        claim,
        analysis,
        "untestable",
        (reason,),
        f"The claim of {claim.estimand.value_text} cannot be tested: {reason}.",
        k_listed=listed,
        tiers={} if effects is None else _counts(effects)["tiers"],
    )


def _untestable_share(
    claim: Claim,
    analysis: Analysis,
    effects: EffectSizes | None,
    fit: Any,
    posterior: Any,
    finding: NormalisationFinding | None,
) -> Verdict:
    of = claim.intervention.treatment
    what = f"no eligible trial of {of} reports the share of people who became normal"
    sentence = f"The claim that {claim.estimand.value_text} is untestable directly: {what}."
    if finding is not None:
        low, high = finding.untreated_range
        sentence += (
            f" Without any treatment {percent(low)} to {percent(high)} of raised values are normal when "
            f"measured again, so a share like {percent(finding.claimed)} says little by itself."
        )
        needed = [item.shift for item in finding.scenarios]
        least = "none" if max(needed) >= 0 else f"{number(max(needed), 2)} SD"
        sentence += (
            f" Depending on the cut-off it would need a true shift of {number(min(needed), 2)} SD to {least}"
        )
        if finding.delta == finding.delta:
            sentence += (
                f"; the trials support {number(finding.delta, 2)} SD "
                f"({number(finding.delta_low, 2)} to {number(finding.delta_high, 2)})"
            )
        sentence += "."
    counts = {"k": 0, "k_computed": 0, "k_listed": 0, "tiers": {}} if effects is None else _counts(effects)
    if effects is not None and analysis.role == "indirect":
        sentence += _indirect_clause(claim, effects)
        if posterior is None and counts["k"]:
            posterior = posterior_of(effects, analysis)
    return Verdict(
        claim,
        analysis,
        "untestable",
        (what,),
        sentence,
        **counts,
        fit=fit,
        posterior=posterior,
        normalisation=finding,
        indirectness=() if effects is None else _indirectness(effects),
        warnings=() if effects is None else selection_caution(effects, analysis),
    )
