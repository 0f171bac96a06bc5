"""Arm summaries: means, or medians, of two or more arms, or of one arm; ``p`` compares the arms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, model_validator

from meta.evidence.kinds.fields import COMPARE, Level, Positive, Probability, Size, Strict, outside
from meta.evidence.kinds.kind import Asking, Facts, Kind, by_arm, of_arms, plain, stated
from meta.evidence.kinds.text import Named, ends, joined, known, number, p_value


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
            if outside(centre, low, high):
                raise ValueError(f"the {what.format(centre)} [{low:g}, {high:g}]; {COMPARE}")
        return self


class Means(Strict):
    """Arm summaries: means, or medians, of two or more arms, or of one arm; ``p`` compares the arms."""

    kind: Literal["means"]
    arms: tuple[ArmSummary, ...] = Field(min_length=1, description="One summary an arm, as printed.")
    p: Probability | None = Field(
        default=None, description="p-value of the comparison of the arms, as printed."
    )


COLUMNS = by_arm(*(name for name in ArmSummary.model_fields if name != "arm")) | plain("p")
_STATED = (
    "n", "mean", "sd", "se", "ci_low", "ci_high", "median", "q1", "q3", "minimum", "maximum",
)  # fmt: skip


NOT_SAID = "not said"


BESIDE_MEAN = (
    ("SD", "standard deviation"),
    ("SE", "standard error (SEM)"),
    ("interval", "95% confidence interval"),
    (NOT_SAID, "a number of a kind not named; it is taken to be an SD, which is noted"),
    ("nothing", ""),
)


BESIDE_MEDIAN = (
    ("quartiles", "first and third, also called IQR"),
    ("range", "lowest and highest value"),
    ("interval", "95% confidence interval of the median"),
    ("nothing", ""),
)


SPREAD_HELP = (
    "SD and SE are often mixed up. The SD tells how far single people lie from the average and does not "
    "shrink with more people; the SE tells how precisely the average is known and is the SD divided by the "
    "square root of n. Taking one for the other changes the weight of the study by a factor of n."
)


def _beside_mean(a: Asking, arm: str, who: str) -> Iterator[Any]:
    beside = a.chosen("beside")
    if beside in ("SD", NOT_SAID):
        yield a.ask(f"sd{arm}", f"{'SD' if beside == 'SD' else 'The number beside it'} in {who}?")
    if beside == "SE":
        yield a.ask(f"se{arm}", f"SE in {who}?")
    if beside == "interval":
        yield a.ask(f"ci_low{arm}", f"Lower end of the interval in {who}?")
        yield a.ask(f"ci_high{arm}", f"Upper end of the interval in {who}?")


def _beside_median(a: Asking, arm: str, who: str) -> Iterator[Any]:
    pairs = {
        "quartiles": (f"q1_{arm}", f"q3_{arm}", "quartile"),
        "range": (f"minimum{arm}", f"maximum{arm}", "value"),
        "interval": (f"median_ci_low{arm}", f"median_ci_high{arm}", "end of the interval"),
    }
    if a.chosen("beside") in pairs:
        low, high, what = pairs[a.chosen("beside")]
        yield a.ask(low, f"Lower {what} in {who}?")
        yield a.ask(high, f"Upper {what} in {who}?")


def questions(a: Asking) -> Iterator[Any]:
    """The questions of ``meta add``."""
    yield a.choice("centre", "Means or medians?", (("means", "averages"), ("medians", "half lie below")),
                   "If the paper gives both, take the means.", "means")  # fmt: skip
    medians = a.chosen("centre") == "medians"
    if medians:
        yield a.choice("beside", "What stands beside the medians?", BESIDE_MEDIAN)
    else:
        yield a.choice("beside", "What stands beside the means?", BESIDE_MEAN, SPREAD_HELP)
    for arm, who in a.arms:
        what = "Median" if medians else "Mean"
        yield a.ask(f"{what.lower()}{arm}", f"{what} of {who}?")
        yield from (_beside_median if medians else _beside_mean)(a, arm, who)
        yield a.ask(f"n{arm}", f"How many people in {who}?", optional=True)
    yield a.p()


def _summary(part: Any, arm: Named) -> str:
    said = []
    if part.mean is not None:
        said.append(f"mean {number(part.mean)}")
    if part.median is not None:
        said.append(f"median {number(part.median)}")
    doubt = "" if part.dispersion_stated else " (taken to be one)"
    if part.sd is not None:
        said.append(f"SD {number(part.sd)}{doubt}")
    if part.se is not None:
        said.append(f"SE {number(part.se)}{doubt}")
    said.append(ends(part.ci_low, part.ci_high, part.level))
    if part.q1 is not None or part.q3 is not None:
        said.append(f"quartiles {known(part.q1)} and {known(part.q3)}")
    if part.minimum is not None or part.maximum is not None:
        said.append(f"range {known(part.minimum)} to {known(part.maximum)}")
    said.append(ends(part.median_ci_low, part.median_ci_high, part.level, "CI of the median"))
    if part.n is not None:
        said.append(f"n = {part.n}")
    return f"{arm(part.arm)}: {', '.join(item for item in said if item)}"


def printed(s: Means, arm: Named) -> str:
    """As a reader would write it down."""
    return joined(*(_summary(part, arm) for part in s.arms), p_value(s.p))


def facts(s: Means, arms: tuple[str, ...]) -> Facts:
    """What it states, by the solver's names."""
    found = of_arms(s.arms, arms, *_STATED)
    parts = [part for part in s.arms if part.arm in arms]
    levels = {part.level for part in parts if part.ci_low is not None}
    return found | stated(s, "p") | ({"level": levels.pop()} if len(levels) == 1 else {})


KIND = Kind(
    name="means",
    model=Means,
    asked="the average (or the median) of each group",
    means=(
        "The average of each group, mostly with a standard deviation (SD: how far single people "
        "lie from the average) or a standard error (SE: how precisely the average is known). "
        "This is the best thing to have: ratio of means, mean difference and standardised "
        "difference all follow from it."
    ),
    columns=COLUMNS,
    questions=questions,
    facts=facts,
    printed=printed,
    tells=("mean1", "median1", "mean2", "median2"),
)
