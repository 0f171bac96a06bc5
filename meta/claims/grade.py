"""The rules behind a proposed certainty: one function a GRADE domain, each with its thresholds and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meta.claims.answer_claims import Answer
from meta.claims.claimed_effect import threshold
from meta.claims.decision_rule import selection_caution
from meta.effects.study_evidence import Reading
from meta.errors import MetaError, quiet
from meta.formatting import listing, number, p_equation, percent

FEW_PEOPLE = 400
"""People in all below which a pooled difference of means is imprecise by GRADE's rule of thumb."""

FEW_TRIALS = 10
"""Trials below which tests for small-study effects have too little power."""

MOST = 1 / 2
"""Share of what is known from which a concern about some trials is one about the evidence."""

PROPOSALS = {None: "cannot be judged", 0: "no serious concern", 1: "serious", 2: "very serious"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at: the answer, the readings behind it, and their shares of the information."""

    answer: Answer
    readings: tuple[Reading, ...]
    weights: tuple[float, ...]

    @property
    def used(self) -> list[tuple[Reading, float]]:
        """Readings with something to compute, and their weights."""
        pairs = zip(self.readings, self.weights, strict=True)
        return [(item, weight) for item, weight in pairs if item.effect.kind != "none"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one domain came to.

    Attributes
    ----------
    domain : str
        Its name.
    steps : int or None
        Levels to go down: 0, 1 or 2; None where nothing allows a judgment.
    reason : str
        Why.
    facts : tuple of str
        What is known, one sentence each.
    rests_on : str
        Which fields and fits.
    source : str
        Where the rule comes from.
    """

    domain: str
    steps: int | None
    reason: str
    facts: tuple[str, ...]
    rests_on: str
    source: str

    @property
    def proposal(self) -> str:
        """The proposal in GRADE's words."""
        return PROPOSALS[self.steps]


def risk_of_bias(facts: Facts) -> Finding:
    """Serious where trials with half the information raise a concern or say nothing; very, a high one."""
    high = sum(w for item, w in facts.used if any(f.concern == "high" for f in item.study.risk_of_bias))
    open_ = sum(w for item, w in facts.used if _concerned(item))
    counts: dict[str, Counter[str]] = {}
    for item, _ in facts.used:
        for fact in item.study.risk_of_bias:
            counts.setdefault(fact.domain, Counter())[fact.concern] += 1
    said = [
        f"{domain.capitalize()}: {listing(f'{n} {concern}' for concern, n in found.most_common())}."
        for domain, found in counts.items()
    ]
    said += [
        _tally("Allocation", Counter(item.study.design.allocation for item, _ in facts.used)),
        _tally("Blinding", Counter(item.study.design.blinding for item, _ in facts.used)),
        _tally("Read", Counter(item.study.source(item.result.source).read for item, _ in facts.used)),
    ]
    registered = sum(bool(item.study.registration) for item, _ in facts.used)
    said.append(f"Registered: {registered} of {len(facts.used)} trials.")
    if high >= MOST:
        steps, why = 2, f"trials with {percent(high)} of the information have a high concern"
    elif open_ >= MOST:
        steps, why = 1, f"trials with {percent(open_)} of the information have some concern or do not say"
    else:
        steps, why = 0, f"trials with {percent(1 - open_)} of the information raise none"
    where = "risk_of_bias, design, registration and sources of the study files"
    return Finding("risk of bias", steps, why, tuple(said), where, "doi:10.1016/j.jclinepi.2010.07.017")


def inconsistency(facts: Facts) -> Finding:
    """Serious where I2 is at least 50% and Q below p = .10; very, where also I2 at least 75%."""
    fit, source = facts.answer.fit, "doi:10.1016/j.jclinepi.2011.03.017"
    if fit is None or fit.k < 2:
        k = 0 if fit is None else fit.k
        why = "one trial cannot disagree with itself" if k == 1 else "no trial's effect is known exactly"
        return Finding("inconsistency", None, why, (f"Trials with a known effect: {k}.",), "effects", source)
    low, high = fit.tau2_interval("QP")
    sizes = fit.effects.yi
    same = int(max(np.sum(sizes > 0), np.sum(sizes < 0)))
    said = (
        f"I2 {percent(fit.i2 / 100)}; Q({number(fit.q_df, 0)}) = {number(fit.q, 2)}, {p_equation(fit.q_p)}.",
        f"tau2 {number(fit.tau2)} ({number(low)} to {number(high)}, Q-profile).",
        f"{same} of {fit.k} effects point the same way.",
    )
    clear = fit.q_p < 0.10 and fit.i2 >= 50
    steps = (2 if fit.i2 >= 75 else 1) if clear else 0
    why = (
        "results differ more than chance allows"
        if clear
        else "no more difference than chance allows"
        + (f", though {fit.k} trials could hardly show one" if fit.k < 5 else "")
    )
    return Finding(
        "inconsistency", steps, why, said, f"{fit.options.method_name} fit of {fit.k} trials", source
    )


def indirectness(facts: Facts) -> Finding:
    """Serious where most of the information is from trials that differ from the claim; very, in two ways."""
    differing = sum(w for item, w in facts.used if item.differs)
    ways = [len(item.differs) for item, _ in facts.used]
    said = [f"{item.study.label}: {'; '.join(item.differs)}." for item, _ in facts.used if item.differs]
    beside = facts.answer.analysis.role == "indirect"
    if beside:
        said.append("The outcome is not the one that the claim names; it stands in for it.")
    source, where = "doi:10.1016/j.jclinepi.2011.04.014", "arms and populations of the study files"
    if differing < MOST and not beside:
        return Finding("indirectness", 0, "most trials tested what is claimed", tuple(said), where, source)
    far = beside or min(ways) >= 2
    why = f"trials with {percent(differing)} of the information differ from the claim"
    why += " in outcome" if beside else " in at least two ways" if far else ""
    return Finding("indirectness", 2 if far else 1, why, tuple(said), where, source)


def imprecision(facts: Facts) -> Finding:
    """A step for an interval that holds both no effect and the claim, and one for fewer than 400 people."""
    known = facts.answer
    low, high = (float(end) for end in known.posterior.interval(0.95))
    people = sum(_people(item) for item, _ in facts.used)
    said = [
        f"95% credible interval {number(low, 2)} to {number(high, 2)} on the model's scale.",
        f"People analysed: {number(people, 0)} in {_trials(len(facts.used))}.",
    ]
    wide = low < 0 < high
    if known.claim.kind == "effect":
        edge = threshold(known.claim.tested)
        wide = wide and low < edge < high
        said.append(f"At least as large as claimed begins at {number(edge, 2)}.")
    few = people < FEW_PEOPLE
    reasons = []
    if wide:
        reasons.append(
            "the interval holds both no effect and one as large as claimed"
            if known.claim.kind == "effect"
            else "the interval reaches across no effect"
        )
    if few:
        reasons.append(f"fewer than {FEW_PEOPLE} people")
    why = " and ".join(reasons) or f"a narrow interval from at least {FEW_PEOPLE} people"
    where = "posterior of the analysis, arm sizes of the study files"
    return Finding(
        "imprecision", int(wide) + int(few), why, tuple(said), where, "doi:10.1016/j.jclinepi.2011.01.012"
    )


def missing_results(facts: Facts) -> Finding:
    """Serious where all that can be computed is significant and others are silent, or by Egger's test."""
    effects, source = facts.answer.effects, "doi:10.1016/j.jclinepi.2011.01.011"
    silent, exact = len(facts.readings) - len(facts.used), int(effects.exact.sum())
    said = [f"{silent} of {len(facts.readings)} eligible trials give nothing to compute with."]
    caution = selection_caution(effects, facts.answer.analysis)
    where = "all eligible study files"
    if caution:
        why = "every effect that can be computed is significant, while other trials are silent"
        said.append(f"{caution[0][0].upper()}{caution[0][1:]}.")
        return Finding("missing results", 1, why, tuple(said), where, source)
    if exact < FEW_TRIALS:
        said.append(f"Tests for small-study effects need about {FEW_TRIALS} trials; known effects: {exact}.")
        why = f"{exact} trials are too few to see it" if exact != 1 else "one trial cannot show it"
        return Finding("missing results", None, why, tuple(said), where, source)
    from meta.bias import egger

    try:
        with quiet():
            found = egger(effects)
    except MetaError as refusal:
        return Finding("missing results", None, str(refusal), tuple(said), where, source)
    said.append(f"Egger's test: {p_equation(found.p_value)}.")
    unequal = found.p_value < 0.10
    why = "small and large trials differ" if unequal else "small and large trials do not clearly differ"
    return Finding("missing results", int(unequal), why, tuple(said), f"{where}, Egger's test", source)


DOMAINS: tuple[Callable[[Facts], Finding], ...] = (
    risk_of_bias,
    inconsistency,
    indirectness,
    imprecision,
    missing_results,
)


def _concerned(item: Reading) -> bool:
    facts = item.study.risk_of_bias
    return not facts or any(fact.concern in ("some", "high", "unclear") for fact in facts)


def _people(item: Reading) -> float:
    if item.study.design.kind == "crossover":
        return float(np.nanmax([item.n1, item.n2]))
    known = np.nansum([item.n1, item.n2])
    return float(known or item.study.population.n_analysed or 0)


def _trials(count: int) -> str:
    return "1 trial" if count == 1 else f"{count} trials"


def _tally(what: str, counts: Counter[str]) -> str:
    return f"{what}: {listing(f'{n} {name}' for name, n in counts.most_common())}."
