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


class Strict(BaseModel):
    """A model that refuses unknown fields, infinities and NaN, and cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def _outside(value: float | None, low: float | None, high: float | None) -> bool:
    known = value is not None and low is not None and high is not None
    return known and not low <= value <= high  # type: ignore[operator]


class ArmSummary(Strict):
    """One arm's summary as printed: a mean with its dispersion, or a median with quartiles or interval."""

    arm: str
    n: Size | None = None
    mean: float | None = None
    sd: Positive | None = None
    se: Positive | None = None
    dispersion_stated: bool = True
    ci_low: float | None = None
    ci_high: float | None = None
    level: Level = 0.95
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    median_ci_low: float | None = None
    median_ci_high: float | None = None

    @model_validator(mode="after")
    def _has_a_centre(self) -> ArmSummary:
        if self.mean is None and self.median is None:
            raise ValueError("an arm summary needs a mean or a median as printed")
        for low, high, what in (
            (self.ci_low, self.ci_high, "ci_low must be below ci_high"),
            (self.q1, self.q3, "q1 must be at most q3"),
            (self.minimum, self.maximum, "minimum must be at most maximum"),
        ):
            if low is not None and high is not None and low > high:
                raise ValueError(f"{what}: {low:g} > {high:g}")
        if _outside(self.mean, self.ci_low, self.ci_high):
            raise ValueError(f"the mean {self.mean:g} lies outside its interval")
        return self


class Means(Strict):
    """Arm summaries: means, or medians, of two or more arms, or of one arm; ``p`` compares the arms."""

    kind: Literal["means"]
    arms: tuple[ArmSummary, ...] = Field(min_length=1)
    p: Probability | None = None


class MeanDifference(Strict):
    """A difference between arms (magnesium minus control) with a standard error, an interval or a p-value."""

    kind: Literal["mean-difference"]
    difference: float
    se: Positive | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    level: Level = 0.95
    p: Probability | None = None

    @model_validator(mode="after")
    def _interval_holds_it(self) -> MeanDifference:
        if _outside(self.difference, self.ci_low, self.ci_high):
            raise ValueError(
                f"the difference {self.difference:g} lies outside its interval "
                f"[{self.ci_low:g}, {self.ci_high:g}]"
            )
        return self


class Ratio(Strict):
    """A ratio of risks or odds between arms with its interval, and the arm risks per 1000 where printed."""

    kind: Literal["ratio"]
    measure: Literal["RR", "OR", "IRR", "ROM", "HR"]
    estimate: Positive
    ci_low: Positive | None = None
    ci_high: Positive | None = None
    level: Level = 0.95
    p: Probability | None = None
    n_total: Size | None = None
    per_1000: dict[str, float] = Field(default_factory=dict)


class ExactTest(Strict):
    """An exact test: p, t, F or (partial) eta squared, with the direction if it was stated."""

    kind: Literal["test"]
    direction: Direction
    p: Probability | None = None
    p_below: Probability | None = None
    t: float | None = None
    f: Annotated[float, Field(ge=0)] | None = None
    df: tuple[Positive, ...] = ()
    eta_squared: Annotated[float, Field(ge=0, lt=1)] | None = None
    test: str = "not stated"

    @model_validator(mode="after")
    def _says_something(self) -> ExactTest:
        if self.p is None and self.t is None and self.f is None and self.eta_squared is None:
            raise ValueError('give p, t, f or eta_squared; for "p < 0.01" alone use kind = "threshold"')
        return self


class ArmTest(Strict):
    """One arm's own test of change from baseline."""

    arm: str
    n: Size | None = None
    p: Probability | None = None
    significant: bool | None = None
    alpha: Probability = 0.05
    direction: Direction = "not stated"


class WithinArm(Strict):
    """Tests of change within each arm; the contrast of arms was not tested."""

    kind: Literal["within-arm-tests"]
    arms: tuple[ArmTest, ...] = Field(min_length=1)


class Threshold(Strict):
    """A p-value below a threshold and nothing more: "p < 0.01, lower"."""

    kind: Literal["threshold"]
    p_below: Annotated[float, Field(gt=0, lt=1)]
    direction: Direction
    comparisons: Size = 1


class NotSignificant(Strict):
    """Tested and not significant: "p > 0.05"."""

    kind: Literal["not-significant"]
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    direction: Direction = "not stated"


class Interval(Strict):
    """A range in words: "1 to 2 points lower"; both ends positive, signed by ``direction``."""

    kind: Literal["interval"]
    low: float
    high: float
    direction: Direction
    significant: bool | None = None
    other_arm_significant: bool | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Interval:
        if self.low > self.high:
            raise ValueError(f"low must be at most high: {self.low:g} > {self.high:g}")
        return self


class ArmCount(Strict):
    """Events out of n in one arm."""

    arm: str
    events: Count
    n: Size

    @model_validator(mode="after")
    def _fits(self) -> ArmCount:
        if self.events > self.n:
            raise ValueError(f"events must be at most n: {self.events} > {self.n}")
        return self


class Counts(Strict):
    """Events and totals by arm."""

    kind: Literal["counts"]
    arms: tuple[ArmCount, ...] = Field(min_length=1)
    p: Probability | None = None


class ArmPercentage(Strict):
    """A percentage of an arm as printed, with its n where that is known."""

    arm: str
    percent: Annotated[float, Field(ge=0, le=100)]
    decimals: Annotated[int, Field(ge=0, le=4)] = 1
    n: Size | None = None


class Percentages(Strict):
    """Percentages by arm where the counts were not printed."""

    kind: Literal["percentages"]
    arms: tuple[ArmPercentage, ...] = Field(min_length=1)
    p: Probability | None = None


class Variation(Strict):
    """How much a measurement varies without treatment: coefficients of variation in percent, or an ICC.

    ``low`` and ``high`` differ where a range was printed.
    """

    kind: Literal["variation"]
    within_person_cv_low: Positive | None = None
    within_person_cv_high: Positive | None = None
    between_person_cv_low: Positive | None = None
    between_person_cv_high: Positive | None = None
    analytical_cv: Positive | None = None
    retest_correlation_low: Annotated[float, Field(ge=-1, le=1)] | None = None
    retest_correlation_high: Annotated[float, Field(ge=-1, le=1)] | None = None
    n: Size | None = None


class Narrative(Strict):
    """A direction in words, or silence, with nothing to compute with."""

    kind: Literal["narrative"]
    direction: Literal["lower", "higher", "no difference", "not stated", "not seen"]
    words: str


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
