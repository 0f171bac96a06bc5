"""The block that every result prints: heading, table on both scales, heterogeneity. Rounded for reading only.

Random-effects meta-analysis · REML · Hartung-Knapp · k = 13        measure: log risk ratio
estimate     se    95% CI            t(12)      p   |  RR 0.49 [0.33, 0.73]
pooled      -0.715  0.181   [-1.108, -0.321]   -3.95  0.002   |  95% PI 0.14 to 1.76 (HK, t12)
tau2 0.313 [0.120, 1.111] (Q-profile)   I2 92%   Q(12) = 152.2, p < 0.001
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from meta.effects.registry import MEASURES
from meta.formatting import interval, number, p_equation, p_value, percent, significant
from meta.results.back_transformation import back_transformed

NAN = math.nan
MOST_DECIMALS = 10
"""Of an estimate with an error: what is smaller is better read in another unit."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table; NaN is left out, or a dash where other rows have a number."""

    label: str
    estimate: float
    se: float = NAN
    low: float = NAN
    high: float = NAN
    statistic: float = NAN
    df: float = math.inf
    p: float = NAN
    right: str = ""

    @classmethod
    def of(cls, row: Mapping[str, Any], right: str = "") -> Line:
        """A row of `tidy`."""
        names = {"estimate": "estimate", "se": "se", "low": "ci_low", "high": "ci_high"}
        names |= {"statistic": "statistic", "df": "df", "p": "p_value"}
        found = {own: float(row.get(name, NAN)) for own, name in names.items()}
        found["df"] = math.inf if math.isnan(found["df"]) else found["df"]
        return cls(label=str(row["term"]), right=right, **found)


def measure_name(measure: str) -> str:
    """Long name of a measure on the model scale, such as "log risk ratio"."""
    return MEASURES[measure].name if measure in MEASURES else measure


def has_null(measure: str) -> bool:
    """Whether a value of no effect exists, which a mean could be tested against; a proportion has none."""
    return measure not in MEASURES or MEASURES[measure].null is not None


def heading(parts: Iterable[str], measure: str) -> str:
    """First line: the model, its options, k, and the measure by its long name."""
    line = " · ".join(part for part in parts if part)
    return f"{line}        measure: {measure_name(measure)}" if measure else line


def read_as(measure: str, display: str) -> str:
    """What a value is called on the display scale: the code of a ratio or difference, else the long name."""
    entry = MEASURES.get(measure)
    short = entry is not None and measure != "GEN" and (entry.is_log_ratio or entry.scale == "identity")
    return measure if short else display


def display_digits(measure: str) -> int:
    """Decimals of the display scale: two of ratios and differences, three of proportions and rates."""
    return 2 if has_null(measure) else 3


def display_text(effects: Any, estimate: float, low: float, high: float) -> str:
    """A mean effect and its interval on the display scale, named: "RR 0.49 [0.33, 0.73]"."""
    digits = display_digits(str(effects.measure))
    back = back_transformed(effects, [estimate, low, high, NAN, NAN])
    ends = "" if math.isnan(back.ci_low) else f" {interval(back.ci_low, back.ci_high, digits)}"
    return f"{read_as(back.measure, back.display)} {number(back.estimate, digits)}{ends}"


def needs_display(measure: str) -> bool:
    """Whether the display scale is another than the model scale, or has ends at which intervals are cut."""
    entry = MEASURES.get(measure)
    return entry is not None and (entry.scale != "identity" or bool(np.any(np.isfinite(entry.limits))))


def cut_notes(effects: Any, rows: Sequence[Line]) -> list[str]:
    """What is said of intervals that were cut at the end of the scale, and of the size behind it."""
    if effects is None or effects.measure not in MEASURES:
        return []
    found: dict[str, list[str]] = {}
    for row in rows:
        back = back_transformed(effects, [row.estimate, row.low, row.high, NAN, NAN])
        for text in back.notes:
            found.setdefault(text, []).extend([row.label] if back.cut and len(rows) > 1 else [])
    return [
        f"note: {', '.join(labels)}: {text}" if labels else f"note: {text}" for text, labels in found.items()
    ]


def table(
    lines: Sequence[Line],
    level: float,
    digits: int = 3,
    *,
    head: str = "",
    ci: str = "CI",
    tested: bool = True,
) -> list[str]:
    """Lines of the table under their header; ``head`` stands right of the header."""
    statistic, p = _tests(lines) if tested else ([], [])
    columns = [
        ["", *(line.label for line in lines)],
        ["estimate", *(number(line.estimate, decimals(line, digits)) for line in lines)],
        ["se", *(number(line.se, decimals(line, digits)) for line in lines)],
        [f"  {percent(level, 0 if round(100 * level, 9) % 1 == 0 else 1)} {ci}", *_intervals(lines, digits)],
        statistic,
        p,
    ]
    has = [True, True, any(not math.isnan(x.se) for x in lines), any(_ends(x) for x in lines)]
    kept = [column for column, use in zip(columns, [*has, bool(statistic), bool(p)], strict=True) if use]
    widths = [max(len(cell) for cell in column) for column in kept]
    widths[0] = max(widths[0], 8)
    widths[1] = max(widths[1], 8)
    rows = []
    for i in range(len(lines) + 1):
        cells = [
            column[i].ljust(width) if column is columns[0] or column is columns[3] else column[i].rjust(width)
            for column, width in zip(kept, widths, strict=True)
        ]
        right = head if i == 0 else lines[i - 1].right
        text = "  ".join(cells)
        rows.append(f"{text}   |  {right}" if right else text.rstrip())
    return rows


