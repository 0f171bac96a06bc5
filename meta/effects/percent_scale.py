"""Standardised effects on the percent scale, through a control arm's coefficient of variation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from meta.effects.reading_of import Derived, nothing, shown
from meta.errors import InputError, unknown_option
from meta.evidence.reading import Library


def exact_ratio(g: float, c: float) -> float:
    """Return the log ratio of means with SMD ``g`` when both arms share the coefficient of variation ``c``.

    Inverts ``g = (ROM - 1)/(c sqrt((1 + ROM^2)/2))``: with ``a = (g c)^2/2``,
    ``ROM = [1 - sqrt(a (2 - a))]/(1 - a)`` for g < 0, and its inverse for g > 0. Beyond
    ``|g| = sqrt(2)/c`` no ratio exists: the result is infinite.

    >>> round(exact_ratio(-0.94, 0.63), 2)
    -0.64
    """
    a = 0.5 * (g * c) ** 2
    if a >= 1:
        return math.copysign(math.inf, g)
    size = math.log1p(-math.sqrt(a * (2 - a))) - math.log1p(-a)
    return math.copysign(size, g) if g else 0.0


def control_sd_ratio(g: float, c: float) -> float:
    """Return the log ratio when ``g`` is in units of the control SD: ``ROM = 1 + g c``."""
    return math.log1p(g * c) if g * c > -1 else -math.inf


def log_ratio(g: float, c: float) -> float:
    """Return the log ratio when ``g`` is an SMD of logs: ``g sqrt(log(1 + c^2))``."""
    return g * math.sqrt(math.log1p(c * c))


METHODS: dict[str, Callable[[float, float], float]] = {
    "exact": exact_ratio,
    "control-sd": control_sd_ratio,
    "log": log_ratio,
}


def smd_of_ratio(ratio: float, c: float, method: str = "exact") -> float:
    """Return the SMD that a ratio of means stands for: where a claim sets the bar.

    >>> [round(smd_of_ratio(0.59, 0.63, method), 2) for method in METHODS]
    [-0.79, -0.65, -0.91]
    """
    if method == "exact":
        return (ratio - 1) / (c * math.sqrt((1 + ratio**2) / 2))
    if method == "control-sd":
        return (ratio - 1) / c
    if method == "log":
        return math.log(ratio) / math.sqrt(math.log1p(c * c))
    raise unknown_option("percent scale", method, METHODS)


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
        """Return the log ratio of an SMD; an infinite SMD stays infinite."""
        return g if math.isinf(g) else METHODS[self.method](g, self.c)

    def slopes(self, g: float) -> tuple[float, float]:
        """Return the derivatives of the log ratio with respect to g and to c, by central differences."""
        function, step = METHODS[self.method], 1e-6
        by_g = (function(g + step, self.c) - function(g - step, self.c)) / (2 * step)
        by_c = (function(g, self.c + step) - function(g, self.c - step)) / (2 * step)
        return by_g, by_c

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
            by_g, by_c = self.slopes(effect.y)
            v = by_g**2 * effect.v + by_c**2 * self.c_se**2
            step = f"At a control CV of {self.c:.2f}: log ratio {shown(y)} (SE {shown(math.sqrt(v))}), "
            step += f"ratio {math.exp(y):.2f}."
            return replace(effect, tier="B", y=y, v=v, steps=(*effect.steps, step), assumptions=noted)
        ends = [x for x in (effect.low, effect.high, *(x for x, _ in effect.mixture)) if math.isfinite(x)]
        slope = self.slopes(min(ends, key=abs))[0] if ends else self.slopes(0.1)[0]
        low, high = (x if math.isnan(x) else self.value(x) for x in (effect.low, effect.high))
        mixture = tuple((self.value(x), weight) for x, weight in effect.mixture)
        step = f"At a control CV of {self.c:.2f} on the ratio scale."
        return replace(
            effect, v=effect.v * slope**2, low=low, high=high, mixture=mixture,
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

    The standard error of the coefficient of variation is ``c sqrt(1/(2 (n - 1)) + c^2/n)``
    (delta method for normal data).

    Raises
    ------
    InputError
        If the named arm has no mean and SD.
    """
    borrowed = library.claims.borrowed_cv
    if borrowed is None:
        return None
    if method not in METHODS:
        raise unknown_option("percent scale", method, METHODS)
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
    c = cv if cv is not None else part.sd / part.mean
    se = c * math.sqrt(1 / (2 * (n - 1)) + c**2 / n) if n else np.nan
    origin = f"{study.label}, {own.label}, {result.time.label}"
    return PercentScale(c, float(se), borrowed.low, borrowed.high, method, origin)
