"""The effect axis: which part of the model scale is shown, and its labels on the display scale."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from meta.effects.registry import MEASURES
from meta.effects.scales import SCALES, Scale
from meta.errors import InputError, unknown_option
from meta.formatting import number
from meta.plots.figure_rows import ClaimMark, Row, each

Fits = Callable[[Sequence[float], Sequence[str]], bool]

_RATIOS: tuple[tuple[float, ...], ...] = (
    (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0),
    (1.0, 1.5, 2.0, 3.0, 5.0, 7.0),
    (1.0, 2.0, 5.0),
    (1.0, 3.0),
    (1.0,),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How effects of a measure are read.

    Attributes
    ----------
    scale : Scale
        Back-transformation from the model scale.
    name, short : str
        What the axis is called, in full and in the heading of the numbers.
    null : float or None
        No effect, on the model scale.
    size : float or None
        The study size for which the axis is labelled, where the back-transformation depends on it.
    """

    scale: Scale
    name: str
    short: str
    null: float | None
    size: float | None = None

    def back(self, x: float) -> float:
        """Value on the display scale; an infinite end stays the end of that scale."""
        with np.errstate(over="ignore", invalid="ignore"):
            return float(self.scale.back(x))

    def interval(self, low: float, high: float) -> tuple[float, float]:
        """Ends on the display scale, the lower one first."""
        ends = self.back(low), self.back(high)
        return ends if self.scale.increasing else (ends[1], ends[0])


def reading(
    measure: str, *, scale: str | None = None, null: float | None = None, size: float | None = None
) -> Reading:
    """Return how a measure is read; an unknown one is read as it is.

    ``size`` is the harmonic mean of the sizes, for scales whose way back depends on it.

    >>> reading("RR").name, round(reading("RR").back(-0.693147), 2), reading("XYZ").back(1.5)
    ('risk ratio', 0.5, 1.5)
    """
    if scale is not None and scale not in SCALES:
        raise unknown_option("scale", scale, SCALES)
    known = MEASURES.get(measure)
    if known is None:
        chosen = SCALES[scale or "identity"]
        zero = 0.0 if chosen.name in ("identity", "log", "tanh") else None
        return Reading(chosen, "effect", "Effect", zero if null is None else null)
    chosen = SCALES[scale] if scale else known.transform
    own = chosen.name == known.scale
    name = known.display if own else known.name
    if measure == "GEN" and name == known.name:
        name = "effect"
    short = known.heading or (measure if len(measure) <= 3 else name)
    if not own and known.name.startswith("log "):
        short = f"log {short}"
    return Reading(chosen.at(size), name, short, known.null if null is None else null, size)


@dataclass(frozen=True, slots=True)
class Axis:
    """The visible part of the model scale.

    Attributes
    ----------
    low, high : float
        Ends, on the model scale.
    ticks : tuple of float
        On the model scale.
    labels : tuple of str
        On the display scale.
    """

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]

    def clips(self, low: float, high: float) -> tuple[bool, bool]:
        """Whether an interval runs beyond the left and the right end."""
        slack = 1e-9 * (self.high - self.low)
        return low < self.low - slack, high > self.high + slack

    def inside(self, x: float) -> bool:
        """Whether a value is visible."""
        return not any(self.clips(x, x))


