"""The kinds of statistic that papers report, word for number.

Each kind is a small model told apart by ``kind``. A number enters as printed; what is derived from it is
derived by :mod:`meta.effects.reported`, never typed in.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Direction = Literal["lower", "higher", "not stated"]
Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Level = Annotated[float, Field(gt=0, lt=1)]

COMPARE = "compare with the paper: a sign, a digit or two fields may be swapped"


class Strict(BaseModel):
    """A model that refuses unknown fields, infinities and NaN, and cannot be changed."""

    # deferred: a model that is only a part of another is not built on its own; `meta check` would wait for it
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


def _outside(value: float | None, low: float | None, high: float | None) -> bool:
    known = value is not None and low is not None and high is not None
    return known and not low <= value <= high  # type: ignore[operator]


class ArmSummary(Strict):
    """One arm's summary as printed: a mean with its dispersion, or a median with quartiles or interval."""

    arm: str = Field(description="Id of the arm.")
    n: Size | None = Field(default=None, description="People behind this summary.")
    mean: float | None = Field(default=None, description="Mean as printed.")
    sd: Positive | None = Field(
        default=None, description="Standard deviation: how far single people lie from the mean."
    )
    se: Positive | None = Field(
        default=None,
        description="Standard error of the mean: how precisely the mean is known. Smaller than the SD by the "
        "square root of n.",
    )
    dispersion_stated: bool = Field(
        default=True,
        description="false if the paper prints 'mean ± x' or 'mean (x)' without saying what x is.",
    )
    ci_low: float | None = Field(default=None, description="Lower end of the mean's confidence interval.")
    ci_high: float | None = Field(default=None, description="Upper end of the mean's confidence interval.")
    level: Level = Field(default=0.95, description="Level of the interval: 0.95 for 95%.")
    median: float | None = Field(default=None, description="Median: half of the people lie below.")
    q1: float | None = Field(default=None, description="First quartile: a quarter of the people lie below.")
    q3: float | None = Field(default=None, description="Third quartile: a quarter of the people lie above.")
    minimum: float | None = Field(default=None, description="Lowest value seen.")
    maximum: float | None = Field(default=None, description="Highest value seen.")
    median_ci_low: float | None = Field(
        default=None, description="Lower end of the median's confidence interval."
    )
    median_ci_high: float | None = Field(
        default=None, description="Upper end of the median's confidence interval."
    )

    @model_validator(mode="after")
    def _has_a_centre(self) -> ArmSummary:
        if self.mean is None and self.median is None:
            raise ValueError("an arm summary needs a mean or a median; add it as printed")
        for low, high, what in (
            (self.ci_low, self.ci_high, "ci_low must be below ci_high"),
            (self.q1, self.q3, "q1 must be at most q3"),
            (self.minimum, self.maximum, "minimum must be at most maximum"),
        ):
            if low is not None and high is not None and low > high:
                raise ValueError(f"{what}: {low:g} > {high:g}; {COMPARE}")
        for centre, low, high, what in (
            (self.mean, self.ci_low, self.ci_high, "mean {:g} lies outside its interval"),
            (self.median, self.q1, self.q3, "median {:g} lies outside its quartiles"),
            (self.median, self.median_ci_low, self.median_ci_high, "median {:g} lies outside its interval"),
        ):
            if _outside(centre, low, high):
                raise ValueError(f"the {what.format(centre)} [{low:g}, {high:g}]; {COMPARE}")
        return self


class Means(Strict):
    """Arm summaries: means, or medians, of two or more arms, or of one arm; ``p`` compares the arms."""

    kind: Literal["means"]
    arms: tuple[ArmSummary, ...] = Field(min_length=1, description="One summary an arm, as printed.")
    p: Probability | None = Field(
        default=None, description="p-value of the comparison of the arms, as printed."
    )


