"""The rule of a claim, the posterior that it is applied to, and what a frequentist fit says beside it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.claims.claimed_effect import claimed_on_model_scale, null_of
from meta.claims.verdict import Compatibility, Conclusion, Probabilities
from meta.effects.effect_size_table import EffectSizes
from meta.errors import quiet
from meta.formatting import number, percent

if TYPE_CHECKING:
    from meta.evidence.claim_parts import Analysis, Rule
    from meta.evidence.claims import Claim


def decide(
    rule: Rule,
    at_margin: Probabilities,
    k: int,
    k_computed: int,
    others: float = 1.0,
    event: str = "the effect is at least as large",
) -> tuple[Conclusion, tuple[str, ...]]:
    """Apply the rule; return the conclusion and the reasons.

    Parameters
    ----------
    rule : Rule
        Of the claim.
    at_margin : Probabilities
        With the claim's margin.
    k, k_computed : int
        Independent studies in the pool, and those of tier A or B among them.
    others : float
        Share of the sampling information that the studies beside the most informative one carry.
    event : str
        What the probabilities are of, in words.
    """
    p, wide = at_margin.mean, at_margin.wide
    leaning = _leaning(rule, p)
    reasons = []
    if leaning == "inconclusive":
        between = f"{percent(rule.contradict)} and {percent(rule.support)}"
        reasons += [f"the probability that {event}, {percent(p)}, lies between {between}"]
    if k < rule.min_studies:
        there = "there is one study" if k == 1 else f"there are {k} studies"
        reasons.append(f"{there} where the rule asks for {rule.min_studies} independent ones")
    elif k > 1 and others < rule.min_information:
        reasons.append(
            f"the studies beside the most informative one carry {_small(others)} of the information where "
            f"the rule asks for {percent(rule.min_information)}"
        )
    if k_computed < rule.min_computed:
        reasons.append("no study of tier A or B; bounds alone do not decide")
    if leaning != "inconclusive" and _leaning(rule, wide) != leaning:
        reasons.append(
            f"a prior {number(rule.prior_factor, 0)} times as wide moves the probability to {percent(wide)}"
        )
    if leaning == "inconclusive" or reasons:
        return "inconclusive", tuple(reasons)
    return leaning, (f"the probability that {event} is {percent(p, 1)}",)


def bars(rule: Rule, prior: float) -> tuple[float, float]:
    """Bayes factors that "supported" and "contradicted" ask for, from the prior probability of the event.

    The first is for the event, the second against it.

    >>> from meta.evidence.claim_parts import Rule
    >>> [round(bar, 2) for bar in bars(Rule(), 0.2)], [round(bar) for bar in bars(Rule(), 0.5)]
    ([76.0, 4.75], [19, 19])
    """
    odds = prior / (1 - prior)
    return rule.support / (1 - rule.support) / odds, odds * (1 - rule.contradict) / rule.contradict


def _leaning(rule: Rule, p: float) -> Conclusion:
    if p >= rule.support:
        return "supported"
    return "contradicted" if p <= rule.contradict else "inconclusive"


def _small(share: float) -> str:
    return "less than 0.1%" if share < 0.001 else percent(share, 1)


def posterior_of(
    effects: EffectSizes, analysis: Analysis, factor: float = 1.0, *, truncated: bool = False
) -> Any:
    """Return the exact posterior with the analysis's priors, each ``factor`` times as wide.

    ``truncated``: exact effects enter with the likelihood of results that were seen because p < 0.05.
    """
    from meta.bayes.fit import bayes

    effect, tau = priors_of(analysis, factor)
    with quiet():
        return bayes(effects, effect=effect, tau=tau, truncated=True if truncated else None)


def priors_of(analysis: Analysis, factor: float = 1.0) -> tuple[Any, Any]:
    """The analysis's priors of the mean effect and of tau, each ``factor`` times as wide."""
    from meta.bayes.priors import HalfNormal, Normal

    prior = analysis.prior
    center = null_of(analysis.measure) if prior.effect_mean is None else prior.effect_mean
    return Normal(center, factor * prior.effect_sd), HalfNormal(factor * prior.tau_sd)


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


def compatibility(claim: Claim, fit: Any) -> Compatibility | None:
    """Return the p-values of the claimed value and of no effect under the fit's own test."""
    if fit is None or claim.estimand is None:
        return None
    test = "the study's own test" if fit.k == 1 else fit.test
    p_null = float(fit.p_value_at(null_of(claim.tested.measure)))
    if claim.tested.value is None:
        return Compatibility(test, math.nan, math.nan, p_null, surprisal(p_null))
    p_claimed = float(fit.p_value_at(claimed_on_model_scale(claim.tested)))
    return Compatibility(test, p_claimed, surprisal(p_claimed), p_null, surprisal(p_null))


def surprisal(p: float) -> float:
    """-log2 p.

    >>> surprisal(0.25)
    2.0
    """
    return -math.log2(p) if p > 0 else math.inf