def limits(
    rows: Sequence[Row],
    how: Reading,
    *,
    claim: ClaimMark | None = None,
    xlim: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """Return the ends of the axis on the model scale.

    Summaries, the null and the claimed value are always inside. Intervals of studies are too, unless they
    reach so far beyond the bulk of the estimates that they would squeeze all others.
    """
    if xlim is not None:
        return _given(how, xlim)
    rows = each(rows)
    studies = [row for row in rows if row.drawn and not row.summary]
    must = [how.null, *([] if claim is None else [claim.value])]
    must += [row.estimate for row in rows if row.summary and row.drawn]
    must += [x for row in studies for x, _ in row.values]
    wide = [
        x for row in rows if row.summary and row.drawn for x in (row.low, row.high, row.pi_low, row.pi_high)
    ]
    core = _core(_finite(must), studies)
    if core is None:
        return -1.0, 1.0
    reach = 0.75 * max(core[1] - core[0], 1e-9)
    allowed = core[0] - reach, core[1] + reach
    seen = [x for row in studies for x in _extent(row) if not _beyond(row, allowed)]
    far = core[0] - 2 * reach, core[1] + 2 * reach
    low = min([core[0], *(max(x, allowed[0]) for x in seen), *(max(x, far[0]) for x in _finite(wide))])
    high = max([core[1], *(min(x, allowed[1]) for x in seen), *(min(x, far[1]) for x in _finite(wide))])
    if not high > low:
        width = abs(low) or 1.0
        return low - 0.5 * width, high + 0.5 * width
    pad = 0.04 * (high - low)
    return low - pad, high + pad


def _extent(row: Row) -> list[float]:
    return _finite([row.estimate, row.low, row.high, *(row.shrunken or ()), *(row.fitted or ())])


def _beyond(row: Row, allowed: tuple[float, float]) -> bool:
    """Whether a study's estimate is so far out that the axis does not go there."""
    return row.shape == "exact" and not allowed[0] <= row.estimate <= allowed[1]


def _finite(values: Sequence[float | None]) -> list[float]:
    return [float(x) for x in values if x is not None and math.isfinite(x)]


def _core(must: list[float], studies: Sequence[Row]) -> tuple[float, float] | None:
    """Return the range that has to be seen: summaries, usual estimates, intervals of usual width."""
    points = _finite([row.estimate for row in studies])
    bounds = _finite([x for row in studies if row.shape == "bound" for x in (row.low, row.high)])
    halves = _finite([0.5 * (row.high - row.low) for row in studies if row.shape == "exact"])
    half = float(np.median(halves)) if halves else 0.0
    kept = points
    if len(points) >= 4:
        middle = float(np.median(points))
        spread = max(6.0 * float(np.median(np.abs(np.asarray(points) - middle))), 2.5 * half)
        kept = [x for x in points if abs(x - middle) <= spread]
    seen = [*must, *bounds, *(x - half for x in kept), *(x + half for x in kept)]
    return (min(seen), max(seen)) if seen and (len(seen) > 1 or studies) else None


def _given(how: Reading, xlim: tuple[float, float]) -> tuple[float, float]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = [float(how.scale.forward(x)) for x in xlim]
    if not all(math.isfinite(x) for x in ends) or ends[0] == ends[1]:
        raise InputError(
            f"xlim = ({xlim[0]:g}, {xlim[1]:g}) must be two values that the {how.name} axis can show"
        )
    return min(ends), max(ends)


def make_axis(low: float, high: float, how: Reading, fits: Fits) -> Axis:
    """Choose the finest ticks whose labels fit; the null is always among them."""
    best: tuple[tuple[float, ...], tuple[str, ...]] = ((), ())
    for values in _candidates(low, high, how):
        labels = _labels(values, how)
        with np.errstate(divide="ignore", invalid="ignore"):
            positions = [float(how.scale.forward(value)) for value in values]
        kept = [
            (x, text)
            for x, text in zip(positions, labels, strict=True)
            if math.isfinite(x) and low - 1e-12 <= x <= high + 1e-12
        ]
        found = tuple(x for x, _ in kept), tuple(text for _, text in kept)
        if not found[0]:
            continue
        if len(best[0]) < 2 or len(found[0]) >= 2:
            best = found
        if len(found[0]) >= 2 and fits(*found):
            break
    return Axis(low, high, *best)


def _candidates(low: float, high: float, how: Reading) -> list[list[float]]:
    left, right = sorted((how.back(low), how.back(high)))
    if how.scale.name == "log":
        found = [_ratio_ticks(left, right, steps) for steps in _RATIOS]
        found += [_ratio_ticks(left, right, (1.0,), every) for every in (2, 3, 4, 6, 10, 20, 40, 60, 100)]
        return [*([] if right / max(left, 1e-300) > 4 else _linear(left, right, 1.0)), *found]
    null = None if how.null is None else how.back(how.null)
    return _linear(left, right, null)


def _ratio_ticks(low: float, high: float, steps: tuple[float, ...], every: int = 1) -> list[float]:
    first, last = math.floor(math.log10(max(low, 1e-300))), math.ceil(math.log10(min(high, 1e300)))
    return [
        float(f"{step}e{power}")
        for power in range(first, last + 1)
        if power % every == 0
        for step in steps
        if low * (1 - 1e-9) <= float(f"{step}e{power}") <= high * (1 + 1e-9)
    ]


def _linear(low: float, high: float, null: float | None) -> list[list[float]]:
    """Return ticks at multiples of 1, 2 or 5 times a power of ten, from fine to coarse."""
    span = high - low
    if not (math.isfinite(span) and span > 0):
        return [[low]]
    found = []
    power = math.floor(math.log10(span)) - 1
    for exponent in range(power, power + 3):
        for step in (1.0, 2.0, 5.0):
            size = float(f"{step}e{exponent}")
            ticks = [
                round(n * size, 12)
                for n in range(math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9) + 1)
            ]
            if len(ticks) > 9:
                continue
            if (
                null is not None
                and low <= null <= high
                and not any(abs(t - null) < 1e-9 * span for t in ticks)
            ):
                ticks = sorted([*ticks, null])
            found.append(ticks)
    return found


def _labels(values: Sequence[float], how: Reading) -> list[str]:
    if how.scale.name == "log":
        return [
            minus(f"{value:.10g}") if 1e-4 <= value < 1e5 else minus(scientific(value)) for value in values
        ]
    digits = max((_decimals(value) for value in values if abs(value) < 1e6), default=0)
    return [minus(number(value, digits) if abs(value) < 1e6 else scientific(value)) for value in values]


def _decimals(value: float) -> int:
    text = f"{value:.10f}".rstrip("0")
    return len(text) - text.index(".") - 1


_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def scientific(x: float, digits: int = 2) -> str:
    """Write a number with a power of ten.

    >>> scientific(5.18e21), scientific(1e-7), scientific(-2e6)
    ('5.2×10²¹', '10⁻⁷', '-2×10⁶')
    """
    head, _, power = f"{x:.{digits - 1}e}".partition("e")
    head = head.rstrip("0").rstrip(".") if "." in head else head
    raised = f"10{str(int(power)).translate(_RAISED)}"
    return raised if head == "1" else f"-{raised}" if head == "-1" else f"{head}×{raised}"


def minus(text: str) -> str:
    """Write a true minus sign.

    >>> minus("-0.5")
    '−0.5'
    """
    return text.replace("-", "\N{MINUS SIGN}")
