"""What a paper printed, as a reader would write it down: the same numbers, with the arms' names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from meta.evidence.schema import Result, Study
from meta.formatting import percent


@dataclass(frozen=True, slots=True)
class Arms:
    """The names of a study's arms, and what the treatment is called."""

    study: Study
    treatment: str

    def __call__(self, name: str) -> str:
        """The name of an arm."""
        return self.study.arm(name).label


def printed(study: Study, result: Result, treatment: str = "treatment") -> str:
    """Return a result's statistic in words; no number is changed, and none is left out.

    Parameters
    ----------
    study : Study
        For the names of the arms.
    result : Result
        One of its results.
    treatment : str
        What the treatment is called, of directions: lower under it.
    """
    return _KINDS[result.statistic.kind](result.statistic, Arms(study, treatment))


def _number(x: float) -> str:
    return f"{x:.10g}".replace("-", "−")


def _percent(x: float, decimals: int) -> str:
    return f"{x:.{max(decimals, len(f'{x:.10g}'.partition('.')[2]))}f}%"


def _p(value: float | None) -> str:
    return "" if value is None else f"p = {_number(value)}"


def _joined(*parts: str | None) -> str:
    return "; ".join(part for part in parts if part)


def _ends(low: float | None, high: float | None, level: float, what: str = "CI") -> str:
    if low is None and high is None:
        return ""
    shown = ["?" if end is None else _number(end) for end in (low, high)]
    return f"{percent(level)} {what} {shown[0]} to {shown[1]}"


def _summary(part: Any, arm: Arms) -> str:
    said = []
    if part.mean is not None:
        said.append(f"mean {_number(part.mean)}")
    if part.median is not None:
        said.append(f"median {_number(part.median)}")
    doubt = "" if part.dispersion_stated else " (taken to be one)"
    if part.sd is not None:
        said.append(f"SD {_number(part.sd)}{doubt}")
    if part.se is not None:
        said.append(f"SE {_number(part.se)}{doubt}")
    said.append(_ends(part.ci_low, part.ci_high, part.level))
    if part.q1 is not None or part.q3 is not None:
        said.append(f"quartiles {_or(part.q1)} and {_or(part.q3)}")
    if part.minimum is not None or part.maximum is not None:
        said.append(f"range {_or(part.minimum)} to {_or(part.maximum)}")
    said.append(_ends(part.median_ci_low, part.median_ci_high, part.level, "CI of the median"))
    if part.n is not None:
        said.append(f"n = {part.n}")
    return f"{arm(part.arm)}: {', '.join(item for item in said if item)}"


def _or(value: float | None) -> str:
    return "?" if value is None else _number(value)


def _means(s: Any, arm: Arms) -> str:
    return _joined(*(_summary(part, arm) for part in s.arms), _p(s.p))


def _difference(s: Any, arm: Arms) -> str:
    se = "" if s.se is None else f"SE {_number(s.se)}"
    return _joined(f"difference {_number(s.difference)}", se, _ends(s.ci_low, s.ci_high, s.level), _p(s.p))


def _ratio(s: Any, arm: Arms) -> str:
    risks = ", ".join(f"{arm(name)} {_number(risk)}" for name, risk in s.per_1000.items())
    return _joined(
        f"{s.measure} {_number(s.estimate)}",
        _ends(s.ci_low, s.ci_high, s.level),
        _p(s.p),
        f"per 1000: {risks}" if risks else "",
        "" if s.n_total is None else f"{s.n_total} people",
    )


def _direction(s: Any, arm: Arms) -> str:
    return "" if s.direction == "not stated" else f"{s.direction} under {arm.treatment}"


def _test(s: Any, arm: Arms) -> str:
    df = f" with {', '.join(_number(x) for x in s.df)} df" if s.df else ""
    return _joined(
        _direction(s, arm),
        "" if s.t is None else f"t = {_number(s.t)}{df}",
        "" if s.f is None else f"F = {_number(s.f)}{df}",
        "" if s.eta_squared is None else f"eta squared = {_number(s.eta_squared)}",
        _p(s.p),
        "" if s.p_below is None else f"p < {_number(s.p_below)}",
        "" if s.test == "not stated" else f"test: {s.test}",
    )


def _within(s: Any, arm: Arms) -> str:
    said = []
    for part in s.arms:
        verdict = {True: f"p < {_number(part.alpha)}", False: f"p > {_number(part.alpha)}", None: ""}
        words = [
            "" if part.direction == "not stated" else f"{part.direction} than before",
            _p(part.p) or verdict[part.significant],
            "" if part.n is None else f"n = {part.n}",
        ]
        said.append(f"{arm(part.arm)}: {', '.join(word for word in words if word) or 'tested'}")
    return _joined(*said)


def _threshold(s: Any, arm: Arms) -> str:
    several = f"{s.comparisons} comparisons" if s.comparisons > 1 else ""
    return _joined(_direction(s, arm), f"p < {_number(s.p_below)}", several)


def _not_significant(s: Any, arm: Arms) -> str:
    return _joined(f"not significant (p > {_number(s.alpha)})", _direction(s, arm))


def _interval(s: Any, arm: Arms) -> str:
    significant = {True: "significant", False: "not significant", None: ""}
    other = {True: "the other arm also significant", False: "the other arm not significant", None: ""}
    where = "" if s.direction == "not stated" else f" {s.direction}"
    return _joined(
        f"{_number(s.low)} to {_number(s.high)}{where}",
        significant[s.significant],
        other[s.other_arm_significant],
    )


def _counts(s: Any, arm: Arms) -> str:
    return _joined(*(f"{arm(part.arm)}: {part.events} of {part.n}" for part in s.arms), _p(s.p))


def _percentages(s: Any, arm: Arms) -> str:
    said = []
    for part in s.arms:
        size = "" if part.n is None else f" of {part.n}"
        said.append(f"{arm(part.arm)}: {_percent(part.percent, part.decimals)}{size}")
    return _joined(*said, _p(s.p))


def _variation(s: Any, arm: Arms) -> str:
    def cv(name: str, low: float | None, high: float | None) -> str:
        if low is None:
            return ""
        return f"{name} {_number(low)}" + (f" to {_number(high)}" if high not in (None, low) else "") + "%"

    retest = (s.retest_correlation_low, s.retest_correlation_high)
    return _joined(
        cv("CV within people", s.within_person_cv_low, s.within_person_cv_high),
        cv("CV between people", s.between_person_cv_low, s.between_person_cv_high),
        cv("CV of the assay", s.analytical_cv, s.analytical_cv),
        "" if retest[0] is None else f"retest correlation {_or(retest[0])} to {_or(retest[1])}",
        "" if s.n is None else f"n = {s.n}",
    )


def _narrative(s: Any, arm: Arms) -> str:
    return s.words or s.direction


_KINDS: dict[str, Callable[[Any, Arms], str]] = {
    "means": _means,
    "mean-difference": _difference,
    "ratio": _ratio,
    "test": _test,
    "within-arm-tests": _within,
    "threshold": _threshold,
    "not-significant": _not_significant,
    "interval": _interval,
    "counts": _counts,
    "percentages": _percentages,
    "variation": _variation,
    "narrative": _narrative,
}
