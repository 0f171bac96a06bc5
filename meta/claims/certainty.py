"""Certainty of the evidence: the facts that GRADE asks for, what each rests on, and a proposal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meta.arguments import check_arguments
from meta.claims.answer_claims import Answer, answer, named_analysis
from meta.claims.grade import DOMAINS, Facts, Finding
from meta.effects.study_evidence import Evidence, Reading
from meta.evidence.claim_parts import Analysis
from meta.evidence.claims import Claim
from meta.keywords import keywords
from meta.results.base import Result
from meta.results.plain import plain

if TYPE_CHECKING:
    import pandas as pd

LEVELS = ("very low", "low", "moderate", "high")
NOTHING = "no evidence"


@dataclass(frozen=True, eq=False, repr=False)
class Certainty(Result):
    """How certain the evidence on an analysis is: facts, and a proposal for people to judge.

    Attributes
    ----------
    claim, analysis : Claim, Analysis
        What the evidence is on.
    start : str
        Where the rating starts: "high" where every trial was randomised, else "low".
    findings : tuple of Finding
        One a domain.
    """

    claim: Claim
    analysis: Analysis
    start: str
    findings: tuple[Finding, ...]

    @property
    def proposal(self) -> str:
        """The proposed rating: "high", "moderate", "low", "very low", or "no evidence"."""
        if self.start == NOTHING:
            return NOTHING
        steps = sum(finding.steps or 0 for finding in self.findings)
        return LEVELS[max(LEVELS.index(self.start) - steps, 0)]

    @property
    def frame(self) -> pd.DataFrame:
        """A row a domain: ``domain proposal reason facts rests_on source``."""
        import pandas as pd

        return pd.DataFrame(
            {
                "domain": [item.domain for item in self.findings],
                "proposal": [item.proposal for item in self.findings],
                "reason": [item.reason for item in self.findings],
                "facts": [" ".join(item.facts) for item in self.findings],
                "rests_on": [item.rests_on for item in self.findings],
                "source": [item.source for item in self.findings],
            }
        )

    def to_frame(self) -> pd.DataFrame:
        """Return :attr:`frame`."""
        return self.frame

    @property
    def sentence(self) -> str:
        """The proposal in plain words."""
        if self.start == NOTHING:
            return "The review found no evidence to rate."
        down = [f"{item.domain} ({item.proposal})" for item in self.findings if item.steps]
        open_ = [item.domain for item in self.findings if item.steps is None]
        text = f"Proposed certainty: {self.proposal}. It starts at {self.start}"
        text += f" and goes down for {', '.join(down)}." if down else " and nothing takes it down."
        if open_:
            text += f" Not to be judged from what is known: {', '.join(open_)}."
        return f"{text} A proposal from stated rules; what a source does not state may have been done."

    def _shown(self) -> str:
        return f"{self.claim.id!r}, {self.analysis.id!r}: {self.proposal}"

    @property
    def measure(self) -> str:
        """Code of the measure."""
        return str(self.analysis.measure)

    def _terms(self) -> list[Mapping[str, Any]]:
        """One row per domain: what is proposed, and why."""
        return [
            {"term": item.domain, "conclusion": item.proposal, "reason": item.reason}
            for item in self.findings
        ]

    def _facts(self) -> Mapping[str, Any]:
        own = {"claim": self.claim.id, "analysis": self.analysis.id}
        return {"model": "certainty"} | own | {"start": self.start, "proposal": self.proposal}

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the proposal and its domains."""
        own = {"claim": self.claim.id, "analysis": self.analysis.id, "start": self.start}
        return plain(own | {"proposal": self.proposal, "sentence": self.sentence, "domains": self.frame})

    def _lines(self, digits: int) -> list[str]:
        lines = [f"Certainty of the evidence: {self.claim.short} · {self.analysis.label}", self.sentence]
        for item in self.findings:
            lines += ["", f"{item.domain}: {item.proposal} ({item.reason})"]
            lines += [f"  - {fact}" for fact in item.facts]
        return lines


@keywords
def certainty(
    evidence: Evidence, claim: str | Claim, *, analysis: str | None = None, known: Answer | None = None
) -> Certainty:
    """Gather what GRADE asks for, and propose a rating with its reasons.

    Parameters
    ----------
    evidence : Evidence
        From :func:`meta.load_evidence`.
    claim : str or Claim
        A claim, by its id or itself; or the id of an analysis.
    analysis : str, optional
        Which of the claim's analyses; by default the first that any trial informs.
    known : Answer, optional
        The analysis as it was answered already, to save the time.

    Returns
    -------
    Certainty

    Raises
    ------
    EvidenceError, InputError
        If there is no such claim or analysis.

    References
    ----------
    Guyatt G et al. (2011). GRADE guidelines: 1. Introduction. doi:10.1016/j.jclinepi.2010.04.026

    Examples
    --------
    >>> import meta
    >>> evidence = meta.load_evidence("studies")
    >>> meta.certainty(evidence, next(iter(evidence.claims))).proposal
    'very low'
    """
    check_arguments(certainty, locals())
    found, name = named_analysis(evidence, claim, analysis)
    known = answer(evidence, name) if known is None else known
    readings = evidence.readings(name)
    if not any(item.effect.kind != "none" for item in readings):
        return Certainty(found, evidence.analysis(name)[1], NOTHING, ())
    facts = Facts(known, tuple(readings), _weights(readings))
    return Certainty(
        found,
        known.analysis,
        "high" if _all_randomised(readings) else "low",
        tuple(domain(facts) for domain in DOMAINS),
    )


def _all_randomised(readings: Sequence[Reading]) -> bool:
    used = [item for item in readings if item.effect.kind != "none"]
    return all(item.study.design.allocation in ("randomised", "counterbalanced") for item in used)


def _weights(readings: Sequence[Reading]) -> tuple[float, ...]:
    """Share of each reading in what is known, by inverse variance; 0 where nothing can be computed."""
    information = [0.0 if item.effect.kind == "none" else 1 / item.effect.v for item in readings]
    return tuple(value / sum(information) for value in information)
