"""A non-inferiority claim: no worse than the control by more than a margin ("without side effects")."""

from __future__ import annotations

import re

import numpy as np

from meta.claims.case import Case, indirectness
from meta.claims.decision_rule import decide
from meta.claims.kinds import effect
from meta.claims.kinds.claim_kind import Kind
from meta.claims.verdict import Probabilities, Verdict
from meta.claims.wording import indirect_clause, put_to_test, untestable
from meta.formatting import number, percent
from meta.kernels.risk_margin import RiskMargin, risk_margin

COUNTS = ("events1", "n1", "events2", "n2")
EVENT = "the difference stays within the margin"


def judge(case: Case) -> Verdict:
    """Judge by the binomial likelihood of each arm; by the effects where no counts are at hand."""
    if case.size == 0:
        return untestable(case)
    tables = _tables(case)
    if tables is None or case.analysis.measure != "RD":
        return effect.judge(case)
    assert case.effects is not None
    margin, prior, factor = case.claim.tested.value, case.analysis.prior, case.claim.rule.prior_factor
    assert margin is not None

    def at(times: float) -> RiskMargin:
        sds = {"effect_sd": times * prior.effect_sd, "tau_sd": times * prior.tau_sd}
        return risk_margin(*tables, margin=margin, **sds)

    found, wide = at(1.0), at(factor)
    sign = case.claim.tested.side == "below"
    chances = Probabilities(
        margin, *(p if sign else 1 - p for p in (found.below, found.new_below, found.prior_below, wide.below))
    )
    information = 1 / case.effects.vi[case.effects.exact]
    k = tables.shape[1]
    others = float(1 - information.max() / information.sum()) if k > 1 else 0.0
    conclusion, reasons = decide(case.claim.rule, chances, k, k, others, EVENT)
    opening = {
        "supported": f"That {put_to_test(case.claim)} is supported",
        "contradicted": f"That {put_to_test(case.claim)} is contradicted",
    }.get(conclusion, f"The evidence does not decide whether {put_to_test(case.claim)}")
    return Verdict(
        case.claim,
        case.analysis,
        conclusion,
        reasons,
        f"{opening}: {'; '.join(reasons)}.{_beside(found, margin)}{indirect_clause(case)}",
        k=k,
        k_computed=k,
        **case.counts(),
        at_margin=chances,
        fit=case.fit,
        indirectness=indirectness(case.effects),
        warnings=case.notes,
        others=others,
        questions=case.questions,
    )


def _beside(found: RiskMargin, margin: float) -> str:
    """The control risk, the risk ratio and what the margin is of that risk."""
    told = (
        f" Risk difference {number(100 * found.mean, 1)} points ({number(100 * found.low, 1)} to "
        f"{number(100 * found.high, 1)}); control risk {percent(found.control_risk, 1)}"
    )
    if found.control_risk == 0:
        return f"{told}."
    ratio = 1 + found.mean / found.control_risk
    return (
        f"{told}, risk ratio {number(ratio, 2)}; the margin is {number(abs(margin) / found.control_risk, 1)} "
        "times that risk."
    )


def _tables(case: Case) -> np.ndarray | None:
    """Events and people by arm of each exact row, of shape (4, k); None where one is not known."""
    assert case.effects is not None
    exact = case.effects.subset(case.effects.exact)
    if exact.k == 0 or exact.k < case.size:
        return None
    if all(name in exact.inputs for name in COUNTS):
        found = np.array([np.asarray(exact.inputs[name], dtype=float) for name in COUNTS])
        return found if np.isfinite(found).all() else None
    told = [re.findall(r"\d+", str(text)) for text in exact.columns.get("counts", ())]
    if len(told) != exact.k or any(len(part) != len(COUNTS) for part in told):
        return None
    return np.array(told, dtype=float).T


KIND = Kind("non-inferiority", "no worse than the control by more than a margin", judge)
