"""Claims about one number of a larger model: a contrast, or the mean effect over doses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from meta.claims.case import Case
from meta.claims.claimed_effect import claimed_on_model_scale, null_of, region, threshold
from meta.claims.decision_rule import decide, priors_of, surprisal
from meta.claims.verdict import Compatibility, Probabilities, Verdict
from meta.claims.wording import event, sentence
from meta.results.abilities import Compatible


def judge_summary(case: Case, found: Any, k: int) -> Verdict:
    """Judge an estimate with its standard error: a normal likelihood under the claim's normal prior."""
    estimand, rule = case.claim.tested, case.claim.rule
    assert estimand is not None
    y, se = float(found.estimate), float(found.se)
    low, _ = region(estimand)
    down = math.isinf(low)

    def reached(factor: float, margin: float | None, likelihood: bool = True) -> float:
        prior, _ = priors_of(case.analysis, factor)
        precision = 1 / prior.sd**2 + likelihood / se**2
        mean = (prior.mean / prior.sd**2 + likelihood * y / se**2) / precision
        below = float(special.ndtr((threshold(estimand, margin) - mean) * np.sqrt(precision)))
        return below if down else 1 - below

    def chances(margin: float | None) -> Probabilities:
        wide = reached(rule.prior_factor, margin)
        prior = reached(1.0, margin, likelihood=False)
        return Probabilities(threshold(estimand, margin), reached(1.0, margin), math.nan, prior, wide)

    at = chances(None)
    conclusion, reasons = decide(rule, at, k, k, 1.0, event(case.claim))
    p = [
        float(found.p_value_at(x))
        if isinstance(found, Compatible)
        else 2 * float(special.ndtr(-abs(y - x) / se))
        for x in (claimed_on_model_scale(estimand), null_of(estimand.measure))
    ]
    test = str(getattr(found, "test", "z"))
    return Verdict(
        case.claim,
        case.analysis,
        conclusion,
        reasons,
        sentence(case, conclusion, k, reasons),
        k=k,
        k_computed=k,
        k_listed=k,
        tiers={},
        at_margin=at,
        at_claim=chances(1.0),
        compatibility=Compatibility(test, p[0], surprisal(p[0]), p[1], surprisal(p[1])),
        warnings=(*case.notes, *getattr(found, "warnings", ())),
    )