def _ends(line: Line) -> bool:
    return not (math.isnan(line.low) and math.isnan(line.high))


def _intervals(lines: Sequence[Line], digits: int) -> list[str]:
    return [f" {interval(x.low, x.high, decimals(x, digits))} " if _ends(x) else "" for x in lines]


def decimals(line: Line, digits: int) -> int:
    """Decimals of a row: more than ``digits`` where these would show less than two digits of the error.

    A slope per milligram or per year is small; "0.000 [0.000, 0.001]" says nothing about it.

    >>> decimals(Line("slope", 0.00042, 0.00017), 3), decimals(Line("mean", 0.42, 0.17), 3)
    (5, 3)
    """
    error = line.se if math.isfinite(line.se) else (line.high - line.low) / 4
    if not (math.isfinite(error) and error > 0):
        return digits
    return max(digits, min(MOST_DECIMALS, 1 - math.floor(math.log10(error))))


def _tests(lines: Sequence[Line]) -> tuple[list[str], list[str]]:
    """Columns of the statistic, headed z or t with its degrees of freedom, and of p."""
    known = [x for x in lines if not math.isnan(x.statistic)]
    statistic: list[str] = []
    if known:
        df = {round(x.df, 9) for x in known}
        one = df.pop() if len(df) == 1 else NAN
        head = "z" if math.isinf(one) else "t" if math.isnan(one) else f"t({one:.4g})"
        cells = [number(x.statistic, 2) if not math.isnan(x.statistic) else "" for x in lines]
        if math.isnan(one):
            cells = [
                f"{cell} ({x.df:.3g} df)" if cell and math.isfinite(x.df) else cell
                for cell, x in zip(cells, lines, strict=True)
            ]
        statistic = [head, *cells]
    with_p = any(not math.isnan(x.p) for x in lines)
    p = ["p", *(p_value(x.p) if not math.isnan(x.p) else "" for x in lines)] if with_p else []
    return statistic, p


def heterogeneity(
    *,
    tau2: float = NAN,
    tau2_ends: tuple[float, float] | None = None,
    how: str = "",
    i2: float = NAN,
    q: tuple[float, float, float] | None = None,
    q_name: str = "Q",
    more: Sequence[str] = (),
) -> list[str]:
    """The line of heterogeneity; nothing where nothing is known of it."""
    parts = []
    if not math.isnan(tau2):
        ends = "" if tau2_ends is None else f" [{size(tau2_ends[0])}, {size(tau2_ends[1])}]"
        parts.append(f"tau2 {size(tau2)}{ends}{f' ({how})' if how else ''}")
    if not math.isnan(i2):
        parts.append(f"I2 {percent(i2 / 100)}")
    parts += list(more)
    if q is not None and not math.isnan(q[0]):
        parts.append(f"{q_name}({q[1]:g}) = {number(q[0], 1)}, {p_equation(q[2])}")
    return ["   ".join(parts)] if parts else []


def size(tau2: float) -> str:
    """A variance: three decimals, and more where they would hide a small one."""
    return number(tau2) if tau2 == 0 or not tau2 < 0.01 else significant(tau2)


def on_both_scales(effects: Any, row: Mapping[str, Any], intercept: bool = True) -> dict[str, Any]:
    """A row of `tidy` with its estimate and interval on the display scale, where that is another.

    An intercept is a mean; a slope of logs is a ratio of ratios, and any other slope has no display value.
    """
    measure = str(effects.measure)
    if not needs_display(measure):
        return dict(row)
    numbers = [float(row.get(name, NAN)) for name in ("estimate", "ci_low", "ci_high")]
    entry = MEASURES[measure]
    shown: tuple[Any, ...] = ("", NAN, NAN, NAN)
    if intercept:
        back = back_transformed(effects, [*numbers, NAN, NAN])
        shown = (back.display, back.estimate, back.ci_low, back.ci_high)
    elif entry.scale in ("log", "logit"):
        of_logs = f"ratio of {measure}s" if entry.is_log_ratio else "ratio"
        with np.errstate(over="ignore"):
            values = (float(np.exp(x)) for x in numbers)
        shown = ("odds ratio" if entry.scale == "logit" else of_logs, *values)
    names = ("display", "display_estimate", "display_low", "display_high")
    return dict(row) | dict(zip(names, shown, strict=True))


def coefficient_right(effects: Any, intercept: bool, row: Mapping[str, Any]) -> str:
    """A coefficient on the display scale, named: "RR 0.49 [0.33, 0.73]", "ratio of RRs 0.97 [0.95, 0.99]"."""
    shown = on_both_scales(effects, row, intercept)
    if not shown.get("display"):
        return ""
    name = read_as(str(effects.measure), shown["display"]) if intercept else shown["display"]
    low, high = shown["display_low"], shown["display_high"]
    digits = display_digits(str(effects.measure))
    if not intercept:  # a ratio of ratios per unit lies close to 1
        digits = decimals(Line("", shown["display_estimate"], low=low, high=high), 2)
    ends = interval(shown["display_low"], shown["display_high"], digits)
    return f"{name} {number(shown['display_estimate'], digits)} {ends}"
