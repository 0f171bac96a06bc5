"""From evidence to answers: every analysis of every claim, pooled, judged, and varied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from meta.claims.choices import departures
from meta.claims.decision_rule import posterior_of
from meta.claims.judge import judge
from meta.claims.normalised_share import NormalisationFinding, normalisation
from meta.claims.verdict import Conclusion, Verdict
from meta.effects.defensible_choices import Choices
from meta.effects.effect_size_table import EffectSizes
from meta.effects.study_evidence import PRIMARY, Evidence
from meta.errors import InputError, MetaError, quiet
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import Claim
from meta.formatting import number
from meta.results.base import Result
from meta.results.plain import plain

if TYPE_CHECKING:
    import pandas as pd

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Variation:
    """The answer under one departure from the primary analysis.

    ``estimate``, ``low`` and ``high`` are posterior mean and 95% interval on the model scale.
    """

    choice: str
    k: int
    estimate: float
    low: float
    high: float
    probability: float
    conclusion: str


@dataclass(frozen=True, eq=False, repr=False)
class Answer(Result):
    """One analysis of a claim: its effects, fits, verdict, and what would change it.

    ``verdict`` is None for analyses that are only shown beside the claim's own.
    """

    claim: Claim
    analysis: Analysis
    effects: EffectSizes
    not_eligible: pd.DataFrame
    fit: Any
    posterior: Any
    verdict: Verdict | None
    variations: tuple[Variation, ...]

    def _shown(self) -> str:
        conclusion = "shown only" if self.verdict is None else self.verdict.conclusion
        return f"{self.claim.id!r}, {self.analysis.id!r}: {conclusion}"

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return str(self.analysis.measure)

    @property
    def k(self) -> int:
        """Rows with an effect."""
        return int(self.effects.informative.sum())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was warned about."""
        return () if self.verdict is None else self.verdict.warnings

    @property
    def departures(self) -> tuple[Variation, ...]:
        """The variations that differ from the primary analysis."""
        return tuple(item for item in self.variations if item.choice != "primary analysis")

    def _lines(self, digits: int) -> list[str]:
        if self.verdict is not None:
            lines = self.verdict._lines(digits)
        else:
            head = f"{self.claim.short} · {self.analysis.label} (shown beside the claim's own analysis)"
            lines = [head, *([] if self.posterior is None else self.posterior._lines(digits))]
        return [*lines, *(f"if {v.choice}: {v.conclusion}" for v in self.departures)]

    def _terms(self) -> list[Mapping[str, Any]]:
        """The verdict's rows, then one row per departure from the primary analysis."""
        first = self.verdict or self.posterior
        rows = [] if first is None else list(first._terms())
        return rows + [
            {"term": item.choice, "estimate": item.estimate, "ci_low": item.low, "ci_high": item.high}
            | {"k": item.k, "probability": item.probability, "conclusion": item.conclusion}
            for item in self.variations
        ]

    def _facts(self) -> Mapping[str, Any]:
        own = {"claim": self.claim.id, "analysis": self.analysis.id, "eligible": self.effects.k}
        conclusion = "" if self.verdict is None else self.verdict.conclusion
        return {"model": "answer", "conclusion": conclusion} | own | {"variations": len(self.variations)}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the effects, the fits, the verdict and what would change it."""
        own = {"claim": self.claim.id, "analysis": self.analysis.id}
        names = ("effects", "not_eligible", "fit", "posterior", "verdict", "variations")
        return plain(own | {name: getattr(self, name) for name in names})

    def augment(self) -> pd.DataFrame:
        """One row per eligible study, as the effects' own table."""
        return self.effects.frame


def answer(evidence: Evidence, name: str) -> Answer:
    """Answer one analysis of the claims file.

    Parameters
    ----------
    evidence : Evidence
        The study and claim files.
    name : str
        An analysis id of the claims file.
    """
    claim = evidence.analysis(name)[0].for_analysis(name)
    analysis = claim.analysis(name)
    effects = evidence.effects(name)
    fit = _pool(effects, analysis)
    posterior = posterior_of(effects, analysis) if effects.informative.any() else None
    verdict = _judge(evidence, claim, analysis, effects, fit, posterior)
    return Answer(
        claim,
        analysis,
        effects,
        evidence.not_eligible(name),
        fit,
        posterior,
        verdict,
        tuple(vary(evidence, name)) if analysis.role == "primary" and claim.kind == "effect" else (),
    )


def answer_all(evidence: Evidence, *, say: Say = lambda _: None) -> tuple[Answer, ...]:
    """Answer every analysis of every claim, in the order of the claims file."""
    answers = []
    for name in evidence.analyses:
        say(f"pooling and judging: {evidence.analyses[name][1].label}")
        answers.append(answer(evidence, name))
    return tuple(answers)


def primary_verdicts(answers: Iterable[Answer], claim: Claim) -> list[Verdict]:
    """Return the verdicts on a claim's primary analyses, in their order."""
    return [
        item.verdict
        for item in answers
        if item.claim.id == claim.id and item.analysis.role == "primary" and item.verdict is not None
    ]


def overall(verdicts: Iterable[Verdict]) -> Conclusion:
    """Return the one conclusion on a claim: the common one of its primary analyses, else inconclusive."""
    found = {verdict.conclusion for verdict in verdicts}
    return found.pop() if len(found) == 1 else "inconclusive"


