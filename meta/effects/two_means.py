"""Two arms' means and SDs as printed, or the reason why they are not at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meta.effects.reading_of import NO_SIZES, Context, Derived, nothing
from meta.effects.recovery import change_sd, sd_from_ci, sd_from_se
from meta.evidence.statistics import ArmSummary, Means


@dataclass(frozen=True, slots=True)
class TwoMeans:
    """Means, SDs and sizes of the treatment arm (1) and its control (2), and how to say so."""

    mean1: float
    sd1: float
    n1: int
    mean2: float
    sd2: float
    n2: int
    text: str

    @property
    def columns(self) -> dict[str, Any]:
        """The six numbers as one-row columns for :func:`meta.effect_sizes`."""
        names = ("mean1", "sd1", "n1", "mean2", "sd2", "n2")
        return {name: [getattr(self, name)] for name in names}

    def sd_of_differences(self, r: float) -> float:
        """Return the SD of within-person differences when the two values correlate by ``r``."""
        return float(change_sd(sd_pre=self.sd2, sd_post=self.sd1, r=r))


def two_means(context: Context, stat: Means) -> TwoMeans | Derived:
    """Return both arms' means and SDs, or a tier D effect with the reason why not."""
    sizes = context.sizes()
    if sizes is None:
        return nothing(NO_SIZES)
    values: list[float] = []
    for arm, n in zip(context.arms, sizes, strict=True):
        part = next((item for item in stat.arms if item.arm == arm.id), None)
        if part is None or part.mean is None:
            return nothing("the mean of an arm was not seen; medians or one arm were printed")
        sd = sd_of(part, n)
        if sd is None:
            return nothing("the dispersion of an arm was not seen")
        if not part.dispersion_stated:
            context.note("the printed dispersion is taken to be an SD")
        values += [part.mean, sd, n]
    m1, s1, n1, m2, s2, n2 = values
    text = f"Means {m1:g} (SD {s1:.3g}) and {m2:g} (SD {s2:.3g}), n {n1} and {n2}."
    return TwoMeans(m1, s1, int(n1), m2, s2, int(n2), text)


def sd_of(part: ArmSummary, n: int) -> float | None:
    """Return an arm's SD as printed, or from its SE or t interval, or None."""
    if part.sd is not None:
        return part.sd
    if part.se is not None:
        return float(sd_from_se(part.se, n=n))
    if part.ci_low is not None and part.ci_high is not None:
        return float(sd_from_ci(part.ci_low, part.ci_high, n=n, level=part.level))
    return None