class MeanDifference(Strict):
    """A difference between arms (treatment minus control) with a standard error, an interval or a p-value."""

    kind: Literal["mean-difference"]
    difference: float = Field(
        description="Treatment minus control, as printed; negative means lower under the treatment."
    )
    se: Positive | None = Field(default=None, description="Standard error of the difference.")
    ci_low: float | None = Field(default=None, description="Lower end of its confidence interval.")
    ci_high: float | None = Field(default=None, description="Upper end of its confidence interval.")
    level: Level = Field(default=0.95, description="Level of the interval: 0.95 for 95%.")
    p: Probability | None = Field(default=None, description="Its p-value, as printed.")

    @model_validator(mode="after")
    def _interval_holds_it(self) -> MeanDifference:
        if _outside(self.difference, self.ci_low, self.ci_high):
            raise ValueError(
                f"the difference {self.difference:g} lies outside its interval "
                f"[{self.ci_low:g}, {self.ci_high:g}]; {COMPARE}"
            )
        return self


class Ratio(Strict):
    """A ratio of risks or odds between arms with its interval, and the arm risks per 1000 where printed."""

    kind: Literal["ratio"]
    measure: Literal["RR", "OR", "IRR", "ROM", "HR"] = Field(
        description="RR risk ratio, OR odds ratio, IRR rate ratio, ROM ratio of means, HR hazard ratio."
    )
    estimate: Positive = Field(description="The ratio, treatment to control; 1 means no difference.")
    ci_low: Positive | None = Field(default=None, description="Lower end of its confidence interval.")
    ci_high: Positive | None = Field(default=None, description="Upper end of its confidence interval.")
    level: Level = Field(default=0.95, description="Level of the interval: 0.95 for 95%.")
    p: Probability | None = Field(default=None, description="Its p-value, as printed.")
    n_total: Size | None = Field(default=None, description="People in both arms together.")
    per_1000: dict[str, float] = Field(
        default_factory=dict, description="Risk per 1000 by arm, where printed."
    )

    @model_validator(mode="after")
    def _interval_holds_it(self) -> Ratio:
        if _outside(self.estimate, self.ci_low, self.ci_high):
            raise ValueError(
                f"the ratio {self.estimate:g} lies outside its interval "
                f"[{self.ci_low:g}, {self.ci_high:g}]; {COMPARE}"
            )
        return self


class ExactTest(Strict):
    """An exact test: p, t, F or (partial) eta squared, with the direction if it was stated."""

    kind: Literal["test"]
    direction: Direction = Field(
        description="Whether the outcome was lower or higher under the treatment, as the paper says."
    )
    p: Probability | None = Field(default=None, description="The exact p-value, two-sided, as printed.")
    p_below: Probability | None = Field(
        default=None,
        description="Threshold that is printed beside the other numbers, such as 0.01 in 'p < 0.01'.",
    )
    t: float | None = Field(default=None, description="The t statistic.")
    f: Annotated[float, Field(ge=0)] | None = Field(None, description="The F statistic.")
    df: tuple[Positive, ...] = Field(
        default=(), description="Degrees of freedom: one number for t, two for F."
    )
    eta_squared: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="(Partial) eta squared: the share of variance that the effect explains."
    )
    test: str = Field(default="not stated", description="Name of the test, as printed.")

    @model_validator(mode="after")
    def _says_something(self) -> ExactTest:
        if self.p is None and self.t is None and self.f is None and self.eta_squared is None:
            raise ValueError('give p, t, f or eta_squared; for "p < 0.01" alone use kind = "threshold"')
        return self


class ArmTest(Strict):
    """One arm's own test of change from baseline."""

    arm: str = Field(description="Id of the arm.")
    n: Size | None = Field(default=None, description="People in the arm.")
    p: Probability | None = Field(default=None, description="p-value of the change within this arm.")
    significant: bool | None = Field(
        default=None, description="Whether the change was called significant, where no p is printed."
    )
    alpha: Probability = Field(default=0.05, description="Threshold of 'significant'.")
    direction: Direction = Field(default="not stated", description="Whether the arm's values fell or rose.")


class WithinArm(Strict):
    """Tests of change within each arm; the contrast of arms was not tested."""

    kind: Literal["within-arm-tests"]
    arms: tuple[ArmTest, ...] = Field(min_length=1, description="One test an arm.")


class Threshold(Strict):
    """A p-value below a threshold and nothing more: "p < 0.01, lower"."""

    kind: Literal["threshold"]
    p_below: Annotated[float, Field(gt=0, lt=1)] = Field(description="The threshold: 0.01 for 'p < 0.01'.")
    direction: Direction = Field(description="Whether the outcome was lower or higher under the treatment.")
    comparisons: Size = Field(
        default=1, description="For how many comparisons the threshold was corrected; 1 if it was not."
    )


