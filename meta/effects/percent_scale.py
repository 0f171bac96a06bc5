"""Standardised effects on the percent scale, through a control arm's coefficient of variation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from meta.effects.cv_scale import RATIO_METHODS, coefficient_of_variation, smd_to_log_rom
from meta.effects.derived_effect import Derived, nothing, shown
from meta.errors import InputError, unknown_option
from meta.evidence.load_studies import Library


@dataclass(frozen=True, slots=True)
class PercentScale:
    """A way from standardised effects to log ratios of means.

    Attributes
    ----------
    c, c_se : float
        Coefficient of variation and its standard error, carried by the delta method.
    low, high : float
        Range over which ``c`` is varied.
    method : str
        "exact", "control-sd" or "log".
    origin : str
        Where ``c`` comes from.
    """

    c: float
    c_se: float
    low: float
    high: float
    method: str
    origin: str

    def value(self, g: float) -> float:
        """Return the log ratio of an SMD; infinite where no ratio has so large an SMD."""
        if math.isinf(g) or not RATIO_METHODS[self.method].within(np.array(g), np.array(self.c)):
            return math.copysign(math.inf, g)
        return float(smd_to_log_rom(g, c=self.c, method=self.method).yi)

    def variance(self, g: float, v: float, *, shared: bool = True) -> float:
        """Return the variance of the log ratio (delta method), with the uncertainty of ``c`` if shared."""
        c_variance = self.c_se**2 if shared else 0.0
        return float(smd_to_log_rom(g, c=self.c, v=v, c_variance=c_variance, method=self.method).vi)

    def apply(self, effect: Derived) -> Derived:
        """Return a standardised effect as a log ratio of means, the uncertainty of ``c`` in its variance.

        Bounds and mixtures move with the transformation; their sampling variance takes the slope at the
        finite bound nearest to zero.
        """
        note = f"control CV = {self.c:.2f} (range {self.low:g} to {self.high:g}; {self.origin})"
        noted = (*effect.assumptions, note)
        if effect.kind == "exact":
            y = self.value(effect.y)
            if math.isinf(y):
                return nothing(
                    f"g = {shown(effect.y)} is more than a percent scale with a control CV of {self.c:.2f} "
                    "can carry"
                )
            v = self.variance(effect.y, effect.v)
            step = f"At a control CV of {self.c:.2f}: log ratio {shown(y)} (SE {shown(math.sqrt(v))}), "
            step += f"ratio {math.exp(y):.2f}."
            return replace(effect, tier="B", y=y, v=v, steps=(*effect.steps, step), assumptions=noted)
        ends = [x for x in (effect.low, effect.high, *(x for x, _ in effect.mixture)) if math.isfinite(x)]
        nearest = min((x for x in ends if math.isfinite(self.value(x))), key=abs, default=0.0)
        low, high = (x if math.isnan(x) else self.value(x) for x in (effect.low, effect.high))
        mixture = tuple((self.value(x), weight) for x, weight in effect.mixture)
        step = f"At a control CV of {self.c:.2f} on the ratio scale."
        return replace(
            effect, v=self.variance(nearest, effect.v, shared=False), low=low, high=high, mixture=mixture,
            steps=(*effect.steps, step), assumptions=noted,
        )  # fmt: skip


def percent_scale(
    library: Library,
    *,
    method: str = "exact",
    cv: float | None = None,
    arm_sizes: Mapping[str, Mapping[str, int]] | None = None,
) -> PercentScale | None:
    """Return the percent scale that the claims file asks for, or None if it names no control arm.

    Raises
    ------
    InputError
        If the named arm has no mean and SD.
    """
    borrowed = library.claims.borrowed_cv
    if borrowed is None:
        return None
    if method not in RATIO_METHODS:
        raise unknown_option("percent scale", method, RATIO_METHODS)
    study = library.study(borrowed.study)
    result = next(item for item in study.results if item.id == borrowed.result)
    arms = getattr(result.statistic, "arms", ())
    part = next((item for item in arms if item.arm == borrowed.arm), None)
    if part is None or not getattr(part, "mean", None) or getattr(part, "sd", None) is None:
        raise InputError(
            f"borrowed_cv needs a mean and an SD; {borrowed.study!r}, {borrowed.result!r}, "
            f"{borrowed.arm!r} has none"
        )
    own = study.arm(borrowed.arm)
    n = part.n or own.n_analysed or (arm_sizes or {}).get(study.id, {}).get(borrowed.arm)
    if n is None:
        raise InputError(f"borrowed_cv: the n of {borrowed.study!r}, {borrowed.arm!r} is unknown; assume one")
    own_cv = coefficient_of_variation(mean=part.mean, sd=part.sd, n=n)
    c = float(own_cv.yi) if cv is None else cv
    se = float(own_cv.sei) if cv is None else c * math.sqrt(1 / (2 * (n - 1)) + c**2 / n)
    origin = f"{study.label}, {own.label}, {result.time.label}"
    return PercentScale(c, se, borrowed.low, borrowed.high, method, origin)
