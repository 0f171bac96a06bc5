"""What claims assume and vary, and what a claim about a share needs besides."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from meta.evidence.statistics import Positive, Size, Strict
from meta.evidence.study_schema import Identifier, Text

Tier = Literal["A", "B", "C"]
Share = Annotated[float, Field(gt=0, lt=1)]


class RetestCorrelation(Strict):
    """Which reported coefficients of variation give a test-retest correlation.

    The correlation is between-person variance over total variance; ``combine`` says which ends of the
    reported ranges are used and whether the assay's own variation counts.
    """

    label: Text = Field(description="Name shown.")
    study: Identifier = Field(description="Study that reports the variation.")
    result: Identifier = Field(description="Its result.")
    combine: Literal["all", "no-analytical", "most-reliable", "least-reliable"] = Field(
        description="Which ends of the reported ranges are used."
    )
    primary: bool = Field(default=False, description="Whether the verdict uses it.")


class Proportion(Strict):
    """What a claim about a normalised share needs: retest correlations and cut-offs."""

    retest: tuple[RetestCorrelation, ...] = Field(description="Retest correlations to use.")
    cutoffs: tuple[Share, ...] = Field(description="Percentiles above which a value counts as raised.")
    benchmarks: tuple[Identifier, ...] = Field(default=(), description="Studies shown for comparison.")


class Multiverse(Strict):
    """Choices other than the primary ones that a careful analyst could defend."""

    margins: tuple[float, ...] = Field(default=(0.8, 1.0), description="Margins to try.")
    routes: tuple[tuple[str, ...], ...] = Field(default=(("oral",),), description="Sets of routes to try.")
    claimed_form_only: bool = Field(
        default=True, description="Whether to try the form that the claim names alone."
    )
    dose_window_mg: tuple[float, float] = Field(
        default=(200.0, 400.0), description="Doses to keep in one variant, mg a day."
    )
    scale_methods: tuple[str, ...] = Field(default=(), description="Ways onto the percent scale to try.")
    tiers: tuple[tuple[Tier, ...], ...] = Field(
        default=(("A", "B", "C"), ("A", "B"), ("A",)), description="Sets of tiers to try."
    )
    target_times: tuple[float, ...] = Field(
        default=(), description="Other times to aim at, in the unit of the analysis's own target."
    )
    truncated: bool = Field(
        default=False, description="Whether to try the likelihood of results seen only when p < 0.05."
    )
    non_randomised: bool = Field(
        default=False, description="Whether to try with trials that were not randomised."
    )
    co_interventions: bool = Field(default=False, description="Whether to try with co-interventions.")
    selected_bounds: bool = Field(default=False, description="Whether to try with selected bounds.")
    prior_factors: tuple[float, ...] = Field(
        default=(0.5, 1.0, 2.0), description="Factors on the priors' widths to try."
    )
    methods: tuple[str, ...] = Field(
        default=("REML", "DL", "PM", "ML"), description="Estimators of tau2 to try."
    )
    tests: tuple[str, ...] = Field(default=("hksj", "adhoc", "z"), description="Tests to try.")

    @model_validator(mode="before")
    @classmethod
    def _old_name(cls, content: Any) -> Any:
        """Files of version 0.1 name the form in the option: ``<form>_only``."""
        if not isinstance(content, dict) or "claimed_form_only" in content:
            return content
        old = [name for name in content if name.endswith("_only") and name not in cls.model_fields]
        if len(old) != 1:
            return content
        return {("claimed_form_only" if name == old[0] else name): value for name, value in content.items()}


class Assumption(Strict):
    """A value that no paper reports, why it was chosen, and the range over which it is varied."""

    id: Identifier = Field(description="Short name of the assumption.")
    name: Text = Field(description="What it is, in words.")
    value: float = Field(description="The value used.")
    low: float = Field(description="Lower end of its range.")
    high: float = Field(description="Upper end of its range.")
    why: Text = Field(description="Why this value.")

    @model_validator(mode="after")
    def _value_in_range(self) -> Assumption:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"value {self.value:g} lies outside its range [{self.low:g}, {self.high:g}]")
        return self


class BorrowedCV(Strict):
    """The control arm whose mean and SD give the coefficient of variation for the percent scale."""

    study: Identifier = Field(description="Study that prints the mean and SD.")
    result: Identifier = Field(description="Its result.")
    arm: Identifier = Field(description="Its arm.")
    low: Positive = Field(description="Lower end of the coefficient of variation's range.")
    high: Positive = Field(description="Upper end of its range.")
    why: Text = Field(description="Why this study.")


class ArmSizes(Strict):
    """Arm sizes that were not printed: the assumed ones, and the others that are possible."""

    study: Identifier = Field(description="Study whose arm sizes were not printed.")
    sizes: dict[str, Size] = Field(description="Assumed n by arm.")
    alternatives: tuple[dict[str, Size], ...] = Field(
        default=(), description="Other sizes that are possible."
    )
    why: Text = Field(description="Why these.")
