"""What a claim is made of: citation, treatment, priors, rule, eligibility and analyses."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field

from meta.evidence.claim_kinds import (
    ClaimReading,
    ContrastOf,
    FactCheck,
    InteractionWith,
    KindName,
    RegionOf,
)
from meta.evidence.claim_options import ArmSizes as ArmSizes
from meta.evidence.claim_options import Assumption as Assumption
from meta.evidence.claim_options import BorrowedCV as BorrowedCV
from meta.evidence.claim_options import Multiverse as Multiverse
from meta.evidence.claim_options import Proportion as Proportion
from meta.evidence.claim_options import RetestCorrelation as RetestCorrelation
from meta.evidence.claim_options import Share, Tier
from meta.evidence.estimand import Estimand as Estimand
from meta.evidence.estimand import MeasureCode
from meta.evidence.statistics import Positive, Size, Strict
from meta.evidence.study_schema import Identifier, Outcome, Text


class Citation(Strict):
    """Where the claim was made, what it cites, and whether that could be found."""

    made_in: Text = Field(description="Where the claim was made.")
    attributed_to: Text = Field(description="What it cites.")
    found: bool = Field(description="Whether that source could be found.")
    note: str = Field(default="", description="Where was searched.")


class Intervention(Strict):
    """What the claim is about; trials that differ are indirect evidence."""

    treatment: Text = Field(
        default="treatment", description="The treatment as sentences call it; that of the topic if left out."
    )
    form: str | None = Field(default=None, description="Compound that the claim names.")
    route: str = Field(default="oral", description="How it is given.")
    dose_mg: Positive | None = Field(default=None, description="Daily dose in mg that the claim names.")
    population: str = Field(default="", description="People that the claim names.")


class PriorSpec(Strict):
    """Normal(effect_mean, effect_sd) for the mean effect and HalfNormal(tau_sd) for tau."""

    effect_mean: float | None = Field(
        default=None,
        description="Centre of the normal prior on the model scale; no effect if left out, which single "
        "groups' means do not have.",
    )
    effect_sd: Positive = Field(
        description="SD of the normal prior of the mean effect, centred on no effect."
    )
    tau_sd: Positive = Field(description="Scale of the half-normal prior of tau.")


class Rule(Strict):
    """When a verdict is more than "inconclusive"."""

    support: Share = Field(default=0.95, description="Probability from which the claim is supported.")
    contradict: Share = Field(default=0.05, description="Probability up to which it is contradicted.")
    min_studies: Size = Field(default=2, description="Fewest independent studies for either.")
    min_computed: Annotated[int, Field(ge=0)] = Field(
        default=1, description="Fewest of them with a computed effect (tier A or B)."
    )
    min_information: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.05,
        description="Least share of the sampling information that the studies other than the most "
        "informative one must carry for either.",
    )
    prior_factor: Positive = Field(
        default=2.0, description="The verdict must hold under a prior wider by this factor."
    )


class Eligibility(Strict):
    """Which trials and results enter, and which time point."""

    groups: tuple[str, ...] = Field(description="Populations that enter.")
    allocation: tuple[str, ...] = Field(
        default=("randomised", "counterbalanced"), description="Kinds of allocation that enter."
    )
    controls: tuple[str, ...] = Field(
        default=("placebo", "no supplement", "active", "not stated"),
        description="Kinds of control that enter.",
    )
    routes: tuple[str, ...] = Field(default=("oral",), description="Routes that enter.")
    co_interventions: bool = Field(
        default=False, description="Whether trials that gave something else with it enter."
    )
    tiers: tuple[Tier, ...] = Field(
        default=("A", "B", "C"), description="Tiers that enter: A computed, B with an assumption, C bounds."
    )
    selected_bounds: bool = Field(
        default=False, description="Whether bounds chosen for being significant enter."
    )
    pseudo_replicated: bool = Field(
        default=False, description="Whether tests between observations instead of people enter."
    )
    borrowed_sd: bool = Field(
        default=False, description="Whether effects that need an SD from another trial enter."
    )
    target_time: float | None = Field(default=None, description="Time to prefer; without it the latest.")
    target_unit: Literal["h", "d", "wk"] | None = Field(default=None, description="Unit of target_time.")


class Analysis(Strict):
    """One pool: an outcome in a population, on a scale, with its priors.

    ``role`` is "primary" (the verdict rests on it), "indirect" (what a proportion claim can be held against
    where no trial reports the proportion) or "beside" (shown, no verdict).
    """

    id: Identifier = Field(description="Short name of the analysis.")
    label: Text = Field(description="Name shown in tables and figures.")
    outcome: Outcome = Field(description="Outcome that is pooled.")
    measure: MeasureCode = Field(description="Measure in which it is pooled.")
    benefit: Literal["lower", "higher"] = Field(default="lower", description="Which direction is a benefit.")
    several_arms: Literal["combine", "split", "both"] = Field(
        default="combine",
        description="Several treatment arms against one control: 'combine' puts the arms together, 'split' "
        "shares out the control's people, 'both' weights the contrasts by their covariance.",
    )
    role: Literal["primary", "indirect", "beside"] = Field(
        default="primary",
        description="primary: the verdict rests on it. indirect: stands in for a share. beside: shown only.",
    )
    eligibility: Eligibility = Field(description="Which studies and results enter.")
    prior: PriorSpec = Field(description="Priors of the Bayesian pool.")
    method: str = Field(default="REML", description="Estimator of the between-study variance.")
    test: str = Field(default="hksj", description="Test of the mean effect.")


class StatedClaim(Strict):
    """The fields of a claim, before it is asked whether they fit together."""

    id: Identifier = Field(description="Short name of the claim.")
    kind: KindName = Field(
        description="effect: a size, or any effect on a side. proportion: a share of people. "
        "non-inferiority: no worse than by a margin. interaction: more with a partner. "
        "contrast: two treatments. region: a "
        "range of doses or times. fact: a statement that is checked."
    )
    statement: Text = Field(description="The claim in one sentence.")
    short: Text = Field(description="The claim in a few words.")
    citation: Citation = Field(description="Where it was made.")
    intervention: Intervention = Field(description="What it is about.")
    estimand: Estimand | None = Field(
        default=None, description="What is put to the test; that of the headline reading if left out."
    )
    analyses: tuple[Analysis, ...] = Field(default=(), description="The pools that bear on it.")
    readings: tuple[ClaimReading, ...] = Field(
        default=(), description="What the claim can be read to say, each with a verdict of its own."
    )
    headline: tuple[Identifier, ...] = Field(
        default=(), description="The reading, or readings of equal rank, that the claim's verdict is."
    )
    fact: FactCheck | None = Field(default=None, description="What a fact claim was checked against.")
    interaction: InteractionWith | None = Field(default=None, description="The partner of an interaction.")
    contrast: ContrastOf | None = Field(default=None, description="The two treatments of a contrast.")
    region: RegionOf | None = Field(default=None, description="The range that a region claim names.")
    rule: Rule = Field(default=Rule(), description="When the verdict is more than inconclusive.")
    proportion: Proportion | None = Field(default=None, description="What a claim about a share needs.")
    multiverse: Multiverse = Field(default=Multiverse(), description="Choices to vary.")

    def as_read(self, reading: str) -> Self:
        """The claim in one of its readings: with its kind, estimand, analyses and sources, and no others."""
        item = next(found for found in self.readings if found.id == reading)
        roles = {
            own.id: (own.role if own.role != "beside" else "primary")
            if own.id in item.analyses
            else ("beside" if item.analyses else own.role)
            for own in self.analyses
        }
        analyses = tuple(own.model_copy(update={"role": roles[own.id]}) for own in self.analyses)
        told = {"estimand": item.estimand or self.estimand, "fact": item.fact or self.fact}
        return self.model_copy(
            update={"kind": item.kind or self.kind, "analyses": analyses, "readings": (), "headline": ()}
            | told
        )

    def reading_of(self, analysis_id: str) -> str | None:
        """The reading that an analysis decides, the headline's first; None for a claim with one reading."""
        ranked = sorted(self.readings, key=lambda item: item.id not in self.headline)
        for item in ranked:
            if analysis_id in {own.id for own in self.as_read(item.id).primary}:
                return item.id
        return next((item.id for item in ranked if item.kind != "fact"), None)

    def for_analysis(self, analysis_id: str) -> Self:
        """The claim in the reading that an analysis decides."""
        name = self.reading_of(analysis_id)
        return self if name is None else self.as_read(name)

    @property
    def primary(self) -> tuple[Analysis, ...]:
        """The analyses on which the claim's own verdict rests: those of its headline."""
        named = {name for item in self.readings if item.id in self.headline for name in item.analyses}
        open_ended = any(not item.analyses for item in self.readings if item.id in self.headline)
        return tuple(
            own
            for own in self.analyses
            if own.id in named or (own.role == "primary" and (open_ended or not named))
        )