def named_analysis(evidence: Evidence, claim: str | Claim, analysis: str | None) -> tuple[Claim, str]:
    """Return a claim and the id of one of its analyses, from what a caller named.

    Raises
    ------
    EvidenceError, InputError
        If there is no such claim or analysis.
    """
    if isinstance(claim, Claim):
        claim = claim.id
    if analysis is None and claim not in evidence.claims:
        found, item = evidence.analysis(claim)
        return found, item.id
    if claim not in evidence.claims:
        raise InputError(f"unknown claim {claim!r}; the claims file has: {', '.join(evidence.claims)}")
    found = evidence.claims[claim]
    own = [item.id for item in found.analyses]
    if analysis is not None:
        if analysis not in own:
            raise InputError(f"claim {claim!r} has no analysis {analysis!r}; it has: {', '.join(own)}")
        return found, analysis
    judged = [item.id for item in found.analyses if item.role != "beside"]
    informed = [name for name in judged if evidence.effects(name).informative.any()]
    return found, (informed or judged)[0]


def finding_for(evidence: Evidence, claim: Claim, posterior: Any) -> NormalisationFinding | None:
    """Return the regression-to-the-mean finding of a proportion claim, or None for other claims."""
    if claim.proportion is None:
        return None
    nan = float("nan")
    delta = (nan, nan, nan)
    if posterior is not None:
        low, high = posterior.interval(0.95)
        delta = (float(posterior.estimate), float(low), float(high))
    primary = claim.primary[0]
    direct = int(evidence.effects(primary.id).informative.sum())
    return normalisation(claim, evidence.library, delta=delta, direct=direct)


def vary(evidence: Evidence, name: str) -> Iterable[Variation]:
    """Yield the answer under each departure that the claims file names, one at a time.

    Departures that leave the usable effects as they were, or as an earlier departure did, are passed over.
    """
    claim = evidence.analysis(name)[0].for_analysis(name)
    analysis = claim.analysis(name)
    seen: set[tuple] = set()
    primary = evidence.effects(name)
    for label, choices in departures(evidence, claim, analysis):
        effects = _under(evidence, name, primary, choices)
        key = _informing(effects)
        if effects.informative.any() and key in seen:
            continue
        seen.add(key)
        k = int(effects.informative.sum())
        if k == 0:
            yield _untestable(label, 0)
            continue
        try:
            posterior = posterior_of(effects, analysis)
        except MetaError as refusal:
            yield _untestable(f"{label} ({refusal})", k)
            continue
        verdict = judge(claim, posterior=posterior, analysis=name)
        low, high = posterior.interval(0.95)
        p = verdict.at_margin.mean if verdict.at_margin else float("nan")
        yield Variation(label, k, float(posterior.estimate), float(low), float(high), p, verdict.conclusion)


def _untestable(label: str, k: int) -> Variation:
    nan = float("nan")
    return Variation(label, k, nan, nan, nan, nan, "untestable")


def _under(evidence: Evidence, name: str, primary: EffectSizes, choices: Choices) -> EffectSizes:
    """The effects under other choices; where one study is left out alone, the primary ones without it."""
    alone = len(choices.leave_out) == 1 and replace(choices, leave_out=()) == PRIMARY
    if not alone or evidence.library.study(choices.leave_out[0]).cohort is not None:
        return evidence.effects(name, choices=choices)  # another paper on its people may take its place
    return primary.subset(np.asarray(primary.columns["study_id"] != choices.leave_out[0], dtype=bool))


def _informing(effects: EffectSizes) -> tuple:
    """What tells sets of effects apart that inform a pool in other ways."""
    used = effects.subset(effects.informative)
    numbers = (used.yi, used.vi, used.lower, used.upper)
    return (tuple(used.study), *(np.where(np.isnan(x), np.nan, x).tobytes() for x in numbers))


def _pool(effects: EffectSizes, analysis: Analysis) -> Any:
    from meta.pooling.univariate import pool

    if not effects.exact.any():
        return None
    with quiet():
        return pool(effects.subset(effects.exact), method=analysis.method, test=analysis.test)


def _judge(
    evidence: Evidence, claim: Claim, analysis: Analysis, effects: EffectSizes, fit: Any, posterior: Any
) -> Verdict | None:
    if analysis.role == "beside":
        return None
    finding = None
    if claim.kind == "proportion":
        indirect = next((item for item in claim.analyses if item.role == "indirect"), None)
        basis = posterior
        if indirect is not None and indirect.id != analysis.id:
            other = evidence.effects(indirect.id)
            basis = posterior_of(other, indirect) if other.informative.any() else None
        finding = finding_for(evidence, claim, basis)
    whole = evidence.claims[claim.id]
    reading = whole.reading_of(analysis.id)
    given: dict[str, Any] = {"analysis": analysis.id, "normalisation": finding}
    if effects.informative.any():
        given |= {"fit": fit, "posterior": posterior}
    if reading is None or reading in whole.headline:
        return judge(whole, effects, **given)
    return judge(whole, effects, reading=reading, **given)


def describe_fit(fit: Any) -> str:
    """Return a fit's heterogeneity in words, saying what k allows."""
    if fit is None:
        return "Nothing to pool."
    if fit.k == 1:
        return "One study: no between-study variance can be estimated."
    low, high = fit.tau2_interval("QP")
    words = f"tau2 {number(fit.tau2)} ({number(low)} to {number(high)}, Q-profile), I2 {number(fit.i2, 0)}%"
    return f"{words}; with k = 2 the t interval has one degree of freedom." if fit.k == 2 else f"{words}."