class NotSignificant(Strict):
    """Tested and not significant: "p > 0.05"."""

    kind: Literal["not-significant"]
    alpha: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.05, description="The threshold that was not reached: 0.05 for 'p > 0.05'."
    )
    direction: Direction = Field(default="not stated", description="Direction, if the paper names one.")


class Interval(Strict):
    """A range in words: "1 to 2 points lower"; both ends positive, signed by ``direction``."""

    kind: Literal["interval"]
    low: float = Field(description="The smaller end, without a sign.")
    high: float = Field(description="The larger end, without a sign.")
    direction: Direction = Field(description="lower or higher, as the paper says.")
    significant: bool | None = Field(
        default=None, description="Whether this arm's change was called significant."
    )
    other_arm_significant: bool | None = Field(
        default=None, description="Whether the other arm's change was called significant."
    )

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"low must be at most high: {self.low:g} > {self.high:g}; {COMPARE}")
        return self


class ArmCount(Strict):
    """Events out of n in one arm."""

    arm: str = Field(description="Id of the arm.")
    events: Count = Field(description="People with the event.")
    n: Size = Field(description="People in the arm.")

    @model_validator(mode="after")
    def _fits(self) -> ArmCount:
        if self.events > self.n:
            raise ValueError(f"events must be at most n: {self.events} > {self.n}; {COMPARE}")
        return self


class Counts(Strict):
    """Events and totals by arm."""

    kind: Literal["counts"]
    arms: tuple[ArmCount, ...] = Field(min_length=1, description="One count an arm.")
    p: Probability | None = Field(default=None, description="p-value of the comparison, as printed.")


class ArmPercentage(Strict):
    """A percentage of an arm as printed, with its n where that is known."""

    arm: str = Field(description="Id of the arm.")
    percent: Annotated[float, Field(ge=0, le=100)] = Field(description="The percentage as printed, 0 to 100.")
    decimals: Annotated[int, Field(ge=0, le=4)] = Field(
        1, description="Decimals that were printed: 0 for 78%, 1 for 78.0%."
    )
    n: Size | None = Field(default=None, description="People in the arm, where known.")


class Percentages(Strict):
    """Percentages by arm where the counts were not printed."""

    kind: Literal["percentages"]
    arms: tuple[ArmPercentage, ...] = Field(min_length=1, description="One percentage an arm.")
    p: Probability | None = Field(default=None, description="p-value of the comparison, as printed.")


class Variation(Strict):
    """How much a measurement varies without treatment: coefficients of variation in percent, or an ICC.

    ``low`` and ``high`` differ where a range was printed.
    """

    kind: Literal["variation"]
    within_person_cv_low: Positive | None = Field(
        default=None,
        description="Coefficient of variation within a person in percent, the lower of a range.",
    )
    within_person_cv_high: Positive | None = Field(
        default=None, description="The upper where a range is printed, else the same."
    )
    between_person_cv_low: Positive | None = Field(
        default=None, description="Coefficient of variation between people in percent, the lower."
    )
    between_person_cv_high: Positive | None = Field(default=None, description="The upper, else the same.")
    analytical_cv: Positive | None = Field(
        default=None, description="Coefficient of variation of the assay itself in percent."
    )
    retest_correlation_low: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        None, description="Test-retest correlation or ICC, the lower."
    )
    retest_correlation_high: Annotated[float, Field(ge=-1, le=1)] | None = Field(
        None, description="The upper, else the same."
    )
    n: Size | None = Field(default=None, description="People measured.")


class Narrative(Strict):
    """A direction in words, or silence, with nothing to compute with."""

    kind: Literal["narrative"]
    direction: Literal["lower", "higher", "no difference", "not stated", "not seen"] = Field(
        description="What the words say happened under the treatment. 'not seen': not found in what was read."
    )
    words: str = Field(description="The words, as printed or summed up.")


Statistic = Annotated[
    Means
    | MeanDifference
    | Ratio
    | ExactTest
    | WithinArm
    | Threshold
    | NotSignificant
    | Interval
    | Counts
    | Percentages
    | Variation
    | Narrative,
    Field(discriminator="kind"),
]
