"""The claims file: what is claimed, what would count as evidence, and the rule that decides.

The rule is fixed here before anything is pooled.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from meta.evidence.claim_options import ArmSizes as ArmSizes
from meta.evidence.claim_options import Assumption as Assumption
from meta.evidence.claim_options import BorrowedCV as BorrowedCV
from meta.evidence.claim_options import Multiverse as Multiverse
from meta.evidence.claim_options import Proportion as Proportion
from meta.evidence.claim_options import RetestCorrelation as RetestCorrelation
from meta.evidence.claim_parts import (
    Analysis,
    StatedClaim,
)
from meta.evidence.coherence import incoherences
from meta.evidence.estimand import Estimand as Estimand
from meta.evidence.problems import Incoherent
from meta.evidence.statistics import Strict
from meta.evidence.study_schema import Identifier, Text


class Topic(Strict):
    """What the review is about, in the words that sentences, figures and questions use."""

    treatment: Text = Field(
        default="treatment", description="The treatment as sentences call it, such as lower under oxide."
    )
    control: Text = Field(default="control", description="What it is compared with, as sentences call it.")
    arm: Identifier = Field(
        default="treatment", description="Id that meta add gives to the arm that got the treatment."
    )
    active: str = Field(
        default="", description="What an elemental dose is a dose of, if not of the treatment."
    )
    forms: tuple[str, ...] = Field(
        default=(), description="Forms of the treatment, as examples to choose from."
    )


class DeclaredOutcome(Strict):
    """An outcome that results may name."""

    id: Identifier = Field(description="Short name that results and analyses use.")
    label: Text = Field(description="Name shown in tables, figures and questions.")
    unit: str = Field(default="", description="Unit in which it is mostly reported.")
    better: Literal["lower", "higher"] = Field(default="lower", description="Which direction is a benefit.")
    kind: Literal["score", "measurement", "count", "share", "time"] = Field(
        default="measurement",
        description="What it is: a score on a scale, a measurement, a count, a share of people, a time.",
    )
    scale_low: float | None = Field(default=None, description="Lowest value that its scale allows.")
    scale_high: float | None = Field(default=None, description="Highest value that its scale allows.")


class DeclaredPopulation(Strict):
    """A kind of people that studies may name."""

    id: Text = Field(description="Short name that studies and analyses use.")
    label: str = Field(default="", description="Who they are, in words.")


class Claim(StatedClaim):
    """A stated claim and everything that decides about it."""

    @model_validator(mode="before")
    @classmethod
    def _headline(cls, content: Any) -> Any:
        """One headline may stand without a list; its reading says what the claim itself leaves out."""
        if not isinstance(content, dict):
            return content
        named = content.get("headline")
        made = content | {"headline": [named]} if isinstance(named, str) else content
        readings = made.get("readings")
        tables = [item for item in readings if isinstance(item, dict)] if isinstance(readings, list) else []
        if not tables:
            return made
        if "headline" not in made and len(tables) == 1:
            made = made | {"headline": [tables[0].get("id")]}
        first = next((item for item in tables if item.get("id") in (made.get("headline") or ())), None)
        own = {name: first[name] for name in ("estimand", "fact") if name in first} if first else {}
        return own | made

    @model_validator(mode="after")
    def _kinds_fit(self) -> Claim:
        if wrong := tuple(incoherences(self)):
            raise Incoherent(wrong)
        return self

    @property
    def tested(self) -> Estimand:
        """The estimand of a claim that has one; every kind but a fact does."""
        assert self.estimand is not None, "a fact claim has no estimand"
        return self.estimand

    def analysis(self, analysis_id: str) -> Analysis:
        """Return the analysis with this id."""
        return next(analysis for analysis in self.analyses if analysis.id == analysis_id)


def _about(claim: Any, treatment: str) -> Any:
    """The claim with the topic's treatment, where it names none of its own; what is not a table stays."""
    if not isinstance(claim, dict) or not isinstance(claim.get("intervention"), dict):
        return claim
    return claim | {"intervention": {"treatment": treatment} | claim["intervention"]}


def _better(outcomes: Any) -> dict[Any, Any]:
    """Which direction is a benefit, by declared outcome; what is not a list of tables gives nothing."""
    tables = [item for item in outcomes if isinstance(item, dict)] if isinstance(outcomes, list) else []
    return {str(item.get("id")): item.get("better", "lower") for item in tables}


def _with_benefit(claim: Any, better: dict[Any, Any]) -> Any:
    """The claim, whose analyses take the direction of benefit from their outcome where they name none."""
    analyses = claim.get("analyses") if isinstance(claim, dict) else None
    if not isinstance(analyses, list):
        return claim
    made = [
        {"benefit": better[str(item.get("outcome"))]} | item
        if isinstance(item, dict) and str(item.get("outcome")) in better
        else item
        for item in analyses
    ]
    return claim | {"analyses": made}


class ClaimsFile(Strict):
    """``studies/claims.toml``: the claims, and the assumptions that they share."""

    topic: Topic = Field(default=Topic(), description="What the review is about, in words.")
    outcomes: tuple[DeclaredOutcome, ...] = Field(
        default=(), description="Outcomes that results may name, besides other."
    )
    populations: tuple[DeclaredPopulation, ...] = Field(
        default=(), description="Kinds of people that studies may name, besides other."
    )
    claims: tuple[Claim, ...] = Field(default=(), description="The claims.")
    assumptions: tuple[Assumption, ...] = Field(
        default=(), description="Values that no paper reports, each with its range."
    )
    arm_sizes: tuple[ArmSizes, ...] = Field(default=(), description="Arm sizes that were not printed.")
    borrowed_cv: BorrowedCV | None = Field(
        default=None, description="Coefficient of variation for the percent scale."
    )

    @model_validator(mode="before")
    @classmethod
    def _claims_name_the_topic(cls, content: Any) -> Any:
        """A claim is about the topic's treatment, and benefit is the outcome's, unless it says otherwise."""
        claims = content.get("claims") if isinstance(content, dict) else None
        if not isinstance(claims, list):
            return content
        topic = content.get("topic")
        treatment = topic.get("treatment") if isinstance(topic, dict) else None
        if isinstance(treatment, str):
            claims = [_about(claim, treatment) for claim in claims]
        better = _better(content.get("outcomes"))
        return content | {"claims": [_with_benefit(claim, better) for claim in claims]}

    @model_validator(mode="after")
    def _coherent(self) -> ClaimsFile:
        names = [claim.id for claim in self.claims]
        analyses = [analysis.id for claim in self.claims for analysis in claim.analyses]
        outcomes = [outcome.id for outcome in self.outcomes]
        populations = [population.id for population in self.populations]
        better = {outcome.id: outcome.better for outcome in self.outcomes}
        for claim in self.claims:
            for item in claim.analyses:
                declared = better.get(item.outcome, item.benefit)
                if item.benefit != declared:
                    raise ValueError(
                        f"analysis {item.id!r} says that {item.benefit} is a benefit, and its outcome "
                        f"{item.outcome!r} that {declared} is better; leave benefit out, or correct one"
                    )
        for what, ids in (
            ("claim", names),
            ("analysis", analyses),
            ("outcome", outcomes),
            ("population", populations),
        ):
            twice = sorted({name for name in ids if ids.count(name) > 1})
            if twice:
                raise ValueError(f"the {what} id {twice[0]!r} is used twice; give each its own")
        return self

    def assumption(self, assumption_id: str) -> Assumption:
        """Return the assumption with this id."""
        return next(item for item in self.assumptions if item.id == assumption_id)
